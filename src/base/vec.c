/* Vector growth: doubling, from the arena or from malloc. */
#include "base/vec.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

void *vec_grow(struct arena *a, void *items, size_t n, size_t *cap, size_t want, size_t elem_b)
{
	size_t bigger = *cap ? *cap * 2 : 8;
	void *storage;

	if (bigger < want)
		bigger = want;
	if (bigger > SIZE_MAX / elem_b) {
		fprintf(stderr, "skep: out of memory (%zu elements)\n", bigger);
		exit(255);
	}
	if (a) {
		storage = arena_alloc(a, bigger * elem_b);
		if (n)
			memcpy(storage, items, n * elem_b);
	} else {
		storage = realloc(items, bigger * elem_b);
		if (!storage) {
			fprintf(stderr, "skep: out of memory (%zu bytes)\n", bigger * elem_b);
			exit(255);
		}
	}
	*cap = bigger;
	return storage;
}
