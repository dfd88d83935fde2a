/* Maps of maps, tail calls, ring and perf buffers, globals, atomics, bitfields, strings. */
#include "common.h"

struct event {
	u64 when;
	u32 pid;
	u16 kind;
	u16 n;
	char name[16];
};

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u64);
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 8);
	__type(key, u32);
	__array(values, struct inner);
} outer SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u32);
} jumps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} perf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct event);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, 4);
	__uint(value_size, 8 * 127);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 64);
	__type(value, u64);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, u32);
} routes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__type(key, u32);
	__type(value, u64);
} read_only SEC(".maps");

const volatile u32 limit = 100, target_pid;
const volatile bool is_wanted = true;
u64 total, counters[16];
char name[16];
static u32 hidden;

SEC("tc") int ok_inner(void *ctx)
{
	u32 key = 1, at = 2;
	u64 *v;
	void *m = bpf_map_lookup_elem(&outer, &key);

	if (!m)
		return 0;
	v = bpf_map_lookup_elem(m, &at);
	if (v)
		*v += 1;
	return 0;
}

SEC("tc") int bad_inner_unchecked(void *ctx)
{
	u32 key = 1, at = 2;
	void *m = bpf_map_lookup_elem(&outer, &key);

	return bpf_map_lookup_elem(m, &at) != 0;
}

SEC("tc") int bad_inner_read(void *ctx)
{
	u32 key = 1;
	u64 *m = bpf_map_lookup_elem(&outer, &key);

	return m ? m[100] & 1 : 0;
}

SEC("tc") int ok_tail(void *ctx)
{
	bpf_tail_call(ctx, &jumps, 3);
	return 0;
}

SEC("tc") int bad_tail_holding(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e)
		return 0;
	bpf_tail_call(ctx, &jumps, 3);
	bpf_ringbuf_discard(e, 0);
	return 0;
}

SEC("tc") int bad_tail_other_map(void *ctx)
{
	bpf_tail_call(ctx, &outer, 3);
	return 0;
}

static __noinline int jump_below(void *ctx)
{
	volatile int n = 3;

	bpf_tail_call_static(ctx, &jumps, 2);
	return n;
}

SEC("tc") int ok_tail_below(void *ctx)
{
	return jump_below(ctx);
}

SEC("raw_tp/sys_enter") int ok_ring(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e)
		return 0;
	e->when = bpf_ktime_get_ns();
	e->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(e->name, sizeof(e->name));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_ring_unchecked(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	e->pid = 1;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_ring_leaked(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e)
		return 0;
	if (e->pid == 3)
		return 0;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_ring_after_submit(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e)
		return 0;
	bpf_ringbuf_submit(e, 0);
	e->pid = 1;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_ring_size_unknown(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&ring, total & 63, 0);

	if (e)
		bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_ring_submit_inside(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e)
		return 0;
	bpf_ringbuf_submit(&e->pid, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_ring_kept_in_map(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);

	if (!e)
		return 0;
	*(struct event *volatile *)&total = e;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_perf(void *ctx)
{
	struct event e = {.when = bpf_ktime_get_ns()};

	bpf_get_current_comm(e.name, sizeof(e.name));
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &e, sizeof(e));
	return 0;
}

SEC("raw_tp/sys_enter") int ok_perf_uninitialized(void *ctx)
{
	struct event e;

	bpf_probe_read_kernel(&e.name, sizeof(e.name), (void *)total);
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, (void *)&e - 64, sizeof(e) + 64);
	return 0;
}

SEC("raw_tp/sys_enter") int ok_perf_length(void *ctx)
{
	u32 zero = 0;
	struct event *e = bpf_map_lookup_elem(&scratch, &zero);
	long n;

	if (!e)
		return 0;
	n = bpf_probe_read_user_str(e->name, sizeof(e->name), (void *)total);
	if (n < 0)
		return 0;
	n += __builtin_offsetof(struct event, name);
	if (n <= (long)sizeof(*e))
		bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, e, n);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_perf_length(void *ctx)
{
	u32 zero = 0;
	struct event *e = bpf_map_lookup_elem(&scratch, &zero);

	if (!e)
		return 0;
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, e, e->n);
	return 0;
}

SEC("perf_event") int ok_stack(struct bpf_perf_event_data *ctx)
{
	int id = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);

	total = id + ctx->sample_period;
	return 0;
}

SEC("tc") int ok_queue(void *ctx)
{
	u64 n = 3;

	bpf_map_push_elem(&queue, &n, 0);
	if (!bpf_map_pop_elem(&queue, &n))
		total = n;
	return 0;
}

SEC("cgroup_skb/egress") int ok_trie(struct __sk_buff *skb)
{
	u64 key = (u64)skb->remote_ip4 << 32 | 32;
	u32 *v = bpf_map_lookup_elem(&routes, &key);

	return v ? *v & 1 : 0;
}

SEC("tc") int bad_read_only_written(void *ctx)
{
	u32 key = 1;
	u64 *v = bpf_map_lookup_elem(&read_only, &key);

	if (v)
		*v = 1;
	return 0;
}

SEC("tc") int bad_update_read_only(void *ctx)
{
	u32 key = 1;
	u64 v = 1;

	return bpf_map_update_elem(&read_only, &key, &v, 0) & 1;
}

/* ---- globals ----------------------------------------------------------------------------------- */

SEC("raw_tp/sys_enter") int ok_constants(void *ctx)
{
	for (u32 i = 0; i < limit && i < 16; i++)
		counters[i] += i;
	if (!is_wanted)
		return *(volatile int *)0; /* never reached: the constant is known */
	if (target_pid && target_pid != bpf_get_current_pid_tgid() >> 32)
		return 0;
	hidden++;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_constant_written(void *ctx)
{
	*(volatile u32 *)&limit = 3;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_array_index(void *ctx)
{
	counters[hidden] = 1;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_array_index(void *ctx)
{
	counters[hidden % 16] = 1;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_array_index_signed(void *ctx)
{
	int i = *(volatile int *)&hidden;

	if (i < 16)
		counters[i] = 1;
	return 0;
}

/* ---- numbers ----------------------------------------------------------------------------------- */

struct bits {
	u32 a : 3, b : 7, c : 22;
	u64 d : 40, e : 24;
	s16 f : 5;
};

struct bits packed;

SEC("raw_tp/sys_enter") int ok_bitfields(void *ctx)
{
	packed.b = packed.a + packed.c;
	packed.d += packed.e;
	counters[packed.a] = packed.f;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_bitfield_index(void *ctx)
{
	counters[packed.b] = 1;
	return 0;
}

#if __clang_major__ > 14 /* which reads beyond the member */
SEC("tp_btf/sched_switch") int BPF_PROG(ok_kernel_bitfield, bool preempt, struct task_struct *prev,
                                        struct task_struct *next)
{
	total = next->sched_reset_on_fork + next->in_execve;
	return 0;
}
#endif

SEC("raw_tp/sys_enter") int ok_atomics(void *ctx)
{
	__sync_fetch_and_add(&total, 3);
	return 0;
}

#if __BPF_CPU_VERSION__ >= 3 || __clang_major__ >= 19
SEC("raw_tp/sys_enter") int ok_atomics_more(void *ctx)
{
	u64 old = __sync_fetch_and_or(&total, 8);

	old += __sync_val_compare_and_swap(&total, old, 3);
	old += __sync_lock_test_and_set(&counters[3], old);
	return old & 1;
}

SEC("raw_tp/sys_enter") int bad_atomic_result_index(void *ctx)
{
	return counters[__sync_fetch_and_and(&total, 15)] & 1;
}
#endif

SEC("tc") int bad_atomic_in_context(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&skb->mark, 1);
	return 0;
}

SEC("raw_tp/sys_enter") int ok_signed(void *ctx)
{
	s8 a = total;
	s16 b = total >> 8;
	s64 n = ((s64)a * b) >> 3;

	keep(n);
	if (n >= 0 && n < 16)
		counters[n] = 1;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_signed(void *ctx)
{
	s8 a = *(volatile s8 *)&total;

	if (a < 16)
		counters[a] = 1;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_switch(void *ctx)
{
	switch (total & 15) {
	case 0 ... 3:
		return counters[1] & 1;
	case 7:
		total = 3;
		break;
	case 9:
		total ^= counters[2];
		break;
	default:
		total <<= total & 63;
	}
	return 0;
}

SEC("raw_tp/sys_enter") int ok_shift_index(void *ctx)
{
	u64 n = total;

	counters[n >> 60] = 1;
	counters[(n * 3) & 7] = 2;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_divide(void *ctx)
{
	u64 n = total;

	counters[15 - n % 16] = 15 / (n | 1);
	return 0;
}

/* ---- strings ----------------------------------------------------------------------------------- */

static __always_inline int parse_number(const char *s, int n, u64 *ret)
{
	u64 v = 0;
	int i;

	for (i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			break;
		v = v * 10 + (s[i] - '0');
	}
	*ret = v;
	return i;
}

SEC("raw_tp/sys_enter") int ok_number(void *ctx)
{
	char text[16] = {};
	u64 v;

	bpf_probe_read_user_str(text, sizeof(text), (void *)total);
	if (parse_number(text, sizeof(text), &v) > 0)
		total = v;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_compare(void *ctx)
{
	char comm[16];

	bpf_get_current_comm(comm, sizeof(comm));
	for (int i = 0; i < 16; i++) {
		if (comm[i] != name[i])
			return 0;
		if (!comm[i])
			break;
	}
	return 1;
}

SEC("raw_tp/sys_enter") int ok_strings(void *ctx)
{
	char out[64];
	u64 args[2] = {1, (u64)name};

	bpf_snprintf(out, sizeof(out), "%d %s", args, sizeof(args));
	bpf_strncmp(out, sizeof(out), "1 x");
	return 0;
}

SEC("raw_tp/sys_enter") int bad_format_not_constant(void *ctx)
{
	char out[64];
	u64 args[1] = {1};

	bpf_snprintf(out, sizeof(out), name, args, sizeof(args));
	return 0;
}

SEC("raw_tp/sys_enter") int ok_printk(void *ctx)
{
	bpf_printk("pid %d total %llu", hidden, total);
	return 0;
}

SEC("raw_tp/sys_enter") int ok_uninitialized(void *ctx)
{
	u64 room[4];

	touch(ctx);
	return *(volatile u64 *)&room[2] > 0x100000000 ? 1 : *(volatile u32 *)((void *)room - 200);
}

SEC("socket") int bad_helper_of_others(void *ctx)
{
	return bpf_redirect(3, 0);
}

SEC("syscall") int ok_syscall(struct event *args)
{
	args->n += args->pid;
	return 0;
}

/* ---- arena ------------------------------------------------------------------------------------- */

#if __clang_major__ >= 19
#define in_arena __attribute__((address_space(1)))

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16);
} arena SEC(".maps");

struct cell {
	struct cell in_arena *next;
	u64 value;
};

struct cell in_arena *first;


SEC("syscall") int ok_arena(void *ctx)
{
	u64 in_arena *p =
	    (u64 in_arena *)bpf_arena_alloc_pages(&arena, (void *)0, 1, -1, 0);

	if (!p)
		return 0;
	p[1] = 3;
	p[total] = p[1];
	return 0;
}

SEC("syscall") int ok_arena_list(void *ctx)
{
	struct cell in_arena *c;
	u64 n = 0;
	int i;

	touch(&arena);
	num_loop (i, 0, 100) {
		c = first;
		if (!c)
			break;
		n += c->value;
		first = c->next;
	}
	total = n;
	return 0;
}
#endif
