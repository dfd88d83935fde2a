/* The reader of a script's command line: every form an argument can have, and what the options are
 * then. The mistakes it reports are in tests/script/cases/options. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "script/option.h"
#include "script/stages.h"

static const char block[] = "options = {\n"
                            "x = flag(\"-x, --extra\", \"\");\n"
                            "v = count(\"-v, --verbose\", \"\");\n"
                            "pid = int(\"-p, --pid PID\", \"\", 7);\n"
                            "ms = decimal(\"-m, --ms MS\", \"\", \"0.5\", 1000);\n"
                            "name = text(\"-n, --name NAME\", \"\");\n"
                            "sort = choice(\"-s, --sort a|b\", \"\", \"b\");\n"
                            "uid = user(\"-u USER\", \"\", \"root\");\n"
                            "e = errno(\"-e E\", \"\");\n"
                            "sigs = signals(\"-S LIST\", \"\");\n"
                            "ports = ints(\"-P LIST\", \"\", \"80,443\");\n"
                            "lib = text(\"-L, --lib [FILE]\", \"\", \"libx\");\n"
                            "size = int(\"-b [N]\", \"\");\n"
                            "words = texts(\"-w WORD\", \"\");\n"
                            "run = command(\"--exec CMD...\", \"\");\n"
                            "first = int(\"[first]\", \"\", -3);\n"
                            "rest = texts(\"[rest...]\", \"\");\n"
                            "}\nbegin { }\n";

struct fixture {
	struct arena *a;
	struct unit *u;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->a = arena_create();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_destroy(f->a);
	free(f);
	return 0;
}

/* The text's options, nothing read. */
static void declare(struct fixture *f, const char *text)
{
	static const struct script_options none;

	f->u = arena_new(f->a, struct unit);
	f->u->a = f->a;
	f->u->diag = diag_create(f->a);
	f->u->opts = &none;
	f->u->source = diag_add_source(f->u->diag, "test", text, strlen(text));
	assert_true(script_parse(f->u));
}

/* Words between blanks; `_` for one stands in a word. */
static const char *read_line(struct fixture *f, const char *line)
{
	const char *args[64], *mistake;
	char *copy = arena_strdup(f->a, line);
	bool wants_help;
	size_t n = 0;

	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " ")) {
		for (char *c = w; *c; c++)
			if (*c == '_')
				*c = ' ';
		args[n++] = w;
	}
	declare(f, block);
	mistake = option_line_read(f->a, f->u->options, args, n, &wants_help);
	return wants_help ? "help" : mistake;
}

static const struct option *opt(const struct fixture *f, const char *name)
{
	const struct option *o = unit_find_option(f->u, name);

	assert_non_null(o);
	return o;
}

static void check_number(const struct fixture *f, const char *name, bool is_given, int64_t number)
{
	assert_int_equal(opt(f, name)->is_given, is_given);
	assert_int_equal(opt(f, name)->number, number);
}

static void check_text(const struct fixture *f, const char *name, bool is_given, const char *text)
{
	assert_int_equal(opt(f, name)->is_given, is_given);
	assert_string_equal(opt(f, name)->text, text);
}

/* A value that may be left out is the next argument unless that looks like an option. */
static void values_left_out(void **state)
{
	struct fixture *f = *state;

	assert_null(read_line(f, ""));
	check_text(f, "lib", false, "libx");
	assert_null(read_line(f, "-L"));
	check_text(f, "lib", true, "libx");
	assert_null(read_line(f, "--lib other 5"));
	check_text(f, "lib", true, "other");
	check_number(f, "first", true, 5);
	assert_null(read_line(f, "-Lother -L -x"));
	check_text(f, "lib", true, "libx");
	check_number(f, "x", true, 1);
	assert_null(read_line(f, "-b --lib= -b"));
	check_number(f, "size", true, 0);
	check_text(f, "lib", true, "");
	assert_string_equal(read_line(f, "-b x"), "-b: 'x' is not a number");
}

static void defaults(void **state)
{
	struct fixture *f = *state;

	assert_null(read_line(f, ""));
	check_number(f, "x", false, 0);
	check_number(f, "v", false, 0);
	check_number(f, "pid", false, 7);
	check_number(f, "ms", false, 500);
	check_text(f, "name", false, "");
	check_text(f, "sort", false, "b");
	check_number(f, "uid", false, 0);
	check_number(f, "e", false, 0);
	check_number(f, "first", false, -3);
	assert_int_equal(opt(f, "sigs")->numbers.n, 0);
	assert_int_equal(opt(f, "ports")->numbers.n, 2);
	assert_int_equal(opt(f, "ports")->numbers.items[1], 443);
	assert_false(opt(f, "ports")->is_given);
	assert_int_equal(opt(f, "rest")->texts.n, 0);
	assert_null(unit_find_option(f->u, "nothing"));
}

static void short_forms(void **state)
{
	struct fixture *f = *state;

	assert_null(read_line(f, "-xvvp12 -n -x -m 1.25 -vs a"));
	check_number(f, "x", true, 1);
	check_number(f, "v", true, 3);
	check_number(f, "pid", true, 12);
	check_text(f, "name", true, "-x");
	check_number(f, "ms", true, 1250);
	check_text(f, "sort", true, "a");
	/* the last one counts */
	assert_null(read_line(f, "-p 1 -p2 --pid=3"));
	check_number(f, "pid", true, 3);
	assert_null(read_line(f, "-p -1"));
	check_number(f, "pid", true, -1);
}

static void long_forms(void **state)
{
	struct fixture *f = *state;

	assert_null(read_line(f, "--pid 5 --name=a=b_c --verb --ext --so b"));
	check_number(f, "pid", true, 5);
	check_text(f, "name", true, "a=b c");
	check_number(f, "v", true, 1);
	check_number(f, "x", true, 1);
	check_text(f, "sort", true, "b");
	assert_null(read_line(f, "--name="));
	check_text(f, "name", true, "");
	assert_string_equal(read_line(f, "--ex"), "Option --ex is ambiguous: --extra, --exec");
}

static void positionals(void **state)
{
	struct fixture *f = *state;

	assert_null(read_line(f, "4 a -x b --pid 1 c"));
	check_number(f, "first", true, 4);
	check_number(f, "x", true, 1);
	assert_int_equal(opt(f, "rest")->texts.n, 3);
	assert_string_equal(opt(f, "rest")->texts.items[2], "c");
	assert_null(read_line(f, "-x -- -5 -x --pid"));
	check_number(f, "first", true, -5);
	assert_int_equal(opt(f, "rest")->texts.n, 2);
	assert_string_equal(opt(f, "rest")->texts.items[1], "--pid");
	check_number(f, "pid", false, 7);
	/* a number, not the option -5 */
	assert_null(read_line(f, "-5 -"));
	check_number(f, "first", true, -5);
	assert_string_equal(opt(f, "rest")->texts.items[0], "-");
}

static void lists(void **state)
{
	struct fixture *f = *state;

	assert_null(read_line(f, "-P 1,0x10 -P -3 -w a,b -w c -S term,SIGKILL,3,RTMIN+1,sigrtmax"));
	assert_int_equal(opt(f, "ports")->numbers.n, 3);
	assert_int_equal(opt(f, "ports")->numbers.items[1], 16);
	assert_int_equal(opt(f, "ports")->numbers.items[2], -3);
	assert_int_equal(opt(f, "words")->texts.n, 2);
	assert_string_equal(opt(f, "words")->texts.items[0], "a,b");
	assert_int_equal(opt(f, "sigs")->numbers.n, 5);
	assert_int_equal(opt(f, "sigs")->numbers.items[0], SIGTERM);
	assert_int_equal(opt(f, "sigs")->numbers.items[1], SIGKILL);
	assert_int_equal(opt(f, "sigs")->numbers.items[3], SIGRTMIN + 1);
	assert_int_equal(opt(f, "sigs")->numbers.items[4], SIGRTMAX);
}

static void numbers(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *line, *name;
		int64_t number;
	} rows[] = {
	    {"-p 0x7fffffffffffffff", "pid", INT64_MAX},
	    {"-p -9223372036854775808", "pid", INT64_MIN},
	    {"-p 007", "pid", 7},
	    {"-m 1", "ms", 1000},
	    {"-m .5", "ms", 500},
	    {"-m 5.", "ms", 5000},
	    {"-m -0.25", "ms", -250},
	    {"-m 0.0019", "ms", 1},
	    {"-m 0.3333333333333333333333333", "ms", 333},
	    {"-m 9223372036854775.807", "ms", INT64_MAX},
	    {"-u root", "uid", 0},
	    {"-u 4294967295", "uid", UINT32_MAX},
	    {"-e enoent", "e", ENOENT},
	    {"-e EWOULDBLOCK", "e", EAGAIN},
	    {"-e 4095", "e", 4095},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_null(read_line(f, rows[i].line));
		check_number(f, rows[i].name, true, rows[i].number);
	}
	assert_string_equal(read_line(f, "-m 9223372036854775.808"),
	                    "-m/--ms: 9223372036854775.808 is out of range");
}

static void commands(void **state)
{
	struct fixture *f = *state;

	assert_null(read_line(f, "-x --exec prog -x -- --pid h"));
	assert_int_equal(opt(f, "run")->texts.n, 5);
	assert_string_equal(opt(f, "run")->texts.items[0], "prog");
	assert_string_equal(opt(f, "run")->texts.items[4], "h");
	check_number(f, "pid", false, 7);
	assert_null(read_line(f, "--exec=prog -h"));
	assert_int_equal(opt(f, "run")->texts.n, 2);
}

/* A command as the last positional: what is behind it is its own. */
static void trailing_command(void **state)
{
	struct fixture *f = *state;
	static const char *const args[] = {"-x", "5", "prog", "-x", "--", "-h"};
	bool wants_help;

	declare(f, "options = { x = flag(\"-x\", \"\"); n = int(\"N\", \"\"); "
	           "c = command(\"[CMD...]\", \"\"); } begin { }");
	assert_null(option_line_read(f->a, f->u->options, args, 6, &wants_help));
	assert_false(wants_help);
	assert_int_equal(opt(f, "c")->texts.n, 4);
	assert_string_equal(opt(f, "c")->texts.items[3], "-h");
}

/* Where options are digits, `-4` is one. */
static void digits(void **state)
{
	struct fixture *f = *state;
	static const char *const args[] = {"-4", "-5"};
	bool wants_help;

	declare(f, "options = { four = flag(\"-4\", \"\"); n = int(\"[N]\", \"\"); } begin { }");
	assert_null(option_line_read(f->a, f->u->options, args, 2, &wants_help));
	check_number(f, "four", true, 1);
	check_number(f, "n", true, -5);
}

static void help(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(read_line(f, "-h"), "help");
	assert_string_equal(read_line(f, "-xvh -y"), "help");
	assert_string_equal(read_line(f, "4 --help --nonsense"), "help");
	assert_string_equal(read_line(f, "--h"), "help");
	assert_string_equal(read_line(f, "-y -h"), "Unknown option: -y");
	assert_null(read_line(f, "-- 4 -h"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    TEST(defaults),         TEST(values_left_out), TEST(short_forms), TEST(long_forms),
	    TEST(positionals),      TEST(lists),           TEST(numbers),     TEST(commands),
	    TEST(trailing_command), TEST(digits),          TEST(help),
	};

	return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
