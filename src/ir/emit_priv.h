/* Emission, inside: shared by emit.c, which makes bodies of blocks, and place.c, which puts them
 * behind each other. */
#ifndef SKEP_IR_EMIT_PRIV_H
#define SKEP_IR_EMIT_PRIV_H

#include "bpf/insn.h"
#include "ir/mach.h"

enum {
	N_CELLS = BPF_STACK_B / 8 + 3, /* and the spare ones */
};

/* A place to put the distance to a function in, once all functions have been placed. */
struct patch {
	uint32_t insn;
	uint32_t func;
	uint32_t delta; /* slots into it */
};

struct unit_emitter {
	struct ir_unit *u;
	struct arena *scratch; /* what only emission needs */
	struct ir_code *code;
	vec(struct patch) patches;
	uint32_t *frame_b; /* of each function */
};

/* Something to do between two instructions: a spilled register's store, or a piece's move. */
struct between {
	uint32_t inst; /* before this one */
	uint32_t reg;
	int dst, src; /* as struct m_move */
	struct between *next;
};

struct body {
	uint32_t begin, end; /* in `insns`, without the terminator */
};

struct emitter {
	struct unit_emitter *unit;
	struct m_func *m;
	vec(struct bpf_insn) insns; /* bodies, in block order */
	vec(struct span) spans;
	vec(struct ir_reloc) relocs; /* insn counts in `insns` */
	vec(struct patch) patches;
	struct body *bodies;
	struct between **between; /* by instruction: what comes before it, in order */
	struct span at;
	bool used_spare;
	/* Equal numbers, equal contents, within the body at hand: a copy that is there is not
	 * made again. By register; by frame cell, for those that moves wrote. */
	uint32_t holds[M_N_REGS], cell_holds[N_CELLS];
	uint32_t n_contents;
};

/* The branch that `i`, the terminator or the SET at `at`, asks for, over `off` instructions. */
struct bpf_insn emit_jump_on(const struct emitter *e, const struct m_inst *i, enum ir_cond cond,
                             uint32_t at, int16_t off);
/* Bodies and what ends them into the code; false when a jump does not reach. */
bool emit_place_blocks(struct emitter *e);

#endif
