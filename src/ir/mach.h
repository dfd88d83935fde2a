/* Machine form: what a function is between instruction selection and code. BPF's two-address
 * instructions over virtual registers; blocks and PHIs still those of the IR. Not for other rooms.
 *
 * Registers 0..9 are the machine's own, numbers from M_FIRST on are virtual. A virtual register is
 * set by one instruction, or by a `mov` and the two-address instructions right behind it, which
 * change it in place: its life is one piece as in SSA.
 *
 * Positions: instruction i reads at 2i and writes at 2i+1; a block's life begins at twice its
 * first instruction. Ranges are half open, so what is read last at i (range ends at 2i+1) and what
 * is written at i (range begins there) may share a register. */
#ifndef SKEP_IR_MACH_H
#define SKEP_IR_MACH_H

#include "ir/pass.h"

enum {
	M_FIRST = 16,
	M_N_REGS = 10,   /* r0..r9 can be allocated; r10 is the frame */
	M_CLOBBERED = 6, /* a call leaves nothing in r0..r5 */
};
#define M_NONE UINT32_MAX
/* As register `a` of a memory access: the frame, at slot number `slot`. */
#define M_FRAME (UINT32_MAX - 1)

enum m_op {
	M_MOV,     /* dst = a */
	M_MOVX,    /* dst = a, 32 bits or sign-extended: `code`, `off` as encoded */
	M_CONST,   /* dst = k */
	M_ALU,     /* dst op= b, or imm: `code` as encoded */
	M_LOAD,    /* dst = [a + off] */
	M_STORE,   /* [a + off] = b */
	M_STORE_K, /* [a + off] = imm */
	M_ATOMIC,  /* [a + off] op= b; imm is the operation */
	M_FETCH,   /* the same, and dst, which is the operand, gets the old value */
	M_CMPXCHG, /* if [a + off] == r0 then [a + off] = b; r0 gets the old value */
	M_CALL,    /* helper imm, with args in r1..; r0 is the result */
	M_CALLF,   /* function imm of the unit */
	M_CALLK,   /* function imm of the kernel's BTF */
	M_CMP,     /* dst = a cond b (or imm) */
	M_BRANCH,  /* to succ[0] if a cond b (or imm) */
	M_JUMP,
	M_RET, /* args[0] is what to return */
	M_NOP, /* nothing left of it */
	M_N_OPS
};

/* A value that is made where it is needed. */
struct m_const {
	enum ir_op op; /* CONST, SLOT, MAP, MAP_VALUE, FUNC */
	uint32_t ref;
	int64_t imm; /* CONST: the number; SLOT, MAP_VALUE: displacement */
};

/* An operand that may be anywhere: in a register, in memory, or made on the spot. */
struct m_val {
	uint32_t reg; /* M_NONE: k */
	struct m_const k;
};

struct m_inst {
	enum m_op op;
	uint8_t code;  /* M_MOVX, M_ALU: the BPF opcode */
	uint8_t width; /* memory: bytes; M_CMP, M_BRANCH: 4 or 8 */
	bool is_signed;
	enum ir_cond cond;
	int16_t off;
	uint32_t dst, a, b;
	uint32_t slot; /* if a is M_FRAME */
	int64_t imm;   /* where b is M_NONE */
	uint32_t n_args;
	struct m_val *args; /* M_CALL, M_CALLF, M_CALLK, M_RET */
	struct m_const k;   /* M_CONST */
	const struct ir_inst *from;
};

struct m_phi {
	uint32_t dst;
	struct m_val *args; /* as many as the IR block's predecessors, in their order */
};

struct m_block {
	struct ir_block *ir;
	uint32_t first, end; /* instructions [first, end); the last is the terminator */
	vec(struct m_phi) phis;
	vec(uint32_t) live_in; /* virtual registers, PHIs not among them */
	uint32_t depth;        /* loops around it */
};

/* A stretch of positions [from, to). */
struct m_range {
	uint32_t from, to;
};

/* A place where a register is read or written. */
struct m_use {
	uint32_t at;
	bool must_be_reg; /* else memory will do */
};

/* The life of a register, or of a piece of it after splitting. */
struct m_life {
	uint32_t reg; /* whose */
	struct m_range *ranges;
	uint32_t n_ranges;
	struct m_use *uses;
	uint32_t n_uses;
	uint32_t cursor;     /* the allocator's: ranges before it are past */
	int8_t home;         /* 0..9, or M_IN_MEMORY */
	struct m_life *next; /* the piece after this one */
};
enum { M_IN_MEMORY = -1 };

struct m_reg {
	struct m_life *life;    /* first piece; NULL if never used */
	struct m_life **pieces; /* all of them, in order; after allocation */
	uint32_t n_pieces;
	struct m_range *ranges; /* all of it, as before splitting */
	uint32_t n_ranges;
	bool is_const; /* made anew instead of kept in memory */
	struct m_const k;
	uint32_t web;     /* registers joined by moves and PHIs: towards their representative */
	int8_t web_home;  /* of a representative: where one of them lives, or M_IN_MEMORY */
	bool web_calls;   /* of a representative: one of them lives across a call */
	uint32_t copy_of; /* the register it starts as a copy of, or M_NONE */
	uint32_t feeds;   /* the PHI it is an argument of, or M_NONE */
	int8_t home_now;  /* the allocator's: where it is at the current position */
	int8_t want;      /* the machine register it is next needed in, or M_IN_MEMORY */
	uint32_t def_end; /* index of the last instruction that sets it; M_NONE: a PHI */
	uint32_t block;   /* where it is set */
	bool is_spilled;
	int32_t cell; /* its place in the frame, if spilled: offset from r10 */
};

struct m_func {
	struct arena *a;
	struct ir_func *ir;
	vec(struct m_inst) insts;
	struct m_block *blocks; /* same order as ir->blocks */
	uint32_t n_blocks;
	vec(struct m_reg) regs; /* by number; those below M_FIRST are the machine's */
	struct m_life *fixed;   /* M_N_REGS: when the machine's registers are taken */
	uint32_t *first_inst;   /* by IR id: its first machine instruction, M_NONE if none */
	uint32_t *last_inst;
	/* The frame, after m_place_slots(): offsets from r10, negative. */
	int32_t *slot_off;
	uint32_t frame_b;
	bool is_too_big;
};

/* What an instruction reads and writes; a call's arguments aside. */
struct m_op_info {
	bool reads_dst, writes_dst, is_early, reads_a, reads_b;
};
extern const struct m_op_info m_ops[M_N_OPS];

/* select.c: IR to machine form. The function is legal and has no critical edges. */
struct m_func *m_select(struct arena *a, struct ir_func *f);
/* liveness.c: fills live_in, the lives and their uses, fixed. */
void m_find_lives(struct m_func *m);
/* alloc.c: splits lives and gives each piece a home. */
void m_allocate(struct m_func *m);
/* slots.c: the frame. Sets is_too_big when it does not fit. */
void m_place_slots(struct m_func *m);

/* Where register `reg` is at a position at which it is alive: 0..9 or M_IN_MEMORY. */
int m_home_at(const struct m_func *m, uint32_t reg, uint32_t at);

/* moves.c: a set of moves that happen at once, made into a sequence. */
struct m_move {
	int dst; /* 0..9, or < 0: frame offset */
	int src; /* the same, or M_MOVE_CONST */
	struct m_const k;
};
enum { M_MOVE_CONST = 1000 };
/* Emits instructions through `emit`; `free_regs` is a mask of registers that hold nothing then.
 * `spare` is a frame offset used when no register is free; *ret_used_spare is set if it was. */
struct m_move_sink {
	void *ctx;
	void (*move)(void *ctx, int dst, int src);
	void (*make)(void *ctx, int dst, const struct m_const *k);
};
void m_sequence_moves(struct m_move *moves, uint32_t n, uint32_t free_regs, int spare,
                      bool *ret_used_spare, const struct m_move_sink *sink);

/* ---- calls.c ---- */
/* May these functions, whose frames are so large, call one another as they do? E_LIMIT if not. */
bool ir_check_calls(const struct ir_unit *u, const uint32_t *frame_b, struct arena *scratch,
                    struct diag *d);

#endif
