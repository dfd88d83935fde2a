/* An event on the command line, as BCC's tools take it, to an attach point.
 *
 *   event = [ "p:" | "t:" | "u:" ] [ library ":" ] name
 *
 * `name` is a function of the kernel, `library:name` one of a library (`c` is libc) or program,
 * `t:category:event` a tracepoint, `u:library:[provider:]name` a USDT probe. What begins with the
 * whole name of a probe type is an attach point as scripts have it: `fentry:vfs_read`. */
#include <string.h>

#include "base/arena.h"
#include "base/wildcard.h"
#include "probe/probe.h"
#include "script/option.h"

typedef vec(const char *) word_list;

static word_list split(struct arena *a, const char *text, size_t most)
{
	word_list words = {0};
	size_t len_b;

	for (const char *s = text;; s += len_b + 1) {
		len_b = words.n + 1 < most ? strcspn(s, ":") : strlen(s);
		vec_push(a, &words, arena_strndup(a, s, len_b));
		if (!s[len_b])
			return words;
	}
}

/* What its return is called; PROBE_N: it has none. */
static enum probe_kind return_of(enum probe_kind kind)
{
	switch (kind) {
	case PROBE_KPROBE:
		return PROBE_KRETPROBE;
	case PROBE_UPROBE:
		return PROBE_URETPROBE;
	case PROBE_FENTRY:
		return PROBE_FEXIT;
	default:
		return PROBE_N;
	}
}

static void add(struct arena *a, struct option *o, const char *part)
{
	vec_push(a, &o->entry, part);
	if (o->exit.n)
		vec_push(a, &o->exit, part);
}

static void begin(struct arena *a, struct option *o, enum probe_kind kind)
{
	enum probe_kind exit = return_of(kind);

	vec_push(a, &o->entry, probe_kind_name(kind));
	if (exit != PROBE_N)
		vec_push(a, &o->exit, probe_kind_name(exit));
}

/* How many parts of `text` stand in front of the name: the rest of an expression may have colons.
 */
static size_t n_before_name(const char *text)
{
	const char *first = strchr(text, ':');

	if (!first)
		return 0;
	return first == text + 1 && strchr("ptu", *text) && strchr(first + 1, ':') ? 2 : 1;
}

static const char *settle(struct arena *a, struct option *o, bool is_regex)
{
	word_list w = split(a, o->text, is_regex ? n_before_name(o->text) + 1 : SIZE_MAX);
	const char *type = w.items[0], *library = w.n > 1 ? w.items[w.n - 2] : "";
	const char *name = w.items[w.n - 1], *mistake = NULL;
	enum probe_kind kind = w.n > 1 ? probe_kind_find(type) : PROBE_N;
	/* A library may be called as a probe type is for short: rt. */
	bool is_bcc = kind == PROBE_N || strcmp(probe_kind_name(kind), type) != 0;

	for (size_t i = 1; i < w.n; i++)
		if (!*w.items[i] && !(is_bcc && i == 1 && w.n == 3))
			return arena_printf(a, "'%s' names no event", o->text);
	if (!*name)
		return arena_printf(a, "'%s' names no event", o->text);
	if (is_regex) {
		mistake = option_regex_mistake(a, name);
		if (mistake)
			return mistake;
		name = arena_printf(a, "%c%s", WILDCARD_REGEX, name);
	}
	if (!is_bcc) {
		begin(a, o, kind);
		for (size_t i = 1; i + 1 < w.n; i++)
			add(a, o, w.items[i]);
	} else if (!strcmp(type, "t")) {
		if (w.n != 3 || !*library)
			return arena_printf(a, "'%s' is no tracepoint: t:CATEGORY:EVENT", o->text);
		begin(a, o, PROBE_TRACEPOINT);
		add(a, o, library);
	} else if (!strcmp(type, "u") && w.n > 2) {
		if (w.n > 4 || !*w.items[1])
			return arena_printf(a, "'%s' is no USDT probe: u:LIBRARY:[PROVIDER:]NAME",
			                    o->text);
		begin(a, o, PROBE_USDT);
		for (size_t i = 1; i + 1 < w.n; i++)
			add(a, o, w.items[i]);
	} else if (w.n > 3 || (w.n == 3 && strcmp(type, "p") != 0)) {
		return arena_printf(a, "'%s' is no event: [p:|t:|u:][LIBRARY:]NAME", o->text);
	} else if (*library && !(w.n == 2 && !strcmp(library, "p"))) {
		begin(a, o, PROBE_UPROBE);
		add(a, o, library);
	} else {
		begin(a, o, PROBE_KPROBE);
	}
	add(a, o, name);
	return NULL;
}

const char *option_events_settle(struct arena *a, struct option_block *b)
{
	bool is_regex = false;

	vec_each (o, &b->options)
		is_regex |=
		    (*o)->kind == OPTION_FLAG && (*o)->is_given && !strcmp((*o)->name, "regexp");
	vec_each (o, &b->options) {
		const char *mistake = NULL;

		if ((*o)->kind == OPTION_EVENT && ((*o)->is_given || *(*o)->text))
			mistake = settle(a, *o, is_regex);
		if (mistake)
			return arena_printf(a, "%s: %s", option_title(a, *o), mistake);
	}
	return NULL;
}
