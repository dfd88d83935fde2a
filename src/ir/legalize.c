/* Legalization: what the target or the verifier does not allow, in terms of what they do.
 *
 * In: any unit. Out: one whose loads are all direct, whose offsets fit, whose widths exist.
 * Doing it twice changes nothing.
 * The trick: the pointer's kind says it all. A load through memory the verifier cannot follow is
 * a probe read into a slot of its own and a load from there; slots not alive together share
 * their bytes later (slots.c), so this costs no stack to speak of. */
#include "ir/ir.h"

#include "bpf/insn.h"
#include "ir/pass.h"

static bool is_direct(const struct ir_target *t, enum ir_ptr ptr)
{
	switch (ptr) {
	case PTR_CTX:
	case PTR_STACK:
	case PTR_VALUE:
	case PTR_MEM:
	case PTR_PACKET:
		return true;
	case PTR_BTF:
		return t->has_btf_loads;
	default:
		return false;
	}
}

static struct ir_inst *plus(struct ir_builder *b, struct ir_inst *ptr, int64_t off_b)
{
	return off_b ? ir_bin_imm(b, IR_ADD, ptr, off_b) : ptr;
}

/* An instruction's address with the offset taken out of it, where the field cannot hold it. */
static void fit_offset(struct ir_builder *b, struct ir_inst *i)
{
	if (i->imm == (int16_t)i->imm)
		return;
	i->args[0] = plus(b, i->args[0], i->imm);
	i->imm = 0;
}

static struct ir_inst *legal_load(struct ir_builder *b, struct ir_inst *i)
{
	const struct ir_target *t = &b->func->unit->target;
	struct ir_inst *from = i->args[0], *slot, *value;

	if (is_direct(t, from->ptr)) {
		fit_offset(b, i);
		if (!i->is_signed || i->width == 8 || t->has_sext)
			return i;
		value = ir_load(b, i->args[0], i->imm, i->width, false, PTR_NONE);
		value->is_volatile = i->is_volatile;
		return ir_ext(b, value, i->width, true);
	}
	slot = ir_slot_addr(b, ir_slot_new(b, 8, 8, "read"));
	ir_read(b, slot, plus(b, from, i->imm), i->width);
	value = ir_load(b, slot, 0, i->width, i->is_signed && t->has_sext, i->ptr);
	value->is_volatile = i->is_volatile;
	if (i->is_signed && i->width < 8 && !t->has_sext)
		value = ir_ext(b, value, i->width, true);
	return value;
}

static struct ir_inst *legal_memory(struct ir_builder *b, struct ir_inst *i)
{
	fit_offset(b, i);
	return i;
}

/* Too long to unroll: the probe-read helper copies from anything readable. */
static struct ir_inst *legal_copy(struct ir_builder *b, struct ir_inst *i)
{
	if (i->imm <= 512)
		return i;
	return ir_read(b, i->args[0], ir_as(b, i->args[1], PTR_KERNEL), (uint32_t)i->imm);
}

/* 32-bit comparisons came with cpu v3. */
static struct ir_inst *legal_compare(struct ir_builder *b, struct ir_inst *i)
{
	bool is_signed = i->cond >= COND_SLT && i->cond <= COND_SGE;

	if (i->width == 8 || b->func->unit->target.has_alu32)
		return i;
	for (int k = 0; k < 2; k++)
		i->args[k] = ir_ext(b, i->args[k], 4, is_signed);
	i->width = 8;
	return i;
}

/* So did the 32-bit arithmetic shift. */
static struct ir_inst *legal_sar(struct ir_builder *b, struct ir_inst *i)
{
	struct ir_inst *count;

	if (i->width == 8 || b->func->unit->target.has_alu32)
		return i;
	count = ir_bin_imm(b, IR_AND, i->args[1], 31);
	return ir_ext(b, ir_bin(b, IR_SAR, ir_ext(b, i->args[0], 4, true), count), 4, false);
}

static struct ir_inst *(*const rules[IR_N_OPS])(struct ir_builder *b, struct ir_inst *i) = {
    [IR_LOAD] = legal_load,      [IR_STORE] = legal_memory, [IR_ATOMIC] = legal_memory,
    [IR_CMPXCHG] = legal_memory, [IR_COPY] = legal_copy,    [IR_CMP] = legal_compare,
    [IR_BRANCH] = legal_compare, [IR_SAR] = legal_sar,
};

static void legalize_block(struct ir_func *f, struct ir_block *at, struct ir_replace *r)
{
	struct ir_builder b = {.func = f, .block = at};
	struct ir_inst **old = at->insts.items;
	size_t n = at->insts.n;

	at->insts.items = NULL;
	at->insts.n = at->insts.cap = 0;
	for (size_t k = 0; k < n; k++) {
		struct ir_inst *i = old[k], *legal = i;

		for (uint32_t arg = 0; arg < i->n_args; arg++)
			i->args[arg] = ir_replaced(r, i->args[arg]);
		b.at = i->at;
		if (rules[i->op])
			legal = rules[i->op](&b, i);
		if (legal == i)
			vec_push(ir_arena(f), &at->insts, i);
		else
			r->by[i->id] = legal;
	}
}

void ir_legalize(struct ir_unit *u)
{
	vec_each (f, &u->funcs) {
		own_scratch struct ir_scratch scratch = ir_scratch_begin((*f)->unit);
		struct arena *a = scratch.a;
		struct ir_replace r = ir_replace_create(a, *f);

		vec_each (b, &(*f)->blocks)
			legalize_block(*f, *b, &r);
		ir_replace_all(*f, &r);
	}
}
