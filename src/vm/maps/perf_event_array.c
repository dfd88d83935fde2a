/* PERF_EVENT_ARRAY: where bpf_perf_event_output() puts records. In the kernel somebody opens a perf
 * event for each CPU and maps its buffer; here every CPU of the map has a buffer from the start.
 * Records carry a running number, by which the reader merges the buffers into one order. */
#include "vm/maps/internal.h"

#include <stdlib.h>

struct perf_header {
	uint64_t number;
	uint64_t size_b;
};

struct perf_buffer {
	struct map_lock lock;
	unsigned char *data; /* VM_PERF_BYTES, a ring; positions only grow */
	uint64_t written, read;
} __attribute__((aligned(64)));

struct perf_map {
	struct vm_map m;
	struct perf_buffer *buffers; /* one for each CPU */
	uint64_t last_number;
	unsigned char *record; /* being read */
};

/* struct perf_event_header has 16 bits for a record's size; with its own words this is what fits.
 */
enum { RECORD_MAX_B = UINT16_MAX - 24 };

static void perf_destroy(struct vm_map *m)
{
	struct perf_map *p = (struct perf_map *)m;

	for (uint32_t i = 0; p->buffers && i < m->n_cpus; i++)
		map_memory_free(p->buffers[i].data, VM_PERF_BYTES);
	map_memory_free(p->buffers, m->n_cpus * sizeof(*p->buffers));
	map_memory_free(p->record, RECORD_MAX_B);
}

static int perf_create(struct vm_map *m)
{
	struct perf_map *p = (struct perf_map *)m;
	bool is_made;

	p->buffers = map_memory_alloc(m->n_cpus * sizeof(*p->buffers));
	p->record = map_memory_alloc(RECORD_MAX_B);
	is_made = p->buffers && p->record;
	for (uint32_t i = 0; is_made && i < m->n_cpus; i++) {
		p->buffers[i].data = map_memory_alloc(VM_PERF_BYTES);
		is_made = p->buffers[i].data;
	}
	if (!is_made)
		perf_destroy(m);
	return is_made ? 0 : -ENOMEM;
}

static void ring_put(struct perf_buffer *b, const void *bytes, size_t len_b)
{
	size_t at = b->written % VM_PERF_BYTES, to_end_b = VM_PERF_BYTES - at;

	if (len_b <= to_end_b) {
		memcpy(b->data + at, bytes, len_b);
	} else {
		memcpy(b->data + at, bytes, to_end_b);
		memcpy(b->data, (const char *)bytes + to_end_b, len_b - to_end_b);
	}
	b->written += (len_b + 7) & ~7ull;
}

static void ring_get(const struct perf_buffer *b, uint64_t from, void *ret, size_t len_b)
{
	size_t at = from % VM_PERF_BYTES, to_end_b = VM_PERF_BYTES - at;

	if (len_b <= to_end_b) {
		memcpy(ret, b->data + at, len_b);
	} else {
		memcpy(ret, b->data + at, to_end_b);
		memcpy((char *)ret + to_end_b, b->data, len_b - to_end_b);
	}
}

int64_t vm_perf_output(struct vm_map *m, uint64_t flags, uint32_t cpu, const void *data,
                       uint64_t size_b)
{
	struct perf_map *p = (struct perf_map *)m;
	uint64_t index = flags & BPF_F_INDEX_MASK, total_b;
	struct perf_header h = {.size_b = size_b};
	struct perf_buffer *b;

	if (m->def.type != BPF_MAP_TYPE_PERF_EVENT_ARRAY || (flags & ~BPF_F_INDEX_MASK))
		return -EINVAL;
	if (index == BPF_F_CURRENT_CPU)
		index = cpu;
	if (index >= m->def.max_entries)
		return -E2BIG;
	if (index >= m->n_cpus)
		return -ENOENT; /* nobody has opened an event there */
	if (index != cpu)
		return -EOPNOTSUPP;
	if (size_b > RECORD_MAX_B)
		return -E2BIG;
	total_b = sizeof(h) + ((size_b + 7) & ~7ull);
	b = &p->buffers[index];
	map_lock(&b->lock);
	if (b->written - b->read + total_b > VM_PERF_BYTES) {
		map_unlock(&b->lock);
		return -ENOSPC;
	}
	h.number = __atomic_add_fetch(&p->last_number, 1, __ATOMIC_RELAXED);
	ring_put(b, &h, sizeof(h));
	ring_put(b, data, size_b);
	map_unlock(&b->lock);
	return 0;
}

/* The buffer whose first record is the oldest of all, and that record's head; NULL: all are empty.
 */
static struct perf_buffer *oldest(struct perf_map *p, struct perf_header *ret)
{
	struct perf_buffer *found = NULL;

	for (uint32_t i = 0; i < p->m.n_cpus; i++) {
		struct perf_buffer *b = &p->buffers[i];
		struct perf_header h = {0};

		map_lock(&b->lock);
		if (b->written != b->read)
			ring_get(b, b->read, &h, sizeof(h));
		map_unlock(&b->lock);
		if (h.number && (!found || h.number < ret->number)) {
			found = b;
			*ret = h;
		}
	}
	return found;
}

int64_t vm_perf_read(struct vm_map *m, vm_ring_record_fn *fn, void *arg)
{
	struct perf_map *p = (struct perf_map *)m;
	struct perf_header h;
	struct perf_buffer *b;
	bool is_over = false;
	int64_t n = 0;

	if (m->def.type != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		return -EINVAL;
	while (!is_over && (b = oldest(p, &h))) {
		map_lock(&b->lock);
		ring_get(b, b->read + sizeof(h), p->record, h.size_b);
		b->read += sizeof(h) + ((h.size_b + 7) & ~7ull);
		map_unlock(&b->lock);
		is_over = fn(arg, p->record, (uint32_t)h.size_b);
		n++;
	}
	return n;
}

/* No descriptor of an event was ever put in. */
static int perf_remove(struct vm_map *m, const void *key)
{
	uint32_t index;

	memcpy(&index, key, sizeof(index));
	return index < m->def.max_entries ? -ENOENT : -E2BIG;
}

const struct map_kind map_perf_event_array = {
    .ops = {.type = BPF_MAP_TYPE_PERF_EVENT_ARRAY,
            .name = "perf_event_array",
            .check = map_fd_array_check,
            .create = perf_create,
            .destroy = perf_destroy,
            .lookup = map_lookup_nothing,
            .remove = perf_remove,
            .next_key = map_array_next_key},
    .size_b = sizeof(struct perf_map),
    .is_member = true,
    .no_update = -ENOTSUPP,
    .no_push = -EINVAL,
    .no_pop = -EINVAL,
    .no_peek = -EINVAL,
    .no_read = -ENOTSUPP,
};
