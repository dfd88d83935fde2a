/* Lowering of tseries(): the interval of now in a ring (layout: image/image.h).
 *
 * The ring lies in the map's value, so an event costs a division, a comparison and a store or two.
 * The first event of an interval takes over the place of the one that went before it there. */
#include "script/lower.h"

#include "base/arena.h"

static struct ir_inst *word(struct lower *l, struct ir_inst *at, int64_t off_b)
{
	return ir_load(&l->b, at, off_b, 8, false, PTR_NONE);
}

/* A value joins those of its interval at `at`. */
static void join(struct lower *l, const struct type *t, struct ir_inst *at, struct ir_inst *n,
                 struct ir_inst *now)
{
	struct ir_builder *b = &l->b;
	struct ir_block *better, *done;
	enum ir_cond cond;

	switch (t->tseries_agg) {
	case TYPE_AVG:
		ir_store(b, at, 16, 8, ir_bin_imm(b, IR_ADD, word(l, at, 16), 1));
		/* fall through */
	case TYPE_SUM:
		ir_store(b, at, 8, 8, ir_bin(b, IR_ADD, word(l, at, 8), n));
		return;
	case TYPE_MIN:
	case TYPE_MAX:
		if (t->tseries_agg == TYPE_MIN)
			cond = t->is_signed ? COND_SLT : COND_ULT;
		else
			cond = t->is_signed ? COND_SGT : COND_UGT;
		better = lower_block(l);
		done = lower_block(l);
		ir_branch(b, cond, n, word(l, at, 8), better, done);
		lower_enter(l, better);
		ir_store(b, at, 8, 8, n);
		ir_jump(b, done);
		lower_enter(l, done);
		return;
	default:
		ir_store(b, at, 8, 8, n);
		ir_store(b, at, 16, 8, now);
	}
}

void lower_tseries(struct lower *l, const struct type *t, struct ir_inst *address,
                   struct ir_inst *n)
{
	struct ir_builder *b = &l->b;
	struct ir_block *inside = lower_block(l), *fresh = lower_block(l), *same = lower_block(l);
	struct ir_block *done = lower_block(l);
	struct ir_inst *now = lower_now(l), *k, *mark, *place, *at;

	k = ir_bin_imm(b, IR_UDIV, now, (int64_t)t->tseries_interval_ns);
	mark = ir_bin_imm(b, IR_ADD, k, 1);
	place = ir_bin_imm(b, IR_UMOD, k, t->tseries_n);
	/* older verifiers do not see what the remainder is below of */
	ir_branch(b, COND_ULT, place, ir_const(b, t->tseries_n), inside, done);
	lower_enter(l, inside);
	at = ir_bin(b, IR_ADD, address, ir_bin_imm(b, IR_MUL, place, image_interval_size(t)));
	ir_branch(b, COND_EQ, word(l, at, 0), mark, same, fresh);
	lower_enter(l, fresh);
	fresh->is_unlikely = true;
	ir_store(b, at, 0, 8, mark);
	ir_store(b, at, 8, 8, n);
	if (t->tseries_agg == TYPE_AVG)
		ir_store(b, at, 16, 8, ir_const(b, 1));
	else if (t->tseries_agg == TYPE_NONE)
		ir_store(b, at, 16, 8, now);
	ir_jump(b, done);
	lower_enter(l, same);
	join(l, t, at, n, now);
	ir_jump(b, done);
	lower_enter(l, done);
}
