/* What a fuzzer is: a file tests/fuzz/fuzz_NAME.c that defines fuzz_one() and says in a comment
 * which files of tests/fuzz/corpus it begins with:
 *
 *   corpus: *.bt
 *   also below: tests/host/cases    (scripts from there, too)
 *   mutate: in place                (a binary format: see driver.c)
 *
 * driver.c has the rest. tests/fuzz/run finds, builds and runs every such file. */
#ifndef SKEP_FUZZ_H
#define SKEP_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Try one input. What is wrong with it must not matter; a crash, a hang, a leak or a failed
 * FUZZ_CHECK() is a finding. `data` is followed by no NUL and is gone after the call. */
void fuzz_one(const char *data, size_t len_b);

#define FUZZ_CHECK(claim)                                                                          \
	do {                                                                                       \
		if (!(claim)) {                                                                    \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #claim);      \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
