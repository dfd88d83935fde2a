/* Waiting for records. Waking a sleeper costs more than everything else about an event, so
 * programs submit without a wake-up until the ring fills to a mark; below that mark a timer finds
 * their records. Its slice is 1 ms at first; it doubles while little comes, up to 20 ms, up to
 * 100 ms when nothing does, and halves when a slice fills much of the buffer.
 *
 * The ring is watched edge-triggered: "there is something to read" must not end a wait that lets
 * records gather, only a producer's explicit wake-up may. */
#include "engine/kernel/kernel.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "engine/kernel/sys.h"

enum { SLICE_FIRST_MS = 1, SLICE_FLOW_MS = 20, SLICE_IDLE_MS = 100 };
enum { LENGTHEN_PERCENT = 6, SHORTEN_PERCENT = 25 }; /* of the buffer, filled in one slice */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint32_t largest_record(const struct image *img)
{
	uint32_t max = 256;

	vec_each (event, &img->events)
		if (event->size_b > max)
			max = event->size_b;
	return max;
}

static uint32_t ring_size(int map_fd)
{
	struct bpf_map_info info = {0};
	union bpf_attr attr = {
	    .info = {.bpf_fd = (uint32_t)map_fd, .info_len = sizeof(info), .info = sys_ptr(&info)}};

	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) ? 0 : info.max_entries;
}

static int open_perf(struct engine *e, uint32_t map, struct perf_buffer **ret)
{
	int err = perf_buffer_open(e, e->map_fds[map], ret);

	return err ? err : perf_buffer_watch(*ret, e->wait_fd);
}

int events_open(struct engine *e, struct engine_error *ret_error)
{
	const struct image_map *m;
	struct epoll_event watch = {.events = EPOLLIN | EPOLLET};
	int fd, err;

	e->slice_ms = SLICE_FIRST_MS;
	if (e->ring_map == UINT32_MAX && e->packets_map == UINT32_MAX)
		return 0;
	e->wait_fd = epoll_create1(EPOLL_CLOEXEC);
	err = e->wait_fd < 0 ? -errno : 0;
	if (!err && e->packets_map != UINT32_MAX)
		err = open_perf(e, e->packets_map, &e->packets);
	m = e->ring_map != UINT32_MAX ? &e->img->maps.items[e->ring_map] : NULL;
	fd = m ? e->map_fds[e->ring_map] : -1;
	if (!err && m && m->role == MAP_RING) {
		err = ring_open(fd, ring_size(fd), largest_record(e->img), &e->ring);
		if (!err && epoll_ctl(e->wait_fd, EPOLL_CTL_ADD, fd, &watch) < 0)
			err = -errno;
	} else if (!err && m) {
		err = open_perf(e, e->ring_map, &e->perf);
	}
	if (err)
		return kernel_error(e->img, ret_error, err, UINT32_MAX,
		                    "The event buffer can't be opened: %s", strerror(-err));
	return 0;
}

void events_close(struct engine *e)
{
	ring_close(e->ring);
	perf_buffer_close(e->perf);
	perf_buffer_close(e->packets);
	if (e->wait_fd >= 0)
		close(e->wait_fd);
}

/* Drains, and sets the next slice by what was there. */
static int drain(struct engine *e, engine_event_fn *fn, void *arg)
{
	uint32_t percent = 0, of_packets = 0;
	int n = e->ring   ? ring_drain(e->ring, fn, arg, &percent)
	        : e->perf ? perf_buffer_drain(e->perf, fn, arg, &percent)
	                  : 0;

	if (e->packets)
		n += perf_buffer_drain(e->packets, fn, arg, &of_packets);
	percent = percent > of_packets ? percent : of_packets;

	if (n && percent >= SHORTEN_PERCENT)
		e->slice_ms = e->slice_ms > 1 ? e->slice_ms / 2 : 1;
	else if (percent < LENGTHEN_PERCENT)
		e->slice_ms *= 2;
	if (e->slice_ms > (n ? SLICE_FLOW_MS : SLICE_IDLE_MS))
		e->slice_ms = n ? SLICE_FLOW_MS : SLICE_IDLE_MS;
	e->last_drain_ns = now_ns();
	return n;
}

/* Sleeps up to wait_ns. Returns 1 if extra_fd is readable, 0 if not, or -errno. */
static int sleep_for(struct engine *e, uint64_t wait_ns, int extra_fd)
{
	struct pollfd fds[2] = {{.fd = e->wait_fd, .events = POLLIN},
	                        {.fd = extra_fd, .events = POLLIN}};
	struct timespec wait = {(time_t)(wait_ns / 1000000000u), (long)(wait_ns % 1000000000u)};
	int n = ppoll(fds, 2, &wait, NULL);

	if (n < 0)
		return -errno;
	if (fds[0].revents) { /* take the edge */
		struct epoll_event taken[8];

		epoll_wait(e->wait_fd, taken, 8, 0);
	}
	return fds[1].revents != 0;
}

int kernel_poll(struct engine *e, int timeout_ms, int extra_fd, engine_event_fn *fn, void *arg)
{
	uint64_t end_ns = timeout_ms < 0 ? UINT64_MAX : now_ns() + (uint64_t)timeout_ms * 1000000u;

	if (e->iterator)
		return iterator_read(e, fn, arg);
	if (timeout_ms == 0)
		return drain(e, fn, arg);
	for (;;) {
		uint64_t now = now_ns(), until = e->last_drain_ns + e->slice_ms * 1000000ull;
		int woken, n;

		if (until > end_ns)
			until = end_ns;
		unwind_serve(e);
		/* Also when there is no time to wait: extra_fd may be ready. */
		woken = sleep_for(e, until > now ? until - now : 0, extra_fd);
		n = drain(e, fn, arg);
		if (n)
			return n;
		if (woken < 0)
			return woken;
		if (woken || e->last_drain_ns >= end_ns)
			return 0;
	}
}
