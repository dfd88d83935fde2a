/* Is this an instruction at all? Opcodes, registers, reserved fields, jump targets: what can be
 * said of a program without running it (RFC 9669; Linux where it is silent). */
#ifndef SKEP_BPF_CHECK_H
#define SKEP_BPF_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/bpf.h>

struct strbuf;

/* Whether code[pc] is well-formed: a known opcode, registers r0 to r10 (r10 not written), every
 * field that the form does not use zero, lddw whole. Writes of r10 through ldimm too. Returns slots
 * used (1 or 2) or 0 with one line in `why` ("BPF_MOV uses reserved fields"). Reads nothing beyond
 * code[n-1]. */
uint32_t bpf_check_insn(const struct bpf_insn *code, uint32_t n, uint32_t pc, struct strbuf *why);

/* The whole program: every instruction, every jump and call within bounds and not into the middle
 * of an lddw, functions end in exit or a jump and no jump leaves its function. Returns true, or
 * false with the slot and one line in `why`. */
bool bpf_check_program(const struct bpf_insn *code, uint32_t n, uint32_t *ret_pc,
                       struct strbuf *why);

#endif
