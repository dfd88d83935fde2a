/* Lines of folded stacks. Read in pieces: what is kept is one line, and the tree. */
#include "flame/read.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "flame/read_internal.h"

enum { PIECE_B = 1 << 18, LOOK_AT_B = 1 << 16, LINE_MAX_B = 1 << 30 };

void reader_ignore(struct flame_reader *r, uint64_t line)
{
	if (!r->counts.n_ignored++)
		r->counts.first_ignored = line;
}

void reader_add_stack(struct flame_reader *r, double before, double value)
{
	size_t n = r->frames.n;

	for (size_t i = 0; r->o->reverses && i < n / 2; i++) {
		struct flame_frame other = r->frames.items[i];

		r->frames.items[i] = r->frames.items[n - 1 - i];
		r->frames.items[n - 1 - i] = other;
	}
	flame_tree_add(r->tree, r->frames.items, n, before, value);
	r->counts.n_stacks++;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static size_t trim(const char *s, size_t len_b)
{
	while (len_b && is_blank(s[len_b - 1]))
		len_b--;
	return len_b;
}

/* Digits, a fraction, an exponent: what strtod takes and more (hex, names) is no count. */
static bool parse_count(const char *s, size_t len_b, double *ret)
{
	uint64_t whole = 0;
	char copy[64], *end;
	size_t i = 0;

	while (i < len_b && i < 18 && isdigit((unsigned char)s[i]))
		whole = whole * 10 + (uint64_t)(s[i++] - '0');
	if (i && i == len_b) {
		*ret = (double)whole;
		return true;
	}
	if (!i && !(len_b > 1 && s[0] == '.'))
		return false;
	for (size_t k = i; k < len_b; k++)
		if (!isdigit((unsigned char)s[k]) && !memchr(".eE+-", s[k], 5))
			return false;
	if (len_b >= sizeof(copy))
		return false;
	memcpy(copy, s, len_b);
	copy[len_b] = '\0';
	*ret = strtod(copy, &end);
	return !*end && *ret >= 0 && *ret <= 0x1p63;
}

bool reader_take_count(const char *s, size_t *len_b, double *ret)
{
	size_t end = trim(s, *len_b), from = end;

	while (from && !is_blank(s[from - 1]))
		from--;
	if (!from || !parse_count(s + from, end - from, ret))
		return false;
	*len_b = trim(s, from);
	return true;
}

/* The name of a stack before its counts: no blanks in front, and something at all. */
static bool split(struct flame_reader *r, const char *s, size_t len_b)
{
	const char *end = s + len_b;

	while (s < end && is_blank(*s))
		s++;
	r->frames.n = 0;
	while (s < end) {
		const char *semicolon = memchr(s, ';', (size_t)(end - s));
		const char *stop = semicolon ? semicolon : end;

		if (stop > s)
			vec_push(NULL, &r->frames, ((struct flame_frame){s, (size_t)(stop - s)}));
		s = stop + 1;
	}
	return r->frames.n > 0;
}

static bool folded_line(struct flame_reader *r, const char *s, size_t len_b)
{
	double before = 0, value;

	if (!reader_take_count(s, &len_b, &value) ||
	    (r->tree->is_differential && !reader_take_count(s, &len_b, &before)) ||
	    !split(r, s, len_b))
		return false;
	reader_add_stack(r, before, value);
	return true;
}

static void take_line(struct flame_reader *r, const char *s, size_t len_b)
{
	enum line_is what;

	r->line++;
	len_b = trim(s, len_b);
	what = map_line(r, s, len_b);
	if (what == LINE_OTHER && !len_b)
		return;
	if (what == LINE_BAD || (what == LINE_OTHER && !folded_line(r, s, len_b)))
		reader_ignore(r, r->line);
}

/* Do all stacks of the text's whole lines have two counts? */
static bool has_two_counts(const char *s, size_t len_b, bool is_all)
{
	const char *end = s + len_b;
	bool has_any = false;

	while (s < end) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((newline ? newline : end) - s);
		double count;

		if (!newline && !is_all)
			break;
		if (reader_take_count(s, &n, &count)) {
			if (!reader_take_count(s, &n, &count))
				return false;
			has_any = true;
		}
		if (!newline)
			break;
		s = newline + 1;
	}
	return has_any;
}

struct input {
	int fd;
	char *bytes;
	size_t n, cap;
	bool is_over;
};

/* More bytes behind those that are there. */
static int fill(struct input *in)
{
	ssize_t got;

	if (in->cap - in->n < PIECE_B)
		in->bytes = vec_grow(NULL, in->bytes, in->n, &in->cap, in->n + PIECE_B, 1);
	do
		got = read(in->fd, in->bytes + in->n, PIECE_B);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	in->n += (size_t)got;
	in->is_over = got == 0;
	return 0;
}

/* All lines, the last one also without a newline. */
static int take_lines(struct flame_reader *r, struct input *in)
{
	size_t scanned = 0;
	int err;

	for (;;) {
		char *at = in->bytes, *end = at + in->n, *newline;

		while ((newline = memchr(at + scanned, '\n', (size_t)(end - at) - scanned))) {
			take_line(r, at, (size_t)(newline - at));
			at = newline + 1;
			scanned = 0;
			if (r->has_failed)
				return -EINVAL;
		}
		scanned = in->n = (size_t)(end - at);
		if (at != in->bytes)
			memmove(in->bytes, at, in->n);
		if (in->is_over)
			break;
		if (in->n > LINE_MAX_B) {
			sb_addf(r->why, "line %llu has more than %d MB",
			        (unsigned long long)r->line + 1, LINE_MAX_B >> 20);
			return -EINVAL;
		}
		err = fill(in);
		if (err)
			return err;
	}
	if (in->n)
		take_line(r, in->bytes, in->n);
	map_end(r);
	return r->has_failed ? -EINVAL : 0;
}

int flame_read(int fd, const struct flame_read_options *o, struct arena *a, struct flame_tree *t,
               struct flame_read_counts *ret, struct strbuf *why)
{
	struct flame_reader r = {.o = o, .tree = t, .why = why, .scratch = arena_create()};
	struct input in = {.fd = fd};
	bool is_differential = o->counts == FLAME_COUNTS_TWO;
	int err = 0;

	while (!err && !in.is_over && in.n < LOOK_AT_B)
		err = fill(&in);
	if (!err && o->counts == FLAME_COUNTS_AUTO)
		is_differential = has_two_counts(in.bytes, in.n, in.is_over);
	flame_tree_init(t, a, is_differential, o->keeps_order);
	if (!err)
		err = take_lines(&r, &in);
	*ret = r.counts;
	arena_destroy(r.scratch);
	vec_free(&r.frames);
	sb_free(&r.key);
	sb_free(&r.text);
	free(r.map);
	free(in.bytes);
	return err;
}
