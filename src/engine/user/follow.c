/* Who is traced, and what each stop of a task means: ptrace(2) has a code for it. One rule keeps
 * this file readable: every stop ends in exactly one task_resume(), in holding the task (is_early),
 * or in listening (a job that was stopped).
 *
 *   event << 8 | signal
 *   PTRACE_EVENT_SECCOMP         a call the filter stops begins
 *   0, SIGTRAP | 0x80            a call begins or ends (which: PTRACE_GET_SYSCALL_INFO, v5.3)
 *   PTRACE_EVENT_FORK, ...       inside the call that made a new task, which begins with a
 *                                PTRACE_EVENT_STOP of its own; the two come in any order
 *   PTRACE_EVENT_EXEC            inside execve, the new program is loaded
 *   PTRACE_EVENT_EXIT            about to end
 *   PTRACE_EVENT_STOP            SIGTRAP: attached, interrupted, or continued; a stopping signal:
 *                                the whole process is stopped, and stays so
 *   0, signal                    about to be delivered */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "engine/user/inside.h"

/* ---- the list ------------------------------------------------------------------------------- */

static struct tracer_task **bucket(struct tracer *t, pid_t tid)
{
	return &t->tasks[(uint32_t)tid % TASK_BUCKETS];
}

struct tracer_task *task_find(struct tracer *t, pid_t tid)
{
	struct tracer_task *k = *bucket(t, tid);

	while (k && k->tid != tid)
		k = k->next;
	return k;
}

static void link_task(struct tracer_task *k)
{
	struct tracer_task **b = bucket(k->t, k->tid);

	k->next = *b;
	*b = k;
	k->t->n_tasks++;
	k->slot = k->t->keeper ? keeper_add_task(k->t->keeper, k->tid, k->tgid) : KEEPER_NONE;
}

static void unlink_task(struct tracer_task *k)
{
	struct tracer_task **at = bucket(k->t, k->tid);

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	k->t->n_tasks--;
	if (k->t->keeper)
		keeper_remove_task(k->t->keeper, k->slot);
}

struct tracer_task *task_add(struct tracer *t, pid_t tid, pid_t tgid)
{
	struct tracer_task *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->t = t;
	k->tid = tid;
	k->tgid = tgid;
	k->nr = k->made_by = k->continued_nr = -1;
	k->comm_fd = -1;
	link_task(k);
	return k;
}

void task_remove(struct tracer_task *k)
{
	if (k->is_early)
		k->t->n_early--;
	unlink_task(k);
	points_task_ends(k);
	proc_forget(k);
	free(k->put_off);
	free(k);
}

pid_t tracer_tid(const struct tracer_task *k)
{
	return k->tid;
}

uint64_t tracer_returning(const struct tracer_task *k)
{
	return k->returning;
}

pid_t tracer_tgid(const struct tracer_task *k)
{
	return k->tgid;
}

void **tracer_user(struct tracer_task *k)
{
	return &k->user;
}

/* ---- registers and going on ----------------------------------------------------------------- */

const struct arch_regs *task_regs(struct tracer_task *k)
{
	if (!k->is_stopped)
		return NULL;
	if (!k->has_regs)
		k->has_regs = !arch_regs_get(k->tid, &k->regs);
	return k->has_regs ? &k->regs : NULL;
}

struct arch_regs *task_regs_change(struct tracer_task *k)
{
	if (!task_regs(k))
		return NULL;
	k->is_dirty = true;
	return &k->regs;
}

static void forget_regs(struct tracer_task *k)
{
	if (k->has_regs && k->is_dirty)
		arch_regs_set(k->tid, &k->regs);
	k->has_regs = k->is_dirty = false;
}

/* The stop stays; wait(2) shall not tell of it again. */
static void consume_stop(pid_t tid)
{
	int status;

	waitpid(tid, &status, __WALL | WNOHANG);
}

void task_resume(struct tracer_task *k, int sig)
{
	bool steps = k->stepping != NULL, calls = k->t->all_calls || k->wants_exit;

	if (!k->is_stopped)
		return;
	forget_regs(k);
	k->is_stopped = false;
	/* ESRCH: killed while it was stopped; its end is yet to be told */
	ptrace(steps ? PTRACE_SINGLESTEP : calls ? PTRACE_SYSCALL : PTRACE_CONT, k->tid, NULL, sig);
}

/* ---- system calls --------------------------------------------------------------------------- */

void task_call_enters(struct tracer_task *k, int nr, const uint64_t args[6])
{
	const struct tracer *t = k->t;

	/* The kernel's tracepoints, too, are there only after the held child's read has begun. */
	bool is_held = k->is_held && nr == SYS_read;

	k->is_held = false;
	k->nr = nr;
	if (proc_changes_ids(nr))
		k->has_ids = false;
	if (t->opts.events.syscall_enter && bit_get(t->wants_enter, nr) && !is_held) {
		k->t->n_calls++;
		t->opts.events.syscall_enter(t->opts.arg, k, nr, args);
	}
}

static void tell_call_exit(struct tracer_task *k, int nr, int64_t ret)
{
	const struct tracer *t = k->t;

	if (t->opts.events.syscall_exit && bit_get(t->wants_exit, nr)) {
		k->t->n_calls++;
		t->opts.events.syscall_exit(t->opts.arg, k, nr, ret);
	}
}

static void stopped_at_call(struct tracer_task *k)
{
	struct __ptrace_syscall_info info;
	uint64_t args[6];

	if (ptrace(PTRACE_GET_SYSCALL_INFO, k->tid, sizeof(info), &info) <= 0)
		info.op = PTRACE_SYSCALL_INFO_NONE;
	switch (info.op) {
	case PTRACE_SYSCALL_INFO_SECCOMP:
	case PTRACE_SYSCALL_INFO_ENTRY: /* both begin with the number and the arguments */
		k->nr = -1;
		if (info.arch != ARCH_AUDIT || info.entry.nr >= TRACER_SYSCALLS)
			break;
		memcpy(args, info.entry.args, sizeof(args));
		k->ip = info.instruction_pointer;
		task_call_enters(k, (int)info.entry.nr, args);
		k->wants_exit =
		    bit_get(k->t->wants_exit, k->nr) || points_follow_call(k, k->nr, args);
		break;
	case PTRACE_SYSCALL_INFO_EXIT:
		/* rt_sigreturn's exit is no call's to the kernel's tracepoints: what it returns are
		 * the registers of the interrupted code. */
		if (k->nr >= 0 && k->nr != SYS_rt_sigreturn) {
			points_call_exits(k, k->nr);
			tell_call_exit(k, k->nr, info.exit.rval);
		}
		k->nr = -1;
		k->wants_exit = false;
		break;
	}
	task_resume(k, 0);
}

/* ---- new tasks ------------------------------------------------------------------------------ */

/* What the call that a task is in shares between it and the task it makes. */
static uint64_t clone_flags(struct tracer_task *k, int event)
{
	const struct arch_regs *r = task_regs(k);
	uint64_t args[6], flags = 0;

	if (event == PTRACE_EVENT_VFORK)
		flags = CLONE_VM | CLONE_VFORK;
	if (!r || !arch_is_native(r))
		return flags;
	arch_args(r, args);
	if (arch_nr(r) == SYS_clone)
		return args[0];
	if (arch_nr(r) == SYS_clone3)
		memory_read(k->tid, args[0], &flags, sizeof(flags));
	return flags;
}

/* It stays stopped, and says when SIGCONT has come. */
static void listen(struct tracer_task *k)
{
	forget_regs(k);
	consume_stop(k->tid);
	k->is_stopped = false;
	k->is_listening = true;
	if (k->t->keeper)
		keeper_task_is_stopped(k->t->keeper, k->slot, true);
	ptrace(PTRACE_LISTEN, k->tid, NULL, NULL);
}

static bool stops_job(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* `sig` is its first stop's: a job may have been stopped while it grew. */
static void start_child(struct tracer_task *k, int sig)
{
	k->is_starting = false;
	if (k->is_early) {
		k->is_early = false;
		k->t->n_early--;
	}
	if (k->made_by >= 0)
		tell_call_exit(k, k->made_by, 0);
	if (stops_job(sig))
		listen(k);
	else
		task_resume(k, 0);
}

void task_make_child(struct tracer_task *k, int event)
{
	struct tracer *t = k->t;
	struct tracer_task *child;
	uint64_t flags = clone_flags(k, event);
	const struct arch_regs *r = task_regs(k);
	unsigned long message;
	pid_t tid;

	if (ptrace(PTRACE_GETEVENTMSG, k->tid, NULL, &message) || !message)
		return;
	tid = (pid_t)message;
	child = task_find(t, tid);
	if (!child)
		child = task_add(t, tid, tid);
	if (!child)
		return;
	child->tgid = flags & CLONE_THREAD ? k->tgid : tid;
	child->is_starting = true;
	child->made_by = r && arch_is_native(r) ? arch_nr(r) : -1;
	child->has_ids = k->has_ids;
	child->uid = k->uid;
	child->gid = k->gid;
	points_task_made(k, child, flags & CLONE_VM, flags & CLONE_VFORK);
	if (t->opts.events.fork) {
		t->n_calls++;
		t->opts.events.fork(t->opts.arg, k, child);
	}
	if (child->is_early)
		start_child(child, child->early_sig);
}

void task_adopt_early(struct tracer *t)
{
	for (size_t i = 0; i < TASK_BUCKETS && t->n_early; i++)
		for (struct tracer_task *k = t->tasks[i]; k; k = k->next)
			if (k->is_early) {
				uint64_t tgid = (uint64_t)k->tid;

				proc_status_number(k->tid, "Tgid", &tgid);
				k->tgid = (pid_t)tgid;
				start_child(k, k->early_sig);
			}
}

/* ---- exec and exit -------------------------------------------------------------------------- */

void task_tell_exit(struct tracer_task *k, int status)
{
	const struct tracer *t = k->t;

	if (k->is_exit_told)
		return;
	k->is_exit_told = true;
	if (t->opts.events.exit) {
		k->t->n_calls++;
		t->opts.events.exit(t->opts.arg, k, status);
	}
}

/* All threads but the one that called exec are gone, without a word of most of them; that one has
 * the process's number now. */
static struct tracer_task *outlive_exec(struct tracer *t, struct tracer_task *k, pid_t old_tid)
{
	struct tracer_task *survivor = task_find(t, old_tid), *next;
	pid_t tgid = k->tgid;

	if (!survivor || survivor->tgid != tgid)
		survivor = k;
	for (size_t i = 0; i < TASK_BUCKETS; i++)
		for (struct tracer_task *other = t->tasks[i]; other; other = next) {
			next = other->next;
			if (other->tgid != tgid || other == survivor)
				continue;
			other->is_stopped = false;
			task_tell_exit(other, 0);
			task_remove(other);
		}
	if (survivor->tid != tgid) {
		unlink_task(survivor);
		survivor->tid = tgid;
		link_task(survivor);
	}
	survivor->is_stopped = true;
	return survivor;
}

static void stopped_at_exec(struct tracer_task *k)
{
	struct tracer *t = k->t;
	unsigned long old_tid = 0;

	ptrace(PTRACE_GETEVENTMSG, k->tid, NULL, &old_tid);
	k = outlive_exec(t, k, (pid_t)old_tid);
	proc_forget(k);
	points_exec(k);
	watch_task(k);
	if (t->opts.events.exec) {
		t->n_calls++;
		t->opts.events.exec(t->opts.arg, k, (pid_t)old_tid);
	}
	if (t->opts.events.mapped)
		t->opts.events.mapped(t->opts.arg, k);
	task_resume(k, 0);
}

void task_ended(struct tracer *t, pid_t tid, int status)
{
	struct tracer_task *k = task_find(t, tid);

	if (tid == t->first) {
		t->has_first_status = true;
		t->first_status = status;
	}
	if (!k)
		return;
	k->is_stopped = false;
	task_tell_exit(k, status);
	task_remove(k);
}

/* ---- stops ---------------------------------------------------------------------------------- */

static void stopped_by_signal(struct tracer_task *k, int sig)
{
	const struct tracer *t = k->t;
	siginfo_t info;

	k->nr = -1;
	k->wants_exit = false;
	if (ptrace(PTRACE_GETSIGINFO, k->tid, NULL, &info)) {
		task_resume(k, 0); /* ESRCH: killed */
		return;
	}
	if (watch_trap(k, sig, &info))
		return;
	if (points_trap(k, sig, &info))
		return;
	if (notify_interrupted(k, sig, &info))
		return;
	if (t->opts.events.signal) {
		k->t->n_calls++;
		t->opts.events.signal(t->opts.arg, k, &info);
	}
	task_resume(k, sig);
}

static void stopped_as_job(struct tracer_task *k, int sig)
{
	k->nr = -1;
	k->wants_exit = false;
	if (stops_job(sig))
		listen(k);
	else
		task_resume(k, 0);
}

void task_stopped(struct tracer *t, pid_t tid, int code)
{
	struct tracer_task *k = task_find(t, tid);
	int sig = code & 0xff, event = code >> 8;
	unsigned long message = 0;

	if (!k) {
		/* Its maker's event has not been seen yet. */
		k = task_add(t, tid, tid);
		if (!k)
			return;
		k->is_early = k->is_stopped = true;
		k->early_sig = sig;
		t->n_early++;
		consume_stop(tid);
		return;
	}
	k->is_stopped = true;
	k->in_vfork = false;
	if (k->is_listening && k->t->keeper)
		keeper_task_is_stopped(k->t->keeper, k->slot, false);
	k->is_listening = false;
	if (k->is_starting) {
		start_child(k, sig);
		return;
	}
	switch (event) {
	case 0:
		if (sig == (SIGTRAP | 0x80))
			stopped_at_call(k);
		else
			stopped_by_signal(k, sig);
		return;
	case PTRACE_EVENT_SECCOMP:
		stopped_at_call(k);
		return;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		task_make_child(k, event);
		k->in_vfork = event == PTRACE_EVENT_VFORK;
		break;
	case PTRACE_EVENT_EXEC:
		stopped_at_exec(k);
		return;
	case PTRACE_EVENT_EXIT:
		if (!ptrace(PTRACE_GETEVENTMSG, tid, NULL, &message))
			task_tell_exit(k, (int)message);
		break;
	case PTRACE_EVENT_STOP:
		stopped_as_job(k, sig);
		return;
	}
	task_resume(k, 0);
}
