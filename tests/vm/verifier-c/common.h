/* What the programs of this folder share: the kernel's types, its functions that BPF programs may
 * call (kfuncs), and words for what clang knows by attributes. */
#ifndef COMMON_H
#define COMMON_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#ifndef __kptr_untrusted
#define __kptr_untrusted __attribute__((btf_type_tag("kptr_untrusted")))
#endif
#undef __kptr
#define __kptr __attribute__((btf_type_tag("kptr")))
#define __percpu_kptr __attribute__((btf_type_tag("percpu_kptr")))
#define holds(type, node) __attribute__((btf_decl_tag("contains:" #type ":" #node)))
#define arg_tag(x) __attribute__((btf_decl_tag("arg:" #x)))
#define noinline_global __attribute__((noinline))
#define keep(x) asm volatile("" : "+r"(x))
#define touch(x) asm volatile("" : : "r"(x) : "memory")
#define type_id(t) __builtin_btf_type_id(*(t *)0, 0)
#define kernel_type_id(t) __builtin_btf_type_id(*(t *)0, 1)
#define private_data __attribute__((section(".data.own"), aligned(8)))
#define KFUNC extern
#define KF __attribute__((section(".ksyms"), weak))

enum { ETH_IPV4 = 0x0800, ETH_IPV6 = 0x86dd, ETH_VLAN = 0x8100, ETH_ARP = 0x0806 };
enum { TC_OK, TC_SHOT = 2, TC_REDIRECT = 7 };

/* open-coded iterators */
KFUNC int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) KF;
KFUNC int *bpf_iter_num_next(struct bpf_iter_num *it) KF;
KFUNC void bpf_iter_num_destroy(struct bpf_iter_num *it) KF;
KFUNC int bpf_iter_bits_new(struct bpf_iter_bits *it, const u64 *words, u32 n) KF;
KFUNC int *bpf_iter_bits_next(struct bpf_iter_bits *it) KF;
KFUNC void bpf_iter_bits_destroy(struct bpf_iter_bits *it) KF;
KFUNC int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *t, unsigned flags) KF;
KFUNC struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it) KF;
KFUNC void bpf_iter_task_destroy(struct bpf_iter_task *it) KF;
KFUNC int bpf_iter_css_new(struct bpf_iter_css *it, struct cgroup_subsys_state *start,
                           unsigned flags) KF;
KFUNC struct cgroup_subsys_state *bpf_iter_css_next(struct bpf_iter_css *it) KF;
KFUNC void bpf_iter_css_destroy(struct bpf_iter_css *it) KF;
KFUNC int bpf_iter_css_task_new(struct bpf_iter_css_task *it, struct cgroup_subsys_state *css,
                                unsigned flags) KF;
KFUNC struct task_struct *bpf_iter_css_task_next(struct bpf_iter_css_task *it) KF;
KFUNC void bpf_iter_css_task_destroy(struct bpf_iter_css_task *it) KF;
KFUNC int bpf_iter_task_vma_new(struct bpf_iter_task_vma *it, struct task_struct *t, u64 addr) KF;
KFUNC struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *it) KF;
KFUNC void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *it) KF;
KFUNC int bpf_iter_kmem_cache_new(struct bpf_iter_kmem_cache *it) KF;
KFUNC struct kmem_cache *bpf_iter_kmem_cache_next(struct bpf_iter_kmem_cache *it) KF;
KFUNC void bpf_iter_kmem_cache_destroy(struct bpf_iter_kmem_cache *it) KF;

static __always_inline void num_end(struct bpf_iter_num *it)
{
	bpf_iter_num_destroy(it);
}

/* A loop over numbers that gives its iterator back however it is left. */
#define num_loop(i, from, to)                                                                      \
	for (struct bpf_iter_num it_ __attribute__((aligned(8), cleanup(num_end))),                \
	     *begun_ __attribute__((unused)) =                                                     \
	         (bpf_iter_num_new(&it_, (from), (to)), &it_);                                     \
	     ({                                                                                    \
		     int *n_ = bpf_iter_num_next(&it_);                                            \
		     if (n_)                                                                       \
			     (i) = *n_;                                                            \
		     n_;                                                                           \
	     });)

/* dynptrs */
KFUNC int bpf_dynptr_from_skb(struct __sk_buff *skb, u64 flags, struct bpf_dynptr *p) KF;
KFUNC int bpf_dynptr_from_xdp(struct xdp_md *xdp, u64 flags, struct bpf_dynptr *p) KF;
KFUNC void *bpf_dynptr_slice(const struct bpf_dynptr *p, u32 off, void *buf, u32 n) KF;
KFUNC void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, u32 off, void *buf, u32 n) KF;
KFUNC int bpf_dynptr_adjust(const struct bpf_dynptr *p, u32 from, u32 to) KF;
KFUNC bool bpf_dynptr_is_null(const struct bpf_dynptr *p) KF;
KFUNC bool bpf_dynptr_is_rdonly(const struct bpf_dynptr *p) KF;
KFUNC u32 bpf_dynptr_size(const struct bpf_dynptr *p) KF;
KFUNC int bpf_dynptr_clone(const struct bpf_dynptr *p, struct bpf_dynptr *to) KF;
KFUNC int bpf_dynptr_copy(struct bpf_dynptr *to, u32 to_off, struct bpf_dynptr *from, u32 from_off,
                          u32 n) KF;
KFUNC int bpf_dynptr_memset(struct bpf_dynptr *p, u32 off, u32 n, u8 value) KF;

/* objects */
KFUNC void *bpf_obj_new_impl(u64 type, void *meta) KF;
KFUNC void bpf_obj_drop_impl(void *p, void *meta) KF;
KFUNC void *bpf_percpu_obj_new_impl(u64 type, void *meta) KF;
KFUNC void bpf_percpu_obj_drop_impl(void *p, void *meta) KF;
KFUNC void *bpf_refcount_acquire_impl(void *p, void *meta) KF;
KFUNC int bpf_list_push_front_impl(struct bpf_list_head *h, struct bpf_list_node *n, void *meta,
                                   u64 off) KF;
KFUNC int bpf_list_push_back_impl(struct bpf_list_head *h, struct bpf_list_node *n, void *meta,
                                  u64 off) KF;
KFUNC struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *h) KF;
KFUNC struct bpf_list_node *bpf_list_pop_back(struct bpf_list_head *h) KF;
KFUNC struct bpf_list_node *bpf_list_front(struct bpf_list_head *h) KF;
KFUNC int bpf_rbtree_add_impl(struct bpf_rb_root *r, struct bpf_rb_node *n,
                              bool(less)(struct bpf_rb_node *, const struct bpf_rb_node *),
                              void *meta, u64 off) KF;
KFUNC struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *r, struct bpf_rb_node *n) KF;
KFUNC struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *r) KF;
KFUNC struct bpf_rb_node *bpf_rbtree_root(struct bpf_rb_root *r) KF;
KFUNC struct bpf_rb_node *bpf_rbtree_left(struct bpf_rb_root *r, struct bpf_rb_node *n) KF;
KFUNC struct bpf_rb_node *bpf_rbtree_right(struct bpf_rb_root *r, struct bpf_rb_node *n) KF;

#define obj_new(t) ((t *)bpf_obj_new_impl(type_id(t), (void *)0))
#define obj_drop(p) bpf_obj_drop_impl((p), (void *)0)
#define percpu_new(t) ((t *)bpf_percpu_obj_new_impl(type_id(t), (void *)0))
#define percpu_drop(p) bpf_percpu_obj_drop_impl((p), (void *)0)
#define obj_ref(p) ((typeof(p))bpf_refcount_acquire_impl((p), (void *)0))
#define push_front(h, n) bpf_list_push_front_impl((h), (n), (void *)0, 0)
#define push_back(h, n) bpf_list_push_back_impl((h), (n), (void *)0, 0)
#define tree_add(r, n, less) bpf_rbtree_add_impl((r), (n), (less), (void *)0, 0)
#define around(p, type, member) ((type *)((void *)(p) - __builtin_offsetof(type, member)))

/* sections */
KFUNC void bpf_rcu_read_lock(void) KF;
KFUNC void bpf_rcu_read_unlock(void) KF;
KFUNC void bpf_preempt_disable(void) KF;
KFUNC void bpf_preempt_enable(void) KF;
KFUNC void bpf_local_irq_save(unsigned long *flags) KF;
KFUNC void bpf_local_irq_restore(unsigned long *flags) KF;
KFUNC int bpf_res_spin_lock(struct bpf_res_spin_lock *l) KF;
KFUNC void bpf_res_spin_unlock(struct bpf_res_spin_lock *l) KF;
KFUNC int bpf_res_spin_lock_irqsave(struct bpf_res_spin_lock *l, unsigned long *flags) KF;
KFUNC void bpf_res_spin_unlock_irqrestore(struct bpf_res_spin_lock *l, unsigned long *flags) KF;
KFUNC void bpf_throw(u64 cookie) KF;

/* kernel objects */
KFUNC struct task_struct *bpf_task_acquire(struct task_struct *t) KF;
KFUNC void bpf_task_release(struct task_struct *t) KF;
KFUNC struct task_struct *bpf_task_from_pid(int pid) KF;
KFUNC struct task_struct *bpf_task_from_vpid(int pid) KF;
KFUNC struct cgroup *bpf_task_get_cgroup1(struct task_struct *t, int hierarchy) KF;
KFUNC struct cgroup *bpf_cgroup_acquire(struct cgroup *c) KF;
KFUNC void bpf_cgroup_release(struct cgroup *c) KF;
KFUNC struct cgroup *bpf_cgroup_ancestor(struct cgroup *c, int level) KF;
KFUNC struct cgroup *bpf_cgroup_from_id(u64 id) KF;
KFUNC long bpf_task_under_cgroup(struct task_struct *t, struct cgroup *c) KF;
KFUNC struct bpf_cpumask *bpf_cpumask_create(void) KF;
KFUNC void bpf_cpumask_release(struct bpf_cpumask *m) KF;
KFUNC struct bpf_cpumask *bpf_cpumask_acquire(struct bpf_cpumask *m) KF;
KFUNC u32 bpf_cpumask_first(const struct cpumask *m) KF;
KFUNC void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *m) KF;
KFUNC void bpf_cpumask_clear_cpu(u32 cpu, struct bpf_cpumask *m) KF;
KFUNC bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *m) KF;
KFUNC bool bpf_cpumask_and(struct bpf_cpumask *to, const struct cpumask *a,
                           const struct cpumask *b) KF;
KFUNC void bpf_cpumask_copy(struct bpf_cpumask *to, const struct cpumask *from) KF;
KFUNC u32 bpf_cpumask_weight(const struct cpumask *m) KF;
KFUNC struct bpf_crypto_ctx *bpf_crypto_ctx_create(const struct bpf_crypto_params *p, u32 n,
                                                   int *err) KF;
KFUNC struct bpf_crypto_ctx *bpf_crypto_ctx_acquire(struct bpf_crypto_ctx *c) KF;
KFUNC void bpf_crypto_ctx_release(struct bpf_crypto_ctx *c) KF;
KFUNC int bpf_crypto_encrypt(struct bpf_crypto_ctx *c, const struct bpf_dynptr *from,
                             const struct bpf_dynptr *to, const struct bpf_dynptr *iv) KF;
KFUNC void *bpf_cast_to_kern_ctx(void *ctx) KF;
KFUNC void *bpf_rdonly_cast(const void *p, u32 type) KF;
KFUNC struct file *bpf_get_task_exe_file(struct task_struct *t) KF;
KFUNC void bpf_put_file(struct file *f) KF;
KFUNC int bpf_path_d_path(const struct path *p, char *buf, size_t n) KF;
KFUNC int bpf_copy_from_user_str(void *to, u32 n, const void *from, u64 flags) KF;
KFUNC int bpf_strcmp(const char *a, const char *b) KF;
KFUNC int bpf_strlen(const char *a) KF;

/* work */
KFUNC int bpf_wq_init(struct bpf_wq *wq, void *map, unsigned flags) KF;
KFUNC int bpf_wq_start(struct bpf_wq *wq, unsigned flags) KF;
KFUNC int bpf_wq_set_callback_impl(struct bpf_wq *wq, int(cb)(void *, int *, void *),
                                   unsigned flags, void *aux) KF;
#define wq_set_callback(w, cb) bpf_wq_set_callback_impl((w), (cb), 0, (void *)0)

/* arena */
KFUNC void *bpf_arena_alloc_pages(void *map, void *addr, u32 n, int node, u64 flags) KF;
KFUNC void bpf_arena_free_pages(void *map, void *addr, u32 n) KF;

char _license[] SEC("license") = "GPL";

#endif
