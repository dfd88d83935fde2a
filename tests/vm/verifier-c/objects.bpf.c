/* Objects that programs allocate: owned, lent, counted, kept in maps, lists and trees. */
#include "common.h"

struct item {
	struct bpf_list_node node;
	u64 key, value;
};

struct leaf {
	struct bpf_rb_node node;
	u64 key;
};

struct shared {
	struct bpf_rb_node tree;
	struct bpf_list_node list;
	struct bpf_refcount count;
	u64 key;
};

struct plain {
	u64 a;
	u32 b, c;
};

private_data struct bpf_spin_lock lock;
private_data struct bpf_list_head items holds(item, node);
__attribute__((section(".data.tree"), aligned(8))) struct bpf_spin_lock leaves_lock;
__attribute__((section(".data.tree"), aligned(8))) struct bpf_rb_root leaves holds(leaf, node);
__attribute__((section(".data.shared"), aligned(8))) struct bpf_spin_lock shared_lock;
__attribute__((section(".data.shared"), aligned(8))) struct bpf_rb_root shared_tree
    holds(shared, tree);
__attribute__((section(".data.shared"), aligned(8))) struct bpf_list_head shared_list
    holds(shared, list);

struct slot {
	struct plain __kptr *kept;
	struct plain __percpu_kptr *each;
	u64 n;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, struct slot);
} slots SEC(".maps");

struct chain {
	struct bpf_spin_lock lock;
	struct bpf_list_head head holds(item, node);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, u32);
	__type(value, struct chain);
} buckets SEC(".maps");

u64 total;

SEC("tc") int ok_new_and_drop(void *ctx)
{
	struct plain *p = obj_new(struct plain);

	if (!p)
		return 0;
	p->a = 1;
	p->b = p->c + 1;
	obj_drop(p);
	return 0;
}

SEC("tc") int bad_leaked(void *ctx)
{
	struct plain *p = obj_new(struct plain);

	return p != 0;
}

SEC("tc") int bad_unchecked(void *ctx)
{
	struct plain *p = obj_new(struct plain);

	p->a = 1;
	obj_drop(p);
	return 0;
}

SEC("tc") int bad_drop_unchecked(void *ctx)
{
	obj_drop(obj_new(struct plain));
	return 0;
}

SEC("tc") int bad_used_after_drop(void *ctx)
{
	struct plain *p = obj_new(struct plain);

	if (!p)
		return 0;
	obj_drop(p);
	return p->b;
}

SEC("tc") int bad_dropped_twice(void *ctx)
{
	struct plain *p = obj_new(struct plain);

	if (!p)
		return 0;
	obj_drop(p);
	obj_drop(p);
	return 0;
}

SEC("tc") int bad_beyond_the_end(void *ctx)
{
	struct plain *p = obj_new(struct plain);

	if (!p)
		return 0;
	((volatile u64 *)p)[2] = 1;
	obj_drop(p);
	return 0;
}

SEC("tc") int bad_drop_from_the_middle(void *ctx)
{
	struct plain *p = obj_new(struct plain);

	if (!p)
		return 0;
	obj_drop(&p->b);
	return 0;
}

SEC("tc") int bad_node_written(void *ctx)
{
	struct item *p = obj_new(struct item);

	if (!p)
		return 0;
	*(volatile u64 *)&p->node = 1;
	obj_drop(p);
	return 0;
}

/* lists */

SEC("tc") int ok_push(void *ctx)
{
	struct item *p = obj_new(struct item);

	if (!p)
		return 0;
	p->key = 3;
	bpf_spin_lock(&lock);
	push_front(&items, &p->node);
	bpf_spin_unlock(&lock);
	return 0;
}

SEC("tc") int ok_push_then_read(void *ctx)
{
	struct item *p = obj_new(struct item);

	if (!p)
		return 0;
	bpf_spin_lock(&lock);
	push_back(&items, &p->node);
	p->value = 3; /* still lent while the lock is held */
	bpf_spin_unlock(&lock);
	return 0;
}

SEC("tc") int bad_push_then_read_unlocked(void *ctx)
{
	struct item *p = obj_new(struct item);

	if (!p)
		return 0;
	bpf_spin_lock(&lock);
	push_back(&items, &p->node);
	bpf_spin_unlock(&lock);
	return p->value & 1;
}

SEC("tc") int bad_push_twice(void *ctx)
{
	struct item *p = obj_new(struct item);

	if (!p)
		return 0;
	bpf_spin_lock(&lock);
	push_back(&items, &p->node);
	push_back(&items, &p->node);
	bpf_spin_unlock(&lock);
	return 0;
}

SEC("tc") int bad_push_unlocked(void *ctx)
{
	struct item *p = obj_new(struct item);

	if (!p)
		return 0;
	push_back(&items, &p->node);
	return 0;
}

SEC("tc") int bad_push_other_lock(void *ctx)
{
	struct item *p = obj_new(struct item);

	if (!p)
		return 0;
	bpf_spin_lock(&leaves_lock);
	push_back(&items, &p->node);
	bpf_spin_unlock(&leaves_lock);
	return 0;
}

SEC("tc") int bad_push_wrong_type(void *ctx)
{
	struct shared *p = obj_new(struct shared);

	if (!p)
		return 0;
	bpf_spin_lock(&lock);
	push_back(&items, &p->list);
	bpf_spin_unlock(&lock);
	return 0;
}

SEC("tc") int bad_push_then_drop(void *ctx)
{
	struct item *p = obj_new(struct item);

	if (!p)
		return 0;
	bpf_spin_lock(&lock);
	push_back(&items, &p->node);
	bpf_spin_unlock(&lock);
	obj_drop(p);
	return 0;
}

SEC("tc") int ok_pop(void *ctx)
{
	struct bpf_list_node *n;
	struct item *p;

	bpf_spin_lock(&lock);
	n = bpf_list_pop_front(&items);
	bpf_spin_unlock(&lock);
	if (!n)
		return 0;
	p = around(n, struct item, node);
	total = p->value;
	obj_drop(p);
	return 0;
}

SEC("tc") int bad_pop_leaked(void *ctx)
{
	struct bpf_list_node *n;

	bpf_spin_lock(&lock);
	n = bpf_list_pop_front(&items);
	bpf_spin_unlock(&lock);
	return n != 0;
}

SEC("tc") int ok_front(void *ctx)
{
	struct bpf_list_node *n;

	bpf_spin_lock(&lock);
	n = bpf_list_front(&items);
	if (n)
		total = around(n, struct item, node)->value;
	bpf_spin_unlock(&lock);
	return 0;
}

SEC("tc") int bad_front_after_unlock(void *ctx)
{
	struct bpf_list_node *n;

	bpf_spin_lock(&lock);
	n = bpf_list_front(&items);
	bpf_spin_unlock(&lock);
	if (n)
		total = around(n, struct item, node)->value;
	return 0;
}

SEC("tc") int ok_bucket(void *ctx)
{
	struct item *p = obj_new(struct item);
	struct chain *b;
	u32 key = 3;

	if (!p)
		return 0;
	b = bpf_map_lookup_elem(&buckets, &key);
	if (!b) {
		obj_drop(p);
		return 0;
	}
	bpf_spin_lock(&b->lock);
	push_back(&b->head, &p->node);
	bpf_spin_unlock(&b->lock);
	return 0;
}

SEC("tc") int bad_bucket_of_another(void *ctx)
{
	struct item *p = obj_new(struct item);
	struct chain *b, *c;
	u32 key = 3, other = bpf_get_prandom_u32();

	if (!p)
		return 0;
	b = bpf_map_lookup_elem(&buckets, &key);
	c = bpf_map_lookup_elem(&buckets, &other);
	if (!b || !c) {
		obj_drop(p);
		return 0;
	}
	bpf_spin_lock(&b->lock);
	push_back(&c->head, &p->node);
	bpf_spin_unlock(&b->lock);
	return 0;
}

SEC("tc") int ok_drain_list(void *ctx)
{
	int i;

	num_loop (i, 0, 100) {
		struct bpf_list_node *n;

		bpf_spin_lock(&lock);
		n = bpf_list_pop_back(&items);
		bpf_spin_unlock(&lock);
		if (!n)
			break;
		obj_drop(around(n, struct item, node));
	}
	return 0;
}

SEC("tc") int ok_list_walk_in_lock(void *ctx)
{
	struct item *p;
	int i;

	bpf_spin_lock(&lock);
	num_loop (i, 0, 4) {
		struct bpf_list_node *n = bpf_list_pop_front(&items);

		if (!n)
			break;
		p = around(n, struct item, node);
		total += p->key;
		push_back(&items, &p->node);
	}
	bpf_spin_unlock(&lock);
	return 0;
}

/* trees */

static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return around(a, struct leaf, node)->key < around(b, struct leaf, node)->key;
}

static bool less_shared(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return around(a, struct shared, tree)->key < around(b, struct shared, tree)->key;
}

static bool less_and_drop(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	obj_drop(around(a, struct leaf, node));
	return false;
}

SEC("tc") int ok_tree_add(void *ctx)
{
	struct leaf *p = obj_new(struct leaf);

	if (!p)
		return 0;
	p->key = bpf_get_prandom_u32();
	bpf_spin_lock(&leaves_lock);
	tree_add(&leaves, &p->node, less);
	bpf_spin_unlock(&leaves_lock);
	return 0;
}

SEC("tc") int bad_tree_add_unlocked(void *ctx)
{
	struct leaf *p = obj_new(struct leaf);

	if (!p)
		return 0;
	tree_add(&leaves, &p->node, less);
	return 0;
}

SEC("tc") int bad_tree_less_drops(void *ctx)
{
	struct leaf *p = obj_new(struct leaf);

	if (!p)
		return 0;
	bpf_spin_lock(&leaves_lock);
	tree_add(&leaves, &p->node, less_and_drop);
	bpf_spin_unlock(&leaves_lock);
	return 0;
}

SEC("tc") int ok_tree_remove_first(void *ctx)
{
	struct bpf_rb_node *n;

	bpf_spin_lock(&leaves_lock);
	n = bpf_rbtree_first(&leaves);
	if (!n) {
		bpf_spin_unlock(&leaves_lock);
		return 0;
	}
	n = bpf_rbtree_remove(&leaves, n);
	bpf_spin_unlock(&leaves_lock);
	if (!n)
		return 0;
	obj_drop(around(n, struct leaf, node));
	return 0;
}

SEC("tc") int bad_tree_remove_leaked(void *ctx)
{
	struct bpf_rb_node *n;

	bpf_spin_lock(&leaves_lock);
	n = bpf_rbtree_first(&leaves);
	if (n)
		n = bpf_rbtree_remove(&leaves, n);
	bpf_spin_unlock(&leaves_lock);
	return 0;
}

SEC("tc") int bad_tree_first_dropped(void *ctx)
{
	struct bpf_rb_node *n;

	bpf_spin_lock(&leaves_lock);
	n = bpf_rbtree_first(&leaves);
	bpf_spin_unlock(&leaves_lock);
	if (n)
		obj_drop(around(n, struct leaf, node));
	return 0;
}

SEC("tc") int ok_tree_first_used_after_remove(void *ctx)
{
	struct bpf_rb_node *n, *gone;

	bpf_spin_lock(&leaves_lock);
	n = bpf_rbtree_first(&leaves);
	if (!n) {
		bpf_spin_unlock(&leaves_lock);
		return 0;
	}
	gone = bpf_rbtree_remove(&leaves, n);
	total = around(n, struct leaf, node)->key;
	bpf_spin_unlock(&leaves_lock);
	if (gone)
		obj_drop(around(gone, struct leaf, node));
	return 0;
}

SEC("tc") int ok_tree_descend(void *ctx)
{
	struct bpf_rb_node *n;
	int i;

	bpf_spin_lock(&leaves_lock);
	n = bpf_rbtree_root(&leaves);
	num_loop (i, 0, 20) {
		if (!n)
			break;
		if (around(n, struct leaf, node)->key < 10)
			n = bpf_rbtree_right(&leaves, n);
		else
			n = bpf_rbtree_left(&leaves, n);
	}
	if (n)
		total = around(n, struct leaf, node)->key;
	bpf_spin_unlock(&leaves_lock);
	return 0;
}

/* counted objects */

SEC("tc") int ok_shared(void *ctx)
{
	struct shared *p = obj_new(struct shared), *q;

	if (!p)
		return 0;
	q = obj_ref(p);
	bpf_spin_lock(&shared_lock);
	tree_add(&shared_tree, &p->tree, less_shared);
	push_back(&shared_list, &q->list);
	bpf_spin_unlock(&shared_lock);
	return 0;
}

SEC("tc") int bad_shared_leaked(void *ctx)
{
	struct shared *p = obj_new(struct shared), *q;

	if (!p)
		return 0;
	q = obj_ref(p);
	bpf_spin_lock(&shared_lock);
	tree_add(&shared_tree, &p->tree, less_shared);
	bpf_spin_unlock(&shared_lock);
	return q->key & 1;
}

SEC("tc") int ok_shared_used_after_add(void *ctx)
{
	struct shared *p = obj_new(struct shared), *q;

	if (!p)
		return 0;
	q = obj_ref(p);
	bpf_spin_lock(&shared_lock);
	tree_add(&shared_tree, &p->tree, less_shared);
	bpf_spin_unlock(&shared_lock);
	total = q->key;
	obj_drop(q);
	return 0;
}

SEC("tc") int ok_shared_from_lent(void *ctx)
{
	struct bpf_rb_node *n;
	struct shared *p = (void *)0;

	bpf_spin_lock(&shared_lock);
	n = bpf_rbtree_first(&shared_tree);
	if (n)
		p = obj_ref(around(n, struct shared, tree));
	bpf_spin_unlock(&shared_lock);
	if (!p)
		return 0;
	total = p->key;
	obj_drop(p);
	return 0;
}

SEC("tc") int bad_uncounted_shared(void *ctx)
{
	struct item *p = obj_new(struct item), *q;

	if (!p)
		return 0;
	q = obj_ref(p);
	obj_drop(p);
	if (q)
		obj_drop(q);
	return 0;
}

#if __clang_major__ > 14 /* which does not tell of kptrs in BTF */

/* kept in maps */

SEC("tc") int ok_kept(void *ctx)
{
	struct plain *p, *old;
	struct slot *s;
	u32 key = 1;

	s = bpf_map_lookup_elem(&slots, &key);
	if (!s)
		return 0;
	p = obj_new(struct plain);
	if (!p)
		return 0;
	old = bpf_kptr_xchg(&s->kept, p);
	if (old)
		obj_drop(old);
	return 0;
}

SEC("tc") int bad_kept_old_leaked(void *ctx)
{
	struct plain *p;
	struct slot *s;
	u32 key = 1;

	s = bpf_map_lookup_elem(&slots, &key);
	if (!s)
		return 0;
	p = obj_new(struct plain);
	if (!p)
		return 0;
	bpf_kptr_xchg(&s->kept, p);
	return 0;
}

SEC("tc") int bad_kept_then_dropped(void *ctx)
{
	struct plain *p, *old;
	struct slot *s;
	u32 key = 1;

	s = bpf_map_lookup_elem(&slots, &key);
	if (!s)
		return 0;
	p = obj_new(struct plain);
	if (!p)
		return 0;
	old = bpf_kptr_xchg(&s->kept, p);
	if (old)
		obj_drop(old);
	obj_drop(p);
	return 0;
}

SEC("tc") int bad_kept_wrong_type(void *ctx)
{
	struct item *p;
	struct slot *s;
	void *old;
	u32 key = 1;

	s = bpf_map_lookup_elem(&slots, &key);
	if (!s)
		return 0;
	p = obj_new(struct item);
	if (!p)
		return 0;
	old = bpf_kptr_xchg(&s->kept, (void *)p);
	if (old)
		obj_drop(old);
	return 0;
}

SEC("tc") int ok_kept_taken(void *ctx)
{
	struct plain *old;
	struct slot *s;
	u32 key = 1;

	s = bpf_map_lookup_elem(&slots, &key);
	if (!s)
		return 0;
	old = bpf_kptr_xchg(&s->kept, (void *)0);
	if (!old)
		return 0;
	total = old->a;
	obj_drop(old);
	return 0;
}

SEC("tc") int bad_kept_stored(void *ctx)
{
	struct plain *p;
	struct slot *s;
	u32 key = 1;

	s = bpf_map_lookup_elem(&slots, &key);
	if (!s)
		return 0;
	p = obj_new(struct plain);
	if (!p)
		return 0;
	*(struct plain *volatile *)&s->kept = p;
	return 0;
}

SEC("tc") int ok_kept_read(void *ctx)
{
	struct slot *s;
	struct plain *p;
	u32 key = 1;

	s = bpf_map_lookup_elem(&slots, &key);
	if (!s)
		return 0;
	bpf_rcu_read_lock();
	p = s->kept;
	if (p)
		total = p->a;
	bpf_rcu_read_unlock();
	return 0;
}

SEC("tc") int bad_kept_read_unchecked(void *ctx)
{
	struct slot *s;
	u32 key = 1;

	s = bpf_map_lookup_elem(&slots, &key);
	if (!s)
		return 0;
	bpf_rcu_read_lock();
	total = s->kept->a;
	bpf_rcu_read_unlock();
	return 0;
}

SEC("tc") int bad_map_copied_over(void *ctx)
{
	struct slot *s;
	u32 key = 1;

	s = bpf_map_lookup_elem(&slots, &key);
	if (s)
		bpf_probe_read_kernel(s, sizeof(*s), (void *)0);
	return 0;
}

SEC("tc") int bad_percpu_not_kept(void *ctx)
{
	struct plain *p = percpu_new(struct plain), *mine;

	if (!p)
		return 0;
	mine = bpf_this_cpu_ptr(p);
	mine->a++;
	mine = bpf_per_cpu_ptr(p, 1);
	if (mine)
		total = mine->a;
	percpu_drop(p);
	return 0;
}

SEC("tc") int bad_percpu_direct(void *ctx)
{
	struct plain *p = percpu_new(struct plain);

	if (!p)
		return 0;
	p->a++;
	percpu_drop(p);
	return 0;
}

SEC("tc") int bad_percpu_dropped_wrong(void *ctx)
{
	struct plain *p = percpu_new(struct plain);

	if (!p)
		return 0;
	obj_drop(p);
	return 0;
}

SEC("tc") int ok_percpu_kept(void *ctx)
{
	struct plain *p, *old;
	struct slot *s;
	u32 key = 1;

	s = bpf_map_lookup_elem(&slots, &key);
	if (!s)
		return 0;
	p = s->each;
	if (p) {
		p = bpf_this_cpu_ptr(p);
		p->a++;
		return 0;
	}
	p = percpu_new(struct plain);
	if (!p)
		return 0;
	old = bpf_kptr_xchg(&s->each, p);
	if (old)
		percpu_drop(old);
	return 0;
}

#endif
