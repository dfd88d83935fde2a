/* profile, software and hardware probes: perf events of the traced tasks, which a user may open for
 * processes of their own where perf_event_paranoid allows (2 and less). Each sample brings its own
 * registers and frames, so nobody is stopped. A task's events are one for each CPU, as only such
 * may be inherited and have a ring: what comes from the task is in them from its first instruction,
 * and the locked memory that a user may have is asked for a few rings, not for one a thread. Where
 * perf events are refused, as containers do, profile looks at its times which of the tasks are
 * running: without their registers and stacks. */
#include "engine/user/user.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

enum { RING_PAGES = 32, LEAST_RING_PAGES = 2, MAX_FRAMES = 127 };

/* The samples of one probe on one CPU. */
struct counter {
	struct hook hook;
	int fd; /* of the event that the ring belongs to */
	unsigned char *ring;
	size_t ring_b;
};

struct task {
	pid_t pid, tid;
};

struct sampler {
	hooks probes;           /* with perf events */
	bool looks;             /* some profile has to do without */
	vec(struct task) tasks; /* malloc'ed; for those that look */
	uint64_t lost;
	vec(struct counter) counters; /* malloc'ed; of each probe, of each CPU */
	vec(int) fds;                 /* events that write into the ring of another */
};

#define SAMPLE_TYPE (PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_CALLCHAIN)

static int open_event(const struct image_attach *at, pid_t tid, int cpu)
{
	struct perf_event_attr attr = {.size = sizeof(attr),
	                               .sample_type = SAMPLE_TYPE,
	                               .exclude_hv = 1,
	                               .exclude_callchain_kernel = 1,
	                               .inherit = 1};
	int fd;

	if (at->kind == ATTACH_PROFILE) {
		attr.type = PERF_TYPE_SOFTWARE;
		attr.config = PERF_COUNT_SW_TASK_CLOCK;
	} else {
		attr.type = at->perf_type;
		attr.config = at->perf_config;
	}
	attr.freq = at->is_frequency;
	if (at->is_frequency)
		attr.sample_freq = at->period;
	else
		attr.sample_period = at->period ? at->period : 1;
	fd = (int)syscall(SYS_perf_event_open, &attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 && (errno == EACCES || errno == EPERM)) {
		/* perf_event_paranoid 2: only what happens outside the kernel. */
		attr.exclude_kernel = 1;
		fd = (int)syscall(SYS_perf_event_open, &attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}

static struct counter *counter_of(struct sampler *s, size_t probe, uint32_t cpu, uint32_t n_cpus)
{
	return &s->counters.items[probe * n_cpus + cpu];
}

/* As large as the user may have. */
static int make_ring(struct counter *c)
{
	int err = 0;

	for (size_t pages = RING_PAGES; pages >= LEAST_RING_PAGES; pages /= 2) {
		c->ring_b = (1 + pages) * (size_t)getpagesize();
		c->ring = mmap(NULL, c->ring_b, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
		if (c->ring != MAP_FAILED)
			return 0;
		err = -errno;
	}
	c->ring = NULL;
	return err;
}

/* An event of this task, into the probe's ring of this CPU; the first one has the ring made. A CPU
 * that is off has none, and nothing runs there. */
static int add_event(struct engine *e, size_t probe, uint32_t cpu, pid_t tid)
{
	struct counter *c = counter_of(e->sampler, probe, cpu, e->n_cpus);
	int fd = open_event(c->hook.at, tid, (int)cpu), err;

	if (fd < 0)
		return fd == -ENODEV ? 0 : fd;
	if (!c->ring) {
		c->fd = fd;
		err = make_ring(c);
		if (err) {
			close(fd);
			c->fd = -1;
		}
		return err;
	}
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, c->fd)) {
		err = -errno;
		close(fd);
		return err;
	}
	vec_push(NULL, &e->sampler->fds, fd);
	return 0;
}

/* One that ends meanwhile (ESRCH) needs none. */
static int add_events(struct engine *e, pid_t tid)
{
	for (size_t probe = 0; probe < e->sampler->probes.n; probe++)
		for (uint32_t cpu = 0; cpu < e->n_cpus; cpu++) {
			int err = add_event(e, probe, cpu, tid);

			if (err && err != -ESRCH)
				return err;
		}
	return 0;
}

/* The tasks of a process as they are now. */
static int add_tasks(struct engine *e, pid_t pid)
{
	char path[32];
	struct dirent *entry;
	DIR *dir;
	int err = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (!err && dir && (entry = readdir(dir))) {
		pid_t tid = atoi(entry->d_name);

		if (*entry->d_name == '.')
			continue;
		err = add_events(e, tid);
		user_sampler_add(e, pid, tid);
	}
	if (dir)
		closedir(dir);
	return err;
}

/* Perf events for this probe, or, of a profile that may have none, a timer to look around. */
static int add_probe(struct engine *e, struct hook h, pid_t pid, struct engine_error *ret)
{
	int fd = open_event(h.at, pid, -1), err;

	if (fd >= 0) {
		close(fd);
		vec_push(e->a, &e->sampler->probes, h);
		for (uint32_t cpu = 0; cpu < e->n_cpus; cpu++)
			vec_push(NULL, &e->sampler->counters,
			         ((struct counter){.hook = h, .fd = -1}));
		return 0;
	}
	err = fd;
	/* where events may be had, a rate that is refused is a mistake, and no timer makes it good */
	if (h.at->kind == ATTACH_PROFILE && !(err == -EINVAL && h.at->is_frequency)) {
		e->sampler->looks = true;
		vec_push(e->a, &e->timers,
		         ((struct timer){.hook = h,
		                         .period_ns = user_period_ns(h.at),
		                         .looks_at_tasks = true}));
		return 0;
	}
	user_error(e, ret, err, h.program, "%s: no perf event can be opened: %s", h.at->name,
	           strerror(-err));
	if (ret && (err == -EACCES || err == -EPERM))
		ret->hint = "kernel.perf_event_paranoid has to be 2 or less";
	if (ret && err == -EINVAL && h.at->is_frequency)
		ret->hint = "the kernel does not sample so often: "
			    "/proc/sys/kernel/perf_event_max_sample_rate";
	return err;
}

int user_sampler_open(struct engine *e, struct engine_error *ret)
{
	pid_t pid = e->opts.child ? e->opts.child : e->opts.pid;
	int err = 0;

	for (uint32_t i = 0; i < e->img->programs.n; i++)
		vec_each (at, &e->img->programs.items[i].attaches) {
			if (at->kind != ATTACH_PROFILE && at->kind != ATTACH_PERF)
				continue;
			if (!e->sampler)
				e->sampler = calloc(1, sizeof(*e->sampler));
			if (!e->sampler)
				return -ENOMEM;
			err = add_probe(e, (struct hook){.program = i, .at = at}, pid, ret);
			if (err)
				return err;
		}
	err = e->sampler ? add_tasks(e, pid) : 0;
	if (err)
		user_error(e, ret, err, UINT32_MAX, "No samples can be had of process %d: %s", pid,
		           strerror(-err));
	if (err == -EPERM && ret)
		ret->hint = "more locked memory (ulimit -l) may be needed";
	return err;
}

void user_sampler_add(struct engine *e, pid_t pid, pid_t tid)
{
	if (e->sampler && e->sampler->looks)
		vec_push(NULL, &e->sampler->tasks, ((struct task){pid, tid}));
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The record as the kernel lays it out for SAMPLE_TYPE. */
struct sample {
	struct perf_event_header header;
	uint64_t ip;
	uint32_t pid, tid;
	uint64_t n;
	uint64_t ips[MAX_FRAMES + 8];
};

static void copy_out(const struct counter *c, uint64_t at, void *to, size_t size_b)
{
	size_t data_b = c->ring_b - (size_t)getpagesize(), off = at % data_b;
	const unsigned char *data = c->ring + getpagesize();
	size_t first = size_b < data_b - off ? size_b : data_b - off;

	memcpy(to, data + off, first);
	memcpy((unsigned char *)to + first, data, size_b - first);
}

static void run_sample(struct engine *e, const struct counter *c, const struct sample *s)
{
	struct {
		uint64_t regs[21]; /* x86-64: struct pt_regs, the instruction pointer at 16 */
		uint64_t period, address;
	} context = {.period = c->hook.at->period};
	uint64_t frames[MAX_FRAMES];
	uint32_t n = 0;

	for (uint64_t k = 0; k < s->n && k < MAX_FRAMES + 8 && n < MAX_FRAMES; k++)
		if (s->ips[k] < (uint64_t)-4096) /* no PERF_CONTEXT_ marker */
			frames[n++] = s->ips[k];
	context.regs[16] = s->ip;
	if ((s->header.misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_USER)
		context.regs[17] = 0x33; /* user mode's code segment */
	e->stack = frames;
	e->n_stack = n;
	e->sampled_pid = s->pid;
	e->sampled_tid = s->tid;
	user_run(e, c->hook, &context, sizeof(context));
	e->stack = NULL;
	e->sampled_pid = e->sampled_tid = 0;
}

static int read_counter(struct engine *e, const struct counter *c)
{
	struct perf_event_mmap_page *page = (void *)c->ring;
	uint64_t head, tail;
	int n = 0;

	if (!page)
		return 0;
	head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	tail = page->data_tail;
	while (tail < head) {
		struct sample s = {0};

		copy_out(c, tail, &s.header, sizeof(s.header));
		if (!s.header.size)
			break;
		if (s.header.type == PERF_RECORD_LOST) {
			uint64_t record[3]; /* header, id, how many */

			copy_out(c, tail, record, sizeof(record));
			e->sampler->lost += record[2];
		} else if (s.header.type == PERF_RECORD_SAMPLE) {
			copy_out(c, tail, &s,
			         s.header.size < sizeof(s) ? s.header.size : sizeof(s));
			run_sample(e, c, &s);
			n++;
		}
		tail += s.header.size;
	}
	__atomic_store_n(&page->data_tail, tail, __ATOMIC_RELEASE);
	return n;
}

int user_sampler_read(struct engine *e)
{
	int n = 0;

	for (size_t k = 0; e->sampler && k < e->sampler->counters.n; k++)
		n += read_counter(e, &e->sampler->counters.items[k]);
	return n;
}

/* Is it running? The state stands behind the name, which may hold anything, in /proc/TID/stat. */
static bool is_running(pid_t tid)
{
	char path[32], text[256];
	const char *end;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	end = strrchr(text, ')');
	return end && end[1] == ' ' && end[2] == 'R';
}

void user_sampler_look(struct engine *e, struct hook h)
{
	uint64_t context[21 + 2] = {0};

	for (size_t k = 0; e->sampler && k < e->sampler->tasks.n; k++) {
		struct task t = e->sampler->tasks.items[k];

		if (!is_running(t.tid))
			continue;
		e->sampled_pid = t.pid;
		e->sampled_tid = t.tid;
		user_run(e, h, context, sizeof(context));
	}
	e->sampled_pid = e->sampled_tid = 0;
}

uint64_t user_sampler_lost(const struct engine *e)
{
	return e->sampler ? e->sampler->lost : 0;
}

/* Its samples are read while its name still can be. */
void user_sampler_remove(struct engine *e, pid_t tid)
{
	user_sampler_read(e);
	for (size_t k = 0; e->sampler && k < e->sampler->tasks.n; k++)
		if (e->sampler->tasks.items[k].tid == tid)
			e->sampler->tasks.items[k--] =
			    e->sampler->tasks.items[--e->sampler->tasks.n];
}

void user_sampler_close(struct engine *e)
{
	if (!e->sampler)
		return;
	vec_each (fd, &e->sampler->fds)
		close(*fd);
	vec_each (c, &e->sampler->counters) {
		if (c->ring)
			munmap(c->ring, c->ring_b);
		if (c->fd >= 0)
			close(c->fd);
	}
	vec_free(&e->sampler->fds);
	vec_free(&e->sampler->counters);
	vec_free(&e->sampler->tasks);
	e->sampled_lost += e->sampler->lost;
	free(e->sampler);
	e->sampler = NULL;
}
