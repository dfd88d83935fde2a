/* The verifier's inside: what it knows at one place on one path (struct state), the paths still to
 * walk, and the places already walked.
 *
 * The parts, in the order of reading: verify.c (the walk), functions.c and liveness.c (before it),
 * alu.c, pointer.c, branch.c (registers), memory.c, stack.c, packet.c (accesses), call.c, helper.c,
 * callback.c, kfunc.c (calls), refs.c, special.c (what must be given back, locks), prune.c and
 * precise.c (not walking twice), explain.c (saying why). */
#ifndef SKEP_VM_STATE_H
#define SKEP_VM_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "base/vec.h"
#include "bpf/insn.h"
#include "vm/verifier/context.h"
#include "vm/verifier/reg.h"
#include "vm/verifier/verifier.h"

enum {
	N_REGS = 11,
	MAX_FRAMES = 8,
	MAX_SLOTS = BPF_STACK_B / 8,
	MAX_INSNS = 1000000, /* processed; BPF_COMPLEXITY_LIMIT_INSNS */
	MAX_PENDING = 8192,  /* branches waiting; BPF_COMPLEXITY_LIMIT_JMP_SEQ */
	MAX_VAR_OFF = 1 << 29,
	MAX_PACKET_OFF = 0xffff,
	NO_FUNC = UINT32_MAX,
};

/* How far behind a packet pointer its end was compared to be; these two say "beyond the end". */
enum { PKT_AT_END = -1, PKT_BEYOND_END = -2 };

struct reg {
	enum reg_kind kind;
	uint32_t flags;   /* enum reg_flags */
	struct scalar s;  /* the value, or the variable part of a pointer's offset */
	int32_t off;      /* the fixed part */
	int32_t range;    /* PACKET: bytes from here that are surely there */
	uint32_t id;      /* equal ids were equal: null together, in range together */
	int32_t add;      /* linked scalars: this one is the id's value + add (is_added) */
	uint32_t ref_id;  /* the reference this one must give back, 0: none */
	uint32_t map_uid; /* MAP from inside a map: which look-up it came from */
	uint32_t frame;   /* STACK */
	uint32_t btf_id;
	uint32_t mem_b;     /* MEM, BUF */
	uint32_t func;      /* FUNC: its number */
	uint32_t dynptr_id; /* MEM: slice of it */
	const struct vm_map_def *map;
	struct btf_file *btf;
	bool is_precise;
	bool is_added, is_added32; /* see add; the low half only */
};

enum slot_type {
	SLOT_INVALID, /* never written on this path */
	SLOT_SPILL,   /* part of a spilled register */
	SLOT_MISC,    /* some bytes */
	SLOT_ZERO,
	SLOT_DYNPTR,
	SLOT_ITER,
	SLOT_IRQ,
};

enum { LIVE_READ = 1, LIVE_WRITTEN = 2, LIVE_DONE = 4 };

enum dynptr_type {
	DYNPTR_NONE,
	DYNPTR_LOCAL,
	DYNPTR_RINGBUF,
	DYNPTR_SKB,
	DYNPTR_XDP,
	DYNPTR_SKB_META,
	DYNPTR_FILE
};
enum iter_state { ITER_INVALID, ITER_ACTIVE, ITER_DRAINED };

struct slot {
	struct reg reg;  /* of a spill; dynptrs and iterators keep their ids in it */
	uint8_t type[8]; /* enum slot_type of each byte, lowest address first */
	uint8_t live;
	/* dynptrs (two slots) and iterators (one or more) */
	uint8_t dynptr; /* enum dynptr_type */
	bool is_first, is_rdonly;
	uint8_t iter; /* enum iter_state */
	uint32_t iter_depth;
};

struct frame {
	uint32_t func;
	uint32_t call_pc; /* the call in the caller; frame 0: 0 */
	uint32_t call_id; /* unique for each call on a path */
	bool is_callback, is_async, is_exception;
	uint32_t callback_depth; /* how often its callback was begun from this frame's call */
	uint32_t call_helper;    /* callbacks: the helper that calls */
	int64_t return_min, return_max; /* callbacks */
	uint32_t n_refs;                /* callbacks: held when it began */
	struct reg regs[N_REGS];
	struct slot *slots; /* slots[0] is fp-8 */
	uint32_t n_slots;
};

/* Something that must be given back before the program ends. */
struct reference {
	enum ref_kind { REF_OBJECT, REF_LOCK, REF_RES_LOCK, REF_RES_LOCK_IRQ, REF_IRQ } kind;
	uint32_t id, pc;
	const void *owner; /* LOCK: the map or BTF that holds it */
	uint32_t owner_id;
};

/* One step back in history, for precision: what the instruction at pc read or wrote on the stack.
 */
struct history {
	uint32_t pc, prev_pc;
	bool is_stack;
	uint8_t frame, slot;
	uint8_t n_linked;
	struct linked {
		uint8_t frame, number; /* of the register or slot */
		bool is_reg;
	} linked[6];
};

struct state {
	struct frame *frames[MAX_FRAMES];
	uint32_t frame;       /* the running one */
	struct state *parent; /* the state explored before this one on the path */
	uint32_t branches;    /* walks below it that have not ended */
	uint32_t pc, first_pc, last_pc;
	uint32_t async_entry;
	uint32_t callback_depth, may_goto_depth;
	vec(struct reference) refs;
	uint32_t locks, rcu, preempt, irq_id; /* held */
	bool is_speculative, is_sleepable;
	bool is_evicted;
	vec(struct history) history;
	/* explored states only: the list they are in; evicted ones have a list of their own */
	struct state *next, *prev;
	uint32_t hits, misses;
};

struct insn_info {
	bool is_reached;
	bool is_prune_point, is_jump_point, is_checkpoint, calls_callback, is_in_open_loop;
	uint16_t live_in; /* registers that may be read from here on */
	struct vm_fact fact;
	bool has_fact; /* map, key and callback are those of some path already */
	bool has_key_fact;
	uint8_t ctx_access;   /* 0 none yet; 1 plain; 2 rewritten: must agree on every path */
	enum reg_kind access; /* kind of pointer used for memory here, NOT_INIT: none yet */
};

struct function {
	uint32_t start, end; /* slots */
	uint32_t stack_b;
	const char *name;
	uint32_t btf_id; /* FUNC of p->btf */
	bool is_global, is_main, is_callback, is_async_callback, is_verified, is_called;
	bool has_tail_call, changes_packet, might_sleep, has_checkpoint;
};

struct fields;

struct pending {
	struct pending *next;
	struct state *state;
	uint32_t pc, prev_pc;
	uint32_t log_n;
};

struct btf_record;

struct type_entry {
	struct btf_file *btf;
	uint32_t id;
	const struct fields *fields;
};

struct verifier {
	struct arena *a;
	const struct vm_program *p;
	const struct vm_verify_options *opts;
	const struct bpf_insn *insns;
	uint32_t n;
	struct insn_info *info;
	vec(struct function) funcs;
	struct state *cur;
	struct pending *pending;
	uint32_t n_pending;
	struct state **explored; /* one list per slot */
	struct state *spare;     /* freed ones, for reuse */
	struct state *evicted;   /* unlisted, but still the past of a path */
	struct frame *spare_frames;
	uint32_t pc, prev_pc;
	uint32_t ids, call_ids;
	uint32_t processed, jumps, processed_at_state, jumps_at_state;
	uint32_t states, peak_states;
	uint32_t global; /* the global function that is verified by itself, or NO_FUNC */
	bool is_strict;  /* alignment */
	bool has_refused;
	bool has_entry;               /* the instruction at pc has its entry in the history */
	vec(struct type_entry) types; /* fields of types, as they are asked for */
	struct vm_verdict *verdict;
	struct strbuf log;
	size_t path_n; /* where the log of this path began */
	/* results that depend on all paths */
	bool has_tail_call;
};

/* What would make it pass: rows of ways.def. */
enum way {
#define WAY(name, text) WAY_##name,
#include "vm/verifier/ways.def"
#undef WAY
};

/* ---- explain.c ------------------------------------------------------------------------------ */

/* Records why the program is refused and returns -1, so that callers write `return refuse(...)`.
 * The first one counts. */
int refuse(struct verifier *v, enum way way, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* ": it points 0 to 63 bytes from the start ..." where an offset varies, or "". */
const char *describe_range(struct verifier *v, const struct reg *r, int32_t off, uint32_t size_b);
const char *reg_kind_name(const struct reg *r); /* "map_value_or_null" */
void reg_print(const struct reg *r, struct strbuf *out);
void log_insn(struct verifier *v);
void log_state(struct verifier *v, const struct state *st, bool is_all);
/* "x.c:7: text" of the line that pc belongs to, NULL if it is not known. */
const char *vm_describe_line(struct arena *a, const struct vm_program *p, uint32_t pc);
void log_text(struct verifier *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- state.c -------------------------------------------------------------------------------- */

struct state *state_create(struct verifier *v);
struct state *state_copy(struct verifier *v, const struct state *st); /* without history */
void state_free(struct verifier *v, struct state *st);
struct frame *frame_create(struct verifier *v, uint32_t func, uint32_t call_pc);
void frame_free(struct verifier *v, struct frame *f);
void frame_grow(struct frame *f, uint32_t n_slots);
/* Keep this path for later, to go on at pc. NULL: too many (refused). */
struct state *push_path(struct verifier *v, uint32_t pc, uint32_t prev_pc);
void push_history(struct verifier *v, struct history h);

static inline struct frame *cur_frame(struct verifier *v)
{
	return v->cur->frames[v->cur->frame];
}
static inline struct reg *cur_regs(struct verifier *v)
{
	return cur_frame(v)->regs;
}
static inline bool reg_is_pointer(const struct reg *r)
{
	return r->kind != REG_NOT_INIT && r->kind != REG_SCALAR;
}
static inline bool reg_may_be_null(const struct reg *r)
{
	return r->flags & REG_MAYBE_NULL;
}
static inline bool reg_is_const(const struct reg *r)
{
	return r->kind == REG_SCALAR && scalar_is_const(&r->s);
}
static inline bool reg_is_packet(const struct reg *r)
{
	return r->kind == REG_PACKET || r->kind == REG_PACKET_META;
}
/* A constant zero passes where null may. */
static inline bool reg_is_null(const struct reg *r)
{
	return reg_is_const(r) && !r->s.bits.value;
}
void reg_unknown(struct reg *r); /* any number */
void reg_set(struct reg *r, uint64_t value);
void reg_forget(struct reg *r);                                      /* NOT_INIT */
void reg_pointer(struct reg *r, enum reg_kind kind, uint32_t flags); /* offset 0 */
/* Every register and spill of all frames. Do not add frames or slots meanwhile. */
#define each_reg(st, r, body)                                                                      \
	do {                                                                                       \
		for (uint32_t f_ = 0; f_ <= (st)->frame; f_++) {                                   \
			struct frame *fr_ = (st)->frames[f_];                                      \
			for (uint32_t i_ = 0; i_ < N_REGS; i_++) {                                 \
				struct reg *r = &fr_->regs[i_];                                    \
				body                                                               \
			}                                                                          \
			for (uint32_t i_ = 0; i_ < fr_->n_slots; i_++) {                           \
				struct reg *r = &fr_->slots[i_].reg;                               \
				if (fr_->slots[i_].type[0] == SLOT_SPILL) {                        \
					body                                                       \
				}                                                                  \
			}                                                                          \
		}                                                                                  \
	} while (0)

/* ---- functions.c, liveness.c ---------------------------------------------------------------- */

int find_functions(struct verifier *v);
int check_flow(struct verifier *v); /* unreachable code, prune points, open loops */
int check_stack_depth(struct verifier *v);
void find_live_registers(struct verifier *v);
uint32_t function_at(const struct verifier *v, uint32_t start); /* NO_FUNC: none starts there */
uint32_t function_of(const struct verifier *v, uint32_t pc);
/* Registers that the instruction reads and writes, as bit sets. */
void insn_uses(const struct verifier *v, uint32_t pc, uint16_t *ret_reads, uint16_t *ret_writes);
bool insn_is_call(const struct bpf_insn *i);
bool insn_is_helper(const struct bpf_insn *i); /* of a helper */
bool insn_is_function_call(const struct bpf_insn *i);
bool insn_is_kfunc(const struct bpf_insn *i);
bool insn_is_may_goto(const struct bpf_insn *i);
/* Target of a jump, or UINT32_MAX. */
uint32_t insn_target(const struct bpf_insn *i, uint32_t pc);

/* ---- registers ------------------------------------------------------------------------------ */

/* Register `n` is read (written). */
int use_reg(struct verifier *v, uint32_t n);
int define_reg(struct verifier *v, uint32_t n);
int check_alu(struct verifier *v, const struct bpf_insn *i);
int adjust_pointer(struct verifier *v, const struct bpf_insn *i, const struct reg *ptr,
                   const struct reg *off);
int check_branch(struct verifier *v, const struct bpf_insn *i, uint32_t *ret_next);
/* A pointer that may be null turns out (not) to be. */
void settle_null(struct verifier *v, struct state *st, uint32_t id, bool is_null);

/* ---- memory --------------------------------------------------------------------------------- */

/* An access of size_b bytes at reg + off. `value` >= 0: the register stored from or loaded to; -1:
 * an immediate is stored, or nothing (helpers). */
int check_access(struct verifier *v, uint32_t reg, int32_t off, uint32_t size_b, bool is_write,
                 int value, bool is_signed, bool is_atomic);
int check_load_store(struct verifier *v, const struct bpf_insn *i);
int check_packet_load(struct verifier *v, const struct bpf_insn *i); /* LD_ABS, LD_IND */
/* Memory a helper reads or writes: size_b from the pointer in `reg`. */
int check_helper_memory(struct verifier *v, uint32_t reg, uint32_t size_b, bool is_write,
                        bool may_be_uninit, bool may_be_packet, const char *what);
int check_region(struct verifier *v, const struct reg *r, uint32_t regno, int64_t off,
                 uint32_t size_b, uint32_t mem_b, bool zero_ok);
int check_bounds(struct verifier *v, const struct reg *r, uint32_t regno, int32_t off,
                 uint32_t size_b, uint32_t mem_b, bool zero_ok, const char *what);
int check_alignment(struct verifier *v, const struct reg *r, int32_t off, uint32_t size_b);
int check_pointer_const_off(struct verifier *v, const struct reg *r, uint32_t regno, bool fixed_ok);

int stack_read(struct verifier *v, const struct reg *ptr, uint32_t regno, int32_t off,
               uint32_t size_b, int value);
int stack_write(struct verifier *v, const struct reg *ptr, uint32_t regno, int32_t off,
                uint32_t size_b, int value, const struct bpf_insn *i);
int stack_range(struct verifier *v, uint32_t regno, int32_t off, uint32_t size_b, bool is_write,
                bool may_be_uninit, bool zero_ok);
void stack_mark_read(struct verifier *v, uint32_t frame, uint32_t slot);
void stack_scrub(struct slot *s, uint32_t byte); /* a spill that is partly overwritten */
bool slot_is_spill(const struct slot *s);
bool slot_is_scalar_spill(const struct slot *s);

int packet_access(struct verifier *v, const struct reg *r, uint32_t regno, int32_t off,
                  uint32_t size_b, bool zero_ok);
void packet_forget(struct verifier *v);
void packet_learn(struct verifier *v, struct state *st, const struct reg *pkt, enum reg_kind kind,
                  bool is_open);

/* ---- calls ---------------------------------------------------------------------------------- */

int check_call(struct verifier *v, const struct bpf_insn *i, uint32_t *ret_next);
int check_helper_call(struct verifier *v, const struct bpf_insn *i);
/* Is `id` (at `off_b` of it) a struct called `name`, or does one lie there? */
bool object_is(struct btf_file *btf, uint32_t id, int32_t off_b, const char *name);
/* 1: the path ends with it. */
int check_kfunc_call(struct verifier *v, const struct bpf_insn *i);
int check_return(struct verifier *v, uint32_t regno);
int check_exit(struct verifier *v, uint32_t *ret_next, bool *ret_is_done);
int begin_callback(struct verifier *v, uint32_t helper, uint32_t func, const struct reg *args);
int global_function_args(struct verifier *v, uint32_t func, struct reg *regs, bool is_caller);
int clear_caller_saved(struct verifier *v);
bool map_needs_gpl(const struct vm_map_def *m);

/* What a call has collected about its arguments. */
struct call_args {
	uint32_t helper;
	const char *name;
	const struct vm_map_def *map;
	uint32_t map_arg;
	uint32_t map_uid;
	uint32_t ref_id;      /* of the argument with one */
	uint32_t release_arg; /* register, 0: none */
	uint64_t alloc_size;
	bool has_alloc_size;
	uint32_t func;
	struct reg *btf_arg; /* the first kernel object */
	const char *key;     /* constant key of an array */
	uint32_t dynptr_id, dynptr_ref;
	uint8_t dynptr_type;
	bool dynptr_is_rdonly;
	uint32_t dynptr_slot, dynptr_frame;
	struct reg dynptr_reg; /* where a new one is to be made */
	uint32_t dynptr_regno;
	uint32_t mem_b;
	struct reg kptr; /* what a kptr field points to */
};

/* ---- refs.c, special.c ---------------------------------------------------------------------- */

uint32_t ref_acquire(struct verifier *v);
void ref_remove(struct state *st, size_t k);
int ref_release(struct verifier *v, uint32_t id); /* everything derived from it is void */
bool ref_is_held(const struct state *st, uint32_t id);
int refs_check_exit(struct verifier *v, const char *what);
int process_spin_lock(struct verifier *v, uint32_t regno, enum ref_kind kind, bool is_lock);
int process_timer(struct verifier *v, uint32_t regno, struct call_args *c);
int process_kptr(struct verifier *v, uint32_t regno, struct call_args *c);
/* What bpf_kptr_xchg() is to put into the field that process_kptr() found. */
int check_kptr_given(struct verifier *v, uint32_t regno, const struct call_args *c);
bool in_rcu(const struct verifier *v);
bool in_sleepable(const struct verifier *v);
bool is_in_lock(const struct verifier *v);

/* Special fields of a map's value (or of an object the program allocates). */
enum field_kind {
	FIELD_SPIN_LOCK,
	FIELD_RES_SPIN_LOCK,
	FIELD_TIMER,
	FIELD_WORKQUEUE,
	FIELD_TASK_WORK,
	FIELD_KPTR_UNREF,
	FIELD_KPTR_REF,
	FIELD_KPTR_PERCPU,
	FIELD_UPTR,
	FIELD_LIST_HEAD,
	FIELD_LIST_NODE,
	FIELD_RB_ROOT,
	FIELD_RB_NODE,
	FIELD_REFCOUNT,
};
struct field {
	enum field_kind kind;
	uint32_t off_b, size_b;
	struct btf_file *btf; /* KPTR: of what it points to */
	uint32_t btf_id;
	uint32_t node_off_b; /* LIST_HEAD, RB_ROOT: of the node in the object */
};
struct fields {
	struct field *items;
	uint32_t n;
	const char *problem; /* why the type is refused, or NULL */
};
/* Fields of a type, found once; never NULL. */
/* The type behind typedefs, qualifiers and tags; its id in *id. */
bool strip_modifiers(struct btf_file *btf, uint32_t *id, struct btf_record *ret);
const struct fields *map_fields(struct verifier *v, const struct vm_map_def *m);
const struct fields *type_fields(struct verifier *v, struct btf_file *btf, uint32_t id);
const struct field *field_find(const struct fields *f, enum field_kind kind);
/* The argument points to the field of this kind in a map's value. */
int process_map_field(struct verifier *v, uint32_t regno, enum field_kind kind,
                      struct call_args *c);
int check_fields_access(struct verifier *v, const struct reg *r, uint32_t regno, int32_t off,
                        uint32_t size_b, bool is_write, int value, bool is_atomic, bool is_helper);
int check_maps(struct verifier *v);

/* ---- dynptr.c, iter.c ----------------------------------------------------------------------- */

int dynptr_destroy_slots(struct verifier *v, struct frame *f, uint32_t slot, uint32_t pc);
int process_dynptr_arg(struct verifier *v, uint32_t regno, uint32_t flags, struct call_args *c);
/* After the call: dynptrs that it made or gave back. */
struct bpf_helper;
int finish_dynptr(struct verifier *v, const struct bpf_helper *h, struct call_args *c);
int dynptr_create(struct verifier *v, uint32_t regno, enum dynptr_type type, uint32_t ref_id,
                  bool is_rdonly);
bool slot_is_special(const struct slot *s); /* dynptr, iterator, irq flags */

/* One kfunc call, as its parts see it. */
struct kfunc {
	const char *name;
	uint32_t flags; /* enum kfunc_flags */
	uint32_t btf_id;
	struct btf_file *btf;
	const struct btf_param *params;
	uint32_t n_params, result; /* type ids; result 0: void */
	struct call_args args;     /* what the arguments told */
	uint64_t constant;         /* of the `__k` argument */
	bool has_constant;
	uint64_t slice_b; /* of the `__szk` argument */
	bool has_slice;
	struct reg object;              /* the (last) object passed */
	const struct field *collection; /* list head or tree root passed */
	uint32_t given_id;              /* reference that a collection takes over, or 0 */
	uint32_t iter_frame, iter_slot; /* iterator passed */
	uint32_t n_iter_slots;
};

/* ---- iter.c, collection.c ------------------------------------------------------------------- */

int process_iter_arg(struct verifier *v, uint32_t regno, struct kfunc *k, uint32_t struct_id);
/* After the call of a `next`: one path goes on with an element, this one with the end. */
int iter_went_on(struct verifier *v, struct kfunc *k);
int process_collection_arg(struct verifier *v, uint32_t regno, struct kfunc *k, bool is_tree);
int process_node_arg(struct verifier *v, uint32_t regno, struct kfunc *k, bool is_tree);
void lend_given(struct verifier *v, uint32_t id);
int process_irq_arg(struct verifier *v, uint32_t regno, struct kfunc *k);

/* ---- prune.c, precise.c --------------------------------------------------------------------- */

/* Was a state at least as general as this one found safe here? 1: yes, this path is done; 0: go on.
 */
int visit(struct verifier *v);
void branch_ended(struct verifier *v, struct state *st);
/* The bounds of this register decided something: from here back, it matters. */
void mark_precise(struct verifier *v, uint32_t regno);
void mark_slot_precise(struct verifier *v, uint32_t frame, uint32_t slot);
/* Is it null, and taken as such? Then it has to be, wherever this path stands for others. */
static inline bool takes_null(struct verifier *v, uint32_t regno)
{
	if (!reg_is_null(&cur_regs(v)[regno]))
		return false;
	mark_precise(v, regno);
	return true;
}
void propagate_precision(struct verifier *v, const struct state *old);
/* The last state on the way to `st` that was remembered at pc, in the same frames; or NULL. */
struct state *earlier_here(const struct verifier *v, const struct state *st, uint32_t pc);
/* Registers that changed since `old` and whose value decides nothing become unknown. */
void widen_scalars(const struct state *old, struct state *st);

#endif
