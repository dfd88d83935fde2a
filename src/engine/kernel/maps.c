/* Maps: an image's descriptions to kernel objects. Read-only data is filled before it is frozen,
 * as the verifier takes the bytes of a frozen map for constants. Values that the map's flags let
 * us map into memory are, so that reading a scalar costs nothing. */
#include "engine/kernel/kernel.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "base/cpus.h"
#include "engine/kernel/sys.h"

enum { RING_MIN_B = 256 << 10, RING_MAX_B = 2 << 20 };

bool map_is_per_cpu(const struct image_map *m)
{
	return m->type == BPF_MAP_TYPE_PERCPU_HASH || m->type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       m->type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

uint32_t map_value_stride(const struct image_map *m)
{
	return map_is_per_cpu(m) ? (m->value_size_b + 7) & ~7u : m->value_size_b;
}

uint32_t map_entry_size(const struct engine *e, const struct image_map *m)
{
	return map_is_per_cpu(m) ? map_value_stride(m) * e->n_cpus : m->value_size_b;
}

/* Kernel object names hold [A-Za-z0-9_.] and 15 characters; others become '_'. */
void map_object_name(char dst[16], const char *src)
{
	size_t n = 0;

	for (; src && src[n] && n < 15; n++) {
		unsigned char c = (unsigned char)src[n];

		dst[n] = isalnum(c) || c == '.' ? (char)c : '_';
	}
	dst[n] = '\0';
}

/* The ring costs its size in memory and about 170 us per MiB to make. One per mille of what is
 * free, but a script that only has begin and end is done before it could gather anything. */
static uint32_t ring_size(const struct engine *e)
{
	uint64_t want = e->opts.ring_bytes;
	uint32_t size_b = RING_MIN_B;
	uint32_t max = RING_MAX_B;

	if (want) {
		max = 1u << 30;
	} else if (!e->img->has_only_begin_end) {
		struct sysinfo si;

		if (sysinfo(&si) == 0)
			want = (uint64_t)si.freeram * si.mem_unit / 1024;
	}
	if (e->opts.ring_bytes)
		size_b = (uint32_t)sysconf(_SC_PAGESIZE);
	while (size_b < max && size_b * 2ull <= want)
		size_b *= 2;
	return size_b;
}

static int map_create(struct engine *e, const struct image_map *m)
{
	union bpf_attr attr = {
	    .map_type = m->type,
	    .key_size = m->key_size_b,
	    .value_size = m->value_size_b,
	    .max_entries = m->max_entries,
	    .map_flags = m->flags,
	};
	int fd;

	map_object_name(attr.map_name, m->name);
	if (m->role == MAP_RING && attr.max_entries == 0)
		attr.max_entries = ring_size(e);
	if ((m->role == MAP_PERF || m->role == MAP_PACKETS) && attr.max_entries == 0)
		attr.max_entries = e->n_cpus;
	fd = sys_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd == -EPERM) {
		/* v5.10 and older charge maps to the locked-memory limit. */
		struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

		if (setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0)
			fd = sys_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
	}
	return fd;
}

static int map_fill(int fd, const void *value)
{
	uint32_t zero = 0;
	union bpf_attr attr = {
	    .map_fd = (uint32_t)fd, .key = sys_ptr(&zero), .value = sys_ptr(value)};

	return sys_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
}

static uint64_t boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Initial values: the image's bytes and, in the globals, the moment of the start. */
static int map_init(struct engine *e, uint32_t i)
{
	const struct image_map *m = &e->img->maps.items[i];
	uint32_t start_off = e->img->start_ns_off_b;
	bool has_start = m->role == MAP_GLOBALS && start_off != UINT32_MAX &&
	                 start_off + 8ull <= m->value_size_b;
	int fd = e->map_fds[i], err = 0;

	if (m->role == MAP_GLOBALS && (m->flags & BPF_F_MMAPABLE)) {
		void *view = mmap(NULL, m->value_size_b, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (view != MAP_FAILED)
			e->views[i] = view;
	}
	if (m->init || has_start) {
		uint8_t *value = arena_alloc(e->a, m->value_size_b);

		if (m->init)
			memcpy(value, m->init, m->value_size_b);
		if (has_start)
			memcpy(value + start_off, &(uint64_t){boot_ns()}, 8);
		if (e->views[i])
			memcpy(e->views[i], value, m->value_size_b);
		else
			err = map_fill(fd, value);
	}
	if (!err && m->is_frozen) {
		union bpf_attr attr = {.map_fd = (uint32_t)fd};

		/* v5.2; without it the verifier reads instead of knowing: slower, still right */
		sys_bpf(BPF_MAP_FREEZE, &attr, sizeof(attr));
	}
	return err;
}

/* Somebody else's map. The programs' keys have 8 bytes. */
static int map_open(struct engine *e, const struct image_map *m, struct engine_error *ret_error)
{
	struct bpf_map_info info = {0};
	union bpf_attr attr = {.pathname = sys_ptr(m->path), .file_flags = BPF_F_RDONLY};
	int fd = sys_bpf(BPF_OBJ_GET, &attr, sizeof(attr)), err = 0;

	if (fd >= 0) {
		attr = (union bpf_attr){.info = {.bpf_fd = (uint32_t)fd,
		                                 .info_len = sizeof(info),
		                                 .info = sys_ptr(&info)}};
		err = sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr));
	}
	if (fd < 0 || err) {
		if (fd >= 0)
			close(fd);
		return kernel_error(e->img, ret_error, fd < 0 ? fd : err, UINT32_MAX,
		                    "The map at %s can't be opened: %s", m->path,
		                    strerror(fd < 0 ? -fd : -err));
	}
	if ((info.type == BPF_MAP_TYPE_HASH || info.type == BPF_MAP_TYPE_LRU_HASH) &&
	    info.key_size == m->key_size_b)
		return fd;
	close(fd);
	return kernel_error(e->img, ret_error, -EINVAL, UINT32_MAX,
	                    "The map at %s is no hash with keys of %u bytes", m->path,
	                    m->key_size_b);
}

static int cgroup_fill(int fd, const char *path)
{
	int cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint32_t value = (uint32_t)cgroup;
	int err = cgroup < 0 ? -errno : map_fill(fd, &value);

	if (cgroup >= 0)
		close(cgroup);
	return err;
}

/* The allocator of a map that grows keeps elements at hand for each CPU, of large ones but one
 * until some CPU has asked for the first. An event that brings two new stacks would lose one. */
static void stock_up(const struct engine *e, uint32_t i)
{
	const struct image_map *m = &e->img->maps.items[i];
	uint64_t nobody = 0; /* no stack has this id */
	int *cpus = NULL;
	uint32_t n;
	cpu_set_t before;
	void *value;

	if (m->role != MAP_STACKS || !(m->flags & BPF_F_NO_PREALLOC) ||
	    sched_getaffinity(0, sizeof(before), &before))
		return;
	value = arena_alloc(e->a, m->value_size_b);
	n = cpus_online(&cpus);
	for (uint32_t k = 0; k < n; k++) {
		union bpf_attr attr = {.map_fd = (uint32_t)e->map_fds[i],
		                       .key = sys_ptr(&nobody),
		                       .value = sys_ptr(value)};
		cpu_set_t one;

		CPU_ZERO(&one);
		CPU_SET(cpus[k], &one);
		if (sched_setaffinity(0, sizeof(one), &one)) /* not one of ours */
			continue;
		sys_bpf(BPF_MAP_UPDATE_ELEM, &attr, sizeof(attr));
		sys_bpf(BPF_MAP_DELETE_ELEM, &attr, sizeof(attr));
	}
	free(cpus);
	sched_setaffinity(0, sizeof(before), &before);
}

int maps_create(struct engine *e, struct engine_error *ret_error)
{
	size_t n = e->img->maps.n;

	e->map_fds = arena_array(e->a, int, n + 1);
	e->views = arena_array(e->a, void *, n + 1);
	e->ring_map = e->lost_map = e->packets_map = UINT32_MAX;
	for (size_t i = 0; i < n; i++)
		e->map_fds[i] = -1;
	for (uint32_t i = 0; i < n; i++) {
		const struct image_map *m = &e->img->maps.items[i];
		int fd, err;

		if (m->is_unused)
			continue;
		if (m->role == MAP_PINNED) {
			e->map_fds[i] = map_open(e, m, ret_error);
			if (e->map_fds[i] < 0)
				return e->map_fds[i];
			continue;
		}
		fd = map_create(e, m);
		if (fd < 0)
			return kernel_error(
			    e->img, ret_error, fd, UINT32_MAX,
			    fd == -E2BIG || fd == -ENOMEM
			        ? "Map %s (%u entries of %u bytes) can't be made: %s. "
			          "Fewer or smaller entries would help: max_map_keys"
			        : "Map %s (%u entries of %u bytes) can't be made: %s",
			    m->name ? m->name : "?", m->max_entries,
			    m->key_size_b + m->value_size_b, strerror(-fd));
		e->map_fds[i] = fd;
		if (e->opts.steps)
			fprintf(e->opts.steps, "map %s: key %u, value %u bytes, %u entries\n",
			        m->name ? m->name : "?", m->key_size_b, m->value_size_b,
			        m->max_entries);
		err = m->role == MAP_CGROUP ? cgroup_fill(fd, m->path) : map_init(e, i);
		if (err)
			return kernel_error(e->img, ret_error, err, UINT32_MAX,
			                    "Map %s can't be filled: %s", m->name ? m->name : "?",
			                    strerror(-err));
		stock_up(e, i);
		if (m->role == MAP_RING || m->role == MAP_PERF)
			e->ring_map = i;
		if (m->role == MAP_PACKETS)
			e->packets_map = i;
		if (m->role == MAP_LOST)
			e->lost_map = i;
	}
	return 0;
}

void maps_destroy(struct engine *e)
{
	if (!e->map_fds)
		return;
	for (size_t i = 0; i < e->img->maps.n; i++) {
		if (e->views[i])
			munmap(e->views[i], e->img->maps.items[i].value_size_b);
		if (e->map_fds[i] >= 0)
			close(e->map_fds[i]);
	}
}
