/* Precision: most numbers decide nothing, and states that differ in them are the same. When one
 * does (a branch, a pointer's offset, a size), the walk is followed backwards to where the number
 * came from, and it is marked in every remembered state on the way. */
#include "vm/verifier/state.h"

#include <string.h>

#define BIT(n) (1u << (n))
#define SLOT(n) (1ULL << (n))
enum { ARGUMENTS = 0x3e };

struct back {
	uint32_t frame;
	uint32_t regs[MAX_FRAMES];
	uint64_t slots[MAX_FRAMES];
};

static bool is_empty(const struct back *b)
{
	for (uint32_t f = 0; f < MAX_FRAMES; f++) {
		if (b->regs[f] || b->slots[f])
			return false;
	}
	return true;
}

/* Numbers found equal share precision. */
static void sync_linked(struct back *b, const struct history *h)
{
	bool is_any = false;

	if (!h)
		return;
	for (uint32_t k = 0; k < h->n_linked; k++) {
		const struct linked *l = &h->linked[k];

		is_any |= l->is_reg ? b->regs[l->frame] & BIT(l->number)
		                    : (b->slots[l->frame] & SLOT(l->number)) != 0;
	}
	for (uint32_t k = 0; is_any && k < h->n_linked; k++) {
		const struct linked *l = &h->linked[k];

		if (l->is_reg)
			b->regs[l->frame] |= BIT(l->number);
		else
			b->slots[l->frame] |= SLOT(l->number);
	}
}

static bool back_alu(struct back *b, const struct bpf_insn *i)
{
	uint32_t *regs = &b->regs[b->frame];
	uint8_t op = BPF_OP(i->code);

	if (!(*regs & BIT(i->dst_reg)))
		return true;
	if (op == BPF_END || op == BPF_NEG)
		return true;
	if (op == BPF_MOV)
		*regs &= ~BIT(i->dst_reg);
	if (BPF_SRC(i->code) == BPF_X && i->src_reg != BPF_REG_10)
		*regs |= BIT(i->src_reg);
	return true;
}

static bool back_store(struct back *b, const struct bpf_insn *i, const struct history *h)
{
	/* A number as the address of a store: a pointer was made of it in a way not followed. */
	if (b->regs[b->frame] & BIT(i->dst_reg))
		return false;
	if (!h || !h->is_stack || !(b->slots[h->frame] & SLOT(h->slot)))
		return true;
	b->slots[h->frame] &= ~SLOT(h->slot);
	if (BPF_CLASS(i->code) == BPF_STX)
		b->regs[b->frame] |= BIT(i->src_reg);
	return true;
}

static bool back_load(struct back *b, const struct bpf_insn *i, const struct history *h)
{
	if (!(b->regs[b->frame] & BIT(i->dst_reg)))
		return true;
	b->regs[b->frame] &= ~BIT(i->dst_reg);
	if (h && h->is_stack)
		b->slots[h->frame] |= SLOT(h->slot);
	return true;
}

static bool back_call(struct verifier *v, struct back *b, uint32_t pc, uint32_t later)
{
	const struct bpf_insn *i = &v->insns[pc];
	uint32_t args;

	if (insn_is_function_call(i)) {
		uint32_t f = function_at(v, pc + 1 + (uint32_t)i->imm);

		if (v->funcs.items[f].is_global) {
			b->regs[b->frame] &= ~BIT(BPF_REG_0);
			return !(b->regs[b->frame] & ARGUMENTS);
		}
		if (later == pc + 1) /* not from inside: the function was left by a pruned path */
			return false;
		/* We leave the function: its arguments are the caller's registers. */
		if (!b->frame || (b->regs[b->frame] & ~(uint32_t)ARGUMENTS) || b->slots[b->frame])
			return false;
		args = b->regs[b->frame] & ARGUMENTS;
		b->regs[b->frame] = 0;
		b->regs[--b->frame] |= args;
		return true;
	}
	if (v->info[pc].calls_callback && later != pc + 1 && later != pc) {
		/* The same out of a callback, whose arguments the helper made. */
		if (!b->frame || (b->regs[b->frame] & ~(uint32_t)ARGUMENTS) || b->slots[b->frame])
			return false;
		b->regs[b->frame] = 0;
		b->frame--;
		return true;
	}
	b->regs[b->frame] &= ~BIT(BPF_REG_0);
	if (b->regs[b->frame] & ARGUMENTS)
		return false;
	/* Out of a function by a tail call: before it, we are inside. */
	if (insn_is_helper(i) && i->imm == BPF_FUNC_tail_call && later != pc + 1)
		return ++b->frame < MAX_FRAMES;
	return true;
}

static bool back_exit(struct verifier *v, struct back *b, uint32_t later)
{
	bool is_precise;

	if (v->info[later].calls_callback)
		b->regs[b->frame] &= ~(uint32_t)ARGUMENTS;
	if (b->regs[b->frame] & ARGUMENTS)
		return false;
	is_precise = later && insn_is_function_call(&v->insns[later - 1]) &&
	             (b->regs[b->frame] & BIT(BPF_REG_0));
	b->regs[b->frame] &= ~BIT(BPF_REG_0);
	if (++b->frame >= MAX_FRAMES)
		return false;
	if (is_precise)
		b->regs[b->frame] |= BIT(BPF_REG_0);
	return true;
}

/* One step back over the instruction at pc, after which `later` came. False: can't be followed. */
static bool step_back(struct verifier *v, struct back *b, uint32_t pc, uint32_t later,
                      const struct history *h)
{
	const struct bpf_insn *i = &v->insns[pc];
	uint32_t *regs = &b->regs[b->frame];
	bool ok = true;

	sync_linked(b, h);
	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return back_alu(b, i);
	case BPF_LDX:
		return back_load(b, i, h);
	case BPF_ST:
	case BPF_STX:
		if (BPF_CLASS(i->code) == BPF_STX && BPF_MODE(i->code) == BPF_ATOMIC &&
		    i->imm == 0x100)
			return back_load(b, i, h);
		return back_store(b, i, h);
	case BPF_LD:
		if (BPF_MODE(i->code) != BPF_IMM) {
			*regs &= ~BIT(BPF_REG_0);
			return !(*regs & ARGUMENTS);
		}
		*regs &= ~BIT(i->dst_reg);
		return true;
	default:
		if (BPF_OP(i->code) == BPF_CALL) {
			ok = back_call(v, b, pc, later);
		} else if (BPF_OP(i->code) == BPF_EXIT) {
			ok = back_exit(v, b, later);
		} else if (BPF_OP(i->code) != BPF_JA && !insn_is_may_goto(i) &&
		           BPF_SRC(i->code) == BPF_X) {
			if (*regs & (BIT(i->dst_reg) | BIT(i->src_reg)))
				*regs |= BIT(i->dst_reg) | BIT(i->src_reg);
		}
		sync_linked(b, h);
		return ok;
	}
}

static void all_precise(struct verifier *v)
{
	for (struct state *st = v->cur->parent; st; st = st->parent) {
		each_reg(st, r, {
			if (r->kind == REG_SCALAR)
				r->is_precise = true;
		});
	}
}

/* Marks what is wanted in a remembered state; what was marked there before has been followed. */
static void mark_in(struct state *st, struct back *b)
{
	for (uint32_t f = 0; f < MAX_FRAMES; f++) {
		struct frame *fr = f <= st->frame ? st->frames[f] : NULL;

		for (uint32_t n = 0; n < N_REGS && b->regs[f]; n++) {
			struct reg *r = fr ? &fr->regs[n] : NULL;

			if (!(b->regs[f] & BIT(n)))
				continue;
			if (!r || r->kind != REG_SCALAR || r->is_precise)
				b->regs[f] &= ~BIT(n);
			else
				r->is_precise = true;
		}
		for (uint32_t n = 0; n < MAX_SLOTS && b->slots[f]; n++) {
			struct slot *s = fr && n < fr->n_slots ? &fr->slots[n] : NULL;

			if (!(b->slots[f] & SLOT(n)))
				continue;
			if (!s || !slot_is_scalar_spill(s) || s->reg.is_precise)
				b->slots[f] &= ~SLOT(n);
			else
				s->reg.is_precise = true;
		}
	}
}

static void follow(struct verifier *v, struct back *b)
{
	struct state *st = v->cur;
	uint32_t first = st->first_pc, pc = v->pc, later = UINT32_MAX;
	bool skip = true;

	if (v->opts->is_unprivileged)
		return;
	for (;;) {
		size_t n = st->history.n;

		for (;;) {
			const struct history *h = n && st->history.items[n - 1].pc == pc
			                              ? &st->history.items[n - 1]
			                              : NULL;

			if (skip) {
				skip = false;
			} else if (!step_back(v, b, pc, later, h)) {
				all_precise(v);
				return;
			}
			if (is_empty(b))
				return;
			later = pc;
			if (pc == first && (!n || (n == 1 && h)))
				break;
			if (h) {
				pc = h->prev_pc;
				n--;
			} else if (pc) {
				pc--;
				/* the second half of an lddw is no instruction */
				if (!v->insns[pc].code && pc)
					pc--;
			} else {
				break;
			}
		}
		st = st->parent;
		if (!st)
			return;
		mark_in(st, b);
		if (is_empty(b))
			return;
		later = first;
		pc = st->last_pc;
		first = st->first_pc;
		/* The first state of all has nothing before it. */
		if (!st->parent)
			return;
	}
}

void mark_precise(struct verifier *v, uint32_t regno)
{
	struct back b = {.frame = v->cur->frame};

	if (cur_regs(v)[regno].kind != REG_SCALAR)
		return;
	b.regs[b.frame] = BIT(regno);
	follow(v, &b);
}

void mark_slot_precise(struct verifier *v, uint32_t frame, uint32_t slot)
{
	struct back b = {.frame = v->cur->frame};

	b.slots[frame] = SLOT(slot);
	follow(v, &b);
}

void propagate_precision(struct verifier *v, const struct state *old)
{
	struct back b = {.frame = v->cur->frame};

	for (uint32_t f = 0; f <= old->frame; f++) {
		const struct frame *fr = old->frames[f];

		for (uint32_t n = 0; n < BPF_REG_10; n++) {
			if (fr->regs[n].kind == REG_SCALAR && fr->regs[n].is_precise)
				b.regs[f] |= BIT(n);
		}
		for (uint32_t n = 0; n < fr->n_slots; n++) {
			if (slot_is_scalar_spill(&fr->slots[n]) && fr->slots[n].reg.is_precise)
				b.slots[f] |= SLOT(n);
		}
	}
	if (!is_empty(&b))
		follow(v, &b);
}
