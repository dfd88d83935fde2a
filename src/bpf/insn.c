/* Encoding: what is not a one-liner of insn.h. */
#include "bpf/insn.h"

#include <assert.h>

uint8_t bpf_size_code(uint8_t width_b)
{
	switch (width_b) {
	case 1:
		return BPF_B;
	case 2:
		return BPF_H;
	case 4:
		return BPF_W;
	default:
		assert(width_b == 8);
		return BPF_DW;
	}
}

uint8_t bpf_size_bytes(uint8_t code)
{
	static const uint8_t bytes[4] = {4, 2, 1, 8}; /* BPF_W, BPF_H, BPF_B, BPF_DW */

	return bytes[BPF_SIZE(code) >> 3];
}

bool bpf_is_lddw(const struct bpf_insn *i)
{
	return i->code == (BPF_LD | BPF_IMM | BPF_DW);
}
