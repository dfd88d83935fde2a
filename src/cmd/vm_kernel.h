/* A program run by this machine's kernel, through bpf(2)'s BPF_PROG_TEST_RUN: the peer that the
 * machine is compared with. */
#ifndef SKEP_CMD_VM_KERNEL_H
#define SKEP_CMD_VM_KERNEL_H

#include <stdint.h>
#include <stddef.h>

#include "vm/program.h"

struct arena;
struct strbuf;

struct vm_kernel_prog;

/* Makes p's maps and loads it. BPF_PROG_TYPE_UNSPEC becomes a SYSCALL program whose context is the
 * memory, with `r2 = memory_b` put in front. `all` are the programs that program arrays name.
 * Returns 0 or -errno with the reason (the verifier's log) in `why`. */
int vm_kernel_load(struct arena *a, const struct vm_program *all, uint32_t n_all,
                   const struct vm_program *p, struct vm_kernel_prog **ret, struct strbuf *why);
/* One run, or `repeat` of them: r0's low half, and in *ret_ns (may be NULL) the time of one. The
 * memory is changed as the program changes it; a packet that ends larger than it was is cut. */
int vm_kernel_test(struct vm_kernel_prog *k, void *memory, uint32_t *memory_b, uint64_t repeat,
                   uint32_t *ret_r0, double *ret_ns, struct strbuf *why);
/* Value of a map's key, as BPF_MAP_LOOKUP_ELEM gives it. */
int vm_kernel_read_map(struct vm_kernel_prog *k, uint32_t map, const void *key, void *ret);
void vm_kernel_close(struct vm_kernel_prog *k);

#endif
