/* Constant expressions of C: array bounds, enumerators, bit-field widths, #if.
 *
 * Input: tokens. Output: a 64-bit value. Precedence climbing over one table; names that nobody
 * knows are an error here and 0 in #if, which the caller's `names` decides. */
#include <stdlib.h>
#include <string.h>

#include "types/cpp.h"

struct eval {
	const c_tokens *toks;
	size_t pos;
	const struct c_names *names;
	unsigned depth;
};

enum { DEEPEST = 200 };

/* C11 6.5.5 to 6.5.14; higher binds tighter. */
static const struct {
	const char *op;
	int prec;
} binary[] = {
    {"*", 10}, {"/", 10}, {"%", 10}, {"+", 9},  {"-", 9},  {"<<", 8},
    {">>", 8}, {"<", 7},  {">", 7},  {"<=", 7}, {">=", 7}, {"==", 6},
    {"!=", 6}, {"&", 5},  {"^", 4},  {"|", 3},  {"&&", 2}, {"||", 1},
};

static bool conditional(struct eval *e, int64_t *ret);

static const struct c_token *peek(struct eval *e)
{
	return &e->toks->items[e->pos];
}

static bool accept(struct eval *e, const char *text)
{
	if (!c_is(peek(e), text))
		return false;
	e->pos++;
	return true;
}

static bool number(const struct c_token *t, int64_t *ret)
{
	char text[64], *end;

	if (t->n >= sizeof(text))
		return false;
	memcpy(text, t->s, t->n);
	text[t->n] = '\0';
	*ret = (int64_t)strtoull(text, &end, 0);
	return end != text && strspn(end, "uUlL") == strlen(end);
}

static bool character(const struct c_token *t, int64_t *ret)
{
	static const char escapes[] = "n\nt\tr\r0\0a\ab\bf\fv\v\\\\''\"\"";

	if (t->n == 3) {
		*ret = (signed char)t->s[1];
		return true;
	}
	if (t->n != 4 || t->s[1] != '\\')
		return false;
	for (size_t i = 0; i + 1 < sizeof(escapes); i += 2)
		if (escapes[i] == t->s[2]) {
			*ret = escapes[i + 1];
			return true;
		}
	return false;
}

static bool primary(struct eval *e, int64_t *ret)
{
	const struct c_token *t = peek(e);

	switch (t->kind) {
	case C_NUMBER:
		e->pos++;
		return number(t, ret);
	case C_CHAR:
		e->pos++;
		return character(t, ret);
	case C_NAME:
		e->pos++;
		if (c_is(t, "sizeof"))
			return e->names && e->names->size_of &&
			       e->names->size_of(e->names->arg, &e->pos, ret);
		return e->names && e->names->value(e->names->arg, t, ret);
	default:
		return accept(e, "(") && conditional(e, ret) && accept(e, ")");
	}
}

static bool unary(struct eval *e, int64_t *ret)
{
	static const char ops[] = "-+!~";
	const struct c_token *t = peek(e);
	bool ok;

	if (t->kind != C_PUNCT || t->n != 1 || !strchr(ops, t->s[0]))
		return primary(e, ret);
	if (++e->depth > DEEPEST)
		return false;
	e->pos++;
	ok = unary(e, ret);
	e->depth--;
	switch (t->s[0]) {
	case '-':
		*ret = ok ? (int64_t) - (uint64_t)*ret : 0;
		break;
	case '!':
		*ret = ok ? !*ret : 0;
		break;
	case '~':
		*ret = ok ? ~*ret : 0;
		break;
	}
	return ok;
}

static bool apply(const char *op, int64_t a, int64_t b, int64_t *ret)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;

	switch (op[0]) {
	case '*':
		*ret = (int64_t)(x * y);
		return true;
	case '/':
	case '%':
		if (!b || (a == INT64_MIN && b == -1))
			return false;
		*ret = op[0] == '/' ? a / b : a % b;
		return true;
	case '+':
		*ret = (int64_t)(x + y);
		return true;
	case '-':
		*ret = (int64_t)(x - y);
		return true;
	case '<':
		if (op[1] == '<')
			*ret = (int64_t)(x << (y & 63));
		else
			*ret = op[1] ? a <= b : a < b;
		return true;
	case '>':
		if (op[1] == '>')
			*ret = a >> (y & 63);
		else
			*ret = op[1] ? a >= b : a > b;
		return true;
	case '=':
		*ret = a == b;
		return true;
	case '!':
		*ret = a != b;
		return true;
	case '&':
		*ret = op[1] ? a && b : (int64_t)(x & y);
		return true;
	case '|':
		*ret = op[1] ? a || b : (int64_t)(x | y);
		return true;
	default:
		*ret = (int64_t)(x ^ y);
		return true;
	}
}

static bool climb(struct eval *e, int least, int64_t *ret)
{
	if (!unary(e, ret))
		return false;
	for (;;) {
		const struct c_token *t = peek(e);
		const char *op = NULL;
		int prec = 0;
		int64_t right;

		for (size_t i = 0; i < sizeof(binary) / sizeof(binary[0]); i++)
			if (t->kind == C_PUNCT && c_is(t, binary[i].op)) {
				op = binary[i].op;
				prec = binary[i].prec;
			}
		if (!op || prec < least)
			return true;
		e->pos++;
		if (!climb(e, prec + 1, &right))
			return false;
		if (!apply(op, *ret, right, ret))
			return false;
	}
}

static bool conditional(struct eval *e, int64_t *ret)
{
	int64_t yes, no;
	bool ok;

	if (++e->depth > DEEPEST)
		return false;
	ok = climb(e, 1, ret);
	if (ok && accept(e, "?")) {
		ok = conditional(e, &yes) && accept(e, ":") && conditional(e, &no);
		if (ok)
			*ret = *ret ? yes : no;
	}
	e->depth--;
	return ok;
}

bool c_const_expr(const c_tokens *toks, size_t *pos, const struct c_names *names, int64_t *ret)
{
	struct eval e = {.toks = toks, .pos = *pos, .names = names};
	int64_t value = 0;

	if (!conditional(&e, &value))
		return false;
	*pos = e.pos;
	*ret = value;
	return true;
}
