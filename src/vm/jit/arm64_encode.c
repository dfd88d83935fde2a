/* The encodings of arm64 that need thought: bit masks, constants, distances. */
#include "vm/jit/arm64_encode.h"

static uint64_t ones(unsigned n)
{
	return n ? UINT64_MAX >> (64 - n) : 0;
}

/* The least width of which v is a repetition. */
static unsigned period(uint64_t v)
{
	unsigned width = 64;

	while (width > 2 && (v & ones(width / 2)) == (v >> (width / 2) & ones(width / 2)))
		width /= 2;
	return width;
}

bool a64_bitmask(uint64_t v, bool wide, uint32_t *ret)
{
	unsigned width, n_ones, rotated;
	uint64_t unit, turned;

	if (!wide)
		v = (v & UINT32_MAX) | v << 32;
	if (!v || v == UINT64_MAX)
		return false;
	width = period(v);
	unit = v & ones(width);
	n_ones = (unsigned)__builtin_popcountll(unit);
	/* Turn it right until the run of ones is at the bottom. */
	for (rotated = 0; rotated < width; rotated++) {
		turned = (unit >> rotated | unit << (width - rotated) % 64) & ones(width);
		if (rotated == 0)
			turned = unit;
		if (turned == ones(n_ones))
			break;
	}
	if (rotated == width)
		return false;
	/* N and the upper bits of imms tell the width: 1:xxxxxx is 64, 0:0xxxxx 32, 0:10xxxx 16 and
	 * so on; immr is by how much the instruction turns right, back to where it was. */
	*ret = (uint32_t)(width == 64) << 12 | ((width - rotated) & (width - 1)) << 6 |
	       ((~(width * 2 - 1) & 0x3f) | (n_ones - 1));
	return true;
}

/* How many of v's 16-bit parts are not `filler`. */
static unsigned n_other(uint64_t v, unsigned parts, uint16_t filler)
{
	unsigned n = 0;

	for (unsigned k = 0; k < parts; k++)
		n += (uint16_t)(v >> 16 * k) != filler;
	return n;
}

/* Parts of zeros come free with movz, parts of ones with movn; a bit mask is one instruction. */
unsigned a64_const(uint32_t ret[A64_CONST_MAX], bool wide, unsigned rd, uint64_t v)
{
	unsigned parts = wide ? 4 : 2, n = 0;
	bool by_ones;
	uint16_t filler;
	uint32_t mask;

	if (wide && !(v >> 32)) { /* writing the low half clears the upper one */
		wide = false;
		parts = 2;
	}
	if (!wide)
		v &= UINT32_MAX;
	by_ones = n_other(v, parts, 0xffff) < n_other(v, parts, 0);
	filler = by_ones ? 0xffff : 0;
	if (n_other(v, parts, filler) > 1 && a64_bitmask(v, wide, &mask)) {
		ret[0] = a64_logic_imm(A64_ORR_IMM, wide, rd, ZR, mask);
		return 1;
	}
	for (unsigned k = 0; k < parts; k++) {
		uint16_t part = (uint16_t)(v >> 16 * k);

		if (part == filler)
			continue;
		if (n)
			ret[n++] = a64_move_imm(A64_MOVK, wide, rd, part, k);
		else if (by_ones)
			ret[n++] = a64_move_imm(A64_MOVN, wide, rd, (uint16_t)~part, k);
		else
			ret[n++] = a64_move_imm(A64_MOVZ, wide, rd, part, k);
	}
	if (!n)
		ret[n++] = a64_move_imm(by_ones ? A64_MOVN : A64_MOVZ, wide, rd, 0, 0);
	return n;
}

static unsigned distance_bits(enum arm64_distance d)
{
	switch (d) {
	case A64_IMM26:
		return 26 + 2;
	case A64_IMM19:
		return 19 + 2;
	case A64_IMM14:
		return 14 + 2;
	default:
		return 21;
	}
}

bool a64_reaches(enum arm64_distance d, int64_t distance)
{
	int64_t reach = INT64_C(1) << (distance_bits(d) - 1);

	return distance >= -reach && distance < reach;
}

uint32_t a64_jump_to(uint32_t insn, enum arm64_distance d, int64_t distance)
{
	uint32_t words = (uint32_t)(distance >> 2), bytes = (uint32_t)distance;

	switch (d) {
	case A64_IMM26:
		return insn | (words & 0x3ffffff);
	case A64_IMM19:
		return insn | (words & 0x7ffff) << 5;
	case A64_IMM14:
		return insn | (words & 0x3fff) << 5;
	default:
		return insn | (bytes & 3) << 29 | (bytes >> 2 & 0x7ffff) << 5;
	}
}
