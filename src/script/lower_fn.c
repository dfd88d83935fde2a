/* The script's functions as sub-programs (BPF-to-BPF calls).
 *
 * Each program has its own copy of the functions it calls, as they share its scratch memory. They
 * are made before the probe's body, callees first, and keep what scratch memory they used: whoever
 * calls them may be in the middle of a statement of its own.
 *
 * r1-r5 = parameters, each extended to 64 bits by its type; r0 = result. */
#include "script/lower.h"

#include "base/arena.h"

static void lower_fn(struct lower *l, struct fn *f);

static void lower_callees(struct lower *l, const struct node *n)
{
	if (!n)
		return;
	if (n->kind == NODE_FN_CALL && !l->fn_funcs[n->fn->id])
		lower_fn(l, n->fn);
	for (uint32_t i = 0; i < n->n_args; i++)
		lower_callees(l, n->args[i]);
	vec_each (s, &n->stmts)
		lower_callees(l, *s);
}

static void lower_fn(struct lower *l, struct fn *f)
{
	static const enum ir_ptr params[FN_PARAMS_MAX]; /* PTR_NONE: their types say more */
	struct lower outside;
	struct lower_return ret = {0};

	lower_callees(l, f->probe->body);
	outside = *l;
	l->fn_funcs[f->id] = ir_func_add(l->unit, f->name, (uint32_t)f->params.n, params);
	ret.func = lower_func_begin(l, l->fn_funcs[f->id]);
	ret.var = ir_var_new(l->fn->f);
	ret.slot = lower_scratch_alloc(l, 8);
	l->returns = &ret;
	l->probe = f->probe;
	l->body_exit = lower_block(l);
	l->loop = NULL;
	lower_vars_begin(l, f->probe);
	l->b.at = f->at;
	ir_var_set(&l->b, ret.var, ir_const(&l->b, 0));
	for (uint32_t i = 0; i < f->params.n; i++) {
		struct variable *v = f->params.items[i]->var;

		lower_var_set(l, v, value_reg(v->type, ir_param(&l->fn->pro, i)));
	}
	lower_stmts(l, f->probe->body);
	if (!ir_is_terminated(&l->b))
		ir_jump(&l->b, l->body_exit);
	lower_enter(l, l->body_exit);
	ir_ret(&l->b, ir_var_get(&l->b, ret.var));
	lower_func_end(l);
	l->b = outside.b;
	l->returns = outside.returns;
	l->probe = outside.probe;
	l->body_exit = outside.body_exit;
	l->loop = outside.loop;
	l->vars = outside.vars;
	l->scratch_used = l->scratch_high;
}

void lower_fns(struct lower *l, const struct probe *pr)
{
	lower_callees(l, pr->predicate);
	lower_callees(l, pr->body);
}

struct value lower_fn_call(struct lower *l, struct node *n)
{
	struct ir_inst *args[FN_PARAMS_MAX];
	struct ir_inst *result;

	for (uint32_t i = 0; i < n->n_args; i++)
		args[i] = lower_int(l, n->args[i]);
	result = ir_call_func(&l->b, l->fn_funcs[n->fn->id], n->n_args, args);
	return value_reg(n->type, result);
}

/* In a loop's callback the value waits in memory until the function itself is reached. */
void lower_fn_return(struct lower *l, struct node *value)
{
	struct ir_inst *v = lower_int(l, value);

	if (l->fn == l->returns->func)
		ir_var_set(&l->b, l->returns->var, v);
	else
		ir_store(&l->b, lower_scratch_at(l, l->returns->slot), 0, 8, v);
}

void lower_fn_fetch(struct lower *l)
{
	if (l->returns && l->fn == l->returns->func)
		ir_var_set(
		    &l->b, l->returns->var,
		    ir_load(&l->b, lower_scratch_at(l, l->returns->slot), 0, 8, false, PTR_NONE));
}
