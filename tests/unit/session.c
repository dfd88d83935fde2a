/* The session, driven with an engine made for the purpose: it writes down what it is asked, hands
 * out records that a test has put into its ring, and calls the test back when it would wait. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "session/child.h"
#include "session/session.h"

/* ---- the engine ------------------------------------------------------------------------------ */

/* Events of the image below. */
enum { SAY_A, SAY_B, PRINT_N, CLEAR_N, ZERO_N, EXIT, N_EVENTS };

struct engine {
	struct strbuf calls;
	struct image_record ring[32];
	size_t n_ring;
	uint64_t n[2]; /* @n, per CPU */
	bool has_n;    /* @n[1] exists */
	uint64_t lost;
	pid_t child;
	/* the test's */
	void (*on_begin)(struct engine *e);
	void (*on_attach)(struct engine *e);
	void (*on_idle)(struct engine *e); /* the ring is empty and poll may wait */
	void (*on_end)(struct engine *e);
	int n_idle;
	int load_error, begin_error, attach_error, poll_error;
};

static struct engine fake;

static void call(const char *name)
{
	sb_addf(&fake.calls, "%s%s", fake.calls.n ? " " : "", name);
}

static void put(uint32_t event, uint32_t arg)
{
	fake.ring[fake.n_ring++] = (struct image_record){event, arg};
}

static struct engine *fake_load(const struct image *img, const struct engine_options *opts,
                                struct engine_error *ret_error)
{
	(void)img;
	call("load");
	fake.child = opts->child;
	if (!fake.load_error)
		return &fake;
	*ret_error = (struct engine_error){.err = fake.load_error,
	                                   .text = "the kernel refused",
	                                   .at = {0, 0, 5},
	                                   .log = "R1 is bad\n"};
	return NULL;
}

static int fake_begin(struct engine *e, struct engine_error *ret_error)
{
	call("begin");
	if (e->on_begin)
		e->on_begin(e);
	if (e->begin_error)
		*ret_error = (struct engine_error){
		    .err = e->begin_error, .text = "begin failed", .at = NO_SPAN};
	return e->begin_error;
}

static int fake_attach(struct engine *e, void (*warn)(void *arg, struct span at, const char *text),
                       void *arg, uint32_t *ret_attached, struct engine_error *ret_error)
{
	call("attach");
	if (e->on_attach)
		e->on_attach(e);
	if (e->attach_error) {
		*ret_error = (struct engine_error){.err = e->attach_error, .at = NO_SPAN};
		return e->attach_error;
	}
	warn(arg, NO_SPAN, "one less");
	*ret_attached = 3;
	return 0;
}

static int fake_poll(struct engine *e, int timeout_ms, int extra_fd, engine_event_fn *fn, void *arg)
{
	struct pollfd p = {.fd = extra_fd, .events = POLLIN};
	size_t n = e->n_ring;

	if (e->poll_error)
		return e->poll_error;
	if (!n && timeout_ms) {
		if (e->on_idle)
			e->on_idle(e);
		e->n_idle++;
		n = e->n_ring;
		if (!n && poll(&p, 1, timeout_ms) < 0)
			return -errno;
	}
	e->n_ring = 0;
	for (size_t i = 0; i < n; i++) {
		struct image_record r = e->ring[i];

		fn(arg, &r, sizeof(r));
	}
	return (int)n;
}

static int fake_detach(struct engine *e)
{
	(void)e;
	call("detach");
	return 0;
}

static int fake_end(struct engine *e)
{
	call("end");
	if (e->on_end)
		e->on_end(e);
	return 0;
}

static uint64_t fake_lost(struct engine *e)
{
	return e->lost;
}

/* Variable 0 is @n[...] = count() over two CPUs, 1 is @a, a scalar that holds 42. */
static int fake_read(struct engine *e, uint32_t var, engine_entry_fn *fn, void *arg)
{
	uint64_t key = 1, value = 42;

	if (var == 1)
		fn(arg, NULL, &value, 1, 8);
	else if (e->has_n)
		fn(arg, &key, e->n, 2, 8);
	return 0;
}

static int fake_clear(struct engine *e, uint32_t var)
{
	assert_int_equal(var, 0);
	e->has_n = false;
	return 0;
}

static int fake_zero(struct engine *e, uint32_t var)
{
	assert_int_equal(var, 0);
	e->n[0] = e->n[1] = 0;
	return 0;
}

static void fake_destroy(struct engine *e)
{
	(void)e;
	call("destroy");
}

/* Programs 0 and 1 say a and b; 1 returns 1, and 2 exits with 5. Takes a microsecond each. */
static int fake_program(struct engine *e, uint32_t program, uint64_t n, uint32_t *ret_result,
                        uint64_t *ret_ns)
{
	(void)e;
	call("program");
	put(program == 0 ? SAY_A : program == 1 ? SAY_B : EXIT, program == 2 ? 5 : 0);
	if (ret_result)
		*ret_result = program == 1;
	if (ret_ns)
		*ret_ns = n * 1000;
	return 0;
}

static const struct engine_ops fake_ops = {
    .name = "fake",
    .load = fake_load,
    .run_begin = fake_begin,
    .attach = fake_attach,
    .poll = fake_poll,
    .detach = fake_detach,
    .run_end = fake_end,
    .run_program = fake_program,
    .lost = fake_lost,
    .var_read = fake_read,
    .var_clear = fake_clear,
    .var_zero = fake_zero,
    .destroy = fake_destroy,
};

/* ---- fixture --------------------------------------------------------------------------------- */

static struct {
	struct arena *a;
	struct image img;
	struct engine_options eopts;
	struct session_options sopts;
	char *out, *err;
	size_t out_b, err_b;
} fx;

static int set_up(void **state)
{
	static const enum event_kind kinds[N_EVENTS] = {
	    [SAY_A] = EVENT_PRINTF,  [SAY_B] = EVENT_PRINTF, [PRINT_N] = EVENT_PRINT_MAP,
	    [CLEAR_N] = EVENT_CLEAR, [ZERO_N] = EVENT_ZERO,  [EXIT] = EVENT_EXIT,
	};
	struct image_var n = {.name = "@n", .is_per_cpu = true}, scalar = {.name = "@a"};

	(void)state;
	memset(&fx, 0, sizeof(fx));
	memset(&fake, 0, sizeof(fake));
	fake.has_n = true;
	fake.n[0] = 2;
	fake.n[1] = 3;
	fx.a = arena_create();
	fx.img.a = fx.a;
	for (int i = 0; i < N_EVENTS; i++) {
		struct image_event ev = {.kind = kinds[i],
		                         .format = i == SAY_A ? "a\n" : "b\n",
		                         .size_b = sizeof(struct image_record)};

		vec_push(fx.a, &fx.img.events, ev);
	}
	n.key = type_int(8, true);
	n.value = type_agg(fx.a, TYPE_COUNT, false);
	scalar.value = type_int(8, true);
	vec_push(fx.a, &fx.img.vars, n);
	vec_push(fx.a, &fx.img.vars, scalar);
	fx.sopts.output = (struct output_options){
	    .out = open_memstream(&fx.out, &fx.out_b),
	    .err = open_memstream(&fx.err, &fx.err_b),
	    .diag = diag_create(fx.a),
	    .max_cat_bytes = 100,
	};
	diag_add_source(fx.sopts.output.diag, "stdin", "begin { }", 9);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fclose(fx.sopts.output.out);
	fclose(fx.sopts.output.err);
	free(fx.out);
	free(fx.err);
	sb_free(&fake.calls);
	arena_destroy(fx.a);
	return 0;
}

static int run(void)
{
	int code = session_run(&fx.img, &fake_ops, &fx.eopts, &fx.sopts);

	fflush(fx.sopts.output.out);
	fflush(fx.sopts.output.err);
	return code;
}

static const char all_maps[] = "\n\n@a: 42\n@n[1]: 5\n";

/* ---- start, events, end ---------------------------------------------------------------------- */

static void begin_says_a(struct engine *e)
{
	(void)e;
	put(SAY_A, 0);
}

static void idle_exits_with_7(struct engine *e)
{
	(void)e;
	put(SAY_B, 0);
	put(EXIT, 7);
	put(SAY_A, 0); /* too late */
	put(CLEAR_N, 0);
}

static void end_says_b(struct engine *e)
{
	(void)e;
	put(SAY_B, 0);
}

static void the_order_of_things(void **state)
{
	(void)state;
	fake.on_begin = begin_says_a;
	fake.on_idle = idle_exits_with_7;
	fake.on_end = end_says_b;
	assert_int_equal(run(), 7);
	assert_string_equal(sb_str(&fake.calls), "load begin attach detach end destroy");
	assert_string_equal(fx.out, "a\nb\nb\n\n\n@a: 42\n@n[1]: 5\n");
	assert_string_equal(fx.err, "WARNING: one less\nAttached 3 probes\n");
}

static void begin_exits(struct engine *e)
{
	(void)e;
	put(EXIT, 300);
}

static void exit_in_begin_still_ends(void **state)
{
	(void)state;
	fake.on_begin = begin_exits;
	fake.on_end = end_says_b;
	fx.sopts.no_maps_on_exit = true;
	fx.sopts.is_quiet = true;
	fx.sopts.output.no_warnings = true;
	assert_int_equal(run(), 300 & 255);
	assert_string_equal(fx.out, "b\n\n\n");
	assert_string_equal(fx.err, "");
	assert_int_equal(fake.n_idle, 0);
}

static void begin_and_end_alone_need_no_wait(void **state)
{
	(void)state;
	fx.img.has_only_begin_end = true;
	fake.on_begin = begin_says_a;
	fake.on_end = end_says_b;
	assert_int_equal(run(), 0);
	assert_string_equal(fx.out, "a\nb\n\n\n@a: 42\n@n[1]: 5\n");
	assert_int_equal(fake.n_idle, 0);
}

static void end_sets_exit_code(struct engine *e)
{
	(void)e;
	put(SAY_B, 0);
	put(EXIT, 3);
	put(SAY_B, 0);
}

static void exit_in_end_counts(void **state)
{
	(void)state;
	fx.img.has_only_begin_end = true;
	fake.on_end = end_sets_exit_code;
	assert_int_equal(run(), 3);
	assert_string_equal(fx.out, "b\n\n\n@a: 42\n@n[1]: 5\n");
}

static void prints_clears_zeros(struct engine *e)
{
	(void)e;
	put(PRINT_N, 0);
	put(SAY_A, 0);
	put(ZERO_N, 0);
	put(PRINT_N, 0);
	put(CLEAR_N, 0);
	put(PRINT_N, 0);
	put(SAY_B, 0);
	put(EXIT, 0);
}

static void map_events_take_effect_in_order(void **state)
{
	(void)state;
	fake.on_idle = prints_clears_zeros;
	assert_int_equal(run(), 0);
	assert_string_equal(fx.out, "@n[1]: 5\na\n@n[1]: 0\nb\n\n\n@a: 42\n");
}

static void dry_runs_only_attach(void **state)
{
	(void)state;
	fx.sopts.is_dry_run = true;
	fake.on_begin = begin_says_a;
	assert_int_equal(run(), 0);
	assert_string_equal(sb_str(&fake.calls), "load attach destroy");
	assert_string_equal(fx.out, "");
}

static void refusals(void **state)
{
	(void)state;
	fake.load_error = -EACCES;
	assert_int_equal(run(), 255);
	assert_string_equal(sb_str(&fake.calls), "load");
	assert_string_equal(fx.err, "stdin:1:1-6: ERROR: the kernel refused\nbegin { }\n~~~~~\n"
	                            "HINT: -v shows the verifier's own log\n");
	fake.load_error = 0;
	fake.attach_error = -EINVAL;
	assert_int_equal(run(), 255);
	assert_non_null(strstr(fx.err, "ERROR: Invalid argument\n"));
	fake.attach_error = 0;
	fake.begin_error = -EINVAL;
	assert_int_equal(run(), 255);
	assert_non_null(strstr(fx.err, "ERROR: begin failed\n"));
	fake.begin_error = 0;
	fake.poll_error = -EIO;
	assert_int_equal(run(), 255);
	assert_non_null(strstr(fx.err, "ERROR: Failed to read events: Input/output error\n"));
	assert_string_equal(fx.out, all_maps);
}

static void idle_loses_then_exits(struct engine *e)
{
	if (e->n_idle == 0)
		e->lost = 5;
	if (e->n_idle == 3) {
		e->lost = 12;
		put(EXIT, 0);
	}
}

static void losses_are_reported(void **state)
{
	const char *first, *total;

	(void)state;
	fake.on_idle = idle_loses_then_exits;
	assert_int_equal(run(), 0);
	first = strstr(fx.err, "Lost 5 events\n");
	assert_non_null(first);
	total = strstr(first, "WARNING: Total lost event count: 12\n");
	assert_non_null(total);
	assert_int_equal(strlen(total), 36);
}

static void idle_says_a(struct engine *e)
{
	(void)e;
	put(SAY_A, 0);
}

static void output_that_cannot_be_written_ends_it(void **state)
{
	FILE *was = fx.sopts.output.out, *full = fopen("/dev/full", "w");

	(void)state;
	fx.sopts.output.out = full;
	fake.on_idle = idle_says_a;
	assert_int_equal(run(), 255);
	assert_string_equal(sb_str(&fake.calls), "load begin attach detach end destroy");
	assert_string_equal(fx.err, "WARNING: one less\nAttached 3 probes\n"
	                            "ERROR: Failed to write output: No space left on device\n");
	fx.sopts.output.out = was;
	fclose(full);
}

/* ---- signals --------------------------------------------------------------------------------- */

static void idle_interrupts(struct engine *e)
{
	(void)e;
	put(SAY_A, 0);
	kill(getpid(), SIGINT);
}

static void a_signal_ends_with_maps(void **state)
{
	(void)state;
	fake.on_idle = idle_interrupts;
	fake.on_end = end_says_b;
	assert_int_equal(run(), 0);
	assert_string_equal(fx.out, "a\nb\n\n\n@a: 42\n@n[1]: 5\n");
}

static void add_program(enum attach_kind kind, const char *name)
{
	struct image_program p = {.name = name};

	vec_push(fx.a, &p.attaches, ((struct image_attach){.kind = kind, .func = name}));
	vec_push(fx.a, &fx.img.programs, p);
}

static void idle_asks_by_signal(struct engine *e)
{
	if (e->n_idle == 0)
		kill(getpid(), SIGUSR1);
	else
		kill(getpid(), SIGTERM);
}

static void usr1_runs_self_probes(void **state)
{
	(void)state;
	add_program(ATTACH_SELF, "SIGUSR1");
	fake.on_idle = idle_asks_by_signal;
	assert_int_equal(run(), 0);
	assert_string_equal(fx.out, "a\n\n\n@a: 42\n@n[1]: 5\n");
}

static void add_tests(void)
{
	add_program(ATTACH_TEST, "good");
	add_program(ATTACH_TEST, "bad");
	add_program(ATTACH_TEST, "leaves");
	fx.sopts.mode = SESSION_TEST;
}

static void tests_are_told(void **state)
{
	static const char expected[] = "G[==========]P Running 3 tests.\n"
	                               "G[ RUN      ]P good\n"
	                               "G[       OK ]P good (1 us)\n"
	                               "G[ RUN      ]P bad\n"
	                               "b\n"
	                               "R[  FAILED  ]P bad (1 us)\n"
	                               "G[ RUN      ]P leaves\n"
	                               "R[  FAILED  ]P leaves (1 us)\n"
	                               "G[==========]P 3 tests ran.\n"
	                               "G[  PASSED  ]P 1 tests.\n"
	                               "R[  FAILED  ]P bad\n"
	                               "R[  FAILED  ]P leaves\n";
	own_strbuf struct strbuf with_colors = {0};

	(void)state;
	for (const char *c = expected; *c; c++)
		if ((*c == 'G' || *c == 'R') && c[1] == '[')
			sb_adds(&with_colors, *c == 'G' ? "\033[32m" : "\033[31m");
		else if (*c == 'P' && c[-1] == ']')
			sb_adds(&with_colors, "\033[0m");
		else
			sb_add(&with_colors, c, 1);
	add_tests();
	assert_int_equal(run(), 1);
	assert_string_equal(fx.out, sb_str(&with_colors));
	assert_string_equal(sb_str(&fake.calls),
	                    "load begin attach program program program detach end destroy");
}

static void tests_as_json(void **state)
{
	(void)state;
	add_program(ATTACH_TEST, "good");
	fx.sopts.mode = SESSION_TEST;
	fx.sopts.output.format = OUTPUT_JSON;
	assert_int_equal(run(), 0);
	assert_string_equal(fx.out, "{\"type\": \"test_result\", \"data\": {\"good\": "
	                            "{\"duration\": 1000, \"passed\": true, "
	                            "\"output\": \"a\\n\"}}}\n");
}

/* 200 ms are long enough, a tenth of it is seen to be. */
static void benchmarks_are_told(void **state)
{
	(void)state;
	add_program(ATTACH_BENCH, "quick");
	fx.sopts.mode = SESSION_BENCH;
	assert_int_equal(run(), 0);
	assert_string_equal(fx.out,
	                    "Name                                     Time(ns)       Iterations\n"
	                    "------------------------------------------------------------------\n"
	                    "quick                                    1000           100000\n");
}

static void end_is_interrupted_at_once(struct engine *e)
{
	(void)e;
	kill(getpid(), SIGINT);
	kill(getpid(), SIGTERM);
}

static void end_is_interrupted_later(struct engine *e)
{
	(void)e;
	usleep(400000);
	kill(getpid(), SIGINT);
}

/* Runs the session in a process of its own; returns its wait status. */
static int run_in_child(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(run());
	waitpid(pid, &status, 0);
	return status;
}

static void a_second_signal_ends_at_once(void **state)
{
	int status;

	(void)state;
	fake.on_idle = idle_interrupts;
	fake.on_end = end_is_interrupted_at_once; /* timeout(1) sends everything twice */
	status = run_in_child();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	fake.on_end = end_is_interrupted_later;
	status = run_in_child();
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

static void signals_are_given_back(void **state)
{
	struct sigaction before, after;
	sigset_t mask_before, mask_after;
	static const int sigs[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1};

	(void)state;
	sigprocmask(SIG_SETMASK, NULL, &mask_before);
	signal(SIGINT, SIG_IGN);
	fake.on_idle = idle_interrupts;
	assert_int_equal(run(), 0); /* an ignored SIGINT still ends it */
	assert_string_equal(fx.out, "a\n\n\n@a: 42\n@n[1]: 5\n");
	sigaction(SIGINT, NULL, &after);
	assert_ptr_equal(after.sa_handler, SIG_IGN);
	signal(SIGINT, SIG_DFL);
	sigprocmask(SIG_SETMASK, NULL, &mask_after);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		sigaction(sigs[i], NULL, &before);
		assert_ptr_equal(before.sa_handler, SIG_DFL);
		assert_int_equal(sigismember(&mask_before, sigs[i]),
		                 sigismember(&mask_after, sigs[i]));
	}
}

/* ---- processes ------------------------------------------------------------------------------- */

static char mark[64]; /* a file that the child makes */

static void start(const char *command)
{
	const char *error = NULL;

	fx.sopts.child = child_start(fx.a, command, true, &error);
	assert_null(error);
	assert_non_null(fx.sopts.child);
}

static void child_waits(struct engine *e)
{
	assert_int_equal(e->child, child_pid(fx.sopts.child));
	usleep(20000);
	assert_int_equal(access(mark, F_OK), -1);
}

static void the_child_is_held_until_attached(void **state)
{
	(void)state;
	snprintf(mark, sizeof(mark), "child-mark.%d", getpid());
	start(arena_printf(fx.a, "touch %s", mark));
	fake.on_attach = child_waits;
	assert_int_equal(run(), 0);
	assert_int_equal(access(mark, F_OK), 0);
	unlink(mark);
	assert_int_equal(kill(child_pid(fx.sopts.child), 0), -1);
	assert_string_equal(fx.out, all_maps);
	child_stop(fx.sopts.child); /* once more does no harm */
}

static void idle_exits(struct engine *e)
{
	(void)e;
	put(EXIT, 0);
}

static void a_child_that_lives_on_is_ended(void **state)
{
	(void)state;
	start("sleep 100");
	fake.on_idle = idle_exits;
	assert_int_equal(run(), 0);
	assert_int_equal(kill(child_pid(fx.sopts.child), 0), -1);
}

static void a_child_never_released_is_ended(void **state)
{
	(void)state;
	snprintf(mark, sizeof(mark), "child-mark.%d", getpid());
	start(arena_printf(fx.a, "touch %s", mark));
	fake.load_error = -EPERM;
	assert_int_equal(run(), 255);
	assert_int_equal(access(mark, F_OK), -1);
	assert_int_equal(kill(child_pid(fx.sopts.child), 0), -1);
}

/* What the child's /proc/self/status says in a line of hexadecimal. */
static uint64_t status_mask(const char *path, const char *name)
{
	char line[256];
	uint64_t mask = UINT64_MAX;
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			mask = strtoull(line + strlen(name) + 1, NULL, 16);
	if (f)
		fclose(f);
	return mask;
}

static void the_child_has_default_signals(void **state)
{
	sigset_t set, was;

	(void)state;
	snprintf(mark, sizeof(mark), "child-mark.%d", getpid());
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, &was);
	signal(SIGPIPE, SIG_IGN);
	start(arena_printf(fx.a, "cp /proc/self/status %s", mark));
	assert_int_equal(run(), 0);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &was, NULL);
	assert_int_equal(status_mask(mark, "SigBlk:"), 0);
	assert_int_equal(status_mask(mark, "SigIgn:"), 0);
	unlink(mark);
}

static void words_are_split_at_single_spaces(void **state)
{
	char line[64] = "";
	FILE *f;

	(void)state;
	snprintf(mark, sizeof(mark), "child-mark.%d", getpid());
	start(arena_printf(fx.a, "cp  /proc/self/cmdline %s", mark));
	assert_int_equal(run(), 0); /* cp refuses the empty word */
	assert_int_equal(access(mark, F_OK), -1);
	start(arena_printf(fx.a, "cp /proc/self/cmdline %s ", mark));
	assert_int_equal(run(), 0);
	f = fopen(mark, "r");
	assert_non_null(f);
	assert_int_equal(fread(line, 1, sizeof(line), f), 3 + 19 + strlen(mark) + 1);
	fclose(f);
	unlink(mark);
}

static void commands_that_cannot_be(void **state)
{
	static const struct {
		const char *command, *error;
	} rows[] = {
	    {"no-such-program-at-all x",
	     "Failed to fork child: Path 'no-such-program-at-all' does not exist or is not "
	     "executable"},
	    {"/etc/passwd",
	     "Failed to fork child: Path '/etc/passwd' does not exist or is not executable"},
	    {"", "Failed to fork child: Path '' does not exist or is not executable"},
	    {"/bin/z[ce]*", NULL},
	};
	const char *error;

	(void)state;
	for (int i = 0; i < 4; i++) {
		error = NULL;
		assert_null(child_start(fx.a, rows[i].command, true, &error));
		if (rows[i].error)
			assert_string_equal(error, rows[i].error);
		else
			assert_non_null(
			    strstr(error, "must refer to a unique binary but matched "));
	}
}

static void an_exec_that_fails(void **state)
{
	int fd;

	(void)state;
	snprintf(mark, sizeof(mark), "./child-mark.%d", getpid());
	fd = open(mark, O_CREAT | O_WRONLY, 0755);
	assert_int_equal(write(fd, "#!/no/such/shell\n", 17), 17);
	close(fd);
	start(mark);
	assert_int_equal(run(), 255);
	unlink(mark);
	assert_non_null(
	    strstr(fx.err, "ERROR: Failed to run the child: No such file or directory\n"));
}

static void a_process_is_watched(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		usleep(50000);
		_exit(0);
	}
	fx.eopts.pid = pid;
	assert_int_equal(run(), 0);
	assert_string_equal(fx.out, all_maps);
	waitpid(pid, NULL, 0);
	assert_int_equal(run(), 1); /* and now it is no more */
	assert_non_null(strstr(fx.err, ": No such process\n"));
}

/* ---- readiness ------------------------------------------------------------------------------- */

static void those_who_wait_are_told(void **state)
{
	static const char word[] = "__BPFTRACE_NOTIFY_PROBES_ATTACHED";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_DGRAM, 0), was = dup(STDOUT_FILENO), fds[2];
	char text[64] = "";

	(void)state;
	snprintf(address.sun_path, sizeof(address.sun_path), "notify.%d", getpid());
	snprintf(mark, sizeof(mark), "%s/notify.%d", getcwd(text, 40) ? text : ".", getpid());
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", mark, 1);
	setenv(word, "1", 1);
	assert_int_equal(pipe(fds), 0);
	fflush(stdout);
	dup2(fds[1], STDOUT_FILENO);
	fake.on_idle = idle_exits;
	run();
	dup2(was, STDOUT_FILENO);
	unsetenv("NOTIFY_SOCKET");
	unsetenv(word);
	memset(text, 0, sizeof(text));
	assert_int_equal(read(fds[0], text, sizeof(text)), sizeof(word));
	assert_string_equal(text, "__BPFTRACE_NOTIFY_PROBES_ATTACHED\n");
	memset(text, 0, sizeof(text));
	assert_int_equal(recv(listener, text, sizeof(text), MSG_DONTWAIT), 7);
	assert_string_equal(text, "READY=1");
	unlink(address.sun_path);
	close(listener);
	close(was);
	close(fds[0]);
	close(fds[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_order_of_things),
	    TEST(exit_in_begin_still_ends),
	    TEST(begin_and_end_alone_need_no_wait),
	    TEST(exit_in_end_counts),
	    TEST(map_events_take_effect_in_order),
	    TEST(dry_runs_only_attach),
	    TEST(refusals),
	    TEST(losses_are_reported),
	    TEST(output_that_cannot_be_written_ends_it),
	    TEST(a_signal_ends_with_maps),
	    TEST(usr1_runs_self_probes),
	    TEST(tests_are_told),
	    TEST(tests_as_json),
	    TEST(benchmarks_are_told),
	    TEST(a_second_signal_ends_at_once),
	    TEST(signals_are_given_back),
	    TEST(the_child_is_held_until_attached),
	    TEST(a_child_that_lives_on_is_ended),
	    TEST(a_child_never_released_is_ended),
	    TEST(the_child_has_default_signals),
	    TEST(words_are_split_at_single_spaces),
	    TEST(commands_that_cannot_be),
	    TEST(an_exec_that_fails),
	    TEST(a_process_is_watched),
	    TEST(those_who_wait_are_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
