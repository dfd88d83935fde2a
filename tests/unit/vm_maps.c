/* Maps of the user-space machine: each kind, its flags and its errors. What the kernel answers to
 * the same calls is compared in vm_maps_kernel.c, threads are let loose in vm_maps_threads.c. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>

#include "base/strbuf.h"
#include "vm/map.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif

#define N_CPUS 3

static struct vm_map *make(struct vm_map_def def)
{
	own_strbuf struct strbuf why = {0};
	struct vm_map *m = NULL;
	int err = vm_map_create(&def, N_CPUS, &m, &why);

	if (err)
		fail_msg("%d: %s", err, sb_str(&why));
	return m;
}

/* Every refusal says something. */
static int refused(struct vm_map_def def)
{
	own_strbuf struct strbuf why = {0};
	struct vm_map *m = NULL;
	int err = vm_map_create(&def, N_CPUS, &m, &why);

	assert_null(m);
	assert_true(err < 0);
	assert_true(why.n > 0);
	assert_null(strchr(why.s, '\n'));
	assert_int_equal(vm_map_create(&def, N_CPUS, &m, NULL), err);
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

static uint64_t get(struct vm_map *m, uint32_t key, uint32_t cpu)
{
	uint64_t *v = vm_map_lookup(m, &key, cpu);

	assert_non_null(v);
	assert_int_equal((uintptr_t)v % 8, 0);
	return *v;
}

static int put(struct vm_map *m, uint32_t key, uint64_t value, uint64_t flags)
{
	return vm_map_update(m, &key, &value, flags, 0);
}

static bool has(struct vm_map *m, uint32_t key)
{
	return vm_map_lookup(m, &key, 0) != NULL;
}

static int drop(struct vm_map *m, uint32_t key)
{
	return vm_map_remove(m, &key);
}

struct visits {
	uint64_t keys, values;
	unsigned n, stop_after;
	bool deletes;
};

static int64_t visit(void *arg, struct vm_map *m, const void *key, void *value)
{
	struct visits *v = arg;
	uint32_t k;

	memcpy(&k, key, 4);
	v->keys += k;
	v->values += *(uint64_t *)value;
	if (v->deletes)
		assert_int_equal(vm_map_remove(m, &k), 0);
	return ++v->n == v->stop_after;
}

/* ---- array ----------------------------------------------------------------------------------- */

static void array_has_all_from_the_start(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_ARRAY, 4, 5, 3));
	uint32_t key = 3, next;
	uint64_t value = 0x11;

	(void)state;
	assert_int_equal(m->stride_b, 8);
	assert_int_equal(m->cpu_stride_b, 0);
	assert_int_equal(get(m, 2, 1), 0);
	assert_null(vm_map_lookup(m, &key, 0));
	assert_int_equal(put(m, 2, 0x1122334455, BPF_ANY), 0);
	assert_int_equal(get(m, 2, 0), 0x1122334455);
	assert_ptr_equal(m->values + 2 * m->stride_b, vm_map_lookup(m, &(uint32_t){2}, 0));
	assert_int_equal(put(m, 2, 1, BPF_EXIST), 0);
	assert_int_equal(put(m, 2, 1, BPF_NOEXIST), -EEXIST);
	assert_int_equal(put(m, 3, 1, BPF_NOEXIST), -E2BIG);
	assert_int_equal(put(m, 2, 1, BPF_EXIST + 1), -EINVAL);
	assert_int_equal(put(m, 2, 1, BPF_F_LOCK), -EINVAL);
	assert_int_equal(vm_map_write(m, &key, &value, BPF_F_LOCK), -EINVAL);
	assert_int_equal(drop(m, 0), -EINVAL);
	assert_int_equal(vm_map_take(m, &key, &value), -ENOTSUPP);
	assert_int_equal(vm_map_push(m, &value, 0), -EINVAL);
	assert_int_equal(vm_map_next_key(m, NULL, &next), 0);
	assert_int_equal(next, 0);
	assert_int_equal(vm_map_next_key(m, &(uint32_t){1}, &next), 0);
	assert_int_equal(next, 2);
	assert_int_equal(vm_map_next_key(m, &next, &next), -ENOENT);
	assert_int_equal(vm_map_next_key(m, &(uint32_t){77}, &next), 0);
	assert_int_equal(next, 0);
	vm_map_destroy(m);
}

static void array_of_one_begins_with_its_section(void **state)
{
	struct vm_map_def d = def_of(BPF_MAP_TYPE_ARRAY, 4, 11, 1);
	struct vm_map *m;
	uint64_t v = 1;

	(void)state;
	d.init = "0123456789";
	d.is_frozen = true;
	d.name = ".rodata";
	m = make(d);
	assert_string_equal(vm_map_lookup(m, &(uint32_t){0}, 0), "0123456789");
	assert_string_equal(m->def.name, ".rodata");
	assert_ptr_not_equal(m->def.name, d.name);
	assert_int_equal(vm_map_write(m, &(uint32_t){0}, &v, 0), -EPERM);
	vm_map_destroy(m);
	d.max_entries = 2;
	assert_int_equal(refused(d), -EINVAL);
}

static void array_definitions(void **state)
{
	struct vm_map_def good = def_of(BPF_MAP_TYPE_ARRAY, 4, 8, 1);
	struct vm_map_def percpu = def_of(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 32768, 1);

	(void)state;
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_ARRAY, 8, 8, 1)), -EINVAL);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_ARRAY, 4, 0, 1)), -EINVAL);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_ARRAY, 4, 8, 0)), -EINVAL);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_ARRAY, 4, 0x80000000, 1)), -E2BIG);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 32769, 1)), -E2BIG);
	assert_int_equal(refused(def_of(999, 4, 8, 1)), -EINVAL);
	assert_int_equal(refused(with_flags(good, BPF_F_NO_PREALLOC)), -EINVAL);
	assert_int_equal(refused(with_flags(good, BPF_F_PRESERVE_ELEMS)), -EINVAL);
	assert_int_equal(refused(with_flags(good, BPF_F_RDONLY | BPF_F_WRONLY)), -EINVAL);
	assert_int_equal(refused(with_flags(good, BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)), -EINVAL);
	assert_int_equal(refused(with_flags(percpu, BPF_F_NUMA_NODE)), -EINVAL);
	assert_int_equal(refused(with_flags(percpu, BPF_F_MMAPABLE)), -EINVAL);
	vm_map_destroy(make(percpu));
	vm_map_destroy(make(with_flags(good, BPF_F_MMAPABLE | BPF_F_INNER_MAP | BPF_F_NUMA_NODE)));
	good.extra = 1;
	assert_int_equal(refused(good), -EINVAL);
}

static void big_arrays_cost_nothing_yet(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_ARRAY, 4, 8, 1u << 30)); /* 8 GB */

	(void)state;
	assert_int_equal(put(m, 5, 7, 0), 0);
	assert_int_equal(get(m, (1u << 30) - 1, 0), 0);
	assert_int_equal(get(m, 5, 0), 7);
	vm_map_destroy(m);
}

static void percpu_array_has_one_value_each(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 4, 2));
	uint64_t out[N_CPUS], in[N_CPUS] = {7, 8, 9};
	uint32_t key = 1;

	(void)state;
	assert_int_equal(vm_map_value_bytes(m), 8 * N_CPUS);
	for (uint32_t cpu = 0; cpu < N_CPUS; cpu++) {
		uint64_t v = 100 + cpu;

		assert_int_equal(vm_map_update(m, &key, &v, 0, cpu), 0);
		assert_ptr_equal(vm_map_lookup(m, &key, cpu),
		                 m->values + m->stride_b + cpu * m->cpu_stride_b);
	}
	assert_int_equal(vm_map_read(m, &key, out), 0);
	for (uint32_t cpu = 0; cpu < N_CPUS; cpu++)
		assert_int_equal(out[cpu], 100 + cpu);
	assert_int_equal(vm_map_write(m, &key, in, BPF_EXIST), 0);
	for (uint32_t cpu = 0; cpu < N_CPUS; cpu++)
		assert_int_equal(get(m, key, cpu), in[cpu]);
	assert_int_equal(vm_map_write(m, &key, in, BPF_NOEXIST), -EEXIST);
	key = 2;
	assert_int_equal(vm_map_write(m, &key, in, 0), -E2BIG);
	assert_int_equal(vm_map_read(m, &key, out), -ENOENT);
	vm_map_destroy(m);
}

static void each_visits_arrays_in_order(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_ARRAY, 4, 8, 5));
	struct visits v = {0};

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		put(m, i, 1u << i, 0);
	assert_int_equal(vm_map_each(m, 0, visit, &v), 5);
	assert_int_equal(v.keys, 10);
	assert_int_equal(v.values, 31);
	v = (struct visits){.stop_after = 2};
	assert_int_equal(vm_map_each(m, 0, visit, &v), 2);
	assert_int_equal(v.values, 3);
	vm_map_destroy(m);
}

/* ---- hash ------------------------------------------------------------------------------------ */

static void hash_flags_and_errors(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_HASH, 4, 8, 2));
	uint64_t out;

	(void)state;
	assert_false(has(m, 1));
	assert_int_equal(put(m, 1, 10, BPF_EXIST), -ENOENT);
	assert_int_equal(put(m, 1, 10, BPF_NOEXIST), 0);
	assert_int_equal(put(m, 1, 11, BPF_NOEXIST), -EEXIST);
	assert_int_equal(put(m, 1, 12, BPF_EXIST), 0);
	assert_int_equal(get(m, 1, 0), 12);
	assert_int_equal(put(m, 2, 20, BPF_ANY), 0);
	assert_int_equal(put(m, 3, 30, BPF_ANY), -E2BIG);
	assert_int_equal(put(m, 2, 21, BPF_ANY), 0); /* full, yet an update */
	assert_int_equal(put(m, 2, 21, BPF_F_LOCK), -EINVAL);
	assert_int_equal(put(m, 2, 21, 3), -EINVAL);
	assert_int_equal(drop(m, 1), 0);
	assert_int_equal(drop(m, 1), -ENOENT);
	assert_int_equal(put(m, 3, 30, BPF_ANY), 0);
	assert_int_equal(vm_map_take(m, &(uint32_t){3}, &out), 0);
	assert_int_equal(out, 30);
	assert_int_equal(vm_map_take(m, &(uint32_t){3}, &out), -ENOENT);
	assert_int_equal(vm_map_read(m, &(uint32_t){2}, &out), 0);
	assert_int_equal(out, 21);
	assert_int_equal(vm_map_read(m, &(uint32_t){3}, &out), -ENOENT);
	vm_map_destroy(m);
}

/* A program that has looked up a value keeps it when the key gets another one: it is a new
 * element, as in the kernel. */
static void hash_update_leaves_the_old_value(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_HASH, 4, 8, 2));
	uint64_t *old;

	(void)state;
	put(m, 1, 10, 0);
	old = vm_map_lookup(m, &(uint32_t){1}, 0);
	put(m, 1, 11, 0);
	assert_int_equal(*old, 10);
	assert_int_equal(get(m, 1, 0), 11);
	vm_map_destroy(m);
}

static void hash_keys_of_many_sizes(void **state)
{
	(void)state;
	for (uint32_t key_b = 1; key_b <= 70; key_b++) {
		struct vm_map *m = make(def_of(BPF_MAP_TYPE_HASH, key_b, 8, 200));
		unsigned char key[70];

		for (uint64_t i = 0; i < 200; i++) {
			memset(key, 0x5a, sizeof(key));
			key[(i * 7) % key_b] = (unsigned char)i;
			assert_int_equal(vm_map_update(m, key, &i, 0, 0), 0);
			assert_int_equal(*(uint64_t *)vm_map_lookup(m, key, 0), i);
			if (key_b < sizeof(key)) /* what lies behind is not the key */
				key[key_b] ^= 1;
			assert_int_equal(*(uint64_t *)vm_map_lookup(m, key, 0), i);
			key[key_b - 1] ^= 0x80;
			key[0] ^= 0x11;
			if (key_b > 2)
				key[key_b / 2] ^= 0x33;
			uint64_t *other = vm_map_lookup(m, key, 0);
			assert_true(!other || *other != i);
		}
		vm_map_destroy(m);
	}
}

static void hash_iteration(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_HASH, 4, 8, 1000));
	uint32_t key, n = 0;
	unsigned char seen[1000] = {0};
	struct visits v = {0};
	int err;

	(void)state;
	assert_int_equal(vm_map_next_key(m, NULL, &key), -ENOENT);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(put(m, i, 1, 0), 0);
	for (err = vm_map_next_key(m, NULL, &key); !err; err = vm_map_next_key(m, &key, &key)) {
		assert_int_equal(seen[key]++, 0);
		n++;
	}
	assert_int_equal(err, -ENOENT);
	assert_int_equal(n, 1000);
	/* From a key that is not there: the first again. */
	assert_int_equal(vm_map_next_key(m, NULL, &n), 0);
	assert_int_equal(vm_map_next_key(m, &(uint32_t){5000}, &key), 0);
	assert_int_equal(key, n);
	assert_int_equal(vm_map_each(m, 0, visit, &v), 1000);
	assert_int_equal(v.keys, 999 * 500);
	v = (struct visits){.deletes = true};
	assert_int_equal(vm_map_each(m, 0, visit, &v), 1000);
	assert_int_equal(vm_map_next_key(m, NULL, &key), -ENOENT);
	vm_map_destroy(m);
}

static void hash_reuses_elements(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_HASH, 4, 8, 100));

	(void)state;
	for (uint32_t round = 0; round < 1000; round++) {
		for (uint32_t i = 0; i < 100; i++)
			assert_int_equal(put(m, round * 100 + i, i, BPF_NOEXIST), 0);
		assert_int_equal(put(m, 0xffffffff, 0, 0), -E2BIG);
		for (uint32_t i = 0; i < 100; i++) {
			assert_int_equal(get(m, round * 100 + i, 0), i);
			put(m, round * 100 + i, i + 1, 0);
			assert_int_equal(get(m, round * 100 + i, 0), i + 1);
			assert_int_equal(drop(m, round * 100 + i), 0);
		}
	}
	vm_map_destroy(m);
}

static void hash_definitions(void **state)
{
	struct vm_map_def good = def_of(BPF_MAP_TYPE_HASH, 4, 8, 1);
	struct vm_map_def percpu = def_of(BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 1);
	struct vm_map_def lru = def_of(BPF_MAP_TYPE_LRU_HASH, 4, 8, 1);
	struct vm_map *m;

	(void)state;
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_HASH, 0, 8, 1)), -EINVAL);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_HASH, 4, 0, 1)), -EINVAL);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_HASH, 4, 8, 0)), -EINVAL);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_HASH, 4, 4 << 20, 1)), -E2BIG);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_HASH, 4, 8, 0xffffffff)), -E2BIG);
	assert_int_equal(refused(def_of(BPF_MAP_TYPE_PERCPU_HASH, 4, 32769, 1)), -E2BIG);
	assert_int_equal(refused(with_flags(good, BPF_F_NO_COMMON_LRU)), -EINVAL);
	assert_int_equal(refused(with_flags(good, BPF_F_MMAPABLE)), -EINVAL);
	assert_int_equal(refused(with_flags(good, BPF_F_INNER_MAP)), -EINVAL);
	assert_int_equal(refused(with_flags(percpu, BPF_F_NUMA_NODE)), -EINVAL);
	assert_int_equal(refused(with_flags(lru, BPF_F_NO_PREALLOC)), -ENOTSUPP);
	assert_int_equal(refused(with_flags(lru, BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE)), -EINVAL);
	vm_map_destroy(make(with_flags(good, BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | BPF_F_ZERO_SEED |
	                                         BPF_F_RDONLY_PROG | BPF_F_WRONLY)));
	m = make(with_flags(lru, BPF_F_NO_COMMON_LRU));
	assert_int_equal(m->def.max_entries, N_CPUS);
	vm_map_destroy(m);
}

static void percpu_hash_values(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_PERCPU_HASH, 4, 4, 2));
	uint64_t out[N_CPUS], in[N_CPUS] = {1, 2, 3}, v = 5;
	uint32_t key = 9;

	(void)state;
	assert_int_equal(vm_map_write(m, &key, in, BPF_NOEXIST), 0);
	assert_int_equal(vm_map_write(m, &key, in, BPF_NOEXIST), -EEXIST);
	assert_int_equal(get(m, key, 2), 3);
	assert_int_equal(vm_map_update(m, &key, &v, BPF_EXIST, 1), 0);
	assert_int_equal(vm_map_read(m, &key, out), 0);
	assert_int_equal(out[0], 1);
	assert_int_equal(out[1], 5);
	assert_int_equal(out[2], 3);
	/* Made by a program, the element is 0 for all other CPUs, though it is a used one. */
	assert_int_equal(drop(m, key), 0);
	assert_int_equal(vm_map_update(m, &key, &v, BPF_ANY, 1), 0);
	assert_int_equal(vm_map_take(m, &key, out), 0);
	assert_int_equal(out[0], 0);
	assert_int_equal(out[1], 5);
	assert_int_equal(out[2], 0);
	assert_int_equal(vm_map_update(m, &key, &v, BPF_F_LOCK, 1), -EINVAL);
	vm_map_destroy(m);
}

static void lru_evicts_the_unused(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_LRU_HASH, 4, 8, 4));
	uint64_t out;

	(void)state;
	for (uint32_t i = 1; i <= 4; i++)
		assert_int_equal(put(m, i, i, BPF_NOEXIST), 0);
	assert_true(has(m, 1));                                    /* marks it */
	assert_int_equal(vm_map_read(m, &(uint32_t){2}, &out), 0); /* does not */
	assert_int_equal(put(m, 5, 5, 0), 0);
	assert_int_equal(vm_map_read(m, &(uint32_t){2}, &out), -ENOENT);
	for (uint32_t i = 1; i <= 5; i++)
		if (i != 2)
			assert_int_equal(vm_map_read(m, &i, &out), 0);
	/* 3 is next, unless it gets a new value. */
	assert_int_equal(put(m, 3, 33, BPF_EXIST), 0);
	assert_int_equal(put(m, 6, 6, 0), 0);
	assert_int_equal(vm_map_read(m, &(uint32_t){3}, &out), 0);
	assert_int_equal(out, 33);
	assert_int_equal(vm_map_read(m, &(uint32_t){4}, &out), -ENOENT);
	/* A refused update evicts nobody. */
	assert_int_equal(put(m, 7, 7, BPF_EXIST), -ENOENT);
	assert_int_equal(put(m, 6, 7, BPF_NOEXIST), -EEXIST);
	assert_int_equal(vm_map_each(m, 0, visit, &(struct visits){0}), 4);
	vm_map_destroy(m);
}

static void lru_percpu_never_fills(void **state)
{
	struct vm_map *m = make(def_of(BPF_MAP_TYPE_LRU_PERCPU_HASH, 4, 8, 50));
	uint64_t out[N_CPUS];

	(void)state;
	for (uint32_t i = 0; i < 10001; i++) {
		uint64_t v = i;

		assert_int_equal(vm_map_update(m, &i, &v, 0, i % N_CPUS), 0);
		if (i % 3 == 0)
			assert_int_equal(drop(m, i), 0);
		else
			assert_int_equal(get(m, i, i % N_CPUS), i);
	}
	assert_int_equal(vm_map_each(m, 0, visit, &(struct visits){0}), 50);
	assert_int_equal(vm_map_read(m, &(uint32_t){9998}, out), 0);
	assert_int_equal(out[9998 % N_CPUS], 9998);
	vm_map_destroy(m);
}

/* ---- from outside ---------------------------------------------------------------------------- */

static void permissions(void **state)
{
	struct vm_map_def d = def_of(BPF_MAP_TYPE_HASH, 4, 8, 4);
	struct vm_map *m = make(with_flags(d, BPF_F_RDONLY));
	uint32_t key = 1;
	uint64_t v = 2;

	(void)state;
	assert_int_equal(vm_map_write(m, &key, &v, 0), -EPERM);
	assert_int_equal(vm_map_erase(m, &key), -EPERM);
	assert_int_equal(vm_map_take(m, &key, &v), -EPERM);
	assert_int_equal(vm_map_freeze(m), -EPERM);
	assert_int_equal(put(m, 1, 2, 0), 0); /* programs may */
	assert_int_equal(vm_map_read(m, &key, &v), 0);
	vm_map_destroy(m);
	m = make(with_flags(d, BPF_F_WRONLY));
	assert_int_equal(vm_map_write(m, &key, &v, 0), 0);
	assert_int_equal(vm_map_read(m, &key, &v), -EPERM);
	assert_int_equal(vm_map_next_key(m, NULL, &key), -EPERM);
	assert_int_equal(vm_map_take(m, &key, &v), -EPERM);
	assert_int_equal(vm_map_erase(m, &key), 0);
	vm_map_destroy(m);
	m = make(d);
	assert_int_equal(vm_map_write(m, &key, &v, 0), 0);
	assert_int_equal(vm_map_freeze(m), 0);
	assert_int_equal(vm_map_freeze(m), -EPERM);
	assert_int_equal(vm_map_write(m, &key, &v, 0), -EPERM);
	assert_int_equal(vm_map_read(m, &key, &v), 0);
	assert_int_equal(put(m, 2, 2, 0), 0);
	vm_map_destroy(m);
}

static void kinds_have_names_and_ids(void **state)
{
	struct vm_map *a, *b;

	(void)state;
#define KIND(TYPE, spelling, symbol, what, differs)                                                \
	assert_non_null(vm_map_kind(BPF_MAP_TYPE_##TYPE));                                         \
	assert_int_equal(vm_map_kind(BPF_MAP_TYPE_##TYPE)->type, BPF_MAP_TYPE_##TYPE);             \
	assert_string_equal(vm_map_kind(BPF_MAP_TYPE_##TYPE)->name, spelling);                     \
	assert_non_null(vm_map_kind(BPF_MAP_TYPE_##TYPE)->lookup);
#include "vm/maps/kinds.def"
#undef KIND
	assert_null(vm_map_kind(BPF_MAP_TYPE_SOCKMAP));
	assert_null(vm_map_kind(BPF_MAP_TYPE_UNSPEC));
	assert_null(vm_map_kind(0xffffffff));
	a = make(def_of(BPF_MAP_TYPE_HASH, 4, 8, 1));
	b = make(def_of(BPF_MAP_TYPE_HASH, 4, 8, 1));
	assert_true(a->id > 0);
	assert_true(b->id > a->id);
	vm_map_destroy(a);
	vm_map_destroy(b);
	vm_map_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(array_has_all_from_the_start),
	    cmocka_unit_test(array_of_one_begins_with_its_section),
	    cmocka_unit_test(array_definitions),
	    cmocka_unit_test(big_arrays_cost_nothing_yet),
	    cmocka_unit_test(percpu_array_has_one_value_each),
	    cmocka_unit_test(each_visits_arrays_in_order),
	    cmocka_unit_test(hash_flags_and_errors),
	    cmocka_unit_test(hash_update_leaves_the_old_value),
	    cmocka_unit_test(hash_keys_of_many_sizes),
	    cmocka_unit_test(hash_iteration),
	    cmocka_unit_test(hash_reuses_elements),
	    cmocka_unit_test(hash_definitions),
	    cmocka_unit_test(percpu_hash_values),
	    cmocka_unit_test(lru_evicts_the_unused),
	    cmocka_unit_test(lru_percpu_never_fills),
	    cmocka_unit_test(permissions),
	    cmocka_unit_test(kinds_have_names_and_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
