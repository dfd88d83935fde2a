/* Whole maps (spec part 9.3): entries are gathered, put in order and printed.
 *
 * Keys and values lie in one contiguous store. Order is made by two stable radix sorts over
 * (rank, index) pairs, first by key and then by value, a rank being an unsigned number that sorts
 * as the thing does. So 100,000 entries cost a few linear passes, and entries with equal values
 * come out in the order of their keys, whatever order the engine had. Only where a rank does not
 * say everything about a key (long strings, tuples) are runs of equals compared in full. */
#include "output/output.h"

#include <stdlib.h>

#include "output/internal.h"

struct output_map {
	struct output *o;
	const struct image_var *var;
	const struct type *key; /* NULL: scalar */
	const struct type *value;
	uint32_t key_b, value_b, stride_b; /* an entry: key, value at value_off_b */
	uint32_t value_off_b;
	unsigned char *entries;
	size_t n, cap;
};

struct slot {
	uint64_t rank;
	uint32_t index;
};

struct output_map *output_map_begin(struct output *o, const struct image_var *var)
{
	struct output_map *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->o = o;
	m->var = var;
	m->key = var->key ? type_strip(var->key) : NULL;
	m->value = type_strip(var->value);
	m->key_b = m->key ? m->key->size_b : 0;
	m->value_b = image_value_size(m->value);
	m->value_off_b = (m->key_b + 7) & ~7u;
	m->stride_b = (m->value_off_b + m->value_b + 7) & ~7u;
	if (!m->stride_b)
		m->stride_b = 8;
	return m;
}

void output_map_add(struct output_map *m, const void *key, const void *value)
{
	unsigned char *entry;

	if (m->n == m->cap)
		m->entries = vec_grow(NULL, m->entries, m->n, &m->cap, m->n + 1, m->stride_b);
	entry = m->entries + m->n++ * m->stride_b;
	if (m->key_b && key)
		memcpy(entry, key, m->key_b);
	memcpy(entry + m->value_off_b, value, m->value_b);
}

/* The entry of slot i. Sorted order jumps about in the store: ask for what comes soon. */
static const unsigned char *entry_at(const struct output_map *m, const struct slot *slots, size_t i)
{
	enum { AHEAD = 8 };

	if (i + AHEAD < m->n)
		__builtin_prefetch(m->entries + (size_t)slots[i + AHEAD].index * m->stride_b);
	return m->entries + (size_t)slots[i].index * m->stride_b;
}

/* ---- order ----------------------------------------------------------------------------------- */

static uint64_t rank_signed(int64_t v)
{
	return (uint64_t)v ^ (1ull << 63);
}

static uint64_t rank_of_value(const struct type *t, const void *bytes)
{
	switch (t->kind) {
	case TYPE_MIN:
	case TYPE_MAX:
	case TYPE_COUNT:
		return load_u64(bytes);
	case TYPE_HIST:
	case TYPE_LHIST:
		return hist_total(t, bytes);
	default: {
		int64_t v = value_integer(t, bytes);

		return value_is_signed(t) ? rank_signed(v) : (uint64_t)v;
	}
	}
}

static bool is_ordered_by_value(const struct type *t)
{
	switch (t->kind) {
	case TYPE_INT:
		return t->size_b <= 8;
	case TYPE_ENUM:
	case TYPE_COUNT:
	case TYPE_SUM:
	case TYPE_MIN:
	case TYPE_MAX:
	case TYPE_AVG:
	case TYPE_STATS:
	case TYPE_HIST:
	case TYPE_LHIST:
		return true;
	default:
		return false;
	}
}

static uint64_t load_big_endian(const unsigned char *p, size_t n, bool is_text)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++) {
		unsigned char c = i < n ? p[i] : 0;

		if (is_text && !c)
			n = 0; /* nothing counts behind the NUL */
		v = v << 8 | c;
	}
	return v;
}

static uint64_t rank_of_key(const struct type *t, const unsigned char *p)
{
	t = type_strip(t);
	switch (t->kind) {
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_ENUM:
	case TYPE_PTR:
		return rank_signed(value_integer(t, p));
	case TYPE_TUPLE:
	case TYPE_RECORD:
		return t->n_fields ? rank_of_key(t->fields[0].type, p + t->fields[0].off_b) : 0;
	default:
		return load_big_endian(p, t->size_b, t->kind == TYPE_STRING);
	}
}

/* Is a key's rank all there is to it? */
static bool is_rank_whole(const struct type *t)
{
	if (t->kind == TYPE_TUPLE || t->kind == TYPE_RECORD)
		return t->n_fields == 0 ||
		       (t->n_fields == 1 && is_rank_whole(type_strip(t->fields[0].type)));
	return type_is_integer(t) || t->kind == TYPE_PTR || t->size_b <= 8;
}

static int compare_keys(const struct type *t, const unsigned char *a, const unsigned char *b)
{
	t = type_strip(t);
	switch (t->kind) {
	case TYPE_BOOL:
	case TYPE_INT:
	case TYPE_ENUM:
	case TYPE_PTR: {
		int64_t x = value_integer(t, a), y = value_integer(t, b);

		return (x > y) - (x < y);
	}
	case TYPE_STRING:
		return strncmp((const char *)a, (const char *)b, t->size_b);
	case TYPE_TUPLE:
	case TYPE_RECORD:
		for (uint32_t i = 0; i < t->n_fields; i++) {
			uint32_t off_b = t->fields[i].off_b;
			int order = compare_keys(t->fields[i].type, a + off_b, b + off_b);

			if (order)
				return order;
		}
		return 0;
	default:
		return memcmp(a, b, t->size_b);
	}
}

/* Stable, least significant byte first; bytes that all ranks share are passed over. `spare` has
 * room for n slots as well; the result may end up in either, and is returned. */
static struct slot *radix_sort(struct slot *slots, struct slot *spare, size_t n)
{
	static const unsigned n_digits = 8;
	uint32_t counts[8][256] = {0};

	for (size_t i = 0; i < n; i++)
		for (unsigned d = 0; d < n_digits; d++)
			counts[d][slots[i].rank >> (8 * d) & 0xff]++;
	for (unsigned d = 0; d < n_digits; d++) {
		struct slot *from = slots;
		uint32_t at = 0;

		if (n && counts[d][slots[0].rank >> (8 * d) & 0xff] == n)
			continue;
		for (unsigned v = 0; v < 256; v++) {
			uint32_t count = counts[d][v];

			counts[d][v] = at;
			at += count;
		}
		for (size_t i = 0; i < n; i++)
			spare[counts[d][from[i].rank >> (8 * d) & 0xff]++] = from[i];
		slots = spare;
		spare = from;
	}
	return slots;
}

static int compare_slots(const void *a, const void *b, void *arg)
{
	const struct output_map *m = arg;
	const struct slot *x = a, *y = b;
	int order = compare_keys(m->key, m->entries + (size_t)x->index * m->stride_b,
	                         m->entries + (size_t)y->index * m->stride_b);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static void sort_runs(const struct output_map *m, struct slot *slots)
{
	for (size_t begin = 0, end; begin < m->n; begin = end) {
		for (end = begin + 1; end < m->n && slots[end].rank == slots[begin].rank; end++)
			;
		if (end - begin > 1)
			qsort_r(slots + begin, end - begin, sizeof(*slots), compare_slots,
			        (void *)m);
	}
}

/* `both` holds 2 n slots; returns the half that is in order. */
static struct slot *sort_entries(const struct output_map *m, struct slot *both)
{
	struct slot *slots = both;

	for (size_t i = 0; i < m->n; i++)
		slots[i] =
		    (struct slot){rank_of_key(m->key, m->entries + i * m->stride_b), (uint32_t)i};
	slots = radix_sort(slots, both + m->n, m->n);
	if (!is_rank_whole(m->key))
		sort_runs(m, slots);
	if (!is_ordered_by_value(m->value))
		return slots;
	for (size_t i = 0; i < m->n; i++)
		slots[i].rank = rank_of_value(m->value, entry_at(m, slots, i) + m->value_off_b);
	return radix_sort(slots, slots == both ? both + m->n : both, m->n);
}

/* ---- printing -------------------------------------------------------------------------------- */

static bool is_hist(const struct type *t)
{
	return t->kind == TYPE_HIST || t->kind == TYPE_LHIST;
}

/* Rows of its own, below the map's name. */
static bool is_graph(const struct type *t)
{
	return is_hist(t) || t->kind == TYPE_TSERIES;
}

static bool is_empty(const struct type *t, const unsigned char *value)
{
	return t->kind == TYPE_TSERIES ? tseries_is_empty(t, value)
	                               : is_hist(t) && !hist_total(t, value);
}

static bool is_divided(const struct type *t)
{
	return t->kind == TYPE_INT || t->kind == TYPE_COUNT || t->kind == TYPE_SUM ||
	       t->kind == TYPE_MIN || t->kind == TYPE_MAX || t->kind == TYPE_AVG;
}

/* JSON values of divided integers stay what they are: numbers. */
static void add_divided(const struct type *t, const unsigned char *value, uint32_t div,
                        struct strbuf *out)
{
	if (value_is_signed(t))
		text_add_i64(out, value_integer(t, value) / (int64_t)div);
	else
		text_add_u64(out, (uint64_t)value_integer(t, value) / div);
}

static void add_value(struct output_map *m, const unsigned char *value, uint32_t div)
{
	struct output *o = m->o;
	bool is_json = o->opts.format == OUTPUT_JSON;

	if (is_hist(m->value))
		(is_json ? hist_json : hist_text)(o, m->value, value,
		                                  m->value->kind == TYPE_HIST ? div : 0, &o->text);
	else if (div > 1 && is_divided(m->value))
		add_divided(m->value, value, div, &o->text);
	else
		(is_json ? output_value_json : output_value_text)(o, m->value, value, &o->text);
}

static void add_key(struct output_map *m, const unsigned char *key, struct strbuf *out)
{
	if (m->key->kind == TYPE_TUPLE)
		value_tuple_inner(m->o, m->key, key, out);
	else
		output_value_text(m->o, m->key, key, out);
}

static void print_text_entry(struct output_map *m, const unsigned char *entry, uint32_t div)
{
	struct strbuf *out = &m->o->text;
	bool is_compat = m->o->opts.is_compat;

	sb_adds(out, m->var->name);
	if (m->key) {
		if (is_compat)
			m->o->frame_indent = OLD_KEY_FRAME_INDENT;
		sb_addc(out, '[');
		add_key(m, entry, out);
		sb_addc(out, ']');
		m->o->frame_indent = FRAME_INDENT;
	}
	sb_add(out, ": ", is_graph(m->value) && !is_compat ? 1 : 2);
	if (is_graph(m->value))
		sb_addc(out, '\n');
	add_value(m, entry + m->value_off_b, div);
	sb_addc(out, '\n');
	output_emitted(m->o);
}

static void print_json_key(struct output_map *m, const unsigned char *entry)
{
	struct strbuf *text = &m->o->scratch;
	size_t n = 0;

	sb_reset(text);
	add_key(m, entry, text);
	for (size_t i = 0; i < text->n; i++)
		if (text->s[i] != ' ')
			text->s[n++] = text->s[i];
	json_add_string(&m->o->text, sb_str(text), n);
	sb_adds(&m->o->text, ": ");
}

static void print_json(struct output_map *m, const struct slot *slots, size_t first, uint32_t div)
{
	struct strbuf *out = &m->o->text;
	bool is_stats = m->value->kind == TYPE_AVG || m->value->kind == TYPE_STATS;

	sb_addf(out, "{\"type\": \"%s\", \"data\": {\"%s\": ",
	        is_hist(m->value)                ? "hist"
	        : m->value->kind == TYPE_TSERIES ? "tseries"
	        : is_stats                       ? "stats"
	                                         : "map",
	        m->var->name);
	if (m->key)
		sb_addc(out, '{');
	for (size_t i = first; i < m->n; i++) {
		const unsigned char *entry = entry_at(m, slots, i);

		if (i > first)
			sb_adds(out, ", ");
		if (m->key)
			print_json_key(m, entry);
		add_value(m, entry + m->value_off_b, div);
	}
	sb_adds(out, m->key ? "}}}\n" : "}}\n");
	output_emitted(m->o);
}

static void print_entries(struct output_map *m, uint32_t top, uint32_t div)
{
	size_t first = top && top < m->n ? m->n - top : 0;
	struct slot *both = calloc(2 * m->n, sizeof(*both));
	struct slot *slots = both;

	if (!both)
		abort();
	if (m->key)
		slots = sort_entries(m, both);
	if (m->o->opts.format == OUTPUT_JSON) {
		print_json(m, slots, first, div);
	} else {
		for (size_t i = first; i < m->n; i++)
			print_text_entry(m, entry_at(m, slots, i), div);
		if (m->o->opts.is_compat &&
		    (m->value->kind == TYPE_AVG || m->value->kind == TYPE_STATS))
			sb_addc(&m->o->text, '\n');
	}
	free(both);
}

void output_map_end(struct output_map *m, uint32_t top, uint32_t div)
{
	/* a graph without key that has seen nothing is an empty map, not a value of zero */
	bool is_unseen = !m->key && m->n && is_empty(m->value, m->entries + m->value_off_b);

	if (m->n && !is_unseen)
		print_entries(m, top, div);
	free(m->entries);
	free(m);
}
