/* What arithmetic does to what is known (RFC 9669, section 4.1 and 4.2).
 *
 * 32-bit forms are 64-bit ones between a change of both operands to the numbers of the low halves
 * and a cut of the result. Sums, products and left shifts are computed for both widths, because the
 * low half of the result depends on the low halves alone; for the rest scalar_sync finds the low
 * half's range from the whole's. */
#include <linux/bpf.h>

#include "vm/verifier/scalar_view.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Wide enough for any sum and product of two signed or unsigned 64-bit ends. */
typedef __int128 wide;
typedef unsigned __int128 uwide;

/* Results between lo and hi, before they are cut to the view's width: of use if not every number of
 * that width is among them. */
static void meet_wide(struct view *r, wide lo, wide hi)
{
	wide all = r->width == 32 ? UINT32_MAX : UINT64_MAX;
	if (hi - lo < all)
		view_meet_wrapping(r, (uint64_t)lo, (uint64_t)hi);
}

static void meet_unsigned(struct view *r, uwide lo, uwide hi)
{
	if (hi - lo < (r->width == 32 ? UINT32_MAX : UINT64_MAX))
		view_meet_wrapping(r, (uint64_t)lo, (uint64_t)hi);
}

static struct view add_view(const struct view *a, const struct view *b)
{
	struct view r = view_unknown(a->width);
	meet_wide(&r, (wide)a->umin + b->umin, (wide)a->umax + b->umax);
	meet_wide(&r, (wide)a->smin + b->smin, (wide)a->smax + b->smax);
	return r;
}

static struct view sub_view(const struct view *a, const struct view *b)
{
	struct view r = view_unknown(a->width);
	meet_wide(&r, (wide)a->umin - b->umax, (wide)a->umax - b->umin);
	meet_wide(&r, (wide)a->smin - b->smax, (wide)a->smax - b->smin);
	return r;
}

static struct view mul_view(const struct view *a, const struct view *b)
{
	struct view r = view_unknown(a->width);
	meet_unsigned(&r, (uwide)a->umin * b->umin, (uwide)a->umax * b->umax);
	/* The extremes of a product are at two ends. */
	wide p[] = {(wide)a->smin * b->smin, (wide)a->smin * b->smax, (wide)a->smax * b->smin,
	            (wide)a->smax * b->smax};
	meet_wide(&r, MIN(MIN(p[0], p[1]), MIN(p[2], p[3])), MAX(MAX(p[0], p[1]), MAX(p[2], p[3])));
	return r;
}

/* The least 2^k - 1 that is not below v. */
static int64_t ones_from(int64_t v)
{
	return v ? (int64_t)(UINT64_MAX >> __builtin_clzll((uint64_t)v)) : 0;
}

/* Numbers from -2^k to 2^k - 1 stay there under AND, OR and XOR: all bits above are the sign. That
 * and the order below are all that bits (and the unsigned ends) cannot tell. */
static struct view bitwise_view(uint8_t op, const struct view *a, const struct view *b)
{
	struct view r = view_unknown(a->width);
	int64_t low = MIN(MIN(a->smin, b->smin), -1), high = MAX(MAX(a->smax, b->smax), 0);
	int64_t low_bits = ones_from(~low), high_bits = ones_from(high);
	switch (op) {
	case BPF_AND: /* not above either one, unsigned; not above the greater one, signed */
		r.umax = MIN(a->umax, b->umax);
		r.smax = MAX(a->smax, b->smax);
		r.smin = -low_bits - 1;
		break;
	case BPF_OR:
		r.umin = MAX(a->umin, b->umin);
		r.smin = MIN(a->smin, b->smin);
		r.smax = high_bits;
		break;
	default:
		r.smin = -MAX(low_bits, high_bits) - 1;
		r.smax = MAX(low_bits, high_bits);
	}
	return r;
}

static struct view arithmetic_view(uint8_t op, const struct view *a, const struct view *b)
{
	switch (op) {
	case BPF_ADD:
		return add_view(a, b);
	case BPF_SUB:
		return sub_view(a, b);
	case BPF_MUL:
		return mul_view(a, b);
	default:
		return bitwise_view(op, a, b);
	}
}

static struct tnum arithmetic_bits(uint8_t op, struct tnum a, struct tnum b)
{
	switch (op) {
	case BPF_ADD:
		return tnum_add(a, b);
	case BPF_SUB:
		return tnum_sub(a, b);
	case BPF_MUL:
		return tnum_mul(a, b);
	case BPF_AND:
		return tnum_and(a, b);
	case BPF_OR:
		return tnum_or(a, b);
	default:
		return tnum_xor(a, b);
	}
}

/* The operations whose result's low half depends on the operands' low halves alone. */
static struct scalar arithmetic(uint8_t op, const struct scalar *a, const struct scalar *b)
{
	struct scalar r = scalar_unknown;
	for (uint8_t width = 32; width <= 64; width += 32) {
		struct view va = view_of(a, width), vb = view_of(b, width);
		struct view v = arithmetic_view(op, &va, &vb);
		view_store(&r, &v);
	}
	r.bits = arithmetic_bits(op, a->bits, b->bits);
	return r;
}

/* a * 2^amount. From 32 on only the low half is left of `a`, which may be known better. */
static struct view lshift_view(const struct scalar *a, uint8_t amount, uint8_t width)
{
	struct view r = view_unknown(width), whole = view_of(a, width), low = view_of(a, 32);
	const wide factor = (wide)1 << amount;
	const uwide ufactor = (uwide)1 << amount;
	meet_wide(&r, whole.smin * factor, whole.smax * factor);
	meet_unsigned(&r, whole.umin * ufactor, whole.umax * ufactor);
	if (amount >= 32) {
		meet_wide(&r, low.smin * factor, low.smax * factor);
		meet_unsigned(&r, low.umin * ufactor, low.umax * ufactor);
	}
	return r;
}

static struct scalar shift_by(uint8_t op, const struct scalar *a, uint8_t amount)
{
	struct scalar r = scalar_unknown;
	switch (op) {
	case BPF_LSH:
		for (uint8_t width = 32; width <= 64; width += 32) {
			struct view v = lshift_view(a, amount, width);
			view_store(&r, &v);
		}
		r.bits = tnum_lshift(a->bits, amount);
		break;
	case BPF_RSH:
		r.umin = a->umin >> amount;
		r.umax = a->umax >> amount;
		r.bits = tnum_rshift(a->bits, amount);
		break;
	default:
		r.smin = a->smin >> amount;
		r.smax = a->smax >> amount;
		r.bits = tnum_arshift(a->bits, amount, 64);
	}
	return r;
}

/* Either one, fact by fact. */
static void widen(struct scalar *s, const struct scalar *other)
{
	s->bits = tnum_union(s->bits, other->bits);
	s->smin = MIN(s->smin, other->smin);
	s->smax = MAX(s->smax, other->smax);
	s->umin = MIN(s->umin, other->umin);
	s->umax = MAX(s->umax, other->umax);
	s->s32_min = MIN(s->s32_min, other->s32_min);
	s->s32_max = MAX(s->s32_max, other->s32_max);
	s->u32_min = MIN(s->u32_min, other->u32_min);
	s->u32_max = MAX(s->u32_max, other->u32_max);
}

/* Every amount that may occur, one by one: there are 64 at most. */
static struct scalar shift(uint8_t op, const struct scalar *a, const struct scalar *b,
                           uint8_t width)
{
	struct scalar amount = *b, low = scalar_const(width - 1);
	if (amount.umax >= width)
		scalar_alu(&amount, BPF_AND, false, false, &low);
	struct scalar r = scalar_unknown;
	bool is_first = true;
	for (uint64_t k = amount.umin; k <= amount.umax; k++) {
		if ((k & ~amount.bits.mask) != amount.bits.value)
			continue;
		struct scalar one = shift_by(op, a, (uint8_t)k);
		if (is_first)
			r = one;
		else
			widen(&r, &one);
		is_first = false;
	}
	if (is_first)
		scalar_make_empty(&r);
	return r;
}

static int power_of_two(const struct scalar *s)
{
	uint64_t v = s->bits.value;
	return scalar_is_const(s) && v && !(v & (v - 1)) ? __builtin_ctzll(v) : -1;
}

static struct scalar divide(const struct scalar *a, const struct scalar *b)
{
	struct scalar r = scalar_unknown;
	int shift_bits = power_of_two(b);
	if (shift_bits >= 0)
		return shift_by(BPF_RSH, a, (uint8_t)shift_bits);
	if (!b->umax)
		return scalar_const(0);
	r.umin = b->umin ? a->umin / b->umax : 0;
	r.umax = a->umax / MAX(b->umin, 1);
	return r;
}

static struct scalar modulo(const struct scalar *a, const struct scalar *b)
{
	struct scalar r = scalar_unknown;
	int bits = power_of_two(b);
	if (!b->umax || a->umax < b->umin)
		return *a; /* by zero, or nothing to take away */
	if (bits >= 0)
		r.bits = tnum_and(a->bits, tnum_const(b->umax - 1));
	if (scalar_is_const(b) && a->umin / b->umin == a->umax / b->umin) {
		r.umin = a->umin % b->umin;
		r.umax = a->umax % b->umin;
		return r;
	}
	r.umax = b->umin ? MIN(a->umax, b->umax - 1) : a->umax;
	return r;
}

struct wide_range {
	wide lo, hi;
	bool is_any;
};

static void include(struct wide_range *r, wide v)
{
	r->lo = r->is_any ? MIN(r->lo, v) : v;
	r->hi = r->is_any ? MAX(r->hi, v) : v;
	r->is_any = true;
}

/* Quotients by the divisors lo .. hi, which are of one sign: monotonous in both, so the extremes
 * are at the ends. */
static void include_quotients(struct wide_range *r, const struct scalar *a, int64_t lo, int64_t hi)
{
	if (lo > hi)
		return;
	include(r, (wide)a->smin / lo);
	include(r, (wide)a->smin / hi);
	include(r, (wide)a->smax / lo);
	include(r, (wide)a->smax / hi);
}

/* INT64_MIN / -1 is 2^63, which meet_wide cuts as the instruction does. */
static struct scalar signed_divide(const struct scalar *a, const struct scalar *b)
{
	struct wide_range q = {.is_any = false};
	include_quotients(&q, a, b->smin, MIN(b->smax, -1));
	include_quotients(&q, a, MAX(b->smin, 1), b->smax);
	if (b->smin <= 0 && b->smax >= 0)
		include(&q, 0);
	struct view v = view_unknown(64);
	meet_wide(&v, q.lo, q.hi);
	struct scalar r = scalar_unknown;
	view_store(&r, &v);
	return r;
}

/* The result has the dividend's sign and is smaller than the divisor, both as distances from 0. */
static struct scalar signed_modulo(const struct scalar *a, const struct scalar *b)
{
	if (!b->umax)
		return *a;
	if (scalar_is_const(a) && scalar_is_const(b))
		return scalar_const((uint64_t)((wide)a->smin % b->smin));
	struct scalar r = scalar_unknown;
	r.smin = MIN(a->smin, 0);
	r.smax = MAX(a->smax, 0);
	if (b->smin <= 0 && b->smax >= 0)
		return r; /* by zero: as it was */
	wide farthest = b->smin > 0 ? (wide)b->smax : -(wide)b->smin;
	wide nearest = b->smin > 0 ? (wide)b->smin : -(wide)b->smax;
	if (a->smin > -nearest && a->smax < nearest)
		return *a;
	r.smin = (int64_t)MAX((wide)r.smin, 1 - farthest);
	r.smax = (int64_t)MIN((wide)r.smax, farthest - 1);
	return r;
}

void scalar_alu(struct scalar *dst, uint8_t op, bool is_32, bool is_signed,
                const struct scalar *src)
{
	struct scalar a = *dst, b = op == BPF_NEG ? *dst : *src;
	if (scalar_is_empty(&a) || scalar_is_empty(&b)) {
		scalar_make_empty(dst);
		return;
	}
	if (is_32) {
		bool as_signed = op == BPF_ARSH || (is_signed && (op == BPF_DIV || op == BPF_MOD));
		if (as_signed) {
			scalar_sext(&a, 32, false);
			scalar_sext(&b, 32, false);
		} else {
			scalar_zext32(&a);
			scalar_zext32(&b);
		}
	}
	switch (op) {
	case BPF_MOV:
		*dst = b;
		break;
	case BPF_NEG: {
		struct scalar zero = scalar_const(0);
		*dst = arithmetic(BPF_SUB, &zero, &a);
		break;
	}
	case BPF_LSH:
	case BPF_RSH:
	case BPF_ARSH:
		*dst = shift(op, &a, &b, is_32 ? 32 : 64);
		break;
	case BPF_DIV:
		*dst = is_signed ? signed_divide(&a, &b) : divide(&a, &b);
		break;
	case BPF_MOD:
		*dst = is_signed ? signed_modulo(&a, &b) : modulo(&a, &b);
		break;
	case BPF_ADD:
	case BPF_SUB:
	case BPF_MUL:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		*dst = arithmetic(op, &a, &b);
		break;
	default:
		*dst = scalar_unknown;
	}
	scalar_sync(dst);
	if (is_32)
		scalar_zext32(dst);
}

void scalar_zext32(struct scalar *s)
{
	if (scalar_is_empty(s))
		return;
	s->bits = tnum_cast(s->bits, 4);
	s->umin = s->u32_min;
	s->umax = s->u32_max;
	s->smin = (int64_t)s->umin;
	s->smax = (int64_t)s->umax;
	scalar_sync(s);
}

/* What the four ranges say about the low `bits`, as a view of it does for 32. */
static void meet_cut(const struct scalar *s, uint8_t bits, uint64_t *umin, uint64_t *umax,
                     int64_t *smin, int64_t *smax)
{
	const uint64_t all = UINT64_MAX >> (64 - bits);
	const uint64_t ends[][2] = {
	    {s->umin, s->umax},
	    {(uint64_t)s->smin, (uint64_t)s->smax},
	    {s->u32_min, s->u32_max},
	    {(uint64_t)(int64_t)s->s32_min, (uint64_t)(int64_t)s->s32_max},
	};
	*umin = 0;
	*umax = all;
	*smin = extend(UINT64_C(1) << (bits - 1), bits);
	*smax = ~*smin;
	for (int i = 0; i < 4; i++) {
		uint64_t lo = ends[i][0] & all, hi = ends[i][1] & all;
		if (ends[i][1] - ends[i][0] > all)
			continue;
		if (lo <= hi) {
			*umin = MAX(*umin, lo);
			*umax = MIN(*umax, hi);
		}
		if (extend(lo, bits) <= extend(hi, bits)) {
			*smin = MAX(*smin, extend(lo, bits));
			*smax = MIN(*smax, extend(hi, bits));
		}
	}
}

void scalar_truncate(struct scalar *s, uint8_t size_b)
{
	if (size_b >= 8 || scalar_is_empty(s))
		return;
	if (size_b == 4) {
		scalar_zext32(s);
		return;
	}
	struct scalar r = scalar_unknown;
	int64_t smin, smax;
	meet_cut(s, size_b * 8, &r.umin, &r.umax, &smin, &smax);
	r.bits = tnum_cast(s->bits, size_b);
	uint64_t all = UINT64_MAX >> (64 - size_b * 8);
	if ((smin < 0) == (smax < 0)) { /* then the order is the same */
		r.umin = MAX(r.umin, (uint64_t)smin & all);
		r.umax = MIN(r.umax, (uint64_t)smax & all);
	}
	*s = r;
	scalar_sync(s);
}

void scalar_sext(struct scalar *s, uint8_t from_bits, bool is_32)
{
	if (scalar_is_empty(s))
		return;
	if (from_bits < 64) {
		struct scalar r = scalar_unknown;
		uint64_t umin, umax;
		meet_cut(s, from_bits, &umin, &umax, &r.smin, &r.smax);
		if (extend(umin, from_bits) <= extend(umax, from_bits)) {
			r.smin = MAX(r.smin, extend(umin, from_bits));
			r.smax = MIN(r.smax, extend(umax, from_bits));
		}
		r.bits = tnum_arshift(tnum_lshift(s->bits, 64 - from_bits), 64 - from_bits, 64);
		if (from_bits == 32) { /* the low half stays */
			r.u32_min = s->u32_min;
			r.u32_max = s->u32_max;
			r.s32_min = s->s32_min;
			r.s32_max = s->s32_max;
		}
		*s = r;
		scalar_sync(s);
	}
	if (is_32)
		scalar_zext32(s);
}

void scalar_bswap(struct scalar *s, uint8_t width_bits, bool swaps)
{
	if (!swaps) {
		scalar_truncate(s, width_bits / 8);
		return;
	}
	if (scalar_is_empty(s))
		return;
	struct tnum bits = tnum_bswap(s->bits, width_bits, true);
	*s = scalar_unknown;
	s->bits = bits;
	scalar_sync(s);
}
