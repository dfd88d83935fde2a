/* An image's programs as the machine takes them: for the verifier, which looks at every program
 * before it runs anywhere, and for the user engine. */
#ifndef SKEP_IMAGE_PROGRAM_H
#define SKEP_IMAGE_PROGRAM_H

#include "image/image.h"
#include "vm/program.h"

/* One vm_program for each of img->programs, with img->maps as their maps (numbered alike). Lives in
 * `a`, borrows the image. `kernel_btf` may be NULL where no program needs it (see below); `diag`
 * (or NULL) gives lines their text. */
struct vm_program *image_programs(struct arena *a, const struct image *img,
                                  struct btf_file *kernel_btf, const struct diag *diag);
/* Whether the verifier wants the kernel's types for one of the programs. */
bool image_needs_kernel_btf(const struct image *img);

#endif
