/* Emission: a unit to BPF instructions.
 *
 * In: any unit that keeps the rules; it is made legal first. Out: struct ir_code.
 * The trick: a block's body is emitted before it is known where blocks go. Then blocks that turned
 * out empty vanish from every path, and only jumps that do not lead to what follows are
 * written. */
#include <assert.h>
#include <string.h>

#include "ir/emit_priv.h"

/* ---- single instructions --------------------------------------------------------------- */

static void forget(struct emitter *e, unsigned reg)
{
	if (reg < M_N_REGS)
		e->holds[reg] = ++e->n_contents;
}

static void forget_all(struct emitter *e)
{
	for (unsigned r = 0; r < M_N_REGS; r++)
		forget(e, r);
	memset(e->cell_holds, 0, sizeof(e->cell_holds));
}

/* What the instruction leaves in registers is news. */
static void note_writes(struct emitter *e, struct bpf_insn insn)
{
	switch (BPF_CLASS(insn.code)) {
	case BPF_JMP:
		for (unsigned r = 0; r < M_CLOBBERED && BPF_OP(insn.code) == BPF_CALL; r++)
			forget(e, r);
		break;
	case BPF_STX:
		if (BPF_MODE(insn.code) == BPF_ATOMIC && (insn.imm & BPF_FETCH))
			forget(e, insn.imm == BPF_CMPXCHG ? BPF_REG_0 : insn.src_reg);
		break;
	case BPF_JMP32:
	case BPF_ST:
		break;
	default:
		forget(e, insn.dst_reg);
		break;
	}
}

static void put(struct emitter *e, struct bpf_insn insn)
{
	vec_push(e->unit->scratch, &e->insns, insn);
	vec_push(e->unit->scratch, &e->spans, e->at);
	note_writes(e, insn);
}

static uint32_t *contents_of(struct emitter *e, int place)
{
	if (place >= 0)
		return &e->holds[place];
	assert(-place / 8 < N_CELLS);
	return &e->cell_holds[-place / 8];
}

static void put_wide(struct emitter *e, int dst, uint8_t pseudo, uint64_t imm)
{
	struct bpf_insn two[2];

	bpf_lddw(two, (uint8_t)dst, pseudo, imm);
	put(e, two[0]);
	put(e, two[1]);
}

static void put_reloc(struct emitter *e, enum ir_reloc_kind kind, uint32_t map, uint32_t off_b)
{
	struct ir_reloc r = {
	    .insn = (uint32_t)e->insns.n, .kind = kind, .map = map, .off_b = off_b};

	vec_push(e->unit->scratch, &e->relocs, r);
}

/* dst = k; dst may be a frame cell for a small number. */
static void put_const(void *ctx, int dst, const struct m_const *k)
{
	struct emitter *e = ctx;
	struct patch p = {.insn = (uint32_t)e->insns.n, .func = k->ref};

	switch (k->op) {
	case IR_CONST:
		if (dst < 0) {
			put(e, bpf_store_imm(8, BPF_REG_10, (int16_t)dst, (int32_t)k->imm));
			*contents_of(e, dst) = 0;
			break;
		}
		if (k->imm == (int32_t)k->imm)
			put(e, bpf_mov_imm((uint8_t)dst, (int32_t)k->imm));
		else if (k->imm == (uint32_t)k->imm)
			put(e, bpf_alu_imm(BPF_MOV, true, (uint8_t)dst, (int32_t)k->imm));
		else
			put_wide(e, dst, 0, (uint64_t)k->imm);
		break;
	case IR_SLOT:
		put(e, bpf_mov((uint8_t)dst, BPF_REG_10));
		put(e, bpf_alu_imm(BPF_ADD, false, (uint8_t)dst,
		                   e->m->slot_off[k->ref] + (int32_t)k->imm));
		break;
	case IR_MAP:
		put_reloc(e, RELOC_MAP, k->ref, 0);
		put_wide(e, dst, BPF_PSEUDO_MAP_FD, 0);
		break;
	case IR_MAP_VALUE:
		put_reloc(e, RELOC_MAP_VALUE, k->ref, (uint32_t)k->imm);
		put_wide(e, dst, BPF_PSEUDO_MAP_VALUE, (uint64_t)k->imm << 32);
		break;
	case IR_BTF_VAR:
		put_wide(e, dst, BPF_PSEUDO_BTF_ID, (uint32_t)k->imm);
		break;
	default:
		assert(k->op == IR_FUNC);
		vec_push(e->unit->scratch, &e->patches, p);
		put_wide(e, dst, BPF_PSEUDO_FUNC, 0);
		break;
	}
}

static void put_move(void *ctx, int dst, int src)
{
	struct emitter *e = ctx;
	uint32_t *from = contents_of(e, src), *to = contents_of(e, dst);

	if (!*from)
		*from = ++e->n_contents;
	if (*from == *to)
		return;
	/* A register that holds the cell's value saves the access. */
	for (int r = 0; src < 0 && r < M_N_REGS; r++) {
		if (e->holds[r] == *from)
			src = r;
	}
	if (dst < 0)
		put(e, bpf_store(8, BPF_REG_10, (int16_t)dst, (uint8_t)src));
	else if (src < 0)
		put(e, bpf_load(8, false, (uint8_t)dst, BPF_REG_10, (int16_t)src));
	else
		put(e, bpf_mov((uint8_t)dst, (uint8_t)src));
	*to = *from;
}

/* ---- where things are
 * ---------------------------------------------------------------------------- */

/* A register's place as a move's source: its home, or its cell, or how it is made. */
static struct m_move source_at(const struct emitter *e, uint32_t reg, uint32_t at)
{
	struct m_move move = {.src = m_home_at(e->m, reg, at)};

	if (move.src == M_IN_MEMORY) {
		if (e->m->regs.items[reg].is_const) {
			move.src = M_MOVE_CONST;
			move.k = e->m->regs.items[reg].k;
		} else {
			move.src = e->m->regs.items[reg].cell;
		}
	}
	return move;
}

static struct m_move source_of(const struct emitter *e, const struct m_val *v, uint32_t at)
{
	if (v->reg == M_NONE)
		return (struct m_move){.src = M_MOVE_CONST, .k = v->k};
	return source_at(e, v->reg, at);
}

static uint8_t home(const struct emitter *e, uint32_t reg, uint32_t at)
{
	int where = m_home_at(e->m, reg, at);

	assert(where >= 0);
	return (uint8_t)where;
}

static void run_moves(struct emitter *e, struct m_move *moves, uint32_t n, uint32_t free_regs)
{
	struct m_move_sink sink = {.ctx = e, .move = put_move, .make = put_const};

	m_sequence_moves(moves, n, free_regs, -(int)e->m->frame_b - 8, &e->used_spare, &sink);
}

/* ---- between instructions
 * ------------------------------------------------------------------------ */

static void add_between(struct emitter *e, uint32_t inst, uint32_t reg, int dst, int src)
{
	struct between *b = arena_new(e->unit->scratch, struct between);

	*b = (struct between){
	    .inst = inst, .reg = reg, .dst = dst, .src = src, .next = e->between[inst]};
	e->between[inst] = b;
}

/* Stores of spilled registers where they are set, and moves where a life goes on elsewhere
 * inside a block. At the borders of blocks the edges see to it. */
static void plan_between(struct emitter *e)
{
	struct m_func *m = e->m;
	bool *is_first = arena_array(e->unit->scratch, bool, m->insts.n + 1);

	e->between = arena_array(e->unit->scratch, struct between *, m->insts.n + 1);
	for (uint32_t b = 0; b < m->n_blocks; b++)
		is_first[m->blocks[b].first] = true;
	for (uint32_t r = M_FIRST; r < m->regs.n; r++) {
		const struct m_reg *reg = &m->regs.items[r];

		for (uint32_t k = 1; k < reg->n_pieces; k++) {
			const struct m_life *l = reg->pieces[k], *before = reg->pieces[k - 1];
			uint32_t at = l->ranges[0].from;
			struct m_move move;

			if (l->home == M_IN_MEMORY || (at & 1) || is_first[at / 2] ||
			    before->home == l->home)
				continue;
			/* After a hole it is being set: blocks may come before those that
			 * dominate them. */
			if (before->ranges[before->n_ranges - 1].to < at)
				continue;
			move = source_at(e, r, at - 1);
			add_between(e, at / 2, r, l->home, move.src);
		}
		if (reg->is_spilled && !reg->is_const && reg->def_end != M_NONE)
			add_between(e, reg->def_end + 1, r, reg->cell,
			            home(e, r, 2 * reg->def_end + 1));
	}
}

static void emit_between(struct emitter *e, uint32_t inst)
{
	struct m_move moves[16];
	uint32_t n = 0;

	/* Stores first: what they save may be overwritten by a move. */
	for (struct between *b = e->between[inst]; b; b = b->next) {
		if (b->dst < 0)
			put_move(e, b->dst, b->src);
	}
	for (struct between *b = e->between[inst]; b; b = b->next) {
		if (b->dst < 0)
			continue;
		assert(n < sizeof(moves) / sizeof(*moves));
		moves[n++] =
		    (struct m_move){.dst = b->dst, .src = b->src, .k = e->m->regs.items[b->reg].k};
	}
	if (n)
		run_moves(e, moves, n, 0);
}

/* ---- edges ----------------------------------------------------------------------------- */

/* What has to move when control goes from one block to the next. */
static void emit_edge(struct emitter *e, const struct m_block *from, const struct m_block *to)
{
	uint32_t at_end = 2 * from->end - 1, at_start = 2 * to->first, n = 0;
	uint32_t arg = to->phis.n ? ir_pred_index(to->ir, from->ir) : 0, free_regs = 0x3ff;
	struct m_move *moves =
	    arena_array(e->unit->scratch, struct m_move, to->live_in.n + to->phis.n);

	vec_each (r, &to->live_in) {
		int dst = m_home_at(e->m, *r, at_start);
		struct m_move move = source_at(e, *r, at_end);

		if (dst >= 0)
			free_regs &= ~(1u << dst);
		if (dst == M_IN_MEMORY || dst == move.src)
			continue; /* memory is up to date since the definition */
		move.dst = dst;
		moves[n++] = move;
	}
	vec_each (phi, &to->phis) {
		struct m_move move = source_of(e, &phi->args[arg], at_end);

		if (!e->m->regs.items[phi->dst].life)
			continue;
		move.dst = m_home_at(e->m, phi->dst, at_start);
		if (move.dst >= 0)
			free_regs &= ~(1u << move.dst);
		else
			move.dst = e->m->regs.items[phi->dst].cell;
		moves[n++] = move;
	}
	if (n)
		run_moves(e, moves, n, free_regs);
}

/* ---- instructions
 * -------------------------------------------------------------------------------- */

static uint8_t base_of(const struct emitter *e, const struct m_inst *i, uint32_t at)
{
	return i->a == M_FRAME ? BPF_REG_10 : home(e, i->a, at);
}

static int16_t offset_of(const struct emitter *e, const struct m_inst *i)
{
	return i->a == M_FRAME ? (int16_t)(i->off + e->m->slot_off[i->slot]) : i->off;
}

static void emit_call(struct emitter *e, const struct m_inst *i, uint32_t at)
{
	struct m_move moves[5];
	struct patch p = {.func = (uint32_t)i->imm};

	for (uint32_t k = 0; k < i->n_args; k++) {
		moves[k] = source_of(e, &i->args[k], at);
		moves[k].dst = BPF_REG_1 + (int)k;
	}
	/* r0 is about to be overwritten; so is what arguments do not fill. */
	run_moves(e, moves, i->n_args, 0x3f);
	p.insn = (uint32_t)e->insns.n;
	if (i->op == M_CALLF)
		vec_push(e->unit->scratch, &e->patches, p);
	put(e, i->op == M_CALLF   ? bpf_call_func(0)
	       : i->op == M_CALLK ? bpf_call_kernel((uint32_t)i->imm)
	                          : bpf_call((uint32_t)i->imm));
}

static const uint8_t jump_codes[COND_N] = {
    [COND_EQ] = BPF_JEQ,   [COND_NE] = BPF_JNE,   [COND_ULT] = BPF_JLT,  [COND_ULE] = BPF_JLE,
    [COND_UGT] = BPF_JGT,  [COND_UGE] = BPF_JGE,  [COND_SLT] = BPF_JSLT, [COND_SLE] = BPF_JSLE,
    [COND_SGT] = BPF_JSGT, [COND_SGE] = BPF_JSGE, [COND_SET] = BPF_JSET,
};

struct bpf_insn emit_jump_on(const struct emitter *e, const struct m_inst *i, enum ir_cond cond,
                             uint32_t at, int16_t off)
{
	uint8_t a = home(e, i->a, at), code = jump_codes[cond];

	if (i->b == M_NONE)
		return bpf_jmp_imm(code, i->width == 4, a, (int32_t)i->imm, off);
	return bpf_jmp(code, i->width == 4, a, home(e, i->b, at), off);
}

static void emit_inst(struct emitter *e, const struct m_inst *i, uint32_t number)
{
	uint32_t at = 2 * number;
	uint8_t dst = m_ops[i->op].writes_dst ? home(e, i->dst, at + !m_ops[i->op].is_early) : 0;
	struct m_move result;

	switch (i->op) {
	case M_MOV:
		put_move(e, dst, home(e, i->a, at));
		break;
	case M_MOVX:
		put(e, bpf_make(i->code, dst, home(e, i->a, at), i->off, 0));
		break;
	case M_CONST:
		put_const(e, dst, &i->k);
		break;
	case M_ALU:
		assert(home(e, i->dst, at) == dst);
		if (i->b == M_NONE)
			put(e, bpf_make(i->code, dst, 0, 0, (int32_t)i->imm));
		else
			put(e, bpf_make(i->code, dst, home(e, i->b, at), 0, 0));
		break;
	case M_LOAD:
		put(e, bpf_load(i->width, i->is_signed, dst, base_of(e, i, at), offset_of(e, i)));
		break;
	case M_STORE:
		put(e, bpf_store(i->width, base_of(e, i, at), offset_of(e, i), home(e, i->b, at)));
		break;
	case M_STORE_K:
		put(e,
		    bpf_store_imm(i->width, base_of(e, i, at), offset_of(e, i), (int32_t)i->imm));
		break;
	case M_ATOMIC:
	case M_CMPXCHG:
		put(e, bpf_atomic(i->width, (uint32_t)i->imm, base_of(e, i, at), offset_of(e, i),
		                  home(e, i->b, at)));
		break;
	case M_FETCH:
		assert(home(e, i->dst, at) == dst);
		put(e, bpf_atomic(i->width, (uint32_t)i->imm, base_of(e, i, at), offset_of(e, i),
		                  dst));
		break;
	case M_CALL:
	case M_CALLF:
	case M_CALLK:
		emit_call(e, i, at);
		break;
	case M_CMP:
		put(e, bpf_mov_imm(dst, 1));
		put(e, emit_jump_on(e, i, i->cond, at, 1));
		put(e, bpf_mov_imm(dst, 0));
		break;
	case M_RET:
		result = source_of(e, &i->args[0], at);
		result.dst = BPF_REG_0;
		run_moves(e, &result, 1, 0x3ff);
		break;
	default:
		break; /* jumps are placed with the blocks */
	}
}

static void emit_body(struct emitter *e, uint32_t number)
{
	struct m_block *b = &e->m->blocks[number];
	struct ir_block *ir = b->ir;

	e->bodies[number].begin = (uint32_t)e->insns.n;
	forget_all(e);
	e->at = e->m->insts.items[b->first].from->at;
	if (ir->preds.n == 1 && ir->preds.items[0]->succ[1])
		emit_edge(e, &e->m->blocks[ir->preds.items[0]->id], b);
	vec_each (phi, &b->phis) {
		const struct m_reg *r = &e->m->regs.items[phi->dst];
		int at = r->life ? m_home_at(e->m, phi->dst, 2 * b->first) : M_IN_MEMORY;

		if (r->is_spilled && at >= 0)
			put_move(e, r->cell, at);
	}
	for (uint32_t k = b->first; k < b->end; k++) {
		const struct m_inst *i = &e->m->insts.items[k];

		e->at = i->from->at;
		emit_between(e, k);
		if (i->op == M_JUMP)
			emit_edge(e, b, &e->m->blocks[ir->succ[0]->id]);
		emit_inst(e, i, k);
	}
	e->bodies[number].end = (uint32_t)e->insns.n;
}

/* ---- the unit -------------------------------------------------------------------------- */

static struct span largest_slot(const struct ir_func *f)
{
	struct span at = NO_SPAN;
	uint32_t size_b = 0;

	vec_each (b, &f->blocks) {
		vec_each (i, &(*b)->insts) {
			if ((*i)->op == IR_SLOT && f->slots.items[(*i)->ref].size_b > size_b) {
				size_b = f->slots.items[(*i)->ref].size_b;
				at = (*i)->at;
			}
		}
	}
	return at;
}

/* The deepest place of its frame that foreign code names. What it reaches by arithmetic is the
 * verifier's to see. */
static uint32_t foreign_frame(const struct ir_foreign *code)
{
	int64_t lowest = 0;

	for (uint32_t i = 0; i < code->n_insns; i++) {
		const struct bpf_insn *in = &code->insns[i];
		unsigned class = BPF_CLASS(in->code);
		uint8_t base = class == BPF_LDX ? in->src_reg : in->dst_reg;
		int64_t at = 0;

		if ((class == BPF_LDX || class == BPF_ST || class == BPF_STX) && base == BPF_REG_10)
			at = in->off;
		else if (in->code == (BPF_ALU64 | BPF_MOV | BPF_X) && in->src_reg == BPF_REG_10 &&
		         i + 1 < code->n_insns && in[1].dst_reg == in->dst_reg &&
		         in[1].code == (BPF_ALU64 | BPF_ADD | BPF_K))
			at = in[1].imm;
		lowest = at < lowest ? at : lowest;
	}
	return lowest > -BPF_STACK_B ? (uint32_t)-lowest : BPF_STACK_B;
}

static void emit_foreign(struct unit_emitter *unit, const struct ir_func *f)
{
	const struct ir_foreign *from = f->foreign;
	struct ir_code *code = unit->code;
	struct arena *a = unit->u->a;
	uint32_t start = (uint32_t)code->insns.n;

	for (uint32_t i = 0; i < from->n_insns; i++) {
		vec_push(a, &code->insns, from->insns[i]);
		vec_push(a, &code->spans, from->at);
	}
	for (uint32_t i = 0; i < from->n_relocs; i++) {
		struct ir_reloc r = from->relocs[i];

		r.insn += start;
		vec_push(a, &code->relocs, r);
	}
	for (uint32_t i = 0; i < from->n_refs; i++)
		vec_push(unit->scratch, &unit->patches,
		         ((struct patch){.insn = start + from->refs[i].insn,
		                         .func = from->refs[i].func,
		                         .delta = from->refs[i].delta}));
	for (uint32_t i = 0; i < from->n_notes; i++)
		vec_push(a, &code->notes,
		         ((struct ir_note){start + from->notes[i].insn, from->notes[i].text}));
	vec_push(a, &code->origins,
	         ((struct ir_origin){start, from->n_insns, f->name, from->origin}));
	unit->frame_b[f->index] = foreign_frame(from);
	if (unit->frame_b[f->index] > code->stack_b)
		code->stack_b = unit->frame_b[f->index];
}

static bool emit_func(struct unit_emitter *unit, struct ir_func *f, struct diag *d)
{
	struct emitter e = {.unit = unit};

	if (f->foreign) {
		emit_foreign(unit, f);
		return true;
	}

	ir_split_critical_edges(f);
	e.m = m_select(unit->scratch, f);
	m_find_lives(e.m);
	m_allocate(e.m);
	m_place_slots(e.m);
	if (!e.m->is_too_big) {
		e.bodies = arena_array(unit->scratch, struct body, e.m->n_blocks);
		plan_between(&e);
		for (uint32_t b = 0; b < e.m->n_blocks; b++)
			emit_body(&e, b);
		if (e.used_spare)
			e.m->frame_b += 16;
	}
	if (e.m->is_too_big || e.m->frame_b > BPF_STACK_B) {
		diag_error(d, E_LIMIT, largest_slot(f),
		           "the stack of %s is larger than the %d bytes a program has",
		           f->name ? f->name : "this program", BPF_STACK_B);
		return false;
	}
	unit->frame_b[f->index] = e.m->frame_b;
	if (e.m->frame_b > unit->code->stack_b)
		unit->code->stack_b = e.m->frame_b;
	if (!emit_place_blocks(&e)) {
		diag_error(d, E_LIMIT, NO_SPAN, "%s is too large: a jump does not reach",
		           f->name ? f->name : "this program");
		return false;
	}
	return true;
}

struct func_set {
	struct arena *a;
	bool *is_in;
	vec(uint32_t) work;
};

static void add_used(struct func_set *s, uint32_t func)
{
	if (s->is_in[func])
		return;
	s->is_in[func] = true;
	vec_push(s->a, &s->work, func);
}

/* Function 0 and all that it calls or hands out. */
static bool *find_used_funcs(struct arena *a, const struct ir_unit *u)
{
	struct func_set used = {.a = a, .is_in = arena_array(a, bool, u->funcs.n)};

	add_used(&used, 0);
	while (used.work.n) {
		const struct ir_func *f = u->funcs.items[vec_pop(&used.work)];

		for (uint32_t i = 0; f->foreign && i < f->foreign->n_refs; i++)
			add_used(&used, f->foreign->refs[i].func);
		vec_each (b, &f->blocks) {
			vec_each (i, &(*b)->insts)
				if ((*i)->op == IR_CALL_FUNC || (*i)->op == IR_FUNC)
					add_used(&used, (*i)->ref);
		}
	}
	return used.is_in;
}

/* The verifier refuses code nobody reaches, and a description of functions that are not there. */
static void drop_unused_funcs(struct arena *scratch, struct ir_unit *u)
{
	const bool *is_used = find_used_funcs(scratch, u);
	uint32_t *index = arena_array(scratch, uint32_t, u->funcs.n), n = 0;

	for (uint32_t k = 0; k < u->funcs.n; k++) {
		if (!is_used[k])
			continue;
		index[k] = n;
		u->funcs.items[n] = u->funcs.items[k];
		u->funcs.items[n]->index = n;
		n++;
	}
	u->funcs.n = n;
	vec_each (f, &u->funcs) {
		for (uint32_t i = 0; (*f)->foreign && i < (*f)->foreign->n_refs; i++)
			(*f)->foreign->refs[i].func = index[(*f)->foreign->refs[i].func];
		vec_each (b, &(*f)->blocks) {
			vec_each (i, &(*b)->insts) {
				if ((*i)->op == IR_CALL_FUNC || (*i)->op == IR_FUNC)
					(*i)->ref = index[(*i)->ref];
			}
		}
	}
}

const char *ir_code_note(const struct ir_code *c, uint32_t insn)
{
	vec_each (note, &c->notes)
		if (note->insn == insn)
			return note->text;
	return NULL;
}

const char *ir_code_reason(struct arena *a, const struct ir_code *c, uint32_t insn,
                           const char *reason)
{
	const char *note = ir_code_note(c, insn);

	vec_each (o, &c->origins)
		if (insn >= o->insn && insn - o->insn < o->n_insns)
			return arena_printf(a, "%s (%s() of \"%s\", instruction %u)",
			                    note ? note : reason, o->func, o->origin,
			                    insn - o->insn);
	return reason;
}

bool ir_emit(struct ir_unit *u, struct diag *d, struct ir_code *ret)
{
	own_run struct ir_unit *run = ir_run_begin(u);
	own_scratch struct ir_scratch mine = ir_scratch_begin(u);
	struct arena *scratch = mine.a;
	struct ir_code code = {0};
	struct unit_emitter unit = {.u = u, .scratch = scratch, .code = &code};

	(void)run;
	ir_legalize(u);
	vec_each (f, &u->funcs)
		ir_remove_unreachable(*f);
	drop_unused_funcs(scratch, u);
	unit.frame_b = arena_array(scratch, uint32_t, u->funcs.n);
	vec_each (f, &u->funcs) {
		vec_push(u->a, &code.func_starts, (uint32_t)code.insns.n);
		if (!emit_func(&unit, *f, d))
			return false;
	}
	if (!ir_check_calls(u, unit.frame_b, scratch, d))
		return false;
	vec_each (p, &unit.patches)
		code.insns.items[p->insn].imm =
		    (int32_t)(code.func_starts.items[p->func] + p->delta - p->insn - 1);
	*ret = code;
	return true;
}
