/* Detaching, without waiting for the kernel's housekeeping.
 *
 * Closing the link of a perf event takes the program off at once. Closing the event itself makes
 * the kernel wait until no CPU can be inside the tracepoint any more (tasks-trace RCU: 30-75 ms)
 * and it does so under one global lock, event by event: 350 of them take 12 s to 26 s, in however
 * many threads. Nothing the person asked for depends on that wait, so it is left to a process of
 * its own: it inherits the events, we close ours, which is then quick, and it closes its own by
 * ending. It holds nothing else, not even stdout.
 *
 * Before v5.15 there are no such links: then only closing the event takes the program off, and
 * we wait. */
#include "engine/kernel/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* In the heir: keep `keep[0..n)` (ascending), end everything else, end. Only async-signal-safe
 * calls, as other threads of the tracer may have held any lock. */
static void inherit_and_end(const int *keep, size_t n)
{
	unsigned int from = 0;

	for (size_t i = 0; i < n; i++) {
		if ((unsigned int)keep[i] > from)
			syscall(SYS_close_range, from, (unsigned int)keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	syscall(SYS_close_range, from, ~0u, 0);
	prctl(PR_SET_NAME, "skep-detach");
	setsid();
	if (chdir("/"))
		_exit(1);
	_exit(0);
}

static pid_t fork_quietly(void)
{
	/* No exit signal: a tracer that waits for its child must not meet ours. */
	return (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
}

/* Starts the heir, as a grandchild so that nobody has to wait for it. Returns 0 or -errno. */
static int leave_to_heir(const int *fds, size_t n)
{
	pid_t child = fork_quietly();
	int status;

	if (child < 0)
		return -errno;
	if (child == 0) {
		pid_t heir = fork_quietly();

		if (heir == 0)
			inherit_and_end(fds, n);
		_exit(heir < 0);
	}
	while (waitpid(child, &status, __WCLONE) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EAGAIN;
}

int kernel_detach(struct engine *e)
{
	int *slow = calloc(e->attached.n + 1, sizeof(*slow));
	size_t n = 0;

	vec_each (at, &e->attached)
		if (slow && at->link_fd >= 0 && at->perf_fd >= 0)
			slow[n++] = at->perf_fd;
	if (n) {
		qsort(slow, n, sizeof(*slow), by_number);
		leave_to_heir(slow, n); /* if it fails, we wait ourselves */
	}
	free(slow);
	/* Programs first, all of them, then the events. */
	vec_each (at, &e->attached)
		if (at->link_fd >= 0)
			close(at->link_fd);
	vec_each (at, &e->attached)
		if (at->perf_fd >= 0)
			close(at->perf_fd);
	e->attached.n = 0;
	return 0;
}
