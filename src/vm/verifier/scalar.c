/* What is known about a number: making, comparing and printing it, and scalar_sync, by which what
 * one range says reaches the others.
 *
 * The trick of scalar_sync: an unsigned range and a signed one cut the numbers differently, but
 * within the numbers whose sign bit is clear, and within those where it is set, both are in the
 * same order. So the two ranges of a width are exactly two unsigned spans, one for each sign, and
 * every other fact (bits, the other width) narrows a span without caring about signs. */
#include "base/strbuf.h"
#include "vm/verifier/scalar_view.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

const struct scalar scalar_unknown = {
    .bits = {.value = 0, .mask = UINT64_MAX},
    .smin = INT64_MIN,
    .smax = INT64_MAX,
    .umin = 0,
    .umax = UINT64_MAX,
    .s32_min = INT32_MIN,
    .s32_max = INT32_MAX,
    .u32_min = 0,
    .u32_max = UINT32_MAX,
};

struct scalar scalar_const(uint64_t v)
{
	return (struct scalar){
	    .bits = tnum_const(v),
	    .smin = (int64_t)v,
	    .smax = (int64_t)v,
	    .umin = v,
	    .umax = v,
	    .s32_min = (int32_t)v,
	    .s32_max = (int32_t)v,
	    .u32_min = (uint32_t)v,
	    .u32_max = (uint32_t)v,
	};
}

struct scalar scalar_urange(uint64_t min, uint64_t max)
{
	struct scalar s = scalar_unknown;
	s.umin = min;
	s.umax = max;
	scalar_sync(&s);
	return s;
}

struct scalar scalar_srange(int64_t min, int64_t max)
{
	struct scalar s = scalar_unknown;
	s.smin = min;
	s.smax = max;
	scalar_sync(&s);
	return s;
}

bool scalar_is_const(const struct scalar *s)
{
	return !s->bits.mask;
}

bool scalar_is_const32(const struct scalar *s)
{
	return !(uint32_t)s->bits.mask;
}

bool scalar_is_empty(const struct scalar *s)
{
	return s->umin > s->umax || s->smin > s->smax || s->u32_min > s->u32_max ||
	       s->s32_min > s->s32_max;
}

void scalar_make_empty(struct scalar *s)
{
	*s = (struct scalar){
	    .smin = INT64_MAX,
	    .smax = INT64_MIN,
	    .umin = UINT64_MAX,
	    .umax = 0,
	    .s32_min = INT32_MAX,
	    .s32_max = INT32_MIN,
	    .u32_min = UINT32_MAX,
	    .u32_max = 0,
	};
}

bool scalar_equal(const struct scalar *a, const struct scalar *b)
{
	return a->bits.value == b->bits.value && a->bits.mask == b->bits.mask &&
	       a->smin == b->smin && a->smax == b->smax && a->umin == b->umin &&
	       a->umax == b->umax && a->s32_min == b->s32_min && a->s32_max == b->s32_max &&
	       a->u32_min == b->u32_min && a->u32_max == b->u32_max;
}

bool scalar_holds(const struct scalar *a, const struct scalar *b)
{
	if (scalar_is_empty(b))
		return true;
	return tnum_in(a->bits, b->bits) && a->smin <= b->smin && a->smax >= b->smax &&
	       a->umin <= b->umin && a->umax >= b->umax && a->s32_min <= b->s32_min &&
	       a->s32_max >= b->s32_max && a->u32_min <= b->u32_min && a->u32_max >= b->u32_max;
}

int64_t extend(uint64_t v, uint8_t width)
{
	return (int64_t)(v << (64 - width)) >> (64 - width);
}

struct view view_of(const struct scalar *s, uint8_t width)
{
	if (width == 32)
		return (struct view){s->u32_min, s->u32_max, s->s32_min, s->s32_max, width};
	return (struct view){s->umin, s->umax, s->smin, s->smax, width};
}

struct view view_unknown(uint8_t width)
{
	return view_of(&scalar_unknown, width);
}

void view_store(struct scalar *s, const struct view *v)
{
	if (v->width == 32) {
		s->u32_min = (uint32_t)v->umin;
		s->u32_max = (uint32_t)v->umax;
		s->s32_min = (int32_t)v->smin;
		s->s32_max = (int32_t)v->smax;
	} else {
		s->umin = v->umin;
		s->umax = v->umax;
		s->smin = v->smin;
		s->smax = v->smax;
	}
}

void view_meet_wrapping(struct view *v, uint64_t lo, uint64_t hi)
{
	if (v->width == 32) {
		lo = (uint32_t)lo;
		hi = (uint32_t)hi;
	}
	if (lo <= hi) {
		v->umin = MAX(v->umin, lo);
		v->umax = MIN(v->umax, hi);
	}
	int64_t slo = extend(lo, v->width), shi = extend(hi, v->width);
	if (slo <= shi) {
		v->smin = MAX(v->smin, slo);
		v->smax = MIN(v->smax, shi);
	}
}

/* Unsigned numbers lo .. hi; none if lo > hi. */
struct span {
	uint64_t lo, hi;
};

static const struct span no_span = {1, 0};

static bool is_none(struct span p)
{
	return p.lo > p.hi;
}

static struct span span_and(struct span a, struct span b)
{
	struct span r = {MAX(a.lo, b.lo), MIN(a.hi, b.hi)};
	return is_none(a) || is_none(b) || is_none(r) ? no_span : r;
}

/* The least span that has both. */
static struct span span_or(struct span a, struct span b)
{
	if (is_none(a))
		return b;
	if (is_none(b))
		return a;
	return (struct span){MIN(a.lo, b.lo), MAX(a.hi, b.hi)};
}

/* The two spans that the ranges of one width are: by the sign bit. */
struct halves {
	struct span plus, minus;
};

static struct halves split(const struct view *v)
{
	uint64_t all = v->width == 32 ? UINT32_MAX : UINT64_MAX;
	struct span u = {v->umin, v->umax};
	struct halves h = {no_span, no_span};
	if (v->smin > v->smax)
		return h;
	if (v->smax >= 0)
		h.plus = span_and(u, (struct span){(uint64_t)MAX(v->smin, 0), (uint64_t)v->smax});
	if (v->smin < 0)
		h.minus = span_and(
		    u, (struct span){(uint64_t)v->smin & all, (uint64_t)MIN(v->smax, -1) & all});
	return h;
}

static bool none_left(const struct halves *h)
{
	return is_none(h->plus) && is_none(h->minus);
}

/* The inverse of split, for halves that are not both empty. */
static void join(struct scalar *s, const struct halves *h, uint8_t width)
{
	const struct span *first = is_none(h->plus) ? &h->minus : &h->plus;
	const struct span *last = is_none(h->minus) ? &h->plus : &h->minus;
	struct view v = {first->lo, last->hi, extend(last->lo, width), extend(first->hi, width),
	                 width};
	view_store(s, &v);
}

/* The least number of `t` that is not below min; false if there is none. */
static bool tnum_at_least(struct tnum t, uint64_t min, uint64_t *ret)
{
	uint64_t wrong = (min ^ t.value) & ~t.mask;
	if (!wrong) {
		*ret = min;
		return true;
	}
	uint64_t below = UINT64_MAX >> __builtin_clzll(wrong); /* the highest wrong bit and below */
	if (t.value & (below ^ (below >> 1))) {
		/* It has to become 1: above min already, so the least of the rest. */
		*ret = (min & ~below) | (t.value & below);
		return true;
	}
	/* It has to become 0: a free bit above it must become 1 to make up for it. */
	uint64_t free_bits = t.mask & ~min & ~below;
	if (!free_bits)
		return false;
	uint64_t bit = free_bits & -free_bits;
	*ret = (min & ~(bit | (bit - 1))) | bit | (t.value & (bit - 1));
	return true;
}

static bool tnum_at_most(struct tnum t, uint64_t max, uint64_t *ret)
{
	struct tnum mirrored = {~t.value & ~t.mask, t.mask};
	if (!tnum_at_least(mirrored, ~max, ret))
		return false;
	*ret = ~*ret;
	return true;
}

static struct span span_and_tnum(struct span p, struct tnum t)
{
	if (is_none(p) || !tnum_at_least(t, p.lo, &p.lo) || !tnum_at_most(t, p.hi, &p.hi))
		return no_span;
	return is_none(p) ? no_span : p;
}

/* The low half must be in one of `low`'s spans: move each end to the nearest number where it is. */
static struct span span_and_low(struct span p, const struct halves *low)
{
	const uint64_t low_bits = UINT32_MAX;
	if (is_none(p) || none_left(low))
		return no_span;
	uint64_t least = is_none(low->plus) ? low->minus.lo : low->plus.lo;
	uint64_t most = is_none(low->minus) ? low->plus.hi : low->minus.hi;

	uint64_t l = p.lo & low_bits, top = p.lo & ~low_bits;
	if (!is_none(low->plus) && l <= low->plus.hi)
		p.lo = top | MAX(l, low->plus.lo);
	else if (!is_none(low->minus) && l <= low->minus.hi)
		p.lo = top | MAX(l, low->minus.lo);
	else if (top == ~low_bits)
		return no_span;
	else
		p.lo = (top + low_bits + 1) | least;

	l = p.hi & low_bits, top = p.hi & ~low_bits;
	if (!is_none(low->minus) && l >= low->minus.lo)
		p.hi = top | MIN(l, low->minus.hi);
	else if (!is_none(low->plus) && l >= low->plus.lo)
		p.hi = top | MIN(l, low->plus.hi);
	else if (!top)
		return no_span;
	else
		p.hi = (top - low_bits - 1) | most;
	return is_none(p) ? no_span : p;
}

/* `p`, a span of low halves, must be the low half of one of `whole`'s numbers. */
static struct span low_span_of(struct span p, struct span whole)
{
	if (is_none(whole))
		return no_span;
	if (whole.hi - whole.lo >= UINT32_MAX)
		return p;
	uint64_t lo = (uint32_t)whole.lo, hi = (uint32_t)whole.hi;
	if (lo <= hi)
		return span_and(p, (struct span){lo, hi});
	return span_or(span_and(p, (struct span){0, hi}),
	               span_and(p, (struct span){lo, UINT32_MAX}));
}

static struct span span_and_whole(struct span p, const struct halves *whole)
{
	return span_or(low_span_of(p, whole->plus), low_span_of(p, whole->minus));
}

/* The bits that every number of the halves has, if at least one of them has numbers of `t`. */
static struct tnum tnum_of(const struct halves *h, struct tnum t)
{
	struct tnum plus = tnum_intersect(t, tnum_range(h->plus.lo, h->plus.hi));
	struct tnum minus = tnum_intersect(t, tnum_range(h->minus.lo, h->minus.hi));
	if (is_none(h->plus))
		return minus;
	return is_none(h->minus) ? plus : tnum_union(plus, minus);
}

bool tnum_conflict(struct tnum a, struct tnum b)
{
	return (a.value ^ b.value) & ~(a.mask | b.mask);
}

/* One round: false if no number is left. */
static bool narrow(struct scalar *s)
{
	struct view v = view_of(s, 64), v32 = view_of(s, 32);
	struct halves h = split(&v), low = split(&v32);
	struct tnum low_bits = tnum_cast(s->bits, 4);

	low.plus = span_and_tnum(span_and_whole(low.plus, &h), low_bits);
	low.minus = span_and_tnum(span_and_whole(low.minus, &h), low_bits);
	h.plus = span_and_tnum(span_and_low(h.plus, &low), s->bits);
	h.minus = span_and_tnum(span_and_low(h.minus, &low), s->bits);
	if (none_left(&h) || none_left(&low))
		return false;
	join(s, &h, 64);
	join(s, &low, 32);

	struct tnum whole = tnum_of(&h, s->bits);
	low_bits = tnum_of(&low, low_bits);
	low_bits.mask |= ~(uint64_t)UINT32_MAX;
	if (tnum_conflict(whole, low_bits))
		return false;
	s->bits = tnum_intersect(whole, low_bits);
	return true;
}

/* Facts that contradict each other in a way that only their combination shows can push a range's
 * end one step a round for long; what is left out after so many rounds is precision alone. */
enum { ROUNDS_MAX = 8 };

void scalar_sync(struct scalar *s)
{
	if (scalar_is_const(s)) { /* the most frequent of all: it is in every range, or none is */
		struct scalar c = scalar_const(s->bits.value);
		if (scalar_holds(s, &c))
			*s = c;
		else
			scalar_make_empty(s);
		return;
	}
	for (int i = 0; i < ROUNDS_MAX; i++) {
		struct scalar before = *s;
		if (!narrow(s)) {
			scalar_make_empty(s);
			return;
		}
		if (scalar_equal(&before, s))
			return;
	}
}

/* Numbers of up to 16 bits read best in decimal, addresses and masks in hexadecimal: the bounds
 * are those of the kernel's log (kernel/bpf/log.c). */
static bool is_decimal(int64_t v, bool is_signed)
{
	return is_signed ? v >= INT16_MIN && v <= INT16_MAX : (uint64_t)v <= UINT16_MAX;
}

static void print_number(struct strbuf *out, int64_t v, bool is_signed)
{
	if (is_decimal(v, is_signed))
		sb_addf(out, "%lld", (long long)v);
	else
		sb_addf(out, "0x%llx", (unsigned long long)v);
}

struct bound {
	const char *name;
	int64_t v;
	bool is_signed, is_obvious;
};

/* As a number of 64 bits, so that equal ends of both widths print as one; but not with a sign
 * extended into hexadecimal digits. */
static int64_t end32(int32_t v)
{
	return is_decimal(v, true) ? v : (int64_t)(uint32_t)v;
}

static bool prints_alike(const struct bound *a, const struct bound *b)
{
	return a->v == b->v && (a->is_signed && a->v < 0) == (b->is_signed && b->v < 0);
}

void scalar_print(const struct scalar *s, struct strbuf *out)
{
	if (scalar_is_const(s) && !scalar_is_empty(s)) {
		print_number(out, (int64_t)s->bits.value, true);
		return;
	}
	struct bound bounds[] = {
	    {"smin", s->smin, true, s->smin == INT64_MIN},
	    {"smax", s->smax, true, s->smax == INT64_MAX},
	    {"umin", (int64_t)s->umin, false, s->umin == 0},
	    {"umax", (int64_t)s->umax, false, s->umax == UINT64_MAX},
	    {"smin32", end32(s->s32_min), true, s->s32_min == INT32_MIN},
	    {"smax32", end32(s->s32_max), true, s->s32_max == INT32_MAX},
	    {"umin32", s->u32_min, false, s->u32_min == 0},
	    {"umax32", s->u32_max, false, s->u32_max == UINT32_MAX},
	};
	const int n = sizeof(bounds) / sizeof(bounds[0]);
	const char *between = "(";
	for (int i = 0; i < n; i++) {
		if (bounds[i].is_obvious)
			continue;
		sb_addf(out, "%s%s=", between, bounds[i].name);
		between = ",";
		/* Least and greatest ends alternate: every second one is of the same kind. */
		for (int j = i + 2; j < n; j += 2) {
			if (bounds[j].is_obvious || !prints_alike(&bounds[i], &bounds[j]))
				continue;
			bounds[j].is_obvious = true;
			sb_addf(out, "%s=", bounds[j].name);
		}
		print_number(out, bounds[i].v, bounds[i].is_signed);
	}
	if (s->bits.mask != UINT64_MAX) {
		sb_addf(out, "%svar_off=(0x%llx; 0x%llx)", between,
		        (unsigned long long)s->bits.value, (unsigned long long)s->bits.mask);
		between = ",";
	}
	sb_adds(out, *between == '(' ? "()" : ")");
}
