/* Text for a listing that is long: collected in one piece of memory, handed to stdio when that is
 * full. A dump of the kernel's types is millions of small pieces, for which printf() is too slow.
 */
#ifndef SKEP_INSPECT_BTF_OUT_H
#define SKEP_INSPECT_BTF_OUT_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { OUT_B = 1 << 16, OUT_NUMBER_B = 24 };

struct out {
	FILE *to;
	size_t n;
	uint64_t total_b; /* that went through */
	char bytes[OUT_B];
};

void out_begin(struct out *o, FILE *to);
void out_flush(struct out *o);
void out_long(struct out *o, const char *bytes, size_t len_b); /* what finds no room */
void out_uint(struct out *o, uint64_t n);
void out_int(struct out *o, int64_t n);
/* A name out of a file: bytes that would move a terminal's cursor, and what is not UTF-8, become
 * \xNN. */
void out_name(struct out *o, const char *name);
/* How many bytes of `s` are one character that may be shown; 0: none. */
size_t shown_b(const unsigned char *s);

static inline void out_bytes(struct out *o, const char *bytes, size_t len_b)
{
	if (len_b > OUT_B - o->n) {
		out_long(o, bytes, len_b);
		return;
	}
	memcpy(o->bytes + o->n, bytes, len_b);
	o->n += len_b;
}

static inline __attribute__((always_inline)) void out_text(struct out *o, const char *s)
{
	out_bytes(o, s, strlen(s));
}

static inline void out_char(struct out *o, char c)
{
	out_bytes(o, &c, 1);
}

#endif
