/* Values as JSON (spec part 9.8): what is a number, a truth or a whole of parts in the script
 * stays one; everything else is its text (9.2), quoted. */
#include "output/output.h"

#include "output/internal.h"

typedef void json_fn(struct output *o, const struct type *t, const unsigned char *p,
                     struct strbuf *out);

/* A reader that keeps numbers as doubles would round these: they become strings. */
static bool is_exact_double(uint64_t magnitude)
{
	return !magnitude || magnitude >> __builtin_ctzll(magnitude) < 1ull << 53;
}

static void json_integer(bool is_signed, int64_t v, struct strbuf *out)
{
	bool is_negative = is_signed && v < 0;
	bool is_exact = is_exact_double(is_negative ? 0 - (uint64_t)v : (uint64_t)v);

	if (!is_exact)
		sb_addc(out, '"');
	if (is_negative)
		text_add_i64(out, v);
	else
		text_add_u64(out, (uint64_t)v);
	if (!is_exact)
		sb_addc(out, '"');
}

static void json_text(struct output *o, const struct type *t, const unsigned char *p,
                      struct strbuf *out)
{
	own_strbuf struct strbuf text = {0};

	output_value_text(o, t, p, &text);
	json_add_string(out, sb_str(&text), text.n);
}

/* Kinds whose text is JSON already: true, false, null. */
static void json_bare(struct output *o, const struct type *t, const unsigned char *p,
                      struct strbuf *out)
{
	output_value_text(o, t, p, out);
}

static void json_int(struct output *o, const struct type *t, const unsigned char *p,
                     struct strbuf *out)
{
	if (t->size_b > 8 && t->kind == TYPE_INT)
		json_text(o, t, p, out);
	else
		json_integer(value_is_signed(t), value_integer(t, p), out);
}

static void json_array(struct output *o, const struct type *t, const unsigned char *p,
                       struct strbuf *out)
{
	const struct type *elem = type_strip(t->elem);

	if (type_is_char_array(t)) {
		json_text(o, t, p, out);
		return;
	}
	sb_addc(out, '[');
	for (uint32_t i = 0; i < t->n_elems; i++) {
		if (i)
			sb_addc(out, ',');
		output_value_json(o, elem, p + (size_t)i * elem->size_b, out);
	}
	sb_addc(out, ']');
}

static void json_tuple(struct output *o, const struct type *t, const unsigned char *p,
                       struct strbuf *out)
{
	sb_addc(out, '[');
	for (uint32_t i = 0; i < t->n_fields; i++) {
		if (i)
			sb_addc(out, ',');
		output_value_json(o, t->fields[i].type, p + t->fields[i].off_b, out);
	}
	sb_addc(out, ']');
}

struct members {
	struct output *o;
	struct strbuf *out;
	const struct type *whole;
	const unsigned char *base;
	uint32_t n;
};

static void json_member(void *arg, const struct field *f, const unsigned char *at)
{
	struct members *m = arg;

	if (m->n++)
		sb_adds(m->out, ", ");
	json_add_string(m->out, f->name, strlen(f->name));
	sb_adds(m->out, ": ");
	if (f->is_data_loc) {
		uint32_t len_b, off = value_data_loc(m->whole, m->base, at, &len_b);

		json_add_string(m->out, (const char *)m->base + off, len_b);
	} else if (f->bit_size) {
		json_integer(value_is_signed(f->type), value_bitfield(f, at), m->out);
	} else {
		output_value_json(m->o, f->type, at, m->out);
	}
}

static void json_struct(struct output *o, const struct type *t, const unsigned char *p,
                        struct strbuf *out)
{
	struct members m = {.o = o, .out = out, .whole = t, .base = p};

	sb_addc(out, '{');
	value_fields(t, p, json_member, &m);
	sb_addc(out, '}');
}

static void json_buffer(struct output *o, const struct type *t, const unsigned char *p,
                        struct strbuf *out)
{
	uint32_t n = load_u32(p);

	(void)o;
	if (n > t->size_b - 4)
		n = t->size_b - 4;
	sb_addc(out, '[');
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			sb_addc(out, ',');
		text_add_i64(out, (signed char)p[4 + i]);
	}
	sb_addc(out, ']');
}

static void json_stats(struct output *o, const struct type *t, const unsigned char *p,
                       struct strbuf *out)
{
	(void)o;
	sb_adds(out, "{\"count\": ");
	json_integer(false, (int64_t)load_u64(p + 8), out);
	sb_adds(out, ", \"average\": ");
	json_integer(t->is_signed, value_average(t, p), out);
	sb_adds(out, ", \"total\": ");
	json_integer(t->is_signed, (int64_t)load_u64(p), out);
	sb_addc(out, '}');
}

static void json_hist(struct output *o, const struct type *t, const unsigned char *p,
                      struct strbuf *out)
{
	hist_json(o, t, p, 0, out);
}

/* Kinds that are not here are texts. */
/* clang-format off */
static json_fn *const shapes[TYPE_N] = {
	[TYPE_NONE]   = json_bare,
	[TYPE_VOID]   = json_bare,
	[TYPE_FLOAT]  = json_bare,
	[TYPE_FUNC]   = json_bare,
	[TYPE_BOOL]   = json_bare,
	[TYPE_INT]    = json_int,
	[TYPE_ENUM]   = json_int,
	[TYPE_PTR]    = json_int,
	[TYPE_ARRAY]  = json_array,
	[TYPE_STRUCT] = json_struct,
	[TYPE_UNION]  = json_struct,
	[TYPE_RECORD] = json_struct,
	[TYPE_TUPLE]  = json_tuple,
	[TYPE_BUFFER] = json_buffer,
	[TYPE_COUNT]  = json_int,
	[TYPE_SUM]    = json_int,
	[TYPE_MIN]    = json_int,
	[TYPE_MAX]    = json_int,
	[TYPE_AVG]    = json_int,
	[TYPE_STATS]  = json_stats,
	[TYPE_HIST]   = json_hist,
	[TYPE_LHIST]  = json_hist,
	[TYPE_TSERIES] = tseries_json,
};
/* clang-format on */

void output_value_json(struct output *o, const struct type *t, const void *bytes,
                       struct strbuf *out)
{
	t = type_strip(t);
	(shapes[t->kind] ? shapes[t->kind] : json_text)(o, t, bytes, out);
}
