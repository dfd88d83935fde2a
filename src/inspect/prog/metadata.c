/* What a program's author wrote into it about itself: constants named bpf_metadata_*. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inspect/info.h"
#include "inspect/prog/about.h"
#include "inspect/typed.h"

static const char prefix[] = "bpf_metadata_";

/* The constants' section of an object: one value of an array that nobody changes. */
struct constants {
	struct btf *btf;
	const struct btf_type *section;
	uint32_t value_b;
	unsigned char *value;
};

static bool read_constants(struct inspect *x, int fd, struct constants *c)
{
	struct bpf_map_info info;
	uint32_t key = 0;
	const char *name;

	*c = (struct constants){0};
	if (map_info(fd, &info) || info.type != BPF_MAP_TYPE_ARRAY || info.key_size != 4 ||
	    info.max_entries != 1 || !info.btf_id || !info.btf_value_type_id)
		return false;
	c->btf = btf__load_from_kernel_by_id(info.btf_id);
	c->section = c->btf ? btf__type_by_id(c->btf, info.btf_value_type_id) : NULL;
	if (!c->section || !btf_is_datasec(c->section))
		return false;
	name = btf__name_by_offset(c->btf, c->section->name_off);
	if (!name || strncmp(name, ".rodata", strlen(".rodata")) != 0)
		return false;
	c->value_b = info.value_size;
	c->value = arena_alloc(x->a, info.value_size + 8u);
	return !bpf_map_lookup_elem(fd, &key, c->value);
}

static void show_variable(struct inspect *x, const struct constants *c,
                          const struct btf_var_secinfo *at, bool *has_any)
{
	const struct btf_type *variable = btf__type_by_id(c->btf, at->type);
	const char *name = variable ? btf__name_by_offset(c->btf, variable->name_off) : NULL;
	struct json_writer plain;

	if (!name || !btf_is_var(variable) || strncmp(name, prefix, strlen(prefix)) != 0 ||
	    btf__resolve_size(c->btf, variable->type) < 0 ||
	    at->offset + btf__resolve_size(c->btf, variable->type) > c->value_b)
		return;
	name += strlen(prefix);
	if (x->is_json) {
		if (!*has_any) {
			json_key(&x->json, "metadata");
			json_open(&x->json, '{');
		}
		json_key(&x->json, name);
		print_typed(&x->json, c->btf, variable->type, c->value + at->offset, true);
	} else {
		printf("%s\t\t%s = ", *has_any ? "" : "\tmetadata:\n", name);
		json_begin(&plain, stdout, false);
		print_typed(&plain, c->btf, variable->type, c->value + at->offset, false);
		json_end(&plain);
	}
	*has_any = true;
}

void prog_show_metadata(struct inspect *x, const uint32_t *maps, uint32_t n_maps)
{
	bool has_any = false;

	for (uint32_t i = 0; i < n_maps; i++) {
		int fd = bpf_map_get_fd_by_id(maps[i]);
		struct constants c;

		if (fd < 0)
			continue;
		if (read_constants(x, fd, &c)) {
			const struct btf_var_secinfo *v = btf_var_secinfos(c.section);

			for (uint32_t k = 0; k < btf_vlen(c.section); k++)
				show_variable(x, &c, &v[k], &has_any);
		}
		btf__free(c.btf);
		close(fd);
	}
	if (has_any && x->is_json)
		json_close(&x->json, '}');
}
