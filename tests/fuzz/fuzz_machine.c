/* Random programs that a verifier must accept, on every engine: threaded and checked interpreter,
 * JIT with and without blinding. All must end with the same r0, memory and map; the checked one
 * must find nothing. With FUZZ_LOAD=1 in the environment (root; tests/fuzz/run --load) the kernel
 * must take and run them, too, and agree.
 *
 * The input only seeds the generator: arithmetic of every form, branches, loops with a bound,
 * stack, memory, atomics, values of a map at addresses that the program computes, functions,
 * callbacks.
 *
 * corpus: *.bt */
#include "fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "bpf/disasm.h"
#include "bpf/insn.h"
#include "cmd/vm_kernel.h"
#include "vm/code.h"
#include "vm/input.h"
#include "vm/verifier/verifier.h"

enum {
	MEMORY_B = 64,
	VALUE_B = 64,
	STACK_B = 64,  /* that is zeroed at first, so that any of it may be read */
	R_MEMORY = 6,  /* kept all along */
	R_COUNTER = 7, /* of the loop around us */
	R_POINTER = 5, /* for a moment */
	N_ITEMS = 40,
};

/* Registers that hold numbers: any of these at any time. */
static const uint8_t numbers[] = {0, 2, 3, 4, 8, 9};
enum { N_NUMBERS = sizeof(numbers) };

struct gen {
	struct arena *a;
	uint64_t state;
	vec(struct bpf_insn) code;
	vec(uint32_t) calls, callbacks; /* to patch: where the functions are */
	int budget;
	bool in_loop, is_callee;
};

static uint64_t next(struct gen *g)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static uint32_t below(struct gen *g, uint32_t n)
{
	return (uint32_t)(next(g) >> 8) % n;
}

static uint8_t some(struct gen *g)
{
	return numbers[below(g, N_NUMBERS)];
}

static void emit(struct gen *g, struct bpf_insn i)
{
	vec_push(g->a, &g->code, i);
}

static uint64_t constant(struct gen *g)
{
	static const uint64_t special[] = {0,          1,          2,          UINT64_MAX,
	                                   INT64_MAX,  INT32_MAX,  UINT32_MAX, 1ull << 63,
	                                   1ull << 31, 1ull << 32, 255,        0x8000};

	if (below(g, 3))
		return special[below(g, sizeof(special) / sizeof(*special))];
	return next(g) >> below(g, 64);
}

static void emit_constant(struct gen *g, uint8_t reg)
{
	struct bpf_insn wide[2];

	bpf_lddw(wide, reg, 0, constant(g));
	emit(g, wide[0]);
	emit(g, wide[1]);
}

/* ---- single instructions --------------------------------------------------------------------- */

static void alu(struct gen *g)
{
	static const uint8_t ops[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_MOD,  BPF_OR,
	                              BPF_AND, BPF_XOR, BPF_LSH, BPF_RSH, BPF_ARSH, BPF_MOV};
	uint8_t op = ops[below(g, sizeof(ops))], dst = some(g);
	bool is_32 = below(g, 2), is_shift = op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH;
	struct bpf_insn i;
	int32_t imm;

	if (below(g, 2)) {
		i = bpf_alu(op, is_32, dst, some(g));
	} else {
		imm = (int32_t)constant(g);
		if (is_shift)
			imm &= is_32 ? 31 : 63;
		if ((op == BPF_DIV || op == BPF_MOD) && !imm)
			imm = -1;
		i = bpf_alu_imm(op, is_32, dst, imm);
	}
	if ((op == BPF_DIV || op == BPF_MOD) && below(g, 2))
		i.off = 1; /* signed */
	emit(g, i);
}

static void other_alu(struct gen *g)
{
	uint8_t dst = some(g), bits = (uint8_t)(16u << below(g, 3));

	switch (below(g, 5)) {
	case 0:
		emit(g, bpf_neg(below(g, 2), dst));
		return;
	case 1:
		emit(g, bpf_to_be(dst, bits));
		return;
	case 2:
		emit(g, bpf_bswap(dst, bits));
		return;
	case 3:
		emit(g, bpf_make(BPF_ALU | BPF_END | BPF_TO_LE, dst, 0, 0, bits));
		return;
	default:
		if (below(g, 2))
			emit(g, bpf_movsx(dst, some(g), (uint8_t)(1u << below(g, 3))));
		else
			emit(g, bpf_make(BPF_ALU | BPF_MOV | BPF_X, dst, some(g),
			                 (int16_t)(8u << below(g, 2)), 0));
	}
}

/* A load or store of any width at `base` + off, aligned. */
static void access(struct gen *g, uint8_t base, int32_t low, uint32_t size_b)
{
	uint8_t width = (uint8_t)(1u << below(g, 4));
	int16_t off = (int16_t)(low + (int32_t)(below(g, size_b / width) * width));

	switch (below(g, 3)) {
	case 0:
		emit(g, bpf_load(width, width < 8 && below(g, 2), some(g), base, off));
		return;
	case 1:
		emit(g, bpf_store(width, base, off, some(g)));
		return;
	default:
		emit(g, bpf_store_imm(width, base, off, (int32_t)constant(g)));
	}
}

/* A value's byte whose place is computed: r5 = value + (number & mask). */
static void map_access(struct gen *g)
{
	struct bpf_insn wide[2];
	uint8_t index = some(g);

	emit(g, bpf_alu_imm(BPF_AND, false, index, (VALUE_B / 2 - 1) & ~7));
	bpf_lddw(wide, R_POINTER, BPF_PSEUDO_MAP_IDX_VALUE, 0);
	emit(g, wide[0]);
	emit(g, wide[1]);
	emit(g, bpf_alu(BPF_ADD, false, R_POINTER, index));
	access(g, R_POINTER, 0, VALUE_B / 2);
}

static void atomic(struct gen *g)
{
	static const uint32_t ops[] = {BPF_ADD,
	                               BPF_AND,
	                               BPF_OR,
	                               BPF_XOR,
	                               BPF_ADD | BPF_FETCH,
	                               BPF_AND | BPF_FETCH,
	                               BPF_OR | BPF_FETCH,
	                               BPF_XOR | BPF_FETCH,
	                               BPF_XCHG,
	                               BPF_CMPXCHG};
	uint8_t width = below(g, 2) ? 8 : 4;
	int16_t off = (int16_t)(-STACK_B + (int32_t)(below(g, STACK_B / width) * width));

	emit(g, bpf_atomic(width, ops[below(g, sizeof(ops) / sizeof(*ops))], 10, off, some(g)));
}

/* ---- structure ------------------------------------------------------------------------------- */

static void block(struct gen *g, uint32_t n);

static void branch(struct gen *g)
{
	static const uint8_t ops[] = {BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,  BPF_JLT, BPF_JLE,
	                              BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET};
	uint8_t op = ops[below(g, sizeof(ops))];
	bool is_32 = below(g, 2);
	uint32_t at = (uint32_t)g->code.n;

	if (below(g, 2))
		emit(g, bpf_jmp(op, is_32, some(g), some(g), 0));
	else
		emit(g, bpf_jmp_imm(op, is_32, some(g), (int32_t)constant(g), 0));
	block(g, 1 + below(g, 3));
	g->code.items[at].off = (int16_t)(g->code.n - at - 1);
}

static void loop(struct gen *g)
{
	uint32_t top;

	emit(g, bpf_mov_imm(R_COUNTER, 1 + (int32_t)below(g, 5)));
	top = (uint32_t)g->code.n;
	g->in_loop = true;
	block(g, 1 + below(g, 4));
	g->in_loop = false;
	emit(g, bpf_alu_imm(BPF_ADD, false, R_COUNTER, -1));
	emit(g, bpf_jmp_imm(BPF_JNE, false, R_COUNTER, 0, (int16_t)(top - g->code.n - 1)));
}

/* What a call clobbered becomes numbers again. */
static void refill(struct gen *g)
{
	for (uint8_t reg = 2; reg <= 4; reg++)
		emit(g, below(g, 2) ? bpf_mov(reg, 0) : bpf_mov(reg, 8));
}

static void call(struct gen *g)
{
	emit(g, bpf_mov(1, some(g)));
	emit(g, bpf_mov(R_POINTER, some(g)));
	vec_push(g->a, &g->calls, (uint32_t)g->code.n);
	emit(g, bpf_call_func(0));
	refill(g);
}

/* bpf_loop over a function that adds to the first word of our stack. */
static void callback(struct gen *g)
{
	struct bpf_insn wide[2];

	/* Not 0: Linux 6.18 calls a callback that is never called a bug of its own and refuses. */
	emit(g, bpf_mov_imm(1, 1 + (int32_t)below(g, 5)));
	vec_push(g->a, &g->callbacks, (uint32_t)g->code.n);
	bpf_lddw(wide, 2, BPF_PSEUDO_FUNC, 0);
	emit(g, wide[0]);
	emit(g, wide[1]);
	emit(g, bpf_mov(3, 10));
	emit(g, bpf_alu_imm(BPF_ADD, false, 3, -STACK_B));
	emit(g, bpf_mov_imm(4, 0));
	emit(g, bpf_call(BPF_FUNC_loop));
	refill(g);
}

static void statement(struct gen *g)
{
	switch (below(g, g->is_callee ? 9 : 16)) {
	case 0:
	case 1:
	case 2:
		alu(g);
		return;
	case 3:
		other_alu(g);
		return;
	case 4:
		access(g, 10, -STACK_B, STACK_B);
		return;
	case 5:
		atomic(g);
		return;
	case 6:
		emit_constant(g, some(g));
		return;
	case 7:
		if (!g->in_loop)
			branch(g);
		return;
	case 8:
		map_access(g);
		return;
	case 9:
	case 10:
		access(g, R_MEMORY, 0, MEMORY_B);
		return;
	case 11:
	case 12:
		if (!g->in_loop)
			loop(g);
		return;
	case 13:
		call(g);
		return;
	case 14:
		if (!g->in_loop)
			callback(g);
		return;
	default:
		branch(g);
	}
}

static void block(struct gen *g, uint32_t n)
{
	while (n-- && g->budget-- > 0)
		statement(g);
}

static void zero_stack(struct gen *g)
{
	for (int16_t off = -STACK_B; off < 0; off += 8)
		emit(g, bpf_store_imm(8, 10, off, 0));
}

static void fold_numbers(struct gen *g)
{
	for (uint32_t k = 1; k < N_NUMBERS; k++) {
		emit(g, bpf_alu_imm(BPF_MUL, false, 0, 31));
		emit(g, bpf_alu(BPF_ADD, false, 0, numbers[k]));
	}
}

static void patch(struct gen *g)
{
	uint32_t start = (uint32_t)g->code.n;

	/* A function of five numbers. */
	vec_each (at, &g->calls)
		g->code.items[*at].imm = (int32_t)(start - *at - 1);
	if (g->calls.n) {
		zero_stack(g);
		emit(g, bpf_mov(0, 1));
		emit(g, bpf_mov(8, 5));
		emit(g, bpf_mov(9, 2));
		g->is_callee = true;
		g->in_loop = false;
		g->budget = 8;
		block(g, 8);
		fold_numbers(g);
		emit(g, bpf_exit());
	}
	start = (uint32_t)g->code.n;
	vec_each (at, &g->callbacks)
		g->code.items[*at].imm = (int32_t)(start - *at - 1);
	if (g->callbacks.n) {
		emit(g, bpf_load(8, false, 3, 2, 0));
		emit(g, bpf_alu_imm(BPF_MUL, false, 3, 7));
		emit(g, bpf_alu(BPF_ADD, false, 3, 1));
		emit(g, bpf_store(8, 2, 0, 3));
		emit(g, bpf_mov_imm(0, 0));
		if (below(g, 2)) {
			emit(g, bpf_jmp_imm(BPF_JLT, false, 1, 3, 1));
			emit(g, bpf_mov_imm(0, 1));
		}
		emit(g, bpf_exit());
	}
}

static void generate(struct gen *g)
{
	emit(g, bpf_mov(R_MEMORY, 1));
	zero_stack(g);
	for (uint32_t k = 0; k < N_NUMBERS; k++)
		if (below(g, 2))
			emit_constant(g, numbers[k]);
		else
			emit(g, bpf_load(8, false, numbers[k], R_MEMORY, (int16_t)(8 * k)));
	g->budget = N_ITEMS;
	while (g->budget > 0)
		block(g, 4);
	fold_numbers(g);
	for (int16_t off = 0; off < STACK_B; off += 8) {
		emit(g, bpf_load(8, false, 1, 10, (int16_t)(off - STACK_B)));
		emit(g, bpf_alu(BPF_XOR, false, 0, 1));
		emit(g, bpf_alu_imm(BPF_MUL, false, 0, 33));
	}
	emit(g, bpf_exit());
	patch(g);
}

/* ---- running --------------------------------------------------------------------------------- */

struct outcome {
	uint64_t r0;
	unsigned char memory[MEMORY_B], value[VALUE_B];
};

static void fill(unsigned char memory[MEMORY_B], uint64_t seed)
{
	struct gen g = {.state = seed};

	for (int k = 0; k < MEMORY_B; k += 8) {
		uint64_t v = constant(&g);

		memcpy(memory + k, &v, sizeof(v));
	}
}

static void show(const struct vm_program *p, const char *what)
{
	struct strbuf out = {0};

	bpf_disasm(p->insns, p->n_insns, &out);
	fprintf(stderr, "%s%s\n", sb_str(&out), what);
	sb_free(&out);
}

static void run(const struct vm_program *p, const struct vm_facts *facts,
                const struct vm_code_options *opts, struct outcome *ret)
{
	struct vm_map *map = NULL;
	struct vm_code *c = NULL;
	struct vm_run r = {0};
	struct vm_input in;
	uint32_t key = 0;

	FUZZ_CHECK(!vm_map_create(p->maps[0], 1, &map, NULL));
	FUZZ_CHECK(!vm_code_create(p, facts, &map, opts, &c, NULL));
	FUZZ_CHECK(!vm_input_make(p, ret->memory, MEMORY_B, &in, NULL));
	vm_input_arm(&in, &r);
	ret->r0 = vm_code_run(c, &r, in.r2);
	if (r.fault)
		show(p, r.fault);
	FUZZ_CHECK(!r.fault);
	FUZZ_CHECK(!vm_map_read(map, &key, ret->value));
	vm_input_free(&in);
	vm_code_destroy(c);
	vm_map_destroy(map);
}

static void run_kernel(struct arena *a, const struct vm_program *p, struct outcome *ret)
{
	struct strbuf why = {0};
	struct vm_kernel_prog *k = NULL;
	uint32_t memory_b = MEMORY_B, r0 = 0, key = 0;

	if (vm_kernel_load(a, p, 1, p, &k, &why) ||
	    vm_kernel_test(k, ret->memory, &memory_b, 1, &r0, NULL, &why)) {
		show(p, sb_str(&why));
		abort();
	}
	ret->r0 = r0;
	FUZZ_CHECK(!vm_kernel_read_map(k, 0, &key, ret->value));
	vm_kernel_close(k);
	sb_free(&why);
}

static void expect_same(const struct vm_program *p, const struct outcome *is,
                        const struct outcome *should, const char *engine)
{
	if (is->r0 == should->r0 && !memcmp(is->memory, should->memory, MEMORY_B) &&
	    !memcmp(is->value, should->value, VALUE_B))
		return;
	show(p, engine);
	fprintf(stderr, "r0 0x%llx, and 0x%llx threaded\n", (unsigned long long)is->r0,
	        (unsigned long long)should->r0);
	abort();
}

static void compare(struct arena *a, const struct vm_program *p, const struct vm_facts *facts,
                    uint64_t seed)
{
	static const struct {
		const char *name;
		struct vm_code_options opts;
	} engines[] = {{"checked", {.backend = VM_CHECKED}},
	               {"jit or interpreter", {.backend = VM_FASTEST}},
	               {"blinded", {.backend = VM_FASTEST, .blinds_constants = true}}};
	struct outcome first, other;

	fill(first.memory, seed);
	run(p, facts, &(struct vm_code_options){.backend = VM_INTERPRETER}, &first);
	for (size_t k = 0; k < sizeof(engines) / sizeof(*engines); k++) {
		fill(other.memory, seed);
		run(p, facts, &engines[k].opts, &other);
		expect_same(p, &other, &first, engines[k].name);
	}
	if (!getenv("FUZZ_LOAD"))
		return;
	fill(other.memory, seed);
	run_kernel(a, p, &other);
	first.r0 = (uint32_t)first.r0;
	expect_same(p, &other, &first, "the kernel");
}

void fuzz_one(const char *data, size_t len_b)
{
	static const struct vm_map_def value = {.name = "value",
	                                        .type = BPF_MAP_TYPE_ARRAY,
	                                        .key_size_b = 4,
	                                        .value_size_b = VALUE_B,
	                                        .max_entries = 1};
	const struct vm_map_def *const maps[] = {&value};
	own_arena struct arena *a = arena_create();
	struct vm_verify_options opts = {.log = VM_LOG_ERROR};
	struct gen g = {.a = a, .state = 14695981039346656037u};
	struct vm_program p = {
	    .name = "random", .is_gpl = true, .memory_b = MEMORY_B, .maps = maps, .n_maps = 1};
	struct vm_verdict v;
	uint64_t seed;

	for (size_t k = 0; k < len_b; k++)
		g.state = (g.state ^ (unsigned char)data[k]) * 1099511628211u;
	seed = g.state;
	generate(&g);
	p.insns = g.code.items;
	p.n_insns = (uint32_t)g.code.n;
	vm_verify(a, &p, &opts, &v);
	if (!v.is_accepted) {
		show(&p, v.reason);
		fprintf(stderr, "at %u\n", v.pc);
	}
	FUZZ_CHECK(v.is_accepted);
	compare(a, &p, &v.facts, seed);
}
