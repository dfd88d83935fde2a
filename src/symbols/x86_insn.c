/* x86-64 instructions: where one ends (Intel SDM volume 2, appendix A: opcode maps). */
#include "symbols/x86_insn.h"

#include <string.h>

bool x86_is_legacy_prefix(uint8_t b)
{
	return b == 0x66 || b == 0x67 || b == 0xf0 || b == 0xf2 || b == 0xf3 || b == 0x2e ||
	       b == 0x36 || b == 0x3e || b == 0x26 || b == 0x64 || b == 0x65;
}

/* Bytes past the end read as 0; the length is checked at the end. */
static uint8_t peek(const struct x86_insn *c, size_t at)
{
	return at < c->n ? c->bytes[at] : 0;
}

static void read_vex(struct x86_insn *c)
{
	uint8_t lead = peek(c, c->at), p0 = peek(c, c->at + 1), p1 = peek(c, c->at + 2);

	c->is_vex = true;
	c->b_is_inverted = true;
	c->b_bit = 1 << 5;
	if (lead == 0xc5) {
		c->map = X86_MAP_0F;
		c->vvvv = ~p0 >> 3 & 15;
		c->b_bit = 0; /* B cannot be said: it is 0 */
		c->at += 2;
	} else {
		unsigned map = lead == 0xc4 ? p0 & 31 : p0 & 7;

		c->map = map == 1 ? X86_MAP_0F : map == 2 ? X86_MAP_0F38 : map == 3 ? X86_MAP_0F3A : X86_MAP_OTHER;
		c->vvvv = ~p1 >> 3 & 15;
		c->b_at = c->at + 1;
		c->has_b = true;
		c->rex = p1 & 0x80 ? X86_REX_W : 0;
		c->at += lead == 0xc4 ? 3 : 4;
	}
	c->opcode = peek(c, c->at++);
}

static void read_opcode(struct x86_insn *c)
{
	uint8_t b;

	while (x86_is_legacy_prefix(b = peek(c, c->at)) && c->at < c->n) {
		c->has_16bit |= b == 0x66;
		c->has_32bit_address |= b == 0x67;
		c->at++;
	}
	if ((b & 0xf0) == 0x40) {
		c->rex = b & 15;
		c->b_at = c->at++;
		c->has_b = true;
		c->b_bit = X86_REX_B;
		b = peek(c, c->at);
	}
	if (b == 0xc4 || b == 0xc5 || b == 0x62) {
		read_vex(c);
		return;
	}
	c->at++;
	c->opcode = b;
	if (b != 0x0f)
		return;
	c->map = X86_MAP_0F;
	c->opcode = peek(c, c->at++);
	if (c->opcode == 0x38 || c->opcode == 0x3a) {
		c->map = c->opcode == 0x38 ? X86_MAP_0F38 : X86_MAP_0F3A;
		c->opcode = peek(c, c->at++);
	}
}

static bool is_invalid(const struct x86_insn *c)
{
	static const uint8_t invalid[] = {0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f,
	                                  0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61, 0x82,
	                                  0x9a, 0xce, 0xd4, 0xd5, 0xd6, 0xea};

	return c->map == X86_MAP_OTHER ||
	       (c->map == X86_MAP_ONE && memchr(invalid, c->opcode, sizeof(invalid)));
}

static bool has_modrm(const struct x86_insn *c)
{
	uint8_t o = c->opcode;

	switch (c->map) {
	case X86_MAP_ONE:
		return (o < 0x40 && (o & 7) < 4) || o == 0x63 || o == 0x69 || o == 0x6b ||
		       o == 0x80 || o == 0x81 || o == 0x83 || (o >= 0x84 && o <= 0x8f) ||
		       o == 0xc0 || o == 0xc1 || o == 0xc6 || o == 0xc7 ||
		       (o >= 0xd0 && o <= 0xd3) || (o >= 0xd8 && o <= 0xdf) || o == 0xf6 ||
		       o == 0xf7 || o == 0xfe || o == 0xff;
	case X86_MAP_0F:
		if (c->is_vex)
			return o != 0x77;
		return !((o >= 0x05 && o <= 0x09) || o == 0x0b || o == 0x0e ||
		         (o >= 0x30 && o <= 0x37) || o == 0x77 || (o >= 0x80 && o <= 0x8f) ||
		         (o >= 0xa0 && o <= 0xa2) || (o >= 0xa8 && o <= 0xaa) || o >= 0xc8) ||
		       o >= 0xd0;
	default:
		return true;
	}
}

static size_t immediate_b(const struct x86_insn *c, uint8_t modrm)
{
	size_t z = c->has_16bit && !(c->rex & X86_REX_W) ? 2 : 4;
	uint8_t o = c->opcode;

	if (c->map == X86_MAP_0F38)
		return 0;
	if (c->map == X86_MAP_0F3A)
		return 1;
	if (c->map == X86_MAP_0F) {
		if (!c->is_vex && o >= 0x80 && o <= 0x8f)
			return 4;
		return (o >= 0x70 && o <= 0x73) || o == 0xc2 || (o >= 0xc4 && o <= 0xc6) ||
		       (!c->is_vex && (o == 0xa4 || o == 0xac || o == 0xba || o == 0x0f));
	}
	if (o < 0x40)
		return (o & 7) == 4 ? 1 : (o & 7) == 5 ? z : 0;
	if ((o >= 0x70 && o <= 0x7f) || (o >= 0xb0 && o <= 0xb7) || (o >= 0xe0 && o <= 0xe7))
		return 1;
	if (o >= 0xa0 && o <= 0xa3)
		return c->has_32bit_address ? 4 : 8;
	if (o >= 0xb8 && o <= 0xbf)
		return c->rex & X86_REX_W ? 8 : z;
	switch (o) {
	case 0x6a:
	case 0x6b:
	case 0x80:
	case 0x83:
	case 0xa8:
	case 0xc0:
	case 0xc1:
	case 0xc6:
	case 0xcd:
	case 0xeb:
		return 1;
	case 0x68:
	case 0x69:
	case 0x81:
	case 0xa9:
	case 0xc7:
		return z;
	case 0xe8:
	case 0xe9:
		return 4;
	case 0xc2:
	case 0xca:
		return 2;
	case 0xc8:
		return 3;
	case 0xf6:
		return (modrm >> 3 & 7) < 2;
	case 0xf7:
		return (modrm >> 3 & 7) < 2 ? z : 0;
	}
	return 0;
}

/* The bytes behind the ModRM byte that belong to the address. */
static size_t address_b(const struct x86_insn *c, uint8_t modrm)
{
	unsigned mod = modrm >> 6, rm = modrm & 7;
	size_t sib = mod != 3 && rm == 4;

	if (mod == 1)
		return sib + 1;
	if (mod == 2)
		return sib + 4;
	if (mod == 0 && (rm == 5 || (sib && (peek(c, c->at + 1) & 7) == 5)))
		return sib + 4;
	return sib;
}

bool x86_insn_read(const uint8_t *bytes, size_t n_b, struct x86_insn *ret)
{
	struct x86_insn c = {.bytes = bytes, .n = n_b < X86_INSN_MAX_B ? n_b : X86_INSN_MAX_B};

	read_opcode(&c);
	if (is_invalid(&c))
		return false;
	c.opcode_at = c.at - 1;
	c.modrm_at = c.at;
	c.has_modrm = has_modrm(&c);
	if (c.has_modrm) {
		c.modrm = peek(&c, c.at);
		c.at += 1 + address_b(&c, c.modrm);
	}
	c.at += immediate_b(&c, c.modrm);
	if (c.at > c.n)
		return false;
	*ret = c;
	return true;
}

int insn_starts_at(const uint8_t *code, size_t n_b, size_t off_b)
{
#ifdef __x86_64__
	size_t at = 0;

	while (at < off_b) {
		struct x86_insn insn;

		/* A breakpoint stands for another instruction's first byte. */
		if (at >= n_b || code[at] == 0xcc || !x86_insn_read(code + at, n_b - at, &insn))
			return -1;
		at += insn.at;
	}
	return at == off_b;
#else
	(void)code;
	(void)n_b;
	return off_b % 4 == 0;
#endif
}
