/* Reading the tracer's command line (spec 1.1). getopt_long gives what users of GNU programs know:
 * options anywhere, unambiguous prefixes, `--`. */
#include "cmd/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "output/output.h"

struct row {
	int code;
	const char *name, *argument, *help;
	enum when { COMPILE, RUN } when;
};

static const struct row rows[] = {
#define OPTION(code, name, argument, when, help) {code, name, argument, help, when},
#include "cmd/options.def"
#undef OPTION
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]), PID_MAX_LIMIT = 0x400000 };

static enum when counts_when(int code)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].code == code)
			return rows[i].when;
	return RUN; /* '?': getopt has said what is wrong */
}

void options_usage(const char *name, bool is_compiled, struct strbuf *out)
{
	if (is_compiled)
		sb_addf(out, "USAGE:\n    %s [options] [-- --NAME[=VALUE] ...]\n", name);
	else
		sb_addf(out,
		        "USAGE:\n"
		        "    %s [options] FILE [params]\n"
		        "    %s [options] - [params]\n"
		        "    %s [options] -e 'PROGRAM' [params]\n",
		        name, name, name);
	if (!is_compiled && strcmp(name, "bpftrace")) { /* which has no verbs */
		sb_addf(out, "    %s [options] TOOL [arguments]\n", name);
#define VERB(verb, run, arguments, help) sb_addf(out, "    %s %s %s\n", name, verb, arguments);
#include "cmd/verbs.def"
#undef VERB
	}
	sb_adds(out, "\nOPTIONS:\n");
	for (size_t i = 0; i < N_ROWS; i++) {
		char left[64], shorts[8] = "    ";

		if (is_compiled && rows[i].when != RUN)
			continue;
		if (rows[i].code > 31)
			snprintf(shorts, sizeof(shorts), "-%c, ", rows[i].code);
		snprintf(left, sizeof(left), "%s--%s%s%s", shorts, rows[i].name,
		         rows[i].argument ? " " : "", rows[i].argument ? rows[i].argument : "");
		sb_addf(out, "    %-26s %s\n", left, rows[i].help);
	}
	if (is_compiled)
		return;
	sb_addf(
	    out,
	    "\nENVIRONMENT:\n"
	    "    SKEP_<NAME>, BPFTRACE_<NAME>   set the configuration variable <name>\n"
	    "    BPFTRACE_BTF                   file to take the kernel's BTF from\n"
	    "    BPFTRACE_KERNEL_SOURCE         a kernel's tree, for #include\n"
	    "    BPFTRACE_KERNEL_BUILD          where it was built\n"
	    "    BPFTRACE_VMLINUX               the kernel's image, to name its addresses from\n"
	    "    BPFTRACE_COLOR                 auto, always or never\n"
	    "    SKEP_TOOLS                     a directory with tools of your own\n"
	    "\nEXAMPLES:\n"
	    "    %s -l '*sleep*'\n"
	    "        list probes containing \"sleep\"\n"
	    "    %s -e 'kprobe:do_nanosleep { printf(\"PID %%d sleeping...\\n\", pid); }'\n"
	    "        trace processes calling sleep\n"
	    "    %s -e 'tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }'\n"
	    "        count system calls by process name\n",
	    name, name, name);
}

/* What is wrong, and no more: all of the usage would push it off the screen. A NULL text: it has
 * been said already. */
static int usage_error(const char *name, const char *text)
{
	if (text)
		fprintf(stderr, "USAGE: %s\n", text);
	fprintf(stderr, "Try '%s --help' for the options.\n", name);
	return 1;
}

static int parse_pid(const char *text, pid_t *ret)
{
	char *end;
	unsigned long long n;
	bool is_binary = text[0] == '0' && (text[1] == 'b' || text[1] == 'B');

	errno = 0;
	n = strtoull(is_binary ? text + 2 : text, &end,
	             is_binary                                 ? 2
	             : text[0] == '0' && (text[1] | 32) == 'x' ? 16
	             : text[0] == '0'                          ? 8
	                                                       : 10);
	if (end == text || text[0] == '-') {
		fprintf(stderr, "ERROR: Failed to parse pid: invalid integer: %s\n", text);
		return 1;
	}
	if (*end) {
		fprintf(stderr, "ERROR: Failed to parse pid: invalid trailing bytes: %s\n", text);
		return 1;
	}
	if (errno || n < 1 || n > PID_MAX_LIMIT) {
		fprintf(stderr, "ERROR: Pid out of range: %s\n", text);
		return 1;
	}
	*ret = (pid_t)n;
	return -1;
}

static int parse_no_feature(const char *name, char *list, struct options *o)
{
	for (char *word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		if (!strcmp(word, "kprobe_multi"))
			o->no_kprobe_multi = true;
		else if (!strcmp(word, "uprobe_multi"))
			o->no_uprobe_multi = true;
		else if (!strcmp(word, "ringbuf"))
			o->no_ringbuf = true;
		else if (!strcmp(word, "cpu_v4"))
			o->no_cpu_v4 = true;
		else if (!strcmp(word, "kprobe_session"))
			o->no_kprobe_session = true;
		else
			return usage_error(name, "--no-feature takes kprobe_multi, kprobe_session, "
			                         "uprobe_multi, ringbuf, cpu_v4");
	}
	return -1;
}

/* `-d a,b`. What bpftrace calls codegen, codegen-opt and dis is the same stage here: ir and bpf. */
static int parse_stages(const char *list, struct options *o)
{
	static const char *const stages[] = {
	    "parse",       "ast", "types", "ir",     "codegen",  "passes",
	    "codegen-opt", "bpf", "dis",   "libbpf", "verifier", "all",
	};
	const char *s = list;

	for (;; s++) {
		size_t len_b = strcspn(s, ","), i = 0;

		while (i < sizeof(stages) / sizeof(*stages) &&
		       (strlen(stages[i]) != len_b || strncmp(s, stages[i], len_b)))
			i++;
		if (i == sizeof(stages) / sizeof(*stages)) {
			fprintf(stderr,
			        "ERROR: Invalid debug stage: %.*s, valid are parse, ast, types, "
			        "ir, codegen, passes, codegen-opt, bpf, dis, libbpf, verifier "
			        "and all\n",
			        (int)len_b, s);
			return 1;
		}
		s += len_b;
		if (!*s)
			break;
	}
	o->debug_stages = list;
	return -1;
}

static int choose(const char *value, const char *const *names, const char *what, int *ret)
{
	for (int i = 0; names[i]; i++)
		if (!strcmp(value, names[i])) {
			*ret = i;
			return -1;
		}
	fprintf(stderr, "ERROR: Invalid %s: %s\n", what, value);
	return 1;
}

static const char *const modes[] = {"trace",          "test",   "bench", "codegen",
                                    "compiler-bench", "format", NULL};

/* Once only, by whichever name. */
static int set_mode(struct options *o, const char *name, const char *mode)
{
	int which, err;

	if (o->mode != MODE_TRACE)
		return usage_error(name, "Only one of --mode, --test, --bench and --fmt can be "
		                         "used.");
	err = choose(mode, modes + 1,
	             "mode, valid are codegen, compiler-bench, bench, test and format", &which);
	if (err < 0)
		o->mode = (enum trace_mode)(which + 1);
	return err;
}

static int parse_filter(const char *text, struct options *o)
{
	char why[128];
	int err = regcomp(&o->probe_filter, text, REG_EXTENDED | REG_NOSUB);

	if (err) {
		regerror(err, &o->probe_filter, why, sizeof(why));
		fprintf(stderr, "ERROR: Invalid probe filter: %s: %s\n", text, why);
		return 1;
	}
	o->has_probe_filter = true;
	return -1;
}

static int take(struct options *o, const char *name, int code, char *value)
{
	static const char *const formats[] = {"text", "json", NULL};
	static const char *const bufferings[] = {"line", "full", "none", NULL};
	static const char *const engines[] = {"auto", "kernel", "user", NULL};
	int which, err;
	pid_t pid;

	switch (code) {
	case 'e':
		o->program = value;
		return -1;
	case 'l':
		o->action = ACTION_LIST;
		return -1;
	case 'p':
		return parse_pid(value, &o->pid);
	case 'c':
		o->command = value;
		return -1;
	case 'o':
		o->output = value;
		return -1;
	case 'f':
		err = choose(value, formats, "output format", &which);
		o->is_json = err < 0 && which;
		return err;
	case 'B':
		return choose(value, bufferings, "buffering mode, valid are line, full and none",
		              &o->buffering);
	case 'q':
		o->is_quiet = true;
		return -1;
	case 'v':
		o->is_verbose = true;
		return -1;
	case 'k':
		o->warn_all = true;
		return -1;
	case 1:
		o->no_warnings = true;
		return -1;
	case 'I':
		vec_push(NULL, &o->include_dirs, value);
		return -1;
	case 2:
		vec_push(NULL, &o->includes, value);
		return -1;
	case 'd':
		return parse_stages(value, o);
	case 3:
		o->is_dry_run = true;
		return -1;
	case 4:
		o->is_unsafe = true;
		return -1;
	case 5:
		return parse_no_feature(name, value, o);
	case 6:
		o->action = ACTION_INFO;
		return -1;
	case 7:
		err = choose(value, engines, "engine, there are auto, kernel and user", &which);
		if (err < 0)
			o->engine = (enum engine_choice)which;
		return err;
	case 20:
		o->debuginfo = value;
		return -1;
	case 8:
		return set_mode(o, name, value);
	case 9:
		return set_mode(o, name, "test");
	case 10:
		return set_mode(o, name, "bench");
	case 11:
		return set_mode(o, name, "format");
	case 12:
		return parse_filter(value, o);
	case 22:
		o->traceable_functions = value;
		return -1;
	case 13:
		return -1;
	case 23:
		o->aot = value;
		return -1;
	case 24:
		o->elf = value;
		return -1;
	case 14:
	case 15:
		fprintf(stderr,
		        "ERROR: --%s: skep has its own compiler and no LLVM\n"
		        "HINT: -d ir shows its intermediate code, -d bpf what comes out of it\n",
		        code == 14 ? "emit-llvm" : "verify-llvm-ir");
		return 1;
	case 21:
		err = parse_pid(value, &pid);
		if (err < 0)
			vec_push(NULL, &o->unwind_pids, pid);
		return err;
	case 16:
		o->is_compat = !strcmp(value, "0.17");
		if (o->is_compat)
			return -1;
		fprintf(stderr, "ERROR: Invalid version, there is 0.17: %s\n", value);
		return 1;
	case 'b':
		return -1;
	case 'h':
		o->action = ACTION_HELP;
		return -1;
	case 'V':
		o->action = ACTION_VERSION;
		return -1;
	default: /* getopt has said what is wrong */
		return usage_error(name, NULL);
	}
}

struct getopt_tables {
	struct option longs[N_ROWS + 1];
	char shorts[2 * N_ROWS + 2];
};

/* `mode` in front of the letters: "+" stops at the first operand. */
static void make_tables(struct getopt_tables *t, const char *mode)
{
	char *s = stpcpy(t->shorts, mode);

	memset(t->longs, 0, sizeof(t->longs));
	for (size_t i = 0; i < N_ROWS; i++) {
		t->longs[i] = (struct option){rows[i].name,
		                              rows[i].argument ? required_argument : no_argument,
		                              NULL, rows[i].code};
		if (rows[i].code <= 31)
			continue;
		*s++ = (char)rows[i].code;
		if (rows[i].argument)
			*s++ = ':';
	}
	*s = '\0';
}

int options_find_script(int argc, char **argv, const char **ret_program, const char **ret_file)
{
	struct getopt_tables t;
	int code, was_loud = opterr;

	make_tables(&t, "+");
	*ret_program = *ret_file = NULL;
	optind = opterr = 0;
	while ((code = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1 && code != 'e')
		if (code == '?' || code == 'h' || code == 'V' || code == 6)
			break;
	opterr = was_loud;
	if (code == 'e')
		*ret_program = optarg;
	else if (code == -1 && optind < argc)
		*ret_file = argv[optind++];
	return *ret_program || *ret_file ? optind : 0;
}

int options_parse(int argc, char **argv, bool is_compiled, struct options *o)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	struct getopt_tables t;
	int code, err;

	*o = (struct options){.buffering = OUTPUT_LINE};
	make_tables(&t, "");
	if (argc < 2 && !is_compiled) {
		struct strbuf out = {0};

		options_usage(name, false, &out);
		fputs(sb_str(&out), stderr);
		sb_free(&out);
		return 1;
	}
	optind = 0; /* begins anew, with this order of things */
	while ((code = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
		if (is_compiled && counts_when(code) == COMPILE)
			return usage_error(name, "This script is compiled: options about compiling "
			                         "come too late.");
		err = take(o, name, code, optarg);
		if (err >= 0)
			return err;
		if (o->action == ACTION_HELP || o->action == ACTION_VERSION ||
		    o->action == ACTION_INFO)
			return -1; /* acts when it is read */
	}
	if (o->command && o->pid)
		return usage_error(name, "Cannot use both -c and -p.");
	if (o->warn_all && o->no_warnings)
		return usage_error(name, "Cannot use both -k and --no-warnings.");
	if (o->aot && (o->command || o->pid))
		return usage_error(name, "Cannot use --aot with -c or -p.");
	if (o->aot && o->mode != MODE_TRACE)
		return usage_error(name, "Cannot use --aot with another mode.");
	if (o->elf && (o->command || o->aot))
		return usage_error(name, "Cannot use --emit-elf with -c or --aot.");
	if (o->elf && o->mode != MODE_TRACE)
		return usage_error(name, "Cannot use --emit-elf with another mode.");
	if (o->elf && o->engine == CHOOSE_USER)
		return usage_error(name, "Cannot use --emit-elf with --engine user: the object is "
		                         "for the kernel.");
	if (!is_compiled && o->action == ACTION_RUN && !o->program) {
		if (optind >= argc)
			return usage_error(name, "filename or -e 'program' required.");
		o->file = argv[optind++];
	}
	while (optind < argc)
		vec_push(NULL, &o->operands, argv[optind++]);
	return -1;
}

void options_free(struct options *o)
{
	vec_free(&o->operands);
	vec_free(&o->unwind_pids);
	vec_free(&o->include_dirs);
	vec_free(&o->includes);
	if (o->has_probe_filter)
		regfree(&o->probe_filter);
}
