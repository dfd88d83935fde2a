/* Division and remainder: by shifts and masks, by multiplication (magic.c), or by the CPU's
 * instruction, which needs rax and rdx and must never be made to trap. */
#include "vm/jit/x86_64.h"

#include <assert.h>

struct division {
	uint8_t dst, src;
	bool w, is_mod, is_signed;
	bool is_const;
	uint64_t by;
};

/* The home of r (rax, rdx) holds something that must survive this instruction, which writes dst. */
static bool is_busy(const struct x86 *x, uint8_t r, uint8_t dst)
{
	return (dst != r && x86_is_live(x, r) && is_home(x, r)) || x86_is_named(x, x86_home[r]);
}

/* Where the quotient of n is made: in dst's home, if n is elsewhere and not needed any more. */
static uint8_t quotient_reg(struct x86 *x, const struct division *d, uint8_t n)
{
	if (d->is_mod || n == x86_home[d->dst])
		return SCRATCH;
	return x86_define(x, d->dst);
}

/* dst = quotient, or n - quotient * by. */
static void finish(struct x86 *x, const struct division *d, uint8_t n, uint8_t quotient, bool w)
{
	uint8_t home;

	if (!d->is_mod) {
		home = x86_define(x, d->dst);
		if (home != quotient)
			x86_mov(x->j, w, home, quotient);
		return;
	}
	if (d->by <= INT32_MAX) {
		bool is_small = d->by <= 127;

		x86_rr(x->j, is_small ? 0x6b : 0x69, w, SCRATCH, quotient);
		if (is_small)
			x86_byte(x->j, (uint8_t)d->by);
		else
			jit_u32(x->j, (uint32_t)d->by);
	} else {
		x86_mov_imm(x->j, SCRATCH_3, d->by, true);
		x86_rr(x->j, OP_0F | 0xaf, w, SCRATCH, SCRATCH_3);
	}
	home = x86_define(x, d->dst);
	if (home != n)
		x86_mov(x->j, w, home, n);
	x86_alu_rr(x->j, X_SUB, w, home, SCRATCH);
	x86_set_flags(x, d->dst, w);
}

/* to = the upper half of n * mul. */
static void multiply_high(struct x86 *x, const struct division *d, uint8_t to, uint8_t n,
                          uint64_t mul)
{
	bool keeps_rdx = is_busy(x, 3, d->dst) || n == RDX;
	bool keeps_rax = is_busy(x, 0, d->dst) || n == RAX;

	if (x->j->features & X86_BMI2) {
		x86_mov_imm(x->j, SCRATCH, mul, true);
		if (n == RDX) {
			x86_vex_rr(x->j, OP_0F38 | 0xf6, VEX_F2, true, to, SCRATCH_3, SCRATCH);
			return;
		}
		if (keeps_rdx)
			x86_mov(x->j, true, SCRATCH_2, RDX);
		x86_mov(x->j, true, RDX, n);
		x86_vex_rr(x->j, OP_0F38 | 0xf6, VEX_F2, true, to, SCRATCH_3, SCRATCH);
		if (keeps_rdx)
			x86_mov(x->j, true, RDX, SCRATCH_2);
		return;
	}
	if (keeps_rax)
		x86_mov(x->j, true, SCRATCH_3, RAX);
	if (keeps_rdx)
		x86_mov(x->j, true, SCRATCH_2, RDX);
	x86_mov_imm(x->j, SCRATCH, mul, true);
	if (n != RAX)
		x86_mov(x->j, true, RAX, n);
	x86_rr(x->j, 0xf7, true, 4, SCRATCH); /* mul */
	x86_mov(x->j, true, SCRATCH, RDX);
	if (keeps_rax)
		x86_mov(x->j, true, RAX, SCRATCH_3);
	if (keeps_rdx)
		x86_mov(x->j, true, RDX, SCRATCH_2);
	if (to != SCRATCH)
		x86_mov(x->j, true, to, SCRATCH);
}

/* h = upper half of n * (multiplier without its top bit), in `q`; then ((n - h) / 2 + h) >> shift.
 */
static void add_top_bit(struct x86 *x, uint8_t q, uint8_t n, bool w)
{
	x86_mov(x->j, w, SCRATCH_3, n);
	x86_alu_rr(x->j, X_SUB, w, SCRATCH_3, q);
	x86_shift_imm(x->j, X_SHR, w, SCRATCH_3, 1);
	x86_alu_rr(x->j, X_ADD, w, q, SCRATCH_3);
}

/* 32 bits, or 64 of which the upper half is 0: the product fits 64 bits. A multiplier of 33 bits is
 * none of 32, but with mulx one of 64 costs the same: 2^64 / by, rounded up. The error, less than
 * by, grows to less than 2^32 * by < 2^64. */
static void multiply_32(struct x86 *x, const struct division *d, uint8_t n)
{
	struct jit_magic m = jit_magic_unsigned(d->by, 32);
	uint8_t full = n, q; /* n, zero-extended */

	if (!x86_is_zext(x, d->dst)) {
		full = SCRATCH_2;
		x86_mov(x->j, false, full, n);
	}
	q = quotient_reg(x, d, n);
	if (m.adds && (x->j->features & X86_BMI2) && full == n) {
		multiply_high(x, d, q, n, UINT64_MAX / d->by + 1);
	} else if (m.mul <= INT32_MAX) {
		x86_rr(x->j, 0x69, true, q, full);
		jit_u32(x->j, (uint32_t)m.mul);
		x86_shift_imm(x->j, X_SHR, true, q, (uint8_t)(32 + (m.adds ? 0 : m.shift)));
	} else if (!d->is_mod && !m.adds && full == x86_home[d->dst]) {
		x86_mov_imm(x->j, SCRATCH, m.mul, true); /* n is not needed any more */
		q = x86_define(x, d->dst);
		x86_rr(x->j, OP_0F | 0xaf, true, q, SCRATCH);
		x86_shift_imm(x->j, X_SHR, true, q, (uint8_t)(32 + m.shift));
	} else {
		x86_mov_imm(x->j, q, m.mul, true);
		x86_rr(x->j, OP_0F | 0xaf, true, q, full);
		x86_shift_imm(x->j, X_SHR, true, q, (uint8_t)(32 + (m.adds ? 0 : m.shift)));
	}
	if (m.adds && !((x->j->features & X86_BMI2) && full == n)) {
		add_top_bit(x, q, n, false);
		if (m.shift)
			x86_shift_imm(x->j, X_SHR, false, q, m.shift);
	}
	finish(x, d, n, q, false);
}

static void multiply_64(struct x86 *x, const struct division *d, uint8_t n)
{
	struct jit_magic m = jit_magic_unsigned(d->by, 64);
	uint8_t q = quotient_reg(x, d, n);

	multiply_high(x, d, q, n, m.mul);
	if (m.adds)
		add_top_bit(x, q, n, true);
	if (m.shift)
		x86_shift_imm(x->j, X_SHR, true, q, m.shift);
	finish(x, d, n, q, true);
}

/* Unsigned, by a constant. Returns false for those that take the general way. */
static bool divide_const(struct x86 *x, const struct division *d)
{
	struct bpf_insn i = {.dst_reg = d->dst, .code = d->w ? BPF_ALU64 : BPF_ALU};
	uint8_t n;

	if (d->by == 0) {
		if (d->is_mod && !d->w) { /* dst stays, its upper half goes */
			i.code |= BPF_MOV | BPF_X;
			i.src_reg = d->dst;
			x86_alu(x, &i);
		} else if (!d->is_mod) {
			i.code |= BPF_MOV | BPF_K;
			x86_alu(x, &i);
		}
		return true;
	}
	if (!(d->by & (d->by - 1))) {
		int log = __builtin_ctzll(d->by);

		if (!d->is_mod)
			i.code |= BPF_RSH | BPF_K;
		else if (log <= 31)
			i.code |= BPF_AND | BPF_K;
		else
			return false;
		i.imm = d->is_mod ? (int32_t)(d->by - 1) : log;
		x86_alu(x, &i);
		return true;
	}
	n = x86_use(x, d->dst, d->w || x86_is_zext(x, d->dst));
	if (!d->w || (x86_is_zext(x, d->dst) && d->by <= UINT32_MAX))
		multiply_32(x, d, n);
	else
		multiply_64(x, d, n);
	return true;
}

/* What a divisor of 0 gives, out of the way: 0, or the dividend as remainder (RFC 9669, section
 * 4.1). */
void x86_divide_cold(struct x86 *x)
{
	vec_each (c, &x->cold) {
		jit_place(x->j, c->zero);
		if (c->is_mod)
			x86_mov(x->j, c->w, RDX, RAX);
		else
			x86_mov_imm(x->j, RAX, 0, true);
		x86_jmp(x->j, c->end);
	}
	x->cold.n = 0;
}

/* -1 traps with the smallest dividend, whose negation is itself. */
static void divide_by_minus_one(struct x86 *x, const struct division *d, uint8_t by, bool w,
                                uint32_t end)
{
	uint32_t divide = jit_label(x->j);

	x86_alu_imm(x->j, X_CMP, w, by, -1);
	x86_jcc(x->j, CC_NE, divide);
	if (d->is_mod)
		x86_mov_imm(x->j, RDX, 0, true);
	else
		x86_rr(x->j, 0xf7, w, 3, RAX); /* neg */
	x86_jmp(x->j, end);
	jit_place(x->j, divide);
}

/* What rax and rdx held waits in SCRATCH_2 and SCRATCH_3. */
static void divide_general(struct x86 *x, const struct division *d)
{
	uint8_t n, by, home = x86_home[d->dst], result = d->is_mod ? RDX : RAX;
	bool w = d->w, keeps_rax, keeps_rdx;
	uint32_t end = jit_label(x->j);

	if (d->is_const) {
		x86_const(x, SCRATCH, d->by);
		by = SCRATCH;
	} else {
		x86_use_two(x, d->dst, d->src, w, &n, &by);
		if (by == RAX || by == RDX) {
			x86_mov(x->j, w, SCRATCH, by);
			by = SCRATCH;
		}
		/* Where both fit, 32 bits take half the time. */
		if (w && !d->is_signed && x86_is_zext(x, d->dst) && x86_is_zext(x, d->src))
			w = false;
	}
	x86_free_home(x, d->dst);
	n = x86_use(x, d->dst, d->w); /* may have come home */
	x->v[d->dst].kind = V_HOME;
	keeps_rax = is_busy(x, 0, d->dst);
	keeps_rdx = is_busy(x, 3, d->dst);
	if (keeps_rax)
		x86_mov(x->j, true, SCRATCH_2, RAX);
	if (keeps_rdx)
		x86_mov(x->j, true, SCRATCH_3, RDX);
	if (n != RAX || !w)
		x86_mov(x->j, w, RAX, n);
	if (!d->is_const) {
		struct x86_cold cold = {
		    .zero = jit_label(x->j), .end = end, .is_mod = d->is_mod, .w = w};

		x86_test(x->j, w, by, by);
		x86_jcc(x->j, CC_E, cold.zero);
		vec_push(x->j->a, &x->cold, cold);
	}
	if (d->is_signed && (!d->is_const || d->by == (w ? UINT64_MAX : UINT32_MAX)))
		divide_by_minus_one(x, d, by, w, end);
	if (d->is_signed) {
		if (w)
			x86_byte(x->j, 0x48);
		x86_byte(x->j, 0x99); /* cdq, cqo */
	} else {
		x86_mov_imm(x->j, RDX, 0, true);
	}
	x86_rr(x->j, 0xf7, w, d->is_signed ? 7 : 6, by);
	jit_place(x->j, end);
	if (result != home)
		x86_mov(x->j, w, home, result);
	if (keeps_rax)
		x86_mov(x->j, true, RAX, SCRATCH_2);
	if (keeps_rdx)
		x86_mov(x->j, true, RDX, SCRATCH_3);
}

void x86_divide(struct x86 *x, const struct bpf_insn *i)
{
	struct division d = {.dst = i->dst_reg, .src = i->src_reg};
	int32_t imm = i->imm;

	d.w = BPF_CLASS(i->code) == BPF_ALU64;
	d.is_mod = BPF_OP(i->code) == BPF_MOD;
	d.is_signed = i->off == 1;
	d.is_const = BPF_SRC(i->code) == BPF_K || x86_imm32(x, i->src_reg, !d.w, &imm);
	d.by = d.w ? (uint64_t)(int64_t)imm : (uint32_t)imm;
	if (d.is_const && d.by == 0 && d.is_signed)
		d.is_signed = false; /* as unsigned */
	if (d.is_const && !d.is_signed && (!x->j->blinds || d.by == 0) && divide_const(x, &d))
		return;
	divide_general(x, &d);
}
