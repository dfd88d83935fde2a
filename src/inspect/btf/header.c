/* `btf dump ... format c`: a header that programs include. */
#include <errno.h>
#include <stdlib.h>

#include "inspect/btf/btf.h"
#include "inspect/btf/c_writer.h"

/* ---- the order of definitions ---------------------------------------------------------------- */

/* By what a reader looks for, so that headers of two kernels can be compared line by line. */
enum rank { RANK_ENUM_UNNAMED, RANK_ENUM, RANK_NUMBER, RANK_RECORD, RANK_FUNCTION, RANK_OTHER };

struct sorted {
	uint32_t id;
	enum rank rank;
	const char *name;
};

static enum rank rank_of(struct btf_file *f, uint32_t id, bool has_name)
{
	struct btf_record r;

	for (uint32_t steps = 0; steps < 64 && btf_get(f, id, &r); steps++) {
		has_name |= r.name_off != 0;
		switch (r.kind) {
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
			return has_name ? RANK_ENUM : RANK_ENUM_UNNAMED;
		case BTF_KIND_INT:
		case BTF_KIND_FLOAT:
			return RANK_NUMBER;
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			return has_name ? RANK_RECORD : RANK_OTHER;
		case BTF_KIND_FUNC_PROTO:
			return has_name ? RANK_FUNCTION : RANK_OTHER;
		case BTF_KIND_ARRAY:
			id = ((const struct btf_array *)r.extra)->type;
			break;
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_PTR:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = r.size_or_type;
			break;
		default:
			return RANK_OTHER;
		}
		if (!has_name)
			return RANK_OTHER;
	}
	return has_name ? RANK_NUMBER : RANK_OTHER; /* void */
}

/* An enumeration without a name goes by its first enumerator. */
static const char *sort_name(struct btf_file *f, uint32_t id)
{
	struct btf_record r;

	if (!btf_get(f, id, &r))
		return "";
	if (!r.name_off && r.vlen && r.kind == BTF_KIND_ENUM)
		return btf_string(f, ((const struct btf_enum *)r.extra)->name_off);
	if (!r.name_off && r.vlen && r.kind == BTF_KIND_ENUM64)
		return btf_string(f, ((const struct btf_enum64 *)r.extra)->name_off);
	return btf_string(f, r.name_off);
}

static int compare_sorted(const void *a, const void *b)
{
	const struct sorted *s = a, *t = b;
	int by_name;

	if (s->rank != t->rank)
		return s->rank < t->rank ? -1 : 1;
	by_name = strcmp(s->name, t->name);
	return by_name ? by_name : s->id < t->id ? -1 : s->id > t->id;
}

/* Those that sorting can move; the rest have no definition of their own, or none that others do not
 * bring. NULL: no memory. */
static struct sorted *sort_types(struct btf_file *f, uint32_t *ret_n)
{
	uint32_t end = btf_end(f), n = 0;
	struct sorted *all = malloc(sizeof(*all) * end);
	enum rank rank;

	if (!all)
		return NULL;
	for (uint32_t id = 1; id < end; id++) {
		rank = rank_of(f, id, false);
		if (rank != RANK_OTHER)
			all[n++] = (struct sorted){id, rank, sort_name(f, id)};
	}
	qsort(all, n, sizeof(*all), compare_sorted);
	*ret_n = n;
	return all;
}

/* ---- functions ------------------------------------------------------------------------------- */

struct kfunc {
	const char *name;
	uint32_t func, proto;
	bool is_fast;
};
typedef vec(struct kfunc) kfunc_list;

static int compare_kfuncs(const void *a, const void *b)
{
	return strcmp(((const struct kfunc *)a)->name, ((const struct kfunc *)b)->name);
}

/* The functions that tags name as those programs may call. */
static void find_kfuncs(struct btf_file *f, kfunc_list *out)
{
	uint32_t end = btf_end(f);
	struct btf_record tag, func;

	for (uint32_t id = 1; id < end; id++) {
		const char *name;

		if (!btf_get(f, id, &tag) || tag.kind != BTF_KIND_DECL_TAG ||
		    ((const struct btf_decl_tag *)tag.extra)->component_idx != -1 ||
		    !btf_get(f, tag.size_or_type, &func) || func.kind != BTF_KIND_FUNC)
			continue;
		name = btf_string(f, tag.name_off);
		if (!strcmp(name, "bpf_kfunc"))
			vec_push(NULL, out,
			         ((struct kfunc){.name = btf_string(f, func.name_off),
			                         .func = tag.size_or_type,
			                         .proto = func.size_or_type}));
		if (!strcmp(name, "bpf_fastcall"))
			vec_each (k, out)
				k->is_fast |= k->func == tag.size_or_type;
	}
}

static void write_kfuncs(struct c_writer *w, bool is_sorted)
{
	kfunc_list all = {0};
	struct kfunc *last = NULL;

	find_kfuncs(w->file, &all);
	if (!all.n)
		return;
	if (is_sorted)
		qsort(all.items, all.n, sizeof(*all.items), compare_kfuncs);
	out_text(w->o, "/* BPF kfuncs */\n#ifndef BPF_NO_KFUNC_PROTOTYPES\n");
	vec_each (k, &all) {
		if (last && is_sorted && !strcmp(last->name, k->name))
			continue; /* two modules may have one of a name */
		last = k;
		out_text(w->o, "extern ");
		c_write_declaration(w, k->proto, k->name, 0);
		out_text(w->o, " __weak __ksym");
		out_text(w->o, k->is_fast ? " __bpf_fastcall;\n" : ";\n");
	}
	out_text(w->o, "#endif\n\n");
	vec_free(&all);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static const char start_text[] =
    "#ifndef __VMLINUX_H__\n"
    "#define __VMLINUX_H__\n"
    "\n"
    "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
    "#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n"
    "#endif\n"
    "\n"
    "#ifndef BPF_NO_KFUNC_PROTOTYPES\n"
    "#ifndef __ksym\n"
    "#define __ksym __attribute__((section(\".ksyms\")))\n"
    "#endif\n"
    "\n"
    "#ifndef __weak\n"
    "#define __weak __attribute__((weak))\n"
    "#endif\n"
    "\n"
    "#ifndef __bpf_fastcall\n"
    "#if __has_attribute(bpf_fastcall)\n"
    "#define __bpf_fastcall __attribute__((bpf_fastcall))\n"
    "#else\n"
    "#define __bpf_fastcall\n"
    "#endif\n"
    "#endif\n"
    "#endif\n"
    "\n";

static const char end_text[] = "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
                               "#pragma clang attribute pop\n"
                               "#endif\n"
                               "\n"
                               "#endif /* __VMLINUX_H__ */\n";

static bool write_types(struct c_writer *w, const struct btf_source *s, bool is_sorted)
{
	struct sorted *order;
	uint32_t n = 0;

	if (s->n_roots || s->has_chosen) {
		for (unsigned i = 0; i < s->n_roots; i++)
			if (!c_write_type(w, s->roots[i]))
				return false;
		return true;
	}
	order = is_sorted ? sort_types(s->file, &n) : NULL;
	for (uint32_t i = 0; i < n; i++)
		if (!c_write_type(w, order[i].id))
			break;
	free(order);
	for (uint32_t id = 1; id < w->end && !*w->problem; id++)
		c_write_type(w, id);
	if (!*w->problem)
		write_kfuncs(w, is_sorted);
	return !*w->problem;
}

int btf_dump_c(struct inspect *x, const struct btf_source *s, bool is_sorted)
{
	struct out *o = malloc(sizeof(*o));
	struct c_writer w;
	int status = 0;

	if (!o || c_writer_begin(&w, s->file, o)) {
		free(o);
		inspect_error(x, "out of memory");
		return -ENOMEM;
	}
	out_begin(o, stdout);
	out_text(o, start_text);
	if (write_types(&w, s, is_sorted))
		out_text(o, end_text);
	else
		status = -ELOOP;
	out_flush(o);
	if (status)
		inspect_error(x, "the types can not be written as C: %s", w.problem);
	c_writer_end(&w);
	free(o);
	return status;
}
