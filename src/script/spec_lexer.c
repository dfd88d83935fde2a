/* Tokens of a specification's C expressions, types and format. What cannot be part of one, such as
 * a brace or a semicolon, is a mistake here, so that no specification reaches out of its place. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "script/lexer.h"
#include "script/spec.h"

enum { DEEPEST = 64 };

/* Longer ones first. */
static const char *const puncts[] = {
    "->", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "(", ")", "[", "]", ".", "+",
    "-",  "*",  "/",  "%",  "&",  "|",  "^",  "~",  "!",  "<", ">", "?", ":", ",",
};

static uint32_t punct_at(const char *s, uint32_t left_b)
{
	for (size_t i = 0; i < sizeof(puncts) / sizeof(puncts[0]); i++) {
		size_t n = strlen(puncts[i]);

		if (n <= left_b && !memcmp(s, puncts[i], n))
			return (uint32_t)n;
	}
	return 0;
}

/* Behind the quote that closes the one at `at`; 0 if there is none. */
static uint32_t quoted_end(const struct spec *s, uint32_t at, uint32_t end)
{
	char quote = s->text[at++];

	while (at < end && s->text[at] != quote && s->text[at] != '\n')
		at += s->text[at] == '\\' && at + 1 < end ? 2 : 1;
	return at < end && s->text[at] == quote ? at + 1 : 0;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Where the token at `at` ends; 0 with a report if there can be none. */
static uint32_t token_end(const struct spec *s, uint32_t at, uint32_t end,
                          enum spec_token_kind *ret_kind)
{
	char c = s->text[at], next = at + 1 < end ? s->text[at + 1] : '\0';
	uint32_t last = at;

	if (c == '"' || c == '\'') {
		*ret_kind = c == '"' ? SPEC_STRING : SPEC_CHAR;
		last = quoted_end(s, at, end);
		if (!last)
			spec_error(s, at, end, "syntax: unterminated string");
		return last;
	}
	if (is_word(c) || ((c == '$' || c == '@') && is_word(next))) {
		*ret_kind = c == '$'                    ? SPEC_SPECIAL
		            : c == '@'                  ? SPEC_MARK
		            : isdigit((unsigned char)c) ? SPEC_NUMBER
		                                        : SPEC_WORD;
		do
			last++;
		while (last < end && is_word(s->text[last]));
		return last;
	}
	*ret_kind = SPEC_PUNCT;
	if (c == '/' && (next == '/' || next == '*')) {
		spec_error(s, at, at + 2, "syntax: a comment cannot stand in a specification");
		return 0;
	}
	last = punct_at(s->text + at, end - at);
	if (!last) {
		if (isprint((unsigned char)c))
			spec_error(s, at, at + 1, "syntax: '%c' cannot stand in a specification",
			           c);
		else
			spec_error(s, at, at + 1,
			           "syntax: byte 0x%02x cannot stand in a specification",
			           (unsigned char)c);
		return 0;
	}
	return at + last;
}

/* Each bracket with the one that it belongs to. */
static bool match_brackets(struct spec *s)
{
	uint32_t open[DEEPEST], depth = 0, number = 0;

	vec_each (t, &s->tokens) {
		char c = t->kind == SPEC_PUNCT && t->end == t->begin + 1 ? *t->text : '\0';

		if ((c == '(' || c == '[') && depth == DEEPEST)
			return spec_error(s, t->begin, t->end,
			                  "syntax: nested deeper than %d levels", DEEPEST);
		if (c == '(' || c == '[') {
			open[depth++] = number;
		} else if (c == ')' || c == ']') {
			struct spec_token *first = depth ? &s->tokens.items[open[depth - 1]] : NULL;

			if (!first || *first->text != (c == ')' ? '(' : '['))
				return spec_error(s, t->begin, t->end,
				                  "syntax: this '%c' closes nothing", c);
			first->partner = number;
			t->partner = open[--depth];
		}
		number++;
	}
	if (depth) {
		const struct spec_token *t = &s->tokens.items[open[depth - 1]];

		return spec_error(s, t->begin, t->end, "syntax: this '%s' is never closed",
		                  t->text);
	}
	return true;
}

bool spec_lex(struct spec *s, uint32_t begin, uint32_t end)
{
	while (begin < end) {
		struct spec_token t = {.begin = begin};

		if (isspace((unsigned char)s->text[begin])) {
			begin++;
			continue;
		}
		t.end = token_end(s, begin, end, &t.kind);
		if (!t.end)
			return false;
		t.text = arena_strndup(s->u->a, s->text + begin, t.end - begin);
		vec_push(s->u->a, &s->tokens, t);
		begin = t.end;
	}
	return match_brackets(s);
}

bool spec_is(const struct spec *s, uint32_t token, const char *text)
{
	return token < s->tokens.n && s->tokens.items[token].kind == SPEC_PUNCT &&
	       !strcmp(s->tokens.items[token].text, text);
}

uint32_t spec_find(const struct spec *s, uint32_t from, uint32_t to, const char *text)
{
	uint32_t choices = 0;

	for (uint32_t i = from; i < to; i++) {
		if (choices && spec_is(s, i, ":")) {
			choices--;
			continue;
		}
		if (!choices && spec_is(s, i, text))
			return i;
		if (spec_is(s, i, "?"))
			choices++;
		else if (spec_is(s, i, "(") || spec_is(s, i, "["))
			i = s->tokens.items[i].partner;
	}
	return to;
}

struct span spec_span(const struct spec *s, uint32_t from, uint32_t to)
{
	uint32_t end = to < s->tokens.n ? s->tokens.items[to].begin : s->label;

	if (from >= to)
		return (struct span){s->source, end ? end - 1 : 0, end};
	return (struct span){s->source, s->tokens.items[from].begin, s->tokens.items[to - 1].end};
}
