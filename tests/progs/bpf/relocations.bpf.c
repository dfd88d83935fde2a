/* Relocations of each kind, in a program that the kernel can load. */
#include "bpf.h"
typedef struct { int counter; } atomic_t;
struct list_head { struct list_head *next, *prev; } CORE;
struct mm_struct { struct { atomic_t mm_users; unsigned long start_code; }; } CORE;
struct task_struct {
	int tgid;
	struct task_struct *real_parent;
	struct mm_struct *mm;
	struct list_head tasks;
	char comm[16];
	unsigned in_execve : 1;
	int nowhere;
} CORE;
struct cgroup_namespace___renamed { void *root_cset; } CORE;
struct no_such_type { int a; } CORE;
enum bpf_map_type { BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_NOT };
typedef unsigned int gfp_t;

u64 got;
SEC("raw_tp/sys_enter") int walk(void *ctx)
{
	struct task_struct *t = bpf_get_current_task(), *p = 0;
	struct mm_struct *mm = 0;
	int v = 0;
	char c = 0;

	bpf_probe_read_kernel(&p, sizeof(p), &t->real_parent);
	bpf_probe_read_kernel(&v, sizeof(v), &p->tgid);
	bpf_probe_read_kernel(&mm, sizeof(mm), &t->mm);
	if (mm)
		bpf_probe_read_kernel(&v, sizeof(v), &mm->mm_users.counter);
	bpf_probe_read_kernel(&c, sizeof(c), &t->comm[3]);
	bpf_probe_read_kernel(&p, sizeof(p), &t->tasks.next);
	got += v + c;
	got += __builtin_preserve_field_info(t->in_execve, 4);
	got += __builtin_preserve_field_info(t->nowhere, 2);
	got += __builtin_preserve_type_info(*(struct cgroup_namespace___renamed *)0, 1);
	got += __builtin_preserve_type_info(*(struct no_such_type *)0, 0);
	got += __builtin_preserve_type_info(*(struct list_head *)0, 2);
	got += __builtin_preserve_type_info(*(gfp_t *)0, 0);
	got += __builtin_preserve_enum_value(*(enum bpf_map_type *)BPF_MAP_TYPE_HASH, 1);
	got += __builtin_preserve_enum_value(*(enum bpf_map_type *)BPF_MAP_TYPE_NOT, 0);
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
