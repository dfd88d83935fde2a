/* Counters in array maps, one of them per CPU, by indices that the compiler cannot know. */
#include "bench.h"

enum { N = 256 };
ARRAY_MAP(totals, u64, N)
;
PERCPU_MAP(counts, u64, N)
;

u64 start = 5;

PROGRAM
{
	u64 seed = start, sum = 0;

	for (u32 k = 0; k < 512; k++) {
		u32 key = (u32)next_random(&seed) & (N + 31);
		u64 *total = LOOKUP(totals, &key), *count;

		if (!total)
			continue;
		*total += k;
		count = LOOKUP(counts, &key);
		if (count)
			(*count)++;
		sum += key;
	}
	return (int)sum;
}
