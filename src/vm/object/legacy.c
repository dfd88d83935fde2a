/* Maps of the old kind: a section called "maps" with one struct bpf_map_def per symbol (libbpf up
 * to 0.8, the kernel's samples). A loader could make the struct longer, as iproute2 and BCC did:
 * all in a section are of one size, and what follows the five known fields has to be zero. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm/object/object_priv.h"

struct legacy_map {
	uint32_t type, key_size_b, value_size_b, max_entries, flags;
};

static int by_value(const void *x, const void *y)
{
	const struct elf_symbol *const *a = x, *const *b = y;

	return (*a)->value < (*b)->value ? -1 : (*a)->value > (*b)->value;
}

static int read_map(struct reader *r, uint32_t section, const struct elf_symbol *sym,
                    uint64_t size_b)
{
	const struct elf_section *s = &r->sections.items[section];
	struct legacy_map l;
	struct vm_map_def *def;

	memcpy(&l, s->data + sym->value, sizeof(l));
	for (uint64_t i = sizeof(l); i < size_b; i++)
		if (s->data[sym->value + i])
			return object_fail(r, EINVAL,
			                   "section \"%s\" offset %llu: map \"%s\" has a field "
			                   "that is not known",
			                   s->name, (unsigned long long)(sym->value + i),
			                   sym->name);
	def = arena_new(r->a, struct vm_map_def);
	*def = (struct vm_map_def){.name = sym->name,
	                           .type = l.type,
	                           .key_size_b = l.key_size_b,
	                           .value_size_b = l.value_size_b,
	                           .max_entries = l.max_entries,
	                           .flags = l.flags,
	                           .btf = r->btf};
	*vec_add(r->a, &r->maps) = (struct object_map){
	    .def = def, .section = section, .offset_b = sym->value, .size_b = size_b};
	return 0;
}

int maps_read_legacy(struct reader *r)
{
	uint32_t section = elf_find_section(r, "maps");
	vec(const struct elf_symbol *) syms = {0};
	const struct elf_section *s;

	if (section == UINT32_MAX)
		return 0;
	s = &r->sections.items[section];
	if (!s->data)
		return object_fail(r, EINVAL, "section %u \"maps\": no contents", section);
	vec_each (sym, &r->symbols)
		if (sym->section == section && *sym->name &&
		    (sym->type == STT_OBJECT || sym->type == STT_NOTYPE))
			vec_push(r->a, &syms, sym);
	if (syms.n)
		qsort(syms.items, syms.n, sizeof(*syms.items), by_value);
	for (size_t i = 0; i < syms.n; i++) {
		const struct elf_symbol *sym = syms.items[i];
		uint64_t end = i + 1 < syms.n ? syms.items[i + 1]->value : s->size_b;
		int err;

		if (sym->value > s->size_b || end - sym->value < sizeof(struct legacy_map))
			return object_fail(r, EINVAL,
			                   "section \"maps\" offset %llu: map \"%s\" is shorter "
			                   "than %zu bytes or lies over another",
			                   (unsigned long long)sym->value, sym->name,
			                   sizeof(struct legacy_map));
		err = read_map(r, section, sym, end - sym->value);
		if (err)
			return err;
	}
	return 0;
}
