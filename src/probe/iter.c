/* iter: a program that is run once for each of the kernel's tasks, files, maps, sockets, ...
 *
 * Input: `iter:KIND`, `iter:KIND:PIN`. Output: one target. A kind is what BTF has both a struct
 * bpf_iter__KIND (the context) and a function bpf_iter_KIND (to attach to) for. Each member of the
 * context takes 8 bytes, in a union with them; `ctx` is shown without these unions. */
#include <string.h>

#include "base/wildcard.h"
#include "probe/provider.h"

#define CONTEXT "bpf_iter__"
#define FUNCTION "bpf_iter_"
#define BPFFS "/sys/fs/bpf/"

static const struct type *context_of(struct probe_context *cx, const char *kind)
{
	return types_find(cx->types, arena_printf(cx->a, "struct " CONTEXT "%s", kind));
}

struct kinds {
	struct probe_context *cx;
	name_list list;
};

/* A struct of such a name without a function is the kernel's own affair. */
static bool add_kind(void *arg, const char *module, const char *name, uint32_t btf_id)
{
	struct kinds *k = arg;
	const char *kind = name + strlen(CONTEXT);

	(void)module;
	(void)btf_id;
	if (types_find_func(k->cx->types, arena_printf(k->cx->a, FUNCTION "%s", kind), NULL, NULL,
	                    NULL, NULL))
		vec_push(k->cx->a, &k->list, kind);
	return true;
}

/* The kinds that match a wildcard, in order. */
static name_list find_kinds(struct probe_context *cx, const char *pattern)
{
	struct kinds k = {.cx = cx};

	types_each_named(cx->types, TYPE_STRUCT, arena_printf(cx->a, CONTEXT "%s", pattern),
	                 add_kind, &k);
	names_sort(&k.list);
	return k.list;
}

/* These walk over the elements of one map, which the attachment has to name. */
static bool needs_map(const char *kind)
{
	static const char *const kinds[] = {"bpf_map_elem", "bpf_sk_storage_map", "sockmap"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

static bool report_unknown(struct probe_context *cx, const struct attach_point *ap)
{
	struct diag_guess guess = {.word = ap->parts[1]};
	name_list kinds = find_kinds(cx, "*");

	vec_each (kind, &kinds)
		diag_nearest(&guess, *kind);
	return report_no_match(cx, ap, PROBE_ITER,
	                       guess.best ? arena_printf(cx->a, "iter:%s", guess.best) : NULL);
}

static bool expand_iter(struct probe_context *cx, const struct attach_point *ap,
                        enum probe_kind kind, probe_targets *out)
{
	const char *name = ap->parts[1], *pin = ap->n_parts > 2 ? ap->parts[2] : NULL;
	struct probe_target *t;

	if (wildcard_has(name)) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at,
		           "iter probe type does not support wildcards");
		return false;
	}
	if (pin && (!*pin || pin[strlen(pin) - 1] == '/')) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at, "Invalid name to pin to: '%s'", pin);
		return false;
	}
	if (!types_have_btf(cx->types)) {
		diag_error(cx->diag, E_UNSUPPORTED, ap->at,
		           "iter needs the kernel's BTF, and there is none");
		return false;
	}
	if (!context_of(cx, name) ||
	    !types_find_func(cx->types, arena_printf(cx->a, FUNCTION "%s", name), NULL, NULL, NULL,
	                     NULL))
		return report_unknown(cx, ap);
	if (needs_map(name)) {
		diag_error(cx->diag, E_UNSUPPORTED, ap->at,
		           "iter:%s walks over the elements of one BPF map, and an attach point "
		           "has no way to name it",
		           name);
		diag_hint(cx->diag, "iter:bpf_map walks over the maps themselves");
		return false;
	}
	t = target_add(cx, out, kind);
	t->func = name;
	t->path = !pin || *pin == '/' ? pin : arena_printf(cx->a, BPFFS "%s", pin);
	t->name = arena_printf(cx->a, "iter:%s", attach_point_rest(cx, ap));
	return true;
}

/* Objects may be followed by direct loads: the body runs only while there are some. */
static const struct type *member_type(struct probe_context *cx, const struct type *t)
{
	const struct type *bare = type_strip(t), *to;

	if (bare->kind != TYPE_PTR)
		return t;
	to = type_strip(bare->elem);
	return type_ptr(cx->a, bare->elem, to->kind == TYPE_STRUCT ? AS_BTF : AS_KERNEL);
}

static const struct type *iter_context(struct probe_context *cx, const struct probe_target *t)
{
	const struct type *from = context_of(cx, t->func);
	struct type *to;
	struct field *fields;

	if (!from)
		return NULL;
	to = arena_memdup(cx->a, from, sizeof(*from));
	fields = arena_array(cx->a, struct field, from->n_fields);
	to->n_fields = 0;
	for (uint32_t i = 0; i < from->n_fields; i++) {
		const struct field *f = &from->fields[i];
		const struct type *inside = type_strip(f->type);
		uint32_t off_b = f->off_b;

		if (!f->name && inside->kind == TYPE_UNION && inside->n_fields)
			f = &inside->fields[0];
		if (!f->name)
			continue;
		fields[to->n_fields] = *f;
		fields[to->n_fields].off_b = off_b;
		fields[to->n_fields++].type = member_type(cx, f->type);
	}
	to->fields = fields;
	return to;
}

static void iter_list_args(struct probe_context *cx, const struct probe_target *t,
                           struct strbuf *out)
{
	const struct type *context = iter_context(cx, t);

	for (uint32_t i = 0; context && i < context->n_fields; i++) {
		if (!strcmp(context->fields[i].name, "meta"))
			continue;
		sb_adds(out, "    ");
		type_declare(context->fields[i].type, context->fields[i].name, out);
		sb_addc(out, '\n');
	}
}

static void list_iters(struct listing *l)
{
	name_list kinds;

	if (l->n_parts > 1)
		return;
	kinds = find_kinds(l->cx, l->n_parts ? l->parts[0] : "*");
	vec_each (kind, &kinds) {
		list_line(l, NULL, *kind);
		if (!l->verbose)
			continue;
		list_flush(l);
		iter_list_args(l->cx, &(struct probe_target){.func = *kind}, l->out);
	}
}

const struct provider iter_provider = {
    .min_args = 1,
    .max_args = 2,
    .is_wild_list = true,
    .expand = expand_iter,
    .list = list_iters,
    .list_args = iter_list_args,
    .args_type = iter_context,
};
