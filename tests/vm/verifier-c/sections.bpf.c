/* Locks and sections: spin locks, queued ones, RCU, preemption, interrupts; timers and work queues. */
#include "common.h"

struct guarded {
	u64 n;
	struct bpf_spin_lock lock;
	u32 flags;
	u64 sum;
};

struct queued {
	struct bpf_res_spin_lock lock;
	u64 n;
};

struct timed {
	u64 fired;
	struct bpf_timer timer;
};

struct worked {
	u64 done;
	struct bpf_wq work;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, struct guarded);
} guarded SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, struct queued);
} queued SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, struct timed);
} timed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, struct timed);
} timed_too SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, struct worked);
} worked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, struct worked);
} worked_too SEC(".maps");

private_data struct bpf_spin_lock own_lock;
private_data u64 own_n;
__attribute__((section(".data.queued"), aligned(8))) struct bpf_res_spin_lock own_queued;
__attribute__((section(".data.queued_b"), aligned(8))) struct bpf_res_spin_lock own_queued_b;
u64 total;

#define FIND(map, type, var, k)                                                                    \
	u32 key_##var = (k);                                                                       \
	type *var = bpf_map_lookup_elem(&map, &key_##var);                                         \
	if (!var)                                                                                  \
		return 0

/* spin locks */

SEC("tc") int ok_lock(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	bpf_spin_lock(&g->lock);
	g->n++;
	g->sum += g->n;
	bpf_spin_unlock(&g->lock);
	return 0;
}

SEC("tc") int ok_own_lock(void *ctx)
{
	bpf_spin_lock(&own_lock);
	own_n++;
	bpf_spin_unlock(&own_lock);
	return 0;
}

SEC("tc") int bad_lock_kept(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	bpf_spin_lock(&g->lock);
	g->n++;
	return 0;
}

SEC("tc") int bad_lock_kept_on_one_path(struct __sk_buff *skb)
{
	FIND(guarded, struct guarded, g, 1);
	bpf_spin_lock(&g->lock);
	if (skb->len > 100)
		return 0;
	bpf_spin_unlock(&g->lock);
	return 0;
}

SEC("tc") int bad_lock_twice(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	FIND(guarded, struct guarded, h, 2);
	bpf_spin_lock(&g->lock);
	bpf_spin_lock(&h->lock);
	bpf_spin_unlock(&h->lock);
	bpf_spin_unlock(&g->lock);
	return 0;
}

SEC("tc") int bad_unlock_other(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	FIND(guarded, struct guarded, h, 2);
	bpf_spin_lock(&g->lock);
	bpf_spin_unlock(&h->lock);
	return 0;
}

SEC("tc") int bad_unlock_only(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	bpf_spin_unlock(&g->lock);
	return 0;
}

SEC("tc") int bad_call_under_lock(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	bpf_spin_lock(&g->lock);
	g->n = bpf_ktime_get_ns();
	bpf_spin_unlock(&g->lock);
	return 0;
}

static __noinline u64 mix(u64 n)
{
	return n * 31 + 7;
}

__attribute__((noinline)) u64 mix_global(u64 n)
{
	return n * 31 + 7;
}

SEC("tc") int ok_subprogram_under_lock(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	bpf_spin_lock(&g->lock);
	g->n = mix(g->n);
	bpf_spin_unlock(&g->lock);
	return 0;
}

SEC("tc") int bad_global_under_lock(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	bpf_spin_lock(&g->lock);
	g->n = mix_global(g->n);
	bpf_spin_unlock(&g->lock);
	return 0;
}

static __noinline void unlock_it(struct guarded *g)
{
	bpf_spin_unlock(&g->lock);
}

SEC("tc") int ok_unlocked_below(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	bpf_spin_lock(&g->lock);
	unlock_it(g);
	return 0;
}

SEC("tc") int bad_lock_read(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	return *(volatile u32 *)&g->lock;
}

SEC("tc") int bad_lock_covered_by_helper(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	bpf_get_current_comm(g, sizeof(*g));
	return 0;
}

SEC("raw_tp/sys_enter") int bad_lock_in_tracing(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	bpf_spin_lock(&g->lock);
	bpf_spin_unlock(&g->lock);
	return 0;
}

SEC("socket") int bad_lock_in_socket_filter(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	bpf_spin_lock(&g->lock);
	bpf_spin_unlock(&g->lock);
	return 0;
}

SEC("tc") int ok_loop_under_lock(void *ctx)
{
	FIND(guarded, struct guarded, g, 1);
	bpf_spin_lock(&g->lock);
	for (int i = 0; i < 8; i++)
		g->sum += i * g->n;
	bpf_spin_unlock(&g->lock);
	return 0;
}

/* queued spin locks */

SEC("tc") int ok_queued(void *ctx)
{
	FIND(queued, struct queued, q, 1);
	if (bpf_res_spin_lock(&q->lock))
		return 0;
	q->n++;
	bpf_res_spin_unlock(&q->lock);
	return 0;
}

SEC("tc") int bad_queued_unchecked(void *ctx)
{
	FIND(queued, struct queued, q, 1);
	bpf_res_spin_lock(&q->lock);
	bpf_res_spin_unlock(&q->lock);
	return 0;
}

SEC("tc") int bad_queued_kept(void *ctx)
{
	FIND(queued, struct queued, q, 1);
	if (bpf_res_spin_lock(&q->lock))
		return 0;
	return 1;
}

SEC("tc") int ok_queued_two(void *ctx)
{
	FIND(queued, struct queued, q, 1);
	if (bpf_res_spin_lock(&q->lock))
		return 0;
	if (bpf_res_spin_lock(&own_queued)) {
		bpf_res_spin_unlock(&q->lock);
		return 0;
	}
	q->n++;
	bpf_res_spin_unlock(&own_queued);
	bpf_res_spin_unlock(&q->lock);
	return 0;
}

SEC("tc") int bad_queued_out_of_order(void *ctx)
{
	FIND(queued, struct queued, q, 1);
	if (bpf_res_spin_lock(&q->lock))
		return 0;
	if (bpf_res_spin_lock(&own_queued)) {
		bpf_res_spin_unlock(&q->lock);
		return 0;
	}
	bpf_res_spin_unlock(&q->lock);
	bpf_res_spin_unlock(&own_queued);
	return 0;
}

SEC("tc") int bad_queued_same_twice(void *ctx)
{
	FIND(queued, struct queued, q, 1);
	if (bpf_res_spin_lock(&q->lock))
		return 0;
	if (bpf_res_spin_lock(&q->lock)) {
		bpf_res_spin_unlock(&q->lock);
		return 0;
	}
	bpf_res_spin_unlock(&q->lock);
	bpf_res_spin_unlock(&q->lock);
	return 0;
}

SEC("tc") int bad_queued_own_twice(void *ctx)
{
	if (bpf_res_spin_lock(&own_queued))
		return 0;
	if (bpf_res_spin_lock(&own_queued)) {
		bpf_res_spin_unlock(&own_queued);
		return 0;
	}
	bpf_res_spin_unlock(&own_queued);
	bpf_res_spin_unlock(&own_queued);
	return 0;
}

SEC("tc") int ok_queued_own_two(void *ctx)
{
	if (bpf_res_spin_lock(&own_queued))
		return 0;
	if (!bpf_res_spin_lock(&own_queued_b))
		bpf_res_spin_unlock(&own_queued_b);
	bpf_res_spin_unlock(&own_queued);
	return 0;
}

SEC("tc") int ok_queued_irqsave(void *ctx)
{
	unsigned long flags;

	if (bpf_res_spin_lock_irqsave(&own_queued, &flags))
		return 0;
	total++;
	bpf_res_spin_unlock_irqrestore(&own_queued, &flags);
	return 0;
}

SEC("tc") int bad_queued_irqsave_kept(void *ctx)
{
	unsigned long flags;

	if (bpf_res_spin_lock_irqsave(&own_queued, &flags))
		return 0;
	bpf_res_spin_unlock(&own_queued);
	return 0;
}

SEC("tc") int bad_queued_irqrestore_plain(void *ctx)
{
	unsigned long flags;

	if (bpf_res_spin_lock_irqsave(&own_queued, &flags))
		return 0;
	bpf_local_irq_restore(&flags);
	bpf_res_spin_unlock(&own_queued);
	return 0;
}

SEC("tc") int bad_queued_call_inside(void *ctx)
{
	FIND(queued, struct queued, q, 1);
	if (bpf_res_spin_lock(&q->lock))
		return 0;
	q->n = bpf_ktime_get_ns();
	bpf_res_spin_unlock(&q->lock);
	return 0;
}

SEC("raw_tp/sys_enter") int bad_queued_in_tracing(void *ctx)
{
	FIND(queued, struct queued, q, 1);
	if (bpf_res_spin_lock(&q->lock))
		return 0;
	q->n++;
	bpf_res_spin_unlock(&q->lock);
	return 0;
}

/* RCU */

SEC("syscall") int ok_rcu(void *ctx)
{
	struct task_struct *t = bpf_get_current_task_btf(), *p;

	bpf_rcu_read_lock();
	p = t->real_parent;
	if (p)
		total = p->pid;
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall") int bad_rcu_kept(void *ctx)
{
	bpf_rcu_read_lock();
	return 0;
}

SEC("syscall") int bad_rcu_unlock_only(void *ctx)
{
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall") int bad_rcu_nested(void *ctx)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall") int bad_rcu_acquire_outside(void *ctx)
{
	struct task_struct *t = bpf_get_current_task_btf(), *p;

	bpf_rcu_read_lock();
	p = t->real_parent;
	bpf_rcu_read_unlock();
	p = bpf_task_acquire(p);
	if (p)
		bpf_task_release(p);
	return 0;
}

SEC("syscall") int ok_rcu_acquire(void *ctx)
{
	struct task_struct *t = bpf_get_current_task_btf(), *p;

	bpf_rcu_read_lock();
	p = t->real_parent;
	p = p ? bpf_task_acquire(p) : (void *)0;
	bpf_rcu_read_unlock();
	if (p)
		bpf_task_release(p);
	return 0;
}

SEC("syscall") int bad_rcu_sleeps(void *ctx)
{
	char buf[16];

	bpf_rcu_read_lock();
	bpf_copy_from_user(buf, sizeof(buf), ctx);
	bpf_rcu_read_unlock();
	return 0;
}

SEC("syscall") int ok_sleeps(void *ctx)
{
	char buf[16];

	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return bpf_copy_from_user(buf, sizeof(buf), (void *)total) & 1;
}

SEC("raw_tp/sys_enter") int ok_rcu_in_tracing(void *ctx)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
	return 0;
}

static __noinline void begin_rcu(void)
{
	bpf_rcu_read_lock();
}

SEC("syscall") int ok_rcu_begun_below(void *ctx)
{
	begin_rcu();
	bpf_rcu_read_unlock();
	return 0;
}

/* preemption and interrupts */

SEC("syscall") int ok_preempt(void *ctx)
{
	bpf_preempt_disable();
	total++;
	bpf_preempt_enable();
	return 0;
}

SEC("syscall") int bad_preempt_kept(void *ctx)
{
	bpf_preempt_disable();
	return 0;
}

SEC("syscall") int bad_preempt_enable_only(void *ctx)
{
	bpf_preempt_enable();
	return 0;
}

SEC("syscall") int ok_preempt_nested(void *ctx)
{
	bpf_preempt_disable();
	bpf_preempt_disable();
	bpf_preempt_enable();
	bpf_preempt_enable();
	return 0;
}

SEC("syscall") int bad_preempt_nested_kept(void *ctx)
{
	bpf_preempt_disable();
	bpf_preempt_disable();
	bpf_preempt_enable();
	return 0;
}

SEC("syscall") int bad_preempt_sleeps(void *ctx)
{
	char buf[16];

	bpf_preempt_disable();
	bpf_copy_from_user(buf, sizeof(buf), (void *)total);
	bpf_preempt_enable();
	return 0;
}

SEC("syscall") int ok_irq(void *ctx)
{
	unsigned long flags;

	bpf_local_irq_save(&flags);
	total++;
	bpf_local_irq_restore(&flags);
	return 0;
}

SEC("syscall") int ok_irq_nested(void *ctx)
{
	unsigned long a, b;

	bpf_local_irq_save(&a);
	bpf_local_irq_save(&b);
	bpf_local_irq_restore(&b);
	bpf_local_irq_restore(&a);
	return 0;
}

SEC("syscall") int bad_irq_out_of_order(void *ctx)
{
	unsigned long a, b;

	bpf_local_irq_save(&a);
	bpf_local_irq_save(&b);
	bpf_local_irq_restore(&a);
	bpf_local_irq_restore(&b);
	return 0;
}

SEC("syscall") int bad_irq_kept(void *ctx)
{
	unsigned long flags;

	bpf_local_irq_save(&flags);
	return 0;
}

SEC("syscall") int bad_irq_overwritten(void *ctx)
{
	unsigned long flags;

	bpf_local_irq_save(&flags);
	*(volatile unsigned long *)&flags = 0;
	bpf_local_irq_restore(&flags);
	return 0;
}

SEC("syscall") int bad_irq_not_saved(void *ctx)
{
	unsigned long flags = 0;

	bpf_local_irq_restore(&flags);
	return 0;
}

SEC("syscall") int bad_irq_same_twice(void *ctx)
{
	unsigned long flags;

	bpf_local_irq_save(&flags);
	bpf_local_irq_save(&flags);
	bpf_local_irq_restore(&flags);
	return 0;
}

SEC("syscall") int bad_irq_sleeps(void *ctx)
{
	unsigned long flags;
	char buf[16];

	bpf_local_irq_save(&flags);
	bpf_copy_from_user(buf, sizeof(buf), (void *)total);
	bpf_local_irq_restore(&flags);
	return 0;
}

static __noinline void save_below(unsigned long *flags)
{
	bpf_local_irq_save(flags);
}

SEC("syscall") int ok_irq_saved_below(void *ctx)
{
	unsigned long flags;

	save_below(&flags);
	bpf_local_irq_restore(&flags);
	return 0;
}

/* timers */

static int fire(void *map, int *key, struct timed *t)
{
	t->fired++;
	bpf_timer_start(&t->timer, 1000, 0);
	return 0;
}

static int fire_wrong_result(void *map, int *key, struct timed *t)
{
	return 1;
}

static int fire_too_far(void *map, int *key, struct timed *t)
{
	((volatile u64 *)t)[4] = 1;
	return 0;
}

static int fire_elsewhere(void *map, int *key, struct timed *t)
{
	FIND(timed_too, struct timed, u, *key);
	u->fired += *key;
	return 0;
}

SEC("tc") int ok_timer(void *ctx)
{
	FIND(timed, struct timed, t, 1);
	bpf_timer_init(&t->timer, &timed, 1);
	bpf_timer_set_callback(&t->timer, fire);
	bpf_timer_start(&t->timer, 0, 0);
	return 0;
}

SEC("tc") int ok_timer_elsewhere(void *ctx)
{
	FIND(timed, struct timed, t, 1);
	bpf_timer_set_callback(&t->timer, fire_elsewhere);
	return 0;
}

SEC("tc") int bad_timer_other_map(void *ctx)
{
	FIND(timed, struct timed, t, 1);
	bpf_timer_init(&t->timer, &timed_too, 1);
	return 0;
}

SEC("tc") int bad_timer_wrong_place(void *ctx)
{
	FIND(timed, struct timed, t, 1);
	bpf_timer_init((void *)&t->fired, &timed, 1);
	return 0;
}

SEC("tc") int bad_timer_result(void *ctx)
{
	FIND(timed, struct timed, t, 1);
	bpf_timer_set_callback(&t->timer, fire_wrong_result);
	return 0;
}

SEC("tc") int bad_timer_callback(void *ctx)
{
	FIND(timed, struct timed, t, 1);
	bpf_timer_set_callback(&t->timer, fire_too_far);
	return 0;
}

SEC("tc") int bad_timer_written(void *ctx)
{
	FIND(timed, struct timed, t, 1);
	*(volatile u64 *)&t->timer = 0;
	return 0;
}

SEC("raw_tp/sys_enter") int bad_timer_in_tracing(void *ctx)
{
	FIND(timed, struct timed, t, 1);
	bpf_timer_cancel(&t->timer);
	return 0;
}

/* work queues */

static int work(void *map, int *key, void *value)
{
	struct worked *w = value;

	w->done++;
	return 0;
}

static int work_sleeps(void *map, int *key, void *value)
{
	char buf[8];

	bpf_copy_from_user(buf, sizeof(buf), (void *)total);
	return 0;
}

SEC("tc") int ok_work(void *ctx)
{
	FIND(worked, struct worked, w, 1);
	if (bpf_wq_init(&w->work, &worked, 0))
		return 0;
	if (wq_set_callback(&w->work, work))
		return 0;
	bpf_wq_start(&w->work, 0);
	return 0;
}

SEC("syscall") int ok_work_sleeps(void *ctx)
{
	FIND(worked, struct worked, w, 1);
	bpf_wq_init(&w->work, &worked, 0);
	wq_set_callback(&w->work, work_sleeps);
	bpf_wq_start(&w->work, 0);
	return 0;
}

SEC("tc") int bad_work_other_map(void *ctx)
{
	FIND(worked, struct worked, w, 1);
	bpf_wq_init(&w->work, &worked_too, 0);
	return 0;
}

SEC("tc") int bad_work_wrong_place(void *ctx)
{
	FIND(worked, struct worked, w, 1);
	bpf_wq_init((void *)&w->done, &worked, 0);
	return 0;
}
