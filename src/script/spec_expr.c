/* C expressions of a specification as expressions of the script language. Most is the same in both;
 * other names are given to arguments, results and the task, and a string is read where it is
 * wanted. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "script/spec.h"

struct place {
	struct spec_text *out;
	struct spec *s;
	bool is_address; /* of text: it is said outside of the expression whose memory it is */
};

static const struct {
	const char *name, *is;
} specials[] = {
    {"$pid", "tid"}, /* as the kernel calls it */
    {"$tgid", "pid"},     {"$uid", "uid"}, {"$gid", "gid"},   {"$cpu", "cpu"},
    {"$task", "curtask"}, {"$PID", "pid"}, {"$COMM", "comm"},
};

static bool is_member(const struct spec *s, uint32_t token)
{
	return token && (spec_is(s, token - 1, "->") || spec_is(s, token - 1, "."));
}

static const struct spec_param *find_param(const struct spec *s, const char *name)
{
	vec_each (p, &s->params)
		if (p->name && !strcmp(p->name, name))
			return p;
	return NULL;
}

static bool wrong(const struct spec *s, const struct spec_token *t, const char *what)
{
	return spec_error(s, t->begin, t->end, "%s %s", t->text, what);
}

/* 1 to ... of arg1 ...; 0: it is another name. */
static uint32_t argument_number(const char *word)
{
	char *end;
	unsigned long n;

	if (strncmp(word, "arg", 3) != 0 || word[3] < '1' || word[3] > '9')
		return 0;
	n = strtoul(word + 3, &end, 10);
	return *end || n > 1000 ? 0 : (uint32_t)n;
}

/* ---- parameters ------------------------------------------------------------------------------ */

/* Is the memory behind it the caller's, though the kernel is probed? */
static bool is_user_pointer(const struct spec *s, const struct spec_param *p)
{
	return !s->path && p->is_pointer && (p->is_user || s->is_syscall);
}

void spec_add_param(struct spec_text *t, const struct spec *s, const struct spec_param *p,
                    uint32_t begin, uint32_t end)
{
	bool is_user = is_user_pointer(s, p);

	spec_add_from(t, s, begin, end, is_user ? "uptr((%s)" : "((%s)", p->type);
	spec_add_argument(t, s, (uint32_t)p->number + 1, begin, end);
	spec_add(t, ")");
}

static bool check_param(const struct spec *s, const struct spec_param *p,
                        const struct spec_token *at)
{
	if (p->is_real)
		return wrong(s, at, "cannot be read: it is a floating-point number");
	if (p->number < 0)
		return wrong(s, at, "cannot be read: it is not in a register");
	return true;
}

/* $entry(name), the token being $entry; *next becomes the token behind it. */
static bool add_entry(struct place *p, uint32_t *next)
{
	struct spec *s = p->s;
	uint32_t i = *next, number = 0, place = 0;
	const struct spec_token *t = &s->tokens.items[i];
	const struct spec_param *param;

	if (!spec_is(s, i + 1, "(") || s->tokens.items[i + 1].partner != i + 3 ||
	    s->tokens.items[i + 2].kind != SPEC_WORD)
		return wrong(s, t, "is written $entry(PARAMETER)");
	param = find_param(s, s->tokens.items[i + 2].text);
	if (!param)
		return wrong(s, &s->tokens.items[i + 2], "is not in the signature");
	if (!check_param(s, param, &s->tokens.items[i + 2]))
		return false;
	vec_each (r, &s->remembered) {
		if (&s->params.items[*r] == param)
			place = number + 1;
		number++;
	}
	if (!place) {
		vec_push(s->u->a, &s->remembered, (uint32_t)(param - s->params.items));
		place = (uint32_t)s->remembered.n;
	}
	s->wants_entry = true;
	spec_add_from(p->out, s, t->begin, s->tokens.items[i + 3].end, "%s(%s)$entry.%u)",
	              is_user_pointer(s, param) ? "uptr(" : "(", param->type, place);
	*next = i + 4;
	return true;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool add_special(struct place *p, uint32_t *next)
{
	struct spec *s = p->s;
	const struct spec_token *t = &s->tokens.items[*next];
	const char *is = NULL;
	struct diag_guess g = {.word = t->text};

	if (!strcmp(t->text, "$entry") || !strcmp(t->text, "$latency") ||
	    !strcmp(t->text, "$retval")) {
		if (s->kind != SPEC_RETURN)
			return wrong(s, t, "is for probes of a function's return: r:...");
		if (t->text[1] != 'r' && !s->may_remember)
			return wrong(s, t, "is known to argdist only");
		if (t->text[1] == 'e')
			return add_entry(p, next);
		s->wants_entry |= t->text[1] == 'l';
		is = t->text[1] == 'l' ? "$latency" : "retval";
	}
	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
		if (!strcmp(t->text, specials[i].name))
			is = specials[i].is;
		diag_nearest(&g, specials[i].name);
	}
	if (!is) {
		wrong(s, t, "is not known");
		if (g.best)
			diag_hint(s->u->diag, "Did you mean '%s'?", g.best);
		return false;
	}
	spec_add_from(p->out, s, t->begin, t->end, "%s", is);
	(*next)++;
	return true;
}

/* Behind a cast to a pointer, as in `*(int *)arg1`? */
static bool is_cast_pointer(const struct spec *s, uint32_t token)
{
	return token > 1 && spec_is(s, token - 1, ")") && spec_is(s, token - 2, "*");
}

static bool add_argument(struct place *p, uint32_t *next, uint32_t number)
{
	struct spec *s = p->s;
	const struct spec_token *t = &s->tokens.items[*next];
	bool has_mark = *next + 1 < s->tokens.n && t[1].kind == SPEC_MARK;
	bool is_user = has_mark || (s->is_syscall && is_cast_pointer(s, *next));

	if (s->kind == SPEC_TRACEPOINT)
		return wrong(s, t, "is not there: a tracepoint's arguments are args->NAME");
	if (s->kind == SPEC_RETURN)
		return wrong(s, t, "is not there when a function returns");
	if (number > 6 && s->kind != SPEC_USDT)
		return wrong(s, t, "cannot be read: only the first six are in registers");
	if (has_mark && strcmp(t[1].text, "@user") != 0)
		return wrong(s, &t[1], "is not known: a pointer of the caller is @user");
	is_user = is_user && !s->path && s->kind != SPEC_USDT &&
	          (!p->is_address || is_cast_pointer(s, *next));
	if (is_user)
		spec_add(p->out, "uptr(");
	spec_add_argument(p->out, s, number, t->begin, t[has_mark].end);
	if (is_user)
		spec_add(p->out, ")");
	*next += 1 + has_mark;
	return true;
}

static bool add_tokens(struct place *p, uint32_t from, uint32_t to);

/* Bytes that an escape in C text stands for, about; *s is at one. */
static size_t literal_len(const char *s, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; len++) {
		if (s[i++] != '\\' || i == n)
			continue;
		if (s[i] == 'x') {
			for (i++; i < n && isxdigit((unsigned char)s[i]); i++)
				;
		} else if (s[i] >= '0' && s[i] <= '7') {
			for (size_t k = 0; k < 3 && i < n && s[i] >= '0' && s[i] <= '7'; k++)
				i++;
		} else {
			i++;
		}
	}
	return len;
}

/* STRCMP("text", expression): does the text there begin with it? */
static bool add_strcmp(struct place *p, uint32_t *next)
{
	struct spec *s = p->s;
	uint32_t i = *next, close;
	const struct spec_token *literal;
	size_t n;

	if (!spec_is(s, i + 1, "("))
		return wrong(s, &s->tokens.items[i], "is written STRCMP(\"text\", EXPRESSION)");
	close = s->tokens.items[i + 1].partner;
	literal = &s->tokens.items[i + 2];
	if (close < i + 5 || literal->kind != SPEC_STRING || !spec_is(s, i + 3, ","))
		return spec_error(s, s->tokens.items[i].begin, s->tokens.items[close].end,
		                  "Expected STRCMP(\"text\", EXPRESSION)");
	n = literal_len(literal->text + 1, strlen(literal->text) - 2);
	spec_add_from(p->out, s, s->tokens.items[i].begin, s->tokens.items[i].end, "spec_begins");
	spec_add(p->out, "(");
	if (!spec_add_expr(p->out, s, i + 4, close, SPEC_ADDRESS))
		return false;
	spec_add(p->out, ", ");
	spec_add_from(p->out, s, literal->begin, literal->end, "%s", literal->text);
	spec_add(p->out, ", %zu)", n);
	*next = close + 1;
	return true;
}

static bool add_word(struct place *p, uint32_t *next)
{
	struct spec *s = p->s;
	const struct spec_token *t = &s->tokens.items[*next];
	const struct spec_param *param = is_member(s, *next) ? NULL : find_param(s, t->text);
	uint32_t number = is_member(s, *next) ? 0 : argument_number(t->text);

	if (is_member(s, *next) || !strcmp(t->text, "__user")) {
		if (is_member(s, *next))
			spec_add_from(p->out, s, t->begin, t->end, "%s", t->text);
		(*next)++;
		return true;
	}
	if (param && s->kind == SPEC_RETURN) {
		wrong(s, t, "is not there when the function returns");
		diag_hint(s->u->diag,
		          s->may_remember ? "$entry(%s) is what it was"
		                          : "argdist has $entry(%s) for it",
		          t->text);
		return false;
	}
	if (param) {
		if (!check_param(s, param, t))
			return false;
		spec_add_param(p->out, s, param, t->begin, t->end);
		(*next)++;
		return true;
	}
	if (number)
		return add_argument(p, next, number);
	if (!strcmp(t->text, "STRCMP"))
		return add_strcmp(p, next);
	if (!strcmp(t->text, "retval") && s->kind != SPEC_RETURN)
		return wrong(s, t, "is for probes of a function's return: r:...");
	spec_add_from(p->out, s, t->begin, t->end, "%s", !strcmp(t->text, "NULL") ? "0" : t->text);
	(*next)++;
	return true;
}

/* 'a', '\n', '\x41', '\0' */
static bool add_char(struct place *p, const struct spec_token *t)
{
	static const char letters[] = "abfnrtv\\'\"?", means[] = "\a\b\f\n\r\t\v\\'\"?";
	const char *c = t->text + 1, *letter;
	bool is_hex = *c == '\\' && c[1] == 'x';
	const char *digits = c + 1 + is_hex, *behind = c + 1;
	long value = (unsigned char)*c;
	char *end;

	if (*c == '\\' && c[1] && (letter = strchr(letters, c[1]))) {
		value = means[letter - letters];
		behind = c + 2;
	} else if (*c == '\\') {
		value = strtol(digits, &end, is_hex ? 16 : 8);
		behind = isxdigit((unsigned char)*digits) ? end : c;
	}
	if (*c == '\'' || strcmp(behind, "'") != 0 || value < 0 || value > 255)
		return spec_error(p->s, t->begin, t->end, "syntax: %s is no character", t->text);
	spec_add_from(p->out, p->s, t->begin, t->end, "%ld", value);
	return true;
}

static bool add_tokens(struct place *p, uint32_t from, uint32_t to)
{
	struct spec *s = p->s;

	for (uint32_t i = from; i < to;) {
		const struct spec_token *t = &s->tokens.items[i];
		bool is_good = true;

		if (i > from && t->begin > t[-1].end)
			spec_add(p->out, " ");
		switch (t->kind) {
		case SPEC_WORD:
			is_good = add_word(p, &i);
			break;
		case SPEC_SPECIAL:
			is_good = add_special(p, &i);
			break;
		case SPEC_CHAR:
			is_good = add_char(p, t);
			i++;
			break;
		case SPEC_MARK:
			return wrong(s, t, "stands behind an argument: arg1@user");
		default:
			spec_add_from(p->out, s, t->begin, t->end, "%s", t->text);
			i++;
		}
		if (!is_good)
			return false;
	}
	return true;
}

/* Is it text of the caller's, in a probe of the kernel? */
static bool is_user_text(const struct spec *s, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		const struct spec_token *t = &s->tokens.items[i];

		if (t->kind == SPEC_MARK ||
		    (s->is_syscall && t->kind == SPEC_WORD && argument_number(t->text)))
			return !s->path && s->kind == SPEC_ENTRY;
	}
	return false;
}

bool spec_add_expr(struct spec_text *t, struct spec *s, uint32_t from, uint32_t to,
                   enum spec_want want)
{
	struct place p = {t, s, want != SPEC_VALUE};
	struct span at = spec_span(s, from, to);
	bool is_user = want != SPEC_VALUE && is_user_text(s, from, to);

	if (from == to)
		return spec_error(s, at.begin, at.end, "syntax: expected expression");
	spec_add(t, "%s%s", want == SPEC_TEXT ? "spec_text(" : "", is_user ? "uptr(" : "");
	if (!add_tokens(&p, from, to))
		return false;
	spec_add_from(t, s, at.end - 1, at.end, "%s%s", is_user ? ")" : "",
	              want == SPEC_TEXT ? ")" : "");
	return true;
}
