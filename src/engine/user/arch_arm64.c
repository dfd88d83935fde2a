/* arm64 (AAPCS64; UAPI asm/ptrace.h; the kernel's arch/arm64/kernel/signal.c for restarts).
 *
 * The number of the system call lies outside of the registers, in a set of its own. */
#include "engine/user/arch.h"

#ifdef __aarch64__

#include <elf.h>
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "engine/user/inside.h"

enum { RESTARTSYS = 512, RESTARTNOINTR };
enum { PSTATE_32BIT = 0x10 };

const uint8_t arch_break[ARCH_BREAK_B] = {0x00, 0x00, 0x20, 0xd4}; /* brk #0 */
const uint8_t arch_syscall[] = {0x01, 0x00, 0x00, 0xd4};           /* svc #0 */
const size_t arch_syscall_b = sizeof(arch_syscall);

int arch_regs_get(pid_t tid, struct arch_regs *ret)
{
	struct iovec regs = {&ret->r, sizeof(ret->r)}, nr = {&ret->nr, sizeof(ret->nr)};

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &regs) ||
	    ptrace(PTRACE_GETREGSET, tid, NT_ARM_SYSTEM_CALL, &nr))
		return -errno;
	return 0;
}

int arch_regs_set(pid_t tid, const struct arch_regs *regs)
{
	struct arch_regs copy = *regs;
	struct iovec set = {&copy.r, sizeof(copy.r)}, nr = {&copy.nr, sizeof(copy.nr)};

	if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &set) ||
	    ptrace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &nr))
		return -errno;
	return 0;
}

uint64_t arch_ip(const struct arch_regs *r)
{
	return r->r.pc;
}

void arch_set_ip(struct arch_regs *r, uint64_t ip)
{
	r->r.pc = ip;
}

uint64_t arch_sp(const struct arch_regs *r)
{
	return r->r.sp;
}

uint64_t arch_result(const struct arch_regs *r)
{
	return r->r.regs[0];
}

bool arch_is_native(const struct arch_regs *r)
{
	return !(r->r.pstate & PSTATE_32BIT);
}

int arch_nr(const struct arch_regs *r)
{
	return r->nr;
}

void arch_args(const struct arch_regs *r, uint64_t ret[6])
{
	for (int i = 0; i < 6; i++)
		ret[i] = r->r.regs[i];
}

void arch_prepare_syscall(struct arch_regs *r, uint64_t syscall_ip, int nr, const uint64_t args[6])
{
	r->r.pc = syscall_ip;
	r->r.regs[8] = (uint64_t)nr;
	r->nr = -1;
	for (int i = 0; i < 6; i++)
		r->r.regs[i] = args[i];
}

bool arch_is_interrupted(const struct arch_regs *r)
{
	return r->nr >= 0 && (int64_t)r->r.regs[0] == -RESTARTSYS;
}

void arch_force_restart(struct arch_regs *r)
{
	r->r.regs[0] = (uint64_t)-RESTARTNOINTR;
}

uint64_t arch_break_address(const struct arch_regs *r)
{
	return r->r.pc;
}

int arch_return_address(pid_t tid, const struct arch_regs *r, uint64_t *ret_address,
                        uint64_t *ret_sp)
{
	(void)tid;
	*ret_address = r->r.regs[30];
	*ret_sp = r->r.sp;
	return 0;
}

bool arch_has_returned(pid_t tid, const struct arch_regs *r, uint64_t return_address)
{
	(void)tid, (void)r, (void)return_address; /* leaves no trace here */
	return true;
}

const void *tracer_regs(struct tracer_task *k)
{
	const struct arch_regs *r = task_regs(k);

	return r ? &r->r : NULL;
}

size_t tracer_regs_size(void)
{
	return sizeof(struct user_pt_regs);
}

uint64_t tracer_regs_ip(const void *regs)
{
	return ((const struct user_pt_regs *)regs)->pc;
}

uint64_t tracer_regs_sp(const void *regs)
{
	return ((const struct user_pt_regs *)regs)->sp;
}

uint64_t tracer_regs_fp(const void *regs)
{
	return ((const struct user_pt_regs *)regs)->regs[29];
}

uint64_t tracer_regs_ret(const void *regs)
{
	return ((const struct user_pt_regs *)regs)->regs[0];
}

uint64_t tracer_regs_arg(const void *regs, unsigned n)
{
	return n < 8 ? ((const struct user_pt_regs *)regs)->regs[n] : 0;
}

#endif
