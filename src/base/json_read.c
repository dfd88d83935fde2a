/* Reading JSON. */
#include "base/json_read.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void blanks(struct json_reader *r)
{
	while (r->at < r->end && memchr(" \t\r\n", *r->at, 4))
		r->at++;
}

bool json_read_optional(struct json_reader *r, char mark)
{
	blanks(r);
	if (r->at == r->end || *r->at != mark)
		return false;
	r->at++;
	return true;
}

bool json_read_mark(struct json_reader *r, char mark)
{
	return json_read_optional(r, mark);
}

bool json_read_end(struct json_reader *r)
{
	blanks(r);
	return r->at == r->end;
}

/* The four digits behind \u. */
static bool hex4(struct json_reader *r, uint32_t *ret)
{
	uint32_t v = 0;

	if (r->end - r->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)*r->at++;

		if (!isxdigit(c))
			return false;
		v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	*ret = v;
	return true;
}

static bool escape(struct json_reader *r, struct strbuf *out)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *letter;
	uint32_t c, low;

	if (r->at == r->end)
		return false;
	if (*r->at != 'u') {
		letter = *r->at ? strchr(letters, *r->at) : NULL;
		r->at++;
		if (letter && out)
			sb_addc(out, meant[letter - letters]);
		return letter != NULL;
	}
	r->at++;
	if (!hex4(r, &c))
		return false;
	if (c >= 0xd800 && c < 0xe000) {
		struct json_reader next = *r;

		if (c < 0xdc00 && next.end - next.at >= 6 && next.at[0] == '\\' &&
		    next.at[1] == 'u' && (next.at += 2, hex4(&next, &low)) && low >= 0xdc00 &&
		    low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			*r = next;
		} else {
			c = 0xfffd;
		}
	}
	if (out)
		sb_add_utf8(out, c);
	return true;
}

bool json_read_string(struct json_reader *r, struct strbuf *out)
{
	if (!json_read_mark(r, '"'))
		return false;
	while (r->at < r->end) {
		const char *from = r->at;

		while (r->at < r->end && *r->at != '"' && *r->at != '\\')
			r->at++;
		if (out && r->at > from)
			sb_add(out, from, (size_t)(r->at - from));
		if (r->at == r->end)
			return false;
		if (*r->at++ == '"')
			return true;
		if (!escape(r, out))
			return false;
	}
	return false;
}

bool json_read_number(struct json_reader *r, double *ret)
{
	bool is_quoted = json_read_optional(r, '"');
	char digits[64], *end;
	size_t n = 0;

	blanks(r);
	while (r->at < r->end && n + 1 < sizeof(digits) && *r->at &&
	       strchr("+-.0123456789eE", *r->at))
		digits[n++] = *r->at++;
	digits[n] = '\0';
	/* strtod also knows what JSON does not: a sign in front, a dot at an end */
	if (!isdigit((unsigned char)digits[digits[0] == '-']))
		return false;
	*ret = strtod(digits, &end);
	return !*end && (!is_quoted || (r->at < r->end && *r->at++ == '"'));
}

bool json_read_skip(struct json_reader *r)
{
	size_t depth = 0;

	do {
		blanks(r);
		if (r->at == r->end)
			return false;
		switch (*r->at) {
		case '"':
			if (!json_read_string(r, NULL))
				return false;
			break;
		case '{':
		case '[':
			depth++;
			r->at++;
			break;
		case '}':
		case ']':
			if (!depth--)
				return false;
			r->at++;
			break;
		case ',':
		case ':':
			if (!depth)
				return false;
			r->at++;
			break;
		default:
			if (!isalnum((unsigned char)*r->at) && *r->at != '-')
				return false;
			while (r->at < r->end && (isalnum((unsigned char)*r->at) ||
			                          (*r->at && strchr("+-.", *r->at))))
				r->at++;
		}
	} while (depth);
	return true;
}
