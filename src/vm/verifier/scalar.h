/* What is known about a 64-bit number: which bits (tnum), and between what it lies, read as signed
 * and unsigned, whole and in its low half. A value in range of all five may occur; every function
 * here may answer with too much and must never answer with too little. */
#ifndef SKEP_VM_SCALAR_H
#define SKEP_VM_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

struct strbuf;

/* Tristate number: bits of `mask` are not known (and 0 in `value`), the others are as in `value`.
 */
struct tnum {
	uint64_t value, mask;
};
struct tnum tnum_const(uint64_t v);
struct tnum tnum_range(uint64_t min, uint64_t max); /* the least tnum that holds all of them */
struct tnum tnum_lshift(struct tnum a, uint8_t shift);
struct tnum tnum_rshift(struct tnum a, uint8_t shift);
struct tnum tnum_arshift(struct tnum a, uint8_t shift, uint8_t width_bits); /* 32 or 64 */
struct tnum tnum_add(struct tnum a, struct tnum b);
struct tnum tnum_sub(struct tnum a, struct tnum b);
struct tnum tnum_and(struct tnum a, struct tnum b);
struct tnum tnum_or(struct tnum a, struct tnum b);
struct tnum tnum_xor(struct tnum a, struct tnum b);
struct tnum tnum_mul(struct tnum a, struct tnum b);
struct tnum tnum_neg(struct tnum a);
struct tnum tnum_bswap(struct tnum a, uint8_t width_bits, bool to_big_or_swap);
struct tnum tnum_intersect(struct tnum a, struct tnum b); /* values in both */
struct tnum tnum_union(struct tnum a, struct tnum b);
struct tnum tnum_cast(struct tnum a, uint8_t size_b); /* low bytes, zero-extended */
bool tnum_is_const(struct tnum a);
bool tnum_is_aligned(struct tnum a, uint64_t size); /* a power of two; 0: yes */
bool tnum_in(struct tnum a, struct tnum b);         /* every value of b is one of a */
extern const struct tnum tnum_unknown;

struct scalar {
	struct tnum bits;
	int64_t smin, smax;
	uint64_t umin, umax;
	int32_t s32_min, s32_max; /* of the low half */
	uint32_t u32_min, u32_max;
};

extern const struct scalar scalar_unknown;
struct scalar scalar_const(uint64_t v);
struct scalar scalar_urange(uint64_t min, uint64_t max);
struct scalar scalar_srange(int64_t min, int64_t max);
bool scalar_is_const(const struct scalar *s);   /* then bits.value is it */
bool scalar_is_const32(const struct scalar *s); /* the low half is; (uint32_t)bits.value is it */
/* No value fits: a path that gets here cannot be taken. */
bool scalar_is_empty(const struct scalar *s);
/* Let each range learn from the others, until nothing changes. */
void scalar_sync(struct scalar *s);
bool scalar_equal(const struct scalar *a, const struct scalar *b);
/* Every value of `b` is one of `a`. */
bool scalar_holds(const struct scalar *a, const struct scalar *b);

/* dst = dst OP src, for BPF_ADD SUB MUL DIV MOD OR AND XOR LSH RSH ARSH NEG MOV (src is ignored by
 * NEG). `is_32`: low halves, result zero-extended. `is_signed`: off = 1 of DIV and MOD. Shift
 * amounts are masked and division by zero gives 0 (dst for MOD), as RFC 9669, section 4.1 has it.
 */
void scalar_alu(struct scalar *dst, uint8_t op, bool is_32, bool is_signed,
                const struct scalar *src);
void scalar_zext32(struct scalar *s); /* dst = (u32)dst */
void scalar_sext(struct scalar *s, uint8_t from_bits,
                 bool is_32);                           /* movsx and sign-extending loads;
                                                           is_32: then zero-extended */
void scalar_truncate(struct scalar *s, uint8_t size_b); /* after a load of 1, 2, 4 bytes */
/* BPF_END: `swaps` false leaves the bytes' order and cuts to width_bits. */
void scalar_bswap(struct scalar *s, uint8_t width_bits, bool swaps);

/* Would `if a OP b` (BPF_JEQ ... BPF_JSET, low halves if is_32) be taken: 1 always, 0 never, -1 it
 * depends. */
int scalar_branch(const struct scalar *a, uint8_t op, bool is_32, const struct scalar *b);
/* What both are known to be where it was (`taken`) or was not taken. May make them empty. */
void scalar_refine(struct scalar *a, struct scalar *b, uint8_t op, bool is_32, bool taken);

/* "7", or what is not obvious in the kernel log's notation,
 * "(smin=smin32=0,smax=umax=smax32=umax32=255,var_off=(0x0; 0xff))"; "()" if nothing is known. */
void scalar_print(const struct scalar *s, struct strbuf *out);

#endif
