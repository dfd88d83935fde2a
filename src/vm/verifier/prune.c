/* Not walking twice: at places where paths meet, a path ends when a state at least as general was
 * found safe there. Loops end the same way, or by counting to the end; one that comes back to the
 * very same state never does. */
#include "vm/verifier/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { MAX_IDS = 600, MAX_HISTORY = 40 };

enum exactness {
	NOT_EXACT,    /* numbers that decided nothing may differ */
	RANGE_WITHIN, /* each number lies within the old one's range */
	EXACT,
};

/* Ids are names: two states are alike if one naming can be turned into the other. */
struct ids {
	uint32_t next_fresh;
	uint32_t n;
	struct {
		uint32_t old, cur;
	} map[MAX_IDS];
};

static bool same_id(struct ids *ids, uint32_t old, uint32_t cur)
{
	if (!old != !cur)
		return false;
	if (!old)
		return true;
	for (uint32_t k = 0; k < ids->n; k++) {
		if (ids->map[k].old == old)
			return ids->map[k].cur == cur;
		if (ids->map[k].cur == cur)
			return false;
	}
	if (ids->n == MAX_IDS)
		return false;
	ids->map[ids->n].old = old;
	ids->map[ids->n++].cur = cur;
	return true;
}

/* A number without links in the old state may be linked now: that only says more of it. */
static bool same_scalar_id(struct ids *ids, uint32_t old, uint32_t cur)
{
	if (!old)
		old = ++ids->next_fresh;
	if (!cur)
		cur = ++ids->next_fresh;
	return same_id(ids, old, cur);
}

static bool same_pointer(const struct reg *a, const struct reg *b)
{
	return a->kind == b->kind && a->flags == b->flags && a->off == b->off && a->map == b->map &&
	       a->btf == b->btf && a->btf_id == b->btf_id && a->mem_b == b->mem_b &&
	       a->func == b->func && a->frame == b->frame;
}

static bool regs_exact(const struct reg *old, const struct reg *cur, struct ids *ids)
{
	return same_pointer(old, cur) && old->range == cur->range && old->add == cur->add &&
	       old->is_added == cur->is_added && old->is_added32 == cur->is_added32 &&
	       scalar_equal(&old->s, &cur->s) && same_id(ids, old->id, cur->id) &&
	       same_id(ids, old->ref_id, cur->ref_id) && same_id(ids, old->map_uid, cur->map_uid) &&
	       same_id(ids, old->dynptr_id, cur->dynptr_id);
}

static bool reg_safe(const struct reg *old, const struct reg *cur, struct ids *ids,
                     enum exactness e)
{
	if (e == EXACT)
		return regs_exact(old, cur, ids);
	if (old->kind == REG_NOT_INIT)
		return true;
	if (old->kind != cur->kind || old->flags != cur->flags)
		return false;
	switch (old->kind) {
	case REG_SCALAR:
		if (!old->is_precise && e == NOT_EXACT)
			return true;
		if (old->is_added != cur->is_added || old->is_added32 != cur->is_added32 ||
		    old->add != cur->add)
			return false;
		return scalar_holds(&old->s, &cur->s) && same_scalar_id(ids, old->id, cur->id);
	case REG_MAP_KEY:
	case REG_MAP_VALUE:
	case REG_MEM:
	case REG_BUF:
	case REG_TP_BUFFER:
		return same_pointer(old, cur) && scalar_holds(&old->s, &cur->s) &&
		       same_id(ids, old->id, cur->id) && same_id(ids, old->ref_id, cur->ref_id) &&
		       same_id(ids, old->map_uid, cur->map_uid) &&
		       same_id(ids, old->dynptr_id, cur->dynptr_id);
	case REG_PACKET:
	case REG_PACKET_META:
		if (old->range < 0 || cur->range < 0 ? old->range != cur->range
		                                     : old->range > cur->range)
			return false;
		return same_pointer(old, cur) && same_id(ids, old->id, cur->id) &&
		       scalar_holds(&old->s, &cur->s);
	case REG_ARENA:
		return true;
	default:
		return regs_exact(old, cur, ids);
	}
}

/* What a load of the whole slot would give, where that is a number. */
static const struct reg *slot_number_of(const struct slot *s, const struct reg *unknown,
                                        bool is_unprivileged)
{
	if (slot_is_scalar_spill(s)) {
		for (uint32_t k = 1; k < 8; k++) {
			if (s->type[k] != SLOT_SPILL)
				return NULL;
		}
		return &s->reg;
	}
	for (uint32_t k = 0; k < 8; k++) {
		if (s->type[k] != SLOT_MISC && (s->type[k] != SLOT_INVALID || is_unprivileged))
			return NULL;
	}
	return s->type[0] == SLOT_MISC ? unknown : NULL;
}

static bool special_safe(const struct slot *old, const struct slot *cur, struct ids *ids)
{
	return old->dynptr == cur->dynptr && old->is_first == cur->is_first &&
	       old->is_rdonly == cur->is_rdonly && old->iter == cur->iter &&
	       old->reg.btf_id == cur->reg.btf_id && same_id(ids, old->reg.id, cur->reg.id) &&
	       same_id(ids, old->reg.ref_id, cur->reg.ref_id);
}

static bool slot_safe(const struct slot *old, const struct slot *cur, struct ids *ids,
                      enum exactness e, bool is_unprivileged)
{
	static const struct reg unknown = {.kind = REG_SCALAR,
	                                   .s = {.bits = {0, UINT64_MAX},
	                                         .smin = INT64_MIN,
	                                         .smax = INT64_MAX,
	                                         .umax = UINT64_MAX,
	                                         .s32_min = INT32_MIN,
	                                         .s32_max = INT32_MAX,
	                                         .u32_max = UINT32_MAX}};
	const struct reg *a = slot_number_of(old, &unknown, is_unprivileged),
	                 *b = slot_number_of(cur, &unknown, is_unprivileged);

	if (e != EXACT && a && b)
		return reg_safe(a, b, ids, e);
	for (uint32_t k = 0; k < 8; k++) {
		uint8_t o = old->type[k], c = cur->type[k];

		if (e == EXACT ? false : o == SLOT_INVALID)
			continue;
		if (e != EXACT && o == SLOT_MISC && !is_unprivileged) {
			/* Bytes of anything: all but what must not be read as bytes. */
			if (c == SLOT_DYNPTR || c == SLOT_ITER || c == SLOT_IRQ)
				return false;
			continue;
		}
		if (e != EXACT && o == SLOT_MISC && c == SLOT_ZERO)
			continue;
		if (o != c)
			return false;
	}
	if (slot_is_spill(old) && (e == EXACT || slot_is_spill(cur)))
		return reg_safe(&old->reg, &cur->reg, ids, e);
	if (slot_is_special(old))
		return special_safe(old, cur, ids);
	return true;
}

static bool stack_safe(const struct frame *old, const struct frame *cur, struct ids *ids,
                       enum exactness e, bool is_unprivileged)
{
	static const struct slot empty;

	for (uint32_t k = 0; k < old->n_slots; k++) {
		const struct slot *o = &old->slots[k];

		if (e == NOT_EXACT && !(o->live & LIVE_READ) && !slot_is_special(o))
			continue;
		if (!slot_safe(o, k < cur->n_slots ? &cur->slots[k] : &empty, ids, e,
		               is_unprivileged))
			return false;
	}
	for (uint32_t k = old->n_slots; k < cur->n_slots; k++) {
		/* What must be given back is the same in both. */
		if (slot_is_special(&cur->slots[k]))
			return false;
		for (uint32_t b = 0; e == EXACT && b < 8; b++) {
			if (cur->slots[k].type[b] != SLOT_INVALID)
				return false;
		}
	}
	return true;
}

static bool frame_safe(struct verifier *v, const struct frame *old, const struct frame *cur,
                       uint32_t pc, struct ids *ids, enum exactness e)
{
	uint16_t live = v->info[pc].live_in;

	if (old->callback_depth > cur->callback_depth)
		return false;
	for (uint32_t k = 0; k < BPF_REG_10; k++) {
		if ((live & (1u << k)) && !reg_safe(&old->regs[k], &cur->regs[k], ids, e))
			return false;
	}
	return stack_safe(old, cur, ids, e, v->opts->is_unprivileged);
}

static bool refs_safe(const struct state *old, const struct state *cur, struct ids *ids)
{
	if (old->refs.n != cur->refs.n || old->locks != cur->locks || old->rcu != cur->rcu ||
	    old->preempt != cur->preempt || old->is_sleepable != cur->is_sleepable ||
	    !old->irq_id != !cur->irq_id)
		return false;
	if (old->irq_id && !same_id(ids, old->irq_id, cur->irq_id))
		return false;
	for (size_t k = 0; k < old->refs.n; k++) {
		const struct reference *a = &old->refs.items[k], *b = &cur->refs.items[k];

		if (a->kind != b->kind || a->owner != b->owner || !same_id(ids, a->id, b->id))
			return false;
		if ((a->owner_id || b->owner_id) && !same_id(ids, a->owner_id, b->owner_id))
			return false;
	}
	return true;
}

static bool states_equal(struct verifier *v, const struct state *old, const struct state *cur,
                         enum exactness e)
{
	struct ids ids;

	if (old->frame != cur->frame || old->async_entry != cur->async_entry)
		return false;
	ids.n = 0;
	ids.next_fresh = v->ids + 1;
	if (!refs_safe(old, cur, &ids))
		return false;
	for (uint32_t f = 0; f <= old->frame; f++) {
		const struct frame *a = old->frames[f], *b = cur->frames[f];
		uint32_t pc = f == old->frame ? old->pc : old->frames[f + 1]->call_pc;

		if (a->func != b->func || a->call_pc != b->call_pc ||
		    a->is_callback != b->is_callback)
			return false;
		if (!frame_safe(v, a, b, pc, &ids, e))
			return false;
	}
	return true;
}

/* ---- widening ----------------------------------------------------------------------------------
 */

static void widen_reg(const struct reg *old, struct reg *cur)
{
	bool differs = !scalar_equal(&old->s, &cur->s);

	if (old->kind != REG_SCALAR || cur->kind != REG_SCALAR || old->is_precise ||
	    cur->is_precise || !differs)
		return;
	reg_unknown(cur);
}

void widen_scalars(const struct state *old, struct state *st)
{
	for (uint32_t f = 0; f <= old->frame && f <= st->frame; f++) {
		struct frame *a = old->frames[f], *b = st->frames[f];

		for (uint32_t k = 0; k < N_REGS; k++)
			widen_reg(&a->regs[k], &b->regs[k]);
		for (uint32_t k = 0; k < a->n_slots && k < b->n_slots; k++) {
			if (slot_is_scalar_spill(&a->slots[k]) &&
			    slot_is_scalar_spill(&b->slots[k]))
				widen_reg(&a->slots[k].reg, &b->slots[k].reg);
		}
	}
}

/* The newest come first, and those with open branches are on the way here. */
struct state *earlier_here(const struct verifier *v, const struct state *from, uint32_t pc)
{
	for (struct state *st = from ? v->explored[pc] : NULL; st; st = st->next) {
		bool is_same = st != from && st->branches && st->frame == from->frame;

		for (uint32_t f = 1; is_same && f <= st->frame; f++)
			is_same = st->frames[f]->call_pc == from->frames[f]->call_pc;
		if (is_same)
			return st;
	}
	return NULL;
}

/* ---- visiting ----------------------------------------------------------------------------------
 */

/* The states that a path which ends here would have had read, were read on the path before. */
static void propagate_reads(struct verifier *v, const struct state *old)
{
	for (uint32_t f = 0; f <= old->frame; f++) {
		for (uint32_t k = 0; k < old->frames[f]->n_slots; k++) {
			if (old->frames[f]->slots[k].live & LIVE_READ &&
			    k < v->cur->frames[f]->n_slots)
				stack_mark_read(v, f, k);
		}
	}
}

void branch_ended(struct verifier *v, struct state *st)
{
	while (st) {
		struct state *parent = st->parent;

		if (--st->branches)
			return;
		if (st->is_evicted) {
			*(st->prev ? &st->prev->next : &v->evicted) = st->next;
			if (st->next)
				st->next->prev = st->prev;
			v->states--;
			state_free(v, st);
		}
		st = parent;
	}
}

static bool is_open_here(const struct verifier *v, const struct state *st)
{
	for (uint32_t f = 0; f <= st->frame; f++) {
		uint32_t pc = f == st->frame ? st->pc : st->frames[f + 1]->call_pc;

		if (v->info[pc].is_in_open_loop || st->frames[f]->is_callback)
			return true;
	}
	return false;
}

static bool iterations_differ(const struct state *old, const struct state *cur)
{
	for (uint32_t f = 0; f <= cur->frame && f <= old->frame; f++) {
		for (uint32_t k = 0; k < cur->frames[f]->n_slots && k < old->frames[f]->n_slots;
		     k++) {
			const struct slot *a = &old->frames[f]->slots[k],
			                  *b = &cur->frames[f]->slots[k];

			if (a->type[0] == SLOT_ITER && b->type[0] == SLOT_ITER &&
			    a->iter_depth != b->iter_depth)
				return true;
		}
	}
	return false;
}

static bool has_active_iterator(const struct verifier *v, const struct state *st)
{
	const struct reg *r = &st->frames[st->frame]->regs[BPF_REG_1];
	const struct frame *f;
	uint32_t k;

	(void)v;
	if (r->kind != REG_STACK || !scalar_is_const(&r->s))
		return false;
	f = st->frames[r->frame];
	k = (uint32_t)(-(r->off + (int32_t)r->s.bits.value) - 1) / 8;
	return k < f->n_slots && f->slots[k].iter == ITER_ACTIVE;
}

enum match { MATCH_NO, MATCH_YES, MATCH_ENDLESS };

/* Against a state that is still being explored: we are in a loop. */
static enum match match_unfinished(struct verifier *v, const struct state *old, bool *ret_is_plain)
{
	const struct bpf_insn *i = &v->insns[v->pc];
	struct state *cur = v->cur;

	*ret_is_plain = true;
	if (old->async_entry != cur->async_entry)
		return MATCH_NO;
	/* an iterator's next */
	if (v->info[v->pc].is_checkpoint && insn_is_kfunc(i) && !v->info[v->pc].calls_callback) {
		if (states_equal(v, old, cur, RANGE_WITHIN) && has_active_iterator(v, cur))
			return MATCH_YES;
		return MATCH_NO;
	}
	if (insn_is_may_goto(i)) {
		if (old->may_goto_depth != cur->may_goto_depth &&
		    states_equal(v, old, cur, RANGE_WITHIN))
			return MATCH_YES;
	}
	if (v->info[v->pc].calls_callback) {
		if (states_equal(v, old, cur, RANGE_WITHIN))
			return MATCH_YES;
		return MATCH_NO;
	}
	if (old->may_goto_depth == cur->may_goto_depth &&
	    old->callback_depth == cur->callback_depth && !iterations_differ(old, cur) &&
	    states_equal(v, old, cur, EXACT))
		return MATCH_ENDLESS;
	return MATCH_NO;
}

static void forget_precision(struct state *st)
{
	each_reg(st, r, { r->is_precise = false; });
}

static void remember(struct verifier *v)
{
	struct state *cur = v->cur, *st;

	if (!v->opts->is_unprivileged)
		forget_precision(cur);
	st = state_copy(v, cur);
	/* How it came here stays with the state that is kept. */
	st->history.items = cur->history.items;
	st->history.n = cur->history.n;
	st->history.cap = cur->history.cap;
	memset(&cur->history, 0, sizeof(cur->history));
	st->pc = v->pc;
	st->next = v->explored[v->pc];
	v->explored[v->pc] = st;
	cur->parent = st;
	cur->first_pc = v->pc;
	v->states++;
	if (v->states > v->peak_states)
		v->peak_states = v->states;
	v->processed_at_state = v->processed;
	v->jumps_at_state = v->jumps;
	for (uint32_t f = 0; f <= cur->frame; f++) {
		for (uint32_t k = 0; k < cur->frames[f]->n_slots; k++) {
			cur->frames[f]->slots[k].live = 0;
			st->frames[f]->slots[k].live &= LIVE_WRITTEN;
		}
	}
}

int visit(struct verifier *v)
{
	struct state **at = &v->explored[v->pc], *cur = v->cur;
	bool is_forced = v->info[v->pc].is_checkpoint || cur->history.n > MAX_HISTORY ||
	                 (v->p->flags & BPF_F_TEST_STATE_FREQ);
	bool wants_state = is_forced || (v->jumps - v->jumps_at_state >= 2 &&
	                                 v->processed - v->processed_at_state >= 8);

	cur->pc = v->pc;
	cur->last_pc = v->prev_pc;
	while (*at) {
		struct state *old = *at;
		enum match m = MATCH_NO;
		bool is_plain = false;
		uint32_t patience;

		if (old->branches) {
			m = match_unfinished(v, old, &is_plain);
			if (m == MATCH_ENDLESS)
				return refuse(v, WAY_LOOP, "infinite loop detected at insn %u",
				              v->pc);
			/* In a loop that will be counted to its end states are of little use. */
			if (m == MATCH_NO && !is_forced && v->jumps - v->jumps_at_state < 20 &&
			    v->processed - v->processed_at_state < 100)
				wants_state = false;
		} else {
			enum exactness e = v->opts->is_unprivileged || is_open_here(v, cur)
			                       ? RANGE_WITHIN
			                       : NOT_EXACT;

			if (states_equal(v, old, cur, e))
				m = MATCH_YES;
		}
		if (m == MATCH_YES && v->opts->is_exhaustive && !is_open_here(v, cur))
			m = MATCH_NO;
		if (m == MATCH_YES) {
			old->hits++;
			if (v->info[v->pc].is_jump_point)
				push_history(v, (struct history){0});
			propagate_reads(v, old);
			propagate_precision(v, old);
			return 1;
		}
		if (wants_state)
			old->misses++;
		patience = v->info[v->pc].is_checkpoint && old->branches ? 64 : 3;
		if (old->misses > old->hits * patience + patience) {
			*at = old->next;
			if (old->branches) {
				old->is_evicted = true;
				old->prev = NULL;
				old->next = v->evicted;
				if (old->next)
					old->next->prev = old;
				v->evicted = old;
			} else {
				v->states--;
				state_free(v, old);
			}
			continue;
		}
		at = &old->next;
	}
	if (wants_state)
		remember(v);
	if (v->info[v->pc].is_jump_point)
		push_history(v, (struct history){0});
	return 0;
}
