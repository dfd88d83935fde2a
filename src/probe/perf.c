/* software and hardware: programs run every N-th perf event, or so often that it is N times a
 * second.
 *
 * Input: `software:page-faults:100`, `hardware:cycles`, `hardware:cycles:hz:49`. Output:
 * perf_event_attr's type and config, and N. The event names are a table; without a count, the
 * table's default. */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/perf_event.h>

#include "base/file.h"

#include "base/wildcard.h"
#include "probe/provider.h"

struct event {
	const char *name;
	uint32_t config;
	uint32_t count; /* the default N */
};

/* Aliases are rows of their own. In listing order: as "NAME:" sorts. */
/* clang-format off */
static const struct event software[] = {
	{"alignment-faults",  PERF_COUNT_SW_ALIGNMENT_FAULTS, 1},
	{"bpf-output",        PERF_COUNT_SW_BPF_OUTPUT,       1},
	{"context-switches",  PERF_COUNT_SW_CONTEXT_SWITCHES, 1000},
	{"cpu-clock",         PERF_COUNT_SW_CPU_CLOCK,        1000000},
	{"cpu-migrations",    PERF_COUNT_SW_CPU_MIGRATIONS,   1},
	{"cpu",               PERF_COUNT_SW_CPU_CLOCK,        1000000},
	{"cs",                PERF_COUNT_SW_CONTEXT_SWITCHES, 1000},
	{"dummy",             PERF_COUNT_SW_DUMMY,            1},
	{"emulation-faults",  PERF_COUNT_SW_EMULATION_FAULTS, 1},
	{"faults",            PERF_COUNT_SW_PAGE_FAULTS,      100},
	{"major-faults",      PERF_COUNT_SW_PAGE_FAULTS_MAJ,  1},
	{"minor-faults",      PERF_COUNT_SW_PAGE_FAULTS_MIN,  100},
	{"page-faults",       PERF_COUNT_SW_PAGE_FAULTS,      100},
	{"task-clock",        PERF_COUNT_SW_TASK_CLOCK,       1},
	{NULL, 0, 0},
};
static const struct event hardware[] = {
	{"backend-stalls",      PERF_COUNT_HW_STALLED_CYCLES_BACKEND,  1000000},
	{"branch-instructions", PERF_COUNT_HW_BRANCH_INSTRUCTIONS,     100000},
	{"branch-misses",       PERF_COUNT_HW_BRANCH_MISSES,           100000},
	{"branches",            PERF_COUNT_HW_BRANCH_INSTRUCTIONS,     100000},
	{"bus-cycles",          PERF_COUNT_HW_BUS_CYCLES,              100000},
	{"cache-misses",        PERF_COUNT_HW_CACHE_MISSES,            1000000},
	{"cache-references",    PERF_COUNT_HW_CACHE_REFERENCES,        1000000},
	{"cpu-cycles",          PERF_COUNT_HW_CPU_CYCLES,              1000000},
	{"cycles",              PERF_COUNT_HW_CPU_CYCLES,              1000000},
	{"frontend-stalls",     PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, 1000000},
	{"instructions",        PERF_COUNT_HW_INSTRUCTIONS,            1000000},
	{"ref-cycles",          PERF_COUNT_HW_REF_CPU_CYCLES,          1000000},
	{NULL, 0, 0},
};
/* clang-format on */

static const struct event *events_of(enum probe_kind kind)
{
	return kind == PROBE_SOFTWARE ? software : hardware;
}

/* The number behind the event: how many, or how often a second. */
static bool read_count(struct probe_context *cx, const struct attach_point *ap,
                       enum probe_kind kind, struct probe_target *t)
{
	const char *text = ap->n_parts > 2 ? ap->parts[2] : "";

	t->is_frequency = !strcmp(text, "hz");
	if (t->is_frequency)
		text = ap->n_parts > 3 ? ap->parts[3] : "";
	/* As the lists say it, `hardware:cache-misses:`, it is the usual count. */
	if ((!t->is_frequency && !*text) || (parse_number(text, &t->period) && t->period))
		return true;
	diag_error(cx->diag, E_PROBE_PARTS, ap->at, "%s %s should be a positive integer",
	           probe_kind_name(kind), t->is_frequency ? "frequency" : "count");
	return false;
}

bool probe_can_count(const struct probe_target *t)
{
	struct perf_event_attr attr = {
	    .type = t->perf_type,
	    .size = sizeof(attr),
	    .config = t->perf_config,
	    .disabled = 1,
	    .exclude_kernel = 1, /* what anybody may */
	};
	own_fd int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	return fd >= 0;
}

static bool expand_perf(struct probe_context *cx, const struct attach_point *ap,
                        enum probe_kind kind, probe_targets *out)
{
	struct diag_guess guess = {.word = ap->parts[1]};
	const struct event *e = events_of(kind);
	struct probe_target number = {0}, *t;

	if (wildcard_has(ap->parts[1])) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at,
		           "%s probe type does not support wildcards", probe_kind_name(kind));
		return false;
	}
	for (; e->name && strcmp(e->name, ap->parts[1]); e++)
		diag_nearest(&guess, e->name);
	if (!e->name) {
		const char *near =
		    guess.best ? arena_printf(cx->a, "%s:%s", probe_kind_name(kind), guess.best)
		               : NULL;

		return report_no_match(cx, ap, kind, near);
	}
	number.period = e->count;
	if (!read_count(cx, ap, kind, &number))
		return false;
	t = target_add(cx, out, kind);
	t->func = e->name;
	t->perf_type = kind == PROBE_SOFTWARE ? PERF_TYPE_SOFTWARE : PERF_TYPE_HARDWARE;
	t->perf_config = e->config;
	t->period = number.period;
	t->is_frequency = number.is_frequency;
	t->name = arena_printf(cx->a, "%s:%s", probe_kind_name(kind), attach_point_rest(cx, ap));
	return true;
}

static void list_perf(struct listing *l)
{
	for (const struct event *e = events_of(l->kind); e->name; e++)
		if (!l->n_parts || wildcard_match(l->parts[0], e->name))
			sb_addf(l->out, "%s:%s:\n", probe_kind_name(l->kind), e->name);
}

const struct provider software_provider = {.min_args = 1,
                                           .max_args = 2,
                                           .has_rate = true,
                                           .is_wild_list = true,
                                           .expand = expand_perf,
                                           .list = list_perf};
const struct provider hardware_provider = {.min_args = 1,
                                           .max_args = 2,
                                           .has_rate = true,
                                           .is_wild_list = true,
                                           .expand = expand_perf,
                                           .list = list_perf};
