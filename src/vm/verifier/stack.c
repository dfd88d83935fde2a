/* The stack: 64 slots of 8 bytes to a frame. A slot holds a spilled register, or bytes of which
 * only it is known whether they are zero. slots[0] is fp-8; type[0] is the byte at the lowest
 * address. */
#include "vm/verifier/state.h"

#include <string.h>

bool slot_is_spill(const struct slot *s)
{
	return s->type[0] == SLOT_SPILL;
}

bool slot_is_scalar_spill(const struct slot *s)
{
	return slot_is_spill(s) && s->reg.kind == REG_SCALAR;
}

bool slot_is_special(const struct slot *s)
{
	return s->type[0] == SLOT_DYNPTR || s->type[0] == SLOT_ITER || s->type[0] == SLOT_IRQ;
}

static uint32_t slot_number(int32_t off)
{
	return (uint32_t)(-off - 1) / 8;
}

static uint32_t slot_byte(int32_t off)
{
	return 7 - (uint32_t)(-off - 1) % 8;
}

void stack_scrub(struct slot *s, uint32_t byte)
{
	if (s->type[byte] == SLOT_SPILL)
		s->type[byte] = SLOT_MISC;
}

/* Part of a spill is overwritten: what remains are bytes. */
static void forget_spill(struct slot *s)
{
	for (uint32_t k = 0; k < 8; k++)
		stack_scrub(s, k);
	reg_forget(&s->reg);
}

/* This slot's content matters to the states before this one, up to where it was written. */
void stack_mark_read(struct verifier *v, uint32_t frame, uint32_t slot)
{
	struct state *st = v->cur;
	uint32_t call_id = st->frames[frame]->call_id;

	while (st->parent) {
		struct state *up = st->parent;

		if (slot < st->frames[frame]->n_slots &&
		    (st->frames[frame]->slots[slot].live & LIVE_WRITTEN))
			return;
		if (up->frame < frame || up->frames[frame]->call_id != call_id ||
		    slot >= up->frames[frame]->n_slots)
			return;
		if (up->frames[frame]->slots[slot].live & LIVE_READ)
			return;
		up->frames[frame]->slots[slot].live |= LIVE_READ;
		st = up;
	}
}

static const char *describe(bool is_write, bool is_helper)
{
	return is_helper ? " indirect access to" : is_write ? " write to" : " read from";
}

/* Lowest and highest first byte of an access; refuses what leaves the frame's 512 bytes. */
static int stack_bounds(struct verifier *v, const struct reg *ptr, uint32_t regno, int32_t off,
                        uint32_t size_b, bool is_write, bool is_helper, int32_t *ret_min,
                        int32_t *ret_max)
{
	bool is_const = scalar_is_const(&ptr->s);
	int64_t min, max;

	if (!is_const && (ptr->s.smax >= MAX_VAR_OFF || ptr->s.smin <= -MAX_VAR_OFF))
		return refuse(v, WAY_BOUND, "invalid unbounded variable-offset%s stack R%u",
		              describe(is_write, is_helper), regno);
	min = (is_const ? (int64_t)ptr->s.bits.value : ptr->s.smin) + off;
	max = (is_const ? (int64_t)ptr->s.bits.value : ptr->s.smax) + off;
	if (min < -BPF_STACK_B || max + (int64_t)size_b > 0 || max >= 0) {
		if (is_const)
			return refuse(v, WAY_STACK, "invalid%s stack R%u off=%lld size=%u",
			              describe(is_write, is_helper), regno, (long long)min, size_b);
		return refuse(
		    v, WAY_STACK, "invalid variable-offset%s stack R%u off=%lld..%lld size=%u",
		    describe(is_write, is_helper), regno, (long long)min, (long long)max, size_b);
	}
	*ret_min = (int32_t)min;
	*ret_max = (int32_t)max;
	return 0;
}

/* Slots down to this offset exist from now on, and count for the function's depth. */
static struct frame *reach(struct verifier *v, const struct reg *ptr, int32_t min)
{
	struct frame *f = v->cur->frames[ptr->frame];
	uint32_t n = slot_number(min) + 1;

	frame_grow(f, n);
	if (v->funcs.items[f->func].stack_b < n * 8)
		v->funcs.items[f->func].stack_b = n * 8;
	return f;
}

/* ---- reading -----------------------------------------------------------------------------------
 */

/* Bytes that are no register: zero if all are, otherwise anything. */
static int read_bytes(struct verifier *v, struct frame *f, uint32_t frame, int32_t min, int32_t end,
                      int value, bool is_one_slot)
{
	bool is_zero = true, is_zero_spill = is_one_slot;

	for (int32_t at = min; at < end; at++) {
		struct slot *s = &f->slots[slot_number(at)];
		uint8_t type = s->type[slot_byte(at)];

		if (type == SLOT_DYNPTR || type == SLOT_ITER || type == SLOT_IRQ)
			return refuse(v, WAY_SPECIAL, "invalid read from stack off %d+0 size %d",
			              at, end - min);
		if (type == SLOT_INVALID && v->opts->is_unprivileged)
			return refuse(v, WAY_INIT, "invalid read from stack off %d+0 size %d", at,
			              end - min);
		if (type == SLOT_SPILL && v->opts->is_unprivileged && reg_is_pointer(&s->reg))
			return refuse(v, WAY_LEAK, "leaking pointer from stack off %d", at);
		is_zero &= type == SLOT_ZERO;
		is_zero_spill &= type == SLOT_SPILL && reg_is_null(&s->reg);
		stack_mark_read(v, frame, slot_number(at));
	}
	/* Part of a zero is zero, as long as it matters that the whole is one. */
	if (is_zero_spill)
		mark_slot_precise(v, frame, slot_number(min));
	if (value >= 0) {
		if (is_zero || is_zero_spill)
			reg_set(&cur_regs(v)[value], 0);
		else
			reg_unknown(&cur_regs(v)[value]);
	}
	return 0;
}

static uint32_t spilled_bytes(const struct slot *s)
{
	uint32_t n = 0;

	while (n < 8 && s->type[n] == SLOT_SPILL)
		n++;
	return n;
}

int stack_read(struct verifier *v, const struct reg *ptr, uint32_t regno, int32_t off,
               uint32_t size_b, int value)
{
	int32_t min, max;
	struct frame *f;
	struct slot *s;
	uint32_t n;

	if (stack_bounds(v, ptr, regno, off, size_b, false, false, &min, &max))
		return -1;
	f = reach(v, ptr, min);
	if (min != max) {
		if (v->opts->is_unprivileged)
			return refuse(v, WAY_BOUND,
			              "R%u variable stack access prohibited for !root", regno);
		return read_bytes(v, f, ptr->frame, min, max + (int32_t)size_b, value, false);
	}
	s = &f->slots[n = slot_number(min)];
	if (!slot_is_spill(s) || slot_byte(min) + size_b > 8)
		return read_bytes(v, f, ptr->frame, min, min + (int32_t)size_b, value, false);
	if (s->reg.kind != REG_SCALAR && (size_b != 8 || spilled_bytes(s) != 8))
		return refuse(v, WAY_NONE, "invalid size of register fill");
	if (slot_byte(min) || size_b > spilled_bytes(s)) {
		/* Other bytes than the lowest: of a zero, zero. */
		return read_bytes(v, f, ptr->frame, min, min + (int32_t)size_b, value, true);
	}
	stack_mark_read(v, ptr->frame, n);
	push_history(v, (struct history){
	                    .is_stack = true, .frame = (uint8_t)ptr->frame, .slot = (uint8_t)n});
	if (value < 0)
		return 0;
	if (reg_is_pointer(&s->reg) && v->opts->is_unprivileged && value < 0)
		return refuse(v, WAY_LEAK, "leaking pointer from stack off %d", min);
	cur_regs(v)[value] = s->reg;
	if (s->reg.kind == REG_SCALAR && size_b < 8) {
		struct reg *r = &cur_regs(v)[value];

		if (r->s.umax >= 1ULL << (size_b * 8)) {
			r->id = 0;
			r->is_added = r->is_added32 = false;
		}
	}
	return 0;
}

/* ---- writing -----------------------------------------------------------------------------------
 */

static bool may_be_spilled(const struct reg *r)
{
	return reg_is_pointer(r);
}

static void spill(struct slot *s, const struct reg *r, uint32_t size_b)
{
	s->reg = *r;
	for (uint32_t k = 0; k < 8; k++) {
		if (k < size_b)
			s->type[k] = SLOT_SPILL;
		else if (s->type[k] != SLOT_INVALID && s->type[k] != SLOT_ZERO)
			s->type[k] = SLOT_MISC;
	}
	if (size_b == 8)
		s->live |= LIVE_WRITTEN;
}

static void fill_slot(struct slot *s, uint32_t byte, uint32_t size_b, uint8_t type)
{
	if (slot_is_spill(s) || slot_is_special(s))
		forget_spill(s);
	for (uint32_t k = 0; k < size_b; k++)
		s->type[byte + k] = type;
	if (size_b == 8)
		s->live |= LIVE_WRITTEN;
}

static int write_at(struct verifier *v, const struct reg *ptr, struct frame *f, int32_t at,
                    uint32_t size_b, int value, const struct bpf_insn *i)
{
	struct reg *r = value >= 0 ? &cur_regs(v)[value] : NULL, constant;
	uint32_t n = slot_number(at), byte = slot_byte(at);
	struct slot *s = &f->slots[n];
	bool is_imm = i && BPF_CLASS(i->code) == BPF_ST, is_zero;

	if (v->opts->is_unprivileged && slot_is_spill(s) && s->reg.kind != REG_SCALAR &&
	    size_b != 8)
		return refuse(v, WAY_LEAK, "attempt to corrupt spilled pointer on stack");
	if (slot_is_special(s) && dynptr_destroy_slots(v, f, n, v->pc))
		return -1;
	if (r && !byte && r->kind == REG_SCALAR) {
		bool fits = size_b == 8 || r->s.umax < 1ULL << (size_b * 8);

		if (fits && !scalar_is_const(&r->s)) {
			if (r->is_added) {
				r->id = 0;
				r->is_added = r->is_added32 = false;
				r->add = 0;
			}
			if (!r->id)
				r->id = ++v->ids;
		}
		spill(s, r, size_b);
		if (!fits) {
			s->reg.id = 0;
			s->reg.is_added = s->reg.is_added32 = false;
		}
		if (size_b < 8)
			scalar_truncate(&s->reg.s, (uint8_t)size_b);
	} else if (!r && is_imm && !byte) {
		reg_set(&constant, (uint64_t)(int64_t)i->imm);
		if (size_b < 8)
			scalar_truncate(&constant.s, (uint8_t)size_b);
		spill(s, &constant, size_b);
	} else if (r && may_be_spilled(r)) {
		if (size_b != 8)
			return refuse(v, WAY_NONE, "invalid size of register spill");
		if (ptr->frame != v->cur->frame && r->kind == REG_STACK)
			return refuse(
			    v, WAY_NONE,
			    "cannot spill pointers to stack into stack frame of the caller");
		spill(s, r, 8);
	} else {
		is_zero = (r && reg_is_null(r)) || (!r && is_imm && !i->imm);
		if (is_zero && r)
			mark_precise(v, (uint32_t)value);
		fill_slot(s, byte, size_b, is_zero ? SLOT_ZERO : SLOT_MISC);
		return 0;
	}
	push_history(v, (struct history){
	                    .is_stack = true, .frame = (uint8_t)ptr->frame, .slot = (uint8_t)n});
	return 0;
}

int stack_write(struct verifier *v, const struct reg *ptr, uint32_t regno, int32_t off,
                uint32_t size_b, int value, const struct bpf_insn *i)
{
	const struct reg from = *ptr; /* value may be the very register */
	struct reg *r = value >= 0 ? &cur_regs(v)[value] : NULL;
	bool is_zero =
	    (r && reg_is_null(r)) || (!r && i && BPF_CLASS(i->code) == BPF_ST && !i->imm);
	bool used_zero = false;
	int32_t min, max;
	struct frame *f;

	if (stack_bounds(v, ptr, regno, off, size_b, true, false, &min, &max))
		return -1;
	f = reach(v, ptr, min);
	if (min == max)
		return write_at(v, &from, f, min, size_b, value, i);
	if (v->opts->is_unprivileged)
		return refuse(v, WAY_BOUND, "R%u variable stack access prohibited for !root",
		              regno);
	/* Somewhere in between: each byte may be the old or the new. */
	for (int32_t at = min; at < max + (int32_t)size_b; at++) {
		struct slot *s = &f->slots[slot_number(at)];
		uint8_t *type = &s->type[slot_byte(at)];

		if (slot_is_special(s) && dynptr_destroy_slots(v, f, slot_number(at), v->pc))
			return -1;
		if (is_zero && *type == SLOT_SPILL && reg_is_null(&s->reg)) {
			mark_slot_precise(v, from.frame, slot_number(at));
			used_zero = true;
			continue;
		}
		if (slot_is_spill(s))
			forget_spill(s);
		used_zero |= is_zero && *type == SLOT_ZERO;
		*type = is_zero && *type == SLOT_ZERO ? SLOT_ZERO : SLOT_MISC;
	}
	if (used_zero && r)
		mark_precise(v, (uint32_t)value);
	return 0;
}

/* ---- helpers' memory ---------------------------------------------------------------------------
 */

int stack_range(struct verifier *v, uint32_t regno, int32_t off, uint32_t size_b, bool is_write,
                bool may_be_uninit, bool zero_ok)
{
	const struct reg ptr = cur_regs(v)[regno];
	int32_t min, max;
	struct frame *f;

	if (!size_b) {
		if (!zero_ok)
			return refuse(v, WAY_NONE, "invalid zero-sized read");
		return 0;
	}
	if (stack_bounds(v, &ptr, regno, off, size_b, is_write, true, &min, &max))
		return -1;
	if (min != max && v->opts->is_unprivileged)
		return refuse(v, WAY_BOUND, "R%u variable offset stack access prohibited for !root",
		              regno);
	f = reach(v, &ptr, min);
	if (min != max) /* where it will be written is not known: all of it must have been */
		may_be_uninit = false;
	for (int32_t at = min; at < max + (int32_t)size_b; at++) {
		struct slot *s = &f->slots[slot_number(at)];
		uint8_t *type = &s->type[slot_byte(at)];

		if (slot_is_special(s))
			return refuse(v, WAY_SPECIAL,
			              may_be_uninit
			                  ? "potential write to dynptr at off=%d disallowed"
			                  : "invalid read from stack off %d",
			              at);
		if (may_be_uninit) {
			if (slot_is_spill(s))
				forget_spill(s);
			*type = SLOT_MISC;
			continue;
		}
		if (*type == SLOT_INVALID && v->opts->is_unprivileged)
			return refuse(v, WAY_INIT, "invalid read from stack R%u off %d+%d size %u",
			              regno, min, at - min, size_b);
		if (*type == SLOT_SPILL && v->opts->is_unprivileged && s->reg.kind != REG_SCALAR)
			return refuse(v, WAY_LEAK, "leaking pointer from stack R%u off %d", regno,
			              at);
		stack_mark_read(v, ptr.frame, slot_number(at));
		if (is_write) {
			if (slot_is_spill(s))
				forget_spill(s);
			*type = SLOT_MISC;
		}
	}
	if (may_be_uninit) { /* whole slots are new */
		for (int32_t at = min; at < min + (int32_t)size_b; at++) {
			if (!slot_byte(at) && at + 8 <= min + (int32_t)size_b)
				f->slots[slot_number(at)].live |= LIVE_WRITTEN;
		}
	}
	return 0;
}
