/* CO-RE: every kind of relocation, flavours, what exists and what doesn't. */
#include "bpf.h"

struct list_head {
	struct list_head *next, *prev;
} __core;

struct task_struct___new {
	int no_such_field;
} __core;

struct mm_struct;

struct task_struct {
	int pid;
	int tgid;
	char comm[16];
	struct task_struct *real_parent;
	struct list_head tasks;
	u32 sched_reset_on_fork : 1;
	unsigned in_execve : 1;
	u64 start_time;
} __core;

struct task_struct___flavour {
	int tgid;
} __core;

struct iovec {
	void *iov_base;
	u64 iov_len;
} __core;

struct no_such_struct {
	int x;
} __core;

enum bpf_map_type {
	BPF_MAP_TYPE_UNSPEC = 77,
	BPF_MAP_TYPE_HASH = 99,
	BPF_MAP_TYPE_NO_SUCH = 100,
};

typedef int pid_t;
typedef int no_such_typedef;

u64 out[32];

SEC("raw_tp/sched_switch")
int fields(u64 *ctx)
{
	struct task_struct *t = (void *)get_current_task();
	struct task_struct___flavour *f = (void *)t;
	int pid = 0;

	probe_read_kernel(&pid, sizeof(pid), &t->pid);
	out[0] = pid;
	probe_read_kernel(&pid, sizeof(pid), &f->tgid);
	out[1] = pid;
	probe_read_kernel(&out[2], 8, &t->tasks.prev);
	probe_read_kernel(&out[3], 1, &t->comm[3]);
	out[4] = __builtin_preserve_field_info(t->comm, 0);
	out[5] = __builtin_preserve_field_info(t->comm, 1);
	out[6] = __builtin_preserve_field_info(t->start_time, 2);
	out[7] = __builtin_preserve_field_info(t->pid, 3);
	out[8] = __builtin_preserve_field_info(t->sched_reset_on_fork, 4);
	out[9] = __builtin_preserve_field_info(t->sched_reset_on_fork, 5);
	out[10] = __builtin_preserve_field_info(t->sched_reset_on_fork, 0);
	out[11] = __builtin_preserve_field_info(((struct task_struct___new *)t)->no_such_field, 2);
	return 0;
}

SEC("raw_tp/sched_switch")
int guarded(u64 *ctx)
{
	struct task_struct___new *t = (void *)get_current_task();
	int x = 0;

	if (__builtin_preserve_field_info(t->no_such_field, 2))
		probe_read_kernel(&x, sizeof(x), &t->no_such_field);
	out[12] = x;
	return 0;
}

SEC("raw_tp/sched_switch")
int unguarded(u64 *ctx)
{
	struct task_struct___new *t = (void *)get_current_task();
	int x = 0;

	probe_read_kernel(&x, sizeof(x), &t->no_such_field);
	return x;
}

SEC("raw_tp/sched_switch")
int types(u64 *ctx)
{
	out[13] = __builtin_preserve_type_info(*(struct task_struct *)0, 0);
	out[14] = __builtin_preserve_type_info(*(struct no_such_struct *)0, 0);
	out[15] = __builtin_preserve_type_info(*(struct iovec *)0, 1);
	out[16] = __builtin_preserve_type_info(*(pid_t *)0, 0);
	out[17] = __builtin_preserve_type_info(*(no_such_typedef *)0, 0);
	out[18] = __builtin_btf_type_id(*(struct iovec *)0, 0);
	out[19] = __builtin_btf_type_id(*(struct task_struct *)0, 1);
	out[20] = __builtin_preserve_enum_value(*(typeof(enum bpf_map_type) *)BPF_MAP_TYPE_HASH, 0);
	out[21] = __builtin_preserve_enum_value(*(typeof(enum bpf_map_type) *)BPF_MAP_TYPE_HASH, 1);
	out[22] =
	    __builtin_preserve_enum_value(*(typeof(enum bpf_map_type) *)BPF_MAP_TYPE_NO_SUCH, 0);
#if __clang_major__ >= 15
	out[23] = __builtin_preserve_type_info(*(struct iovec *)0, 2);
	out[24] = __builtin_preserve_type_info(*(struct no_such_struct *)0, 2);
#endif
	return 0;
}

SEC("tp_btf/sched_switch")
int direct(u64 *ctx)
{
	struct task_struct *t = (void *)ctx[1];

	out[25] = t->pid + t->real_parent->tgid;
	return 0;
}
