/* Data sections as maps: .data, .rodata, .bss and their kin are arrays of one value each, which is
 * the section; programs reach variables by offset (libbpf's convention).
 *
 * A compiler leaves sizes of sections and offsets of variables in BTF's DATASECs at zero for the
 * linker. Nobody links BPF objects, so the reader fills them in from the symbols: the kernel finds
 * locks and timers in global variables by these offsets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm/object/object_priv.h"

#define DATA_MAX_B (64u << 20) /* of zeros that a .bss may ask for */

static bool is_called(const char *name, const char *base)
{
	size_t len_b = strlen(base);

	return !strncmp(name, base, len_b) && (!name[len_b] || name[len_b] == '.');
}

static const struct elf_symbol *find_variable(const struct reader *r, uint32_t section,
                                              const char *name)
{
	vec_each (s, &r->symbols)
		if (s->section == section && s->type == STT_OBJECT && !strcmp(s->name, name))
			return s;
	return NULL;
}

static int by_offset(const void *x, const void *y)
{
	const struct btf_var_secinfo *a = x, *b = y;

	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* The record lies in our copy of the BTF, so it may be written to. */
static void complete_datasec(struct reader *r, const struct btf_record *rec)
{
	const char *name = btf_string(r->btf, rec->name_off);
	uint32_t section = elf_find_section(r, name);
	struct btf_var_secinfo *vars = (struct btf_var_secinfo *)(uintptr_t)rec->extra;
	struct btf_type *head =
	    (struct btf_type *)((uint8_t *)(uintptr_t)rec->extra - sizeof(struct btf_type));

	if (section == UINT32_MAX || rec->size_or_type)
		return;
	head->size = r->sections.items[section].size_b > UINT32_MAX
	                 ? 0
	                 : (uint32_t)r->sections.items[section].size_b;
	for (uint32_t i = 0; i < rec->vlen; i++) {
		struct btf_record var;
		const struct elf_symbol *sym;

		if (!btf_get(r->btf, vars[i].type, &var) || var.kind != BTF_KIND_VAR)
			continue;
		sym = find_variable(r, section, btf_string(r->btf, var.name_off));
		/* Static variables have their offset already, or keep 0. */
		if (sym && sym->value <= UINT32_MAX)
			vars[i].offset = (uint32_t)sym->value;
	}
	qsort(vars, rec->vlen, sizeof(*vars), by_offset);
}

int data_complete_btf(struct reader *r)
{
	const char *name;

	if (!r->btf)
		return 0;
	for (uint32_t id = 0;
	     (id = btf_next(r->btf, BTF_KIND_MASK(BTF_KIND_DATASEC), id, &name));) {
		struct btf_record rec;

		if (btf_get(r->btf, id, &rec))
			complete_datasec(r, &rec);
	}
	return 0;
}

static int add_data_map(struct reader *r, uint32_t section, bool is_constant)
{
	const struct elf_section *s = &r->sections.items[section];
	struct vm_map_def *def;
	struct btf_record rec;
	struct object_map *map;

	if (!s->size_b)
		return 0;
	if (s->size_b > DATA_MAX_B)
		return object_fail(r, E2BIG, "section %u \"%s\": %llu bytes are too many", section,
		                   s->name, (unsigned long long)s->size_b);
	def = arena_new(r->a, struct vm_map_def);
	*def = (struct vm_map_def){.name = s->name,
	                           .type = BPF_MAP_TYPE_ARRAY,
	                           .key_size_b = 4,
	                           .value_size_b = (uint32_t)s->size_b,
	                           .max_entries = 1,
	                           .flags = is_constant ? BPF_F_RDONLY_PROG : 0,
	                           .is_frozen = is_constant,
	                           .init = s->data ? arena_memdup(r->a, s->data, s->size_b) : NULL,
	                           .btf = r->btf};
	if (walk_datasec(r->btf, s->name, &def->value_type, &rec) && rec.size_or_type != s->size_b)
		def->value_type = 0; /* it describes something else */
	map = vec_add(r->a, &r->maps);
	*map = (struct object_map){
	    .def = def, .section = section, .size_b = s->size_b, .is_data = true};
	return 0;
}

int data_read_maps(struct reader *r)
{
	for (uint32_t i = 1; i < r->sections.n; i++) {
		const struct elf_section *s = &r->sections.items[i];
		bool is_constant = is_called(s->name, ".rodata");
		int err;

		if (s->type != SHT_PROGBITS && s->type != SHT_NOBITS)
			continue;
		if (!is_constant && !is_called(s->name, ".data") && !is_called(s->name, ".bss"))
			continue;
		if (s->flags & SHF_EXECINSTR)
			continue;
		err = add_data_map(r, i, is_constant);
		if (err)
			return err;
	}
	return 0;
}
