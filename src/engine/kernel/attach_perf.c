/* Timers and counters: `profile` on every online CPU, `interval` on one, `software` and `hardware`
 * on every CPU. With -p all but interval follow that process instead: one event for each of its
 * threads, inherited by the threads they start. */
#include "engine/kernel/attach.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "engine/kernel/sys.h"

/* What the kernel wants to hear as the length of a breakpoint on code. */
#if defined(__x86_64__)
enum { CODE_BREAKPOINT_B = sizeof(long) };
#else
enum { CODE_BREAKPOINT_B = 4 };
#endif

static struct perf_event_attr timer_attr(const struct image_attach *at, uint32_t type,
                                         uint64_t config)
{
	struct perf_event_attr attr = {
	    .type = type,
	    .size = sizeof(attr),
	    .config = config,
	    .disabled = 1,
	};

	if (at->is_frequency) {
		attr.freq = 1;
		attr.sample_freq = at->period;
	} else {
		attr.sample_period = at->period;
	}
	return attr;
}

static int attach_one(struct attaching *x, const struct image_attach *at,
                      const struct perf_event_attr *attr, pid_t pid, int cpu)
{
	int fd = sys_perf_event_open(attr, pid, cpu), err;

	if (fd < 0)
		return fd;
	err = attach_perf_event(x, at, fd, false);
	if (!err && ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		err = -errno;
	return err;
}

/* Takes back what was added since `n`, so that a failure leaves nothing. */
static void take_back(struct engine *e, size_t n)
{
	while (e->attached.n > n) {
		struct attached *last = &vec_last(&e->attached);

		if (last->link_fd >= 0)
			close(last->link_fd);
		close(last->perf_fd);
		e->attached.n--;
	}
}

static int on_every_cpu(struct attaching *x, const struct image_attach *at,
                        const struct perf_event_attr *attr)
{
	size_t before = x->e->attached.n;
	int *cpus = NULL, err = 0;
	uint32_t n = cpus_online(&cpus);

	for (uint32_t i = 0; i < n && !err; i++) {
		err = attach_one(x, at, attr, -1, cpus[i]);
		if (err == -ENODEV) /* went offline meanwhile */
			err = 0;
	}
	free(cpus);
	if (err)
		take_back(x->e, before);
	return err;
}

static int on_every_thread(struct attaching *x, const struct image_attach *at,
                           const struct perf_event_attr *like, pid_t pid)
{
	struct perf_event_attr attr = *like;
	size_t before = x->e->attached.n;
	char path[32];
	DIR *dir;
	int err = 0;

	attr.inherit = 1;
	/* v5.13; memory is watched in the processes that come from it, too */
	attr.inherit_thread = at->kind != ATTACH_WATCHPOINT;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -ESRCH;
	for (struct dirent *entry; !err && (entry = readdir(dir));) {
		pid_t tid = atoi(entry->d_name);

		if (tid <= 0)
			continue;
		err = attach_one(x, at, &attr, tid, -1);
		if ((err == -E2BIG || err == -EINVAL) && attr.inherit_thread) {
			/* then child processes are followed too */
			attr.inherit_thread = 0;
			err = attach_one(x, at, &attr, tid, -1);
		}
		if (err == -ESRCH) /* a thread that ended meanwhile */
			err = 0;
	}
	closedir(dir);
	if (!err && x->e->attached.n == before)
		err = -ESRCH;
	if (err)
		take_back(x->e, before);
	return err;
}

static int everywhere(struct attaching *x, const struct image_attach *at,
                      const struct perf_event_attr *attr)
{
	pid_t pid = x->e->opts.pid;

	return pid ? on_every_thread(x, at, attr, pid) : on_every_cpu(x, at, attr);
}

int attach_profile(struct attaching *x, const struct image_attach *at)
{
	struct perf_event_attr attr = timer_attr(at, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK);

	return everywhere(x, at, &attr);
}

int attach_interval(struct attaching *x, const struct image_attach *at)
{
	struct perf_event_attr attr = timer_attr(at, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK);
	int *cpus = NULL, err;

	cpus_online(&cpus);
	err = attach_one(x, at, &attr, -1, cpus[0]);
	free(cpus);
	return err;
}

int attach_perf(struct attaching *x, const struct image_attach *at)
{
	struct perf_event_attr attr = timer_attr(at, at->perf_type, at->perf_config);

	return everywhere(x, at, &attr);
}

/* Of the -c command before its exec: the event waits for the new program. */
static int on_child(struct attaching *x, const struct image_attach *at,
                    const struct perf_event_attr *like)
{
	struct perf_event_attr attr = *like;
	int fd;

	attr.inherit = 1;
	attr.enable_on_exec = 1;
	fd = sys_perf_event_open(&attr, x->e->opts.child, -1);
	return fd < 0 ? fd : attach_perf_event(x, at, fd, false);
}

/* Every access is an event, also those that the kernel makes for the process (read(2) into a
 * buffer that is watched). */
int attach_watchpoint(struct attaching *x, const struct image_attach *at)
{
	bool is_code = at->perf_config == ATTACH_WATCH_X;
	struct perf_event_attr attr = {
	    .type = PERF_TYPE_BREAKPOINT,
	    .size = sizeof(attr),
	    .bp_type = (uint32_t)at->perf_config,
	    .bp_addr = at->address,
	    .bp_len = is_code ? CODE_BREAKPOINT_B : at->period,
	    .sample_period = 1,
	    .disabled = 1,
	};

	return x->e->opts.child ? on_child(x, at, &attr) : everywhere(x, at, &attr);
}
