/* Lowering of calls of kernel functions. */
#include "script/lower.h"

#include "script/kfunc.h"

/* What n is, if it is in memory; else the address that it holds. */
static struct ir_inst *address(struct lower *l, struct node *n)
{
	if (type_is_register(type_strip(n->type)))
		return lower_int(l, n);
	return lower_direct(l, lower_expr(l, n)).ir;
}

static struct ir_inst *argument(struct lower *l, struct node *call, uint32_t i)
{
	struct node *n = call->args[i];

	switch (kfunc_takes(call->kernel_func, i)) {
	case TAKES_MAP:
		return ir_map(&l->b, l->img->vars.items[l->var_of_map[n->map->id]].map);
	case TAKES_TEXT:
	case TAKES_MEMORY:
	case TAKES_ADDRESS:
		return address(l, n);
	default:
		return lower_int(l, n);
	}
}

/* A pointer or null, told apart: what is read through null is then 0, as through any other bad
 * address, while the verifiers take what may be null for no address at all. */
static struct ir_inst *known_pointer(struct lower *l, struct ir_inst *p)
{
	struct ir_block *is_null = lower_block(l), *is_there = lower_block(l),
	                *done = lower_block(l);
	ir_var v = ir_var_new(l->fn->f);

	ir_branch(&l->b, COND_EQ, p, ir_const(&l->b, 0), is_null, is_there);
	lower_enter(l, is_null);
	ir_var_set(&l->b, v, ir_const(&l->b, 0));
	ir_jump(&l->b, done);
	lower_enter(l, is_there);
	ir_var_set(&l->b, v, p);
	ir_jump(&l->b, done);
	lower_enter(l, done);
	return ir_as(&l->b, ir_var_get(&l->b, v), PTR_KERNEL);
}

struct value lower_kernel_call(struct lower *l, struct node *n)
{
	enum { MOST = 5 };
	struct ir_inst *args[MOST], *result;
	const struct type *t = type_strip(n->type);
	bool is_pointer = t->kind == TYPE_PTR;

	for (uint32_t i = 0; i < n->n_args; i++)
		args[i] = argument(l, n, i);
	result = ir_call_kernel(&l->b, (uint32_t)n->number, is_pointer ? PTR_KERNEL : PTR_NONE,
	                        n->n_args, args);
	if (is_pointer)
		result = known_pointer(l, result);
	else if (t->kind != TYPE_NONE && t->size_b < 8)
		result = ir_ext(&l->b, result, type_width(t), type_is_signed(t));
	return value_reg(n->type, result);
}
