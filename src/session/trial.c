/* --test and --bench (spec 9.12): the script's test and bench probes are run one after the other,
 * each by itself. What a test prints is kept and shown only if it fails; a test fails by returning
 * something else than 0, or by exit() with a status. Times are the machine's, so no two runs are
 * alike. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/internal.h"

enum { MOST_RUNS = 1000000000 };
#define ENOUGH_NS 200000000ull /* of one benchmark */

struct trial {
	uint32_t program;
	const char *name;
};
typedef vec(struct trial) trials;

static void find(const struct session *s, enum attach_kind kind, trials *out)
{
	for (uint32_t i = 0; i < s->img->programs.n; i++)
		vec_each (at, &s->img->programs.items[i].attaches)
			if (at->kind == kind)
				vec_push(NULL, out, ((struct trial){i, at->func}));
}

static void complain(struct session *s, const struct trial *t, int err)
{
	fprintf(s->opts->output.err, "ERROR: %s cannot be run: %s\n", t->name,
	        err == -524 ? "this kernel does not do test runs" : strerror(-err));
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* Runs a test with the session's output turned to memory. *ret_text is malloc'ed. */
static bool run_test(struct session *s, const struct trial *t, uint64_t *ret_ns, char **ret_text)
{
	struct output_options options = s->output;
	struct output *usual = s->out;
	uint32_t result = 1;
	size_t text_b = 0;
	int err;

	*ret_ns = 0;
	*ret_text = NULL;
	options.format = OUTPUT_TEXT;
	options.out = open_memstream(ret_text, &text_b);
	if (!options.out)
		return false;
	options.err = options.out;
	s->out = output_create(s->img, s->opts->symbols, &options);
	err = s->ops->run_program(s->engine, t->program, 1, &result, ret_ns);
	session_drain(s);
	output_destroy(s->out);
	fclose(options.out);
	s->out = usual;
	if (err)
		complain(s, t, err);
	if (s->has_exited && s->exit_code)
		result = 1;
	s->has_exited = s->is_dropping = false;
	s->exit_code = 0;
	return !err && !result;
}

int trials_test(struct session *s)
{
	vec(const char *) failed = {0};
	trials tests = {0};
	bool is_good;

	session_drain(s); /* what begin has printed is nobody's test */
	find(s, ATTACH_TEST, &tests);
	output_tests_begin(s->out, tests.n);
	vec_each (t, &tests) {
		uint64_t ns;
		char *text;

		output_test_begin(s->out, t->name);
		output_flush(s->out);
		is_good = run_test(s, t, &ns, &text);
		output_test_end(s->out, t->name, is_good, ns, text ? text : "");
		if (!is_good)
			vec_push(NULL, &failed, t->name);
		free(text);
	}
	output_tests_end(s->out, tests.n, failed.items, failed.n);
	is_good = !failed.n;
	vec_free(&failed);
	vec_free(&tests);
	return is_good ? 0 : 1;
}

/* ---- benchmarks ------------------------------------------------------------------------------ */

/* Ten times as often until it takes long enough for the clock. What it prints goes nowhere. */
static int run_bench(struct session *s, const struct trial *t, uint64_t *ret_n, uint64_t *ret_ns)
{
	uint64_t n = 1;
	int err;

	s->is_dropping = true;
	for (;; n *= 10) {
		err = s->ops->run_program(s->engine, t->program, n, NULL, ret_ns);
		session_drain(s);
		if (err || *ret_ns * 10 > ENOUGH_NS || n >= MOST_RUNS)
			break;
	}
	s->is_dropping = false;
	*ret_n = n;
	return err;
}

int trials_bench(struct session *s)
{
	trials benches = {0};
	int err = 0;

	session_drain(s);
	find(s, ATTACH_BENCH, &benches);
	output_benches_begin(s->out);
	vec_each (t, &benches) {
		uint64_t n = 1, ns = 0;

		err = run_bench(s, t, &n, &ns);
		if (err) {
			complain(s, t, err);
			break;
		}
		output_bench(s->out, t->name, ns / n, n);
		output_flush(s->out);
	}
	vec_free(&benches);
	return err ? 255 : 0;
}
