/* What the script's variables hold, read and reset: the maps are ours, so that is memory. */
#include "engine/user/user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_per_cpu(const struct image_map *m)
{
	return m->type == BPF_MAP_TYPE_PERCPU_HASH || m->type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       m->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static uint32_t stride(const struct image_map *m)
{
	return is_per_cpu(m) ? (m->value_size_b + 7) & ~7u : m->value_size_b;
}

enum walk { WALK_READ, WALK_CLEAR, WALK_TAKE, WALK_ZERO };

/* Keys first: reading does not disturb the order, removing would. */
static int walk(struct engine *e, uint32_t map, enum walk what, engine_entry_fn *fn, void *arg)
{
	const struct image_map *m = &e->img->maps.items[map];
	struct vm_map *vm = e->maps[map];
	uint32_t n_values = is_per_cpu(m) ? e->n_cpus : 1;
	void *value = calloc(1, vm_map_value_bytes(vm));
	vec(uint8_t) keys = {0};
	uint8_t *next = malloc(m->key_size_b);
	int err = value && next ? 0 : -ENOMEM;

	while (!err) {
		err =
		    vm_map_next_key(vm, keys.n ? keys.items + keys.n - m->key_size_b : NULL, next);
		if (err || keys.n / m->key_size_b >= m->max_entries)
			break;
		vec_reserve(NULL, &keys, keys.n + m->key_size_b);
		memcpy(keys.items + keys.n, next, m->key_size_b);
		keys.n += m->key_size_b;
	}
	if (err == -ENOENT)
		err = 0;
	for (size_t at = 0; !err && at < keys.n; at += m->key_size_b) {
		const uint8_t *key = keys.items + at;

		if (what == WALK_CLEAR)
			err = vm_map_erase(vm, key);
		else if (what == WALK_ZERO)
			err = vm_map_write(vm, key, value, BPF_EXIST);
		else
			err = vm_map_read(vm, key, value);
		if (err == -ENOENT) {
			err = 0;
			continue;
		}
		if (!err && what == WALK_TAKE)
			err = vm_map_erase(vm, key);
		if (!err && (what == WALK_READ || what == WALK_TAKE) &&
		    !fn(arg, key, value, n_values, stride(m)))
			break;
	}
	vec_free(&keys);
	free(next);
	free(value);
	return err;
}

static void zero_scalar(struct engine *e, const struct image_var *v)
{
	const struct image_map *m = &e->img->maps.items[v->map];
	struct vm_map *vm = e->maps[v->map];

	for (uint32_t cpu = 0; cpu < (is_per_cpu(m) ? e->n_cpus : 1); cpu++)
		memset(vm->values + (size_t)cpu * vm->cpu_stride_b + v->off_b, 0,
		       image_value_size(v->value));
}

int user_var_read(struct engine *e, uint32_t var, engine_entry_fn *fn, void *arg)
{
	const struct image_var *v = &e->img->vars.items[var];
	const struct image_map *m = &e->img->maps.items[v->map];
	struct vm_map *vm = e->maps[v->map];

	if (!vm)
		return -ENOENT;
	if (v->key)
		return walk(e, v->map, WALK_READ, fn, arg);
	fn(arg, NULL, vm->values + v->off_b, is_per_cpu(m) ? e->n_cpus : 1,
	   is_per_cpu(m) ? vm->cpu_stride_b : stride(m));
	return 0;
}

int user_var_find(struct engine *e, uint32_t var, const void *key, engine_entry_fn *fn, void *arg)
{
	uint32_t map = e->img->vars.items[var].map;
	const struct image_map *m = &e->img->maps.items[map];
	void *values = calloc(1, vm_map_value_bytes(e->maps[map]));
	int err = values ? vm_map_read(e->maps[map], key, values) : -ENOMEM;

	if (!err)
		fn(arg, key, values, is_per_cpu(m) ? e->n_cpus : 1, stride(m));
	free(values);
	return err == -ENOENT ? 0 : err;
}

int user_var_take(struct engine *e, uint32_t var, engine_entry_fn *fn, void *arg)
{
	return walk(e, e->img->vars.items[var].map, WALK_TAKE, fn, arg);
}

int user_var_clear(struct engine *e, uint32_t var)
{
	const struct image_var *v = &e->img->vars.items[var];

	if (v->key)
		return walk(e, v->map, WALK_CLEAR, NULL, NULL);
	zero_scalar(e, v);
	return 0;
}

int user_var_zero(struct engine *e, uint32_t var)
{
	const struct image_var *v = &e->img->vars.items[var];

	if (v->key)
		return walk(e, v->map, WALK_ZERO, NULL, NULL);
	zero_scalar(e, v);
	return 0;
}

int user_stack_read(struct engine *e, uint64_t id, uint32_t size_b, struct image_stack *ret)
{
	for (size_t i = 0; i < e->img->maps.n; i++) {
		const struct image_map *m = &e->img->maps.items[i];

		if (m->role == MAP_STACKS && m->value_size_b == size_b && e->maps[i])
			return vm_map_read(e->maps[i], &id, ret);
	}
	return -ENOENT;
}

uint64_t user_lost(struct engine *e)
{
	uint64_t sum = user_sampler_lost(e) + e->sampled_lost;

	for (uint32_t i = 0; e->lost_map && i < e->lost_map->def.max_entries; i++)
		for (uint32_t cpu = 0; cpu < e->n_cpus; cpu++) {
			uint64_t n;

			memcpy(&n,
			       e->lost_map->values + (size_t)i * e->lost_map->stride_b +
			           (size_t)cpu * e->lost_map->cpu_stride_b,
			       sizeof(n));
			sum += n;
		}
	return sum;
}
