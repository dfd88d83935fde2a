/* What a loaded program's numbers stand for: maps by their ids, functions by the kernel's symbols.
 */
#ifndef SKEP_INSPECT_PROG_NAMING_H
#define SKEP_INSPECT_PROG_NAMING_H

#include "bpf/disasm.h"
#include "inspect/prog/loaded.h"

struct btf_file;
struct symbols;

struct naming {
	const struct loaded *program; /* whose turn it is */
	struct symbols *symbols;
	uint64_t base;           /* what calls count from; 0: the kernel does not tell */
	struct btf_file *kernel; /* opened when first asked for; NULL: not yet, or there is none */
	bool knows_kernel;
	struct bpf_disasm_names names; /* for bpf_disasm_named(), once `program` is set */
};

void naming_begin(struct naming *n);
void naming_end(struct naming *n);

/* The kernel's types; NULL: there are none. */
struct btf_file *naming_kernel_types(struct naming *n);
/* What begins exactly at this address of the kernel; NULL: nothing, or that is not told. */
const char *naming_symbol(struct naming *n, uint64_t address);
/* The kernel function that a call at `i` leads to, by its address or, for kfuncs, its BTF id. */
const char *naming_callee(struct naming *n, const struct bpf_insn *i);

#endif
