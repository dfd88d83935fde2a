/* Arguments of probed functions: their types from debug information, and where each is when the
 * program stands at the probe. */
#ifndef SKEP_PROBE_UPROBE_ARGS_H
#define SKEP_PROBE_UPROBE_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "probe/probe.h"

enum arg_cpu { ARG_X86_64, ARG_ARM64 };

/* Some bytes of the value: the low ones of a register, or of a number. */
struct arg_part {
	const char *reg; /* as reg() names it; NULL: out of reach, `why` of the whole says why */
	bool is_constant;
	int64_t number;
	uint8_t off_b, size_b;
};
enum { ARG_MOST_PARTS = 4 };

struct arg_place {
	enum {
		ARG_NOWHERE, /* why */
		ARG_REGS,    /* parts */
		ARG_SUM,     /* the value is what `base` holds + `number`; base NULL: the number */
		ARG_MEMORY,  /* at the address that is such a sum */
	} kind;
	/* ARG_MEMORY: what stands there is the address of the value. */
	bool is_address;
	const char *base;
	int64_t number;
	struct arg_part parts[ARG_MOST_PARTS];
	uint32_t n_parts;
	const char *why; /* "it is a floating-point number" */
};

/* Arguments in order as the calling convention has them at a function's first instruction (System V
 * psABI for x86-64, section 3.2.3; AAPCS64, section 6.8.2). */
struct arg_abi {
	enum arg_cpu cpu;
	bool is_rust;
	uint32_t n_regs, n_vectors;
	uint64_t stack_b;
};
void arg_abi_begin(struct arg_abi *abi, enum arg_cpu cpu, bool is_rust, const struct type *result);
void arg_abi_next(struct arg_abi *abi, const struct type *t, struct arg_place *ret);

/* The struct of a target's parameters; NULL: they are not known. */
const struct type *uprobe_args_type(struct probe_context *cx, const struct probe_target *t);
/* What its function returns; NULL: not known. */
const struct type *uprobe_result_type(struct probe_context *cx, const struct probe_target *t);
/* Where the parameter that is field `index` of that struct is; false: there is none. */
bool uprobe_args_place(struct probe_context *cx, const struct probe_target *t, uint32_t index,
                       struct arg_place *ret);
#endif
