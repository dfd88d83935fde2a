/* Names of the kernel's: configuration, variables, functions, and what is attached to by BTF. */
#include "bpf.h"

enum libbpf_tristate { TRI_NO, TRI_YES, TRI_MODULE };

extern u32 LINUX_KERNEL_VERSION __kconfig;
extern bool LINUX_HAS_BPF_COOKIE __kconfig __weak;
extern int CONFIG_HZ __kconfig __weak;
extern enum libbpf_tristate CONFIG_BPF __kconfig __weak;
extern char CONFIG_NET __kconfig __weak;
extern bool CONFIG_NO_SUCH_OPTION __kconfig __weak;
extern const char CONFIG_DEFAULT_HOSTNAME[16] __kconfig __weak;

struct task_struct {
	int pid;
} __core;

struct rq {
	int nr_running;
} __core;

extern const struct rq runqueues __ksym;
extern const void no_such_symbol __ksym __weak;
extern const void init_task __ksym __weak;

extern struct task_struct *bpf_task_acquire(struct task_struct *p) __ksym;
extern void bpf_task_release(struct task_struct *p) __ksym;
extern void bpf_no_such_function(struct task_struct *p) __ksym __weak;

u64 out[8];

SEC("raw_tp/sys_enter")
int config(void *ctx)
{
	if (LINUX_KERNEL_VERSION > 0x060000 && LINUX_HAS_BPF_COOKIE)
		out[0] = 1;
#ifndef FAST /* reading these takes milliseconds */
	if (CONFIG_BPF == TRI_YES && CONFIG_NET == 'y' && !CONFIG_NO_SUCH_OPTION)
		out[1] = CONFIG_DEFAULT_HOSTNAME[0] + CONFIG_HZ;
	out[2] = (u64)&no_such_symbol;
	out[3] = (u64)&init_task;
#endif
	return 0;
}

SEC("raw_tp/sys_enter")
int variable(void *ctx)
{
	const struct rq *rq = per_cpu_ptr(&runqueues, 0);

	if (rq)
		out[4] = rq->nr_running;
	return 0;
}

SEC("tp_btf/sched_process_exit")
int functions(u64 *ctx)
{
	struct task_struct *t = bpf_task_acquire((void *)ctx[0]);

	if (t)
		bpf_task_release(t);
	if (bpf_no_such_function)
		bpf_no_such_function((void *)ctx[0]);
	return 0;
}

SEC("iter/task")
int each_task(void *ctx)
{
	return 0;
}

SEC("tp_btf/sched_switch")
int on_switch(u64 *ctx)
{
	return 0;
}

SEC("lsm/file_open")
int on_open(u64 *ctx)
{
	return 0;
}

SEC("fentry/vfs_read")
int on_read(u64 *ctx)
{
	return 0;
}
