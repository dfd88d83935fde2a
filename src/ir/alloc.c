/* Register allocation: linear scan over r0..r9 with splitting (Wimmer and Franz, "Linear Scan
 * Register Allocation on SSA Form", CGO 2010).
 *
 * In: lives (liveness.c). Out: each life cut into pieces, each piece at home in a register or in
 * memory. Moves between pieces are put in by emit.c.
 * The trick: calls take r0..r5 away for the one position after they have read their arguments.
 * What lives across a call finds only r6..r9 free for all its life and goes there from the start;
 * what ends at the call as an argument stays in the register it is passed in. A value that was ever
 * sent to memory is stored once, where it is set, so sending it there later costs nothing; what
 * is cheap to make anew is never stored. */
#include <assert.h>

#include "ir/mach.h"

struct alloc {
	struct m_func *m;
	vec(struct m_life *) waiting;  /* a heap: earliest start first */
	vec(struct m_life *) active;   /* in a register at the current position */
	vec(struct m_life *) inactive; /* have a register, but a hole at the current position */
	uint32_t fixed_at[M_N_REGS];   /* first range of fixed[r] that is not past */
	uint32_t *block_of;            /* by instruction */
	uint32_t now;
	vec(struct m_life *) batch; /* being given homes: they all start now */
};

#define NEVER UINT32_MAX

static uint32_t start_of(const struct m_life *l)
{
	return l->ranges[0].from;
}

static uint32_t end_of(const struct m_life *l)
{
	return l->ranges[l->n_ranges - 1].to;
}

/* ---- the waiting heap ------------------------------------------------------------------ */

static bool is_before(const struct m_life *x, const struct m_life *y)
{
	if (start_of(x) != start_of(y))
		return start_of(x) < start_of(y);
	return x->reg < y->reg;
}

static void push_waiting(struct alloc *a, struct m_life *l)
{
	size_t at = a->waiting.n;

	vec_push(a->m->a, &a->waiting, l);
	while (at && is_before(l, a->waiting.items[(at - 1) / 2])) {
		a->waiting.items[at] = a->waiting.items[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	a->waiting.items[at] = l;
}

static struct m_life *pop_waiting(struct alloc *a)
{
	struct m_life *first = a->waiting.items[0], *l = vec_pop(&a->waiting);
	size_t at = 0, n = a->waiting.n;

	while (2 * at + 1 < n) {
		size_t child = 2 * at + 1;

		if (child + 1 < n &&
		    is_before(a->waiting.items[child + 1], a->waiting.items[child]))
			child++;
		if (!is_before(a->waiting.items[child], l))
			break;
		a->waiting.items[at] = a->waiting.items[child];
		at = child;
	}
	if (n)
		a->waiting.items[at] = l;
	return first;
}

/* ---- ranges and uses ------------------------------------------------------------------- */

/* The first position that both have, or NEVER. Ranges before the cursors are past. */
static uint32_t meeting(const struct m_range *x, uint32_t n_x, const struct m_range *y,
                        uint32_t n_y)
{
	uint32_t i = 0, j = 0;

	while (i < n_x && j < n_y) {
		if (x[i].to <= y[j].from)
			i++;
		else if (y[j].to <= x[i].from)
			j++;
		else
			return x[i].from > y[j].from ? x[i].from : y[j].from;
	}
	return NEVER;
}

static uint32_t meeting_of(const struct m_life *l, const struct m_life *current)
{
	return meeting(l->ranges + l->cursor, l->n_ranges - l->cursor, current->ranges,
	               current->n_ranges);
}

static uint32_t meeting_fixed(const struct alloc *a, int r, const struct m_life *current)
{
	const struct m_life *f = &a->m->fixed[r];
	uint32_t at = a->fixed_at[r];

	return meeting(f->ranges + at, f->n_ranges - at, current->ranges, current->n_ranges);
}

/* Index of the first use at or after `at`. */
static uint32_t first_use(const struct m_life *l, uint32_t at)
{
	uint32_t low = 0, high = l->n_uses;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (l->uses[mid].at < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static uint32_t next_use(const struct m_life *l, uint32_t at)
{
	uint32_t u = first_use(l, at);

	return u < l->n_uses ? l->uses[u].at : end_of(l);
}

static uint32_t next_must(const struct m_life *l, uint32_t at)
{
	for (uint32_t u = first_use(l, at); u < l->n_uses; u++) {
		if (l->uses[u].must_be_reg)
			return l->uses[u].at;
	}
	return NEVER;
}

/* ---- splitting
 * ----------------------------------------------------------------------------------- */

/* Cut `l` at a position inside it (or in one of its holes); returns the later piece. The earlier
 * one copies the ranges it keeps, as it is the shorter one in a long life cut often. */
static struct m_life *split(struct alloc *a, struct m_life *l, uint32_t at)
{
	struct m_life *tail = arena_new(a->m->a, struct m_life);
	uint32_t k = 0, u = first_use(l, at);
	bool is_inside;

	assert(at > start_of(l) && at < end_of(l));
	k = l->cursor && l->ranges[l->cursor - 1].to <= at ? l->cursor : 0;
	while (l->ranges[k].to <= at)
		k++;
	is_inside = l->ranges[k].from < at;
	*tail = *l;
	tail->ranges = l->ranges + k;
	tail->n_ranges = l->n_ranges - k;
	tail->cursor = 0;
	tail->home = M_IN_MEMORY;
	tail->uses = l->uses + u;
	tail->n_uses = l->n_uses - u;
	l->ranges = arena_memdup(a->m->a, l->ranges, (k + 1) * sizeof(struct m_range));
	l->n_ranges = k + is_inside;
	if (is_inside) {
		l->ranges[k].to = at;
		tail->ranges[0].from = at;
	}
	l->n_uses = u;
	l->next = tail;
	return tail;
}

/* The best place to cut between two positions: the start of the block least deep in loops, the
 * latest of those; `high` itself when both are in one block. Even, so that a move fits there. */
static uint32_t best_cut(const struct alloc *a, uint32_t low, uint32_t high)
{
	uint32_t from, to, depth, best;

	high &= ~1u;
	low = (low + 1) & ~1u;
	if (low >= high)
		return high;
	from = a->block_of[low / 2];
	to = a->block_of[high / 2];
	if (from == to)
		return high;
	best = high;
	depth = a->m->blocks[to].depth;
	for (uint32_t b = to; b > from && to - b < 256; b--) {
		if (a->m->blocks[b].depth < depth) {
			depth = a->m->blocks[b].depth;
			best = 2 * a->m->blocks[b].first;
		}
	}
	return best;
}

/* From its start on, `l` is in memory; before it must be in a register again, a new piece
 * begins that waits for one. */
static void send_to_memory(struct alloc *a, struct m_life *l)
{
	uint32_t must = next_must(l, start_of(l)), at;

	l->home = M_IN_MEMORY;
	a->m->regs.items[l->reg].home_now = M_IN_MEMORY;
	a->m->regs.items[l->reg].is_spilled = true;
	if (must == NEVER)
		return;
	at = best_cut(a, start_of(l) + 1, must);
	assert(at > start_of(l));
	push_waiting(a, split(a, l, at));
}

/* ---- choosing
 * ------------------------------------------------------------------------------------ */

static uint32_t web_of(struct m_func *m, uint32_t reg)
{
	while (m->regs.items[reg].web != reg) {
		m->regs.items[reg].web = m->regs.items[m->regs.items[reg].web].web;
		reg = m->regs.items[reg].web;
	}
	return reg;
}

static void join_webs(struct m_func *m, uint32_t x, uint32_t y)
{
	if (x >= M_FIRST && y >= M_FIRST)
		m->regs.items[web_of(m, x)].web = web_of(m, y);
}

/* Which registers would save a move, best first; returns how many. */
static int hints_of(struct alloc *a, const struct m_life *l, int ret[5])
{
	struct m_reg *regs = a->m->regs.items, *r = &regs[l->reg];
	int n = 0, home;

	if (l == r->life && r->copy_of != M_NONE) {
		home = r->copy_of < M_FIRST ? (int)r->copy_of : regs[r->copy_of].home_now;
		if (home >= 0)
			ret[n++] = home;
	}
	if (r->feeds != M_NONE && regs[r->feeds].home_now >= 0)
		ret[n++] = regs[r->feeds].home_now;
	home = regs[web_of(a->m, l->reg)].web_home;
	if (home >= 0)
		ret[n++] = home;
	if (r->want >= 0)
		ret[n++] = r->want;
	return n;
}

static void settle(struct alloc *a, struct m_life *l, int home)
{
	l->home = (int8_t)home;
	a->m->regs.items[l->reg].home_now = (int8_t)home;
	a->m->regs.items[web_of(a->m, l->reg)].web_home = (int8_t)home;
	vec_push(a->m->a, &a->active, l);
}

/* Give `l` a register that is free for all of its life, or at least for its beginning. */
static bool take_free(struct alloc *a, struct m_life *l)
{
	uint32_t until[M_N_REGS], cut;
	int hints[5], n_hints, best = 0, first;

	for (int r = 0; r < M_N_REGS; r++)
		until[r] = meeting_fixed(a, r, l);
	vec_each (other, &a->active)
		until[(*other)->home] = 0;
	vec_each (other, &a->inactive) {
		uint32_t at = until[(*other)->home];

		if ((*other)->ranges[(*other)->cursor].from >= end_of(l) || !at)
			continue;
		at = meeting_of(*other, l);
		if (at < until[(*other)->home])
			until[(*other)->home] = at;
	}
	n_hints = hints_of(a, l, hints);
	for (int k = 0; k < n_hints; k++) {
		if (until[hints[k]] >= end_of(l)) {
			settle(a, l, hints[k]);
			return true;
		}
	}
	/* Of those free long enough the lowest, which calls take; but the lowest that survives
	 * calls for what is to be copied to a value that has to. Else the one free longest. */
	first = a->m->regs.items[web_of(a->m, l->reg)].web_calls ? M_CLOBBERED : 0;
	for (int k = 0; k < M_N_REGS; k++) {
		int r = (first + k) % M_N_REGS;
		bool is_enough = until[r] >= end_of(l), was_enough = until[best] >= end_of(l);

		if (!k || (!was_enough && (is_enough || until[r] > until[best])))
			best = r;
	}
	if (until[best] >= end_of(l)) {
		settle(a, l, best);
		return true;
	}
	for (int k = n_hints; k-- > 0;) {
		if (until[hints[k]] >= (until[best] & ~1u))
			best = hints[k];
	}
	if ((until[best] & ~1u) <= start_of(l))
		return false;
	/* After the last use that can still be served from here, if there is one. */
	cut = first_use(l, until[best] & ~1u);
	if (!cut)
		return false;
	cut = best_cut(a, l->uses[cut - 1].at + 1, until[best]);
	if (cut <= start_of(l))
		return false;
	push_waiting(a, split(a, l, cut));
	settle(a, l, best);
	return true;
}

/* Remove `l` from its register from now on. */
static void evict(struct alloc *a, struct m_life *l)
{
	if (start_of(l) < a->now)
		l = split(a, l, a->now);
	/* In a hole it has time to find another register. */
	if (start_of(l) > a->now)
		push_waiting(a, l);
	else
		send_to_memory(a, l);
}

static void evict_from(struct alloc *a, int home, const struct m_life *l)
{
	size_t kept = 0;

	for (size_t k = 0; k < a->active.n; k++) {
		struct m_life *other = a->active.items[k];

		if (other->home == home)
			evict(a, other);
		else
			a->active.items[kept++] = other;
	}
	a->active.n = kept;
	kept = 0;
	for (size_t k = 0; k < a->inactive.n; k++) {
		struct m_life *other = a->inactive.items[k];

		if (other->home == home && meeting_of(other, l) != NEVER)
			evict(a, other);
		else
			a->inactive.items[kept++] = other;
	}
	a->inactive.n = kept;
}

/* How far away is the harm of sending it to memory? Making a constant anew hurts little. */
static uint32_t harm_at(const struct alloc *a, const struct m_life *l)
{
	uint32_t at = next_use(l, a->now);

	return a->m->regs.items[l->reg].is_const && at > a->now ? at + 1000 : at;
}

/* No register is free: the life whose next use is farthest away goes to memory. */
static void take_occupied(struct alloc *a, struct m_life *l)
{
	uint32_t needed[M_N_REGS], blocked[M_N_REGS], must = next_must(l, start_of(l)), mine;
	int best = -1;

	if (must == NEVER) {
		send_to_memory(a, l);
		return;
	}
	for (int r = 0; r < M_N_REGS; r++)
		needed[r] = blocked[r] = meeting_fixed(a, r, l);
	vec_each (other, &a->active) {
		uint32_t at = harm_at(a, *other);

		if (at < needed[(*other)->home])
			needed[(*other)->home] = at;
	}
	vec_each (other, &a->inactive) {
		uint32_t at = harm_at(a, *other);

		if (at < needed[(*other)->home] && meeting_of(*other, l) != NEVER)
			needed[(*other)->home] = at;
	}
	for (int r = 0; r < M_N_REGS; r++) {
		/* There has to be room for at least one use. */
		if ((blocked[r] & ~1u) > start_of(l) && (best < 0 || needed[r] > needed[best]))
			best = r;
	}
	mine = harm_at(a, l);
	if (must > start_of(l) && (best < 0 || needed[best] <= mine)) {
		send_to_memory(a, l);
		return;
	}
	assert(best >= 0 && needed[best] > start_of(l));
	if (blocked[best] < end_of(l)) {
		uint32_t last = first_use(l, blocked[best] & ~1u);

		last = last ? l->uses[last - 1].at + 1 : start_of(l) + 1;
		push_waiting(a, split(a, l, best_cut(a, last, blocked[best])));
	}
	evict_from(a, best, l);
	settle(a, l, best);
}

/* Bring the sets to position `now`. */
static void advance(struct alloc *a)
{
	size_t n_active = a->active.n, n_inactive = a->inactive.n, kept = 0;

	for (int r = 0; r < M_N_REGS; r++) {
		const struct m_life *f = &a->m->fixed[r];

		while (a->fixed_at[r] < f->n_ranges && f->ranges[a->fixed_at[r]].to <= a->now)
			a->fixed_at[r]++;
	}
	/* What becomes inactive is appended behind the inactive ones looked at below. */
	for (size_t k = 0; k < n_active; k++) {
		struct m_life *l = a->active.items[k];

		while (l->cursor < l->n_ranges && l->ranges[l->cursor].to <= a->now)
			l->cursor++;
		if (l->cursor == l->n_ranges)
			continue;
		if (l->ranges[l->cursor].from > a->now)
			vec_push(a->m->a, &a->inactive, l);
		else
			a->active.items[kept++] = l;
	}
	a->active.n = kept;
	kept = 0;
	for (size_t k = 0; k < a->inactive.n; k++) {
		struct m_life *l = a->inactive.items[k];

		if (k < n_inactive && l->ranges[l->cursor].from <= a->now) {
			while (l->cursor < l->n_ranges && l->ranges[l->cursor].to <= a->now)
				l->cursor++;
			if (l->cursor == l->n_ranges)
				continue;
			if (l->ranges[l->cursor].from <= a->now) {
				vec_push(a->m->a, &a->active, l);
				continue;
			}
		}
		a->inactive.items[kept++] = l;
	}
	a->inactive.n = kept;
}

/* ---- affinities
 * ---------------------------------------------------------------------------------- */

/* Backwards, so that what a register is needed in next is seen last and counts. */
static void find_hints(struct m_func *m)
{
	for (size_t at = m->insts.n; at-- > 0;) {
		const struct m_inst *i = &m->insts.items[at];

		for (uint32_t k = 0; k < i->n_args; k++) {
			if (i->args[k].reg != M_NONE)
				m->regs.items[i->args[k].reg].want =
				    (int8_t)(i->op == M_RET ? 0 : k + 1);
		}
		if (i->op != M_MOV && i->op != M_MOVX)
			continue;
		if (i->dst < M_FIRST) {
			m->regs.items[i->a].want = (int8_t)i->dst;
			continue;
		}
		m->regs.items[i->dst].copy_of = i->a;
		if (i->a >= M_FIRST) {
			join_webs(m, i->dst, i->a);
			if (m->regs.items[i->dst].want >= 0)
				m->regs.items[i->a].want = m->regs.items[i->dst].want;
		}
	}
	for (uint32_t b = 0; b < m->n_blocks; b++) {
		vec_each (phi, &m->blocks[b].phis) {
			struct m_reg *dst = &m->regs.items[phi->dst];

			for (uint32_t k = 0; k < m->blocks[b].ir->preds.n; k++) {
				uint32_t arg = phi->args[k].reg;

				if (arg == M_NONE)
					continue;
				join_webs(m, phi->dst, arg);
				m->regs.items[arg].feeds = phi->dst;
				if (m->blocks[b].ir->preds.items[k]->id < b)
					dst->copy_of = arg;
			}
		}
	}
}

/* Index of the first range that ends behind `at`. */
static uint32_t range_after(const struct m_life *l, uint32_t at)
{
	uint32_t low = 0, high = l->n_ranges;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (l->ranges[mid].to <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Mark the webs that have a member alive across a call. */
static void find_web_calls(struct m_func *m)
{
	/* r5 is taken by calls, and by a fifth parameter's arrival. */
	const struct m_life *calls = &m->fixed[M_CLOBBERED - 1];

	for (uint32_t r = M_FIRST; r < m->regs.n; r++) {
		const struct m_life *l = m->regs.items[r].life;
		bool lives_across = false;

		for (uint32_t k = 0; l && k < l->n_ranges && !lives_across; k++) {
			uint32_t call = range_after(calls, l->ranges[k].from);

			lives_across =
			    call < calls->n_ranges && calls->ranges[call].from < l->ranges[k].to;
		}
		if (lives_across)
			m->regs.items[web_of(m, r)].web_calls = true;
	}
}

static void collect_pieces(struct m_func *m)
{
	for (uint32_t r = M_FIRST; r < m->regs.n; r++) {
		struct m_reg *reg = &m->regs.items[r];
		uint32_t n = 0;

		for (struct m_life *l = reg->life; l; l = l->next)
			n++;
		reg->pieces = arena_array(m->a, struct m_life *, n);
		reg->n_pieces = n;
		n = 0;
		for (struct m_life *l = reg->life; l; l = l->next)
			reg->pieces[n++] = l;
	}
}

int m_home_at(const struct m_func *m, uint32_t reg, uint32_t at)
{
	const struct m_reg *r = &m->regs.items[reg];
	uint32_t low = 0, high = r->n_pieces;

	if (reg < M_FIRST)
		return (int)reg;
	/* The last piece that starts at or before it. */
	while (high - low > 1) {
		uint32_t mid = (low + high) / 2;

		if (start_of(r->pieces[mid]) <= at)
			low = mid;
		else
			high = mid;
	}
	return r->pieces[low]->home;
}

/* All lives that start at one place, as PHIs of a block do: those first that know where they would
 * like to be, so that the others do not sit there. */
static void allocate_next(struct alloc *a)
{
	int ignored[5];

	a->batch.n = 0;
	a->now = start_of(a->waiting.items[0]);
	while (a->waiting.n && start_of(a->waiting.items[0]) == a->now)
		vec_push(a->m->a, &a->batch, pop_waiting(a));
	advance(a);
	for (int hinted = 1; hinted >= 0; hinted--) {
		for (size_t k = 0; k < a->batch.n; k++) {
			struct m_life *l = a->batch.items[k];

			if (!l || (hinted && a->batch.n > 1 && !hints_of(a, l, ignored)))
				continue;
			a->batch.items[k] = NULL;
			if (!take_free(a, l))
				take_occupied(a, l);
		}
	}
}

void m_allocate(struct m_func *m)
{
	struct alloc a = {.m = m};

	a.block_of = arena_array(m->a, uint32_t, m->insts.n + 1);
	for (uint32_t b = 0; b < m->n_blocks; b++) {
		for (uint32_t i = m->blocks[b].first; i < m->blocks[b].end; i++)
			a.block_of[i] = b;
	}
	a.block_of[m->insts.n] = m->n_blocks - 1;
	find_hints(m);
	find_web_calls(m);
	for (uint32_t r = M_FIRST; r < m->regs.n; r++) {
		if (m->regs.items[r].life)
			push_waiting(&a, m->regs.items[r].life);
	}
	while (a.waiting.n)
		allocate_next(&a);
	collect_pieces(m);
}
