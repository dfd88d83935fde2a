/* Tristate numbers: each bit is 0, 1 or not known. The ideas are those of "Sound, Precise, and Fast
 * Abstract Interpretation with Tristate Numbers" (Vishwanathan et al., CGO 2022), which the
 * kernel's verifier uses too; the invariant is that no bit is set in both `value` and `mask`. */
#include "vm/verifier/scalar.h"

const struct tnum tnum_unknown = {.value = 0, .mask = UINT64_MAX};

static struct tnum make(uint64_t value, uint64_t mask)
{
	return (struct tnum){.value = value & ~mask, .mask = mask};
}

struct tnum tnum_const(uint64_t v)
{
	return make(v, 0);
}

struct tnum tnum_range(uint64_t min, uint64_t max)
{
	uint64_t differ = min ^ max;
	if (!differ)
		return tnum_const(min);
	/* Below the highest bit in which the ends differ, both x0..0 and x1..1 lie between. */
	return make(min, UINT64_MAX >> __builtin_clzll(differ));
}

struct tnum tnum_lshift(struct tnum a, uint8_t shift)
{
	return make(a.value << shift, a.mask << shift);
}

struct tnum tnum_rshift(struct tnum a, uint8_t shift)
{
	return make(a.value >> shift, a.mask >> shift);
}

/* An unknown sign spreads as unknown bits, a known one as itself. The mask is clean of `value`'s
 * copies because only one of the two can have the sign bit. */
struct tnum tnum_arshift(struct tnum a, uint8_t shift, uint8_t width_bits)
{
	if (width_bits == 32)
		return make((uint32_t)((int32_t)a.value >> shift),
		            (uint32_t)((int32_t)a.mask >> shift));
	return make((uint64_t)((int64_t)a.value >> shift), (uint64_t)((int64_t)a.mask >> shift));
}

/* A bit of the sum is unknown if it or the carry into it is: the carries that can differ show as
 * the difference between the least and the greatest sum. */
struct tnum tnum_add(struct tnum a, struct tnum b)
{
	uint64_t least = a.value + b.value;
	uint64_t most = least + (a.mask + b.mask);
	return make(least, (least ^ most) | a.mask | b.mask);
}

struct tnum tnum_sub(struct tnum a, struct tnum b)
{
	uint64_t middle = a.value - b.value;
	uint64_t most = middle + a.mask, least = middle - b.mask;
	return make(middle, (most ^ least) | a.mask | b.mask);
}

struct tnum tnum_and(struct tnum a, struct tnum b)
{
	uint64_t ones = a.value & b.value;
	return make(ones, ((a.value | a.mask) & (b.value | b.mask)) & ~ones);
}

struct tnum tnum_or(struct tnum a, struct tnum b)
{
	uint64_t ones = a.value | b.value;
	return make(ones, (a.mask | b.mask) & ~ones);
}

struct tnum tnum_xor(struct tnum a, struct tnum b)
{
	return make(a.value ^ b.value, a.mask | b.mask);
}

/* By hand, bit by bit of `a`: an unknown bit gives what holds with it and without it. */
struct tnum tnum_mul(struct tnum a, struct tnum b)
{
	struct tnum sum = tnum_const(0);
	for (; a.value | a.mask; a = tnum_rshift(a, 1), b = tnum_lshift(b, 1)) {
		if (a.value & 1)
			sum = tnum_add(sum, b);
		else if (a.mask & 1)
			sum = tnum_union(sum, tnum_add(sum, b));
	}
	return sum;
}

struct tnum tnum_neg(struct tnum a)
{
	return tnum_sub(tnum_const(0), a);
}

static uint64_t swap(uint64_t v, uint8_t width_bits)
{
	return width_bits < 16 ? v & 0xff : __builtin_bswap64(v) >> (64 - width_bits);
}

struct tnum tnum_bswap(struct tnum a, uint8_t width_bits, bool to_big_or_swap)
{
	if (!to_big_or_swap)
		return tnum_cast(a, width_bits / 8);
	return make(swap(a.value, width_bits), swap(a.mask, width_bits));
}

struct tnum tnum_intersect(struct tnum a, struct tnum b)
{
	return make(a.value | b.value, a.mask & b.mask);
}

struct tnum tnum_union(struct tnum a, struct tnum b)
{
	return make(a.value, a.mask | b.mask | (a.value ^ b.value));
}

struct tnum tnum_cast(struct tnum a, uint8_t size_b)
{
	uint64_t low = size_b >= 8 ? UINT64_MAX : (UINT64_C(1) << (size_b * 8)) - 1;
	return make(a.value & low, a.mask & low);
}

bool tnum_is_const(struct tnum a)
{
	return !a.mask;
}

bool tnum_is_aligned(struct tnum a, uint64_t size)
{
	return !size || !((a.value | a.mask) & (size - 1));
}

bool tnum_in(struct tnum a, struct tnum b)
{
	return !(b.mask & ~a.mask) && (b.value & ~a.mask) == a.value;
}
