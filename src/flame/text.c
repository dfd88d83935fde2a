/* UTF-8 is decoded here rather than by the C library, whose answer depends on the locale. */
#include "flame/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { REPLACEMENT = 0xfffd, PICTURES = 0x2400, PICTURE_OF_DELETE = 0x2421 };

struct range {
	uint32_t first, last;
};

static bool is_in(const struct range *ranges, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}
#define IS_IN(ranges, c) is_in(ranges, sizeof(ranges) / sizeof(*(ranges)), c)

/* One character; *ret_used bytes of the n > 0 (RFC 3629, section 4). A byte that begins none is
 * REPLACEMENT. */
static uint32_t decode(const unsigned char *s, size_t n, size_t *ret_used)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len_b = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = len_b == 1 ? s[0] : s[0] & (0xffu >> (len_b + 1));

	*ret_used = 1;
	if (!len_b || len_b > n || s[0] > 0xf4)
		return REPLACEMENT;
	for (size_t i = 1; i < len_b; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return REPLACEMENT;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len_b] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return REPLACEMENT;
	*ret_used = len_b;
	return c;
}

/* What is shown for it. */
static uint32_t visible(uint32_t c)
{
	static const struct range no_text[] = {
	    {0x80, 0x9f}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}, {0xfffe, 0xffff}};

	if (c < 0x20)
		return PICTURES + c;
	if (c == 0x7f)
		return PICTURE_OF_DELETE;
	return c >= 0x80 && IS_IN(no_text, c) ? REPLACEMENT : c;
}

static size_t cells(uint32_t c)
{
	static const struct range wide[] = {
	    {0x1100, 0x115f},   {0x2e80, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
	    {0xfe30, 0xfe6f},   {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff},
	    {0x20000, 0x3fffd}, {0x2600, 0x27bf}};

	return c >= 0x1100 && IS_IN(wide, c) ? 2 : 1;
}

static void encode(struct strbuf *out, uint32_t c)
{
	switch (c) {
	case '&':
		sb_adds(out, "&amp;");
		return;
	case '<':
		sb_adds(out, "&lt;");
		return;
	case '>':
		sb_adds(out, "&gt;");
		return;
	case '"':
		sb_adds(out, "&quot;");
		return;
	default:
		sb_add_utf8(out, c);
	}
}

size_t flame_text_cells(const char *s, size_t len_b)
{
	size_t n = 0, used;

	for (; len_b; s += used, len_b -= used)
		n += cells(visible(decode((const unsigned char *)s, len_b, &used)));
	return n;
}

void flame_text_add(struct strbuf *out, const char *s, size_t len_b, size_t max_cells)
{
	bool is_cut = max_cells < len_b && flame_text_cells(s, len_b) > max_cells;
	size_t room = is_cut && max_cells ? max_cells - 1 : max_cells, used;

	for (; len_b; s += used, len_b -= used) {
		uint32_t c = visible(decode((const unsigned char *)s, len_b, &used));

		if (cells(c) > room)
			break;
		room -= cells(c);
		encode(out, c);
	}
	if (is_cut && max_cells)
		sb_adds(out, "…");
}
