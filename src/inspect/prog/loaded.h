/* A program as the kernel has it: its instructions after the kernel rewrote them, its machine code,
 * and what its BTF tells of functions and source lines. */
#ifndef SKEP_INSPECT_PROG_LOADED_H
#define SKEP_INSPECT_PROG_LOADED_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct btf;
struct strbuf;

struct loaded {
	struct bpf_prog_info info;
	const char *name;
	char tag[2 * BPF_TAG_SIZE + 1];
	struct btf *btf; /* NULL: none */
	const struct bpf_insn *insns;
	uint32_t n_insns; /* 0: the kernel keeps them to itself */
	/* By address in the program, the first of a function first. */
	const struct bpf_func_info *funcs;
	uint32_t n_funcs;
	const struct bpf_line_info *lines;
	uint32_t n_lines;
	/* Machine code of all functions, one behind the other. */
	const uint8_t *code;
	uint32_t code_b;             /* 0: not compiled, or kept secret */
	const uint32_t *code_lens_b; /* of each function */
	uint32_t n_code_lens;
	const uint64_t *addresses; /* where each lies */
	uint32_t n_addresses;
	const uint64_t *line_addresses; /* of each source line's first instruction */
	uint32_t n_line_addresses;
};

/* All lives in `a` but the BTF. 0 or -errno. loaded_close() in any case. */
int loaded_open(struct arena *a, int fd, struct loaded *ret);
void loaded_close(struct loaded *l);

/* The C prototype of function number `i`: "int f(struct xdp_md * ctx)"; false: BTF tells none. */
bool loaded_prototype(const struct loaded *l, uint32_t i, struct strbuf *out);
/* Its name; NULL: BTF tells none. */
const char *loaded_function_name(const struct loaded *l, uint32_t i);
/* The function that begins at instruction `pc`; -1: none does. */
int loaded_function_at(const struct loaded *l, uint32_t pc);
/* The line info of the instruction at `pc`, if a line begins there; NULL: none does. */
const struct bpf_line_info *loaded_line_at(const struct loaded *l, uint32_t pc);
/* Its text without leading blanks, and its file; "" where BTF has none. */
const char *loaded_line_text(const struct loaded *l, const struct bpf_line_info *line);
const char *loaded_line_file(const struct loaded *l, const struct bpf_line_info *line);
/* Where a call of a function of the program leads; it may be out of the program. */
int64_t loaded_call_target(const struct loaded *l, uint32_t pc);

#endif
