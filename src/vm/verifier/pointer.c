/* Pointer arithmetic: a pointer moved by a number stays a pointer to the same thing, its offset
 * known as far as the number is. */
#include "vm/verifier/state.h"

static int check_sane_offset(struct verifier *v, const struct reg *r, const struct reg *ptr)
{
	const char *name = reg_kind_name(ptr);
	int64_t value = (int64_t)r->s.bits.value;

	if (scalar_is_const(&r->s) && (value >= MAX_VAR_OFF || value <= -MAX_VAR_OFF))
		return refuse(v, WAY_BOUND, "math between %s pointer and %lld is not allowed", name,
		              (long long)value);
	if (r->off >= MAX_VAR_OFF || r->off <= -MAX_VAR_OFF)
		return refuse(v, WAY_BOUND, "%s pointer offset %d is not allowed", name, r->off);
	if (r->s.smin == INT64_MIN)
		return refuse(
		    v, WAY_BOUND,
		    "math between %s pointer and register with unbounded min value is not "
		    "allowed",
		    name);
	if (r->s.smin >= MAX_VAR_OFF || r->s.smin <= -MAX_VAR_OFF)
		return refuse(v, WAY_BOUND, "value %lld makes %s pointer be out of bounds",
		              (long long)r->s.smin, name);
	return 0;
}

static int check_movable(struct verifier *v, const struct reg *ptr, uint32_t regno,
                         bool is_zero_add, bool is_known)
{
	if (reg_may_be_null(ptr))
		return refuse(v, WAY_NULL,
		              "R%u pointer arithmetic on %s prohibited, null-check it first", regno,
		              reg_kind_name(ptr));
	switch (ptr->kind) {
	case REG_CTX:
	case REG_MAP_VALUE:
	case REG_MAP_KEY:
	case REG_STACK:
	case REG_PACKET_META:
	case REG_PACKET:
	case REG_TP_BUFFER:
	case REG_BTF:
	case REG_MEM:
	case REG_BUF:
	case REG_FUNC:
	case REG_DYNPTR:
		return 0;
	case REG_FLOW_KEYS:
		if (is_known)
			return 0;
		break;
	case REG_MAP:
		if (is_zero_add)
			return 0;
		break;
	default:
		break;
	}
	return refuse(v, WAY_POINTER_MATH, "R%u pointer arithmetic on %s prohibited", regno,
	              reg_kind_name(ptr));
}

/* The new offset as fixed part, if it fits there: precise, and the range of packets stays. */
static bool move_fixed(struct reg *dst, int64_t by)
{
	int64_t off = (int64_t)dst->off + by;

	if (off != (int32_t)off)
		return false;
	dst->off = (int32_t)off;
	return true;
}

static const char *bitwise(uint8_t op)
{
	return op == BPF_AND ? "&=" : op == BPF_OR ? "|=" : op == BPF_XOR ? "^=" : NULL;
}

int adjust_pointer(struct verifier *v, const struct bpf_insn *i, const struct reg *ptr,
                   const struct reg *off)
{
	struct reg *dst = &cur_regs(v)[i->dst_reg], from = *ptr;
	bool is_known = scalar_is_const(&off->s), dst_is_off = !reg_is_pointer(dst);
	uint8_t op = BPF_OP(i->code);
	int64_t by = (int64_t)off->s.bits.value;

	if (scalar_is_empty(&off->s)) { /* on a path that cannot be */
		reg_unknown(dst);
		return 0;
	}
	if (BPF_CLASS(i->code) != BPF_ALU64) {
		if (op == BPF_SUB && !v->opts->is_unprivileged) {
			reg_unknown(dst);
			return 0;
		}
		return refuse(v, WAY_POINTER_MATH, "R%u 32-bit pointer arithmetic prohibited",
		              i->dst_reg);
	}
	if (bitwise(op))
		return refuse(v, WAY_POINTER_MATH, "R%u bitwise operator %s on pointer prohibited",
		              i->dst_reg, bitwise(op));
	if (op != BPF_ADD && op != BPF_SUB)
		return refuse(v, WAY_POINTER_MATH,
		              "R%u pointer arithmetic with this operator prohibited", i->dst_reg);
	if (check_movable(v, &from, i->dst_reg, is_known && !by && op == BPF_ADD, is_known))
		return -1;
	if (check_sane_offset(v, off, &from) || check_sane_offset(v, &from, &from))
		return -1;
	if (op == BPF_SUB && dst_is_off)
		return refuse(v, WAY_POINTER_MATH, "R%u tried to subtract pointer from scalar",
		              i->dst_reg);
	if (op == BPF_SUB && from.kind == REG_STACK)
		return refuse(v, WAY_POINTER_MATH, "R%u subtraction from stack pointer prohibited",
		              i->dst_reg);
	*dst = from;
	/* How far it was beyond the packet's end is not known: moved, it may be within. */
	if (reg_is_packet(dst) && dst->range < 0 && !(is_known && !by))
		dst->range = 0;
	if (!is_known || !move_fixed(dst, op == BPF_ADD ? by : -by)) {
		scalar_alu(&dst->s, op, false, false, &off->s);
		if (reg_is_packet(dst)) {
			dst->id = ++v->ids;
			/* Moved forward by something: what was known lies further back now. */
			if (op == BPF_ADD || off->s.smin < 0)
				dst->range = 0;
		}
	}
	return check_sane_offset(v, dst, &from);
}
