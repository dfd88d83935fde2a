/* Encoding of instructions: one small function per form of RFC 9669, and the names of its
 * fields that the installed UAPI header may lack. */
#ifndef SKEP_BPF_INSN_H
#define SKEP_BPF_INSN_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/bpf.h>

/* RFC 9669, sections 4 and 5; newer than some installed headers. */
#ifndef BPF_MEMSX
#define BPF_MEMSX 0x80 /* sign-extending load (cpu v4) */
#endif
#ifndef BPF_PSEUDO_MAP_FD
#define BPF_PSEUDO_MAP_FD 1
#endif
#ifndef BPF_PSEUDO_MAP_IDX /* Linux 5.14 */
#define BPF_PSEUDO_MAP_IDX 5
#define BPF_PSEUDO_MAP_IDX_VALUE 6
#endif
#ifndef BPF_LOAD_ACQ /* Linux 6.15: operations of BPF_ATOMIC */
#define BPF_LOAD_ACQ 0x100
#define BPF_STORE_REL 0x110
#endif
#ifndef BPF_JCOND /* Linux 6.9 */
#define BPF_JCOND 0xe0
#endif
/* Enumerators of Linux 6.9's header, so no #ifdef can tell: names of our own. */
enum {
	BPF_CAST_OFF = 1,       /* off of a mov that is BPF_ADDR_SPACE_CAST */
	BPF_CAST_TO_KERNEL = 1, /* its imm: destination << 16 | source space */
	BPF_CAST_TO_USER = 1 << 16,
	/* In listings of loaded programs only: what the kernel's verifier puts in. */
	BPF_PERCPU_OFF = -1,    /* off of a mov: this CPU's copy of a variable (v6.10) */
	BPF_NOSPEC_MODE = 0xc0, /* of BPF_ST: no speculation beyond here (v5.14) */
};

enum {
	BPF_N_REGS = 11,
	BPF_STACK_B = 512, /* per frame, and for all frames of a call chain together */
	BPF_INSN_B = 8,
};

/* BPF_B, BPF_H, BPF_W or BPF_DW for a width of 1, 2, 4 or 8 bytes. */
uint8_t bpf_size_code(uint8_t width_b);
/* 1, 2, 4 or 8 for an opcode of the load and store classes. */
uint8_t bpf_size_bytes(uint8_t code);
bool bpf_is_lddw(const struct bpf_insn *i);
/* Has a target in its own program: conditional and other jumps, may_goto. */
bool bpf_is_jump(const struct bpf_insn *i);
/* Names a function of its own program: a local call, or lddw of a function. */
bool bpf_names_func(const struct bpf_insn *i);
/* Where code[pc] leads if bpf_is_jump() or bpf_names_func(); may be out of any bounds. Distances
 * count from slot pc + 1, for lddw too, where that is its second half. */
int64_t bpf_target(const struct bpf_insn *i, uint32_t pc);

static inline struct bpf_insn bpf_make(uint8_t code, uint8_t dst, uint8_t src, int16_t off,
                                       int32_t imm)
{
	return (struct bpf_insn){
	    .code = code, .dst_reg = dst & 15, .src_reg = src & 15, .off = off, .imm = imm};
}

/* `op` is BPF_ADD .. BPF_ARSH or BPF_MOV; is_32 chooses the 32-bit form. */
static inline struct bpf_insn bpf_alu(uint8_t op, bool is_32, uint8_t dst, uint8_t src)
{
	return bpf_make((is_32 ? BPF_ALU : BPF_ALU64) | op | BPF_X, dst, src, 0, 0);
}

static inline struct bpf_insn bpf_alu_imm(uint8_t op, bool is_32, uint8_t dst, int32_t imm)
{
	return bpf_make((is_32 ? BPF_ALU : BPF_ALU64) | op | BPF_K, dst, 0, 0, imm);
}

static inline struct bpf_insn bpf_mov(uint8_t dst, uint8_t src)
{
	return bpf_alu(BPF_MOV, false, dst, src);
}

static inline struct bpf_insn bpf_mov_imm(uint8_t dst, int32_t imm)
{
	return bpf_alu_imm(BPF_MOV, false, dst, imm);
}

/* dst = sign-extended low width_b bytes of src (cpu v4). */
static inline struct bpf_insn bpf_movsx(uint8_t dst, uint8_t src, uint8_t width_b)
{
	return bpf_make(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, width_b * 8, 0);
}

static inline struct bpf_insn bpf_neg(bool is_32, uint8_t dst)
{
	return bpf_make((is_32 ? BPF_ALU : BPF_ALU64) | BPF_NEG, dst, 0, 0, 0);
}

/* dst = the low `bits` (16, 32, 64) in big-endian order, zero-extended. */
static inline struct bpf_insn bpf_to_be(uint8_t dst, int32_t bits)
{
	return bpf_make(BPF_ALU | BPF_END | BPF_TO_BE, dst, 0, 0, bits);
}

/* dst = the low `bits` reversed, zero-extended, whatever the machine's order (cpu v4). */
static inline struct bpf_insn bpf_bswap(uint8_t dst, int32_t bits)
{
	return bpf_make(BPF_ALU64 | BPF_END, dst, 0, 0, bits);
}

static inline struct bpf_insn bpf_load(uint8_t width_b, bool is_signed, uint8_t dst, uint8_t src,
                                       int16_t off)
{
	return bpf_make(BPF_LDX | (is_signed ? BPF_MEMSX : BPF_MEM) | bpf_size_code(width_b), dst,
	                src, off, 0);
}

static inline struct bpf_insn bpf_store(uint8_t width_b, uint8_t dst, int16_t off, uint8_t src)
{
	return bpf_make(BPF_STX | BPF_MEM | bpf_size_code(width_b), dst, src, off, 0);
}

static inline struct bpf_insn bpf_store_imm(uint8_t width_b, uint8_t dst, int16_t off, int32_t imm)
{
	return bpf_make(BPF_ST | BPF_MEM | bpf_size_code(width_b), dst, 0, off, imm);
}

/* width_b is 4 or 8; `operation` is BPF_ADD, BPF_ADD | BPF_FETCH, ..., BPF_XCHG, BPF_CMPXCHG. */
static inline struct bpf_insn bpf_atomic(uint8_t width_b, uint32_t operation, uint8_t dst,
                                         int16_t off, uint8_t src)
{
	return bpf_make(BPF_STX | BPF_ATOMIC | bpf_size_code(width_b), dst, src, off,
	                (int32_t)operation);
}

/* `op` is BPF_JEQ .. BPF_JSLE; off counts slots from the next instruction. */
static inline struct bpf_insn bpf_jmp(uint8_t op, bool is_32, uint8_t dst, uint8_t src, int16_t off)
{
	return bpf_make((is_32 ? BPF_JMP32 : BPF_JMP) | op | BPF_X, dst, src, off, 0);
}

static inline struct bpf_insn bpf_jmp_imm(uint8_t op, bool is_32, uint8_t dst, int32_t imm,
                                          int16_t off)
{
	return bpf_make((is_32 ? BPF_JMP32 : BPF_JMP) | op | BPF_K, dst, 0, off, imm);
}

static inline struct bpf_insn bpf_goto(int16_t off)
{
	return bpf_make(BPF_JMP | BPF_JA, 0, 0, off, 0);
}

static inline struct bpf_insn bpf_call(uint32_t helper)
{
	return bpf_make(BPF_JMP | BPF_CALL, 0, 0, 0, (int32_t)helper);
}

/* off_insns counts slots from the next instruction to the function. */
static inline struct bpf_insn bpf_call_func(int32_t off_insns)
{
	return bpf_make(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, off_insns);
}

/* A function of the kernel by its BTF id. */
static inline struct bpf_insn bpf_call_kernel(uint32_t btf_id)
{
	return bpf_make(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, (int32_t)btf_id);
}

static inline struct bpf_insn bpf_exit(void)
{
	return bpf_make(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* The two slots of a 64-bit immediate; `pseudo` is 0 or BPF_PSEUDO_*. */
static inline void bpf_lddw(struct bpf_insn ret[2], uint8_t dst, uint8_t pseudo, uint64_t imm)
{
	ret[0] = bpf_make(BPF_LD | BPF_IMM | BPF_DW, dst, pseudo, 0, (int32_t)(uint32_t)imm);
	ret[1] = bpf_make(0, 0, 0, 0, (int32_t)(uint32_t)(imm >> 32));
}

#endif
