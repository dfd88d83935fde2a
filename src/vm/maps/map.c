/* The part that all kinds of maps share: the table of kinds, creation, and the calls of bpf(2) with
 * their permissions. In kernel/bpf/syscall.c this is map_create() and the map_*_elem() functions.
 */
#include "vm/maps/internal.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>

#define SMALL_B 4096 /* less comes from malloc */

const struct vm_map_ops *vm_map_kind(uint32_t type)
{
	switch (type) {
#define KIND(type, name, symbol, what, differs)                                                    \
	case BPF_MAP_TYPE_##type:                                                                  \
		return &symbol.ops;
#include "vm/maps/kinds.def"
#undef KIND
	}
	return NULL;
}

/* ---- help for the kinds ---------------------------------------------------------------------- */

int map_refuse(int err, struct strbuf *why, const char *fmt, ...)
{
	va_list ap;

	if (!why)
		return err;
	va_start(ap, fmt);
	sb_vaddf(why, fmt, ap);
	va_end(ap);
	return err;
}

int map_check_flags(const struct vm_map_def *d, uint32_t allowed, struct strbuf *why)
{
	const uint32_t both = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;

	if (d->flags & ~allowed)
		return map_refuse(-EINVAL, why, "flags 0x%x are not for this kind of map",
		                  d->flags & ~allowed);
	if ((d->flags & both) == both)
		return map_refuse(-EINVAL, why, "no program could read or write it");
	return 0;
}

void *map_lookup_nothing(struct vm_map *m, const void *key, uint32_t cpu)
{
	(void)m, (void)key, (void)cpu;
	return NULL;
}

void *map_memory_alloc(size_t size_b)
{
	void *p;

	if (size_b < SMALL_B) {
		size_b = round_up_b(size_b ? size_b : 1, 64);
		p = aligned_alloc(64, size_b);
		return p ? memset(p, 0, size_b) : NULL;
	}
	p = mmap(NULL, size_b, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	         -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

void map_memory_free(void *p, size_t size_b)
{
	if (p && size_b >= SMALL_B)
		munmap(p, size_b);
	else
		free(p);
}

void *map_values_alloc(size_t size_b)
{
#ifdef MAP_32BIT
	/* Machine code names values by their addresses: in the first 2 GiB these are operands of
	 * instructions, anywhere else they are loaded first. */
	void *p = mmap(NULL, size_b, PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT, -1, 0);

	if (p != MAP_FAILED)
		return p;
#endif
	return map_memory_alloc(size_b < SMALL_B ? SMALL_B : size_b);
}

void map_values_free(void *p, size_t size_b)
{
	map_memory_free(p, size_b < SMALL_B ? SMALL_B : size_b);
}

/* The three states are those of U. Drepper, "Futexes Are Tricky", section 6. */
void map_lock_wait(struct map_lock *l)
{
	/* What a lock guards here takes less time than falling asleep. */
	for (int i = 0; i < 100; i++) {
		uint32_t is_free = 0;

		if (!__atomic_load_n(&l->state, __ATOMIC_RELAXED) &&
		    __atomic_compare_exchange_n(&l->state, &is_free, 1, false, __ATOMIC_ACQUIRE,
		                                __ATOMIC_RELAXED))
			return;
	}
	while (__atomic_exchange_n(&l->state, 2, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &l->state, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
}

/* ---- creation -------------------------------------------------------------------------------- */

static int check_common(const struct map_kind *k, const struct vm_map_def *d, struct strbuf *why)
{
	if (d->extra && d->type != BPF_MAP_TYPE_BLOOM_FILTER)
		return map_refuse(-EINVAL, why, "map_extra is for bloom filters");
	if ((d->flags & BPF_F_RDONLY) && (d->flags & BPF_F_WRONLY))
		return map_refuse(-EINVAL, why, "nobody outside could read or write it");
	if (d->init && (d->type != BPF_MAP_TYPE_ARRAY || d->max_entries != 1))
		return map_refuse(-EINVAL, why, "only an array of one has a first value");
	return k->ops.check(d, why);
}

/* Everything of `def` that the map keeps. */
static int keep_def(struct vm_map *m, const struct vm_map_def *def)
{
	struct vm_map_def *inner;

	m->def = *def;
	m->def.inits = NULL;
	m->def.n_inits = 0;
	m->def.init = NULL;
	m->def.inner = NULL;
	m->def.name = strdup(def->name ? def->name : "");
	if (!m->def.name)
		return -ENOMEM;
	if (def->inner) {
		inner = malloc(sizeof(*inner));
		if (!inner)
			return -ENOMEM;
		*inner = *def->inner;
		m->def.inner = inner;
		inner->inner = NULL;
		inner->inits = NULL;
		inner->n_inits = 0;
		inner->init = NULL;
		inner->name = strdup(inner->name ? inner->name : "");
		if (!inner->name)
			return -ENOMEM;
	}
	return 0;
}

static void drop_def(struct vm_map *m)
{
	if (m->def.inner)
		free((char *)m->def.inner->name);
	free((struct vm_map_def *)m->def.inner);
	free((char *)m->def.name);
}

int vm_map_create(const struct vm_map_def *def, uint32_t n_cpus, struct vm_map **ret,
                  struct strbuf *why)
{
	static uint32_t last_id; /* what is unique in the process belongs to the process */
	const struct map_kind *k = (const struct map_kind *)vm_map_kind(def->type);
	struct vm_map *m;
	int err;

	if (!k)
		return map_refuse(-EINVAL, why, "this machine has no maps of kind %u", def->type);
	err = check_common(k, def, why);
	if (err)
		return err;
	m = aligned_alloc(64, round_up_b(k->size_b, 64));
	if (!m)
		return map_refuse(-ENOMEM, why, "out of memory");
	memset(m, 0, k->size_b);
	m->ops = &k->ops;
	m->n_cpus = n_cpus ? n_cpus : 1;
	err = keep_def(m, def);
	if (!err)
		err = map_fields_find(m, why);
	if (!err) {
		err = k->ops.create(m);
		if (err)
			map_refuse(err, why, "cannot be made: %s", strerror(-err));
	}
	if (err) {
		free(m->fields);
		drop_def(m);
		free(m);
		return err;
	}
	if (def->init)
		memcpy(m->values, def->init, def->value_size_b);
	m->is_frozen = def->is_frozen;
	m->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	*ret = m;
	return 0;
}

void vm_map_destroy(struct vm_map *m)
{
	if (!m)
		return;
	m->ops->destroy(m);
	free(m->fields);
	drop_def(m);
	free(m);
}

/* ---- for programs ---------------------------------------------------------------------------- */

void *vm_map_lookup(struct vm_map *m, const void *key, uint32_t cpu)
{
	return m->ops->lookup(m, key, cpu);
}

int vm_map_update(struct vm_map *m, const void *key, const void *value, uint64_t flags,
                  uint32_t cpu)
{
	return m->ops->update ? m->ops->update(m, key, value, flags, cpu)
	                      : map_kind_of(m)->no_update;
}

int vm_map_remove(struct vm_map *m, const void *key)
{
	return m->ops->remove ? m->ops->remove(m, key) : map_kind_of(m)->no_remove;
}

int vm_map_push(struct vm_map *m, const void *value, uint64_t flags)
{
	return m->ops->push ? m->ops->push(m, value, flags) : map_kind_of(m)->no_push;
}

int vm_map_pop(struct vm_map *m, void *ret_value)
{
	return m->ops->pop ? m->ops->pop(m, ret_value) : map_kind_of(m)->no_pop;
}

int vm_map_peek(struct vm_map *m, void *ret_value)
{
	return m->ops->peek ? m->ops->peek(m, ret_value) : map_kind_of(m)->no_peek;
}

int64_t vm_map_each(struct vm_map *m, uint32_t cpu, vm_map_visit_fn *fn, void *arg)
{
	const struct map_kind *k = map_kind_of(m);

	return k->each ? k->each(m, cpu, fn, arg) : -EINVAL;
}

/* ---- from outside ---------------------------------------------------------------------------- */

static bool may_read(const struct vm_map *m)
{
	return !(m->def.flags & BPF_F_WRONLY);
}

static bool may_write(const struct vm_map *m)
{
	return !(m->def.flags & BPF_F_RDONLY) && !__atomic_load_n(&m->is_frozen, __ATOMIC_ACQUIRE);
}

/* Kinds without keys are asked without one. */
static bool is_key(const struct vm_map *m, const void *key)
{
	return m->def.key_size_b ? key != NULL : key == NULL;
}

size_t vm_map_value_bytes(const struct vm_map *m)
{
	if (map_kind_of(m)->is_percpu)
		return round_up_b(m->def.value_size_b, 8) * m->n_cpus;
	return m->def.value_size_b;
}

int vm_map_read(struct vm_map *m, const void *key, void *ret_value)
{
	const struct map_kind *k = map_kind_of(m);
	size_t step_b = round_up_b(m->def.value_size_b, 8);
	const void *value;

	if (!may_read(m))
		return -EPERM;
	if (!is_key(m, key))
		return -EINVAL;
	if (k->no_read)
		return k->no_read;
	if (k->read)
		return k->read(m, key, ret_value);
	if (!k->is_percpu) {
		value = m->ops->lookup(m, key, 0);
		if (!value)
			return -ENOENT;
		map_value_out(m, ret_value, value);
		return 0;
	}
	for (uint32_t cpu = 0; cpu < m->n_cpus; cpu++) {
		value = m->ops->lookup(m, key, cpu);
		if (!value)
			return -ENOENT;
		map_copy_out((char *)ret_value + cpu * step_b, value, step_b);
	}
	return 0;
}

int vm_map_write(struct vm_map *m, const void *key, const void *value, uint64_t flags)
{
	const struct map_kind *k = map_kind_of(m);

	if (!may_write(m))
		return -EPERM;
	if (((flags & BPF_F_LOCK) && !m->has_lock) || !is_key(m, key))
		return -EINVAL;
	return k->write ? k->write(m, key, value, flags) : vm_map_update(m, key, value, flags, 0);
}

int vm_map_erase(struct vm_map *m, const void *key)
{
	if (!may_write(m))
		return -EPERM;
	return is_key(m, key) ? vm_map_remove(m, key) : -EINVAL;
}

int vm_map_take(struct vm_map *m, const void *key, void *ret_value)
{
	const struct map_kind *k = map_kind_of(m);

	if (!may_read(m) || !may_write(m))
		return -EPERM;
	if (!is_key(m, key))
		return -EINVAL;
	return k->take ? k->take(m, key, ret_value) : -ENOTSUPP;
}

int vm_map_next_key(struct vm_map *m, const void *key, void *ret_key)
{
	if (!may_read(m))
		return -EPERM;
	if (key && !is_key(m, key))
		return -EINVAL;
	return m->ops->next_key ? m->ops->next_key(m, key, ret_key) : map_kind_of(m)->no_next_key;
}

int vm_map_freeze(struct vm_map *m)
{
	if (m->n_fields)
		return -ENOTSUPP;
	if (!may_write(m))
		return -EPERM;
	__atomic_store_n(&m->is_frozen, true, __ATOMIC_RELEASE);
	return 0;
}

/* What maps of maps ask of a member: bpf_map_meta_equal(). */
bool map_is_like(const struct vm_map_def *like, const struct vm_map_def *inner)
{
	const struct map_kind *k = (const struct map_kind *)vm_map_kind(like->type);

	if (like->type != inner->type || like->key_size_b != inner->key_size_b ||
	    like->value_size_b != inner->value_size_b || like->flags != inner->flags)
		return false;
	return !k->is_like || k->is_like(like, inner);
}

int vm_map_set_map(struct vm_map *m, const void *key, struct vm_map *inner, uint64_t flags)
{
	const struct map_kind *k = map_kind_of(m);

	if (!may_write(m))
		return -EPERM;
	if (!k->set_map || !is_key(m, key))
		return -EINVAL;
	return k->set_map(m, key, inner, flags);
}
