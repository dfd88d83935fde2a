/* The engine without privilege: everything the kernel would do for us, done by us. */
#include "engine/user/user.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cpus.h"
#include "unwind/unwind.h"

int user_error(struct engine *e, struct engine_error *ret, int err, uint32_t program,
               const char *fmt, ...)
{
	va_list ap;

	if (!ret)
		return err;
	*ret = (struct engine_error){.err = err, .at = NO_SPAN, .program = program};
	va_start(ap, fmt);
	ret->text = arena_vprintf(e->img->a, fmt, ap);
	va_end(ap);
	if (program < e->img->programs.n)
		ret->at = e->img->programs.items[program].at;
	return err;
}

static void user_destroy(struct engine *e)
{
	tracer_destroy(e->tracer);
	user_sampler_close(e);
	unwinder_destroy(e->unwinder);
	user_clock_close(e);
	user_programs_destroy(e);
	arena_destroy(e->a);
	free(e);
}

static struct engine *user_load(const struct image *img, const struct engine_options *opts,
                                struct engine_error *ret_error)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (ret_error)
		*ret_error = (struct engine_error){.at = NO_SPAN, .program = UINT32_MAX};
	if (!e)
		return NULL;
	e->img = img;
	e->opts = *opts;
	e->a = arena_create();
	e->timer_fd = e->wait_fd = e->watched_fd = -1;
	e->n_cpus = cpus_possible();
	e->run.host = &user_host;
	e->run.host_arg = e;
	e->needs_cpu = user_image_calls(img, BPF_FUNC_get_smp_processor_id);
	if (user_events_plan(e, ret_error) || user_programs_create(e, ret_error)) {
		user_destroy(e);
		return NULL;
	}
	return e;
}

/* begin and end programs: in nobody's name but ours. */
static int run_all(struct engine *e, enum attach_kind kind)
{
	uint64_t args[12] = {0};

	for (uint32_t i = 0; i < e->img->programs.n; i++) {
		const struct image_program *p = &e->img->programs.items[i];

		vec_each (at, &p->attaches) {
			if (at->kind != kind)
				continue;
			e->task = NULL;
			user_run(e, (struct hook){.program = i, .at = at}, args, sizeof(args));
		}
	}
	return 0;
}

static int user_run_begin(struct engine *e, struct engine_error *ret_error)
{
	(void)ret_error;
	return run_all(e, ATTACH_BEGIN);
}

static int user_run_end(struct engine *e)
{
	return run_all(e, ATTACH_END);
}

static int user_run_program(struct engine *e, uint32_t program, uint64_t n, uint32_t *ret_result,
                            uint64_t *ret_ns)
{
	const struct image_attach *at = &e->img->programs.items[program].attaches.items[0];
	uint64_t args[12] = {0}, start = user_now_ns(), result = 0;

	e->task = NULL;
	for (uint64_t i = 0; i < n; i++)
		result = user_run_uncounted(e, (struct hook){.program = program, .at = at}, args,
		                            sizeof(args));
	if (ret_ns)
		*ret_ns = user_now_ns() - start;
	if (ret_result)
		*ret_result = (uint32_t)result;
	return 0;
}

static int user_attach(struct engine *e, void (*warn)(void *arg, struct span at, const char *text),
                       void *arg, uint32_t *ret_attached, struct engine_error *ret_error)
{
	int err = user_events_open(e, ret_error);

	(void)warn;
	(void)arg;
	if (err)
		return err;
	err = user_clock_open(e);
	if (err)
		return user_error(e, ret_error, err, UINT32_MAX, "No timer can be made: %s",
		                  strerror(-err));
	user_programs_serve(e);
	*ret_attached = 0;
	vec_each (p, &e->img->programs)
		vec_each (at, &p->attaches) {
			*ret_attached += at->n_probes ? at->n_probes : 1;
			if (e->opts.steps && !attach_is_run(at->kind))
				fprintf(e->opts.steps, "attached %s\n",
				        at->name ? at->name : p->name);
		}
	e->is_attached = true;
	return 0;
}

/* ---- waiting --------------------------------------------------------------------------------- */

struct reader {
	engine_event_fn *fn;
	void *arg;
};

static int hand_over(void *arg, const void *record, uint32_t size_b)
{
	struct reader *r = arg;

	r->fn(r->arg, record, size_b);
	return 0;
}

static int drain(struct engine *e, engine_event_fn *fn, void *arg)
{
	struct reader r = {fn, arg};
	int64_t n = e->ring ? vm_ring_read(e->ring, hand_over, &r) : 0;

	return n > INT32_MAX ? INT32_MAX : (int)n;
}

void user_make_room(struct engine *e)
{
	if (e->reader && e->ring &&
	    vm_ring_query(e->ring, BPF_RB_AVAIL_DATA) > e->ring->def.max_entries / 2)
		drain(e, e->reader, e->reader_arg);
}

static void watch(struct engine *e, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	if (fd == e->watched_fd)
		return;
	if (e->watched_fd >= 0)
		epoll_ctl(e->wait_fd, EPOLL_CTL_DEL, e->watched_fd, NULL);
	if (fd >= 0)
		epoll_ctl(e->wait_fd, EPOLL_CTL_ADD, fd, &ev);
	e->watched_fd = fd;
}

static int user_poll(struct engine *e, int timeout_ms, int extra_fd, engine_event_fn *fn, void *arg)
{
	int n = drain(e, fn, arg), err = 0;

	if (!e->is_attached || n || (!timeout_ms && extra_fd < 0))
		return n;
	watch(e, extra_fd);
	e->reader = fn;
	e->reader_arg = arg;
	if (e->tracer && !e->is_over) {
		err = tracer_poll(e->tracer, timeout_ms, e->wait_fd);
		if (err == -ECHILD)
			e->is_over = true;
	} else {
		struct epoll_event ready[4];

		err = epoll_wait(e->wait_fd, ready, 4, timeout_ms) < 0 ? -errno : 0;
	}
	user_sampler_read(e);
	user_clock_run(e);
	e->reader = NULL;
	n = drain(e, fn, arg);
	return n || err >= 0 || err == -ECHILD ? n : err;
}

static int user_detach(struct engine *e)
{
	e->is_attached = false;
	user_sampler_read(e);
	if (e->tracer)
		tracer_detach(e->tracer);
	user_sampler_close(e);
	return 0;
}

const struct engine_ops engine_user = {
    .name = "user",
    .load = user_load,
    .run_begin = user_run_begin,
    .attach = user_attach,
    .poll = user_poll,
    .detach = user_detach,
    .run_end = user_run_end,
    .run_program = user_run_program,
    .lost = user_lost,
    .var_read = user_var_read,
    .var_find = user_var_find,
    .var_take = user_var_take,
    .var_clear = user_var_clear,
    .var_zero = user_var_zero,
    .stack_read = user_stack_read,
    .destroy = user_destroy,
};
