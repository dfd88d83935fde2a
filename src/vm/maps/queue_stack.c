/* QUEUE and STACK: values without keys, pushed at one end and popped from the same or the other.
 * Semantics are those of kernel/bpf/queue_stack_maps.c. */
#include "vm/maps/internal.h"

struct queue_map {
	struct vm_map m;
	unsigned char *slots; /* one more than entries: full and empty differ */
	size_t slots_b;
	uint32_t stride_b;
	uint64_t n_slots;
	struct map_lock lock;
	uint64_t head, tail; /* the next to be pushed; the oldest */
};

static int queue_check(const struct vm_map_def *d, struct strbuf *why)
{
	int err;

	if (!d->max_entries)
		return map_refuse(-EINVAL, why, "max_entries is 0");
	if (d->key_size_b)
		return map_refuse(-EINVAL, why, "a queue or stack has no keys");
	if (!d->value_size_b)
		return map_refuse(-EINVAL, why, "values have no bytes");
	err = map_check_flags(d, BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS, why);
	if (err)
		return err;
	if (d->value_size_b > MAP_KMALLOC_MAX_B)
		return map_refuse(-E2BIG, why, "values of %u bytes", d->value_size_b);
	return 0;
}

static int queue_create(struct vm_map *m)
{
	struct queue_map *q = (struct queue_map *)m;

	q->n_slots = (uint64_t)m->def.max_entries + 1;
	q->stride_b = (uint32_t)round_up_b(m->def.value_size_b, 8);
	q->slots_b = q->n_slots * q->stride_b;
	q->slots = map_memory_alloc(q->slots_b);
	return q->slots ? 0 : -ENOMEM;
}

static void queue_destroy(struct vm_map *m)
{
	struct queue_map *q = (struct queue_map *)m;

	map_memory_free(q->slots, q->slots_b);
}

static uint64_t after(const struct queue_map *q, uint64_t at)
{
	return at + 1 == q->n_slots ? 0 : at + 1;
}

static int queue_push(struct vm_map *m, const void *value, uint64_t flags)
{
	struct queue_map *q = (struct queue_map *)m;

	if ((flags & BPF_NOEXIST) || flags > BPF_EXIST)
		return -EINVAL;
	map_lock(&q->lock);
	if (after(q, q->head) == q->tail) {
		if (!(flags & BPF_EXIST)) {
			map_unlock(&q->lock);
			return -E2BIG;
		}
		q->tail = after(q, q->tail); /* the oldest makes room, in a stack too */
	}
	memcpy(q->slots + q->head * q->stride_b, value, m->def.value_size_b);
	q->head = after(q, q->head);
	map_unlock(&q->lock);
	return 0;
}

static int take_one(struct queue_map *q, bool is_newest, bool removes, void *ret_value)
{
	uint64_t at;

	map_lock(&q->lock);
	if (q->head == q->tail) {
		map_unlock(&q->lock);
		memset(ret_value, 0, q->m.def.value_size_b);
		return -ENOENT;
	}
	at = !is_newest ? q->tail : q->head ? q->head - 1 : q->n_slots - 1;
	memcpy(ret_value, q->slots + at * q->stride_b, q->m.def.value_size_b);
	if (removes && is_newest)
		q->head = at;
	else if (removes)
		q->tail = after(q, at);
	map_unlock(&q->lock);
	return 0;
}

static int queue_pop(struct vm_map *m, void *ret_value)
{
	return take_one((struct queue_map *)m, false, true, ret_value);
}

static int queue_peek(struct vm_map *m, void *ret_value)
{
	return take_one((struct queue_map *)m, false, false, ret_value);
}

static int stack_pop(struct vm_map *m, void *ret_value)
{
	return take_one((struct queue_map *)m, true, true, ret_value);
}

static int stack_peek(struct vm_map *m, void *ret_value)
{
	return take_one((struct queue_map *)m, true, false, ret_value);
}

/* bpf(2): lookup peeks, update pushes, lookup and delete pops. */
static int queue_read(struct vm_map *m, const void *key, void *ret_value)
{
	(void)key;
	return m->ops->peek(m, ret_value);
}

static int queue_write(struct vm_map *m, const void *key, const void *value, uint64_t flags)
{
	(void)key;
	return queue_push(m, value, flags);
}

static int queue_take(struct vm_map *m, const void *key, void *ret_value)
{
	(void)key;
	return m->ops->pop(m, ret_value);
}

#define QUEUE_KIND(symbol, TYPE, spelling, pop_fn, peek_fn)                                        \
	const struct map_kind symbol = {                                                           \
	    .ops = {.type = BPF_MAP_TYPE_##TYPE,                                                   \
	            .name = spelling,                                                              \
	            .check = queue_check,                                                          \
	            .create = queue_create,                                                        \
	            .destroy = queue_destroy,                                                      \
	            .lookup = map_lookup_nothing,                                                  \
	            .push = queue_push,                                                            \
	            .pop = pop_fn,                                                                 \
	            .peek = peek_fn},                                                              \
	    .size_b = sizeof(struct queue_map),                                                    \
	    .is_member = true,                                                                     \
	    .no_update = -EINVAL,                                                                  \
	    .no_remove = -EINVAL,                                                                  \
	    .no_next_key = -EINVAL,                                                                \
	    .read = queue_read,                                                                    \
	    .write = queue_write,                                                                  \
	    .take = queue_take,                                                                    \
	}

QUEUE_KIND(map_queue, QUEUE, "queue", queue_pop, queue_peek);
QUEUE_KIND(map_stack, STACK, "stack", stack_pop, stack_peek);
