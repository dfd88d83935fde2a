/* Value numbering: the same pure value is computed once.
 *
 * In: SSA. Out: SSA in which no instruction repeats a value that a dominating one has.
 * The trick: blocks are visited in preorder of the dominator tree, so an entry of the hash table
 * that does not dominate the block at hand never will again and is simply overwritten.
 *
 * Loads: from the context any time, as it does not change (unless the program writes to it; and
 * pointers to the packet die with calls that move it). From elsewhere only within a block and with
 * nothing in between that may write. Helpers whose result cannot change within one run
 * (helpers.def) count as pure. */
#include "ir/ir.h"

#include <string.h>

#include "bpf/helpers.h"
#include "ir/pass.h"

struct table {
	struct ir_inst **slots;
	uint32_t mask;
	struct ir_cfg *cfg;
	uint32_t *epoch_of; /* by id: how many writes went before, for loads */
	uint32_t epoch;
	bool is_context_written;
};

/* Is it a load that gives the same whenever it is done? */
static bool is_constant(const struct table *t, const struct ir_inst *i)
{
	return i->args[0]->ptr == PTR_CTX && !t->is_context_written && i->ptr != PTR_PACKET &&
	       i->ptr != PTR_PACKET_END;
}

static bool writes_context(const struct ir_func *f)
{
	vec_each (b, &f->blocks) {
		vec_each (i, &(*b)->insts) {
			if ((*i)->op == IR_STORE && (*i)->args[0]->ptr == PTR_CTX)
				return true;
		}
	}
	return false;
}

static bool is_pure_call(const struct ir_inst *i)
{
	const struct bpf_helper *h = i->op == IR_CALL ? bpf_helper_find(i->ref) : NULL;

	return h && (h->flags & HELPER_PURE);
}

static bool can_number(const struct ir_inst *i)
{
	if (i->op == IR_LOAD)
		return !i->is_volatile;
	if (i->op == IR_PHI)
		return false;
	return is_pure_call(i) || (ir_ops[i->op].has_result && !ir_ops[i->op].has_effect);
}

static bool may_write(const struct ir_inst *i)
{
	return ir_ops[i->op].has_effect && !ir_is_terminator(i) && !is_pure_call(i);
}

static uint32_t mix(uint32_t h, uint64_t x)
{
	uint64_t y = (h ^ x) * 0x9e3779b97f4a7c15ull;

	return (uint32_t)(y >> 32);
}

static bool is_swappable(const struct ir_inst *i)
{
	return i->op == IR_ADD || i->op == IR_MUL || i->op == IR_AND || i->op == IR_OR ||
	       i->op == IR_XOR;
}

static uint32_t hash(const struct ir_inst *i)
{
	uint32_t h = mix(i->op, (uint64_t)i->imm);

	h = mix(h, (uint64_t)i->ref << 32 | (uint64_t)i->ptr << 16 | (uint64_t)i->cond << 8 |
	               (uint64_t)i->width << 1 | i->is_signed);
	if (is_swappable(i))
		return mix(h, (uint64_t)i->args[0]->id + i->args[1]->id);
	for (uint32_t k = 0; k < i->n_args; k++)
		h = mix(h, i->args[k]->id);
	return h;
}

static bool is_same(const struct table *t, const struct ir_inst *x, const struct ir_inst *y)
{
	if (x->op != y->op || x->imm != y->imm || x->ref != y->ref || x->ptr != y->ptr ||
	    x->cond != y->cond || x->width != y->width || x->is_signed != y->is_signed ||
	    x->n_args != y->n_args)
		return false;
	if (x->op == IR_LOAD && !is_constant(t, x) &&
	    (x->block != y->block || t->epoch_of[x->id] != t->epoch_of[y->id]))
		return false;
	/* A masked value that lives on past a branch on it doubles the verifier's states with every
	 * bit that is tested; making it again costs one instruction. */
	if (x->op == IR_AND && x->block != y->block)
		return false;
	if (is_swappable(x) && x->args[0] == y->args[1] && x->args[1] == y->args[0])
		return true;
	for (uint32_t k = 0; k < x->n_args; k++) {
		if (x->args[k] != y->args[k])
			return false;
	}
	return true;
}

/* The earlier equal of `i`, or `i` after taking it in. */
static struct ir_inst *find(struct table *t, struct ir_inst *i)
{
	uint32_t at = hash(i) & t->mask;

	if (i->op == IR_LOAD)
		t->epoch_of[i->id] = t->epoch;
	for (; t->slots[at]; at = (at + 1) & t->mask) {
		if (!is_same(t, t->slots[at], i))
			continue;
		if (ir_dominates(t->cfg, t->slots[at]->block, i->block))
			return t->slots[at];
		break;
	}
	t->slots[at] = i;
	return i;
}

static void number_func(struct ir_func *f)
{
	own_scratch struct ir_scratch scratch = ir_scratch_begin(f->unit);
	struct arena *a = scratch.a;
	struct ir_replace r;
	struct ir_block **order;
	struct table t = {0};

	ir_remove_unreachable(f);
	t.cfg = ir_cfg_create(a, f);
	t.is_context_written = writes_context(f);
	r = ir_replace_create(a, f);
	order = ir_dom_preorder(a, t.cfg);
	t.mask = 15;
	while (t.mask < 2 * f->n_insts)
		t.mask = 2 * t.mask + 1;
	t.slots = arena_array(a, struct ir_inst *, t.mask + 1);
	t.epoch_of = arena_array(a, uint32_t, f->n_insts);
	for (uint32_t k = 0; k < t.cfg->n_rpo; k++) {
		struct ir_block *b = order[k];
		size_t kept = 0;

		for (size_t at = 0; at < b->insts.n; at++) {
			struct ir_inst *i = b->insts.items[at];

			for (uint32_t arg = 0; arg < i->n_args; arg++)
				i->args[arg] = ir_replaced(&r, i->args[arg]);
			t.epoch += may_write(i);
			if (can_number(i)) {
				struct ir_inst *same = find(&t, i);

				if (same != i) {
					r.by[i->id] = same;
					continue;
				}
			}
			b->insts.items[kept++] = i;
		}
		b->insts.n = kept;
	}
	ir_replace_all(f, &r);
}

void ir_number(struct ir_unit *u)
{
	vec_each (f, &u->funcs)
		number_func(*f);
}
