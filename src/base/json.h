/* JSON writer: objects, arrays and scalars onto a string buffer. */
#ifndef SKEP_BASE_JSON_H
#define SKEP_BASE_JSON_H

#include <stddef.h>

#include "base/strbuf.h"

/* Add `s` as a quoted JSON string. Escapes \" \\ \n \r \t, other controls \u00xx; bytes from 0x80
 * on are left alone (spec 9.8). */
void json_add_string(struct strbuf *sb, const char *s, size_t len_b);

/* The same of text that may be anything: what is not UTF-8 becomes U+FFFD, a byte each, so that
 * every reader of JSON takes it. */
void json_add_text(struct strbuf *sb, const char *s, size_t len_b);

#endif
