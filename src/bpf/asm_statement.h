/* The assembler's state and its statements; asm.c goes over the lines. */
#ifndef SKEP_BPF_ASM_STATEMENT_H
#define SKEP_BPF_ASM_STATEMENT_H

#include "base/strmap.h"
#include "bpf/asm_lexer.h"
#include "bpf/insn.h"

/* A slot that needs to know where a name is. */
struct asm_fixup {
	uint32_t slot;
	const char *name;
	bool is_call; /* of a function here, else of a helper */
	struct span at;
};

struct assembler {
	struct arena *a;
	struct diag *d;
	uint32_t source;
	vec(struct bpf_insn) insns;
	vec(uint32_t) lines; /* one per insn */
	vec(const char *) maps;
	vec(struct asm_fixup) fixups;
	struct strmap map_numbers; /* name to 1 + index */

	/* The line being read. */
	uint32_t line;
	struct asm_tokens tokens;
	uint32_t at;     /* the next token */
	int listed_code; /* what a listing says its opcode is, or -1 */
};

/* Reads the statement from s->at to the end of the line and adds its instruction. What is wrong is
 * reported, and nothing added. */
bool asm_statement(struct assembler *s);

static inline const struct asm_token *asm_next(const struct assembler *s)
{
	return &s->tokens.list.items[s->at];
}

/* Is this word a register of any name ("r3", "w12")? Its number, or -1. */
int asm_register_number(const char *word);

#endif
