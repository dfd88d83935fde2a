/* BLOOM_FILTER: values are pushed; peeking says "certainly not" (-ENOENT) or "probably" (0). Sizes
 * follow kernel/bpf/bloom_filter.c; the hash is our own, so false hits are others. */
#include "vm/maps/internal.h"

#include <sys/random.h>

struct bloom_map {
	struct vm_map m;
	uint64_t *bits;
	size_t bits_b;
	uint32_t mask; /* of bit numbers */
	uint32_t n_hashes;
	uint64_t seed;
};

static int bloom_check(const struct vm_map_def *d, struct strbuf *why)
{
	/* bloom_map_alloc_check() comes before the rest. */
	if (d->value_size_b > MAP_KMALLOC_MAX_B)
		return map_refuse(-E2BIG, why, "values of %u bytes", d->value_size_b);
	if (d->key_size_b)
		return map_refuse(-EINVAL, why, "a bloom filter has no keys");
	if (!d->value_size_b || !d->max_entries)
		return map_refuse(-EINVAL, why, "%s is 0",
		                  d->max_entries ? "the size of values" : "max_entries");
	if (d->extra & ~0xfull)
		return map_refuse(-EINVAL, why, "map_extra asks for more than 15 hash functions");
	return map_check_flags(d, BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | MAP_ACCESS_FLAGS, why);
}

/* The fewest false hits for n hashes take n / ln 2 bits for each entry; 7/5 is about 1 / ln 2. */
static int bloom_create(struct vm_map *m)
{
	struct bloom_map *b = (struct bloom_map *)m;
	uint64_t wanted, n_bits = 64;

	b->n_hashes = m->def.extra ? (uint32_t)m->def.extra : 5;
	wanted = (uint64_t)m->def.max_entries * b->n_hashes * 7 / 5;
	while (n_bits < wanted && n_bits <= UINT32_MAX)
		n_bits *= 2;
	b->mask = (uint32_t)(n_bits - 1);
	b->bits_b = n_bits / 8;
	b->bits = map_memory_alloc(b->bits_b);
	if (!(m->def.flags & BPF_F_ZERO_SEED) &&
	    getrandom(&b->seed, sizeof(b->seed), GRND_NONBLOCK) < 0)
		b->seed = (uintptr_t)b;
	return b->bits ? 0 : -ENOMEM;
}

static void bloom_destroy(struct vm_map *m)
{
	struct bloom_map *b = (struct bloom_map *)m;

	map_memory_free(b->bits, b->bits_b);
}

/* Two hashes make all others (A. Kirsch, M. Mitzenmacher, "Less Hashing, Same Performance"). */
static void hash_value(const struct bloom_map *b, const void *value, uint32_t ret[2])
{
	uint64_t sum = b->seed ^ 0x9e3779b97f4a7c15, word;
	uint32_t left = b->m.def.value_size_b;
	const char *p = value;

	while (left) {
		uint32_t n = left < 8 ? left : 8;
		unsigned __int128 product;

		word = 0;
		memcpy(&word, p, n);
		product = (unsigned __int128)(sum ^ word) * 0xbb67ae8584caa73b;
		sum = (uint64_t)product ^ (uint64_t)(product >> 64) ^ (sum << 7 | sum >> 57);
		p += n;
		left -= n;
	}
	sum *= 0xc2b2ae3d27d4eb4f;
	sum ^= sum >> 32;
	ret[0] = (uint32_t)sum;
	ret[1] = (uint32_t)((sum * 0x9e3779b97f4a7c15) >> 32) | 1;
}

static int bloom_push(struct vm_map *m, const void *value, uint64_t flags)
{
	struct bloom_map *b = (struct bloom_map *)m;
	uint32_t h[2];

	if (flags != BPF_ANY)
		return -EINVAL;
	hash_value(b, value, h);
	for (uint32_t i = 0; i < b->n_hashes; i++) {
		uint32_t bit = (h[0] + i * h[1]) & b->mask;

		__atomic_fetch_or(&b->bits[bit / 64], 1ull << bit % 64, __ATOMIC_RELAXED);
	}
	return 0;
}

static int bloom_peek(struct vm_map *m, void *value)
{
	struct bloom_map *b = (struct bloom_map *)m;
	uint32_t h[2];

	hash_value(b, value, h);
	for (uint32_t i = 0; i < b->n_hashes; i++) {
		uint32_t bit = (h[0] + i * h[1]) & b->mask;

		if (!(__atomic_load_n(&b->bits[bit / 64], __ATOMIC_RELAXED) & 1ull << bit % 64))
			return -ENOENT;
	}
	return 0;
}

/* The value asked for comes in where others go out. */
static int bloom_read(struct vm_map *m, const void *key, void *value)
{
	(void)key;
	return bloom_peek(m, value);
}

static int bloom_write(struct vm_map *m, const void *key, const void *value, uint64_t flags)
{
	(void)key;
	return bloom_push(m, value, flags);
}

const struct map_kind map_bloom_filter = {
    .ops = {.type = BPF_MAP_TYPE_BLOOM_FILTER,
            .name = "bloom_filter",
            .check = bloom_check,
            .create = bloom_create,
            .destroy = bloom_destroy,
            .lookup = map_lookup_nothing,
            .push = bloom_push,
            .peek = bloom_peek},
    .size_b = sizeof(struct bloom_map),
    .is_member = true,
    .no_update = -EINVAL,
    .no_remove = -EOPNOTSUPP,
    .no_next_key = -EOPNOTSUPP,
    .no_pop = -EOPNOTSUPP,
    .read = bloom_read,
    .write = bloom_write,
};
