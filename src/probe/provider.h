/* Inside of the probe room: what a provider is, and what its files share. */
#ifndef SKEP_PROBE_PROVIDER_H
#define SKEP_PROBE_PROVIDER_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "probe/probe.h"

/* A listing in progress. parts[0..n_parts) are what the pattern has behind the type. */
struct listing {
	struct probe_context *cx;
	enum probe_kind kind;
	const char *const *parts;
	uint32_t n_parts;
	bool verbose;
	struct strbuf *out;
	/* Of list_line(): lines not yet in `out`, and what the last one began with. */
	char *block;
	size_t block_n;
	const char *first;
	char prefix[128];
	size_t prefix_b;
};

/* A line of a listing, "TYPE:FIRST:SECOND"; `first` may be NULL. Gathered in a block, as there are
 * a hundred thousand: flush before writing to l->out by other means, and at the end. */
void list_line(struct listing *l, const char *first, const char *second);
void list_flush(struct listing *l);

struct provider {
	uint8_t min_args, max_args; /* parts behind the type */
	bool has_rate;              /* one more, if the one before is `hz` */
	/* Does `*` as the type include it in a listing, and in a program? */
	bool is_wild_list, is_wild_probe;
	/* The number of parts is right. Appends targets; false if an error was reported. */
	bool (*expand)(struct probe_context *cx, const struct attach_point *ap,
	               enum probe_kind kind, probe_targets *out);
	/* Lines in order; NULL: not listed. */
	void (*list)(struct listing *l);
	/* `    type name` lines of one target; NULL: it has none. */
	void (*list_args)(struct probe_context *cx, const struct probe_target *t,
	                  struct strbuf *out);
	const struct type *(*args_type)(struct probe_context *cx, const struct probe_target *t);
};

extern const struct provider begin_provider, end_provider, self_provider;
extern const struct provider test_provider, bench_provider;
extern const struct provider watchpoint_provider;
extern const struct provider kprobe_provider, kretprobe_provider;
extern const struct provider fentry_provider, fexit_provider;
extern const struct provider tracepoint_provider, rawtracepoint_provider;
extern const struct provider uprobe_provider, uretprobe_provider;
extern const struct provider usdt_provider;
extern const struct provider profile_provider, interval_provider;
extern const struct provider software_provider, hardware_provider;
extern const struct provider iter_provider;

const struct provider *provider_of(enum probe_kind kind);

/* A zeroed target of this kind at the end of `out`, with "unknown" where 0 would mean something. */
struct probe_target *target_add(struct probe_context *cx, probe_targets *out, enum probe_kind kind);
/* "No matches for TYPE REST." as missing_probes has it; false if that is an error. `nearest` (may
 * be NULL) becomes a hint. */
bool report_no_match(struct probe_context *cx, const struct attach_point *ap, enum probe_kind kind,
                     const char *nearest);
/* The attach point's parts behind the type, joined by ':'. */
const char *attach_point_rest(struct probe_context *cx, const struct attach_point *ap);
/* A list of names in order, each once. */
typedef vec(const char *) name_list;
void names_sort(name_list *list);

/* files.c: what the process (0: any) has mapped to run code from; what a pattern names, `*` being
 * what is mapped; FILE as written (NULL: the process's program) to a path, NULL if there is none.
 * Paths live in the context's arena. */
void target_files_mapped(struct probe_context *cx, pid_t pid, name_list *out);
void target_files_match(struct probe_context *cx, const char *pattern, name_list *out);
const char *target_file_resolve(struct probe_context *cx, const char *file);

/* own_events.c: the tracepoints that can be had without the kernel's BPF, as "CATEGORY:EVENT", and
 * the struct of their arguments (NULL: not one of them). */
void own_events_find(struct probe_context *cx, const char *category, const char *event,
                     name_list *out);
const struct type *own_event_args(struct probe_context *cx, const char *category,
                                  const char *event);
/* Its fields as a format file of tracefs has them, in the context's arena. */
char *own_event_format(struct probe_context *cx, const char *category, const char *event);

/* catalogue.c: is off_b bytes into the code of `func` the start of an instruction? False, reported,
 * if it is known not to be. `place` is how the message calls it. */
bool check_instruction(struct probe_context *cx, const struct attach_point *ap,
                       enum probe_kind kind, const char *place, const uint8_t *code, size_t n_b,
                       uint64_t off_b);

/* bpf_programs.c: what fentry and fexit do about functions of loaded BPF programs. */
void bpf_functions_find(struct probe_context *cx, enum probe_kind kind, const char *id,
                        const char *name, bool no_tracers, probe_targets *out);
bool bpf_functions_expand(struct probe_context *cx, const struct attach_point *ap,
                          enum probe_kind kind, probe_targets *out);
const struct type *bpf_function_args(struct probe_context *cx, const struct probe_target *t);
void bpf_functions_list(struct listing *l);

/* A prototype's parameters as a struct, 8 bytes a slot, as tracing programs find them in their
 * context; with_retval: the result as the last field, unless it is void. */
const struct type *params_struct(struct probe_context *cx, const struct type *proto,
                                 bool with_retval);
/* Whole unsigned number in C notation (0x, 0); false if it is anything else. */
bool parse_number(const char *s, uint64_t *ret);

#endif
