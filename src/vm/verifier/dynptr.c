/* Dynptrs: 16 bytes of stack that only their helpers may touch, standing for memory whose size is
 * known when the program runs. */
#include "vm/verifier/state.h"

#include <string.h>

#include "bpf/helpers.h"

enum {
	DYNPTR_FROM_MEM = 197,
	RINGBUF_RESERVE_DYNPTR,
	RINGBUF_SUBMIT_DYNPTR,
	RINGBUF_DISCARD_DYNPTR,
	DYNPTR_READ,
	DYNPTR_WRITE,
	DYNPTR_DATA,
};

/* Number of the slot with the dynptr's first (higher) half, or -1: not a place for one. */
static int dynptr_slot(struct verifier *v, const struct reg *r, uint32_t regno)
{
	int64_t at = (int64_t)r->s.bits.value + r->off;

	if (!scalar_is_const(&r->s)) {
		refuse(v, WAY_CONST, "dynptr has to be at a constant offset");
		return -1;
	}
	if (at % 8 || at > -16 || at < -BPF_STACK_B) {
		refuse(v, WAY_SPECIAL, "cannot pass in dynptr at an offset=%lld (R%u)",
		       (long long)at, regno);
		return -1;
	}
	return (int)((-at - 1) / 8);
}

static void forget_slices(struct verifier *v, uint32_t id)
{
	each_reg(v->cur, r, {
		if (r->kind == REG_MEM && r->dynptr_id == id)
			reg_unknown(r);
	});
}

static void clear_slot(struct slot *s)
{
	uint8_t live = s->live;

	memset(s, 0, sizeof(*s));
	reg_forget(&s->reg);
	s->live = live | LIVE_WRITTEN;
}

/* A dynptr is overwritten: fine if nothing is lost with it. */
int dynptr_destroy_slots(struct verifier *v, struct frame *f, uint32_t slot, uint32_t pc)
{
	struct slot *s = &f->slots[slot];
	uint32_t first = s->is_first ? slot : slot + 1, id;

	(void)pc;
	if (s->type[0] != SLOT_DYNPTR)
		return refuse(v, WAY_SPECIAL,
		              "an iterator or saved interrupt state is overwritten on the stack");
	/* slots[n] is lower in memory than slots[n - 1]: the first half has the lower address. */
	if (!s->is_first)
		first = slot + 1;
	if (first >= f->n_slots)
		first = slot;
	id = f->slots[first].reg.id;
	if (f->slots[first].reg.ref_id) {
		uint32_t copies = 0;

		for (uint32_t k = 0; k < f->n_slots; k++)
			copies += f->slots[k].type[0] == SLOT_DYNPTR && f->slots[k].is_first &&
			          f->slots[k].reg.ref_id == f->slots[first].reg.ref_id;
		if (copies <= 1)
			return refuse(v, WAY_RELEASE, "cannot overwrite referenced dynptr");
	}
	forget_slices(v, id);
	clear_slot(&f->slots[first]);
	if (first)
		clear_slot(&f->slots[first - 1]);
	return 0;
}

static int destroy_old(struct verifier *v, struct frame *f, uint32_t n)
{
	for (uint32_t k = n; k + 1 >= n && k != UINT32_MAX; k--) {
		if (slot_is_special(&f->slots[k]) && dynptr_destroy_slots(v, f, k, v->pc))
			return -1;
		if (!k)
			break;
	}
	return 0;
}

static int make_dynptr(struct verifier *v, const struct reg *r, uint32_t regno,
                       enum dynptr_type type, uint32_t ref_id, bool is_rdonly)
{
	int n = dynptr_slot(v, r, regno);
	struct frame *f;
	uint32_t id;

	if (n < 1)
		return n < 0 ? -1 : refuse(v, WAY_SPECIAL, "a dynptr needs 16 bytes of stack");
	f = v->cur->frames[r->frame];
	frame_grow(f, (uint32_t)n + 1);
	if (v->funcs.items[f->func].stack_b < ((uint32_t)n + 1) * 8)
		v->funcs.items[f->func].stack_b = ((uint32_t)n + 1) * 8;
	if (destroy_old(v, f, (uint32_t)n))
		return -1;
	id = ++v->ids;
	for (uint32_t k = 0; k < 2; k++) {
		struct slot *s = &f->slots[(uint32_t)n - k];

		clear_slot(s);
		memset(s->type, SLOT_DYNPTR, 8);
		s->dynptr = type;
		s->is_first = k == 0;
		s->is_rdonly = is_rdonly;
		s->reg.kind = REG_DYNPTR;
		s->reg.id = id;
		s->reg.ref_id = ref_id;
	}
	return 0;
}

int dynptr_create(struct verifier *v, uint32_t regno, enum dynptr_type type, uint32_t ref_id,
                  bool is_rdonly)
{
	const struct reg r = cur_regs(v)[regno];

	return make_dynptr(v, &r, regno, type, ref_id, is_rdonly);
}

int process_dynptr_arg(struct verifier *v, uint32_t regno, uint32_t flags, struct call_args *c)
{
	const struct reg *r = &cur_regs(v)[regno];
	const struct slot *s;
	const struct frame *f;
	enum dynptr_type type;
	int n;

	if (r->kind != REG_STACK && r->kind != REG_DYNPTR)
		return refuse(v, WAY_ARGUMENT,
		              "arg#%u expected pointer to stack or const struct "
		              "bpf_dynptr",
		              regno - 1);
	if (flags & ARG_UNINIT) {
		if (r->kind == REG_DYNPTR)
			return refuse(v, WAY_SPECIAL, "Dynptr has to be an uninitialized dynptr");
		n = dynptr_slot(v, r, regno);
		if (n < 0)
			return -1;
		c->dynptr_reg = *r;
		c->dynptr_regno = regno;
		f = v->cur->frames[r->frame];
		if ((uint32_t)n < f->n_slots && slot_is_special(&f->slots[n]) &&
		    f->slots[n].reg.ref_id)
			return destroy_old(v, v->cur->frames[r->frame], (uint32_t)n);
		return 0;
	}
	if (r->kind == REG_DYNPTR) {
		if (flags & ARG_RELEASE)
			return refuse(v, WAY_ACQUIRED, "CONST_PTR_TO_DYNPTR cannot be released");
		type = (enum dynptr_type)r->mem_b;
		c->dynptr_id = r->id;
		c->dynptr_ref = r->ref_id;
	} else {
		n = dynptr_slot(v, r, regno);
		if (n < 0)
			return -1;
		f = v->cur->frames[r->frame];
		if ((uint32_t)n >= f->n_slots)
			return refuse(v, WAY_INIT, "Expected an initialized dynptr as arg #%u",
			              regno - 1);
		s = &f->slots[n];
		if (s->type[0] != SLOT_DYNPTR || !s->is_first || !n ||
		    f->slots[n - 1].type[0] != SLOT_DYNPTR)
			return refuse(v, WAY_INIT, "Expected an initialized dynptr as arg #%u",
			              regno - 1);
		stack_mark_read(v, r->frame, (uint32_t)n);
		stack_mark_read(v, r->frame, (uint32_t)n - 1);
		type = (enum dynptr_type)s->dynptr;
		c->dynptr_id = s->reg.id;
		c->dynptr_ref = s->reg.ref_id;
		c->dynptr_is_rdonly = s->is_rdonly;
		c->dynptr_slot = (uint32_t)n;
		c->dynptr_frame = r->frame;
	}
	if ((flags & ARG_RINGBUF) && type != DYNPTR_RINGBUF)
		return refuse(v, WAY_ARGUMENT, "Expected a dynptr of type ringbuf as arg #%u",
		              regno - 1);
	if ((flags & ARG_LOCAL) && type != DYNPTR_LOCAL)
		return refuse(v, WAY_ARGUMENT, "Expected a dynptr of type local as arg #%u",
		              regno - 1);
	if ((flags & ARG_RELEASE) && !c->dynptr_ref)
		return refuse(v, WAY_ACQUIRED, "arg %u is an unacquired reference", regno);
	c->dynptr_type = type;
	return 0;
}

/* All dynptrs of this reference are void, and what was cut out of them. */
static void release_dynptr(struct verifier *v, uint32_t ref_id)
{
	struct state *st = v->cur;

	for (uint32_t k = 0; k <= st->frame; k++) {
		struct frame *f = st->frames[k];

		for (uint32_t n = 0; n < f->n_slots; n++) {
			if (f->slots[n].type[0] != SLOT_DYNPTR || f->slots[n].reg.ref_id != ref_id)
				continue;
			forget_slices(v, f->slots[n].reg.id);
			clear_slot(&f->slots[n]);
		}
	}
	ref_release(v, ref_id);
}

int finish_dynptr(struct verifier *v, const struct bpf_helper *h, struct call_args *c)
{
	struct reg *r0 = &cur_regs(v)[BPF_REG_0];

	switch (h->id) {
	case DYNPTR_FROM_MEM:
		return make_dynptr(v, &c->dynptr_reg, c->dynptr_regno, DYNPTR_LOCAL, 0, false);
	case RINGBUF_RESERVE_DYNPTR:
		return make_dynptr(v, &c->dynptr_reg, c->dynptr_regno, DYNPTR_RINGBUF,
		                   ref_acquire(v), false);
	case RINGBUF_SUBMIT_DYNPTR:
	case RINGBUF_DISCARD_DYNPTR:
		release_dynptr(v, c->dynptr_ref);
		return 0;
	case DYNPTR_WRITE:
		if (c->dynptr_type == DYNPTR_SKB) /* may move the packet's bytes */
			packet_forget(v);
		if (c->dynptr_type == DYNPTR_SKB)
			forget_slices(v, c->dynptr_id);
		return 0;
	case DYNPTR_DATA:
		/* Of packets it gives null when it runs. */
		r0->dynptr_id = c->dynptr_id;
		r0->ref_id = c->dynptr_ref;
		return 0;
	default:
		return 0;
	}
}
