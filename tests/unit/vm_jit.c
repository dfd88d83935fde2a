/* The JIT of this CPU (and x86-64's on any): every instruction with edge values against C, then
 * random programs against the interpreter, each with and without what not every CPU has (BMI2, LSE
 * atomics), and with constants blinded.
 *
 * JIT_COUNT=n tries so many random programs, JIT_SEED=n only that one; JIT_SHOW=1 shows it. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "bpf/disasm.h"
#include "bpf/insn.h"
#include "vm/jit/jit.h"

enum {
	CONTEXT_B = 512,
	ROOM_B = 1 << 20,
	MAX_INSNS = 2000,
};

struct program {
	struct bpf_insn insns[MAX_INSNS];
	uint32_t n;
	uint32_t func_pcs[8], func_stack_b[8], n_funcs;
	struct vm_map *maps[4];
	uint32_t n_maps;
	struct vm_fact facts[MAX_INSNS];
};

static void put(struct program *p, struct bpf_insn i)
{
	assert_true(p->n < MAX_INSNS);
	p->facts[p->n] = (struct vm_fact){.is_reached = true, .map = VM_NONE, .callback = VM_NONE};
	p->insns[p->n++] = i;
}

static void put_lddw(struct program *p, uint8_t dst, uint8_t pseudo, uint64_t imm)
{
	struct bpf_insn i[2];

	bpf_lddw(i, dst, pseudo, imm);
	put(p, i[0]);
	put(p, i[1]);
}

static void begin(struct program *p)
{
	memset(p, 0, sizeof(*p));
	p->n_funcs = 1;
	p->func_stack_b[0] = BPF_STACK_B;
}

static void begin_function(struct program *p)
{
	p->func_pcs[p->n_funcs] = p->n;
	p->func_stack_b[p->n_funcs++] = 64;
}

/* The program as code that the interpreter runs. */
static struct vm_code *code_of(struct program *p, enum vm_backend backend)
{
	own_strbuf struct strbuf why = {0};
	const struct vm_map_def *defs[4];
	struct vm_program program = {
	    .name = "test", .insns = p->insns, .n_insns = p->n, .maps = defs, .n_maps = p->n_maps};
	struct vm_facts facts = {.insns = p->facts,
	                         .n = p->n,
	                         .func_pcs = p->func_pcs,
	                         .func_stack_b = p->func_stack_b,
	                         .n_funcs = p->n_funcs};
	struct vm_code_options opts = {.backend = backend};
	struct vm_code *c = NULL;
	int err;

	for (uint32_t k = 0; k < p->n_maps; k++)
		defs[k] = &p->maps[k]->def;
	err = vm_code_create(&program, &facts, p->maps, &opts, &c, &why);
	if (err)
		fail_msg("%d: %s", err, sb_str(&why));
	return c;
}

/* ---- variants of the JIT ----------------------------------------------------------------------
 */

struct variant {
	const char *name;
	uint32_t without; /* features taken away */
	bool blinds;
};

static const struct variant variants[] = {
    {"as it is", 0, false},
    {"without BMI2", 1, false},
    {"blinded", 0, true},
};
enum { N_VARIANTS = 3 };

/* Machine code of `c`, made as a variant says, in a page of its own. */
struct machine {
	struct vm_code code;
	unsigned char *memory;
};

static void machine_make(struct machine *m, const struct vm_code *c, const struct variant *v)
{
	own_arena struct arena *a = arena_create();
	struct vm_code_options opts = {.blinds_constants = v->blinds};
	const struct jit_target *t = jit_host_target();
	struct jit j;

	m->memory = mmap(NULL, ROOM_B, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(m->memory, MAP_FAILED);
	assert_int_equal(jit_compile(&j, a, t, c, &opts, t->features() & ~v->without,
	                             (uintptr_t)m->memory, ROOM_B),
	                 0);
	memcpy(m->memory, j.code.items, j.code.n);
	if (getenv("JIT_DUMP")) {
		FILE *f = fopen(getenv("JIT_DUMP"), "w");

		fwrite(j.code.items, 1, j.code.n, f);
		fclose(f);
	}
	assert_int_equal(mprotect(m->memory, ROOM_B, PROT_READ | PROT_EXEC), 0);
	m->code = *c;
	m->code.backend = VM_JIT;
	m->code.interp = NULL;
	m->code.entry = (uint64_t(*)(uint64_t, uint64_t, struct vm_run *))(uintptr_t)m->memory;
}

static void machine_free(struct machine *m)
{
	munmap(m->memory, ROOM_B);
}

static uint64_t run_on(struct vm_code *c, void *context)
{
	struct vm_run run = {.cpu = 1, .code = c, .context = context, .context_b = CONTEXT_B};

	return vm_code_run(c, &run, 0);
}

/* ---- single instructions ----------------------------------------------------------------------
 */

static const uint64_t edges[] = {
    0,
    1,
    2,
    7,
    31,
    32,
    33,
    63,
    64,
    127,
    0x80,
    0xff,
    0x100,
    0x1234,
    0x7fff,
    0x8000,
    0xffff,
    0x12345678,
    0x7fffffff,
    0x80000000,
    0xfffffff6,
    0xffffffff,
    0x100000000,
    0x123456789abcdef0,
    0x7fffffffffffffff,
    0x8000000000000000,
    0xfedcba9876543210,
    0xffffffff00000000,
    0xffffffff80000000,
    0xfffffffffffffff9,
    0xfffffffffffffffe,
    UINT64_MAX,
};
enum { N_EDGES = sizeof(edges) / sizeof(*edges) };

static uint64_t c_divide(uint64_t a, uint64_t b, bool w, bool is_signed, bool is_mod)
{
	if (!w) {
		a = is_signed ? (uint64_t)(int32_t)a : (uint32_t)a;
		b = is_signed ? (uint64_t)(int32_t)b : (uint32_t)b;
	}
	if (b == 0)
		return is_mod ? a : 0;
	if (is_signed && b == UINT64_MAX)
		return is_mod ? 0 : -a;
	if (is_signed)
		return (uint64_t)(is_mod ? (int64_t)a % (int64_t)b : (int64_t)a / (int64_t)b);
	return is_mod ? a % b : a / b;
}

static uint64_t c_swap(uint64_t a, int bits)
{
	return bits == 16   ? __builtin_bswap16((uint16_t)a)
	       : bits == 32 ? __builtin_bswap32((uint32_t)a)
	                    : __builtin_bswap64(a);
}

static uint64_t c_extend(uint64_t a, int bits)
{
	return (uint64_t)((int64_t)(a << (64 - bits)) >> (64 - bits));
}

/* RFC 9669, section 4: what dst becomes. */
static uint64_t c_alu(const struct bpf_insn *i, uint64_t a, uint64_t b)
{
	bool w = BPF_CLASS(i->code) == BPF_ALU64;
	uint64_t r;

	switch (BPF_OP(i->code)) {
	case BPF_ADD:
		r = a + b;
		break;
	case BPF_SUB:
		r = a - b;
		break;
	case BPF_MUL:
		r = a * b;
		break;
	case BPF_OR:
		r = a | b;
		break;
	case BPF_AND:
		r = a & b;
		break;
	case BPF_XOR:
		r = a ^ b;
		break;
	case BPF_LSH:
		r = w ? a << (b & 63) : (uint32_t)a << (b & 31);
		break;
	case BPF_RSH:
		r = w ? a >> (b & 63) : (uint32_t)a >> (b & 31);
		break;
	case BPF_ARSH:
		r = w ? (uint64_t)((int64_t)a >> (b & 63)) : (uint32_t)((int32_t)a >> (b & 31));
		break;
	case BPF_NEG:
		r = -a;
		break;
	case BPF_MOV:
		r = i->off ? c_extend(b, i->off) : b;
		break;
	case BPF_END:
		if (w || BPF_SRC(i->code) == BPF_TO_BE)
			return c_swap(a, i->imm);
		return i->imm == 64 ? a : a & ((1ull << i->imm) - 1);
	default:
		r = c_divide(a, b, w, i->off == 1, BPF_OP(i->code) == BPF_MOD);
	}
	return w ? r : (uint32_t)r;
}

static bool c_jump(const struct bpf_insn *i, uint64_t a, uint64_t b)
{
	bool w = BPF_CLASS(i->code) == BPF_JMP;
	int64_t sa = w ? (int64_t)a : (int32_t)a, sb = w ? (int64_t)b : (int32_t)b;

	if (!w) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	case BPF_JSLE:
		return sa <= sb;
	default:
		return (a & b) != 0;
	}
}

static bool has_source(const struct bpf_insn *i)
{
	return BPF_SRC(i->code) == BPF_X &&
	       (BPF_OP(i->code) != BPF_END || (BPF_CLASS(i->code) & 7) != BPF_ALU);
}

static void describe(struct strbuf *sb, const struct program *p)
{
	bpf_disasm(p->insns, p->n, sb);
}

/* Runs `p` for all pairs of edges as context[0], [8]; context[16] must be what `want` says. */
static void check_pairs(struct program *p, const struct bpf_insn *i, bool is_jump)
{
	bool is_imm = !has_source(i);
	struct vm_code *c = code_of(p, VM_INTERPRETER);

	for (int k = 0; k < N_VARIANTS; k++) {
		struct machine m;

		machine_make(&m, c, &variants[k]);
		for (int a = 0; a < N_EDGES; a++)
			for (int b = 0; b < (is_imm ? 1 : N_EDGES); b++) {
				uint64_t context[CONTEXT_B / 8] = {edges[a], edges[b]};
				uint64_t right = is_imm ? (uint64_t)(int64_t)i->imm : edges[b];
				uint64_t left =
				    i->dst_reg == i->src_reg && !is_imm ? right : edges[a];
				uint64_t want =
				    is_jump ? c_jump(i, left, right) : c_alu(i, left, right);

				run_on(&m.code, context);
				if (context[2] != want) {
					own_strbuf struct strbuf sb = {0};

					describe(&sb, p);
					fail_msg("%s: %llx and %llx give %llx, not %llx:\n%s",
					         variants[k].name, (unsigned long long)left,
					         (unsigned long long)right,
					         (unsigned long long)context[2],
					         (unsigned long long)want, sb_str(&sb));
				}
			}
		machine_free(&m);
	}
	vm_code_destroy(c);
}

/* r9 holds the context, unless the instruction needs r9. All other registers hold something that
 * must survive; their sum is checked through context[24]. */
static void check_insn(struct bpf_insn i, bool is_jump)
{
	struct program p;
	uint8_t context = i.dst_reg == 9 || i.src_reg == 9 ? 8 : 9;

	begin(&p);
	put(&p, bpf_mov(context, 1));
	for (uint8_t r = 0; r < 10; r++)
		if (r != context)
			put(&p, bpf_mov_imm(r, 1000 + r));
	put(&p, bpf_load(8, false, i.dst_reg, context, 0));
	if (has_source(&i))
		put(&p, bpf_load(8, false, i.src_reg, context, 8));
	if (is_jump) {
		i.off = 2;
		put(&p, i);
		put(&p, bpf_mov_imm(i.dst_reg, 0));
		put(&p, bpf_goto(1));
		put(&p, bpf_mov_imm(i.dst_reg, 1));
	} else {
		put(&p, i);
	}
	put(&p, bpf_store(8, context, 16, i.dst_reg));
	put(&p, bpf_mov_imm(i.dst_reg, 0));
	if (has_source(&i))
		put(&p, bpf_mov_imm(i.src_reg, 0));
	for (uint8_t r = 0; r < 10; r++)
		if (r != context && r != i.dst_reg)
			put(&p, bpf_alu(BPF_ADD, false, i.dst_reg, r));
	put(&p, bpf_store(8, context, 24, i.dst_reg));
	put(&p, bpf_mov_imm(0, 0));
	put(&p, bpf_exit());
	check_pairs(&p, &i, is_jump);

	/* The survivors. */
	{
		struct vm_code *c = code_of(&p, VM_INTERPRETER);
		uint64_t x[CONTEXT_B / 8] = {3, 5}, y[CONTEXT_B / 8] = {3, 5};

		run_on(c, x);
		for (int k = 0; k < N_VARIANTS; k++) {
			struct machine m;

			machine_make(&m, c, &variants[k]);
			y[3] = 0;
			run_on(&m.code, y);
			assert_int_equal(x[3], y[3]);
			machine_free(&m);
		}
		vm_code_destroy(c);
	}
}

static const uint8_t binary[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_MOD,  BPF_OR,
                                 BPF_AND, BPF_XOR, BPF_LSH, BPF_RSH, BPF_ARSH, BPF_MOV};
/* Pairs of registers that meet every special one: r0 (rax), r3 (rdx), r4 (rcx), the high ones. */
static const uint8_t pairs[][2] = {{0, 1}, {1, 0}, {3, 0}, {0, 3}, {4, 3}, {3, 4}, {1, 4},
                                   {4, 4}, {7, 2}, {2, 8}, {0, 0}, {9, 5}, {6, 9}, {3, 3}};
enum { N_PAIRS = sizeof(pairs) / sizeof(*pairs) };

static void test_alu_registers(void **state)
{
	(void)state;
	for (size_t op = 0; op < sizeof(binary); op++)
		for (int is_32 = 0; is_32 < 2; is_32++)
			for (int k = 0; k < N_PAIRS; k++) {
				struct bpf_insn i =
				    bpf_alu(binary[op], is_32, pairs[k][0], pairs[k][1]);

				check_insn(i, false);
				if (binary[op] == BPF_DIV || binary[op] == BPF_MOD) {
					i.off = 1;
					check_insn(i, false);
				}
			}
}

static void test_alu_immediates(void **state)
{
	static const int32_t imms[] = {0,  1,    -1,    2,     3,        5,         7,        10,
	                               13, 16,   100,   127,   128,      -128,      -129,     255,
	                               60, 1000, 65535, 65536, 10000007, INT32_MAX, INT32_MIN};

	(void)state;
	for (size_t op = 0; op < sizeof(binary); op++)
		for (int is_32 = 0; is_32 < 2; is_32++)
			for (size_t k = 0; k < sizeof(imms) / sizeof(*imms); k++) {
				uint8_t dst = pairs[k % N_PAIRS][0];
				struct bpf_insn i = bpf_alu_imm(binary[op], is_32, dst, imms[k]);

				if (binary[op] >= BPF_LSH && binary[op] <= BPF_RSH)
					i.imm &= is_32 ? 31 : 63;
				if (binary[op] == BPF_ARSH)
					i.imm &= is_32 ? 31 : 63;
				if ((binary[op] == BPF_DIV || binary[op] == BPF_MOD) && !i.imm)
					continue;
				i.src_reg = 0;
				check_insn(i, false);
				if (binary[op] == BPF_DIV || binary[op] == BPF_MOD) {
					i.off = 1;
					check_insn(i, false);
				}
			}
}

static void test_alu_unary(void **state)
{
	(void)state;
	for (int k = 0; k < N_PAIRS; k++) {
		uint8_t dst = pairs[k][0], src = pairs[k][1];

		check_insn(bpf_neg(false, dst), false);
		check_insn(bpf_neg(true, dst), false);
		for (int bits = 16; bits <= 64; bits *= 2) {
			check_insn(bpf_to_be(dst, bits), false);
			check_insn(bpf_make(BPF_ALU | BPF_END | BPF_TO_LE, dst, 0, 0, bits), false);
			check_insn(bpf_bswap(dst, bits), false);
		}
		for (int16_t bits = 8; bits <= 32; bits = (int16_t)(bits * 2)) {
			check_insn(bpf_make(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, bits, 0), false);
			if (bits < 32)
				check_insn(bpf_make(BPF_ALU | BPF_MOV | BPF_X, dst, src, bits, 0),
				           false);
		}
	}
}

static void test_jumps(void **state)
{
	static const uint8_t ops[] = {BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,  BPF_JLT, BPF_JLE,
	                              BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET};
	static const int32_t imms[] = {0, 1, -1, 127, 128, 255, 65535, INT32_MAX, INT32_MIN};

	(void)state;
	for (size_t op = 0; op < sizeof(ops); op++)
		for (int is_32 = 0; is_32 < 2; is_32++) {
			for (int k = 0; k < N_PAIRS; k++)
				check_insn(bpf_jmp(ops[op], is_32, pairs[k][0], pairs[k][1], 0),
				           true);
			for (size_t k = 0; k < sizeof(imms) / sizeof(*imms); k++)
				check_insn(bpf_jmp_imm(ops[op], is_32, pairs[k][0], imms[k], 0),
				           true);
		}
}

/* ---- division by constants --------------------------------------------------------------------
 */

static void test_magic(void **state)
{
	(void)state;
	for (uint64_t d = 3; d < 3000; d++) {
		if (!(d & (d - 1)))
			continue;
		for (unsigned bits = 32; bits <= 64; bits += 32) {
			uint64_t by = d > 2000 ? d * (bits == 32 ? 1398101 : 0x5555555555555) : d;
			struct jit_magic m = jit_magic_unsigned(by, bits);

			for (int k = 0; k < 3 * N_EDGES; k++) {
				uint64_t x = k < N_EDGES ? edges[k]
				             : k < 2 * N_EDGES
				                 ? edges[k - N_EDGES] / by * by
				                 : edges[k - 2 * N_EDGES] / by * by - 1;
				uint64_t max = bits == 32 ? UINT32_MAX : UINT64_MAX, h;

				x &= max;
				h = (uint64_t)(((unsigned __int128)x * m.mul) >> bits);
				if (m.adds)
					h = (((x - h) >> 1) + h) >> m.shift;
				else
					h >>= m.shift;
				assert_int_equal(h, x / by);
			}
		}
	}
}

/* ---- random programs --------------------------------------------------------------------------
 */

struct random {
	struct program p;
	uint64_t seed;
	uint8_t context; /* register, r6 to r9 */
	struct {
		uint32_t pc;
		int left; /* items to be skipped still */
	} open[16];
	int n_open;
	bool has_function;
};

static uint32_t below(struct random *g, uint32_t n)
{
	g->seed = g->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(g->seed >> 33) % n;
}

static uint8_t any_reg(struct random *g)
{
	uint8_t r = (uint8_t)below(g, 10);

	return r == g->context ? (uint8_t)(g->context == 9 ? 6 : r + 1) : r;
}

static int32_t any_imm(struct random *g)
{
	static const int32_t special[] = {0,   1,   -1,   2,      4,      8,         32,
	                                  127, 128, -128, 0xffff, 0x7fff, INT32_MIN, INT32_MAX};

	switch (below(g, 3)) {
	case 0:
		return special[below(g, sizeof(special) / sizeof(*special))];
	case 1:
		return (int32_t)below(g, 64) - 16;
	default:
		return (int32_t)(below(g, UINT16_MAX) << 16 | below(g, UINT16_MAX));
	}
}

static uint8_t any_width(struct random *g)
{
	return (uint8_t)(1 << below(g, 4));
}

static int16_t stack_off(struct random *g, uint8_t width_b)
{
	return (int16_t)(-64 + (int)below(g, 64 / width_b) * width_b);
}

static void random_alu(struct random *g)
{
	uint8_t op = binary[below(g, sizeof(binary))], dst = any_reg(g), src = any_reg(g);
	bool is_32 = below(g, 2);
	struct bpf_insn i;

	if (below(g, 3) == 0)
		op = BPF_MOV; /* copies are what there is most of */
	if (below(g, 2)) {
		i = bpf_alu(op, is_32, dst, src);
	} else {
		i = bpf_alu_imm(op, is_32, dst, any_imm(g));
		if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
			i.imm = (int32_t)below(g, is_32 ? 32 : 64);
		if (op == BPF_DIV || op == BPF_MOD)
			i.imm |= 1;
	}
	if ((op == BPF_DIV || op == BPF_MOD) && below(g, 2))
		i.off = 1;
	if (op == BPF_MOV && BPF_SRC(i.code) == BPF_X && below(g, 4) == 0)
		i.off = (int16_t)(8 << below(g, is_32 ? 2 : 3));
	put(&g->p, i);
}

static void random_unary(struct random *g)
{
	uint8_t r = any_reg(g);
	int bits = 16 << below(g, 3);

	switch (below(g, 4)) {
	case 0:
		put(&g->p, bpf_neg(below(g, 2), r));
		break;
	case 1:
		put(&g->p, bpf_to_be(r, bits));
		break;
	case 2:
		put(&g->p, bpf_make(BPF_ALU | BPF_END | BPF_TO_LE, r, 0, 0, bits));
		break;
	default:
		put(&g->p, bpf_bswap(r, bits));
	}
}

static void random_memory(struct random *g)
{
	uint8_t width_b = any_width(g), base = below(g, 2) ? 10 : g->context;
	int16_t off =
	    base == 10 ? stack_off(g, width_b) : (int16_t)(below(g, 256 / width_b) * width_b);

	switch (below(g, 5)) {
	case 0:
		put(&g->p, bpf_store(width_b, base, off, any_reg(g)));
		break;
	case 1:
		put(&g->p, bpf_store_imm(width_b, base, off, any_imm(g)));
		break;
	case 2:
		put(&g->p, bpf_load(width_b, width_b < 8 && below(g, 2), any_reg(g), base, off));
		break;
	default:
		put(&g->p, bpf_load(width_b, false, any_reg(g), base, off));
	}
}

/* context[(x & mask) << shift]: an address in several instructions. */
static void random_indexed(struct random *g)
{
	uint8_t at = any_reg(g), from = any_reg(g), shift = (uint8_t)below(g, 4);
	uint8_t width_b = any_width(g);

	put(&g->p, bpf_alu(BPF_MOV, below(g, 2), at, from));
	put(&g->p, bpf_alu_imm(BPF_AND, below(g, 2), at, 15));
	if (shift)
		put(&g->p, bpf_alu_imm(BPF_LSH, below(g, 2), at, shift));
	if (below(g, 3) == 0) {
		uint8_t base = any_reg(g);

		put(&g->p, bpf_mov(base, g->context));
		put(&g->p, bpf_alu_imm(BPF_ADD, false, base, 8));
		put(&g->p, bpf_alu(BPF_ADD, false, base, at));
		if (base == at)
			put(&g->p, bpf_mov(at, g->context));
		else
			at = base;
	} else {
		put(&g->p, bpf_alu(BPF_ADD, false, at, g->context));
	}
	if (below(g, 3))
		put(&g->p, bpf_load(width_b, false, any_reg(g), at, (int16_t)below(g, 64)));
	else
		put(&g->p, bpf_store(width_b, at, (int16_t)below(g, 64), any_reg(g)));
	put(&g->p, bpf_load(8, false, at, g->context, 0)); /* no address may get into results */
}

static void random_rotation(struct random *g)
{
	uint8_t a = any_reg(g), b = any_reg(g), op = below(g, 2) ? BPF_OR : BPF_XOR;
	bool is_32 = below(g, 2);
	int bits = is_32 ? 32 : 64, n = 1 + (int)below(g, (uint32_t)bits - 1);

	if (a == b)
		return;
	put(&g->p, bpf_mov(a, b));
	put(&g->p, bpf_alu_imm(BPF_LSH, is_32, a, n));
	put(&g->p, bpf_alu_imm(BPF_RSH, is_32, b, bits - n - (below(g, 8) == 0 && n < bits - 1)));
	if (below(g, 2))
		put(&g->p, bpf_alu(op, is_32, a, b));
	else
		put(&g->p, bpf_alu(op, is_32, b, a));
}

/* Two neighbouring bytes, or nearly, joined to a number. */
static void random_bytes(struct random *g)
{
	static const uint8_t ops[] = {BPF_OR, BPF_ADD, BPF_XOR, BPF_SUB};
	uint8_t a = any_reg(g), b = any_reg(g), op = ops[below(g, 4)];
	int16_t off = (int16_t)(1 + below(g, 200));
	bool is_32 = below(g, 2);

	if (a == b)
		return;
	put(&g->p, bpf_load(1, false, a, g->context, off));
	put(&g->p,
	    bpf_load(1, below(g, 8) == 0, b, g->context, (int16_t)(off + (int)below(g, 3) - 1)));
	put(&g->p, bpf_alu_imm(BPF_LSH, is_32, a, below(g, 4) ? 8 : 7));
	if (below(g, 2))
		put(&g->p, bpf_alu(op, is_32, a, b));
	else
		put(&g->p, bpf_alu(op, is_32, b, a));
	if (below(g, 4) == 0)
		put(&g->p, bpf_jmp_imm(BPF_JEQ, is_32, a, 0x1200, 0));
}

/* (x << n) >> n, also where it is no extension. */
static void random_extension(struct random *g)
{
	static const int amounts[] = {32, 48, 56, 33, 30, 31, 61, 24, 16};
	uint8_t r = any_reg(g);
	bool is_32 = below(g, 3) == 0;
	int n = amounts[below(g, 9)] & (is_32 ? 31 : 63),
	    m = amounts[below(g, 9)] & (is_32 ? 31 : 63);

	put(&g->p, bpf_alu_imm(BPF_LSH, is_32, r, n));
	put(&g->p, bpf_alu_imm(below(g, 2) ? BPF_RSH : BPF_ARSH, is_32, r, below(g, 3) ? n : m));
}

static void random_atomic(struct random *g)
{
	static const uint32_t ops[] = {BPF_ADD,
	                               BPF_OR,
	                               BPF_AND,
	                               BPF_XOR,
	                               BPF_ADD | BPF_FETCH,
	                               BPF_OR | BPF_FETCH,
	                               BPF_AND | BPF_FETCH,
	                               BPF_XOR | BPF_FETCH,
	                               BPF_XCHG,
	                               BPF_CMPXCHG,
	                               JIT_LOAD_ACQ,
	                               JIT_STORE_REL};
	uint32_t op = ops[below(g, 12)];
	uint8_t width_b = below(g, 2) ? 4 : 8, base = below(g, 2) ? 10 : g->context;
	int16_t off;
	struct bpf_insn i;

	if (op == JIT_LOAD_ACQ || op == JIT_STORE_REL)
		width_b = any_width(g);
	off = base == 10 ? stack_off(g, width_b) : (int16_t)(below(g, 256 / width_b) * width_b);
	i = bpf_atomic(width_b, op, base, off, any_reg(g));
	if (op == JIT_LOAD_ACQ)
		i = bpf_atomic(width_b, op, any_reg(g), off, base);
	if (op == BPF_CMPXCHG && below(g, 2)) /* mostly equal */
		put(&g->p, bpf_load(width_b, false, 0, base, off));
	put(&g->p, i);
}

static void random_jump(struct random *g)
{
	static const uint8_t ops[] = {BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,  BPF_JLT, BPF_JLE,
	                              BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET};
	uint8_t op = ops[below(g, sizeof(ops))];
	bool is_32 = below(g, 2);

	if (g->n_open == 16)
		return;
	g->open[g->n_open].pc = g->p.n;
	g->open[g->n_open++].left = 2 + (int)below(g, 3);
	if (below(g, 2))
		put(&g->p, bpf_jmp(op, is_32, any_reg(g), any_reg(g), 0));
	else
		put(&g->p, bpf_jmp_imm(op, is_32, any_reg(g), any_imm(g), 0));
}

static void close_jumps(struct random *g, bool all)
{
	for (int k = 0; k < g->n_open;) {
		if (--g->open[k].left > 0 && !all) {
			k++;
			continue;
		}
		g->p.insns[g->open[k].pc].off = (int16_t)(g->p.n - g->open[k].pc - 1);
		g->open[k] = g->open[--g->n_open];
	}
}

static void reload_arguments(struct random *g)
{
	for (uint8_t r = 1; r <= 5; r++)
		put(&g->p, bpf_load(8, false, r, g->context, (int16_t)(8 * r)));
}

static void random_lookup(struct random *g)
{
	uint32_t map = below(g, g->p.n_maps), known;
	uint8_t key = any_reg(g), width_b;

	if (below(g, 2))
		put(&g->p, bpf_alu_imm(BPF_AND, true, key, 7)); /* maps have 5 */
	known = VM_NONE;
	if (below(g, 4)) {
		put(&g->p, bpf_store(4, 10, -72, key));
	} else {
		known = below(g, 6);
		put(&g->p, bpf_store_imm(4, 10, -72, (int32_t)known));
	}
	put(&g->p, bpf_mov(2, 10));
	put(&g->p, bpf_alu_imm(BPF_ADD, false, 2, -72));
	put_lddw(&g->p, 1, BPF_PSEUDO_MAP_IDX, map);
	put(&g->p, bpf_call(BPF_FUNC_map_lookup_elem));
	g->p.facts[g->p.n - 1].map = map;
	g->p.facts[g->p.n - 1].has_key = known < 5 && below(g, 2);
	g->p.facts[g->p.n - 1].key = known;
	width_b = (uint8_t)g->p.maps[map]->def.value_size_b;
	width_b = width_b > 8 ? 8 : width_b;
	switch (below(g, 3)) {
	case 0:
		put(&g->p, bpf_jmp_imm(BPF_JEQ, false, 0, 0, 2));
		put(&g->p, bpf_load(width_b, false, 1, 0, 0));
		put(&g->p, bpf_mov(0, 1));
		break;
	case 1:
		put(&g->p, bpf_jmp_imm(BPF_JNE, false, 0, 0, 2));
		put(&g->p, bpf_mov_imm(0, 77));
		put(&g->p, bpf_goto(3));
		put(&g->p, bpf_store_imm(width_b, 0, 0, 99));
		put(&g->p, bpf_load(width_b, false, 1, 0, 0));
		put(&g->p, bpf_mov(0, 1));
		break;
	default:
		put(&g->p, bpf_mov_imm(1, 5));
		put(&g->p, bpf_jmp_imm(BPF_JEQ, false, 0, 0, 2));
		put(&g->p, bpf_alu_imm(BPF_ADD, false, 1, 1));
		put(&g->p, bpf_store(width_b, 0, 0, 1));
		put(&g->p, bpf_mov(0, 1));
	}
	reload_arguments(g);
}

static void random_call(struct random *g)
{
	if (below(g, 2)) {
		g->has_function = true;
		put(&g->p, bpf_call_func(0)); /* where to is filled in at the end */
	} else {
		put(&g->p, bpf_call(BPF_FUNC_get_smp_processor_id));
	}
	reload_arguments(g);
}

static void random_items(struct random *g, int n);

/* A loop of a few rounds; its counter is on the stack. */
static void random_loop(struct random *g)
{
	uint8_t r = any_reg(g);
	uint32_t head;

	close_jumps(g, true);
	put(&g->p, bpf_store_imm(4, 10, -80, 1 + (int32_t)below(g, 4)));
	head = g->p.n;
	random_items(g, 1 + (int)below(g, 6));
	close_jumps(g, true);
	put(&g->p, bpf_load(4, false, r, 10, -80));
	put(&g->p, bpf_alu_imm(BPF_ADD, below(g, 2), r, -1));
	put(&g->p, bpf_store(4, 10, -80, r));
	put(&g->p, bpf_jmp_imm(BPF_JNE, below(g, 2), r, 0, 0));
	g->p.insns[g->p.n - 1].off = (int16_t)((int)head - (int)g->p.n);
}

static void random_items(struct random *g, int n)
{
	for (int k = 0; k < n; k++) {
		close_jumps(g, false);
		switch (below(g, 25)) {
		case 0:
		case 1:
		case 2:
			random_memory(g);
			break;
		case 3:
		case 4:
			random_indexed(g);
			break;
		case 5:
			random_rotation(g);
			break;
		case 6:
			random_atomic(g);
			break;
		case 7:
		case 8:
		case 9:
			random_jump(g);
			break;
		case 10:
			random_unary(g);
			break;
		case 11:
			random_lookup(g);
			break;
		case 12:
			random_call(g);
			break;
		case 13:
			random_extension(g);
			break;
		case 15:
			random_bytes(g);
			break;
		case 14:
			put_lddw(&g->p, any_reg(g), 0,
			         (uint64_t)(uint32_t)any_imm(g) << 32 | (uint32_t)any_imm(g));
			break;
		default:
			random_alu(g);
		}
	}
}

/* A function of r1 to r5 that uses the callee-saved registers, too. */
static void random_function(struct random *g)
{
	uint32_t pc = g->p.n;

	begin_function(&g->p);
	put(&g->p, bpf_store(8, 10, -8, 1));
	put(&g->p, bpf_mov(6, 2));
	put(&g->p, bpf_alu(BPF_XOR, false, 6, 3));
	put(&g->p, bpf_mov(9, 4));
	put(&g->p, bpf_alu(BPF_MUL, false, 9, 5));
	put(&g->p, bpf_jmp(BPF_JGT, false, 6, 9, 1));
	put(&g->p, bpf_mov(9, 6));
	put(&g->p, bpf_load(8, false, 0, 10, -8));
	put(&g->p, bpf_alu(BPF_ADD, false, 0, 9));
	put(&g->p, bpf_exit());
	for (uint32_t k = 0; k < pc; k++)
		if (g->p.insns[k].code == (BPF_JMP | BPF_CALL) &&
		    g->p.insns[k].src_reg == BPF_PSEUDO_CALL)
			g->p.insns[k].imm = (int32_t)(pc - k - 1);
}

static void random_program(struct random *g, uint64_t seed, struct vm_map **maps, uint32_t n_maps)
{
	memset(g, 0, sizeof(*g));
	begin(&g->p);
	g->seed = seed * 0x9e3779b97f4a7c15u + 1;
	memcpy(g->p.maps, maps, n_maps * sizeof(*maps));
	g->p.n_maps = n_maps;
	g->context = (uint8_t)(6 + below(g, 4));
	put(&g->p, bpf_mov(g->context, 1));
	for (uint8_t r = 0; r < 10; r++)
		if (r != g->context)
			put(&g->p, bpf_load(8, false, r, g->context, (int16_t)(8 * r)));
	for (int16_t off = -80; off < 0; off += 8)
		put(&g->p, bpf_store(8, 10, off, (uint8_t)((uint8_t)(-off / 8) % 6)));
	for (int k = (int)below(g, 3) + 1; k > 0; k--) {
		random_items(g, 4 + (int)below(g, 20));
		if (below(g, 2))
			random_loop(g);
	}
	close_jumps(g, true);
	for (uint8_t r = 0; r < 10; r++)
		if (r != g->context)
			put(&g->p, bpf_store(8, g->context, (int16_t)(256 + 8 * r), r));
	for (int16_t off = -64; off < 0; off += 8) {
		put(&g->p, bpf_load(8, false, 1, 10, off));
		put(&g->p, bpf_store(8, g->context, (int16_t)(448 + off), 1));
	}
	put(&g->p, bpf_exit());
	if (g->has_function)
		random_function(g);
}

static void fill(uint64_t *context, uint64_t seed)
{
	for (int k = 0; k < CONTEXT_B / 8; k++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		context[k] = seed >> 60 < 5 ? edges[(seed >> 32) % N_EDGES] : seed ^ seed >> 29;
	}
}

static struct vm_map *map_make(uint32_t type, uint32_t value_b)
{
	struct vm_map_def def = {
	    .name = "m", .type = type, .key_size_b = 4, .value_size_b = value_b, .max_entries = 5};
	struct vm_map *m = NULL;

	assert_int_equal(vm_map_create(&def, 3, &m, NULL), 0);
	return m;
}

static void maps_fill(struct vm_map **maps, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		for (uint32_t key = 0; key < 5; key++) {
			unsigned char value[64];

			memset(value, (int)(16 * k + key), sizeof(value));
			vm_map_update(maps[k], &key, value, 0, 1);
		}
}

static uint64_t maps_sum(struct vm_map **maps, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t k = 0; k < n; k++)
		for (uint32_t key = 0; key < 5; key++) {
			const unsigned char *v = vm_map_lookup(maps[k], &key, 1);

			for (uint32_t b = 0; v && b < maps[k]->def.value_size_b; b++)
				sum = sum * 31 + v[b];
		}
	return sum;
}

static void check_random(uint64_t seed, struct vm_map **maps, uint32_t n_maps)
{
	struct random *g = calloc(1, sizeof(*g));
	/* Addresses are data, too: all runs have the same. */
	uint64_t want[CONTEXT_B / 8], got[CONTEXT_B / 8], want_sum, r0;
	struct vm_code *c;

	random_program(g, seed, maps, n_maps);
	if (getenv("JIT_SHOW")) {
		own_strbuf struct strbuf sb = {0};

		describe(&sb, &g->p);
		fputs(sb_str(&sb), stderr);
	}
	c = code_of(&g->p, VM_INTERPRETER);
	maps_fill(maps, n_maps);
	fill(got, seed);
	r0 = run_on(c, got);
	memcpy(want, got, sizeof(want));
	want_sum = maps_sum(maps, n_maps);
	for (int k = 0; k < N_VARIANTS; k++) {
		struct machine m;
		uint64_t mine;

		machine_make(&m, c, &variants[k]);
		maps_fill(maps, n_maps);
		fill(got, seed);
		mine = run_on(&m.code, got);
		machine_free(&m);
		if (mine != r0)
			fail_msg("seed %llu, %s: %llx, not %llx", (unsigned long long)seed,
			         variants[k].name, (unsigned long long)mine,
			         (unsigned long long)r0);
		for (int w = 0; w < CONTEXT_B / 8; w++)
			if (got[w] != want[w])
				fail_msg("seed %llu, %s: context[%d] is %llx, not %llx",
				         (unsigned long long)seed, variants[k].name, 8 * w,
				         (unsigned long long)got[w], (unsigned long long)want[w]);
		if (maps_sum(maps, n_maps) != want_sum)
			fail_msg("seed %llu, %s: maps differ", (unsigned long long)seed,
			         variants[k].name);
	}
	vm_code_destroy(c);
	free(g);
}

static void test_random(void **state)
{
	struct vm_map *maps[4] = {map_make(BPF_MAP_TYPE_ARRAY, 8), map_make(BPF_MAP_TYPE_ARRAY, 40),
	                          map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4),
	                          map_make(BPF_MAP_TYPE_HASH, 16)};
	const char *count = getenv("JIT_COUNT"), *seed = getenv("JIT_SEED");
	uint64_t n = count ? strtoull(count, NULL, 0) : 3000;

	(void)state;
	if (seed)
		check_random(strtoull(seed, NULL, 0), maps, 4);
	else
		for (uint64_t k = 0; k < n; k++)
			check_random(k, maps, 4);
	for (int k = 0; k < 4; k++)
		vm_map_destroy(maps[k]);
}

/* ---- calls ------------------------------------------------------------------------------------
 */

/* bpf_loop() with a callback that adds to what its context points to. */
static void test_callback(void **state)
{
	struct program p;
	struct vm_code *c;
	uint64_t context[CONTEXT_B / 8] = {0};

	(void)state;
	begin(&p);
	put(&p, bpf_mov(6, 1));
	put(&p, bpf_store_imm(8, 10, -8, 0));
	put(&p, bpf_mov_imm(1, 10));
	put_lddw(&p, 2, BPF_PSEUDO_FUNC, 0);
	put(&p, bpf_mov(3, 10));
	put(&p, bpf_alu_imm(BPF_ADD, false, 3, -8));
	put(&p, bpf_mov_imm(4, 0));
	put(&p, bpf_call(BPF_FUNC_loop));
	put(&p, bpf_load(8, false, 1, 10, -8));
	put(&p, bpf_store(8, 6, 0, 1));
	put(&p, bpf_exit());
	p.insns[3].imm = (int32_t)p.n - 4;
	begin_function(&p);
	put(&p, bpf_mov(7, 1));
	put(&p, bpf_load(8, false, 3, 2, 0));
	put(&p, bpf_alu(BPF_ADD, false, 3, 7));
	put(&p, bpf_store(8, 2, 0, 3));
	put(&p, bpf_mov_imm(0, 0));
	put(&p, bpf_jmp_imm(BPF_JLT, false, 7, 6, 1));
	put(&p, bpf_mov_imm(0, 1));
	put(&p, bpf_exit());
	for (int k = VM_INTERPRETER; k <= VM_JIT; k += VM_JIT) {
		c = code_of(&p, (enum vm_backend)k);
		assert_int_equal(run_on(c, context), 7);
		assert_int_equal(context[0], 21);
		vm_code_destroy(c);
	}
}

/* Functions whose last deed is a call, and that need the run. */
static void test_last_call(void **state)
{
	struct program p;
	uint64_t context[CONTEXT_B / 8] = {0};

	(void)state;
	begin(&p);
	put(&p, bpf_mov_imm(6, 5));
	put(&p, bpf_mov_imm(1, 40));
	put(&p, bpf_call_func(1));
	put(&p, bpf_exit());
	begin_function(&p);
	put(&p, bpf_mov(6, 1));
	put(&p, bpf_call(BPF_FUNC_get_smp_processor_id));
	put(&p, bpf_mov(1, 6));
	put(&p, bpf_alu(BPF_ADD, false, 1, 0));
	put(&p, bpf_call_func(1));
	put(&p, bpf_exit());
	begin_function(&p);
	put(&p, bpf_mov(6, 1));
	put(&p, bpf_call(BPF_FUNC_get_smp_processor_id));
	put(&p, bpf_alu(BPF_ADD, false, 0, 6));
	put(&p, bpf_exit());
	for (int k = VM_INTERPRETER; k <= VM_JIT; k += VM_JIT) {
		struct vm_code *c = code_of(&p, (enum vm_backend)k);

		assert_int_equal(run_on(c, context), 42);
		vm_code_destroy(c);
	}
}

/* Tail calls: to itself until the limit, in a function below the program, and to code that the
 * interpreter runs. */
static void test_tail_call(void **state)
{
	struct vm_map_def def = {.name = "progs",
	                         .type = BPF_MAP_TYPE_PROG_ARRAY,
	                         .key_size_b = 4,
	                         .value_size_b = 4,
	                         .max_entries = 2};
	struct program p, q;
	struct vm_code *c, *d, *e;
	uint64_t context[CONTEXT_B / 8] = {0};

	(void)state;
	begin(&p);
	if (vm_map_create(&def, 1, &p.maps[0], NULL))
		skip();
	p.n_maps = 1;
	/* p: context[0]++, tail call 0, r0 = 5 */
	put(&p, bpf_mov(6, 1));
	put(&p, bpf_load(8, false, 2, 6, 0));
	put(&p, bpf_alu_imm(BPF_ADD, false, 2, 1));
	put(&p, bpf_store(8, 6, 0, 2));
	put_lddw(&p, 2, BPF_PSEUDO_MAP_IDX, 0);
	put(&p, bpf_mov_imm(3, 0));
	put(&p, bpf_call(BPF_FUNC_tail_call));
	put(&p, bpf_load(8, false, 0, 6, 0));
	put(&p, bpf_exit());
	/* q: r0 = f(context) + 1000; f: tail call 1, r0 = 7 */
	begin(&q);
	q.maps[0] = p.maps[0];
	q.n_maps = 1;
	put(&q, bpf_mov(9, 1));
	put(&q, bpf_call_func(3));
	put(&q, bpf_alu_imm(BPF_ADD, false, 0, 1000));
	put(&q, bpf_load(8, false, 9, 9, 8)); /* r9 has survived */
	put(&q, bpf_exit());
	begin_function(&q);
	put(&q, bpf_mov_imm(9, 3));
	put(&q, bpf_store(8, 10, -8, 9));
	put_lddw(&q, 2, BPF_PSEUDO_MAP_IDX, 0);
	put(&q, bpf_mov_imm(3, 1));
	put(&q, bpf_call(BPF_FUNC_tail_call));
	put(&q, bpf_mov_imm(0, 7));
	put(&q, bpf_exit());

	for (int k = VM_INTERPRETER; k <= VM_JIT; k += VM_JIT) {
		c = code_of(&p, (enum vm_backend)k);
		d = code_of(&q, VM_JIT);
		e = code_of(&q, VM_INTERPRETER);
		memset(context, 0, sizeof(context));
		assert_int_equal(run_on(c, context), 1); /* an empty slot */
		assert_int_equal(run_on(d, context), 1007);
		assert_int_equal(vm_map_set_program(p.maps[0], 0, c), 0);
		memset(context, 0, sizeof(context));
		assert_int_equal(run_on(c, context), 34);
		assert_int_equal(vm_map_set_program(p.maps[0], 1, c), 0);
		memset(context, 0, sizeof(context));
		assert_int_equal(run_on(d, context), 1033);
		memset(context, 0, sizeof(context));
		assert_int_equal(run_on(e, context), 1033);
		vm_code_destroy(e);
		vm_code_destroy(d);
		assert_int_equal(vm_map_set_program(p.maps[0], 0, NULL), 0);
		assert_int_equal(vm_map_set_program(p.maps[0], 1, NULL), 0);
		vm_code_destroy(c);
	}
	vm_map_destroy(p.maps[0]);
}

static void test_may_goto(void **state)
{
	struct program p;
	struct vm_code *c;
	uint64_t context[CONTEXT_B / 8] = {0};

	(void)state;
	begin(&p);
	put(&p, bpf_mov_imm(0, 0));
	put(&p, bpf_alu_imm(BPF_ADD, false, 0, 1));
	put(&p, bpf_make(BPF_JMP | JIT_JCOND, 0, 0, 1, 0));
	put(&p, bpf_goto(-3));
	put(&p, bpf_exit());
	c = code_of(&p, VM_JIT);
	assert_int_equal(run_on(c, context), JIT_MAY_GOTO_MAX + 1);
	vm_code_destroy(c);
}

/* BPF_LD_ABS and BPF_LD_IND: what is there, and the end of the function where nothing is. */
static void test_packet(void **state)
{
	struct program p;
	struct vm_code *c;
	unsigned char context[CONTEXT_B] = {0x12, 0x34, 0x56, 0x78, 0x9a};

	(void)state;
	begin(&p);
	put(&p, bpf_mov(6, 1));
	put(&p, bpf_mov_imm(7, 1));
	put(&p, bpf_make(BPF_LD | BPF_ABS | BPF_W, 0, 0, 0, 0));
	put(&p, bpf_mov(8, 0));
	put(&p, bpf_make(BPF_LD | BPF_IND | BPF_H, 0, 7, 0, 2));
	put(&p, bpf_alu(BPF_ADD, false, 8, 0));
	put(&p, bpf_make(BPF_LD | BPF_ABS | BPF_B, 0, 0, 0, 4));
	put(&p, bpf_alu(BPF_ADD, false, 0, 8));
	put(&p, bpf_exit());
	c = code_of(&p, VM_JIT);
	assert_int_equal(run_on(c, context), 0x12345678 + 0x789a + 0x9a);
	vm_code_destroy(c);
	p.insns[6].imm = CONTEXT_B;
	c = code_of(&p, VM_JIT);
	assert_int_equal(run_on(c, context), 0);
	vm_code_destroy(c);
}

/* Loads that may fault are calls that no register notices; wherever they lead, the interpreter gets
 * the same. */
static void test_probe_load(void **state)
{
	(void)state;
	for (uint8_t dst = 0; dst < 9; dst++)
		for (uint8_t width_b = 1; width_b <= 8; width_b *= 2)
			for (int k = 0; k < 4; k++) {
				uint64_t want[CONTEXT_B / 8] = {0xf1f2f3f4f5f6f7f8},
				                          got[CONTEXT_B / 8];
				bool is_signed = width_b < 8 && k & 1;
				struct program p;
				struct vm_code *c;

				begin(&p);
				put(&p, bpf_mov(9, 1));
				for (uint8_t r = 0; r < 9; r++)
					put(&p, bpf_mov_imm(r, 100 + r));
				put(&p, k & 2 ? bpf_mov(3, 9) : bpf_mov_imm(3, 0));
				put(&p, bpf_load(width_b, is_signed, dst, 3, 0));
				p.facts[p.n - 1].is_probe_load = true;
				for (uint8_t r = 0; r < 9; r++)
					if (r != 3 || r == dst)
						put(&p, bpf_store(8, 9, (int16_t)(16 + 8 * r), r));
				put(&p, bpf_mov_imm(0, 0));
				put(&p, bpf_exit());
				c = code_of(&p, VM_INTERPRETER);
				memcpy(got, want, sizeof(got));
				run_on(c, want);
				for (int v = 0; v < N_VARIANTS; v++) {
					struct machine m;

					memset(&got[1], 0, sizeof(got) - 8);
					machine_make(&m, c, &variants[v]);
					run_on(&m.code, got);
					machine_free(&m);
					assert_memory_equal(&got[2], &want[2], 9 * 8);
				}
				vm_code_destroy(c);
			}
}

/* ---- code -------------------------------------------------------------------------------------
 */

/* Jumps across more than 127 bytes, both ways, and across much more. */
static void test_long_jumps(void **state)
{
	static const uint32_t sizes[] = {10, 20, 30, 40, 200, 900};

	(void)state;
	for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
		uint64_t context[CONTEXT_B / 8] = {3};
		struct program p;
		struct vm_code *c;

		begin(&p);
		put(&p, bpf_load(8, false, 2, 1, 0));
		put(&p, bpf_mov_imm(0, 0));
		put(&p, bpf_jmp_imm(BPF_JEQ, false, 2, 0, (int16_t)(sizes[k] + 2)));
		for (uint32_t n = 0; n < sizes[k]; n++)
			put(&p, bpf_alu_imm(n & 1 ? BPF_XOR : BPF_MUL, false, 0, 3));
		put(&p, bpf_alu_imm(BPF_ADD, false, 2, -1));
		put(&p, bpf_goto((int16_t)(-(int)sizes[k] - 3)));
		put(&p, bpf_exit());
		c = code_of(&p, VM_INTERPRETER);
		for (int v = 0; v < N_VARIANTS; v++) {
			struct machine m;

			machine_make(&m, c, &variants[v]);
			assert_int_equal(run_on(c, context), run_on(&m.code, context));
			machine_free(&m);
		}
		vm_code_destroy(c);
	}
}

/* No four bytes of a blinded program's constants appear in its code. */
static void test_blinding(void **state)
{
	const uint32_t secret = 0x5eed1234;
	struct vm_code_options opts = {.blinds_constants = true};
	own_arena struct arena *a = arena_create();
	uint64_t context[CONTEXT_B / 8] = {0};
	struct program p;
	struct vm_code *c;
	struct jit j;

	(void)state;
	begin(&p);
	put(&p, bpf_mov_imm(0, (int32_t)secret));
	put(&p, bpf_alu_imm(BPF_ADD, true, 0, (int32_t)secret));
	put(&p, bpf_alu_imm(BPF_XOR, false, 0, (int32_t)secret));
	put(&p, bpf_alu_imm(BPF_MUL, false, 0, (int32_t)secret));
	put(&p, bpf_alu_imm(BPF_MOD, true, 0, (int32_t)secret));
	put_lddw(&p, 2, 0, (uint64_t)secret << 32 | secret);
	put(&p, bpf_alu(BPF_ADD, false, 0, 2));
	put(&p, bpf_store_imm(4, 10, -4, (int32_t)secret));
	put(&p, bpf_store_imm(8, 10, -16, (int32_t)secret));
	put(&p, bpf_jmp_imm(BPF_JEQ, false, 0, (int32_t)secret, 1));
	put(&p, bpf_jmp_imm(BPF_JSET, true, 0, (int32_t)secret, 0));
	put(&p, bpf_exit());
	c = code_of(&p, VM_INTERPRETER);
	assert_int_equal(jit_compile(&j, a, &jit_x86_64, c, &opts, 1, 0x10000, ROOM_B), 0);
	assert_null(memmem(j.code.items, j.code.n, &secret, 4));
	opts.blinds_constants = false;
	assert_int_equal(jit_compile(&j, a, &jit_x86_64, c, &opts, 1, 0x10000, ROOM_B), 0);
	assert_non_null(memmem(j.code.items, j.code.n, &secret, 4));
	assert_int_equal(jit_compile(&j, a, &jit_x86_64, c, &opts, 1, 0x10000, 16), -E2BIG);
	(void)run_on(c, context);
	vm_code_destroy(c);
}

int main(void)
{
	const struct CMUnitTest compiled[] = {
	    cmocka_unit_test(test_magic),
	    cmocka_unit_test(test_blinding),
	};
	const struct CMUnitTest run[] = {
	    cmocka_unit_test(test_alu_registers), cmocka_unit_test(test_alu_immediates),
	    cmocka_unit_test(test_alu_unary),     cmocka_unit_test(test_jumps),
	    cmocka_unit_test(test_random),        cmocka_unit_test(test_callback),
	    cmocka_unit_test(test_tail_call),     cmocka_unit_test(test_last_call),
	    cmocka_unit_test(test_may_goto),      cmocka_unit_test(test_packet),
	    cmocka_unit_test(test_probe_load),    cmocka_unit_test(test_long_jumps),
	};
	int failed = cmocka_run_group_tests(compiled, NULL, NULL);

	if (jit_host_target())
		failed += cmocka_run_group_tests(run, NULL, NULL);
	return failed;
}
