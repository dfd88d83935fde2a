/* The parts of the assembler's statements. Functions that return bool read what they are named for
 * from s->at on; if something else is there they have reported it and return false. */
#ifndef SKEP_BPF_ASM_OPERAND_H
#define SKEP_BPF_ASM_OPERAND_H

#include "bpf/asm_statement.h"

struct asm_reg {
	uint8_t number;
	bool is_32;
	struct span at;
};

struct asm_number {
	uint64_t magnitude;
	bool is_negative, is_hex;
	struct span at;
};

/* What a 32-bit field makes of a number. */
enum asm_imm {
	IMM_SIGNED, /* extended to 64 bits: what is written has to survive that */
	IMM_ANY,    /* 32 bits, of either sign */
	IMM_JUMP,   /* extended, but listings show the 32 bits in hex */
};

/* ---- tokens ---------------------------------------------------------------------------------- */

/* "expected WANTED, not ..."; false. */
bool asm_unexpected(struct assembler *s, const char *wanted);
bool asm_is_at(const struct assembler *s, uint32_t ahead, const char *text);
bool asm_accept(struct assembler *s, const char *text); /* is at it, and goes behind it */
bool asm_expect(struct assembler *s, const char *text);
bool asm_expect_all(struct assembler *s, const char *const *texts); /* up to NULL */
/* Which of the n words the token is, -1: none. */
int asm_find_word(const char *const *words, unsigned n, const struct asm_token *t);
/* From `begin` to the last token read. */
struct span asm_from(const struct assembler *s, struct span begin);

/* ---- operands -------------------------------------------------------------------------------- */

bool asm_is_reg(const struct assembler *s, uint32_t ahead);
bool asm_reg(struct assembler *s, struct asm_reg *ret);
/* One that has to be `other` again ("r1 = -r1"). */
bool asm_same_reg(struct assembler *s, const struct asm_reg *other);
/* An address: all of the register. */
bool asm_base_reg(struct assembler *s, uint8_t *ret);

/* number := ['+' | '-'] digits */
bool asm_is_number(const struct assembler *s);
bool asm_number(struct assembler *s, struct asm_number *ret);
bool asm_fits(const struct asm_number *n, int64_t min, int64_t max);
int64_t asm_value(const struct asm_number *n);
/* "... does not fit PLACE"; false. */
bool asm_too_large(struct assembler *s, const struct asm_number *n, const char *place);
bool asm_imm32_of(struct assembler *s, const struct asm_number *n, enum asm_imm kind, int32_t *ret);
bool asm_imm32(struct assembler *s, enum asm_imm kind, int32_t *ret);
bool asm_off16(struct assembler *s, int16_t *ret);

/* type := 'u8' | ... | 's32'. Gives BPF_SIZE. */
bool asm_type(struct assembler *s, uint8_t *ret_size, bool *ret_is_signed);

/* Adds the instruction; true. */
bool asm_add(struct assembler *s, struct bpf_insn i);

/* ---- asm_memory.c ---------------------------------------------------------------------------- */

/* '*' was read ... */
bool asm_store(struct assembler *s);
bool asm_load(struct assembler *s, const struct asm_reg *dst); /* ... behind "dst =" */
/* The word was read. */
bool asm_lock(struct assembler *s);
bool asm_store_release(struct assembler *s);
bool asm_load_acquire(struct assembler *s, const struct asm_reg *dst);

/* Atomic operations that give the old value, by their word: NULL if it is none. */
struct asm_exchange;
const struct asm_exchange *asm_exchange_find(const char *word);
void asm_exchange_nearest(struct diag_guess *guess);
bool asm_exchange(struct assembler *s, const struct asm_exchange *x, const struct asm_reg *dst);

#endif
