/* The assembler: the text of the kernel's listings back to instructions. What bpf_disasm() writes,
 * it reads; labels, comments and names for helpers make it fit for people. */
#ifndef SKEP_BPF_ASM_H
#define SKEP_BPF_ASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>

struct arena;
struct diag;

struct bpf_asm {
	struct bpf_insn *insns;
	uint32_t n_insns;
	uint32_t *lines; /* 1-based line of the text, one per slot */
	const char *const
	    *map_names; /* `r1 = map[NAME] ll`: BPF_PSEUDO_MAP_IDX, imm = index here */
	uint32_t n_maps;
};

/* `source` is a number of `d`. Mistakes go to `d` with their spans (E_ASSEMBLY); several are
 * reported. The result lives in `a`. */
bool bpf_assemble(struct arena *a, struct diag *d, uint32_t source, struct bpf_asm *ret);

#endif
