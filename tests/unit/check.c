/* Well-formedness: forms, reserved fields, registers, and where jumps lead. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "bpf/check.h"
#include "bpf/insn.h"

enum { DST = 1, SRC = 2, OFF = 4, IMM = 8 };

/* A good instruction of each form and the fields that the form uses (RFC 9669 and Linux 6.18). */
struct form {
	struct bpf_insn insn;
	unsigned used;
};

static const struct form forms[] = {
    {{BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, -5}, DST | IMM},
    {{BPF_ALU | BPF_XOR | BPF_X, 1, 2, 0, 0}, DST | SRC},
    {{BPF_ALU64 | BPF_DIV | BPF_X, 1, 2, 1, 0}, DST | SRC | OFF},
    {{BPF_ALU64 | BPF_DIV | BPF_K, 1, 0, 0, 0}, DST | IMM | OFF},
    {{BPF_ALU | BPF_MOD | BPF_K, 1, 0, 1, 7}, DST | IMM | OFF},
    {{BPF_ALU64 | BPF_LSH | BPF_K, 1, 0, 0, 64}, DST | IMM},
    {{BPF_ALU64 | BPF_NEG, 3, 0, 0, 0}, DST},
    {{BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 9}, DST | IMM},
    {{BPF_ALU64 | BPF_MOV | BPF_X, 3, 10, 32, 0}, DST | SRC | OFF},
    {{BPF_ALU | BPF_MOV | BPF_X, 3, 4, 16, 0}, DST | SRC | OFF},
    {{BPF_ALU64 | BPF_MOV | BPF_X, 3, 4, BPF_CAST_OFF, BPF_CAST_TO_USER}, DST | SRC | OFF | IMM},
    {{BPF_ALU | BPF_END | BPF_TO_LE, 3, 0, 0, 16}, DST | IMM},
    {{BPF_ALU | BPF_END | BPF_TO_BE, 3, 0, 0, 32}, DST | IMM},
    {{BPF_ALU64 | BPF_END | BPF_TO_LE, 3, 0, 0, 64}, DST | IMM},
    {{BPF_JMP | BPF_JSLE | BPF_K, 10, 0, -1, 7}, DST | OFF | IMM},
    {{BPF_JMP32 | BPF_JSET | BPF_X, 1, 2, 3, 0}, DST | SRC | OFF},
    {{BPF_JMP | BPF_JA, 0, 0, 5, 0}, OFF},
    {{BPF_JMP32 | BPF_JA, 0, 0, 0, 70000}, IMM},
    {{BPF_JMP | BPF_JCOND, 0, 0, 5, 0}, OFF},
    {{BPF_JMP | BPF_CALL, 0, 0, 0, 1}, SRC | IMM},
    {{BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, -4}, SRC | IMM},
    {{BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 3, 100}, SRC | OFF | IMM},
    {{BPF_JMP | BPF_EXIT, 0, 0, 0, 0}, 0},
    {{BPF_LDX | BPF_MEM | BPF_DW, 1, 10, -8, 0}, DST | SRC | OFF},
    {{BPF_LDX | BPF_MEMSX | BPF_W, 1, 2, -8, 0}, DST | SRC | OFF},
    {{BPF_ST | BPF_MEM | BPF_B, 10, 0, -1, 300}, DST | OFF | IMM},
    {{BPF_STX | BPF_MEM | BPF_H, 10, 1, -2, 0}, DST | SRC | OFF},
    {{BPF_STX | BPF_ATOMIC | BPF_DW, 10, 1, -8, BPF_ADD}, DST | SRC | OFF | IMM},
    {{BPF_STX | BPF_ATOMIC | BPF_W, 10, 1, -8, BPF_XCHG}, DST | SRC | OFF | IMM},
    {{BPF_STX | BPF_ATOMIC | BPF_W, 10, 1, -8, BPF_CMPXCHG}, DST | SRC | OFF | IMM},
    {{BPF_STX | BPF_ATOMIC | BPF_B, 1, 10, -8, BPF_LOAD_ACQ}, DST | SRC | OFF | IMM},
    {{BPF_STX | BPF_ATOMIC | BPF_H, 10, 1, -8, BPF_STORE_REL}, DST | SRC | OFF | IMM},
    {{BPF_LD | BPF_ABS | BPF_H, 0, 0, 0, 12}, IMM},
    {{BPF_LD | BPF_IND | BPF_B, 0, 3, 0, -2}, SRC | IMM},
};

/* With the refusal in `why`, which is emptied first. */
static bool is_good(struct bpf_insn first, struct bpf_insn second, struct strbuf *why)
{
	struct bpf_insn code[2] = {first, second};

	sb_reset(why);
	return bpf_check_insn(code, 2, 0, why) > 0;
}

static void unused_fields_are_zero(void **state)
{
	struct strbuf why = {0};

	(void)state;
	for (size_t k = 0; k < sizeof(forms) / sizeof(*forms); k++) {
		static const char *const names[] = {"dst_reg", "src_reg", "off", "imm"};

		assert_true(is_good(forms[k].insn, bpf_exit(), &why));
		assert_int_equal(why.n, 0);
		for (unsigned field = 0; field < 4; field++) {
			struct bpf_insn bad = forms[k].insn;

			if (forms[k].used & 1u << field)
				continue;
			field == 0   ? (bad.dst_reg = 1)
			: field == 1 ? (bad.src_reg = 1)
			: field == 2 ? (bad.off = -1)
			             : (bad.imm = 1);
			assert_false(is_good(bad, bpf_exit(), &why));
			if (field == 3 && BPF_OP(bad.code) == BPF_MOV) /* an address space cast? */
				continue;
			assert_non_null(strstr(sb_str(&why), " uses reserved fields: "));
			assert_non_null(strstr(sb_str(&why), names[field]));
		}
	}
	sb_free(&why);
}

/* Of 256 opcodes these many are instructions; each of the others is refused by its number. */
static void opcodes_are_those_of_the_standard(void **state)
{
	struct strbuf why = {0};
	unsigned n_known = 0;

	(void)state;
	for (unsigned code = 0; code < 256; code++) {
		struct bpf_insn i = bpf_make((uint8_t)code, 0, 0, 0, 16);

		if (!is_good(i, bpf_make(0, 0, 0, 0, 0), &why) &&
		    !strncmp(sb_str(&why), "unknown opcode ", 15))
			continue;
		n_known++;
	}
	/* 12 operations in two widths with two sources, neg, three swaps; 11 comparisons likewise,
	 * goto, gotol, may_goto, call, exit; lddw, two packet loads of three sizes, loads of four
	 * and three sizes, two stores of four, atomics of four. */
	assert_int_equal(n_known, 12 * 4 + 2 + 3 + 11 * 4 + 5 + 1 + 6 + 7 + 8 + 4);
	sb_free(&why);
}

static void refusals_name_the_reason(void **state)
{
	static const struct {
		struct bpf_insn insn;
		const char *why;
	} rows[] = {
	    {{BPF_JMP | BPF_CALL | BPF_X, 0, 0, 0, 1},
	     "unknown opcode 8d: there is no call through a register"},
	    {{BPF_JMP | BPF_JA | BPF_X, 1, 0, 0, 0}, "unknown opcode 0d"},
	    {{BPF_JMP32 | BPF_EXIT, 0, 0, 0, 0}, "unknown opcode 96"},
	    {{BPF_LDX | BPF_MEMSX | BPF_DW, 1, 2, 0, 0}, "unknown opcode 99"},
	    {{BPF_ALU64 | BPF_ADD | BPF_X, 11, 1, 0, 0}, "R11 is invalid"},
	    {{BPF_ALU64 | BPF_ADD | BPF_X, 1, 15, 0, 0}, "R15 is invalid"},
	    {{BPF_ALU64 | BPF_ADD | BPF_K, 10, 0, 0, 8}, "frame pointer is read only"},
	    {{BPF_LDX | BPF_MEM | BPF_DW, 10, 1, 0, 0}, "frame pointer is read only"},
	    {{BPF_STX | BPF_ATOMIC | BPF_DW, 1, 10, 0, BPF_XCHG}, "frame pointer is read only"},
	    {{BPF_STX | BPF_ATOMIC | BPF_DW, 10, 2, 0, BPF_LOAD_ACQ}, "frame pointer is read only"},
	    {{BPF_STX | BPF_ATOMIC | BPF_H, 1, 2, 0, BPF_ADD},
	     "invalid atomic operand size: 2 bytes, not 4 or 8"},
	    {{BPF_STX | BPF_ATOMIC | BPF_W, 1, 2, 0, BPF_SUB},
	     "BPF_ATOMIC uses invalid atomic opcode 10"},
	    {{BPF_ALU64 | BPF_DIV | BPF_X, 1, 2, 2, 0},
	     "BPF_ALU uses reserved fields: off is 2, not 0 or 1"},
	    {{BPF_ALU | BPF_MOV | BPF_X, 1, 2, 32, 0},
	     "BPF_MOV uses reserved fields: off is 32, not 0, 8 or 16"},
	    {{BPF_ALU64 | BPF_MOV | BPF_X, 1, 2, 1, 2},
	     "addr_space_cast insn can only convert between address space 1 and 0"},
	    {{BPF_ALU64 | BPF_END, 1, 0, 0, 8},
	     "BPF_END uses reserved fields: imm is 8, not 16, 32 or 64"},
	    {{BPF_JMP | BPF_CALL, 0, 3, 0, 1},
	     "BPF_CALL uses reserved fields: src_reg is 3, not 0, 1 or 2"},
	    {{BPF_JMP | BPF_CALL, 0, 2, -1, 1},
	     "BPF_CALL uses reserved fields: off is -1, not 0 or more"},
	    {{BPF_LD | BPF_IMM | BPF_DW, 1, 7, 0, 1},
	     "unrecognized bpf_ld_imm64 insn: src_reg is 7, not 0 to 6"},
	    {{BPF_LD | BPF_IMM | BPF_DW, 1, 0, 0, 1},
	     "invalid bpf_ld_imm64 insn: opcode of the second half is 95, not 0"},
	    {{BPF_LD | BPF_IMM | BPF_DW, 10, 0, 1, 1},
	     "BPF_LD_IMM64 uses reserved fields: off is 1, not 0"},
	};
	struct strbuf why = {0};

	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
		assert_false(is_good(rows[k].insn, bpf_exit(), &why));
		assert_string_equal(sb_str(&why), rows[k].why);
	}
	sb_free(&why);
}

static void wide_immediates_are_whole(void **state)
{
	struct strbuf why = {0};
	struct bpf_insn wide[2];

	(void)state;
	for (uint8_t pseudo = 0; pseudo <= BPF_PSEUDO_MAP_IDX_VALUE; pseudo++) {
		bool has_second = pseudo == 0 || pseudo == BPF_PSEUDO_MAP_VALUE ||
		                  pseudo == BPF_PSEUDO_BTF_ID || pseudo == BPF_PSEUDO_MAP_IDX_VALUE;

		bpf_lddw(wide, 1, pseudo, 5);
		assert_true(is_good(wide[0], wide[1], &why));
		bpf_lddw(wide, 1, pseudo, 5 | 6ull << 32);
		assert_int_equal(is_good(wide[0], wide[1], &why), has_second);
		wide[1] = bpf_make(0, 1, 0, 0, 0);
		assert_false(is_good(wide[0], wide[1], &why));
		wide[1] = bpf_make(0, 0, 0, 1, 0);
		assert_false(is_good(wide[0], wide[1], &why));
		assert_string_equal(
		    sb_str(&why),
		    "second half of BPF_LD_IMM64 uses reserved fields: off is 1, not 0");
	}
	sb_reset(&why);
	bpf_lddw(wide, 1, 0, 5);
	assert_int_equal(bpf_check_insn(wide, 2, 0, &why), 2);
	assert_int_equal(bpf_check_insn(wide, 1, 0, &why), 0);
	assert_string_equal(sb_str(&why), "invalid bpf_ld_imm64 insn: the second half is missing");
	sb_free(&why);
}

/* ---- programs -------------------------------------------------------------------------------- */

#define REFUSED(at, text, ...)                                                                     \
	do {                                                                                       \
		struct bpf_insn code_[] = {__VA_ARGS__};                                           \
		expect_refusal(code_, sizeof(code_) / sizeof(*code_), at, text);                   \
	} while (0)
#define ACCEPTED(...)                                                                              \
	do {                                                                                       \
		struct bpf_insn code_[] = {__VA_ARGS__};                                           \
		struct strbuf why_ = {0};                                                          \
		uint32_t pc_;                                                                      \
		assert_true(                                                                       \
		    bpf_check_program(code_, sizeof(code_) / sizeof(*code_), &pc_, &why_));        \
		assert_int_equal(why_.n, 0);                                                       \
	} while (0)
#define LDDW(pseudo, imm)                                                                          \
	bpf_make(BPF_LD | BPF_IMM | BPF_DW, 1, pseudo, 0, imm), bpf_make(0, 0, 0, 0, 0)

static void expect_refusal(const struct bpf_insn *code, uint32_t n, uint32_t at, const char *text)
{
	struct strbuf why = {0};
	uint32_t pc = UINT32_MAX;

	assert_false(bpf_check_program(code, n, &pc, &why));
	assert_string_equal(sb_str(&why), text);
	assert_int_equal(pc, at);
	sb_free(&why);
}

static void jumps_lead_to_instructions(void **state)
{
	(void)state;
	ACCEPTED(bpf_exit());
	ACCEPTED(LDDW(0, 1), bpf_goto(-3));
	ACCEPTED(bpf_jmp_imm(BPF_JEQ, false, 1, 0, 1), bpf_mov_imm(0, 0), bpf_exit());
	ACCEPTED(bpf_make(BPF_JMP32 | BPF_JA, 0, 0, 0, 1), bpf_mov_imm(0, 0), bpf_exit());
	REFUSED(0, "jump out of range from insn 0 to 2", bpf_goto(1), bpf_exit());
	REFUSED(1, "jump out of range from insn 1 to -1", bpf_mov_imm(0, 0), bpf_goto(-3));
	REFUSED(0, "jump out of range from insn 0 to 2147483648",
	        bpf_make(BPF_JMP32 | BPF_JA, 0, 0, 0, INT32_MAX), bpf_exit());
	REFUSED(0, "jump into the middle of ldimm64 insn 1", bpf_goto(1), LDDW(0, 1), bpf_exit());
	REFUSED(0, "jump into the middle of ldimm64 insn 1",
	        bpf_make(BPF_JMP | BPF_JCOND, 0, 0, 1, 0), LDDW(0, 1), bpf_exit());
	REFUSED(1, "unknown opcode 00", bpf_mov_imm(0, 0), bpf_make(0, 0, 0, 0, 0));
}

static void functions_keep_to_themselves(void **state)
{
	(void)state;
	ACCEPTED(bpf_call_func(1), bpf_exit(), bpf_mov_imm(0, 0), bpf_exit());
	ACCEPTED(bpf_call_func(-1), bpf_exit());
	/* Distances of lddw count from its second half. */
	ACCEPTED(LDDW(BPF_PSEUDO_FUNC, 2), bpf_exit(), bpf_mov_imm(0, 0), bpf_exit());
	REFUSED(0, "jump out of range from insn 0 to 3", bpf_jmp_imm(BPF_JEQ, false, 1, 0, 2),
	        bpf_call_func(1), bpf_exit(), bpf_mov_imm(0, 0), bpf_exit());
	REFUSED(3, "jump out of range from insn 3 to 1", bpf_call_func(1), bpf_exit(),
	        bpf_mov_imm(0, 0), bpf_goto(-3));
	REFUSED(1, "last insn is not an exit or jmp", bpf_call_func(1), bpf_mov_imm(0, 0),
	        bpf_exit());
	REFUSED(1, "last insn is not an exit or jmp", bpf_exit(), LDDW(0, 1));
	REFUSED(0, "call out of range from insn 0 to 5", bpf_call_func(4), bpf_exit());
	REFUSED(0, "call out of range from insn 0 to 8", LDDW(BPF_PSEUDO_FUNC, 7), bpf_exit());
	REFUSED(0, "call into the middle of ldimm64 insn 2", bpf_call_func(2), bpf_exit(),
	        LDDW(0, 1), bpf_exit());
	expect_refusal(NULL, 0, 0, "there are no instructions");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(unused_fields_are_zero),
	    cmocka_unit_test(opcodes_are_those_of_the_standard),
	    cmocka_unit_test(refusals_name_the_reason),
	    cmocka_unit_test(wide_immediates_are_whole),
	    cmocka_unit_test(jumps_lead_to_instructions),
	    cmocka_unit_test(functions_keep_to_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
