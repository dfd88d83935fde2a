/* What the kinds of maps share: the table's row behind struct vm_map_ops, a small lock, copies that
 * other threads may watch, memory that costs nothing until it is touched. */
#ifndef SKEP_VM_MAPS_INTERNAL_H
#define SKEP_VM_MAPS_INTERNAL_H

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "vm/map.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524 /* the kernel's own number, which bpf(2) lets out */
#endif

/* Largest key and value together: what the kernel's allocator hands out in one piece (4 MB less the
 * 48 bytes of its struct htab_elem), and for one CPU's value (PCPU_MIN_UNIT_SIZE). */
enum { MAP_KMALLOC_MAX_B = 4 << 20, MAP_PERCPU_MAX_B = 32 << 10 };

/* Members of values that belong to the machine: map_check_btf() of the kernel says which kinds take
 * which. */
enum { FIELD_LOCK = 1, FIELD_TIMER = 2, FIELD_POINTER = 4, FIELD_LIST = 8 };

/* A kind as it is written down. Programs use `ops`; the rest is for those outside. */
struct map_kind {
	struct vm_map_ops ops; /* first: m->ops points here */
	size_t size_b;         /* of the kind's own struct */
	bool is_percpu;
	uint32_t fields; /* which FIELD_* its values may hold (BTF says where) */
	bool is_member;  /* of maps of maps: kernels refuse some kinds with -ENOTSUPP */
	/* What a program or somebody outside gets for what the kind can't do. */
	int no_update, no_remove, no_next_key, no_push, no_pop, no_peek, no_read;
	int64_t (*each)(struct vm_map *m, uint32_t cpu, vm_map_visit_fn *fn, void *arg);
	/* NULL: what the program's functions do, once for each CPU. */
	int (*read)(struct vm_map *m, const void *key, void *ret_value);
	int (*write)(struct vm_map *m, const void *key, const void *value, uint64_t flags);
	int (*take)(struct vm_map *m, const void *key, void *ret_value);
	int (*set_map)(struct vm_map *m, const void *key, struct vm_map *inner, uint64_t flags);
	/* May `inner` join a map of maps whose members look like `like`? NULL: the general rule */
	bool (*is_like)(const struct vm_map_def *like, const struct vm_map_def *inner);
};

#define KIND(type, name, symbol, what, differs) extern const struct map_kind symbol;
#include "vm/maps/kinds.def"
#undef KIND

static inline const struct map_kind *map_kind_of(const struct vm_map *m)
{
	return (const struct map_kind *)m->ops;
}

static inline size_t round_up_b(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* `why` gets the line, the caller the error. */
int map_refuse(int err, struct strbuf *why, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Are these flags a subset of `allowed`, and not both RDONLY_PROG and WRONLY_PROG?
 * (bpf_map_flags_access_ok()) */
int map_check_flags(const struct vm_map_def *d, uint32_t allowed, struct strbuf *why);
#define MAP_ACCESS_FLAGS (BPF_F_RDONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY | BPF_F_WRONLY_PROG)

/* May `inner` become a member of a map of maps whose members look like `like`? */
bool map_is_like(const struct vm_map_def *like, const struct vm_map_def *inner);

/* For kinds whose values no program reaches. */
void *map_lookup_nothing(struct vm_map *m, const void *key, uint32_t cpu);

/* Shared by the kinds that are arrays (array.c). */
int map_array_check(const struct vm_map_def *d, struct strbuf *why);
int map_fd_array_check(const struct vm_map_def *d, struct strbuf *why);
int map_array_next_key(struct vm_map *m, const void *key, void *ret_key);

/* BPF_ANY, NOEXIST, EXIST against whether there is such an element. */
static inline int map_check_exists(uint64_t flags, bool is_there)
{
	if (is_there && (flags & ~(uint64_t)BPF_F_LOCK) == BPF_NOEXIST)
		return -EEXIST;
	if (!is_there && (flags & ~(uint64_t)BPF_F_LOCK) == BPF_EXIST)
		return -ENOENT;
	return 0;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Zero bytes, aligned to 64 at least; much is taken from the system page by page when touched.
 * NULL: no room. */
void *map_memory_alloc(size_t size_b);
void map_memory_free(void *p, size_t size_b);
/* The same for what machine code reaches without a call: vm_map.values. */
void *map_values_alloc(size_t size_b);
void map_values_free(void *p, size_t size_b);

/* ---- copies ----------------------------------------------------------------------------------
 * Values are read while they are written, as in the kernel. Whole words are moved at once, so that
 * nobody sees half of an aligned 8-byte number. `map` is aligned to 8 and has room for whole
 * words; the other side is anybody's memory. */

static inline void map_copy_in(void *map, const void *from, size_t n)
{
	uint64_t *to = map, word = 0;
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		memcpy(&word, (const char *)from + i, 8);
		__atomic_store_n(to++, word, __ATOMIC_RELAXED);
	}
	if (i < n) {
		word = 0;
		memcpy(&word, (const char *)from + i, n - i);
		__atomic_store_n(to, word, __ATOMIC_RELAXED);
	}
}

static inline void map_copy_out(void *to, const void *map, size_t n)
{
	const uint64_t *from = map;
	uint64_t word;
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		word = __atomic_load_n(from++, __ATOMIC_RELAXED);
		memcpy((char *)to + i, &word, 8);
	}
	if (i < n) {
		word = __atomic_load_n(from, __ATOMIC_RELAXED);
		memcpy((char *)to + i, &word, n - i);
	}
}

static inline void map_clear(void *map, size_t n)
{
	uint64_t *to = map;

	for (size_t i = 0; i < n; i += 8)
		__atomic_store_n(to++, 0, __ATOMIC_RELAXED);
}

/* The same for a whole value, whose locks and timers (vm/maps/fields.c) stay as they are on the
 * way in and are zeros on the way out. `flags` with BPF_F_LOCK: under the value's own lock. */
void map_value_in_fields(const struct vm_map *m, void *map, const void *from, uint64_t flags);
void map_value_out_fields(const struct vm_map *m, void *to, const void *map);

static inline void map_value_in(const struct vm_map *m, void *map, const void *from, uint64_t flags)
{
	if (m->n_fields)
		map_value_in_fields(m, map, from, flags);
	else
		map_copy_in(map, from, m->def.value_size_b);
}

static inline void map_value_out(const struct vm_map *m, void *to, const void *map)
{
	if (m->n_fields)
		map_value_out_fields(m, to, map);
	else
		map_copy_out(to, map, m->def.value_size_b);
}

/* Find them in the value's type. 0, or -errno with a line in `why`. */
int map_fields_find(struct vm_map *m, struct strbuf *why);

/* ---- a lock ----------------------------------------------------------------------------------
 * Four bytes, one exchange to take and one to give back while nobody waits. */

struct map_lock {
	uint32_t state; /* 0: free, 1: held, 2: held, and somebody may be asleep */
};

void map_lock_wait(struct map_lock *l);

static inline void map_lock(struct map_lock *l)
{
	uint32_t is_free = 0;

	if (!__atomic_compare_exchange_n(&l->state, &is_free, 1, false, __ATOMIC_ACQUIRE,
	                                 __ATOMIC_RELAXED))
		map_lock_wait(l);
}

static inline void map_unlock(struct map_lock *l)
{
	if (__atomic_exchange_n(&l->state, 0, __ATOMIC_RELEASE) == 2)
		syscall(SYS_futex, &l->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

#endif
