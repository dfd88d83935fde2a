/* Strings against each other: 32 of up to 63 characters with common beginnings. */
#include "bench.h"

enum { N = 32, LEN = 64 };
char names[N][LEN];
u32 is_ready;

static inline void prepare(void)
{
	u64 seed = 3;

	for (u32 k = 0; k < N; k++)
		for (u32 c = 0; c < LEN - 1; c++) {
			u32 r = (u32)next_random(&seed);

			names[k][c] = c < 24 ? 'a' : c > 40 && (r & 7) == 0 ? 0 : (char)('a' + (r & 1));
		}
	is_ready = 1;
}

static inline int compare(const char *a, const char *b)
{
	for (u32 k = 0; k < LEN; k++) {
		if (a[k] != b[k])
			return (u8)a[k] < (u8)b[k] ? -1 : 1;
		if (!a[k])
			return 0;
	}
	return 0;
}

PROGRAM
{
	int sum = 0;

	if (!is_ready)
		prepare();
	for (u32 a = 0; a < N; a++)
		for (u32 b = 0; b < N; b += 5)
			sum += compare(names[a], names[b]) * (int)(a + b);
	return sum;
}
