/* Kernel functions' arguments, lists within objects, nested sections, and what crosses them. */
#include "common.h"

struct inner {
	struct bpf_list_node node;
	u64 n;
};

struct outer {
	struct bpf_spin_lock lock;
	struct bpf_list_head list holds(inner, node);
	u64 n;
};

struct words {
	u64 a[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, struct words);
} words SEC(".maps");

private_data struct bpf_spin_lock lock;
private_data struct bpf_list_head list holds(inner, node);
u64 total;
char text[64];

SEC("tc") int ok_list_in_object(void *ctx)
{
	struct outer *o = obj_new(struct outer);
	struct inner *p;

	if (!o)
		return 0;
	p = obj_new(struct inner);
	if (p) {
		bpf_spin_lock(&o->lock);
		push_back(&o->list, &p->node);
		bpf_spin_unlock(&o->lock);
	}
	obj_drop(o);
	return 0;
}

SEC("tc") int bad_list_in_object_other_lock(void *ctx)
{
	struct outer *o = obj_new(struct outer), *q = obj_new(struct outer);
	struct inner *p = obj_new(struct inner);

	if (o && p && q) {
		bpf_spin_lock(&q->lock);
		push_back(&o->list, &p->node);
		bpf_spin_unlock(&q->lock);
	} else if (p) {
		obj_drop(p);
	}
	if (o)
		obj_drop(o);
	if (q)
		obj_drop(q);
	return 0;
}

SEC("tc") int bad_object_dropped_locked(void *ctx)
{
	struct outer *o = obj_new(struct outer);

	if (!o)
		return 0;
	bpf_spin_lock(&o->lock);
	obj_drop(o);
	return 0;
}

SEC("tc") int bad_offset_in_list(void *ctx)
{
	struct inner *p = obj_new(struct inner);

	if (!p)
		return 0;
	bpf_spin_lock(&lock);
	push_back((void *)&list + 8, &p->node);
	bpf_spin_unlock(&lock);
	return 0;
}

SEC("tc") int bad_node_offset(void *ctx)
{
	struct inner *p = obj_new(struct inner);

	if (!p)
		return 0;
	bpf_spin_lock(&lock);
	push_back(&list, (void *)&p->n);
	bpf_spin_unlock(&lock);
	return 0;
}

SEC("tc") int bad_new_in_lock(void *ctx)
{
	struct inner *p;

	bpf_spin_lock(&lock);
	p = obj_new(struct inner);
	bpf_spin_unlock(&lock);
	if (p)
		obj_drop(p);
	return 0;
}

SEC("tc") int bad_list_head_written(void *ctx)
{
	*(volatile u64 *)&list = 0;
	return 0;
}

SEC("tc") int bad_object_of_packet_size(struct __sk_buff *skb)
{
	void *p = bpf_obj_new_impl(skb->len, (void *)0);

	if (p)
		obj_drop(p);
	return 0;
}

SEC("tc") int bad_drop_map_value(void *ctx)
{
	u32 key = 0;
	struct words *w = bpf_map_lookup_elem(&words, &key);

	if (w)
		obj_drop(w);
	return 0;
}

SEC("tc") int bad_drop_stack(void *ctx)
{
	struct words w = {};

	obj_drop(&w);
	return 0;
}

SEC("tc") int bad_object_into_map(void *ctx)
{
	struct words *w = obj_new(struct words);
	u32 key = 0;

	if (!w)
		return 0;
	bpf_map_update_elem(&words, &key, (void *)w + 8, 0);
	obj_drop(w);
	return 0;
}

SEC("tc") int ok_object_into_map(void *ctx)
{
	struct words w = {};
	u32 key = 0;

	w.a[3] = total;
	return bpf_map_update_elem(&words, &key, &w, 0) & 1;
}

SEC("tc") int bad_object_pointer_stored(void *ctx)
{
	struct words *w = obj_new(struct words), *v;
	u32 key = 0;

	v = bpf_map_lookup_elem(&words, &key);
	if (w && v)
		*(struct words *volatile *)&v->a[0] = w;
	return 0;
}

/* sections that cross */

SEC("tc") int ok_rcu_around_lock(void *ctx)
{
	bpf_rcu_read_lock();
	bpf_spin_lock(&lock);
	total++;
	bpf_spin_unlock(&lock);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("tc") int bad_rcu_in_lock(void *ctx)
{
	bpf_spin_lock(&lock);
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	bpf_spin_unlock(&lock);
	return 0;
}

SEC("syscall") int ok_preempt_and_rcu(void *ctx)
{
	bpf_preempt_disable();
	bpf_rcu_read_lock();
	bpf_preempt_enable();
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall") int bad_rcu_in_loop(void *ctx)
{
	int i;

	num_loop (i, 0, 10)
		bpf_rcu_read_lock();
	return 0;
}

SEC("syscall") int ok_rcu_in_loop(void *ctx)
{
	int i;

	num_loop (i, 0, 10) {
		bpf_rcu_read_lock();
		total += i;
		bpf_rcu_read_unlock();
	}
	return 0;
}

SEC("syscall") int bad_preempt_walks_rcu(void *ctx)
{
	struct task_struct *t = bpf_get_current_task_btf(), *p;

	bpf_preempt_disable();
	p = bpf_task_acquire(t->real_parent);
	bpf_preempt_enable();
	if (p)
		bpf_task_release(p);
	return 0;
}

SEC("syscall") int bad_task_without_rcu(void *ctx)
{
	struct task_struct *t = bpf_get_current_task_btf(), *p;

	p = bpf_task_acquire(t->real_parent);
	if (p)
		bpf_task_release(p);
	return 0;
}

SEC("syscall") int ok_task_read_without_rcu(void *ctx)
{
	struct task_struct *t = bpf_get_current_task_btf();

	total = t->real_parent->pid;
	return 0;
}

SEC("syscall") int bad_task_used_after_unlock(void *ctx)
{
	struct task_struct *t = bpf_get_current_task_btf(), *p;

	bpf_rcu_read_lock();
	p = t->real_parent;
	bpf_rcu_read_unlock();
	bpf_task_under_cgroup(p, (void *)0);
	return 0;
}

/* arguments */

SEC("syscall") int ok_text(void *ctx)
{
	long n = bpf_copy_from_user_str(text, sizeof(text), (void *)total, 0);

	return n < 0;
}

SEC("syscall") int bad_text_too_long(void *ctx)
{
	return bpf_copy_from_user_str(text, sizeof(text) + 1, (void *)total, 0) < 0;
}

SEC("syscall") int bad_text_length_unknown(void *ctx)
{
	return bpf_copy_from_user_str(text, total, (void *)total, 0) < 0;
}

SEC("syscall") int ok_text_length_bounded(void *ctx)
{
	return bpf_copy_from_user_str(text, total & 63, (void *)total, 0) < 0;
}

SEC("tc") int bad_sleeps_in_tc(void *ctx)
{
	return bpf_copy_from_user_str(text, sizeof(text), (void *)total, 0) < 0;
}

SEC("syscall") int ok_compare(void *ctx)
{
	return bpf_strcmp(text, "abc") == 0;
}

SEC("syscall") int bad_pointer_as_pid(void *ctx)
{
	struct task_struct *t = bpf_task_from_pid((int)(long)ctx);

	if (t)
		bpf_task_release(t);
	return 0;
}

SEC("syscall") int bad_number_as_task(void *ctx)
{
	struct task_struct *t = bpf_task_acquire((void *)total);

	if (t)
		bpf_task_release(t);
	return 0;
}

SEC("syscall") int bad_null_as_task(void *ctx)
{
	struct task_struct *t = bpf_task_acquire((void *)0);

	if (t)
		bpf_task_release(t);
	return 0;
}

SEC("syscall") int bad_stack_as_task(void *ctx)
{
	struct words w = {};
	struct task_struct *t = bpf_task_acquire((void *)&w);

	if (t)
		bpf_task_release(t);
	return 0;
}

SEC("syscall") int bad_released_twice(void *ctx)
{
	struct task_struct *t = bpf_task_from_pid(1);

	if (!t)
		return 0;
	bpf_task_release(t);
	bpf_task_release(t);
	return 0;
}

SEC("syscall") int bad_released_as_cgroup(void *ctx)
{
	struct task_struct *t = bpf_task_from_pid(1);

	if (!t)
		return 0;
	bpf_cgroup_release((void *)t);
	return 0;
}

SEC("syscall") int bad_released_moved(void *ctx)
{
	struct task_struct *t = bpf_task_from_pid(1);

	if (!t)
		return 0;
	bpf_task_release((void *)t + 8);
	return 0;
}

SEC("syscall") int ok_copy_of_reference(void *ctx)
{
	struct task_struct *t = bpf_task_from_pid(1), *volatile kept;

	if (!t)
		return 0;
	kept = t;
	bpf_task_release(kept);
	return 0;
}

SEC("syscall") int bad_copy_after_release(void *ctx)
{
	struct task_struct *t = bpf_task_from_pid(1), *volatile kept;

	if (!t)
		return 0;
	kept = t;
	bpf_task_release(t);
	return kept->pid & 1;
}

SEC("xdp") int bad_task_in_xdp(void *ctx)
{
	struct task_struct *t = bpf_get_current_task_btf();

	return bpf_task_under_cgroup(t, (void *)0);
}

SEC("syscall") int bad_iterator_in_loop_leaked(void *ctx)
{
	struct task_struct *t;
	int i;

	num_loop (i, 0, 3) {
		t = bpf_task_from_pid(i);
		if (t && t->pid == 3)
			break;
		if (t)
			bpf_task_release(t);
	}
	return 0;
}

SEC("syscall") int ok_reference_in_loop(void *ctx)
{
	struct task_struct *t;
	int i;

	num_loop (i, 0, 3) {
		t = bpf_task_from_pid(i);
		if (!t)
			continue;
		total += t->pid;
		bpf_task_release(t);
	}
	return 0;
}

/* a function of the program's own that uses its caller's things */

static __noinline void give_back(struct task_struct *t)
{
	bpf_task_release(t);
}

SEC("syscall") int ok_released_below(void *ctx)
{
	struct task_struct *t = bpf_task_from_pid(1);

	if (t)
		give_back(t);
	return 0;
}

static __noinline struct task_struct *take(int pid)
{
	return bpf_task_from_pid(pid);
}

SEC("syscall") int ok_taken_below(void *ctx)
{
	struct task_struct *t = take(1);

	if (t)
		bpf_task_release(t);
	return 0;
}

SEC("syscall") int bad_taken_below(void *ctx)
{
	return take(1) != 0;
}
