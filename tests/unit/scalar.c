/* What is known about numbers, against numbers: scalars are built from small sets of concrete
 * values, then widened at random, and whatever an instruction makes of the values must be in what
 * the abstract operation makes of the scalars. Expected results are computed here anew. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <cmocka.h>

#include "base/strbuf.h"
#include "vm/verifier/scalar.h"

enum { VALUES_MAX = 4, RANDOM_ROUNDS = 200000 };

static uint64_t next(uint64_t *seed)
{
	uint64_t x = *seed += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static const uint64_t edges[] = {
    0,
    1,
    2,
    7,
    8,
    31,
    32,
    33,
    63,
    64,
    127,
    128,
    255,
    256,
    INT16_MAX,
    UINT16_MAX,
    INT32_MAX,
    (uint64_t)INT32_MAX + 1,
    UINT32_MAX,
    (uint64_t)UINT32_MAX + 1,
    INT64_MAX,
    (uint64_t)INT64_MAX + 1,
    UINT64_MAX,
    UINT64_MAX - 1,
    (uint64_t)INT32_MIN,
    (uint64_t)INT32_MIN - 1,
    UINT64_MAX << 32,
    0x8000000080000000u,
    0x7fffffff80000000u,
};
enum { N_EDGES = sizeof(edges) / sizeof(edges[0]) };

static uint64_t some_value(uint64_t *seed)
{
	uint64_t r = next(seed), v = edges[(r >> 8) % N_EDGES];
	switch (r & 7) {
	case 0:
	case 1:
		return v;
	case 2:
		return v + ((r >> 40) & 15) - 8;
	case 3:
		return (r >> 16) & 15;
	case 4:
		return -((r >> 16) & 15);
	case 5:
		return next(seed);
	case 6:
		return next(seed) >> ((r >> 16) & 63);
	default:
		return (uint64_t)((int64_t)next(seed) >> ((r >> 16) & 63));
	}
}

struct known {
	uint64_t v[VALUES_MAX];
	int n;
	struct scalar s;
};

#define LEAST(a, b) ((a) < (b) ? (a) : (b))
#define MOST(a, b) ((a) > (b) ? (a) : (b))

/* Everything true of all the values; then some of it forgotten, and what the rest says found. */
static struct known some_known(uint64_t *seed)
{
	struct known k = {.n = 1 + (int)(next(seed) % VALUES_MAX)};
	uint64_t first = some_value(seed), near = next(seed) & 1;
	struct scalar *s = &k.s;
	for (int i = 0; i < k.n; i++) {
		uint64_t v = i == 0 ? first : near ? first + next(seed) % 40 : some_value(seed);
		k.v[i] = v;
		if (i == 0) {
			*s = scalar_const(v);
			continue;
		}
		s->bits = tnum_union(s->bits, tnum_const(v));
		s->umin = LEAST(s->umin, v);
		s->umax = MOST(s->umax, v);
		s->smin = LEAST(s->smin, (int64_t)v);
		s->smax = MOST(s->smax, (int64_t)v);
		s->u32_min = LEAST(s->u32_min, (uint32_t)v);
		s->u32_max = MOST(s->u32_max, (uint32_t)v);
		s->s32_min = LEAST(s->s32_min, (int32_t)v);
		s->s32_max = MOST(s->s32_max, (int32_t)v);
	}
	uint64_t forget = next(seed);
	if (forget & 0x700)
		forget &= next(seed); /* keep much, mostly */
	if (forget & 1)
		s->bits = tnum_unknown;
	if (forget & 2)
		s->umin = 0;
	if (forget & 4)
		s->umax = UINT64_MAX;
	if (forget & 8)
		s->smin = INT64_MIN;
	if (forget & 16)
		s->smax = INT64_MAX;
	if (forget & 32)
		s->u32_min = 0, s->u32_max = UINT32_MAX;
	if (forget & 64)
		s->s32_min = INT32_MIN, s->s32_max = INT32_MAX;
	if (forget & 128) {
		s->bits.mask |= next(seed) & next(seed);
		s->bits.value &= ~s->bits.mask;
	}
	scalar_sync(s);
	return k;
}

static bool has(const struct scalar *s, uint64_t v)
{
	return (v & ~s->bits.mask) == s->bits.value && s->umin <= v && v <= s->umax &&
	       s->smin <= (int64_t)v && (int64_t)v <= s->smax && s->u32_min <= (uint32_t)v &&
	       (uint32_t)v <= s->u32_max && s->s32_min <= (int32_t)v && (int32_t)v <= s->s32_max;
}

static void check_has(const struct scalar *s, uint64_t v, const char *what, const struct known *a,
                      uint64_t x, const struct known *b, uint64_t y)
{
	if (has(s, v))
		return;
	struct strbuf t = {0};
	scalar_print(&a->s, &t);
	if (b) {
		sb_adds(&t, " and ");
		scalar_print(&b->s, &t);
	}
	sb_adds(&t, " give ");
	scalar_print(s, &t);
	sb_addf(&t, " which lacks 0x%llx, from 0x%llx and 0x%llx", (unsigned long long)v,
	        (unsigned long long)x, (unsigned long long)y);
	fail_msg("%s: %s", what, sb_str(&t));
}

/* No invariant may break: no bit both known and not, no ends beyond what the others allow. */
static void check_sane(const struct scalar *s)
{
	assert_int_equal(s->bits.value & s->bits.mask, 0);
	struct scalar again = *s;
	scalar_sync(&again);
	assert_true(scalar_holds(s, &again));
	assert_true(scalar_is_const(s) == (s->umin == s->umax && s->smin == s->smax));
}

static const struct {
	const char *name;
	uint8_t op;
	bool is_signed;
} ops[] = {
    {"add", BPF_ADD, 0},   {"sub", BPF_SUB, 0},  {"mul", BPF_MUL, 0},  {"div", BPF_DIV, 0},
    {"mod", BPF_MOD, 0},   {"sdiv", BPF_DIV, 1}, {"smod", BPF_MOD, 1}, {"or", BPF_OR, 0},
    {"and", BPF_AND, 0},   {"xor", BPF_XOR, 0},  {"lsh", BPF_LSH, 0},  {"rsh", BPF_RSH, 0},
    {"arsh", BPF_ARSH, 0}, {"neg", BPF_NEG, 0},  {"mov", BPF_MOV, 0},
};
enum { N_OPS = sizeof(ops) / sizeof(ops[0]) };

static uint64_t run64(uint8_t op, bool is_signed, uint64_t a, uint64_t b)
{
	int64_t sa = (int64_t)a, sb = (int64_t)b;
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		if (!b)
			return 0;
		if (!is_signed)
			return a / b;
		return sb == -1 ? -a : (uint64_t)(sa / sb);
	case BPF_MOD:
		if (!b)
			return a;
		if (!is_signed)
			return a % b;
		return sb == -1 ? 0 : (uint64_t)(sa % sb);
	case BPF_OR:
		return a | b;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & 63);
	case BPF_RSH:
		return a >> (b & 63);
	case BPF_ARSH:
		return (uint64_t)(sa >> (b & 63));
	case BPF_NEG:
		return -a;
	default:
		return b;
	}
}

static uint64_t run32(uint8_t op, bool is_signed, uint32_t a, uint32_t b)
{
	int32_t sa = (int32_t)a, sb = (int32_t)b;
	switch (op) {
	case BPF_DIV:
		if (!b)
			return 0;
		if (!is_signed)
			return a / b;
		return sb == -1 ? -a : (uint32_t)(sa / sb);
	case BPF_MOD:
		if (!b)
			return a;
		if (!is_signed)
			return a % b;
		return sb == -1 ? 0 : (uint32_t)(sa % sb);
	case BPF_LSH:
		return a << (b & 31);
	case BPF_RSH:
		return a >> (b & 31);
	case BPF_ARSH:
		return (uint32_t)(sa >> (b & 31));
	default:
		return (uint32_t)run64(op, is_signed, a, b);
	}
}

static void test_arithmetic_holds_results(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (int i = 0; i < RANDOM_ROUNDS; i++) {
		struct known a = some_known(&seed), b = some_known(&seed);
		int o = i % N_OPS;
		bool is_32 = next(&seed) & 1;
		struct scalar r = a.s;
		scalar_alu(&r, ops[o].op, is_32, ops[o].is_signed, &b.s);
		check_sane(&r);
		for (int x = 0; x < a.n; x++) {
			for (int y = 0; y < b.n; y++) {
				uint64_t v =
				    is_32 ? run32(ops[o].op, ops[o].is_signed, (uint32_t)a.v[x],
				                  (uint32_t)b.v[y])
				          : run64(ops[o].op, ops[o].is_signed, a.v[x], b.v[y]);
				check_has(&r, v, ops[o].name, &a, a.v[x], &b, b.v[y]);
			}
		}
	}
}

/* Every two edge values, alone: arithmetic on constants is exact. */
static void test_constants_are_exact(void **state)
{
	(void)state;
	for (int o = 0; o < N_OPS; o++) {
		for (int i = 0; i < N_EDGES * N_EDGES; i++) {
			uint64_t x = edges[i / N_EDGES], y = edges[i % N_EDGES];
			struct scalar a = scalar_const(x), b = scalar_const(y), r = a, w = a;
			scalar_alu(&r, ops[o].op, false, ops[o].is_signed, &b);
			scalar_alu(&w, ops[o].op, true, ops[o].is_signed, &b);
			struct scalar want = scalar_const(run64(ops[o].op, ops[o].is_signed, x, y));
			struct scalar want32 = scalar_const(
			    run32(ops[o].op, ops[o].is_signed, (uint32_t)x, (uint32_t)y));
			if (!scalar_equal(&r, &want) || !scalar_equal(&w, &want32))
				fail_msg("%s of 0x%llx and 0x%llx", ops[o].name,
				         (unsigned long long)x, (unsigned long long)y);
		}
	}
}

static const uint8_t jumps[] = {BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,  BPF_JLT, BPF_JLE,
                                BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET};
enum { N_JUMPS = sizeof(jumps) };

static bool is_taken(uint8_t op, bool is_32, uint64_t a, uint64_t b)
{
	int64_t sa = is_32 ? (int32_t)a : (int64_t)a, sb = is_32 ? (int32_t)b : (int64_t)b;
	if (is_32) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	case BPF_JSLE:
		return sa <= sb;
	default:
		return a & b;
	}
}

static void test_branches_hold_operands(void **state)
{
	(void)state;
	uint64_t seed = 2;
	for (int i = 0; i < RANDOM_ROUNDS; i++) {
		struct known a = some_known(&seed), b = some_known(&seed);
		if (next(&seed) % 3 == 0)
			b.v[0] = a.v[0], b.n = 1, b.s = scalar_const(a.v[0]);
		uint8_t op = jumps[i % N_JUMPS];
		bool is_32 = next(&seed) & 1;
		int verdict = scalar_branch(&a.s, op, is_32, &b.s);
		struct scalar ra[2], rb[2];
		for (int taken = 0; taken < 2; taken++) {
			ra[taken] = a.s;
			rb[taken] = b.s;
			scalar_refine(&ra[taken], &rb[taken], op, is_32, taken);
			assert_true(scalar_holds(&a.s, &ra[taken]));
			assert_true(scalar_holds(&b.s, &rb[taken]));
		}
		for (int x = 0; x < a.n; x++) {
			for (int y = 0; y < b.n; y++) {
				bool taken = is_taken(op, is_32, a.v[x], b.v[y]);
				if (verdict >= 0)
					assert_int_equal(verdict, taken);
				check_has(&ra[taken], a.v[x], "left operand", &a, a.v[x], &b,
				          b.v[y]);
				check_has(&rb[taken], b.v[y], "right operand", &a, a.v[x], &b,
				          b.v[y]);
			}
		}
	}
}

static uint64_t reverse(uint64_t v, int bits)
{
	uint64_t r = 0;
	for (int i = 0; i < bits; i += 8)
		r |= ((v >> i) & 255) << (bits - 8 - i);
	return r;
}

static void test_casts_hold_results(void **state)
{
	(void)state;
	uint64_t seed = 3;
	for (int i = 0; i < RANDOM_ROUNDS / 3; i++) {
		struct known a = some_known(&seed);
		for (int bits = 8; bits <= 64; bits *= 2) {
			struct scalar cut = a.s, ext = a.s, ext32 = a.s, rev = a.s, kept = a.s;
			scalar_truncate(&cut, (uint8_t)(bits / 8));
			scalar_sext(&ext, (uint8_t)bits, false);
			scalar_sext(&ext32, (uint8_t)bits, true);
			if (bits > 8) {
				scalar_bswap(&rev, (uint8_t)bits, true);
				scalar_bswap(&kept, (uint8_t)bits, false);
			}
			check_sane(&cut);
			check_sane(&ext);
			check_sane(&ext32);
			check_sane(&rev);
			for (int x = 0; x < a.n; x++) {
				uint64_t v = a.v[x], low = v << (64 - bits) >> (64 - bits);
				uint64_t wide =
				    (uint64_t)((int64_t)(v << (64 - bits)) >> (64 - bits));
				check_has(&cut, low, "truncate", &a, v, NULL, 0);
				check_has(&ext, wide, "sext", &a, v, NULL, 0);
				check_has(&ext32, (uint32_t)wide, "sext, 32 bits", &a, v, NULL, 0);
				if (bits == 8)
					continue;
				check_has(&rev, reverse(v, bits), "bswap", &a, v, NULL, 0);
				check_has(&kept, low, "bswap without a swap", &a, v, NULL, 0);
			}
		}
		struct scalar zext = a.s;
		scalar_zext32(&zext);
		for (int x = 0; x < a.n; x++)
			check_has(&zext, (uint32_t)a.v[x], "zext32", &a, a.v[x], NULL, 0);
	}
}

/* All tnums of four bits, all pairs, every operation: the result holds all, and AND, OR, XOR, ADD,
 * SUB and the shifts are the least that do. */
static bool next_tnum(struct tnum *t)
{
	do {
		if (t->value++ == 15) {
			t->value = 0;
			if (t->mask++ == 15)
				return false;
		}
	} while (t->value & t->mask);
	return true;
}

typedef struct tnum (*tnum_op)(struct tnum, struct tnum);

static uint64_t concrete(int o, uint64_t a, uint64_t b)
{
	switch (o) {
	case 0:
		return a + b;
	case 1:
		return a - b;
	case 2:
		return a & b;
	case 3:
		return a | b;
	case 4:
		return a ^ b;
	default:
		return a * b;
	}
}

static void test_tnums_exhaustively(void **state)
{
	(void)state;
	const tnum_op functions[] = {tnum_add, tnum_sub, tnum_and, tnum_or, tnum_xor, tnum_mul};
	for (struct tnum a = {0, 0}; next_tnum(&a);) {
		for (struct tnum b = {0, 0}; next_tnum(&b);) {
			for (int o = 0; o < 6; o++) {
				struct tnum least = {0, 0}, r = functions[o](a, b);
				bool is_first = true;
				for (uint64_t x = 0; x < 16; x++) {
					if ((x & ~a.mask) != a.value)
						continue;
					for (uint64_t y = 0; y < 16; y++) {
						if ((y & ~b.mask) != b.value)
							continue;
						struct tnum c = tnum_const(concrete(o, x, y));
						least = is_first ? c : tnum_union(least, c);
						is_first = false;
					}
				}
				assert_true(tnum_in(r, least));
				if (o < 5)
					assert_true(tnum_in(least, r));
			}
			if (tnum_in(a, b))
				assert_int_equal(tnum_intersect(a, b).mask, b.mask);
		}
	}
}

/* Ranges of a small number, exhaustively: the sync of any u64 and s64 range and any tnum finds the
 * least and the greatest number that fits, or that there is none. */
static void test_sync_is_exact_on_small_ranges(void **state)
{
	(void)state;
	for (int64_t lo = -6; lo < 7; lo++) {
		for (int64_t hi = lo; hi < 7; hi++) {
			for (struct tnum t = {0, 0}; next_tnum(&t);) {
				/* The sign and all above the low four bits are alike. */
				struct tnum wide = tnum_arshift(tnum_lshift(t, 60), 60, 64);
				struct scalar s = scalar_unknown;
				s.bits = wide;
				s.smin = lo;
				s.smax = hi;
				scalar_sync(&s);
				bool is_any = false;
				int64_t least = 0, most = 0;
				for (int64_t v = lo; v <= hi; v++) {
					if (((uint64_t)v & ~wide.mask) != wide.value)
						continue;
					least = is_any ? least : v;
					most = v;
					is_any = true;
				}
				assert_int_equal(scalar_is_empty(&s), !is_any);
				if (!is_any)
					continue;
				assert_int_equal(s.smin, least);
				assert_int_equal(s.smax, most);
				assert_int_equal(s.s32_min, least);
				assert_int_equal(s.s32_max, most);
			}
		}
	}
}

static void assert_prints(const struct scalar *s, const char *want)
{
	own_strbuf struct strbuf sb = {0};
	scalar_print(s, &sb);
	assert_string_equal(sb_str(&sb), want);
}

static struct scalar range(int64_t min, int64_t max)
{
	return scalar_srange(min, max);
}

static void test_arithmetic_is_precise(void **state)
{
	(void)state;
	const int64_t big = INT64_C(1) << 40;
	const struct {
		uint8_t op;
		bool is_32, is_signed;
		struct scalar a, b;
		int64_t min, max; /* the result, signed */
	} cases[] = {
	    {BPF_ADD, 0, 0, range(-5, 10), range(3, 4), -2, 14},
	    {BPF_ADD, 0, 0, range(-5, -1), range(5, 5), 0, 4},
	    {BPF_ADD, 0, 0, range(INT64_MAX - 1, INT64_MAX), range(2, 2), INT64_MIN, INT64_MIN + 1},
	    {BPF_ADD, 1, 0, range(-5, -1), range(5, 5), 0, 4},
	    {BPF_ADD, 1, 0, range(0, 10), range(-1, -1), 0, UINT32_MAX},
	    {BPF_SUB, 0, 0, range(0, 10), range(0, 3), -3, 10},
	    {BPF_SUB, 1, 0, range(20, 30), range(5, 6), 14, 25},
	    {BPF_MUL, 0, 0, range(-3, 4), range(-5, 6), -20, 24},
	    {BPF_MUL, 0, 0, range(2, 5), range(3, 7), 6, 35},
	    {BPF_MUL, 1, 0, range(2, 5), range(3, 7), 6, 35},
	    {BPF_DIV, 0, 0, range(100, 200), range(10, 20), 5, 20},
	    {BPF_DIV, 0, 0, range(100, 200), range(0, 20), 0, 200},
	    {BPF_DIV, 0, 0, range(64, 127), range(16, 16), 4, 7},
	    {BPF_DIV, 0, 1, range(-100, 50), range(-5, -2), -25, 50},
	    {BPF_DIV, 0, 1, range(-100, 50), range(-5, 5), -100, 100},
	    {BPF_MOD, 0, 0, range(0, 1000), range(7, 7), 0, 6},
	    {BPF_MOD, 0, 0, range(15, 18), range(7, 7), 1, 4},
	    {BPF_MOD, 0, 0, range(3, 5), range(7, 9), 3, 5},
	    {BPF_MOD, 0, 0, scalar_unknown, range(1, 10), 0, 9},
	    {BPF_MOD, 0, 1, scalar_unknown, range(-10, -3), -9, 9},
	    {BPF_MOD, 0, 1, range(0, INT64_MAX), range(10, 10), 0, 9},
	    {BPF_MOD, 0, 1, range(-2, 2), range(3, 5), -2, 2},
	    {BPF_AND, 0, 0, scalar_unknown, range(0xff, 0xff), 0, 0xff},
	    {BPF_AND, 0, 0, range(-8, 7), range(-8, 7), -8, 7},
	    {BPF_OR, 0, 0, range(-8, 7), range(-3, 2), -8, 7},
	    {BPF_OR, 0, 0, range(0, 5), range(8, 8), 8, 15},
	    {BPF_XOR, 0, 0, range(-8, 7), range(-3, 2), -8, 7},
	    {BPF_LSH, 0, 0, range(-3, 5), range(4, 4), -48, 80},
	    {BPF_LSH, 0, 0, range(1, 1), range(0, 5), 1, 32},
	    {BPF_LSH, 0, 0, range(3, 4), range(big, big + 2), 3, 16},
	    {BPF_RSH, 0, 0, range(100, 200), range(1, 2), 25, 100},
	    {BPF_RSH, 0, 0, scalar_unknown, range(60, 60), 0, 15},
	    {BPF_RSH, 1, 0, scalar_unknown, range(28, 28), 0, 15},
	    {BPF_ARSH, 0, 0, range(-100, 100), range(2, 3), -25, 25},
	    {BPF_ARSH, 0, 0, scalar_unknown, range(63, 63), -1, 0},
	    {BPF_NEG, 0, 0, range(-3, 9), range(0, 0), -9, 3},
	    {BPF_MOV, 1, 0, range(0, 0), range(-2, -1), UINT32_MAX - 1, UINT32_MAX},
	    {BPF_MOV, 0, 0, range(0, 0), range(-2, 5), -2, 5},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scalar r = cases[i].a;
		scalar_alu(&r, cases[i].op, cases[i].is_32, cases[i].is_signed, &cases[i].b);
		if (r.smin != cases[i].min || r.smax != cases[i].max)
			fail_msg("case %zu: [%lld, %lld], not [%lld, %lld]", i, (long long)r.smin,
			         (long long)r.smax, (long long)cases[i].min,
			         (long long)cases[i].max);
	}
}

static void test_branches_are_precise(void **state)
{
	(void)state;
	struct scalar odd = scalar_unknown, even = scalar_unknown;
	odd.bits = (struct tnum){1, ~UINT64_C(1)};
	even.bits = (struct tnum){0, ~UINT64_C(1)};
	const struct {
		uint8_t op;
		bool is_32;
		struct scalar a, b;
		int want;
	} cases[] = {
	    {BPF_JEQ, 0, range(1, 5), range(6, 9), 0},
	    {BPF_JEQ, 0, range(1, 5), range(5, 9), -1},
	    {BPF_JEQ, 0, range(4, 4), range(4, 4), 1},
	    {BPF_JEQ, 0, odd, even, 0},
	    {BPF_JNE, 1, odd, even, 1},
	    {BPF_JNE, 0, range(-3, -1), range(0, 3), 1},
	    {BPF_JGT, 0, range(6, 9), range(1, 5), 1},
	    {BPF_JGT, 0, range(0, 5), range(5, 5), 0},
	    {BPF_JGT, 0, range(-1, -1), range(0, 5), 1},
	    {BPF_JSGT, 0, range(-1, -1), range(0, 5), 0},
	    {BPF_JGE, 0, scalar_unknown, range(0, 0), 1},
	    {BPF_JLT, 0, scalar_unknown, range(0, 0), 0},
	    {BPF_JLE, 0, scalar_unknown, range(-1, -1), 1},
	    {BPF_JSLT, 0, range(-9, -1), range(0, 0), 1},
	    {BPF_JSLT, 1, scalar_unknown, range(INT32_MIN, INT32_MIN), 0},
	    {BPF_JSLE, 0, range(1, 2), range(-7, 0), 0},
	    {BPF_JSGE, 0, scalar_unknown, range(INT64_MIN, INT64_MIN), 1},
	    {BPF_JSET, 0, odd, range(1, 1), 1},
	    {BPF_JSET, 0, even, range(1, 1), 0},
	    {BPF_JSET, 0, even, range(3, 3), -1},
	    {BPF_JSET, 0, range(0, 7), range(8, 8), 0},
	    {BPF_JSET, 1, range(0, INT32_MAX), range(INT32_MIN, INT32_MIN), 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int got = scalar_branch(&cases[i].a, cases[i].op, cases[i].is_32, &cases[i].b);
		if (got != cases[i].want)
			fail_msg("case %zu: %d", i, got);
	}
}

static struct scalar after(struct scalar a, uint8_t op, bool is_32, struct scalar b, bool taken)
{
	scalar_refine(&a, &b, op, is_32, taken);
	return a;
}

static void test_refining_is_precise(void **state)
{
	(void)state;
	struct scalar s, any = scalar_unknown;
	s = after(any, BPF_JGT, false, scalar_const(10), false);
	assert_prints(&s, "(smin=smin32=0,smax=umax=smax32=umax32=10,var_off=(0x0; 0xf))");
	s = after(s, BPF_JNE, false, scalar_const(0), true);
	assert_int_equal(s.umin, 1);
	s = after(s, BPF_JEQ, false, scalar_const(10), false);
	assert_int_equal(s.smax, 9);
	s = after(any, BPF_JSLT, false, scalar_const(0), true);
	assert_int_equal(s.umin, UINT64_C(1) << 63);
	s = after(any, BPF_JSET, false, scalar_const(8), true);
	assert_int_equal(s.bits.value, 8);
	s = after(any, BPF_JSET, false, scalar_const(7), false);
	assert_true(tnum_is_aligned(s.bits, 8));
	s = after(any, BPF_JEQ, true, scalar_const(5), true);
	assert_true(scalar_is_const32(&s));
	assert_false(scalar_is_const(&s));
	/* A multiple of four below 11 is at most 8. */
	s = after(any, BPF_JSET, false, scalar_const(3), false);
	s = after(s, BPF_JLT, false, scalar_const(11), true);
	assert_int_equal(s.umax, 8);
	/* A small 64-bit range whose low half is known to be not negative. */
	s = after(scalar_srange(-4, 100), BPF_JSGE, true, scalar_const(0), true);
	assert_int_equal(s.smin, 0);
	assert_int_equal(s.umax, 100);
	/* Numbers of different low halves are not equal. */
	s = after(any, BPF_JSGT, true, scalar_const(0), false);
	struct scalar positive = after(any, BPF_JSGT, true, scalar_const(0), true);
	assert_int_equal(scalar_branch(&s, BPF_JEQ, false, &positive), 0);
	/* A shift by 32 and more has only the low half to shift. */
	s = scalar_unknown;
	s.s32_max = 7;
	struct scalar by = scalar_const(32);
	scalar_alu(&s, BPF_LSH, false, false, &by);
	assert_int_equal(s.smax, INT64_C(7) << 32);
	/* The other operand learns too. */
	struct scalar a = scalar_urange(20, 30), b = scalar_urange(0, 25);
	scalar_refine(&a, &b, BPF_JLT, false, true);
	assert_int_equal(a.umax, 24);
	assert_int_equal(b.umin, 21);
	/* Unsigned and signed bounds that cross: only [0, 10] is in both. */
	s = scalar_unknown;
	s.smin = -5;
	s.smax = 10;
	s.umax = UINT64_MAX - 5;
	scalar_sync(&s);
	assert_int_equal(s.smin, 0);
	assert_int_equal(s.umax, 10);
	s = after(scalar_const(3), BPF_JNE, false, scalar_const(3), true);
	assert_true(scalar_is_empty(&s));
}

static void test_casts_are_precise(void **state)
{
	(void)state;
	struct scalar s = scalar_srange(-3, 5);
	scalar_sext(&s, 8, false);
	assert_int_equal(s.smin, -3);
	assert_int_equal(s.smax, 5);
	s = scalar_urange(250, 260);
	scalar_sext(&s, 8, false);
	assert_int_equal(s.smin, -6);
	assert_int_equal(s.smax, 4);
	s = scalar_unknown;
	scalar_sext(&s, 16, true);
	assert_int_equal(s.umax, UINT32_MAX);
	assert_int_equal(s.s32_min, INT16_MIN);
	s = scalar_unknown;
	scalar_truncate(&s, 1);
	assert_int_equal(s.umax, 255);
	s = scalar_urange(0x1234567800, 0x1234567810);
	scalar_truncate(&s, 1);
	assert_int_equal(s.umax, 0x10);
	s = scalar_unknown;
	scalar_bswap(&s, 16, true);
	assert_int_equal(s.umax, UINT16_MAX);
	s = scalar_urange(0, 255);
	scalar_bswap(&s, 32, true);
	assert_int_equal(s.umax, UINT64_C(0xff000000));
	assert_true(tnum_is_aligned(s.bits, 1 << 24));
}

static void test_prints_as_the_kernel_does(void **state)
{
	(void)state;
	struct scalar s = scalar_unknown;
	assert_prints(&s, "()");
	s = scalar_const(7);
	assert_prints(&s, "7");
	s = scalar_const((uint64_t)-7);
	assert_prints(&s, "-7");
	s = scalar_const(0xdeadbeef);
	assert_prints(&s, "0xdeadbeef");
	s = scalar_urange(0, 255);
	assert_prints(&s, "(smin=smin32=0,smax=umax=smax32=umax32=255,var_off=(0x0; 0xff))");
	s = scalar_srange(-4, 3);
	assert_prints(&s, "(smin=smin32=-4,smax=smax32=3)");
	s = scalar_unknown;
	scalar_zext32(&s);
	assert_prints(&s, "(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_arithmetic_holds_results),
	    cmocka_unit_test(test_constants_are_exact),
	    cmocka_unit_test(test_branches_hold_operands),
	    cmocka_unit_test(test_casts_hold_results),
	    cmocka_unit_test(test_tnums_exhaustively),
	    cmocka_unit_test(test_sync_is_exact_on_small_ranges),
	    cmocka_unit_test(test_arithmetic_is_precise),
	    cmocka_unit_test(test_branches_are_precise),
	    cmocka_unit_test(test_refining_is_precise),
	    cmocka_unit_test(test_casts_are_precise),
	    cmocka_unit_test(test_prints_as_the_kernel_does),
	};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
