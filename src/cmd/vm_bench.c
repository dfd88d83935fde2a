/* `skep vm bench`: one program on every engine that can run it, in turns, so that whatever else the
 * machine does meanwhile is shared among them. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "cmd/vm.h"
#include "cmd/vm_kernel.h"
#include "cmd/vm_machine.h"
#include "vm/object.h"
#include "vm/verifier/verifier.h"

enum { ROUNDS = 11, ROUND_NS = 20 * 1000 * 1000, N_ENGINES = 3 };

struct runner {
	const char *name;
	enum vm_backend backend;
	struct machine m;
	struct vm_kernel_prog *kernel;
	unsigned char *memory; /* each has its own */
	uint32_t memory_b;
	uint64_t repeat;
	double ns[ROUNDS];
	uint32_t r0;
	bool can;
};

struct wish {
	uint32_t type;
	const char *mem, *path;
	char *bytes; /* of the program */
	size_t bytes_b;
	uint64_t repeat; /* 0: as many as fill a round */
	uint32_t rounds;
};

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static bool run_some(struct runner *r, uint64_t repeat, double *ret_ns)
{
	struct vm_run run = {0};
	uint64_t r0 = 0;

	if (r->kernel) {
		uint32_t left_b = r->memory_b;

		return !vm_kernel_test(r->kernel, r->memory, &left_b, repeat, &r->r0, ret_ns, NULL);
	}
	*ret_ns = machine_time(&r->m, &run, repeat, &r0);
	r->r0 = (uint32_t)r0;
	return true;
}

/* So many runs that they take about a round's time. */
static uint64_t find_repeat(struct runner *r)
{
	uint64_t n = 1;
	double ns;

	while (n < 1 << 24 && run_some(r, n, &ns) && ns * (double)n < ROUND_NS / 4)
		n *= 2;
	n *= 4;
	return n;
}

/* VM_OK too where this engine cannot run it: it says so, and the others go on. */
static int open_runner(struct runner *r, struct arena *a, const struct wish *w, const char *mem)
{
	own_strbuf struct strbuf why = {0};
	int status = machine_open_bytes(&r->m, a, w->path, w->bytes, w->bytes_b, w->type);

	if (status != VM_OK)
		return status;
	r->memory = arena_alloc(a, r->memory_b + 1);
	if (r->memory_b)
		memcpy(r->memory, mem, r->memory_b);
	if (r->backend != VM_FASTEST) {
		status = machine_build(&r->m, r->memory, r->memory_b, r->backend);
		r->can = status == VM_OK;
		return r->backend == VM_JIT ? VM_OK : status;
	}
	r->m.p->memory_b = r->memory_b;
	if (vm_kernel_load(a, r->m.programs, r->m.n_programs, r->m.p, &r->kernel, &why)) {
		const char *line_end = strchr(sb_str(&why), '\n');

		printf("%-7s %.*s\n", r->name,
		       line_end ? (int)(line_end - sb_str(&why)) : (int)why.n, sb_str(&why));
		return VM_OK;
	}
	r->can = true;
	return VM_OK;
}

static void report(struct runner *r, const struct wish *w)
{
	double least, median, most;

	qsort(r->ns, w->rounds, sizeof(*r->ns), by_time);
	least = r->ns[0];
	median = r->ns[w->rounds / 2];
	most = r->ns[w->rounds - 1];
	printf("%-7s %12.1f %12.1f %7.1f%% %12" PRIu64 "  %" PRIu32 "\n", r->name, least, median,
	       least > 0 ? (most - least) / least * 100 : 0, r->repeat, r->r0);
}

/* What the verifier takes for the program as a whole; its result is how many instructions it went
 * through, over all paths. */
static void report_verifier(const struct machine *m, const struct wish *w)
{
	struct runner r = {.name = "verify", .repeat = 1};
	struct vm_verify_options opts = {.log = VM_LOG_NONE};
	struct timespec begin, end;

	for (uint32_t round = 0; round < w->rounds; round++) {
		own_arena struct arena *a = arena_create();
		struct vm_verdict v;

		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
		vm_verify(a, m->p, &opts, &v);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
		r.ns[round] = (double)(end.tv_sec - begin.tv_sec) * 1e9 +
		              (double)(end.tv_nsec - begin.tv_nsec);
		r.r0 = v.processed;
	}
	report(&r, w);
}

static int bench(struct wish *w)
{
	own_arena struct arena *a = arena_create();
	struct runner runners[N_ENGINES] = {{.name = "interp", .backend = VM_INTERPRETER},
	                                    {.name = "jit", .backend = VM_JIT},
	                                    {.name = "kernel", .backend = VM_FASTEST}};
	int status = VM_OK;
	size_t mem_b = 0;
	char *mem = NULL;

	if ((w->mem && !vm_read_input(a, w->mem, &mem, &mem_b)) ||
	    !vm_read_input(a, w->path, &w->bytes, &w->bytes_b))
		return VM_TROUBLE;
	for (int k = 0; k < N_ENGINES && status == VM_OK; k++) {
		runners[k].memory_b = (uint32_t)mem_b;
		status = open_runner(&runners[k], a, w, mem);
		if (status == VM_OK && runners[k].can)
			runners[k].repeat = w->repeat ? w->repeat : find_repeat(&runners[k]);
	}
	for (uint32_t round = 0; status == VM_OK && round < w->rounds; round++)
		for (int k = 0; k < N_ENGINES; k++)
			if (runners[k].can)
				runners[k].can =
				    run_some(&runners[k], runners[k].repeat, &runners[k].ns[round]);
	if (status == VM_OK)
		printf("%-7s %12s %12s %8s %12s  %s\n", "engine", "min ns", "median ns", "spread",
		       "runs a round", "result");
	if (status == VM_OK)
		report_verifier(&runners[0].m, w);
	for (int k = 0; k < N_ENGINES; k++) {
		if (status == VM_OK && runners[k].can)
			report(&runners[k], w);
		vm_kernel_close(runners[k].kernel);
		machine_close(&runners[k].m);
	}
	return status;
}

int cmd_vm_bench(int argc, char **argv)
{
	static const struct option options[] = {{"type", required_argument, NULL, 't'},
	                                        {"mem", required_argument, NULL, 'm'},
	                                        {"repeat", required_argument, NULL, 'r'},
	                                        {0}};
	struct wish w = {.type = BPF_PROG_TYPE_UNSPEC, .rounds = ROUNDS};
	char *end;
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 't':
			if (!vm_program_type_find(optarg, &w.type))
				return vm_usage_error(argv[0], "no such kind of program");
			break;
		case 'm':
			w.mem = optarg;
			break;
		case 'r':
			w.repeat = strtoull(optarg, &end, 10);
			if (*end || !w.repeat)
				return vm_usage_error(argv[0], "--repeat needs a number");
			break;
		default:
			return vm_usage_error(argv[0], NULL);
		}
	}
	if (argc - optind != 1)
		return vm_usage_error(argv[0], "needs one program");
	w.path = argv[optind];
	return bench(&w);
}
