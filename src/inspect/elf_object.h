/* BPF objects in ELF files, opened and loaded by libbpf, which says on stderr what it thinks. */
#ifndef SKEP_INSPECT_ELF_OBJECT_H
#define SKEP_INSPECT_ELF_OBJECT_H

#include <bpf/libbpf.h>

struct inspect;

/* With the options of the line: -d shows libbpf's debug messages and asks the verifier for its
 * log, -m takes definitions of maps that are longer than known. `kernel_btf` NULL: the running
 * kernel's. NULL and errno: not to be had, which is not reported yet. */
struct bpf_object *elf_object_open(const struct inspect *x, const char *file,
                                   const char *kernel_btf);

/* What -L is for: maps and programs are created by a program that libbpf writes. To be called
 * between open and load. */
struct loader {
	int n_maps, n_progs;
	int *map_fds, *prog_fds; /* in the order of the object; in an arena, but open */
};

/* Loads `o` by such a program. 0, or negative and reported. */
int elf_object_run_loader(struct inspect *x, struct bpf_object *o, struct loader *ret);
void loader_close(struct loader *l);

#endif
