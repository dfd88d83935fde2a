/* Debug information of a program: opening it, and its functions by address.
 *
 * Input: a path. Output: libdw's handle, DIEs. Two indexes make addresses cheap: one over the
 * units' ranges, made at the first question from their first DIEs alone, and one over the functions
 * of each unit that was ever hit. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/file.h"
#include "symbols/dwarf_priv.h"

/* ---- opening ------------------------------------------------------------------------------ */

static Elf *open_elf(int held, const char *path)
{
	own_fd int fd = -1;
	Elf *elf;

	if (held < 0) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			return NULL;
		held = fd;
	}
	elf_version(EV_CURRENT);
	elf = elf_begin(held, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		return NULL;
	}
	return elf;
}

struct dwarf_file *dwarf_file_open(struct symbols *s, int fd, const char *path)
{
	struct dwarf_file *f;
	Elf *elf = open_elf(fd, path), *with_dwarf = elf;
	const char *dwarf_path = path;

	if (!elf || !(f = calloc(1, sizeof(*f)))) {
		elf_end(elf);
		return NULL;
	}
	f->elf = elf;
	if (!debug_file_has_section(elf, ".debug_info") &&
	    !debug_file_has_section(elf, ".zdebug_info")) {
		f->debug = debug_file_find(s, elf, path, DEBUG_DWARF);
		with_dwarf = f->debug ? f->debug->elf : NULL;
		if (f->debug)
			dwarf_path = f->debug->path;
	}
	/* Before libdw, which unpacks sections in place. */
	f->alt = with_dwarf ? debug_file_find_alt(s, with_dwarf, dwarf_path) : NULL;
	f->dw = with_dwarf ? dwarf_begin_elf(with_dwarf, DWARF_C_READ, NULL) : NULL;
	if (!f->dw) {
		dwarf_file_free(f);
		return NULL;
	}
	f->dw_alt = f->alt ? dwarf_begin_elf(f->alt->elf, DWARF_C_READ, NULL) : NULL;
	if (!f->dw_alt)
		f->missing_alt = debug_file_alt_name(with_dwarf);
	if (f->dw_alt)
		dwarf_setalt(f->dw, f->dw_alt);
	return f;
}

void dwarf_file_free(struct dwarf_file *f)
{
	if (!f)
		return;
	vec_each (u, &f->units)
		vec_free(&u->funcs);
	vec_free(&f->units);
	vec_free(&f->ranges);
	free(f->frame);
	if (f->cfi)
		dwarf_cfi_end(f->cfi);
	for (size_t i = 0; f->known && i < FRAMES_KNOWN; i++)
		vec_free(&f->known[i].frames);
	free(f->known);
	dwarf_end(f->dw);
	dwarf_end(f->dw_alt);
	debug_file_close(f->alt);
	debug_file_close(f->debug);
	elf_end(f->elf);
	free(f);
}

Dwarf *dwarf_file_handle(struct dwarf_file *f)
{
	return f->dw;
}

const char *dwarf_file_missing_alt(const struct dwarf_file *f)
{
	return f->missing_alt;
}

/* ---- units by address --------------------------------------------------------------------- */

static int by_range(const void *a, const void *b)
{
	const struct unit_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static const char *split_name(Dwarf_Die *skeleton)
{
	Dwarf_Attribute attr;
	const char *name = NULL;

	if (dwarf_attr(skeleton, DW_AT_dwo_name, &attr) ||
	    dwarf_attr(skeleton, DW_AT_GNU_dwo_name, &attr))
		name = dwarf_formstring(&attr);
	return name ? name : "";
}

const char *dwarf_file_missing_split(struct dwarf_file *f)
{
	dwarf_file_need_units(f);
	return f->missing_split;
}

void dwarf_file_need_units(struct dwarf_file *f)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die, split;
	uint8_t type;

	if (f->has_units)
		return;
	f->has_units = true;
	while (!dwarf_get_units(f->dw, cu, &cu, NULL, &type, &die, &split)) {
		struct dwarf_unit unit = {.die = die, .split = die};
		Dwarf_Addr base, start, end;
		size_t before = f->ranges.n;

		if (type == DW_UT_skeleton) {
			/* -gsplit-dwarf: all but addresses and lines is in a .dwo */
			if (split.addr)
				unit.split = split;
			else if (!f->missing_split)
				f->missing_split = split_name(&die);
		} else if (type != DW_UT_compile) {
			continue;
		}
		for (ptrdiff_t at = 0; (at = dwarf_ranges(&die, at, &base, &start, &end)) > 0;)
			if (start < end &&
			    start) /* the linker leaves ranges of dropped code at 0 */
				vec_push(NULL, &f->ranges,
				         ((struct unit_range){start, end, (uint32_t)f->units.n}));
		if (f->ranges.n > before)
			vec_push(NULL, &f->units, unit);
	}
	if (f->ranges.n)
		qsort(f->ranges.items, f->ranges.n, sizeof(*f->ranges.items), by_range);
}

struct dwarf_unit *dwarf_file_unit(struct dwarf_file *f, uint64_t address)
{
	size_t lo = 0, hi;

	dwarf_file_need_units(f);
	hi = f->ranges.n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (f->ranges.items[mid].start <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* Ranges hardly ever overlap; where they do, an earlier one may be the longer. */
	for (unsigned steps = 0; lo && steps < 16; steps++)
		if (address < f->ranges.items[--lo].end)
			return &f->units.items[f->ranges.items[lo].unit];
	return NULL;
}

/* ---- functions ---------------------------------------------------------------------------- */

static int by_start(const void *a, const void *b)
{
	const struct func_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Functions stand in units, namespaces, classes, and in functions. */
static void collect_funcs(struct dwarf_unit *u, Dwarf_Die *parent, unsigned depth)
{
	Dwarf_Die die;

	if (depth >= DIE_DEEPEST)
		return;
	for (bool more = die_first(parent, &die); more; more = die_next(&die)) {
		Dwarf_Addr base, start, end;

		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			for (ptrdiff_t at = 0;
			     (at = dwarf_ranges(&die, at, &base, &start, &end)) > 0;)
				if (start < end && start)
					vec_push(NULL, &u->funcs,
					         ((struct func_range){start, end, die}));
			collect_funcs(u, &die, depth + 1);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
		case DW_TAG_lexical_block:
			collect_funcs(u, &die, depth + 1);
			break;
		default:
			break;
		}
	}
}

static void need_funcs(struct dwarf_unit *u)
{
	if (u->is_read)
		return;
	u->is_read = true;
	collect_funcs(u, &u->split, 0);
	if (u->funcs.n)
		qsort(u->funcs.items, u->funcs.n, sizeof(*u->funcs.items), by_start);
}

bool dwarf_file_function(struct dwarf_file *f, uint64_t address, Dwarf_Die *ret)
{
	struct dwarf_unit *u = dwarf_file_unit(f, address);
	size_t lo = 0, hi;

	if (!u)
		return false;
	need_funcs(u);
	hi = u->funcs.n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (u->funcs.items[mid].start <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (unsigned steps = 0; lo && steps < 16; steps++)
		if (address < u->funcs.items[--lo].end) {
			*ret = u->funcs.items[lo].die;
			return true;
		}
	return false;
}

bool dwarf_file_cfa(struct dwarf_file *f, uint64_t address, Dwarf_Op **ret_ops, size_t *ret_n)
{
	Dwarf_CFI *tables[2];
	Dwarf_Frame *frame = NULL;
	bool ok = false;

	if (!f->has_cfi) {
		f->has_cfi = true;
		f->cfi = dwarf_getcfi_elf(f->elf);
	}
	tables[0] = f->cfi;
	tables[1] = dwarf_getcfi(f->dw); /* owned by the handle */
	for (int i = 0; i < 2 && !ok; i++) {
		if (!tables[i] || dwarf_cfi_addrframe(tables[i], address, &frame))
			continue;
		/* The expression lies in the frame, which is kept as long as nobody asks again. */
		ok = !dwarf_frame_cfa(frame, ret_ops, ret_n) && *ret_n;
		if (!ok)
			free(frame);
	}
	if (ok) {
		free(f->frame);
		f->frame = frame;
	}
	return ok;
}

struct dwarf_file *symbols_dwarf(struct symbols *s, const char *path)
{
	struct elf_file *f = elf_file_get(s, path, NULL);

	return f ? elf_file_dwarf(f) : NULL;
}
