/* Maps of every shape that a definition can have. */
#include "bpf.h"

struct key {
	u32 pid;
	char comm[12];
};

struct {
	__uint(type, MAP_HASH);
	__uint(max_entries, 100);
	__type(key, struct key);
	__type(value, u64);
} counts SEC(".maps");

struct {
	__uint(type, MAP_PERCPU_ARRAY);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u64));
	__uint(max_entries, 4);
} slots SEC(".maps");

struct {
	__uint(type, MAP_RINGBUF);
	__uint(max_entries, 5000);
} ring SEC(".maps");

struct {
	__uint(type, MAP_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

struct {
	__uint(type, MAP_QUEUE);
	__uint(max_entries, 10);
	__type(value, u64);
} queue SEC(".maps");

struct {
	__uint(type, MAP_LPM_TRIE);
	__uint(map_flags, 1);
	__uint(max_entries, 10);
	__uint(key_size, 8);
	__uint(value_size, 4);
} routes SEC(".maps");

struct {
	__uint(type, MAP_STACK_TRACE);
	__uint(max_entries, 16);
	__uint(key_size, 4);
	__uint(value_size, 8 * 20);
} stacks SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_getpid")
int count(void *ctx)
{
	struct key k = {.pid = get_current_pid_tgid() >> 32};
	u64 one = 1, *n = map_lookup(&counts, &k);
	u32 zero = 0;

	if (n)
		__sync_fetch_and_add(n, 1);
	else
		map_update(&counts, &k, &one, 0);
	n = map_lookup(&slots, &zero);
	if (n)
		*n += 1;
	ringbuf_output(&ring, &one, sizeof(one), 0);
	perf_event_output(ctx, &events, 0xffffffffull, &one, sizeof(one));
	map_push(&queue, &one, 0);
	return map_lookup(&routes, &one) != 0;
}
