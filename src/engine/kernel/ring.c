/* The consumer of a BPF ring buffer (Documentation/bpf/ringbuf.rst), read in place.
 *
 * Its memory is one page for our position, one for the producers', and the data. The kernel can
 * map the data twice in a row so that a record is never cut; every page mapped counts as ours,
 * so we map it once and copy the single record per round that straddles the end. */
#include "engine/kernel/kernel.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct ring {
	uint64_t *consumer; /* written by us, read by the kernel */
	const uint64_t *producer;
	const uint8_t *data;
	uint8_t *straddler; /* max_record_b bytes */
	uint32_t size_b, page_b, max_record_b;
};

int ring_open(int map_fd, uint32_t size_b, uint32_t max_record_b, struct ring **ret)
{
	uint32_t page_b = (uint32_t)sysconf(_SC_PAGESIZE);
	struct ring *r = calloc(1, sizeof(*r));
	void *consumer, *rest;
	int err;

	if (!r)
		return -ENOMEM;
	consumer = mmap(NULL, page_b, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	rest = mmap(NULL, (size_t)page_b + size_b, PROT_READ, MAP_SHARED, map_fd, page_b);
	err = consumer == MAP_FAILED || rest == MAP_FAILED ? -errno : 0;
	r->consumer = consumer;
	r->producer = rest;
	r->data = (const uint8_t *)rest + page_b;
	r->straddler = malloc(max_record_b);
	r->size_b = size_b;
	r->page_b = page_b;
	r->max_record_b = max_record_b;
	if (err || !r->straddler) {
		ring_close(r);
		return err ? err : -ENOMEM;
	}
	*ret = r;
	return 0;
}

void ring_close(struct ring *r)
{
	if (!r)
		return;
	if (r->consumer != MAP_FAILED)
		munmap(r->consumer, r->page_b);
	if (r->producer != MAP_FAILED)
		munmap((void *)r->producer, (size_t)r->page_b + r->size_b);
	free(r->straddler);
	free(r);
}

/* The record's bytes [at, at + len_b) of the data as one piece; NULL if it is longer than any
 * the image knows. */
static const void *in_one_piece(struct ring *r, uint32_t at, uint32_t len_b)
{
	uint32_t to_end_b = r->size_b - at;

	if (len_b <= to_end_b)
		return r->data + at;
	if (len_b > r->max_record_b) {
		uint8_t *bigger = realloc(r->straddler, len_b);

		if (!bigger)
			return NULL;
		r->straddler = bigger;
		r->max_record_b = len_b;
	}
	memcpy(r->straddler, r->data + at, to_end_b);
	memcpy(r->straddler + to_end_b, r->data, len_b - to_end_b);
	return r->straddler;
}

int ring_drain(struct ring *r, engine_event_fn *fn, void *arg, uint32_t *ret_percent)
{
	uint64_t begin = *r->consumer; /* only we write it */
	uint64_t at = begin, told = at, until = at + r->size_b;
	int n = 0;

	/* One ring's worth at most: producers may be faster than `fn`. */
	while (at < until) {
		uint64_t produced = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE);

		if (at >= produced)
			break;
		while (at < produced) {
			uint32_t off = (uint32_t)at & (r->size_b - 1);
			uint32_t head =
			    __atomic_load_n((const uint32_t *)(r->data + off), __ATOMIC_ACQUIRE);
			uint32_t len_b = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

			if (head & BPF_RINGBUF_BUSY_BIT) {
				until = at; /* its writer is not done: next time */
				break;
			}
			if (!(head & BPF_RINGBUF_DISCARD_BIT)) {
				uint32_t body = (off + BPF_RINGBUF_HDR_SZ) & (r->size_b - 1);
				const void *record = in_one_piece(r, body, len_b);

				if (record) {
					fn(arg, record, len_b);
					n++;
				}
			}
			at += (len_b + BPF_RINGBUF_HDR_SZ + 7) & ~7ull;
			/* Telling the producers moves a cache line that each of them reads: do
			 * it eight times a round, not for each record. */
			if (at - told >= r->size_b / 8) {
				__atomic_store_n(r->consumer, at, __ATOMIC_RELEASE);
				told = at;
			}
		}
		/* A full barrier: a producer that does not see our position yet, and so wakes
		 * nobody, has to be seen by our next look at its position. */
		__atomic_store_n(r->consumer, at, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		told = at;
	}
	*ret_percent = (uint32_t)((at - begin) * 100 / r->size_b);
	return n;
}
