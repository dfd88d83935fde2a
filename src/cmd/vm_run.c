/* `skep vm run`: one program, once to warm up and then as often as asked, under the thread's
 * processor clock. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "cmd/vm.h"
#include "cmd/vm_kernel.h"
#include "cmd/vm_machine.h"
#include "vm/object.h"

struct wish {
	bool in_kernel;
	enum vm_backend backend;
	uint32_t type;
	uint64_t repeat;
	const char *mem, *out, *path;
};

static int write_memory(const char *path, const void *bytes, size_t len_b)
{
	FILE *f = fopen(path, "wb");
	bool is_written = f && fwrite(bytes, 1, len_b, f) == len_b;

	if (f && fclose(f))
		is_written = false;
	if (!is_written)
		fprintf(stderr, "ERROR: cannot write %s: %s\n", path, strerror(errno));
	return is_written ? VM_OK : VM_TROUBLE;
}

static int report(const struct wish *w, double ns, uint64_t r0, const void *bytes, size_t len_b)
{
	printf("ns_per_run %.1f result %" PRIu32 "\n", ns, (uint32_t)r0);
	return w->out ? write_memory(w->out, bytes, len_b) : VM_OK;
}

static void print(void *arg, const char *text, size_t len_b)
{
	(void)arg;
	fwrite(text, 1, len_b, stderr);
}

static int run_here(struct machine *m, const struct wish *w, void *memory, size_t memory_b)
{
	static const struct vm_host host = {.print = print};
	struct vm_run run = {.host = &host};
	const void *left;
	uint64_t r0 = 0;
	size_t left_b;
	double ns;
	int status;

	status = machine_build(m, memory, memory_b, w->backend);
	if (status != VM_OK)
		return status;
	machine_serve(m);
	r0 = machine_run(m, &run);
	ns = w->repeat ? machine_time(m, &run, w->repeat, &r0) : 0;
	left = vm_input_result(&m->input, &left_b);
	return report(w, ns, r0, left, left_b);
}

static int run_kernel(struct machine *m, const struct wish *w, void *memory, size_t memory_b)
{
	own_strbuf struct strbuf why = {0};
	struct vm_kernel_prog *k = NULL;
	uint32_t r0 = 0, left_b = (uint32_t)memory_b;
	double ns = 0;
	int err;

	m->p->memory_b = left_b;
	err = vm_kernel_load(m->a, m->programs, m->n_programs, m->p, &k, &why);
	if (!err)
		err = vm_kernel_test(k, memory, &left_b, 1, &r0, NULL, &why);
	if (!err && w->repeat)
		err = vm_kernel_test(k, memory, &left_b, w->repeat, &r0, &ns, &why);
	vm_kernel_close(k);
	if (err) {
		fprintf(stderr, "ERROR: %s: %s\n", m->p->name, sb_str(&why));
		return VM_REFUSED;
	}
	return report(w, ns, r0, memory, left_b);
}

static int run(const struct wish *w)
{
	own_arena struct arena *a = arena_create();
	char *memory = NULL;
	size_t memory_b = 0;
	struct machine m;
	void *own;
	int status;

	if (w->mem && !vm_read_input(a, w->mem, &memory, &memory_b))
		return VM_TROUBLE;
	own = malloc(memory_b ? memory_b : 1);
	if (!own)
		return VM_TROUBLE;
	if (memory_b)
		memcpy(own, memory, memory_b);
	status = machine_open(&m, a, w->path, w->type);
	if (status == VM_OK)
		status = w->in_kernel ? run_kernel(&m, w, own, memory_b)
		                      : run_here(&m, w, own, memory_b);
	machine_close(&m);
	free(own);
	return status;
}

static bool parse_count(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return !errno && end != text && !*end && *text != '-';
}

int cmd_vm_run(int argc, char **argv)
{
	static const struct option options[] = {
	    {"jit", no_argument, NULL, 'j'},          {"interp", no_argument, NULL, 'i'},
	    {"kernel", no_argument, NULL, 'k'},       {"type", required_argument, NULL, 't'},
	    {"repeat", required_argument, NULL, 'r'}, {"mem", required_argument, NULL, 'm'},
	    {"out", required_argument, NULL, 'o'},    {0}};
	struct wish w = {.backend = VM_FASTEST, .type = BPF_PROG_TYPE_UNSPEC, .repeat = 1};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			w.backend = VM_JIT;
			break;
		case 'i':
			w.backend = VM_INTERPRETER;
			break;
		case 'k':
			w.in_kernel = true;
			break;
		case 't':
			if (!vm_program_type_find(optarg, &w.type))
				return vm_usage_error(argv[0], "no such kind of program");
			break;
		case 'r':
			if (!parse_count(optarg, &w.repeat))
				return vm_usage_error(argv[0], "--repeat needs a number");
			break;
		case 'm':
			w.mem = optarg;
			break;
		case 'o':
			w.out = optarg;
			break;
		default:
			return vm_usage_error(argv[0], NULL);
		}
	}
	if (argc - optind != 1)
		return vm_usage_error(argv[0], "needs one program");
	w.path = argv[optind];
	return run(&w);
}
