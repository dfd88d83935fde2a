/* See elf_object.h. */
#include "inspect/elf_object.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/skel_internal.h>

#include "inspect/internal.h"

/* Levels of BPF_PROG_LOAD's log: each instruction, each state, counts. */
enum { LOG_ALL = 1 | 2 | 4, LOG_B = 16 << 20 };

static int print_all(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	return vfprintf(stderr, fmt, ap);
}

struct bpf_object *elf_object_open(const struct inspect *x, const char *file,
                                   const char *kernel_btf)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .relaxed_maps = x->is_compatible,
	            .btf_custom_path = kernel_btf, .kernel_log_level = x->is_debug ? LOG_ALL : 0);

	fflush(stdout);
	if (x->is_debug)
		libbpf_set_print(print_all);
	return bpf_object__open_file(file, &opts);
}

/* What the loader is given and gives back: libbpf's layout, a head and a place for each map and
 * program. */
static struct bpf_loader_ctx *context_of(struct inspect *x, const struct loader *l, uint32_t *ret_b)
{
	struct bpf_loader_ctx *ctx;

	*ret_b = (uint32_t)(sizeof(*ctx) + sizeof(struct bpf_map_desc) * (size_t)l->n_maps +
	                    sizeof(struct bpf_prog_desc) * (size_t)l->n_progs);
	ctx = arena_alloc(x->a, *ret_b);
	memset(ctx, 0, *ret_b);
	ctx->sz = *ret_b;
	return ctx;
}

static void count(const struct bpf_object *o, struct loader *l)
{
	struct bpf_program *p;
	struct bpf_map *m;

	*l = (struct loader){0};
	bpf_object__for_each_map(m, o) l->n_maps++;
	bpf_object__for_each_program(p, o) l->n_progs += bpf_program__autoload(p);
}

static void take_fds(struct inspect *x, const struct bpf_loader_ctx *ctx, struct loader *l)
{
	const struct bpf_map_desc *maps = (const void *)(ctx + 1);
	const struct bpf_prog_desc *progs = (const void *)(maps + l->n_maps);

	l->map_fds = arena_array(x->a, int, (size_t)l->n_maps + 1);
	l->prog_fds = arena_array(x->a, int, (size_t)l->n_progs + 1);
	for (int i = 0; i < l->n_maps; i++)
		l->map_fds[i] = maps[i].map_fd;
	for (int i = 0; i < l->n_progs; i++)
		l->prog_fds[i] = progs[i].prog_fd;
}

int elf_object_run_loader(struct inspect *x, struct bpf_object *o, struct loader *ret)
{
	LIBBPF_OPTS(gen_loader_opts, gen);
	struct bpf_load_and_run_opts run = {0};
	uint32_t ctx_b, level = x->is_debug ? LOG_ALL : 0;
	char *log = NULL;
	int err;

	count(o, ret);
	err = bpf_object__gen_loader(o, &gen);
	if (!err)
		err = bpf_object__load(o);
	if (err)
		return inspect_error(x, "failed to load object file");
	run.data = gen.data;
	run.data_sz = gen.data_sz;
	run.insns = gen.insns;
	run.insns_sz = gen.insns_sz;
	/* A log costs memory: at first without. */
	for (int tries = 0; tries < 2; tries++, level = 1) {
		run.ctx = context_of(x, ret, &ctx_b);
		if (level) {
			free(log);
			log = calloc(1, LOG_B);
			run.ctx->log_level = level;
			run.ctx->log_size = LOG_B;
			run.ctx->log_buf = (uint64_t)(uintptr_t)log;
		}
		err = bpf_load_and_run(&run);
		if (!err || level)
			break;
	}
	if (log && *log)
		fprintf(stderr, "-- BEGIN PROG LOAD LOG --\n%s-- END PROG LOAD LOG --\n", log);
	free(log);
	if (err)
		return inspect_error(x, "failed to load object file: %s: %s", run.errstr,
		                     strerror(-err));
	take_fds(x, run.ctx, ret);
	return 0;
}

void loader_close(struct loader *l)
{
	for (int i = 0; l->map_fds && i < l->n_maps; i++)
		if (l->map_fds[i] > 0)
			close(l->map_fds[i]);
	for (int i = 0; l->prog_fds && i < l->n_progs; i++)
		if (l->prog_fds[i] > 0)
			close(l->prog_fds[i]);
}
