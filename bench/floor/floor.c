/* floor QUESTION [--raw] [ARGUMENT...]: one question of bench/run, answered by hand-written code. */
#include "floor.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* -l: every tracepoint, sorted. /sys/kernel/tracing/available_events would cost the kernel more
 * than it tells. */
int floor_list(enum way way, int argc, char **argv)
{
	static char *names[65536];
	size_t n = 0;
	char line[512];
	FILE *f = fopen("/sys/kernel/tracing/available_events", "re");

	(void)way, (void)argc, (void)argv;
	if (!f)
		die("tracefs");
	while (n < sizeof(names) / sizeof(names[0]) && fgets(line, sizeof(line), f))
		names[n++] = strdup(line);
	fclose(f);
	qsort(names, n, sizeof(names[0]), by_name);
	for (size_t i = 0; i < n; i++)
		out("tracepoint:%s", names[i]);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(enum way, int, char **);
} questions[] = {
	{"begin", floor_begin},   {"six", floor_six},	    {"calls", floor_calls},
	{"count", floor_count},   {"comm", floor_comm},	    {"hist", floor_hist},
	{"filter", floor_filter}, {"opens", floor_opens},   {"kstack", floor_kstack},
	{"printf", floor_printf}, {"keys", floor_keys},	    {"list", floor_list},
	{"profile", floor_profile},
};

int main(int argc, char **argv)
{
	enum way way = WAY_PERF;
	int skip = 2;

	if (argc > 2 && !strcmp(argv[2], "--raw")) {
		way = WAY_RAW;
		skip = 3;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(questions) / sizeof(questions[0]); i++)
		if (!strcmp(argv[1], questions[i].name)) {
			catch_signals();
			int status = questions[i].run(way, argc - skip, argv + skip);

			flush_out();
			return status;
		}
	fprintf(stderr, "usage: floor QUESTION [--raw] [ARGUMENT...]\n");
	return 2;
}
