/* What `prog show` finds out beside the kernel's own description of a program. */
#ifndef SKEP_INSPECT_PROG_ABOUT_H
#define SKEP_INSPECT_PROG_ABOUT_H

#include "inspect/internal.h"

struct bpf_prog_info;

/* The constants bpf_metadata_* of its maps, a line each under `metadata:`, or an object. */
void prog_show_metadata(struct inspect *x, const uint32_t *maps, uint32_t n_maps);
/* What its links hand it as a cookie, the first that is not 0; false: none does. */
bool prog_cookie(struct inspect *x, uint32_t id, uint64_t *ret);
/* The device that runs it, or that it was made for. */
void prog_show_device(struct inspect *x, const struct bpf_prog_info *info);

#endif
