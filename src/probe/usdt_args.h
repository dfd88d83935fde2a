/* The arguments of a USDT place: operands as the compiler printed them for the assembler. */
#ifndef SKEP_PROBE_USDT_ARGS_H
#define SKEP_PROBE_USDT_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum usdt_cpu { USDT_X86_64, USDT_ARM64 };
enum usdt_arg_kind { USDT_CONST, USDT_REG, USDT_MEM };

struct usdt_reg {
	const char *name; /* as reg() knows it; NULL: none */
	uint8_t size_b;   /* how much of it counts */
	uint8_t shift;    /* %ah is 8 bits further up */
};

/* CONST: value. REG: base. MEM: at base + (index << index_shift) + value, plus the symbol's
 * address, where there is one. */
struct usdt_arg {
	enum usdt_arg_kind kind;
	uint8_t size_b;
	bool is_signed;
	struct usdt_reg base, index;
	uint8_t index_shift;
	bool is_index_signed;
	int64_t value;
	const char *symbol;
};

uint32_t usdt_args_count(const char *text);
/* Operand number i. False with the reason in *ret_why: it is malformed, or none that can be read
 * (there is no operand i, a vector register, thread-local memory). Strings are static or in a. */
bool usdt_arg_parse(struct arena *a, enum usdt_cpu cpu, const char *text, uint32_t i,
                    struct usdt_arg *ret, const char **ret_why);
/* Operand number i as it is written, NULL if there is none. */
const char *usdt_arg_text(struct arena *a, const char *text, uint32_t i);

#endif
