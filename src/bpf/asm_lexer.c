/* Lines of assembler text to tokens.
 *
 * Two things are not as in other languages: `s>>=` and its kin are one operator that begins with
 * a letter, and '#' begins a comment unless it stands right behind a word ("bpf_ktime_get_ns#5").
 */
#include "bpf/asm_lexer.h"

#include <string.h>

#include "base/arena.h"

/* Longer ones first where one begins with another. */
static const char *const ops[] = {
    "s>>=", "<<=", ">>=", "s>=", "s<=", "s/=", "s%=", "+=", "-=", "*=", "/=", "%=",
    "&=",   "|=",  "^=",  "==",  "!=",  ">=",  "<=",  "s>", "s<", ">",  "<",  "=",
    "&",    "+",   "-",   "*",   "(",   ")",   "[",   "]",  ",",  ":",  "#",
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_word(char c)
{
	return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '.' ||
	       c == '$';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* ---- prefixes of listings -------------------------------------------------------------------- */

static uint32_t skip_blanks(const char *text, uint32_t at, uint32_t end)
{
	while (at < end && is_blank(text[at]))
		at++;
	return at;
}

/* Two hex digits at text[at]: their value, or -1. */
static int hex_byte(const char *text, uint32_t at, uint32_t end)
{
	if (at + 2 > end || hex_value(text[at]) < 0 || hex_value(text[at + 1]) < 0)
		return -1;
	return hex_value(text[at]) * 16 + hex_value(text[at + 1]);
}

/* Eight or sixteen bytes with one blank between two; anything else is not such a column. */
static uint32_t lex_bytes(const char *text, uint32_t begin, uint32_t end, struct asm_prefix *ret)
{
	uint32_t at = begin, n = 0;

	while (n < 16 && hex_byte(text, at, end) >= 0 &&
	       (at + 2 == end || is_blank(text[at + 2]))) {
		ret->bytes[n++] = (uint8_t)hex_byte(text, at, end);
		at += 2;
		if (at + 1 < end && text[at] == ' ' && hex_byte(text, at + 1, end) >= 0)
			at++;
	}
	if (n != 8 && n != 16)
		return begin;
	ret->n_bytes = n;
	ret->at.end = at;
	return at;
}

uint32_t asm_lex_prefix(uint32_t source, const char *text, uint32_t begin, uint32_t end,
                        struct asm_prefix *ret)
{
	uint32_t at = skip_blanks(text, begin, end), number = at;

	*ret = (struct asm_prefix){.code = -1, .at = {source, at, at}};
	while (number < end && is_digit(text[number]))
		number++;
	if (number > at && number < end && text[number] == ':')
		at = skip_blanks(text, number + 1, end);
	ret->at.begin = ret->at.end = at;
	at = lex_bytes(text, at, end, ret);
	at = skip_blanks(text, at, end);
	if (at + 4 <= end && text[at] == '(' && hex_byte(text, at + 1, end) >= 0 &&
	    text[at + 3] == ')') {
		ret->code = hex_byte(text, at + 1, end);
		at += 4;
		ret->at.end = at;
	}
	return at;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static bool lex_number(struct diag *d, const char *text, uint32_t *at, uint32_t end,
                       struct asm_token *t)
{
	unsigned base = 10;
	bool is_good = true, has_digits = false, fits = true;

	if (end - *at > 2 && text[*at] == '0' && (text[*at + 1] | 32) == 'x') {
		base = 16;
		*at += 2;
	}
	t->is_hex = base == 16;
	for (; *at < end && is_word(text[*at]); (*at)++) {
		int digit = hex_value(text[*at]);

		if (digit < 0 || (unsigned)digit >= base) {
			is_good = false;
			continue;
		}
		has_digits = true;
		if (__builtin_mul_overflow(t->number, base, &t->number) ||
		    __builtin_add_overflow(t->number, (unsigned)digit, &t->number))
			fits = false;
	}
	t->at.end = *at;
	if (!is_good || !has_digits) {
		diag_error(d, E_ASSEMBLY, t->at, "'%.*s' is not a number",
		           (int)(t->at.end - t->at.begin), text + t->at.begin);
		diag_hint(d, "numbers are decimal, or hexadecimal after 0x");
	} else if (!fits) {
		diag_error(d, E_ASSEMBLY, t->at, "%.*s is more than 64 bits hold",
		           (int)(t->at.end - t->at.begin), text + t->at.begin);
	}
	return is_good && has_digits && fits;
}

static const char *find_op(const char *text, uint32_t at, uint32_t end)
{
	for (size_t k = 0; k < sizeof(ops) / sizeof(*ops); k++) {
		size_t len_b = strlen(ops[k]);

		if (len_b <= end - at && !memcmp(ops[k], text + at, len_b))
			return ops[k];
	}
	return NULL;
}

static bool is_comment(const char *text, uint32_t begin, uint32_t at, uint32_t end)
{
	return text[at] == ';' || (text[at] == '#' && (at == begin || !is_word(text[at - 1]))) ||
	       (text[at] == '/' && at + 1 < end && text[at + 1] == '/');
}

/* One token at *at; moves *at behind it. */
static bool lex_token(struct arena *a, struct diag *d, const char *text, uint32_t *at, uint32_t end,
                      struct asm_token *t)
{
	const char *op = find_op(text, *at, end);

	if (op) {
		t->kind = ASM_OP;
		t->text = op;
		*at += (uint32_t)strlen(op);
	} else if (is_digit(text[*at])) {
		t->kind = ASM_NUMBER;
		if (!lex_number(d, text, at, end, t))
			return false;
		t->text = arena_strndup(a, text + t->at.begin, *at - t->at.begin);
	} else if (is_word(text[*at])) {
		t->kind = ASM_WORD;
		while (*at < end && is_word(text[*at]))
			(*at)++;
		t->text = arena_strndup(a, text + t->at.begin, *at - t->at.begin);
	} else {
		t->at.end = *at + 1;
		if (text[*at] > ' ' && text[*at] < 0x7f)
			diag_error(d, E_ASSEMBLY, t->at, "unexpected '%c'", text[*at]);
		else
			diag_error(d, E_ASSEMBLY, t->at, "unexpected byte 0x%02x",
			           (unsigned char)text[*at]);
		return false;
	}
	t->at.end = *at;
	return true;
}

bool asm_lex_line(struct arena *a, struct diag *d, uint32_t source, uint32_t begin, uint32_t end,
                  struct asm_tokens *t)
{
	const char *text = diag_source_text(d, source);
	struct asm_token token;
	uint32_t at = begin;

	t->list.n = 0;
	for (;;) {
		at = skip_blanks(text, at, end);
		token = (struct asm_token){.text = "", .at = {source, at, at}};
		if (at == end || is_comment(text, begin, at, end))
			break;
		if (!lex_token(a, d, text, &at, end, &token))
			return false;
		vec_push(a, &t->list, token);
	}
	/* What is missing is missed behind the last token, not behind blanks and before a comment.
	 */
	if (t->list.n)
		token.at.begin = token.at.end = vec_last(&t->list).at.end;
	vec_push(a, &t->list, token);
	return true;
}
