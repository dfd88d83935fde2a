/* How often programs run and for how long. The kernel counts while somebody asks for it: the
 * sysctl kernel.bpf_stats_enabled, or a descriptor of stats_enable(). Counts stay when it stops. */
#ifndef SKEP_INSPECT_STATS_H
#define SKEP_INSPECT_STATS_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"

struct arena;

struct prog_stats {
	uint32_t id, type;
	char name[BPF_OBJ_NAME_LEN + 1]; /* the kernel's, cut; whole: prog_name() */
	uint64_t runs, time_ns;          /* since it was loaded, or in an interval */
};

/* All programs at a time, by their numbers. */
struct stats_sample {
	uint64_t at_ns; /* CLOCK_MONOTONIC */
	vec(struct prog_stats) progs;
};

/* What they did between two samples, those that ran only, the longest first. */
struct stats_change {
	uint64_t ns;
	vec(struct prog_stats) progs;
};

/* Counting goes on until the descriptor is closed. -errno. */
int stats_enable(void);
/* The sysctl: on for all, until it is switched off. 0 or -errno. */
int stats_switch(bool on);
/* Both live in `a`, one for each sample, say. */
void stats_read(struct arena *a, struct stats_sample *ret);
void stats_between(struct arena *a, const struct stats_sample *before,
                   const struct stats_sample *after, struct stats_change *ret);
uint64_t stats_average_ns(const struct prog_stats *p);
/* Of one CPU, in percent. */
double stats_cpu_percent(const struct prog_stats *p, uint64_t interval_ns);

#endif
