/* Inference: names to what they mean, every expression typed, to a fixed point over the unit.
 *
 * Input: the expanded tree. Output: the same tree as ast.h marks it (infer): types, variables and
 * maps everywhere, literals folded, silent conversions as NODE_CAST. The passes and what they may
 * change are described in infer_internal.h.
 *
 * Types mostly grow from pass to pass, but need not: a value read through a variable may turn from
 * int8 (all that was known) to uint32 (once another assignment is seen). That is why each pass
 * starts over from nothing and only reads the last one's results. Should such a unit swing for
 * ever, the later passes only widen, which must end. */
#include "script/infer_internal.h"

#include <stdarg.h>
#include <string.h>

#include "script/infer.h"
#include "script/macro.h"
#include "script/stages.h"

enum {
	SETTLE_PASSES = 16, /* from then on types only widen */
	MOST_PASSES = 1000, /* one per link of the longest chain of maps read before written */
};

/* ---- reports ------------------------------------------------------------------------------ */

const struct type *infer_error(struct infer *x, enum diag_code code, struct span at,
                               const char *fmt, ...)
{
	va_list ap;

	if (x->is_final) {
		va_start(ap, fmt);
		diag_error(x->d, code, at, "%s", arena_vprintf(x->a, fmt, ap));
		va_end(ap);
		macro_add_origin(x->d, x->origin);
	}
	return cast_unknown();
}

void infer_warn(struct infer *x, enum diag_code code, struct span at, const char *fmt, ...)
{
	va_list ap;

	if (!x->is_final || (x->origin && x->origin->macro->is_library && at.source != SPAN_NONE))
		return;
	va_start(ap, fmt);
	diag_warn(x->d, code, at, "%s", arena_vprintf(x->a, fmt, ap));
	va_end(ap);
	macro_add_origin(x->d, x->origin);
}

void infer_hint(struct infer *x, const char *fmt, ...)
{
	va_list ap;

	if (!x->is_final)
		return;
	va_start(ap, fmt);
	diag_hint(x->d, "%s", arena_vprintf(x->a, fmt, ap));
	va_end(ap);
}

bool infer_gate(struct infer *x, struct span at, const char *feature, int value, const char *name)
{
	enum { GATE_ENABLE, GATE_WARN, GATE_ERROR };

	if (x->origin && x->origin->macro->is_library)
		return true; /* its author knows */
	if (value == GATE_WARN)
		infer_warn(x, E_SUSPICIOUS, NO_SPAN,
		           "Script is using an unstable feature: %s. To prevent this warning you "
		           "must explicitly enable it in the config e.g. %s=enable",
		           feature, name);
	if (value != GATE_ERROR)
		return true;
	infer_error(x, E_UNSUPPORTED, at,
	            "%s feature is not enabled by default. To enable this unstable feature, set "
	            "the config flag to enable. %s=enable",
	            feature, name);
	return false;
}

bool infer_gate_dw_ustack(struct infer *x, const struct node *n)
{
	bool ok =
	    x->has_said_unwound ||
	    infer_gate(x, n->at, "dw_ustack", x->config->unstable_dw_ustack, "unstable_dw_ustack");

	x->has_said_unwound = x->is_final;
	return ok;
}

const char *infer_type_text(struct infer *x, const struct type *t)
{
	return x->is_final ? type_name_dup(x->a, t) : "";
}

/* ---- passes ------------------------------------------------------------------------------- */

/* Equal, and pointers into the same kind of memory: what a change is. */
static bool is_same(const struct type *x, const struct type *y)
{
	return type_equal(x, y) && (x->kind != TYPE_PTR || x->as == y->as);
}

static void take_over(struct infer *x, const struct type **known, const struct type **next,
                      bool is_widening, bool *changed)
{
	const struct type *t = *next;

	if (is_widening) {
		const struct type *both = cast_common(x->a, *known, t);

		t = both ? both : *known;
	}
	if (!is_same(*known, t))
		*changed = true;
	*known = t;
	*next = cast_unknown();
}

void infer_map_take_over(struct infer *x, bool is_widening, bool *changed)
{
	vec_each (im, &x->maps) {
		struct map *m = (*im)->m;

		take_over(x, &m->key, &(*im)->next_key, is_widening, changed);
		take_over(x, &m->value, &(*im)->next_value, is_widening, changed);
	}
}

/* Probes that are never run say what they know of the maps they share with others. */
static void run_dead(struct infer *x)
{
	vec_each (im, &x->maps)
		(*im)->is_written_alive |= (*im)->is_written && !x->has_run_dead;
	x->has_run_dead = true;
	vec_each (p, &x->u->dead_probes)
		infer_probe(x, *p);
}

/* Should that be too little, for want of their arguments' types, any type will do for a map that
 * nobody writes to. */
static void settle_dead(struct infer *x)
{
	vec_each (slot, &x->maps) {
		struct infer_map *im = *slot;

		if (!x->u->dead_probes.n || !im->is_written || im->is_written_alive)
			continue;
		if (cast_is_unknown(im->m->value))
			im->m->value = type_int(8, true);
		if (cast_is_unknown(im->m->key) && im->m->is_keyed)
			im->m->key = type_int(8, true);
	}
}

static void run_pass(struct infer *x)
{
	vec_each (f, &x->u->fns)
		infer_fn(x, *f);
	vec_each (p, &x->u->probes)
		infer_probe(x, *p);
	if (!x->is_final)
		run_dead(x);
}

/* Returns whether the pass learned anything new. */
static bool learn(struct infer *x, bool is_widening)
{
	bool changed;

	x->has_news = false;
	run_pass(x);
	changed = x->has_news;
	vec_each (v, &x->vars) {
		if ((*v)->v.has_declared_type)
			continue;
		take_over(x, &(*v)->v.type, &(*v)->next, is_widening, &changed);
	}
	infer_map_take_over(x, is_widening, &changed);
	return changed;
}

/* `let $x;` that nothing is assigned to is a zero of some type. */
static void settle_unassigned(struct infer *x)
{
	vec_each (v, &x->vars)
		if (cast_is_unknown((*v)->v.type) && !(*v)->is_ever_assigned)
			(*v)->v.type = type_int(8, true);
}

void infer_begin(struct infer *x, struct unit *u)
{
	x->u = u;
	x->a = u->a;
	x->d = u->diag;
	x->types = u->types;
	x->config = &u->opts->config;
	x->first_unknown = NO_SPAN;
	x->first_unset_map = NO_SPAN;
	vec_each (o, &u->asked)
		vec_push(x->a, &x->options, *o);
	x->cx = (struct probe_context){
	    .a = u->a,
	    .types = u->types,
	    .diag = u->diag,
	    .traceable_functions = u->opts->traceable_functions,
	    .pid = u->opts->pid,
	    .has_child = u->opts->child_pid != 0,
	    .symbols = u->symbols,
	    .is_unsafe = u->opts->is_unsafe,
	    .is_user_engine = u->opts->target.is_user_engine,
	    .max_probes = (uint32_t)u->opts->config.max_probes,
	};
	vec_each (m, &u->maps) {
		struct infer_map *im = arena_new(x->a, struct infer_map);

		im->m = *m;
		im->m->id = (uint32_t)x->maps.n;
		im->m->key = im->m->value = cast_unknown();
		im->next_key = im->next_value = cast_unknown();
		strmap_put(&x->map_names, im->m->name, im);
		vec_push(x->a, &x->maps, im);
	}
}

void infer_end(struct infer *x)
{
	strmap_free(&x->bindings);
	strmap_free(&x->map_names);
	types_use_source(x->types, NULL, NULL);
}

/* Aggregations are kept per CPU and nothing else is; a declaration must not say otherwise (spec
 * 4.8). */
static void check_declared_kind(struct infer *x, const struct map *m)
{
	bool is_per_cpu = !strncmp(m->declared_kind, "percpu", strlen("percpu"));
	bool is_lru = strstr(m->declared_kind, "lru");

	if (type_is_agg(m->value) == is_per_cpu)
		return;
	diag_error(x->d, E_MAP_USE, m->declared_at, "Incompatible map types.");
	diag_hint(x->d, "%s holds %s: declare it as %s%shash", m->name,
	          type_name_dup(x->a, m->value), is_per_cpu ? "" : "percpu", is_lru ? "lru" : "");
}

static void check_declared_maps(struct infer *x)
{
	vec_each (im, &x->maps) {
		const struct map *m = (*im)->m;

		if (!m->declared_kind)
			continue;
		if (!(*im)->is_used)
			diag_warn(x->d, E_SUSPICIOUS, m->declared_at, "Unused map: %s", m->name);
		else
			check_declared_kind(x, m);
	}
}

/* Nothing may leave here without a type: what has none and was not reported is reported now. */
static void report_leftovers(struct infer *x, size_t errors_before)
{
	if (diag_errors(x->d) != errors_before)
		return;
	if (x->unset_map)
		diag_error(x->d, E_UNKNOWN_NAME, x->first_unset_map, "Undefined map: %s",
		           x->unset_map);
	else if (x->first_unknown.source != SPAN_NONE)
		diag_error(x->d, E_TYPE_MISMATCH, x->first_unknown,
		           "The type of this expression depends on itself");
}

/* The tree keeps no inner marks: keys of scalar maps are NULL, flexible types are plain. */
static void settle_maps(struct infer *x)
{
	vec_each (im, &x->maps) {
		struct map *m = (*im)->m;

		m->value_is_flexible_literal = cast_is_flexible(m->value);
		m->value = cast_is_unknown(m->value) ? type_none() : cast_settled(m->value);
		m->key = cast_is_unknown(m->key) || !m->is_keyed ? NULL : cast_settled(m->key);
	}
	vec_each (v, &x->vars)
		(*v)->v.type = cast_settled((*v)->v.type);
}

bool infer_known(struct unit *u, struct probe *p, const struct node *n, uint64_t *ret_value)
{
	size_t n_maps = u->maps.n, n_vars = p->vars.n;
	bool uses_probe_name = p->uses_probe_name;
	struct infer x = {0};
	const struct node *value;

	infer_begin(&x, u);
	x.p = p;
	value = infer_trial(&x, n, true);
	if (value->kind == NODE_INT)
		*ret_value = value->number;
	u->maps.n = n_maps; /* what the copy made is not there */
	p->vars.n = n_vars;
	p->uses_probe_name = uses_probe_name;
	strmap_free(&x.bindings);
	strmap_free(&x.map_names);
	return value->kind == NODE_INT;
}

bool script_infer(struct unit *u)
{
	struct infer x = {0};
	size_t errors_before = diag_errors(u->diag);

	infer_begin(&x, u);
	if (!infer_check_recursion(&x))
		return false;
	for (int pass = 0; pass < MOST_PASSES && learn(&x, pass >= SETTLE_PASSES); pass++)
		;
	settle_unassigned(&x);
	settle_dead(&x);
	x.is_final = true;
	run_pass(&x);
	infer_check_options(&x);
	report_leftovers(&x, errors_before);
	check_declared_maps(&x);
	settle_maps(&x);
	infer_end(&x);
	return diag_errors(u->diag) == errors_before;
}
