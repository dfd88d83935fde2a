/* The manual page of a script, from its own declarations: name and purpose from the first line of
 * its leading comment, the description from the rest of it, options and examples from its options
 * block.
 *
 * Output: man(7) macros. What the script's author wrote is text, whatever characters it has. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "script/option.h"
#include "script/stages.h"

/* A default that stands for "until somebody ends it", as BCC's tools have it. */
#define ENDLESS "99999999"

/* Nothing in it is a request or an escape. */
static void add_text(struct strbuf *out, const char *s, size_t len_b)
{
	for (size_t i = 0; i < len_b; i++) {
		bool begins_line = !out->n || sb_str(out)[out->n - 1] == '\n';

		if (begins_line && (s[i] == '.' || s[i] == '\''))
			sb_adds(out, "\\&");
		if (s[i] == '\\')
			sb_adds(out, "\\e");
		else if (s[i] == '-')
			sb_adds(out, "\\-");
		else
			sb_addc(out, s[i]);
	}
}

static void add_string(struct strbuf *out, const char *s)
{
	add_text(out, s, strlen(s));
}

static void add_bold(struct strbuf *out, const char *s)
{
	sb_adds(out, "\\fB");
	add_string(out, s);
	sb_adds(out, "\\fR");
}

static void add_value(struct strbuf *out, const struct option *o)
{
	bool has_brackets = o->is_optional && !o->is_positional;

	sb_adds(out, has_brackets ? "[" : "");
	if (o->kind == OPTION_CHOICE) {
		vec_each (c, &o->choices) {
			sb_adds(out, c == o->choices.items ? "" : "|");
			add_bold(out, *c);
		}
	} else if (o->metavar) {
		sb_adds(out, "\\fI");
		add_string(out, o->metavar);
		sb_adds(out, "\\fR");
	}
	if (o->takes_rest)
		sb_adds(out, " ...");
	sb_adds(out, has_brackets ? "]" : "");
}

static void add_names(struct arena *a, struct strbuf *out, const struct option *o)
{
	if (o->letter)
		add_bold(out, arena_printf(a, "-%c", o->letter));
	if (o->letter && o->word)
		sb_adds(out, ", ");
	if (o->word)
		add_bold(out, arena_printf(a, "--%s", o->word));
	if (o->metavar && !o->is_positional)
		sb_addc(out, ' ');
	add_value(out, o);
}

static void add_option(struct arena *a, struct strbuf *out, const struct option *o)
{
	sb_adds(out, ".TP\n");
	add_names(a, out, o);
	sb_addc(out, '\n');
	add_string(out, o->help);
	if (o->dflt && *o->dflt && strcmp(o->dflt, ENDLESS) != 0) {
		sb_adds(out, " (default: ");
		add_string(out, o->dflt);
		sb_addc(out, ')');
	}
	sb_addc(out, '\n');
}

static bool excludes(const struct option *o, const struct option *other)
{
	return o->group && o->group == other->group && o != other;
}

static void add_exclusions(struct arena *a, struct strbuf *out, const struct option_block *b)
{
	vec_each (o, &b->options) {
		own_strbuf struct strbuf names = {0};
		bool is_first = true;

		for (struct option **other = b->options.items; other < o; other++)
			is_first &= !excludes(*o, *other);
		vec_each (other, &b->options)
			if (excludes(*o, *other))
				sb_addf(&names, "%s%s", names.n ? ", " : "",
				        option_title(a, *other));
		if (!is_first || !names.n)
			continue;
		sb_adds(out, ".PP\nAt most one of ");
		add_string(out, option_title(a, *o));
		sb_adds(out, ", ");
		add_string(out, sb_str(&names));
		sb_adds(out, " is given.\n");
	}
}

/* Of the leading comment, the paragraphs behind the line that has the purpose. */
static void add_description(struct strbuf *out, const char *text, const char *end)
{
	bool is_behind = false, wants_paragraph = false;
	size_t before = out->n;

	for (const char *line = text, *nl; line < end; line = nl + 1) {
		nl = memchr(line, '\n', (size_t)(end - line));
		nl = nl ? nl : end;
		if (!strncmp(line, "#!", 2) || !strncmp(line, "// area:", 8))
			continue;
		if (strncmp(line, "//", 2))
			return;
		line += 2;
		while (line < nl && *line == ' ')
			line++;
		if (line == nl) {
			wants_paragraph = true;
		} else if (is_behind) {
			if (wants_paragraph && out->n > before)
				sb_adds(out, ".PP\n");
			add_text(out, line, (size_t)(nl - line));
			sb_addc(out, '\n');
			wants_paragraph = false;
		}
		is_behind = true;
	}
}

static void add_synopsis(struct arena *a, struct strbuf *out, const struct option_block *b)
{
	for (int positionals = 0; b && positionals < 2; positionals++)
		vec_each (o, &b->options) {
			bool is_bare = (*o)->is_positional && !(*o)->is_optional;

			if ((*o)->is_positional != positionals)
				continue;
			sb_adds(out, is_bare ? "" : "[");
			if ((*o)->letter)
				add_bold(out, arena_printf(a, "-%c", (*o)->letter));
			else if ((*o)->word)
				add_bold(out, arena_printf(a, "--%s", (*o)->word));
			if ((*o)->metavar && !(*o)->is_positional)
				sb_addc(out, ' ');
			add_value(out, *o);
			sb_adds(out, is_bare ? "\n" : "]\n");
		}
}

static void add_examples(struct strbuf *out, const struct option_block *b)
{
	sb_adds(out, ".SH EXAMPLES\n");
	vec_each (e, &b->examples) {
		sb_adds(out, ".TP\n");
		add_bold(out, e->line);
		sb_addc(out, '\n');
		add_string(out, e->what);
		sb_adds(out, *e->what ? "\n" : "");
	}
}

void option_manual(struct unit *u, const char *name, struct strbuf *out)
{
	const char *text = diag_source_text(u->diag, u->source), *own_name = name;
	size_t len_b = diag_source_len(u->diag, u->source), before;
	const char *purpose = option_purpose(u->a, text, len_b, &own_name);
	const struct option_block *b = u->options;

	if (b)
		option_add_row_options(u);
	sb_adds(out, ".TH \"SKEP\\-");
	for (const char *s = name; *s; s++)
		sb_addc(out, (char)toupper((unsigned char)*s));
	sb_adds(out, "\" 1 \"\" \"skep\" \"Tools of skep\"\n.SH NAME\nskep\\-");
	add_string(out, name);
	sb_adds(out, " \\- ");
	add_string(out, purpose ? purpose : "");
	sb_adds(out, "\n.SH SYNOPSIS\n.B skep ");
	add_string(out, name);
	sb_addc(out, '\n');
	add_synopsis(u->a, out, b);
	sb_adds(out, ".SH DESCRIPTION\n");
	before = out->n;
	add_description(out, text, text + len_b);
	sb_adds(out, out->n > before ? ".PP\n" : "");
	sb_adds(out, "The tool is a script, which \\fBskep tools \\-\\-source ");
	add_string(out, name);
	sb_adds(out, "\\fR prints.\n"
	             "Options of skep itself stand in front of its name.\n");
	if (b) {
		sb_adds(out, ".SH OPTIONS\n.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\n"
		             "show a summary of the options and exit\n");
		vec_each (o, &b->options)
			add_option(u->a, out, *o);
		add_exclusions(u->a, out, b);
	}
	if (b && b->examples.n)
		add_examples(out, b);
	sb_adds(out, ".SH SEE ALSO\n.BR skep (1)\n");
}
