/* What can be said of instructions without running them: form, registers, reserved fields, and
 * where jumps lead.
 *
 * In: slots of struct bpf_insn from anywhere. Out: well-formed or not, and why not.
 * RFC 9669 says which opcodes there are and that fields an instruction does not use are zero;
 * Linux 6.18 adds may_goto, addr_space_cast, load_acquire and store_release. A division by the
 * immediate 0 and a shift by 64 are well-formed: the RFC gives them a meaning (section 4.1), and
 * what Linux thinks of them is the verifier's business.
 *
 * Reasons begin with the kernel's words, so that who knows its log knows ours, and then name the
 * field. */
#include "bpf/check.h"

#include <stdlib.h>

#include "base/strbuf.h"
#include "bpf/insn.h"

/* Fields that a form leaves alone have to be zero. */
enum field { FIELD_DST = 1 << 0, FIELD_SRC = 1 << 1, FIELD_OFF = 1 << 2, FIELD_IMM = 1 << 3 };

static bool reserved_is_zero(const struct bpf_insn *i, unsigned used, const char *form,
                             struct strbuf *why)
{
	const struct {
		enum field field;
		const char *name;
		int value;
	} fields[] = {{FIELD_DST, "dst_reg", i->dst_reg},
	              {FIELD_SRC, "src_reg", i->src_reg},
	              {FIELD_OFF, "off", i->off},
	              {FIELD_IMM, "imm", i->imm}};

	for (unsigned k = 0; k < sizeof(fields) / sizeof(*fields); k++) {
		if (fields[k].value && !(used & fields[k].field)) {
			sb_addf(why, "%s uses reserved fields: %s is %d, not 0", form,
			        fields[k].name, fields[k].value);
			return false;
		}
	}
	return true;
}

static bool field_is_bad(const char *form, const char *field, int value, const char *wanted,
                         struct strbuf *why)
{
	sb_addf(why, "%s uses reserved fields: %s is %d, not %s", form, field, value, wanted);
	return false;
}

static bool reads(unsigned reg, struct strbuf *why)
{
	if (reg < BPF_N_REGS)
		return true;
	sb_addf(why, "R%u is invalid", reg);
	return false;
}

static bool writes(unsigned reg, struct strbuf *why)
{
	if (reg != BPF_REG_10)
		return reads(reg, why);
	sb_adds(why, "frame pointer is read only");
	return false;
}

static bool unknown(const struct bpf_insn *i, const char *what, struct strbuf *why)
{
	sb_addf(why, "unknown opcode %02x%s", i->code, what);
	return false;
}

/* ---- arithmetic (RFC 9669, sections 4.1 and 4.2) --------------------------------------------- */

static bool check_swap(const struct bpf_insn *i, struct strbuf *why)
{
	if (BPF_CLASS(i->code) == BPF_ALU64 && BPF_SRC(i->code) != BPF_TO_LE)
		return unknown(i, "", why);
	if (!reserved_is_zero(i, FIELD_DST | FIELD_IMM, "BPF_END", why))
		return false;
	if (i->imm != 16 && i->imm != 32 && i->imm != 64)
		return field_is_bad("BPF_END", "imm", i->imm, "16, 32 or 64", why);
	return writes(i->dst_reg, why);
}

static bool check_mov(const struct bpf_insn *i, struct strbuf *why)
{
	bool is_64 = BPF_CLASS(i->code) == BPF_ALU64;

	if (BPF_SRC(i->code) == BPF_K)
		return reserved_is_zero(i, FIELD_DST | FIELD_IMM, "BPF_MOV", why) &&
		       writes(i->dst_reg, why);
	if (is_64 && i->off == BPF_CAST_OFF) {
		/* Linux 6.9: between the address spaces of an arena. */
		if (i->imm != BPF_CAST_TO_KERNEL && i->imm != BPF_CAST_TO_USER) {
			sb_adds(why, "addr_space_cast insn can only convert between address space "
			             "1 and 0");
			return false;
		}
	} else if (!reserved_is_zero(i, FIELD_DST | FIELD_SRC | FIELD_OFF, "BPF_MOV", why)) {
		return false;
	} else if (i->off && i->off != 8 && i->off != 16 && !(is_64 && i->off == 32)) {
		return field_is_bad("BPF_MOV", "off", i->off,
		                    is_64 ? "0, 8, 16 or 32" : "0, 8 or 16", why);
	}
	return reads(i->src_reg, why) && writes(i->dst_reg, why);
}

static bool check_alu(const struct bpf_insn *i, struct strbuf *why)
{
	bool is_imm = BPF_SRC(i->code) == BPF_K;
	unsigned op = BPF_OP(i->code), used = FIELD_DST | (is_imm ? FIELD_IMM : FIELD_SRC);

	switch (op) {
	case BPF_END:
		return check_swap(i, why);
	case BPF_MOV:
		return check_mov(i, why);
	case BPF_NEG:
		if (!is_imm)
			return unknown(i, "", why);
		return reserved_is_zero(i, FIELD_DST, "BPF_NEG", why) && writes(i->dst_reg, why);
	case BPF_DIV:
	case BPF_MOD: /* signed with off 1 */
		if (i->off && i->off != 1)
			return field_is_bad("BPF_ALU", "off", i->off, "0 or 1", why);
		used |= FIELD_OFF;
		break;
	case 0xe0:
	case 0xf0:
		return unknown(i, "", why);
	}
	return reserved_is_zero(i, used, "BPF_ALU", why) && (is_imm || reads(i->src_reg, why)) &&
	       writes(i->dst_reg, why);
}

/* ---- jumps (RFC 9669, section 4.3) ----------------------------------------------------------- */

static bool check_call(const struct bpf_insn *i, struct strbuf *why)
{
	unsigned used = FIELD_SRC | FIELD_IMM;

	if (i->code == (BPF_JMP | BPF_CALL | BPF_X))
		return unknown(i, ": there is no call through a register", why);
	if (i->code != (BPF_JMP | BPF_CALL))
		return unknown(i, "", why);
	if (i->src_reg > BPF_PSEUDO_KFUNC_CALL)
		return field_is_bad("BPF_CALL", "src_reg", i->src_reg, "0, 1 or 2", why);
	if (i->src_reg == BPF_PSEUDO_KFUNC_CALL) {
		/* Linux 5.17: which module's BTF. */
		used |= FIELD_OFF;
		if (i->off < 0)
			return field_is_bad("BPF_CALL", "off", i->off, "0 or more", why);
	}
	return reserved_is_zero(i, used, "BPF_CALL", why);
}

static bool check_jump(const struct bpf_insn *i, struct strbuf *why)
{
	bool is_imm = BPF_SRC(i->code) == BPF_K;

	switch (BPF_OP(i->code)) {
	case BPF_CALL:
		return check_call(i, why);
	case BPF_EXIT:
		if (i->code != (BPF_JMP | BPF_EXIT))
			return unknown(i, "", why);
		return reserved_is_zero(i, 0, "BPF_EXIT", why);
	case BPF_JA:
		if (!is_imm)
			return unknown(i, "", why);
		return reserved_is_zero(i, BPF_CLASS(i->code) == BPF_JMP32 ? FIELD_IMM : FIELD_OFF,
		                        "BPF_JA", why);
	case BPF_JCOND: /* Linux 6.9; src_reg 0 is may_goto, the only kind there is */
		if (i->code != (BPF_JMP | BPF_JCOND))
			return unknown(i, "", why);
		return reserved_is_zero(i, FIELD_OFF, "may_goto", why);
	case 0xf0:
		return unknown(i, "", why);
	}
	return reserved_is_zero(i, FIELD_DST | FIELD_OFF | (is_imm ? FIELD_IMM : FIELD_SRC),
	                        "BPF_JMP/JMP32", why) &&
	       reads(i->dst_reg, why) && (is_imm || reads(i->src_reg, why));
}

/* ---- memory (RFC 9669, section 5) ------------------------------------------------------------ */

static bool check_atomic(const struct bpf_insn *i, struct strbuf *why)
{
	unsigned size = BPF_SIZE(i->code);

	switch (i->imm) {
	case BPF_LOAD_ACQ:
		return reads(i->src_reg, why) && writes(i->dst_reg, why);
	case BPF_STORE_REL:
		return reads(i->dst_reg, why) && reads(i->src_reg, why);
	case BPF_ADD:
	case BPF_OR:
	case BPF_AND:
	case BPF_XOR:
	case BPF_CMPXCHG: /* which writes r0 */
	case BPF_ADD | BPF_FETCH:
	case BPF_OR | BPF_FETCH:
	case BPF_AND | BPF_FETCH:
	case BPF_XOR | BPF_FETCH:
	case BPF_XCHG:
		break;
	default:
		sb_addf(why, "BPF_ATOMIC uses invalid atomic opcode %02x", (unsigned)i->imm);
		return false;
	}
	if (size != BPF_W && size != BPF_DW) {
		sb_addf(why, "invalid atomic operand size: %u bytes, not 4 or 8",
		        bpf_size_bytes(i->code));
		return false;
	}
	if ((i->imm & BPF_FETCH) && i->imm != BPF_CMPXCHG && !writes(i->src_reg, why))
		return false;
	return reads(i->dst_reg, why) && reads(i->src_reg, why);
}

/* Section 5.4: both halves of `map_val(map_by_fd(imm)) + next_imm` and their kin are used by some
 * forms only. */
static bool check_lddw(const struct bpf_insn *i, uint32_t n_left, struct strbuf *why)
{
	bool has_second = i->src_reg == 0 || i->src_reg == BPF_PSEUDO_MAP_VALUE ||
	                  i->src_reg == BPF_PSEUDO_MAP_IDX_VALUE ||
	                  i->src_reg == BPF_PSEUDO_BTF_ID; /* Linux 5.11: which module's BTF */

	if (n_left < 2) {
		sb_adds(why, "invalid bpf_ld_imm64 insn: the second half is missing");
		return false;
	}
	if (!reserved_is_zero(i, FIELD_DST | FIELD_SRC | FIELD_IMM, "BPF_LD_IMM64", why))
		return false;
	if (i->src_reg > BPF_PSEUDO_MAP_IDX_VALUE) {
		sb_addf(why, "unrecognized bpf_ld_imm64 insn: src_reg is %u, not 0 to 6",
		        i->src_reg);
		return false;
	}
	if (i[1].code) {
		sb_addf(why, "invalid bpf_ld_imm64 insn: opcode of the second half is %02x, not 0",
		        i[1].code);
		return false;
	}
	return reserved_is_zero(&i[1], has_second ? FIELD_IMM : 0, "second half of BPF_LD_IMM64",
	                        why) &&
	       writes(i->dst_reg, why);
}

static bool check_packet(const struct bpf_insn *i, struct strbuf *why)
{
	bool has_reg = BPF_MODE(i->code) == BPF_IND;

	if (BPF_SIZE(i->code) == BPF_DW)
		return unknown(i, "", why);
	return reserved_is_zero(i, FIELD_IMM | (has_reg ? FIELD_SRC : 0), "BPF_LD_[ABS|IND]",
	                        why) &&
	       (!has_reg || reads(i->src_reg, why));
}

static bool check_memory(const struct bpf_insn *i, uint32_t n_left, struct strbuf *why)
{
	unsigned mode = BPF_MODE(i->code);

	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		if (bpf_is_lddw(i))
			return check_lddw(i, n_left, why);
		if (mode == BPF_ABS || mode == BPF_IND)
			return check_packet(i, why);
		break;
	case BPF_LDX:
		if (mode == BPF_MEM || (mode == BPF_MEMSX && BPF_SIZE(i->code) != BPF_DW))
			return reserved_is_zero(i, FIELD_DST | FIELD_SRC | FIELD_OFF, "BPF_LDX",
			                        why) &&
			       reads(i->src_reg, why) && writes(i->dst_reg, why);
		break;
	case BPF_ST:
		if (mode == BPF_MEM)
			return reserved_is_zero(i, FIELD_DST | FIELD_OFF | FIELD_IMM, "BPF_ST",
			                        why) &&
			       reads(i->dst_reg, why);
		break;
	case BPF_STX:
		if (mode == BPF_ATOMIC)
			return check_atomic(i, why);
		if (mode == BPF_MEM)
			return reserved_is_zero(i, FIELD_DST | FIELD_SRC | FIELD_OFF, "BPF_STX",
			                        why) &&
			       reads(i->dst_reg, why) && reads(i->src_reg, why);
		break;
	}
	return unknown(i, "", why);
}

uint32_t bpf_check_insn(const struct bpf_insn *code, uint32_t n, uint32_t pc, struct strbuf *why)
{
	const struct bpf_insn *i = &code[pc];
	bool is_good;

	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		is_good = check_alu(i, why);
		break;
	case BPF_JMP:
	case BPF_JMP32:
		is_good = check_jump(i, why);
		break;
	default:
		is_good = check_memory(i, n - pc, why);
	}
	return !is_good ? 0 : bpf_is_lddw(i) ? 2 : 1;
}

/* ---- programs -------------------------------------------------------------------------------- */

/* What is known about a slot. */
enum { SLOT_INSN = 1 << 0, SLOT_FUNC = 1 << 1 };

/* Every instruction by itself; marks the slots where one begins. */
static bool mark_insns(const struct bpf_insn *code, uint32_t n, uint8_t *slots, uint32_t *ret_pc,
                       struct strbuf *why)
{
	for (uint32_t pc = 0, used; pc < n; pc += used) {
		used = bpf_check_insn(code, n, pc, why);
		if (!used) {
			*ret_pc = pc;
			return false;
		}
		slots[pc] = SLOT_INSN;
	}
	return true;
}

static bool mark_funcs(const struct bpf_insn *code, uint32_t n, uint8_t *slots, uint32_t *ret_pc,
                       struct strbuf *why)
{
	slots[0] |= SLOT_FUNC;
	for (uint32_t pc = 0; pc < n; pc++) {
		int64_t to;

		if (!(slots[pc] & SLOT_INSN) || !bpf_names_func(&code[pc]))
			continue;
		to = bpf_target(&code[pc], pc);
		if (to < 0 || to >= n)
			sb_addf(why, "call out of range from insn %u to %lld", pc, (long long)to);
		else if (!(slots[to] & SLOT_INSN))
			sb_addf(why, "call into the middle of ldimm64 insn %lld",
			        (long long)to - 1);
		else {
			slots[to] |= SLOT_FUNC;
			continue;
		}
		*ret_pc = pc;
		return false;
	}
	return true;
}

static bool ends_function(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_EXIT) || i->code == (BPF_JMP | BPF_JA) ||
	       i->code == (BPF_JMP32 | BPF_JA);
}

/* A function is the slots [begin, end). */
static bool check_function(const struct bpf_insn *code, const uint8_t *slots, uint32_t begin,
                           uint32_t end, uint32_t *ret_pc, struct strbuf *why)
{
	uint32_t last = begin;

	for (uint32_t pc = begin; pc < end; pc++) {
		int64_t to;

		if (!(slots[pc] & SLOT_INSN))
			continue;
		last = pc;
		if (!bpf_is_jump(&code[pc]))
			continue;
		to = bpf_target(&code[pc], pc);
		if (to < begin || to >= end)
			sb_addf(why, "jump out of range from insn %u to %lld", pc, (long long)to);
		else if (!(slots[to] & SLOT_INSN))
			sb_addf(why, "jump into the middle of ldimm64 insn %lld",
			        (long long)to - 1);
		else
			continue;
		*ret_pc = pc;
		return false;
	}
	if (ends_function(&code[last]))
		return true;
	sb_adds(why, "last insn is not an exit or jmp");
	*ret_pc = last;
	return false;
}

bool bpf_check_program(const struct bpf_insn *code, uint32_t n, uint32_t *ret_pc,
                       struct strbuf *why)
{
	uint8_t *slots;
	bool is_good;

	if (!n) {
		sb_adds(why, "there are no instructions");
		*ret_pc = 0;
		return false;
	}
	slots = calloc(n, 1);
	if (!slots) {
		sb_addf(why, "no memory for %u instructions", n);
		*ret_pc = 0;
		return false;
	}
	is_good =
	    mark_insns(code, n, slots, ret_pc, why) && mark_funcs(code, n, slots, ret_pc, why);
	for (uint32_t begin = 0, end; is_good && begin < n; begin = end) {
		for (end = begin + 1; end < n && !(slots[end] & SLOT_FUNC);)
			end++;
		is_good = check_function(code, slots, begin, end, ret_pc, why);
	}
	free(slots);
	return is_good;
}
