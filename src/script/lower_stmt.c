/* Lowering of statements and variables.
 *
 * A variable is an SSA value if it fits a register, memory otherwise. One that a loop body (which
 * may become a callback) shares with its surroundings lives in the program's scratch memory, where
 * both functions find it. */
#include "script/lower.h"

#include <assert.h>

#include "base/arena.h"

static uint32_t size_of(const struct type *t)
{
	uint32_t size = image_value_size(type_strip(t));

	return size ? (size + 7) & ~7u : 8;
}

static struct slot_of_var *place_of(struct lower *l, struct variable *v)
{
	struct slot_of_var *s = &l->vars[v->id];

	/* The body of an unroll is lowered again and again, and what is a callback in it becomes
	 * another function each time. */
	if (s->is_set_up && (s->is_memory || s->func == l->fn))
		return s;
	s->is_set_up = true;
	s->func = l->fn;
	s->is_memory = v->is_captured || !type_is_register(type_strip(v->type));
	if (!s->is_memory)
		s->ssa = ir_var_new(l->fn->f);
	else
		s->scratch = lower_scratch_alloc(l, size_of(v->type));
	return s;
}

/* Memory variables take their place before any statement's temporaries, which are given back. */
void lower_vars_begin(struct lower *l, struct probe *pr)
{
	l->vars = arena_array(l->a, struct slot_of_var, pr->vars.n + 1);
	vec_each (v, &pr->vars) {
		const struct type *t = (*v)->type ? type_strip((*v)->type) : type_none();

		if (t->kind != TYPE_NONE && ((*v)->is_captured || !type_is_register(t)))
			place_of(l, *v);
	}
}

struct ir_inst *lower_var_address(struct lower *l, struct variable *v)
{
	struct slot_of_var *s = place_of(l, v);

	if (!s->is_memory) { /* its address is taken: only then does it need one */
		struct ir_inst *at = lower_temp(l, 8, v->name);

		ir_store(&l->b, at, 0, 8, ir_var_get(&l->b, s->ssa));
		return at;
	}
	return lower_scratch_at(l, s->scratch);
}

struct value lower_var_read(struct lower *l, struct variable *v)
{
	struct slot_of_var *s = place_of(l, v);

	if (!s->is_memory)
		return value_reg(v->type, ir_var_get(&l->b, s->ssa));
	return lower_at(l, v->type, lower_scratch_at(l, s->scratch), 0, 8);
}

void lower_var_set(struct lower *l, struct variable *v, struct value value)
{
	struct slot_of_var *s = place_of(l, v);

	if (!s->is_memory)
		ir_var_set(&l->b, s->ssa, value.ir);
	else
		lower_store(l, value, v->type, lower_scratch_at(l, s->scratch), 8, true);
}

/* Does evaluating n read variable v? Then it must not be overwritten while n is evaluated. */
static bool mentions(const struct node *n, const struct variable *v)
{
	if (!n)
		return false;
	if (n->kind == NODE_VAR && n->var == v)
		return true;
	for (uint32_t i = 0; i < n->n_args; i++)
		if (mentions(n->args[i], v))
			return true;
	vec_each (s, &n->stmts)
		if (mentions(*s, v))
			return true;
	return false;
}

void lower_var_write(struct lower *l, struct variable *v, struct node *value)
{
	struct slot_of_var *s = place_of(l, v);

	if (!s->is_memory) {
		ir_var_set(&l->b, s->ssa, lower_int(l, value));
		return;
	}
	if (type_is_register(type_strip(v->type)) || mentions(value, v) ||
	    !type_equal(type_strip(value->type), type_strip(v->type))) {
		struct value x = lower_expr(l, value);

		if (x.is_memory && mentions(value, v)) { /* through a copy */
			struct ir_inst *copy = lower_temp(l, size_of(x.type), "copy");

			lower_store(l, x, x.type, copy, 8, true);
			x = value_mem(x.type, copy, 8);
		}
		lower_store(l, x, v->type, lower_scratch_at(l, s->scratch), 8, true);
		return;
	}
	lower_into(l, value, lower_scratch_at(l, s->scratch), 8, true);
}

/* ---- assignment ------------------------------------------------------------------------------ */

struct compound {
	struct node *assign;
	struct node op; /* the binary operation, its right side lowered already */
	struct ir_inst *right;
};

static struct ir_inst *apply(struct lower *l, struct ir_inst *old, void *arg)
{
	struct compound *c = arg;
	struct ir_inst *right = c->right;

	if (c->assign->op == OP_DIV || c->assign->op == OP_MOD)
		right = lower_safe_divisor(l, right, c->assign->at);
	return ir_bin(&l->b, lower_arithmetic[c->assign->op], old, right);
}

static void lower_assign(struct lower *l, struct node *n)
{
	struct node *to = n->args[0], *value = n->args[1];
	struct compound c = {.assign = n};
	struct ir_inst *v;

	if (value->kind == NODE_CALL && value->function->kind & KIND_G) {
		lower_map_aggregate(l, to, value);
		return;
	}
	if (n->op == OP_NONE) {
		if (to->kind == NODE_MAP)
			lower_map_write(l, to, value);
		else
			lower_var_write(l, to->var, value);
		return;
	}
	c.right = lower_int(l, value);
	if (type_strip(to->type)->kind == TYPE_PTR && (n->op == OP_ADD || n->op == OP_SUB)) {
		const struct type *e = type_strip(to->type)->elem;

		e = e ? type_strip(e) : NULL;
		if (e && e->is_incomplete)
			e = types_complete(l->u->types, e);
		if (e && e->size_b > 1)
			c.right = ir_bin_imm(&l->b, IR_MUL, c.right, e->size_b);
	}
	if (to->kind == NODE_MAP) {
		lower_map_update(l, to, apply, &c, false);
		return;
	}
	v = apply(l, lower_var_read(l, to->var).ir, &c);
	if (type_strip(to->type)->kind != TYPE_PTR && to->var->type->size_b < 8)
		v = ir_ext(&l->b, v, (uint8_t)to->var->type->size_b, to->var->type->is_signed);
	lower_var_set(l, to->var, value_reg(to->type, v));
}

/* ---- control flow ---------------------------------------------------------------------------- */

static void lower_if(struct lower *l, struct node *n)
{
	struct ir_block *yes = lower_block(l), *join = lower_block(l);
	bool has_else = n->n_args > 2 && n->args[2];
	struct ir_block *no = has_else ? lower_block(l) : join;

	lower_cond(l, n->args[0], yes, no);
	lower_enter(l, yes);
	lower_stmt(l, n->args[1]);
	if (!ir_is_terminated(&l->b))
		ir_jump(&l->b, join);
	if (has_else) {
		lower_enter(l, no);
		lower_stmt(l, n->args[2]);
		if (!ir_is_terminated(&l->b))
			ir_jump(&l->b, join);
	}
	lower_enter(l, join);
}

static void lower_while(struct lower *l, struct node *n)
{
	struct ir_block *head = lower_block(l), *body = lower_block(l), *out = lower_block(l);
	struct lower_loop loop = {
	    .outer = l->loop, .on_break = out, .on_continue = head, .func = l->fn};

	ir_jump(&l->b, head);
	l->b.block = head;
	lower_cond(l, n->args[0], body, out);
	lower_enter(l, body);
	l->loop = &loop;
	lower_stmt(l, n->args[1]);
	l->loop = loop.outer;
	if (!ir_is_terminated(&l->b))
		ir_jump(&l->b, head);
	ir_seal(head);
	lower_enter(l, out);
}

void lower_return(struct lower *l, struct node *n)
{
	if (n->n_args && n->args[0] && l->returns) {
		lower_fn_return(l, n->args[0]);
	} else if (n->n_args && n->args[0]) {
		struct value v = lower_expr(l, n->args[0]);

		if (l->probe->kind == PROBE_TEST)
			ir_store(&l->b, lower_scratch_at(l, l->result), 0, 8, v.ir);
	}
	ir_jump(&l->b, l->body_exit);
}

void lower_stmts(struct lower *l, struct node *block)
{
	vec_each (s, &block->stmts)
		lower_stmt(l, *s);
}

static void lower_one(struct lower *l, struct node *n)
{
	switch (n->kind) {
	case NODE_BLOCK:
		lower_stmts(l, n);
		if (n->n_args && n->args[0])
			lower_expr(l, n->args[0]);
		break;
	case NODE_EXPR:
	case NODE_DISCARD:
		lower_expr(l, n->args[0]);
		break;
	case NODE_LET:
		if (n->n_args && n->args[0])
			lower_var_write(l, n->var, n->args[0]);
		else if (!n->var->type || n->var->type->kind == TYPE_NONE)
			break;
		else if (type_is_register(type_strip(n->var->type)))
			lower_var_set(l, n->var, value_reg(n->var->type, ir_const(&l->b, 0)));
		else
			ir_zero(&l->b, lower_var_address(l, n->var), size_of(n->var->type), 8);
		break;
	case NODE_ASSIGN:
		lower_assign(l, n);
		break;
	case NODE_IF:
		lower_if(l, n);
		break;
	case NODE_WHILE:
		lower_while(l, n);
		break;
	case NODE_FOR_MAP:
		lower_for_map(l, n);
		break;
	case NODE_FOR_RANGE:
		lower_for_range(l, n);
		break;
	case NODE_UNROLL:
		for (uint64_t i = 0; i < n->args[0]->number; i++)
			lower_stmt(l, n->args[1]);
		break;
	case NODE_BREAK:
		ir_jump(&l->b, l->loop->on_break);
		break;
	case NODE_CONTINUE:
		ir_jump(&l->b, l->loop->on_continue);
		break;
	case NODE_RETURN:
		lower_return(l, n);
		break;
	case NODE_EMIT:
		lower_emit(l, n);
		break;
	default: /* an expression as a statement */
		lower_expr(l, n);
	}
}

/* Temporaries of the scratch memory end with their statement. */
void lower_stmt(struct lower *l, struct node *n)
{
	uint32_t mark = l->scratch_used;

	l->b.at = n->at;
	lower_one(l, n);
	l->scratch_used = mark;
}
