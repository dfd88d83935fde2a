/* Programs that implement a struct of the kernel's function pointers. A variable in .struct_ops (or
 * .struct_ops.link) is initialized with them; each relocation says which member one is for:
 *
 *   attach_btf_id   the struct, in kernel BTF
 *   attach_type     the member's index there, as libbpf passes it
 *
 * A program that no variable names stays without, and the verifier refuses it. */
#include <errno.h>
#include <string.h>

#include "vm/object/object_priv.h"

/* The variable that holds this offset, and the member of it that begins there. */
static bool find_member(struct reader *r, uint32_t section, uint64_t offset_b,
                        struct btf_record *ret_struct, struct walk_member *ret)
{
	const struct btf_var_secinfo *vars;
	struct btf_record rec, var;
	uint32_t id;

	if (!walk_datasec(r->btf, object_section_name(r, section), &id, &rec))
		return false;
	vars = rec.extra;
	for (uint32_t i = 0; i < rec.vlen; i++) {
		if (offset_b < vars[i].offset || offset_b - vars[i].offset >= vars[i].size)
			continue;
		if (!btf_get(r->btf, vars[i].type, &var) || var.kind != BTF_KIND_VAR ||
		    !walk_strip(r->btf, var.size_or_type, NULL, ret_struct))
			return false;
		for (uint32_t m = 0; walk_member(r->btf, ret_struct, m, ret); m++)
			if (ret->bit_off == (offset_b - vars[i].offset) * 8)
				return true;
	}
	return false;
}

static struct vm_program *find_program(struct reader *r, struct vm_object *o,
                                       const struct elf_symbol *sym, uint64_t addend)
{
	uint32_t code = functions_code(r, sym->section), f;
	uint64_t at = sym->value + addend;

	if (code == VM_NONE || at % 8 || at / 8 >= r->codes.items[code].n)
		return NULL;
	f = functions_find(r, code, (uint32_t)(at / 8));
	if (f == VM_NONE || !r->functions.items[f].is_entry ||
	    r->functions.items[f].first != at / 8)
		return NULL;
	return &o->programs[r->functions.items[f].program];
}

static void set_attach(struct reader *r, const struct btf_record *ops, const char *member,
                       struct vm_program *p)
{
	const char *name = btf_string(r->btf, ops->name_off);
	struct walk_member m;
	struct btf_record rec;
	uint32_t id;

	if (!r->kernel)
		return;
	name = arena_strndup(r->a, name, core_essential_len(name));
	id = btf_find(r->kernel, name, BTF_KIND_MASK(BTF_KIND_STRUCT), 0);
	if (!id || !btf_get(r->kernel, id, &rec))
		return;
	for (uint32_t i = 0; walk_member(r->kernel, &rec, i, &m); i++) {
		if (strcmp(m.name, member))
			continue;
		p->attach_btf = r->kernel;
		p->attach_btf_id = id;
		p->attach_type = i;
		p->attach_name = m.name;
		return;
	}
}

static int link_one(struct reader *r, struct vm_object *o, uint32_t section,
                    const struct elf_reloc *rel)
{
	const struct elf_section *s = &r->sections.items[section];
	const struct elf_symbol *sym;
	struct vm_program *p;
	struct walk_member m;
	struct btf_record ops;
	uint64_t addend = (uint64_t)rel->addend;
	int err = elf_reloc_symbol(r, rel, section, &sym);

	if (err)
		return err;
	if (rel->offset_b > s->size_b || s->size_b - rel->offset_b < 8)
		return object_fail(r, EINVAL,
		                   "section \"%s\" offset %llu: relocation beyond the section",
		                   s->name, (unsigned long long)rel->offset_b);
	if (!rel->has_addend && sym->type == STT_SECTION && s->data)
		memcpy(&addend, s->data + rel->offset_b, sizeof(addend));
	if (!find_member(r, section, rel->offset_b, &ops, &m))
		return object_fail(r, EINVAL,
		                   "section \"%s\" offset %llu: relocation by \"%s\" where BTF has "
		                   "no member of a struct",
		                   s->name, (unsigned long long)rel->offset_b, sym->name);
	p = find_program(r, o, sym, addend);
	if (!p)
		return object_fail(r, EINVAL,
		                   "section \"%s\" offset %llu: member \"%s\" is given \"%s\", "
		                   "which is not a program",
		                   s->name, (unsigned long long)rel->offset_b, m.name, sym->name);
	if (p->type == BPF_PROG_TYPE_STRUCT_OPS)
		set_attach(r, &ops, m.name, p);
	return 0;
}

int struct_ops_link(struct reader *r, struct vm_object *o)
{
	for (uint32_t i = 1; i < r->sections.n; i++) {
		const char *name = r->sections.items[i].name;

		name += *name == '?';
		if (strcmp(name, ".struct_ops") && strcmp(name, ".struct_ops.link"))
			continue;
		for (uint32_t s = 0; (s = elf_next_reloc_section(r, i, s));) {
			for (uint64_t k = 0; k < elf_reloc_count(&r->sections.items[s]); k++) {
				struct elf_reloc rel;
				int err = elf_reloc_get(r, s, k, &rel);

				if (!err)
					err = link_one(r, o, i, &rel);
				if (err)
					return err;
			}
		}
	}
	return 0;
}
