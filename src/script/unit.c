/* What a program defines: macros, functions and maps, each once; and the branches of `if` outside
 * of probes, each a unit of its own until one is chosen. */
#include <string.h>

#include "base/arena.h"
#include "script/ast.h"

enum { NAME_BUCKETS = 1024 };

struct unit_names {
	struct macro *macros[NAME_BUCKETS];
	struct fn *fns[NAME_BUCKETS];
};

void unit_index_names(struct unit *u)
{
	u->names = arena_new(u->a, struct unit_names);
}

static uint32_t name_bucket(const char *name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	while (*name)
		hash = (hash ^ (unsigned char)*name++) * 16777619u;
	return hash % NAME_BUCKETS;
}

/* ---- macros --------------------------------------------------------------------------------- */

struct macro *unit_first_macro(const struct unit *u, const char *name)
{
	return u->names ? u->names->macros[name_bucket(name)] : NULL;
}

static bool is_same_signature(const struct macro *m, const struct macro *other)
{
	if (strcmp(m->name, other->name) || m->params.n != other->params.n ||
	    m->is_library != other->is_library)
		return false;
	for (size_t i = 0; i < m->params.n; i++)
		if (m->params.items[i].kind != other->params.items[i].kind)
			return false;
	return true;
}

void unit_add_macro(struct unit *u, struct macro *m)
{
	struct macro **end = u->names ? &u->names->macros[name_bucket(m->name)] : NULL;
	bool is_reported = false;

	for (; end && *end; end = &(*end)->next) {
		if (is_reported || !is_same_signature(m, *end))
			continue;
		is_reported = true;
		diag_error(u->diag, E_REDEFINED, m->at, "Redefinition of macro: %s", m->name);
		diag_context(u->diag, (*end)->at, "This is the first definition.");
	}
	if (end)
		*end = m;
	vec_push(u->a, &u->macros, m);
}

/* ---- functions ------------------------------------------------------------------------------ */

struct fn *unit_find_fn(const struct unit *u, const char *name)
{
	struct fn *f = u->names ? u->names->fns[name_bucket(name)] : NULL;

	while (f && strcmp(f->name, name))
		f = f->next;
	return f;
}

void unit_add_fn(struct unit *u, struct fn *f)
{
	const struct fn *other = unit_find_fn(u, f->name);
	struct fn **bucket;

	if (other) {
		diag_error(u->diag, E_REDEFINED, f->at, "Redefinition of function: %s", f->name);
		diag_context(u->diag, other->at, "This is the first definition.");
		return;
	}
	if (u->names) {
		bucket = &u->names->fns[name_bucket(f->name)];
		f->next = *bucket;
		*bucket = f;
	}
	f->id = (uint32_t)u->fns.n;
	vec_push(u->a, &u->fns, f);
}

/* ---- maps ----------------------------------------------------------------------------------- */

void unit_add_map(struct unit *u, struct map *m)
{
	vec_each (other, &u->maps) {
		if (strcmp((*other)->name, m->name))
			continue;
		diag_error(u->diag, E_REDEFINED, m->first_use, "Map %s was already declared",
		           m->name);
		diag_context(u->diag, (*other)->declared_at, "This is the initial declaration.");
		return;
	}
	m->id = (uint32_t)u->maps.n;
	vec_push(u->a, &u->maps, m);
}

/* ---- tables --------------------------------------------------------------------------------- */

struct table *unit_find_table(const struct unit *u, const char *name)
{
	vec_each (t, &u->tables)
		if (!strcmp((*t)->name, name))
			return *t;
	return NULL;
}

bool unit_is_made(const struct unit *u, uint32_t source)
{
	vec_each (s, &u->specifications)
		if (s->made && s->made == source)
			return true;
	return false;
}

void unit_add_table(struct unit *u, struct table *t)
{
	const struct table *other = unit_find_table(u, t->name);

	if (other) {
		diag_error(u->diag, E_REDEFINED, t->at, "There are two tables named %s", t->name);
		diag_context(u->diag, other->at, "This is the other one.");
		return;
	}
	t->id = (uint32_t)u->tables.n;
	vec_push(u->a, &u->tables, t);
}

/* ---- branches ------------------------------------------------------------------------------- */

struct unit *unit_new_branch(const struct unit *u)
{
	struct unit *b = arena_memdup(u->a, u, sizeof(*u));

	b->names = NULL; /* nothing is found in it before it is chosen */
	memset(&b->probes, 0, sizeof(b->probes));
	memset(&b->macros, 0, sizeof(b->macros));
	memset(&b->fns, 0, sizeof(b->fns));
	memset(&b->maps, 0, sizeof(b->maps));
	memset(&b->tables, 0, sizeof(b->tables));
	memset(&b->hosts, 0, sizeof(b->hosts));
	memset(&b->ifs, 0, sizeof(b->ifs));
	memset(&b->import_statements, 0, sizeof(b->import_statements));
	return b;
}

void unit_take_definitions(struct unit *u, const struct unit *b)
{
	vec_each (m, &b->maps)
		unit_add_map(u, *m);
	vec_each (m, &b->macros)
		unit_add_macro(u, *m);
	vec_each (f, &b->fns)
		unit_add_fn(u, *f);
	vec_each (t, &b->tables)
		unit_add_table(u, *t);
	vec_each (h, &b->hosts)
		vec_push(u->a, &u->hosts, *h);
	vec_each (at, &b->import_statements)
		vec_push(u->a, &u->import_statements, *at);
}
