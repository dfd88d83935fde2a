/* Maps under several threads: what has to hold while others write. Meant to be run under
 * -fsanitize=thread, too; maps copy words atomically, so values here are read that way. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>

#include "vm/map.h"

#define N_THREADS 4
#define N_ROUNDS 30000

struct team {
	struct vm_map *m;
	void (*work)(struct team *t, uint32_t me);
	uint64_t sum;
	uint32_t n_failed; /* cmocka's assertions belong to the first thread */
	bool is_over;
};

struct member {
	struct team *team;
	uint32_t me;
	pthread_t thread;
};

#define HOLDS(t, claim)                                                                            \
	do                                                                                         \
		if (!(claim))                                                                      \
			__atomic_fetch_add(&(t)->n_failed, 1, __ATOMIC_RELAXED);                   \
	while (0)

static void *run_member(void *arg)
{
	struct member *m = arg;

	m->team->work(m->team, m->me);
	return NULL;
}

static void run_team(struct team *t, uint32_t n)
{
	struct member members[N_THREADS];

	for (uint32_t i = 0; i < n; i++) {
		members[i] = (struct member){.team = t, .me = i};
		assert_int_equal(pthread_create(&members[i].thread, NULL, run_member, &members[i]),
		                 0);
	}
	for (uint32_t i = 0; i < n; i++)
		pthread_join(members[i].thread, NULL);
	assert_int_equal(t->n_failed, 0);
}

static struct vm_map *make(uint32_t type, uint32_t key_b, uint32_t value_b, uint32_t n)
{
	struct vm_map_def d = {.type = type,
	                       .key_size_b = key_b,
	                       .value_size_b = value_b,
	                       .max_entries = n,
	                       .flags = type == BPF_MAP_TYPE_LPM_TRIE ? BPF_F_NO_PREALLOC : 0};
	struct vm_map *m;

	assert_int_equal(vm_map_create(&d, N_THREADS, &m, NULL), 0);
	return m;
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static uint64_t value_at(const void *p)
{
	return __atomic_load_n((const uint64_t *)p, __ATOMIC_RELAXED);
}

/* ---- hash ------------------------------------------------------------------------------------ */

/* A key that is always there is always found, whoever else comes, goes and is replaced around it,
 * and however often it gets another value. */
static void hash_keeps_what_stays(struct team *t, uint32_t me)
{
	uint32_t random = me + 1;

	for (uint32_t i = 0; i < N_ROUNDS; i++) {
		uint32_t key = next_random(&random) % 64;
		uint64_t value = key * 1000 + me, *v;

		v = vm_map_lookup(t->m, &key, 0);
		if (key < 16)
			HOLDS(t, v && (value_at(v) / 1000 < 64));
		if (key < 16 || next_random(&random) % 2) {
			int err = vm_map_update(t->m, &key, &value, 0, 0);

			HOLDS(t, !err);
		} else {
			int err = vm_map_remove(t->m, &key);

			HOLDS(t, !err || err == -ENOENT);
		}
	}
}

static void lookups_see_every_lasting_key(void **state)
{
	struct team t = {.m = make(BPF_MAP_TYPE_HASH, 4, 8, 64), .work = hash_keeps_what_stays};

	(void)state;
	for (uint32_t i = 0; i < 16; i++)
		vm_map_update(t.m, &i, &(uint64_t){i * 1000}, 0, 0);
	run_team(&t, N_THREADS);
	vm_map_destroy(t.m);
}

static void hash_long_keys(struct team *t, uint32_t me)
{
	uint32_t random = me + 1;

	for (uint32_t i = 0; i < N_ROUNDS; i++) {
		uint64_t key[3], *v;

		key[0] = key[1] = key[2] = next_random(&random) % 40;
		v = vm_map_lookup(t->m, key, 0);
		if (key[0] < 8)
			HOLDS(t, v != NULL);
		if (key[0] < 8 || next_random(&random) % 2) {
			int err = vm_map_update(t->m, key, key, 0, 0);

			HOLDS(t, !err);
		} else {
			vm_map_remove(t->m, key);
		}
	}
}

static void long_keys_are_never_half_seen(void **state)
{
	struct team t = {.m = make(BPF_MAP_TYPE_HASH, 24, 8, 40), .work = hash_long_keys};

	(void)state;
	for (uint64_t i = 0; i < 8; i++)
		vm_map_update(t.m, (uint64_t[]){i, i, i}, &i, 0, 0);
	run_team(&t, N_THREADS);
	vm_map_destroy(t.m);
}

/* Of all who insert a key with BPF_NOEXIST one succeeds, and one of all who delete it. */
static void hash_owns(struct team *t, uint32_t me)
{
	for (uint32_t i = 0; i < N_ROUNDS; i++) {
		uint32_t key = i % 8;
		uint64_t value = me;

		if (!vm_map_update(t->m, &key, &value, BPF_NOEXIST, 0))
			__atomic_fetch_add(&t->sum, 1, __ATOMIC_RELAXED);
		if (!vm_map_remove(t->m, &key))
			__atomic_fetch_sub(&t->sum, 1, __ATOMIC_RELAXED);
	}
}

static void insertions_and_deletions_balance(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LRU_HASH};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct team t = {.m = make(types[i], 4, 8, 8), .work = hash_owns};
		uint32_t key;

		run_team(&t, N_THREADS);
		assert_int_equal(t.sum, 0);
		assert_int_equal(vm_map_next_key(t.m, NULL, &key), -ENOENT);
		for (key = 0; key < 8; key++) /* and all room is there again */
			assert_int_equal(vm_map_update(t.m, &key, &t.sum, BPF_NOEXIST, 0), 0);
		if (!i)
			assert_int_equal(vm_map_update(t.m, &key, &t.sum, 0, 0), -E2BIG);
		vm_map_destroy(t.m);
	}
}

static int64_t count_values(void *arg, struct vm_map *m, const void *key, void *value)
{
	(void)m, (void)key;
	*(uint64_t *)arg += value_at(value);
	return 0;
}

/* More keys than entries: the LRU evicts, and never says no. */
static void lru_churns(struct team *t, uint32_t me)
{
	uint32_t random = me + 1;

	for (uint32_t i = 0; i < N_ROUNDS; i++) {
		uint32_t key = next_random(&random) % 100;
		uint64_t one = 1;
		int err = vm_map_update(t->m, &key, &one, 0, me);

		HOLDS(t, !err);
		vm_map_lookup(t->m, &key, me);
		if (i % 16 == 0)
			vm_map_remove(t->m, &key);
	}
}

static void lru_never_refuses(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct team t = {.m = make(types[i], 4, 8, 10), .work = lru_churns};
		uint64_t sum = 0;

		run_team(&t, N_THREADS);
		for (uint32_t key = 1000; key < 1010; key++)
			assert_int_equal(vm_map_update(t.m, &key, &(uint64_t){1}, 0, 0), 0);
		assert_int_equal(vm_map_each(t.m, 0, count_values, &sum), 10);
		if (!i) /* per CPU, another one's value may be this one's 0 */
			assert_int_equal(sum, 10);
		vm_map_destroy(t.m);
	}
}

/* One walks while others replace values and churn other keys: lasting entries are met once. */
static int64_t count_lasting(void *arg, struct vm_map *m, const void *key, void *value)
{
	uint32_t k;

	(void)m, (void)value;
	memcpy(&k, key, 4);
	if (k < 32)
		((uint32_t *)arg)[k]++;
	return 0;
}

static void walk_or_churn(struct team *t, uint32_t me)
{
	uint32_t random = me + 1;

	if (!me) {
		for (uint32_t i = 0; i < N_ROUNDS / 100; i++) {
			uint32_t seen[32] = {0};

			vm_map_each(t->m, 0, count_lasting, seen);
			for (uint32_t k = 0; k < 32; k++)
				HOLDS(t, seen[k] == 1);
		}
		__atomic_store_n(&t->is_over, true, __ATOMIC_RELAXED);
		return;
	}
	while (!__atomic_load_n(&t->is_over, __ATOMIC_RELAXED)) {
		uint32_t key = 32 + next_random(&random) % 96;
		uint64_t value = me;

		if (next_random(&random) % 2)
			vm_map_update(t->m, &key, &value, 0, 0);
		else
			vm_map_remove(t->m, &key);
	}
}

static void walks_meet_lasting_entries_once(void **state)
{
	struct team t = {.m = make(BPF_MAP_TYPE_HASH, 4, 8, 128), .work = walk_or_churn};

	(void)state;
	for (uint32_t i = 0; i < 32; i++)
		vm_map_update(t.m, &i, &(uint64_t){i}, 0, 0);
	run_team(&t, N_THREADS);
	vm_map_destroy(t.m);
}

/* ---- trie ------------------------------------------------------------------------------------ */

struct prefix {
	uint32_t n_bits;
	uint8_t data[4];
};

/* 10.0.0.0/8 is always there; below it prefixes come and go. Whoever asks for an address in it gets
 * an answer that holds the address. */
static void trie_answers(struct team *t, uint32_t me)
{
	uint32_t random = me + 1;

	for (uint32_t i = 0; i < N_ROUNDS; i++) {
		struct prefix p = {8 + next_random(&random) % 25, {10, 0, 0, 0}};
		struct prefix asked = {32, {10, 0, 0, 0}};
		uint64_t value, *v;

		p.data[1] = next_random(&random) & 3;
		p.data[2] = next_random(&random) & 0x81;
		memcpy(asked.data, p.data, 4);
		value = p.n_bits;
		if (p.n_bits > 8 && me) {
			if (next_random(&random) % 2)
				vm_map_update(t->m, &p, &value, 0, 0);
			else
				vm_map_remove(t->m, &p);
		}
		v = vm_map_lookup(t->m, &asked, 0);
		HOLDS(t, v && value_at(v) >= 8 && value_at(v) <= 32);
	}
}

static void tries_always_answer(void **state)
{
	struct team t = {.m = make(BPF_MAP_TYPE_LPM_TRIE, 8, 8, 1000), .work = trie_answers};

	(void)state;
	vm_map_update(t.m, &(struct prefix){8, {10}}, &(uint64_t){8}, 0, 0);
	run_team(&t, N_THREADS);
	vm_map_destroy(t.m);
}

/* ---- queue, stack ---------------------------------------------------------------------------- */

static void queue_passes_on(struct team *t, uint32_t me)
{
	for (uint32_t i = 0; i < N_ROUNDS; i++) {
		uint64_t value = i + 1;

		if (me % 2 == 0) {
			if (!vm_map_push(t->m, &value, 0))
				__atomic_fetch_add(&t->sum, value, __ATOMIC_RELAXED);
		} else if (!vm_map_pop(t->m, &value)) {
			__atomic_fetch_sub(&t->sum, value, __ATOMIC_RELAXED);
		}
	}
}

static void queues_lose_nothing(void **state)
{
	static const uint32_t types[] = {BPF_MAP_TYPE_QUEUE, BPF_MAP_TYPE_STACK};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct team t = {.m = make(types[i], 0, 8, 50), .work = queue_passes_on};
		uint64_t value;

		run_team(&t, N_THREADS);
		while (!vm_map_pop(t.m, &value))
			t.sum -= value;
		assert_int_equal(t.sum, 0);
		vm_map_destroy(t.m);
	}
}

/* ---- rings ----------------------------------------------------------------------------------- */

struct reading {
	uint64_t next[N_THREADS]; /* expected of each writer */
	uint64_t n, n_bad;
};

static int read_record(void *arg, const void *record, uint32_t size_b)
{
	struct reading *r = arg;
	const uint64_t *words = record;
	uint32_t writer = (uint32_t)words[0];

	if (size_b < 16 || writer >= N_THREADS || words[1] < r->next[writer])
		r->n_bad++;
	else
		r->next[writer] = words[1] + 1;
	for (uint32_t i = 2; i < size_b / 8; i++)
		r->n_bad += words[i] != words[1];
	r->n++;
	return 0;
}

#define RING_RECORDS 20000
/* Thread 0 reads, asleep whenever there is nothing; the others write records of many sizes and
 * discard some. Each gives up its record only when there is room, so all must arrive. */
static void ring_passes_on(struct team *t, uint32_t me)
{
	struct reading r = {.n = 0};
	uint32_t random = me + 1;

	if (!me) {
		while (r.n < RING_RECORDS * (N_THREADS - 1)) {
			struct pollfd p = {.fd = vm_ring_fd(t->m), .events = POLLIN};

			HOLDS(t, poll(&p, 1, 10000) == 1);
			if (!p.revents)
				break;
			vm_ring_read(t->m, read_record, &r);
		}
		HOLDS(t, !r.n_bad);
		HOLDS(t, r.n == RING_RECORDS * (N_THREADS - 1));
		return;
	}
	for (uint64_t i = 0; i < RING_RECORDS; i++) {
		uint32_t n = 2 + next_random(&random) % 20;
		uint64_t *record;

		while (!(record = vm_ring_reserve(t->m, n * 8, 0)))
			sched_yield();
		record[0] = me;
		for (uint32_t k = 1; k < n; k++)
			record[k] = i;
		if (next_random(&random) % 8 == 0) {
			vm_ring_discard(record, 0);
			i--;
		} else {
			vm_ring_submit(record, 0);
		}
	}
}

static void rings_deliver_everything_and_wake(void **state)
{
	struct team t = {.m = make(BPF_MAP_TYPE_RINGBUF, 0, 0, 8192), .work = ring_passes_on};

	(void)state;
	run_team(&t, N_THREADS);
	vm_map_destroy(t.m);
}

static void perf_passes_on(struct team *t, uint32_t me)
{
	struct reading r = {.n = 0};

	if (!me) {
		while (r.n < RING_RECORDS * (N_THREADS - 1) && !r.n_bad)
			if (!vm_perf_read(t->m, read_record, &r))
				sched_yield();
		HOLDS(t, !r.n_bad);
		return;
	}
	for (uint64_t i = 0; i < RING_RECORDS; i++) {
		uint64_t record[3] = {me, i, i};

		/* Two threads share a CPU, too. */
		while (vm_perf_output(t->m, BPF_F_CURRENT_CPU, me % 2, record, sizeof(record)) ==
		       -ENOSPC)
			sched_yield();
	}
}

static void perf_buffers_deliver_everything(void **state)
{
	struct team t = {.m = make(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, N_THREADS),
	                 .work = perf_passes_on};

	(void)state;
	run_team(&t, N_THREADS);
	vm_map_destroy(t.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lookups_see_every_lasting_key),
	    cmocka_unit_test(long_keys_are_never_half_seen),
	    cmocka_unit_test(insertions_and_deletions_balance),
	    cmocka_unit_test(lru_never_refuses),
	    cmocka_unit_test(walks_meet_lasting_entries_once),
	    cmocka_unit_test(tries_always_answer),
	    cmocka_unit_test(queues_lose_nothing),
	    cmocka_unit_test(rings_deliver_everything_and_wake),
	    cmocka_unit_test(perf_buffers_deliver_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
