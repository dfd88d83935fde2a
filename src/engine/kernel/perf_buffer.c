/* Events over perf buffers, one per online CPU, for kernels before 5.8, which have no BPF ring.
 * Each is a page of positions and a power of two of data; a sample is
 *
 *   { struct perf_event_header; u32 size; u8 data[size]; }
 *
 * and may be cut at the end, where it is put together in a buffer of ours. What the kernel had no
 * room for it tells in a record of its own. */
#include "engine/kernel/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "engine/kernel/sys.h"

enum { DATA_PAGES = 64, MAX_RECORD_B = 1 << 16 /* header.size has 16 bits */ };

struct cpu_buffer {
	int fd;
	struct perf_event_mmap_page *page;
};

struct perf_buffer {
	struct cpu_buffer *cpus;
	uint32_t n;
	uint32_t page_b;
	uint64_t n_lost;
	uint8_t whole[MAX_RECORD_B];
};

static size_t data_size(const struct perf_buffer *p)
{
	return (size_t)DATA_PAGES * p->page_b;
}

static int open_cpu(struct perf_buffer *p, int map_fd, int cpu)
{
	struct cpu_buffer *c = &p->cpus[p->n];
	struct perf_event_attr attr = {
	    .size = sizeof(attr),
	    .type = PERF_TYPE_SOFTWARE,
	    .config = PERF_COUNT_SW_BPF_OUTPUT,
	    .sample_type = PERF_SAMPLE_RAW,
	    .sample_period = 1,
	    .watermark = 1,
	    .wakeup_watermark = DATA_PAGES / 4 * p->page_b,
	};
	union bpf_attr update = {0};
	uint32_t key = (uint32_t)cpu;

	c->fd = sys_perf_event_open(&attr, -1, cpu);
	if (c->fd < 0)
		return c->fd;
	p->n++;
	c->page =
	    mmap(NULL, p->page_b + data_size(p), PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (c->page == MAP_FAILED) {
		c->page = NULL;
		return -errno;
	}
	update.map_fd = (uint32_t)map_fd;
	update.key = sys_ptr(&key);
	update.value = sys_ptr(&c->fd);
	if (ioctl(c->fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return -errno;
	return sys_bpf(BPF_MAP_UPDATE_ELEM, &update, sizeof(update));
}

int perf_buffer_open(struct engine *e, int map_fd, struct perf_buffer **ret)
{
	struct perf_buffer *p = calloc(1, sizeof(*p));
	int *cpus = NULL, err = 0;
	uint32_t n;

	if (!p)
		return -ENOMEM;
	n = cpus_online(&cpus);
	p->page_b = (uint32_t)sysconf(_SC_PAGESIZE);
	p->cpus = arena_array(e->a, struct cpu_buffer, n);
	for (uint32_t i = 0; i < n && !err; i++)
		err = open_cpu(p, map_fd, cpus[i]);
	free(cpus);
	if (err)
		perf_buffer_close(p);
	else
		*ret = p;
	return err;
}

void perf_buffer_close(struct perf_buffer *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->cpus[i].page)
			munmap(p->cpus[i].page, p->page_b + data_size(p));
		close(p->cpus[i].fd);
	}
	free(p);
}

int perf_buffer_watch(struct perf_buffer *p, int epoll_fd)
{
	struct epoll_event watch = {.events = EPOLLIN | EPOLLET};

	for (uint32_t i = 0; i < p->n; i++)
		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, p->cpus[i].fd, &watch) < 0)
			return -errno;
	return 0;
}

uint64_t perf_buffer_lost(const struct perf_buffer *p)
{
	return p->n_lost;
}

/* The record at `tail`, as one piece; its length is in its header. */
static const struct perf_event_header *record_at(struct perf_buffer *p, const uint8_t *data,
                                                 uint64_t tail)
{
	size_t off = tail & (data_size(p) - 1), to_end_b = data_size(p) - off;
	const struct perf_event_header *header = (const void *)(data + off);

	/* Records are multiples of 8 bytes, so the header itself is never cut. */
	if (header->size <= to_end_b)
		return header;
	memcpy(p->whole, data + off, to_end_b);
	memcpy(p->whole + to_end_b, data, header->size - to_end_b);
	return (const void *)p->whole;
}

static int drain_cpu(struct perf_buffer *p, struct perf_event_mmap_page *page, engine_event_fn *fn,
                     void *arg, uint32_t *ret_percent)
{
	const uint8_t *data = (const uint8_t *)page + p->page_b;
	uint64_t tail = page->data_tail;
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	uint32_t percent = (uint32_t)((head - tail) * 100 / data_size(p));
	int n = 0;

	if (percent > *ret_percent)
		*ret_percent = percent;
	while (tail < head) {
		const struct perf_event_header *header = record_at(p, data, tail);
		const uint8_t *body = (const uint8_t *)(header + 1);

		if (header->size < sizeof(*header))
			break; /* never: not ours to loop on */
		if (header->type == PERF_RECORD_SAMPLE) {
			uint32_t size_b;

			memcpy(&size_b, body, sizeof(size_b));
			/* `body + 4` is not aligned to 8 as ring records are */
			memmove(p->whole, body + sizeof(size_b), size_b);
			fn(arg, p->whole, size_b);
			n++;
		} else if (header->type == PERF_RECORD_LOST) {
			uint64_t id_lost[2];

			memcpy(id_lost, body, sizeof(id_lost));
			p->n_lost += id_lost[1];
		}
		tail += header->size;
		__atomic_store_n(&page->data_tail, tail, __ATOMIC_RELEASE);
	}
	return n;
}

int perf_buffer_drain(struct perf_buffer *p, engine_event_fn *fn, void *arg, uint32_t *ret_percent)
{
	int n = 0;

	*ret_percent = 0;
	for (uint32_t i = 0; i < p->n; i++)
		n += drain_cpu(p, p->cpus[i].page, fn, arg, ret_percent);
	return n;
}
