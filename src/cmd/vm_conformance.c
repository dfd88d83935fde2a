/* `skep vm conformance`: the plug-in form of the public conformance suite. Instructions as hex
 * bytes (or an object, as hex) on standard input, memory as hex in the first argument; r0 comes out
 * as hex. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "bpf/check.h"
#include "bpf/insn.h"
#include "cmd/vm.h"
#include "cmd/vm_machine.h"

static int open_insns(struct machine *m, struct arena *a, unsigned char *bytes, size_t len_b)
{
	struct vm_program *p = arena_new(a, struct vm_program);
	own_strbuf struct strbuf why = {0};
	uint32_t pc;

	if (!len_b || len_b % BPF_INSN_B) {
		fprintf(stderr, "ERROR: %zu bytes are no whole number of instructions of %d\n",
		        len_b, BPF_INSN_B);
		return VM_REFUSED;
	}
	*p = (struct vm_program){
	    .name = "stdin",
	    .type = BPF_PROG_TYPE_UNSPEC,
	    .is_gpl = true,
	    .insns = (const struct bpf_insn *)bytes,
	    .n_insns = (uint32_t)(len_b / BPF_INSN_B),
	};
	if (!bpf_check_program(p->insns, p->n_insns, &pc, &why)) {
		fprintf(stderr, "ERROR: instruction %u: %s\n", pc, sb_str(&why));
		return VM_REFUSED;
	}
	*m = (struct machine){.a = a, .programs = p, .n_programs = 1, .p = p};
	return VM_OK;
}

static int open_input(struct machine *m, struct arena *a, bool is_elf)
{
	unsigned char *bytes;
	size_t text_b, len_b;
	char *text;

	if (!vm_read_input(a, "-", &text, &text_b))
		return VM_TROUBLE;
	if (!machine_parse_hex(a, text, &bytes, &len_b)) {
		fprintf(stderr, "ERROR: standard input is no hex\n");
		return VM_TROUBLE;
	}
	if (!is_elf)
		return open_insns(m, a, bytes, len_b);
	return machine_open_bytes(m, a, "stdin", (char *)bytes, len_b, BPF_PROG_TYPE_UNSPEC);
}

static int run(struct machine *m, const unsigned char *hex, size_t memory_b,
               enum vm_backend backend)
{
	/* Exactly as large as it is said to be, for tools that watch memory. */
	unsigned char *memory = malloc(memory_b ? memory_b : 1);
	struct vm_run r = {0};
	int status;

	if (!memory)
		return VM_TROUBLE;
	memcpy(memory, hex, memory_b);
	status = machine_build(m, memory, memory_b, backend);
	if (status == VM_OK)
		printf("%" PRIx64 "\n", machine_run(m, &r));
	machine_close(m);
	free(memory);
	return status;
}

int cmd_vm_conformance(int argc, char **argv)
{
	static const struct option options[] = {{"jit", no_argument, NULL, 'j'},
	                                        {"interp", no_argument, NULL, 'i'},
	                                        {"elf", no_argument, NULL, 'e'},
	                                        {0}};
	own_arena struct arena *a = arena_create();
	enum vm_backend backend = VM_FASTEST;
	unsigned char *memory = NULL;
	size_t memory_b = 0;
	bool is_elf = false;
	struct machine m;
	int c, status;

	optind = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			backend = VM_JIT;
			break;
		case 'i':
			backend = VM_INTERPRETER;
			break;
		case 'e':
			is_elf = true;
			break;
		default:
			return vm_usage_error(argv[0], NULL);
		}
	}
	if (argc - optind > 1)
		return vm_usage_error(argv[0], "takes one memory");
	if (!machine_parse_hex(a, optind < argc ? argv[optind] : "", &memory, &memory_b))
		return vm_usage_error(argv[0], "the memory is no hex");
	status = open_input(&m, a, is_elf);
	return status == VM_OK ? run(&m, memory, memory_b, backend) : status;
}
