/* Iterators: the program is run by whoever reads, once for each object.
 *
 * Read in small portions: when less than a portion has gathered, the kernel goes on to the next
 * object, and an object whose records do not fit its buffer (eight pages) has to be gone through a
 * second time. Records are of the sizes that the image says, and may be cut in two by a portion's
 * end. */
#include "engine/kernel/attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/kernel/sys.h"

enum { PORTION_B = 4096 };

struct iterator {
	int fd;
	uint32_t n_b; /* in `bytes`: what is left of the portion before */
	uint32_t size_b;
	char *bytes;
};

static uint32_t record_size(const struct image *img, const char *at)
{
	const struct image_record *r = (const void *)at;

	return r->event < img->events.n ? (img->events.items[r->event].size_b + 7) & ~7u : 0;
}

static struct iterator *create(const struct image *img, int fd)
{
	struct iterator *it = calloc(1, sizeof(*it));
	uint32_t largest_b = 0;

	vec_each (ev, &img->events)
		if (ev->size_b > largest_b)
			largest_b = ev->size_b;
	if (!it)
		return NULL;
	it->fd = fd;
	it->size_b = ((largest_b + 7) & ~7u) + PORTION_B;
	it->bytes = malloc(it->size_b);
	if (!it->bytes) {
		free(it);
		return NULL;
	}
	return it;
}

void iterator_close(struct engine *e)
{
	if (!e->iterator)
		return;
	close(e->iterator->fd);
	free(e->iterator->bytes);
	free(e->iterator);
	e->iterator = NULL;
}

static int pin(int link_fd, const char *path)
{
	union bpf_attr attr = {.pathname = sys_ptr(path), .bpf_fd = (uint32_t)link_fd};

	return sys_bpf(BPF_OBJ_PIN, &attr, sizeof(attr));
}

/* What is walked over: with -p those of that process, where the kernel can (v6.1). */
static void describe_walk(const struct attaching *x, const struct image_attach *at,
                          union bpf_iter_link_info *info)
{
	if (!strncmp(at->func, "task", 4) && x->e->opts.pid)
		info->task.pid = (uint32_t)x->e->opts.pid;
	else if (!strcmp(at->func, "cgroup"))
		info->cgroup.order = BPF_CGROUP_ITER_DESCENDANTS_PRE;
}

int attach_iterator(struct attaching *x, const struct image_attach *at)
{
	union bpf_iter_link_info info = {0}, none = {0};
	union bpf_attr attr = {0};
	int link_fd, fd, err = 0;

	describe_walk(x, at, &info);
	attr.link_create.prog_fd = (uint32_t)x->prog_fd;
	attr.link_create.attach_type = BPF_TRACE_ITER;
	if (memcmp(&info, &none, sizeof(info))) {
		attr.link_create.iter_info = sys_ptr(&info);
		attr.link_create.iter_info_len = sizeof(info);
	}
	link_fd = sys_bpf(BPF_LINK_CREATE, &attr, sizeof(attr));
	if (link_fd < 0)
		return link_fd;
	if (at->path) {
		err = x->e->opts.is_dry_run ? 0 : pin(link_fd, at->path);
	} else {
		attr = (union bpf_attr){.iter_create.link_fd = (uint32_t)link_fd};
		fd = sys_bpf(BPF_ITER_CREATE, &attr, sizeof(attr));
		err = fd < 0 ? fd : 0;
		if (!err && !(x->e->iterator = create(x->e->img, fd))) {
			close(fd);
			err = -ENOMEM;
		}
	}
	if (err)
		close(link_fd);
	else
		attach_add(x->e, (struct attached){.link_fd = link_fd, .perf_fd = -1});
	return err;
}

int iterator_read(struct engine *e, engine_event_fn *fn, void *arg)
{
	struct iterator *it = e->iterator;
	uint32_t at = 0, size_b;
	ssize_t got = read(it->fd, it->bytes + it->n_b, PORTION_B);

	if (got < 0 && errno == EAGAIN) /* a million objects, and nothing printed of any */
		return 1;
	if (got <= 0)
		return got < 0 ? -errno : 0;
	it->n_b += (uint32_t)got;
	while (it->n_b - at >= sizeof(struct image_record)) {
		size_b = record_size(e->img, it->bytes + at);
		if (!size_b)
			return -EBADMSG;
		if (size_b > it->n_b - at)
			break;
		fn(arg, it->bytes + at, size_b);
		at += size_b;
	}
	it->n_b -= at;
	memmove(it->bytes, it->bytes + at, it->n_b);
	return 1;
}
