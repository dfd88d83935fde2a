/* Liveness: when each register holds something that is still needed.
 *
 * In: machine form. Out: per block the registers alive at its start; per register its life, a
 * sorted list of ranges with the places it is used at; when r0..r9 are taken.
 * The trick: blocks are marked register by register, upwards from each use to the definition
 * (Boissinot et al., "Computing Liveness Sets for SSA-Form Programs"): no sets to iterate over, and
 * the work is the size of the answer. */
#include <string.h>

#include "ir/mach.h"

/* Where registers are used that are not set in the same block: block numbers, grouped by
 * register. A PHI uses its arguments in the predecessors. */
struct needs {
	uint32_t *start; /* by register: first of its blocks */
	uint32_t *blocks;
};

/* The registers an instruction reads, a call's arguments aside. Returns how many. */
static uint32_t reads_of(const struct m_inst *i, uint32_t ret[3])
{
	const struct m_op_info *info = &m_ops[i->op];
	uint32_t n = 0;

	if (info->reads_a && i->a < M_FRAME)
		ret[n++] = i->a;
	if (info->reads_b && i->b != M_NONE)
		ret[n++] = i->b;
	if (info->reads_dst)
		ret[n++] = i->dst;
	return n;
}

/* ---- which values have a point --------------------------------------------------------- */

/* Selection may take over what an instruction computes (an address, a mask) and leave the
 * instruction behind with nobody to read it. Going backwards finds chains of those, too. */
static void drop_unread(struct m_func *m)
{
	uint32_t *n_reads = arena_array(m->a, uint32_t, m->regs.n), reads[3];

	for (uint32_t b = 0; b < m->n_blocks; b++) {
		vec_each (phi, &m->blocks[b].phis) {
			for (uint32_t k = 0; k < m->blocks[b].ir->preds.n; k++) {
				if (phi->args[k].reg != M_NONE)
					n_reads[phi->args[k].reg]++;
			}
		}
	}
	vec_each (i, &m->insts) {
		uint32_t n = reads_of(i, reads);

		/* An instruction that changes a register in place does not need it by itself. */
		for (uint32_t k = 0; k < n; k++)
			n_reads[reads[k]] += !(i->op == M_ALU && reads[k] == i->dst);
		for (uint32_t k = 0; k < i->n_args; k++) {
			if (i->args[k].reg != M_NONE)
				n_reads[i->args[k].reg]++;
		}
	}
	for (size_t at = m->insts.n; at-- > 0;) {
		struct m_inst *i = &m->insts.items[at];
		bool is_pure = i->op <= M_LOAD || i->op == M_CMP;
		uint32_t n;

		if (!is_pure || i->dst < M_FIRST || n_reads[i->dst])
			continue;
		if (i->op == M_LOAD && i->from->is_volatile)
			continue;
		n = reads_of(i, reads);
		for (uint32_t k = 0; k < n; k++)
			n_reads[reads[k]] -= reads[k] != i->dst;
		i->op = M_NOP;
		i->n_args = 0;
		i->dst = i->a = i->b = M_NONE;
	}
}

/* ---- live at block starts -------------------------------------------------------------- */

/* Visit all exposed uses: once to count, once to write them down. */
static void each_need(struct m_func *m, struct needs *l, bool is_counting)
{
	uint32_t *at = l->start + 1; /* counting leaves the count in the next slot */
	uint32_t reads[8];

	for (uint32_t b = 0; b < m->n_blocks; b++) {
		struct m_block *block = &m->blocks[b];

		for (uint32_t k = block->first; k < block->end; k++) {
			const struct m_inst *i = &m->insts.items[k];
			uint32_t n = reads_of(i, reads);

			for (uint32_t arg = 0; arg < i->n_args; arg++) {
				if (i->args[arg].reg != M_NONE)
					reads[n++] = i->args[arg].reg;
			}
			while (n-- > 0) {
				uint32_t reg = reads[n];

				if (reg < M_FIRST || m->regs.items[reg].block == b)
					continue;
				if (is_counting)
					at[reg]++;
				else
					l->blocks[l->start[reg]++] = b;
			}
		}
		vec_each (phi, &block->phis) {
			for (uint32_t arg = 0; arg < block->ir->preds.n; arg++) {
				uint32_t reg = phi->args[arg].reg;
				uint32_t pred = block->ir->preds.items[arg]->id;

				if (reg == M_NONE || m->regs.items[reg].block == pred)
					continue;
				if (is_counting)
					at[reg]++;
				else
					l->blocks[l->start[reg]++] = pred;
			}
		}
	}
}

static void find_live_in(struct m_func *m)
{
	struct needs l = {0};
	uint32_t n_regs = (uint32_t)m->regs.n, begin = 0;
	uint32_t *seen = arena_array(m->a, uint32_t, m->n_blocks); /* register last marked there */
	vec(uint32_t) work = {0};

	l.start = arena_array(m->a, uint32_t, n_regs + 2);
	each_need(m, &l, true);
	for (uint32_t r = 0; r < n_regs; r++)
		l.start[r + 1] += l.start[r];
	l.blocks = arena_array(m->a, uint32_t, l.start[n_regs] + 1);
	each_need(m, &l, false);
	/* Writing moved every start to the register's end. */
	for (uint32_t r = M_FIRST; r < n_regs; r++) {
		for (uint32_t k = begin; k < l.start[r]; k++) {
			vec_push(m->a, &work, l.blocks[k]);
			while (work.n) {
				uint32_t b = vec_pop(&work);

				if (m->regs.items[r].block == b || seen[b] == r)
					continue;
				seen[b] = r;
				vec_push(m->a, &m->blocks[b].live_in, r);
				vec_each (p, &m->blocks[b].ir->preds)
					vec_push(m->a, &work, (*p)->id);
			}
		}
		begin = l.start[r];
	}
}

/* ---- lives ----------------------------------------------------------------------------- */

/* Ranges and uses while being built: backwards, so the newest is the earliest. */
struct build {
	vec(struct m_range) ranges;
	vec(struct m_use) uses;
};

static void add_range(struct m_func *m, struct build *b, uint32_t from, uint32_t to)
{
	struct m_range *first = b->ranges.n ? &vec_last(&b->ranges) : NULL;
	struct m_range r = {from, to};

	if (first && to >= first->from) {
		if (from < first->from)
			first->from = from;
		if (to > first->to)
			first->to = to;
		return;
	}
	vec_push(m->a, &b->ranges, r);
}

/* The register is set at `at`: before that it is not alive. */
static void begin_range(struct m_func *m, struct build *b, uint32_t at, uint32_t block_from)
{
	struct m_range *first = b->ranges.n ? &vec_last(&b->ranges) : NULL;
	struct m_range r = {at, at + 1};

	if (first && first->from == block_from && first->to > at)
		first->from = at;
	else
		vec_push(m->a, &b->ranges, r); /* never read */
}

static void add_use(struct m_func *m, struct build *b, uint32_t at, bool must_be_reg)
{
	struct m_use u = {at, must_be_reg};

	if (b->uses.n && vec_last(&b->uses).at == at) {
		vec_last(&b->uses).must_be_reg |= must_be_reg;
		return;
	}
	vec_push(m->a, &b->uses, u);
}

static void number_inst(struct m_func *m, struct build *lives, uint32_t at, uint32_t block_from)
{
	struct m_inst *i = &m->insts.items[at];
	uint32_t read = 2 * at, reads[3], n;

	if (i->op == M_CALL || i->op == M_CALLF || i->op == M_CALLK) {
		begin_range(m, &lives[0], read + 1, block_from);
		for (uint32_t r = 1; r < M_CLOBBERED; r++)
			add_range(m, &lives[r], read + 1, read + 2);
	}
	if (m_ops[i->op].writes_dst) {
		struct m_reg *r = &m->regs.items[i->dst];

		if (!m_ops[i->op].reads_dst)
			begin_range(m, &lives[i->dst], read + !m_ops[i->op].is_early, block_from);
		add_use(m, &lives[i->dst], read + !m_ops[i->op].is_early, true);
		if (r->def_end == M_NONE)
			r->def_end = at;
	}
	n = reads_of(i, reads);
	for (uint32_t k = 0; k < n; k++) {
		add_range(m, &lives[reads[k]], block_from, read + 1);
		add_use(m, &lives[reads[k]], read, true);
	}
	for (uint32_t k = 0; k < i->n_args; k++) {
		if (i->args[k].reg == M_NONE)
			continue;
		add_range(m, &lives[i->args[k].reg], block_from, read + 1);
		add_use(m, &lives[i->args[k].reg], read, false);
	}
}

static void number_block(struct m_func *m, struct build *lives, const struct m_block *b)
{
	uint32_t from = 2 * b->first, to = 2 * b->end;

	for (int k = 0; k < 2; k++) {
		const struct m_block *next;
		uint32_t arg;

		if (!b->ir->succ[k])
			continue;
		next = &m->blocks[b->ir->succ[k]->id];
		vec_each (r, &next->live_in)
			add_range(m, &lives[*r], from, to);
		if (!next->phis.n)
			continue;
		arg = ir_pred_index(next->ir, b->ir);
		vec_each (phi, &next->phis) {
			if (phi->args[arg].reg != M_NONE)
				add_range(m, &lives[phi->args[arg].reg], from, to);
		}
	}
	for (uint32_t at = b->end; at-- > b->first;)
		number_inst(m, lives, at, from);
	/* A PHI is set at the start of its block, to whatever home it has there. */
	vec_each (phi, &b->phis)
		begin_range(m, &lives[phi->dst], from, from);
}

static struct m_life *finish_life(struct m_func *m, uint32_t reg, const struct build *b)
{
	struct m_life *life = arena_new(m->a, struct m_life);

	life->reg = reg;
	life->home = M_IN_MEMORY;
	life->n_ranges = (uint32_t)b->ranges.n;
	life->ranges = arena_array(m->a, struct m_range, b->ranges.n);
	for (size_t k = 0; k < b->ranges.n; k++)
		life->ranges[k] = b->ranges.items[b->ranges.n - 1 - k];
	life->n_uses = (uint32_t)b->uses.n;
	life->uses = arena_array(m->a, struct m_use, b->uses.n);
	for (size_t k = 0; k < b->uses.n; k++)
		life->uses[k] = b->uses.items[b->uses.n - 1 - k];
	return life;
}

void m_find_lives(struct m_func *m)
{
	struct build *lives;

	drop_unread(m);
	find_live_in(m);
	lives = arena_array(m->a, struct build, m->regs.n);
	for (uint32_t b = m->n_blocks; b-- > 0;)
		number_block(m, lives, &m->blocks[b]);
	m->fixed = arena_array(m->a, struct m_life, M_N_REGS);
	for (uint32_t r = 0; r < M_N_REGS; r++)
		m->fixed[r] = *finish_life(m, r, &lives[r]);
	for (uint32_t r = M_FIRST; r < m->regs.n; r++) {
		struct m_reg *reg = &m->regs.items[r];

		if (!lives[r].ranges.n)
			continue;
		reg->life = finish_life(m, r, &lives[r]);
		reg->ranges = arena_memdup(m->a, reg->life->ranges,
		                           reg->life->n_ranges * sizeof(struct m_range));
		reg->n_ranges = reg->life->n_ranges;
	}
}
