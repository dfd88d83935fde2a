/* What the kernel tells of an object by its descriptor. 0 or -errno. */
#ifndef SKEP_INSPECT_INFO_H
#define SKEP_INSPECT_INFO_H

#include <linux/bpf.h>
#include <stdint.h>

struct arena;
struct btf;

int prog_info(int fd, struct bpf_prog_info *ret); /* without arrays: their counts */
int map_info(int fd, struct bpf_map_info *ret);
/* The program's whole name: the kernel's has 15 bytes at most, its BTF's is not cut. In `a`. */
const char *prog_name(struct arena *a, const struct bpf_prog_info *info, int fd);
/* Of a program's `info.nr_map_ids` maps, in `a`. */
uint32_t *prog_map_ids(struct arena *a, const struct bpf_prog_info *info, int fd, uint32_t *ret_n);

#endif
