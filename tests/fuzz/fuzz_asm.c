/* The assembler on any text: what it accepts is well-formed and comes back from its listing.
 *
 * corpus: *.s */
#include "fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "bpf/asm.h"
#include "bpf/check.h"
#include "bpf/disasm.h"

static void check_code(struct arena *a, const struct bpf_asm *code, uint32_t n_lines)
{
	struct strbuf why = {0}, listing = {0};
	struct diag *d = diag_create(a);
	struct bpf_asm again;

	for (uint32_t pc = 0, used; pc < code->n_insns; pc += used) {
		used = bpf_check_insn(code->insns, code->n_insns, pc, &why);
		FUZZ_CHECK(used > 0);
		FUZZ_CHECK(code->lines[pc] > 0 && code->lines[pc] <= n_lines);
		FUZZ_CHECK(!pc || code->lines[pc] >= code->lines[pc - 1]);
	}
	for (uint32_t i = 0; i < code->n_maps; i++)
		FUZZ_CHECK(code->map_names[i][0]);
	bpf_disasm(code->insns, code->n_insns, &listing);
	FUZZ_CHECK(
	    bpf_assemble(a, d, diag_add_source(d, "listing", sb_str(&listing), listing.n), &again));
	FUZZ_CHECK(again.n_insns == code->n_insns);
	FUZZ_CHECK(!again.n_insns ||
	           !memcmp(again.insns, code->insns, again.n_insns * sizeof(*again.insns)));
	sb_free(&why);
	sb_free(&listing);
}

void fuzz_one(const char *data, size_t len_b)
{
	struct arena *a = arena_create();
	struct diag *d = diag_create(a);
	/* Of exactly its length: there need be no NUL behind a source. */
	char *text = malloc(len_b ? len_b : 1);
	struct strbuf out = {0};
	struct bpf_asm code;
	uint32_t n_lines = 1;
	bool is_good;

	memcpy(text, data, len_b);
	for (size_t i = 0; i < len_b; i++)
		n_lines += text[i] == '\n';
	is_good = bpf_assemble(a, d, diag_add_source(d, "fuzz", text, len_b), &code);
	FUZZ_CHECK(is_good == !diag_errors(d));
	FUZZ_CHECK(diag_errors(d) <= 50); /* MISTAKES_MAX */
	if (is_good)
		check_code(a, &code, n_lines);
	diag_render(d, &(struct diag_style){0}, &out);
	sb_free(&out);
	free(text);
	arena_destroy(a);
}
