/* What is off costs nothing: probes whose predicate is false whatever happens, branches that are
 * never taken, and maps that only those use, are left out of the image.
 *
 * Twice: before attach points are expanded, so that what is off need not exist
 * (`/has_field(...)/`, an attach point without a value); and after inference, when also sizes and
 * types of arguments have been compared. In between, inference walks the first ones silently: they
 * may be all that says what type a map has that others read. */
#include <string.h>

#include "base/arena.h"
#include "script/builtins.h"
#include "script/infer.h"
#include "script/stages.h"

/* ---- before expansion ------------------------------------------------------------------------ */

/* Depends on which targets there are. */
static bool asks_for_targets(const struct node *n)
{
	if (!n)
		return false;
	if (n->kind == NODE_SIZEOF || n->kind == NODE_OFFSETOF || n->kind == NODE_TYPEINFO ||
	    n->type_of || (n->kind == NODE_BUILTIN && n->builtin && n->builtin->id == B_probe) ||
	    (n->kind == NODE_CALL &&
	     (!strcmp(n->name, "kfunc_allowed") || !strcmp(n->name, "strcap"))))
		return true;
	for (uint32_t i = 0; i < n->n_args; i++)
		if (asks_for_targets(n->args[i]))
			return true;
	vec_each (s, &n->stmts)
		if (asks_for_targets(*s))
			return true;
	return false;
}

/* The one kind of all its attach points, or PROBE_N. */
static enum probe_kind kind_of(const struct probe *p)
{
	enum probe_kind kind = PROBE_N;

	vec_each (ap, &p->points) {
		enum probe_kind next = ap->n_parts ? probe_kind_find(ap->parts[0]) : PROBE_N;

		if (next == PROBE_N || (kind != PROBE_N && next != kind))
			return PROBE_N;
		kind = next;
	}
	return kind;
}

static bool is_dead(struct unit *u, struct probe *p)
{
	uint64_t value = 1;

	if (!p->points.n) /* as a list of the command line has it */
		return true;
	p->kind = kind_of(p);
	return p->predicate && p->kind != PROBE_N && !asks_for_targets(p->predicate) &&
	       infer_known(u, p, p->predicate, &value) && !value;
}

bool script_drop_probes(struct unit *u)
{
	size_t n = 0;

	for (size_t i = 0; i < u->probes.n; i++) {
		struct probe *p = u->probes.items[i];

		if (!is_dead(u, p)) {
			u->probes.items[n++] = p;
			continue;
		}
		if (!p->points.n)
			p->kind = PROBE_BEGIN;
		vec_push(u->a, &u->dead_probes, p);
	}
	u->probes.n = n;
	return true;
}

/* ---- behind inference ------------------------------------------------------------------------ */

/* `if` or `c ? x : y` whose condition is a literal: what is taken. */
static bool is_decided(const struct node *n)
{
	return (n->kind == NODE_IF || (n->kind == NODE_TERNARY && n->args[1])) &&
	       n->args[0]->kind == NODE_INT;
}

static void take_branch(struct node *n)
{
	struct node *taken = n->args[0]->number ? n->args[1] : n->n_args > 2 ? n->args[2] : NULL;

	if (taken) {
		*n = *taken;
	} else {
		n->kind = NODE_BLOCK;
		n->n_args = 0;
		n->type = type_none();
	}
}

static void cut_branches(struct node *n)
{
	if (!n)
		return;
	while (is_decided(n))
		take_branch(n);
	for (uint32_t i = 0; i < n->n_args; i++)
		cut_branches(n->args[i]);
	vec_each (s, &n->stmts)
		cut_branches(*s);
}

struct use {
	bool *maps, *fns; /* by id */
};

static void note_uses(struct use *use, const struct node *n)
{
	if (!n)
		return;
	if (n->kind == NODE_MAP && n->map)
		use->maps[n->map->id] = true;
	if (n->kind == NODE_FN_CALL && n->fn && !use->fns[n->fn->id]) {
		use->fns[n->fn->id] = true;
		note_uses(use, n->fn->probe->body);
	}
	for (uint32_t i = 0; i < n->n_args; i++)
		note_uses(use, n->args[i]);
	vec_each (s, &n->stmts)
		note_uses(use, *s);
}

static void drop_unused_maps(struct unit *u, const struct use *use)
{
	size_t n = 0;

	for (size_t i = 0; i < u->maps.n; i++) {
		struct map *m = u->maps.items[i];

		if (!use->maps[m->id])
			continue;
		u->maps.items[n] = m;
		m->id = (uint32_t)n++;
	}
	u->maps.n = n;
}

bool script_prune(struct unit *u)
{
	struct use use = {.maps = arena_array(u->a, bool, u->maps.n + 1),
	                  .fns = arena_array(u->a, bool, u->fns.n + 1)};
	size_t n = 0;

	for (size_t i = 0; i < u->probes.n; i++) {
		struct probe *p = u->probes.items[i];

		if (p->predicate && p->predicate->kind == NODE_INT && !p->predicate->number)
			continue;
		u->probes.items[n++] = p;
	}
	u->probes.n = n;
	vec_each (f, &u->fns)
		cut_branches((*f)->probe->body);
	vec_each (p, &u->probes) {
		cut_branches((*p)->predicate);
		cut_branches((*p)->body);
		note_uses(&use, (*p)->predicate);
		note_uses(&use, (*p)->body);
	}
	drop_unused_maps(u, &use);
	return true;
}
