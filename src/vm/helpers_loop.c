/* Helpers that call functions of the program over and over. */
#include "vm/helpers.h"

enum { MAX_LOOPS = 8 * 1024 * 1024 }; /* BPF_MAX_LOOPS, linux/bpf.h */

/* Loops made, that of the callback that said stop among them. */
VM_HELPER_FN(loop)
{
	uint32_t n = (uint32_t)r1, i;

	if (r4)
		return VM_ERROR(EINVAL);
	if (n > MAX_LOOPS)
		return VM_ERROR(E2BIG);
	for (i = 0; i < n; i++)
		if (run->call(run, r2, i, r3, 0, 0, 0))
			return i + 1;
	return i;
}
