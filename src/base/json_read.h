/* JSON reader (RFC 8259): a cursor over a text in memory. No tree is made; whoever reads knows
 * what comes, and skips the rest. */
#ifndef SKEP_BASE_JSON_READ_H
#define SKEP_BASE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

struct json_reader {
	const char *at, *end;
};

/* Each passes over blanks first. On false the text is no such thing, and the place undefined. */
bool json_read_mark(struct json_reader *r, char mark); /* one of { } [ ] : , */
/* As json_read_mark, but stays where it is when something else comes. */
bool json_read_optional(struct json_reader *r, char mark);
/* A string: its text as UTF-8, appended to `out` (NULL: passed over). Half of a surrogate pair
 * becomes U+FFFD. */
bool json_read_string(struct json_reader *r, struct strbuf *out);
/* A number, or one in a string, as numbers that doubles cannot hold are written (spec 9.8). */
bool json_read_number(struct json_reader *r, double *ret);
/* Any value; deep ones cost no stack. */
bool json_read_skip(struct json_reader *r);
/* Nothing more but blanks? */
bool json_read_end(struct json_reader *r);

#endif
