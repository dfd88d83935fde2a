/* Dead code: unused values, unreachable blocks, memory that is written and never read.
 *
 * In: SSA. Out: less of it. Blocks that follow each other without choice are joined.
 * The trick: what writes to a slot nobody reads counts as unused, too. A slot is read if its
 * address goes anywhere but into the address of a write: the rest follows by marking. */
#include "ir/ir.h"

#include <string.h>

#include "bpf/helpers.h"
#include "bpf/insn.h"
#include "ir/pass.h"

struct dead {
	struct ir_func *f;
	bool *is_read;    /* by slot */
	uint8_t *is_live; /* by id */
	vec(struct ir_inst *) work;
};

/* The slot an address is in, or UINT32_MAX. */
static uint32_t slot_of(const struct ir_inst *i)
{
	for (;;) {
		if (i->op == IR_VIEW)
			i = i->args[0];
		else if ((i->op == IR_ADD || i->op == IR_SUB) && i->args[0]->ptr != PTR_NONE)
			i = i->args[0];
		else if (i->op == IR_ADD && i->args[1]->ptr != PTR_NONE)
			i = i->args[1];
		else
			return i->op == IR_SLOT ? i->ref : UINT32_MAX;
	}
}

static bool is_write_only(const struct ir_inst *i)
{
	return i->op == IR_STORE || i->op == IR_ZERO || i->op == IR_COPY || i->op == IR_READ;
}

/* All but: as the address of a write, or as what another address is made from. */
static void find_reads(struct dead *d)
{
	vec_each (b, &d->f->blocks) {
		vec_each (i, &(*b)->insts) {
			for (uint32_t k = 0; k < (*i)->n_args; k++) {
				uint32_t slot = slot_of((*i)->args[k]);

				if (slot == UINT32_MAX || (k == 0 && is_write_only(*i)))
					continue;
				if ((*i)->op == IR_VIEW && (*i)->ptr != PTR_NONE)
					continue;
				if (slot_of(*i) == slot && (*i)->op != IR_VIEW)
					continue;
				d->is_read[slot] = true;
			}
		}
	}
}

/* Does it have to stay though nothing uses its result? */
static bool is_root(const struct dead *d, const struct ir_inst *i)
{
	const struct bpf_helper *h;

	if (i->op == IR_LOAD)
		return i->is_volatile;
	if (!ir_ops[i->op].has_effect)
		return false;
	if (i->op == IR_CALL) {
		h = bpf_helper_find(i->ref);
		return !h || !(h->flags & HELPER_PURE);
	}
	if (is_write_only(i)) {
		uint32_t slot = slot_of(i->args[0]);

		return slot == UINT32_MAX || d->is_read[slot];
	}
	return true;
}

static void mark(struct dead *d, struct arena *a, struct ir_inst *i)
{
	if (d->is_live[i->id])
		return;
	d->is_live[i->id] = 1;
	vec_push(a, &d->work, i);
}

static bool sweep(struct dead *d)
{
	bool is_changed = false;

	vec_each (b, &d->f->blocks) {
		size_t kept = 0;

		for (size_t k = 0; k < (*b)->insts.n; k++) {
			struct ir_inst *i = (*b)->insts.items[k];

			if (d->is_live[i->id])
				(*b)->insts.items[kept++] = i;
		}
		is_changed |= kept != (*b)->insts.n;
		(*b)->insts.n = kept;
	}
	return is_changed;
}

/* An old value nobody wants need not be fetched: that is a cheaper instruction. */
static void drop_fetches(struct dead *d, struct arena *a)
{
	bool *is_used = arena_array(a, bool, d->f->n_insts);

	vec_each (b, &d->f->blocks) {
		vec_each (i, &(*b)->insts) {
			for (uint32_t k = 0; k < (*i)->n_args; k++)
				is_used[(*i)->args[k]->id] = true;
		}
	}
	vec_each (b, &d->f->blocks) {
		vec_each (i, &(*b)->insts) {
			if ((*i)->op == IR_ATOMIC && !is_used[(*i)->id] && (*i)->ref != BPF_XCHG)
				(*i)->ref &= ~(uint32_t)BPF_FETCH;
		}
	}
}

static void dead_func(struct ir_func *f)
{
	bool is_changed = true;

	ir_remove_unreachable(f);
	ir_merge_blocks(f);
	/* A read that goes may leave writes behind that nobody reads. */
	while (is_changed) {
		own_scratch struct ir_scratch scratch = ir_scratch_begin(f->unit);
		struct arena *a = scratch.a;
		struct dead d = {.f = f};

		d.is_read = arena_array(a, bool, f->slots.n + 1);
		d.is_live = arena_array(a, uint8_t, f->n_insts);
		find_reads(&d);
		vec_each (b, &f->blocks) {
			vec_each (i, &(*b)->insts) {
				if (is_root(&d, *i))
					mark(&d, a, *i);
			}
		}
		while (d.work.n) {
			struct ir_inst *i = vec_pop(&d.work);

			for (uint32_t k = 0; k < i->n_args; k++)
				mark(&d, a, i->args[k]);
		}
		is_changed = sweep(&d);
		if (!is_changed)
			drop_fetches(&d, a);
	}
}

void ir_dead(struct ir_unit *u)
{
	vec_each (f, &u->funcs)
		dead_func(*f);
}
