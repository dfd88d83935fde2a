/* See merge.h. libbpf copies types with their names and finds those that are equal; what it leaves
 * are the numbers by which types refer to each other. */
#include "inspect/btf/merge.h"

#include <bpf/btf.h>
#include <errno.h>

typedef bool id_fn(uint32_t *id, void *arg);

/* Calls `f` with each number of another type in `t`; false: f was. */
static bool each_id(struct btf_type *t, id_fn *f, void *arg)
{
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return f(&t->type, arg);
	case BTF_KIND_ARRAY:
		return f(&btf_array(t)->type, arg) && f(&btf_array(t)->index_type, arg);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (uint32_t i = 0; i < btf_vlen(t); i++)
			if (!f(&btf_members(t)[i].type, arg))
				return false;
		return true;
	case BTF_KIND_FUNC_PROTO:
		for (uint32_t i = 0; i < btf_vlen(t); i++)
			if (!f(&btf_params(t)[i].type, arg))
				return false;
		return f(&t->type, arg);
	case BTF_KIND_DATASEC:
		for (uint32_t i = 0; i < btf_vlen(t); i++)
			if (!f(&btf_var_secinfos(t)[i].type, arg))
				return false;
		return true;
	default:
		return true;
	}
}

struct range {
	uint32_t end;   /* no type has this number */
	uint32_t first; /* that is not the base's */
	uint32_t add;   /* to those */
};

static bool is_in_range(uint32_t *id, void *arg)
{
	return *id < ((struct range *)arg)->end;
}

static bool shift_id(uint32_t *id, void *arg)
{
	const struct range *r = arg;

	if (*id >= r->first)
		*id += r->add;
	return true;
}

static int add_types(struct btf *all, struct btf *part, uint32_t first)
{
	struct range r = {.end = btf__type_cnt(part), .first = first};

	r.add = btf__type_cnt(all) - first;
	for (uint32_t id = first; id < r.end; id++)
		if (!each_id((struct btf_type *)btf__type_by_id(part, id), is_in_range, &r))
			return -EINVAL;
	for (uint32_t id = first; id < r.end; id++) {
		int as = btf__add_type(all, part, btf__type_by_id(part, id));

		if (as < 0)
			return as;
		each_id((struct btf_type *)btf__type_by_id(all, (uint32_t)as), shift_id, &r);
	}
	return 0;
}

static int add_file(struct inspect *x, struct btf *all, struct btf *base, const char *path)
{
	struct btf *part = btf__parse_split(path, base);
	int err = part ? add_types(all, part, base ? btf__type_cnt(base) : 1) : -errno;

	btf__free(part);
	if (err)
		inspect_error(x, "failed to load BTF from %s: %s", path, btf_error_text(x, -err));
	return err;
}

int btf_merge(struct inspect *x, const char *const *paths, size_t n, const char *base_path,
              struct btf_source *s)
{
	struct btf *base = base_path ? btf__parse(base_path, NULL) : NULL;
	struct btf *all = btf__new_empty_split(base);
	const void *bytes;
	uint32_t size_b;
	int err = 0;

	for (size_t i = 0; i < n && !err && all; i++)
		err = add_file(x, all, base, paths[i]);
	if (!err) {
		err = all ? btf__dedup(all, NULL) : -errno;
		bytes = err ? NULL : btf__raw_data(all, &size_b);
		if (bytes)
			err = btf_open_bytes(bytes, size_b, s->base, &s->file);
		else if (!err)
			err = -ENOMEM;
		if (err)
			inspect_error(x, "the BTF of these files can not be merged: %s",
			              btf_error_text(x, -err));
	}
	s->held = all;
	btf__free(base);
	return err;
}
