/* Functions that are called, not inlined: arguments, results, what must survive. */
#include "bench.h"

static NOINLINE u64 mix(u64 a, u64 b)
{
	a ^= b + 0x9e3779b9 + (a << 6) + (a >> 2);
	return a;
}

static NOINLINE u64 pick(u64 x, u32 which)
{
	return which & 1 ? mix(x, which) : x + which;
}

static NOINLINE u64 round_of(u64 x, u64 y, u32 k)
{
	u64 left = pick(x, k), right = pick(y, k + 1);

	return mix(left, right) ^ left;
}

PROGRAM
{
	u64 x = 1, y = 2;

	for (u32 k = 0; k < 200; k++) {
		u64 z = round_of(x, y, k);

		y = x;
		x = z;
	}
	return (int)(x ^ y);
}
