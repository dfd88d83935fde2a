/* arm64: arithmetic and comparisons. The CPU agrees with RFC 9669 where others do not: division by
 * zero gives 0, INT_MIN / -1 gives INT_MIN, shifts mask their amount, and writing a 32-bit register
 * clears the upper half. */
#include "vm/jit/arm64.h"

#include "bpf/insn.h"

static bool is_power_of_two(uint64_t v)
{
	return v && !(v & (v - 1));
}

/* ---- one operand is a constant: true if it was done without a register for it -----------------
 */

static bool add_imm(struct arm64 *g, bool wide, unsigned rd, unsigned rn, int64_t v)
{
	if (a64_is_imm12((uint64_t)v))
		put(g, a64_op_imm(A64_ADD_IMM, wide, rd, rn, (uint32_t)v));
	else if (a64_is_imm12((uint64_t)-v))
		put(g, a64_op_imm(A64_SUB_IMM, wide, rd, rn, (uint32_t)-v));
	else
		return false;
	return true;
}

static bool logic_imm(struct arm64 *g, enum arm64_logic_imm op, bool wide, unsigned rd, unsigned rn,
                      int64_t v)
{
	uint32_t mask;

	if (op == A64_EOR_IMM && v == -1) {
		put(g, a64_op3(A64_ORN, wide, rd, ZR, rn));
		return true;
	}
	if (!a64_bitmask((uint64_t)v, wide, &mask))
		return false;
	put(g, a64_logic_imm(op, wide, rd, rn, mask));
	return true;
}

/* rd = rn / d by a multiplication. */
static void divide_by_magic(struct arm64 *g, bool wide, unsigned rd, unsigned rn, uint64_t d)
{
	struct jit_magic m = jit_magic_unsigned(d, wide ? 64 : 32);

	arm64_const(g, wide, X9, m.mul);
	if (wide) {
		put(g, a64_umulh(X9, rn, X9));
	} else {
		put(g, a64_umaddl(X9, rn, X9, ZR));
		if (!m.adds) {
			put(g, a64_shifts(true, false, rd, X9, 0, 32 + m.shift));
			return;
		}
		put(g, a64_shifts(true, false, X9, X9, 0, 32));
	}
	if (m.adds) {
		put(g, a64_op3(A64_SUB, wide, X10, rn, X9));
		put(g, a64_shifts(wide, false, X10, X10, 0, 1));
		put(g, a64_op3(A64_ADD, wide, X9, X9, X10));
	}
	put(g, a64_shifts(wide, false, rd, X9, 0, m.shift));
}

static bool divide_imm(struct arm64 *g, bool wide, bool is_mod, unsigned rd, unsigned rn, int64_t v)
{
	uint64_t d = wide ? (uint64_t)v : (uint32_t)v;

	if (d < 2)
		return false;
	if (is_power_of_two(d) && is_mod)
		return logic_imm(g, A64_AND_IMM, wide, rd, rn, (int64_t)(d - 1));
	if (is_power_of_two(d)) {
		put(g, a64_shifts(wide, false, rd, rn, 0, (unsigned)__builtin_ctzll(d)));
		return true;
	}
	if (!is_mod) {
		divide_by_magic(g, wide, rd, rn, d);
		return true;
	}
	divide_by_magic(g, wide, X9, rn, d);
	arm64_const(g, wide, X10, d);
	put(g, a64_msub(wide, rd, X9, X10, rn));
	return true;
}

/* Forms whose constant fits the instruction, or makes another one do. With blinding only shifts
 * keep theirs: six bits are no gadget. */
static bool alu_imm(struct arm64 *g, uint8_t op, bool wide, bool is_signed, unsigned rd,
                    unsigned rn, int64_t v)
{
	unsigned amount = (unsigned)v & (wide ? 63 : 31);

	switch (op) {
	case BPF_LSH:
		put(g, a64_shifts(wide, false, rd, rn, amount, 0));
		return true;
	case BPF_RSH:
		put(g, a64_shifts(wide, false, rd, rn, 0, amount));
		return true;
	case BPF_ARSH:
		put(g, a64_shifts(wide, true, rd, rn, 0, amount));
		return true;
	}
	if (g->j->blinds)
		return false;
	switch (op) {
	case BPF_ADD:
		return add_imm(g, wide, rd, rn, v);
	case BPF_SUB:
		return add_imm(g, wide, rd, rn, -v);
	case BPF_AND:
		return logic_imm(g, A64_AND_IMM, wide, rd, rn, v);
	case BPF_OR:
		return logic_imm(g, A64_ORR_IMM, wide, rd, rn, v);
	case BPF_XOR:
		return logic_imm(g, A64_EOR_IMM, wide, rd, rn, v);
	case BPF_MUL:
		if (!is_power_of_two((uint64_t)v))
			return false;
		put(g, a64_shifts(wide, false, rd, rn, (unsigned)__builtin_ctzll((uint64_t)v), 0));
		return true;
	case BPF_DIV:
	case BPF_MOD:
		return !is_signed && divide_imm(g, wide, op == BPF_MOD, rd, rn, v);
	default:
		return false;
	}
}

/* ---- any operands -----------------------------------------------------------------------------
 */

static void alu_reg(struct arm64 *g, uint8_t op, bool wide, bool is_signed, unsigned rd,
                    unsigned rn, unsigned rm)
{
	enum arm64_op3 divide = is_signed ? A64_SDIV : A64_UDIV;

	switch (op) {
	case BPF_ADD:
		put(g, a64_op3(A64_ADD, wide, rd, rn, rm));
		break;
	case BPF_SUB:
		put(g, a64_op3(A64_SUB, wide, rd, rn, rm));
		break;
	case BPF_MUL:
		put(g, a64_madd(wide, rd, rn, rm, ZR));
		break;
	case BPF_DIV:
		put(g, a64_op3(divide, wide, rd, rn, rm));
		break;
	case BPF_MOD: /* by zero: the quotient is 0, all of rn remains */
		put(g, a64_op3(divide, wide, X10, rn, rm));
		put(g, a64_msub(wide, rd, X10, rm, rn));
		break;
	case BPF_OR:
		put(g, a64_op3(A64_ORR, wide, rd, rn, rm));
		break;
	case BPF_AND:
		put(g, a64_op3(A64_AND, wide, rd, rn, rm));
		break;
	case BPF_XOR:
		put(g, a64_op3(A64_EOR, wide, rd, rn, rm));
		break;
	case BPF_LSH:
		put(g, a64_op3(A64_LSLV, wide, rd, rn, rm));
		break;
	case BPF_RSH:
		put(g, a64_op3(A64_LSRV, wide, rd, rn, rm));
		break;
	case BPF_ARSH:
		put(g, a64_op3(A64_ASRV, wide, rd, rn, rm));
		break;
	}
}

static void move(struct arm64 *g, const struct bpf_insn *i, bool wide, uint16_t zext)
{
	unsigned rd = reg(i->dst_reg), rm = reg(i->src_reg);

	if (BPF_SRC(i->code) == BPF_K)
		arm64_program_const(g, wide, rd, (uint64_t)(int64_t)i->imm);
	else if (i->off) /* movsx: off is the width */
		put(g, a64_sbfm(wide, rd, rm, 0, (unsigned)i->off - 1));
	else if (rd != rm || (!wide && !(zext >> i->src_reg & 1)))
		put(g, a64_mov(wide, rd, rm));
}

/* The machine is little-endian: that order is a cut, the other one a swap. */
static void byte_order(struct arm64 *g, const struct bpf_insn *i, unsigned rd, unsigned rn,
                       uint16_t zext)
{
	bool swaps = BPF_CLASS(i->code) == BPF_ALU64 || BPF_SRC(i->code) == BPF_TO_BE;

	switch (i->imm) {
	case 16:
		if (swaps)
			put(g, a64_rev16(rd, rn));
		put(g, a64_shifts(false, false, rd, swaps ? rd : rn, 16, 16));
		break;
	case 32:
		if (swaps)
			put(g, a64_rev(false, rd, rn));
		else if (!(zext >> i->dst_reg & 1))
			put(g, a64_mov(false, rd, rn));
		break;
	default:
		if (swaps)
			put(g, a64_rev(true, rd, rn));
	}
}

void arm64_alu(struct arm64 *g, const struct bpf_insn *i, uint16_t zext, unsigned rn, unsigned rm)
{
	bool wide = BPF_CLASS(i->code) == BPF_ALU64;
	unsigned rd = reg(i->dst_reg);
	uint8_t op = BPF_OP(i->code);

	switch (op) {
	case BPF_MOV:
		move(g, i, wide, zext);
		return;
	case BPF_NEG:
		put(g, a64_op3(A64_SUB, wide, rd, ZR, rn));
		return;
	case BPF_END:
		byte_order(g, i, rd, rn, zext);
		return;
	}
	if (BPF_SRC(i->code) == BPF_K) {
		if (alu_imm(g, op, wide, i->off == 1, rd, rn, i->imm))
			return;
		arm64_program_const(g, wide, X9, (uint64_t)(int64_t)i->imm);
		rm = X9;
	}
	alu_reg(g, op, wide, i->off == 1, rd, rn, rm);
}

/* ---- comparisons ------------------------------------------------------------------------------
 */

static enum arm64_cond condition(uint8_t op)
{
	switch (op) {
	case BPF_JEQ:
		return CC_EQ;
	case BPF_JGT:
		return CC_HI;
	case BPF_JGE:
		return CC_HS;
	case BPF_JLT:
		return CC_LO;
	case BPF_JLE:
		return CC_LS;
	case BPF_JSGT:
		return CC_GT;
	case BPF_JSGE:
		return CC_GE;
	case BPF_JSLT:
		return CC_LT;
	case BPF_JSLE:
		return CC_LE;
	default: /* BPF_JNE, BPF_JSET */
		return CC_NE;
	}
}

/* Adding -v sets the same flags as subtracting v does, unless v is 0 or the least number, neither
 * of which gets here. */
static bool compare_imm(struct arm64 *g, bool wide, bool is_set, unsigned rn, int64_t v)
{
	uint32_t mask;

	if (is_set) {
		if (!a64_bitmask((uint64_t)v, wide, &mask))
			return false;
		put(g, a64_logic_imm(A64_ANDS_IMM, wide, ZR, rn, mask));
	} else if (a64_is_imm12((uint64_t)v)) {
		put(g, a64_op_imm(A64_SUBS_IMM, wide, ZR, rn, (uint32_t)v));
	} else if (a64_is_imm12((uint64_t)-v)) {
		put(g, a64_op_imm(A64_ADDS_IMM, wide, ZR, rn, (uint32_t)-v));
	} else {
		return false;
	}
	return true;
}

enum arm64_cond arm64_compare(struct arm64 *g, const struct bpf_insn *i)
{
	bool wide = BPF_CLASS(i->code) == BPF_JMP, is_set = BPF_OP(i->code) == BPF_JSET;
	unsigned rn = reg(i->dst_reg), rm = X9;

	if (BPF_SRC(i->code) == BPF_X)
		rm = reg(i->src_reg);
	else if ((!g->j->blinds || i->imm == 0) && compare_imm(g, wide, is_set, rn, i->imm))
		return condition(BPF_OP(i->code));
	else
		arm64_program_const(g, wide, X9, (uint64_t)(int64_t)i->imm);
	put(g, a64_op3(is_set ? A64_ANDS : A64_SUBS, wide, ZR, rn, rm));
	return condition(BPF_OP(i->code));
}
