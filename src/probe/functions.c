/* Which functions the running kernel has, and which can be traced.
 *
 * Input: wildcards. Output: lists sorted by name. Three sources, the best one that can be read:
 *
 *   available_filter_functions	what ftrace can hook: the truth, but tracefs may be closed to us
 *				(or the user's own list, --traceable-functions)
 *   BTF			sorted by name on most kernels, read in a millisecond; has nearly
 *				all of them, and a few that ftrace has not
 *   /proc/kallsyms		every text symbol, 25 ms to read; all there is without BTF
 *
 * The trick for listings is never to build a set: two sorted lists are merged. */
#include "probe/functions.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/wildcard.h"
#include "probe/provider.h"

/* File texts read so far; NULL with is_tried: can't be read. */
struct probe_cache {
	struct cached_text {
		char *text;
		bool is_tried;
	} filter, kallsyms, modules;
	/* The lines of filter, whose text is cut up by it. */
	struct kernel_funcs lines;
	bool is_cut;
	unsigned n_asked; /* single names */
	/* Their names, once some have been asked for: open addressing, a power of two. */
	const char **slots;
	size_t n_slots;
	/* Every function with BTF, sorted: a listing of everything asks twice. */
	struct kernel_funcs typed;
	bool typed_is_read;
};

/* A list being made; malloc'ed. */
typedef vec(struct kernel_func) func_vec;

void kernel_funcs_free(struct kernel_funcs *list)
{
	free(list->own);
	*list = (struct kernel_funcs){0};
}

static struct kernel_funcs finished(func_vec *v)
{
	return (struct kernel_funcs){.items = v->items, .n = v->n, .own = v->items};
}

static const char *read_once(struct probe_context *cx, struct cached_text *c, const char *path)
{
	if (!c->is_tried) {
		c->is_tried = true;
		if (!path || file_read(cx->a, path, &c->text, NULL) || !*c->text)
			c->text = NULL;
	}
	return c->text;
}

static struct probe_cache *cache_of(struct probe_context *cx)
{
	if (!cx->cache)
		cx->cache = arena_new(cx->a, struct probe_cache);
	return cx->cache;
}

static const char *filter_text(struct probe_context *cx)
{
	struct probe_cache *c = cache_of(cx);
	const char *path = cx->traceable_functions, *root;

	if (!c->filter.is_tried && !path && (root = tracefs_path()))
		path = arena_printf(cx->a, "%s/available_filter_functions", root);
	return read_once(cx, &c->filter, path);
}

/* `[module]` behind a name, copied; "vmlinux" if there is none. */
static const char *module_of(struct probe_context *cx, const char *p, const char *end)
{
	const char *open = memchr(p, '[', (size_t)(end - p)), *close;

	if (!open)
		return "vmlinux";
	close = memchr(open, ']', (size_t)(end - open));
	return close ? arena_strndup(cx->a, open + 1, (size_t)(close - open) - 1) : "vmlinux";
}

/* What the filter lists, lines `name` or `name [module]`, in its order; items NULL: nothing tells.
 * A script may ask by hundreds of patterns: names are cut out of the text once, where they lie. */
static struct kernel_funcs filter_lines(struct probe_context *cx)
{
	struct probe_cache *c = cache_of(cx);
	const char *module = "vmlinux", *last_tag = NULL;
	vec(struct kernel_func) list = {0};
	size_t last_tag_b = 0, n = 0;

	if (!filter_text(cx) || c->is_cut)
		return c->lines;
	c->is_cut = true;
	for (const char *p = c->filter.text; (p = strchr(p, '\n')); p++)
		n++;
	vec_reserve(cx->a, &list, n + 1);
	for (char *p = c->filter.text; *p;) {
		char *end = strchrnul(p, '\n'), *next = *end ? end + 1 : end;
		char *tag = p + strcspn(p, " \t\n");
		size_t tag_b = (size_t)(end - tag);

		/* Functions of a module come in a row: its name is copied once. */
		if (!last_tag || tag_b != last_tag_b ||
		    memcmp(tag + 1, last_tag + 1, tag_b - !!tag_b))
			module = module_of(cx, tag, end);
		last_tag = tag;
		last_tag_b = tag_b;
		if (tag > p)
			vec_push(cx->a, &list, ((struct kernel_func){p, module, 0}));
		*tag = '\0';
		p = next;
	}
	c->lines = (struct kernel_funcs){.items = list.items, .n = list.n};
	return c->lines;
}

static const char *kallsyms_text(struct probe_context *cx)
{
	return read_once(cx, &cache_of(cx)->kallsyms, "/proc/kallsyms");
}

bool kernel_module_is_loaded(struct probe_context *cx, const char *module)
{
	const char *text, *p;
	size_t len_b = strlen(module);

	if (!strcmp(module, "vmlinux"))
		return true;
	text = read_once(cx, &cache_of(cx)->modules, "/proc/modules");
	for (p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (!strncmp(p, module, len_b) && p[len_b] == ' ')
			return true;
	return false;
}

/* ---- sorting ----------------------------------------------------------------------------- */

static int compare_funcs(const void *a, const void *b)
{
	const struct kernel_func *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->module, y->module);
}

/* Sort by name and module, unless it is so already; each once. */
static void sort_funcs(func_vec *list)
{
	size_t n = 0;
	bool is_strict = true; /* in order, and each once */

	for (size_t i = 1; i < list->n && is_strict; i++)
		is_strict = compare_funcs(&list->items[i - 1], &list->items[i]) < 0;
	if (is_strict)
		return;
	qsort(list->items, list->n, sizeof(*list->items), compare_funcs);
	for (size_t i = 0; i < list->n; i++)
		if (!n || compare_funcs(&list->items[n - 1], &list->items[i]))
			list->items[n++] = list->items[i];
	list->n = n;
}

/* ---- the three sources ------------------------------------------------------------------- */

struct wanted {
	struct probe_context *cx;
	const char *module, *name;
	bool any_module, any_name;
	struct arena *a; /* of the list; NULL: malloc */
	func_vec list;
};

/* Symbols that compilers and macros make, which nobody means by a wildcard: parts split off a
 * function, and the padding before one. */
static bool is_artefact(const char *name)
{
	const char *dot = strchr(name, '.');

	if (dot && (strstr(dot, ".part.") || strstr(dot, ".cold")))
		return true;
	return name[0] == '_' && name[1] == '_' &&
	       (!strncmp(name, "__pfx_", 6) || !strncmp(name, "__cfi_", 6) ||
	        !strncmp(name, "__ftrace_invalid_address__", 26));
}

static void add_wanted(struct wanted *w, const char *module, const char *name)
{
	if ((w->any_module || wildcard_match(w->module, module)) &&
	    (w->any_name || wildcard_match(w->name, name)) && !is_artefact(name))
		vec_push(w->a, &w->list, ((struct kernel_func){name, module, 0}));
}

static void from_filter(struct wanted *w, struct kernel_funcs lines)
{
	size_t plain_b = wildcard_plain_b(w->name);

	vec_each (f, &lines)
		if (w->any_name || !strncmp(f->name, w->name, plain_b))
			add_wanted(w, f->module, f->name);
}

/* Lines `address T name` or `address t name<TAB>[module]`. */
static void from_kallsyms(struct wanted *w, const char *text)
{
	for (const char *p = text; *p;) {
		const char *end = strchrnul(p, '\n'), *kind = memchr(p, ' ', (size_t)(end - p));

		if (kind && end - kind > 3 && strchr("tTwW", kind[1]) && kind[2] == ' ') {
			size_t name_b = strcspn(kind + 3, " \t\n");

			if (kind[3] != '$')
				add_wanted(w, module_of(w->cx, kind + 3 + name_b, end),
				           arena_strndup(w->cx->a, kind + 3, name_b));
		}
		p = *end ? end + 1 : end;
	}
}

/* BTF has no artefacts: their names are no C. */
static bool add_btf(void *arg, const char *module, const char *name, uint32_t btf_id)
{
	struct wanted *w = arg;

	if (w->any_module || wildcard_match(w->module, module))
		vec_push(w->a, &w->list, ((struct kernel_func){name, module, btf_id}));
	return true;
}

static void walk_btf(struct wanted *w)
{
	bool with_modules = w->any_module || strcmp(w->module, "vmlinux");

	types_each_func(w->cx->types, w->any_name ? NULL : w->name, with_modules, add_btf, w);
	sort_funcs(&w->list);
}

static struct kernel_funcs from_btf(struct wanted w)
{
	struct probe_cache *c = cache_of(w.cx);

	if (!w.any_module || !w.any_name) {
		walk_btf(&w);
		return finished(&w.list);
	}
	if (!c->typed_is_read) {
		c->typed_is_read = true;
		w.a = w.cx->a;
		vec_reserve(w.a, &w.list, 1 << 16); /* most kernels have no more */
		walk_btf(&w);
		c->typed = (struct kernel_funcs){.items = w.list.items, .n = w.list.n};
	}
	return c->typed;
}

/* ---- questions --------------------------------------------------------------------------- */

/* The elements of `list` that `other` has too (keep_common), or all of them with BTF ids taken over
 * from there. Both are sorted. */
static struct kernel_funcs merge(struct kernel_funcs *list, const struct kernel_funcs *other,
                                 bool keep_common)
{
	func_vec out = {0};
	size_t j = 0;

	vec_reserve(NULL, &out, list->n);
	for (size_t i = 0; i < list->n; i++) {
		struct kernel_func f = list->items[i];
		bool is_common;

		while (j < other->n && compare_funcs(&other->items[j], &f) < 0)
			j++;
		is_common = j < other->n && !compare_funcs(&other->items[j], &f);
		if (keep_common && !is_common)
			continue;
		if (!keep_common && is_common)
			f.btf_id = other->items[j].btf_id;
		out.items[out.n++] = f;
	}
	kernel_funcs_free(list);
	return finished(&out);
}

static struct wanted want(struct probe_context *cx, const char *module, const char *name)
{
	return (struct wanted){.cx = cx,
	                       .module = module,
	                       .name = name,
	                       .any_module = !strcmp(module, "*"),
	                       .any_name = !strcmp(name, "*")};
}

struct kernel_funcs kernel_funcs_traceable(struct probe_context *cx, const char *module,
                                           const char *name, bool want_btf)
{
	struct wanted w = want(cx, module, name);
	struct kernel_funcs lines = filter_lines(cx), list, typed;
	const char *text;

	if (!lines.n && types_have_btf(cx->types))
		return from_btf(w);
	if (lines.n)
		from_filter(&w, lines);
	else if ((text = kallsyms_text(cx)))
		from_kallsyms(&w, text);
	sort_funcs(&w.list);
	list = finished(&w.list);
	if (want_btf && types_have_btf(cx->types)) {
		typed = from_btf(want(cx, module, name));
		list = merge(&list, &typed, false);
		kernel_funcs_free(&typed);
	}
	return list;
}

struct kernel_funcs kernel_funcs_typed(struct probe_context *cx, const char *module,
                                       const char *name)
{
	struct kernel_funcs list = from_btf(want(cx, module, name)), hooked;
	struct kernel_funcs lines = filter_lines(cx);

	if (lines.n) {
		struct wanted w = want(cx, module, name);

		from_filter(&w, lines);
		sort_funcs(&w.list);
		hooked = finished(&w.list);
		list = merge(&list, &hooked, true);
		kernel_funcs_free(&hooked);
	}
	return list;
}

bool kernel_func_fits(struct probe_context *cx, const struct kernel_func *f)
{
	return types_func_fits_trampoline(cx->types, f->module, f->btf_id);
}

/* Is the word `name` in the text, with these characters on its two sides? */
static bool has_word(const char *text, const char *name, const char *before, const char *after)
{
	size_t len_b = strlen(name);

	if (!len_b)
		return false;
	for (const char *p = text; (p = strstr(p, name)); p++) {
		bool starts =
		    p == text ? strchr(before, '\n') != NULL : strchr(before, p[-1]) != NULL;

		if (starts && p[len_b] && strchr(after, p[len_b]))
			return true;
	}
	return false;
}

static const char **find_slot(const struct probe_cache *c, const char *name)
{
	size_t h = 14695981039346656037u; /* FNV-1a */

	for (const char *p = name; *p; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	for (h ^= h >> 32;; h++) {
		const char **slot = &c->slots[h & (c->n_slots - 1)];

		if (!*slot || !strcmp(*slot, name))
			return slot;
	}
}

/* Is the name in one of the filter's lines? */
static bool filter_has(struct probe_context *cx, const struct kernel_funcs *lines, const char *name)
{
	struct probe_cache *c = cache_of(cx);

	if (!c->slots) {
		for (c->n_slots = 64; c->n_slots < 2 * lines->n; c->n_slots *= 2)
			;
		c->slots = arena_array(cx->a, const char *, c->n_slots);
		vec_each (f, lines)
			*find_slot(c, f->name) = f->name;
	}
	return *find_slot(c, name) != NULL;
}

bool kernel_func_is_traceable(struct probe_context *cx, const char *module, const char *name)
{
	enum { FEW = 8 };
	struct probe_cache *c = cache_of(cx);
	struct kernel_funcs lines;
	const char *text;

	/* BTF answers a few fastest; what it does not have may still exist. */
	lines = c->n_asked++ < FEW ? c->lines : filter_lines(cx);
	if (!lines.n && !cx->traceable_functions && types_have_btf(cx->types) &&
	    types_find_func(cx->types, name, module, NULL, NULL, NULL))
		return true;
	lines = filter_lines(cx);
	if (lines.n)
		return filter_has(cx, &lines, name);
	text = kallsyms_text(cx);
	return !text || has_word(text, name, " ", "\t\n");
}

const char *kernel_func_nearest(struct probe_context *cx, const char *name)
{
	struct diag_guess guess = {.word = name};
	struct kernel_funcs all = kernel_funcs_traceable(cx, "*", "*", false);

	vec_each (f, &all) {
		size_t n = strlen(f->name), m = strlen(name);

		/* Few people mistype the beginning, and the distance is at least the difference in
		 * length: what can't be near isn't measured. */
		if (f->name[0] == name[0] && (n > m ? n - m : m - n) <= m / 3 + 1)
			diag_nearest(&guess, f->name);
	}
	kernel_funcs_free(&all);
	return guess.best;
}
