/* Sixteen candidates at a time: a place is one only if both the needle's rarest-looking byte and
 * its first one match there, so that memcmp is seldom called. libc's memmem walks byte by byte for
 * needles of this length. */
#include "base/memfind.h"

#include <stdint.h>
#include <string.h>

typedef uint8_t v16 __attribute__((vector_size(16)));

static v16 load(const uint8_t *p)
{
	v16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* In names, underscores and vowels are everywhere; take a letter that is not. */
static size_t rare_byte(const uint8_t *needle, size_t n)
{
	size_t best = n - 1;

	for (size_t i = 1; i < n; i++)
		if (needle[i] && !strchr("_aeiorstnlcdp", needle[i]))
			best = i;
	return best;
}

const void *memfind(const void *text, size_t text_b, const void *needle, size_t needle_b)
{
	const uint8_t *t = text, *n = needle;
	size_t rare, at = 0, last;
	v16 first, second;

	if (needle_b > text_b)
		return NULL;
	last = text_b - needle_b; /* the last place it can begin */
	rare = rare_byte(n, needle_b);
	memset(&first, n[0], sizeof(first));
	memset(&second, n[rare], sizeof(second));
	for (; at + 15 <= last; at += 16) {
		v16 hit = (v16)(load(t + at) == first) & (v16)(load(t + at + rare) == second);
		uint64_t half[2];

		memcpy(half, &hit, sizeof(half));
		if (!(half[0] | half[1]))
			continue;
		for (size_t i = at; i < at + 16; i++)
			if (t[i] == n[0] && !memcmp(t + i, n, needle_b))
				return t + i;
	}
	for (; at <= last; at++)
		if (t[at] == n[0] && !memcmp(t + at, n, needle_b))
			return t + at;
	return NULL;
}
