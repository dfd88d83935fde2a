/* `-l`: what can be probed.
 *
 * Input: a pattern list (`kprobe:vfs_*,tracepoint:*`), or `struct NAME`. Output: one full name a
 * line, in order; verbose adds arguments or definitions. Providers are asked in the order of their
 * names and each lists in order, so that nothing as large as the kernel's functions is ever
 * sorted here. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/wildcard.h"
#include "probe/provider.h"

/* Split at `sep` outside of double quotes; between a pattern's parts the quotes stay out. */
static uint32_t split(struct arena *a, const char *text, char sep, const char ***ret)
{
	vec(const char *) parts = {0};
	char *copy = arena_strdup(a, text), *start = copy, *to = copy;
	bool quoted = false;

	for (const char *p = text;; p++) {
		quoted ^= *p == '"';
		if (*p == '"' && sep == ':') {
			continue;
		} else if (!*p || (*p == sep && !quoted)) {
			*to++ = '\0';
			vec_push(a, &parts, start);
			start = to;
			if (!*p)
				break;
		} else {
			*to++ = *p;
		}
	}
	*ret = parts.items;
	return (uint32_t)parts.n;
}

static const char *strip(struct arena *a, const char *s)
{
	size_t n;

	s += strspn(s, " \t");
	n = strlen(s);
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	return arena_strndup(a, s, n);
}

enum { BLOCK_B = 16384 };

void list_flush(struct listing *l)
{
	sb_add(l->out, l->block, l->block_n);
	l->block_n = 0;
}

/* "TYPE:" or "TYPE:FIRST:", kept while lines go on beginning with it. */
static bool set_prefix(struct listing *l, const char *first)
{
	const char *type = probe_kind_name(l->kind);
	size_t need = strlen(type) + (first ? strlen(first) + 1 : 0) + 1;

	if (need > sizeof(l->prefix))
		return false;
	l->prefix_b = (size_t)(stpcpy(stpcpy(l->prefix, type), ":") - l->prefix);
	if (first)
		l->prefix_b =
		    (size_t)(stpcpy(stpcpy(l->prefix + l->prefix_b, first), ":") - l->prefix);
	l->first = first;
	return true;
}

void list_line(struct listing *l, const char *first, const char *second)
{
	size_t second_b = strlen(second);
	char *to;

	if (!l->block)
		l->block = arena_alloc(l->cx->a, BLOCK_B);
	if ((!l->prefix_b || first != l->first) && !set_prefix(l, first)) {
		list_flush(l); /* a long path */
		sb_addf(l->out, "%s:%s:%s\n", probe_kind_name(l->kind), first, second);
		return;
	}
	if (l->prefix_b + second_b + 1 > BLOCK_B - l->block_n)
		list_flush(l);
	if (l->prefix_b + second_b + 1 > BLOCK_B)
		return; /* no name is that long */
	to = mempcpy(l->block + l->block_n, l->prefix, l->prefix_b);
	to = mempcpy(to, second, second_b);
	*to++ = '\n';
	l->block_n = (size_t)(to - l->block);
}

/* ---- types ------------------------------------------------------------------------------- */

struct type_listing {
	struct probe_context *cx;
	const char *word;
	struct strbuf *out;
	bool verbose;
	name_list found; /* "NAME" or "NAME:MODULE" when verbose */
};

static bool add_type(void *arg, const char *module, const char *name, uint32_t btf_id)
{
	struct type_listing *tl = arg;

	(void)btf_id;
	vec_push(tl->cx->a, &tl->found,
	         tl->verbose ? arena_printf(tl->cx->a, "%s:%s", name, module) : name);
	return true;
}

/* `struct x`, `union *`, `enum y`: true if the pattern is one of these. */
static bool list_types(struct probe_context *cx, const char *pattern, bool verbose,
                       struct strbuf *out)
{
	static const struct {
		const char *word;
		enum type_kind kind;
	} words[] = {{"struct", TYPE_STRUCT}, {"union", TYPE_UNION}, {"enum", TYPE_ENUM}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);
		struct type_listing tl = {cx, words[i].word, out, verbose, {0}};

		if (strncmp(pattern, words[i].word, n) || (pattern[n] && pattern[n] != ' '))
			continue;
		pattern = pattern[n] ? strip(cx->a, pattern + n) : "*";
		types_each_named(cx->types, words[i].kind, pattern, add_type, &tl);
		names_sort(&tl.found);
		vec_each (it, &tl.found) {
			const char *colon = verbose ? strchr(*it, ':') : NULL;
			const struct type *t;

			if (!colon) {
				sb_addf(out, "%s %s\n", tl.word, *it);
				continue;
			}
			t = types_find(cx->types, arena_printf(cx->a, "%s %.*s", tl.word,
			                                       (int)(colon - *it), *it));
			if (!t)
				continue;
			sb_addf(out, "%s: ", colon + 1);
			type_define(t, out);
			sb_addc(out, '\n');
		}
		return true;
	}
	return false;
}

/* ---- probes ------------------------------------------------------------------------------ */

static int by_full_name(const void *a, const void *b)
{
	return strcmp(probe_kind_name(*(const enum probe_kind *)a),
	              probe_kind_name(*(const enum probe_kind *)b));
}

/* A list of everything leaves out the hundred thousand functions that this kernel has no probes
 * for. Who names the type sees them all the same. */
static bool kernel_offers(enum probe_kind kind)
{
	static const char perf_units[] = "/sys/bus/event_source/devices";
	own_strbuf struct strbuf path = {0};
	const char *root = tracefs_path();

	switch (kind) {
	case PROBE_KPROBE: /* since v4.17 a perf unit of its own */
		sb_addf(&path, "%s/kprobe", perf_units);
		return access(perf_units, F_OK) != 0 || access(sb_str(&path), F_OK) == 0;
	case PROBE_FENTRY: /* where root may not read what ftrace can hook, it may not hook it */
		if (!root || geteuid() != 0)
			return true;
		sb_addf(&path, "%s/available_filter_functions", root);
		{
			own_fd int fd = open(sb_str(&path), O_RDONLY | O_CLOEXEC);

			return fd >= 0 || errno == ENOENT;
		}
	default:
		return true;
	}
}

static void list_pattern(struct probe_context *cx, const char *pattern, bool verbose,
                         struct strbuf *out)
{
	struct listing l = {.cx = cx, .verbose = verbose, .out = out};
	enum probe_kind order[PROBE_N], named = PROBE_N;
	const char **parts;
	const char *type = "*";
	uint32_t n;

	if (list_types(cx, pattern, verbose, out))
		return;
	n = split(cx->a, pattern, ':', &parts);
	if (n == 1 && probe_kind_find(parts[0]) == PROBE_N) {
		/* No colon: `vfs_*` means `*:vfs_*`; but `kprobe` alone is a type. */
		l.parts = parts;
		l.n_parts = 1;
	} else {
		type = parts[0];
		l.parts = parts + 1;
		l.n_parts = n - 1;
		/* `kprobe:` is `kprobe:*` */
		if (l.n_parts == 1 && !*l.parts[0])
			l.n_parts = 0;
	}
	if (!wildcard_has(type))
		named = probe_kind_find(type);
	for (int k = 0; k < PROBE_N; k++)
		order[k] = (enum probe_kind)k;
	qsort(order, PROBE_N, sizeof(order[0]), by_full_name);
	for (int i = 0; i < PROBE_N; i++) {
		const struct provider *p = provider_of(order[i]);

		if (!p->list || l.n_parts > p->max_args ||
		    (cx->is_user_engine && probe_kind_needs_kernel(order[i])))
			continue;
		if (wildcard_has(type)
		        ? p->is_wild_list && wildcard_match(type, probe_kind_name(order[i])) &&
		              kernel_offers(order[i])
		        : order[i] == named) {
			l.kind = order[i];
			l.prefix_b = 0;
			p->list(&l);
			list_flush(&l);
		}
	}
}

void probe_list(struct probe_context *cx, const char *pattern, bool verbose, struct strbuf *out)
{
	const char **list;
	uint32_t n;

	if (!pattern || !*pattern) {
		list_pattern(cx, "*", verbose, out);
		return;
	}
	n = split(cx->a, pattern, ',', &list);
	for (uint32_t i = 0; i < n; i++)
		list_pattern(cx, strip(cx->a, list[i]), verbose, out);
}
