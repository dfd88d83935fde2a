/* What processes map, as the kernel tells: perf events that count nothing, one per online CPU,
 * whose buffers get a record for each fork, exec and executable mapping. A process that ends before
 * anybody asks for its addresses leaves nothing else behind.
 *
 * Input: the records PERF_RECORD_FORK, _COMM (of exec) and _MMAP2 (linux/perf_event.h). A process
 * that moves between CPUs leaves its records in several buffers, so all are put in order of time
 * first. */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cpus.h"
#include "symbols/process.h"

enum {
	DATA_PAGES = 32,
	TIME_B = 8, /* behind each record: sample_id_all with PERF_SAMPLE_TIME */
};

struct cpu_buffer {
	int fd;
	struct perf_event_mmap_page *page;
};

struct record {
	uint64_t time;
	size_t at; /* in bytes */
};

struct mappings {
	struct cpu_buffer *cpus;
	uint32_t n;
	size_t page_b;
	int epoll_fd;
	bool is_reading;
	vec(struct record) records;
	vec(unsigned char) bytes;
};

/* Records as they lie in a buffer, behind their header. */
struct fork_record {
	uint32_t pid, parent, tid, parent_tid;
};

struct comm_record {
	uint32_t pid, tid;
};

struct mmap2_record {
	uint32_t pid, tid;
	uint64_t address, len_b, off_b;
	uint32_t major, minor;
	uint64_t inode, generation;
	uint32_t prot, flags;
	char path[];
};

static size_t data_size(const struct mappings *m)
{
	return DATA_PAGES * m->page_b;
}

static int open_cpu(struct mappings *m, int cpu)
{
	struct perf_event_attr attr = {
	    .size = sizeof(attr),
	    .type = PERF_TYPE_SOFTWARE,
	    .config = PERF_COUNT_SW_DUMMY,
	    .sample_type = PERF_SAMPLE_TIME,
	    .sample_id_all = 1,
	    .mmap = 1,
	    .mmap2 = 1,
	    .comm = 1,
	    .comm_exec = 1,
	    .task = 1,
	    .watermark = 1,
	    .wakeup_watermark = (uint32_t)data_size(m) / 4,
	};
	struct epoll_event watch = {.events = EPOLLIN};
	struct cpu_buffer *c = &m->cpus[m->n];
	long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return -errno;
	c->fd = (int)fd;
	m->n++;
	c->page =
	    mmap(NULL, m->page_b + data_size(m), PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, 0);
	if (c->page == MAP_FAILED) {
		c->page = NULL;
		return -errno;
	}
	return epoll_ctl(m->epoll_fd, EPOLL_CTL_ADD, c->fd, &watch) ? -errno : 0;
}

int symbols_watch_mappings(struct symbols *s)
{
	struct mappings *m;
	int *cpus, err = 0;
	uint32_t n;

	if (s->mappings)
		return s->mappings->epoll_fd;
	if (s->policy == SYMBOLS_KEEP_NOTHING)
		return -ENOTSUP;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	n = cpus_online(&cpus);
	m->cpus = calloc(n, sizeof(*m->cpus));
	m->page_b = (size_t)sysconf(_SC_PAGESIZE);
	m->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (m->epoll_fd < 0 || !m->cpus)
		err = -errno;
	for (uint32_t i = 0; i < n && !err; i++)
		err = open_cpu(m, cpus[i]);
	free(cpus);
	if (err) {
		mappings_free(m);
		return err;
	}
	s->mappings = m;
	return m->epoll_fd;
}

void mappings_free(struct mappings *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->n; i++) {
		if (m->cpus[i].page)
			munmap(m->cpus[i].page, m->page_b + data_size(m));
		close(m->cpus[i].fd);
	}
	if (m->epoll_fd >= 0)
		close(m->epoll_fd);
	vec_free(&m->records);
	vec_free(&m->bytes);
	free(m->cpus);
	free(m);
}

/* ---- records -------------------------------------------------------------------------------- */

static void copy_out(struct mappings *m, const unsigned char *data, uint64_t tail, size_t len_b)
{
	size_t off = tail & (data_size(m) - 1), first_b = data_size(m) - off;

	if (first_b > len_b)
		first_b = len_b;
	vec_reserve(NULL, &m->bytes, m->bytes.n + len_b);
	memcpy(m->bytes.items + m->bytes.n, data + off, first_b);
	memcpy(m->bytes.items + m->bytes.n + first_b, data, len_b - first_b);
	m->bytes.n += len_b;
}

static void collect(struct mappings *m, struct perf_event_mmap_page *page)
{
	const unsigned char *data = (const unsigned char *)page + m->page_b;
	uint64_t tail = page->data_tail;
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);

	while (tail < head) {
		/* Records are multiples of 8 bytes, so a header is never cut. */
		const struct perf_event_header *h =
		    (const void *)(data + (tail & (data_size(m) - 1)));
		struct record r = {.at = m->bytes.n};

		if (h->size < sizeof(*h))
			break;
		if ((h->type == PERF_RECORD_FORK || h->type == PERF_RECORD_COMM ||
		     h->type == PERF_RECORD_MMAP2) &&
		    h->size >= sizeof(*h) + TIME_B) {
			copy_out(m, data, tail, h->size);
			memcpy(&r.time, m->bytes.items + m->bytes.n - TIME_B, TIME_B);
			vec_push(NULL, &m->records, r);
		}
		tail += h->size;
	}
	__atomic_store_n(&page->data_tail, head, __ATOMIC_RELEASE);
}

static int by_time(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void tell_mapping(struct symbols *s, const unsigned char *body, size_t len_b)
{
	static const char deleted[] = " (deleted)";
	char path[4200];
	struct mmap2_record r;
	struct maps_line l = {.path = path};
	size_t n;

	if (len_b < sizeof(r))
		return;
	memcpy(&r, body, sizeof(r));
	n = strnlen((const char *)body + sizeof(r), len_b - sizeof(r));
	if (n == len_b - sizeof(r) || n >= sizeof(path) || !r.pid || (int32_t)r.pid < 0 || !r.len_b)
		return;
	memcpy(path, body + sizeof(r), n);
	path[n] = '\0';
	if (!strcmp(path, "//anon"))
		path[0] = '\0';
	if (n >= sizeof(deleted) && !strcmp(path + n - (sizeof(deleted) - 1), deleted)) {
		path[n - (sizeof(deleted) - 1)] = '\0';
		l.is_deleted = true;
	}
	l.start = r.address;
	l.end = r.address + r.len_b;
	l.off_b = r.off_b;
	l.major = r.major;
	l.minor = r.minor;
	l.inode = r.inode;
	if (l.end > l.start)
		process_mapped(s, (pid_t)r.pid, &l);
}

static void tell(struct symbols *s, const unsigned char *record)
{
	const unsigned char *body = record + sizeof(struct perf_event_header);
	struct perf_event_header h;
	struct fork_record forked;
	struct comm_record comm;
	size_t len_b;

	memcpy(&h, record, sizeof(h));
	len_b = h.size - sizeof(h) - TIME_B;
	if (h.type == PERF_RECORD_MMAP2) {
		tell_mapping(s, body, len_b);
	} else if (h.type == PERF_RECORD_FORK && len_b >= sizeof(forked)) {
		memcpy(&forked, body, sizeof(forked));
		if (forked.pid != forked.parent && (int32_t)forked.pid > 0 &&
		    (int32_t)forked.parent > 0) /* no thread, and of our pid namespace */
			process_forked(s, (pid_t)forked.parent, (pid_t)forked.pid);
	} else if (h.type == PERF_RECORD_COMM && len_b >= sizeof(comm)) {
		memcpy(&comm, body, sizeof(comm));
		if ((h.misc & PERF_RECORD_MISC_COMM_EXEC) && (int32_t)comm.pid > 0)
			process_executed(s, (pid_t)comm.pid);
	}
}

void symbols_read_mappings(struct symbols *s)
{
	struct mappings *m = s->mappings;

	if (!m || m->is_reading)
		return;
	m->is_reading = true;
	for (uint32_t i = 0; i < m->n; i++)
		collect(m, m->cpus[i].page);
	if (m->records.n)
		qsort(m->records.items, m->records.n, sizeof(*m->records.items), by_time);
	vec_each (r, &m->records)
		tell(s, m->bytes.items + r->at);
	m->records.n = m->bytes.n = 0;
	m->is_reading = false;
}
