/* The kernel as an engine: the life of one image, from load to destroy. Everything it holds is
 * descriptors of this process; when the process is killed nothing stays behind. */
#include "engine/kernel/kernel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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
	iterator_close(e);
	events_close(e);
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
	if (maps_create(e, ret_error) || programs_load(e, ret_error) || events_open(e, ret_error)) {
		kernel_destroy(e);
		return NULL;
	}
	return e;
}

/* ---- begin and end --------------------------------------------------------------------------- */

static int run_once(struct engine *e, uint32_t program)
{
	uint64_t args[12] = {0}; /* what a raw tracepoint's context may be read as */
	union bpf_attr attr = {0};
	int err;

	attr.test.prog_fd = (uint32_t)e->prog_fds[program];
	attr.test.ctx_in = sys_ptr(args);
	attr.test.ctx_size_in = sizeof(args);
	err = sys_bpf(BPF_PROG_TEST_RUN, &attr, sizeof(attr));
	/* ENOTSUPP: before v5.10 */
	return err == -524 ? run_by_uprobe(e, program) : err;
}

static int run_all(struct engine *e, enum attach_kind kind, struct engine_error *ret_error)
{
	for (uint32_t i = 0; i < e->img->programs.n; i++) {
		const struct image_program *p = &e->img->programs.items[i];

		vec_each (at, &p->attaches) {
			int err = at->kind == kind ? run_once(e, i) : 0;

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

const struct engine_ops engine_kernel = {
    .name = "kernel",
    .load = kernel_load,
    .run_begin = kernel_run_begin,
    .attach = kernel_attach,
    .poll = kernel_poll,
    .detach = kernel_detach,
    .run_end = kernel_run_end,
    .lost = kernel_lost,
    .var_read = kernel_var_read,
    .var_clear = kernel_var_clear,
    .var_zero = kernel_var_zero,
    .stack_read = kernel_stack_read,
    .destroy = kernel_destroy,
};
