/* The command of -c, stopped where its program begins: after exec and after the dynamic loader,
 * so that what it has mapped by then can be looked at before any of its own code runs.
 *
 * A breakpoint at the program's entry (AT_ENTRY) does that. Whatever goes wrong, the command runs
 * on; it has only not been looked at. */
#include "session/child.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/user/arch.h"

enum {
	PATIENCE_MS = 5000, /* then it is let go: constructors may wait for something */
	LONGEST_NAP_NS = 1000000,
};

/* The next stop of the child, in *ret_status as waitpid has it; false if it has ended (it is left
 * to be reaped) or nothing has come by `deadline_ms`. */
static bool next_stop(pid_t pid, int64_t deadline_ms, int *ret_status)
{
	struct timespec now, nap = {.tv_nsec = 20000};

	for (;;) {
		siginfo_t info = {0};

		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT))
			return false;
		if (info.si_pid && info.si_code != CLD_TRAPPED && info.si_code != CLD_STOPPED)
			return false;
		if (info.si_pid)
			return waitpid(pid, ret_status, WUNTRACED) == pid &&
			       WIFSTOPPED(*ret_status);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec * 1000 + now.tv_nsec / 1000000 > deadline_ms)
			return false;
		nanosleep(&nap, NULL);
		nap.tv_nsec = nap.tv_nsec * 2 < LONGEST_NAP_NS ? nap.tv_nsec * 2 : LONGEST_NAP_NS;
	}
}

static int64_t deadline(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000 + PATIENCE_MS;
}

/* 0: unknown. */
static uint64_t entry_of(pid_t pid)
{
	uint64_t auxv[128][2];
	struct arch_regs regs;
	char path[40];
	ssize_t n;

	if (arch_regs_get(pid, &regs) || !arch_is_native(&regs))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)pid);
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, auxv, sizeof(auxv));
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(auxv[0]); i++)
		if (auxv[i][0] == AT_ENTRY)
			return auxv[i][1];
	return 0;
}

/* Signals go on to the child meanwhile. */
static bool run_to(pid_t pid, uint64_t address, int64_t until_ms)
{
	struct arch_regs regs;
	int sig = 0, status;

	for (;;) {
		if (ptrace(PTRACE_CONT, pid, NULL, sig) || !next_stop(pid, until_ms, &status))
			return false;
		sig = status >> 16 ? 0 : WSTOPSIG(status);
		if (sig != SIGTRAP || arch_regs_get(pid, &regs) ||
		    arch_break_address(&regs) != address)
			continue;
		arch_set_ip(&regs, address);
		return !arch_regs_set(pid, &regs);
	}
}

static bool run_to_entry(pid_t pid, int64_t until_ms)
{
	uint64_t entry = entry_of(pid);
	uint64_t word, with_break;
	bool is_there;

	errno = 0;
	word = entry ? (uint64_t)ptrace(PTRACE_PEEKTEXT, pid, entry, NULL) : 0;
	/* A uprobe stands there already: its trap would not be told to us. */
	if (!entry || errno || !memcmp(&word, arch_break, ARCH_BREAK_B))
		return false;
	with_break = word;
	memcpy(&with_break, arch_break, ARCH_BREAK_B);
	if (ptrace(PTRACE_POKETEXT, pid, entry, with_break))
		return false;
	is_there = run_to(pid, entry, until_ms);
	if (!is_there && !ptrace(PTRACE_INTERRUPT, pid, NULL, NULL)) {
		int status;

		next_stop(pid, deadline(), &status);
	}
	ptrace(PTRACE_POKETEXT, pid, entry, word);
	return is_there;
}

void child_release_at_entry(struct child *c, void (*look)(void *arg, pid_t pid), void *arg)
{
	pid_t pid = child_pid(c);
	int64_t until_ms = deadline();
	int status;

	/* Should we be killed, nobody would take the breakpoint out. */
	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)) {
		child_release(c);
		return;
	}
	child_release(c);
	while (next_stop(pid, until_ms, &status)) {
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
			run_to_entry(pid, until_ms);
			look(arg, pid);
			break;
		}
		ptrace(PTRACE_CONT, pid, NULL, status >> 16 ? 0 : WSTOPSIG(status));
	}
	if (ptrace(PTRACE_DETACH, pid, NULL, NULL) && errno == ESRCH &&
	    !ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) && next_stop(pid, deadline(), &status))
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
}
