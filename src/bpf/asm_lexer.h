/* The assembler's tokens, a line at a time. */
#ifndef SKEP_BPF_ASM_LEXER_H
#define SKEP_BPF_ASM_LEXER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/vec.h"

struct arena;

enum asm_kind {
	ASM_END,    /* of the line; always there, as the last token */
	ASM_WORD,   /* letters, digits, '_', '.', '$' */
	ASM_NUMBER, /* without a sign */
	ASM_OP,
};

struct asm_token {
	enum asm_kind kind;
	const char *text; /* NUL-terminated; "" for ASM_END */
	uint64_t number;
	bool is_hex;
	struct span at;
};

struct asm_tokens {
	vec(struct asm_token) list;
};

/* What a line of a listing may have before its instruction: "  12: b7 00 .. (b7) ". */
struct asm_prefix {
	uint8_t bytes[16];
	uint32_t n_bytes; /* 0, 8 or 16 */
	int code;         /* of "(b7)", or -1 */
	struct span at;   /* of bytes and code */
};

/* Reads the prefix at text[begin]; returns where the line goes on. */
uint32_t asm_lex_prefix(uint32_t source, const char *text, uint32_t begin, uint32_t end,
                        struct asm_prefix *ret);
/* Replaces `t` by the tokens of text[begin..end), a line without its newline, up to a comment.
 * Reports what is no token and returns false. */
bool asm_lex_line(struct arena *a, struct diag *d, uint32_t source, uint32_t begin, uint32_t end,
                  struct asm_tokens *t);

#endif
