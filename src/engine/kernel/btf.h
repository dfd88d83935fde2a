/* Debug information of an image's programs, as the kernel takes it: see btf.c. */
#ifndef SKEP_ENGINE_KERNEL_BTF_H
#define SKEP_ENGINE_KERNEL_BTF_H

#include <linux/bpf.h>
#include <stdint.h>

#include "base/diag.h"
#include "image/image.h"

struct btf_program {
	struct bpf_func_info *funcs;
	struct bpf_line_info *lines;
	uint32_t n_funcs, n_lines;
};

/* Builds one BTF blob for all programs and what each of them says about its functions and lines;
 * everything lives in `a`. `diag` holds the sources that spans point into; NULL: no line
 * information. ret_programs has img->programs.n elements. */
void btf_build(struct arena *a, const struct image *img, const struct diag *diag,
               struct strbuf *ret_blob, struct btf_program *ret_programs);

#endif
