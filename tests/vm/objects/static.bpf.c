/* What libbpf doesn't take and skep does: static maps, map_extra as an enumerator. */
#include "bpf.h"

static struct {
	__uint(type, MAP_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, u64);
} first SEC(".maps"), second SEC(".maps");

struct {
	__uint(type, MAP_BLOOM_FILTER);
	__uint(max_entries, 100);
	__type(value, u64);
	enum { extra = 5 } map_extra;
} filter SEC(".maps");

static struct {
	__uint(type, MAP_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, typeof(first));
} both SEC(".maps") = {.values = {&first, &second}};

SEC("raw_tp/sys_enter")
int reads(void *ctx)
{
	u32 zero = 0;
	u64 one = 1, *n = map_lookup(&second, &zero);
	void *m = map_lookup(&both, &zero);

	map_push(&filter, &one, 0);
	if (!n)
		n = map_lookup(&first, &zero);
	if (!n && m)
		n = map_lookup(m, &zero);
	return n ? (int)*n : 0;
}
