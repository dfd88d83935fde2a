/* What UAPI linux/bpf.h numbers and installed headers (Debian 12's are of 6.1) may not say yet,
 * under our own names. */
#ifndef SKEP_BPF_NEWER_H
#define SKEP_BPF_NEWER_H

#include <linux/bpf.h>
#include <stdint.h>

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

/* enum bpf_link_type, v6.4 to v6.13. */
enum {
	SKEP_LINK_NETFILTER = 10,
	SKEP_LINK_TCX = 11,
	SKEP_LINK_UPROBE_MULTI = 12,
	SKEP_LINK_NETKIT = 13,
	SKEP_LINK_SOCKMAP = 14,
};

/* enum bpf_perf_event_type, v6.6. */
enum skep_event_kind {
	SKEP_EVENT_UPROBE = 1,
	SKEP_EVENT_URETPROBE = 2,
	SKEP_EVENT_KPROBE = 3,
	SKEP_EVENT_KRETPROBE = 4,
	SKEP_EVENT_TRACEPOINT = 5,
	SKEP_EVENT_OTHER = 6,
};

/* Of links for many functions: they are at returns. Both kinds have the same bit. */
enum { SKEP_LINK_AT_RETURN = 1 };

/* struct bpf_link_info, v6.18. Older kernels fill the beginning and take a longer one if the rest
 * is zero. */
struct skep_link_info {
	uint32_t type, id, prog_id;
	union {
		struct {
			uint64_t name;
			uint32_t name_len_b;
			uint64_t cookie; /* v6.9 */
		} __attribute__((aligned(8))) raw_tracepoint;
		struct {
			uint32_t attach_type, target_obj_id, target_btf_id;
			uint64_t cookie; /* v6.17 */
		} __attribute__((aligned(8))) tracing;
		struct {
			uint64_t cgroup_id;
			uint32_t attach_type;
		} __attribute__((aligned(8))) cgroup;
		struct {
			uint64_t name;
			uint32_t name_len_b, map_id;
			union {
				struct {
					uint64_t id;
					uint32_t order;
				} cgroup;
				struct {
					uint32_t tid, pid;
				} task;
			};
		} __attribute__((aligned(8))) iter;
		struct {
			uint32_t inode, attach_type;
		} netns;
		struct {
			uint32_t ifindex, attach_type; /* of xdp only the first */
		} device;                              /* xdp, tcx, netkit */
		struct {
			uint32_t map_id, attach_type; /* of struct_ops only the first */
		} map;                                /* struct_ops, sockmap */
		struct {
			uint32_t family, hook;
			int32_t priority;
			uint32_t flags;
		} netfilter;
		struct {
			uint64_t addresses;
			uint32_t n, flags;
			uint64_t missed;  /* v6.7 */
			uint64_t cookies; /* v6.9 */
		} __attribute__((aligned(8))) kprobe_multi;
		struct {
			uint64_t path, offsets, counters, cookies;
			uint32_t path_b, n, flags, pid;
		} __attribute__((aligned(8))) uprobe_multi;
		struct {
			uint32_t kind, : 32;
			union {
				struct {
					uint64_t file;
					uint32_t file_b, off;
					uint64_t cookie;  /* v6.9 */
					uint64_t counter; /* v6.16 */
				} uprobe;
				struct {
					uint64_t name;
					uint32_t name_b, off;
					uint64_t address;
					uint64_t missed; /* v6.7 */
					uint64_t cookie; /* v6.9 */
				} kprobe;
				struct {
					uint64_t name;
					uint32_t name_b;
					uint64_t cookie; /* v6.9 */
				} tracepoint;
				struct {
					uint64_t config;
					uint32_t type;
					uint64_t cookie; /* v6.9 */
				} event;
			};
		} __attribute__((aligned(8))) perf_event;
	};
} __attribute__((aligned(8)));

/* BPF_PROG_QUERY's part of union bpf_attr, v6.6: what is attached in a row, and by which links. */
struct skep_prog_query {
	uint32_t target, attach_type, query_flags, attach_flags;
	uint64_t prog_ids;
	uint32_t n, : 32;
	uint64_t prog_flags, link_ids, link_flags, revision;
};

#endif
