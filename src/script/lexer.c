/* The lexer: script text to tokens (spec 2.2).
 *
 * In: the text and a position in it. Out: one token and the position behind it. No state is kept
 * besides the position, so the parser looks ahead by copying the struct. Field access on tuples
 * (`$x.0.1`) needs no special case since the language has no floating-point literals. */
#include "script/lexer.h"

#include <string.h>

#include "base/arena.h"

struct token_row {
	enum token_kind kind;
	const char *text;
	uint32_t len_b;
};

static const struct token_row keywords[] = {
#define KEYWORD(id, text) {TOK_##id, text, sizeof(text) - 1},
#define PUNCT(id, text)
#include "script/tokens.def"
#undef KEYWORD
#undef PUNCT
};

static const struct token_row puncts[] = {
#define KEYWORD(id, text)
#define PUNCT(id, text) {TOK_##id, text, sizeof(text) - 1},
#include "script/tokens.def"
#undef KEYWORD
#undef PUNCT
};

static const char *const texts[TOK_N] = {
    [TOK_EOF] = "end of file",
    [TOK_IDENT] = "identifier",
    [TOK_VAR] = "variable",
    [TOK_MAP] = "map",
    [TOK_PARAM] = "positional parameter",
    [TOK_PARAM_COUNT] = "'$#'",
    [TOK_INT] = "integer",
    [TOK_STRING] = "string",
#define KEYWORD(id, text) [TOK_##id] = "'" text "'",
#define PUNCT(id, text) [TOK_##id] = "'" text "'",
#include "script/tokens.def"
#undef KEYWORD
#undef PUNCT
};

#define N_ROWS(table) (sizeof(table) / sizeof((table)[0]))

const char *token_text(enum token_kind kind)
{
	return texts[kind];
}

bool token_is_word(enum token_kind kind)
{
	return kind == TOK_IDENT || (kind > TOK_STRING && kind <= TOK_WHILE);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool lexer_is_ident_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool lexer_is_ident(char c)
{
	return lexer_is_ident_start(c) || is_digit(c);
}

/* The digit's value in any base up to 16, or 16. */
static unsigned digit_value(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

/* The byte `ahead` of pos; NUL behind the end. */
static char peek(const struct lexer *lx, uint32_t ahead)
{
	return ahead < lx->len_b - lx->pos ? lx->text[lx->pos + ahead] : '\0';
}

void lexer_init(struct lexer *lx, struct arena *a, struct diag *d, uint32_t source,
                const char *text, uint32_t len_b)
{
	*lx = (struct lexer){.a = a, .diag = d, .source = source, .text = text, .len_b = len_b};
	lx->errors_before = diag_errors(d);
}

bool lexer_error(struct lexer *lx, enum diag_code code, uint32_t begin, uint32_t end,
                 const char *fmt, ...)
{
	size_t limit = lx->errors_before + LEXER_ERRORS_MAX;
	va_list ap;

	/* A copy that looked ahead may have reported the last one. */
	bool is_reported = !lx->is_lost && diag_errors(lx->diag) < limit;

	if (is_reported) {
		va_start(ap, fmt);
		diag_error(lx->diag, code, (struct span){lx->source, begin, end}, "%s",
		           arena_vprintf(lx->a, fmt, ap));
		va_end(ap);
	}
	if (diag_errors(lx->diag) >= limit)
		lx->is_lost = true;
	return is_reported;
}

/* ---- numbers ---- */

struct suffix {
	const char *text;
	uint64_t factor;   /* durations: nanoseconds */
	uint64_t greatest; /* of the product */
	bool is_unsigned;
	bool is_duration;
};

static const struct suffix suffixes[] = {
    /* clang-format off */
	{"",    1,              UINT64_MAX, false, false},
	{"u",   1,              UINT32_MAX, true,  false},
	{"ul",  1,              UINT64_MAX, true,  false},
	{"ull", 1,              UINT64_MAX, true,  false},
	{"l",   1,              INT64_MAX,  false, false},
	{"ll",  1,              INT64_MAX,  false, false},
	{"ns",  1,              UINT64_MAX, false, true},
	{"us",  1000,           UINT64_MAX, false, true},
	{"ms",  1000000,        UINT64_MAX, false, true},
	{"s",   1000000000,     UINT64_MAX, false, true},
	{"m",   60000000000,    UINT64_MAX, false, true},
	{"h",   3600000000000,  UINT64_MAX, false, true},
	{"d",   86400000000000, UINT64_MAX, false, true},
    /* clang-format on */
};

static const struct suffix *find_suffix(const char *text, size_t len_b, bool with_durations)
{
	for (size_t i = 0; i < N_ROWS(suffixes); i++) {
		const struct suffix *s = &suffixes[i];

		if (strlen(s->text) == len_b && !memcmp(s->text, text, len_b))
			return s->is_duration && !with_durations ? NULL : s;
	}
	return NULL;
}

/* Digits of `base` from *i on, with `_` between them where `with_underscores`. Saturates *ret and
 * sets *ret_overflows. */
static void parse_digits(const char *text, size_t len_b, size_t *i, unsigned base,
                         bool with_underscores, uint64_t *ret, bool *ret_overflows)
{
	*ret = 0;
	*ret_overflows = false;
	for (; *i < len_b; ++*i) {
		unsigned digit;

		if (with_underscores && text[*i] == '_')
			continue;
		digit = digit_value(text[*i]);
		if (digit >= base)
			break;
		if (__builtin_mul_overflow(*ret, (uint64_t)base, ret) ||
		    __builtin_add_overflow(*ret, (uint64_t)digit, ret)) {
			*ret = UINT64_MAX;
			*ret_overflows = true;
		}
	}
}

const char *lexer_parse_int(struct arena *a, const char *text, size_t len_b, bool is_param,
                            uint64_t *ret_number, bool *ret_is_unsigned)
{
	int len = (int)(len_b > 200 ? 200 : len_b); /* as much as a message shows */
	const struct suffix *suffix;
	bool overflows, is_decimal = false;
	unsigned base = 10;
	uint64_t number;
	size_t i = 0, first;

	if (!len_b || !is_digit(text[0]))
		return "not a number";
	if (text[0] == '0' && len_b > 1 && (text[1] == 'x' || text[1] == 'X'))
		base = 16;
	else if (is_param && text[0] == '0' && len_b > 1 && (text[1] == 'b' || text[1] == 'B'))
		base = 2;
	first = i = base == 10 ? 0 : 2;
	if (base == 10 && text[0] == '0' && len_b > 1 && (is_digit(text[1]) || text[1] == '_'))
		base = 8;
	else
		is_decimal = base == 10;
	/* Octal digits are read as decimal ones first, so that 08 is called what it is. */
	parse_digits(text, len_b, &i, base == 8 ? 10 : base, base == 10 || base == 8, &number,
	             &overflows);
	if (i == first)
		return arena_printf(a, "invalid integer: %.*s", len, text);
	if (text[i - 1] == '_')
		return "trailing underscore in integer literal";
	if (base == 8) {
		size_t end = i;

		i = 0;
		parse_digits(text, end, &i, 8, true, &number, &overflows);
		if (i < end)
			return arena_printf(a, "invalid digit '%c' in octal literal: %.*s", text[i],
			                    len, text);
	}
	if (is_decimal && !is_param && i + 1 < len_b && text[i] == 'e' && is_digit(text[i + 1])) {
		uint64_t exponent;
		bool is_huge;

		if (i != 1 || text[0] == '0')
			return arena_printf(
			    a, "coefficient part of scientific literal must be 1-9: %.*s", len,
			    text);
		i++;
		if (text[i] == '0')
			return arena_printf(
			    a, "exponent part of scientific literal must start with 1-9: %.*s", len,
			    text);
		parse_digits(text, len_b, &i, 10, false, &exponent, &is_huge);
		for (; exponent && !overflows; exponent--)
			overflows = __builtin_mul_overflow(number, (uint64_t)10, &number);
	}
	suffix = find_suffix(text + i, len_b - i, is_decimal && !is_param);
	if (!suffix)
		return arena_printf(a, "invalid integer suffix '%.*s'",
		                    (int)(len_b - i > 200 ? 200 : len_b - i), text + i);
	if (overflows || __builtin_mul_overflow(number, suffix->factor, &number) ||
	    number > suffix->greatest)
		return arena_printf(a, "overflow error, maximum value is %llu: %.*s",
		                    (unsigned long long)suffix->greatest, len, text);
	*ret_number = number;
	*ret_is_unsigned = suffix->is_unsigned;
	return NULL;
}

/* `1.5`, but the numbers of `$x.1.5` are a tuple's elements. */
static bool lex_float(struct lexer *lx, struct token *t)
{
	uint32_t end = lx->pos;

	if (lx->pos && lx->text[lx->pos - 1] == '.')
		return false;
	while (end < lx->len_b && is_digit(lx->text[end]))
		end++;
	if (end + 1 >= lx->len_b || lx->text[end] != '.' || !is_digit(lx->text[end + 1]))
		return false;
	for (end++; end < lx->len_b && is_digit(lx->text[end]); end++)
		;
	lx->pos = end;
	t->kind = TOK_FLOAT;
	return true;
}

static void lex_number(struct lexer *lx, struct token *t)
{
	const char *reason;

	if (lex_float(lx, t))
		return;
	while (lexer_is_ident(peek(lx, 0)))
		lx->pos++;
	reason = lexer_parse_int(lx->a, lx->text + t->begin, lx->pos - t->begin, false, &t->number,
	                         &t->is_unsigned);
	t->kind = TOK_INT;
	if (reason)
		lexer_error(lx, E_LITERAL, t->begin, lx->pos, "%s", reason);
}

/* ---- strings ---- */

static const char simple_escapes[][2] = {
    {'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'"', '"'}, {'\\', '\\'},
};

/* One escape, pos behind its backslash; the byte it stands for. */
static char lex_escape(struct lexer *lx)
{
	uint32_t begin = lx->pos - 1;
	char c = peek(lx, 0);
	unsigned value = 0;
	int n = 0;

	lx->pos++;
	for (size_t i = 0; i < N_ROWS(simple_escapes); i++)
		if (simple_escapes[i][0] == c)
			return simple_escapes[i][1];
	if (digit_value(c) < 8) {
		value = digit_value(c);
		for (n = 1; n < 3 && digit_value(peek(lx, 0)) < 8; n++)
			value = value * 8 + digit_value(lx->text[lx->pos++]);
		if (value > 0377)
			lexer_error(lx, E_LITERAL, begin, lx->pos,
			            "octal escape sequence out of range: '%.*s'",
			            (int)(lx->pos - begin), lx->text + begin);
		return (char)value;
	}
	if (c == 'x' || c == 'X') {
		for (; n < 2 && digit_value(peek(lx, 0)) < 16; n++)
			value = value * 16 + digit_value(lx->text[lx->pos++]);
		if (n)
			return (char)value;
	}
	lexer_error(lx, E_LITERAL, begin, begin + 2, "invalid escape character '\\%c'", c);
	return c;
}

static void lex_string(struct lexer *lx, struct token *t)
{
	uint32_t end = lx->pos + 1;
	char *s;

	/* Where it ends at the latest, for one allocation of the right size. */
	while (end < lx->len_b && lx->text[end] != '"' && lx->text[end] != '\n')
		end += lx->text[end] == '\\' ? 2 : 1;
	s = arena_alloc(lx->a, end - lx->pos);
	t->kind = TOK_STRING;
	t->string = s;
	lx->pos++;
	while (lx->pos < lx->len_b && lx->text[lx->pos] != '"' && lx->text[lx->pos] != '\n') {
		char c = lx->text[lx->pos++];

		if (c == '\\' && (lx->pos == lx->len_b || lx->text[lx->pos] == '\n'))
			break;
		s[t->string_len_b++] = c == '\\' ? lex_escape(lx) : c;
	}
	if (peek(lx, 0) == '"') {
		lx->pos++;
		return;
	}
	lexer_error(lx, E_SYNTAX, t->begin, lx->pos, "syntax: unterminated string");
}

/* ---- the rest ---- */

void lexer_skip_space(struct lexer *lx)
{
	for (;;) {
		uint32_t begin = lx->pos;

		if (lx->pos < lx->len_b && is_space(lx->text[lx->pos])) {
			lx->pos++;
		} else if (peek(lx, 0) == '/' && peek(lx, 1) == '/') {
			while (lx->pos < lx->len_b && lx->text[lx->pos] != '\n')
				lx->pos++;
		} else if (peek(lx, 0) == '/' && peek(lx, 1) == '*') {
			const char *end =
			    memmem(lx->text + begin + 2, lx->len_b - begin - 2, "*/", 2);

			lx->pos = end ? (uint32_t)(end - lx->text) + 2 : lx->len_b;
			if (!end)
				lexer_error(lx, E_SYNTAX, begin, begin + 2,
				            "syntax: unterminated comment");
		} else {
			return;
		}
	}
}

static void lex_word(struct lexer *lx, struct token *t)
{
	uint32_t len_b;

	while (lexer_is_ident(peek(lx, 0)))
		lx->pos++;
	len_b = lx->pos - t->begin;
	t->kind = TOK_IDENT;
	for (size_t i = 0; i < N_ROWS(keywords); i++)
		if (keywords[i].len_b == len_b &&
		    !memcmp(keywords[i].text, lx->text + t->begin, len_b))
			t->kind = keywords[i].kind;
}

/* `$x`, `$1`, `$#`; false for a `$` that is none of them. */
static bool lex_dollar(struct lexer *lx, struct token *t)
{
	char c = peek(lx, 1);

	if (c == '#') {
		t->kind = TOK_PARAM_COUNT;
		lx->pos += 2;
	} else if (is_digit(c)) {
		size_t i = lx->pos + 1;
		bool overflows;

		t->kind = TOK_PARAM;
		parse_digits(lx->text, lx->len_b, &i, 10, false, &t->number, &overflows);
		lx->pos = (uint32_t)i;
	} else if (lexer_is_ident_start(c)) {
		t->kind = TOK_VAR;
		lx->pos++;
		while (lexer_is_ident(peek(lx, 0)))
			lx->pos++;
	} else {
		return false;
	}
	return true;
}

static bool lex_punct(struct lexer *lx, struct token *t)
{
	uint32_t left_b = lx->len_b - lx->pos;

	for (size_t i = 0; i < N_ROWS(puncts); i++)
		if (puncts[i].len_b <= left_b &&
		    !memcmp(puncts[i].text, lx->text + lx->pos, puncts[i].len_b)) {
			t->kind = puncts[i].kind;
			lx->pos += puncts[i].len_b;
			return true;
		}
	return false;
}

/* Skip a run of bytes no token starts with, as one report. */
static void skip_strays(struct lexer *lx)
{
	uint32_t begin = lx->pos;
	unsigned char c = (unsigned char)lx->text[begin];
	bool is_reported;

	while (lx->pos < lx->len_b) {
		char next = lx->text[lx->pos];

		if (lx->pos > begin && next &&
		    (is_space(next) || lexer_is_ident(next) || strchr("\"(){}[];,/", next)))
			break;
		lx->pos++;
	}
	if (c > ' ' && c < 0x7f)
		is_reported = lexer_error(lx, E_SYNTAX, begin, lx->pos,
		                          "syntax: unexpected character '%c'", c);
	else
		is_reported =
		    lexer_error(lx, E_SYNTAX, begin, lx->pos, "syntax: unexpected byte 0x%02x", c);
	if (is_reported && c == '\'')
		diag_hint(lx->diag, "there are no character literals: write \"...\" for a string");
	else if (is_reported && c == '$')
		diag_hint(lx->diag, "variables are named $x, parameters $1, their number is $#");
}

void lexer_next(struct lexer *lx, struct token *ret)
{
	for (;;) {
		char c;

		lexer_skip_space(lx);
		*ret = (struct token){.kind = TOK_EOF, .begin = lx->pos};
		if (lx->is_lost)
			lx->pos = ret->begin = lx->len_b;
		if (lx->pos >= lx->len_b)
			break;
		c = lx->text[lx->pos];
		if (lexer_is_ident_start(c)) {
			lex_word(lx, ret);
			break;
		}
		if (is_digit(c)) {
			lex_number(lx, ret);
			break;
		}
		if (c == '"') {
			lex_string(lx, ret);
			break;
		}
		if (c == '@') {
			ret->kind = TOK_MAP;
			lx->pos++;
			if (lexer_is_ident_start(peek(lx, 0)))
				while (lexer_is_ident(peek(lx, 0)))
					lx->pos++;
			break;
		}
		if (c == '$' && lex_dollar(lx, ret))
			break;
		if (lex_punct(lx, ret))
			break;
		skip_strays(lx);
	}
	ret->end = lx->pos;
}
