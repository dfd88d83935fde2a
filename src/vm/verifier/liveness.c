/* Which registers may still be read: two states that differ only in others are the same. Backwards
 * over each function until nothing changes. */
#include "vm/verifier/state.h"

#include <stdlib.h>

#include "bpf/helpers.h"

#define BIT(n) ((uint16_t)(1u << (n)))

enum { CALLER_SAVED = 0x3f /* r0 to r5 */, ARGUMENTS = 0x3e };

static uint16_t helper_arguments(const struct verifier *v, uint32_t id)
{
	const struct bpf_helper *h = kind_helper(v->p, id);
	uint16_t set = 0;

	if (!h)
		return ARGUMENTS;
	for (uint32_t k = 0; k < 5 && h->args[k].kind != ARG_NONE; k++)
		set |= BIT(k + 1);
	return set;
}

static uint16_t atomic_uses(const struct bpf_insn *i, uint16_t *ret_writes)
{
	uint16_t reads = BIT(i->dst_reg) | BIT(i->src_reg);

	if (i->imm == 0x100) { /* load-acquire */
		*ret_writes = BIT(i->dst_reg);
		return BIT(i->src_reg);
	}
	if (i->imm == BPF_CMPXCHG) {
		*ret_writes = BIT(BPF_REG_0);
		return reads | BIT(BPF_REG_0);
	}
	*ret_writes = i->imm != 0x110 && (i->imm & BPF_FETCH) ? BIT(i->src_reg) : 0;
	return reads;
}

void insn_uses(const struct verifier *v, uint32_t pc, uint16_t *ret_reads, uint16_t *ret_writes)
{
	const struct bpf_insn *i = &v->insns[pc];
	uint16_t dst = BIT(i->dst_reg), src = BIT(i->src_reg);
	uint8_t op = BPF_OP(i->code);

	*ret_reads = *ret_writes = 0;
	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		if (BPF_MODE(i->code) == BPF_IMM) {
			*ret_writes = dst;
		} else { /* packet loads: r6 is the context, r0 the result */
			*ret_reads = BIT(BPF_REG_6) | (BPF_MODE(i->code) == BPF_IND ? src : 0);
			*ret_writes = CALLER_SAVED;
		}
		break;
	case BPF_LDX:
		*ret_reads = src;
		*ret_writes = dst;
		break;
	case BPF_ST:
		*ret_reads = dst;
		break;
	case BPF_STX:
		if (BPF_MODE(i->code) == BPF_ATOMIC)
			*ret_reads = atomic_uses(i, ret_writes);
		else
			*ret_reads = dst | src;
		break;
	case BPF_ALU:
	case BPF_ALU64:
		*ret_writes = dst;
		if (op == BPF_END || op == BPF_NEG)
			*ret_reads = dst;
		else if (op == BPF_MOV)
			*ret_reads = BPF_SRC(i->code) == BPF_X ? src : 0;
		else
			*ret_reads = dst | (BPF_SRC(i->code) == BPF_X ? src : 0);
		break;
	default:
		if (op == BPF_EXIT) {
			*ret_reads = BIT(BPF_REG_0);
		} else if (op == BPF_CALL) {
			*ret_reads =
			    insn_is_helper(i) ? helper_arguments(v, (uint32_t)i->imm) : ARGUMENTS;
			*ret_writes = CALLER_SAVED;
		} else if (op != BPF_JA && !insn_is_may_goto(i)) {
			*ret_reads = dst | (BPF_SRC(i->code) == BPF_X ? src : 0);
		}
	}
}

void find_live_registers(struct verifier *v)
{
	bool changed = true, is_upward = false;

	/* Jumps mostly go forward, so going backwards settles most in the first round; every other
	 * round goes forwards, for chains of jumps back. */
	for (; changed; is_upward = !is_upward) {
		changed = false;
		for (uint32_t n = 0; n < v->n; n++) {
			uint32_t pc = is_upward ? n : v->n - 1 - n;
			const struct bpf_insn *i = &v->insns[pc];
			uint32_t to = insn_target(i, pc);
			uint16_t out = 0, reads, writes, in;

			if (i->code == 0)
				continue; /* second half of lddw */
			if (to != UINT32_MAX)
				out |= v->info[to].live_in;
			if (i->code != (BPF_JMP | BPF_EXIT) &&
			    (to == UINT32_MAX || BPF_OP(i->code) != BPF_JA))
				out |= v->info[pc + 1 + bpf_is_lddw(i)].live_in;
			insn_uses(v, pc, &reads, &writes);
			in = (uint16_t)(reads | (out & ~writes));
			if (in != v->info[pc].live_in) {
				v->info[pc].live_in = in;
				changed = true;
			}
		}
	}
}
