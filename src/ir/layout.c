/* Layout: the order of blocks in the code.
 *
 * In: a graph. Out: f->blocks in an order in which most blocks fall through into a successor, a
 * loop's blocks stay together, and unlikely blocks come last.
 * The trick: reverse post order has the first two properties when, of a branch's two targets,
 * the one that leaves the loop is visited first (and so placed last). */
#include "ir/ir.h"

#include <string.h>

#include "ir/pass.h"

/* Which successor of `b` should follow it. */
static int preferred(const struct ir_cfg *cfg, const struct ir_block *b)
{
	const struct ir_block *x = b->succ[0], *y = b->succ[1];
	uint32_t deep_x, deep_y;

	if (!y)
		return 0;
	if (x->is_unlikely != y->is_unlikely)
		return x->is_unlikely ? 1 : 0;
	deep_x = cfg->depth[x->id];
	deep_y = cfg->depth[y->id];
	if (deep_x != deep_y)
		return deep_x > deep_y ? 0 : 1;
	/* `a & b` has no opposite branch: its second target has to be the near one. */
	return ir_terminator(b)->cond == COND_SET ? 1 : 0;
}

/* Post order, filled into `order` from the end. */
static uint32_t order_blocks(struct arena *a, const struct ir_cfg *cfg, struct ir_func *f,
                             struct ir_block **order)
{
	uint32_t n = (uint32_t)f->blocks.n, depth = 0, at = n;
	struct ir_block **stack = arena_array(a, struct ir_block *, n);
	uint8_t *visited = arena_array(a, uint8_t, n);

	stack[depth++] = f->blocks.items[0];
	visited[0] = 1;
	while (depth) {
		struct ir_block *b = stack[depth - 1], *next = NULL;

		while (!next && visited[b->id] <= 2) {
			int k = visited[b->id]++ == 1 ? !preferred(cfg, b) : preferred(cfg, b);

			next = b->succ[k];
			if (next && visited[next->id])
				next = NULL;
		}
		if (next) {
			visited[next->id] = 1;
			stack[depth++] = next;
		} else {
			order[--at] = b;
			depth--;
		}
	}
	return at;
}

/* What only unlikely blocks lead to is unlikely; edges that close a loop do not count. What a
 * likely block leads to without choice is likely, whatever a lowering says about one of several
 * ways to it. In reverse post order one walk tells. */
static void spread_unlikely(const struct ir_cfg *cfg)
{
	for (uint32_t k = 1; k < cfg->n_rpo; k++) {
		struct ir_block *b = cfg->rpo[k];
		bool is_unlikely = true, is_certain = false;

		vec_each (p, &b->preds) {
			if (cfg->rpo_index[(*p)->id] >= k || (*p)->is_unlikely)
				continue;
			is_unlikely = false;
			is_certain |= !(*p)->succ[1];
		}
		b->is_unlikely = is_unlikely || (b->is_unlikely && !is_certain);
	}
}

static void layout_func(struct ir_func *f)
{
	own_scratch struct ir_scratch scratch = ir_scratch_begin(f->unit);
	struct arena *a = scratch.a;
	struct ir_block **order;
	struct ir_cfg *cfg;
	size_t kept = 0;
	uint32_t first;

	ir_remove_unreachable(f);
	cfg = ir_cfg_create(a, f);
	f->blocks.items[0]->is_unlikely = false;
	spread_unlikely(cfg);
	order = arena_array(a, struct ir_block *, f->blocks.n);
	first = order_blocks(a, cfg, f, order);
	for (int unlikely = 0; unlikely < 2; unlikely++) {
		for (size_t k = first; k < f->blocks.n; k++) {
			if (order[k]->is_unlikely == unlikely)
				f->blocks.items[kept++] = order[k];
		}
	}
	for (size_t k = 0; k < kept; k++)
		f->blocks.items[k]->id = (uint32_t)k;
}

void ir_layout(struct ir_unit *u)
{
	vec_each (f, &u->funcs)
		layout_func(*f);
}
