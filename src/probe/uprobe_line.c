/* uprobes at source lines: `uprobe:FILE@SOURCE:LINE[:COLUMN]`.
 *
 * Output: a target for the first instruction of the line in each function, and each inlined call,
 * that has code of it. A line without code is no match; the next one that has is the hint. */
#include <stdlib.h>
#include <string.h>

#include "probe/uprobe.h"
#include "symbols/dwarf.h"

static void add_place(struct uprobe_work *w, const char *path, const struct source_place *p)
{
	struct probe_target *t = target_add(w->cx, w->out, w->kind);
	struct elf_symbol sym = {.name = "", .address = p->address};

	symbols_elf_at(w->syms, path, p->address, &sym);
	t->path = path;
	t->func = arena_strdup(w->cx->a, sym.name);
	t->sym_address = sym.address;
	t->off_b = p->address - sym.address;
	if (!symbols_elf_to_offset(w->syms, path, p->address, &t->address))
		t->address = p->address;
	t->from_wildcard = w->from_wildcard;
	t->name = arena_printf(w->cx->a, "%s:%s@%s:%u", probe_kind_name(w->kind), path, w->source,
	                       w->line);
	if (w->column)
		t->name = arena_printf(w->cx->a, "%s:%u", t->name, w->column);
}

bool uprobe_expand_line(struct uprobe_work *w, const char *path)
{
	struct dwarf_file *file = symbols_dwarf(w->syms, path);
	source_places places = {0};
	const char *hint = NULL;
	uint32_t nearest = 0;

	if (!file) {
		if (w->from_wildcard || w->cx->missing == MISSING_IGNORE)
			return true;
		diag_error(w->cx->diag, E_PROBE_NO_MATCH, w->ap->at,
		           "%s has no debug information: its source lines are not known", path);
		diag_hint(w->cx->diag, "build it with -g, or say where its debug file is: "
		                       "--debuginfo DIR");
		return false;
	}
	dwarf_file_line_places(file, w->source, w->line, w->column, &places, &nearest);
	vec_each (p, &places)
		add_place(w, path, p);
	if (places.n || w->from_wildcard) {
		vec_free(&places);
		return true;
	}
	if (nearest)
		hint = arena_printf(w->cx->a, "%s:%s@%s:%u", probe_kind_name(w->kind),
		                    w->file ? w->file : "", w->source, nearest);
	return report_no_match(w->cx, w->ap, w->kind, hint);
}

static bool parse_place_number(struct uprobe_work *w, const char *text, const char *what,
                               uint32_t *ret)
{
	uint64_t number;

	if (parse_number(text, &number) && number && number <= INT32_MAX) {
		*ret = (uint32_t)number;
		return true;
	}
	diag_error(w->cx->diag, E_PROBE_PARTS, w->ap->at, "Invalid %s: %s", what, text);
	return false;
}

bool uprobe_split_line(struct uprobe_work *w)
{
	const struct attach_point *ap = w->ap;
	const char *at = strrchr(ap->parts[1], '@');

	w->file = at == ap->parts[1]
	              ? NULL
	              : arena_strndup(w->cx->a, ap->parts[1], (size_t)(at - ap->parts[1]));
	w->source = at + 1;
	if (w->kind == PROBE_URETPROBE) {
		diag_error(w->cx->diag, E_PROBE_PARTS, ap->at, "Source line not allowed");
		diag_hint(w->cx->diag, "a uretprobe waits for a function to return: name one");
		return false;
	}
	if (!*w->source) {
		diag_error(w->cx->diag, E_PROBE_PARTS, ap->at, "Missing source file after '@'");
		return false;
	}
	return parse_place_number(w, ap->parts[2], "line", &w->line) &&
	       (ap->n_parts < 4 || parse_place_number(w, ap->parts[3], "column", &w->column));
}
