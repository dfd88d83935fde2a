/* Configuration variables: every row, old names, the environment, and each message. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "script/script.h"
#include "script/stages.h"

struct fixture {
	struct arena *a;
	struct diag *d;
	struct script_config c;
	struct strbuf text;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->a = arena_create();
	f->d = diag_create(f->a);
	script_config_defaults(&f->c);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sb_free(&f->text);
	arena_destroy(f->a);
	free(f);
	return 0;
}

static bool set(struct fixture *f, const char *name, const char *value)
{
	return script_config_set(&f->c, f->d, NO_SPAN, name, value, false);
}

static bool set_env(struct fixture *f, const char *name, const char *value)
{
	return script_config_set(&f->c, f->d, NO_SPAN, name, value, true);
}

/* Everything reported since the last call. */
static const char *reports(struct fixture *f)
{
	sb_reset(&f->text);
	diag_render(f->d, &(struct diag_style){0}, &f->text);
	f->d = diag_create(f->a);
	return sb_str(&f->text);
}

static void defaults_are_the_table(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->c.max_strlen, 1024);
	assert_int_equal(f->c.max_map_keys, 4096);
	assert_int_equal(f->c.max_probes, 1024);
	assert_int_equal(f->c.on_stack_limit, 32);
	assert_true(f->c.print_maps_on_exit);
	assert_string_equal(f->c.license, "GPL");
	assert_string_equal(f->c.str_trunc_trailer, "..");
	assert_int_equal(f->c.missing_probes, 0);
	assert_int_equal(f->c.unstable_tseries, 1);
}

static void values_of_every_kind(void **state)
{
	struct fixture *f = *state;

	assert_true(set(f, "max_strlen", "64"));
	assert_int_equal(f->c.max_strlen, 64);
	assert_true(set(f, "BPFTRACE_MAX_STRLEN", "0x80"));
	assert_int_equal(f->c.max_strlen, 128);
	assert_true(set(f, "skep_Max_Strlen", "32"));
	assert_int_equal(f->c.max_strlen, 32);
	assert_true(set(f, "cpp_demangle", "0"));
	assert_false(f->c.cpp_demangle);
	assert_true(set(f, "cpp_demangle", "TRUE"));
	assert_true(f->c.cpp_demangle);
	assert_true(set(f, "stack_mode", "build_id"));
	assert_int_equal(f->c.stack_mode, 3);
	assert_true(set(f, "missing_probes", "ignore"));
	assert_int_equal(f->c.missing_probes, 2);
	assert_true(set(f, "str_trunc_trailer", "..."));
	assert_string_equal(f->c.str_trunc_trailer, "...");
	assert_true(set(f, "license", "Dual MIT/GPL"));
	assert_string_equal(f->c.license, "Dual MIT/GPL");
	assert_true(set(f, "cache_user_symbols", "NONE"));
	assert_int_equal(f->c.cache_user_symbols, 2);
	assert_true(set(f, "cache_user_symbols", "1"));
	assert_int_equal(f->c.cache_user_symbols, 1);
	assert_string_equal(reports(f), "");
}

static void gates_are_bools_too(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *value;
		int want;
	} rows[] = {{"enable", 0}, {"warn", 1}, {"error", 2}, {"true", 0},
	            {"false", 2},  {"1", 0},    {"0", 2}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(set(f, "unstable_tseries", rows[i].value));
		assert_int_equal(f->c.unstable_tseries, rows[i].want);
	}
	assert_string_equal(reports(f), "");
}

static void old_names_are_accepted(void **state)
{
	struct fixture *f = *state;

	assert_true(set(f, "strlen", "50"));
	assert_int_equal(f->c.max_strlen, 50);
	assert_string_equal(reports(f),
	                    "WARNING: strlen has been renamed, please use max_strlen\n");
	assert_true(set(f, "map_keys_max", "5"));
	assert_int_equal(f->c.max_map_keys, 5);
	assert_true(set(f, "cat_bytes_max", "6"));
	assert_int_equal(f->c.max_cat_bytes, 6);
	assert_true(set(f, "no_cpp_demangle", "1"));
	assert_false(f->c.cpp_demangle);
	reports(f);
	assert_true(set(f, "symbol_source", "dwarf"));
	assert_string_equal(reports(f), "WARNING: symbol_source is deprecated and has no effect\n");
	assert_true(set_env(f, "BPFTRACE_STRLEN", "70"));
	assert_int_equal(f->c.max_strlen, 70);
	assert_true(set_env(f, "BPFTRACE_NO_CPP_DEMANGLE", "0"));
	assert_true(f->c.cpp_demangle);
	assert_true(set_env(f, "BPFTRACE_NO_USER_SYMBOLS", "1"));
	assert_int_equal(f->c.cache_user_symbols, 2);
	assert_string_equal(reports(f), "");
}

static void mistakes_have_messages(void **state)
{
	static const struct {
		const char *name, *value, *report;
	} rows[] = {
	    {"bad", "1", "ERROR: bad: not a known configuration option\n"},
	    {"max_strln", "1",
	     "ERROR: max_strln: not a known configuration option\n"
	     "HINT: did you mean max_strlen?\n"},
	    {"BTF", "x", "ERROR: BTF: can only be set as an environment variable\n"},
	    {"color", "x", "ERROR: color: can only be set as an environment variable\n"},
	    {"no_user_symbols", "1", "ERROR: no_user_symbols: not a known configuration option\n"},
	    {"max_strlen", "x", "ERROR: max_strlen: expecting a number, got x\n"},
	    {"max_strlen", "-1", "ERROR: max_strlen: expecting a number, got -1\n"},
	    {"max_strlen", "", "ERROR: max_strlen: expecting a number, got \n"},
	    {"stack_mode", "x",
	     "ERROR: Invalid value for stack_mode: valid values are bpftrace, raw, perf, and "
	     "build_id.\n"},
	    {"missing_probes", "x",
	     "ERROR: Invalid value for missing_probes: valid values are error, warn, and "
	     "ignore.\n"},
	    {"cache_user_symbols", "x",
	     "ERROR: Invalid value for cache_user_symbols: valid values are PER_PID, "
	     "PER_PROGRAM, and NONE.\n"},
	    {"license", "MIT",
	     "ERROR: Invalid value for license: valid values are GPL, GPL v2, GPL and "
	     "additional rights, Dual BSD/GPL, Dual MIT/GPL, and Dual MPL/GPL.\n"},
	    {"cpp_demangle", "yes",
	     "ERROR: Invalid bool value: valid values are true, false, 1 or 0.\n"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_false(set(f, rows[i].name, rows[i].value));
		assert_string_equal(reports(f), rows[i].report);
	}
	/* the environment belongs to others too */
	assert_true(set_env(f, "BPFTRACE_WHATEVER", "1"));
	assert_true(set_env(f, "BPFTRACE_BTF", "/x"));
	assert_string_equal(reports(f), "");
	assert_false(set_env(f, "BPFTRACE_MAX_PROBES", "x"));
	assert_string_equal(reports(f), "ERROR: max_probes: expecting a number, got x\n");
}

static void environment_beats_the_script(void **state)
{
	static const char text[] = "config = { max_strlen = 100; max_probes = 7; bad = 1 }\n"
	                           "begin {}\n";
	struct fixture *f = *state;
	struct script_options opts = {0};
	struct unit u = {.a = f->a, .diag = f->d, .opts = &opts};

	setenv("BPFTRACE_MAX_STRLEN", "200", 1);
	assert_true(script_config_from_environment(&f->c, f->d));
	assert_int_equal(f->c.max_strlen, 200);
	u.source = diag_add_source(f->d, "stdin", text, strlen(text));
	assert_true(script_parse(&u));
	assert_false(script_apply_config(&u, &f->c));
	unsetenv("BPFTRACE_MAX_STRLEN");
	assert_int_equal(f->c.max_strlen, 200);
	assert_int_equal(f->c.max_probes, 7);
	assert_string_equal(reports(f),
	                    "stdin:1:46-53: ERROR: bad: not a known configuration option\n"
	                    "config = { max_strlen = 100; max_probes = 7; bad = 1 }\n"
	                    "                                             ~~~~~~~\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(defaults_are_the_table, setup, teardown),
	    cmocka_unit_test_setup_teardown(values_of_every_kind, setup, teardown),
	    cmocka_unit_test_setup_teardown(gates_are_bools_too, setup, teardown),
	    cmocka_unit_test_setup_teardown(old_names_are_accepted, setup, teardown),
	    cmocka_unit_test_setup_teardown(mistakes_have_messages, setup, teardown),
	    cmocka_unit_test_setup_teardown(environment_beats_the_script, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
