/* `gen min_core_btf`: of a kernel's BTF what the relocations of some objects ask for, so that they
 * can be loaded where the kernel has none.
 *
 * The reader of objects tells which types and members each relocation fits; these are marked, with
 * what they consist of, and written with new numbers. What a pointer points to is left out: no
 * relocation looks there. */
#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "inspect/gen/gen.h"
#include "vm/object.h"

enum { DEPTH_MOST = 64 };

struct member {
	uint32_t type, index;
};

struct minimum {
	struct btf_file *from;
	uint32_t end;
	uint32_t
	    *ids; /* by type: its number in the file that is written; before: 1 if it is needed */
	uint8_t *is_whole; /* by type: a record with all of its members */
	vec(struct member) members;
};

/* ---- marking --------------------------------------------------------------------------------- */

/* A type as it lies in memory: what a pointer points to is not asked for, members of records are
 * marked one by one. */
static void mark(struct minimum *m, uint32_t id)
{
	struct btf_record r;

	while (id && id < m->end && !m->ids[id] && btf_get(m->from, id, &r)) {
		m->ids[id] = 1;
		switch (r.kind) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = r.size_or_type;
			break;
		case BTF_KIND_ARRAY:
			mark(m, ((const struct btf_array *)r.extra)->index_type);
			id = ((const struct btf_array *)r.extra)->type;
			break;
		default:
			return;
		}
	}
}

static void mark_member(struct minimum *m, uint32_t type, uint32_t index)
{
	struct btf_record r;

	if (!btf_get(m->from, type, &r) || !is_record(&r) || index >= r.vlen)
		return;
	mark(m, type);
	mark(m, ((const struct btf_member *)r.extra)[index].type);
	vec_each (known, &m->members)
		if (known->type == type && known->index == index)
			return;
	vec_push(NULL, &m->members, ((struct member){type, index}));
}

static uint32_t strip(struct minimum *m, uint32_t id, struct btf_record *ret)
{
	for (uint32_t steps = 0; steps < DEPTH_MOST && btf_get(m->from, id, ret); steps++) {
		if (ret->kind == BTF_KIND_ARRAY)
			id = ((const struct btf_array *)ret->extra)->type;
		else if (is_qualifier(ret->kind) || ret->kind == BTF_KIND_TYPEDEF ||
		         ret->kind == BTF_KIND_TYPE_TAG)
			id = ret->size_or_type;
		else
			return id;
	}
	return 0;
}

/* The members without names that lead from one record to another inside of it. */
static bool mark_way(struct minimum *m, uint32_t from, uint32_t to, unsigned depth)
{
	const struct btf_member *members;
	struct btf_record r;

	from = strip(m, from, &r);
	if (from == to)
		return true;
	if (!from || depth > DEPTH_MOST || !is_record(&r))
		return false;
	members = r.extra;
	for (uint32_t i = 0; i < r.vlen; i++)
		if (!*btf_string(m->from, members[i].name_off) &&
		    mark_way(m, members[i].type, to, depth + 1)) {
			mark_member(m, from, i);
			return true;
		}
	return false;
}

/* All that a comparison of two types looks at: records behind pointers, or where only kinds are
 * compared, without their members. */
static void mark_whole(struct minimum *m, uint32_t id, bool is_bare, unsigned depth)
{
	struct btf_record r;

	if (!id || depth > DEPTH_MOST || !btf_get(m->from, id, &r))
		return;
	mark(m, id);
	switch (r.kind) {
	case BTF_KIND_PTR:
		mark_whole(m, r.size_or_type, true, depth + 1);
		break;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		mark_whole(m, r.size_or_type, is_bare, depth + 1);
		break;
	case BTF_KIND_ARRAY:
		mark_whole(m, ((const struct btf_array *)r.extra)->type, is_bare, depth + 1);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		if (is_bare || m->is_whole[id])
			break;
		m->is_whole[id] = 1;
		for (uint32_t i = 0; i < r.vlen; i++)
			mark_whole(m, ((const struct btf_member *)r.extra)[i].type, false,
			           depth + 1);
		break;
	case BTF_KIND_FUNC_PROTO:
		mark_whole(m, r.size_or_type, is_bare, depth + 1);
		for (uint32_t i = 0; i < r.vlen; i++)
			mark_whole(m, ((const struct btf_param *)r.extra)[i].type, is_bare,
			           depth + 1);
		break;
	default:
		break;
	}
}

static void use_type(void *arg, const struct vm_core_use *use)
{
	struct minimum *m = arg;
	uint32_t at = use->root;
	struct btf_record r;

	if (!use->is_field) {
		mark_whole(m, use->root, !use->is_whole, 0);
		return;
	}
	mark(m, at);
	for (uint32_t i = 0; i < use->n_steps; i++) {
		mark_way(m, at, use->steps[i].type, 0);
		mark_member(m, use->steps[i].type, use->steps[i].index);
		if (btf_get(m->from, use->steps[i].type, &r) && is_record(&r) &&
		    use->steps[i].index < r.vlen)
			at = ((const struct btf_member *)r.extra)[use->steps[i].index].type;
	}
}

/* ---- writing --------------------------------------------------------------------------------- */

static uint32_t new_id(const struct minimum *m, uint32_t id)
{
	return id < m->end ? m->ids[id] : 0;
}

static bool needs_member(const struct minimum *m, uint32_t id, uint32_t index)
{
	if (m->is_whole[id])
		return true;
	vec_each (known, &m->members)
		if (known->type == id && known->index == index)
			return true;
	return false;
}

static int add_record(const struct minimum *m, struct btf *to, uint32_t id,
                      const struct btf_record *r, const char *name)
{
	const struct btf_member *members = r->extra;
	int err = r->kind == BTF_KIND_STRUCT ? btf__add_struct(to, name, r->size_or_type)
	                                     : btf__add_union(to, name, r->size_or_type);

	for (uint32_t i = 0; i < r->vlen && err >= 0; i++) {
		uint32_t off = members[i].offset;

		if (needs_member(m, id, i))
			err = btf__add_field(to, btf_string(m->from, members[i].name_off),
			                     (int)new_id(m, members[i].type),
			                     r->kflag ? BTF_MEMBER_BIT_OFFSET(off) : off,
			                     r->kflag ? BTF_MEMBER_BITFIELD_SIZE(off) : 0);
	}
	return err;
}

static int add_enum(const struct minimum *m, struct btf *to, const struct btf_record *r,
                    const char *name)
{
	const struct btf_enum *narrow = r->extra;
	const struct btf_enum64 *wide = r->extra;
	bool is_wide = r->kind == BTF_KIND_ENUM64;
	int err = is_wide ? btf__add_enum64(to, name, r->size_or_type, r->kflag)
	                  : btf__add_enum(to, name, r->size_or_type);

	for (uint32_t i = 0; i < r->vlen && err >= 0; i++)
		err =
		    is_wide
		        ? btf__add_enum64_value(to, btf_string(m->from, wide[i].name_off),
		                                (uint64_t)wide[i].val_hi32 << 32 | wide[i].val_lo32)
		        : btf__add_enum_value(to, btf_string(m->from, narrow[i].name_off),
		                              r->kflag ? (int64_t)narrow[i].val
		                                       : (int64_t)(uint32_t)narrow[i].val);
	return err;
}

static int add_prototype(const struct minimum *m, struct btf *to, const struct btf_record *r)
{
	const struct btf_param *p = r->extra;
	int err = btf__add_func_proto(to, (int)new_id(m, r->size_or_type));

	for (uint32_t i = 0; i < r->vlen && err >= 0; i++)
		err = btf__add_func_param(to, btf_string(m->from, p[i].name_off),
		                          (int)new_id(m, p[i].type));
	return err;
}

static int add_type(const struct minimum *m, struct btf *to, uint32_t id)
{
	const struct btf_array *array;
	struct btf_record r;
	const char *name;
	int refers;

	if (!btf_get(m->from, id, &r))
		return -EINVAL;
	name = btf_string(m->from, r.name_off);
	refers = (int)new_id(m, r.size_or_type);
	switch (r.kind) {
	case BTF_KIND_INT:
		return btf__add_int(to, name, r.size_or_type,
		                    (int)BTF_INT_ENCODING(*(const uint32_t *)r.extra));
	case BTF_KIND_FLOAT:
		return btf__add_float(to, name, r.size_or_type);
	case BTF_KIND_PTR:
		return btf__add_ptr(to, refers);
	case BTF_KIND_TYPEDEF:
		return btf__add_typedef(to, name, refers);
	case BTF_KIND_CONST:
		return btf__add_const(to, refers);
	case BTF_KIND_VOLATILE:
		return btf__add_volatile(to, refers);
	case BTF_KIND_RESTRICT:
		return btf__add_restrict(to, refers);
	case BTF_KIND_TYPE_TAG:
		return btf__add_type_tag(to, name, refers);
	case BTF_KIND_ARRAY:
		array = r.extra;
		return btf__add_array(to, (int)new_id(m, array->index_type),
		                      (int)new_id(m, array->type), array->nelems);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return add_record(m, to, id, &r, name);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return add_enum(m, to, &r, name);
	case BTF_KIND_FWD:
		return btf__add_fwd(to, name, r.kflag ? BTF_FWD_UNION : BTF_FWD_STRUCT);
	case BTF_KIND_FUNC_PROTO:
		return add_prototype(m, to, &r);
	default:
		return -EINVAL; /* nothing of the sort is marked */
	}
}

static int write_minimum(struct minimum *m, const char *path)
{
	struct btf *to = btf__new_empty();
	const void *bytes;
	uint32_t n = 0, size_b;
	int err = to ? 0 : -errno;

	for (uint32_t id = 1; id < m->end; id++)
		if (m->ids[id])
			m->ids[id] = ++n;
	for (uint32_t id = 1; id < m->end && err >= 0; id++)
		if (m->ids[id])
			err = add_type(m, to, id);
	bytes = err < 0 ? NULL : btf__raw_data(to, &size_b);
	if (err >= 0)
		err = bytes ? file_write(path, bytes, size_b) : -ENOMEM;
	btf__free(to);
	return err;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int read_object(struct inspect *x, const char *path, const char *btf_path, struct minimum *m)
{
	struct vm_object_options opts = {
	    .kernel_btf_path = btf_path, .type = UINT32_MAX, .on_core = use_type, .on_core_arg = m};
	own_strbuf struct strbuf why = {0};
	struct vm_object *o;
	char *bytes;
	size_t size_b;
	int err = file_read(x->a, path, &bytes, &size_b);

	if (err) {
		inspect_error(x, "failed to parse BPF object '%s': %s", path, strerror(-err));
		return err;
	}
	err = vm_object_open(x->a, bytes, size_b, &opts, &o, &why);
	if (err)
		inspect_error(x, "failed to parse BPF object '%s': %s", path,
		              why.n ? why.s : strerror(-err));
	else
		vm_object_close(o);
	return err;
}

/* The reader of objects opens raw BTF: what stood in an ELF file is handed to it by another path.
 */
static const char *raw_path(struct inspect *x, const struct btf_source *s, const char *path,
                            int *ret_fd)
{
	const void *bytes;
	uint32_t size_b;

	if (!s->held)
		return path;
	bytes = btf__raw_data(s->held, &size_b);
	*ret_fd = memfd_create("btf", MFD_CLOEXEC);
	if (!bytes || *ret_fd < 0 || fd_write(*ret_fd, bytes, size_b))
		return NULL;
	return arena_printf(x->a, "/proc/self/fd/%d", *ret_fd);
}

static int make_minimum(struct inspect *x, struct words *w, const struct btf_source *s,
                        const char *in, const char *out)
{
	struct minimum m = {.from = s->file, .end = btf_end(s->file)};
	own_fd int fd = -1;
	const char *path = raw_path(x, s, in, &fd);
	int err = 0;

	m.ids = calloc(m.end, sizeof(*m.ids));
	m.is_whole = calloc(m.end, sizeof(*m.is_whole));
	if (!path || !m.ids || !m.is_whole)
		err = inspect_error(x, "out of memory");
	while (w->n && !err)
		err = read_object(x, word_next(w), path, &m);
	if (!err) {
		err = write_minimum(&m, out);
		if (err < 0)
			inspect_error(x, "error saving btf file: %s", strerror(-err));
		else
			say_done(x);
	}
	free(m.ids);
	free(m.is_whole);
	vec_free(&m.members);
	return err;
}

int gen_min_core_btf(struct inspect *x, struct words *w)
{
	struct btf_source s = {0};
	const char *in, *out;
	int err;

	if (!gen_need(x, w, 3))
		return -1;
	in = word_next(w);
	out = word_next(w);
	err = btf_source_open(in, NULL, NULL, &s);
	if (err)
		inspect_error(x, "failed parsing '%s' BTF file: %s", in, btf_error_text(x, -err));
	else
		err = make_minimum(x, w, &s, in, out);
	btf_source_close(&s);
	return err;
}
