/* Instructions: encoding, listing, the helper table. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "bpf/disasm.h"
#include "bpf/helpers.h"
#include "bpf/insn.h"

static void expect_text(struct bpf_insn first, struct bpf_insn second, const char *text)
{
	struct bpf_insn code[2] = {first, second};
	struct strbuf out = {0};
	size_t used = bpf_disasm_insn(code, 2, 0, &out);

	assert_string_equal(sb_str(&out), text);
	assert_int_equal(used, bpf_is_lddw(&first) ? 2 : 1);
	sb_free(&out);
}

static void instructions_read_like_the_kernels_listing(void **state)
{
	struct bpf_insn wide[2];
	struct {
		struct bpf_insn insn;
		const char *text;
	} rows[] = {
	    {bpf_mov_imm(0, 0), "r0 = 0"},
	    {bpf_mov(6, 1), "r6 = r1"},
	    {bpf_alu(BPF_MOV, true, 3, 3), "w3 = w3"},
	    {bpf_alu_imm(BPF_ADD, false, 2, -16), "r2 += -16"},
	    {bpf_alu(BPF_ARSH, false, 1, 2), "r1 s>>= r2"},
	    {bpf_neg(false, 4), "r4 = -r4"},
	    {bpf_to_be(5, 16), "r5 = be16 r5"},
	    {bpf_bswap(5, 64), "r5 = bswap64 r5"},
	    {bpf_movsx(1, 2, 4), "r1 = (s32)r2"},
	    {bpf_load(4, false, 1, 6, 16), "r1 = *(u32 *)(r6 +16)"},
	    {bpf_load(2, true, 1, 6, -2), "r1 = *(s16 *)(r6 -2)"},
	    {bpf_store(8, 10, -8, 7), "*(u64 *)(r10 -8) = r7"},
	    {bpf_store_imm(1, 10, -1, 65), "*(u8 *)(r10 -1) = 65"},
	    {bpf_atomic(8, BPF_ADD, 0, 0, 1), "lock *(u64 *)(r0 +0) += r1"},
	    {bpf_atomic(4, BPF_OR | BPF_FETCH, 0, 8, 1),
	     "r1 = atomic_fetch_or((u32 *)(r0 +8), r1)"},
	    {bpf_atomic(8, BPF_XCHG, 2, 0, 3), "r3 = atomic64_xchg((u64 *)(r2 +0), r3)"},
	    {bpf_atomic(8, BPF_CMPXCHG, 2, 0, 3), "r0 = atomic64_cmpxchg((u64 *)(r2 +0), r0, r3)"},
	    {bpf_jmp_imm(BPF_JGT, false, 1, 5, 3), "if r1 > 0x5 goto pc+3"},
	    {bpf_jmp(BPF_JSLT, true, 1, 2, -4), "if w1 s< w2 goto pc-4"},
	    {bpf_goto(7), "goto pc+7"},
	    {bpf_call(BPF_FUNC_map_lookup_elem), "call bpf_map_lookup_elem#1"},
	    {bpf_call_func(12), "call pc+12"},
	    {bpf_call(100000), "call unknown#100000"},
	    {bpf_make(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, 77),
	     "call kernel-function#77"},
	    {bpf_make(BPF_JMP32 | BPF_JA, 0, 0, 0, 70000), "gotol pc+70000"},
	    {bpf_make(BPF_JMP | BPF_JCOND, 0, 0, 4, 0), "may_goto pc+4"},
	    {bpf_make(BPF_ALU64 | BPF_MOD | BPF_X, 1, 2, 1, 0), "r1 s%= r2"},
	    {bpf_make(BPF_ALU | BPF_DIV | BPF_K, 1, 0, 1, 7), "w1 s/= 7"},
	    {bpf_make(BPF_ALU | BPF_MOV | BPF_X, 1, 2, 8, 0), "w1 = (s8)w2"},
	    {bpf_make(BPF_ALU64 | BPF_MOV | BPF_X, 1, 2, BPF_CAST_OFF, BPF_CAST_TO_KERNEL),
	     "r1 = addr_space_cast(r2, 0, 1)"},
	    {bpf_make(BPF_LD | BPF_ABS | BPF_H, 0, 0, 0, 12), "r0 = *(u16 *)skb[12]"},
	    {bpf_make(BPF_LD | BPF_IND | BPF_B, 0, 3, 0, -2), "r0 = *(u8 *)skb[r3 + -2]"},
	    {bpf_atomic(1, BPF_LOAD_ACQ, 2, 4, 3), "r2 = load_acquire((u8 *)(r3 +4))"},
	    {bpf_atomic(8, BPF_STORE_REL, 2, -4, 3), "store_release((u64 *)(r2 -4), r3)"},
	    /* only in what the kernel gives back */
	    {bpf_make(BPF_ALU64 | BPF_MOV | BPF_X, 1, 2, BPF_PERCPU_OFF, 0),
	     "r1 = &(void __percpu *)(r2)"},
	    {bpf_make(BPF_ST | BPF_NOSPEC_MODE, 0, 0, 0, 0), "nospec"},
	    {bpf_make(BPF_JMP | BPF_JA | BPF_X, 3, 0, 0, 0), "gotox r3"},
	    {bpf_exit(), "exit"},
	};

	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++)
		expect_text(rows[k].insn, bpf_exit(), rows[k].text);
	bpf_lddw(wide, 1, 0, 0x1122334455667788);
	expect_text(wide[0], wide[1], "r1 = 0x1122334455667788 ll");
	bpf_lddw(wide, 1, BPF_PSEUDO_MAP_FD, 3);
	expect_text(wide[0], wide[1], "r1 = map[fd:3] ll");
	bpf_lddw(wide, 1, BPF_PSEUDO_MAP_VALUE, 3 | 16ull << 32);
	expect_text(wide[0], wide[1], "r1 = map[fd:3][0]+16 ll");
	bpf_lddw(wide, 1, BPF_PSEUDO_BTF_ID, 5);
	expect_text(wide[0], wide[1], "r1 = btf[id:5] ll");
	bpf_lddw(wide, 1, BPF_PSEUDO_BTF_ID, 5 | 6ull << 32);
	expect_text(wide[0], wide[1], "r1 = btf[id:5][fd:6] ll");
	bpf_lddw(wide, 1, BPF_PSEUDO_FUNC, 7);
	expect_text(wide[0], wide[1], "r1 = func pc+7 ll");
	bpf_lddw(wide, 1, BPF_PSEUDO_MAP_IDX, 2);
	expect_text(wide[0], wide[1], "r1 = map[idx:2] ll");
	bpf_lddw(wide, 1, BPF_PSEUDO_MAP_IDX_VALUE, 2 | 8ull << 32);
	expect_text(wide[0], wide[1], "r1 = map[idx:2][0]+8 ll");
}

static void half_an_lddw_is_not_read_beyond(void **state)
{
	struct bpf_insn wide[2];
	struct strbuf out = {0};

	(void)state;
	bpf_lddw(wide, 1, 0, 1);
	assert_int_equal(bpf_disasm_insn(wide, 1, 0, &out), 1);
	assert_string_equal(sb_str(&out), "BUG_18");
	sb_free(&out);
}

/* Every byte value is text of some kind, and none reads further than it may. */
static void every_opcode_has_a_text(void **state)
{
	struct strbuf out = {0};

	(void)state;
	for (unsigned code = 0; code < 256; code++) {
		for (int imm = -1; imm < 300; imm += 7) {
			struct bpf_insn i = bpf_make((uint8_t)code, 1, 2, 1, imm);

			sb_reset(&out);
			bpf_disasm(&i, 1, &out);
			assert_true(out.n > 0);
		}
	}
	sb_free(&out);
}

/* Contracts that no kernel would have (check_func_proto() in kernel/bpf/verifier.c). */
static void check_contract(const struct bpf_helper *h)
{
	int n_releases = 0, n_raw = 0;

	for (int k = 0; k < 5; k++) {
		const struct helper_arg *a = &h->args[k];
		bool is_size = a->kind == ARG_SIZE || a->kind == ARG_SIZE_OR_ZERO;
		bool is_sized = a->kind == ARG_MEM && !a->size_b;
		enum helper_arg_kind next = k < 4 ? h->args[k + 1].kind : ARG_NONE;

		n_releases += !!(a->flags & ARG_RELEASE);
		n_raw += a->kind == ARG_MEM && (a->flags & ARG_UNINIT);
		/* Memory has its size behind it, and nothing else has. */
		assert_true(is_sized == (next == ARG_SIZE || next == ARG_SIZE_OR_ZERO));
		assert_false(is_size && !k);
		assert_false(a->kind == ARG_NONE && next != ARG_NONE);
		assert_false((a->flags & ARG_UNINIT) && !(a->flags & ARG_WRITE));
		assert_false((a->flags & ARG_ALIGNED) && !a->size_b);
		assert_false(a->kind != ARG_BTF && a->btf);
		/* What writes through an argument has more to give than a result. */
		assert_false((h->flags & HELPER_PURE) && (a->flags & ARG_WRITE));
	}
	assert_true(n_releases <= 1);
	assert_true(n_raw <= 1);
}

static void helpers_are_the_kernels(void **state)
{
	static const char *const names[] = {
#define NAME(x) #x
	    __BPF_FUNC_MAPPER(NAME)
#undef NAME
	};

	(void)state;
	for (uint32_t id = 1; id < sizeof(names) / sizeof(*names); id++) {
		const struct bpf_helper *h = bpf_helper_find(id);

		assert_non_null(h);
		assert_int_equal(h->id, id);
		assert_string_equal(h->name, names[id]);
		assert_ptr_equal(bpf_helper_find_name(names[id]), h);
		check_contract(h);
	}
	for (uint32_t id = 1; id <= bpf_helper_count(); id++) {
		for (enum helper_variant v = VARIANT_USUAL; v < VARIANT_N; v++) {
			const struct bpf_helper *h = bpf_helper_variant(id, v);

			assert_string_equal(h->name, bpf_helper_name(id));
			check_contract(h);
		}
	}
	assert_int_equal(bpf_helper_variant(107, VARIANT_CONTEXT)->args[1].kind, ARG_CONTEXT);
	assert_null(bpf_helper_find(0));
	assert_null(bpf_helper_find(bpf_helper_count() + 1));
	assert_string_equal(bpf_helper_name(100000), "unknown");
	assert_null(bpf_helper_find_name("no_such_helper"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(instructions_read_like_the_kernels_listing),
	    cmocka_unit_test(half_an_lddw_is_not_read_beyond),
	    cmocka_unit_test(every_opcode_has_a_text),
	    cmocka_unit_test(helpers_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
