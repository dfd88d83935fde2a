/* Moves that happen all at once, as at the end of a block before PHIs or before a call, made into
 * a sequence.
 *
 * In: moves between registers, frame cells and constants, each destination once. Out: calls to
 * the sink, in an order that loses nothing.
 * The trick: a move may go when nobody still has to read its destination. When none may, what
 * is left are cycles: putting one value aside opens each. Constants go last: they read nothing. */
#include <assert.h>

#include "ir/mach.h"

struct sequence {
	struct m_move *moves;
	uint32_t n;
	uint32_t free_regs;
	int spare;
	bool *used_spare;
	const struct m_move_sink *sink;
};

static bool is_reg(int place)
{
	return place >= 0 && place < M_N_REGS;
}

static bool is_read(const struct sequence *s, int place)
{
	for (uint32_t k = 0; k < s->n; k++) {
		if (s->moves[k].src == place)
			return true;
	}
	return false;
}

static bool is_written(const struct sequence *s, int place)
{
	for (uint32_t k = 0; k < s->n; k++) {
		if (s->moves[k].dst == place)
			return true;
	}
	return false;
}

/* A register to carry something through: one that holds nothing anybody needs, or -1. */
static int idle_register(const struct sequence *s)
{
	for (int r = 0; r < M_N_REGS; r++) {
		if (is_read(s, r))
			continue;
		if (is_written(s, r) || (s->free_regs & 1u << r))
			return r;
	}
	return -1;
}

static void remove_move(struct sequence *s, uint32_t k)
{
	s->moves[k] = s->moves[--s->n];
}

/* Memory takes a value only from a register (or a small number). */
static void emit_move(struct sequence *s, const struct m_move *move)
{
	bool is_small = move->k.op == IR_CONST && move->k.imm == (int32_t)move->k.imm;
	bool is_const = move->src == M_MOVE_CONST;
	int via, saved = s->spare - 8;
	bool is_borrowed;

	if (is_reg(move->dst) || (is_const ? is_small : is_reg(move->src))) {
		if (is_const)
			s->sink->make(s->sink->ctx, move->dst, &move->k);
		else
			s->sink->move(s->sink->ctx, move->dst, move->src);
		return;
	}
	via = idle_register(s);
	is_borrowed = via < 0;
	if (is_borrowed) {
		/* All registers hold something, so any can be saved. */
		via = 0;
		*s->used_spare = true;
		s->sink->move(s->sink->ctx, saved, via);
	}
	if (is_const)
		s->sink->make(s->sink->ctx, via, &move->k);
	else
		s->sink->move(s->sink->ctx, via, move->src);
	s->sink->move(s->sink->ctx, move->dst, via);
	if (is_borrowed)
		s->sink->move(s->sink->ctx, via, saved);
}

/* Put aside what the first move left would overwrite. */
static void open_cycle(struct sequence *s)
{
	int place = s->moves[0].dst, aside = is_reg(place) ? idle_register(s) : -1;
	struct m_move away = {.dst = aside, .src = place};

	if (aside < 0) {
		away.dst = s->spare;
		*s->used_spare = true;
	}
	emit_move(s, &away);
	s->free_regs &= aside >= 0 ? ~(1u << aside) : ~0u;
	for (uint32_t k = 0; k < s->n; k++) {
		if (s->moves[k].src == place)
			s->moves[k].src = away.dst;
	}
}

void m_sequence_moves(struct m_move *moves, uint32_t n, uint32_t free_regs, int spare,
                      bool *ret_used_spare, const struct m_move_sink *sink)
{
	struct sequence s = {.moves = moves,
	                     .n = n,
	                     .free_regs = free_regs,
	                     .spare = spare,
	                     .used_spare = ret_used_spare,
	                     .sink = sink};
	uint32_t n_left = 0;

	for (uint32_t k = 0; k < s.n;) {
		if (s.moves[k].src == s.moves[k].dst)
			remove_move(&s, k);
		else
			k++;
	}
	while (s.n) {
		uint32_t n_before = s.n;

		n_left = 0;
		for (uint32_t k = 0; k < s.n;) {
			struct m_move move = s.moves[k];

			if (move.src == M_MOVE_CONST) {
				n_left++;
				k++;
				continue;
			}
			if (is_read(&s, move.dst)) {
				k++;
				continue;
			}
			remove_move(&s, k);
			emit_move(&s, &move);
			/* What was written holds something now. */
			if (is_reg(move.dst))
				s.free_regs &= ~(1u << move.dst);
		}
		if (s.n == n_left)
			break;
		if (s.n == n_before) {
			/* Constants are no part of a cycle: bring a move to the front. */
			for (uint32_t k = 0; k < s.n; k++) {
				if (s.moves[k].src != M_MOVE_CONST) {
					struct m_move first = s.moves[0];

					s.moves[0] = s.moves[k];
					s.moves[k] = first;
					break;
				}
			}
			open_cycle(&s);
		}
	}
	while (s.n) {
		struct m_move move = s.moves[--s.n];

		emit_move(&s, &move);
		if (is_reg(move.dst))
			s.free_regs &= ~(1u << move.dst);
	}
}
