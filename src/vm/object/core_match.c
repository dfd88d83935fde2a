/* CO-RE: finding in the kernel's types what a program was compiled for in its own.
 *
 * Types are found by name, members by name within them; whatever else differs (order, padding,
 * anonymous structs in between, typedefs) doesn't count. Type "x___new" of an object is a flavour:
 * the same kernel type as "x". The rules are those of the kernel's tools/lib/bpf/relo_core.c, as
 * Documentation/bpf/llvm_reloc.rst leaves most of them open.
 *
 * Both sides may be hostile: every recursion is bounded. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm/object/core.h"

enum { TYPE_DEPTH_MAX = 32 };

size_t core_essential_len(const char *name)
{
	size_t n = strlen(name);

	/* The last "x___y": three underscores with something before and after them. */
	for (size_t i = n < 5 ? 0 : n - 4; i > 0; i--)
		if (name[i] == '_' && name[i + 1] == '_' && name[i + 2] == '_' &&
		    name[i - 1] != '_' && name[i + 3] != '_')
			return i;
	return n;
}

static bool same_essence(const char *a, const char *b)
{
	size_t len_b = core_essential_len(a);

	return core_essential_len(b) == len_b && !memcmp(a, b, len_b);
}

static bool is_enum(uint32_t kind)
{
	return kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64;
}

static bool is_composite(uint32_t kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
}

static bool same_kind(uint32_t a, uint32_t b)
{
	return a == b || (is_enum(a) && is_enum(b));
}

/* ---- candidates ------------------------------------------------------------------------------ */

static int by_flavour(const void *x, const void *y)
{
	const struct core_flavour *a = x, *b = y;

	return a->id < b->id ? -1 : a->id > b->id;
}

/* Kernel types whose names are flavours themselves. vmlinux has next to none, BTF made for one
 * program may. One walk, as names can't be searched by their beginnings. */
static void find_flavours(struct reader *r)
{
	const char *name;

	if (r->has_flavours)
		return;
	r->has_flavours = true;
	for (uint32_t id = 0; (id = btf_next(r->kernel, UINT32_MAX, id, &name));)
		if (strstr(name, "___") && name[core_essential_len(name)])
			vec_push(r->a, &r->flavours, ((struct core_flavour){name, id}));
	if (r->flavours.n)
		qsort(r->flavours.items, r->flavours.n, sizeof(*r->flavours.items), by_flavour);
}

const struct core_cands *core_find_cands(struct reader *r, uint32_t type)
{
	vec(uint32_t) ids = {0};
	struct core_cands *ret;
	struct btf_record rec;
	const char *name;
	uint32_t kinds;

	vec_each (c, &r->cands)
		if (c->type_id == type)
			return c;
	if (btf_get(r->btf, type, &rec) && r->kernel) {
		name = btf_string(r->btf, rec.name_off);
		name = arena_strndup(r->a, name, core_essential_len(name));
		kinds = is_enum(rec.kind)
		            ? BTF_KIND_MASK(BTF_KIND_ENUM) | BTF_KIND_MASK(BTF_KIND_ENUM64)
		            : BTF_KIND_MASK(rec.kind);
		for (uint32_t id = 0; *name && (id = btf_find(r->kernel, name, kinds, id));)
			vec_push(r->a, &ids, id);
		find_flavours(r);
		vec_each (f, &r->flavours) {
			struct btf_record target;

			if (*name && same_essence(f->name, name) &&
			    btf_get(r->kernel, f->id, &target) &&
			    BTF_KIND_MASK(target.kind) & kinds)
				vec_push(r->a, &ids, f->id);
		}
	}
	ret = vec_add(r->a, &r->cands);
	*ret = (struct core_cands){.type_id = type, .ids = ids.items, .n = (uint32_t)ids.n};
	return ret;
}

/* ---- specs of the object --------------------------------------------------------------------- */

/* The last member of a struct with no length of its own may be indexed at will. */
static bool is_flexible(struct btf_file *b, const struct core_step *parent,
                        const struct btf_array *array)
{
	struct btf_record rec;

	return !array->nelems && parent->name && btf_get(b, parent->type, &rec) &&
	       is_composite(rec.kind) && parent->index == rec.vlen - 1;
}

static int add_step(struct core_spec *s, const char *name, uint32_t type, uint32_t index)
{
	if (s->n == CORE_DEPTH_MAX)
		return -E2BIG;
	s->steps[s->n++] = (struct core_step){.name = name, .type = type, .index = index};
	return 0;
}

static int add_element(struct core_spec *s, uint32_t type, uint32_t index)
{
	uint64_t size_b;

	if (!walk_size(s->btf, type, &size_b))
		return -EINVAL;
	s->bit_off += (uint64_t)index * size_b * 8;
	return add_step(s, NULL, type, index);
}

/* One number of the access string, applied to type `id`; *ret_id is the type it leads to. */
static int parse_step(struct core_spec *s, uint32_t id, uint32_t index, uint32_t *ret_id)
{
	struct btf_record rec;
	struct walk_member m;

	if (!walk_strip(s->btf, id, &id, &rec))
		return -EINVAL;
	if (is_composite(rec.kind)) {
		if (!walk_member(s->btf, &rec, index, &m))
			return -EINVAL;
		s->bit_off += m.bit_off;
		*ret_id = m.type;
		return *m.name ? add_step(s, m.name, id, index) : 0;
	}
	if (rec.kind == BTF_KIND_ARRAY) {
		const struct btf_array *array = rec.extra;

		if (index >= array->nelems && !is_flexible(s->btf, &s->steps[s->n - 1], array))
			return -EINVAL;
		if (!walk_strip(s->btf, array->type, ret_id, &rec))
			return -EINVAL;
		return add_element(s, *ret_id, index);
	}
	return -EINVAL;
}

static int read_index(const char **at, uint32_t *ret)
{
	uint64_t n = 0;

	if (**at < '0' || **at > '9')
		return -EINVAL;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		n = n * 10 + (uint64_t)(**at - '0');
		if (n > INT32_MAX)
			return -EINVAL;
	}
	if (**at == ':')
		(*at)++;
	else if (**at)
		return -EINVAL;
	*ret = (uint32_t)n;
	return 0;
}

int core_spec_parse(struct reader *r, uint32_t kind, uint32_t type, const char *access,
                    struct core_spec *ret)
{
	struct core_spec *s = ret;
	struct btf_record rec;
	uint32_t index, id;
	int err;

	*s = (struct core_spec){.btf = r->btf, .root = type};
	if (!core_is_field(kind) && !core_is_enum(kind))
		return strcmp(access, "0") ? -EINVAL : 0;
	if (read_index(&access, &index) || !walk_strip(s->btf, type, &id, &rec))
		return -EINVAL;
	if (core_is_enum(kind)) {
		const struct btf_enum *e = rec.extra;
		const struct btf_enum64 *wide = rec.extra;

		if (*access || !is_enum(rec.kind) || index >= rec.vlen)
			return -EINVAL;
		return add_step(s,
		                btf_string(s->btf, rec.kind == BTF_KIND_ENUM
		                                       ? e[index].name_off
		                                       : wide[index].name_off),
		                id, index);
	}
	err = add_element(s, id, index);
	for (s->depth = 1; !err && *access; s->depth++) {
		if (s->depth == CORE_DEPTH_MAX)
			return -E2BIG;
		err = read_index(&access, &index);
		if (!err)
			err = parse_step(s, id, index, &id);
	}
	return err;
}

/* ---- and of the kernel ----------------------------------------------------------------------- */

/* Whether members of these types could be the same one. */
static bool fields_compatible(struct btf_file *lb, uint32_t local, struct btf_file *tb,
                              uint32_t target)
{
	struct btf_record l, t;

	for (int depth = 0; depth < TYPE_DEPTH_MAX; depth++) {
		const char *ln, *tn;

		if (!walk_strip(lb, local, NULL, &l) || !walk_strip(tb, target, NULL, &t))
			return false;
		if (is_composite(l.kind) && is_composite(t.kind))
			return true;
		if (!same_kind(l.kind, t.kind))
			return false;
		switch (l.kind) {
		case BTF_KIND_PTR:
		case BTF_KIND_FLOAT:
			return true;
		case BTF_KIND_FWD:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
			ln = btf_string(lb, l.name_off);
			tn = btf_string(tb, t.name_off);
			return !*ln || !*tn || same_essence(ln, tn);
		case BTF_KIND_INT: /* old-style bit fields say their offset here */
			return !BTF_INT_OFFSET(*(const uint32_t *)l.extra) &&
			       !BTF_INT_OFFSET(*(const uint32_t *)t.extra);
		case BTF_KIND_ARRAY:
			local = ((const struct btf_array *)l.extra)->type;
			target = ((const struct btf_array *)t.extra)->type;
			break;
		default:
			return false;
		}
	}
	return false;
}

/* Member `step` of the object looked for in the target's type `id`, anonymous structs included. */
static int match_member(const struct core_spec *local, const struct core_step *step,
                        struct core_spec *s, uint32_t id, uint32_t *ret_id)
{
	struct btf_record rec, own;
	struct walk_member m, local_m;

	if (!walk_strip(s->btf, id, &id, &rec))
		return -EINVAL;
	if (!is_composite(rec.kind))
		return 0;
	if (!btf_get(local->btf, step->type, &own) ||
	    !walk_member(local->btf, &own, step->index, &local_m))
		return -EINVAL;
	if (s->depth >= CORE_DEPTH_MAX)
		return -E2BIG;
	for (uint32_t i = 0; walk_member(s->btf, &rec, i, &m); i++) {
		uint64_t bit_off = s->bit_off;
		int err;

		s->bit_off = bit_off + m.bit_off;
		if (!*m.name) {
			s->depth++;
			err = match_member(local, step, s, m.type, ret_id);
			if (err)
				return err;
			s->depth--;
		} else if (!strcmp(m.name, step->name)) {
			if (!fields_compatible(local->btf, local_m.type, s->btf, m.type))
				return 0;
			*ret_id = m.type;
			err = add_step(s, m.name, id, i);
			return err ? err : 1;
		}
		s->bit_off = bit_off;
	}
	return 0;
}

static int match_field(const struct core_spec *local, struct core_spec *s)
{
	uint32_t id = s->root;

	for (uint32_t i = 0; i < local->n; i++) {
		const struct core_step *step = &local->steps[i];
		struct btf_record rec;
		int err;

		if (!walk_strip(s->btf, id, &id, &rec))
			return -EINVAL;
		if (step->name) {
			err = match_member(local, step, s, id, &id);
			if (err <= 0)
				return err;
			s->depth++;
			continue;
		}
		if (i > 0) {
			const struct btf_array *array = rec.extra;

			if (rec.kind != BTF_KIND_ARRAY)
				return 0;
			if (step->index >= array->nelems &&
			    !is_flexible(s->btf, &s->steps[s->n - 1], array))
				return 0;
			if (!walk_strip(s->btf, array->type, &id, &rec))
				return -EINVAL;
		}
		err = add_element(s, id, step->index);
		if (err)
			return err;
		s->depth++;
	}
	return 1;
}

uint64_t core_enum_value(const struct btf_record *rec, uint32_t index)
{
	const struct btf_enum64 *wide = rec->extra;
	const struct btf_enum *e = rec->extra;

	if (rec->kind == BTF_KIND_ENUM64)
		return (uint64_t)wide[index].val_hi32 << 32 | wide[index].val_lo32;
	return rec->kflag ? (uint64_t)(int64_t)e[index].val : (uint32_t)e[index].val;
}

static const char *enumerator_name(struct btf_file *b, const struct btf_record *rec, uint32_t index)
{
	const struct btf_enum64 *wide = rec->extra;
	const struct btf_enum *e = rec->extra;

	return btf_string(b,
	                  rec->kind == BTF_KIND_ENUM64 ? wide[index].name_off : e[index].name_off);
}

static int match_enumerator(const struct core_spec *local, struct core_spec *s)
{
	struct btf_record rec;
	uint32_t id;

	if (!walk_strip(s->btf, s->root, &id, &rec) || !is_enum(rec.kind))
		return 0;
	for (uint32_t i = 0; i < rec.vlen; i++) {
		const char *name = enumerator_name(s->btf, &rec, i);

		if (same_essence(local->steps[0].name, name))
			return add_step(s, name, id, i) ? -E2BIG : 1;
	}
	return 0;
}

/* ---- whole types ------------------------------------------------------------------------------
 */

struct pair {
	struct btf_file *local, *target;
	uint32_t
	    left; /* steps that may still be taken: hostile types make trees of exponential size */
};

static bool compatible(struct pair *p, uint32_t local, uint32_t target, int depth)
{
	struct btf_record l, t;
	const struct btf_param *lp, *tp;

	while (depth++ < TYPE_DEPTH_MAX && p->left) {
		p->left--;
		if (!walk_strip(p->local, local, NULL, &l) ||
		    !walk_strip(p->target, target, NULL, &t) || !same_kind(l.kind, t.kind))
			return false;
		switch (l.kind) {
		case BTF_KIND_UNKN:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_FWD:
			return true;
		case BTF_KIND_INT:
			return !BTF_INT_OFFSET(*(const uint32_t *)l.extra) &&
			       !BTF_INT_OFFSET(*(const uint32_t *)t.extra);
		case BTF_KIND_PTR:
			local = l.size_or_type;
			target = t.size_or_type;
			break;
		case BTF_KIND_ARRAY:
			local = ((const struct btf_array *)l.extra)->type;
			target = ((const struct btf_array *)t.extra)->type;
			break;
		case BTF_KIND_FUNC_PROTO:
			if (l.vlen != t.vlen)
				return false;
			lp = l.extra;
			tp = t.extra;
			for (uint32_t i = 0; i < l.vlen; i++)
				if (!compatible(p, lp[i].type, tp[i].type, depth))
					return false;
			local = l.size_or_type;
			target = t.size_or_type;
			break;
		default:
			return false;
		}
	}
	return false;
}

enum { PAIRS_MAX = 100000 };

bool core_types_compatible(struct reader *r, uint32_t local_id, struct btf_file *target,
                           uint32_t target_id)
{
	struct pair p = {r->btf, target, PAIRS_MAX};

	return compatible(&p, local_id, target_id, 0);
}

static bool alike(struct pair *p, uint32_t local, uint32_t target, bool behind_pointer, int depth);

static bool enums_alike(struct pair *p, const struct btf_record *l, const struct btf_record *t)
{
	for (uint32_t i = 0; i < l->vlen; i++) {
		const char *name = enumerator_name(p->local, l, i);
		bool is_there = false;

		for (uint32_t k = 0; k < t->vlen && !is_there && p->left; k++, p->left--)
			is_there = same_essence(name, enumerator_name(p->target, t, k));
		if (!is_there)
			return false;
	}
	return true;
}

static bool members_alike(struct pair *p, const struct btf_record *l, const struct btf_record *t,
                          bool behind_pointer, int depth)
{
	struct walk_member lm, tm;

	if (l->vlen > t->vlen)
		return false;
	for (uint32_t i = 0; walk_member(p->local, l, i, &lm); i++) {
		bool is_there = false;

		for (uint32_t k = 0; !is_there && p->left && walk_member(p->target, t, k, &tm);
		     k++, p->left--)
			is_there = same_essence(lm.name, tm.name) &&
			           alike(p, lm.type, tm.type, behind_pointer, depth);
		if (!is_there)
			return false;
	}
	return true;
}

static bool forward_alike(const struct btf_record *l, const struct btf_record *t,
                          bool behind_pointer)
{
	if (l->kind == t->kind)
		return l->kflag == t->kflag;
	return behind_pointer && t->kind == (l->kflag ? BTF_KIND_UNION : BTF_KIND_STRUCT);
}

static bool composites_alike(struct pair *p, const struct btf_record *l, const struct btf_record *t,
                             bool behind_pointer, int depth)
{
	if (!behind_pointer)
		return l->kind == t->kind && members_alike(p, l, t, false, depth);
	if (l->kind == t->kind)
		return true;
	return t->kind == BTF_KIND_FWD && (l->kind == BTF_KIND_UNION) == t->kflag;
}

static uint32_t int_encoding(const struct btf_record *rec)
{
	return BTF_INT_ENCODING(*(const uint32_t *)rec->extra);
}

/* The stricter question of bpf_core_type_matches(): names and members, structs behind pointers by
 * name alone. */
static bool alike(struct pair *p, uint32_t local, uint32_t target, bool behind_pointer, int depth)
{
	struct btf_record l, t;
	const struct btf_array *la, *ta;
	const struct btf_param *lp, *tp;

	while (depth++ < TYPE_DEPTH_MAX && p->left) {
		p->left--;
		if (!walk_strip(p->local, local, NULL, &l) ||
		    !walk_strip(p->target, target, NULL, &t) ||
		    !same_essence(btf_string(p->local, l.name_off),
		                  btf_string(p->target, t.name_off)))
			return false;
		if (l.kind == BTF_KIND_FWD)
			return forward_alike(&l, &t, behind_pointer);
		if (is_composite(l.kind))
			return composites_alike(p, &l, &t, behind_pointer, depth);
		if (!same_kind(l.kind, t.kind))
			return false;
		switch (l.kind) {
		case BTF_KIND_UNKN:
			return true;
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
			return enums_alike(p, &l, &t);
		case BTF_KIND_INT:
			return l.size_or_type == t.size_or_type &&
			       (int_encoding(&l) & BTF_INT_SIGNED) ==
			           (int_encoding(&t) & BTF_INT_SIGNED);
		case BTF_KIND_PTR:
			behind_pointer = true;
			local = l.size_or_type;
			target = t.size_or_type;
			break;
		case BTF_KIND_ARRAY:
			la = l.extra;
			ta = t.extra;
			if (la->nelems != ta->nelems)
				return false;
			local = la->type;
			target = ta->type;
			break;
		case BTF_KIND_FUNC_PROTO:
			lp = l.extra;
			tp = t.extra;
			if (l.vlen != t.vlen)
				return false;
			for (uint32_t i = 0; i < l.vlen; i++)
				if (!alike(p, lp[i].type, tp[i].type, behind_pointer, depth))
					return false;
			local = l.size_or_type;
			target = t.size_or_type;
			break;
		default:
			return false;
		}
	}
	return false;
}

int core_spec_match(struct reader *r, uint32_t kind, const struct core_spec *local,
                    struct btf_file *target, uint32_t type, struct core_spec *ret)
{
	struct pair p = {r->btf, target, PAIRS_MAX};

	*ret = (struct core_spec){.btf = target, .root = type};
	if (core_is_field(kind))
		return match_field(local, ret);
	if (core_is_enum(kind))
		return match_enumerator(local, ret);
	if (kind == CORE_TYPE_MATCHES)
		return alike(&p, local->root, type, false, 0);
	return compatible(&p, local->root, type, 0);
}
