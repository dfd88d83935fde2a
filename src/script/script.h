/* The tracing language: text in, image out. */
#ifndef SKEP_SCRIPT_SCRIPT_H
#define SKEP_SCRIPT_SCRIPT_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/diag.h"
#include "image/image.h"
#include "probe/probe.h"
#include "types/types.h"

/* Configuration variables (spec 1.7), one row each in config.def. */
struct script_config {
#define CONFIG_INT(name, dflt, doc) uint64_t name;
#define CONFIG_BOOL(name, dflt, doc) bool name;
#define CONFIG_STRING(name, dflt, doc) const char *name;
#define CONFIG_ENUM(name, dflt, values, doc) int name; /* index into the '|'-separated values */
#include "script/config.def"
#undef CONFIG_INT
#undef CONFIG_BOOL
#undef CONFIG_STRING
#undef CONFIG_ENUM
};
void script_config_defaults(struct script_config *c);
/* Set by a name as written in a config block or environment (any case, optional BPFTRACE_
 * prefix, old names); reports to d at `at`. */
bool script_config_set(struct script_config *c, struct diag *d, struct span at, const char *name,
                       const char *value, bool from_environment);
/* All BPFTRACE_* and SKEP_* variables of the environment. */
bool script_config_from_environment(struct script_config *c, struct diag *d);

/* Variable number i as it is set; false behind the last. */
struct script_config_value {
	const char *name;
	const char *string; /* NULL: a number or a truth. May point to `word` */
	char word[24];
	uint64_t number;
	bool is_bool;
};
bool script_config_get(const struct script_config *c, uint32_t i, struct script_config_value *ret);

/* What the kernel can do, as far as code generation cares; filled by whoever knows the engine. */
struct script_target {
	bool is_user_engine; /* our own machine and ptrace: no kernel memory, no kernel events */
	bool has_ringbuf;    /* 5.8 */
	bool has_probe_read_split;
	bool has_btf;           /* kernel BTF readable */
	bool has_task_btf;      /* get_current_task_btf */
	bool has_bpf_loop;      /* 5.17 */
	bool has_for_each_map;  /* 5.13 */
	bool has_lookup_percpu; /* 5.19 */
	bool has_attach_cookie; /* 5.15 */
	bool has_func_ip;
	bool has_task_pt_regs; /* 5.15 */
	/* Can one program serve a function's entry and return? Asked when a script has such a pair.
	 * NULL: no. (6.10, 6.13) */
	bool (*has_kprobe_session)(void);
	bool (*has_uprobe_session)(void);
	bool has_mem_alloc; /* BPF_F_NO_PREALLOC is safe everywhere */
	bool has_ktime_boot, has_ktime_tai;
	bool has_sext; /* cpu v4 */
	bool has_atomics;
	uint64_t pidns_dev, pidns_ino; /* 0: the initial namespace */
	uint32_t n_cpus;
	/* Can programs be attached to probes of this kind at all? NULL: yes. */
	bool (*may_attach)(enum probe_kind kind);
	/* Do programs of this type and attach type (enum bpf_prog_type, bpf_attach_type) get to call
	 * this function of the kernel's BTF? 1, 0, or -1: it can't be asked. NULL: nobody to ask. */
	int (*may_call)(uint32_t prog_type, uint32_t attach_type, uint32_t btf_id);
};

struct symbols;

struct script_options {
	struct script_config config;
	struct script_target target;
	struct symbols *symbols; /* where uprobes look; NULL: a reader for this compilation */
	const char *path; /* of the script: imports are relative to where it is; NULL: it is no file */
	/* What stands behind a script with an options block, all of it: script_ask(). */
	const char *const *args;
	size_t n_args;
	const char *const *params; /* positional */
	size_t n_params;
	const char *const *named; /* `--name`, `--name=value`: read by getopt() */
	size_t n_named;
	/* If not NULL: gets the list of the program's options when `--help` is among the named. */
	struct strbuf *option_help;
	const char *const *include_dirs;
	size_t n_include_dirs;
	uint32_t hidden_line, n_hidden_lines; /* of the text, as for diag_hide_lines() */
	const char *traceable_functions; /* file to use instead of tracefs's; NULL: that one */
	pid_t pid;                       /* -p */
	pid_t child_pid;                 /* -c, 0: none */
	bool is_unsafe;
	bool is_kept; /* --aot: what changes with each boot or run is not compiled in */
	bool is_compat; /* begin and end are called BEGIN and END */
	bool warn_all;  /* -k */
	/* Test and bench probes are dropped where they are not run. */
	enum script_mode { SCRIPT_TRACE, SCRIPT_TEST, SCRIPT_BENCH } mode;
	const regex_t *probe_filter; /* keep the probes whose full names match; NULL: all */
	/* If not NULL: gets the configuration with the script's own config block applied. */
	struct script_config *effective;
	bool *c_is_wrong; /* if not NULL: set when the mistakes are in the C section */
	/* Stages to dump (-d): comma list or NULL; dumps go to *dump. */
	const char *debug_stages;
	struct strbuf *dump;
};

/* Is the stage named in `-d stages`, or all of them? */
bool script_is_dumped(const char *stages, const char *stage);

/* The whole pipeline: parse, expand, infer, lower, optimize, emit. Mistakes and warnings go to d;
 * returns NULL if there was an error. The image lives in `a`. The source text must live as long. */
struct image *script_compile(struct arena *a, struct diag *d, struct types *ts, const char *name,
                             const char *text, size_t len_b, const struct script_options *opts);
/* What was given for an option of the program that is a number or a truth, as getopt() reads it;
 * NULL: the option alone. */
bool script_read_option(struct arena *a, enum type_kind kind, bool is_signed, const char *value,
                        uint64_t *ret);
/* What a script with an options block wants of the command line behind it (opts->args); told before
 * anything else is done with the script. */
struct script_request {
	bool has_options;           /* else the rest is of no interest */
	const char *help;           /* it was asked for its help: this text */
	pid_t pid;                  /* of process(): as -p, or 0 */
	const char **command;       /* of command(), to be run and followed, NULL behind the last */
};
/* False: the line is wrong, and the mistakes are in d. Those of the text are left for later. All
 * lives in `a`. */
bool script_ask(struct arena *a, struct diag *d, const char *name, const char *text, size_t len_b,
                const struct script_options *opts, struct script_request *ret);
/* The manual page of a script that is called `name`, appended to `out`. False if it cannot be parsed;
 * the mistakes are in d. */
bool script_manual(struct arena *a, struct diag *d, const char *name, const char *text,
                   size_t len_b, struct strbuf *out);
/* Only as far as the tree: the text in its usual layout, appended to `out`. False if it cannot be
 * parsed; the mistakes are in d. */
bool script_format(struct arena *a, struct diag *d, const char *name, const char *text,
                   size_t len_b, const struct script_options *opts, struct strbuf *out);
/* Only as far as the probe list, for `-l FILE`: each attach point as a pattern. */
bool script_list_probes(struct arena *a, struct diag *d, struct types *ts, const char *name,
                        const char *text, size_t len_b, const struct script_options *opts,
                        void (*fn)(void *arg, const char *pattern), void *arg);

#endif
