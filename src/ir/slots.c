/* The frame: where slots and spilled registers are, sharing bytes when not alive together.
 *
 * In: machine form after allocation, and the IR it was made from. Out: an offset from r10 for
 * each slot and each spilled register, and the frame's size.
 * The trick: the frame is at most 64 cells of 8 bytes, so who is where when is a bitmap of
 * positions per cell, and placing is a search for cells whose bits are clear.
 *
 * A slot is alive where something may have been written to it and something may still read it.
 * A call that gets its address reads it; an address that is stored or merged with another makes it
 * alive everywhere. */
#include <stdlib.h>
#include <string.h>

#include "bpf/insn.h"
#include "ir/mach.h"

enum { CELL_B = 8, MAX_CELLS = BPF_STACK_B / CELL_B };

struct frame {
	struct m_func *m;
	uint64_t *taken[MAX_CELLS]; /* bit per position; NULL: cell not used so far */
	uint32_t n_words;
	uint32_t n_cells;
	struct touch *touches; /* by block, for one slot at a time */
};

/* What a block does to a slot. */
struct touch {
	uint32_t block;
	uint32_t first, last;   /* positions of the first and behind the last access */
	bool is_any, is_killed; /* killed: the first access overwrites all of it */
	bool is_live_in, is_live_out, reaches_in, reaches_out;
};

/* ---- accesses -------------------------------------------------------------------------- */

/* The slot an address is within, or M_NONE; *ret_off is its distance when known, else -1. */
static uint32_t slot_of(const struct ir_inst *i, int64_t *ret_off)
{
	*ret_off = 0;
	for (;;) {
		if (i->op == IR_VIEW) {
			i = i->args[0];
		} else if (i->op == IR_ADD || i->op == IR_SUB) {
			uint32_t p = i->args[0]->ptr == PTR_NONE &&
			             ir_unview(i->args[0])->op != IR_SLOT && i->op == IR_ADD;

			if (ir_is_const(i->args[!p]) && *ret_off >= 0 && i->op == IR_ADD &&
			    i->args[!p]->imm >= 0)
				*ret_off += i->args[!p]->imm;
			else
				*ret_off = -1;
			i = i->args[p];
		} else {
			return i->op == IR_SLOT ? i->ref : M_NONE;
		}
	}
}

/* Argument k only lends the address for the time of the instruction. */
static bool is_borrowed(const struct ir_inst *i, uint32_t k)
{
	switch (i->op) {
	case IR_LOAD:
	case IR_ZERO:
	case IR_COPY:
	case IR_READ:
	case IR_CALL:
	case IR_CALL_FUNC:
	case IR_CALL_KERNEL:
		return true;
	case IR_STORE:
	case IR_ATOMIC:
	case IR_CMPXCHG:
		return k == 0;
	default:
		return false;
	}
}

/* Passes an address on to its own users, who are looked at themselves. */
static bool is_derived(const struct ir_inst *i)
{
	return i->op == IR_VIEW || i->op == IR_ADD || i->op == IR_SUB || i->op == IR_CMP ||
	       i->op == IR_BRANCH;
}

static int64_t written_bytes(const struct ir_inst *i, uint32_t k)
{
	if (k != 0)
		return 0;
	switch (i->op) {
	case IR_STORE:
		return i->width;
	case IR_ZERO:
	case IR_COPY:
	case IR_READ:
		return i->imm;
	default:
		return 0;
	}
}

/* All that happens to a slot, by blocks in order. Most are used in one block only. */
struct lifetime {
	vec(struct touch) touches;
	bool is_used, is_everywhere;
};

static void touch(struct m_func *m, struct lifetime *lives, uint32_t block, const struct ir_inst *i)
{
	for (uint32_t k = 0; k < i->n_args; k++) {
		int64_t off, ignored;
		uint32_t slot = slot_of(i->args[k], &off);
		struct lifetime *l;
		struct touch *t;
		bool is_whole;

		if (slot == M_NONE)
			continue;
		l = &lives[slot];
		if (is_derived(i)) {
			/* As a mere number nobody can follow it. */
			if (ir_ops[i->op].has_result && i->op != IR_CMP && i->ptr == PTR_NONE)
				l->is_used = l->is_everywhere = true;
			continue;
		}
		l->is_used = true;
		if (!is_borrowed(i, k)) {
			l->is_everywhere = true;
			continue;
		}
		off += i->op == IR_STORE ? i->imm : 0;
		is_whole = off == 0 && written_bytes(i, k) >= m->ir->slots.items[slot].size_b &&
		           !(i->op == IR_COPY && slot_of(i->args[1], &ignored) == slot);
		if (!l->touches.n || vec_last(&l->touches).block != block) {
			t = vec_add(m->a, &l->touches);
			t->block = block;
			t->is_any = true;
			t->first = 2 * m->first_inst[i->id];
			t->is_killed = is_whole;
		}
		t = &vec_last(&l->touches);
		if (k && t->first == 2 * m->first_inst[i->id])
			t->is_killed = false; /* read by the same instruction */
		t->last = 2 * m->last_inst[i->id];
	}
}

/* Both directions to a fixed point, over all blocks. They come in an order close to control
 * flow, so few rounds are needed. */
static void flow(const struct m_func *m, struct touch *touches)
{
	bool is_changed = true;

	while (is_changed) {
		is_changed = false;
		for (uint32_t b = 0; b < m->n_blocks; b++) {
			struct touch *t = &touches[b];
			bool reaches = t->reaches_in;

			vec_each (p, &m->blocks[b].ir->preds)
				reaches |= touches[(*p)->id].reaches_out;
			if (reaches != t->reaches_in || (reaches || t->is_any) != t->reaches_out) {
				t->reaches_in = reaches;
				t->reaches_out = reaches || t->is_any;
				is_changed = true;
			}
		}
		for (uint32_t b = m->n_blocks; b-- > 0;) {
			struct touch *t = &touches[b];
			bool is_out = t->is_live_out, is_in;

			for (int k = 0; k < 2; k++) {
				const struct ir_block *next = m->blocks[b].ir->succ[k];

				is_out |= next && touches[next->id].is_live_in;
			}
			is_in = t->is_any ? !t->is_killed : is_out;
			if (is_out != t->is_live_out || is_in != t->is_live_in) {
				t->is_live_out = is_out;
				t->is_live_in = is_in;
				is_changed = true;
			}
		}
	}
}

/* The positions at which the slot's bytes matter. */
static uint32_t ranges_of(struct frame *f, struct lifetime *l, struct m_range **ret)
{
	struct m_func *m = f->m;
	uint32_t n = 0;

	if (l->is_everywhere || (l->touches.n == 1 && l->touches.items[0].is_killed)) {
		*ret = arena_new(m->a, struct m_range);
		**ret = (struct m_range){0, 2 * (uint32_t)m->insts.n};
		if (!l->is_everywhere)
			**ret =
			    (struct m_range){l->touches.items[0].first, l->touches.items[0].last};
		return 1;
	}
	memset(f->touches, 0, m->n_blocks * sizeof(*f->touches));
	vec_each (t, &l->touches)
		f->touches[t->block] = *t;
	flow(m, f->touches);
	*ret = arena_array(m->a, struct m_range, m->n_blocks);
	for (uint32_t b = 0; b < m->n_blocks; b++) {
		const struct touch *t = &f->touches[b];
		struct m_range r = {t->first, t->last};

		if (t->reaches_in && t->is_live_in)
			r.from = 2 * m->blocks[b].first;
		else if (!t->is_any)
			continue;
		if (t->reaches_out && t->is_live_out)
			r.to = 2 * m->blocks[b].end;
		else if (!t->is_any)
			continue;
		(*ret)[n++] = r;
	}
	return n;
}

/* ---- placing --------------------------------------------------------------------------- */

/* Mask of the bits of word `w` that are in [from, to). */
static uint64_t mask_of(uint32_t w, uint32_t from, uint32_t to)
{
	uint64_t mask = ~0ull;

	if (from > 64 * w)
		mask &= ~0ull << (from - 64 * w);
	if (to < 64 * (w + 1))
		mask &= ~0ull >> (64 * (w + 1) - to);
	return mask;
}

static bool is_clear(const struct frame *f, uint32_t cell, const struct m_range *r, uint32_t n)
{
	const uint64_t *taken = f->taken[cell];

	if (!taken)
		return true;
	for (; n--; r++) {
		for (uint32_t w = r->from / 64; 64 * w < r->to; w++) {
			if (taken[w] & mask_of(w, r->from, r->to))
				return false;
		}
	}
	return true;
}

static void set_taken(struct frame *f, uint32_t cell, const struct m_range *r, uint32_t n)
{
	if (!f->taken[cell])
		f->taken[cell] = arena_array(f->m->a, uint64_t, f->n_words);
	for (; n--; r++) {
		for (uint32_t w = r->from / 64; 64 * w < r->to; w++)
			f->taken[cell][w] |= mask_of(w, r->from, r->to);
	}
}

/* Find room for n_cells in a row at or above cell `low`; returns the first, or -1. */
static int find_room(const struct frame *f, uint32_t n_cells, const struct m_range *r, uint32_t n)
{
	uint32_t run = 0;

	for (uint32_t cell = 0; cell < MAX_CELLS; cell++) {
		run = is_clear(f, cell, r, n) ? run + 1 : 0;
		if (run == n_cells)
			return (int)(cell + 1 - n_cells);
	}
	return -1;
}

/* Returns the offset from r10, or 0 when there is no room. */
static int32_t place(struct frame *f, uint32_t size_b, const struct m_range *r, uint32_t n,
                     int preferred)
{
	uint32_t n_cells = (size_b + CELL_B - 1) / CELL_B;
	int at = preferred;

	if (n_cells > MAX_CELLS)
		return 0;
	if (at < 0 || !is_clear(f, (uint32_t)at, r, n))
		at = find_room(f, n_cells, r, n);
	if (at < 0)
		return 0;
	for (uint32_t k = 0; k < n_cells; k++)
		set_taken(f, (uint32_t)at + k, r, n);
	if ((uint32_t)at + n_cells > f->n_cells)
		f->n_cells = (uint32_t)at + n_cells;
	return -(int32_t)(((uint32_t)at + n_cells) * CELL_B);
}

/* Largest first: what is small fits into the gaps. */
static int by_size(const void *x, const void *y)
{
	const uint64_t *a = x, *b = y;

	return *a < *b ? 1 : *a > *b ? -1 : 0;
}

static void place_slots(struct frame *f)
{
	struct m_func *m = f->m;
	size_t n_slots = m->ir->slots.n;
	struct lifetime *lives = arena_array(m->a, struct lifetime, n_slots);
	uint64_t *order = arena_array(m->a, uint64_t, n_slots);
	struct m_range *ranges;

	f->touches = arena_array(m->a, struct touch, m->n_blocks);
	for (uint32_t b = 0; b < m->n_blocks; b++) {
		vec_each (i, &m->blocks[b].ir->insts)
			touch(m, lives, b, *i);
	}
	for (uint32_t s = 0; s < n_slots; s++)
		order[s] = (uint64_t)m->ir->slots.items[s].size_b << 32 | (UINT32_MAX - s);
	qsort(order, n_slots, sizeof(*order), by_size);
	for (size_t k = 0; k < n_slots; k++) {
		uint32_t s = UINT32_MAX - (uint32_t)order[k], n;

		if (!lives[s].is_used || !m->ir->slots.items[s].size_b)
			continue;
		n = ranges_of(f, &lives[s], &ranges);
		m->slot_off[s] = place(f, m->ir->slots.items[s].size_b, ranges, n, -1);
		if (!m->slot_off[s]) {
			m->is_too_big = true;
			return;
		}
	}
}

static uint32_t web_of(const struct m_func *m, uint32_t reg)
{
	while (m->regs.items[reg].web != reg)
		reg = m->regs.items[reg].web;
	return reg;
}

/* Registers that meet in a PHI share a cell if they can: the PHI then moves nothing. */
static void place_registers(struct frame *f)
{
	struct m_func *m = f->m;
	int8_t *cell_of_web = arena_array(m->a, int8_t, m->regs.n); /* 1 + cell */

	for (uint32_t r = M_FIRST; r < m->regs.n && !m->is_too_big; r++) {
		struct m_reg *reg = &m->regs.items[r];
		uint32_t web = web_of(m, r);

		if (!reg->is_spilled || reg->is_const)
			continue;
		reg->cell = place(f, CELL_B, reg->ranges, reg->n_ranges, cell_of_web[web] - 1);
		if (!reg->cell)
			m->is_too_big = true;
		else
			cell_of_web[web] = (int8_t)(-reg->cell / CELL_B);
	}
}

void m_place_slots(struct m_func *m)
{
	struct frame f = {.m = m, .n_words = (uint32_t)(2 * m->insts.n / 64 + 1)};

	m->slot_off = arena_array(m->a, int32_t, m->ir->slots.n);
	place_slots(&f);
	place_registers(&f);
	m->frame_b = f.n_cells * CELL_B;
}
