/* Pending values: kept, combined by their users, computed at last (x86_64.h has the rules). */
#include "vm/jit/x86_64.h"

#include <assert.h>

const uint8_t x86_home[BPF_N_REGS] = {RAX, RDI, RSI, RDX, RCX, R8, RBX, R13, R14, R15, RBP};

bool x86_is_live(const struct x86 *x, uint8_t r)
{
	return (x->live >> r & 1) != 0;
}

bool x86_is_zext(const struct x86 *x, uint8_t r)
{
	return (x->plan->slots[x->pc].zext_in >> r & 1) != 0;
}

bool x86_is_copy(const struct value *v)
{
	return v->kind == V_LEA && !v->is_32 && v->m.index == NO_REG && v->m.disp == 0;
}

static bool names(const struct value *v, uint8_t reg)
{
	switch (v->kind) {
	case V_LEA:
	case V_LOAD:
		return v->m.base == reg || v->m.index == reg;
	case V_EXTEND:
	case V_SHIFT:
	case V_AND:
		return v->reg == reg;
	default:
		return false;
	}
}

/* Names homes of others. */
static bool depends(const struct value *v, uint8_t own)
{
	switch (v->kind) {
	case V_LEA:
	case V_LOAD:
		return (v->m.base != own && v->m.base != NO_REG) ||
		       (v->m.index != own && v->m.index != NO_REG);
	case V_EXTEND:
	case V_SHIFT:
	case V_AND:
		return v->reg != own;
	default:
		return false;
	}
}

void x86_separate(struct x86 *x, uint8_t r)
{
	if (x86_is_live(x, r) && names(&x->v[r], x86_home[r]) && depends(&x->v[r], x86_home[r]))
		x86_settle(x, r);
}

void x86_const(struct x86 *x, uint8_t reg, uint64_t imm)
{
	uint64_t key;

	if (!x->j->blinds) {
		x86_mov_imm(x->j, reg, imm, true);
		return;
	}
	/* Always the longest forms: lengths must not depend on the key. */
	key = jit_random(x->j) | 1ull << 63;
	if (imm <= UINT32_MAX) {
		unsigned char op[2] = {(unsigned char)(0xb8 | (reg & 7))};

		if (reg & 8)
			x86_byte(x->j, 0x41);
		jit_bytes(x->j, op, 1);
		jit_u32(x->j, (uint32_t)(imm ^ key));
		if (reg & 8)
			x86_byte(x->j, 0x41);
		x86_byte(x->j, 0x81);
		x86_byte(x->j, 0xf0 | (reg & 7)); /* xor r32, imm32 */
		jit_u32(x->j, (uint32_t)key);
		return;
	}
	for (int half = 0; half < 2; half++) {
		uint8_t to = half ? SCRATCH_3 : reg;
		uint64_t v = half ? key : imm ^ key;

		x86_byte(x->j, to & 8 ? 0x49 : 0x48);
		x86_byte(x->j, 0xb8 | (to & 7));
		jit_u32(x->j, (uint32_t)v);
		jit_u32(x->j, (uint32_t)(v >> 32));
	}
	x86_alu_rr(x->j, X_XOR, true, reg, SCRATCH_3);
}

/* ---- computing --------------------------------------------------------------------------------
 */

static void settle_lea(struct x86 *x, uint8_t r, const struct value *v)
{
	uint8_t home = x86_home[r];
	bool w = !v->is_32;
	struct x86_mem m = v->m;

	if (m.base == NO_REG && m.index != NO_REG && m.scale == 0) {
		m.base = m.index;
		m.index = NO_REG;
	}
	if (m.index == home && m.scale == 0 && m.base != home) {
		m.index = m.base;
		m.base = home;
	}
	if (m.index == NO_REG && m.disp == 0) {
		if (m.base != home || !w)
			x86_mov(x->j, w, home, m.base);
	} else if (m.base == home && m.index == NO_REG) {
		x86_alu_imm(x->j, X_ADD, w, home, m.disp);
		x86_set_flags(x, r, w);
	} else if (m.base == home && m.disp == 0 && m.scale == 0) {
		x86_alu_rr(x->j, X_ADD, w, home, m.index);
		x86_set_flags(x, r, w);
	} else if (m.base == NO_REG && m.index == home && m.disp == 0) {
		x86_shift_imm(x->j, X_SHL, w, home, m.scale);
		x86_set_flags(x, r, w);
	} else {
		x86_lea(x->j, w, home, m);
	}
}

static void settle_shift(struct x86 *x, uint8_t r, const struct value *v)
{
	uint8_t home = x86_home[r];

	if (v->reg != home)
		x86_mov(x->j, !v->is_32, home, v->reg);
	x86_shift_imm(x->j, v->shift, !v->is_32, home, (uint8_t)v->imm);
	x86_set_flags(x, r, !v->is_32);
}

static void settle_and(struct x86 *x, uint8_t r, const struct value *v)
{
	uint8_t home = x86_home[r];
	int32_t imm = (int32_t)v->imm;
	bool w = !v->is_32 && imm < 0;

	if (imm == 0xff || imm == 0xffff) {
		x86_extend(x->j, imm == 0xff ? 1 : 2, false, home, v->reg);
		return;
	}
	if (v->reg != home)
		x86_mov(x->j, w, home, v->reg);
	x86_alu_imm(x->j, X_AND, w, home, imm);
	x86_set_flags(x, r, w);
}

static void settle_extend(struct x86 *x, uint8_t r, const struct value *v)
{
	if (v->is_32 && v->is_signed) /* to 32 bits, whose upper half is 0 */
		x86_rr(x->j, OP_0F | (v->width_b == 1 ? OP_BYTE | 0xbe : 0xbf), false, x86_home[r],
		       v->reg);
	else
		x86_extend(x->j, v->width_b, v->is_signed, x86_home[r], v->reg);
}

void x86_settle(struct x86 *x, uint8_t r)
{
	struct value v = x->v[r];
	uint8_t home = x86_home[r];

	if (v.kind == V_HOME)
		return;
	x86_free_home(x, r);
	x->v[r].kind = V_HOME;
	switch (v.kind) {
	case V_CONST:
		x86_const(x, home, v.imm);
		break;
	case V_LEA:
		settle_lea(x, r, &v);
		break;
	case V_LOAD:
		x86_load(x->j, v.width_b, v.is_signed, home, v.m);
		if (v.imm)
			x86_shift_imm(x->j, X_SHL, false, home, (uint8_t)v.imm);
		break;
	case V_EXTEND:
		settle_extend(x, r, &v);
		break;
	case V_SHIFT:
		settle_shift(x, r, &v);
		break;
	case V_AND:
		settle_and(x, r, &v);
		break;
	}
}

void x86_settle_set(struct x86 *x, uint16_t set)
{
	for (uint8_t r = 0; r < 10; r++)
		if (set >> r & 1)
			x86_settle(x, r);
}

void x86_settle_loads(struct x86 *x)
{
	for (uint8_t r = 0; r < 10; r++)
		if (x->v[r].kind == V_LOAD)
			x86_settle(x, r);
}

static void free_home(struct x86 *x, uint8_t r, uint16_t needed)
{
	for (uint8_t k = 0; k < 10; k++)
		if (k != r && (needed >> k & 1) && names(&x->v[k], x86_home[r]))
			x86_settle(x, k);
	if (x->key_reg == x86_home[r])
		x->key_reg = NO_REG;
}

void x86_free_home(struct x86 *x, uint8_t r)
{
	free_home(x, r, 0x3ff);
}

bool x86_is_named(const struct x86 *x, uint8_t reg)
{
	for (uint8_t k = 0; k < 10; k++)
		if (x86_is_live(x, k) && names(&x->v[k], reg))
			return true;
	return false;
}

bool x86_names(const struct x86 *x, uint8_t r, uint8_t reg)
{
	return names(&x->v[r], reg);
}

/* Its low half, or all of it, is some home's. */
static bool is_register(const struct value *v, bool w)
{
	return v->kind == V_HOME || (v->kind == V_LEA && v->m.index == NO_REG && v->m.disp == 0 &&
	                             v->m.base != NO_REG && (!w || !v->is_32));
}

static uint8_t register_of(const struct x86 *x, uint8_t r)
{
	return x->v[r].kind == V_HOME ? x86_home[r] : x->v[r].m.base;
}

uint8_t x86_use(struct x86 *x, uint8_t r, bool w)
{
	if (!is_register(&x->v[r], w))
		x86_settle(x, r);
	return register_of(x, r);
}

void x86_use_two(struct x86 *x, uint8_t a, uint8_t b, bool w, uint8_t *ret_a, uint8_t *ret_b)
{
	/* Settling one may settle the other, which only brings it home. */
	x86_use(x, a, w);
	x86_use(x, b, w);
	*ret_a = register_of(x, a);
	*ret_b = register_of(x, b);
}

uint8_t x86_modify(struct x86 *x, uint8_t r)
{
	x86_settle(x, r);
	x86_free_home(x, r);
	return x86_home[r];
}

uint8_t x86_define(struct x86 *x, uint8_t r)
{
	x->v[r].kind = V_HOME;
	free_home(x, r, x->live);
	return x86_home[r];
}

void x86_pend(struct x86 *x, uint8_t r, const struct value *v)
{
	struct value next = *v;

	/* Whoever names the home must still be computable before this one is: only if this one
	 * names no home but its own. */
	if (depends(&next, x86_home[r]))
		x86_define(x, r);
	x->v[r] = next;
}

struct x86_mem x86_address_two(struct x86 *x, uint8_t r, int16_t off, uint8_t other, bool w,
                               uint8_t *ret_other)
{
	struct x86_mem m;

	x86_address(x, r, off);
	x86_use(x, other, w); /* may bring the address home */
	m = x86_address(x, r, off);
	*ret_other = register_of(x, other);
	return m;
}

struct x86_mem x86_address(struct x86 *x, uint8_t r, int16_t off)
{
	const struct value *v = &x->v[r];

	if (v->kind == V_LEA && !v->is_32) {
		int64_t disp = (int64_t)v->m.disp + off;

		if (disp >= INT32_MIN && disp <= INT32_MAX) {
			struct x86_mem m = v->m;

			m.disp = (int32_t)disp;
			return m;
		}
	}
	if (v->kind == V_CONST && v->imm <= INT32_MAX - INT16_MAX)
		return (struct x86_mem){NO_REG, NO_REG, 0, (int32_t)v->imm + off};
	x86_settle(x, r);
	return (struct x86_mem){x86_home[r], NO_REG, 0, off};
}

bool x86_imm32(const struct x86 *x, uint8_t r, bool is_32, int32_t *ret)
{
	const struct value *v = &x->v[r];

	if (v->kind != V_CONST)
		return false;
	if (!is_32 && (uint64_t)(int64_t)(int32_t)v->imm != v->imm)
		return false;
	*ret = (int32_t)v->imm;
	return true;
}

void x86_set_flags(struct x86 *x, uint8_t r, bool w)
{
	x->flags_at = jit_here(x->j);
	x->flags_reg = r;
	x->flags_w = w;
}
