/* The engine: runs an image. Two sides implement this: the kernel (src/engine/kernel) and, without
 * privilege, the user-space machine (src/engine/user). A session drives one through this table and
 * never asks which it is. */
#ifndef SKEP_ENGINE_ENGINE_H
#define SKEP_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "image/image.h"

struct engine;

struct engine_options {
	pid_t pid;                /* -p: restrict attachments to this process, or 0 */
	pid_t child;              /* -c: the child held before exec, or 0 */
	const pid_t *unwind_pids; /* --dwarf-pid: processes whose tables dw_ustack will need */
	size_t n_unwind_pids;
	uint64_t ring_bytes; /* 0: chosen from free memory, 256 KiB .. 2 MiB, power of two */
	uint32_t log_size_b; /* verifier log */
	bool is_verbose;     /* keep the verifier's log also on success */
	FILE *steps;         /* each map, program and attachment as it is made; or NULL */
	bool no_kprobe_multi, no_uprobe_multi; /* --no-feature */
	bool is_dry_run;                       /* nothing that would stay is made */
	int missing; /* MISSING_ERROR / WARN / IGNORE (probe/probe.h's order) for refused
	                attachments */
	/* The user engine: a traced process stands still and is about to end, or its stack was just
	 * taken: what it has mapped is there to be read. May be NULL; of the kernel engine nobody
	 * hears. */
	void (*leaving)(void *arg, pid_t pid);
	void (*seen)(void *arg, pid_t pid);
	void *process_arg; /* of both */
	const struct diag
	    *diag; /* the sources spans point into, for line information; may be NULL */
};

/* What went wrong, for the person. `at` is set where a program is to blame. Strings in the image's
 * arena. */
struct engine_error {
	int err;          /* -errno */
	const char *text; /* one line, says what was tried and what would help */
	const char *hint; /* the kernel's reason in words, or NULL */
	struct span at;   /* source of the refused instruction, or NO_SPAN */
	const char *log;  /* the kernel verifier's log, or NULL; with is_verbose also of a
	                     load that went well (err is 0 then) */
	uint32_t program; /* index, or UINT32_MAX */
};

/* Called for each event record, in order of arrival. */
typedef void engine_event_fn(void *arg, const void *record, uint32_t size_b);
/* Called for each entry of a map. `values` holds n_values values of value_stride bytes (one, or
 * one per possible CPU). Return false to stop. */
typedef bool engine_entry_fn(void *arg, const void *key, const void *values, uint32_t n_values,
                             uint32_t value_stride_b);

/* Room for a kernel address as text. */
enum { ENGINE_KERNEL_NAME_B = 256 };

struct engine_ops {
	const char *name;
	/* Creates maps and loads programs. On failure 0 < n errors in *ret_error, nothing is left
	 * behind, returns NULL. */
	struct engine *(*load)(const struct image *img, const struct engine_options *opts,
	                       struct engine_error *ret_error);
	int (*run_begin)(struct engine *e, struct engine_error *ret_error);
	/* Attaches everything; *ret_attached counts the user's probes now attached. Warnings for
	 * attachments that failed but may (opts.missing) go through `warn`. */
	int (*attach)(struct engine *e, void (*warn)(void *arg, struct span at, const char *text),
	              void *arg, uint32_t *ret_attached, struct engine_error *ret_error);
	/* Waits up to timeout_ms (-1: for ever, 0: not at all) or until a wake-up, and hands over
	 * what is there. Returns the number of records, or -errno (-EINTR on a signal). `extra_fd`
	 * (or -1) ends the wait early when readable (child's pidfd, signalfd). */
	int (*poll)(struct engine *e, int timeout_ms, int extra_fd, engine_event_fn *fn, void *arg);
	int (*detach)(struct engine *e); /* all attachments, in parallel where each is slow */
	int (*run_end)(struct engine *e);
	/* Run one program (ATTACH_SELF, _TEST, _BENCH) n times; its last result and how long all
	 * runs took. Either may be NULL. */
	int (*run_program)(struct engine *e, uint32_t program, uint64_t n, uint32_t *ret_result,
	                   uint64_t *ret_ns);
	/* Events that could not be delivered so far, over all programs and CPUs. */
	uint64_t (*lost)(struct engine *e);
	/* Script variables, by index into image.vars. A scalar has one entry with key NULL. */
	int (*var_read)(struct engine *e, uint32_t var, engine_entry_fn *fn, void *arg);
	/* One entry of a keyed one; no call if there is no such key. */
	int (*var_find)(struct engine *e, uint32_t var, const void *key, engine_entry_fn *fn,
	                void *arg);
	/* The entries of a keyed one, each read and removed in one step where the kernel can (5.6). */
	int (*var_take)(struct engine *e, uint32_t var, engine_entry_fn *fn, void *arg);
	int (*var_clear)(struct engine *e, uint32_t var); /* remove all entries (scalars: zero) */
	int (*var_zero)(struct engine *e, uint32_t var);  /* set all values to zero */
	/* The frames of a stack by its id, from the MAP_STACKS whose values have size_b bytes.
	 * Returns 0 and fills ret, or -errno (-ENOENT: no such stack). */
	int (*stack_read)(struct engine *e, uint64_t id, uint32_t size_b, struct image_stack *ret);
	/* Does the engine want to see the command of -c when its libraries are in place and it has
	 * not begun? Then that is the moment of look_at_child. NULL: never. */
	bool (*wants_child)(struct engine *e);
	void (*look_at_child)(struct engine *e, pid_t pid);
	/* Kernel addresses as the kernel's %pS writes them, `name+0x10/0x20 [module]`, each in
	 * ENGINE_KERNEL_NAME_B bytes of ret_texts, NUL-terminated and perhaps cut. NULL, or
	 * -errno: no such way. */
	int (*name_kernel)(struct engine *e, const uint64_t *addresses, uint32_t n,
	                   char *ret_texts);
	void (*destroy)(struct engine *e);
};

extern const struct engine_ops engine_kernel, engine_user;

/* What the kernel and this user are allowed: asked by trying, once, on demand. */
enum feature {
#define FEATURE(id, name, section, doc) FEATURE_##id,
#include "engine/features.def"
#undef FEATURE
	FEATURE_N
};
bool feature_has(enum feature f);
/* May a program of this type (TRACING: and attach type) call this function of the kernel's BTF? 1, 0,
 * or -1: the kernel does not tell (no privilege, no such programs here). */
int feature_kernel_call(uint32_t prog_type, uint32_t attach_type, uint32_t btf_id);
const char *feature_name(enum feature f);
/* The whole report of `--info` (spec 1.6: sections System, Build, Kernel helpers, Kernel features,
 * Probe types). */
struct strbuf;
void feature_report(struct strbuf *out);
void user_engine_report(struct strbuf *out); /* the section after it */
/* NULL if this process may use BPF for tracing; else one line that says what is missing and what
 * would help (not root and no CAP_BPF+CAP_PERFMON; lockdown; bpf(2) not in this kernel; ...). */
const char *feature_privilege_problem(void);

#endif
