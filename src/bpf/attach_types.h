/* What installed headers (Debian 12's are of 6.1) do not say yet of enum bpf_attach_type, under our
 * own names: since v5.18, v6.6, v6.10 and v6.13. */
#ifndef SKEP_BPF_ATTACH_TYPES_H
#define SKEP_BPF_ATTACH_TYPES_H

enum {
	SKEP_TRACE_KPROBE_MULTI = 42,
	SKEP_TRACE_UPROBE_MULTI = 48,
	SKEP_TRACE_KPROBE_SESSION = 56,
	SKEP_TRACE_UPROBE_SESSION = 57,
};

#endif
