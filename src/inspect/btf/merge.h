/* Several files of one base, as one: what several modules add to a kernel. */
#ifndef SKEP_INSPECT_BTF_MERGE_H
#define SKEP_INSPECT_BTF_MERGE_H

#include "inspect/btf/btf.h"

/* The types of all these files, each type once, as s->file, which is split from s->base
 * (`base_path`; NULL: there is none). 0 or negative, reported. */
int btf_merge(struct inspect *x, const char *const *paths, size_t n, const char *base_path,
              struct btf_source *s);

#endif
