/* ARRAY_OF_MAPS and HASH_OF_MAPS. Members are put in by vm_map_set_map() and borrowed; a program's
 * lookup gives the member itself, reading from outside its number. */
#include "vm/maps/hash.h"

struct array_of_maps {
	struct vm_map m;
	struct vm_map **members;
};

/* bpf_map_meta_alloc(): what the members look like must be known, and be no map of maps itself. */
static int check_inner(const struct vm_map_def *d, struct strbuf *why)
{
	const struct map_kind *k;

	if (!d->inner)
		return map_refuse(-EINVAL, why, "what its maps look like is not said");
	if (d->inner->type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	    d->inner->type == BPF_MAP_TYPE_HASH_OF_MAPS)
		return map_refuse(-EINVAL, why, "maps of maps of maps are not possible");
	k = (const struct map_kind *)vm_map_kind(d->inner->type);
	if (!k)
		return map_refuse(-EINVAL, why, "this machine has no maps of kind %u",
		                  d->inner->type);
	if (!k->is_member)
		return map_refuse(-ENOTSUPP, why, "%s maps cannot be in other maps", k->ops.name);
	return k->ops.check(d->inner, why);
}

static int array_check(const struct vm_map_def *d, struct strbuf *why)
{
	int err = map_fd_array_check(d, why);

	return err ? err : check_inner(d, why);
}

/* fd_htab_map_alloc_check() */
static int hash_of_maps_check(const struct vm_map_def *d, struct strbuf *why)
{
	int err;

	if (d->value_size_b != 4)
		return map_refuse(-EINVAL, why, "values of this kind have 4 bytes, not %u",
		                  d->value_size_b);
	err = hash_check(d, why);
	return err ? err : check_inner(d, why);
}

static int tell_id(struct vm_map *inner, void *ret_value)
{
	if (!inner)
		return -ENOENT;
	memcpy(ret_value, &inner->id, sizeof(inner->id));
	return 0;
}

/* ---- array ----------------------------------------------------------------------------------- */

static int array_create(struct vm_map *m)
{
	struct array_of_maps *a = (struct array_of_maps *)m;

	a->members = map_memory_alloc(m->def.max_entries * sizeof(*a->members));
	return a->members ? 0 : -ENOMEM;
}

static void array_destroy(struct vm_map *m)
{
	map_memory_free(((struct array_of_maps *)m)->members,
	                m->def.max_entries * sizeof(struct vm_map *));
}

static struct vm_map **slot_of(struct vm_map *m, const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index < m->def.max_entries ? &((struct array_of_maps *)m)->members[index] : NULL;
}

static void *array_lookup(struct vm_map *m, const void *key, uint32_t cpu)
{
	struct vm_map **slot = slot_of(m, key);

	(void)cpu;
	return slot ? __atomic_load_n(slot, __ATOMIC_ACQUIRE) : NULL;
}

static int array_set_map(struct vm_map *m, const void *key, struct vm_map *inner, uint64_t flags)
{
	struct vm_map **slot = slot_of(m, key);

	if (flags != BPF_ANY)
		return -EINVAL;
	if (!slot)
		return -E2BIG;
	if (!map_is_like(m->def.inner, &inner->def))
		return -EINVAL;
	__atomic_store_n(slot, inner, __ATOMIC_RELEASE);
	return 0;
}

static int array_remove(struct vm_map *m, const void *key)
{
	struct vm_map **slot = slot_of(m, key);

	if (!slot)
		return -E2BIG;
	return __atomic_exchange_n(slot, NULL, __ATOMIC_ACQ_REL) ? 0 : -ENOENT;
}

static int array_read(struct vm_map *m, const void *key, void *ret_value)
{
	return tell_id(array_lookup(m, key, 0), ret_value);
}

const struct map_kind map_array_of_maps = {
    .ops = {.type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
            .name = "array_of_maps",
            .check = array_check,
            .create = array_create,
            .destroy = array_destroy,
            .lookup = array_lookup,
            .remove = array_remove,
            .next_key = map_array_next_key},
    .size_b = sizeof(struct array_of_maps),
    .no_update = -ENOTSUPP,
    .no_push = -EINVAL,
    .no_pop = -EINVAL,
    .no_peek = -EINVAL,
    .read = array_read,
    .set_map = array_set_map,
};

/* ---- hash ------------------------------------------------------------------------------------ */

static int hash_of_maps_create(struct vm_map *m)
{
	return hash_create_sized(m, m->def.max_entries, sizeof(struct vm_map *));
}

static void *hash_of_maps_lookup(struct vm_map *m, const void *key, uint32_t cpu)
{
	struct vm_map **slot = hash_lookup(m, key, cpu);

	return slot ? __atomic_load_n(slot, __ATOMIC_ACQUIRE) : NULL;
}

static int hash_set_map(struct vm_map *m, const void *key, struct vm_map *inner, uint64_t flags)
{
	if (!map_is_like(m->def.inner, &inner->def))
		return -EINVAL;
	return hash_update(m, key, &inner, flags, 0);
}

static int hash_of_maps_read(struct vm_map *m, const void *key, void *ret_value)
{
	return tell_id(hash_of_maps_lookup(m, key, 0), ret_value);
}

const struct map_kind map_hash_of_maps = {
    .ops = {.type = BPF_MAP_TYPE_HASH_OF_MAPS,
            .name = "hash_of_maps",
            .check = hash_of_maps_check,
            .create = hash_of_maps_create,
            .destroy = hash_destroy,
            .lookup = hash_of_maps_lookup,
            .remove = hash_remove,
            .next_key = hash_next_key},
    .size_b = sizeof(struct hash_map),
    .no_update = -ENOTSUPP,
    .no_push = -EINVAL,
    .no_pop = -EINVAL,
    .no_peek = -EINVAL,
    .read = hash_of_maps_read,
    .set_map = hash_set_map,
};
