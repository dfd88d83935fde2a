/* Scopes: which $variable a name means here, and what is known of its type.
 *
 * A variable lives in the block that declared it or first assigned it (spec 5.1). Names may not be
 * shadowed, so at any place a name means at most one variable: one table of the probe's names is
 * enough, and leaving a scope unbinds what was bound since it was entered. */
#include "script/infer_internal.h"

size_t scope_enter(struct infer *x)
{
	return x->in_scope.n;
}

void scope_leave(struct infer *x, size_t mark)
{
	while (x->in_scope.n > mark) {
		struct infer_var *v = vec_pop(&x->in_scope);

		strmap_put(&x->bindings, v->binding, NULL);
		if (!x->is_final || v->is_ever_assigned || !v->is_declared)
			continue;
		infer_warn(x, E_SUSPICIOUS, v->v.declared_at, "Variable %s was never assigned to.",
		           v->v.name);
	}
}

static const char *binding_of(const struct node *n)
{
	return n->binding ? n->binding : n->name;
}

struct infer_var *scope_peek(const struct infer *x, const struct node *n)
{
	return strmap_get(&x->bindings, binding_of(n));
}

struct infer_var *scope_find(struct infer *x, const struct node *n)
{
	struct infer_var *v = scope_peek(x, n);

	if (v && v->body_level < x->body_level)
		v->v.is_captured = true;
	return v;
}

struct infer_var *scope_declare(struct infer *x, struct node *n)
{
	struct infer_var *v = (struct infer_var *)n->var;

	if (!v || v->v.declared_at.begin != n->at.begin ||
	    v->v.declared_at.source != n->at.source) {
		v = arena_new(x->a, struct infer_var);
		v->v.name = n->name;
		v->v.declared_at = n->at;
		v->binding = binding_of(n);
		v->v.type = cast_unknown();
		v->next = cast_unknown();
		v->v.id = (uint32_t)x->p->vars.n;
		vec_push(x->a, &x->p->vars, &v->v);
		vec_push(x->a, &x->vars, v);
		n->var = &v->v;
	}
	v->body_level = x->body_level;
	v->is_assigned = false;
	strmap_put(&x->bindings, v->binding, v);
	vec_push(x->a, &x->in_scope, v);
	return v;
}

const struct type *scope_type(const struct infer_var *v)
{
	return cast_is_unknown(v->v.type) ? v->next : v->v.type;
}

bool scope_join(struct infer *x, struct infer_var *v, const struct type *t)
{
	const struct type *both;

	v->is_assigned = v->is_ever_assigned = true;
	if (v->v.has_declared_type)
		return cast_is_unknown(t) || cast_is_implicit(t, v->v.type);
	both = cast_common(x->a, v->next, t);
	if (!both)
		return false;
	v->next = both;
	return true;
}

void scope_guess(struct infer *x, struct diag_guess *g)
{
	vec_each (v, &x->in_scope)
		diag_nearest(g, (*v)->v.name);
}
