/* The catalogue of what can be probed: one file per provider, one row per probe type. A provider
 * turns an attach point as written (`kprobe:vfs_*`) into targets (one per function), lists what
 * exists, and describes arguments. It does not know how to attach. */
#ifndef SKEP_PROBE_PROBE_H
#define SKEP_PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/diag.h"
#include "base/vec.h"
#include "types/types.h"

struct symbols;

enum probe_kind {
#define PROVIDER(id, full, abbrev, since, doc) PROBE_##id,
#include "probe/providers.def"
#undef PROVIDER
	PROBE_N
};

/* An attach point as written, split into its parts; the parser makes it. */
struct attach_point {
	struct span at;
	const char *label;        /* `name=probe:...`, or NULL */
	const char *text;         /* whole, as written, quotes removed */
	const char *const *parts; /* split at ':'; parts[0] is the type */
	uint32_t n_parts;
	bool has_options; /* the script's {opt.NAME} stand in it: the parts are not final */
};

/* One place for a program. All strings live in the context's arena. */
struct probe_target {
	enum probe_kind kind;
	/* What the `probe` builtin says: "kprobe:vfs_read", "begin", "interval:s:1". */
	const char *name;
	/* Tracepoint category; kernel module of a function ("vmlinux" or NULL: core kernel). */
	const char *category;  /* ... or usdt provider */
	const char *func;      /* function, tracepoint event, software/hardware event, usdt name */
	const char *path;      /* uprobe, usdt: file, resolved; iter: to be pinned there, or NULL */
	uint64_t off_b;        /* kprobe, uprobe: offset into the function */
	uint64_t address;      /* kprobe by address; uprobe, usdt: file offset to attach to;
	                          watchpoint: what is watched */
	uint64_t sym_address;  /* uprobe, usdt: the place's virtual address in the file */
	const char *usdt_args; /* usdt: operands, see probe/usdt_args.h */
	uint64_t ref_ctr_off_b;          /* usdt: file offset of the semaphore, 0: none */
	uint32_t perf_type, perf_config; /* software, hardware; watchpoint: HW_BREAKPOINT_* bits */
	/* profile, interval: ns (or Hz if is_frequency); software, hardware: count (or Hz);
	 * watchpoint: length in bytes. */
	uint64_t period;
	bool is_frequency;
	int32_t tracepoint_id; /* tracepoint: tracefs id, or -1 where it couldn't be read */
	int32_t syscall_nr;    /* tracepoint:syscalls:sys_*: the number on this machine, else -1 */
	/* fentry:bpf, fexit:bpf: the loaded program (0: a kernel function), the function in its
	 * BTF. */
	uint32_t prog_id, btf_id;
	bool from_wildcard;
};

struct probe_context {
	struct arena *a;
	struct types *types;
	struct diag *diag;
	pid_t pid;      /* -p, or 0 */
	bool has_child; /* -c */
	bool is_unsafe;
	enum { MISSING_ERROR, MISSING_WARN, MISSING_IGNORE } missing; /* missing_probes */
	bool is_user_engine; /* only what can be had without the kernel's BPF */
	uint32_t max_probes; /* 0: no limit */
	/* File of the kernel functions that can be traced; NULL: tracefs's
	 * available_filter_functions. */
	const char *traceable_functions;
	/* Where uprobes find symbols; NULL: a reader of their own for each question. */
	struct symbols *symbols;
	/* What the providers have read so far; begins as NULL, lives in `a`, is theirs alone. */
	struct probe_cache *cache;
};

typedef vec(struct probe_target) probe_targets;

/* The kind named by `word` (full names in any case, abbreviations as they are), or PROBE_N. */
enum probe_kind probe_kind_find(const char *word);
const char *probe_kind_name(enum probe_kind kind);
/* What the builtin probetype says: the name, or what stands for begin, end, self and bench. */
const char *probe_kind_title(enum probe_kind kind);
/* Run by somebody's wish, attached to nothing: begin, end, self, test, bench. */
bool probe_kind_is_run(enum probe_kind kind);
/* What no process can see of another without the kernel's BPF. */
bool probe_kind_needs_kernel(enum probe_kind kind);

/* Expand one attach point to its targets, appended to `out`. Also handles a wildcard in the type.
 * Mistakes and "No matches for ..." are reported at the attach point's span (spec 3.2); false if
 * an error was reported. */
bool probe_expand(struct probe_context *cx, const struct attach_point *ap, probe_targets *out);
/* The same for a question: what it matches and can be attached to as far as is known, perhaps
 * nothing. False, reported: no attach point could be written so. */
bool probe_find(struct probe_context *cx, const struct attach_point *ap, probe_targets *out);
/* hardware: does this machine count it? Tried. */
bool probe_can_count(const struct probe_target *t);
/* The tracefs id of an event, -1 if it can't be read. Targets of a wildcard come without one. */
int probe_tracepoint_id(const char *category, const char *event);

/* `-l`: everything matching a pattern (NULL: all), one full name a line, sorted; verbose adds the
 * argument lines; `struct x` patterns list types (spec 1.6). */
void probe_list(struct probe_context *cx, const char *pattern, bool verbose, struct strbuf *out);
/* The same argument lines for one target, each "    type name\n". */
void probe_list_args(struct probe_context *cx, const struct probe_target *t, struct strbuf *out);

/* The struct that `args` is here: fields by name, or NULL (with no diagnostic) when the kind has
 * none. tracepoint: TYPE_STRUCT as types_read_tracefs_format; fentry/fexit/rawtracepoint: a
 * TYPE_STRUCT with the parameters as fields at 8 * index (fexit: plus `retval` as the last). iter:
 * the struct behind `ctx`. */
const struct type *probe_args_type(struct probe_context *cx, const struct probe_target *t);

/* Until the next call, names of types are looked up in the program that the target is in, too.
 * NULL, or a target in no program: not any more. Nothing is opened before a name is asked for. The
 * context and the target have to live until then. */
void probe_use_types(struct probe_context *cx, const struct probe_target *t);
/* Why a target's program may not tell what is asked, as a hint: the debug information, or a part of
 * it, is missing. NULL: nothing is known to be. */
const char *probe_missing_types(struct probe_context *cx, const struct probe_target *t);

#endif
