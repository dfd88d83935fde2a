/* The text of a function's type: `u32 (struct sock *, int)`. */
#ifndef SKEP_INSPECT_PROTOTYPE_H
#define SKEP_INSPECT_PROTOTYPE_H

#include <stdint.h>

struct btf;
struct btf_type;
struct strbuf;

void prototype_text(struct strbuf *ret, const struct btf *btf, const struct btf_type *proto);

#endif
