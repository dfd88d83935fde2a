/* x86-64 (System V ABI; UAPI asm/ptrace.h; the kernel's arch/x86/kernel/signal.c for restarts). */
#include "engine/user/arch.h"

#ifdef __x86_64__

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "engine/user/inside.h"

enum { CS_64BIT = 0x33, RESTARTSYS = 512, RESTARTNOINTR };

const uint8_t arch_break[ARCH_BREAK_B] = {0xcc};
const uint8_t arch_syscall[] = {0x0f, 0x05};
const size_t arch_syscall_b = sizeof(arch_syscall);

int arch_regs_get(pid_t tid, struct arch_regs *ret)
{
	return ptrace(PTRACE_GETREGS, tid, NULL, &ret->r) ? -errno : 0;
}

int arch_regs_set(pid_t tid, const struct arch_regs *regs)
{
	return ptrace(PTRACE_SETREGS, tid, NULL, &regs->r) ? -errno : 0;
}

uint64_t arch_ip(const struct arch_regs *r)
{
	return r->r.rip;
}

void arch_set_ip(struct arch_regs *r, uint64_t ip)
{
	r->r.rip = ip;
}

uint64_t arch_sp(const struct arch_regs *r)
{
	return r->r.rsp;
}

uint64_t arch_result(const struct arch_regs *r)
{
	return r->r.rax;
}

bool arch_is_native(const struct arch_regs *r)
{
	return r->r.cs == CS_64BIT;
}

int arch_nr(const struct arch_regs *r)
{
	return (int)r->r.orig_rax;
}

void arch_args(const struct arch_regs *r, uint64_t ret[6])
{
	ret[0] = r->r.rdi;
	ret[1] = r->r.rsi;
	ret[2] = r->r.rdx;
	ret[3] = r->r.r10;
	ret[4] = r->r.r8;
	ret[5] = r->r.r9;
}

void arch_prepare_syscall(struct arch_regs *r, uint64_t syscall_ip, int nr, const uint64_t args[6])
{
	r->r.rip = syscall_ip;
	r->r.rax = (uint64_t)nr;
	r->r.orig_rax = UINT64_MAX;
	r->r.rdi = args[0];
	r->r.rsi = args[1];
	r->r.rdx = args[2];
	r->r.r10 = args[3];
	r->r.r8 = args[4];
	r->r.r9 = args[5];
}

bool arch_is_interrupted(const struct arch_regs *r)
{
	return (int64_t)r->r.orig_rax >= 0 && (int64_t)r->r.rax == -RESTARTSYS;
}

void arch_force_restart(struct arch_regs *r)
{
	r->r.rax = (uint64_t)-RESTARTNOINTR;
}

uint64_t arch_break_address(const struct arch_regs *r)
{
	return r->r.rip - ARCH_BREAK_B;
}

int arch_return_address(pid_t tid, const struct arch_regs *r, uint64_t *ret_address,
                        uint64_t *ret_sp)
{
	int err = memory_read(tid, r->r.rsp, ret_address, sizeof(*ret_address));

	*ret_sp = r->r.rsp + 8;
	return err;
}

/* What ret has popped still lies below the stack pointer; any call made since has written there. */
bool arch_has_returned(pid_t tid, const struct arch_regs *r, uint64_t return_address)
{
	uint64_t popped;

	return memory_read(tid, r->r.rsp - 8, &popped, sizeof(popped)) || popped == return_address;
}

const void *tracer_regs(struct tracer_task *k)
{
	const struct arch_regs *r = task_regs(k);

	return r ? &r->r : NULL;
}

size_t tracer_regs_size(void)
{
	return offsetof(struct user_regs_struct, fs_base); /* struct pt_regs ends with ss */
}

uint64_t tracer_regs_ip(const void *regs)
{
	return ((const struct user_regs_struct *)regs)->rip;
}

uint64_t tracer_regs_sp(const void *regs)
{
	return ((const struct user_regs_struct *)regs)->rsp;
}

uint64_t tracer_regs_fp(const void *regs)
{
	return ((const struct user_regs_struct *)regs)->rbp;
}

uint64_t tracer_regs_ret(const void *regs)
{
	return ((const struct user_regs_struct *)regs)->rax;
}

uint64_t tracer_regs_arg(const void *regs, unsigned n)
{
	const struct user_regs_struct *r = regs;
	const uint64_t args[] = {r->rdi, r->rsi, r->rdx, r->rcx, r->r8, r->r9};

	return n < 6 ? args[n] : 0;
}

#endif
