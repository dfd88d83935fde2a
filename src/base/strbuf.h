/* String buffer: text that grows. Invariant: s[n] == '\0' whenever s is not NULL; s may be NULL
 * only while n is 0 (use sb_str). A zeroed struct is an empty buffer. */
#ifndef SKEP_BASE_STRBUF_H
#define SKEP_BASE_STRBUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf {
	char *s;
	size_t n, cap;
};

void sb_add(struct strbuf *sb, const void *bytes, size_t len_b);
void sb_adds(struct strbuf *sb, const char *s);
void sb_addc_slow(struct strbuf *sb, char c);
void sb_add_uint(struct strbuf *sb, uint64_t n); /* in decimal, faster than sb_addf() */
void sb_add_utf8(struct strbuf *sb, uint32_t c); /* a code point up to 0x10ffff */
void sb_pad(struct strbuf *sb, char c, size_t times);
void sb_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sb_vaddf(struct strbuf *sb, const char *fmt, va_list ap);
void sb_reset(struct strbuf *sb); /* empty it, keep the storage */
void sb_free(struct strbuf *sb);

static inline void sb_addc(struct strbuf *sb, char c)
{
	if (sb->n + 1 >= sb->cap) {
		sb_addc_slow(sb, c);
		return;
	}
	sb->s[sb->n++] = c;
	sb->s[sb->n] = '\0';
}

static inline const char *sb_str(const struct strbuf *sb)
{
	return sb->s ? sb->s : "";
}
#define own_strbuf __attribute__((cleanup(sb_free)))

#endif
