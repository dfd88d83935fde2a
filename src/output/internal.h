/* What the files of this room share, and nobody else sees. */
#ifndef SKEP_OUTPUT_INTERNAL_H
#define SKEP_OUTPUT_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/json.h"
#include "output/output.h"

struct format;
struct path_cache;
struct pcap_file;

/* Blanks before a frame; in 0.17 fewer within a key. */
enum { FRAME_INDENT = 8, OLD_KEY_FRAME_INDENT = 4 };

struct output {
	const struct image *img;
	struct symbols *syms;
	struct output_options opts;
	struct arena *a;
	struct strbuf text;      /* emitted, not yet handed to opts.out */
	struct strbuf scratch;   /* one emission's text on its way into a JSON string */
	struct format **formats; /* by event number, parsed at the event's first record */
	uint32_t *warned;        /* by event number: how often a run-time warning came */
	int64_t wall_offset_ns;  /* CLOCK_REALTIME - CLOCK_BOOTTIME; 0: not asked for yet */
	struct path_cache *cgroups;
	struct path_cache *users;
	struct pcap_file *pcaps;
	unsigned frame_indent;   /* of a stack's lines */
	bool has_warned_unnamed; /* that kernel addresses have no names */
	bool is_broken;          /* a write failed: no more are tried */
	int write_error;         /* its -errno, 0 if it was that nobody reads any more */
};

/* ---- pcap.c ---- */
/* A record with its bytes joins the capture file at `path`, which is made by the first one. */
void pcap_write(struct output *o, const char *path, const struct image_packet *p, uint32_t size_b);
void pcap_close(struct output *o);

/* ---- event.c ---- */
/* How often each run-time warning came, of those that came more than once. */
void warnings_total(struct output *o);

/* ---- output.c: where text goes --------------------------------------------------------------- */

/* Call after each whole emission: writes what has gathered if the buffering asks for it. */
void output_emitted(struct output *o);
/* `{"type": "<type>", "data": "<text>"}`, newline included. */
void output_json_message(struct output *o, const char *type, const char *text, size_t len_b);
/* To stderr, after what the script printed before. */
void output_complain(struct output *o, const struct strbuf *text);
void output_complainf(struct output *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- value.c --------------------------------------------------------------------------------- */

void text_add_u64(struct strbuf *out, uint64_t v);
void text_add_i64(struct strbuf *out, int64_t v);
/* Any integer-like value, sign- or zero-extended by its type: integers, enums, pointers, castable
 * aggregations (as their result). */
int64_t value_integer(const struct type *t, const void *bytes);
bool value_is_signed(const struct type *t);
const char *value_enum_name(const struct type *t, int64_t v); /* NULL: no member */
/* avg and stats: total / count, 0 of nothing. */
int64_t value_average(const struct type *t, const void *bytes);
/* A member of a struct, tuple or record, bit-fields taken out of their word. */
int64_t value_bitfield(const struct field *f, const unsigned char *at);
/* A tracefs __data_loc field at `at` in a record at `base`: offset and length of its text, or
 * length 0 if the record does not hold it. */
uint32_t value_data_loc(const struct type *whole, const unsigned char *base,
                        const unsigned char *at, uint32_t *ret_len_b);
/* A tuple's elements between `sep`s, without the outer parentheses. */
void value_tuple_inner(struct output *o, const struct type *t, const void *bytes,
                       struct strbuf *out);
/* Strings of at most n bytes at p; the trailer is added when they were cut. */
void value_string(struct output *o, const unsigned char *p, size_t n, struct strbuf *out);
enum buffer_style { BUFFER_PLAIN, BUFFER_HEX_ESCAPES, BUFFER_HEX };
void value_buffer(const struct type *t, const void *bytes, enum buffer_style style,
                  struct strbuf *out);
/* Visit the named fields of a struct, those of anonymous members in their place. */
typedef void value_field_fn(void *arg, const struct field *f, const unsigned char *at);
void value_fields(const struct type *t, const unsigned char *base, value_field_fn *fn, void *arg);

static inline uint64_t load_u64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t load_u32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* ---- format.c -------------------------------------------------------------------------------- */

/* Parse a format string; the result lives in `a`. Never fails: what is no conversion is text. */
struct format *format_parse(struct arena *a, const char *text);
void format_render(struct output *o, const struct format *f, const struct image_field *fields,
                   uint32_t n_fields, const void *record, struct strbuf *out);

/* ---- hist.c ---------------------------------------------------------------------------------- */

/* Rows (9.4) of one histogram whose buckets are at `bytes`; counts divided by div (0: as is). */
void hist_text(const struct output *o, const struct type *t, const void *bytes, uint32_t div,
               struct strbuf *out);
void hist_json(const struct output *o, const struct type *t, const void *bytes, uint32_t div,
               struct strbuf *out);
/* The least number that a bucket of hist counts; 2^64 behind the last. */
typedef __int128 bound;
bound hist_low(const struct type *t, uint32_t bucket);
uint64_t hist_total(const struct type *t, const void *bytes);

/* ---- tseries.c ------------------------------------------------------------------------------- */

/* The graph (9.5) of one series whose ring is at `bytes`. */
void tseries_text(struct output *o, const struct type *t, const unsigned char *bytes,
                  struct strbuf *out);
void tseries_json(struct output *o, const struct type *t, const unsigned char *bytes,
                  struct strbuf *out);
bool tseries_is_empty(const struct type *t, const unsigned char *bytes);
/* What one CPU kept joins what is known of all: `ret`. */
void tseries_merge(const struct type *t, const unsigned char *bytes, unsigned char *ret);

/* ---- stack.c, net.c, time.c, name.c ---------------------------------------------------------- */

void stack_text(struct output *o, const struct type *t, const void *bytes, struct strbuf *out);
void symbol_text(struct output *o, const struct type *t, const void *bytes, struct strbuf *out);
void net_inet_text(const void *bytes, struct strbuf *out);
void net_mac_text(const void *bytes, struct strbuf *out);
void time_now_text(const char *format, struct strbuf *out);
int64_t time_wall_ns(struct output *o, uint64_t boot_ns);
void time_stamp_text(struct output *o, uint64_t boot_ns, const char *format, bool is_utc,
                     struct strbuf *out);
void name_user_text(struct output *o, uint64_t uid, struct strbuf *out);
void name_cgroup_text(struct output *o, uint64_t id, const char *filter, struct strbuf *out);
void name_free(struct output *o);

#endif
