/* Jump threading: who comes to a block knowing how its branch will go, goes there at once.
 *
 * In: SSA, as `a && b` and `x ? y : z` leave it: paths join in a PHI of constants, and a branch on
 * that PHI parts them again. Out: the same without the detour.
 * The trick: only blocks that do nothing but join and part are looked at, and only when their PHIs
 * matter to nobody behind the successors' PHIs. Then no value needs repair: the predecessor is led
 * around, and the successor's PHIs get what it would have brought along. */
#include "ir/ir.h"

#include "ir/pass.h"

/* The edge's source brings `arg` to a PHI of `to`; is it the edge that comes from arg's block? */
static bool is_on_edge(const struct ir_inst *user, uint32_t k, const struct ir_inst *arg)
{
	return user->op == IR_PHI && user->block->preds.items[k] == arg->block &&
	       user->block != arg->block;
}

/* PHIs somebody uses who would miss them: by id. */
static bool *find_needed(struct arena *a, const struct ir_func *f)
{
	bool *is_needed = arena_array(a, bool, f->n_insts);

	vec_each (b, &f->blocks) {
		vec_each (i, &(*b)->insts) {
			for (uint32_t k = 0; k < (*i)->n_args; k++) {
				const struct ir_inst *arg = (*i)->args[k];
				bool is_own_branch = (*i)->op == IR_BRANCH && (*b) == arg->block;

				if (arg->op == IR_PHI && !is_own_branch && !is_on_edge(*i, k, arg))
					is_needed[arg->id] = true;
			}
		}
	}
	return is_needed;
}

/* Does the block consist of PHIs nobody else needs, and its last instruction? Constants in it
 * move to the entry, as blocks it dominates may use them. */
static bool is_only_a_joint(struct ir_block *b, const bool *is_needed)
{
	struct ir_block *entry = b->func->blocks.items[0];
	size_t n_phis = ir_n_phis(b), kept = n_phis;

	if (!n_phis)
		return false;
	for (size_t k = 0; k < b->insts.n; k++) {
		const struct ir_inst *i = b->insts.items[k];

		if (k < n_phis ? is_needed[i->id] : !ir_is_remat(i) && !ir_is_terminator(i))
			return false;
	}
	for (size_t k = n_phis; k < b->insts.n; k++) {
		struct ir_inst *i = b->insts.items[k];

		if (ir_is_terminator(i))
			b->insts.items[kept++] = i;
		else
			ir_insert(entry, 0, i);
	}
	b->insts.n = kept;
	return true;
}

/* Where the block leads when entered from predecessor `p`, or NULL if that depends. */
static struct ir_block *destination(const struct ir_block *b, uint32_t p)
{
	const struct ir_inst *last = ir_terminator(b), *x, *y;

	if (last->op == IR_JUMP)
		return b->succ[0];
	if (last->op != IR_BRANCH)
		return NULL;
	x = last->args[0];
	y = last->args[1];
	if (x->op == IR_PHI && x->block == b)
		x = x->args[p];
	if (y->op == IR_PHI && y->block == b)
		y = y->args[p];
	if (!ir_is_const(x) || !ir_is_const(y))
		return NULL;
	return b->succ[!ir_eval_cond(last->cond, last->width, (uint64_t)x->imm, (uint64_t)y->imm)];
}

static bool leads_to(const struct ir_block *from, const struct ir_block *to)
{
	return from->succ[0] == to || from->succ[1] == to;
}

/* Lead predecessor number `p` of `b` on to `to` directly. */
static void lead_around(struct ir_block *b, uint32_t p, struct ir_block *to)
{
	struct ir_block *from = b->preds.items[p];
	uint32_t via = ir_pred_index(to, b);
	size_t n_phis = ir_n_phis(to);
	struct arena *a = ir_arena(b->func);

	for (size_t k = 0; k < n_phis; k++) {
		struct ir_inst *phi = to->insts.items[k], *arg = phi->args[via];
		struct ir_inst **args = arena_array(a, struct ir_inst *, phi->n_args + 1);

		for (uint32_t n = 0; n < phi->n_args; n++)
			args[n] = phi->args[n];
		if (arg->op == IR_PHI && arg->block == b)
			arg = arg->args[p];
		args[phi->n_args++] = arg;
		phi->args = args;
	}
	vec_push(a, &to->preds, from);
	from->succ[from->succ[1] == b] = to;
	ir_edge_remove(from, b);
}

static bool thread_block(struct ir_block *b, const bool *is_needed)
{
	bool is_changed = false;

	if (b == b->func->blocks.items[0] || !is_only_a_joint(b, is_needed))
		return false;
	for (uint32_t p = (uint32_t)b->preds.n; p-- > 0;) {
		struct ir_block *from = b->preds.items[p], *to = destination(b, p);

		/* Two edges between the same blocks are not allowed. */
		if (!to || to == b || from == b || leads_to(from, to))
			continue;
		lead_around(b, p, to);
		is_changed = true;
	}
	return is_changed;
}

static void thread_func(struct ir_func *f)
{
	bool is_changed = true;

	/* Each round leads around one more block of a chain of conditions. */
	for (int round = 0; is_changed && round < 8; round++) {
		own_scratch struct ir_scratch scratch = ir_scratch_begin(f->unit);
		struct arena *a = scratch.a;
		bool *is_needed = find_needed(a, f);

		is_changed = false;
		vec_each (b, &f->blocks)
			is_changed |= thread_block(*b, is_needed);
		ir_remove_unreachable(f);
	}
}

void ir_thread(struct ir_unit *u)
{
	vec_each (f, &u->funcs)
		thread_func(*f);
}
