/* Sub-programs: static and global, in .text, called from several programs, calling each other, and
 * as callbacks. */
#include "bpf.h"

struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u64);
} numbers SEC(".maps");

u64 total;

static __noinline u64 square(u64 x)
{
	return x * x + total;
}

static __noinline u64 twice(u64 x)
{
	total++;
	return square(x) + square(x + 1);
}

__noinline int shared(u32 x)
{
	return (int)twice(x) + 1;
}

/* By itself the verifier would have to expect null. */
__hidden __noinline int hidden(u64 *n)
{
	total += *n;
	return (int)(*n >> 3);
}

static int visit(void *map, u32 *key, u64 *value, void *ctx)
{
	*value += square(*key);
	return 0;
}

static int step(u32 i, u64 *ctx)
{
	*ctx += i;
	return *ctx > 1000;
}

SEC("tc")
int first(void *ctx)
{
	return shared(3) + (int)twice(5);
}

SEC("xdp")
int second(void *ctx)
{
	u64 sum = 0;

	for_each_map_elem(&numbers, visit, 0, 0);
	loop(10, step, &sum, 0);
	return shared((u32)sum) ? 1 : 2;
}

SEC("tc")
int third(void *ctx)
{
	u64 n = square(9);

	return hidden(&n);
}
