/* See info.h. */
#include "inspect/info.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "inspect/source.h"

int prog_info(int fd, struct bpf_prog_info *ret)
{
	memset(ret, 0, sizeof(*ret));
	return source_prog_info(fd, ret) ? -errno : 0;
}

int map_info(int fd, struct bpf_map_info *ret)
{
	memset(ret, 0, sizeof(*ret));
	return source_map_info(fd, ret) ? -errno : 0;
}

static const char *name_by_btf(struct arena *a, const struct bpf_prog_info *info, int fd)
{
	struct bpf_func_info func;
	struct bpf_prog_info asked = {.func_info = (uint64_t)(uintptr_t)&func,
	                              .nr_func_info = 1,
	                              .func_info_rec_size = sizeof(func)};
	struct btf *btf = source_types(info->btf_id, NULL);
	const struct btf_type *t;
	const char *name = NULL;

	if (!btf)
		return NULL;
	if (!source_prog_info(fd, &asked) && asked.nr_func_info) {
		t = btf__type_by_id(btf, func.type_id);
		name = t ? btf__name_by_offset(btf, t->name_off) : NULL;
		name = name ? arena_strdup(a, name) : NULL;
	}
	btf__free(btf);
	return name;
}

const char *prog_name(struct arena *a, const struct bpf_prog_info *info, int fd)
{
	const char *whole = NULL;

	if (strnlen(info->name, sizeof(info->name)) == BPF_OBJ_NAME_LEN - 1 && info->btf_id &&
	    info->nr_func_info)
		whole = name_by_btf(a, info, fd);
	return whole ? whole
	             : arena_strndup(a, info->name, strnlen(info->name, sizeof(info->name)));
}

uint32_t *prog_map_ids(struct arena *a, const struct bpf_prog_info *info, int fd, uint32_t *ret_n)
{
	uint32_t *ids = arena_array(a, uint32_t, info->nr_map_ids + 1);
	struct bpf_prog_info asked = {.nr_map_ids = info->nr_map_ids,
	                              .map_ids = (uint64_t)(uintptr_t)ids};

	*ret_n = source_prog_info(fd, &asked) ? 0 : asked.nr_map_ids;
	if (*ret_n > info->nr_map_ids)
		*ret_n = info->nr_map_ids;
	return ids;
}
