/* Types by name: C's base types, the standard integer names, the language's own names.
 *
 * Input: a name as written (`unsigned long int`, `__u32`, `struct x *[4]`, `string[16]`). Output:
 * a type. The standard names are a table, so the common ones never open the kernel's BTF. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "types/types_priv.h"

#define UNSIGNED(n, bytes)                                                                         \
	{                                                                                          \
		.kind = TYPE_INT, .size_b = (bytes), .align_b = (bytes), .name = (n)               \
	}
#define SIGNED(n, bytes)                                                                           \
	{                                                                                          \
		.kind = TYPE_INT, .size_b = (bytes), .align_b = (bytes), .is_signed = true,        \
		.name = (n)                                                                        \
	}
/* clang-format off */
static const struct type base_types[] = {
	{.kind = TYPE_INT, .size_b = 1, .align_b = 1, .is_signed = true, .is_char = true,
	 .name = "char"},
	{.kind = TYPE_INT, .size_b = 1, .align_b = 1, .is_signed = true, .is_char = true,
	 .name = "signed char"},
	UNSIGNED("unsigned char", 1),
	SIGNED("short", 2), UNSIGNED("unsigned short", 2),
	SIGNED("int", 4), UNSIGNED("unsigned int", 4),
	SIGNED("long", 8), UNSIGNED("unsigned long", 8),
	SIGNED("long long", 8), UNSIGNED("unsigned long long", 8),
};
enum { BASE_CHAR, BASE_SCHAR, BASE_UCHAR, BASE_SHORT, BASE_USHORT, BASE_INT, BASE_UINT, BASE_LONG,
       BASE_ULONG, BASE_LLONG, BASE_ULLONG };

static const struct type base_float = {.kind = TYPE_FLOAT, .size_b = 4, .align_b = 4,
				       .name = "float"};
static const struct type base_double = {.kind = TYPE_FLOAT, .size_b = 8, .align_b = 8,
					.name = "double"};

/* Typedefs every kernel and libc agree on (x86-64 and arm64 alike). Sorted for bsearch. */
static const struct type standard[] = {
	UNSIGNED("__be16", 2), UNSIGNED("__be32", 4), UNSIGNED("__be64", 8),
	SIGNED("__kernel_long_t", 8), SIGNED("__kernel_pid_t", 4), SIGNED("__kernel_time64_t", 8),
	UNSIGNED("__kernel_ulong_t", 8),
	SIGNED("__s16", 2), SIGNED("__s32", 4), SIGNED("__s64", 8), SIGNED("__s8", 1),
	UNSIGNED("__u16", 2), UNSIGNED("__u32", 4), UNSIGNED("__u64", 8), UNSIGNED("__u8", 1),
	SIGNED("blkcnt_t", 8), SIGNED("clock_t", 8), SIGNED("clockid_t", 4),
	UNSIGNED("dev_t", 4), UNSIGNED("gfp_t", 4), UNSIGNED("gid_t", 4), UNSIGNED("ino_t", 8),
	SIGNED("int16_t", 2), SIGNED("int32_t", 4), SIGNED("int64_t", 8), SIGNED("int8_t", 1),
	SIGNED("intptr_t", 8), SIGNED("key_t", 4), SIGNED("loff_t", 8), UNSIGNED("mode_t", 4),
	SIGNED("off_t", 8), SIGNED("pid_t", 4), SIGNED("ptrdiff_t", 8), UNSIGNED("rwf_t", 4),
	SIGNED("s16", 2), SIGNED("s32", 4), SIGNED("s64", 8), SIGNED("s8", 1),
	UNSIGNED("sector_t", 8), UNSIGNED("size_t", 8), SIGNED("ssize_t", 8), SIGNED("time64_t", 8),
	SIGNED("time_t", 8), SIGNED("timer_t", 4),
	UNSIGNED("u16", 2), UNSIGNED("u32", 4), UNSIGNED("u64", 8), UNSIGNED("u8", 1),
	UNSIGNED("u_char", 1), UNSIGNED("u_int", 4), UNSIGNED("u_long", 8), UNSIGNED("u_short", 2),
	UNSIGNED("uid_t", 4), UNSIGNED("uint", 4),
	UNSIGNED("uint16_t", 2), UNSIGNED("uint32_t", 4), UNSIGNED("uint64_t", 8),
	UNSIGNED("uint8_t", 1), UNSIGNED("uintptr_t", 8), UNSIGNED("ulong", 8),
	UNSIGNED("umode_t", 2), UNSIGNED("ushort", 2),
};
/* clang-format on */

static int by_name(const void *key, const void *elem)
{
	return strcmp(key, ((const struct type *)elem)->name);
}

bool base_words_add(struct base_words *w, const char *word, size_t len_b)
{
	static const struct {
		const char *word;
		size_t offset;
	} flags[] = {
	    {"unsigned", offsetof(struct base_words, is_unsigned)},
	    {"signed", offsetof(struct base_words, is_signed)},
	    {"__signed__", offsetof(struct base_words, is_signed)},
	    {"short", offsetof(struct base_words, is_short)},
	    {"char", offsetof(struct base_words, is_char)},
	    {"int", offsetof(struct base_words, is_int)},
	    {"void", offsetof(struct base_words, is_void)},
	    {"bool", offsetof(struct base_words, is_bool)},
	    {"_Bool", offsetof(struct base_words, is_bool)},
	    {"float", offsetof(struct base_words, is_float)},
	    {"double", offsetof(struct base_words, is_double)},
	};

	if (len_b == 4 && !memcmp(word, "long", 4)) {
		w->n_long++;
		w->any = true;
		return true;
	}
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strlen(flags[i].word) != len_b || memcmp(flags[i].word, word, len_b))
			continue;
		*(bool *)((char *)w + flags[i].offset) = true;
		w->any = true;
		return true;
	}
	return false;
}

const struct type *base_words_type(const struct base_words *w)
{
	if (!w->any)
		return NULL;
	if (w->is_void)
		return type_void();
	if (w->is_bool)
		return type_bool();
	if (w->is_float)
		return &base_float;
	if (w->is_double)
		return &base_double;
	if (w->is_char)
		return &base_types[w->is_unsigned ? BASE_UCHAR
		                   : w->is_signed ? BASE_SCHAR
		                                  : BASE_CHAR];
	if (w->is_short)
		return &base_types[BASE_SHORT + w->is_unsigned];
	if (w->n_long >= 2)
		return &base_types[BASE_LLONG + w->is_unsigned];
	if (w->n_long)
		return &base_types[BASE_LONG + w->is_unsigned];
	return &base_types[BASE_INT + w->is_unsigned];
}

const struct type *types_standard(const char *c_name)
{
	struct base_words w = {0};
	const char *p = c_name;

	for (;;) {
		size_t len_b = strcspn(p, " ");

		if (!base_words_add(&w, p, len_b))
			break;
		p += len_b;
		if (!*p)
			return base_words_type(&w);
		p++;
	}
	return bsearch(c_name, standard, sizeof(standard) / sizeof(standard[0]),
	               sizeof(standard[0]), by_name);
}

/* ---- the language's type names ----------------------------------------------------------- */

struct name_cursor {
	const char *p, *end;
};

static void skip_space(struct name_cursor *c)
{
	while (c->p < c->end && isspace((unsigned char)*c->p))
		c->p++;
}

static bool is_word(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_';
}

static size_t peek_word(struct name_cursor *c)
{
	size_t n = 0;

	skip_space(c);
	while (c->p + n < c->end && is_word(c->p[n]))
		n++;
	return n;
}

static bool take(struct name_cursor *c, char ch)
{
	skip_space(c);
	if (c->p >= c->end || *c->p != ch)
		return false;
	c->p++;
	return true;
}

/* `[N]` or `[]`; false if there is none or it is malformed. */
static bool take_bound(struct name_cursor *c, uint32_t *ret_n)
{
	struct name_cursor start = *c;
	uint64_t n = 0;

	if (!take(c, '['))
		return false;
	skip_space(c);
	while (c->p < c->end && isdigit((unsigned char)*c->p) && n <= UINT32_MAX)
		n = n * 10 + (uint64_t)(*c->p++ - '0');
	if (n > UINT32_MAX || !take(c, ']')) {
		*c = start;
		return false;
	}
	*ret_n = (uint32_t)n;
	return true;
}

static bool word_is(const char *word, size_t len_b, const char *want)
{
	return strlen(want) == len_b && !memcmp(word, want, len_b);
}

static const struct {
	const char *name;
	enum type_kind kind;
	bool is_signed;
} language_names[] = {
    {"none", TYPE_NONE, false},           {"inet", TYPE_INET, false},
    {"macaddr_t", TYPE_MAC, false},       {"timestamp", TYPE_TIMESTAMP, false},
    {"username_t", TYPE_USERNAME, false}, {"cgroup_path_t", TYPE_CGROUP_PATH, false},
    {"ksym_t", TYPE_KSYM, false},         {"usym_t", TYPE_USYM, false},
    {"count_t", TYPE_COUNT, false},       {"sum_t", TYPE_SUM, true},
    {"usum_t", TYPE_SUM, false},          {"min_t", TYPE_MIN, true},
    {"umin_t", TYPE_MIN, false},          {"max_t", TYPE_MAX, true},
    {"umax_t", TYPE_MAX, false},          {"avg_t", TYPE_AVG, true},
    {"uavg_t", TYPE_AVG, false},          {"stats_t", TYPE_STATS, true},
    {"ustats_t", TYPE_STATS, false},
};

static const struct type *language_type(struct types *ts, struct name_cursor *c, const char *word,
                                        size_t len_b)
{
	static const struct {
		const char *name;
		uint32_t size_b;
		bool is_signed;
	} ints[] = {
	    {"int8", 1, true},   {"int16", 2, true},   {"int32", 4, true},   {"int64", 8, true},
	    {"uint8", 1, false}, {"uint16", 2, false}, {"uint32", 4, false}, {"uint64", 8, false},
	};
	uint32_t n = 0;

	for (size_t i = 0; i < sizeof(ints) / sizeof(ints[0]); i++)
		if (word_is(word, len_b, ints[i].name))
			return type_int(ints[i].size_b, ints[i].is_signed);
	if (word_is(word, len_b, "string")) {
		take_bound(c, &n);
		return type_string(ts->a, n);
	}
	if (word_is(word, len_b, "buffer")) {
		take_bound(c, &n);
		return type_buffer(ts->a, n);
	}
	for (size_t i = 0; i < sizeof(language_names) / sizeof(language_names[0]); i++)
		if (word_is(word, len_b, language_names[i].name))
			return type_agg(ts->a, language_names[i].kind, language_names[i].is_signed);
	return NULL;
}

static bool is_qualifier(const char *word, size_t len_b)
{
	return word_is(word, len_b, "const") || word_is(word, len_b, "volatile");
}

/* base = ("struct" | "union" | "enum") TAG | base-words | NAME */
static const struct type *parse_base(struct types *ts, struct name_cursor *c)
{
	struct base_words w = {0};
	const char *word;
	char name[512];
	size_t len_b;

	while ((len_b = peek_word(c)) && is_qualifier(c->p, len_b))
		c->p += len_b;
	word = c->p;
	if (!len_b || isdigit((unsigned char)*word))
		return NULL;
	if (word_is(word, len_b, "struct") || word_is(word, len_b, "union") ||
	    word_is(word, len_b, "enum")) {
		size_t tag_len_b;

		c->p += len_b;
		tag_len_b = peek_word(c);
		if (!tag_len_b || len_b + 1 + tag_len_b >= sizeof(name))
			return NULL;
		memcpy(name, word, len_b);
		name[len_b] = ' ';
		memcpy(name + len_b + 1, c->p, tag_len_b);
		name[len_b + 1 + tag_len_b] = '\0';
		c->p += tag_len_b;
		return types_find(ts, name);
	}
	while (len_b && (base_words_add(&w, c->p, len_b) || (w.any && is_qualifier(c->p, len_b)))) {
		c->p += len_b;
		len_b = peek_word(c);
	}
	if (w.any)
		return base_words_type(&w);
	c->p += len_b;
	if (!strmap_getn(&ts->typedefs, word, len_b)) {
		const struct type *t = language_type(ts, c, word, len_b);

		if (t)
			return t;
	}
	if (len_b >= sizeof(name))
		return NULL;
	memcpy(name, word, len_b);
	name[len_b] = '\0';
	return types_find(ts, name);
}

const struct type *types_parse_name(struct types *ts, const char *text, size_t len_b)
{
	struct name_cursor c = {text, text + len_b};
	const struct type *t = parse_base(ts, &c);
	uint32_t n;

	while (t) {
		size_t word_b = peek_word(&c);

		if (word_b && is_qualifier(c.p, word_b))
			c.p += word_b;
		else if (take(&c, '*'))
			t = type_ptr(ts->a, t, AS_NONE);
		else if (take_bound(&c, &n))
			t = type_array(ts->a, t, n);
		else
			break;
	}
	skip_space(&c);
	return c.p == c.end ? t : NULL;
}
