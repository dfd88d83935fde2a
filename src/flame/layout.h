/* Where the boxes of a tree's nodes are, in its own unit (samples); which are too narrow to draw.
 */
#ifndef SKEP_FLAME_LAYOUT_H
#define SKEP_FLAME_LAYOUT_H

#include "flame/tree.h"

struct flame_box {
	uint32_t node, depth; /* the root's depth is 0 */
	double start;         /* in the tree's unit, from the left */
};

struct flame_layout {
	vec(struct flame_box) boxes; /* a parent before its children, those from left to right */
	uint32_t n_levels;           /* of the boxes here */
	double total;                /* how wide the root is, in the tree's unit */
};

/* Boxes of a finished tree. What has less than `min_value` is left out, with all above it, but not
 * the root. `total` is what the whole width stands for, at least the tree's own sum. */
void flame_layout_make(struct flame_layout *l, const struct flame_tree *t, double total,
                       double min_value);
void flame_layout_free(struct flame_layout *l);

#endif
