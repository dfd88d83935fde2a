/* tracefs format files to records: events/CATEGORY/EVENT/format.
 *
 * Input: lines like
 *	field:const char * filename;	offset:24;	size:8;	signed:0;
 * Output: a TYPE_STRUCT with one field per line. The declared C type gives the name and whether it
 * is a pointer or an array; the line's size and signedness win over what the name would say, as the
 * kernel widens (`int dfd` of a system call is 8 bytes there). */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "types/types_priv.h"

const char *tracefs_path(void)
{
	static const char *const places[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char events[64];

		strcpy(events, places[i]);
		strcat(events, "/events");
		/* EACCES: there, but not for us. The caller's open() will say so. */
		if (!access(events, F_OK) || errno == EACCES)
			return places[i];
	}
	return NULL;
}

struct text {
	const char *s;
	size_t n;
};

static struct text trim(struct text t)
{
	while (t.n && isspace((unsigned char)*t.s)) {
		t.s++;
		t.n--;
	}
	while (t.n && isspace((unsigned char)t.s[t.n - 1]))
		t.n--;
	return t;
}

static bool is_word_char(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_';
}

/* `key:value;` anywhere in the line; the value, or an empty text. */
static struct text line_value(struct text line, const char *key)
{
	const char *at = memmem(line.s, line.n, key, strlen(key)), *end;

	if (!at)
		return (struct text){0};
	at += strlen(key);
	end = memchr(at, ';', line.n - (size_t)(at - line.s));
	return end ? (struct text){at, (size_t)(end - at)} : (struct text){0};
}

static bool text_number(struct text t, uint32_t *ret)
{
	uint64_t n = 0;

	if (!t.n)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		if (!isdigit((unsigned char)t.s[i]) || n > UINT32_MAX)
			return false;
		n = n * 10 + (uint64_t)(t.s[i] - '0');
	}
	*ret = (uint32_t)n;
	return n <= UINT32_MAX;
}

static bool text_is(struct text t, const char *want)
{
	return t.n == strlen(want) && !memcmp(t.s, want, t.n);
}

/* Annotations that say nothing about the layout. */
static bool is_noise(struct text word)
{
	static const char *const noise[] = {"volatile",   "restrict", "__user",   "__rcu",
	                                    "__percpu",   "__iomem",  "__kernel", "__seg_gs",
	                                    "__data_loc", "__rel_loc"};

	for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
		if (text_is(word, noise[i]))
			return true;
	return false;
}

/* A declaration taken apart: `const char *const * argv` has base "char", 2 stars, is_const. */
struct declaration {
	char base[128]; /* words joined by single blanks, without qualifiers */
	unsigned n_stars;
	bool is_const;
	bool is_array;
	uint32_t n_elems; /* 0: [] */
	struct text name;
};

static void parse_declaration(struct text decl, struct declaration *ret)
{
	const char *bracket;
	size_t base_b = 0;

	memset(ret, 0, sizeof(*ret));
	decl = trim(decl);
	bracket = memchr(decl.s, '[', decl.n);
	if (bracket) {
		struct text bound = {bracket + 1, (size_t)(decl.s + decl.n - bracket) - 1};
		const char *close = memchr(bound.s, ']', bound.n);

		ret->is_array = true;
		if (close) {
			bound.n = (size_t)(close - bound.s);
			text_number(trim(bound), &ret->n_elems);
			/* `__data_loc char[] name` has its name behind the bracket. */
			ret->name =
			    trim((struct text){close + 1, (size_t)(decl.s + decl.n - close) - 1});
		}
		decl.n = (size_t)(bracket - decl.s);
		decl = trim(decl);
	}
	if (!ret->name.n) {
		size_t n = 0;

		while (n < decl.n && is_word_char(decl.s[decl.n - 1 - n]))
			n++;
		ret->name = (struct text){decl.s + decl.n - n, n};
		decl.n -= n;
	}
	for (size_t i = 0; i < decl.n;) {
		struct text word = {decl.s + i, 0};

		if (decl.s[i] == '*')
			ret->n_stars++;
		while (i + word.n < decl.n && is_word_char(word.s[word.n]))
			word.n++;
		i += word.n ? word.n : 1;
		if (text_is(word, "const")) {
			ret->is_const |= !ret->n_stars;
			continue;
		}
		if (!word.n || is_noise(word) || base_b + word.n + 2 > sizeof(ret->base))
			continue;
		if (base_b)
			ret->base[base_b++] = ' ';
		memcpy(ret->base + base_b, word.s, word.n);
		base_b += word.n;
	}
	ret->base[base_b] = '\0';
}

static const struct type *tagged(struct types *ts, enum type_kind kind, const char *tag,
                                 uint32_t size_b)
{
	struct type *t = arena_new(ts->a, struct type);

	t->kind = kind;
	t->name = arena_strdup(ts->a, tag);
	t->size_b = size_b;
	t->align_b = size_b == 2 || size_b == 4 || size_b == 8 ? size_b : 1;
	t->is_incomplete = true; /* types_complete() asks BTF */
	return t;
}

/* What a pointer points to. Only names that are no base, tag or standard name open the BTF. */
static const struct type *pointee(struct types *ts, const struct declaration *d)
{
	const struct type *t = types_standard(d->base);

	if (!t && !strncmp(d->base, "struct ", 7))
		t = tagged(ts, TYPE_STRUCT, d->base + 7, 0);
	else if (!t && !strncmp(d->base, "union ", 6))
		t = tagged(ts, TYPE_UNION, d->base + 6, 0);
	else if (!t && !strncmp(d->base, "enum ", 5))
		t = tagged(ts, TYPE_ENUM, d->base + 5, 4);
	else if (!t && *d->base)
		t = types_find(ts, d->base);
	return t ? t : type_void();
}

/* A scalar of the declared name and the line's size and sign. */
static const struct type *scalar(struct types *ts, const struct declaration *d, uint32_t size_b,
                                 bool is_signed)
{
	const struct type *base = types_standard(d->base);
	struct type *t;

	if (!strncmp(d->base, "enum ", 5))
		return tagged(ts, TYPE_ENUM, d->base + 5, size_b);
	if (base && base->kind == TYPE_BOOL && size_b == 1)
		return base;
	if (size_b != 1 && size_b != 2 && size_b != 4 && size_b != 8) {
		/* A struct or a vector by value: its bytes. */
		if (!strncmp(d->base, "struct ", 7))
			return tagged(ts, TYPE_STRUCT, d->base + 7, size_b);
		return type_array(ts->a, type_int(1, false), size_b);
	}
	t = arena_new(ts->a, struct type);
	*t = *type_int(size_b, is_signed);
	t->is_char = base && base->is_char && size_b == 1;
	t->is_const = d->is_const;
	t->name = arena_strdup(ts->a, d->base);
	return t;
}

static const struct type *array_elem(struct types *ts, const struct declaration *d, uint32_t size_b,
                                     bool is_signed)
{
	const struct type *base = types_standard(d->base);

	/* Signedness of an array's line is its element's, but for char, which we know. */
	if (base && base->size_b == size_b && (base->is_char || base->is_signed == is_signed))
		return base;
	return scalar(ts, d, size_b, is_signed);
}

static const struct type *field_type(struct types *ts, const struct declaration *d, uint32_t size_b,
                                     bool is_signed, bool is_data_loc, enum addr_space as)
{
	const struct type *base = types_standard(d->base), *t;

	if (d->n_stars && !(d->is_array && d->n_elems)) {
		t = pointee(ts, d);
		if (d->is_const)
			t = type_const(ts->a, t);
		for (unsigned i = 0; i < d->n_stars; i++)
			t = type_ptr(ts->a, t, as);
		return t;
	}
	if (d->n_stars)
		return type_array(ts->a, type_ptr(ts->a, pointee(ts, d), as), d->n_elems);
	/* The line's size is that of the locator, or zero. */
	if (is_data_loc || (d->is_array && !d->n_elems)) {
		uint32_t elem_b = base && base->size_b ? base->size_b : 1;

		return type_array(ts->a, array_elem(ts, d, elem_b, is_signed), 0);
	}
	if (d->is_array)
		return type_array(ts->a, array_elem(ts, d, size_b / d->n_elems, is_signed),
		                  d->n_elems);
	return scalar(ts, d, size_b, is_signed);
}

static bool parse_field(struct types *ts, struct text line, enum addr_space as, struct field *ret)
{
	struct text decl = line_value(line, "field:");
	uint32_t off_b, size_b, is_signed = 0;
	struct declaration d;

	if (!decl.n || !text_number(line_value(line, "offset:"), &off_b) ||
	    !text_number(line_value(line, "size:"), &size_b))
		return false;
	text_number(line_value(line, "signed:"), &is_signed);
	parse_declaration(decl, &d);
	if (!d.name.n || off_b > UINT16_MAX ||
	    size_b > UINT16_MAX) /* one record is at most a page */
		return false;
	*ret = (struct field){.off_b = off_b};
	ret->is_data_loc = memmem(decl.s, decl.n, "__data_loc", 10) != NULL;
	ret->name = arena_strndup(ts->a, d.name.s, d.name.n);
	ret->type = field_type(ts, &d, size_b, is_signed, ret->is_data_loc, as);
	return true;
}

const struct type *types_parse_tracefs_format(struct types *ts, const char *category,
                                              const char *format, size_t len_b,
                                              uint32_t *ret_event_id)
{
	enum addr_space as = !strcmp(category, "syscalls") ? AS_USER : AS_KERNEL;
	struct type *t = arena_new(ts->a, struct type);
	vec(struct field) fields = {0};
	const char *end = format + len_b;

	t->kind = TYPE_STRUCT;
	t->align_b = 8; /* records begin on 8 bytes in perf's buffer */
	for (const char *p = format; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct text line = {p, (size_t)((nl ? nl : end) - p)};
		struct field f;
		uint32_t id;

		p = nl ? nl + 1 : end;
		if (line.n > 10 && !memcmp(line.s, "print fmt:", 10))
			break;
		if (line.n > 3 && !memcmp(line.s, "ID:", 3)) {
			if (ret_event_id &&
			    text_number(trim((struct text){line.s + 3, line.n - 3}), &id))
				*ret_event_id = id;
		} else if (parse_field(ts, line, as, &f)) {
			uint32_t stop = f.off_b + (f.is_data_loc ? 4 : f.type->size_b);

			vec_push(ts->a, &fields, f);
			if (stop > t->size_b)
				t->size_b = stop;
		}
	}
	t->fields = fields.items;
	t->n_fields = (uint32_t)fields.n;
	return t;
}

const struct type *types_read_tracefs_format(struct types *ts, const char *category,
                                             const char *event, uint32_t *ret_event_id)
{
	const char *root = tracefs_path();
	size_t len_b;
	char *text;
	int err;

	if (!root || strchr(category, '/') || strchr(event, '/') || category[0] == '.' ||
	    event[0] == '.') {
		errno = ENOENT;
		return NULL;
	}
	err = file_read(ts->a, arena_printf(ts->a, "%s/events/%s/%s/format", root, category, event),
	                &text, &len_b);
	if (err) {
		errno = -err;
		return NULL;
	}
	return types_parse_tracefs_format(ts, category, text, len_b, ret_event_id);
}
