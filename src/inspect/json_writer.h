/* JSON as it is written, a piece at a time, in bpftool's two layouts: one line, or indented by
 * four.
 *
 * Indented, a key begins a line and so does the closing bracket of what is not empty; elements of
 * an array stand one behind the other. What is written goes to a file when there is enough of it,
 * so a map of a million entries needs no memory for its text. */
#ifndef SKEP_INSPECT_JSON_WRITER_H
#define SKEP_INSPECT_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/strbuf.h"

enum { JSON_DEPTH_MOST = 64 };

struct json_writer {
	FILE *to;
	struct strbuf text; /* not written yet */
	bool is_pretty, has_key, is_lines;
	unsigned depth;
	bool has_any[JSON_DEPTH_MOST + 1]; /* is there something in the container already? */
	bool is_object[JSON_DEPTH_MOST + 1];
};

void json_begin(struct json_writer *w, FILE *to, bool is_pretty);
/* The rest, and the line's end. Frees. */
void json_end(struct json_writer *w);
/* From here on there are many values: each ends its line and goes to the file at once. */
void json_lines(struct json_writer *w);
/* What is written so far goes to the file at once. */
void json_flush(struct json_writer *w);

void json_open(struct json_writer *w, char bracket); /* '{' or '[' */
void json_close(struct json_writer *w, char bracket);
void json_key(struct json_writer *w, const char *name);
/* A key that is written in the program, as it is and with its quotes: JSON_KEY("name"). */
void json_plain_key(struct json_writer *w, const char *quoted, size_t len_b);
#define JSON_KEY(name) "\"" name "\"", sizeof(name) + 1

void json_uint(struct json_writer *w, uint64_t n);
void json_int(struct json_writer *w, int64_t n);
/* A number with two digits behind its point; finite. */
void json_hundredths(struct json_writer *w, double n);
void json_bool(struct json_writer *w, bool is);
void json_null(struct json_writer *w);
void json_string(struct json_writer *w, const char *s);
void json_string_n(struct json_writer *w, const char *s, size_t len_b);
/* As a string. */
void json_format(struct json_writer *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* An array of strings as maps' bytes are written: ["0x0a","0x0b"]. */
void json_bytes(struct json_writer *w, const void *bytes, size_t n_b);
/* A key with its value. */
void json_member_uint(struct json_writer *w, const char *name, uint64_t n);
void json_member_bool(struct json_writer *w, const char *name, bool is);
void json_member_string(struct json_writer *w, const char *name, const char *s);
/* Is a member's key what comes next? */
bool json_wants_key(const struct json_writer *w);
/* Is a key without its value what was written last? */
bool json_wants_value(const struct json_writer *w);

#endif
