/* System calls made in a traced task's name, while it is stopped.
 *
 * Its registers are pointed at a system call instruction and single-stepped over it. The stop that
 * ends the step lies in the kernel's signal code, as the one it began from does, so an interrupted
 * call whose registers are put back is still restarted by the kernel itself. All signals are
 * blocked in between, or one could arrive on the way and run a handler. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/memfind.h"
#include "engine/user/inside.h"

#ifndef PTRACE_GETSIGMASK
#define PTRACE_GETSIGMASK 0x420a
#define PTRACE_SETSIGMASK 0x420b
#endif
enum { VDSO_MAX_B = 4 * 4096, PATIENCE = 64 };

/* The step's own stop; others on the way (SIGSTOP, seccomp) are stepped on from: 0 or -errno. */
static int step_over(pid_t tid)
{
	for (int i = 0; i < PATIENCE; i++) {
		int status;
		pid_t got;

		if (ptrace(PTRACE_SINGLESTEP, tid, NULL, NULL))
			return -errno;
		do
			got = waitpid(tid, &status, __WALL);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			return -errno;
		if (!WIFSTOPPED(status))
			return -ESRCH;
		if (status >> 8 == SIGTRAP)
			return 0;
	}
	return -EBUSY;
}

int64_t inject_syscall(struct tracer_task *k, uint64_t syscall_ip, int nr, const uint64_t args[6])
{
	struct arch_regs regs, before;
	uint64_t mask, all = UINT64_MAX;
	int64_t result;
	int err = arch_regs_get(k->tid, &before);

	if (err)
		return err;
	if (k->has_regs && k->is_dirty)
		before = k->regs;
	regs = before;
	if (ptrace(PTRACE_GETSIGMASK, k->tid, sizeof(mask), &mask) ||
	    ptrace(PTRACE_SETSIGMASK, k->tid, sizeof(all), &all))
		return -errno;
	arch_prepare_syscall(&regs, syscall_ip, nr, args);
	err = arch_regs_set(k->tid, &regs);
	if (!err)
		err = step_over(k->tid);
	if (!err)
		err = arch_regs_get(k->tid, &regs);
	result = (int64_t)arch_result(&regs);
	arch_regs_set(k->tid, &before);
	ptrace(PTRACE_SETSIGMASK, k->tid, sizeof(mask), &mask);
	return err ? err : result;
}

/* Where the vdso is, by the auxiliary vector. */
static uint64_t vdso_address(pid_t tid)
{
	char path[40];
	own_fd int fd = -1;
	Elf64_auxv_t entry;

	snprintf(path, sizeof(path), "/proc/%d/auxv", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && read(fd, &entry, sizeof(entry)) == sizeof(entry))
		if (entry.a_type == AT_SYSINFO_EHDR)
			return entry.a_un.a_val;
	return 0;
}

uint64_t inject_find_syscall(struct tracer_task *k)
{
	uint64_t vdso = vdso_address(k->tid), done = 0;
	uint8_t bytes[VDSO_MAX_B];

	/* Its functions fall back to the real call. */
	while (vdso && done < sizeof(bytes) &&
	       !memory_read(k->tid, vdso + done, bytes + done, 4096))
		done += 4096;
	for (size_t i = 0; i + arch_syscall_b <= done; i++)
		if (!memcmp(bytes + i, arch_syscall, arch_syscall_b))
			return vdso + i;
	return 0;
}
