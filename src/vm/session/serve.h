/* A session of this machine that can be inspected while it runs (protocol.h). */
#ifndef SKEP_VM_SESSION_SERVE_H
#define SKEP_VM_SESSION_SERVE_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/code.h"

/* Written by whoever runs the program, with relaxed atomic stores or by one thread alone. */
struct vm_served_counts {
	uint64_t n_runs, run_ns;
};

struct vm_served_program {
	const struct vm_code *code; /* NULL: left out */
	const char *name;
	const struct vm_served_counts *counts; /* NULL: nobody counts */
	const struct bpf_func_info *funcs;
	const struct bpf_line_info *lines;
	uint32_t n_funcs, n_lines;
};

/* All borrowed until vm_serve_end(). Programs' ids are their places, from 1; maps have one. */
struct vm_served {
	const struct vm_served_program *programs;
	struct vm_map *const *maps; /* NULL ones are left out */
	uint32_t n_programs, n_maps;
	const void *btf; /* raw, what funcs and lines speak of; NULL: none */
	uint32_t btf_b;
};

struct vm_server;

/* Answers in a thread of its own, with all signals blocked. NULL: it cannot be had, which does not
 * keep a session from running. */
struct vm_server *vm_serve_begin(const struct vm_served *what);
void vm_serve_end(struct vm_server *s); /* may be NULL */

#endif
