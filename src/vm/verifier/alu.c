/* Arithmetic: what registers hold after ALU instructions (RFC 9669, section 4). */
#include "vm/verifier/state.h"

#include <string.h>

enum { MAP_TYPE_ARENA = 33 };

int use_reg(struct verifier *v, uint32_t n)
{
	if (n >= N_REGS)
		return refuse(v, WAY_NONE, "R%u is invalid", n);
	if (cur_regs(v)[n].kind == REG_NOT_INIT)
		return refuse(v, WAY_INIT, "R%u !read_ok: nothing was put into it on this path%s",
		              n, n && n < 6 ? " since the last call" : "");
	return 0;
}

int define_reg(struct verifier *v, uint32_t n)
{
	if (n == BPF_REG_10)
		return refuse(v, WAY_NONE, "frame pointer is read only");
	return n >= N_REGS ? refuse(v, WAY_NONE, "R%u is invalid", n) : 0;
}

static bool leaks(const struct verifier *v, const struct reg *r)
{
	return v->opts->is_unprivileged && reg_is_pointer(r);
}

/* A copy shares its number's fate: what is learnt of one is learnt of the other. */
static void give_scalar_id(struct verifier *v, struct reg *r)
{
	if (r->kind != REG_SCALAR || scalar_is_const(&r->s))
		return;
	if (r->is_added) {
		r->id = 0;
		r->is_added = r->is_added32 = false;
		r->add = 0;
	}
	if (!r->id)
		r->id = ++v->ids;
}

static void drop_scalar_id(struct reg *r)
{
	r->id = 0;
	r->is_added = r->is_added32 = false;
	r->add = 0;
}

static bool has_arena(const struct verifier *v)
{
	for (uint32_t k = 0; k < v->p->n_maps; k++) {
		if (v->p->maps[k]->type == MAP_TYPE_ARENA)
			return true;
	}
	return false;
}

static int check_mov(struct verifier *v, const struct bpf_insn *i)
{
	bool is_32 = BPF_CLASS(i->code) == BPF_ALU;
	struct reg *regs = cur_regs(v), *dst = &regs[i->dst_reg], *src = &regs[i->src_reg];
	bool keeps_value;

	if (BPF_SRC(i->code) == BPF_K) {
		reg_set(dst, is_32 ? (uint64_t)(uint32_t)i->imm : (uint64_t)(int64_t)i->imm);
		return 0;
	}
	if (use_reg(v, i->src_reg))
		return -1;
	if (!is_32 && i->off == 1) { /* addr_space_cast */
		if (!has_arena(v))
			return refuse(v, WAY_NONE,
			              "addr_space_cast insn can only be used in a program that "
			              "has an associated arena");
		if (src->kind != REG_ARENA && src->kind != REG_SCALAR)
			return refuse(v, WAY_NONE, "R%u is not a pointer to arena", i->src_reg);
		reg_unknown(dst);
		if (i->imm == 1)
			reg_pointer(dst, REG_ARENA, 0);
		return 0;
	}
	if (!is_32 && !i->off) {
		give_scalar_id(v, src);
		*dst = *src;
		return 0;
	}
	if (src->kind != REG_SCALAR) {
		if (leaks(v, src))
			return refuse(v, WAY_LEAK, "R%u partial copy of pointer", i->src_reg);
		reg_unknown(dst);
		if (is_32)
			scalar_zext32(&dst->s);
		return 0;
	}
	if (i->off)
		keeps_value = src->s.umax < 1ULL << (i->off - 1);
	else
		keeps_value = src->s.umax <= UINT32_MAX;
	if (keeps_value)
		give_scalar_id(v, src);
	*dst = *src;
	if (!keeps_value)
		drop_scalar_id(dst);
	if (i->off)
		scalar_sext(&dst->s, (uint8_t)i->off, is_32);
	else
		scalar_zext32(&dst->s);
	return 0;
}

static int check_neg_or_swap(struct verifier *v, const struct bpf_insn *i)
{
	bool is_32 = BPF_CLASS(i->code) == BPF_ALU;
	struct reg *dst = &cur_regs(v)[i->dst_reg];

	if (use_reg(v, i->dst_reg))
		return -1;
	if (leaks(v, dst))
		return refuse(v, WAY_LEAK, "R%u pointer arithmetic prohibited", i->dst_reg);
	if (dst->kind != REG_SCALAR) {
		reg_unknown(dst);
		return 0;
	}
	drop_scalar_id(dst);
	if (BPF_OP(i->code) == BPF_NEG) {
		scalar_alu(&dst->s, BPF_NEG, is_32, false, &dst->s);
	} else {
		bool is_big_host = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
		bool swaps = !is_32 || (BPF_SRC(i->code) == BPF_TO_BE) != is_big_host;

		scalar_bswap(&dst->s, (uint8_t)i->imm, swaps);
	}
	return 0;
}

static const char *operator_text(uint8_t op)
{
	static const char *const texts[] = {
	    "+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>="};

	return texts[op >> 4];
}

/* What the kernel does not follow, we don't either (is_safe_to_compute_dst_reg_range()): what
 * passes here should pass there. Not even that the upper half is 0 then. */
static bool is_followed(uint8_t op, bool is_32, const struct scalar *by)
{
	switch (op) {
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH:
		return is_32 ? scalar_is_const32(by) && by->umax < 32
		             : scalar_is_const(by) && by->umax < 64;
	case BPF_DIV:
	case BPF_MOD:
		return false;
	default:
		return true;
	}
}

/* Scalar with scalar. */
static void scalar_with_scalar(struct verifier *v, const struct bpf_insn *i, struct reg *dst,
                               const struct reg *src)
{
	uint8_t op = BPF_OP(i->code);
	bool is_32 = BPF_CLASS(i->code) == BPF_ALU;
	struct scalar by = src->s;
	/* A constant more or less than a copy: the two stay linked (v6.10; less: v6.18.y). Halves
	 * only where the copy has nothing above. */
	int64_t step = is_32 ? (int32_t)by.bits.value : (int64_t)by.bits.value;
	bool is_linked = (op == BPF_ADD || op == BPF_SUB) && dst->id && !dst->is_added &&
	                 (is_32 ? scalar_is_const32(&by) : scalar_is_const(&by)) &&
	                 step > INT32_MIN && step <= INT32_MAX && !v->opts->is_unprivileged;

	if (op == BPF_SUB)
		step = (int64_t)(0 - (uint64_t)step);
	if (is_followed(op, is_32, &by))
		scalar_alu(&dst->s, op, is_32, i->off == 1, &by);
	else
		dst->s = scalar_unknown;
	dst->is_precise |= src->is_precise;
	if (is_linked) {
		dst->is_added = true;
		dst->is_added32 = is_32;
		dst->add = (int32_t)step;
	} else {
		drop_scalar_id(dst);
	}
}

static int check_binary(struct verifier *v, const struct bpf_insn *i)
{
	bool is_reg = BPF_SRC(i->code) == BPF_X, is_32 = BPF_CLASS(i->code) == BPF_ALU;
	struct reg *regs = cur_regs(v), *dst = &regs[i->dst_reg], constant, src;
	uint8_t op = BPF_OP(i->code);

	if (use_reg(v, i->dst_reg) || (is_reg && use_reg(v, i->src_reg)))
		return -1;
	if (!is_reg) {
		if ((op == BPF_DIV || op == BPF_MOD) && !i->imm && v->p->type)
			return refuse(v, WAY_DIV, "div by zero");
		if ((op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH) &&
		    (i->imm < 0 || i->imm >= (is_32 ? 32 : 64)) && v->p->type)
			return refuse(v, WAY_NONE, "invalid shift %d", i->imm);
		reg_set(&constant, (uint64_t)(int64_t)i->imm);
	}
	src = is_reg ? regs[i->src_reg] : constant;
	if (dst->kind == REG_ARENA || src.kind == REG_ARENA) {
		reg_pointer(dst, REG_ARENA, 0);
		return 0;
	}
	if (!reg_is_pointer(dst) && !reg_is_pointer(&src)) {
		scalar_with_scalar(v, i, dst, &src);
		return 0;
	}
	if (reg_is_pointer(dst) && reg_is_pointer(&src)) {
		/* The distance of two pointers is a number; nothing else makes sense. */
		if (op == BPF_SUB && !v->opts->is_unprivileged) {
			reg_unknown(dst);
			if (is_32)
				scalar_zext32(&dst->s);
			return 0;
		}
		return refuse(v, WAY_POINTER_MATH, "R%u pointer %s pointer prohibited", i->dst_reg,
		              operator_text(op));
	}
	if (reg_is_pointer(dst)) {
		if (is_reg)
			mark_precise(v, i->src_reg);
		return adjust_pointer(v, i, dst, &src);
	}
	mark_precise(v, i->dst_reg);
	struct reg off = *dst;

	return adjust_pointer(v, i, &src, &off);
}

int check_alu(struct verifier *v, const struct bpf_insn *i)
{
	uint8_t op = BPF_OP(i->code);

	if (define_reg(v, i->dst_reg))
		return -1;
	if (op == BPF_MOV)
		return check_mov(v, i);
	if (op == BPF_NEG || op == BPF_END)
		return check_neg_or_swap(v, i);
	return check_binary(v, i);
}
