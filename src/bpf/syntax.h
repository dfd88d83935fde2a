/* The words of listings that the disassembler writes and the assembler reads. */
#ifndef SKEP_BPF_SYNTAX_H
#define SKEP_BPF_SYNTAX_H

/* NULL where the number is no operation of that kind. */
extern const char *const bpf_alu_words[16];    /* by BPF_OP >> 4: "+=" */
extern const char *const bpf_jump_words[16];   /* by BPF_OP >> 4: "s>=" */
extern const char *const bpf_atomic_words[16]; /* by operation >> 4: "add" */
extern const char *const bpf_size_words[4];    /* by BPF_SIZE >> 3: "u32" */
extern const char *const bpf_signed_words[4];  /* likewise: "s32" */

#endif
