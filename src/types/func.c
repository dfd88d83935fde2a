/* Kernel functions and raw tracepoints: prototypes by name, and walks over all there are.
 *
 * Input: names and wildcards. Output: TYPE_FUNCs and the ids that the kernel wants for attaching.
 * The walks hand out names straight from the blob; nothing is made for a function that nobody asks
 * about. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/wildcard.h"
#include "types/types_priv.h"

/* The kernel numbers its BTF objects; a module's number is found by name among them. Needs
 * privilege; 0 if it can't be had. */
static uint32_t module_obj_id(struct btf_source *src)
{
	uint32_t id = 0;

	if (src->obj_id || !src->base)
		return src->obj_id;
	while (!bpf_btf_get_next_id(id, &id)) {
		struct bpf_btf_info info = {0};
		char name[64] = "";
		uint32_t len_b = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(id), err;

		if (fd < 0)
			continue;
		info.name = (uintptr_t)name;
		info.name_len = sizeof(name);
		err = bpf_obj_get_info_by_fd(fd, &info, &len_b);
		close(fd);
		if (!err && info.kernel_btf && !strcmp(name, src->module)) {
			src->obj_id = id;
			break;
		}
	}
	return src->obj_id;
}

static const struct type *func_in(struct types *ts, struct btf_source *src, const char *name,
                                  uint32_t *ret_btf_id)
{
	uint32_t id = btf_find(src->file, name, BTF_KIND_MASK(BTF_KIND_FUNC), 0);

	if (!id)
		return NULL;
	if (ret_btf_id)
		*ret_btf_id = id;
	return btf_func_type(ts, src, id, 0);
}

/* How one BTF is asked for something by name. */
typedef const struct type *find_in_fn(struct types *ts, struct btf_source *src, const char *name,
                                      uint32_t *ret_btf_id);

/* In the named module, or in vmlinux and then every module. */
static const struct type *find_anywhere(struct types *ts, const char *name, const char *module,
                                        find_in_fn *find_in, uint32_t *ret_btf_id,
                                        uint32_t *ret_btf_obj_id, const char **ret_module)
{
	struct btf_source *src = module ? types_module(ts, module) : types_vmlinux(ts);
	const struct type *t;

	if (!src)
		return NULL;
	t = find_in(ts, src, name, ret_btf_id);
	if (!t && !module) {
		types_open_modules(ts);
		vec_each (m, &ts->modules) {
			src = *m;
			t = src->file ? find_in(ts, src, name, ret_btf_id) : NULL;
			if (t)
				break;
		}
	}
	if (!t)
		return NULL;
	if (ret_btf_obj_id)
		*ret_btf_obj_id = module_obj_id(src);
	if (ret_module)
		*ret_module = src->module;
	return t;
}

const struct type *types_find_func(struct types *ts, const char *name, const char *module,
                                   uint32_t *ret_btf_id, uint32_t *ret_btf_obj_id,
                                   const char **ret_module)
{
	return find_anywhere(ts, name, module, func_in, ret_btf_id, ret_btf_obj_id, ret_module);
}

bool types_kernel_has_func(struct types *ts, const char *name)
{
	struct btf_source *src = types_vmlinux(ts);

	return src && btf_find(src->file, name, BTF_KIND_MASK(BTF_KIND_FUNC), 0);
}

bool types_func_has_tag(struct types *ts, uint32_t btf_id, const char *tag)
{
	struct btf_source *src = types_vmlinux(ts);
	struct btf_record rec;
	uint32_t id, name_off;

	/* Equal names are one string: comparing offsets does. */
	id = src ? btf_find(src->file, tag, BTF_KIND_MASK(BTF_KIND_DECL_TAG), 0) : 0;
	if (!id || !btf_get(src->file, id, &rec))
		return false;
	name_off = rec.name_off;
	for (; id < btf_end(src->file); id++)
		if (btf_get(src->file, id, &rec) && rec.kind == BTF_KIND_DECL_TAG &&
		    rec.name_off == name_off && rec.size_or_type == btf_id)
			return true;
	return false;
}

uint32_t types_find_percpu_var(struct types *ts, const char *name)
{
	struct btf_source *src = types_vmlinux(ts);
	struct btf_record section;
	const struct btf_var_secinfo *vars;
	uint32_t id, at;

	if (!src)
		return 0;
	id = btf_find(src->file, name, BTF_KIND_MASK(BTF_KIND_VAR), 0);
	at = btf_find(src->file, ".data..percpu", BTF_KIND_MASK(BTF_KIND_DATASEC), 0);
	if (!id || !at || !btf_get(src->file, at, &section))
		return 0;
	vars = section.extra;
	for (uint32_t i = 0; i < section.vlen; i++)
		if (vars[i].type == id)
			return id;
	return 0;
}

const struct type *types_func_by_id(struct types *ts, const char *module, uint32_t btf_id)
{
	struct btf_source *src = types_module(ts, module);

	return src ? btf_func_type(ts, src, btf_id, 0) : NULL;
}

/* ---- trampolines ------------------------------------------------------------------------- */

enum {
	MOST_ARGS = 12, /* the kernel's MAX_BPF_FUNC_ARGS */
	LARGEST_ARG_B = 16,
};

/* What a type is as an argument, in a byte: 0 not looked at yet, else 1 + its size, LARGE for more
 * than the largest, NO_VALUE for void, functions and what else the kernel refuses. */
enum { CLASS_LARGE = 0x20, CLASS_NO_VALUE = 0x21, CLASS_STRUCT = 0x80 };

static uint8_t class_of_size(uint32_t size_b)
{
	return size_b > LARGEST_ARG_B ? CLASS_LARGE
	       : size_b               ? (uint8_t)(size_b + 1)
	                              : CLASS_NO_VALUE;
}

static uint8_t find_class(struct btf_source *src, uint32_t id)
{
	struct btf_record rec;

	for (unsigned depth = 0; depth < 32 && btf_get(src->file, id, &rec); depth++) {
		switch (rec.kind) {
		case BTF_KIND_PTR:
			return class_of_size(8);
		case BTF_KIND_STRUCT:
			return class_of_size(rec.size_or_type) | CLASS_STRUCT;
		case BTF_KIND_INT:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
			return class_of_size(rec.size_or_type);
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = rec.size_or_type;
			break;
		default: /* unions, floats, arrays, void */
			return CLASS_NO_VALUE;
		}
	}
	return CLASS_NO_VALUE;
}

/* Functions have some 200,000 parameters of a few thousand types. */
static uint8_t value_class(struct btf_source *src, uint32_t id)
{
	uint8_t *memo = id < src->n_memos ? &src->value_classes[id] : NULL;

	if (memo && *memo)
		return *memo;
	if (!memo)
		return find_class(src, id);
	return *memo = find_class(src, id);
}

/* btf_distill_func_proto() in the kernel's btf.c. */
static bool proto_fits(struct btf_source *src, uint32_t id)
{
	struct btf_record rec;
	uint8_t class;

	if (!btf_get(src->file, id, &rec) || rec.kind != BTF_KIND_FUNC_PROTO ||
	    rec.vlen > MOST_ARGS)
		return false;
	class = rec.size_or_type ? value_class(src, rec.size_or_type) : 0;
	if (class == CLASS_NO_VALUE || class & CLASS_STRUCT)
		return false;
	for (uint32_t i = 0; i < rec.vlen; i++) {
		struct btf_param p;

		memcpy(&p, (const char *)rec.extra + i * sizeof(p), sizeof(p));
		class = value_class(src, p.type) & ~CLASS_STRUCT;
		if (class == CLASS_NO_VALUE || class == CLASS_LARGE)
			return false;
	}
	return true;
}

bool types_func_fits_trampoline(struct types *ts, const char *module, uint32_t btf_id)
{
	struct btf_source *src = types_module(ts, module);
	struct btf_record rec;
	uint8_t *memo;
	bool fits;

	if (!src || !btf_get(src->file, btf_id, &rec) || rec.kind != BTF_KIND_FUNC)
		return false;
	/* Half of the functions share their prototype with another one. */
	if (!src->proto_fits) {
		uint32_t n = btf_end(src->file);

		src->proto_fits = calloc(n, 1);
		src->value_classes = calloc(n, 1);
		src->n_memos = src->proto_fits && src->value_classes ? n : 0;
	}
	if (rec.size_or_type >= src->n_memos)
		return proto_fits(src, rec.size_or_type);
	memo = &src->proto_fits[rec.size_or_type];
	if (*memo)
		return *memo == FITS;
	fits = proto_fits(src, rec.size_or_type);
	*memo = fits ? FITS : FITS_NOT;
	return fits;
}

/* ---- raw tracepoints --------------------------------------------------------------------- */

/* A typedef's prototype carries no parameter names; a function the same macro defines does. */
static const struct type *named_prototype(struct types *ts, struct btf_source *src,
                                          const char *name, uint32_t n_params)
{
	static const char *const stubs[] = {"__traceiter_%s", "__probestub_%s", "__bpf_trace_%s"};
	char func[256];

	for (size_t i = 0; i < sizeof(stubs) / sizeof(stubs[0]); i++) {
		const struct type *t;
		uint32_t id;

		if (strlen(name) + strlen(stubs[i]) >= sizeof(func))
			return NULL;
		strcpy(func, stubs[i]);
		strcpy(strchr(func, '%'), name);
		id = btf_find(src->file, func, BTF_KIND_MASK(BTF_KIND_FUNC), 0);
		t = id ? btf_func_type(ts, src, id, 1) : NULL; /* without void *__data */
		if (t && t->n_fields == n_params && (!n_params || t->fields[0].name))
			return t;
	}
	return NULL;
}

static const struct type *raw_tracepoint_in(struct types *ts, struct btf_source *src,
                                            const char *name, uint32_t *ret_btf_id)
{
	const char *typedef_name = arena_printf(ts->a, "btf_trace_%s", name);
	uint32_t id = btf_find(src->file, typedef_name, BTF_KIND_MASK(BTF_KIND_TYPEDEF), 0);
	const struct type *bare, *named;
	struct btf_record rec;

	if (!id || !btf_get(src->file, id, &rec) || !btf_get(src->file, rec.size_or_type, &rec) ||
	    rec.kind != BTF_KIND_PTR)
		return NULL;
	bare = btf_func_type(ts, src, rec.size_or_type, 1);
	if (!bare)
		return NULL;
	if (ret_btf_id)
		*ret_btf_id = id;
	named = named_prototype(ts, src, name, bare->n_fields);
	return named ? named : bare;
}

const struct type *types_find_raw_tracepoint_in(struct types *ts, const char *name,
                                                const char *module, uint32_t *ret_btf_id,
                                                uint32_t *ret_btf_obj_id, const char **ret_module)
{
	return find_anywhere(ts, name, module, raw_tracepoint_in, ret_btf_id, ret_btf_obj_id,
	                     ret_module);
}

const struct type *types_find_raw_tracepoint(struct types *ts, const char *name,
                                             uint32_t *ret_btf_id)
{
	return types_find_raw_tracepoint_in(ts, name, NULL, ret_btf_id, NULL, NULL);
}

/* ---- walks ------------------------------------------------------------------------------- */

/* `prefix` is cut off the names before they are matched and handed on. */
static bool walk(struct btf_source *src, uint32_t kinds, const char *prefix, const char *pattern,
                 types_visit_fn *fn, void *arg)
{
	bool is_all = !pattern || !strcmp(pattern, "*");
	size_t prefix_b = strlen(prefix);
	const char *name;

	for (uint32_t id = 0; (id = btf_next(src->file, kinds, id, &name));) {
		if (prefix_b && strncmp(name, prefix, prefix_b))
			continue;
		name += prefix_b;
		if ((is_all || wildcard_match(pattern, name)) && !fn(arg, src->module, name, id))
			return false;
	}
	return true;
}

static void walk_all(struct types *ts, bool with_modules, uint32_t kinds, const char *prefix,
                     const char *pattern, types_visit_fn *fn, void *arg)
{
	if (!types_vmlinux(ts) || !walk(&ts->vmlinux, kinds, prefix, pattern, fn, arg) ||
	    !with_modules)
		return;
	types_open_modules(ts);
	vec_each (m, &ts->modules)
		if ((*m)->file && !walk(*m, kinds, prefix, pattern, fn, arg))
			return;
}

void types_each_func(struct types *ts, const char *pattern, bool with_modules, types_visit_fn *fn,
                     void *arg)
{
	walk_all(ts, with_modules, BTF_KIND_MASK(BTF_KIND_FUNC), "", pattern, fn, arg);
}

void types_each_named(struct types *ts, enum type_kind kind, const char *pattern,
                      types_visit_fn *fn, void *arg)
{
	uint32_t kinds = kind == TYPE_STRUCT ? BTF_KIND_MASK(BTF_KIND_STRUCT)
	                 : kind == TYPE_UNION
	                     ? BTF_KIND_MASK(BTF_KIND_UNION)
	                     : BTF_KIND_MASK(BTF_KIND_ENUM) | BTF_KIND_MASK(BTF_KIND_ENUM64);

	walk_all(ts, true, kinds, "", pattern, fn, arg);
}

void types_each_raw_tracepoint(struct types *ts, const char *pattern, types_visit_fn *fn, void *arg)
{
	walk_all(ts, true, BTF_KIND_MASK(BTF_KIND_TYPEDEF), "btf_trace_", pattern, fn, arg);
}
