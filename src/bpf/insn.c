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

bool bpf_is_jump(const struct bpf_insn *i)
{
	unsigned class = BPF_CLASS(i->code), op = BPF_OP(i->code);

	return (class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL && op != BPF_EXIT;
}

bool bpf_names_func(const struct bpf_insn *i)
{
	if (bpf_is_lddw(i))
		return i->src_reg == BPF_PSEUDO_FUNC;
	return i->code == (BPF_JMP | BPF_CALL) && i->src_reg == BPF_PSEUDO_CALL;
}

int64_t bpf_target(const struct bpf_insn *i, uint32_t pc)
{
	bool is_long = bpf_names_func(i) || i->code == (BPF_JMP32 | BPF_JA);

	return (int64_t)pc + 1 + (is_long ? i->imm : i->off);
}
