/* Reading an object, from first to last step (object_priv.h names them in order). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm/object/object_priv.h"

/* What vm_object_close() gives back. */
struct object_owner {
	struct vm_object object; /* first: callers have a pointer to it */
	struct btf_file **modules;
	size_t n_modules;
};

int object_fail(struct reader *r, int err, const char *fmt, ...)
{
	va_list ap;

	if (r->why && !r->why->n) {
		va_start(ap, fmt);
		sb_vaddf(r->why, fmt, ap);
		va_end(ap);
		/* Names come from the file, and the reason is one line. */
		for (size_t i = 0; i < r->why->n; i++)
			if ((unsigned char)r->why->s[i] < ' ' || r->why->s[i] == 0x7f)
				r->why->s[i] = '?';
	}
	return -err;
}

const char *object_section_name(const struct reader *r, uint32_t section)
{
	return section < r->sections.n ? r->sections.items[section].name : "";
}

const char *object_place(const struct reader *r, uint32_t code, uint32_t slot)
{
	uint32_t found = r->opts->is_library ? functions_find(r, code, slot) : VM_NONE;
	const struct function *f;

	if (found == VM_NONE)
		return arena_printf(r->a, "section \"%s\" offset %u",
		                    object_section_name(r, r->codes.items[code].section), slot * 8);
	f = &r->functions.items[found];
	return arena_printf(r->a, "function \"%s\" instruction %u", f->name, slot - f->first);
}

int object_defer(struct reader *r, uint32_t code, uint32_t slot, int err)
{
	uint32_t found = err && r->opts->is_library ? functions_find(r, code, slot) : VM_NONE;
	struct function *f;

	if (found == VM_NONE)
		return err;
	f = &r->functions.items[found];
	if (!f->problem)
		f->problem = r->why ? arena_strdup(r->a, sb_str(r->why)) : strerror(-err);
	if (r->why)
		sb_reset(r->why);
	return 0;
}

static int open_btf(struct reader *r)
{
	uint32_t section = elf_find_section(r, ".BTF");
	const struct elf_section *s;
	int err;

	if (section == UINT32_MAX)
		return 0;
	s = &r->sections.items[section];
	if (!s->data || s->size_b > UINT32_MAX)
		return object_fail(r, EINVAL, "section %u \".BTF\": no contents", section);
	/* A copy: aligned, and completed by data_complete_btf(). */
	r->btf_len_b = (uint32_t)s->size_b;
	r->btf_bytes = arena_memdup(r->a, s->data, s->size_b);
	err = btf_open_bytes(r->btf_bytes, r->btf_len_b, NULL, &r->btf);
	if (err)
		return object_fail(r, -err, "section %u \".BTF\": not BTF", section);
	return 0;
}

static int open_kernel_btf(struct reader *r)
{
	const char *path = r->opts->kernel_btf_path;
	int err;

	if (!path)
		path = getenv("SKEP_BTF");
	if (path && *path) {
		err = btf_open(path, NULL, &r->kernel);
		if (err)
			return object_fail(r, -err, "kernel BTF %s: %s", path, strerror(-err));
		return 0;
	}
	/* Not everyone may read it, and many objects need none. */
	r->is_running_kernel = !btf_open("/sys/kernel/btf/vmlinux", NULL, &r->kernel);
	if (!r->is_running_kernel)
		r->kernel = NULL;
	return 0;
}

static int read_license(struct reader *r)
{
	uint32_t section = elf_find_section(r, "license");
	const struct elf_section *s;

	r->license = "";
	if (section == UINT32_MAX)
		return 0;
	s = &r->sections.items[section];
	if (!s->data)
		return object_fail(r, EINVAL, "section %u \"license\": no contents", section);
	r->license = arena_strndup(r->a, (const char *)s->data, s->size_b);
	return 0;
}

static void hand_over_maps(struct reader *r, struct vm_object *o)
{
	const struct vm_map_def **table =
	    arena_array(r->a, const struct vm_map_def *, r->maps.n + 1);

	for (size_t i = 0; i < r->maps.n; i++) {
		struct object_map *m = &r->maps.items[i];

		m->def->inits = m->inits.items;
		m->def->n_inits = (uint32_t)m->inits.n;
		table[i] = m->def;
	}
	o->maps = table;
	o->n_maps = (uint32_t)r->maps.n;
}

static int read_object(struct reader *r, struct vm_object *o)
{
	static int (*const steps[])(struct reader *) = {
	    elf_read,       open_btf,         read_license, open_kernel_btf, data_complete_btf,
	    functions_read, maps_read_legacy, maps_read,    data_read_maps,  externs_read,
	    ext_read,       core_apply,       relocs_apply,
	};
	static int (*const core_steps[])(struct reader *) = {
	    elf_read, open_btf, open_kernel_btf, functions_read, ext_read, core_apply,
	};
	bool is_core = r->opts->on_core;
	size_t n =
	    is_core ? sizeof(core_steps) / sizeof(core_steps[0]) : sizeof(steps) / sizeof(steps[0]);
	int err;

	for (size_t i = 0; i < n; i++) {
		err = is_core ? core_steps[i](r) : steps[i](r);
		if (err || (is_core && !r->btf && i == 1))
			return err;
	}
	if (is_core)
		return 0;
	o->license = r->license;
	o->btf = r->btf;
	o->kernel_btf = r->kernel;
	o->btf_bytes = r->btf_bytes;
	o->btf_len_b = r->btf_len_b;
	if (r->opts->is_library) {
		hand_over_maps(r, o);
		library_build(r, o);
		return 0;
	}
	err = programs_number(r);
	if (!err)
		err = maps_link(r);
	if (err)
		return err;
	hand_over_maps(r, o);
	err = programs_build(r, o);
	return err ? err : struct_ops_link(r, o);
}

int vm_object_open(struct arena *a, const void *bytes, size_t len_b,
                   const struct vm_object_options *opts, struct vm_object **ret, struct strbuf *why)
{
	static const struct vm_object_options none = {.type = UINT32_MAX};
	struct reader r = {
	    .a = a, .why = why, .opts = opts ? opts : &none, .bytes = bytes, .len_b = len_b};
	struct object_owner *o = arena_new(a, struct object_owner);
	int err;

	if (why)
		sb_reset(why);
	err = read_object(&r, &o->object);
	strmap_free(&r.by_name);
	o->object.btf = r.btf;
	o->object.kernel_btf = r.kernel;
	o->modules = r.modules.items;
	o->n_modules = r.modules.n;
	if (err) {
		vm_object_close(&o->object);
		return err;
	}
	*ret = &o->object;
	return 0;
}

void vm_object_close(struct vm_object *o)
{
	struct object_owner *owner = (struct object_owner *)o;

	if (!o)
		return;
	for (size_t i = 0; i < owner->n_modules; i++)
		btf_close(owner->modules[i]);
	owner->n_modules = 0;
	if (o->btf)
		btf_close(o->btf);
	if (o->kernel_btf)
		btf_close(o->kernel_btf);
	o->btf = o->kernel_btf = NULL;
}
