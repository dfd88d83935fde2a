/* What the files of this room share: the operation table, the graph's shape, replacing values.
 * Not for other rooms. */
#ifndef SKEP_IR_PASS_H
#define SKEP_IR_PASS_H

#include "base/arena.h"
#include "ir/ir.h"

/* A row of ops.def. */
struct ir_op_info {
	const char *name;
	int8_t n_args; /* -1: any number */
	bool has_result;
	bool has_effect;
};

extern const struct ir_op_info ir_ops[IR_N_OPS];
extern const char *const ir_ptr_names[PTR_N];
extern const char *const ir_cond_names[COND_N];

static inline bool ir_is_const(const struct ir_inst *i)
{
	return i->op == IR_CONST;
}

static inline bool ir_is_const_of(const struct ir_inst *i, int64_t value)
{
	return i->op == IR_CONST && i->imm == value;
}

static inline bool ir_is_terminator(const struct ir_inst *i)
{
	return i->op == IR_JUMP || i->op == IR_BRANCH || i->op == IR_RET;
}

/* The block's terminator, or NULL while it is being built. */
static inline struct ir_inst *ir_terminator(const struct ir_block *b)
{
	if (!b->insts.n || !ir_is_terminator(b->insts.items[b->insts.n - 1]))
		return NULL;
	return b->insts.items[b->insts.n - 1];
}

/* A value that costs an instruction or two to make anew, anywhere, and depends on nothing. */
static inline bool ir_is_remat(const struct ir_inst *i)
{
	return i->op == IR_CONST || i->op == IR_SLOT || i->op == IR_MAP || i->op == IR_MAP_VALUE ||
	       i->op == IR_FUNC || i->op == IR_BTF_VAR;
}

static inline struct arena *ir_arena(const struct ir_func *f)
{
	return f->unit->a;
}

/* Which of the block's predecessors `from` is. */
static inline uint32_t ir_pred_index(const struct ir_block *b, const struct ir_block *from)
{
	uint32_t at = 0;

	while (b->preds.items[at] != from)
		at++;
	return at;
}

/* The value that a chain of views shows. */
static inline struct ir_inst *ir_unview(struct ir_inst *i)
{
	while (i->op == IR_VIEW)
		i = i->args[0];
	return i;
}

/* ---- scratch.c ------------------------------------------------------------------------- */

/* Memory for one pass over one function, gone at the end of the scope. Within a run (of all
 * passes, of emission) it is handed on to the next: most functions are small, and clearing
 * fresh blocks would cost more than the passes do. */
struct ir_scratch {
	struct ir_unit *u;
	struct arena *a;
};
struct ir_scratch ir_scratch_begin(struct ir_unit *u);
void ir_scratch_end(struct ir_scratch *s);
#define own_scratch __attribute__((cleanup(ir_scratch_end)))

struct ir_unit *ir_run_begin(struct ir_unit *u);
void ir_run_end(struct ir_unit **u);
#define own_run __attribute__((cleanup(ir_run_end)))

/* ---- build.c --------------------------------------------------------------------------- */

/* A fresh instruction of `f`, in no block yet; args is NULL or an array of n_args. */
struct ir_inst *ir_inst_new(struct ir_func *f, enum ir_op op, uint32_t n_args, struct span at);
void ir_edge_add(struct ir_block *from, struct ir_block *to);
/* Insert before instruction number `index` of the block. */
void ir_insert(struct ir_block *b, size_t index, struct ir_inst *i);
size_t ir_n_phis(const struct ir_block *b);
/* The kind of pointer that both are, as far as loads through it go. */
enum ir_ptr ir_ptr_meet(const struct ir_inst *x, const struct ir_inst *y);

/* ---- ssa.c ----------------------------------------------------------------------------- */

void ir_ssa_seal(struct ir_block *b);

/* ---- fold.c ---------------------------------------------------------------------------- */

/* The simplest equal of `i`, whose arguments are final: an existing value, a constant or changed
 * instruction appended through `b`, or `i` itself (which may have been changed in place and is
 * not appended). `i` is not in any block yet. */
struct ir_inst *ir_simplify(struct ir_builder *b, struct ir_inst *i);
bool ir_eval(enum ir_op op, uint8_t width, uint64_t x, uint64_t y, uint64_t *ret);
bool ir_eval_cond(enum ir_cond cond, uint8_t width, uint64_t x, uint64_t y);
enum ir_cond ir_cond_invert(enum ir_cond c); /* not for COND_SET: asserts */
enum ir_cond ir_cond_swap(enum ir_cond c);   /* b cond' a == a cond b */

/* ---- cfg.c ----------------------------------------------------------------------------- */

/* The shape of a function's graph; side tables by block id. Reading it needs ids dense:
 * ir_cfg_create() renumbers blocks to their index in f->blocks. */
struct ir_cfg {
	struct ir_block **rpo; /* reachable blocks in reverse post order */
	uint32_t n_rpo;
	uint32_t *rpo_index;        /* UINT32_MAX: unreachable */
	struct ir_block **idom;     /* NULL for the entry and for unreachable blocks */
	uint32_t *dom_in, *dom_out; /* a dominates b: in[a] <= in[b] && out[b] <= out[a] */
	uint32_t *depth;            /* loops around the block */
	struct ir_block **loop;     /* header of the innermost loop around it, or NULL */
};

struct ir_cfg *ir_cfg_create(struct arena *a, struct ir_func *f);
bool ir_dominates(const struct ir_cfg *cfg, const struct ir_block *a, const struct ir_block *b);
/* Blocks of the dominator tree, parents before children. */
struct ir_block **ir_dom_preorder(struct arena *a, const struct ir_cfg *cfg);

/* ---- shared by passes ------------------------------------------------------------------ */

/* Replacements to make: by[id] is the value to use instead of value `id`, or NULL. */
struct ir_replace {
	struct ir_inst **by;
	uint32_t n; /* ids that existed when it was made; newer ones stay */
};

struct ir_replace ir_replace_create(struct arena *a, const struct ir_func *f);
struct ir_inst *ir_replaced(const struct ir_replace *r, struct ir_inst *i);
/* Rewrites all arguments in the function. */
void ir_replace_all(struct ir_func *f, const struct ir_replace *r);
/* Take the edge away on the successor's side: its predecessor entry and its PHIs' arguments. */
void ir_edge_remove(struct ir_block *from, struct ir_block *to);
/* Takes `block` out of the graph's lists if unreachable; returns whether any went. */
bool ir_remove_unreachable(struct ir_func *f);
/* Blocks that only lead on to one that only they lead to become one; jumps over empty blocks. */
void ir_merge_blocks(struct ir_func *f);
/* Put an empty block on every edge that leaves a branch and enters a join. */
void ir_split_critical_edges(struct ir_func *f);
void ir_check_func(const struct ir_func *f);

#endif
