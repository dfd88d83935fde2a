/* One line of assembler text to one instruction. Each function reads what its grammar rule says,
 * from s->at on, and reports the first thing that is not so. */
#include "bpf/asm_statement.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "bpf/check.h"
#include "bpf/syntax.h"

struct reg {
	uint8_t number;
	bool is_32;
	struct span at;
};

struct number {
	uint64_t magnitude;
	bool is_negative, is_hex;
	struct span at;
};

/* ---- tokens ---------------------------------------------------------------------------------- */

/* `fmt` begins the text; what was found instead ends it. */
static bool unexpected(struct assembler *s, const char *wanted)
{
	const struct asm_token *t = asm_next(s);

	if (t->kind == ASM_END)
		diag_error(s->d, E_ASSEMBLY, t->at, "expected %s at the end of the line", wanted);
	else
		diag_error(s->d, E_ASSEMBLY, t->at, "expected %s, not '%s'", wanted, t->text);
	return false;
}

static bool is_at(const struct assembler *s, uint32_t ahead, const char *text)
{
	const struct asm_token *t;

	if (s->at + ahead >= s->tokens.list.n)
		return false;
	t = &s->tokens.list.items[s->at + ahead];
	return t->kind != ASM_END && !strcmp(t->text, text);
}

static bool accept(struct assembler *s, const char *text)
{
	if (!is_at(s, 0, text))
		return false;
	s->at++;
	return true;
}

static bool expect(struct assembler *s, const char *text)
{
	char wanted[32];

	if (accept(s, text))
		return true;
	snprintf(wanted, sizeof(wanted), "'%s'", text);
	return unexpected(s, wanted);
}

/* All of `texts`, which ends with NULL. */
static bool expect_all(struct assembler *s, const char *const *texts)
{
	for (; *texts; texts++)
		if (!expect(s, *texts))
			return false;
	return true;
}

static struct span from(const struct assembler *s, struct span begin)
{
	begin.end = s->tokens.list.items[s->at - 1].at.end;
	return begin;
}

int asm_register_number(const char *word)
{
	int n = 0;

	if ((word[0] != 'r' && word[0] != 'w') || !word[1])
		return -1;
	for (const char *p = word + 1; *p; p++) {
		if (*p < '0' || *p > '9' || p - word > 3)
			return -1;
		n = n * 10 + *p - '0';
	}
	return n;
}

static bool is_reg(const struct assembler *s, uint32_t ahead)
{
	const struct asm_token *t;

	if (s->at + ahead >= s->tokens.list.n)
		return false;
	t = &s->tokens.list.items[s->at + ahead];
	return t->kind == ASM_WORD && asm_register_number(t->text) >= 0;
}

static bool reg(struct assembler *s, struct reg *ret)
{
	const struct asm_token *t = asm_next(s);
	int number;

	if (!is_reg(s, 0))
		return unexpected(s, "a register");
	number = asm_register_number(t->text);
	if (number >= BPF_N_REGS) {
		diag_error(s->d, E_ASSEMBLY, t->at, "there is no register %s", t->text);
		diag_hint(s->d, "registers are r0 to r10, w0 to w10 their lower halves");
		return false;
	}
	*ret = (struct reg){(uint8_t)number, t->text[0] == 'w', t->at};
	s->at++;
	return true;
}

/* A register that has to be `other` again ("r1 = -r1"). */
static bool same_reg(struct assembler *s, const struct reg *other)
{
	struct reg r;

	if (!reg(s, &r))
		return false;
	if (r.number == other->number && r.is_32 == other->is_32)
		return true;
	diag_error(s->d, E_ASSEMBLY, r.at, "only %c%u can stand here, as before the '='",
	           other->is_32 ? 'w' : 'r', other->number);
	return false;
}

/* An address: all of the register. */
static bool base_reg(struct assembler *s, uint8_t *ret)
{
	struct reg r;

	if (!reg(s, &r))
		return false;
	if (r.is_32) {
		diag_error(s->d, E_ASSEMBLY, r.at, "half a register is no address");
		diag_hint(s->d, "write r%u", r.number);
		return false;
	}
	*ret = r.number;
	return true;
}

static bool is_number(const struct assembler *s)
{
	uint32_t sign = is_at(s, 0, "+") || is_at(s, 0, "-");

	return s->at + sign < s->tokens.list.n &&
	       s->tokens.list.items[s->at + sign].kind == ASM_NUMBER;
}

/* number := ['+' | '-'] digits */
static bool number(struct assembler *s, struct number *ret)
{
	struct span begin = asm_next(s)->at;

	if (!is_number(s))
		return unexpected(s, "a number");
	ret->is_negative = accept(s, "-");
	if (!ret->is_negative)
		accept(s, "+");
	ret->magnitude = asm_next(s)->number;
	ret->is_hex = asm_next(s)->is_hex;
	s->at++;
	ret->at = from(s, begin);
	return true;
}

static bool fits(const struct number *n, int64_t min, int64_t max)
{
	if (n->is_negative)
		return n->magnitude <= 0 - (uint64_t)min;
	return n->magnitude <= (uint64_t)max;
}

static int64_t value(const struct number *n)
{
	return (int64_t)(n->is_negative ? -n->magnitude : n->magnitude);
}

static bool too_large(struct assembler *s, const struct number *n, const char *place)
{
	diag_error(s->d, E_ASSEMBLY, n->at,
	           n->is_hex ? "%s0x%llx does not fit %s" : "%s%llu does not fit %s",
	           n->is_negative ? "-" : "", (unsigned long long)n->magnitude, place);
	return false;
}

/* What a 32-bit field makes of the number. */
enum imm_kind {
	IMM_SIGNED, /* extended to 64 bits: what is written has to survive that */
	IMM_ANY,    /* 32 bits, of either sign */
	IMM_JUMP,   /* extended, but listings show the 32 bits in hex */
};

static bool imm32_of(struct assembler *s, const struct number *n, enum imm_kind kind, int32_t *ret)
{
	bool is_wide = kind == IMM_ANY || (kind == IMM_JUMP && n->is_hex);

	if (!fits(n, INT32_MIN, is_wide ? (int64_t)UINT32_MAX : INT32_MAX)) {
		too_large(s, n, is_wide ? "32 bits" : "an immediate of 32 signed bits");
		if (fits(n, INT32_MIN, UINT32_MAX))
			diag_hint(s->d, "immediates are sign-extended to 64 bits: this would be %d",
			          (int32_t)value(n));
		else
			diag_hint(s->d, "bring it into a register first: r0 = %s0x%llx ll",
			          n->is_negative ? "-" : "", (unsigned long long)n->magnitude);
		return false;
	}
	*ret = (int32_t)value(n);
	return true;
}

static bool imm32(struct assembler *s, enum imm_kind kind, int32_t *ret)
{
	struct number n;

	return number(s, &n) && imm32_of(s, &n, kind, ret);
}

static bool off16(struct assembler *s, int16_t *ret)
{
	struct number n;

	if (!number(s, &n))
		return false;
	if (!fits(&n, INT16_MIN, INT16_MAX)) {
		too_large(s, &n, "an offset of 16 bits (-32768 to 32767)");
		return false;
	}
	*ret = (int16_t)value(&n);
	return true;
}

/* ---- instructions ---------------------------------------------------------------------------- */

static bool add_insn(struct assembler *s, struct bpf_insn i)
{
	vec_push(s->a, &s->insns, i);
	vec_push(s->a, &s->lines, s->line);
	return true;
}

static bool add_lddw(struct assembler *s, uint8_t dst, uint8_t pseudo, uint64_t imm)
{
	struct bpf_insn wide[2];

	bpf_lddw(wide, dst, pseudo, imm);
	return add_insn(s, wide[0]) && add_insn(s, wide[1]);
}

static int find_word(const char *const *words, unsigned n, const struct asm_token *t)
{
	for (unsigned k = 0; k < n; k++)
		if (words[k] && t->kind != ASM_END && !strcmp(words[k], t->text))
			return (int)k;
	return -1;
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

	if (is_at(s, 0, "pc") && (is_at(s, 1, "+") || is_at(s, 1, "-")))
		s->at++;
	if (is_at(s, 0, "+") || is_at(s, 0, "-")) {
		if (is_long ? !imm32(s, IMM_SIGNED, &i->imm) : !off16(s, &i->off))
			return false;
	} else if (t->kind == ASM_WORD && asm_register_number(t->text) < 0) {
		add_fixup(s, t, false);
		s->at++;
	} else {
		unexpected(s, "a label or a distance");
		if (t->kind == ASM_NUMBER)
			diag_hint(s->d, "a distance has a sign: +%s", t->text);
		return false;
	}
	if (accept(s, "<")) {
		while (asm_next(s)->kind != ASM_END && !is_at(s, 0, ">"))
			s->at++;
		return expect(s, ">");
	}
	return true;
}

/* 'goto' target | 'gotol' target | 'may_goto' target */
static bool go(struct assembler *s, uint8_t code)
{
	struct bpf_insn i = {.code = code};

	return target(s, code == (BPF_JMP32 | BPF_JA), &i) && add_insn(s, i);
}

static bool same_width(struct assembler *s, const struct reg *x, const struct reg *y)
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
	struct reg x, y;
	int op;

	if (!reg(s, &x))
		return false;
	op = find_word(bpf_jump_words, 16, asm_next(s));
	if (op < 0)
		return unexpected(s, "a comparison");
	s->at++;
	i.code = (uint8_t)((x.is_32 ? BPF_JMP32 : BPF_JMP) | op << 4);
	i.dst_reg = x.number;
	if (is_reg(s, 0)) {
		if (!reg(s, &y) || !same_width(s, &x, &y))
			return false;
		i.code |= BPF_X;
		i.src_reg = y.number;
	} else if (!is_number(s)) {
		return unexpected(s, "a register or a number");
	} else if (!imm32(s, x.is_32 ? IMM_ANY : IMM_JUMP, &i.imm)) {
		return false;
	}
	return expect(s, "goto") && target(s, false, &i) && add_insn(s, i);
}

/* callee := number | name ['#' number] | 'kernel-function' '#' number ['module' number]
 *         | 'pc' number ['#' name] | label */
static bool call(struct assembler *s)
{
	static const char *const kernel[] = {"kernel", "-", "function", "#", NULL};
	const struct asm_token *name = asm_next(s);
	struct bpf_insn i = bpf_call(0);

	if (is_number(s)) {
		if (!imm32(s, IMM_SIGNED, &i.imm))
			return false;
	} else if (is_at(s, 0, "pc") && (is_at(s, 1, "+") || is_at(s, 1, "-"))) {
		s->at++;
		i.src_reg = BPF_PSEUDO_CALL;
		if (!imm32(s, IMM_SIGNED, &i.imm))
			return false;
		if (accept(s, "#"))
			s->at += asm_next(s)->kind == ASM_WORD;
	} else if (is_at(s, 0, "kernel") && is_at(s, 1, "-")) {
		i.src_reg = BPF_PSEUDO_KFUNC_CALL;
		if (!expect_all(s, kernel) || !imm32(s, IMM_SIGNED, &i.imm) ||
		    (accept(s, "module") && !off16(s, &i.off)))
			return false;
	} else if (name->kind == ASM_WORD && is_reg(s, 0)) {
		diag_error(s->d, E_ASSEMBLY, name->at, "there is no call through a register");
		return false;
	} else if (name->kind == ASM_WORD) {
		s->at++;
		if (!accept(s, "#"))
			add_fixup(s, name, true);
		else if (!imm32(s, IMM_SIGNED, &i.imm))
			return false;
	} else {
		return unexpected(s, "a function");
	}
	return add_insn(s, i);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* type := 'u8' | ... | 's32'. Gives BPF_SIZE. */
static bool type(struct assembler *s, uint8_t *ret_size, bool *ret_is_signed)
{
	int size = find_word(bpf_size_words, 4, asm_next(s));

	*ret_is_signed = size < 0;
	if (size < 0)
		size = find_word(bpf_signed_words, 4, asm_next(s));
	if (size < 0)
		return unexpected(s, "a type (u8, u16, u32, u64, s8, s16, s32)");
	s->at++;
	*ret_size = (uint8_t)(size << 3);
	return true;
}

/* place := reg [number] */
static bool place(struct assembler *s, uint8_t *ret_reg, int16_t *ret_off)
{
	*ret_off = 0;
	if (!base_reg(s, ret_reg))
		return false;
	return is_at(s, 0, ")") || is_at(s, 0, ",") || off16(s, ret_off);
}

/* pointer := '(' type '*' ')' '(' place ')' */
static bool pointer(struct assembler *s, uint8_t *ret_size, bool *ret_is_signed, uint8_t *ret_reg,
                    int16_t *ret_off)
{
	static const char *const middle[] = {"*", ")", "(", NULL};

	return expect(s, "(") && type(s, ret_size, ret_is_signed) && expect_all(s, middle) &&
	       place(s, ret_reg, ret_off) && expect(s, ")");
}

static bool unsigned_pointer(struct assembler *s, uint8_t *ret_size, uint8_t *ret_reg,
                             int16_t *ret_off)
{
	struct span at =
	    s->at + 1 < s->tokens.list.n ? s->tokens.list.items[s->at + 1].at : asm_next(s)->at;
	bool is_signed;

	if (!pointer(s, ret_size, &is_signed, ret_reg, ret_off))
		return false;
	if (is_signed)
		diag_error(s->d, E_ASSEMBLY, at, "only loads have a sign");
	return !is_signed;
}

/* A register that is stored or added: w where the memory has at most 32 bits. */
static bool stored_reg(struct assembler *s, uint8_t size, struct reg *ret)
{
	if (!reg(s, ret))
		return false;
	if (!ret->is_32 || size != BPF_DW)
		return true;
	diag_error(s->d, E_ASSEMBLY, ret->at, "w%u has 32 bits, the memory 64", ret->number);
	diag_hint(s->d, "write r%u", ret->number);
	return false;
}

/* '*' pointer '=' (reg | number) */
static bool store(struct assembler *s)
{
	struct bpf_insn i = {0};
	uint8_t size, base;
	struct reg r;

	if (!unsigned_pointer(s, &size, &base, &i.off) || !expect(s, "="))
		return false;
	i.dst_reg = base;
	if (is_reg(s, 0)) {
		if (!stored_reg(s, size, &r))
			return false;
		i.code = BPF_STX | BPF_MEM | size;
		i.src_reg = r.number;
		return add_insn(s, i);
	}
	if (!is_number(s))
		return unexpected(s, "a register or a number");
	i.code = BPF_ST | BPF_MEM | size;
	return imm32(s, size == BPF_DW ? IMM_SIGNED : IMM_ANY, &i.imm) && add_insn(s, i);
}

/* 'lock' '*' pointer ('+=' | '|=' | '&=' | '^=') reg */
static bool lock(struct assembler *s)
{
	struct bpf_insn i = {0};
	uint8_t size, base;
	struct reg r;
	int op;

	if (!expect(s, "*") || !unsigned_pointer(s, &size, &base, &i.off))
		return false;
	op = find_word(bpf_alu_words, 16, asm_next(s));
	if (op < 0 || !bpf_atomic_words[op])
		return unexpected(s, "'+=', '|=', '&=' or '^='");
	s->at++;
	if (!stored_reg(s, size, &r))
		return false;
	i.code = BPF_STX | BPF_ATOMIC | size;
	i.dst_reg = base;
	i.src_reg = r.number;
	i.imm = op << 4;
	return add_insn(s, i);
}

/* 'store_release' '(' pointer ',' reg ')' */
static bool store_release(struct assembler *s)
{
	struct bpf_insn i = {.imm = BPF_STORE_REL};
	uint8_t size, base;
	struct reg r;

	if (!expect(s, "(") || !unsigned_pointer(s, &size, &base, &i.off) || !expect(s, ",") ||
	    !stored_reg(s, size, &r) || !expect(s, ")"))
		return false;
	i.code = BPF_STX | BPF_ATOMIC | size;
	i.dst_reg = base;
	i.src_reg = r.number;
	return add_insn(s, i);
}

/* packet := '*' '(' type '*' ')' 'skb' '[' [reg '+'] number ']' */
static bool packet_load(struct assembler *s, const struct reg *dst)
{
	static const char *const skb[] = {"*", ")", "skb", "[", NULL};
	struct bpf_insn i = {0};
	bool is_signed, has_reg;
	uint8_t size, base;

	if (!expect(s, "(") || !type(s, &size, &is_signed))
		return false;
	if (is_signed || size == BPF_DW || dst->number || dst->is_32) {
		diag_error(s->d, E_ASSEMBLY, from(s, dst->at),
		           "packets are loaded as u8, u16 or u32, and to r0");
		return false;
	}
	if (!expect_all(s, skb))
		return false;
	has_reg = is_reg(s, 0);
	if (has_reg) {
		if (!base_reg(s, &base))
			return false;
		i.src_reg = base;
		if (!accept(s, "+") && !is_at(s, 0, "-"))
			return unexpected(s, "'+'");
	}
	i.code = BPF_LD | (has_reg ? BPF_IND : BPF_ABS) | size;
	return imm32(s, IMM_ANY, &i.imm) && expect(s, "]") && add_insn(s, i);
}

/* load := '*' pointer */
static bool load(struct assembler *s, const struct reg *dst)
{
	struct bpf_insn i = {.dst_reg = dst->number};
	uint8_t size, base;
	bool is_signed;

	if (is_at(s, 4, "skb"))
		return packet_load(s, dst);
	if (!pointer(s, &size, &is_signed, &base, &i.off))
		return false;
	if (dst->is_32 && (is_signed || size == BPF_DW)) {
		diag_error(s->d, E_ASSEMBLY, dst->at, "this load fills all of r%u", dst->number);
		diag_hint(s->d, "write r%u", dst->number);
		return false;
	}
	i.code = BPF_LDX | (is_signed ? BPF_MEMSX : BPF_MEM) | size;
	i.src_reg = base;
	return add_insn(s, i);
}

/* Atomic operations that give the old value: in the kernel's words, and in LLVM's. */
static const struct exchange {
	const char *word;
	int32_t operation;
	uint8_t width_b; /* 0: as the type says */
	bool is_typed;
} exchanges[] = {
    {"atomic_fetch_add", BPF_ADD | BPF_FETCH, 0, true},
    {"atomic_fetch_or", BPF_OR | BPF_FETCH, 0, true},
    {"atomic_fetch_and", BPF_AND | BPF_FETCH, 0, true},
    {"atomic_fetch_xor", BPF_XOR | BPF_FETCH, 0, true},
    {"atomic_xchg", BPF_XCHG, 0, true},
    {"atomic_cmpxchg", BPF_CMPXCHG, 0, true},
    {"atomic64_fetch_add", BPF_ADD | BPF_FETCH, 8, true},
    {"atomic64_fetch_or", BPF_OR | BPF_FETCH, 8, true},
    {"atomic64_fetch_and", BPF_AND | BPF_FETCH, 8, true},
    {"atomic64_fetch_xor", BPF_XOR | BPF_FETCH, 8, true},
    {"atomic64_xchg", BPF_XCHG, 8, true},
    {"atomic64_cmpxchg", BPF_CMPXCHG, 8, true},
    {"xchg_64", BPF_XCHG, 8, false},
    {"xchg32_32", BPF_XCHG, 4, false},
    {"cmpxchg_64", BPF_CMPXCHG, 8, false},
    {"cmpxchg32_32", BPF_CMPXCHG, 4, false},
};

static const struct exchange *find_exchange(const char *word)
{
	for (size_t k = 0; k < sizeof(exchanges) / sizeof(*exchanges); k++)
		if (!strcmp(exchanges[k].word, word))
			return &exchanges[k];
	return NULL;
}

/* exchange := word '(' (pointer | place) ',' ['r0' ','] reg ')'. The register is the one before
 * the '='; for a compare-and-exchange that one is r0 and stands twice. */
static bool exchange(struct assembler *s, const struct exchange *x, const struct reg *dst)
{
	struct bpf_insn i = {.imm = x->operation};
	bool is_cmpxchg = x->operation == BPF_CMPXCHG;
	struct span word = s->tokens.list.items[s->at - 1].at;
	uint8_t size = x->width_b == 4 ? BPF_W : BPF_DW, base;
	struct reg r = *dst;

	if (!expect(s, "(") ||
	    (x->is_typed ? !unsigned_pointer(s, &size, &base, &i.off) : !place(s, &base, &i.off)))
		return false;
	if (x->width_b == 8 && size != BPF_DW) {
		diag_error(s->d, E_ASSEMBLY, word, "'%s' is for u64", x->word);
		return false;
	}
	if (is_cmpxchg && dst->number) {
		diag_error(s->d, E_ASSEMBLY, dst->at, "the result of '%s' is in r0", x->word);
		return false;
	}
	if (!expect(s, ",") || (is_cmpxchg && (!same_reg(s, dst) || !expect(s, ","))) ||
	    (is_cmpxchg ? !stored_reg(s, size, &r) : !same_reg(s, dst)) || !expect(s, ")"))
		return false;
	i.code = BPF_STX | BPF_ATOMIC | size;
	i.dst_reg = base;
	i.src_reg = r.number;
	return add_insn(s, i);
}

/* 'load_acquire' '(' pointer ')' */
static bool load_acquire(struct assembler *s, const struct reg *dst)
{
	struct bpf_insn i = {.dst_reg = dst->number, .imm = BPF_LOAD_ACQ};
	uint8_t size, base;

	if (!expect(s, "(") || !unsigned_pointer(s, &size, &base, &i.off) || !expect(s, ")"))
		return false;
	i.code = BPF_STX | BPF_ATOMIC | size;
	i.src_reg = base;
	return add_insn(s, i);
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
static bool map_address(struct assembler *s, const struct reg *dst)
{
	static const char *const value_of[] = {"[", "0", "]", NULL};
	const struct asm_token *t;
	bool is_index = true, is_value;
	int32_t which = 0, offset = 0;

	if (!expect(s, "["))
		return false;
	t = asm_next(s);
	if (t->kind == ASM_WORD && is_at(s, 1, ":")) {
		is_index = is_at(s, 0, "idx");
		/* bpftool shows ids where descriptors were. */
		if (!is_index && !is_at(s, 0, "fd") && !is_at(s, 0, "id"))
			return unexpected(s, "'fd', 'id' or 'idx'");
		s->at += 2;
		if (!imm32(s, IMM_SIGNED, &which))
			return false;
	} else if (t->kind == ASM_WORD) {
		which = (int32_t)map_number(s, t->text);
		s->at++;
	} else {
		unexpected(s, "a map's name");
		if (t->kind == ASM_NUMBER)
			diag_hint(s->d,
			          "map[fd:%s] is a file descriptor, map[idx:%s] a place in a "
			          "list of maps",
			          t->text, t->text);
		return false;
	}
	if (!expect(s, "]"))
		return false;
	is_value = is_at(s, 0, "[");
	if (is_value && (!expect_all(s, value_of) || !imm32(s, IMM_ANY, &offset)))
		return false;
	accept(s, "ll");
	return add_lddw(s, dst->number,
	                is_index ? (is_value ? BPF_PSEUDO_MAP_IDX_VALUE : BPF_PSEUDO_MAP_IDX)
	                         : (is_value ? BPF_PSEUDO_MAP_VALUE : BPF_PSEUDO_MAP_FD),
	                (uint32_t)which | (uint64_t)(uint32_t)offset << 32);
}

/* 'btf' '[' 'id' ':' number ']' ['[' 'fd' ':' number ']'] ['ll'] */
static bool btf_address(struct assembler *s, const struct reg *dst)
{
	static const char *const id[] = {"[", "id", ":", NULL};
	static const char *const fd[] = {"[", "fd", ":", NULL};
	int32_t type_id, module = 0;

	if (!expect_all(s, id) || !imm32(s, IMM_SIGNED, &type_id) || !expect(s, "]"))
		return false;
	if (is_at(s, 0, "[") &&
	    (!expect_all(s, fd) || !imm32(s, IMM_SIGNED, &module) || !expect(s, "]")))
		return false;
	accept(s, "ll");
	return add_lddw(s, dst->number, BPF_PSEUDO_BTF_ID,
	                (uint32_t)type_id | (uint64_t)(uint32_t)module << 32);
}

/* 'func' target ['ll'] | 'subprog' '[' number ']' */
static bool func_address(struct assembler *s, bool is_bpftools, const struct reg *dst)
{
	struct bpf_insn i = {0};

	if (is_bpftools) {
		if (!expect(s, "[") || !imm32(s, IMM_SIGNED, &i.imm) || !expect(s, "]"))
			return false;
	} else if (!target(s, true, &i)) {
		return false;
	}
	accept(s, "ll");
	return add_lddw(s, dst->number, BPF_PSEUDO_FUNC, (uint32_t)i.imm);
}

/* number ['ll']: 32 bits, or 64 if there is ll or the listing says so. */
static bool constant(struct assembler *s, const struct reg *dst)
{
	bool is_64 = s->listed_code == (BPF_LD | BPF_IMM | BPF_DW);
	struct number n;
	int32_t imm;

	if (!number(s, &n))
		return false;
	if ((accept(s, "ll") || is_64) && !dst->is_32) {
		if (!fits(&n, INT64_MIN, INT64_MAX) && n.is_negative)
			return too_large(s, &n, "64 bits");
		return add_lddw(s, dst->number, 0, (uint64_t)value(&n));
	}
	if (!dst->is_32 && !fits(&n, INT32_MIN, INT32_MAX)) {
		too_large(s, &n, "an immediate of 32 signed bits");
		diag_hint(s->d, "with ll there are 64: r%u = %s0x%llx ll", dst->number,
		          n.is_negative ? "-" : "", (unsigned long long)n.magnitude);
		return false;
	}
	return imm32_of(s, &n, IMM_ANY, &imm) &&
	       add_insn(s, bpf_alu_imm(BPF_MOV, dst->is_32, dst->number, imm));
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
static bool sign_extend(struct assembler *s, const struct reg *dst)
{
	struct bpf_insn i = bpf_alu(BPF_MOV, dst->is_32, dst->number, 0);
	struct span at = asm_next(s)->at;
	bool is_signed;
	uint8_t size;
	struct reg r;

	if (!type(s, &size, &is_signed))
		return false;
	if (!is_signed || size == BPF_DW || (size == BPF_W && dst->is_32)) {
		diag_error(s->d, E_ASSEMBLY, at, "sign extension is from s8%s",
		           dst->is_32 ? " or s16" : ", s16 or s32");
		return false;
	}
	if (!expect(s, ")") || !reg(s, &r) || !same_width(s, dst, &r))
		return false;
	i.src_reg = r.number;
	i.off = (int16_t)(bpf_size_bytes(size) * 8);
	return add_insn(s, i);
}

/* 'addr_space_cast' '(' reg ',' number ',' number ')' */
static bool cast(struct assembler *s, const struct reg *dst)
{
	struct bpf_insn i = bpf_mov(dst->number, 0);
	struct number to, old;
	struct span at;
	uint8_t src;

	if (!expect(s, "(") || !base_reg(s, &src) || !expect(s, ","))
		return false;
	at = asm_next(s)->at;
	if (!number(s, &to) || !expect(s, ",") || !number(s, &old))
		return false;
	if (!fits(&to, 0, UINT16_MAX) || !fits(&old, 0, UINT16_MAX)) {
		diag_error(s->d, E_ASSEMBLY, from(s, at), "address spaces have 16 bits");
		return false;
	}
	i.src_reg = src;
	i.off = BPF_CAST_OFF;
	i.imm = (int32_t)((uint32_t)to.magnitude << 16 | (uint32_t)old.magnitude);
	return expect(s, ")") && add_insn(s, i);
}

static bool needs_64(struct assembler *s, const struct reg *dst)
{
	if (!dst->is_32)
		return true;
	diag_error(s->d, E_ASSEMBLY, dst->at, "this fills all of r%u", dst->number);
	diag_hint(s->d, "write r%u", dst->number);
	return false;
}

/* What begins with a word behind "reg =". */
static bool assign_word(struct assembler *s, const struct reg *dst)
{
	const struct asm_token *word = asm_next(s);
	const struct exchange *x = find_exchange(word->text);
	struct diag_guess guess = {.word = word->text};
	struct bpf_insn swap = {.dst_reg = dst->number};

	s->at++;
	if (x)
		return exchange(s, x, dst);
	if (!strcmp(word->text, "load_acquire"))
		return load_acquire(s, dst);
	if (is_swap(word->text, &swap))
		return needs_64(s, dst) && same_reg(s, dst) && add_insn(s, swap);
	if (!strcmp(word->text, "addr_space_cast"))
		return needs_64(s, dst) && cast(s, dst);
	if (!strcmp(word->text, "map"))
		return needs_64(s, dst) && map_address(s, dst);
	if (!strcmp(word->text, "btf"))
		return needs_64(s, dst) && btf_address(s, dst);
	if (!strcmp(word->text, "func") || !strcmp(word->text, "subprog"))
		return needs_64(s, dst) && func_address(s, word->text[0] == 's', dst);
	diag_error(s->d, E_ASSEMBLY, word->at, "a register cannot become '%s'", word->text);
	for (size_t k = 0; k < sizeof(exchanges) / sizeof(*exchanges); k++)
		diag_nearest(&guess, exchanges[k].word);
	diag_nearest(&guess, "load_acquire");
	diag_nearest(&guess, "addr_space_cast");
	diag_nearest(&guess, "bswap16");
	if (guess.best)
		diag_hint(s->d, "did you mean '%s'?", guess.best);
	return false;
}

/* reg '=' ... */
static bool assign(struct assembler *s, const struct reg *dst)
{
	struct reg r;

	if (is_reg(s, 0))
		return reg(s, &r) && same_width(s, dst, &r) &&
		       add_insn(s, bpf_alu(BPF_MOV, dst->is_32, dst->number, r.number));
	if (is_at(s, 0, "-") && is_reg(s, 1)) {
		s->at++;
		return same_reg(s, dst) && add_insn(s, bpf_neg(dst->is_32, dst->number));
	}
	if (is_number(s))
		return constant(s, dst);
	if (accept(s, "*"))
		return load(s, dst);
	if (accept(s, "("))
		return sign_extend(s, dst);
	if (asm_next(s)->kind == ASM_WORD)
		return assign_word(s, dst);
	return unexpected(s, "a value");
}

/* reg operator (reg | number) */
static bool arithmetic(struct assembler *s)
{
	const struct asm_token *t;
	struct bpf_insn i;
	struct reg x, y;
	int op;

	if (!reg(s, &x))
		return false;
	if (accept(s, "="))
		return assign(s, &x);
	t = asm_next(s);
	op = find_word(bpf_alu_words, 16, t);
	i = bpf_make(x.is_32 ? BPF_ALU : BPF_ALU64, x.number, 0, 0, 0);
	if (op >= 0) {
		i.code |= (uint8_t)(op << 4);
	} else if (is_at(s, 0, "s/=") || is_at(s, 0, "s%=")) {
		i.code |= t->text[1] == '/' ? BPF_DIV : BPF_MOD;
		i.off = 1;
	} else {
		return unexpected(s, "an operator like '=' or '+='");
	}
	s->at++;
	if (is_reg(s, 0)) {
		if (!reg(s, &y) || !same_width(s, &x, &y))
			return false;
		i.code |= BPF_X;
		i.src_reg = y.number;
	} else if (!is_number(s)) {
		return unexpected(s, "a register or a number");
	} else if (!imm32(s, x.is_32 ? IMM_ANY : IMM_SIGNED, &i.imm)) {
		return false;
	}
	return add_insn(s, i);
}

/* ---- statements ------------------------------------------------------------------------------ */

static bool unknown(struct assembler *s)
{
	static const char *const words[] = {"exit", "goto", "gotol", "may_goto",
	                                    "if",   "lock", "call",  "store_release"};
	struct diag_guess guess = {.word = asm_next(s)->text};

	if (asm_next(s)->kind != ASM_WORD)
		return unexpected(s, "an instruction");
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
	if (is_reg(s, 0))
		return arithmetic(s);
	if (accept(s, "*"))
		return store(s);
	if (accept(s, "if"))
		return branch(s);
	if (accept(s, "goto"))
		return go(s, BPF_JMP | BPF_JA);
	if (accept(s, "gotol"))
		return go(s, BPF_JMP32 | BPF_JA);
	if (accept(s, "may_goto"))
		return go(s, BPF_JMP | BPF_JCOND);
	if (accept(s, "call"))
		return call(s);
	if (accept(s, "exit"))
		return add_insn(s, bpf_exit());
	if (accept(s, "lock"))
		return lock(s);
	if (accept(s, "store_release"))
		return store_release(s);
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
	diag_error(s->d, E_ASSEMBLY, from(s, begin), "not an instruction: %s", sb_str(&why));
undo:
	s->insns.n = s->lines.n = slot;
	s->fixups.n = n_fixups;
	return false;
}
