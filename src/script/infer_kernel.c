/* Inference of calls that only the kernel answers (spec 7.1). */
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "script/infer_rules.h"

/* Text, integers and addresses: what bpf_trace_printk() and output_format() both know. */
static const char *bad_conversion(const char *format)
{
	for (const char *at = strchr(format, '%'); at; at = strchr(at, '%')) {
		at++;
		if (*at == '%') {
			at++;
			continue;
		}
		at += strspn(at, "-+ #0123456789.");
		at += strspn(at, "l");
		if (!*at || !strchr("duxps", *at))
			return at;
	}
	return NULL;
}

const struct type *infer_result_debugf(struct infer *x, struct node *n)
{
	const char *bad = bad_conversion(n->args[0]->string);

	infer_result_format(x, n);
	if (bad)
		return infer_error(x, E_FORMAT, n->at,
		                   "debugf() only supports the conversions %%d, %%u, %%x, %%p and "
		                   "%%s (%%%.1s provided)",
		                   bad);
	if (x->is_final)
		infer_warn(x, E_SUSPICIOUS, n->at,
		           "debugf() writes to the kernel's trace pipe, which everybody on the "
		           "machine shares: for debugging only");
	return type_none();
}

/* ---- override -------------------------------------------------------------------------------- */

/* True also where the list cannot be read: the kernel decides then. */
static bool allows_errors(const char *func)
{
	FILE *f = fopen("/sys/kernel/debug/error_injection/list", "re");
	char line[256];
	bool is_there = !f;

	while (f && !is_there && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\t \n")] = '\0';
		is_there = !strcmp(line, func);
	}
	if (f)
		fclose(f);
	return is_there;
}

const struct type *infer_result_override(struct infer *x, struct node *n)
{
	if (!x->is_final)
		return type_none();
	vec_each (t, &x->p->targets) {
		if (t->off_b)
			return infer_error(x, E_BUILTIN_PLACE, n->at,
			                   "override() works at the beginning of a function only, "
			                   "not at %s",
			                   t->name);
		if (t->func && !allows_errors(t->func)) {
			infer_error(x, E_BUILTIN_PLACE, n->at,
			            "override() cannot change %s: it is not in the kernel's error "
			            "injection list",
			            t->func);
			infer_hint(x, "/sys/kernel/debug/error_injection/list has those that can");
			return type_none();
		}
	}
	return type_none();
}

/* ---- objects --------------------------------------------------------------------------------- */

static bool is_struct(const struct type *t, const char *name)
{
	t = type_strip(t);
	return t->kind == TYPE_STRUCT && t->name && !strcmp(t->name, name);
}

static bool points_to(const struct type *t, const char *name)
{
	return t->kind == TYPE_PTR && is_struct(t->elem, name);
}

static const char *word_for(struct infer *x, const struct type *t)
{
	bool has_name = t->kind == TYPE_PTR || t->kind == TYPE_STRUCT;

	return has_name ? infer_type_text(x, t) : cast_kind_word(t);
}

const struct type *infer_result_path(struct infer *x, struct node *n)
{
	const struct type *t = n->args[0]->type;
	uint64_t size_b = x->config->max_strlen;

	if (!points_to(t, "path") && !is_struct(t, "path"))
		return infer_error(x, E_ARG_KIND, n->args[0]->at,
		                   "path() only supports struct path arguments (%s provided)",
		                   word_for(x, t));
	if (n->n_args > 1) {
		if (!n->args[1]->number || n->args[1]->number > size_b)
			return infer_error(x, E_LIMIT, n->args[1]->at,
			                   "path() size must be 1..%llu (%llu provided)",
			                   (unsigned long long)size_b,
			                   (unsigned long long)n->args[1]->number);
		size_b = n->args[1]->number;
	}
	return type_string(x->a, (uint32_t)size_b);
}

const struct type *infer_result_socket_cookie(struct infer *x, struct node *n)
{
	const struct type *t = n->args[0]->type;

	if (!points_to(t, "sock") && !points_to(t, "sock_common"))
		return infer_error(x, E_ARG_KIND, n->args[0]->at,
		                   "socket_cookie() only supports struct sock * arguments (%s "
		                   "provided)",
		                   word_for(x, t));
	return type_int(8, false);
}

const struct type *infer_result_percpu_kaddr(struct infer *x, struct node *n)
{
	if (!types_find_percpu_var(x->types, n->args[0]->string))
		return infer_error(x, E_UNKNOWN_NAME, n->at, "Failed to resolve kernel symbol: %s",
		                   n->args[0]->string);
	return type_ptr(x->a, type_int(8, false), AS_KERNEL);
}

const struct type *infer_result_write_user(struct infer *x, struct node *n)
{
	const struct type *t = n->args[1]->type;
	bool is_address = t->kind == TYPE_PTR || cast_is_number(t);
	uint64_t most_b = is_address ? x->config->max_strlen : t->size_b;

	if (!n->args[2]->number || n->args[2]->number > most_b)
		return infer_error(x, E_LIMIT, n->args[2]->at,
		                   "write_user() cannot write %llu bytes of %s (1..%llu)",
		                   (unsigned long long)n->args[2]->number, infer_type_text(x, t),
		                   (unsigned long long)most_b);
	return type_bool();
}

const struct type *infer_result_in_cgroup(struct infer *x, struct node *n)
{
	const char *path = n->args[0]->string;
	struct statfs fs;

	if (!statfs(path, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC)
		return type_bool();
	infer_error(x, E_UNKNOWN_NAME, n->args[0]->at, "There is no cgroup '%s'", path);
	infer_hint(x, "it is a directory of cgroups of version 2: /sys/fs/cgroup/NAME");
	return cast_unknown();
}

const struct type *infer_result_pinned_has(struct infer *x, struct node *n)
{
	const char *path = n->args[0]->string;

	if (!access(path, F_OK))
		return type_bool();
	infer_error(x, E_UNKNOWN_NAME, n->args[0]->at, "There is no map pinned at '%s'", path);
	infer_hint(x, "maps are pinned in a file system of the type bpf: /sys/fs/bpf/NAME");
	return cast_unknown();
}
