/* Branches: which ways can be taken, and what each way teaches about the registers compared. */
#include "vm/verifier/state.h"

#include <string.h>

/* ---- null ------------------------------------------------------------------------------------ */

static bool may_hold_lock(const struct reg *r)
{
	return r->kind == REG_MAP_VALUE || (r->kind == REG_BTF && (r->flags & REG_ALLOC));
}

static void settle_reg(struct reg *r, bool is_null)
{
	if (is_null) {
		reg_set(r, 0);
		return;
	}
	r->flags &= ~(uint32_t)REG_MAYBE_NULL;
	if (r->kind == REG_MAP_VALUE && r->map->inner) {
		r->kind = REG_MAP;
		r->map_uid = r->id;
		r->map = r->map->inner;
	} else if (r->kind == REG_MAP_VALUE && r->map->type == BPF_MAP_TYPE_XSKMAP) {
		r->kind = REG_XDP_SOCK;
	} else if (r->kind == REG_MAP_VALUE && (r->map->type == BPF_MAP_TYPE_SOCKMAP ||
	                                        r->map->type == BPF_MAP_TYPE_SOCKHASH)) {
		r->kind = REG_SOCKET;
	}
	/* Values with a lock keep their id: it tells which value was locked. */
	if (!may_hold_lock(r))
		r->id = 0;
}

void settle_null(struct verifier *v, struct state *st, uint32_t id, bool is_null)
{
	(void)v;
	/* A reference that is null need not be given back. */
	for (size_t k = 0; is_null && k < st->refs.n; k++) {
		if (st->refs.items[k].kind == REF_OBJECT && st->refs.items[k].id == id) {
			ref_remove(st, k);
			break;
		}
	}
	each_reg(st, r, {
		if (reg_may_be_null(r) && r->id == id)
			settle_reg(r, is_null);
	});
}

static bool surely_not_null(const struct reg *r)
{
	if (reg_may_be_null(r))
		return false;
	switch (r->kind) {
	case REG_SOCKET:
	case REG_TCP_SOCK:
	case REG_SOCK_COMMON:
	case REG_MAP_VALUE:
	case REG_MAP_KEY:
	case REG_MAP:
		return true;
	case REG_BTF:
		return r->ref_id || ((r->flags & REG_TRUSTED) && !(r->flags & REG_UNTRUSTED));
	case REG_MEM:
		return !(r->flags & REG_UNTRUSTED);
	default:
		return false;
	}
}

/* ---- which way --------------------------------------------------------------------------------
 */

static uint8_t flip(uint8_t op)
{
	static const uint8_t flipped[16] = {
	    [BPF_JEQ >> 4] = BPF_JEQ,   [BPF_JNE >> 4] = BPF_JNE,   [BPF_JSET >> 4] = BPF_JSET,
	    [BPF_JGT >> 4] = BPF_JLT,   [BPF_JGE >> 4] = BPF_JLE,   [BPF_JLT >> 4] = BPF_JGT,
	    [BPF_JLE >> 4] = BPF_JGE,   [BPF_JSGT >> 4] = BPF_JSLT, [BPF_JSGE >> 4] = BPF_JSLE,
	    [BPF_JSLT >> 4] = BPF_JSGT, [BPF_JSLE >> 4] = BPF_JSGE,
	};

	return flipped[op >> 4];
}

static int packet_branch(const struct reg *dst, const struct reg *src, uint8_t op)
{
	const struct reg *pkt = dst;

	if (dst->kind == REG_PACKET_END) {
		pkt = src;
		op = flip(op);
	} else if (src->kind != REG_PACKET_END) {
		return -1;
	}
	if (!reg_is_packet(pkt) || pkt->range >= 0)
		return -1;
	if (op == BPF_JLE || op == BPF_JGT)
		return pkt->range == PKT_BEYOND_END ? op == BPF_JGT : -1;
	if (op == BPF_JLT || op == BPF_JGE)
		return op == BPF_JGE;
	return -1;
}

static bool is_packet_any(const struct reg *r)
{
	return reg_is_packet(r) || r->kind == REG_PACKET_END;
}

static int which_way(const struct reg *dst, const struct reg *src, uint8_t op, bool is_32)
{
	const struct reg *pointer = dst, *number = src;

	if (is_packet_any(dst) && is_packet_any(src) && !is_32)
		return packet_branch(dst, src, op);
	if (dst == src && dst->kind == REG_SCALAR && op != BPF_JSET) /* with itself */
		return op == BPF_JEQ || op == BPF_JGE || op == BPF_JLE || op == BPF_JSGE ||
		       op == BPF_JSLE;
	if (!reg_is_pointer(dst) && !reg_is_pointer(src))
		return scalar_branch(&dst->s, op, is_32, &src->s);
	if (!reg_is_const(number)) {
		pointer = src;
		number = dst;
		op = flip(op);
	}
	/* A pointer that cannot be null is not 0; its low half may be. */
	if (is_32 || !reg_is_null(number) || !surely_not_null(pointer))
		return -1;
	return op == BPF_JEQ ? 0 : op == BPF_JNE ? 1 : -1;
}

/* ---- what it teaches ---------------------------------------------------------------------------
 */

static void mark_packet_end(struct reg *r, bool is_beyond)
{
	if (r->kind == REG_PACKET)
		r->range = is_beyond ? PKT_BEYOND_END : PKT_AT_END;
}

static bool is_packet_start(const struct reg *r)
{
	return r->kind == REG_PACKET && !r->id && !r->off && reg_is_packet(r) &&
	       scalar_is_const(&r->s) && !r->s.bits.value;
}

/* pkt OP end: where pkt is not beyond the end, so many bytes are there. `here` falls through,
 * `there` is where the jump goes. */
static bool learn_packet(struct verifier *v, struct state *here, struct state *there,
                         const struct bpf_insn *i, uint8_t op)
{
	struct reg *h = here->frames[here->frame]->regs, *t = there->frames[there->frame]->regs;
	uint32_t p = i->dst_reg, e = i->src_reg;
	struct reg pkt;

	if (h[p].kind == REG_PACKET_END || is_packet_start(&h[p])) {
		if (!(h[p].kind == REG_PACKET_END && h[e].kind == REG_PACKET) &&
		    !(is_packet_start(&h[p]) && h[e].kind == REG_PACKET_META))
			goto other;
		op = flip(op);
		p = i->src_reg;
		e = i->dst_reg;
	}
other:
	if (!(h[p].kind == REG_PACKET && h[e].kind == REG_PACKET_END) &&
	    !(h[p].kind == REG_PACKET_META && is_packet_start(&h[e])))
		return false;
	pkt = h[p];
	switch (op) {
	case BPF_JGT: /* here: pkt <= end */
		packet_learn(v, here, &pkt, pkt.kind, false);
		mark_packet_end(&t[p], true);
		return true;
	case BPF_JLT: /* there: pkt < end */
		packet_learn(v, there, &pkt, pkt.kind, true);
		mark_packet_end(&h[p], false);
		return true;
	case BPF_JGE: /* here: pkt < end */
		packet_learn(v, here, &pkt, pkt.kind, true);
		mark_packet_end(&t[p], false);
		return true;
	case BPF_JLE: /* there: pkt <= end */
		packet_learn(v, there, &pkt, pkt.kind, false);
		mark_packet_end(&h[p], true);
		return true;
	default:
		return false;
	}
}

static void link_add(struct history *h, uint32_t frame, uint32_t number, bool is_reg)
{
	if (h->n_linked < 6)
		h->linked[h->n_linked++] = (struct linked){(uint8_t)frame, (uint8_t)number, is_reg};
}

/* Who shares this id now: if one must be precise, all must. Beyond six, links are cut. */
static void collect_linked(struct state *st, uint32_t id, struct history *h)
{
	for (uint32_t f = 0; f <= st->frame; f++) {
		struct frame *fr = st->frames[f];

		for (uint32_t k = 0; k < N_REGS; k++) {
			struct reg *r = &fr->regs[k];

			if (r->kind != REG_SCALAR || r->id != id)
				continue;
			if (h->n_linked == 6)
				r->id = 0;
			link_add(h, f, k, true);
		}
		for (uint32_t k = 0; k < fr->n_slots; k++) {
			struct reg *r = &fr->slots[k].reg;

			if (!slot_is_spill(&fr->slots[k]) || r->kind != REG_SCALAR || r->id != id)
				continue;
			if (h->n_linked == 6)
				r->id = 0;
			link_add(h, f, k, false);
		}
	}
}

static void teach_linked(struct state *st, const struct reg *known)
{
	struct reg k = *known;

	if (k.kind != REG_SCALAR || !k.id)
		return;
	each_reg(st, r, {
		if (r != known && r->kind == REG_SCALAR && r->id == k.id) {
			int64_t by = (int64_t)(r->is_added ? r->add : 0) - (k.is_added ? k.add : 0);
			bool is_half = r->is_added32;
			struct scalar step = scalar_const((uint64_t)by);

			/* From the low half of a sum nothing follows for the whole. */
			if (k.is_added32 && !is_half)
				continue;
			r->s = k.s;
			if (by || is_half)
				scalar_alu(&r->s, BPF_ADD, is_half, false, &step);
		}
	});
}

/* Pointers found equal: if one cannot be null, neither can the other. */
static void learn_equal_pointers(struct verifier *v, struct state *equal, const struct bpf_insn *i)
{
	struct reg *regs = equal->frames[equal->frame]->regs;
	struct reg *a = &regs[i->dst_reg], *b = &regs[i->src_reg];

	if (!reg_is_pointer(a) || !reg_is_pointer(b) || a->kind == REG_BTF || b->kind == REG_BTF ||
	    reg_may_be_null(a) == reg_may_be_null(b))
		return;
	if (!reg_may_be_null(a) ? surely_not_null(a) : surely_not_null(b))
		settle_null(v, equal, reg_may_be_null(a) ? a->id : b->id, false);
}

static void learn(struct verifier *v, struct state *there, const struct bpf_insn *i, bool is_32)
{
	uint8_t op = BPF_OP(i->code);
	struct state *here = v->cur;
	struct reg *h = here->frames[here->frame]->regs, *t = there->frames[there->frame]->regs;
	struct reg constant_h, constant_t, *hd = &h[i->dst_reg], *td = &t[i->dst_reg];
	bool is_reg = BPF_SRC(i->code) == BPF_X;
	struct reg *hs = &constant_h, *ts = &constant_t;

	if (is_reg) {
		hs = &h[i->src_reg];
		ts = &t[i->src_reg];
	} else {
		reg_set(&constant_h, (uint64_t)(int64_t)i->imm);
		constant_t = constant_h;
	}
	if (hd->kind == REG_SCALAR && hs->kind == REG_SCALAR) {
		if (hd == hs) { /* with itself: BPF_JSET */
			struct reg other = *hd;

			scalar_refine(&hd->s, &other.s, op, is_32, false);
			other = *td;
			scalar_refine(&td->s, &other.s, op, is_32, true);
		} else {
			scalar_refine(&hd->s, &hs->s, op, is_32, false);
			scalar_refine(&td->s, &ts->s, op, is_32, true);
		}
		if (is_reg) {
			teach_linked(here, hs);
			teach_linked(there, ts);
		}
		teach_linked(here, hd);
		teach_linked(there, td);
	}
	if (is_32)
		return;
	if (is_reg && (op == BPF_JEQ || op == BPF_JNE))
		learn_equal_pointers(v, op == BPF_JEQ ? there : here, i);
	if ((op == BPF_JEQ || op == BPF_JNE) && reg_is_null(hs) && reg_may_be_null(hd)) {
		uint32_t id = hd->id;

		if (is_reg) /* what is 0 here has to be 0 wherever this path stands for others */
			mark_precise(v, i->src_reg);
		settle_null(v, here, id, op == BPF_JNE);
		settle_null(v, there, id, op == BPF_JEQ);
	} else if (is_reg) {
		learn_packet(v, here, there, i, op);
	}
}

/* may_goto counts by itself: the loop ends after some number of rounds, whatever the program does.
 */
static int check_may_goto(struct verifier *v, const struct bpf_insn *i, uint32_t *ret_next)
{
	/* Where this path is now was remembered just before; what counts is the round before. */
	struct state *earlier = earlier_here(v, v->cur->parent, v->pc);
	struct state *again = push_path(v, v->pc + 1, v->pc);

	if (!again)
		return -1;
	again->may_goto_depth++;
	if (earlier)
		widen_scalars(earlier, again);
	*ret_next = insn_target(i, v->pc);
	return 0;
}

int check_branch(struct verifier *v, const struct bpf_insn *i, uint32_t *ret_next)
{
	uint8_t op = BPF_OP(i->code);
	bool is_32 = BPF_CLASS(i->code) == BPF_JMP32, is_reg = BPF_SRC(i->code) == BPF_X;
	struct reg *regs = cur_regs(v), constant, *dst = &regs[i->dst_reg], *src = &constant;
	struct history links = {0};
	struct state *there;
	int way;

	*ret_next = v->pc + 1;
	if (insn_is_may_goto(i))
		return check_may_goto(v, i, ret_next);
	if (op == BPF_JA) {
		*ret_next = insn_target(i, v->pc);
		return 0;
	}
	if (use_reg(v, i->dst_reg) || (is_reg && use_reg(v, i->src_reg)))
		return -1;
	if (is_reg)
		src = &regs[i->src_reg];
	else
		reg_set(&constant, (uint64_t)(int64_t)i->imm);
	if (v->opts->is_unprivileged && (reg_is_pointer(dst) || reg_is_pointer(src)) &&
	    !(is_packet_any(dst) && is_packet_any(src)) &&
	    !(reg_may_be_null(dst) && reg_is_null(src) && (op == BPF_JEQ || op == BPF_JNE)))
		return refuse(v, WAY_LEAK, "R%u pointer comparison prohibited", i->dst_reg);
	way = which_way(dst, src, op, is_32);
	if (way >= 0) {
		if (!reg_is_pointer(dst))
			mark_precise(v, i->dst_reg);
		if (is_reg && !reg_is_pointer(src))
			mark_precise(v, i->src_reg);
		if (way)
			*ret_next = insn_target(i, v->pc);
		return 0;
	}
	if (is_reg && src->kind == REG_SCALAR && src->id)
		collect_linked(v->cur, src->id, &links);
	if (dst->kind == REG_SCALAR && dst->id && !(is_reg && src->id == dst->id))
		collect_linked(v->cur, dst->id, &links);
	if (links.n_linked > 1)
		push_history(v, links);
	there = push_path(v, insn_target(i, v->pc), v->pc);
	if (!there)
		return -1;
	learn(v, there, i, is_32);
	return 0;
}
