/* Call frame information: sections to rows.
 *
 * Input: the bytes of .eh_frame (LSB core specification, "DWARF Extensions") or .debug_frame (DWARF
 * 5, section 6.4). Output: for each function (FDE) the addresses at which the rule changes. Only
 * what walking needs is followed: the frame address, the return address and the frame pointer; what
 * is said of other registers is read over.
 *
 * Expressions are not run but recognised: the few forms that compilers, the linker's PLT and the C
 * library's signal trampoline use. */
#include <string.h>

#include "unwind/unwind_priv.h"

enum {
	EH_PE_ABSPTR = 0x00,
	EH_PE_ULEB128 = 0x01,
	EH_PE_UDATA2 = 0x02,
	EH_PE_UDATA4 = 0x03,
	EH_PE_UDATA8 = 0x04,
	EH_PE_SLEB128 = 0x09,
	EH_PE_SDATA2 = 0x0a,
	EH_PE_SDATA4 = 0x0b,
	EH_PE_SDATA8 = 0x0c,
	EH_PE_FORMAT = 0x0f,
	EH_PE_PCREL = 0x10,
	EH_PE_TEXTREL = 0x20,
	EH_PE_DATAREL = 0x30,
	EH_PE_FUNCREL = 0x40,
	EH_PE_BASE = 0x70,
	EH_PE_OMIT = 0xff,

	MOST_REMEMBERED = 16,
	MOST_ROWS_OF_FUNC = 1 << 20,
};

/* Registers by DWARF number. */
enum { X86_BP = 6, X86_SP = 7, X86_RA = 16, ARM64_FP = 29, ARM64_LR = 30, ARM64_SP = 31 };

/* ---- bytes ---------------------------------------------------------------------------------- */

struct bytes {
	const uint8_t *p, *end;
	bool is_bad; /* read past the end: all that follows is 0 */
};

static uint64_t take(struct bytes *b, size_t n)
{
	uint64_t v = 0;

	if ((size_t)(b->end - b->p) < n) {
		b->is_bad = true;
		b->p = b->end;
		return 0;
	}
	memcpy(&v, b->p, n); /* both machines are little endian, as is this one */
	b->p += n;
	return v;
}

static uint64_t take_uleb(struct bytes *b)
{
	uint64_t v = 0;

	for (unsigned shift = 0;; shift += 7) {
		uint64_t byte = take(b, 1);

		if (shift < 64)
			v |= (byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return v;
	}
}

static int64_t take_sleb(struct bytes *b)
{
	uint64_t v = 0, byte;
	unsigned shift = 0;

	do {
		byte = take(b, 1);
		if (shift < 64)
			v |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && byte & 0x40)
		v |= UINT64_MAX << shift;
	return (int64_t)v;
}

static struct bytes take_block(struct bytes *b, uint64_t len_b)
{
	struct bytes block = {b->p, b->p, false};

	if (len_b > (uint64_t)(b->end - b->p)) {
		b->is_bad = true;
		b->p = b->end;
		return block;
	}
	block.end = b->p += len_b;
	return block;
}

/* A pointer in the encoding given; `at` the section's own bytes are needed for what is relative to
 * the place. Indirect ones (personality routines) are read, not followed. */
static uint64_t take_pointer(struct bytes *b, const struct cfi_section *s, uint8_t encoding)
{
	uint64_t place = s->address + (uint64_t)(b->p - s->bytes), v;

	switch (encoding & EH_PE_FORMAT) {
	case EH_PE_ABSPTR:
	case EH_PE_UDATA8:
	case EH_PE_SDATA8:
		v = take(b, 8);
		break;
	case EH_PE_ULEB128:
		v = take_uleb(b);
		break;
	case EH_PE_SLEB128:
		v = (uint64_t)take_sleb(b);
		break;
	case EH_PE_UDATA2:
		v = take(b, 2);
		break;
	case EH_PE_SDATA2:
		v = (uint64_t)(int64_t)(int16_t)take(b, 2);
		break;
	case EH_PE_UDATA4:
		v = take(b, 4);
		break;
	case EH_PE_SDATA4:
		v = (uint64_t)(int64_t)(int32_t)take(b, 4);
		break;
	default:
		b->is_bad = true;
		return 0;
	}
	switch (encoding & EH_PE_BASE) {
	case EH_PE_PCREL:
		return v + place;
	case EH_PE_TEXTREL:
		return v + s->text;
	case EH_PE_DATAREL:
		return v + s->got;
	default:
		return v;
	}
}

/* ---- the state of the table's machine ------------------------------------------------------- */

enum how { HOW_UNSAID, HOW_UNDEFINED, HOW_SAME, HOW_AT_CFA, HOW_EXPRESSION, HOW_UNKNOWN };

struct reg {
	enum how how;
	int64_t off_b;
	struct bytes expression; /* of the address */
};

struct state {
	bool cfa_is_expression;
	uint64_t cfa_reg;
	int64_t cfa_off_b;
	struct bytes cfa_expression;
	struct reg ra, fp;
};

struct cie {
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra_reg;
	uint8_t encoding, lsda_encoding;
	bool has_augmentation_data, is_signal;
	struct bytes initial;
	bool is_good;
};

struct reader {
	const struct cfi_section *s;
	struct cfi_rows *out;
	size_t cie_at; /* the one parsed last */
	struct cie cie;
	uint64_t fp_reg, sp_reg;
	/* the function that is read */
	uint64_t loc;
	struct state now, initial, remembered[MOST_REMEMBERED];
	unsigned n_remembered;
};

/* ---- expressions ---------------------------------------------------------------------------- */

/* DWARF 5, section 7.7.1 */
enum {
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST1S = 0x09,
	OP_CONST2U = 0x0a,
	OP_CONST2S = 0x0b,
	OP_AND = 0x1a,
	OP_MINUS = 0x1c,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_GE = 0x2a,
	OP_LIT0 = 0x30,
	OP_LIT31 = 0x4f,
	OP_BREG0 = 0x70,
	OP_BREG31 = 0x8f,
};

/* A register plus an offset, and perhaps the word there, plus another. */
struct place {
	uint64_t reg;
	int64_t off_b, beyond_b;
	bool is_deref;
};

static bool recognise(struct bytes e, struct place *ret)
{
	uint8_t op = (uint8_t)take(&e, 1);

	*ret = (struct place){0};
	if (e.is_bad || op < OP_BREG0 || op > OP_BREG31)
		return false;
	ret->reg = op - OP_BREG0;
	ret->off_b = take_sleb(&e);
	while (e.p < e.end) {
		int64_t n = 0, *to;

		op = (uint8_t)take(&e, 1);
		if (op == OP_DEREF && !ret->is_deref) {
			ret->is_deref = true;
			continue;
		}
		if (op == OP_PLUS_UCONST) {
			n = (int64_t)take_uleb(&e);
		} else {
			if (op >= OP_LIT0 && op <= OP_LIT31)
				n = op - OP_LIT0;
			else if (op == OP_CONST1U)
				n = (int64_t)take(&e, 1);
			else if (op == OP_CONST1S)
				n = (int8_t)take(&e, 1);
			else if (op == OP_CONST2U)
				n = (int64_t)take(&e, 2);
			else if (op == OP_CONST2S)
				n = (int16_t)take(&e, 2);
			else
				return false;
			op = (uint8_t)take(&e, 1);
			if (op == OP_MINUS)
				n = -n;
			else if (op != OP_PLUS)
				return false;
		}
		to = ret->is_deref ? &ret->beyond_b : &ret->off_b;
		*to = (int64_t)((uint64_t)*to + (uint64_t)n);
	}
	return !e.is_bad;
}

/* What linkers write for .plt, whose entries push one word: sp + 8 + ((pc & 15) >= K) * 8. */
static bool recognise_plt(struct bytes e, int32_t *ret_off_b, uint8_t *ret_k)
{
	static const uint8_t before[] = {OP_BREG0 + X86_RA, 0, OP_LIT0 + 15, OP_AND};
	static const uint8_t after[] = {OP_GE, OP_LIT0 + 3, OP_SHL, OP_PLUS};
	int64_t off_b;
	uint8_t k;

	if (take(&e, 1) != OP_BREG0 + X86_SP)
		return false;
	off_b = take_sleb(&e);
	if (e.is_bad || e.end - e.p != sizeof(before) + 1 + sizeof(after) ||
	    memcmp(e.p, before, sizeof(before)) != 0)
		return false;
	e.p += sizeof(before);
	k = (uint8_t)(take(&e, 1) - OP_LIT0);
	if (k > 15 || memcmp(e.p, after, sizeof(after)) != 0 || off_b < 0 || off_b > 4096)
		return false;
	*ret_off_b = (int32_t)off_b;
	*ret_k = k;
	return true;
}

/* ---- state to rule -------------------------------------------------------------------------- */

static bool small(int64_t off_b)
{
	return off_b >= -(1 << (UNWIND_OFF_BITS - 1)) && off_b < 1 << (UNWIND_OFF_BITS - 1);
}

static bool cfa_of(const struct reader *r, struct unwind_rule *ret)
{
	const struct state *n = &r->now;
	struct place at = {.reg = n->cfa_reg, .off_b = n->cfa_off_b};

	if (n->cfa_is_expression) {
		if (!r->s->is_arm64 && recognise_plt(n->cfa_expression, &ret->off_b, &ret->param)) {
			ret->cfa = UNWIND_PLT;
			return true;
		}
		if (!recognise(n->cfa_expression, &at))
			return false;
	}
	if (!small(at.off_b) || at.beyond_b < 0 || at.beyond_b & 7 ||
	    at.beyond_b / 8 >= 1 << UNWIND_PARAM_BITS)
		return false;
	ret->off_b = (int32_t)at.off_b;
	ret->param = (uint8_t)(at.beyond_b / 8);
	if (at.reg == r->sp_reg) {
		ret->cfa = at.is_deref ? UNWIND_SP_DEREF : UNWIND_SP;
	} else if (at.reg == r->fp_reg) {
		ret->cfa = at.is_deref ? UNWIND_FP_DEREF : UNWIND_FP;
	} else if (!at.is_deref && at.reg < 32) {
		ret->cfa = UNWIND_REG;
		ret->param = (uint8_t)at.reg;
	} else {
		return false;
	}
	return true;
}

static bool saved_of(const struct reader *r, const struct reg *g, struct unwind_saved *ret)
{
	struct place at;

	switch (g->how) {
	case HOW_UNSAID:
	case HOW_UNDEFINED: /* nobody looks at it any more: as it is */
	case HOW_SAME:
		ret->base = UNWIND_SAME;
		return true;
	case HOW_AT_CFA:
		ret->base = UNWIND_AT_CFA;
		ret->off_b = (int32_t)g->off_b;
		return small(g->off_b) && !(g->off_b & 7);
	case HOW_EXPRESSION:
		if (!recognise(g->expression, &at) || at.is_deref || !small(at.off_b) ||
		    at.off_b & 7)
			return false;
		ret->off_b = (int32_t)at.off_b;
		ret->base = at.reg == r->sp_reg ? UNWIND_AT_SP : UNWIND_AT_FP;
		return at.reg == r->sp_reg || at.reg == r->fp_reg;
	default:
		return false;
	}
}

/* arm64 saves at the end of a frame that may be larger than such an offset: count from there. */
static void bring_near(const struct unwind_rule *rule, struct unwind_saved *s)
{
	enum { FAR_B = 8 << (UNWIND_SAVED_BITS - 1) };

	if (s->base != UNWIND_AT_CFA || (s->off_b >= -FAR_B && s->off_b < FAR_B) ||
	    (rule->cfa != UNWIND_SP && rule->cfa != UNWIND_FP))
		return;
	s->base = rule->cfa == UNWIND_SP ? UNWIND_AT_SP : UNWIND_AT_FP;
	s->off_b += rule->off_b;
}

static uint64_t rule_of(const struct reader *r)
{
	struct unwind_rule rule = {.is_signal = r->cie.is_signal};

	if (r->cie.is_signal && r->s->is_arm64) {
		rule.cfa = UNWIND_SP_DEREF;
		rule.off_b = UNWIND_ARM64_SIGFRAME_SP;
		rule.ra = (struct unwind_saved){UNWIND_AT_SP, UNWIND_ARM64_SIGFRAME_PC};
		rule.fp = (struct unwind_saved){UNWIND_AT_SP, UNWIND_ARM64_SIGFRAME_FP};
		return unwind_rule_pack(&rule);
	}
	if (r->now.ra.how == HOW_UNDEFINED) {
		rule = (struct unwind_rule){.cfa = UNWIND_END};
		return unwind_rule_pack(&rule);
	}
	if (!cfa_of(r, &rule) || !saved_of(r, &r->now.ra, &rule.ra))
		return 0;
	/* Without the frame pointer one can go on, as long as nobody above needs it. */
	if (!saved_of(r, &r->now.fp, &rule.fp))
		rule.fp = (struct unwind_saved){UNWIND_SAME, 0};
	bring_near(&rule, &rule.ra);
	bring_near(&rule, &rule.fp);
	if (rule.ra.base == UNWIND_SAME && !r->s->is_arm64)
		return 0; /* a return address in a register: x86-64 has none */
	return unwind_rule_pack(&rule);
}

/* ---- instructions --------------------------------------------------------------------------- */

static struct reg *tracked(struct reader *r, uint64_t reg)
{
	return reg == r->cie.ra_reg ? &r->now.ra : reg == r->fp_reg ? &r->now.fp : NULL;
}

static void set(struct reader *r, uint64_t reg, enum how how, int64_t off_b)
{
	struct reg *g = tracked(r, reg);

	if (g)
		*g = (struct reg){.how = how, .off_b = off_b};
}

static void set_expression(struct reader *r, uint64_t reg, struct bytes e)
{
	struct reg *g = tracked(r, reg);

	if (g)
		*g = (struct reg){.how = HOW_EXPRESSION, .expression = e};
}

static void restore(struct reader *r, uint64_t reg)
{
	struct reg *g = tracked(r, reg);

	if (g)
		*g = g == &r->now.ra ? r->initial.ra : r->initial.fp;
}

static int64_t scaled(const struct reader *r, uint64_t factor)
{
	return (int64_t)(factor * (uint64_t)r->cie.data_align);
}

static void define_cfa(struct reader *r, uint64_t reg, int64_t off_b)
{
	r->now.cfa_is_expression = false;
	r->now.cfa_reg = reg;
	r->now.cfa_off_b = off_b;
}

static void add_row(struct reader *r, uint64_t rule)
{
	struct cfi_func *f = &vec_last(&r->out->funcs);
	struct cfi_row *last = f->n_rows ? &vec_last(&r->out->rows) : NULL;

	if (last && last->pc == r->loc) {
		last->rule = rule;
		return;
	}
	if (last && last->rule == rule)
		return;
	vec_push(NULL, &r->out->rows, ((struct cfi_row){r->loc, rule}));
	f->n_rows++;
}

/* What held up to here is a row; the state goes on from `to`. */
static bool advance(struct reader *r, uint64_t to)
{
	const struct cfi_func *f = &vec_last(&r->out->funcs);

	add_row(r, rule_of(r));
	if (to < r->loc || to > f->end || f->n_rows > MOST_ROWS_OF_FUNC)
		return false;
	r->loc = to;
	return true;
}

/* DWARF 5, section 6.4.2, and table 7.29 */
enum {
	CFA_ADVANCE_LOC = 0x40,
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_NOP = 0x00,
	CFA_SET_LOC = 0x01,
	CFA_ADVANCE_LOC1 = 0x02,
	CFA_ADVANCE_LOC2 = 0x03,
	CFA_ADVANCE_LOC4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07,
	CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09,
	CFA_REMEMBER_STATE = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_AARCH64_NEGATE_RA_STATE_WITH_PC = 0x2c,
	CFA_AARCH64_NEGATE_RA_STATE = 0x2d, /* the walker takes the signature off in any case */
	CFA_GNU_ARGS_SIZE = 0x2e,
	CFA_GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
};

static bool run_one(struct reader *r, struct bytes *b, bool is_initial)
{
	uint8_t byte = (uint8_t)take(b, 1), op = byte & 0xc0 ? byte & 0xc0 : byte;
	uint64_t reg, n;

	switch (op) {
	case CFA_ADVANCE_LOC:
		return is_initial ? false : advance(r, r->loc + (byte & 0x3f) * r->cie.code_align);
	case CFA_ADVANCE_LOC1:
	case CFA_ADVANCE_LOC2:
	case CFA_ADVANCE_LOC4:
		n = take(b, (size_t)1 << (op - CFA_ADVANCE_LOC1));
		return is_initial ? false : advance(r, r->loc + n * r->cie.code_align);
	case CFA_SET_LOC:
		n = take_pointer(b, r->s, r->cie.encoding);
		return is_initial ? false : advance(r, n);
	case CFA_OFFSET:
		set(r, byte & 0x3f, HOW_AT_CFA, scaled(r, take_uleb(b)));
		return true;
	case CFA_OFFSET_EXTENDED:
		reg = take_uleb(b);
		set(r, reg, HOW_AT_CFA, scaled(r, take_uleb(b)));
		return true;
	case CFA_OFFSET_EXTENDED_SF:
		reg = take_uleb(b);
		set(r, reg, HOW_AT_CFA, scaled(r, (uint64_t)take_sleb(b)));
		return true;
	case CFA_GNU_NEGATIVE_OFFSET_EXTENDED:
		reg = take_uleb(b);
		set(r, reg, HOW_AT_CFA, scaled(r, -take_uleb(b)));
		return true;
	case CFA_RESTORE:
		restore(r, byte & 0x3f);
		return true;
	case CFA_RESTORE_EXTENDED:
		restore(r, take_uleb(b));
		return true;
	case CFA_UNDEFINED:
		set(r, take_uleb(b), HOW_UNDEFINED, 0);
		return true;
	case CFA_SAME_VALUE:
		set(r, take_uleb(b), HOW_SAME, 0);
		return true;
	case CFA_REGISTER:
		reg = take_uleb(b);
		n = take_uleb(b);
		set(r, reg, n == reg ? HOW_SAME : HOW_UNKNOWN, 0);
		return true;
	case CFA_REMEMBER_STATE:
		if (r->n_remembered == MOST_REMEMBERED)
			return false;
		r->remembered[r->n_remembered++] = r->now;
		return true;
	case CFA_RESTORE_STATE:
		if (!r->n_remembered)
			return false;
		r->now = r->remembered[--r->n_remembered];
		return true;
	case CFA_DEF_CFA:
		reg = take_uleb(b);
		define_cfa(r, reg, (int64_t)take_uleb(b));
		return true;
	case CFA_DEF_CFA_SF:
		reg = take_uleb(b);
		define_cfa(r, reg, scaled(r, (uint64_t)take_sleb(b)));
		return true;
	case CFA_DEF_CFA_REGISTER:
		define_cfa(r, take_uleb(b), r->now.cfa_off_b);
		return true;
	case CFA_DEF_CFA_OFFSET:
		define_cfa(r, r->now.cfa_reg, (int64_t)take_uleb(b));
		return true;
	case CFA_DEF_CFA_OFFSET_SF:
		define_cfa(r, r->now.cfa_reg, scaled(r, (uint64_t)take_sleb(b)));
		return true;
	case CFA_DEF_CFA_EXPRESSION:
		r->now.cfa_expression = take_block(b, take_uleb(b));
		r->now.cfa_is_expression = true;
		return true;
	case CFA_EXPRESSION:
		reg = take_uleb(b);
		set_expression(r, reg, take_block(b, take_uleb(b)));
		return true;
	case CFA_VAL_EXPRESSION:
		reg = take_uleb(b);
		take_block(b, take_uleb(b));
		set(r, reg, HOW_UNKNOWN, 0);
		return true;
	case CFA_VAL_OFFSET:
	case CFA_VAL_OFFSET_SF: /* signed or not: the same bytes */
		reg = take_uleb(b);
		take_uleb(b);
		set(r, reg, HOW_UNKNOWN, 0);
		return true;
	case CFA_GNU_ARGS_SIZE:
		take_uleb(b);
		return true;
	case CFA_AARCH64_NEGATE_RA_STATE:
	case CFA_AARCH64_NEGATE_RA_STATE_WITH_PC:
		return r->s->is_arm64;
	case CFA_NOP:
		return true;
	default:
		return false;
	}
}

static bool run(struct reader *r, struct bytes b, bool is_initial)
{
	while (b.p < b.end)
		if (!run_one(r, &b, is_initial) || b.is_bad)
			return false;
	return true;
}

/* ---- entries -------------------------------------------------------------------------------- */

/* Length, and the bytes behind it; false at the end. */
static bool take_entry(struct bytes *b, struct bytes *ret, bool *ret_is_64)
{
	uint64_t len_b = take(b, 4);

	*ret_is_64 = len_b == UINT32_MAX;
	if (*ret_is_64)
		len_b = take(b, 8);
	if (b->is_bad || !len_b)
		return false;
	*ret = take_block(b, len_b);
	return !b->is_bad;
}

static void parse_augmentation(struct reader *r, struct bytes *b, const char *text)
{
	struct cie *c = &r->cie;
	struct bytes data;

	if (*text != 'z') {
		c->is_good = !*text;
		return;
	}
	c->has_augmentation_data = true;
	data = take_block(b, take_uleb(b));
	for (const char *p = text + 1; *p; p++) {
		uint8_t encoding;

		switch (*p) {
		case 'R':
			c->encoding = (uint8_t)take(&data, 1);
			break;
		case 'L':
			c->lsda_encoding = (uint8_t)take(&data, 1);
			break;
		case 'P':
			encoding = (uint8_t)take(&data, 1);
			take_pointer(&data, r->s, encoding);
			break;
		case 'S':
			c->is_signal = true;
			break;
		case 'B': /* arm64: return addresses are signed with the B key */
		case 'G': /* arm64: memory tagging of the stack */
			break;
		default: /* its data can't be told from what follows, but may not matter */
			return;
		}
		if (data.is_bad)
			c->is_good = false;
	}
}

static bool parse_cie(struct reader *r, size_t at)
{
	struct bytes b = {r->s->bytes + at, r->s->bytes + r->s->len_b, false}, e;
	struct cie *c = &r->cie;
	const char *text;
	uint8_t version;
	uint64_t id;
	bool is_64;

	if (r->cie_at == at)
		return c->is_good;
	r->cie_at = at;
	*c = (struct cie){.is_good = true, .lsda_encoding = EH_PE_OMIT};
	c->is_good = at < r->s->len_b && take_entry(&b, &e, &is_64);
	if (!c->is_good)
		return false;
	id = take(&e, is_64 && !r->s->is_eh ? 8 : 4);
	version = (uint8_t)take(&e, 1);
	c->is_good = r->s->is_eh ? !id : id == (is_64 ? UINT64_MAX : UINT32_MAX);
	if ((version != 1 && version != 3 && version != 4) || e.is_bad ||
	    !memchr(e.p, '\0', (size_t)(e.end - e.p)))
		c->is_good = false;
	if (!c->is_good)
		return false;
	text = (const char *)e.p;
	e.p += strlen(text) + 1;
	if (version == 4) { /* sizes of addresses and segment selectors */
		uint64_t address_b = take(&e, 1);

		c->is_good = take(&e, 1) == 0 && address_b == 8;
	}
	c->code_align = take_uleb(&e);
	c->data_align = take_sleb(&e);
	c->ra_reg = version == 1 ? take(&e, 1) : take_uleb(&e);
	if (c->is_good)
		parse_augmentation(r, &e, text);
	c->initial = e;
	c->is_good = c->is_good && !e.is_bad;
	return c->is_good;
}

static void read_fde(struct reader *r, struct bytes e)
{
	struct cie *c = &r->cie;
	uint64_t start, len_b;
	bool is_good;

	start = take_pointer(&e, r->s, c->encoding);
	len_b = take_pointer(&e, r->s, c->encoding & EH_PE_FORMAT);
	if (c->has_augmentation_data)
		take_block(&e, take_uleb(&e));
	/* The linker sets what it has discarded to 0. */
	if (e.is_bad || !len_b || !start || start + len_b < start)
		return;
	vec_push(NULL, &r->out->funcs,
	         ((struct cfi_func){start, start + len_b, r->out->rows.n, 0}));
	r->loc = start;
	r->n_remembered = 0;
	memset(&r->now, 0, sizeof(r->now));
	is_good = run(r, c->initial, true);
	r->initial = r->now;
	is_good = is_good && run(r, e, false);
	add_row(r, is_good ? rule_of(r) : 0);
}

void cfi_read(const struct cfi_section *s, struct cfi_rows *ret)
{
	struct bytes all = {s->bytes, s->bytes + s->len_b, false}, e;
	struct reader r = {.s = s, .out = ret, .cie_at = SIZE_MAX};
	bool is_64;

	r.fp_reg = s->is_arm64 ? ARM64_FP : X86_BP;
	r.sp_reg = s->is_arm64 ? ARM64_SP : X86_SP;
	while (take_entry(&all, &e, &is_64)) {
		size_t id_at = (size_t)(e.p - s->bytes), cie_at;
		uint64_t id = take(&e, is_64 && !s->is_eh ? 8 : 4);

		if (s->is_eh ? !id : id == (is_64 ? UINT64_MAX : UINT32_MAX))
			continue; /* a CIE */
		if (s->is_eh ? id > id_at : id >= s->len_b)
			continue;
		cie_at = s->is_eh ? id_at - (size_t)id : (size_t)id;
		if (!e.is_bad && parse_cie(&r, cie_at))
			read_fde(&r, e);
	}
}
