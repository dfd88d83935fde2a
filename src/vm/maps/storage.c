/* TASK_STORAGE: a value for each task, without a number of entries. In the kernel the value hangs
 * on struct task_struct; a machine in user space knows tasks by number only, so here it is a hash
 * whose key is the task's id in four bytes: what bpf_task_storage_get() was handed for a task, and
 * in place of the pidfd that bpf(2) takes. Nobody tells the map when a task ends: whoever follows
 * tasks removes their values. Storages of sockets, inodes and cgroups have no meaning here. */
#include "vm/maps/hash.h"

/* Address space is set aside for so many, memory taken as they come. The kernel keeps the size of a
 * value and its struct bpf_local_storage_elem in 16 bits. */
enum { TASKS_MAX = 1 << 16, VALUE_MAX_B = UINT16_MAX - 128 };

#ifndef BPF_F_CLONE
#define BPF_F_CLONE (1u << 9)
#endif

/* bpf_local_storage_map_alloc_check(), without its demand for BTF, which is there to show values of
 * other people's programs */
static int storage_check(const struct vm_map_def *d, struct strbuf *why)
{
	int err = map_check_flags(d, BPF_F_NO_PREALLOC | BPF_F_CLONE, why);

	if (err)
		return err;
	if (!(d->flags & BPF_F_NO_PREALLOC))
		return map_refuse(-EINVAL, why, "storage needs BPF_F_NO_PREALLOC");
	if (d->max_entries)
		return map_refuse(-EINVAL, why, "storage has no max_entries");
	if (d->key_size_b != 4 || !d->value_size_b)
		return map_refuse(-EINVAL, why, "%s",
		                  d->value_size_b ? "keys of storage have 4 bytes"
		                                  : "values have no bytes");
	if (d->value_size_b > VALUE_MAX_B)
		return map_refuse(-E2BIG, why, "values have at most %d bytes, not %u", VALUE_MAX_B,
		                  d->value_size_b);
	return 0;
}

static int storage_create(struct vm_map *m)
{
	return hash_create_sized(m, TASKS_MAX, m->def.value_size_b);
}

static int storage_update(struct vm_map *m, const void *key, const void *value, uint64_t flags,
                          uint32_t cpu)
{
	int err = hash_update(m, key, value, flags, cpu);

	return err == -E2BIG ? -ENOMEM : err;
}

const struct map_kind map_task_storage = {
    .ops = {.type = BPF_MAP_TYPE_TASK_STORAGE,
            .name = "task_storage",
            .check = storage_check,
            .create = storage_create,
            .destroy = hash_destroy,
            .lookup = hash_lookup,
            .update = storage_update,
            .remove = hash_remove},
    .size_b = sizeof(struct hash_map),
    .fields = FIELD_LOCK | FIELD_POINTER,
    .is_member = true,
    .no_next_key = -ENOTSUPP,
    .no_push = -EINVAL,
    .no_pop = -EINVAL,
    .no_peek = -EINVAL,
};
