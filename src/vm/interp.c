/* The interpreter: direct-threaded, each op ends with a jump to the next one's label.
 *
 * Programs are verified, so nothing is checked that the verifier has promised. Frames of functions
 * lie below each other in one piece of memory, as deep as the verifier measured; what a call must
 * bring back is kept beside it. Callbacks run in a nested execute() that goes on in the same room
 * below the frame of the function whose helper calls back. */
#include "vm/interp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/insn.h"
#include "vm/code.h"
#include "vm/helpers.h"

enum {
	ROOM_B = 16 * 1024, /* for stacks: 33 tail calls from functions, of at most 256 bytes each
	                       (the kernel's limit), and a chain of eight after that */
	N_FRAMES = 33 * 8 + 8,
	CHAIN_FRAMES = 8,
	CHAIN_B = BPF_STACK_B + CHAIN_FRAMES * 16,
	MAX_TAIL_CALLS = 33,            /* MAX_TAIL_CALL_CNT, linux/bpf.h */
	MAX_MAY_GOTO = 8 * 1024 * 1024, /* BPF_MAX_LOOPS, linux/bpf.h */
};

/* What a call brings back. */
struct frame {
	const struct vm_op *ret;
	struct vm_code *code; /* the caller's: a tail call changes it */
	uint64_t saved[5];    /* r6 to r10 */
	uint32_t may_goto;
};

struct room {
	unsigned char stack[ROOM_B] __attribute__((aligned(16)));
	struct frame frames[N_FRAMES];
};

/* Where a callback may go on: call_state of the run. */
struct place {
	struct room *room;
	struct frame *frame;
	unsigned char *fp;
};

typedef struct {
	uint16_t v;
} __attribute__((packed, may_alias)) any16;
typedef struct {
	uint32_t v;
} __attribute__((packed, may_alias)) any32;
typedef struct {
	uint64_t v;
} __attribute__((packed, may_alias)) any64;

static uint64_t sdiv64(uint64_t a, uint64_t b)
{
	if (b == 0)
		return 0;
	return b == UINT64_MAX ? -a : (uint64_t)((int64_t)a / (int64_t)b);
}

static uint64_t smod64(uint64_t a, uint64_t b)
{
	if (b == 0)
		return a;
	return b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
}

static uint32_t sdiv32(uint32_t a, uint32_t b)
{
	if (b == 0)
		return 0;
	return b == UINT32_MAX ? -a : (uint32_t)((int32_t)a / (int32_t)b);
}

static uint32_t smod32(uint32_t a, uint32_t b)
{
	if (b == 0)
		return a;
	return b == UINT32_MAX ? 0 : (uint32_t)((int32_t)a % (int32_t)b);
}

static uint64_t probe(struct vm_run *run, uint64_t address, int32_t size)
{
	uint64_t v = vm_probe_load(run, address, (uint32_t)abs(size));

	if (size >= 0)
		return v;
	return (uint64_t)((int64_t)(v << (64 + 8 * size)) >> (64 + 8 * size));
}

/* The code at `index` of a program array, if it can be entered now: a tail call from a function
 * keeps the callers' frames, and there must be room left for a whole chain. */
static struct vm_code *tail_target(struct vm_run *run, uint64_t map, uint32_t index,
                                   const struct place *at)
{
	struct vm_code *target;

	if (run->tail_calls >= MAX_TAIL_CALLS)
		return NULL;
	if (at->frame + CHAIN_FRAMES > at->room->frames + N_FRAMES ||
	    at->fp - at->room->stack < CHAIN_B)
		return NULL;
	target = vm_map_program((struct vm_map *)(uintptr_t)map, index);
	if (target)
		run->tail_calls++;
	return target;
}

/* r2 of a program that begins. */
static uint64_t length_of(const struct vm_code *c, const struct vm_run *run)
{
	return c->type == BPF_PROG_TYPE_UNSPEC ? run->context_b : 0;
}

#if defined(__GNUC__) && !defined(__clang__)
/* Merging the ops' jumps into one, or what ops have in common, is what threading is to avoid. */
__attribute__((optimize("no-gcse", "no-crossjumping")))
#endif
static uint64_t
execute(struct vm_run *run, const struct vm_op *o, const struct place *start,
        const uint64_t args[5], const void *const **ret_labels)
{
	static const void *const labels[] = {
#define OP(name) &&do_##name,
#include "vm/interp_ops.def"
#undef OP
	};
	uint64_t r[BPF_N_REGS];
	struct frame *frame;
	struct room *room;
	uint32_t may_goto = MAX_MAY_GOTO;

	if (ret_labels) {
		*ret_labels = labels;
		return 0;
	}
	room = start->room;
	frame = start->frame;
	memset(r, 0, sizeof(r));
	memcpy(&r[1], args, 5 * sizeof(*args));
	r[10] = (uintptr_t)start->fp;

#define DST r[o->dst]
#define SRC r[o->src]
#define IMM ((uint64_t)(int64_t)o->imm)
#define GO goto * o->go
#define NEXT                                                                                       \
	do {                                                                                       \
		o++;                                                                               \
		GO;                                                                                \
	} while (0)
	GO;

#define ALU(name, e64, e32)                                                                        \
	do_##name##64_X:                                                                           \
	{                                                                                          \
		uint64_t a = DST, b = SRC;                                                         \
		DST = (e64);                                                                       \
		NEXT;                                                                              \
	}                                                                                          \
	do_##name##64_K:                                                                           \
	{                                                                                          \
		uint64_t a = DST, b = IMM;                                                         \
		DST = (e64);                                                                       \
		NEXT;                                                                              \
	}                                                                                          \
	do_##name##32_X:                                                                           \
	{                                                                                          \
		uint32_t a = (uint32_t)DST, b = (uint32_t)SRC;                                     \
		DST = (uint32_t)(e32);                                                             \
		NEXT;                                                                              \
	}                                                                                          \
	do_##name##32_K:                                                                           \
	{                                                                                          \
		uint32_t a = (uint32_t)DST, b = (uint32_t)o->imm;                                  \
		DST = (uint32_t)(e32);                                                             \
		NEXT;                                                                              \
	}
	ALU(ADD, a + b, a + b)
	ALU(SUB, a - b, a - b)
	ALU(MUL, a * b, a * b)
	ALU(DIV, b ? a / b : 0, b ? a / b : 0)
	ALU(MOD, b ? a % b : a, b ? a % b : a)
	ALU(SDIV, sdiv64(a, b), sdiv32(a, b))
	ALU(SMOD, smod64(a, b), smod32(a, b))
	ALU(OR, a | b, a | b)
	ALU(AND, a & b, a & b)
	ALU(XOR, a ^ b, a ^ b)
	ALU(LSH, a << (b & 63), a << (b & 31))
	ALU(RSH, a >> (b & 63), a >> (b & 31))
	ALU(ARSH, (uint64_t)((int64_t)a >> (b & 63)), (int32_t)a >> (b & 31))
#undef ALU

#define SET(name, e)                                                                               \
	do_##name : DST = (e);                                                                     \
	NEXT;
	SET(MOV64_X, SRC)
	SET(MOV64_K, IMM)
	SET(MOV32_X, (uint32_t)SRC)
	SET(MOV32_K, (uint32_t)o->imm)
	SET(NEG64, -DST)
	SET(NEG32, -(uint32_t)DST)
	SET(SX8_64, (uint64_t)(int8_t)SRC)
	SET(SX16_64, (uint64_t)(int16_t)SRC)
	SET(SX32_64, (uint64_t)(int32_t)SRC)
	SET(SX8_32, (uint32_t)(int8_t)SRC)
	SET(SX16_32, (uint32_t)(int16_t)SRC)
	SET(CUT16, (uint16_t)DST)
	SET(CUT32, (uint32_t)DST)
	SET(SWAP16, __builtin_bswap16((uint16_t)DST))
	SET(SWAP32, __builtin_bswap32((uint32_t)DST))
	SET(SWAP64, __builtin_bswap64(DST))
do_NOP:
	NEXT;
do_LDDW:
	DST = (uint32_t)o->imm | (uint64_t)(uint32_t)o[1].imm << 32;
	o += 2;
	GO;

#define JUMP(cond)                                                                                 \
	do {                                                                                       \
		o += (cond) ? o->off + 1 : 1;                                                      \
		GO;                                                                                \
	} while (0)
#define BRANCH(name, T64, T32, op)                                                                 \
	do_##name##64_X : JUMP((T64)DST op(T64) SRC);                                              \
	do_##name##64_K : JUMP((T64)DST op(T64) IMM);                                              \
	do_##name##32_X : JUMP((T32)DST op(T32) SRC);                                              \
	do_##name##32_K : JUMP((T32)DST op(T32) o->imm);
	BRANCH(JEQ, uint64_t, uint32_t, ==)
	BRANCH(JNE, uint64_t, uint32_t, !=)
	BRANCH(JGT, uint64_t, uint32_t, >)
	BRANCH(JGE, uint64_t, uint32_t, >=)
	BRANCH(JLT, uint64_t, uint32_t, <)
	BRANCH(JLE, uint64_t, uint32_t, <=)
	BRANCH(JSGT, int64_t, int32_t, >)
	BRANCH(JSGE, int64_t, int32_t, >=)
	BRANCH(JSLT, int64_t, int32_t, <)
	BRANCH(JSLE, int64_t, int32_t, <=)
	BRANCH(JSET, uint64_t, uint32_t, &)
#undef BRANCH
do_JA:
	o += o->imm + 1;
	GO;
do_MAY_GOTO:
	/* Goes on for a while, then jumps (Linux 6.9, verifier.c on BPF_JCOND). */
	JUMP(!may_goto || !may_goto--);

#define FROM(T) ((T *)(uintptr_t)(SRC + (uint64_t)(int64_t)o->off))
#define TO(T) ((T *)(uintptr_t)(DST + (uint64_t)(int64_t)o->off))
	SET(LOAD8, *FROM(uint8_t))
	SET(LOAD16, FROM(any16)->v)
	SET(LOAD32, FROM(any32)->v)
	SET(LOAD64, FROM(any64)->v)
	SET(LOADSX8, (uint64_t)(int8_t)*FROM(uint8_t))
	SET(LOADSX16, (uint64_t)(int16_t)FROM(any16)->v)
	SET(LOADSX32, (uint64_t)(int32_t)FROM(any32)->v)
	SET(PROBE, probe(run, SRC + (uint64_t)(int64_t)o->off, o->imm))
#define STORE(name, place_, e)                                                                     \
	do_##name : place_ = (e);                                                                  \
	NEXT;
	STORE(STORE8_X, *TO(uint8_t), (uint8_t)SRC)
	STORE(STORE16_X, TO(any16)->v, (uint16_t)SRC)
	STORE(STORE32_X, TO(any32)->v, (uint32_t)SRC)
	STORE(STORE64_X, TO(any64)->v, SRC)
	STORE(STORE8_K, *TO(uint8_t), (uint8_t)o->imm)
	STORE(STORE16_K, TO(any16)->v, (uint16_t)o->imm)
	STORE(STORE32_K, TO(any32)->v, (uint32_t)o->imm)
	STORE(STORE64_K, TO(any64)->v, IMM)
#undef STORE

#define ATOMIC(name, fn)                                                                           \
	do_A_##name##32 : fn(TO(uint32_t), (uint32_t)SRC, __ATOMIC_RELAXED);                       \
	NEXT;                                                                                      \
	do_A_##name##64 : fn(TO(uint64_t), SRC, __ATOMIC_RELAXED);                                 \
	NEXT;
#define ATOMIC_FETCH(name, fn)                                                                     \
	do_A_##name##32 : SRC = fn(TO(uint32_t), (uint32_t)SRC, __ATOMIC_SEQ_CST);                 \
	NEXT;                                                                                      \
	do_A_##name##64 : SRC = fn(TO(uint64_t), SRC, __ATOMIC_SEQ_CST);                           \
	NEXT;
	ATOMIC(ADD, __atomic_fetch_add)
	ATOMIC(AND, __atomic_fetch_and)
	ATOMIC(OR, __atomic_fetch_or)
	ATOMIC(XOR, __atomic_fetch_xor)
	ATOMIC_FETCH(FETCH_ADD, __atomic_fetch_add)
	ATOMIC_FETCH(FETCH_AND, __atomic_fetch_and)
	ATOMIC_FETCH(FETCH_OR, __atomic_fetch_or)
	ATOMIC_FETCH(FETCH_XOR, __atomic_fetch_xor)
	ATOMIC_FETCH(XCHG, __atomic_exchange_n)
#undef ATOMIC
#undef ATOMIC_FETCH
do_A_CMPXCHG32 : {
	uint32_t old = (uint32_t)r[0];

	__atomic_compare_exchange_n(TO(uint32_t), &old, (uint32_t)SRC, false, __ATOMIC_SEQ_CST,
	                            __ATOMIC_SEQ_CST);
	r[0] = old;
	NEXT;
}
do_A_CMPXCHG64 : {
	uint64_t old = r[0];

	__atomic_compare_exchange_n(TO(uint64_t), &old, SRC, false, __ATOMIC_SEQ_CST,
	                            __ATOMIC_SEQ_CST);
	r[0] = old;
	NEXT;
}
#define ORDERED(bits)                                                                              \
	do_ACQUIRE##bits : DST = __atomic_load_n(FROM(uint##bits##_t), __ATOMIC_ACQUIRE);          \
	NEXT;                                                                                      \
	do_RELEASE##bits                                                                           \
	    : __atomic_store_n(TO(uint##bits##_t), (uint##bits##_t)SRC, __ATOMIC_RELEASE);         \
	NEXT;
	ORDERED(8)
	ORDERED(16)
	ORDERED(32)
	ORDERED(64)
#undef ORDERED

do_PACKET_ABS:
	r[0] = vm_packet_load(run, r[6], o->imm, (uint32_t)o->off);
	goto packet_loaded;
do_PACKET_IND:
	r[0] = vm_packet_load(run, r[6], (int32_t)((uint32_t)SRC + (uint32_t)o->imm),
	                      (uint32_t)o->off);
packet_loaded:
	if (r[0] != VM_NO_PACKET)
		NEXT;
	r[0] = 0;
	goto do_EXIT;

do_CALL:
	if (frame == room->frames + N_FRAMES ||
	    (unsigned char *)(uintptr_t)r[10] - o->off < room->stack + BPF_STACK_B)
		goto do_BAD;
	frame->ret = o + 1;
	frame->code = run->code;
	frame->may_goto = may_goto;
	memcpy(frame->saved, &r[6], sizeof(frame->saved));
	frame++;
	may_goto = MAX_MAY_GOTO;
	r[10] -= (uint64_t)o->off;
	o += o->imm + 1;
	GO;
do_EXIT:
	if (frame == start->frame)
		return r[0];
	frame--;
	memcpy(&r[6], frame->saved, sizeof(frame->saved));
	may_goto = frame->may_goto;
	run->code = frame->code;
	o = frame->ret;
	GO;
do_HELPER:
	r[0] = vm_helpers[o->imm](r[1], r[2], r[3], r[4], r[5], run);
	NEXT;
do_CALLBACK : {
	struct place here = {
	    .room = room, .frame = frame, .fp = (unsigned char *)(uintptr_t)r[10] - o->off};
	void *outer = run->call_state;

	run->call_state = &here;
	r[0] = vm_helpers[o->imm](r[1], r[2], r[3], r[4], r[5], run);
	run->call_state = outer;
	NEXT;
}
do_TAIL_CALL : {
	struct place here = {.room = room, .frame = frame, .fp = (unsigned char *)(uintptr_t)r[10]};
	struct vm_code *old = run->code, *target;

	target = tail_target(run, r[2], (uint32_t)r[3], &here);
	if (!target)
		NEXT;
	if (!target->interp) {
		r[0] = vm_code_enter(target, run, length_of(target, run));
		run->code = old;
		goto do_EXIT;
	}
	run->code = target;
	r[2] = length_of(target, run);
	may_goto = MAX_MAY_GOTO;
	o = target->interp->ops;
	GO;
}

	/* Superinstructions. */
do_MOV_ADD64_X:
	DST = SRC + r[o[1].src];
	o += 2;
	GO;
do_MOV_ADD64_K:
	DST = SRC + (uint64_t)(int64_t)o[1].imm;
	o += 2;
	GO;
#define INDEX_LOAD(name, T, e)                                                                     \
	do_##name:                                                                                 \
	{                                                                                          \
		uint64_t base = SRC + r[o[1].src];                                                 \
		T *at = (T *)(uintptr_t)(base + (uint64_t)(int64_t)o[2].off);                      \
		DST = base;                                                                        \
		r[o[2].dst] = (e);                                                                 \
		o += 3;                                                                            \
		GO;                                                                                \
	}
	INDEX_LOAD(INDEX_LOAD8, uint8_t, *at)
	INDEX_LOAD(INDEX_LOAD16, any16, at->v)
	INDEX_LOAD(INDEX_LOAD32, any32, at->v)
	INDEX_LOAD(INDEX_LOAD64, any64, at->v)
#undef INDEX_LOAD
#define THEN(name, first, second)                                                                  \
	do_##name : first;                                                                         \
	o++;                                                                                       \
	second
	THEN(ADD64_K_JNE64_X, DST += IMM, JUMP(DST != SRC));
	THEN(ADD64_K_JNE64_K, DST += IMM, JUMP(DST != IMM));
	THEN(ADD64_K_JLT64_K, DST += IMM, JUMP(DST < IMM));
	THEN(LOAD8_ADD64_X, DST = *FROM(uint8_t), DST += SRC; NEXT);
	THEN(LOAD16_ADD64_X, DST = FROM(any16)->v, DST += SRC; NEXT);
	THEN(LOAD8_LOAD8, DST = *FROM(uint8_t), DST = *FROM(uint8_t); NEXT);
#undef THEN
do_BAD:
	/* No verified program gets here. */
	run->fault = "the program left the ways that were verified";
	return 0;
}

static uint64_t call_back(struct vm_run *run, uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3,
                          uint64_t a4, uint64_t a5)
{
	const struct place *here = run->call_state;

	if (here->frame == here->room->frames + N_FRAMES ||
	    here->fp < here->room->stack + BPF_STACK_B) {
		run->fault = "callbacks are nested too deep";
		return 0;
	}
	return execute(run, &run->code->interp->ops[fn], here,
	               (const uint64_t[]){a1, a2, a3, a4, a5}, NULL);
}

uint64_t vm_interp_run(struct vm_code *c, struct vm_run *run, uint64_t r2)
{
	struct room room;
	struct place start = {.room = &room, .frame = room.frames, .fp = room.stack + ROOM_B};
	__typeof__(run->call) outer_call = run->call;
	void *outer_state = run->call_state;
	uint64_t ret;

	run->call = call_back;
	ret = execute(run, c->interp->ops, &start,
	              (const uint64_t[]){(uintptr_t)run->context, r2, 0, 0, 0}, NULL);
	run->call = outer_call;
	run->call_state = outer_state;
	return ret;
}

int vm_interp_create(struct vm_code *c)
{
	const void *const *labels;

	c->interp = calloc(1, sizeof(*c->interp) + c->n_insns * sizeof(*c->interp->ops));
	if (!c->interp)
		return -ENOMEM;
	c->interp->n = c->n_insns;
	execute(NULL, NULL, NULL, NULL, &labels);
	vm_interp_decode(c, labels);
	return 0;
}

void vm_interp_destroy(struct vm_code *c)
{
	free(c->interp);
	c->interp = NULL;
}
