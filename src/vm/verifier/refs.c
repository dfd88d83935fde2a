/* What must be given back before the program ends: references to kernel objects, locks, RCU
 * sections, disabled preemption. */
#include "vm/verifier/state.h"

#include <string.h>

uint32_t ref_acquire(struct verifier *v)
{
	uint32_t id = ++v->ids;

	vec_push(NULL, &v->cur->refs,
	         ((struct reference){.kind = REF_OBJECT, .id = id, .pc = v->pc}));
	return id;
}

/* The order of the others stays: locks and interrupt states are given back last first. */
void ref_remove(struct state *st, size_t k)
{
	memmove(&st->refs.items[k], &st->refs.items[k + 1],
	        (st->refs.n - k - 1) * sizeof(st->refs.items[0]));
	st->refs.n--;
}

bool ref_is_held(const struct state *st, uint32_t id)
{
	for (size_t k = 0; k < st->refs.n; k++) {
		if (st->refs.items[k].id == id)
			return true;
	}
	return false;
}

int ref_release(struct verifier *v, uint32_t id)
{
	struct state *st = v->cur;
	bool was_held = false;

	for (size_t k = 0; k < st->refs.n; k++) {
		if (st->refs.items[k].kind == REF_OBJECT && st->refs.items[k].id == id) {
			ref_remove(st, k);
			was_held = true;
			break;
		}
	}
	if (!was_held)
		return -1;
	each_reg(st, r, {
		if (r->ref_id == id)
			reg_unknown(r);
	});
	return 0;
}

bool is_in_lock(const struct verifier *v)
{
	return v->cur->locks > 0;
}

bool in_sleepable(const struct verifier *v)
{
	return v->cur->is_sleepable;
}

/* Programs that cannot sleep run within an RCU section as a whole. */
bool in_rcu(const struct verifier *v)
{
	return v->cur->rcu || is_in_lock(v) || !in_sleepable(v);
}

int refs_check_exit(struct verifier *v, const char *what)
{
	const struct state *st = v->cur;

	for (size_t k = 0; k < st->refs.n; k++) {
		const struct reference *r = &st->refs.items[k];

		if (r->kind != REF_OBJECT)
			continue;
		return refuse(v, WAY_RELEASE,
		              "%s would lead to reference leak: unreleased reference id=%u "
		              "alloc_insn=%u",
		              what, r->id, r->pc);
	}
	if (is_in_lock(v))
		return refuse(v, WAY_UNLOCK, "%s cannot be used inside bpf_spin_lock-ed region",
		              what);
	if (st->rcu)
		return refuse(v, WAY_UNLOCK, "%s cannot be used inside bpf_rcu_read_lock-ed region",
		              what);
	if (st->preempt)
		return refuse(v, WAY_UNLOCK,
		              "%s cannot be used inside bpf_preempt_disable-ed region", what);
	if (st->irq_id)
		return refuse(v, WAY_UNLOCK,
		              "%s cannot be used inside bpf_local_irq_save-ed region", what);
	return 0;
}
