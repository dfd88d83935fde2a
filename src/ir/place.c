/* Placing: bodies of blocks behind each other, and the jumps between them.
 *
 * In: bodies in block order. Out: code whose jumps all reach.
 * The trick: a jump's field has 16 bits. cpu v4 has a goto of 32; without it a jump goes by relays,
 * gotos in groups between blocks that nobody falls into. Distances are estimated before anything is
 * placed, never as less than they are but for the relays themselves. */
#include "ir/emit_priv.h"

enum {
	END_INSNS = 4, /* at most, that end a block */
	/* A 16-bit jump may grow while the kernel writes look-ups in place of calls (up to four
	 * instructions for one): what is not clearly near is far. */
	NEAR_INSNS = INT16_MAX / 4,
	STATION_INSNS = NEAR_INSNS / 2, /* between two groups of relays */
};

/* A goto towards `to`, on its way from far away. */
struct relay {
	uint32_t to, hop; /* a block; a block, or number of blocks + relay */
	uint32_t start;
	uint32_t next; /* of its station, M_NONE */
};

/* Where relays stand: behind a block. */
struct station {
	uint32_t block, about;
	uint32_t first; /* relay */
};

struct placing {
	struct emitter *e;
	uint32_t *target;        /* by block: the first block on its way that does something */
	uint32_t *start;         /* by block: its first instruction in the code */
	uint32_t *about;         /* by block: the same, never less, before it is known */
	vec(struct patch) jumps; /* instruction -> block, or number of blocks + relay */
	vec(struct station) stations;
	size_t n_passed; /* stations */
	vec(struct relay) relays;
};

static struct m_inst *terminator(const struct m_func *m, uint32_t b)
{
	return &m->insts.items[m->blocks[b].end - 1];
}

static bool is_empty(const struct emitter *e, uint32_t b)
{
	return e->bodies[b].begin == e->bodies[b].end && terminator(e->m, b)->op == M_JUMP;
}

static uint32_t succ_of(const struct m_func *m, uint32_t b, int k)
{
	return m->blocks[b].ir->succ[k]->id;
}

static void find_targets(struct placing *p)
{
	struct m_func *m = p->e->m;

	for (uint32_t b = 0; b < m->n_blocks; b++) {
		uint32_t to = b, steps = 0;

		while (is_empty(p->e, to) && steps++ < m->n_blocks)
			to = succ_of(m, to, 0);
		/* An empty endless loop leads nowhere; its first block keeps its jump. */
		if (is_empty(p->e, to)) {
			uint32_t first = to;

			for (uint32_t at = succ_of(m, to, 0); at != to; at = succ_of(m, at, 0))
				first = at < first ? at : first;
			to = first;
		}
		p->target[b] = to;
	}
}

static bool vanishes(const struct placing *p, uint32_t b)
{
	return p->target[b] != b;
}

static void place_insn(struct placing *p, struct bpf_insn insn, struct span at)
{
	struct ir_code *code = p->e->unit->code;

	vec_push(p->e->unit->u->a, &code->insns, insn);
	vec_push(p->e->unit->u->a, &code->spans, at);
}

static void place_jump(struct placing *p, struct bpf_insn insn, uint32_t to, struct span at)
{
	struct patch jump = {.insn = (uint32_t)p->e->unit->code->insns.n, .func = to};

	vec_push(p->e->unit->scratch, &p->jumps, jump);
	place_insn(p, insn, at);
}

/* ---- far jumps ------------------------------------------------------------------------- */

static uint32_t distance(uint32_t here, uint32_t there)
{
	return here > there ? here - there : there - here;
}

static uint32_t end_of(const struct placing *p, uint32_t b)
{
	return p->about[b] + p->e->bodies[b].end - p->e->bodies[b].begin + END_INSNS;
}

/* Block `to` from about `here`. */
static bool is_far(const struct placing *p, uint32_t here, uint32_t to)
{
	return distance(here, p->about[to]) > NEAR_INSNS;
}

/* The station farthest on the way that a jump from `here` reaches; NULL if there is none. */
static struct station *station_towards(struct placing *p, uint32_t here, uint32_t there)
{
	struct station *best = NULL;

	vec_each (s, &p->stations) {
		bool is_between = here < there ? s->about > here && s->about < there
		                               : s->about < here && s->about > there;

		if (is_between && distance(here, s->about) <= NEAR_INSNS &&
		    (!best || distance(s->about, there) < distance(best->about, there)))
			best = s;
	}
	return best;
}

/* Where a jump from about `here` to block `to` has to go first: to the block, or by a relay. */
static uint32_t first_hop(struct placing *p, uint32_t here, uint32_t to)
{
	uint32_t there = p->about[to], n = p->e->m->n_blocks, at, hop;
	struct station *s;

	if (p->e->unit->u->target.has_sext || !is_far(p, here, to))
		return to;
	s = station_towards(p, here, there);
	if (!s)
		return to; /* one body is larger than a jump is long: it does not reach */
	for (at = s->first; at != M_NONE; at = p->relays.items[at].next)
		if (p->relays.items[at].to == to)
			return n + at;
	hop = first_hop(p, s->about, to);
	at = (uint32_t)p->relays.n;
	vec_push(p->e->unit->scratch, &p->relays,
	         ((struct relay){.to = to, .hop = hop, .next = s->first}));
	s->first = at;
	return n + at;
}

/* Every relay that will be asked for, before the first block is placed. */
static void plan_relays(struct placing *p)
{
	uint32_t n = p->e->m->n_blocks, last = 0;

	if (p->e->unit->u->target.has_sext)
		return;
	for (uint32_t b = 0; b < n; b++) {
		if (vanishes(p, b) || end_of(p, b) - last < STATION_INSNS)
			continue;
		last = end_of(p, b);
		vec_push(p->e->unit->scratch, &p->stations,
		         ((struct station){.block = b, .about = last, .first = M_NONE}));
	}
	for (uint32_t b = 0; b < n; b++)
		for (int k = 0; k < 2; k++)
			if (p->e->m->blocks[b].ir->succ[k])
				first_hop(p, end_of(p, b), p->target[succ_of(p->e->m, b, k)]);
}

/* In the order of blocks, as they are placed. */
static const struct station *station_behind(struct placing *p, uint32_t b)
{
	const struct station *s = &p->stations.items[p->n_passed];

	if (p->n_passed >= p->stations.n || s->block != b)
		return NULL;
	p->n_passed++;
	return s->first != M_NONE ? s : NULL;
}

static void place_relays(struct placing *p, const struct station *s)
{
	for (uint32_t at = s->first; at != M_NONE; at = p->relays.items[at].next) {
		struct relay *r = &p->relays.items[at];

		r->start = (uint32_t)p->e->unit->code->insns.n;
		place_jump(p, bpf_goto(0), r->hop, NO_SPAN);
	}
}

/* To `to` if `cond`, else on to what follows. From block `b`, whose branch is `i`. */
static void place_branch(struct placing *p, const struct m_inst *i, enum ir_cond cond, uint32_t b,
                         uint32_t to)
{
	uint32_t from = 2 * (p->e->m->blocks[b].end - 1);
	struct span at = i->from->at;

	if (!p->e->unit->u->target.has_sext || !is_far(p, end_of(p, b), to)) {
		place_jump(p, emit_jump_on(p->e, i, cond, from, 0), first_hop(p, end_of(p, b), to),
		           at);
		return;
	}
	/* over the far jump, or to it */
	if (cond != COND_SET) {
		place_insn(p, emit_jump_on(p->e, i, ir_cond_invert(cond), from, 1), at);
	} else {
		place_insn(p, emit_jump_on(p->e, i, cond, from, 1), at);
		place_insn(p, bpf_goto(1), at);
	}
	place_jump(p, bpf_goto(0), to, at);
}

/* The block's last instruction; `next` is the block placed behind it (or M_NONE). */
static void place_end(struct placing *p, uint32_t b, uint32_t next)
{
	struct m_func *m = p->e->m;
	uint32_t then, otherwise;
	struct m_inst *i = terminator(m, b);
	struct span span = i->from->at;
	enum ir_cond cond = i->cond;

	if (i->op == M_RET) {
		place_insn(p, bpf_exit(), span);
		return;
	}
	then = p->target[succ_of(m, b, 0)];
	if (i->op == M_BRANCH) {
		otherwise = p->target[succ_of(m, b, 1)];
		if (then == next && otherwise != next && cond != COND_SET) {
			uint32_t t = then;

			then = otherwise;
			otherwise = t;
			cond = ir_cond_invert(cond);
		}
		if (then != otherwise)
			place_branch(p, i, cond, b, then);
		then = otherwise;
	}
	if (then != next)
		place_jump(p, bpf_goto(0), first_hop(p, end_of(p, b), then), span);
}

static void place_body(struct placing *p, uint32_t b)
{
	struct emitter *e = p->e;
	uint32_t shift = (uint32_t)e->unit->code->insns.n - e->bodies[b].begin;

	p->start[b] = (uint32_t)e->unit->code->insns.n;
	for (uint32_t k = e->bodies[b].begin; k < e->bodies[b].end; k++)
		place_insn(p, e->insns.items[k], e->spans.items[k]);
	for (; e->relocs.n && vec_last(&e->relocs).insn < e->bodies[b].end;) {
		struct ir_reloc r = vec_pop(&e->relocs);

		r.insn += shift;
		vec_push(e->unit->u->a, &e->unit->code->relocs, r);
	}
	for (; e->patches.n && vec_last(&e->patches).insn < e->bodies[b].end;) {
		struct patch f = vec_pop(&e->patches);

		f.insn += shift;
		vec_push(e->unit->scratch, &e->unit->patches, f);
	}
}

/* First in, first out, so that what a block popped above is in front. */
static void reverse_pending(struct emitter *e)
{
	for (size_t i = 0, j = e->relocs.n; i + 1 < j; i++) {
		struct ir_reloc r = e->relocs.items[i];

		e->relocs.items[i] = e->relocs.items[--j];
		e->relocs.items[j] = r;
	}
	for (size_t i = 0, j = e->patches.n; i + 1 < j; i++) {
		struct patch f = e->patches.items[i];

		e->patches.items[i] = e->patches.items[--j];
		e->patches.items[j] = f;
	}
}

/* The first instruction of what a jump goes to. */
static uint32_t start_of(const struct placing *p, uint32_t to)
{
	uint32_t n = p->e->m->n_blocks;

	return to < n ? p->start[to] : p->relays.items[to - n].start;
}

bool emit_place_blocks(struct emitter *e)
{
	uint32_t n = e->m->n_blocks, next = M_NONE, *after, entry;
	const struct station *station;
	struct placing p = {.e = e};

	p.target = arena_array(e->unit->scratch, uint32_t, n);
	p.start = arena_array(e->unit->scratch, uint32_t, n);
	after = arena_array(e->unit->scratch, uint32_t, n);
	find_targets(&p);
	p.about = arena_array(e->unit->scratch, uint32_t, n);
	for (uint32_t b = 0; b + 1 < n; b++)
		p.about[b + 1] = end_of(&p, b);
	plan_relays(&p);
	for (uint32_t b = n; b-- > 0;) {
		after[b] = next;
		if (!vanishes(&p, b))
			next = b;
	}
	reverse_pending(e);
	/* Control enters at the first instruction. */
	entry = p.target[0];
	if (entry != next)
		place_jump(&p, bpf_goto(0), first_hop(&p, 0, entry), NO_SPAN);
	for (uint32_t b = 0; b < n; b++) {
		if (vanishes(&p, b))
			continue;
		station = station_behind(&p, b);
		place_body(&p, b);
		place_end(&p, b, station ? M_NONE : after[b]);
		if (station)
			place_relays(&p, station);
	}
	vec_each (j, &p.jumps) {
		int64_t off = (int64_t)start_of(&p, j->func) - j->insn - 1;
		struct bpf_insn *insn = &e->unit->code->insns.items[j->insn];

		if (insn->code == (BPF_JMP | BPF_JA) && e->unit->u->target.has_sext &&
		    (off > NEAR_INSNS || off < -NEAR_INSNS)) {
			*insn = bpf_make(BPF_JMP32 | BPF_JA, 0, 0, 0, (int32_t)off);
			continue;
		}
		if (off != (int16_t)off)
			return false;
		insn->off = (int16_t)off;
	}
	return true;
}
