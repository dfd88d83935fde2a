/* What a script's -h prints, in the layout that users of such tools know:
 *
 *   usage: NAME [-h] [-T] [-p PID | -t TID] ... [interval] [count]
 *
 *   The purpose
 *
 *   positional arguments:
 *     interval            seconds between reports
 *
 *   options:
 *     -h, --help          show this help message and exit
 *
 *   examples:
 *       NAME -T             # with times
 *
 * Lines end before column 80; what a script writes longer than that without a blank stays whole. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "script/option.h"

enum { WIDTH = 79, HELP_COLUMN = 24, EXAMPLE_MOST = 36 };

struct page {
	struct strbuf *out;
	size_t column, indent; /* where the next character stands, where lines begin */
};

/* A piece that is not broken, behind a blank or on a new line. */
static void put_piece(struct page *p, const char *s)
{
	size_t len_b = strlen(s);

	if (p->column > p->indent && p->column + 1 + len_b > WIDTH) {
		sb_addc(p->out, '\n');
		sb_pad(p->out, ' ', p->indent);
		p->column = p->indent;
	} else if (p->column > p->indent) {
		sb_addc(p->out, ' ');
		p->column++;
	}
	sb_adds(p->out, s);
	p->column += len_b;
}

/* Words of a text, from the page's indent on. */
static void put_text(struct page *p, const char *text)
{
	own_strbuf struct strbuf word = {0};

	while (*text) {
		size_t n = strcspn(text, " \n");

		sb_reset(&word);
		sb_add(&word, text, n);
		if (n)
			put_piece(p, sb_str(&word));
		text += n + (text[n] != '\0');
	}
	sb_addc(p->out, '\n');
}

/* VALUE, [VALUE], {all,reads,writes}, CMD... */
static void add_metavar(const struct option *o, struct strbuf *out)
{
	bool has_brackets = o->is_optional && !o->is_positional;

	sb_adds(out, has_brackets ? "[" : "");
	if (o->kind == OPTION_CHOICE) {
		vec_each (c, &o->choices)
			sb_addf(out, "%c%s", c == o->choices.items ? '{' : ',', *c);
		sb_addc(out, '}');
	} else if (o->metavar) {
		sb_adds(out, o->metavar);
	}
	if (o->takes_rest)
		sb_adds(out, "...");
	sb_adds(out, has_brackets ? "]" : "");
}

/* ---- usage ----------------------------------------------------------------------------------- */

static void add_usage(const struct option *o, struct strbuf *out)
{
	if (o->letter)
		sb_addf(out, "-%c", o->letter);
	else if (!o->is_positional)
		sb_addf(out, "--%s", o->word);
	if (o->metavar && !o->is_positional)
		sb_addc(out, ' ');
	add_metavar(o, out);
}

/* An option, or with it all that it excludes. */
static void put_usage(struct page *p, const struct option_block *b, const struct option *o)
{
	own_strbuf struct strbuf s = {0};
	bool is_bare = o->is_positional && !o->is_optional;

	if (!is_bare)
		sb_addc(&s, '[');
	add_usage(o, &s);
	vec_each (other, &b->options) {
		if (!o->group || (*other)->group != o->group || *other == o)
			continue;
		sb_adds(&s, " | ");
		add_usage(*other, &s);
	}
	if (!is_bare)
		sb_addc(&s, ']');
	put_piece(p, sb_str(&s));
}

static bool is_first_of_group(const struct option_block *b, const struct option *o)
{
	vec_each (other, &b->options)
		if (o->group && (*other)->group == o->group)
			return *other == o;
	return true;
}

static void add_usage_lines(const struct option_block *b, const char *name, struct strbuf *out)
{
	struct page p = {.out = out, .indent = strlen("usage: ") + strlen(name) + 1};

	sb_addf(out, "usage: %s ", name);
	p.column = p.indent;
	put_piece(&p, "[-h]");
	for (int positionals = 0; positionals < 2; positionals++)
		vec_each (o, &b->options)
			if ((*o)->is_positional == positionals && is_first_of_group(b, *o))
				put_usage(&p, b, *o);
	sb_addc(out, '\n');
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void add_left(const struct option *o, struct strbuf *out)
{
	if (o->letter)
		sb_addf(out, "-%c%s", o->letter, o->word ? ", " : "");
	if (o->word)
		sb_addf(out, "--%s", o->word);
	if (o->metavar && !o->is_positional)
		sb_addc(out, ' ');
	if (o->is_positional && o->kind != OPTION_CHOICE)
		sb_adds(out, o->metavar);
	else
		add_metavar(o, out);
}

static void add_row(const char *left, const char *help, struct strbuf *out)
{
	struct page p = {.out = out, .column = HELP_COLUMN, .indent = HELP_COLUMN};
	size_t len_b = strlen(left) + 2;

	sb_addf(out, "  %s", left);
	if (!*help) {
		sb_addc(out, '\n');
		return;
	}
	if (len_b + 2 > HELP_COLUMN) {
		sb_addc(out, '\n');
		len_b = 0;
	}
	sb_pad(out, ' ', HELP_COLUMN - len_b);
	put_text(&p, help);
}

static void add_table(const struct option_block *b, bool of_positionals, struct strbuf *out)
{
	vec_each (o, &b->options) {
		own_strbuf struct strbuf left = {0};

		if ((*o)->is_positional != of_positionals)
			continue;
		add_left(*o, &left);
		add_row(sb_str(&left), (*o)->help, out);
	}
}

static bool has_positionals(const struct option_block *b)
{
	vec_each (o, &b->options)
		if ((*o)->is_positional)
			return true;
	return false;
}

static void add_examples(const struct option_block *b, struct strbuf *out)
{
	size_t widest = 0;

	vec_each (e, &b->examples) {
		size_t n = strlen(e->line);

		if (n > widest && n <= EXAMPLE_MOST)
			widest = n;
	}
	vec_each (e, &b->examples)
		sb_addf(out, *e->what ? "    %-*s  # %s\n" : "    %-*s%s\n",
		        *e->what ? (int)widest : 0, e->line, e->what);
}

void option_help(const struct option_block *b, const char *name, const char *purpose,
                 struct strbuf *out)
{
	add_usage_lines(b, name, out);
	if (purpose) {
		struct page p = {.out = out};

		sb_addc(out, '\n');
		put_text(&p, purpose);
	}
	if (has_positionals(b)) {
		sb_adds(out, "\npositional arguments:\n");
		add_table(b, true, out);
	}
	sb_adds(out, "\noptions:\n");
	add_row("-h, --help", "show this help message and exit", out);
	add_table(b, false, out);
	if (b->examples.n) {
		sb_adds(out, "\nexamples:\n");
		add_examples(b, out);
	}
}

/* ---- the leading comment --------------------------------------------------------------------- */

/* The first line's text if it is a comment, without the slashes; a `#!` line does not count. */
static const char *first_comment(const char *s, const char *end, size_t *ret_len_b)
{
	while (s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));
		const char *line_end = nl ? nl : end;

		while (s < line_end && isspace((unsigned char)*s))
			s++;
		if (line_end - s >= 2 && !memcmp(s, "//", 2)) {
			s += 2;
			while (s < line_end && isspace((unsigned char)*s))
				s++;
			while (line_end > s && isspace((unsigned char)line_end[-1]))
				line_end--;
			if (line_end > s && strncmp(s, "SPDX-", 5) != 0) {
				*ret_len_b = (size_t)(line_end - s);
				return s;
			}
		} else if (s < line_end && (line_end - s < 2 || memcmp(s, "#!", 2) != 0)) {
			return NULL;
		}
		s = nl ? nl + 1 : end;
	}
	return NULL;
}

const char *option_purpose(struct arena *a, const char *text, size_t len_b, const char **ret_name)
{
	size_t n = 0, name_b = 0;
	const char *line = first_comment(text, text + len_b, &n);

	if (!line)
		return NULL;
	while (name_b < n && (isalnum((unsigned char)line[name_b]) || strchr("_-.", line[name_b])))
		name_b++;
	if (name_b && name_b + 1 < n && line[name_b] == ':' && line[name_b + 1] == ' ') {
		*ret_name = arena_strndup(a, line, name_b);
		name_b++;
		while (name_b < n && line[name_b] == ' ')
			name_b++;
		line += name_b;
		n -= name_b;
	}
	return arena_strndup(a, line, n);
}
