/* Watched memory: hardware breakpoints as perf events (v5.13: sigtrap) that stop the thread with a
 * signal of its own kind, SIGTRAP with TRAP_PERF, right behind the instruction. A user may have
 * them for processes of his own where perf_event_paranoid allows it (2 and less).
 *
 * What a thread makes (threads, processes) inherits them in the kernel; an exec, whose addresses
 * are others, loses them, and gets new ones while it is stopped there. A descriptor holds all that
 * was inherited from it, so none is closed before the end. When we die, so do they. */
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/user/inside.h"

enum {
	OUR_TRAPS = 0x736b6570, /* upper half of sig_data; the lower is the watch's number */
	TRAP_OF_PERF = 6,       /* si_code, younger than some C libraries */
	PERF_DATA_AT = 24,      /* of sig_data in siginfo_t (asm-generic/siginfo.h, 64 bits) */
	CODE_LENGTH_B = sizeof(long), /* what the kernel takes for breakpoints on code */
	CODE = 4,
};

/* Does whatever `b` tells of happen to `a` as well? */
static bool covers(const struct watched *a, const struct watched *b)
{
	return !(b->mode & ~a->mode) && b->address >= a->address &&
	       b->address + b->len_b <= a->address + a->len_b;
}

int tracer_add_watch(struct tracer *t, uint64_t address, uint32_t len_b, uint32_t mode,
                     uint32_t *ret_id)
{
	vec_each (w, &t->watches)
		if (w->address == address && w->len_b == len_b && w->mode == mode) {
			*ret_id = (uint32_t)(w - t->watches.items);
			return 0;
		}
	*ret_id = (uint32_t)t->watches.n;
	vec_push(NULL, &t->watches,
	         ((struct watched){.address = address, .len_b = len_b, .mode = mode}));
	return 0;
}

static int open_one(struct tracer *t, uint32_t id, pid_t tid, bool is_trial)
{
	const struct watched *w = &t->watches.items[id];
	struct perf_event_attr attr = {
	    .type = PERF_TYPE_BREAKPOINT,
	    .size = sizeof(attr),
	    .bp_type = w->mode,
	    .bp_addr = w->address,
	    .bp_len = w->mode == CODE ? CODE_LENGTH_B : w->len_b,
	    .sample_period = 1,
	    .disabled = is_trial,
	    .inherit = 1,
	    .exclude_hv = 1,
	    .exclude_kernel = t->watches_user_only,
	    .remove_on_exec = 1,
	    .sigtrap = 1,
	    .sig_data = (uint64_t)OUR_TRAPS << 32 | id,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd >= 0)
		return fd;
	if ((errno == EACCES || errno == EPERM) && !t->watches_user_only) {
		/* perf_event_paranoid 2: what the kernel does for the program is not seen */
		t->watches_user_only = true;
		return open_one(t, id, tid, is_trial);
	}
	return -errno;
}

static int explain(struct tracer_error *e, int err)
{
	switch (-err) {
	case EACCES:
	case EPERM:
		return tracer_refuse(e, err, "kernel.perf_event_paranoid has to be 2 or less",
		                     "Memory cannot be watched: %s", strerror(-err));
	case ENOSPC:
		return tracer_refuse(e, err, NULL,
		                     "The processor watches no more places at a time");
	case E2BIG:
	case EINVAL:
		return tracer_refuse(e, err, "it needs a kernel of 5.13 or later",
		                     "Memory cannot be watched like that: %s", strerror(-err));
	default:
		return tracer_refuse(e, err, NULL, "Memory cannot be watched: %s", strerror(-err));
	}
}

/* What would be refused later is refused now, of a thread that has nothing to lose: ours. */
int watch_try(struct tracer *t, struct tracer_error *ret_error)
{
	vec(int) fds = {0};
	int err = 0;

	for (uint32_t id = 0; id < t->watches.n && !err; id++) {
		int fd = open_one(t, id, 0, true);

		if (fd < 0)
			err = fd;
		else
			vec_push(NULL, &fds, fd);
	}
	vec_each (fd, &fds)
		close(*fd);
	vec_free(&fds);
	return err ? explain(ret_error, err) : 0;
}

static unsigned n_covered(const struct tracer *t, const struct watched *a)
{
	unsigned n = 0;

	vec_each (b, &t->watches)
		n += covers(a, b);
	return n;
}

/* When one instruction hits several, only the one that was opened last is told: the signal does not
 * queue, and the kernel sends it for the last first (task_work_run()). Those that cover others
 * come first, as they are known from these. */
void watch_task(struct tracer_task *k)
{
	for (size_t covered = k->t->watches.n; covered; covered--)
		for (uint32_t id = 0; id < k->t->watches.n; id++) {
			int fd;

			if (n_covered(k->t, &k->t->watches.items[id]) != covered)
				continue;
			fd = open_one(k->t, id, k->tid, false);
			if (fd >= 0)
				vec_push(NULL, &k->t->watch_fds, fd);
		}
}

/* The number of the watch that this signal is of, or -1. */
static int64_t trap_of(const struct tracer *t, int sig, const siginfo_t *info)
{
	uint64_t data;

	if (sig != SIGTRAP || info->si_code != TRAP_OF_PERF)
		return -1;
	memcpy(&data, (const char *)info + PERF_DATA_AT, sizeof(data));
	if (data >> 32 != OUR_TRAPS || (uint32_t)data >= t->watches.n)
		return -1;
	return (uint32_t)data;
}

bool watch_trap(struct tracer_task *k, int sig, const siginfo_t *info)
{
	struct tracer *t = k->t;
	int64_t id = trap_of(t, sig, info);

	if (id < 0)
		return false;
	for (uint32_t other = 0; t->opts.events.watch && other < t->watches.n; other++)
		if (covers(&t->watches.items[other], &t->watches.items[id])) {
			t->n_calls++;
			t->opts.events.watch(t->opts.arg, k, other);
		}
	task_resume(k, 0);
	return true;
}

bool watch_is_trapped(const struct tracer_task *k)
{
	siginfo_t info;

	return k->t->watches.n && !ptrace(PTRACE_GETSIGINFO, k->tid, NULL, &info) &&
	       trap_of(k->t, SIGTRAP, &info) >= 0;
}

void watch_remove(struct tracer *t)
{
	vec_each (fd, &t->watch_fds)
		close(*fd);
	vec_free(&t->watch_fds);
	t->watch_fds.n = 0;
}

void watch_free(struct tracer *t)
{
	watch_remove(t);
	vec_free(&t->watches);
}
