/* Lowering, the top: probes to programs, and the services every part of lowering uses.
 *
 * In: an inferred unit. Out: an image. Each program is built as IR, optimized and emitted before
 * the next is begun.
 *
 * The trick worth knowing: probes on `tracepoint:syscalls:*` do not become perf-event tracepoints.
 * All of them together become one program on the raw tracepoint sys_enter (sys_exit) that
 * dispatches on the system call's number: an event costs 15 ns less, and attaching and detaching
 * hundreds costs as much as one. */
#include "script/lower.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "bpf/disasm.h"
#include "script/lower_arch.h"
#include "script/stages.h"

enum {
	/* UAPI values newer than some installed headers */
	ATTACH_TYPE_TRACE_RAW_TP = 23,
	ATTACH_TYPE_TRACE_FENTRY = 24,
	ATTACH_TYPE_TRACE_FEXIT = 25,
	SYSCALL_TABLE_N = 512,
	SYSCALL_COMPARES = 3, /* up to so many numbers are compared one by one */
	STACK_BUDGET_B = 256,
	STACKS_N = 16384, /* different stacks kept */
	/* Larger per-CPU values (histograms) are not refilled fast enough when many keys are new
	 * at once: of 4000 in a row, 6.18 refuses 3951. */
	GROWS_PER_CPU_B = 64,
};

/* ---- services ------------------------------------------------------------------------------ */

struct ir_inst *lower_ctx(struct lower *l)
{
	return l->fn->ctx;
}

struct ir_block *lower_block(struct lower *l)
{
	return ir_block_add(l->fn->f);
}

void lower_enter(struct lower *l, struct ir_block *to)
{
	ir_seal(to);
	l->b.block = to;
}

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

struct lower_func *lower_func_begin(struct lower *l, struct ir_func *f)
{
	struct lower_func *fn = arena_new(l->a, struct lower_func);
	struct ir_builder out;

	fn->f = f;
	fn->outer = l->fn;
	fn->pro = ir_builder_at_entry(f);
	fn->pro.at = l->b.at;
	fn->body_start = ir_block_add(f);
	fn->pro_end = ir_block_add(f);
	fn->pro_end->is_unlikely = true;
	out = fn->pro;
	out.block = fn->pro_end;
	ir_ret(&out, ir_const(&out, 0));
	fn->failed = fn->pro_end;
	l->fn = fn;
	l->b.func = f;
	l->b.block = fn->body_start;
	return fn;
}

/* Look-ups from here on go to a prologue of their own, at the present place: what a predicate or a
 * dispatcher turns away pays for none of them. `out` is where to go when one fails. */
static void region_begin(struct lower *l, struct ir_block *out)
{
	struct lower_func *fn = l->fn;

	ir_jump(&fn->pro, fn->body_start);
	ir_seal(fn->body_start);
	fn->pro = l->b;
	fn->pro_end = out;
	fn->body_start = ir_block_add(fn->f);
	fn->scratch = NULL;
	fn->n_scratch = 0;
	fn->cpu_globals = NULL;
	l->b.block = fn->body_start;
}

void lower_func_end(struct lower *l)
{
	struct lower_func *fn = l->fn;

	ir_jump(&fn->pro, fn->body_start);
	ir_seal(fn->body_start);
	ir_seal(fn->failed);
	l->fn = fn->outer;
}

/* ---- maps of the image ----------------------------------------------------------------------- */

static uint32_t add_map(struct lower *l, enum map_role role, const char *name, uint32_t type,
			uint32_t key_b, uint32_t value_b, uint32_t entries)
{
	struct image_map *m = vec_add(l->a, &l->img->maps);

	m->role = role;
	m->name = name;
	m->type = type;
	m->key_size_b = key_b;
	m->value_size_b = value_b;
	m->max_entries = entries;
	return (uint32_t)l->img->maps.n - 1;
}

/* The map that keeps stacks of this size, made on first use. */
uint32_t lower_stacks_map(struct lower *l, uint32_t value_size_b)
{
	uint32_t i;

	for (i = 0; i < l->img->maps.n; i++)
		if (l->img->maps.items[i].role == MAP_STACKS &&
		    l->img->maps.items[i].value_size_b == value_size_b)
			return i;
	i = add_map(l, MAP_STACKS, "stacks", BPF_MAP_TYPE_HASH, 8, value_size_b, STACKS_N);
	if (l->opts->target.has_mem_alloc)
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
		uint32_t m = add_map(l, MAP_CPU_GLOBALS, "cpu_globals",
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

static void make_vars(struct lower *l)
{
	l->globals = add_map(l, MAP_GLOBALS, "globals", BPF_MAP_TYPE_ARRAY, 4, 0, 1);
	l->rodata = add_map(l, MAP_RODATA, "rodata", BPF_MAP_TYPE_ARRAY, 4, 0, 1);
	l->ring = add_map(l, l->opts->target.has_ringbuf ? MAP_RING : MAP_PERF, "events",
			  l->opts->target.has_ringbuf ? BPF_MAP_TYPE_RINGBUF
						      : BPF_MAP_TYPE_PERF_EVENT_ARRAY,
			  l->opts->target.has_ringbuf ? 0 : 4, l->opts->target.has_ringbuf ? 0 : 4,
			  0);
	l->lost = add_map(l, MAP_LOST, "lost", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1);
	l->globals_used = 8; /* `elapsed` begins */
	l->img->start_ns_off_b = UINT32_MAX;
	l->var_of_map = arena_array(l->a, uint32_t, l->u->maps.n + 1);
	vec_each (mp, &l->u->maps) {
		struct map *m = *mp;
		struct image_var v = {.name = m->name, .key = m->is_keyed ? m->key : NULL,
				      .value = m->value};

		if (!m->value || m->value->kind == TYPE_NONE || (m->is_keyed && !m->key)) {
			l->var_of_map[m->id] = UINT32_MAX; /* declared, never used */
			continue;
		}
		if (m->is_keyed) {
			uint32_t type = keyed_map_type(m, &v.is_per_cpu);
			uint64_t entries = m->declared_entries ? m->declared_entries
							       : l->opts->config.max_map_keys;

			v.map = add_map(l, MAP_KEYED, kernel_name(l, m->name), type, m->key->size_b,
					image_value_size(m->value), (uint32_t)entries);
			/* Room for all keys at once costs start-up time and memory; where the
			 * kernel's allocator works in any context, let maps grow. LRU maps must be
			 * preallocated. */
			if (l->opts->target.has_mem_alloc &&
			    (type == BPF_MAP_TYPE_HASH || (type == BPF_MAP_TYPE_PERCPU_HASH &&
							   image_value_size(m->value) <=
								   GROWS_PER_CPU_B)))
				vec_last(&l->img->maps).flags = BPF_F_NO_PREALLOC;
		} else {
			place_scalar(l, &v);
		}
		l->var_of_map[m->id] = (uint32_t)l->img->vars.n;
		vec_push(l->a, &l->img->vars, v);
	}
}

/* ---- programs -------------------------------------------------------------------------------- */

/* What a program is, before its bodies are known. */
struct program_plan {
	struct image_program p;
	enum args_source args;
	bool has_btf_loads;
};

static struct image_attach attach_of(const struct probe_target *t, enum attach_kind kind)
{
	return (struct image_attach){
		.kind = kind,
		.name = t->name,
		.category = t->category,
		.func = t->func,
		.path = t->path,
		.off_b = t->off_b,
		.address = t->address,
		.perf_type = t->perf_type,
		.perf_config = t->perf_config,
		.period = t->period,
		.is_frequency = t->is_frequency,
		.tracepoint_id = t->tracepoint_id,
		.n_probes = 1,
	};
}

static void begin_program(struct lower *l, const char *name)
{
	enum ir_ptr ctx = PTR_CTX;
	const struct script_target *t = &l->opts->target;
	struct ir_func *f;

	l->program = (uint32_t)l->img->programs.n;
	l->scratch_used = l->scratch_high = 0;
	memset(&l->scratch_maps, 0, sizeof(l->scratch_maps));
	l->fn = NULL;
	l->loop = NULL;
	l->n_callbacks = 0;
	l->unit = ir_unit_create(l->a, name,
				 (struct ir_target){
					 .has_probe_read_split = t->has_probe_read_split,
					 .has_btf_loads = t->has_btf && t->has_task_btf,
					 .has_alu32 = true,
					 .has_sext = t->has_sext,
					 .has_atomics = t->has_atomics,
				 });
	f = ir_func_add(l->unit, name, 1, &ctx);
	l->b = ir_builder_at_entry(f);
	lower_func_begin(l, f);
	l->fn->ctx = ir_param(&l->fn->pro, 0);
}

/* The kernel lets a program use 64 maps (MAX_USED_MAPS). */
static bool check_map_limit(struct lower *l, const struct image_program *p)
{
	enum { MOST = 64 };
	bool *seen = arena_array(l->a, bool, l->img->maps.n);
	uint32_t n = 0;

	vec_each (r, &p->code.relocs) {
		n += !seen[r->map];
		seen[r->map] = true;
	}
	if (n > MOST)
		diag_error(l->u->diag, E_LIMIT, p->at,
			   "this probe needs %u BPF maps, a program can use %d at most; spread them "
			   "over several probes",
			   n, MOST);
	return n <= MOST;
}

static bool end_program(struct lower *l, struct image_program *p)
{
	struct strbuf *dump = l->opts->dump;
	const char *stages = l->opts->debug_stages ? l->opts->debug_stages : "";
	bool want_ir = dump && (strstr(stages, "ir") || strstr(stages, "all"));
	const char **names;

	if (!ir_is_terminated(&l->b))
		ir_ret(&l->b, ir_const(&l->b, 0));
	lower_func_end(l);
	for (size_t i = 0; i < l->scratch_maps.n; i++) {
		bool is_last = i + 1 == l->scratch_maps.n;
		struct image_map *m = &l->img->maps.items[l->scratch_maps.items[i]];

		m->value_size_b = is_last ? l->scratch_high - (uint32_t)i * SCRATCH_CHUNK_B
					  : SCRATCH_CHUNK_B;
	}
	if (diag_errors(l->u->diag))
		return false;
	if (want_ir) {
		sb_addf(dump, "; program %s, before the passes\n", p->name);
		ir_print(l->unit, dump);
	}
	ir_optimize(l->unit, dump && strstr(stages, "passes") ? dump : NULL);
	if (want_ir) {
		sb_addf(dump, "; program %s, after the passes\n", p->name);
		ir_print(l->unit, dump);
	}
	if (!ir_emit(l->unit, l->u->diag, &p->code))
		return false;
	if (dump && (strstr(stages, "bpf") || strstr(stages, "all"))) {
		sb_addf(dump, "; program %s, %zu instructions, %u bytes of stack\n", p->name,
			p->code.insns.n, p->code.stack_b);
		bpf_disasm(p->code.insns.items, p->code.insns.n, dump);
	}
	if (!check_map_limit(l, p))
		return false;
	names = arena_array(l->a, const char *, l->unit->funcs.n);
	for (size_t i = 0; i < l->unit->funcs.n; i++)
		names[i] = l->unit->funcs.items[i]->name;
	p->func_names = names;
	vec_push(l->a, &l->img->programs, *p);
	return true;
}

/* Names of a probe's targets go to the image (for cookies) and, when the script asks which one
 * fired, to a read-only table. */
static void add_probe_names(struct lower *l, const struct probe *pr)
{
	uint32_t stride = 0;
	char *table;

	l->first_probe_name = (uint32_t)l->img->probe_names.n;
	vec_each (t, &pr->targets) {
		vec_push(l->a, &l->img->probe_names, t->name);
		if (strlen(t->name) + 1 > stride)
			stride = (uint32_t)strlen(t->name) + 1;
	}
	stride = (stride + 7) & ~7u;
	l->probe_name_stride = stride;
	if (!pr->uses_probe_name || pr->targets.n < 2)
		return;
	table = arena_alloc(l->a, stride * pr->targets.n);
	for (size_t i = 0; i < pr->targets.n; i++)
		memcpy(table + i * stride, pr->targets.items[i].name,
		       strlen(pr->targets.items[i].name));
	l->probe_names_off_b = lower_rodata(l, table, stride * pr->targets.n, 8);
}

static bool is_filtered_by_pid(const struct lower *l)
{
	switch (l->probe->kind) {
	case PROBE_KPROBE:
	case PROBE_KRETPROBE:
	case PROBE_FENTRY:
	case PROBE_FEXIT:
	case PROBE_TRACEPOINT:
	case PROBE_RAWTRACEPOINT:
		return l->opts->pid != 0;
	default:
		return false; /* attached to the process, or not about one */
	}
}

/* One probe's predicate and body at the builder's place; control continues in a fresh block. */
static void lower_body(struct lower *l, struct probe *pr)
{
	struct ir_block *out = lower_block(l);

	l->probe = pr;
	lower_vars_begin(l, pr);
	l->b.at = pr->at;
	l->body_exit = out;
	region_begin(l, out);
	if (is_filtered_by_pid(l)) {
		struct ir_block *mine = lower_block(l);

		ir_branch(&l->b, COND_EQ, lower_pid_tgid(l, true, false),
			  ir_const(&l->b, l->opts->pid), mine, out);
		lower_enter(l, mine);
	}
	if (pr->predicate) {
		struct ir_block *yes = lower_block(l);
		uint32_t mark = l->scratch_used;

		lower_cond(l, pr->predicate, yes, out);
		lower_enter(l, yes);
		l->scratch_used = mark;
		region_begin(l, out);
	}
	lower_stmts(l, pr->body);
	if (!ir_is_terminated(&l->b))
		ir_jump(&l->b, out);
	lower_enter(l, out);
}

static const char *program_name(struct lower *l, const struct probe_target *t)
{
	char *s = arena_strdup(l->a, t->func ? t->func : probe_kind_name(t->kind));

	for (char *c = s; *c; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		      (*c >= '0' && *c <= '9') || *c == '_' || *c == '.'))
			*c = '_';
	if (strlen(s) > 15)
		s[15] = '\0';
	return *s ? s : "probe";
}

/* One program for all targets of a probe (they share one body). `target` NULL: several. */
static bool lower_shared(struct lower *l, struct probe *pr, struct image_program p,
			 enum args_source args, enum attach_kind kind,
			 const struct probe_target *only)
{
	const struct probe_target *first = only ? only : &pr->targets.items[0];

	p.name = program_name(l, first);
	p.at = pr->at;
	if (only) {
		l->first_probe_name = (uint32_t)l->img->probe_names.n;
		vec_push(l->a, &l->img->probe_names, only->name);
	} else {
		add_probe_names(l, pr);
	}
	begin_program(l, p.name);
	l->args = args;
	l->target = only ? only : pr->targets.n == 1 ? &pr->targets.items[0] : NULL;
	l->target_index = NULL;
	l->probe = pr;
	if (!l->target && pr->uses_probe_name) {
		p.uses_cookie = true;
		l->target_index = ir_callv(&l->b, BPF_FUNC_get_attach_cookie, PTR_NONE,
					   lower_ctx(l));
		l->target_index = ir_bin_imm(&l->b, IR_SUB, l->target_index, l->first_probe_name);
	}
	lower_body(l, pr);
	for (size_t i = 0; i < (only ? 1 : pr->targets.n); i++) {
		struct image_attach a = attach_of(only ? only : &pr->targets.items[i], kind);

		a.cookie = l->first_probe_name + i;
		vec_push(l->a, &p.attaches, a);
	}
	return end_program(l, &p);
}

/* Attached by BTF id: every target needs a program of its own. */
static bool lower_tracing(struct lower *l, struct probe *pr, uint32_t attach_type)
{
	bool ok = true;

	vec_each (t, &pr->targets) {
		struct image_program p = {.type = BPF_PROG_TYPE_TRACING,
					  .expected_attach_type = attach_type};
		enum attach_kind kind = ATTACH_TRACING;

		if (attach_type == ATTACH_TYPE_TRACE_RAW_TP) {
			kind = ATTACH_BTF_RAW_TRACEPOINT;
			if (!types_find_raw_tracepoint(l->u->types, t->func, &p.attach_btf_id)) {
				p.type = BPF_PROG_TYPE_RAW_TRACEPOINT;
				p.expected_attach_type = 0;
				kind = ATTACH_RAW_TRACEPOINT;
			}
		} else if (!types_find_func(l->u->types, t->func, t->category, &p.attach_btf_id,
					    &p.attach_btf_obj_id, NULL)) {
			diag_error(l->u->diag, E_PROBE_NO_MATCH, pr->at,
				   "No matches for %s.", t->name);
			ok = false;
			continue;
		}
		ok &= lower_shared(l, pr, p, ARGS_SLOTS, kind, t);
	}
	return ok;
}

/* Does the tree have a node that `test` is true of? */
static bool any_node(const struct node *n, bool (*test)(const struct node *))
{
	if (!n)
		return false;
	if (test(n))
		return true;
	for (uint32_t i = 0; i < n->n_args; i++)
		if (any_node(n->args[i], test))
			return true;
	vec_each (s, &n->stmts)
		if (any_node(*s, test))
			return true;
	return false;
}

/* Looks at the tracepoint's record, or at its address. */
static bool is_record(const struct node *n)
{
	return n->kind == NODE_BUILTIN && (n->builtin->id == B_args || n->builtin->id == B_ctx);
}

static bool is_kstack(const struct node *n)
{
	return (n->kind == NODE_BUILTIN && n->builtin->id == B_kstack) ||
	       (n->kind == NODE_CALL && n->function->id == F_kstack);
}

/* From a raw tracepoint, unwinding begins in the program itself and its caller, which costs 140 ns
 * more than from a perf event, where it begins at the tracepoint: more than the event saves. Perf
 * events in turn are slow to attach and detach, so only a few are worth it. */
static bool prefers_perf(const struct probe *pr)
{
	enum { FEW = 4 };

	return pr->targets.n <= FEW &&
	       (any_node(pr->predicate, is_kstack) || any_node(pr->body, is_kstack));
}

static bool has_btf_raw_tracepoint(struct lower *l)
{
	/* v5.5 brought both the attach type and the btf_trace_* typedefs it is attached by */
	if (l->btf_raw_tracepoints == RAW_UNASKED)
		l->btf_raw_tracepoints =
			l->opts->target.has_btf &&
					types_find_raw_tracepoint(l->u->types, "sys_enter", NULL)
				? RAW_YES
				: RAW_NO;
	return l->btf_raw_tracepoints == RAW_YES;
}

static bool lower_tracepoint(struct lower *l, struct probe *pr)
{
	struct image_program p = {.type = BPF_PROG_TYPE_TRACEPOINT};
	bool is_raw = !any_node(pr->predicate, is_record) && !any_node(pr->body, is_record) &&
		      !prefers_perf(pr);
	bool ok = true;

	/* No field is looked at: the raw tracepoint of the same name does, and costs less to run
	 * and to detach. (ftrace:* and some others have none.) */
	vec_each (t, &pr->targets)
		is_raw = is_raw && has_btf_raw_tracepoint(l) &&
			 types_find_raw_tracepoint(l->u->types, t->func, NULL);
	if (!is_raw) {
		if (pr->targets.n > 1 && pr->uses_probe_name &&
		    !l->opts->target.has_attach_cookie) {
			vec_each (t, &pr->targets)
				ok &= lower_shared(l, pr, p, ARGS_RECORD, ATTACH_TRACEPOINT, t);
			return ok;
		}
		return lower_shared(l, pr, p, ARGS_RECORD, ATTACH_TRACEPOINT, NULL);
	}
	p.type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	if (!pr->uses_probe_name || pr->targets.n == 1)
		return lower_shared(l, pr, p, ARGS_NONE, ATTACH_RAW_TRACEPOINT, NULL);
	vec_each (t, &pr->targets)
		ok &= lower_shared(l, pr, p, ARGS_NONE, ATTACH_RAW_TRACEPOINT, t);
	return ok;
}

static bool lower_probe(struct lower *l, struct probe *pr)
{
	struct image_program kprobe = {.type = BPF_PROG_TYPE_KPROBE};
	struct image_program perf = {.type = BPF_PROG_TYPE_PERF_EVENT};
	struct image_program run = {.type = BPF_PROG_TYPE_RAW_TRACEPOINT};
	bool needs_one_each = pr->uses_probe_name && !l->opts->target.has_attach_cookie;

	switch (pr->kind) {
	case PROBE_BEGIN:
		return lower_shared(l, pr, run, ARGS_NONE, ATTACH_BEGIN, NULL);
	case PROBE_END:
		return lower_shared(l, pr, run, ARGS_NONE, ATTACH_END, NULL);
	case PROBE_KPROBE:
	case PROBE_KRETPROBE:
	case PROBE_UPROBE:
	case PROBE_URETPROBE: {
		static const enum attach_kind kinds[PROBE_N] = {
			[PROBE_KPROBE] = ATTACH_KPROBE, [PROBE_KRETPROBE] = ATTACH_KRETPROBE,
			[PROBE_UPROBE] = ATTACH_UPROBE, [PROBE_URETPROBE] = ATTACH_URETPROBE};

		if (needs_one_each && pr->targets.n > 1) {
			bool ok = true;

			vec_each (t, &pr->targets)
				ok &= lower_shared(l, pr, kprobe, ARGS_NONE, kinds[pr->kind], t);
			return ok;
		}
		return lower_shared(l, pr, kprobe, ARGS_NONE, kinds[pr->kind], NULL);
	}
	case PROBE_FENTRY:
		return lower_tracing(l, pr, ATTACH_TYPE_TRACE_FENTRY);
	case PROBE_FEXIT:
		return lower_tracing(l, pr, ATTACH_TYPE_TRACE_FEXIT);
	case PROBE_RAWTRACEPOINT:
		return lower_tracing(l, pr, ATTACH_TYPE_TRACE_RAW_TP);
	case PROBE_TRACEPOINT:
		return lower_tracepoint(l, pr);
	case PROBE_PROFILE:
		return lower_shared(l, pr, perf, ARGS_NONE, ATTACH_PROFILE, NULL);
	case PROBE_INTERVAL:
		return lower_shared(l, pr, perf, ARGS_NONE, ATTACH_INTERVAL, NULL);
	case PROBE_SOFTWARE:
	case PROBE_HARDWARE:
		return lower_shared(l, pr, perf, ARGS_NONE, ATTACH_PERF, NULL);
	case PROBE_N:
		break;
	}
	assert(!"a probe without a kind");
	return false;
}

/* ---- system calls: one program that dispatches on the number --------------------------------- */

static bool is_dispatched(struct lower *l, const struct probe *pr, bool is_enter)
{
	if (pr->kind != PROBE_TRACEPOINT || !has_btf_raw_tracepoint(l) || prefers_perf(pr))
		return false;
	vec_each (t, &pr->targets)
		if (!t->category || strcmp(t->category, "syscalls") || t->syscall_nr < 0 ||
		    t->syscall_nr >= SYSCALL_TABLE_N ||
		    !strncmp(t->func, "sys_enter_", 10) != is_enter)
			return false;
	return true;
}

/* Branch to `yes` with l->target_index set if `nr` is one of the probe's system calls. */
static void dispatch(struct lower *l, struct probe *pr, struct ir_inst *nr, struct ir_block *no)
{
	uint16_t table[SYSCALL_TABLE_N] = {0};
	struct ir_block *yes, *bounded;
	struct ir_inst *entry;

	if (pr->targets.n <= SYSCALL_COMPARES && (pr->targets.n == 1 || !pr->uses_probe_name)) {
		yes = lower_block(l);
		for (size_t i = 0; i < pr->targets.n; i++) {
			bool is_last = i + 1 == pr->targets.n;
			struct ir_block *next = is_last ? no : lower_block(l);

			ir_branch(&l->b, COND_EQ, nr,
				  ir_const(&l->b, pr->targets.items[i].syscall_nr), yes, next);
			if (!is_last)
				lower_enter(l, next);
		}
		lower_enter(l, yes);
		return;
	}
	for (size_t i = 0; i < pr->targets.n; i++)
		table[pr->targets.items[i].syscall_nr] = (uint16_t)(i + 1);
	bounded = lower_block(l);
	yes = lower_block(l);
	ir_branch(&l->b, COND_ULT, nr, ir_const(&l->b, SYSCALL_TABLE_N), bounded, no);
	lower_enter(l, bounded);
	entry = lower_rodata_addr(l, lower_rodata(l, table, sizeof(table), 8));
	entry = ir_bin(&l->b, IR_ADD, entry, ir_bin_imm(&l->b, IR_SHL, nr, 1));
	entry = ir_load(&l->b, entry, 0, 2, false, PTR_NONE);
	ir_branch(&l->b, COND_NE, entry, ir_const(&l->b, 0), yes, no);
	lower_enter(l, yes);
	l->target_index = ir_bin_imm(&l->b, IR_SUB, entry, 1);
}

/* The syscalls tracepoints leave out 32-bit calls of a 64-bit kernel (their numbers mean other
 * calls): trace_event's arch_trace_is_compat_syscall. */
static void skip_compat(struct lower *l, struct ir_block *no)
{
	const struct type *task = types_find(l->u->types, "struct task_struct");
	const struct field *info, *status;
	const struct type *info_type;
	uint32_t info_off, status_off;
	struct ir_block *go_on;
	struct ir_inst *v;

	info = task ? type_find_field(task, "thread_info", &info_off) : NULL;
	info_type = info ? types_complete(l->u->types, type_strip(info->type)) : NULL;
	status = info_type ? type_find_field(info_type, ARCH_COMPAT_FIELD, &status_off) : NULL;
	if (!status || !l->opts->target.has_task_btf)
		return;
	go_on = lower_block(l);
	v = ir_call(&l->b, BPF_FUNC_get_current_task_btf, PTR_BTF, 0, NULL);
	v = ir_load(&l->b, v, info_off + status_off, 4, false, PTR_NONE);
	ir_branch(&l->b, COND_SET, v, ir_const(&l->b, ARCH_COMPAT_MASK), no, go_on);
	lower_enter(l, go_on);
}

static bool lower_syscalls(struct lower *l, bool is_enter)
{
	const char *event = is_enter ? "sys_enter" : "sys_exit";
	struct image_program p = {.type = BPF_PROG_TYPE_TRACING,
				  .expected_attach_type = ATTACH_TYPE_TRACE_RAW_TP,
				  .name = event};
	struct image_attach at = {.kind = ATTACH_BTF_RAW_TRACEPOINT, .func = event,
				  .name = is_enter ? "tracepoint:syscalls:sys_enter_*"
						   : "tracepoint:syscalls:sys_exit_*",
				  .tracepoint_id = -1};
	struct ir_block *end;
	struct ir_inst *nr;
	bool any = false;

	vec_each (prp, &l->u->probes)
		any = any || is_dispatched(l, *prp, is_enter);
	if (!any)
		return true;
	if (!types_find_raw_tracepoint(l->u->types, event, &p.attach_btf_id)) {
		diag_error(l->u->diag, E_UNSUPPORTED, NO_SPAN,
			   "the kernel's BTF does not describe the raw tracepoint %s", event);
		return false;
	}
	begin_program(l, event);
	end = lower_block(l);
	if (is_enter) {
		nr = ir_load(&l->b, lower_ctx(l), 8, 8, false, PTR_NONE);
	} else {
		nr = ir_load(&l->b, lower_ctx(l), 0, 8, false, PTR_BTF);
		nr = ir_load(&l->b, nr, ARCH_SYSCALL_NR, ARCH_SYSCALL_NR_WIDTH, true, PTR_NONE);
	}
	l->args = is_enter ? ARGS_SYSCALL_ENTER : ARGS_SYSCALL_EXIT;
	vec_each (prp, &l->u->probes) {
		struct probe *pr = *prp;
		struct ir_block *next;

		if (!is_dispatched(l, pr, is_enter))
			continue;
		p.at = pr->at;
		l->b.at = pr->at;
		next = lower_block(l);
		l->target = pr->targets.n == 1 ? &pr->targets.items[0] : NULL;
		l->target_index = NULL;
		add_probe_names(l, pr);
		dispatch(l, pr, nr, next);
		skip_compat(l, next);
		lower_body(l, pr);
		ir_jump(&l->b, next);
		lower_enter(l, next);
		at.n_probes += (uint32_t)pr->targets.n;
	}
	ir_jump(&l->b, end);
	lower_enter(l, end);
	vec_push(l->a, &p.attaches, at);
	return end_program(l, &p);
}

/* ---- the unit -------------------------------------------------------------------------------- */

static void finish_maps(struct lower *l)
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
}

bool script_lower(struct unit *u, struct image *img)
{
	struct lower l = {.u = u, .img = img, .a = u->a, .opts = u->opts};
	size_t errors = diag_errors(u->diag);
	bool is_only_begin_end = true;

	img->license = u->opts->config.license;
	img->max_strlen = u->opts->config.max_strlen;
	img->str_trunc_trailer = u->opts->config.str_trunc_trailer;
	make_vars(&l);
	lower_syscalls(&l, true);
	lower_syscalls(&l, false);
	vec_each (prp, &u->probes) {
		struct probe *pr = *prp;

		img->n_probes += (uint32_t)pr->targets.n;
		if (pr->targets.n && pr->kind != PROBE_BEGIN && pr->kind != PROBE_END)
			is_only_begin_end = false;
		if (!pr->targets.n || is_dispatched(&l, pr, true) || is_dispatched(&l, pr, false))
			continue;
		lower_probe(&l, pr);
	}
	img->has_only_begin_end = is_only_begin_end;
	finish_maps(&l);
	if (img->programs.n > u->opts->config.max_bpf_progs)
		diag_error(u->diag, E_PROBE_LIMIT, NO_SPAN,
			   "Your program is trying to generate more than %zu BPF programs, which "
			   "exceeds the current limit of %llu",
			   img->programs.n, (unsigned long long)u->opts->config.max_bpf_progs);
	sb_free(&l.rodata_bytes);
	strmap_free(&l.rodata_strings);
	return diag_errors(u->diag) == errors;
}
