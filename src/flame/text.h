/* Names as text of a picture: well-formed XML whatever the bytes are, and no wider than there is
 * room. */
#ifndef SKEP_FLAME_TEXT_H
#define SKEP_FLAME_TEXT_H

#include <stddef.h>

#include "base/strbuf.h"

/* How many cells of a font of one width the text takes: two for CJK and the like, else one a
 * character. */
size_t flame_text_cells(const char *s, size_t len_b);
/* Append the text with XML's characters escaped. What is no UTF-8, what XML 1.0 has no place for
 * and what turns the direction of the text becomes U+FFFD; control characters become their
 * pictures. Text of more than max_cells is cut there and ends in an ellipsis. */
void flame_text_add(struct strbuf *out, const char *s, size_t len_b, size_t max_cells);

#endif
