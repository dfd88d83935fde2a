/* The JIT for arm64 (AArch64, Armv8.0; single-instruction atomics where the CPU has them).
 *
 * One pass over the slots in their order; each becomes the shortest form its operands allow, found
 * from the plan and at most two slots ahead. The CPU's three operands take in a move before an
 * operation, a bit-field instruction a pair of shifts, and a conditional select a move that a jump
 * steps over. arm64.h tells where registers and frames are. */
#include "vm/jit/arm64.h"

#include "base/arena.h"
#include "bpf/insn.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

/* ---- constants --------------------------------------------------------------------------------
 */

/* An address within 4 GiB of here: its page, and the place in it. */
static bool near_address(struct arm64 *g, unsigned rd, uint64_t v)
{
	int64_t pages = (int64_t)((v >> 12) - ((g->j->base + jit_here(g->j)) >> 12));

	if (!a64_reaches(A64_ADR, pages))
		return false;
	put(g, a64_jump_to(a64_adrp(rd), A64_ADR, pages));
	if (v & 0xfff)
		put(g, a64_op_imm(A64_ADD_IMM, true, rd, rd, v & 0xfff));
	return true;
}

void arm64_const(struct arm64 *g, bool wide, unsigned rd, uint64_t v)
{
	uint32_t insns[A64_CONST_MAX];
	unsigned n = a64_const(insns, wide, rd, v);

	if (n > 2 && near_address(g, rd, v))
		return;
	for (unsigned k = 0; k < n; k++)
		put(g, insns[k]);
}

/* Blinded, v appears as two random-looking halves that an exclusive or puts together. What is a
 * 32-bit immediate, sign-extended, is blinded as that. */
void arm64_program_const(struct arm64 *g, bool wide, unsigned rd, uint64_t v)
{
	bool is_extended = wide && (int64_t)v == (int32_t)v, by_words = !wide || is_extended;
	uint64_t key;

	if (!g->j->blinds) {
		arm64_const(g, wide, rd, v);
		return;
	}
	key = jit_random(g->j);
	if (by_words) {
		v = (uint32_t)v;
		key = (uint32_t)key;
	}
	arm64_const(g, !by_words, rd, v ^ key);
	arm64_const(g, !by_words, X12, key);
	put(g, a64_op3(A64_EOR, !by_words, rd, rd, X12));
	if (is_extended)
		put(g, a64_sbfm(true, rd, rd, 0, 31));
}

void arm64_add_const(struct arm64 *g, unsigned rd, unsigned rn, int64_t v)
{
	if (a64_is_imm12((uint64_t)v)) {
		put(g, a64_op_imm(A64_ADD_IMM, true, rd, rn, (uint32_t)v));
	} else if (a64_is_imm12((uint64_t)-v)) {
		put(g, a64_op_imm(A64_SUB_IMM, true, rd, rn, (uint32_t)-v));
	} else {
		arm64_const(g, true, X12, (uint64_t)v);
		put(g, a64_op3(A64_ADD, true, rd, rn, X12));
	}
}

/* ---- jumps ------------------------------------------------------------------------------------
 */

/* The same instruction under the opposite condition. */
static uint32_t inverted(uint32_t insn)
{
	bool is_b_cond = insn >> 24 == 0x54;
	return insn ^ (is_b_cond ? 1 : 1u << 24);
}

void arm64_jump_if(struct arm64 *g, uint32_t insn, enum arm64_site kind, uint32_t label)
{
	if (jit_site(g->j, label, kind)) {
		put(g, a64_jump_to(inverted(insn), kind == SITE_TEST ? A64_IMM14 : A64_IMM19, 8));
		put(g, a64_b());
	} else {
		put(g, insn);
	}
}

static enum arm64_distance short_distance(uint8_t kind)
{
	switch (kind) {
	case SITE_B:
		return A64_IMM26;
	case SITE_COND:
		return A64_IMM19;
	case SITE_TEST:
		return A64_IMM14;
	default:
		return A64_ADR;
	}
}

static bool reaches(const struct jit_site *s, uint32_t label_off)
{
	return s->kind == SITE_B ||
	       a64_reaches(short_distance(s->kind), (int64_t)label_off - s->at);
}

static uint32_t read_insn(const struct jit *j, uint32_t at)
{
	const unsigned char *p = j->code.items + at;
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void write_insn(struct jit *j, uint32_t at, uint32_t insn)
{
	for (int k = 0; k < 4; k++)
		j->code.items[at + k] = (unsigned char)(insn >> 8 * k);
}

/* adrp counts pages from that of its own address. */
static bool patch_adrp(struct jit *j, const struct jit_site *s, uint32_t label_off)
{
	uint64_t target = j->base + label_off;
	int64_t pages = (int64_t)((target >> 12) - ((j->base + s->at) >> 12));
	uint32_t add = read_insn(j, s->at + 4);

	if (!a64_reaches(A64_ADR, pages))
		return false;
	write_insn(j, s->at, a64_jump_to(read_insn(j, s->at), A64_ADR, pages));
	write_insn(j, s->at + 4, add | (uint32_t)(target & 0xfff) << 10);
	return true;
}

static bool patch(struct jit *j, const struct jit_site *s, uint32_t label_off)
{
	enum arm64_distance d = s->is_long ? A64_IMM26 : short_distance(s->kind);
	uint32_t at = s->is_long ? s->at + 4 : s->at;
	int64_t distance = (int64_t)label_off - at;

	if (s->is_long && s->kind == SITE_ADR)
		return patch_adrp(j, s, label_off);
	if (!a64_reaches(d, distance))
		return false;
	write_insn(j, at, a64_jump_to(read_insn(j, at), d, distance));
	return true;
}

/* Comparisons that a jump can make itself: with 0, of the sign, of one bit. Returns the jump, 0 if
 * this is none of them. */
static uint32_t comparing_jump(struct arm64 *g, const struct bpf_insn *i, enum arm64_site *kind)
{
	bool wide = BPF_CLASS(i->code) == BPF_JMP;
	unsigned rn = reg(i->dst_reg), sign = wide ? 63 : 31;
	uint64_t v = wide ? (uint64_t)(int64_t)i->imm : (uint32_t)i->imm;
	uint8_t op = BPF_OP(i->code);

	if (BPF_SRC(i->code) != BPF_K)
		return 0;
	*kind = SITE_COND;
	if ((op == BPF_JEQ || op == BPF_JNE) && !v)
		return a64_cbz(wide, op == BPF_JNE, rn);
	*kind = SITE_TEST;
	if ((op == BPF_JSLT && i->imm == 0) || (op == BPF_JSLE && i->imm == -1))
		return a64_tbz(sign, true, rn);
	if ((op == BPF_JSGE && i->imm == 0) || (op == BPF_JSGT && i->imm == -1))
		return a64_tbz(sign, false, rn);
	if (op == BPF_JSET && v && !(v & (v - 1)) && !g->j->blinds)
		return a64_tbz((unsigned)__builtin_ctzll(v), true, rn);
	return 0;
}

/* To `label` if the condition of `i` holds, or if it does not. */
static void conditional_jump(struct arm64 *g, const struct bpf_insn *i, bool holds, uint32_t label)
{
	enum arm64_site kind;
	uint32_t insn = comparing_jump(g, i, &kind);

	if (!insn) {
		insn = a64_b_cond(arm64_compare(g, i));
		kind = SITE_COND;
	}
	arm64_jump_if(g, holds ? insn : inverted(insn), kind, label);
}

/* Goes on until the frame's counter is 0. */
static void may_goto(struct arm64 *g, uint32_t label)
{
	put(g, a64_mem(A64_LOAD, 2, X9, SP, g->may_goto_b));
	arm64_jump_if(g, a64_cbz(false, false, X9), SITE_COND, label);
	put(g, a64_op_imm(A64_SUB_IMM, false, X9, X9, 1));
	put(g, a64_mem(A64_STORE, 2, X9, SP, g->may_goto_b));
}

/* ---- functions --------------------------------------------------------------------------------
 */

static uint32_t round16(uint32_t n)
{
	return (n + 15) & ~15u;
}

static void plan_frame(struct arm64 *g, const struct jit_func *f)
{
	uint32_t at;

	g->f = f;
	g->n_saved = 0;
	g->has_calls = false;
	for (uint32_t pc = f->pc; pc < f->end; pc++)
		g->has_calls |= arm64_leaves(g, pc);
	g->run = g->has_calls ? X23 : X5;
	for (unsigned r = BPF_REG_6; r <= BPF_REG_9; r++)
		if (f->writes >> r & 1)
			g->saved[g->n_saved++] = (uint8_t)reg(r);
	if (g->has_calls)
		g->saved[g->n_saved++] = g->run;
	at = round16(8 * g->n_saved);
	g->may_goto_b = at;
	at += f->has_may_goto ? 16 : 0;
	g->frame_b = at + (f->uses_frame ? round16(f->stack_b) : 0);
	g->has_frame = g->frame_b || g->has_calls || f->uses_frame;
	g->epilogue = jit_label(g->j);
}

static void save_or_restore(struct arm64 *g, bool saves)
{
	for (uint32_t k = 0; k < g->n_saved; k += 2) {
		int32_t at = (int32_t)(8 * k);

		if (k + 1 < g->n_saved)
			put(g, a64_pair(saves ? A64_STP : A64_LDP, g->saved[k], g->saved[k + 1], SP,
			                at));
		else
			put(g, a64_mem(saves ? A64_STORE : A64_LOAD, 3, g->saved[k], SP,
			               (uint32_t)at));
	}
}

static void enter(struct arm64 *g)
{
	if (!g->has_frame)
		return;
	put(g, a64_pair(A64_STP_PRE, FP, LR, SP, -16));
	put(g, a64_op_imm(A64_ADD_IMM, true, FP, SP, 0));
	if (g->frame_b)
		put(g, a64_op_imm(A64_SUB_IMM, true, SP, SP, g->frame_b));
	save_or_restore(g, true);
	if (g->has_calls)
		put(g, a64_mov(true, g->run, X5));
	if (g->f->has_may_goto) {
		arm64_const(g, false, X9, JIT_MAY_GOTO_MAX);
		put(g, a64_mem(A64_STORE, 2, X9, SP, g->may_goto_b));
	}
}

void arm64_leave(struct arm64 *g)
{
	if (!g->has_frame)
		return;
	save_or_restore(g, false);
	if (g->frame_b)
		put(g, a64_op_imm(A64_ADD_IMM, true, SP, FP, 0));
	put(g, a64_pair(A64_LDP_POST, FP, LR, SP, 16));
}

/* ---- slots ------------------------------------------------------------------------------------
 */

/* Whether slot `pc` can become part of the instruction before it: it is only reached from there. */
static bool is_absorbable(const struct arm64 *g, uint32_t pc)
{
	const struct jit_slot *s = &g->j->plan->slots[pc];
	return pc < g->f->end && s->is_code && !s->is_target;
}

static bool is_alu(const struct bpf_insn *i)
{
	return BPF_CLASS(i->code) == BPF_ALU || BPF_CLASS(i->code) == BPF_ALU64;
}

static bool is_move(const struct bpf_insn *i)
{
	return is_alu(i) && BPF_OP(i->code) == BPF_MOV && BPF_SRC(i->code) == BPF_X && !i->off;
}

/* An operation of two operands: dst = dst op src. */
static bool is_operation(const struct bpf_insn *i)
{
	uint8_t op = BPF_OP(i->code);
	return is_alu(i) && op != BPF_MOV && op != BPF_NEG && op != BPF_END;
}

static bool is_shift64(const struct bpf_insn *i, uint8_t op)
{
	return i->code == (BPF_ALU64 | BPF_K | op);
}

/* `dst <<= a; dst >>= b`, of the value in rn. */
static bool shift_pair(struct arm64 *g, uint32_t pc, unsigned rn)
{
	const struct bpf_insn *i = insn_at(g, pc), *next = i + 1;
	bool is_signed;

	if (!is_shift64(i, BPF_LSH) || !is_absorbable(g, pc + 1) || next->dst_reg != i->dst_reg)
		return false;
	is_signed = is_shift64(next, BPF_ARSH);
	if (!is_signed && !is_shift64(next, BPF_RSH))
		return false;
	put(g, a64_shifts(true, is_signed, reg(i->dst_reg), rn, (unsigned)i->imm & 63,
	                  (unsigned)next->imm & 63));
	return true;
}

/* ALU and ALU64. Returns the slots that it did. A move before an operation is its first operand; of
 * 32 bits only if the operation looks at no more. */
static uint32_t alu(struct arm64 *g, uint32_t pc)
{
	const struct bpf_insn *i = insn_at(g, pc), *next = i + 1;
	uint16_t zext = g->j->plan->slots[pc].zext_in;
	unsigned from = reg(i->src_reg);

	if (shift_pair(g, pc, reg(i->dst_reg)))
		return 2;
	if (is_move(i) && is_absorbable(g, pc + 1) && next->dst_reg == i->dst_reg &&
	    is_operation(next) &&
	    (BPF_CLASS(i->code) == BPF_ALU64 || BPF_CLASS(next->code) == BPF_ALU)) {
		if (shift_pair(g, pc + 1, from))
			return 3;
		arm64_alu(g, next, zext, from,
		          next->src_reg == i->dst_reg ? from : reg(next->src_reg));
		return 2;
	}
	arm64_alu(g, i, zext, reg(i->dst_reg), from);
	return 1;
}

/* A jump over one move, or over one `dst += 1`: no jump at all. The value comes first, for the
 * comparison sets the flags that select it. */
static bool select(struct arm64 *g, uint32_t pc)
{
	const struct bpf_insn *i = insn_at(g, pc), *over = i + 1;
	bool wide = BPF_CLASS(over->code) == BPF_ALU64, is_k = BPF_SRC(over->code) == BPF_K;
	unsigned rd = reg(over->dst_reg), rm = reg(over->src_reg);

	if (i->off != 1 || !is_absorbable(g, pc + 1) || !is_alu(over))
		return false;
	if (over->code == (BPF_ALU64 | BPF_ADD | BPF_K) && over->imm == 1) {
		put(g, a64_csinc(true, rd, rd, rd, arm64_compare(g, i)));
		return true;
	}
	if (BPF_OP(over->code) != BPF_MOV || (!is_k && over->off))
		return false;
	if (is_k && !over->imm) {
		rm = ZR;
	} else if (is_k) {
		rm = X10;
		arm64_program_const(g, wide, rm, (uint64_t)(int64_t)over->imm);
	} else if (!wide) {
		put(g, a64_mov(false, X10, rm));
		rm = X10;
	}
	put(g, a64_csel(true, rd, rd, rm, arm64_compare(g, i)));
	return true;
}

/* JMP and JMP32. */
static uint32_t jump(struct arm64 *g, uint32_t pc)
{
	const struct bpf_insn *i = insn_at(g, pc);
	uint32_t target = jit_jump_target(i, pc);

	switch (BPF_OP(i->code)) {
	case BPF_CALL:
		arm64_call(g, pc);
		return 1;
	case BPF_EXIT:
		if (pc + 1 < g->f->end) {
			jit_site(g->j, g->epilogue, SITE_B);
			put(g, a64_b());
		}
		return 1;
	case BPF_JA:
		if (target != pc + 1) {
			jit_site(g->j, target, SITE_B);
			put(g, a64_b());
		}
		return 1;
	case JIT_JCOND:
		may_goto(g, target);
		return 1;
	}
	if (select(g, pc))
		return 2;
	/* A jump over a jump is the opposite jump to where that one leads. */
	if (i->off == 1 && is_absorbable(g, pc + 1) && i[1].code == (BPF_JMP | BPF_JA)) {
		conditional_jump(g, i, false, jit_jump_target(&i[1], pc + 1));
		return 2;
	}
	conditional_jump(g, i, true, target);
	return 1;
}

/* A 64-bit immediate; a callback's is the address of its code. */
static uint32_t lddw(struct arm64 *g, const struct bpf_insn *i)
{
	unsigned rd = reg(i->dst_reg);

	if (i->src_reg != BPF_PSEUDO_FUNC) {
		arm64_program_const(g, true, rd, jit_lddw_value(i));
	} else if (jit_site(g->j, g->func_labels[g->j->plan->slots[i->imm].func], SITE_ADR)) {
		put(g, a64_adrp(rd));
		put(g, a64_op_imm(A64_ADD_IMM, true, rd, rd, 0));
	} else {
		put(g, a64_adr(rd));
	}
	return 2;
}

/* Returns how many slots it did. */
static uint32_t slot(struct arm64 *g, uint32_t pc)
{
	const struct bpf_insn *i = insn_at(g, pc);

	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return alu(g, pc);
	case BPF_JMP:
	case BPF_JMP32:
		return jump(g, pc);
	case BPF_LDX:
		if (is_absorbable(g, pc + 1) && arm64_pair(g, pc))
			return 2;
		arm64_load(g, pc);
		return 1;
	case BPF_LD:
		if (bpf_is_lddw(i))
			return lddw(g, i);
		arm64_packet_load(g, i);
		return 1;
	default: /* BPF_ST, BPF_STX */
		if (is_absorbable(g, pc + 1) && arm64_pair(g, pc))
			return 2;
		if (BPF_MODE(i->code) == BPF_ATOMIC)
			arm64_atomic(g, i);
		else
			arm64_store(g, i);
		return 1;
	}
}

static void function(struct arm64 *g, uint32_t index)
{
	const struct jit_func *f = &g->j->plan->funcs[index];
	uint32_t pc = f->pc;

	plan_frame(g, f);
	jit_place(g->j, g->func_labels[index]);
	enter(g);
	while (pc < f->end) {
		uint32_t n = 1;

		jit_slot_begin(g->j, pc);
		if (g->j->plan->slots[pc].is_code)
			n = slot(g, pc);
		for (uint32_t k = 1; k < n; k++)
			jit_slot_begin(g->j, pc + k);
		pc += n;
	}
	jit_place(g->j, g->epilogue);
	put(g, a64_mov(true, X0, X7));
	arm64_leave(g);
	put(g, a64_ret());
}

static void emit(struct jit *j)
{
	struct arm64 g = {.j = j};

	/* As many in each pass, so the array lasts from the first to the last. */
	if (!j->state)
		j->state = arena_array(j->a, uint32_t, j->plan->n_funcs);
	g.func_labels = j->state;
	for (uint32_t k = 0; k < j->plan->n_funcs; k++)
		g.func_labels[k] = jit_label(j);
	put(&g, a64_mov(true, X5, X2)); /* the entry has the run as its third argument */
	for (uint32_t k = 0; k < j->plan->n_funcs; k++)
		function(&g, k);
}

static uint32_t features(void)
{
#if defined(__aarch64__)
	return getauxval(AT_HWCAP) & HWCAP_ATOMICS ? ARM64_LSE : 0;
#else
	return 0;
#endif
}

const struct jit_target jit_arm64 = {
    .name = "aarch64",
    .max_slot_b = 128,
    .features = features,
    .emit = emit,
    .reaches = reaches,
    .patch = patch,
};
