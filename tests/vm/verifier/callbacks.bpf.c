/* Callbacks within callbacks, with references and locks, and what they may return. */
#include "case.h"

struct { __uint(type, MAP_RINGBUF); __uint(max_entries, 4096); } map_ring SEC(".maps");
struct bpf_timer { u64 opaque[2]; } __attribute__((aligned(8)));
struct timed { u64 x; struct bpf_timer timer; };
struct { __uint(type, MAP_HASH); __uint(max_entries, 1); __type(key, u32); __type(value, struct timed); } map_timer SEC(".maps");
struct { __uint(type, 31); __uint(max_entries, 4096); } map_user SEC(".maps"); /* USER_RINGBUF */
HELPER(long, for_each, 164, void *map, void *cb, void *arg, u64 flags);
HELPER(void *, reserve, 131, void *ring, u64 size, u64 flags);
HELPER(void, submit, 132, void *data, u64 flags);
HELPER(long, timer_init, 169, void *t, void *map, u64 flags);
HELPER(long, timer_set_callback, 170, void *t, void *cb);
HELPER(long, drain, 209, void *map, void *cb, void *arg, u64 flags);
HELPER(long, dynread, 201, void *dst, u32 len, const void *p, u32 off, u64 flags);
HELPER(u32, prandom, 7, void);
HELPER(long, get_local_storage_, 81, void);
struct arg { u64 n; char *p; struct value *v; };
#define TC(name) SEC("tc") int name(void *ctx)
#define KEEP asm volatile("" ::: "memory")

static int cb_empty(u32 i, void *a) { return 0; }
static int cb_leak(u32 i, void *a) { reserve(&map_ring, 8, 0); return 0; }
static int cb_ring(u32 i, void *a) { void *p = reserve(&map_ring, 8, 0); if (p) submit(p, 0); return 0; }
static int cb_submit(u32 i, void **a) { submit(*a, 0); return 0; }
static int cb_inner(u32 i, struct arg *a) { a->n++; return 0; }
static int cb_outer(u32 i, struct arg *a) { loop(5, cb_inner, a, 0); return 0; }
static int cb_self(u32 i, struct arg *a) { loop(5, cb_empty, a, 0); return a->n > 5; }
static int cb_null(u32 i, struct arg *a) { a->v = 0; return 0; }
static int cb_deref(u32 i, struct arg *a) { a->n = a->v->a; return 0; }
static int cb_deref_null(u32 i, struct arg *a) { a->n = a->v->a; a->v = 0; return 0; }
static int cb_index(u32 i, struct arg *a) { if (i >= 40) return 1; ((volatile char *)a->v)[i] = 1; return 0; }
static int cb_index_over(u32 i, struct arg *a) { if (i > 40) return 1; ((volatile char *)a->v)[i] = 1; return 0; }
static int cb_const(u32 i, struct arg *a) { return prandom() & 1; }
static int cb_2(u32 i, struct arg *a) { return prandom() & 3; }
static int each(void *m, u64 *k, struct value *v, struct arg *a) { a->n += v->a + *k; return 0; }
static int each_keep(void *m, u64 *k, struct value *v, struct arg *a) { a->v = v; return 0; }
static int each_stack(void *m, u64 *k, struct value *v, struct arg *a) { char b[64]; KEEP; a->p = b; return 0; }
static int timer_cb(void *m, u32 *k, struct timed *t) { timer_set_callback(&t->timer, cb_empty); return 0; }
static int timer_ok(void *m, u32 *k, struct timed *t) { t->x += *k; return 0; }
static int timer_ring(void *m, u32 *k, struct timed *t) { reserve(&map_ring, 8, 0); return 0; }
static int drain_cb(void *d, void *a) { u64 x; dynread(&x, 8, d, 0, 0); return 0; }
static int drain_bad(u64 *d, void *a) { return *d & 1; }
static int drain_2(void *d, void *a) { return 2; }

TC(ok_ring) { loop(10, cb_ring, 0, 0); return 0; }
TC(bad_leak) { loop(10, cb_leak, 0, 0); return 0; }
TC(bad_submit) { void *p = reserve(&map_ring, 8, 0); if (!p) return 0; loop(1, cb_submit, &p, 0); return 0; }
TC(ok_held_over) { void *p = reserve(&map_ring, 8, 0); if (!p) return 0; loop(10, cb_empty, 0, 0); submit(p, 0); return 0; }
TC(ok_nested) { struct arg a = {}; loop(10, cb_outer, &a, 0); return a.n & 1; }
TC(ok_nested_two) { struct arg a = {}; loop(10, cb_self, &a, 0); loop(10, cb_outer, &a, 0); return a.n & 1; }
TC(bad_null_left) { u64 k = 0; struct arg a = {.v = map_lookup(&map_hash, &k)}; if (!a.v) return 0; loop(10, cb_null, &a, 0); return a.v->a; }
TC(ok_deref) { u64 k = 0; struct arg a = {.v = map_lookup(&map_hash, &k)}; if (!a.v) return 0; loop(10, cb_deref, &a, 0); return 0; }
TC(bad_deref_unchecked) { u64 k = 0; struct arg a = {.v = map_lookup(&map_hash, &k)}; loop(10, cb_deref, &a, 0); return 0; }
TC(bad_second_round) { u64 k = 0; struct arg a = {.v = map_lookup(&map_hash, &k)}; if (!a.v) return 0; loop(10, cb_deref_null, &a, 0); return 0; }
TC(ok_one_round) { u64 k = 0; struct arg a = {.v = map_lookup(&map_hash, &k)}; if (!a.v) return 0; loop(1, cb_deref_null, &a, 0); return 0; }
TC(ok_index) { u64 k = 0; struct arg a = {.v = map_lookup(&map_hash, &k)}; if (!a.v) return 0; loop(100, cb_index, &a, 0); return 0; }
TC(bad_index) { u64 k = 0; struct arg a = {.v = map_lookup(&map_hash, &k)}; if (!a.v) return 0; loop(100, cb_index_over, &a, 0); return 0; }
TC(ok_returns_bit) { loop(10, cb_const, 0, 0); return 0; }
TC(bad_returns_two_bits) { loop(10, cb_2, 0, 0); return 0; }
TC(ok_chosen) { void *cb = cb_empty; if (prandom() & 1) cb = cb_const; loop(10, cb, 0, 0); return 0; }
TC(ok_each) { struct arg a = {}; for_each(&map_hash, each, &a, 0); return a.n & 1; }
TC(ok_each_keep) { u64 k = 0; struct arg a = {.v = map_lookup(&map_hash, &k)}; if (!a.v) return 0; for_each(&map_hash, each_keep, &a, 0); return a.v->a & 1; }
TC(bad_each_stack) { struct arg a = {}; for_each(&map_hash, each_stack, &a, 0); return 0; }
TC(ok_timer) { u32 k = 0; struct timed *t = map_lookup(&map_timer, &k); if (!t) return 0; timer_init(&t->timer, &map_timer, 1); timer_set_callback(&t->timer, timer_ok); return 0; }
TC(bad_timer_leak) { u32 k = 0; struct timed *t = map_lookup(&map_timer, &k); if (!t) return 0; timer_set_callback(&t->timer, timer_ring); return 0; }
TC(ok_timer_rearms) { u32 k = 0; struct timed *t = map_lookup(&map_timer, &k); if (!t) return 0; timer_set_callback(&t->timer, timer_cb); return 0; }
TC(ok_drain) { drain(&map_user, drain_cb, 0, 0); return 0; }
TC(bad_drain_deref) { drain(&map_user, drain_bad, 0, 0); return 0; }
TC(bad_drain_2) { drain(&map_user, drain_2, 0, 0); return 0; }
TC(bad_drain_ring) { drain(&map_ring, drain_cb, 0, 0); return 0; }
TC(bad_loop_stack) { char b[8] = {}; u64 i = 0; KEEP; loop(10, cb_inner, &i, 0); return ((volatile char *)b)[i]; }
