/* Diagnostics: what the user did wrong, where, and what would help.
 *
 * A compiler never prints and never stops at the first mistake: it adds to a sink, and whoever
 * owns the sink renders it (bpftrace's layout, spec part 9.10). Each diagnostic has a code, a row
 * of base/errors.def. */
#ifndef SKEP_BASE_DIAG_H
#define SKEP_BASE_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

struct arena;

enum diag_code {
#define ERROR(name, text) E_##name,
#include "base/errors.def"
#undef ERROR
	E_N
};

/* A piece of a source text: bytes [begin, end) of source number `source`. begin == end == 0 with
 * source == SPAN_NONE means "no place". */
struct span {
	uint32_t source;
	uint32_t begin, end;
};
#define SPAN_NONE UINT32_MAX
#define NO_SPAN ((struct span){.source = SPAN_NONE})

enum diag_level { DIAG_ERROR, DIAG_WARNING };

struct diag;

struct diag *diag_create(struct arena *a);
/* Register a text that spans can point into; `name` is shown ("stdin", "x.bt"). Nothing is
 * copied. Returns its number. */
uint32_t diag_add_source(struct diag *d, const char *name, const char *text, size_t len_b);
uint32_t diag_sources(const struct diag *d); /* how many */
const char *diag_source_name(const struct diag *d, uint32_t source);
const char *diag_source_text(const struct diag *d, uint32_t source);
size_t diag_source_len(const struct diag *d, uint32_t source);
/* Lines that the person has not written (what --include puts in): n from line `first` on are shown,
 * but do not count; those behind them have the numbers they have in the file. */
void diag_hide_lines(struct diag *d, uint32_t source, uint32_t first, uint32_t n);
void diag_hidden_lines(const struct diag *d, uint32_t source, uint32_t *ret_first, uint32_t *ret_n);
/* A text that was made of others: its bytes [begin, end) stand for `from`. */
struct diag_piece {
	uint32_t begin, end;
	struct span from;
};
/* What is reported about pieces of `source` is shown where they came from; what touches none stays.
 * Pieces are in the order of the text and do not overlap; borrowed. */
void diag_derive_source(struct diag *d, uint32_t source, const struct diag_piece *pieces, size_t n);
/* 1-based line and column of a byte offset. */
void diag_position(const struct diag *d, uint32_t source, uint32_t off_b, uint32_t *ret_line,
                   uint32_t *ret_col);

void diag_error(struct diag *d, enum diag_code code, struct span at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void diag_warn(struct diag *d, enum diag_code code, struct span at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Add to the diagnostic reported last: a way out (rendered `HINT: ...`), or a second place with
 * its own text. */
void diag_hint(struct diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void diag_context(struct diag *d, struct span at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

size_t diag_errors(const struct diag *d);
size_t diag_warnings(const struct diag *d);
enum diag_code diag_first_error(const struct diag *d); /* valid if diag_errors() > 0 */
const char *diag_code_name(enum diag_code code);

struct diag_style {
	bool color;
	bool no_warnings;
};
/* All errors, then all warnings, in order of report, each at most once per place and text. */
void diag_render(const struct diag *d, const struct diag_style *style, struct strbuf *out);
/* One located message in the same layout, for use at run time (spec 9.11); `level_text` is e.g.
 * "WARNING". `second_line` may be NULL. */
void diag_render_one(const struct diag *d, const char *level_text, struct span at, const char *text,
                     const char *second_line, bool color, struct strbuf *out);

/* The candidate nearest to `word` by edit distance, if near enough to be what was meant
 * (distance at most a third of the word), else NULL. Call diag_nearest for each candidate. */
struct diag_guess {
	const char *word;
	const char *best;
	unsigned distance;
};
void diag_nearest(struct diag_guess *g, const char *candidate);

#endif
