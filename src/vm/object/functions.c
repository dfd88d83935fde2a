/* Executable sections, cut into functions by their symbols.
 *
 * Which functions are programs follows libbpf: the global ones outside .text, and in .text the only
 * one there is. An object with nothing but .text may hold several; then those that nobody calls are
 * the programs (relocs.c finds out who calls whom). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm/object/object_priv.h"

static int add_code(struct reader *r, uint32_t section)
{
	const struct elf_section *s = &r->sections.items[section];
	struct code *c;

	if (s->size_b % sizeof(struct bpf_insn))
		return object_fail(r, EINVAL,
		                   "section %u \"%s\": %llu bytes are not a multiple of 8", section,
		                   s->name, (unsigned long long)s->size_b);
	r->code_of[section] = (uint32_t)r->codes.n;
	c = vec_add(r->a, &r->codes);
	c->section = section;
	c->n = (uint32_t)(s->size_b / sizeof(struct bpf_insn));
	c->insns = arena_memdup(r->a, s->data, s->size_b);
	c->fixups = arena_array(r->a, struct fixup, c->n);
	return 0;
}

static int by_place(const void *x, const void *y)
{
	const struct function *a = x, *b = y;

	if (a->code != b->code)
		return a->code < b->code ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	/* Of two names for one function the global one counts, and a known size before none. */
	if (a->is_global != b->is_global)
		return a->is_global ? -1 : 1;
	if (a->n != b->n)
		return a->n > b->n ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int add_function(struct reader *r, uint32_t code, const struct elf_symbol *sym)
{
	const struct code *c = &r->codes.items[code];
	const char *section = object_section_name(r, c->section);
	uint64_t size_b = (uint64_t)c->n * 8;

	if (sym->value % 8 || sym->size_b % 8)
		return object_fail(r, EINVAL,
		                   "section \"%s\" offset %llu: function \"%s\" of %llu bytes: not "
		                   "whole instructions",
		                   section, (unsigned long long)sym->value, sym->name,
		                   (unsigned long long)sym->size_b);
	if (sym->value >= size_b || sym->size_b > size_b - sym->value)
		return object_fail(r, EINVAL,
		                   "section \"%s\" offset %llu: function \"%s\" of %llu bytes "
		                   "reaches beyond the section",
		                   section, (unsigned long long)sym->value, sym->name,
		                   (unsigned long long)sym->size_b);
	*vec_add(r->a, &r->functions) = (struct function){
	    .name = sym->name,
	    .code = code,
	    .first = (uint32_t)(sym->value / 8),
	    .n = (uint32_t)(sym->size_b / 8),
	    .is_global = sym->bind != STB_LOCAL,
	    .is_hidden = sym->visibility == STV_HIDDEN || sym->visibility == STV_INTERNAL,
	    .program = VM_NONE};
	return 0;
}

/* After sorting: one function per place, none over another, none without a size. */
static int tidy_functions(struct reader *r)
{
	size_t n = 0;

	if (r->functions.n)
		qsort(r->functions.items, r->functions.n, sizeof(*r->functions.items), by_place);
	for (size_t i = 0; i < r->functions.n; i++) {
		struct function *f = &r->functions.items[i];
		struct function *last = n ? &r->functions.items[n - 1] : NULL;

		if (last && last->code == f->code) {
			if (last->first == f->first) {
				last->n = f->n > last->n ? f->n : last->n;
				continue;
			}
			if (!last->n)
				last->n = f->first - last->first;
			if (f->first - last->first < last->n)
				return object_fail(
				    r, EINVAL,
				    "section \"%s\" offset %u: function \"%s\" begins within "
				    "\"%s\"",
				    object_section_name(r, r->codes.items[f->code].section),
				    f->first * 8, f->name, last->name);
		}
		r->functions.items[n++] = *f;
	}
	r->functions.n = n;
	for (size_t i = 0; i < n; i++) {
		struct function *f = &r->functions.items[i];

		/* Without a size (assembler): up to the next or the end. Those followed by
		 * another in their section have got theirs. */
		if (!f->n)
			f->n = r->codes.items[f->code].n - f->first;
	}
	return 0;
}

/* Hand-written objects may have no symbols: the section is the function. */
static void add_nameless(struct reader *r)
{
	bool *has_some = arena_array(r->a, bool, r->codes.n + 1);

	vec_each (f, &r->functions)
		has_some[f->code] = true;
	for (uint32_t i = 0; i < r->codes.n; i++) {
		const struct code *c = &r->codes.items[i];

		if (!has_some[i])
			*vec_add(r->a, &r->functions) =
			    (struct function){.name = object_section_name(r, c->section),
			                      .code = i,
			                      .n = c->n,
			                      .is_global = true,
			                      .program = VM_NONE};
	}
}

/* Which slots are the second half of an lddw. */
static int mark_tails(struct reader *r, const struct function *f)
{
	struct code *c = &r->codes.items[f->code];

	for (uint32_t i = f->first; i < f->first + f->n; i++) {
		if (c->insns[i].code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (i + 1 == f->first + f->n)
			return object_fail(
			    r, ENOEXEC,
			    "section \"%s\" offset %u: function \"%s\" ends within an lddw",
			    object_section_name(r, c->section), i * 8, f->name);
		c->fixups[++i].kind = FIX_TAIL;
	}
	return 0;
}

static void choose_programs(struct reader *r)
{
	uint32_t n_outside = 0;

	vec_each (f, &r->functions) {
		const struct code *c = &r->codes.items[f->code];

		f->is_entry = f->is_global && strcmp(object_section_name(r, c->section), ".text");
		n_outside += f->is_entry;
	}
	if (!n_outside)
		vec_each (f, &r->functions)
			f->is_entry = f->is_global || r->functions.n == 1;
}

/* Symbols of this type; of STT_NOTYPE the global ones, as the local ones are labels. */
static int add_functions(struct reader *r, uint8_t type)
{
	vec_each (sym, &r->symbols) {
		uint32_t code;
		int err;

		if (sym->type != type || sym->section == SHN_UNDEF)
			continue;
		code = functions_code(r, sym->section);
		if (type == STT_NOTYPE && (code == VM_NONE || sym->bind == STB_LOCAL))
			continue;
		if (code == VM_NONE)
			return object_fail(r, EINVAL,
			                   "symbol \"%s\": a function in section %u, which holds "
			                   "no code",
			                   sym->name, sym->section);
		err = add_function(r, code, sym);
		if (err)
			return err;
	}
	return 0;
}

int functions_read(struct reader *r)
{
	int err;

	r->code_of = arena_array(r->a, uint32_t, r->sections.n + 1);
	memset(r->code_of, 0xff, (r->sections.n + 1) * sizeof(*r->code_of));
	for (uint32_t i = 1; i < r->sections.n; i++) {
		const struct elf_section *s = &r->sections.items[i];

		if (s->type != SHT_PROGBITS || !(s->flags & SHF_EXECINSTR) || !s->size_b)
			continue;
		err = add_code(r, i);
		if (err)
			return err;
	}
	err = add_functions(r, STT_FUNC);
	if (!err && !r->functions.n) /* clang before 7, assemblers: names without a type */
		err = add_functions(r, STT_NOTYPE);
	if (!err)
		err = tidy_functions(r);
	if (err)
		return err;
	add_nameless(r);
	if (r->functions.n)
		qsort(r->functions.items, r->functions.n, sizeof(*r->functions.items), by_place);
	vec_each (f, &r->functions) {
		err = mark_tails(r, f);
		if (err)
			return err;
	}
	choose_programs(r);
	return 0;
}

uint32_t functions_code(const struct reader *r, uint32_t section)
{
	return section < r->sections.n ? r->code_of[section] : VM_NONE;
}

uint32_t functions_find(const struct reader *r, uint32_t code, uint32_t slot)
{
	uint32_t low = 0, high = (uint32_t)r->functions.n;

	while (low < high) { /* the last that begins at or before the slot */
		uint32_t mid = low + (high - low) / 2;
		const struct function *f = &r->functions.items[mid];

		if (f->code < code || (f->code == code && f->first <= slot))
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return VM_NONE;
	low--;
	if (r->functions.items[low].code != code ||
	    slot - r->functions.items[low].first >= r->functions.items[low].n)
		return VM_NONE;
	return low;
}
