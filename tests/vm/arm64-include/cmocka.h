/* As much of cmocka as the machine's tests use, where there is no cmocka for the CPU. The last line
 * printed is `N passed, N failed`. */
#ifndef SKEP_TESTS_CMOCKA_H
#define SKEP_TESTS_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
	const char *name;
	void (*run)(void **state);
};
#define cmocka_unit_test(f)                                                                        \
	{                                                                                          \
#f, f                                                                              \
	}

enum { CM_OUTPUT_TAP };
#define cmocka_set_message_output(how) ((void)(how))

static jmp_buf cmocka_end;
static unsigned cmocka_passed, cmocka_failed;

__attribute__((format(printf, 3, 4), noreturn)) static inline void
cmocka_fail(const char *file, int line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	printf("%s:%d: ", file, line);
	vprintf(format, ap);
	printf("\n");
	va_end(ap);
	longjmp(cmocka_end, 1);
}
__attribute__((noreturn)) static inline void cmocka_skip(void)
{
	longjmp(cmocka_end, 2);
}

#define fail_msg(...) cmocka_fail(__FILE__, __LINE__, __VA_ARGS__)
#define skip() cmocka_skip()
#define print_message(...) printf(__VA_ARGS__)
#define assert_true(e) ((e) ? (void)0 : fail_msg("%s", #e))
#define assert_false(e) assert_true(!(e))
#define assert_null(e) assert_true(!(e))
#define assert_non_null(e) assert_true(e)
#define assert_ptr_equal(a, b) assert_true((const void *)(a) == (const void *)(b))
#define assert_ptr_not_equal(a, b) assert_true((const void *)(a) != (const void *)(b))
#define assert_memory_equal(a, b, n) assert_true(!memcmp((a), (b), (n)))
#define assert_int_equal(a, b)                                                                     \
	do {                                                                                       \
		uint64_t cmocka_a = (uint64_t)(a), cmocka_b = (uint64_t)(b);                       \
		if (cmocka_a != cmocka_b)                                                          \
			fail_msg("%s is %#llx, not %#llx", #a, (unsigned long long)cmocka_a,       \
			         (unsigned long long)cmocka_b);                                    \
	} while (0)
#define assert_int_not_equal(a, b) assert_true((uint64_t)(a) != (uint64_t)(b))

/* What setjmp() gave: 0 passed, 1 failed, 2 skipped. Nothing is kept across the jump. */
static inline int cmocka_run_one(const struct CMUnitTest *test)
{
	void *state = NULL;
	int how = setjmp(cmocka_end);

	if (how == 0)
		test->run(&state);
	return how;
}

static inline int cmocka_run_all(const struct CMUnitTest *tests, size_t n)
{
	unsigned before = cmocka_failed;

	for (size_t k = 0; k < n; k++) {
		int how = cmocka_run_one(&tests[k]);

		printf("%s %s%s\n", how == 1 ? "not ok" : "ok", tests[k].name,
		       how == 2 ? " # SKIP" : "");
		cmocka_passed += how == 0;
		cmocka_failed += how == 1;
	}
	printf("%u passed, %u failed\n", cmocka_passed, cmocka_failed);
	return (int)(cmocka_failed - before);
}
#define cmocka_run_group_tests(tests, setup, teardown)                                             \
	cmocka_run_all(tests, sizeof(tests) / sizeof((tests)[0]))

#endif
