/* What stands in statements: registers, numbers, types. Each function reads what its name says from
 * s->at on, and reports if there is something else. */
#include "bpf/asm_operand.h"

#include <stdio.h>
#include <string.h>

#include "bpf/syntax.h"

/* ---- tokens ---------------------------------------------------------------------------------- */

bool asm_unexpected(struct assembler *s, const char *wanted)
{
	const struct asm_token *t = asm_next(s);

	if (t->kind == ASM_END)
		diag_error(s->d, E_ASSEMBLY, t->at, "expected %s at the end of the line", wanted);
	else
		diag_error(s->d, E_ASSEMBLY, t->at, "expected %s, not '%s'", wanted, t->text);
	return false;
}

bool asm_is_at(const struct assembler *s, uint32_t ahead, const char *text)
{
	const struct asm_token *t;

	if (s->at + ahead >= s->tokens.list.n)
		return false;
	t = &s->tokens.list.items[s->at + ahead];
	return t->kind != ASM_END && !strcmp(t->text, text);
}

bool asm_accept(struct assembler *s, const char *text)
{
	if (!asm_is_at(s, 0, text))
		return false;
	s->at++;
	return true;
}

bool asm_expect(struct assembler *s, const char *text)
{
	char wanted[32];

	if (asm_accept(s, text))
		return true;
	snprintf(wanted, sizeof(wanted), "'%s'", text);
	return asm_unexpected(s, wanted);
}

bool asm_expect_all(struct assembler *s, const char *const *texts)
{
	for (; *texts; texts++)
		if (!asm_expect(s, *texts))
			return false;
	return true;
}

struct span asm_from(const struct assembler *s, struct span begin)
{
	begin.end = s->tokens.list.items[s->at - 1].at.end;
	return begin;
}

/* ---- registers and numbers ------------------------------------------------------------------- */

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

bool asm_is_reg(const struct assembler *s, uint32_t ahead)
{
	const struct asm_token *t;

	if (s->at + ahead >= s->tokens.list.n)
		return false;
	t = &s->tokens.list.items[s->at + ahead];
	return t->kind == ASM_WORD && asm_register_number(t->text) >= 0;
}

bool asm_reg(struct assembler *s, struct asm_reg *ret)
{
	const struct asm_token *t = asm_next(s);
	int number;

	if (!asm_is_reg(s, 0))
		return asm_unexpected(s, "a register");
	number = asm_register_number(t->text);
	if (number >= BPF_N_REGS) {
		diag_error(s->d, E_ASSEMBLY, t->at, "there is no register %s", t->text);
		diag_hint(s->d, "registers are r0 to r10, w0 to w10 their lower halves");
		return false;
	}
	*ret = (struct asm_reg){(uint8_t)number, t->text[0] == 'w', t->at};
	s->at++;
	return true;
}

bool asm_same_reg(struct assembler *s, const struct asm_reg *other)
{
	struct asm_reg r;

	if (!asm_reg(s, &r))
		return false;
	if (r.number == other->number && r.is_32 == other->is_32)
		return true;
	diag_error(s->d, E_ASSEMBLY, r.at, "only %c%u can stand here, as before the '='",
	           other->is_32 ? 'w' : 'r', other->number);
	return false;
}

bool asm_base_reg(struct assembler *s, uint8_t *ret)
{
	struct asm_reg r;

	if (!asm_reg(s, &r))
		return false;
	if (r.is_32) {
		diag_error(s->d, E_ASSEMBLY, r.at, "half a register is no address");
		diag_hint(s->d, "write r%u", r.number);
		return false;
	}
	*ret = r.number;
	return true;
}

bool asm_is_number(const struct assembler *s)
{
	uint32_t sign = asm_is_at(s, 0, "+") || asm_is_at(s, 0, "-");

	return s->at + sign < s->tokens.list.n &&
	       s->tokens.list.items[s->at + sign].kind == ASM_NUMBER;
}

bool asm_number(struct assembler *s, struct asm_number *ret)
{
	struct span begin = asm_next(s)->at;

	if (!asm_is_number(s))
		return asm_unexpected(s, "a number");
	ret->is_negative = asm_accept(s, "-");
	if (!ret->is_negative)
		asm_accept(s, "+");
	ret->magnitude = asm_next(s)->number;
	ret->is_hex = asm_next(s)->is_hex;
	s->at++;
	ret->at = asm_from(s, begin);
	return true;
}

bool asm_fits(const struct asm_number *n, int64_t min, int64_t max)
{
	if (n->is_negative)
		return n->magnitude <= 0 - (uint64_t)min;
	return n->magnitude <= (uint64_t)max;
}

int64_t asm_value(const struct asm_number *n)
{
	return (int64_t)(n->is_negative ? -n->magnitude : n->magnitude);
}

bool asm_too_large(struct assembler *s, const struct asm_number *n, const char *place)
{
	diag_error(s->d, E_ASSEMBLY, n->at,
	           n->is_hex ? "%s0x%llx does not fit %s" : "%s%llu does not fit %s",
	           n->is_negative ? "-" : "", (unsigned long long)n->magnitude, place);
	return false;
}

bool asm_imm32_of(struct assembler *s, const struct asm_number *n, enum asm_imm kind, int32_t *ret)
{
	bool is_wide = kind == IMM_ANY || (kind == IMM_JUMP && n->is_hex);

	if (!asm_fits(n, INT32_MIN, is_wide ? (int64_t)UINT32_MAX : INT32_MAX)) {
		asm_too_large(s, n, is_wide ? "32 bits" : "an immediate of 32 signed bits");
		if (asm_fits(n, INT32_MIN, UINT32_MAX))
			diag_hint(s->d, "immediates are sign-extended to 64 bits: this would be %d",
			          (int32_t)asm_value(n));
		else
			diag_hint(s->d, "bring it into a register first: r0 = %s0x%llx ll",
			          n->is_negative ? "-" : "", (unsigned long long)n->magnitude);
		return false;
	}
	*ret = (int32_t)asm_value(n);
	return true;
}

bool asm_imm32(struct assembler *s, enum asm_imm kind, int32_t *ret)
{
	struct asm_number n;

	return asm_number(s, &n) && asm_imm32_of(s, &n, kind, ret);
}

bool asm_off16(struct assembler *s, int16_t *ret)
{
	struct asm_number n;

	if (!asm_number(s, &n))
		return false;
	if (!asm_fits(&n, INT16_MIN, INT16_MAX)) {
		asm_too_large(s, &n, "an offset of 16 bits (-32768 to 32767)");
		return false;
	}
	*ret = (int16_t)asm_value(&n);
	return true;
}

/* ---- words and instructions ----------------------------------------------------------------- */

int asm_find_word(const char *const *words, unsigned n, const struct asm_token *t)
{
	for (unsigned k = 0; k < n; k++)
		if (words[k] && t->kind != ASM_END && !strcmp(words[k], t->text))
			return (int)k;
	return -1;
}

bool asm_type(struct assembler *s, uint8_t *ret_size, bool *ret_is_signed)
{
	int size = asm_find_word(bpf_size_words, 4, asm_next(s));

	*ret_is_signed = size < 0;
	if (size < 0)
		size = asm_find_word(bpf_signed_words, 4, asm_next(s));
	if (size < 0)
		return asm_unexpected(s, "a type (u8, u16, u32, u64, s8, s16, s32)");
	s->at++;
	*ret_size = (uint8_t)(size << 3);
	return true;
}

bool asm_add(struct assembler *s, struct bpf_insn i)
{
	vec_push(s->a, &s->insns, i);
	vec_push(s->a, &s->lines, s->line);
	return true;
}
