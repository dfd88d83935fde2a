/* What a skeleton gives access to: programs, maps, data of each kind. */
#include "bpf.h"
struct pair {
	int a;
	u64 b;
};
struct {
	int (*type)[HASH];
	int (*max_entries)[16];
	u32 *key;
	struct pair *value;
} sightings SEC(".maps");

u64 calls = 5;
int only_pid;
static struct pair last;
_Bool is_on = 1;
char text[7] = "hello";
const volatile int step = 3;
const volatile unsigned char flags[3] = {1, 2, 3};
unsigned apart SEC(".data.apart") = 11;

static int is_ours(void)
{
	return is_on && (!only_pid || bpf_get_current_pid_tgid() >> 32 == (u64)only_pid);
}

SEC("raw_tp/sys_enter") int count(void *ctx)
{
	u32 key = 1;

	if (!is_ours())
		return 0;
	calls += step;
	last.a++;
	last.b = calls;
	bpf_map_update_elem(&sightings, &key, &last, 0);
	return 0;
}
SEC("raw_tp/sys_exit") int leave(void *ctx)
{
	if (is_ours())
		apart += flags[2];
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
