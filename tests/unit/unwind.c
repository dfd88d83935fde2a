/* Call frame information to rules, and steps by them, of both CPUs, on bytes and stacks made here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "unwind/unwind_priv.h"

/* ---- a section ---------------------------------------------------------------------------- */

struct made {
	uint8_t bytes[1024];
	size_t n, cie_at;
	bool is_arm64;
};

static void put(struct made *m, const void *bytes, size_t n)
{
	assert_true(m->n + n <= sizeof(m->bytes));
	memcpy(m->bytes + m->n, bytes, n);
	m->n += n;
}

static void put_number(struct made *m, uint64_t v, size_t n)
{
	put(m, &v, n);
}

static void end_entry(struct made *m, size_t at)
{
	uint32_t len_b;

	while ((m->n - at) % 8)
		put_number(m, 0, 1); /* DW_CFA_nop */
	len_b = (uint32_t)(m->n - at - 4);
	memcpy(m->bytes + at, &len_b, 4);
}

/* Augmentation "zR" or "zRS", pointers as they are. */
static void add_cie(struct made *m, const char *augmentation, const char *code, size_t n)
{
	m->cie_at = m->n;
	put_number(m, 0, 4);
	put_number(m, 0, 4);
	put_number(m, 1, 1); /* version */
	put(m, augmentation, strlen(augmentation) + 1);
	put_number(m, m->is_arm64 ? 4 : 1, 1); /* of code */
	put_number(m, 0x78, 1);                /* of data: -8 */
	put_number(m, m->is_arm64 ? 30 : 16, 1);
	put_number(m, 1, 1);
	put_number(m, 0, 1);
	put(m, code, n);
	end_entry(m, m->cie_at);
}

static void add_fde(struct made *m, uint64_t start, uint64_t len_b, const char *code, size_t n)
{
	size_t at = m->n;

	put_number(m, 0, 4);
	put_number(m, m->n - m->cie_at, 4);
	put_number(m, start, 8);
	put_number(m, len_b, 8);
	put_number(m, 0, 1);
	put(m, code, n);
	end_entry(m, at);
}

#define CIE(m, augmentation, code) add_cie(m, augmentation, code, sizeof(code) - 1)
#define FDE(m, start, len_b, code) add_fde(m, start, len_b, code, sizeof(code) - 1)

static struct cfi_rows rows_of(const struct made *m)
{
	/* Of exactly that size, so that a step beyond its end is seen. */
	uint8_t *copy = malloc(m->n);
	struct cfi_section s = {
	    .bytes = copy, .len_b = m->n, .is_eh = true, .is_arm64 = m->is_arm64};
	struct cfi_rows rows = {0};

	memcpy(copy, m->bytes, m->n);
	cfi_read(&s, &rows);
	free(copy);
	return rows;
}

static void free_rows(struct cfi_rows *rows)
{
	vec_free(&rows->rows);
	vec_free(&rows->funcs);
}

/* ---- a stack ------------------------------------------------------------------------------ */

struct word {
	uint64_t address, value;
};

static const struct word *stack;

static int read_stack(void *arg, uint64_t address, uint64_t *ret)
{
	(void)arg;
	for (const struct word *w = stack; w->address; w++)
		if (w->address == address) {
			*ret = w->value;
			return 0;
		}
	return -1;
}

static void is_row(const struct cfi_rows *rows, size_t i, uint64_t pc, enum unwind_cfa cfa,
                   int off_b)
{
	struct unwind_rule r;

	assert_true(i < rows->rows.n);
	r = unwind_rule_unpack(rows->rows.items[i].rule);
	assert_int_equal(rows->rows.items[i].pc, pc);
	assert_int_equal(r.cfa, cfa);
	assert_int_equal(r.off_b, off_b);
}

/* ---- x86-64 ------------------------------------------------------------------------------- */

/* CFA = sp + 8, return address below it */
static const char x86_begin[] = "\x0c\x07\x08\x90\x01";
#define X86_CIE(m, augmentation) add_cie(m, augmentation, x86_begin, 5)

static void a_function_has_a_row_for_each_change(void **state)
{
	struct made m = {0};
	struct cfi_rows rows;
	struct unwind_rule r;

	(void)state;
	X86_CIE(&m, "zR");
	/* push %rbp; mov %rsp,%rbp; ...; an early return that is remembered around; leave; ret */
	FDE(&m, 0x1000, 0x40,
	    "\x41\x0e\x10\x86\x02\x43\x0d\x06\x44\x0a\x44\x0c\x07\x08\xc6\x41\x0b\x44\x0c\x07\x08");
	rows = rows_of(&m);
	assert_int_equal(rows.funcs.n, 1);
	assert_int_equal(rows.funcs.items[0].end, 0x1040);
	is_row(&rows, 0, 0x1000, UNWIND_SP, 8);
	is_row(&rows, 1, 0x1001, UNWIND_SP, 16);
	is_row(&rows, 2, 0x1004, UNWIND_FP, 16);
	is_row(&rows, 3, 0x100c, UNWIND_SP, 8);
	is_row(&rows, 4, 0x100d, UNWIND_FP, 16);
	is_row(&rows, 5, 0x1011, UNWIND_SP, 8);
	assert_int_equal(rows.rows.n, 6);
	r = unwind_rule_unpack(rows.rows.items[2].rule);
	assert_int_equal(r.ra.base, UNWIND_AT_CFA);
	assert_int_equal(r.ra.off_b, -8);
	assert_int_equal(r.fp.off_b, -16);
	assert_int_equal(unwind_rule_unpack(rows.rows.items[3].rule).fp.base, UNWIND_SAME);
	free_rows(&rows);
}

static void expressions_are_recognised(void **state)
{
	static const struct word words[] = {
	    {0x7f08, 0x8000}, {0x8018, 0x1234}, {0x8010, 0x9990}, {0, 0}};
	struct unwind_regs regs = {.sp = 0x7f00, .fp = 1, .is_exact = true};
	struct made m = {0};
	struct cfi_rows rows;
	struct unwind_rule r;

	(void)state;
	X86_CIE(&m, "zR");
	/* sp + 8, the word there, + 32; rbp saved 16 below */
	FDE(&m, 0x1000, 16, "\x0f\x05\x77\x08\x06\x23\x20\x86\x02");
	/* the stack aligned: the word at rbp - 8; rbp where it points */
	FDE(&m, 0x2000, 16, "\x0f\x03\x76\x78\x06\x10\x06\x02\x76\x00");
	/* .plt */
	FDE(&m, 0x3000, 16, "\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22");
	/* rbx * 8: nobody has said what that is */
	FDE(&m, 0x4000, 16, "\x0f\x04\x73\x00\x38\x1e");
	/* further than a rule can say */
	FDE(&m, 0x5000, 16, "\x0f\x06\x77\x08\x06\x23\x80\x02");
	/* the outermost */
	FDE(&m, 0x6000, 16, "\x07\x10");
	rows = rows_of(&m);
	assert_int_equal(rows.rows.n, 6);
	is_row(&rows, 0, 0x1000, UNWIND_SP_DEREF, 8);
	is_row(&rows, 1, 0x2000, UNWIND_FP_DEREF, -8);
	r = unwind_rule_unpack(rows.rows.items[1].rule);
	assert_int_equal(r.fp.base, UNWIND_AT_FP);
	assert_int_equal(r.fp.off_b, 0);
	is_row(&rows, 2, 0x3000, UNWIND_PLT, 8);
	assert_int_equal(unwind_rule_unpack(rows.rows.items[2].rule).param, 11);
	assert_int_equal(rows.rows.items[3].rule, 0);
	assert_int_equal(rows.rows.items[4].rule, 0);
	is_row(&rows, 5, 0x6000, UNWIND_END, 0);

	stack = words;
	assert_true(unwind_step(rows.rows.items[0].rule, false, &regs, read_stack, NULL));
	assert_int_equal(regs.sp, 0x8020);
	assert_int_equal(regs.pc, 0x1234);
	assert_int_equal(regs.fp, 0x9990);
	assert_false(regs.is_exact);
	assert_false(unwind_step(rows.rows.items[5].rule, false, &regs, read_stack, NULL));
	free_rows(&rows);
}

static void a_signal_frame_was_interrupted(void **state)
{
	/* Onto a stack below, as one of sigaltstack() may be: ucontext at sp + 0. */
	static const struct word words[] = {
	    {0x90a0, 0x7000}, {0x90a8, 0x4321}, {0x9078, 0x7110}, {0, 0}};
	struct unwind_regs regs = {.sp = 0x9000, .fp = 1};
	struct made m = {0};
	struct cfi_rows rows;

	(void)state;
	X86_CIE(&m, "zRS");
	FDE(&m, 0x1000, 16,
	    "\x0f\x04\x77\xa0\x01\x06\x10\x10\x03\x77\xa8\x01\x10\x06\x03\x77\xf8\x00");
	rows = rows_of(&m);
	is_row(&rows, 0, 0x1000, UNWIND_SP_DEREF, 160);
	stack = words;
	assert_true(unwind_step(rows.rows.items[0].rule, false, &regs, read_stack, NULL));
	assert_int_equal(regs.sp, 0x7000);
	assert_int_equal(regs.pc, 0x4321);
	assert_int_equal(regs.fp, 0x7110);
	assert_true(regs.is_exact);
	free_rows(&rows);
}

static void damage_is_no_rule(void **state)
{
	struct made m = {0};
	struct cfi_rows rows;

	(void)state;
	X86_CIE(&m, "zR");
	FDE(&m, 0x1000, 16, "\x3e");             /* no such instruction */
	FDE(&m, 0x2000, 16, "\x0b");             /* nothing was remembered */
	FDE(&m, 0x3000, 16, "\x04\0\0\1\0");     /* past its end */
	FDE(&m, 0x4000, 16, "\x0f\xff\xff\x7f"); /* longer than the entry */
	rows = rows_of(&m);
	assert_int_equal(rows.funcs.n, 4);
	vec_each (f, &rows.funcs)
		assert_int_equal(rows.rows.items[f->first_row + f->n_rows - 1].rule, 0);
	free_rows(&rows);
	/* Cut off anywhere it is read without a step outside. */
	for (size_t n = m.n; n-- > 1;) {
		m.n = n;
		rows = rows_of(&m);
		free_rows(&rows);
	}
}

/* ---- arm64 -------------------------------------------------------------------------------- */

static void arm64_returns_through_its_link_register(void **state)
{
	/* Saved with an authentication code above its 48 bits. */
	static const struct word words[] = {{0x8000, 0x8100}, {0x8008, 0x002a00000000abcd}, {0, 0}};
	struct unwind_regs regs = {.sp = 0x8000, .fp = 7, .lr = 0x5678, .has_lr = true}, leaf;
	struct made m = {.is_arm64 = true};
	struct cfi_rows rows;

	(void)state;
	CIE(&m, "zR", "\x0c\x1f\x00");
	/* paciasp; stp x29, x30, [sp, -32]!; mov x29, sp */
	FDE(&m, 0x1000, 0x40, "\x41\x2d\x41\x0e\x20\x9d\x04\x9e\x03\x41\x0d\x1d");
	rows = rows_of(&m);
	is_row(&rows, 0, 0x1000, UNWIND_SP, 0);
	is_row(&rows, 1, 0x1008, UNWIND_SP, 32);
	is_row(&rows, 2, 0x100c, UNWIND_FP, 32);
	leaf = regs;
	assert_true(unwind_step(rows.rows.items[0].rule, true, &leaf, read_stack, NULL));
	assert_int_equal(leaf.pc, 0x5678);
	assert_int_equal(leaf.sp, 0x8000);
	assert_int_equal(leaf.fp, 7);
	/* A caller has none: it has called. */
	assert_false(leaf.has_lr);
	assert_false(unwind_step(rows.rows.items[0].rule, true, &leaf, read_stack, NULL));
	stack = words;
	assert_true(unwind_step(rows.rows.items[1].rule, true, &regs, read_stack, NULL));
	assert_int_equal(regs.pc, 0xabcd);
	assert_int_equal(regs.sp, 0x8020);
	assert_int_equal(regs.fp, 0x8100);
	regs = (struct unwind_regs){.sp = 0x7f00, .fp = 0x8000};
	assert_true(unwind_step(rows.rows.items[2].rule, true, &regs, read_stack, NULL));
	assert_int_equal(regs.sp, 0x8020);
	free_rows(&rows);
}

static void an_arm64_signal_frame_is_laid_out_by_the_kernel(void **state)
{
	static const struct word words[] = {{0x8000 + 544, 0x9100},
	                                    {0x8000 + 552, 0x1111},
	                                    {0x8000 + 560, 0x9000},
	                                    {0x8000 + 568, 0x2222},
	                                    {0, 0}};
	struct unwind_regs regs = {.sp = 0x8000, .fp = 1};
	struct made m = {.is_arm64 = true};
	struct cfi_rows rows;

	(void)state;
	/* As the kernel's vdso says it: CFA = x29, which is not the interrupted stack. */
	CIE(&m, "zRS", "\x0c\x1f\x00");
	FDE(&m, 0x1000, 8, "\x0c\x1d\x00\x9d\x00\x9e\x7f");
	rows = rows_of(&m);
	stack = words;
	assert_true(unwind_step(rows.rows.items[0].rule, true, &regs, read_stack, NULL));
	assert_int_equal(regs.pc, 0x2222);
	assert_int_equal(regs.sp, 0x9000);
	assert_int_equal(regs.fp, 0x9100);
	assert_int_equal(regs.lr, 0x1111);
	assert_true(regs.has_lr);
	assert_true(regs.is_exact);
	free_rows(&rows);
}

static void a_large_frame_is_counted_from_its_end(void **state)
{
	static const struct word words[] = {{0x8000, 0x1111}, {0x8008, 0x2222}, {0, 0}};
	struct unwind_regs regs = {.sp = 0x8000, .fp = 1};
	struct made m = {.is_arm64 = true};
	struct cfi_rows rows;

	(void)state;
	CIE(&m, "zR", "\x0c\x1f\x00");
	/* 1 MiB of stack, x29 and x30 in its first words; CFA = sp + 1 MiB */
	FDE(&m, 0x1000, 0x40, "\x0e\x80\x80\x40\x9d\x80\x80\x08\x9e\xff\xff\x07");
	rows = rows_of(&m);
	is_row(&rows, 0, 0x1000, UNWIND_SP, 1 << 20);
	stack = words;
	assert_true(unwind_step(rows.rows.items[0].rule, true, &regs, read_stack, NULL));
	assert_int_equal(regs.sp, 0x108000);
	assert_int_equal(regs.fp, 0x1111);
	assert_int_equal(regs.pc, 0x2222);
	free_rows(&rows);
}

static void a_stack_does_not_grow_towards_its_callers(void **state)
{
	static const struct word words[] = {{0x8000, 0x1000}, {0x7ff8, 0x1000}, {0, 0}};
	struct unwind_rule r = {.cfa = UNWIND_SP, .ra = {UNWIND_AT_CFA, 0}, .fp = {UNWIND_SAME, 0}};
	struct unwind_regs regs = {.sp = 0x8000};

	(void)state;
	stack = words;
	assert_false(unwind_step(unwind_rule_pack(&r), false, &regs, read_stack, NULL));
	r.off_b = 8; /* not there */
	assert_false(unwind_step(unwind_rule_pack(&r), false, &regs, read_stack, NULL));
	r.ra.off_b = -8;
	assert_true(unwind_step(unwind_rule_pack(&r), false, &regs, read_stack, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_function_has_a_row_for_each_change),
	    cmocka_unit_test(expressions_are_recognised),
	    cmocka_unit_test(a_signal_frame_was_interrupted),
	    cmocka_unit_test(damage_is_no_rule),
	    cmocka_unit_test(arm64_returns_through_its_link_register),
	    cmocka_unit_test(an_arm64_signal_frame_is_laid_out_by_the_kernel),
	    cmocka_unit_test(a_large_frame_is_counted_from_its_end),
	    cmocka_unit_test(a_stack_does_not_grow_towards_its_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
