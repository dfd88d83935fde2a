/* What the kernel's headers of Debian 12 (6.1) do not say yet, under our own names; the layouts are
 * the kernel's stable ABI. Every attribute struct is passed with its own size: kernels take a
 * longer one too as long as what they do not know is zero. */
#ifndef SKEP_ENGINE_KERNEL_UAPI_H
#define SKEP_ENGINE_KERNEL_UAPI_H

#include <linux/types.h>

#include "bpf/newer.h"

/* link_create.kprobe_multi.flags, .uprobe_multi.flags */
enum { SKEP_MULTI_RETURN = 1 };

/* BPF_LINK_CREATE with SKEP_TRACE_UPROBE_MULTI (v6.6) */
struct skep_link_uprobe_multi {
	__u32 prog_fd;
	__u32 target_fd;
	__u32 attach_type;
	__u32 link_flags;
	__aligned_u64 path;
	__aligned_u64 offsets; /* u64[cnt], offsets in the file */
	__aligned_u64 ref_ctr_offsets;
	__aligned_u64 cookies;
	__u32 cnt;
	__u32 flags;
	__u32 pid;
	__u32 path_fd; /* v6.15; 0 before */
};

/* BPF_RAW_TRACEPOINT_OPEN with a cookie (v6.10) */
struct skep_raw_tracepoint_open {
	__aligned_u64 name;
	__u32 prog_fd;
	__u32 pad;
	__aligned_u64 cookie;
};

#endif
