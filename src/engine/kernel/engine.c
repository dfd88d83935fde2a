/* The kernel as an engine: the life of one image, from load to destroy. Everything it holds is
 * descriptors of this process; when the process is killed nothing stays behind. */
#include "engine/kernel/kernel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/kernel/sys.h"

int kernel_error(const struct image *img, struct engine_error *ret, int err, uint32_t program,
                 const char *fmt, ...)
{
	va_list ap;

	if (!ret)
		return err;
	*ret = (struct engine_error){.err = err, .at = NO_SPAN, .program = program};
	if (program < img->programs.n)
		ret->at = img->programs.items[program].at;
	va_start(ap, fmt);
	ret->text = arena_vprintf(img->a, fmt, ap);
	va_end(ap);
	return err;
}

static void kernel_destroy(struct engine *e)
{
	if (!e)
		return;
	kernel_detach(e);
	kernel_names_close(e->names);
	iterator_close(e);
	events_close(e);
	unwind_close(e);
	programs_unload(e);
	maps_destroy(e);
	vec_free(&e->attached);
	arena_destroy(e->a);
	free(e);
}

static struct engine *kernel_load(const struct image *img, const struct engine_options *opts,
                                  struct engine_error *ret_error)
{
	struct engine *e = calloc(1, sizeof(*e));

	if (!e) {
		kernel_error(img, ret_error, -ENOMEM, UINT32_MAX, "Out of memory");
		return NULL;
	}
	if (ret_error)
		*ret_error = (struct engine_error){.at = NO_SPAN, .program = UINT32_MAX};
	e->img = img;
	e->opts = *opts;
	e->a = arena_create();
	e->btf_fd = e->wait_fd = -1;
	e->n_cpus = cpus_possible();
	if (maps_create(e, ret_error) || programs_load(e, ret_error) || events_open(e, ret_error) ||
	    unwind_open(e, ret_error)) {
		kernel_destroy(e);
		return NULL;
	}
	return e;
}

/* ---- begin and end --------------------------------------------------------------------------- */

static int run_once(struct engine *e, uint32_t program, uint32_t *ret_result)
{
	uint64_t args[12] = {0}; /* what a raw tracepoint's context may be read as */
	union bpf_attr attr = {0};
	int err;

	attr.test.prog_fd = (uint32_t)e->prog_fds[program];
	attr.test.ctx_in = sys_ptr(args);
	attr.test.ctx_size_in = sizeof(args);
	err = sys_bpf(BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	if (ret_result)
		*ret_result = attr.test.retval;
	/* ENOTSUPP: before v5.10; then nobody says what it returned */
	return err == -524 && !ret_result ? run_by_uprobe(e, program) : err;
}

static int run_all(struct engine *e, enum attach_kind kind, struct engine_error *ret_error)
{
	for (uint32_t i = 0; i < e->img->programs.n; i++) {
		const struct image_program *p = &e->img->programs.items[i];

		vec_each (at, &p->attaches) {
			int err = at->kind == kind ? run_once(e, i, NULL) : 0;

			if (err)
				return kernel_error(e->img, ret_error, err, i,
				                    "The kernel can't run %s: %s",
				                    at->name ? at->name : p->name, strerror(-err));
		}
	}
	return 0;
}

static int kernel_run_begin(struct engine *e, struct engine_error *ret_error)
{
	return run_all(e, ATTACH_BEGIN, ret_error);
}

static int kernel_run_end(struct engine *e)
{
	return run_all(e, ATTACH_END, NULL);
}

/* ---- self, test and bench -------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* The kernel's own count of the time in a program; 0: it keeps none (before v5.8). */
static uint64_t time_in_program(int prog_fd)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attr = {0};

	attr.info.bpf_fd = (uint32_t)prog_fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = sys_ptr(&info);
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) ? 0 : info.run_time_ns;
}

static int kernel_run_program(struct engine *e, uint32_t program, uint64_t n, uint32_t *ret_result,
                              uint64_t *ret_ns)
{
	union bpf_attr attr = {.enable_stats.type = BPF_STATS_RUN_TIME};
	uint64_t start, in_program, ns;
	int err = 0;

	/* A test run is a system call: what it costs is not the program's. */
	own_fd int stats = ret_ns ? sys_bpf(BPF_ENABLE_STATS, &attr, sizeof(attr)) : -1;
	in_program = stats >= 0 ? time_in_program(e->prog_fds[program]) : 0;
	start = now_ns();
	for (uint64_t i = 0; i < n && !err; i++)
		err = run_once(e, program, ret_result);
	ns = now_ns() - start;
	if (stats >= 0 && time_in_program(e->prog_fds[program]) > in_program)
		ns = time_in_program(e->prog_fds[program]) - in_program;
	if (ret_ns)
		*ret_ns = ns;
	return err;
}

static bool kernel_wants_child(struct engine *e)
{
	return e->unwind;
}

const struct engine_ops engine_kernel = {
    .name = "kernel",
    .load = kernel_load,
    .run_begin = kernel_run_begin,
    .attach = kernel_attach,
    .poll = kernel_poll,
    .detach = kernel_detach,
    .run_end = kernel_run_end,
    .run_program = kernel_run_program,
    .lost = kernel_lost,
    .var_read = kernel_var_read,
    .var_find = kernel_var_find,
    .var_take = kernel_var_take,
    .var_clear = kernel_var_clear,
    .var_zero = kernel_var_zero,
    .stack_read = kernel_stack_read,
    .wants_child = kernel_wants_child,
    .look_at_child = unwind_look_at,
    .name_kernel = kernel_name_addresses,
    .destroy = kernel_destroy,
};
