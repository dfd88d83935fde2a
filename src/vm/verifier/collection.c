/* Lists and trees of objects that the program allocates: their heads lie in map values or in other
 * objects, beside the lock that guards them. What is added changes owner; what is only looked at is
 * borrowed until the lock is given back. */
#include "vm/verifier/state.h"

#include "types/btf.h"

static const struct fields *fields_of(struct verifier *v, const struct reg *r)
{
	return r->kind == REG_BTF ? type_fields(v, r->btf, r->btf_id) : map_fields(v, r->map);
}

static bool holds_lock_of(const struct verifier *v, const struct reg *r)
{
	const void *owner = r->kind == REG_BTF ? (const void *)r->btf : (const void *)r->map;

	for (size_t k = 0; k < v->cur->refs.n; k++) {
		const struct reference *ref = &v->cur->refs.items[k];

		if ((ref->kind == REF_LOCK || ref->kind == REF_RES_LOCK ||
		     ref->kind == REF_RES_LOCK_IRQ) &&
		    ref->owner == owner && ref->owner_id == r->id)
			return true;
	}
	return false;
}

int process_collection_arg(struct verifier *v, uint32_t regno, struct kfunc *k, bool is_tree)
{
	const struct reg *r = &cur_regs(v)[regno];
	const char *what = is_tree ? "bpf_rb_root" : "bpf_list_head";
	enum field_kind kind = is_tree ? FIELD_RB_ROOT : FIELD_LIST_HEAD;
	const struct fields *fields;
	int64_t at = (int64_t)r->s.bits.value + r->off;

	if (r->kind != REG_MAP_VALUE && !(r->kind == REG_BTF && (r->flags & REG_ALLOC)))
		return refuse(v, WAY_ARGUMENT,
		              "arg#%u expected pointer to map value or allocated object",
		              regno - 1);
	if (!scalar_is_const(&r->s))
		return refuse(v, WAY_CONST,
		              "R%u doesn't have constant offset. %s has to be at the "
		              "constant offset",
		              regno, what);
	fields = fields_of(v, r);
	for (uint32_t n = 0; n < fields->n; n++) {
		if (fields->items[n].kind != kind || fields->items[n].off_b != at)
			continue;
		if (!field_find(fields, FIELD_SPIN_LOCK) &&
		    !field_find(fields, FIELD_RES_SPIN_LOCK))
			return refuse(v, WAY_FIELDS, "%s needs a bpf_spin_lock beside it", what);
		if (!holds_lock_of(v, r))
			return refuse(v, WAY_UNLOCK, "bpf_spin_lock at off=%u must be held for %s",
			              field_find(fields, FIELD_SPIN_LOCK)
			                  ? field_find(fields, FIELD_SPIN_LOCK)->off_b
			                  : 0,
			              what);
		k->collection = &fields->items[n];
		return 0;
	}
	return refuse(v, WAY_FIELDS, "%s not found at offset=%lld", what, (long long)at);
}

int process_node_arg(struct verifier *v, uint32_t regno, struct kfunc *k, bool is_tree)
{
	struct reg *r = &cur_regs(v)[regno];
	const char *what = is_tree ? "bpf_rb_node" : "bpf_list_node";
	bool takes = !(k->flags & KFUNC_ACQUIRE) && !(k->flags & KFUNC_RET_NULL);
	const struct fields *fields;
	bool is_node = false;

	if (r->kind != REG_BTF || !(r->flags & REG_ALLOC) || reg_may_be_null(r))
		return refuse(v, WAY_ARGUMENT, "arg#%u expected pointer to allocated object",
		              regno - 1);
	if (takes && !r->ref_id)
		return refuse(v, WAY_ACQUIRED, "allocated object must be referenced");
	if (!takes && r->ref_id)
		return refuse(v, WAY_ARGUMENT, "%s node input must be non-owning ref", k->name);
	fields = fields_of(v, r);
	for (uint32_t n = 0; n < fields->n; n++)
		is_node |= fields->items[n].kind == (is_tree ? FIELD_RB_NODE : FIELD_LIST_NODE) &&
		           fields->items[n].off_b == (uint32_t)r->off;
	if (!is_node || !scalar_is_const(&r->s) || r->s.bits.value)
		return refuse(v, WAY_FIELDS, "%s not found at offset=%d", what, r->off);
	if (k->collection &&
	    (k->collection->btf_id != r->btf_id || k->collection->node_off_b != (uint32_t)r->off))
		return refuse(v, WAY_FIELDS,
		              "operation on %s expects arg#%u %s at offset=%u of the type that it "
		              "contains",
		              is_tree ? "bpf_rb_root" : "bpf_list_head", regno - 1, what,
		              k->collection->node_off_b);
	if (takes)
		k->given_id = r->ref_id;
	k->object = *r;
	return 0;
}

/* The collection owns what was added; until the lock is given back it can be looked at. */
void lend_given(struct verifier *v, uint32_t id)
{
	struct state *st = v->cur;

	for (size_t n = 0; n < st->refs.n; n++) {
		if (st->refs.items[n].kind == REF_OBJECT && st->refs.items[n].id == id) {
			ref_remove(st, n);
			break;
		}
	}
	each_reg(st, r, {
		if (r->ref_id == id) {
			r->ref_id = 0;
			r->flags |= REG_NON_OWN;
		}
	});
}
