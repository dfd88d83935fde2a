/* Finding bytes in megabytes of them. */
#ifndef SKEP_BASE_MEMFIND_H
#define SKEP_BASE_MEMFIND_H

#include <stddef.h>

/* The first occurrence of needle[0..needle_b) in text[0..text_b), or NULL; needle_b > 0. As memmem,
 * at several times its speed on long texts. */
const void *memfind(const void *text, size_t text_b, const void *needle, size_t needle_b);

#endif
