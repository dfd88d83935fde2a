/* Our maps beside the kernel's: the same random calls to both, by bpf(2) there, and the same
 * answers expected. Definitions legal and illegal; updates, lookups, deletions, walks with flags
 * good and bad over few keys, so that maps fill up and keys meet. Where the kernel leaves the order
 * open (hash tables), walks are compared as sets; LRU maps are kept from evicting, as whom the
 * kernel evicts depends on its CPUs.
 *
 * SKEP_MAPS_SEED and SKEP_MAPS_ROUNDS in the environment choose other numbers and more of them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "types/btf.h"
#include "vm/map.h"

#define KEY_MAX_B 64
#define VALUE_MAX_B 256

struct pair {
	struct vm_map *ours;
	int fd;
	uint32_t n_cpus;
	uint64_t state;    /* of the random numbers */
	char history[240]; /* what was done last */
};

static uint64_t next_random(struct pair *p)
{
	uint64_t z = p->state += 0x9e3779b97f4a7c15; /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static uint32_t below(struct pair *p, uint32_t n)
{
	return (uint32_t)(next_random(p) % n);
}

static uint32_t rounds(uint32_t usual)
{
	const char *factor = getenv("SKEP_MAPS_ROUNDS");

	return factor ? usual * (uint32_t)atoi(factor) : usual;
}

static uint64_t seed(void)
{
	const char *s = getenv("SKEP_MAPS_SEED");

	return s ? strtoull(s, NULL, 0) : 1;
}

/* libbpf before 1.0 gives -1 and errno; both are fine. */
static int result(int ret)
{
	return ret < 0 ? -errno : 0;
}

static int kernel_create(const struct vm_map_def *d, int inner_fd)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = d->flags, .map_extra = d->extra,
	            .inner_map_fd = inner_fd > 0 ? (uint32_t)inner_fd : 0);
	int fd = bpf_map_create(d->type, "skep_test", d->key_size_b, d->value_size_b,
	                        d->max_entries, &opts);

	return fd < 0 ? -errno : fd;
}

static const char *describe(const struct vm_map_def *d)
{
	static char text[200];

	snprintf(text, sizeof(text), "type %u key %u value %u entries %u flags 0x%x extra 0x%llx",
	         d->type, d->key_size_b, d->value_size_b, d->max_entries, d->flags,
	         (unsigned long long)d->extra);
	return text;
}

/* ---- definitions ----------------------------------------------------------------------------- */

static const uint32_t kinds[] = {
    BPF_MAP_TYPE_HASH,
    BPF_MAP_TYPE_ARRAY,
    BPF_MAP_TYPE_PROG_ARRAY,
    BPF_MAP_TYPE_PERCPU_HASH,
    BPF_MAP_TYPE_PERF_EVENT_ARRAY,
    BPF_MAP_TYPE_PERCPU_ARRAY,
    BPF_MAP_TYPE_STACK_TRACE,
    BPF_MAP_TYPE_LRU_HASH,
    BPF_MAP_TYPE_LRU_PERCPU_HASH,
    BPF_MAP_TYPE_LPM_TRIE,
    BPF_MAP_TYPE_ARRAY_OF_MAPS,
    BPF_MAP_TYPE_HASH_OF_MAPS,
    BPF_MAP_TYPE_QUEUE,
    BPF_MAP_TYPE_STACK,
    BPF_MAP_TYPE_RINGBUF,
    BPF_MAP_TYPE_BLOOM_FILTER,
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static uint32_t odd_size(struct pair *p)
{
	static const uint32_t sizes[] = {
	    0,       1,       3,       4,          5,          8,         12,
	    16,      260,     261,     1016,       1024,       32760,     32768,
	    32769,   65535,   4194000, 4194020,    4194021,    4194240,   4194255,
	    4194256, 4194304, 4194305, 0x7fffffff, 0x80000000, UINT32_MAX};

	return sizes[below(p, sizeof(sizes) / sizeof(sizes[0]))];
}

/* A good definition with up to two things changed. */
static struct vm_map_def random_def(struct pair *p)
{
	static const uint32_t flags[] = {
	    BPF_F_NO_PREALLOC, BPF_F_NO_COMMON_LRU,  BPF_F_NUMA_NODE,   BPF_F_RDONLY,
	    BPF_F_WRONLY,      BPF_F_ZERO_SEED,      BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG,
	    BPF_F_MMAPABLE,    BPF_F_PRESERVE_ELEMS, BPF_F_INNER_MAP,   BPF_F_STACK_BUILD_ID};
	struct vm_map_def d = {.type = kinds[below(p, N_KINDS)],
	                       .key_size_b = 4,
	                       .value_size_b = 8,
	                       .max_entries = 1 + below(p, 8)};

	switch (d.type) {
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		d.value_size_b = 4;
		break;
	case BPF_MAP_TYPE_LPM_TRIE:
		d.key_size_b = 8;
		d.flags = BPF_F_NO_PREALLOC;
		break;
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_BLOOM_FILTER:
		d.key_size_b = 0;
		break;
	case BPF_MAP_TYPE_RINGBUF:
		d.key_size_b = d.value_size_b = 0;
		d.max_entries = 4096u << below(p, 3);
		break;
	}
	for (uint32_t n = below(p, 3); n; n--)
		switch (below(p, 5)) {
		case 0:
			d.key_size_b = odd_size(p);
			break;
		case 1:
			d.value_size_b = odd_size(p);
			break;
		case 2:
			d.max_entries = below(p, 2) ? 0 : 1u << below(p, 14);
			break;
		case 3:
			d.flags ^= flags[below(p, sizeof(flags) / sizeof(flags[0]))];
			break;
		case 4:
			d.extra = below(p, 20);
			break;
		}
	return d;
}

static void the_same_definitions_are_refused(void **state)
{
	struct pair *p = *state;
	struct vm_map_def inner = {
	    .type = BPF_MAP_TYPE_ARRAY, .key_size_b = 4, .value_size_b = 8, .max_entries = 1};
	int inner_fd = kernel_create(&inner, 0);
	uint32_t n_good = 0;

	assert_true(inner_fd >= 0);
	for (uint32_t i = 0; i < rounds(1500); i++) {
		own_strbuf struct strbuf why = {0};
		struct vm_map_def d = random_def(p);
		struct vm_map *m = NULL;
		int fd, err;

		d.inner = &inner;
		/* Entries of 4 MB are real memory over there. */
		if (d.value_size_b > 4096 && d.max_entries > 2)
			d.max_entries = 2;
		fd = kernel_create(&d, inner_fd);
		err = vm_map_create(&d, p->n_cpus, &m, &why);
		if (fd == -ENOMEM || ((d.flags & BPF_F_STACK_BUILD_ID) && err == -EOPNOTSUPP)) {
			vm_map_destroy(m);
			if (fd >= 0)
				close(fd);
			continue;
		}
		if (err != (fd < 0 ? fd : 0))
			fail_msg("%s: the kernel says %d, we %d: %s", describe(&d), fd, err,
			         sb_str(&why));
		n_good += !err;
		vm_map_destroy(m);
		if (fd >= 0)
			close(fd);
	}
	assert_true(n_good > 100);
	close(inner_fd);
}

static void limits_are_the_same(void **state)
{
	static const struct vm_map_def defs[] = {
	    {.type = BPF_MAP_TYPE_HASH,
	     .key_size_b = 4,
	     .value_size_b = 8,
	     .max_entries = 1u << 28},
	    {.type = BPF_MAP_TYPE_HASH,
	     .key_size_b = 4,
	     .value_size_b = 8,
	     .max_entries = UINT32_MAX},
	    {.type = BPF_MAP_TYPE_HASH,
	     .key_size_b = 4,
	     .value_size_b = 8,
	     .max_entries = 134217729},
	    {.type = BPF_MAP_TYPE_HASH,
	     .key_size_b = 512,
	     .value_size_b = 4193743,
	     .max_entries = 1},
	    {.type = BPF_MAP_TYPE_HASH,
	     .key_size_b = 512,
	     .value_size_b = 4193744,
	     .max_entries = 1},
	    {.type = BPF_MAP_TYPE_HASH, .key_size_b = 600, .value_size_b = 8, .max_entries = 1},
	    {.type = BPF_MAP_TYPE_STACK_TRACE,
	     .key_size_b = 4,
	     .value_size_b = 127 * 8,
	     .max_entries = 1},
	    {.type = BPF_MAP_TYPE_STACK_TRACE,
	     .key_size_b = 4,
	     .value_size_b = 128 * 8,
	     .max_entries = 1},
	    {.type = BPF_MAP_TYPE_STACK_TRACE,
	     .key_size_b = 4,
	     .value_size_b = 8,
	     .max_entries = UINT32_MAX},
	    {.type = BPF_MAP_TYPE_LPM_TRIE,
	     .key_size_b = 260,
	     .value_size_b = 8,
	     .max_entries = UINT32_MAX,
	     .flags = BPF_F_NO_PREALLOC},
	    {.type = BPF_MAP_TYPE_LPM_TRIE,
	     .key_size_b = 4,
	     .value_size_b = 8,
	     .max_entries = 1,
	     .flags = BPF_F_NO_PREALLOC},
	    {.type = BPF_MAP_TYPE_QUEUE, .value_size_b = 4 << 20, .max_entries = 1},
	    {.type = BPF_MAP_TYPE_QUEUE, .value_size_b = (4 << 20) + 1, .max_entries = 1},
	    {.type = BPF_MAP_TYPE_RINGBUF, .max_entries = 2048},
	    {.type = BPF_MAP_TYPE_RINGBUF, .max_entries = 12288},
	    {.type = BPF_MAP_TYPE_ARRAY,
	     .key_size_b = 4,
	     .value_size_b = 8,
	     .max_entries = 1,
	     .flags = BPF_F_RDONLY | BPF_F_WRONLY},
	    {.type = BPF_MAP_TYPE_HASH_OF_MAPS,
	     .key_size_b = 4,
	     .value_size_b = 4,
	     .max_entries = 1},
	};
	struct pair *p = *state;

	for (size_t i = 0; i < sizeof(defs) / sizeof(defs[0]); i++) {
		struct vm_map *m = NULL;
		int fd = kernel_create(&defs[i], 0);
		int err = vm_map_create(&defs[i], p->n_cpus, &m, NULL);

		/* No inner map is a bad descriptor to the kernel; here it is just not said. */
		if (defs[i].type == BPF_MAP_TYPE_HASH_OF_MAPS && fd == -EBADF)
			fd = -EINVAL;
		if (err != (fd < 0 ? fd : 0))
			fail_msg("%s: the kernel says %d, we %d", describe(&defs[i]), fd, err);
		vm_map_destroy(m);
		if (fd >= 0)
			close(fd);
	}
}

/* ---- operations ------------------------------------------------------------------------------ */

static void both(struct pair *p, struct vm_map_def d)
{
	int err;

	p->fd = kernel_create(&d, 0);
	if (p->fd < 0)
		fail_msg("%s: %d", describe(&d), p->fd);
	err = vm_map_create(&d, p->n_cpus, &p->ours, NULL);
	if (err)
		fail_msg("%s: ours: %d", describe(&d), err);
}

static void end(struct pair *p)
{
	vm_map_destroy(p->ours);
	close(p->fd);
}

static void same(struct pair *p, const char *what, uint64_t flags, int kernel, int ours)
{
	if (kernel != ours)
		fail_msg("%s of %s (flags 0x%llx, after %s): the kernel says %d, we %d", what,
		         describe(&p->ours->def), (unsigned long long)flags, p->history, kernel,
		         ours);
	snprintf(p->history, sizeof(p->history), "%s = %d", what, ours);
}

static void same_bytes(struct pair *p, const char *what, const void *kernel, const void *ours,
                       size_t n)
{
	if (memcmp(kernel, ours, n))
		fail_msg("%s of %s, after %s: other bytes than the kernel's", what,
		         describe(&p->ours->def), p->history);
}

static void fill_random(struct pair *p, unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bytes[i] = (unsigned char)next_random(p);
}

/* Few of them, and some that are out of bounds. */
static const void *random_key(struct pair *p, unsigned char key[KEY_MAX_B])
{
	const struct vm_map_def *d = &p->ours->def;
	uint32_t n = below(p, d->max_entries + 3);

	if (!d->key_size_b)
		return below(p, 50) ? NULL : key;
	memset(key, 0, KEY_MAX_B);
	if (d->type == BPF_MAP_TYPE_LPM_TRIE) {
		uint32_t bits = below(p, (d->key_size_b - 4) * 8 + 2);

		memcpy(key, &bits, 4);
		/* Prefixes that share much. */
		for (uint32_t i = 4; i < d->key_size_b; i++)
			key[i] =
			    (unsigned char)((next_random(p) & next_random(p) & next_random(p)) |
			                    0x40);
		return key;
	}
	memcpy(key, &n, d->key_size_b < 4 ? d->key_size_b : 4);
	if (d->key_size_b > 8)
		key[d->key_size_b - 1] = (unsigned char)n;
	return key;
}

static uint64_t random_flags(struct pair *p)
{
	static const uint64_t flags[] = {BPF_ANY,        BPF_ANY,   BPF_ANY,   BPF_NOEXIST,
	                                 BPF_EXIST,      BPF_EXIST, 3,         BPF_F_LOCK,
	                                 BPF_F_LOCK | 1, 8,         1ull << 40};

	return flags[below(p, sizeof(flags) / sizeof(flags[0]))];
}

static int kernel_update(struct pair *p, const void *key, const void *value, uint64_t flags)
{
	return result(bpf_map_update_elem(p->fd, key, value, flags));
}

static void random_call(struct pair *p)
{
	unsigned char key[KEY_MAX_B], next[2][KEY_MAX_B] = {0}, value[2][VALUE_MAX_B] = {0};
	const void *k = random_key(p, key);
	size_t value_b = vm_map_value_bytes(p->ours);
	uint64_t flags = random_flags(p);
	int kernel, ours;

	assert_true(value_b <= VALUE_MAX_B);
	switch (below(p, 10)) {
	case 0:
	case 1:
	case 2:
	case 3:
		fill_random(p, value[0], value_b);
		if (p->ours->def.type == BPF_MAP_TYPE_BLOOM_FILTER)
			memset(value[0], value[0][0] & 15, value_b);
		kernel = kernel_update(p, k, value[0], flags);
		ours = vm_map_write(p->ours, k, value[0], flags);
		same(p, "update", flags, kernel, ours);
		break;
	case 4:
	case 5:
		if (p->ours->def.type == BPF_MAP_TYPE_BLOOM_FILTER) {
			memset(value, below(p, 16), sizeof(value));
			kernel = result(bpf_map_lookup_elem(p->fd, k, value[0]));
			ours = vm_map_read(p->ours, k, value[1]);
			/* Other hashes have other false hits; what was pushed is found. */
			if (kernel == -ENOENT && !ours)
				break;
			if (ours == -ENOENT && !kernel)
				break;
			same(p, "lookup", 0, kernel, ours);
			break;
		}
		kernel = result(bpf_map_lookup_elem(p->fd, k, value[0]));
		ours = vm_map_read(p->ours, k, value[1]);
		same(p, "lookup", 0, kernel, ours);
		if (!ours)
			same_bytes(p, "lookup", value[0], value[1], value_b);
		break;
	case 6:
		kernel = result(bpf_map_lookup_and_delete_elem(p->fd, k, value[0]));
		ours = vm_map_take(p->ours, k, value[1]);
		same(p, "lookup and delete", 0, kernel, ours);
		if (!ours)
			same_bytes(p, "lookup and delete", value[0], value[1], value_b);
		break;
	case 7:
		kernel = result(bpf_map_delete_elem(p->fd, k));
		ours = vm_map_erase(p->ours, k);
		same(p, "delete", 0, kernel, ours);
		break;
	default:
		if (!below(p, 4))
			k = NULL;
		kernel = result(bpf_map_get_next_key(p->fd, k, next[0]));
		ours = vm_map_next_key(p->ours, k, next[1]);
		switch (p->ours->def.type) {
		case BPF_MAP_TYPE_HASH:
		case BPF_MAP_TYPE_PERCPU_HASH:
		case BPF_MAP_TYPE_LRU_HASH:
		case BPF_MAP_TYPE_LRU_PERCPU_HASH:
			/* Which key is last is each one's own affair. */
			if (k && (kernel == -ENOENT || !kernel) && (ours == -ENOENT || !ours))
				break;
			same(p, "next key", 0, kernel, ours);
			break;
		default:
			same(p, "next key", 0, kernel, ours);
			if (!ours)
				same_bytes(p, "next key", next[0], next[1],
				           p->ours->def.key_size_b);
		}
	}
}

/* Walking ours finds the kernel's entries, each once, and walking the kernel's as many. */
static void same_entries(struct pair *p)
{
	unsigned char key[KEY_MAX_B], value[2][VALUE_MAX_B];
	size_t value_b = vm_map_value_bytes(p->ours);
	uint32_t n_ours = 0, n_kernel = 0;
	int err;

	for (err = vm_map_next_key(p->ours, NULL, key); !err;
	     err = vm_map_next_key(p->ours, key, key)) {
		assert_int_equal(vm_map_read(p->ours, key, value[0]), 0);
		same(p, "lookup of an entry", 0, result(bpf_map_lookup_elem(p->fd, key, value[1])),
		     0);
		same_bytes(p, "entry", value[1], value[0], value_b);
		n_ours++;
	}
	same(p, "end of the walk", 0, -ENOENT, err);
	for (err = bpf_map_get_next_key(p->fd, NULL, key); !err;
	     err = bpf_map_get_next_key(p->fd, key, key))
		n_kernel++;
	assert_int_equal(n_ours, n_kernel);
}

static void play(struct pair *p, struct vm_map_def d, uint32_t n_calls)
{
	both(p, d);
	for (uint32_t i = 0; i < n_calls; i++)
		random_call(p);
	switch (d.type) {
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_BLOOM_FILTER:
		break;
	default:
		same_entries(p);
	}
	if (!below(p, 3)) {
		same(p, "freeze", 0, result(bpf_map_freeze(p->fd)), vm_map_freeze(p->ours));
		for (uint32_t i = 0; i < 20; i++)
			random_call(p);
		same(p, "second freeze", 0, result(bpf_map_freeze(p->fd)), vm_map_freeze(p->ours));
	}
	end(p);
}

static uint32_t access_flags(struct pair *p)
{
	static const uint32_t flags[] = {
	    0, 0, 0, BPF_F_RDONLY, BPF_F_WRONLY, BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG};

	return flags[below(p, sizeof(flags) / sizeof(flags[0]))];
}

static uint32_t some_value_size(struct pair *p)
{
	/* All CPUs' values have to fit into VALUE_MAX_B. */
	return 1 + below(p, VALUE_MAX_B / p->n_cpus < 24 ? 8 : 24);
}

static void arrays_agree(void **state)
{
	struct pair *p = *state;

	for (uint32_t i = 0; i < rounds(60); i++)
		play(p,
		     (struct vm_map_def){.type =
		                             i % 2 ? BPF_MAP_TYPE_ARRAY : BPF_MAP_TYPE_PERCPU_ARRAY,
		                         .key_size_b = 4,
		                         .value_size_b = some_value_size(p),
		                         .max_entries = 1 + below(p, 12),
		                         .flags = access_flags(p) & ~(uint32_t)BPF_F_WRONLY},
		     300);
}

static void hashes_agree(void **state)
{
	static const uint32_t key_sizes[] = {1, 2, 4, 4, 7, 8, 8, 12, 16, 24, 33, 64};
	struct pair *p = *state;

	for (uint32_t i = 0; i < rounds(100); i++)
		play(p,
		     (struct vm_map_def){.type =
		                             i % 2 ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_PERCPU_HASH,
		                         .key_size_b = key_sizes[below(p, 12)],
		                         .value_size_b = some_value_size(p),
		                         .max_entries = 1 + below(p, 20),
		                         .flags = (access_flags(p) & ~(uint32_t)BPF_F_WRONLY) |
		                                  (below(p, 2) ? BPF_F_NO_PREALLOC : 0)},
		     400);
}

/* Far fewer keys than entries. */
static void lru_hashes_agree(void **state)
{
	struct pair *p = *state;

	for (uint32_t i = 0; i < rounds(30); i++) {
		struct vm_map_def d = {.type = i % 2 ? BPF_MAP_TYPE_LRU_HASH
		                                     : BPF_MAP_TYPE_LRU_PERCPU_HASH,
		                       .key_size_b = below(p, 2) ? 4 : 12,
		                       .value_size_b = some_value_size(p),
		                       .max_entries = 10000};

		both(p, d);
		p->ours->def.max_entries = 20; /* the keys that random_key() makes */
		for (uint32_t n = 0; n < 400; n++)
			random_call(p);
		p->ours->def.max_entries = 10000;
		same_entries(p);
		end(p);
	}
}

static void tries_agree(void **state)
{
	struct pair *p = *state;

	for (uint32_t i = 0; i < rounds(100); i++)
		play(p,
		     (struct vm_map_def){.type = BPF_MAP_TYPE_LPM_TRIE,
		                         .key_size_b = 5 + below(p, 20),
		                         .value_size_b = 1 + below(p, 24),
		                         .max_entries = 1 + below(p, 60),
		                         .flags = BPF_F_NO_PREALLOC},
		     600);
}

/* One byte of prefix: the trie is dense, and deletions meet every shape. */
static void small_tries_agree(void **state)
{
	struct pair *p = *state;

	for (uint32_t i = 0; i < rounds(60); i++)
		play(p,
		     (struct vm_map_def){.type = BPF_MAP_TYPE_LPM_TRIE,
		                         .key_size_b = 5,
		                         .value_size_b = 4,
		                         .max_entries = 8 + below(p, 300),
		                         .flags = BPF_F_NO_PREALLOC},
		     1500);
}

static void queues_and_stacks_agree(void **state)
{
	struct pair *p = *state;

	for (uint32_t i = 0; i < rounds(60); i++)
		play(p,
		     (struct vm_map_def){.type = i % 2 ? BPF_MAP_TYPE_QUEUE : BPF_MAP_TYPE_STACK,
		                         .value_size_b = 1 + below(p, 24),
		                         .max_entries = 1 + below(p, 6),
		                         .flags = access_flags(p)},
		     300);
}

static void bloom_filters_agree(void **state)
{
	struct pair *p = *state;

	for (uint32_t i = 0; i < rounds(20); i++)
		play(p,
		     (struct vm_map_def){.type = BPF_MAP_TYPE_BLOOM_FILTER,
		                         .value_size_b = 1 + below(p, 24),
		                         .max_entries = 1 + below(p, 100),
		                         .extra = below(p, 16)},
		     200);
}

/* What can be done from outside to kinds that only programs fill. */
static void kinds_without_outside_values_agree(void **state)
{
	static const struct vm_map_def defs[] = {
	    {.type = BPF_MAP_TYPE_STACK_TRACE,
	     .key_size_b = 4,
	     .value_size_b = 64,
	     .max_entries = 5},
	    {.type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096},
	};
	struct pair *p = *state;

	for (size_t i = 0; i < sizeof(defs) / sizeof(defs[0]); i++) {
		both(p, defs[i]);
		for (uint32_t n = 0; n < 500; n++)
			random_call(p);
		end(p);
	}
}

/* Program and event arrays take descriptors, which we have none of: all but update. */
static void arrays_of_descriptors_agree(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_PROG_ARRAY, BPF_MAP_TYPE_PERF_EVENT_ARRAY};
	struct pair *p = *state;
	uint32_t value[2];

	for (size_t i = 0; i < 2; i++) {
		both(p,
		     (struct vm_map_def){
		         .type = types[i], .key_size_b = 4, .value_size_b = 4, .max_entries = 3});
		for (uint32_t key = 0; key < 5; key++) {
			same(p, "lookup", 0, result(bpf_map_lookup_elem(p->fd, &key, &value[0])),
			     vm_map_read(p->ours, &key, &value[1]));
			same(p, "delete", 0, result(bpf_map_delete_elem(p->fd, &key)),
			     vm_map_erase(p->ours, &key));
			same(p, "next key", 0, result(bpf_map_get_next_key(p->fd, &key, &value[0])),
			     vm_map_next_key(p->ours, &key, &value[1]));
			same(p, "take", 0,
			     result(bpf_map_lookup_and_delete_elem(p->fd, &key, &value[0])),
			     vm_map_take(p->ours, &key, &value[1]));
		}
		end(p);
	}
}

/* Which maps may become members, by kind, size and flags. */
static void maps_of_maps_agree(void **state)
{
	struct pair *p = *state;

	for (uint32_t i = 0; i < rounds(1500); i++) {
		struct vm_map_def like = {.type = kinds[below(p, N_KINDS)],
		                          .key_size_b = 4,
		                          .value_size_b = 8,
		                          .max_entries = 1 + below(p, 2),
		                          .flags = below(p, 4) ? 0 : BPF_F_INNER_MAP};
		struct vm_map_def inner,
		    outer = {.type = i % 2 ? BPF_MAP_TYPE_ARRAY_OF_MAPS : BPF_MAP_TYPE_HASH_OF_MAPS,
		             .key_size_b = 4,
		             .value_size_b = 4,
		             .max_entries = 2,
		             .inner = &like};
		struct vm_map *m = NULL, *member = NULL, *meta = NULL;
		int like_fd, fd = -1, member_fd = -1, err;

		if (like.type == BPF_MAP_TYPE_LPM_TRIE) {
			like.key_size_b = 8;
			like.flags = BPF_F_NO_PREALLOC;
		}
		if (like.type == BPF_MAP_TYPE_PROG_ARRAY ||
		    like.type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			like.value_size_b = 4;
		like_fd = kernel_create(&like, 0);
		err = vm_map_create(&like, p->n_cpus, &meta, NULL);
		if (like_fd < 0 || err) {
			/* Maps of maps of maps: no descriptor to give, just ours to look at. */
			vm_map_destroy(meta);
			if (like_fd >= 0)
				close(like_fd);
			continue;
		}
		vm_map_destroy(meta);
		fd = kernel_create(&outer, like_fd);
		err = vm_map_create(&outer, p->n_cpus, &m, NULL);
		if (err != (fd < 0 ? fd : 0))
			fail_msg("outer of %s: the kernel says %d, we %d", describe(&like), fd,
			         err);
		inner = like;
		switch (below(p, 6)) {
		case 0:
			inner.max_entries++;
			break;
		case 1:
			inner.value_size_b += 8;
			break;
		case 2:
			inner.flags ^= BPF_F_NUMA_NODE;
			break;
		case 3:
			inner.key_size_b = 8;
			break;
		}
		member_fd = kernel_create(&inner, 0);
		err = vm_map_create(&inner, p->n_cpus, &member, NULL);
		if (!err && member_fd >= 0 && m) {
			uint32_t key = below(p, 4), id, its_id;
			uint64_t flags = random_flags(p) & 7;
			int put = vm_map_set_map(m, &key, member, flags);

			snprintf(p->history, sizeof(p->history), "%s flags 0x%x", describe(&inner),
			         like.flags);
			p->ours = m;
			p->fd = fd;
			same(p, "put", flags, kernel_update(p, &key, &member_fd, flags), put);
			same(p, "lookup", 0, result(bpf_map_lookup_elem(fd, &key, &its_id)),
			     vm_map_read(m, &key, &id));
			if (!put) {
				assert_int_equal(id, member->id);
				assert_ptr_equal(vm_map_lookup(m, &key, 0), member);
			}
			same(p, "delete", 0, result(bpf_map_delete_elem(fd, &key)),
			     vm_map_erase(m, &key));
			same(p, "delete", 0, result(bpf_map_delete_elem(fd, &key)),
			     vm_map_erase(m, &key));
			assert_null(vm_map_lookup(m, &key, 0));
		}
		vm_map_destroy(m);
		vm_map_destroy(member);
		close(like_fd);
		if (fd >= 0)
			close(fd);
		if (member_fd >= 0)
			close(member_fd);
	}
}

/* Values with a lock in them: struct { u32 a; struct bpf_spin_lock lock; u64 b; }. */
static struct btf *locked_type(int *ret_key, int *ret_value)
{
	struct btf *b = btf__new_empty();
	int u32 = btf__add_int(b, "unsigned int", 4, 0), u64, lock;

	u64 = btf__add_int(b, "unsigned long long", 8, 0);
	lock = btf__add_struct(b, "bpf_spin_lock", 4);
	btf__add_field(b, "val", u32, 0, 0);
	*ret_key = u32;
	*ret_value = btf__add_struct(b, "value", 16);
	btf__add_field(b, "a", u32, 0, 0);
	btf__add_field(b, "lock", lock, 32, 0);
	btf__add_field(b, "b", u64, 64, 0);
	return b;
}

static void locked_values_agree(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_HASH,        BPF_MAP_TYPE_ARRAY,
	                                 BPF_MAP_TYPE_LRU_HASH,    BPF_MAP_TYPE_PERCPU_ARRAY,
	                                 BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_HASH};
	struct pair *p = *state;
	struct btf_file *ours;
	struct btf *theirs;
	int key, value;
	const void *raw;
	uint32_t raw_b;

	theirs = locked_type(&key, &value);
	assert_int_equal(btf__load_into_kernel(theirs), 0);
	raw = btf__raw_data(theirs, &raw_b);
	assert_int_equal(btf_open_bytes(raw, raw_b, NULL, &ours), 0);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct vm_map_def d = {.type = types[i],
		                       .key_size_b = 4,
		                       .value_size_b = 16,
		                       .max_entries = 6,
		                       .btf = ours,
		                       .key_type = (uint32_t)key,
		                       .value_type = (uint32_t)value,
		                       .flags = i == 5 ? BPF_F_RDONLY_PROG : 0};
		LIBBPF_OPTS(bpf_map_create_opts, opts, .btf_fd = (uint32_t)btf__fd(theirs),
		            .btf_key_type_id = d.key_type, .btf_value_type_id = d.value_type,
		            .map_flags = d.flags);
		int err = vm_map_create(&d, p->n_cpus, &p->ours, NULL);

		p->fd = bpf_map_create(d.type, "skep_test", 4, 16, 6, &opts);
		if (p->fd < 0)
			p->fd = -errno;
		if (err != (p->fd < 0 ? p->fd : 0))
			fail_msg("with a lock, %s: the kernel says %d, we %d", describe(&d), p->fd,
			         err);
		if (err)
			continue;
		for (uint32_t n = 0; n < rounds(1000); n++)
			random_call(p);
		same_entries(p);
		same(p, "freeze", 0, result(bpf_map_freeze(p->fd)), vm_map_freeze(p->ours));
		end(p);
	}
	btf_close(ours);
	btf__free(theirs);
}

static int setup(void **state)
{
	static struct pair p;

	p = (struct pair){.n_cpus = (uint32_t)libbpf_num_possible_cpus(), .state = seed()};
	*state = &p;
	return 0;
}

/* NULL: nothing. */
static const char *what_is_missing(void)
{
	struct vm_map_def d = {
	    .type = BPF_MAP_TYPE_ARRAY, .key_size_b = 4, .value_size_b = 8, .max_entries = 1};
	int fd = kernel_create(&d, 0);

	if (fd < 0)
		return fd == -EPERM ? "bpf(2) is not for us" : "bpf(2) makes no maps";
	close(fd);
	return libbpf_num_possible_cpus() > 8 ? "more than 8 CPUs make values too long" : NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_definitions_are_refused),
	    cmocka_unit_test(limits_are_the_same),
	    cmocka_unit_test(arrays_agree),
	    cmocka_unit_test(hashes_agree),
	    cmocka_unit_test(lru_hashes_agree),
	    cmocka_unit_test(tries_agree),
	    cmocka_unit_test(small_tries_agree),
	    cmocka_unit_test(queues_and_stacks_agree),
	    cmocka_unit_test(bloom_filters_agree),
	    cmocka_unit_test(kinds_without_outside_values_agree),
	    cmocka_unit_test(arrays_of_descriptors_agree),
	    cmocka_unit_test(maps_of_maps_agree),
	    cmocka_unit_test(locked_values_agree),
	};

	const char *missing;

	libbpf_set_print(NULL);
	missing = what_is_missing();
	if (missing) {
		printf("1..0 # SKIP %s\n", missing);
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, NULL);
}
