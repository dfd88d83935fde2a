/* PROG_ARRAY: the programs that bpf_tail_call() goes to. They are put in by vm_map_set_program();
 * neither programs nor bpf(2)'s words reach a value. */
#include "vm/maps/internal.h"

struct prog_array {
	struct vm_map m;
	struct vm_code **codes;
};

static int prog_array_create(struct vm_map *m)
{
	struct prog_array *p = (struct prog_array *)m;

	p->codes = map_memory_alloc(m->def.max_entries * sizeof(*p->codes));
	return p->codes ? 0 : -ENOMEM;
}

static void prog_array_destroy(struct vm_map *m)
{
	map_memory_free(((struct prog_array *)m)->codes,
	                m->def.max_entries * sizeof(struct vm_code *));
}

static int prog_array_remove(struct vm_map *m, const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	if (index >= m->def.max_entries)
		return -E2BIG;
	return __atomic_exchange_n(&((struct prog_array *)m)->codes[index], NULL, __ATOMIC_ACQ_REL)
	           ? 0
	           : -ENOENT;
}

/* bpf(2) tells the program's number; ours have none. */
static int prog_array_read(struct vm_map *m, const void *key, void *ret_value)
{
	uint32_t index;

	(void)ret_value;
	memcpy(&index, key, sizeof(index));
	return vm_map_program(m, index) ? -ENOTSUPP : -ENOENT;
}

int vm_map_set_program(struct vm_map *m, uint32_t index, struct vm_code *code)
{
	if (m->def.type != BPF_MAP_TYPE_PROG_ARRAY)
		return -EINVAL;
	if (index >= m->def.max_entries)
		return -E2BIG;
	__atomic_store_n(&((struct prog_array *)m)->codes[index], code, __ATOMIC_RELEASE);
	return 0;
}

struct vm_code *vm_map_program(struct vm_map *m, uint32_t index)
{
	if (m->def.type != BPF_MAP_TYPE_PROG_ARRAY || index >= m->def.max_entries)
		return NULL;
	return __atomic_load_n(&((struct prog_array *)m)->codes[index], __ATOMIC_ACQUIRE);
}

const struct map_kind map_prog_array = {
    .ops = {.type = BPF_MAP_TYPE_PROG_ARRAY,
            .name = "prog_array",
            .check = map_fd_array_check,
            .create = prog_array_create,
            .destroy = prog_array_destroy,
            .lookup = map_lookup_nothing,
            .remove = prog_array_remove,
            .next_key = map_array_next_key},
    .size_b = sizeof(struct prog_array),
    .no_update = -ENOTSUPP,
    .no_push = -EINVAL,
    .no_pop = -EINVAL,
    .no_peek = -EINVAL,
    .read = prog_array_read,
};
