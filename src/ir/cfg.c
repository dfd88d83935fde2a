/* The graph of a function: order, dominators, loops; and the few ways passes reshape it.
 *
 * In: blocks with their edges. Out: side tables indexed by block id (struct ir_cfg).
 * The trick: dominators by intersection over the reverse post order (Cooper, Harvey, Kennedy,
 * "A Simple, Fast Dominance Algorithm"), then numbered in and out of the tree, so that one
 * comparison answers a query. No recursion anywhere. */
#include <assert.h>
#include <string.h>

#include "ir/pass.h"

static void order_blocks(struct arena *a, struct ir_func *f, struct ir_cfg *cfg)
{
	uint32_t n = (uint32_t)f->blocks.n, depth = 0, at = n;
	struct ir_block **stack = arena_array(a, struct ir_block *, n);
	uint8_t *state = arena_array(a, uint8_t, n); /* successors visited; 0: not seen */
	struct ir_block **order = arena_array(a, struct ir_block *, n);

	/* The second successor first, so that the first follows its branch in the order. */
	stack[depth++] = f->blocks.items[0];
	state[0] = 1;
	while (depth) {
		struct ir_block *b = stack[depth - 1];
		struct ir_block *next = NULL;

		while (!next && state[b->id] <= 2) {
			next = b->succ[2 - state[b->id]++];
			if (next && state[next->id])
				next = NULL;
		}
		if (next) {
			state[next->id] = 1;
			stack[depth++] = next;
		} else {
			order[--at] = b;
			depth--;
		}
	}
	cfg->rpo = order + at;
	cfg->n_rpo = n - at;
	memset(cfg->rpo_index, 0xff, n * sizeof(*cfg->rpo_index));
	for (uint32_t i = 0; i < cfg->n_rpo; i++)
		cfg->rpo_index[cfg->rpo[i]->id] = i;
}

static struct ir_block *common_dominator(const struct ir_cfg *cfg, struct ir_block *x,
                                         struct ir_block *y)
{
	while (x != y) {
		while (cfg->rpo_index[x->id] > cfg->rpo_index[y->id])
			x = cfg->idom[x->id];
		while (cfg->rpo_index[y->id] > cfg->rpo_index[x->id])
			y = cfg->idom[y->id];
	}
	return x;
}

static void find_dominators(struct ir_cfg *cfg)
{
	struct ir_block *entry = cfg->rpo[0];
	bool is_changed = true;

	cfg->idom[entry->id] = entry;
	while (is_changed) {
		is_changed = false;
		for (uint32_t i = 1; i < cfg->n_rpo; i++) {
			struct ir_block *b = cfg->rpo[i], *idom = NULL;

			vec_each (p, &b->preds) {
				if (!cfg->idom[(*p)->id])
					continue;
				idom = idom ? common_dominator(cfg, *p, idom) : *p;
			}
			if (cfg->idom[b->id] != idom) {
				cfg->idom[b->id] = idom;
				is_changed = true;
			}
		}
	}
	cfg->idom[entry->id] = NULL;
}

/* Number the dominator tree: sizes of subtrees bottom-up, positions top-down. A parent comes
 * before its children in the reverse post order, so both are one walk over it. */
static void number_dominators(struct arena *a, struct ir_cfg *cfg, uint32_t n)
{
	uint32_t *size = arena_array(a, uint32_t, n), *next = arena_array(a, uint32_t, n);

	for (uint32_t i = cfg->n_rpo; i-- > 0;) {
		struct ir_block *b = cfg->rpo[i];

		size[b->id]++;
		if (cfg->idom[b->id])
			size[cfg->idom[b->id]->id] += size[b->id];
	}
	for (uint32_t i = 0; i < cfg->n_rpo; i++) {
		struct ir_block *b = cfg->rpo[i], *up = cfg->idom[b->id];

		cfg->dom_in[b->id] = up ? next[up->id] : 0;
		cfg->dom_out[b->id] = cfg->dom_in[b->id] + size[b->id] - 1;
		next[b->id] = cfg->dom_in[b->id] + 1;
		if (up)
			next[up->id] += size[b->id];
	}
}

/* Natural loops: for an edge to a dominator, all that reaches its source without passing the
 * header. Inner loops first (headers in reverse order), each block climbing from the loop it is
 * already known to be in, so every loop's blocks are walked once. */
static void find_loops(struct arena *a, struct ir_cfg *cfg, uint32_t n)
{
	struct ir_block **parent = arena_array(a, struct ir_block *, n); /* of a header */
	vec(struct ir_block *) work = {0};

	for (uint32_t i = cfg->n_rpo; i-- > 0;) {
		struct ir_block *header = cfg->rpo[i];

		vec_each (p, &header->preds) {
			if (ir_dominates(cfg, header, *p))
				vec_push(a, &work, *p);
		}
		while (work.n) {
			struct ir_block *b = vec_pop(&work), *outer = b;

			/* Climb to the outermost loop found so far around b. */
			while (outer != header && (cfg->loop[outer->id] || parent[outer->id])) {
				struct ir_block *up = cfg->loop[outer->id] == outer
				                          ? parent[outer->id]
				                          : cfg->loop[outer->id];
				if (!up)
					break;
				outer = up;
			}
			if (outer == header || cfg->rpo_index[outer->id] == UINT32_MAX)
				continue;
			if (cfg->loop[outer->id] == outer)
				parent[outer->id] = header;
			else
				cfg->loop[outer->id] = header;
			vec_each (p, &outer->preds)
				vec_push(a, &work, *p);
		}
		vec_each (p, &header->preds) {
			if (ir_dominates(cfg, header, *p))
				cfg->loop[header->id] = header;
		}
	}
	for (uint32_t i = 0; i < cfg->n_rpo; i++) {
		struct ir_block *b = cfg->rpo[i], *l = cfg->loop[b->id];

		/* A header comes before the blocks of its loop. */
		if (l == b)
			cfg->depth[b->id] = 1 + (parent[b->id] ? cfg->depth[parent[b->id]->id] : 0);
		else if (l)
			cfg->depth[b->id] = cfg->depth[l->id];
	}
}

struct ir_cfg *ir_cfg_create(struct arena *a, struct ir_func *f)
{
	struct ir_cfg *cfg = arena_new(a, struct ir_cfg);
	uint32_t n = (uint32_t)f->blocks.n;

	for (uint32_t i = 0; i < n; i++)
		f->blocks.items[i]->id = i;
	cfg->rpo_index = arena_array(a, uint32_t, n);
	cfg->idom = arena_array(a, struct ir_block *, n);
	cfg->dom_in = arena_array(a, uint32_t, n);
	cfg->dom_out = arena_array(a, uint32_t, n);
	cfg->depth = arena_array(a, uint32_t, n);
	cfg->loop = arena_array(a, struct ir_block *, n);
	order_blocks(a, f, cfg);
	find_dominators(cfg);
	number_dominators(a, cfg, n);
	find_loops(a, cfg, n);
	return cfg;
}

bool ir_dominates(const struct ir_cfg *cfg, const struct ir_block *a, const struct ir_block *b)
{
	if (cfg->rpo_index[a->id] == UINT32_MAX || cfg->rpo_index[b->id] == UINT32_MAX)
		return false;
	return cfg->dom_in[a->id] <= cfg->dom_in[b->id] &&
	       cfg->dom_out[b->id] <= cfg->dom_out[a->id];
}

struct ir_block **ir_dom_preorder(struct arena *a, const struct ir_cfg *cfg)
{
	struct ir_block **order = arena_array(a, struct ir_block *, cfg->n_rpo);

	for (uint32_t i = 0; i < cfg->n_rpo; i++)
		order[cfg->dom_in[cfg->rpo[i]->id]] = cfg->rpo[i];
	return order;
}

/* ---- replacing values ------------------------------------------------------------------ */

struct ir_replace ir_replace_create(struct arena *a, const struct ir_func *f)
{
	return (struct ir_replace){.by = arena_array(a, struct ir_inst *, f->n_insts),
	                           .n = f->n_insts};
}

struct ir_inst *ir_replaced(const struct ir_replace *r, struct ir_inst *i)
{
	struct ir_inst *last = i;

	while (last->id < r->n && r->by[last->id])
		last = r->by[last->id];
	while (i != last) {
		struct ir_inst *next = r->by[i->id];

		r->by[i->id] = last;
		i = next;
	}
	return last;
}

void ir_replace_all(struct ir_func *f, const struct ir_replace *r)
{
	vec_each (b, &f->blocks) {
		vec_each (i, &(*b)->insts) {
			for (uint32_t k = 0; k < (*i)->n_args; k++)
				(*i)->args[k] = ir_replaced(r, (*i)->args[k]);
		}
	}
}

/* ---- reshaping ------------------------------------------------------------------------- */

void ir_edge_remove(struct ir_block *from, struct ir_block *to)
{
	size_t at = 0, n_phis = ir_n_phis(to);

	while (to->preds.items[at] != from)
		at++;
	to->preds.n--;
	memmove(&to->preds.items[at], &to->preds.items[at + 1],
	        (to->preds.n - at) * sizeof(*to->preds.items));
	for (size_t k = 0; k < n_phis; k++) {
		struct ir_inst *phi = to->insts.items[k];

		phi->n_args--;
		memmove(&phi->args[at], &phi->args[at + 1],
		        (phi->n_args - at) * sizeof(*phi->args));
	}
}

bool ir_remove_unreachable(struct ir_func *f)
{
	own_scratch struct ir_scratch scratch = ir_scratch_begin(f->unit);
	struct arena *a = scratch.a;
	struct ir_block **work = arena_array(a, struct ir_block *, f->blocks.n);
	bool *is_live = arena_array(a, bool, f->blocks.n);
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < f->blocks.n; i++)
		f->blocks.items[i]->id = (uint32_t)i;
	is_live[0] = true;
	work[n++] = f->blocks.items[0];
	while (n) {
		struct ir_block *b = work[--n];

		for (int k = 0; k < 2; k++) {
			if (b->succ[k] && !is_live[b->succ[k]->id]) {
				is_live[b->succ[k]->id] = true;
				work[n++] = b->succ[k];
			}
		}
	}
	for (size_t i = 0; i < f->blocks.n; i++) {
		struct ir_block *b = f->blocks.items[i];

		if (is_live[i]) {
			f->blocks.items[kept++] = b;
			continue;
		}
		for (int k = 0; k < 2; k++) {
			if (b->succ[k] && is_live[b->succ[k]->id])
				ir_edge_remove(b, b->succ[k]);
		}
	}
	if (kept == f->blocks.n)
		return false;
	f->blocks.n = kept;
	for (size_t i = 0; i < kept; i++)
		f->blocks.items[i]->id = (uint32_t)i;
	return true;
}

static void replace_pred(struct ir_block *b, struct ir_block *old, struct ir_block *by)
{
	vec_each (p, &b->preds) {
		if (*p == old)
			*p = by;
	}
}

/* `b` ends with a jump to a block nothing else leads to: take its instructions over. */
static bool absorb(struct ir_func *f, struct ir_block *b)
{
	struct ir_block *next = b->succ[0];

	if (!next || b->succ[1] || next->preds.n != 1 || next == b || next == f->blocks.items[0])
		return false;
	if (ir_n_phis(next))
		return false; /* folds away first */
	b->insts.n--;
	vec_each (i, &next->insts) {
		(*i)->block = b;
		vec_push(ir_arena(f), &b->insts, *i);
	}
	for (int k = 0; k < 2; k++) {
		b->succ[k] = next->succ[k];
		if (b->succ[k])
			replace_pred(b->succ[k], next, b);
		next->succ[k] = NULL;
	}
	next->preds.n = 0;
	next->insts.n = 0;
	b->is_unlikely |= next->is_unlikely && b != f->blocks.items[0];
	return true;
}

/* `b` only jumps on: lead its predecessors to its successor directly, where the successor's PHIs
 * can take it (they have none, or the predecessor is not there already). */
static void bypass(struct ir_func *f, struct ir_block *b)
{
	struct ir_block *to = b->succ[0];
	size_t n_phis;

	if (b == f->blocks.items[0] || b->insts.n != 1 || b->insts.items[0]->op != IR_JUMP ||
	    to == b)
		return;
	n_phis = ir_n_phis(to);
	for (size_t p = 0; p < b->preds.n;) {
		struct ir_block *from = b->preds.items[p];
		size_t at = 0;

		if (from->succ[0] == to || from->succ[1] == to) {
			p++; /* two edges between the same blocks are not allowed */
			continue;
		}
		while (to->preds.items[at] != b)
			at++;
		for (size_t k = 0; k < n_phis; k++) {
			struct ir_inst *phi = to->insts.items[k];
			struct ir_inst **args =
			    arena_array(ir_arena(f), struct ir_inst *, phi->n_args + 1);

			memcpy(args, phi->args, phi->n_args * sizeof(*args));
			args[phi->n_args++] = phi->args[at];
			phi->args = args;
		}
		vec_push(ir_arena(f), &to->preds, from);
		from->succ[from->succ[1] == b] = to;
		ir_edge_remove(from, b);
	}
	/* Without predecessors it is unreachable now; the caller takes it out. */
}

void ir_merge_blocks(struct ir_func *f)
{
	for (size_t i = 0; i < f->blocks.n; i++) {
		struct ir_block *b = f->blocks.items[i];

		if (i && !b->preds.n)
			continue;
		bypass(f, b);
		while (absorb(f, b))
			;
	}
	ir_remove_unreachable(f);
}

void ir_split_critical_edges(struct ir_func *f)
{
	size_t n = f->blocks.n;
	vec(struct ir_block *) order = {0};

	for (size_t i = 0; i < n; i++) {
		struct ir_block *b = f->blocks.items[i];

		vec_push(ir_arena(f), &order, b);
		for (int k = 1; b->succ[1] && k >= 0; k--) {
			struct ir_block *to = b->succ[k], *middle;
			struct ir_inst *jump;

			if (to->preds.n < 2)
				continue;
			middle = ir_block_add(f);
			middle->is_sealed = true;
			middle->is_unlikely = b->is_unlikely || to->is_unlikely;
			jump = ir_inst_new(f, IR_JUMP, 0, vec_last(&b->insts)->at);
			jump->block = middle;
			vec_push(ir_arena(f), &middle->insts, jump);
			middle->succ[0] = to;
			vec_push(ir_arena(f), &middle->preds, b);
			b->succ[k] = middle;
			replace_pred(to, b, middle);
			vec_push(ir_arena(f), &order, middle);
		}
	}
	f->blocks.items = order.items;
	f->blocks.n = order.n;
	f->blocks.cap = order.cap;
	for (size_t i = 0; i < order.n; i++)
		order.items[i]->id = (uint32_t)i;
}
