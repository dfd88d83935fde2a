/* `skep vm disasm`: instructions to text. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "bpf/disasm.h"
#include "bpf/insn.h"
#include "cmd/vm.h"

/* The eight bytes of a slot, in memory's order. */
static void add_bytes(const struct bpf_insn *i, struct strbuf *out)
{
	const unsigned char *bytes = (const unsigned char *)i;

	for (unsigned k = 0; k < BPF_INSN_B; k++)
		sb_addf(out, "%02x ", bytes[k]);
}

/* "   0: b7 00 00 00 00 00 00 00  r0 = 0"; the second half of an lddw has a line of its own. */
static void add_listing(const struct bpf_insn *code, size_t n, struct strbuf *out)
{
	for (size_t pc = 0, used; pc < n; pc += used) {
		sb_addf(out, "%4zu: ", pc);
		add_bytes(&code[pc], out);
		sb_addc(out, ' ');
		used = bpf_disasm_insn(code, n, pc, out);
		sb_addc(out, '\n');
		if (used == 2) {
			sb_addf(out, "%4zu: ", pc + 1);
			add_bytes(&code[pc + 1], out);
			sb_addc(out, '\n');
		}
	}
}

int cmd_vm_disasm(int argc, char **argv)
{
	static const struct option no_options[] = {{0}};
	own_arena struct arena *a = arena_create();
	own_strbuf struct strbuf out = {0};
	size_t len_b;
	char *bytes;

	optind = 0;
	if (getopt_long(argc, argv, "", no_options, NULL) != -1)
		return vm_usage_error(argv[0], NULL);
	if (argc - optind != 1)
		return vm_usage_error(argv[0], "needs one file");
	if (!vm_read_input(a, argv[optind], &bytes, &len_b))
		return VM_TROUBLE;
	if (len_b % BPF_INSN_B) {
		fprintf(stderr,
		        "ERROR: %s: %zu bytes are not a whole number of instructions of %d\n",
		        argv[optind], len_b, BPF_INSN_B);
		return VM_REFUSED;
	}
	add_listing((const struct bpf_insn *)bytes, len_b / BPF_INSN_B, &out);
	fputs(sb_str(&out), stdout);
	return VM_OK;
}
