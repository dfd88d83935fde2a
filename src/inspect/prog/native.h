/* Machine code of this CPU as text, by the library capstone. */
#ifndef SKEP_INSPECT_PROG_NATIVE_H
#define SKEP_INSPECT_PROG_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct native_reader;

/* NULL: there is no such library here, or it does not know this CPU. */
struct native_reader *native_open(void);
void native_close(struct native_reader *r);

/* One instruction, in AT&T's syntax on x86. Operands are separated by ", ". */
struct native_insn {
	size_t size_b;
	const char *operation, *operands; /* until the next one is read */
};
/* The one at bytes[0], which lies at `address`. What is none is given as data, never as nothing.
 * size_b must not be 0. */
void native_read(struct native_reader *r, const uint8_t *bytes, size_t size_b, uint64_t address,
                 struct native_insn *ret);

#endif
