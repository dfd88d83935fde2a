/* The context: which source answers a question about types.
 *
 * Input: names. Output: types. Order: the script's own declarations, the standard integer names,
 * the running kernel's BTF, the BTF of its modules. Each is opened when the ones before it had no
 * answer, and answers (also "unknown") are remembered. */
#include "types/types.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "types/types_priv.h"

#define SYS_BTF "/sys/kernel/btf"

struct types *types_create(struct arena *a, const char *btf_path)
{
	struct types *ts = arena_new(a, struct types);

	ts->a = a;
	if (!btf_path)
		btf_path = getenv("SKEP_BTF");
	if (!btf_path)
		btf_path = getenv("BPFTRACE_BTF");
	ts->btf_path = btf_path && *btf_path ? arena_strdup(a, btf_path) : NULL;
	ts->vmlinux.module = "vmlinux";
	return ts;
}

static void close_source(struct btf_source *src)
{
	free(src->shallow);
	free(src->full);
	free(src->proto_fits);
	free(src->value_classes);
	if (src->file)
		btf_close(src->file);
}

void types_destroy(struct types *ts)
{
	vec_each (m, &ts->modules)
		close_source(*m);
	vec_each (o, &ts->objects)
		close_source(*o);
	close_source(&ts->vmlinux);
	vec_each (src, &ts->sources) {
		strmap_free(&(*src)->found);
		(*src)->free(*src);
	}
	strmap_free(&ts->found);
	strmap_free(&ts->structs);
	strmap_free(&ts->unions);
	strmap_free(&ts->enums);
	strmap_free(&ts->typedefs);
	strmap_free(&ts->enumerators);
	strmap_free(&ts->kernel_enumerators);
	strmap_free(&ts->defines);
}

struct btf_source *types_vmlinux(struct types *ts)
{
	struct btf_source *src = &ts->vmlinux;

	if (!src->is_tried) {
		src->is_tried = true;
		if (btf_open(ts->btf_path ? ts->btf_path : SYS_BTF "/vmlinux", NULL, &src->file))
			src->file = NULL;
	}
	return src->file ? src : NULL;
}

const char *types_btf_path(const struct types *ts)
{
	return ts->btf_path;
}

bool types_have_btf(struct types *ts)
{
	return types_vmlinux(ts) != NULL;
}

/* Modules are listed once, by name; each is opened when asked for. A BTF file given by the user
 * says nothing about the running kernel's modules. */
static void list_modules(struct types *ts)
{
	DIR *dir;
	struct dirent *e;

	if (ts->modules_listed)
		return;
	ts->modules_listed = true;
	if (ts->btf_path || !types_vmlinux(ts))
		return;
	dir = opendir(SYS_BTF);
	if (!dir)
		return;
	while ((e = readdir(dir))) {
		struct btf_source *src;

		if (e->d_name[0] == '.' || !strcmp(e->d_name, "vmlinux"))
			continue;
		src = arena_new(ts->a, struct btf_source);
		src->module = arena_strdup(ts->a, e->d_name);
		src->base = &ts->vmlinux;
		vec_push(ts->a, &ts->modules, src);
	}
	closedir(dir);
}

static bool open_module(struct types *ts, struct btf_source *src)
{
	if (!src->is_tried) {
		src->is_tried = true;
		if (btf_open(arena_printf(ts->a, SYS_BTF "/%s", src->module), ts->vmlinux.file,
		             &src->file))
			src->file = NULL;
	}
	return src->file != NULL;
}

void types_open_modules(struct types *ts)
{
	list_modules(ts);
	vec_each (m, &ts->modules)
		open_module(ts, *m);
}

struct btf_source *types_module(struct types *ts, const char *module)
{
	if (module == ts->vmlinux.module || !strcmp(module, "vmlinux"))
		return types_vmlinux(ts);
	list_modules(ts);
	vec_each (m, &ts->modules)
		if (!strcmp((*m)->module, module))
			return open_module(ts, *m) ? *m : NULL;
	return NULL;
}

/* ---- by name ----------------------------------------------------------------------------- */

/* Call for vmlinux and then for each module until one has it. */
static const struct type *find_in_kernel(struct types *ts, const char *name, uint32_t kinds)
{
	struct btf_source *src = types_vmlinux(ts);
	uint32_t id;

	if (!src)
		return NULL;
	id = btf_find(src->file, name, kinds, 0);
	if (id)
		return btf_type(ts, src, id, true);
	types_open_modules(ts);
	vec_each (m, &ts->modules) {
		id = (*m)->file ? btf_find((*m)->file, name, kinds, 0) : 0;
		if (id)
			return btf_type(ts, *m, id, true);
	}
	return NULL;
}

static const struct type *find_in_btf(struct types *ts, const char *name, uint32_t kinds)
{
	const struct type *t = find_in_kernel(ts, name, kinds);

	for (size_t i = 0; !t && i < ts->objects.n; i++) {
		uint32_t id = btf_find(ts->objects.items[i]->file, name, kinds, 0);

		if (id)
			t = btf_type(ts, ts->objects.items[i], id, true);
	}
	return t;
}

int types_add_btf(struct types *ts, const void *bytes, size_t len_b)
{
	struct btf_source *src = arena_new(ts->a, struct btf_source);
	int err = btf_open_bytes(arena_memdup(ts->a, bytes, len_b), len_b, NULL, &src->file);

	if (err)
		return err;
	src->is_tried = src->is_object = true;
	src->module = "";
	vec_push(ts->a, &ts->objects, src);
	/* Names not known before may be now. */
	strmap_free(&ts->found);
	return (int)ts->objects.n - 1;
}

/* A struct by the name that it has here: what the script and the kernel have goes first, as CO-RE
 * objects declare but a part of theirs. */
static const struct type *prefer_known(struct types *ts, const struct type *t)
{
	const char *word = t->kind == TYPE_STRUCT  ? "struct"
	                   : t->kind == TYPE_UNION ? "union"
	                   : t->kind == TYPE_ENUM  ? "enum"
	                                           : NULL;
	const struct type *known;

	if (t->kind == TYPE_PTR) {
		known = prefer_known(ts, t->elem);
		return known == t->elem ? t : type_ptr(ts->a, known, t->as);
	}
	known =
	    word && t->name ? types_find(ts, arena_printf(ts->a, "%s %s", word, t->name)) : NULL;
	return known ? known : t;
}

const struct type *types_func_of(struct types *ts, int number, uint32_t btf_id)
{
	const struct type *t = btf_func_type(ts, ts->objects.items[number], btf_id, 0);
	struct type *ret;
	struct field *params;

	if (!t)
		return NULL;
	ret = arena_memdup(ts->a, t, sizeof(*t));
	params = arena_array(ts->a, struct field, t->n_fields + 1);
	for (uint32_t i = 0; i < t->n_fields; i++) {
		params[i] = t->fields[i];
		params[i].type = prefer_known(ts, params[i].type);
	}
	ret->fields = params;
	ret->elem = prefer_known(ts, t->elem);
	return ret;
}

void types_use_source(struct types *ts, types_source_fn *get, void *arg)
{
	ts->source = NULL;
	ts->get_source = get;
	ts->get_source_arg = arg;
}

static struct type_source *source_in_use(struct types *ts)
{
	types_source_fn *get = ts->get_source;

	if (get) {
		ts->get_source = NULL;
		ts->source = get(ts->get_source_arg);
	}
	return ts->source;
}

static const struct type *find_tag(struct types *ts, const struct strmap *own, enum type_kind kind,
                                   const char *tag, uint32_t kinds)
{
	const struct type *t = strmap_get(own, tag);

	if (t && !t->is_incomplete)
		return t;
	if (source_in_use(ts))
		t = ts->source->find(ts->source, kind, tag);
	else
		t = NULL;
	return t ? t : find_in_btf(ts, tag, kinds);
}

static const struct type *find_uncached(struct types *ts, const char *name)
{
	const struct type *t;

	if (!strncmp(name, "struct ", 7))
		return find_tag(ts, &ts->structs, TYPE_STRUCT, name + 7,
		                BTF_KIND_MASK(BTF_KIND_STRUCT));
	if (!strncmp(name, "union ", 6))
		return find_tag(ts, &ts->unions, TYPE_UNION, name + 6,
		                BTF_KIND_MASK(BTF_KIND_UNION));
	if (!strncmp(name, "enum ", 5))
		return find_tag(ts, &ts->enums, TYPE_ENUM, name + 5,
		                BTF_KIND_MASK(BTF_KIND_ENUM) | BTF_KIND_MASK(BTF_KIND_ENUM64));
	t = strmap_get(&ts->typedefs, name);
	if (t)
		return t;
	t = types_standard(name);
	if (!t && source_in_use(ts))
		t = ts->source->find(ts->source, TYPE_TYPEDEF, name);
	if (t)
		return t;
	return find_in_btf(ts, name,
	                   BTF_KIND_MASK(BTF_KIND_TYPEDEF) | BTF_KIND_MASK(BTF_KIND_INT) |
	                       BTF_KIND_MASK(BTF_KIND_FLOAT));
}

const struct type *types_find(struct types *ts, const char *c_name)
{
	struct strmap *found = source_in_use(ts) ? &ts->source->found : &ts->found;
	const struct type *t = strmap_get(found, c_name);

	if (t)
		return t == &ts->nothing ? NULL : t;
	t = find_uncached(ts, c_name);
	strmap_put(found, arena_strdup(ts->a, c_name), (void *)(t ? t : &ts->nothing));
	return t;
}

static const struct type *complete_tagged(struct types *ts, const struct type *t)
{
	const struct strmap *own = t->kind == TYPE_STRUCT  ? &ts->structs
	                           : t->kind == TYPE_UNION ? &ts->unions
	                                                   : &ts->enums;
	const char *word = t->kind == TYPE_STRUCT  ? "struct"
	                   : t->kind == TYPE_UNION ? "union"
	                                           : "enum";
	const struct type *mine = t->name ? strmap_get(own, t->name) : NULL;

	if (mine && !mine->is_incomplete)
		return mine;
	if (t->origin)
		return t->origin->complete(t->origin);
	if (t->btf_id && types_vmlinux(ts))
		return btf_type(ts, &ts->vmlinux, t->btf_id, true);
	vec_each (m, &ts->module_types)
		if (m->type == t)
			return btf_type(ts, m->from, m->id, true);
	if (!t->name)
		return NULL;
	return types_find(ts, arena_printf(ts->a, "%s %s", word, t->name));
}

const struct type *types_complete(struct types *ts, const struct type *t)
{
	const struct type *bare = type_strip(t);

	if (!bare->is_incomplete)
		return t;
	if (bare->kind == TYPE_STRUCT || bare->kind == TYPE_UNION || bare->kind == TYPE_ENUM)
		bare = complete_tagged(ts, bare);
	return bare && !bare->is_incomplete ? bare : NULL;
}

/* The enum with an enumerator of this name: its records hold the name's offset somewhere. */
static const struct type *find_enum_with(struct types *ts, struct btf_source *src, const char *name)
{
	uint32_t name_off = btf_find_string(src->file, name), end;

	if (name_off == UINT32_MAX)
		return NULL;
	end = btf_end(src->file);
	for (uint32_t id = btf_first(src->file); id < end; id++) {
		struct btf_record rec;
		size_t each_b;

		if (!btf_get(src->file, id, &rec))
			break;
		if (rec.kind != BTF_KIND_ENUM && rec.kind != BTF_KIND_ENUM64)
			continue;
		each_b =
		    rec.kind == BTF_KIND_ENUM ? sizeof(struct btf_enum) : sizeof(struct btf_enum64);
		for (uint32_t i = 0; i < rec.vlen; i++)
			if (!memcmp((const char *)rec.extra + i * each_b, &name_off,
			            sizeof(name_off)))
				return btf_type(ts, src, id, true);
	}
	return NULL;
}

/* Answers are kept, as inference asks again in each of its passes. */
static const struct type *find_kernel_enum_with(struct types *ts, const char *name)
{
	const struct type *t = strmap_get(&ts->kernel_enumerators, name);

	if (!t) {
		t = types_vmlinux(ts) ? find_enum_with(ts, &ts->vmlinux, name) : NULL;
		t = t ? t : &ts->nothing;
		strmap_put(&ts->kernel_enumerators, arena_strdup(ts->a, name), (void *)t);
	}
	return t == &ts->nothing ? NULL : t;
}

bool types_find_enumerator(struct types *ts, const char *name, int64_t *ret_value,
                           const struct type **ret_enum)
{
	const struct declared_enumerator *own = strmap_get(&ts->enumerators, name);
	const struct type *t = NULL;

	if (own) {
		*ret_value = own->value;
		if (ret_enum)
			*ret_enum = own->type;
		return true;
	}
	if (source_in_use(ts))
		t = ts->source->find_enumerator(ts->source, name);
	if (!t)
		t = find_kernel_enum_with(ts, name);
	for (uint32_t i = 0; t && i < t->n_enumerators; i++) {
		if (strcmp(t->enumerators[i].name, name))
			continue;
		*ret_value = t->enumerators[i].value;
		if (ret_enum)
			*ret_enum = t;
		return true;
	}
	return false;
}

const char *types_find_define(struct types *ts, const char *name)
{
	return strmap_get(&ts->defines, name);
}
