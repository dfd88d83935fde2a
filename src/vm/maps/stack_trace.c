/* STACK_TRACE: stacks by a number that comes from their hash; equal stacks share a number,
 * different ones that meet in a bucket don't. The rules are those of kernel/bpf/stackmap.c.
 *
 * A bucket holds the index of a trace. A trace that another replaces goes to a free list; whoever
 * reads it holds the map's lock. */
#include "vm/maps/internal.h"

#include <stdlib.h>

enum { MAX_DEPTH = 127 }; /* kernel.perf_event_max_stack as it is by default */

struct trace {
	uint32_t hash, n_frames;
	uint32_t free_next;
	uint64_t frames[];
};

struct stack_map {
	struct vm_map m;
	uint32_t mask, depth;
	uint32_t *buckets; /* 0: none */
	unsigned char *traces;
	size_t trace_b, n_traces;
	struct map_lock lock;
	uint32_t free, n_fresh;
};

static int stack_check(const struct vm_map_def *d, struct strbuf *why)
{
	/* struct bpf_stack_build_id */
	const uint32_t frame_b = d->flags & BPF_F_STACK_BUILD_ID ? 32 : 8;
	const uint32_t allowed =
	    BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_STACK_BUILD_ID;

	if (d->flags & ~allowed)
		return map_refuse(-EINVAL, why, "flags 0x%x are not for this kind of map",
		                  d->flags & ~allowed);
	if (!d->max_entries)
		return map_refuse(-EINVAL, why, "max_entries is 0");
	if (d->key_size_b != 4)
		return map_refuse(-EINVAL, why, "keys of stack traces have 4 bytes, not %u",
		                  d->key_size_b);
	if (d->value_size_b < 8 || d->value_size_b % frame_b)
		return map_refuse(-EINVAL, why, "%u bytes of value are not frames of %u",
		                  d->value_size_b, frame_b);
	if (d->value_size_b / frame_b > MAX_DEPTH)
		return map_refuse(-EINVAL, why, "%u frames; stacks have at most %d",
		                  d->value_size_b / frame_b, MAX_DEPTH);
	if (d->max_entries > 1u << 31)
		return map_refuse(-E2BIG, why, "%u entries", d->max_entries);
	return 0;
}

static int stack_create(struct vm_map *m)
{
	struct stack_map *s = (struct stack_map *)m;
	uint64_t n_buckets = 1;

	if (m->def.flags & BPF_F_STACK_BUILD_ID)
		return -EOPNOTSUPP; /* frames come as addresses here */
	while (n_buckets < m->def.max_entries)
		n_buckets *= 2;
	s->mask = (uint32_t)(n_buckets - 1);
	s->depth = m->def.value_size_b / 8;
	s->trace_b = sizeof(struct trace) + m->def.value_size_b;
	s->n_traces = (size_t)m->def.max_entries + 1;
	s->buckets = map_memory_alloc(n_buckets * sizeof(*s->buckets));
	s->traces = map_memory_alloc(s->n_traces * s->trace_b);
	if (s->buckets && s->traces)
		return 0;
	m->ops->destroy(m);
	return -ENOMEM;
}

static void stack_destroy(struct vm_map *m)
{
	struct stack_map *s = (struct stack_map *)m;

	map_memory_free(s->buckets, ((size_t)s->mask + 1) * sizeof(*s->buckets));
	map_memory_free(s->traces, s->n_traces * s->trace_b);
}

static struct trace *trace_at(const struct stack_map *s, uint32_t at)
{
	return (struct trace *)(s->traces + at * s->trace_b);
}

static uint32_t hash_frames(const uint64_t *frames, uint32_t n)
{
	uint64_t sum = n;

	for (uint32_t i = 0; i < n; i++) {
		unsigned __int128 p =
		    (unsigned __int128)(sum ^ frames[i] ^ 0x6a09e667f3bcc909) * 0xbb67ae8584caa73b;

		sum = (uint64_t)p ^ (uint64_t)(p >> 64);
	}
	return (uint32_t)(sum ^ sum >> 32);
}

/* With the lock: 0 when there is none left. */
static uint32_t trace_take(struct stack_map *s)
{
	uint32_t at = s->free;

	if (at)
		s->free = trace_at(s, at)->free_next;
	else if (s->n_fresh < s->m.def.max_entries)
		at = ++s->n_fresh;
	return at;
}

static void trace_give(struct stack_map *s, uint32_t at)
{
	trace_at(s, at)->free_next = s->free;
	s->free = at;
}

int64_t vm_stack_id(struct vm_map *m, const uint64_t *frames, uint32_t n_frames, uint64_t flags)
{
	const uint64_t known =
	    BPF_F_SKIP_FIELD_MASK | BPF_F_USER_STACK | BPF_F_FAST_STACK_CMP | BPF_F_REUSE_STACKID;
	struct stack_map *s = (struct stack_map *)m;
	uint32_t skip = flags & BPF_F_SKIP_FIELD_MASK, hash, id, at, old;
	const struct trace *t;
	int64_t ret;

	if (m->def.type != BPF_MAP_TYPE_STACK_TRACE || (flags & ~known))
		return -EINVAL;
	if (n_frames <= skip)
		return -EFAULT;
	frames += skip;
	n_frames -= skip;
	if (n_frames > s->depth)
		n_frames = s->depth;
	hash = hash_frames(frames, n_frames);
	id = hash & s->mask;
	ret = id;
	map_lock(&s->lock);
	old = s->buckets[id];
	t = trace_at(s, old);
	if (old && t->hash == hash &&
	    ((flags & BPF_F_FAST_STACK_CMP) ||
	     (t->n_frames == n_frames && !memcmp(t->frames, frames, n_frames * sizeof(*frames)))))
		goto out;
	if (old && !(flags & BPF_F_REUSE_STACKID)) {
		ret = -EEXIST;
		goto out;
	}
	at = trace_take(s);
	if (!at && old)
		at = old; /* nobody else can have it: the lock is ours */
	if (!at) {
		ret = -ENOMEM;
		goto out;
	}
	trace_at(s, at)->hash = hash;
	trace_at(s, at)->n_frames = n_frames;
	memcpy(trace_at(s, at)->frames, frames, n_frames * sizeof(*frames));
	s->buckets[id] = at;
	if (old && old != at)
		trace_give(s, old);
out:
	map_unlock(&s->lock);
	return ret;
}

/* Copy out trace `key`; frames it doesn't have are 0. */
static int read_trace(struct vm_map *m, const void *key, void *ret_value, bool removes)
{
	struct stack_map *s = (struct stack_map *)m;
	const struct trace *t;
	uint32_t id, at;

	memcpy(&id, key, sizeof(id));
	if (id > s->mask)
		return -ENOENT;
	map_lock(&s->lock);
	at = s->buckets[id];
	if (at) {
		t = trace_at(s, at);
		memset(ret_value, 0, m->def.value_size_b);
		memcpy(ret_value, t->frames, t->n_frames * sizeof(*t->frames));
		if (removes) {
			s->buckets[id] = 0;
			trace_give(s, at);
		}
	}
	map_unlock(&s->lock);
	return at ? 0 : -ENOENT;
}

static int stack_read(struct vm_map *m, const void *key, void *ret_value)
{
	return read_trace(m, key, ret_value, false);
}

static int stack_take(struct vm_map *m, const void *key, void *ret_value)
{
	return read_trace(m, key, ret_value, true);
}

static int stack_remove(struct vm_map *m, const void *key)
{
	struct stack_map *s = (struct stack_map *)m;
	uint32_t id, at;

	memcpy(&id, key, sizeof(id));
	if (id > s->mask)
		return -E2BIG;
	map_lock(&s->lock);
	at = s->buckets[id];
	s->buckets[id] = 0;
	if (at)
		trace_give(s, at);
	map_unlock(&s->lock);
	return at ? 0 : -ENOENT;
}

static int stack_next_key(struct vm_map *m, const void *key, void *ret_key)
{
	struct stack_map *s = (struct stack_map *)m;
	uint64_t id = 0;

	if (key) {
		uint32_t last;

		memcpy(&last, key, sizeof(last));
		if (last <= s->mask && __atomic_load_n(&s->buckets[last], __ATOMIC_RELAXED))
			id = (uint64_t)last + 1;
	}
	while (id <= s->mask && !__atomic_load_n(&s->buckets[id], __ATOMIC_RELAXED))
		id++;
	if (id > s->mask)
		return -ENOENT;
	memcpy(ret_key, &(uint32_t){(uint32_t)id}, sizeof(uint32_t));
	return 0;
}

const struct map_kind map_stack_trace = {
    .ops = {.type = BPF_MAP_TYPE_STACK_TRACE,
            .name = "stack_trace",
            .check = stack_check,
            .create = stack_create,
            .destroy = stack_destroy,
            .lookup = map_lookup_nothing,
            .remove = stack_remove,
            .next_key = stack_next_key},
    .size_b = sizeof(struct stack_map),
    .is_member = true,
    .no_update = -EINVAL,
    .no_push = -EINVAL,
    .no_pop = -EINVAL,
    .no_peek = -EINVAL,
    .read = stack_read,
    .take = stack_take,
};
