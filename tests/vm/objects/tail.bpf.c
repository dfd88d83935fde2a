/* Program arrays and maps of maps with static members. */
#include "bpf.h"

struct inner {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, u64);
} inner_a SEC(".maps"), inner_b SEC(".maps");

struct {
	__uint(type, MAP_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, u32);
	__array(values, struct inner);
} outer SEC(".maps") = {.values = {[1] = &inner_a, [3] = &inner_b}};

struct {
	__uint(type, MAP_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__array(
	    values, struct {
		    __uint(type, MAP_HASH);
		    __uint(max_entries, 5);
		    __type(key, u64);
		    __type(value, u32);
	    });
} named SEC(".maps");

SEC("tc")
int leaf(void *ctx)
{
	return 5;
}

struct {
	__uint(type, MAP_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__array(values, int(void *));
} jumps SEC(".maps") = {.values = {[2] = (void *)&leaf}};

SEC("tc")
int root(void *ctx)
{
	u32 one = 1;
	u64 wide = 1;
	void *m = map_lookup(&outer, &one);
	u64 *n = m ? map_lookup(m, &one) : 0;

	m = map_lookup(&named, &one);
	if (m && map_lookup(m, &wide))
		one++;
	tail_call(ctx, &jumps, 2);
	return n ? (int)*n : (int)one;
}
