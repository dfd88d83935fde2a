/* Open-coded iterators: made, advanced and destroyed by kernel functions, their state on the
 * program's stack. `next` ends a loop some day; the verifier walks the body until it learns nothing
 * new, and the way out once. */
#include "vm/verifier/state.h"

#include <string.h>

#include "types/btf.h"

static int stack_place(struct verifier *v, uint32_t regno, const char *what, uint32_t size_b)
{
	const struct reg *r = &cur_regs(v)[regno];
	int64_t at = (int64_t)r->s.bits.value + r->off;

	if (r->kind != REG_STACK)
		return refuse(v, WAY_ARGUMENT, "arg#%u expected pointer to %s on stack", regno - 1,
		              what);
	if (!scalar_is_const(&r->s))
		return refuse(v, WAY_CONST, "%s has to be at a constant offset", what);
	if (at % 8 || at < -BPF_STACK_B || at + size_b > 0)
		return refuse(v, WAY_SPECIAL, "cannot pass in %s at an offset=%lld", what,
		              (long long)at);
	return (int)((-at - 1) / 8);
}

static struct frame *frame_with(struct verifier *v, uint32_t number, uint32_t n_slots)
{
	struct frame *f = v->cur->frames[number];

	frame_grow(f, n_slots);
	if (v->funcs.items[f->func].stack_b < n_slots * 8)
		v->funcs.items[f->func].stack_b = n_slots * 8;
	return f;
}

static void clear_slots(struct frame *f, uint32_t first, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		struct slot *s = &f->slots[first - k];

		memset(s, 0, sizeof(*s));
		reg_forget(&s->reg);
		s->live |= LIVE_WRITTEN;
	}
}

static int make_iter(struct verifier *v, struct kfunc *k, struct frame *f, uint32_t first,
                     uint32_t struct_id)
{
	uint32_t id;

	for (uint32_t n = 0; n < k->n_iter_slots; n++) {
		if (slot_is_special(&f->slots[first - n]))
			return refuse(v, WAY_SPECIAL,
			              "expected uninitialized iterator as arg #0 of %s", k->name);
	}
	id = ref_acquire(v);
	clear_slots(f, first, k->n_iter_slots);
	for (uint32_t n = 0; n < k->n_iter_slots; n++) {
		struct slot *s = &f->slots[first - n];

		memset(s->type, SLOT_ITER, 8);
		s->is_first = !n;
		s->iter = ITER_ACTIVE;
		s->reg.btf_id = struct_id;
		s->reg.ref_id = n ? 0 : id;
		s->reg.id = n ? 0 : id;
		s->is_rdonly = (k->flags & KFUNC_RCU_PROTECTED) != 0;
	}
	return 0;
}

int process_iter_arg(struct verifier *v, uint32_t regno, struct kfunc *k, uint32_t struct_id)
{
	struct btf_record r;
	uint32_t size_b;
	struct frame *f;
	struct slot *s;
	int first;

	if (!btf_get(k->btf, struct_id, &r) || r.kind != BTF_KIND_STRUCT)
		return refuse(v, WAY_KFUNC, "arg#0 of %s is no iterator", k->name);
	size_b = r.size_or_type;
	k->n_iter_slots = (size_b + 7) / 8;
	first = stack_place(v, regno, "iterator", size_b);
	if (first < 0)
		return -1;
	k->iter_slot = (uint32_t)first;
	k->iter_frame = cur_regs(v)[regno].frame;
	f = frame_with(v, k->iter_frame, (uint32_t)first + 1);
	if (k->flags & KFUNC_ITER_NEW) {
		if ((k->flags & KFUNC_RCU_PROTECTED) && !in_rcu(v))
			return refuse(v, WAY_UNLOCK, "expected an RCU CS when using %s", k->name);
		return make_iter(v, k, f, (uint32_t)first, struct_id);
	}
	s = &f->slots[first];
	if ((uint32_t)first + 1 < k->n_iter_slots || s->type[0] != SLOT_ITER || !s->is_first ||
	    s->reg.btf_id != struct_id || s->iter == ITER_INVALID)
		return refuse(v, WAY_INIT, "expected an initialized %s as arg #%u",
		              btf_string(k->btf, r.name_off), regno - 1);
	for (uint32_t n = 0; n < k->n_iter_slots; n++)
		stack_mark_read(v, k->iter_frame, (uint32_t)first - n);
	k->args.ref_id = s->reg.ref_id; /* an element in memory lives as long as the iterator */
	if (k->flags & KFUNC_ITER_DESTROY) {
		ref_release(v, s->reg.ref_id);
		clear_slots(f, (uint32_t)first, k->n_iter_slots);
	}
	return 0;
}

int iter_went_on(struct verifier *v, struct kfunc *k)
{
	struct slot *s = &v->cur->frames[k->iter_frame]->slots[k->iter_slot];
	struct state *earlier, *again;
	struct reg *r0;

	if (s->iter == ITER_ACTIVE) {
		/* Where this path is now was remembered just before: the round before counts. */
		earlier = earlier_here(v, v->cur->parent, v->pc);
		again = push_path(v, v->pc + 1, v->pc);
		if (!again)
			return -1;
		again->frames[k->iter_frame]->slots[k->iter_slot].iter_depth++;
		r0 = &again->frames[again->frame]->regs[BPF_REG_0];
		r0->flags &= ~(uint32_t)REG_MAYBE_NULL;
		if (earlier)
			widen_scalars(earlier, again);
	}
	for (uint32_t n = 0; n < k->n_iter_slots; n++)
		v->cur->frames[k->iter_frame]->slots[k->iter_slot - n].iter = ITER_DRAINED;
	reg_set(&cur_regs(v)[BPF_REG_0], 0);
	return 0;
}

/* Saved interrupt state: eight bytes of stack, restored in the reverse order. */
int process_irq_arg(struct verifier *v, uint32_t regno, struct kfunc *k)
{
	/* Locks' functions and those for interrupts alone do not mix. */
	bool is_save = strstr(k->name, "save") != NULL,
	     is_locks = strstr(k->name, "lock_irq") != NULL;
	int n = stack_place(v, regno, "irq flag", 8);
	struct frame *f;
	struct slot *s;

	if (n < 0)
		return -1;
	f = frame_with(v, cur_regs(v)[regno].frame, (uint32_t)n + 1);
	s = &f->slots[n];
	if (is_save) {
		if (slot_is_special(s))
			return refuse(v, WAY_SPECIAL, "expected uninitialized irq flag as arg#%u",
			              regno - 1);
		clear_slots(f, (uint32_t)n, 1);
		memset(s->type, SLOT_IRQ, 8);
		s->is_first = true;
		s->is_rdonly = is_locks;
		s->reg.id = ++v->ids;
		/* The one saved before waits in the reference. */
		vec_push(NULL, &v->cur->refs,
		         ((struct reference){.kind = REF_IRQ,
		                             .id = s->reg.id,
		                             .pc = v->pc,
		                             .owner_id = v->cur->irq_id}));
		v->cur->irq_id = s->reg.id;
		return 0;
	}
	if (s->type[0] != SLOT_IRQ)
		return refuse(v, WAY_INIT, "expected an initialized irq flag as arg#%u", regno - 1);
	if (s->is_rdonly != is_locks)
		return refuse(v, WAY_UNLOCK,
		              "irq flag acquired by %s kfuncs cannot be restored with %s kfuncs",
		              s->is_rdonly ? "lock" : "native", is_locks ? "lock" : "native");
	if (s->reg.id != v->cur->irq_id)
		return refuse(v, WAY_UNLOCK, "cannot restore irq state out of order");
	for (size_t i = v->cur->refs.n; i-- > 0;) {
		struct reference *ref = &v->cur->refs.items[i];

		if (ref->kind == REF_IRQ && ref->id == s->reg.id) {
			v->cur->irq_id = ref->owner_id;
			ref_remove(v->cur, i);
			break;
		}
	}
	clear_slots(f, (uint32_t)n, 1);
	return 0;
}
