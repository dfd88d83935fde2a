/* What the files of the arm64 JIT share.
 *
 * Registers:
 *   r0        x7           r1 to r5  x0 to x4: where C has its arguments
 *   r6 to r9  x19 to x22   r10       x29, the frame pointer
 *   the run   x5, as a helper's sixth argument; in functions that call anything it moves to x23
 * x9 to x12 and x16 are free between any two instructions. Every function of the program, its entry
 * aside, is called as a helper is: x0 to x4, x5 = run, result in x0. So callbacks need no bridge.
 *
 * A function's frame, from above:
 *   x29 ->  caller's x29, x30
 *           the program's stack (r10 - 1 and down)
 *           the counter of may_goto, if it has any
 *   sp ->   those of x19 to x23 that it writes
 * Accesses through r10 go through sp where they can: its offsets are positive and reach further. */
#ifndef SKEP_VM_JIT_ARM64_H
#define SKEP_VM_JIT_ARM64_H

#include <linux/bpf.h>

#include "vm/jit/arm64_encode.h"
#include "vm/jit/jit.h"

enum { ARM64_LSE = 1 << 0 }; /* features: atomics in one instruction (Armv8.1) */

enum arm64_site {
	SITE_B,    /* b, bl */
	SITE_COND, /* b.cond, cbz, cbnz; long: the opposite one over a b */
	SITE_TEST, /* tbz, tbnz; likewise */
	SITE_ADR,  /* adr; long: adrp, add */
};

/* The program being emitted, in this pass, and its current function. */
struct arm64 {
	struct jit *j;
	uint32_t *func_labels; /* where calls go: before the prologue */
	const struct jit_func *f;
	uint32_t epilogue; /* label */
	uint8_t run;       /* the register that has it */
	uint8_t saved[5];
	uint32_t n_saved;
	uint32_t may_goto_b; /* where the counter is, from sp */
	uint32_t frame_b;    /* x29 - sp */
	bool has_calls;      /* that are made, not done in place */
	bool has_frame;
};

static inline void put(struct arm64 *g, uint32_t insn)
{
	jit_u32(g->j, insn);
}

/* The machine's register for one of the program's. */
static inline unsigned reg(unsigned bpf_reg)
{
	static const uint8_t regs[] = {X7, X0, X1, X2, X3, X4, X19, X20, X21, X22, FP};
	return regs[bpf_reg];
}

static inline const struct bpf_insn *insn_at(const struct arm64 *g, uint32_t pc)
{
	return &g->j->vm->insns[pc];
}

/* arm64.c */
void arm64_const(struct arm64 *g, bool wide, unsigned rd, uint64_t v);
/* A number out of the program, unrecognizable if constants are to be blinded: clobbers x12. */
void arm64_program_const(struct arm64 *g, bool wide, unsigned rd, uint64_t v);
/* rd = rn + v, by x12 if v is large. */
void arm64_add_const(struct arm64 *g, unsigned rd, unsigned rn, int64_t v);
/* A jump to `label` by an instruction with a condition. */
void arm64_jump_if(struct arm64 *g, uint32_t insn, enum arm64_site kind, uint32_t label);
/* Gives back the frame; x7 is not touched, x0 to x5 and x16 neither. */
void arm64_leave(struct arm64 *g);

/* arm64_alu.c: instruction `i`, of ALU or ALU64, with rn for the value of its destination before,
 * and rm for that of its source. */
void arm64_alu(struct arm64 *g, const struct bpf_insn *i, uint16_t zext, unsigned rn, unsigned rm);
/* Compares; returns when a jump on it is taken. Clobbers x9. */
enum arm64_cond arm64_compare(struct arm64 *g, const struct bpf_insn *i);

/* arm64_memory.c: classes LDX, ST and STX */
void arm64_load(struct arm64 *g, uint32_t pc);
/* Does slots pc and pc + 1, the second only reached from the first, if they are neighbours in
 * memory too. */
bool arm64_pair(struct arm64 *g, uint32_t pc);
void arm64_store(struct arm64 *g, const struct bpf_insn *i);
void arm64_atomic(struct arm64 *g, const struct bpf_insn *i);

/* arm64_call.c */
bool arm64_leaves(const struct arm64 *g, uint32_t pc); /* whether slot `pc` needs a call */
void arm64_call(struct arm64 *g, uint32_t pc);
void arm64_packet_load(struct arm64 *g, const struct bpf_insn *i);
void arm64_probe_load(struct arm64 *g, uint32_t pc);

#endif
