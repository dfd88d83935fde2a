/* The builder: makes units, functions, blocks and instructions.
 *
 * In: calls from a lowering. Out: a graph that keeps the rules of ir.h at every step.
 * The trick: an instruction is simplified before it is appended (fold.c), so most of what a
 * naive lowering asks for never comes to exist. */
#include "ir/ir.h"

#include <assert.h>
#include <string.h>

#include "ir/pass.h"

const struct ir_op_info ir_ops[IR_N_OPS] = {
#define OP(id, name, args, result, effect, doc) [IR_##id] = {name, args, result, effect},
#include "ir/ops.def"
#undef OP
};

const char *const ir_ptr_names[PTR_N] = {"int",    "ctx",        "stack",  "map",  "value",
                                         "mem",    "btf",        "kernel", "user", "any",
                                         "packet", "packet_end", "func"};
const char *const ir_cond_names[COND_N] = {"eq",  "ne",  "ult", "ule", "ugt", "uge",
                                           "slt", "sle", "sgt", "sge", "set"};

struct ir_unit *ir_unit_create(struct arena *a, const char *name, struct ir_target target)
{
	struct ir_unit *u = arena_new(a, struct ir_unit);

	u->a = a;
	u->name = name;
	u->target = target;
	return u;
}

struct ir_func *ir_func_add(struct ir_unit *u, const char *name, uint32_t n_params,
                            const enum ir_ptr *params)
{
	struct ir_func *f = arena_new(u->a, struct ir_func);

	assert(n_params <= 5);
	f->name = name;
	f->unit = u;
	f->index = (uint32_t)u->funcs.n;
	f->n_params = n_params;
	for (uint32_t i = 0; i < n_params; i++)
		f->params[i] = params[i];
	vec_push(u->a, &u->funcs, f);
	ir_block_add(f)->is_sealed = true;
	return f;
}

struct ir_func *ir_func_add_foreign(struct ir_unit *u, const char *name,
                                    const struct ir_foreign *code)
{
	struct ir_func *f = ir_func_add(u, name, 0, NULL);
	struct ir_builder b = ir_builder_at_entry(f);

	f->foreign = code;
	b.at = code->at;
	ir_ret(&b, ir_const(&b, 0));
	return f;
}

struct ir_builder ir_builder_at_entry(struct ir_func *f)
{
	return (struct ir_builder){.func = f, .block = f->blocks.items[0], .at = NO_SPAN};
}

struct ir_block *ir_block_add(struct ir_func *f)
{
	struct ir_block *b = arena_new(ir_arena(f), struct ir_block);

	b->id = (uint32_t)f->blocks.n;
	b->func = f;
	vec_push(ir_arena(f), &f->blocks, b);
	return b;
}

void ir_seal(struct ir_block *b)
{
	if (b->is_sealed)
		return;
	b->is_sealed = true;
	ir_ssa_seal(b);
}

bool ir_is_terminated(const struct ir_builder *b)
{
	return ir_terminator(b->block) != NULL;
}

/* ---- instructions ---------------------------------------------------------------------- */

struct ir_inst *ir_inst_new(struct ir_func *f, enum ir_op op, uint32_t n_args, struct span at)
{
	struct ir_inst *i = arena_new(ir_arena(f), struct ir_inst);

	i->op = op;
	i->width = 8;
	i->n_args = n_args;
	if (n_args)
		i->args = arena_array(ir_arena(f), struct ir_inst *, n_args);
	i->id = f->n_insts++;
	i->at = at;
	return i;
}

void ir_insert(struct ir_block *b, size_t index, struct ir_inst *i)
{
	vec_reserve(ir_arena(b->func), &b->insts, b->insts.n + 1);
	memmove(&b->insts.items[index + 1], &b->insts.items[index],
	        (b->insts.n - index) * sizeof(*b->insts.items));
	b->insts.items[index] = i;
	b->insts.n++;
	i->block = b;
}

size_t ir_n_phis(const struct ir_block *b)
{
	size_t n = 0;

	while (n < b->insts.n && b->insts.items[n]->op == IR_PHI)
		n++;
	return n;
}

/* No control flow can come here: it is complete and nothing leads to it. */
static bool is_unreachable(const struct ir_block *b)
{
	return b->is_sealed && !b->preds.n && b != b->func->blocks.items[0];
}

static struct ir_inst *append(struct ir_builder *b, struct ir_inst *i)
{
	if (ir_is_terminated(b)) {
		b->block = ir_block_add(b->func);
		b->block->is_sealed = true;
	}
	i->block = b->block;
	vec_push(ir_arena(b->func), &b->block->insts, i);
	return i;
}

/* Simplify `i`, append it if something is left of it, return the value it has. */
static struct ir_inst *finish(struct ir_builder *b, struct ir_inst *i)
{
	struct ir_inst *simple = ir_simplify(b, i);

	return simple == i ? append(b, i) : simple;
}

static struct ir_inst *make(struct ir_builder *b, enum ir_op op, uint32_t n_args)
{
	return ir_inst_new(b->func, op, n_args, b->at);
}

struct ir_inst *ir_const(struct ir_builder *b, int64_t value)
{
	struct ir_inst *i = make(b, IR_CONST, 0);

	i->imm = value;
	return append(b, i);
}

static struct ir_inst *leaf(struct ir_builder *b, enum ir_op op, enum ir_ptr ptr, uint32_t ref)
{
	struct ir_inst *i = make(b, op, 0);

	i->ptr = ptr;
	i->ref = ref;
	return append(b, i);
}

struct ir_inst *ir_param(struct ir_builder *b, uint32_t index)
{
	assert(index < b->func->n_params);
	return leaf(b, IR_PARAM, b->func->params[index], index);
}

uint32_t ir_slot_new(struct ir_builder *b, uint32_t size_b, uint32_t align_b, const char *name)
{
	struct ir_slot slot = {.size_b = size_b, .align_b = align_b, .name = name};

	vec_push(ir_arena(b->func), &b->func->slots, slot);
	return (uint32_t)b->func->slots.n - 1;
}

struct ir_inst *ir_slot_addr(struct ir_builder *b, uint32_t slot)
{
	assert(slot < b->func->slots.n);
	return leaf(b, IR_SLOT, PTR_STACK, slot);
}

struct ir_inst *ir_map(struct ir_builder *b, uint32_t map)
{
	return leaf(b, IR_MAP, PTR_MAP, map);
}

struct ir_inst *ir_map_value(struct ir_builder *b, uint32_t map, uint32_t off_b)
{
	struct ir_inst *i = leaf(b, IR_MAP_VALUE, PTR_VALUE, map);

	i->imm = off_b;
	return i;
}

struct ir_inst *ir_btf_var(struct ir_builder *b, uint32_t btf_id)
{
	struct ir_inst *i = leaf(b, IR_BTF_VAR, PTR_BTF, 0);

	i->imm = btf_id;
	return i;
}

struct ir_inst *ir_func_addr(struct ir_builder *b, const struct ir_func *f)
{
	return leaf(b, IR_FUNC, PTR_FUNC, f->index);
}

static bool is_pointer(const struct ir_inst *i)
{
	return i->ptr != PTR_NONE;
}

/* The kind of x + y or x - y. */
static enum ir_ptr kind_of_sum(enum ir_op op, const struct ir_inst *x, const struct ir_inst *y)
{
	const struct ir_inst *base = is_pointer(x) ? x : y;
	const struct ir_inst *index = is_pointer(x) ? y : x;

	if (op != IR_ADD && op != IR_SUB)
		return PTR_NONE;
	if (is_pointer(index) || !is_pointer(base) || (op == IR_SUB && base == y))
		return PTR_NONE;
	if (base->ptr == PTR_BTF && !ir_is_const(index))
		return PTR_KERNEL;
	return base->ptr;
}

struct ir_inst *ir_bin(struct ir_builder *b, enum ir_op op, struct ir_inst *x, struct ir_inst *y)
{
	return ir_bin_width(b, op, 8, x, y);
}

struct ir_inst *ir_bin_width(struct ir_builder *b, enum ir_op op, uint8_t width, struct ir_inst *x,
                             struct ir_inst *y)
{
	struct ir_inst *i = make(b, op, 2);

	assert(op >= IR_ADD && op <= IR_SAR && (width == 8 || width == 4));
	i->args[0] = x;
	i->args[1] = y;
	i->width = width;
	i->ptr = width == 8 ? kind_of_sum(op, x, y) : PTR_NONE;
	return finish(b, i);
}

struct ir_inst *ir_bin_imm(struct ir_builder *b, enum ir_op op, struct ir_inst *x, int64_t imm)
{
	return ir_bin(b, op, x, ir_const(b, imm));
}

static struct ir_inst *unary(struct ir_builder *b, enum ir_op op, struct ir_inst *x, uint8_t width)
{
	struct ir_inst *i = make(b, op, 1);

	i->args[0] = x;
	i->width = width;
	return i;
}

struct ir_inst *ir_neg(struct ir_builder *b, struct ir_inst *x)
{
	return finish(b, unary(b, IR_NEG, x, 8));
}

struct ir_inst *ir_ext(struct ir_builder *b, struct ir_inst *x, uint8_t width, bool is_signed)
{
	struct ir_inst *i = unary(b, IR_EXT, x, width);

	i->is_signed = is_signed;
	return finish(b, i);
}

struct ir_inst *ir_bswap(struct ir_builder *b, struct ir_inst *x, uint8_t width)
{
	return finish(b, unary(b, IR_BSWAP, x, width));
}

struct ir_inst *ir_cmp(struct ir_builder *b, enum ir_cond cond, struct ir_inst *x,
                       struct ir_inst *y)
{
	struct ir_inst *i = make(b, IR_CMP, 2);

	i->cond = cond;
	i->args[0] = x;
	i->args[1] = y;
	return finish(b, i);
}

struct ir_inst *ir_as(struct ir_builder *b, struct ir_inst *x, enum ir_ptr ptr)
{
	struct ir_inst *i = unary(b, IR_VIEW, x, 8);

	i->ptr = ptr;
	return finish(b, i);
}

/* ---- memory ---------------------------------------------------------------------------- */

struct ir_inst *ir_load(struct ir_builder *b, struct ir_inst *ptr, int64_t off_b, uint8_t width,
                        bool is_signed, enum ir_ptr result)
{
	struct ir_inst *i = unary(b, IR_LOAD, ptr, width);

	i->imm = off_b;
	i->is_signed = is_signed;
	i->ptr = result;
	return finish(b, i);
}

void ir_store(struct ir_builder *b, struct ir_inst *ptr, int64_t off_b, uint8_t width,
              struct ir_inst *value)
{
	struct ir_inst *i = make(b, IR_STORE, 2);

	i->args[0] = ptr;
	i->args[1] = value;
	i->imm = off_b;
	i->width = width;
	finish(b, i);
}

struct ir_inst *ir_atomic(struct ir_builder *b, uint32_t operation, struct ir_inst *ptr,
                          int64_t off_b, uint8_t width, struct ir_inst *value)
{
	struct ir_inst *i = make(b, IR_ATOMIC, 2);

	assert(operation != BPF_CMPXCHG && (width == 8 || width == 4));
	i->args[0] = ptr;
	i->args[1] = value;
	i->ref = operation;
	i->imm = off_b;
	i->width = width;
	return finish(b, i);
}

struct ir_inst *ir_cmpxchg(struct ir_builder *b, struct ir_inst *ptr, int64_t off_b, uint8_t width,
                           struct ir_inst *expected, struct ir_inst *value)
{
	struct ir_inst *i = make(b, IR_CMPXCHG, 3);

	i->args[0] = ptr;
	i->args[1] = expected;
	i->args[2] = value;
	i->imm = off_b;
	i->width = width;
	return finish(b, i);
}

void ir_copy(struct ir_builder *b, struct ir_inst *dst, struct ir_inst *src, uint32_t size_b,
             uint8_t align_b)
{
	struct ir_inst *i = make(b, IR_COPY, 2);

	if (!size_b)
		return;
	i->args[0] = dst;
	i->args[1] = src;
	i->imm = size_b;
	i->width = align_b;
	append(b, i);
}

void ir_zero(struct ir_builder *b, struct ir_inst *dst, uint32_t size_b, uint8_t align_b)
{
	struct ir_inst *i = unary(b, IR_ZERO, dst, align_b);

	if (!size_b)
		return;
	i->imm = size_b;
	append(b, i);
}

struct ir_inst *ir_read(struct ir_builder *b, struct ir_inst *dst, struct ir_inst *src,
                        uint32_t size_b)
{
	struct ir_inst *i = make(b, IR_READ, 2);

	if (!size_b)
		return ir_const(b, 0);
	i->args[0] = dst;
	i->args[1] = src;
	i->imm = size_b;
	return append(b, i);
}

/* ---- calls ----------------------------------------------------------------------------- */

static struct ir_inst *call(struct ir_builder *b, enum ir_op op, uint32_t ref, enum ir_ptr result,
                            uint32_t n_args, struct ir_inst *const *args)
{
	struct ir_inst *i = make(b, op, n_args);

	assert(n_args <= 5);
	i->ref = ref;
	i->ptr = result;
	for (uint32_t k = 0; k < n_args; k++)
		i->args[k] = args[k];
	return append(b, i);
}

struct ir_inst *ir_call(struct ir_builder *b, uint32_t helper, enum ir_ptr result, uint32_t n_args,
                        struct ir_inst *const *args)
{
	return call(b, IR_CALL, helper, result, n_args, args);
}

struct ir_inst *ir_call_kernel(struct ir_builder *b, uint32_t btf_id, enum ir_ptr result,
                               uint32_t n_args, struct ir_inst *const *args)
{
	return call(b, IR_CALL_KERNEL, btf_id, result, n_args, args);
}

struct ir_inst *ir_call_func(struct ir_builder *b, struct ir_func *f, uint32_t n_args,
                             struct ir_inst *const *args)
{
	assert(f->foreign || n_args == f->n_params);
	return call(b, IR_CALL_FUNC, f->index, PTR_NONE, n_args, args);
}

/* ---- control --------------------------------------------------------------------------- */

void ir_edge_add(struct ir_block *from, struct ir_block *to)
{
	assert(!to->is_sealed);
	vec_push(ir_arena(to->func), &to->preds, from);
}

/* A jump out of an unreachable block would be an edge that never is taken, but that every PHI
 * behind it has to have an argument for: the block ends with a return instead. */
static bool end_unreachable(struct ir_builder *b)
{
	if (ir_is_terminated(b))
		return true;
	if (!is_unreachable(b->block))
		return false;
	ir_ret(b, ir_const(b, 0));
	return true;
}

void ir_jump(struct ir_builder *b, struct ir_block *to)
{
	if (end_unreachable(b))
		return;
	append(b, make(b, IR_JUMP, 0));
	b->block->succ[0] = to;
	ir_edge_add(b->block, to);
}

void ir_branch(struct ir_builder *b, enum ir_cond cond, struct ir_inst *x, struct ir_inst *y,
               struct ir_block *then, struct ir_block *otherwise)
{
	struct ir_inst *i;

	if (end_unreachable(b))
		return;
	i = make(b, IR_BRANCH, 2);
	i->cond = cond;
	i->args[0] = x;
	i->args[1] = y;
	/* The simplifier reads and may exchange the block's successors. */
	b->block->succ[0] = then;
	b->block->succ[1] = otherwise;
	i->block = b->block;
	i = ir_simplify(b, i);
	append(b, i);
	ir_edge_add(b->block, b->block->succ[0]);
	if (i->op == IR_BRANCH)
		ir_edge_add(b->block, b->block->succ[1]);
}

void ir_branch_if(struct ir_builder *b, struct ir_inst *v, struct ir_block *then,
                  struct ir_block *otherwise)
{
	if (end_unreachable(b))
		return;
	ir_branch(b, COND_NE, v, ir_const(b, 0), then, otherwise);
}

void ir_ret(struct ir_builder *b, struct ir_inst *v)
{
	struct ir_inst *i;

	if (ir_is_terminated(b))
		return;
	i = make(b, IR_RET, 1);
	i->args[0] = v;
	append(b, i);
}
