/* Encodings of arm64: every form against the word that an assembler gives, every bit mask and many
 * constants against what the instructions mean. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "vm/jit/arm64_encode.h"

static uint32_t logic(enum arm64_logic_imm op, bool wide, unsigned rd, unsigned rn, uint64_t v)
{
	uint32_t mask = 0;

	assert_true(a64_bitmask(v, wide, &mask));
	return a64_logic_imm(op, wide, rd, rn, mask);
}

static void test_forms(void **state)
{
	const struct {
		const char *text;
		uint32_t got, want;
	} forms[] = {
	    /* clang-format off */
	    {"add x0, x1, x2", a64_op3(A64_ADD, true, 0, 1, 2), 0x8b020020},
	    {"subs wzr, w3, w4", a64_op3(A64_SUBS, false, ZR, 3, 4), 0x6b04007f},
	    {"orn w9, wzr, w7", a64_op3(A64_ORN, false, 9, ZR, 7), 0x2a2703e9},
	    {"udiv x1, x2, x3", a64_op3(A64_UDIV, true, 1, 2, 3), 0x9ac30841},
	    {"sdiv w1, w2, w3", a64_op3(A64_SDIV, false, 1, 2, 3), 0x1ac30c41},
	    {"lsl x4, x5, x9", a64_op3(A64_LSLV, true, 4, 5, 9), 0x9ac920a4},
	    {"madd w0, w1, w2, w3", a64_madd(false, 0, 1, 2, 3), 0x1b020c20},
	    {"msub x0, x1, x2, x3", a64_msub(true, 0, 1, 2, 3), 0x9b028c20},
	    {"umaddl x7, w0, w10, x7", a64_umaddl(7, 0, 10, 7), 0x9baa1c07},
	    {"umulh x9, x0, x9", a64_umulh(9, 0, 9), 0x9bc97c09},
	    {"csel x7, x7, xzr, lo", a64_csel(true, 7, 7, ZR, CC_LO), 0x9a9f30e7},
	    {"csinc w1, w2, w3, gt", a64_csinc(false, 1, 2, 3, CC_GT), 0x1a83c441},
	    {"rev16 w0, w1", a64_rev16(0, 1), 0x5ac00420},
	    {"rev w0, w1", a64_rev(false, 0, 1), 0x5ac00820},
	    {"rev x0, x1", a64_rev(true, 0, 1), 0xdac00c20},
	    {"ubfx x1, x2, #4, #8", a64_shifts(true, false, 1, 2, 52, 56), 0xd3442c41},
	    {"sxtb w1, w2", a64_shifts(false, true, 1, 2, 24, 24), 0x13001c41},
	    {"sxtw x1, w2", a64_sbfm(true, 1, 2, 0, 31), 0x93407c41},
	    {"lsl x1, x2, #12", a64_shifts(true, false, 1, 2, 12, 0), 0xd374cc41},
	    {"asr w1, w2, #31", a64_shifts(false, true, 1, 2, 0, 31), 0x131f7c41},
	    {"add x1, x2, #0xfff", a64_op_imm(A64_ADD_IMM, true, 1, 2, 0xfff), 0x913ffc41},
	    {"sub sp, sp, #0x5000", a64_op_imm(A64_SUB_IMM, true, SP, SP, 0x5000), 0xd14017ff},
	    {"cmp w3, #7", a64_op_imm(A64_SUBS_IMM, false, ZR, 3, 7), 0x71001c7f},
	    {"and x1, x2, #0xff00ff00ff00ff00", logic(A64_AND_IMM, true, 1, 2, 0xff00ff00ff00ff00u), 0x92089c41},
	    {"tst w1, #0x80000001", logic(A64_ANDS_IMM, false, ZR, 1, 0x80000001u), 0x7201043f},
	    {"movz x9, #0x1234, lsl #48", a64_move_imm(A64_MOVZ, true, 9, 0x1234, 3), 0xd2e24689},
	    {"movk w3, #0xffff, lsl #16", a64_move_imm(A64_MOVK, false, 3, 0xffff, 1), 0x72bfffe3},
	    {"movn x3, #0", a64_move_imm(A64_MOVN, true, 3, 0, 0), 0x92800003},
	    {"ldr x1, [x2, #32760]", a64_mem(A64_LOAD, 3, 1, 2, 32760), 0xf97ffc41},
	    {"strb w1, [sp, #4095]", a64_mem(A64_STORE, 0, 1, SP, 4095), 0x393fffe1},
	    {"ldrsh x1, [x2, #2]", a64_mem(A64_LOAD_SIGNED, 1, 1, 2, 2), 0x79800441},
	    {"ldur w1, [x2, #-256]", a64_mem_unscaled(A64_LOAD, 2, 1, 2, -256), 0xb8500041},
	    {"str x1, [x2, x10]", a64_mem_reg(A64_STORE, 3, 1, 2, 10), 0xf82a6841},
	    {"ldrsb x1, [x2, x10]", a64_mem_reg(A64_LOAD_SIGNED, 0, 1, 2, 10), 0x38aa6841},
	    {"stp x29, x30, [sp, #-16]!", a64_pair(A64_STP_PRE, FP, LR, SP, -16), 0xa9bf7bfd},
	    {"ldp x29, x30, [sp], #16", a64_pair(A64_LDP_POST, FP, LR, SP, 16), 0xa8c17bfd},
	    {"stp x19, x20, [sp, #16]", a64_pair(A64_STP, X19, X20, SP, 16), 0xa90153f3},
	    {"ldp w1, w2, [x3, #-256]", a64_pair_at(true, false, 1, 2, 3, -256), 0x29600861},
	    {"stp xzr, x2, [sp, #504]", a64_pair_at(false, true, ZR, 2, SP, 504), 0xa91f8bff},
	    {"ldxr w9, [x11]", a64_ldxr(2, 9, 11), 0x885f7d69},
	    {"stlxr w12, x10, [x11]", a64_stxr(3, true, 12, 10, 11), 0xc80cfd6a},
	    {"stxr w12, w10, [x11]", a64_stxr(2, false, 12, 10, 11), 0x880c7d6a},
	    {"ldar x1, [x2]", a64_ldar(3, 1, 2), 0xc8dffc41},
	    {"ldarb w1, [x2]", a64_ldar(0, 1, 2), 0x08dffc41},
	    {"stlrh w1, [x2]", a64_stlr(1, 1, 2), 0x489ffc41},
	    {"dmb ish", a64_dmb_ish(), 0xd5033bbf},
	    {"ldaddal x1, x1, [x2]", a64_lse(A64_LDADD, 3, true, 1, 1, 2), 0xf8e10041},
	    {"ldclr w9, wzr, [x2]", a64_lse(A64_LDCLR, 2, false, 9, ZR, 2), 0xb829105f},
	    {"ldset x1, xzr, [x2]", a64_lse(A64_LDSET, 3, false, 1, ZR, 2), 0xf821305f},
	    {"ldeoral w1, w1, [x2]", a64_lse(A64_LDEOR, 2, true, 1, 1, 2), 0xb8e12041},
	    {"swpal x1, x1, [x2]", a64_lse(A64_SWP, 3, true, 1, 1, 2), 0xf8e18041},
	    {"casal x7, x1, [x2]", a64_casal(3, 7, 1, 2), 0xc8e7fc41},
	    {"casal w7, w1, [x2]", a64_casal(2, 7, 1, 2), 0x88e7fc41},
	    {"cbnz x0, .+8", a64_jump_to(a64_cbz(true, true, 0), A64_IMM19, 8), 0xb5000040},
	    {"tbz x3, #63, .-32768", a64_jump_to(a64_tbz(63, false, 3), A64_IMM14, -32768), 0xb6fc0003},
	    {"tbnz w3, #5, .+32764", a64_jump_to(a64_tbz(5, true, 3), A64_IMM14, 32764), 0x372bffe3},
	    {"b.gt .-4", a64_jump_to(a64_b_cond(CC_GT), A64_IMM19, -4), 0x54ffffec},
	    {"b .+134217724", a64_jump_to(a64_b(), A64_IMM26, 134217724), 0x15ffffff},
	    {"bl .-134217728", a64_jump_to(a64_bl(), A64_IMM26, -134217728), 0x96000000},
	    {"adr x1, .-3", a64_jump_to(a64_adr(1), A64_ADR, -3), 0x30ffffe1},
	    {"blr x16", a64_blr(16), 0xd63f0200},
	    {"br x16", a64_br(16), 0xd61f0200},
	    {"ret", a64_ret(), 0xd65f03c0},
	    /* clang-format on */
	};

	(void)state;
	for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++)
		if (forms[k].got != forms[k].want)
			fail_msg("%s: %08x, not %08x", forms[k].text, forms[k].got, forms[k].want);
}

/* DecodeBitMasks() of the manual (DDI 0487, shared pseudocode). False: reserved. */
static bool decode_mask(uint32_t mask, bool wide, uint64_t *ret)
{
	unsigned n = mask >> 12 & 1, immr = mask >> 6 & 63, imms = mask & 63;
	unsigned levels = n << 6 | (~imms & 63), size;
	uint64_t unit;

	if (levels < 2 || (n && !wide))
		return false;
	size = 1u << (31 - __builtin_clz(levels));
	if ((imms & (size - 1)) == size - 1)
		return false;
	unit = UINT64_MAX >> (63 - (imms & (size - 1)));
	for (unsigned k = 0; k < (immr & (size - 1)); k++)
		unit = (unit >> 1 | (unit & 1) << (size - 1));
	for (unsigned k = size; k < 64; k *= 2)
		unit |= unit << k;
	*ret = wide ? unit : (uint32_t)unit;
	return true;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* All that there are: found again, and nothing besides. */
static void test_bit_masks(void **state)
{
	(void)state;
	for (int wide = 0; wide < 2; wide++) {
		static uint64_t values[1 << 13];
		size_t n = 0, n_different = 0;
		uint64_t v, again;

		for (uint32_t mask = 0; mask < 1 << 13; mask++) {
			uint32_t found;

			if (!decode_mask(mask, wide, &v))
				continue;
			assert_true(a64_bitmask(v, wide, &found));
			assert_true(decode_mask(found, wide, &again));
			assert_int_equal(v, again);
			values[n++] = v;
		}
		qsort(values, n, sizeof(*values), by_value);
		for (size_t k = 0; k < n; k++)
			n_different += k == 0 || values[k] != values[k - 1];
		assert_int_equal(n_different, wide ? 5334 : 1302);
		/* One bit more or less than a mask is seldom one: the table knows. */
		for (size_t k = 0; k < n; k++) {
			for (int bit = 0; bit < (wide ? 64 : 32); bit++) {
				uint32_t found;

				v = values[k] ^ UINT64_C(1) << bit;
				assert_int_equal(a64_bitmask(v, wide, &found),
				                 bsearch(&v, values, n, sizeof(v), by_value) !=
				                     NULL);
			}
		}
	}
}

/* What the instructions of a64_const() leave in the register, from any value before. */
static uint64_t simulate(const uint32_t *insns, unsigned n)
{
	uint64_t r = 0x5555555555555555;

	for (unsigned k = 0; k < n; k++) {
		bool wide = insns[k] >> 31;
		unsigned shift = 16 * (insns[k] >> 21 & 3);
		uint64_t imm = (uint64_t)(insns[k] >> 5 & 0xffff) << shift;

		switch (insns[k] & 0x7f800000) {
		case A64_MOVZ:
			r = imm;
			break;
		case A64_MOVN:
			r = ~imm;
			break;
		case A64_MOVK:
			r = (r & ~(UINT64_C(0xffff) << shift)) | imm;
			break;
		case A64_ORR_IMM:
			assert_true(decode_mask(insns[k] >> 10 & 0x1fff, wide, &r));
			break;
		default:
			fail_msg("%08x", insns[k]);
		}
		assert_int_equal(insns[k] & 31, 5);
		if (!wide)
			r = (uint32_t)r;
	}
	return r;
}

static void test_constants(void **state)
{
	static const uint16_t parts[] = {0, 0xffff, 1, 0xff00, 0x5555, 0x8000, 0x1234};
	static const struct {
		uint64_t v;
		unsigned most;
	} shortest[] = {{0, 1},
	                {UINT64_MAX, 1},
	                {UINT32_MAX, 1},
	                {(uint64_t)-100, 1},
	                {0x1234000000000000, 1},
	                {0xff00ff00ff00ff00, 1},
	                {0xffffffff00001234, 2},
	                {0x12340000, 1},
	                {0x12345678, 2},
	                {0x00007f1234567890, 3},
	                {0x123456789abcdef0, 4}};
	uint32_t insns[A64_CONST_MAX];

	(void)state;
	for (int k = 0; k < 7 * 7 * 7 * 7; k++) {
		uint64_t v = parts[k % 7] | (uint64_t)parts[k / 7 % 7] << 16 |
		             (uint64_t)parts[k / 49 % 7] << 32 | (uint64_t)parts[k / 343] << 48;

		assert_true(simulate(insns, a64_const(insns, true, 5, v)) == v);
		assert_true(simulate(insns, a64_const(insns, false, 5, v)) == (uint32_t)v);
	}
	for (size_t k = 0; k < sizeof(shortest) / sizeof(shortest[0]); k++)
		assert_in_range(a64_const(insns, true, 5, shortest[k].v), 1, shortest[k].most);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_bit_masks),
	    cmocka_unit_test(test_constants),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
