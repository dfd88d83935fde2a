/* USDT notes and the operands of their arguments, good and bad. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "probe/usdt_args.h"
#include "symbols/symbols_priv.h"

/* ---- notes ------------------------------------------------------------------------------- */

struct note64 {
	uint64_t address, base, semaphore;
	char strings[24];
};

/* Read from a copy of exactly that size, so that a step beyond its end is seen. */
static bool note_is_good(const void *desc, size_t len_b, bool is_64)
{
	void *copy = malloc(len_b ? len_b : 1);
	struct usdt_note n;
	bool ok;

	memcpy(copy, desc, len_b);
	ok = usdt_note_read(copy, len_b, is_64, &n);
	free(copy);
	return ok;
}

static void notes_are_read(void **state)
{
	struct note64 wide = {0x1234, 0x2000, 0x4010, "prov\0name\0-4@%edi"};
	struct {
		uint32_t address, base, semaphore;
		char strings[8];
	} narrow = {0x80001234, 0x2000, 0, "p\0n\0"};
	struct usdt_note n;

	(void)state;
	assert_true(usdt_note_read(&wide, sizeof(wide), true, &n));
	assert_int_equal(n.address, 0x1234);
	assert_int_equal(n.base, 0x2000);
	assert_int_equal(n.semaphore, 0x4010);
	assert_string_equal(n.provider, "prov");
	assert_string_equal(n.name, "name");
	assert_string_equal(n.args, "-4@%edi");
	assert_true(usdt_note_read(&narrow, sizeof(narrow), false, &n));
	assert_int_equal(n.address, 0x80001234);
	assert_string_equal(n.name, "n");
	assert_string_equal(n.args, "");
}

static void damaged_notes_are_refused(void **state)
{
	struct note64 good = {1, 2, 3, "prov\0name\0-4@%edi"};
	size_t whole_b = 24 + sizeof("prov\0name\0-4@%edi");
	struct note64 no_provider = {1, 2, 3, "\0name\0args"};
	struct note64 no_name = {1, 2, 3, "prov\0\0args"};
	struct note64 escape = {1, 2, 3, "pr\033[2J\0name\0"};

	(void)state;
	assert_true(note_is_good(&good, whole_b, true));
	for (size_t len_b = 0; len_b < whole_b; len_b++)
		assert_false(note_is_good(&good, len_b, true));
	assert_false(note_is_good(&no_provider, sizeof(no_provider), true));
	assert_false(note_is_good(&no_name, sizeof(no_name), true));
	assert_false(note_is_good(&escape, sizeof(escape), true));
}

/* ---- operands ---------------------------------------------------------------------------- */

struct good {
	const char *text;
	enum usdt_arg_kind kind;
	int size; /* negative: signed */
	const char *base;
	int base_b;
	const char *index;
	int index_shift;
	int64_t value;
	const char *symbol;
};

static void assert_same(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got ? got : "(none)", want);
	else
		assert_null(got);
}

static void check_good(enum usdt_cpu cpu, const struct good *g)
{
	own_arena struct arena *a = arena_create();
	const char *why = NULL;
	struct usdt_arg arg;

	if (!usdt_arg_parse(a, cpu, g->text, 0, &arg, &why))
		fail_msg("%s: %s", g->text, why);
	assert_int_equal(arg.kind, g->kind);
	assert_int_equal(arg.is_signed ? -arg.size_b : arg.size_b, g->size);
	assert_same(arg.base.name, g->base);
	assert_int_equal(arg.base.size_b, g->base_b);
	assert_same(arg.index.name, g->index);
	assert_int_equal(arg.index_shift, g->index_shift);
	assert_int_equal(arg.value, g->value);
	assert_same(arg.symbol, g->symbol);
}

static void check_bad(enum usdt_cpu cpu, const char *text)
{
	own_arena struct arena *a = arena_create();
	const char *why = NULL;
	struct usdt_arg arg;

	if (usdt_arg_parse(a, cpu, text, 0, &arg, &why))
		fail_msg("%s is taken", text);
	assert_non_null(why);
}

static void x86_operands(void **state)
{
	static const struct good good[] = {
	    {"-4@%edi", USDT_REG, -4, "di", 4, NULL, 0, 0, NULL},
	    {"8@%rax", USDT_REG, 8, "ax", 8, NULL, 0, 0, NULL},
	    {"1@%sil", USDT_REG, 1, "si", 1, NULL, 0, 0, NULL},
	    {"2@%dx", USDT_REG, 2, "dx", 2, NULL, 0, 0, NULL},
	    {"-2@%r10w", USDT_REG, -2, "r10", 2, NULL, 0, 0, NULL},
	    {"4@%r8d", USDT_REG, 4, "r8", 4, NULL, 0, 0, NULL},
	    {"1@%r15b", USDT_REG, 1, "r15", 1, NULL, 0, 0, NULL},
	    {"%ebp", USDT_REG, 4, "bp", 4, NULL, 0, 0, NULL},
	    {"8@$5", USDT_CONST, 8, NULL, 0, NULL, 0, 5, NULL},
	    {"-8@$-9223372036854775808", USDT_CONST, -8, NULL, 0, NULL, 0, INT64_MIN, NULL},
	    {"4@-20(%rbp)", USDT_MEM, 4, "bp", 8, NULL, 0, -20, NULL},
	    {"8@8+16(%rsp)", USDT_MEM, 8, "sp", 8, NULL, 0, 24, NULL},
	    {"8@(%rax,%rbx,4)", USDT_MEM, 8, "ax", 8, "bx", 2, 0, NULL},
	    {"8@(%rax, %r12)", USDT_MEM, 8, "ax", 8, "r12", 0, 0, NULL},
	    {"1@16(,%rcx,8)", USDT_MEM, 1, NULL, 0, "cx", 3, 16, NULL},
	    {"8@foo+8(%rip)", USDT_MEM, 8, NULL, 0, NULL, 0, 8, "foo"},
	    {"8@8+foo.1(%rip)", USDT_MEM, 8, NULL, 0, NULL, 0, 8, "foo.1"},
	    {"4@table(,%rax,4)", USDT_MEM, 4, NULL, 0, "ax", 2, 0, "table"},
	};
	static const char *const bad[] = {
	    "3@%edi",
	    "16@%rax",
	    "8f@%xmm0",
	    "8@%xmm0",
	    "4@%r7",
	    "4@%r16d",
	    "4@%",
	    "4@",
	    "@%eax",
	    "4@$",
	    "4@$foo",
	    "4@%eax)",
	    "4@(%rax",
	    "4@()",
	    "4@(%rax,%rbx,3)",
	    "4@(%ax)",
	    "4@8(%rip)",
	    "4@a+b(%rip)",
	    "4@-a(%rip)",
	    "4@a(%rip,%rax)",
	    "8@%fs:x@tpoff",
	    "8@a@GOTPCREL(%rip)",
	    "8@$99999999999999999999",
	    "8@(%rax,%rip)",
	    "4@%rrr",
	    "4@4+%4",
	    "-@%eax",
	    "4@%eax,",
	};
	own_arena struct arena *a = arena_create();
	const char *why;
	struct usdt_arg arg;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		check_good(USDT_X86_64, &good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_bad(USDT_X86_64, bad[i]);
	assert_true(usdt_arg_parse(a, USDT_X86_64, "1@%ah", 0, &arg, &why));
	assert_int_equal(arg.base.shift, 8);
}

static void arm64_operands(void **state)
{
	static const struct good good[] = {
	    {"4@x0", USDT_REG, 4, "r0", 8, NULL, 0, 0, NULL},
	    {"-4@w30", USDT_REG, -4, "r30", 4, NULL, 0, 0, NULL},
	    {"8@sp", USDT_REG, 8, "sp", 8, NULL, 0, 0, NULL},
	    {"8@[sp, 16]", USDT_MEM, 8, "sp", 8, NULL, 0, 16, NULL},
	    {"8@[x29, #-8]", USDT_MEM, 8, "r29", 8, NULL, 0, -8, NULL},
	    {"4@[x1]", USDT_MEM, 4, "r1", 8, NULL, 0, 0, NULL},
	    {"4@[x1, x2, lsl 2]", USDT_MEM, 4, "r1", 8, "r2", 2, 0, NULL},
	    {"4@[x1,w2,sxtw #3]", USDT_MEM, 4, "r1", 8, "r2", 3, 0, NULL},
	    {"-4@5", USDT_CONST, -4, NULL, 0, NULL, 0, 5, NULL},
	    {"-4@-5", USDT_CONST, -4, NULL, 0, NULL, 0, -5, NULL},
	    {"8@xzr", USDT_CONST, 8, NULL, 0, NULL, 0, 0, NULL},
	};
	static const char *const bad[] = {
	    "8@x31",
	    "8@d0",
	    "8@",
	    "8@[sp",
	    "8@[]",
	    "8@[w0, 8]",
	    "8@[xzr]",
	    "8@[x0, w1]",
	    "8@[x0, x1, uxtw 2]",
	    "8@[x0, x1, lsl 9]",
	    "8@[x0, #:lo12:foo]",
	    "8@[x0, 8",
	    "8@[x0]x",
	    "8@%eax",
	    "8@[x0, x1, ror 2]",
	    "5@x0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		check_good(USDT_ARM64, &good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_bad(USDT_ARM64, bad[i]);
}

static void operands_are_counted(void **state)
{
	own_arena struct arena *a = arena_create();
	const char *text = " -4@%edi  8@[sp, 16] 4@(%rax, %rbx)";
	const char *why = NULL;
	struct usdt_arg arg;

	(void)state;
	assert_int_equal(usdt_args_count(""), 0);
	assert_int_equal(usdt_args_count(" "), 0);
	assert_int_equal(usdt_args_count("8@[sp, 16"), 1);
	assert_int_equal(usdt_args_count(text), 3);
	assert_string_equal(usdt_arg_text(a, text, 1), "8@[sp, 16]");
	assert_string_equal(usdt_arg_text(a, text, 2), "4@(%rax, %rbx)");
	assert_null(usdt_arg_text(a, text, 3));
	assert_false(usdt_arg_parse(a, USDT_X86_64, text, 3, &arg, &why));
	assert_string_equal(why, "there is none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(notes_are_read),       cmocka_unit_test(damaged_notes_are_refused),
	    cmocka_unit_test(x86_operands),         cmocka_unit_test(arm64_operands),
	    cmocka_unit_test(operands_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
