/* See stats.h. */
#include "inspect/stats.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "inspect/info.h"
#include "inspect/source.h"

int stats_enable(void)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	return fd < 0 ? -errno : fd;
}

int stats_switch(bool on)
{
	return file_write("/proc/sys/kernel/bpf_stats_enabled", on ? "1\n" : "0\n", 2);
}

void stats_read(struct arena *a, struct stats_sample *ret)
{
	struct timespec t;
	uint32_t id = 0;

	*ret = (struct stats_sample){0};
	clock_gettime(CLOCK_MONOTONIC, &t);
	ret->at_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	while (!source_next_prog(id, &id)) {
		struct prog_stats p = {.id = id};
		struct bpf_prog_info info;
		int fd = source_open_prog(id);

		if (fd < 0)
			continue; /* it has gone */
		if (!prog_info(fd, &info)) {
			p.type = info.type;
			snprintf(p.name, sizeof(p.name), "%.*s", BPF_OBJ_NAME_LEN, info.name);
			p.runs = info.run_cnt;
			p.time_ns = info.run_time_ns;
			vec_push(a, &ret->progs, p);
		}
		close(fd);
	}
}

static int by_id(const void *a, const void *b)
{
	const struct prog_stats *p = a, *q = b;

	return (p->id > q->id) - (p->id < q->id);
}

static int longest_first(const void *a, const void *b)
{
	const struct prog_stats *p = a, *q = b;

	if (p->time_ns != q->time_ns)
		return p->time_ns < q->time_ns ? 1 : -1;
	return by_id(a, b);
}

void stats_between(struct arena *a, const struct stats_sample *before,
                   const struct stats_sample *after, struct stats_change *ret)
{
	*ret = (struct stats_change){.ns = after->at_ns - before->at_ns};
	vec_each (now, &after->progs) {
		const struct prog_stats *then =
		    before->progs.n
		        ? bsearch(now, before->progs.items, before->progs.n, sizeof(*now), by_id)
		        : NULL;
		struct prog_stats p = *now;

		/* A number may come again, for another program. */
		if (then && then->runs <= p.runs && then->time_ns <= p.time_ns) {
			p.runs -= then->runs;
			p.time_ns -= then->time_ns;
		}
		if (p.runs)
			vec_push(a, &ret->progs, p);
	}
	if (ret->progs.n)
		qsort(ret->progs.items, ret->progs.n, sizeof(struct prog_stats), longest_first);
}

uint64_t stats_average_ns(const struct prog_stats *p)
{
	return p->runs ? p->time_ns / p->runs : 0;
}

double stats_cpu_percent(const struct prog_stats *p, uint64_t interval_ns)
{
	return interval_ns ? 100.0 * (double)p->time_ns / (double)interval_ns : 0;
}
