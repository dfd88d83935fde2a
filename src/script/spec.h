/* Specifications: probes that a person writes on the command line of a tool, in the small languages
 * of BCC's trace and argdist.
 *
 *   p:c:write(int fd, char *buf, size_t n) (fd == 2) "%d bytes", n
 *   r:c:read(int fd):int,u64:$entry(fd),$latency:$retval > 0#slow reads
 *
 * `specifications trace(opt.probes);` in a script says which options have some. Each becomes text
 * of the script language, which is parsed with the script and goes the ordinary way from there;
 * what is wrong with it is reported where it stands in the specification (diag_derive_source()).
 *
 * spec.c has the stage, spec_lexer.c the tokens, spec_point.c what stands in front (where to
 * probe), spec_expr.c the C expressions; spec_trace.c and spec_argdist.c the two languages. */
#ifndef SKEP_SCRIPT_SPEC_H
#define SKEP_SCRIPT_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/diag.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "script/ast.h"

enum spec_token_kind {
	SPEC_WORD,
	SPEC_NUMBER,
	SPEC_CHAR,    /* 'a' */
	SPEC_STRING,  /* "a", quotes and escapes and all */
	SPEC_SPECIAL, /* $pid */
	SPEC_MARK,    /* @user */
	SPEC_PUNCT,
};

struct spec_token {
	enum spec_token_kind kind;
	uint32_t begin, end; /* bytes of the specification */
	const char *text;    /* these, with a NUL behind */
	uint32_t partner;    /* of a bracket: the token that closes or opens it */
};

/* One parameter of the signature. */
struct spec_param {
	const char *name; /* NULL: it has none */
	const char *type; /* as the script language writes it */
	bool is_pointer, is_text, is_user, is_real;
	int32_t number; /* of the argument, from 0 on; -1: passed elsewhere */
};

enum spec_kind { SPEC_ENTRY, SPEC_RETURN, SPEC_TRACEPOINT, SPEC_USDT };

struct spec {
	struct unit *u;
	uint32_t source; /* in the unit's diag */
	const char *text;
	uint32_t len_b;
	uint32_t number; /* among all of the script, from 1 on */
	/* where to probe */
	enum spec_kind kind;
	const char *path;     /* of a program or library; NULL: the kernel */
	const char *provider; /* of a USDT probe, NULL: any; of a tracepoint: its category */
	const char *func;     /* function, event, probe */
	const char *offset;   /* +0x10; "" if none */
	struct span func_at, point_at;
	bool is_syscall; /* its arguments are in the registers that its first one points to */
	vec(struct spec_param) params;
	/* what follows: tokens from `next` on are yet to be read */
	vec(struct spec_token) tokens;
	uint32_t next;
	uint32_t label;    /* where #label begins; len_b: there is none */
	bool may_remember; /* argdist: $entry() and $latency */
	/* parameters that are remembered from the entry, by their place in params */
	vec(uint32_t) remembered;
	bool wants_entry; /* something is remembered, if only the time */
};

/* Script text while it is made. */
struct spec_text {
	struct arena *a;
	struct strbuf out;
	vec(struct diag_piece) pieces;
};

/* ---- spec.c ---- */

void spec_add(struct spec_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Text that stands for bytes [begin, end) of the specification. */
void spec_add_from(struct spec_text *t, const struct spec *s, uint32_t begin, uint32_t end,
                   const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* All of another text. */
void spec_add_text(struct spec_text *t, const struct spec_text *other);
/* As a string literal: n bytes of any text. */
void spec_add_literal(struct spec_text *t, const char *bytes, size_t n);
/* False, for callers to return. */
bool spec_error(const struct spec *s, uint32_t begin, uint32_t end, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- spec_lexer.c ---- */

/* All tokens from byte `begin` on, up to `end`. False: reported. */
bool spec_lex(struct spec *s, uint32_t begin, uint32_t end);
bool spec_is(const struct spec *s, uint32_t token, const char *text);
/* The first token [from, to) that is this one, outside of brackets; `to` if there is none. What
 * stands between ? and its : is not looked at. */
uint32_t spec_find(const struct spec *s, uint32_t from, uint32_t to, const char *text);
/* Where tokens [from, to) stand; if there are none, right before `to`. */
struct span spec_span(const struct spec *s, uint32_t from, uint32_t to);

/* ---- spec_point.c ---- */

/* Where to probe, up to the signature: reads the text from its begin on, and makes tokens of the
 * rest, which ends before the label. False: reported. */
bool spec_read_point(struct spec *s);
/* A type, tokens [from, to), as in a signature; a name behind it is one of a parameter. */
bool spec_read_type(struct spec *s, uint32_t from, uint32_t to, struct spec_param *ret);
/* As an attach point; of a function's return, its entry if wanted. */
void spec_add_point(struct spec_text *t, const struct spec *s, bool wants_entry);
/* `arg3`: how argument number 3, from 1 on, is read there. */
void spec_add_argument(struct spec_text *t, const struct spec *s, uint32_t number, uint32_t begin,
                       uint32_t end);

/* ---- spec_expr.c ---- */

/* A C expression, tokens [from, to): its value, as the address of text, or the text there. False:
 * reported. */
enum spec_want { SPEC_VALUE, SPEC_ADDRESS, SPEC_TEXT };
bool spec_add_expr(struct spec_text *t, struct spec *s, uint32_t from, uint32_t to,
                   enum spec_want want);
/* A parameter's value at the entry. */
void spec_add_param(struct spec_text *t, const struct spec *s, const struct spec_param *p,
                    uint32_t begin, uint32_t end);

/* ---- spec_trace.c, spec_argdist.c: from tokens to probes. False: reported ---- */

bool spec_trace(struct spec *s, struct spec_text *probes, bool *has_message);
/* Also what its report says, statements of a host block. */
bool spec_argdist(struct spec *s, bool is_hist, struct spec_text *probes, struct spec_text *report);

#endif
