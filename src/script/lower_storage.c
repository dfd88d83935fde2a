/* Where values live: read-only data, per-CPU scratch memory, temporaries, and the image's maps.
 *
 * Scalars share one array (or one per-CPU value for aggregations), keyed variables have a map each;
 * what does not fit the stack lies in scratch memory of the program's own. Look-ups that a whole
 * function uses stand in its prologue. */
#include "script/lower.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"

enum {
	STACK_BUDGET_B = 256,
	/* Larger per-CPU values (histograms) are not refilled fast enough when many keys are new
	 * at once: of 4000 in a row, 6.18 refuses 3951. */
	GROWS_PER_CPU_B = 64,
	/* But room for thousands of long rings would be too much. */
	RESERVED_PER_CPU_B = 32 << 20,
};

uint32_t lower_rodata(struct lower *l, const void *bytes, size_t len_b, uint32_t align_b)
{
	uint32_t off;

	l->has_rodata = true;
	sb_pad(&l->rodata_bytes, '\0', (align_b - l->rodata_bytes.n % align_b) % align_b);
	off = (uint32_t)l->rodata_bytes.n;
	sb_add(&l->rodata_bytes, bytes, len_b);
	return off;
}

struct ir_inst *lower_rodata_addr(struct lower *l, uint32_t off_b)
{
	return ir_map_value(&l->b, l->rodata, off_b);
}

/* getopt() of a script that is kept: the default's bytes, for others to be put in their place. */
struct value lower_option(struct lower *l, struct node *call)
{
	const struct node *dflt = call->n_args > 1 ? call->args[1] : NULL;
	const struct type *t = call->type;
	struct image_option *o = NULL;
	struct ir_inst *at;

	vec_each (known, &l->img->options)
		if (!strcmp(known->name, call->args[0]->string))
			o = known;
	if (!o) {
		char *bytes = arena_alloc(l->a, t->size_b);

		if (t->kind == TYPE_STRING)
			strncpy(bytes, dflt->string, t->size_b - 1);
		else if (dflt)
			memcpy(bytes, &dflt->number, t->size_b);
		o = vec_add(l->a, &l->img->options);
		*o = (struct image_option){.name = call->args[0]->string,
		                           .description =
		                               call->n_args > 2 ? call->args[2]->string : NULL,
		                           .kind = t->kind,
		                           .is_signed = t->is_signed,
		                           .off_b = lower_rodata(l, bytes, t->size_b, 8),
		                           .size_b = t->size_b};
	}
	at = lower_rodata_addr(l, o->off_b);
	return t->kind == TYPE_STRING ? value_mem(t, at, 8)
	                              : value_reg(t, ir_load(&l->b, at, 0, (uint8_t)t->size_b,
	                                                     t->is_signed, PTR_NONE));
}

struct ir_inst *lower_zeros(struct lower *l, uint32_t size_b)
{
	if (size_b > l->zeros_size_b) {
		char *zeros = arena_alloc(l->a, size_b);

		l->zeros_off_b = lower_rodata(l, zeros, size_b, 8);
		l->zeros_size_b = size_b;
	}
	return lower_rodata_addr(l, l->zeros_off_b);
}

/* A look-up of an array map's only entry in the function's prologue. */
static struct ir_inst *prologue_lookup(struct lower *l, uint32_t map)
{
	struct ir_builder *p = &l->fn->pro;
	struct ir_inst *key = ir_slot_addr(p, ir_slot_new(p, 4, 4, "zero"));
	struct ir_block *go_on = ir_block_add(l->fn->f);
	struct ir_inst *base;

	ir_store(p, key, 0, 4, ir_const(p, 0));
	base = ir_callv(p, BPF_FUNC_map_lookup_elem, PTR_VALUE, ir_map(p, map), key);
	/* never null, but the verifier cannot know */
	ir_branch(p, COND_EQ, base, ir_const(p, 0), l->fn->pro_end, go_on);
	ir_seal(go_on);
	p->block = go_on;
	return base;
}

struct ir_inst *lower_cpu_globals(struct lower *l, uint32_t image_map)
{
	struct lower_func *fn = l->fn;

	if (!fn->cpu_globals)
		fn->cpu_globals = arena_array(l->a, struct ir_inst *, l->cpu_globals.n);
	for (size_t i = 0; i < l->cpu_globals.n; i++) {
		if (l->cpu_globals.items[i] != image_map)
			continue;
		if (!fn->cpu_globals[i])
			fn->cpu_globals[i] = prologue_lookup(l, image_map);
		return fn->cpu_globals[i];
	}
	assert(!"no such per-CPU globals map");
	return NULL;
}

uint32_t lower_scratch_alloc(struct lower *l, uint32_t size_b)
{
	uint32_t off = (l->scratch_used + 7) & ~7u;

	if (size_b > SCRATCH_CHUNK_B) {
		diag_error(l->u->diag, E_LIMIT, l->b.at,
		           "%u bytes do not fit the scratch memory of a program (at most %u)",
		           size_b, SCRATCH_CHUNK_B);
		size_b = SCRATCH_CHUNK_B;
	}
	if (off / SCRATCH_CHUNK_B != (off + size_b - 1) / SCRATCH_CHUNK_B)
		off = (off / SCRATCH_CHUNK_B + 1) * SCRATCH_CHUNK_B;
	l->scratch_used = off + size_b;
	if (l->scratch_used > l->scratch_high)
		l->scratch_high = l->scratch_used;
	while (l->scratch_maps.n <= (l->scratch_high - 1) / SCRATCH_CHUNK_B) {
		struct image_map *m = vec_add(l->a, &l->img->maps);

		m->role = MAP_SCRATCH;
		m->name = arena_printf(l->a, "scratch%u.%zu", l->program, l->scratch_maps.n);
		m->type = BPF_MAP_TYPE_PERCPU_ARRAY;
		m->key_size_b = 4;
		m->max_entries = 1;
		vec_push(l->a, &l->scratch_maps, (uint32_t)l->img->maps.n - 1);
	}
	return off;
}

struct ir_inst *lower_scratch_at(struct lower *l, uint32_t off_b)
{
	struct lower_func *fn = l->fn;
	uint32_t chunk = off_b / SCRATCH_CHUNK_B;

	if (chunk >= fn->n_scratch) {
		struct ir_inst **more = arena_array(l->a, struct ir_inst *, chunk + 4);

		if (fn->n_scratch)
			memcpy(more, fn->scratch, fn->n_scratch * sizeof(*more));
		fn->scratch = more;
		fn->n_scratch = chunk + 4;
	}
	if (!fn->scratch[chunk])
		fn->scratch[chunk] = prologue_lookup(l, l->scratch_maps.items[chunk]);
	return ir_bin_imm(&l->b, IR_ADD, fn->scratch[chunk], off_b % SCRATCH_CHUNK_B);
}

static uint32_t stack_used(const struct ir_func *f)
{
	uint32_t sum = 0;

	vec_each (s, &f->slots)
		sum += (s->size_b + 7) & ~7u;
	return sum;
}

struct ir_inst *lower_temp(struct lower *l, uint32_t size_b, const char *name)
{
	uint32_t limit = (uint32_t)l->opts->config.on_stack_limit;
	uint32_t budget = l->fn->outer ? STACK_BUDGET_B / 2 : STACK_BUDGET_B;

	if (limit < 16)
		limit = 16;
	if (size_b <= limit && stack_used(l->fn->f) + size_b <= budget)
		return ir_slot_addr(&l->b, ir_slot_new(&l->b, (size_b + 7) & ~7u, 8, name));
	return lower_scratch_at(l, lower_scratch_alloc(l, size_b));
}

/* ---- maps of the image ----------------------------------------------------------------------- */

uint32_t lower_add_map(struct lower *l, enum map_role role, const char *name, uint32_t type,
                       uint32_t key_b, uint32_t value_b, uint32_t entries)
{
	struct image_map *m = vec_add(l->a, &l->img->maps);

	m->role = role;
	m->name = name;
	m->type = type;
	m->key_size_b = key_b;
	m->value_size_b = value_b;
	m->max_entries = entries;
	m->is_frozen = role == MAP_RODATA;
	return (uint32_t)l->img->maps.n - 1;
}

/* Programs that the kernel's allocators run must not make them allocate: the stock of a map that
 * grows is refilled by what they trace, and each refill would use up another element. */
static bool may_grow(const struct lower *l)
{
	if (!l->opts->target.has_mem_alloc)
		return false;
	vec_each (p, &l->u->probes)
		vec_each (t, &(*p)->targets)
			if (t->category &&
			    (t->kind == PROBE_TRACEPOINT || t->kind == PROBE_RAWTRACEPOINT) &&
			    (!strcmp(t->category, "kmem") || !strcmp(t->category, "percpu")))
				return false;
	return true;
}

/* The map that keeps stacks of this size, made on first use. */
uint32_t lower_stacks_map(struct lower *l, uint32_t value_size_b)
{
	uint32_t i;

	for (i = 0; i < l->img->maps.n; i++)
		if (l->img->maps.items[i].role == MAP_STACKS &&
		    l->img->maps.items[i].value_size_b == value_size_b)
			return i;
	i = lower_add_map(l, MAP_STACKS, "stacks", BPF_MAP_TYPE_HASH, 8, value_size_b,
	                  (uint32_t)l->opts->config.max_stacks);
	if (may_grow(l))
		vec_last(&l->img->maps).flags = BPF_F_NO_PREALLOC;
	return i;
}

/* Kernel object names allow [A-Za-z0-9_.] and 15 characters. */
static const char *kernel_name(struct lower *l, const char *name)
{
	char *s = arena_strdup(l->a, name[0] == '@' ? name + 1 : name);

	if (!*s)
		return "AT_";
	if (strlen(s) > 15)
		s[15] = '\0';
	return s;
}

static void place_scalar(struct lower *l, struct image_var *v)
{
	uint32_t size = (image_value_size(v->value) + 7) & ~7u;

	if (!type_is_agg(v->value)) {
		v->map = l->globals;
		v->off_b = l->globals_used;
		l->globals_used += size;
		l->has_globals = true;
		return;
	}
	v->is_per_cpu = true;
	if (!l->cpu_globals.n || vec_last(&l->cpu_globals_used) + size > SCRATCH_CHUNK_B) {
		uint32_t m = lower_add_map(l, MAP_CPU_GLOBALS, "cpu_globals",
		                           BPF_MAP_TYPE_PERCPU_ARRAY, 4, 0, 1);

		vec_push(l->a, &l->cpu_globals, m);
		vec_push(l->a, &l->cpu_globals_used, 0);
	}
	v->map = vec_last(&l->cpu_globals);
	v->off_b = vec_last(&l->cpu_globals_used);
	vec_last(&l->cpu_globals_used) += size;
}

static uint32_t keyed_map_type(const struct map *m, bool *ret_per_cpu)
{
	const char *kind = m->declared_kind ? m->declared_kind : "";
	bool is_agg = type_is_agg(m->value);

	*ret_per_cpu = is_agg || !strcmp(kind, "percpuhash") || !strcmp(kind, "percpulruhash");
	if (!strcmp(kind, "lruhash"))
		return is_agg ? BPF_MAP_TYPE_LRU_PERCPU_HASH : BPF_MAP_TYPE_LRU_HASH;
	if (!strcmp(kind, "percpulruhash"))
		return BPF_MAP_TYPE_LRU_PERCPU_HASH;
	return *ret_per_cpu ? BPF_MAP_TYPE_PERCPU_HASH : BPF_MAP_TYPE_HASH;
}

static bool grows(const struct map *m, uint64_t entries)
{
	uint64_t value_b = image_value_size(m->value);

	return value_b <= GROWS_PER_CPU_B || value_b * entries > RESERVED_PER_CPU_B;
}

void lower_make_vars(struct lower *l)
{
	l->globals = lower_add_map(l, MAP_GLOBALS, "globals", BPF_MAP_TYPE_ARRAY, 4, 0, 1);
	l->rodata = lower_add_map(l, MAP_RODATA, "rodata", BPF_MAP_TYPE_ARRAY, 4, 0, 1);
	l->ring = lower_add_map(
	    l, l->opts->target.has_ringbuf ? MAP_RING : MAP_PERF, "events",
	    l->opts->target.has_ringbuf ? BPF_MAP_TYPE_RINGBUF : BPF_MAP_TYPE_PERF_EVENT_ARRAY,
	    l->opts->target.has_ringbuf ? 0 : 4, l->opts->target.has_ringbuf ? 0 : 4, 0);
	l->lost = lower_add_map(l, MAP_LOST, "lost", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1);
	l->globals_used = 8; /* `elapsed` begins */
	l->img->start_ns_off_b = UINT32_MAX;
	l->var_of_map = arena_array(l->a, uint32_t, l->u->maps.n + 1);
	vec_each (mp, &l->u->maps) {
		struct map *m = *mp;
		struct image_var v = {
		    .name = m->name, .key = m->is_keyed ? m->key : NULL, .value = m->value};

		if (!m->value || m->value->kind == TYPE_NONE || (m->is_keyed && !m->key)) {
			l->var_of_map[m->id] = UINT32_MAX; /* declared, never used */
			continue;
		}
		if (m->is_keyed) {
			uint32_t type = keyed_map_type(m, &v.is_per_cpu);
			uint64_t entries = m->declared_entries ? m->declared_entries
			                                       : l->opts->config.max_map_keys;
			/* The kernel makes no map of values without bytes, such as (). */
			uint32_t value_b = image_value_size(m->value);

			v.map =
			    lower_add_map(l, MAP_KEYED, kernel_name(l, m->name), type,
			                  m->key->size_b, value_b ? value_b : 1, (uint32_t)entries);
			/* Room for all keys at once costs start-up time and memory; where the
			 * kernel's allocator works in any context, let maps grow. LRU maps must be
			 * preallocated. */
			if (may_grow(l) &&
			    (type == BPF_MAP_TYPE_HASH ||
			     (type == BPF_MAP_TYPE_PERCPU_HASH && grows(m, entries))))
				vec_last(&l->img->maps).flags = BPF_F_NO_PREALLOC;
		} else {
			place_scalar(l, &v);
		}
		l->var_of_map[m->id] = (uint32_t)l->img->vars.n;
		vec_push(l->a, &l->img->vars, v);
	}
}

void lower_finish_maps(struct lower *l)
{
	struct image *img = l->img;
	struct image_map *m;

	img->maps.items[l->globals].value_size_b = l->globals_used;
	m = &img->maps.items[l->rodata];
	m->value_size_b = (uint32_t)l->rodata_bytes.n;
	m->init = arena_memdup(l->a, sb_str(&l->rodata_bytes), l->rodata_bytes.n);
	for (size_t i = 0; i < l->cpu_globals.n; i++)
		img->maps.items[l->cpu_globals.items[i]].value_size_b =
		    l->cpu_globals_used.items[i];
	m = &img->maps.items[l->lost];
	m->max_entries = img->programs.n ? (uint32_t)img->programs.n : 1;
	img->maps.items[l->rodata].is_unused = !l->has_rodata;
	img->maps.items[l->globals].is_unused =
	    !l->has_globals && img->start_ns_off_b == UINT32_MAX;
	img->maps.items[l->lost].is_unused = !l->has_lost;
	img->maps.items[l->ring].is_unused = !l->has_ring;
	lower_objects_end(l);
}
