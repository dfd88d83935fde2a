/* Source lines: what an address was compiled from, and where the code of a line is.
 *
 * Input: line tables (.debug_line) and the DIEs of inlined calls. Output: the frames of the source
 * at an address, innermost first; the places of a line. The innermost frame's line is the table's;
 * each outer one's is where the call stood that was inlined (DW_AT_call_line). */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "symbols/dwarf_priv.h"

/* ---- frames at an address ----------------------------------------------------------------- */

/* Mangled where there is such a name, as symbol tables have it. */
static const char *function_name(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attr) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attr))
		name = dwarf_formstring(&attr);
	return name ? name : die_name(die);
}

/* The inlined call in this DIE, at whatever depth of blocks, that holds the address. */
static bool find_inlined(Dwarf_Die *parent, uint64_t address, Dwarf_Die *ret, unsigned depth)
{
	Dwarf_Die die;

	if (depth >= DIE_DEEPEST)
		return false;
	for (bool more = die_first(parent, &die); more; more = die_next(&die)) {
		int tag = dwarf_tag(&die);

		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block &&
		    tag != DW_TAG_try_block && tag != DW_TAG_catch_block)
			continue;
		if (tag == DW_TAG_inlined_subroutine) {
			if (dwarf_haspc(&die, address) <= 0)
				continue;
			*ret = die;
			return true;
		}
		/* A block without ranges of its own may still hold calls. */
		if (find_inlined(&die, address, ret, depth + 1))
			return true;
	}
	return false;
}

static const char *file_by_number(Dwarf_Die *unit, uint64_t number)
{
	Dwarf_Files *files;
	size_t n;

	if (dwarf_getsrcfiles(unit, &files, &n) || number >= n)
		return NULL;
	return dwarf_filesrc(files, number, NULL, NULL);
}

static void line_at(Dwarf_Die *unit, uint64_t address, struct source_frame *ret)
{
	Dwarf_Line *row = dwarf_getsrc_die(unit, address);
	int line = 0, column = 0;

	if (!row)
		return;
	ret->file = dwarf_linesrc(row, NULL, NULL);
	if (!dwarf_lineno(row, &line) && line > 0)
		ret->line = (uint32_t)line;
	if (!dwarf_linecol(row, &column) && column > 0)
		ret->column = (uint32_t)column;
}

/* Where an inlined call stood: what its caller's frame shows. */
static void call_site(Dwarf_Die *unit, Dwarf_Die *call, struct source_frame *ret)
{
	uint64_t file, line, column;

	if (die_number(call, DW_AT_call_file, &file))
		ret->file = file_by_number(unit, file);
	if (die_number(call, DW_AT_call_line, &line))
		ret->line = (uint32_t)line;
	if (die_number(call, DW_AT_call_column, &column))
		ret->column = (uint32_t)column;
}

static void find_frames(struct dwarf_file *f, uint64_t address, source_frames *ret)
{
	struct dwarf_unit *u = dwarf_file_unit(f, address);
	Dwarf_Die chain[DIE_DEEPEST]; /* the function, then what is inlined in it, inwards */
	struct source_frame at = {0};
	size_t n = 0;

	if (!u)
		return;
	line_at(&u->die, address, &at);
	if (!dwarf_file_function(f, address, &chain[0])) {
		if (at.file)
			vec_push(NULL, ret, at);
		return;
	}
	for (n = 1; n < DIE_DEEPEST && find_inlined(&chain[n - 1], address, &chain[n], 0); n++)
		;
	while (n--) {
		at.func = function_name(&chain[n]);
		vec_push(NULL, ret, at);
		at = (struct source_frame){0};
		if (n)
			call_site(&u->split, &chain[n], &at);
	}
}

void dwarf_file_frames(struct dwarf_file *f, uint64_t address, source_frames *ret)
{
	/* Fibonacci hashing: its upper bits are the good ones. */
	uint32_t slot = (uint32_t)(address * 0x9e3779b97f4a7c15 >> 32) & (FRAMES_KNOWN - 1);
	struct known_frames *k;

	if (!f->known)
		f->known = calloc(FRAMES_KNOWN, sizeof(*f->known));
	if (!f->known) {
		find_frames(f, address, ret);
		return;
	}
	k = &f->known[slot];
	if (!k->is_known || k->address != address) {
		k->frames.n = 0;
		find_frames(f, address, &k->frames);
		k->address = address;
		k->is_known = true;
	}
	vec_each (frame, &k->frames)
		vec_push(NULL, ret, *frame);
}

/* ---- places of a line --------------------------------------------------------------------- */

/* Is `wanted`, a path or its last parts, this file? */
static bool is_file(const char *path, const char *wanted)
{
	size_t n = strlen(path), m;

	while (wanted[0] == '.' && wanted[1] == '/')
		wanted += 2;
	m = strlen(wanted);
	return n >= m && !strcmp(path + n - m, wanted) && (n == m || path[n - m - 1] == '/');
}

static bool has_file(Dwarf_Die *unit, const char *wanted)
{
	Dwarf_Files *files;
	size_t n;

	if (dwarf_getsrcfiles(unit, &files, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *path = dwarf_filesrc(files, i, NULL, NULL);

		if (path && is_file(path, wanted))
			return true;
	}
	return false;
}

/* The innermost function or inlined call around an address; its identity tells blocks apart. */
static const void *block_at(struct dwarf_file *f, uint64_t address)
{
	Dwarf_Die die, inner;

	if (!dwarf_file_function(f, address, &die))
		return NULL;
	for (unsigned i = 0; i < DIE_DEEPEST && find_inlined(&die, address, &inner, 0); i++)
		die = inner;
	return die.addr;
}

struct found_place {
	struct source_place place;
	const void *block;
};

struct line_search {
	struct dwarf_file *f;
	const char *file;
	uint32_t line, column;
	uint32_t nearest;
	vec(struct found_place) found;
};

static void add_place(struct line_search *q, const struct source_place *p)
{
	const void *block = block_at(q->f, p->address);

	vec_each (known, &q->found)
		if (known->place.address == p->address || (block && known->block == block)) {
			if (p->address < known->place.address)
				known->place = *p;
			return;
		}
	vec_push(NULL, &q->found, ((struct found_place){*p, block}));
}

static void search_unit(struct line_search *q, Dwarf_Die *unit)
{
	Dwarf_Lines *lines;
	size_t n;

	if (!has_file(unit, q->file) || dwarf_getsrclines(unit, &lines, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		Dwarf_Line *row = dwarf_onesrcline(lines, i);
		struct source_place p = {0};
		int line = 0, column = 0;
		bool is_start = false, is_end = false;
		Dwarf_Addr address;

		if (!row || dwarf_lineno(row, &line) || line < (int)q->line ||
		    dwarf_linebeginstatement(row, &is_start) || (!is_start && !q->column) ||
		    dwarf_lineendsequence(row, &is_end) || is_end ||
		    dwarf_lineaddr(row, &address) || !address)
			continue;
		p.address = address;
		p.file = dwarf_linesrc(row, NULL, NULL);
		if (!p.file || !is_file(p.file, q->file))
			continue;
		dwarf_linecol(row, &column);
		p.line = (uint32_t)line;
		p.column = (uint32_t)column;
		if (p.line != q->line || (q->column && p.column != q->column)) {
			if (!q->nearest || p.line < q->nearest)
				q->nearest = p.line;
			continue;
		}
		add_place(q, &p);
	}
}

static int by_address(const void *a, const void *b)
{
	const struct source_place *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

void dwarf_file_line_places(struct dwarf_file *f, const char *file, uint32_t line, uint32_t column,
                            source_places *ret, uint32_t *ret_nearest)
{
	struct line_search q = {.f = f, .file = file, .line = line, .column = column};

	dwarf_file_need_units(f);
	vec_each (u, &f->units)
		search_unit(&q, &u->die);
	vec_each (found, &q.found)
		vec_push(NULL, ret, found->place);
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), by_address);
	*ret_nearest = ret->n ? 0 : q.nearest;
	vec_free(&q.found);
}
