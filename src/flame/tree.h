/* Stacks merged into a tree: what a flame graph is before it has a width.
 *
 * Stacks are added one at a time; what they have in common from the root on is kept once, so memory
 * goes with the different stacks, not with the lines read. Nodes are numbered in the order in which
 * they were met: a parent's number is below its children's, so sums over the tree are one pass
 * backwards and nothing here recurses, however deep a stack is. */
#ifndef SKEP_FLAME_TREE_H
#define SKEP_FLAME_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

struct arena;

/* One function of a stack: bytes as they were read, whatever they are. */
struct flame_frame {
	const char *name;
	size_t len_b;
};

enum { FLAME_ROOT = 0 };

/* 0, the root's number, also stands for "none" where a child or sibling is meant. */
struct flame_node {
	uint32_t parent, first_child,
	    next_sibling; /* the latter two are set by flame_tree_finish */
	uint32_t name;    /* index into names; not of the root */
	double value;     /* of stacks that end here; once finished, also of all above */
};

/* What the node was before, where two measurements are compared. */
struct flame_change {
	double before; /* as flame_node.value */
	double own;    /* value less before, of stacks that end here */
};

/* One frame of the stack at hand. */
struct flame_step {
	uint32_t node, name_hash, path_hash; /* the latter of all names up to here */
};

struct flame_tree {
	struct arena *arena; /* names' bytes */
	vec(struct flame_node) nodes;
	vec(struct flame_change) changes; /* as many as nodes if is_differential */
	vec(struct flame_frame) names;    /* different ones; borrowed from the arena */
	vec(struct flame_step) path;      /* the stack added last */
	/* Open addressing; index 0 is free. Caps are powers of two. */
	struct flame_place {
		uint32_t hash, parent, name, index; /* of a node */
	} * places;
	struct flame_name_slot {
		uint32_t hash, index; /* into names */
	} * name_slots;
	size_t place_cap, name_cap;
	bool is_differential, keeps_order;
};

/* With keeps_order only neighbours merge, and children stay in the order of the input. `a` has to
 * outlive the tree. */
void flame_tree_init(struct flame_tree *t, struct arena *a, bool is_differential, bool keeps_order);
/* Add a stack, root first. `before` counts for differential trees only. Copies the names. */
void flame_tree_add(struct flame_tree *t, const struct flame_frame *frames, size_t n, double before,
                    double value);
/* Sum up and put children in order: by name, or by time of arrival. With `normalizes` the values
 * before are scaled so that both totals are the same. Add nothing afterwards. */
void flame_tree_finish(struct flame_tree *t, bool normalizes);
void flame_tree_free(struct flame_tree *t);

static inline struct flame_frame flame_node_name(const struct flame_tree *t, uint32_t node)
{
	return node == FLAME_ROOT ? (struct flame_frame){"all", 3}
	                          : t->names.items[t->nodes.items[node].name];
}

#endif
