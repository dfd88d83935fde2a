/* Disassembler: instructions to the kernel's listing syntax (as a verifier log shows it).
 *
 * In: slots of struct bpf_insn. Out: text that bpf_assemble() makes the same instructions from, if
 * they are well-formed. Where the kernel's text leaves something out, ours has more behind it: `ll`
 * after a 64-bit immediate, and what it means; the module of a kfunc.
 *
 * The trick: opcodes are fields, so a few tables indexed by class, operation and size cover
 * them all; only byte swaps, sign extension and lddw are special. */
#include "bpf/disasm.h"

#include "base/strbuf.h"
#include "bpf/helpers.h"
#include "bpf/insn.h"
#include "bpf/syntax.h"

static void bug(const struct bpf_insn *i, struct strbuf *out)
{
	sb_addf(out, "BUG_%02x", i->code);
}

/* (u32 *)(r1 +16) */
static void address(const char *type, unsigned reg, int off, struct strbuf *out)
{
	sb_addf(out, "*(%s *)(r%u %+d)", type, reg, off);
}

static void alu(const struct bpf_insn *i, struct strbuf *out)
{
	bool is_32 = BPF_CLASS(i->code) == BPF_ALU;
	char r = is_32 ? 'w' : 'r';
	unsigned op = BPF_OP(i->code);

	if (op == BPF_END) {
		if (is_32)
			sb_addf(out, "r%u = %s%d r%u", i->dst_reg,
			        BPF_SRC(i->code) == BPF_TO_BE ? "be" : "le", i->imm, i->dst_reg);
		else
			sb_addf(out, "r%u = bswap%d r%u", i->dst_reg, i->imm, i->dst_reg);
	} else if (op == BPF_NEG) {
		sb_addf(out, "%c%u = -%c%u", r, i->dst_reg, r, i->dst_reg);
	} else if (!bpf_alu_words[op >> 4]) {
		bug(i, out);
	} else if (BPF_SRC(i->code) == BPF_K) {
		sb_addf(out, "%c%u %s%s %d", r, i->dst_reg,
		        (op == BPF_DIV || op == BPF_MOD) && i->off == 1 ? "s" : "",
		        bpf_alu_words[op >> 4], i->imm);
	} else if (op == BPF_MOV && !is_32 && i->off == BPF_CAST_OFF) {
		sb_addf(out, "r%u = addr_space_cast(r%u, %u, %u)", i->dst_reg, i->src_reg,
		        (uint32_t)i->imm >> 16, (uint16_t)i->imm);
	} else if (op == BPF_MOV && !is_32 && i->off == BPF_PERCPU_OFF) {
		sb_addf(out, "r%u = &(void __percpu *)(r%u)", i->dst_reg, i->src_reg);
	} else if (op == BPF_MOV && i->off) {
		sb_addf(out, "%c%u = (s%d)%c%u", r, i->dst_reg, i->off, r, i->src_reg);
	} else {
		sb_addf(out, "%c%u %s%s %c%u", r, i->dst_reg,
		        (op == BPF_DIV || op == BPF_MOD) && i->off == 1 ? "s" : "",
		        bpf_alu_words[op >> 4], r, i->src_reg);
	}
}

static void atomic(const struct bpf_insn *i, struct strbuf *out)
{
	const char *type = bpf_size_words[BPF_SIZE(i->code) >> 3];
	const char *suffix = BPF_SIZE(i->code) == BPF_DW ? "64" : "";
	unsigned op = (i->imm & 0xf0) >> 4;

	if (i->imm == BPF_XCHG) {
		sb_addf(out, "r%u = atomic%s_xchg((%s *)(r%u %+d), r%u)", i->src_reg, suffix, type,
		        i->dst_reg, i->off, i->src_reg);
	} else if (i->imm == BPF_CMPXCHG) {
		sb_addf(out, "r0 = atomic%s_cmpxchg((%s *)(r%u %+d), r0, r%u)", suffix, type,
		        i->dst_reg, i->off, i->src_reg);
	} else if (i->imm == BPF_LOAD_ACQ) {
		sb_addf(out, "r%u = load_acquire((%s *)(r%u %+d))", i->dst_reg, type, i->src_reg,
		        i->off);
	} else if (i->imm == BPF_STORE_REL) {
		sb_addf(out, "store_release((%s *)(r%u %+d), r%u)", type, i->dst_reg, i->off,
		        i->src_reg);
	} else if (!bpf_atomic_words[op] || (i->imm & ~0xf1)) {
		bug(i, out);
	} else if (i->imm & BPF_FETCH) {
		sb_addf(out, "r%u = atomic%s_fetch_%s((%s *)(r%u %+d), r%u)", i->src_reg, suffix,
		        bpf_atomic_words[op], type, i->dst_reg, i->off, i->src_reg);
	} else {
		sb_adds(out, "lock ");
		address(type, i->dst_reg, i->off, out);
		sb_addf(out, " %s r%u", bpf_alu_words[op], i->src_reg);
	}
}

static void memory(const struct bpf_insn *i, struct strbuf *out)
{
	const char *type = bpf_size_words[BPF_SIZE(i->code) >> 3];
	unsigned mode = BPF_MODE(i->code);

	switch (BPF_CLASS(i->code)) {
	case BPF_LDX:
		if (mode == BPF_MEMSX)
			type = bpf_signed_words[BPF_SIZE(i->code) >> 3];
		else if (mode != BPF_MEM)
			break;
		sb_addf(out, "r%u = ", i->dst_reg);
		address(type, i->src_reg, i->off, out);
		return;
	case BPF_STX:
		if (mode == BPF_ATOMIC) {
			atomic(i, out);
			return;
		}
		if (mode != BPF_MEM)
			break;
		address(type, i->dst_reg, i->off, out);
		sb_addf(out, " = r%u", i->src_reg);
		return;
	case BPF_ST:
		if (mode == BPF_NOSPEC_MODE) {
			sb_adds(out, "nospec");
			return;
		}
		if (mode != BPF_MEM)
			break;
		address(type, i->dst_reg, i->off, out);
		sb_addf(out, " = %d", i->imm);
		return;
	case BPF_LD:
		if (mode == BPF_ABS)
			sb_addf(out, "r0 = *(%s *)skb[%d]", type, i->imm);
		else if (mode == BPF_IND)
			sb_addf(out, "r0 = *(%s *)skb[r%u + %d]", type, i->src_reg, i->imm);
		else
			break;
		return;
	}
	bug(i, out);
}

static void call(const struct bpf_insn *i, struct strbuf *out)
{
	uint32_t id = (uint32_t)i->imm;

	if (i->src_reg == BPF_PSEUDO_CALL) {
		sb_addf(out, "call pc%+d", i->imm);
	} else if (i->src_reg == BPF_PSEUDO_KFUNC_CALL) {
		sb_addf(out, "call kernel-function#%d", i->imm);
		if (i->off)
			sb_addf(out, " module %d", i->off);
	} else if (!id) {
		sb_adds(out, "call bpf_unspec#0"); /* no helper, but it has a name */
	} else {
		sb_addf(out, "call %s%s#%d", bpf_helper_find(id) ? "bpf_" : "", bpf_helper_name(id),
		        i->imm);
	}
}

static void jump(const struct bpf_insn *i, struct strbuf *out)
{
	bool is_32 = BPF_CLASS(i->code) == BPF_JMP32;
	char r = is_32 ? 'w' : 'r';
	unsigned op = BPF_OP(i->code);

	if (op == BPF_CALL && !is_32) {
		call(i, out);
	} else if (op == BPF_EXIT && !is_32) {
		sb_adds(out, "exit");
	} else if (op == BPF_JA && !is_32 && BPF_SRC(i->code) == BPF_X) {
		sb_addf(out, "gotox r%u", i->dst_reg);
	} else if (op == BPF_JA) {
		sb_addf(out, "%s pc%+d", is_32 ? "gotol" : "goto", is_32 ? i->imm : i->off);
	} else if (op == BPF_JCOND && !is_32 && !i->src_reg) {
		sb_addf(out, "may_goto pc%+d", i->off);
	} else if (!bpf_jump_words[op >> 4]) {
		bug(i, out);
	} else if (BPF_SRC(i->code) == BPF_X) {
		sb_addf(out, "if %c%u %s %c%u goto pc%+d", r, i->dst_reg, bpf_jump_words[op >> 4],
		        r, i->src_reg, i->off);
	} else {
		sb_addf(out, "if %c%u %s 0x%x goto pc%+d", r, i->dst_reg, bpf_jump_words[op >> 4],
		        (unsigned)i->imm, i->off);
	}
}

/* A 64-bit immediate by what it stands for (RFC 9669, section 5.4; Linux for BTF). */
static void wide(const struct bpf_insn *i, struct strbuf *out)
{
	uint64_t imm = (uint32_t)i[0].imm | (uint64_t)(uint32_t)i[1].imm << 32;

	switch (i->src_reg) {
	case BPF_PSEUDO_MAP_FD:
		sb_addf(out, "map[fd:%d]", i[0].imm);
		break;
	case BPF_PSEUDO_MAP_VALUE:
		sb_addf(out, "map[fd:%d][0]+%u", i[0].imm, (unsigned)i[1].imm);
		break;
	case BPF_PSEUDO_BTF_ID:
		sb_addf(out, "btf[id:%d]", i[0].imm);
		if (i[1].imm)
			sb_addf(out, "[fd:%d]", i[1].imm);
		break;
	case BPF_PSEUDO_FUNC:
		sb_addf(out, "func pc%+d", i[0].imm);
		break;
	case BPF_PSEUDO_MAP_IDX:
		sb_addf(out, "map[idx:%d]", i[0].imm);
		break;
	case BPF_PSEUDO_MAP_IDX_VALUE:
		sb_addf(out, "map[idx:%d][0]+%u", i[0].imm, (unsigned)i[1].imm);
		break;
	default:
		sb_addf(out, "0x%llx", (unsigned long long)imm);
		break;
	}
	sb_adds(out, " ll");
}

size_t bpf_disasm_insn(const struct bpf_insn *code, size_t n, size_t pc, struct strbuf *out)
{
	return bpf_disasm_named(code, n, pc, NULL, out);
}

size_t bpf_disasm_named(const struct bpf_insn *code, size_t n, size_t pc,
                        const struct bpf_disasm_names *names, struct strbuf *out)
{
	const struct bpf_insn *i = &code[pc];

	if (bpf_is_lddw(i)) {
		if (pc + 1 >= n) {
			bug(i, out);
			return 1;
		}
		sb_addf(out, "r%u = ", i->dst_reg);
		if (!names || !names->wide(names->arg, i, out))
			wide(i, out);
		return 2;
	}
	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		alu(i, out);
		break;
	case BPF_JMP:
	case BPF_JMP32:
		if (i->code != (BPF_JMP | BPF_CALL) || !names ||
		    !names->call(names->arg, code, pc, out))
			jump(i, out);
		break;
	default:
		memory(i, out);
		break;
	}
	return 1;
}

void bpf_disasm(const struct bpf_insn *code, size_t n, struct strbuf *out)
{
	for (size_t pc = 0; pc < n;) {
		sb_addf(out, "%4zu: (%02x) ", pc, code[pc].code);
		pc += bpf_disasm_insn(code, n, pc, out);
		sb_addc(out, '\n');
	}
}
