/* `btf show`: what BTF the kernel has, and which programs and maps were loaded with it. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "inspect/btf/btf.h"
#include "inspect/info.h"

/* A program or a map, and its BTF. */
struct use {
	uint32_t btf_id, id;
};
typedef vec(struct use) use_list;

struct uses {
	use_list progs, maps;
};

static int compare_uses(const void *a, const void *b)
{
	const struct use *u = a, *v = b;

	if (u->btf_id != v->btf_id)
		return u->btf_id < v->btf_id ? -1 : 1;
	return u->id < v->id ? -1 : u->id > v->id;
}

static void find_uses(struct inspect *x, struct uses *u)
{
	uint32_t id = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		own_fd int fd = bpf_prog_get_fd_by_id(id);
		struct bpf_prog_info info;

		if (fd >= 0 && !prog_info(fd, &info) && info.btf_id)
			vec_push(x->a, &u->progs, ((struct use){info.btf_id, info.id}));
	}
	id = 0;
	while (!bpf_map_get_next_id(id, &id)) {
		own_fd int fd = bpf_map_get_fd_by_id(id);
		struct bpf_map_info info;

		if (fd >= 0 && !map_info(fd, &info) && info.btf_id)
			vec_push(x->a, &u->maps, ((struct use){info.btf_id, info.id}));
	}
	if (u->progs.n)
		qsort(u->progs.items, u->progs.n, sizeof(struct use), compare_uses);
	if (u->maps.n)
		qsort(u->maps.items, u->maps.n, sizeof(struct use), compare_uses);
}

static void show_uses(struct inspect *x, const use_list *list, uint32_t btf_id, const char *key)
{
	const char *between = "";

	if (x->is_json) {
		json_key(&x->json, key);
		json_open(&x->json, '[');
	}
	vec_each (u, list) {
		if (u->btf_id != btf_id)
			continue;
		if (x->is_json)
			json_uint(&x->json, u->id);
		else if (*between)
			printf(",%u", u->id);
		else
			printf("  %s %u", key, u->id);
		between = ",";
	}
	if (x->is_json)
		json_close(&x->json, ']');
}

static int show(struct inspect *x, int fd, const struct uses *uses)
{
	char name[64] = "";
	struct bpf_btf_info info = {.name = (uint64_t)(uintptr_t)name, .name_len = sizeof(name)};
	uint32_t size_b = sizeof(info);
	struct json_writer *j = &x->json;

	if (bpf_obj_get_info_by_fd(fd, &info, &size_b))
		return inspect_error(x, "can't get BTF object info: %s", strerror(errno));
	name[sizeof(name) - 1] = '\0';
	if (!x->is_json) {
		printf("%u: name ", info.id);
		if (info.kernel_btf)
			printf("[%s]", name);
		else
			printf("%s", *name ? name : "<anon>");
		printf("  size %uB", info.btf_size);
		show_uses(x, &uses->progs, info.id, "prog_ids");
		show_uses(x, &uses->maps, info.id, "map_ids");
		show_holders(x, HELD_BTF, info.id);
		printf("\n");
		return 0;
	}
	json_open(j, '{');
	json_member_uint(j, "id", info.id);
	json_member_uint(j, "size", info.btf_size);
	show_uses(x, &uses->progs, info.id, "prog_ids");
	show_uses(x, &uses->maps, info.id, "map_ids");
	show_holders(x, HELD_BTF, info.id);
	json_member_bool(j, "kernel", info.kernel_btf);
	if (*name)
		json_member_string(j, "name", name);
	json_close(j, '}');
	return 0;
}

/* One, as `id N` says; -1: reported. */
static int fd_of(struct inspect *x, struct words *w)
{
	const char *how = word_next(w), *which;
	uint32_t id;
	int fd;

	if (!word_is(how, "id"))
		return inspect_error(x, "expected 'id', got: '%s'?", how);
	if (w->n != 1)
		return inspect_error(x, "what is '%s'?", how);
	which = word_next(w);
	if (!word_number(which, &id))
		return inspect_error(x, "can't parse %s as ID", which);
	fd = bpf_btf_get_fd_by_id(id);
	if (fd < 0)
		return inspect_error(x, "can't get BTF object by id (%u): %s", id, strerror(errno));
	return fd;
}

static int show_all(struct inspect *x, const struct uses *uses)
{
	uint32_t id = 0;
	int status = 0;

	while (!status && !bpf_btf_get_next_id(id, &id)) {
		own_fd int fd = bpf_btf_get_fd_by_id(id);

		if (fd < 0 && errno == ENOENT)
			continue; /* it has gone meanwhile */
		status = fd < 0 ? inspect_error(x, "can't get BTF object by id (%u): %s", id,
		                                strerror(errno))
		                : show(x, fd, uses);
	}
	if (!status && errno != ENOENT)
		status = inspect_error(x, "can't get next BTF object: %s%s", strerror(errno),
		                       errno == EINVAL ? " -- kernel too old?" : "");
	return status;
}

int btf_show(struct inspect *x, struct words *w)
{
	struct uses uses = {0};
	own_fd int one = -1;
	int status;

	if (w->n) {
		one = fd_of(x, w);
		if (one < 0)
			return -1;
	}
	find_uses(x, &uses);
	if (one >= 0)
		return show(x, one, &uses);
	if (x->is_json)
		json_open(&x->json, '[');
	status = show_all(x, &uses);
	if (x->is_json)
		json_close(&x->json, ']');
	return status;
}
