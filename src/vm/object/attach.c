/* What programs attach to by BTF: the part of a section's name behind the '/' is looked up among
 * the kernel's types, then among those of its modules. One that can't be found is left unknown, and
 * the verifier refuses the program, as the kernel would. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "vm/object/object_priv.h"

#define BTF_DIRECTORY "/sys/kernel/btf"

static void open_modules(struct reader *r)
{
	DIR *dir;
	const struct dirent *entry;

	if (r->has_modules)
		return;
	r->has_modules = true;
	if (!r->is_running_kernel) /* its modules are split from another vmlinux */
		return;
	dir = opendir(BTF_DIRECTORY);
	while (dir && (entry = readdir(dir))) {
		struct btf_file *b;

		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "vmlinux"))
			continue;
		if (!btf_open(arena_printf(r->a, BTF_DIRECTORY "/%s", entry->d_name), r->kernel,
		              &b))
			vec_push(r->a, &r->modules, b);
	}
	if (dir)
		closedir(dir);
}

/* The name that the kernel's BTF has it under, and its kind. */
static const char *type_name(struct reader *r, const struct vm_section *s, const char *name,
                             uint32_t *ret_kind)
{
	const char *prefix = "";

	*ret_kind = BTF_KIND_FUNC;
	if (s->type == BPF_PROG_TYPE_LSM)
		prefix = "bpf_lsm_";
	switch (s->type == BPF_PROG_TYPE_TRACING ? s->attach_type : 0) {
	case BPF_TRACE_RAW_TP:
		*ret_kind = BTF_KIND_TYPEDEF;
		prefix = "btf_trace_";
		break;
	case BPF_TRACE_ITER:
		prefix = "bpf_iter_";
		break;
	default:
		break;
	}
	return arena_printf(r->a, "%s%s", prefix, name);
}

void attach_find(struct reader *r, const struct vm_section *s, struct vm_program *p)
{
	const char *name = s->rest, *colon = name ? strchr(name, ':') : NULL;
	uint32_t kind, id;

	/* What freplace replaces is in another program, which is loaded by the user. */
	if (!name || !*name || s->type == BPF_PROG_TYPE_EXT || !r->kernel)
		return;
	if (colon) /* "module:function" */
		name = colon + 1;
	name = type_name(r, s, name, &kind);
	id = colon && strncmp(s->rest, "vmlinux:", 8)
	         ? 0
	         : btf_find(r->kernel, name, BTF_KIND_MASK(kind), 0);
	if (id) {
		p->attach_btf = r->kernel;
		p->attach_btf_id = id;
		return;
	}
	open_modules(r);
	vec_each (b, &r->modules) {
		id = btf_find(*b, name, BTF_KIND_MASK(kind), 0);
		if (id) {
			p->attach_btf = *b;
			p->attach_btf_id = id;
			return;
		}
	}
}
