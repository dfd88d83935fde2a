/* A histogram by powers of two, as latency tools keep it. Every run meets the same values in another
 * order, so that no branch predictor learns them by heart. */
#include "bench.h"

enum { N = 256, ORDERS = 16 };
u64 values[ORDERS][N];
u32 slots[64];
u32 runs;

static inline void prepare(void)
{
	u64 seed = 9;

	for (u32 k = 0; k < N; k++)
		values[0][k] = next_random(&seed) >> (next_random(&seed) & 31);
	for (u32 order = 1; order < ORDERS; order++)
		for (u32 k = 0; k < N; k++)
			values[order][k] = values[0][(k * (2 * order + 1) + order * order) & (N - 1)];
}

/* bpftrace's and BCC's way. */
static inline u32 log2_of(u32 v)
{
	u32 shift, r;

	r = (v > 0xffff) << 4;
	v >>= r;
	shift = (v > 0xff) << 3;
	v >>= shift;
	r |= shift;
	shift = (v > 0xf) << 2;
	v >>= shift;
	r |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	r |= shift;
	return r | v >> 1;
}

static inline u32 log2_long(u64 v)
{
	u32 high = (u32)(v >> 32);

	return high ? log2_of(high) + 32 : log2_of((u32)v);
}

PROGRAM
{
	u32 sum = 0, order = runs++ & (ORDERS - 1);

	if (runs == 1)
		prepare();
	for (u32 k = 0; k < N; k++) {
		u32 slot = log2_long(values[order][k]);

		slots[slot & 63]++;
		sum += slot;
	}
	return (int)sum;
}
