/* Folding: constants, identities, address arithmetic, compare-and-branch.
 *
 * In: one instruction with final arguments (ir_simplify, which the builder calls for each it
 * makes), or a whole unit (ir_fold). Out: the simplest equal instruction.
 * The trick: there is one set of rules. The pass takes each block's instructions out and puts
 * them back through the builder, so what folds while building folds again when arguments have
 * become simpler.
 *
 * A rule may rely on what is known about a value's bits only where the kernel's verifier knows it
 * too: otherwise a mask a program wrote to please the verifier would go. */
#include "ir/ir.h"

#include <assert.h>

#include "ir/pass.h"

/* ---- arithmetic ------------------------------------------------------------------------ */

static uint64_t low_bits(unsigned n)
{
	return n >= 64 ? UINT64_MAX : (1ull << n) - 1;
}

static int64_t sign_extend(uint64_t x, unsigned bits)
{
	return bits >= 64 ? (int64_t)x : (int64_t)(x << (64 - bits)) >> (64 - bits);
}

bool ir_eval(enum ir_op op, uint8_t width, uint64_t x, uint64_t y, uint64_t *ret)
{
	unsigned bits = width * 8u;
	uint64_t mask = low_bits(bits), r;

	x &= mask;
	y &= mask;
	switch (op) {
	case IR_ADD:
		r = x + y;
		break;
	case IR_SUB:
		r = x - y;
		break;
	case IR_MUL:
		r = x * y;
		break;
	case IR_UDIV:
		r = y ? x / y : 0;
		break;
	case IR_UMOD:
		r = y ? x % y : x;
		break;
	case IR_AND:
		r = x & y;
		break;
	case IR_OR:
		r = x | y;
		break;
	case IR_XOR:
		r = x ^ y;
		break;
	case IR_SHL:
		r = x << (y & (bits - 1));
		break;
	case IR_SHR:
		r = x >> (y & (bits - 1));
		break;
	case IR_SAR:
		r = (uint64_t)(sign_extend(x, bits) >> (y & (bits - 1)));
		break;
	default:
		return false;
	}
	*ret = r & mask;
	return true;
}

bool ir_eval_cond(enum ir_cond cond, uint8_t width, uint64_t x, uint64_t y)
{
	unsigned bits = width * 8u;
	int64_t sx = sign_extend(x, bits), sy = sign_extend(y, bits);

	x &= low_bits(bits);
	y &= low_bits(bits);
	switch (cond) {
	case COND_EQ:
		return x == y;
	case COND_NE:
		return x != y;
	case COND_ULT:
		return x < y;
	case COND_ULE:
		return x <= y;
	case COND_UGT:
		return x > y;
	case COND_UGE:
		return x >= y;
	case COND_SLT:
		return sx < sy;
	case COND_SLE:
		return sx <= sy;
	case COND_SGT:
		return sx > sy;
	case COND_SGE:
		return sx >= sy;
	case COND_SET:
		return (x & y) != 0;
	default:
		__builtin_unreachable();
	}
}

enum ir_cond ir_cond_invert(enum ir_cond c)
{
	static const enum ir_cond other[COND_N] = {
	    [COND_EQ] = COND_NE,   [COND_NE] = COND_EQ,   [COND_ULT] = COND_UGE,
	    [COND_ULE] = COND_UGT, [COND_UGT] = COND_ULE, [COND_UGE] = COND_ULT,
	    [COND_SLT] = COND_SGE, [COND_SLE] = COND_SGT, [COND_SGT] = COND_SLE,
	    [COND_SGE] = COND_SLT, [COND_SET] = COND_N,
	};

	assert(c != COND_SET);
	return other[c];
}

enum ir_cond ir_cond_swap(enum ir_cond c)
{
	static const enum ir_cond other[COND_N] = {
	    [COND_EQ] = COND_EQ,   [COND_NE] = COND_NE,   [COND_ULT] = COND_UGT,
	    [COND_ULE] = COND_UGE, [COND_UGT] = COND_ULT, [COND_UGE] = COND_ULE,
	    [COND_SLT] = COND_SGT, [COND_SLE] = COND_SGE, [COND_SGT] = COND_SLT,
	    [COND_SGE] = COND_SLE, [COND_SET] = COND_SET,
	};

	return other[c];
}

/* ---- what is known about a value ------------------------------------------------------- */

/* Bits that may be set, counted from the lowest. Only what the verifier derives as well, so a
 * byte swap (which it takes for unknown) or a remainder counts for nothing. */
static unsigned bits_of(const struct ir_inst *i)
{
	unsigned n;

	switch (i->op) {
	case IR_CONST:
		return i->imm ? 64 - (unsigned)__builtin_clzll((uint64_t)i->imm) : 0;
	case IR_CMP:
		return 1;
	case IR_LOAD:
	case IR_EXT:
		if (i->is_signed || i->ptr != PTR_NONE)
			return 64;
		n = i->width * 8u;
		return n;
	case IR_AND:
		if (ir_is_const(i->args[1])) {
			n = bits_of(i->args[1]);
			return i->width == 4 && n > 32 ? 32 : n;
		}
		break;
	case IR_SHR:
		if (ir_is_const(i->args[1]) && i->width == 8)
			return 64 - (unsigned)(i->args[1]->imm & 63);
		break;
	default:
		break;
	}
	return i->op >= IR_ADD && i->op <= IR_SAR && i->width == 4 ? 32 : 64;
}

/* `i` with conversions taken off that do not touch its low `bits`. */
static struct ir_inst *low_part(struct ir_inst *i, unsigned bits)
{
	for (;;) {
		if (i->op == IR_EXT && i->width * 8u >= bits)
			i = i->args[0];
		else if (i->op == IR_AND && ir_is_const(i->args[1]) && i->width == 8 &&
		         ((uint64_t)i->args[1]->imm & low_bits(bits)) == low_bits(bits))
			i = i->args[0];
		else
			return i;
	}
}

static bool is_commutative(enum ir_op op)
{
	return op == IR_ADD || op == IR_MUL || op == IR_AND || op == IR_OR || op == IR_XOR;
}

static bool fits_s16(int64_t x)
{
	return x == (int16_t)x;
}

static int log2_exact(int64_t x)
{
	return x > 0 && !(x & (x - 1)) ? __builtin_ctzll((uint64_t)x) : -1;
}

/* ---- the rules ------------------------------------------------------------------------------
 * Each returns `i` unchanged (no rule fits), `i` changed (try again) or another value (done). */

static struct ir_inst *number(struct ir_builder *b, const struct ir_inst *i, int64_t value)
{
	struct span at = b->at;
	struct ir_inst *k;

	b->at = i->at;
	k = ir_const(b, value);
	b->at = at;
	return k;
}

/* i becomes `op x, k`. */
static struct ir_inst *become(struct ir_builder *b, struct ir_inst *i, enum ir_op op,
                              struct ir_inst *x, int64_t k)
{
	i->op = op;
	i->args[0] = x;
	i->args[1] = number(b, i, k);
	return i;
}

static struct ir_inst *same_twice(struct ir_builder *b, struct ir_inst *i)
{
	switch (i->op) {
	case IR_SUB:
	case IR_XOR:
		return number(b, i, 0);
	case IR_AND:
	case IR_OR:
		return i->width == 8 ? i->args[0] : i;
	default:
		return i;
	}
}

/* x op k, for 64-bit forms. */
static struct ir_inst *with_const(struct ir_builder *b, struct ir_inst *i, struct ir_inst *x,
                                  int64_t k)
{
	bool is_inner_const =
	    x->op == i->op && x->n_args == 2 && x->width == 8 && ir_is_const(x->args[1]);
	int64_t inner = is_inner_const ? x->args[1]->imm : 0;
	unsigned bits;
	int shift;

	switch (i->op) {
	case IR_ADD:
		if (!k)
			return x;
		if (x->op == IR_MAP_VALUE && (uint64_t)(x->imm + k) <= INT32_MAX) {
			i->op = IR_MAP_VALUE;
			i->ref = x->ref;
			i->imm = x->imm + k;
			i->n_args = 0;
			return i;
		}
		if (is_inner_const)
			return become(b, i, IR_ADD, x->args[0],
			              (int64_t)((uint64_t)inner + (uint64_t)k));
		return i;
	case IR_SUB:
		return become(b, i, IR_ADD, x, (int64_t)(0 - (uint64_t)k));
	case IR_MUL:
		if (k == 0)
			return number(b, i, 0);
		if (k == 1)
			return x;
		shift = log2_exact(k);
		return shift > 0 ? become(b, i, IR_SHL, x, shift) : i;
	case IR_UDIV:
		if (k == 0)
			return number(b, i, 0);
		if (k == 1)
			return x;
		shift = log2_exact(k);
		return shift > 0 ? become(b, i, IR_SHR, x, shift) : i;
	case IR_UMOD:
		if (k == 0)
			return x;
		if (k == 1)
			return number(b, i, 0);
		return log2_exact(k) > 0 ? become(b, i, IR_AND, x, k - 1) : i;
	case IR_AND:
		bits = bits_of(x);
		if (!((uint64_t)k & low_bits(bits)))
			return number(b, i, 0);
		if (((uint64_t)k & low_bits(bits)) == low_bits(bits))
			return x;
		if (k == UINT32_MAX) {
			i->op = IR_EXT;
			i->width = 4;
			i->is_signed = false;
			i->n_args = 1;
			return i;
		}
		if (x->op == IR_EXT && ((uint64_t)k >> (x->width * 8u)) == 0)
			return become(b, i, IR_AND, x->args[0], k);
		return is_inner_const ? become(b, i, IR_AND, x->args[0], inner & k) : i;
	case IR_OR:
		if (k == 0)
			return x;
		if (k == -1)
			return number(b, i, -1);
		return is_inner_const ? become(b, i, IR_OR, x->args[0], inner | k) : i;
	case IR_XOR:
		if (k == 0)
			return x;
		return is_inner_const ? become(b, i, IR_XOR, x->args[0], inner ^ k) : i;
	case IR_SHL:
	case IR_SHR:
	case IR_SAR:
		if (k != (k & 63))
			return become(b, i, i->op, x, k & 63);
		if (!k)
			return x;
		if (is_inner_const && (inner & 63) + k < 64)
			return become(b, i, i->op, x->args[0], (inner & 63) + k);
		/* (x << n) >> n is how C programs narrow. */
		if (i->op != IR_SHL && x->op == IR_SHL && x->width == 8 &&
		    ir_is_const(x->args[1]) && (x->args[1]->imm & 63) == k &&
		    (k == 32 || k == 48 || k == 56)) {
			i->is_signed = i->op == IR_SAR;
			i->op = IR_EXT;
			i->width = (uint8_t)((64 - k) / 8);
			i->args[0] = x->args[0];
			i->n_args = 1;
		}
		return i;
	default:
		return i;
	}
}

static struct ir_inst *simplify_bin(struct ir_builder *b, struct ir_inst *i)
{
	struct ir_inst *x = i->args[0], *y = i->args[1];
	uint64_t value;

	if (ir_is_const(x) && ir_is_const(y) &&
	    ir_eval(i->op, i->width, (uint64_t)x->imm, (uint64_t)y->imm, &value))
		return number(b, i, (int64_t)value);
	if (ir_is_const(x) && is_commutative(i->op)) {
		i->args[0] = y;
		i->args[1] = x;
		return i;
	}
	/* Integer arithmetic does not care what its operands point to. */
	if (i->ptr == PTR_NONE && (x->op == IR_VIEW || y->op == IR_VIEW)) {
		i->args[0] = ir_unview(x);
		i->args[1] = ir_unview(y);
		return i;
	}
	if (x == y)
		return same_twice(b, i);
	if (i->width != 8)
		return i;
	if (ir_is_const(y))
		return with_const(b, i, x, y->imm);
	if (i->op == IR_ADD && y->op == IR_NEG && y->width == 8) {
		i->op = IR_SUB;
		i->args[1] = y->args[0];
	}
	return i;
}

static struct ir_inst *simplify_ext(struct ir_builder *b, struct ir_inst *i)
{
	struct ir_inst *x = ir_unview(i->args[0]);
	unsigned bits = i->width * 8u, known = bits_of(x);
	struct ir_inst *part;

	if (ir_is_const(x))
		return number(b, i,
		              i->is_signed ? sign_extend((uint64_t)x->imm, bits)
		                           : (int64_t)((uint64_t)x->imm & low_bits(bits)));
	if (i->width == 8 || known < bits || (known == bits && !i->is_signed))
		return x;
	if (i->is_signed && x->is_signed && (x->op == IR_LOAD || x->op == IR_EXT) &&
	    x->width <= i->width)
		return x;
	part = low_part(x, bits);
	if (part != i->args[0]) {
		i->args[0] = part;
		return i;
	}
	if (!i->is_signed && i->width < 4) {
		/* One form for "the low bits": it combines with other masks. */
		struct ir_inst *mask = ir_inst_new(b->func, IR_AND, 2, i->at);

		mask->args[0] = x;
		mask->args[1] = number(b, i, (int64_t)low_bits(bits));
		return mask;
	}
	return i;
}

static struct ir_inst *simplify_bswap(struct ir_builder *b, struct ir_inst *i)
{
	struct ir_inst *x = i->args[0];
	unsigned bits = i->width * 8u;

	if (ir_is_const(x))
		return number(b, i, (int64_t)(__builtin_bswap64((uint64_t)x->imm) >> (64 - bits)));
	if (low_part(x, bits) != x)
		i->args[0] = low_part(x, bits);
	return i;
}

static struct ir_inst *simplify_neg(struct ir_builder *b, struct ir_inst *i)
{
	struct ir_inst *x = i->args[0];

	if (i->width != 8)
		return i;
	if (ir_is_const(x))
		return number(b, i, (int64_t)(0 - (uint64_t)x->imm));
	return x->op == IR_NEG && x->width == 8 ? x->args[0] : i;
}

static struct ir_inst *simplify_view(struct ir_builder *b, struct ir_inst *i)
{
	struct ir_inst *x = i->args[0];

	(void)b;
	if (x->ptr == i->ptr)
		return x;
	if (x->op == IR_VIEW)
		i->args[0] = x->args[0];
	return i;
}

/* Operands of a comparison, common to CMP and BRANCH. Returns 1 or 0 when decided, else -1; sets
 * *ret_changed when it changed `i`. */
static int compare(struct ir_builder *b, struct ir_inst *i, bool *ret_changed)
{
	struct ir_inst *x = i->args[0], *y = i->args[1];

	*ret_changed = false;
	if (ir_is_const(x) && ir_is_const(y))
		return ir_eval_cond(i->cond, i->width, (uint64_t)x->imm, (uint64_t)y->imm);
	if (x == y && i->cond != COND_SET)
		return ir_eval_cond(i->cond, i->width, 0, 0);
	*ret_changed = true;
	if (x->op == IR_VIEW || y->op == IR_VIEW) {
		i->args[0] = ir_unview(x);
		i->args[1] = ir_unview(y);
		return -1;
	}
	if (ir_is_const(x)) {
		i->args[0] = y;
		i->args[1] = x;
		i->cond = ir_cond_swap(i->cond);
		return -1;
	}
	if (ir_is_const(y) && i->width == 8) {
		uint64_t k = (uint64_t)y->imm, max = low_bits(bits_of(x));

		if (i->cond == COND_ULT && max < k)
			return 1;
		if (i->cond == COND_ULE && max <= k)
			return 1;
		if (i->cond == COND_UGT && max <= k)
			return 0;
		if (i->cond == COND_UGE && (max < k || !k))
			return max < k ? 0 : 1;
		if (i->cond == COND_EQ && k > max)
			return 0;
		if (i->cond == COND_NE && k > max)
			return 1;
		if (i->cond == COND_ULT && k == 1) {
			i->cond = COND_EQ;
			i->args[1] = number(b, i, 0);
			return -1;
		}
		if ((i->cond == COND_UGT && k == 0) || (i->cond == COND_UGE && k == 1)) {
			i->cond = COND_NE;
			i->args[1] = number(b, i, 0);
			return -1;
		}
		if ((i->cond == COND_EQ || i->cond == COND_NE) && x->op == IR_ADD &&
		    x->width == 8 && x->ptr == PTR_NONE && ir_is_const(x->args[1]) &&
		    x->args[0]->ptr == PTR_NONE) {
			i->args[0] = x->args[0];
			i->args[1] = number(b, i, (int64_t)(k - (uint64_t)x->args[1]->imm));
			return -1;
		}
	}
	*ret_changed = false;
	return -1;
}

/* Is it `(comparison) cond 0 or 1`, so that the comparison alone decides? *ret_same: with the
 * same outcome, or the opposite. */
static struct ir_inst *inner_compare(const struct ir_inst *i, bool *ret_same)
{
	struct ir_inst *x = i->args[0];

	if (x->op != IR_CMP || (i->cond != COND_EQ && i->cond != COND_NE))
		return NULL;
	if (ir_is_const_of(i->args[1], 0))
		*ret_same = i->cond == COND_NE;
	else if (ir_is_const_of(i->args[1], 1))
		*ret_same = i->cond == COND_EQ;
	else
		return NULL;
	return x;
}

static struct ir_inst *simplify_cmp(struct ir_builder *b, struct ir_inst *i)
{
	bool is_changed, is_same;
	struct ir_inst *inner;
	int known = compare(b, i, &is_changed);

	if (known >= 0)
		return number(b, i, known);
	inner = inner_compare(i, &is_same);
	if (!inner || (!is_same && inner->cond == COND_SET))
		return i;
	if (is_same)
		return inner;
	i->cond = ir_cond_invert(inner->cond);
	i->width = inner->width;
	i->args[0] = inner->args[0];
	i->args[1] = inner->args[1];
	return i;
}

static struct ir_inst *simplify_branch(struct ir_builder *b, struct ir_inst *i)
{
	struct ir_block *at = i->block;
	bool is_changed, is_same;
	struct ir_inst *inner;
	int known = at->succ[0] == at->succ[1] ? 1 : compare(b, i, &is_changed);

	if (known >= 0) {
		i->op = IR_JUMP;
		i->n_args = 0;
		at->succ[0] = at->succ[!known];
		at->succ[1] = NULL;
		return i;
	}
	inner = inner_compare(i, &is_same);
	if (!inner)
		return i;
	i->cond = inner->cond;
	i->width = inner->width;
	i->args[0] = inner->args[0];
	i->args[1] = inner->args[1];
	if (!is_same) {
		struct ir_block *then = at->succ[0];

		at->succ[0] = at->succ[1];
		at->succ[1] = then;
	}
	return i;
}

/* [x + k] + imm: the constant part belongs into the instruction's own offset. */
static struct ir_inst *simplify_memory(struct ir_builder *b, struct ir_inst *i)
{
	struct ir_inst *x = i->args[0];

	if (x->op == IR_ADD && x->width == 8 && ir_is_const(x->args[1]) &&
	    x->args[0]->ptr == x->ptr && fits_s16(x->args[1]->imm) &&
	    fits_s16(i->imm + x->args[1]->imm)) {
		i->imm += x->args[1]->imm;
		i->args[0] = x->args[0];
		return i;
	}
	/* All fields of one map value share the register that holds its start. */
	if (x->op == IR_MAP_VALUE && x->imm && fits_s16(i->imm + x->imm)) {
		i->imm += x->imm;
		i->args[0] = ir_map_value(b, x->ref, 0);
		return i;
	}
	if (i->op == IR_STORE && low_part(i->args[1], i->width * 8u) != i->args[1])
		i->args[1] = low_part(i->args[1], i->width * 8u);
	return i;
}

static struct ir_inst *simplify_phi(struct ir_builder *b, struct ir_inst *i)
{
	struct ir_inst *same = NULL;

	(void)b;
	for (uint32_t k = 0; k < i->n_args; k++) {
		struct ir_inst *arg = i->args[k];

		if (arg == i || arg == same)
			continue;
		if (same)
			return i;
		same = arg;
	}
	return same ? same : i;
}

typedef struct ir_inst *(*rule)(struct ir_builder *b, struct ir_inst *i);

/* clang-format off */
static const rule rules[IR_N_OPS] = {
	[IR_ADD] = simplify_bin, [IR_SUB] = simplify_bin, [IR_MUL] = simplify_bin,
	[IR_UDIV] = simplify_bin, [IR_UMOD] = simplify_bin, [IR_AND] = simplify_bin,
	[IR_OR] = simplify_bin, [IR_XOR] = simplify_bin, [IR_SHL] = simplify_bin,
	[IR_SHR] = simplify_bin, [IR_SAR] = simplify_bin,
	[IR_NEG] = simplify_neg, [IR_EXT] = simplify_ext, [IR_BSWAP] = simplify_bswap,
	[IR_VIEW] = simplify_view, [IR_CMP] = simplify_cmp, [IR_BRANCH] = simplify_branch,
	[IR_LOAD] = simplify_memory, [IR_STORE] = simplify_memory,
	[IR_ATOMIC] = simplify_memory, [IR_CMPXCHG] = simplify_memory,
	[IR_PHI] = simplify_phi,
};
/* clang-format on */

/* What decides whether a rule changed the instruction in place. */
struct face {
	enum ir_op op;
	enum ir_cond cond;
	int64_t imm;
	struct ir_inst *x, *y;
};

static struct face face_of(const struct ir_inst *i)
{
	return (struct face){.op = i->op,
	                     .cond = i->cond,
	                     .imm = i->imm,
	                     .x = i->n_args > 0 ? i->args[0] : NULL,
	                     .y = i->n_args > 1 ? i->args[1] : NULL};
}

struct ir_inst *ir_simplify(struct ir_builder *b, struct ir_inst *i)
{
	for (;;) {
		struct face before = face_of(i), after;
		struct ir_inst *r;

		if (!rules[i->op])
			return i;
		r = rules[i->op](b, i);
		if (r != i) {
			/* Something that is already there, or a fresh instruction (no block). */
			if (r->block)
				return r;
			i->op = r->op;
			i->width = r->width;
			i->n_args = r->n_args;
			i->args = r->args;
			continue;
		}
		after = face_of(i);
		if (i->op == IR_PHI ||
		    (before.op == after.op && before.cond == after.cond &&
		     before.imm == after.imm && before.x == after.x && before.y == after.y))
			return i;
	}
}

/* ---- the pass -------------------------------------------------------------------------- */

/* Put block `at` through the simplifier. Returns whether anything changed. */
static bool fold_block(struct ir_func *f, struct ir_block *at, struct ir_replace *r)
{
	struct ir_builder b = {.func = f, .block = at};
	struct ir_inst **old = at->insts.items;
	size_t n = at->insts.n;
	bool is_changed = false;

	at->insts.items = NULL;
	at->insts.n = at->insts.cap = 0;
	for (size_t k = 0; k < n; k++) {
		struct ir_inst *i = old[k], *simple;
		struct ir_block *succ[2] = {at->succ[0], at->succ[1]};
		struct face before;

		for (uint32_t arg = 0; arg < i->n_args; arg++)
			i->args[arg] = ir_replaced(r, i->args[arg]);
		before = face_of(i);
		b.at = i->at;
		if (i->op != IR_BRANCH)
			i->block = NULL;
		simple = ir_simplify(&b, i);
		if (simple != i) {
			r->by[i->id] = simple;
			is_changed = true;
			continue;
		}
		i->block = at;
		vec_push(ir_arena(f), &at->insts, i);
		if (before.op != i->op || before.x != (i->n_args ? i->args[0] : NULL) ||
		    before.imm != i->imm)
			is_changed = true;
		if (before.op == IR_BRANCH && i->op == IR_JUMP)
			ir_edge_remove(at, at->succ[0] == succ[0] ? succ[1] : succ[0]);
	}
	return is_changed;
}

/* Has control a way in? Blocks before it in reverse post order know by now. In a loop that has just
 * become unreachable a PHI is left with what comes round only, and folding it would make values
 * that depend on themselves. */
static bool is_reached(const struct ir_block *b, const bool *reached)
{
	vec_each (p, &b->preds) {
		if (reached[(*p)->id])
			return true;
	}
	return b == b->func->blocks.items[0];
}

static void fold_func(struct ir_func *f)
{
	bool is_changed = true;

	/* A loop's PHIs see what became of the body only the next time round. */
	for (int round = 0; is_changed && round < 8; round++) {
		own_scratch struct ir_scratch scratch = ir_scratch_begin(f->unit);
		struct arena *a = scratch.a;
		struct ir_replace r;
		struct ir_cfg *cfg;
		bool *reached;

		is_changed = ir_remove_unreachable(f);
		cfg = ir_cfg_create(a, f);
		r = ir_replace_create(a, f);
		reached = arena_array(a, bool, f->blocks.n);
		for (uint32_t k = 0; k < cfg->n_rpo; k++) {
			reached[cfg->rpo[k]->id] = is_reached(cfg->rpo[k], reached);
			if (reached[cfg->rpo[k]->id])
				is_changed |= fold_block(f, cfg->rpo[k], &r);
		}
		ir_replace_all(f, &r);
	}
	ir_remove_unreachable(f);
}

void ir_fold(struct ir_unit *u)
{
	vec_each (f, &u->funcs)
		fold_func(*f);
}
