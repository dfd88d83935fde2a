/* What differs between processors: registers, the breakpoint instruction, how a call returns. */
#ifndef SKEP_ENGINE_USER_ARCH_H
#define SKEP_ENGINE_USER_ARCH_H

#include <linux/audit.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#if defined(__x86_64__)
#define ARCH_AUDIT AUDIT_ARCH_X86_64
enum { ARCH_BREAK_B = 1, ARCH_INSN_MAX_B = 16 };
struct arch_regs {
	struct user_regs_struct r;
};
#elif defined(__aarch64__)
#include <asm/ptrace.h>
#define ARCH_AUDIT AUDIT_ARCH_AARCH64
enum { ARCH_BREAK_B = 4, ARCH_INSN_MAX_B = 4 };
struct arch_regs {
	struct user_pt_regs r;
	int nr; /* the system call, kept beside the others (NT_ARM_SYSTEM_CALL); -1: none */
};
#else
#error "no user engine for this processor yet"
#endif

extern const uint8_t arch_break[ARCH_BREAK_B]; /* the breakpoint instruction */
extern const uint8_t arch_syscall[];           /* the system call instruction */
extern const size_t arch_syscall_b;

/* Of a stopped thread: 0 or -errno. */
int arch_regs_get(pid_t tid, struct arch_regs *ret);
int arch_regs_set(pid_t tid, const struct arch_regs *regs);

uint64_t arch_ip(const struct arch_regs *r);
void arch_set_ip(struct arch_regs *r, uint64_t ip);
uint64_t arch_sp(const struct arch_regs *r);
uint64_t arch_result(const struct arch_regs *r);
bool arch_is_native(const struct arch_regs *r); /* not a 32-bit thread */
int arch_nr(const struct arch_regs *r);         /* of the call it is in or returns from; -1: none */
void arch_args(const struct arch_regs *r, uint64_t ret[6]); /* of that call */

/* Make `r` do system call nr at syscall_ip next; no restart of an interrupted one happens. */
void arch_prepare_syscall(struct arch_regs *r, uint64_t syscall_ip, int nr, const uint64_t args[6]);
/* The call it is in was interrupted before it did anything (-ERESTARTSYS). */
bool arch_is_interrupted(const struct arch_regs *r);
/* Make that -ERESTARTNOINTR: begun again whatever the signal's handler says. */
void arch_force_restart(struct arch_regs *r);

/* After a hit of arch_break: where it is. */
uint64_t arch_break_address(const struct arch_regs *r);

/* At a function's first instruction: where it will return to, and the stack pointer right after.
 * 0 or -EFAULT. */
int arch_return_address(pid_t tid, const struct arch_regs *r, uint64_t *ret_address,
                        uint64_t *ret_sp);

/* At that address, with that stack pointer: did a return bring the thread here, or did it come on
 * another way after the call was left by longjmp? A guess that errs towards "yes". */
bool arch_has_returned(pid_t tid, const struct arch_regs *r, uint64_t return_address);

#endif
