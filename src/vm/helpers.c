/* Helpers by number. */
#include "vm/helpers.h"

vm_helper_fn *const vm_helpers[VM_N_HELPERS] = {
#define HELPER(id, name) [id] = vm_bpf_##name,
#include "vm/helpers.def"
#undef HELPER
};

vm_helper_fn *vm_helper(uint32_t id)
{
	return id < VM_N_HELPERS ? vm_helpers[id] : NULL;
}
