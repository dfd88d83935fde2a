/* Getting hold of processes, and letting them go.
 *
 * PTRACE_SEIZE (v3.4) neither stops a task nor sends it a signal, and with it stopped jobs can be
 * told from signals. The tracees go on if we die: PTRACE_O_EXITKILL is not set. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/user/inside.h"

enum { HOLD_PATIENCE_MS = 2000 };

int tracer_refuse(struct tracer_error *e, int err, const char *hint, const char *fmt, ...)
{
	va_list ap;

	e->err = err;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	snprintf(e->hint, sizeof(e->hint), "%s", hint ? hint : "");
	return err;
}

long trace_options(const struct tracer *t)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
	               PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP;

	return options | (t->opts.events.exit ? PTRACE_O_TRACEEXIT : 0);
}

/* 0 open to the same user, 1 children only, 2 administrators, 3 nobody (Yama's documentation). */
static int yama_scope(void)
{
	FILE *f = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (f && fscanf(f, "%d", &scope) != 1)
		scope = 0;
	if (f)
		fclose(f);
	return scope;
}

/* PTRACE_SEIZE has said EPERM or the like: why? */
static int explain(struct tracer_error *e, pid_t pid, int err)
{
	uint64_t other = 0, uid = 0;

	if (err == -ESRCH || !proc_status_number(pid, "Uid", &uid))
		return tracer_refuse(e, -ESRCH, NULL, "There is no process %d", pid);
	if (proc_status_number(pid, "TracerPid", &other) && other)
		return tracer_refuse(
		    e, -EBUSY, "a process can have one tracer only: end that one first",
		    "Process %d is already traced, by process %d", pid, (int)other);
	if (uid != getuid() && geteuid() != 0)
		return tracer_refuse(e, -EPERM, "run skep as that user, or as root",
		                     "Process %d belongs to another user (%u)", pid, (unsigned)uid);
	switch (yama_scope()) {
	case 1:
		return tracer_refuse(
		    e, -EPERM,
		    "run the program with -c, or allow it: sysctl kernel.yama.ptrace_scope=0",
		    "This machine lets nobody trace a process that is not a child of his "
		    "(kernel.yama.ptrace_scope is 1)");
	case 2:
	case 3:
		return tracer_refuse(e, -EPERM,
		                     "an administrator can set kernel.yama.ptrace_scope=1",
		                     "This machine lets no ordinary user trace "
		                     "(kernel.yama.ptrace_scope is %d)",
		                     yama_scope());
	}
	return tracer_refuse(
	    e, err,
	    "programs that were started with other rights than yours, or that made "
	    "themselves undumpable, can't be traced; containers may forbid ptrace",
	    "Process %d cannot be traced: %s", pid, strerror(-err));
}

static int seize(struct tracer *t, pid_t tid, pid_t tgid)
{
	if (ptrace(PTRACE_SEIZE, tid, NULL, trace_options(t)))
		return -errno;
	return task_add(t, tid, tgid) ? 0 : -ENOMEM;
}

/* ---- -c ------------------------------------------------------------------------------------- */

static int wait_stop(pid_t tid, int *ret_code)
{
	int status;
	pid_t got;

	do
		got = waitpid(tid, &status, __WALL);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (!WIFSTOPPED(status))
		return -ESRCH;
	*ret_code = status >> 8;
	return 0;
}

/* Stop the child where it waits in its read. It may still be on the way there. */
static int stop_held(struct tracer_task *k)
{
	for (int i = 0; i < HOLD_PATIENCE_MS; i++) {
		int code = 0, err;
		uint8_t insn[8];

		if (ptrace(PTRACE_INTERRUPT, k->tid, NULL, NULL))
			return -errno;
		err = wait_stop(k->tid, &code);
		if (err)
			return err;
		k->is_stopped = true;
		if (task_regs(k) && arch_nr(task_regs(k)) == SYS_read &&
		    !memory_read(k->tid, arch_ip(task_regs(k)) - arch_syscall_b, insn,
		                 arch_syscall_b) &&
		    !memcmp(insn, arch_syscall, arch_syscall_b))
			return 0;
		task_resume(k, code >> 8 ? 0 : code & 0x7f);
		usleep(1000);
	}
	return -ETIMEDOUT;
}

int attach_child(struct tracer *t, struct tracer_error *ret_error)
{
	struct tracer_task *k;
	bool wants = t->wants_any_enter || t->wants_any_exit || t->points;
	int err = seize(t, t->opts.child, t->opts.child);

	if (err)
		return explain(ret_error, t->opts.child, err);
	k = task_find(t, t->opts.child);
	err = stop_held(k);
	if (err)
		return tracer_refuse(ret_error, err, NULL,
		                     "The command's process could not be held: %s", strerror(-err));
	k->is_held = true;
	if (wants && !t->opts.no_seccomp)
		filter_install(k);
	t->all_calls = wants && !t->has_filter;
	if (t->has_filter || t->points) {
		t->keeper = keeper_start(t->listener_fd, t->has_filter);
		if (!t->keeper)
			return tracer_refuse(ret_error, -EAGAIN, NULL,
			                     "No process for the keeper: %s", strerror(errno));
		k->slot = keeper_add_task(t->keeper, k->tid, k->tgid);
	}
	task_resume(k, 0);
	return 0;
}

/* ---- -p ------------------------------------------------------------------------------------- */

/* Threads made by one that is not seized yet appear while we look: look until nothing is new. */
static int seize_threads(struct tracer *t, pid_t pid)
{
	char path[32];
	bool is_new = true;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	while (is_new) {
		DIR *dir = opendir(path);
		struct dirent *entry;

		if (!dir)
			return -ESRCH;
		is_new = false;
		while ((entry = readdir(dir))) {
			pid_t tid = (pid_t)atoi(entry->d_name);
			int err;

			if (tid <= 0 || task_find(t, tid))
				continue;
			err = seize(t, tid, pid);
			/* Between its making and our look, its maker, being seized, has given it to
			 * us; or it has ended. */
			if (err == -EPERM && tid != pid)
				continue;
			if (err == -ESRCH && tid != pid)
				continue;
			if (err) {
				closedir(dir);
				return err;
			}
			is_new = true;
			if (t->all_calls)
				ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
		}
		closedir(dir);
	}
	return 0;
}

int attach_process(struct tracer *t, struct tracer_error *ret_error)
{
	int err;

	t->all_calls = t->wants_any_enter || t->wants_any_exit || t->points;
	err = seize_threads(t, t->opts.pid);
	if (err) {
		detach_all(t);
		return explain(ret_error, t->opts.pid, err);
	}
	if (t->points && !(t->keeper = keeper_start(-1, false)))
		return tracer_refuse(ret_error, -EAGAIN, NULL, "No process for the keeper: %s",
		                     strerror(errno));
	/* Not before: a thread that is not ours yet would die of a breakpoint. */
	for (size_t i = 0; i < TASK_BUCKETS; i++)
		for (struct tracer_task *k = t->tasks[i]; k; k = k->next) {
			points_task_seized(k);
			watch_task(k);
		}
	return 0;
}

/* ---- letting go ----------------------------------------------------------------------------- */

/* Everything is stopped first, so that nobody runs into a breakpoint while they are taken off, or
 * makes a child that has them. What stops a task now is not told any more. */

enum { LEAVE_PATIENCE_MS = 1000, PEEKED = 32 };

/* One look at what wait(2) has of a task that was asked to stop. True: stopped, or gone. */
static bool stopped_to_leave(struct tracer_task *k)
{
	int status, event, sig;

	if (waitpid(k->tid, &status, __WALL | WNOHANG) != k->tid)
		return false;
	if (!WIFSTOPPED(status)) {
		task_ended(k->t, k->tid, status);
		return true;
	}
	event = status >> 16;
	sig = WSTOPSIG(status);
	k->is_stopped = true;
	k->is_starting = k->has_regs = k->is_dirty = false;
	k->is_listening = event == PTRACE_EVENT_STOP && sig != SIGTRAP;
	if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
	    event == PTRACE_EVENT_CLONE) {
		task_make_child(k, event);
		k->in_vfork = event == PTRACE_EVENT_VFORK;
	} else if (!event && sig != (SIGTRAP | 0x80)) {
		k->leave_sig = sig;
	}
	return true;
}

/* Tasks still running. vfork's parents cannot stop before their child has gone on. */
static size_t stop_round(struct tracer *t, bool asks)
{
	vec(pid_t) tids = {0};
	size_t n_running = 0;

	for (size_t i = 0; i < TASK_BUCKETS; i++)
		for (struct tracer_task *k = t->tasks[i]; k; k = k->next)
			if (!k->is_stopped)
				vec_push(NULL, &tids, k->tid);
	vec_each (tid, &tids) {
		struct tracer_task *k = task_find(t, *tid);

		if (!k)
			continue;
		if (asks && !k->in_vfork)
			ptrace(PTRACE_INTERRUPT, *tid, NULL, NULL);
		if (!stopped_to_leave(k) && !k->in_vfork)
			n_running++;
	}
	vec_free(&tids);
	return n_running;
}

static void stop_all(struct tracer *t)
{
	for (int ms = 0; ms < LEAVE_PATIENCE_MS; ms++) {
		size_t n = t->n_tasks;

		/* new ones have to be asked too */
		if (!stop_round(t, ms == 0 || ms % 16 == 0) && t->n_tasks <= n)
			return;
		usleep(ms < 8 ? 50 : 1000);
	}
}

/* An interruption is told before a breakpoint's trap that came at the same time: that one is still
 * queued, and would kill when the tracer has gone. */
static bool has_queued_trap(pid_t tid)
{
	struct __ptrace_peeksiginfo_args args = {.nr = PEEKED};
	siginfo_t infos[PEEKED];
	long n = ptrace(PTRACE_PEEKSIGINFO, tid, &args, infos);

	for (long i = 0; i < n; i++)
		if (infos[i].si_signo == SIGTRAP && infos[i].si_code > 0)
			return true;
	return false;
}

static void leave(struct tracer_task *k)
{
	int code = 0;

	if (!k->leave_sig && (k->stepping || k->t->watches.n || points_is_trapped(k)) &&
	    has_queued_trap(k->tid)) {
		if (!ptrace(PTRACE_CONT, k->tid, NULL, NULL) && !wait_stop(k->tid, &code)) {
			k->has_regs = k->is_dirty = false;
			k->leave_sig = code;
		}
	}
	if (k->leave_sig == SIGTRAP && watch_is_trapped(k))
		k->leave_sig = 0;
	points_task_leaves(k, k->leave_sig == SIGTRAP);
	if (k->leave_sig == SIGTRAP && k->is_dirty)
		k->leave_sig = 0;
	else if (k->leave_sig)
		notify_interrupted(k, k->leave_sig, NULL);
	if (k->has_regs && k->is_dirty)
		arch_regs_set(k->tid, &k->regs);
	/* Under a filter that stops, nobody may run before the keeper has seized it. */
	if (k->t->has_filter && k->t->listener_fd < 0 && k->t->keeper) {
		if (!k->is_listening)
			syscall(SYS_tkill, k->tid, SIGSTOP);
		k->slot = KEEPER_NONE; /* stays in the keeper's list */
	}
	ptrace(PTRACE_DETACH, k->tid, NULL, k->leave_sig);
	notify_leave(k);
}

void detach_all(struct tracer *t)
{
	bool is_waiting = true;

	stop_all(t);
	watch_remove(t);
	points_remove(t);
	/* A second time for those whose child has to go first. */
	for (int ms = 0; ms < LEAVE_PATIENCE_MS && is_waiting; ms++) {
		is_waiting = false;
		for (size_t i = 0; i < TASK_BUCKETS; i++)
			for (struct tracer_task *k = t->tasks[i], *next; k; k = next) {
				next = k->next;
				if (k->is_stopped) {
					leave(k);
					task_remove(k);
				} else {
					is_waiting = true;
				}
			}
		if (is_waiting) {
			usleep(1000);
			stop_round(t, ms == 0);
		}
	}
	/* The rest the kernel lets go when our process ends. */
	for (size_t i = 0; i < TASK_BUCKETS; i++)
		while (t->tasks[i])
			task_remove(t->tasks[i]);
}
