/* The ELF container: sections, symbols and relocations of a 64-bit little-endian relocatable file
 * (System V ABI, chapters 4 and 5; machine EM_BPF).
 *
 * Input: bytes nobody vouches for. Output: tables of reader whose pointers lie inside the bytes.
 * The file's headers are copied out before use, as nothing in it need be aligned. */
#include <errno.h>
#include <string.h>

#include "vm/object/object_priv.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif
#define SYMBOLS_MAX (1u << 20)

static bool is_inside(const struct reader *r, uint64_t off_b, uint64_t len_b)
{
	return off_b <= r->len_b && len_b <= r->len_b - off_b;
}

/* The string at off_b of a string table, NULL if it has no end there. */
static const char *string_at(const struct elf_section *table, uint64_t off_b)
{
	const char *s;

	if (!table->data || off_b >= table->size_b)
		return NULL;
	s = (const char *)table->data + off_b;
	return memchr(s, '\0', table->size_b - off_b) ? s : NULL;
}

static int read_header(struct reader *r, Elf64_Ehdr *h)
{
	if (r->len_b < sizeof(*h))
		return object_fail(r, EINVAL, "offset 0: %zu bytes are too few for an ELF header",
		                   r->len_b);
	memcpy(h, r->bytes, sizeof(*h));
	if (memcmp(h->e_ident, ELFMAG, SELFMAG))
		return object_fail(r, EINVAL, "offset 0: not an ELF file");
	if (h->e_ident[EI_CLASS] != ELFCLASS64)
		return object_fail(r, EINVAL, "offset 4: not a 64-bit ELF file");
	if (h->e_ident[EI_DATA] != ELFDATA2LSB)
		return object_fail(r, EINVAL, "offset 5: not a little-endian ELF file");
	if (h->e_type != ET_REL)
		return object_fail(r, EINVAL, "offset 16: not a relocatable object (type %u)",
		                   h->e_type);
	/* LLVM had no number of its own for BPF before 4.0. */
	if (h->e_machine != EM_BPF && h->e_machine != EM_NONE)
		return object_fail(r, EINVAL, "offset 18: not for BPF (machine %u)", h->e_machine);
	if (h->e_shentsize != sizeof(Elf64_Shdr))
		return object_fail(r, EINVAL, "offset 58: section headers of %u bytes, not %zu",
		                   h->e_shentsize, sizeof(Elf64_Shdr));
	return 0;
}

static int read_section(struct reader *r, uint64_t at, uint32_t number)
{
	struct elf_section *s = vec_add(r->a, &r->sections);
	Elf64_Shdr h;

	memcpy(&h, r->bytes + at, sizeof(h));
	*s = (struct elf_section){.name = "",
	                          .type = h.sh_type,
	                          .link = h.sh_link,
	                          .info = h.sh_info,
	                          .flags = h.sh_flags,
	                          .offset_b = h.sh_offset,
	                          .size_b = h.sh_size,
	                          .entry_b = h.sh_entsize};
	if (h.sh_type == SHT_NULL) {
		s->size_b = 0;
		return 0;
	}
	if (h.sh_type == SHT_NOBITS)
		return 0;
	if (!is_inside(r, h.sh_offset, h.sh_size))
		return object_fail(
		    r, EINVAL, "section %u: %llu bytes at offset %llu reach beyond the file",
		    number, (unsigned long long)h.sh_size, (unsigned long long)h.sh_offset);
	if (h.sh_flags & SHF_COMPRESSED)
		return object_fail(r, EINVAL, "section %u: compressed", number);
	s->data = r->bytes + h.sh_offset;
	return 0;
}

static int read_sections(struct reader *r, const Elf64_Ehdr *h)
{
	uint64_t n = h->e_shnum, names = h->e_shstrndx;
	Elf64_Shdr first;
	int err;

	if (!h->e_shoff || !is_inside(r, h->e_shoff, sizeof(first)))
		return object_fail(r, EINVAL, "offset 40: no section headers at offset %llu",
		                   (unsigned long long)h->e_shoff);
	/* Numbers too large for the file header stand in the first section's (gABI, figure 4-10).
	 */
	memcpy(&first, r->bytes + h->e_shoff, sizeof(first));
	if (!n)
		n = first.sh_size;
	if (names == SHN_XINDEX)
		names = first.sh_link;
	if (n > (r->len_b - h->e_shoff) / sizeof(first))
		return object_fail(r, EINVAL,
		                   "%llu section headers at offset %llu reach beyond the file",
		                   (unsigned long long)n, (unsigned long long)h->e_shoff);
	vec_reserve(r->a, &r->sections, n);
	for (uint64_t i = 0; i < n; i++) {
		err = read_section(r, h->e_shoff + i * sizeof(first), (uint32_t)i);
		if (err)
			return err;
	}
	if (names >= n || r->sections.items[names].type != SHT_STRTAB)
		return object_fail(r, EINVAL, "offset 62: section %llu holds no section names",
		                   (unsigned long long)names);
	r->shstrtab = (uint32_t)names;
	for (uint64_t i = 1; i < n; i++) {
		uint32_t off_b;

		memcpy(&off_b, r->bytes + h->e_shoff + i * sizeof(first), sizeof(off_b));
		r->sections.items[i].name = string_at(&r->sections.items[names], off_b);
		if (!r->sections.items[i].name)
			return object_fail(r, EINVAL, "section %llu: its name, %u, is no string",
			                   (unsigned long long)i, off_b);
		if (!strmap_get(&r->by_name, r->sections.items[i].name))
			strmap_put(&r->by_name, r->sections.items[i].name, (void *)(uintptr_t)i);
	}
	return 0;
}

/* The index of a symbol's section, which may stand in a section beside the table. */
static uint32_t symbol_section(const struct reader *r, const Elf64_Sym *sym, uint64_t number)
{
	if (sym->st_shndx != SHN_XINDEX)
		return sym->st_shndx;
	vec_each (s, &r->sections) {
		uint32_t index;

		if (s->type != SHT_SYMTAB_SHNDX || s->link != r->symtab || !s->data)
			continue;
		if (number >= s->size_b / sizeof(index))
			break;
		memcpy(&index, s->data + number * sizeof(index), sizeof(index));
		return index;
	}
	return SHN_XINDEX;
}

static int read_symbol(struct reader *r, const struct elf_section *table,
                       const struct elf_section *strings, uint64_t number)
{
	struct elf_symbol *ret = vec_add(r->a, &r->symbols);
	Elf64_Sym sym;

	memcpy(&sym, table->data + number * sizeof(sym), sizeof(sym));
	*ret = (struct elf_symbol){.name = string_at(strings, sym.st_name),
	                           .value = sym.st_value,
	                           .size_b = sym.st_size,
	                           .section = symbol_section(r, &sym, number),
	                           .type = ELF64_ST_TYPE(sym.st_info),
	                           .bind = ELF64_ST_BIND(sym.st_info),
	                           .visibility = ELF64_ST_VISIBILITY(sym.st_other)};
	if (!ret->name)
		return object_fail(r, EINVAL, "symbol %llu: its name, %u, is no string",
		                   (unsigned long long)number, sym.st_name);
	if (ret->section == SHN_ABS || ret->section == SHN_COMMON)
		return 0;
	if (ret->section >= r->sections.n)
		return object_fail(r, EINVAL, "symbol %llu \"%s\": there is no section %u",
		                   (unsigned long long)number, ret->name, ret->section);
	if (ret->type == STT_SECTION)
		ret->name = r->sections.items[ret->section].name;
	return 0;
}

static int read_symbols(struct reader *r)
{
	for (uint32_t i = 1; i < r->sections.n; i++) {
		if (r->sections.items[i].type != SHT_SYMTAB)
			continue;
		if (r->symtab)
			return object_fail(r, EINVAL, "section %u: a second symbol table", i);
		r->symtab = i;
	}
	if (!r->symtab)
		return 0;

	const struct elf_section *table = &r->sections.items[r->symtab];
	uint64_t n = table->size_b / sizeof(Elf64_Sym);

	if (table->link >= r->sections.n || r->sections.items[table->link].type != SHT_STRTAB)
		return object_fail(r, EINVAL, "section %u \"%s\": section %u holds no symbol names",
		                   r->symtab, table->name, table->link);
	if (table->size_b % sizeof(Elf64_Sym) || n > SYMBOLS_MAX)
		return object_fail(r, EINVAL, "section %u \"%s\": %llu bytes of symbols", r->symtab,
		                   table->name, (unsigned long long)table->size_b);
	vec_reserve(r->a, &r->symbols, n);
	r->has_one_strtab = table->link == r->shstrtab;
	for (uint64_t i = 0; i < n; i++) {
		int err = read_symbol(r, table, &r->sections.items[table->link], i);

		if (err)
			return err;
	}
	return 0;
}

/* Chains of relocation sections, each beginning at the section they are for; objects may have
 * thousands of both. (One for itself, or for another such, means nothing.) */
static void chain_relocs(struct reader *r)
{
	uint32_t n = (uint32_t)r->sections.n;
	uint32_t *last = arena_array(r->a, uint32_t, n);

	r->next_reloc = arena_array(r->a, uint32_t, n);
	for (uint32_t i = 1; i < n; i++) {
		const struct elf_section *s = &r->sections.items[i];
		uint32_t to = s->info;

		if ((s->type != SHT_REL && s->type != SHT_RELA) || to >= n ||
		    r->sections.items[to].type == SHT_REL || r->sections.items[to].type == SHT_RELA)
			continue;
		r->next_reloc[last[to] ? last[to] : to] = i;
		last[to] = i;
	}
}

int elf_read(struct reader *r)
{
	Elf64_Ehdr h;
	int err = read_header(r, &h);

	if (!err)
		err = read_sections(r, &h);
	if (!err)
		err = read_symbols(r);
	if (!err)
		chain_relocs(r);
	return err;
}

uint32_t elf_find_section(const struct reader *r, const char *name)
{
	uintptr_t index = (uintptr_t)strmap_get(&r->by_name, name);

	return index ? (uint32_t)index : UINT32_MAX;
}

uint32_t elf_next_reloc_section(const struct reader *r, uint32_t section, uint32_t after)
{
	return after ? r->next_reloc[after] : r->next_reloc[section];
}

static size_t reloc_bytes(const struct elf_section *s)
{
	return s->type == SHT_RELA ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel);
}

uint64_t elf_reloc_count(const struct elf_section *s)
{
	return s->size_b / reloc_bytes(s);
}

int elf_reloc_get(struct reader *r, uint32_t section, uint64_t index, struct elf_reloc *ret)
{
	const struct elf_section *s = &r->sections.items[section];
	Elf64_Rela rel = {0};

	if (s->link != r->symtab)
		return object_fail(r, EINVAL, "section %u \"%s\": relocations without symbols",
		                   section, s->name);
	memcpy(&rel, s->data + index * reloc_bytes(s), reloc_bytes(s));
	*ret = (struct elf_reloc){.offset_b = rel.r_offset,
	                          .symbol = (uint32_t)ELF64_R_SYM(rel.r_info),
	                          .type = (uint32_t)ELF64_R_TYPE(rel.r_info),
	                          .addend = rel.r_addend,
	                          .has_addend = s->type == SHT_RELA};
	return 0;
}

int elf_reloc_symbol(struct reader *r, const struct elf_reloc *rel, uint32_t section,
                     const struct elf_symbol **ret)
{
	if (rel->symbol >= r->symbols.n || !rel->symbol)
		return object_fail(r, EINVAL,
		                   "section \"%s\" offset %llu: relocation by symbol %u, "
		                   "which does not exist",
		                   object_section_name(r, section),
		                   (unsigned long long)rel->offset_b, rel->symbol);
	*ret = &r->symbols.items[rel->symbol];
	return 0;
}
