/* Hash tables: HASH, PERCPU_HASH, LRU_HASH, LRU_PERCPU_HASH. How they are laid out and why readers
 * need no lock is in hash.h; limits, flags and errors follow kernel/bpf/hashtab.c.
 *
 * Looking up is what programs do most, so there is a function for keys of 4 bytes, of 8, and of
 * any size, for each kind; the map's `ops` name the one that fits. */
#include "vm/maps/hash.h"

#include <stdlib.h>
#include <sched.h>
#include <sys/random.h>

#include "base/vec.h"

/* Of struct htab_elem and struct bucket in the kernel, which its limits come from. */
enum { KERNEL_ELEM_B = 48, KERNEL_BUCKET_B = 16 };

static inline bool is_lru(uint32_t type)
{
	return type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static inline bool is_percpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* ---- the hash -------------------------------------------------------------------------------- */

static inline uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Multiply the seeded key by a seed and fold: every bit of the key reaches the low bits that pick
 * the bucket. `size_b` is a constant where that matters. */
static inline __attribute__((always_inline)) uint32_t hash_of(const struct hash_map *h,
                                                              const void *key, uint32_t size_b)
{
	const unsigned char *p = key;
	uint64_t sum = 0, w[2];

	if (size_b == 4) {
		uint32_t k;

		memcpy(&k, key, 4);
		return (uint32_t)mix(k ^ h->seed[0], h->seed[1]) | HASH_LIVE;
	}
	if (size_b == 8) {
		memcpy(w, key, 8);
		return (uint32_t)mix(w[0] ^ h->seed[0], h->seed[1]) | HASH_LIVE;
	}
	for (; size_b >= 16; size_b -= 16, p += 16) {
		memcpy(w, p, 16);
		sum = mix(w[0] ^ h->seed[0] ^ sum, w[1] ^ h->seed[1]);
	}
	if (size_b) {
		w[0] = w[1] = 0;
		memcpy(w, p, size_b);
		sum = mix(w[0] ^ h->seed[0] ^ sum, w[1] ^ h->seed[1]);
	}
	return (uint32_t)mix(sum ^ h->seed[1], h->seed[0]) | HASH_LIVE;
}

static void seed_make(struct hash_map *h)
{
	/* Digits of the square roots of 2 and 3: odd, with as many ones as zeros. */
	h->seed[0] = 0x6a09e667f3bcc909;
	h->seed[1] = 0xbb67ae8584caa73b;
	if (!(h->m.def.flags & BPF_F_ZERO_SEED)) {
		uint64_t random[2];

		if (getrandom(random, sizeof(random), GRND_NONBLOCK) != sizeof(random)) {
			random[0] = (uint64_t)(uintptr_t)h * 0x9e3779b97f4a7c15;
			random[1] = (uint64_t)getpid() << 32;
		}
		h->seed[0] ^= random[0];
		h->seed[1] ^= random[1] & ~1ull;
	}
}

/* ---- finding --------------------------------------------------------------------------------- */

/* Words at a time: an element's key may be another one's by now, and half written. */
static inline __attribute__((always_inline)) bool key_equals(const struct hash_elem *e,
                                                             const void *key, uint32_t size_b)
{
	const char *p = key;
	uint32_t i, last = 0;
	uint64_t word;

	if (size_b == 4) {
		memcpy(&last, key, 4);
		return (uint32_t)__atomic_load_n(e->key, __ATOMIC_RELAXED) == last;
	}
	for (i = 0; i + 8 <= size_b; i += 8) {
		memcpy(&word, p + i, 8);
		if (__atomic_load_n(&e->key[i / 8], __ATOMIC_RELAXED) != word)
			return false;
	}
	if (i == size_b)
		return true;
	word = 0;
	memcpy(&word, p + i, size_b - i);
	return __atomic_load_n(&e->key[i / 8], __ATOMIC_RELAXED) == word;
}

static struct hash_stripe *stripe_of(const struct hash_map *h, uint32_t hash)
{
	return (struct hash_stripe *)&h->stripes[hash & h->mask & (N_STRIPES - 1)];
}

static struct map_lock *lock_of(const struct hash_map *h, uint32_t hash)
{
	return &stripe_of(h, hash)->lock;
}

/* Without a lock; its index in *ret_at. NULL: it is not there. */
static inline __attribute__((always_inline)) struct hash_elem *
find(const struct hash_map *h, const void *key, uint32_t hash, uint32_t size_b, uint32_t *ret_at)
{
	uint32_t bucket = hash & h->mask, at, n_changes, n_changes_before = 0;
	bool is_second_look = false;

again:
	at = __atomic_load_n(&h->buckets[bucket], __ATOMIC_ACQUIRE);
	if (!at)
		return NULL;
	while (!(at & CHAIN_END)) {
		struct hash_elem *e = hash_elem_at(h, at);
		uint32_t its = __atomic_load_n(&e->hash, __ATOMIC_ACQUIRE);

		if (its == hash && key_equals(e, key, size_b)) {
			__atomic_thread_fence(__ATOMIC_ACQUIRE);
			if (__atomic_load_n(&e->hash, __ATOMIC_RELAXED) != hash)
				goto again;
			*ret_at = at;
			return e;
		}
		if (!its)
			goto again;
		at = __atomic_load_n(&e->next, __ATOMIC_ACQUIRE);
	}
	if (at != (CHAIN_END | bucket))
		goto again;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	n_changes = __atomic_load_n(&stripe_of(h, hash)->n_changes, __ATOMIC_ACQUIRE);
	if (!is_second_look || n_changes != n_changes_before) {
		is_second_look = true;
		n_changes_before = n_changes;
		goto again;
	}
	return NULL;
}

static inline void *value_of(const struct hash_map *h, uint32_t at, uint32_t cpu)
{
	if (h->cpu_values)
		return h->cpu_values + (size_t)at * h->value_b + cpu * h->cpu_b;
	return h->elems + (size_t)at * h->elem_b + h->value_off_b;
}

static inline __attribute__((always_inline)) void *lookup(struct vm_map *m, const void *key,
                                                          uint32_t cpu, uint32_t key_b,
                                                          bool is_by_cpu, bool has_marks)
{
	struct hash_map *h = (struct hash_map *)m;
	uint32_t at;
	struct hash_elem *e = find(h, key, hash_of(h, key, key_b), key_b, &at);

	if (!e)
		return NULL;
	/* Don't take the cache line from others for what is already so. */
	if (has_marks && !__atomic_load_n(&e->is_used, __ATOMIC_RELAXED))
		__atomic_store_n(&e->is_used, 1, __ATOMIC_RELAXED);
	if (is_by_cpu)
		return h->cpu_values + (size_t)at * h->value_b + cpu * h->cpu_b;
	return (unsigned char *)e + h->value_off_b;
}

void *hash_lookup(struct vm_map *m, const void *key, uint32_t cpu)
{
	return lookup(m, key, cpu, m->def.key_size_b, false, false);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* With the stripe locked: the place that holds the element's index, or NULL. */
static uint32_t *find_place(struct hash_map *h, const void *key, uint32_t hash)
{
	uint32_t *place = &h->buckets[hash & h->mask];

	for (uint32_t at = *place; at && !(at & CHAIN_END); at = *place) {
		struct hash_elem *e = hash_elem_at(h, at);

		if (e->hash == hash && key_equals(e, key, h->m.def.key_size_b))
			return place;
		place = &e->next;
	}
	return NULL;
}

static uint32_t *find_place_of(struct hash_map *h, uint32_t wanted, uint32_t hash)
{
	uint32_t *place = &h->buckets[hash & h->mask];

	for (uint32_t at = *place; at && !(at & CHAIN_END); at = *place) {
		if (at == wanted)
			return place;
		place = &hash_elem_at(h, at)->next;
	}
	return NULL;
}

/* The free elements: a stack that any number of threads use, and behind it those never used. There
 * is always one: callers have counted. */
static uint32_t elem_take(struct hash_map *h)
{
	uint64_t top = __atomic_load_n(&h->free_top, __ATOMIC_ACQUIRE);

	while ((uint32_t)top) {
		uint32_t at = (uint32_t)top;
		uint64_t next = __atomic_load_n(&hash_elem_at(h, at)->free_next, __ATOMIC_RELAXED);

		next |= ((top >> 32) + 1) << 32;
		if (__atomic_compare_exchange_n(&h->free_top, &top, next, true, __ATOMIC_ACQ_REL,
		                                __ATOMIC_ACQUIRE))
			return at;
	}
	return __atomic_add_fetch(&h->n_fresh, 1, __ATOMIC_RELAXED);
}

static void elem_give(struct hash_map *h, uint32_t at)
{
	struct hash_elem *e = hash_elem_at(h, at);
	uint64_t top = __atomic_load_n(&h->free_top, __ATOMIC_RELAXED), mine;

	do {
		__atomic_store_n(&e->free_next, (uint32_t)top, __ATOMIC_RELAXED);
		mine = ((top >> 32) + 1) << 32 | at;
	} while (!__atomic_compare_exchange_n(&h->free_top, &top, mine, true, __ATOMIC_ACQ_REL,
	                                      __ATOMIC_RELAXED));
}

static bool count_up(struct hash_map *h)
{
	uint32_t n = __atomic_load_n(&h->n_live, __ATOMIC_RELAXED);

	do
		if (n >= h->n_elems - N_STRIPES)
			return false;
	while (!__atomic_compare_exchange_n(&h->n_live, &n, n + 1, true, __ATOMIC_ACQ_REL,
	                                    __ATOMIC_RELAXED));
	return true;
}

/* With the stripe locked: *place's element is no longer in the table. */
static void unlink_elem(struct hash_map *h, uint32_t *place)
{
	uint32_t at = *place, next = hash_elem_at(h, at)->next;

	/* A bucket without elements holds 0, not its end: that is what fresh pages hold. */
	if ((next & CHAIN_END) && place >= h->buckets && place <= h->buckets + h->mask)
		next = 0;
	__atomic_store_n(place, next, __ATOMIC_RELEASE);
	if (h->lru)
		lru_remove(h, at);
	elem_give(h, at);
	__atomic_sub_fetch(&h->n_live, 1, __ATOMIC_ACQ_REL);
}

static bool evict(struct hash_map *h)
{
	uint32_t at = lru_pick(h), hash, *place;

	if (!at)
		return false;
	hash = __atomic_load_n(&hash_elem_at(h, at)->hash, __ATOMIC_ACQUIRE);
	if (!hash)
		return true; /* somebody else has just removed and reused it */
	map_lock(lock_of(h, hash));
	place = find_place_of(h, at, hash);
	if (place)
		unlink_elem(h, place);
	map_unlock(lock_of(h, hash));
	return true;
}

/* With the stripe locked: fill in a new element, all but its place in a chain. `value` per CPU: of
 * `cpu` alone, the others get zeros (pcpu_init_value()), or of all with ALL_CPUS. */
#define ALL_CPUS UINT32_MAX
static void elem_fill(struct hash_map *h, uint32_t at, const void *key, uint32_t hash,
                      const void *value, uint32_t cpu)
{
	struct hash_stripe *stripe = stripe_of(h, hash);
	struct hash_elem *e = hash_elem_at(h, at);
	struct vm_map *m = &h->m;

	__atomic_store_n(&stripe->n_changes, stripe->n_changes + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&e->hash, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&e->is_used, 0, __ATOMIC_RELAXED);
	map_copy_in(e->key, key, m->def.key_size_b);
	if (!h->cpu_values) {
		if (m->n_fields) {
			map_clear(value_of(h, at, 0), h->value_b);
			map_value_in(m, value_of(h, at, 0), value, 0);
		} else {
			map_copy_in(value_of(h, at, 0), value, h->stored_b);
		}
		return;
	}
	for (uint32_t i = 0; i < m->n_cpus; i++) {
		if (cpu == ALL_CPUS)
			map_copy_in(value_of(h, at, i), (const char *)value + i * h->value_b,
			            h->value_b);
		else if (i == cpu)
			map_copy_in(value_of(h, at, i), value, m->def.value_size_b);
		else
			map_clear(value_of(h, at, i), h->value_b);
	}
}

/* With the stripe locked: `at` is filled and takes the chain's rest from `next` on. */
static void elem_publish(struct hash_map *h, uint32_t *place, uint32_t at, uint32_t next,
                         uint32_t hash)
{
	struct hash_elem *e = hash_elem_at(h, at);

	__atomic_store_n(&e->next, next, __ATOMIC_RELEASE);
	__atomic_store_n(&e->hash, hash, __ATOMIC_RELEASE);
	__atomic_store_n(place, at, __ATOMIC_RELEASE);
}

/* With the stripe locked: the element at *place gets another value. */
static void replace(struct hash_map *h, uint32_t *place, const void *key, uint32_t hash,
                    const void *value, uint64_t flags, uint32_t cpu)
{
	struct hash_stripe *stripe = stripe_of(h, hash);
	uint32_t old = *place, at;

	if (h->cpu_values && cpu == ALL_CPUS) {
		for (uint32_t i = 0; i < h->m.n_cpus; i++)
			map_copy_in(value_of(h, old, i), (const char *)value + i * h->value_b,
			            h->value_b);
	} else if (h->cpu_values) {
		map_copy_in(value_of(h, old, cpu), value, h->m.def.value_size_b);
	} else if (flags & BPF_F_LOCK) {
		map_value_in(&h->m, value_of(h, old, 0), value, flags);
	} else {
		at = stripe->spare ? stripe->spare : elem_take(h);
		elem_fill(h, at, key, hash, value, cpu);
		elem_publish(h, place, at, hash_elem_at(h, old)->next, hash);
		if (h->lru) {
			lru_remove(h, old);
			lru_append(h, at);
			__atomic_store_n(&hash_elem_at(h, at)->is_used, 1, __ATOMIC_RELAXED);
		}
		stripe->spare = old;
		return;
	}
	if (h->lru)
		__atomic_store_n(&hash_elem_at(h, old)->is_used, 1, __ATOMIC_RELAXED);
}

static void insert(struct hash_map *h, const void *key, uint32_t hash, const void *value,
                   uint32_t cpu)
{
	uint32_t bucket = hash & h->mask, *place = &h->buckets[bucket], at = elem_take(h);

	elem_fill(h, at, key, hash, value, cpu);
	elem_publish(h, place, at, *place ? *place : CHAIN_END | bucket, hash);
	if (h->lru)
		lru_append(h, at);
}

static int update_on(struct hash_map *h, const void *key, const void *value, uint64_t flags,
                     uint32_t cpu)
{
	uint32_t hash = hash_of(h, key, h->m.def.key_size_b), *place;
	bool is_counted = false;
	int err;

	if ((flags & BPF_F_LOCK) && !h->m.has_lock)
		return -EINVAL;
	for (;;) {
		map_lock(lock_of(h, hash));
		place = find_place(h, key, hash);
		err = map_check_exists(flags, place != NULL);
		if (err)
			break;
		if (place) {
			replace(h, place, key, hash, value, flags, cpu);
			break;
		}
		if (is_counted || count_up(h)) {
			insert(h, key, hash, value, cpu);
			is_counted = false;
			break;
		}
		if (!h->lru) {
			err = -E2BIG;
			break;
		}
		/* Removing another one needs its stripe, perhaps this very one. */
		map_unlock(lock_of(h, hash));
		while (!(is_counted = count_up(h)))
			if (!evict(h))
				sched_yield(); /* all are in other threads' hands */
	}
	if (is_counted)
		__atomic_sub_fetch(&h->n_live, 1, __ATOMIC_ACQ_REL);
	map_unlock(lock_of(h, hash));
	return err;
}

int hash_update(struct vm_map *m, const void *key, const void *value, uint64_t flags, uint32_t cpu)
{
	bool may_lock = m->def.type == BPF_MAP_TYPE_HASH;

	if ((may_lock ? flags & ~(uint64_t)BPF_F_LOCK : flags) > BPF_EXIST)
		return -EINVAL;
	return update_on((struct hash_map *)m, key, value, flags, cpu);
}

static int percpu_write(struct vm_map *m, const void *key, const void *value, uint64_t flags)
{
	return hash_update(m, key, value, flags, ALL_CPUS);
}

int hash_remove(struct vm_map *m, const void *key)
{
	struct hash_map *h = (struct hash_map *)m;
	uint32_t hash = hash_of(h, key, m->def.key_size_b), *place;

	map_lock(lock_of(h, hash));
	place = find_place(h, key, hash);
	if (place)
		unlink_elem(h, place);
	map_unlock(lock_of(h, hash));
	return place ? 0 : -ENOENT;
}

/* ---- going through --------------------------------------------------------------------------- */

int hash_next_key(struct vm_map *m, const void *key, void *ret_key)
{
	struct hash_map *h = (struct hash_map *)m;
	uint32_t hash = key ? hash_of(h, key, m->def.key_size_b) : 0, at = 0, *place = NULL;
	struct map_lock *lock;

	if (key) {
		lock = lock_of(h, hash);
		map_lock(lock);
		place = find_place(h, key, hash);
		if (place)
			at = hash_elem_at(h, *place)->next;
		if (at && !(at & CHAIN_END))
			map_copy_out(ret_key, hash_elem_at(h, at)->key, m->def.key_size_b);
		map_unlock(lock);
		if (at && !(at & CHAIN_END))
			return 0;
	}
	for (uint32_t i = place ? (hash & h->mask) + 1 : 0; i <= h->mask; i++) {
		if (!__atomic_load_n(&h->buckets[i], __ATOMIC_ACQUIRE))
			continue;
		map_lock(lock_of(h, i));
		at = h->buckets[i];
		if (at)
			map_copy_out(ret_key, hash_elem_at(h, at)->key, m->def.key_size_b);
		map_unlock(lock_of(h, i));
		if (at)
			return 0;
	}
	return -ENOENT;
}

struct seen {
	uint32_t at, hash;
};

/* What chain `bucket` holds now. */
static size_t chain_list(struct hash_map *h, uint32_t bucket, struct seen **ret, size_t *ret_cap)
{
	struct {
		struct seen *items;
		size_t n, cap;
	} list = {*ret, 0, *ret_cap};

	map_lock(lock_of(h, bucket));
	for (uint32_t at = h->buckets[bucket]; at && !(at & CHAIN_END);
	     at = hash_elem_at(h, at)->next) {
		struct seen s = {at, hash_elem_at(h, at)->hash};

		vec_push(NULL, &list, s);
	}
	map_unlock(lock_of(h, bucket));
	*ret = list.items;
	*ret_cap = list.cap;
	return list.n;
}

/* The element that list[i] is now: itself, or what an update put in its place; 0: it is gone. Its
 * key is copied: the element may be another one's before the visit is over. */
static uint32_t still_there(struct hash_map *h, const struct seen *list, size_t n, size_t i,
                            void *ret_key)
{
	uint32_t found = 0;

	map_lock(lock_of(h, list[i].hash));
	for (uint32_t at = h->buckets[list[i].hash & h->mask]; at && !(at & CHAIN_END);
	     at = hash_elem_at(h, at)->next) {
		size_t k;

		if (hash_elem_at(h, at)->hash != list[i].hash)
			continue;
		if (at == list[i].at) {
			found = at;
			break;
		}
		for (k = 0; k < n && list[k].at != at; k++)
			;
		if (k == n)
			found = at;
	}
	if (found)
		map_copy_out(ret_key, hash_elem_at(h, found)->key, h->m.def.key_size_b);
	map_unlock(lock_of(h, list[i].hash));
	return found;
}

int64_t hash_each(struct vm_map *m, uint32_t cpu, vm_map_visit_fn *fn, void *arg)
{
	struct hash_map *h = (struct hash_map *)m;
	void *key = malloc(round_up_b(m->def.key_size_b, 8));
	struct seen *list = NULL;
	int64_t n_visited = 0;
	bool is_over = false;
	size_t cap = 0;

	if (!key)
		return -ENOMEM;
	for (uint32_t bucket = 0; bucket <= h->mask && !is_over; bucket++) {
		size_t n;

		if (!__atomic_load_n(&h->buckets[bucket], __ATOMIC_ACQUIRE))
			continue;
		n = chain_list(h, bucket, &list, &cap);
		for (size_t i = 0; i < n && !is_over; i++) {
			uint32_t at = still_there(h, list, n, i, key);

			if (!at)
				continue;
			n_visited++;
			is_over = fn(arg, m, key, value_of(h, at, cpu));
		}
	}
	free(list);
	free(key);
	return n_visited;
}

/* ---- from outside ---------------------------------------------------------------------------- */

static void read_values(struct hash_map *h, uint32_t at, void *ret)
{
	if (!h->cpu_values) {
		map_value_out(&h->m, ret, value_of(h, at, 0));
		return;
	}
	for (uint32_t cpu = 0; cpu < h->m.n_cpus; cpu++)
		map_copy_out((char *)ret + cpu * h->value_b, value_of(h, at, cpu), h->value_b);
}

/* Leaves no mark of use: htab_lru_map_lookup_elem_sys(). */
static int hash_read(struct vm_map *m, const void *key, void *ret_value)
{
	struct hash_map *h = (struct hash_map *)m;
	uint32_t size_b = m->def.key_size_b, at;

	if (!find(h, key, hash_of(h, key, size_b), size_b, &at))
		return -ENOENT;
	read_values(h, at, ret_value);
	return 0;
}

static int hash_take(struct vm_map *m, const void *key, void *ret_value)
{
	struct hash_map *h = (struct hash_map *)m;
	uint32_t hash = hash_of(h, key, m->def.key_size_b), *place;

	map_lock(lock_of(h, hash));
	place = find_place(h, key, hash);
	if (place) {
		read_values(h, *place, ret_value);
		unlink_elem(h, place);
	}
	map_unlock(lock_of(h, hash));
	return place ? 0 : -ENOENT;
}

/* ---- creation -------------------------------------------------------------------------------- */

/* htab_map_alloc_check(), and the limits of htab_map_alloc() */
int hash_check(const struct vm_map_def *d, struct strbuf *why)
{
	uint32_t allowed = BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS | BPF_F_ZERO_SEED;
	bool is_by_cpu = is_percpu(d->type) || (d->flags & BPF_F_NO_COMMON_LRU);
	int err;

	if (is_lru(d->type))
		allowed |= BPF_F_NO_COMMON_LRU;
	if (is_by_cpu)
		allowed &= ~(uint32_t)BPF_F_NUMA_NODE;
	if (is_lru(d->type) && (d->flags & BPF_F_NO_PREALLOC) &&
	    !(d->flags & ~(allowed | BPF_F_NUMA_NODE)))
		return map_refuse(-ENOTSUPP, why, "LRU maps have their elements from the start");
	err = map_check_flags(d, allowed, why);
	if (err)
		return err;
	if (!d->max_entries || !d->key_size_b || !d->value_size_b)
		return map_refuse(-EINVAL, why, "%s is 0",
		                  !d->max_entries  ? "max_entries"
		                  : !d->key_size_b ? "the size of keys"
		                                   : "the size of values");
	if ((uint64_t)d->key_size_b + d->value_size_b >= MAP_KMALLOC_MAX_B - KERNEL_ELEM_B)
		return map_refuse(-E2BIG, why, "key and value together have %llu bytes",
		                  (unsigned long long)d->key_size_b + d->value_size_b);
	if (is_percpu(d->type) && d->value_size_b > MAP_PERCPU_MAX_B)
		return map_refuse(-E2BIG, why, "values per CPU have at most %d bytes, not %u",
		                  MAP_PERCPU_MAX_B, d->value_size_b);
	if (d->max_entries > UINT32_MAX / KERNEL_BUCKET_B / 2 + 1)
		return map_refuse(-E2BIG, why, "%u entries", d->max_entries);
	return 0;
}

static const struct map_kind *kind_for_key(const struct map_kind *k, uint32_t key_b);

void hash_destroy(struct vm_map *m)
{
	struct hash_map *h = (struct hash_map *)m;
	size_t n = (size_t)h->n_elems + 1;

	map_memory_free(h->buckets, ((size_t)h->mask + 1) * sizeof(*h->buckets));
	map_memory_free(h->elems, n * h->elem_b);
	map_memory_free(h->cpu_values, h->cpu_b * m->n_cpus);
	map_memory_free(h->lru, n * sizeof(*h->lru));
}

int hash_create_sized(struct vm_map *m, uint32_t n_elems, uint32_t value_b)
{
	struct hash_map *h = (struct hash_map *)m;
	uint32_t n_buckets = 1;
	size_t n;

	/* Two for each element when full: most chains have one, which branches get used to. */
	while (n_buckets < 2 * (uint64_t)n_elems)
		n_buckets *= 2;
	h->mask = n_buckets - 1;
	h->n_elems = n_elems + N_STRIPES;
	n = (size_t)h->n_elems + 1;
	h->stored_b = value_b;
	h->value_b = (uint32_t)round_up_b(value_b, 8);
	h->value_off_b = (uint32_t)(sizeof(struct hash_elem) + round_up_b(m->def.key_size_b, 8));
	h->elem_b = h->value_off_b + (is_percpu(m->def.type) ? 0 : h->value_b);
	seed_make(h);
	h->buckets = map_memory_alloc((size_t)n_buckets * sizeof(*h->buckets));
	h->elems = map_memory_alloc(n * h->elem_b);
	if (is_percpu(m->def.type)) {
		h->cpu_b = round_up_b(n * h->value_b, 64);
		h->cpu_values = map_memory_alloc(h->cpu_b * m->n_cpus);
	}
	if (!h->buckets || !h->elems || (is_percpu(m->def.type) && !h->cpu_values) ||
	    (is_lru(m->def.type) && lru_create(h))) {
		hash_destroy(m);
		return -ENOMEM;
	}
	return 0;
}

static int hash_create(struct vm_map *m)
{
	uint64_t each = (uint64_t)m->def.max_entries + m->n_cpus - 1;
	int err;

	/* One list for each CPU is what the kernel makes of it; the rounding is visible. */
	if (m->def.flags & BPF_F_NO_COMMON_LRU)
		m->def.max_entries = (uint32_t)(each - each % m->n_cpus);
	err = hash_create_sized(m, m->def.max_entries, m->def.value_size_b);
	if (!err)
		m->ops = &kind_for_key(map_kind_of(m), m->def.key_size_b)->ops;
	return err;
}

/* ---- the kinds ------------------------------------------------------------------------------- */

#define HASH_KIND(symbol, TYPE, spelling, key_b, is_by_cpu, has_marks, STORAGE)                    \
	static void *symbol##_lookup(struct vm_map *m, const void *key, uint32_t cpu)              \
	{                                                                                          \
		return lookup(m, key, cpu, key_b, is_by_cpu, has_marks);                           \
	}                                                                                          \
	STORAGE const struct map_kind symbol = {                                                   \
	    .ops = {.type = BPF_MAP_TYPE_##TYPE,                                                   \
	            .name = spelling,                                                              \
	            .check = hash_check,                                                           \
	            .create = hash_create,                                                         \
	            .destroy = hash_destroy,                                                       \
	            .lookup = symbol##_lookup,                                                     \
	            .update = hash_update,                                                         \
	            .remove = hash_remove,                                                         \
	            .next_key = hash_next_key},                                                    \
	    .size_b = sizeof(struct hash_map),                                                     \
	    .is_percpu = is_by_cpu,                                                                \
	    .fields = FIELD_POINTER | ((is_by_cpu) ? 0 : FIELD_TIMER | FIELD_LIST) |               \
	              ((is_by_cpu) || (has_marks) ? 0 : FIELD_LOCK),                               \
	    .is_member = true,                                                                     \
	    .no_push = -EINVAL,                                                                    \
	    .no_pop = -EINVAL,                                                                     \
	    .no_peek = -EINVAL,                                                                    \
	    .each = hash_each,                                                                     \
	    .read = hash_read,                                                                     \
	    .write = (is_by_cpu) ? percpu_write : NULL,                                            \
	    .take = hash_take,                                                                     \
	}
#define ANY_STORAGE
#define HASH_KINDS(symbol, TYPE, spelling, is_by_cpu, has_marks)                                   \
	HASH_KIND(symbol, TYPE, spelling, m->def.key_size_b, is_by_cpu, has_marks, ANY_STORAGE);   \
	HASH_KIND(symbol##_key4, TYPE, spelling, 4, is_by_cpu, has_marks, static);                 \
	HASH_KIND(symbol##_key8, TYPE, spelling, 8, is_by_cpu, has_marks, static)

HASH_KINDS(map_hash, HASH, "hash", false, false);
HASH_KINDS(map_percpu_hash, PERCPU_HASH, "percpu_hash", true, false);
HASH_KINDS(map_lru_hash, LRU_HASH, "lru_hash", false, true);
HASH_KINDS(map_lru_percpu_hash, LRU_PERCPU_HASH, "lru_percpu_hash", true, true);

static const struct map_kind *kind_for_key(const struct map_kind *k, uint32_t key_b)
{
	static const struct {
		const struct map_kind *any, *key4, *key8;
	} table[] = {
	    {&map_hash, &map_hash_key4, &map_hash_key8},
	    {&map_percpu_hash, &map_percpu_hash_key4, &map_percpu_hash_key8},
	    {&map_lru_hash, &map_lru_hash_key4, &map_lru_hash_key8},
	    {&map_lru_percpu_hash, &map_lru_percpu_hash_key4, &map_lru_percpu_hash_key8},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].any == k)
			return key_b == 4 ? table[i].key4 : key_b == 8 ? table[i].key8 : k;
	return k;
}
