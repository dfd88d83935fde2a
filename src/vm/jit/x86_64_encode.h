/* x86-64 instructions as bytes. Numbers of opcodes and fields are Intel's manual, volume 2. */
#ifndef SKEP_VM_JIT_X86_64_ENCODE_H
#define SKEP_VM_JIT_X86_64_ENCODE_H

#include "vm/jit/jit.h"

enum x86_reg {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	NO_REG,
};

/* [base + (index << scale) + disp]; base and index may be NO_REG. */
struct x86_mem {
	uint8_t base, index, scale;
	int32_t disp;
};

/* Operation of the group that shares encodings (opcode / 8, or /n of 0x81 and 0x83). */
enum x86_alu { X_ADD, X_OR, X_ADC, X_SBB, X_AND, X_SUB, X_XOR, X_CMP };
/* /n of 0xc1 and 0xd3. */
enum x86_shift { X_ROL, X_ROR, X_SHL = 4, X_SHR, X_SAR = 7 };
/* Condition codes; the lowest bit negates. */
enum x86_cond {
	CC_B = 2,
	CC_AE,
	CC_E,
	CC_NE,
	CC_BE,
	CC_A,
	CC_L = 12,
	CC_GE,
	CC_LE,
	CC_G,
};

/* Opcodes with what comes before them. */
enum {
	OP_0F = 0x100, /* the two-byte map */
	OP_0F38 = 0x200,
	OP_0F3A = 0x300,
	OP_66 = 0x1000, /* 16-bit operand */
	OP_LOCK = 0x2000,
	OP_BYTE = 0x4000, /* the register operand is 8 bits wide: sil and its kin need REX */
	/* VEX.pp, for BMI2 */
	VEX_66 = 1,
	VEX_F3 = 2,
	VEX_F2 = 3,
};

/* The form of most instructions: a register, and a register or memory. `w`: 64 bits. */
void x86_rr(struct jit *j, uint32_t op, bool w, uint8_t reg, uint8_t rm);
void x86_rm(struct jit *j, uint32_t op, bool w, uint8_t reg, struct x86_mem m);
/* BMI2: map OP_0F38 or OP_0F3A, `pp` VEX_*, second source `v`. */
void x86_vex_rr(struct jit *j, uint32_t op, uint8_t pp, bool w, uint8_t reg, uint8_t v, uint8_t rm);

void x86_byte(struct jit *j, uint8_t byte);
void x86_mov(struct jit *j, bool w, uint8_t dst, uint8_t src); /* !w: zero-extends */
/* The shortest that gives all 64 bits. May change flags only if `may_flags`. */
void x86_mov_imm(struct jit *j, uint8_t dst, uint64_t imm, bool may_flags);
void x86_alu_rr(struct jit *j, enum x86_alu op, bool w, uint8_t dst, uint8_t src);
void x86_alu_rm(struct jit *j, enum x86_alu op, bool w, uint8_t dst, struct x86_mem m);
void x86_alu_imm(struct jit *j, enum x86_alu op, bool w, uint8_t dst, int32_t imm);
void x86_alu_mem_imm(struct jit *j, enum x86_alu op, uint8_t width_b, struct x86_mem m,
                     int32_t imm);
void x86_shift_imm(struct jit *j, enum x86_shift op, bool w, uint8_t dst, uint8_t by);
void x86_lea(struct jit *j, bool w, uint8_t dst, struct x86_mem m);
/* Into all 64 bits of dst. */
void x86_load(struct jit *j, uint8_t width_b, bool is_signed, uint8_t dst, struct x86_mem m);
/* The low width_b bytes of src, extended into all 64 bits of dst. */
void x86_extend(struct jit *j, uint8_t width_b, bool is_signed, uint8_t dst, uint8_t src);
void x86_store(struct jit *j, uint8_t width_b, struct x86_mem m, uint8_t src);
void x86_store_imm(struct jit *j, uint8_t width_b, struct x86_mem m, int32_t imm);
void x86_test(struct jit *j, bool w, uint8_t a, uint8_t b);
void x86_test_imm(struct jit *j, bool w, uint8_t reg, int32_t imm);
void x86_push(struct jit *j, uint8_t reg);
void x86_pop(struct jit *j, uint8_t reg);
void x86_ret(struct jit *j);
void x86_align(struct jit *j, uint32_t to_b); /* by as few instructions as possible */

/* Jumps to labels. */
enum { SITE_JMP, SITE_JCC, SITE_CALL, SITE_LEA };
void x86_jmp(struct jit *j, uint32_t label);
void x86_jcc(struct jit *j, enum x86_cond cc, uint32_t label);
void x86_call_label(struct jit *j, uint32_t label);
void x86_lea_label(struct jit *j, uint8_t dst, uint32_t label);
/* A C function. Through rax where it is out of reach: that register must be free. */
void x86_call(struct jit *j, uint64_t address);

bool x86_reaches(const struct jit_site *s, uint32_t label_off);
bool x86_patch(struct jit *j, const struct jit_site *s, uint32_t label_off);

#endif
