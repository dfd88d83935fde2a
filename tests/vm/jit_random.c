/* Random programs and a few deliberate ones, run by the interpreter and by this CPU's JIT: results
 * and memory must be the same. No verifier is asked: the generator makes only what one would take.
 *
 *   jit_random [SEED [PROGRAMS]]
 *
 * Prints what differs, with the program, and `N passed, N failed`. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "bpf/disasm.h"
#include "bpf/insn.h"
#include "vm/code.h"
#include "vm/jit/jit.h"

enum { MEMORY_B = 1 << 16, MAX_INSNS = 400000, MAX_ITEMS = 400 };

static uint64_t seed;
static unsigned n_passed, n_failed;

static uint64_t next(void)
{
	uint64_t x = seed += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint64_t below(uint64_t n)
{
	return next() % n;
}

/* ---- a program under construction -------------------------------------------------------------
 */

struct program {
	struct bpf_insn insns[MAX_INSNS];
	struct vm_fact facts[MAX_INSNS];
	bool is_fixed[MAX_INSNS]; /* others can be left out and the program stays valid */
	uint32_t n;
	uint32_t func_pcs[4], func_stack_b[4], n_funcs;
	struct vm_map *maps[2];
	uint32_t n_maps;
	bool has_tail_call;
};

static struct program p;
static bool adds_fixed; /* what add() says of is_fixed */
static unsigned char memory[MEMORY_B] __attribute__((aligned(16)));
static unsigned char at_first[MEMORY_B], after_interpreter[MEMORY_B];

static struct bpf_insn *add(struct bpf_insn i)
{
	p.facts[p.n] = (struct vm_fact){.is_reached = true, .map = VM_NONE, .callback = VM_NONE};
	p.is_fixed[p.n] = adds_fixed || BPF_CLASS(i.code) == BPF_LD || i.dst_reg == 9 ||
	                  (BPF_CLASS(i.code) == BPF_JMP && BPF_OP(i.code) == BPF_EXIT);
	p.insns[p.n] = i;
	return &p.insns[p.n++];
}

static void add_fixed(struct bpf_insn i)
{
	add(i);
	p.is_fixed[p.n - 1] = true;
}

static void add_lddw(uint8_t dst, uint8_t pseudo, uint64_t v)
{
	struct bpf_insn two[2];

	bpf_lddw(two, dst, pseudo, v);
	add(two[0]);
	add(two[1]);
}

static void begin(void)
{
	for (uint32_t k = 0; k < p.n_maps; k++)
		vm_map_destroy(p.maps[k]);
	p.n = p.n_maps = 0;
	p.n_funcs = 1;
	p.func_pcs[0] = 0;
	p.func_stack_b[0] = BPF_STACK_B;
	p.has_tail_call = false;
}

static void begin_func(void)
{
	p.func_pcs[p.n_funcs] = p.n;
	p.func_stack_b[p.n_funcs++] = 64;
}

static uint64_t random_value(void)
{
	static const uint64_t edges[] = {0,
	                                 1,
	                                 2,
	                                 7,
	                                 255,
	                                 256,
	                                 4095,
	                                 4096,
	                                 0xfff000,
	                                 0xffff,
	                                 0x10000,
	                                 INT32_MAX,
	                                 0x80000000u,
	                                 UINT32_MAX,
	                                 0x100000000u,
	                                 INT64_MAX,
	                                 0x8000000000000000u,
	                                 0xff00ff00ff00ff00u,
	                                 0xaaaaaaaaaaaaaaaau};
	uint64_t v = edges[below(sizeof(edges) / sizeof(edges[0]))];

	switch (below(6)) {
	case 0:
		return v;
	case 1:
		return -v;
	case 2:
		return next();
	case 3:
		return next() >> below(64);
	case 4:
		return (uint64_t)((int64_t)next() >> below(64));
	default:
		return below(32) - 16;
	}
}

/* ---- random instructions ----------------------------------------------------------------------
 */

/* r6 is where memory is, r9 counts loops: neither is written. */
static uint8_t random_dst(void)
{
	static const uint8_t regs[] = {0, 1, 2, 3, 4, 5, 7, 8};
	return regs[below(sizeof(regs))];
}

static uint8_t random_src(void)
{
	return below(8) ? random_dst() : 9;
}

static void random_alu(void)
{
	static const uint8_t ops[] = {BPF_ADD, BPF_SUB, BPF_MUL,  BPF_DIV, BPF_OR,
	                              BPF_AND, BPF_LSH, BPF_RSH,  BPF_NEG, BPF_MOD,
	                              BPF_XOR, BPF_MOV, BPF_ARSH, BPF_END};
	uint8_t op = ops[below(sizeof(ops))], dst = random_dst();
	bool is_32 = below(2);
	struct bpf_insn i;

	if (op == BPF_NEG) {
		add(bpf_neg(is_32, dst));
		return;
	}
	if (op == BPF_END) {
		i = below(2) ? bpf_to_be(dst, 16 << below(3)) : bpf_bswap(dst, 16 << below(3));
		if (BPF_CLASS(i.code) == BPF_ALU && below(2))
			i.code &= (uint8_t)~BPF_TO_BE; /* to little-endian */
		add(i);
		return;
	}
	if (below(2)) {
		i = bpf_alu(op, is_32, dst, random_src());
		if (op == BPF_MOV && below(3) == 0)
			i.off = (int16_t)(8 << below(is_32 ? 2 : 3));
	} else {
		i = bpf_alu_imm(op, is_32, dst, (int32_t)random_value());
		if (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH)
			i.imm = (int32_t)below(is_32 ? 32 : 64);
		if ((op == BPF_DIV || op == BPF_MOD) && !i.imm)
			i.imm = 1;
	}
	if ((op == BPF_DIV || op == BPF_MOD) && below(2))
		i.off = 1; /* signed */
	add(i);
}

/* A move and an operation on it; or a pair of shifts: what back ends do in one. */
static void random_pair(void)
{
	uint8_t dst = random_dst(), op = below(2) ? BPF_RSH : BPF_ARSH;

	if (below(2))
		add(bpf_alu(BPF_MOV, below(4) == 0, dst, random_src()));
	if (below(2)) {
		uint32_t at = p.n;

		random_alu();
		p.insns[at].dst_reg = dst;
		if (BPF_SRC(p.insns[at].code) == BPF_X && BPF_OP(p.insns[at].code) != BPF_END &&
		    below(4) == 0)
			p.insns[at].src_reg = dst;
		return;
	}
	add(bpf_alu_imm(BPF_LSH, false, dst, (int32_t)(below(2) ? 32 : below(64))));
	add(bpf_alu_imm(op, false, dst, (int32_t)(below(2) ? 32 : below(64))));
}

struct place {
	uint8_t base;
	int16_t off;
};

static struct place random_place(bool in_main, unsigned bytes, bool aligned)
{
	int off = (int)below(64 / bytes) * (int)bytes - 64;

	if (!aligned)
		off = (int)below(64 - bytes + 1) - 64;
	if (in_main && below(2)) { /* r6 is in the middle of `memory` */
		off = below(2) ? (int)below(1 << 16) - (1 << 15) : (int)below(512) - 256;
		if (off > 32760)
			off = 32760;
		return (struct place){6, (int16_t)(off & ~7)};
	}
	return (struct place){in_main || below(2) ? 10 : 6, (int16_t)off};
}

static void random_memory(bool in_main)
{
	uint8_t bytes = (uint8_t)(1 << below(4));
	struct place at = random_place(in_main, bytes, false);

	switch (below(4)) {
	case 0:
		add(bpf_load(bytes, bytes < 8 && below(2), random_dst(), at.base, at.off));
		break;
	case 1:
		add(bpf_store(bytes, at.base, at.off, random_src()));
		break;
	case 2:
		add(bpf_store_imm(bytes, at.base, at.off, (int32_t)random_value()));
		break;
	default:
		add(bpf_load(bytes, bytes < 8 && below(2), random_dst(), at.base, at.off));
		p.facts[p.n - 1].is_probe_load = true;
	}
}

/* Two neighbours. */
static void random_neighbours(bool in_main)
{
	uint8_t bytes = below(2) ? 8 : 4;
	struct place at = random_place(in_main, 8, true);
	int16_t offs[2] = {at.off, (int16_t)(at.off + (bytes == 4 ? 4 : at.off < -8 ? 8 : -8))};
	bool swaps = below(2), loads = below(2);

	if (at.off == 32760)
		return;
	for (int k = 0; k < 2; k++) {
		int16_t off = offs[swaps ? 1 - k : k];

		if (loads)
			add(bpf_load(bytes, below(8) == 0 && bytes == 4, random_dst(), at.base,
			             off));
		else if (below(2))
			add(bpf_store(bytes, at.base, off, random_src()));
		else
			add(bpf_store_imm(bytes, at.base, off,
			                  below(2) ? 0 : (int32_t)random_value()));
	}
}

/* A load through a pointer that the load before it has put into its own base. */
static void random_chain(void)
{
	int16_t to = below(2) ? -16 : 0;

	add_fixed(bpf_mov(2, 6));
	add_fixed(bpf_alu_imm(BPF_ADD, false, 2, -32));
	add_fixed(bpf_store(8, 6, -8, 2));
	add_fixed(bpf_mov(2, 6));
	add_fixed(bpf_load(8, false, 2, 2, -8));
	add_fixed(bpf_load(8, false, 3, 2, to));
	add_fixed(bpf_mov_imm(2, 2));
	add_fixed(bpf_store(8, 6, -8, 2));
}

static void random_atomic(bool in_main)
{
	static const int32_t ops[] = {BPF_ADD,
	                              BPF_AND,
	                              BPF_OR,
	                              BPF_XOR,
	                              BPF_ADD | BPF_FETCH,
	                              BPF_AND | BPF_FETCH,
	                              BPF_OR | BPF_FETCH,
	                              BPF_XOR | BPF_FETCH,
	                              BPF_XCHG,
	                              BPF_CMPXCHG,
	                              JIT_LOAD_ACQ,
	                              JIT_STORE_REL};
	int32_t op = ops[below(sizeof(ops) / sizeof(ops[0]))];
	uint8_t bytes = below(2) ? 8 : 4;
	struct place at = random_place(in_main, 8, true);

	if (op == BPF_CMPXCHG && below(2)) /* one that succeeds */
		add(bpf_load(bytes, false, 0, at.base, at.off));
	if (op == JIT_LOAD_ACQ || op == JIT_STORE_REL)
		bytes = (uint8_t)(1 << below(4));
	if (op == JIT_LOAD_ACQ)
		add(bpf_atomic(bytes, (uint32_t)op, random_dst(), at.off, at.base));
	else
		add(bpf_atomic(bytes, (uint32_t)op, at.base, at.off, random_dst()));
}

static uint8_t random_jump(void)
{
	static const uint8_t ops[] = {BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,  BPF_JLT, BPF_JLE,
	                              BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET};
	return ops[below(sizeof(ops))];
}

static struct bpf_insn random_condition(int16_t off)
{
	bool is_32 = below(2);
	uint64_t v = below(3) ? random_value() : UINT64_C(1) << below(64);

	if (below(2))
		return bpf_jmp(random_jump(), is_32, random_dst(), random_src(), off);
	return bpf_jmp_imm(random_jump(), is_32, random_dst(), (int32_t)v, off);
}

/* A jump over one instruction. */
static void random_select(void)
{
	uint8_t dst = random_dst();

	add(random_condition(1));
	switch (below(5)) {
	case 4: /* one jump over another */
		add(bpf_goto(1));
		add(bpf_alu_imm(BPF_XOR, false, dst, 1));
		break;
	case 0:
		add(bpf_alu_imm(BPF_ADD, false, dst, 1));
		break;
	case 1:
		add(bpf_alu_imm(BPF_MOV, below(2), dst, (int32_t)random_value()));
		break;
	case 2:
		add(bpf_alu(BPF_MOV, below(2), dst, random_src()));
		break;
	default: /* two ways into the operation behind a move */
		add(bpf_mov(dst, random_src()));
		add(bpf_alu_imm(BPF_ADD, below(2), dst, 5));
	}
}

static void random_simple(bool in_main)
{
	switch (below(10)) {
	case 0:
		random_memory(in_main);
		break;
	case 5:
		random_chain();
		break;
	case 4:
		random_neighbours(in_main);
		break;
	case 1:
		random_pair();
		break;
	case 2:
		random_select();
		break;
	case 3:
		random_atomic(in_main);
		break;
	default:
		random_alu();
	}
}

static void random_loop(bool in_main)
{
	uint32_t head;

	add(bpf_mov_imm(9, 1 + (int32_t)below(5)));
	head = p.n;
	for (uint64_t k = 1 + below(4); k > 0; k--)
		random_simple(in_main);
	add(bpf_alu_imm(BPF_SUB, false, 9, 1));
	add(bpf_jmp_imm(BPF_JNE, false, 9, 0, (int16_t)((int32_t)head - (int32_t)p.n - 1)));
}

/* Calls lose r1 to r5: nothing may depend on what is in them behind. */
static void set_arguments(void)
{
	for (uint8_t r = 1; r <= 5; r++)
		if (below(2))
			add_lddw(r, 0, random_value());
		else
			add(bpf_mov_imm(r, (int32_t)random_value()));
}

struct fixup {
	uint32_t pc, func;
	bool is_lddw;
};

static struct fixup fixups[MAX_ITEMS];
static unsigned n_fixups;

static void random_lookup(void)
{
	add(bpf_mov(2, 10));
	add(bpf_alu_imm(BPF_ADD, false, 2, -8));
	if (below(2))
		add(bpf_store_imm(4, 10, -8, (int32_t)below(8)));
	add_lddw(1, 0, (uintptr_t)p.maps[below(p.n_maps)]);
	add(bpf_call(BPF_FUNC_map_lookup_elem));
	for (uint32_t k = 0; k < p.n_maps; k++)
		if (jit_lddw_value(&p.insns[p.n - 3]) == (uintptr_t)p.maps[k])
			p.facts[p.n - 1].map = k;
	add(bpf_jmp_imm(BPF_JEQ, false, 0, 0, 3));
	add(bpf_load(8, false, 7, 0, 0));
	add(bpf_alu_imm(BPF_ADD, false, 7, 3));
	add(bpf_store(8, 0, 0, 7));
	add(bpf_mov_imm(0, (int32_t)below(100)));
}

/* Functions are numbered from 1; those of higher numbers are called from lower ones only. */
static void random_call(unsigned func)
{
	bool in_main = func == 0;

	adds_fixed = true;
	switch (below(in_main ? 5 : 2)) {
	case 0:
		add(bpf_call(BPF_FUNC_get_smp_processor_id));
		break;
	case 1:
	case 2:
		if (func >= 2)
			break;
		fixups[n_fixups++] = (struct fixup){p.n, func + 1, false};
		add(bpf_call_func(0));
		break;
	case 3: /* bpf_loop(): the last function is its callback */
		add(bpf_mov_imm(1, (int32_t)below(4)));
		fixups[n_fixups++] = (struct fixup){p.n, 3, true};
		add_lddw(2, BPF_PSEUDO_FUNC, 0);
		add(bpf_mov(3, 6));
		add(bpf_mov_imm(4, 0));
		add(bpf_call(BPF_FUNC_loop));
		break;
	default:
		random_lookup();
	}
	set_arguments();
	adds_fixed = false;
}

static void random_items(unsigned func, unsigned n)
{
	uint32_t items[MAX_ITEMS], jumps[MAX_ITEMS];
	unsigned to[MAX_ITEMS], n_jumps = 0;
	bool in_main = func == 0;

	for (unsigned k = 0; k < n; k++) {
		items[k] = p.n;
		switch (below(12)) {
		case 0:
		case 1:
			jumps[n_jumps] = p.n;
			to[n_jumps++] = k + 1 + (unsigned)below(5);
			if (below(6))
				add(random_condition(0));
			else
				add(bpf_goto(0));
			break;
		case 2:
			random_loop(in_main);
			break;
		case 3:
			random_call(func);
			break;
		case 4:
			add_lddw(random_dst(), 0, random_value());
			break;
		default:
			random_simple(in_main);
		}
	}
	for (unsigned k = 0; k < n_jumps; k++)
		p.insns[jumps[k]].off = (int16_t)((to[k] < n ? items[to[k]] : p.n) - jumps[k] - 1);
}

/* r0 = something of everything. */
static void end_func(void)
{
	for (uint8_t r = 1; r <= 9; r++) {
		if (r == 6)
			continue;
		add(bpf_alu_imm(BPF_MUL, false, 0, 31));
		add(bpf_alu(BPF_XOR, false, 0, r));
	}
	add(bpf_exit());
}

static void random_func(unsigned func, unsigned n)
{
	adds_fixed = true;
	if (func == 0) {
		add(bpf_mov(6, 1));
		add(bpf_alu_imm(BPF_ADD, false, 6, MEMORY_B / 2));
		set_arguments();
	} else {
		begin_func();
		add(bpf_mov(6, 10));
		if (func == 3) { /* the callback's context, r2, is a pointer */
			add(bpf_load(8, false, 2, 2, 8));
			add(bpf_mov_imm(3, 3));
			add(bpf_mov_imm(4, 4));
			add(bpf_mov_imm(5, 5));
		}
	}
	add(bpf_mov(7, 1));
	add(bpf_mov(8, 2));
	add(bpf_mov_imm(9, 9));
	add(bpf_mov_imm(0, (int32_t)random_value()));
	for (int off = -64; off < 0; off += 8)
		add(bpf_store(8, 10, (int16_t)off, (uint8_t)below(6)));
	adds_fixed = false;
	random_items(func, n);
	if (func == 3) {
		add(bpf_alu_imm(BPF_AND, false, 0, 1));
		add(bpf_exit());
	} else {
		end_func();
	}
}

#if defined(__aarch64__)
/* The linker puts this in place of vm_probe_load() (--wrap): it leaves nothing in the registers
 * that a C function need not keep, whatever the compiler made of the real one. */
uint64_t __real_vm_probe_load(struct vm_run *run, uint64_t address, uint32_t size_b);
uint64_t __wrap_vm_probe_load(struct vm_run *run, uint64_t address, uint32_t size_b);

uint64_t __wrap_vm_probe_load(struct vm_run *run, uint64_t address, uint32_t size_b)
{
	uint64_t v = __real_vm_probe_load(run, address, size_b);

	__asm__ volatile("mov x1, #-1\n mov x2, #-2\n mov x3, #-3\n mov x4, #-4\n"
	                 "mov x5, #-5\n mov x6, #-6\n mov x7, #-7\n mov x8, #-8\n"
	                 "mov x9, #-9\n mov x10, #-10\n mov x11, #-11\n mov x12, #-12\n"
	                 "mov x13, #-13\n mov x14, #-14\n mov x15, #-15\n mov x16, #-16\n"
	                 :
	                 :
	                 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
	                   "x12", "x13", "x14", "x15", "x16");
	return v;
}
#endif

/* ---- running --------------------------------------------------------------------------------- */

static void fail(const char *what)
{
	n_failed++;
	printf("not ok %s\n", what);
}

/* vm_code_create() expects maps as indices; here addresses are in place already. */
static struct vm_code *make(enum vm_backend backend, bool blinds)
{
	struct vm_program program = {
	    .name = "random",
	    .type = BPF_PROG_TYPE_UNSPEC,
	    .memory_b = MEMORY_B,
	    .insns = p.insns,
	    .n_insns = p.n,
	    .n_maps = p.n_maps,
	};
	struct vm_facts facts = {
	    .insns = p.facts,
	    .n = p.n,
	    .func_pcs = p.func_pcs,
	    .func_stack_b = p.func_stack_b,
	    .n_funcs = p.n_funcs,
	    .has_tail_call = p.has_tail_call,
	};
	struct vm_code_options opts = {.backend = backend, .blinds_constants = blinds};
	own_strbuf struct strbuf why = {0};
	struct vm_code *c = NULL;

	if (vm_code_create(&program, &facts, p.maps, &opts, &c, &why)) {
		printf("cannot make code: %s\n", sb_str(&why));
		return NULL;
	}
	return c;
}

static uint64_t run_code(struct vm_code *c)
{
	struct vm_run run = {.cpu = 1, .context = memory, .context_b = MEMORY_B};

	memcpy(memory, at_first, MEMORY_B);
	for (uint32_t k = 0; k < p.n_maps; k++)
		for (uint32_t index = 0; index < p.maps[k]->def.max_entries; index++)
			for (uint32_t cpu = 0; cpu < 2; cpu++)
				memset(p.maps[k]->values + index * p.maps[k]->stride_b +
				           cpu * p.maps[k]->cpu_stride_b,
				       (int)(index * 2 + cpu), p.maps[k]->def.value_size_b);
	return vm_code_run(c, &run, MEMORY_B);
}

static void print_program(void)
{
	own_strbuf struct strbuf text = {0};

	if (p.n > 2000)
		return;
	bpf_disasm(p.insns, p.n, &text);
	fputs(sb_str(&text), stdout);
}

/* What to print of a program that runs differently: without all that can go. */
static bool differs(bool blinds)
{
	struct vm_code *a = make(VM_INTERPRETER, false), *b = make(VM_JIT, blinds);
	bool ret = false;

	if (a && b) {
		uint64_t want = run_code(a);

		memcpy(after_interpreter, memory, MEMORY_B);
		ret = run_code(b) != want || memcmp(memory, after_interpreter, MEMORY_B);
	}
	vm_code_destroy(a);
	vm_code_destroy(b);
	return ret;
}

static void reduce(bool blinds)
{
	for (uint32_t pc = 0; pc < p.n && p.n < 2000; pc++) {
		struct bpf_insn was = p.insns[pc];

		if (p.is_fixed[pc])
			continue;
		p.insns[pc] = bpf_goto(0);
		if (!differs(blinds))
			p.insns[pc] = was;
	}
}

/* Every CPU's code can be made on every CPU. Nothing runs it here, but what watches memory and
 * arithmetic (sanitizers) sees it being made. */
static void make_for_others(const struct vm_code *c)
{
	static const struct jit_target *const targets[] = {&jit_x86_64, &jit_arm64};
	const struct vm_code_options opts = {.blinds_constants = below(2)};

	for (size_t k = 0; k < sizeof(targets) / sizeof(targets[0]); k++) {
		own_arena struct arena *a = arena_create();
		struct jit j;

		if (jit_compile(&j, a, targets[k], c, &opts, (uint32_t)below(2), 0x10000000,
		                INT32_MAX))
			fail(targets[k]->name);
	}
}

/* Returns r0. */
static uint64_t compare(const char *what)
{
	struct vm_code *interpreted = make(VM_INTERPRETER, false);
	uint64_t want, got;

	if (!interpreted) {
		fail(what);
		return 0;
	}
	want = run_code(interpreted);
	memcpy(after_interpreter, memory, MEMORY_B);
	make_for_others(interpreted);
	vm_code_destroy(interpreted);
	for (int blinds = 0; blinds < 2; blinds++) {
		struct vm_code *c = make(VM_JIT, blinds);

		if (!c) {
			fail(what);
			return want;
		}
		got = run_code(c);
		vm_code_destroy(c);
		if (got == want && !memcmp(memory, after_interpreter, MEMORY_B)) {
			n_passed++;
			continue;
		}
		fail(what);
		printf("  %s0x%" PRIx64 ", not 0x%" PRIx64 "%s\n", blinds ? "blinded: " : "", got,
		       want, got == want ? " (memory differs)" : "");
		reduce(blinds);
		print_program();
	}
	return want;
}

static void make_array(uint32_t type)
{
	struct vm_map_def def = {
	    .name = "m", .type = type, .key_size_b = 4, .value_size_b = 16, .max_entries = 5};
	own_strbuf struct strbuf why = {0};

	if (vm_map_create(&def, 2, &p.maps[p.n_maps], &why))
		printf("no map: %s\n", sb_str(&why));
	else
		p.n_maps++;
}

static void one_random_program(uint64_t number)
{
	char what[64];

	snprintf(what, sizeof(what), "random program %" PRIu64, number);
	begin();
	n_fixups = 0;
	make_array(BPF_MAP_TYPE_ARRAY);
	make_array(BPF_MAP_TYPE_PERCPU_ARRAY);
	random_func(0, 5 + (unsigned)below(60));
	for (unsigned f = 1; f <= 3; f++)
		random_func(f, 3 + (unsigned)below(12));
	for (unsigned k = 0; k < n_fixups; k++)
		p.insns[fixups[k].pc].imm =
		    (int32_t)(p.func_pcs[fixups[k].func] - fixups[k].pc - 1);
	compare(what);
}

/* ---- deliberate programs ----------------------------------------------------------------------
 */

static void expect(const char *what, uint64_t got, uint64_t want)
{
	if (got == want) {
		n_passed++;
		return;
	}
	fail(what);
	printf("  0x%" PRIx64 ", not 0x%" PRIx64 "\n", got, want);
}

/* Every divisor of a shape that picks a form of its own, on every edge value. */
static void test_divisors(void)
{
	static const int32_t divisors[] = {
	    1,       2,         3,         5,  6,   7,   9,   10,   11,   12,      13,
	    25,      28,        64,        97, 100, 125, 641, 1000, 4096, 6700417, 1000003,
	    1 << 30, INT32_MAX, INT32_MIN, -1, -2,  -3,  -7,  -10,  -100};

	for (size_t k = 0; k < sizeof(divisors) / sizeof(divisors[0]); k++) {
		begin();
		add(bpf_mov_imm(0, 0));
		for (int form = 0; form < 8; form++) {
			uint8_t op = form & 1 ? BPF_MOD : BPF_DIV;

			for (int16_t off = 0; off < 512; off += 8) {
				add(bpf_load(8, false, 2, 1, off));
				add(bpf_alu_imm(op, form & 2, 2, divisors[k]))->off = form >> 2;
				add(bpf_alu_imm(BPF_MUL, false, 0, 31));
				add(bpf_alu(BPF_ADD, false, 0, 2));
			}
		}
		add(bpf_exit());
		compare("division by a constant");
	}
}

/* Slots whose code is long: a modulo by a constant. */
static void add_bulk(uint32_t slots)
{
	for (uint32_t k = 0; k < slots; k++)
		add(bpf_alu_imm(BPF_MOD, false, 0, 1000003));
}

/* Over more than 32 KiB and more than 1 MiB: what arm64's two kinds of conditional jumps reach. */
static void test_far_jumps(void)
{
	static const struct {
		uint8_t op;
		int32_t imm;
		uint16_t slots;
	} jumps[] = {{BPF_JGT, 100, 32000}, {BPF_JEQ, 39, 32000}, {BPF_JNE, 0, 1500},
	             {BPF_JSLT, 0, 1500},   {BPF_JSGE, 0, 1500},  {BPF_JSET, 16, 1500}};

	for (size_t k = 0; k < sizeof(jumps) / sizeof(jumps[0]); k++) {
		for (int v = -1; v < 40; v += 40) { /* -1, 39 */
			bool is_32 = k & 1;

			begin();
			add(bpf_mov_imm(0, 5));
			add(bpf_mov_imm(2, v));
			add(bpf_jmp_imm(jumps[k].op, is_32, 2, jumps[k].imm,
			                (int16_t)(jumps[k].slots + 1)));
			add_bulk(jumps[k].slots);
			add(bpf_mov_imm(0, 6));
			add(bpf_alu(BPF_ADD, false, 0, 2));
			add(bpf_exit());
			compare("far jump");
		}
	}
}

static void test_far_callback(void)
{
	uint32_t at;

	begin();
	add(bpf_mov(6, 1));
	add(bpf_mov_imm(1, 10));
	at = p.n;
	add_lddw(2, BPF_PSEUDO_FUNC, 0);
	add(bpf_mov(3, 6));
	add(bpf_mov_imm(4, 0));
	add(bpf_call(BPF_FUNC_loop));
	add_bulk(32000);
	add(bpf_load(8, false, 1, 6, 0));
	add(bpf_alu(BPF_ADD, false, 0, 1));
	add(bpf_exit());
	p.insns[at].imm = (int32_t)(p.n - at - 1);
	begin_func(); /* memory[0] += index + 1; stop after 7 */
	add(bpf_load(8, false, 3, 2, 0));
	add(bpf_alu(BPF_ADD, false, 3, 1));
	add(bpf_alu_imm(BPF_ADD, false, 3, 1));
	add(bpf_store(8, 2, 0, 3));
	add(bpf_mov_imm(0, 0));
	add(bpf_jmp_imm(BPF_JNE, false, 1, 6, 1));
	add(bpf_mov_imm(0, 1));
	add(bpf_exit());
	memset(at_first, 0, 8);
	expect("far callback", compare("far callback"), 7 + 28);
}

static void test_may_goto(void)
{
	begin();
	add(bpf_mov_imm(0, 0));
	add(bpf_alu_imm(BPF_ADD, false, 0, 1));
	add(bpf_make(BPF_JMP | JIT_JCOND, 0, 0, 1, 0));
	add(bpf_goto(-3));
	add(bpf_exit());
	expect("may_goto", compare("may_goto"), JIT_MAY_GOTO_MAX + 1);
}

static void test_packet_loads(void)
{
	static const int32_t offsets[] = {0, 3, 1000, MEMORY_B - 4, MEMORY_B - 3, MEMORY_B, -1};

	for (size_t k = 0; k < sizeof(offsets) / sizeof(offsets[0]); k++) {
		for (int size = 0; size < 3; size++) {
			for (int is_ind = 0; is_ind < 2; is_ind++) {
				uint8_t code = BPF_LD | (is_ind ? BPF_IND : BPF_ABS) |
				               bpf_size_code((uint8_t)(1 << size));

				begin();
				add(bpf_mov(6, 1));
				add(bpf_mov_imm(7, 2));
				add(bpf_make(code, 0, is_ind ? 7 : 0, 0,
				             offsets[k] - (is_ind ? 2 : 0)));
				add(bpf_alu_imm(BPF_ADD, false, 0, 77));
				add(bpf_exit());
				compare("packet load");
			}
		}
	}
}

/* The function keeps its caller's registers, is left by a tail call, and its caller goes on. */
static void test_tail_calls(enum vm_backend first, enum vm_backend second)
{
	struct vm_map_def def = {.name = "t",
	                         .type = BPF_MAP_TYPE_PROG_ARRAY,
	                         .key_size_b = 4,
	                         .value_size_b = 4,
	                         .max_entries = 4};
	struct vm_code *from, *to;
	struct vm_map *m;

	if (vm_map_create(&def, 1, &m, NULL)) {
		fail("tail call: no program array");
		return;
	}
	begin(); /* ++memory[0], then calls itself if it is at 1, else returns 1000 */
	p.has_tail_call = true;
	add(bpf_load(8, false, 3, 1, 0));
	add(bpf_alu_imm(BPF_ADD, false, 3, 1));
	add(bpf_store(8, 1, 0, 3));
	add_lddw(2, 0, (uintptr_t)m);
	add(bpf_mov_imm(3, 1));
	add(bpf_call(BPF_FUNC_tail_call));
	add(bpf_mov_imm(0, 1000));
	add(bpf_exit());
	to = make(second, false);

	begin(); /* r7 lives across a function that goes to r3 */
	p.has_tail_call = true;
	add(bpf_mov(6, 1));
	add(bpf_mov_imm(7, 7));
	add(bpf_mov_imm(3, 5)); /* no such entry */
	add(bpf_call_func(6));
	add(bpf_alu(BPF_ADD, false, 7, 0));
	add(bpf_mov(1, 6));
	add(bpf_mov_imm(3, 1));
	add(bpf_call_func(2));
	add(bpf_alu(BPF_ADD, false, 0, 7));
	add(bpf_exit());
	begin_func();
	add(bpf_mov_imm(7, 3));
	add(bpf_store(8, 10, -8, 7));
	add_lddw(2, 0, (uintptr_t)m);
	add(bpf_call(BPF_FUNC_tail_call));
	add(bpf_load(8, false, 0, 10, -8));
	add(bpf_exit());
	from = make(first, false);
	if (!from || !to || vm_map_set_program(m, 1, to)) {
		fail("tail call: not made");
	} else {
		memset(at_first, 0, 8);
		expect("tail call", run_code(from), 1000 + 7 + 3);
		expect("tail call, count", memory[0], 33);
	}
	vm_code_destroy(from);
	vm_code_destroy(to);
	vm_map_destroy(m);
}

#if defined(__aarch64__)
/* Whether a move of 16 bits has them as its immediate. */
static bool has_immediate(const struct vm_code *c, uint16_t imm16)
{
	const uint32_t *insns = c->jit_memory;

	for (size_t k = 0; k < c->jit_code_b / 4; k++)
		if ((insns[k] & 0x1f800000) == 0x12800000 && (uint16_t)(insns[k] >> 5) == imm16)
			return true;
	return false;
}

static void test_blinding(void)
{
	for (int blinds = 0; blinds < 2; blinds++) {
		struct vm_code *c;

		begin();
		add_lddw(0, 0, 0x5eed12345eed1234u);
		add(bpf_alu_imm(BPF_XOR, false, 0, 0x5eed1234));
		add(bpf_store_imm(4, 10, -4, 0x5eed1234));
		add(bpf_jmp_imm(BPF_JGT, false, 0, 0x5eed1234, 0));
		add(bpf_exit());
		c = make(VM_JIT, blinds);
		expect("constants that can be seen", c && has_immediate(c, 0x5eed), !blinds);
		vm_code_destroy(c);
	}
}
#endif

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 0) : 500;

	setvbuf(stdout, NULL, _IOLBF, 0);
	seed = 1;
	for (size_t k = 0; k < MEMORY_B; k += 8) {
		uint64_t v = random_value();

		memcpy(at_first + k, &v, 8);
	}
	test_divisors();
	test_far_jumps();
	test_far_callback();
	test_may_goto();
	test_packet_loads();
	test_tail_calls(VM_JIT, VM_JIT);
	test_tail_calls(VM_JIT, VM_INTERPRETER);
#if defined(__aarch64__)
	test_blinding();
#endif
	for (uint64_t k = first; k < first + n; k++) {
		seed = k;
		one_random_program(k);
	}
	begin();
	printf("%u passed, %u failed\n", n_passed, n_failed);
	return n_failed != 0;
}
