/* The words of listings, as the kernel spells them. */
#include "bpf/syntax.h"

#include "bpf/insn.h"

const char *const bpf_alu_words[16] = {
    [BPF_ADD >> 4] = "+=", [BPF_SUB >> 4] = "-=", [BPF_MUL >> 4] = "*=",  [BPF_DIV >> 4] = "/=",
    [BPF_OR >> 4] = "|=",  [BPF_AND >> 4] = "&=", [BPF_LSH >> 4] = "<<=", [BPF_RSH >> 4] = ">>=",
    [BPF_MOD >> 4] = "%=", [BPF_XOR >> 4] = "^=", [BPF_MOV >> 4] = "=",   [BPF_ARSH >> 4] = "s>>=",
};

const char *const bpf_jump_words[16] = {
    [BPF_JEQ >> 4] = "==",   [BPF_JGT >> 4] = ">",    [BPF_JLT >> 4] = "<",
    [BPF_JGE >> 4] = ">=",   [BPF_JLE >> 4] = "<=",   [BPF_JSET >> 4] = "&",
    [BPF_JNE >> 4] = "!=",   [BPF_JSGT >> 4] = "s>",  [BPF_JSLT >> 4] = "s<",
    [BPF_JSGE >> 4] = "s>=", [BPF_JSLE >> 4] = "s<=",
};

const char *const bpf_size_words[4] = {"u32", "u16", "u8", "u64"};
const char *const bpf_signed_words[4] = {"s32", "s16", "s8", "s64"};

const char *const bpf_atomic_words[16] = {
    [BPF_ADD >> 4] = "add", [BPF_OR >> 4] = "or", [BPF_AND >> 4] = "and", [BPF_XOR >> 4] = "xor"};
