/* The printf engine (spec part 8): a format string is parsed once into pieces, a piece being some
 * text and the conversion behind it; rendering a record walks the pieces.
 *
 * A conversion is, in this order: `%`, flags `-` `+` ` ` `#` `0` each at most once, width or `*`
 * (ignored), `.precision`, a length modifier, and the letters of one row of `conversions`. A `%`
 * that starts none of that is text. A bare `%d` or `%u` needs no layout and goes straight to the
 * output buffer; everything else is made there first and padded in place. */
#include "output/output.h"

#include <ctype.h>

#include "output/internal.h"

enum { MAX_ARGS = 127, MAX_WIDTH = 65535 };

struct piece {
	const char *text; /* before the conversion */
	uint32_t text_len_b;
	const struct conversion *conv; /* NULL: text only, the last piece */
	uint8_t size_b;                /* of integers, by the length modifier */
	bool is_left, has_plus, has_space, has_alt, has_zero;
	bool is_bare;         /* no flag, width or precision */
	int width, precision; /* precision -1: none */
};

struct format {
	const struct piece *pieces;
	uint32_t n_pieces;
	uint32_t n_args;
	char unsupported; /* a letter of C's printf that is no conversion here, or 0 */
};

typedef void render_fn(struct output *o, const struct piece *p, const struct type *t,
                       const void *bytes, struct strbuf *out);

enum { TAKES_INT = 1, TAKES_PTR = 2, TAKES_COUNTS = 4, TAKES_BUFFER = 8, TAKES_ANY = 16 };

struct conversion {
	const char *letters;
	unsigned takes;
	render_fn *render;
};

/* ---- conversions ----------------------------------------------------------------------------- */

/* `made` bytes were appended at out->n - made: bring them to the width. `sign_b` leading bytes
 * (a sign, 0x) stay in front of zeros. */
static void pad_to_width(const struct piece *p, struct strbuf *out, size_t made, size_t sign_b,
                         bool with_zeros)
{
	size_t missing, keep;

	if (p->width <= 0 || made >= (size_t)p->width)
		return;
	missing = (size_t)p->width - made;
	if (p->is_left) {
		sb_pad(out, ' ', missing);
		return;
	}
	keep = made - (with_zeros ? sign_b : 0);
	sb_pad(out, ' ', missing);
	memmove(out->s + out->n - keep, out->s + out->n - keep - missing, keep);
	memset(out->s + out->n - keep - missing, with_zeros ? '0' : ' ', missing);
}

/* A number's digits behind `prefix`, with C's rules for precision and zero padding. */
static void add_digits(const struct piece *p, const char *prefix, const char *digits, size_t n,
                       struct strbuf *out)
{
	size_t begin = out->n, sign_b = strlen(prefix);

	sb_add(out, prefix, sign_b);
	if (p->precision >= 0 && (size_t)p->precision > n)
		sb_pad(out, '0', (size_t)p->precision - n);
	if (!(p->precision == 0 && n == 1 && digits[0] == '0'))
		sb_add(out, digits, n);
	pad_to_width(p, out, out->n - begin, sign_b,
	             p->has_zero && !p->is_left && p->precision < 0);
}

static uint64_t truncated(const struct piece *p, int64_t v)
{
	return p->size_b >= 8 ? (uint64_t)v : (uint64_t)v & ((1ull << (8 * p->size_b)) - 1);
}

static void render_signed(struct output *o, const struct piece *p, const struct type *t,
                          const void *bytes, struct strbuf *out)
{
	unsigned unused_bits = 64 - 8u * p->size_b;
	int64_t v = (int64_t)((uint64_t)value_integer(t, bytes) << unused_bits) >> unused_bits;
	char digits[20];
	size_t n = 0;

	(void)o;
	if (p->is_bare) {
		text_add_i64(out, v);
		return;
	}
	for (uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v; rest || !n; rest /= 10)
		digits[sizeof(digits) - ++n] = (char)('0' + rest % 10);
	add_digits(p,
	           v < 0          ? "-"
	           : p->has_plus  ? "+"
	           : p->has_space ? " "
	                          : "",
	           digits + sizeof(digits) - n, n, out);
}

static void add_unsigned(const struct piece *p, uint64_t v, unsigned base, const char *prefix,
                         bool is_upper, struct strbuf *out)
{
	const char *alphabet = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char digits[24];
	size_t n = 0;

	do {
		digits[sizeof(digits) - ++n] = alphabet[v % base];
		v /= base;
	} while (v);
	if (base == 8 && p->has_alt && digits[sizeof(digits) - n] != '0')
		digits[sizeof(digits) - ++n] = '0';
	add_digits(p, prefix, digits + sizeof(digits) - n, n, out);
}

static void render_unsigned(struct output *o, const struct piece *p, const struct type *t,
                            const void *bytes, struct strbuf *out)
{
	uint64_t v = truncated(p, value_integer(t, bytes));
	char letter = p->conv->letters[0];

	(void)o;
	if (letter == 'u' && p->is_bare)
		text_add_u64(out, v);
	else if (letter == 'u')
		add_unsigned(p, v, 10, "", false, out);
	else if (letter == 'o')
		add_unsigned(p, v, 8, "", false, out);
	else
		add_unsigned(p, v, 16,
		             !p->has_alt || !v ? ""
		             : letter == 'x'   ? "0x"
		                               : "0X",
		             letter == 'X', out);
}

static void render_char(struct output *o, const struct piece *p, const struct type *t,
                        const void *bytes, struct strbuf *out)
{
	(void)o;
	sb_addc(out, (char)value_integer(t, bytes));
	pad_to_width(p, out, 1, 0, false);
}

static void render_pointer(struct output *o, const struct piece *p, const struct type *t,
                           const void *bytes, struct strbuf *out)
{
	uint64_t v = (uint64_t)value_integer(t, bytes);

	(void)o;
	add_unsigned(p, v, 16, v ? "0x" : "", false, out);
}

static void render_text(struct output *o, const struct piece *p, const struct type *t,
                        const void *bytes, struct strbuf *out)
{
	size_t begin = out->n;

	output_value_text(o, t, bytes, out);
	if (p->precision >= 0 && out->n - begin > (size_t)p->precision) {
		out->n = begin + (size_t)p->precision;
		out->s[out->n] = '\0';
	}
	pad_to_width(p, out, out->n - begin, 0, false);
}

static void render_buffer(struct output *o, const struct piece *p, const struct type *t,
                          const void *bytes, struct strbuf *out)
{
	size_t begin = out->n;
	char second = p->conv->letters[1];

	(void)o;
	value_buffer(type_strip(t), bytes,
	             second == 'x'   ? BUFFER_HEX_ESCAPES
	             : second == 'h' ? BUFFER_HEX
	                             : BUFFER_PLAIN,
	             out);
	pad_to_width(p, out, out->n - begin, 0, false);
}

/* Names of allocation flags, the most inclusive first: include/linux/gfp_types.h of v6.12, whose
 * low bits have been these since v5.8. */
static const struct {
	uint64_t mask;
	const char *name;
} gfp_flags[] = {
    {0x100cca, "GFP_HIGHUSER_MOVABLE"},
    {0x100cc2, "GFP_HIGHUSER"},
    {0x100cc0, "GFP_USER"},
    {0x400cc0, "GFP_KERNEL_ACCOUNT"},
    {0xcc0, "GFP_KERNEL"},
    {0xc40, "GFP_NOFS"},
    {0xc00, "GFP_NOIO"},
    {0x820, "GFP_ATOMIC"},
    {0x800, "GFP_NOWAIT"},
    {0x1, "__GFP_DMA"},
    {0x2, "__GFP_HIGHMEM"},
    {0x4, "__GFP_DMA32"},
    {0x8, "__GFP_MOVABLE"},
    {0x10, "__GFP_RECLAIMABLE"},
    {0x20, "__GFP_HIGH"},
    {0x40, "__GFP_IO"},
    {0x80, "__GFP_FS"},
    {0x100, "__GFP_ZERO"},
    {0x400, "__GFP_DIRECT_RECLAIM"},
    {0x800, "__GFP_KSWAPD_RECLAIM"},
    {0x1000, "__GFP_WRITE"},
    {0x2000, "__GFP_NOWARN"},
    {0x4000, "__GFP_RETRY_MAYFAIL"},
    {0x8000, "__GFP_NOFAIL"},
    {0x10000, "__GFP_NORETRY"},
    {0x20000, "__GFP_MEMALLOC"},
    {0x40000, "__GFP_COMP"},
    {0x80000, "__GFP_NOMEMALLOC"},
    {0x100000, "__GFP_HARDWALL"},
    {0x200000, "__GFP_THISNODE"},
    {0x400000, "__GFP_ACCOUNT"},
};

static void render_gfp(struct output *o, const struct piece *p, const struct type *t,
                       const void *bytes, struct strbuf *out)
{
	size_t begin = out->n;
	uint64_t rest = (uint64_t)value_integer(t, bytes);

	(void)o;
	for (size_t i = 0; i < sizeof(gfp_flags) / sizeof(gfp_flags[0]); i++) {
		if ((rest & gfp_flags[i].mask) != gfp_flags[i].mask)
			continue;
		sb_addf(out, "%s%s", out->n > begin ? "|" : "", gfp_flags[i].name);
		rest &= ~gfp_flags[i].mask;
	}
	if (out->n == begin && !rest)
		sb_addc(out, '0');
	else if (rest)
		sb_addf(out, "%s0x%llx", out->n > begin ? "|" : "", (unsigned long long)rest);
	pad_to_width(p, out, out->n - begin, 0, false);
}

/* Longer spellings before their prefixes. */
/* clang-format off */
static const struct conversion conversions[] = {
	{"d",  TAKES_INT | TAKES_PTR | TAKES_COUNTS, render_signed},
	{"i",  TAKES_INT | TAKES_PTR | TAKES_COUNTS, render_signed},
	{"u",  TAKES_INT | TAKES_PTR | TAKES_COUNTS, render_unsigned},
	{"x",  TAKES_INT | TAKES_PTR | TAKES_COUNTS, render_unsigned},
	{"X",  TAKES_INT | TAKES_PTR | TAKES_COUNTS, render_unsigned},
	{"o",  TAKES_INT | TAKES_PTR | TAKES_COUNTS, render_unsigned},
	{"c",  TAKES_INT,                            render_char},
	{"p",  TAKES_INT | TAKES_PTR,                render_pointer},
	{"s",  TAKES_ANY,                            render_text},
	{"rx", TAKES_BUFFER,                         render_buffer},
	{"rh", TAKES_BUFFER,                         render_buffer},
	{"r",  TAKES_BUFFER,                         render_buffer},
	{"gr", TAKES_INT,                            render_gfp},
};

static const struct {
	const char *text;
	uint8_t size_b;
} lengths[] = {
	{"hh", 1}, {"h", 2}, {"ll", 8}, {"l", 8}, {"j", 8}, {"z", 8}, {"t", 8}, {"", 4},
};
/* clang-format on */

/* ---- parsing --------------------------------------------------------------------------------- */

static bool skip(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

static int parse_number(const char **at)
{
	int n = 0;

	for (; isdigit((unsigned char)**at); ++*at)
		if (n < MAX_WIDTH)
			n = n * 10 + (**at - '0');
	return n < MAX_WIDTH ? n : MAX_WIDTH;
}

static const struct conversion *find_conversion(const char *at)
{
	for (size_t i = 0; i < sizeof(conversions) / sizeof(conversions[0]); i++)
		if (!strncmp(at, conversions[i].letters, strlen(conversions[i].letters)))
			return &conversions[i];
	return NULL;
}

/* What follows a `%`. Returns its end, or NULL if it is no conversion; then *ret_unsupported may
 * be set to the letter that C would have taken. */
static const char *parse_conversion(const char *at, struct piece *p, char *ret_unsupported)
{
	const char *begin = at;
	size_t i = 0;

	p->is_left = skip(&at, '-');
	p->has_plus = skip(&at, '+');
	p->has_space = skip(&at, ' ');
	p->has_alt = skip(&at, '#');
	p->has_zero = skip(&at, '0');
	p->width = skip(&at, '*') ? 0 : parse_number(&at);
	p->precision = -1;
	if (skip(&at, '.'))
		p->precision = parse_number(&at);
	p->is_bare = at == begin;
	while (strncmp(at, lengths[i].text, strlen(lengths[i].text)))
		i++;
	p->size_b = lengths[i].size_b;
	at += strlen(lengths[i].text);
	p->conv = find_conversion(at);
	if (!p->conv) {
		if (*at && strchr("fFeEgGaAn", *at))
			*ret_unsupported = *at;
		return NULL;
	}
	return at + strlen(p->conv->letters);
}

struct format *format_parse(struct arena *a, const char *text)
{
	struct format *f = arena_new(a, struct format);
	struct piece p = {0};
	vec(struct piece) pieces = {0};
	char *literal = arena_alloc(a, strlen(text) + 1); /* %% is shorter than its text */
	char *piece_at = literal, *to = literal;
	const char *end;

	while (*text) {
		char unsupported = 0;

		if (*text != '%') {
			*to++ = *text++;
		} else if (text[1] == '%') {
			*to++ = '%';
			text += 2;
		} else if ((end = parse_conversion(text + 1, &p, &unsupported))) {
			p.text = piece_at;
			p.text_len_b = (uint32_t)(to - piece_at);
			piece_at = to;
			vec_push(a, &pieces, p);
			f->n_args++;
			text = end;
		} else {
			if (unsupported && !f->unsupported)
				f->unsupported = unsupported;
			*to++ = *text++;
		}
	}
	if (to > piece_at) {
		p = (struct piece){.text = piece_at, .text_len_b = (uint32_t)(to - piece_at)};
		vec_push(a, &pieces, p);
	}
	f->pieces = pieces.items;
	f->n_pieces = (uint32_t)pieces.n;
	return f;
}

uint32_t output_format_pieces(struct arena *a, const char *format, const struct output_piece **ret)
{
	const struct format *f = format_parse(a, format);
	struct output_piece *pieces = arena_array(a, struct output_piece, f->n_pieces + 1);

	for (uint32_t i = 0; i < f->n_pieces; i++) {
		const struct piece *p = &f->pieces[i];

		pieces[i] = (struct output_piece){.text = p->text,
		                                  .text_len_b = p->text_len_b,
		                                  .letters = p->conv ? p->conv->letters : NULL,
		                                  .size_b = p->size_b,
		                                  .is_left = p->is_left,
		                                  .has_plus = p->has_plus,
		                                  .has_space = p->has_space,
		                                  .has_alt = p->has_alt,
		                                  .has_zero = p->has_zero,
		                                  .width = p->width,
		                                  .precision = p->precision};
	}
	*ret = pieces;
	return f->n_pieces;
}

/* ---- rendering and checking ------------------------------------------------------------------ */

void format_render(struct output *o, const struct format *f, const struct image_field *fields,
                   uint32_t n_fields, const void *record, struct strbuf *out)
{
	uint32_t arg = 0;

	for (uint32_t i = 0; i < f->n_pieces; i++) {
		const struct piece *p = &f->pieces[i];

		if (p->text_len_b)
			sb_add(out, p->text, p->text_len_b);
		if (!p->conv)
			continue;
		if (arg >= n_fields) { /* the compiler's check lets none through */
			sb_adds(out, "!{missing argument}");
			continue;
		}
		p->conv->render(o, p, fields[arg].type, image_field_at(&fields[arg], record),
		                out);
		arg++;
	}
}

void output_format(struct output *o, const char *format, const struct image_field *fields,
                   uint32_t n_fields, const void *record, struct strbuf *out)
{
	struct arena *a = arena_create();

	format_render(o, format_parse(a, format), fields, n_fields, record, out);
	arena_destroy(a);
}

static unsigned kinds_of(const struct type *t)
{
	t = type_strip(t);
	switch (t->kind) {
	case TYPE_INT:
	case TYPE_ENUM:
	case TYPE_BOOL:
		return TAKES_INT | TAKES_ANY;
	case TYPE_PTR:
		return TAKES_PTR | TAKES_ANY;
	case TYPE_BUFFER:
		return TAKES_BUFFER | TAKES_ANY;
	case TYPE_NONE:
	case TYPE_VOID:
	case TYPE_FUNC:
	case TYPE_HIST: /* only whole maps print them */
	case TYPE_LHIST:
	case TYPE_TSERIES:
		return 0;
	default:
		return type_is_castable_agg(t) ? TAKES_COUNTS | TAKES_ANY : TAKES_ANY;
	}
}

const char *output_check_format(struct arena *a, const char *format,
                                const struct type *const *types, uint32_t n_types)
{
	const struct format *f = format_parse(a, format);

	if (f->unsupported)
		return arena_printf(a, "unsupported format specifier: %c", f->unsupported);
	if (f->n_args > MAX_ARGS || n_types > MAX_ARGS)
		return arena_printf(a, "too many arguments for format string (at most %d)",
		                    MAX_ARGS);
	if (n_types != f->n_args)
		return arena_printf(a, "%s arguments for format string (%u supplied, %u expected)",
		                    n_types < f->n_args ? "not enough" : "too many", n_types,
		                    f->n_args);
	for (uint32_t i = 0; i < n_types; i++) {
		const struct conversion *conv = f->pieces[i].conv;

		if (kinds_of(types[i]) & conv->takes)
			continue;
		if (type_strip(types[i])->kind == TYPE_NONE)
			return arena_printf(a, "unable to print none type for specifier: %s",
			                    conv->letters);
		return arena_printf(a, "unsupported format specifier for type '%s': %s",
		                    type_name_dup(a, types[i]), conv->letters);
	}
	return NULL;
}
