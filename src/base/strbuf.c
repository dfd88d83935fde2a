/* String buffer: doubling storage, always NUL-terminated. */
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct strbuf *sb, size_t more_b)
{
	size_t need = sb->n + more_b + 1;

	if (need <= sb->cap)
		return;
	if (need < sb->cap * 2)
		need = sb->cap * 2;
	if (need < 64)
		need = 64;
	sb->s = realloc(sb->s, need);
	if (!sb->s) {
		fprintf(stderr, "skep: out of memory (%zu bytes)\n", need);
		exit(255);
	}
	sb->cap = need;
}

void sb_add(struct strbuf *sb, const void *bytes, size_t len_b)
{
	reserve(sb, len_b);
	if (len_b)
		memcpy(sb->s + sb->n, bytes, len_b);
	sb->n += len_b;
	sb->s[sb->n] = '\0';
}

void sb_adds(struct strbuf *sb, const char *s)
{
	sb_add(sb, s, strlen(s));
}

void sb_addc_slow(struct strbuf *sb, char c)
{
	sb_add(sb, &c, 1);
}

void sb_add_uint(struct strbuf *sb, uint64_t n)
{
	char text[24], *at = text + sizeof(text);

	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	sb_add(sb, at, (size_t)(text + sizeof(text) - at));
}

void sb_pad(struct strbuf *sb, char c, size_t times)
{
	reserve(sb, times);
	memset(sb->s + sb->n, c, times);
	sb->n += times;
	sb->s[sb->n] = '\0';
}

void sb_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	reserve(sb, 120);
	n = vsnprintf(sb->s + sb->n, sb->cap - sb->n, fmt, ap);
	if (n < 0)
		n = 0;
	if ((size_t)n >= sb->cap - sb->n) {
		reserve(sb, (size_t)n);
		vsnprintf(sb->s + sb->n, sb->cap - sb->n, fmt, again);
	}
	va_end(again);
	sb->n += (size_t)n;
	sb->s[sb->n] = '\0';
}

void sb_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sb_vaddf(sb, fmt, ap);
	va_end(ap);
}

void sb_add_utf8(struct strbuf *sb, uint32_t c)
{
	if (c < 0x80) {
		sb_addc(sb, (char)c);
		return;
	}
	if (c < 0x800) {
		sb_addc(sb, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			sb_addc(sb, (char)(0xe0 | c >> 12));
		} else {
			sb_addc(sb, (char)(0xf0 | c >> 18));
			sb_addc(sb, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		sb_addc(sb, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	sb_addc(sb, (char)(0x80 | (c & 0x3f)));
}

void sb_reset(struct strbuf *sb)
{
	sb->n = 0;
	if (sb->s)
		sb->s[0] = '\0';
}

void sb_free(struct strbuf *sb)
{
	free(sb->s);
	*sb = (struct strbuf){0};
}
