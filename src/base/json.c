/* JSON strings, as the output of the tracing language spells them. */
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

static inline bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != 0x7f && c != '"' && c != '\\';
}

void json_add_string(struct strbuf *sb, const char *s, size_t len_b)
{
	sb_addc(sb, '"');
	for (size_t i = 0; i < len_b; i++) {
		unsigned char c;
		size_t run = i;

		while (run < len_b && is_plain((unsigned char)s[run]))
			run++;
		sb_add(sb, s + i, run - i);
		i = run;
		if (i == len_b)
			break;
		c = (unsigned char)s[i];
		switch (c) {
		case '"':
			sb_adds(sb, "\\\"");
			break;
		case '\\':
			sb_adds(sb, "\\\\");
			break;
		case '\n':
			sb_adds(sb, "\\n");
			break;
		case '\r':
			sb_adds(sb, "\\r");
			break;
		case '\t':
			sb_adds(sb, "\\t");
			break;
		default:
			sb_addf(sb, "\\u%04x", c);
		}
	}
	sb_addc(sb, '"');
}

/* Bytes of the code point that `s` begins with, 0 if it begins with none (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *s, size_t len_b)
{
	static const struct {
		unsigned char mask, head;
		uint32_t least;
	} forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	for (size_t n = 1; n <= 4 && n <= len_b; n++) {
		uint32_t c = s[0] & (unsigned char)~forms[n - 1].mask;

		if ((s[0] & forms[n - 1].mask) != forms[n - 1].head)
			continue;
		for (size_t i = 1; i < n; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (s[i] & 0x3f);
		}
		return c < forms[n - 1].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0
		                                                                              : n;
	}
	return 0;
}

void json_add_text(struct strbuf *sb, const char *s, size_t len_b)
{
	own_strbuf struct strbuf text = {0};
	size_t i = 0;

	while (i < len_b && (unsigned char)s[i] < 0x80)
		i++;
	if (i == len_b) {
		json_add_string(sb, s, len_b);
		return;
	}
	sb_add(&text, s, i);
	while (i < len_b) {
		size_t n = utf8_length((const unsigned char *)s + i, len_b - i);

		if (n)
			sb_add(&text, s + i, n);
		else
			sb_adds(&text, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
	json_add_string(sb, sb_str(&text), text.n);
}
