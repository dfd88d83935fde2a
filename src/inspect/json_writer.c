/* See json_writer.h. */
#include "inspect/json_writer.h"

#include <stdarg.h>
#include <string.h>

#include "base/json.h"

enum { ENOUGH_B = 1 << 16, INDENT = 4 };

void json_begin(struct json_writer *w, FILE *to, bool is_pretty)
{
	*w = (struct json_writer){.to = to, .is_pretty = is_pretty};
}

/* A listing of all of the kernel's types is millions of small pieces. */
static inline void put(struct json_writer *w, const char *bytes, size_t len_b)
{
	struct strbuf *sb = &w->text;

	if (sb->n + len_b >= sb->cap) {
		sb_add(sb, bytes, len_b);
		return;
	}
	memcpy(sb->s + sb->n, bytes, len_b);
	sb->n += len_b;
	sb->s[sb->n] = '\0';
}

static void flush(struct json_writer *w)
{
	fwrite(sb_str(&w->text), 1, w->text.n, w->to);
	sb_reset(&w->text);
}

void json_flush(struct json_writer *w)
{
	flush(w);
	fflush(w->to);
}

void json_end(struct json_writer *w)
{
	if (!w->is_lines)
		sb_addc(&w->text, '\n');
	flush(w);
	fflush(w->to);
	sb_free(&w->text);
}

void json_lines(struct json_writer *w)
{
	w->is_lines = true;
}

static void new_line(struct json_writer *w)
{
	if (!w->is_pretty)
		return;
	sb_addc(&w->text, '\n');
	sb_pad(&w->text, ' ', (size_t)w->depth * INDENT);
}

/* In front of a value: a comma, unless a key or nothing stands there. */
static void separate(struct json_writer *w)
{
	if (!w->has_key && w->has_any[w->depth])
		sb_addc(&w->text, ',');
	w->has_any[w->depth] = true;
	w->has_key = false;
	if (w->text.n >= ENOUGH_B)
		flush(w);
}

void json_open(struct json_writer *w, char bracket)
{
	separate(w);
	sb_addc(&w->text, bracket);
	if (w->depth < JSON_DEPTH_MOST)
		w->depth++;
	w->has_any[w->depth] = false;
	w->is_object[w->depth] = bracket == '{';
}

void json_close(struct json_writer *w, char bracket)
{
	bool had_any = w->has_any[w->depth];

	if (w->depth)
		w->depth--;
	if (had_any)
		new_line(w);
	sb_addc(&w->text, bracket);
	w->has_key = false;
	if (w->is_lines && !w->depth) {
		sb_addc(&w->text, '\n');
		json_flush(w);
		w->has_any[0] = false;
	}
}

static void end_key(struct json_writer *w)
{
	put(w, ": ", w->is_pretty ? 2 : 1);
	w->has_key = true;
}

void json_key(struct json_writer *w, const char *name)
{
	separate(w);
	new_line(w);
	json_add_text(&w->text, name, strlen(name));
	end_key(w);
}

void json_plain_key(struct json_writer *w, const char *quoted, size_t len_b)
{
	separate(w);
	new_line(w);
	put(w, quoted, len_b);
	end_key(w);
}

/* As it is. */
static void json_bare(struct json_writer *w, const char *text)
{
	separate(w);
	sb_adds(&w->text, text);
}

void json_uint(struct json_writer *w, uint64_t n)
{
	separate(w);
	sb_add_uint(&w->text, n);
}

void json_hundredths(struct json_writer *w, double n)
{
	separate(w);
	sb_addf(&w->text, "%.2f", n);
}

void json_int(struct json_writer *w, int64_t n)
{
	separate(w);
	if (n < 0)
		sb_addc(&w->text, '-');
	sb_add_uint(&w->text, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

void json_bool(struct json_writer *w, bool is)
{
	json_bare(w, is ? "true" : "false");
}

void json_null(struct json_writer *w)
{
	json_bare(w, "null");
}

/* Most strings are: they are copied as they are. */
static inline bool is_plain(const char *s, size_t len_b)
{
	for (size_t i = 0; i < len_b; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == '"' || s[i] == '\\' ||
		    (unsigned char)s[i] >= 0x7f)
			return false;
	return true;
}

void json_string_n(struct json_writer *w, const char *s, size_t len_b)
{
	separate(w);
	if (is_plain(s, len_b)) {
		sb_addc(&w->text, '"');
		put(w, s, len_b);
		sb_addc(&w->text, '"');
	} else {
		json_add_text(&w->text, s, len_b);
	}
}

void json_string(struct json_writer *w, const char *s)
{
	json_string_n(w, s, strlen(s));
}

void json_format(struct json_writer *w, const char *fmt, ...)
{
	own_strbuf struct strbuf s = {0};
	va_list ap;

	va_start(ap, fmt);
	sb_vaddf(&s, fmt, ap);
	va_end(ap);
	json_string_n(w, sb_str(&s), s.n);
}

bool json_wants_key(const struct json_writer *w)
{
	return w->depth && w->is_object[w->depth] && !w->has_key;
}

bool json_wants_value(const struct json_writer *w)
{
	return w->has_key;
}

void json_member_uint(struct json_writer *w, const char *name, uint64_t n)
{
	json_key(w, name);
	json_uint(w, n);
}

void json_member_bool(struct json_writer *w, const char *name, bool is)
{
	json_key(w, name);
	json_bool(w, is);
}

void json_member_string(struct json_writer *w, const char *name, const char *s)
{
	json_key(w, name);
	json_string(w, s);
}

void json_bytes(struct json_writer *w, const void *bytes, size_t n_b)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;
	char text[7 * 64];

	json_open(w, '[');
	for (size_t i = 0; i < n_b;) {
		size_t n = 0;

		for (; i < n_b && n + 7 <= sizeof(text); i++) {
			if (i)
				text[n++] = ',';
			text[n++] = '"';
			text[n++] = '0';
			text[n++] = 'x';
			text[n++] = digits[at[i] >> 4];
			text[n++] = digits[at[i] & 15];
			text[n++] = '"';
		}
		sb_add(&w->text, text, n);
		if (w->text.n >= ENOUGH_B)
			flush(w);
	}
	w->has_any[w->depth] = n_b > 0;
	json_close(w, ']');
}
