/* Our own verifier's word on every program, before the kernel is asked. The kernel decides; ours
 * says why in the script's terms, and what would help. */
#include "engine/kernel/kernel.h"

#include <stdlib.h>

#include "image/program.h"
#include "types/btf.h"
#include "vm/verifier/verifier.h"

enum { ENOUGH_INSNS = 1000000 }; /* what takes us longer is left to the kernel */

struct vm_verdict *programs_verify(struct engine *e, struct arena *a)
{
	struct vm_verify_options opts = {.max_insns = ENOUGH_INSNS};
	struct vm_verdict *verdicts = arena_array(a, struct vm_verdict, e->img->programs.n + 1);
	const char *path = getenv("SKEP_BTF");
	struct btf_file *kernel = NULL;
	struct vm_program *programs;

	if (image_needs_kernel_btf(e->img))
		btf_open(path ? path : "/sys/kernel/btf/vmlinux", NULL, &kernel);
	programs = image_programs(a, e->img, kernel, NULL);
	for (size_t i = 0; i < e->img->programs.n; i++) {
		/* Types of a module or of another program are the kernel's to check. */
		if (e->img->programs.items[i].attach_btf_obj_id ||
		    e->img->programs.items[i].attach_prog_id)
			verdicts[i].is_accepted = true;
		else
			vm_verify(a, &programs[i], &opts, &verdicts[i]);
	}
	if (kernel)
		btf_close(kernel);

	return verdicts;
}
