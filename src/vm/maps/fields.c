/* Members of a value that belong to the machine, not to whoever copies values: locks, timers,
 * kernel pointers, heads of lists. BTF of the value says where they are (btf_parse_fields() in the
 * kernel). A copy into a map leaves them alone, a copy out of it shows zeros. */
#include "vm/maps/internal.h"

#include <sched.h>
#include <stdlib.h>

#include "types/btf.h"

static const struct {
	const char *name;
	uint32_t size_b; /* UAPI linux/bpf.h */
	uint32_t kind;
} special[] = {
    {"bpf_spin_lock", 4, FIELD_LOCK},  {"bpf_res_spin_lock", 4, FIELD_LOCK},
    {"bpf_timer", 16, FIELD_TIMER},    {"bpf_wq", 16, FIELD_TIMER},
    {"bpf_task_work", 8, FIELD_TIMER}, {"bpf_refcount", 4, FIELD_POINTER},
    {"bpf_list_head", 16, FIELD_LIST}, {"bpf_rb_root", 16, FIELD_LIST},
};

enum { FIELDS_MAX = 11, /* BTF_FIELDS_MAX of the kernel */ NESTING_MAX = 8, TYPES_MAX = 1 << 20 };

/* `is_lock`: the one that BPF_F_LOCK takes. */
static int field_add(struct vm_map *m, uint32_t at, uint32_t size_b, uint32_t kind, bool is_lock,
                     struct strbuf *why)
{
	struct vm_map_field *f;

	if (at > m->def.value_size_b || size_b > m->def.value_size_b - at || at % 4)
		return map_refuse(-EINVAL, why, "a lock or timer at byte %u is not in the value",
		                  at);
	if (m->def.flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		return map_refuse(-EACCES, why,
		                  "values with locks or timers must be readable and writable");
	if (!(map_kind_of(m)->fields & kind))
		return map_refuse(-EOPNOTSUPP, why, "no %s in values of this kind",
		                  kind == FIELD_LOCK      ? "locks"
		                  : kind == FIELD_TIMER   ? "timers"
		                  : kind == FIELD_POINTER ? "kernel pointers"
		                                          : "lists or trees");
	if (is_lock && m->has_lock)
		return map_refuse(-E2BIG, why, "a value has one bpf_spin_lock at most");
	if (m->n_fields == FIELDS_MAX)
		return map_refuse(-E2BIG, why, "a value has at most %d locks, timers, pointers",
		                  FIELDS_MAX);
	f = reallocarray(m->fields, m->n_fields + 1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	m->fields = f;
	m->fields[m->n_fields++] = (struct vm_map_field){at, size_b};
	if (is_lock) {
		m->has_lock = true;
		m->lock_off_b = at;
	}
	return 0;
}

/* A pointer with a tag that makes it the kernel's own: __kptr, __kptr_untrusted, __percpu_kptr. */
static bool is_kernel_pointer(struct btf_file *btf, uint32_t pointee)
{
	struct btf_record r;
	const char *name;

	if (!btf_get(btf, pointee, &r) || r.kind != BTF_KIND_TYPE_TAG)
		return false;
	name = btf_string(btf, r.name_off);
	return !strcmp(name, "kptr") || !strcmp(name, "kptr_untrusted") ||
	       !strcmp(name, "percpu_kptr") || !strcmp(name, "uptr");
}

struct walk {
	struct vm_map *m;
	struct strbuf *why;
	uint32_t n_left; /* types to be looked at: hostile BTF nests without end */
};

static int find_in(struct walk *w, uint32_t id, uint32_t at, unsigned depth)
{
	struct btf_file *btf = w->m->def.btf;
	const struct btf_var_secinfo *vars;
	const struct btf_member *members;
	struct btf_record r;
	int err = 0;

	do {
		if (!btf_get(btf, id, &r))
			return 0;
		if (!w->n_left--)
			return map_refuse(-E2BIG, w->why, "the value's type has too many members");
		id = r.size_or_type;
	} while (r.kind == BTF_KIND_TYPEDEF || r.kind == BTF_KIND_CONST ||
	         r.kind == BTF_KIND_VOLATILE || r.kind == BTF_KIND_RESTRICT ||
	         r.kind == BTF_KIND_TYPE_TAG || r.kind == BTF_KIND_VAR);
	if (r.kind == BTF_KIND_PTR && is_kernel_pointer(btf, r.size_or_type))
		return field_add(w->m, at, 8, FIELD_POINTER, false, w->why);
	if (depth > NESTING_MAX)
		return 0;
	vars = r.extra;
	for (uint32_t i = 0; r.kind == BTF_KIND_DATASEC && i < r.vlen && !err; i++)
		err = find_in(w, vars[i].type, vars[i].offset, depth + 1);
	if (r.kind != BTF_KIND_STRUCT)
		return err;
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (!strcmp(btf_string(btf, r.name_off), special[i].name))
			return field_add(w->m, at, special[i].size_b, special[i].kind, i == 0,
			                 w->why);
	members = r.extra;
	for (uint32_t i = 0; i < r.vlen && !err; i++) {
		uint32_t bits =
		    r.kflag ? BTF_MEMBER_BIT_OFFSET(members[i].offset) : members[i].offset;

		err = find_in(w, members[i].type, at + bits / 8, depth + 1);
	}
	return err;
}

static int by_offset(const void *a, const void *b)
{
	const struct vm_map_field *x = a, *y = b;

	return x->off_b < y->off_b ? -1 : x->off_b > y->off_b;
}

int map_fields_find(struct vm_map *m, struct strbuf *why)
{
	struct walk w = {.m = m, .why = why, .n_left = TYPES_MAX};
	int err;

	if (!m->def.btf || !m->def.value_type || !m->def.value_size_b)
		return 0;
	err = find_in(&w, m->def.value_type, 0, 0);
	if (err || !m->n_fields)
		return err;
	qsort(m->fields, m->n_fields, sizeof(*m->fields), by_offset);
	return 0;
}

/* ---- copies around them ---------------------------------------------------------------------- */

static void copy_bytes(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		__atomic_store_n((char *)to + i,
		                 __atomic_load_n((const char *)from + i, __ATOMIC_RELAXED),
		                 __ATOMIC_RELAXED);
}

/* Everything between the fields. */
static void copy_between(const struct vm_map *m, char *to, const char *from)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < m->n_fields; i++) {
		copy_bytes(to + at, from + at, m->fields[i].off_b - at);
		at = m->fields[i].off_b + m->fields[i].size_b;
	}
	copy_bytes(to + at, from + at, m->def.value_size_b - at);
}

void map_value_in_fields(const struct vm_map *m, void *map, const void *from, uint64_t flags)
{
	uint32_t *lock = (uint32_t *)((char *)map + m->lock_off_b);

	if (flags & BPF_F_LOCK)
		vm_spin_lock(lock);
	copy_between(m, map, from);
	if (flags & BPF_F_LOCK)
		vm_spin_unlock(lock);
}

void map_value_out_fields(const struct vm_map *m, void *to, const void *map)
{
	copy_between(m, to, map);
	for (uint32_t i = 0; i < m->n_fields; i++)
		memset((char *)to + m->fields[i].off_b, 0, m->fields[i].size_b);
}

void vm_spin_lock(uint32_t *lock)
{
	for (unsigned spins = 1; __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE); spins++)
		/* Its holder may be waiting for this very CPU. */
		if (spins % 64 == 0)
			sched_yield();
}

void vm_spin_unlock(uint32_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}
