/* The tracer's main line: options, source, compile, run. Everything a person sees before events
 * arrive is said here, on stderr. */
#include "cmd/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/wildcard.h"
#include "cmd/compiled.h"
#include "cmd/options.h"
#include "cmd/script_line.h"
#include "cmd/target.h"
#include "cmd/tools.h"
#include "engine/engine.h"
#include "image/elf.h"
#include "output/output.h"
#include "probe/probe.h"
#include "script/script.h"
#include "session/child.h"
#include "session/session.h"
#include "symbols/debug_file.h"
#include "symbols/symbols.h"

#define ENOUGH_NS 200000000ull    /* of measuring */
#define LANGUAGE_VERSION "0.26.1" /* of bpftrace, whose language this is */

static const char is_damaged_text[] = "The compiled script in %s is damaged";

struct run {
	struct arena *a;
	struct options o;
	struct diag *diag;
	struct types *types;
	struct symbols *syms;
	bool is_colored, has_tools;
	struct script_line line;
	struct script_request request; /* of a script with an options block */
	const char *source_name, *source;
	size_t source_len_b;
	struct script_options so;
	struct script_config config; /* with the script's own config block */
	const struct engine_ops *engine;
};

/* Messages in color? *ret_is_bad: the environment asks for something that there is not. */
static bool wants_color(bool *ret_is_bad)
{
	const char *c = getenv("BPFTRACE_COLOR");

	if (!c)
		c = getenv("SKEP_COLOR");
	if (c && !strcmp(c, "always"))
		return true;
	if (c && !strcmp(c, "never"))
		return false;
	*ret_is_bad = c && *c && strcmp(c, "auto") != 0;
	return isatty(STDOUT_FILENO) && isatty(STDERR_FILENO);
}

/* All that the compiler had to say so far. */
static void show_diagnostics(struct run *r)
{
	struct diag_style style = {.color = r->is_colored, .no_warnings = r->o.no_warnings};
	own_strbuf struct strbuf text = {0};

	diag_render(r->diag, &style, &text);
	fputs(sb_str(&text), stderr);
}

static int plain_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int plain_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("ERROR: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	return 1;
}

/* --include: lines before the first, but behind `#!`. Nobody wrote them, so they do not count. */
static void add_includes(struct run *r)
{
	own_strbuf struct strbuf all = {0};
	const char *nl = r->source_len_b > 2 && !strncmp(r->source, "#!", 2)
	                     ? memchr(r->source, '\n', r->source_len_b)
	                     : NULL;
	size_t head_b = nl ? (size_t)(nl + 1 - r->source) : 0;

	sb_add(&all, r->source, head_b);
	vec_each (i, &r->o.includes)
		sb_addf(&all, "#include \"%s\"\n", *i);
	sb_add(&all, r->source + head_b, r->source_len_b - head_b);
	r->source = arena_strndup(r->a, sb_str(&all), all.n);
	r->source_len_b = all.n;
	r->so.hidden_line = nl ? 2 : 1;
	r->so.n_hidden_lines = (uint32_t)r->o.includes.n;
}

static int no_file(const struct run *r, int err)
{
	plain_error("failed to open file '%s': %s", r->o.file, strerror(err));
	if (err == ENOENT && r->has_tools)
		tools_hint(r->a, r->o.file);
	return 1;
}

/* The script could be a tool, but not this one. */
static int refuse_tool(const struct run *r)
{
	return plain_error("The tool '%s' cannot be used: %s", r->line.tool.name,
	                   r->line.tool_problem);
}

static int read_source(struct run *r)
{
	char *text;
	int err;

	if (r->o.program) {
		r->source = r->o.program;
		r->source_len_b = strlen(r->o.program);
		r->source_name = "stdin";
	} else if (!strcmp(r->o.file, "-")) {
		r->source = r->line.text;
		r->source_len_b = r->line.len_b;
		if (!r->source)
			r->source = script_read_stdin(r->a, &r->source_len_b);
		r->source_name = "stdin";
	} else if (r->line.tool.name) {
		r->source = r->line.tool.text;
		r->source_len_b = r->line.tool.len_b;
		r->source_name = r->line.tool.shown;
		r->so.path = r->line.tool.path;
	} else {
		r->source = r->line.text;
		r->source_len_b = r->line.len_b;
		err = r->source ? 0 : file_read(r->a, r->o.file, &text, &r->source_len_b);
		if (err)
			return no_file(r, -err);
		if (!r->source)
			r->source = text;
		r->so.path = r->o.file;
		r->source_name = strrchr(r->o.file, '/') ? strrchr(r->o.file, '/') + 1 : r->o.file;
	}
	if (r->o.includes.n && r->o.mode != MODE_FORMAT)
		add_includes(r);
	return -1;
}

/* What begins with two dashes is for getopt(), the rest are $1 and so on. */
static void split_operands(struct run *r)
{
	size_t n = r->o.operands.n;
	const char **params = arena_array(r->a, const char *, n + 1);
	const char **named = arena_array(r->a, const char *, n + 1);

	r->so.n_params = r->so.n_named = 0;
	vec_each (o, &r->o.operands) {
		if (!strncmp(*o, "--", 2) && (*o)[2])
			named[r->so.n_named++] = *o;
		else
			params[r->so.n_params++] = *o;
	}
	r->so.params = params;
	r->so.named = named;
}

static bool script_options(struct run *r)
{
	bool ok;

	script_config_defaults(&r->so.config);
	if (r->o.is_compat)
		r->so.config.missing_probes = MISSING_WARN;
	ok = script_config_from_environment(&r->so.config, r->diag);
	split_operands(r);
	r->so.include_dirs = r->o.include_dirs.items;
	r->so.n_include_dirs = r->o.include_dirs.n;
	r->so.symbols = r->syms;
	r->so.traceable_functions = r->o.traceable_functions;
	r->so.pid = r->o.pid;
	r->so.is_compat = r->o.is_compat;
	r->so.is_unsafe = r->o.is_unsafe;
	r->so.is_kept = r->o.aot;
	r->so.warn_all = r->o.warn_all;
	r->so.debug_stages = r->o.debug_stages;
	r->so.mode = r->o.mode == MODE_TEST    ? SCRIPT_TEST
	             : r->o.mode == MODE_BENCH ? SCRIPT_BENCH
	                                       : SCRIPT_TRACE;
	if (r->o.has_probe_filter)
		r->so.probe_filter = &r->o.probe_filter;
	return ok;
}

/* ---- -l ----------------------------------------------------------------------------------------
 */

struct listing {
	struct probe_context *cx;
	bool is_verbose;
	struct strbuf out;
};

static void list_one(void *arg, const char *pattern)
{
	struct listing *l = arg;

	probe_list(l->cx, pattern, l->is_verbose, &l->out);
}

/* An attach point of the script itself. What carries a number of its own is not in the catalogue,
 * and is listed as the `probe` builtin has it. */
static void list_own(void *arg, const char *text)
{
	struct listing *l = arg;
	size_t type_b = strcspn(text, ":");
	enum probe_kind kind = probe_kind_find(arena_strndup(l->cx->a, text, type_b));

	if (kind == PROBE_INTERVAL || kind == PROBE_PROFILE || kind == PROBE_SOFTWARE ||
	    kind == PROBE_HARDWARE || kind == PROBE_WATCHPOINT)
		sb_addf(&l->out, "%s%s\n", probe_kind_name(kind), text + type_b);
	else
		list_one(arg, text);
}

static int list_probes(struct run *r)
{
	struct probe_context cx = {.a = r->a,
	                           .types = r->types,
	                           .diag = r->diag,
	                           .pid = r->o.pid,
	                           .is_unsafe = r->o.is_unsafe,
	                           .is_user_engine = r->o.engine == CHOOSE_USER,
	                           .missing = MISSING_WARN,
	                           .max_probes = UINT32_MAX,
	                           .traceable_functions = r->o.traceable_functions,
	                           .symbols = r->syms};
	struct listing l = {.cx = &cx, .is_verbose = r->o.is_verbose};
	const char *pattern = r->o.operands.n ? r->o.operands.items[0] : NULL;
	struct stat st;
	bool ok = true;

	if (r->line.tool_problem)
		return refuse_tool(r);
	if (r->o.program || r->line.tool.name ||
	    (pattern && !strpbrk(pattern, "*:") && !stat(pattern, &st))) {
		r->o.file = pattern;
		if (read_source(r) > 0)
			return 1;
		target_describe(&r->so.target, r->types, !feature_privilege_problem(),
		                cx.is_user_engine);
		ok = script_options(r) &&
		     script_list_probes(r->a, r->diag, r->types, r->source_name, r->source,
		                        r->source_len_b, &r->so, list_own, &l);
	} else {
		if (pattern && strchr(pattern, '.') && !strpbrk(pattern, "*:"))
			fprintf(stderr,
			        "WARNING: It appears that '%s' is a filename but the file does not "
			        "exist. Treating '%s' as a search pattern.\n",
			        pattern, pattern);
		list_one(&l, pattern);
	}
	show_diagnostics(r);
	fwrite(sb_str(&l.out), 1, l.out.n, stdout);
	sb_free(&l.out);
	return ok ? 0 : 1;
}

/* ---- running -----------------------------------------------------------------------------------
 */

static uint64_t ring_bytes(const struct script_config *c)
{
	return c->perf_rb_pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* How addresses are named: the configuration, and the kernel's image if one is given. */
static void set_up_symbols(struct run *r)
{
	const char *vmlinux = getenv("BPFTRACE_VMLINUX");
	int err;

	symbols_set_demangle(r->syms, r->config.cpp_demangle);
	symbols_set_policy(r->syms, (enum symbols_policy)r->config.cache_user_symbols);
	symbols_set_eager(r->syms, !r->config.lazy_symbolication);
	if (!vmlinux)
		vmlinux = getenv("SKEP_VMLINUX");
	err = vmlinux && *vmlinux ? symbols_set_vmlinux(r->syms, vmlinux) : 0;
	if (err && !r->o.no_warnings)
		fprintf(stderr, "WARNING: No symbols of the kernel in '%s': %s\n", vmlinux,
		        strerror(-err));
}

static int run_image(struct run *r, struct image *img, struct child *child)
{
	bool shows_log = script_is_dumped(r->o.debug_stages, "verifier");
	bool shows_steps = r->o.is_verbose || script_is_dumped(r->o.debug_stages, "libbpf");
	const struct script_config *c = &r->config;
	struct engine_options eo = {.pid = r->o.pid,
	                            .child = child ? child_pid(child) : 0,
	                            .unwind_pids = r->o.unwind_pids.items,
	                            .n_unwind_pids = r->o.unwind_pids.n,
	                            .ring_bytes = ring_bytes(c),
	                            .log_size_b = (uint32_t)c->log_size,
	                            .is_verbose = r->o.is_verbose || shows_log,
	                            .steps = shows_steps ? stderr : NULL,
	                            .no_kprobe_multi = r->o.no_kprobe_multi,
	                            .no_uprobe_multi = r->o.no_uprobe_multi,
	                            .is_dry_run = r->o.is_dry_run,
	                            .missing = c->missing_probes,
	                            .diag = r->diag};
	struct session_options so = {
	    .output = {.format = r->o.is_json ? OUTPUT_JSON : OUTPUT_TEXT,
	               .buffering = (enum output_buffering)r->o.buffering,
	               .out = stdout,
	               .err = stderr,
	               .is_colored = r->is_colored,
	               .is_compat = r->o.is_compat,
	               .max_cat_bytes = c->max_cat_bytes,
	               .diag = r->diag,
	               .shows_source = c->show_debug_info,
	               .no_warnings = r->o.no_warnings},
	    .symbols = r->syms,
	    .child = child,
	    .is_quiet = r->o.is_quiet,
	    .shows_log = shows_log,
	    .is_dry_run = r->o.is_dry_run,
	    .no_maps_on_exit = !c->print_maps_on_exit,
	    .mode = r->o.mode == MODE_TEST    ? SESSION_TEST
	            : r->o.mode == MODE_BENCH ? SESSION_BENCH
	                                      : SESSION_TRACE,
	};
	int status;

	set_up_symbols(r);
	if (r->o.output) {
		so.output.out = fopen(r->o.output, "we");
		if (!so.output.out)
			return plain_error("Failed to open output file: \"%s\": %s", r->o.output,
			                   strerror(errno));
	}
	status = session_run(img, r->engine, &eo, &so);
	if (so.output.out != stdout)
		fclose(so.output.out);
	return status;
}

/* Who is to run the programs. NULL if nobody can: then *ret_problem says why. An object is for the
 * kernel, whoever writes it. */
static const struct engine_ops *choose_engine(struct run *r, const char **ret_problem)
{
	const char *problem = r->o.engine == CHOOSE_USER ? NULL : feature_privilege_problem();

	*ret_problem = r->o.elf ? problem : NULL;
	if (r->o.elf)
		return &engine_kernel;
	if (r->o.engine == CHOOSE_USER)
		return &engine_user;
	if (!problem)
		return &engine_kernel;
	if (r->o.engine == CHOOSE_KERNEL) {
		*ret_problem = problem;
		return NULL;
	}
	if (!r->o.is_quiet)
		fprintf(stderr, "The kernel's BPF is out of reach (%s): using --engine=user\n",
		        problem);
	return &engine_user;
}

static int write_error(const char *path, int err)
{
	return plain_error("Failed to write output file: \"%s\": %s", path, strerror(-err));
}

/* -o: by a file beside it that takes its place when all is written, with its permissions. A link
 * stays one: what it leads to is replaced. What is no file (/dev/stdout, a pipe) is written to. */
static int replace_file(struct run *r, const struct strbuf *text)
{
	char *path = realpath(r->o.output, NULL);
	const char *target = path ? arena_strdup(r->a, path) : r->o.output;
	char *temporary = arena_printf(r->a, "%s.XXXXXX", target);
	bool is_new, is_replaced;
	mode_t mask = umask(0);
	own_fd int fd = -1;
	struct stat st;
	int err;

	umask(mask);
	free(path);
	is_new = stat(r->o.output, &st) != 0;
	is_replaced = is_new || S_ISREG(st.st_mode);
	fd = is_replaced ? mkostemp(temporary, O_CLOEXEC) : open(r->o.output, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return plain_error("Failed to open output file: \"%s\": %s", r->o.output,
		                   strerror(errno));
	if (is_replaced)
		fchmod(fd, is_new ? 0666 & ~mask : st.st_mode & 07777);
	err = fd_write(fd, text->s, text->n);
	if (!err && (close(TAKE_FD(fd)) || (is_replaced && rename(temporary, target))))
		err = -errno;
	if (!err)
		return 0;
	if (is_replaced)
		unlink(temporary);
	return write_error(r->o.output, err);
}

static int format_script(struct run *r)
{
	own_strbuf struct strbuf text = {0};
	bool ok =
	    script_format(r->a, r->diag, r->source_name, r->source, r->source_len_b, &r->so, &text);
	struct diag_style style = {.color = r->is_colored, .no_warnings = true};
	own_strbuf struct strbuf mistakes = {0};

	diag_render(r->diag, &style, &mistakes);
	fputs(sb_str(&mistakes), stderr);
	if (!ok)
		return 1;
	if (r->o.output)
		return replace_file(r, &text);
	fwrite(sb_str(&text), 1, text.n, stdout);
	return fflush(stdout) ? write_error("stdout", -errno) : 0;
}

/* Whoever gives a compiled script options that it has read before is told so. */
static int mind_options(const struct compiled *c, int status)
{
	if (status == 1 && c && c->has_options)
		fputs("HINT: the options of this script were read when it was compiled\n", stderr);
	return status;
}

/* The options of the program itself. Returns the status to leave with, or -1. */
static int set_compiled_options(struct run *r, struct compiled *c)
{
	const char *text, *hint;

	if (compiled_set_options(r->a, c, r->so.named, r->so.n_named, &text, &hint))
		return -1;
	if (strchr(text, '\n')) { /* the list of them, asked for */
		fputs(text, stdout);
		return 1;
	}
	plain_error("%s", text);
	if (hint)
		fprintf(stderr, "HINT: %s\n", hint);
	return 1;
}

/* --aot: into a file instead of a session. */
static int keep_image(struct run *r, struct image *img)
{
	struct compiled c = {.img = *img,
	                     .config = r->config,
	                     .diag = r->diag,
	                     .machine = compiled_machine(r->a, &r->so.target),
	                     .is_user_engine = r->engine == &engine_user,
	                     .has_options = r->request.has_options};
	int err;

	vec_each (p, &img->programs)
		if (p->attach_prog_id)
			return plain_error("%s cannot be used with --aot: programs have other "
			                   "numbers with each boot",
			                   p->name);
	err = set_compiled_options(r, &c); /* those given now are the defaults then */
	if (err >= 0)
		return err;
	err = compiled_write(r->a, &c, r->o.aot);
	return err ? plain_error("Failed to write output file: \"%s\": %s", r->o.aot,
	                         strerror(-err))
	           : 0;
}

/* --emit-elf: likewise, for others' loaders. */
static int emit_object(struct run *r, const struct image *img)
{
	bool may_ask = !feature_privilege_problem();
	struct elf_options eo = {
	    .diag = r->diag,
	    .has_kprobe_multi =
	        !r->o.no_kprobe_multi && (!may_ask || feature_has(FEATURE_KPROBE_MULTI)),
	    .has_uprobe_multi =
	        !r->o.no_uprobe_multi && (!may_ask || feature_has(FEATURE_UPROBE_MULTI)),
	};
	own_strbuf struct strbuf bytes = {0};
	int err = image_to_elf(r->a, img, &eo, &bytes);

	if (!err)
		err = file_write(r->o.elf, bytes.s, bytes.n);
	return err ? write_error(r->o.elf, err) : 0;
}

/* Is this the place it was compiled for? Returns the status to leave with, or -1. */
static int check_compiled(struct run *r, struct compiled *c)
{
	const char *problem = c->is_user_engine ? NULL : feature_privilege_problem();
	const char *here, *missing;

	if (problem)
		return plain_error("%s", problem);
	target_describe(&r->so.target, r->types, false, c->is_user_engine);
	here = compiled_machine(r->a, &r->so.target);
	if (strcmp(here, c->machine) != 0) {
		plain_error("This script was compiled for another system: %s", c->machine);
		fprintf(stderr, "HINT: here is %s; compile it here, too\n", here);
		return 1;
	}
	if (r->o.pid && !c->is_user_engine)
		return plain_error("-p comes too late: what is of one process only is compiled "
		                   "in");
	if (!compiled_resolve(c, r->types, &missing))
		return plain_error("Unable to attach probe: %s", missing);
	return -1;
}

static int run_compiled(struct run *r, struct compiled *c)
{
	struct child *child = NULL;
	const char *problem;
	int status;

	r->config = c->config;
	r->engine = c->is_user_engine ? &engine_user : &engine_kernel;
	if (!script_config_from_environment(&r->config, r->diag)) {
		show_diagnostics(r);
		return 1;
	}
	split_operands(r);
	if (r->so.n_params)
		return mind_options(c,
		                    plain_error("unexpected parameter: %s (a compiled script has "
		                                "those it was compiled with)",
		                                r->so.params[0]));
	status = mind_options(c, set_compiled_options(r, c));
	if (status < 0)
		status = check_compiled(r, c);
	if (status >= 0)
		return status;
	if (r->o.command) {
		child = child_start(r->a, r->o.command, !c->is_user_engine, &problem);
		if (!child)
			return plain_error("%s", problem);
	}
	status = run_image(r, &c->img, child);
	if (child)
		child_stop(child);
	return status;
}

/* The same script compiled again and again. */
static int bench_compiler(struct run *r)
{
	struct output_options options = {.out = stdout, .err = stderr};
	struct image none = {0};
	struct output *out = output_create(&none, NULL, &options);
	struct timespec start, now;
	uint64_t n = 0, ns = 0;

	r->so.debug_stages = NULL;
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (ns < ENOUGH_NS) {
		struct arena *a = arena_create();
		struct types *types = types_create(a, NULL);

		script_compile(a, diag_create(a), types, r->source_name, r->source, r->source_len_b,
		               &r->so);
		types_destroy(types);
		arena_destroy(a);
		clock_gettime(CLOCK_MONOTONIC, &now);
		ns = (uint64_t)(now.tv_sec - start.tv_sec) * 1000000000 +
		     (uint64_t)(now.tv_nsec - start.tv_nsec);
		n++;
	}
	output_benches_begin(out);
	output_bench(out, "compile", ns / n, n);
	output_destroy(out);
	return 0;
}

/* A script with an options block reads its own line first: whoever asks for its help needs nothing
 * else. Returns the status to leave with, or -1. */
static int ask_script(struct run *r)
{
	struct script_request *q = &r->request;

	if (!script_ask(r->a, r->diag, r->source_name, r->source, r->source_len_b, &r->so, q)) {
		show_diagnostics(r);
		return 1;
	}
	if (q->help) {
		fputs(q->help, stdout);
		return 0;
	}
	if (q->command && (r->o.command || r->o.pid))
		return plain_error("Cannot use -c or -p with a script that runs a command "
		                   "itself");
	if (q->pid && (r->o.command || r->o.pid))
		return plain_error("Cannot use -c or -p with a script that follows a process "
		                   "itself");
	if (q->pid)
		r->o.pid = r->so.pid = q->pid;
	if (q->command && (r->o.aot || r->o.elf))
		return plain_error("Cannot use %s with a script that runs a command",
		                   r->o.aot ? "--aot" : "--emit-elf");
	return -1;
}

/* The command of -c, or of the script's options. NULL: there is none, or *ret_error. */
static struct child *start_child(struct run *r, const char **ret_error)
{
	bool dies_with_us = r->engine == &engine_kernel;

	if (r->request.command)
		return child_start_words(r->a, (char **)r->request.command, dies_with_us,
		                         ret_error);
	return r->o.command ? child_start(r->a, r->o.command, dies_with_us, ret_error) : NULL;
}

static int run_script(struct run *r)
{
	const char *problem;
	own_strbuf struct strbuf dump = {0}, option_help = {0};
	bool c_is_wrong = false;
	const char *child_error = NULL;
	struct child *child = NULL;
	struct image *img;
	int status;

	if (read_source(r) > 0 || !script_options(r)) {
		show_diagnostics(r);
		return 1;
	}
	if (r->o.mode == MODE_FORMAT)
		return format_script(r);
	status = ask_script(r);
	if (status >= 0)
		return status;
	r->engine = choose_engine(r, &problem);
	child = problem ? NULL : start_child(r, &child_error);
	if (child_error)
		return plain_error("%s", child_error);
	if (child)
		r->so.child_pid = child_pid(child);
	target_describe(&r->so.target, r->types, !problem, r->engine == &engine_user);
	if (r->o.no_kprobe_multi || r->o.no_kprobe_session)
		r->so.target.has_kprobe_session = NULL;
	if (r->o.no_uprobe_multi)
		r->so.target.has_uprobe_session = NULL;
	if (r->o.no_ringbuf && r->engine != &engine_user)
		r->so.target.has_ringbuf = false;
	if (r->o.no_cpu_v4)
		r->so.target.has_sext = false;
	r->so.dump = &dump;
	r->so.effective = &r->config;
	r->so.option_help = &option_help;
	r->so.c_is_wrong = &c_is_wrong;
	img = script_compile(r->a, r->diag, r->types, r->source_name, r->source, r->source_len_b,
	                     &r->so);
	fputs(sb_str(&dump), stdout);
	fflush(stdout);
	show_diagnostics(r);
	fputs(sb_str(&option_help), stdout);
	if (!img || option_help.n) {
		status = c_is_wrong ? 2 : 1; /* as bpftrace */
	} else if (r->o.aot) {
		status = keep_image(r, img);
	} else if (r->o.elf && img->programs.n) {
		status = emit_object(r, img);
	} else if (r->o.mode == MODE_CODEGEN) {
		status = 0;
	} else if (r->o.mode == MODE_COMPILER_BENCH) {
		status = bench_compiler(r);
	} else if (problem && !r->o.elf) {
		fprintf(stderr, "ERROR: %s\n", problem);
		status = 1;
	} else if (!img->programs.n && !img->host) {
		printf("No probes to attach\n");
		status = 1;
	} else {
		status = run_image(r, img, child);
	}
	if (child)
		child_stop(child);
	return status;
}

/* Who asks a program of this name for its version wants to know which language it speaks. */
static void print_version(const char *called_as)
{
	const char *name = strrchr(called_as, '/') ? strrchr(called_as, '/') + 1 : called_as;

	if (!strcmp(name, "bpftrace"))
		printf("bpftrace v" LANGUAGE_VERSION " (skep v" SKEP_VERSION ")\n");
	else
		printf("skep v" SKEP_VERSION "\n");
}

/* What the options ask for; `own` is the compiled script that came with them, or NULL. */
static int act(struct run *r, const char *name, const char *path, struct compiled *own)
{
	own_strbuf struct strbuf text = {0};
	bool is_damaged = false;

	switch (r->o.action) {
	case ACTION_RUN:
		if (r->line.tool_problem)
			return refuse_tool(r);
		if (!own && r->o.file && !r->line.tool.name)
			own = compiled_read(r->a, r->o.file, r->diag, &is_damaged);
		if (is_damaged)
			return plain_error(is_damaged_text, r->o.file);
		return own ? run_compiled(r, own) : run_script(r);
	case ACTION_LIST:
		return list_probes(r);
	case ACTION_INFO:
		feature_report(&text);
		user_engine_report(&text);
		break;
	case ACTION_HELP:
		if (r->line.tool.name)
			tools_help(&r->line.tool, &text);
		else
			options_usage(own ? name : "skep", own, &text);
		break;
	case ACTION_VERSION:
		print_version(path);
		break;
	}
	fputs(sb_str(&text), stdout);
	return 0;
}

/* The options, and a compiled script if this executable has one. Returns -1 to go on. */
static int begin(struct run *r, int argc, char **argv, const char *name, struct compiled **ret_own)
{
	bool is_damaged, is_bad_color = false;
	int status;

	*ret_own = compiled_read(r->a, "/proc/self/exe", r->diag, &is_damaged);
	if (is_damaged)
		return plain_error(is_damaged_text, name);
	r->line.n_own = argc;
	if (!*ret_own)
		script_line_split(r->a, argc, argv, r->has_tools, &r->line);
	r->so.args = (const char *const *)argv + r->line.n_own;
	r->so.n_args = (size_t)(argc - r->line.n_own);
	status = mind_options(*ret_own, options_parse(r->line.n_own, argv, *ret_own, &r->o));
	if (status < 0 && r->o.traceable_functions && access(r->o.traceable_functions, R_OK))
		status = plain_error("failed to open file '%s': %s", r->o.traceable_functions,
		                     strerror(errno));
	r->is_colored = wants_color(&is_bad_color);
	if (status < 0 && is_bad_color)
		status = plain_error("Invalid value for %s: valid values are auto, always, and "
		                     "never.",
		                     "BPFTRACE_COLOR");
	return status;
}

int cmd_trace(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	struct run r = {.a = arena_create()};
	struct compiled *own;
	int status;

	r.diag = diag_create(r.a);
	r.has_tools = strcmp(name, "bpftrace") != 0;
	status = begin(&r, argc, argv, name, &own);
	if (status < 0) {
		r.types = types_create(r.a, NULL);
		r.syms = symbols_create();
		symbols_set_debuginfo(r.syms, r.o.debuginfo);
		status = act(&r, name, argv[0], own);
		types_destroy(r.types);
		symbols_destroy(r.syms);
	}
	options_free(&r.o);
	arena_destroy(r.a);
	return status;
}
