/* Instructions to threaded code: each field is looked at once here, never while running. The forms
 * of one operation stand next to each other in interp_ops.def, in the order _X, _K of 64 bits, then
 * of 32: an op is the operation's first form plus two bits. */
#include "vm/interp.h"

#include <endian.h>
#include <stdlib.h>

#include "bpf/insn.h"
#include "vm/code.h"

enum { IS_K = 1, IS_32 = 2 };

static const uint16_t alu_ops[16] = {
    [BPF_ADD >> 4] = OP_ADD64_X, [BPF_SUB >> 4] = OP_SUB64_X, [BPF_MUL >> 4] = OP_MUL64_X,
    [BPF_DIV >> 4] = OP_DIV64_X, [BPF_MOD >> 4] = OP_MOD64_X, [BPF_OR >> 4] = OP_OR64_X,
    [BPF_AND >> 4] = OP_AND64_X, [BPF_XOR >> 4] = OP_XOR64_X, [BPF_LSH >> 4] = OP_LSH64_X,
    [BPF_RSH >> 4] = OP_RSH64_X, [BPF_MOV >> 4] = OP_MOV64_X, [BPF_ARSH >> 4] = OP_ARSH64_X,
};

static const uint16_t jump_ops[16] = {
    [BPF_JEQ >> 4] = OP_JEQ64_X,   [BPF_JNE >> 4] = OP_JNE64_X,   [BPF_JGT >> 4] = OP_JGT64_X,
    [BPF_JGE >> 4] = OP_JGE64_X,   [BPF_JLT >> 4] = OP_JLT64_X,   [BPF_JLE >> 4] = OP_JLE64_X,
    [BPF_JSGT >> 4] = OP_JSGT64_X, [BPF_JSGE >> 4] = OP_JSGE64_X, [BPF_JSLT >> 4] = OP_JSLT64_X,
    [BPF_JSLE >> 4] = OP_JSLE64_X, [BPF_JSET >> 4] = OP_JSET64_X,
};

/* BPF_W, BPF_H, BPF_B, BPF_DW are 0, 1, 2, 3 in bits 3 and 4. */
static const uint16_t load_ops[4] = {OP_LOAD32, OP_LOAD16, OP_LOAD8, OP_LOAD64};
static const uint16_t loadsx_ops[4] = {OP_LOADSX32, OP_LOADSX16, OP_LOADSX8, OP_BAD};
static const uint16_t store_x_ops[4] = {OP_STORE32_X, OP_STORE16_X, OP_STORE8_X, OP_STORE64_X};
static const uint16_t store_k_ops[4] = {OP_STORE32_K, OP_STORE16_K, OP_STORE8_K, OP_STORE64_K};
static const uint16_t acquire_ops[4] = {OP_ACQUIRE32, OP_ACQUIRE16, OP_ACQUIRE8, OP_ACQUIRE64};
static const uint16_t release_ops[4] = {OP_RELEASE32, OP_RELEASE16, OP_RELEASE8, OP_RELEASE64};

static uint32_t size_index(uint8_t code)
{
	return BPF_SIZE(code) >> 3;
}

static uint16_t decode_end(const struct bpf_insn *i)
{
	bool is_swap = BPF_CLASS(i->code) == BPF_ALU64;

	if (!is_swap)
		is_swap = (BPF_SRC(i->code) == BPF_TO_BE) == (BYTE_ORDER == LITTLE_ENDIAN);
	switch (i->imm) {
	case 16:
		return is_swap ? OP_SWAP16 : OP_CUT16;
	case 32:
		return is_swap ? OP_SWAP32 : OP_CUT32;
	default:
		return is_swap ? OP_SWAP64 : OP_NOP;
	}
}

static uint16_t decode_movsx(const struct bpf_insn *i, bool is_32)
{
	switch (i->off) {
	case 8:
		return is_32 ? OP_SX8_32 : OP_SX8_64;
	case 16:
		return is_32 ? OP_SX16_32 : OP_SX16_64;
	case 32:
		return OP_SX32_64;
	default:
		return OP_BAD;
	}
}

static uint16_t decode_alu(const struct bpf_insn *i)
{
	bool is_32 = BPF_CLASS(i->code) == BPF_ALU, is_k = BPF_SRC(i->code) == BPF_K;
	uint16_t form = (uint16_t)((is_32 ? IS_32 : 0) | (is_k ? IS_K : 0));
	uint16_t op = alu_ops[BPF_OP(i->code) >> 4];

	switch (BPF_OP(i->code)) {
	case BPF_NEG:
		return is_32 ? OP_NEG32 : OP_NEG64;
	case BPF_END:
		return decode_end(i);
	case BPF_MOV:
		if (!is_k && i->off)
			return decode_movsx(i, is_32);
		break;
	case BPF_DIV:
		if (i->off)
			op = OP_SDIV64_X;
		break;
	case BPF_MOD:
		if (i->off)
			op = OP_SMOD64_X;
		break;
	}
	return op + form;
}

/* 32-bit forms stand before those of 64 bits. */
static uint16_t decode_atomic(const struct bpf_insn *i)
{
	uint16_t op;

	switch ((uint32_t)i->imm) {
	case BPF_LOAD_ACQ:
		return acquire_ops[size_index(i->code)];
	case BPF_STORE_REL:
		return release_ops[size_index(i->code)];
	case BPF_ADD:
		op = OP_A_ADD32;
		break;
	case BPF_AND:
		op = OP_A_AND32;
		break;
	case BPF_OR:
		op = OP_A_OR32;
		break;
	case BPF_XOR:
		op = OP_A_XOR32;
		break;
	case BPF_ADD | BPF_FETCH:
		op = OP_A_FETCH_ADD32;
		break;
	case BPF_AND | BPF_FETCH:
		op = OP_A_FETCH_AND32;
		break;
	case BPF_OR | BPF_FETCH:
		op = OP_A_FETCH_OR32;
		break;
	case BPF_XOR | BPF_FETCH:
		op = OP_A_FETCH_XOR32;
		break;
	case BPF_XCHG:
		op = OP_A_XCHG32;
		break;
	case BPF_CMPXCHG:
		op = OP_A_CMPXCHG32;
		break;
	default:
		return OP_BAD;
	}
	return op + (BPF_SIZE(i->code) == BPF_DW);
}

static bool has_callback(uint32_t helper)
{
	return helper == BPF_FUNC_loop || helper == BPF_FUNC_for_each_map_elem ||
	       helper == BPF_FUNC_find_vma || helper == BPF_FUNC_user_ringbuf_drain;
}

static uint16_t decode_jump(const struct vm_code *c, uint32_t pc, struct vm_op *op)
{
	const struct bpf_insn *i = &c->insns[pc];
	bool is_32 = BPF_CLASS(i->code) == BPF_JMP32;
	uint16_t form = (uint16_t)((is_32 ? IS_32 : 0) | (BPF_SRC(i->code) == BPF_K ? IS_K : 0));

	switch (BPF_OP(i->code)) {
	case BPF_JA:
		op->imm = is_32 ? i->imm : i->off;
		return OP_JA;
	case BPF_JCOND:
		return OP_MAY_GOTO;
	case BPF_EXIT:
		return OP_EXIT;
	case BPF_CALL:
		op->off = (int16_t)vm_frame_b(vm_code_stack_b(c, pc));
		if (i->src_reg == BPF_PSEUDO_CALL)
			return OP_CALL;
		if (i->imm == BPF_FUNC_tail_call)
			return OP_TAIL_CALL;
		return has_callback((uint32_t)i->imm) ? OP_CALLBACK : OP_HELPER;
	default:
		return jump_ops[BPF_OP(i->code) >> 4] + form;
	}
}

static uint16_t decode_load(const struct vm_code *c, uint32_t pc, struct vm_op *op)
{
	const struct bpf_insn *i = &c->insns[pc];
	bool is_signed = BPF_MODE(i->code) == BPF_MEMSX;

	if (c->facts.insns[pc].is_probe_load) {
		op->imm = bpf_size_bytes(i->code) * (is_signed ? -1 : 1);
		return OP_PROBE;
	}
	return (is_signed ? loadsx_ops : load_ops)[size_index(i->code)];
}

static uint16_t decode(const struct vm_code *c, uint32_t pc, struct vm_op *op)
{
	const struct bpf_insn *i = &c->insns[pc];

	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return decode_alu(i);
	case BPF_JMP:
	case BPF_JMP32:
		return decode_jump(c, pc, op);
	case BPF_LDX:
		return decode_load(c, pc, op);
	case BPF_ST:
		return store_k_ops[size_index(i->code)];
	case BPF_STX:
		if (BPF_MODE(i->code) == BPF_ATOMIC)
			return decode_atomic(i);
		return store_x_ops[size_index(i->code)];
	default: /* BPF_LD */
		if (BPF_MODE(i->code) == BPF_IMM)
			return OP_LDDW;
		op->off = bpf_size_bytes(i->code);
		return BPF_MODE(i->code) == BPF_ABS ? OP_PACKET_ABS : OP_PACKET_IND;
	}
}

/* ---- superinstructions ----------------------------------------------------------------------- */

/* Ops of one slot that often stand together: what loops and address arithmetic of compilers are
 * made of. Each saves dispatches. Longer ones come first. */
static const struct {
	uint16_t ops[3]; /* OP_N: any */
	uint16_t all;
} groups[] = {
    {{OP_MOV64_X, OP_ADD64_X, OP_LOAD8}, OP_INDEX_LOAD8},
    {{OP_MOV64_X, OP_ADD64_X, OP_LOAD16}, OP_INDEX_LOAD16},
    {{OP_MOV64_X, OP_ADD64_X, OP_LOAD32}, OP_INDEX_LOAD32},
    {{OP_MOV64_X, OP_ADD64_X, OP_LOAD64}, OP_INDEX_LOAD64},
    {{OP_MOV64_X, OP_ADD64_X, OP_N}, OP_MOV_ADD64_X},
    {{OP_MOV64_X, OP_ADD64_K, OP_N}, OP_MOV_ADD64_K},
    {{OP_ADD64_K, OP_JNE64_X, OP_N}, OP_ADD64_K_JNE64_X},
    {{OP_ADD64_K, OP_JNE64_K, OP_N}, OP_ADD64_K_JNE64_K},
    {{OP_ADD64_K, OP_JLT64_K, OP_N}, OP_ADD64_K_JLT64_K},
    {{OP_LOAD8, OP_ADD64_X, OP_N}, OP_LOAD8_ADD64_X},
    {{OP_LOAD16, OP_ADD64_X, OP_N}, OP_LOAD16_ADD64_X},
    {{OP_LOAD8, OP_LOAD8, OP_N}, OP_LOAD8_LOAD8},
};

/* A move and an addition become one if they write the same register, and the addition adds another;
 * a load behind them has to be from there. */
static bool may_group(const struct vm_op *op, uint16_t all)
{
	switch (all) {
	case OP_INDEX_LOAD8:
	case OP_INDEX_LOAD16:
	case OP_INDEX_LOAD32:
	case OP_INDEX_LOAD64:
		return may_group(op, OP_MOV_ADD64_X) && op[2].src == op[0].dst;
	case OP_MOV_ADD64_X:
		return op[0].dst == op[1].dst && op[1].src != op[0].dst;
	case OP_MOV_ADD64_K:
		return op[0].dst == op[1].dst;
	default:
		return true;
	}
}

/* What to do at the first of `n` ops: a group, or itself. Jumps to the others find them in their
 * places. */
static const void *group(const struct vm_op *op, uint32_t n, const void *const labels[OP_N])
{
	for (size_t k = 0; k < sizeof(groups) / sizeof(*groups); k++) {
		uint32_t have = 0;

		while (have < 3 && groups[k].ops[have] != OP_N && have < n &&
		       op[have].go == labels[groups[k].ops[have]])
			have++;
		if ((have == 3 || groups[k].ops[have] == OP_N) && may_group(op, groups[k].all))
			return labels[groups[k].all];
	}
	return op[0].go;
}

void vm_interp_decode(struct vm_code *c, const void *const labels[OP_N])
{
	struct vm_interp *in = c->interp;

	for (uint32_t pc = 0; pc < c->n_insns; pc++) {
		const struct bpf_insn *i = &c->insns[pc];
		struct vm_op *op = &in->ops[pc];
		uint16_t code;

		*op = (struct vm_op){
		    .dst = i->dst_reg, .src = i->src_reg, .off = i->off, .imm = i->imm};
		code = decode(c, pc, op);
		op->go = labels[code];
		if (code == OP_LDDW)
			in->ops[++pc] = (struct vm_op){.go = labels[OP_BAD], .imm = i[1].imm};
	}
	/* From the front: what follows is still as it was. */
	for (uint32_t pc = 0; pc < c->n_insns; pc++)
		in->ops[pc].go = group(&in->ops[pc], c->n_insns - pc, labels);
}
