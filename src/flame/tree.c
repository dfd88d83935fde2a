/* Merging stacks. A line's frames are compared with those of the line before first: sorted input,
 * which is the usual one, seldom gets as far as the hash table. */
#include "flame/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

void flame_tree_init(struct flame_tree *t, struct arena *a, bool is_differential, bool keeps_order)
{
	*t = (struct flame_tree){
	    .arena = a, .is_differential = is_differential, .keeps_order = keeps_order};
	(void)vec_add(NULL, &t->nodes);
	(void)vec_add(NULL, &t->names); /* so that 0 is no name */
	if (is_differential)
		(void)vec_add(NULL, &t->changes);
}

void flame_tree_free(struct flame_tree *t)
{
	vec_free(&t->nodes);
	vec_free(&t->changes);
	vec_free(&t->names);
	vec_free(&t->path);
	free(t->places);
	free(t->name_slots);
}

/* ---- lookup ---------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

static uint32_t hash_name(struct flame_frame f)
{
	uint64_t h = f.len_b, word;
	size_t at = 0;

	for (; f.len_b - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, f.name + at, sizeof(word));
		h = mix(h, word);
	}
	word = 0;
	memcpy(&word, f.name + at, f.len_b - at);
	h = mix(mix(h, word), 0);
	return (uint32_t)(h >> 32);
}

static bool is_same(struct flame_frame a, struct flame_frame b)
{
	return a.len_b == b.len_b && !memcmp(a.name, b.name, a.len_b);
}

/* A zeroed table of twice the size. */
static void *table_grow(size_t *cap, size_t elem_b)
{
	size_t got = 0, want = *cap ? *cap * 2 : 1024;
	void *table = vec_grow(NULL, NULL, 0, &got, want, elem_b);

	*cap = want;
	return memset(table, 0, want * elem_b);
}

static bool is_full(size_t n, size_t cap)
{
	return n * 4 >= cap * 3;
}

static void names_grow(struct flame_tree *t)
{
	struct flame_name_slot *old = t->name_slots;
	size_t old_cap = t->name_cap, at;

	t->name_slots = table_grow(&t->name_cap, sizeof(*old));
	for (size_t i = 0; i < old_cap; i++) {
		if (!old[i].index)
			continue;
		at = old[i].hash & (t->name_cap - 1);
		while (t->name_slots[at].index)
			at = (at + 1) & (t->name_cap - 1);
		t->name_slots[at] = old[i];
	}
	free(old);
}

static uint32_t intern(struct flame_tree *t, struct flame_frame f, uint32_t hash)
{
	uint32_t index;
	size_t at;

	if (is_full(t->names.n, t->name_cap))
		names_grow(t);
	for (at = hash & (t->name_cap - 1); t->name_slots[at].index;
	     at = (at + 1) & (t->name_cap - 1))
		if (t->name_slots[at].hash == hash &&
		    is_same(t->names.items[t->name_slots[at].index], f))
			return t->name_slots[at].index;
	index = (uint32_t)t->names.n;
	f.name = arena_memdup(t->arena, f.name, f.len_b);
	vec_push(NULL, &t->names, f);
	t->name_slots[at] = (struct flame_name_slot){hash, index};
	return index;
}

/* Where the node of that place is, or a free slot for it. The key is in the slot: trees are larger
 * than caches, and a look at the node would be one more miss. */
static struct flame_place *place(const struct flame_tree *t, uint32_t hash, uint32_t parent,
                                 uint32_t name)
{
	for (size_t at = hash;; at++) {
		struct flame_place *p = &t->places[at & (t->place_cap - 1)];

		if (!p->index || (p->parent == parent && p->name == name))
			return p;
	}
}

static void places_grow(struct flame_tree *t)
{
	struct flame_place *old = t->places;
	size_t old_cap = t->place_cap;

	t->places = table_grow(&t->place_cap, sizeof(*old));
	for (size_t i = 0; i < old_cap; i++)
		if (old[i].index)
			*place(t, old[i].hash, old[i].parent, old[i].name) = old[i];
	free(old);
}

static uint32_t node_add(struct flame_tree *t, uint32_t parent, uint32_t name)
{
	struct flame_node *node;

	if (t->nodes.n == UINT32_MAX)
		abort(); /* 100 GB of them */
	node = vec_add(NULL, &t->nodes);
	node->parent = parent;
	node->name = name;
	if (t->is_differential)
		(void)vec_add(NULL, &t->changes);
	return (uint32_t)t->nodes.n - 1;
}

/* The child of that name, made if there is none. */
static uint32_t child(struct flame_tree *t, uint32_t parent, struct flame_frame f,
                      const struct flame_step *step)
{
	uint32_t name = intern(t, f, step->name_hash);
	struct flame_place *p;

	if (t->keeps_order) /* it is not the one before: a new one */
		return node_add(t, parent, name);
	if (is_full(t->nodes.n, t->place_cap))
		places_grow(t);
	p = place(t, step->path_hash, parent, name);
	if (!p->index)
		*p = (struct flame_place){step->path_hash, parent, name, node_add(t, parent, name)};
	return p->index;
}

/* Hash the names of the path from `from` on, and fetch what child() will look at meanwhile: tables
 * and names are larger than caches, and would be waited for again and again. Therefore a place's
 * hash is made of names rather than of the parent's number, which is not known yet. */
static void look_ahead(struct flame_tree *t, const struct flame_frame *frames, size_t from)
{
	size_t n = t->path.n, names = t->name_cap - 1, places = t->place_cap - 1;
	struct flame_step *steps = t->path.items;
	uint32_t above = from ? steps[from - 1].path_hash : 0;

	for (size_t i = from; i < n; i++) {
		steps[i].name_hash = hash_name(frames[i]);
		above = steps[i].path_hash =
		    (uint32_t)(mix(0, (uint64_t)steps[i].name_hash << 32 | above) >> 20);
		if (t->name_cap)
			__builtin_prefetch(&t->name_slots[steps[i].name_hash & names]);
		if (t->place_cap)
			__builtin_prefetch(&t->places[above & places]);
	}
	for (size_t i = from; i < n && t->name_cap; i++)
		__builtin_prefetch(
		    &t->names.items[t->name_slots[steps[i].name_hash & names].index]);
	for (size_t i = from; i < n && t->name_cap; i++)
		__builtin_prefetch(
		    t->names.items[t->name_slots[steps[i].name_hash & names].index].name);
}

void flame_tree_add(struct flame_tree *t, const struct flame_frame *frames, size_t n, double before,
                    double value)
{
	uint32_t node = FLAME_ROOT;
	size_t i = 0;

	while (i < n && i < t->path.n &&
	       is_same(flame_node_name(t, t->path.items[i].node), frames[i]))
		node = t->path.items[i++].node;
	vec_reserve(NULL, &t->path, n);
	t->path.n = n;
	look_ahead(t, frames, i);
	for (; i < n; i++)
		node = t->path.items[i].node = child(t, node, frames[i], &t->path.items[i]);
	t->nodes.items[node].value += value;
	if (t->is_differential)
		t->changes.items[node].before += before;
}

/* ---- order and sums -------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b, void *arg)
{
	const struct flame_tree *t = arg;
	struct flame_frame x = t->names.items[*(const uint32_t *)a];
	struct flame_frame y = t->names.items[*(const uint32_t *)b];
	int order = memcmp(x.name, y.name, x.len_b < y.len_b ? x.len_b : y.len_b);

	return order ? order : (x.len_b > y.len_b) - (x.len_b < y.len_b);
}

static void prepend(struct flame_tree *t, uint32_t node)
{
	struct flame_node *n = &t->nodes.items[node], *parent = &t->nodes.items[n->parent];

	n->next_sibling = parent->first_child;
	parent->first_child = node;
}

static uint32_t *numbers(size_t n)
{
	size_t cap = 0;

	return vec_grow(NULL, NULL, 0, &cap, n, sizeof(uint32_t));
}

/* ret[i] is the place of name i among all names. */
static uint32_t *rank_names(struct flame_tree *t)
{
	uint32_t *order = numbers(t->names.n), *rank = numbers(t->names.n);

	for (uint32_t i = 0; i < t->names.n; i++)
		order[i] = i;
	qsort_r(order + 1, t->names.n - 1, sizeof(*order), compare_names, t);
	for (uint32_t i = 0; i < t->names.n; i++)
		rank[order[i]] = i;
	free(order);
	return rank;
}

/* Nodes in falling order of their names, each put in front of its siblings: every list of children
 * is then in rising order, after one sort of the different names. */
static void link_by_name(struct flame_tree *t)
{
	enum { AHEAD = 16 };
	const struct flame_node *nodes = t->nodes.items;
	size_t n = t->nodes.n;
	uint32_t *rank = rank_names(t), *end = numbers(t->names.n + 1), *order = numbers(n),
	         sum = 0;

	memset(end, 0, (t->names.n + 1) * sizeof(*end));
	for (size_t i = 1; i < n; i++)
		end[rank[nodes[i].name] + 1]++;
	for (size_t i = 0; i <= t->names.n; i++)
		sum = end[i] += sum;
	for (uint32_t i = 1; i < n; i++)
		order[end[rank[nodes[i].name]]++] = i;
	for (size_t i = n - 1; i-- > 0;) {
		if (i >= 2 * AHEAD) {
			__builtin_prefetch(&nodes[order[i - 2 * AHEAD]]);
			__builtin_prefetch(&nodes[nodes[order[i - AHEAD]].parent]);
		}
		prepend(t, order[i]);
	}
	free(rank);
	free(end);
	free(order);
}

static void sum(struct flame_tree *t)
{
	for (size_t i = t->nodes.n; i-- > 1;) {
		uint32_t parent = t->nodes.items[i].parent;

		t->nodes.items[parent].value += t->nodes.items[i].value;
		if (t->is_differential)
			t->changes.items[parent].before += t->changes.items[i].before;
	}
}

/* What each node changed by itself, while values are still of the stacks that end there. */
static void compare(struct flame_tree *t, bool normalizes)
{
	double before = 0, after = 0, scale = 1;

	for (size_t i = 0; i < t->nodes.n; i++) {
		before += t->changes.items[i].before;
		after += t->nodes.items[i].value;
	}
	if (normalizes && before > 0 && after > 0)
		scale = after / before;
	for (size_t i = 0; i < t->nodes.n; i++) {
		struct flame_change *c = &t->changes.items[i];

		c->before *= scale;
		c->own = t->nodes.items[i].value - c->before;
	}
}

void flame_tree_finish(struct flame_tree *t, bool normalizes)
{
	if (t->is_differential)
		compare(t, normalizes);
	sum(t);
	if (!t->keeps_order) {
		link_by_name(t);
		return;
	}
	for (size_t i = t->nodes.n; i-- > 1;)
		prepend(t, (uint32_t)i);
}
