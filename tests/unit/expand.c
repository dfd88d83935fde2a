/* Attach points to targets: what shares a body, what is cloned, and the limits. Mostly on probe
 * types that need nothing from the kernel; the rest says why it was left out. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "script/stages.h"

struct expanded {
	struct arena *a;
	struct unit u;
	struct script_options opts;
	struct strbuf text;
};

static int setup(void **state)
{
	static struct expanded x;

	x = (struct expanded){.a = arena_create()};
	x.u.a = x.a;
	x.u.diag = diag_create(x.a);
	x.u.types = types_create(x.a, NULL);
	x.u.opts = &x.opts;
	script_config_defaults(&x.opts.config);
	*state = &x;
	return 0;
}

static int teardown(void **state)
{
	struct expanded *x = *state;

	sb_free(&x->text);
	types_destroy(x->u.types);
	arena_destroy(x->a);
	return 0;
}

/* "KIND NAME,NAME INDEX; ..." for each probe that comes out, or the reports. */
static const char *expand(struct expanded *x, const char *text)
{
	bool is_good;

	x->u.source = diag_add_source(x->u.diag, "stdin", text, strlen(text));
	is_good = script_parse(&x->u) && script_expand(&x->u);
	assert_int_equal(is_good, !diag_errors(x->u.diag));
	if (!is_good) {
		diag_render(x->u.diag, &(struct diag_style){0}, &x->text);
		return sb_str(&x->text);
	}
	vec_each (p, &x->u.probes) {
		const struct probe *probe = *p;

		sb_addf(&x->text, "%s%s", x->text.n ? "; " : "", probe_kind_name(probe->kind));
		for (size_t i = 0; i < probe->targets.n; i++)
			sb_addf(&x->text, "%c%s", i ? ',' : ' ', probe->targets.items[i].name);
		sb_addf(&x->text, " %u", probe->index);
	}
	return sb_str(&x->text);
}

static void one_kind_stays_one_probe(void **state)
{
	assert_string_equal(expand(*state, "BEGIN {} interval:s:1,interval:ms:5 {} end {}"),
	                    "begin begin 0; interval interval:s:1,interval:ms:5 1; end end 2");
}

static void kinds_are_split_into_clones(void **state)
{
	struct expanded *x = *state;

	assert_string_equal(
	    expand(x, "begin,interval:s:1,end,i:s:2 /pid == 1/ { $x = pid; } begin {}"),
	    "begin begin 0; interval interval:s:1,interval:s:2 0; end end 0; begin begin 1");
	for (int i = 0; i < 3; i++) {
		const struct probe *p = x->u.probes.items[i];

		assert_int_equal(p->body->stmts.n, 1);
		assert_non_null(p->predicate);
		for (int j = 0; j < i; j++) {
			const struct probe *q = x->u.probes.items[j];

			assert_ptr_not_equal(p->body, q->body);
			assert_ptr_not_equal(p->body->stmts.items[0], q->body->stmts.items[0]);
			assert_ptr_not_equal(p->predicate, q->predicate);
		}
	}
}

static void labels_name_their_targets(void **state)
{
	assert_string_equal(expand(*state, "tick=interval:s:1 { print(probe) }"),
	                    "interval tick 0");
}

static void probes_are_limited(void **state)
{
	struct expanded *x = *state;

	x->opts.config.max_probes = 2;
	assert_string_equal(
	    expand(x, "begin {} end {}\ninterval:s:1 {} i:s:2 {}"),
	    "stdin:2:1-13: ERROR: Can't attach to 3 probes because it exceeds the current "
	    "limit of 2 probes.\n"
	    "interval:s:1 {} i:s:2 {}\n"
	    "~~~~~~~~~~~~\n"
	    "HINT: raise it: config = { max_probes = 3 }\n");
}

static void programs_are_limited(void **state)
{
	struct expanded *x = *state;

	x->opts.config.max_bpf_progs = 1;
	assert_string_equal(
	    expand(x, "begin,end {}"),
	    "stdin:1:1-10: ERROR: Your program is trying to generate more than 2 BPF programs, "
	    "which exceeds the current limit of 1\n"
	    "begin,end {}\n"
	    "~~~~~~~~~\n"
	    "HINT: raise it: config = { max_bpf_progs = 2 }\n");
}

static void mistakes_of_several_probes_are_reported(void **state)
{
	struct expanded *x = *state;

	expand(x, "begin:x {} asdf {} interval:s:1 {}");
	assert_int_equal(diag_errors(x->u.diag), 2);
	assert_non_null(strstr(sb_str(&x->text), "Invalid probe type: asdf"));
}

static const char two_events[] = "tracepoint:syscalls:sys_enter_openat,"
                                 "tracepoint:syscalls:sys_enter_openat2";

static bool can_read_events(void)
{
	struct arena *a = arena_create();
	struct types *ts = types_create(a, NULL);
	bool can = types_read_tracefs_format(ts, "syscalls", "sys_enter_openat2", NULL);

	types_destroy(ts);
	arena_destroy(a);
	return can;
}

static void args_get_a_clone_for_each_target(void **state)
{
	struct expanded *x = *state;
	char text[200];

	if (!can_read_events()) {
		print_message("# skipped: the formats of tracepoints cannot be read here\n");
		skip();
	}
	strcat(strcpy(text, two_events), " { @ = args.dfd; }");
	expand(x, text);
	assert_int_equal(x->u.probes.n, 2);
	assert_int_equal(x->u.probes.items[1]->targets.n, 1);
	assert_ptr_not_equal(x->u.probes.items[0]->body, x->u.probes.items[1]->body);
}

static void without_args_targets_share(void **state)
{
	struct expanded *x = *state;
	char text[200];

	if (!can_read_events()) {
		print_message("# skipped: the formats of tracepoints cannot be read here\n");
		skip();
	}
	strcat(strcpy(text, two_events), " { @[probe] = count(); }");
	expand(x, text);
	assert_int_equal(x->u.probes.n, 1);
	assert_int_equal(x->u.probes.items[0]->targets.n, 2);
}

static void missing_probes_are_an_error_a_warning_or_nothing(void **state)
{
	static const char text[] = "tracepoint:nonsense:nonsense {}";
	struct expanded *x = *state;

	if (!tracefs_path()) {
		print_message("# skipped: there is no tracefs here\n");
		skip();
	}
	expand(x, text);
	assert_non_null(strstr(sb_str(&x->text), "ERROR: No matches for tracepoint "
	                                         "nonsense:nonsense."));
	assert_non_null(strstr(sb_str(&x->text),
	                       "ERROR: Probe has no valid attach points. If this is expected, set "
	                       "the 'missing_probes' config variable to 'warn'.\n"));
	for (int missing = MISSING_WARN; missing <= MISSING_IGNORE; missing++) {
		teardown(state);
		setup(state);
		x->opts.config.missing_probes = missing;
		assert_string_equal(expand(x, text), "");
		assert_int_equal(x->u.probes.n, 0);
		assert_int_equal(diag_warnings(x->u.diag), missing == MISSING_WARN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(one_kind_stays_one_probe, setup, teardown),
	    cmocka_unit_test_setup_teardown(kinds_are_split_into_clones, setup, teardown),
	    cmocka_unit_test_setup_teardown(labels_name_their_targets, setup, teardown),
	    cmocka_unit_test_setup_teardown(probes_are_limited, setup, teardown),
	    cmocka_unit_test_setup_teardown(programs_are_limited, setup, teardown),
	    cmocka_unit_test_setup_teardown(mistakes_of_several_probes_are_reported, setup,
	                                    teardown),
	    cmocka_unit_test_setup_teardown(args_get_a_clone_for_each_target, setup, teardown),
	    cmocka_unit_test_setup_teardown(without_args_targets_share, setup, teardown),
	    cmocka_unit_test_setup_teardown(missing_probes_are_an_error_a_warning_or_nothing, setup,
	                                    teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
