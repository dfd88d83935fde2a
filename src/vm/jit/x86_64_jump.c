/* Conditional jumps: comparisons that use what is pending, and short jumps over an assignment that
 * become a conditional move. */
#include "vm/jit/x86_64.h"

#include <assert.h>

/* Comparison of dst with src or imm. */
struct test {
	uint8_t op; /* BPF_JEQ and so on */
	bool w;
	uint8_t dst, src; /* src BPF_N_REGS: blinded constant in SCRATCH */
	bool is_imm;
	int32_t imm;
};

static enum x86_cond condition(uint8_t op)
{
	switch (op) {
	case BPF_JEQ:
		return CC_E;
	case BPF_JGT:
		return CC_A;
	case BPF_JGE:
		return CC_AE;
	case BPF_JLT:
		return CC_B;
	case BPF_JLE:
		return CC_BE;
	case BPF_JSGT:
		return CC_G;
	case BPF_JSGE:
		return CC_GE;
	case BPF_JSLT:
		return CC_L;
	case BPF_JSLE:
		return CC_LE;
	default: /* BPF_JNE, BPF_JSET */
		return CC_NE;
	}
}

/* The same of numbers that are not negative. */
static enum x86_cond unsigned_condition(enum x86_cond cc)
{
	switch (cc) {
	case CC_G:
		return CC_A;
	case CC_GE:
		return CC_AE;
	case CC_L:
		return CC_B;
	case CC_LE:
		return CC_BE;
	default:
		return cc;
	}
}

static bool is_equality(enum x86_cond cc)
{
	return cc == CC_E || cc == CC_NE;
}

static bool holds(const struct test *t, uint64_t a)
{
	uint64_t b = t->w ? (uint64_t)(int64_t)t->imm : (uint32_t)t->imm;
	int64_t sa = t->w ? (int64_t)a : (int32_t)a, sb = t->imm;

	if (!t->w)
		a = (uint32_t)a;
	switch (t->op) {
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
		assert(t->op == BPF_JSET);
		return (a & b) != 0;
	}
}

/* A load that nobody else wants, compared where it is. */
static bool compare_load_imm(struct x86 *x, const struct test *t, enum x86_cond *cc)
{
	const struct value *v = &x->v[t->dst];
	uint8_t width_b = v->width_b;

	if (v->kind != V_LOAD || x86_is_live(x, t->dst) || t->op == BPF_JSET || v->is_signed ||
	    v->imm)
		return false;
	if (width_b == 8 && !t->w)
		width_b = 4;
	if (width_b < 4 || (width_b == 4 && t->w)) {
		/* Narrower than the comparison: as unsigned numbers, if the constant is one. */
		int32_t max = width_b == 1 ? 255 : width_b == 2 ? 127 : INT32_MAX;

		if (t->imm < 0 || t->imm > max)
			return false;
		*cc = unsigned_condition(*cc);
	}
	x86_alu_mem_imm(x->j, X_CMP, width_b, v->m, t->imm);
	return true;
}

static void compare_imm(struct x86 *x, const struct test *t, enum x86_cond *cc)
{
	const struct value *v = &x->v[t->dst];
	uint8_t reg;

	if (compare_load_imm(x, t, cc))
		return;
	if (t->op == BPF_JSET) {
		x86_test_imm(x->j, t->w, x86_use(x, t->dst, t->w), t->imm);
		return;
	}
	if (t->imm == 0 && is_equality(*cc) && v->kind == V_AND && !x86_is_live(x, t->dst)) {
		x86_test_imm(x->j, t->w && !v->is_32, v->reg, (int32_t)v->imm);
		return;
	}
	reg = x86_use(x, t->dst, t->w);
	if (t->imm != 0) {
		x86_alu_imm(x->j, X_CMP, t->w, reg, t->imm);
		return;
	}
	/* The flags may be there already: of a result with 32 bits they are those of 64, too. */
	if (x->flags_at == jit_here(x->j) && x->flags_reg == t->dst && is_home(x, t->dst) &&
	    (t->w || !x->flags_w) && is_equality(*cc))
		return;
	x86_test(x->j, t->w, reg, reg);
}

static bool is_load_operand(const struct x86 *x, uint8_t r, bool w)
{
	const struct value *v = &x->v[r];

	return v->kind == V_LOAD && !x86_is_live(x, r) && (w ? v->width_b == 8 : v->width_b >= 4);
}

static void compare_reg(struct x86 *x, const struct test *t)
{
	uint8_t a, b;

	if (t->src == BPF_N_REGS) {
		a = x86_use(x, t->dst, t->w);
		b = SCRATCH;
	} else {
		if (t->op != BPF_JSET && t->src != t->dst && is_load_operand(x, t->src, t->w)) {
			a = x86_use(x, t->dst, t->w);
			if (x->v[t->src].kind == V_LOAD) {
				x86_alu_rm(x->j, X_CMP, t->w, a, x->v[t->src].m);
				return;
			}
		}
		if (t->op != BPF_JSET && t->src != t->dst && is_load_operand(x, t->dst, t->w)) {
			b = x86_use(x, t->src, t->w);
			if (x->v[t->dst].kind == V_LOAD) {
				x86_rm(x->j, 0x39, t->w, b, x->v[t->dst].m);
				return;
			}
		}
		x86_use_two(x, t->dst, t->src, t->w, &a, &b);
	}
	if (t->op == BPF_JSET)
		x86_test(x->j, t->w, a, b);
	else
		x86_alu_rr(x->j, X_CMP, t->w, a, b);
}

/* Flags for `t`; nothing that follows may change them before they are used. */
static enum x86_cond compare(struct x86 *x, const struct test *t)
{
	enum x86_cond cc = condition(t->op);

	if (t->is_imm)
		compare_imm(x, t, &cc);
	else
		compare_reg(x, t);
	return cc;
}

/* ---- conditional moves ------------------------------------------------------------------------
 */

enum { MAX_SHADOW = 2 };

/* What would be jumped over can be computed in any case: it only writes a register. */
static bool is_speculable(const struct bpf_insn *i)
{
	if (BPF_CLASS(i->code) != BPF_ALU && BPF_CLASS(i->code) != BPF_ALU64)
		return false;
	switch (BPF_OP(i->code)) {
	case BPF_MOV:
		return i->off == 0;
	case BPF_ADD:
	case BPF_SUB:
	case BPF_AND:
	case BPF_OR:
	case BPF_XOR:
		return true;
	default:
		return false;
	}
}

/* Slots that the jump at x->pc skips, if they can become conditional moves. */
static uint32_t shadow_of(const struct x86 *x, uint32_t target)
{
	uint32_t n = target - x->pc - 1;
	uint16_t written = 0;

	if (target <= x->pc || n == 0 || n > MAX_SHADOW || x->j->blinds)
		return 0;
	for (uint32_t pc = x->pc + 1; pc < target; pc++) {
		const struct bpf_insn *i = &x->insns[pc];

		if (!x->plan->slots[pc].is_code || x->plan->slots[pc].is_target ||
		    !is_speculable(i) || (jit_reads(i) & written) ||
		    (jit_writes(i) & (written | ~x->plan->slots[target].live_in)))
			return 0;
		written |= jit_writes(i);
	}
	return n;
}

/* The register whose value dst of `i` gets; everything it reads is at home. */
static uint8_t speculate(struct x86 *x, const struct bpf_insn *i, uint8_t scratch, bool is_zext)
{
	static const uint8_t alu[] = {[BPF_ADD >> 4] = X_ADD,
	                              [BPF_SUB >> 4] = X_SUB,
	                              [BPF_OR >> 4] = X_OR,
	                              [BPF_AND >> 4] = X_AND,
	                              [BPF_XOR >> 4] = X_XOR};
	bool w = BPF_CLASS(i->code) == BPF_ALU64, is_imm = BPF_SRC(i->code) == BPF_K;

	if (BPF_OP(i->code) == BPF_MOV) {
		if (is_imm)
			x86_mov_imm(x->j, scratch, w ? (uint64_t)(int64_t)i->imm : (uint32_t)i->imm,
			            true);
		else if (w || is_zext)
			return x86_home[i->src_reg];
		else
			x86_mov(x->j, false, scratch, x86_home[i->src_reg]);
		return scratch;
	}
	if (BPF_OP(i->code) == BPF_ADD && is_imm) {
		x86_lea(x->j, w, scratch,
		        (struct x86_mem){x86_home[i->dst_reg], NO_REG, 0, i->imm});
		return scratch;
	}
	x86_mov(x->j, w, scratch, x86_home[i->dst_reg]);
	if (is_imm)
		x86_alu_imm(x->j, alu[BPF_OP(i->code) >> 4], w, scratch, i->imm);
	else
		x86_alu_rr(x->j, alu[BPF_OP(i->code) >> 4], w, scratch, x86_home[i->src_reg]);
	return scratch;
}

/* `r = 1; if c goto +1; r = 0`, or the other way round: the condition itself. */
static bool set_if(struct x86 *x, const struct test *t, uint32_t n)
{
	const struct bpf_insn *i = &x->insns[x->pc + 1];
	const struct value *v = &x->v[i->dst_reg];
	uint64_t kept = v->imm;
	enum x86_cond cc;
	uint8_t home;

	if (n != 1 || BPF_OP(i->code) != BPF_MOV || BPF_SRC(i->code) != BPF_K ||
	    v->kind != V_CONST || kept > 1 || i->imm != (int32_t)!kept || t->dst == i->dst_reg ||
	    (!t->is_imm && t->src == i->dst_reg))
		return false;
	x86_free_home(x, i->dst_reg);
	home = x86_define(x, i->dst_reg);
	x86_mov_imm(x->j, home, 0, true);
	cc = compare(x, t);
	x86_rr(x->j, OP_BYTE | OP_0F | 0x90 | (kept ? cc : cc ^ 1), false, 0, home);
	return true;
}

static void move_if(struct x86 *x, const struct test *t, uint32_t n)
{
	const struct bpf_insn *shadow = &x->insns[x->pc + 1];
	uint8_t from[MAX_SHADOW];
	uint16_t live = x->live;
	enum x86_cond cc;

	for (uint32_t k = 0; k < n; k++) {
		x86_settle_set(x, jit_reads(&shadow[k]) | jit_writes(&shadow[k]));
		x86_free_home(x, shadow[k].dst_reg);
	}
	for (uint32_t k = 0; k < n; k++)
		from[k] = speculate(x, &shadow[k], k ? SCRATCH_2 : SCRATCH,
		                    x->plan->slots[x->pc + 1 + k].zext_in >> shadow[k].src_reg & 1);
	/* Kept through the comparison: what is read or written here. */
	for (uint32_t k = 0; k < n; k++)
		x->live |= jit_reads(&shadow[k]) | jit_writes(&shadow[k]);
	cc = compare(x, t);
	for (uint32_t k = 0; k < n; k++)
		x86_rr(x->j, OP_0F | 0x40 | (cc ^ 1), true, x86_home[shadow[k].dst_reg], from[k]);
	x->live = live;
}

/* ---- jumps ------------------------------------------------------------------------------------
 */

static struct test test_of(struct x86 *x, const struct bpf_insn *i)
{
	struct test t = {.op = BPF_OP(i->code), .dst = i->dst_reg, .src = i->src_reg};

	t.w = BPF_CLASS(i->code) == BPF_JMP;
	t.is_imm = true;
	t.imm = i->imm;
	if (BPF_SRC(i->code) == BPF_X)
		t.is_imm = x86_imm32(x, i->src_reg, !t.w, &t.imm);
	else if (x->j->blinds) {
		t.is_imm = false;
		t.src = BPF_N_REGS;
	}
	return t;
}

/* `if c goto +1; goto far` is `if not c goto far`: where that leads, or VM_NONE. */
static uint32_t far_of(const struct x86 *x, uint32_t target)
{
	const struct bpf_insn *i = &x->insns[x->pc + 1];

	if (target != x->pc + 2 || x->plan->slots[x->pc + 1].is_target ||
	    (i->code != (BPF_JMP | BPF_JA) && i->code != (BPF_JMP32 | BPF_JA)))
		return VM_NONE;
	return jit_jump_target(i, x->pc + 1);
}

uint32_t x86_branch(struct x86 *x, const struct bpf_insn *i)
{
	uint32_t target = jit_jump_target(i, x->pc), n, far;
	struct test t = test_of(x, i);
	enum x86_cond cc;

	if (t.is_imm && x->v[t.dst].kind == V_CONST) {
		if (holds(&t, x->v[t.dst].imm))
			x86_goto(x, target);
		return 0;
	}
	n = shadow_of(x, target);
	if (n) {
		if (!set_if(x, &t, n))
			move_if(x, &t, n);
		return n;
	}
	far = far_of(x, target);
	x86_settle_set(x, x->plan->slots[far != VM_NONE ? far : target].live_in);
	if (t.src == BPF_N_REGS)
		x86_const(x, SCRATCH, t.w ? (uint64_t)(int64_t)t.imm : (uint32_t)t.imm);
	cc = compare(x, &t);
	if (far != VM_NONE) {
		x86_jcc(x->j, cc ^ 1, x86_thread(x, far));
		x->live = x->plan->slots[target].live_in;
		return 1;
	}
	x86_jcc(x->j, cc, x86_thread(x, target));
	return 0;
}
