/* What others named and wrote, for a terminal. */
#include "base/strbuf.h"
#include "base/utf8.h"
#include "inspect/internal.h"

void put_text(const char *s, struct strbuf *out)
{
	for (size_t n; *s; s += n ? n : 1) {
		n = utf8_length(s, 4); /* a NUL ends it, too */
		if (!n || ((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
			sb_addf(out, "\\x%02x", (unsigned char)*s);
		else
			sb_add(out, s, n);
	}
}

const char *plain_text(struct inspect *x, const char *text)
{
	own_strbuf struct strbuf s = {0};

	put_text(text, &s);
	return arena_strdup(x->a, sb_str(&s));
}
