/* See value.h. Maps are open hash tables over their entries' numbers. */
#include "host/value.h"

#include <stdlib.h>
#include <string.h>

#include "output/output.h"

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

/* ---- making ---------------------------------------------------------------------------------- */

struct value value_uint(uint64_t u)
{
	return u <= INT64_MAX ? value_int((int64_t)u) : (struct value){.kind = VALUE_UINT, .u = u};
}

struct value value_text_n(const char *s, size_t len_b)
{
	struct value_text *t = need(malloc(sizeof(*t) + len_b + 1));

	t->refs = 1;
	t->len_b = (uint32_t)len_b;
	if (len_b)
		memcpy(t->s, s, len_b);
	t->s[len_b] = '\0';
	return (struct value){.kind = VALUE_TEXT, .text = t};
}

struct value value_text(const char *s)
{
	return value_text_n(s, strlen(s));
}

struct value value_typed(const struct type *t, const void *bytes, size_t size_b)
{
	struct value_bytes *b = need(malloc(sizeof(*b) + size_b));

	b->refs = 1;
	b->type = t;
	memcpy(b->bytes, bytes, size_b);
	return (struct value){.kind = VALUE_TYPED, .bytes = b};
}

struct value value_new_list(void)
{
	struct value_list *l = need(calloc(1, sizeof(*l)));

	l->refs = 1;
	return (struct value){.kind = VALUE_LIST, .list = l};
}

struct value value_new_map(void)
{
	struct value_map *m = need(calloc(1, sizeof(*m)));

	m->refs = 1;
	return (struct value){.kind = VALUE_MAP, .map = m};
}

/* ---- holding --------------------------------------------------------------------------------- */

struct value value_keep(struct value v)
{
	switch (v.kind) {
	case VALUE_TEXT:
		v.text->refs++;
		break;
	case VALUE_LIST:
		v.list->refs++;
		break;
	case VALUE_MAP:
		v.map->refs++;
		break;
	case VALUE_TYPED:
		v.bytes->refs++;
		break;
	default:
		break;
	}
	return v;
}

static void drop_list(struct value_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		value_drop(l->items[i]);
	free(l->items);
	free(l);
}

static void drop_map(struct value_map *m)
{
	for (size_t i = 0; i < m->n; i++) {
		value_drop(m->entries[i].key);
		value_drop(m->entries[i].value);
	}
	free(m->entries);
	free(m->slots);
	free(m);
}

void value_drop(struct value v)
{
	switch (v.kind) {
	case VALUE_TEXT:
		if (!--v.text->refs)
			free(v.text);
		break;
	case VALUE_TYPED:
		if (!--v.bytes->refs)
			free(v.bytes);
		break;
	case VALUE_LIST:
		if (!--v.list->refs)
			drop_list(v.list);
		break;
	case VALUE_MAP:
		if (!--v.map->refs)
			drop_map(v.map);
		break;
	default:
		break;
	}
}

/* ---- lists and maps -------------------------------------------------------------------------- */

void value_list_add(struct value_list *l, struct value v)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 4;
		l->items = need(reallocarray(l->items, l->cap, sizeof(*l->items)));
	}
	l->items[l->n++] = v;
}

static uint64_t mix(uint64_t hash, uint64_t x)
{
	hash = (hash ^ x) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static uint64_t hash_bytes(uint64_t hash, const void *p, size_t n)
{
	const unsigned char *c = p;

	for (size_t i = 0; i < n; i++)
		hash = mix(hash, c[i]);
	return hash;
}

static size_t size_of_bytes(const struct value_bytes *b)
{
	return image_value_size(b->type);
}

/* What compares equal has one hash. */
static uint64_t hash_of(struct value v)
{
	uint64_t hash = 0;

	switch (v.kind) {
	case VALUE_NONE:
		return 1;
	case VALUE_INT:
	case VALUE_UINT:
		return mix(2, v.u);
	case VALUE_FLOAT:
		return v.f >= -9e18 && v.f <= 9e18 && v.f == (double)(int64_t)v.f
		           ? mix(2, (uint64_t)(int64_t)v.f)
		           : hash_bytes(3, &v.f, sizeof(v.f));
	case VALUE_TEXT:
		return hash_bytes(4, v.text->s, v.text->len_b);
	case VALUE_LIST:
		for (size_t i = 0; i < v.list->n; i++)
			hash = mix(hash, hash_of(v.list->items[i]));
		return hash;
	case VALUE_TYPED:
		return type_is_integer(v.bytes->type)
		           ? mix(2, (uint64_t)output_value_integer(v.bytes->type, v.bytes->bytes))
		           : hash_bytes(5, v.bytes->bytes, size_of_bytes(v.bytes));
	default:
		return (uintptr_t)v.map;
	}
}

/* The slot of the key, or the free one where it would be. */
static size_t slot_of(const struct value_map *m, struct value key)
{
	size_t i = hash_of(key) & (m->n_slots - 1);

	while (m->slots[i] && value_compare(m->entries[m->slots[i] - 1].key, key) != 0)
		i = (i + 1) & (m->n_slots - 1);
	return i;
}

static void rebuild(struct value_map *m, size_t n_slots)
{
	free(m->slots);
	m->n_slots = n_slots;
	m->slots = need(calloc(n_slots, sizeof(*m->slots)));
	for (size_t i = 0; i < m->n; i++)
		m->slots[slot_of(m, m->entries[i].key)] = (uint32_t)i + 1;
}

struct value_entry *value_map_find(const struct value_map *m, struct value key)
{
	uint32_t at = m->n_slots ? m->slots[slot_of(m, key)] : 0;

	return at ? &m->entries[at - 1] : NULL;
}

void value_map_set(struct value_map *m, struct value key, struct value v)
{
	struct value_entry *e = value_map_find(m, key);

	if (e) {
		value_drop(e->value);
		value_drop(key);
		e->value = v;
		return;
	}
	if (m->n == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 8;
		m->entries = need(reallocarray(m->entries, m->cap, sizeof(*m->entries)));
	}
	m->entries[m->n++] = (struct value_entry){key, v};
	if (2 * m->n > m->n_slots)
		rebuild(m, m->n_slots ? 2 * m->n_slots : 16);
	else
		m->slots[slot_of(m, key)] = (uint32_t)m->n;
}

bool value_map_delete(struct value_map *m, struct value key)
{
	struct value_entry *e = value_map_find(m, key);

	if (!e)
		return false;
	value_drop(e->key);
	value_drop(e->value);
	memmove(e, e + 1, (size_t)(m->entries + m->n - (e + 1)) * sizeof(*e));
	m->n--;
	rebuild(m, m->n_slots);
	return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool is_integer(struct value v)
{
	return v.kind == VALUE_TYPED && type_is_integer(v.bytes->type);
}

bool value_is_number(struct value v)
{
	return v.kind == VALUE_INT || v.kind == VALUE_UINT || v.kind == VALUE_FLOAT ||
	       is_integer(v);
}

bool value_is_true(struct value v)
{
	switch (v.kind) {
	case VALUE_NONE:
		return false;
	case VALUE_FLOAT:
		return v.f != 0;
	case VALUE_TEXT:
		return v.text->len_b > 0;
	case VALUE_LIST:
		return v.list->n > 0;
	case VALUE_MAP:
		return v.map->n > 0;
	case VALUE_TYPED:
		return !is_integer(v) || value_to_int(v) != 0;
	default:
		return v.u != 0;
	}
}

int64_t value_to_int(struct value v)
{
	switch (v.kind) {
	case VALUE_INT:
	case VALUE_UINT:
		return v.i;
	case VALUE_FLOAT:
		return v.f >= 9223372036854775808.0   ? INT64_MAX
		       : v.f > -9223372036854775808.0 ? (int64_t)v.f
		       : v.f == v.f                   ? INT64_MIN
		                                      : 0;
	case VALUE_TEXT:
		return strtoll(v.text->s, NULL, 0);
	case VALUE_TYPED:
		return is_integer(v) ? output_value_integer(v.bytes->type, v.bytes->bytes) : 0;
	default:
		return 0;
	}
}

double value_to_float(struct value v)
{
	switch (v.kind) {
	case VALUE_UINT:
		return (double)v.u;
	case VALUE_FLOAT:
		return v.f;
	case VALUE_TEXT:
		return strtod(v.text->s, NULL);
	default:
		return (double)value_to_int(v);
	}
}

static int rank(struct value v)
{
	return v.kind == VALUE_NONE    ? 0
	       : value_is_number(v)    ? 1
	       : v.kind == VALUE_TEXT  ? 2
	       : v.kind == VALUE_LIST  ? 3
	       : v.kind == VALUE_TYPED ? 4
	                               : 5;
}

static int compare_numbers(struct value a, struct value b)
{
	int64_t x, y;

	if (a.kind == VALUE_FLOAT || b.kind == VALUE_FLOAT) {
		double p = value_to_float(a), q = value_to_float(b);

		return (p > q) - (p < q);
	}
	if (a.kind == VALUE_UINT && b.kind == VALUE_UINT)
		return (a.u > b.u) - (a.u < b.u);
	if (a.kind == VALUE_UINT || b.kind == VALUE_UINT)
		return a.kind == VALUE_UINT ? 1 : -1;
	x = value_to_int(a);
	y = value_to_int(b);
	return (x > y) - (x < y);
}

static int compare_text(const struct value_text *a, const struct value_text *b)
{
	int order = memcmp(a->s, b->s, a->len_b < b->len_b ? a->len_b : b->len_b);

	return order ? order : (a->len_b > b->len_b) - (a->len_b < b->len_b);
}

static int compare_lists(const struct value_list *a, const struct value_list *b)
{
	for (size_t i = 0; i < a->n && i < b->n; i++) {
		int order = value_compare(a->items[i], b->items[i]);

		if (order)
			return order;
	}
	return (a->n > b->n) - (a->n < b->n);
}

static int compare_bytes(const struct value_bytes *a, const struct value_bytes *b)
{
	size_t n = size_of_bytes(a), m = size_of_bytes(b);

	return n != m ? (n > m ? 1 : -1) : memcmp(a->bytes, b->bytes, n);
}

int value_compare(struct value a, struct value b)
{
	int x = rank(a), y = rank(b);

	if (x != y)
		return x - y;
	switch (x) {
	case 0:
		return 0;
	case 1:
		return compare_numbers(a, b);
	case 2:
		return compare_text(a.text, b.text);
	case 3:
		return compare_lists(a.list, b.list);
	case 4:
		return compare_bytes(a.bytes, b.bytes);
	default:
		return (a.map > b.map) - (a.map < b.map);
	}
}
