/* arm64 instructions under a breakpoint (Arm ARM, C4: A64 instruction set encoding).
 *
 * All are four bytes. Those that name a place relative to themselves are emulated, all others run
 * as a copy. Not tested on a machine yet. */
#include "engine/user/step.h"

#ifdef __aarch64__

#include <errno.h>
#include <string.h>

#include "engine/user/inside.h"

static int64_t sign_extend(uint64_t value, unsigned bits)
{
	return (int64_t)(value << (64 - bits)) >> (64 - bits);
}

static uint32_t word_of(const struct step *s)
{
	uint32_t w;

	memcpy(&w, s->code, sizeof(w));
	return w;
}

int step_plan(const uint8_t *bytes, size_t n_b, struct step *ret)
{
	struct step s = {.insn_b = 4, .is_plain = true, .base = -1};
	uint32_t w;

	if (n_b < 4)
		return -EILSEQ;
	memcpy(s.code, bytes, 4);
	w = word_of(&s);
	if (!(w & 0xffff0000)) /* udf */
		return -EILSEQ;
	/* svc, hvc, smc, brk, hlt; loads of literals; exclusive loads and stores, whose monitor
	 * the stop clears */
	if ((w & 0xff000000) == 0xd4000000 || (w & 0x3b000000) == 0x18000000 ||
	    (w & 0x3f000000) == 0x08000000)
		return -EOPNOTSUPP;
	s.calls = (w & 0xfffffc1f) == 0xd63f0000; /* blr */
	*ret = s;
	return 0;
}

/* Condition `c` of b.cond by N, Z, C, V: bits 31 to 28. */
static bool holds(uint64_t pstate, unsigned c)
{
	bool n = pstate >> 31 & 1, z = pstate >> 30 & 1, carry = pstate >> 29 & 1,
	     v = pstate >> 28 & 1, is;

	switch (c >> 1) {
	case 0:
		is = z;
		break;
	case 1:
		is = carry;
		break;
	case 2:
		is = n;
		break;
	case 3:
		is = v;
		break;
	case 4:
		is = carry && !z;
		break;
	case 5:
		is = n == v;
		break;
	case 6:
		is = n == v && !z;
		break;
	default:
		return true;
	}
	return is != (c & 1);
}

bool step_emulate(const struct step *s, pid_t tid, struct arch_regs *a, uint64_t address)
{
	struct user_pt_regs *r = &a->r;
	uint32_t w = word_of(s);
	unsigned rd = w & 31;
	uint64_t value = rd == 31 ? 0 : r->regs[rd], next = address + 4;

	(void)tid;
	if ((w & 0x7c000000) == 0x14000000) { /* b, bl */
		if (w >> 31)
			r->regs[30] = next;
		next = address + (uint64_t)(sign_extend(w & 0x3ffffff, 26) * 4);
	} else if ((w & 0xff000010) == 0x54000000) { /* b.cond */
		if (holds(r->pstate, w & 15))
			next = address + (uint64_t)(sign_extend(w >> 5 & 0x7ffff, 19) * 4);
	} else if ((w & 0x7e000000) == 0x34000000) { /* cbz, cbnz */
		if (!(w >> 31))
			value = (uint32_t)value;
		if ((value == 0) != (w >> 24 & 1))
			next = address + (uint64_t)(sign_extend(w >> 5 & 0x7ffff, 19) * 4);
	} else if ((w & 0x7e000000) == 0x36000000) { /* tbz, tbnz */
		if ((value >> ((w >> 19 & 31) | (w >> 26 & 32)) & 1) == (w >> 24 & 1))
			next = address + (uint64_t)(sign_extend(w >> 5 & 0x3fff, 14) * 4);
	} else if ((w & 0x1f000000) == 0x10000000) { /* adr, adrp */
		int64_t off = sign_extend((w >> 3 & 0x1ffffc) | (w >> 29 & 3), 21);

		if (rd != 31)
			r->regs[rd] = w >> 31 ? (address & ~0xfffull) + (uint64_t)(off * 4096)
			                      : address + (uint64_t)off;
	} else if (w != 0xd503201f && (w & 0xffffff3f) != 0xd503241f) { /* nop, bti */
		return false;
	}
	r->pc = next;
	return true;
}

void step_begin(const struct step *s, struct arch_regs *r, uint64_t address, uint64_t slot,
                uint64_t *saved)
{
	(void)s, (void)address, (void)saved;
	r->r.pc = slot;
}

void step_end(const struct step *s, pid_t tid, struct arch_regs *r, uint64_t address, uint64_t slot,
              uint64_t saved, bool is_done)
{
	(void)tid, (void)saved;
	if (!is_done) {
		r->r.pc = address;
		return;
	}
	if (r->r.pc == slot + 4)
		r->r.pc = address + 4;
	if (s->calls)
		r->r.regs[30] = address + 4;
}

#endif
