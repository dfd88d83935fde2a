/* One line of assembler text to one instruction. Each function reads what its grammar rule says,
 * from s->at on, and reports the first thing that is not so. */
#include "bpf/asm_operand.h"

#include <string.h>

#include "bpf/check.h"
#include "bpf/syntax.h"

/* ---- instructions ---------------------------------------------------------------------------- */

static bool add_lddw(struct assembler *s, uint8_t dst, uint8_t pseudo, uint64_t imm)
{
	struct bpf_insn wide[2];

	bpf_lddw(wide, dst, pseudo, imm);
	return asm_add(s, wide[0]) && asm_add(s, wide[1]);
}

/* The slot about to be added gets its distance when all labels are known. */
static void add_fixup(struct assembler *s, const struct asm_token *name, bool is_call)
{
	struct asm_fixup f = {(uint32_t)s->insns.n, name->text, is_call, name->at};

	vec_push(s->a, &s->fixups, f);
}

/* ---- jumps ----------------------------------------------------------------------------------- */

/* target := ['pc'] ('+' | '-') digits | label, and "<...>" of an object's listing */
static bool target(struct assembler *s, bool is_long, struct bpf_insn *i)
{
	const struct asm_token *t = asm_next(s);

	if (asm_is_at(s, 0, "pc") && (asm_is_at(s, 1, "+") || asm_is_at(s, 1, "-")))
		s->at++;
	if (asm_is_at(s, 0, "+") || asm_is_at(s, 0, "-")) {
		if (is_long ? !asm_imm32(s, IMM_SIGNED, &i->imm) : !asm_off16(s, &i->off))
			return false;
	} else if (t->kind == ASM_WORD && asm_register_number(t->text) < 0) {
		add_fixup(s, t, false);
		s->at++;
	} else {
		asm_unexpected(s, "a label or a distance");
		if (t->kind == ASM_NUMBER)
			diag_hint(s->d, "a distance has a sign: +%s", t->text);
		return false;
	}
	if (asm_accept(s, "<")) {
		while (asm_next(s)->kind != ASM_END && !asm_is_at(s, 0, ">"))
			s->at++;
		return asm_expect(s, ">");
	}
	return true;
}

/* 'goto' target | 'gotol' target | 'may_goto' target */
static bool go(struct assembler *s, uint8_t code)
{
	struct bpf_insn i = {.code = code};

	return target(s, code == (BPF_JMP32 | BPF_JA), &i) && asm_add(s, i);
}

static bool same_width(struct assembler *s, const struct asm_reg *x, const struct asm_reg *y)
{
	if (x->is_32 == y->is_32)
		return true;
	diag_error(s->d, E_ASSEMBLY, y->at, "%c%u has not the width of %c%u", "rw"[y->is_32],
	           y -> number, "rw"[x->is_32], x -> number);
	diag_hint(s->d, "r are registers, w their lower halves; write %c%u", "rw"[x->is_32],
	          y -> number);
	return false;
}

/* 'if' reg comparison (reg | number) 'goto' target */
static bool branch(struct assembler *s)
{
	struct bpf_insn i = {0};
	struct asm_reg x, y;
	int op;

	if (!asm_reg(s, &x))
		return false;
	op = asm_find_word(bpf_jump_words, 16, asm_next(s));
	if (op < 0)
		return asm_unexpected(s, "a comparison");
	s->at++;
	i.code = (uint8_t)((x.is_32 ? BPF_JMP32 : BPF_JMP) | op << 4);
	i.dst_reg = x.number;
	if (asm_is_reg(s, 0)) {
		if (!asm_reg(s, &y) || !same_width(s, &x, &y))
			return false;
		i.code |= BPF_X;
		i.src_reg = y.number;
	} else if (!asm_is_number(s)) {
		return asm_unexpected(s, "a register or a number");
	} else if (!asm_imm32(s, x.is_32 ? IMM_ANY : IMM_JUMP, &i.imm)) {
		return false;
	}
	return asm_expect(s, "goto") && target(s, false, &i) && asm_add(s, i);
}

/* callee := number | name ['#' number] | 'kernel-function' '#' number ['module' number]
 *         | 'pc' number ['#' name] | label */
static bool call(struct assembler *s)
{
	static const char *const kernel[] = {"kernel", "-", "function", "#", NULL};
	const struct asm_token *name = asm_next(s);
	struct bpf_insn i = bpf_call(0);

	if (asm_is_number(s)) {
		if (!asm_imm32(s, IMM_SIGNED, &i.imm))
			return false;
	} else if (asm_is_at(s, 0, "pc") && (asm_is_at(s, 1, "+") || asm_is_at(s, 1, "-"))) {
		s->at++;
		i.src_reg = BPF_PSEUDO_CALL;
		if (!asm_imm32(s, IMM_SIGNED, &i.imm))
			return false;
		if (asm_accept(s, "#"))
			s->at += asm_next(s)->kind == ASM_WORD;
	} else if (asm_is_at(s, 0, "kernel") && asm_is_at(s, 1, "-")) {
		i.src_reg = BPF_PSEUDO_KFUNC_CALL;
		if (!asm_expect_all(s, kernel) || !asm_imm32(s, IMM_SIGNED, &i.imm) ||
		    (asm_accept(s, "module") && !asm_off16(s, &i.off)))
			return false;
	} else if (name->kind == ASM_WORD && asm_is_reg(s, 0)) {
		diag_error(s->d, E_ASSEMBLY, name->at, "there is no call through a register");
		return false;
	} else if (name->kind == ASM_WORD) {
		s->at++;
		if (!asm_accept(s, "#"))
			add_fixup(s, name, true);
		else if (!asm_imm32(s, IMM_SIGNED, &i.imm))
			return false;
	} else {
		return asm_unexpected(s, "a function");
	}
	return asm_add(s, i);
}

/* ---- 64-bit immediates ----------------------------------------------------------------------- */

static uint32_t map_number(struct assembler *s, const char *name)
{
	uintptr_t known = (uintptr_t)strmap_get(&s->map_numbers, name);

	if (known)
		return (uint32_t)known - 1;
	vec_push(s->a, &s->maps, name);
	strmap_put(&s->map_numbers, name, (void *)(uintptr_t)s->maps.n);
	return (uint32_t)s->maps.n - 1;
}

/* map := 'map' '[' (('fd' | 'id' | 'idx') ':' number | name) ']' ['[' '0' ']' '+' number] ['ll'] */
static bool map_address(struct assembler *s, const struct asm_reg *dst)
{
	static const char *const value_of[] = {"[", "0", "]", NULL};
	const struct asm_token *t;
	bool is_index = true, is_value;
	int32_t which = 0, offset = 0;

	if (!asm_expect(s, "["))
		return false;
	t = asm_next(s);
	if (t->kind == ASM_WORD && asm_is_at(s, 1, ":")) {
		is_index = asm_is_at(s, 0, "idx");
		/* bpftool shows ids where descriptors were. */
		if (!is_index && !asm_is_at(s, 0, "fd") && !asm_is_at(s, 0, "id"))
			return asm_unexpected(s, "'fd', 'id' or 'idx'");
		s->at += 2;
		if (!asm_imm32(s, IMM_SIGNED, &which))
			return false;
	} else if (t->kind == ASM_WORD) {
		which = (int32_t)map_number(s, t->text);
		s->at++;
	} else {
		asm_unexpected(s, "a map's name");
		if (t->kind == ASM_NUMBER)
			diag_hint(s->d,
			          "map[fd:%s] is a file descriptor, map[idx:%s] a place in a "
			          "list of maps",
			          t->text, t->text);
		return false;
	}
	if (!asm_expect(s, "]"))
		return false;
	is_value = asm_is_at(s, 0, "[");
	if (is_value && (!asm_expect_all(s, value_of) || !asm_imm32(s, IMM_ANY, &offset)))
		return false;
	asm_accept(s, "ll");
	return add_lddw(s, dst->number,
	                is_index ? (is_value ? BPF_PSEUDO_MAP_IDX_VALUE : BPF_PSEUDO_MAP_IDX)
	                         : (is_value ? BPF_PSEUDO_MAP_VALUE : BPF_PSEUDO_MAP_FD),
	                (uint32_t)which | (uint64_t)(uint32_t)offset << 32);
}

/* 'btf' '[' 'id' ':' number ']' ['[' 'fd' ':' number ']'] ['ll'] */
static bool btf_address(struct assembler *s, const struct asm_reg *dst)
{
	static const char *const id[] = {"[", "id", ":", NULL};
	static const char *const fd[] = {"[", "fd", ":", NULL};
	int32_t type_id, module = 0;

	if (!asm_expect_all(s, id) || !asm_imm32(s, IMM_SIGNED, &type_id) || !asm_expect(s, "]"))
		return false;
	if (asm_is_at(s, 0, "[") &&
	    (!asm_expect_all(s, fd) || !asm_imm32(s, IMM_SIGNED, &module) || !asm_expect(s, "]")))
		return false;
	asm_accept(s, "ll");
	return add_lddw(s, dst->number, BPF_PSEUDO_BTF_ID,
	                (uint32_t)type_id | (uint64_t)(uint32_t)module << 32);
}

/* 'func' target ['ll'] | 'subprog' '[' number ']' */
static bool func_address(struct assembler *s, bool is_bpftools, const struct asm_reg *dst)
{
	struct bpf_insn i = {0};

	if (is_bpftools) {
		if (!asm_expect(s, "[") || !asm_imm32(s, IMM_SIGNED, &i.imm) || !asm_expect(s, "]"))
			return false;
	} else if (!target(s, true, &i)) {
		return false;
	}
	asm_accept(s, "ll");
	return add_lddw(s, dst->number, BPF_PSEUDO_FUNC, (uint32_t)i.imm);
}

/* number ['ll']: 32 bits, or 64 if there is ll or the listing says so. */
static bool constant(struct assembler *s, const struct asm_reg *dst)
{
	bool is_64 = s->listed_code == (BPF_LD | BPF_IMM | BPF_DW);
	struct asm_number n;
	int32_t imm;

	if (!asm_number(s, &n))
		return false;
	if ((asm_accept(s, "ll") || is_64) && !dst->is_32) {
		if (!asm_fits(&n, INT64_MIN, INT64_MAX) && n.is_negative)
			return asm_too_large(s, &n, "64 bits");
		return add_lddw(s, dst->number, 0, (uint64_t)asm_value(&n));
	}
	if (!dst->is_32 && !asm_fits(&n, INT32_MIN, INT32_MAX)) {
		asm_too_large(s, &n, "an immediate of 32 signed bits");
		diag_hint(s->d, "with ll there are 64: r%u = %s0x%llx ll", dst->number,
		          n.is_negative ? "-" : "", (unsigned long long)n.magnitude);
		return false;
	}
	return asm_imm32_of(s, &n, IMM_ANY, &imm) &&
	       asm_add(s, bpf_alu_imm(BPF_MOV, dst->is_32, dst->number, imm));
}

/* ---- what a register can become -------------------------------------------------------------- */

/* swap := ('be' | 'le' | 'bswap') ('16' | '32' | '64') reg */
static bool is_swap(const char *word, struct bpf_insn *ret)
{
	static const struct {
		const char *word;
		uint8_t code;
	} swaps[] = {{"be", BPF_ALU | BPF_END | BPF_TO_BE},
	             {"le", BPF_ALU | BPF_END | BPF_TO_LE},
	             {"bswap", BPF_ALU64 | BPF_END | BPF_TO_LE}};
	static const char *const widths[] = {"16", "32", "64"};

	for (size_t k = 0; k < sizeof(swaps) / sizeof(*swaps); k++) {
		size_t len_b = strlen(swaps[k].word);

		for (int w = 0; w < 3; w++) {
			if (strncmp(word, swaps[k].word, len_b) || strcmp(word + len_b, widths[w]))
				continue;
			ret->code = swaps[k].code;
			ret->imm = 16 << w;
			return true;
		}
	}
	return false;
}

/* '(' ('s8' | 's16' | 's32') ')' reg */
static bool sign_extend(struct assembler *s, const struct asm_reg *dst)
{
	struct bpf_insn i = bpf_alu(BPF_MOV, dst->is_32, dst->number, 0);
	struct span at = asm_next(s)->at;
	bool is_signed;
	uint8_t size;
	struct asm_reg r;

	if (!asm_type(s, &size, &is_signed))
		return false;
	if (!is_signed || size == BPF_DW || (size == BPF_W && dst->is_32)) {
		diag_error(s->d, E_ASSEMBLY, at, "sign extension is from s8%s",
		           dst->is_32 ? " or s16" : ", s16 or s32");
		return false;
	}
	if (!asm_expect(s, ")") || !asm_reg(s, &r) || !same_width(s, dst, &r))
		return false;
	i.src_reg = r.number;
	i.off = (int16_t)(bpf_size_bytes(size) * 8);
	return asm_add(s, i);
}

/* 'addr_space_cast' '(' reg ',' number ',' number ')' */
static bool cast(struct assembler *s, const struct asm_reg *dst)
{
	struct bpf_insn i = bpf_mov(dst->number, 0);
	struct asm_number to, old;
	struct span at;
	uint8_t src;

	if (!asm_expect(s, "(") || !asm_base_reg(s, &src) || !asm_expect(s, ","))
		return false;
	at = asm_next(s)->at;
	if (!asm_number(s, &to) || !asm_expect(s, ",") || !asm_number(s, &old))
		return false;
	if (!asm_fits(&to, 0, UINT16_MAX) || !asm_fits(&old, 0, UINT16_MAX)) {
		diag_error(s->d, E_ASSEMBLY, asm_from(s, at), "address spaces have 16 bits");
		return false;
	}
	i.src_reg = src;
	i.off = BPF_CAST_OFF;
	i.imm = (int32_t)((uint32_t)to.magnitude << 16 | (uint32_t)old.magnitude);
	return asm_expect(s, ")") && asm_add(s, i);
}

static bool needs_64(struct assembler *s, const struct asm_reg *dst)
{
	if (!dst->is_32)
		return true;
	diag_error(s->d, E_ASSEMBLY, dst->at, "this fills all of r%u", dst->number);
	diag_hint(s->d, "write r%u", dst->number);
	return false;
}

/* What begins with a word behind "reg =". */
static bool assign_word(struct assembler *s, const struct asm_reg *dst)
{
	const struct asm_token *word = asm_next(s);
	const struct asm_exchange *x = asm_exchange_find(word->text);
	struct diag_guess guess = {.word = word->text};
	struct bpf_insn swap = {.dst_reg = dst->number};

	s->at++;
	if (x)
		return asm_exchange(s, x, dst);
	if (!strcmp(word->text, "load_acquire"))
		return asm_load_acquire(s, dst);
	if (is_swap(word->text, &swap))
		return needs_64(s, dst) && asm_same_reg(s, dst) && asm_add(s, swap);
	if (!strcmp(word->text, "addr_space_cast"))
		return needs_64(s, dst) && cast(s, dst);
	if (!strcmp(word->text, "map"))
		return needs_64(s, dst) && map_address(s, dst);
	if (!strcmp(word->text, "btf"))
		return needs_64(s, dst) && btf_address(s, dst);
	if (!strcmp(word->text, "func") || !strcmp(word->text, "subprog"))
		return needs_64(s, dst) && func_address(s, word->text[0] == 's', dst);
	diag_error(s->d, E_ASSEMBLY, word->at, "a register cannot become '%s'", word->text);
	asm_exchange_nearest(&guess);
	diag_nearest(&guess, "load_acquire");
	diag_nearest(&guess, "addr_space_cast");
	diag_nearest(&guess, "bswap16");
	if (guess.best)
		diag_hint(s->d, "did you mean '%s'?", guess.best);
	return false;
}

/* reg '=' ... */
static bool assign(struct assembler *s, const struct asm_reg *dst)
{
	struct asm_reg r;

	if (asm_is_reg(s, 0))
		return asm_reg(s, &r) && same_width(s, dst, &r) &&
		       asm_add(s, bpf_alu(BPF_MOV, dst->is_32, dst->number, r.number));
	if (asm_is_at(s, 0, "-") && asm_is_reg(s, 1)) {
		s->at++;
		return asm_same_reg(s, dst) && asm_add(s, bpf_neg(dst->is_32, dst->number));
	}
	if (asm_is_number(s))
		return constant(s, dst);
	if (asm_accept(s, "*"))
		return asm_load(s, dst);
	if (asm_accept(s, "("))
		return sign_extend(s, dst);
	if (asm_next(s)->kind == ASM_WORD)
		return assign_word(s, dst);
	return asm_unexpected(s, "a value");
}

/* reg operator (reg | number) */
static bool arithmetic(struct assembler *s)
{
	const struct asm_token *t;
	struct bpf_insn i;
	struct asm_reg x, y;
	int op;

	if (!asm_reg(s, &x))
		return false;
	if (asm_accept(s, "="))
		return assign(s, &x);
	t = asm_next(s);
	op = asm_find_word(bpf_alu_words, 16, t);
	i = bpf_make(x.is_32 ? BPF_ALU : BPF_ALU64, x.number, 0, 0, 0);
	if (op >= 0) {
		i.code |= (uint8_t)(op << 4);
	} else if (asm_is_at(s, 0, "s/=") || asm_is_at(s, 0, "s%=")) {
		i.code |= t->text[1] == '/' ? BPF_DIV : BPF_MOD;
		i.off = 1;
	} else {
		return asm_unexpected(s, "an operator like '=' or '+='");
	}
	s->at++;
	if (asm_is_reg(s, 0)) {
		if (!asm_reg(s, &y) || !same_width(s, &x, &y))
			return false;
		i.code |= BPF_X;
		i.src_reg = y.number;
	} else if (!asm_is_number(s)) {
		return asm_unexpected(s, "a register or a number");
	} else if (!asm_imm32(s, x.is_32 ? IMM_ANY : IMM_SIGNED, &i.imm)) {
		return false;
	}
	return asm_add(s, i);
}

/* ---- statements ------------------------------------------------------------------------------ */

static bool unknown(struct assembler *s)
{
	static const char *const words[] = {"exit", "goto", "gotol", "may_goto",
	                                    "if",   "lock", "call",  "store_release"};
	struct diag_guess guess = {.word = asm_next(s)->text};

	if (asm_next(s)->kind != ASM_WORD)
		return asm_unexpected(s, "an instruction");
	diag_error(s->d, E_ASSEMBLY, asm_next(s)->at, "unknown instruction '%s'",
	           asm_next(s)->text);
	for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
		diag_nearest(&guess, words[k]);
	if (guess.best)
		diag_hint(s->d, "did you mean '%s'?", guess.best);
	return false;
}

static bool instruction(struct assembler *s)
{
	if (asm_is_reg(s, 0))
		return arithmetic(s);
	if (asm_accept(s, "*"))
		return asm_store(s);
	if (asm_accept(s, "if"))
		return branch(s);
	if (asm_accept(s, "goto"))
		return go(s, BPF_JMP | BPF_JA);
	if (asm_accept(s, "gotol"))
		return go(s, BPF_JMP32 | BPF_JA);
	if (asm_accept(s, "may_goto"))
		return go(s, BPF_JMP | BPF_JCOND);
	if (asm_accept(s, "call"))
		return call(s);
	if (asm_accept(s, "exit"))
		return asm_add(s, bpf_exit());
	if (asm_accept(s, "lock"))
		return asm_lock(s);
	if (asm_accept(s, "store_release"))
		return asm_store_release(s);
	return unknown(s);
}

bool asm_statement(struct assembler *s)
{
	uint32_t slot = (uint32_t)s->insns.n, n_fixups = (uint32_t)s->fixups.n;
	struct span begin = asm_next(s)->at;
	own_strbuf struct strbuf why = {0};

	if (!instruction(s))
		goto undo;
	if (asm_next(s)->kind != ASM_END) {
		diag_error(s->d, E_ASSEMBLY, asm_next(s)->at,
		           "unexpected '%s' behind the instruction", asm_next(s)->text);
		goto undo;
	}
	/* What the grammar lets through and the instruction set doesn't: r10 written, an atomic
	 * of one byte. */
	if (bpf_check_insn(s->insns.items, (uint32_t)s->insns.n, slot, &why))
		return true;
	diag_error(s->d, E_ASSEMBLY, asm_from(s, begin), "not an instruction: %s", sb_str(&why));
undo:
	s->insns.n = s->lines.n = slot;
	s->fixups.n = n_fixups;
	return false;
}
