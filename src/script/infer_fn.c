/* Functions of the script (`fn`): their bodies, calls of them (spec 5.4).
 *
 * A function becomes a sub-program of every program that calls it, so its types cannot depend on
 * the caller: parameters and result have the types written. It has no context: what a probe alone
 * knows has to be passed. The body is inferred like a probe's. */
#include <string.h>

#include "script/infer_internal.h"

static bool fits_register(const struct type *t)
{
	return cast_is_number(t) || t->kind == TYPE_PTR;
}

static void declare_param(struct infer *x, struct node *n)
{
	const struct type *t = infer_type_name(x, n);
	struct infer_var *v = scope_peek(x, n);

	if (v) {
		infer_error(x, E_REDEFINED, n->at,
		            "Variable %s was already declared. Variable shadowing is not allowed.",
		            n->name);
		return;
	}
	v = scope_declare(x, n);
	v->v.has_declared_type = v->is_assigned = v->is_ever_assigned = true;
	if (cast_is_unknown(t))
		return;
	if (!fits_register(t))
		infer_error(x, E_TYPE_MISMATCH, n->at,
		            "A parameter is a number or a pointer, not '%s'",
		            infer_type_text(x, t));
	v->v.type = t;
	n->type = type_none();
}

void infer_fn(struct infer *x, struct fn *f)
{
	size_t mark;

	x->p = f->probe;
	x->fn = f;
	x->body_level = x->map_body_level = x->loop_level = 0;
	mark = scope_enter(x);
	f->type = infer_type_name(x, f->result);
	if (!cast_is_unknown(f->type) && !fits_register(f->type) && f->type->kind != TYPE_VOID)
		infer_error(x, E_TYPE_MISMATCH, f->result->at,
		            "A function returns a number or a pointer, not '%s'",
		            infer_type_text(x, f->type));
	vec_each (param, &f->params)
		declare_param(x, *param);
	infer_block(x, f->probe->body, false);
	scope_leave(x, mark);
	x->fn = NULL;
}

void infer_fn_return(struct infer *x, struct node *n)
{
	const struct type *t, *to = x->fn->type;
	bool is_void = to->kind == TYPE_VOID;

	if (!n->n_args || !n->args[0]) {
		if (!is_void)
			infer_error(x, E_TYPE_MISMATCH, n->at, "%s() returns a value of type '%s'",
			            x->fn->name, infer_type_text(x, to));
		return;
	}
	t = infer_value(x, &n->args[0]);
	if (cast_is_unknown(t) || cast_is_unknown(to))
		return;
	if (is_void || !cast_is_implicit(t, to))
		infer_error(x, E_TYPE_MISMATCH, n->args[0]->at,
		            "%s() returns '%s', not a value of type '%s'", x->fn->name,
		            infer_type_text(x, to), infer_type_text(x, t));
	else
		infer_coerce(x, &n->args[0], to);
}

/* ---- calls ---------------------------------------------------------------------------------- */

bool infer_find_fn(struct infer *x, struct node *n)
{
	struct fn *f = unit_find_fn(x->u, n->name);

	if (!f)
		return false;
	n->kind = NODE_FN_CALL;
	n->fn = f;
	return true;
}

static const struct type *result_of(const struct fn *f)
{
	return f->type && f->type->kind != TYPE_VOID ? f->type : type_none();
}

const struct type *infer_fn_call(struct infer *x, struct node *n)
{
	struct fn *f = n->fn;

	if (n->n_args != f->params.n)
		return infer_error(x, E_ARG_COUNT, n->at, "%s() requires %s (%u provided)", f->name,
		                   f->params.n ? infer_count_text(x, (uint32_t)f->params.n)
		                               : "no arguments",
		                   n->n_args);
	for (uint32_t i = 0; i < n->n_args; i++) {
		const struct node *param = f->params.items[i];
		const struct type *t = infer_value(x, &n->args[i]);
		const struct type *to = param->var ? param->var->type : cast_unknown();

		if (cast_is_unknown(t) || cast_is_unknown(to))
			continue;
		if (!cast_is_implicit(t, to))
			infer_error(x, E_ARG_KIND, n->args[i]->at,
			            "%s() expects '%s' for %s ('%s' provided)", f->name,
			            infer_type_text(x, to), param->name, infer_type_text(x, t));
		else
			infer_coerce(x, &n->args[i], to);
	}
	return result_of(f);
}

/* ---- who calls whom ------------------------------------------------------------------------- */

struct chain {
	const struct fn *f;
	const struct chain *outer;
};

static bool report_cycle(struct unit *u, const struct fn *f, const struct chain *chain,
                         struct span at)
{
	const char *text = f->name;

	for (;; chain = chain->outer) {
		text = arena_printf(u->a, "%s > %s", chain->f->name, text);
		if (chain->f == f)
			break;
	}
	diag_error(u->diag, E_UNSUPPORTED, at, "Recursive function call detected. Call chain: %s",
	           text);
	return false;
}

static bool follow(struct unit *u, const struct node *n, const struct chain *chain)
{
	bool is_good = true;

	if (!n)
		return true;
	if (n->kind == NODE_CALL) {
		struct fn *f = unit_find_fn(u, n->name);
		const struct chain *c = chain;

		while (f && c && c->f != f)
			c = c->outer;
		if (f && c)
			return report_cycle(u, f, chain, n->at);
		if (f && !f->is_followed) {
			f->is_followed = true;
			is_good &= follow(u, f->probe->body, &(struct chain){f, chain});
		}
	}
	for (uint32_t i = 0; i < n->n_args; i++)
		is_good &= follow(u, n->args[i], chain);
	vec_each (s, &n->stmts)
		is_good &= follow(u, *s, chain);
	return is_good;
}

bool infer_check_recursion(struct infer *x)
{
	bool is_good = true;

	vec_each (f, &x->u->fns)
		if (!(*f)->is_followed) {
			(*f)->is_followed = true;
			is_good &= follow(x->u, (*f)->probe->body, &(struct chain){*f, NULL});
		}
	return is_good;
}
