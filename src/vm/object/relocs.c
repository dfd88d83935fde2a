/* Relocations of code (Documentation/bpf/llvm_reloc.rst): what an instruction names becomes a map,
 * a place in a data section, a function of this object, or something of the kernel's.
 *
 *   R_BPF_64_64   lddw: the symbol's value, plus what stands in the immediate
 *   R_BPF_64_32   call: the symbol's value / 8, plus the immediate, plus 1
 *
 * Functions are not known by a place yet, as each program gets its own copies: those relocations
 * leave a fixup (programs.c). Calls within a section need no relocation of the compiler's; they
 * get a fixup here all the same. */
#include <errno.h>
#include <string.h>

#include "vm/object/object_priv.h"

/* Three more, for 32 and 64 bits of data, are for sections that stay in the object (.BTF, DWARF)
 * and for .maps and .struct_ops, whose readers know what to expect. */
enum { REL_64_64 = 1, REL_ABS64 = 2, REL_64_32 = 10 };

enum { MAP_TYPE_ARENA = 33 }; /* BPF_MAP_TYPE_ARENA, Linux 6.9 */

struct site {
	struct reader *r;
	uint32_t code, slot;
	struct bpf_insn *insn;
	struct fixup *fixup;
	const struct elf_symbol *sym;
	int64_t addend;
};

static int site_fail(const struct site *s, const char *reason)
{
	return object_fail(s->r, EINVAL, "%s: relocation by \"%s\": %s",
	                   object_place(s->r, s->code, s->slot), s->sym->name, reason);
}

static void set_lddw(struct site *s, uint8_t pseudo, uint32_t low, uint32_t high)
{
	s->insn[0].src_reg = pseudo & 0xf;
	s->insn[0].imm = (int32_t)low;
	s->insn[1].imm = (int32_t)high;
	s->fixup->kind = FIX_RESOLVED;
}

/* A function of this object, as the target of a call or of an lddw. */
static int name_function(struct site *s, enum fixup_kind kind, uint32_t code, int64_t slot)
{
	struct reader *r = s->r;
	uint32_t f = VM_NONE;

	if (slot >= 0 && slot < UINT32_MAX)
		f = functions_find(r, code, (uint32_t)slot);
	if (f == VM_NONE)
		return object_fail(
		    r, ENOEXEC, "%s: %s slot %lld of section \"%s\", where no function is",
		    object_place(r, s->code, s->slot),
		    kind == FIX_CALL ? "calls" : "takes the address of", (long long)slot,
		    object_section_name(r, r->codes.items[code].section));
	if (r->codes.items[code].fixups[slot].kind == FIX_TAIL)
		return object_fail(r, ENOEXEC, "%s: the target is the middle of an lddw",
		                   object_place(r, s->code, s->slot));
	*s->fixup = (struct fixup){
	    .kind = kind, .function = f, .delta = (uint32_t)slot - r->functions.items[f].first};
	return 0;
}

static int site_fail_missing(const struct site *s)
{
	return site_fail(s, s->r->kernel ? "this kernel has no such symbol"
	                                 : "there is no kernel BTF to find it in");
}

static int apply_extern_call(struct site *s)
{
	const struct object_extern *e = externs_find(s->r, s->sym->name);

	if (!e)
		return site_fail(s,
		                 "the function is not in this object, and not one of the kernel's "
		                 "by its BTF");
	if (e->kind != EXTERN_FUNCTION)
		return site_fail(s, "not a function");
	if (!e->is_found && !e->is_weak)
		return site_fail_missing(s);
	s->fixup->kind = FIX_RESOLVED;
	if (!e->is_found) { /* weak: good as long as nobody gets here, as libbpf has it */
		s->insn->src_reg = 0;
		s->insn->imm = 2002000000 + (int32_t)(e - s->r->externs.items);
		vec_push(s->r->a, &s->r->codes.items[s->code].notes,
		         ((struct object_note){
		             .slot = s->slot,
		             .text = arena_printf(s->r->a, "the kernel has no function \"%s\"",
		                                  e->name)}));
		return 0;
	}
	s->insn->src_reg = BPF_PSEUDO_KFUNC_CALL;
	s->insn->imm = (int32_t)e->btf_id;
	s->insn->off = 0;
	return 0;
}

static int apply_call(struct site *s)
{
	uint32_t code;

	if (s->sym->section == SHN_UNDEF)
		return apply_extern_call(s);
	code = functions_code(s->r, s->sym->section);
	if (code == VM_NONE)
		return site_fail(s, "calls something that is not code");
	if (s->sym->value % 8 || s->sym->value / 8 > INT32_MAX)
		return site_fail(s, "calls between two instructions");
	s->insn->src_reg = BPF_PSEUDO_CALL;
	return name_function(s, FIX_CALL, code, (int64_t)(s->sym->value / 8) + s->addend + 1);
}

static int apply_extern_address(struct site *s)
{
	const struct object_extern *e = externs_find(s->r, s->sym->name);

	if (!e)
		return site_fail(s, "not in this object, and no BTF says where else");
	if (e->kind != EXTERN_KCONFIG && !e->is_found && !e->is_weak)
		return site_fail_missing(s);
	if (e->kind == EXTERN_KCONFIG)
		set_lddw(s, BPF_PSEUDO_MAP_IDX_VALUE, s->r->kconfig_map, e->offset_b);
	else if (e->is_found && e->btf_id)
		set_lddw(s, BPF_PSEUDO_BTF_ID, e->btf_id, 0);
	else
		set_lddw(s, 0, (uint32_t)e->address, (uint32_t)(e->address >> 32));
	return 0;
}

/* Variables in address space 1 lie at the beginning of the object's arena. */
static int apply_arena(struct site *s, uint64_t at)
{
	vec_each (m, &s->r->maps) {
		if (m->def->type == MAP_TYPE_ARENA) {
			set_lddw(s, BPF_PSEUDO_MAP_IDX_VALUE, (uint32_t)(m - s->r->maps.items),
			         (uint32_t)at);
			return 0;
		}
	}
	return site_fail(s, "a variable of an arena, but no map is one");
}

static int apply_address(struct site *s)
{
	struct reader *r = s->r;
	struct object_map *map;
	uint64_t at;
	uint32_t code;

	if (s->sym->section == SHN_UNDEF)
		return apply_extern_address(s);
	if (s->sym->section >= r->sections.n)
		return site_fail(s, "the symbol is in no section");
	at = s->sym->value + (uint64_t)s->addend;
	code = functions_code(r, s->sym->section);
	if (code != VM_NONE) {
		if (at % 8)
			return site_fail(s, "the address is between two instructions");
		s->insn[0].src_reg = BPF_PSEUDO_FUNC;
		s->insn[1].imm = 0;
		return name_function(s, FIX_ADDRESS, code, (int64_t)(at / 8));
	}
	/* A data section is one map, and offsets into it are the verifier's to check. */
	vec_each (m, &r->maps) {
		if (m->is_data && m->section == s->sym->section) {
			set_lddw(s, BPF_PSEUDO_MAP_IDX_VALUE, (uint32_t)(m - r->maps.items),
			         (uint32_t)at);
			return 0;
		}
	}
	if (!strcmp(object_section_name(r, s->sym->section), ".addr_space.1"))
		return apply_arena(s, at);
	if (s->sym->type != STT_SECTION)
		at = s->sym->value;
	map = maps_find(r, s->sym->section, at);
	if (!map)
		return site_fail(s, "no map and no variable is there");
	if (map->offset_b != at)
		return site_fail(s, "the middle of a map's definition");
	set_lddw(s, BPF_PSEUDO_MAP_IDX, (uint32_t)(map - r->maps.items), 0);
	return 0;
}

/* What is to be added to the symbol's value. Nobody calls or names as a map anything but what a
 * symbol stands for; only sections, and variables, are reached into. */
static int64_t field_addend(const struct reader *r, const struct elf_symbol *sym,
                            const struct bpf_insn *insn)
{
	if (sym->type == STT_SECTION)
		return insn->imm;
	if (insn->code == (BPF_JMP | BPF_CALL))
		return -1;
	if (sym->type == STT_FUNC)
		return 0;
	return r->has_doubled_fields ? insn->imm - (int64_t)sym->value : insn->imm;
}

/* Whether the fields of relocations hold the symbols' values already, besides what is to be added:
 * GNU as up to 2.40 writes such objects. It gives every object .data and .bss and keeps the names
 * of sections apart from those of symbols, which LLVM doesn't; and no field is less than its
 * symbol's value, which is all that can be seen of it. */
static int find_doubled_fields(struct reader *r)
{
	bool is_gnu = elf_find_section(r, ".data") != UINT32_MAX &&
	              elf_find_section(r, ".bss") != UINT32_MAX && !r->has_one_strtab;

	r->has_doubled_fields = is_gnu;
	for (uint32_t code = 0; is_gnu && code < r->codes.n; code++) {
		const struct code *c = &r->codes.items[code];

		for (uint32_t s = 0; (s = elf_next_reloc_section(r, c->section, s));) {
			for (uint64_t i = 0; i < elf_reloc_count(&r->sections.items[s]); i++) {
				const struct elf_symbol *sym;
				struct elf_reloc rel;
				int err = elf_reloc_get(r, s, i, &rel);

				if (!err)
					err = elf_reloc_symbol(r, &rel, c->section, &sym);
				if (err)
					return err;
				if (rel.type != REL_64_64 || rel.offset_b / 8 >= c->n ||
				    sym->section == SHN_UNDEF || sym->type == STT_SECTION)
					continue;
				if ((uint32_t)c->insns[rel.offset_b / 8].imm < sym->value)
					r->has_doubled_fields = false;
			}
		}
	}
	return 0;
}

static int apply_one(struct reader *r, uint32_t code, const struct elf_reloc *rel)
{
	struct code *c = &r->codes.items[code];
	struct site s = {.r = r, .code = code};
	int err = elf_reloc_symbol(r, rel, c->section, &s.sym);
	bool is_lddw, is_call;

	if (err)
		return err;
	if (rel->offset_b % 8 || rel->offset_b / 8 >= c->n)
		return object_fail(r, EINVAL,
		                   "section \"%s\" offset %llu: relocation by \"%s\": no "
		                   "instruction begins there",
		                   object_section_name(r, c->section),
		                   (unsigned long long)rel->offset_b, s.sym->name);
	s.slot = (uint32_t)(rel->offset_b / 8);
	s.insn = &c->insns[s.slot];
	s.fixup = &c->fixups[s.slot];
	if (functions_find(r, code, s.slot) == VM_NONE)
		return site_fail(&s, "in no function");
	switch (s.fixup->kind) {
	case FIX_TAIL:
		return site_fail(&s, "in the middle of an lddw");
	case FIX_POISON:
		return 0;
	case FIX_NONE:
		break;
	default:
		return site_fail(&s, "the second for this instruction");
	}
	s.addend = rel->has_addend ? rel->addend : field_addend(r, s.sym, s.insn);
	is_lddw = s.insn->code == (BPF_LD | BPF_IMM | BPF_DW);
	is_call = s.insn->code == (BPF_JMP | BPF_CALL);
	if (rel->type == REL_64_32 && is_call)
		return apply_call(&s);
	if ((rel->type == REL_64_64 || rel->type == REL_ABS64) && is_lddw)
		return apply_address(&s);
	return object_fail(r, EINVAL,
	                   "%s: relocation of type %u by \"%s\" cannot be "
	                   "applied to opcode 0x%02x",
	                   object_place(r, code, s.slot), rel->type, s.sym->name, s.insn->code);
}

/* Calls and addresses within a section that the assembler worked out itself. Those that stay in
 * their own function stay as they are. */
static int apply_local(struct reader *r, const struct function *f)
{
	struct code *c = &r->codes.items[f->code];
	static const struct elf_symbol nameless = {.name = ""};

	for (uint32_t i = f->first; i < f->first + f->n; i++) {
		struct bpf_insn *insn = &c->insns[i];
		struct site s = {.r = r,
		                 .code = f->code,
		                 .slot = i,
		                 .insn = insn,
		                 .fixup = &c->fixups[i],
		                 .sym = &nameless};
		bool is_call =
		    insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == BPF_PSEUDO_CALL;
		bool is_address =
		    insn->code == (BPF_LD | BPF_IMM | BPF_DW) && insn->src_reg == BPF_PSEUDO_FUNC;
		int64_t to = (int64_t)i + insn->imm + 1;
		int err;

		if (s.fixup->kind != FIX_NONE || (!is_call && !is_address))
			continue;
		if (to > f->first && to < (int64_t)f->first + f->n)
			continue;
		err = name_function(&s, is_call ? FIX_CALL : FIX_ADDRESS, f->code, to);
		err = object_defer(r, f->code, i, err);
		if (err)
			return err;
	}
	return 0;
}

static int apply_code(struct reader *r, uint32_t code)
{
	uint32_t section = r->codes.items[code].section;

	for (uint32_t s = 0; (s = elf_next_reloc_section(r, section, s));) {
		for (uint64_t i = 0; i < elf_reloc_count(&r->sections.items[s]); i++) {
			struct elf_reloc rel;
			int err = elf_reloc_get(r, s, i, &rel);

			if (err)
				return err;
			err = apply_one(r, code, &rel);
			if (err && rel.offset_b / 8 < r->codes.items[code].n)
				err = object_defer(r, code, (uint32_t)(rel.offset_b / 8), err);
			if (err)
				return err;
		}
	}
	return 0;
}

int relocs_apply(struct reader *r)
{
	int err = find_doubled_fields(r);

	if (err)
		return err;

	for (uint32_t i = 0; i < r->codes.n; i++) {
		err = apply_code(r, i);
		if (err)
			return err;
	}
	vec_each (f, &r->functions) {
		err = apply_local(r, f);
		if (err)
			return err;
	}
	return 0;
}
