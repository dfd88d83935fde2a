/* Programs in front of and behind another program, which read counters. */
#ifndef SKEP_INSPECT_PROFILE_H
#define SKEP_INSPECT_PROFILE_H

#include <linux/bpf.h>
#include <stdint.h>

enum { PROFILE_COUNTERS_MOST = 4 };

/* What fexit adds up on each CPU. */
struct profile_sums {
	uint64_t runs;
	struct bpf_perf_event_value counters[PROFILE_COUNTERS_MOST];
};

struct profiler {
	int n_counters;
	int events[PROFILE_COUNTERS_MOST]; /* maps of the counters' perf events, by CPU */
	int starts, sums;                  /* per-CPU maps of one value */
	int entry, exit, entry_link, exit_link;
	const char *failed; /* what could not be done */
};

/* With room for events of so many CPUs, which are to be put into `events` before
 * profiler_attach(). All return 0 or -errno. */
int profiler_create(struct profiler *p, int n_counters, uint32_t n_cpus);
/* To the function of that number in the BTF of the program `target`. */
int profiler_attach(struct profiler *p, int target, uint32_t function, uint32_t log_level);
/* The programs are gone then, the sums stay. */
void profiler_detach(struct profiler *p);
void profiler_close(struct profiler *p);

#endif
