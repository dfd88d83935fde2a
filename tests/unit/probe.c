/* The catalogue of probes: attach points to targets, the messages for those that are wrong, and
 * listings. What needs tracefs or BTF says so when it is skipped. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "probe/probe.h"
#include "probe/syscalls.h"
#include "symbols/symbols.h"

static struct probe_context cx;
static probe_targets targets;

static int make_context(void **state)
{
	(void)state;
	cx = (struct probe_context){.a = arena_create()};
	cx.types = types_create(cx.a, NULL);
	cx.diag = diag_create(cx.a);
	targets = (probe_targets){0};
	return 0;
}

static int drop_context(void **state)
{
	(void)state;
	types_destroy(cx.types);
	arena_destroy(cx.a);
	return 0;
}

/* Split as the parser does: at colons outside of quotes. */
static bool expand(const char *text)
{
	uint32_t source = diag_add_source(cx.diag, "t", text, strlen(text));
	vec(const char *) parts = {0};
	char *copy = arena_strdup(cx.a, text), *start = copy, *to = copy;
	bool quoted = false;

	for (const char *p = text;; p++) {
		if (*p == '"') {
			quoted = !quoted;
		} else if (!*p || (*p == ':' && !quoted)) {
			*to++ = '\0';
			vec_push(cx.a, &parts, start);
			start = to;
			if (!*p)
				break;
		} else {
			*to++ = *p;
		}
	}
	targets = (probe_targets){0};
	return probe_expand(&cx,
	                    &(struct attach_point){.at = {source, 0, (uint32_t)strlen(text)},
	                                           .text = text,
	                                           .parts = parts.items,
	                                           .n_parts = (uint32_t)parts.n},
	                    &targets);
}

static const struct probe_target *one(const char *text)
{
	assert_true(expand(text));
	assert_int_equal(targets.n, 1);
	return &targets.items[0];
}

/* It fails, with exactly this first line of all that is reported. */
static void assert_error(const char *text, const char *message)
{
	struct strbuf out = {0};
	const char *begin;

	cx.diag = diag_create(cx.a);
	assert_false(expand(text));
	diag_render(cx.diag, &(struct diag_style){0}, &out);
	begin = strstr(sb_str(&out), "ERROR: ");
	assert_non_null(begin);
	assert_string_equal(arena_strndup(cx.a, begin + 7, strcspn(begin + 7, "\n")), message);
	sb_free(&out);
	cx.diag = diag_create(cx.a);
}

static const char *listed(const char *pattern, bool verbose)
{
	struct strbuf out = {0};
	const char *text;

	probe_list(&cx, pattern, verbose, &out);
	text = arena_strdup(cx.a, sb_str(&out));
	sb_free(&out);
	return text;
}

static const char *own_path(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	return path;
}

static const char *with_path(const char *fmt)
{
	const char *at = strchr(fmt, '@');

	return arena_printf(cx.a, "%.*s%s%s", (int)(at - fmt), fmt, own_path(), at + 1);
}

/* Specimens for uprobes. */
__attribute__((noinline, used)) int specimen_one(int x)
{
	return x * 3;
}
int specimen_int(int x) __asm__("_ZN8specimen4nameEi");
__attribute__((noinline, used)) int specimen_int(int x)
{
	return x + 7;
}
int specimen_text(const char *s) __asm__("_ZN8specimen4nameEPKc");
__attribute__((noinline, used)) int specimen_text(const char *s)
{
	return *s;
}

static bool skip_unless(bool ok, const char *what)
{
	if (!ok)
		print_message("# skipped: %s\n", what);
	return !ok;
}

static bool has_tracefs(void)
{
	return tracefs_path() &&
	       !access(arena_printf(cx.a, "%s/events/sched/sched_switch/format", tracefs_path()),
	               R_OK);
}

/* ---- kinds ------------------------------------------------------------------------------- */

static void kinds_are_found(void **state)
{
	(void)state;
	assert_int_equal(probe_kind_find("kprobe"), PROBE_KPROBE);
	assert_int_equal(probe_kind_find("KProbe"), PROBE_KPROBE);
	assert_int_equal(probe_kind_find("k"), PROBE_KPROBE);
	assert_int_equal(probe_kind_find("K"), PROBE_N); /* abbreviations as they are */
	assert_int_equal(probe_kind_find("BEGIN"), PROBE_BEGIN);
	assert_int_equal(probe_kind_find("kfunc"), PROBE_FENTRY);
	assert_int_equal(probe_kind_find("kretfunc"), PROBE_FEXIT);
	assert_int_equal(probe_kind_find(""), PROBE_N);
	assert_string_equal(probe_kind_name(PROBE_RAWTRACEPOINT), "rawtracepoint");
}

static void kinds_that_are_wrong(void **state)
{
	struct strbuf out = {0};

	(void)state;
	assert_error("asdf", "Invalid probe type: asdf");
	assert_error("", "Invalid probe type: ");
	assert_error("zz*:x", "Invalid probe type: zz*");
	assert_error("begin:x", "begin probe type requires 0 arguments, found 1");
	assert_error("tracepoint:a", "tracepoint probe type requires 2 arguments, found 1");
	assert_error("kprobe:a:b:c", "kprobe probe type requires 1 or 2 arguments, found 3");
	assert_error("interval", "interval probe type requires 1 or 2 arguments, found 0");
	assert_error("uprobe:f", "uprobe probe type requires 2 or 3 arguments, found 1");
	assert_false(expand("kprob:x"));
	diag_render(cx.diag, &(struct diag_style){0}, &out);
	assert_non_null(strstr(sb_str(&out), "HINT: did you mean kprobe?"));
	sb_free(&out);
}

/* ---- timers and perf events
 * ------------------------------------------------------------------------ */

static void timers(void **state)
{
	static const struct {
		const char *text, *name;
		uint64_t period;
		bool is_frequency;
	} cases[] = {
	    {"interval:s:1", "interval:s:1", 1000000000, false},
	    {"i:ms:5", "interval:ms:5", 5000000, false},
	    {"profile:us:50", "profile:us:50", 50000, false},
	    {"profile:hz:99", "profile:hz:99", 99, true},
	    {"p:hz:0x10", "profile:hz:0x10", 16, true},
	    {"interval:5s", "interval:5s", 5000000000, false},
	    {"interval:10ms", "interval:10ms", 10000000, false},
	    {"interval:1_000_000", "interval:1_000_000", 1000000, false},
	    {"interval:2h", "interval:2h", 7200000000000, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct probe_target *t = one(cases[i].text);

		assert_string_equal(t->name, cases[i].name);
		assert_int_equal(t->period, cases[i].period);
		assert_int_equal(t->is_frequency, cases[i].is_frequency);
	}
	assert_error("interval:x:1", "x is not an accepted unit of time");
	assert_error("interval:5x", "x is not an accepted unit of time");
	assert_error("interval:s:0", "interval frequency should be a positive integer");
	assert_error("interval:s:-1", "interval frequency should be a positive integer");
	assert_error("profile:hz:x", "profile frequency should be a positive integer");
	assert_error("profile:", "profile frequency should be a positive integer");
	assert_error("interval:s:99999999999999",
	             "interval frequency should be a positive integer");
	assert_error("interval:999", "interval period of 999 ns is too short (at least 1000 ns)");
	assert_string_equal(listed("interval", false),
	                    "interval:hz:\ninterval:ms:\ninterval:s:\ninterval:us:\n");
}

static void perf_events(void **state)
{
	const struct probe_target *t;

	(void)state;
	t = one("software:faults:7");
	assert_int_equal(t->perf_type, PERF_TYPE_SOFTWARE);
	assert_int_equal(t->perf_config, PERF_COUNT_SW_PAGE_FAULTS);
	assert_int_equal(t->period, 7);
	assert_string_equal(t->name, "software:faults:7");
	assert_int_equal(one("s:cs")->period, 1000);
	t = one("h:cycles");
	assert_int_equal(t->perf_type, PERF_TYPE_HARDWARE);
	assert_int_equal(t->perf_config, PERF_COUNT_HW_CPU_CYCLES);
	assert_int_equal(t->period, 1000000);
	assert_error("software:fault", "No matches for software fault.");
	assert_error("software:cpu:0", "software count should be a positive integer");
	assert_error("hardware:c*", "hardware probe type does not support wildcards");
	assert_non_null(
	    strstr(listed("software", false), "\nsoftware:cpu-migrations:\nsoftware:cpu:\n"));
	assert_string_equal(listed("hardware:cache*", false),
	                    "hardware:cache-misses:\nhardware:cache-references:\n");
	assert_string_equal(listed("*ware:*cl*", false),
	                    "hardware:bus-cycles:\nhardware:cpu-cycles:\nhardware:cycles:\n"
	                    "hardware:ref-cycles:\nsoftware:cpu-clock:\nsoftware:task-clock:\n");
}

static void special_probes(void **state)
{
	(void)state;
	assert_string_equal(one("BEGIN")->name, "begin");
	assert_string_equal(one("end")->name, "end");
	assert_int_equal(one("begin")->syscall_nr, -1);
	assert_null(probe_args_type(&cx, one("begin")));
}

/* ---- tracepoints
 * -------------------------------------------------------------------------------------- */

static void tracepoints(void **state)
{
	const struct probe_target *t;
	const struct type *args;
	const char *text;

	(void)state;
	if (skip_unless(has_tracefs(), "tracefs can't be read"))
		skip();
	t = one("tracepoint:sched:sched_switch");
	assert_string_equal(t->name, "tracepoint:sched:sched_switch");
	assert_string_equal(t->category, "sched");
	assert_int_equal(t->syscall_nr, -1);
	assert_false(t->from_wildcard);
	args = probe_args_type(&cx, t);
	assert_non_null(args);
	assert_non_null(type_find_field(args, "next_comm", NULL));
	assert_true(probe_tracepoint_id("sched", "sched_switch") > 0);
	assert_int_equal(probe_tracepoint_id("sched", "nonesuch"), -1);
	assert_int_equal(probe_tracepoint_id("..", "../../etc"), -1);

	assert_true(expand("t:syscalls:sys_enter_open*"));
	assert_true(targets.n >= 2);
	for (size_t i = 0; i < targets.n; i++) {
		assert_true(targets.items[i].from_wildcard);
		assert_true(targets.items[i].syscall_nr >= 0);
		if (i)
			assert_true(strcmp(targets.items[i - 1].name, targets.items[i].name) < 0);
	}
	assert_true(expand("t*point:sched:sched_sw*"));
	assert_true(targets.n >= 1);
	assert_true(expand("tracepoint:*:sched_switch"));
	assert_string_equal(targets.items[0].name, "tracepoint:sched:sched_switch");

	text = listed("tracepoint:sched:sched_switch", true);
	assert_non_null(strstr(text, "tracepoint:sched:sched_switch\n    char prev_comm[16]\n"));
	assert_null(strstr(text, "common_"));
	assert_non_null(strstr(listed("sched_switch", false), "tracepoint:sched:sched_switch\n"));
	assert_string_equal(listed("tracepoint:nonesuch:*", false), "");
}

static void tracepoints_that_are_not_there(void **state)
{
	struct strbuf out = {0};

	(void)state;
	if (skip_unless(has_tracefs(), "tracefs can't be read"))
		skip();
	assert_error("tracepoint:syscalls:nonsense",
	             "No matches for tracepoint syscalls:nonsense.");
	assert_error("t:sched:nonesuch*", "No matches for tracepoint sched:nonesuch*.");
	assert_error("t:sched:..", "No matches for tracepoint sched:...");
	assert_error("t:sched:enable", "No matches for tracepoint sched:enable.");
	assert_false(expand("tracepoint:shed:sched_swich"));
	diag_render(cx.diag, &(struct diag_style){0}, &out);
	assert_non_null(strstr(sb_str(&out), "HINT: did you mean tracepoint:sched:sched_switch?"));
	sb_reset(&out);
	cx.diag = diag_create(cx.a);
	cx.missing = MISSING_WARN;
	assert_true(expand("tracepoint:syscalls:nonsense"));
	assert_int_equal(targets.n, 0);
	diag_render(cx.diag, &(struct diag_style){0}, &out);
	assert_non_null(strstr(sb_str(&out), "WARNING: No matches for tracepoint "
	                                     "syscalls:nonsense. Skipping.\n"));
	cx.diag = diag_create(cx.a);
	cx.missing = MISSING_IGNORE;
	assert_true(expand("tracepoint:syscalls:nonsense"));
	assert_int_equal(diag_errors(cx.diag) + diag_warnings(cx.diag), 0);
	sb_free(&out);
}

static void limits_are_kept(void **state)
{
	(void)state;
	if (skip_unless(has_tracefs(), "tracefs can't be read"))
		skip();
	cx.max_probes = 3;
	assert_true(expand("tracepoint:sched:sched_switch"));
	assert_false(expand("tracepoint:syscalls:*"));
	assert_int_equal(diag_first_error(cx.diag), E_PROBE_LIMIT);
}

static void system_calls_are_numbered(void **state)
{
	DIR *dir;
	struct dirent *e;

	(void)state;
	for (size_t i = 1; i < n_syscalls; i++)
		assert_true(strcmp(syscalls[i - 1].name, syscalls[i].name) < 0);
	assert_int_equal(syscall_number("read"), SYS_read);
	assert_int_equal(syscall_number("openat"), SYS_openat);
	assert_int_equal(syscall_number("newuname"), SYS_uname);
	assert_int_equal(syscall_number("umount"), SYS_umount2);
	assert_int_equal(syscall_number("nonesuch"), -1);
	assert_string_equal(syscall_name(SYS_openat), "openat");
	assert_null(syscall_name(-1));
	assert_null(syscall_name(100000));
	assert_string_equal(syscall_tracepoint_name("uname"), "newuname");
	dir = tracefs_path() ? opendir(arena_printf(cx.a, "%s/events/syscalls", tracefs_path()))
	                     : NULL;
	if (!dir) {
		print_message("# skipped in part: tracefs can't be read\n");
		return;
	}
	while ((e = readdir(dir)))
		if (!strncmp(e->d_name, "sys_enter_", 10) && syscall_number(e->d_name + 10) < 0)
			fail_msg("no number for %s", e->d_name);
	closedir(dir);
}

/* ---- kernel functions
 * ----------------------------------------------------------------------------------- */

static void kprobes(void **state)
{
	const struct probe_target *t;
	struct strbuf out = {0};

	(void)state;
	t = one("kprobe:vfs_read+0x4");
	assert_string_equal(t->name, "kprobe:vfs_read+4");
	assert_string_equal(t->func, "vfs_read");
	assert_int_equal(t->off_b, 4);
	assert_null(t->category);
	assert_string_equal(one("kprobe:vmlinux:vfs_read")->category, "vmlinux");
	assert_error("kretprobe:vfs_read+4", "Offset not allowed");
	assert_error("kprobe:vfs_read+x", "Invalid offset: x");
	assert_error("kprobe:vfs_*+4", "Offset not allowed");
	assert_error("kprobe:0xffffffff81000000", "Probing by address requires --unsafe");
	assert_error("kprobe:nonesuch_module:f",
	             "specified module nonesuch_module in probe kprobe:nonesuch_module:f is not "
	             "loaded.");
	cx.is_unsafe = true;
	assert_int_equal(one("kprobe:0xffffffff81000000")->address, 0xffffffff81000000);

	/* A function nobody knows is warned about, and handed on. */
	cx.diag = diag_create(cx.a);
	one("kprobe:nonesuch_function");
	diag_render(cx.diag, &(struct diag_style){0}, &out);
	if (out.n)
		assert_non_null(strstr(out.s, "WARNING: nonesuch_function is not traceable (either "
		                              "non-existing, inlined, or marked as \"notrace\"); "
		                              "attaching to it will likely fail\n"));
	sb_free(&out);
}

static void kernel_functions(void **state)
{
	const struct type *args;
	const char *text;

	(void)state;
	if (skip_unless(types_have_btf(cx.types), "the kernel's BTF can't be read"))
		skip();
	assert_true(expand("kprobe:vfs_re*"));
	assert_true(targets.n >= 2);
	assert_true(targets.items[0].from_wildcard);
	assert_string_equal(one("fentry:vfs_read")->name, "fentry:vmlinux:vfs_read");
	args = probe_args_type(&cx, one("fentry:vfs_read"));
	assert_int_equal(type_find_field(args, "count", NULL)->off_b, 16);
	assert_int_equal(type_find_field(args, "file", NULL)->type->as, AS_BTF);
	args = probe_args_type(&cx, one("fexit:vmlinux:vfs_read"));
	assert_int_equal(type_find_field(args, "retval", NULL)->off_b, 32);
	assert_error("fentry:nonesuch_function", "No matches for fentry nonesuch_function.");
	assert_error("fentry:nonesuch:vfs_read", "No matches for fentry nonesuch:vfs_read.");
	assert_string_equal(listed("fentry:vfs_read", true), "fentry:vmlinux:vfs_read\n"
	                                                     "    struct file * file\n"
	                                                     "    char * buf\n"
	                                                     "    size_t count\n"
	                                                     "    loff_t * pos\n");
	assert_non_null(strstr(listed("fexit:vfs_read", true), "    ssize_t retval\n"));
	assert_string_equal(listed("kretprobe:vfs_read", true),
	                    "kretprobe:vfs_read\n    ssize_t retval\n");
	assert_non_null(strstr(listed("kprobe:vfs_read", true), "    struct file * arg0\n"));
	assert_string_equal(listed("nonesuch_function", false), "");

	assert_string_equal(one("rawtracepoint:sched_switch")->name,
	                    "rawtracepoint:vmlinux:sched_switch");
	args = probe_args_type(&cx, one("rt:sched_switch"));
	assert_string_equal(args->fields[0].name, "preempt");
	assert_error("rt:nonesuch", "No matches for rawtracepoint nonesuch.");

	assert_string_equal(listed("struct task_struct", false), "struct task_struct\n");
	text = listed("struct path", true);
	assert_true(!strncmp(text, "vmlinux: struct path {\n", 23));
	assert_non_null(strstr(listed("enum hrtimer_r*", false), "enum hrtimer_restart\n"));
}

/* Everything, sorted as a whole. */
static void listings_are_sorted(void **state)
{
	const char *text = listed(NULL, false);

	(void)state;
	assert_true(*text);
	for (const char *line = text, *next; (next = strchr(line, '\n')) && next[1];
	     line = next + 1) {
		size_t n = (size_t)(next - line), m = strcspn(next + 1, "\n");
		int order = memcmp(line, next + 1, n < m ? n : m);

		if (order > 0 || (!order && n >= m))
			fail_msg("%.*s before %.*s", (int)n, line, (int)m, next + 1);
	}
}

/* ---- uprobes
 * -----------------------------------------------------------------------------------------------
 */

static void uprobes(void **state)
{
	const struct probe_target *t;
	struct symbols *syms = symbols_create();
	struct elf_symbol sym;

	(void)state;
	assert_true(symbols_elf_find(syms, own_path(), "specimen_one", &sym));
	t = one(with_path("uprobe:@:specimen_one"));
	assert_string_equal(t->name, with_path("uprobe:@:specimen_one"));
	assert_string_equal(t->path, own_path());
	assert_int_equal(t->address, sym.file_off_b);
	assert_int_equal(t->sym_address, sym.address);
	cx.is_unsafe = true; /* one byte in, an instruction may not begin */
	t = one(with_path("u:@:specimen_one+1"));
	assert_int_equal(t->address, sym.file_off_b + 1);
	assert_int_equal(t->off_b, 1);
	assert_string_equal(t->name, with_path("uprobe:@:specimen_one+1"));
	cx.is_unsafe = false;
	t = one(arena_printf(cx.a, "uprobe:%s:0x%llx", own_path(),
	                     (unsigned long long)sym.address + 1));
	assert_string_equal(t->func, "specimen_one");
	assert_int_equal(t->off_b, 1);
	assert_int_equal(t->address, sym.file_off_b + 1);
	assert_true(expand(with_path("ur:@:specimen_*")));
	assert_true(targets.n >= 1);
	assert_int_equal(targets.items[0].kind, PROBE_URETPROBE);
	cx.pid = getpid(); /* with -p the file may be left out */
	assert_string_equal(one("uprobe:specimen_one")->path, own_path());
	cx.pid = 0;
	assert_non_null(strstr(listed(with_path("uprobe:@:specimen*"), false),
	                       with_path("uprobe:@:specimen_one\n")));
	symbols_destroy(syms);
}

static void uprobes_by_cpp_name(void **state)
{
	(void)state;
	assert_true(expand(with_path("uprobe:@:cpp:\"specimen::name\"")));
	assert_int_equal(targets.n, 2);
	assert_string_equal(one(with_path("uprobe:@:cpp:\"specimen::name(int)\""))->func,
	                    "_ZN8specimen4nameEi");
	assert_string_equal(one(with_path("uprobe:@:_ZN8specimen4nameEi"))->func,
	                    "_ZN8specimen4nameEi");
	assert_error(with_path("uprobe:@:cpp:\"specimen\""),
	             arena_printf(cx.a, "No matches for uprobe %s:cpp:specimen.", own_path()));
}

static void uprobes_that_are_wrong(void **state)
{
	(void)state;
	assert_error("uprobe:/nonesuch:f",
	             "uprobe target file '/nonesuch' does not exist or is not executable");
	assert_error("uprobe:/etc/passwd:f",
	             "uprobe target file '/etc/passwd' does not exist or is not executable");
	assert_error(with_path("uprobe:@:nonesuch"),
	             arena_printf(cx.a, "No matches for uprobe %s:nonesuch.", own_path()));
	assert_error(with_path("uretprobe:@:specimen_one+1"), "Offset not allowed");
	assert_error(with_path("uprobe:@:specimen_one+x"), "Invalid offset: x");
	assert_error(with_path("uprobe:@:0x1"),
	             arena_printf(cx.a, "Could not resolve address: %s:0x1", own_path()));
	assert_error("uprobe:/nonesuch/*:0x1", "Cannot use wildcards with absolute address");
	assert_false(expand(with_path("uprobe:@:specimen_one+100000")));
	assert_int_equal(diag_first_error(cx.diag), E_PROBE_PARTS);
	cx.is_unsafe = true;
	assert_int_equal(one(with_path("uprobe:@:0x1"))->off_b, 0);
	assert_int_equal(one(with_path("uprobe:@:specimen_one+100000"))->off_b, 100000);
	cx.is_unsafe = false;
	cx.missing = MISSING_WARN;
	cx.diag = diag_create(cx.a);
	assert_true(expand("uprobe:/nonesuch:f"));
	assert_int_equal(targets.n, 0);
	assert_int_equal(diag_warnings(cx.diag), 1);
}

/* ---- whatever a user may type
 * ----------------------------------------------------------------------------------- */

static void odd_attach_points_are_survived(void **state)
{
	static const char *const types[] = {"k", "kr", "f", "fr", "t",     "rt", "u", "ur",
	                                    "p", "i",  "s", "h",  "begin", "*",  "x"};
	static const char *const parts[] = {"",
	                                    "*",
	                                    "+",
	                                    "+1",
	                                    "a+",
	                                    "0x",
	                                    "0",
	                                    ":",
	                                    "cpp",
	                                    "/",
	                                    "../..",
	                                    "%s%n",
	                                    "-1",
	                                    "*+1",
	                                    "@",
	                                    "vfs_read",
	                                    "99999999999999999999",
	                                    "[",
	                                    "bpf"};
	size_t n = sizeof(parts) / sizeof(parts[0]);

	(void)state;
	for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++)
		for (size_t i = 0; i < n; i++) {
			/* Everything that matches a star is many: once is enough. */
			if (!strcmp(types[t], "*") || !strcmp(parts[i], "*"))
				continue;
			cx.diag = diag_create(cx.a);
			cx.missing =
			    i % 4 ? MISSING_IGNORE : MISSING_ERROR; /* hints take their time */
			expand(arena_printf(cx.a, "%s:%s", types[t], parts[i]));
			expand(
			    arena_printf(cx.a, "%s:%s:%s", types[t], parts[i], parts[n - 1 - i]));
			expand(arena_printf(cx.a, "%s:%s:%s:%s", types[t], parts[(i * 7) % n],
			                    parts[i], parts[(i * 3) % n]));
		}
	listed(":::", false);
	listed(",,", false);
	listed("\"", false);
	listed("struct", false);
	listed("structure", false);
	listed("enum  nonesuch", true);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_context, drop_context)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(kinds_are_found),
	    TEST(kinds_that_are_wrong),
	    TEST(timers),
	    TEST(perf_events),
	    TEST(special_probes),
	    TEST(tracepoints),
	    TEST(tracepoints_that_are_not_there),
	    TEST(limits_are_kept),
	    TEST(system_calls_are_numbered),
	    TEST(kprobes),
	    TEST(kernel_functions),
	    TEST(listings_are_sorted),
	    TEST(uprobes),
	    TEST(uprobes_by_cpp_name),
	    TEST(uprobes_that_are_wrong),
	    TEST(odd_attach_points_are_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
