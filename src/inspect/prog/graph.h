/* Control flow on paper: blocks in ranks from top to bottom, edges between them.
 *
 * A block stands below all that lead to it, but for loops. An edge to the next ranks bends around
 * what stands in between; one that goes back, or far, runs in a lane on the right, shared by all to
 * the same block. */
#ifndef SKEP_INSPECT_PROG_GRAPH_H
#define SKEP_INSPECT_PROG_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct flow_function;

enum graph_edge_kind { EDGE_NEXT, EDGE_TAKEN };

struct graph_point {
	double x, y;
};

struct graph_edge {
	uint32_t from, to; /* blocks */
	enum graph_edge_kind kind;
	bool is_back;
	bool is_in_lane; /* points are corners, else a curve goes through them */
	struct graph_point *points;
	uint32_t n_points;
};

struct graph_box {
	double width, height; /* given */
	double x, y;          /* found: the left upper corner */
};

struct graph {
	struct graph_box *boxes; /* one each block */
	struct graph_edge *edges;
	uint32_t n_edges;
	double width, height;
};

/* Places the blocks of `f`, whose sizes are in ret->boxes, and the edges between them. In `a`. */
void graph_place(struct arena *a, const struct flow_function *f, struct graph *ret);

#endif
