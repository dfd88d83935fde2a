/* The ground floor: vectors, string maps, buffers, wildcards, diagnostics. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/json.h"
#include "base/memfind.h"
#include "base/strmap.h"
#include "base/vec.h"
#include "base/wildcard.h"

static void arena_gives_zeroed_aligned_memory(void **state)
{
	struct arena *a = arena_create();

	(void)state;
	for (size_t size = 1; size < 200000; size = size * 3 + 1) {
		unsigned char *p = arena_alloc(a, size);

		assert_int_equal((uintptr_t)p % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
	}
	arena_reset(a);
	assert_int_equal(*(char *)arena_alloc(a, 64), 0);
	arena_destroy(a);
}

static void strmap_keeps_order_and_replaces(void **state)
{
	struct strmap m = {0};
	char keys[1000][8];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		sprintf(keys[i], "k%d", i);
		assert_null(strmap_put(&m, keys[i], keys[i]));
	}
	for (int i = 0; i < 1000; i++) {
		assert_ptr_equal(strmap_get(&m, keys[i]), keys[i]);
		assert_ptr_equal(m.items[i].key, keys[i]);
	}
	assert_null(strmap_get(&m, "k1000"));
	assert_ptr_equal(strmap_put(&m, "k7", keys[8]), keys[7]);
	assert_ptr_equal(strmap_get(&m, "k7"), keys[8]);
	strmap_free(&m);
}

static void wildcards_match_runs(void **state)
{
	(void)state;
	assert_true(wildcard_match("*", ""));
	assert_true(wildcard_match("vfs_*", "vfs_read"));
	assert_true(wildcard_match("*_enter_*at", "sys_enter_openat"));
	assert_false(wildcard_match("*_enter_*at", "sys_enter_openat2"));
	assert_true(wildcard_match("a*b*c", "abbbcabc"));
	assert_false(wildcard_match("vfs", "vfs_read"));
	assert_false(wildcard_match("v?s", "vfs")); /* only `*` is special */
	assert_true(wildcard_match("~vfs_(read|write)", "vfs_read"));
	assert_true(wildcard_match("~(vfs|vfs_read)", "vfs_read")); /* the longest, not the first */
	assert_false(wildcard_match("~vfs", "vfs_read"));           /* all of it */
	assert_false(wildcard_match("~read", "vfs_read"));
	assert_false(wildcard_match("~(", "(")); /* none */
	assert_true(wildcard_has("~x") && wildcard_has("x*") && !wildcard_has("x"));
	assert_int_equal(wildcard_plain_b("vfs_*"), 4);
	assert_int_equal(wildcard_plain_b("~vfs"), 0);
}

static void diagnostics_render_like_bpftrace(void **state)
{
	struct arena *a = arena_create();
	struct diag *d = diag_create(a);
	const char *text = "begin { print(@x); }\n\tsecond";
	uint32_t src = diag_add_source(d, "stdin", text, strlen(text));
	struct strbuf out = {0};

	(void)state;
	diag_warn(d, E_SUSPICIOUS, (struct span){src, 22, 28}, "odd");
	diag_error(d, E_UNKNOWN_NAME, (struct span){src, 14, 16}, "Undefined map: @%s", "x");
	diag_hint(d, "define it");
	diag_error(d, E_UNKNOWN_NAME, (struct span){src, 14, 16}, "Undefined map: @%s", "x");
	diag_hint(d, "dropped with its report");
	diag_error(d, E_SYNTAX, NO_SPAN, "no place");
	diag_render(d, &(struct diag_style){0}, &out);
	assert_string_equal(sb_str(&out), "stdin:1:15-17: ERROR: Undefined map: @x\n"
	                                  "begin { print(@x); }\n"
	                                  "              ~~\n"
	                                  "HINT: define it\n"
	                                  "ERROR: no place\n"
	                                  "stdin:2:2-8: WARNING: odd\n"
	                                  "    second\n"
	                                  "    ~~~~~~\n");
	assert_int_equal(diag_errors(d), 2);
	assert_int_equal(diag_first_error(d), E_UNKNOWN_NAME);
	sb_free(&out);
	arena_destroy(a);
}

static void long_lines_are_cut_around_the_mark(void **state)
{
	struct arena *a = arena_create();
	struct diag *d = diag_create(a);
	char text[1001], expected[700];
	uint32_t src;
	struct strbuf out = {0};

	(void)state;
	memset(text, 'x', 1000);
	text[1000] = '\0';
	memcpy(text + 500, "here", 4);
	src = diag_add_source(d, "stdin", text, strlen(text));
	diag_error(d, E_SUSPICIOUS, (struct span){src, 500, 504}, "odd");
	diag_error(d, E_SUSPICIOUS, (struct span){src, 0, 1000}, "long");
	diag_render(d, &(struct diag_style){0}, &out);
	snprintf(expected, sizeof(expected),
	         "stdin:1:501-505: ERROR: odd\n"
	         "...%.80shere%.116s...\n"
	         "%83s~~~~\n"
	         "stdin:1:1-1001: ERROR: long\n"
	         "%.200s...\n",
	         text, text, "", text);
	assert_memory_equal(sb_str(&out), expected, strlen(expected));
	assert_int_equal(out.n, strlen(expected) + 200 + 1); /* and the underline */
	sb_free(&out);
	arena_destroy(a);
}

static void guesses_are_near(void **state)
{
	struct diag_guess g = {.word = "retvl"};

	(void)state;
	diag_nearest(&g, "rand");
	diag_nearest(&g, "retval");
	diag_nearest(&g, "nsecs");
	assert_string_equal(g.best, "retval");
	g = (struct diag_guess){.word = "xyzzy"};
	diag_nearest(&g, "retval");
	assert_null(g.best);
}

static void memfind_agrees_with_memmem(void **state)
{
	char text[400];
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t n = (seed = seed * 1103515245 + 12345) >> 8 & 255;
		size_t k = 1 + ((seed = seed * 1103515245 + 12345) >> 8 & 7);
		char needle[8];

		for (size_t i = 0; i < n; i++)
			text[i] = "ab_\0z"[((seed = seed * 1103515245 + 12345) >> 16) % 5];
		for (size_t i = 0; i < k; i++)
			needle[i] = "ab_\0z"[((seed = seed * 1103515245 + 12345) >> 16) % 5];
		assert_ptr_equal(memfind(text, n, needle, k), memmem(text, n, needle, k));
	}
}

static void json_escapes(void **state)
{
	struct strbuf out = {0};

	(void)state;
	json_add_string(&out, "a\"\\\n\001\xc3\xa4", 7);
	assert_string_equal(sb_str(&out), "\"a\\\"\\\\\\n\\u0001\xc3\xa4\"");
	sb_reset(&out);
	/* A whole code point; half of one, an overlong one, a surrogate: a mark for each byte. */
	json_add_text(&out, "\xc3\xa4\"\xe2\x82 \xc0\xaf\xed\xa0\x80\xf0\x9f\x90\x9d", 15);
#define MARK "\xef\xbf\xbd"
	assert_string_equal(sb_str(&out), "\"\xc3\xa4\\\"" MARK MARK " " MARK MARK MARK MARK MARK
	                                  "\xf0\x9f\x90\x9d\"");
#undef MARK
	sb_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(arena_gives_zeroed_aligned_memory),
	    cmocka_unit_test(strmap_keeps_order_and_replaces),
	    cmocka_unit_test(wildcards_match_runs),
	    cmocka_unit_test(diagnostics_render_like_bpftrace),
	    cmocka_unit_test(long_lines_are_cut_around_the_mark),
	    cmocka_unit_test(guesses_are_near),
	    cmocka_unit_test(memfind_agrees_with_memmem),
	    cmocka_unit_test(json_escapes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
