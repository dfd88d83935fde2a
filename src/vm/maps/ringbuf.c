/* RINGBUF: records of any size from any number of writers to one reader, in the order in which room
 * was reserved (Documentation/bpf/ringbuf.rst, kernel/bpf/ringbuf.c).
 *
 * Memory is one page of positions and then the data, mapped twice in a row so that no record is
 * ever cut. Each record begins with 8 bytes: its length with the busy and discard bits, and how
 * many times 4096 bytes it lies behind the page of positions, by which submit finds the ring.
 * Positions only grow; reserving takes a lock, submitting and reading don't. */
#include "vm/maps/internal.h"

#include <sys/eventfd.h>
#include <sys/mman.h>

/* UNIT_B: what headers count in, a part of any system's page */
enum { UNIT_B = 4096, HEADER_B = 8 };

struct ring_header {
	uint32_t len; /* BPF_RINGBUF_BUSY_BIT, BPF_RINGBUF_DISCARD_BIT */
	uint32_t units;
};

/* The page in front of the data. Writers and the reader each have lines of their own. */
struct ring_page {
	struct vm_map *map;
	uint64_t consumed __attribute__((aligned(64)));
	struct map_lock lock __attribute__((aligned(64)));
	uint64_t produced;
	uint64_t pending; /* the first record that may still be busy */
};

struct ring_map {
	struct vm_map m;
	struct ring_page *page;
	char *data;
	uint64_t mask;
	int wake_fd;
};

static size_t page_b(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static int ring_check(const struct vm_map_def *d, struct strbuf *why)
{
	int err = map_check_flags(d, BPF_F_NUMA_NODE, why);

	if (err)
		return err;
	if (d->key_size_b || d->value_size_b)
		return map_refuse(-EINVAL, why, "a ring buffer has neither keys nor values");
	if (!d->max_entries || (d->max_entries & (d->max_entries - 1)) || d->max_entries % page_b())
		return map_refuse(-EINVAL, why,
		                  "%u bytes: not a power of two and a multiple of a page",
		                  d->max_entries);
	return 0;
}

static size_t memory_b(const struct vm_map *m)
{
	return page_b() + 2 * (size_t)m->def.max_entries;
}

static int ring_create(struct vm_map *m)
{
	struct ring_map *r = (struct ring_map *)m;
	size_t data_b = m->def.max_entries;
	int memory_fd = memfd_create("ringbuf", MFD_CLOEXEC), err = 0;
	char *at;

	if (memory_fd < 0)
		return -errno;
	r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* Set the addresses aside first, then put both copies there. */
	at = mmap(NULL, memory_b(m), PROT_READ | PROT_WRITE,
	          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r->wake_fd < 0 || at == MAP_FAILED || ftruncate(memory_fd, (off_t)data_b))
		err = -errno;
	for (int i = 0; i < 2 && !err; i++)
		if (mmap(at + page_b() + i * data_b, data_b, PROT_READ | PROT_WRITE,
		         MAP_SHARED | MAP_FIXED, memory_fd, 0) == MAP_FAILED)
			err = -errno;
	close(memory_fd);
	if (err) {
		if (at != MAP_FAILED)
			munmap(at, memory_b(m));
		if (r->wake_fd >= 0)
			close(r->wake_fd);
		return err;
	}
	r->mask = data_b - 1;
	r->page = (struct ring_page *)at;
	r->data = at + page_b();
	r->page->map = m;
	return 0;
}

static void ring_destroy(struct vm_map *m)
{
	struct ring_map *r = (struct ring_map *)m;

	munmap(r->page, memory_b(m));
	close(r->wake_fd);
}

static struct ring_header *header_at(const struct ring_map *r, uint64_t position)
{
	return (struct ring_header *)(r->data + (position & r->mask));
}

static uint64_t total_b(uint32_t len)
{
	len &= ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
	return (len + HEADER_B + 7ull) & ~7ull;
}

/* ---- writing --------------------------------------------------------------------------------- */

static struct ring_header *reserve(struct ring_map *r, uint64_t size_b)
{
	struct ring_page *p = r->page;
	struct ring_header *h = NULL;
	uint64_t begin, end, pending;
	uint32_t len;

	/* RINGBUF_MAX_RECORD_SZ; what is in the way of the two bits anyhow */
	if (size_b > UINT32_MAX / 4 || total_b((uint32_t)size_b) > r->mask + 1)
		return NULL;
	map_lock(&p->lock);
	begin = p->produced;
	end = begin + total_b((uint32_t)size_b);
	/* Busy records must not be overrun, even if what comes before was read (Linux 6.8). */
	for (pending = p->pending; pending < begin; pending += total_b(len)) {
		len = __atomic_load_n(&header_at(r, pending)->len, __ATOMIC_ACQUIRE);
		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
	}
	p->pending = pending;
	if (end - __atomic_load_n(&p->consumed, __ATOMIC_ACQUIRE) <= r->mask &&
	    end - pending <= r->mask) {
		h = header_at(r, begin);
		h->units = (uint32_t)(((char *)h - (char *)p) / UNIT_B);
		__atomic_store_n(&h->len, (uint32_t)size_b | BPF_RINGBUF_BUSY_BIT,
		                 __ATOMIC_RELAXED);
		__atomic_store_n(&p->produced, end, __ATOMIC_RELEASE);
	}
	map_unlock(&p->lock);
	return h;
}

void *vm_ring_reserve(struct vm_map *m, uint64_t size_b, uint64_t flags)
{
	struct ring_header *h;

	if (flags || m->def.type != BPF_MAP_TYPE_RINGBUF)
		return NULL;
	h = reserve((struct ring_map *)m, size_b);
	return h ? h + 1 : NULL;
}

static void commit(void *sample, uint64_t flags, uint32_t bits)
{
	struct ring_header *h = (struct ring_header *)sample - 1;
	char *unit = (char *)((uintptr_t)h & ~(uintptr_t)(UNIT_B - 1));
	struct ring_page *p = (struct ring_page *)(unit - (size_t)h->units * UNIT_B);
	struct ring_map *r = (struct ring_map *)p->map;
	uint64_t mine = (uint64_t)((char *)h - r->data) & r->mask, consumed;

	/* The reader publishes its position, then looks at this word; we the other way round: one
	 * of the two sees the other's. */
	__atomic_store_n(&h->len, (h->len & ~BPF_RINGBUF_BUSY_BIT) | bits, __ATOMIC_SEQ_CST);
	consumed = __atomic_load_n(&p->consumed, __ATOMIC_SEQ_CST) & r->mask;
	if ((flags & BPF_RB_FORCE_WAKEUP) || (consumed == mine && !(flags & BPF_RB_NO_WAKEUP)))
		/* Full (2^64 - 2 wake-ups) is readable, too. */
		(void)!write(r->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
}

void vm_ring_submit(void *sample, uint64_t flags)
{
	commit(sample, flags, 0);
}

void vm_ring_discard(void *sample, uint64_t flags)
{
	commit(sample, flags, BPF_RINGBUF_DISCARD_BIT);
}

int64_t vm_ring_output(struct vm_map *m, const void *data, uint64_t size_b, uint64_t flags)
{
	struct ring_header *h;

	if ((flags & ~(uint64_t)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP)) ||
	    m->def.type != BPF_MAP_TYPE_RINGBUF)
		return -EINVAL;
	h = reserve((struct ring_map *)m, size_b);
	if (!h)
		return -EAGAIN;
	memcpy(h + 1, data, size_b);
	commit(h + 1, flags, 0);
	return 0;
}

uint64_t vm_ring_query(struct vm_map *m, uint64_t flags)
{
	struct ring_map *r = (struct ring_map *)m;
	uint64_t consumed, produced;

	if (m->def.type != BPF_MAP_TYPE_RINGBUF)
		return 0;
	consumed = __atomic_load_n(&r->page->consumed, __ATOMIC_ACQUIRE);
	produced = __atomic_load_n(&r->page->produced, __ATOMIC_ACQUIRE);
	switch (flags) {
	case BPF_RB_AVAIL_DATA:
		return produced - consumed;
	case BPF_RB_RING_SIZE:
		return r->mask + 1;
	case BPF_RB_CONS_POS:
		return consumed;
	case BPF_RB_PROD_POS:
		return produced;
	}
	return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

int64_t vm_ring_read(struct vm_map *m, vm_ring_record_fn *fn, void *arg)
{
	struct ring_map *r = (struct ring_map *)m;
	struct ring_page *p = r->page;
	bool is_over = false;
	uint64_t at, told, until, wakes;
	int64_t n = 0;

	if (m->def.type != BPF_MAP_TYPE_RINGBUF)
		return -EINVAL;
	/* Before looking: what comes later makes it readable again. */
	(void)!read(r->wake_fd, &wakes, sizeof(wakes));
	at = told = __atomic_load_n(&p->consumed, __ATOMIC_RELAXED);
	until = at + r->mask; /* one ring's worth at most: writers may be faster than `fn` */
	while (!is_over) {
		struct ring_header *h = header_at(r, at);
		uint32_t len = 0;

		if (at < __atomic_load_n(&p->produced, __ATOMIC_ACQUIRE))
			len = __atomic_load_n(&h->len, __ATOMIC_SEQ_CST);
		else
			len = BPF_RINGBUF_BUSY_BIT;
		if (len & BPF_RINGBUF_BUSY_BIT) {
			/* Nothing, as long as the writer of this one can't know where we are. */
			if (told == at)
				break;
			__atomic_store_n(&p->consumed, at, __ATOMIC_SEQ_CST);
			told = at;
			continue;
		}
		if (!(len & BPF_RINGBUF_DISCARD_BIT)) {
			is_over = fn(arg, h + 1, len);
			n++;
		}
		at += total_b(len);
		is_over |= at >= until;
		/* Every store takes the line from the writers: an eighth of the ring at once. */
		if (at - told > r->mask / 8) {
			__atomic_store_n(&p->consumed, at, __ATOMIC_SEQ_CST);
			told = at;
		}
	}
	__atomic_store_n(&p->consumed, at, __ATOMIC_SEQ_CST);
	/* Stopped early: the rest is still to be read, and no writer will say so. */
	if (is_over && at < __atomic_load_n(&p->produced, __ATOMIC_SEQ_CST))
		(void)!write(r->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
	return n;
}

int vm_ring_fd(struct vm_map *m)
{
	return m->def.type == BPF_MAP_TYPE_RINGBUF ? ((struct ring_map *)m)->wake_fd : -EINVAL;
}

const struct map_kind map_ringbuf = {
    .ops = {.type = BPF_MAP_TYPE_RINGBUF,
            .name = "ringbuf",
            .check = ring_check,
            .create = ring_create,
            .destroy = ring_destroy,
            .lookup = map_lookup_nothing},
    .size_b = sizeof(struct ring_map),
    .is_member = true,
    .no_update = -ENOTSUPP,
    .no_remove = -ENOTSUPP,
    .no_next_key = -ENOTSUPP,
    .no_push = -EINVAL,
    .no_pop = -EINVAL,
    .no_peek = -EINVAL,
    .no_read = -ENOTSUPP,
};
