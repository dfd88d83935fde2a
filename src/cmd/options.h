/* The tracer's command line. */
#ifndef SKEP_CMD_OPTIONS_H
#define SKEP_CMD_OPTIONS_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/vec.h"

enum trace_mode {
	MODE_TRACE,
	MODE_TEST,
	MODE_BENCH,
	MODE_CODEGEN,        /* compile, and no more */
	MODE_COMPILER_BENCH, /* how long does that take? */
	MODE_FORMAT,
};
enum trace_action { ACTION_RUN, ACTION_LIST, ACTION_INFO, ACTION_HELP, ACTION_VERSION };

struct options {
	enum trace_action action;
	const char *program;        /* -e text, or NULL */
	const char *file;           /* script path or "-", or NULL */
	vec(const char *) operands; /* positional parameters, or -l patterns */
	pid_t pid;
	vec(pid_t) unwind_pids; /* --dwarf-pid */
	const char *command; /* -c */
	const char *output;
	const char *aot; /* --aot */
	const char *elf; /* --emit-elf */
	bool is_json;
	bool is_compat; /* --compat=0.17 */
	enum engine_choice { CHOOSE_AUTO, CHOOSE_KERNEL, CHOOSE_USER } engine;
	int buffering; /* enum output_buffering */
	bool is_quiet, is_verbose, warn_all, no_warnings, is_dry_run, is_unsafe;
	bool no_kprobe_multi, no_kprobe_session, no_uprobe_multi, no_ringbuf, no_cpu_v4;
	const char *debug_stages;
	const char *debuginfo; /* DIR[:DIR...], or NULL */
	enum trace_mode mode;
	const char *traceable_functions;
	bool has_probe_filter;
	regex_t probe_filter;
	vec(const char *) include_dirs;
	vec(const char *) includes;
};

/* Parse argv (argv[0] is the program's name). On a mistake prints it to stderr and returns the
 * exit status to leave with; -1 means go on. `ret` borrows from argv. */
/* With is_compiled, the program is at hand and only such options are taken as say how to run it. */
int options_parse(int argc, char **argv, bool is_compiled, struct options *ret);
/* Where the script stands, before anything is made of the options: the index of the argument behind it,
 * with its text (-e) or its file. 0: there is none, or the options in front of it are wrong or ask for
 * something else. */
int options_find_script(int argc, char **argv, const char **ret_program, const char **ret_file);
void options_free(struct options *o);
/* Usage text. */
struct strbuf;
void options_usage(const char *name, bool is_compiled, struct strbuf *out);

#endif
