/* The hash table under HASH, PERCPU_HASH, their LRU variants, HASH_OF_MAPS and the storages.
 *
 * Elements lie in one array and are named by their index, from 1. A bucket is the index of the
 * first element of its chain, 0 while it has none; the last element's `next` is the bucket's number
 * with CHAIN_END set. Writers of a bucket hold its stripe's lock. Readers hold nothing: a removed
 * element keeps its `next`, so a reader standing on it goes on, and if it was carried to another
 * chain, it finds another bucket's number at the end and starts again (the kernel's hlist_nulls).
 * Elements are used again at once. While one is being filled, its hash is 0: a reader that comes
 * upon that starts again, too. An update puts a new element into the old one's place in the chain,
 * so that no reader finds neither; the old value stays what it was until the element is reused.
 *
 * It may be reused further down the same chain, and a reader standing on it goes past what lies
 * between. So whoever found nothing looks again, between two looks at its stripe's n_changes. */
#ifndef SKEP_VM_MAPS_HASH_H
#define SKEP_VM_MAPS_HASH_H

#include "vm/maps/internal.h"

#define CHAIN_END 0x80000000u
#define HASH_LIVE 0x80000000u /* set in every hash, so that none is 0 */
#define N_STRIPES 64

struct hash_elem {
	uint32_t next;
	uint32_t hash; /* 0: being filled */
	uint32_t free_next;
	uint32_t is_used; /* LRU: since the last look */
	/* Then the key, padded with zeros to words, and the value unless it is per-CPU. */
	uint64_t key[];
};

struct lru_link {
	uint32_t prev, next; /* next is the element itself: not in the list */
};

struct hash_stripe {
	struct map_lock lock;
	uint32_t spare;     /* what the last update replaced, for the next one; 0: none yet */
	uint32_t n_changes; /* counts each time that an element is about to enter a chain */
} __attribute__((aligned(64)));

struct hash_map {
	struct vm_map m;
	/* Set once. */
	uint32_t *buckets;
	uint32_t mask;
	uint32_t elem_b, value_off_b;
	unsigned char *elems;      /* element i at elems + i * elem_b; 0 is not used */
	unsigned char *cpu_values; /* per-CPU kinds: element i's at + i * value_b + cpu * cpu_b */
	size_t cpu_b;
	uint32_t value_b; /* rounded up from stored_b */
	uint32_t stored_b;
	uint32_t n_elems; /* entries, and one for each stripe: an update needs it before it frees */
	uint64_t seed[2];
	struct lru_link *lru; /* [0] is the list's head */

	/* Changed by every insertion and removal. */
	struct map_lock lru_lock __attribute__((aligned(64)));
	uint64_t free_top; /* a count of changes << 32 | index: a stack */
	uint32_t n_fresh;  /* indices up to this one have been in use */
	uint32_t n_live;

	struct hash_stripe stripes[N_STRIPES];
};

static inline struct hash_elem *hash_elem_at(const struct hash_map *h, uint32_t at)
{
	return (struct hash_elem *)(h->elems + (size_t)at * h->elem_b);
}

/* The LRU list (lru.c): a queue of elements; one that was used since it entered gets a second
 * round. Callers hold the element's stripe, and append what is published: who evicts goes by its
 * hash. */
int lru_create(struct hash_map *h);
void lru_append(struct hash_map *h, uint32_t at);
void lru_remove(struct hash_map *h, uint32_t at);
/* Take out whoever is next to be evicted and return it; 0: nobody. Callers hold no stripe. */
uint32_t lru_pick(struct hash_map *h);

/* What other files make kinds of (hash.c). `value_b` is what one value takes in memory. */
int hash_check(const struct vm_map_def *d, struct strbuf *why);
int hash_create_sized(struct vm_map *m, uint32_t n_elems, uint32_t value_b);
void hash_destroy(struct vm_map *m);
void *hash_lookup(struct vm_map *m, const void *key, uint32_t cpu);
int hash_update(struct vm_map *m, const void *key, const void *value, uint64_t flags, uint32_t cpu);
int hash_remove(struct vm_map *m, const void *key);
int hash_next_key(struct vm_map *m, const void *key, void *ret_key);
int64_t hash_each(struct vm_map *m, uint32_t cpu, vm_map_visit_fn *fn, void *arg);

#endif
