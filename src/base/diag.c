/* Diagnostics sink and its rendering (spec/9.10):
 *
 *   stdin:1:15-17: ERROR: Undefined map: @x
 *   begin { print(@x); }
 *                 ~~
 */
#include "base/diag.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/vec.h"

struct note {
	struct span at;
	const char *text;
	bool is_hint;
};

struct entry {
	enum diag_level level;
	enum diag_code code;
	struct span at;
	const char *text;
	vec(struct note) notes;
};

struct source {
	const char *name;
	const char *text;
	size_t len_b;
	vec(uint32_t) lines; /* where each line but the first begins */
	uint32_t hidden_first, n_hidden;
	const struct diag_piece *pieces; /* that it was made of */
	size_t n_pieces;
};

struct diag {
	struct arena *a;
	vec(struct entry) entries;
	vec(struct source) sources;
	size_t n_errors, n_warnings;
	bool last_was_dropped; /* the last report was a repetition: its notes are dropped too */
};

static const char *const code_names[] = {
#define ERROR(name, text) [E_##name] = #name,
#include "base/errors.def"
#undef ERROR
};

const char *diag_code_name(enum diag_code code)
{
	return code_names[code];
}

struct diag *diag_create(struct arena *a)
{
	struct diag *d = arena_new(a, struct diag);

	d->a = a;
	return d;
}

uint32_t diag_add_source(struct diag *d, const char *name, const char *text, size_t len_b)
{
	struct source *s = vec_add(d->a, &d->sources);
	const char *end = text + len_b;

	*s = (struct source){.name = name, .text = text, .len_b = len_b};
	for (const char *at = text; len_b && (at = memchr(at, '\n', (size_t)(end - at)));)
		vec_push(d->a, &s->lines, (uint32_t)(++at - text));
	return (uint32_t)d->sources.n - 1;
}

uint32_t diag_sources(const struct diag *d)
{
	return (uint32_t)d->sources.n;
}

const char *diag_source_name(const struct diag *d, uint32_t source)
{
	return source < d->sources.n ? d->sources.items[source].name : "";
}

const char *diag_source_text(const struct diag *d, uint32_t source)
{
	return source < d->sources.n ? d->sources.items[source].text : "";
}

size_t diag_source_len(const struct diag *d, uint32_t source)
{
	return source < d->sources.n ? d->sources.items[source].len_b : 0;
}

void diag_hide_lines(struct diag *d, uint32_t source, uint32_t first, uint32_t n)
{
	d->sources.items[source].hidden_first = first;
	d->sources.items[source].n_hidden = n;
}

void diag_hidden_lines(const struct diag *d, uint32_t source, uint32_t *ret_first, uint32_t *ret_n)
{
	*ret_first = d->sources.items[source].hidden_first;
	*ret_n = d->sources.items[source].n_hidden;
}

void diag_derive_source(struct diag *d, uint32_t source, const struct diag_piece *pieces, size_t n)
{
	d->sources.items[source].pieces = pieces;
	d->sources.items[source].n_pieces = n;
}

/* Of a text that was made of another one, the place there: all that the pieces at `at` stand for,
 * as far as it is in the text of the first. */
static struct span origin_of(const struct diag *d, struct span at)
{
	const struct source *s = at.source < d->sources.n ? &d->sources.items[at.source] : NULL;
	struct span from = at;

	if (!s || !s->n_pieces)
		return at;
	for (size_t i = 0; i < s->n_pieces; i++) {
		const struct diag_piece *p = &s->pieces[i];

		if (p->begin >= at.end && p->begin > at.begin)
			break;
		if (p->end <= at.begin)
			continue;
		if (from.source == at.source)
			from = p->from;
		else if (p->from.source == from.source && p->from.begin < from.begin)
			from.begin = p->from.begin;
		if (p->from.source == from.source && p->from.end > from.end)
			from.end = p->from.end;
	}
	return from;
}

/* A line's number among those that count. */
static uint32_t shown_line(const struct source *s, uint32_t line)
{
	if (line < s->hidden_first || !s->n_hidden)
		return line;
	return line < s->hidden_first + s->n_hidden ? s->hidden_first : line - s->n_hidden;
}

/* Among all lines. */
static void locate(const struct diag *d, uint32_t source, uint32_t off_b, uint32_t *ret_line,
                   uint32_t *ret_col)
{
	const struct source *s = source < d->sources.n ? &d->sources.items[source] : NULL;
	size_t low = 0, high = s ? s->lines.n : 0; /* lines that begin at or before off_b */

	if (!s)
		off_b = 0;
	else if (off_b > s->len_b)
		off_b = (uint32_t)s->len_b;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->lines.items[mid] <= off_b)
			low = mid + 1;
		else
			high = mid;
	}
	*ret_line = (uint32_t)low + 1;
	*ret_col = off_b - (low ? s->lines.items[low - 1] : 0) + 1;
}

void diag_position(const struct diag *d, uint32_t source, uint32_t off_b, uint32_t *ret_line,
                   uint32_t *ret_col)
{
	locate(d, source, off_b, ret_line, ret_col);
	if (source < d->sources.n)
		*ret_line = shown_line(&d->sources.items[source], *ret_line);
}

static void report(struct diag *d, enum diag_level level, enum diag_code code, struct span at,
                   const char *fmt, va_list ap)
{
	const char *text = arena_vprintf(d->a, fmt, ap);
	struct entry *e;

	at = origin_of(d, at);
	d->last_was_dropped = false;
	vec_each (old, &d->entries)
		if (old->level == level && old->at.source == at.source &&
		    old->at.begin == at.begin && old->at.end == at.end &&
		    !strcmp(old->text, text)) {
			d->last_was_dropped = true;
			return;
		}
	e = vec_add(d->a, &d->entries);
	e->level = level;
	e->code = code;
	e->at = at;
	e->text = text;
	if (level == DIAG_ERROR)
		d->n_errors++;
	else
		d->n_warnings++;
}

void diag_error(struct diag *d, enum diag_code code, struct span at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(d, DIAG_ERROR, code, at, fmt, ap);
	va_end(ap);
}

void diag_warn(struct diag *d, enum diag_code code, struct span at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(d, DIAG_WARNING, code, at, fmt, ap);
	va_end(ap);
}

static void add_note(struct diag *d, struct note n)
{
	if (d->last_was_dropped)
		return;
	assert(d->entries.n); /* a note belongs to a report */
	vec_push(d->a, &vec_last(&d->entries).notes, n);
}

void diag_hint(struct diag *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_note(d, (struct note){NO_SPAN, arena_vprintf(d->a, fmt, ap), true});
	va_end(ap);
}

void diag_context(struct diag *d, struct span at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_note(d, (struct note){origin_of(d, at), arena_vprintf(d->a, fmt, ap), false});
	va_end(ap);
}

size_t diag_errors(const struct diag *d)
{
	return d->n_errors;
}

size_t diag_warnings(const struct diag *d)
{
	return d->n_warnings;
}

enum diag_code diag_first_error(const struct diag *d)
{
	vec_each (e, &d->entries)
		if (e->level == DIAG_ERROR)
			return e->code;
	return E_N;
}

/* Of a line longer than this (a generated one, most likely) only what is near the mark is shown. */
enum { LONGEST_LINE_B = 200, AROUND_B = 80 };

/* Is there the rest of a character here, and not its begin (UTF-8)? */
static bool is_inside_character(const struct source *s, uint32_t i)
{
	return i < s->len_b && ((unsigned char)s->text[i] & 0xc0) == 0x80;
}

/* The part of the line [*begin, *end) to show for `at`. */
static void choose_part(const struct source *s, struct span at, uint32_t *begin, uint32_t *end)
{
	uint32_t from = *begin, to = *end;

	if (to - from <= LONGEST_LINE_B)
		return;
	if (at.begin > from + AROUND_B && at.begin <= to)
		from = at.begin - AROUND_B;
	if (to - from > LONGEST_LINE_B)
		to = from + LONGEST_LINE_B;
	while (from > *begin && is_inside_character(s, from))
		from--;
	while (to < *end && is_inside_character(s, to))
		to++;
	*begin = from;
	*end = to;
}

/* The source lines [first, last] with tabs as four blanks; for a single line also the underline. */
static void add_excerpt(const struct source *s, struct span at, uint32_t first, uint32_t last,
                        struct strbuf *out)
{
	uint32_t line = 1, begin = 0;

	while (line < first) {
		const char *nl = memchr(s->text + begin, '\n', s->len_b - begin);

		begin = (uint32_t)(nl - s->text) + 1;
		line++;
	}
	for (; line <= last; line++) {
		uint32_t end = begin, from, to, pad = 0, mark = 0;

		while (end < s->len_b && s->text[end] != '\n')
			end++;
		from = begin;
		to = end;
		choose_part(s, at, &from, &to);
		if (from > begin) {
			sb_adds(out, "...");
			pad = 3;
		}
		for (uint32_t i = from; i < to; i++) {
			uint32_t width = s->text[i] == '\t' ? 4 : 1;

			if (s->text[i] == '\t')
				sb_adds(out, "    ");
			else /* whoever prints this takes a NUL for its end */
				sb_addc(out, s->text[i] ? s->text[i] : ' ');
			if (i < at.begin)
				pad += width;
			else if (i < at.end)
				mark += width;
		}
		sb_adds(out, to < end ? "...\n" : "\n");
		if (first == last) {
			sb_pad(out, ' ', pad);
			sb_pad(out, '~', mark ? mark : 1);
			sb_addc(out, '\n');
		}
		begin = end + 1;
	}
}

static void add_message(const struct diag *d, const char *level, const char *color, struct span at,
                        const char *text, const char *second_line, struct strbuf *out)
{
	const struct source *s = at.source < d->sources.n ? &d->sources.items[at.source] : NULL;
	uint32_t l1 = 0, c1 = 0, l2 = 0, c2 = 0;

	if (color)
		sb_adds(out, color);
	if (s) {
		if (at.end < at.begin)
			at.end = at.begin;
		locate(d, at.source, at.begin, &l1, &c1);
		locate(d, at.source, at.end, &l2, &c2);
		if (l2 > l1 && c2 == 1) { /* ends right behind a newline */
			l2--;
			c2 = l1 == l2 ? c1 + 1 : 1;
		}
		if (l1 == l2)
			sb_addf(out, "%s:%u:%u-%u: ", s->name, shown_line(s, l1), c1,
			        c2 > c1 ? c2 : c1 + 1);
		else
			sb_addf(out, "%s:%u-%u: ", s->name, shown_line(s, l1), shown_line(s, l2));
	}
	if (level)
		sb_addf(out, "%s: ", level);
	sb_adds(out, text);
	if (color)
		sb_adds(out, "\033[0m");
	sb_addc(out, '\n');
	if (second_line)
		sb_addf(out, "%s\n", second_line);
	if (s)
		add_excerpt(s, at, l1, l2, out);
}

void diag_render_one(const struct diag *d, const char *level_text, struct span at, const char *text,
                     const char *second_line, bool color, struct strbuf *out)
{
	add_message(d, level_text, color ? "\033[33m" : NULL, origin_of(d, at), text, second_line,
	            out);
}

void diag_render(const struct diag *d, const struct diag_style *style, struct strbuf *out)
{
	for (int level = DIAG_ERROR; level <= DIAG_WARNING; level++) {
		const char *color = level == DIAG_ERROR ? "\033[31m" : "\033[33m";

		if (level == DIAG_WARNING && style->no_warnings)
			break;
		vec_each (e, &d->entries) {
			if ((int)e->level != level)
				continue;
			add_message(d, level == DIAG_ERROR ? "ERROR" : "WARNING",
			            style->color ? color : NULL, e->at, e->text, NULL, out);
			vec_each (n, &e->notes) {
				if (n->is_hint)
					sb_addf(out, "HINT: %s\n", n->text);
				else
					add_message(d, NULL, NULL, n->at, n->text, NULL, out);
			}
		}
	}
}

static unsigned edit_distance(const char *a, const char *b)
{
	enum { LONGEST = 64 };
	unsigned row[LONGEST + 1];
	size_t na = strlen(a), nb = strlen(b);

	if (na > LONGEST || nb > LONGEST)
		return UINT32_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < change)
				change = row[j] + 1;
			if (row[j - 1] + 1 < change)
				change = row[j - 1] + 1;
			row[j] = change;
		}
	}
	return row[nb];
}

void diag_nearest(struct diag_guess *g, const char *candidate)
{
	unsigned near_enough = (unsigned)strlen(g->word) / 3 + 1;
	unsigned distance = edit_distance(g->word, candidate);

	if (distance <= near_enough && (!g->best || distance < g->distance)) {
		g->best = candidate;
		g->distance = distance;
	}
}
