/* States: what is known at one place on one path. Each is a few kilobytes and there may be a
 * hundred thousand, so freed ones are kept for the next. */
#include "vm/verifier/state.h"

#include <stdlib.h>
#include <string.h>

void reg_unknown(struct reg *r)
{
	*r = (struct reg){.kind = REG_SCALAR, .s = scalar_unknown};
}

void reg_set(struct reg *r, uint64_t value)
{
	*r = (struct reg){.kind = REG_SCALAR, .s = scalar_const(value)};
}

void reg_forget(struct reg *r)
{
	*r = (struct reg){.kind = REG_NOT_INIT, .s = scalar_unknown};
}

void reg_pointer(struct reg *r, enum reg_kind kind, uint32_t flags)
{
	*r = (struct reg){.kind = kind, .flags = flags, .s = scalar_const(0)};
}

static void *must_alloc(size_t size_b)
{
	void *p = calloc(1, size_b);

	if (!p)
		abort(); /* as the arena does: no caller could go on */
	return p;
}

struct frame *frame_create(struct verifier *v, uint32_t func, uint32_t call_pc)
{
	struct frame *f = must_alloc(sizeof(*f));

	f->func = func;
	f->call_pc = call_pc;
	f->call_id = ++v->call_ids;
	for (uint32_t i = 0; i < N_REGS; i++)
		reg_forget(&f->regs[i]);
	reg_pointer(&f->regs[BPF_REG_10], REG_STACK, 0);
	return f;
}

void frame_free(struct verifier *v, struct frame *f)
{
	(void)v;
	if (!f)
		return;
	free(f->slots);
	free(f);
}

void frame_grow(struct frame *f, uint32_t n_slots)
{
	if (n_slots <= f->n_slots)
		return;
	f->slots = realloc(f->slots, n_slots * sizeof(*f->slots));
	if (!f->slots)
		abort();
	memset(f->slots + f->n_slots, 0, (n_slots - f->n_slots) * sizeof(*f->slots));
	for (uint32_t i = f->n_slots; i < n_slots; i++)
		reg_forget(&f->slots[i].reg);
	f->n_slots = n_slots;
}

static struct frame *frame_copy(const struct frame *from)
{
	struct frame *f = must_alloc(sizeof(*f));

	*f = *from;
	f->slots = NULL;
	if (f->n_slots) {
		f->slots = malloc(f->n_slots * sizeof(*f->slots));
		if (!f->slots)
			abort();
		memcpy(f->slots, from->slots, f->n_slots * sizeof(*f->slots));
	}
	return f;
}

struct state *state_create(struct verifier *v)
{
	struct state *st = v->spare;

	if (!st)
		return must_alloc(sizeof(*st));
	v->spare = st->next;
	memset(st, 0, sizeof(*st));
	return st;
}

struct state *state_copy(struct verifier *v, const struct state *from)
{
	struct state *st = state_create(v);

	*st = *from;
	memset(&st->history, 0, sizeof(st->history));
	memset(&st->refs, 0, sizeof(st->refs));
	if (from->refs.n) {
		vec_reserve(NULL, &st->refs, from->refs.n);
		memcpy(st->refs.items, from->refs.items, from->refs.n * sizeof(*st->refs.items));
		st->refs.n = from->refs.n;
	}
	for (uint32_t i = 0; i <= from->frame; i++)
		st->frames[i] = frame_copy(from->frames[i]);
	for (uint32_t i = from->frame + 1; i < MAX_FRAMES; i++)
		st->frames[i] = NULL;
	st->next = NULL;
	st->hits = st->misses = 0;
	st->is_evicted = false;
	return st;
}

void state_free(struct verifier *v, struct state *st)
{
	if (!st)
		return;
	for (uint32_t i = 0; i < MAX_FRAMES; i++)
		frame_free(v, st->frames[i]);
	vec_free(&st->history);
	vec_free(&st->refs);
	st->next = v->spare;
	v->spare = st;
}

struct state *push_path(struct verifier *v, uint32_t pc, uint32_t prev_pc)
{
	struct pending *p;

	if (v->n_pending >= MAX_PENDING) {
		refuse(v, WAY_SIMPLER, "The sequence of %u jumps is too complex.", v->n_pending);
		return NULL;
	}
	p = must_alloc(sizeof(*p));
	p->state = state_copy(v, v->cur);
	if (v->cur->history.n) {
		vec_reserve(NULL, &p->state->history, v->cur->history.n);
		memcpy(p->state->history.items, v->cur->history.items,
		       v->cur->history.n * sizeof(struct history));
		p->state->history.n = v->cur->history.n;
	}
	p->pc = pc;
	p->prev_pc = prev_pc;
	p->log_n = (uint32_t)v->log.n;
	p->next = v->pending;
	v->pending = p;
	v->n_pending++;
	if (p->state->parent)
		p->state->parent->branches++;
	return p->state;
}

void push_history(struct verifier *v, struct history h)
{
	struct state *st = v->cur;
	struct history *last = v->has_entry ? &vec_last(&st->history) : NULL;

	/* One instruction may be where a jump leads and touch the stack as well: one entry. */
	if (last) {
		if (h.is_stack && !last->is_stack) {
			last->is_stack = true;
			last->frame = h.frame;
			last->slot = h.slot;
		}
		if (h.n_linked) {
			last->n_linked = h.n_linked;
			memcpy(last->linked, h.linked, sizeof(h.linked));
		}
		return;
	}
	h.pc = v->pc;
	h.prev_pc = v->prev_pc;
	vec_push(NULL, &st->history, h);
	v->has_entry = true;
}
