/* `prog profile`: what the machine counts while a program runs, each time it does. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cpus.h"
#include "base/vec.h"
#include "inspect/ending.h"
#include "inspect/info.h"
#include "inspect/prog/profile.h"
#include "inspect/prog/prog.h"

#define CACHE_READ(cache, result)                                                                  \
	(PERF_COUNT_HW_CACHE_##cache | PERF_COUNT_HW_CACHE_OP_READ << 8 |                          \
	 PERF_COUNT_HW_CACHE_RESULT_##result << 16)

/* A ratio is to another metric, times a factor. */
enum metric_id { CYCLES, INSTRUCTIONS, L1D_LOADS, LLC_MISSES, ITLB_MISSES, DTLB_MISSES, CPU_CLOCK };

static const struct metric {
	const char *name;
	uint32_t type;
	uint64_t config;
	enum metric_id to;
	double factor; /* 0: no ratio */
	const char *ratio;
} metrics[] = {
    [CYCLES] = {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
    [INSTRUCTIONS] = {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, CYCLES, 1,
                      "insns per cycle"},
    [L1D_LOADS] = {"l1d_loads", PERF_TYPE_HW_CACHE, CACHE_READ(L1D, ACCESS)},
    [LLC_MISSES] = {"llc_misses", PERF_TYPE_HW_CACHE, CACHE_READ(LL, MISS), INSTRUCTIONS, 1e6,
                    "LLC misses per million insns"},
    [ITLB_MISSES] = {"itlb_misses", PERF_TYPE_HW_CACHE, CACHE_READ(ITLB, MISS), INSTRUCTIONS, 1e6,
                     "itlb misses per million insns"},
    [DTLB_MISSES] = {"dtlb_misses", PERF_TYPE_HW_CACHE, CACHE_READ(DTLB, MISS), INSTRUCTIONS, 1e6,
                     "dtlb misses per million insns"},
    /* Nanoseconds; of the kernel's software, so it is there where nothing else is. */
    [CPU_CLOCK] = {"cpu_clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK},
};
enum { METRIC_N = sizeof(metrics) / sizeof(metrics[0]), FOR_EVER = -1 };

struct profile {
	struct inspect *x;
	int target;
	uint32_t function; /* its number in the target's BTF */
	int duration_ms;
	int chosen[METRIC_N], n; /* in the table's order */
	struct profiler profiler;
	fd_list events;
	struct profile_sums sums;
};

/* ---- words ----------------------------------------------------------------------------------- */

int parse_duration(struct inspect *x, const char *word, uint32_t *ret_s)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(word, &end, 0);
	if (*end || !*word || *word == '-' || errno || n > 1000000)
		return inspect_error(x, "can't parse %s as duration", word);
	*ret_s = (uint32_t)n;
	return 0;
}

static int parse_metrics(struct profile *p, struct words *w)
{
	bool is_chosen[METRIC_N] = {false};
	int given = w->n;

	while (w->n) {
		const char *word = word_next(w);
		int i = 0;

		while (i < METRIC_N && strcmp(word, metrics[i].name) != 0)
			i++;
		if (i == METRIC_N)
			return inspect_error(p->x, "unknown metric %s", word);
		is_chosen[i] = true;
	}
	if (given > PROFILE_COUNTERS_MOST)
		return inspect_error(p->x,
		                     "too many (%d) metrics, please specify no more than %d "
		                     "metrics at a time",
		                     given, PROFILE_COUNTERS_MOST);
	for (int i = 0; i < METRIC_N; i++)
		if (is_chosen[i])
			p->chosen[p->n++] = i;
	return 0;
}

static int parse(struct profile *p, struct words *w)
{
	uint32_t s;

	if (!words_need(p->x, w, 3))
		return -EINVAL;
	p->target = prog_of(p->x, w);
	if (p->target < 0)
		return p->target;
	if (word_is(w->at[0], "duration")) {
		word_next(w);
		if (!words_need(p->x, w, 1) || parse_duration(p->x, word_next(w), &s))
			return -1;
		p->duration_ms = (int)(s * 1000);
	}
	return words_need(p->x, w, 1) ? parse_metrics(p, w) : -EINVAL;
}

/* ---- counters -------------------------------------------------------------------------------- */

/* Which function of its BTF the program begins with. */
static int find_function(struct profile *p)
{
	struct bpf_func_info func = {0};
	struct bpf_prog_info info;
	uint32_t size_b = sizeof(info);

	if (prog_info(p->target, &info) || !info.btf_id || !info.nr_func_info)
		return inspect_error(p->x, "a program without BTF can't be profiled");
	memset(&info, 0, sizeof(info));
	info.nr_func_info = 1;
	info.func_info_rec_size = sizeof(func);
	info.func_info = (uint64_t)(uintptr_t)&func;
	if (bpf_obj_get_info_by_fd(p->target, &info, &size_b) || !func.type_id)
		return inspect_error(p->x, "can't get prog info: %s", strerror(errno));
	p->function = func.type_id;
	return 0;
}

static int open_counter(struct profile *p, int which, int cpu)
{
	const struct metric *m = &metrics[p->chosen[which]];
	struct perf_event_attr attr = {
	    .type = m->type,
	    .size = sizeof(attr),
	    .config = m->config,
	    .exclude_user = m->type != PERF_TYPE_SOFTWARE,
	    .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	const char *why = strerror(errno);

	if (fd < 0 && (errno == ENOENT || errno == EOPNOTSUPP))
		return inspect_error(p->x,
		                     "can't open the counter %s on CPU %d: %s: this machine has "
		                     "none, as many virtual ones",
		                     m->name, cpu, why);
	if (fd < 0)
		return inspect_error(p->x, "can't open the counter %s on CPU %d: %s", m->name, cpu,
		                     why);
	vec_push(p->x->a, &p->events, fd);
	if (bpf_map_update_elem(p->profiler.events[which], &cpu, &fd, BPF_ANY))
		return inspect_error(p->x, "can't put the counter %s into a map: %s", m->name,
		                     strerror(errno));
	return 0;
}

static int open_counters(struct profile *p)
{
	int *cpus, status = 0;
	uint32_t n = cpus_online(&cpus);

	for (int i = 0; i < p->n; i++)
		for (uint32_t cpu = 0; cpu < n && !status; cpu++)
			status = open_counter(p, i, cpus[cpu]);
	free(cpus);
	return status;
}

static int read_sums(struct profile *p)
{
	uint32_t n = cpus_possible(), key = 0;
	struct profile_sums *all = arena_array(p->x->a, struct profile_sums, n);

	if (bpf_map_lookup_elem(p->profiler.sums, &key, all))
		return inspect_error(p->x, "can't read what was counted: %s", strerror(errno));
	for (uint32_t cpu = 0; cpu < n; cpu++) {
		p->sums.runs += all[cpu].runs;
		for (int i = 0; i < p->n; i++) {
			struct bpf_perf_event_value *to = &p->sums.counters[i];
			const struct bpf_perf_event_value *from = &all[cpu].counters[i];

			to->counter += from->counter;
			to->enabled += from->enabled;
			to->running += from->running;
		}
	}
	return 0;
}

/* ---- result ---------------------------------------------------------------------------------- */

static const struct bpf_perf_event_value *value_of(const struct profile *p, enum metric_id id)
{
	for (int i = 0; i < p->n; i++)
		if (p->chosen[i] == (int)id)
			return &p->sums.counters[i];
	return NULL;
}

static void say_plain(const struct profile *p)
{
	printf("\n%18llu %-20s\n", (unsigned long long)p->sums.runs, "run_cnt");
	for (int i = 0; i < p->n; i++) {
		const struct metric *m = &metrics[p->chosen[i]];
		const struct bpf_perf_event_value *v = &p->sums.counters[i], *to = NULL;

		printf("%18llu %-20s", (unsigned long long)v->counter, m->name);
		if (m->factor > 0)
			to = value_of(p, m->to);
		if (to && to->counter)
			printf("# %8.2f %-30s",
			       m->factor * (double)v->counter / (double)to->counter, m->ratio);
		else
			printf("%-41s", "");
		if (v->enabled > v->running)
			printf("(%4.2f%%)", 100.0 * (double)v->running / (double)v->enabled);
		printf("\n");
	}
}

static void say_json(struct inspect *x, const struct profile *p)
{
	struct json_writer *j = &x->json;

	json_open(j, '[');
	for (int i = 0; i < p->n; i++) {
		json_open(j, '{');
		json_member_string(j, "metric", metrics[p->chosen[i]].name);
		json_member_uint(j, "run_cnt", p->sums.runs);
		json_member_uint(j, "value", p->sums.counters[i].counter);
		json_member_uint(j, "enabled", p->sums.counters[i].enabled);
		json_member_uint(j, "running", p->sums.counters[i].running);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static int profile(struct profile *p)
{
	struct inspect *x = p->x;
	struct ending e;
	int err;

	err = profiler_create(&p->profiler, p->n, cpus_possible());
	if (!err && open_counters(p))
		return -1;
	if (!err)
		err = profiler_attach(&p->profiler, p->target, p->function, x->is_debug ? 7 : 0);
	if (err)
		return inspect_error(x, "can't %s: %s", p->profiler.failed, strerror(-err));
	err = ending_watch(&e);
	if (err)
		return inspect_error(x, "can't wait for signals: %s", strerror(-err));
	ending_wait(&e, -1, p->duration_ms);
	ending_leave(&e);
	profiler_detach(&p->profiler);
	if (read_sums(p))
		return -1;
	if (x->is_json)
		say_json(x, p);
	else
		say_plain(p);
	return 0;
}

int prog_profile(struct inspect *x, struct words *w)
{
	struct profile p = {.x = x, .target = -1, .duration_ms = FOR_EVER};
	int status;

	p.profiler.starts = p.profiler.sums = -1;
	p.profiler.entry = p.profiler.exit = -1;
	p.profiler.entry_link = p.profiler.exit_link = -1;
	status = parse(&p, w);
	if (!status)
		status = find_function(&p);
	if (!status)
		status = profile(&p);
	profiler_close(&p.profiler);
	close_all(&p.events);
	if (p.target >= 0)
		close(p.target);
	return status;
}
