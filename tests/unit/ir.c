/* The IR: building, folding, passes; and the property that holds it all together: on random
 * programs, the evaluated IR, the evaluated optimized IR and the emitted code agree.
 *
 * IR_COUNT=n tries so many random programs, IR_SEED=n only that one; IR_SHOW=1 shows what becomes
 * of them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <time.h>
#include <bpf/bpf.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/diag.h"
#include "bpf/disasm.h"
#include "ir/ir.h"
#include "ir_random.h"
#include "ir_run.h"

static const struct ir_target modern = {true, false, true, true, true};

/* ---- random programs ------------------------------------------------------------------- */

static void fill(struct world *w, uint64_t seed)
{
	uint8_t *bytes = (uint8_t *)w;

	memset(w, 0, sizeof(*w));
	for (size_t k = 0; k < offsetof(struct world, n_calls); k++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		bytes[k] = (uint8_t)(seed >> 40) & (k % 16 < 8 ? 0xff : 3);
	}
}

static void check_same(const struct world *x, const struct world *y, uint64_t rx, uint64_t ry,
                       uint64_t seed, const char *what)
{
	if (rx == ry && !x->error[0] && !y->error[0] && !memcmp(x->value, y->value, W_VALUE_B) &&
	    !memcmp(x->entries, y->entries, sizeof(x->entries)) && x->n_calls == y->n_calls)
		return;
	fail_msg("seed %llu: %s: %llx against %llx %s%s", (unsigned long long)seed, what,
	         (unsigned long long)rx, (unsigned long long)ry, x->error, y->error);
}

/* The three worlds start at the same address in turn, as addresses are data too. */
static void run_seed(uint64_t seed, int size, struct ir_target target, bool is_optimized)
{
	own_arena struct arena *a = arena_create();
	struct diag *d = diag_create(a);
	struct ir_unit *u = g_unit(a, seed, size, false, target);
	struct world *w = arena_new(a, struct world), plain, passed;
	uint64_t result[3];
	struct ir_code code;
	uint32_t steps = 0;

	ir_check(u);
	fill(w, seed);
	result[0] = ev_func(w, u->funcs.items[0], (uint64_t[5]){(uintptr_t)w->ctx}, &steps);
	plain = *w;
	if (steps > W_MAX_STEPS)
		return;
	if (is_optimized) {
		ir_optimize(u, NULL);
		steps = 0;
		fill(w, seed);
		result[1] = ev_func(w, u->funcs.items[0], (uint64_t[5]){(uintptr_t)w->ctx}, &steps);
		passed = *w;
		check_same(&plain, &passed, result[0], result[1], seed, "the passes");
	}
	if (!ir_emit(u, d, &code)) {
		assert_int_equal(diag_first_error(d), E_LIMIT);
		return; /* too many spills for 512 bytes can happen */
	}
	ir_check(u);
	assert_int_equal(code.insns.n, code.spans.n);
	if (getenv("IR_SHOW")) {
		struct strbuf text = {0};

		ir_print(u, &text);
		bpf_disasm(code.insns.items, code.insns.n, &text);
		fputs(sb_str(&text), stderr);
		sb_free(&text);
	}
	fill(w, seed);
	result[2] = vm_run(w, &code);
	check_same(&plain, w, result[0], result[2], seed, "the code");
}

static void random_programs_keep_their_meaning(void **state)
{
	const char *one = getenv("IR_SEED"), *count = getenv("IR_COUNT");
	uint64_t n = count ? strtoull(count, NULL, 0) : 1500;

	(void)state;
	for (uint64_t k = one ? strtoull(one, NULL, 0) : 1; k <= n || one; k++) {
		struct ir_target t = {.has_probe_read_split = k & 1,
		                      .has_alu32 = k & 2,
		                      .has_sext = k & 4,
		                      .has_atomics = true};

		run_seed(k, 3 + (int)(k % 60), t, k % 5);
		if (one)
			break;
	}
}

/* ---- single properties ----------------------------------------------------------------- */

/* A unit of one program that gets a context, and what becomes of it. */
struct made {
	struct arena *a;
	struct diag *d;
	struct ir_unit *u;
	struct ir_func *f;
	struct ir_builder b;
	struct ir_inst *ctx;
	struct ir_code code;
};

static struct made begin(struct ir_target target)
{
	static const enum ir_ptr params[] = {PTR_CTX};
	struct made m = {.a = arena_create()};

	m.d = diag_create(m.a);
	m.u = ir_unit_create(m.a, "test", target);
	m.f = ir_func_add(m.u, "program", 1, params);
	m.b = ir_builder_at_entry(m.f);
	m.ctx = ir_param(&m.b, 0);
	return m;
}

static void finish(struct made *m)
{
	struct strbuf trace = {0};

	ir_optimize(m->u, getenv("IR_SHOW") ? &trace : NULL);
	fputs(sb_str(&trace), stderr);
	sb_free(&trace);
	assert_true(ir_emit(m->u, m->d, &m->code));
}

/* The code's text, between first and last line end. */
static char *text_of(struct made *m)
{
	struct strbuf out = {0};
	char *text;

	for (size_t pc = 0; pc < m->code.insns.n;) {
		pc += bpf_disasm_insn(m->code.insns.items, m->code.insns.n, pc, &out);
		sb_adds(&out, "\n");
	}
	text = arena_strdup(m->a, sb_str(&out));
	sb_free(&out);
	return text;
}

static int count_of(struct made *m, const char *what)
{
	int n = 0;

	for (const char *at = text_of(m); (at = strstr(at, what)); at++)
		n++;
	return n;
}

static uint64_t run(struct made *m)
{
	struct world *w = arena_new(m->a, struct world);
	uint64_t result;

	fill(w, 1);
	result = vm_run(w, &m->code);
	assert_string_equal(w->error, "");
	return result;
}

static struct ir_inst *ctx_load(struct made *m, int64_t off)
{
	return ir_load(&m->b, m->ctx, off, 8, false, PTR_NONE);
}

static void building_folds(void **state)
{
	struct made m = begin(modern);
	struct ir_inst *x = ctx_load(&m, 0), *y;

	(void)state;
	assert_int_equal(ir_bin(&m.b, IR_ADD, ir_const(&m.b, 2), ir_const(&m.b, 3))->imm, 5);
	assert_ptr_equal(ir_bin_imm(&m.b, IR_ADD, x, 0), x);
	assert_ptr_equal(ir_bin_imm(&m.b, IR_MUL, x, 1), x);
	assert_int_equal(ir_bin_imm(&m.b, IR_MUL, x, 0)->imm, 0);
	assert_int_equal(ir_bin_imm(&m.b, IR_MUL, x, 8)->op, IR_SHL);
	assert_int_equal(ir_bin_imm(&m.b, IR_UDIV, x, 4096)->op, IR_SHR);
	assert_int_equal(ir_bin_imm(&m.b, IR_UDIV, x, 0)->imm, 0);
	assert_ptr_equal(ir_bin_imm(&m.b, IR_UMOD, x, 0), x);
	y = ir_bin_imm(&m.b, IR_ADD, ir_bin_imm(&m.b, IR_ADD, x, 5), 7);
	assert_ptr_equal(y->args[0], x);
	assert_int_equal(y->args[1]->imm, 12);
	y = ir_cmp(&m.b, COND_ULT, x, y);
	assert_int_equal(ir_cmp(&m.b, COND_EQ, y, ir_const(&m.b, 0))->cond, COND_UGE);
	assert_ptr_equal(ir_cmp(&m.b, COND_NE, y, ir_const(&m.b, 0)), y);
	y = ir_load(&m.b, m.ctx, 0, 1, false, PTR_NONE);
	assert_ptr_equal(ir_bin_imm(&m.b, IR_AND, y, 255), y);
	assert_ptr_equal(ir_ext(&m.b, y, 4, true), y);
	assert_int_equal(ir_cmp(&m.b, COND_ULT, y, ir_const(&m.b, 256))->imm, 1);
	assert_int_equal(ir_ext(&m.b, ir_const(&m.b, 0x180), 1, true)->imm, -128);
	assert_int_equal(ir_bswap(&m.b, ir_const(&m.b, 0x1234), 2)->imm, 0x3412);
	arena_destroy(m.a);
}

static void pointers_keep_their_kind(void **state)
{
	struct made m = begin(modern);
	struct ir_inst *p = ir_load(&m.b, m.ctx, 0, 8, false, PTR_BTF), *i = ctx_load(&m, 8);

	(void)state;
	assert_int_equal(ir_bin_imm(&m.b, IR_ADD, p, 16)->ptr, PTR_BTF);
	assert_int_equal(ir_bin(&m.b, IR_ADD, p, i)->ptr, PTR_KERNEL);
	assert_int_equal(ir_bin(&m.b, IR_ADD, i, ir_map_value(&m.b, 0, 0))->ptr, PTR_VALUE);
	assert_int_equal(ir_bin(&m.b, IR_SUB, p, p)->ptr, PTR_NONE);
	assert_int_equal(ir_as(&m.b, p, PTR_USER)->ptr, PTR_USER);
	assert_ptr_equal(ir_as(&m.b, ir_as(&m.b, p, PTR_USER), PTR_BTF), p);
	arena_destroy(m.a);
}

static void unset_variables_are_zero(void **state)
{
	struct made m = begin(modern);
	ir_var v = ir_var_new(m.f);

	(void)state;
	ir_ret(&m.b, ir_var_get(&m.b, v));
	finish(&m);
	assert_string_equal(text_of(&m), "r0 = 0\nexit\n");
	arena_destroy(m.a);
}

/* for (i = 0; i < 7; i++) swap(a, b): what goes round must not be overwritten half-way. */
static void values_swap_in_a_loop(void **state)
{
	struct made m = begin(modern);
	struct ir_block *head = ir_block_add(m.f), *body = ir_block_add(m.f);
	struct ir_block *out = ir_block_add(m.f);
	ir_var a = ir_var_new(m.f), b = ir_var_new(m.f), i = ir_var_new(m.f);
	struct ir_inst *old;

	(void)state;
	ir_var_set(&m.b, a, ir_const(&m.b, 100));
	ir_var_set(&m.b, b, ir_const(&m.b, 1));
	ir_var_set(&m.b, i, ir_const(&m.b, 0));
	ir_jump(&m.b, head);
	m.b.block = head;
	ir_branch(&m.b, COND_ULT, ir_var_get(&m.b, i), ir_const(&m.b, 7), body, out);
	ir_seal(body);
	m.b.block = body;
	old = ir_var_get(&m.b, a);
	ir_var_set(&m.b, a, ir_var_get(&m.b, b));
	ir_var_set(&m.b, b, old);
	ir_var_set(&m.b, i, ir_bin_imm(&m.b, IR_ADD, ir_var_get(&m.b, i), 1));
	ir_jump(&m.b, head);
	ir_seal(head);
	ir_seal(out);
	m.b.block = out;
	ir_ret(&m.b, ir_bin(&m.b, IR_SUB, ir_var_get(&m.b, a), ir_var_get(&m.b, b)));
	finish(&m);
	assert_int_equal((int64_t)run(&m), 1 - 100);
	arena_destroy(m.a);
}

/* Lowerings go on after `return`; so do loops that nobody can reach. */
static void unreachable_loops_are_harmless(void **state)
{
	struct made m = begin(modern);
	struct ir_block *body = ir_block_add(m.f), *out = ir_block_add(m.f);
	ir_var i = ir_var_new(m.f);

	(void)state;
	ir_ret(&m.b, ir_const(&m.b, 3));
	ir_var_set(&m.b, i, ir_const(&m.b, 0));
	ir_jump(&m.b, body);
	m.b.block = body;
	ir_var_set(&m.b, i, ir_bin_imm(&m.b, IR_ADD, ir_var_get(&m.b, i), 1));
	ir_branch(&m.b, COND_ULT, ir_var_get(&m.b, i), ir_const(&m.b, 7), body, out);
	ir_seal(body);
	ir_seal(out);
	m.b.block = out;
	ir_ret(&m.b, ir_var_get(&m.b, i));
	finish(&m);
	assert_string_equal(text_of(&m), "r0 = 3\nexit\n");
	arena_destroy(m.a);
}

/* ... and those that folding cuts off, whose PHIs then depend on themselves alone. */
static void loops_cut_off_by_folding_are_harmless(void **state)
{
	struct made m = begin(modern);
	struct ir_block *maybe = ir_block_add(m.f), *body = ir_block_add(m.f);
	struct ir_block *out = ir_block_add(m.f);
	ir_var never = ir_var_new(m.f), i = ir_var_new(m.f);

	(void)state;
	ir_var_set(&m.b, never, ir_const(&m.b, 0));
	ir_jump(&m.b, maybe); /* not sealed yet: what `never` is there shows later */
	m.b.block = maybe;
	ir_branch_if(&m.b, ir_var_get(&m.b, never), body, out);
	ir_seal(maybe);
	m.b.block = body;
	ir_var_set(&m.b, i, ir_bin_imm(&m.b, IR_ADD, ir_var_get(&m.b, i), 1));
	ir_branch(&m.b, COND_EQ, ir_var_get(&m.b, i), ir_const(&m.b, 7), out, body);
	ir_seal(body);
	ir_seal(out);
	m.b.block = out;
	ir_ret(&m.b, ir_const(&m.b, 3));
	finish(&m);
	assert_string_equal(text_of(&m), "r0 = 3\nexit\n");
	arena_destroy(m.a);
}

static void loads_go_by_the_kind_of_pointer(void **state)
{
	static const struct {
		enum ir_ptr ptr;
		bool has_split, has_btf_loads;
		const char *call; /* NULL: direct */
	} rows[] = {
	    {PTR_BTF, true, true, NULL},
	    {PTR_BTF, true, false, "bpf_probe_read_kernel#113"},
	    {PTR_KERNEL, true, true, "bpf_probe_read_kernel#113"},
	    {PTR_USER, true, true, "bpf_probe_read_user#112"},
	    {PTR_ANY, true, true, "bpf_probe_read#4"},
	    {PTR_KERNEL, false, false, "bpf_probe_read#4"},
	    {PTR_USER, false, false, "bpf_probe_read#4"},
	    {PTR_MEM, true, false, NULL},
	};

	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
		struct ir_target t = {.has_probe_read_split = rows[k].has_split,
		                      .has_btf_loads = rows[k].has_btf_loads};
		struct made m = begin(t);
		struct ir_inst *p = ir_load(&m.b, m.ctx, 0, 8, false, rows[k].ptr);

		ir_ret(&m.b, ir_load(&m.b, p, 24, 4, false, PTR_NONE));
		finish(&m);
		assert_int_equal(count_of(&m, "call"), rows[k].call != NULL);
		if (rows[k].call)
			assert_int_equal(count_of(&m, rows[k].call), 1);
		else
			assert_int_equal(count_of(&m, "*(u32 *)(r0 +24)"), 1);
		arena_destroy(m.a);
	}
}

static void what_cannot_change_is_asked_once(void **state)
{
	struct made m = begin(modern);
	struct ir_inst *sum = ctx_load(&m, 16);

	(void)state;
	for (int k = 0; k < 3; k++) {
		struct ir_inst *pid =
		    ir_call(&m.b, BPF_FUNC_get_current_pid_tgid, PTR_NONE, 0, NULL);
		struct ir_inst *now = ir_call(&m.b, BPF_FUNC_ktime_get_ns, PTR_NONE, 0, NULL);

		sum = ir_bin(&m.b, IR_ADD, sum, ir_bin(&m.b, IR_XOR, pid, now));
		sum = ir_bin(&m.b, IR_MUL, sum, ctx_load(&m, 16));
	}
	ir_ret(&m.b, sum);
	finish(&m);
	assert_int_equal(count_of(&m, "get_current_pid_tgid"), 1);
	assert_int_equal(count_of(&m, "ktime_get_ns"), 3);
	assert_int_equal(count_of(&m, "+16)"), 1);
	arena_destroy(m.a);
}

static void loads_are_not_merged_across_writes(void **state)
{
	struct made m = begin(modern);
	struct ir_inst *value = ir_map_value(&m.b, 0, 8), *x, *y;

	(void)state;
	x = ir_load(&m.b, value, 0, 8, false, PTR_NONE);
	y = ir_load(&m.b, value, 0, 8, false, PTR_NONE);
	ir_store(&m.b, value, 0, 8, ir_bin(&m.b, IR_ADD, x, y));
	x = ir_load(&m.b, value, 0, 8, false, PTR_NONE);
	ir_ret(&m.b, x);
	finish(&m);
	assert_int_equal(count_of(&m, "= *(u64"), 2);
	arena_destroy(m.a);
}

static void slots_nobody_reads_go(void **state)
{
	struct made m = begin(modern);
	struct ir_inst *slot = ir_slot_addr(&m.b, ir_slot_new(&m.b, 64, 8, "unread"));
	struct ir_inst *key = ir_slot_addr(&m.b, ir_slot_new(&m.b, 8, 8, "key"));

	(void)state;
	ir_zero(&m.b, slot, 64, 8);
	ir_store(&m.b, slot, 8, 8, ctx_load(&m, 0));
	ir_zero(&m.b, key, 8, 8);
	ir_callv(&m.b, BPF_FUNC_map_lookup_elem, PTR_VALUE, ir_map(&m.b, 1), key);
	ir_ret(&m.b, ir_const(&m.b, 0));
	finish(&m);
	assert_int_equal(m.code.stack_b, 8);
	assert_int_equal(count_of(&m, "*(u64 *)(r10 -8) = 0"), 1);
	assert_int_equal(count_of(&m, "(r1 +0)"), 0);
	assert_int_equal(m.code.relocs.n, 1);
	assert_int_equal(m.code.relocs.items[0].kind, RELOC_MAP);
	assert_int_equal(m.code.relocs.items[0].map, 1);
	arena_destroy(m.a);
}

static void slots_in_turn_share_their_bytes(void **state)
{
	struct made m = begin(modern);
	struct ir_inst *p = ir_load(&m.b, m.ctx, 0, 8, false, PTR_KERNEL), *sum = ctx_load(&m, 8);

	(void)state;
	for (int k = 0; k < 100; k++)
		sum = ir_bin(&m.b, IR_ADD, sum, ir_load(&m.b, p, 8 * k, 8, false, PTR_NONE));
	ir_ret(&m.b, sum);
	finish(&m);
	assert_int_equal(m.code.stack_b, 8);
	arena_destroy(m.a);
}

/* Written before the loop, read in it by a call: not to be overwritten by what the loop uses. */
static void a_slot_lives_as_long_as_a_loop_needs_it(void **state)
{
	struct made m = begin(modern);
	struct ir_block *body = ir_block_add(m.f), *out = ir_block_add(m.f);
	struct ir_inst *key = ir_slot_addr(&m.b, ir_slot_new(&m.b, 4, 4, "key")), *other, *entry;
	ir_var i = ir_var_new(m.f), sum = ir_var_new(m.f);
	struct ir_block *have = ir_block_add(m.f), *next = ir_block_add(m.f);

	(void)state;
	ir_store(&m.b, key, 0, 4, ir_const(&m.b, 2));
	ir_jump(&m.b, body);
	m.b.block = body;
	entry = ir_callv(&m.b, BPF_FUNC_map_lookup_elem, PTR_VALUE, ir_map(&m.b, 1), key);
	ir_branch(&m.b, COND_NE, entry, ir_const(&m.b, 0), have, next);
	ir_seal(have);
	m.b.block = have;
	ir_var_set(&m.b, sum, ir_bin_imm(&m.b, IR_ADD, ir_var_get(&m.b, sum), 1));
	ir_jump(&m.b, next);
	ir_seal(next);
	m.b.block = next;
	other = ir_slot_addr(&m.b, ir_slot_new(&m.b, 4, 4, "other"));
	ir_store(&m.b, other, 0, 4, ir_const(&m.b, 99));
	ir_callv(&m.b, BPF_FUNC_map_lookup_elem, PTR_VALUE, ir_map(&m.b, 1), other);
	ir_var_set(&m.b, i, ir_bin_imm(&m.b, IR_ADD, ir_var_get(&m.b, i), 1));
	ir_branch(&m.b, COND_ULT, ir_var_get(&m.b, i), ir_const(&m.b, 5), body, out);
	ir_seal(body);
	ir_seal(out);
	m.b.block = out;
	ir_ret(&m.b, ir_var_get(&m.b, sum));
	finish(&m);
	assert_int_equal(run(&m), 5);
	arena_destroy(m.a);
}

static void too_much_stack_is_reported_at_the_slot(void **state)
{
	struct made m = begin(modern);
	struct ir_inst *slot;

	(void)state;
	m.b.at = (struct span){.source = 0, .begin = 17, .end = 20};
	slot = ir_slot_addr(&m.b, ir_slot_new(&m.b, 520, 8, "large"));
	ir_zero(&m.b, slot, 520, 8);
	ir_callv(&m.b, BPF_FUNC_trace_printk, PTR_NONE, slot, ir_const(&m.b, 520));
	ir_ret(&m.b, ir_const(&m.b, 0));
	ir_optimize(m.u, NULL);
	assert_false(ir_emit(m.u, m.d, &m.code));
	assert_int_equal(diag_first_error(m.d), E_LIMIT);
	arena_destroy(m.a);
}

static void conditions_need_no_detour(void **state)
{
	struct made m = begin(modern);
	struct ir_block *more = ir_block_add(m.f), *join = ir_block_add(m.f);
	struct ir_block *then = ir_block_add(m.f), *out = ir_block_add(m.f);
	ir_var v = ir_var_new(m.f);

	(void)state;
	ir_var_set(&m.b, v, ir_const(&m.b, 0));
	ir_branch(&m.b, COND_UGT, ctx_load(&m, 0), ir_const(&m.b, 4), more, join);
	ir_seal(more);
	m.b.block = more;
	ir_var_set(&m.b, v, ir_cmp(&m.b, COND_ULT, ctx_load(&m, 8), ir_const(&m.b, 9)));
	ir_jump(&m.b, join);
	ir_seal(join);
	m.b.block = join;
	ir_branch_if(&m.b, ir_var_get(&m.b, v), then, out);
	ir_seal(then);
	m.b.block = then;
	ir_call(&m.b, BPF_FUNC_ktime_get_ns, PTR_NONE, 0, NULL);
	ir_jump(&m.b, out);
	ir_seal(out);
	m.b.block = out;
	ir_ret(&m.b, ir_const(&m.b, 0));
	finish(&m);
	assert_string_equal(text_of(&m), "r0 = *(u64 *)(r1 +0)\n"
	                                 "if r0 <= 0x4 goto pc+3\n"
	                                 "r0 = *(u64 *)(r1 +8)\n"
	                                 "if r0 >= 0x9 goto pc+1\n"
	                                 "call bpf_ktime_get_ns#5\n"
	                                 "r0 = 0\n"
	                                 "exit\n");
	arena_destroy(m.a);
}

/* What a C programmer would write for @[key]++, with the rare path out of the way. */
static void code_is_tight(void **state)
{
	struct made m = begin(modern);
	struct ir_inst *key = ir_slot_addr(&m.b, ir_slot_new(&m.b, 4, 4, "key")), *entry;
	struct ir_block *have = ir_block_add(m.f), *out = ir_block_add(m.f);
	struct ir_block *lost = ir_block_add(m.f);

	(void)state;
	ir_store(&m.b, key, 0, 4, ctx_load(&m, 8));
	entry = ir_callv(&m.b, BPF_FUNC_map_lookup_elem, PTR_VALUE, ir_map(&m.b, 1), key);
	lost->is_unlikely = true;
	ir_branch(&m.b, COND_EQ, entry, ir_const(&m.b, 0), lost, have);
	ir_seal(lost);
	ir_seal(have);
	m.b.block = lost;
	ir_atomic(&m.b, BPF_ADD, ir_map_value(&m.b, 0, 16), 0, 8, ir_const(&m.b, 1));
	ir_jump(&m.b, out);
	m.b.block = have;
	ir_store(&m.b, entry, 0, 8,
	         ir_bin_imm(&m.b, IR_ADD, ir_load(&m.b, entry, 0, 8, false, PTR_NONE), 1));
	ir_jump(&m.b, out);
	ir_seal(out);
	m.b.block = out;
	ir_ret(&m.b, ir_const(&m.b, 0));
	finish(&m);
	assert_string_equal(text_of(&m), "r0 = *(u64 *)(r1 +8)\n"
	                                 "*(u32 *)(r10 -8) = r0\n"
	                                 "r2 = r10\n"
	                                 "r2 += -8\n"
	                                 "r1 = map[fd:0] ll\n"
	                                 "call bpf_map_lookup_elem#1\n"
	                                 "if r0 == 0x0 goto pc+5\n"
	                                 "r1 = *(u64 *)(r0 +0)\n"
	                                 "r1 += 1\n"
	                                 "*(u64 *)(r0 +0) = r1\n"
	                                 "r0 = 0\n"
	                                 "exit\n"
	                                 "r0 = map[fd:0][0]+0 ll\n"
	                                 "r1 = 1\n"
	                                 "lock *(u64 *)(r0 +16) += r1\n"
	                                 "goto pc-7\n");
	arena_destroy(m.a);
}

static void callbacks_and_calls_find_their_functions(void **state)
{
	static const enum ir_ptr params[] = {PTR_NONE, PTR_MEM};
	struct made m = begin(modern);
	struct ir_func *unused = ir_func_add(m.u, "unused", 0, NULL);
	struct ir_func *callback = ir_func_add(m.u, "callback", 2, params);
	struct ir_builder b = ir_builder_at_entry(unused);
	uint32_t at;

	(void)state;
	ir_ret(&b, ir_const(&b, 0));
	b = ir_builder_at_entry(callback);
	ir_ret(&b, ir_bin_imm(&b, IR_AND, ir_param(&b, 0), 1));
	ir_callv(&m.b, 181 /* loop */, PTR_NONE, ir_const(&m.b, 5), ir_func_addr(&m.b, callback),
	         ir_const(&m.b, 0), ir_const(&m.b, 0));
	ir_ret(&m.b, ir_call_func(&m.b, callback, 2,
	                          (struct ir_inst *[]){ir_const(&m.b, 7), ir_const(&m.b, 0)}));
	finish(&m);
	assert_int_equal(m.code.func_starts.n, 2); /* who is not called is not there */
	at = m.code.func_starts.items[1];
	for (uint32_t pc = 0; pc < m.code.insns.n; pc++) {
		const struct bpf_insn *i = &m.code.insns.items[pc];

		if (bpf_is_lddw(i))
			assert_int_equal(i->src_reg, BPF_PSEUDO_FUNC);
		if (bpf_is_lddw(i) || (i->code == (BPF_JMP | BPF_CALL) && i->src_reg))
			assert_int_equal(pc + 1 + (uint32_t)i->imm, at);
		pc += bpf_is_lddw(i);
	}
	arena_destroy(m.a);
}

/* Time for a function of some 20,000 instructions in 3,000 blocks. Generous: machines differ. */
static void large_functions_take_little_time(void **state)
{
	struct made m = begin(modern);
	struct ir_inst *p = ir_load(&m.b, m.ctx, 0, 8, false, PTR_KERNEL);
	ir_var sum = ir_var_new(m.f);
	struct timespec from, to;

	(void)state;
	for (int k = 0; k < 1000; k++) {
		struct ir_block *then = ir_block_add(m.f), *otherwise = ir_block_add(m.f);
		struct ir_block *join = ir_block_add(m.f);
		struct ir_inst *x = ir_load(&m.b, p, 8 * k, 8, false, PTR_NONE);
		struct ir_inst *y = ctx_load(&m, 8 * (k % 30));

		ir_branch(&m.b, COND_ULT, x, y, then, otherwise);
		ir_seal(then);
		ir_seal(otherwise);
		otherwise->is_unlikely = k % 2;
		m.b.block = then;
		ir_var_set(&m.b, sum, ir_bin(&m.b, IR_ADD, ir_var_get(&m.b, sum), x));
		ir_jump(&m.b, join);
		m.b.block = otherwise;
		ir_var_set(&m.b, sum, ir_bin(&m.b, IR_XOR, ir_var_get(&m.b, sum), y));
		ir_jump(&m.b, join);
		ir_seal(join);
		m.b.block = join;
		ir_store(&m.b, ir_map_value(&m.b, 0, 0), 8 * (k % 8), 8, ir_var_get(&m.b, sum));
	}
	ir_ret(&m.b, ir_var_get(&m.b, sum));
	clock_gettime(CLOCK_MONOTONIC, &from);
	finish(&m);
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("# %zu blocks, %u values, %zu instructions: %.1f ms\n", m.f->blocks.n, m.f->n_insts,
	       m.code.insns.n,
	       (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6);
	assert_true(to.tv_sec - from.tv_sec < 3);
	arena_destroy(m.a);
}

/* ---- the kernel's opinion -------------------------------------------------------------- */

struct kernel {
	int maps[2];
	char log[1 << 20];
};

static int load(struct kernel *k, struct ir_code *code)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = k->log, .log_size = sizeof(k->log),
	            .log_level = 1, .prog_flags = BPF_F_SLEEPABLE);

	k->log[0] = 0;
	vec_each (r, &code->relocs)
		code->insns.items[r->insn].imm = k->maps[r->map];
	return bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "random", "GPL", code->insns.items,
	                     code->insns.n, &opts);
}

/* Returns whether the verifier took the program. */
static bool kernel_agrees(struct kernel *k, uint64_t seed, struct ir_target target)
{
	own_arena struct arena *a = arena_create();
	struct diag *d = diag_create(a);
	struct ir_unit *u = g_unit(a, seed, 2 + (int)(seed % 12), true, target);
	struct world *w = arena_new(a, struct world);
	uint8_t value[W_VALUE_B];
	uint32_t steps = 0, key = 0;
	struct ir_code code;
	uint64_t result;
	int fd;

	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = w->ctx, .ctx_size_in = W_CTX_B);
	ir_optimize(u, NULL);
	if (!ir_emit(u, d, &code))
		return false;
	fd = load(k, &code);
	if (fd < 0) {
		/* Too complex is the program's fault; anything else would be ours. */
		if (strstr(k->log, "too large") || strstr(k->log, "too complex") ||
		    strstr(k->log, "combined stack size") || fd == -E2BIG)
			return false;
		size_t len = strlen(k->log);

		fail_msg("seed %llu: %s: %s", (unsigned long long)seed, strerror(-fd),
		         k->log + (len > 600 ? len - 600 : 0));
	}
	fill(w, seed);
	bpf_map_update_elem(k->maps[0], &key, w->value, 0);
	for (key = 0; key < W_ENTRIES; key++)
		bpf_map_update_elem(k->maps[1], &key, w->entries[key], 0);
	assert_int_equal(bpf_prog_test_run_opts(fd, &run), 0);
	close(fd);
	result = ev_func(w, u->funcs.items[0], (uint64_t[5]){(uintptr_t)w->ctx}, &steps);
	if (run.retval != (uint32_t)result)
		fail_msg("seed %llu: the kernel gets %x, not %x", (unsigned long long)seed,
		         run.retval, (uint32_t)result);
	key = 0;
	bpf_map_lookup_elem(k->maps[0], &key, value);
	assert_memory_equal(value, w->value, W_VALUE_B);
	for (key = 0; key < W_ENTRIES; key++) {
		bpf_map_lookup_elem(k->maps[1], &key, value);
		assert_memory_equal(value, w->entries[key], W_VALUE_B);
	}
	return true;
}

static void the_kernel_takes_and_runs_them_alike(void **state)
{
	static struct kernel k;
	const char *count = getenv("IR_COUNT");
	uint64_t n = count ? strtoull(count, NULL, 0) : 300, n_taken = 0;

	(void)state;
	k.maps[0] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "value", 4, W_VALUE_B, 1, NULL);
	if (k.maps[0] < 0) {
		printf("# skipped: bpf(2) refuses to create a map: %s\n", strerror(-k.maps[0]));
		skip();
	}
	k.maps[1] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "entries", 4, W_VALUE_B, W_ENTRIES, NULL);
	for (uint64_t seed = getenv("IR_SEED") ? n : 1; seed <= n; seed++) {
		struct ir_target t = modern;

		t.has_alu32 = seed & 1;
		t.has_sext = seed & 2;
		n_taken += kernel_agrees(&k, seed, t);
	}
	printf("# the kernel took %llu of %llu\n", (unsigned long long)n_taken,
	       (unsigned long long)n);
	assert_true(n_taken > n * 3 / 4);
	close(k.maps[0]);
	close(k.maps[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_programs_keep_their_meaning),
	    cmocka_unit_test(building_folds),
	    cmocka_unit_test(pointers_keep_their_kind),
	    cmocka_unit_test(unset_variables_are_zero),
	    cmocka_unit_test(values_swap_in_a_loop),
	    cmocka_unit_test(unreachable_loops_are_harmless),
	    cmocka_unit_test(loops_cut_off_by_folding_are_harmless),
	    cmocka_unit_test(loads_go_by_the_kind_of_pointer),
	    cmocka_unit_test(what_cannot_change_is_asked_once),
	    cmocka_unit_test(loads_are_not_merged_across_writes),
	    cmocka_unit_test(slots_nobody_reads_go),
	    cmocka_unit_test(slots_in_turn_share_their_bytes),
	    cmocka_unit_test(a_slot_lives_as_long_as_a_loop_needs_it),
	    cmocka_unit_test(too_much_stack_is_reported_at_the_slot),
	    cmocka_unit_test(conditions_need_no_detour),
	    cmocka_unit_test(code_is_tight),
	    cmocka_unit_test(callbacks_and_calls_find_their_functions),
	    cmocka_unit_test(large_functions_take_little_time),
	    cmocka_unit_test(the_kernel_takes_and_runs_them_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
