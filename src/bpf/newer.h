/* What UAPI linux/bpf.h numbers and installed headers (Debian 12's are of 6.1) may not say yet,
 * under our own names. */
#ifndef SKEP_BPF_NEWER_H
#define SKEP_BPF_NEWER_H

#include <linux/bpf.h>

/* enum bpf_prog_type, v6.4. As a macro: tables paste the end of the name. */
#define BPF_PROG_TYPE_NETFILTER 32
enum { SKEP_PROG_TYPE_N = 33 };

/* enum bpf_attach_type, v6.4 to v6.13. */
enum {
	SKEP_NETFILTER = 45,
	SKEP_TCX_INGRESS = 46,
	SKEP_TCX_EGRESS = 47,
	SKEP_TRACE_UPROBE_MULTI = 48,
	SKEP_CGROUP_UNIX_CONNECT = 49,
	SKEP_CGROUP_UNIX_SENDMSG = 50,
	SKEP_CGROUP_UNIX_RECVMSG = 51,
	SKEP_CGROUP_UNIX_GETPEERNAME = 52,
	SKEP_CGROUP_UNIX_GETSOCKNAME = 53,
	SKEP_NETKIT_PRIMARY = 54,
	SKEP_NETKIT_PEER = 55,
	SKEP_TRACE_KPROBE_SESSION = 56,
	SKEP_TRACE_UPROBE_SESSION = 57,
	SKEP_ATTACH_TYPE_N = 58,
};

/* enum bpf_map_type, v5.16 to v6.18. */
enum {
	MAP_BLOOM_FILTER = 30,
	MAP_USER_RINGBUF = 31,
	MAP_CGRP_STORAGE = 32,
	MAP_ARENA = 33,
	MAP_INSN_ARRAY = 34,
};

/* bpf(2) command and its attributes, v6.17. */
enum { SKEP_PROG_STREAM_READ_BY_FD = 37, SKEP_STREAM_STDOUT = 1, SKEP_STREAM_STDERR = 2 };
struct skep_stream_read {
	__u64 buf;
	__u32 buf_b, stream_id, prog_fd, unused;
};

#endif
