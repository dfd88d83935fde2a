/* The keeper: what lets filtered processes live on without their tracer.
 *
 * A seccomp filter cannot be taken off. With nobody behind it, a call that it notifies of or stops
 * at fails with ENOSYS (the kernel's kernel/seccomp.c), and a breakpoint kills. So a small process
 * of ours waits for the tracer's end, however it comes (a pipe that only the tracer holds closes),
 * and then answers every notification, or becomes the tracer that lets every call pass. It ends
 * when nobody is left who needs it.
 *
 * The listener is shared from the start, so notified calls never fail. For stopping filters the
 * keeper has to seize the tasks anew after the kernel has let them go, some microseconds later: a
 * call that falls right into that gap fails. Where Yama lets only ancestors trace, it cannot seize
 * at all. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/user/inside.h"

enum { SLOTS = 1 << 16, SEIZE_TRIES = 200000 };

/* Written by the tracer, read by the keeper when the tracer is gone. */
struct shared {
	uint32_t n; /* slots in use lie below */
	pid_t tids[SLOTS];
};

struct keeper {
	pid_t pid;
	int lifeline_fd;
	struct shared *shared;
	vec(uint32_t) free_slots;
};

/* ---- the keeper's own process --------------------------------------------------------------- */

static void answer_all(int listener_fd)
{
	struct seccomp_notif_sizes sizes = {0};
	struct seccomp_notif *n;
	struct seccomp_notif_resp *r;

	syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
	/* whatever this kernel's sizes are */
	n = calloc(1, sizes.seccomp_notif + sizeof(*n));
	r = calloc(1, sizes.seccomp_notif_resp + sizeof(*r));
	for (;;) {
		struct pollfd p = {.fd = listener_fd, .events = POLLIN};

		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			break;
		if (p.revents & POLLHUP)
			break; /* nobody has the filter any more */
		if (!(p.revents & POLLIN))
			continue;
		memset(n, 0, sizes.seccomp_notif + sizeof(*n));
		if (ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_RECV, n))
			continue;
		memset(r, 0, sizes.seccomp_notif_resp + sizeof(*r));
		r->id = n->id;
		r->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, r);
	}
}

/* The tracer's end of the pipe closes a moment before the kernel lets its tracees go. */
static void seize_all(const struct shared *s)
{
	long options =
	    PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
	int tries = 0;

	for (uint32_t i = 0; i < s->n; i++)
		while (s->tids[i] && ptrace(PTRACE_SEIZE, s->tids[i], NULL, options) &&
		       errno == EPERM && tries++ < SEIZE_TRIES)
			;
}

static void pass_all(void)
{
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		int sig = WSTOPSIG(status), event = status >> 16;

		if (tid < 0 || !WIFSTOPPED(status))
			continue;
		if (event == PTRACE_EVENT_STOP && sig != SIGTRAP)
			ptrace(PTRACE_LISTEN, tid, NULL, NULL);
		else
			ptrace(PTRACE_CONT, tid, NULL, event ? 0 : sig);
	}
}

static _Noreturn void keep(int lifeline_fd, int listener_fd, const struct shared *s)
{
	static const int deaf_to[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP, SIGCHLD};
	char byte;
	int max = lifeline_fd > listener_fd ? lifeline_fd : listener_fd;

	setsid();
	prctl(PR_SET_NAME, "skep-keeper");
	for (size_t i = 0; i < sizeof(deaf_to) / sizeof(*deaf_to); i++)
		signal(deaf_to[i], SIG_DFL);
	for (size_t i = 0; i + 1 < sizeof(deaf_to) / sizeof(*deaf_to); i++)
		signal(deaf_to[i], SIG_IGN);
	/* Nobody shall wait for our standard output to close. */
	for (int fd = 0; fd < max; fd++)
		if (fd != lifeline_fd && fd != listener_fd)
			close(fd);
	syscall(SYS_close_range, max + 1, ~0u, 0);
	if (chdir("/"))
		_exit(1);
	while (read(lifeline_fd, &byte, 1) < 0 && errno == EINTR)
		;
	if (listener_fd >= 0) {
		answer_all(listener_fd);
	} else {
		seize_all(s);
		pass_all();
	}
	_exit(0);
}

/* ---- the tracer's side ---------------------------------------------------------------------- */

struct keeper *keeper_start(int listener_fd)
{
	struct keeper *kp = calloc(1, sizeof(*kp));
	int fds[2];

	if (!kp || pipe2(fds, O_CLOEXEC)) {
		free(kp);
		return NULL;
	}
	kp->shared = mmap(NULL, sizeof(*kp->shared), PROT_READ | PROT_WRITE,
	                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	kp->pid = kp->shared == MAP_FAILED ? -1 : fork();
	if (kp->pid == 0) {
		close(fds[1]);
		keep(fds[0], listener_fd, kp->shared);
	}
	close(fds[0]);
	kp->lifeline_fd = fds[1];
	if (kp->pid < 0) {
		int err = errno;

		close(fds[1]);
		if (kp->shared != MAP_FAILED)
			munmap(kp->shared, sizeof(*kp->shared));
		free(kp);
		errno = err;
		return NULL;
	}
	return kp;
}

pid_t keeper_pid(const struct keeper *kp)
{
	return kp->pid;
}

uint32_t keeper_add_task(struct keeper *kp, pid_t tid)
{
	uint32_t slot;

	if (kp->free_slots.n)
		slot = vec_pop(&kp->free_slots);
	else if (kp->shared->n < SLOTS)
		slot = kp->shared->n++;
	else
		return UINT32_MAX;
	kp->shared->tids[slot] = tid;
	return slot;
}

void keeper_remove_task(struct keeper *kp, uint32_t slot)
{
	if (slot == UINT32_MAX)
		return;
	kp->shared->tids[slot] = 0;
	vec_push(NULL, &kp->free_slots, slot);
}

void keeper_release(struct keeper *kp, bool is_needed)
{
	if (!is_needed)
		kill(kp->pid, SIGKILL);
	close(kp->lifeline_fd);
	if (!is_needed)
		while (waitpid(kp->pid, NULL, 0) < 0 && errno == EINTR)
			;
	munmap(kp->shared, sizeof(*kp->shared));
	vec_free(&kp->free_slots);
	free(kp);
}
