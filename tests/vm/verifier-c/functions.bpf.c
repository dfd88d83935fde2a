/* Functions: global ones with their promises, static ones, callbacks, exceptions, loops that count
 * by themselves. */
#include "common.h"

#define arg_ctx arg_tag(ctx)
#define arg_nonnull arg_tag(nonnull)
#define arg_nullable arg_tag(nullable)
#define arg_trusted arg_tag(trusted)
#define arg_untrusted arg_tag(untrusted)

struct pair {
	u64 a;
	u32 b, c;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, u32);
	__type(value, struct pair);
} pairs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, u32);
	__type(value, u64);
} numbers SEC(".maps");

u64 total, table[32];

/* ---- global functions -------------------------------------------------------------------------- */

noinline_global int sum(int a, int b)
{
	return a + b;
}

SEC("tc") int ok_numbers(struct __sk_buff *skb)
{
	return sum(skb->len, 3) & 1;
}

noinline_global int pair_or_null(struct pair *p)
{
	if (!p)
		return 0;
	p->b++;
	return p->a & 1;
}

noinline_global int pair_assumed(struct pair *p)
{
	return p->a & 1;
}

noinline_global int pair_promised(struct pair *p arg_nonnull)
{
	return p->a & 1;
}

noinline_global int pair_too_far(struct pair *p)
{
	if (!p)
		return 0;
	return ((volatile u64 *)p)[2];
}

SEC("tc") int ok_memory(struct __sk_buff *skb)
{
	struct pair p = {1, 2, 3};

	return pair_or_null(&p);
}

SEC("tc") int ok_memory_null(struct __sk_buff *skb)
{
	return pair_or_null((void *)0);
}

SEC("tc") int ok_memory_map(struct __sk_buff *skb)
{
	u32 key = 1;

	return pair_or_null(bpf_map_lookup_elem(&pairs, &key));
}

SEC("tc") int bad_memory_assumed(struct __sk_buff *skb)
{
	struct pair p = {1, 2, 3};

	return pair_assumed(&p);
}

SEC("tc") int ok_memory_promised(struct __sk_buff *skb)
{
	struct pair p = {skb->len, 2, 3};

	return pair_promised(&p);
}

SEC("tc") int bad_promise_broken(struct __sk_buff *skb)
{
	u32 key = 1;

	return pair_promised(bpf_map_lookup_elem(&pairs, &key));
}

SEC("tc") int bad_memory_too_far(struct __sk_buff *skb)
{
	struct pair p = {1, 2, 3};

	return pair_too_far(&p);
}

SEC("tc") int bad_memory_too_small(struct __sk_buff *skb)
{
	u64 p = 1;

	return pair_or_null((void *)&p);
}

noinline_global int length_of(struct __sk_buff *skb)
{
	return skb->len;
}

SEC("tc") int ok_context(struct __sk_buff *skb)
{
	return length_of(skb) & 1;
}

SEC("tc") int bad_context_null(struct __sk_buff *skb)
{
	return length_of((void *)0) & 1;
}

noinline_global int parse(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;

	if (data + sizeof(*eth) > end)
		return -1;
	return eth->h_proto;
}

SEC("tc") int ok_packet_below(struct __sk_buff *skb)
{
	return parse(skb) == bpf_htons(ETH_IPV4);
}

noinline_global int cut(struct __sk_buff *skb)
{
	return bpf_skb_change_tail(skb, 64, 0);
}

SEC("tc") int bad_packet_moved_below(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;

	if (data + sizeof(*eth) > end)
		return 0;
	cut(skb);
	return eth->h_proto & 1;
}

noinline_global int any_context(void *ctx arg_ctx)
{
	u64 room[2] = {};

	return bpf_get_stack(ctx, room, sizeof(room), 0) + room[0];
}

SEC("kprobe/do_nothing") int ok_tagged_context(void *ctx)
{
	return any_context(ctx) & 1;
}

SEC("perf_event") int ok_tagged_context_perf(void *ctx)
{
	return any_context(ctx) & 1;
}

noinline_global int pid_of(struct task_struct *t arg_trusted)
{
	return t->pid;
}

noinline_global int pid_of_nullable(struct task_struct *t arg_trusted arg_nullable)
{
	return t ? t->pid : 0;
}

noinline_global int pid_of_nullable_assumed(struct task_struct *t arg_trusted arg_nullable)
{
	return t->pid;
}

noinline_global int keep_task(struct task_struct *t arg_trusted)
{
	struct task_struct *k = bpf_task_acquire(t);

	if (k)
		bpf_task_release(k);
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(ok_trusted, struct task_struct *t, u64 flags)
{
	return pid_of(t) & 1;
}
SEC("tp_btf/task_newtask") int BPF_PROG(ok_trusted_kept, struct task_struct *t, u64 flags)
{
	return keep_task(t);
}
SEC("tp_btf/task_newtask") int BPF_PROG(ok_trusted_nullable, struct task_struct *t, u64 flags)
{
	return (pid_of_nullable(t) + pid_of_nullable((void *)0)) & 1;
}
SEC("tp_btf/task_newtask") int BPF_PROG(bad_trusted_null, struct task_struct *t, u64 flags)
{
	return pid_of((void *)0) & 1;
}
SEC("tp_btf/task_newtask") int BPF_PROG(bad_nullable_assumed, struct task_struct *t, u64 flags)
{
	return pid_of_nullable_assumed(t) & 1;
}
SEC("tp_btf/task_newtask") int BPF_PROG(ok_trusted_walked, struct task_struct *t, u64 flags)
{
	return pid_of(t->last_wakee) & 1;
}

noinline_global void remember(u64 n)
{
	total = n;
}

SEC("tc") int bad_void(struct __sk_buff *skb)
{
	remember(skb->len);
	return 0;
}

noinline_global void *gives_pointer(void)
{
	void *p = &total;

	keep(p);
	return p;
}

SEC("tc") int bad_gives_pointer(struct __sk_buff *skb)
{
	u64 *p = gives_pointer();

	return p != 0;
}

noinline_global long unbounded(long n)
{
	return table[n];
}

SEC("tc") int bad_verified_for_all_arguments(struct __sk_buff *skb)
{
	return unbounded(3) & 1;
}

noinline_global int limited(void)
{
	int n = 1;

	keep(n);
	return n;
}

SEC("tc") int bad_result_is_unknown(struct __sk_buff *skb)
{
	return table[limited()] & 1;
}

__weak noinline_global int weak_one(int n)
{
	return n + 1;
}

SEC("tc") int ok_weak(struct __sk_buff *skb)
{
	return weak_one(skb->len) & 1;
}

enum shade { DARK, LIGHT };

noinline_global int by_enum(enum shade s)
{
	return s == LIGHT;
}

SEC("tc") int ok_enum(struct __sk_buff *skb)
{
	return by_enum(skb->len & 1);
}

noinline_global int five(u8 a, u16 b, u32 c, u64 d, char e)
{
	return a + b + c + d + e;
}

SEC("tc") int ok_five(struct __sk_buff *skb)
{
	return five(1, 2, skb->len, 4, 5) & 1;
}

noinline_global int pointer_to_int(int *n)
{
	return n ? *n : 0;
}

SEC("tc") int ok_pointer_to_int(struct __sk_buff *skb)
{
	int n = skb->len;

	return pointer_to_int(&n) & 1;
}

noinline_global int row(int (*n)[8])
{
	return n ? (*n)[7] : 0;
}

SEC("tc") int ok_pointer_to_array(struct __sk_buff *skb)
{
	int n[8] = {skb->len};

	return row(&n) & 1;
}

/* ---- static functions -------------------------------------------------------------------------- */

static __noinline int bounded(int n)
{
	return n & 15;
}

SEC("tc") int ok_result_is_known(struct __sk_buff *skb)
{
	return table[bounded(skb->len)] & 1;
}

static __noinline void fill(u64 *to, int n)
{
	*to = n;
}

SEC("tc") int ok_callers_stack(struct __sk_buff *skb)
{
	u64 x, y;

	fill(&x, skb->len);
	fill(&y, 3);
	return (x + y) & 1;
}

static __noinline u64 *where(int n)
{
	return n & 1 ? &table[3] : &table[5];
}

SEC("tc") int ok_pointer_result(struct __sk_buff *skb)
{
	return *where(skb->len) & 1;
}

static __noinline struct pair *find(u32 key)
{
	return bpf_map_lookup_elem(&pairs, &key);
}

SEC("tc") int ok_lookup_below(struct __sk_buff *skb)
{
	struct pair *p = find(skb->len);

	return p ? p->b & 1 : 0;
}

SEC("tc") int bad_lookup_below_unchecked(struct __sk_buff *skb)
{
	return find(skb->len)->b & 1;
}

static __noinline int deep_3(int n)
{
	volatile char room[200] = {};

	room[n & 127] = n;
	return room[3] + bounded(n);
}

static __noinline int deep_2(int n)
{
	volatile char room[200] = {};

	room[n & 127] = n;
	return room[3] + deep_3(n + 1);
}

static __noinline int deep_1(int n)
{
	volatile char room[200] = {};

	room[n & 127] = n;
	return room[3] + deep_2(n + 1);
}

SEC("tc") int bad_stack_too_deep(struct __sk_buff *skb)
{
	return deep_1(skb->len) & 1;
}

SEC("tc") int ok_stack_deep(struct __sk_buff *skb)
{
	return deep_2(skb->len) & 1;
}

/* ---- callbacks --------------------------------------------------------------------------------- */

struct walk {
	u64 sum, last;
	int n;
};

static long add_round(u32 i, void *arg)
{
	struct walk *w = arg;

	w->sum += i;
	w->n++;
	return i > 100;
}

static long index_round(u32 i, void *arg)
{
	table[i] = 1;
	return 0;
}

static long index_checked(u32 i, void *arg)
{
	if (i < 32)
		table[i] = 1;
	return 0;
}

static long wrong_round(u32 i, void *arg)
{
	return 2;
}

static long smash_round(u32 i, void *arg)
{
	struct walk *w = arg;

	w->n = 1000;
	return 0;
}

static long nested_round(u32 i, void *arg)
{
	struct walk w = {};

	bpf_loop(3, add_round, &w, 0);
	*(u64 *)arg += w.sum;
	return 0;
}

SEC("tc") int ok_loop(struct __sk_buff *skb)
{
	struct walk w = {};

	bpf_loop(skb->len, add_round, &w, 0);
	total = w.sum;
	return 0;
}
SEC("tc") int ok_loop_nested(struct __sk_buff *skb)
{
	u64 n = 0;

	bpf_loop(10, nested_round, &n, 0);
	total = n;
	return 0;
}
SEC("tc") int ok_loop_index(struct __sk_buff *skb)
{
	return bpf_loop(32, index_checked, (void *)0, 0) & 1;
}
SEC("tc") int bad_loop_index(struct __sk_buff *skb)
{
	return bpf_loop(32, index_round, (void *)0, 0) & 1;
}
SEC("tc") int bad_loop_result(struct __sk_buff *skb)
{
	return bpf_loop(32, wrong_round, (void *)0, 0) & 1;
}
SEC("tc") int bad_loop_flags(struct __sk_buff *skb)
{
	return bpf_loop(32, index_checked, (void *)0, 0x10) > 1000 ? 1 : table[skb->len];
}
SEC("tc") int bad_loop_smashed(struct __sk_buff *skb)
{
	struct walk w = {};

	bpf_loop(2, smash_round, &w, 0);
	return table[w.n];
}
SEC("tc") int bad_loop_context_null(struct __sk_buff *skb)
{
	bpf_loop(2, add_round, (void *)0, 0);
	return 0;
}

static long each_pair(void *map, u32 *key, struct pair *p, struct walk *w)
{
	w->sum += p->a + *key;
	p->b = 0;
	return 0;
}
static long each_key_written(void *map, u32 *key, struct pair *p, struct walk *w)
{
	*key = 1;
	return 0;
}
static long each_too_far(void *map, u32 *key, struct pair *p, struct walk *w)
{
	return ((volatile u64 *)p)[2] & 1;
}
static long each_deletes(void *map, u32 *key, struct pair *p, struct walk *w)
{
	bpf_map_delete_elem(map, key);
	return 0;
}

SEC("tc") int ok_each(struct __sk_buff *skb)
{
	struct walk w = {};

	bpf_for_each_map_elem(&pairs, each_pair, &w, 0);
	return w.sum & 1;
}
SEC("tc") int ok_each_deletes(struct __sk_buff *skb)
{
	return bpf_for_each_map_elem(&pairs, each_deletes, (void *)0, 0) & 1;
}
SEC("tc") int bad_each_key_written(struct __sk_buff *skb)
{
	return bpf_for_each_map_elem(&pairs, each_key_written, (void *)0, 0) & 1;
}
SEC("tc") int bad_each_too_far(struct __sk_buff *skb)
{
	return bpf_for_each_map_elem(&pairs, each_too_far, (void *)0, 0) & 1;
}

static long seen_vma(struct task_struct *t, struct vm_area_struct *vma, struct walk *w)
{
	w->sum = vma->vm_start;
	w->n = t->pid;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_find_vma(void *ctx)
{
	struct walk w = {};

	bpf_find_vma(bpf_get_current_task_btf(), 0x1000, seen_vma, &w, 0);
	return w.sum & 1;
}

static long leaks_round(u32 i, void *arg)
{
	struct task_struct *t = bpf_task_from_pid(1);

	return t != 0;
}

static long steals_round(u32 i, void *arg)
{
	bpf_task_release(*(struct task_struct **)arg);
	return 0;
}

SEC("tp_btf/task_newtask") int bad_callback_leaks(void *ctx)
{
	bpf_loop(2, leaks_round, (void *)0, 0);
	return 0;
}
SEC("tp_btf/task_newtask") int bad_callback_releases(void *ctx)
{
	struct task_struct *t = bpf_task_from_pid(1);

	if (!t)
		return 0;
	bpf_loop(2, steals_round, &t, 0);
	return 0;
}

/* ---- exceptions -------------------------------------------------------------------------------- */

SEC("tc") int ok_throw(struct __sk_buff *skb)
{
	if (skb->len > 100)
		bpf_throw(0);
	return 1;
}

static __noinline int throws_below(int n)
{
	if (n > 100)
		bpf_throw(1);
	return n;
}

SEC("tc") int ok_throw_below(struct __sk_buff *skb)
{
	return throws_below(skb->len);
}

noinline_global int throws_global(int n)
{
	if (n > 100)
		bpf_throw(1);
	return n;
}

SEC("tc") int ok_throw_global(struct __sk_buff *skb)
{
	return throws_global(skb->len);
}

SEC("tc") int bad_throw_with_reference(struct __sk_buff *skb)
{
	struct pair *p = obj_new(struct pair);

	if (!p)
		return 0;
	if (skb->len > 100)
		bpf_throw(1);
	obj_drop(p);
	return 0;
}

SEC("tc") int bad_throw_below_with_reference(struct __sk_buff *skb)
{
	struct pair *p = obj_new(struct pair);

	if (!p)
		return 0;
	throws_below(skb->len);
	obj_drop(p);
	return 0;
}

SEC("tc") int ok_throw_global_with_reference(struct __sk_buff *skb)
{
	struct pair *p = obj_new(struct pair);

	if (!p)
		return 0;
	throws_global(skb->len);
	obj_drop(p);
	return 0;
}

SEC("tc") int bad_throw_in_rcu(struct __sk_buff *skb)
{
	bpf_rcu_read_lock();
	if (skb->len > 100)
		bpf_throw(1);
	bpf_rcu_read_unlock();
	return 0;
}

static long throws_round(u32 i, void *arg)
{
	if (i > 2)
		bpf_throw(3);
	return 0;
}

SEC("tc") int bad_throw_in_callback(struct __sk_buff *skb)
{
	bpf_loop(5, throws_round, (void *)0, 0);
	return 0;
}

SEC("tc") int ok_throw_result(struct __sk_buff *skb)
{
	bpf_throw(skb->len);
	return 0;
}

SEC("cgroup/connect4") int bad_throw_out_of_range(void *ctx)
{
	bpf_throw(7);
	return 1;
}

SEC("cgroup/connect4") int ok_throw_in_range(void *ctx)
{
	bpf_throw(1);
	return 1;
}

noinline_global int catcher(u64 cookie)
{
	return cookie & 1;
}

/* Only loaders that bring the catcher along can ask the kernel, so the name promises nothing. */
SEC("tc") __attribute__((btf_decl_tag("exception_callback:catcher"))) int
caught(struct __sk_buff *skb)
{
	bpf_throw(skb->len);
	return 0;
}

/* ---- loops ------------------------------------------------------------------------------------- */

#if __clang_major__ >= 19
#define may_stop                                                                                   \
	({                                                                                         \
		__label__ out, on;                                                                 \
		bool stop_ = false;                                                                \
		asm volatile goto("may_goto %l[out]" : : : : out);                                 \
		goto on;                                                                           \
	out:                                                                                       \
		stop_ = true;                                                                      \
	on:;                                                                                       \
		stop_;                                                                             \
	})

SEC("tc") int ok_may_goto(struct __sk_buff *skb)
{
	u64 n = 0;

	for (u32 i = 0; i < skb->len; i++) {
		if (may_stop)
			break;
		n += i;
	}
	total = n;
	return 0;
}

SEC("tc") int ok_may_goto_forever(struct __sk_buff *skb)
{
	while (!may_stop)
		total++;
	return 0;
}

SEC("tc") int bad_may_goto_index(struct __sk_buff *skb)
{
	for (u64 i = 0; !may_stop; i++)
		table[i] = i;
	return 0;
}
#endif

SEC("tc") int bad_endless(struct __sk_buff *skb)
{
	for (;;)
		asm volatile("" ::: "memory");
	return 0;
}

SEC("tc") int ok_counted(struct __sk_buff *skb)
{
	u64 n = 0;

	for (int i = 0; i < 1000; i++) {
		keep(i);
		if (i >= 0 && i < 32)
			n += table[i];
	}
	return n & 1;
}

SEC("tc") int bad_unbounded(struct __sk_buff *skb)
{
	u64 n = 0;

	for (u32 i = 0; i < skb->len; i++) {
		keep(i);
		n += i;
	}
	return n & 1;
}
