/* One walk over the tree, along its links: deep stacks cost no stack of ours. */
#include "flame/layout.h"

void flame_layout_make(struct flame_layout *l, const struct flame_tree *t, double total,
                       double min_value)
{
	vec(double) ends = {0}; /* of what has been placed so far, on each level */
	uint32_t node = FLAME_ROOT, depth = 0;

	*l = (struct flame_layout){.total = total, .n_levels = 1};
	vec_push(NULL, &l->boxes, ((struct flame_box){0}));
	vec_push(NULL, &ends, 0.0);
	for (;;) {
		const struct flame_node *n = &t->nodes.items[node];
		bool is_drawn = node == FLAME_ROOT;

		if (node != FLAME_ROOT) {
			double start = ends.items[depth];

			ends.items[depth] += n->value;
			is_drawn = n->value > 0 && n->value >= min_value;
			if (is_drawn) {
				vec_push(NULL, &l->boxes, ((struct flame_box){node, depth, start}));
				if (depth >= l->n_levels)
					l->n_levels = depth + 1;
			}
		}
		if (is_drawn && n->first_child) {
			double start = vec_last(&l->boxes).start;

			node = n->first_child;
			if (++depth == ends.n)
				vec_push(NULL, &ends, start);
			else
				ends.items[depth] = start;
			continue;
		}
		while (!t->nodes.items[node].next_sibling && depth) {
			node = t->nodes.items[node].parent;
			depth--;
		}
		if (node == FLAME_ROOT)
			break;
		node = t->nodes.items[node].next_sibling;
	}
	vec_free(&ends);
}

void flame_layout_free(struct flame_layout *l)
{
	vec_free(&l->boxes);
}
