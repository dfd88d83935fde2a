/* ARRAY and PERCPU_ARRAY: every index has a value from the start; nothing is ever deleted. What is
 * here follows kernel/bpf/arraymap.c. The values of one CPU lie together, pages away from
 * another's, so that CPUs don't share cache lines. */
#include "vm/maps/internal.h"

#include <limits.h>

struct array_map {
	struct vm_map m;
	size_t memory_b;
};

/* array_map_alloc_check(), also for the arrays of programs, maps and events. */
int map_array_check(const struct vm_map_def *d, struct strbuf *why)
{
	bool is_percpu = d->type == BPF_MAP_TYPE_PERCPU_ARRAY;
	uint32_t allowed = BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS;
	int err;

	if (d->type == BPF_MAP_TYPE_ARRAY)
		allowed |= BPF_F_MMAPABLE | BPF_F_INNER_MAP;
	if (d->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		allowed |= BPF_F_PRESERVE_ELEMS;
	if (is_percpu)
		allowed &= ~(uint32_t)BPF_F_NUMA_NODE;
	if (!d->max_entries)
		return map_refuse(-EINVAL, why, "max_entries is 0");
	if (d->key_size_b != 4)
		return map_refuse(-EINVAL, why, "keys of arrays have 4 bytes, not %u",
		                  d->key_size_b);
	if (!d->value_size_b)
		return map_refuse(-EINVAL, why, "values have no bytes");
	err = map_check_flags(d, allowed, why);
	if (err)
		return err;
	if (d->value_size_b > INT_MAX)
		return map_refuse(-E2BIG, why, "values of %u bytes", d->value_size_b);
	if (is_percpu && d->value_size_b > MAP_PERCPU_MAX_B)
		return map_refuse(-E2BIG, why, "values per CPU have at most %d bytes, not %u",
		                  MAP_PERCPU_MAX_B, d->value_size_b);
	return 0;
}

/* fd_array_map_alloc_check() */
int map_fd_array_check(const struct vm_map_def *d, struct strbuf *why)
{
	if (d->value_size_b != 4)
		return map_refuse(-EINVAL, why, "values of this kind have 4 bytes, not %u",
		                  d->value_size_b);
	if (d->flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		return map_refuse(-EINVAL, why,
		                  "RDONLY_PROG and WRONLY_PROG are not for this kind");
	return map_array_check(d, why);
}

static int array_create(struct vm_map *m)
{
	struct array_map *a = (struct array_map *)m;
	size_t stride_b = round_up_b(m->def.value_size_b, 8), cpu_b;

	if (__builtin_mul_overflow(stride_b, (size_t)m->def.max_entries, &a->memory_b) ||
	    a->memory_b > (size_t)1 << 46)
		return -ENOMEM;
	if (map_kind_of(m)->is_percpu) {
		cpu_b = round_up_b(a->memory_b, 64);
		if (cpu_b > UINT32_MAX)
			return -ENOMEM; /* machine code multiplies by 32 bits */
		m->cpu_stride_b = (uint32_t)cpu_b;
		a->memory_b = cpu_b * m->n_cpus;
	}
	m->stride_b = (uint32_t)stride_b;
	m->values = map_values_alloc(a->memory_b);
	return m->values ? 0 : -ENOMEM;
}

static void array_destroy(struct vm_map *m)
{
	map_values_free(m->values, ((struct array_map *)m)->memory_b);
}

static uint32_t index_of(const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index;
}

static unsigned char *value_at(const struct vm_map *m, uint32_t index, uint32_t cpu)
{
	return m->values + (size_t)index * m->stride_b + (size_t)cpu * m->cpu_stride_b;
}

static void *array_lookup(struct vm_map *m, const void *key, uint32_t cpu)
{
	uint32_t index = index_of(key);

	if (index >= m->def.max_entries)
		return NULL;
	return value_at(m, index, cpu);
}

static int check_update(const struct vm_map *m, uint32_t index, uint64_t flags, bool may_lock)
{
	if ((may_lock ? flags & ~(uint64_t)BPF_F_LOCK : flags) > BPF_EXIST)
		return -EINVAL;
	if (index >= m->def.max_entries)
		return -E2BIG;
	if (flags & BPF_NOEXIST)
		return -EEXIST;
	if ((flags & BPF_F_LOCK) && !m->has_lock)
		return -EINVAL;
	return 0;
}

static int array_update(struct vm_map *m, const void *key, const void *value, uint64_t flags,
                        uint32_t cpu)
{
	uint32_t index = index_of(key);
	int err = check_update(m, index, flags, true);

	if (err)
		return err;
	map_value_in(m, value_at(m, index, cpu), value, flags);
	return 0;
}

/* bpf_percpu_array_update(): every CPU's value at once. */
static int percpu_array_write(struct vm_map *m, const void *key, const void *value, uint64_t flags)
{
	uint32_t index = index_of(key);
	int err = check_update(m, index, flags, false);

	if (err)
		return err;
	for (uint32_t cpu = 0; cpu < m->n_cpus; cpu++)
		map_copy_in(value_at(m, index, cpu), (const char *)value + cpu * m->stride_b,
		            m->stride_b);
	return 0;
}

int map_array_next_key(struct vm_map *m, const void *key, void *ret_key)
{
	uint32_t index = key ? index_of(key) : UINT32_MAX, next = 0;

	if (index == m->def.max_entries - 1)
		return -ENOENT;
	if (index < m->def.max_entries)
		next = index + 1;
	memcpy(ret_key, &next, sizeof(next));
	return 0;
}

static int64_t array_each(struct vm_map *m, uint32_t cpu, vm_map_visit_fn *fn, void *arg)
{
	uint32_t i;

	for (i = 0; i < m->def.max_entries; i++)
		if (fn(arg, m, &i, value_at(m, i, cpu)))
			return (int64_t)i + 1;
	return i;
}

/* array_map_meta_equal() */
static bool array_is_like(const struct vm_map_def *like, const struct vm_map_def *inner)
{
	return (like->flags & BPF_F_INNER_MAP) || like->max_entries == inner->max_entries;
}

const struct map_kind map_array = {
    .ops = {.type = BPF_MAP_TYPE_ARRAY,
            .name = "array",
            .check = map_array_check,
            .create = array_create,
            .destroy = array_destroy,
            .lookup = array_lookup,
            .update = array_update,
            .next_key = map_array_next_key},
    .size_b = sizeof(struct array_map),
    .fields = FIELD_LOCK | FIELD_TIMER | FIELD_POINTER | FIELD_LIST,
    .is_member = true,
    .no_remove = -EINVAL,
    .no_push = -EINVAL,
    .no_pop = -EINVAL,
    .no_peek = -EINVAL,
    .each = array_each,
    .is_like = array_is_like,
};

const struct map_kind map_percpu_array = {
    .ops = {.type = BPF_MAP_TYPE_PERCPU_ARRAY,
            .name = "percpu_array",
            .check = map_array_check,
            .create = array_create,
            .destroy = array_destroy,
            .lookup = array_lookup,
            .update = array_update,
            .next_key = map_array_next_key},
    .size_b = sizeof(struct array_map),
    .is_percpu = true,
    .fields = FIELD_POINTER,
    .is_member = true,
    .no_remove = -EINVAL,
    .no_push = -EINVAL,
    .no_pop = -EINVAL,
    .no_peek = -EINVAL,
    .each = array_each,
    .write = percpu_array_write,
};
