/* The product of two matrices of 16 x 16. */
#include "bench.h"

enum { N = 16 };
u32 a[N][N], b[N][N], c[N][N];
u32 is_ready;

static inline void prepare(void)
{
	u64 seed = 7;

	for (u32 i = 0; i < N; i++)
		for (u32 j = 0; j < N; j++) {
			a[i][j] = (u32)next_random(&seed);
			b[i][j] = (u32)next_random(&seed);
		}
	is_ready = 1;
}

PROGRAM
{
	u32 trace = 0;

	if (!is_ready)
		prepare();
	for (u32 i = 0; i < N; i++)
		for (u32 j = 0; j < N; j++) {
			u32 sum = 0;

			for (u32 k = 0; k < N; k++)
				sum += a[i][k] * b[k][j];
			c[i][j] = sum;
		}
	for (u32 i = 0; i < N; i++)
		trace += c[i][i] ^ c[i][N - 1 - i];
	return (int)trace;
}
