/* Extents: named ranges of addresses, asked by address. */
#ifndef SKEP_SYMBOLS_EXTENTS_H
#define SKEP_SYMBOLS_EXTENTS_H

#include <stdint.h>

#include "base/vec.h"

struct extent {
	uint64_t start, end; /* the first byte, the first one behind */
	const char *name;    /* not owned */
	uint32_t age;        /* added as which one, from 1 */
	uint32_t around;     /* 1 + the nearest place before that reaches beyond `start`; 0: none */
};

struct extents {
	vec(struct extent) list;
	uint32_t n_added;
};

/* Empty ranges are left out. */
void extents_add(struct extents *p, uint64_t start, uint64_t end, const char *name);
/* Sort what was added; call before asking, and again after adding more. */
void extents_finish(struct extents *p);
/* The place around an address: where several are, see `extents_find_latest`; NULL: none. This one
 * takes that which begins last (a function inside of another). */
const struct extent *extents_find(const struct extents *p, uint64_t address);
/* ... and this one what was added last (code generated where older code had been). */
const struct extent *extents_find_latest(const struct extents *p, uint64_t address);
void extents_free(struct extents *p);

#endif
