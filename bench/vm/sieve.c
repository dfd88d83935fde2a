/* The sieve of Eratosthenes up to 4096. Marks carry the run's number, so that nothing need be
 * cleared. */
#include "bench.h"

enum { N = 4096 };
u32 marks[N];
u32 runs;

PROGRAM
{
	u32 n = 0, mark = ++runs;

	for (u32 k = 2; k < N; k++) {
		if (marks[k] == mark)
			continue;
		n++;
		for (u32 m = k * k; m < N; m += k)
			marks[m] = mark;
	}
	return (int)n;
}
