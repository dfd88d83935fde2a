/* Numbers of UAPI linux/bpf.h that installed headers may lack, and the names of helpers as numbers.
 */
#ifndef SKEP_VM_NUMBERS_H
#define SKEP_VM_NUMBERS_H

#include <linux/bpf.h>

/* enum bpf_prog_type, Linux 6.4. */
enum { PROG_NETFILTER = 32, PROG_N = 33 };

/* enum bpf_attach_type, Linux 6.4 to 6.13. */
enum {
	ATTACH_STRUCT_OPS = 44,
	ATTACH_NETFILTER = 45,
	ATTACH_TCX_INGRESS = 46,
	ATTACH_TCX_EGRESS = 47,
	ATTACH_UPROBE_MULTI = 48,
	ATTACH_UNIX_CONNECT = 49,
	ATTACH_UNIX_SENDMSG = 50,
	ATTACH_UNIX_RECVMSG = 51,
	ATTACH_UNIX_GETPEERNAME = 52,
	ATTACH_UNIX_GETSOCKNAME = 53,
	ATTACH_NETKIT_PRIMARY = 54,
	ATTACH_NETKIT_PEER = 55,
	ATTACH_KPROBE_SESSION = 56,
	ATTACH_UPROBE_SESSION = 57,
	ATTACH_N = 58,
};

/* enum bpf_map_type. */
enum {
	MAP_BLOOM_FILTER = 30,
	MAP_USER_RINGBUF = 31,
	MAP_CGRP_STORAGE = 32,
	MAP_ARENA = 33,
	MAP_INSN_ARRAY = 34,
};

/* H_map_lookup_elem ... */
enum {
#define HELPER(id, name, ...) H_##name = id,
#define VARIANT(...)
#include "bpf/helpers.def"
#undef HELPER
#undef VARIANT
};

#endif
