/* What the script's variables hold, read and reset from outside.
 *
 * Keyed maps go in batches: one system call for some thousand entries instead of two for each
 * (100,000 keys: 12 ms instead of 100). The kernel hands out whole hash buckets and answers ENOSPC
 * when one does not fit, so the batch grows on demand. Where there are no batches (v5.5 and older)
 * keys are walked one by one. */
#include "engine/kernel/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/kernel/sys.h"

enum { BATCH_BYTES = 256 << 10, BATCH_MIN = 64 };

/* Keys and values of one batch. */
struct batch {
	const struct image_map *m;
	uint32_t map_fd;
	uint32_t cap; /* entries */
	uint32_t entry_b;
	uint8_t *keys, *values, *cursor;
};

static int batch_resize(struct batch *b, uint32_t cap)
{
	uint8_t *keys = realloc(b->keys, (size_t)cap * b->m->key_size_b), *values;

	if (!keys)
		return -ENOMEM;
	b->keys = keys;
	values = realloc(b->values, (size_t)cap * b->entry_b);
	if (!values)
		return -ENOMEM;
	b->values = values;
	b->cap = cap;
	return 0;
}

static int batch_open(struct batch *b, struct engine *e, uint32_t map)
{
	uint32_t cap;

	*b = (struct batch){.m = &e->img->maps.items[map], .map_fd = (uint32_t)e->map_fds[map]};
	b->entry_b = map_entry_size(e, b->m);
	cap = BATCH_BYTES / (b->m->key_size_b + b->entry_b);
	if (cap > b->m->max_entries)
		cap = b->m->max_entries;
	if (cap < BATCH_MIN)
		cap = BATCH_MIN;
	/* An opaque position: 4 bytes for hashes, a key for arrays. */
	b->cursor = malloc(2 * (b->m->key_size_b < 8 ? 8 : b->m->key_size_b));
	return b->cursor ? batch_resize(b, cap) : -ENOMEM;
}

static void batch_close(struct batch *b)
{
	free(b->keys);
	free(b->values);
	free(b->cursor);
}

/* Fills `b` from the position `in` (NULL: the start), leaves the next one in `out`. Returns 1 if
 * there may be more, 0 after the last, or -errno; *ret_n entries were read in the first two. */
static int batch_next(struct batch *b, enum bpf_cmd cmd, const void *in, void *out, uint32_t *ret_n)
{
	for (;;) {
		union bpf_attr attr = {0};
		int err;

		attr.batch.in_batch = sys_ptr(in);
		attr.batch.out_batch = sys_ptr(out);
		attr.batch.keys = sys_ptr(b->keys);
		attr.batch.values = sys_ptr(b->values);
		attr.batch.count = b->cap;
		attr.batch.map_fd = b->map_fd;
		err = sys_bpf(cmd, &attr, sizeof(attr));
		*ret_n = attr.batch.count;
		if (err == 0)
			return 1;
		if (err == -ENOENT)
			return 0;
		if (err == -EINTR)
			continue;
		if (err != -ENOSPC || b->cap >= 1u << 24)
			return err;
		err = batch_resize(b, b->cap * 2);
		if (err)
			return err;
	}
}

/* ---- one at a time --------------------------------------------------------------------------- */

static int map_op(enum bpf_cmd cmd, uint32_t fd, const void *key, const void *value, uint64_t flags)
{
	union bpf_attr attr = {
	    .map_fd = fd, .key = sys_ptr(key), .value = sys_ptr(value), .flags = flags};

	return sys_bpf(cmd, &attr, sizeof(attr));
}

/* All keys present, into *ret_keys (malloc'ed). When a key vanishes while we stand on it the
 * kernel starts over; max_entries bounds that. */
static int collect_keys(struct batch *b, uint8_t **ret_keys, uint32_t *ret_n)
{
	uint32_t size_b = b->m->key_size_b, n = 0, cap = 0;
	uint8_t *keys = NULL;
	int err = 0;

	while (n < b->m->max_entries) {
		if (n == cap) {
			uint8_t *bigger =
			    realloc(keys, (size_t)(cap = cap ? cap * 2 : 64) * size_b);

			if (!bigger) {
				free(keys);
				return -ENOMEM;
			}
			keys = bigger;
		}
		err = map_op(BPF_MAP_GET_NEXT_KEY, b->map_fd,
		             n ? keys + (size_t)(n - 1) * size_b : NULL, keys + (size_t)n * size_b,
		             0);
		if (err)
			break;
		n++;
	}
	*ret_keys = keys;
	*ret_n = n;
	return err == -ENOENT ? 0 : err;
}

enum walk { WALK_READ, WALK_CLEAR, WALK_TAKE, WALK_ZERO };

static int walk_slowly(struct batch *b, enum walk what, engine_entry_fn *fn, void *arg,
                       uint32_t n_values)
{
	uint8_t *keys;
	uint32_t n;
	int err = collect_keys(b, &keys, &n);

	if (err)
		return err;
	memset(b->values, 0, b->entry_b);
	for (uint32_t i = 0; i < n && !err; i++) {
		const uint8_t *key = keys + (size_t)i * b->m->key_size_b;

		if (what == WALK_CLEAR)
			err = map_op(BPF_MAP_DELETE_ELEM, b->map_fd, key, NULL, 0);
		else if (what == WALK_ZERO)
			err = map_op(BPF_MAP_UPDATE_ELEM, b->map_fd, key, b->values, BPF_EXIST);
		else
			err = map_op(BPF_MAP_LOOKUP_ELEM, b->map_fd, key, b->values, 0);
		if (err == -ENOENT) { /* gone meanwhile */
			err = 0;
			continue;
		}
		if (!err && what == WALK_TAKE)
			err = map_op(BPF_MAP_DELETE_ELEM, b->map_fd, key, NULL, 0);
		if (!err && (what == WALK_READ || what == WALK_TAKE) &&
		    !fn(arg, key, b->values, n_values, map_value_stride(b->m)))
			break;
	}
	free(keys);
	return err;
}

static bool has_no_batch(int err)
{
	/* EINVAL: no such command (before v5.6); 524, ENOTSUPP: not for this kind of map */
	return err == -EINVAL || err == -524 || err == -EOPNOTSUPP;
}

/* ---- keyed maps ------------------------------------------------------------------------------ */

/* Reads, clears, or both in one step, so that what is counted in between is there the next time. */
static int keyed_walk(struct engine *e, uint32_t map, enum walk what, engine_entry_fn *fn, void *arg)
{
	enum bpf_cmd cmd =
	    what == WALK_READ ? BPF_MAP_LOOKUP_BATCH : BPF_MAP_LOOKUP_AND_DELETE_BATCH;
	struct batch b;
	uint32_t n_values = map_is_per_cpu(&e->img->maps.items[map]) ? e->n_cpus : 1, n;
	int more = batch_open(&b, e, map);
	uint8_t *in = NULL, *out = b.cursor;

	for (more = more ? more : 1; more > 0;) {
		more = batch_next(&b, cmd, in, out, &n);
		if (!in && has_no_batch(more)) {
			more = walk_slowly(&b, what, fn, arg, n_values);
			break;
		}
		for (uint32_t i = 0; fn && more >= 0 && i < n; i++) {
			if (!fn(arg, b.keys + (size_t)i * b.m->key_size_b,
			        b.values + (size_t)i * b.entry_b, n_values,
			        map_value_stride(b.m))) {
				more = 0;
				break;
			}
		}
		/* the two halves of `cursor` take turns */
		in = out;
		out = out == b.cursor ? b.cursor + (b.m->key_size_b < 8 ? 8 : b.m->key_size_b)
		                      : b.cursor;
	}
	batch_close(&b);
	return more;
}

/* Sets the n values of b->keys to zero. An update stops at a key that has been deleted meanwhile
 * (BPF_EXIST: zeroing must not bring it back): go on behind it. */
static int zero_batch(struct batch *b, uint32_t n)
{
	memset(b->values, 0, (size_t)n * b->entry_b);
	for (uint32_t done = 0; done < n;) {
		union bpf_attr attr = {0};
		int err;

		attr.batch.keys = sys_ptr(b->keys + (size_t)done * b->m->key_size_b);
		attr.batch.values = sys_ptr(b->values);
		attr.batch.count = n - done;
		attr.batch.map_fd = b->map_fd;
		attr.batch.elem_flags = BPF_EXIST;
		err = sys_bpf(BPF_MAP_UPDATE_BATCH, &attr, sizeof(attr));
		if (err && err != -ENOENT)
			return err;
		done += attr.batch.count + (err != 0);
	}
	return 0;
}

static int keyed_zero(struct engine *e, uint32_t map)
{
	struct batch b;
	uint32_t n;
	int more = batch_open(&b, e, map);
	uint8_t *in = NULL, *out = b.cursor;

	for (more = more ? more : 1; more > 0;) {
		int err;

		more = batch_next(&b, BPF_MAP_LOOKUP_BATCH, in, out, &n);
		err = more >= 0 ? zero_batch(&b, n) : 0;
		if ((!in && has_no_batch(more)) || has_no_batch(err)) {
			more = walk_slowly(&b, WALK_ZERO, NULL, NULL, 0);
			break;
		}
		if (err)
			more = err;
		in = out;
		out = out == b.cursor ? b.cursor + (b.m->key_size_b < 8 ? 8 : b.m->key_size_b)
		                      : b.cursor;
	}
	batch_close(&b);
	return more;
}

/* ---- scalars --------------------------------------------------------------------------------- */

/* The one entry of a globals map, malloc'ed. */
static int globals_lookup(struct engine *e, uint32_t map, uint8_t **ret)
{
	uint8_t *value = malloc(map_entry_size(e, &e->img->maps.items[map]));
	int err;

	if (!value)
		return -ENOMEM;
	err = map_op(BPF_MAP_LOOKUP_ELEM, (uint32_t)e->map_fds[map], &(uint32_t){0}, value, 0);
	if (err)
		free(value);
	else
		*ret = value;
	return err;
}

static int scalar_read(struct engine *e, const struct image_var *v, engine_entry_fn *fn, void *arg)
{
	const struct image_map *m = &e->img->maps.items[v->map];
	uint8_t *value;
	int err;

	if (e->views[v->map]) {
		fn(arg, NULL, (uint8_t *)e->views[v->map] + v->off_b, 1, m->value_size_b);
		return 0;
	}
	err = globals_lookup(e, v->map, &value);
	if (err)
		return err;
	fn(arg, NULL, value + v->off_b, map_is_per_cpu(m) ? e->n_cpus : 1, map_value_stride(m));
	free(value);
	return 0;
}

static int scalar_zero(struct engine *e, const struct image_var *v)
{
	const struct image_map *m = &e->img->maps.items[v->map];
	uint32_t size_b = image_value_size(v->value), stride = map_value_stride(m);
	uint8_t *value;
	int err;

	if (e->views[v->map]) {
		memset((uint8_t *)e->views[v->map] + v->off_b, 0, size_b);
		return 0;
	}
	if (map_is_per_cpu(m) && map_zero_per_cpu(e, v->map, v->off_b, size_b) == 0)
		return 0;
	/* Second best: what is counted elsewhere in this value meanwhile is lost. */
	err = globals_lookup(e, v->map, &value);
	if (err)
		return err;
	for (uint32_t i = 0; i < (map_is_per_cpu(m) ? e->n_cpus : 1); i++)
		memset(value + (size_t)i * stride + v->off_b, 0, size_b);
	err = map_op(BPF_MAP_UPDATE_ELEM, (uint32_t)e->map_fds[v->map], &(uint32_t){0}, value, 0);
	free(value);
	return err;
}

/* ---- engine_ops ------------------------------------------------------------------------------ */

int kernel_var_read(struct engine *e, uint32_t var, engine_entry_fn *fn, void *arg)
{
	const struct image_var *v = &e->img->vars.items[var];

	return v->key ? keyed_walk(e, v->map, WALK_READ, fn, arg) : scalar_read(e, v, fn, arg);
}

int kernel_var_take(struct engine *e, uint32_t var, engine_entry_fn *fn, void *arg)
{
	return keyed_walk(e, e->img->vars.items[var].map, WALK_TAKE, fn, arg);
}

int kernel_var_find(struct engine *e, uint32_t var, const void *key, engine_entry_fn *fn, void *arg)
{
	uint32_t map = e->img->vars.items[var].map;
	const struct image_map *m = &e->img->maps.items[map];
	void *values = malloc(map_entry_size(e, m));
	int err = values ? map_op(BPF_MAP_LOOKUP_ELEM, (uint32_t)e->map_fds[map], key, values, 0)
	                 : -ENOMEM;

	if (!err)
		fn(arg, key, values, map_is_per_cpu(m) ? e->n_cpus : 1, map_value_stride(m));
	free(values);
	return err == -ENOENT ? 0 : err;
}

int kernel_var_clear(struct engine *e, uint32_t var)
{
	const struct image_var *v = &e->img->vars.items[var];

	return v->key ? keyed_walk(e, v->map, WALK_CLEAR, NULL, NULL) : scalar_zero(e, v);
}

int kernel_var_zero(struct engine *e, uint32_t var)
{
	const struct image_var *v = &e->img->vars.items[var];

	return v->key ? keyed_zero(e, v->map) : scalar_zero(e, v);
}

int kernel_stack_read(struct engine *e, uint64_t id, uint32_t size_b, struct image_stack *ret)
{
	for (size_t i = 0; i < e->img->maps.n; i++) {
		const struct image_map *m = &e->img->maps.items[i];

		if (m->role == MAP_STACKS && m->value_size_b == size_b)
			return map_op(BPF_MAP_LOOKUP_ELEM, (uint32_t)e->map_fds[i], &id, ret, 0);
	}
	return -ENOENT;
}

/* All entries of the lost map at once; see has_no_batch(). */
static int lost_batch(struct engine *e, uint64_t *values, uint32_t *keys, uint32_t n)
{
	union bpf_attr attr = {0};
	uint32_t position;

	attr.batch.out_batch = sys_ptr(&position);
	attr.batch.keys = sys_ptr(keys);
	attr.batch.values = sys_ptr(values);
	attr.batch.count = n;
	attr.batch.map_fd = (uint32_t)e->map_fds[e->lost_map];
	return sys_bpf(BPF_MAP_LOOKUP_BATCH, &attr, sizeof(attr));
}

uint64_t kernel_lost(struct engine *e)
{
	uint64_t sum = (e->perf ? perf_buffer_lost(e->perf) : 0) +
	               (e->packets ? perf_buffer_lost(e->packets) : 0);
	const struct image_map *m;
	uint32_t n, entry_b, *keys;
	uint64_t *values;
	int err = -EINVAL;

	if (e->lost_map == UINT32_MAX)
		return sum;
	m = &e->img->maps.items[e->lost_map];
	n = m->max_entries;
	entry_b = map_entry_size(e, m);
	values = calloc(n, entry_b);
	keys = calloc(n, sizeof(*keys));
	if (values && keys && n > 2)
		err = lost_batch(e, values, keys, n);
	if (values && err && err != -ENOENT)
		for (uint32_t i = 0; i < n; i++)
			map_op(BPF_MAP_LOOKUP_ELEM, (uint32_t)e->map_fds[e->lost_map], &i,
			       (uint8_t *)values + (size_t)i * entry_b, 0);
	for (size_t i = 0; values && i < (size_t)n * entry_b / 8; i++)
		sum += values[i];
	free(values);
	free(keys);
	return sum;
}
