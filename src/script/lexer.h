/* Script text to tokens, one at a time and on demand: attach points are no tokens, the parser
 * reads them as raw text between two tokens. */
#ifndef SKEP_SCRIPT_LEXER_H
#define SKEP_SCRIPT_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/diag.h"

struct arena;

enum token_kind {
	TOK_EOF,
	TOK_IDENT,
	TOK_VAR,         /* $x */
	TOK_MAP,         /* @x, @ */
	TOK_PARAM,       /* $1: number; UINT64_MAX if it does not fit */
	TOK_PARAM_COUNT, /* $# */
	TOK_INT,         /* number, is_unsigned; a duration in ns */
	TOK_FLOAT,       /* 1.5: its digits are the token's text */
	TOK_STRING,      /* string, without quotes and escapes */
#define KEYWORD(id, text) TOK_##id,
#define PUNCT(id, text) TOK_##id,
#include "script/tokens.def"
#undef KEYWORD
#undef PUNCT
	TOK_N
};

struct token {
	enum token_kind kind;
	uint32_t begin, end; /* bytes of the text */
	uint64_t number;
	bool is_unsigned;   /* INT with a u suffix */
	const char *string; /* in the arena, NUL-terminated behind string_len_b bytes */
	uint32_t string_len_b;
};

struct lexer {
	struct arena *a;
	struct diag *diag;
	uint32_t source; /* number of the text in diag */
	const char *text;
	uint32_t len_b;
	uint32_t pos;         /* next byte to read; set it to go back or to skip raw text */
	size_t errors_before; /* errors in diag when this text was begun */
	bool is_lost;         /* too many mistakes: only TOK_EOF from here on */
};

/* Mistakes reported per text before giving up on it. */
#define LEXER_ERRORS_MAX 20

/* Begin at the text's first byte. Borrows everything. */
void lexer_init(struct lexer *lx, struct arena *a, struct diag *d, uint32_t source,
                const char *text, uint32_t len_b);
/* Report a mistake at text[begin, end); one too many and the lexer is lost. False if it was
 * already, and nothing was reported (a hint would then go to another report). */
bool lexer_error(struct lexer *lx, enum diag_code code, uint32_t begin, uint32_t end,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The next token, behind white space and comments; TOK_EOF again and again at the end. Malformed
 * literals and stray characters are reported to diag; the former still give a token of their
 * kind (number 0), the latter are skipped. Reading the same place twice reports it twice (the
 * diagnostics sink drops repetitions). */
void lexer_next(struct lexer *lx, struct token *ret);
/* Move pos over white space and comments. */
void lexer_skip_space(struct lexer *lx);

bool token_is_word(enum token_kind kind); /* identifier or keyword */
/* How messages name it: '{', 'while', "identifier". Static text. */
const char *token_text(enum token_kind kind);

bool lexer_is_ident_start(char c);
bool lexer_is_ident(char c);

/* An integer literal in its whole: digits with `_` between, 0x, leading 0, d e d, a suffix or a
 * duration unit. `is_param`: as on the command line, where 0b is known and scientific and
 * duration forms are not. Outputs are written only on success.
 * Returns NULL, or the reason (in the arena) why it is none. */
const char *lexer_parse_int(struct arena *a, const char *text, size_t len_b, bool is_param,
                            uint64_t *ret_number, bool *ret_is_unsigned);

#endif
