/* Code and the interpreters: what cases in tests/vm cannot say. Facts worked into instructions,
 * refusals, faults of the checked interpreter, tail calls between backends. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "bpf/insn.h"
#include "vm/code.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* Facts of a verifier that saw everything and knows nothing. */
static struct vm_facts facts_of(uint32_t n)
{
	static const uint32_t func_pcs[] = {0}, func_stack_b[] = {BPF_STACK_B};
	struct vm_facts f = {
	    .n = n, .func_pcs = func_pcs, .func_stack_b = func_stack_b, .n_funcs = 1};

	f.insns = calloc(n, sizeof(*f.insns));
	for (uint32_t k = 0; k < n; k++)
		f.insns[k] =
		    (struct vm_fact){.is_reached = true, .map = VM_NONE, .callback = VM_NONE};
	return f;
}

static int make(const struct bpf_insn *insns, uint32_t n, const struct vm_facts *facts,
                struct vm_map *const *maps, uint32_t n_maps, enum vm_backend backend,
                struct vm_code **ret, struct strbuf *why)
{
	struct vm_program p = {.name = "test", .insns = insns, .n_insns = n, .n_maps = n_maps};
	struct vm_code_options opts = {.backend = backend};

	return vm_code_create(&p, facts, maps, &opts, ret, why);
}

static struct vm_code *code_of(const struct bpf_insn *insns, uint32_t n, enum vm_backend backend)
{
	struct vm_facts facts = facts_of(n);
	struct vm_code *c = NULL;

	assert_int_equal(make(insns, n, &facts, NULL, 0, backend, &c, NULL), 0);
	free(facts.insns);
	return c;
}

static void expect_refusal(const struct bpf_insn *insns, uint32_t n, int error, const char *text)
{
	struct vm_facts facts = facts_of(n);
	struct strbuf why = {0};
	struct vm_code *c = NULL;

	assert_int_equal(make(insns, n, &facts, NULL, 0, VM_INTERPRETER, &c, &why), -error);
	if (!strstr(sb_str(&why), text))
		fail_msg("\"%s\" has no \"%s\"", sb_str(&why), text);
	assert_null(c);
	sb_free(&why);
	free(facts.insns);
}

static void expect_fault(const struct bpf_insn *insns, uint32_t n, uint32_t pc, const char *text)
{
	struct vm_code *c = code_of(insns, n, VM_CHECKED);
	uint64_t memory[2] = {1, 2};
	struct vm_run run = {.context = memory, .context_b = sizeof(memory)};

	vm_code_run(c, &run, sizeof(memory));
	assert_non_null(run.fault);
	if (!strstr(run.fault, text))
		fail_msg("\"%s\" has no \"%s\"", run.fault, text);
	assert_int_equal(run.fault_pc, pc);
	vm_code_destroy(c);
}

static void what_was_never_reached_is_replaced(void **state)
{
	struct bpf_insn code[] = {bpf_mov_imm(0, 1), bpf_goto(3), {0}, {0},
	                          bpf_mov_imm(0, 2), bpf_exit()};
	struct vm_facts facts = facts_of(LENGTH(code));
	struct vm_code *c = NULL;
	struct vm_run run = {0};

	(void)state;
	bpf_lddw(&code[2], 1, BPF_PSEUDO_MAP_IDX, 7); /* there is no map 7 */
	for (uint32_t k = 2; k < 5; k++)
		facts.insns[k].is_reached = false;
	assert_int_equal(make(code, LENGTH(code), &facts, NULL, 0, VM_INTERPRETER, &c, NULL), 0);
	for (uint32_t k = 2; k < 5; k++) {
		struct bpf_insn dead = bpf_goto(-1);

		assert_memory_equal(&c->insns[k], &dead, sizeof(dead));
	}
	assert_int_equal(vm_code_run(c, &run, 0), 1);
	vm_code_destroy(c);
	free(facts.insns);
}

static void context_pointers_are_loaded_from_where_the_machine_keeps_them(void **state)
{
	struct bpf_insn code[] = {bpf_load(4, false, 0, 1, 4), bpf_exit()};
	struct vm_facts facts = facts_of(LENGTH(code));
	uint64_t context[3] = {1, 2, 0x1122334455667788};
	struct vm_run run = {.context = context, .context_b = sizeof(context)};
	struct vm_code *c = NULL;

	(void)state;
	facts.insns[0].context_off_b = 16;
	assert_int_equal(make(code, LENGTH(code), &facts, NULL, 0, VM_INTERPRETER, &c, NULL), 0);
	assert_true(vm_code_run(c, &run, 0) == 0x1122334455667788);
	vm_code_destroy(c);
	free(facts.insns);
}

static void what_the_machine_lacks_is_refused_by_name(void **state)
{
	struct bpf_insn helper[] = {bpf_call(BPF_FUNC_skb_get_xfrm_state), bpf_exit()};
	struct bpf_insn unknown[] = {bpf_call(100000), bpf_exit()};
	struct bpf_insn kfunc[] = {bpf_make(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, 7),
	                           bpf_exit()};
	struct bpf_insn variable[3] = {{0}, {0}, bpf_exit()};
	struct bpf_insn map[3] = {{0}, {0}, bpf_exit()};

	(void)state;
	bpf_lddw(variable, 1, BPF_PSEUDO_BTF_ID, 9);
	bpf_lddw(map, 1, BPF_PSEUDO_MAP_IDX, 0);
	expect_refusal(helper, 2, EOPNOTSUPP, "bpf_skb_get_xfrm_state#66");
	expect_refusal(unknown, 2, EINVAL, "unknown helper #100000");
	expect_refusal(kfunc, 2, EOPNOTSUPP, "kernel function");
	expect_refusal(variable, 3, EOPNOTSUPP, "kernel variable");
	expect_refusal(map, 3, EINVAL, "no map 0");
}

static void facts_must_be_about_the_program(void **state)
{
	struct bpf_insn code[] = {bpf_mov_imm(0, 1), bpf_exit()};
	struct vm_facts facts = facts_of(1);
	struct strbuf why = {0};
	struct vm_code *c = NULL;

	(void)state;
	assert_int_equal(make(code, 2, &facts, NULL, 0, VM_INTERPRETER, &c, &why), -EINVAL);
	assert_non_null(strstr(sb_str(&why), "facts of 1"));
	sb_free(&why);
	free(facts.insns);
}

static void probe_loads_survive_bad_addresses(void **state)
{
	struct bpf_insn code[] = {bpf_mov_imm(1, 64), bpf_mov_imm(0, 5),
	                          bpf_load(8, false, 0, 1, 0), bpf_exit()};
	struct bpf_insn good[] = {bpf_load(1, true, 0, 1, 0), bpf_exit()};
	unsigned char byte[8] = {0x80};
	struct vm_run run = {.context = byte, .context_b = sizeof(byte)};

	(void)state;
	for (int backend = VM_INTERPRETER; backend <= VM_CHECKED; backend++) {
		struct vm_facts facts = facts_of(LENGTH(code));
		struct vm_code *c = NULL;

		facts.insns[2].is_probe_load = true;
		assert_int_equal(
		    make(code, LENGTH(code), &facts, NULL, 0, (enum vm_backend)backend, &c, NULL),
		    0);
		assert_int_equal(vm_code_run(c, &run, 0), 0);
		vm_code_destroy(c);
		facts.insns[0].is_probe_load = true;
		facts.n = LENGTH(good);
		assert_int_equal(
		    make(good, LENGTH(good), &facts, NULL, 0, (enum vm_backend)backend, &c, NULL),
		    0);
		assert_true((int64_t)vm_code_run(c, &run, 0) == -128);
		vm_code_destroy(c);
		free(facts.insns);
	}
}

static void the_checked_interpreter_finds_what_is_out_of_bounds(void **state)
{
	struct bpf_insn load[] = {bpf_load(8, false, 0, 1, 9), bpf_exit()};
	struct bpf_insn before[] = {bpf_load(1, false, 0, 1, -1), bpf_exit()};
	struct bpf_insn store[] = {bpf_store_imm(8, 1, 16, 0), bpf_exit()};
	struct bpf_insn above[] = {bpf_store_imm(1, 10, 0, 0), bpf_exit()};
	struct bpf_insn below[] = {bpf_store_imm(8, 10, -520, 0), bpf_exit()};
	struct bpf_insn atomic[] = {bpf_mov_imm(2, 0), bpf_atomic(8, BPF_ADD, 1, 16, 2),
	                            bpf_exit()};
	struct bpf_insn unaligned[] = {bpf_mov_imm(2, 0), bpf_atomic(8, BPF_ADD, 1, 4, 2),
	                               bpf_exit()};

	(void)state;
	expect_fault(load, 2, 0, "load out of bounds");
	expect_fault(before, 2, 0, "load out of bounds");
	expect_fault(store, 2, 0, "store out of bounds");
	expect_fault(above, 2, 0, "store out of bounds");
	expect_fault(below, 2, 0, "store out of bounds");
	expect_fault(atomic, 3, 1, "atomic operation out of bounds");
	expect_fault(unaligned, 3, 1, "not aligned");
}

static void the_checked_interpreter_finds_registers_that_were_not_set(void **state)
{
	struct bpf_insn use[] = {bpf_mov(0, 3), bpf_exit()};
	struct bpf_insn add[] = {bpf_alu_imm(BPF_ADD, false, 0, 1), bpf_exit()};
	struct bpf_insn branch[] = {bpf_jmp_imm(BPF_JEQ, false, 7, 0, 0), bpf_exit()};
	struct bpf_insn result[] = {bpf_mov_imm(1, 0), bpf_exit()};
	struct bpf_insn after[] = {bpf_call(BPF_FUNC_ktime_get_ns), bpf_mov(0, 1), bpf_exit()};

	(void)state;
	expect_fault(use, 2, 0, "never set");
	expect_fault(add, 2, 0, "never set");
	expect_fault(branch, 2, 0, "never set");
	expect_fault(result, 2, 0, "r0 is not set");
	expect_fault(after, 3, 1, "never set");
}

static void the_checked_interpreter_watches_helpers_and_loops(void **state)
{
	struct bpf_insn memory[] = {bpf_mov_imm(2, 17), bpf_call(BPF_FUNC_get_current_comm),
	                            bpf_exit()};
	struct bpf_insn map[] = {bpf_mov(2, 1), bpf_call(BPF_FUNC_map_lookup_elem), bpf_exit()};
	struct bpf_insn loop[] = {bpf_goto(-1), bpf_exit()};
	struct bpf_insn end[] = {bpf_mov_imm(0, 0)};

	(void)state;
	expect_fault(memory, 3, 1, "memory out of bounds");
	expect_fault(map, 3, 1, "no map");
	expect_fault(loop, 2, 0, "too many instructions");
	expect_fault(end, 1, 1, "out of its end");
}

static void what_helpers_allot_can_be_reached_until_it_is_given_back(void **state)
{
	struct vm_map_def def = {.name = "r", .type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096};
	struct bpf_insn code[] = {{0},
	                          {0},
	                          bpf_mov_imm(2, 16),
	                          bpf_mov_imm(3, 0),
	                          bpf_call(BPF_FUNC_ringbuf_reserve),
	                          bpf_store_imm(8, 0, 8, 1),
	                          bpf_mov(6, 0),
	                          bpf_mov(1, 0),
	                          bpf_mov_imm(2, 0),
	                          bpf_call(BPF_FUNC_ringbuf_submit),
	                          bpf_store_imm(8, 6, 8, 1),
	                          bpf_exit()};
	struct vm_facts facts = facts_of(LENGTH(code));
	struct vm_map *m = NULL;
	struct vm_code *c = NULL;
	struct vm_run run = {0};

	(void)state;
	bpf_lddw(code, 1, BPF_PSEUDO_MAP_IDX, 0);
	assert_int_equal(vm_map_create(&def, 1, &m, NULL), 0);
	assert_int_equal(make(code, LENGTH(code), &facts, &m, 1, VM_CHECKED, &c, NULL), 0);
	vm_code_run(c, &run, 0);
	assert_string_equal(run.fault, "store out of bounds");
	assert_int_equal(run.fault_pc, 10);
	vm_code_destroy(c);
	vm_map_destroy(m);
	free(facts.insns);
}

/* From each backend to each other: r6 of the caller's frame survives, the result is the target's.
 */
static void tail_calls_lead_from_one_backend_to_another(void **state)
{
	static const enum vm_backend backends[] = {VM_INTERPRETER, VM_JIT};
	struct vm_map_def def = {.name = "p",
	                         .type = BPF_MAP_TYPE_PROG_ARRAY,
	                         .key_size_b = 4,
	                         .value_size_b = 4,
	                         .max_entries = 1};
	struct bpf_insn caller[] = {bpf_mov_imm(6, 100),
	                            bpf_mov_imm(7, 0),
	                            bpf_call_func(2),
	                            bpf_alu(BPF_ADD, false, 0, 6),
	                            bpf_exit(),
	                            {0},
	                            {0},
	                            bpf_mov_imm(4, 0),
	                            bpf_mov_imm(3, 0),
	                            bpf_call(BPF_FUNC_tail_call),
	                            bpf_mov_imm(0, 1),
	                            bpf_exit()};
	struct bpf_insn target[] = {bpf_mov_imm(6, 0), bpf_mov_imm(0, 42), bpf_exit()};
	uint32_t pcs[] = {0, 5}, stacks[] = {0, 0};
	struct vm_facts facts = facts_of(LENGTH(caller));

	(void)state;
	bpf_lddw(&caller[5], 2, BPF_PSEUDO_MAP_IDX, 0);
	facts.func_pcs = pcs;
	facts.func_stack_b = stacks;
	facts.n_funcs = 2;
	facts.has_tail_call = true;
	for (size_t from = 0; from < LENGTH(backends); from++) {
		for (size_t to = 0; to < LENGTH(backends); to++) {
			struct vm_code *a = NULL, *b;
			struct vm_map *m = NULL;
			struct vm_run run = {0};

			assert_int_equal(vm_map_create(&def, 1, &m, NULL), 0);
			b = code_of(target, LENGTH(target), backends[to]);
			assert_int_equal(
			    make(caller, LENGTH(caller), &facts, &m, 1, backends[from], &a, NULL),
			    0);
			assert_int_equal(vm_map_set_program(m, 0, b), 0);
			assert_int_equal(vm_code_run(a, &run, 0), 142);
			assert_int_equal(run.tail_calls, 1);
			vm_code_destroy(a);
			vm_code_destroy(b);
			vm_map_destroy(m);
		}
	}
	free(facts.insns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_never_reached_is_replaced),
	    cmocka_unit_test(context_pointers_are_loaded_from_where_the_machine_keeps_them),
	    cmocka_unit_test(what_the_machine_lacks_is_refused_by_name),
	    cmocka_unit_test(facts_must_be_about_the_program),
	    cmocka_unit_test(probe_loads_survive_bad_addresses),
	    cmocka_unit_test(the_checked_interpreter_finds_what_is_out_of_bounds),
	    cmocka_unit_test(the_checked_interpreter_finds_registers_that_were_not_set),
	    cmocka_unit_test(the_checked_interpreter_watches_helpers_and_loops),
	    cmocka_unit_test(what_helpers_allot_can_be_reached_until_it_is_given_back),
	    cmocka_unit_test(tail_calls_lead_from_one_backend_to_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
