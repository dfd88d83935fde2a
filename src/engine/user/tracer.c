/* The tracer's life and its waiting.
 *
 * Three kinds of things are waited for: stops and ends of tasks (wait(2)), notifications (a
 * descriptor), the caller's descriptor. A poll(2) over a signalfd of SIGCHLD covers all three, but
 * costs as much as the stop itself. So there are two ways to wait:
 *   cold  poll(2), as long as nothing happens
 *   hot   events follow each other: sleep in waitid(2) itself, or in the receiving of a
 * notification; a timer's signal interrupts it every few milliseconds, to look at the rest With
 * notifications ptrace stops are rare; SIGCHLD interrupts then, too. (One that comes just before
 * the sleep is seen at the next tick.)
 *
 * waitid() looks but does not take (WNOWAIT): letting a task go on ends its stop without a second
 * call. It also shows children that are none of ours (a script's system()); those are left to
 * whoever made them, and as such a one hides what is behind it, tasks are then asked one by one. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/user/inside.h"

enum {
	TICK_NS = 4000000,
	BATCH = 256,     /* events before the clock is looked at */
	SCAN_EVERY = 64, /* events: waitid(P_ALL) favours tasks that were attached early */
	EARLY_MS = 50,   /* patience with a new task whose maker does not tell of it */
};

/* ---- what is wanted ------------------------------------------------------------------------- */

struct tracer *tracer_create(const struct tracer_options *opts)
{
	struct tracer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->opts = *opts;
	t->first = opts->child ? opts->child : opts->pid;
	t->listener_fd = t->child_fd = -1;
	t->until_scan = SCAN_EVERY;
	return t;
}

int tracer_want_syscall(struct tracer *t, int nr, unsigned flags)
{
	if (nr < 0 || nr >= TRACER_SYSCALLS || flags & ~(unsigned)(TRACER_ENTER | TRACER_EXIT))
		return -EINVAL;
	if (flags & TRACER_ENTER) {
		bit_set(t->wants_enter, nr);
		t->wants_any_enter = true;
	}
	if (flags & TRACER_EXIT) {
		bit_set(t->wants_exit, nr);
		t->wants_any_exit = true;
	}
	return 0;
}

/* ---- start and end -------------------------------------------------------------------------- */

static int tick_signal(void)
{
	return SIGRTMAX - 2;
}

static void on_tick(int sig, siginfo_t *info, void *context)
{
	struct tracer *t = info->si_value.sival_ptr;

	(void)sig;
	(void)context;
	if (info->si_code == SI_TIMER)
		t->ticks = t->ticks + 1;
}

/* Only there to interrupt. */
static void on_child(int sig)
{
	(void)sig;
}

static int open_waiting(struct tracer *t)
{
	/* no SA_NOCLDSTOP: it keeps the kernel from telling of ptrace stops, too */
	struct sigaction child_action = {.sa_handler = on_child};
	struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
	                         .sigev_signo = tick_signal(),
	                         .sigev_value.sival_ptr = t};
	sigset_t child, tick;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &child, &t->old_mask);
	t->child_fd = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
	if (t->child_fd < 0)
		return -errno;
	sigemptyset(&tick);
	sigaddset(&tick, tick_signal());
	pthread_sigmask(SIG_UNBLOCK, &tick, NULL);
	sigaction(tick_signal(), &action, &t->old_action);
	sigaction(SIGCHLD, &child_action, &t->old_child_action);
	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	/* without a timer all waiting is cold */
	t->has_timer = !timer_create(CLOCK_MONOTONIC, &event, &t->timer);
	return 0;
}

static void close_waiting(struct tracer *t)
{
	if (t->has_timer)
		timer_delete(t->timer);
	t->has_timer = false;
	if (t->child_fd < 0)
		return;
	close(t->child_fd);
	t->child_fd = -1;
	sigaction(tick_signal(), &t->old_action, NULL);
	sigaction(SIGCHLD, &t->old_child_action, NULL);
	pthread_sigmask(SIG_SETMASK, &t->old_mask, NULL);
}

int tracer_start(struct tracer *t, struct tracer_error *ret_error)
{
	int err = open_waiting(t);

	memset(ret_error, 0, sizeof(*ret_error));
	if (err)
		return tracer_refuse(ret_error, err, NULL, "No signalfd: %s", strerror(-err));
	t->is_started = true;
	err = t->opts.child || t->opts.pid
	          ? watch_try(t, ret_error)
	          : tracer_refuse(
	                ret_error, -EINVAL, "use -c COMMAND or -p PID",
	                "The user engine follows a command or a process, and has neither");
	if (!err)
		err = t->opts.child ? attach_child(t, ret_error) : attach_process(t, ret_error);
	if (err)
		tracer_detach(t);
	return err;
}

void tracer_detach(struct tracer *t)
{
	bool is_left = t->n_tasks != 0;

	if (!t->is_started)
		return;
	t->is_started = false;
	detach_all(t);
	notify_close(t);
	if (t->keeper)
		keeper_release(t->keeper, is_left);
	t->keeper = NULL;
	close_waiting(t);
}

void tracer_destroy(struct tracer *t)
{
	if (!t)
		return;
	tracer_detach(t);
	points_free(t);
	watch_free(t);
	free(t);
}

size_t tracer_task_count(const struct tracer *t)
{
	return t->n_tasks;
}

bool tracer_uses_seccomp(const struct tracer *t)
{
	return t->has_filter;
}

bool tracer_uses_notification(const struct tracer *t)
{
	return t->listener_fd >= 0;
}

bool tracer_child_status(const struct tracer *t, int *ret_status)
{
	if (t->has_first_status)
		*ret_status = t->first_status;
	return t->has_first_status;
}

/* ---- wait(2) -------------------------------------------------------------------------------- */

/* Take what wait(2) has to say of one task. */
static bool take(struct tracer *t, pid_t tid)
{
	int status;

	if (waitpid(tid, &status, __WALL | WNOHANG) != tid)
		return false;
	if (WIFSTOPPED(status))
		task_stopped(t, tid, status >> 8);
	else
		task_ended(t, tid, status);
	return true;
}

/* Ask each task. Handling one may add and remove others, so ask by number. */
static unsigned scan(struct tracer *t)
{
	vec(pid_t) tids = {0};
	unsigned n = 0;

	t->until_scan = SCAN_EVERY;
	for (size_t i = 0; i < TASK_BUCKETS; i++)
		for (struct tracer_task *k = t->tasks[i]; k; k = k->next)
			vec_push(NULL, &tids, k->tid);
	vec_each (tid, &tids)
		n += take(t, *tid);
	vec_free(&tids);
	return n;
}

/* One event by waitid(): 1, 0 (none), -EINTR, or -ECHILD. With `waits`, sleeps until there is one.
 */
static int next_event(struct tracer *t, bool waits)
{
	siginfo_t info = {0};

	if (!--t->until_scan)
		return scan(t) ? 1 : next_event(t, waits);
	if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL | (waits ? 0 : WNOHANG)))
		return -errno;
	t->has_foreign = false;
	if (!info.si_pid)
		return 0;
	if (info.si_code == CLD_TRAPPED) {
		task_stopped(t, info.si_pid, info.si_status);
		return 1;
	}
	if (task_find(t, info.si_pid) || (t->keeper && info.si_pid == keeper_pid(t->keeper)))
		return take(t, info.si_pid);
	t->has_foreign = true;
	return scan(t) != 0;
}

/* ---- the loop ------------------------------------------------------------------------------- */

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void tick(struct tracer *t, bool on)
{
	struct itimerspec every = {.it_interval.tv_nsec = on ? TICK_NS : 0,
	                           .it_value.tv_nsec = on ? TICK_NS : 0};

	if (t->is_ticking != on && t->has_timer)
		timer_settime(t->timer, 0, &every, NULL);
	t->is_ticking = on && t->has_timer;
}

static void let_children_interrupt(bool on)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(on ? SIG_UNBLOCK : SIG_BLOCK, &child, NULL);
}

/* Hot: until a tick passes in which nothing happened (false) or something did (true). */
static bool run_hot(struct tracer *t)
{
	sig_atomic_t start = t->ticks;
	bool notifies = t->listener_fd >= 0;
	unsigned n = 0;

	tick(t, true);
	if (!t->is_ticking)
		return false;
	if (notifies)
		let_children_interrupt(true);
	while (t->n_tasks && t->ticks == start) {
		int got;

		if (notifies && notify_handle(t)) {
			n++;
			continue;
		}
		got = next_event(t, !t->has_foreign && !notifies);
		if (got == -ECHILD || (got == 0 && (t->has_foreign || notifies)))
			break;
		n += got > 0;
	}
	if (notifies)
		let_children_interrupt(false);
	return n > 0;
}

static void drain_signals(struct tracer *t)
{
	struct signalfd_siginfo info;

	while (read(t->child_fd, &info, sizeof(info)) == sizeof(info))
		;
}

/* Cold: one poll(2), and what it brings. 1: of the kind that comes often, 0: nothing or another,
 * -EINTR: a signal, -EAGAIN: the caller's descriptor. */
static int run_cold(struct tracer *t, int timeout_ms, int extra_fd)
{
	struct pollfd p[] = {{.fd = t->child_fd, .events = POLLIN},
	                     {.fd = t->listener_fd, .events = POLLIN},
	                     {.fd = extra_fd, .events = POLLIN}};
	unsigned n = 0;
	int got;

	if (t->n_early && (timeout_ms < 0 || timeout_ms > EARLY_MS))
		timeout_ms = EARLY_MS;
	got = poll(p, 3, timeout_ms);
	if (got < 0)
		return -errno;
	if (p[1].revents & POLLIN)
		n += notify_handle(t);
	else if (p[1].revents & POLLHUP)
		notify_close(t); /* nobody has the filter any more */
	if (p[0].revents & POLLIN) {
		drain_signals(t);
		t->may_have_stops = true;
		while (n < BATCH && (t->may_have_stops = next_event(t, false) > 0))
			n++;
	}
	if (!got && t->n_early)
		task_adopt_early(t);
	if (p[2].revents)
		return -EAGAIN;
	return t->listener_fd >= 0 ? !!(p[1].revents & POLLIN) : n > 0;
}

static bool is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return fd >= 0 && poll(&p, 1, 0) > 0;
}

int tracer_poll(struct tracer *t, int timeout_ms, int extra_fd)
{
	int64_t start = now_ns(), end = start + timeout_ms * (int64_t)1000000;
	bool is_hot = t->is_ticking;
	int got = 1;

	t->n_calls = 0;
	t->may_have_stops = true;
	while (t->n_tasks) {
		int64_t now;
		int left_ms = timeout_ms;

		/* What has come in the meantime is not announced again by SIGCHLD. */
		for (unsigned n = 0; n < BATCH && t->may_have_stops; n++) {
			t->may_have_stops = next_event(t, false) > 0;
			is_hot |= t->may_have_stops && t->listener_fd < 0;
		}
		if (is_hot && timeout_ms) {
			is_hot = run_hot(t);
			t->may_have_stops = true;
			if (is_readable(extra_fd))
				break;
		} else {
			tick(t, false);
			if (timeout_ms > 0)
				left_ms = (int)((end - now_ns() + 999999) / 1000000);
			if (t->may_have_stops || (timeout_ms > 0 && left_ms < 0))
				left_ms = 0;
			got = run_cold(t, left_ms, extra_fd);
			if (got == -EAGAIN || got == -EINTR)
				break;
			is_hot = got == 1;
		}
		now = now_ns();
		if ((timeout_ms >= 0 && now >= end) || (t->n_calls && now - start > TICK_NS))
			break;
	}
	if (!t->n_tasks) {
		tick(t, false);
		return t->n_calls ? (int)t->n_calls : -ECHILD;
	}
	return got == -EINTR && !t->n_calls ? -EINTR : (int)t->n_calls;
}
