/* Instructions as text, in the syntax of the kernel's listings. */
#ifndef SKEP_BPF_DISASM_H
#define SKEP_BPF_DISASM_H

#include <stddef.h>
#include <linux/bpf.h>

struct strbuf;

/* Adds the text of code[pc] to `out`: "r0 = 0", "if r1 > 0x5 goto pc+3", "call
 * bpf_map_lookup_elem#1". Returns slots used: 2 for lddw, else 1. Unknown opcodes become "BUG_xx".
 * Reads nothing beyond code[n - 1]. */
size_t bpf_disasm_insn(const struct bpf_insn *code, size_t n, size_t pc, struct strbuf *out);

/* The whole program, a line "   0: (b7) r0 = 0" each; the number is the slot. */
void bpf_disasm(const struct bpf_insn *code, size_t n, struct strbuf *out);

#endif
