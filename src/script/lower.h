/* Lowering, inside: tree to IR. Shared by the lower_*.c files only.
 *
 * A value is either in a register (integers, pointers, and what is one u64: ksym, username) or in
 * memory (strings, tuples, structs, stacks, ...). A memory value is an address plus how it may be
 * read: directly (stack, map value, ring record) or by a probe-read helper (a struct in kernel or
 * user memory that nobody has copied yet). */
#ifndef SKEP_SCRIPT_LOWER_H
#define SKEP_SCRIPT_LOWER_H

#include "base/strmap.h"
#include "image/image.h"
#include "ir/ir.h"
#include "script/ast.h"
#include "script/builtins.h"
#include "script/script.h"
#include "script/text_tables.h"

enum { SCRATCH_CHUNK_B = 32768 }; /* largest per-CPU value: PCPU_MIN_UNIT_SIZE */

struct value {
	const struct type *type;
	struct ir_inst *ir; /* the register, or the address */
	bool is_memory;
	uint8_t align_b; /* memory: known alignment */
};

/* How `args` and the raw arguments are had in the current program. */
enum args_source {
	ARGS_NONE,
	ARGS_RECORD,        /* perf tracepoint: the context is the record */
	ARGS_SLOTS,         /* fentry, fexit, tp_btf: u64 slots behind the context */
	ARGS_SYSCALL_ENTER, /* tp_btf/sys_enter: slot 0 = pt_regs, slot 1 = number */
	ARGS_SYSCALL_EXIT,  /* tp_btf/sys_exit: slot 0 = pt_regs, slot 1 = result */
};

/* One IR function being filled: the probe itself or a loop body that became a callback. */
struct lower_func {
	struct ir_func *f;
	struct ir_builder pro;    /* prologue: look-ups that the whole function uses */
	struct ir_block *pro_end; /* where the prologue goes when it can't: straight out */
	struct ir_block *body_start;
	struct ir_block *failed; /* returns 0 */
	struct lower_func *outer;
	struct ir_inst **scratch; /* base per scratch chunk, NULL: not looked up yet */
	uint32_t n_scratch;
	struct ir_inst **cpu_globals; /* base per CPU_GLOBALS map */
	struct ir_inst *ctx;          /* NULL in callbacks */
};

struct lower_loop {
	struct lower_loop *outer;
	struct ir_block *on_break, *on_continue;
	struct lower_func *func; /* a jump to a loop of another function can't happen */
};

/* Where a function's result goes on its way out. */
struct lower_return {
	struct lower_func *func;
	ir_var var;
	uint32_t slot; /* in scratch memory: from a loop's callback */
};

struct lower {
	struct unit *u;
	struct image *img;
	struct arena *a;
	const struct script_options *opts;
	/* maps of the image, by role */
	uint32_t globals, rodata, ring, lost;
	bool has_globals, has_rodata, has_ring, has_lost;
	enum {
		RAW_UNASKED,
		RAW_NO,
		RAW_YES
	} btf_raw_tracepoints;          /* can they be attached by BTF? */
	vec(uint32_t) cpu_globals;      /* image maps */
	vec(uint32_t) cpu_globals_used; /* bytes of each */
	uint32_t globals_used;
	struct strbuf rodata_bytes;
	struct strmap rodata_strings; /* literal -> 1 + offset */
	uint32_t zeros_off_b, zeros_size_b;
	uint32_t text_tables[TEXT_TABLES_N]; /* 1 + offset in rodata, 0: not there yet */
	uint32_t *var_of_map;                /* struct map.id -> image var */
	/* the program being made */
	struct ir_unit *unit;
	struct lower_func *fn;
	struct ir_builder b;
	struct probe *probe;
	const struct probe_target *target; /* the only one, or NULL if there are several */
	struct ir_inst *target_index;      /* runtime index into the probe's targets, or NULL */
	uint32_t probe_names_off_b, probe_name_stride; /* rodata table for it */
	uint32_t first_probe_name;
	enum args_source args;
	struct ir_inst **iter_objects; /* iter: the context's pointers, known not to be null */
	struct ir_block *body_exit;
	struct lower_loop *loop;
	uint32_t result;               /* of a test: where in scratch memory is what it returns */
	struct lower_return *returns;  /* in a function of the script, else NULL */
	struct ir_func **fn_funcs;     /* per struct fn.id: the program's copy, or NULL */
	struct ir_func **object_funcs; /* per object_fn.number: likewise */
	uint32_t *object_maps;         /* per number of a map of an object: 1 + image map, or 0 */
	uint32_t program;              /* index in the image */
	uint32_t scratch_used, scratch_high; /* bytes; a statement's temporaries are given back */
	vec(uint32_t) scratch_maps;          /* image maps of this program's chunks */
	struct slot_of_var *vars;            /* per struct variable.id */
	uint32_t n_callbacks;
	struct lower_records *records; /* lower_record.c */
	bool may_share_records;        /* of the whole unit */
};

struct slot_of_var {
	bool is_set_up, is_memory;
	struct lower_func *func; /* !is_memory: whose `ssa` is */
	ir_var ssa;
	uint32_t scratch; /* is_memory: offset */
};

/* ---- lower.c: programs, functions, blocks ---- */
void lower_program_begin(struct lower *l, const char *name);
/* Passes, emission; the program joins the image. */
bool lower_program_end(struct lower *l, struct image_program *p);
/* Names of a probe's targets go to the image (for cookies) and, when the script asks which one
 * fired, to a read-only table. */
void lower_probe_names(struct lower *l, const struct probe *pr);
/* One probe's predicate and body at the builder's place; control continues in a fresh block. */
void lower_body(struct lower *l, struct probe *pr);
bool lower_prefers_perf(const struct probe *pr);
bool lower_has_raw_tracepoints(struct lower *l);

/* At most 15 characters, for the kernel's lists. */
const char *lower_program_name(struct lower *l, const struct probe_target *t);

/* ---- lower_session.c ---- */
/* The probe that `pr` can share one program with, or NULL. */
struct probe *lower_session_partner(struct lower *l, const struct probe *pr);
bool lower_session(struct lower *l, struct probe *a, struct probe *b);

/* ---- lower_syscall.c ---- */
/* Is the probe one of those that the program on sys_enter (sys_exit) serves? */
bool lower_is_dispatched(struct lower *l, const struct probe *pr, bool is_enter);
bool lower_syscalls(struct lower *l, bool is_enter);

/* ---- lower_storage.c ---- */
uint32_t lower_add_map(struct lower *l, enum map_role role, const char *name, uint32_t type,
                       uint32_t key_b, uint32_t value_b, uint32_t entries);
void lower_make_vars(struct lower *l);   /* the image's maps and variables */
void lower_finish_maps(struct lower *l); /* their final sizes */

/* ---- lower.c and lower_storage.c: services ---- */
struct ir_inst *lower_ctx(struct lower *l);
/* Memory for `size_b` bytes, aligned to 8: stack for small ones, per-CPU scratch for others.
 * Lasts until the statement ends (lower_temp_mark / release). */
struct ir_inst *lower_temp(struct lower *l, uint32_t size_b, const char *name);
struct ir_inst *lower_scratch_at(struct lower *l, uint32_t off_b);
uint32_t lower_scratch_alloc(struct lower *l, uint32_t size_b);
struct ir_inst *lower_cpu_globals(struct lower *l, uint32_t image_map);
uint32_t lower_stacks_map(struct lower *l, uint32_t value_size_b);
uint32_t lower_rodata(struct lower *l, const void *bytes, size_t len_b, uint32_t align_b);
struct ir_inst *lower_rodata_addr(struct lower *l, uint32_t off_b);
struct value lower_option(struct lower *l, struct node *call);
struct ir_inst *lower_zeros(struct lower *l, uint32_t size_b);
struct ir_block *lower_block(struct lower *l);
/* Continue in `to`: seal it and put the builder there. */
void lower_enter(struct lower *l, struct ir_block *to);
struct lower_func *lower_func_begin(struct lower *l, struct ir_func *f);
void lower_func_end(struct lower *l);

/* ---- lower_cast.c ---- */
struct value lower_cast(struct lower *l, struct node *n);

/* ---- lower_expr.c ---- */
bool type_is_register(const struct type *t);
struct value lower_expr(struct lower *l, struct node *n);
/* A register value, 64 bits, extended by its own signedness. */
struct ir_inst *lower_int(struct lower *l, struct node *n);
/* Write the value of n to `dst` (directly accessible, align_b known). With `pad`, all
 * n->type->size_b bytes are defined (keys, map values); without, only up to a string's NUL. */
void lower_into(struct lower *l, struct node *n, struct ir_inst *dst, uint8_t align_b, bool pad);
/* The same for a value at hand that becomes `type` (strings grow). */
void lower_store(struct lower *l, struct value v, const struct type *type, struct ir_inst *dst,
                 uint8_t align_b, bool pad);
/* Make a memory value readable directly (copies what is in kernel or user memory). */
struct value lower_direct(struct lower *l, struct value v);
void lower_cond(struct lower *l, struct node *n, struct ir_block *then, struct ir_block *otherwise);
enum ir_ptr lower_ptr_kind(struct lower *l, const struct type *ptr, struct ir_inst *v);
/* The value of `type` at address + off_b: a load for registers, a reference for memory. */
struct value lower_at(struct lower *l, const struct type *type, struct ir_inst *address,
                      int64_t off_b, uint8_t align_b);

/* With -k: a warning if a read helper's (BPF_FUNC_*) result is an error. */
void lower_check_read(struct lower *l, struct ir_inst *ret, uint32_t helper);
/* ir_read(), checked like that. */
void lower_read(struct lower *l, struct ir_inst *dst, struct ir_inst *src, uint32_t size_b);

/* The operation of OP_ADD .. OP_SHR; a divisor that is 1, with a warning, where v is 0. */
extern const enum ir_op lower_arithmetic[OP_N];
struct ir_inst *lower_safe_divisor(struct lower *l, struct ir_inst *v, struct span at);

/* ---- lower_string.c ---- */
struct ir_inst *lower_string_equal(struct lower *l, struct node *x, struct node *y, uint64_t limit);
/* Where the needle begins, or -1. */
struct ir_inst *lower_strstr(struct lower *l, struct node *hay, struct node *needle);
struct ir_inst *lower_strcontains(struct lower *l, struct node *hay, struct node *needle);
struct ir_inst *lower_strlen(struct lower *l, struct node *s);
/* Read a C string at p into dst (size_b bytes). */
/* Returns the helper's result: bytes read, or -errno. */
struct ir_inst *lower_read_str(struct lower *l, struct ir_inst *dst, struct ir_inst *size,
                               uint32_t max_b, struct ir_inst *p, enum ir_ptr kind, uint8_t align_b,
                               bool pad);

/* str() at `dst` in scratch memory; the bytes it took, NUL included: at least 1. */
struct ir_inst *lower_str_packed(struct lower *l, struct node *call, struct ir_inst *dst);

/* ---- lower_text.c ---- */
/* The text of the number that the call is given. */
struct value lower_text_of(struct lower *l, struct node *call, enum text_table_id table);
struct value lower_str_concat(struct lower *l, struct node *call);
struct ir_inst *lower_memcmp(struct lower *l, struct node *call);

/* ---- lower_task.c ---- */
struct ir_inst *lower_curtask(struct lower *l);
/* ppid, pcomm, leader_comm, leader_tid of this task, NULL: the current one. */
struct value lower_task_value(struct lower *l, struct node *n, struct node *task);
struct value lower_comm_of(struct lower *l, struct node *call); /* comm(pid) */

/* ---- lower_kernel.c ---- */
void lower_debugf(struct lower *l, struct node *call);
void lower_override(struct lower *l, struct node *call);
struct value lower_path(struct lower *l, struct node *call);
struct value lower_socket_cookie(struct lower *l, struct node *call);
struct value lower_in_cgroup(struct lower *l, struct node *call);
struct value lower_pinned_has(struct lower *l, struct node *call);
struct value lower_percpu_kaddr(struct lower *l, struct node *call);
struct value lower_write_user(struct lower *l, struct node *call);

/* ---- lower_kfunc.c ---- */
struct value lower_kernel_call(struct lower *l, struct node *call);

/* ---- lower_stmt.c, lower_loop.c ---- */
void lower_stmt(struct lower *l, struct node *n);
void lower_stmts(struct lower *l, struct node *block);
void lower_vars_begin(struct lower *l, struct probe *pr);
void lower_var_write(struct lower *l, struct variable *v, struct node *value);
struct value lower_var_read(struct lower *l, struct variable *v);
void lower_var_set(struct lower *l, struct variable *v, struct value value);
struct ir_inst *lower_var_address(struct lower *l, struct variable *v);
void lower_for_map(struct lower *l, struct node *n);
void lower_for_range(struct lower *l, struct node *n);
/* Make `body` a function that is called for i = 0 to n-1, or until it jumps to `stop`. It shares
 * scratch memory with its caller, nothing else. */
void lower_repeat(struct lower *l, uint32_t n,
                  void (*body)(struct lower *l, struct ir_inst *i, struct ir_block *stop,
                               void *arg),
                  void *arg);
struct ir_inst *lower_map_len(struct lower *l, struct map *m);
void lower_return(struct lower *l, struct node *n);

/* ---- lower_object.c ---- */
void lower_objects_begin(struct lower *l); /* a program */
void lower_objects_end(struct lower *l);   /* their maps: which are used */
struct value lower_object_call(struct lower *l, struct node *n);

/* ---- lower_fn.c ---- */
/* Make the functions that the probe calls, if the program has them not yet. */
void lower_fns(struct lower *l, const struct probe *pr);
struct value lower_fn_call(struct lower *l, struct node *n);
void lower_fn_return(struct lower *l, struct node *value);
/* A loop's callback has said `return`: the function itself takes the value over. */
void lower_fn_fetch(struct lower *l);

/* ---- lower_map.c ---- */
struct value lower_map_read(struct lower *l, struct node *n);
struct ir_inst *lower_map_address(struct lower *l, struct node *n);
void lower_map_write(struct lower *l, struct node *map, struct node *value);
void lower_map_write_value(struct lower *l, struct node *map, struct value v);
/* ++, --, op=: reads, computes with `change`, writes; returns the new or the old value. */
struct ir_inst *lower_map_update(struct lower *l, struct node *map,
                                 struct ir_inst *(*change)(struct lower *l, struct ir_inst *old,
                                                           void *arg),
                                 void *arg, bool want_old);
void lower_map_aggregate(struct lower *l, struct node *map, struct node *call);
struct ir_inst *lower_map_delete(struct lower *l, struct node *map, bool is_used);
struct ir_inst *lower_map_has_key(struct lower *l, struct node *map, struct node *key);
/* find(@m, key, $v) */
struct ir_inst *lower_map_find(struct lower *l, struct node *call);
/* An aggregation reduced over all CPUs to an integer. `key` NULL for scalars. */
struct ir_inst *lower_map_reduce(struct lower *l, struct map *m, struct ir_inst *key);
struct ir_inst *lower_map_key(struct lower *l, struct map *m, struct node *key);

/* ---- lower_packet.c ---- */
struct value lower_skboutput(struct lower *l, struct node *call);

/* ---- lower_tseries.c ---- */
/* The value n joins the interval of now in the ring at `address`. */
void lower_tseries(struct lower *l, const struct type *t, struct ir_inst *address,
                   struct ir_inst *n);

/* ---- lower_record.c ---- */
/* A record under construction. */
struct record {
	struct ir_inst *at;
	uint32_t size_b;
	bool wake;      /* the reader, at once */
	bool is_shared; /* sub-programs do what they can */
	struct ir_block *done;
};

enum { RECORD_FIELDS = 4 }; /* that a sub-program takes */

struct record_field {
	uint32_t off_b;
	uint8_t width;
	struct ir_inst *value;
};

/* Once, before any program: do calls of sub-programs fit the kernel's limits? */
void lower_records_plan(struct lower *l);
void lower_records_begin(struct lower *l); /* of a program */
bool lower_uses_ring(const struct lower *l);
/* What stands between the two is not reached if there is no room. */
struct record lower_record_begin(struct lower *l, uint32_t event, uint32_t size_b, bool wake);
void lower_record_end(struct lower *l, struct record *r);
/* A whole record: a head of 8 bytes (struct image_record) and registers. */
void lower_record_of_registers(struct lower *l, uint64_t head, uint32_t size_b,
                               const struct record_field *fields, uint32_t n, bool wake);
/* A record that was made in scratch memory, with its own size. */
void lower_record_copy(struct lower *l, struct ir_inst *at, struct ir_inst *size, bool wake);

/* ---- lower_event.c ---- */
void lower_format_event(struct lower *l, enum event_kind kind, struct node *call);
void lower_emit(struct lower *l, struct node *n);
void lower_print(struct lower *l, struct node *call);
void lower_simple_event(struct lower *l, struct image_event ev, struct ir_inst *arg, bool wake);
void lower_join(struct lower *l, struct node *call);
void lower_runtime_warning(struct lower *l, struct span at, const char *text, const char *helper,
                           struct ir_inst *retcode);

/* ---- lower_iter.c ---- */
/* To `out` behind the last object. */
void lower_iter_begin(struct lower *l, struct ir_block *out);
struct value lower_iter_field(struct lower *l, struct node *n); /* ctx.NAME */
/* A record of size_b bytes at `at`, to whoever reads the iterator. */
void lower_iter_write(struct lower *l, struct ir_inst *at, uint32_t size_b);
void lower_iter_printf(struct lower *l, struct node *call); /* pinned: as text */

/* ---- lower_stack.c ---- */
enum stack_source { STACK_KERNEL, STACK_USER, STACK_UNWOUND };
struct value lower_stack(struct lower *l, const struct type *t, enum stack_source source,
                         struct span at);
struct ir_inst *lower_stack_len(struct lower *l, struct value stack);

/* ---- lower_unwind.c ---- */
/* The user's frames by their files' tables, at `frames` in scratch memory. Returns their bytes, 0
 * if there are none. */
struct ir_inst *lower_unwind(struct lower *l, uint32_t frames, uint32_t depth, struct span at);

/* ---- lower_builtin.c, lower_call.c ---- */
struct value lower_builtin(struct lower *l, struct node *n);
struct ir_inst *lower_now(struct lower *l); /* boot-time ns */
struct value lower_call(struct lower *l, struct node *n);
/* size_b bytes of what n is (memory) or points to, into dst. */
void lower_bytes_into(struct lower *l, struct node *n, struct ir_inst *dst, uint32_t size_b);
struct value lower_args_field(struct lower *l, struct node *n);
struct ir_inst *lower_pid_tgid(struct lower *l, bool want_pid, bool is_init_ns);
int lower_reg_offset(const char *name);
/* lower_uprobe.c */
/* `args.NAME`; of a struct that is not wholly to be had, [off_b, off_b + size_b) at least. */
struct value lower_uprobe_arg(struct lower *l, struct node *n, uint32_t off_b, uint32_t size_b);
/* lower_usdt.c: argument i at the place being lowered; do the probe's places have it in different
 * ones, so that they cannot share code? */
struct ir_inst *lower_usdt_arg(struct lower *l, struct node *n, uint64_t i);
bool lower_usdt_differs(struct lower *l, const struct probe *pr);

/* Of a type that fits a register: is it extended by its sign, and how many bytes has it in memory?
 */
static inline bool type_is_signed(const struct type *t)
{
	return (t->kind == TYPE_INT || t->kind == TYPE_ENUM) && t->is_signed;
}
static inline uint8_t type_width(const struct type *t)
{
	return t->size_b == 1 || t->size_b == 2 || t->size_b == 4 ? (uint8_t)t->size_b : 8;
}
static inline struct value value_reg(const struct type *t, struct ir_inst *ir)
{
	return (struct value){.type = t, .ir = ir};
}
static inline struct value value_mem(const struct type *t, struct ir_inst *address, uint8_t align_b)
{
	return (struct value){.type = t, .ir = address, .is_memory = true, .align_b = align_b};
}

#endif
