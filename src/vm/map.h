/* Maps: the kernel's kinds, flags, error numbers and order of iteration, in ordinary memory.
 *
 * Any number of threads may use one map. A pointer to a value stays readable and writable until the
 * map is destroyed; as in the kernel, the element may meanwhile have been deleted and used for
 * another key. Keys and values are bytes; values in memory start at multiples of 8. */
#ifndef SKEP_VM_MAP_H
#define SKEP_VM_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vm/program.h"

struct vm_map;
struct vm_code; /* members of program arrays */
struct strbuf;

/* One kind of map. Functions that a kind has no meaning for are NULL: callers get -ENOTSUPP (524)
 * or what the kernel returns for it. Errors are negative errno, as in the kernel. `cpu` is the CPU
 * whose value of a per-CPU map is meant; other kinds ignore it. */
struct vm_map_ops {
	uint32_t type;    /* enum bpf_map_type */
	const char *name; /* libbpf's and bpftool's spelling: "percpu_hash" */
	/* 0, or -errno with one line in `why`: sizes, flags and limits as map_alloc_check() has
	 * them */
	int (*check)(const struct vm_map_def *d, struct strbuf *why);
	int (*create)(struct vm_map *m);
	void (*destroy)(struct vm_map *m);
	/* Never NULL, and always to be taken from the map: it may be one for its size of key. Maps
	 * of maps: the member itself. */
	void *(*lookup)(struct vm_map *m, const void *key, uint32_t cpu);
	int (*update)(struct vm_map *m, const void *key, const void *value, uint64_t flags,
	              uint32_t cpu);
	int (*remove)(struct vm_map *m, const void *key);
	/* key NULL, or one that is not there: the first key. -ENOENT behind the last. */
	int (*next_key)(struct vm_map *m, const void *key, void *ret_key);
	int (*push)(struct vm_map *m, const void *value, uint64_t flags);
	int (*pop)(struct vm_map *m, void *ret_value);
	int (*peek)(struct vm_map *m, void *ret_value);
};

/* The part that all kinds share; each kind has a struct of its own that begins with it. */
struct vm_map {
	const struct vm_map_ops *ops;
	struct vm_map_def def;
	uint32_t n_cpus; /* values of a per-CPU map */
	uint32_t id;     /* unique in this process, from 1 */
	/* ARRAY, PERCPU_ARRAY and the data sections: the value of `index` on `cpu` is at
	 *     values + index * stride_b + cpu * cpu_stride_b
	 * Machine code for lookups relies on this; cpu_stride_b is 0 where there is one for all.
	 * Other kinds leave values NULL. */
	unsigned char *values;
	uint32_t stride_b;
	uint32_t cpu_stride_b;
	bool is_frozen; /* by its definition or vm_map_freeze: updates from outside are -EPERM */
	/* Members of values that copies leave alone (locks, timers, kernel pointers), by rising
	 * offset, as the value's BTF has them. */
	struct vm_map_field *fields;
	uint32_t n_fields;
	bool has_lock; /* one of them is a bpf_spin_lock: BPF_F_LOCK may be used */
	uint32_t lock_off_b;
};

struct vm_map_field {
	uint32_t off_b, size_b;
};

/* NULL: not a kind this machine has. */
const struct vm_map_ops *vm_map_kind(uint32_t type);

/* Returns 0 and a map that the caller destroys, or -errno with a line in `why` (may be NULL). The
 * definition's strings and initial bytes are copied; `inits` are left to the caller, who alone
 * knows the members. */
int vm_map_create(const struct vm_map_def *def, uint32_t n_cpus, struct vm_map **ret,
                  struct strbuf *why);
void vm_map_destroy(struct vm_map *m);

/* ---- for programs: helpers call these ------------------------------------------------------- */

void *vm_map_lookup(struct vm_map *m, const void *key, uint32_t cpu);
int vm_map_update(struct vm_map *m, const void *key, const void *value, uint64_t flags,
                  uint32_t cpu);
int vm_map_remove(struct vm_map *m, const void *key);
int vm_map_push(struct vm_map *m, const void *value, uint64_t flags);
int vm_map_pop(struct vm_map *m, void *ret_value);
int vm_map_peek(struct vm_map *m, void *ret_value);
/* bpf_for_each_map_elem(): `fn` returns 0 to go on, 1 to stop. Entries that come or go meanwhile
 * may or may not be met; each other one is met once. `key` is good during the visit only. Returns
 * entries visited or -errno. */
typedef int64_t vm_map_visit_fn(void *arg, struct vm_map *m, const void *key, void *value);
int64_t vm_map_each(struct vm_map *m, uint32_t cpu, vm_map_visit_fn *fn, void *arg);

/* bpf_spin_lock() and bpf_spin_unlock(): what BPF_F_LOCK takes, too. */
void vm_spin_lock(uint32_t *lock);
void vm_spin_unlock(uint32_t *lock);

/* ---- from outside, as bpf(2) has it --------------------------------------------------------- */

/* Bytes of one entry's value out here: per-CPU kinds have round_up(value_size, 8) * n_cpus. */
size_t vm_map_value_bytes(const struct vm_map *m);
/* BPF_MAP_LOOKUP_ELEM and its kin: copies. Queue and stack: key NULL, lookup peeks. */
int vm_map_read(struct vm_map *m, const void *key, void *ret_value);
int vm_map_write(struct vm_map *m, const void *key, const void *value, uint64_t flags);
int vm_map_erase(struct vm_map *m, const void *key);
int vm_map_take(struct vm_map *m, const void *key, void *ret_value); /* lookup and delete */
int vm_map_next_key(struct vm_map *m, const void *key, void *ret_key);
int vm_map_freeze(struct vm_map *m);
/* Members of maps of maps, and of program arrays. The map borrows them. */
int vm_map_set_map(struct vm_map *m, const void *key, struct vm_map *inner, uint64_t flags);
int vm_map_set_program(struct vm_map *m, uint32_t index, struct vm_code *code);
struct vm_code *vm_map_program(struct vm_map *m, uint32_t index); /* NULL: none */

/* ---- ring buffer, perf event array, stack traces --------------------------------------------- */

/* As the helpers: NULL when there is no room or flags are bad. submit wakes a reader as `flags`
 * (BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP) say. */
void *vm_ring_reserve(struct vm_map *m, uint64_t size_b, uint64_t flags);
void vm_ring_submit(void *sample, uint64_t flags);
void vm_ring_discard(void *sample, uint64_t flags);
int64_t vm_ring_output(struct vm_map *m, const void *data, uint64_t size_b, uint64_t flags);
uint64_t vm_ring_query(struct vm_map *m, uint64_t flags);
/* Hands over what was submitted, in order of reservation, up to the first that still is not; `fn`
 * returns 0 to go on. Returns records handed over, one ring's worth at most: the descriptor stays
 * readable if there is more. One reader at a time. */
typedef int vm_ring_record_fn(void *arg, const void *record, uint32_t size_b);
int64_t vm_ring_read(struct vm_map *m, vm_ring_record_fn *fn, void *arg);
int vm_ring_fd(
    struct vm_map *m); /* an eventfd: readable after a wake-up; reading the ring clears it */

/* bpf_perf_event_output(): `flags` picks the CPU as in the kernel. Records wait in memory, at most
 * VM_PERF_BYTES for a CPU; -ENOSPC beyond. */
enum { VM_PERF_BYTES = 256 * 1024 };
int64_t vm_perf_output(struct vm_map *m, uint64_t flags, uint32_t cpu, const void *data,
                       uint64_t size_b);
int64_t vm_perf_read(struct vm_map *m, vm_ring_record_fn *fn, void *arg);

/* bpf_get_stackid() for these frames, less the first ones that `flags` skip: an id, -EEXIST on a
 * collision without BPF_F_REUSE_STACKID, -EFAULT when no frame is left. */
int64_t vm_stack_id(struct vm_map *m, const uint64_t *frames, uint32_t n_frames, uint64_t flags);

#endif
