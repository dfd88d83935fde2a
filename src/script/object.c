/* Imported objects, read: each becomes functions that can be asked for by name.
 *
 * The reader of objects (vm/object.h) has done all relocations that do not depend on the program,
 * those by the kernel's types (CO-RE) too. What a name means must not depend on the order of
 * imports, so nothing may be called like anything else. */
#include "script/object.h"

#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "script/builtins.h"
#include "script/stages.h"
#include "script/stdlib.h"
#include "types/types.h"

bool object_is_program(const struct vm_object_func *f)
{
	struct vm_section s;

	return vm_section_parse(f->section, &s);
}

static bool is_callable(const struct vm_object_func *f)
{
	return f->is_global && *f->name && !object_is_program(f);
}

static struct object_fn *find(const struct unit *u, const char *name, bool must_be_callable)
{
	vec_each (o, &u->objects)
		for (uint32_t i = 0; (*o)->fns && i < (*o)->vm->n_funcs; i++)
			if (!strcmp((*o)->vm->funcs[i].name, name) &&
			    is_callable(&(*o)->vm->funcs[i]) == must_be_callable)
				return &(*o)->fns[i];
	return NULL;
}

struct object_fn *object_find_fn(const struct unit *u, const char *name)
{
	return find(u, name, true);
}

struct object_fn *object_find_other(const struct unit *u, const char *name)
{
	return find(u, name, false);
}

uint32_t object_count_fns(const struct unit *u)
{
	uint32_t n = 0;

	vec_each (o, &u->objects)
		n += (*o)->vm->n_funcs;
	return n;
}

uint32_t object_count_maps(const struct unit *u)
{
	uint32_t n = 0;

	vec_each (o, &u->objects)
		n += (*o)->vm->n_maps;
	return n;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool report_clash(struct unit *u, const struct object *o, const char *name, const char *what,
                         struct span first)
{
	diag_error(u->diag, E_REDEFINED, o->at,
	           "Cannot import \"%s\": it defines %s(), which is %s already", o->name, name,
	           what);
	if (first.source != SPAN_NONE)
		diag_context(u->diag, first, "This is the first definition.");
	else
		diag_hint(u->diag, "functions of the object that are static clash with nothing");
	return false;
}

static bool check_name(struct unit *u, const struct object_fn *f)
{
	const struct object *o = f->object;
	const char *name = f->code->name;
	const struct object_fn *other = object_find_fn(u, name);
	const struct fn *fn = unit_find_fn(u, name);
	const struct macro *m;
	uint64_t number;

	if (other != f)
		return report_clash(u, o, name,
		                    arena_printf(u->a, "a function of \"%s\"", other->object->name),
		                    other->object->at);
	if (fn)
		return report_clash(u, o, name, "a function of the script", fn->at);
	if (function_find(name) || builtin_find(name, &number))
		return report_clash(u, o, name, "part of the language", NO_SPAN);
	stdlib_load(u, name);
	for (m = unit_first_macro(u, name); m; m = m->next)
		if (!strcmp(m->name, name))
			return report_clash(u, o, name,
			                    m->is_library ? "a macro of the library" : "a macro",
			                    m->is_library ? NO_SPAN : m->at);
	return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool fail(struct unit *u, const struct object *o, const char *what)
{
	diag_error(u->diag, E_IMPORT, o->at, "Cannot import \"%s\": %s", o->name, what);
	return false;
}

static bool check_license(struct unit *u, const struct object *o)
{
	if (!*o->vm->license || vm_license_is_gpl(o->vm->license))
		return true;
	fail(u, o,
	     arena_printf(u->a, "its license is \"%s\", and it would be part of programs under %s",
	                  o->vm->license, u->opts->config.license));
	diag_hint(u->diag, "an object that says nothing of a license can be imported, as can "
	                   "\"Dual BSD/GPL\" and its kin");
	return false;
}

static bool open_object(struct unit *u, struct object *o, uint32_t first_fn)
{
	struct vm_object_options opts = {
	    .kernel_btf_path = types_btf_path(u->types), .type = UINT32_MAX, .is_library = true};
	own_strbuf struct strbuf why = {0};
	struct vm_object *vm;

	if (vm_object_open(u->a, o->bytes, o->len_b, &opts, &vm, &why))
		return fail(u, o, why.n ? arena_strdup(u->a, sb_str(&why)) : "it cannot be read");
	o->vm = vm;
	if (!vm->btf) {
		fail(u, o, "it has no BTF, which says what its functions take");
		diag_hint(u->diag, "compile it with -g");
		return false;
	}
	o->types = types_add_btf(u->types, vm->btf_bytes, vm->btf_len_b);
	if (o->types < 0)
		return fail(u, o, "its BTF cannot be read");
	if (!check_license(u, o))
		return false;
	o->fns = arena_array(u->a, struct object_fn, vm->n_funcs + 1);
	for (uint32_t i = 0; i < vm->n_funcs; i++)
		o->fns[i] =
		    (struct object_fn){.code = &vm->funcs[i], .object = o, .number = first_fn + i};
	return true;
}

bool script_objects(struct unit *u)
{
	uint32_t n_fns = 0, n_maps = 0;
	bool is_good = true;

	vec_each (op, &u->objects) {
		struct object *o = *op;

		if (!open_object(u, o, n_fns)) {
			is_good = false;
			continue;
		}
		o->first_map = n_maps;
		n_fns += o->vm->n_funcs;
		n_maps += o->vm->n_maps;
		for (uint32_t i = 0; i < o->vm->n_funcs; i++)
			if (is_callable(&o->vm->funcs[i]))
				is_good &= check_name(u, &o->fns[i]);
	}
	return is_good;
}

void objects_close(struct unit *u)
{
	vec_each (o, &u->objects)
		vm_object_close((*o)->vm);
}
