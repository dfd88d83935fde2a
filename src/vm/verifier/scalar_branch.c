/* What a comparison tells: of its outcome from its operands, and of its operands from its outcome.
 * The first is asked through the second: a way that leaves an operand no value is not taken. */
#include <linux/bpf.h>

#include "vm/verifier/scalar_view.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Every comparison is one of these, with its operands in this order or exchanged. */
enum relation { EQUAL, NOT_EQUAL, BELOW, BELOW_EQUAL, LESS, LESS_EQUAL, COMMON_BIT, NO_COMMON_BIT };

struct reading {
	enum relation relation;
	bool is_exchanged;
};

/* The opposite of `a < b` is `b <= a`. */
static struct reading read_op(uint8_t op, bool taken)
{
	switch (op) {
	case BPF_JEQ:
		return (struct reading){taken ? EQUAL : NOT_EQUAL, false};
	case BPF_JNE:
		return (struct reading){taken ? NOT_EQUAL : EQUAL, false};
	case BPF_JLT:
		return taken ? (struct reading){BELOW, false} : (struct reading){BELOW_EQUAL, true};
	case BPF_JLE:
		return taken ? (struct reading){BELOW_EQUAL, false} : (struct reading){BELOW, true};
	case BPF_JGT:
		return taken ? (struct reading){BELOW, true} : (struct reading){BELOW_EQUAL, false};
	case BPF_JGE:
		return taken ? (struct reading){BELOW_EQUAL, true} : (struct reading){BELOW, false};
	case BPF_JSLT:
		return taken ? (struct reading){LESS, false} : (struct reading){LESS_EQUAL, true};
	case BPF_JSLE:
		return taken ? (struct reading){LESS_EQUAL, false} : (struct reading){LESS, true};
	case BPF_JSGT:
		return taken ? (struct reading){LESS, true} : (struct reading){LESS_EQUAL, false};
	case BPF_JSGE:
		return taken ? (struct reading){LESS_EQUAL, true} : (struct reading){LESS, false};
	default: /* BPF_JSET */
		return (struct reading){taken ? COMMON_BIT : NO_COMMON_BIT, false};
	}
}

/* The bits that a comparison of this width sees; those above are unknown to it. */
static struct tnum seen_bits(const struct scalar *s, uint8_t width)
{
	struct tnum t = s->bits;
	if (width == 32) {
		t = tnum_cast(t, 4);
		t.mask |= ~(uint64_t)UINT32_MAX;
	}
	return t;
}

static bool make_equal(struct scalar *a, struct scalar *b, uint8_t width)
{
	struct view va = view_of(a, width), vb = view_of(b, width);
	struct tnum ta = seen_bits(a, width), tb = seen_bits(b, width);
	if (tnum_conflict(ta, tb))
		return false;
	va.umin = vb.umin = MAX(va.umin, vb.umin);
	va.umax = vb.umax = MIN(va.umax, vb.umax);
	va.smin = vb.smin = MAX(va.smin, vb.smin);
	va.smax = vb.smax = MIN(va.smax, vb.smax);
	view_store(a, &va);
	view_store(b, &vb);
	a->bits = tnum_intersect(a->bits, tb);
	b->bits = tnum_intersect(b->bits, ta);
	return true;
}

/* `b` is not the one number that `a` is: of use where that is an end of a range. */
static bool exclude(const struct scalar *a, struct scalar *b, uint8_t width)
{
	struct view va = view_of(a, width), v = view_of(b, width);
	if (va.umin != va.umax)
		return true;
	if (v.umin == v.umax)
		return v.umin != va.umin;
	v.umin += v.umin == va.umin;
	v.umax -= v.umax == va.umax;
	if (v.smin == v.smax)
		return v.smin != va.smin;
	v.smin += v.smin == va.smin;
	v.smax -= v.smax == va.smax;
	view_store(b, &v);
	return true;
}

/* a < b, or a <= b. */
static bool make_below(struct scalar *a, struct scalar *b, uint8_t width, bool or_equal)
{
	struct view va = view_of(a, width), vb = view_of(b, width);
	if (!or_equal && (!vb.umax || va.umin == view_unknown(width).umax))
		return false;
	va.umax = MIN(va.umax, vb.umax - !or_equal);
	vb.umin = MAX(vb.umin, va.umin + !or_equal);
	view_store(a, &va);
	view_store(b, &vb);
	return true;
}

static bool make_less(struct scalar *a, struct scalar *b, uint8_t width, bool or_equal)
{
	struct view va = view_of(a, width), vb = view_of(b, width), all = view_unknown(width);
	if (!or_equal && (vb.smax == all.smin || va.smin == all.smax))
		return false;
	va.smax = MIN(va.smax, vb.smax - !or_equal);
	vb.smin = MAX(vb.smin, va.smin + !or_equal);
	view_store(a, &va);
	view_store(b, &vb);
	return true;
}

static bool make_common_bit(struct scalar *a, struct scalar *b, uint8_t width)
{
	uint64_t all = width == 32 ? UINT32_MAX : UINT64_MAX;
	uint64_t may = (a->bits.value | a->bits.mask) & (b->bits.value | b->bits.mask) & all;
	if (!may)
		return false;
	if (!(may & (may - 1))) { /* the only bit that they can share */
		a->bits = tnum_or(a->bits, tnum_const(may));
		b->bits = tnum_or(b->bits, tnum_const(may));
	}
	return true;
}

static bool make_no_common_bit(struct scalar *a, struct scalar *b, uint8_t width)
{
	uint64_t all = width == 32 ? UINT32_MAX : UINT64_MAX;
	uint64_t in_a = a->bits.value & all, in_b = b->bits.value & all;
	if (in_a & in_b)
		return false;
	a->bits = tnum_and(a->bits, tnum_const(~in_b));
	b->bits = tnum_and(b->bits, tnum_const(~in_a));
	return true;
}

static bool apply(enum relation r, struct scalar *a, struct scalar *b, uint8_t width)
{
	switch (r) {
	case EQUAL: /* the low halves then are equal as well */
		return make_equal(a, b, 32) && (width == 32 || make_equal(a, b, 64));
	case NOT_EQUAL:
		return exclude(a, b, width) && exclude(b, a, width);
	case BELOW:
	case BELOW_EQUAL:
		return make_below(a, b, width, r == BELOW_EQUAL);
	case LESS:
	case LESS_EQUAL:
		return make_less(a, b, width, r == LESS_EQUAL);
	case COMMON_BIT:
		return make_common_bit(a, b, width);
	default:
		return make_no_common_bit(a, b, width);
	}
}

/* If one of them has no value left, then neither has: the way is not taken. */
void scalar_refine(struct scalar *a, struct scalar *b, uint8_t op, bool is_32, bool taken)
{
	struct reading r = read_op(op, taken);
	bool is_possible =
	    !scalar_is_empty(a) && !scalar_is_empty(b) &&
	    apply(r.relation, r.is_exchanged ? b : a, r.is_exchanged ? a : b, is_32 ? 32 : 64);
	if (is_possible) {
		scalar_sync(a);
		scalar_sync(b);
		is_possible = !scalar_is_empty(a) && !scalar_is_empty(b);
	}
	if (!is_possible) {
		scalar_make_empty(a);
		scalar_make_empty(b);
	}
}

static bool is_possible(const struct scalar *a, uint8_t op, bool is_32, const struct scalar *b,
                        bool taken)
{
	struct scalar a2 = *a, b2 = *b;
	scalar_refine(&a2, &b2, op, is_32, taken);
	return !scalar_is_empty(&a2);
}

int scalar_branch(const struct scalar *a, uint8_t op, bool is_32, const struct scalar *b)
{
	if (!is_possible(a, op, is_32, b, true))
		return 0;
	return is_possible(a, op, is_32, b, false) ? -1 : 1;
}
