/* Division by constants as a multiplication by the reciprocal. */
#include "vm/jit/jit.h"

#include <assert.h>

/* Granlund & Montgomery, figure 6.2: with 2^(log-1) < d <= 2^log, every multiplier from
 * 2^(bits+log) / d (rounded down) to (2^(bits+log) + 2^log) / d will do; both have bits + 1 bits.
 * Halving both as long as they differ finds the shortest. */
struct jit_magic jit_magic_unsigned(uint64_t divisor, unsigned bits)
{
	typedef unsigned __int128 wide;
	const wide one = 1;
	unsigned log = 1;
	wide low, high, top;

	assert(divisor > 1 && (divisor & (divisor - 1)));
	while (log < bits && (one << log) < divisor)
		log++;
	/* Without their top bit 2^bits, as 2^(64+64) does not fit. */
	top = ((one << log) - divisor) << bits;
	low = (one << bits) + top / divisor;
	high = (one << bits) + (top + (one << log)) / divisor;
	for (unsigned shift = log; shift > 0 && low / 2 < high / 2;) {
		low /= 2;
		high /= 2;
		shift--;
		if (!(high >> bits) && (shift == 0 || low / 2 >= high / 2))
			return (struct jit_magic){(uint64_t)high, (uint8_t)shift, false};
	}
	/* bits + 1 bits it is: the top one is added by hand. */
	return (struct jit_magic){(uint64_t)(top / divisor + 1), (uint8_t)(log - 1), true};
}
