/* Inside of the types room: C text to tokens, preprocessed. */
#ifndef SKEP_TYPES_CPP_H
#define SKEP_TYPES_CPP_H

#include "types/types_priv.h"

enum c_kind { C_END, C_NAME, C_NUMBER, C_CHAR, C_STRING, C_PUNCT };

struct c_token {
	enum c_kind kind;
	const char *s; /* not NUL-terminated */
	uint32_t n;
	/* Where to point in the script: the token itself, or the line that brought it in. */
	struct span at;
	bool is_system; /* from a header that isn't the user's: mistakes there are passed over */
};
typedef vec(struct c_token) c_tokens;

/* Preprocess a region of a registered source. Defines go to ts->defines; tokens end with C_END.
 * Everything lives in the context's arena. */
void cpp_run(struct types *ts, struct diag *d, uint32_t source, size_t begin_b, size_t end_b,
             const struct c_options *opts, c_tokens *out);

/* constants.c: what a header of this name would say, where there is no such file. Kernel headers'
 * types are in BTF, and so are most of libc's. */
bool cpp_is_kernel_header(const char *name);
bool cpp_is_libc_header(const char *name);
void cpp_each_constant(void (*fn)(void *arg, const char *name, unsigned long long value),
                       void *arg);

static inline bool c_is(const struct c_token *t, const char *text)
{
	return (t->kind == C_NAME || t->kind == C_PUNCT) && t->n == __builtin_strlen(text) &&
	       !__builtin_memcmp(t->s, text, t->n);
}

/* cexpr.c: a constant expression at toks[*pos]; macros are expanded already. Leaves *pos behind it.
 * `names` (may be NULL) answers names and sizeof(type). False: not constant, or malformed. */
struct c_names {
	bool (*value)(void *arg, const struct c_token *name, int64_t *ret);
	/* At the token behind `sizeof`; moves *pos. */
	bool (*size_of)(void *arg, size_t *pos, int64_t *ret);
	void *arg;
};
bool c_const_expr(const c_tokens *toks, size_t *pos, const struct c_names *names, int64_t *ret);

#endif
