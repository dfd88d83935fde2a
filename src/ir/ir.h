/* The intermediate representation: SSA, one for every language (tracing scripts, C, filters).
 *
 * A unit is one BPF program: function 0 is entered by the kernel, the others are sub-programs and
 * callbacks. A function is a graph of blocks; block 0 is its entry. A block is a list of
 * instructions, PHIs first, exactly one terminator (JUMP, BRANCH, RET) last. An instruction is
 * its own result. Every value is a 64-bit integer or a pointer of a known kind; narrow integers
 * are kept extended to 64 bits.
 *
 * What kind of pointer a value is decides how a LOAD through it is done: directly, or by a
 * probe-read helper (the legalize pass). That keeps the kernel verifier's rules in one place. */
#ifndef SKEP_IR_IR_H
#define SKEP_IR_IR_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/bpf.h>

#include "base/diag.h"
#include "base/vec.h"

enum ir_op {
#define OP(id, name, args, result, effect, doc) IR_##id,
#include "ir/ops.def"
#undef OP
	IR_N_OPS
};

enum ir_ptr {
	PTR_NONE,   /* an integer */
	PTR_CTX,    /* the program's context */
	PTR_STACK,  /* a slot, possibly of a calling function */
	PTR_MAP,    /* a map itself */
	PTR_VALUE,  /* a map value (or null until checked) */
	PTR_MEM,    /* memory of known size: a ring reservation, a callback's context */
	PTR_BTF,    /* a BTF-typed kernel object: loads are direct in programs that allow it */
	PTR_KERNEL, /* kernel memory: bpf_probe_read_kernel */
	PTR_USER,   /* user memory: bpf_probe_read_user */
	PTR_ANY,    /* either: bpf_probe_read where the kernel has it, else kernel then user */
	PTR_PACKET,
	PTR_PACKET_END,
	PTR_FUNC,
	PTR_N
};

enum ir_cond { COND_EQ, COND_NE, COND_ULT, COND_ULE, COND_UGT, COND_UGE, COND_SLT, COND_SLE,
	       COND_SGT, COND_SGE, COND_SET /* a & b != 0 */, COND_N };

struct ir_block;
struct ir_func;

struct ir_inst {
	enum ir_op op;
	enum ir_ptr ptr;    /* kind of pointer the result is */
	enum ir_cond cond;  /* CMP, BRANCH */
	uint8_t width;	    /* bytes: LOAD STORE ATOMIC EXT BSWAP COPY ZERO; arithmetic and
			       comparison: 8, or 4 for 32-bit forms (result zero-extended) */
	bool is_signed;	    /* LOAD, EXT */
	bool is_volatile;   /* LOAD: never merged with another, never dropped */
	uint32_t ref;	    /* PARAM SLOT MAP MAP_VALUE FUNC CALL CALL_FUNC CALL_KERNEL
			       ATOMIC: which */
	int64_t imm;	    /* CONST: value; BTF_VAR: id; LOAD STORE ATOMIC: offset; COPY ZERO READ: size */
	uint32_t n_args;
	struct ir_inst **args; /* PHI: as many as the block's predecessors */
	struct ir_block *block;
	uint32_t id; /* dense number within the function, for printing and side tables */
	struct span at; /* the source it came from */
};

struct ir_block {
	uint32_t id;
	struct ir_func *func;
	vec(struct ir_inst *) insts;
	vec(struct ir_block *) preds;
	struct ir_block *succ[2];
	bool is_sealed;	  /* all predecessors are known (SSA construction) */
	bool is_unlikely; /* error paths: laid out last */
	void *ssa;	  /* the builder's variable table */
};

struct ir_slot {
	uint32_t size_b;
	uint32_t align_b; /* 1, 2, 4 or 8 */
	const char *name; /* for dumps */
};

/* Of a function whose code was made elsewhere: instructions and what they name. */
struct ir_foreign {
	const struct bpf_insn *insns;
	uint32_t n_insns;
	const struct ir_reloc *relocs; /* maps; insns count from the function's start, here and below */
	uint32_t n_relocs;
	struct ir_foreign_ref *refs; /* calls and addresses of functions */
	uint32_t n_refs;
	const struct ir_note *notes;
	uint32_t n_notes;
	struct span at;	    /* for all of it: where the script asks for it first */
	const char *origin; /* the file it is from, for messages */
};

struct ir_foreign_ref {
	uint32_t insn;
	uint32_t func;	/* of the unit */
	uint32_t delta; /* slots into it */
};

struct ir_func {
	const char *name;
	struct ir_unit *unit;
	uint32_t index;	    /* in the unit */
	uint32_t n_params;
	enum ir_ptr params[5];
	bool is_global;	    /* may be verified by itself: takes and returns numbers only */
	const struct ir_foreign *foreign; /* NULL, or its code; the blocks only stand in for it */
	vec(struct ir_block *) blocks;
	vec(struct ir_slot) slots;
	uint32_t n_insts; /* ids handed out */
	uint32_t n_vars;
};

/* What the kernel (or machine) the program is for can do; fills in for version numbers. */
struct ir_target {
	bool has_probe_read_split; /* 5.5: bpf_probe_read_{kernel,user}[_str] */
	bool has_btf_loads;	   /* this program's kind may load through PTR_BTF directly */
	bool has_alu32;		   /* 32-bit forms (cpu v3) */
	bool has_sext;		   /* sign-extending loads and moves, unconditional bswap (cpu v4, 6.6) */
	bool has_atomics;	   /* FETCH forms (5.12) */
};

struct ir_unit {
	struct arena *a;
	const char *name;
	struct ir_target target;
	vec(struct ir_func *) funcs;
	/* The passes' own: scratch memory to be used again while several of them run. */
	struct arena *spares[3];
	uint32_t n_spares, n_runs;
};

/* ---- building -------------------------------------------------------------------------- */

/* Appends to the end of `block`; every instruction made carries `at`. Constants fold and trivial
 * identities simplify while building. Once a terminator is in, the block is full: further
 * instructions would be unreachable and go to a dead block the builder makes by itself. */
struct ir_builder {
	struct ir_func *func;
	struct ir_block *block;
	struct span at;
};

struct ir_unit *ir_unit_create(struct arena *a, const char *name, struct ir_target target);
/* Returns the function; its entry block is made and sealed, its params are values of the kinds given. */
struct ir_func *ir_func_add(struct ir_unit *u, const char *name, uint32_t n_params,
			    const enum ir_ptr *params);
/* A function that has its code already; what the passes see of it is a block that returns. `code` may
 * be filled in until the unit is emitted. */
struct ir_func *ir_func_add_foreign(struct ir_unit *u, const char *name, const struct ir_foreign *code);
struct ir_builder ir_builder_at_entry(struct ir_func *f);
struct ir_block *ir_block_add(struct ir_func *f); /* not sealed yet */
/* All predecessors of the block have been made; its variables resolve. */
void ir_seal(struct ir_block *b);
bool ir_is_terminated(const struct ir_builder *b);

struct ir_inst *ir_const(struct ir_builder *b, int64_t value);
struct ir_inst *ir_param(struct ir_builder *b, uint32_t index);
uint32_t ir_slot_new(struct ir_builder *b, uint32_t size_b, uint32_t align_b, const char *name);
struct ir_inst *ir_slot_addr(struct ir_builder *b, uint32_t slot);
struct ir_inst *ir_map(struct ir_builder *b, uint32_t map);
struct ir_inst *ir_map_value(struct ir_builder *b, uint32_t map, uint32_t off_b);
/* A per-CPU variable by its id in the kernel's BTF, for bpf_per_cpu_ptr() and bpf_this_cpu_ptr(). */
struct ir_inst *ir_btf_var(struct ir_builder *b, uint32_t btf_id);
struct ir_inst *ir_func_addr(struct ir_builder *b, const struct ir_func *f);
/* ADD .. SAR. ADD and SUB of a pointer and an integer keep the pointer's kind (PTR_BTF plus
 * something that is no constant becomes PTR_KERNEL). */
struct ir_inst *ir_bin(struct ir_builder *b, enum ir_op op, struct ir_inst *x, struct ir_inst *y);
/* With the width given: 8, or 4 for the 32-bit form (operands' low halves, result zero-extended). */
struct ir_inst *ir_bin_width(struct ir_builder *b, enum ir_op op, uint8_t width, struct ir_inst *x,
			     struct ir_inst *y);
struct ir_inst *ir_bin_imm(struct ir_builder *b, enum ir_op op, struct ir_inst *x, int64_t imm);
struct ir_inst *ir_neg(struct ir_builder *b, struct ir_inst *x);
struct ir_inst *ir_ext(struct ir_builder *b, struct ir_inst *x, uint8_t width, bool is_signed);
struct ir_inst *ir_bswap(struct ir_builder *b, struct ir_inst *x, uint8_t width);
struct ir_inst *ir_cmp(struct ir_builder *b, enum ir_cond cond, struct ir_inst *x, struct ir_inst *y);
/* The same value seen as another kind of pointer (or as an integer): a fresh view, no code. */
struct ir_inst *ir_as(struct ir_builder *b, struct ir_inst *x, enum ir_ptr ptr);
/* `result` is the kind of pointer loaded, PTR_NONE for integers. */
struct ir_inst *ir_load(struct ir_builder *b, struct ir_inst *ptr, int64_t off_b, uint8_t width,
			bool is_signed, enum ir_ptr result);
void ir_store(struct ir_builder *b, struct ir_inst *ptr, int64_t off_b, uint8_t width,
	      struct ir_inst *value);
struct ir_inst *ir_atomic(struct ir_builder *b, uint32_t operation, struct ir_inst *ptr,
			  int64_t off_b, uint8_t width, struct ir_inst *value);
struct ir_inst *ir_cmpxchg(struct ir_builder *b, struct ir_inst *ptr, int64_t off_b, uint8_t width,
			   struct ir_inst *expected, struct ir_inst *value);
void ir_copy(struct ir_builder *b, struct ir_inst *dst, struct ir_inst *src, uint32_t size_b,
	     uint8_t align_b);
void ir_zero(struct ir_builder *b, struct ir_inst *dst, uint32_t size_b, uint8_t align_b);
struct ir_inst *ir_read(struct ir_builder *b, struct ir_inst *dst, struct ir_inst *src,
			uint32_t size_b);
/* helper: BPF_FUNC_*. The result's pointer kind is given, as one helper may give several. */
struct ir_inst *ir_call(struct ir_builder *b, uint32_t helper, enum ir_ptr result, uint32_t n_args,
			struct ir_inst *const *args);
#define ir_callv(b, helper, result, ...)                                                           \
	ir_call((b), (helper), (result),                                                           \
		sizeof((struct ir_inst *[]){__VA_ARGS__}) / sizeof(struct ir_inst *),              \
		(struct ir_inst *[]){__VA_ARGS__})
/* A function of the kernel that programs may call, by its id in the kernel's BTF. */
struct ir_inst *ir_call_kernel(struct ir_builder *b, uint32_t btf_id, enum ir_ptr result,
			       uint32_t n_args, struct ir_inst *const *args);
struct ir_inst *ir_call_func(struct ir_builder *b, struct ir_func *f, uint32_t n_args,
			     struct ir_inst *const *args);
void ir_jump(struct ir_builder *b, struct ir_block *to);
void ir_branch(struct ir_builder *b, enum ir_cond cond, struct ir_inst *x, struct ir_inst *y,
	       struct ir_block *then, struct ir_block *otherwise);
/* On v != 0; a CMP result is branched on directly (fused when simplifying). */
void ir_branch_if(struct ir_builder *b, struct ir_inst *v, struct ir_block *then,
		  struct ir_block *otherwise);
void ir_ret(struct ir_builder *b, struct ir_inst *v);

/* Variables: SSA is built while writing (Braun et al., CC 2013). A variable read before any write
 * is 0. */
typedef uint32_t ir_var;
ir_var ir_var_new(struct ir_func *f);
void ir_var_set(struct ir_builder *b, ir_var v, struct ir_inst *value);
struct ir_inst *ir_var_get(struct ir_builder *b, ir_var v);

/* ---- passes: one file each, all keep SSA valid ----------------------------------------- */

/* Aborts with a dump when the unit breaks a rule of this header; run between passes. */
void ir_check(const struct ir_unit *u);
void ir_print(const struct ir_unit *u, struct strbuf *out);

void ir_legalize(struct ir_unit *u); /* loads through unknown pointers -> READ into a slot; what the target lacks -> what it has */
void ir_fold(struct ir_unit *u);     /* constants, identities, compare-and-branch */
void ir_thread(struct ir_unit *u);   /* branches whose outcome is known on the way in */
void ir_number(struct ir_unit *u);   /* global value numbering: same pure value once (loads of the
					context, pure helpers included) */
void ir_dead(struct ir_unit *u);     /* unused values, unreachable blocks, unread slots */
void ir_known(struct ir_unit *u);    /* a register known to be null in place of a constant 0 */
void ir_layout(struct ir_unit *u);   /* block order: fall through, unlikely last */
/* The usual order of all of the above, checked in between; `trace` (may be NULL) gets the dump after each. */
void ir_optimize(struct ir_unit *u, struct strbuf *trace);

/* ---- code ------------------------------------------------------------------------------ */

enum ir_reloc_kind { RELOC_MAP, RELOC_MAP_VALUE };

struct ir_reloc {
	uint32_t insn; /* the lddw */
	enum ir_reloc_kind kind;
	uint32_t map;
	uint32_t off_b;
};

/* Why an instruction cannot run: what it names does not exist. */
struct ir_note {
	uint32_t insn;
	const char *text;
};

/* A stretch of code made elsewhere. */
struct ir_origin {
	uint32_t insn, n_insns;
	const char *func, *origin;
};

struct ir_code {
	vec(struct bpf_insn) insns; /* <linux/bpf.h>; all functions in order, calls between them resolved */
	vec(struct ir_reloc) relocs;
	vec(struct span) spans; /* one per insn */
	vec(struct ir_note) notes;
	vec(struct ir_origin) origins;
	vec(uint32_t) func_starts; /* first insn of each function of the unit */
	uint32_t stack_b;	   /* largest frame */
};

/* What instruction `insn` names that does not exist, or NULL. */
const char *ir_code_note(const struct ir_code *c, uint32_t insn);
/* A verifier's reason for refusing instruction `insn`, better said if it was made elsewhere: where
 * there, and what it names that does not exist. */
const char *ir_code_reason(struct arena *a, const struct ir_code *c, uint32_t insn, const char *reason);

/* Register allocation and emission. Functions nobody calls leave the unit first. Fails only when a
 * frame needs more than 512 bytes of stack (or a jump does not reach): then E_LIMIT is reported, at
 * the span of the largest slot. Code lives in the unit's arena. */
bool ir_emit(struct ir_unit *u, struct diag *d, struct ir_code *ret);

#endif
