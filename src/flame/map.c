/* Stacks from maps as skep prints them, `@[ustack, comm] = count()` and its like: in text
 *
 *     @[
 *         leaf+12
 *         main+34
 *     , comm]: 56
 *
 * and in JSON, where the same key is one string and a map is one line. A key's parts are stacks,
 * leaf first, each after an empty line, and single values, with commas between. A picture shows
 * them from the root on: single values in their order, then stacks from the last to the first,
 * those of the kernel on top. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json_read.h"
#include "flame/read_internal.h"

struct part {
	const char *s;
	size_t len_b;
	bool is_stack, is_kernel;
};

typedef vec(struct part) parts;

/* ---- frames ---------------------------------------------------------------------------------- */

static bool has_prefix(struct flame_frame f, const char *prefix)
{
	size_t len_b = strlen(prefix);

	return f.len_b >= len_b && !memcmp(f.name, prefix, len_b);
}

static bool drop_prefix(struct flame_frame *f, const char *prefix)
{
	size_t len_b = strlen(prefix);

	if (!has_prefix(*f, prefix))
		return false;
	f->name += len_b;
	f->len_b -= len_b;
	return true;
}

static bool drop_suffix(struct flame_frame *f, const char *suffix)
{
	size_t len_b = strlen(suffix);

	if (f->len_b <= len_b || memcmp(f->name + f->len_b - len_b, suffix, len_b))
		return false;
	f->len_b -= len_b;
	return true;
}

/* MARK and digits at the end; true if they were there. */
static bool drop_number(struct flame_frame *f, char mark)
{
	size_t n = f->len_b;

	while (n && isdigit((unsigned char)f->name[n - 1]))
		n--;
	if (n < 2 || n == f->len_b || f->name[n - 1] != mark)
		return false;
	f->len_b = n - 1;
	return true;
}

/* `@file:12` */
static void drop_source(struct flame_frame *f)
{
	struct flame_frame without = *f;
	const char *at;

	if (!drop_number(&without, ':'))
		return;
	at = memrchr(without.name, '@', without.len_b);
	if (at > without.name)
		f->len_b = (size_t)(at - f->name);
}

static void drop_blanks(struct flame_frame *f)
{
	while (drop_prefix(f, " ") || drop_prefix(f, "\t"))
		;
}

/* How many bytes of a line are its address. In JSON no blank ends it, and a name's first letters
 * may be digits as well. */
static size_t address_len(struct flame_frame f)
{
	size_t most = has_prefix(f, "ffff") ? 16 : 12, n = 0;

	while (n < f.len_b && isxdigit((unsigned char)f.name[n]))
		n++;
	return n > most && !memchr(f.name, ' ', f.len_b) ? most : n;
}

/* `\taddress name+12 (module)`, the layout of perf: what is left is name+12. */
static void drop_perf(struct flame_frame *f)
{
	const char *module;
	size_t skip_b;

	drop_blanks(f);
	skip_b = address_len(*f);
	f->name += skip_b;
	f->len_b -= skip_b;
	module = f->len_b && f->name[f->len_b - 1] == ')' ? memrchr(f->name, '(', f->len_b) : NULL;
	if (module && (module[1] == '/' || module[1] == '['))
		f->len_b = (size_t)(module - f->name);
	while (f->len_b && f->name[f->len_b - 1] == ' ')
		f->len_b--;
}

/* A line of a stack as a frame, functions without the place in them. */
static struct flame_frame frame_of_line(struct flame_reader *r, struct flame_frame f,
                                        bool is_kernel)
{
	bool is_inlined = drop_suffix(&f, "(inlined)");

	if (has_prefix(f, "\t"))
		drop_perf(&f);
	drop_blanks(&f);
	if (drop_prefix(&f, "[inlined]")) {
		drop_blanks(&f);
		is_inlined = true;
	}
	if (!r->o->keeps_offset) {
		drop_source(&f);
		(void)drop_number(&f, '+');
	}
	if (is_inlined || is_kernel) {
		f.name = arena_printf(r->scratch, "%.*s_[%c]", (int)f.len_b, f.name,
		                      is_inlined ? 'i' : 'k');
		f.len_b += 4;
	}
	return f;
}

/* Where a kernel's stacks begin: entries from user space, threads of its own, idling. */
static bool is_kernel_root(struct flame_frame f)
{
	static const char *const roots[] = {
	    "entry_",  "asm_",    "ret_from_", "do_syscall_", "x64_sys_call",    "secondary_",
	    "start_",  "x86_64_", "el0t_",     "el1h_",       "__primary_",      "__irq_",
	    "kthread", "0xffff",  "ffffffff",  "rest_init",   "common_startup_",
	};

	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++)
		if (has_prefix(f, roots[i]))
			return true;
	return false;
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* A stack's last line, which ends in a newline. */
static struct flame_frame last_line(const char *s, size_t len_b)
{
	const char *before;

	len_b--;
	before = memrchr(s, '\n', len_b);
	if (before) {
		len_b -= (size_t)(before + 1 - s);
		s = before + 1;
	}
	return (struct flame_frame){s, len_b};
}

/* The length of the stack at s, which ends with a newline before a comma or the end. */
static size_t stack_len(const char *s, const char *end)
{
	const char *at = s;

	while (at < end && *at != ',') {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline)
			break;
		at = newline + 1;
	}
	return (size_t)(at - s);
}

static void split_key(struct flame_reader *r, const char *s, size_t len_b, parts *ret)
{
	const char *end = s + len_b;

	while (s < end) {
		struct part p = {.s = s};
		const char *comma;

		if (*s == '\n') {
			p.s = s + 1;
			p.is_stack = true;
			p.len_b = stack_len(p.s, end);
			p.is_kernel =
			    p.len_b &&
			    is_kernel_root(frame_of_line(r, last_line(p.s, p.len_b), false));
		} else {
			comma = memchr(s, ',', (size_t)(end - s));
			p.len_b = (size_t)((comma ? comma : end) - s);
		}
		vec_push(r->scratch, ret, p);
		s = p.s + p.len_b;
		while (s < end && *s != '\n' && *s != ',') /* nothing, if it is what we print */
			s++;
		if (s < end && *s == ',')
			s++;
		while (s < end && *s == ' ')
			s++;
	}
}

/* Root first, as frames are: from the end. */
static void add_stack(struct flame_reader *r, const struct part *p)
{
	size_t len_b = p->len_b;

	while (len_b) {
		struct flame_frame line = last_line(p->s, len_b);

		len_b = (size_t)(line.name - p->s);
		if (line.len_b)
			vec_push(NULL, &r->frames, frame_of_line(r, line, p->is_kernel));
	}
}

/* The frames of a key. False if there is no stack in it. */
static bool frames_of_key(struct flame_reader *r, const char *s, size_t len_b)
{
	parts all = {0};
	bool has_stack = false;

	r->frames.n = 0;
	arena_reset(r->scratch);
	split_key(r, s, len_b, &all);
	for (size_t i = 0; i < all.n; i++) {
		has_stack |= all.items[i].is_stack;
		if (!all.items[i].is_stack && all.items[i].len_b)
			vec_push(NULL, &r->frames,
			         ((struct flame_frame){all.items[i].s, all.items[i].len_b}));
	}
	for (int is_kernel = 0; is_kernel < 2; is_kernel++)
		for (size_t i = all.n; i-- > 0;)
			if (all.items[i].is_stack && all.items[i].is_kernel == is_kernel)
				add_stack(r, &all.items[i]);
	if (!r->frames.n)
		vec_push(NULL, &r->frames, ((struct flame_frame){"[unknown]", 9}));
	return has_stack;
}

/* Is this the map to draw? `name` with its @. */
static bool is_wanted(struct flame_reader *r, const char *name, size_t len_b)
{
	const char *map = r->o->map;

	if (map) {
		size_t skip = *map != '@';

		return strlen(map) + skip == len_b && !memcmp(map, name + skip, len_b - skip);
	}
	if (!r->map)
		r->map = strndup(name, len_b);
	if (strlen(r->map) == len_b && !memcmp(r->map, name, len_b))
		return true;
	sb_addf(r->why, "stacks are in several maps, %s and %.*s\nHINT: choose one with --map",
	        r->map, (int)len_b, name);
	r->has_failed = true;
	return false;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* How long the name at s is, `@` and what comes then; 0 if there is none. */
static size_t name_len(const char *s, size_t len_b)
{
	size_t n = 1;

	if (!len_b || *s != '@')
		return 0;
	while (n < len_b && (isalnum((unsigned char)s[n]) || s[n] == '_'))
		n++;
	return n;
}

/* Inside of a key: frames are indented, but bare addresses are not; behind a stack goes on with a
 * comma or the bracket. */
static bool goes_on(const char *s, size_t len_b)
{
	if (!len_b || strchr(" \t,]", *s))
		return true;
	for (size_t i = 0; i < len_b; i++)
		if (!isxdigit((unsigned char)s[i]) && !strchr(" x", s[i]))
			return false;
	return true;
}

/* The key in r->key with its bracket, and a value. */
static enum line_is take_entry(struct flame_reader *r, bool has_value, double value)
{
	size_t name_b = name_len(sb_str(&r->key), r->key.n);
	const char *key = sb_str(&r->key) + name_b + 1;
	size_t key_b = r->key.n - name_b - 1 - strlen("]:");

	if (!frames_of_key(r, key, key_b) || !is_wanted(r, sb_str(&r->key), name_b))
		return LINE_USED;
	if (!has_value || r->tree->is_differential)
		return LINE_BAD;
	reader_add_stack(r, 0, value);
	return LINE_USED;
}

static enum line_is text_line(struct flame_reader *r, const char *s, size_t len_b)
{
	size_t name_b = name_len(s, len_b), whole_b = len_b;
	double value = 0;
	bool has_value;

	if (r->key_line && !goes_on(s, len_b))
		map_end(r);
	if (!r->key_line) {
		if (!name_b || name_b == len_b || (s[name_b] != '[' && s[name_b] != ':'))
			return LINE_OTHER;
		if (s[name_b] == ':')
			return LINE_USED; /* a scalar */
		r->key_line = r->line;
		sb_reset(&r->key);
	} else {
		sb_addc(&r->key, '\n');
	}
	has_value = reader_take_count(s, &len_b, &value);
	if (len_b < 2 || memcmp(s + len_b - 2, "]:", 2))
		len_b = whole_b; /* "f+1 2" is no end */
	sb_add(&r->key, s, len_b);
	if (len_b < 2 || memcmp(s + len_b - 2, "]:", 2))
		return LINE_USED;
	r->key_line = 0;
	return take_entry(r, has_value, value);
}

void map_end(struct flame_reader *r)
{
	if (r->key_line)
		reader_ignore(r, r->key_line);
	r->key_line = 0;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* The entries of one map; the cursor stands before its value. */
static bool json_map(struct flame_reader *r, struct json_reader *j, const char *name, size_t name_b,
                     bool *is_bad)
{
	if (!json_read_optional(j, '{'))
		return json_read_skip(j); /* a scalar */
	if (json_read_optional(j, '}'))
		return true;
	do {
		struct json_reader at;
		double value;

		sb_reset(&r->text);
		if (!json_read_string(j, &r->text) || !json_read_mark(j, ':'))
			return false;
		at = *j;
		if (!json_read_skip(j))
			return false;
		if (!frames_of_key(r, sb_str(&r->text), r->text.n) || !is_wanted(r, name, name_b))
			continue;
		if (!json_read_number(&at, &value) || value < 0 || value > 0x1p63 ||
		    r->tree->is_differential)
			*is_bad = true;
		else
			reader_add_stack(r, 0, value);
	} while (!r->has_failed && json_read_optional(j, ','));
	return r->has_failed || json_read_mark(j, '}');
}

static bool json_maps(struct flame_reader *r, struct json_reader *j, bool *is_bad)
{
	own_strbuf struct strbuf name = {0};

	if (!json_read_mark(j, '{'))
		return false;
	if (json_read_optional(j, '}'))
		return true;
	do {
		sb_reset(&name);
		if (!json_read_string(j, &name) || !json_read_mark(j, ':') ||
		    !json_map(r, j, sb_str(&name), name.n, is_bad))
			return false;
	} while (!r->has_failed && json_read_optional(j, ','));
	return true;
}

/* {"type": "map", "data": {"@": {...}}}; other records are of no interest. */
static enum line_is json_line(struct flame_reader *r, const char *s, size_t len_b)
{
	struct json_reader j = {s, s + len_b}, data = {0};
	own_strbuf struct strbuf type = {0}, name = {0};
	bool is_bad = false;

	if (!json_read_mark(&j, '{'))
		return LINE_BAD;
	do {
		sb_reset(&name);
		if (!json_read_string(&j, &name) || !json_read_mark(&j, ':'))
			return LINE_BAD;
		if (!strcmp(sb_str(&name), "data"))
			data = j;
		if (!strcmp(sb_str(&name), "type") ? !json_read_string(&j, &type)
		                                   : !json_read_skip(&j))
			return LINE_BAD;
	} while (json_read_optional(&j, ','));
	if (!json_read_mark(&j, '}') || !json_read_end(&j))
		return LINE_BAD;
	if (strcmp(sb_str(&type), "map") || !data.at)
		return LINE_USED;
	return json_maps(r, &data, &is_bad) && !is_bad ? LINE_USED : LINE_BAD;
}

enum line_is map_line(struct flame_reader *r, const char *s, size_t len_b)
{
	if (len_b > 2 && s[0] == '{' && s[1] == '"') {
		map_end(r);
		return json_line(r, s, len_b);
	}
	return text_line(r, s, len_b);
}
