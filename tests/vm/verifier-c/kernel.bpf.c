/* Kernel objects: arguments by BTF and what is reached from them; tasks, cgroups, CPU sets, files. */
#include "common.h"

struct task_box {
	struct task_struct __kptr *task;
	struct bpf_cpumask __kptr *mask;
	struct cgroup __kptr *group;
	struct task_struct __kptr_untrusted *seen;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, struct task_box);
} boxes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} per_task SEC(".maps");

u64 total;
char text[64];

/* walking */

SEC("tp_btf/sched_switch") int BPF_PROG(ok_switch, bool preempt, struct task_struct *prev,
                                        struct task_struct *next)
{
	total += prev->pid + next->pid + preempt;
	if (prev->mm)
		total += prev->mm->total_vm;
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(ok_deep_walk, bool preempt, struct task_struct *prev,
                                        struct task_struct *next)
{
	total = next->real_parent->real_parent->group_leader->signal->nr_threads;
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(bad_write, bool preempt, struct task_struct *prev,
                                        struct task_struct *next)
{
	prev->pid = 1;
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(bad_beyond, bool preempt, struct task_struct *prev,
                                        struct task_struct *next)
{
	total = *(volatile u64 *)((void *)prev + (1 << 20));
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(bad_variable_offset, bool preempt,
                                        struct task_struct *prev, struct task_struct *next)
{
	total = *(volatile u8 *)((void *)prev + (total & 7));
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(ok_string_in_task, bool preempt,
                                        struct task_struct *prev, struct task_struct *next)
{
	return bpf_probe_read_kernel_str(text, sizeof(text), next->comm) & 1;
}

SEC("tp_btf/sched_switch") int BPF_PROG(ok_core_read, bool preempt, struct task_struct *prev,
                                        struct task_struct *next)
{
	total = BPF_CORE_READ(next, mm, exe_file, f_inode, i_ino);
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(ok_acquire, bool preempt, struct task_struct *prev,
                                        struct task_struct *next)
{
	struct task_struct *t = bpf_task_acquire(next);

	if (t)
		bpf_task_release(t);
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(bad_acquire_leaked, bool preempt,
                                        struct task_struct *prev, struct task_struct *next)
{
	struct task_struct *t = bpf_task_acquire(next);

	return t != 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(bad_release_unchecked, bool preempt,
                                        struct task_struct *prev, struct task_struct *next)
{
	bpf_task_release(bpf_task_acquire(next));
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(bad_release_argument, bool preempt,
                                        struct task_struct *prev, struct task_struct *next)
{
	bpf_task_release(next);
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(bad_acquire_walked, bool preempt,
                                        struct task_struct *prev, struct task_struct *next)
{
	struct task_struct *t = bpf_task_acquire(next->last_wakee);

	if (t)
		bpf_task_release(t);
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(ok_acquire_rcu, bool preempt, struct task_struct *prev,
                                        struct task_struct *next)
{
	struct task_struct *t = bpf_task_acquire(next->real_parent);

	if (t)
		bpf_task_release(t);
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(bad_acquire_inner, bool preempt,
                                        struct task_struct *prev, struct task_struct *next)
{
	struct task_struct *t = bpf_task_acquire((void *)&next->se);

	if (t)
		bpf_task_release(t);
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(ok_storage, bool preempt, struct task_struct *prev,
                                        struct task_struct *next)
{
	u64 *n = bpf_task_storage_get(&per_task, next, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (n)
		*n += 1;
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(bad_storage_unchecked, bool preempt,
                                        struct task_struct *prev, struct task_struct *next)
{
	u64 *n = bpf_task_storage_get(&per_task, next, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	*n += 1;
	return 0;
}

SEC("tp_btf/sched_switch") int BPF_PROG(bad_too_many_arguments, bool preempt,
                                        struct task_struct *prev, struct task_struct *next)
{
	return ctx[7] & 1;
}

SEC("tp_btf/sched_switch") int BPF_PROG(bad_argument_written, bool preempt,
                                        struct task_struct *prev, struct task_struct *next)
{
	ctx[1] = 0;
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(ok_cpumask_of_task, struct task_struct *t, u64 flags)
{
	if (bpf_cpumask_test_cpu(0, t->cpus_ptr))
		total++;
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(ok_cpumask_inside, struct task_struct *t, u64 flags)
{
	if (bpf_cpumask_test_cpu(0, &t->cpus_mask))
		total++;
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(bad_cpumask_set_task, struct task_struct *t, u64 flags)
{
	bpf_cpumask_set_cpu(0, (void *)t->cpus_ptr);
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(ok_mask, struct task_struct *t, u64 flags)
{
	struct bpf_cpumask *a = bpf_cpumask_create(), *b;

	if (!a)
		return 0;
	b = bpf_cpumask_create();
	if (!b) {
		bpf_cpumask_release(a);
		return 0;
	}
	bpf_cpumask_set_cpu(1, a);
	bpf_cpumask_copy(b, t->cpus_ptr);
	bpf_cpumask_and(b, (void *)a, (void *)b);
	total = bpf_cpumask_first((void *)b) + bpf_cpumask_weight((void *)a);
	bpf_cpumask_release(a);
	bpf_cpumask_release(b);
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(bad_mask_leaked, struct task_struct *t, u64 flags)
{
	struct bpf_cpumask *a = bpf_cpumask_create();

	return a != 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(bad_mask_used_after, struct task_struct *t, u64 flags)
{
	struct bpf_cpumask *a = bpf_cpumask_create();

	if (!a)
		return 0;
	bpf_cpumask_release(a);
	bpf_cpumask_set_cpu(1, a);
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(bad_mask_unchecked, struct task_struct *t, u64 flags)
{
	struct bpf_cpumask *a = bpf_cpumask_create();

	bpf_cpumask_set_cpu(1, a);
	if (a)
		bpf_cpumask_release(a);
	return 0;
}

/* by identity */

SEC("tp_btf/task_newtask") int BPF_PROG(ok_from_pid, struct task_struct *t, u64 flags)
{
	struct task_struct *init = bpf_task_from_pid(1);

	if (!init)
		return 0;
	total = init->pid;
	bpf_task_release(init);
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(ok_from_pid_child, struct task_struct *t, u64 flags)
{
	struct task_struct *init = bpf_task_from_pid(1), *p;

	if (!init)
		return 0;
	p = init->group_leader;
	total = p->pid;
	bpf_task_release(init);
	return 0;
}

SEC("tp_btf/cgroup_mkdir") int BPF_PROG(ok_cgroup, struct cgroup *c, const char *path)
{
	struct cgroup *up;

	total = c->level;
	up = bpf_cgroup_ancestor(c, 1);
	if (!up)
		return 0;
	total += up->self.id;
	bpf_cgroup_release(up);
	return 0;
}

SEC("tp_btf/cgroup_mkdir") int BPF_PROG(bad_cgroup_leaked, struct cgroup *c, const char *path)
{
	return bpf_cgroup_acquire(c) != 0;
}

SEC("tp_btf/cgroup_mkdir") int BPF_PROG(bad_cgroup_as_task, struct cgroup *c, const char *path)
{
	struct task_struct *t = bpf_task_acquire((void *)c);

	if (t)
		bpf_task_release(t);
	return 0;
}

SEC("tp_btf/cgroup_mkdir") int BPF_PROG(ok_under, struct cgroup *c, const char *path)
{
	return bpf_task_under_cgroup(bpf_get_current_task_btf(), c) & 1;
}

SEC("tp_btf/cgroup_mkdir") int BPF_PROG(ok_path, struct cgroup *c, const char *path)
{
	return bpf_probe_read_kernel_str(text, sizeof(text), path) & 1;
}

SEC("tp_btf/cgroup_mkdir") int BPF_PROG(bad_path_read, struct cgroup *c, const char *path)
{
	return path[0] == '/' && path[1] == 'x';
}

#if __clang_major__ > 14

SEC("tp_btf/task_newtask") int BPF_PROG(ok_boxed, struct task_struct *t, u64 flags)
{
	struct task_struct *mine, *old;
	struct task_box *b;
	u32 key = 0;

	b = bpf_map_lookup_elem(&boxes, &key);
	if (!b)
		return 0;
	mine = bpf_task_acquire(t);
	if (!mine)
		return 0;
	old = bpf_kptr_xchg(&b->task, mine);
	if (old)
		bpf_task_release(old);
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(bad_boxed_argument, struct task_struct *t, u64 flags)
{
	struct task_struct *old;
	struct task_box *b;
	u32 key = 0;

	b = bpf_map_lookup_elem(&boxes, &key);
	if (!b)
		return 0;
	old = bpf_kptr_xchg(&b->task, t);
	if (old)
		bpf_task_release(old);
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(ok_unboxed_in_rcu, struct task_struct *t, u64 flags)
{
	struct task_struct *kept;
	struct task_box *b;
	u32 key = 0;

	b = bpf_map_lookup_elem(&boxes, &key);
	if (!b)
		return 0;
	kept = b->task;
	if (!kept)
		return 0;
	kept = bpf_task_acquire(kept);
	if (kept)
		bpf_task_release(kept);
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(bad_unboxed_unchecked, struct task_struct *t, u64 flags)
{
	struct task_struct *kept;
	struct task_box *b;
	u32 key = 0;

	b = bpf_map_lookup_elem(&boxes, &key);
	if (!b)
		return 0;
	kept = bpf_task_acquire(b->task);
	if (kept)
		bpf_task_release(kept);
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(ok_seen, struct task_struct *t, u64 flags)
{
	struct task_box *b;
	u32 key = 0;

	b = bpf_map_lookup_elem(&boxes, &key);
	if (!b)
		return 0;
	b->seen = t;
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(ok_seen_read, struct task_struct *t, u64 flags)
{
	struct task_struct *seen;
	struct task_box *b;
	u32 key = 0;

	b = bpf_map_lookup_elem(&boxes, &key);
	if (!b)
		return 0;
	seen = b->seen;
	if (seen)
		total = seen->pid;
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(bad_seen_acquired, struct task_struct *t, u64 flags)
{
	struct task_struct *seen;
	struct task_box *b;
	u32 key = 0;

	b = bpf_map_lookup_elem(&boxes, &key);
	if (!b)
		return 0;
	seen = b->seen;
	if (!seen)
		return 0;
	seen = bpf_task_acquire(seen);
	if (seen)
		bpf_task_release(seen);
	return 0;
}

SEC("tp_btf/task_newtask") int BPF_PROG(ok_mask_boxed, struct task_struct *t, u64 flags)
{
	struct bpf_cpumask *m, *old;
	struct task_box *b;
	u32 key = 0;

	b = bpf_map_lookup_elem(&boxes, &key);
	if (!b)
		return 0;
	m = bpf_cpumask_create();
	if (!m)
		return 0;
	old = bpf_kptr_xchg(&b->mask, m);
	if (old)
		bpf_cpumask_release(old);
	m = b->mask;
	if (m)
		total = bpf_cpumask_weight((void *)m);
	return 0;
}

#endif

/* LSM, iterators, fmod_ret */

SEC("lsm/file_open") int BPF_PROG(ok_lsm, struct file *f)
{
	if (f->f_flags & 1)
		return -1;
	total = f->f_inode->i_ino;
	return 0;
}

SEC("lsm/file_open") int BPF_PROG(bad_lsm_result, struct file *f)
{
	return 1;
}

SEC("lsm/file_open") int BPF_PROG(bad_lsm_result_unknown, struct file *f)
{
	return (int)f->f_inode->i_ino;
}

SEC("lsm.s/file_open") int BPF_PROG(ok_lsm_path, struct file *f)
{
	return bpf_path_d_path(&f->f_path, text, sizeof(text)) > 100 ? -1 : 0;
}

SEC("lsm.s/file_open") int BPF_PROG(bad_lsm_path_walked, struct file *f)
{
	struct task_struct *t = bpf_get_current_task_btf();

	bpf_path_d_path(&t->fs->pwd, text, sizeof(text));
	return 0;
}

SEC("lsm.s/file_open") int BPF_PROG(ok_exe, struct file *f)
{
	struct file *exe = bpf_get_task_exe_file(bpf_get_current_task_btf());

	if (!exe)
		return 0;
	bpf_path_d_path(&exe->f_path, text, sizeof(text));
	bpf_put_file(exe);
	return 0;
}

SEC("lsm.s/file_open") int BPF_PROG(bad_exe_kept, struct file *f)
{
	return bpf_get_task_exe_file(bpf_get_current_task_btf()) ? -1 : 0;
}

SEC("lsm/bprm_check_security") int BPF_PROG(ok_bprm, struct linux_binprm *bprm)
{
	total = bprm->file->f_inode->i_mode;
	return 0;
}

SEC("lsm/task_free") void BPF_PROG(ok_lsm_void, struct task_struct *t)
{
	total = t->pid;
}

SEC("iter/task") int ok_iter_task(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;

	if (!t)
		return 0;
	BPF_SEQ_PRINTF(ctx->meta->seq, "%d %s\n", t->pid, t->comm);
	return 0;
}

SEC("iter/task") int bad_iter_task_unchecked(struct bpf_iter__task *ctx)
{
	total = ctx->task->pid;
	return 0;
}

SEC("iter/task") int bad_iter_result(struct bpf_iter__task *ctx)
{
	return 2;
}

SEC("iter/bpf_map_elem") int ok_iter_elem(struct bpf_iter__bpf_map_elem *ctx)
{
	u32 *key = ctx->key;
	u64 *value = ctx->value;

	if (!key || !value)
		return 0;
	total += *value + *key;
	return 0;
}

SEC("iter/bpf_map_elem") int bad_iter_elem_unchecked(struct bpf_iter__bpf_map_elem *ctx)
{
	u64 *value = ctx->value;

	total += *value;
	return 0;
}

SEC("iter.s/task_vma") int ok_iter_vma(struct bpf_iter__task_vma *ctx)
{
	struct vm_area_struct *vma = ctx->vma;

	if (!vma || !ctx->task)
		return 0;
	total += vma->vm_end - vma->vm_start;
	if (vma->vm_file)
		bpf_d_path((void *)&vma->vm_file->f_path, text, sizeof(text));
	return 0;
}

SEC("iter/tcp") int ok_iter_tcp(struct bpf_iter__tcp *ctx)
{
	struct sock_common *sk = ctx->sk_common;
	struct tcp_sock *tp;

	if (!sk)
		return 0;
	tp = bpf_skc_to_tcp_sock(sk);
	if (tp)
		total += tp->snd_cwnd;
	return 0;
}

/* casts */

SEC("tc") int ok_kern_ctx(struct __sk_buff *skb)
{
	struct sk_buff *k = bpf_cast_to_kern_ctx(skb);

	total = k->len + k->data_len;
	if (k->dev)
		total += k->dev->ifindex;
	return TC_OK;
}

SEC("tc") int bad_kern_ctx_written(struct __sk_buff *skb)
{
	struct sk_buff *k = bpf_cast_to_kern_ctx(skb);

	k->len = 0;
	return TC_OK;
}

SEC("tc") int ok_rdonly_cast(struct __sk_buff *skb)
{
	struct sk_buff *k = bpf_cast_to_kern_ctx(skb);
	struct skb_shared_info *info =
	    bpf_rdonly_cast(k->head + k->end, kernel_type_id(struct skb_shared_info));

	total = info->nr_frags;
	return TC_OK;
}

SEC("tc") int bad_rdonly_cast_written(struct __sk_buff *skb)
{
	struct sk_buff *k = bpf_cast_to_kern_ctx(skb);
	struct skb_shared_info *info =
	    bpf_rdonly_cast(k->head + k->end, kernel_type_id(struct skb_shared_info));

	info->nr_frags = 0;
	return TC_OK;
}

SEC("xdp") int ok_xdp_kern_ctx(struct xdp_md *x)
{
	struct xdp_buff *k = bpf_cast_to_kern_ctx(x);

	total = k->rxq->dev->ifindex;
	return XDP_PASS;
}

SEC("tp_btf/sched_switch") int BPF_PROG(ok_cast_number, bool preempt, struct task_struct *prev,
                                        struct task_struct *next)
{
	struct task_struct *t =
	    bpf_rdonly_cast((void *)total, kernel_type_id(struct task_struct));

	total = t->pid;
	return 0;
}

SEC("raw_tp/sched_switch") int ok_raw(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = (void *)ctx->args[2];

	total = BPF_CORE_READ(t, pid);
	return 0;
}

SEC("raw_tp/sched_switch") int bad_raw_direct(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = (void *)ctx->args[2];

	total = t->pid;
	return 0;
}

/* crypto */

SEC("syscall") int ok_crypto_create(void *ctx)
{
	struct bpf_crypto_params p = {.type = "skcipher", .algo = "ecb(aes)", .key_len = 16};
	struct bpf_crypto_ctx *c;
	int err = 0;

	c = bpf_crypto_ctx_create(&p, sizeof(p), &err);
	if (!c)
		return err != 0;
	bpf_crypto_ctx_release(c);
	return 0;
}

SEC("syscall") int bad_crypto_kept(void *ctx)
{
	struct bpf_crypto_params p = {.type = "skcipher", .algo = "ecb(aes)", .key_len = 16};
	int err = 0;

	return bpf_crypto_ctx_create(&p, sizeof(p), &err) != 0;
}
