/* Remainders: by constants (digits, buckets), and by numbers only known then (Euclid). */
#include "bench.h"

u64 start = 8;

PROGRAM
{
	u64 seed = start, sum = 0;

	for (u32 k = 0; k < 64; k++) {
		u64 x = next_random(&seed), y = next_random(&seed) & 0xffff;
		u32 w = (u32)x, digits = 0;

		for (u32 n = 0; n < 10 && w; n++) {
			digits += w % 10;
			w /= 10;
		}
		sum += digits + x % 1009 + (x * y) % 65521;
		for (u32 n = 0; n < 24 && y; n++) {
			u64 rest = x % y;

			x = y;
			y = rest;
		}
		sum += x;
	}
	return (int)sum;
}
