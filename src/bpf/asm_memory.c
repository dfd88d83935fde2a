/* Statements that reach memory: loads, stores, packets, atomic operations. */
#include "bpf/asm_operand.h"

#include <string.h>

#include "bpf/syntax.h"

/* place := reg [number] */
static bool place(struct assembler *s, uint8_t *ret_reg, int16_t *ret_off)
{
	*ret_off = 0;
	if (!asm_base_reg(s, ret_reg))
		return false;
	return asm_is_at(s, 0, ")") || asm_is_at(s, 0, ",") || asm_off16(s, ret_off);
}

/* pointer := '(' type '*' ')' '(' place ')' */
static bool pointer(struct assembler *s, uint8_t *ret_size, bool *ret_is_signed, uint8_t *ret_reg,
                    int16_t *ret_off)
{
	static const char *const middle[] = {"*", ")", "(", NULL};

	return asm_expect(s, "(") && asm_type(s, ret_size, ret_is_signed) &&
	       asm_expect_all(s, middle) && place(s, ret_reg, ret_off) && asm_expect(s, ")");
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
static bool stored_reg(struct assembler *s, uint8_t size, struct asm_reg *ret)
{
	if (!asm_reg(s, ret))
		return false;
	if (!ret->is_32 || size != BPF_DW)
		return true;
	diag_error(s->d, E_ASSEMBLY, ret->at, "w%u has 32 bits, the memory 64", ret->number);
	diag_hint(s->d, "write r%u", ret->number);
	return false;
}

/* '*' pointer '=' (reg | number) */
bool asm_store(struct assembler *s)
{
	struct bpf_insn i = {0};
	uint8_t size, base;
	struct asm_reg r;

	if (!unsigned_pointer(s, &size, &base, &i.off) || !asm_expect(s, "="))
		return false;
	i.dst_reg = base;
	if (asm_is_reg(s, 0)) {
		if (!stored_reg(s, size, &r))
			return false;
		i.code = BPF_STX | BPF_MEM | size;
		i.src_reg = r.number;
		return asm_add(s, i);
	}
	if (!asm_is_number(s))
		return asm_unexpected(s, "a register or a number");
	i.code = BPF_ST | BPF_MEM | size;
	return asm_imm32(s, size == BPF_DW ? IMM_SIGNED : IMM_ANY, &i.imm) && asm_add(s, i);
}

/* 'lock' '*' pointer ('+=' | '|=' | '&=' | '^=') reg */
bool asm_lock(struct assembler *s)
{
	struct bpf_insn i = {0};
	uint8_t size, base;
	struct asm_reg r;
	int op;

	if (!asm_expect(s, "*") || !unsigned_pointer(s, &size, &base, &i.off))
		return false;
	op = asm_find_word(bpf_alu_words, 16, asm_next(s));
	if (op < 0 || !bpf_atomic_words[op])
		return asm_unexpected(s, "'+=', '|=', '&=' or '^='");
	s->at++;
	if (!stored_reg(s, size, &r))
		return false;
	i.code = BPF_STX | BPF_ATOMIC | size;
	i.dst_reg = base;
	i.src_reg = r.number;
	i.imm = op << 4;
	return asm_add(s, i);
}

/* 'store_release' '(' pointer ',' reg ')' */
bool asm_store_release(struct assembler *s)
{
	struct bpf_insn i = {.imm = BPF_STORE_REL};
	uint8_t size, base;
	struct asm_reg r;

	if (!asm_expect(s, "(") || !unsigned_pointer(s, &size, &base, &i.off) ||
	    !asm_expect(s, ",") || !stored_reg(s, size, &r) || !asm_expect(s, ")"))
		return false;
	i.code = BPF_STX | BPF_ATOMIC | size;
	i.dst_reg = base;
	i.src_reg = r.number;
	return asm_add(s, i);
}

/* packet := '*' '(' type '*' ')' 'skb' '[' [reg '+'] number ']' */
static bool packet_load(struct assembler *s, const struct asm_reg *dst)
{
	static const char *const skb[] = {"*", ")", "skb", "[", NULL};
	struct bpf_insn i = {0};
	bool is_signed, has_reg;
	uint8_t size, base;

	if (!asm_expect(s, "(") || !asm_type(s, &size, &is_signed))
		return false;
	if (is_signed || size == BPF_DW || dst->number || dst->is_32) {
		diag_error(s->d, E_ASSEMBLY, asm_from(s, dst->at),
		           "packets are loaded as u8, u16 or u32, and to r0");
		return false;
	}
	if (!asm_expect_all(s, skb))
		return false;
	has_reg = asm_is_reg(s, 0);
	if (has_reg) {
		if (!asm_base_reg(s, &base))
			return false;
		i.src_reg = base;
		if (!asm_accept(s, "+") && !asm_is_at(s, 0, "-"))
			return asm_unexpected(s, "'+'");
	}
	i.code = BPF_LD | (has_reg ? BPF_IND : BPF_ABS) | size;
	return asm_imm32(s, IMM_ANY, &i.imm) && asm_expect(s, "]") && asm_add(s, i);
}

/* load := '*' pointer */
bool asm_load(struct assembler *s, const struct asm_reg *dst)
{
	struct bpf_insn i = {.dst_reg = dst->number};
	uint8_t size, base;
	bool is_signed;

	if (asm_is_at(s, 4, "skb"))
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
	return asm_add(s, i);
}

/* Atomic operations that give the old value: in the kernel's words, and in LLVM's. */
static const struct asm_exchange {
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

const struct asm_exchange *asm_exchange_find(const char *word)
{
	for (size_t k = 0; k < sizeof(exchanges) / sizeof(*exchanges); k++)
		if (!strcmp(exchanges[k].word, word))
			return &exchanges[k];
	return NULL;
}

void asm_exchange_nearest(struct diag_guess *guess)
{
	for (size_t k = 0; k < sizeof(exchanges) / sizeof(*exchanges); k++)
		diag_nearest(guess, exchanges[k].word);
}

/* exchange := word '(' (pointer | place) ',' ['r0' ','] reg ')'. The register is the one before
 * the '='; for a compare-and-exchange that one is r0 and stands twice. */
bool asm_exchange(struct assembler *s, const struct asm_exchange *x, const struct asm_reg *dst)
{
	struct bpf_insn i = {.imm = x->operation};
	bool is_cmpxchg = x->operation == BPF_CMPXCHG;
	struct span word = s->tokens.list.items[s->at - 1].at;
	uint8_t size = x->width_b == 4 ? BPF_W : BPF_DW, base;
	struct asm_reg r = *dst;

	if (!asm_expect(s, "(") ||
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
	if (!asm_expect(s, ",") || (is_cmpxchg && (!asm_same_reg(s, dst) || !asm_expect(s, ","))) ||
	    (is_cmpxchg ? !stored_reg(s, size, &r) : !asm_same_reg(s, dst)) || !asm_expect(s, ")"))
		return false;
	i.code = BPF_STX | BPF_ATOMIC | size;
	i.dst_reg = base;
	i.src_reg = r.number;
	return asm_add(s, i);
}

/* 'load_acquire' '(' pointer ')' */
bool asm_load_acquire(struct assembler *s, const struct asm_reg *dst)
{
	struct bpf_insn i = {.dst_reg = dst->number, .imm = BPF_LOAD_ACQ};
	uint8_t size, base;

	if (!asm_expect(s, "(") || !unsigned_pointer(s, &size, &base, &i.off) ||
	    !asm_expect(s, ")"))
		return false;
	i.code = BPF_STX | BPF_ATOMIC | size;
	i.src_reg = base;
	return asm_add(s, i);
}
