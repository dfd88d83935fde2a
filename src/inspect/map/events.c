/* `map event_pipe`: what programs put into a perf event array or a ring buffer, as it comes. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "inspect/ending.h"
#include "inspect/map/data.h"
#include "inspect/map/map.h"

enum { RING_PAGES = 16 };

struct piping {
	struct inspect *x;
	int cpu, index; /* -1: all */
};

/* What the kernel writes for PERF_SAMPLE_TIME | PERF_SAMPLE_RAW. */
struct perf_sample {
	struct perf_event_header header;
	uint64_t time_ns;
	uint32_t size_b;
	unsigned char data[];
};

struct perf_lost {
	struct perf_event_header header;
	uint64_t id, n;
};

static void print_title(uint64_t time_ns)
{
	printf("== @%llu.%09llu ", (unsigned long long)(time_ns / 1000000000),
	       (unsigned long long)(time_ns % 1000000000));
}

static void json_ints(struct json_writer *j, const unsigned char *bytes, uint32_t n_b)
{
	json_open(j, '[');
	for (uint32_t i = 0; i < n_b; i++)
		json_uint(j, bytes[i]);
	json_close(j, ']');
}

static void print_sample(struct inspect *x, const struct perf_sample *s, uint32_t size_b)
{
	if (x->is_json) {
		json_member_uint(&x->json, "timestamp", s->time_ns);
		json_key(&x->json, "data");
		json_ints(&x->json, s->data, size_b);
	} else {
		print_hex(s->data, size_b);
		printf("\n");
	}
}

static enum bpf_perf_event_ret perf_event(void *arg, int cpu, struct perf_event_header *header)
{
	struct piping *p = arg;
	const struct perf_sample *s = (void *)header;
	const struct perf_lost *lost = (void *)header;
	uint32_t head_b = offsetof(struct perf_sample, data);
	int index = p->index >= 0 ? p->index : cpu;
	bool is_sample = header->type == PERF_RECORD_SAMPLE && header->size >= head_b;
	bool is_lost = header->type == PERF_RECORD_LOST && header->size >= sizeof(*lost);
	struct json_writer *j = &p->x->json;
	uint32_t size_b = is_sample ? header->size - head_b : 0;

	if (is_sample && s->size_b < size_b)
		size_b = s->size_b;
	if (p->x->is_json) {
		json_open(j, '{');
		json_member_uint(j, "type", header->type);
		json_member_uint(j, "cpu", (uint64_t)cpu);
		json_member_uint(j, "index", (uint64_t)index);
		if (is_sample) {
			print_sample(p->x, s, size_b);
		} else if (is_lost) {
			json_key(j, "lost");
			json_open(j, '{');
			json_member_uint(j, "id", lost->id);
			json_member_uint(j, "count", lost->n);
			json_close(j, '}');
		}
		json_close(j, '}');
	} else if (is_sample) {
		print_title(s->time_ns);
		printf("CPU: %d index: %d =====\n", cpu, index);
		print_sample(p->x, s, size_b);
	} else if (is_lost) {
		printf("lost %llu events\n", (unsigned long long)lost->n);
	} else {
		printf("unknown event type=%u size=%u\n", header->type, header->size);
	}
	return LIBBPF_PERF_EVENT_CONT;
}

/* A record of a ring buffer has neither time nor CPU: the time is when it is read. */
static int ring_event(void *arg, void *data, size_t size_b)
{
	struct inspect *x = ((struct piping *)arg)->x;
	struct timespec now;
	uint64_t now_ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	if (x->is_json) {
		json_open(&x->json, '{');
		json_member_uint(&x->json, "timestamp", now_ns);
		json_key(&x->json, "data");
		json_ints(&x->json, data, (uint32_t)size_b);
		json_close(&x->json, '}');
	} else {
		print_title(now_ns);
		printf("=====\n");
		print_hex(data, (uint32_t)size_b);
		printf("\n");
	}
	return 0;
}

static int parse(struct inspect *x, struct words *w, struct piping *p)
{
	while (w->n) {
		const char *word = word_next(w), *value;
		bool is_cpu = word_is(word, "cpu");
		uint32_t n;

		if ((!is_cpu && !word_is(word, "index")) || !w->n)
			return inspect_error(x, "what is '%s'?", word);
		value = word_next(w);
		if (!word_number(value, &n) || n > INT32_MAX)
			return inspect_error(x, "can't parse %s as %s", value,
			                     is_cpu ? "CPU ID" : "index");
		*(is_cpu ? &p->cpu : &p->index) = (int)n;
	}
	if ((p->cpu < 0) != (p->index < 0))
		return inspect_error(x, "cpu and index must be specified together");
	return 0;
}

/* All CPUs' rings: waiting has used up what the kernel tells a poll once. */
static int poll_perf(void *source)
{
	return perf_buffer__consume(source);
}

static int poll_ring(void *source)
{
	return ring_buffer__consume(source);
}

/* `fd` is ready to be read when there are events. */
static int pipe_events(struct inspect *x, void *source, int fd, int (*poll)(void *source))
{
	struct ending ending;
	int status = ending_watch(&ending);

	if (status)
		return inspect_error(x, "can't wait for signals: %s", strerror(-status));
	if (x->is_json)
		json_open(&x->json, '[');
	while (ending_wait(&ending, fd, -1) == WAITED_INPUT) {
		int n = poll(source);

		if (n < 0 && n != -EINTR) {
			status = n;
			break;
		}
		if (x->is_json)
			json_flush(&x->json);
		fflush(stdout);
	}
	if (x->is_json) {
		json_close(&x->json, ']');
		json_flush(&x->json);
	}
	ending_leave(&ending);
	if (status)
		return inspect_error(x, "perf buffer polling failed: %s (%d)", strerror(-status),
		                     -status);
	fprintf(stderr, "Stopping...\n");
	return 0;
}

static int pipe_perf(struct inspect *x, int fd, struct piping *p)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
	                               .config = PERF_COUNT_SW_BPF_OUTPUT,
	                               .sample_type = PERF_SAMPLE_RAW | PERF_SAMPLE_TIME,
	                               .sample_period = 1,
	                               .wakeup_events = 1};
	LIBBPF_OPTS(perf_buffer_raw_opts, opts);
	struct perf_buffer *buffer;
	int status;

	if (p->cpu >= 0) {
		opts.cpu_cnt = 1;
		opts.cpus = &p->cpu;
		opts.map_keys = &p->index;
	}
	buffer = perf_buffer__new_raw(fd, RING_PAGES, &attr, perf_event, p, &opts);
	if (!buffer)
		return inspect_error(x, "failed to create perf buffer: %s (%d)", strerror(errno),
		                     errno);
	status = pipe_events(x, buffer, perf_buffer__epoll_fd(buffer), poll_perf);
	perf_buffer__free(buffer);
	return status;
}

static int pipe_ring(struct inspect *x, int fd, struct piping *p)
{
	struct ring_buffer *buffer;
	int status;

	if (p->cpu >= 0)
		return inspect_error(x, "a ring buffer has no CPUs: leave cpu and index out");
	buffer = ring_buffer__new(fd, ring_event, p, NULL);
	if (!buffer)
		return inspect_error(x, "failed to create ring buffer: %s (%d)", strerror(errno),
		                     errno);
	status = pipe_events(x, buffer, ring_buffer__epoll_fd(buffer), poll_ring);
	ring_buffer__free(buffer);
	return status;
}

int map_event_pipe(struct inspect *x, struct words *w)
{
	struct piping p = {.x = x, .cpu = -1, .index = -1};
	struct open_map m;
	int status;

	if (!map_open(x, w, false, &m))
		return -1;
	if (m.info.type != BPF_MAP_TYPE_PERF_EVENT_ARRAY && m.info.type != BPF_MAP_TYPE_RINGBUF)
		status = inspect_error(x, "map is not a perf event array");
	else
		status = parse(x, w, &p);
	if (!status)
		status = m.info.type == BPF_MAP_TYPE_RINGBUF ? pipe_ring(x, m.fd, &p)
		                                             : pipe_perf(x, m.fd, &p);
	map_close(&m);
	return status;
}
