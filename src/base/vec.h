/* Vector: a growing array of any type, `struct { T *items; size_t n, cap; }`.
 *
 * With an arena the old storage is left to the arena when the vector grows; with NULL the
 * storage is malloc'ed and vec_free() gives it back. One vector keeps to one of the two. */
#ifndef SKEP_BASE_VEC_H
#define SKEP_BASE_VEC_H

#include <stddef.h>

struct arena;

#define vec(T)                                                                                     \
	struct {                                                                                   \
		T *items;                                                                          \
		size_t n, cap;                                                                     \
	}

/* Grow `items` to hold at least `want` elements; returns the new storage. */
void *vec_grow(struct arena *a, void *items, size_t n, size_t *cap, size_t want, size_t elem_b);

#define vec_reserve(a, v, want)                                                                    \
	do {                                                                                       \
		if ((size_t)(want) > (v)->cap)                                                     \
			(v)->items = vec_grow((a), (v)->items, (v)->n, &(v)->cap, (size_t)(want),  \
			                      sizeof(*(v)->items));                                \
	} while (0)
#define vec_push(a, v, x)                                                                          \
	do {                                                                                       \
		vec_reserve((a), (v), (v)->n + 1);                                                 \
		(v)->items[(v)->n++] = (x);                                                        \
	} while (0)
/* Push a zeroed element, evaluate to its address. */
#define vec_add(a, v)                                                                              \
	({                                                                                         \
		vec_reserve((a), (v), (v)->n + 1);                                                 \
		__builtin_memset(&(v)->items[(v)->n], 0, sizeof(*(v)->items));                     \
		&(v)->items[(v)->n++];                                                             \
	})
#define vec_pop(v) ((v)->items[--(v)->n])
#define vec_last(v) ((v)->items[(v)->n - 1])
#define vec_each(it, v)                                                                            \
	for (__typeof__((v)->items + 0) it = (v)->items; it && it < (v)->items + (v)->n; it++)
#define vec_free(v)                                                                                \
	do {                                                                                       \
		__builtin_free((v)->items);                                                        \
		(v)->items = NULL;                                                                 \
		(v)->n = (v)->cap = 0;                                                             \
	} while (0)

#endif
