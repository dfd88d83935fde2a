/* Tracepoints, in the two ways the kernel has.
 *
 * `tracepoint` goes through a perf event: the record is built as `perf record` would see it, then
 * handed to the program, and closing the event takes tens of milliseconds (see detach.c). The
 * event is opened for CPU 0 and left disabled: programs hang on the tracepoint itself and run on
 * every CPU all the same, and a disabled event never asks for a record of its own.
 *
 * Raw tracepoints and what has a BTF id of its own (fentry, fexit, typed raw tracepoints) are
 * links without an event below. */
#include "engine/kernel/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "engine/kernel/sys.h"
#include "engine/kernel/uapi.h"

static int read_tracepoint_id(const char *category, const char *event)
{
	static const char *const roots[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};
	int err = -ENOENT;

	for (size_t i = 0; i < 2; i++) {
		char path[512], text[16];
		own_fd int fd = -1;
		ssize_t got;

		snprintf(path, sizeof(path), "%s/events/%s/%s/id", roots[i], category, event);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			err = errno == ENOENT ? err : -errno;
			continue;
		}
		got = read(fd, text, sizeof(text) - 1);
		if (got <= 0)
			return -EIO;
		text[got] = '\0';
		return atoi(text);
	}
	return err;
}

int attach_tracepoint(struct attaching *x, const struct image_attach *at)
{
	int id =
	    at->tracepoint_id >= 0 ? at->tracepoint_id : read_tracepoint_id(at->category, at->func);
	struct perf_event_attr attr = {
	    .type = PERF_TYPE_TRACEPOINT,
	    .size = sizeof(attr),
	    .config = (uint64_t)id,
	    .sample_period = 1,
	    .disabled = 1,
	};
	int fd = id < 0 ? id : sys_perf_event_open(&attr, -1, 0);

	return fd < 0 ? fd : attach_perf_event(x, at, fd, true);
}

/* `name` NULL: the program's attach_btf_id says where. */
static int raw_open(struct attaching *x, const struct image_attach *at, const char *name)
{
	struct skep_raw_tracepoint_open attr = {
	    .name = sys_ptr(name),
	    .prog_fd = (uint32_t)x->prog_fd,
	    .cookie = x->prog->uses_cookie ? at->cookie : 0,
	};
	/* Kernels before v6.10 do not know the cookie and refuse one that is not 0. */
	int fd = sys_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));

	if (fd >= 0)
		attach_add(x->e, (struct attached){.link_fd = fd, .perf_fd = -1});
	return fd < 0 ? fd : 0;
}

int attach_raw_tracepoint(struct attaching *x, const struct image_attach *at)
{
	return raw_open(x, at, at->func);
}

int attach_tracing(struct attaching *x, const struct image_attach *at)
{
	union bpf_attr attr = {0};
	int fd;

	if (!x->prog->uses_cookie || !at->cookie)
		return raw_open(x, at, NULL);
	attr.link_create.prog_fd = (uint32_t)x->prog_fd;
	attr.link_create.attach_type = x->prog->expected_attach_type;
	attr.link_create.tracing.cookie = at->cookie; /* v5.19; typed raw tracepoints v6.10 */
	fd = sys_bpf(BPF_LINK_CREATE, &attr, sizeof(attr));
	if (fd >= 0)
		attach_add(x->e, (struct attached){.link_fd = fd, .perf_fd = -1});
	return fd < 0 ? fd : 0;
}
