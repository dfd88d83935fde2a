/* The x86-64 target, between its files: registers, and values that are not computed yet.
 *
 *   r0 rax   r1 rdi   r2 rsi   r3 rdx   r4 rcx   r5 r8    as the C ABI passes arguments
 *   r6 rbx   r7 r13   r8 r14   r9 r15   r10 rbp           as it preserves registers
 *   r9 r10 r11: scratch within one BPF instruction; r12: the struct vm_run, where one is needed
 *
 * Every BPF register has a home, but within a run of straight code its value may be *pending*: a
 * copy, an address, a shift, a constant or a load that no instruction computes until somebody needs
 * it in a register. Users that can do better take it as it is: an address becomes the operand of a
 * load, a copy the source of a three-operand form, two shifts a rotation, a load the memory operand
 * of an addition. What nobody needed (plan.c's liveness) is never computed. Wherever control may
 * arrive from elsewhere, everything live is at home.
 *
 * A pending value names machine registers, that is, homes of BPF registers as they are now. It may
 * name its own home (r1 += 8). It may name another's only if that one is at home or depends on no
 * home but its own; so writing a home needs at most the values that name it to be computed before,
 * and those can be computed without further ado. */
#ifndef SKEP_VM_JIT_X86_64_H
#define SKEP_VM_JIT_X86_64_H

#include "bpf/insn.h"
#include "vm/jit/x86_64_encode.h"

/* Bits of struct jit.features. */
enum { X86_BMI2 = 1 };

enum { SCRATCH = R11, SCRATCH_2 = R10, SCRATCH_3 = R9, RUN = R12 };

enum value_kind {
	V_HOME,  /* in its register */
	V_CONST, /* imm */
	V_LEA,   /* m, as an address; is_32: its low half, zero-extended. A copy has a base alone */
	V_LOAD,  /* what is at m: width_b bytes, extended */
	V_EXTEND, /* low width_b bytes of reg, extended */
	V_SHIFT,  /* reg shifted by imm; is_32 as for V_LEA */
	V_AND,    /* reg & imm; likewise */
};

struct value {
	uint8_t kind;
	bool is_32, is_signed;
	uint8_t width_b;
	uint8_t reg;
	uint8_t shift; /* enum x86_shift */
	struct x86_mem m;
	uint64_t imm;
};

/* A division by 0 that continues at `end`. */
struct x86_cold {
	uint32_t zero, end;
	bool is_mod, w;
};

struct x86 {
	struct jit *j;
	const struct bpf_insn *insns;
	const struct jit_plan *plan;
	const struct jit_func *func;
	uint32_t pc;
	uint16_t live; /* live_out of pc */
	struct value v[BPF_N_REGS];
	/* The last flags are those of a result in BPF register flags_reg, if nothing was emitted
	 * since. */
	uint32_t flags_at;
	uint8_t flags_reg;
	bool flags_w;
	/* r10 + key_off was last written with the low half of this machine register, which has not
	 * been written since; NO_REG: nothing known. */
	uint8_t key_reg;
	int16_t key_off;
	/* frame */
	bool has_rbp, needs_run;
	bool calls_c; /* some function of the program does: all keep rsp at multiples of 16 */
	uint8_t saved[6];
	uint32_t n_saved;
	uint32_t frame_b;     /* below rbp, or below what was pushed */
	uint32_t counter_off; /* may_goto: below rbp */
	bool is_left; /* the instruction ended the function, though its code does not say so */
	vec(struct x86_cold) cold;
	uint32_t *func_labels; /* where calls go: before the prologue */
	uint32_t *stub_labels; /* of callbacks */
};

extern const uint8_t x86_home[BPF_N_REGS];

/* ---- values (x86_64_value.c) ------------------------------------------------------------------
 */

static inline bool is_home(const struct x86 *x, uint8_t r)
{
	return x->v[r].kind == V_HOME;
}
bool x86_is_copy(const struct value *v); /* all 64 bits of v->m.base */
/* Compute it now. */
void x86_settle(struct x86 *x, uint8_t r);
void x86_settle_set(struct x86 *x, uint16_t set);
/* Before another pending value is made of r's: one that names its own home and another's as well
 * (r1 += r2) must be computed, as the new one must not name its home (see above). */
void x86_separate(struct x86 *x, uint8_t r);
/* Before memory changes: loads that are pending. */
void x86_settle_loads(struct x86 *x);
/* Before the home of r is written: pending values that name it. */
void x86_free_home(struct x86 *x, uint8_t r);
/* Does some live pending value name this machine register? */
bool x86_is_named(const struct x86 *x, uint8_t reg);
bool x86_names(const struct x86 *x, uint8_t r, uint8_t reg);
/* A machine register that holds r, all of it (w) or its low half; settles it if there is none. */
uint8_t x86_use(struct x86 *x, uint8_t r, bool w);
/* Both at once: what x86_use() returned for the first may be void after settling the second. */
void x86_use_two(struct x86 *x, uint8_t a, uint8_t b, bool w, uint8_t *ret_a, uint8_t *ret_b);
/* r is about to be computed into its home from what is there: read-modify-write. Returns the
 * home. */
uint8_t x86_modify(struct x86 *x, uint8_t r);
/* r is about to be written whole, by one instruction whose operands are known already: returns its
 * home. The value becomes V_HOME. Operands that die here may be gone afterwards. */
uint8_t x86_define(struct x86 *x, uint8_t r);
/* r becomes this pending value. */
void x86_pend(struct x86 *x, uint8_t r, const struct value *v);
/* The memory operand r + off. */
struct x86_mem x86_address(struct x86 *x, uint8_t r, int16_t off);
/* The same, and the register of another operand. */
struct x86_mem x86_address_two(struct x86 *x, uint8_t r, int16_t off, uint8_t other, bool w,
                               uint8_t *ret_other);
/* The constant r is known to have, as a sign-extended 32-bit immediate. */
bool x86_imm32(const struct x86 *x, uint8_t r, bool is_32, int32_t *ret);
bool x86_is_live(const struct x86 *x, uint8_t r);
bool x86_is_zext(const struct x86 *x, uint8_t r); /* before the instruction at pc */
void x86_set_flags(struct x86 *x, uint8_t r, bool w);
/* A constant of the program into any register, blinded if asked for. */
void x86_const(struct x86 *x, uint8_t reg, uint64_t imm);

/* ---- instructions -----------------------------------------------------------------------------
 */

void x86_alu(struct x86 *x, const struct bpf_insn *i);    /* x86_64_alu.c */
void x86_divide(struct x86 *x, const struct bpf_insn *i); /* x86_64_divide.c */
void x86_divide_cold(struct x86 *x); /* behind a function: what its divisions left */
/* x86_64_jump.c: a conditional jump. Returns the slots behind it that it did, too. */
uint32_t x86_branch(struct x86 *x, const struct bpf_insn *i);
/* x86_64_map.c: lookups without a call; the function that finds values in the kind of map that the
 * call at x->pc is known to ask, or 0. */
bool x86_is_inline_lookup(const struct vm_code *c, uint32_t pc, bool *ret_needs_run);
uint32_t x86_inline_lookup(struct x86 *x); /* returns slots as x86_branch() */
uint64_t x86_kind_lookup(const struct x86 *x);
/* x86_64.c */
void x86_goto(struct x86 *x, uint32_t pc);
uint32_t x86_thread(const struct x86 *x, uint32_t pc); /* behind gotos that lead on */

#endif
