/* Where objects are: in the kernel, or in a session of our own machine (vm/session). A descriptor
 * of either kind is closed alike. Failures set errno and return -1, as libbpf's wrappers do, unless
 * said otherwise.
 *
 * Which of both is decided once, when the line is read. */
#ifndef SKEP_INSPECT_SOURCE_H
#define SKEP_INSPECT_SOURCE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct btf;

void source_use_session(pid_t pid);
pid_t source_session(void); /* 0: the kernel */

int source_next_prog(uint32_t after, uint32_t *ret); /* ENOENT behind the last */
int source_next_map(uint32_t after, uint32_t *ret);
int source_open_prog(uint32_t id);
int source_open_map(uint32_t id);

/* As bpf_obj_get_info_by_fd(): arrays that have room are filled, counts become what there is. */
int source_prog_info(int fd, struct bpf_prog_info *info);
int source_map_info(int fd, struct bpf_map_info *info);
/* NULL: not there. `base` as btf__load_from_kernel_by_id_split() takes it. */
struct btf *source_types(uint32_t id, struct btf *base);
bool source_is_frozen(int fd);

/* Of the sizes that the map has, values of all CPUs; `key` NULL where there is none. */
int source_lookup(int fd, const void *key, uint32_t key_b, void *value, uint32_t value_b);
int source_take(int fd, const void *key, uint32_t key_b, void *value, uint32_t value_b);
int source_next_key(int fd, const void *key, void *ret_key, uint32_t key_b);
int source_update(int fd, const void *key, uint32_t key_b, const void *value, uint32_t value_b,
                  uint64_t flags);
int source_delete(int fd, const void *key, uint32_t key_b);
int source_freeze(int fd);

#endif
