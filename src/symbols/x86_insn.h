/* x86-64 instructions, as far as those need who put breakpoints on them. */
#ifndef SKEP_SYMBOLS_X86_INSN_H
#define SKEP_SYMBOLS_X86_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { X86_INSN_MAX_B = 15 };
enum { X86_REX_B = 1, X86_REX_X = 2, X86_REX_R = 4, X86_REX_W = 8 };
enum { X86_MAP_ONE, X86_MAP_0F, X86_MAP_0F38, X86_MAP_0F3A, X86_MAP_OTHER };

struct x86_insn {
	const uint8_t *bytes;
	size_t n, at; /* bytes known; the instruction's length */
	size_t opcode_at, modrm_at;
	bool has_modrm;
	uint8_t modrm;
	bool has_16bit, has_32bit_address, is_vex;
	uint8_t rex, vvvv;
	unsigned map;
	uint8_t opcode;
	size_t b_at; /* the byte that holds B, for bases above 7 */
	uint8_t b_bit;
	bool has_b, b_is_inverted;
};

/* The instruction at `bytes`. False if it is none that we know, or longer than n_b; `ret` borrows
 * the bytes. */
bool x86_insn_read(const uint8_t *bytes, size_t n_b, struct x86_insn *ret);
bool x86_is_legacy_prefix(uint8_t byte);

/* Does an instruction of the function whose code begins at `code` start off_b bytes into it? 1 or 0,
 * or -1 where something on the way cannot be read. */
int insn_starts_at(const uint8_t *code, size_t n_b, size_t off_b);

#endif
