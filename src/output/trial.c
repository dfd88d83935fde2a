/* What --test and --bench say (spec 9.12; as JSON 9.8, times in nanoseconds). The tags are green
 * and red wherever they go. */
#include <string.h>

#include "output/internal.h"

#define GREEN "\033[32m"
#define RED "\033[31m"
#define PLAIN "\033[0m"

static void tag(struct output *o, const char *color, const char *text)
{
	sb_addf(&o->text, "%s%s" PLAIN " ", color, text);
}

void output_tests_begin(struct output *o, size_t n)
{
	if (o->opts.format != OUTPUT_TEXT)
		return;
	tag(o, GREEN, "[==========]");
	sb_addf(&o->text, "Running %zu tests.\n", n);
	output_emitted(o);
}

void output_test_begin(struct output *o, const char *name)
{
	if (o->opts.format != OUTPUT_TEXT)
		return;
	tag(o, GREEN, "[ RUN      ]");
	sb_addf(&o->text, "%s\n", name);
	output_emitted(o);
}

void output_test_end(struct output *o, const char *name, bool is_passed, uint64_t ns,
                     const char *text)
{
	size_t len_b = strlen(text);

	if (o->opts.format == OUTPUT_JSON) {
		sb_adds(&o->text, "{\"type\": \"test_result\", \"data\": {");
		json_add_string(&o->text, name, strlen(name));
		sb_addf(&o->text, ": {\"duration\": %llu, \"passed\": %s, \"output\": ",
		        (unsigned long long)ns, is_passed ? "true" : "false");
		json_add_string(&o->text, text, len_b);
		sb_adds(&o->text, "}}}\n");
		output_emitted(o);
		return;
	}
	if (!is_passed) {
		sb_adds(&o->text, text);
		if (len_b && text[len_b - 1] != '\n')
			sb_adds(&o->text, "\n");
	}
	tag(o, is_passed ? GREEN : RED, is_passed ? "[       OK ]" : "[  FAILED  ]");
	sb_addf(&o->text, "%s (%llu us)\n", name, (unsigned long long)(ns / 1000));
	output_emitted(o);
}

void output_tests_end(struct output *o, size_t n, const char *const *failed, size_t n_failed)
{
	if (o->opts.format != OUTPUT_TEXT)
		return;
	tag(o, GREEN, "[==========]");
	sb_addf(&o->text, "%zu tests ran.\n", n);
	tag(o, GREEN, "[  PASSED  ]");
	sb_addf(&o->text, "%zu tests.\n", n - n_failed);
	for (size_t i = 0; i < n_failed; i++) {
		tag(o, RED, "[  FAILED  ]");
		sb_addf(&o->text, "%s\n", failed[i]);
	}
	output_emitted(o);
}

enum { NAME_WIDTH = 41, TIME_WIDTH = 15, RULE_WIDTH = 66 };

void output_benches_begin(struct output *o)
{
	if (o->opts.format != OUTPUT_TEXT)
		return;
	sb_addf(&o->text, "%-*s%-*s%s\n", NAME_WIDTH, "Name", TIME_WIDTH, "Time(ns)", "Iterations");
	for (int i = 0; i < RULE_WIDTH; i++)
		sb_adds(&o->text, "-");
	sb_adds(&o->text, "\n");
	output_emitted(o);
}

void output_bench(struct output *o, const char *name, uint64_t average_ns, uint64_t n)
{
	if (o->opts.format == OUTPUT_JSON) {
		sb_adds(&o->text, "{\"type\": \"benchmark_result\", \"data\": {");
		json_add_string(&o->text, name, strlen(name));
		sb_addf(&o->text, ": {\"average\": %llu, \"iters\": %llu}}}\n",
		        (unsigned long long)average_ns, (unsigned long long)n);
	} else {
		sb_addf(&o->text, "%-*s%-*llu%llu\n", NAME_WIDTH, name, TIME_WIDTH,
		        (unsigned long long)average_ns, (unsigned long long)n);
	}
	output_emitted(o);
}
