/* USDT: the places that a program marks with notes.
 *
 * Input: the notes "stapsdt" of an ELF file. Each tells of one place of a probe: its address, the
 * address that .stapsdt.base had when the note was written (prelink moves sections, not notes),
 * that of the semaphore, which counts who is tracing, and three strings: provider, name, arguments.
 * Output: the places as file offsets, which is what breakpoints go by. A note that says something
 * impossible is left out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <gelf.h>

#include "symbols/symbols_priv.h"

enum { NOTE_STAPSDT = 3 };

static uint64_t address_at(const unsigned char *p, size_t size_b)
{
	uint64_t wide;
	uint32_t narrow;

	if (size_b == sizeof(wide)) {
		memcpy(&wide, p, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, p, sizeof(narrow));
	return narrow;
}

/* The string at *at, which moves behind it; NULL if it does not end before `end`, or would do
 * something else to a terminal than to be read. */
static const char *string_at(const unsigned char **at, const unsigned char *end)
{
	const unsigned char *start = *at, *nul = memchr(start, '\0', (size_t)(end - start));

	if (!nul)
		return NULL;
	for (const unsigned char *c = start; c < nul; c++)
		if (*c < ' ' || *c == 0x7f)
			return NULL;
	*at = nul + 1;
	return (const char *)start;
}

bool usdt_note_read(const void *desc, size_t len_b, bool is_64, struct usdt_note *ret)
{
	const unsigned char *at = desc, *end = at + len_b;
	size_t size_b = is_64 ? 8 : 4;
	struct usdt_note n;

	if (len_b < 3 * size_b)
		return false;
	n.address = address_at(at, size_b);
	n.base = address_at(at + size_b, size_b);
	n.semaphore = address_at(at + 2 * size_b, size_b);
	at += 3 * size_b;
	n.provider = string_at(&at, end);
	n.name = n.provider ? string_at(&at, end) : NULL;
	n.args = n.name ? string_at(&at, end) : NULL;
	if (!n.args || !*n.provider || !*n.name)
		return false;
	*ret = n;
	return true;
}

/* Where the section .stapsdt.base lies now, 0: there is none. */
static uint64_t find_base(Elf *elf)
{
	Elf_Scn *scn = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return 0;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr sh;
		const char *name;

		if (!gelf_getshdr(scn, &sh))
			continue;
		name = elf_strptr(elf, names, sh.sh_name);
		if (name && !strcmp(name, ".stapsdt.base"))
			return sh.sh_addr;
	}
	return 0;
}

typedef vec(struct elf_usdt) usdt_vec;

static void add_note(struct symbols *s, const struct elf_file *f, struct usdt_note n, uint64_t base,
                     usdt_vec *out)
{
	struct elf_usdt u = {0};
	uint64_t moved = base && n.base ? base - n.base : 0;

	u.address = n.address + moved;
	if (!elf_file_to_offset(f, u.address, true, &u.off_b))
		return;
	if (n.semaphore &&
	    (!elf_file_to_offset(f, n.semaphore + moved, false, &u.semaphore_off_b) ||
	     !u.semaphore_off_b))
		return;
	u.provider = arena_strdup(s->a, n.provider);
	u.name = arena_strdup(s->a, n.name);
	u.args = arena_strdup(s->a, n.args);
	vec_push(s->a, out, u);
}

static void read_section(struct symbols *s, const struct elf_file *f, Elf_Data *data, bool is_64,
                         uint64_t base, usdt_vec *out)
{
	size_t off = 0, name_off, desc_off;
	GElf_Nhdr nh;

	while (data && (off = gelf_getnote(data, off, &nh, &name_off, &desc_off))) {
		const unsigned char *bytes = data->d_buf;
		struct usdt_note n;

		if (nh.n_type == NOTE_STAPSDT && nh.n_namesz == sizeof("stapsdt") &&
		    !memcmp(bytes + name_off, "stapsdt", sizeof("stapsdt")) &&
		    usdt_note_read(bytes + desc_off, nh.n_descsz, is_64, &n))
			add_note(s, f, n, base, out);
	}
}

static int by_name(const void *a, const void *b)
{
	const struct elf_usdt *x = a, *y = b;
	int order = strcmp(x->provider, y->provider);

	if (!order)
		order = strcmp(x->name, y->name);
	if (order)
		return order;
	return x->address < y->address ? -1 : x->address > y->address;
}

static void read_notes(struct symbols *s, struct elf_file *f, struct usdt_list *list)
{
	Elf *elf = elf_file_elf(f);
	Elf_Scn *scn = NULL;
	usdt_vec out = {0};
	GElf_Ehdr eh;
	uint64_t base;
	bool is_64;

	list->is_read = true;
	/* what stands in a note is in the file's byte order */
	if (!gelf_getehdr(elf, &eh) ||
	    eh.e_ident[EI_DATA] !=
	        (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB))
		return;
	base = find_base(elf);
	is_64 = eh.e_ident[EI_CLASS] == ELFCLASS64;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr sh;

		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_NOTE)
			read_section(s, f, elf_getdata(scn, NULL), is_64, base, &out);
	}
	if (out.n)
		qsort(out.items, out.n, sizeof(*out.items), by_name);
	list->items = out.items;
	list->n = out.n;
}

int symbols_elf_usdt(struct symbols *s, const char *path, const struct elf_usdt **ret,
                     size_t *ret_n)
{
	int err = -ENOENT;
	struct elf_file *f = elf_file_get(s, path, &err);
	struct usdt_list *list;

	if (!f)
		return err;
	list = elf_file_usdt(f);
	if (!list->is_read)
		read_notes(s, f, list);
	*ret = list->items;
	*ret_n = list->n;
	return 0;
}
