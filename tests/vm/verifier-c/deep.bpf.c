/* Loops, stacks and numbers as optimizers leave them: what a verifier must remember, and forget. */
#include "common.h"

struct entry {
	u32 key;
	u16 len, kind;
	u8 bytes[56];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, struct entry);
} entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u8[4096]);
} room SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} out SEC(".maps");

u64 total;
u8 bytes[256];

/* The arguments of a process, one string after the other in a large buffer. */
SEC("raw_tp/sys_enter") int ok_arguments(struct bpf_raw_tracepoint_args *ctx)
{
	const char **args = (void *)ctx->args[1];
	u32 zero = 0, at = 0;
	u8 *buf = bpf_map_lookup_elem(&room, &zero);

	if (!buf)
		return 0;
	for (int i = 0; i < 20; i++) {
		const char *p = (void *)0;
		long n;

		bpf_probe_read_user(&p, sizeof(p), &args[i]);
		if (!p)
			break;
		if (at > 4096 - 128)
			break;
		n = bpf_probe_read_user_str(buf + at, 128, p);
		if (n < 0 || n > 128)
			break;
		at += n;
	}
	if (at <= 4096)
		bpf_perf_event_output(ctx, &out, BPF_F_CURRENT_CPU, buf, at);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_arguments(struct bpf_raw_tracepoint_args *ctx)
{
	const char **args = (void *)ctx->args[1];
	u32 zero = 0, at = 0;
	u8 *buf = bpf_map_lookup_elem(&room, &zero);

	if (!buf)
		return 0;
	for (int i = 0; i < 40; i++) {
		const char *p = (void *)0;
		long n;

		bpf_probe_read_user(&p, sizeof(p), &args[i]);
		if (at > 4096 - 64)
			break;
		n = bpf_probe_read_user_str(buf + at, 128, p);
		if (n < 0)
			break;
		at += n;
	}
	return 0;
}

SEC("raw_tp/sys_enter") int ok_masked(struct bpf_raw_tracepoint_args *ctx)
{
	u32 zero = 0, at = ctx->args[0];
	u8 *buf = bpf_map_lookup_elem(&room, &zero);

	if (!buf)
		return 0;
	buf[at & 4095] = 1;
	buf[(at & 2047) + 2048] = 1;
	buf[(at >> 20) ^ 1] = 1;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_masked(struct bpf_raw_tracepoint_args *ctx)
{
	u32 zero = 0, at = ctx->args[0];
	u8 *buf = bpf_map_lookup_elem(&room, &zero);

	if (!buf)
		return 0;
	buf[(at & 4095) + 1] = 1;
	return 0;
}

#if __clang_major__ > 14 /* which checks a copy */
SEC("raw_tp/sys_enter") int ok_length_checked_late(struct bpf_raw_tracepoint_args *ctx)
{
	u32 key = ctx->args[0];
	struct entry *e = bpf_map_lookup_elem(&entries, &key);
	u32 n;

	if (!e)
		return 0;
	n = e->len;
	keep(n);
	if (n > sizeof(e->bytes))
		n = sizeof(e->bytes);
	bpf_probe_read_user(e->bytes, n, (void *)ctx->args[1]);
	return 0;
}
#endif

SEC("raw_tp/sys_enter") int bad_length_read_twice(struct bpf_raw_tracepoint_args *ctx)
{
	u32 key = ctx->args[0];
	volatile struct entry *e = bpf_map_lookup_elem(&entries, &key);

	if (!e || e->len > sizeof(e->bytes))
		return 0;
	bpf_probe_read_user((void *)e->bytes, e->len, (void *)ctx->args[1]);
	return 0;
}

SEC("raw_tp/sys_enter") int ok_spilled_bound(struct bpf_raw_tracepoint_args *ctx)
{
	u32 key = ctx->args[0], n = ctx->args[1];
	struct entry *e;

	if (n >= 56)
		return 0;
	/* so many things live that n goes to the stack */
	e = bpf_map_lookup_elem(&entries, &key);
	if (!e)
		return 0;
	total += bpf_get_prandom_u32() + bpf_ktime_get_ns() + ctx->args[2];
	e->bytes[n] = total;
	total += bpf_get_smp_processor_id();
	e->bytes[n]++;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_two_lookups(struct bpf_raw_tracepoint_args *ctx)
{
	u32 a = 1, b = 2;
	struct entry *x = bpf_map_lookup_elem(&entries, &a), *y;

	y = bpf_map_lookup_elem(&entries, &b);
	if (x)
		return x->kind & 1;
	return y ? y->kind & 1 : 0;
}

SEC("raw_tp/sys_enter") int bad_two_lookups(struct bpf_raw_tracepoint_args *ctx)
{
	u32 a = 1, b = 2;
	struct entry *x = bpf_map_lookup_elem(&entries, &a), *y;

	y = bpf_map_lookup_elem(&entries, &b);
	if (!x && !y)
		return 0;
	return *(volatile u16 *)&x->kind & 1;
}

SEC("raw_tp/sys_enter") int ok_pointer_in_struct(struct bpf_raw_tracepoint_args *ctx)
{
	struct {
		struct entry *e;
		u8 *at;
		u64 n;
	} volatile w;
	u32 key = 1;
	struct entry *e = bpf_map_lookup_elem(&entries, &key);

	if (!e)
		return 0;
	w.e = e;
	w.at = e->bytes;
	w.n = 3;
	return w.e->kind + w.at[w.n];
}

SEC("raw_tp/sys_enter") int ok_copy_loop(struct bpf_raw_tracepoint_args *ctx)
{
	u8 from[64], to[64] = {};
	u32 n = ctx->args[0];

	bpf_probe_read_user(from, sizeof(from), (void *)ctx->args[1]);
	for (u32 i = 0; i < 64; i++) {
		if (i >= n)
			break;
		to[63 - i] = from[i];
	}
	total = *(u64 *)&to[8];
	return 0;
}

SEC("raw_tp/sys_enter") int ok_state_machine(struct bpf_raw_tracepoint_args *ctx)
{
	u8 s[48] = {}, state = 0;
	u32 words = 0;

	bpf_probe_read_user_str(s, sizeof(s), (void *)ctx->args[1]);
	for (int i = 0; i < 48; i++) {
		u8 c = s[i];

		if (!c)
			break;
		switch (state) {
		case 0:
			if (c != ' ') {
				words++;
				state = c == '"' ? 2 : 1;
			}
			break;
		case 1:
			if (c == ' ')
				state = 0;
			break;
		case 2:
			if (c == '"')
				state = 0;
			break;
		}
	}
	return words & 1;
}

SEC("raw_tp/sys_enter") int bad_binary_search(struct bpf_raw_tracepoint_args *ctx)
{
	u32 from = 0, to = 256;
	int i;

	num_loop (i, 0, 8) {
		u32 mid = (from + to) / 2;

		if (bytes[mid] < ctx->args[0])
			from = mid + 1;
		else
			to = mid;
	}
	return from & 1;
}

SEC("raw_tp/sys_enter") int ok_minimum(struct bpf_raw_tracepoint_args *ctx)
{
	s64 n = ctx->args[0];

	if (n < 0)
		return 0;
	bpf_probe_read_user(bytes, n < sizeof(bytes) ? n : sizeof(bytes), (void *)ctx->args[1]);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_minimum(struct bpf_raw_tracepoint_args *ctx)
{
	s64 n = ctx->args[0];

	keep(n);
	if (n > (s64)sizeof(bytes))
		n = sizeof(bytes);
	bpf_probe_read_user(bytes, n, (void *)ctx->args[1]);
	return 0;
}

static long fold(u32 i, void *arg)
{
	u64 *n = arg;

	*n = *n * 31 + bytes[i & 255];
	return *n > 1ull << 60;
}

SEC("raw_tp/sys_enter") int ok_callback_in_loop(void *ctx)
{
	u64 n = 1;
	int i;

	num_loop (i, 0, 10)
		bpf_loop(i & 7, fold, &n, 0);
	total = n;
	return 0;
}

static long loops_inside(u32 i, void *arg)
{
	u64 *n = arg;
	int k;

	num_loop (k, 0, 10)
		*n += k;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_loop_in_callback(void *ctx)
{
	u64 n = 1;

	bpf_loop(100, loops_inside, &n, 0);
	total = n;
	return 0;
}

static long index_of_caller(u32 i, void *arg)
{
	u32 *at = arg;

	bytes[*at] = i;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_index_of_caller(void *ctx)
{
	u32 at = 3;

	bpf_loop(100, index_of_caller, &at, 0);
	return 0;
}

static long index_that_moves(u32 i, void *arg)
{
	u32 *at = arg;

	bytes[*at] = i;
	*at += 1;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_index_that_moves(void *ctx)
{
	u32 at = 3;

	bpf_loop(100, index_that_moves, &at, 0);
	return 0;
}

static long index_that_returns(u32 i, void *arg)
{
	u32 *at = arg;

	if (*at < 256)
		bytes[*at] = i;
	*at += 1;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_index_that_is_checked(void *ctx)
{
	u32 at = 3;

	bpf_loop(100, index_that_returns, &at, 0);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_index_after_callback(void *ctx)
{
	u32 at = 3;

	bpf_loop(100, index_that_returns, &at, 0);
	return bytes[at];
}
