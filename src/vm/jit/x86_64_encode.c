/* x86-64 instructions as bytes: prefixes, ModRM and SIB, the shortest immediate. */
#include "vm/jit/x86_64_encode.h"

#include <assert.h>
#include <string.h>

/* One instruction in the making. */
struct bytes {
	unsigned char b[16];
	uint32_t n;
};

static void add(struct bytes *o, unsigned byte)
{
	o->b[o->n++] = (unsigned char)byte;
}

static void add32(struct bytes *o, uint32_t v)
{
	for (unsigned k = 0; k < 32; k += 8)
		add(o, v >> k);
}

static void done(struct jit *j, const struct bytes *o)
{
	jit_bytes(j, o->b, o->n);
}

static bool is_imm8(int64_t v)
{
	return v >= -128 && v <= 127;
}

/* Prefixes and opcode. `r`, `x`, `b` are the registers of ModRM.reg, SIB.index, ModRM.rm. */
static void add_opcode(struct bytes *o, uint32_t op, bool w, uint8_t r, uint8_t x, uint8_t b,
                       bool rm_is_byte)
{
	unsigned rex = (w ? 8u : 0) | (r & 8u ? 4u : 0) | (x < NO_REG && x & 8u ? 2u : 0) |
	               (b < NO_REG && b & 8u ? 1u : 0);

	if (op & OP_LOCK)
		add(o, 0xf0);
	if (op & OP_66)
		add(o, 0x66);
	if (rex ||
	    ((op & OP_BYTE) && ((r >= RSP && r <= RDI) || (rm_is_byte && b >= RSP && b <= RDI))))
		add(o, 0x40 | rex);
	switch (op & 0x300) {
	case OP_0F:
		add(o, 0x0f);
		break;
	case OP_0F38:
		add(o, 0x0f);
		add(o, 0x38);
		break;
	case OP_0F3A:
		add(o, 0x0f);
		add(o, 0x3a);
		break;
	}
	add(o, op & 0xff);
}

static void add_modrm_reg(struct bytes *o, uint8_t reg, uint8_t rm)
{
	add(o, 0xc0u | (reg & 7u) << 3 | (rm & 7u));
}

/* Base rsp and r12 need a SIB byte, base rbp and r13 a displacement; no base at all is a SIB with a
 * 32-bit displacement. */
static void add_modrm_mem(struct bytes *o, uint8_t reg, struct x86_mem m)
{
	bool has_sib = m.index != NO_REG || m.base == NO_REG || (m.base & 7) == RSP;
	unsigned mod = 2, field = (reg & 7u) << 3;

	assert(m.index != RSP);
	if (m.base == NO_REG || (m.disp == 0 && (m.base & 7) != RBP))
		mod = 0;
	else if (is_imm8(m.disp))
		mod = 1;
	if (has_sib) {
		unsigned index = m.index == NO_REG ? (unsigned)RSP : m.index & 7u;
		unsigned base = m.base == NO_REG ? (unsigned)RBP : m.base & 7u;

		add(o, mod << 6 | field | RSP);
		add(o, (unsigned)m.scale << 6 | index << 3 | base);
	} else {
		add(o, mod << 6 | field | (m.base & 7u));
	}
	if (mod == 1)
		add(o, (unsigned)m.disp);
	else if (mod == 2 || m.base == NO_REG)
		add32(o, (uint32_t)m.disp);
}

static void add_rr(struct bytes *o, uint32_t op, bool w, uint8_t reg, uint8_t rm)
{
	add_opcode(o, op, w, reg, 0, rm, true);
	add_modrm_reg(o, reg, rm);
}

static void add_rm(struct bytes *o, uint32_t op, bool w, uint8_t reg, struct x86_mem m)
{
	add_opcode(o, op, w, reg, m.index, m.base, false);
	add_modrm_mem(o, reg, m);
}

void x86_rr(struct jit *j, uint32_t op, bool w, uint8_t reg, uint8_t rm)
{
	struct bytes o = {0};

	add_rr(&o, op, w, reg, rm);
	done(j, &o);
}

void x86_rm(struct jit *j, uint32_t op, bool w, uint8_t reg, struct x86_mem m)
{
	struct bytes o = {0};

	add_rm(&o, op, w, reg, m);
	done(j, &o);
}

void x86_vex_rr(struct jit *j, uint32_t op, uint8_t pp, bool w, uint8_t reg, uint8_t v, uint8_t rm)
{
	struct bytes o = {0};

	add(&o, 0xc4);
	add(&o, (reg & 8 ? 0u : 0x80u) | 0x40u | (rm & 8 ? 0u : 0x20u) | (op & 0x300) >> 8);
	add(&o, (w ? 0x80u : 0) | (~(unsigned)v & 15u) << 3 | pp);
	add(&o, op & 0xff);
	add_modrm_reg(&o, reg, rm);
	done(j, &o);
}

void x86_byte(struct jit *j, uint8_t byte)
{
	jit_bytes(j, &byte, 1);
}

void x86_mov(struct jit *j, bool w, uint8_t dst, uint8_t src)
{
	x86_rr(j, 0x89, w, src, dst);
}

void x86_mov_imm(struct jit *j, uint8_t dst, uint64_t imm, bool may_flags)
{
	struct bytes o = {0};

	if (imm == 0 && may_flags) {
		x86_alu_rr(j, X_XOR, false, dst, dst);
		return;
	}
	if (imm <= UINT32_MAX) {
		if (dst & 8)
			add(&o, 0x41);
		add(&o, 0xb8u | (dst & 7u));
		add32(&o, (uint32_t)imm);
	} else if ((int64_t)imm >= INT32_MIN && (int64_t)imm < 0) {
		add_rr(&o, 0xc7, true, 0, dst);
		add32(&o, (uint32_t)imm);
	} else {
		add(&o, dst & 8 ? 0x49 : 0x48);
		add(&o, 0xb8u | (dst & 7u));
		add32(&o, (uint32_t)imm);
		add32(&o, (uint32_t)(imm >> 32));
	}
	done(j, &o);
}

void x86_alu_rr(struct jit *j, enum x86_alu op, bool w, uint8_t dst, uint8_t src)
{
	x86_rr(j, op * 8u + 1, w, src, dst);
}

void x86_alu_rm(struct jit *j, enum x86_alu op, bool w, uint8_t dst, struct x86_mem m)
{
	x86_rm(j, op * 8u + 3, w, dst, m);
}

void x86_alu_imm(struct jit *j, enum x86_alu op, bool w, uint8_t dst, int32_t imm)
{
	struct bytes o = {0};

	if (is_imm8(imm)) {
		add_rr(&o, 0x83, w, op, dst);
		add(&o, (unsigned)imm);
	} else {
		if (dst == RAX) {
			if (w)
				add(&o, 0x48);
			add(&o, op * 8u + 5);
		} else {
			add_rr(&o, 0x81, w, op, dst);
		}
		add32(&o, (uint32_t)imm);
	}
	done(j, &o);
}

void x86_alu_mem_imm(struct jit *j, enum x86_alu op, uint8_t width_b, struct x86_mem m, int32_t imm)
{
	struct bytes o = {0};

	if (width_b == 1) {
		add_rm(&o, 0x80, false, op, m);
		add(&o, (unsigned)imm);
	} else if (is_imm8(imm)) {
		add_rm(&o, 0x83 | (width_b == 2 ? OP_66 : 0), width_b == 8, op, m);
		add(&o, (unsigned)imm);
	} else {
		/* A 16-bit immediate makes the decoder stall (LCP): callers avoid it. */
		assert(width_b != 2);
		add_rm(&o, 0x81, width_b == 8, op, m);
		add32(&o, (uint32_t)imm);
	}
	done(j, &o);
}

void x86_shift_imm(struct jit *j, enum x86_shift op, bool w, uint8_t dst, uint8_t by)
{
	struct bytes o = {0};

	if (by == 1) {
		add_rr(&o, 0xd1, w, op, dst);
	} else {
		add_rr(&o, 0xc1, w, op, dst);
		add(&o, by);
	}
	done(j, &o);
}

void x86_lea(struct jit *j, bool w, uint8_t dst, struct x86_mem m)
{
	/* A scaled index alone wants four more bytes than the same twice. */
	if (m.base == NO_REG && m.index != NO_REG && m.scale == 1) {
		m.base = m.index;
		m.scale = 0;
	}
	x86_rm(j, 0x8d, w, dst, m);
}

void x86_load(struct jit *j, uint8_t width_b, bool is_signed, uint8_t dst, struct x86_mem m)
{
	switch (width_b) {
	case 1:
		x86_rm(j, OP_0F | (is_signed ? 0xbe : 0xb6), is_signed, dst, m);
		break;
	case 2:
		x86_rm(j, OP_0F | (is_signed ? 0xbf : 0xb7), is_signed, dst, m);
		break;
	case 4:
		x86_rm(j, is_signed ? 0x63 : 0x8b, is_signed, dst, m);
		break;
	default:
		x86_rm(j, 0x8b, true, dst, m);
	}
}

void x86_extend(struct jit *j, uint8_t width_b, bool is_signed, uint8_t dst, uint8_t src)
{
	struct bytes o = {0};

	switch (width_b) {
	case 1:
		/* Only the source is a byte. */
		add_opcode(&o, OP_0F | OP_BYTE | (is_signed ? 0xbe : 0xb6), is_signed, dst, 0, src,
		           true);
		add_modrm_reg(&o, dst, src);
		break;
	case 2:
		add_rr(&o, OP_0F | (is_signed ? 0xbf : 0xb7), is_signed, dst, src);
		break;
	case 4:
		if (!is_signed) {
			x86_mov(j, false, dst, src);
			return;
		}
		add_rr(&o, 0x63, true, dst, src);
		break;
	default:
		x86_mov(j, true, dst, src);
		return;
	}
	done(j, &o);
}

void x86_store(struct jit *j, uint8_t width_b, struct x86_mem m, uint8_t src)
{
	if (width_b == 1)
		x86_rm(j, OP_BYTE | 0x88, false, src, m);
	else
		x86_rm(j, width_b == 2 ? OP_66 | 0x89 : 0x89, width_b == 8, src, m);
}

void x86_store_imm(struct jit *j, uint8_t width_b, struct x86_mem m, int32_t imm)
{
	struct bytes o = {0};

	if (width_b == 1) {
		add_rm(&o, 0xc6, false, 0, m);
		add(&o, (unsigned)imm);
	} else if (width_b == 2) {
		add_rm(&o, OP_66 | 0xc7, false, 0, m);
		add(&o, (unsigned)imm);
		add(&o, (unsigned)imm >> 8);
	} else {
		add_rm(&o, 0xc7, width_b == 8, 0, m);
		add32(&o, (uint32_t)imm);
	}
	done(j, &o);
}

void x86_test(struct jit *j, bool w, uint8_t a, uint8_t b)
{
	x86_rr(j, 0x85, w, b, a);
}

void x86_test_imm(struct jit *j, bool w, uint8_t reg, int32_t imm)
{
	struct bytes o = {0};

	if (imm >= 0 && imm <= 0x7f) { /* the flags that matter, ZF and SF, are those of a byte */
		add_rr(&o, OP_BYTE | 0xf6, false, 0, reg);
		add(&o, (unsigned)imm);
	} else {
		add_rr(&o, 0xf7, w && imm < 0, 0, reg);
		add32(&o, (uint32_t)imm);
	}
	done(j, &o);
}

void x86_push(struct jit *j, uint8_t reg)
{
	if (reg & 8)
		x86_byte(j, 0x41);
	x86_byte(j, 0x50 | (reg & 7));
}

void x86_pop(struct jit *j, uint8_t reg)
{
	if (reg & 8)
		x86_byte(j, 0x41);
	x86_byte(j, 0x58 | (reg & 7));
}

void x86_ret(struct jit *j)
{
	x86_byte(j, 0xc3);
}

void x86_align(struct jit *j, uint32_t to_b)
{
	/* Intel's manual, volume 2, NOP: recommended multi-byte sequences. */
	static const unsigned char nops[9][9] = {
	    {0x90},
	    {0x66, 0x90},
	    {0x0f, 0x1f, 0x00},
	    {0x0f, 0x1f, 0x40, 0x00},
	    {0x0f, 0x1f, 0x44, 0x00, 0x00},
	    {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
	    {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
	    {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
	    {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
	};
	uint32_t left = -jit_here(j) & (to_b - 1);

	while (left) {
		uint32_t n = left < 9 ? left : 9;

		jit_bytes(j, nops[n - 1], n);
		left -= n;
	}
}

/* ---- jumps ------------------------------------------------------------------------------------
 */

void x86_jmp(struct jit *j, uint32_t label)
{
	static const unsigned char is_short[2] = {0xeb}, is_long[5] = {0xe9};

	if (jit_site(j, label, SITE_JMP))
		jit_bytes(j, is_long, sizeof(is_long));
	else
		jit_bytes(j, is_short, sizeof(is_short));
}

void x86_jcc(struct jit *j, enum x86_cond cc, uint32_t label)
{
	unsigned char is_short[2] = {(unsigned char)(0x70 | cc)};
	unsigned char is_long[6] = {0x0f, (unsigned char)(0x80 | cc)};

	if (jit_site(j, label, SITE_JCC))
		jit_bytes(j, is_long, sizeof(is_long));
	else
		jit_bytes(j, is_short, sizeof(is_short));
}

void x86_call_label(struct jit *j, uint32_t label)
{
	static const unsigned char call[5] = {0xe8};

	jit_site(j, label, SITE_CALL);
	jit_bytes(j, call, sizeof(call));
}

void x86_lea_label(struct jit *j, uint8_t dst, uint32_t label)
{
	unsigned char lea[7] = {(unsigned char)(0x48 | (dst & 8 ? 4 : 0)), 0x8d,
	                        (unsigned char)((dst & 7) << 3 | 5)}; /* [rip + disp32] */

	jit_site(j, label, SITE_LEA);
	jit_bytes(j, lea, sizeof(lea));
}

void x86_call(struct jit *j, uint64_t address)
{
	int64_t distance = (int64_t)(address - (j->base + jit_here(j) + 5));
	struct bytes o = {0};

	/* Not as near as can be: code may still move while jumps grow. */
	if (distance > -(INT32_MAX - (1 << 28)) && distance < INT32_MAX - (1 << 28)) {
		add(&o, 0xe8);
		add32(&o, (uint32_t)distance);
	} else {
		x86_mov_imm(j, RAX, address, false);
		add(&o, 0xff);
		add_modrm_reg(&o, 2, RAX);
	}
	done(j, &o);
}

bool x86_reaches(const struct jit_site *s, uint32_t label_off)
{
	return s->kind > SITE_JCC || is_imm8((int64_t)label_off - s->at - 2);
}

bool x86_patch(struct jit *j, const struct jit_site *s, uint32_t label_off)
{
	static const uint8_t long_b[] = {
	    [SITE_JMP] = 5, [SITE_JCC] = 6, [SITE_CALL] = 5, [SITE_LEA] = 7};
	unsigned char *at = j->code.items + s->at;
	bool is_short = s->kind <= SITE_JCC && !s->is_long;
	int32_t distance = (int32_t)(label_off - s->at - (is_short ? 2u : long_b[s->kind]));

	if (is_short)
		at[1] = (unsigned char)distance;
	else
		memcpy(at + long_b[s->kind] - 4, &(uint32_t){(uint32_t)distance}, 4);
	return true; /* code is at most INT32_MAX long */
}
