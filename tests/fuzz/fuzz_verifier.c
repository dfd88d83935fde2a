/* Random programs that are almost right, and what is said of them.
 *
 * The input only seeds a generator: pointer arithmetic on map values, stack and packets, bounds
 * checks with all comparisons and widths, spills, helpers, loops, functions. What our verifier
 * accepts is run with every access looked at (VM_CHECKED), on random memory: no access may miss.
 * With FUZZ_LOAD=1 in the environment (root; tests/fuzz/run --load) the kernel is asked too: what
 * it refuses, we must refuse. The other way round is counted, and told with FUZZ_STRICT=1.
 *
 * corpus: *.bt */
#include "fuzz.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "bpf/disasm.h"
#include "bpf/insn.h"
#include "vm/code.h"
#include "vm/input.h"
#include "vm/verifier/context.h"
#include "vm/verifier/verifier.h"

enum { N_MAX = 400, VALUE_B = 48, LOG_B = 1 << 16, PACKET_B = 64 };
enum { MAP_ARRAY, MAP_HASH, MAP_RING, MAP_N };
enum {
	LOOKUP = 1,
	UPDATE = 2,
	PRANDOM = 7,
	CSUM_DIFF = 28,
	RESERVE = 131,
	SUBMIT = 132,
	LOOP = 181
};

static const struct vm_map_def defs[MAP_N] = {
    {.name = "array",
     .type = BPF_MAP_TYPE_ARRAY,
     .key_size_b = 4,
     .value_size_b = VALUE_B,
     .max_entries = 4},
    {.name = "hash",
     .type = BPF_MAP_TYPE_HASH,
     .key_size_b = 8,
     .value_size_b = VALUE_B,
     .max_entries = 4},
    {.name = "ring", .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096},
};
static const struct vm_map_def *const def_table[] = {&defs[0], &defs[1], &defs[2]};

/* What a register holds, as the generator believes. */
enum what { NOTHING, NUMBER, VALUE, FRAME, CTX, PACKET, PACKET_END, MAYBE_VALUE };

struct gen {
	uint64_t state;
	struct bpf_insn code[N_MAX];
	uint32_t n;
	enum what regs[11];
	enum what slots[8]; /* fp-8 ... fp-64 */
	uint32_t exits[N_MAX], n_exits;
	uint32_t calls[16], n_calls;
	uint32_t type;
	uint32_t loops;
	bool in_function, is_plain; /* plain: only what we follow as the kernel does */
};

static uint32_t below(struct gen *g, uint32_t n)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % n);
}

static bool one_in(struct gen *g, uint32_t n)
{
	return !below(g, n);
}

static uint32_t emit(struct gen *g, uint8_t code, uint8_t dst, uint8_t src, int16_t off,
                     int32_t imm)
{
	if (g->n < N_MAX)
		g->code[g->n] = (struct bpf_insn){
		    .code = code, .dst_reg = dst & 15, .src_reg = src & 15, .off = off, .imm = imm};
	return g->n++;
}

static void load_map(struct gen *g, uint8_t dst, int32_t map)
{
	emit(g, BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_IDX, 0, map);
	emit(g, 0, 0, 0, 0, 0);
}

static void mov(struct gen *g, uint8_t dst, uint8_t src)
{
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
	g->regs[dst] = g->regs[src];
}

static void add_imm(struct gen *g, uint8_t dst, int32_t imm)
{
	emit(g, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, imm);
}

/* A jump to the end of the function, filled in later. */
static void exit_if(struct gen *g, uint8_t code, uint8_t dst, uint8_t src, int32_t imm)
{
	if (g->n < N_MAX)
		g->exits[g->n_exits++] = g->n;
	emit(g, code, dst, src, 0, imm);
}

static void call(struct gen *g, int32_t helper)
{
	emit(g, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
	for (uint32_t r = 1; r < 6; r++)
		g->regs[r] = NOTHING;
	g->regs[0] = NUMBER;
}

static int some_reg(struct gen *g, enum what what)
{
	uint32_t from = below(g, 10);

	for (uint32_t k = 0; k < 10; k++) {
		if (g->regs[(from + k) % 10] == what)
			return (int)((from + k) % 10);
	}
	return -1;
}

static int32_t some_imm(struct gen *g)
{
	static const int32_t imms[] = {0,     1,   2,    3,          4,
	                               7,     8,   15,   16,         31,
	                               32,    40,  47,   48,         49,
	                               63,    64,  255,  -1,         -2,
	                               -8,    -48, 4095, 0x7fffffff, -0x7fffffff - 1,
	                               0xffff};

	if (one_in(g, 5))
		return (int32_t)(below(g, 0x10000) << below(g, 16));
	return imms[below(g, sizeof(imms) / sizeof(*imms))];
}

static const uint8_t sizes[] = {BPF_B, BPF_H, BPF_W, BPF_DW};

/* A number into some register, from somewhere. */
static int make_number(struct gen *g)
{
	static const uint8_t keep[] = {0, 2, 3, 4, 5, 8, 9, 7};
	uint8_t dst = keep[below(g, sizeof(keep))];
	int value = some_reg(g, VALUE);
	bool sx = !g->is_plain && one_in(g, 6);

	if (value >= 0 && value != dst && !one_in(g, 8)) {
		emit(g,
		     (uint8_t)(BPF_LDX | (sx ? BPF_MEMSX : BPF_MEM) | sizes[below(g, sx ? 3 : 4)]),
		     dst, (uint8_t)value, (int16_t)(below(g, 5) * 8), 0);
	} else if (one_in(g, 2)) {
		emit(g, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, some_imm(g));
	} else {
		call(g, PRANDOM);
		dst = 0;
	}
	g->regs[dst] = NUMBER;
	return dst;
}

static int number(struct gen *g)
{
	int r = one_in(g, 4) ? -1 : some_reg(g, NUMBER);

	return r < 0 ? make_number(g) : r;
}

static void alu(struct gen *g)
{
	static const uint8_t ops[] = {BPF_ADD, BPF_SUB, BPF_AND, BPF_AND,  BPF_OR,
	                              BPF_XOR, BPF_LSH, BPF_RSH, BPF_ARSH, BPF_MUL,
	                              BPF_NEG, BPF_MOV, BPF_MOV, BPF_MOV,  BPF_END};
	static const uint8_t plain_ops[] = {BPF_ADD, BPF_ADD, BPF_SUB, BPF_AND, BPF_AND,
	                                    BPF_LSH, BPF_RSH, BPF_MOV, BPF_MOV};
	uint8_t op =
	    g->is_plain ? plain_ops[below(g, sizeof(plain_ops))] : ops[below(g, sizeof(ops))];
	uint8_t class = one_in(g, 2) ? BPF_ALU : BPF_ALU64;
	int dst = number(g), src = number(g);
	static const int8_t widths[] = {8, 16, 32};
	bool is_signed = (op == BPF_DIV || op == BPF_MOD) && one_in(g, 3);
	int32_t imm = some_imm(g);

	if (op == BPF_NEG) {
		emit(g, class | BPF_NEG, (uint8_t)dst, 0, 0, 0);
	} else if (op == BPF_END) {
		emit(g, class | BPF_END | (class == BPF_ALU && one_in(g, 2) ? BPF_X : 0),
		     (uint8_t)dst, 0, 0, 16 << below(g, 3));
	} else if (op == BPF_MOV) {
		uint8_t to = (uint8_t)(one_in(g, 2) ? 2 + below(g, 4) : 8 + below(g, 2));
		int16_t off =
		    !g->is_plain && one_in(g, 4) ? widths[below(g, class == BPF_ALU ? 2 : 3)] : 0;

		emit(g, class | BPF_MOV | BPF_X, to, (uint8_t)src, off, 0);
		g->regs[to] = NUMBER;
	} else if (one_in(g, 3) &&
	           !(g->is_plain && (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH))) {
		emit(g, class | op | BPF_X, (uint8_t)dst, (uint8_t)src, is_signed, 0);
	} else {
		if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
			imm &= class == BPF_ALU ? 31 : 63;
		if (op == BPF_DIV || op == BPF_MOD)
			imm = imm ? imm : 3;
		emit(g, class | op | BPF_K, (uint8_t)dst, 0, is_signed, imm);
	}
}

static uint8_t some_comparison(struct gen *g)
{
	static const uint8_t ops[] = {BPF_JEQ, BPF_JNE,  BPF_JSET, BPF_JGT,  BPF_JGE, BPF_JLT,
	                              BPF_JLE, BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE};

	uint8_t op = ops[below(g, sizeof(ops))];

	if (g->is_plain && op == BPF_JSET)
		op = BPF_JGT;
	return op | (one_in(g, 3) ? BPF_JMP32 : BPF_JMP);
}

/* Keeps a number small, in one of the ways people do. */
static void bound(struct gen *g, int r)
{
	int32_t limit = (int32_t)below(g, 56);

	switch (below(g, 7)) {
	case 0:
		emit(g, BPF_ALU64 | BPF_AND | BPF_K, (uint8_t)r, 0, 0, (1 << below(g, 7)) - 1);
		break;
	case 1:
		exit_if(g, BPF_JMP | BPF_JGT | BPF_K, (uint8_t)r, 0, limit);
		break;
	case 2:
		exit_if(g, BPF_JMP | BPF_JSGT | BPF_K, (uint8_t)r, 0, limit);
		exit_if(g, BPF_JMP | BPF_JSLT | BPF_K, (uint8_t)r, 0, (int32_t)below(g, 9) - 2);
		break;
	case 3:
		exit_if(g, BPF_JMP32 | BPF_JGE | BPF_K, (uint8_t)r, 0, limit);
		if (!one_in(g, 3))
			emit(g, BPF_ALU | BPF_MOV | BPF_X, (uint8_t)r, (uint8_t)r, 0, 0);
		break;
	case 4:
		exit_if(g, BPF_JMP | BPF_JSET | BPF_K, (uint8_t)r, 0, -(2 << below(g, 6)));
		break;
	case 5: {
		int by = number(g);

		if (by == r && g->is_plain) /* the kernel takes both ways */
			break;
		exit_if(g, some_comparison(g) | BPF_X, (uint8_t)r, (uint8_t)by, 0);
		break;
	}
	default:
		exit_if(g, some_comparison(g), (uint8_t)r, 0, some_imm(g));
	}
}

static void look_up(struct gen *g)
{
	int map = (int)below(g, 2);
	int32_t at = -8 - 8 * (int32_t)below(g, 8);
	uint8_t to = (uint8_t)(7 + below(g, 3));

	if (one_in(g, 3)) {
		int r = number(g);

		emit(g, BPF_STX | BPF_MEM | BPF_DW, BPF_REG_10, (uint8_t)r, (int16_t)at, 0);
	} else {
		emit(g, BPF_ST | BPF_MEM | BPF_DW, BPF_REG_10, 0, (int16_t)at,
		     (int32_t)below(g, 6));
	}
	g->slots[-at / 8 - 1] = NUMBER;
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0);
	add_imm(g, 2, at);
	load_map(g, 1, map);
	call(g, LOOKUP);
	if (!one_in(g, 20))
		exit_if(g, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0);
	g->regs[0] = VALUE;
	mov(g, to, 0);
}

static void move_pointer(struct gen *g, enum what what)
{
	int p = what == FRAME ? 10 : some_reg(g, what), by = number(g);
	uint8_t to = (uint8_t)(2 + below(g, 4));

	if (p < 0 || (p < 10 && g->regs[p] != what))
		return;
	if (!one_in(g, 6))
		bound(g, by);
	if (g->regs[by] != NUMBER || by == to)
		return;
	if (what == FRAME) {
		emit(g, BPF_ALU64 | BPF_MOV | BPF_X, to, 10, 0, 0);
		add_imm(g, to, -8 * (int32_t)(1 + below(g, 8)));
	} else if (to != p) {
		emit(g, BPF_ALU64 | BPF_MOV | BPF_X, to, (uint8_t)p, 0, 0);
	}
	if (one_in(g, 5))
		add_imm(g, to, (int32_t)below(g, 60) - 10);
	emit(g, BPF_ALU64 | (one_in(g, 8) ? BPF_SUB : BPF_ADD) | BPF_X, to, (uint8_t)by, 0, 0);
	g->regs[to] = what;
	if (what == PACKET || one_in(g, 3))
		return;
	if (one_in(g, 2)) {
		uint8_t dst = (uint8_t)(one_in(g, 2) ? 0 : 8 + below(g, 2));

		emit(g, BPF_LDX | BPF_MEM | sizes[below(g, 4)], dst, to, (int16_t)(below(g, 3) * 4),
		     0);
		g->regs[dst] = NUMBER;
	} else {
		int r = number(g);

		if (g->regs[to] == what)
			emit(g, BPF_STX | BPF_MEM | sizes[below(g, 4)], to, (uint8_t)r,
			     (int16_t)(below(g, 3) * 4), 0);
	}
}

static void access_value(struct gen *g)
{
	int p = some_reg(g, VALUE), r;
	int16_t off = (int16_t)(below(g, 13) * 4);

	if (p < 0)
		return;
	r = number(g);
	if (g->regs[p] != VALUE)
		return;
	if (one_in(g, 2)) {
		static const int32_t kinds[] = {BPF_ADD, BPF_ADD | BPF_FETCH, BPF_XCHG, BPF_CMPXCHG,
		                                BPF_AND, BPF_OR | BPF_FETCH};
		int32_t kind = kinds[below(g, 6)];

		if (one_in(g, 3) && !(kind == BPF_CMPXCHG && g->regs[0] != NUMBER))
			emit(g, BPF_STX | BPF_ATOMIC | (one_in(g, 2) ? BPF_W : BPF_DW), (uint8_t)p,
			     (uint8_t)r, off & ~7, kind);
		else
			emit(g, BPF_STX | BPF_MEM | sizes[below(g, 4)], (uint8_t)p, (uint8_t)r, off,
			     0);
	} else {
		emit(g, BPF_ST | BPF_MEM | sizes[below(g, 4)], (uint8_t)p, 0, off, some_imm(g));
	}
}

static void spill(struct gen *g)
{
	uint32_t slot = below(g, 8);
	int16_t at = (int16_t)(-8 * (int32_t)(slot + 1));
	uint32_t r = below(g, 10);

	if (one_in(g, 5)) {
		emit(g, BPF_ST | BPF_MEM | sizes[below(g, 4)], 10, 0, at, some_imm(g));
		g->slots[slot] = NUMBER;
		return;
	}
	for (uint32_t k = 0; k < 10 && g->regs[r] == NOTHING; k++)
		r = (r + 1) % 10;
	if (g->regs[r] == NOTHING)
		return;
	if (g->regs[r] == NUMBER && one_in(g, 2)) {
		uint8_t size = sizes[below(g, 4)];
		uint32_t b = size == BPF_B ? 1 : size == BPF_H ? 2 : size == BPF_W ? 4 : 8;

		emit(g, BPF_STX | BPF_MEM | size, 10, (uint8_t)r,
		     (int16_t)(at + below(g, 8 / b) * b), 0);
	} else {
		emit(g, BPF_STX | BPF_MEM | BPF_DW, 10, (uint8_t)r, at, 0);
	}
	g->slots[slot] = g->regs[r];
}

static void fill(struct gen *g)
{
	uint32_t slot = below(g, 8);
	int16_t at = (int16_t)(-8 * (int32_t)(slot + 1));
	uint8_t dst = (uint8_t)below(g, 10);

	if (dst == 6)
		return;
	if ((g->slots[slot] == NUMBER || g->slots[slot] == NOTHING) && one_in(g, 2)) {
		uint8_t size = sizes[below(g, 4)];
		uint32_t b = size == BPF_B ? 1 : size == BPF_H ? 2 : size == BPF_W ? 4 : 8;

		emit(g,
		     BPF_LDX | (b < 8 && !g->is_plain && one_in(g, 4) ? BPF_MEMSX : BPF_MEM) | size,
		     dst, 10, (int16_t)(at + below(g, 8 / b) * b), 0);
		g->regs[dst] = NUMBER;
	} else {
		emit(g, BPF_LDX | BPF_MEM | BPF_DW, dst, 10, at, 0);
		g->regs[dst] = g->slots[slot] == NOTHING ? NUMBER : g->slots[slot];
	}
}

static void packet(struct gen *g)
{
	static const uint8_t ops[] = {BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE};
	uint8_t op = ops[below(g, 4)];
	bool is_cls = g->type == BPF_PROG_TYPE_SCHED_CLS, flips = one_in(g, 2);
	uint32_t by = 1 + below(g, 20), at;
	int add = one_in(g, 3) ? number(g) : -1;

	if (g->type != BPF_PROG_TYPE_XDP && !is_cls)
		return;
	if (g->regs[6] != CTX)
		return;
	if (add >= 2 && add <= 4)
		add = -1;
	if (add >= 0)
		bound(g, add);
	if (add >= 0 && (g->regs[add] != NUMBER || (add >= 2 && add <= 4)))
		return;
	emit(g, BPF_LDX | BPF_MEM | BPF_W, 2, 6, is_cls ? 76 : 0, 0);
	emit(g, BPF_LDX | BPF_MEM | BPF_W, 3, 6, is_cls ? 80 : 4, 0);
	if (add >= 0)
		emit(g, BPF_ALU64 | BPF_ADD | BPF_X, 2, (uint8_t)add, 0, 0);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 4, 2, 0, 0);
	add_imm(g, 4, (int32_t)by);
	g->regs[2] = g->regs[4] = PACKET;
	g->regs[3] = PACKET_END;
	/* Mostly the right way round. */
	at = g->n;
	if (one_in(g, 5)) {
		exit_if(g, BPF_JMP | op | BPF_X, flips ? 3 : 4, flips ? 4 : 3, 0);
	} else {
		op = one_in(g, 2) ? BPF_JGT : BPF_JGE;
		if (flips)
			op = op == BPF_JGT ? BPF_JLT : BPF_JLE;
		exit_if(g, BPF_JMP | op | BPF_X, flips ? 3 : 4, flips ? 4 : 3, 0);
	}
	(void)at;
	for (uint32_t k = 1 + below(g, 2); k; k--) {
		uint32_t off = below(g, by + 1);

		if (one_in(g, 2)) {
			emit(g, BPF_LDX | BPF_MEM | sizes[below(g, 4)], 5, 2, (int16_t)off, 0);
			g->regs[5] = NUMBER;
		} else {
			emit(g, BPF_ST | BPF_MEM | sizes[below(g, 4)], 2, 0, (int16_t)off, 1);
		}
	}
}

static void sized_helper(struct gen *g)
{
	int size = number(g), value;

	if (one_in(g, 2) || size == 1 || size == 2)
		bound(g, size);
	value = some_reg(g, VALUE);
	if (g->regs[size] != NUMBER)
		return;
	/* bpf_csum_diff(from, from_size, to, to_size, seed) */
	if (size != 2)
		mov(g, 2, (uint8_t)size);
	if (one_in(g, 5))
		emit(g, BPF_ALU64 | BPF_AND | BPF_K, 2, 0, 0, -4);
	if (value >= 0 && value != 2 && one_in(g, 2)) {
		mov(g, 1, (uint8_t)value);
	} else {
		emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 1, 10, 0, 0);
		add_imm(g, 1, -8 * (int32_t)(1 + below(g, 8)));
	}
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 0);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 4, 0, 0, 0);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 5, 0, 0, 0);
	call(g, CSUM_DIFF);
}

static void ring(struct gen *g)
{
	load_map(g, 1, MAP_RING);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 16);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 0);
	call(g, RESERVE);
	if (!one_in(g, 10))
		exit_if(g, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 0);
	emit(g, BPF_ST | BPF_MEM | BPF_DW, 0, 0, (int16_t)(below(g, 5) * 4), 1);
	if (one_in(g, 4))
		mov(g, 8, 0);
	if (one_in(g, 12))
		return;
	emit(g, BPF_ALU64 | BPF_MOV | BPF_X, 1, 0, 0, 0);
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 0);
	call(g, SUBMIT + (int32_t)below(g, 2));
	g->regs[0] = NOTHING;
	if (g->regs[8] == NUMBER && one_in(g, 3))
		g->regs[8] = NOTHING;
}

static void statements(struct gen *g, uint32_t n);

static void loop(struct gen *g)
{
	uint8_t counter = (uint8_t)(8 + below(g, 2));
	int32_t rounds = (int32_t)(1 + below(g, 12));
	uint32_t start;

	if (g->loops >= 2)
		return;
	g->loops++;
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, counter, 0, 0, 0);
	g->regs[counter] = NUMBER;
	if (one_in(g, 3)) { /* one that counts itself */
		uint32_t at = emit(g, BPF_JMP | 0xe0, 0, 0, 0, 0);

		statements(g, 1 + below(g, 3));
		emit(g, BPF_JMP | BPF_JA, 0, 0, (int16_t)(at - g->n - 1), 0);
		if (at < N_MAX)
			g->code[at].off = (int16_t)(g->n - at - 1);
	} else {
		start = g->n;
		statements(g, 1 + below(g, 3));
		add_imm(g, counter, 1 + (int32_t)below(g, 2));
		emit(g,
		     (one_in(g, 3) ? BPF_JMP32 : BPF_JMP) | (one_in(g, 3) ? BPF_JNE : BPF_JLT) |
		         BPF_K,
		     counter, 0, (int16_t)(start - g->n - 1), rounds);
	}
	g->loops--;
}

static void branch(struct gen *g)
{
	int a = number(g), b = number(g);
	enum what before[11];
	uint32_t at;

	if (one_in(g, 2) && !(a == b && g->is_plain))
		at = emit(g, some_comparison(g) | BPF_X, (uint8_t)a, (uint8_t)b, 0, 0);
	else
		at = emit(g, some_comparison(g), (uint8_t)a, 0, 0, some_imm(g));
	memcpy(before, g->regs, sizeof(before));
	statements(g, 1 + below(g, 4));
	if (at < N_MAX)
		g->code[at].off = (int16_t)(g->n - at - 1);
	for (uint32_t r = 0; r < 10; r++) {
		if (g->regs[r] != before[r])
			g->regs[r] = NOTHING;
	}
}

static void call_function(struct gen *g)
{
	if (g->in_function || g->n_calls >= 4)
		return;
	for (uint8_t r = 1; r < 5; r++) {
		if (g->regs[r] != NOTHING)
			continue;
		if (one_in(g, 2) && some_reg(g, VALUE) >= 0)
			mov(g, r, (uint8_t)some_reg(g, VALUE));
		else if (some_reg(g, NUMBER) >= 0)
			mov(g, r, (uint8_t)some_reg(g, NUMBER));
		else
			emit(g, BPF_ALU64 | BPF_MOV | BPF_K, r, 0, 0, 7), g->regs[r] = NUMBER;
	}
	if (g->n < N_MAX)
		g->calls[g->n_calls++] = g->n;
	emit(g, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 0);
	for (uint32_t r = 0; r < 6; r++)
		g->regs[r] = r ? NOTHING : NUMBER;
}

static void statements(struct gen *g, uint32_t n)
{
	while (n-- && g->n < N_MAX - 60) {
		switch (below(g, 24)) {
		case 0:
		case 1:
		case 2:
		case 3:
			alu(g);
			break;
		case 4:
		case 5:
			bound(g, number(g));
			break;
		case 6:
		case 7:
		case 8:
			move_pointer(g, VALUE);
			break;
		case 9:
			move_pointer(g, FRAME);
			break;
		case 10:
		case 11:
			spill(g);
			break;
		case 12:
		case 13:
			fill(g);
			break;
		case 14:
			packet(g);
			break;
		case 15:
			look_up(g);
			break;
		case 16:
			access_value(g);
			break;
		case 17:
			sized_helper(g);
			break;
		case 18:
			ring(g);
			break;
		case 19:
			loop(g);
			break;
		case 20:
		case 21:
			branch(g);
			break;
		case 22:
			call_function(g);
			break;
		default:
			make_number(g);
		}
	}
}

static void end_function(struct gen *g)
{
	uint32_t at;

	if (g->regs[0] != NUMBER || one_in(g, 2))
		emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	emit(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	at = g->n;
	emit(g, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1);
	emit(g, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	if (!g->n_exits)
		g->n -= 2;
	for (uint32_t k = 0; k < g->n_exits; k++)
		g->code[g->exits[k]].off = (int16_t)(at - g->exits[k] - 1);
	g->n_exits = 0;
}

static void generate(struct gen *g)
{
	static const uint32_t types[] = {BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_SCHED_CLS,
	                                 BPF_PROG_TYPE_XDP};

	g->type = types[below(g, 3)];
	g->regs[1] = CTX;
	mov(g, 6, 1);
	look_up(g);
	statements(g, 3 + below(g, one_in(g, 3) ? 40 : 12));
	end_function(g);
	for (uint32_t k = 0; k < g->n_calls && g->n < N_MAX - 40; k++) {
		uint32_t at = g->calls[k];

		g->code[at].imm = (int32_t)(g->n - at - 1);
		memset(g->regs, 0, sizeof(g->regs));
		memset(g->slots, 0, sizeof(g->slots));
		/* The arguments: sometimes one that is right. */
		for (uint32_t r = 1; r < 5; r++)
			g->regs[r] = one_in(g, 2) ? VALUE : NUMBER;
		g->in_function = true;
		statements(g, 1 + below(g, 6));
		end_function(g);
	}
}

/* ---- asking ---------------------------------------------------------------------------------- */

static struct {
	int fds[MAP_N];
	bool is_open, asks_kernel, tells_strict;
	uint64_t tried, accepted, strict, sharper;
	char log[LOG_B];
} kernel;

static void open_kernel(void)
{
	kernel.is_open = true;
	kernel.asks_kernel = getenv("FUZZ_LOAD");
	kernel.tells_strict = getenv("FUZZ_STRICT");
	for (int k = 0; k < MAP_N && kernel.asks_kernel; k++) {
		kernel.fds[k] = bpf_map_create(defs[k].type, defs[k].name, defs[k].key_size_b,
		                               defs[k].value_size_b, defs[k].max_entries, NULL);
		FUZZ_CHECK(kernel.fds[k] >= 0);
	}
}

static bool kernel_accepts(const struct gen *g, int level)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .fd_array = kernel.fds, .log_buf = kernel.log,
	            .log_size = LOG_B, .log_level = (uint32_t)level);
	int fd;

	if (!level)
		opts.log_buf = NULL, opts.log_size = 0;
	fd = bpf_prog_load(g->type, "fuzz", "GPL", g->code, g->n, &opts);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static struct vm_program program_of(const struct gen *g)
{
	return (struct vm_program){.name = "fuzz",
	                           .type = g->type,
	                           .is_gpl = true,
	                           .insns = g->code,
	                           .n_insns = g->n,
	                           .maps = def_table,
	                           .n_maps = MAP_N};
}

static bool we_accept(struct arena *a, const struct gen *g, struct vm_verdict *v)
{
	struct vm_verify_options opts = {0};
	struct vm_program p = program_of(g);

	vm_verify(a, &p, &opts, v);
	return v->is_accepted;
}

/* A path that ends early, as one like it was walked before, must not hide a mistake: with every
 * path walked to its end the verdict is the same. (Programs with too many paths are left out.) */
static bool prunes_wrongly(struct arena *a, const struct gen *g, struct vm_verdict *v)
{
	struct vm_verify_options opts = {.is_exhaustive = true, .max_insns = 3000};
	struct vm_program p = program_of(g);

	if (!we_accept(a, g, v))
		return false;
	vm_verify(a, &p, &opts, v);
	return !v->is_accepted && !strstr(v->reason, "too large") && !strstr(v->reason, "complex");
}

/* Where the kernel refused, by its log. */
static uint32_t refused_at(void)
{
	uint32_t pc = 0;
	int n;

	for (const char *line = kernel.log; line; line = strchr(line, '\n')) {
		unsigned number;

		line += *line == '\n';
		n = 0;
		if (sscanf(line, "%u: (%n", &number, &n) == 1 && n)
			pc = number;
	}
	return pc;
}

/* Of numbers we may know more than the kernel (tests/unit/scalar_kernel.c: never less): branches
 * that it takes both ways are decided, offsets are within bounds. Whether that is true, running
 * the program tells. */
static bool knows_less(void)
{
	static const char *const words[] = {"invalid access to map value",
	                                    "outside of the",
	                                    "unbounded",
	                                    "out of bounds",
	                                    "is negative",
	                                    "invalid variable-offset",
	                                    "invalid write to stack",
	                                    "zero-sized read",
	                                    "sequence of",
	                                    "too large",
	                                    "loop",
	                                    "misaligned",
	                                    "read from stack"};

	for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++) {
		if (strstr(kernel.log, words[k]))
			return true;
	}
	return false;
}

static bool is_sharper(const struct gen *g, const struct vm_verdict *v)
{
	uint32_t pc;

	if (kernel_accepts(g, 1))
		return false;
	if (knows_less())
		return true;
	pc = refused_at();
	return v->is_accepted && pc < v->facts.n && !v->facts.insns[pc].is_reached;
}

/* What faults when the accepted program is run, or NULL. */
static const char *run_checked(const struct gen *g, const struct vm_verdict *v, struct strbuf *why)
{
	struct vm_code_options opts = {.backend = VM_CHECKED};
	struct vm_program p = program_of(g);
	struct vm_map *maps[MAP_N] = {0};
	struct vm_code *code = NULL;
	struct vm_input in;
	unsigned char bytes[PACKET_B], value[VALUE_B];
	struct gen dice = {.state = g->state};
	const char *fault = NULL;

	for (int k = 0; k < MAP_N; k++)
		FUZZ_CHECK(!vm_map_create(&defs[k], 1, &maps[k], why));
	FUZZ_CHECK(!vm_code_create(&p, &v->facts, maps, &opts, &code, why));
	for (int round = 0; round < 4 && !fault; round++) {
		struct vm_run run = {0};

		for (uint32_t k = 0; k < PACKET_B; k++)
			bytes[k] = (unsigned char)below(&dice, round ? 256 : 64);
		for (uint64_t key = 0; key < 4; key++) {
			for (uint32_t k = 0; k < VALUE_B; k++)
				value[k] = one_in(&dice, 2) ? 0 : (unsigned char)below(&dice, 256);
			vm_map_write(maps[MAP_ARRAY], &key, value, 0);
			vm_map_write(maps[MAP_HASH], &key, value, 0);
		}
		FUZZ_CHECK(!vm_input_make(&p, bytes, PACKET_B, &in, why));
		vm_input_arm(&in, &run);
		vm_code_run(code, &run, in.r2);
		vm_input_free(&in);
		/* may_goto goes round millions of times */
		if (run.fault && strcmp(run.fault, "too many instructions"))
			fault = run.fault;
		if (fault)
			sb_addf(why, "%u: %s", run.fault_pc, fault);
	}
	vm_code_destroy(code);
	for (int k = 0; k < MAP_N; k++)
		vm_map_destroy(maps[k]);
	return fault;
}

static bool faults(struct arena *a, const struct gen *g, struct vm_verdict *v)
{
	own_strbuf struct strbuf why = {0};

	return we_accept(a, g, v) && run_checked(g, v, &why);
}

enum complaint { LAX, STRICT, PRUNED, FAULT };

static bool disagrees(const struct gen *g, enum complaint c)
{
	struct arena *a = arena_create();
	struct vm_verdict v;
	bool ours = c == LAX, is;

	if (c == PRUNED)
		is = prunes_wrongly(a, g, &v);
	else if (c == FAULT)
		is = faults(a, g, &v);
	else
		is = we_accept(a, g, &v) == ours && kernel_accepts(g, 0) == !ours &&
		     (!ours || !is_sharper(g, &v));

	arena_destroy(a);
	return is;
}

/* Takes out the instructions [at, at + n), jumps over them shortened. */
static bool cut(const struct gen *g, uint32_t at, uint32_t n, struct gen *ret)
{
	*ret = *g;
	if (at + n > g->n)
		return false;
	memmove(&ret->code[at], &g->code[at + n], (g->n - at - n) * sizeof(g->code[0]));
	ret->n -= n;
	for (uint32_t k = 0; k < ret->n; k++) {
		struct bpf_insn *i = &ret->code[k];
		uint32_t from = k < at ? k : k + n;
		bool is_jump = (BPF_CLASS(i->code) == BPF_JMP || BPF_CLASS(i->code) == BPF_JMP32) &&
		               BPF_OP(i->code) != BPF_CALL && BPF_OP(i->code) != BPF_EXIT;
		bool is_call = i->code == (BPF_JMP | BPF_CALL) && i->src_reg == BPF_PSEUDO_CALL;
		int64_t to = (int64_t)from + 1 + (is_jump ? i->off : i->imm);

		if (!is_jump && !is_call)
			continue;
		if (to >= at && to < at + n)
			to = at;
		else if (to >= at + n)
			to -= n;
		if (is_jump)
			i->off = (int16_t)(to - k - 1);
		else
			i->imm = (int32_t)(to - k - 1);
	}
	return true;
}

static void minimise(struct gen *g, enum complaint c)
{
	static struct gen try;
	bool is_smaller = true;

	while (is_smaller) {
		is_smaller = false;
		for (uint32_t n = 8; n; n /= 2) {
			for (uint32_t at = 0; at + n <= g->n;) {
				if (cut(g, at, n, &try) && disagrees(&try, c)) {
					*g = try;
					is_smaller = true;
				} else {
					at++;
				}
			}
		}
	}
}

static void print_program(const struct gen *g)
{
	struct strbuf s = {0};

	bpf_disasm(g->code, g->n, &s);
	fputs(sb_str(&s), stderr);
	sb_free(&s);
}

static void report(struct arena *a, struct gen *g, enum complaint c)
{
	struct vm_verdict v;

	setitimer(ITIMER_PROF, &(struct itimerval){0}, NULL); /* this may take longer than a run */
	alarm(0);
	minimise(g, c);
	fprintf(stderr, "type %u: %s\n", g->type,
	        c == LAX      ? "we accept, the kernel refuses"
	        : c == STRICT ? "we refuse, the kernel accepts"
	        : c == FAULT  ? "accepted, and faults"
	                      : "accepted, unless every path is walked");
	print_program(g);
	if (c == LAX || c == STRICT)
		kernel_accepts(g, 2);
	else
		*kernel.log = '\0';
	if (c != PRUNED || !prunes_wrongly(a, g, &v))
		we_accept(a, g, &v);
	fprintf(stderr, "kernel: %s\nours: %u: %s\n", kernel.log, v.pc,
	        v.reason ? v.reason : "accepted");
	if (c == FAULT) {
		own_strbuf struct strbuf why = {0};

		run_checked(g, &v, &why);
		fprintf(stderr, "fault: %s\n", sb_str(&why));
	}
	FUZZ_CHECK(!"both say the same");
}

void fuzz_one(const char *data, size_t len_b)
{
	static struct gen g;
	struct arena *a = arena_create();
	struct vm_verdict v, walked;
	bool ours, theirs;

	if (!kernel.is_open)
		open_kernel();
	memset(&g, 0, sizeof(g));
	for (size_t k = 0; k < len_b; k++)
		g.state = (g.state ^ (unsigned char)data[k]) * 0x100000001b3;
	g.is_plain = kernel.asks_kernel;
	generate(&g);
	if (g.n > N_MAX)
		g.n = N_MAX;
	ours = we_accept(a, &g, &v);
	kernel.tried++;
	kernel.accepted += ours;
	if (ours && prunes_wrongly(a, &g, &walked))
		report(a, &g, PRUNED);
	if (ours && faults(a, &g, &walked))
		report(a, &g, FAULT);
	if (kernel.asks_kernel) {
		theirs = kernel_accepts(&g, 0);
		if (ours && !theirs && is_sharper(&g, &v)) {
			kernel.sharper++;
		} else if (ours != theirs && (ours || kernel.tells_strict)) {
			report(a, &g, ours ? LAX : STRICT);
		}
		kernel.strict += theirs && !ours;
		if (kernel.tried % 10000 == 0)
			fprintf(
			    stderr,
			    "%llu tried, %llu accepted, %llu by the kernel only, %llu by us only\n",
			    (unsigned long long)kernel.tried, (unsigned long long)kernel.accepted,
			    (unsigned long long)kernel.strict, (unsigned long long)kernel.sharper);
	}
	arena_destroy(a);
}
