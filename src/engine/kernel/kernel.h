/* The kernel side of the engine, as its own files see it. One struct, owned by whoever called
 * load(); each file below fills and empties its own part of it:
 *
 *   maps.c      map_fds, views          load.c      prog_fds, is_multi (with btf.c, verifier_log.c)
 *   attach*.c   attached                detach.c    empties it
 *   ring.c, perf_buffer.c, events.c     records to the session
 *   iterator.c  iterator
 *   unwind.c    unwind
 *   map_read.c  what the person's variables hold */
#ifndef SKEP_ENGINE_KERNEL_KERNEL_H
#define SKEP_ENGINE_KERNEL_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cpus.h"
#include "base/vec.h"
#include "engine/engine.h"

struct ring;
struct perf_buffer;
struct iterator;
struct unwind;
struct kernel_names;

/* One attachment: what has to be closed to end it. */
struct attached {
	int link_fd;  /* closing it detaches the program; -1: perf_fd alone holds it */
	int perf_fd;  /* the event under the link, or -1 */
	bool is_slow; /* the kernel waits for RCU when this is closed: see detach.c */
};

/* Which descriptor table a program was loaded for: decides how it can be attached. */
enum multi { MULTI_NONE, MULTI_KPROBE, MULTI_UPROBE };

struct engine {
	const struct image *img;
	struct engine_options opts;
	struct arena *a;
	uint32_t n_cpus; /* possible CPUs: values of one entry in a per-CPU map */

	int *map_fds; /* per image map; -1 */
	void **views; /* per image map: its value as memory (BPF_F_MMAPABLE), or NULL */
	uint32_t ring_map, lost_map, packets_map; /* index, or UINT32_MAX */

	int *prog_fds; /* per program; -1 */
	enum multi *multi;
	int btf_fd;

	vec(struct attached) attached; /* malloc'ed */

	struct unwind *unwind; /* NULL: no program unwinds user stacks */

	struct ring *ring;
	struct perf_buffer *perf;
	struct perf_buffer *packets; /* beside one of the two, or alone */
	struct iterator *iterator;   /* an iterator's records come from here; or NULL */
	int wait_fd;                 /* epoll: the ring's or the perf buffers' wake-ups */
	uint32_t slice_ms;           /* how long to let records gather */
	struct kernel_names *names;  /* names.c: NULL until somebody asks */
	int names_err;               /* why there are none */
	uint64_t last_drain_ns;
};

/* names.c: engine_ops.name_kernel. */
int kernel_name_addresses(struct engine *e, const uint64_t *addresses, uint32_t n, char *ret_texts);
void kernel_names_close(struct kernel_names *k);

/* engine.c. Fills *ret (if not NULL) with text in the image's arena; returns `err`. */
int kernel_error(const struct image *img, struct engine_error *ret, int err, uint32_t program,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* maps.c */
int maps_create(struct engine *e, struct engine_error *ret_error);
void maps_destroy(struct engine *e);
/* Bytes of one entry as a look-up returns it: all CPUs' values for per-CPU maps. */
bool map_is_per_cpu(const struct image_map *m);
uint32_t map_value_stride(const struct image_map *m);
uint32_t map_entry_size(const struct engine *e, const struct image_map *m);
void map_object_name(char dst[16], const char *src);

/* verify.c: one verdict for each program, in `a`. */
struct vm_verdict *programs_verify(struct engine *e, struct arena *a);

/* load.c */
int programs_load(struct engine *e, struct engine_error *ret_error);
void programs_unload(struct engine *e);
/* The code of one program once more, as another type and without debug information. Returns its
 * descriptor, the caller's, or -errno. */
int program_load_as(struct engine *e, uint32_t program, uint32_t type);

/* trigger.c: runs a begin or end program once, on kernels without test runs. */
int run_by_uprobe(struct engine *e, uint32_t program);

/* verifier_log.c */
struct refusal {
	const char *message; /* last meaningful line, in the arena given; never NULL */
	uint32_t insn;       /* the instruction refused, or UINT32_MAX */
};
void verifier_log_explain(struct arena *a, const char *log, struct refusal *ret);

/* attach.c */
int kernel_attach(struct engine *e, void (*warn)(void *arg, struct span at, const char *text),
                  void *arg, uint32_t *ret_attached, struct engine_error *ret_error);
void attach_add(struct engine *e, struct attached at);

/* detach.c */
int kernel_detach(struct engine *e);

/* ring.c: the consumer of a BPF ring buffer. */
int ring_open(int map_fd, uint32_t size_b, uint32_t max_record_b, struct ring **ret);
void ring_close(struct ring *r);
/* Hands over what has been committed; returns the number of records. *ret_percent says how much of
 * the buffer they filled. */
int ring_drain(struct ring *r, engine_event_fn *fn, void *arg, uint32_t *ret_percent);

/* perf_buffer.c: the same over one perf buffer per online CPU, for kernels before 5.8. */
int perf_buffer_open(struct engine *e, int map_fd, struct perf_buffer **ret);
void perf_buffer_close(struct perf_buffer *p);
/* Here the percentage is that of the fullest CPU. */
int perf_buffer_drain(struct perf_buffer *p, engine_event_fn *fn, void *arg, uint32_t *ret_percent);
uint64_t perf_buffer_lost(const struct perf_buffer *p);
int perf_buffer_watch(struct perf_buffer *p, int epoll_fd);

/* iterator.c. Hands over what comes next; 0: there is no more, 1: there may be, or -errno. */
int iterator_read(struct engine *e, engine_event_fn *fn, void *arg);
void iterator_close(struct engine *e);

/* events.c */
int events_open(struct engine *e, struct engine_error *ret_error);
void events_close(struct engine *e);
int kernel_poll(struct engine *e, int timeout_ms, int extra_fd, engine_event_fn *fn, void *arg);

/* unwind.c: what dw_ustack's programs look into. */
int unwind_open(struct engine *e, struct engine_error *ret_error);
void unwind_close(struct engine *e);
void unwind_look_at(struct engine *e, pid_t pid); /* its libraries are in place */
void unwind_serve(struct engine *e);              /* what programs have missed */

/* map_read.c */
uint64_t kernel_lost(struct engine *e);
int kernel_var_read(struct engine *e, uint32_t var, engine_entry_fn *fn, void *arg);
int kernel_var_find(struct engine *e, uint32_t var, const void *key, engine_entry_fn *fn,
                    void *arg);
int kernel_var_take(struct engine *e, uint32_t var, engine_entry_fn *fn, void *arg);
int kernel_var_clear(struct engine *e, uint32_t var);
int kernel_var_zero(struct engine *e, uint32_t var);

/* zero.c: zeroes a range of the one entry of a per-CPU map on every CPU, leaving the rest of the
 * value to those who count in it. -errno where that can't be done. */
int map_zero_per_cpu(struct engine *e, uint32_t map, uint32_t off_b, uint32_t size_b);
int kernel_stack_read(struct engine *e, uint64_t id, uint32_t size_b, struct image_stack *ret);

#endif
