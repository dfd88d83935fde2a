/* uprobe and uretprobe: functions of programs and libraries.
 *
 * Input: `uprobe:FILE:FN`, `FN+OFFSET`, `ADDRESS`, `cpp:"NAME"`; wildcards in file and function;
 * without FILE when -p says whose. Output: one target per function, as the place in the file where
 * the kernel puts its breakpoint. Names come from the symbol tables; a mangled C++ name stands for
 * itself, after `cpp:` names are compared as people write them. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/wildcard.h"
#include "probe/uprobe.h"
#include "probe/uprobe_args.h"
#include "symbols/symbols.h"

/* ---- errors -----------------------------------------------------------------------------------
 */

/* `why` or NULL */
static bool report_file(struct uprobe_work *w, const char *file, const char *why)
{
	static const char fmt[] = "uprobe target file '%s' does not exist or is not executable";

	if (w->cx->missing == MISSING_IGNORE)
		return true;
	if (w->cx->missing == MISSING_WARN)
		diag_warn(w->cx->diag, E_PROBE_NO_MATCH, w->ap->at, fmt, file);
	else
		diag_error(w->cx->diag, E_PROBE_NO_MATCH, w->ap->at, fmt, file);
	if (why)
		diag_hint(w->cx->diag, "%s", why);
	return w->cx->missing == MISSING_WARN;
}

static const char *nearest_function(struct uprobe_work *w, const char *path)
{
	struct diag_guess guess = {.word = w->func};
	const char *name, *type = probe_kind_name(w->kind);
	const struct elf_symbol *list;
	size_t n;

	if (w->from_wildcard || w->cx->missing == MISSING_IGNORE ||
	    symbols_elf_functions(w->syms, path, &list, &n))
		return NULL;
	for (size_t i = 0; i < n && !w->is_cpp; i++)
		diag_nearest(&guess, list[i].name);
	if (guess.best)
		return arena_printf(w->cx->a, "%s:%s:%s", type, path, guess.best);
	name = wildcard_has(w->func) ? NULL : uprobe_nearest_name(w, list, n);
	return name ? arena_printf(w->cx->a, "%s:%s:cpp:\"%s\"", type, path, name) : NULL;
}

/* ---- one file ---------------------------------------------------------------------------------
 */

static struct probe_target *add_place(struct uprobe_work *w, const char *path,
                                      const struct elf_symbol *sym, bool from_wildcard)
{
	struct probe_target *t = target_add(w->cx, w->out, w->kind);

	t->path = path;
	t->func = arena_strdup(w->cx->a, sym->name);
	t->sym_address = sym->address;
	t->address = sym->file_off_b;
	t->from_wildcard = from_wildcard || w->from_wildcard;
	t->name = arena_printf(w->cx->a, "%s:%s:%s", probe_kind_name(w->kind), path, sym->name);
	return t;
}

/* A breakpoint inside of an instruction would change what the program does. */
static bool check_code(struct uprobe_work *w, const char *path, const struct elf_symbol *sym)
{
	enum { MOST_B = 1 << 20 };
	size_t n_b = sym->size_b < MOST_B ? sym->size_b : MOST_B;
	uint8_t *code = arena_alloc(w->cx->a, n_b);
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	return w->off_b >= n_b || fd < 0 ||
	       pread(fd, code, n_b, (off_t)sym->file_off_b) != (ssize_t)n_b ||
	       check_instruction(w->cx, w->ap, w->kind, sym->name, code, n_b, w->off_b);
}

/* Is an offset into this function acceptable? Without --unsafe it must be inside. */
static bool check_bounds(struct uprobe_work *w, const char *path, const struct elf_symbol *sym)
{
	if (w->cx->is_unsafe || !w->off_b)
		return true;
	if (!sym->size_b) {
		diag_error(w->cx->diag, E_PROBE_PARTS, w->ap->at,
		           "Could not determine boundary for %s (symbol has size 0).", sym->name);
		diag_hint(w->cx->diag, "Use --unsafe to force attachment.");
		return false;
	}
	if (w->off_b >= sym->size_b) {
		diag_error(w->cx->diag, E_PROBE_PARTS, w->ap->at,
		           "Offset outside the function bounds ('%s' size is %llu)", sym->name,
		           (unsigned long long)sym->size_b);
		return false;
	}
	return check_code(w, path, sym);
}

/* Has the place been found by another symbol that people write the same? Constructors have two. */
static bool is_known(const struct uprobe_work *w, size_t before, const struct elf_symbol *sym,
                     const char *name)
{
	for (size_t i = before; i < w->out->n; i++)
		if (w->out->items[i].address == sym->file_off_b &&
		    !strcmp(w->out->items[i].name, name))
			return true;
	return false;
}

/* Names as people write them. */
static bool add_demangled(struct uprobe_work *w, const char *path)
{
	const struct elf_symbol *list;
	size_t n, before = w->out->n;
	bool is_wild = wildcard_has(w->func) || !strchr(w->func, '(');

	if (!symbols_elf_functions(w->syms, path, &list, &n))
		for (size_t i = 0; i < n; i++) {
			char *text = uprobe_name_match(w->func, list[i].name);
			const char *name = text ? arena_printf(w->cx->a, "%s:%s:cpp:\"%s\"",
			                                       probe_kind_name(w->kind), path, text)
			                        : NULL;

			if (name && !is_known(w, before, &list[i], name))
				add_place(w, path, &list[i], is_wild)->name = name;
			free(text);
		}
	return w->out->n > before;
}

/* A whole name may also be that of a C function, or a mangled one. */
static bool expand_cpp(struct uprobe_work *w, const char *path)
{
	struct elf_symbol sym;

	if (add_demangled(w, path))
		return true;
	if (!symbols_elf_find(w->syms, path, w->func, &sym))
		return w->from_wildcard ||
		       report_no_match(w->cx, w->ap, w->kind, nearest_function(w, path));
	add_place(w, path, &sym, false);
	return true;
}

static bool expand_name(struct uprobe_work *w, const char *path)
{
	struct elf_symbol sym;
	struct probe_target *t;

	if (!symbols_elf_find(w->syms, path, w->func, &sym))
		return (!w->has_offset && add_demangled(w, path)) || w->from_wildcard ||
		       report_no_match(w->cx, w->ap, w->kind, nearest_function(w, path));
	if (!check_bounds(w, path, &sym))
		return false;
	t = add_place(w, path, &sym, false);
	t->off_b = w->off_b;
	t->address += w->off_b;
	if (w->has_offset)
		t->name = arena_printf(w->cx->a, "%s+%llu", t->name, (unsigned long long)w->off_b);
	return true;
}

static bool expand_address(struct uprobe_work *w, const char *path)
{
	struct elf_symbol sym = {.name = ""};
	struct probe_target *t;
	uint64_t address, file_off_b;

	if (!parse_number(w->func, &address)) {
		diag_error(w->cx->diag, E_PROBE_PARTS, w->ap->at, "Invalid address: %s", w->func);
		return false;
	}
	if (!symbols_elf_at(w->syms, path, address, &sym)) {
		if (!w->cx->is_unsafe) {
			diag_error(w->cx->diag, E_PROBE_NO_MATCH, w->ap->at,
			           "Could not resolve address: %s:%s", path, w->func);
			diag_hint(w->cx->diag, "Use --unsafe to force attachment.");
			return false;
		}
		sym.address = address;
	}
	if (!symbols_elf_to_offset(w->syms, path, address, &file_off_b))
		file_off_b = address;
	t = add_place(w, path, &sym, false);
	t->off_b = address - sym.address;
	t->address = file_off_b;
	t->name = arena_printf(w->cx->a, "%s:%s:%s", probe_kind_name(w->kind), path, w->func);
	return true;
}

static bool expand_wild_name(struct uprobe_work *w, const char *path)
{
	const struct elf_symbol *list;
	size_t n, before = w->out->n;

	if (!symbols_elf_functions(w->syms, path, &list, &n))
		for (size_t i = 0; i < n; i++)
			if (wildcard_match(w->func, list[i].name) &&
			    !strstr(list[i].name, ".part.") && !strstr(list[i].name, ".cold"))
				add_place(w, path, &list[i], true);
	return w->out->n > before || add_demangled(w, path) || w->from_wildcard ||
	       report_no_match(w->cx, w->ap, w->kind, NULL);
}

static bool expand_file(struct uprobe_work *w, const char *path)
{
	if (w->source)
		return uprobe_expand_line(w, path);
	if (w->is_cpp)
		return expand_cpp(w, path);
	if (isdigit((unsigned char)w->func[0]))
		return expand_address(w, path);
	if (wildcard_has(w->func))
		return expand_wild_name(w, path);
	return expand_name(w, path);
}

/* ---- which files ------------------------------------------------------------------------------
 */

static bool expand_files(struct uprobe_work *w)
{
	name_list files = {0};
	size_t before = w->out->n;

	if (w->func && isdigit((unsigned char)w->func[0]) && !w->is_cpp) {
		diag_error(w->cx->diag, E_PROBE_PARTS, w->ap->at,
		           "Cannot use wildcards with absolute address");
		return false;
	}
	target_files_match(w->cx, w->file, &files);
	w->from_wildcard = true;
	vec_each (f, &files)
		if (!expand_file(w, *f))
			return false;
	return w->out->n > before || report_no_match(w->cx, w->ap, w->kind, NULL);
}

static bool split_offset(struct uprobe_work *w)
{
	bool is_regex = w->func[0] == WILDCARD_REGEX;
	const char *plus = w->is_cpp || is_regex ? NULL : strchr(w->func, '+');

	if (!plus)
		return true;
	if (w->kind == PROBE_URETPROBE) {
		diag_error(w->cx->diag, E_PROBE_PARTS, w->ap->at, "Offset not allowed");
		return false;
	}
	if (!parse_number(plus + 1, &w->off_b)) {
		diag_error(w->cx->diag, E_PROBE_PARTS, w->ap->at, "Invalid offset: %s", plus + 1);
		return false;
	}
	w->func = arena_strndup(w->cx->a, w->func, (size_t)(plus - w->func));
	w->has_offset = true;
	if (wildcard_has(w->func)) {
		diag_error(w->cx->diag, E_PROBE_PARTS, w->ap->at, "Offset not allowed");
		diag_hint(w->cx->diag, "a wildcard stands for many functions");
		return false;
	}
	return true;
}

/* [FILE:][cpp:]FN */
static bool split_parts(struct uprobe_work *w)
{
	const struct attach_point *ap = w->ap;
	uint32_t n = ap->n_parts - 1;

	w->func = ap->parts[n];
	if (n >= 2 && !strcmp(ap->parts[n - 1], "cpp")) {
		w->is_cpp = true;
		n--;
	}
	if (n >= 2 && !w->is_cpp && strchr(ap->parts[1], '@') && access(ap->parts[1], F_OK)) {
		/* FILE@SOURCE:LINE[:COLUMN] */
		w->func = NULL;
		return uprobe_split_line(w);
	}
	if (n == 3 && !w->is_cpp) {
		diag_error(w->cx->diag, E_PROBE_PARTS, ap->at, "%s is not a supported language",
		           ap->parts[2]);
		diag_hint(w->cx->diag, "there is %s:FILE:cpp:NAME", probe_kind_name(w->kind));
		return false;
	}
	if (n > 2 || (n == 1 && !w->cx->pid)) {
		diag_error(w->cx->diag, E_PROBE_PARTS, ap->at,
		           "%s probe type requires 2 or 3 arguments, found %u",
		           probe_kind_name(w->kind), ap->n_parts - 1);
		if (n == 1 && strchr(ap->parts[1], '@'))
			diag_hint(w->cx->diag, "a place in the source has its line: %s:%s:LINE",
			          probe_kind_name(w->kind), ap->parts[1]);
		else if (n == 1)
			diag_hint(w->cx->diag, "the file can be left out with -p");
		return false;
	}
	w->file = n == 2 && *ap->parts[1] ? ap->parts[1] : NULL;
	if (!w->file && !w->cx->pid)
		return report_file(w, "", NULL);
	return split_offset(w);
}

static bool expand(struct uprobe_work *w)
{
	const char *path, *why = NULL;
	int err = 0;

	/* A file whose name really has a star in it is meant before a pattern. */
	if (w->file && wildcard_has(w->file) && access(w->file, F_OK))
		return expand_files(w);
	path = target_file_resolve(w->cx, w->file);
	if (path) {
		const struct elf_symbol *list;
		size_t n;

		err = symbols_elf_functions(w->syms, path, &list, &n);
	}
	if (err == -ENOTSUP)
		why = arena_printf(w->cx->a,
		                   "%s is compressed: code is mapped from what is stored as it is",
		                   path + symbols_archive_part(path) + 2);
	if (!path || err < 0)
		return report_file(w, w->file ? w->file : "", why);
	return expand_file(w, path);
}

static bool expand_uprobe(struct probe_context *cx, const struct attach_point *ap,
                          enum probe_kind kind, probe_targets *out)
{
	struct symbols *own = cx->symbols ? NULL : symbols_create();
	struct uprobe_work w = {
	    .cx = cx, .ap = ap, .kind = kind, .syms = own ? own : cx->symbols, .out = out};
	size_t errors = diag_errors(cx->diag);
	bool ok = split_parts(&w);

	if (ok && (w.func || w.source) && (w.file || cx->pid))
		ok = expand(&w);
	symbols_destroy(own);
	return ok && diag_errors(cx->diag) == errors;
}

/* ---- listing ----------------------------------------------------------------------------------
 */

/* `    type name` lines; of a uretprobe the result. */
static void uprobe_list_args(struct probe_context *cx, const struct probe_target *t,
                             struct strbuf *out)
{
	const struct type *args = uprobe_args_type(cx, t), *result;

	if (t->kind == PROBE_URETPROBE) {
		result = uprobe_result_type(cx, t);
		if (!result || type_strip(result)->kind == TYPE_VOID)
			return;
		sb_adds(out, "    ");
		type_declare(result, "retval", out);
		sb_addc(out, '\n');
		return;
	}
	for (uint32_t i = 0; args && i < args->n_fields; i++) {
		sb_adds(out, "    ");
		type_declare(args->fields[i].type, args->fields[i].name, out);
		sb_addc(out, '\n');
	}
}

static void list_function(struct listing *l, const char *path, const struct elf_symbol *sym,
                          const char *shown)
{
	struct probe_target t = {.kind = l->kind,
	                         .path = path,
	                         .func = sym->name,
	                         .name = sym->name,
	                         .sym_address = sym->address};

	list_line(l, path, shown);
	if (!l->verbose)
		return;
	list_flush(l);
	uprobe_list_args(l->cx, &t, l->out);
}

struct cpp_line {
	const struct elf_symbol *sym;
	const char *shown; /* cpp:"NAME" */
};

static int by_shown(const void *a, const void *b)
{
	const struct cpp_line *x = a, *y = b;
	int order = strcmp(x->shown, y->shown);

	return order ? order : x->sym->address < y->sym->address ? -1 : x->sym != y->sym;
}

/* After `cpp:`: names as people write them, in their order. */
static void list_cpp(struct listing *l, const char *path, const char *wanted,
                     const struct elf_symbol *list, size_t n)
{
	vec(struct cpp_line) lines = {0};

	for (size_t i = 0; i < n; i++) {
		char *text = uprobe_name_match(wanted, list[i].name);
		struct cpp_line line = {&list[i], NULL};

		if (text) {
			line.shown = arena_printf(l->cx->a, "cpp:\"%s\"", text);
			vec_push(l->cx->a, &lines, line);
		}
		free(text);
	}
	if (lines.n)
		qsort(lines.items, lines.n, sizeof(*lines.items), by_shown);
	vec_each (line, &lines)
		if (line == lines.items || strcmp(line[-1].shown, line->shown))
			list_function(l, path, line->sym, line->shown);
}

static void list_file(struct listing *l, struct symbols *syms, const char *path, const char *func,
                      bool is_cpp)
{
	const struct elf_symbol *list;
	size_t n;

	if (symbols_elf_functions(syms, path, &list, &n))
		return;
	if (is_cpp)
		list_cpp(l, path, func, list, n);
	for (size_t i = 0; i < n && !is_cpp; i++)
		if (wildcard_match(func, list[i].name))
			list_function(l, path, &list[i], list[i].name);
}

static void list_uprobes(struct listing *l)
{
	const char *file = l->n_parts > 1 ? l->parts[0] : NULL;
	const char *func = l->n_parts > 1 ? l->parts[1] : l->n_parts ? l->parts[0] : "*";
	bool is_cpp = l->n_parts > 2 && !strcmp(func, "cpp");
	struct symbols *own = l->cx->symbols ? NULL : symbols_create();
	struct symbols *syms = own ? own : l->cx->symbols;
	const char *path;

	if (is_cpp)
		func = l->parts[2];

	/* `uprobe:/bin/sh` names the file, not a function of the process. */
	if (!file && l->n_parts && (strchr(func, '/') || !l->cx->pid)) {
		file = func;
		func = "*";
	}
	if (file && wildcard_has(file)) {
		name_list files = {0};

		target_files_match(l->cx, file, &files);
		vec_each (f, &files)
			list_file(l, syms, *f, func, is_cpp);
	} else if (file || l->cx->pid) {
		path = target_file_resolve(l->cx, file);
		if (path)
			list_file(l, syms, path, func, is_cpp);
	}
	symbols_destroy(own);
}

const struct provider uprobe_provider = {
    .min_args = 1,
    .max_args = 3,
    .expand = expand_uprobe,
    .list = list_uprobes,
    .list_args = uprobe_list_args,
    .args_type = uprobe_args_type,
};
const struct provider uretprobe_provider = {
    .min_args = 1,
    .max_args = 3,
    .expand = expand_uprobe,
    .list = list_uprobes,
    .list_args = uprobe_list_args,
};
