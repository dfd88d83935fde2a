/* Helpers on maps, and on what lies in their values: locks, kernel pointers. */
#include "vm/helpers.h"

#include <sched.h>

static struct vm_map *map_of(uint64_t r)
{
	return vm_pointer(r);
}

VM_HELPER_FN(map_lookup_elem)
{
	return (uintptr_t)vm_map_lookup(map_of(r1), vm_pointer(r2), run->cpu);
}

VM_HELPER_FN(map_update_elem)
{
	return (uint64_t)(int64_t)vm_map_update(map_of(r1), vm_pointer(r2), vm_pointer(r3), r4,
	                                        run->cpu);
}

VM_HELPER_FN(map_delete_elem)
{
	return (uint64_t)(int64_t)vm_map_remove(map_of(r1), vm_pointer(r2));
}

VM_HELPER_FN(map_push_elem)
{
	return (uint64_t)(int64_t)vm_map_push(map_of(r1), vm_pointer(r2), r3);
}

VM_HELPER_FN(map_pop_elem)
{
	return (uint64_t)(int64_t)vm_map_pop(map_of(r1), vm_pointer(r2));
}

VM_HELPER_FN(map_peek_elem)
{
	return (uint64_t)(int64_t)vm_map_peek(map_of(r1), vm_pointer(r2));
}

VM_HELPER_FN(map_lookup_percpu_elem)
{
	struct vm_map *m = map_of(r1);
	uint32_t cpu = (uint32_t)r3;

	return cpu < m->n_cpus ? (uintptr_t)vm_map_lookup(m, vm_pointer(r2), cpu) : 0;
}

struct visit {
	struct vm_run *run;
	uint64_t fn, context;
};

static int64_t visit_element(void *arg, struct vm_map *m, const void *key, void *value)
{
	struct visit *v = arg;

	return v->run->call(v->run, v->fn, (uintptr_t)m, (uintptr_t)key, (uintptr_t)value,
	                    v->context, 0) != 0;
}

VM_HELPER_FN(for_each_map_elem)
{
	struct visit v = {.run = run, .fn = r2, .context = r3};

	if (r4)
		return VM_ERROR(EINVAL);
	return (uint64_t)vm_map_each(map_of(r1), run->cpu, visit_element, &v);
}

/* struct bpf_spin_lock: 0 free, 1 taken. */
VM_HELPER_FN(spin_lock)
{
	uint32_t *lock = vm_pointer(r1);

	while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		sched_yield();
	return 0;
}

VM_HELPER_FN(spin_unlock)
{
	__atomic_store_n((uint32_t *)vm_pointer(r1), 0, __ATOMIC_RELEASE);
	return 0;
}

VM_HELPER_FN(kptr_xchg)
{
	return __atomic_exchange_n((uint64_t *)vm_pointer(r1), r2, __ATOMIC_SEQ_CST);
}
