/* arm64: loads, stores and atomics. */
#include "vm/jit/arm64.h"

#include "bpf/insn.h"

/* log2 of the bytes. */
static unsigned size_of(uint8_t code)
{
	return (unsigned)__builtin_ctz(bpf_size_bytes(code));
}

/* rt = [base + off] or the other way, by the shortest form. An offset from r10 is one from sp. */
static void access(struct arm64 *g, enum arm64_access a, unsigned size, unsigned rt,
                   unsigned bpf_base, int16_t off)
{
	unsigned base = reg(bpf_base);

	if (bpf_base == BPF_REG_10 && a64_is_scaled((int64_t)g->frame_b + off, size)) {
		put(g, a64_mem(a, size, rt, SP, (uint32_t)((int64_t)g->frame_b + off)));
	} else if (a64_is_scaled(off, size)) {
		put(g, a64_mem(a, size, rt, base, (uint32_t)off));
	} else if (a64_is_unscaled(off)) {
		put(g, a64_mem_unscaled(a, size, rt, base, off));
	} else {
		arm64_const(g, true, X10, (uint64_t)(int64_t)off);
		put(g, a64_mem_reg(a, size, rt, base, X10));
	}
}

void arm64_load(struct arm64 *g, uint32_t pc)
{
	const struct bpf_insn *i = insn_at(g, pc);
	bool is_signed = BPF_MODE(i->code) == BPF_MEMSX;

	if (g->j->vm->facts.insns[pc].is_probe_load)
		arm64_probe_load(g, pc);
	else
		access(g, is_signed ? A64_LOAD_SIGNED : A64_LOAD, size_of(i->code), reg(i->dst_reg),
		       i->src_reg, i->off);
}

void arm64_store(struct arm64 *g, const struct bpf_insn *i)
{
	unsigned size = size_of(i->code), rt = ZR;

	if (BPF_CLASS(i->code) == BPF_STX) {
		rt = reg(i->src_reg);
	} else if (i->imm) {
		rt = X9;
		arm64_program_const(g, size == 3, rt, (uint64_t)(int64_t)i->imm);
	}
	access(g, A64_STORE, size, rt, i->dst_reg, i->off);
}

static bool is_pair_member(const struct arm64 *g, uint32_t pc)
{
	const struct bpf_insn *i = insn_at(g, pc);
	uint8_t class = BPF_CLASS(i->code);

	return (class == BPF_LDX || class == BPF_ST || class == BPF_STX) &&
	       BPF_MODE(i->code) == BPF_MEM && size_of(i->code) >= 2 &&
	       !g->j->vm->facts.insns[pc].is_probe_load;
}

/* What is stored: a register, zero, or a constant that is put into `spare` first. */
static unsigned stored(struct arm64 *g, const struct bpf_insn *i, unsigned spare)
{
	if (BPF_CLASS(i->code) == BPF_STX)
		return reg(i->src_reg);
	if (!i->imm)
		return ZR;
	arm64_program_const(g, BPF_SIZE(i->code) == BPF_DW, spare, (uint64_t)(int64_t)i->imm);
	return spare;
}

bool arm64_pair(struct arm64 *g, uint32_t pc)
{
	const struct bpf_insn *i = insn_at(g, pc), *next = i + 1;
	bool is_load = BPF_CLASS(i->code) == BPF_LDX, wide = BPF_SIZE(i->code) == BPF_DW;
	int bytes = wide ? 8 : 4, distance = next->off - i->off;
	uint8_t bpf_base = is_load ? i->src_reg : i->dst_reg;
	int64_t off = distance < 0 ? next->off : i->off;
	unsigned base = reg(bpf_base), rt, rt2;

	if (!is_pair_member(g, pc) || !is_pair_member(g, pc + 1) ||
	    is_load != (BPF_CLASS(next->code) == BPF_LDX) ||
	    BPF_SIZE(i->code) != BPF_SIZE(next->code) ||
	    (is_load ? next->src_reg : next->dst_reg) != bpf_base ||
	    (distance != bytes && distance != -bytes))
		return false;
	/* The second load reads what the first one wrote, or undoes it. */
	if (is_load && (i->dst_reg == bpf_base || i->dst_reg == next->dst_reg))
		return false;
	if (bpf_base == BPF_REG_10 && a64_is_pair_offset(g->frame_b + off, wide)) {
		base = SP;
		off += g->frame_b;
	} else if (!a64_is_pair_offset(off, wide)) {
		return false;
	}
	rt = is_load ? reg(i->dst_reg) : stored(g, i, X9);
	rt2 = is_load ? reg(next->dst_reg) : stored(g, next, X10);
	put(g, a64_pair_at(is_load, wide, distance > 0 ? rt : rt2, distance > 0 ? rt2 : rt, base,
	                   (int32_t)off));
	return true;
}

/* ---- atomics --------------------------------------------------------------------------------- */

/* Where it is, in a register: the instructions have no offsets. */
static unsigned address(struct arm64 *g, unsigned bpf_base, int16_t off)
{
	if (!off)
		return reg(bpf_base);
	arm64_add_const(g, X11, reg(bpf_base), off);
	return X11;
}

/* x10 = what a read-modify-write stores: x9 op rs. */
static void operate(struct arm64 *g, int32_t op, bool wide, unsigned rs)
{
	switch (op) {
	case BPF_ADD:
		put(g, a64_op3(A64_ADD, wide, X10, X9, rs));
		break;
	case BPF_AND:
		put(g, a64_op3(A64_AND, wide, X10, X9, rs));
		break;
	case BPF_OR:
		put(g, a64_op3(A64_ORR, wide, X10, X9, rs));
		break;
	default:
		put(g, a64_op3(A64_EOR, wide, X10, X9, rs));
	}
}

/* Those that return the old value order everything around them, as the kernel's do
 * (Documentation/atomic_t.txt): the store releases, and the barrier behind it keeps later accesses
 * from passing the store. The others order nothing. */
static void exclusive_loop(struct arm64 *g, const struct bpf_insn *i, unsigned rn)
{
	bool wide = BPF_SIZE(i->code) == BPF_DW, fetches = i->imm & BPF_FETCH;
	unsigned size = size_of(i->code), rs = reg(i->src_reg), stored = X10;
	uint32_t again = jit_here(g->j);

	put(g, a64_ldxr(size, X9, rn));
	if (i->imm == BPF_XCHG)
		stored = rs;
	else
		operate(g, i->imm & ~BPF_FETCH, wide, rs);
	put(g, a64_stxr(size, fetches, X12, stored, rn));
	put(g, a64_jump_to(a64_cbz(false, true, X12), A64_IMM19,
	                   (int64_t)again - (int64_t)jit_here(g->j)));
	if (fetches) {
		put(g, a64_dmb_ish());
		put(g, a64_mov(wide, rs, X9));
	}
}

static void exclusive_compare(struct arm64 *g, const struct bpf_insn *i, unsigned rn)
{
	bool wide = BPF_SIZE(i->code) == BPF_DW;
	unsigned size = size_of(i->code), r0 = reg(BPF_REG_0);
	uint32_t again = jit_here(g->j);

	put(g, a64_ldxr(size, X9, rn));
	put(g, a64_op3(A64_EOR, wide, X10, X9, r0));
	put(g, a64_jump_to(a64_cbz(wide, true, X10), A64_IMM19, 3 * 4)); /* to the barrier */
	put(g, a64_stxr(size, true, X12, reg(i->src_reg), rn));
	put(g, a64_jump_to(a64_cbz(false, true, X12), A64_IMM19,
	                   (int64_t)again - (int64_t)jit_here(g->j)));
	put(g, a64_dmb_ish());
	put(g, a64_mov(wide, r0, X9));
}

static void single_instruction(struct arm64 *g, const struct bpf_insn *i, unsigned rn)
{
	bool wide = BPF_SIZE(i->code) == BPF_DW, fetches = i->imm & BPF_FETCH;
	unsigned size = size_of(i->code), rs = reg(i->src_reg);
	enum arm64_lse op = A64_LDADD;
	unsigned rt = fetches ? rs : ZR;

	switch (i->imm & ~BPF_FETCH) {
	case BPF_AND: /* it can only clear bits */
		put(g, a64_op3(A64_ORN, wide, X9, ZR, rs));
		rs = X9;
		op = A64_LDCLR;
		break;
	case BPF_OR:
		op = A64_LDSET;
		break;
	case BPF_XOR:
		op = A64_LDEOR;
		break;
	case BPF_XCHG & ~BPF_FETCH:
		op = A64_SWP;
		break;
	}
	put(g, a64_lse(op, size, fetches, rs, rt, rn));
}

void arm64_atomic(struct arm64 *g, const struct bpf_insn *i)
{
	bool has_lse = g->j->features & ARM64_LSE;
	unsigned rn;

	if (i->imm == JIT_LOAD_ACQ) {
		rn = address(g, i->src_reg, i->off);
		put(g, a64_ldar(size_of(i->code), reg(i->dst_reg), rn));
		return;
	}
	rn = address(g, i->dst_reg, i->off);
	if (i->imm == JIT_STORE_REL)
		put(g, a64_stlr(size_of(i->code), reg(i->src_reg), rn));
	else if (i->imm == BPF_CMPXCHG && has_lse)
		put(g, a64_casal(size_of(i->code), reg(BPF_REG_0), reg(i->src_reg), rn));
	else if (i->imm == BPF_CMPXCHG)
		exclusive_compare(g, i, rn);
	else if (has_lse)
		single_instruction(g, i, rn);
	else
		exclusive_loop(g, i, rn);
}
