/* The keeper: what lets traced processes live on without their tracer.
 *
 * A seccomp filter cannot be taken off. With nobody behind it, a call that it notifies of or stops
 * at fails with ENOSYS (the kernel's kernel/seccomp.c), and a breakpoint kills. So a small process
 * of ours waits for the tracer's end, however it comes, and then answers every notification, or
 * becomes the tracer that lets every call pass. It ends when nobody is left who needs it.
 *
 * It waits for a robust mutex that the tracing thread holds: should that thread die, the kernel
 * hands the mutex over before it lets the tracees go.
 *
 * The listener is shared from the start, so notified calls never fail. Where the filter stops
 * instead, the keeper has to seize the tasks anew, and until it has, none may run into the filter:
 * they are stopped in between (SIGSTOP, SIGCONT), by the tracer when it detaches, by the keeper
 * when the tracer was killed. That is a race: the keeper has as long as the kernel takes to free
 * the tracer's memory. A thread that was just then at a breakpoint cannot be saved. Where Yama lets
 * only ancestors trace, the keeper cannot seize at all. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
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

#include "engine/user/inside.h"

enum { SLOTS = 1 << 16, SEIZE_MS = 2000, SLICE_NS = 100000, UNANSWERED = 4096 };

/* Written by the tracer, read by the keeper when the tracer is gone. */
struct shared {
	pthread_mutex_t is_alive;   /* held by the tracing thread */
	uint64_t last_id;           /* of the notification received last */
	uint32_t n_tasks, n_breaks; /* slots in use lie below */
	struct keeper_task {
		pid_t tid, tgid; /* 0: none */
		bool is_stopped; /* its job is, and shall stay so */
	} tasks[SLOTS];
	struct keeper_break {
		pid_t tid; /* 0: none */
		uint8_t bytes[ARCH_BREAK_B];
		uint64_t address;
	} breaks[SLOTS];
};

struct keeper {
	pid_t pid;
	struct shared *shared;
	vec(uint32_t) free_tasks;
	vec(uint32_t) free_breaks;
};

/* ---- the keeper's own process --------------------------------------------------------------- */

/* One that the tracer had received, and not answered, when it died is shown to nobody again. It is
 * the last that was noted, or, if it died before it could note it, a little after that: numbers
 * rise by one, with gaps where a wait was interrupted. */
static void answer_unanswered(int listener_fd, uint64_t last_id, struct seccomp_notif_resp *r)
{
	for (uint64_t i = 0; i < UNANSWERED; i++) {
		r->id = last_id + i;
		r->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, r);
	}
}

static void answer_all(int listener_fd, const struct shared *s)
{
	struct seccomp_notif_sizes sizes = {0};
	struct seccomp_notif *n;
	struct seccomp_notif_resp *r;

	syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
	/* whatever this kernel's sizes are */
	n = calloc(1, sizes.seccomp_notif + sizeof(*n));
	r = calloc(1, sizes.seccomp_notif_resp + sizeof(*r));
	if (s->last_id)
		answer_unanswered(listener_fd, s->last_id, r);
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

static void signal_tasks(const struct shared *s, int sig)
{
	for (uint32_t i = 0; i < s->n_tasks; i++)
		if (s->tasks[i].tid && !s->tasks[i].is_stopped)
			syscall(SYS_tkill, s->tasks[i].tid, sig);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* As soon as the kernel has let them go: EPERM says that it has not. */
static void seize_all(const struct shared *s)
{
	long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
	               PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	int64_t end = now_ms() + SEIZE_MS;

	for (uint32_t i = 0; i < s->n_tasks; i++)
		while (s->tasks[i].tid && ptrace(PTRACE_SEIZE, s->tasks[i].tid, NULL, options) &&
		       errno == EPERM && now_ms() < end)
			;
}

static void take_off_breaks(const struct shared *s)
{
	for (uint32_t i = 0; i < s->n_breaks; i++)
		if (s->breaks[i].tid)
			memory_write(s->breaks[i].tid, s->breaks[i].address, s->breaks[i].bytes,
			             ARCH_BREAK_B);
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

/* Every microsecond counts once: with a short slice a waking task preempts what runs (v6.12). */
static void hurry(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {.size = sizeof(attr), .runtime = SLICE_NS};

	syscall(SYS_sched_setattr, 0, &attr, 0);
}

static _Noreturn void keep(int listener_fd, bool has_filter, struct shared *s)
{
	static const int deaf_to[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP};
	bool was_killed;

	setsid();
	prctl(PR_SET_NAME, "skep-keeper");
	for (size_t i = 0; i < sizeof(deaf_to) / sizeof(*deaf_to); i++)
		signal(deaf_to[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	/* Nobody shall wait for our standard output to close. */
	if (listener_fd > 0)
		syscall(SYS_close_range, 0, listener_fd - 1, 0);
	if (listener_fd != 0)
		syscall(SYS_close_range, listener_fd + 1, ~0u, 0);
	if (chdir("/"))
		_exit(1);
	hurry();
	was_killed = pthread_mutex_lock(&s->is_alive) == EOWNERDEAD;
	if (was_killed && has_filter && listener_fd < 0)
		signal_tasks(s, SIGSTOP);
	if (was_killed)
		take_off_breaks(s);
	if (listener_fd >= 0) {
		answer_all(listener_fd, s);
	} else if (has_filter) {
		seize_all(s);
		signal_tasks(s, SIGCONT);
		pass_all();
	}
	_exit(0);
}

/* ---- the tracer's side ---------------------------------------------------------------------- */

static struct shared *share(void)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	pthread_mutexattr_t attr;

	if (s == MAP_FAILED)
		return NULL;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&s->is_alive, &attr);
	pthread_mutexattr_destroy(&attr);
	pthread_mutex_lock(&s->is_alive);
	return s;
}

struct keeper *keeper_start(int listener_fd, bool has_filter)
{
	struct keeper *kp = calloc(1, sizeof(*kp));
	int err;

	if (!kp)
		return NULL;
	kp->shared = share();
	kp->pid = kp->shared ? fork() : -1;
	if (kp->pid == 0)
		keep(listener_fd, has_filter, kp->shared);
	if (kp->pid > 0)
		return kp;
	err = errno;
	if (kp->shared)
		munmap(kp->shared, sizeof(*kp->shared));
	free(kp);
	errno = err;
	return NULL;
}

pid_t keeper_pid(const struct keeper *kp)
{
	return kp->pid;
}

uint32_t keeper_add_task(struct keeper *kp, pid_t tid, pid_t tgid)
{
	struct shared *s = kp->shared;
	uint32_t slot = KEEPER_NONE;

	if (kp->free_tasks.n)
		slot = vec_pop(&kp->free_tasks);
	else if (s->n_tasks < SLOTS)
		slot = s->n_tasks++;
	if (slot != KEEPER_NONE)
		s->tasks[slot] = (struct keeper_task){.tid = tid, .tgid = tgid};
	return slot;
}

void keeper_note_received(struct keeper *kp, uint64_t id)
{
	kp->shared->last_id = id;
}

void keeper_remove_task(struct keeper *kp, uint32_t slot)
{
	if (slot == KEEPER_NONE)
		return;
	kp->shared->tasks[slot].tid = 0;
	vec_push(NULL, &kp->free_tasks, slot);
}

void keeper_task_is_stopped(struct keeper *kp, uint32_t slot, bool is_stopped)
{
	if (slot != KEEPER_NONE)
		kp->shared->tasks[slot].is_stopped = is_stopped;
}

uint32_t keeper_add_break(struct keeper *kp, pid_t tid, uint64_t address, const uint8_t *bytes)
{
	struct shared *s = kp->shared;
	uint32_t slot = KEEPER_NONE;

	if (kp->free_breaks.n)
		slot = vec_pop(&kp->free_breaks);
	else if (s->n_breaks < SLOTS)
		slot = s->n_breaks++;
	if (slot == KEEPER_NONE)
		return slot;
	s->breaks[slot].address = address;
	memcpy(s->breaks[slot].bytes, bytes, ARCH_BREAK_B);
	s->breaks[slot].tid = tid;
	return slot;
}

void keeper_remove_break(struct keeper *kp, uint32_t slot)
{
	if (slot == KEEPER_NONE)
		return;
	kp->shared->breaks[slot].tid = 0;
	vec_push(NULL, &kp->free_breaks, slot);
}

void keeper_release(struct keeper *kp, bool is_needed)
{
	if (!is_needed)
		kill(kp->pid, SIGKILL);
	pthread_mutex_unlock(&kp->shared->is_alive);
	if (!is_needed)
		while (waitpid(kp->pid, NULL, 0) < 0 && errno == EINTR)
			;
	munmap(kp->shared, sizeof(*kp->shared));
	vec_free(&kp->free_tasks);
	vec_free(&kp->free_breaks);
	free(kp);
}
