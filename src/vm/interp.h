/* Threaded code: what the interpreter decodes a program into.
 *
 * One op per slot, so that jumps keep their distances: an op that does the work of several slots
 * (a superinstruction, lddw) stands at the first, reads the others' fields too and steps over
 * them; the others stay, for jumps that lead to them. */
#ifndef SKEP_VM_INTERP_H
#define SKEP_VM_INTERP_H

#include <stdint.h>

struct vm_code;

enum vm_opcode {
#define OP(name) OP_##name,
#include "vm/interp_ops.def"
#undef OP
	OP_N
};

struct vm_op {
	const void *go; /* where the interpreter does it */
	uint8_t dst, src;
	int16_t off;
	int32_t imm;
};

struct vm_interp {
	uint32_t n;
	struct vm_op ops[];
};

/* Room for a function's frame, as calls take it. */
static inline uint32_t vm_frame_b(uint32_t stack_b)
{
	return (stack_b + 15) & ~15u;
}

/* Fills c->interp's ops; `labels` tells where each opcode is done. */
void vm_interp_decode(struct vm_code *c, const void *const labels[OP_N]);

#endif
