/* JSON strings, as the output of the tracing language spells them. */
#include "base/json.h"

#include <stdbool.h>

#include "base/utf8.h"

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
		size_t n = utf8_length(s + i, len_b - i);

		if (n)
			sb_add(&text, s + i, n);
		else
			sb_add_utf8(&text, 0xfffd);
		i += n ? n : 1;
	}
	json_add_string(sb, sb_str(&text), text.n);
}
