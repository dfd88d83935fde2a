/* Programs and the maps they share, made to run together: an object's, or one text's. Maps are made
 * first, code is made of programs as they are wanted, and then maps get their members. */
#ifndef SKEP_VM_BUNDLE_H
#define SKEP_VM_BUNDLE_H

#include "vm/code.h"
#include "vm/verifier/verifier.h"

struct arena;
struct strbuf;

struct vm_bundle {
	struct arena *a;                   /* verdicts live here */
	const struct vm_program *programs; /* all with the same table of maps */
	uint32_t n_programs;
	struct vm_map **maps;
	uint32_t n_maps;
	struct vm_code **codes; /* by number of the program; NULL: not made */
};

/* Each returns 0, or -errno with the reason in `why`: -EACCES where the verifier refuses. */
int vm_bundle_make(struct vm_bundle *b, struct arena *a, const struct vm_program *programs,
                   uint32_t n_programs, uint32_t n_cpus, struct strbuf *why);
/* Verifies the program and makes its code, and that of the programs it may tail-call; does nothing
 * where there is some already. */
int vm_bundle_add(struct vm_bundle *b, uint32_t program, const struct vm_code_options *opts,
                  struct strbuf *why);
void vm_bundle_destroy(struct vm_bundle *b);

#endif
