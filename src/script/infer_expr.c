/* Inference of expressions: literals, operators, tuples, conversions made explicit.
 *
 * Input: a node; output: its type, also in n->type, and in the last pass NODE_CASTs above children
 * whose value must change its form. Integers in arithmetic and comparisons need none: lowering
 * keeps every integer extended to 64 bits by its own signedness, and then
 *   - arithmetic is 64 bit and only its result's signedness is a question of types (spec 4.2);
 *   - a comparison is signed if either operand is, a flexible literal taking the other side's
 *     signedness: any mixture has a signed common type, and each value fits it but for uint64
 *     against int64, which is warned about. Pointers compare unsigned.
 * Strings of different sizes compare up to the NUL, so they are left as they are, too. */
#include <string.h>

#include "script/infer.h"
#include "script/infer_internal.h"

static const struct type *set(struct node *n, const struct type *t)
{
	n->type = t;
	return t;
}

void infer_set_int(struct node *n, uint64_t number, const struct type *t)
{
	n->kind = NODE_INT;
	n->number = number;
	n->op = OP_NONE;
	n->n_args = 0;
	n->is_param = false;
	n->is_implicit = false;
	n->is_flexible = cast_is_flexible(t);
	n->type = t;
}

void infer_set_string(struct infer *x, struct node *n, const char *bytes, uint32_t len_b)
{
	n->kind = NODE_STRING;
	n->string = arena_strndup(x->a, bytes, len_b);
	n->string_len_b = len_b;
	n->op = OP_NONE;
	n->n_args = 0;
	n->is_param = false;
	n->type = type_string(x->a, len_b + 1);
}

/* ---- conversions ---------------------------------------------------------------------------- */

static void wrap(struct infer *x, struct node **slot, const struct type *to)
{
	struct node *cast = node_new(x->a, NODE_CAST, (*slot)->at);

	cast->args = arena_array(x->a, struct node *, 1);
	cast->args[0] = *slot;
	cast->n_args = 1;
	cast->is_implicit = true;
	cast->cast_to = to;
	cast->type = to;
	*slot = cast;
}

/* A literal as the target's width would read it. */
static uint64_t fit_number(uint64_t number, const struct type *to)
{
	unsigned shift = 64 - to->size_b * 8;

	if (to->kind == TYPE_BOOL)
		return number != 0;
	if (!shift || shift >= 64)
		return number;
	return to->is_signed ? (uint64_t)((int64_t)(number << shift) >> shift)
	                     : number << shift >> shift;
}

/* A tuple made on the spot is made of the right elements. */
static bool convert_elements(struct infer *x, struct node *n, const struct type *to)
{
	if (n->kind != NODE_TUPLE || n->type->kind != to->kind || n->n_args != to->n_fields)
		return false;
	for (uint32_t i = 0; i < n->n_args; i++)
		if (n->names && strcmp(n->names[i], to->fields[i].name))
			return false; /* another order: values have to move */
	for (uint32_t i = 0; i < n->n_args; i++)
		infer_convert(x, &n->args[i], to->fields[i].type);
	n->type = to;
	return true;
}

void infer_convert(struct infer *x, struct node **slot, const struct type *to)
{
	struct node *n = *slot;

	if (!x->is_final || cast_is_unknown(to) || cast_is_unknown(n->type))
		return;
	to = cast_settled(type_strip(to));
	if (type_equal(n->type, to)) {
		n->is_flexible = false;
		return;
	}
	if (n->kind == NODE_INT && cast_is_number(to))
		infer_set_int(n, fit_number(n->number, to), to);
	else if (n->kind == NODE_STRING && to->kind == TYPE_STRING)
		n->type = to; /* the rest is zeros */
	else if (!convert_elements(x, n, to))
		wrap(x, slot, to);
}

void infer_coerce(struct infer *x, struct node **slot, const struct type *to)
{
	const struct type *from = (*slot)->type;

	if (!cast_is_unknown(from) && cast_changes_sign(from, cast_settled(type_strip(to))))
		infer_warn(x, E_SUSPICIOUS, (*slot)->at,
		           "Expression of type: %s being cast to type: %s. This may cause "
		           "unexpected results. Use an explicit cast to suppress this warning.",
		           infer_type_text(x, from), infer_type_text(x, to));
	infer_convert(x, slot, to);
}

static bool is_data_loc_text(const struct node *n)
{
	return n->kind == NODE_FIELD && n->field && n->field->is_data_loc &&
	       n->type->kind == TYPE_PTR && type_strip(n->type->elem)->size_b == 1;
}

/* A __data_loc text is read by kstr(): it stands in the kernel's record. */
static const struct type *read_data_loc(struct infer *x, struct node **slot)
{
	const struct type *t = type_string(x->a, (uint32_t)x->config->max_strlen);
	struct node *call;

	if (!x->is_final)
		return (*slot)->type = t;
	call = node_new(x->a, NODE_CALL, (*slot)->at);
	call->name = "kstr";
	call->function = function_find(call->name);
	call->args = arena_array(x->a, struct node *, 1);
	call->args[0] = *slot;
	call->n_args = 1;
	call->is_statement_value_used = true;
	call->type = t;
	*slot = call;
	return t;
}

/* `args` as a value is a record of its fields: they may lie in registers and in many places. */
static const struct type *read_args(struct infer *x, struct node **slot, const struct type *args)
{
	struct node *n = node_new(x->a, NODE_TUPLE, (*slot)->at);
	const char **names = arena_array(x->a, const char *, args->n_fields + 1);

	n->args = arena_array(x->a, struct node *, args->n_fields + 1);
	for (uint32_t i = 0; i < args->n_fields; i++) {
		const struct field *f = &args->fields[i];
		struct node *field;

		if (!f->name || infer_is_hidden(x, f) || type_strip(f->type)->kind == TYPE_VOID)
			continue;
		field = node_new(x->a, NODE_FIELD, (*slot)->at);
		field->name = f->name;
		field->args = arena_array(x->a, struct node *, 3);
		field->args[0] = node_clone(x->a, *slot);
		field->n_args = 1;
		names[n->n_args] = f->name;
		n->args[n->n_args++] = field;
	}
	n->names = names;
	*slot = n;
	return infer_expr(x, n);
}

const struct type *infer_decay(struct infer *x, struct node **slot)
{
	const struct type *t = (*slot)->type, *to = t;

	if (is_data_loc_text(*slot))
		return read_data_loc(x, slot);
	if (infer_is_args(*slot) && !cast_is_unknown(t))
		return read_args(x, slot, type_strip(t->elem));
	if (type_is_castable_agg(t))
		to = cast_agg_result(t);
	else if (type_is_char_array(t) && t->n_elems)
		to = type_string(x->a, t->n_elems);
	if (to != t && x->is_final)
		infer_convert(x, slot, to);
	else
		(*slot)->type = to; /* until it is walked again */
	return to;
}

const struct type *infer_value(struct infer *x, struct node **slot)
{
	infer_expr(x, *slot);
	return infer_decay(x, slot);
}

static bool is_condition(const struct type *t)
{
	return cast_is_number(t) || t->kind == TYPE_PTR || cast_is_unknown(t);
}

void infer_condition(struct infer *x, struct node **slot, const char *what)
{
	const struct type *t = infer_value(x, slot);

	if (!is_condition(t))
		infer_error(x, E_TYPE_MISMATCH, (*slot)->at, "Invalid condition in %s: %s", what,
		            infer_type_text(x, t));
}

/* ---- literals ------------------------------------------------------------------------------- */

static const struct type *infer_int(struct node *n)
{
	if (!n->type)
		n->type = cast_literal(n->number, n->is_unsigned_literal);
	n->is_flexible =
	    cast_is_flexible(n->type) || (n->type->kind == TYPE_ENUM && n->number <= INT64_MAX);
	return n->type;
}

static const struct type *infer_string(struct infer *x, struct node *n)
{
	uint64_t longest = x->config->max_strlen ? x->config->max_strlen - 1 : 0;

	if (n->string_len_b > longest)
		return set(n, infer_error(x, E_LITERAL, n->at,
		                          "String is too long (over %llu bytes): %s",
		                          (unsigned long long)longest, n->string));
	if (!n->type || n->type->kind != TYPE_STRING)
		n->type = type_string(x->a, n->string_len_b + 1);
	return n->type;
}

/* ---- operators ------------------------------------------------------------------------------ */

static bool is_literal_flexible(const struct node *n)
{
	return n && n->kind == NODE_INT && n->is_flexible;
}

bool infer_compare_is_signed(const struct node *n)
{
	const struct node *l = n->args[0], *r = n->args[1];

	if (l->type->kind == TYPE_PTR || r->type->kind == TYPE_PTR)
		return false;
	if (is_literal_flexible(l) && is_literal_flexible(r))
		return true;
	if (is_literal_flexible(l))
		return cast_is_signed(r->type);
	if (is_literal_flexible(r))
		return cast_is_signed(l->type);
	return cast_is_signed(l->type) || cast_is_signed(r->type);
}

static const struct type *bad_operands(struct infer *x, struct node *n, enum op op,
                                       const struct type *l, const struct type *r)
{
	return infer_error(x, E_BAD_OPERAND, n->at,
	                   "The %s operator can not be used on expressions of types %s, %s",
	                   op_text(op), infer_type_text(x, l), infer_type_text(x, r));
}

/* The difference of two unsigned numbers is signed only by rule: dividing it is no mistake. */
static bool is_worth_division_warning(const struct type *t, const struct node *n)
{
	if (!cast_is_signed(t) || is_literal_flexible(n))
		return false;
	while (n && n->kind == NODE_CAST && n->is_implicit)
		n = n->args[0];
	return !n || n->kind != NODE_BINARY || n->op != OP_SUB ||
	       cast_is_signed(n->args[0]->type) ||
	       (cast_is_signed(n->args[1]->type) && !is_literal_flexible(n->args[1]));
}

static const struct type *kernel_only(struct infer *x, const struct type *ptr)
{
	return ptr->as == AS_BTF ? type_ptr(x->a, ptr->elem, AS_KERNEL) : ptr;
}

const struct type *infer_arithmetic(struct infer *x, struct node *n, enum op op,
                                    const struct type *l, struct node *ln, const struct type *r,
                                    struct node *rn)
{
	bool is_signed;

	if (cast_is_unknown(l) || cast_is_unknown(r))
		return cast_unknown();
	if (op == OP_ADD && l->kind == TYPE_PTR && cast_is_number(r))
		return kernel_only(x, l);
	if (op == OP_SUB && l->kind == TYPE_PTR && cast_is_number(r))
		return kernel_only(x, l);
	if (op == OP_ADD && cast_is_number(l) && r->kind == TYPE_PTR)
		return kernel_only(x, r);
	if (!cast_is_number(l) || !cast_is_number(r))
		return bad_operands(x, n, op, l, r);
	if (is_literal_flexible(ln) && !is_literal_flexible(rn))
		is_signed = cast_is_signed(r);
	else if (is_literal_flexible(rn) && !is_literal_flexible(ln))
		is_signed = cast_is_signed(l);
	else
		is_signed = cast_is_signed(l) || cast_is_signed(r);
	if ((op == OP_DIV || op == OP_MOD) &&
	    (is_worth_division_warning(l, ln) || is_worth_division_warning(r, rn)))
		infer_warn(x, E_SUSPICIOUS, n->at,
		           "signed operands for '%s' can lead to undefined behavior (cast to "
		           "unsigned to silence warning)",
		           op_text(op));
	return type_int(8, is_signed || op == OP_SUB);
}

static const struct type *mismatch(struct infer *x, struct node *n, const struct type *l,
                                   const struct type *r)
{
	infer_error(x, E_TYPE_MISMATCH, n->at, "Type mismatch for '%s': comparing %s with %s",
	            op_text(n->op), infer_type_text(x, l), infer_type_text(x, r));
	if (x->is_final) {
		diag_context(x->d, n->args[0]->at, "left (%s)", infer_type_text(x, l));
		diag_context(x->d, n->args[1]->at, "right (%s)", infer_type_text(x, r));
	}
	return cast_unknown();
}

static bool is_scalar_array(const struct type *t)
{
	return t->kind == TYPE_ARRAY && cast_is_number(type_strip(t->elem));
}

/* Values that are equal when all their bytes are. */
static bool is_plain_bytes(const struct type *t)
{
	static const bool plain[TYPE_N] = {
	    [TYPE_BUFFER] = true,   [TYPE_INET] = true,   [TYPE_MAC] = true,
	    [TYPE_USERNAME] = true, [TYPE_KSYM] = true,   [TYPE_USYM] = true,
	    [TYPE_KSTACK] = true,   [TYPE_USTACK] = true, [TYPE_CGROUP_PATH] = true,
	};

	return plain[t->kind];
}

static void warn_mixed_comparison(struct infer *x, struct node *n, const struct type *l,
                                  const struct type *r)
{
	const struct type *both;

	if (is_literal_flexible(n->args[0]) || is_literal_flexible(n->args[1]))
		return;
	both = cast_common(x->a, l, r);
	for (int i = 0; i < 2; i++)
		if (cast_changes_sign(i ? r : l, both))
			infer_warn(x, E_SUSPICIOUS, n->args[i]->at,
			           "Expression of type: %s being cast to type: %s. This may cause "
			           "unexpected results. Use an explicit cast to suppress this "
			           "warning.",
			           infer_type_text(x, i ? r : l), infer_type_text(x, both));
}

static const struct type *infer_comparison(struct infer *x, struct node *n)
{
	const struct type *l = infer_decay(x, &n->args[0]), *r = infer_decay(x, &n->args[1]);
	bool is_equality = n->op == OP_EQ || n->op == OP_NE;

	if (cast_is_unknown(l) || cast_is_unknown(r))
		return type_bool();
	if (cast_is_number(l) && cast_is_number(r)) {
		warn_mixed_comparison(x, n, l, r);
		return type_bool();
	}
	if (l->kind == TYPE_PTR && r->kind == TYPE_PTR) {
		if (!type_equal(l, r) && type_strip(l->elem)->kind != TYPE_VOID &&
		    type_strip(r->elem)->kind != TYPE_VOID)
			infer_warn(x, E_SUSPICIOUS, n->at,
			           "comparison of distinct pointer types: %s, %s",
			           infer_type_text(x, l), infer_type_text(x, r));
		return type_bool();
	}
	if ((l->kind == TYPE_PTR && cast_is_number(r)) ||
	    (cast_is_number(l) && r->kind == TYPE_PTR))
		return type_bool();
	if (l->kind == TYPE_STRING && r->kind == TYPE_STRING)
		return is_equality ? type_bool() : bad_operands(x, n, n->op, l, r);
	if (is_equality && (l->kind == TYPE_TUPLE || l->kind == TYPE_RECORD)) {
		const struct type *both = cast_common(x->a, l, r);

		if (!both)
			return mismatch(x, n, l, r);
		infer_coerce(x, &n->args[0], both);
		infer_coerce(x, &n->args[1], both);
		return type_bool();
	}
	if (is_equality && type_equal(l, r) && (is_scalar_array(l) || is_plain_bytes(l)))
		return type_bool();
	if (l->kind == r->kind && !is_equality)
		return bad_operands(x, n, n->op, l, r);
	return mismatch(x, n, l, r);
}

static const struct type *infer_logical(struct infer *x, struct node *n)
{
	const struct type *l = infer_decay(x, &n->args[0]), *r = infer_decay(x, &n->args[1]);

	if (!is_condition(l) || !is_condition(r))
		return bad_operands(x, n, n->op, l, r);
	return type_bool();
}

static const struct type *infer_binary(struct infer *x, struct node *n)
{
	const struct type *l, *r;

	infer_expr(x, n->args[0]);
	if (infer_fold_decided(n, n->args[0]))
		return n->type;
	infer_expr(x, n->args[1]);
	if (infer_fold_binary(x, n) || infer_fold_decided(n, n->args[1]))
		return n->type;
	if (n->op == OP_LAND || n->op == OP_LOR)
		return infer_logical(x, n);
	if (infer_is_comparison(n->op))
		return infer_comparison(x, n);
	/* A __data_loc text stays the pointer it is: arithmetic is about addresses. */
	l = n->args[0]->type;
	r = n->args[1]->type;
	if (l->kind != TYPE_PTR || infer_is_args(n->args[0]))
		l = infer_decay(x, &n->args[0]);
	if (r->kind != TYPE_PTR || infer_is_args(n->args[1]))
		r = infer_decay(x, &n->args[1]);
	return infer_arithmetic(x, n, n->op, l, n->args[0], r, n->args[1]);
}

static const struct type *infer_deref(struct infer *x, struct node *n, const struct type *t)
{
	const struct type *elem;

	if (cast_is_number(t) && t->kind != TYPE_BOOL)
		return type_int(8, false);
	if (t->kind != TYPE_PTR || infer_is_args(n->args[0]))
		return infer_error(x, E_BAD_OPERAND, n->at,
		                   "The * operator can not be used on expressions of type '%s'",
		                   t->kind == TYPE_PTR ? "record" : infer_type_text(x, t));
	elem = infer_complete(x, t->elem);
	if (elem->kind == TYPE_VOID || elem->kind == TYPE_FUNC || elem->is_incomplete)
		return infer_error(x, E_BAD_OPERAND, n->at,
		                   "Cannot dereference a pointer to an unsized type (%s)",
		                   infer_type_text(x, t));
	if (elem->kind == TYPE_PTR)
		elem = type_ptr(x->a, elem->elem,
		                elem->as          ? elem->as
		                : t->as == AS_BTF ? AS_KERNEL
		                : t->as           ? t->as
		                                  : infer_default_space(x));
	return elem;
}

static const struct type *infer_address_of(struct infer *x, struct node *n)
{
	struct node *v = n->args[0];
	const struct type *t;

	if (v->kind != NODE_VAR && v->kind != NODE_MAP)
		return infer_error(x, E_BAD_OPERAND, n->at,
		                   "address-of operator (&) can only be used on a map or variable");
	t = infer_expr(x, v);
	if (v->kind == NODE_VAR && v->var)
		v->var->is_captured = true;
	if (cast_is_unknown(t))
		return t;
	/* One CPU's part of an aggregation is no value. */
	return type_ptr(x->a, type_is_agg(t) ? type_void() : t, AS_KERNEL);
}

static const struct type *infer_unary(struct infer *x, struct node *n)
{
	const struct type *t;

	if (n->op == OP_ADDR)
		return infer_address_of(x, n);
	infer_expr(x, n->args[0]);
	if (infer_fold_unary(x, n))
		return n->type;
	t = n->args[0]->type;
	if (t->kind != TYPE_PTR)
		t = infer_decay(x, &n->args[0]);
	if (cast_is_unknown(t))
		return n->op == OP_NOT ? type_bool() : t;
	if (n->op == OP_DEREF)
		return infer_deref(x, n, t);
	if (!cast_is_number(t))
		return infer_error(x, E_BAD_OPERAND, n->at,
		                   "The %s operator can not be used on expressions of type '%s'",
		                   op_text(n->op), infer_type_text(x, t));
	return n->op == OP_NOT ? type_bool() : type_int(8, cast_is_signed(t));
}

/* `$x++`: what it leaves behind is joined in as a counter, so that a fresh one is uint64, one that
 * is also assigned signed values int64 (spec 4.2). `--` makes it int64. */
static const struct type *infer_incdec(struct infer *x, struct node *n)
{
	struct node *v = n->args[0];
	const struct type *t = cast_unknown(), *step;
	struct infer_var *var;

	step = n->op == OP_INC ? cast_counter() : type_int(8, true);
	if (v->kind == NODE_VAR) {
		var = scope_find(x, v);
		t = infer_expr(x, v);
		if (!var)
			return t;
		if (t->kind == TYPE_PTR)
			return t;
		if (!cast_is_unknown(t) && !cast_is_number(t))
			return infer_error(
			    x, E_BAD_OPERAND, n->at,
			    "The %s operator can not be used on expressions of type '%s'",
			    op_text(n->op), infer_type_text(x, t));
		scope_join(x, var, step);
		return cast_is_unknown(t) ? step : t;
	}
	if (v->kind == NODE_MAP) {
		struct infer_map *im = infer_map_place(x, v);

		t = v->type;
		if (t->kind == TYPE_PTR)
			return t;
		if (!cast_is_unknown(t) && !cast_is_number(t)) {
			if (type_is_agg(t)) {
				infer_map_join(x, v, step, n->at);
				return cast_unknown();
			}
			return infer_error(
			    x, E_BAD_OPERAND, n->at,
			    "The %s operator can not be used on expressions of type '%s'",
			    op_text(n->op), infer_type_text(x, t));
		}
		if (im)
			infer_map_join(x, v, step, n->at);
		return cast_is_unknown(t) ? step : t;
	}
	infer_expr(x, v);
	return infer_error(x, E_BAD_OPERAND, n->at,
	                   "The %s operator must be applied to a map or variable", op_text(n->op));
}

/* ---- values made of values ------------------------------------------------------------------ */

static const struct type *infer_ternary(struct infer *x, struct node *n)
{
	const struct type *then, *otherwise, *both;
	struct node **then_slot = n->args[1] ? &n->args[1] : &n->args[0];

	infer_condition(x, &n->args[0], "ternary");
	if (x->is_comptime && n->args[0]->kind == NODE_INT && n->args[1]) {
		struct node *taken = n->args[n->args[0]->number ? 1 : 2];

		infer_value(x, &taken);
		if (infer_take_element(x, n, taken))
			return n->type;
	}
	then = n->args[1] ? infer_value(x, &n->args[1]) : n->args[0]->type;
	otherwise = infer_value(x, &n->args[2]);
	if (cast_is_unknown(then) || cast_is_unknown(otherwise))
		return x->is_final ? cast_unknown() : cast_common(x->a, then, otherwise);
	if (then->kind == TYPE_NONE || otherwise->kind == TYPE_NONE)
		return type_none(); /* `c ? printf("a") : 0`, good for a statement */
	both = cast_common(x->a, then, otherwise);
	if (!both)
		return infer_error(
		    x, E_TYPE_MISMATCH, n->at,
		    "Branches must return the same type or compatible types: have '%s' and '%s'",
		    infer_type_text(x, then), infer_type_text(x, otherwise));
	infer_coerce(x, then_slot, both);
	infer_coerce(x, &n->args[2], both);
	return both;
}

static const struct type *infer_tuple(struct infer *x, struct node *n)
{
	const struct type **elems = arena_array(x->a, const struct type *, n->n_args);
	bool is_known = true;

	for (uint32_t i = 0; i < n->n_args; i++) {
		elems[i] = infer_value(x, &n->args[i]);
		if (cast_is_unknown(elems[i])) {
			is_known = false;
		} else if (elems[i]->kind == TYPE_NONE || elems[i]->kind == TYPE_VOID ||
		           type_is_agg(elems[i])) {
			infer_error(x, E_TYPE_MISMATCH, n->args[i]->at,
			            "%s cannot be part of a tuple", infer_type_text(x, elems[i]));
			is_known = false;
		}
	}
	return is_known ? type_tuple(x->a, elems, n->names, n->n_args) : cast_unknown();
}

/* A variable of this name was there, but is no more. */
static bool was_in_inner_block(const struct infer *x, const struct node *n)
{
	vec_each (v, &x->p->vars)
		if (!strcmp((*v)->name, n->name) && (*v)->declared_at.begin < n->at.begin &&
		    (*v)->declared_at.source == n->at.source)
			return true;
	return false;
}

static const struct type *infer_var(struct infer *x, struct node *n)
{
	struct infer_var *v = scope_find(x, n);
	const struct type *t;

	if (!v) {
		struct diag_guess g = {.word = n->name};

		infer_error(x, E_UNKNOWN_NAME, n->at, "Undefined or undeclared variable: %s",
		            n->name);
		scope_guess(x, &g);
		if (was_in_inner_block(x, n))
			infer_hint(
			    x,
			    "it ended with the block of its first assignment: put `let %s;` in "
			    "front of "
			    "that block (--compat=0.17 lets variables live as long as the probe)",
			    n->name);
		else if (g.best)
			infer_hint(x, "Did you mean %s?", g.best);
		return cast_unknown();
	}
	n->var = &v->v;
	if (v->is_declared && !v->is_assigned)
		infer_warn(x, E_SUSPICIOUS, n->at, "Variable used before it was assigned: %s",
		           n->name);
	t = cast_settled(scope_type(v));
	/* What lives in memory comes back as a number the verifier knows nothing about. */
	if (v->v.is_captured && t->kind == TYPE_PTR)
		t = kernel_only(x, t);
	return t;
}

/* ---- casts ---------------------------------------------------------------------------------- */

static bool has_enumerator(const struct type *t, uint64_t number)
{
	for (uint32_t i = 0; i < t->n_enumerators; i++)
		if ((uint64_t)t->enumerators[i].value == number)
			return true;
	return false;
}

/* (int8[])n takes as many elements as fit. */
static const struct type *sized_array(struct infer *x, const struct type *to,
                                      const struct type *from)
{
	const struct type *elem;

	if (to->kind != TYPE_ARRAY || to->n_elems)
		return to;
	elem = type_strip(to->elem);
	return elem->size_b ? type_array(x->a, to->elem, from->size_b / elem->size_b) : to;
}

static const struct type *pointer_space(struct infer *x, const struct type *to,
                                        const struct type *from)
{
	enum addr_space as = infer_default_space(x);

	if (to->kind != TYPE_PTR || to->as != AS_NONE)
		return to;
	if (from->kind == TYPE_PTR) {
		as = from->as;
		if (as == AS_BTF && !type_equal(from, to))
			as = AS_KERNEL; /* the verifier still takes it for what it was */
	}
	return type_ptr(x->a, to->elem, as);
}

static const struct type *infer_cast(struct infer *x, struct node *n)
{
	const struct type *from = infer_expr(x, n->args[0]), *to;

	if (!n->is_implicit)
		n->cast_to = infer_type_name(x, n);
	to = n->cast_to;
	if (is_data_loc_text(n->args[0]) && to->kind == TYPE_STRING)
		from = infer_decay(x, &n->args[0]);
	if (cast_is_unknown(to) || cast_is_unknown(from))
		return x->is_final && cast_is_unknown(from) ? from : to;
	to = sized_array(x, to, from);
	to = pointer_space(x, to, from);
	n->cast_to = to;
	if (to->kind == TYPE_STRUCT || to->kind == TYPE_UNION)
		return infer_error(x, E_BAD_CAST, n->at, "Cannot cast to \"%s\"",
		                   infer_type_text(x, to));
	if (from->kind == TYPE_STRUCT || from->kind == TYPE_UNION)
		return infer_error(x, E_BAD_CAST, n->at, "Cannot cast from C type \"%s\"",
		                   infer_type_text(x, from));
	if (!cast_is_legal(from, to))
		return infer_error(x, E_BAD_CAST, n->at, "Cannot cast from \"%s\" to \"%s\"",
		                   infer_type_text(x, from), infer_type_text(x, to));
	if (to->kind == TYPE_ENUM && n->args[0]->kind == NODE_INT &&
	    !has_enumerator(to, n->args[0]->number))
		return infer_error(x, E_BAD_CAST, n->at, "%s has no member of value %lld",
		                   infer_type_text(x, to), (long long)n->args[0]->number);
	/* `(struct task_struct *)curtask` was needed once and is accepted silently. */
	if (!n->is_implicit && type_equal(from, to) && from->kind != TYPE_PTR &&
	    !cast_is_flexible(from) && !unit_is_made(x->u, n->at.source))
		infer_warn(x, E_SUSPICIOUS, n->at,
		           "Unnecessary cast: expression is already of type %s",
		           infer_type_text(x, from));
	return to;
}

/* ---- everything ----------------------------------------------------------------------------- */

static const struct type *dispatch(struct infer *x, struct node *n)
{
	switch (n->kind) {
	case NODE_INT:
		return infer_int(n);
	case NODE_STRING:
		return infer_string(x, n);
	case NODE_BUILTIN:
		return infer_builtin(x, n);
	case NODE_CALL:
		n->is_statement_value_used = true;
		if (infer_find_fn(x, n))
			return infer_fn_call(x, n);
		return infer_find_object_fn(x, n) ? infer_object_call(x, n) : infer_call(x, n);
	case NODE_FN_CALL:
		return infer_fn_call(x, n);
	case NODE_OBJECT_CALL:
		return infer_object_call(x, n);
	case NODE_CALL_KERNEL:
		return infer_kernel_call(x, n);
	case NODE_VAR:
		return infer_var(x, n);
	case NODE_MAP:
		return infer_map_read(x, n);
	case NODE_IDENT:
		return infer_ident(x, n);
	case NODE_UNARY:
		return infer_unary(x, n);
	case NODE_BINARY:
		return infer_binary(x, n);
	case NODE_INCDEC:
		return infer_incdec(x, n);
	case NODE_TERNARY:
		return infer_ternary(x, n);
	case NODE_FIELD:
		return infer_field(x, n);
	case NODE_INDEX:
		return infer_index(x, n);
	case NODE_TUPLE:
		return infer_tuple(x, n);
	case NODE_CAST:
		return infer_cast(x, n);
	case NODE_SIZEOF:
		return infer_sizeof(x, n);
	case NODE_OFFSETOF:
		return infer_offsetof(x, n);
	case NODE_TYPE:
		return infer_error(x, E_TYPE_MISMATCH, n->at, "A type cannot be used as a value");
	case NODE_TYPEINFO:
		return infer_typeinfo(x, n);
	case NODE_COMPTIME:
		return infer_comptime(x, n);
	case NODE_BLOCK:
		return infer_block(x, n, true);
	case NODE_IF:
		return infer_if(x, n, true);
	default:
		return infer_error(x, E_SYNTAX, n->at, "This cannot be used as a value");
	}
}

const struct type *infer_expr(struct infer *x, struct node *n)
{
	const struct origin *origin = x->origin;
	const struct type *t;

	x->origin = n->origin;
	t = type_strip(dispatch(x, n));
	x->origin = origin;
	n->type = t;
	if (x->is_final && cast_is_unknown(t) && x->first_unknown.source == SPAN_NONE)
		x->first_unknown = n->at;
	return t;
}
