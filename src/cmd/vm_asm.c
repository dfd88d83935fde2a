/* `skep vm asm` and `skep vm disasm`: text to instructions and back. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "bpf/asm.h"
#include "bpf/disasm.h"
#include "bpf/insn.h"
#include "cmd/vm.h"

/* The eight bytes of a slot, in memory's order. */
static void add_bytes(const struct bpf_insn *i, struct strbuf *out)
{
	const unsigned char *bytes = (const unsigned char *)i;

	for (unsigned k = 0; k < BPF_INSN_B; k++)
		sb_addf(out, " %02x", bytes[k]);
}

/* "   0: b7 00 00 00 00 00 00 00  r0 = 0"; the second half of an lddw has a line of its own. */
static void add_listing(const struct bpf_insn *code, size_t n, struct strbuf *out)
{
	for (size_t pc = 0, used; pc < n; pc += used) {
		sb_addf(out, "%4zu:", pc);
		add_bytes(&code[pc], out);
		sb_adds(out, "  ");
		used = bpf_disasm_insn(code, n, pc, out);
		sb_addc(out, '\n');
		if (used == 2) {
			sb_addf(out, "%4zu:", pc + 1);
			add_bytes(&code[pc + 1], out);
			sb_addc(out, '\n');
		}
	}
}

/* ---- disasm ---------------------------------------------------------------------------------- */

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

/* ---- asm ------------------------------------------------------------------------------------- */

static bool write_file(const char *path, const void *bytes, size_t len_b)
{
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	const char *at = bytes;

	while (fd >= 0 && len_b) {
		ssize_t n = write(fd, at, len_b);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		at += n;
		len_b -= (size_t)n;
	}
	/* What a full disk took back shows here only. */
	if (fd >= 0 && !len_b && !close(TAKE_FD(fd)))
		return true;
	fprintf(stderr, "ERROR: cannot write %s: %s\n", path, strerror(errno));
	return false;
}

static bool assemble(struct arena *a, const char *path, struct bpf_asm *ret, int *ret_status)
{
	struct diag *d = diag_create(a);
	own_strbuf struct strbuf said = {0};
	size_t len_b;
	char *text;

	*ret_status = VM_TROUBLE;
	if (!vm_read_input(a, path, &text, &len_b))
		return false;
	*ret_status = VM_REFUSED;
	if (memchr(text, '\0', len_b)) {
		fprintf(stderr, "ERROR: %s: not a text\n", path);
		return false;
	}
	if (bpf_assemble(a, d, diag_add_source(d, !strcmp(path, "-") ? "stdin" : path, text, len_b),
	                 ret))
		return true;
	diag_render(d, &(struct diag_style){0}, &said);
	fputs(sb_str(&said), stderr);
	return false;
}

int cmd_vm_asm(int argc, char **argv)
{
	static const struct option longs[] = {{"output", required_argument, NULL, 'o'}, {0}};
	own_arena struct arena *a = arena_create();
	own_strbuf struct strbuf out = {0};
	const char *to = NULL;
	struct bpf_asm code;
	int c, status;

	optind = 0;
	while ((c = getopt_long(argc, argv, "o:", longs, NULL)) != -1) {
		if (c != 'o')
			return vm_usage_error(argv[0], NULL);
		to = optarg;
	}
	if (argc - optind != 1)
		return vm_usage_error(argv[0], "needs one file");
	if (!assemble(a, argv[optind], &code, &status))
		return status;
	if (to)
		return write_file(to, code.insns, (size_t)code.n_insns * BPF_INSN_B) ? VM_OK
		                                                                     : VM_TROUBLE;
	add_listing(code.insns, code.n_insns, &out);
	fputs(sb_str(&out), stdout);
	return VM_OK;
}
