/* LPM_TRIE: the longest prefix that matches. A key is struct bpf_lpm_trie_key: a number of bits and
 * then the bits, the first byte's highest one first.
 *
 * The trie is the kernel's (kernel/bpf/lpm_trie.c): each node is a prefix longer than its parent's;
 * where two prefixes part and nobody has entered what they share, there is an intermediate node
 * without a value, which always has two children. Writers hold the lock and count up `version`
 * before and after; readers walk without it and start again when the count has changed. */
#include "vm/maps/internal.h"

enum { DATA_MAX_B = 256, NODE_KERNEL_B = 24, TRIES_BEFORE_LOCK = 32 };

struct lpm_key {
	uint32_t n_bits;
	unsigned char data[];
};

struct lpm_node {
	uint32_t child[2]; /* index from 1, 0: none */
	uint32_t n_bits;
	uint32_t is_between; /* intermediate */
	uint64_t words[];    /* the prefix, padded with zeros; then the value */
};

struct lpm_map {
	struct vm_map m;
	unsigned char *nodes;
	size_t nodes_b, node_b;
	uint32_t data_b, max_bits, value_off_b;
	uint32_t capacity;
	struct map_lock lock __attribute__((aligned(64)));
	uint32_t version; /* odd: being changed */
	uint32_t root;
	uint32_t free; /* by child[0] */
	uint32_t n_fresh, n_entries;
};

static int lpm_check(const struct vm_map_def *d, struct strbuf *why)
{
	const uint32_t key_max_b = sizeof(struct lpm_key) + DATA_MAX_B;
	const uint32_t value_max_b = MAP_KMALLOC_MAX_B - DATA_MAX_B - NODE_KERNEL_B;
	int err = map_check_flags(d, BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS, why);

	if (err)
		return err;
	if (!(d->flags & BPF_F_NO_PREALLOC))
		return map_refuse(-EINVAL, why, "a trie needs BPF_F_NO_PREALLOC");
	if (!d->max_entries)
		return map_refuse(-EINVAL, why, "max_entries is 0");
	if (d->key_size_b <= sizeof(struct lpm_key) || d->key_size_b > key_max_b)
		return map_refuse(-EINVAL, why, "keys of tries have 5 to %u bytes, not %u",
		                  key_max_b, d->key_size_b);
	if (!d->value_size_b || d->value_size_b > value_max_b)
		return map_refuse(-EINVAL, why, "values of tries have 1 to %u bytes, not %u",
		                  value_max_b, d->value_size_b);
	return 0;
}

static int lpm_create(struct vm_map *m)
{
	struct lpm_map *t = (struct lpm_map *)m;
	/* Fewer nodes between than entries; a writer may hold two before it frees one. */
	uint64_t n = 2 * (uint64_t)m->def.max_entries + 2;

	t->data_b = m->def.key_size_b - sizeof(struct lpm_key);
	t->max_bits = t->data_b * 8;
	t->value_off_b = (uint32_t)(sizeof(struct lpm_node) + round_up_b(t->data_b, 8));
	t->node_b = t->value_off_b + round_up_b(m->def.value_size_b, 8);
	t->capacity = n > INT32_MAX ? INT32_MAX : (uint32_t)n;
	/* Entries come one by one in the kernel, so people ask for as many as the type holds. */
	while (t->capacity > 1u << 16 && (t->capacity + 1) * t->node_b > (size_t)1 << 40)
		t->capacity /= 2;
	t->nodes_b = ((size_t)t->capacity + 1) * t->node_b;
	t->nodes = map_memory_alloc(t->nodes_b);
	return t->nodes ? 0 : -ENOMEM;
}

static void lpm_destroy(struct vm_map *m)
{
	struct lpm_map *t = (struct lpm_map *)m;

	map_memory_free(t->nodes, t->nodes_b);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static struct lpm_node *node_at(const struct lpm_map *t, uint32_t at)
{
	return (struct lpm_node *)(t->nodes + at * t->node_b);
}

static void *value_of(const struct lpm_map *t, uint32_t at)
{
	return t->nodes + at * t->node_b + t->value_off_b;
}

static uint32_t load(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void store(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

static unsigned bit_of(const unsigned char *data, uint32_t i)
{
	return data[i / 8] >> (7 - i % 8) & 1;
}

/* Of a node's prefix. */
static unsigned node_bit(const struct lpm_node *n, uint32_t i)
{
	uint64_t word = __atomic_load_n(&n->words[i / 64], __ATOMIC_RELAXED);

	return __builtin_bswap64(word) >> (63 - i % 64) & 1;
}

/* How many leading bits the node and the key share: no more than either has. */
static uint32_t shared_bits(const struct lpm_map *t, const struct lpm_node *n,
                            const struct lpm_key *key, uint32_t key_bits)
{
	uint32_t limit = load(&n->n_bits);

	if (limit > key_bits)
		limit = key_bits;
	for (uint32_t i = 0; i * 64 < limit; i++) {
		uint32_t left_b = t->data_b - i * 8;
		uint64_t word = 0, differ;

		memcpy(&word, key->data + i * 8, left_b < 8 ? left_b : 8);
		differ = word ^ __atomic_load_n(&n->words[i], __ATOMIC_RELAXED);
		if (differ) {
			uint32_t bits =
			    i * 64 + (uint32_t)__builtin_clzll(__builtin_bswap64(differ));

			return bits < limit ? bits : limit;
		}
	}
	return limit;
}

static uint32_t key_bits_of(const void *key)
{
	uint32_t n;

	memcpy(&n, key, sizeof(n));
	return n;
}

/* ---- looking up ------------------------------------------------------------------------------ */

/* Wrong, but within bounds, if a writer comes between. */
static uint32_t find_longest(const struct lpm_map *t, const struct lpm_key *key, uint32_t key_bits)
{
	uint32_t at = load(&t->root), found = 0;

	/* Nodes that are used again meanwhile could lead in a circle. */
	for (uint32_t steps = 0; at && steps <= t->max_bits; steps++) {
		const struct lpm_node *n = node_at(t, at);
		uint32_t n_bits = load(&n->n_bits), shared = shared_bits(t, n, key, key_bits);

		if (shared == t->max_bits)
			return at;
		if (shared < n_bits)
			break;
		if (!load(&n->is_between))
			found = at;
		at = load(&n->child[bit_of(key->data, n_bits)]);
	}
	return found;
}

static void *lpm_lookup(struct vm_map *m, const void *key, uint32_t cpu)
{
	struct lpm_map *t = (struct lpm_map *)m;
	uint32_t key_bits = key_bits_of(key), version, at;

	(void)cpu;
	if (key_bits > t->max_bits)
		return NULL;
	for (unsigned i = 0; i < TRIES_BEFORE_LOCK; i++) {
		version = __atomic_load_n(&t->version, __ATOMIC_ACQUIRE);
		if (version % 2)
			continue;
		at = find_longest(t, key, key_bits);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&t->version, __ATOMIC_RELAXED) == version)
			return at ? value_of(t, at) : NULL;
	}
	map_lock(&t->lock);
	at = find_longest(t, key, key_bits);
	map_unlock(&t->lock);
	return at ? value_of(t, at) : NULL;
}

/* ---- changing -------------------------------------------------------------------------------- */

static void begin_change(struct lpm_map *t)
{
	map_lock(&t->lock);
	__atomic_store_n(&t->version, t->version + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void end_change(struct lpm_map *t)
{
	__atomic_store_n(&t->version, t->version + 1, __ATOMIC_RELEASE);
	map_unlock(&t->lock);
}

static uint32_t node_take(struct lpm_map *t)
{
	uint32_t at = t->free;

	if (at)
		t->free = node_at(t, at)->child[0];
	else if (t->n_fresh < t->capacity)
		at = ++t->n_fresh;
	return at;
}

static void node_give(struct lpm_map *t, uint32_t at)
{
	store(&node_at(t, at)->child[0], t->free);
	t->free = at;
}

static void node_fill(struct lpm_map *t, uint32_t at, const struct lpm_key *key, uint32_t n_bits,
                      bool is_between)
{
	struct lpm_node *n = node_at(t, at);

	store(&n->child[0], 0);
	store(&n->child[1], 0);
	store(&n->n_bits, n_bits);
	store(&n->is_between, is_between);
	map_copy_in(n->words, key->data, t->data_b);
}

/* Down to the node that the key would replace, or to the empty place or the node that parts from
 * it. `ret_shared`: bits in common with that node. */
static uint32_t *find_place(struct lpm_map *t, const struct lpm_key *key, uint32_t key_bits,
                            uint32_t *ret_shared)
{
	uint32_t *place = &t->root;

	*ret_shared = 0;
	while (*place) {
		struct lpm_node *n = node_at(t, *place);

		*ret_shared = shared_bits(t, n, key, key_bits);
		if (n->n_bits != *ret_shared || n->n_bits == key_bits)
			break;
		place = &n->child[bit_of(key->data, n->n_bits)];
	}
	return place;
}

static int may_add(const struct lpm_map *t, uint64_t flags)
{
	if (flags == BPF_EXIST)
		return -ENOENT;
	return t->n_entries == t->m.def.max_entries ? -ENOSPC : 0;
}

/* `mine` is filled in and finds its place; the key's bits end or part at *place. */
static int add_node(struct lpm_map *t, uint32_t mine, const struct lpm_key *key, uint64_t flags)
{
	uint32_t shared, *place = find_place(t, key, node_at(t, mine)->n_bits, &shared),
	                 old = *place;
	struct lpm_node *n = node_at(t, mine), *o = node_at(t, old);
	bool is_there = old && o->n_bits == shared && o->n_bits == n->n_bits, branch;
	uint32_t between;
	int err;

	if (is_there && !o->is_between) {
		if (flags == BPF_NOEXIST)
			return -EEXIST;
	} else {
		err = may_add(t, flags);
		if (err)
			return err;
	}
	if (is_there) {
		t->n_entries += o->is_between;
		store(&n->child[0], o->child[0]);
		store(&n->child[1], o->child[1]);
		store(place, mine);
		node_give(t, old);
		return 0;
	}
	if (old && shared == n->n_bits) { /* it comes above */
		store(&n->child[node_bit(o, shared)], old);
	} else if (old) { /* both come below what they share */
		between = node_take(t);
		if (!between)
			return -ENOMEM;
		node_fill(t, between, key, shared, true);
		branch = bit_of(key->data, shared);
		store(&node_at(t, between)->child[branch], mine);
		store(&node_at(t, between)->child[!branch], old);
		mine = between;
	}
	t->n_entries++;
	store(place, mine);
	return 0;
}

static int lpm_update(struct vm_map *m, const void *key, const void *value, uint64_t flags,
                      uint32_t cpu)
{
	struct lpm_map *t = (struct lpm_map *)m;
	uint32_t key_bits = key_bits_of(key), mine;
	int err = -ENOMEM;

	(void)cpu;
	if (flags > BPF_EXIST || key_bits > t->max_bits)
		return -EINVAL;
	begin_change(t);
	mine = node_take(t);
	if (mine) {
		node_fill(t, mine, key, key_bits, false);
		map_value_in(m, value_of(t, mine), value, 0);
		err = add_node(t, mine, key, flags);
		if (err)
			node_give(t, mine);
	}
	end_change(t);
	return err;
}

/* The node at *place goes; `parent` is the one above, whose place is *above. */
static void remove_node(struct lpm_map *t, uint32_t *place, uint32_t parent, uint32_t *above)
{
	uint32_t at = *place;
	struct lpm_node *n = node_at(t, at), *p = node_at(t, parent);

	t->n_entries--;
	if (n->child[0] && n->child[1]) {
		store(&n->is_between, 1);
		return;
	}
	if (parent && p->is_between && !n->child[0] && !n->child[1]) {
		store(above, p->child[p->child[0] == at]);
		node_give(t, parent);
	} else {
		store(place, n->child[0] ? n->child[0] : n->child[1]);
	}
	node_give(t, at);
}

static int lpm_remove(struct vm_map *m, const void *key)
{
	struct lpm_map *t = (struct lpm_map *)m;
	const struct lpm_key *k = key;
	uint32_t key_bits = key_bits_of(key), shared = 0, parent = 0, *place, *above;
	int err = 0;

	if (key_bits > t->max_bits)
		return -EINVAL;
	begin_change(t);
	place = above = &t->root;
	while (*place) {
		struct lpm_node *n = node_at(t, *place);

		shared = shared_bits(t, n, k, key_bits);
		if (n->n_bits != shared || n->n_bits == key_bits)
			break;
		parent = *place;
		above = place;
		place = &n->child[bit_of(k->data, n->n_bits)];
	}
	if (!*place || node_at(t, *place)->n_bits != key_bits || shared != key_bits ||
	    node_at(t, *place)->is_between)
		err = -ENOENT;
	else
		remove_node(t, place, parent, above);
	end_change(t);
	return err;
}

/* ---- going through --------------------------------------------------------------------------- */

/* The first entry below `at` in post-order; nodes between have two children, so there is one. */
static uint32_t leftmost(const struct lpm_map *t, uint32_t at)
{
	uint32_t found = 0;

	while (at) {
		const struct lpm_node *n = node_at(t, at);

		if (!n->is_between)
			found = at;
		at = n->child[0] || n->is_between ? n->child[0] : n->child[1];
	}
	return found;
}

/* The entry behind `key` in post-order: longer prefixes before those that hold them. 0: the end. */
static uint32_t find_next(const struct lpm_map *t, const struct lpm_key *key, uint32_t key_bits)
{
	uint32_t path[DATA_MAX_B * 8 + 1], depth = 0, at, shared = 0;

	for (at = t->root; at;) {
		const struct lpm_node *n = node_at(t, at);

		path[depth++] = at;
		shared = shared_bits(t, n, key, key_bits);
		if (n->n_bits != shared || n->n_bits == key_bits)
			break;
		at = n->child[bit_of(key->data, n->n_bits)];
	}
	if (!at || node_at(t, at)->n_bits != shared || node_at(t, at)->is_between)
		return leftmost(t, t->root);
	while (--depth) {
		const struct lpm_node *parent = node_at(t, path[depth - 1]);

		if (parent->child[0] == path[depth] && parent->child[1])
			return leftmost(t, parent->child[1]);
		if (!parent->is_between)
			return path[depth - 1];
	}
	return 0;
}

static int lpm_next_key(struct vm_map *m, const void *key, void *ret_key)
{
	struct lpm_map *t = (struct lpm_map *)m;
	uint32_t at;

	map_lock(&t->lock);
	if (!key || key_bits_of(key) > t->max_bits)
		at = leftmost(t, t->root);
	else
		at = find_next(t, key, key_bits_of(key));
	if (at) {
		memcpy(ret_key, &node_at(t, at)->n_bits, sizeof(uint32_t));
		map_copy_out((char *)ret_key + sizeof(uint32_t), node_at(t, at)->words, t->data_b);
	}
	map_unlock(&t->lock);
	return at ? 0 : -ENOENT;
}

const struct map_kind map_lpm_trie = {
    .ops = {.type = BPF_MAP_TYPE_LPM_TRIE,
            .name = "lpm_trie",
            .check = lpm_check,
            .create = lpm_create,
            .destroy = lpm_destroy,
            .lookup = lpm_lookup,
            .update = lpm_update,
            .remove = lpm_remove,
            .next_key = lpm_next_key},
    .size_b = sizeof(struct lpm_map),
    .is_member = true,
    .no_push = -EINVAL,
    .no_pop = -EINVAL,
    .no_peek = -EINVAL,
};
