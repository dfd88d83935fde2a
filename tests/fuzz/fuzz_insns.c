/* Any bytes as instructions: nothing is read beyond them, and what is well-formed has a text that
 * the assembler makes the same bytes of.
 *
 * corpus: *.insns */
#include "fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "bpf/asm.h"
#include "bpf/check.h"
#include "bpf/disasm.h"
#include "bpf/insn.h"

/* Most damage makes no instruction: with the field cleared that is complained of, one more try. */
static uint32_t mend(struct bpf_insn *code, uint32_t n, uint32_t pc, struct strbuf *why)
{
	uint32_t used = bpf_check_insn(code, n, pc, why);

	for (unsigned field = 0; !used && field < 4; field++) {
		FUZZ_CHECK(why->n);
		sb_reset(why);
		switch (field) {
		case 0:
			code[pc].dst_reg %= BPF_N_REGS - 1;
			break;
		case 1:
			code[pc].src_reg %= BPF_N_REGS;
			break;
		case 2:
			code[pc].off = 0;
			break;
		default:
			code[pc].imm = 0;
		}
		used = bpf_check_insn(code, n, pc, why);
	}
	return used;
}

static void check_round_trip(struct arena *a, const struct bpf_insn *code, uint32_t n)
{
	struct diag *d = diag_create(a);
	struct strbuf text = {0};
	struct bpf_asm back;

	bpf_disasm(code, n, &text);
	FUZZ_CHECK(bpf_assemble(a, d, diag_add_source(d, "text", sb_str(&text), text.n), &back));
	FUZZ_CHECK(back.n_insns == n);
	FUZZ_CHECK(!n || !memcmp(back.insns, code, n * sizeof(*code)));
	sb_free(&text);
}

void fuzz_one(const char *data, size_t len_b)
{
	uint32_t n = (uint32_t)(len_b / BPF_INSN_B), n_good = 0, at = 0;
	/* Exactly as large as it says, so that a sanitizer sees who reads behind it. */
	struct bpf_insn *code = malloc(n ? n * sizeof(*code) : 1);
	struct arena *a = arena_create();
	struct bpf_insn *good = arena_array(a, struct bpf_insn, n);
	struct strbuf out = {0}, why = {0};

	memcpy(code, data, n * sizeof(*code));
	bpf_disasm(code, n, &out);
	if (bpf_check_program(code, n, &at, &why)) {
		check_round_trip(a, code, n);
	} else {
		FUZZ_CHECK(why.n && !memchr(why.s, '\n', why.n));
		FUZZ_CHECK(!n || at < n);
	}
	for (uint32_t pc = 0; pc < n;) {
		uint32_t used;

		sb_reset(&why);
		used = mend(code, n, pc, &why);
		FUZZ_CHECK(used <= n - pc);
		memcpy(good + n_good, code + pc, used * sizeof(*code));
		n_good += used;
		pc += used ? used : 1;
	}
	check_round_trip(a, good, n_good);
	sb_free(&out);
	sb_free(&why);
	free(code);
	arena_destroy(a);
}
