/* The other side of protocol.h: objects of a session as if by bpf(2). What returns a descriptor or
 * 0 sets errno and returns -1 on failure. */
#ifndef SKEP_VM_SESSION_ASK_H
#define SKEP_VM_SESSION_ASK_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "vm/session/protocol.h"

/* Called for each process of this network namespace that has a session. */
void vm_sessions_each(void (*fn)(void *arg, pid_t pid), void *arg);

int vm_session_connect(pid_t pid);
int vm_session_next(int session, enum vm_served_kind kind, uint32_t after, uint32_t *ret);
/* A descriptor of the object, to be closed. */
int vm_session_open(pid_t pid, enum vm_served_kind kind, uint32_t id);

/* As BPF_OBJ_GET_INFO_BY_FD: arrays that have room are filled, counts become what there is. */
int vm_session_prog_info(int fd, struct bpf_prog_info *info);
int vm_session_map_info(int fd, struct bpf_map_info *info);
int vm_session_is_frozen(int fd, bool *ret);
/* The caller frees. */
int vm_session_types(int fd, void **ret, size_t *ret_b);

/* Sizes are those of the map; `key` NULL where it has none, or for the first key. */
int vm_session_lookup(int fd, enum vm_ask ask, const void *key, uint32_t key_b, void *ret,
                      uint32_t ret_b);
int vm_session_update(int fd, const void *key, uint32_t key_b, const void *value, uint32_t value_b,
                      uint64_t flags);
int vm_session_delete(int fd, const void *key, uint32_t key_b);
int vm_session_freeze(int fd);

#endif
