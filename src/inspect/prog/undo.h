/* A loaded program as our verifier can walk it: the kernel's rewriting undone where its traces tell
 * what stood there, and where they don't, something harmless that leaves an unknown number behind.
 */
#ifndef SKEP_INSPECT_PROG_UNDO_H
#define SKEP_INSPECT_PROG_UNDO_H

#include "inspect/internal.h"
#include "inspect/prog/loaded.h"
#include "inspect/prog/naming.h"
#include "vm/program.h"

struct undone {
	struct vm_program program;
	struct bpf_insn *insns;
	const char **why; /* of each slot: what is not known of it any more, or what it was; NULL:
	                     as it is */
	bool *is_lost;    /* it is the harmless thing */
};

/* In x->a. */
void undo_rewriting(struct inspect *x, const struct loaded *l, struct naming *n,
                    struct undone *ret);
/* Give up what `pc` does, for this reason. False: it can't be given up, or was before. */
bool undo_give_up(struct undone *u, uint32_t pc, const char *why);
/* What the verifier refused as an access to the context, if it is known what it was before. */
bool undo_context(struct undone *u, uint32_t pc);
/* A loop that the verifier finds no end of: one round is walked. */
bool undo_loop(struct undone *u, uint32_t pc, const char *why);
/* Does the kernel rewrite what programs of this kind read from their context? */
bool undo_rewrites_context(uint32_t type);

#endif
