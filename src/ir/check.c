/* The checker: the rules of ir.h, tested between passes.
 *
 * In: a unit. Out: nothing, or a dump and abort(): a broken rule is our bug, never the user's. */
#include "ir/ir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/pass.h"

struct check {
	const struct ir_func *f;
	struct ir_cfg *cfg;
	uint32_t *index; /* position within its block, by instruction id; 0: in no block */
};

static void fail(const struct ir_func *f, const struct ir_inst *i, const char *what)
{
	struct strbuf dump = {0};

	ir_print(f->unit, &dump);
	fprintf(stderr, "%s\nskep: IR of %s is broken", sb_str(&dump), f->name ? f->name : "?");
	if (i)
		fprintf(stderr, ", at v%u (%s)", i->id, ir_ops[i->op].name);
	fprintf(stderr, ": %s\n", what);
	abort();
}

static bool is_width(uint8_t w)
{
	return w == 1 || w == 2 || w == 4 || w == 8;
}

static void check_shape(const struct check *c, const struct ir_inst *i)
{
	const struct ir_op_info *info = &ir_ops[i->op];

	if (info->n_args >= 0 && i->n_args != (uint32_t)info->n_args)
		fail(c->f, i, "wrong number of arguments");
	if ((i->op == IR_CALL || i->op == IR_CALL_FUNC || i->op == IR_CALL_KERNEL) && i->n_args > 5)
		fail(c->f, i, "more than five arguments");
	if (i->op == IR_PHI && i->n_args != i->block->preds.n)
		fail(c->f, i, "not one argument per predecessor");
	if (!is_width(i->width))
		fail(c->f, i, "no such width");
	if (((i->op >= IR_ADD && i->op <= IR_NEG) || i->op == IR_CMP || i->op == IR_BRANCH ||
	     i->op == IR_ATOMIC || i->op == IR_CMPXCHG) &&
	    i->width < 4)
		fail(c->f, i, "arithmetic is 4 or 8 wide");
	if (i->op == IR_SLOT && i->ref >= c->f->slots.n)
		fail(c->f, i, "no such slot");
	if ((i->op == IR_FUNC || i->op == IR_CALL_FUNC) && i->ref >= c->f->unit->funcs.n)
		fail(c->f, i, "no such function");
	if (i->op == IR_PARAM && i->ref >= c->f->n_params)
		fail(c->f, i, "no such parameter");
	if ((i->op == IR_COPY || i->op == IR_ZERO || i->op == IR_READ) && i->imm <= 0)
		fail(c->f, i, "no size");
}

static void check_edges(const struct check *c, const struct ir_block *b)
{
	const struct ir_inst *last = ir_terminator(b);
	int n_succ = last->op == IR_BRANCH ? 2 : last->op == IR_JUMP ? 1 : 0;

	if (!b->is_sealed)
		fail(c->f, last, "a block was never sealed");
	for (int k = 0; k < 2; k++) {
		size_t n = 0;

		if (!b->succ[k] != (k >= n_succ))
			fail(c->f, last, "wrong number of successors");
		if (k >= n_succ)
			continue;
		vec_each (p, &b->succ[k]->preds)
			n += *p == b;
		if (n != 1)
			fail(c->f, last, "a successor does not know its predecessor (once)");
	}
	vec_each (p, &b->preds) {
		if ((*p)->succ[0] != b && (*p)->succ[1] != b)
			fail(c->f, last, "a predecessor leads elsewhere");
	}
	if (b == c->f->blocks.items[0] && b->preds.n)
		fail(c->f, last, "control returns to the entry");
}

/* A definition reaches its use: in the same block before it, or in a dominating block. */
static void check_args(const struct check *c, const struct ir_inst *i)
{
	for (uint32_t k = 0; k < i->n_args; k++) {
		const struct ir_inst *arg = i->args[k];
		const struct ir_block *use = i->op == IR_PHI ? i->block->preds.items[k] : i->block;

		if (!arg)
			fail(c->f, i, "an argument is missing");
		if (!ir_ops[arg->op].has_result)
			fail(c->f, i, "an argument has no value");
		if (!c->index[arg->id])
			fail(c->f, i, "an argument is in no block");
		if (c->cfg->rpo_index[use->id] == UINT32_MAX)
			continue;
		if (arg->block == use) {
			if (i->op != IR_PHI && c->index[arg->id] >= c->index[i->id])
				fail(c->f, i, "an argument is defined later");
		} else if (!ir_dominates(c->cfg, arg->block, use)) {
			fail(c->f, i, "an argument does not dominate its use");
		}
	}
}

/* Made by a lowering and then not needed. */
static bool is_unused(const struct ir_block *b)
{
	return !b->preds.n && !b->insts.n && b != b->func->blocks.items[0];
}

void ir_check_func(const struct ir_func *f)
{
	own_scratch struct ir_scratch scratch = ir_scratch_begin(f->unit);
	struct arena *a = scratch.a;
	struct check c = {.f = f, .index = arena_array(a, uint32_t, f->n_insts)};

	vec_each (b, &f->blocks) {
		bool is_past_phis = false;

		if (is_unused(*b))
			continue;
		if (!ir_terminator(*b))
			fail(f, (*b)->insts.n ? vec_last(&(*b)->insts) : NULL,
			     "a block does not end");
		for (size_t k = 0; k < (*b)->insts.n; k++) {
			const struct ir_inst *i = (*b)->insts.items[k];

			if (i->block != *b)
				fail(f, i, "thinks it is in another block");
			if (i->id >= f->n_insts || c.index[i->id])
				fail(f, i, "its number is taken");
			c.index[i->id] = (uint32_t)k + 1;
			if (i->op == IR_PHI && is_past_phis)
				fail(f, i, "a phi after other instructions");
			is_past_phis |= i->op != IR_PHI;
			if (ir_is_terminator(i) && k + 1 < (*b)->insts.n)
				fail(f, i, "control leaves in the middle of a block");
			check_shape(&c, i);
		}
	}
	vec_each (b, &f->blocks) {
		if (!is_unused(*b))
			check_edges(&c, *b);
	}
	c.cfg = ir_cfg_create(a, (struct ir_func *)f);
	vec_each (b, &f->blocks) {
		vec_each (i, &(*b)->insts)
			check_args(&c, *i);
	}
}

void ir_check(const struct ir_unit *u)
{
	vec_each (f, &u->funcs)
		ir_check_func(*f);
}
