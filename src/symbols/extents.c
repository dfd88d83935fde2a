/* Extents: a sorted array. Where ranges overlap, each knows the nearest one before that reaches
 * beyond its start, so that a question never walks over mere neighbours. */
#include "symbols/extents.h"

#include <stdlib.h>

void extents_add(struct extents *p, uint64_t start, uint64_t end, const char *name)
{
	if (end > start && p->n_added < UINT32_MAX - 1)
		vec_push(NULL, &p->list, ((struct extent){start, end, name, ++p->n_added, 0}));
}

static int by_start(const void *a, const void *b)
{
	const struct extent *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->age < y->age ? -1 : x->age > y->age;
}

void extents_finish(struct extents *p)
{
	struct extent *items = p->list.items;
	uint32_t top = 0;

	if (!p->list.n)
		return;
	qsort(items, p->list.n, sizeof(*items), by_start);
	for (size_t i = 0; i < p->list.n; i++) {
		while (top && items[top - 1].end <= items[i].start)
			top = items[top - 1].around;
		items[i].around = top;
		top = (uint32_t)i + 1;
	}
}

/* The last one that begins at or below, then what is around it: 1 + index, or 0. */
static uint32_t last_before(const struct extents *p, uint64_t address)
{
	size_t lo = 0, hi = p->list.n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->list.items[mid].start <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (uint32_t)lo;
}

const struct extent *extents_find(const struct extents *p, uint64_t address)
{
	uint32_t at = last_before(p, address);

	while (at && p->list.items[at - 1].end <= address)
		at = p->list.items[at - 1].around;
	return at ? &p->list.items[at - 1] : NULL;
}

const struct extent *extents_find_latest(const struct extents *p, uint64_t address)
{
	const struct extent *found = NULL;

	for (uint32_t at = last_before(p, address); at; at = p->list.items[at - 1].around) {
		const struct extent *item = &p->list.items[at - 1];

		if (item->end > address && (!found || item->age > found->age))
			found = item;
	}
	return found;
}

void extents_free(struct extents *p)
{
	vec_free(&p->list);
}
