/* Values as text (spec part 9.2): one row of a table per kind of type, aggregates by recursion.
 *
 * Bytes are as they lie in a map or an event record: little-endian, laid out by the type. They may
 * be unaligned, so every load goes through memcpy. */
#include "output/output.h"

#include "output/internal.h"

/* Two digits at a time from a table of pairs, back to front. */
void text_add_u64(struct strbuf *out, uint64_t v)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
	                            "25262728293031323334353637383940414243444546474849"
	                            "50515253545556575859606162636465666768697071727374"
	                            "75767778798081828384858687888990919293949596979899";
	char digits[20];
	char *p = digits + sizeof(digits);

	while (v >= 100) {
		p -= 2;
		memcpy(p, pairs + 2 * (v % 100), 2);
		v /= 100;
	}
	if (v >= 10) {
		p -= 2;
		memcpy(p, pairs + 2 * v, 2);
	} else {
		*--p = (char)('0' + v);
	}
	sb_add(out, p, (size_t)(digits + sizeof(digits) - p));
}

void text_add_i64(struct strbuf *out, int64_t v)
{
	if (v >= 0) {
		text_add_u64(out, (uint64_t)v);
	} else {
		sb_addc(out, '-');
		text_add_u64(out, 0 - (uint64_t)v);
	}
}

static int64_t load_int(const unsigned char *p, uint32_t size_b, bool is_signed)
{
	uint64_t v = 0;
	unsigned unused_bits;

	if (size_b == 0)
		return 0;
	if (size_b > 8)
		size_b = 8;
	memcpy(&v, p, size_b);
	unused_bits = 64 - 8 * size_b;
	if (is_signed)
		return (int64_t)(v << unused_bits) >> unused_bits;
	return (int64_t)v;
}

int64_t value_average(const struct type *t, const void *bytes)
{
	uint64_t total = load_u64(bytes), count = load_u64((const char *)bytes + 8);

	if (!count)
		return 0;
	return t->is_signed ? (int64_t)total / (int64_t)count : (int64_t)(total / count);
}

int64_t value_integer(const struct type *t, const void *bytes)
{
	t = type_strip(t);
	switch (t->kind) {
	case TYPE_PTR:
	case TYPE_COUNT:
	case TYPE_SUM:
	case TYPE_MIN:
	case TYPE_MAX:
		return (int64_t)load_u64(bytes);
	case TYPE_AVG:
	case TYPE_STATS:
		return value_average(t, bytes);
	case TYPE_BOOL:
		return *(const unsigned char *)bytes != 0;
	default:
		return load_int(bytes, t->size_b, t->is_signed);
	}
}

bool value_is_signed(const struct type *t)
{
	t = type_strip(t);
	return t->is_signed && t->kind != TYPE_COUNT && t->kind != TYPE_PTR && t->kind != TYPE_BOOL;
}

int64_t value_bitfield(const struct field *f, const unsigned char *at)
{
	const struct type *t = type_strip(f->type);
	uint64_t word = 0;

	memcpy(&word, at, t->size_b < 8 ? t->size_b : 8);
	word >>= f->bit_off;
	if (f->bit_size >= 64)
		return (int64_t)word;
	if (t->is_signed)
		return (int64_t)(word << (64 - f->bit_size)) >> (64 - f->bit_size);
	return (int64_t)(word & ((1ull << f->bit_size) - 1));
}

const char *value_enum_name(const struct type *t, int64_t v)
{
	for (uint32_t i = 0; i < t->n_enumerators; i++)
		if (t->enumerators[i].value == v)
			return t->enumerators[i].name;
	return NULL;
}

void value_string(struct output *o, const unsigned char *p, size_t n, struct strbuf *out)
{
	size_t len = strnlen((const char *)p, n);
	/* What str() has cut ends with a NUL like any other, but fills all that str() may take. */
	bool is_full = n == o->img->max_strlen && len + 1 == n;

	sb_add(out, p, len);
	if (((len == n && n) || is_full) && o->img->str_trunc_trailer)
		sb_adds(out, o->img->str_trunc_trailer);
}

void value_buffer(const struct type *t, const void *bytes, enum buffer_style style,
                  struct strbuf *out)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = (const unsigned char *)bytes + 4;
	uint32_t n = load_u32(bytes);

	if (n > t->size_b - 4)
		n = t->size_b - 4;
	for (uint32_t i = 0; i < n; i++) {
		char escaped[4] = {'\\', 'x', hex[p[i] >> 4], hex[p[i] & 15]};

		if (style == BUFFER_PLAIN && p[i] >= 0x20 && p[i] <= 0x7e) {
			sb_addc(out, (char)p[i]);
		} else if (style == BUFFER_HEX) {
			if (i)
				sb_addc(out, ' ');
			sb_add(out, escaped + 2, 2);
		} else {
			sb_add(out, escaped, 4);
		}
	}
}

uint32_t value_data_loc(const struct type *whole, const unsigned char *base,
                        const unsigned char *at, uint32_t *ret_len_b)
{
	uint32_t loc = load_u32(at), off = loc & 0xffff, len = loc >> 16;

	*ret_len_b = 0;
	if (off + len > whole->size_b)
		return 0;
	*ret_len_b = (uint32_t)strnlen((const char *)base + off, len);
	return off;
}

void value_fields(const struct type *t, const unsigned char *base, value_field_fn *fn, void *arg)
{
	for (uint32_t i = 0; i < t->n_fields; i++) {
		const struct field *f = &t->fields[i];
		const struct type *ft = type_strip(f->type);

		if (!f->name && (ft->kind == TYPE_STRUCT || ft->kind == TYPE_UNION))
			value_fields(ft, base + f->off_b, fn, arg);
		else if (f->name)
			fn(arg, f, base + f->off_b);
	}
}

/* ---- a row per kind -------------------------------------------------------------------------- */

typedef void text_fn(struct output *o, const struct type *t, const unsigned char *p,
                     struct strbuf *out);

static void text_null(struct output *o, const struct type *t, const unsigned char *p,
                      struct strbuf *out)
{
	(void)o;
	(void)t;
	(void)p;
	sb_adds(out, "null");
}

static void text_bool(struct output *o, const struct type *t, const unsigned char *p,
                      struct strbuf *out)
{
	(void)o;
	sb_adds(out, value_integer(t, p) ? "true" : "false");
}

/* The only 128-bit integers are fields of kernel structs. */
static void text_int128(const struct type *t, const unsigned char *p, struct strbuf *out)
{
	unsigned __int128 v;
	char digits[40];
	char *at = digits + sizeof(digits);

	memcpy(&v, p, sizeof(v));
	if (t->is_signed && v >> 127) {
		sb_addc(out, '-');
		v = -v;
	}
	do {
		*--at = (char)('0' + (int)(v % 10));
		v /= 10;
	} while (v);
	sb_add(out, at, (size_t)(digits + sizeof(digits) - at));
}

static void text_int(struct output *o, const struct type *t, const unsigned char *p,
                     struct strbuf *out)
{
	(void)o;
	if (t->size_b == 16 && t->kind == TYPE_INT)
		text_int128(t, p, out);
	else if (value_is_signed(t))
		text_add_i64(out, value_integer(t, p));
	else
		text_add_u64(out, (uint64_t)value_integer(t, p));
}

static void text_enum(struct output *o, const struct type *t, const unsigned char *p,
                      struct strbuf *out)
{
	const char *name = value_enum_name(t, value_integer(t, p));

	if (name && !o->opts.is_compat)
		sb_adds(out, name);
	else
		text_int(o, t, p, out);
}

static void text_ptr(struct output *o, const struct type *t, const unsigned char *p,
                     struct strbuf *out)
{
	(void)t;
	sb_addf(out, o->opts.is_compat ? "%llu" : "0x%llx", (unsigned long long)load_u64(p));
}

static void text_array(struct output *o, const struct type *t, const unsigned char *p,
                       struct strbuf *out)
{
	const struct type *elem = type_strip(t->elem);

	if (type_is_char_array(t)) {
		value_string(o, p, t->n_elems, out);
		return;
	}
	sb_addc(out, '[');
	for (uint32_t i = 0; i < t->n_elems; i++) {
		if (i)
			sb_addc(out, ',');
		output_value_text(o, elem, p + (size_t)i * elem->size_b, out);
	}
	sb_addc(out, ']');
}

struct members {
	struct output *o;
	struct strbuf *out;
	const struct type *whole; /* the outermost struct: anonymous members are seen through */
	const unsigned char *base;
	uint32_t n;
};

static void text_member(void *arg, const struct field *f, const unsigned char *at)
{
	struct members *m = arg;

	sb_adds(m->out, m->n++ ? ", ." : " .");
	sb_adds(m->out, f->name);
	sb_adds(m->out, " = ");
	if (f->is_data_loc) {
		uint32_t len_b, off = value_data_loc(m->whole, m->base, at, &len_b);

		sb_add(m->out, m->base + off, len_b);
	} else if (!f->bit_size) {
		output_value_text(m->o, f->type, at, m->out);
	} else if (value_is_signed(f->type)) {
		text_add_i64(m->out, value_bitfield(f, at));
	} else {
		text_add_u64(m->out, (uint64_t)value_bitfield(f, at));
	}
}

static void text_struct(struct output *o, const struct type *t, const unsigned char *p,
                        struct strbuf *out)
{
	struct members m = {.o = o, .out = out, .whole = t, .base = p};

	sb_addc(out, '{');
	value_fields(t, p, text_member, &m);
	sb_adds(out, m.n ? " }" : "}");
}

void value_tuple_inner(struct output *o, const struct type *t, const void *bytes,
                       struct strbuf *out)
{
	for (uint32_t i = 0; i < t->n_fields; i++) {
		if (i)
			sb_adds(out, ", ");
		output_value_text(o, t->fields[i].type,
		                  (const unsigned char *)bytes + t->fields[i].off_b, out);
	}
}

static void text_tuple(struct output *o, const struct type *t, const unsigned char *p,
                       struct strbuf *out)
{
	sb_addc(out, '(');
	value_tuple_inner(o, t, p, out);
	sb_addc(out, ')');
}

static void text_string(struct output *o, const struct type *t, const unsigned char *p,
                        struct strbuf *out)
{
	value_string(o, p, t->size_b, out);
}

static void text_buffer(struct output *o, const struct type *t, const unsigned char *p,
                        struct strbuf *out)
{
	(void)o;
	value_buffer(t, p, BUFFER_PLAIN, out);
}

static void text_inet(struct output *o, const struct type *t, const unsigned char *p,
                      struct strbuf *out)
{
	(void)o;
	(void)t;
	net_inet_text(p, out);
}

static void text_mac(struct output *o, const struct type *t, const unsigned char *p,
                     struct strbuf *out)
{
	(void)o;
	(void)t;
	net_mac_text(p, out);
}

static const char *image_string(const struct output *o, uint32_t number)
{
	return number && number <= o->img->strings.n ? o->img->strings.items[number - 1] : NULL;
}

static void text_timestamp(struct output *o, const struct type *t, const unsigned char *p,
                           struct strbuf *out)
{
	(void)t;
	time_stamp_text(o, load_u64(p), image_string(o, load_u32(p + 8)), false, out);
}

static void text_username(struct output *o, const struct type *t, const unsigned char *p,
                          struct strbuf *out)
{
	(void)t;
	name_user_text(o, load_u64(p), out);
}

static void text_cgroup_path(struct output *o, const struct type *t, const unsigned char *p,
                             struct strbuf *out)
{
	(void)t;
	name_cgroup_text(o, load_u64(p), image_string(o, load_u32(p + 8)), out);
}

static void text_symbol(struct output *o, const struct type *t, const unsigned char *p,
                        struct strbuf *out)
{
	symbol_text(o, t, p, out);
}

static void text_stack(struct output *o, const struct type *t, const unsigned char *p,
                       struct strbuf *out)
{
	stack_text(o, t, p, out);
}

static void text_stats(struct output *o, const struct type *t, const unsigned char *p,
                       struct strbuf *out)
{
	bool is_compat = o->opts.is_compat;

	sb_adds(out, is_compat ? "count " : "{ .count = ");
	text_add_u64(out, load_u64(p + 8));
	sb_adds(out, is_compat ? ", average " : ", .average = ");
	if (t->is_signed)
		text_add_i64(out, value_average(t, p));
	else
		text_add_u64(out, (uint64_t)value_average(t, p));
	sb_adds(out, is_compat ? ", total " : ", .total = ");
	if (t->is_signed)
		text_add_i64(out, (int64_t)load_u64(p));
	else
		text_add_u64(out, load_u64(p));
	if (!is_compat)
		sb_adds(out, " }");
}

static void text_hist(struct output *o, const struct type *t, const unsigned char *p,
                      struct strbuf *out)
{
	hist_text(o, t, p, 0, out);
}

/* clang-format off */
static text_fn *const texts[TYPE_N] = {
	[TYPE_BOOL]        = text_bool,
	[TYPE_INT]         = text_int,
	[TYPE_ENUM]        = text_enum,
	[TYPE_PTR]         = text_ptr,
	[TYPE_ARRAY]       = text_array,
	[TYPE_STRUCT]      = text_struct,
	[TYPE_UNION]       = text_struct,
	[TYPE_RECORD]      = text_struct,
	[TYPE_TUPLE]       = text_tuple,
	[TYPE_STRING]      = text_string,
	[TYPE_BUFFER]      = text_buffer,
	[TYPE_INET]        = text_inet,
	[TYPE_MAC]         = text_mac,
	[TYPE_TIMESTAMP]   = text_timestamp,
	[TYPE_USERNAME]    = text_username,
	[TYPE_CGROUP_PATH] = text_cgroup_path,
	[TYPE_KSYM]        = text_symbol,
	[TYPE_USYM]        = text_symbol,
	[TYPE_KSTACK]      = text_stack,
	[TYPE_USTACK]      = text_stack,
	[TYPE_COUNT]       = text_int,
	[TYPE_SUM]         = text_int,
	[TYPE_MIN]         = text_int,
	[TYPE_MAX]         = text_int,
	[TYPE_AVG]         = text_int,
	[TYPE_STATS]       = text_stats,
	[TYPE_HIST]        = text_hist,
	[TYPE_LHIST]       = text_hist,
	[TYPE_TSERIES]     = tseries_text,
};
/* clang-format on */

void output_value_text(struct output *o, const struct type *t, const void *bytes,
                       struct strbuf *out)
{
	t = type_strip(t);
	(texts[t->kind] ? texts[t->kind] : text_null)(o, t, bytes, out);
}
