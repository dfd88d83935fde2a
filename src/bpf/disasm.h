/* Instructions as text, in the syntax of the kernel's listings. */
#ifndef SKEP_BPF_DISASM_H
#define SKEP_BPF_DISASM_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>

struct strbuf;

/* Adds the text of code[pc] to `out`: "r0 = 0", "if r1 > 0x5 goto pc+3", "call
 * bpf_map_lookup_elem#1". Returns slots used: 2 for lddw, else 1. Unknown opcodes become "BUG_xx".
 * Reads nothing beyond code[n - 1]. */
size_t bpf_disasm_insn(const struct bpf_insn *code, size_t n, size_t pc, struct strbuf *out);

/* Who names what the text of a loaded program's instruction stands for. Each adds its text to `out`
 * and returns true, or adds nothing and returns false: the text is then as above. */
struct bpf_disasm_names {
	void *arg;
	/* a call, whole: "call bpf_ktime_get_ns#5" */
	bool (*call)(void *arg, const struct bpf_insn *code, size_t pc, struct strbuf *out);
	/* what lddw loads: "map[id:5]" */
	bool (*wide)(void *arg, const struct bpf_insn *insn, struct strbuf *out);
};
size_t bpf_disasm_named(const struct bpf_insn *code, size_t n, size_t pc,
                        const struct bpf_disasm_names *names, struct strbuf *out);

/* The whole program, a line "   0: (b7) r0 = 0" each; the number is the slot. */
void bpf_disasm(const struct bpf_insn *code, size_t n, struct strbuf *out);

#endif
