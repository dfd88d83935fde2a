/* An image as a relocatable ELF object (ET_REL, EM_BPF), for libbpf and what is made with it. The
 * object holds programs, maps with their initial values and the types that the kernel wants; not
 * what the records of the ring mean. Ids of kernel types are those of the kernel compiled for. */
#ifndef SKEP_IMAGE_ELF_H
#define SKEP_IMAGE_ELF_H

#include "base/strbuf.h"
#include "image/image.h"

struct elf_options {
	const struct diag *diag; /* the sources; NULL: no word of lines */
	/* Is a program with many targets one for a link that holds them all? */
	bool has_kprobe_multi, has_uprobe_multi;
};

/* Puts the object's bytes into `out`, which is emptied first. Memory that is needed meanwhile comes
 * from `a`. Returns 0 or -errno: EOPNOTSUPP if a program refers to a map in a way that libbpf has
 * no relocation for, E2BIG if there are more sections than symbols can name, ENOMEM. */
int image_to_elf(struct arena *a, const struct image *img, const struct elf_options *opts,
                 struct strbuf *out);

#endif
