/* Maps of the user-space machine, continued: tries, queues, filters, rings, events, programs, maps
 * of maps, stack traces, task storage, and members of values that copies leave alone. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <bpf/btf.h>
#include <errno.h>
#include <poll.h>

#include "base/strbuf.h"
#include "types/btf.h"
#include "vm/map.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

#define N_CPUS 2

static struct vm_map *make(struct vm_map_def def)
{
	own_strbuf struct strbuf why = {0};
	struct vm_map *m = NULL;
	int err = vm_map_create(&def, N_CPUS, &m, &why);

	if (err)
		fail_msg("%d: %s", err, sb_str(&why));
	return m;
}

static int refused(struct vm_map_def def)
{
	own_strbuf struct strbuf why = {0};
	struct vm_map *m = NULL;
	int err = vm_map_create(&def, N_CPUS, &m, &why);

	assert_null(m);
	assert_true(err < 0);
	assert_true(why.n > 0);
	return err;
}

static struct vm_map_def def_of(uint32_t type, uint32_t key_b, uint32_t value_b, uint32_t n)
{
	return (struct vm_map_def){
	    .type = type, .key_size_b = key_b, .value_size_b = value_b, .max_entries = n};
}

static struct vm_map_def with_flags(struct vm_map_def d, uint32_t flags)
{
	d.flags = flags;
	return d;
}

/* ---- trie ------------------------------------------------------------------------------------ */

struct prefix {
	uint32_t n_bits;
	uint8_t data[4];
};

static int put_prefix(struct vm_map *m, struct prefix p, uint64_t value, uint64_t flags)
{
	return vm_map_update(m, &p, &value, flags, 0);
}

static uint64_t match(struct vm_map *m, struct prefix p)
{
	uint64_t *v = vm_map_lookup(m, &p, 0);

	return v ? *v : 0;
}

static void trie_finds_the_longest_prefix(void **state)
{
	struct vm_map_def d = def_of(BPF_MAP_TYPE_LPM_TRIE, 8, 8, 4);
	struct vm_map *m = make(with_flags(d, BPF_F_NO_PREALLOC));
	struct prefix key;

	(void)state;
	assert_int_equal(match(m, (struct prefix){32, {10, 1, 2, 3}}), 0);
	assert_int_equal(put_prefix(m, (struct prefix){8, {10}}, 8, BPF_NOEXIST), 0);
	assert_int_equal(put_prefix(m, (struct prefix){24, {10, 1, 2}}, 24, 0), 0);
	assert_int_equal(put_prefix(m, (struct prefix){24, {10, 1, 3}}, 25, 0), 0);
	assert_int_equal(put_prefix(m, (struct prefix){8, {10}}, 8, BPF_NOEXIST), -EEXIST);
	assert_int_equal(put_prefix(m, (struct prefix){9, {10}}, 8, BPF_EXIST), -ENOENT);
	assert_int_equal(put_prefix(m, (struct prefix){33, {10}}, 8, 0), -EINVAL);
	/* 10.1.2/24 and 10.1.3/24 have an intermediate node above them that nobody entered. */
	assert_int_equal(put_prefix(m, (struct prefix){23, {10, 1, 2}}, 23, BPF_EXIST), -ENOENT);
	assert_int_equal(put_prefix(m, (struct prefix){23, {10, 1, 2}}, 23, BPF_NOEXIST), 0);
	assert_int_equal(put_prefix(m, (struct prefix){0}, 1, 0), -ENOSPC);
	assert_int_equal(match(m, (struct prefix){32, {10, 1, 2, 3}}), 24);
	assert_int_equal(match(m, (struct prefix){23, {10, 1, 2, 3}}), 23);
	assert_int_equal(match(m, (struct prefix){32, {10, 9, 9, 9}}), 8);
	assert_int_equal(match(m, (struct prefix){32, {11}}), 0);
	assert_int_equal(match(m, (struct prefix){33, {10}}), 0);
	/* Longer ones before those that hold them. */
	static const uint32_t order[] = {24, 24, 23, 8};
	struct prefix *last = NULL;
	for (size_t i = 0; i < 4; i++, last = &key) {
		assert_int_equal(vm_map_next_key(m, last, &key), 0);
		assert_int_equal(key.n_bits, order[i]);
	}
	assert_int_equal(vm_map_next_key(m, &key, &key), -ENOENT);
	key = (struct prefix){23, {10, 1, 2}};
	assert_int_equal(vm_map_remove(m, &key), 0);
	assert_int_equal(vm_map_remove(m, &key), -ENOENT);
	assert_int_equal(match(m, (struct prefix){23, {10, 1, 2, 3}}), 8);
	key.n_bits = 33;
	assert_int_equal(vm_map_remove(m, &key), -EINVAL);
	vm_map_destroy(m);
}

static void trie_uses_nodes_again(void **state)
{
	struct vm_map_def d = def_of(BPF_MAP_TYPE_LPM_TRIE, 8, 8, 10);
	struct vm_map *m = make(with_flags(d, BPF_F_NO_PREALLOC));

	(void)state;
	for (uint32_t round = 0; round < 1000; round++) {
		struct prefix key;

		for (uint32_t i = 0; i < 10; i++)
			assert_int_equal(
			    put_prefix(m, (struct prefix){32, {(uint8_t)(i * 37), (uint8_t)round}},
			               i, 0),
			    0);
		while (!vm_map_next_key(m, NULL, &key))
			assert_int_equal(vm_map_remove(m, &key), 0);
	}
	vm_map_destroy(m);
}

/* ---- queue, stack, filter -------------------------------------------------------------------- */

static int push(struct vm_map *m, uint64_t value, uint64_t flags)
{
	return vm_map_push(m, &value, flags);
}

static void queues_and_stacks(void **state)
{
	struct vm_map *q = make(def_of(BPF_MAP_TYPE_QUEUE, 0, 8, 2));
	struct vm_map *s = make(def_of(BPF_MAP_TYPE_STACK, 0, 8, 2));
	struct vm_map *maps[] = {q, s};
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		v = 99;
		assert_int_equal(vm_map_pop(maps[i], &v), -ENOENT);
		assert_int_equal(v, 0);
		assert_int_equal(push(maps[i], 1, 0), 0);
		assert_int_equal(push(maps[i], 2, 0), 0);
		assert_int_equal(push(maps[i], 3, 0), -E2BIG);
		assert_int_equal(push(maps[i], 3, BPF_NOEXIST), -EINVAL);
		assert_int_equal(push(maps[i], 3, 4), -EINVAL);
		assert_int_equal(push(maps[i], 3, BPF_EXIST), 0); /* 1 makes room */
		assert_int_equal(vm_map_update(maps[i], NULL, &v, 0, 0), -EINVAL);
		assert_int_equal(vm_map_remove(maps[i], NULL), -EINVAL);
		assert_null(vm_map_lookup(maps[i], NULL, 0));
	}
	assert_int_equal(vm_map_peek(q, &v), 0);
	assert_int_equal(v, 2);
	assert_int_equal(vm_map_pop(q, &v), 0);
	assert_int_equal(v, 2);
	assert_int_equal(vm_map_peek(s, &v), 0);
	assert_int_equal(v, 3);
	assert_int_equal(vm_map_take(s, NULL, &v), 0);
	assert_int_equal(v, 3);
	assert_int_equal(vm_map_read(s, NULL, &v), 0);
	assert_int_equal(v, 2);
	assert_int_equal(vm_map_read(s, &v, &v), -EINVAL); /* a key, where there are none */
	vm_map_destroy(q);
	vm_map_destroy(s);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_QUEUE, 4, 8, 2)), -EINVAL);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_STACK, 0, 8, 0)), -EINVAL);
}

static void bloom_filter_has_no_false_misses(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_BLOOM_FILTER, 0, 8, 1000));
	uint32_t n_false = 0;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(push(m, i, 0), 0);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(vm_map_peek(m, &i), 0);
	for (uint64_t i = 1000; i < 11000; i++)
		n_false += !vm_map_peek(m, &i);
	/* 5 hashes into 8192 bits: (1 - e^(-5000/8192))^5, or 2 in 100 */
	assert_in_range(n_false, 20, 500);
	assert_int_equal(push(m, 1, BPF_EXIST), -EINVAL);
	assert_int_equal(vm_map_pop(m, &(uint64_t){1}), -EOPNOTSUPP);
	assert_int_equal(vm_map_remove(m, &(uint64_t){1}), -EOPNOTSUPP);
	vm_map_destroy(m);
}

/* ---- rings ----------------------------------------------------------------------------------- */

struct records {
	uint64_t sum, stop_at;
	uint32_t n, last_b;
};

static int add_record(void *arg, const void *record, uint32_t size_b)
{
	struct records *r = arg;
	uint64_t first = 0;

	memcpy(&first, record, size_b < 8 ? size_b : 8);
	r->sum = r->sum * 10 + first;
	r->last_b = size_b;
	r->n++;
	return r->stop_at && r->stop_at == first;
}

static bool is_readable(struct vm_map *m)
{
	struct pollfd p = {.fd = vm_ring_fd(m), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void ring_delivers_in_order_of_reservation(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096));
	uint64_t *a = vm_ring_reserve(m, 8, 0), *b = vm_ring_reserve(m, 8, 0),
	         *c = vm_ring_reserve(m, 8, 0);
	struct records r = {0};

	(void)state;
	*a = 1, *b = 2, *c = 3;
	assert_int_equal(vm_ring_query(m, BPF_RB_AVAIL_DATA), 48);
	vm_ring_submit(c, 0);
	vm_ring_submit(b, 0);
	assert_false(is_readable(m)); /* not the first: nobody need look */
	assert_int_equal(vm_ring_read(m, add_record, &r), 0);
	vm_ring_submit(a, 0);
	assert_true(is_readable(m));
	assert_int_equal(vm_ring_read(m, add_record, &r), 3);
	assert_int_equal(r.sum, 123);
	assert_false(is_readable(m));
	assert_int_equal(vm_ring_query(m, BPF_RB_AVAIL_DATA), 0);
	assert_int_equal(vm_ring_query(m, BPF_RB_RING_SIZE), 4096);
	assert_int_equal(vm_ring_query(m, BPF_RB_CONS_POS), 48);
	assert_int_equal(vm_ring_query(m, BPF_RB_PROD_POS), 48);
	assert_int_equal(vm_ring_query(m, 77), 0);
	vm_map_destroy(m);
}

static void ring_wakes_as_told(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096));
	struct records r = {.stop_at = 4};
	uint64_t v = 4;

	(void)state;
	assert_int_equal(vm_ring_output(m, &v, 8, BPF_RB_NO_WAKEUP), 0);
	assert_false(is_readable(m));
	assert_int_equal(vm_ring_output(m, &v, 8, 0), 0);
	assert_false(is_readable(m)); /* the reader has not come to the first */
	assert_int_equal(vm_ring_output(m, &v, 8, BPF_RB_FORCE_WAKEUP), 0);
	assert_true(is_readable(m));
	assert_int_equal(vm_ring_read(m, add_record, &r), 1); /* told to stop */
	assert_true(is_readable(m));                          /* there is more */
	r.stop_at = 0;
	assert_int_equal(vm_ring_read(m, add_record, &r), 2);
	assert_false(is_readable(m));
	assert_int_equal(vm_ring_output(m, &v, 8, 4), -EINVAL);
	assert_null(vm_ring_reserve(m, 8, 1));
	vm_ring_discard(vm_ring_reserve(m, 8, 0), 0);
	assert_int_equal(vm_ring_query(m, BPF_RB_AVAIL_DATA), 16);
	assert_int_equal(vm_ring_read(m, add_record, &r), 0);
	assert_int_equal(vm_ring_query(m, BPF_RB_AVAIL_DATA), 0);
	vm_map_destroy(m);
}

/* A reader that is slower than the writers comes back at last. */
static int write_again(void *arg, const void *record, uint32_t size_b)
{
	vm_ring_output(arg, record, size_b, 0);
	return 0;
}

static void ring_reader_returns(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096));

	(void)state;
	assert_int_equal(vm_ring_output(m, "record", 7, 0), 0);
	assert_int_equal(vm_ring_read(m, write_again, m), 4096 / 16);
	assert_true(is_readable(m));
	vm_map_destroy(m);
}

static void ring_fills_and_wraps(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096));
	unsigned char big[4080];
	struct records r = {0};

	(void)state;
	assert_null(vm_ring_reserve(m, 4096, 0)); /* with its head it is larger than the ring */
	assert_null(vm_ring_reserve(m, 4089, 0));
	assert_null(vm_ring_reserve(m, 1ull << 32, 0));
	assert_int_equal(vm_ring_output(m, big, sizeof(big), 0), 0);
	assert_int_equal(vm_ring_output(m, big, 1, 0), -EAGAIN);
	assert_int_equal(vm_ring_read(m, add_record, &r), 1);
	assert_int_equal(r.last_b, 4080);
	for (uint32_t i = 0; i < 1000; i++) {
		memset(big, (int)i, sizeof(big));
		assert_int_equal(vm_ring_output(m, big, 1500, 0), 0);
		assert_int_equal(vm_ring_output(m, big, 3, 0), 0);
		r = (struct records){0};
		assert_int_equal(vm_ring_read(m, add_record, &r), 2);
		assert_int_equal(r.last_b, 3);
	}
	vm_map_destroy(m);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_RINGBUF, 0, 0, 4097)), -EINVAL);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_RINGBUF, 4, 4, 4096)), -EINVAL);
}

/* A busy record stays, though all before and behind it come and go. */
static void ring_never_overruns_a_busy_record(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096));
	struct records r = {0};
	uint64_t *busy;

	(void)state;
	assert_int_equal(vm_ring_output(m, &(uint64_t){7}, 8, 0), 0);
	busy = vm_ring_reserve(m, 8, 0);
	*busy = 8;
	assert_int_equal(vm_ring_read(m, add_record, &r), 1);
	for (int i = 0; vm_ring_output(m, &(uint64_t){9}, 8, 0) != -EAGAIN; i++)
		assert_true(i < 300);
	assert_int_equal(*busy, 8);
	vm_ring_submit(busy, 0);
	r.stop_at = 8;
	assert_int_equal(vm_ring_read(m, add_record, &r), 1);
	assert_int_equal(r.sum, 78);
	vm_map_destroy(m);
}

static void perf_buffers(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 3));
	unsigned char big[30000] = {0};
	struct records r = {0};

	(void)state;
	for (uint64_t i = 1; i <= 4; i++)
		assert_int_equal(vm_perf_output(m, BPF_F_CURRENT_CPU, i % 2, &i, 8), 0);
	assert_int_equal(vm_perf_read(m, add_record, &r), 4);
	assert_int_equal(r.sum, 1234); /* across CPUs, in order */
	assert_int_equal(vm_perf_output(m, 1, 1, big, 5), 0);
	assert_int_equal(vm_perf_output(m, 0, 1, big, 5), -EOPNOTSUPP);
	assert_int_equal(vm_perf_output(m, 2, 1, big, 5), -ENOENT);
	assert_int_equal(vm_perf_output(m, 3, 1, big, 5), -E2BIG);
	assert_int_equal(vm_perf_output(m, 1ull << 32, 0, big, 5), -EINVAL);
	assert_int_equal(vm_perf_output(m, 1, 1, big, 70000), -E2BIG);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(vm_perf_output(m, 1, 1, big, sizeof(big)), 0);
	assert_int_equal(vm_perf_output(m, 1, 1, big, sizeof(big)), -ENOSPC);
	assert_int_equal(vm_perf_output(m, 0, 0, big, sizeof(big)), 0);
	assert_int_equal(vm_perf_read(m, add_record, &r), 10);
	assert_int_equal(vm_perf_read(m, add_record, &r), 0);
	vm_map_destroy(m);
}

/* ---- programs, maps -------------------------------------------------------------------------- */

static void program_arrays(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2));
	struct vm_map *other = make(def_of(BPF_MAP_TYPE_ARRAY, 4, 4, 2));
	struct vm_code *code = (struct vm_code *)&m; /* never looked into */
	uint32_t key = 1;

	(void)state;
	assert_null(vm_map_program(m, 1));
	assert_int_equal(vm_map_set_program(m, 1, code), 0);
	assert_ptr_equal(vm_map_program(m, 1), code);
	assert_null(vm_map_program(m, 2));
	assert_int_equal(vm_map_set_program(m, 2, code), -E2BIG);
	assert_int_equal(vm_map_set_program(other, 1, code), -EINVAL);
	assert_null(vm_map_program(other, 1));
	assert_null(vm_map_lookup(m, &key, 0));
	assert_int_equal(vm_map_update(m, &key, &key, 0, 0), -ENOTSUPP);
	assert_int_equal(vm_map_erase(m, &key), 0);
	assert_int_equal(vm_map_erase(m, &key), -ENOENT);
	assert_null(vm_map_program(m, 1));
	vm_map_destroy(m);
	vm_map_destroy(other);
}

static void maps_of_maps(void **state)
{
	struct vm_map_def inner = def_of(BPF_MAP_TYPE_ARRAY, 4, 8, 1), wide = inner;
	struct vm_map_def outer = def_of(BPF_MAP_TYPE_HASH_OF_MAPS, 8, 4, 1);
	struct vm_map *m, *a = make(inner), *b;
	uint64_t key = 5;
	uint32_t id;

	(void)state;
	assert_int_equal(refused(outer), -EINVAL);
	outer.inner = &inner;
	inner.name = "like this";
	m = make(outer);
	assert_ptr_not_equal(m->def.inner, &inner);
	assert_string_equal(m->def.inner->name, "like this");
	wide.value_size_b = 16;
	b = make(wide);
	assert_null(vm_map_lookup(m, &key, 0));
	assert_int_equal(vm_map_set_map(m, &key, b, 0), -EINVAL);
	assert_int_equal(vm_map_set_map(m, &key, a, BPF_EXIST), -ENOENT);
	assert_int_equal(vm_map_set_map(m, &key, a, 0), 0);
	assert_ptr_equal(vm_map_lookup(m, &key, 0), a);
	assert_int_equal(vm_map_read(m, &key, &id), 0);
	assert_int_equal(id, a->id);
	assert_int_equal(vm_map_set_map(a, &key, a, 0), -EINVAL);
	assert_int_equal(vm_map_erase(m, &key), 0);
	assert_null(vm_map_lookup(m, &key, 0));
	inner.type = BPF_MAP_TYPE_PROG_ARRAY;
	inner.value_size_b = 4;
	assert_int_equal(refused(outer), -ENOTSUPP);
	outer.inner = &outer;
	assert_int_equal(refused(outer), -EINVAL);
	vm_map_destroy(m);
	vm_map_destroy(a);
	vm_map_destroy(b);
}

/* ---- stacks ---------------------------------------------------------------------------------- */

static void stacks_have_numbers(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_STACK_TRACE, 4, 4 * 8, 64));
	uint64_t frames[6] = {1, 2, 3, 4, 5, 6}, out[4];
	int64_t id = vm_stack_id(m, frames, 3, 0), other;
	uint32_t key = (uint32_t)id, next;

	(void)state;
	assert_in_range(id, 0, 63);
	assert_int_equal(vm_stack_id(m, frames, 3, BPF_F_USER_STACK), id);
	assert_int_equal(vm_map_read(m, &key, out), 0);
	assert_memory_equal(out, ((uint64_t[]){1, 2, 3, 0}), sizeof(out));
	/* The first frames are left out, and what is deeper than the map's stacks. */
	other = vm_stack_id(m, frames, 6, 1);
	assert_true(other >= 0 || other == -EEXIST);
	if (other >= 0) {
		next = (uint32_t)other;
		assert_int_equal(vm_map_read(m, &next, out), 0);
		assert_memory_equal(out, frames + 1, sizeof(out));
		assert_int_equal(vm_map_erase(m, &next), 0);
		assert_int_equal(vm_map_erase(m, &next), -ENOENT);
	}
	assert_int_equal(vm_stack_id(m, frames, 3, 3), -EFAULT);
	assert_int_equal(vm_stack_id(m, frames, 3, 1ull << 20), -EINVAL);
	assert_int_equal(vm_map_next_key(m, NULL, &next), 0);
	assert_int_equal(next, key);
	assert_int_equal(vm_map_next_key(m, &next, &next), -ENOENT);
	assert_null(vm_map_lookup(m, &key, 0));
	assert_int_equal(vm_map_update(m, &key, out, 0, 0), -EINVAL);
	assert_int_equal(vm_map_erase(m, &(uint32_t){64}), -E2BIG);
	assert_int_equal(vm_map_take(m, &key, out), 0);
	assert_int_equal(vm_map_read(m, &key, out), -ENOENT);
	vm_map_destroy(m);
}

static void stacks_collide(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_STACK_TRACE, 4, 8, 1));
	uint64_t a = 1, b = 2, out;
	uint32_t key = 0;

	(void)state;
	assert_int_equal(vm_stack_id(m, &a, 1, 0), 0);
	assert_int_equal(vm_stack_id(m, &b, 1, 0), -EEXIST);
	for (uint64_t i = 10; i < 100; i++) {
		assert_int_equal(vm_stack_id(m, &i, 1, BPF_F_REUSE_STACKID), 0);
		assert_int_equal(vm_map_read(m, &key, &out), 0);
		assert_int_equal(out, i);
	}
	vm_map_destroy(m);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_STACK_TRACE, 4, 12, 1)), -EINVAL);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_STACK_TRACE, 4, 1024, 1)), -EINVAL);
	assert_int_equal(
	    refused(with_flags(def_of(BPF_MAP_TYPE_STACK_TRACE, 4, 32, 1), BPF_F_STACK_BUILD_ID)),
	    -EOPNOTSUPP);
}

/* ---- storage, members ------------------------------------------------------------------------ */

static void tasks_have_values(void **state)
{
	struct vm_map_def d = def_of(BPF_MAP_TYPE_TASK_STORAGE, 4, 8, 0);
	uint32_t task = 4711;
	uint64_t v = 5;
	struct vm_map *m;

	(void)state;
	assert_int_equal(refused(d), -EINVAL);
	d.flags = BPF_F_NO_PREALLOC;
	m = make(d);
	assert_null(vm_map_lookup(m, &task, 0));
	assert_int_equal(vm_map_update(m, &task, &v, BPF_EXIST, 0), -ENOENT);
	assert_int_equal(vm_map_update(m, &task, &v, BPF_NOEXIST, 0), 0);
	assert_int_equal(vm_map_update(m, &task, &v, BPF_NOEXIST, 0), -EEXIST);
	assert_int_equal(*(uint64_t *)vm_map_lookup(m, &task, 0), 5);
	assert_int_equal(vm_map_next_key(m, NULL, &task), -ENOTSUPP);
	assert_int_equal(vm_map_remove(m, &task), 0);
	assert_int_equal(vm_map_remove(m, &task), -ENOENT);
	vm_map_destroy(m);
	d.max_entries = 1;
	assert_int_equal(refused(d), -EINVAL);
}

/* A typedef of itself, and a struct of eight levels with 40 members each: no end, no time. */
static void hostile_types_end(void **state)
{
	struct vm_map_def d = def_of(BPF_MAP_TYPE_HASH, 4, 32, 4);
	struct btf *b = btf__new_empty();
	struct vm_map *m;
	const void *raw;
	uint32_t raw_b;
	int last;

	(void)state;
	btf__add_typedef(b, "round", 1);
	last = btf__add_int(b, "int", 4, 0);
	for (int level = 0; level < 8; level++) {
		int inner = last;

		last = btf__add_struct(b, "level", 32);
		for (int i = 0; i < 40; i++)
			btf__add_field(b, "x", inner, 0, 0);
	}
	raw = btf__raw_data(b, &raw_b);
	assert_int_equal(btf_open_bytes(raw, raw_b, NULL, &d.btf), 0);
	d.value_type = 1;
	assert_int_equal(refused(d), -E2BIG);
	d.value_type = (uint32_t)last;
	assert_int_equal(refused(d), -E2BIG);
	d.value_type = 4000; /* there is none */
	m = make(d);
	assert_int_equal(m->n_fields, 0);
	vm_map_destroy(m);
	btf_close(d.btf);
	btf__free(b);
}

/* struct { u32 a; struct bpf_spin_lock lock; u64 b; struct bpf_timer timer; } */
static void members_of_the_machine_stay(void **state)
{
	struct btf *b = btf__new_empty();
	int u32 = btf__add_int(b, "unsigned int", 4, 0), u64, lock, timer;
	struct vm_map_def d = def_of(BPF_MAP_TYPE_HASH, 4, 32, 4);
	uint64_t in[4] = {0xffffffff00000001, 2, 3, 4}, out[4], *v;
	struct vm_map *m;
	uint32_t raw_b, key = 0;
	const void *raw;

	(void)state;
	u64 = btf__add_int(b, "unsigned long long", 8, 0);
	lock = btf__add_struct(b, "bpf_spin_lock", 4);
	btf__add_field(b, "val", u32, 0, 0);
	timer = btf__add_struct(b, "bpf_timer", 16);
	btf__add_field(b, "opaque", u64, 0, 0);
	d.value_type = (uint32_t)btf__add_struct(b, "value", 32);
	btf__add_field(b, "a", u32, 0, 0);
	btf__add_field(b, "lock", lock, 32, 0);
	btf__add_field(b, "b", u64, 64, 0);
	btf__add_field(b, "timer", timer, 128, 0);
	raw = btf__raw_data(b, &raw_b);
	assert_int_equal(btf_open_bytes(raw, raw_b, NULL, &d.btf), 0);
	m = make(d);
	assert_int_equal(m->n_fields, 2);
	assert_true(m->has_lock);
	assert_int_equal(m->lock_off_b, 4);
	assert_int_equal(m->fields[1].off_b, 16);
	assert_int_equal(m->fields[1].size_b, 16);
	assert_int_equal(vm_map_write(m, &key, in, 0), 0);
	v = vm_map_lookup(m, &key, 0);
	assert_memory_equal(v, ((uint64_t[]){1, 2, 0, 0}), 32);
	v[2] = 77; /* somebody starts the timer */
	in[1] = 20;
	assert_int_equal(vm_map_write(m, &key, in, BPF_F_LOCK), 0);
	assert_memory_equal(v, ((uint64_t[]){1, 20, 77, 0}), 32); /* the same element */
	assert_int_equal(vm_map_read(m, &key, out), 0);
	assert_memory_equal(out, ((uint64_t[]){1, 20, 0, 0}), 32);
	assert_int_equal(vm_map_write(m, &key, in, BPF_F_LOCK | BPF_NOEXIST), -EEXIST);
	assert_int_equal(vm_map_freeze(m), -ENOTSUPP);
	vm_map_destroy(m);
	d.flags = BPF_F_RDONLY_PROG;
	assert_int_equal(refused(d), -EACCES);
	d.flags = 0;
	d.type = BPF_MAP_TYPE_LRU_HASH;
	assert_int_equal(refused(d), -EOPNOTSUPP);
	d.type = BPF_MAP_TYPE_HASH;
	d.value_size_b = 24;
	assert_int_equal(refused(d), -EINVAL);
	btf_close(d.btf);
	btf__free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(trie_finds_the_longest_prefix),
	    cmocka_unit_test(trie_uses_nodes_again),
	    cmocka_unit_test(queues_and_stacks),
	    cmocka_unit_test(bloom_filter_has_no_false_misses),
	    cmocka_unit_test(ring_delivers_in_order_of_reservation),
	    cmocka_unit_test(ring_wakes_as_told),
	    cmocka_unit_test(ring_reader_returns),
	    cmocka_unit_test(ring_fills_and_wraps),
	    cmocka_unit_test(ring_never_overruns_a_busy_record),
	    cmocka_unit_test(perf_buffers),
	    cmocka_unit_test(program_arrays),
	    cmocka_unit_test(maps_of_maps),
	    cmocka_unit_test(stacks_have_numbers),
	    cmocka_unit_test(stacks_collide),
	    cmocka_unit_test(tasks_have_values),
	    cmocka_unit_test(members_of_the_machine_stay),
	    cmocka_unit_test(hostile_types_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
