/* What a program is run on, made from bytes: the memory itself, or a packet and the context struct
 * around it, as BPF_PROG_TEST_RUN makes them (net/bpf/test_run.c). */
#ifndef SKEP_VM_INPUT_H
#define SKEP_VM_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/program.h"

struct strbuf;
struct vm_run;

struct vm_input {
	const struct vm_program *p;
	unsigned char *memory; /* as given; borrowed */
	uint32_t memory_b;
	unsigned char *context; /* NULL: the memory is the context */
	uint32_t context_b;
	unsigned char *buffer; /* room around the packet */
	uint32_t buffer_b, packet_at_b;
	/* Looked up once: every run sets the packet's pointers. */
	uint32_t data_off_b, end_off_b, meta_off_b;
	bool is_skb, is_xdp;
	uint32_t header_b; /* link-layer header that the kind's packets begin behind */
	uint64_t r2;
};

/* Does a kind's packet begin with its link-layer header? */
bool vm_packet_has_header(uint32_t type);

/* The memory is borrowed; programs change it. Returns 0, or -errno with a line in `why`. */
int vm_input_make(const struct vm_program *p, void *memory, size_t memory_b, struct vm_input *ret,
                  struct strbuf *why);
/* Sets up `run` for one run on it: context and packet pointers are as at first, the bytes are as
 * the last run left them. */
void vm_input_arm(struct vm_input *in, struct vm_run *run);
/* What there is after a run: the memory, or the packet between its present ends. */
const void *vm_input_result(const struct vm_input *in, size_t *ret_b);
void vm_input_free(struct vm_input *in);

#endif
