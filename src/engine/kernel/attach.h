/* Attaching: one function per kind of attach point, in the file of its facility. */
#ifndef SKEP_ENGINE_KERNEL_ATTACH_H
#define SKEP_ENGINE_KERNEL_ATTACH_H

#include "engine/kernel/kernel.h"
#include "symbols/symbols.h"

/* What is being attached: one program of an engine. */
struct attaching {
	struct engine *e;
	const struct image_program *prog;
	int prog_fd;
	enum multi multi;
	/* Functions with their addresses, one for each of the program's attach points, or NULL:
	 * the kernel is given names. */
	const struct kernel_function *functions;
};

/* Has the kernel several functions of this name, so that it would not know which is meant? False if
 * it does not say (before 6.6 and the stable kernels of that time). */
bool kprobe_is_unclear(const char *func);

/* Attaches the program at one point and adds what holds it to e->attached. Returns 0 or -errno;
 * then nothing was added. */
typedef int attach_fn(struct attaching *x, const struct image_attach *at);
attach_fn attach_kprobe;                                /* attach_kprobe.c */
attach_fn attach_uprobe;                                /* attach_uprobe.c */
attach_fn attach_tracepoint;                            /* attach_tracepoint.c */
attach_fn attach_raw_tracepoint;                        /* attach_tracepoint.c */
attach_fn attach_tracing;                               /* attach_tracepoint.c */
attach_fn attach_iterator;                              /* iterator.c */
attach_fn attach_profile, attach_interval, attach_perf; /* attach_perf.c */
attach_fn attach_watchpoint;                            /* attach_perf.c */

/* One link for all of at[0..n), which are of one kind (uprobes: and in one file). */
typedef int attach_many_fn(struct attaching *x, const struct image_attach *at, size_t n);
attach_many_fn attach_kprobe_multi;
attach_many_fn attach_uprobe_multi;

/* Puts the program on an open perf event and takes the event over, also on failure. */
int attach_perf_event(struct attaching *x, const struct image_attach *at, int perf_fd,
                      bool is_slow);
/* The number of the perf unit ("kprobe", "uprobe") that makes probes, or -errno; *ret_retprobe is
 * the bit of its config that says "on return". Both have been there since v4.17, so there is no
 * going through tracefs's kprobe_events, which a killed tracer would leave behind. */
int perf_unit_type(const char *unit, uint64_t *ret_retprobe);
/* Does a file of the unit in /sys say exactly this? */
bool perf_unit_has(const char *unit, const char *file, const char *line);
#endif
