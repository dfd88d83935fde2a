/* Whom the LRU hash evicts. The kernel keeps an active and an inactive list for each CPU, refills
 * in batches and may evict before the map is full (kernel/bpf/bpf_lru_list.c); here is one queue
 * with a second chance: elements enter at the end, a lookup from a program only sets a mark, and
 * the first without a mark goes when room is needed. The map holds max_entries exactly. */
#include "vm/maps/hash.h"

#include <stdlib.h>

int lru_create(struct hash_map *h)
{
	h->lru = map_memory_alloc(((size_t)h->n_elems + 1) * sizeof(*h->lru));
	return h->lru ? 0 : -ENOMEM;
}

static void append(struct lru_link *lru, uint32_t at)
{
	uint32_t last = lru[0].prev;

	lru[at] = (struct lru_link){.prev = last, .next = 0};
	lru[last].next = at;
	lru[0].prev = at;
}

static void take_out(struct lru_link *lru, uint32_t at)
{
	struct lru_link l = lru[at];

	lru[l.prev].next = l.next;
	lru[l.next].prev = l.prev;
	lru[at].next = at;
}

void lru_append(struct hash_map *h, uint32_t at)
{
	map_lock(&h->lru_lock);
	append(h->lru, at);
	map_unlock(&h->lru_lock);
}

void lru_remove(struct hash_map *h, uint32_t at)
{
	map_lock(&h->lru_lock);
	if (h->lru[at].next != at)
		take_out(h->lru, at);
	map_unlock(&h->lru_lock);
}

uint32_t lru_pick(struct hash_map *h)
{
	uint32_t at;

	map_lock(&h->lru_lock);
	/* Marks may be set as fast as they are cleared here: one round is enough. */
	for (uint32_t left = h->n_elems; (at = h->lru[0].next) != 0; left--) {
		struct hash_elem *e = hash_elem_at(h, at);

		take_out(h->lru, at);
		if (!left || !__atomic_load_n(&e->is_used, __ATOMIC_RELAXED))
			break;
		__atomic_store_n(&e->is_used, 0, __ATOMIC_RELAXED);
		append(h->lru, at);
	}
	map_unlock(&h->lru_lock);
	return at;
}
