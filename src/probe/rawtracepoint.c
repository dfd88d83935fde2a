/* rawtracepoint: static kernel events before their record is made; the arguments themselves.
 *
 * Input: `rawtracepoint:EVENT`, `rawtracepoint:MODULE:EVENT`, wildcards in both. Output: one target
 * per event. BTF has a typedef btf_trace_EVENT for each; without BTF, tracefs' event names are
 * nearly the same list. */
#include <stdlib.h>
#include <string.h>

#include "base/strmap.h"
#include "base/wildcard.h"
#include "probe/functions.h"
#include "probe/provider.h"

static void add_event(struct probe_context *cx, const char *module, const char *event,
                      bool from_wildcard, probe_targets *out)
{
	struct probe_target *t = target_add(cx, out, PROBE_RAWTRACEPOINT);

	t->category = module;
	t->func = event;
	t->from_wildcard = from_wildcard;
	t->name = arena_printf(cx->a, "rawtracepoint:%s:%s", module, event);
}

struct collect {
	struct probe_context *cx;
	const char *module;
	name_list found; /* "MODULE:EVENT" */
};

/* "FIRST:SECOND"; there are thousands, so not by printf. */
static const char *join(struct arena *a, const char *first, const char *second)
{
	char *text = arena_alloc(a, strlen(first) + strlen(second) + 2);

	stpcpy(stpcpy(stpcpy(text, first), ":"), second);
	return text;
}

static bool add_found(void *arg, const char *module, const char *name, uint32_t btf_id)
{
	struct collect *c = arg;

	(void)btf_id;
	if (wildcard_match(c->module, module))
		vec_push(c->cx->a, &c->found, join(c->cx->a, module, name));
	return true;
}

static void find_all(struct collect *c, const char *event)
{
	types_each_raw_tracepoint(c->cx->types, event, add_found, c);
	names_sort(&c->found);
}

static const char *nearest_event(struct probe_context *cx, const char *event)
{
	struct diag_guess guess = {.word = event};
	struct collect c = {.cx = cx, .module = "*"};

	find_all(&c, "*");
	vec_each (name, &c.found)
		diag_nearest(&guess, strchr(*name, ':') + 1);
	return guess.best ? arena_printf(cx->a, "rawtracepoint:%s", guess.best) : NULL;
}

static bool expand_rawtracepoint(struct probe_context *cx, const struct attach_point *ap,
                                 enum probe_kind kind, probe_targets *out)
{
	const char *module = ap->n_parts > 2 ? ap->parts[1] : NULL;
	const char *event = ap->parts[ap->n_parts - 1], *found_in;
	struct collect c = {.cx = cx, .module = module ? module : "*"};

	if (!wildcard_has(event) && !(module && wildcard_has(module))) {
		if (!types_have_btf(cx->types)) { /* the kernel will tell */
			add_event(cx, module ? module : "vmlinux", event, false, out);
			return true;
		}
		if (types_find_raw_tracepoint_in(cx->types, event, module, NULL, NULL, &found_in)) {
			add_event(cx, found_in, event, false, out);
			return true;
		}
		return report_no_match(
		    cx, ap, kind, cx->missing == MISSING_IGNORE ? NULL : nearest_event(cx, event));
	}
	find_all(&c, event);
	if (!c.found.n)
		return report_no_match(cx, ap, kind, NULL);
	vec_each (name, &c.found) {
		const char *colon = strchr(*name, ':');

		add_event(cx, arena_strndup(cx->a, *name, (size_t)(colon - *name)), colon + 1, true,
		          out);
	}
	return true;
}

static const struct type *proto_of(struct probe_context *cx, const struct probe_target *t)
{
	return types_find_raw_tracepoint_in(cx->types, t->func, t->category, NULL, NULL, NULL);
}

static const struct type *rawtracepoint_args(struct probe_context *cx, const struct probe_target *t)
{
	const struct type *proto = proto_of(cx, t);

	return proto ? params_struct(cx, proto, false) : NULL;
}

/* Parameters from number `first` on, a line each. */
static void add_args(struct probe_context *cx, const struct type *proto, uint32_t first,
                     struct strbuf *out)
{
	for (uint32_t i = first; proto && i < proto->n_fields; i++) {
		const char *name = proto->fields[i].name;

		sb_adds(out, "    ");
		type_declare(proto->fields[i].type,
		             name ? name : arena_printf(cx->a, "arg%u", i - first), out);
		sb_addc(out, '\n');
	}
}

static void rawtracepoint_list_args(struct probe_context *cx, const struct probe_target *t,
                                    struct strbuf *out)
{
	add_args(cx, proto_of(cx, t), 0, out);
}

/* The functions __traceiter_EVENT have the same parameters behind a void *. */
struct iters {
	struct strmap ids; /* "EVENT" -> struct kernel_func */
	struct probe_context *cx;
};

static bool add_iter(void *arg, const char *module, const char *name, uint32_t btf_id)
{
	struct iters *it = arg;
	struct kernel_func *f = arena_new(it->cx->a, struct kernel_func);

	*f = (struct kernel_func){name + strlen("__traceiter_"), module, btf_id};
	strmap_put(&it->ids, f->name, f);
	return true;
}

static void list_rawtracepoints(struct listing *l)
{
	struct collect c = {.cx = l->cx, .module = l->n_parts > 1 ? l->parts[0] : "*"};
	struct iters it = {.cx = l->cx};

	find_all(&c, l->n_parts > 1 ? l->parts[1] : l->n_parts ? l->parts[0] : "*");
	/* One walk for all of them, rather than a search by name for each. */
	if (l->verbose)
		types_each_func(l->cx->types, "__traceiter_*", true, add_iter, &it);
	vec_each (name, &c.found) {
		const struct kernel_func *f = strmap_get(&it.ids, strchr(*name, ':') + 1);

		list_line(l, NULL, *name);
		if (!f)
			continue;
		list_flush(l);
		add_args(l->cx, types_func_by_id(l->cx->types, f->module, f->btf_id), 1, l->out);
	}
	strmap_free(&it.ids);
}

const struct provider rawtracepoint_provider = {
    .min_args = 1,
    .max_args = 2,
    .is_wild_list = true,
    .is_wild_probe = true,
    .expand = expand_rawtracepoint,
    .list = list_rawtracepoints,
    .list_args = rawtracepoint_list_args,
    .args_type = rawtracepoint_args,
};
