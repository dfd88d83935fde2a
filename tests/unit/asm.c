/* The assembler: what it reads, what it refuses and where, and that it is the inverse of the
 * disassembler. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "bpf/asm.h"
#include "bpf/check.h"
#include "bpf/disasm.h"
#include "bpf/insn.h"
#include "insn_random.h"

/* Assembles, into `ret`, or renders what was said into `said`. */
static bool assemble(struct arena *a, const char *text, struct bpf_asm *ret, struct strbuf *said)
{
	struct diag *d = diag_create(a);
	bool is_good = bpf_assemble(a, d, diag_add_source(d, "t", text, strlen(text)), ret);

	assert_int_equal(is_good, !diag_errors(d));
	if (said)
		diag_render(d, &(struct diag_style){0}, said);
	return is_good;
}

/* The text's instructions, as the disassembler writes them. */
static void expect_listing(const char *text, const char *listing)
{
	struct arena *a = arena_create();
	struct strbuf out = {0};
	struct bpf_asm code = {0};

	if (!assemble(a, text, &code, &out))
		fail_msg("%s", sb_str(&out));
	for (uint32_t pc = 0; pc < code.n_insns;) {
		pc += (uint32_t)bpf_disasm_insn(code.insns, code.n_insns, pc, &out);
		sb_addc(&out, '\n');
	}
	assert_string_equal(sb_str(&out), listing);
	sb_free(&out);
	arena_destroy(a);
}

static void expect_error(const char *text, const char *error)
{
	struct arena *a = arena_create();
	struct strbuf said = {0};
	struct bpf_asm code;

	assert_false(assemble(a, text, &code, &said));
	if (!strstr(sb_str(&said), error))
		fail_msg("no '%s' in\n%s", error, sb_str(&said));
	sb_free(&said);
	arena_destroy(a);
}

/* ---- round trips ----------------------------------------------------------------------------- */

static void well_formed_code_survives_its_text(void **state)
{
	uint64_t seed = 1;
	unsigned n_codes = 0, n_tried = 0;

	(void)state;
	for (unsigned code = 0; code < 256; code++) {
		struct strbuf text = {0}, again = {0}, why = {0};
		struct bpf_insn insns[400];
		struct arena *a = arena_create();
		struct bpf_asm back;
		uint32_t n = 0;

		for (unsigned k = 0; k < 20000 && n + 2 <= 400; k++) {
			uint32_t used;

			insns[n] = random_insn(&seed, (uint8_t)code);
			insns[n + 1] = random_insn(&seed, 0);
			if (random_next(&seed) % 2)
				insns[n + 1].dst_reg = insns[n + 1].src_reg = insns[n + 1].off = 0;
			used = bpf_check_insn(insns, n + 2, n, &why);
			sb_reset(&why);
			if (used)
				bpf_disasm_insn(insns, n + 2, n, &text);
			if (used)
				sb_addc(&text, '\n');
			n += used;
		}
		if (n && !assemble(a, sb_str(&text), &back, &why))
			fail_msg("%s", sb_str(&why));
		if (n) {
			assert_int_equal(back.n_insns, n);
			assert_memory_equal(back.insns, insns, n * sizeof(*insns));
			for (uint32_t pc = 0; pc < n;) {
				pc += (uint32_t)bpf_disasm_insn(back.insns, n, pc, &again);
				sb_addc(&again, '\n');
			}
			assert_string_equal(sb_str(&again), sb_str(&text));
			/* Listings, too, opcodes and all. */
			sb_reset(&again);
			bpf_disasm(insns, n, &again);
			assert_true(assemble(a, sb_str(&again), &back, NULL));
			assert_memory_equal(back.insns, insns, n * sizeof(*insns));
		}
		n_codes += n > 0;
		n_tried += n;
		sb_free(&why);
		sb_free(&text);
		sb_free(&again);
		arena_destroy(a);
	}
	/* As many opcodes as there are (tests/unit/check.c). */
	assert_int_equal(n_codes, 128);
	assert_true(n_tried > 20000);
}

/* ---- what people write ----------------------------------------------------------------------- */

static void spellings_are_many(void **state)
{
	(void)state;
	expect_listing(
	    "r0=0x10\nr0 = +16\n\tr0\t=16 ; comment\nr0 = 16 # comment\nr0 = 16//comment\r\n",
	    "r0 = 16\nr0 = 16\nr0 = 16\nr0 = 16\nr0 = 16\n");
	expect_listing("", "");
	expect_listing("\n\n ; nothing\n# at\n// all", "");
	expect_listing("goto pc+3\ngoto +3\ngoto -3\ngoto +0x3 <LBB0_2>",
	               "goto pc+3\ngoto pc+3\ngoto pc-3\ngoto pc+3\n");
	expect_listing("if r1 s> -5 goto +1\nif r1 == 0xffffffff goto +1\nif w1 & 4 goto -2",
	               "if r1 s> 0xfffffffb goto pc+1\nif r1 == 0xffffffff goto pc+1\n"
	               "if w1 & 0x4 goto pc-2\n");
	expect_listing("r1 = *(u32 *)(r2)\nw1 = *(u8 *)(r2 + 0x4)\n*(u16 *)(r10 - 2) = w3",
	               "r1 = *(u32 *)(r2 +0)\nr1 = *(u8 *)(r2 +4)\n*(u16 *)(r10 -2) = r3\n");
	expect_listing("w1 = 0xffffffff\n*(u32 *)(r10 -4) = 0xffffffff\nw1 = -w1\nr3 s>>= 3",
	               "w1 = -1\n*(u32 *)(r10 -4) = -1\nw1 = -w1\nr3 s>>= 3\n");
	expect_listing("call 1\ncall bpf_ktime_get_ns\ncall ktime_get_ns\ncall pc+7#bpf_prog_a_F",
	               "call bpf_map_lookup_elem#1\ncall bpf_ktime_get_ns#5\n"
	               "call bpf_ktime_get_ns#5\ncall pc+7\n");
	expect_listing("r1 = xchg_64(r2 + 0, r1)\nw1 = xchg32_32(r2 + 4, w1)\n"
	               "r0 = cmpxchg_64(r2 - 8, r0, r1)\nw0 = cmpxchg32_32(r2, w0, w1)\n"
	               "w3 = atomic_fetch_add((u32 *)(r2 + 0), w3)\n"
	               "r3 = atomic_fetch_add((u64 *)(r2 + 0), r3)",
	               "r1 = atomic64_xchg((u64 *)(r2 +0), r1)\n"
	               "r1 = atomic_xchg((u32 *)(r2 +4), r1)\n"
	               "r0 = atomic64_cmpxchg((u64 *)(r2 -8), r0, r1)\n"
	               "r0 = atomic_cmpxchg((u32 *)(r2 +0), r0, r1)\n"
	               "r3 = atomic_fetch_add((u32 *)(r2 +0), r3)\n"
	               "r3 = atomic64_fetch_add((u64 *)(r2 +0), r3)\n");
	expect_listing(
	    "r1 = -1 ll\nr1 = 18446744073709551615 ll\nr1 = map[id:3]\nr1 = subprog[+2]\n",
	    "r1 = 0xffffffffffffffff ll\nr1 = 0xffffffffffffffff ll\n"
	    "r1 = map[fd:3] ll\nr1 = func pc+2 ll\n");
}

static void labels_are_distances(void **state)
{
	(void)state;
	expect_listing("top: r1 = 5 ll\n"
	               "again: a.b: if r1 == 0 goto out\n"
	               "call f\n"
	               "r2 = func f ll\n"
	               "gotol again\n"
	               "may_goto top\n"
	               "goto top\n"
	               "out:\n"
	               "exit\n"
	               "f:\n"
	               "exit\n",
	               "r1 = 0x5 ll\n"
	               "if r1 == 0x0 goto pc+6\n"
	               "call pc+6\n"
	               "r2 = func pc+5 ll\n"
	               "gotol pc-5\n"
	               "may_goto pc-8\n"
	               "goto pc-9\n"
	               "exit\n"
	               "exit\n");
	/* A label hides a helper of its name. */
	expect_listing("call bpf_ktime_get_ns\nexit\nbpf_ktime_get_ns:\nexit\n",
	               "call pc+1\nexit\nexit\n");
}

static void maps_are_numbered_by_name(void **state)
{
	struct arena *a = arena_create();
	struct bpf_asm code;

	(void)state;
	assert_true(assemble(a,
	                     "r1 = map[counts] ll\n"
	                     "\n"
	                     "r2 = map[.rodata][0]+16 ll\n"
	                     "r3 = map[counts] ll\n"
	                     "exit",
	                     &code, NULL));
	assert_int_equal(code.n_insns, 7);
	assert_int_equal(code.n_maps, 2);
	assert_string_equal(code.map_names[0], "counts");
	assert_string_equal(code.map_names[1], ".rodata");
	assert_int_equal(code.insns[0].src_reg, BPF_PSEUDO_MAP_IDX);
	assert_int_equal(code.insns[0].imm, 0);
	assert_int_equal(code.insns[2].src_reg, BPF_PSEUDO_MAP_IDX_VALUE);
	assert_int_equal(code.insns[2].imm, 1);
	assert_int_equal(code.insns[3].imm, 16);
	assert_int_equal(code.insns[4].imm, 0);
	/* Lines are those of the text, for both halves. */
	assert_int_equal(code.lines[0], 1);
	assert_int_equal(code.lines[1], 1);
	assert_int_equal(code.lines[2], 3);
	assert_int_equal(code.lines[6], 5);
	arena_destroy(a);
}

static void listings_are_read_and_checked(void **state)
{
	(void)state;
	expect_listing("   0: (b7) r0 = 0\n"
	               "  1: (18) r1 = 0x1234\n"
	               "3: 95 00 00 00 00 00 00 00  exit\n"
	               "4:\tb7 01 00 00 07 00 00 00\tr1 = 7\n",
	               "r0 = 0\nr1 = 0x1234 ll\nexit\nr1 = 7\n");
	/* bpftool has the bytes below, llvm-objdump an lddw on two lines. */
	expect_listing("   0: (18) r1 = 0x1234\n"
	               "       18 01 00 00 34 12 00 00 00 00 00 00 00 00 00 00\n"
	               "   2: (95) exit\n"
	               "       95 00 00 00 00 00 00 00\n"
	               "   3: 18 01 00 00 34 12 00 00 r1 = 0x1234 ll\n"
	               "   4: 00 00 00 00 00 00 00 00\n",
	               "r1 = 0x1234 ll\nexit\nr1 = 0x1234 ll\n");
	expect_listing("int prog(struct xdp_md * ctx):\n"
	               "; int x = f();\n"
	               "   0: (85) call pc+1#bpf_prog_a7b80bfc2f996944_f\n"
	               "   1: (95) exit\n"
	               "const char * f():\n"
	               "   2: (85) call __htab_map_lookup_elem#330864\n"
	               "   3: (95) exit\n",
	               "call pc+1\nexit\ncall unknown#330864\nexit\n");
	expect_error("call f(x)", "t:1:7-8: ERROR: unexpected '(' behind the instruction");
	expect_error("0: (b4) r0 = 0", "t:1:4-8: ERROR: the instruction's opcode is b7, not b4");
	expect_error("0: b7 00 00 00 01 00 00 00 r0 = 0",
	             "t:1:4-27: ERROR: these are not the instruction's bytes");
	expect_error("r0 = 0\n b7 00 00 00 00 00 00 01", "these are not the instruction's bytes");
	expect_error("b7 00 00 00 00 00 00 00", "there is no instruction to these bytes");
	expect_error("exit\n95 00 00 00 00 00 00 00\n95 00 00 00 00 00 00 00",
	             "t:3:1-24: ERROR: there is no instruction to these bytes");
}

/* ---- mistakes -------------------------------------------------------------------------------- */

static void mistakes_have_a_place_and_a_way_out(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
	    {"r11 = 5", "t:1:1-4: ERROR: there is no register r11\n"},
	    {"r1 = r123", "t:1:6-10: ERROR: there is no register r123\n"},
	    {"r0 = 0\n gotoo +1", "t:2:2-7: ERROR: unknown instruction 'gotoo'\n gotoo +1\n ~~~~~\n"
	                          "HINT: did you mean 'goto'?\n"},
	    {"r1 = 0x100000000", "HINT: with ll there are 64: r1 = 0x100000000 ll\n"},
	    {"r1 = 4294967295", "t:1:6-16: ERROR: 4294967295 does not fit an immediate of 32"},
	    {"r1 += 4294967295",
	     "HINT: immediates are sign-extended to 64 bits: this would be -1\n"},
	    {"r1 += -2147483649", "HINT: bring it into a register first"},
	    {"w1 = 4294967296", "4294967296 does not fit 32 bits\n"},
	    {"*(u64 *)(r10 -8) = 0xffffffff", "does not fit an immediate of 32 signed bits"},
	    {"r1 = 18446744073709551616 ll", "is more than 64 bits hold"},
	    {"r1 = -9223372036854775809 ll", "-9223372036854775809 does not fit 64 bits"},
	    {"r1 = *(u8 *)(r2 +32768)",
	     "t:1:17-23: ERROR: 32768 does not fit an offset of 16 bits (-32768 to 32767)"},
	    {"goto +40000", "40000 does not fit an offset of 16 bits"},
	    {"goto 3", "HINT: a distance has a sign: +3\n"},
	    {"goto nowhere", "t:1:6-13: ERROR: there is no label 'nowhere'\n"},
	    {"loop: goto lop", "HINT: did you mean 'loop'?\n"},
	    {"a:\nexit\na:\nexit", "t:3:1-2: ERROR: label 'a' is defined twice\n"},
	    {"r1: exit", "'r1' cannot be a label"},
	    {"call bpf_map_lookup_elm", "HINT: did you mean 'bpf_map_lookup_elem'?\n"},
	    {"call r1", "there is no call through a register"},
	    {"r1 = 12zz", "t:1:6-10: ERROR: '12zz' is not a number\n"},
	    {"r1 = 0x", "'0x' is not a number\n"},
	    {"r1 = @", "t:1:6-7: ERROR: unexpected '@'\n"},
	    {"r1 = \x80", "unexpected byte 0x80\n"},
	    {"exit exit", "t:1:6-10: ERROR: unexpected 'exit' behind the instruction\n"},
	    {"r1 = ", "t:1:5-6: ERROR: expected a value at the end of the line\n"},
	    {"r1", "expected an operator like '=' or '+=' at the end of the line\n"},
	    {"r1 = w2", "HINT: r are registers, w their lower halves; write r2\n"},
	    {"r1 = -r2", "t:1:7-9: ERROR: only r1 can stand here, as before the '='\n"},
	    {"r1 = be16 r2", "only r1 can stand here"},
	    {"w1 = be16 w1", "this fills all of r1\n"},
	    {"r1 = (u8)r2", "t:1:7-9: ERROR: sign extension is from s8, s16 or s32\n"},
	    {"w1 = (s32)w2", "sign extension is from s8 or s16\n"},
	    {"r1 = *(u8 *)(w2 +0)", "half a register is no address\n"},
	    {"w1 = *(u64 *)(r2 +0)", "this load fills all of r1\n"},
	    {"*(s8 *)(r2 +0) = r1", "t:1:3-5: ERROR: only loads have a sign\n"},
	    {"r1 = *(u8 *)skb[1]", "packets are loaded as u8, u16 or u32, and to r0\n"},
	    {"r1 = atomic64_xchg((u32 *)(r2 +0), r1)", "'atomic64_xchg' is for u64\n"},
	    {"r1 = atomic64_cmpxchg((u64 *)(r2 +0), r1, r3)",
	     "the result of 'atomic64_cmpxchg' is in r0\n"},
	    {"r1 = atomic_fetch_sub((u64 *)(r2 +0), r1)",
	     "t:1:6-22: ERROR: a register cannot become 'atomic_fetch_sub'\n"},
	    {"lock *(u64 *)(r1 +0) -= r2", "t:1:22-24: ERROR: expected '+=', '|=', '&=' or '^='"},
	    {"lock *(u8 *)(r1 +0) += r2",
	     "t:1:1-26: ERROR: not an instruction: invalid atomic operand size"},
	    {"r10 = 1", "t:1:1-8: ERROR: not an instruction: frame pointer is read only\n"},
	    {"r1 = map[3] ll", "HINT: map[fd:3] is a file descriptor"},
	    {"if r1 = 2 goto +1", "t:1:7-8: ERROR: expected a comparison, not '='\n"},
	    {"if r1 == 2 exit", "t:1:12-16: ERROR: expected 'goto', not 'exit'\n"},
	};

	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++)
		expect_error(rows[k].text, rows[k].error);
}

static void several_mistakes_are_reported_but_not_all(void **state)
{
	struct arena *a = arena_create();
	struct strbuf text = {0};
	struct diag *d = diag_create(a);
	struct bpf_asm code;

	(void)state;
	sb_adds(&text, "foo\nexit\nbar: baz\ngoto nowhere\n");
	assert_false(bpf_assemble(a, d, diag_add_source(d, "t", text.s, text.n), &code));
	assert_int_equal(diag_errors(d), 3);
	for (int k = 0; k < 1000; k++)
		sb_adds(&text, "foo\n");
	d = diag_create(a);
	assert_false(bpf_assemble(a, d, diag_add_source(d, "t", text.s, text.n), &code));
	assert_int_equal(diag_errors(d), 50);
	/* Names that are not found count, too: each is looked for among all others. */
	sb_reset(&text);
	for (int k = 0; k < 20000; k++)
		sb_addf(&text, "label%d: goto nowhere%d\n", k, k);
	d = diag_create(a);
	assert_false(bpf_assemble(a, d, diag_add_source(d, "t", text.s, text.n), &code));
	assert_int_equal(diag_errors(d), 50);
	sb_free(&text);
	arena_destroy(a);
}

static void far_labels_need_gotol(void **state)
{
	struct arena *a = arena_create();
	struct strbuf text = {0}, said = {0};
	struct bpf_asm code;

	(void)state;
	sb_adds(&text, "gotol out\n");
	for (int k = 0; k < 40000; k++)
		sb_adds(&text, "r0 = 0\n");
	sb_adds(&text, "out: exit\n");
	assert_true(assemble(a, sb_str(&text), &code, NULL));
	assert_int_equal(code.insns[0].imm, 40000);
	memcpy(text.s, "goto  out", 9);
	assert_false(assemble(a, sb_str(&text), &code, &said));
	assert_non_null(strstr(sb_str(&said), "t:1:7-10: ERROR: 'out' is 40000 instructions away, "
	                                      "this jump reaches -32768 to 32767\n"));
	assert_non_null(strstr(sb_str(&said), "HINT: gotol reaches everything\n"));
	sb_free(&said);
	sb_free(&text);
	arena_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(well_formed_code_survives_its_text),
	    cmocka_unit_test(spellings_are_many),
	    cmocka_unit_test(labels_are_distances),
	    cmocka_unit_test(maps_are_numbered_by_name),
	    cmocka_unit_test(listings_are_read_and_checked),
	    cmocka_unit_test(mistakes_have_a_place_and_a_way_out),
	    cmocka_unit_test(several_mistakes_are_reported_but_not_all),
	    cmocka_unit_test(far_labels_need_gotol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
