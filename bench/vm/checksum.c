/* The internet checksum (RFC 1071) of 2 KiB. */
#include "bench.h"

enum { N = 1024 };
u16 words[N];
u32 is_ready;

static inline void prepare(void)
{
	u64 seed = 1;

	for (u32 k = 0; k < N; k++)
		words[k] = (u16)next_random(&seed);
	is_ready = 1;
}

PROGRAM
{
	u32 sum = 0;

	if (!is_ready)
		prepare();
	for (u32 k = 0; k < N; k++)
		sum += words[k];
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	return (u16)~sum;
}
