/* A hash map of 32-bit keys: mostly lookups, of which a quarter fails, and some updates. */
#include "bench.h"

enum { N = 1024 };
HASH_MAP(flows, u64, N)
;
u64 start = 6;
u32 is_ready;

static inline void prepare(void)
{
	u64 one = 1;

	for (u32 k = 0; k < 512; k++) {
		u32 key = k + k / 3;

		UPDATE(flows, &key, &one);
	}
	is_ready = 1;
}

PROGRAM
{
	u64 seed = start;
	u32 sum = 0;

	if (!is_ready)
		prepare();
	for (u32 k = 0; k < 256; k++) {
		u32 key = (u32)next_random(&seed) & 511;
		u64 *flow = LOOKUP(flows, &key);

		if (flow) {
			*flow += k;
			sum += key;
		}
		if ((k & 15) == 0) {
			u64 fresh = k;

			key &= 255;
			key += key / 3;
			UPDATE(flows, &key, &fresh);
		}
	}
	return (int)sum;
}
