/* Names for the procedure linkage table: the few instructions through which a program calls other
 * files' functions. No symbol names them.
 *
 * Input: an ELF file. Output: for each entry its address and the function that it jumps to: the
 * jump goes through a slot of the GOT, and a relocation says which symbol the slot is for. The
 * code is looked at, not its place in the section, as linkers lay entries out in several ways. */
#include <stdlib.h>
#include <string.h>
#include <gelf.h>

#include "symbols/symbols_priv.h"

struct slot {
	uint64_t address;
	const char *name;
};

typedef vec(struct slot) slot_vec;

static int by_slot(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* All that a section of relocations says of functions by name. */
static void read_relocations(Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh, slot_vec *out)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	Elf_Scn *table = elf_getscn(elf, sh->sh_link);
	Elf_Data *symbols = table ? elf_getdata(table, NULL) : NULL;
	size_t n = data && sh->sh_entsize ? data->d_size / sh->sh_entsize : 0;
	GElf_Shdr table_sh;

	if (!symbols || !gelf_getshdr(table, &table_sh) || table_sh.sh_type != SHT_DYNSYM)
		return;
	for (size_t i = 0; i < n; i++) {
		const char *name;
		GElf_Rela rela;
		GElf_Sym sym;

		if (!gelf_getrela(data, (int)i, &rela) ||
		    !gelf_getsym(symbols, (int)GELF_R_SYM(rela.r_info), &sym))
			continue;
		name = elf_strptr(elf, table_sh.sh_link, sym.st_name);
		if (name && *name)
			vec_push(NULL, out, ((struct slot){rela.r_offset, name}));
	}
}

/* The slot that an entry of 16 bytes jumps through, 0 if it is none. */
static uint64_t slot_of(uint16_t machine, const unsigned char *code, uint64_t address)
{
	if (machine == EM_X86_64) {
		for (int at = 0; at + 6 <= 16; at++) { /* behind endbr64, bnd */
			int32_t distance;

			if (code[at] != 0xff || code[at + 1] != 0x25)
				continue;
			memcpy(&distance, code + at + 2, sizeof(distance));
			return address + (uint64_t)at + 6 + (uint64_t)(int64_t)distance;
		}
	} else if (machine == EM_AARCH64) {
		uint32_t page, load;
		int64_t pages;

		memcpy(&page, code, 4);
		memcpy(&load, code + 4, 4);
		/* adrp x16, PAGE; ldr x17, [x16, #OFFSET] */
		if ((page & 0x9f00001f) != 0x90000010 || (load & 0xffc003ff) != 0xf9400211)
			return 0;
		pages = (int32_t)((page >> 5 & 0x7ffff) << 13) >> 11 | (page >> 29 & 3);
		return (address & ~0xfffull) + ((uint64_t)pages << 12) + (load >> 10 & 0xfff) * 8;
	}
	return 0;
}

static void name_entries(uint16_t machine, Elf_Scn *scn, const GElf_Shdr *sh, const slot_vec *slots,
                         plt_fn *fn, void *arg)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	uint64_t step_b = sh->sh_entsize == 8 ? 8 : 16; /* .plt.got */

	for (uint64_t at = 0; data && at + step_b <= data->d_size; at += step_b) {
		unsigned char code[16] = {0};
		struct slot wanted;
		const struct slot *found;

		memcpy(code, (const unsigned char *)data->d_buf + at, step_b);
		wanted.address = slot_of(machine, code, sh->sh_addr + at);
		found = wanted.address
		            ? bsearch(&wanted, slots->items, slots->n, sizeof(wanted), by_slot)
		            : NULL;
		if (found)
			fn(arg, sh->sh_addr + at, step_b, found->name);
	}
}

void plt_read(Elf *elf, plt_fn *fn, void *arg)
{
	slot_vec slots = {0};
	Elf_Scn *scn = NULL;
	GElf_Ehdr eh;
	GElf_Shdr sh;
	size_t names;

	if (!gelf_getehdr(elf, &eh) || elf_getshdrstrndx(elf, &names))
		return;
	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_RELA)
			read_relocations(elf, scn, &sh, &slots);
	if (!slots.n)
		return;
	qsort(slots.items, slots.n, sizeof(*slots.items), by_slot);
	while ((scn = elf_nextscn(elf, scn))) {
		const char *name =
		    gelf_getshdr(scn, &sh) ? elf_strptr(elf, names, sh.sh_name) : NULL;

		if (name && !strncmp(name, ".plt", 4) && sh.sh_type == SHT_PROGBITS)
			name_entries(eh.e_machine, scn, &sh, &slots, fn, arg);
	}
	vec_free(&slots);
}
