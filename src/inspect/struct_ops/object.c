/* `struct_ops`: tables of the kernel's functions that programs stand in for, such as a congestion
 * control of TCP. Each is a map with one value, which is registered while it is set. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/elf_object.h"
#include "inspect/info.h"
#include "inspect/internal.h"
#include "inspect/typed.h"

#ifndef BPF_F_LINK /* Linux 6.4 */
#define BPF_F_LINK (1U << 13)
#endif

static const char value_prefix[] = "bpf_struct_ops_";

/* Which tables: `id N`, `name NAME`, or all. */
struct wanted {
	const char *name; /* NULL: any */
	uint32_t id;      /* 0: any */
	const char *word; /* as it was given */
};

struct table {
	int fd;
	struct bpf_map_info info;
	char name[BPF_OBJ_NAME_LEN + 1];
	const struct btf *btf; /* the kernel's */
	const char *kind;      /* the kernel's structure */
};

typedef int table_fn(struct inspect *x, const struct table *t);

/* ---- which ones ------------------------------------------------------------------------------ */

static int parse(struct inspect *x, struct words *w, bool may_be_all, struct wanted *ret)
{
	const char *how;

	*ret = (struct wanted){0};
	if (!w->n && may_be_all)
		return 0;
	if (w->n != 2)
		return inspect_say_usage(x, &struct_ops_object);
	how = word_next(w);
	ret->word = word_next(w);
	if (word_is(how, "id")) {
		if (!word_number(ret->word, &ret->id) || !ret->id)
			return inspect_error(x, "invalid id %s", ret->word);
		return 0;
	}
	if (!word_is(how, "name"))
		return inspect_say_usage(x, &struct_ops_object);
	if (!*ret->word || strlen(ret->word) > BPF_OBJ_NAME_LEN - 1)
		return inspect_error(x, "can't parse name");
	ret->name = ret->word;
	return 0;
}

static bool describe(struct table *t, const struct btf *kernel)
{
	const struct btf_type *type;

	if (map_info(t->fd, &t->info))
		return false;
	snprintf(t->name, sizeof(t->name), "%.*s", BPF_OBJ_NAME_LEN, t->info.name);
	t->btf = kernel;
	type = kernel ? btf__type_by_id(kernel, t->info.btf_vmlinux_value_type_id) : NULL;
	t->kind = type ? btf__name_by_offset(kernel, type->name_off) : "";
	if (!strncmp(t->kind, value_prefix, strlen(value_prefix)))
		t->kind += strlen(value_prefix);
	return true;
}

static int with_one(struct inspect *x, const struct wanted *want, const struct btf *kernel,
                    table_fn *run)
{
	struct table t = {.fd = bpf_map_get_fd_by_id(want->id)};
	int status;

	if (t.fd < 0)
		return inspect_error(x, "can't get map by id (%u): %s", want->id, strerror(errno));
	if (!describe(&t, kernel))
		status = inspect_error(x, "can't get map info: %s", strerror(errno));
	else if (t.info.type != BPF_MAP_TYPE_STRUCT_OPS)
		status = inspect_error(x, "%s id %u is not a struct_ops map", t.name, t.info.id);
	else
		status = run(x, &t);
	close(t.fd);
	return status;
}

static int with_each(struct inspect *x, const struct wanted *want, const struct btf *kernel,
                     table_fn *run)
{
	int status = 0, n = 0;
	uint32_t id = 0;

	while (!bpf_map_get_next_id(id, &id)) {
		struct table t = {.fd = bpf_map_get_fd_by_id(id)};

		if (t.fd < 0)
			continue; /* it has gone */
		if (describe(&t, kernel) && t.info.type == BPF_MAP_TYPE_STRUCT_OPS &&
		    (!want->name || !strcmp(want->name, t.name))) {
			n++;
			if (run(x, &t))
				status = -1;
		}
		close(t.fd);
	}
	if (want->name && !n)
		return inspect_error(x, "no struct_ops found for %s", want->name);
	return status;
}

static int with(struct inspect *x, const struct wanted *want, table_fn *run)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	int status = want->id ? with_one(x, want, kernel, run) : with_each(x, want, kernel, run);

	btf__free(kernel);
	return status;
}

/* ---- what is there --------------------------------------------------------------------------- */

static int show_table(struct inspect *x, const struct table *t)
{
	struct json_writer *j = &x->json;

	if (!x->is_json) {
		printf("%u: %-15s %-32s\n", t->info.id, t->name, t->kind);
		return 0;
	}
	json_open(j, '{');
	json_member_uint(j, "id", t->info.id);
	json_member_string(j, "name", t->name);
	json_member_string(j, "kernel_struct_ops", t->kind);
	json_close(j, '}');
	return 0;
}

static int show(struct inspect *x, struct words *w)
{
	struct wanted want;
	int status = parse(x, w, true, &want);

	if (status)
		return status;
	if (x->is_json && !want.id)
		json_open(&x->json, '[');
	status = with(x, &want, show_table);
	if (x->is_json && !want.id)
		json_close(&x->json, ']');
	return status;
}

/* What the kernel tells of a map, by the kernel's own description of it: all it knows, of
 * whatever version it is. */
static void dump_info(struct inspect *x, const struct table *t)
{
	int type = t->btf ? btf__find_by_name_kind(t->btf, "bpf_map_info", BTF_KIND_STRUCT) : -1;
	int64_t size_b = type > 0 ? btf__resolve_size(t->btf, (uint32_t)type) : 0;
	uint32_t asked_b;
	void *info;

	if (size_b <= 0)
		return;
	info = arena_alloc(x->a, (size_t)size_b);
	memset(info, 0, (size_t)size_b);
	asked_b = (uint32_t)size_b;
	if (bpf_obj_get_info_by_fd(t->fd, info, &asked_b))
		return;
	json_open(&x->json, '{');
	json_key(&x->json, "bpf_map_info");
	print_typed(&x->json, t->btf, (uint32_t)type, info, true);
	json_close(&x->json, '}');
}

static int dump_table(struct inspect *x, const struct table *t)
{
	void *value = arena_alloc(x->a, t->info.value_size + 8u);
	const struct btf_type *type;
	uint32_t key = 0;

	dump_info(x, t);
	type = t->btf ? btf__type_by_id(t->btf, t->info.btf_vmlinux_value_type_id) : NULL;
	if (!type || type->size != t->info.value_size)
		return 0; /* its type is a module's */
	if (bpf_map_lookup_elem(t->fd, &key, value))
		return inspect_error(x, "can't read struct_ops %s id %u: %s", t->name, t->info.id,
		                     strerror(errno));
	json_open(&x->json, '{');
	json_key(&x->json, btf__name_by_offset(t->btf, type->name_off));
	print_typed_ops(&x->json, t->btf, t->info.btf_vmlinux_value_type_id, value);
	json_close(&x->json, '}');
	return 0;
}

/* JSON in either form. */
static int dump(struct inspect *x, struct words *w)
{
	struct wanted want;
	int status = parse(x, w, true, &want);
	bool is_plain = !x->is_json;

	if (status)
		return status;
	if (is_plain)
		json_begin(&x->json, stdout, true);
	json_open(&x->json, '[');
	status = with(x, &want, dump_table);
	json_close(&x->json, ']');
	if (is_plain)
		json_end(&x->json);
	return status;
}

/* ---- on and off ------------------------------------------------------------------------------ */

static void inform(const struct inspect *x, const char *what, const struct table *t,
                   uint32_t link_id)
{
	if (x->is_json)
		return;
	fflush(stdout);
	fprintf(stderr, "%s %s %s", what, t->kind, t->name);
	if (link_id)
		fprintf(stderr, " map id %u link id %u\n", t->info.id, link_id);
	else
		fprintf(stderr, " id %u\n", t->info.id);
}

/* Pins the link if there is one; a table without stays by itself. Returns the link's number. */
static int keep(struct inspect *x, const struct bpf_map *m, struct bpf_link *link, const char *dir,
                uint32_t *ret_id)
{
	uint64_t id = 0;

	*ret_id = 0;
	if (!(bpf_map__map_flags(m) & BPF_F_LINK))
		return 0;
	if (fdinfo_number(bpf_link__fd(link), "link_id", &id))
		*ret_id = (uint32_t)id;
	if (!dir)
		return 0;
	return pin_at(x, bpf_link__fd(link), arena_printf(x->a, "%s/%s", dir, bpf_map__name(m)));
}

static int register_map(struct inspect *x, const struct bpf_map *m, const struct btf *kernel,
                        const char *dir)
{
	struct bpf_link *link = bpf_map__attach_struct_ops(m);
	struct table t = {.fd = bpf_map__fd(m)};
	uint32_t link_id;

	if (!link)
		return inspect_error(x, "can't register struct_ops %s: %s", bpf_map__name(m),
		                     strerror(errno));
	if (keep(x, m, link, dir, &link_id)) {
		bpf_link__destroy(link);
		return -1;
	}
	if (describe(&t, kernel))
		inform(x, "Registered", &t, link_id);
	bpf_link__disconnect(link);
	bpf_link__destroy(link);
	return 0;
}

static int register_object(struct inspect *x, struct bpf_object *o, const char *file,
                           const char *dir)
{
	struct btf *kernel = NULL;
	struct bpf_map *m;
	int n = 0, status = 0;
	bool is_new = false;

	bpf_object__for_each_map(m, o) n += bpf_map__type(m) == BPF_MAP_TYPE_STRUCT_OPS;
	if (!n)
		return inspect_error(x, "no struct_ops found in %s", file);
	if (dir && pin_dir(x, dir, &is_new))
		return -1;
	if (bpf_object__load(o))
		status = inspect_error(x, "can't load objfile %s", file);
	kernel = btf__load_vmlinux_btf();
	bpf_object__for_each_map(m, o) if (!status && bpf_map__type(m) == BPF_MAP_TYPE_STRUCT_OPS)
	    status = register_map(x, m, kernel, dir);
	btf__free(kernel);
	if (status && is_new)
		rmdir(dir); /* if it is empty */
	return status;
}

static int do_register(struct inspect *x, struct words *w)
{
	const char *file, *dir;
	struct bpf_object *o;
	int status;

	if (w->n != 1 && w->n != 2)
		return inspect_say_usage(x, &struct_ops_object);
	file = word_next(w);
	dir = word_next(w);
	o = elf_object_open(x, file, NULL);
	if (!o)
		return inspect_error(x, "can't open objfile %s", file);
	status = register_object(x, o, file, dir);
	bpf_object__close(o);
	if (!status)
		say_done(x);
	return status;
}

static int unregister_table(struct inspect *x, const struct table *t)
{
	uint32_t key = 0;

	if (bpf_map_delete_elem(t->fd, &key))
		return inspect_error(x, "can't unregister %s %s id %u: %s", t->kind, t->name,
		                     t->info.id, strerror(errno));
	inform(x, "Unregistered", t, 0);
	return 0;
}

static int unregister(struct inspect *x, struct words *w)
{
	struct wanted want;
	int status = parse(x, w, false, &want);

	if (!status)
		status = with(x, &want, unregister_table);
	else
		return status;
	if (!status)
		say_done(x);
	return status;
}

static const struct command struct_ops_commands[] = {
    {"show", show, "[STRUCT_OPS_MAP]"},          {"list", show, "[STRUCT_OPS_MAP]"},
    {"register", do_register, "OBJ [LINK_DIR]"}, {"unregister", unregister, "STRUCT_OPS_MAP"},
    {"dump", dump, "[STRUCT_OPS_MAP]"},          {NULL},
};

const struct object struct_ops_object = {
    "struct_ops", struct_ops_commands,
    "       STRUCT_OPS_MAP := [ id STRUCT_OPS_MAP_ID | name STRUCT_OPS_MAP_NAME ]\n"};
