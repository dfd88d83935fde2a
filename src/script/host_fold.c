/* Arithmetic on constants of host code: options are constants, and what they switch off is not
 * compiled. src/host does the same with values. */
#include <string.h>

#include "script/host_internal.h"

bool host_constant_is_true(const struct host_constant *c)
{
	return c->kind == HOST_C_INT     ? c->number != 0
	       : c->kind == HOST_C_FLOAT ? c->real != 0
	       : c->kind == HOST_C_TEXT  ? c->text_len_b > 0
	                                 : false;
}

static bool is_number(const struct host_constant *c)
{
	return c->kind == HOST_C_INT || c->kind == HOST_C_FLOAT;
}

static double real_of(const struct host_constant *c)
{
	return c->kind == HOST_C_FLOAT ? c->real : (double)c->number;
}

static bool compare(enum host_operator op, int order, struct host_constant *ret)
{
	ret->kind = HOST_C_INT;
	switch (op) {
	case HOST_EQ:
		ret->number = order == 0;
		return true;
	case HOST_NE:
		ret->number = order != 0;
		return true;
	case HOST_LT:
		ret->number = order < 0;
		return true;
	case HOST_LE:
		ret->number = order <= 0;
		return true;
	case HOST_GT:
		ret->number = order > 0;
		return true;
	case HOST_GE:
		ret->number = order >= 0;
		return true;
	default:
		return false;
	}
}

static bool fold_text(enum host_operator op, const struct host_constant *x,
                      const struct host_constant *y, struct host_constant *ret)
{
	size_t least = x->text_len_b < y->text_len_b ? x->text_len_b : y->text_len_b;
	int order = memcmp(x->text, y->text, least);

	if (!order)
		order = (x->text_len_b > y->text_len_b) - (x->text_len_b < y->text_len_b);
	return compare(op, order, ret);
}

static bool fold_reals(enum host_operator op, double x, double y, struct host_constant *ret)
{
	if (compare(op, (x > y) - (x < y), ret))
		return x == x && y == y;
	ret->kind = HOST_C_FLOAT;
	switch (op) {
	case HOST_ADD:
		ret->real = x + y;
		return true;
	case HOST_SUB:
		ret->real = x - y;
		return true;
	case HOST_MUL:
		ret->real = x * y;
		return true;
	case HOST_DIV:
		ret->real = y != 0 ? x / y : 0;
		return true;
	default:
		return false;
	}
}

static bool fold_ints(enum host_operator op, int64_t x, int64_t y, struct host_constant *ret)
{
	uint64_t a = (uint64_t)x, b = (uint64_t)y;

	if (compare(op, (x > y) - (x < y), ret))
		return true;
	ret->kind = HOST_C_INT;
	switch (op) {
	case HOST_ADD:
		ret->number = (int64_t)(a + b);
		return true;
	case HOST_SUB:
		ret->number = (int64_t)(a - b);
		return true;
	case HOST_MUL:
		ret->number = (int64_t)(a * b);
		return true;
	case HOST_BAND:
		ret->number = x & y;
		return true;
	case HOST_BOR:
		ret->number = x | y;
		return true;
	default:
		return false; /* rare, or with rules of their own: when it runs */
	}
}

bool host_fold(enum host_operator op, const struct host_constant *x, const struct host_constant *y,
               struct host_constant *ret)
{
	*ret = (struct host_constant){.kind = HOST_C_INT};
	if (op == HOST_NOT) {
		ret->number = !host_constant_is_true(x);
		return true;
	}
	if (op == HOST_NEG && x->kind == HOST_C_INT)
		return fold_ints(HOST_SUB, 0, x->number, ret);
	if (op == HOST_NEG && x->kind == HOST_C_FLOAT)
		return fold_reals(HOST_SUB, 0, x->real, ret);
	if (!y)
		return false;
	if (x->kind == HOST_C_TEXT && y->kind == HOST_C_TEXT)
		return fold_text(op, x, y, ret);
	if (x->kind == HOST_C_INT && y->kind == HOST_C_INT)
		return fold_ints(op, x->number, y->number, ret);
	return is_number(x) && is_number(y) && fold_reals(op, real_of(x), real_of(y), ret);
}
