/* `skep vm asm` and `skep vm disasm`: text to instructions and back. */
#include <elf.h>
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
#include "vm/object.h"

/* The eight bytes of a slot, in memory's order. */
static void add_bytes(const struct bpf_insn *i, struct strbuf *out)
{
	const unsigned char *bytes = (const unsigned char *)i;

	for (unsigned k = 0; k < BPF_INSN_B; k++)
		sb_addf(out, " %02x", bytes[k]);
}

/* Names and source lines are a file's word: nothing of them ends a line or talks to a terminal. */
static void add_text(const char *text, struct strbuf *out)
{
	for (; *text; text++)
		sb_addc(out, (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text);
}

/* What is known of a place in the program comes before it: functions as labels, source lines as
 * comments. `*shown` is the line that was shown last. */
static void add_place(const struct vm_program *p, uint32_t pc, const struct vm_line **shown,
                      struct strbuf *out)
{
	for (uint32_t k = 0; k < p->n_funcs; k++) {
		if (p->funcs[k].pc != pc)
			continue;
		add_text(p->funcs[k].name, out);
		sb_adds(out, ":\n");
	}
	for (uint32_t k = 0; k < p->n_lines; k++) {
		const struct vm_line *l = &p->lines[k], *last = *shown;

		if (l->pc != pc || (last && last->line == l->line && !strcmp(last->file, l->file)))
			continue;
		*shown = l;
		sb_adds(out, "; ");
		add_text(l->file, out);
		sb_addf(out, ":%u", l->line);
		if (l->text) {
			sb_adds(out, ": ");
			add_text(l->text + strspn(l->text, " \t"), out);
		}
		sb_addc(out, '\n');
	}
}

/* The name behind a number. */
static void add_name(const struct vm_program *p, uint32_t pc, struct strbuf *out)
{
	const struct bpf_insn *i = &p->insns[pc];
	int64_t to = bpf_names_func(i) ? bpf_target(i, pc) : -1;

	const char *name = NULL;

	for (uint32_t k = 0; k < p->n_funcs; k++)
		if (p->funcs[k].pc == to)
			name = p->funcs[k].name;
	if (bpf_is_lddw(i) && i->imm >= 0 && (uint32_t)i->imm < p->n_maps &&
	    (i->src_reg == BPF_PSEUDO_MAP_IDX || i->src_reg == BPF_PSEUDO_MAP_IDX_VALUE))
		name = p->maps[i->imm]->name;
	if (name) {
		sb_adds(out, " ; ");
		add_text(name, out);
	}
}

/* "   0: b7 00 00 00 00 00 00 00  r0 = 0"; the second half of an lddw has a line of its own. */
static void add_listing(const struct vm_program *p, struct strbuf *out)
{
	const struct vm_line *shown = NULL;

	for (uint32_t pc = 0, used; pc < p->n_insns; pc += used) {
		add_place(p, pc, &shown, out);
		sb_addf(out, "%4u:", pc);
		add_bytes(&p->insns[pc], out);
		sb_adds(out, "  ");
		used = (uint32_t)bpf_disasm_insn(p->insns, p->n_insns, pc, out);
		add_name(p, pc, out);
		sb_addc(out, '\n');
		if (used == 2) {
			sb_addf(out, "%4u:", pc + 1);
			add_bytes(&p->insns[pc + 1], out);
			sb_addc(out, '\n');
		}
	}
}

/* ---- disasm ---------------------------------------------------------------------------------- */

static int list_raw(const char *path, const char *bytes, size_t len_b, struct strbuf *out)
{
	struct vm_program p = {.insns = (const struct bpf_insn *)bytes,
	                       .n_insns = (uint32_t)(len_b / BPF_INSN_B)};

	if (len_b % BPF_INSN_B) {
		fprintf(stderr,
		        "ERROR: %s: %zu bytes are not a whole number of instructions of %d\n", path,
		        len_b, BPF_INSN_B);
		return VM_REFUSED;
	}
	add_listing(&p, out);
	return VM_OK;
}

/* Programs as the machine would get them: relocated, with the functions they call behind them. */
static int list_object(struct arena *a, const char *path, const char *bytes, size_t len_b,
                       struct strbuf *out)
{
	/* Of any kind, so that unknown sections and absent attach points are no trouble. */
	struct vm_object_options opts = {.type = BPF_PROG_TYPE_UNSPEC};
	own_strbuf struct strbuf why = {0};
	struct vm_object *o;
	int err = vm_object_open(a, bytes, len_b, &opts, &o, &why);

	if (err) {
		fprintf(stderr, "ERROR: %s: %s\n", path, sb_str(&why));
		return VM_REFUSED;
	}
	for (uint32_t k = 0; k < o->n_programs; k++) {
		const struct vm_program *p = &o->programs[k];

		sb_addf(out, "%s; program %s, section %s\n", k ? "\n" : "", p->name,
		        p->section ? p->section : "?");
		add_listing(p, out);
	}
	vm_object_close(o);
	return VM_OK;
}

int cmd_vm_disasm(int argc, char **argv)
{
	static const struct option no_options[] = {{0}};
	own_arena struct arena *a = arena_create();
	own_strbuf struct strbuf out = {0};
	size_t len_b;
	char *bytes;
	int status;

	optind = 0;
	if (getopt_long(argc, argv, "", no_options, NULL) != -1)
		return vm_usage_error(argv[0], NULL);
	if (argc - optind != 1)
		return vm_usage_error(argv[0], "needs one file");
	if (!vm_read_input(a, argv[optind], &bytes, &len_b))
		return VM_TROUBLE;
	if (len_b >= SELFMAG && !memcmp(bytes, ELFMAG, SELFMAG))
		status = list_object(a, argv[optind], bytes, len_b, &out);
	else
		status = list_raw(argv[optind], bytes, len_b, &out);
	fputs(sb_str(&out), stdout);
	return status;
}

/* ---- asm ------------------------------------------------------------------------------------- */

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
	if (to) {
		int err = file_write(to, code.insns, (size_t)code.n_insns * BPF_INSN_B);

		if (!err)
			return VM_OK;
		fprintf(stderr, "ERROR: cannot write %s: %s\n", to, strerror(-err));
		return VM_TROUBLE;
	}
	add_listing(&(struct vm_program){.insns = code.insns, .n_insns = code.n_insns}, &out);
	fputs(sb_str(&out), stdout);
	return VM_OK;
}
