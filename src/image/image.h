/* The image: what a compiled program *is*, the hand-over from a compiler to an engine. Programs,
 * maps, the meaning of each event record, the script's variables. No syntax tree and no file
 * descriptor. Everything lives in the image's arena. */
#ifndef SKEP_IMAGE_IMAGE_H
#define SKEP_IMAGE_IMAGE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/vec.h"
#include "image/host.h"
#include "ir/ir.h"
#include "types/type.h"

/* ---- programs ------------------------------------------------------------------------------ */

enum attach_kind {
	ATTACH_BEGIN,  /* run once before the main loop (BPF_PROG_TEST_RUN of a RAW_TRACEPOINT
	                  program) */
	ATTACH_END,    /* run once after it */
	ATTACH_SELF,   /* run when the session is asked to (SIGUSR1) */
	ATTACH_TEST,   /* run once by --test; what it returns is 0 if it passed; func = its name */
	ATTACH_BENCH,  /* run often by --bench; func = its name */
	ATTACH_KPROBE, /* func (+ off_b), or address */
	ATTACH_KRETPROBE,
	ATTACH_TRACING,            /* fentry, fexit: the program's attach_btf_id says where */
	ATTACH_BTF_RAW_TRACEPOINT, /* tp_btf: likewise */
	ATTACH_RAW_TRACEPOINT,     /* by name: func */
	ATTACH_TRACEPOINT,         /* perf event: category, func (tracepoint_id if >= 0) */
	ATTACH_UPROBE,             /* path, address = file offset, ref_ctr_off_b */
	ATTACH_URETPROBE,
	ATTACH_ITER,       /* func = kind of iterator; path = where to pin it, or NULL */
	ATTACH_PROFILE,    /* cpu-clock perf event on every CPU; period */
	ATTACH_INTERVAL,   /* the same on one CPU */
	ATTACH_PERF,       /* perf_type, perf_config, period = count */
	ATTACH_WATCHPOINT, /* address, period = bytes, perf_config = HW_BREAKPOINT_* bits: 1 read,
	                      2 write, 4 execute */
};
enum { ATTACH_WATCH_X = 4 };

struct image_attach {
	enum attach_kind kind;
	const char *name; /* the probe's full name, for messages */
	const char *category, *func, *path;
	uint64_t off_b, address;
	uint64_t ref_ctr_off_b; /* UPROBE: file offset of a 16-bit count of tracers, 0: none */
	uint32_t perf_type;
	uint64_t perf_config;
	uint64_t period; /* ns, Hz (is_frequency) or count */
	bool is_frequency;
	int32_t tracepoint_id;
	/* What bpf_get_attach_cookie() returns: index of the probe's name in image.probe_names.
	 * Only needed if the program's uses_cookie. */
	uint64_t cookie;
	uint32_t n_probes; /* how many of the user's probes this one attachment serves (a syscall
	                      dispatcher on one raw tracepoint serves hundreds); at least 1 */
};

/* Is it run when asked for, rather than attached? */
static inline bool attach_is_run(enum attach_kind kind)
{
	return kind <= ATTACH_BENCH;
}

/* A function of a program. */
struct image_func {
	const char *name;
	uint8_t n_params;
	bool is_global; /* the kernel verifies it once, by itself: it takes numbers only */
};

struct image_program {
	const char *name; /* at most 15 characters are shown by the kernel */
	uint32_t type;    /* enum bpf_prog_type */
	uint32_t expected_attach_type;
	uint32_t attach_btf_id;     /* TRACING: function or raw tracepoint typedef */
	uint32_t attach_btf_obj_id; /* 0: vmlinux */
	uint32_t attach_prog_id;    /* TRACING a loaded program, whose BTF the id is of; 0: no */
	struct ir_code code;
	const struct image_func *funcs; /* one per code.func_starts */
	vec(struct image_attach) attaches;
	bool uses_cookie;
	struct span at; /* the probe in the script */
};

/* The way out for an instruction that has a note (code.notes). */
extern const char image_missing_hint[];

/* ---- maps ---------------------------------------------------------------------------------- */

enum map_role {
	MAP_KEYED,       /* one @map[...] of the script */
	MAP_GLOBALS,     /* ARRAY, one entry: all scalar, non-aggregated @maps, by direct address */
	MAP_CPU_GLOBALS, /* PERCPU_ARRAY, one entry: all scalar aggregated @maps */
	MAP_RODATA,      /* ARRAY, one entry, frozen: string literals, tables */
	MAP_SCRATCH,     /* PERCPU_ARRAY, one entry per program: strings, big keys */
	MAP_RING,        /* RINGBUF; max_entries 0: the session decides the size */
	MAP_PERF,        /* PERF_EVENT_ARRAY: where there is no ring buffer */
	MAP_PACKETS,     /* PERF_EVENT_ARRAY: records of EVENT_PACKET */
	MAP_LOST, /* PERCPU_ARRAY of u64, one entry per program: events that could not be delivered
	           */
	MAP_OBJECT, /* of an imported object: a section of data, or a map that it defines */
	MAP_STACKS, /* HASH, u64 id -> struct image_stack; one map per size of value */
	/* dw_ustack: what the engine knows of processes and their files, see below */
	MAP_UNWIND_PLACES, /* LPM_TRIE, struct image_unwind_key -> struct image_unwind_place */
	MAP_UNWIND_NODES,  /* HASH, u32 number -> one node of a file's tree */
	MAP_UNWIND_RULES,  /* ARRAY, u64 rules of unwind/unwind.h; the first is "nobody knows" */
	MAP_UNWIND_WANTED, /* HASH, u32 pid -> u32: met at an address that has no place */
	MAP_PINNED, /* not made but opened, at `path`: HASH or LRU_HASH with keys of 8 bytes */
	MAP_CGROUP, /* CGROUP_ARRAY, one entry: the cgroup at `path` */
};

struct image_map {
	enum map_role role;
	const char *name; /* kernel object name: at most 15 of [A-Za-z0-9_.] */
	uint32_t type;    /* enum bpf_map_type */
	uint32_t key_size_b, value_size_b, max_entries, flags;
	const void *init; /* MAP_RODATA, MAP_GLOBALS, MAP_OBJECT: initial value of value_size_b
	                     bytes, or NULL */
	const char *path; /* MAP_PINNED, MAP_CGROUP, else NULL */
	bool is_frozen;   /* nobody writes after that: loads are constants to the verifier */
	bool is_unused;   /* nothing refers to it: engines create no map */
};

/* A stack's frames, kept once however often it is seen. The id is a hash that the program makes of
 * the addresses, so equal stacks have equal ids and a key holds 8 bytes instead of a thousand. */
struct image_stack {
	uint64_t n_frames;
	unsigned char frames[]; /* depth * image_frame_size() bytes */
};
uint32_t image_frame_size(enum stack_mode mode); /* 8, or struct bpf_stack_build_id's 32 */
uint32_t image_stack_size(const struct type *t); /* of the whole struct image_stack */

/* Unwinding in the kernel. A place is a range of a process's addresses with the tree of rules of
 * the file that is mapped there; a range is as many keys as there are powers of two in it. A node of
 * a tree is an array of struct unwind_row, sorted, whose last rows may be unused (pc UINT32_MAX); a
 * row's `rule` is the number of the node below and, in the lowest level, of the rule. */
enum { IMAGE_UNWIND_NODE_ROWS = 256, IMAGE_UNWIND_MOST_LEVELS = 3 };
struct image_unwind_key {
	uint32_t prefix_bits; /* 32 of the pid, and of the address what is the same */
	uint32_t pid;         /* in skep's own namespace */
	uint64_t address_be;
};
struct image_unwind_place {
	uint64_t start, end;
	uint64_t origin; /* rows count from here */
	uint32_t root;   /* number of the node */
	uint32_t levels; /* 0: there are no rules */
};

/* A script's @map as its user sees it. */
struct image_var {
	const char *name;       /* "@x", "@" */
	const struct type *key; /* NULL: scalar. `@x[a,b]` is one tuple key */
	const struct type *value;
	uint32_t map;    /* index of its kernel map */
	uint32_t off_b;  /* scalars: where in that map's value */
	bool is_per_cpu; /* the kernel map keeps a value per CPU: reduce on reading */
};

/* How aggregations lie in memory, per CPU; all little-endian u64, zero = nothing seen yet:
 *   count: n          sum: total          min, max: value, is_set
 *   avg, stats: total, count              hist: buckets[type_hist_buckets]   lhist: likewise
 * (bucket numbering: spec/tracing-language.md, 7.4)
 *   tseries: a ring of tseries_n intervals, number k of the boot clock in place k % tseries_n:
 *            k + 1 (0: none yet), value or total, and for TYPE_AVG the count, for TYPE_NONE the
 *            boot-time ns of the value */
uint32_t image_hist_buckets(const struct type *t);  /* HIST, LHIST */
uint32_t image_interval_size(const struct type *t); /* TSERIES: of one of the ring */
uint32_t image_value_size(const struct type *t);    /* any value type, as laid out in a map */

/* ---- tasks of the user engine ---------------------------------------------------------------- */

/* Our own machine has no struct task_struct. Where a program asks about a thread, it reads this as
 * kernel memory at IMAGE_TASKS + tid * sizeof(struct image_task): an address that no process has.
 * Zeros if there is no such thread. */
struct image_task {
	char comm[16], parent_comm[16], leader_comm[16];
	uint32_t parent_tgid;
	uint32_t unused[3];
};
#define IMAGE_TASKS (1ull << 62)
#define IMAGE_TASKS_END (IMAGE_TASKS + (1ull << 22) * sizeof(struct image_task)) /* PID_MAX_LIMIT */

/* ---- events -------------------------------------------------------------------------------- */

/* Every record in the ring begins with this; the rest is fields at fixed offsets, as the event
 * with that number says. */
struct image_record {
	uint32_t event; /* index into image.events */
	uint32_t arg;   /* free for the event: see each kind */
};

struct image_packet {
	struct image_record head;
	uint64_t boot_ns;
	uint32_t len_b, captured_b; /* of the whole packet; of the bytes that follow */
	uint64_t skip_b;            /* of these, at their beginning: not wanted */
};

enum event_kind {
	EVENT_PRINTF, /* format, fields */
	EVENT_ERRORF,
	EVENT_WARNF,
	EVENT_PRINT,         /* one field: print(value) */
	EVENT_PRINT_MAP,     /* var, top, div */
	EVENT_PRINT_ELEMENT, /* var; one field, the key: the value is read when printed, over all
	                        CPUs */
	EVENT_CLEAR,         /* var */
	EVENT_ZERO,          /* var */
	EVENT_TIME,          /* format */
	EVENT_JOIN,          /* fields: the strings (arg = how many are used); format = separator */
	EVENT_CAT,           /* format, fields: the path */
	EVENT_SYSTEM,        /* format, fields: the command */
	EVENT_PACKET,        /* struct image_packet, then its bytes; format = path of the file */
	EVENT_PROCESS,       /* arg = pid whose addresses will be asked for: to be looked at now */
	EVENT_ROW,           /* table, fields: in the order of the table's */
	EVENT_EXIT,          /* arg = exit code; ends the session */
	EVENT_RUNTIME_WARNING, /* text `format`, at the span; arg = -retcode, helper = name or NULL
	                        */
	EVENT_N
};

struct image_field {
	const struct type *type;
	uint32_t off_b; /* from the record's start */
	/* A string behind the fixed part, as long as it is: the u32 at off_b says where it begins.
	 * It ends with a NUL inside the record. */
	bool is_packed;
};
/* Where a field's bytes are in a record. */
static inline const void *image_field_at(const struct image_field *f, const void *record)
{
	const char *at = (const char *)record + f->off_b;

	return f->is_packed ? (const char *)record + *(const uint32_t *)(const void *)at : at;
}

/* A field of a row: one field of the record, or text made of some. */
struct image_cell {
	const char *format; /* NULL: as it is */
	uint32_t n_fields;  /* of the record, behind those of the cell before */
};

struct image_event {
	enum event_kind kind;
	const char *format;
	const struct image_field *fields;
	uint32_t n_fields;
	uint32_t size_b; /* of the whole record, or of its fixed part */
	uint32_t var;    /* image.vars */
	uint32_t table;  /* image.host->tables */
	const struct image_cell *cells; /* ROW: in the order of the table's fields */
	uint32_t n_cells;
	uint32_t top, div;
	const char *helper;
	struct span at;
	/* ERRORF, WARNF in a macro: where it was called, from the inside out */
	const struct span *callers;
	uint32_t n_callers;
};

/* ---- options --------------------------------------------------------------------------------- */

/* A getopt() that is answered when the programs start: its value lies in MAP_RODATA. */
struct image_option {
	const char *name, *description; /* the latter may be NULL */
	enum type_kind kind;            /* TYPE_BOOL, TYPE_INT, TYPE_STRING */
	bool is_signed;
	uint32_t off_b, size_b;
};

/* ---- the whole ----------------------------------------------------------------------------- */

struct image {
	struct arena *a;
	vec(struct image_program) programs;
	vec(struct image_map) maps;
	vec(struct image_var) vars;
	vec(struct image_event) events;
	vec(const char *) probe_names; /* the user's probes, by cookie */
	vec(const char *) strings; /* strftime formats and the like, by number (1-based; 0: none) */
	struct image_host *host; /* what runs in user space, or NULL */
	vec(struct image_option) options; /* only if it was compiled to be kept */
	const char *license;
	uint32_t n_probes;       /* for "Attached N probes" */
	bool has_only_begin_end; /* nothing else can fire: the session ends by itself */
	/* The one program runs for each object of a kernel iterator while it is read; its records
	 * come that way and not through the ring. `pin` not NULL: it writes text, others read it
	 * there. */
	bool is_iterator;
	const char *pin;
	/* MAP_GLOBALS offsets the engine fills before programs run; UINT32_MAX: not used */
	uint32_t start_ns_off_b; /* u64: bpf_ktime_get_boot_ns at the start, for `elapsed` */
	/* Facts the text was compiled for, as the session needs them */
	uint64_t max_strlen;
	const char *str_trunc_trailer;
};

#endif
