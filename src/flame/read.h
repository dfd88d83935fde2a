/* Stacks from text.
 *
 * A line is a stack: names from the root on with ';' between, blanks, a count (which may have a
 * fraction). Two counts mean before and after. Lines may also be what skep prints for maps that
 * have stacks in their keys, as text or as JSON (spec 9.3, 9.8): see flame/map.c. */
#ifndef SKEP_FLAME_READ_H
#define SKEP_FLAME_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "flame/tree.h"

enum flame_counts {
	FLAME_COUNTS_AUTO, /* two if all lines have two, as far as the first 64 KB tell */
	FLAME_COUNTS_ONE,
	FLAME_COUNTS_TWO,
};

struct flame_read_options {
	enum flame_counts counts;
	bool reverses;     /* begin with the leaf */
	bool keeps_order;  /* as of flame_tree_init */
	bool keeps_offset; /* of a map's frames */
	const char *map;   /* "@name": this map only; NULL: the only one with stacks */
};

struct flame_read_counts {
	uint64_t n_stacks, n_ignored; /* lines that were no stacks, except empty ones */
	uint64_t first_ignored;       /* its line's number, from 1 */
};

/* Reads all of fd into `t`, which is initialized here and freed by the caller, also on failure.
 * Returns 0, or -errno of reading; -EINVAL if the text cannot be drawn as one tree, with the
 * reason in `why`. */
int flame_read(int fd, const struct flame_read_options *o, struct arena *a, struct flame_tree *t,
               struct flame_read_counts *ret, struct strbuf *why);

#endif
