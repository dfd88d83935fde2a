/* Going over the instruction that a breakpoint stands on, without ever lifting the breakpoint:
 * other threads would run past it. Frequent first instructions are done in the registers
 * (emulated); others run as a copy elsewhere, for one step. */
#ifndef SKEP_ENGINE_USER_STEP_H
#define SKEP_ENGINE_USER_STEP_H

#include "engine/user/arch.h"

enum { STEP_SLOT_B = 16 };

/* What is to be known of an instruction. */
struct step {
	uint8_t code[STEP_SLOT_B]; /* the copy, fit to run anywhere */
	uint8_t insn_b;
	uint8_t at;                 /* where the opcode is, behind prefixes */
	uint8_t prefix;             /* REX (x86-64) */
	bool is_plain;              /* no other prefixes */
	bool is_two_byte, is_other; /* which opcode map: 0F, or VEX, EVEX, 0F38, 0F3A */
	int8_t base; /* register that stands for the instruction pointer in the copy, or -1 */
	bool calls;  /* pushes a return address, which names the copy's place */
	bool pushes_flags;
};

/* Read the instruction at `bytes`. -EILSEQ: not one we know, -EOPNOTSUPP: cannot be run elsewhere.
 */
int step_plan(const uint8_t *bytes, size_t n_b, struct step *ret);
/* Do it in `r`, whose instruction pointer is `address`; false if it has to run. */
bool step_emulate(const struct step *s, pid_t tid, struct arch_regs *r, uint64_t address);
/* Before the copy at `slot` runs, and after it has (is_done) or when it could not; what has to be
 * put back is kept in *saved in between. */
void step_begin(const struct step *s, struct arch_regs *r, uint64_t address, uint64_t slot,
                uint64_t *saved);
void step_end(const struct step *s, pid_t tid, struct arch_regs *r, uint64_t address, uint64_t slot,
              uint64_t saved, bool is_done);

#endif
