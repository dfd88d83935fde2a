/* Where control goes in a program: its functions, their blocks, and which follows which. */
#ifndef SKEP_INSPECT_PROG_FLOW_H
#define SKEP_INSPECT_PROG_FLOW_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct loaded;

/* Instructions that run one behind the other. Numbers of blocks are those in their function; -1:
 * none. */
struct block {
	uint32_t begin, end;  /* instructions [begin, end) */
	int32_t next, target; /* behind it, and where its jump leads; never both the same */
	bool is_exit;
	bool is_indirect; /* it jumps to an address in a register */
};

struct flow_function {
	uint32_t begin, end;
	struct block *blocks; /* by address */
	uint32_t n_blocks;
};

struct flow {
	struct flow_function *functions; /* by address */
	uint32_t n_functions;
};

/* In `a`. Jumps out of their function lead nowhere. */
void flow_of(struct arena *a, const struct loaded *l, struct flow *ret);

#endif
