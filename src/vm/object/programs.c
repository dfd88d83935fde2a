/* Programs out of functions: each entry function, followed by all it reaches through calls and
 * addresses, each once. Then the distances between them are known, and fixups are worked off. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm/object/object_priv.h"

#define PROGRAM_MAX (1u << 20) /* slots: as many as a verifier looks at */
#define OBJECT_MAX (16u << 20) /* of all programs together */

/* A function whose callees are being placed, from `slot` on. */
struct open {
	uint32_t function, slot;
};

struct build {
	struct reader *r;
	uint32_t *pc_of; /* by function: where it is in the program, VM_NONE: not there */
	vec(uint32_t) order;
	vec(struct open) open;
	vec(struct bpf_insn) insns;
	vec(struct vm_func) funcs;
	vec(struct vm_line) lines;
	vec(struct vm_note) notes;
	uint64_t total; /* slots of all programs so far */
};

static int place(struct build *b, uint32_t function)
{
	struct reader *r = b->r;
	const struct function *f = &r->functions.items[function];
	const struct code *c = &r->codes.items[f->code];

	b->total += f->n;
	if (b->insns.n + f->n > PROGRAM_MAX || b->total > OBJECT_MAX)
		return object_fail(r, E2BIG,
		                   "function \"%s\": the program gets longer than %u slots",
		                   f->name, b->total > OBJECT_MAX ? OBJECT_MAX : PROGRAM_MAX);
	b->pc_of[function] = (uint32_t)b->insns.n;
	vec_push(r->a, &b->order, function);
	*vec_add(r->a, &b->funcs) =
	    (struct vm_func){.pc = (uint32_t)b->insns.n, .name = f->name, .btf_id = f->btf_id};
	vec_reserve(r->a, &b->insns, b->insns.n + f->n);
	memcpy(b->insns.items + b->insns.n, c->insns + f->first, f->n * sizeof(*c->insns));
	b->insns.n += f->n;
	return 0;
}

/* Depth first, in order of the code: a function's callees come right behind it. */
static int place_all(struct build *b, uint32_t entry)
{
	struct reader *r = b->r;
	int err = place(b, entry);

	b->open.n = 0;
	vec_push(r->a, &b->open, ((struct open){.function = entry}));
	while (!err && b->open.n) {
		struct open *top = &vec_last(&b->open);
		const struct function *f = &r->functions.items[top->function];
		const struct fixup *fix;

		if (top->slot == f->n) {
			b->open.n--;
			continue;
		}
		fix = &r->codes.items[f->code].fixups[f->first + top->slot++];
		if ((fix->kind == FIX_CALL || fix->kind == FIX_ADDRESS) &&
		    b->pc_of[fix->function] == VM_NONE) {
			err = place(b, fix->function);
			vec_push(r->a, &b->open, ((struct open){.function = fix->function}));
		}
	}
	return err;
}

static void fix_distances(struct build *b, uint32_t function)
{
	const struct function *f = &b->r->functions.items[function];
	const struct code *c = &b->r->codes.items[f->code];

	for (uint32_t i = 0; i < f->n; i++) {
		const struct fixup *fix = &c->fixups[f->first + i];
		uint32_t pc = b->pc_of[function] + i;

		if (fix->kind == FIX_CALL || fix->kind == FIX_ADDRESS)
			b->insns.items[pc].imm =
			    (int32_t)(b->pc_of[fix->function] + fix->delta - pc - 1);
	}
}

static void add_lines(struct build *b, uint32_t function)
{
	struct reader *r = b->r;
	const struct function *f = &r->functions.items[function];
	const struct code *c = &r->codes.items[f->code];
	size_t low = 0, high = c->lines.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->lines.items[mid].slot < f->first)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < c->lines.n && c->lines.items[low].slot - f->first < f->n; low++) {
		const struct object_line *l = &c->lines.items[low];
		const char *text = btf_string(r->btf, l->text_off);

		*vec_add(r->a, &b->lines) =
		    (struct vm_line){.pc = b->pc_of[function] + l->slot - f->first,
		                     .file = btf_string(r->btf, l->file_off),
		                     .text = *text ? text : NULL,
		                     .line = l->line,
		                     .column = l->column};
	}
}

static void add_notes(struct build *b, uint32_t function)
{
	const struct function *f = &b->r->functions.items[function];

	vec_each (note, &b->r->codes.items[f->code].notes)
		if (note->slot >= f->first && note->slot - f->first < f->n)
			vec_push(b->r->a, &b->notes,
			         ((struct vm_note){b->pc_of[function] + note->slot - f->first,
			                           note->text}));
}

static int by_slot(const void *x, const void *y)
{
	const struct object_note *a = x, *b = y;

	return a->slot < b->slot ? -1 : a->slot > b->slot;
}

/* Entry functions in .text are the ones that nothing else calls, unless that leaves none. */
static void drop_called(struct reader *r)
{
	bool *is_called = arena_array(r->a, bool, r->functions.n + 1);
	bool any = false;

	for (uint32_t i = 0; i < r->functions.n; i++) {
		const struct function *f = &r->functions.items[i];
		const struct code *c = &r->codes.items[f->code];

		for (uint32_t k = f->first; k < f->first + f->n; k++)
			if ((c->fixups[k].kind == FIX_CALL || c->fixups[k].kind == FIX_ADDRESS) &&
			    c->fixups[k].function != i)
				is_called[c->fixups[k].function] = true;
	}
	vec_each (f, &r->functions) {
		const struct code *c = &r->codes.items[f->code];

		if (f->is_entry && strcmp(object_section_name(r, c->section), ".text"))
			return; /* only one kind or the other is an entry */
		any = any || (f->is_entry && !is_called[f - r->functions.items]);
	}
	if (!any)
		return;
	for (uint32_t i = 0; i < r->functions.n; i++)
		if (is_called[i])
			r->functions.items[i].is_entry = false;
}

bool vm_license_is_gpl(const char *license)
{
	static const char *const names[] = {
	    /* license_is_gpl_compatible() */
	    "GPL",          "GPL v2",       "GPL and additional rights",
	    "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(license, names[i]))
			return true;
	return false;
}

static int set_kind(struct reader *r, const struct function *f, struct vm_program *p)
{
	struct vm_section s;
	bool is_known = vm_section_parse(p->section, &s);

	p->type = r->opts->type;
	if (p->type == UINT32_MAX) {
		if (!is_known)
			return object_fail(r, EINVAL,
			                   "section \"%s\": the name does not say what type of "
			                   "program \"%s\" is",
			                   p->section, f->name);
		p->type = s.type;
	}
	if (!is_known || p->type != s.type)
		return 0;
	p->attach_type = s.attach_type;
	p->flags = s.flags;
	p->attach_name = s.rest;
	if (s.wants_btf_id)
		attach_find(r, &s, p);
	return 0;
}

static int build_one(struct build *b, uint32_t entry, struct vm_program *p)
{
	struct reader *r = b->r;
	const struct function *f = &r->functions.items[entry];
	int err;

	vec_each (function, &b->order) /* of the program before */
		b->pc_of[*function] = VM_NONE;
	memset(&b->order, 0, sizeof(b->order));
	memset(&b->insns, 0, sizeof(b->insns));
	memset(&b->funcs, 0, sizeof(b->funcs));
	memset(&b->lines, 0, sizeof(b->lines));
	memset(&b->notes, 0, sizeof(b->notes));
	err = place_all(b, entry);
	if (err)
		return err;
	vec_each (function, &b->order) {
		fix_distances(b, *function);
		if (r->btf)
			add_lines(b, *function);
		add_notes(b, *function);
	}
	*p = (struct vm_program){.name = f->name,
	                         .section = object_section_name(r, r->codes.items[f->code].section),
	                         .is_gpl = vm_license_is_gpl(r->license),
	                         .insns = b->insns.items,
	                         .n_insns = (uint32_t)b->insns.n,
	                         .funcs = b->funcs.items,
	                         .n_funcs = (uint32_t)b->funcs.n,
	                         .lines = b->lines.items,
	                         .n_lines = (uint32_t)b->lines.n,
	                         .notes = b->notes.items,
	                         .n_notes = (uint32_t)b->notes.n,
	                         .btf = r->btf,
	                         .kernel_btf = r->kernel};
	return set_kind(r, f, p);
}

/* Numbers programs; members of program arrays name them by these. */
int programs_number(struct reader *r)
{
	drop_called(r);
	r->n_programs = 0;
	vec_each (f, &r->functions)
		if (f->is_entry)
			f->program = r->n_programs++;
	return 0;
}

int programs_build(struct reader *r, struct vm_object *o)
{
	struct build b = {.r = r, .pc_of = arena_array(r->a, uint32_t, r->functions.n + 1)};

	vec_each (c, &r->codes)
		if (c->notes.n)
			qsort(c->notes.items, c->notes.n, sizeof(*c->notes.items), by_slot);
	memset(b.pc_of, 0xff, r->functions.n * sizeof(*b.pc_of));
	o->programs = arena_array(r->a, struct vm_program, r->n_programs + 1);
	o->n_programs = r->n_programs;
	for (uint32_t i = 0; i < r->functions.n; i++) {
		const struct function *f = &r->functions.items[i];
		struct vm_program *p = &o->programs[f->program];
		int err;

		if (!f->is_entry)
			continue;
		err = build_one(&b, i, p);
		if (err)
			return err;
		p->maps = o->maps;
		p->n_maps = o->n_maps;
	}
	return 0;
}
