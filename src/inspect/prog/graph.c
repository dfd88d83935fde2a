/* See graph.h. Layers as Sugiyama has them: ranks by the longest path (blocks are in order of
 * address, so that forward edges have no cycle), order within ranks by where neighbours stand, then
 * places.
 *
 * A node is a block, or where an edge passes through a rank. */
#include "inspect/prog/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/vec.h"
#include "inspect/prog/flow.h"

enum {
	SPAN_MOST = 6, /* ranks that an edge bends through; longer ones take a lane */
	SWEEPS = 6,
	LANES_MOST = 64, /* beyond that they share */
};

static const double gap_x = 28, gap_y = 44, bend_width = 12, lane_width = 10;

struct node {
	int32_t block; /* -1: an edge passes */
	uint32_t rank, place;
	double width, x, wish; /* x: of the middle */
};

struct link { /* between nodes of neighbouring ranks */
	uint32_t from, to;
};

struct placing {
	struct arena *a;
	const struct flow_function *f;
	struct graph *g;
	vec(struct node) nodes; /* the first ones are the blocks */
	vec(struct link) links;
	uint32_t *first_node; /* of each edge: what it passes through */
	uint32_t n_ranks;
	uint32_t **ranks, *rank_n; /* nodes from left to right */
	double *rank_y, *rank_height;
};

/* ---- edges and ranks ------------------------------------------------------------------------- */

static void add_edge(struct placing *p, uint32_t from, int32_t to, enum graph_edge_kind kind)
{
	if (to >= 0)
		p->g->edges[p->g->n_edges++] = (struct graph_edge){.from = from,
		                                                   .to = (uint32_t)to,
		                                                   .kind = kind,
		                                                   .is_back = (uint32_t)to <= from};
}

static void rank_blocks(struct placing *p)
{
	const struct flow_function *f = p->f;

	p->g->edges = arena_array(p->a, struct graph_edge, 2 * f->n_blocks + 1);
	for (uint32_t i = 0; i < f->n_blocks; i++) {
		add_edge(p, i, f->blocks[i].next, EDGE_NEXT);
		add_edge(p, i, f->blocks[i].target, EDGE_TAKEN);
		vec_push(p->a, &p->nodes,
		         ((struct node){.block = (int32_t)i, .width = p->g->boxes[i].width}));
	}
	/* Edges are in order of their beginnings. */
	for (uint32_t k = 0; k < p->g->n_edges; k++) {
		const struct graph_edge *e = &p->g->edges[k];
		uint32_t below = p->nodes.items[e->from].rank + 1;

		if (!e->is_back && p->nodes.items[e->to].rank < below)
			p->nodes.items[e->to].rank = below;
	}
	for (uint32_t i = 0; i < f->n_blocks; i++)
		if (p->nodes.items[i].rank >= p->n_ranks)
			p->n_ranks = p->nodes.items[i].rank + 1;
}

static void bend_edges(struct placing *p)
{
	p->first_node = arena_array(p->a, uint32_t, p->g->n_edges + 1);
	for (uint32_t k = 0; k < p->g->n_edges; k++) {
		struct graph_edge *e = &p->g->edges[k];
		uint32_t top = p->nodes.items[e->from].rank, bottom = p->nodes.items[e->to].rank;
		uint32_t last = e->from;

		p->first_node[k] = (uint32_t)p->nodes.n;
		e->is_in_lane = e->is_back || bottom - top > SPAN_MOST;
		if (e->is_in_lane)
			continue;
		for (uint32_t r = top + 1; r < bottom; r++) {
			vec_push(p->a, &p->links, ((struct link){last, (uint32_t)p->nodes.n}));
			last = (uint32_t)p->nodes.n;
			vec_push(p->a, &p->nodes,
			         ((struct node){.block = -1, .rank = r, .width = bend_width}));
		}
		vec_push(p->a, &p->links, ((struct link){last, e->to}));
	}
}

static void fill_ranks(struct placing *p)
{
	p->ranks = arena_array(p->a, uint32_t *, p->n_ranks);
	p->rank_n = arena_array(p->a, uint32_t, p->n_ranks);
	memset(p->rank_n, 0, p->n_ranks * sizeof(*p->rank_n));
	vec_each (n, &p->nodes)
		p->rank_n[n->rank]++;
	for (uint32_t r = 0; r < p->n_ranks; r++) {
		p->ranks[r] = arena_array(p->a, uint32_t, p->rank_n[r]);
		p->rank_n[r] = 0;
	}
	for (uint32_t i = 0; i < p->nodes.n; i++) {
		struct node *n = &p->nodes.items[i];

		n->place = p->rank_n[n->rank];
		p->ranks[n->rank][p->rank_n[n->rank]++] = i;
	}
}

/* ---- order within a rank --------------------------------------------------------------------- */

/* Where each node would like to be: amid those above, or below, that it is linked with. `sum` and
 * `n` are of all nodes. */
static void wish(struct placing *p, bool by_above, bool by_place, double *sum, uint32_t *n)
{
	memset(sum, 0, p->nodes.n * sizeof(*sum));
	memset(n, 0, p->nodes.n * sizeof(*n));
	vec_each (l, &p->links) {
		uint32_t who = by_above ? l->to : l->from, of = by_above ? l->from : l->to;

		sum[who] += by_place ? p->nodes.items[of].place : p->nodes.items[of].x;
		n[who]++;
	}
	for (uint32_t i = 0; i < p->nodes.n; i++) {
		struct node *node = &p->nodes.items[i];

		node->wish = n[i] ? sum[i] / n[i] : by_place ? node->place : node->x;
	}
}

/* Insertion: ranks are nearly in order, and equal wishes must keep theirs. */
static void sort_rank(struct placing *p, uint32_t r)
{
	uint32_t *rank = p->ranks[r];

	for (uint32_t i = 1; i < p->rank_n[r]; i++)
		for (uint32_t k = i;
		     k > 0 && p->nodes.items[rank[k]].wish < p->nodes.items[rank[k - 1]].wish;
		     k--) {
			uint32_t other = rank[k];

			rank[k] = rank[k - 1];
			rank[k - 1] = other;
		}
	for (uint32_t i = 0; i < p->rank_n[r]; i++)
		p->nodes.items[rank[i]].place = i;
}

/* ---- places ---------------------------------------------------------------------------------- */

static double apart(const struct placing *p, uint32_t left, uint32_t right)
{
	return (p->nodes.items[left].width + p->nodes.items[right].width) / 2 + gap_x;
}

/* As near to the wishes as the neighbours allow: the mean of what is found from either side, which
 * keeps the distances that both keep. */
static void place_rank(struct placing *p, uint32_t r, double *from_left)
{
	const uint32_t *rank = p->ranks[r];
	uint32_t n = p->rank_n[r];
	double right = 0;

	for (uint32_t i = 0; i < n; i++) {
		from_left[i] = p->nodes.items[rank[i]].wish;
		if (i && from_left[i] < from_left[i - 1] + apart(p, rank[i - 1], rank[i]))
			from_left[i] = from_left[i - 1] + apart(p, rank[i - 1], rank[i]);
	}
	for (uint32_t i = n; i-- > 0;) {
		double x = p->nodes.items[rank[i]].wish;

		if (i + 1 < n && x > right - apart(p, rank[i], rank[i + 1]))
			x = right - apart(p, rank[i], rank[i + 1]);
		right = x;
		p->nodes.items[rank[i]].x = (x + from_left[i]) / 2;
	}
}

static void place_nodes(struct placing *p)
{
	double *sum = arena_array(p->a, double, p->nodes.n + 1);
	double *from_left = arena_array(p->a, double, p->nodes.n + 1);
	uint32_t *n = arena_array(p->a, uint32_t, p->nodes.n + 1);
	double least = 0, most = 0;

	for (int sweep = 0; sweep < SWEEPS; sweep++) {
		wish(p, !(sweep & 1), true, sum, n);
		for (uint32_t r = 0; r < p->n_ranks; r++)
			sort_rank(p, r);
	}
	vec_each (node, &p->nodes)
		node->wish = 0;
	for (uint32_t r = 0; r < p->n_ranks; r++)
		place_rank(p, r, from_left);
	for (int sweep = 0; sweep < 2 * SWEEPS; sweep++) {
		wish(p, !(sweep & 1), false, sum, n);
		for (uint32_t r = 0; r < p->n_ranks; r++)
			place_rank(p, r, from_left);
	}
	vec_each (node, &p->nodes) {
		if (node->x - node->width / 2 < least)
			least = node->x - node->width / 2;
		if (node->x + node->width / 2 > most)
			most = node->x + node->width / 2;
	}
	vec_each (node, &p->nodes)
		node->x -= least;
	p->g->width = most - least;
}

static void place_boxes(struct placing *p)
{
	double y = 0;

	p->rank_y = arena_array(p->a, double, p->n_ranks);
	p->rank_height = arena_array(p->a, double, p->n_ranks);
	for (uint32_t r = 0; r < p->n_ranks; r++) {
		p->rank_height[r] = 0;
		for (uint32_t i = 0; i < p->rank_n[r]; i++) {
			int32_t b = p->nodes.items[p->ranks[r][i]].block;

			if (b >= 0 && p->g->boxes[b].height > p->rank_height[r])
				p->rank_height[r] = p->g->boxes[b].height;
		}
		p->rank_y[r] = y;
		y += p->rank_height[r] + gap_y;
	}
	p->g->height = y;
	for (uint32_t i = 0; i < p->f->n_blocks; i++) {
		p->g->boxes[i].x = p->nodes.items[i].x - p->g->boxes[i].width / 2;
		p->g->boxes[i].y = p->rank_y[p->nodes.items[i].rank];
	}
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Both edges of a block leave at places of their own, what falls through on the left. */
static double leaves_at(const struct graph *g, const struct flow_function *f,
                        const struct graph_edge *e)
{
	const struct graph_box *b = &g->boxes[e->from];
	bool has_two = f->blocks[e->from].next >= 0 && f->blocks[e->from].target >= 0;

	return b->x + b->width * (!has_two ? 0.5 : e->kind == EDGE_NEXT ? 0.35 : 0.65);
}

static void draw_curve(struct placing *p, uint32_t k)
{
	struct graph_edge *e = &p->g->edges[k];
	const struct graph_box *from = &p->g->boxes[e->from], *to = &p->g->boxes[e->to];
	uint32_t n_bends = p->nodes.items[e->to].rank - p->nodes.items[e->from].rank - 1, n = 0;

	e->points = arena_array(p->a, struct graph_point, 2 * n_bends + 3);
	e->points[n++] = (struct graph_point){leaves_at(p->g, p->f, e), from->y + from->height};
	/* Straight to the foot of its own rank, which may have taller blocks. */
	e->points[n++] = (struct graph_point){leaves_at(p->g, p->f, e),
	                                      p->rank_y[p->nodes.items[e->from].rank] +
	                                          p->rank_height[p->nodes.items[e->from].rank]};
	for (uint32_t i = 0; i < n_bends; i++) {
		const struct node *b = &p->nodes.items[p->first_node[k] + i];

		e->points[n++] = (struct graph_point){b->x, p->rank_y[b->rank]};
		e->points[n++] =
		    (struct graph_point){b->x, p->rank_y[b->rank] + p->rank_height[b->rank]};
	}
	e->points[n++] = (struct graph_point){to->x + to->width / 2, to->y};
	e->n_points = n;
}

/* Lanes of edges whose ranks do not meet may be the same. */
static uint32_t find_lane(double top, double bottom, uint32_t n_lanes,
                          const struct graph_point *taken, const uint32_t *lane_of,
                          uint32_t n_taken)
{
	uint32_t lane = 0;

	if (n_lanes >= LANES_MOST)
		return n_taken % LANES_MOST;
	for (bool is_free = false; lane < n_lanes && !is_free; lane += !is_free) {
		is_free = true;
		for (uint32_t i = 0; i < n_taken && is_free; i++)
			is_free = lane_of[i] != lane || taken[i].y < top || taken[i].x > bottom;
	}
	return lane;
}

static void draw_lanes(struct placing *p)
{
	uint32_t n_blocks = p->f->n_blocks, n_taken = 0, n_lanes = 0;
	/* Of each block with a lane: from where to where it runs. */
	struct graph_point *taken = arena_array(p->a, struct graph_point, n_blocks);
	uint32_t *lane_of = arena_array(p->a, uint32_t, n_blocks);
	/* The edges in lanes by where they lead: the first one of a block, and the next of an edge.
	 */
	uint32_t *first = arena_array(p->a, uint32_t, n_blocks);
	uint32_t *next = arena_array(p->a, uint32_t, p->g->n_edges + 1);
	double right = p->g->width;

	memset(first, 0xff, n_blocks * sizeof(*first));
	for (uint32_t k = p->g->n_edges; k-- > 0;)
		if (p->g->edges[k].is_in_lane) {
			next[k] = first[p->g->edges[k].to];
			first[p->g->edges[k].to] = k;
		}
	for (uint32_t b = 0; b < n_blocks; b++) {
		const struct graph_box *to = &p->g->boxes[b];
		double top = to->y - 1, bottom = to->y;
		uint32_t lane;
		double x;

		if (first[b] == UINT32_MAX)
			continue;
		for (uint32_t k = first[b]; k != UINT32_MAX; k = next[k]) {
			const struct graph_edge *e = &p->g->edges[k];
			double y = p->g->boxes[e->from].y + p->g->boxes[e->from].height;

			top = y < top ? y : top;
			bottom = y + gap_y > bottom ? y + gap_y : bottom;
		}
		lane = find_lane(top, bottom, n_lanes, taken, lane_of, n_taken);
		if (lane == n_lanes)
			n_lanes++;
		taken[n_taken] = (struct graph_point){top, bottom};
		lane_of[n_taken++] = lane;
		x = right + gap_x + lane * lane_width;
		for (uint32_t k = first[b]; k != UINT32_MAX; k = next[k]) {
			struct graph_edge *e = &p->g->edges[k];
			uint32_t rank = p->nodes.items[e->from].rank;
			/* Lines beside each other, not on each other. */
			double off = 6 + (lane % 5) * 3, foot;

			foot = p->rank_y[rank] + p->rank_height[rank] + off;
			e->points = arena_array(p->a, struct graph_point, 6);
			e->n_points = 6;
			e->points[0] = (struct graph_point){leaves_at(p->g, p->f, e),
			                                    p->g->boxes[e->from].y +
			                                        p->g->boxes[e->from].height};
			e->points[1] = (struct graph_point){e->points[0].x, foot};
			e->points[2] = (struct graph_point){x, foot};
			e->points[3] = (struct graph_point){x, to->y - off - 4};
			e->points[4] =
			    (struct graph_point){to->x + to->width * 0.8, to->y - off - 4};
			e->points[5] = (struct graph_point){e->points[4].x, to->y};
		}
	}
	if (n_lanes)
		p->g->width += gap_x + n_lanes * lane_width;
}

void graph_place(struct arena *a, const struct flow_function *f, struct graph *ret)
{
	struct placing p = {.a = a, .f = f, .g = ret};

	rank_blocks(&p);
	bend_edges(&p);
	fill_ranks(&p);
	place_nodes(&p);
	place_boxes(&p);
	for (uint32_t k = 0; k < ret->n_edges; k++)
		if (!ret->edges[k].is_in_lane)
			draw_curve(&p, k);
	draw_lanes(&p);
}
