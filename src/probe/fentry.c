/* fentry and fexit: kernel functions with their arguments by name, through trampolines.
 *
 * Input: `fentry:FN`, `fentry:MODULE:FN`, wildcards in both. Output: one target per function that
 * has BTF and that the kernel can put a trampoline on. Functions it can't are left out of wildcards
 * and refused by name. */
#include <string.h>

#include "base/wildcard.h"
#include "probe/functions.h"
#include "probe/provider.h"

static void add_func(struct probe_context *cx, enum probe_kind kind, const char *module,
                     const char *func, bool from_wildcard, probe_targets *out)
{
	struct probe_target *t = target_add(cx, out, kind);

	t->category = module;
	t->func = func;
	t->from_wildcard = from_wildcard;
	t->name = arena_printf(cx->a, "%s:%s:%s", probe_kind_name(kind), module, func);
}

static bool expand_one(struct probe_context *cx, const struct attach_point *ap,
                       enum probe_kind kind, const char *module, const char *func,
                       probe_targets *out)
{
	const char *found_in = NULL;
	struct kernel_funcs list;
	uint32_t id;
	size_t n;

	if (!types_find_func(cx->types, func, module, &id, NULL, &found_in)) {
		const char *near =
		    cx->missing == MISSING_IGNORE ? NULL : kernel_func_nearest(cx, func);

		if (near)
			near = arena_printf(cx->a, "%s:%s", probe_kind_name(kind), near);
		return report_no_match(cx, ap, kind, near);
	}
	/* The same name in two modules; vmlinux's own is meant before all others. */
	if (!module && strcmp(found_in, "vmlinux")) {
		list = kernel_funcs_typed(cx, "*", func);
		if (list.n > 1) {
			diag_error(cx->diag, E_PROBE_PARTS, ap->at,
			           "ambiguous attach point, please specify module containing the "
			           "function '%s'",
			           func);
			vec_each (f, &list)
				diag_hint(cx->diag, "%s:%s:%s", probe_kind_name(kind), f->module,
				          f->name);
		}
		n = list.n;
		kernel_funcs_free(&list);
		if (n > 1)
			return false;
	}
	if (!types_func_fits_trampoline(cx->types, found_in, id)) {
		diag_error(cx->diag, E_UNSUPPORTED, ap->at,
		           "'%s' has arguments that %s can't pass on", func, probe_kind_name(kind));
		diag_hint(cx->diag, "use %s:%s", kind == PROBE_FEXIT ? "kretprobe" : "kprobe",
		          func);
		return false;
	}
	add_func(cx, kind, found_in, func, false, out);
	return true;
}

static bool expand_fentry(struct probe_context *cx, const struct attach_point *ap,
                          enum probe_kind kind, probe_targets *out)
{
	const char *module = ap->n_parts > 2 ? ap->parts[ap->n_parts - 2] : NULL;
	const char *func = ap->parts[ap->n_parts - 1];
	struct kernel_funcs list;
	size_t before = out->n;

	if (ap->n_parts > 2 && !strcmp(ap->parts[1], "bpf"))
		return bpf_functions_expand(cx, ap, kind, out);
	if (ap->n_parts > 3) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at,
		           "%s probe type requires 1 or 2 arguments, found 3",
		           probe_kind_name(kind));
		return false;
	}
	if (!types_have_btf(cx->types)) {
		diag_error(cx->diag, E_UNSUPPORTED, ap->at,
		           "%s needs the kernel's BTF, and there is none", probe_kind_name(kind));
		diag_hint(cx->diag, "use %s:%s", kind == PROBE_FEXIT ? "kretprobe" : "kprobe",
		          func);
		return false;
	}
	if (!wildcard_has(func) && !(module && wildcard_has(module)))
		return expand_one(cx, ap, kind, module, func, out);
	list = kernel_funcs_typed(cx, module ? module : "*", func);
	vec_reserve(cx->a, out, out->n + list.n);
	vec_each (f, &list)
		if (kernel_func_fits(cx, f))
			add_func(cx, kind, f->module, f->name, true, out);
	kernel_funcs_free(&list);
	return out->n > before || report_no_match(cx, ap, kind, NULL);
}

/* Pointers are the kernel's; those to structs may be followed by direct loads. */
static const struct type *trusted(struct probe_context *cx, const struct type *t)
{
	const struct type *bare = type_strip(t), *to;

	if (bare->kind != TYPE_PTR || bare->as == AS_USER)
		return t;
	to = type_strip(bare->elem);
	return type_ptr(cx->a, bare->elem,
	                to->kind == TYPE_STRUCT || to->kind == TYPE_UNION ? AS_BTF : AS_KERNEL);
}

const struct type *params_struct(struct probe_context *cx, const struct type *proto,
                                 bool with_retval)
{
	struct type *t = arena_new(cx->a, struct type);
	bool has_retval = with_retval && proto->elem->kind != TYPE_VOID;
	struct field *fields = arena_array(cx->a, struct field, proto->n_fields + has_retval);
	uint32_t n = 0, slot = 0;

	t->kind = TYPE_STRUCT;
	t->align_b = 8;
	for (uint32_t i = 0; i < proto->n_fields; i++, n++) {
		const struct field *p = &proto->fields[i];

		fields[n].name = p->name ? p->name : arena_printf(cx->a, "arg%u", i);
		fields[n].type = trusted(cx, p->type);
		fields[n].off_b = slot * 8;
		/* A struct by value takes as many slots as it has registers. */
		slot += p->type->size_b > 8 ? (p->type->size_b + 7) / 8 : 1;
	}
	if (has_retval) {
		fields[n].name = "retval";
		fields[n].type = trusted(cx, proto->elem);
		fields[n].off_b = slot * 8;
		slot++;
		n++;
	}
	t->fields = fields;
	t->n_fields = n;
	t->size_b = slot * 8;
	return t;
}

static const struct type *fentry_args(struct probe_context *cx, const struct probe_target *t)
{
	const struct type *proto;

	if (t->prog_id)
		return bpf_function_args(cx, t);
	proto = types_find_func(cx->types, t->func, t->category, NULL, NULL, NULL);
	return proto ? params_struct(cx, proto, t->kind == PROBE_FEXIT) : NULL;
}

static void add_args(const struct type *proto, enum probe_kind kind, struct strbuf *out)
{
	if (!proto)
		return;
	for (uint32_t i = 0; i < proto->n_fields; i++) {
		sb_adds(out, "    ");
		type_declare(proto->fields[i].type,
		             proto->fields[i].name ? proto->fields[i].name : "", out);
		sb_addc(out, '\n');
	}
	if (kind == PROBE_FEXIT && proto->elem->kind != TYPE_VOID) {
		sb_adds(out, "    ");
		type_declare(proto->elem, "retval", out);
		sb_addc(out, '\n');
	}
}

static void fentry_list_args(struct probe_context *cx, const struct probe_target *t,
                             struct strbuf *out)
{
	add_args(types_find_func(cx->types, t->func, t->category, NULL, NULL, NULL), t->kind, out);
}

static void list_fentry(struct listing *l)
{
	const char *module = l->n_parts > 1 ? l->parts[0] : "*";
	const char *name = l->n_parts > 1 ? l->parts[1] : l->n_parts ? l->parts[0] : "*";
	struct kernel_funcs list;

	if (l->n_parts > 1 && !strcmp(module, "bpf")) {
		bpf_functions_list(l);
		return;
	}
	if (l->n_parts > 2)
		return;
	list = kernel_funcs_typed(l->cx, module, name);
	vec_each (f, &list) {
		if (!kernel_func_fits(l->cx, f))
			continue;
		list_line(l, f->module, f->name);
		if (l->verbose) {
			list_flush(l);
			add_args(types_func_by_id(l->cx->types, f->module, f->btf_id), l->kind,
			         l->out);
		}
	}
	kernel_funcs_free(&list);
}

const struct provider fentry_provider = {
    .min_args = 1,
    .max_args = 3,
    .is_wild_list = true,
    .is_wild_probe = true,
    .expand = expand_fentry,
    .list = list_fentry,
    .list_args = fentry_list_args,
    .args_type = fentry_args,
};
const struct provider fexit_provider = {
    .min_args = 1,
    .max_args = 3,
    .expand = expand_fentry,
    .list = list_fentry,
    .list_args = fentry_list_args,
    .args_type = fentry_args,
};
