/* Text that others wrote may be no UTF-8. */
#ifndef SKEP_BASE_UTF8_H
#define SKEP_BASE_UTF8_H

#include <stddef.h>

/* Length of the character at s[0], of at most len_b bytes; 0: they are no UTF-8 (RFC 3629: neither
 * overlong ones, nor surrogates, nor what lies beyond U+10FFFF). */
size_t utf8_length(const char *s, size_t len_b);

#endif
