/* Global variables in every kind of data section. */
#include "bpf.h"

u64 counter;
static u32 hits = 3;
int limit = 40;
const volatile u32 wanted = 17;
const volatile char prefix[8] = "abc";
static u64 sums[16];
struct pair {
	u32 a, b;
} pairs[4] SEC(".data.pairs") = {{1, 2}, {3, 4}};
static const u32 table[] SEC(".rodata.table") = {10, 20, 30, 40};
const volatile bool is_on = 1;

SEC("raw_tp/sys_enter")
int variables(void *ctx)
{
	u32 cpu = get_smp_processor_id();

	counter++;
	hits += wanted;
	if (is_on && limit > 4 && prefix[1] == 'b')
		sums[cpu & 15] += table[cpu & 3];
	pairs[cpu & 3].b = hits;
	return pairs[1].a + (int)counter;
}
