/* What a register (or a spilled one) can hold. */
#ifndef SKEP_VM_REG_H
#define SKEP_VM_REG_H

#include <stdbool.h>
#include <stdint.h>

#include "vm/verifier/scalar.h"

enum reg_kind {
	REG_NOT_INIT,
	REG_SCALAR,
	REG_CTX,
	REG_MAP, /* the map itself: argument of helpers */
	REG_MAP_VALUE,
	REG_MAP_KEY, /* in a callback of for_each_map_elem */
	REG_STACK,
	REG_PACKET_META,
	REG_PACKET,
	REG_PACKET_END,
	REG_FLOW_KEYS,
	REG_SOCKET,
	REG_SOCK_COMMON,
	REG_TCP_SOCK,
	REG_XDP_SOCK,
	REG_TP_BUFFER, /* a writable raw tracepoint's */
	REG_BTF,       /* kernel object, or (REG_ALLOC) one that the program allocated */
	REG_MEM,       /* mem_b bytes */
	REG_BUF,    /* iterators' and sysctl buffers: the largest access is kept with the program */
	REG_FUNC,   /* a callback */
	REG_DYNPTR, /* the kernel's own, handed to a callback */
	REG_ARENA,
	REG_KIND_N
};

enum reg_flags {
	REG_MAYBE_NULL = 1 << 0,
	REG_RDONLY = 1 << 1,
	REG_RINGBUF = 1 << 2,   /* MEM: a ring reservation */
	REG_TRUSTED = 1 << 3,   /* BTF: alive and not null as long as the program runs */
	REG_RCU = 1 << 4,       /* BTF: alive within the RCU section */
	REG_UNTRUSTED = 1 << 5, /* BTF: readable by probing only */
	REG_USER = 1 << 6,      /* BTF: user memory, not readable */
	REG_PERCPU = 1 << 7,    /* BTF: a per-CPU variable */
	REG_ALLOC = 1 << 8,     /* BTF: of the program's own BTF */
	REG_NON_OWN = 1 << 9,   /* BTF, ALLOC: borrowed from a collection */
	REG_DYNPTR_SLICE = 1 << 10,
	REG_IN_RCU = 1 << 11, /* only to ask btf_field_access(): within an RCU section */
};

#endif
