/* Random instructions: fields are drawn from values that mean something somewhere, so that many
 * are well-formed and most of the others only just not. */
#ifndef SKEP_TESTS_INSN_RANDOM_H
#define SKEP_TESTS_INSN_RANDOM_H

#include <stdint.h>
#include <linux/bpf.h>

/* splitmix64 */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static inline struct bpf_insn random_insn(uint64_t *state, uint8_t code)
{
	static const int32_t imms[] = {
	    0,    0,    0,    1,    16, 32,    64,    -1,      0xf1,   0xe1,      0x41,     0x51,
	    0xa1, 0x40, 0x50, 0xa0, 5,  0x100, 0x110, 1 << 16, 100000, INT32_MIN, INT32_MAX};
	static const int16_t offs[] = {0, 0, 0, 1, 2, 8, 16, 32, -1, INT16_MIN, INT16_MAX};
	uint64_t r = random_next(state);
	struct bpf_insn i = {.code = code};

	i.dst_reg = r % 3 ? r >> 8 & 15 : 0;
	i.src_reg = r / 3 % 3 ? r >> 12 & 15 : 0;
	i.off = r / 9 % 8 ? offs[(r >> 16) % (sizeof(offs) / sizeof(*offs))] : (int16_t)(r >> 16);
	i.imm = r / 72 % 4 ? imms[(r >> 32) % (sizeof(imms) / sizeof(*imms))] : (int32_t)(r >> 32);
	return i;
}

#endif
