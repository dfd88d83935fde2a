/* Known nulls: where a look-up was found to be null, its register holds the 0 that a PHI wants.
 *
 * In: SSA, as reads of maps leave it: `p ? *p : 0`. Out: the same with p in place of the 0, which
 * costs no instruction where p, *p and the PHI share a register; nor does the way past the load.
 * The trick: late, as the passes before know more to do with a constant. */
#include "ir/ir.h"

#include <linux/bpf.h>

#include "ir/pass.h"

/* Only a map's value: other pointers stay pointers for the kernel's verifier, null or not. */
static bool is_lookup(const struct ir_inst *i)
{
	return i->op == IR_CALL && i->ref == BPF_FUNC_map_lookup_elem && i->ptr == PTR_VALUE;
}

/* The look-up that is null on the edge between the two, or NULL. */
static struct ir_inst *null_between(const struct ir_block *from, const struct ir_block *to)
{
	const struct ir_inst *last;

	while (from->insts.n == 1 && from->preds.n == 1 && !from->succ[1]) {
		to = from;
		from = from->preds.items[0];
	}
	last = ir_terminator(from);
	if (last->op != IR_BRANCH || last->width == 4 || !is_lookup(last->args[0]) ||
	    !ir_is_const_of(last->args[1], 0))
		return NULL;
	if ((last->cond == COND_EQ && from->succ[0] == to) ||
	    (last->cond == COND_NE && from->succ[1] == to))
		return last->args[0];
	return NULL;
}

static struct ir_inst *as_number(struct ir_block *b, struct ir_inst *p)
{
	struct ir_inst *view = ir_inst_new(b->func, IR_VIEW, 1, p->at);

	view->args[0] = p;
	ir_insert(b, b->insts.n - 1, view);
	return view;
}

static void use_nulls(struct ir_block *b, uint32_t pred)
{
	struct ir_block *from = b->preds.items[pred];
	struct ir_inst *p = null_between(from, b), *number = NULL;
	size_t n_phis = ir_n_phis(b);

	for (size_t k = 0; p && k < n_phis; k++) {
		struct ir_inst *phi = b->insts.items[k];

		if (phi->ptr != PTR_NONE || !ir_is_const_of(phi->args[pred], 0))
			continue;
		if (!number)
			number = as_number(from, p);
		phi->args[pred] = number;
	}
}

void ir_known(struct ir_unit *u)
{
	vec_each (f, &u->funcs) {
		vec_each (b, &(*f)->blocks) {
			for (uint32_t k = 0; k < (*b)->preds.n; k++)
				use_nulls(*b, k);
		}
	}
}
