/* Output: values to text and JSON. Knows types and bytes, not where they came from.
 *
 * One `struct output` per session: format, destination, symbols, the image whose strings and
 * events it renders. Text is byte for byte spec/tracing-language.md part 9. */
#ifndef SKEP_OUTPUT_OUTPUT_H
#define SKEP_OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/strbuf.h"
#include "image/image.h"
#include "symbols/symbols.h"

enum output_format { OUTPUT_TEXT, OUTPUT_JSON };
enum output_buffering { OUTPUT_LINE, OUTPUT_FULL, OUTPUT_NONE };

struct output_options {
	enum output_format format;
	enum output_buffering buffering;
	FILE *out; /* not owned: stdout or the -o file */
	FILE *err;
	bool is_colored;
	bool is_compat; /* text as bpftrace 0.17 wrote it, where it is known to differ */
	uint64_t max_cat_bytes;
	struct diag *diag; /* positions of run-time messages */
	bool shows_source; /* file and line in stacks, inlined calls */
	bool no_warnings;
	/* Frames of a stack by id, as engine_ops.stack_read; NULL: every stack is empty. */
	int (*read_stack)(void *arg, uint64_t id, uint32_t size_b, struct image_stack *ret);
	void *read_stack_arg;
};

struct output;
struct output *output_create(const struct image *img, struct symbols *syms,
                             const struct output_options *opts);
/* Flushes. Returns 0, or -errno of the write that failed first; that nobody reads any more (EPIPE)
 * is no failure. */
int output_destroy(struct output *o);
void output_flush(
    struct output *o); /* after each drained batch; with OUTPUT_FULL only what is much */
bool output_is_broken(const struct output *o); /* a write failed */

/* Text of a value (9.2), without newline; its JSON form (9.8). `bytes` has image_value_size(t)
 * bytes, aggregations already reduced over CPUs (one per-CPU layout holding the total). */
void output_value_text(struct output *o, const struct type *t, const void *bytes,
                       struct strbuf *out);
/* Any value that is an integer, or becomes one: castable aggregations as their result. */
int64_t output_value_integer(const struct type *t, const void *bytes);
bool output_value_is_signed(const struct type *t);
/* A histogram as BCC draws it: powers of two from 0 on, or for lhist a row for each value from 0
 * on. Nothing if all is empty. div 0 or 1: counts as they are. */
void output_hist_bcc(const struct type *t, const void *bytes, const char *label, uint64_t div,
                     struct strbuf *out);
/* The same rows, for other forms: values from low to high, as many as count. */
struct hist_row {
	int64_t low;
	uint64_t high, count;
};
void output_hist_rows(const struct type *t, const void *bytes, uint64_t div,
                      void (*fn)(void *arg, const struct hist_row *row), void *arg);
/* One frame of a stack a line, innermost first, in the form that `how` asks for. Returns how
 * many; none if the stack could not be taken; -1: it was taken, but there was no room for it.
 * Without fn nothing is looked up. */
int output_stack_frames(struct output *o, const struct type *t, const void *bytes, unsigned how,
                        void (*fn)(void *arg, const char *text), void *arg);
enum {
	FRAME_OFFSET = 1,
	FRAME_MODULE = 2,
	FRAME_ADDRESS = 4,
	FRAME_MARKED = 8,   /* `_[k]` behind names of the kernel's functions */
	FRAME_TRIMMED = 16, /* without those that tracing itself put there */
};
/* Text of nobody's event: joins what is printed. */
void output_write(struct output *o, const char *text, size_t len_b);
/* `{"type": "<type>", "data": "<text>"}`. */
void output_message(struct output *o, const char *type, const char *text, size_t len_b);
/* Text for standard error, behind what was printed before it. */
void output_complain_text(struct output *o, const char *text, size_t len_b);
/* Local time (or UTC) of boot-time nanoseconds, in strftime's format. */
void output_time_text(struct output *o, uint64_t boot_ns, const char *format, bool is_utc,
                      struct strbuf *out);
/* A user's name; the number if there is none. */
void output_user_text(struct output *o, uint64_t uid, struct strbuf *out);
enum output_format output_format_of(const struct output *o);
void output_value_json(struct output *o, const struct type *t, const void *bytes,
                       struct strbuf *out);
/* printf with the record's fields (part 8). */
void output_format(struct output *o, const char *format, const struct image_field *fields,
                   uint32_t n_fields, const void *record, struct strbuf *out);
/* Checks a format string against argument types at compile time (part 8). Returns NULL, or the
 * text of the mistake in the arena. */
const char *output_check_format(struct arena *a, const char *format,
                                const struct type *const *types, uint32_t n_types);

/* A format string in pieces, some text and the conversion behind it, for who renders them by other
 * means. Returns how many; the last one may be text only. */
struct output_piece {
	const char *text;
	uint32_t text_len_b;
	const char *letters; /* NULL: no conversion. "d", "s", "rx", ... */
	uint8_t size_b;      /* integers: bytes that are looked at */
	bool is_left, has_plus, has_space, has_alt, has_zero;
	int width, precision; /* precision -1: none */
};
uint32_t output_format_pieces(struct arena *a, const char *format, const struct output_piece **ret);

/* Reduce per-CPU values of an aggregation (image.h layouts) into one. */
void output_reduce(const struct type *t, const void *values, uint32_t n_values, uint32_t stride_b,
                   void *ret);

/* A whole map. Entries are collected, ordered (9.3) and printed; top, div 0: all, undivided.
 * Values are already reduced. */
struct output_map;
struct output_map *output_map_begin(struct output *o, const struct image_var *var);
void output_map_add(struct output_map *m, const void *key, const void *value);
void output_map_end(struct output_map *m, uint32_t top, uint32_t div); /* prints and frees */

/* Whole emissions, each in the chosen format. */
void output_attached(struct output *o,
                     uint32_t n_probes); /* banner: stderr in text, stdout in JSON */
void output_event(struct output *o, const struct image_event *ev, const void *record,
                  uint32_t size_b);
/* ^ everything but PRINT_MAP, CLEAR, ZERO and EXIT, which the session does itself */
void output_lost(struct output *o, uint64_t n_since); /* "Lost N events" */
void output_lost_total(struct output *o, uint64_t n_total);
/* Tests and benchmarks (9.12), trial.c: those before and after all of them are text only. */
void output_tests_begin(struct output *o, size_t n);
void output_test_begin(struct output *o, const char *name);
void output_test_end(struct output *o, const char *name, bool is_passed, uint64_t ns,
                     const char *text);
void output_tests_end(struct output *o, size_t n, const char *const *failed, size_t n_failed);
void output_benches_begin(struct output *o);
void output_bench(struct output *o, const char *name, uint64_t average_ns, uint64_t n);
void output_exit_gap(struct output *o); /* the two newlines before the maps (text only) */

#endif
