/* Specifications to script text, and that into the unit (spec.h): the stage. */
#include "script/spec.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/arena.h"
#include "script/option.h"
#include "script/parser.h"

/* ---- text and places ------------------------------------------------------------------------- */

void spec_add(struct spec_text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sb_vaddf(&t->out, fmt, ap);
	va_end(ap);
}

void spec_add_from(struct spec_text *t, const struct spec *s, uint32_t begin, uint32_t end,
                   const char *fmt, ...)
{
	struct diag_piece p = {(uint32_t)t->out.n, 0, {s->source, begin, end}};
	va_list ap;

	va_start(ap, fmt);
	sb_vaddf(&t->out, fmt, ap);
	va_end(ap);
	p.end = (uint32_t)t->out.n;
	vec_push(t->a, &t->pieces, p);
}

void spec_add_text(struct spec_text *t, const struct spec_text *other)
{
	uint32_t off_b = (uint32_t)t->out.n;

	sb_add(&t->out, sb_str(&other->out), other->out.n);
	vec_each (p, &other->pieces) {
		struct diag_piece moved = {p->begin + off_b, p->end + off_b, p->from};

		vec_push(t->a, &t->pieces, moved);
	}
}

void spec_add_literal(struct spec_text *t, const char *bytes, size_t n)
{
	sb_addc(&t->out, '"');
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c == '"' || c == '\\')
			sb_addf(&t->out, "\\%c", c);
		else if (c < ' ' || c == 0x7f) /* octal: three digits end it */
			sb_addf(&t->out, "\\%03o", c);
		else
			sb_addc(&t->out, (char)c);
	}
	sb_addc(&t->out, '"');
}

bool spec_error(const struct spec *s, uint32_t begin, uint32_t end, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_error(s->u->diag, E_SYNTAX, (struct span){s->source, begin, end}, "%s",
	           arena_vprintf(s->u->a, fmt, ap));
	va_end(ap);
	return false;
}

/* ---- one statement --------------------------------------------------------------------------- */

enum language { LANGUAGE_TRACE, LANGUAGE_ARGDIST, LANGUAGE_N };

static const struct {
	const char *name;
	uint32_t n_lists; /* options that have specifications; a flag may follow */
} languages[LANGUAGE_N] = {
    [LANGUAGE_TRACE] = {"trace", 1},
    [LANGUAGE_ARGDIST] = {"argdist", 2},
};

struct making {
	struct unit *u;
	struct specifications *from;
	enum language language;
	struct spec_text probes, report;
	uint32_t n; /* specifications so far */
	bool has_message;
	const struct option *shows; /* NULL, or the flag that prints what was made */
};

/* The label of argdist begins at a # outside of quotes. */
static uint32_t find_label(const struct spec *s)
{
	char quote = '\0';

	for (uint32_t i = 0; i < s->len_b; i++) {
		char c = s->text[i];

		if (quote && c == '\\')
			i++;
		else if (c == quote)
			quote = '\0';
		else if (!quote && (c == '"' || c == '\''))
			quote = c;
		else if (!quote && c == '#')
			return i;
	}
	return s->len_b;
}

/* The specification as a comment above what it became. */
static void add_comment(struct making *m, const struct spec *s)
{
	spec_add(&m->probes, "%s// ", m->n > 1 ? "\n" : "");
	for (uint32_t i = 0; i < s->len_b; i++)
		sb_addc(&m->probes.out, isspace((unsigned char)s->text[i]) ? ' ' : s->text[i]);
	spec_add(&m->probes, "\n");
}

static bool make(struct making *m, const char *text, uint32_t list)
{
	struct spec s = {
	    .u = m->u, .text = text, .len_b = (uint32_t)strlen(text), .number = ++m->n};
	const char *name = arena_printf(m->u->a, "specification %u", m->n);

	s.may_remember = m->language == LANGUAGE_ARGDIST;
	s.source = diag_add_source(m->u->diag, name, text, s.len_b);
	s.label = m->language == LANGUAGE_ARGDIST ? find_label(&s) : s.len_b;
	add_comment(m, &s);
	if (!spec_read_point(&s))
		return false;
	return m->language == LANGUAGE_TRACE ? spec_trace(&s, &m->probes, &m->has_message)
	                                     : spec_argdist(&s, list == 1, &m->probes, &m->report);
}

/* The option that stands at this place of the statement; NULL: reported, or there is none. */
static const struct option *option_at(const struct making *m, uint32_t i, enum option_gives gives)
{
	const struct option *o;

	if (i >= m->from->options.n)
		return NULL;
	o = unit_find_option(m->u, m->from->options.items[i]);
	if (!o) {
		diag_error(m->u->diag, E_UNKNOWN_NAME, m->from->options_at.items[i],
		           "There is no option '%s'", m->from->options.items[i]);
		return NULL;
	}
	if (option_gives(o) == gives)
		return o;
	diag_error(m->u->diag, E_TYPE_MISMATCH, m->from->options_at.items[i], "opt.%s is %s",
	           o->name, gives == GIVES_TEXTS ? "no list of texts" : "no flag");
	return NULL;
}

static bool find_language(struct making *m)
{
	const struct specifications *from = m->from;

	for (m->language = 0; m->language < LANGUAGE_N; m->language++)
		if (!strcmp(from->language, languages[m->language].name))
			break;
	if (m->language == LANGUAGE_N) {
		diag_error(m->u->diag, E_UNKNOWN_NAME, from->language_at,
		           "There is no language of specifications named %s", from->language);
		diag_hint(m->u->diag, "trace, argdist");
		return false;
	}
	if (from->options.n >= languages[m->language].n_lists &&
	    from->options.n <= languages[m->language].n_lists + 1)
		return true;
	diag_error(m->u->diag, E_ARG_COUNT, from->at,
	           "Specifications of %s stand in %u option%s; a flag may follow", from->language,
	           languages[m->language].n_lists, languages[m->language].n_lists == 1 ? "" : "s");
	return false;
}

/* What conditions around columns may ask: has any of them a message? */
static void add_answer(struct making *m)
{
	struct option *o = arena_new(m->u->a, struct option);

	o->name = "has_messages";
	o->kind = OPTION_FLAG;
	o->is_given = m->has_message;
	o->number = m->has_message;
	o->at = m->from->at;
	vec_push(m->u->a, &m->u->options->options, o);
}

/* All that was made becomes part of the script. */
static bool finish(struct making *m)
{
	struct unit *u = m->u;
	const char *text;
	uint32_t source;

	if (m->language == LANGUAGE_ARGDIST) {
		spec_add(&m->probes,
		         "\nhost report\n{\n\tbanner(\"[%%s]\\n\", strftime(\"%%H:%%M:%%S\"));\n");
		spec_add_text(&m->probes, &m->report);
		spec_add(&m->probes, "}\n");
	} else {
		add_answer(m);
	}
	if (m->shows && m->shows->is_given && u->opts->dump)
		sb_add(u->opts->dump, sb_str(&m->probes.out), m->probes.out.n);
	text = arena_strndup(u->a, sb_str(&m->probes.out), m->probes.out.n);
	source = diag_add_source(u->diag, "specifications", text, m->probes.out.n);
	diag_derive_source(u->diag, source, m->probes.pieces.items, m->probes.pieces.n);
	m->from->made = source;
	return parser_add(u, source);
}

static bool make_all(struct making *m)
{
	size_t errors = diag_errors(m->u->diag);
	const char *titles = "";
	uint32_t n_lists;

	if (!find_language(m))
		return false;
	n_lists = languages[m->language].n_lists;
	m->shows = option_at(m, n_lists, GIVES_BOOL);
	for (uint32_t i = 0; i < n_lists; i++) {
		const struct option *o = option_at(m, i, GIVES_TEXTS);

		if (o)
			vec_each (text, &o->texts)
				make(m, *text, i);
	}
	if (diag_errors(m->u->diag) != errors)
		return false;
	if (m->n)
		return finish(m);
	for (uint32_t i = 0; i < n_lists; i++)
		titles = arena_printf(m->u->a, "%s%s%s", titles, i ? " or " : "",
		                      option_title(m->u->a, option_at(m, i, GIVES_TEXTS)));
	diag_error(m->u->diag, E_PARAM, NO_SPAN, "There is nothing to do: %s is missing", titles);
	return false;
}

bool script_specifications(struct unit *u)
{
	uint32_t n = 0;

	vec_each (s, &u->specifications) {
		struct making m = {.u = u, .from = s, .n = n};
		bool is_good;

		m.probes.a = m.report.a = u->a;
		is_good = make_all(&m);
		sb_free(&m.probes.out);
		sb_free(&m.report.out);
		if (!is_good)
			return false;
		n = m.n;
	}
	return true;
}
