/* Maps of the kind before BTF: a section "maps" (or "maps/NAME") with one struct per symbol. All
 * loaders begin it alike; what they have behind that tells them apart by its size:
 *
 *   20 bytes   libbpf up to 0.8
 *   28 bytes   the kernel's samples: number of the inner map in the section, NUMA node
 *   36 bytes   iproute2: id, pinning, id of the inner map, index in the outer one
 *
 * Others (gobpf, BCC) add names and places, which make no difference here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm/object/object_priv.h"

struct legacy_map {
	uint32_t type, key_size_b, value_size_b, max_entries, flags;
	uint32_t more[4];
};

enum { KNOWN_B = 20, SAMPLES_B = 28, IPROUTE2_B = 36 };

/* A map as read, while inner maps are still numbers. */
struct pending {
	struct legacy_map l;
	struct vm_map_def *def;
	uint64_t size_b;
};
typedef vec(struct pending) pending_vec;

static int by_value(const void *x, const void *y)
{
	const struct elf_symbol *const *a = x, *const *b = y;

	return (*a)->value < (*b)->value ? -1 : (*a)->value > (*b)->value;
}

static void read_map(struct reader *r, uint32_t section, const struct elf_symbol *sym,
                     uint64_t size_b, pending_vec *pending)
{
	const struct elf_section *s = &r->sections.items[section];
	struct pending p = {.size_b = size_b};

	memcpy(&p.l, s->data + sym->value, size_b < sizeof(p.l) ? size_b : sizeof(p.l));
	p.def = arena_new(r->a, struct vm_map_def);
	*p.def = (struct vm_map_def){.name = sym->name,
	                             .type = p.l.type,
	                             .key_size_b = p.l.key_size_b,
	                             .value_size_b = p.l.value_size_b,
	                             .max_entries = p.l.max_entries,
	                             .flags = p.l.flags,
	                             .btf = r->btf};
	vec_push(r->a, pending, p);
	*vec_add(r->a, &r->maps) = (struct object_map){
	    .def = p.def, .section = section, .offset_b = sym->value, .size_b = size_b};
}

/* A map of maps is told what its members look like by another map of the section. */
static void find_inner(const pending_vec *all, struct pending *p)
{
	for (uint32_t i = 0; i < all->n; i++) {
		const struct pending *other = &all->items[i];
		bool is_inner = p->size_b == SAMPLES_B ? i == p->l.more[0]
		                                       : p->size_b == IPROUTE2_B && p->l.more[2] &&
		                                             other->l.more[0] == p->l.more[2];

		if (is_inner && other != p && other->def->type != BPF_MAP_TYPE_ARRAY_OF_MAPS &&
		    other->def->type != BPF_MAP_TYPE_HASH_OF_MAPS)
			p->def->inner = other->def;
	}
}

static int read_section(struct reader *r, uint32_t section, pending_vec *pending)
{
	const struct elf_section *s = &r->sections.items[section];
	vec(const struct elf_symbol *) syms = {0};

	if (!s->data)
		return object_fail(r, EINVAL, "section %u \"%s\": no contents", section, s->name);
	vec_each (sym, &r->symbols)
		if (sym->section == section && *sym->name &&
		    (sym->type == STT_OBJECT || sym->type == STT_NOTYPE))
			vec_push(r->a, &syms, sym);
	if (syms.n)
		qsort(syms.items, syms.n, sizeof(*syms.items), by_value);
	for (size_t i = 0; i < syms.n; i++) {
		const struct elf_symbol *sym = syms.items[i];
		uint64_t end = i + 1 < syms.n ? syms.items[i + 1]->value : s->size_b;

		if (sym->value > s->size_b || end - sym->value < KNOWN_B)
			return object_fail(r, EINVAL,
			                   "section \"%s\" offset %llu: map \"%s\" is shorter "
			                   "than %d bytes or lies over another",
			                   s->name, (unsigned long long)sym->value, sym->name,
			                   KNOWN_B);
		read_map(r, section, sym, end - sym->value, pending);
	}
	return 0;
}

int maps_read_legacy(struct reader *r)
{
	pending_vec pending = {0};

	for (uint32_t i = 1; i < r->sections.n; i++) {
		const struct elf_section *s = &r->sections.items[i];
		int err;

		if (s->type != SHT_PROGBITS || (s->flags & SHF_EXECINSTR) ||
		    (strcmp(s->name, "maps") && strncmp(s->name, "maps/", 5)))
			continue;
		err = read_section(r, i, &pending);
		if (err)
			return err;
	}
	vec_each (p, &pending)
		if (p->def->type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
		    p->def->type == BPF_MAP_TYPE_HASH_OF_MAPS)
			find_inner(&pending, p);
	return 0;
}
