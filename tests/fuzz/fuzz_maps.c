/* Maps of the user-space machine: bytes become a definition and calls, each compared with a model
 * that is a plain list of entries.
 *
 * Byte 0 chooses the kind, 1 to 4 the sizes of key and value, the number of entries and the flags;
 * then come calls of four bytes: which one, key, value, flags. See fuzz_one() for the letters.
 *
 * corpus: *.mapops */
#include "fuzz.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "vm/map.h"

#define KEY_MAX_B 24
#define VALUE_MAX_B 24
#define ENTRIES_MAX 16
#define N_CPUS 2

struct entry {
	unsigned char key[KEY_MAX_B];
	unsigned char value[N_CPUS][VALUE_MAX_B];
};

/* Entries in order of arrival. */
struct model {
	struct vm_map *m;
	struct entry entries[ENTRIES_MAX];
	uint32_t n;
};

static struct entry *model_find(struct model *o, const void *key)
{
	for (uint32_t i = 0; i < o->n; i++)
		if (!memcmp(o->entries[i].key, key, o->m->def.key_size_b))
			return &o->entries[i];
	return NULL;
}

static void model_remove(struct model *o, struct entry *e)
{
	memmove(e, e + 1, (size_t)(&o->entries[--o->n] - e) * sizeof(*e));
}

/* ---- kinds with keys ------------------------------------------------------------------------- */

static bool is_percpu(const struct model *o)
{
	return o->m->cpu_stride_b || o->m->def.type == BPF_MAP_TYPE_PERCPU_HASH ||
	       o->m->def.type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static bool is_array(const struct model *o)
{
	return o->m->values != NULL;
}

static bool is_trie(const struct model *o)
{
	return o->m->def.type == BPF_MAP_TYPE_LPM_TRIE;
}

static bool is_lru(const struct model *o)
{
	return o->m->def.type == BPF_MAP_TYPE_LRU_HASH ||
	       o->m->def.type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* What is only the map's own: whom an LRU evicts. */
static void forget_evicted(struct model *o)
{
	unsigned char value[N_CPUS * VALUE_MAX_B];
	uint32_t before = o->n;

	for (uint32_t i = o->n; i--;)
		if (vm_map_read(o->m, o->entries[i].key, value) == -ENOENT)
			model_remove(o, &o->entries[i]);
	FUZZ_CHECK(o->n == before || (is_lru(o) && o->n + 1 == before));
}

/* Bits beyond a prefix are no part of it: the model's keys have zeros there. */
static void cut_prefix(unsigned char *key, uint32_t key_b)
{
	uint32_t bits;

	memcpy(&bits, key, 4);
	for (uint32_t i = bits; i < (key_b - 4) * 8; i++)
		key[4 + i / 8] &= (unsigned char)~(0x80 >> i % 8);
}

static void make_key(const struct model *o, unsigned char byte, unsigned char key[KEY_MAX_B])
{
	uint32_t key_b = o->m->def.key_size_b, n;

	memset(key, 0, KEY_MAX_B);
	if (is_trie(o)) {
		n = (byte >> 3) % ((key_b - 4) * 8 + 2);
		memcpy(key, &n, 4);
		key[4] = (unsigned char)(byte * 32);
		key[key_b - 1] ^= (unsigned char)((byte & 4) * 32);
		return;
	}
	n = byte % (ENTRIES_MAX + 4);
	memcpy(key, &n, key_b < 4 ? key_b : 4);
	key[key_b - 1] = (unsigned char)n;
	if (is_array(o))
		memcpy(key, &n, 4);
}

static int expected_update(struct model *o, const void *key, uint64_t flags, struct entry *e)
{
	uint32_t index = 0, bits = 0;

	if (flags > BPF_EXIST)
		return -EINVAL;
	memcpy(&index, key, o->m->def.key_size_b < 4 ? 1 : 4);
	if (is_array(o))
		return index >= o->m->def.max_entries ? -E2BIG : flags == BPF_NOEXIST ? -EEXIST : 0;
	memcpy(&bits, key, o->m->def.key_size_b < 4 ? 1 : 4);
	if (is_trie(o) && bits > (o->m->def.key_size_b - 4) * 8)
		return -EINVAL;
	if (e)
		return flags == BPF_NOEXIST ? -EEXIST : 0;
	if (flags == BPF_EXIST)
		return -ENOENT;
	if (o->n == o->m->def.max_entries && !is_lru(o))
		return is_trie(o) ? -ENOSPC : -E2BIG;
	return 0;
}

static void try_update(struct model *o, const unsigned char *key, const unsigned char *value,
                       uint64_t flags, uint32_t cpu)
{
	const struct vm_map_def *d = &o->m->def;
	unsigned char cut[KEY_MAX_B];
	struct entry *e;
	int want;

	memcpy(cut, key, KEY_MAX_B);
	if (is_trie(o))
		cut_prefix(cut, d->key_size_b);
	e = model_find(o, cut);
	want = expected_update(o, key, flags, e);
	FUZZ_CHECK(vm_map_update(o->m, key, value, flags, cpu) == want);
	if (want)
		return;
	if (!e) {
		if (o->n == d->max_entries)
			forget_evicted(o);
		FUZZ_CHECK(o->n < d->max_entries);
		e = &o->entries[o->n++];
		memset(e, 0, sizeof(*e));
		memcpy(e->key, cut, KEY_MAX_B);
	}
	memcpy(e->value[is_percpu(o) ? cpu : 0], value, d->value_size_b);
}

/* The longest prefix in the list that holds `key`. */
static struct entry *model_match(struct model *o, const unsigned char *key)
{
	struct entry *best = NULL;
	uint32_t bits, its, best_bits = 0;

	memcpy(&bits, key, 4);
	for (uint32_t i = 0; i < o->n; i++) {
		unsigned char cut[KEY_MAX_B];

		memcpy(&its, o->entries[i].key, 4);
		memcpy(cut, key, KEY_MAX_B);
		memcpy(cut, &its, 4);
		cut_prefix(cut, o->m->def.key_size_b);
		if (its <= bits && (!best || its > best_bits) &&
		    !memcmp(cut, o->entries[i].key, o->m->def.key_size_b)) {
			best = &o->entries[i];
			best_bits = its;
		}
	}
	return bits > (o->m->def.key_size_b - 4) * 8 ? NULL : best;
}

static void try_lookup(struct model *o, const unsigned char *key, uint32_t cpu)
{
	struct entry *e = is_trie(o) ? model_match(o, key) : model_find(o, key);
	void *value = vm_map_lookup(o->m, key, cpu);

	FUZZ_CHECK(!value == !e);
	FUZZ_CHECK((uintptr_t)value % 8 == 0);
	if (e)
		FUZZ_CHECK(
		    !memcmp(value, e->value[is_percpu(o) ? cpu : 0], o->m->def.value_size_b));
}

static void try_remove(struct model *o, const unsigned char *key, bool takes)
{
	unsigned char cut[KEY_MAX_B], out[N_CPUS * VALUE_MAX_B];
	struct entry *e;
	uint32_t bits;
	int got = takes ? vm_map_take(o->m, key, out) : vm_map_remove(o->m, key);

	if (takes && (is_array(o) || is_trie(o))) {
		FUZZ_CHECK(got == -524);
		return;
	}
	memcpy(cut, key, KEY_MAX_B);
	if (is_array(o)) {
		FUZZ_CHECK(got == -EINVAL);
		return;
	}
	if (is_trie(o)) {
		memcpy(&bits, key, 4);
		if (bits > (o->m->def.key_size_b - 4) * 8) {
			FUZZ_CHECK(got == -EINVAL);
			return;
		}
		cut_prefix(cut, o->m->def.key_size_b);
	}
	e = model_find(o, cut);
	FUZZ_CHECK(got == (e ? 0 : -ENOENT));
	if (!e)
		return;
	if (takes)
		for (uint32_t cpu = 0; cpu < (is_percpu(o) ? N_CPUS : 1); cpu++)
			FUZZ_CHECK(!memcmp(out + cpu * ((o->m->def.value_size_b + 7) / 8 * 8),
			                   e->value[cpu], o->m->def.value_size_b));
	model_remove(o, e);
}

/* Every entry is met once, and nothing else; no prefix comes before one that it holds. */
static void try_walk(struct model *o)
{
	unsigned char key[KEY_MAX_B] = {0}, last[KEY_MAX_B];
	bool is_met[ENTRIES_MAX] = {0};
	uint32_t n = 0;

	for (int err = vm_map_next_key(o->m, NULL, key); !err;
	     err = vm_map_next_key(o->m, last, key)) {
		struct entry *e;

		memcpy(last, key, sizeof(last));
		if (is_trie(o))
			cut_prefix(key, o->m->def.key_size_b);
		e = model_find(o, key);
		FUZZ_CHECK(e && !is_met[e - o->entries]);
		is_met[e - o->entries] = true;
		n++;
		for (uint32_t i = 0; is_trie(o) && i < o->n; i++) {
			uint32_t longer, shorter;
			unsigned char cut[KEY_MAX_B];

			memcpy(&longer, o->entries[i].key, 4);
			memcpy(&shorter, e->key, 4);
			memcpy(cut, o->entries[i].key, KEY_MAX_B);
			memcpy(cut, &shorter, 4);
			cut_prefix(cut, o->m->def.key_size_b);
			if (longer > shorter && !memcmp(cut, e->key, o->m->def.key_size_b))
				FUZZ_CHECK(is_met[i]);
		}
	}
	FUZZ_CHECK(n == o->n);
}

static int64_t count(void *arg, struct vm_map *m, const void *key, void *value)
{
	struct model *o = arg;
	struct entry *e = model_find(o, key);

	FUZZ_CHECK(e && !memcmp(value, e->value[0], m->def.value_size_b));
	return 0;
}

static void try_keyed(struct model *o, const unsigned char *call)
{
	unsigned char key[KEY_MAX_B], value[VALUE_MAX_B];
	uint32_t cpu = call[3] >> 7;

	make_key(o, call[1], key);
	memset(value, call[2], sizeof(value));
	switch (call[0] % 8) {
	case 0:
	case 1:
	case 2:
		try_update(o, key, value, call[3] % 4, cpu);
		break;
	case 3:
	case 4:
		try_lookup(o, key, cpu);
		break;
	case 5:
		try_remove(o, key, call[3] & 1);
		break;
	case 6:
		try_walk(o);
		break;
	case 7:
		if (is_trie(o))
			FUZZ_CHECK(vm_map_each(o->m, 0, count, o) == -EINVAL);
		else
			FUZZ_CHECK(vm_map_each(o->m, 0, count, o) == o->n);
	}
}

/* ---- queue and stack ------------------------------------------------------------------------- */

static void try_queue(struct model *o, const unsigned char *call)
{
	bool is_stack = o->m->def.type == BPF_MAP_TYPE_STACK, takes = call[0] & 1;
	uint32_t value_b = o->m->def.value_size_b;
	unsigned char value[VALUE_MAX_B], zeros[VALUE_MAX_B] = {0};
	uint64_t flags = call[3] % 4;
	struct entry *e;
	int want = 0;

	memset(value, call[2], sizeof(value));
	if (call[0] % 4 < 2) {
		if (flags == BPF_NOEXIST || flags > BPF_EXIST)
			want = -EINVAL;
		else if (o->n == o->m->def.max_entries && flags != BPF_EXIST)
			want = -E2BIG;
		FUZZ_CHECK(vm_map_push(o->m, value, flags) == want);
		if (want)
			return;
		if (o->n == o->m->def.max_entries)
			model_remove(o, &o->entries[0]);
		memcpy(o->entries[o->n++].value[0], value, value_b);
		return;
	}
	want = o->n ? 0 : -ENOENT;
	FUZZ_CHECK((takes ? vm_map_pop(o->m, value) : vm_map_peek(o->m, value)) == want);
	e = is_stack && o->n ? &o->entries[o->n - 1] : &o->entries[0];
	FUZZ_CHECK(!memcmp(value, o->n ? e->value[0] : zeros, value_b));
	if (takes && o->n)
		model_remove(o, e);
}

/* ---- ring ------------------------------------------------------------------------------------ */

#define RECORDS_MAX 512
struct ring_model {
	struct vm_map *m;
	struct {
		void *sample;
		uint32_t size_b;
		unsigned char byte;
		bool is_busy, is_discarded;
	} records[RECORDS_MAX]; /* from the first that was not read */
	uint32_t n;
	uint64_t used_b;
};

static int read_record(void *arg, const void *record, uint32_t size_b)
{
	struct ring_model *o = arg;

	while (o->n && o->records[0].is_discarded) {
		o->used_b -= (o->records[0].size_b + 15) / 8 * 8;
		memmove(o->records, o->records + 1, --o->n * sizeof(o->records[0]));
	}
	FUZZ_CHECK(o->n && !o->records[0].is_busy && o->records[0].size_b == size_b);
	for (uint32_t i = 0; i < size_b; i++)
		FUZZ_CHECK(((const unsigned char *)record)[i] == o->records[0].byte);
	o->used_b -= (size_b + 15) / 8 * 8;
	memmove(o->records, o->records + 1, --o->n * sizeof(o->records[0]));
	return 0;
}

static void try_ring(struct ring_model *o, const unsigned char *call)
{
	uint32_t size_b = call[1] * (call[2] & 8 ? 16u : 1u), i;
	void *sample;
	bool fits = o->used_b + (size_b + 15) / 8 * 8 < 4096 && o->n < RECORDS_MAX;

	switch (call[0] % 4) {
	case 0:
		if (!fits && o->n == RECORDS_MAX)
			return;
		sample = vm_ring_reserve(o->m, size_b, 0);
		FUZZ_CHECK(!sample == !fits);
		if (!sample)
			return;
		memset(sample, call[3], size_b);
		o->records[o->n].sample = sample;
		o->records[o->n].size_b = size_b;
		o->records[o->n].byte = call[3];
		o->records[o->n].is_busy = true;
		o->records[o->n++].is_discarded = false;
		o->used_b += (size_b + 15) / 8 * 8;
		break;
	case 1:
	case 2:
		for (i = call[1] % (o->n + 1); i < o->n && !o->records[i].is_busy; i++)
			;
		if (i == o->n)
			return;
		o->records[i].is_busy = false;
		o->records[i].is_discarded = call[2] & 1;
		if (call[2] & 1)
			vm_ring_discard(o->records[i].sample, 0);
		else
			vm_ring_submit(o->records[i].sample, call[2] & 6);
		break;
	case 3:
		vm_ring_read(o->m, read_record, o);
		while (o->n && o->records[0].is_discarded && !o->records[0].is_busy) {
			o->used_b -= (o->records[0].size_b + 15) / 8 * 8;
			memmove(o->records, o->records + 1, --o->n * sizeof(o->records[0]));
		}
		FUZZ_CHECK(!o->n || o->records[0].is_busy);
		FUZZ_CHECK(vm_ring_query(o->m, BPF_RB_AVAIL_DATA) == o->used_b);
		break;
	}
}

/* ---------------------------------------------------------------------------------------------- */

void fuzz_one(const char *data, size_t len_b)
{
	static const uint32_t kinds[] = {BPF_MAP_TYPE_HASH,        BPF_MAP_TYPE_ARRAY,
	                                 BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_PERCPU_ARRAY,
	                                 BPF_MAP_TYPE_LRU_HASH,    BPF_MAP_TYPE_LRU_PERCPU_HASH,
	                                 BPF_MAP_TYPE_LPM_TRIE,    BPF_MAP_TYPE_QUEUE,
	                                 BPF_MAP_TYPE_STACK,       BPF_MAP_TYPE_RINGBUF};
	const unsigned char *p = (const unsigned char *)data;
	struct vm_map_def d = {0};
	struct ring_model ring = {0};
	struct model o = {0};
	uint32_t index;

	if (len_b < 5)
		return;
	d.type = kinds[p[0] % (sizeof(kinds) / sizeof(kinds[0]))];
	d.key_size_b = 1 + p[1] % KEY_MAX_B;
	d.value_size_b = 1 + p[2] % VALUE_MAX_B;
	d.max_entries = 1 + p[3] % ENTRIES_MAX;
	d.flags = p[4] & BPF_F_NO_PREALLOC;
	switch (d.type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		d.key_size_b = 4;
		d.flags = 0;
		break;
	case BPF_MAP_TYPE_LPM_TRIE:
		d.key_size_b = 5 + p[1] % 4;
		d.flags = BPF_F_NO_PREALLOC;
		break;
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
		d.key_size_b = 0;
		d.flags = 0;
		break;
	case BPF_MAP_TYPE_RINGBUF:
		d.key_size_b = d.value_size_b = d.flags = 0;
		d.max_entries = 4096;
		break;
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		d.flags = 0;
		break;
	}
	FUZZ_CHECK(!vm_map_create(&d, N_CPUS, &o.m, NULL));
	ring.m = o.m;
	for (index = 0; is_array(&o) && index < d.max_entries; index++)
		memcpy(o.entries[o.n++].key, &index, 4);
	for (p += 5, len_b -= 5; len_b >= 4; p += 4, len_b -= 4)
		switch (d.type) {
		case BPF_MAP_TYPE_QUEUE:
		case BPF_MAP_TYPE_STACK:
			try_queue(&o, p);
			break;
		case BPF_MAP_TYPE_RINGBUF:
			try_ring(&ring, p);
			break;
		default:
			try_keyed(&o, p);
		}
	vm_map_destroy(o.m);
}
