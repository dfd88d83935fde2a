/* Functions of an object for code made elsewhere: each by itself, with the places where it names
 * others. Whoever takes one takes what it names along and knows the distances then. */
#include <string.h>

#include "vm/object/object_priv.h"

static bool is_ref(const struct fixup *fix)
{
	return fix->kind == FIX_CALL || fix->kind == FIX_ADDRESS;
}

static void add_refs(struct reader *r, const struct fixup *fixups, struct vm_object_func *ret)
{
	struct vm_object_ref *refs;
	uint32_t n = 0;

	for (uint32_t i = 0; i < ret->n_insns; i++)
		n += is_ref(&fixups[i]);
	refs = arena_array(r->a, struct vm_object_ref, n + 1);
	n = 0;
	for (uint32_t i = 0; i < ret->n_insns; i++)
		if (is_ref(&fixups[i]))
			refs[n++] = (struct vm_object_ref){
			    .insn = i, .func = fixups[i].function, .delta = fixups[i].delta};
	ret->refs = refs;
	ret->n_refs = n;
}

static void add_notes(struct reader *r, const struct function *f, const struct code *c,
                      struct vm_object_func *ret)
{
	vec(struct vm_note) notes = {0};

	vec_each (note, &c->notes)
		if (note->slot >= f->first && note->slot - f->first < f->n)
			vec_push(r->a, &notes,
			         ((struct vm_note){note->slot - f->first, note->text}));
	ret->notes = notes.items;
	ret->n_notes = (uint32_t)notes.n;
}

/* Numbers of maps that no relocation has put there mean nothing to anybody. */
static void check_maps(struct reader *r, uint32_t code, struct function *f)
{
	const struct code *c = &r->codes.items[code];

	for (uint32_t i = f->first; i < f->first + f->n && !f->problem; i++) {
		const struct bpf_insn *in = &c->insns[i];

		if (in->code == (BPF_LD | BPF_IMM | BPF_DW) && c->fixups[i].kind == FIX_NONE &&
		    in->src_reg && in->src_reg != BPF_PSEUDO_BTF_ID)
			f->problem = arena_printf(r->a, "%s: a map without a relocation",
			                          object_place(r, code, i));
	}
}

void library_build(struct reader *r, struct vm_object *o)
{
	struct vm_object_func *funcs = arena_array(r->a, struct vm_object_func, r->functions.n + 1);

	for (size_t i = 0; i < r->functions.n; i++) {
		struct function *f = &r->functions.items[i];
		const struct code *c = &r->codes.items[f->code];

		check_maps(r, f->code, f);
		funcs[i] = (struct vm_object_func){.name = f->name,
		                                   .section = object_section_name(r, c->section),
		                                   .is_global = f->is_global,
		                                   .btf_id = f->btf_id,
		                                   .insns = c->insns + f->first,
		                                   .n_insns = f->n,
		                                   .problem = f->problem};
		if (r->btf && !f->btf_id) /* GCC 12 has no table of functions */
			funcs[i].btf_id =
			    btf_find(r->btf, f->name, BTF_KIND_MASK(BTF_KIND_FUNC), 0);
		add_refs(r, c->fixups + f->first, &funcs[i]);
		add_notes(r, f, c, &funcs[i]);
	}
	o->funcs = funcs;
	o->n_funcs = (uint32_t)r->functions.n;
}

/* ---- values of maps -------------------------------------------------------------------------- */

struct search {
	struct btf_file *btf;
	unsigned left; /* how many types are looked at: those of a hostile file have no end */
};

static const char *special_type(struct search *s, uint32_t type);

static const char *special_member(struct search *s, const struct btf_record *rec)
{
	for (uint32_t i = 0; i < rec->vlen; i++) {
		uint32_t member = rec->kind == BTF_KIND_DATASEC
		                      ? ((const struct btf_var_secinfo *)rec->extra)[i].type
		                      : ((const struct btf_member *)rec->extra)[i].type;
		const char *found = special_type(s, member);

		if (found)
			return found;
	}
	return NULL;
}

static const char *special_struct(struct search *s, const struct btf_record *rec)
{
	static const char *const names[] = {
	    "bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer",   "bpf_wq",       "bpf_list_head",
	    "bpf_list_node", "bpf_rb_root",       "bpf_rb_node", "bpf_refcount", "bpf_task_work",
	};
	const char *name = btf_string(s->btf, rec->name_off);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return names[i];
	return special_member(s, rec);
}

static const char *special_type(struct search *s, uint32_t type)
{
	struct btf_record rec, to;

	if (!s->left || !walk_strip(s->btf, type, NULL, &rec))
		return NULL;
	s->left--;
	switch (rec.kind) {
	case BTF_KIND_PTR: /* __kptr and its kin stand behind the star */
		return btf_get(s->btf, rec.size_or_type, &to) && to.kind == BTF_KIND_TYPE_TAG &&
		               strcmp(btf_string(s->btf, to.name_off), "user")
		           ? "kernel pointer"
		           : NULL;
	case BTF_KIND_ARRAY:
		return special_type(s, ((const struct btf_array *)rec.extra)->type);
	case BTF_KIND_VAR:
		return special_type(s, rec.size_or_type);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return special_struct(s, &rec);
	case BTF_KIND_DATASEC:
		return special_member(s, &rec);
	default:
		return NULL;
	}
}

const char *vm_map_special(const struct vm_map_def *m)
{
	struct search s = {.btf = m->btf, .left = 4096};

	return m->btf && m->value_type ? special_type(&s, m->value_type) : NULL;
}
