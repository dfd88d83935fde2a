/* BPF written by hand: each function appends one instruction, jumps are landed by name, not
 * counted. No compiler stands between the floor and the kernel. */
#ifndef BENCH_FLOOR_ASM_H
#define BENCH_FLOOR_ASM_H

#include <assert.h>
#include <linux/bpf.h>
#include <stdint.h>

enum { CODE_MAX = 512 };

struct code {
	struct bpf_insn insn[CODE_MAX];
	int n;
};

static inline void put(struct code *c, int op, int dst, int src, int off, int32_t imm)
{
	assert(c->n < CODE_MAX);
	c->insn[c->n++] = (struct bpf_insn){.code = (__u8)op, .dst_reg = (__u8)(dst & 15),
					    .src_reg = (__u8)(src & 15), .off = (__s16)off,
					    .imm = imm};
}

/* ---- moves and sums; `op` is BPF_ADD and its kin ----------------------------------------------- */

static inline void mov(struct code *c, int dst, int src)
{
	put(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static inline void movi(struct code *c, int dst, int32_t imm)
{
	put(c, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm);
}

static inline void alu(struct code *c, int op, int dst, int src)
{
	put(c, BPF_ALU64 | op | BPF_X, dst, src, 0, 0);
}

static inline void alui(struct code *c, int op, int dst, int32_t imm)
{
	put(c, BPF_ALU64 | op | BPF_K, dst, 0, 0, imm);
}

/* ---- memory; `size` is BPF_DW and its kin ------------------------------------------------------ */

static inline void load(struct code *c, int size, int dst, int src, int off)
{
	put(c, BPF_LDX | BPF_MEM | size, dst, src, off, 0);
}

static inline void store(struct code *c, int size, int dst, int off, int src)
{
	put(c, BPF_STX | BPF_MEM | size, dst, src, off, 0);
}

static inline void storei(struct code *c, int size, int dst, int off, int32_t imm)
{
	put(c, BPF_ST | BPF_MEM | size, dst, 0, off, imm);
}

/* *(u64 *)dst += 1. Clobbers tmp. Enough where nobody else counts: per-CPU values, and programs
 * that cannot interrupt themselves. */
static inline void increment(struct code *c, int dst, int off, int tmp)
{
	load(c, BPF_DW, tmp, dst, off);
	alui(c, BPF_ADD, tmp, 1);
	store(c, BPF_DW, dst, off, tmp);
}

static inline void lea_stack(struct code *c, int dst, int off)
{
	mov(c, dst, BPF_REG_10);
	alui(c, BPF_ADD, dst, off);
}

static inline void map_addr(struct code *c, int dst, int map_fd)
{
	put(c, BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, map_fd);
	put(c, 0, 0, 0, 0, 0);
}

/* ---- control ----------------------------------------------------------------------------------- */

static inline void call(struct code *c, int helper)
{
	put(c, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

/* A conditional jump forward, to wherever land() is called with what this returns. */
static inline int jumpi(struct code *c, int op, int dst, int32_t imm)
{
	put(c, BPF_JMP | op | BPF_K, dst, 0, 0, imm);
	return c->n - 1;
}

static inline int jump(struct code *c)
{
	put(c, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	return c->n - 1;
}

static inline void land(struct code *c, int at)
{
	c->insn[at].off = (__s16)(c->n - at - 1);
}

static inline void leave(struct code *c)
{
	movi(c, BPF_REG_0, 0); /* non-zero would hand a tracepoint on to perf */
	put(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

#endif
