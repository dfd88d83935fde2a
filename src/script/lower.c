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
#include "symbols/symbols.h"

enum {
	/* UAPI values newer than some installed headers */
	ATTACH_TYPE_TRACE_RAW_TP = 23,
	ATTACH_TYPE_TRACE_FENTRY = 24,
	ATTACH_TYPE_TRACE_FEXIT = 25,
	ATTACH_TYPE_TRACE_ITER = 28,
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

/* ---- programs -------------------------------------------------------------------------------- */

/* What a program is, before its bodies are known. */
struct program_plan {
	struct image_program p;
	enum args_source args;
	bool has_btf_loads;
};

static struct image_attach attach_of(struct lower *l, const struct probe_target *t,
                                     enum attach_kind kind)
{
	bool is_file = kind == ATTACH_UPROBE || kind == ATTACH_URETPROBE;
	size_t archive = is_file ? symbols_archive_part(t->path) : 0;

	return (struct image_attach){
	    .kind = kind,
	    .name = t->name,
	    .category = t->category,
	    .func = t->func,
	    .path = archive ? arena_strndup(l->a, t->path, archive) : t->path,
	    .off_b = t->off_b,
	    .address = t->address,
	    .ref_ctr_off_b = t->ref_ctr_off_b,
	    .perf_type = t->perf_type,
	    .perf_config = t->perf_config,
	    .period = t->period,
	    .is_frequency = t->is_frequency,
	    .tracepoint_id = t->tracepoint_id,
	    .n_probes = 1,
	};
}

void lower_program_begin(struct lower *l, const char *name)
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
	l->returns = NULL;
	l->fn_funcs = arena_array(l->a, struct ir_func *, l->u->fns.n + 1);
	lower_records_begin(l);
	lower_objects_begin(l);
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
		diag_error(
		    l->u->diag, E_LIMIT, p->at,
		    "this probe needs %u BPF maps, a program can use %d at most; spread them "
		    "over several probes",
		    n, MOST);
	return n <= MOST;
}

bool lower_program_end(struct lower *l, struct image_program *p)
{
	struct strbuf *dump = l->opts->dump;
	const char *stages = l->opts->debug_stages;
	struct image_func *funcs;

	if (!ir_is_terminated(&l->b))
		ir_ret(&l->b, ir_const(&l->b, 0));
	lower_func_end(l);
	for (size_t i = 0; i < l->scratch_maps.n; i++) {
		bool is_last = i + 1 == l->scratch_maps.n;
		struct image_map *m = &l->img->maps.items[l->scratch_maps.items[i]];

		m->value_size_b =
		    is_last ? l->scratch_high - (uint32_t)i * SCRATCH_CHUNK_B : SCRATCH_CHUNK_B;
	}
	if (diag_errors(l->u->diag))
		return false;
	if (dump && (script_is_dumped(stages, "ir") || script_is_dumped(stages, "codegen"))) {
		sb_addf(dump, "; program %s, before the passes\n", p->name);
		ir_print(l->unit, dump);
	}
	ir_optimize(l->unit, dump && script_is_dumped(stages, "passes") ? dump : NULL);
	if (dump && (script_is_dumped(stages, "ir") || script_is_dumped(stages, "codegen-opt"))) {
		sb_addf(dump, "; program %s, after the passes\n", p->name);
		ir_print(l->unit, dump);
	}
	if (!ir_emit(l->unit, l->u->diag, &p->code))
		return false;
	if (dump && (script_is_dumped(stages, "bpf") || script_is_dumped(stages, "dis"))) {
		sb_addf(dump, "; program %s, %zu instructions, %u bytes of stack\n", p->name,
		        p->code.insns.n, p->code.stack_b);
		bpf_disasm(p->code.insns.items, p->code.insns.n, dump);
	}
	if (!check_map_limit(l, p))
		return false;
	funcs = arena_array(l->a, struct image_func, l->unit->funcs.n);
	for (size_t i = 0; i < l->unit->funcs.n; i++) {
		const struct ir_func *f = l->unit->funcs.items[i];

		funcs[i] = (struct image_func){f->name, (uint8_t)f->n_params, f->is_global};
	}
	p->funcs = funcs;
	vec_push(l->a, &l->img->programs, *p);
	return true;
}

/* Names of a probe's targets go to the image (for cookies) and, when the script asks which one
 * fired, to a read-only table. */
void lower_probe_names(struct lower *l, const struct probe *pr)
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
void lower_body(struct lower *l, struct probe *pr)
{
	struct ir_block *out = lower_block(l);

	lower_fns(l, pr);
	l->probe = pr;
	lower_vars_begin(l, pr);
	l->b.at = pr->at;
	l->body_exit = out;
	region_begin(l, out);
	if (pr->kind == PROBE_ITER)
		lower_iter_begin(l, out);
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

const char *lower_program_name(struct lower *l, const struct probe_target *t)
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

	p.name = lower_program_name(l, first);
	p.at = pr->at;
	if (only) {
		l->first_probe_name = (uint32_t)l->img->probe_names.n;
		vec_push(l->a, &l->img->probe_names, only->name);
	} else {
		lower_probe_names(l, pr);
	}
	lower_program_begin(l, p.name);
	l->args = args;
	l->target = only ? only : pr->targets.n == 1 ? &pr->targets.items[0] : NULL;
	l->target_index = NULL;
	l->probe = pr;
	if (!l->target && pr->uses_probe_name) {
		p.uses_cookie = true;
		l->target_index =
		    ir_callv(&l->b, BPF_FUNC_get_attach_cookie, PTR_NONE, lower_ctx(l));
		l->target_index = ir_bin_imm(&l->b, IR_SUB, l->target_index, l->first_probe_name);
	}
	if (kind == ATTACH_TEST) {
		l->result = lower_scratch_alloc(l, 8);
		ir_store(&l->b, lower_scratch_at(l, l->result), 0, 8, ir_const(&l->b, 0));
	}
	lower_body(l, pr);
	if (kind == ATTACH_TEST) {
		region_begin(l, l->fn->failed); /* the body's own has ended */
		ir_ret(&l->b,
		       ir_load(&l->b, lower_scratch_at(l, l->result), 0, 8, false, PTR_NONE));
	}
	for (size_t i = 0; i < (only ? 1 : pr->targets.n); i++) {
		struct image_attach a = attach_of(l, only ? only : &pr->targets.items[i], kind);

		a.cookie = l->first_probe_name + i;
		vec_push(l->a, &p.attaches, a);
	}
	return lower_program_end(l, &p);
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
			if (!types_find_raw_tracepoint_in(l->u->types, t->func, t->category,
			                                  &p.attach_btf_id, &p.attach_btf_obj_id,
			                                  NULL)) {
				p.type = BPF_PROG_TYPE_RAW_TRACEPOINT;
				p.expected_attach_type = 0;
				kind = ATTACH_RAW_TRACEPOINT;
			}
		} else if (t->prog_id) {
			p.attach_prog_id = t->prog_id;
			p.attach_btf_id = t->btf_id;
		} else if (!types_find_func(l->u->types, t->func, t->category, &p.attach_btf_id,
		                            &p.attach_btf_obj_id, NULL)) {
			diag_error(l->u->diag, E_PROBE_NO_MATCH, pr->at, "No matches for %s.",
			           t->name);
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

/* Programs of raw tracepoints may call next to none of the kernel's functions. */
static bool is_kernel_call(const struct node *n)
{
	return n->kind == NODE_CALL_KERNEL;
}

/* From a raw tracepoint, unwinding begins in the program itself and its caller, which costs 140 ns
 * more than from a perf event, where it begins at the tracepoint: more than the event saves. Perf
 * events in turn are slow to attach and detach, so only a few are worth it. */
bool lower_prefers_perf(const struct probe *pr)
{
	enum { FEW = 4 };

	return pr->targets.n <= FEW &&
	       (any_node(pr->predicate, is_kstack) || any_node(pr->body, is_kstack));
}

bool lower_has_raw_tracepoints(struct lower *l)
{
	/* v5.5 brought both the attach type and the btf_trace_* typedefs it is attached by */
	if (l->btf_raw_tracepoints == RAW_UNASKED)
		l->btf_raw_tracepoints =
		    !l->opts->target.is_user_engine && l->opts->target.has_btf &&
		            types_find_raw_tracepoint(l->u->types, "sys_enter", NULL)
		        ? RAW_YES
		        : RAW_NO;
	return l->btf_raw_tracepoints == RAW_YES;
}

typedef vec(const struct probe *) probes_on_perf;

/* What only a program on the tracepoint's perf event can do, or does better. */
static bool wants_perf_event(const struct probe *pr)
{
	return any_node(pr->predicate, is_record) || any_node(pr->body, is_record) ||
	       any_node(pr->predicate, is_kernel_call) || any_node(pr->body, is_kernel_call) ||
	       lower_prefers_perf(pr);
}

/* Where no field is looked at, the raw tracepoint of the same name does, and costs less to run and
 * to detach. (ftrace:* and some others have none.) It runs before or after all that is on the perf
 * event, so one probe that wants that takes the others of this tracepoint along: they keep their
 * order. */
static bool can_be_raw(struct lower *l, const struct probe_target *t, const probes_on_perf *on_perf)
{
	if (!lower_has_raw_tracepoints(l) || !types_find_raw_tracepoint(l->u->types, t->func, NULL))
		return false;
	vec_each (other, on_perf)
		vec_each (o, &(*other)->targets)
			if (!strcmp(o->func, t->func) && !strcmp(o->category, t->category))
				return false;
	return true;
}

/* The targets of a probe that are in `targets`, as one program or one for each. */
static bool lower_some(struct lower *l, struct probe *pr, probe_targets targets, bool is_raw)
{
	struct image_program p = {.type = is_raw ? BPF_PROG_TYPE_RAW_TRACEPOINT
	                                         : BPF_PROG_TYPE_TRACEPOINT};
	enum attach_kind kind = is_raw ? ATTACH_RAW_TRACEPOINT : ATTACH_TRACEPOINT;
	enum args_source args = is_raw ? ARGS_NONE : ARGS_RECORD;
	/* Raw tracepoints got their cookies late. */
	bool needs_one_each =
	    pr->uses_probe_name && targets.n > 1 && (is_raw || !l->opts->target.has_attach_cookie);
	probe_targets all = pr->targets;
	bool ok = true;

	if (!targets.n)
		return true;
	pr->targets = targets;
	if (!needs_one_each)
		ok = lower_shared(l, pr, p, args, kind, NULL);
	for (size_t i = 0; i < targets.n && needs_one_each; i++)
		ok &= lower_shared(l, pr, p, args, kind, &targets.items[i]);
	pr->targets = all;
	return ok;
}

static bool lower_tracepoint(struct lower *l, struct probe *pr)
{
	bool wants_perf = wants_perf_event(pr);
	probe_targets raw = {0}, perf = {0};
	probes_on_perf on_perf = {0};

	vec_each (other, &l->u->probes)
		if (!wants_perf && (*other)->kind == PROBE_TRACEPOINT && wants_perf_event(*other))
			vec_push(l->a, &on_perf, *other);
	vec_each (t, &pr->targets) {
		if (!wants_perf && can_be_raw(l, t, &on_perf))
			vec_push(l->a, &raw, *t);
		else
			vec_push(l->a, &perf, *t);
	}
	return lower_some(l, pr, raw, true) && lower_some(l, pr, perf, false);
}

static bool is_arg(const struct node *n)
{
	return n->kind == NODE_BUILTIN && n->builtin->id == B_arg;
}

static bool is_uaddr(const struct node *n)
{
	return n->kind == NODE_CALL && n->function->id == F_uaddr;
}

/* The compiler may keep a USDT argument elsewhere at each place, and addresses of the program are
 * found by that of the place: then places do not share a program. */
static bool needs_own_place(struct lower *l, const struct probe *pr)
{
	if (pr->kind != PROBE_USDT)
		return false;
	return any_node(pr->predicate, is_uaddr) || any_node(pr->body, is_uaddr) ||
	       ((any_node(pr->predicate, is_arg) || any_node(pr->body, is_arg)) &&
	        lower_usdt_differs(l, pr));
}

static bool lower_iter(struct lower *l, struct probe *pr)
{
	const struct probe_target *t = &pr->targets.items[0];
	const char *func = arena_printf(l->a, "bpf_iter_%s", t->func);
	struct image_program p = {.type = BPF_PROG_TYPE_TRACING,
	                          .expected_attach_type = ATTACH_TYPE_TRACE_ITER};

	l->img->is_iterator = true;
	l->img->pin = t->path;
	types_find_func(l->u->types, func, NULL, &p.attach_btf_id, &p.attach_btf_obj_id, NULL);
	return lower_shared(l, pr, p, ARGS_NONE, ATTACH_ITER, NULL);
}

static bool lower_probe(struct lower *l, struct probe *pr)
{
	struct image_program kprobe = {.type = BPF_PROG_TYPE_KPROBE};
	struct image_program perf = {.type = BPF_PROG_TYPE_PERF_EVENT};
	struct image_program run = {.type = BPF_PROG_TYPE_RAW_TRACEPOINT};
	bool needs_one_each =
	    (pr->uses_probe_name && !l->opts->target.has_attach_cookie) || needs_own_place(l, pr);

	switch (pr->kind) {
	case PROBE_BEGIN:
		return lower_shared(l, pr, run, ARGS_NONE, ATTACH_BEGIN, NULL);
	case PROBE_END:
		return lower_shared(l, pr, run, ARGS_NONE, ATTACH_END, NULL);
	case PROBE_SELF:
		return lower_shared(l, pr, run, ARGS_NONE, ATTACH_SELF, NULL);
	case PROBE_TEST:
	case PROBE_BENCH: {
		bool ok = true;

		/* each is run by itself */
		vec_each (t, &pr->targets)
			ok &= lower_shared(l, pr, run, ARGS_NONE,
			                   pr->kind == PROBE_TEST ? ATTACH_TEST : ATTACH_BENCH, t);
		return ok;
	}
	case PROBE_WATCHPOINT:
		return lower_shared(l, pr, perf, ARGS_NONE, ATTACH_WATCHPOINT, NULL);
	case PROBE_KPROBE:
	case PROBE_KRETPROBE:
	case PROBE_UPROBE:
	case PROBE_URETPROBE:
	case PROBE_USDT: {
		static const enum attach_kind kinds[PROBE_N] = {
		    [PROBE_KPROBE] = ATTACH_KPROBE,
		    [PROBE_KRETPROBE] = ATTACH_KRETPROBE,
		    [PROBE_UPROBE] = ATTACH_UPROBE,
		    [PROBE_URETPROBE] = ATTACH_URETPROBE,
		    [PROBE_USDT] = ATTACH_UPROBE};

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
	case PROBE_ITER:
		return lower_iter(l, pr);
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

/* ---- the unit -------------------------------------------------------------------------------- */

bool script_lower(struct unit *u, struct image *img)
{
	struct lower l = {.u = u, .img = img, .a = u->a, .opts = u->opts};
	size_t errors = diag_errors(u->diag);
	bool is_only_begin_end = true;

	img->license = u->opts->config.license;
	img->max_strlen = u->opts->config.max_strlen;
	img->str_trunc_trailer = u->opts->config.str_trunc_trailer;
	lower_make_vars(&l);
	lower_records_plan(&l);
	lower_syscalls(&l, true);
	lower_syscalls(&l, false);
	vec_each (prp, &u->probes) {
		struct probe *pr = *prp, *partner;

		img->n_probes += (uint32_t)pr->targets.n;
		if (pr->targets.n && (!probe_kind_is_run(pr->kind) || pr->kind == PROBE_SELF))
			is_only_begin_end = false;
		if (!pr->targets.n || lower_is_dispatched(&l, pr, true) ||
		    lower_is_dispatched(&l, pr, false) || pr->is_lowered)
			continue;
		partner = lower_session_partner(&l, pr);
		if (partner)
			partner->is_lowered = lower_session(&l, pr, partner) || true;
		else
			lower_probe(&l, pr);
	}
	img->has_only_begin_end = is_only_begin_end;
	lower_finish_maps(&l);
	if (img->programs.n > u->opts->config.max_bpf_progs)
		diag_error(u->diag, E_PROBE_LIMIT, NO_SPAN,
		           "Your program is trying to generate more than %zu BPF programs, which "
		           "exceeds the current limit of %llu",
		           img->programs.n, (unsigned long long)u->opts->config.max_bpf_progs);
	sb_free(&l.rodata_bytes);
	strmap_free(&l.rodata_strings);
	return diag_errors(u->diag) == errors;
}
