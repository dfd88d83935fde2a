/* Open-coded iterators: loops of every shape, and every way to lose or misuse one. */
#include "common.h"

int table[64], sums[16];
u64 total;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u64);
} counts SEC(".maps");

SEC("raw_tp/sys_enter") int ok_plain(void *ctx)
{
	struct bpf_iter_num it;
	int *n, sum = 0;

	bpf_iter_num_new(&it, 0, 100);
	while ((n = bpf_iter_num_next(&it)))
		sum += *n;
	bpf_iter_num_destroy(&it);
	return sum & 1;
}

SEC("raw_tp/sys_enter") int ok_macro(void *ctx)
{
	int i;

	num_loop (i, 0, 64)
		table[i & 63] += i;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_nested(void *ctx)
{
	int i, k;
	u64 n = 0;

	num_loop (i, 0, 100) {
		num_loop (k, 0, 100) {
			if (k == i)
				continue;
			n += k;
		}
	}
	total = n;
	return 0;
}

SEC("raw_tp/sys_enter") int ok_break_out(void *ctx)
{
	int i, k, found = -1;

	num_loop (i, 0, 1000) {
		num_loop (k, i, 1000) {
			if (table[k & 63] == 7) {
				found = k;
				break;
			}
		}
		if (found >= 0)
			break;
	}
	return found > 0;
}

SEC("raw_tp/sys_enter") int ok_return_inside(void *ctx)
{
	int i;

	num_loop (i, 0, 1000) {
		if (table[i & 63] == 42)
			return 1;
	}
	return 0;
}

SEC("raw_tp/sys_enter") int ok_bounds_checked(void *ctx)
{
	int i;

	num_loop (i, 0, 64) {
		if (i >= 0 && i < 64)
			table[i] = i;
	}
	return 0;
}

SEC("raw_tp/sys_enter") int bad_bounds_assumed(void *ctx)
{
	int i;

	num_loop (i, 0, 64)
		table[i] = i;
	return 0;
}

static __noinline u64 sum_row(int row)
{
	u64 n = 0;
	int i;

	num_loop (i, 0, 32)
		n += table[(row + i) & 63];
	return n;
}

SEC("raw_tp/sys_enter") int ok_in_subprogram(void *ctx)
{
	u64 n = 0;
	int i;

	num_loop (i, 0, 16) {
		n += sum_row(i);
		sums[i & 15] = n;
	}
	total = n;
	return 0;
}

static __noinline int *advance(struct bpf_iter_num *it)
{
	return bpf_iter_num_next(it);
}

SEC("raw_tp/sys_enter") int ok_advanced_below(void *ctx)
{
	struct bpf_iter_num it;
	int *n, sum = 0;

	bpf_iter_num_new(&it, 0, 100);
	while ((n = advance(&it)))
		sum += *n;
	bpf_iter_num_destroy(&it);
	return sum & 1;
}

SEC("raw_tp/sys_enter") int ok_map_lookup_in_body(void *ctx)
{
	int i;

	num_loop (i, 0, 8) {
		u32 key = i;
		u64 *v = bpf_map_lookup_elem(&counts, &key);

		if (!v)
			break;
		*v += 1;
	}
	return 0;
}

SEC("raw_tp/sys_enter") int bad_lookup_unchecked(void *ctx)
{
	int i;

	num_loop (i, 0, 8) {
		u32 key = i;
		u64 *v = bpf_map_lookup_elem(&counts, &key);

		*v += 1;
	}
	return 0;
}

SEC("raw_tp/sys_enter") int bad_leaked(void *ctx)
{
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, 0, 3);
	return bpf_iter_num_next(&it) != 0;
}

SEC("raw_tp/sys_enter") int bad_leaked_on_one_path(void *ctx)
{
	struct bpf_iter_num it;
	int *n;

	bpf_iter_num_new(&it, 0, 3);
	while ((n = bpf_iter_num_next(&it))) {
		if (*n == 2)
			return 1;
	}
	bpf_iter_num_destroy(&it);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_not_begun(void *ctx)
{
	struct bpf_iter_num it = {};

	bpf_iter_num_next(&it);
	bpf_iter_num_destroy(&it);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_begun_twice(void *ctx)
{
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, 0, 3);
	bpf_iter_num_new(&it, 0, 3);
	bpf_iter_num_destroy(&it);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_destroyed_twice(void *ctx)
{
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, 0, 3);
	bpf_iter_num_destroy(&it);
	bpf_iter_num_destroy(&it);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_next_after_destroy(void *ctx)
{
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, 0, 3);
	bpf_iter_num_destroy(&it);
	return bpf_iter_num_next(&it) != 0;
}

SEC("raw_tp/sys_enter") int bad_element_unchecked(void *ctx)
{
	struct bpf_iter_num it;
	int n;

	bpf_iter_num_new(&it, 0, 3);
	n = *bpf_iter_num_next(&it);
	bpf_iter_num_destroy(&it);
	return n;
}

SEC("raw_tp/sys_enter") int ok_element_after_destroy(void *ctx)
{
	struct bpf_iter_num it;
	int *n, last = 0;

	bpf_iter_num_new(&it, 0, 3);
	n = bpf_iter_num_next(&it);
	if (n)
		last = *n;
	bpf_iter_num_destroy(&it);
	return last;
}

SEC("raw_tp/sys_enter") int bad_element_used_after_destroy(void *ctx)
{
	struct bpf_iter_num it;
	int *n, last = 0;

	bpf_iter_num_new(&it, 0, 3);
	n = bpf_iter_num_next(&it);
	bpf_iter_num_destroy(&it);
	if (n)
		last = *n;
	return last;
}

SEC("raw_tp/sys_enter") int bad_element_written(void *ctx)
{
	struct bpf_iter_num it;
	int *n;

	bpf_iter_num_new(&it, 0, 3);
	n = bpf_iter_num_next(&it);
	if (n)
		*n = 1;
	bpf_iter_num_destroy(&it);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_overwritten(void *ctx)
{
	struct bpf_iter_num it;

	bpf_iter_num_new(&it, 0, 3);
	*(volatile u64 *)&it = 0;
	bpf_iter_num_destroy(&it);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_read_directly(void *ctx)
{
	struct bpf_iter_num it;
	u64 x;

	bpf_iter_num_new(&it, 0, 3);
	x = *(volatile u64 *)&it;
	bpf_iter_num_destroy(&it);
	return x & 1;
}

SEC("raw_tp/sys_enter") int bad_not_on_stack(void *ctx)
{
	static struct bpf_iter_num it;

	bpf_iter_num_new(&it, 0, 3);
	bpf_iter_num_destroy(&it);
	return 0;
}

SEC("raw_tp/sys_enter") int ok_two_at_once(void *ctx)
{
	struct bpf_iter_num a, b;
	int *x, *y, n = 0;

	bpf_iter_num_new(&a, 0, 10);
	bpf_iter_num_new(&b, 5, 15);
	while ((x = bpf_iter_num_next(&a)) && (y = bpf_iter_num_next(&b)))
		n += *x * *y;
	bpf_iter_num_destroy(&a);
	bpf_iter_num_destroy(&b);
	return n & 1;
}

SEC("raw_tp/sys_enter") int ok_one_after_the_other(void *ctx)
{
	struct bpf_iter_num it;
	int *x, n = 0;

	bpf_iter_num_new(&it, 0, 10);
	while ((x = bpf_iter_num_next(&it)))
		n += *x;
	bpf_iter_num_destroy(&it);
	bpf_iter_num_new(&it, 0, n);
	while ((x = bpf_iter_num_next(&it)))
		n -= *x;
	bpf_iter_num_destroy(&it);
	return n & 1;
}

SEC("raw_tp/sys_enter") int bad_wrong_kind(void *ctx)
{
	struct bpf_iter_bits it;
	u64 words = 5;

	bpf_iter_bits_new(&it, &words, 1);
	bpf_iter_num_next((void *)&it);
	bpf_iter_bits_destroy(&it);
	return 0;
}

SEC("raw_tp/sys_enter") int ok_bits(void *ctx)
{
	struct bpf_iter_bits it;
	u64 words = 0x123456789;
	int *bit, n = 0;

	bpf_iter_bits_new(&it, &words, 1);
	while ((bit = bpf_iter_bits_next(&it)))
		n += *bit;
	bpf_iter_bits_destroy(&it);
	return n & 1;
}

SEC("raw_tp/sys_enter") int ok_state_grows(void *ctx)
{
	char text[16] = {};
	int i, n = 0;

	num_loop (i, 0, 1000) {
		if (n < 15)
			text[n++] = 'a' + (i & 15);
		else
			n = 0;
	}
	return text[0] == 'a';
}

SEC("raw_tp/sys_enter") int bad_index_runs_away(void *ctx)
{
	char text[16] = {};
	int i, n = 0;

	num_loop (i, 0, 1000)
		text[n++] = i;
	return text[0];
}

SEC("raw_tp/sys_enter") int ok_fibonacci(void *ctx)
{
	u64 a = 0, b = 1, c;
	int i;

	num_loop (i, 0, 50) {
		c = a + b;
		a = b;
		b = c;
	}
	total = b;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_needs_a_bound(void *ctx)
{
	u64 at = 0;
	int i;

	num_loop (i, 0, 10)
		at += 1;
	return table[at];
}

SEC("raw_tp/sys_enter") int ok_pointer_walk(void *ctx)
{
	int *p = table, *end = table + 63, i;
	u64 n = 0;

	num_loop (i, 0, 200) {
		long off = (i * 4) & 0xfc;

		n += *(int *)((void *)p + off);
	}
	total = n;
	return 0;
}

/* kernel objects */

SEC("fentry.s/bpf_fentry_test1") int ok_tasks(void *ctx)
{
	struct bpf_iter_task it;
	struct task_struct *t;
	u64 n = 0;

	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, (void *)0, BPF_TASK_ITER_ALL_PROCS);
	while ((t = bpf_iter_task_next(&it)))
		n += t->pid;
	bpf_iter_task_destroy(&it);
	bpf_rcu_read_unlock();
	total = n;
	return 0;
}

SEC("fentry.s/bpf_fentry_test1") int bad_tasks_without_rcu(void *ctx)
{
	struct bpf_iter_task it;
	struct task_struct *t;

	bpf_iter_task_new(&it, (void *)0, BPF_TASK_ITER_ALL_PROCS);
	while ((t = bpf_iter_task_next(&it)))
		total += t->pid;
	bpf_iter_task_destroy(&it);
	return 0;
}

SEC("fentry.s/bpf_fentry_test1") int bad_rcu_left_in_between(void *ctx)
{
	struct bpf_iter_task it;
	struct task_struct *t;

	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, (void *)0, BPF_TASK_ITER_ALL_PROCS);
	bpf_rcu_read_unlock();
	bpf_rcu_read_lock();
	while ((t = bpf_iter_task_next(&it)))
		total += t->pid;
	bpf_iter_task_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("fentry.s/bpf_fentry_test1") int bad_task_unchecked(void *ctx)
{
	struct bpf_iter_task it;

	bpf_rcu_read_lock();
	bpf_iter_task_new(&it, (void *)0, BPF_TASK_ITER_ALL_PROCS);
	total = bpf_iter_task_next(&it)->pid;
	bpf_iter_task_destroy(&it);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("fentry/bpf_fentry_test1") int ok_threads_of_current(void *ctx)
{
	struct task_struct *me = bpf_get_current_task_btf(), *t;
	struct bpf_iter_task it;
	u64 n = 0;

	bpf_iter_task_new(&it, me, BPF_TASK_ITER_PROC_THREADS);
	while ((t = bpf_iter_task_next(&it)))
		n++;
	bpf_iter_task_destroy(&it);
	total = n;
	return 0;
}

SEC("fentry/bpf_fentry_test1") int ok_task_kept(void *ctx)
{
	struct task_struct *t, *kept = (void *)0;
	struct bpf_iter_task it;

	bpf_iter_task_new(&it, (void *)0, BPF_TASK_ITER_ALL_PROCS);
	while ((t = bpf_iter_task_next(&it))) {
		if (t->pid == 1) {
			kept = bpf_task_acquire(t);
			break;
		}
	}
	bpf_iter_task_destroy(&it);
	if (kept)
		bpf_task_release(kept);
	return 0;
}

SEC("fentry/bpf_fentry_test1") int bad_task_kept_unreleased(void *ctx)
{
	struct bpf_iter_task it;
	struct task_struct *t;

	bpf_iter_task_new(&it, (void *)0, BPF_TASK_ITER_ALL_PROCS);
	while ((t = bpf_iter_task_next(&it)))
		total += !!bpf_task_acquire(t);
	bpf_iter_task_destroy(&it);
	return 0;
}

SEC("lsm.s/file_open") int BPF_PROG(ok_vmas, struct file *f)
{
	struct task_struct *me = bpf_get_current_task_btf();
	struct bpf_iter_task_vma it;
	struct vm_area_struct *vma;
	u64 n = 0;

	bpf_iter_task_vma_new(&it, me, 0);
	while ((vma = bpf_iter_task_vma_next(&it))) {
		n += vma->vm_end - vma->vm_start;
		if (n > 1 << 20)
			break;
	}
	bpf_iter_task_vma_destroy(&it);
	total = n;
	return 0;
}

SEC("syscall") int ok_css(void *ctx)
{
	struct cgroup *root = bpf_cgroup_from_id(1);
	struct cgroup_subsys_state *pos;
	struct bpf_iter_css it;

	if (!root)
		return 0;
	bpf_rcu_read_lock();
	bpf_iter_css_new(&it, &root->self, BPF_CGROUP_ITER_DESCENDANTS_PRE);
	while ((pos = bpf_iter_css_next(&it)))
		total += pos->id;
	bpf_iter_css_destroy(&it);
	bpf_rcu_read_unlock();
	bpf_cgroup_release(root);
	return 0;
}

SEC("syscall") int bad_css_without_rcu(void *ctx)
{
	struct cgroup *root = bpf_cgroup_from_id(1);
	struct cgroup_subsys_state *pos;
	struct bpf_iter_css it;

	if (!root)
		return 0;
	bpf_iter_css_new(&it, &root->self, BPF_CGROUP_ITER_DESCENDANTS_PRE);
	while ((pos = bpf_iter_css_next(&it)))
		total += pos->id;
	bpf_iter_css_destroy(&it);
	bpf_cgroup_release(root);
	return 0;
}

SEC("lsm.s/file_open") int BPF_PROG(ok_css_tasks, struct file *f)
{
	struct task_struct *me = bpf_get_current_task_btf(), *t;
	struct cgroup *c = bpf_task_get_cgroup1(me, 0);
	struct bpf_iter_css_task it;

	if (!c)
		return 0;
	bpf_iter_css_task_new(&it, &c->self, CSS_TASK_ITER_PROCS);
	while ((t = bpf_iter_css_task_next(&it)))
		total += t->pid;
	bpf_iter_css_task_destroy(&it);
	bpf_cgroup_release(c);
	return 0;
}

SEC("syscall") int ok_caches(void *ctx)
{
	struct bpf_iter_kmem_cache it;
	struct kmem_cache *s;

	bpf_iter_kmem_cache_new(&it);
	while ((s = bpf_iter_kmem_cache_next(&it)))
		total += s->size;
	bpf_iter_kmem_cache_destroy(&it);
	return 0;
}
