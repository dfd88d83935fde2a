/* Instructions of arm64 as numbers, one small function per form (Arm Architecture Reference Manual
 * for A-profile, DDI 0487, chapter C6). Where a form has both widths, `wide` chooses 64 bits. */
#ifndef SKEP_VM_JIT_ARM64_ENCODE_H
#define SKEP_VM_JIT_ARM64_ENCODE_H

#include <stdbool.h>
#include <stdint.h>

enum arm64_reg {
	X0,
	X1,
	X2,
	X3,
	X4,
	X5,
	X7 = 7,
	X9 = 9,
	X10,
	X11,
	X12,
	X16 = 16,
	X19 = 19,
	X20,
	X21,
	X22,
	X23,
	FP = 29,
	LR,
	ZR = 31, /* zero in most places ... */
	SP = 31, /* ... the stack pointer as a base and in immediate additions */
};

enum arm64_cond {
	CC_EQ,
	CC_NE,
	CC_HS,
	CC_LO,
	CC_MI,
	CC_PL,
	CC_VS,
	CC_VC,
	CC_HI,
	CC_LS,
	CC_GE,
	CC_LT,
	CC_GT,
	CC_LE,
};

static inline enum arm64_cond a64_invert(enum arm64_cond c)
{
	return c ^ 1;
}

static inline uint32_t a64_sf(bool wide)
{
	return (uint32_t)wide << 31;
}

/* ---- register operands ---------------------------------------------------------------------- */

/* Operations of two registers; the numbers are the instruction's fixed bits. */
enum arm64_op3 {
	A64_ADD = 0x0b000000,
	A64_ADDS = 0x2b000000,
	A64_SUB = 0x4b000000,
	A64_SUBS = 0x6b000000,
	A64_AND = 0x0a000000,
	A64_ORR = 0x2a000000,
	A64_ORN = 0x2a200000,
	A64_EOR = 0x4a000000,
	A64_ANDS = 0x6a000000,
	A64_UDIV = 0x1ac00800,
	A64_SDIV = 0x1ac00c00,
	A64_LSLV = 0x1ac02000,
	A64_LSRV = 0x1ac02400,
	A64_ASRV = 0x1ac02800,
};

static inline uint32_t a64_op3(enum arm64_op3 op, bool wide, unsigned rd, unsigned rn, unsigned rm)
{
	return op | a64_sf(wide) | rm << 16 | rn << 5 | rd;
}

static inline uint32_t a64_mov(bool wide, unsigned rd, unsigned rm)
{
	return a64_op3(A64_ORR, wide, rd, ZR, rm);
}

/* rd = ra + rn * rm, rd = ra - rn * rm */
static inline uint32_t a64_madd(bool wide, unsigned rd, unsigned rn, unsigned rm, unsigned ra)
{
	return 0x1b000000 | a64_sf(wide) | rm << 16 | ra << 10 | rn << 5 | rd;
}

static inline uint32_t a64_msub(bool wide, unsigned rd, unsigned rn, unsigned rm, unsigned ra)
{
	return 0x1b008000 | a64_sf(wide) | rm << 16 | ra << 10 | rn << 5 | rd;
}

/* rd = ra + (u64)wn * wm */
static inline uint32_t a64_umaddl(unsigned rd, unsigned rn, unsigned rm, unsigned ra)
{
	return 0x9ba00000 | rm << 16 | ra << 10 | rn << 5 | rd;
}

/* The upper half of the product. */
static inline uint32_t a64_umulh(unsigned rd, unsigned rn, unsigned rm)
{
	return 0x9bc07c00 | rm << 16 | rn << 5 | rd;
}

/* rd = cond ? rn : rm, and cond ? rn : rm + 1 */
static inline uint32_t a64_csel(bool wide, unsigned rd, unsigned rn, unsigned rm, enum arm64_cond c)
{
	return 0x1a800000 | a64_sf(wide) | rm << 16 | (uint32_t)c << 12 | rn << 5 | rd;
}

static inline uint32_t a64_csinc(bool wide, unsigned rd, unsigned rn, unsigned rm,
                                 enum arm64_cond c)
{
	return a64_csel(wide, rd, rn, rm, c) | 1u << 10;
}

/* Bytes reversed: in each half-word, in a word, in all 8. */
static inline uint32_t a64_rev16(unsigned rd, unsigned rn)
{
	return 0x5ac00400 | rn << 5 | rd;
}

static inline uint32_t a64_rev(bool wide, unsigned rd, unsigned rn)
{
	return (wide ? 0xdac00c00 : 0x5ac00800) | rn << 5 | rd;
}

/* ---- bit fields: shifts by constants and extensions ----------------------------------------- */

static inline uint32_t a64_ubfm(bool wide, unsigned rd, unsigned rn, unsigned immr, unsigned imms)
{
	return 0x53000000 | a64_sf(wide) | (uint32_t)wide << 22 | immr << 16 | imms << 10 |
	       rn << 5 | rd;
}

static inline uint32_t a64_sbfm(bool wide, unsigned rd, unsigned rn, unsigned immr, unsigned imms)
{
	return a64_ubfm(wide, rd, rn, immr, imms) & ~(1u << 30);
}

/* (rn << left) >> right in one; is_signed says how it is shifted right. */
static inline uint32_t a64_shifts(bool wide, bool is_signed, unsigned rd, unsigned rn,
                                  unsigned left, unsigned right)
{
	unsigned top = wide ? 63 : 31;
	unsigned immr = (right - left) & top, imms = top - left;
	return is_signed ? a64_sbfm(wide, rd, rn, immr, imms) : a64_ubfm(wide, rd, rn, immr, imms);
}

/* ---- immediates ----------------------------------------------------------------------------- */

enum arm64_op_imm {
	A64_ADD_IMM = 0x11000000,
	A64_ADDS_IMM = 0x31000000,
	A64_SUB_IMM = 0x51000000,
	A64_SUBS_IMM = 0x71000000,
};

/* Twelve bits, maybe shifted left by twelve. */
static inline bool a64_is_imm12(uint64_t v)
{
	return v < 0x1000 || (v < 0x1000000 && !(v & 0xfff));
}

static inline uint32_t a64_op_imm(enum arm64_op_imm op, bool wide, unsigned rd, unsigned rn,
                                  uint32_t imm12)
{
	uint32_t field = imm12 < 0x1000 ? imm12 << 10 : (1u << 22) | (imm12 >> 12) << 10;
	return op | a64_sf(wide) | field | rn << 5 | rd;
}

enum arm64_logic_imm {
	A64_AND_IMM = 0x12000000,
	A64_ORR_IMM = 0x32000000,
	A64_EOR_IMM = 0x52000000,
	A64_ANDS_IMM = 0x72000000,
};

/* `mask` is what a64_bitmask() gave. */
static inline uint32_t a64_logic_imm(enum arm64_logic_imm op, bool wide, unsigned rd, unsigned rn,
                                     uint32_t mask)
{
	return op | a64_sf(wide) | mask << 10 | rn << 5 | rd;
}

/* The thirteen bits N:immr:imms that stand for `v` (whose upper half is ignored if !wide): a run of
 * ones, rotated, repeated every 2, 4, ... 64 bits. False if v is nothing of the kind. */
bool a64_bitmask(uint64_t v, bool wide, uint32_t *ret);

enum arm64_move_imm {
	A64_MOVN = 0x12800000,
	A64_MOVZ = 0x52800000,
	A64_MOVK = 0x72800000,
};

/* `imm16` goes to bits 16 * part and up. */
static inline uint32_t a64_move_imm(enum arm64_move_imm op, bool wide, unsigned rd, uint32_t imm16,
                                    unsigned part)
{
	return op | a64_sf(wide) | part << 21 | imm16 << 5 | rd;
}

/* Instructions that make rd = v, four at most. Returns how many. If !wide, v has 32 bits. */
enum { A64_CONST_MAX = 4 };
unsigned a64_const(uint32_t ret[A64_CONST_MAX], bool wide, unsigned rd, uint64_t v);

/* ---- memory ---------------------------------------------------------------------------------
 * size: 0 to 3, log2 of the bytes. */

enum arm64_access {
	A64_STORE = 0x38000000,
	A64_LOAD = 0x38400000,
	A64_LOAD_SIGNED = 0x38800000, /* to 64 bits */
};

/* [rn + off], off = imm12 * bytes */
static inline uint32_t a64_mem(enum arm64_access a, unsigned size, unsigned rt, unsigned rn,
                               uint32_t off_b)
{
	return 0x01000000 | a | size << 30 | (off_b >> size) << 10 | rn << 5 | rt;
}

static inline bool a64_is_scaled(int64_t off_b, unsigned size)
{
	return off_b >= 0 && !(off_b & ((1 << size) - 1)) && off_b >> size < 0x1000;
}

/* [rn + off], -256 <= off < 256 */
static inline uint32_t a64_mem_unscaled(enum arm64_access a, unsigned size, unsigned rt,
                                        unsigned rn, int32_t off_b)
{
	return a | size << 30 | ((uint32_t)off_b & 0x1ff) << 12 | rn << 5 | rt;
}

static inline bool a64_is_unscaled(int64_t off_b)
{
	return off_b >= -256 && off_b < 256;
}

/* [rn + rm] */
static inline uint32_t a64_mem_reg(enum arm64_access a, unsigned size, unsigned rt, unsigned rn,
                                   unsigned rm)
{
	return 0x00206800 | a | size << 30 | rm << 16 | rn << 5 | rt;
}

/* Two 64-bit registers at [rn + off_b]; off_b is a multiple of 8. */
enum arm64_pair {
	A64_STP = 0xa9000000,
	A64_LDP = 0xa9400000,
	A64_STP_PRE = 0xa9800000,  /* rn += off_b before */
	A64_LDP_POST = 0xa8c00000, /* rn += off_b after, at [rn] */
};

static inline uint32_t a64_pair(enum arm64_pair op, unsigned rt, unsigned rt2, unsigned rn,
                                int32_t off_b)
{
	return op | ((uint32_t)(off_b / 8) & 0x7f) << 15 | rt2 << 10 | rn << 5 | rt;
}

/* The same without a change of rn; of 32 bits too. `off_b` as a64_is_pair_offset() says. */
static inline uint32_t a64_pair_at(bool is_load, bool wide, unsigned rt, unsigned rt2, unsigned rn,
                                   int32_t off_b)
{
	return 0x29000000 | a64_sf(wide) | (uint32_t)is_load << 22 |
	       ((uint32_t)(off_b / (wide ? 8 : 4)) & 0x7f) << 15 | rt2 << 10 | rn << 5 | rt;
}

static inline bool a64_is_pair_offset(int64_t off_b, bool wide)
{
	int64_t bytes = wide ? 8 : 4;
	return off_b % bytes == 0 && off_b >= -64 * bytes && off_b < 64 * bytes;
}

/* Exclusive pairs and ordered accesses, at [rn]. */
static inline uint32_t a64_ldxr(unsigned size, unsigned rt, unsigned rn)
{
	return 0x085f7c00 | size << 30 | rn << 5 | rt;
}

static inline uint32_t a64_stxr(unsigned size, bool release, unsigned rs, unsigned rt, unsigned rn)
{
	return 0x08007c00 | size << 30 | (uint32_t)release << 15 | rs << 16 | rn << 5 | rt;
}

static inline uint32_t a64_ldar(unsigned size, unsigned rt, unsigned rn)
{
	return 0x08dffc00 | size << 30 | rn << 5 | rt;
}

static inline uint32_t a64_stlr(unsigned size, unsigned rt, unsigned rn)
{
	return 0x089ffc00 | size << 30 | rn << 5 | rt;
}

static inline uint32_t a64_dmb_ish(void)
{
	return 0xd5033bbf;
}

/* FEAT_LSE: rt = [rn], [rn] = rt op rs; `ordered`: acquire and release. */
enum arm64_lse {
	A64_LDADD = 0x38200000,
	A64_LDCLR = 0x38201000,
	A64_LDEOR = 0x38202000,
	A64_LDSET = 0x38203000,
	A64_SWP = 0x38208000,
};

static inline uint32_t a64_lse(enum arm64_lse op, unsigned size, bool ordered, unsigned rs,
                               unsigned rt, unsigned rn)
{
	return op | size << 30 | (ordered ? 3u << 22 : 0) | rs << 16 | rn << 5 | rt;
}

/* CASAL: if [rn] == rs, [rn] = rt; rs = what was there */
static inline uint32_t a64_casal(unsigned size, unsigned rs, unsigned rt, unsigned rn)
{
	return 0x08e0fc00 | size << 30 | rs << 16 | rn << 5 | rt;
}

/* ---- jumps; distances are added by a64_jump_to() -------------------------------------------- */

static inline uint32_t a64_b(void)
{
	return 0x14000000;
}

static inline uint32_t a64_bl(void)
{
	return 0x94000000;
}

static inline uint32_t a64_b_cond(enum arm64_cond c)
{
	return 0x54000000 | c;
}

static inline uint32_t a64_cbz(bool wide, bool if_not_zero, unsigned rt)
{
	return 0x34000000 | a64_sf(wide) | (uint32_t)if_not_zero << 24 | rt;
}

/* If bit number `bit` of rt is (not) zero. */
static inline uint32_t a64_tbz(unsigned bit, bool if_not_zero, unsigned rt)
{
	return 0x36000000 | (bit >> 5) << 31 | (uint32_t)if_not_zero << 24 | (bit & 31) << 19 | rt;
}

static inline uint32_t a64_blr(unsigned rn)
{
	return 0xd63f0000 | rn << 5;
}

static inline uint32_t a64_br(unsigned rn)
{
	return 0xd61f0000 | rn << 5;
}

static inline uint32_t a64_ret(void)
{
	return 0xd65f03c0;
}

static inline uint32_t a64_adr(unsigned rd)
{
	return 0x10000000 | rd;
}

static inline uint32_t a64_adrp(unsigned rd)
{
	return 0x90000000 | rd;
}

/* Where an instruction has its distance, and how far that reaches. */
enum arm64_distance {
	A64_IMM26, /* b, bl */
	A64_IMM19, /* b.cond, cbz */
	A64_IMM14, /* tbz */
	A64_ADR,   /* bytes, not words; adrp: pages */
};

bool a64_reaches(enum arm64_distance d, int64_t distance);
/* The instruction with its distance, in bytes (adrp: pages). */
uint32_t a64_jump_to(uint32_t insn, enum arm64_distance d, int64_t distance);

#endif
