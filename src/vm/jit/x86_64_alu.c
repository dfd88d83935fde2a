/* Arithmetic. Where it can, an instruction only changes what is pending; where it must compute, it
 * looks for three-operand forms (lea, imul, rorx, shlx) and memory operands. */
#include "vm/jit/x86_64.h"

#include <assert.h>

/* The right operand of an instruction. */
struct operand {
	bool is_imm;
	int32_t imm; /* sign-extended by 64-bit operations */
	uint8_t r;   /* BPF register, or BPF_N_REGS: the blinded constant in SCRATCH */
};

static struct operand operand_of(struct x86 *x, const struct bpf_insn *i, bool w)
{
	struct operand o = {.r = i->src_reg};

	if (BPF_SRC(i->code) == BPF_X) {
		o.is_imm = x86_imm32(x, i->src_reg, !w, &o.imm);
		return o;
	}
	if (x->j->blinds) {
		x86_const(x, SCRATCH, w ? (uint64_t)(int64_t)i->imm : (uint32_t)i->imm);
		o.r = BPF_N_REGS;
		return o;
	}
	o.is_imm = true;
	o.imm = i->imm;
	return o;
}

static uint8_t operand_reg(struct x86 *x, const struct operand *o, bool w)
{
	return o->r == BPF_N_REGS ? (uint8_t)SCRATCH : x86_use(x, o->r, w);
}

static struct value lea_of_reg(uint8_t reg, bool is_32)
{
	return (struct value){.kind = V_LEA, .is_32 = is_32, .m = {.base = reg, .index = NO_REG}};
}

static void pend_const(struct x86 *x, uint8_t r, uint64_t imm)
{
	if (x->j->blinds)
		x86_const(x, x86_define(x, r), imm);
	else
		x86_pend(x, r, &(struct value){.kind = V_CONST, .imm = imm});
}

/* The value of a pending load can be an operation's memory operand, once. */
static bool is_load_operand(const struct x86 *x, uint8_t r, bool w)
{
	const struct value *v = &x->v[r];

	return v->kind == V_LOAD && !x86_is_live(x, r) && (w ? v->width_b == 8 : v->width_b >= 4);
}

/* ---- moves ------------------------------------------------------------------------------------
 */

static void move_low(struct x86 *x, uint8_t dst, uint8_t src)
{
	struct value v;

	if (dst != src)
		x86_separate(x, src);
	v = x->v[src];
	switch (v.kind) {
	case V_CONST:
		pend_const(x, dst, (uint32_t)v.imm);
		return;
	case V_LEA: /* the low half of an address is the address of the low halves */
		v.is_32 = true;
		break;
	case V_AND:
		if (x86_is_live(x, src) && src != dst)
			v = lea_of_reg(x86_use(x, src, false), true);
		v.is_32 = true;
		break;
	default:
		v = lea_of_reg(x86_use(x, src, false), true);
	}
	x86_pend(x, dst, &v);
}

static void move(struct x86 *x, uint8_t dst, uint8_t src)
{
	struct value v;

	if (dst == src)
		return;
	x86_separate(x, src);
	v = x->v[src];
	/* Constants and addresses may be computed twice; for anything else that must be kept, this
	 * is the moment. */
	if (v.kind != V_CONST && v.kind != V_LEA && (v.kind == V_HOME || x86_is_live(x, src)))
		v = lea_of_reg(x86_use(x, src, true), false);
	x86_pend(x, dst, &v);
}

static void alu_move(struct x86 *x, const struct bpf_insn *i, bool w)
{
	uint8_t dst = i->dst_reg, src = i->src_reg;

	if (BPF_SRC(i->code) == BPF_K) {
		pend_const(x, dst, w ? (uint64_t)(int64_t)i->imm : (uint32_t)i->imm);
	} else if (i->off) {
		struct value v = {.kind = V_EXTEND,
		                  .is_signed = true,
		                  .is_32 = !w,
		                  .width_b = (uint8_t)(i->off / 8)};

		v.reg = x86_use(x, src, false);
		x86_pend(x, dst, &v);
	} else if (w || x86_is_zext(x, src)) {
		move(x, dst, src);
	} else {
		move_low(x, dst, src);
	}
}

/* ---- addition ---------------------------------------------------------------------------------
 */

/* r as a sum of registers and a displacement, settled if it is nothing of the kind. */
static struct value as_lea(struct x86 *x, uint8_t r, bool w)
{
	if (x->v[r].kind != V_LEA || (w && x->v[r].is_32))
		return lea_of_reg(x86_use(x, r, w), !w);
	return x->v[r];
}

/* Adds b's registers to a's. Two in all, one of them scaled at most. */
static bool add_leas(struct value *a, const struct value *b)
{
	struct {
		uint8_t reg, scale;
	} terms[4];
	const struct x86_mem m[2] = {a->m, b->m};
	uint32_t n = 0;
	int64_t disp = (int64_t)m[0].disp + m[1].disp;

	for (int k = 0; k < 2; k++) {
		if (m[k].base != NO_REG) {
			terms[n].reg = m[k].base;
			terms[n++].scale = 0;
		}
		if (m[k].index != NO_REG) {
			terms[n].reg = m[k].index;
			terms[n++].scale = m[k].scale;
		}
	}
	if (n > 2 || disp != (int32_t)disp || (n == 2 && terms[0].scale && terms[1].scale))
		return false;
	a->m = (struct x86_mem){NO_REG, NO_REG, 0, (int32_t)disp};
	if (n == 0)
		return false;
	if (n == 1 && terms[0].scale == 0) {
		a->m.base = terms[0].reg;
	} else if (n == 1) {
		a->m.index = terms[0].reg;
		a->m.scale = terms[0].scale;
	} else {
		uint32_t scaled = terms[0].scale ? 0 : 1;

		a->m.base = terms[!scaled].reg;
		a->m.index = terms[scaled].reg;
		a->m.scale = terms[scaled].scale;
	}
	return true;
}

static void add_imm(struct x86 *x, uint8_t dst, int64_t imm, bool w)
{
	struct value v = as_lea(x, dst, w);
	int64_t disp = v.m.disp + imm;

	if (!w)
		disp = (int32_t)(uint32_t)disp;
	if (disp != (int32_t)disp) {
		v = lea_of_reg(x86_modify(x, dst), false);
		disp = imm;
		if (disp != (int32_t)disp) { /* -INT32_MIN */
			x86_mov_imm(x->j, SCRATCH, (uint64_t)imm, true);
			x86_alu_rr(x->j, X_ADD, true, x86_home[dst], SCRATCH);
			return;
		}
	}
	v.m.disp = (int32_t)disp;
	v.is_32 = !w;
	x86_pend(x, dst, &v);
}

/* A constant plus a register: the address of a global variable's element. */
static bool add_to_const(struct x86 *x, uint8_t dst, uint8_t src, bool w)
{
	struct value v;
	int64_t disp;
	int32_t imm;

	if (dst == src || !x86_imm32(x, dst, !w, &imm))
		return false;
	x86_separate(x, src);
	v = as_lea(x, src, w);
	disp = (int64_t)v.m.disp + imm;
	if (w && disp != (int32_t)disp)
		return false;
	v.m.disp = (int32_t)disp;
	v.is_32 = !w;
	x86_pend(x, dst, &v);
	return true;
}

static void add_reg(struct x86 *x, uint8_t dst, uint8_t src, bool w)
{
	struct value a, b;

	if (add_to_const(x, dst, src, w))
		return;

	if (is_load_operand(x, src, w)) {
		uint8_t home = x86_modify(x, dst);

		if (x->v[src].kind == V_LOAD) {
			x86_alu_rm(x->j, X_ADD, w, home, x->v[src].m);
			x86_set_flags(x, dst, w);
			return;
		}
	}
	if (dst != src)
		x86_separate(x, src);
	as_lea(x, dst, w);
	b = as_lea(x, src, w); /* may settle dst */
	a = as_lea(x, dst, w);
	if (!add_leas(&a, &b)) {
		/* The sum of more than two: the one with more terms is computed. */
		x86_settle(x, b.m.base != NO_REG && b.m.index != NO_REG ? src : dst);
		b = as_lea(x, src, w);
		a = as_lea(x, dst, w);
		if (!add_leas(&a, &b)) {
			x86_settle(x, dst);
			x86_settle(x, src);
			a = as_lea(x, dst, w);
			b = as_lea(x, src, w);
			(void)add_leas(&a, &b);
		}
	}
	a.is_32 = !w;
	x86_pend(x, dst, &a);
}

/* ---- shifts -----------------------------------------------------------------------------------
 */

static void shift_imm(struct x86 *x, uint8_t dst, enum x86_shift op, uint8_t by, bool w);
static bool shift_byte(struct x86 *x, uint8_t dst, enum x86_shift op, uint8_t by);

/* Two shifts in a row that are an extension: (x << 32) >> 32 and its kin. `p`: the first. */
static bool shift_again(struct x86 *x, uint8_t dst, enum x86_shift op, uint8_t by, bool w)
{
	const struct value p = x->v[dst];
	struct value v = {.kind = V_EXTEND, .reg = p.reg, .is_signed = op == X_SAR};
	unsigned bits = w ? 64 : 32;

	if (p.kind != V_SHIFT || p.shift != X_SHL || p.is_32 == w || op == X_SHL)
		return false;
	if (p.imm == by && (bits - by == 8 || bits - by == 16)) {
		v.width_b = (uint8_t)((bits - by) / 8);
		v.is_32 = !w;
		x86_pend(x, dst, &v);
		return true;
	}
	if (!w || p.imm != 32)
		return false;
	if (op == X_SHR && by > 32) {
		v = (struct value){.kind = V_SHIFT, .is_32 = true, .shift = X_SHR};
		v.reg = p.reg;
		v.imm = by - 32u;
		x86_pend(x, dst, &v);
		return true;
	}
	if (op == X_SAR) {
		v.width_b = 4;
		x86_pend(x, dst, &v);
	} else {
		v = lea_of_reg(p.reg, true);
		x86_pend(x, dst, &v);
	}
	if (by != 32) {
		x86_settle(x, dst);
		shift_imm(x, dst, by < 32 ? X_SHL : op, (uint8_t)(by < 32 ? 32 - by : by - 32),
		          true);
	}
	return true;
}

static void shift_imm(struct x86 *x, uint8_t dst, enum x86_shift op, uint8_t by, bool w)
{
	const struct value *p = &x->v[dst];
	struct value v;

	if (by == 0) {
		if (!w)
			move_low(x, dst, dst);
		return;
	}
	if (shift_again(x, dst, op, by, w) || shift_byte(x, dst, op, by))
		return;
	if (op == X_SHL && p->kind == V_LEA && p->m.base == NO_REG && p->m.disp == 0 &&
	    p->m.scale + by <= 3 && p->is_32 == !w) {
		v = *p;
		v.m.scale += by;
	} else if (op == X_SHL && by <= 3) {
		v = (struct value){.kind = V_LEA, .is_32 = !w};
		v.m = (struct x86_mem){NO_REG, x86_use(x, dst, w), by, 0};
	} else {
		v = (struct value){.kind = V_SHIFT, .is_32 = !w, .shift = op, .imm = by};
		v.reg = x86_use(x, dst, w);
	}
	x86_pend(x, dst, &v);
}

static void shift_reg(struct x86 *x, uint8_t dst, enum x86_shift op, uint8_t src, bool w)
{
	static const uint8_t pp[] = {[X_SHL] = VEX_66, [X_SHR] = VEX_F2, [X_SAR] = VEX_F3};
	uint8_t value, count, home;

	x86_use_two(x, dst, src, w, &value, &count);
	if (x->j->features & X86_BMI2) {
		home = x86_define(x, dst);
		x86_vex_rr(x->j, OP_0F38 | 0xf7, pp[op], w, home, count, value);
		return;
	}
	/* The count must be in cl, home of r4. */
	x86_mov(x->j, w, SCRATCH, value);
	if (count != RCX) {
		x86_mov(x->j, true, SCRATCH_2, RCX);
		x86_mov(x->j, false, RCX, count);
	}
	x86_rr(x->j, 0xd3, w, op, SCRATCH);
	if (count != RCX)
		x86_mov(x->j, true, RCX, SCRATCH_2);
	home = x86_define(x, dst);
	x86_mov(x->j, w, home, SCRATCH);
}

static void alu_shift(struct x86 *x, const struct bpf_insn *i, bool w)
{
	uint8_t op = BPF_OP(i->code);
	enum x86_shift shift = op == BPF_LSH ? X_SHL : op == BPF_RSH ? X_SHR : X_SAR;
	int32_t imm = i->imm; /* an amount tells an attacker nothing: never blinded */

	if (BPF_SRC(i->code) == BPF_K || x86_imm32(x, i->src_reg, true, &imm))
		shift_imm(x, i->dst_reg, shift, imm & (w ? 63 : 31), w);
	else
		shift_reg(x, i->dst_reg, shift, i->src_reg, w);
}

/* ---- rotation ---------------------------------------------------------------------------------
 */

/* r as a shift, small ones to the left being addresses. */
static bool as_shift(const struct value *v, struct value *ret)
{
	*ret = *v;
	if (v->kind == V_SHIFT)
		return true;
	if (v->kind != V_LEA || v->m.base != NO_REG || v->m.disp != 0 || v->m.index == NO_REG)
		return false;
	ret->shift = X_SHL;
	ret->reg = v->m.index;
	ret->imm = v->m.scale;
	return true;
}

/* (x << n) | (x >> (bits - n)), with or, xor or add, in either order. */
static bool rotate(struct x86 *x, uint8_t dst, uint8_t src, bool w)
{
	struct value a, b;
	unsigned bits = w ? 64 : 32;
	uint8_t home, right;

	if (!as_shift(&x->v[dst], &a) || !as_shift(&x->v[src], &b) || a.reg != b.reg ||
	    a.is_32 == w || b.is_32 == w || a.imm + b.imm != bits ||
	    !((a.shift == X_SHL && b.shift == X_SHR) || (a.shift == X_SHR && b.shift == X_SHL)))
		return false;
	right = (uint8_t)(a.shift == X_SHR ? a.imm : b.imm);
	home = x86_define(x, dst);
	if (home == a.reg) {
		x86_shift_imm(x->j, X_ROR, w, home, right);
	} else if (x->j->features & X86_BMI2) {
		x86_vex_rr(x->j, OP_0F3A | 0xf0, VEX_F2, w, home, 0, a.reg);
		x86_byte(x->j, right);
	} else {
		x86_mov(x->j, w, home, a.reg);
		x86_shift_imm(x->j, X_ROR, w, home, right);
	}
	return true;
}

/* ---- numbers out of bytes -----------------------------------------------------------------------
 */

static bool is_byte_load(const struct value *v)
{
	return v->kind == V_LOAD && v->width_b == 1 && !v->is_signed;
}

/* A byte of memory, shifted to where it belongs in a number of 16 bits, stays pending as that. */
static bool shift_byte(struct x86 *x, uint8_t dst, enum x86_shift op, uint8_t by)
{
	struct value v = x->v[dst];

	if (!is_byte_load(&v) || v.imm || op != X_SHL || by != 8)
		return false;
	v.imm = 8;
	x86_pend(x, dst, &v);
	return true;
}

/* p[0] << 8 | p[1] is a load of 16 bits whose halves change places, p[1] << 8 | p[0] just that. */
static bool join_bytes(struct x86 *x, uint8_t dst, uint8_t src)
{
	const struct value *a = &x->v[dst], *b = &x->v[src];
	const struct value *high = a->imm ? a : b, *low = a->imm ? b : a;
	struct x86_mem m = high->m;
	int32_t distance;
	uint8_t home;

	if (!is_byte_load(a) || !is_byte_load(b) || a->imm + b->imm != 8 || m.base != low->m.base ||
	    m.index != low->m.index || m.scale != low->m.scale)
		return false;
	distance = low->m.disp - m.disp;
	if (distance != 1 && distance != -1)
		return false;
	m.disp = distance < 0 ? low->m.disp : m.disp;
	home = x86_define(x, dst);
	x86_load(x->j, 2, false, home, m);
	if (distance == 1) {
		x86_rr(x->j, OP_66 | 0xc1, false, X_ROL, home);
		x86_byte(x->j, 8);
	}
	return true;
}

/* ---- the rest ---------------------------------------------------------------------------------
 */

static void alu_mask(struct x86 *x, uint8_t dst, int32_t imm, bool w)
{
	struct value v = {.kind = V_AND, .is_32 = !w, .imm = (uint64_t)(int64_t)imm};

	if (imm == 0) {
		pend_const(x, dst, 0);
		return;
	}
	if (imm == -1) {
		if (!w)
			move_low(x, dst, dst);
		return;
	}
	v.reg = x86_use(x, dst, w && imm < 0);
	x86_pend(x, dst, &v);
}

/* add, sub, and, or, xor where nothing better was found. */
static void alu_plain(struct x86 *x, enum x86_alu op, uint8_t dst, const struct operand *o, bool w)
{
	uint8_t home = x86_modify(x, dst);

	if (o->is_imm) {
		x86_alu_imm(x->j, op, w, home, o->imm);
	} else if (o->r != BPF_N_REGS && o->r != dst && is_load_operand(x, o->r, w)) {
		x86_alu_rm(x->j, op, w, home, x->v[o->r].m);
	} else {
		x86_alu_rr(x->j, op, w, home, operand_reg(x, o, w));
	}
	x86_set_flags(x, dst, w);
}

static void alu_multiply(struct x86 *x, uint8_t dst, const struct operand *o, bool w)
{
	uint8_t home, reg;

	if (o->is_imm && o->imm > 0 && !(o->imm & (o->imm - 1))) {
		shift_imm(x, dst, X_SHL, (uint8_t)__builtin_ctz((uint32_t)o->imm), w);
	} else if (o->is_imm && o->imm == 0) {
		pend_const(x, dst, 0);
	} else if (o->is_imm && (o->imm == 3 || o->imm == 5 || o->imm == 9)) {
		struct value v = {.kind = V_LEA, .is_32 = !w};

		reg = x86_use(x, dst, w);
		v.m = (struct x86_mem){reg, reg, o->imm == 3 ? 1 : o->imm == 5 ? 2 : 3, 0};
		x86_pend(x, dst, &v);
	} else if (o->is_imm) {
		bool is_small = o->imm >= -128 && o->imm <= 127;

		reg = x86_use(x, dst, w);
		home = x86_define(x, dst);
		x86_rr(x->j, is_small ? 0x6b : 0x69, w, home, reg);
		if (is_small)
			x86_byte(x->j, (uint8_t)o->imm);
		else
			jit_u32(x->j, (uint32_t)o->imm);
	} else {
		home = x86_modify(x, dst);
		if (o->r != BPF_N_REGS && o->r != dst && is_load_operand(x, o->r, w))
			x86_rm(x->j, OP_0F | 0xaf, w, home, x->v[o->r].m);
		else
			x86_rr(x->j, OP_0F | 0xaf, w, home, operand_reg(x, o, w));
	}
}

/* Byte order. The CPU's is little-endian: "to little" only cuts off. */
static void alu_end(struct x86 *x, const struct bpf_insn *i)
{
	bool swaps = BPF_CLASS(i->code) == BPF_ALU64 || BPF_SRC(i->code) == BPF_TO_BE;
	const struct value *v = &x->v[i->dst_reg];
	bool is_u16 = v->kind == V_LOAD && v->width_b == 2 && !v->is_signed;
	uint8_t home;

	if (!swaps) {
		if (i->imm == 16) {
			struct value low = {.kind = V_EXTEND, .width_b = 2};

			low.reg = x86_use(x, i->dst_reg, false);
			x86_pend(x, i->dst_reg, &low);
		} else if (i->imm == 32) {
			move_low(x, i->dst_reg, i->dst_reg);
		}
		return;
	}
	home = x86_modify(x, i->dst_reg);
	if (i->imm == 16) {
		x86_rr(x->j, OP_66 | 0xc1, false, X_ROL, home);
		x86_byte(x->j, 8);
		if (!is_u16)
			x86_extend(x->j, 2, false, home, home);
	} else { /* bswap is 0x0f 0xc8 + register: as ModRM it reads 3 << 6 | 1 << 3 | register */
		bool w = i->imm == 64;

		if (w || home & 8)
			x86_byte(x->j, (uint8_t)(0x40 | (w ? 8 : 0) | (home & 8 ? 1 : 0)));
		x86_byte(x->j, 0x0f);
		x86_byte(x->j, 0xc8 | (home & 7));
	}
}

static void alu_subtract(struct x86 *x, uint8_t dst, const struct operand *o, bool w)
{
	if (o->is_imm)
		add_imm(x, dst, -(int64_t)o->imm, w);
	else if (o->r == dst)
		pend_const(x, dst, 0);
	else
		alu_plain(x, X_SUB, dst, o, w);
}

void x86_alu(struct x86 *x, const struct bpf_insn *i)
{
	bool w = BPF_CLASS(i->code) == BPF_ALU64;
	uint8_t dst = i->dst_reg, op = BPF_OP(i->code);
	struct operand o;

	switch (op) {
	case BPF_MOV:
		alu_move(x, i, w);
		return;
	case BPF_NEG:
		x86_rr(x->j, 0xf7, w, 3, x86_modify(x, dst));
		x86_set_flags(x, dst, w);
		return;
	case BPF_END:
		alu_end(x, i);
		return;
	case BPF_DIV:
	case BPF_MOD:
		x86_divide(x, i);
		return;
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH:
		alu_shift(x, i, w);
		return;
	}
	o = operand_of(x, i, w);
	if (!o.is_imm && o.r != BPF_N_REGS && (op == BPF_ADD || op == BPF_OR || op == BPF_XOR) &&
	    (rotate(x, dst, o.r, w) || join_bytes(x, dst, o.r)))
		return;
	switch (op) {
	case BPF_ADD:
		if (o.is_imm)
			add_imm(x, dst, o.imm, w);
		else if (o.r == BPF_N_REGS)
			alu_plain(x, X_ADD, dst, &o, w);
		else
			add_reg(x, dst, o.r, w);
		break;
	case BPF_SUB:
		alu_subtract(x, dst, &o, w);
		break;
	case BPF_AND:
		if (o.is_imm)
			alu_mask(x, dst, o.imm, w);
		else
			alu_plain(x, X_AND, dst, &o, w);
		break;
	case BPF_OR:
		alu_plain(x, X_OR, dst, &o, w);
		break;
	case BPF_XOR:
		alu_plain(x, X_XOR, dst, &o, w);
		break;
	default:
		assert(op == BPF_MUL);
		alu_multiply(x, dst, &o, w);
	}
}
