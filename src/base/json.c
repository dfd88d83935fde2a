/* JSON strings, as the output of the tracing language spells them. */
#include "base/json.h"

#include <stdbool.h>

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
