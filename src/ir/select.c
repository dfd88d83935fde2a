/* Instruction selection: IR to BPF's two-address instructions over virtual registers.
 *
 * In: a legal function without critical edges. Out: struct m_func, not yet allocated.
 * The trick: what is cheap to make (small numbers, slot addresses, maps) never occupies a virtual
 * register between its definition and its use: it becomes an immediate, an offset from r10, or is
 * made where it is needed. Long ones (lddw) are made once per block. */
#include <assert.h>
#include <string.h>

#include "bpf/insn.h"
#include "ir/mach.h"

const struct m_op_info m_ops[M_N_OPS] = {
    /* dst: read, written, before the operands are read; a; b */
    [M_MOV] = {0, 1, 0, 1, 0},     [M_MOVX] = {0, 1, 0, 1, 0},   [M_CONST] = {0, 1, 0, 0, 0},
    [M_ALU] = {1, 1, 0, 0, 1},     [M_LOAD] = {0, 1, 0, 1, 0},   [M_STORE] = {0, 0, 0, 1, 1},
    [M_STORE_K] = {0, 0, 0, 1, 0}, [M_ATOMIC] = {0, 0, 0, 1, 1}, [M_FETCH] = {1, 1, 0, 1, 0},
    [M_CMPXCHG] = {1, 1, 0, 1, 1}, [M_CALL] = {0, 0, 0, 0, 0},   [M_CALLF] = {0, 0, 0, 0, 0},
    [M_CALLK] = {0, 0, 0, 0, 0},   [M_CMP] = {0, 1, 1, 1, 1},    [M_BRANCH] = {0, 0, 0, 1, 1},
    [M_JUMP] = {0, 0, 0, 0, 0},    [M_RET] = {0, 0, 0, 0, 0},
};

struct select {
	struct m_func *m;
	const struct ir_target *target;
	uint32_t *reg_of;   /* by IR id; 0: none yet */
	uint32_t *n_uses;   /* by IR id */
	bool *feeds_phi;    /* by IR id */
	uint32_t *in_block; /* by IR id: block + 1 where a shared constant was made */
	uint32_t block;
	const struct ir_inst *from;
};

static uint32_t new_reg(struct select *s)
{
	struct m_reg *r = vec_add(s->m->a, &s->m->regs);
	uint32_t number = (uint32_t)s->m->regs.n - 1;

	r->web = number;
	r->web_home = r->want = r->home_now = M_IN_MEMORY;
	r->copy_of = r->feeds = M_NONE;
	r->def_end = M_NONE;
	r->block = s->block;
	return number;
}

static struct m_inst *add(struct select *s, enum m_op op)
{
	struct m_inst *i = vec_add(s->m->a, &s->m->insts);

	i->op = op;
	i->dst = i->a = i->b = M_NONE;
	i->width = 8;
	i->from = s->from;
	return i;
}

static bool fits_s32(int64_t x)
{
	return x == (int32_t)x;
}

static bool fits_s16(int64_t x)
{
	return x == (int16_t)x;
}

/* ---- values ---------------------------------------------------------------------------- */

/* Is the value one to be made where it is needed? A slot's address plus a number is, too. */
static bool as_const(const struct ir_inst *i, struct m_const *ret)
{
	int64_t off = 0;

	while (i->op == IR_VIEW || (i->op == IR_ADD && i->width == 8 && ir_is_const(i->args[1]) &&
	                            ir_unview(i->args[0])->op != IR_CONST)) {
		if (i->op == IR_ADD)
			off += i->args[1]->imm;
		i = i->args[0];
	}
	if (!ir_is_remat(i) || (off && i->op != IR_SLOT && i->op != IR_MAP_VALUE))
		return false;
	if (!fits_s32(off) || (off && i->op == IR_MAP_VALUE && i->imm + off < 0))
		return false;
	*ret = (struct m_const){
	    .op = i->op, .ref = i->ref, .imm = i->op == IR_SLOT ? off : i->imm + off};
	return true;
}

static bool as_number(const struct ir_inst *i, int64_t *ret)
{
	struct m_const k;

	if (!as_const(i, &k) || k.op != IR_CONST || !fits_s32(k.imm))
		return false;
	*ret = k.imm;
	return true;
}

static uint32_t make_const(struct select *s, const struct m_const *k)
{
	uint32_t reg = new_reg(s);
	struct m_inst *i = add(s, M_CONST);

	i->dst = reg;
	i->k = *k;
	s->m->regs.items[reg].is_const = true;
	s->m->regs.items[reg].k = *k;
	return reg;
}

/* The register that holds the value, made now if it is a constant. */
static uint32_t reg_of(struct select *s, const struct ir_inst *i)
{
	struct m_const k;
	bool is_wide;

	if (!as_const(i, &k)) {
		while (i->op == IR_VIEW)
			i = i->args[0];
		if (!s->reg_of[i->id])
			s->reg_of[i->id] = new_reg(s);
		return s->reg_of[i->id];
	}
	is_wide = k.op == IR_MAP_VALUE || (k.op == IR_CONST && !fits_s32(k.imm));
	if (is_wide && s->in_block[i->id] == s->block + 1)
		return s->reg_of[i->id];
	s->reg_of[i->id] = make_const(s, &k);
	s->in_block[i->id] = s->block + 1;
	return s->reg_of[i->id];
}

/* As an operand that may be anywhere. */
static struct m_val val_of(struct select *s, const struct ir_inst *i)
{
	struct m_val v = {.reg = M_NONE};

	if (!as_const(i, &v.k))
		v.reg = reg_of(s, i);
	return v;
}

static uint32_t result_reg(struct select *s, const struct ir_inst *i)
{
	if (!s->reg_of[i->id])
		s->reg_of[i->id] = new_reg(s);
	s->m->regs.items[s->reg_of[i->id]].block = s->block;
	return s->reg_of[i->id];
}

static void emit_mov(struct select *s, uint32_t dst, uint32_t src)
{
	struct m_inst *i = add(s, M_MOV);

	i->dst = dst;
	i->a = src;
}

/* dst = the value, whatever it takes; the start of a two-address sequence. */
static void emit_copy(struct select *s, uint32_t dst, const struct ir_inst *value)
{
	struct m_const k;
	struct m_inst *i;

	if (!as_const(value, &k)) {
		emit_mov(s, dst, reg_of(s, value));
		return;
	}
	i = add(s, M_CONST);
	i->dst = dst;
	i->k = k;
}

static void emit_alu_imm(struct select *s, uint8_t code, uint32_t dst, int64_t imm)
{
	struct m_inst *i = add(s, M_ALU);

	i->code = code;
	i->dst = dst;
	i->imm = imm;
}

/* Set the address operand of `i`: [value + off]. */
struct address {
	uint32_t reg, slot;
	int16_t off;
};

static struct address address_of(struct select *s, const struct ir_inst *value, int64_t off)
{
	struct address at = {.slot = 0};

	/* Look through additions of constants as far as the offset field reaches. */
	for (;;) {
		const struct ir_inst *i = value;

		while (i->op == IR_VIEW)
			i = i->args[0];
		if (i->op == IR_SLOT && fits_s16(off)) {
			at.reg = M_FRAME;
			at.slot = i->ref;
			at.off = (int16_t)off;
			return at;
		}
		if (i->op != IR_ADD || i->width != 8 || !ir_is_const(i->args[1]) ||
		    !fits_s16(off + i->args[1]->imm))
			break;
		off += i->args[1]->imm;
		value = i->args[0];
	}
	at.reg = reg_of(s, value);
	assert(fits_s16(off));
	at.off = (int16_t)off;
	return at;
}

static void set_address(struct m_inst *i, struct address at, int64_t more)
{
	i->a = at.reg;
	i->slot = at.slot;
	i->off = (int16_t)(at.off + more);
}

/* ---- arithmetic ------------------------------------------------------------------------ */

static const uint8_t alu_codes[IR_N_OPS] = {
    [IR_ADD] = BPF_ADD,  [IR_SUB] = BPF_SUB, [IR_MUL] = BPF_MUL,  [IR_UDIV] = BPF_DIV,
    [IR_UMOD] = BPF_MOD, [IR_AND] = BPF_AND, [IR_OR] = BPF_OR,    [IR_XOR] = BPF_XOR,
    [IR_SHL] = BPF_LSH,  [IR_SHR] = BPF_RSH, [IR_SAR] = BPF_ARSH, [IR_NEG] = BPF_NEG,
};

static bool is_commutative(enum ir_op op)
{
	return op == IR_ADD || op == IR_MUL || op == IR_AND || op == IR_OR || op == IR_XOR;
}

/* Is `x` rather than `y` the operand to change in place? What is used nowhere else is; but of a sum
 * that goes round a loop, what came round, so that it stays where it is. */
static bool is_better_left(const struct select *s, const struct ir_inst *i, const struct ir_inst *x,
                           const struct ir_inst *y)
{
	if (s->feeds_phi[i->id] && (x->op == IR_PHI) != (y->op == IR_PHI))
		return x->op == IR_PHI;
	return s->n_uses[x->id] == 1 && s->n_uses[y->id] > 1;
}

static void select_bin(struct select *s, const struct ir_inst *i)
{
	uint8_t code = (i->width == 4 ? BPF_ALU : BPF_ALU64) | alu_codes[i->op];
	const struct ir_inst *x = i->args[0], *y = i->args[1];
	uint32_t dst = result_reg(s, i), src = M_NONE;
	struct m_const ignored;
	struct m_inst *alu;
	int64_t k = 0;

	if (is_commutative(i->op) && !as_const(y, &ignored) && is_better_left(s, i, y, x)) {
		x = i->args[1];
		y = i->args[0];
	}
	if (i->width == 4 && ir_is_const(y))
		k = (int32_t)y->imm;
	else if (!as_number(y, &k))
		src = reg_of(s, y);
	if (src == M_NONE && (i->op == IR_SHL || i->op == IR_SHR || i->op == IR_SAR))
		k &= i->width * 8 - 1; /* the verifier refuses larger ones */
	if (src == M_NONE && !k && (i->op == IR_UDIV || i->op == IR_UMOD)) {
		struct m_const zero = {.op = IR_CONST};

		/* The verifier refuses a division by an immediate 0. */
		src = make_const(s, &zero);
	}
	emit_copy(s, dst, x);
	alu = add(s, M_ALU);
	alu->code = code | (src == M_NONE ? BPF_K : BPF_X);
	alu->dst = dst;
	alu->b = src;
	alu->imm = k;
}

static void select_neg(struct select *s, const struct ir_inst *i)
{
	uint32_t dst = result_reg(s, i);

	emit_copy(s, dst, i->args[0]);
	emit_alu_imm(s, (i->width == 4 ? BPF_ALU : BPF_ALU64) | BPF_NEG, dst, 0);
}

static void select_ext(struct select *s, const struct ir_inst *i)
{
	uint32_t dst = result_reg(s, i);
	int64_t bits = i->width * 8;

	if (i->width == 8) {
		emit_copy(s, dst, i->args[0]);
	} else if ((!i->is_signed && i->width == 4) || (i->is_signed && s->target->has_sext)) {
		uint32_t src = reg_of(s, i->args[0]);
		struct m_inst *mov = add(s, M_MOVX);

		mov->code = (i->is_signed ? BPF_ALU64 : BPF_ALU) | BPF_MOV | BPF_X;
		mov->off = i->is_signed ? (int16_t)bits : 0;
		mov->dst = dst;
		mov->a = src;
	} else {
		emit_copy(s, dst, i->args[0]);
		if (i->is_signed) {
			emit_alu_imm(s, BPF_ALU64 | BPF_LSH | BPF_K, dst, 64 - bits);
			emit_alu_imm(s, BPF_ALU64 | BPF_ARSH | BPF_K, dst, 64 - bits);
		} else {
			emit_alu_imm(s, BPF_ALU64 | BPF_AND | BPF_K, dst, (1 << bits) - 1);
		}
	}
}

static void select_bswap(struct select *s, const struct ir_inst *i)
{
	uint32_t dst = result_reg(s, i);

	emit_copy(s, dst, i->args[0]);
	if (i->width == 1)
		emit_alu_imm(s, BPF_ALU64 | BPF_AND | BPF_K, dst, 0xff);
	else if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		emit_alu_imm(s, BPF_ALU | BPF_END | BPF_TO_BE, dst, i->width * 8);
	else
		emit_alu_imm(s, BPF_ALU | BPF_END | BPF_TO_LE, dst, i->width * 8);
}

/* Operands of a comparison into `op`'s a and b or imm. */
static void select_compare(struct select *s, enum m_op op, const struct ir_inst *i)
{
	const struct ir_inst *x = i->args[0], *y = i->args[1];
	enum ir_cond cond = i->cond;
	uint32_t dst = op == M_CMP ? result_reg(s, i) : M_NONE, a, b = M_NONE;
	struct m_inst *out;
	int64_t k = 0;

	if (as_number(x, &k) && !as_number(y, &k)) {
		x = i->args[1];
		y = i->args[0];
		cond = ir_cond_swap(cond);
	}
	/* (v & mask) != 0 is one instruction, if nobody else wants the masked value. Nor v: from a
	 * JSET the kernel's verifier learns bits of v, and a program that tests one bit after the
	 * other has twice as many states with each (16 tests of a random number: a million). */
	if (cond == COND_NE && ir_is_const_of(y, 0) && x->op == IR_AND && s->n_uses[x->id] == 1 &&
	    s->n_uses[x->args[0]->id] == 1 && x->width == 8) {
		cond = COND_SET;
		y = x->args[1];
		x = x->args[0];
	}
	a = reg_of(s, x);
	if (i->width == 4 && ir_is_const(y))
		k = (int32_t)y->imm;
	else if (!as_number(y, &k))
		b = reg_of(s, y);
	out = add(s, op);
	out->cond = cond;
	out->width = i->width;
	out->dst = dst;
	out->a = a;
	out->b = b;
	out->imm = k;
}

/* The AND under a branch that select_compare() takes over. */
static bool is_fused_mask(const struct select *s, const struct ir_inst *user,
                          const struct ir_inst *x)
{
	return (user->op == IR_CMP || user->op == IR_BRANCH) && user->cond == COND_NE &&
	       user->args[0] == x && ir_is_const_of(user->args[1], 0) && x->op == IR_AND &&
	       x->width == 8 && s->n_uses[x->id] == 1 && s->n_uses[x->args[0]->id] == 1;
}

/* ---- memory ---------------------------------------------------------------------------- */

static void select_load(struct select *s, const struct ir_inst *i)
{
	struct address at = address_of(s, i->args[0], i->imm);
	struct m_inst *out = add(s, M_LOAD);

	set_address(out, at, 0);
	out->width = i->width;
	out->is_signed = i->is_signed && i->width < 8;
	out->dst = result_reg(s, i);
}

static void select_store(struct select *s, const struct ir_inst *i)
{
	struct address at = address_of(s, i->args[0], i->imm);
	const struct ir_inst *value = i->args[1];
	bool is_number = ir_is_const(value) && i->args[0]->ptr != PTR_CTX &&
	                 (i->width < 8 || fits_s32(value->imm));
	uint32_t src = is_number ? M_NONE : reg_of(s, value);
	struct m_inst *out = add(s, is_number ? M_STORE_K : M_STORE);

	set_address(out, at, 0);
	out->width = i->width;
	out->b = src;
	if (is_number)
		out->imm = i->width == 1   ? (int8_t)value->imm
		           : i->width == 2 ? (int16_t)value->imm
		                           : (int32_t)value->imm;
}

static void select_atomic(struct select *s, const struct ir_inst *i)
{
	struct address at = address_of(s, i->args[0], i->imm);
	struct m_inst *out;

	if (i->ref & BPF_FETCH) {
		uint32_t dst = result_reg(s, i);

		emit_copy(s, dst, i->args[1]);
		out = add(s, M_FETCH);
		out->dst = dst;
	} else {
		uint32_t src = reg_of(s, i->args[1]);

		out = add(s, M_ATOMIC);
		out->b = src;
	}
	set_address(out, at, 0);
	out->width = i->width;
	out->imm = i->ref;
}

static void select_cmpxchg(struct select *s, const struct ir_inst *i)
{
	struct address at = address_of(s, i->args[0], i->imm);
	uint32_t value = reg_of(s, i->args[2]);
	struct m_inst *out;

	emit_copy(s, BPF_REG_0, i->args[1]);
	out = add(s, M_CMPXCHG);
	set_address(out, at, 0);
	out->width = i->width;
	out->dst = BPF_REG_0;
	out->b = value;
	out->imm = BPF_CMPXCHG;
	if (s->n_uses[i->id])
		emit_mov(s, result_reg(s, i), BPF_REG_0);
}

/* The widest access that alignment and what is left allow. */
static uint8_t step_of(uint8_t align_b, int64_t left_b)
{
	uint8_t step = align_b;

	while (step > left_b)
		step /= 2;
	return step;
}

static void select_copy(struct select *s, const struct ir_inst *i)
{
	struct address to = address_of(s, i->args[0], 0), from = address_of(s, i->args[1], 0);
	uint8_t step;

	for (int64_t at = 0; at < i->imm; at += step) {
		uint32_t t = new_reg(s);
		struct m_inst *out = add(s, M_LOAD);

		step = step_of(i->width, i->imm - at);
		set_address(out, from, at);
		out->width = step;
		out->dst = t;
		out = add(s, M_STORE);
		set_address(out, to, at);
		out->width = step;
		out->b = t;
	}
}

static void select_zero(struct select *s, const struct ir_inst *i)
{
	struct address to = address_of(s, i->args[0], 0);
	uint8_t step;

	for (int64_t at = 0; at < i->imm; at += step) {
		struct m_inst *out = add(s, M_STORE_K);

		step = step_of(i->width, i->imm - at);
		set_address(out, to, at);
		out->width = step;
	}
}

/* ---- calls and control ----------------------------------------------------------------- */

static void select_call_of(struct select *s, const struct ir_inst *i, enum m_op op, uint32_t which,
                           uint32_t n_args, const struct m_val *args)
{
	struct m_inst *out = add(s, op);

	out->imm = which;
	out->n_args = n_args;
	out->args = arena_array(s->m->a, struct m_val, n_args);
	memcpy(out->args, args, n_args * sizeof(*args));
	if (s->n_uses[i->id])
		emit_mov(s, result_reg(s, i), BPF_REG_0);
}

static void select_call(struct select *s, const struct ir_inst *i)
{
	struct m_val args[5];

	for (uint32_t k = 0; k < i->n_args; k++)
		args[k] = val_of(s, i->args[k]);
	select_call_of(s, i,
	               i->op == IR_CALL        ? M_CALL
	               : i->op == IR_CALL_FUNC ? M_CALLF
	                                       : M_CALLK,
	               i->ref, i->n_args, args);
}

static uint32_t read_helper(const struct select *s, enum ir_ptr ptr)
{
	if (!s->target->has_probe_read_split || ptr == PTR_ANY || ptr == PTR_NONE)
		return BPF_FUNC_probe_read;
	return ptr == PTR_USER ? BPF_FUNC_probe_read_user : BPF_FUNC_probe_read_kernel;
}

static void select_read(struct select *s, const struct ir_inst *i)
{
	struct m_val args[3] = {
	    val_of(s, i->args[0]),
	    {.reg = M_NONE, .k = {.op = IR_CONST, .imm = i->imm}},
	    val_of(s, i->args[1]),
	};

	select_call_of(s, i, M_CALL, read_helper(s, i->args[1]->ptr), 3, args);
}

static void select_branch(struct select *s, const struct ir_inst *i)
{
	select_compare(s, M_BRANCH, i);
}

/* x < 0, x >= 0 and what says the same with -1. */
static bool is_sign_test(const struct ir_inst *i)
{
	const struct ir_inst *y = i->args[1];

	if (i->cond == COND_SLT || i->cond == COND_SGE)
		return ir_is_const_of(y, 0);
	return (i->cond == COND_SLE || i->cond == COND_SGT) && ir_is_const_of(y, -1);
}

/* A comparison as a value. A sign is a bit to shift: with a branch the kernel's verifier would
 * follow two ways from here on. */
static void select_cmp(struct select *s, const struct ir_inst *i)
{
	uint8_t class = i->width == 4 ? BPF_ALU : BPF_ALU64;
	uint32_t dst;

	if (!is_sign_test(i)) {
		select_compare(s, M_CMP, i);
		return;
	}
	dst = result_reg(s, i);
	emit_copy(s, dst, i->args[0]);
	emit_alu_imm(s, class | BPF_RSH | BPF_K, dst, i->width * 8 - 1);
	if (i->cond == COND_SGE || i->cond == COND_SGT)
		emit_alu_imm(s, BPF_ALU64 | BPF_XOR | BPF_K, dst, 1);
}

static void select_jump(struct select *s, const struct ir_inst *i)
{
	(void)i;
	add(s, M_JUMP);
}

static void select_ret(struct select *s, const struct ir_inst *i)
{
	struct m_val v = val_of(s, i->args[0]);
	struct m_inst *out = add(s, M_RET);

	out->n_args = 1;
	out->args = arena_new(s->m->a, struct m_val);
	out->args[0] = v;
}

/* clang-format off */
static void (*const selectors[IR_N_OPS])(struct select *s, const struct ir_inst *i) = {
	[IR_ADD] = select_bin, [IR_SUB] = select_bin, [IR_MUL] = select_bin,
	[IR_UDIV] = select_bin, [IR_UMOD] = select_bin, [IR_AND] = select_bin,
	[IR_OR] = select_bin, [IR_XOR] = select_bin, [IR_SHL] = select_bin,
	[IR_SHR] = select_bin, [IR_SAR] = select_bin, [IR_NEG] = select_neg,
	[IR_EXT] = select_ext, [IR_BSWAP] = select_bswap, [IR_CMP] = select_cmp,
	[IR_LOAD] = select_load, [IR_STORE] = select_store, [IR_ATOMIC] = select_atomic,
	[IR_CMPXCHG] = select_cmpxchg, [IR_COPY] = select_copy, [IR_ZERO] = select_zero,
	[IR_READ] = select_read, [IR_CALL] = select_call, [IR_CALL_FUNC] = select_call,
    [IR_CALL_KERNEL] = select_call,
	[IR_JUMP] = select_jump, [IR_BRANCH] = select_branch, [IR_RET] = select_ret,
};
/* clang-format on */

static void count_uses(struct select *s)
{
	vec_each (b, &s->m->ir->blocks) {
		vec_each (i, &(*b)->insts) {
			for (uint32_t k = 0; k < (*i)->n_args; k++) {
				struct ir_inst *arg = (*i)->args[k];

				s->feeds_phi[arg->id] |= (*i)->op == IR_PHI;
				/* Using a view is using what it shows. */
				for (; arg->op == IR_VIEW; arg = arg->args[0])
					s->n_uses[arg->id]++;
				if ((*i)->op != IR_VIEW)
					s->n_uses[arg->id]++;
			}
		}
	}
}

/* Parameters that are used leave their registers first, before those are needed for calls. */
static void select_params(struct select *s)
{
	uint32_t home[5] = {0};

	vec_each (b, &s->m->ir->blocks) {
		vec_each (i, &(*b)->insts) {
			if ((*i)->op != IR_PARAM || !s->n_uses[(*i)->id])
				continue;
			if (!home[(*i)->ref]) {
				s->from = *i;
				home[(*i)->ref] = new_reg(s);
			}
			s->reg_of[(*i)->id] = home[(*i)->ref];
		}
	}
	for (uint32_t p = 0; p < s->m->ir->n_params; p++) {
		if (home[p])
			emit_mov(s, home[p], BPF_REG_1 + p);
	}
}

/* Nothing of it remains as an instruction of its own: made at its uses, or part of them. */
static bool is_absorbed(const struct select *s, const struct ir_inst *i)
{
	struct m_const k;

	if (i->op == IR_PARAM || i->op == IR_PHI || i->op == IR_VIEW || as_const(i, &k))
		return true;
	return !ir_ops[i->op].has_effect && !s->n_uses[i->id];
}

static void select_block(struct select *s, uint32_t number, const bool *is_fused)
{
	struct m_block *b = &s->m->blocks[number];

	s->block = number;
	b->first = (uint32_t)s->m->insts.n;
	if (number == 0)
		select_params(s);
	vec_each (i, &b->ir->insts) {
		s->from = *i;
		if ((*i)->op == IR_PHI && s->n_uses[(*i)->id]) {
			struct m_phi *phi = vec_add(s->m->a, &b->phis);

			phi->dst = result_reg(s, *i);
		}
		s->m->first_inst[(*i)->id] = (uint32_t)s->m->insts.n;
		if (!is_absorbed(s, *i) && !is_fused[(*i)->id])
			selectors[(*i)->op](s, *i);
		s->m->last_inst[(*i)->id] = (uint32_t)s->m->insts.n;
	}
	b->end = (uint32_t)s->m->insts.n;
}

/* Once every value has its register: what PHIs take from where. */
static void select_phis(struct select *s, struct m_block *b)
{
	size_t at = 0;

	vec_each (i, &b->ir->insts) {
		struct m_phi *phi;

		if ((*i)->op != IR_PHI)
			break;
		if (!s->n_uses[(*i)->id])
			continue;
		phi = &b->phis.items[at++];
		phi->args = arena_array(s->m->a, struct m_val, (*i)->n_args);
		for (uint32_t k = 0; k < (*i)->n_args; k++)
			phi->args[k] = val_of(s, (*i)->args[k]);
	}
}

struct m_func *m_select(struct arena *a, struct ir_func *f)
{
	struct m_func *m = arena_new(a, struct m_func);
	struct select s = {.m = m, .target = &f->unit->target};
	struct ir_cfg *cfg = ir_cfg_create(a, f);
	bool *is_fused = arena_array(a, bool, f->n_insts);

	m->a = a;
	m->ir = f;
	m->n_blocks = (uint32_t)f->blocks.n;
	m->blocks = arena_array(a, struct m_block, m->n_blocks);
	m->first_inst = arena_array(a, uint32_t, f->n_insts);
	m->last_inst = arena_array(a, uint32_t, f->n_insts);
	s.reg_of = arena_array(a, uint32_t, f->n_insts);
	s.n_uses = arena_array(a, uint32_t, f->n_insts);
	s.feeds_phi = arena_array(a, bool, f->n_insts);
	s.in_block = arena_array(a, uint32_t, f->n_insts);
	while (m->regs.n < M_FIRST)
		new_reg(&s);
	count_uses(&s);
	vec_each (b, &f->blocks) {
		vec_each (i, &(*b)->insts) {
			if ((*i)->n_args == 2 && is_fused_mask(&s, *i, (*i)->args[0]))
				is_fused[(*i)->args[0]->id] = true;
		}
	}
	for (uint32_t k = 0; k < m->n_blocks; k++) {
		m->blocks[k].ir = f->blocks.items[k];
		m->blocks[k].depth = cfg->depth[k];
	}
	for (uint32_t k = 0; k < m->n_blocks; k++)
		select_block(&s, k, is_fused);
	for (uint32_t k = 0; k < m->n_blocks; k++)
		select_phis(&s, &m->blocks[k]);
	return m;
}
