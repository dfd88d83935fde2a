/* The helpers that this machine has: helpers.def names them, helpers_*.c do them, by subject.
 * Their results and error numbers are the kernel's. */
#ifndef SKEP_VM_HELPERS_H
#define SKEP_VM_HELPERS_H

#include <errno.h>

#include "vm/code.h"

#define VM_HELPER_FN(name)                                                                         \
	uint64_t vm_bpf_##name(                                                                    \
	    uint64_t r1 __attribute__((unused)), uint64_t r2 __attribute__((unused)),              \
	    uint64_t r3 __attribute__((unused)), uint64_t r4 __attribute__((unused)),              \
	    uint64_t r5 __attribute__((unused)), struct vm_run *run __attribute__((unused)))

#define HELPER(id, name) VM_HELPER_FN(name);
#include "vm/helpers.def"
#undef HELPER

enum { VM_N_HELPERS = 212 };
/* By number; NULL where this machine has none. */
extern vm_helper_fn *const vm_helpers[VM_N_HELPERS];

/* What a helper that fails returns: its -errno as r0 has it. */
#define VM_ERROR(e) ((uint64_t) - (int64_t)(e))

static inline void *vm_pointer(uint64_t r)
{
	return (void *)(uintptr_t)r;
}

/* Memory of the traced program, or of this process where the host names none; all or -EFAULT. */
int vm_read_user(struct vm_run *run, void *ret, uint32_t size_b, uint64_t address);
int vm_read_kernel(struct vm_run *run, void *ret, uint32_t size_b, uint64_t address);
/* Text up to a NUL, always terminated: its length with the NUL, or -EFAULT. */
int64_t vm_read_user_str(struct vm_run *run, char *ret, uint32_t size_b, uint64_t address);
int64_t vm_read_kernel_str(struct vm_run *run, char *ret, uint32_t size_b, uint64_t address);

#endif
