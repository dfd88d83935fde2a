/* Inference of statements: assignments, declarations, scopes, loops.
 *
 * An assignment widens its variable or map (scope_join, infer_map_join) and, in the last pass,
 * converts the value to what that became. A body of `for` counts as a level of its own: lowering
 * may make it a function, so what it uses of the variables outside is marked as captured. */
#include <string.h>

#include "script/infer_internal.h"

static void infer_stmt(struct infer *x, struct node *n);

/* ---- assignments ---------------------------------------------------------------------------- */

static void var_mismatch(struct infer *x, const struct infer_var *v, struct span at,
                         const struct type *t)
{
	infer_error(x, E_TYPE_MISMATCH, at,
	            "Type mismatch for %s: trying to assign value of type '%s' when variable "
	            "already has a type '%s'",
	            v->v.name, infer_type_text(x, t),
	            infer_type_text(x, v->v.has_declared_type ? v->v.type : v->next));
}

/* A literal has to fit the type that was declared; other values are cut to it. */
static bool literal_fits(const struct node *n, const struct type *to)
{
	unsigned bits = to->size_b * 8;
	int64_t value = (int64_t)n->number;

	if (to->kind != TYPE_INT)
		return true;
	if (cast_is_signed(n->type) && value < 0)
		return to->is_signed && (bits >= 64 || value >= -(INT64_C(1) << (bits - 1)));
	if (bits >= 64)
		return !to->is_signed || value >= 0;
	return n->number >> (to->is_signed ? bits - 1 : bits) == 0;
}

static bool fits_declared(const struct infer_var *v, const struct node *value)
{
	return value->kind != NODE_INT || literal_fits(value, v->v.type);
}

static void store_var(struct infer *x, struct infer_var *v, struct node **value)
{
	const struct type *t = (*value)->type;

	if (cast_is_unknown(t)) {
		v->is_assigned = v->is_ever_assigned = true;
		return;
	}
	if (t->kind == TYPE_NONE || t->kind == TYPE_VOID) {
		v->is_assigned = v->is_ever_assigned = true;
		infer_error(x, E_TYPE_MISMATCH, (*value)->at,
		            "Value '%s' cannot be assigned to a scratch variable.",
		            infer_type_text(x, t));
		return;
	}
	if (type_is_agg(t)) {
		v->is_assigned = v->is_ever_assigned = true;
		infer_error(x, E_MAP_USE, (*value)->at,
		            "Map value '%s' cannot be assigned from a map to a scratch variable.",
		            infer_type_text(x, t));
		return;
	}
	if (!scope_join(x, v, t) || (v->v.has_declared_type && !fits_declared(v, *value))) {
		var_mismatch(x, v, (*value)->at, t);
		return;
	}
	if (cast_is_implicit(t, v->v.type))
		infer_coerce(x, value, v->v.type);
}

/* `target op= value`: value is an operand, the result has the target's type. */
static const struct type *compound_type(struct infer *x, struct node *n, const struct type *now)
{
	struct node zero = {.kind = NODE_INT, .is_flexible = true};
	const struct type *t = n->args[1]->type;

	if (t->kind != TYPE_PTR)
		t = infer_decay(x, &n->args[1]);
	zero.type = cast_literal(0, false);
	if (cast_is_unknown(now)) /* `@x += 1` begins with zero */
		return infer_arithmetic(x, n, n->op, zero.type, &zero, t, n->args[1]);
	return infer_arithmetic(x, n, n->op, now, n->args[0], t, n->args[1]);
}

static void assign_var(struct infer *x, struct node *n)
{
	struct node *target = n->args[0];
	struct infer_var *v;
	const struct type *t;

	if (n->op != OP_NONE) {
		const struct type *now;

		infer_expr(x, n->args[1]);
		now = infer_expr(x, target); /* reports an undefined one */
		v = scope_find(x, target);
		if (!v)
			return;
		t = compound_type(x, n, now);
		if (!cast_is_unknown(t) && !scope_join(x, v, t))
			var_mismatch(x, v, n->args[1]->at, t);
		return;
	}
	infer_value(x, &n->args[1]);
	v = scope_find(x, target);
	if (!v)
		v = scope_declare(x, target);
	target->var = &v->v;
	store_var(x, v, &n->args[1]);
	target->type = cast_settled(scope_type(v));
}

static bool is_map_aggregation(const struct node *n)
{
	return n->kind == NODE_MAP && n->type && type_is_agg(n->type);
}

static void assign_map(struct infer *x, struct node *n)
{
	struct node *target = n->args[0];
	struct infer_map *im;
	const struct type *t;

	if (n->op == OP_NONE && (t = infer_aggregation(x, n->args[1])) != NULL) {
		im = infer_map_place(x, target);
		if (im && !cast_is_unknown(t))
			infer_map_join(x, target, t, n->args[1]->at);
		return;
	}
	infer_expr(x, n->args[1]);
	im = infer_map_place(x, target);
	if (!im)
		return;
	if (n->op != OP_NONE) {
		const struct type *now = target->type;

		if (type_is_agg(now)) {
			infer_map_join(x, target, type_int(8, false), n->args[1]->at);
			return;
		}
		t = compound_type(x, n, now);
		im->is_written = true;
		if (!cast_is_unknown(t))
			infer_map_join(x, target, t, n->args[1]->at);
		return;
	}
	if (is_map_aggregation(n->args[1])) {
		im->is_written = true;
		infer_error(x, E_MAP_USE, n->args[1]->at,
		            "Map value '%s' cannot be assigned from one map to another.",
		            infer_type_text(x, n->args[1]->type));
		if (type_is_castable_agg(n->args[1]->type))
			infer_hint(x, "cast it: (%s)%s",
			           n->args[1]->type->is_signed ? "int64" : "uint64",
			           n->args[1]->name);
		return;
	}
	t = infer_decay(x, &n->args[1]);
	im->is_written = true;
	if (cast_is_unknown(t))
		return;
	if (infer_map_join(x, target, t, n->args[1]->at) && cast_is_implicit(t, im->m->value))
		infer_coerce(x, &n->args[1], im->m->value);
}

static void infer_assign(struct infer *x, struct node *n)
{
	struct node *target = n->args[0];
	const struct type *t;

	if (target->kind == NODE_VAR) {
		assign_var(x, n);
		return;
	}
	if (target->kind == NODE_MAP) {
		assign_map(x, n);
		return;
	}
	infer_expr(x, n->args[1]);
	infer_expr(x, target);
	t = target->kind == NODE_FIELD ? target->args[0]->type : target->type;
	if (t->kind == TYPE_TUPLE || t->kind == TYPE_RECORD)
		infer_error(x, E_BAD_OPERAND, target->at,
		            "Tuples and records are immutable once created. Consider creating a "
		            "new value and assigning it instead.");
	else
		infer_error(x, E_BAD_OPERAND, target->at,
		            "Only variables and maps can be assigned to");
}

static void refuse_shadowing(struct infer *x, const struct node *n, const struct infer_var *v)
{
	infer_error(x, E_REDEFINED, n->at,
	            "Variable %s was already declared. Variable shadowing is not allowed.",
	            n->name);
	if (x->is_final)
		diag_context(x->d, v->v.declared_at, "This is the initial declaration.");
}

static void infer_let(struct infer *x, struct node *n)
{
	struct infer_var *v = scope_peek(x, n);
	const struct type *declared = NULL;

	if (v)
		refuse_shadowing(x, n, v);
	if (n->type_text)
		declared = infer_type_name(x, n);
	if (n->n_args && n->args[0]) /* not in scope in its own initial value */
		infer_value(x, &n->args[0]);
	if (v)
		return;
	v = scope_declare(x, n);
	v->is_declared = true;
	n->type = type_none();
	if (declared && !cast_is_unknown(declared)) {
		x->has_news |= !type_equal(v->v.type, declared);
		v->v.has_declared_type = true;
		v->v.type = declared;
	}
	if (n->n_args && n->args[0])
		store_var(x, v, &n->args[0]);
}

/* ---- blocks and conditions ------------------------------------------------------------------ */

static bool is_jump(const struct node *n)
{
	return n->kind == NODE_BREAK || n->kind == NODE_CONTINUE || n->kind == NODE_RETURN;
}

const struct type *infer_block(struct infer *x, struct node *block, bool as_value)
{
	size_t mark = scope_enter(x);
	const struct type *t = type_none();
	bool is_unreachable = false;

	for (size_t i = 0; i < block->stmts.n; i++) {
		if (i && !is_unreachable && is_jump(block->stmts.items[i - 1])) {
			is_unreachable = true;
			infer_warn(x, E_SUSPICIOUS, block->stmts.items[i]->at,
			           "Unreachable statement.");
		}
		infer_stmt(x, block->stmts.items[i]);
	}
	if (block->n_args && block->args[0]) {
		if (as_value)
			t = infer_value(x, &block->args[0]);
		else
			infer_expr(x, block->args[0]);
	}
	block->type = t;
	scope_leave(x, mark);
	return t;
}

/* The node whose value a branch yields: a block's result, or an `else if` itself. */
static struct node **branch_slot(struct node *n, uint32_t i)
{
	struct node *branch = n->args[i];

	if (branch->kind != NODE_BLOCK)
		return &n->args[i];
	return branch->n_args && branch->args[0] ? &branch->args[0] : NULL;
}

static const struct type *infer_branch(struct infer *x, struct node *n, uint32_t i, bool as_value)
{
	if (n->n_args <= i || !n->args[i])
		return type_none();
	if (n->args[i]->kind == NODE_BLOCK)
		return infer_block(x, n->args[i], as_value);
	return n->args[i]->type = infer_if(x, n->args[i], as_value);
}

/* The other branch is not looked at. In the last pass the one taken is all that is left. */
static const struct type *infer_if_comptime(struct infer *x, struct node *n, bool as_value)
{
	const struct origin *origin = n->origin;
	struct node *taken;
	bool value;

	if (!infer_comptime_condition(x, n->args[0], &value))
		return n->type = as_value ? cast_unknown() : type_none();
	taken = value ? n->args[1] : n->n_args > 2 ? n->args[2] : NULL;
	if (!x->is_final)
		return n->type = infer_branch(x, n, value ? 1 : 2, as_value);
	if (taken) {
		*n = *taken;
	} else {
		n->kind = NODE_BLOCK;
		n->n_args = 0;
	}
	x->origin = origin;
	return n->type =
	           n->kind == NODE_IF ? infer_if(x, n, as_value) : infer_block(x, n, as_value);
}

const struct type *infer_if(struct infer *x, struct node *n, bool as_value)
{
	const struct type *then, *otherwise, *both;
	struct node **slot;

	if (n->args[0]->kind == NODE_COMPTIME)
		return infer_if_comptime(x, n, as_value);
	infer_condition(x, &n->args[0], "if()");
	then = infer_branch(x, n, 1, as_value);
	otherwise = infer_branch(x, n, 2, as_value);
	n->type = type_none();
	if (!as_value)
		return n->type;
	if (cast_is_unknown(then) || cast_is_unknown(otherwise))
		return x->is_final ? cast_unknown() : cast_common(x->a, then, otherwise);
	both = cast_common(x->a, then, otherwise);
	if (!both)
		return infer_error(
		    x, E_TYPE_MISMATCH, n->at,
		    "Branches must return the same type or compatible types: have '%s' and '%s'",
		    infer_type_text(x, then), infer_type_text(x, otherwise));
	for (uint32_t i = 1; i <= 2 && i < n->n_args; i++) {
		slot = branch_slot(n, i);
		if (!slot || both->kind == TYPE_NONE)
			continue;
		infer_coerce(x, slot, both);
		if (n->args[i]->kind == NODE_BLOCK)
			n->args[i]->type = cast_settled(both);
	}
	return both;
}

/* ---- loops ---------------------------------------------------------------------------------- */

static void infer_while(struct infer *x, struct node *n)
{
	infer_condition(x, &n->args[0], "while()");
	x->loop_level++;
	infer_block(x, n->args[1], false);
	x->loop_level--;
}

static void infer_unroll(struct infer *x, struct node *n)
{
	enum { MOST = 100 };
	struct node *count = n->args[0];
	uint32_t loop_level = x->loop_level;
	const struct type *t = infer_value(x, &n->args[0]);

	count = n->args[0];
	if (!cast_is_unknown(t) && count->kind != NODE_INT)
		infer_error(x, E_ARG_KIND, count->at, "unroll expects a literal integer");
	else if (count->kind == NODE_INT && cast_is_signed(t) && (int64_t)count->number < 1)
		infer_error(x, E_LIMIT, count->at, "unroll minimum value is 1");
	else if (count->kind == NODE_INT && count->number > MOST)
		infer_error(x, E_LIMIT, count->at, "unroll maximum value is %d", MOST);
	else if (count->kind == NODE_INT && !count->number)
		infer_error(x, E_LIMIT, count->at, "unroll minimum value is 1");
	x->loop_level = 0; /* its copies are no loop to leave */
	infer_block(x, n->args[1], false);
	x->loop_level = loop_level;
}

static struct infer_var *declare_loop_variable(struct infer *x, struct node *n)
{
	struct infer_var *v = scope_peek(x, n);

	if (v) {
		refuse_shadowing(x, n, v);
		return NULL;
	}
	v = scope_declare(x, n);
	v->v.is_loop_variable = true;
	return v;
}

/* The body with its variable in scope; `t` is the variable's type. */
static void infer_body(struct infer *x, struct node *n, struct node *body, const struct type *t)
{
	size_t mark = scope_enter(x);
	struct infer_var *v;

	x->body_level++;
	x->loop_level++;
	v = declare_loop_variable(x, n);
	if (v)
		scope_join(x, v, t);
	infer_block(x, body, false);
	scope_leave(x, mark);
	x->loop_level--;
	x->body_level--;
}

/* What a value of the map looks like to the loop: aggregations reduced to integers. */
static const struct type *element_type(struct infer *x, struct node *n, const struct infer_map *im)
{
	const struct type *elems[2] = {im->m->key, im->m->value};

	if (cast_is_unknown(elems[0]))
		elems[0] = im->next_key;
	if (cast_is_unknown(elems[1]))
		elems[1] = im->next_value;
	if (cast_is_unknown(elems[0]) || cast_is_unknown(elems[1]))
		return cast_unknown();
	if (type_is_castable_agg(elems[1]))
		elems[1] = cast_agg_result(elems[1]);
	else if (type_is_agg(elems[1]))
		return infer_error(x, E_MAP_USE, n->args[0]->at,
		                   "Loop expression does not support type: %s",
		                   infer_type_text(x, elems[1]));
	elems[0] = cast_settled(elems[0]);
	elems[1] = cast_settled(elems[1]);
	return type_tuple(x->a, elems, NULL, 2);
}

static void infer_for_map(struct infer *x, struct node *n)
{
	struct infer_map *im = infer_map_whole(x, n->args[0], "for");
	const struct type *t = cast_unknown();

	if (im && im->has_shape && !im->m->is_keyed)
		infer_error(
		    x, E_MAP_USE, n->args[0]->at,
		    "%s has no explicit keys (scalar map), and cannot be used for iteration",
		    im->m->name);
	else if (im)
		t = element_type(x, n, im);
	n->args[0]->type = im ? im->m->value : cast_unknown();
	x->map_body_level++;
	infer_body(x, n, n->args[1], t);
	x->map_body_level--;
}

static void infer_for_range(struct infer *x, struct node *n)
{
	const struct type *from = infer_value(x, &n->args[0]);
	const struct type *to = infer_value(x, &n->args[1]);
	const struct type *t = type_int(8, false);

	for (int i = 0; i < 2; i++) {
		const struct type *end = i ? to : from;

		if (cast_is_unknown(end))
			continue;
		if (!cast_is_number(end))
			infer_error(x, E_TYPE_MISMATCH, n->args[i]->at,
			            "Loop range requires an integer for the %s value",
			            i ? "end" : "start");
		else if (cast_is_signed(end) && !cast_is_flexible(end))
			t = type_int(8, true);
	}
	if (cast_is_unknown(from) || cast_is_unknown(to))
		t = x->is_final ? t : cast_unknown();
	if (!cast_is_unknown(t) && cast_is_number(from) && cast_is_number(to)) {
		infer_convert(x, &n->args[0], t);
		infer_convert(x, &n->args[1], t);
	}
	infer_body(x, n, n->args[2], t);
}

/* ---- the rest ------------------------------------------------------------------------------- */

static void infer_jump(struct infer *x, struct node *n)
{
	const char *word = n->kind == NODE_BREAK ? "break" : "continue";

	if (!x->loop_level)
		infer_error(x, E_JUMP, n->at, "'%s' statement is not allowed in a probe", word);
}

static void infer_return(struct infer *x, struct node *n)
{
	const struct type *t;

	if (x->fn) {
		infer_fn_return(x, n);
		return;
	}
	if (!n->n_args || !n->args[0])
		return;
	t = infer_value(x, &n->args[0]);
	if (!cast_is_unknown(t) && !cast_is_number(t))
		infer_error(x, E_TYPE_MISMATCH, n->args[0]->at, "Not a valid return type: %s",
		            infer_type_text(x, t));
}

static bool is_ternary_of_actions(const struct node *n)
{
	return n->kind == NODE_TERNARY && n->type && n->type->kind == TYPE_NONE;
}

static void infer_expr_stmt(struct infer *x, struct node *n)
{
	struct node *e = n->args[0];

	if (e->kind == NODE_BLOCK) {
		infer_block(x, e, false);
		return;
	}
	if (e->kind == NODE_IF) {
		infer_if(x, e, false);
		return;
	}
	infer_expr(x, e);
	e = n->args[0];
	if (e->kind == NODE_FN_CALL || e->kind == NODE_OBJECT_CALL)
		return;
	if (e->kind == NODE_CALL || e->kind == NODE_CALL_KERNEL) {
		e->is_statement_value_used = false;
		return;
	}
	if (e->kind != NODE_INCDEC && !cast_is_unknown(e->type) && !is_ternary_of_actions(e))
		infer_warn(x, E_SUSPICIOUS, e->at, "Return value discarded.");
}

static void infer_stmt(struct infer *x, struct node *n)
{
	const struct origin *origin = x->origin;

	x->origin = n->origin;
	switch (n->kind) {
	case NODE_EXPR:
		infer_expr_stmt(x, n);
		break;
	case NODE_LET:
		infer_let(x, n);
		break;
	case NODE_ASSIGN:
		infer_assign(x, n);
		break;
	case NODE_BLOCK:
		infer_block(x, n, false);
		break;
	case NODE_IF:
		infer_if(x, n, false);
		break;
	case NODE_WHILE:
		infer_while(x, n);
		break;
	case NODE_UNROLL:
		infer_unroll(x, n);
		break;
	case NODE_FOR_MAP:
		infer_for_map(x, n);
		break;
	case NODE_FOR_RANGE:
		infer_for_range(x, n);
		break;
	case NODE_BREAK:
	case NODE_CONTINUE:
		infer_jump(x, n);
		break;
	case NODE_RETURN:
		infer_return(x, n);
		break;
	case NODE_DISCARD:
		infer_value(x, &n->args[0]);
		break;
	case NODE_EMIT:
		infer_emit(x, n);
		break;
	default:
		infer_expr(x, n);
	}
	x->origin = origin;
}

void infer_probe(struct infer *x, struct probe *p)
{
	size_t mark;

	x->p = p;
	if (p->kind == PROBE_ITER)
		infer_args_type(x); /* lowering wants it even if nobody says ctx */
	probe_use_types(&x->cx, p->targets.n ? &p->targets.items[0] : NULL);
	x->body_level = x->map_body_level = x->loop_level = 0;
	if (x->is_final)
		p->uses_probe_name = false;
	mark = scope_enter(x);
	if (p->predicate)
		infer_condition(x, &p->predicate, "predicate");
	infer_block(x, p->body, false);
	scope_leave(x, mark);
}
