/* usdt: places that programs and libraries mark themselves, with arguments.
 *
 * Input: `usdt:FILE:PROVIDER:NAME`, `usdt:FILE:NAME`, wildcards in all of them; with -p also
 * `usdt:NAME`, which is looked for in everything that the process has mapped. Output: one target
 * for each place of the probe, as what the kernel needs for its breakpoint and for the semaphore
 * that tells the program to prepare its arguments. */
#include <string.h>
#include <unistd.h>

#include "base/wildcard.h"
#include "probe/provider.h"
#include "symbols/symbols.h"

/* One attach point being expanded. */
struct work {
	struct probe_context *cx;
	const struct attach_point *ap;
	struct symbols *syms;
	probe_targets *out;
	const char *file;     /* as written; NULL: what the process has mapped */
	const char *provider; /* NULL: any */
	const char *name;
};

static bool report_file(struct work *w, const char *file)
{
	static const char fmt[] = "usdt target file '%s' does not exist or is not executable";

	if (w->cx->missing == MISSING_IGNORE)
		return true;
	if (w->cx->missing == MISSING_WARN)
		diag_warn(w->cx->diag, E_PROBE_NO_MATCH, w->ap->at, fmt, file);
	else
		diag_error(w->cx->diag, E_PROBE_NO_MATCH, w->ap->at, fmt, file);
	return w->cx->missing == MISSING_WARN;
}

/* What was probably meant: a name of any provider, but not one that is right already. */
static const char *nearest_probe(struct work *w, const char *path)
{
	struct diag_guess guess = {.word = w->name};
	const struct elf_usdt *list;
	size_t n;

	if (symbols_elf_usdt(w->syms, path, &list, &n))
		return NULL;
	for (size_t i = 0; i < n; i++)
		diag_nearest(&guess, list[i].name);
	for (size_t i = 0; i < n; i++)
		if (guess.best && !strcmp(list[i].name, guess.best))
			return arena_printf(w->cx->a, "usdt:%s:%s:%s", path, list[i].provider,
			                    list[i].name);
	return NULL;
}

static void add_place(struct work *w, const char *path, const struct elf_usdt *u)
{
	struct probe_context *cx = w->cx;
	struct probe_target *t = target_add(cx, w->out, PROBE_USDT);

	t->path = path;
	t->category = arena_strdup(cx->a, u->provider);
	t->func = arena_strdup(cx->a, u->name);
	t->usdt_args = arena_strdup(cx->a, u->args);
	t->sym_address = u->address;
	t->address = u->off_b;
	t->ref_ctr_off_b = u->semaphore_off_b;
	t->from_wildcard = !w->file || !w->provider || wildcard_has(w->provider) ||
	                   wildcard_has(w->name) || wildcard_has(w->file);
	t->name = arena_printf(cx->a, "usdt:%s:%s:%s", path, u->provider, u->name);
}

/* 0, or -errno if it is no file to read notes of. */
static int expand_file(struct work *w, const char *path)
{
	const struct elf_usdt *list;
	size_t n;
	int err = symbols_elf_usdt(w->syms, path, &list, &n);

	for (size_t i = 0; !err && i < n; i++)
		if ((!w->provider || wildcard_match(w->provider, list[i].provider)) &&
		    wildcard_match(w->name, list[i].name))
			add_place(w, path, &list[i]);
	return err;
}

/* Files of the process, as paths that can be opened here. */
static void expand_mapped(struct work *w)
{
	name_list files = {0};

	target_files_mapped(w->cx, w->cx->pid, &files);
	vec_each (f, &files) {
		const char *path = target_file_resolve(w->cx, *f);

		if (path)
			expand_file(w, path);
	}
}

static bool expand(struct work *w)
{
	size_t before = w->out->n;
	const char *path = NULL;

	if (!w->file) {
		expand_mapped(w);
	} else if (wildcard_has(w->file) && access(w->file, F_OK)) {
		name_list files = {0};

		/* A file whose name really has a star in it is meant before a pattern. */
		target_files_match(w->cx, w->file, &files);
		vec_each (f, &files)
			expand_file(w, *f);
	} else {
		path = target_file_resolve(w->cx, w->file);
		if (!path || expand_file(w, path))
			return report_file(w, w->file);
	}
	return w->out->n > before ||
	       report_no_match(w->cx, w->ap, PROBE_USDT, path ? nearest_probe(w, path) : NULL);
}

/* [FILE:][PROVIDER:]NAME */
static bool split_parts(struct work *w)
{
	const struct attach_point *ap = w->ap;
	uint32_t n = ap->n_parts - 1;

	w->name = ap->parts[n];
	if (n == 3 && *ap->parts[2])
		w->provider = ap->parts[2];
	if (n >= 2 && *ap->parts[1])
		w->file = ap->parts[1];
	if (n == 1 && !w->cx->pid) {
		diag_error(w->cx->diag, E_PROBE_PARTS, ap->at,
		           "usdt probe type requires 2 or 3 arguments, found 1");
		diag_hint(w->cx->diag, "the file can be left out with -p");
		return false;
	}
	return true;
}

static bool expand_usdt(struct probe_context *cx, const struct attach_point *ap,
                        enum probe_kind kind, probe_targets *out)
{
	struct symbols *own = cx->symbols ? NULL : symbols_create();
	struct work w = {.cx = cx, .ap = ap, .syms = own ? own : cx->symbols, .out = out};
	size_t errors = diag_errors(cx->diag);
	bool ok = split_parts(&w);

	(void)kind;
	if (ok)
		ok = w.file || cx->pid ? expand(&w) : report_file(&w, "");
	symbols_destroy(own);
	return ok && diag_errors(cx->diag) == errors;
}

/* ---- listing ----------------------------------------------------------------------------- */

static void list_file(struct listing *l, struct symbols *syms, const char *path,
                      const char *provider, const char *name)
{
	const struct elf_usdt *list;
	name_list lines = {0};
	size_t n;

	if (symbols_elf_usdt(syms, path, &list, &n))
		return;
	for (size_t i = 0; i < n; i++)
		if (wildcard_match(provider, list[i].provider) &&
		    wildcard_match(name, list[i].name))
			vec_push(l->cx->a, &lines,
			         arena_printf(l->cx->a, "%s:%s", list[i].provider, list[i].name));
	names_sort(&lines);
	vec_each (line, &lines)
		list_line(l, path, *line);
}

static void list_usdt(struct listing *l)
{
	const char *file = l->n_parts > 1 && *l->parts[0] ? l->parts[0] : NULL;
	const char *provider = l->n_parts > 2 && *l->parts[1] ? l->parts[1] : "*";
	const char *name = l->n_parts ? l->parts[l->n_parts - 1] : "*";
	struct symbols *own = l->cx->symbols ? NULL : symbols_create();
	struct symbols *syms = own ? own : l->cx->symbols;
	name_list files = {0};

	/* `usdt:/bin/sh` names the file, not a probe of the process. */
	if (l->n_parts == 1 && (strchr(name, '/') || !l->cx->pid)) {
		file = name;
		name = "*";
	}
	if (!*name)
		name = "*";
	if (file && wildcard_has(file)) {
		target_files_match(l->cx, file, &files);
	} else if (file) {
		const char *path = target_file_resolve(l->cx, file);

		if (path)
			vec_push(l->cx->a, &files, path);
	} else if (l->cx->pid) {
		target_files_mapped(l->cx, l->cx->pid, &files);
	}
	vec_each (f, &files)
		list_file(l, syms, *f, provider, name);
	symbols_destroy(own);
}

const struct provider usdt_provider = {
    .min_args = 1, .max_args = 3, .expand = expand_usdt, .list = list_usdt};
