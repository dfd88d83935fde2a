/* Helpers on tasks as objects. This machine has no struct task_struct: a task is a number that is
 * not null, its thread's id. What a program reads through it is read by probing, and gives 0; what
 * it keeps with it (storage) works as in the kernel. */
#include "vm/helpers.h"

#include <stdlib.h>

enum { F_CREATE = 1 }; /* BPF_LOCAL_STORAGE_GET_F_CREATE */

static uint64_t current_task(struct vm_run *run)
{
	return (uint32_t)vm_bpf_get_current_pid_tgid(0, 0, 0, 0, 0, run);
}

VM_HELPER_FN(get_current_task)
{
	return current_task(run);
}

VM_HELPER_FN(get_current_task_btf)
{
	return current_task(run);
}

/* Zeros, or what the program gave, for a task that has no value yet. */
static void create(struct vm_map *m, uint32_t task, const void *value, uint32_t cpu)
{
	void *zeros = value ? NULL : calloc(1, m->def.value_size_b);

	if (value || zeros)
		vm_map_update(m, &task, value ? value : zeros, BPF_NOEXIST, cpu);
	free(zeros);
}

VM_HELPER_FN(task_storage_get)
{
	struct vm_map *m = vm_pointer(r1);
	uint32_t task = (uint32_t)r2;
	void *value;

	if (!task || r4 & ~(uint64_t)F_CREATE)
		return 0;
	value = vm_map_lookup(m, &task, run->cpu);
	if (!value && r4 & F_CREATE) {
		create(m, task, vm_pointer(r3), run->cpu);
		value = vm_map_lookup(m, &task, run->cpu);
	}
	return (uintptr_t)value;
}

VM_HELPER_FN(task_storage_delete)
{
	uint32_t task = (uint32_t)r2;

	if (!task)
		return VM_ERROR(EINVAL);
	return (uint64_t)(int64_t)vm_map_remove(vm_pointer(r1), &task);
}
