/* See out.h. */
#include "inspect/btf/out.h"

#include <stdbool.h>

void out_begin(struct out *o, FILE *to)
{
	o->to = to;
	o->n = 0;
	o->total_b = 0;
}

void out_flush(struct out *o)
{
	fwrite(o->bytes, 1, o->n, o->to);
	o->total_b += o->n;
	o->n = 0;
}

void out_long(struct out *o, const char *bytes, size_t len_b)
{
	out_flush(o);
	if (len_b > OUT_B) {
		fwrite(bytes, 1, len_b, o->to);
		o->total_b += len_b;
		return;
	}
	out_bytes(o, bytes, len_b);
}

void out_uint(struct out *o, uint64_t n)
{
	char text[OUT_NUMBER_B], *at = text + sizeof(text);

	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	out_bytes(o, at, (size_t)(text + sizeof(text) - at));
}

void out_int(struct out *o, int64_t n)
{
	if (n < 0)
		out_char(o, '-');
	out_uint(o, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

size_t shown_b(const unsigned char *s)
{
	uint32_t c;

	if (s[0] >= 0x20 && s[0] < 0x7f)
		return 1;
	if (s[0] >= 0xc2 && s[0] < 0xe0 && (s[1] & 0xc0) == 0x80)
		return s[0] == 0xc2 && s[1] < 0xa0 ? 0 : 2; /* U+0080 and on are controls */
	if (s[0] >= 0xe0 && s[0] < 0xf0 && (s[1] & 0xc0) == 0x80 && (s[2] & 0xc0) == 0x80) {
		c = (s[0] & 15u) << 12 | (s[1] & 63u) << 6 | (s[2] & 63u);
		/* Not longer than need be, no half of a pair, none that turns writing round. */
		return c < 0x800 || (c >= 0xd800 && c < 0xe000) || (c >= 0x200b && c < 0x2010) ||
		               (c >= 0x2028 && c < 0x2030) || (c >= 0x2066 && c < 0x2070)
		           ? 0
		           : 3;
	}
	return 0;
}

void out_name(struct out *o, const char *name)
{
	const unsigned char *s = (const unsigned char *)name;
	size_t n = 0, b;

	while (s[n] >= 0x20 && s[n] < 0x7f)
		n++;
	out_bytes(o, name, n);
	for (s += n; *s; s += b ? b : 1) {
		static const char digits[] = "0123456789abcdef";

		b = shown_b(s);
		if (b) {
			out_bytes(o, (const char *)s, b);
			continue;
		}
		out_text(o, "\\x");
		out_char(o, digits[*s >> 4]);
		out_char(o, digits[*s & 15]);
	}
}
