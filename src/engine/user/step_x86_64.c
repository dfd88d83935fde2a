/* x86-64 instructions under a breakpoint (Intel SDM volume 2, appendix A: opcode maps).
 *
 * Everything that names a place relative to itself must not run elsewhere as it is: relative jumps
 * and calls are emulated; memory operands relative to the instruction pointer get a base register
 * instead, that holds what the pointer would be; an indirect call's return address is put right
 * after the step. */
#include "engine/user/step.h"

#ifdef __x86_64__

#include <errno.h>
#include <string.h>

#include "engine/user/inside.h"
#include "symbols/x86_insn.h"

enum { CF = 1 << 0, PF = 1 << 2, AF = 1 << 4, ZF = 1 << 6, SF = 1 << 7, TF = 1 << 8, OF = 1 << 11 };
enum { RCX = 1, RBX = 3, RSP = 4, RSI = 6, RDI = 7 };

static uint64_t *reg_at(struct arch_regs *a, unsigned n)
{
	struct user_regs_struct *r = &a->r;
	uint64_t *const regs[16] = {
	    (uint64_t *)&r->rax, (uint64_t *)&r->rcx, (uint64_t *)&r->rdx, (uint64_t *)&r->rbx,
	    (uint64_t *)&r->rsp, (uint64_t *)&r->rbp, (uint64_t *)&r->rsi, (uint64_t *)&r->rdi,
	    (uint64_t *)&r->r8,  (uint64_t *)&r->r9,  (uint64_t *)&r->r10, (uint64_t *)&r->r11,
	    (uint64_t *)&r->r12, (uint64_t *)&r->r13, (uint64_t *)&r->r14, (uint64_t *)&r->r15};

	return regs[n & 15];
}

/* ---- decoding ------------------------------------------------------------------------------- */

/* What is refused: breakpoints, system calls and what the copy's place would be seen by. */
static bool is_refused(const struct x86_insn *c)
{
	uint8_t o = c->opcode, modrm = c->modrm;
	unsigned op = modrm >> 3 & 7;

	if (c->is_vex)
		return false;
	if (c->map == X86_MAP_0F)
		return o == 0x05 || o == 0x07 || o == 0x34 || o == 0x35 || o == 0x0b;
	if (c->map != X86_MAP_ONE)
		return false;
	return o == 0xcc || o == 0xcd || o == 0xcf || o == 0xf1 || o == 0xf4 || o == 0xca ||
	       o == 0xcb || (o == 0xff && (op == 3 || op == 5 || op == 7)) ||
	       /* xbegin: its fallback address is relative */
	       (o == 0xc7 && modrm == 0xf8) ||
	       /* 16-bit relative branches: nobody makes them, processors disagree on them */
	       (c->has_16bit && (o == 0xe8 || o == 0xe9));
}

/* mod 0, rm 5: give it a base that the instruction does not use. The ones it could use unseen are
 * rax, rcx, rdx (and rbx in cmpxchg16b). */
static void give_base(const struct x86_insn *c, struct step *s, size_t modrm_at)
{
	uint8_t modrm = s->code[modrm_at];
	unsigned reg = modrm >> 3 & 7;

	if (reg != RSI && c->vvvv != RSI)
		s->base = RSI;
	else if (reg != RDI && c->vvvv != RDI)
		s->base = RDI;
	else
		s->base = RBX;
	s->code[modrm_at] = (uint8_t)((modrm & 0x38) | 0x80 | s->base);
	if (c->has_b && c->b_is_inverted)
		s->code[c->b_at] |= c->b_bit;
	else if (c->has_b)
		s->code[c->b_at] &= (uint8_t)~c->b_bit;
}

int step_plan(const uint8_t *bytes, size_t n_b, struct step *ret)
{
	struct x86_insn c;
	struct step s = {.base = -1};

	if (n_b > STEP_SLOT_B)
		n_b = STEP_SLOT_B;
	if (!x86_insn_read(bytes, n_b, &c))
		return -EILSEQ;
	if (is_refused(&c))
		return -EOPNOTSUPP;
	memcpy(s.code, bytes, n_b);
	s.is_plain = !x86_is_legacy_prefix(bytes[0]);
	s.is_other = c.is_vex || c.map > X86_MAP_0F;
	s.is_two_byte = !s.is_other && c.map == X86_MAP_0F;
	s.prefix = c.rex;
	s.at = (uint8_t)c.opcode_at;
	s.insn_b = (uint8_t)c.at;
	memset(s.code + c.at, 0x90, sizeof(s.code) - c.at);
	if (c.map == X86_MAP_ONE && !c.is_vex) {
		s.calls = c.opcode == 0xff && (c.modrm >> 3 & 7) == 2;
		s.pushes_flags = c.opcode == 0x9c;
	}
	if (c.has_modrm && (c.modrm & 0xc7) == 5)
		give_base(&c, &s, c.modrm_at);
	/* Relative branches cannot run elsewhere, so they must be of a form that is emulated. */
	if (c.map == X86_MAP_ONE && !c.is_vex && c.has_32bit_address && c.opcode >= 0xe0 &&
	    c.opcode <= 0xe3)
		return -EOPNOTSUPP;
	*ret = s;
	return 0;
}

/* ---- emulation ------------------------------------------------------------------------------ */

static int64_t immediate(const struct step *s, size_t at, size_t size_b)
{
	int32_t word = 0;

	if (size_b == 1)
		return (int8_t)s->code[at];
	memcpy(&word, s->code + at, 4);
	return word;
}

static bool push(pid_t tid, struct arch_regs *r, uint64_t value)
{
	uint64_t sp = r->r.rsp - 8;

	/* A stack that has to grow, or ends: let the processor find out. */
	if (memory_write_data(tid, sp, &value, sizeof(value)))
		return false;
	r->r.rsp = sp;
	return true;
}

static bool pop(pid_t tid, struct arch_regs *r, uint64_t *ret)
{
	if (memory_read(tid, r->r.rsp, ret, sizeof(*ret)))
		return false;
	r->r.rsp += 8;
	return true;
}

/* A condition as Jcc's low four bits say it. */
static bool holds(uint64_t flags, unsigned condition)
{
	bool is_less = !(flags & SF) != !(flags & OF), is;

	switch (condition >> 1) {
	case 0:
		is = flags & OF;
		break;
	case 1:
		is = flags & CF;
		break;
	case 2:
		is = flags & ZF;
		break;
	case 3:
		is = flags & (CF | ZF);
		break;
	case 4:
		is = flags & SF;
		break;
	case 5:
		is = flags & PF;
		break;
	case 6:
		is = is_less;
		break;
	default:
		is = is_less || (flags & ZF);
	}
	return is != (condition & 1);
}

static uint64_t result_flags(uint64_t value, bool is_64bit)
{
	uint64_t flags = __builtin_parity((uint8_t)value) ? 0 : PF;

	if (!is_64bit)
		value = (uint32_t)value;
	if (!value)
		flags |= ZF;
	if (value >> (is_64bit ? 63 : 31))
		flags |= SF;
	return flags;
}

static void set_flags(struct arch_regs *r, uint64_t flags)
{
	r->r.eflags = (r->r.eflags & ~(uint64_t)(CF | PF | AF | ZF | SF | OF)) | flags;
}

/* add, or, adc, sbb, and, sub, xor, cmp: the processor's numbers for them. Sets the flags; the
 * manual leaves AF open after or, and, xor: processors clear it. */
static uint64_t compute(struct arch_regs *r, unsigned op, uint64_t a, uint64_t b, bool is_64bit)
{
	unsigned top = is_64bit ? 63 : 31;
	uint64_t mask = is_64bit ? UINT64_MAX : UINT32_MAX, flags, sum;
	uint64_t carry = (op == 2 || op == 3) && r->r.eflags & CF;

	switch (op) {
	case 1:
		sum = a | b;
		break;
	case 4:
		sum = a & b;
		break;
	case 6:
		sum = a ^ b;
		break;
	case 0:
	case 2:
		sum = (a + b + carry) & mask;
		break;
	default:
		sum = (a - b - carry) & mask;
	}
	flags = result_flags(sum, is_64bit);
	if (op == 0 || op == 2) {
		/* carried out of the top: by the three top bits */
		flags |= ((a & b) | ((a | b) & ~sum)) >> top & 1 ? CF : 0;
		flags |= ((a ^ sum) & (b ^ sum)) >> top & 1 ? OF : 0;
	} else if (op == 3 || op == 5 || op == 7) {
		flags |= ((~a & b) | ((~a | b) & sum)) >> top & 1 ? CF : 0;
		flags |= ((a ^ b) & (a ^ sum)) >> top & 1 ? OF : 0;
	}
	if (op != 1 && op != 4 && op != 6 && (a ^ b ^ sum) & 0x10)
		flags |= AF;
	set_flags(r, flags);
	return sum;
}

/* What ModRM's mod and rm name. */
struct operand {
	uint64_t *reg;    /* or NULL: */
	uint64_t address; /* of memory */
	size_t end;       /* the first byte of the instruction behind it */
};

static int64_t displacement(const struct step *s, size_t at, unsigned mod)
{
	return mod == 1 ? immediate(s, at, 1) : mod == 2 ? immediate(s, at, 4) : 0;
}

static struct operand operand_of(const struct step *s, struct arch_regs *r, uint64_t next)
{
	size_t at = s->at + 1u;
	uint8_t modrm = s->code[at++], sib;
	unsigned mod = modrm >> 6, rm = modrm & 7;
	struct operand o = {.end = at};

	if (s->base >= 0) { /* was relative to the instruction pointer, see give_base */
		o.address = next + (uint64_t)immediate(s, at, 4);
		o.end = at + 4;
		return o;
	}
	if (mod == 3) {
		o.reg = reg_at(r, rm | (s->prefix & X86_REX_B ? 8 : 0));
		return o;
	}
	if (rm == 4) {
		unsigned index;

		sib = s->code[at++];
		rm = sib & 7;
		index = (sib >> 3 & 7) | (s->prefix & X86_REX_X ? 8 : 0);
		if (index != RSP)
			o.address = *reg_at(r, index) << (sib >> 6);
		if (rm == 5 && mod == 0) {
			o.address += (uint64_t)immediate(s, at, 4);
			o.end = at + 4;
			return o;
		}
	}
	o.address += *reg_at(r, rm | (s->prefix & X86_REX_B ? 8 : 0));
	o.address += (uint64_t)displacement(s, at, mod);
	o.end = at + (mod == 1 ? 1 : mod == 2 ? 4 : 0);
	return o;
}

static bool load(pid_t tid, const struct operand *o, size_t size_b, uint64_t *ret)
{
	*ret = 0;
	if (!o->reg)
		return !memory_read(tid, o->address, ret, size_b);
	memcpy(ret, o->reg, size_b);
	return true;
}

/* 4 bytes clear a register's upper half. */
static bool store(pid_t tid, const struct operand *o, size_t size_b, uint64_t value)
{
	if (!o->reg)
		return !memory_write_data(tid, o->address, &value, size_b);
	*o->reg = size_b == 4 ? (uint32_t)value : value;
	return true;
}

/* Instructions with a register or memory operand, of 32 or 64 bits. */
static bool emulate_operand(const struct step *s, pid_t tid, struct arch_regs *r, uint64_t next)
{
	uint8_t opcode = s->code[s->at], modrm = s->code[s->at + 1];
	size_t size_b = s->prefix & X86_REX_W ? 8 : 4;
	unsigned op = modrm >> 3 & 7;
	bool is_64bit = size_b == 8;
	struct operand o = operand_of(s, r, next);
	struct operand reg = {.reg = reg_at(r, op | (s->prefix & X86_REX_R ? 8 : 0))};
	uint64_t a, b;

	switch (opcode) {
	case 0x63: /* movsxd */
		if (!is_64bit || !load(tid, &o, 4, &a))
			return false;
		*reg.reg = (uint64_t)(int32_t)a;
		return true;
	case 0x85: /* test */
		if (!load(tid, &o, size_b, &a) || !load(tid, &reg, size_b, &b))
			return false;
		compute(r, 4, a, b, is_64bit);
		return true;
	case 0x89: /* mov */
		return load(tid, &reg, size_b, &a) && store(tid, &o, size_b, a);
	case 0x8b:
		return load(tid, &o, size_b, &a) && store(tid, &reg, size_b, a);
	case 0x8d: /* lea */
		return !o.reg && store(tid, &reg, size_b, o.address);
	case 0xc7:
		return op == 0 && store(tid, &o, size_b, (uint64_t)immediate(s, o.end, 4));
	case 0x81:
	case 0x83:
		b = (uint64_t)immediate(s, o.end, opcode == 0x81 ? 4 : 1);
		if (!is_64bit)
			b = (uint32_t)b;
		if (!load(tid, &o, size_b, &a))
			return false;
		break;
	default:
		if (opcode >= 0x40 || ((opcode & 7) != 1 && (opcode & 7) != 3))
			return false;
		op = opcode >> 3;
		if (!load(tid, opcode & 2 ? &reg : &o, size_b, &a) ||
		    !load(tid, opcode & 2 ? &o : &reg, size_b, &b))
			return false;
		if (opcode & 2)
			o = reg;
	}
	/* Flags last: if the result cannot be stored the processor shall say so, from the start. */
	{
		struct arch_regs before = *r;
		uint64_t result = compute(r, op, a, b, is_64bit);

		if (op == 7 || store(tid, &o, size_b, result))
			return true;
		*r = before;
	}
	return false;
}

/* movzx and movsx from memory or a register. */
static bool emulate_extend(const struct step *s, pid_t tid, struct arch_regs *r, uint64_t next)
{
	uint8_t opcode = s->code[s->at], modrm = s->code[s->at + 1];
	size_t from_b = opcode & 1 ? 2 : 1;
	struct operand o = operand_of(s, r, next);
	uint64_t value;

	/* without REX the byte registers 4 to 7 are the second bytes of the first four */
	if (!s->is_plain || (o.reg && from_b == 1 && (modrm & 7) >= 4) ||
	    !load(tid, &o, from_b, &value))
		return false;
	if (opcode >= 0xbe)
		value = from_b == 1 ? (uint64_t)(int8_t)value : (uint64_t)(int16_t)value;
	*reg_at(r, (modrm >> 3 & 7) | (s->prefix & X86_REX_R ? 8 : 0)) =
	    s->prefix & X86_REX_W ? value : (uint32_t)value;
	return true;
}

/* loop, loope, loopne, jrcxz: e0 .. e3. */
static bool branches_by_count(struct arch_regs *r, uint8_t opcode)
{
	uint64_t *rcx = reg_at(r, RCX);

	if (opcode == 0xe3)
		return !*rcx;
	--*rcx;
	if (opcode == 0xe2)
		return *rcx;
	return *rcx && !!(r->r.eflags & ZF) == (opcode == 0xe1);
}

static bool emulate_one_byte(const struct step *s, pid_t tid, struct arch_regs *r, uint64_t next)
{
	uint8_t opcode = s->code[s->at];
	unsigned reg = (opcode & 7) | (s->prefix & X86_REX_B ? 8 : 0);
	uint64_t value;

	/* branches may carry hints for prefixes */
	if (opcode == 0xeb || opcode == 0xe9) {
		next += (uint64_t)immediate(s, s->at + 1u, opcode == 0xeb ? 1 : 4);
	} else if (opcode >= 0x70 && opcode <= 0x7f) {
		if (holds(r->r.eflags, opcode & 15))
			next += (uint64_t)immediate(s, s->at + 1u, 1);
	} else if (opcode >= 0xe0 && opcode <= 0xe3) {
		if (branches_by_count(r, opcode))
			next += (uint64_t)immediate(s, s->at + 1u, 1);
	} else if (opcode == 0xe8) {
		if (!push(tid, r, next))
			return false;
		next += (uint64_t)immediate(s, s->at + 1u, 4);
	} else if (opcode == 0xc3) {
		if (!pop(tid, r, &next))
			return false;
	} else if (opcode == 0x90 && !(s->prefix & X86_REX_B)) {
		;
	} else if (!s->is_plain) {
		return false;
	} else if ((opcode & 0xf8) == 0x50) {
		if (!push(tid, r, *reg_at(r, reg)))
			return false;
	} else if ((opcode & 0xf8) == 0x58) {
		if (!pop(tid, r, &value))
			return false;
		*reg_at(r, reg) = value;
	} else if ((opcode & 0xf8) == 0xb8) {
		if (s->prefix & X86_REX_W)
			memcpy(reg_at(r, reg), s->code + s->at + 1, 8);
		else
			*reg_at(r, reg) = (uint32_t)immediate(s, s->at + 1u, 4);
	} else if (!emulate_operand(s, tid, r, next)) {
		return false;
	}
	r->r.rip = next;
	return true;
}

bool step_emulate(const struct step *s, pid_t tid, struct arch_regs *r, uint64_t address)
{
	uint8_t opcode = s->code[s->at];
	uint64_t next = address + s->insn_b;

	if (s->is_other)
		return false;
	if (s->is_two_byte) {
		if (opcode == 0x1e || opcode == 0x1f) { /* endbr64 and the long nops */
			/* 0f 1e /1 with f3 is rdssp, which reads */
			if (opcode == 0x1e && s->code[s->at + 1] != 0xfa)
				return false;
			r->r.rip = next;
			return true;
		}
		if (opcode >= 0x80 && opcode <= 0x8f) {
			if (holds(r->r.eflags, opcode & 15))
				next += (uint64_t)immediate(s, s->at + 1u, 4);
			r->r.rip = next;
			return true;
		}
		if ((opcode & 0xf6) != 0xb6 || !emulate_extend(s, tid, r, next))
			return false;
		r->r.rip = next;
		return true;
	}
	return emulate_one_byte(s, tid, r, next);
}

/* ---- running the copy ----------------------------------------------------------------------- */

void step_begin(const struct step *s, struct arch_regs *r, uint64_t address, uint64_t slot,
                uint64_t *saved)
{
	if (s->base >= 0) {
		*saved = *reg_at(r, (unsigned)s->base);
		*reg_at(r, (unsigned)s->base) = address + s->insn_b;
	}
	r->r.rip = slot;
}

void step_end(const struct step *s, pid_t tid, struct arch_regs *r, uint64_t address, uint64_t slot,
              uint64_t saved, bool is_done)
{
	uint64_t word;

	if (s->base >= 0)
		*reg_at(r, (unsigned)s->base) = saved;
	if (!is_done) {
		r->r.rip = address;
		return;
	}
	if (r->r.rip == slot + s->insn_b)
		r->r.rip = address + s->insn_b;
	if (s->calls) {
		word = address + s->insn_b;
		memory_write_data(tid, r->r.rsp, &word, sizeof(word));
	}
	if (s->pushes_flags && !memory_read(tid, r->r.rsp, &word, sizeof(word))) {
		word &= ~(uint64_t)TF; /* ours */
		memory_write_data(tid, r->r.rsp, &word, sizeof(word));
	}
}

#endif
