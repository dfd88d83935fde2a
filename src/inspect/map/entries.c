/* See entries.h. */
#include "inspect/map/entries.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "inspect/source.h"

enum {
	BATCH_B = 1 << 18, /* what one read gives, if no entry is larger */
	BATCH_MOST_B = 1 << 26,
};

/* Kinds whose batches hold every entry once. Those of maps of maps and of programs end at an empty
 * slot on older kernels. */
static bool has_batches(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LPM_TRIE:
		return true;
	default:
		return false;
	}
}

/* ---- one by one ------------------------------------------------------------------------------ */

/* Behind m->key if `has_last`, else from the beginning. In a hash, the kernel begins again behind a
 * key that is gone: so there is an end to it after as many as the map can hold. */
static int each_key(struct arena *a, struct open_map *m, bool has_last, entry_fn *each, void *arg)
{
	uint64_t left = m->info.max_entries ? m->info.max_entries : UINT64_MAX;
	unsigned char *next = arena_alloc(a, m->info.key_size + 8u);
	int status = 0;

	for (bool is_first = !has_last; left && !status; left--) {
		if (source_next_key(m->fd, is_first ? NULL : m->key, next, m->info.key_size)) {
			status = errno == ENOENT ? 0 : -errno;
			break;
		}
		is_first = false;
		memcpy(m->key, next, m->info.key_size);
		status = each(arg, m,
		              source_lookup(m->fd, m->key, m->info.key_size, m->value, m->value_b)
		                  ? -errno
		                  : 0);
	}
	return status;
}

/* ---- many at a time -------------------------------------------------------------------------- */

struct batch {
	unsigned char *keys, *values, *position;
	uint32_t room, n;
	bool has_position, is_last;
};

static void batch_alloc(struct arena *a, struct batch *b, const struct open_map *m, uint32_t room)
{
	b->room = room;
	b->keys = arena_alloc(a, (size_t)room * m->info.key_size);
	b->values = arena_alloc(a, (size_t)room * m->value_b);
}

/* The next ones; false: it can't be done so. */
static bool batch_read(struct arena *a, struct batch *b, const struct open_map *m)
{
	unsigned char *in = b->has_position ? b->position : NULL;
	unsigned tries = 8;

	for (;;) {
		int err;

		b->n = b->room;
		err = bpf_map_lookup_batch(m->fd, in, b->position, b->keys, b->values, &b->n, NULL)
		          ? errno
		          : 0;
		if (b->n > b->room)
			b->n = 0;
		b->has_position = true;
		b->is_last = err == ENOENT;
		if (!err || err == ENOENT)
			return true;
		/* A bucket that is larger than the room. */
		if (err == ENOSPC && (uint64_t)b->room * 2 * m->value_b <= BATCH_MOST_B &&
		    tries--) {
			batch_alloc(a, b, m, b->room * 2);
			continue;
		}
		b->n = err == EINTR ? b->n : 0;
		return false;
	}
}

static int each_batched(struct arena *a, struct open_map *m, entry_fn *each, void *arg)
{
	size_t entry_b = m->info.key_size + (size_t)m->value_b;
	unsigned char *key = m->key, *value = m->value;
	struct batch b = {.position = arena_alloc(a, m->info.key_size + 8u)};
	uint64_t room = BATCH_B / entry_b + 16;
	bool is_batched = true, has_last = false;
	int status = 0;

	if (room > m->info.max_entries)
		room = m->info.max_entries + 1;
	batch_alloc(a, &b, m, (uint32_t)room);
	while (is_batched && !b.is_last && !status) {
		is_batched = batch_read(a, &b, m);
		for (uint32_t i = 0; i < b.n && !status; i++) {
			m->key = b.keys + (size_t)i * m->info.key_size;
			m->value = b.values + (size_t)i * m->value_b;
			status = each(arg, m, 0);
		}
		if (b.n) {
			memcpy(key, b.keys + (size_t)(b.n - 1) * m->info.key_size,
			       m->info.key_size);
			has_last = true;
		}
	}
	m->key = key;
	m->value = value;
	if (!is_batched && !status)
		status = each_key(a, m, has_last, each, arg);
	return status;
}

int map_each(struct open_map *m, entry_fn *each, void *arg)
{
	own_arena struct arena *a = arena_create();

	if (!source_session() && has_batches(m->info.type) && m->info.key_size)
		return each_batched(a, m, each, arg);
	return each_key(a, m, false, each, arg);
}
