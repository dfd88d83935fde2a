/* xxHash32's rounds over 4 KiB: multiplications, rotations, dependent chains. */
#include "bench.h"

enum { N = 1024 };
u32 words[N];
u32 is_ready;

static inline u32 rotate(u32 x, u32 by)
{
	return x << by | x >> (32 - by);
}

static inline u32 step(u32 lane, u32 word)
{
	return rotate(lane + word * 2246822519u, 13) * 2654435761u;
}

static inline void prepare(void)
{
	u64 seed = 2;

	for (u32 k = 0; k < N; k++)
		words[k] = (u32)next_random(&seed);
	is_ready = 1;
}

PROGRAM
{
	u32 a = 606290984u, b = 2246822519u, c = 0, d = 1640531535u, h;

	if (!is_ready)
		prepare();
	for (u32 k = 0; k < N; k += 4) {
		a = step(a, words[k]);
		b = step(b, words[k + 1]);
		c = step(c, words[k + 2]);
		d = step(d, words[k + 3]);
	}
	h = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18) + N * 4;
	h ^= h >> 15;
	h *= 2246822519u;
	h ^= h >> 13;
	h *= 3266489917u;
	h ^= h >> 16;
	return (int)h;
}
