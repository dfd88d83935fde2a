/* Variables to SSA while the graph is being built (Braun et al., "Simple and Efficient
 * Construction of Static Single Assignment Form", CC 2013).
 *
 * In: reads and writes of variables in blocks. Out: values, with PHIs where paths join.
 * The trick: a block whose predecessors are not all known gets a PHI without arguments, filled in
 * when it is sealed. The paper's recursion is an explicit stack here, so that a script of
 * thousands of blocks needs no deep C stack. PHIs that turn out trivial only after they were used
 * are left for ir_fold(). */
#include "ir/ir.h"

#include <assert.h>
#include <string.h>

#include "ir/pass.h"

struct def {
	uint32_t var; /* number + 1; 0: free */
	struct ir_inst *value;
};

struct pending {
	ir_var var;
	struct ir_inst *phi;
};

/* A block's variables: an open hash, since most blocks touch few of a function's variables. */
struct table {
	struct def *defs;
	uint32_t cap, n;
	vec(struct pending) pending; /* PHIs that wait for the block to be sealed */
};

/* One PHI in the making. */
struct frame {
	struct ir_block *block;
	struct ir_inst *phi;
	struct ir_block *asked; /* where the question came from, to be remembered there too */
	uint32_t next;          /* predecessor to look at next */
};

static struct table *table_of(struct ir_block *b)
{
	if (!b->ssa)
		b->ssa = arena_new(ir_arena(b->func), struct table);
	return b->ssa;
}

static struct def *probe(struct table *t, ir_var v)
{
	uint32_t at = (v * 2654435761u) & (t->cap - 1);

	while (t->defs[at].var && t->defs[at].var != v + 1)
		at = (at + 1) & (t->cap - 1);
	return &t->defs[at];
}

static struct ir_inst *lookup(struct ir_block *b, ir_var v)
{
	struct table *t = b->ssa;

	if (!t || !t->cap)
		return NULL;
	return probe(t, v)->value;
}

static void grow(struct arena *a, struct table *t)
{
	struct def *old = t->defs;
	uint32_t cap = t->cap;

	t->cap = cap ? cap * 2 : 8;
	t->defs = arena_array(a, struct def, t->cap);
	for (uint32_t i = 0; i < cap; i++) {
		if (old[i].var)
			*probe(t, old[i].var - 1) = old[i];
	}
}

static void define(struct ir_block *b, ir_var v, struct ir_inst *value)
{
	struct table *t = table_of(b);
	struct def *d;

	if ((t->n + 1) * 4 > t->cap * 3)
		grow(ir_arena(b->func), t);
	d = probe(t, v);
	if (!d->var)
		t->n++;
	d->var = v + 1;
	d->value = value;
}

enum ir_ptr ir_ptr_meet(const struct ir_inst *x, const struct ir_inst *y)
{
	static const uint8_t is_direct[PTR_N] = {[PTR_STACK] = 1, [PTR_VALUE] = 1, [PTR_MEM] = 1};
	static const uint8_t is_far[PTR_N] = {
	    [PTR_BTF] = 1, [PTR_KERNEL] = 1, [PTR_USER] = 1, [PTR_ANY] = 1};

	if (x->ptr == y->ptr)
		return x->ptr;
	if (x->ptr == PTR_NONE || y->ptr == PTR_NONE) {
		const struct ir_inst *number = x->ptr == PTR_NONE ? x : y;
		enum ir_ptr ptr = x->ptr == PTR_NONE ? y->ptr : x->ptr;

		/* The verifier follows each path: a direct load through what is a known number
		 * on one of them is refused. */
		if (ptr == PTR_BTF)
			return PTR_KERNEL;
		return ir_is_const_of(number, 0) || is_far[ptr] ? ptr : PTR_NONE;
	}
	if (is_direct[x->ptr] && is_direct[y->ptr])
		return PTR_MEM;
	if (is_far[x->ptr] && is_far[y->ptr])
		return x->ptr == PTR_USER || y->ptr == PTR_USER || x->ptr == PTR_ANY ||
		               y->ptr == PTR_ANY
		           ? PTR_ANY
		           : PTR_KERNEL;
	return PTR_NONE;
}

static enum ir_ptr kind_of_phi(const struct ir_inst *phi)
{
	struct ir_inst so_far = {.op = IR_PHI};
	bool is_first = true;

	for (uint32_t k = 0; k < phi->n_args; k++) {
		const struct ir_inst *arg = phi->args[k];

		if (arg == phi)
			continue;
		if (is_first) {
			so_far.op = arg->op;
			so_far.imm = arg->imm;
			so_far.ptr = arg->ptr;
			is_first = false;
			continue;
		}
		so_far.ptr = ir_ptr_meet(&so_far, arg);
		if (!ir_is_const_of(arg, so_far.imm))
			so_far.op = IR_PHI;
	}
	return so_far.ptr;
}

static struct ir_inst *phi_at(struct ir_block *b, ir_var v, uint32_t n_args)
{
	struct span at = b->insts.n ? b->insts.items[0]->at : NO_SPAN;
	struct ir_inst *phi = ir_inst_new(b->func, IR_PHI, n_args, at);

	ir_insert(b, ir_n_phis(b), phi);
	define(b, v, phi);
	return phi;
}

static struct ir_inst *zero_at(struct ir_block *b, ir_var v)
{
	struct ir_inst *zero = ir_inst_new(b->func, IR_CONST, 0, NO_SPAN);

	ir_insert(b, ir_n_phis(b), zero);
	define(b, v, zero);
	return zero;
}

static struct ir_inst *read_var(struct ir_block *b, ir_var v);

/* Walk up from `b` while there is one way to go. Returns the value found or made on the way, or
 * NULL with a PHI to be filled at *ret_join. `imm` of a PHI tells whether it was seen by others
 * while in the making. */
static struct ir_inst *walk(struct ir_block *b, ir_var v, struct ir_block **ret_join)
{
	struct ir_inst *value;
	size_t steps = 0;

	for (struct ir_block *at = b;; at = at->preds.items[0]) {
		value = lookup(at, v);
		if (value) {
			if (value->op == IR_PHI)
				value->imm = 1;
		} else if (!at->is_sealed) {
			struct pending *p;

			value = phi_at(at, v, 0);
			p = vec_add(ir_arena(at->func), &table_of(at)->pending);
			p->var = v;
			p->phi = value;
			/* The kind of the first way in is the best guess a lowering can have. */
			if (at->preds.n)
				value->ptr = read_var(at->preds.items[0], v)->ptr;
		} else if (!at->preds.n || steps++ > at->func->blocks.n) {
			/* The entry; or a place that cannot be reached, maybe a loop there. */
			value = zero_at(at, v);
		} else if (at->preds.n > 1) {
			*ret_join = at;
			return NULL;
		}
		if (value) {
			if (at != b)
				define(b, v, value);
			return value;
		}
	}
}

/* The one value that all arguments are (the PHI itself aside), or NULL. */
static struct ir_inst *trivial(const struct ir_inst *phi)
{
	struct ir_inst *same = NULL;

	for (uint32_t k = 0; k < phi->n_args; k++) {
		struct ir_inst *arg = phi->args[k];

		if (arg == phi || arg == same)
			continue;
		if (same)
			return NULL;
		same = arg;
	}
	return same;
}

static void drop_phi(struct ir_inst *phi)
{
	struct ir_block *b = phi->block;
	size_t at = ir_n_phis(b);

	while (b->insts.items[--at] != phi)
		;
	memmove(&b->insts.items[at], &b->insts.items[at + 1],
	        (b->insts.n - at - 1) * sizeof(*b->insts.items));
	b->insts.n--;
}

/* All arguments are there: the value the PHI stands for. */
static struct ir_inst *finish_phi(const struct frame *f, ir_var v)
{
	struct ir_inst *same = trivial(f->phi), *value = f->phi;

	if (same && !f->phi->imm) {
		drop_phi(f->phi);
		define(f->block, v, same);
		value = same;
	} else {
		f->phi->ptr = kind_of_phi(f->phi);
	}
	f->phi->imm = 0;
	if (f->asked != f->block)
		define(f->asked, v, value);
	return value;
}

static struct ir_inst *read_var(struct ir_block *b, ir_var v)
{
	vec(struct frame) stack = {0};
	struct arena *a = ir_arena(b->func);
	struct ir_block *ask = b, *join = NULL;
	struct ir_inst *value;

	for (;;) {
		value = walk(ask, v, &join);
		if (!value) {
			struct ir_inst *phi = phi_at(join, v, (uint32_t)join->preds.n);
			struct frame *f = vec_add(a, &stack);

			*f = (struct frame){.block = join, .phi = phi, .asked = ask};
			/* Until its arguments are known, others may meet the PHI unfilled. */
			for (uint32_t k = 0; k < phi->n_args; k++)
				phi->args[k] = phi;
		}
		/* Hand the value down to whoever waits for it; stop where one asks on. */
		while (stack.n) {
			struct frame *f = &vec_last(&stack);

			if (value) {
				if (!f->next)
					f->phi->ptr = value->ptr; /* a guess, for who meets it */
				f->phi->args[f->next++] = value;
			}
			if (f->next < f->phi->n_args) {
				ask = f->block->preds.items[f->next];
				break;
			}
			value = finish_phi(f, v);
			stack.n--;
		}
		if (!stack.n)
			return value;
	}
}

void ir_ssa_seal(struct ir_block *b)
{
	struct table *t = b->ssa;

	if (!t)
		return;
	for (size_t p = 0; p < t->pending.n; p++) {
		struct ir_inst *phi = t->pending.items[p].phi;
		enum ir_ptr guess = phi->ptr;

		phi->n_args = (uint32_t)b->preds.n;
		phi->args = arena_array(ir_arena(b->func), struct ir_inst *, phi->n_args);
		for (uint32_t k = 0; k < phi->n_args; k++)
			phi->args[k] = phi;
		for (uint32_t k = 0; k < phi->n_args; k++)
			phi->args[k] = read_var(b->preds.items[k], t->pending.items[p].var);
		phi->ptr = phi->n_args ? kind_of_phi(phi) : guess;
		phi->imm = 0;
		if (!phi->n_args) {
			/* Nothing leads here: any value will do. */
			phi->op = IR_CONST;
			phi->ptr = PTR_NONE;
		}
	}
	t->pending.n = 0;
}

ir_var ir_var_new(struct ir_func *f)
{
	return f->n_vars++;
}

void ir_var_set(struct ir_builder *b, ir_var v, struct ir_inst *value)
{
	assert(v < b->func->n_vars);
	/* A write after the block's end is never seen by what follows the block. */
	if (ir_is_terminated(b)) {
		b->block = ir_block_add(b->func);
		b->block->is_sealed = true;
	}
	define(b->block, v, value);
}

struct ir_inst *ir_var_get(struct ir_builder *b, ir_var v)
{
	assert(v < b->func->n_vars);
	return read_var(b->block, v);
}
