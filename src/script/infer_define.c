/* Object-like #defines as values: the replacement text is a C constant expression or a string.
 *
 * Input: a name. Output: the node that used it, made a literal. Only what headers use for
 * constants is understood: numbers, strings, parentheses, other macros, enumerators, the integer
 * operators; anything else leaves the name unknown. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "script/infer_internal.h"

enum { DEEPEST = 32 };

struct reader {
	struct infer *x;
	const char *at;
	unsigned depth;
	bool is_bad;
};

static int64_t read_binary(struct reader *r, int loosest);

static void skip_blanks(struct reader *r)
{
	while (isspace((unsigned char)*r->at))
		r->at++;
}

static bool accept(struct reader *r, char c)
{
	skip_blanks(r);
	if (*r->at != c)
		return false;
	r->at++;
	return true;
}

static int64_t bad(struct reader *r)
{
	r->is_bad = true;
	return 0;
}

static int64_t read_number(struct reader *r)
{
	char *end;
	uint64_t value = strtoull(r->at, &end, 0);

	if (end == r->at)
		return bad(r);
	while (*end && strchr("uUlL", *end))
		end++;
	if (isalnum((unsigned char)*end) || *end == '_' || *end == '.')
		return bad(r);
	r->at = end;
	return (int64_t)value;
}

static int64_t read_name(struct reader *r)
{
	const char *begin = r->at, *text, *name;
	const struct type *t;
	int64_t value;

	while (isalnum((unsigned char)*r->at) || *r->at == '_')
		r->at++;
	name = arena_strndup(r->x->a, begin, (size_t)(r->at - begin));
	text = types_find_define(r->x->types, name);
	if (text && r->depth < DEEPEST) {
		struct reader inner = {.x = r->x, .at = text, .depth = r->depth + 1};

		value = read_binary(&inner, 0);
		skip_blanks(&inner);
		if (inner.is_bad || *inner.at)
			return bad(r);
		return value;
	}
	if (types_find_enumerator(r->x->types, name, &value, &t))
		return value;
	return bad(r);
}

static int64_t read_unary(struct reader *r)
{
	int64_t value;

	skip_blanks(r);
	if (++r->depth > DEEPEST)
		return bad(r);
	if (accept(r, '('))
		value = read_binary(r, 0), accept(r, ')') ? 0 : bad(r);
	else if (accept(r, '-'))
		value = (int64_t)(0 - (uint64_t)read_unary(r));
	else if (accept(r, '+'))
		value = read_unary(r);
	else if (accept(r, '~'))
		value = ~read_unary(r);
	else if (accept(r, '!'))
		value = !read_unary(r);
	else if (isdigit((unsigned char)*r->at))
		value = read_number(r);
	else if (isalpha((unsigned char)*r->at) || *r->at == '_')
		value = read_name(r);
	else
		value = bad(r);
	r->depth--;
	return value;
}

/* Loosest first; longer spellings before their beginnings. */
static const struct {
	const char *text;
	int level;
	enum op op;
} operators[] = {
    {"||", 0, OP_LOR}, {"&&", 1, OP_LAND}, {"|", 2, OP_OR},   {"^", 3, OP_XOR},  {"&", 4, OP_AND},
    {"==", 5, OP_EQ},  {"!=", 5, OP_NE},   {"<<", 7, OP_SHL}, {">>", 7, OP_SHR}, {"<=", 6, OP_LE},
    {">=", 6, OP_GE},  {"<", 6, OP_LT},    {">", 6, OP_GT},   {"+", 8, OP_ADD},  {"-", 8, OP_SUB},
    {"*", 9, OP_MUL},  {"/", 9, OP_DIV},   {"%", 9, OP_MOD},
};

static int64_t apply(struct reader *r, enum op op, int64_t l, int64_t v)
{
	uint64_t ul = (uint64_t)l, uv = (uint64_t)v;

	switch (op) {
	case OP_LOR:
		return l || v;
	case OP_LAND:
		return l && v;
	case OP_OR:
		return l | v;
	case OP_XOR:
		return l ^ v;
	case OP_AND:
		return l & v;
	case OP_EQ:
		return l == v;
	case OP_NE:
		return l != v;
	case OP_LE:
		return l <= v;
	case OP_GE:
		return l >= v;
	case OP_LT:
		return l < v;
	case OP_GT:
		return l > v;
	case OP_SHL:
		return uv < 64 ? (int64_t)(ul << uv) : bad(r);
	case OP_SHR:
		return uv < 64 ? (int64_t)(ul >> uv) : bad(r);
	case OP_ADD:
		return (int64_t)(ul + uv);
	case OP_SUB:
		return (int64_t)(ul - uv);
	case OP_MUL:
		return (int64_t)(ul * uv);
	case OP_DIV:
		return v && v != -1 ? l / v : bad(r);
	default:
		return v && v != -1 ? l % v : bad(r);
	}
}

static int64_t read_binary(struct reader *r, int loosest)
{
	int64_t value = read_unary(r);

	while (!r->is_bad) {
		size_t i = 0, n = sizeof(operators) / sizeof(operators[0]);

		skip_blanks(r);
		while (i < n && strncmp(r->at, operators[i].text, strlen(operators[i].text)))
			i++;
		if (i == n || operators[i].level < loosest)
			break;
		r->at += strlen(operators[i].text);
		value = apply(r, operators[i].op, value, read_binary(r, operators[i].level + 1));
	}
	return value;
}

/* "text", with the escapes that make sense in a header. */
static bool read_string(struct infer *x, struct node *n, const char *text)
{
	own_strbuf struct strbuf sb = {0};

	for (text++; *text && *text != '"'; text++) {
		if (*text != '\\') {
			sb_addc(&sb, *text);
			continue;
		}
		text++;
		if (!*text)
			return false;
		sb_addc(&sb, *text == 'n' ? '\n' : *text == 't' ? '\t' : *text);
	}
	if (*text != '"' || text[1 + strspn(text + 1, " \t")])
		return false;
	infer_set_string(x, n, sb_str(&sb), (uint32_t)sb.n);
	return true;
}

bool infer_define(struct infer *x, struct node *n, const char *name)
{
	const char *text = types_find_define(x->types, name);
	struct reader r = {.x = x, .at = text};
	int64_t value;

	for (unsigned i = 0; text && i < DEEPEST; i++) { /* names of strings, one behind another */
		const char *next;

		text += strspn(text, " \t");
		if (*text == '"')
			return read_string(x, n, text);
		next = types_find_define(x->types, text);
		if (!next)
			break;
		text = next;
	}
	if (!text)
		return false;
	value = read_binary(&r, 0);
	skip_blanks(&r);
	if (r.is_bad || *r.at)
		return false;
	infer_set_int(n, (uint64_t)value,
	              value < 0 ? cast_negative(value) : cast_literal((uint64_t)value, false));
	return true;
}
