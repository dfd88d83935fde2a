/* What must be given back, and what only its own functions may touch: dynptrs, iterators, kernel
 * objects, locks, timers, kernel pointers in maps. In C, for the sake of types. */
#include "case.h"

#define __kptr __attribute__((btf_type_tag("kptr")))
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#define __contains(name, node) __attribute__((btf_decl_tag("contains:" #name ":" #node)))
#define private(name) SEC(".data." #name) __attribute__((aligned(8)))

struct task_struct { int pid; int tgid; struct task_struct *group_leader; struct task_struct *last_wakee; } __attribute__((preserve_access_index));
struct cgroup { int level; } __attribute__((preserve_access_index));
struct bpf_cpumask { u64 x; } __attribute__((preserve_access_index));
struct cpumask { u64 x; } __attribute__((preserve_access_index));
struct __sk_buff { u32 len; };
struct bpf_dynptr { u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_iter_num { u64 opaque[1]; } __attribute__((aligned(8)));
struct bpf_iter_task { u64 opaque[3]; } __attribute__((aligned(8)));
struct bpf_spin_lock { u32 val; };
struct bpf_timer { u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_list_head { u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_list_node { u64 opaque[3]; } __attribute__((aligned(8)));
struct bpf_rb_root { u64 opaque[2]; } __attribute__((aligned(8)));
struct bpf_rb_node { u64 opaque[4]; } __attribute__((aligned(8)));
struct bpf_refcount { u32 opaque[1]; } __attribute__((aligned(4)));

extern struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern struct task_struct *bpf_task_from_pid(s32 pid) __ksym;
extern struct cgroup *bpf_cgroup_from_id(u64 id) __ksym;
extern void bpf_cgroup_release(struct cgroup *c) __ksym;
extern struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
extern void bpf_cpumask_release(struct bpf_cpumask *m) __ksym;
extern void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *m) __ksym;
extern bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *m) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_preempt_disable(void) __ksym;
extern void bpf_preempt_enable(void) __ksym;
extern void bpf_local_irq_save(unsigned long *flags) __ksym;
extern void bpf_local_irq_restore(unsigned long *flags) __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
extern int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task, unsigned int flags) __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *it) __ksym;
extern void *bpf_obj_new_impl(u64 local_type_id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *kptr, void *meta) __ksym;
extern int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node, void *meta, u64 off) __ksym;
extern struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head) __ksym;
extern int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node, bool (*less)(struct bpf_rb_node *a, const struct bpf_rb_node *b), void *meta, u64 off) __ksym;
extern struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root, struct bpf_rb_node *node) __ksym;
extern struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root) __ksym;
extern void *bpf_refcount_acquire_impl(void *kptr, void *meta) __ksym;
extern int bpf_dynptr_from_skb(struct __sk_buff *skb, u64 flags, struct bpf_dynptr *ptr) __ksym;
extern int bpf_dynptr_from_xdp(void *xdp, u64 flags, struct bpf_dynptr *ptr) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *p, u32 offset, void *buffer, u32 size) __ksym;
extern void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, u32 offset, void *buffer, u32 size) __ksym;
extern int bpf_dynptr_adjust(const struct bpf_dynptr *p, u32 start, u32 end) __ksym;
extern int bpf_dynptr_clone(const struct bpf_dynptr *p, struct bpf_dynptr *clone) __ksym;
extern u32 bpf_dynptr_size(const struct bpf_dynptr *p) __ksym;
extern void *bpf_rdonly_cast(const void *obj, u32 btf_id) __ksym;
extern void *bpf_cast_to_kern_ctx(void *obj) __ksym;

HELPER(long, dynptr_from_mem, 197, void *data, u32 size, u64 flags, struct bpf_dynptr *p);
HELPER(long, ringbuf_reserve_dynptr, 198, void *map, u32 size, u64 flags, struct bpf_dynptr *p);
HELPER(void, ringbuf_submit_dynptr, 199, struct bpf_dynptr *p, u64 flags);
HELPER(void, ringbuf_discard_dynptr, 200, struct bpf_dynptr *p, u64 flags);
HELPER(long, dynptr_read, 201, void *dst, u32 len, const struct bpf_dynptr *p, u32 off, u64 flags);
HELPER(long, dynptr_write, 202, const struct bpf_dynptr *p, u32 off, void *src, u32 len, u64 flags);
HELPER(void *, dynptr_data, 203, const struct bpf_dynptr *p, u32 off, u32 len);
HELPER(void *, kptr_xchg, 194, void *map_value, void *ptr);
HELPER(long, timer_init, 169, struct bpf_timer *t, void *map, u64 flags);
HELPER(long, timer_set_callback, 170, struct bpf_timer *t, void *cb);
HELPER(long, timer_start, 171, struct bpf_timer *t, u64 ns, u64 flags);
HELPER(void, unref_helper, 7, void);

struct { __uint(type, MAP_RINGBUF); __uint(max_entries, 4096); } map_ring SEC(".maps");
struct locked { struct bpf_spin_lock lock; u32 n; u64 x; };
struct { __uint(type, MAP_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, struct locked); } map_lock SEC(".maps");
struct { __uint(type, MAP_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, struct locked); } map_lock2 SEC(".maps");
struct timed { u64 x; struct bpf_timer timer; };
struct { __uint(type, MAP_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, struct timed); } map_timer SEC(".maps");
struct kept { struct task_struct __kptr *task; struct task_struct __kptr_untrusted *unref; u64 x; };
struct { __uint(type, MAP_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, struct kept); } map_kptr SEC(".maps");
struct node { u64 x; struct bpf_list_node list; struct bpf_rb_node tree; struct bpf_refcount ref; };
struct own { struct bpf_spin_lock lock; struct bpf_list_head head __contains(node, list); struct bpf_rb_root root __contains(node, tree); };
private(A) struct bpf_spin_lock glock;
private(A) struct bpf_list_head ghead __contains(node, list);
private(B) struct bpf_spin_lock glock2;
private(B) struct bpf_rb_root groot __contains(node, tree);

#define NEW_NODE() ((struct node *)bpf_obj_new_impl(__builtin_btf_type_id(*(struct node *)0, 0), 0))
#define TC(name) SEC("tc") int name(struct __sk_buff *ctx)
#define TP(name) SEC("tp_btf/sys_enter") int name(void *ctx)
#define SYS(name) SEC("syscall") int name(void *ctx)

/* ---- tasks ---- */
TP(ok_task) { struct task_struct *t = get_current_task_btf(), *a = bpf_task_acquire(t); if (a) bpf_task_release(a); return 0; }
TP(bad_task_leak) { struct task_struct *t = get_current_task_btf(); bpf_task_acquire(t); return 0; }
TP(bad_task_release_null) { struct task_struct *t = bpf_task_from_pid(1); bpf_task_release(t); return 0; }
TP(bad_task_release_unowned) { struct task_struct *t = get_current_task_btf(); bpf_task_release(t); return 0; }
TP(bad_task_release_twice) { struct task_struct *t = bpf_task_from_pid(1); if (t) { bpf_task_release(t); bpf_task_release(t); } return 0; }
TP(ok_task_from_pid) { struct task_struct *t = bpf_task_from_pid(1); int pid = 0; if (t) { pid = t->pid; bpf_task_release(t); } return 0; }
TP(bad_task_acquire_walked) { struct task_struct *t = get_current_task_btf(), *a = bpf_task_acquire(t->last_wakee); if (a) bpf_task_release(a); return 0; }
TP(ok_task_leader) { struct task_struct *t = get_current_task_btf(), *a; t = t->group_leader; if (!t) return 0; a = bpf_task_acquire(t); if (a) bpf_task_release(a); return 0; }
TP(bad_task_wrong_kind) { struct cgroup *c = bpf_cgroup_from_id(1); if (c) bpf_task_release((void *)c); return 0; }
TP(ok_cgroup) { struct cgroup *c = bpf_cgroup_from_id(1); if (c) bpf_cgroup_release(c); return 0; }
TP(bad_cgroup_leak) { bpf_cgroup_from_id(1); return 0; }
TP(bad_task_write) { struct task_struct *t = get_current_task_btf(); t->pid = 0; return 0; }
TP(ok_cpumask) { struct bpf_cpumask *m = bpf_cpumask_create(); if (m) { bpf_cpumask_set_cpu(1, m); bpf_cpumask_test_cpu(1, (void *)m); bpf_cpumask_release(m); } return 0; }
TP(bad_cpumask_leak) { struct bpf_cpumask *m = bpf_cpumask_create(); return !m; }
TP(bad_cpumask_null) { struct bpf_cpumask *m = bpf_cpumask_create(); bpf_cpumask_set_cpu(1, m); if (m) bpf_cpumask_release(m); return 0; }

/* ---- sections ---- */
TP(ok_rcu) { bpf_rcu_read_lock(); bpf_rcu_read_unlock(); return 0; }
TP(bad_rcu_open) { bpf_rcu_read_lock(); return 0; }
TP(bad_rcu_unlock) { bpf_rcu_read_unlock(); return 0; }
TP(bad_rcu_nested) { bpf_rcu_read_lock(); bpf_rcu_read_lock(); bpf_rcu_read_unlock(); bpf_rcu_read_unlock(); return 0; }
TP(ok_preempt) { bpf_preempt_disable(); bpf_preempt_enable(); return 0; }
TP(bad_preempt_open) { bpf_preempt_disable(); return 0; }
TP(bad_preempt_enable) { bpf_preempt_enable(); return 0; }
TP(ok_irq) { unsigned long f; bpf_local_irq_save(&f); bpf_local_irq_restore(&f); return 0; }
TP(bad_irq_open) { unsigned long f; bpf_local_irq_save(&f); return 0; }
TP(bad_irq_restore) { unsigned long f = 0; bpf_local_irq_restore(&f); return 0; }
TP(bad_irq_order) { unsigned long f, g; bpf_local_irq_save(&f); bpf_local_irq_save(&g); bpf_local_irq_restore(&f); bpf_local_irq_restore(&g); return 0; }
TP(ok_irq_order) { unsigned long f, g; bpf_local_irq_save(&f); bpf_local_irq_save(&g); bpf_local_irq_restore(&g); bpf_local_irq_restore(&f); return 0; }
TP(bad_irq_overwrite) { unsigned long f; bpf_local_irq_save(&f); *(volatile unsigned long *)&f = 0; bpf_local_irq_restore(&f); return 0; }

/* ---- iterators ---- */
TP(ok_iter) { struct bpf_iter_num it; int *v, n = 0; bpf_iter_num_new(&it, 0, 10); while ((v = bpf_iter_num_next(&it))) n += *v; bpf_iter_num_destroy(&it); return 0; }
TP(bad_iter_leak) { struct bpf_iter_num it; bpf_iter_num_new(&it, 0, 10); bpf_iter_num_next(&it); return 0; }
TP(bad_iter_uninit) { struct bpf_iter_num it; bpf_iter_num_next(&it); return 0; }
TP(bad_iter_destroyed) { struct bpf_iter_num it; bpf_iter_num_new(&it, 0, 10); bpf_iter_num_destroy(&it); bpf_iter_num_next(&it); return 0; }
TP(bad_iter_twice) { struct bpf_iter_num it; bpf_iter_num_new(&it, 0, 10); bpf_iter_num_destroy(&it); bpf_iter_num_destroy(&it); return 0; }
TP(bad_iter_null) { struct bpf_iter_num it; int *v; bpf_iter_num_new(&it, 0, 10); v = bpf_iter_num_next(&it); int n = *v; bpf_iter_num_destroy(&it); return n; }
TP(bad_iter_write) { struct bpf_iter_num it; int *v; bpf_iter_num_new(&it, 0, 10); v = bpf_iter_num_next(&it); if (v) *v = 1; bpf_iter_num_destroy(&it); return 0; }
TP(bad_iter_overwritten) { struct bpf_iter_num it; bpf_iter_num_new(&it, 0, 10); *(volatile u64 *)&it = 1; bpf_iter_num_destroy(&it); return 0; }
TP(bad_iter_read) { struct bpf_iter_num it; bpf_iter_num_new(&it, 0, 10); int n = *(volatile u64 *)&it; bpf_iter_num_destroy(&it); return n; }
TP(ok_iter_sum_map) { struct bpf_iter_num it; int *v; u32 k = 0; struct value *m = map_lookup(&map_array, &k); if (!m) return 0; bpf_iter_num_new(&it, 0, 10); while ((v = bpf_iter_num_next(&it))) { u32 i = *v; if (i >= 32) break; ((volatile char *)m)[i] = 1; } bpf_iter_num_destroy(&it); return 0; }
TP(bad_iter_index_unchecked) { struct bpf_iter_num it; int *v; u32 k = 0; struct value *m = map_lookup(&map_array, &k); if (!m) return 0; bpf_iter_num_new(&it, 0, 10); while ((v = bpf_iter_num_next(&it))) { ((volatile char *)m)[*v] = 1; } bpf_iter_num_destroy(&it); return 0; }
TP(ok_iter_nested) { struct bpf_iter_num a, b; int *v, *w, n = 0; bpf_iter_num_new(&a, 0, 10); while ((v = bpf_iter_num_next(&a))) { bpf_iter_num_new(&b, 0, 10); while ((w = bpf_iter_num_next(&b))) n += *w; bpf_iter_num_destroy(&b); } bpf_iter_num_destroy(&a); return 0; }
TP(bad_iter_stack_index) { struct bpf_iter_num it; int *v; volatile char buf[16]; u64 i = 0; bpf_iter_num_new(&it, 0, 10); while ((v = bpf_iter_num_next(&it))) { buf[i] = 1; i++; } bpf_iter_num_destroy(&it); return 0; }
TP(ok_iter_task) { struct bpf_iter_task it; struct task_struct *t; int n = 0; bpf_rcu_read_lock(); bpf_iter_task_new(&it, 0, 0); while ((t = bpf_iter_task_next(&it))) n += t->pid; bpf_iter_task_destroy(&it); bpf_rcu_read_unlock(); return 0; }

/* ---- dynptrs ---- */
TP(ok_dynptr_ring) { struct bpf_dynptr p; u64 *d; ringbuf_reserve_dynptr(&map_ring, 64, 0, &p); d = dynptr_data(&p, 0, 8); if (d) *d = 1; ringbuf_submit_dynptr(&p, 0); return 0; }
TP(bad_dynptr_leak) { struct bpf_dynptr p; ringbuf_reserve_dynptr(&map_ring, 64, 0, &p); return 0; }
TP(bad_dynptr_twice) { struct bpf_dynptr p; ringbuf_reserve_dynptr(&map_ring, 64, 0, &p); ringbuf_submit_dynptr(&p, 0); ringbuf_submit_dynptr(&p, 0); return 0; }
TP(bad_dynptr_data_after) { struct bpf_dynptr p; u64 *d; ringbuf_reserve_dynptr(&map_ring, 64, 0, &p); d = dynptr_data(&p, 0, 8); ringbuf_submit_dynptr(&p, 0); if (d) *d = 1; return 0; }
TP(bad_dynptr_data_over) { struct bpf_dynptr p; u64 *d; ringbuf_reserve_dynptr(&map_ring, 64, 0, &p); d = dynptr_data(&p, 0, 8); if (d) d[1] = 1; ringbuf_submit_dynptr(&p, 0); return 0; }
TP(bad_dynptr_data_null) { struct bpf_dynptr p; u64 *d; ringbuf_reserve_dynptr(&map_ring, 64, 0, &p); d = dynptr_data(&p, 0, 8); *d = 1; ringbuf_submit_dynptr(&p, 0); return 0; }
TP(bad_dynptr_uninit) { struct bpf_dynptr p; char b[8]; dynptr_read(b, 8, &p, 0, 0); return 0; }
TP(bad_dynptr_direct) { struct bpf_dynptr p; ringbuf_reserve_dynptr(&map_ring, 64, 0, &p); u64 x = *(volatile u64 *)&p; ringbuf_submit_dynptr(&p, 0); return x; }
TP(bad_dynptr_overwrite) { struct bpf_dynptr p; ringbuf_reserve_dynptr(&map_ring, 64, 0, &p); *(volatile u64 *)&p = 1; ringbuf_submit_dynptr(&p, 0); return 0; }
TP(ok_dynptr_mem) { struct bpf_dynptr p; u32 k = 0; char b[8]; struct value *m = map_lookup(&map_array, &k); if (!m) return 0; dynptr_from_mem(m, 8, 0, &p); dynptr_read(b, 8, &p, 0, 0); return 0; }
TP(bad_dynptr_mem_stack) { struct bpf_dynptr p; char b[8]; dynptr_from_mem(b, 8, 0, &p); return 0; }
TP(ok_dynptr_mem_overwrite) { struct bpf_dynptr p; u32 k = 0; struct value *m = map_lookup(&map_array, &k); if (!m) return 0; dynptr_from_mem(m, 8, 0, &p); *(volatile u64 *)&p = 1; return 0; }
TP(bad_dynptr_submit_mem) { struct bpf_dynptr p; u32 k = 0; struct value *m = map_lookup(&map_array, &k); if (!m) return 0; dynptr_from_mem(m, 8, 0, &p); ringbuf_submit_dynptr(&p, 0); return 0; }
TP(bad_dynptr_read_into) { struct bpf_dynptr p; ringbuf_reserve_dynptr(&map_ring, 64, 0, &p); dynptr_read(&p, 8, &p, 0, 0); ringbuf_submit_dynptr(&p, 0); return 0; }
TP(bad_dynptr_size_var) { struct bpf_dynptr p; u64 *d; u32 n = ((u32 *)ctx)[0] & 8; ringbuf_reserve_dynptr(&map_ring, 64, 0, &p); d = dynptr_data(&p, 0, n); if (d) *(char *)d = 1; ringbuf_submit_dynptr(&p, 0); return 0; }
TC(ok_dynptr_skb) { struct bpf_dynptr p; char b[8]; bpf_dynptr_from_skb(ctx, 0, &p); u64 *d = bpf_dynptr_slice(&p, 0, b, 8); if (d) return *d & 1; return 0; }
TC(ok_dynptr_skb_rdwr) { struct bpf_dynptr p; char b[8]; bpf_dynptr_from_skb(ctx, 0, &p); u64 *d = bpf_dynptr_slice_rdwr(&p, 0, b, 8); if (d) *d = 1; return 0; }
TC(bad_dynptr_slice_write) { struct bpf_dynptr p; char b[8]; bpf_dynptr_from_skb(ctx, 0, &p); u64 *d = bpf_dynptr_slice(&p, 0, b, 8); if (d) *d = 1; return 0; }
TC(bad_dynptr_slice_over) { struct bpf_dynptr p; char b[8]; bpf_dynptr_from_skb(ctx, 0, &p); u64 *d = bpf_dynptr_slice(&p, 0, b, 8); if (d) return d[1]; return 0; }
TC(bad_dynptr_slice_null) { struct bpf_dynptr p; char b[8]; bpf_dynptr_from_skb(ctx, 0, &p); u64 *d = bpf_dynptr_slice(&p, 0, b, 8); return *d; }
TC(bad_dynptr_slice_buffer) { struct bpf_dynptr p; char b[8]; bpf_dynptr_from_skb(ctx, 0, &p); u64 *d = bpf_dynptr_slice(&p, 0, b, 16); return 0; }
TC(ok_dynptr_data_skb) { struct bpf_dynptr p; bpf_dynptr_from_skb(ctx, 0, &p); u64 *d = dynptr_data(&p, 0, 8); return 0; }
TC(ok_dynptr_slice_nobuf) { struct bpf_dynptr p; bpf_dynptr_from_skb(ctx, 0, &p); u64 *d = bpf_dynptr_slice(&p, 0, 0, 8); if (d) return *d & 1; return 0; }
TC(ok_dynptr_clone) { struct bpf_dynptr p, q; bpf_dynptr_from_skb(ctx, 0, &p); bpf_dynptr_clone(&p, &q); bpf_dynptr_adjust(&q, 0, 4); return bpf_dynptr_size(&q) & 1; }
TP(bad_dynptr_clone_after) { struct bpf_dynptr p, q; char b[8]; ringbuf_reserve_dynptr(&map_ring, 64, 0, &p); bpf_dynptr_clone(&p, &q); ringbuf_submit_dynptr(&p, 0); dynptr_read(b, 8, &q, 0, 0); return 0; }
TP(ok_dynptr_clone_ring) { struct bpf_dynptr p, q; char b[8]; ringbuf_reserve_dynptr(&map_ring, 64, 0, &p); bpf_dynptr_clone(&p, &q); dynptr_read(b, 8, &q, 0, 0); ringbuf_submit_dynptr(&q, 0); return 0; }

/* ---- locks ---- */
#define LOCKED(m) u32 k = 0; struct locked *l = map_lookup(&m, &k); if (!l) return 0;
TC(ok_lock) { LOCKED(map_lock) spin_lock(&l->lock); l->n++; spin_unlock(&l->lock); return 0; }
TC(bad_lock_open) { LOCKED(map_lock) spin_lock(&l->lock); return 0; }
TC(bad_unlock) { LOCKED(map_lock) spin_unlock(&l->lock); return 0; }
TC(bad_lock_twice) { LOCKED(map_lock) spin_lock(&l->lock); spin_lock(&l->lock); spin_unlock(&l->lock); return 0; }
TC(bad_lock_direct) { LOCKED(map_lock) return *(volatile u32 *)&l->lock; }
TC(bad_lock_write) { LOCKED(map_lock) *(volatile u32 *)&l->lock = 0; return 0; }
TC(bad_lock_overlap) { LOCKED(map_lock) *(volatile u64 *)l = 0; return 0; }
TC(bad_lock_offset) { LOCKED(map_lock) spin_lock((void *)&l->n); spin_unlock((void *)&l->n); return 0; }
TC(bad_lock_call) { LOCKED(map_lock) spin_lock(&l->lock); unref_helper(); spin_unlock(&l->lock); return 0; }
TC(bad_lock_other) { LOCKED(map_lock) struct locked *m = map_lookup(&map_lock2, &k); if (!m) return 0; spin_lock(&l->lock); spin_unlock(&m->lock); return 0; }
TC(bad_lock_other_value) { LOCKED(map_lock) struct locked *m = map_lookup(&map_lock, &k); if (!m) return 0; spin_lock(&l->lock); spin_unlock(&m->lock); return 0; }
TC(bad_lock_branch) { LOCKED(map_lock) if (l->n) spin_lock(&l->lock); spin_unlock(&l->lock); return 0; }
SEC("kprobe") int bad_lock_kprobe(void *ctx) { LOCKED(map_lock) spin_lock(&l->lock); spin_unlock(&l->lock); return 0; }
TC(bad_lock_array) { u32 k = 0; struct value *l = map_lookup(&map_array, &k); if (!l) return 0; spin_lock((void *)l); spin_unlock((void *)l); return 0; }

/* ---- timers ---- */
static int timer_cb(void *map, u32 *key, struct timed *t) { t->x = *key; return 0; }
static int timer_cb_1(void *map, u32 *key, struct timed *t) { return 1; }
#define TIMED u32 k = 0; struct timed *t = map_lookup(&map_timer, &k); if (!t) return 0;
TC(ok_timer) { TIMED timer_init(&t->timer, &map_timer, 1); timer_set_callback(&t->timer, timer_cb); timer_start(&t->timer, 1000, 0); return 0; }
TC(bad_timer_result) { TIMED timer_set_callback(&t->timer, timer_cb_1); return 0; }
TC(bad_timer_map) { TIMED timer_init(&t->timer, &map_array, 1); return 0; }
TC(bad_timer_offset) { TIMED timer_init((void *)t, &map_timer, 1); return 0; }
TC(bad_timer_direct) { TIMED *(volatile u64 *)&t->timer = 0; return 0; }

/* ---- kernel pointers in maps ---- */
#define KEPT u32 k = 0; struct kept *m = map_lookup(&map_kptr, &k); if (!m) return 0;
TP(ok_kptr) { KEPT struct task_struct *t = bpf_task_from_pid(1), *old; if (!t) return 0; old = kptr_xchg(&m->task, t); if (old) bpf_task_release(old); return 0; }
TP(bad_kptr_leak) { KEPT struct task_struct *t = bpf_task_from_pid(1); if (!t) return 0; kptr_xchg(&m->task, t); return 0; }
TP(ok_kptr_null) { KEPT struct task_struct *old = kptr_xchg(&m->task, 0); if (old) bpf_task_release(old); return 0; }
TP(bad_kptr_store) { KEPT m->task = get_current_task_btf(); return 0; }
TP(ok_kptr_store_unref) { KEPT m->unref = get_current_task_btf(); return 0; }
TP(bad_kptr_xchg_unref) { KEPT struct task_struct *t = bpf_task_from_pid(1); if (!t) return 0; kptr_xchg(&m->unref, t); return 0; }
TP(bad_kptr_unowned) { KEPT struct task_struct *t = get_current_task_btf(); t = kptr_xchg(&m->task, t); if (t) bpf_task_release(t); return 0; }
TP(bad_kptr_after) { KEPT struct task_struct *t = bpf_task_from_pid(1), *old; if (!t) return 0; old = kptr_xchg(&m->task, t); if (old) bpf_task_release(old); bpf_task_release(t); return 0; }
TP(ok_kptr_load) { KEPT struct task_struct *t; bpf_rcu_read_lock(); t = m->task; if (t) k = t->pid; bpf_rcu_read_unlock(); return 0; }
TP(bad_kptr_load_null) { KEPT struct task_struct *t = m->task; return t->pid; }
TP(bad_kptr_size) { KEPT return *(volatile u32 *)&m->task; }
TP(bad_kptr_number) { KEPT *(volatile u64 *)&m->unref = 5; return 0; }
TP(ok_kptr_acquire) { KEPT struct task_struct *t, *a; bpf_rcu_read_lock(); t = m->task; if (!t) { bpf_rcu_read_unlock(); return 0; } a = bpf_task_acquire(t); bpf_rcu_read_unlock(); if (a) bpf_task_release(a); return 0; }

/* ---- objects, lists and trees ---- */
static bool less(struct bpf_rb_node *a, const struct bpf_rb_node *b) { return 0; }
TC(ok_obj) { struct node *n = NEW_NODE(); if (n) { n->x = 1; bpf_obj_drop_impl(n, 0); } return 0; }
TC(bad_obj_leak) { struct node *n = NEW_NODE(); return !n; }
TC(bad_obj_null) { struct node *n = NEW_NODE(); n->x = 1; if (n) bpf_obj_drop_impl(n, 0); return 0; }
TC(bad_obj_after) { struct node *n = NEW_NODE(); if (n) { bpf_obj_drop_impl(n, 0); n->x = 1; } return 0; }
TC(bad_obj_node_write) { struct node *n = NEW_NODE(); if (n) { *(volatile u64 *)&n->list = 1; bpf_obj_drop_impl(n, 0); } return 0; }
TC(ok_list) { struct node *n = NEW_NODE(); if (!n) return 0; spin_lock(&glock); bpf_list_push_front_impl(&ghead, &n->list, 0, 0); spin_unlock(&glock); return 0; }
TC(bad_list_unlocked) { struct node *n = NEW_NODE(); if (!n) return 0; bpf_list_push_front_impl(&ghead, &n->list, 0, 0); return 0; }
TC(bad_list_other_lock) { struct node *n = NEW_NODE(); if (!n) return 0; spin_lock(&glock2); bpf_list_push_front_impl(&ghead, &n->list, 0, 0); spin_unlock(&glock2); return 0; }
TC(ok_list_pop) { struct bpf_list_node *p; spin_lock(&glock); p = bpf_list_pop_front(&ghead); spin_unlock(&glock); if (p) bpf_obj_drop_impl((void *)p - __builtin_offsetof(struct node, list), 0); return 0; }
TC(bad_list_pop_leak) { spin_lock(&glock); bpf_list_pop_front(&ghead); spin_unlock(&glock); return 0; }
TC(ok_tree) { struct node *n = NEW_NODE(); if (!n) return 0; spin_lock(&glock2); bpf_rbtree_add_impl(&groot, &n->tree, less, 0, 0); spin_unlock(&glock2); return 0; }
TC(ok_tree_remove) { struct bpf_rb_node *p; spin_lock(&glock2); p = bpf_rbtree_first(&groot); if (!p) { spin_unlock(&glock2); return 0; } p = bpf_rbtree_remove(&groot, p); spin_unlock(&glock2); if (p) bpf_obj_drop_impl((void *)p - __builtin_offsetof(struct node, tree), 0); return 0; }
TC(bad_tree_first_after) { struct bpf_rb_node *p; spin_lock(&glock2); p = bpf_rbtree_first(&groot); spin_unlock(&glock2); if (p) return ((struct node *)((void *)p - __builtin_offsetof(struct node, tree)))->x; return 0; }
TC(ok_refcount) { struct node *n = NEW_NODE(), *m; if (!n) return 0; m = bpf_refcount_acquire_impl(n, 0); bpf_obj_drop_impl(n, 0); if (m) bpf_obj_drop_impl(m, 0); return 0; }
TC(bad_refcount_leak) { struct node *n = NEW_NODE(); if (!n) return 0; bpf_refcount_acquire_impl(n, 0); bpf_obj_drop_impl(n, 0); return 0; }

/* ---- casts ---- */
struct sk_buff { unsigned int len; struct net_device *dev; } __attribute__((preserve_access_index));
TC(ok_kern_ctx) { struct sk_buff *s = bpf_cast_to_kern_ctx(ctx); return s->len & 1; }
TP(ok_rdonly_cast) { struct task_struct *t = bpf_rdonly_cast((void *)((u64 *)ctx)[0], __builtin_btf_type_id(*(struct task_struct *)0, 1)); return t->pid & 1; }
