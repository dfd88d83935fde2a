/* The helpers that programs can call, as one table (helpers.def): numbers, names, and the contract
 * of each, which the compiler, the verifier and the machine share. */
#ifndef SKEP_BPF_HELPERS_H
#define SKEP_BPF_HELPERS_H

#include <stdbool.h>
#include <stdint.h>

enum helper_result {
	RET_INTEGER,
	RET_VOID,
	RET_MAP_VALUE, /* never null: get_local_storage */
	RET_MAP_VALUE_OR_NULL,
	RET_SOCKET_OR_NULL,
	RET_SOCK_COMMON_OR_NULL,
	RET_TCP_SOCK_OR_NULL,
	RET_RINGBUF_MEM_OR_NULL, /* as large as the argument of kind ARG_ALLOC_SIZE says */
	RET_DYNPTR_MEM_OR_NULL,  /* likewise */
	RET_BTF,         /* kernel object of struct result_btf; for helpers, not for kfuncs that
	                    want trusted ones */
	RET_BTF_OR_NULL, /* likewise. kptr_xchg: result_btf is NULL, what the kptr points to */
	RET_BTF_TRUSTED,
	RET_MEM_OR_BTF,         /* this_cpu_ptr: by the variable's type */
	RET_MEM_OR_BTF_OR_NULL, /* per_cpu_ptr */
};

enum helper_arg_kind {
	ARG_NONE,      /* the helper ends before */
	ARG_ANYTHING,  /* initialized */
	ARG_SCALAR,    /* no pointer */
	ARG_MAP,       /* the map itself, known when the program is verified */
	ARG_MAP_KEY,   /* memory of that map's key size, initialized */
	ARG_MAP_VALUE, /* memory of that map's value size; ARG_UNINIT: the helper fills it */
	ARG_MEM,       /* memory: size_b bytes, or as the ARG_SIZE after it says */
	ARG_SIZE,      /* not 0 */
	ARG_SIZE_OR_ZERO,
	ARG_ALLOC_SIZE, /* a known constant */
	ARG_CONTEXT,
	ARG_SPIN_LOCK,
	ARG_SOCK_COMMON, /* any socket pointer */
	ARG_SOCKET,      /* a full socket */
	ARG_BTF, /* kernel object of struct btf; NULL: what the kptr points to (kptr_xchg) */
	ARG_BTF_SOCK_COMMON, /* kernel object that begins with a sock_common, or a socket pointer */
	ARG_BTF_PERCPU,
	ARG_RINGBUF_MEM,
	ARG_CALLBACK,
	ARG_CALLBACK_CONTEXT, /* pointer to stack, handed to the callback */
	ARG_CONST_STRING,     /* NUL-terminated, in a frozen map */
	ARG_TIMER,
	ARG_KPTR, /* a kptr field in a map's value */
	ARG_DYNPTR,
};

enum helper_arg_flags {
	ARG_MAYBE_NULL = 1 << 0,
	ARG_UNINIT = 1 << 1, /* need not be initialized; the helper writes all of it (then ARG_WRITE
	                        too) */
	ARG_WRITE = 1 << 2,  /* the helper writes to it: not for read-only memory */
	ARG_RELEASE = 1 << 3, /* takes over the reference */
	ARG_ALIGNED = 1 << 4, /* to its size_b */
	ARG_RINGBUF = 1 << 5, /* DYNPTR: of a ring reservation */
	ARG_LOCAL = 1 << 6,   /* DYNPTR: of local memory */
};

struct helper_arg {
	enum helper_arg_kind kind;
	uint8_t flags;
	uint8_t size_b;  /* MEM without a size argument */
	const char *btf; /* BTF: name of the struct */
};

enum helper_flags {
	HELPER_GPL = 1 << 0,         /* for GPL-compatible programs only */
	HELPER_PKT = 1 << 1,         /* its memory arguments may be packet bytes (pkt_access) */
	HELPER_SLEEPS = 1 << 2,      /* for sleepable programs only (might_sleep) */
	HELPER_ACQUIRES = 1 << 3,    /* its result is a reference (map_lookup_elem's too, of SOCKMAP
	                                and    SOCKHASH maps) */
	HELPER_CHANGES_PKT = 1 << 4, /* packet pointers are void after it */
	HELPER_PURE = 1 << 5,        /* same result throughout one run, for the same arguments */
	HELPER_FASTCALL = 1 << 6,    /* leaves r1-r5 alone (allow_fastcall) */
	HELPER_PRIV = 1 << 7, /* bpf_base_func_proto gives it only with CAP_PERFMON / CAP_BPF */
};

struct bpf_helper {
	uint32_t id;
	const char *name; /* without "bpf_" */
	enum helper_result result;
	const char *result_btf; /* or NULL */
	struct helper_arg args[5];
	uint16_t since; /* first kernel: major << 8 | minor */
	uint16_t flags;
};

/* Some numbers mean functions with other arguments in some kinds of program (kind_helper() in
 * vm/verifier/context.h knows which). */
enum helper_variant {
	VARIANT_USUAL,
	VARIANT_OBJECT,    /* takes a kernel object instead of the context */
	VARIANT_CONTEXT,   /* sk_storage_get: the context is the socket */
	VARIANT_SK_LOOKUP, /* sk_assign: takes null to give the socket up again */
	VARIANT_CURRENT,   /* get_cgroup_classid: of the current task */
	VARIANT_N
};

/* NULL for an id (name) that no known kernel has. */
const struct bpf_helper *bpf_helper_find(uint32_t id);
/* The usual one where there is no such variant. */
const struct bpf_helper *bpf_helper_variant(uint32_t id, enum helper_variant v);
const struct bpf_helper *bpf_helper_find_name(const char *name); /* without "bpf_" */
const char *bpf_helper_name(uint32_t id);                        /* never NULL: "unknown" */
uint32_t bpf_helper_count(void);                                 /* ids go from 1 to this */

#endif
