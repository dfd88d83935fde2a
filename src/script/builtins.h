/* The tables of builtins and functions, as C. */
#ifndef SKEP_SCRIPT_BUILTINS_H
#define SKEP_SCRIPT_BUILTINS_H

#include <stdbool.h>
#include <stdint.h>

#include "probe/probe.h"

enum builtin_id {
#define BUILTIN(id, where, doc) B_##id,
#include "script/builtins.def"
#undef BUILTIN
	B_N
};

enum function_id {
#define FUNCTION(id, fewest, most, kind, where, doc) F_##id,
#include "script/functions.def"
#undef FUNCTION
	F_N
};

/* Where something may stand: bits of probe kinds (spec 3.4). */
#define W(kind) (1u << PROBE_##kind)
enum {
	W_ALL = ~0u,
	W_ARGS = W(TRACEPOINT) | W(RAWTRACEPOINT) | W(FENTRY) | W(FEXIT) | W(UPROBE),
	W_ARGN = W(KPROBE) | W(UPROBE) | W(USDT) | W(RAWTRACEPOINT) | W(FENTRY) | W(FEXIT),
	W_SARGN = W(KPROBE) | W(UPROBE),
	W_RETVAL = W(KRETPROBE) | W(URETPROBE) | W(FEXIT),
	W_FUNC = W(KPROBE) | W(KRETPROBE) | W(UPROBE) | W(URETPROBE) | W(FENTRY) | W(FEXIT),
	W_REGS = W(KPROBE) | W(KRETPROBE) | W(UPROBE) | W(URETPROBE) | W(USDT) | W(PROFILE) |
	         W(INTERVAL) | W(SOFTWARE) | W(HARDWARE) | W(WATCHPOINT),
	W_CTX = W_REGS | W(ITER),
	W_SKB = W(FENTRY) | W(FEXIT) | W(ITER) | W(RAWTRACEPOINT),
	W_PATH = W(FENTRY) | W(FEXIT) | W(ITER),
	W_OVERRIDE = W(KPROBE),
	W_UADDR = W(UPROBE) | W(URETPROBE) | W(USDT),
	W_SIGNAL = W(KPROBE) | W(KRETPROBE) | W(UPROBE) | W(URETPROBE) | W(USDT) | W(TRACEPOINT) |
	           W(RAWTRACEPOINT) | W(PROFILE) | W(FENTRY) | W(FEXIT),
};

enum { KIND_S = 1, KIND_A = 2, KIND_C = 4, KIND_G = 8, KIND_U = 16, KIND_SU = 17, KIND_AU = 18 };

struct builtin {
	enum builtin_id id;
	const char *name;
	uint32_t where;
	const char *doc;
};

struct function {
	enum function_id id;
	const char *name;
	uint32_t fewest_args, most_args;
	uint32_t kind; /* KIND_* */
	uint32_t where;
	const char *doc;
};

/* NULL if there is none. "arg3" and "sarg3" find the rows `arg`, `sarg` and set *ret_number. */
const struct builtin *builtin_find(const char *name, uint64_t *ret_number);
const struct function *function_find(const char *name);
const struct builtin *builtin_row(uint32_t i);   /* NULL behind the last */
const struct function *function_row(uint32_t i); /* NULL behind the last */

#endif
