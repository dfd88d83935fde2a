/* What the files behind context.h share: rows of the tables, and the program's own peculiarities
 * (its attach type, the function it is attached to). */
#ifndef SKEP_VM_TABLES_H
#define SKEP_VM_TABLES_H

#include <string.h>

#include "bpf/newer.h"
#include "types/btf.h"
#include "vm/verifier/context.h"
#include "vm/verifier/numbers.h"

enum context_shape {
	SHAPE_NONE,      /* nothing is known of it */
	SHAPE_STRUCT,    /* fields of context.def */
	SHAPE_REGS,      /* struct pt_regs */
	SHAPE_PERF,      /* struct bpf_perf_event_data */
	SHAPE_TRACE,     /* a tracepoint's record */
	SHAPE_ARGS,      /* 64-bit numbers */
	SHAPE_WRITABLE,  /* the same; the first is a buffer */
	SHAPE_BTF,       /* arguments by a prototype in BTF */
	SHAPE_NETFILTER, /* struct bpf_nf_ctx */
	SHAPE_MEMORY,    /* bytes that the caller of BPF_PROG_TEST_RUN gave */
};

/* Who looks at a context: attach types up to SKEP_ATTACH_TYPE_N, and these. */
enum context_view {
	VIEW_ATTACH = -1,
	VIEW_FILTER = 0,
	VIEW_CGROUP,
	VIEW_LWT,
	VIEW_CLS,
	VIEW_STREAM,
	VIEW_FLOW,
	VIEW_SOCKET = 62,
	VIEW_COMMON = 63,
};

enum context_layout {
#define CONTEXT(name, type, bytes) LAYOUT_##name,
#define FIELD(...)
#include "vm/verifier/context.def"
#undef CONTEXT
#undef FIELD
	LAYOUT_N
};

enum packet_right { PACKET_NO, PACKET_READ, PACKET_WRITE };

struct kind {
	const char *name;
	enum context_shape shape;
	enum context_layout layout;
	enum context_view view;
	enum packet_right packet;
	uint64_t helpers; /* sets of kinds.def */
};
const struct kind *kind_find(uint32_t type); /* NULL: no such kind */

/* The attach type that counts: some kinds have one they fall back to. */
uint32_t kind_attach_type(const struct vm_program *p);

/* enum context_view that looks at `p`'s context, as a set. */
uint64_t kind_view(const struct vm_program *p);

enum hook_flags {
	HOOK_OFF = 1 << 0,
	HOOK_SLEEPS = 1 << 1,
	HOOK_UNTRUSTED = 1 << 2,
	HOOK_BOOL = 1 << 3,
	HOOK_SOCKOPT = 1 << 4,
	FUNCTION_D_PATH = 1 << 5,
	FUNCTION_NO_ATTACH = 1 << 6,
	FUNCTION_NO_EXIT = 1 << 7,
};
/* Of the function (for LSM programs: the hook) that the program is attached to. */
uint32_t kind_hook_flags(const struct vm_program *p);

/* What a tracing program is attached to. */
struct attach_target {
	const char *name; /* of the function, tracepoint, struct_ops member */
	struct btf_file *btf;
	bool has_proto;
	struct btf_record proto; /* FUNC_PROTO */
	uint32_t skip;           /* leading parameters that the context does not have */
	const char *struct_name; /* struct_ops: "tcp_congestion_ops" */
	bool has_names;
	struct btf_record names; /* FUNC_PROTO with names for the same parameters */
};
/* False, with a line in `why` (may be NULL): the ids lead nowhere that programs attach to. */
bool attach_target_find(const struct vm_program *p, struct attach_target *ret, struct strbuf *why);

/* Loads from a context that BTF describes. */
bool context_btf_access(const struct vm_program *p, int32_t off_b, uint32_t size_b,
                        struct context_access *ret, struct strbuf *why);
/* How many 64-bit words such a context has, at most VM_ARGS_MAX. */
uint32_t context_btf_words(const struct vm_program *p);

enum { VM_ARGS_MAX = 12 }; /* MAX_BPF_FUNC_ARGS, include/linux/bpf.h */

/* ---- BTF in few words ------------------------------------------------------------------------ */

/* Skips typedefs and qualifiers; false for void and for ids that lead nowhere. */
bool btf_skip(struct btf_file *btf, uint32_t id, uint32_t *ret_id, struct btf_record *ret);
/* k < vlen; records of hostile BTF need not be aligned. */
static inline struct btf_param btf_param_at(const struct btf_record *proto, uint32_t k)
{
	struct btf_param p;

	memcpy(&p, (const char *)proto->extra + k * sizeof(p), sizeof(p));
	return p;
}
static inline struct btf_member btf_member_at(const struct btf_record *type, uint32_t k)
{
	struct btf_member m;

	memcpy(&m, (const char *)type->extra + k * sizeof(m), sizeof(m));
	return m;
}
/* "name__nullable" */
bool btf_param_has_suffix(const struct btf_file *btf, struct btf_param p, const char *suffix);
/* The tag on what a pointer points to: "user", "rcu", "percpu"; "" if it has none. */
const char *btf_pointer_tag(struct btf_file *btf, uint32_t pointee);

#endif
