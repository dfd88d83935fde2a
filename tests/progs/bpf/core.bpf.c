/* What CO-RE relocations are for. */
#include "bpf.h"
struct task_struct { int tgid; struct task_struct *real_parent; int nowhere; } CORE;


int tgid_of(struct task_struct *t)
{
	int v = 0;

	bpf_probe_read_kernel(&v, sizeof(v), &t->tgid);
	return v;
}
struct task_struct *parent_of(struct task_struct *t)
{
	struct task_struct *p = 0;

	bpf_probe_read_kernel(&p, sizeof(p), &t->real_parent);
	return p;
}
int guarded(struct task_struct *t)
{
	int v = 7;

	if (__builtin_preserve_field_info(t->nowhere, 2))
		bpf_probe_read_kernel(&v, sizeof(v), &t->nowhere);
	return v;
}
int unguarded(struct task_struct *t)
{
	int v = 7;

	bpf_probe_read_kernel(&v, sizeof(v), &t->nowhere);
	return v;
}
struct task_struct *me(void) { return bpf_get_current_task(); }
u32 task_size(void) { return __builtin_preserve_type_info(*(struct task_struct *)0, 1); }

extern void bpf_rcu_read_lock(void) KSYM;
extern void bpf_rcu_read_unlock(void) KSYM;
int locked(int x)
{
	if (!bpf_rcu_read_lock || !bpf_rcu_read_unlock)
		return x * x;
	bpf_rcu_read_lock();
	x *= x;
	bpf_rcu_read_unlock();
	return x;
}
void lock_and_unlock(void)
{
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
}
