/* Folding of literals, with C's semantics in 64 bits (spec 4.2, 4.3).
 *
 * Input: an operator whose operands have been walked. Output: the node itself made a literal, if
 * the operands are. Numbers are signed unless one is unsigned for good; what does not fit is a
 * mistake, not a wrap. */
#include <string.h>

#include "script/infer_internal.h"

static bool is_negative(const struct node *n)
{
	return cast_is_signed(n->type) && (int64_t)n->number < 0;
}

static const struct type *folded_type(bool is_signed, uint64_t value, bool is_unsigned)
{
	if (is_signed && (int64_t)value < 0)
		return cast_negative((int64_t)value);
	return cast_literal(value, is_unsigned);
}

/* Signed arithmetic unless a side is unsigned for good; false: overflow. */
static bool fold_arithmetic(enum op op, bool is_signed, uint64_t l, uint64_t r, uint64_t *ret)
{
	int64_t sl = (int64_t)l, sr = (int64_t)r, s = 0;

	switch (op) {
	case OP_ADD:
		if (is_signed ? __builtin_add_overflow(sl, sr, &s)
		              : __builtin_add_overflow(l, r, ret))
			return false;
		break;
	case OP_SUB:
		if (is_signed ? __builtin_sub_overflow(sl, sr, &s)
		              : __builtin_sub_overflow(l, r, ret))
			return false;
		break;
	case OP_MUL:
		if (is_signed ? __builtin_mul_overflow(sl, sr, &s)
		              : __builtin_mul_overflow(l, r, ret))
			return false;
		break;
	case OP_DIV:
		if (!r || (is_signed && sl == INT64_MIN && sr == -1))
			return false;
		s = is_signed ? sl / sr : 0;
		*ret = is_signed ? 0 : l / r;
		break;
	case OP_MOD:
		if (!r || (is_signed && sl == INT64_MIN && sr == -1))
			return false;
		s = is_signed ? sl % sr : 0;
		*ret = is_signed ? 0 : l % r;
		break;
	case OP_AND:
		*ret = l & r;
		return true;
	case OP_OR:
		*ret = l | r;
		return true;
	case OP_XOR:
		*ret = l ^ r;
		return true;
	case OP_SHL:
		if (r >= 64)
			return false;
		*ret = l << r;
		return true;
	case OP_SHR:
		if (r >= 64)
			return false;
		*ret = is_signed && sl < 0 ? ~(~l >> r) : l >> r;
		return true;
	default:
		return false;
	}
	if (is_signed)
		*ret = (uint64_t)s;
	return true;
}

static bool compare(enum op op, int order)
{
	switch (op) {
	case OP_EQ:
		return order == 0;
	case OP_NE:
		return order != 0;
	case OP_LT:
		return order < 0;
	case OP_GT:
		return order > 0;
	case OP_LE:
		return order <= 0;
	default:
		return order >= 0;
	}
}

bool infer_is_comparison(enum op op)
{
	return op >= OP_EQ && op <= OP_GE;
}

static int compare_numbers(const struct node *l, const struct node *r)
{
	bool ln = is_negative(l), rn = is_negative(r);

	if (ln != rn)
		return ln ? -1 : 1;
	return l->number < r->number ? -1
	                             : l->number > r->number; /* also right for two negatives */
}

static bool fold_numbers(struct infer *x, struct node *n)
{
	const struct node *l = n->args[0], *r = n->args[1];
	bool l_unsigned = !cast_is_signed(l->type) && !l->is_flexible;
	bool r_unsigned = !cast_is_signed(r->type) && !r->is_flexible;
	bool is_unsigned = (l_unsigned || r_unsigned) && !is_negative(l) && !is_negative(r);
	uint64_t value;
	bool is_mixed;

	if (n->op == OP_LAND || n->op == OP_LOR) {
		value = n->op == OP_LAND ? l->number && r->number : l->number || r->number;
		infer_set_int(n, value, type_bool());
		return true;
	}
	if (infer_is_comparison(n->op)) {
		infer_set_int(n, compare(n->op, compare_numbers(l, r)), type_bool());
		return true;
	}
	if ((n->op == OP_DIV || n->op == OP_MOD) && !r->number)
		return false; /* left to run time, where it is warned about */
	/* Beside a negative number, one beyond INT64_MAX has no type to be in. */
	is_mixed = !is_unsigned &&
	           ((l_unsigned && l->number > INT64_MAX) || (r_unsigned && r->number > INT64_MAX));
	if (is_mixed || !fold_arithmetic(n->op, !is_unsigned, l->number, r->number, &value)) {
		infer_error(x, E_LITERAL, n->at,
		            "unable to fold literals due to overflow or underflow");
		return false;
	}
	infer_set_int(n, value, folded_type(!is_unsigned, value, is_unsigned));
	return true;
}

static bool fold_strings(struct infer *x, struct node *n)
{
	const struct node *l = n->args[0], *r = n->args[1];

	if (l->kind == NODE_STRING && r->kind == NODE_STRING && infer_is_comparison(n->op)) {
		infer_set_int(n, compare(n->op, strcmp(l->string, r->string)), type_bool());
		return true;
	}
	if (l->kind == NODE_STRING && r->kind == NODE_INT && n->op == OP_ADD && !is_negative(r) &&
	    r->number <= l->string_len_b) {
		uint32_t off_b = (uint32_t)r->number;

		infer_set_string(x, n, l->string + off_b, l->string_len_b - off_b);
		return true;
	}
	return false;
}

bool infer_fold_binary(struct infer *x, struct node *n)
{
	const struct node *l = n->args[0], *r = n->args[1];

	if (l->kind == NODE_INT && r->kind == NODE_INT)
		return fold_numbers(x, n);
	return fold_strings(x, n);
}

/* Nothing happens when it is evaluated. */
static bool is_pure(const struct node *n)
{
	switch (n->kind) {
	case NODE_INT:
	case NODE_STRING:
	case NODE_BUILTIN:
	case NODE_VAR:
	case NODE_MAP:
	case NODE_UNARY:
	case NODE_BINARY:
	case NODE_FIELD:
	case NODE_INDEX:
	case NODE_CAST:
	case NODE_TERNARY:
		for (uint32_t i = 0; i < n->n_args; i++)
			if (n->args[i] && !is_pure(n->args[i]))
				return false;
		return true;
	default:
		return false;
	}
}

bool infer_fold_decided(struct node *n, const struct node *side)
{
	bool decides = n->op == OP_LOR;

	if ((n->op != OP_LAND && n->op != OP_LOR) || side->kind != NODE_INT ||
	    (side->number != 0) != decides || (side != n->args[0] && !is_pure(n->args[0])))
		return false;
	infer_set_int(n, decides, type_bool());
	return true;
}

bool infer_fold_unary(struct infer *x, struct node *n)
{
	const struct node *v = n->args[0];
	uint64_t number = v->number;
	bool is_param = n->is_param;
	const char *text = n->string;

	if (v->kind != NODE_INT)
		return false;
	switch (n->op) {
	case OP_NEG:
		if (!is_negative(v) && number > (uint64_t)INT64_MAX + 1) {
			infer_error(x, E_LITERAL, n->at,
			            "unable to fold literals due to overflow or underflow");
			return false;
		}
		number = 0 - number;
		infer_set_int(n, number, folded_type(true, number, false));
		break;
	case OP_BNOT:
		number = ~number;
		if (cast_is_signed(v->type) || v->is_flexible)
			infer_set_int(n, number, folded_type(true, number, false));
		else
			infer_set_int(n, number, type_int(8, false));
		break;
	case OP_NOT:
		infer_set_int(n, !number, type_bool());
		break;
	default:
		return false;
	}
	n->is_param = is_param; /* str($1) of a negative parameter wants the text */
	n->string = text;
	return true;
}
