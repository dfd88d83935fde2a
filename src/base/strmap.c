/* String map: open addressing over an ordered entry array, FNV-1a. */
#include "base/strmap.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

static uint64_t hash(const char *key, size_t len_b)
{
	uint64_t h = 1469598103934665603ull;

	for (size_t i = 0; i < len_b; i++)
		h = (h ^ (unsigned char)key[i]) * 1099511628211ull;
	return h ^ (h >> 32);
}

static uint32_t *find_slot(const struct strmap *m, const char *key, size_t len_b)
{
	for (size_t i = hash(key, len_b);; i++) {
		uint32_t *slot = &m->slots[i & (m->n_slots - 1)];
		const struct strmap_entry *e;

		if (!*slot)
			return slot;
		e = &m->items[*slot - 1];
		if (e->len_b == len_b && !memcmp(e->key, key, len_b))
			return slot;
	}
}

static void grow(struct strmap *m)
{
	size_t n_slots = m->n_slots ? m->n_slots * 2 : 16;

	free(m->slots);
	m->slots = NULL;
	size_t cap = 0;
	m->slots = vec_grow(NULL, NULL, 0, &cap, n_slots, sizeof(*m->slots));
	memset(m->slots, 0, n_slots * sizeof(*m->slots));
	m->n_slots = n_slots;
	for (size_t i = 0; i < m->n; i++)
		*find_slot(m, m->items[i].key, m->items[i].len_b) = (uint32_t)i + 1;
}

void *strmap_getn(const struct strmap *m, const char *key, size_t len_b)
{
	uint32_t slot;

	if (!m->n)
		return NULL;
	slot = *find_slot(m, key, len_b);
	return slot ? m->items[slot - 1].value : NULL;
}

void *strmap_get(const struct strmap *m, const char *key)
{
	return strmap_getn(m, key, strlen(key));
}

void *strmap_putn(struct strmap *m, const char *key, size_t len_b, void *value)
{
	uint32_t *slot;

	if ((m->n + 1) * 2 > m->n_slots)
		grow(m);
	slot = find_slot(m, key, len_b);
	if (*slot) {
		struct strmap_entry *e = &m->items[*slot - 1];
		void *old = e->value;

		e->value = value;
		return old;
	}
	vec_push(NULL, m, ((struct strmap_entry){.key = key, .len_b = len_b, .value = value}));
	*slot = (uint32_t)m->n;
	return NULL;
}

void *strmap_put(struct strmap *m, const char *key, void *value)
{
	return strmap_putn(m, key, strlen(key), value);
}

void strmap_free(struct strmap *m)
{
	free(m->items);
	free(m->slots);
	*m = (struct strmap){0};
}
