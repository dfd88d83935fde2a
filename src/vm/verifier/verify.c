/* The walk: instruction by instruction along every path, until each has ended or met one that was
 * walked before. */
#include "vm/verifier/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "bpf/check.h"
#include "types/btf.h"

enum { PSEUDO_BTF_ID = 3, PSEUDO_FUNC = 4, BPF_MAX_INSNS = 1000000 };

/* ---- immediates --------------------------------------------------------------------------------
 */

static bool is_percpu_variable(struct btf_file *b, uint32_t var)
{
	uint32_t id = btf_find(b, ".data..percpu", BTF_KIND_MASK(BTF_KIND_DATASEC), 0);
	const struct btf_var_secinfo *s;
	struct btf_record r;

	if (!id || !btf_get(b, id, &r))
		return false;
	s = r.extra;
	for (uint32_t k = 0; k < r.vlen; k++) {
		if (s[k].type == var)
			return true;
	}
	return false;
}

static int load_variable(struct verifier *v, const struct bpf_insn *i)
{
	struct btf_file *b = v->p->kernel_btf;
	struct reg *dst = &cur_regs(v)[i->dst_reg];
	struct btf_record r;
	uint32_t id = (uint32_t)i->imm;
	bool is_percpu;

	if (!b || !btf_get(b, id, &r))
		return refuse(v, WAY_NONE, "ldimm64 insn specifies invalid btf_id %d", i->imm);
	if (r.kind == BTF_KIND_FUNC) {
		reg_pointer(dst, REG_MEM, REG_RDONLY);
		return 0;
	}
	if (r.kind != BTF_KIND_VAR)
		return refuse(v, WAY_NONE, "pseudo btf_id %d in ldimm64 isn't KIND_VAR", i->imm);
	is_percpu = is_percpu_variable(b, id);
	id = r.size_or_type;
	while (btf_get(b, id, &r) && (r.kind == BTF_KIND_TYPEDEF || r.kind == BTF_KIND_CONST ||
	                              r.kind == BTF_KIND_VOLATILE || r.kind == 18))
		id = r.size_or_type;
	if (is_percpu || r.kind == BTF_KIND_STRUCT || r.kind == BTF_KIND_UNION) {
		reg_pointer(dst, REG_BTF, is_percpu ? REG_PERCPU : 0);
		dst->btf = b;
		dst->btf_id = id;
		return 0;
	}
	reg_pointer(dst, REG_MEM, REG_RDONLY);
	if (r.kind == BTF_KIND_ARRAY) {
		const struct btf_array *a = r.extra;
		struct btf_record e;
		uint32_t n = a->nelems, elem = a->type;
		bool is_known = false;

		while (btf_get(b, elem, &e) &&
		       (e.kind == BTF_KIND_TYPEDEF || e.kind == BTF_KIND_CONST ||
		        e.kind == BTF_KIND_VOLATILE))
			elem = e.size_or_type;
		is_known = e.kind == BTF_KIND_INT || e.kind == BTF_KIND_PTR ||
		           e.kind == BTF_KIND_STRUCT || e.kind == BTF_KIND_ENUM;
		dst->mem_b = is_known ? n * (e.kind == BTF_KIND_PTR ? 8 : e.size_or_type) : 0;
	} else {
		dst->mem_b = r.kind == BTF_KIND_PTR ? 8 : r.size_or_type;
	}
	return 0;
}

static int load_immediate(struct verifier *v, const struct bpf_insn *i)
{
	struct reg *dst = &cur_regs(v)[i->dst_reg];
	const struct vm_map_def *m;
	uint32_t func;

	if (define_reg(v, i->dst_reg))
		return -1;
	switch (i->src_reg) {
	case 0:
		reg_set(dst, (uint64_t)(uint32_t)i[1].imm << 32 | (uint32_t)i->imm);
		return 0;
	case BPF_PSEUDO_MAP_IDX:
	case BPF_PSEUDO_MAP_IDX_VALUE:
		if ((uint32_t)i->imm >= v->p->n_maps)
			return refuse(v, WAY_NONE, "there is no map number %d", i->imm);
		m = v->p->maps[i->imm];
		if (i->src_reg == BPF_PSEUDO_MAP_IDX) {
			if (i[1].imm)
				return refuse(v, WAY_NONE, "unrecognized bpf_ld_imm64 insn");
			reg_pointer(dst, REG_MAP, 0);
			dst->map = m;
			return 0;
		}
		if (m->type != BPF_MAP_TYPE_ARRAY)
			return refuse(v, WAY_MAP,
			              "no direct value access support for this map type");
		if (m->max_entries != 1 || (uint32_t)i[1].imm >= m->value_size_b)
			return refuse(v, WAY_BOUND,
			              "invalid access to map value pointer, "
			              "value_size=%u off=%u",
			              m->value_size_b, (uint32_t)i[1].imm);
		reg_pointer(dst, REG_MAP_VALUE, 0);
		dst->map = m;
		dst->off = i[1].imm;
		return 0; /* id 0: there is one value, and one lock */
	case PSEUDO_BTF_ID:
		return load_variable(v, i);
	case PSEUDO_FUNC:
		func = function_at(v, v->pc + 1 + (uint32_t)i->imm);
		if (v->funcs.items[func].is_global)
			return refuse(v, WAY_NONE, "callback function not static");
		reg_pointer(dst, REG_FUNC, 0);
		dst->func = func;
		return 0;
	default:
		return refuse(v, WAY_NONE,
		              "a file descriptor (pseudo source %u) means nothing here: maps are "
		              "given by number",
		              i->src_reg);
	}
}

/* ---- one instruction ---------------------------------------------------------------------------
 */

/* 0: go on at *ret_next. 1: the path ends here. -1: refused. */
static int step(struct verifier *v, uint32_t *ret_next)
{
	const struct bpf_insn *i = &v->insns[v->pc];
	bool is_done = false;

	*ret_next = v->pc + 1;
	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		return check_alu(v, i);
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		return check_load_store(v, i);
	case BPF_LD:
		if (BPF_MODE(i->code) != BPF_IMM)
			return check_packet_load(v, i);
		*ret_next = v->pc + 2;
		return load_immediate(v, i);
	default:
		if (insn_is_call(i))
			return check_call(v, i, ret_next);
		if (BPF_OP(i->code) == BPF_EXIT) {
			if (check_exit(v, ret_next, &is_done))
				return -1;
			return is_done;
		}
		return check_branch(v, i, ret_next);
	}
}

/* Takes up the path that was left last. False: there is none. */
static bool next_path(struct verifier *v)
{
	struct pending *p = v->pending;

	if (v->cur) {
		struct state *parent = v->cur->parent;

		state_free(v, v->cur);
		v->cur = NULL;
		if (parent)
			branch_ended(v, parent);
	}
	if (!p)
		return false;
	v->cur = p->state;
	v->pc = p->pc;
	v->prev_pc = p->prev_pc;
	if (v->opts->log == VM_LOG_ERROR) { /* only the path that leads to the refusal is kept */
		v->log.n = p->log_n;
		if (v->log.s)
			v->log.s[p->log_n] = '\0';
	}
	v->pending = p->next;
	v->n_pending--;
	free(p);
	if (v->opts->log != VM_LOG_NONE) {
		log_text(v, "\nfrom %u to %u:", v->prev_pc, v->pc);
		log_state(v, v->cur, true);
	}
	return true;
}

static int walk(struct verifier *v)
{
	const struct vm_program *p = v->p;
	uint32_t limit = v->opts->max_insns ? v->opts->max_insns : MAX_INSNS, next;

	for (;;) {
		const struct bpf_insn *i = &v->insns[v->pc];
		int done;

		v->has_entry = false;
		if (v->pc >= v->n)
			return refuse(v, WAY_END, "invalid insn idx %u insn_cnt %u", v->pc, v->n);
		if (++v->processed > limit)
			return refuse(v, WAY_SIMPLER, "BPF program is too large. Processed %u insn",
			              v->processed);
		if (v->info[v->pc].is_prune_point) {
			done = visit(v);
			if (done < 0)
				return -1;
			if (done) {
				log_text(v, "%u: safe\n", v->pc);
				if (!next_path(v))
					return 0;
				continue;
			}
		} else if (v->info[v->pc].is_jump_point) {
			push_history(v, (struct history){0});
		}
		v->info[v->pc].is_reached = true;
		v->info[v->pc].fact.is_reached = true;
		if (bpf_is_lddw(i))
			v->info[v->pc + 1].fact.is_reached = true;
		log_insn(v);
		if (BPF_CLASS(i->code) == BPF_JMP || BPF_CLASS(i->code) == BPF_JMP32)
			v->jumps++;
		done = step(v, &next);
		if (done < 0) {
			log_text(v, "\n");
			return -1;
		}
		if (v->opts->log != VM_LOG_NONE)
			log_state(v, v->cur, false);
		if (done) {
			if (!next_path(v))
				return 0;
			continue;
		}
		v->prev_pc = v->pc;
		v->pc = next;
		(void)p;
	}
}

/* ---- one function from its start ---------------------------------------------------------------
 */

static int set_entry(struct verifier *v, uint32_t func)
{
	struct reg *regs = v->cur->frames[0]->regs;
	const struct vm_program *p = v->p;

	if (func || p->type == BPF_PROG_TYPE_EXT)
		return global_function_args(v, func, regs, false);
	if (p->type == BPF_PROG_TYPE_UNSPEC) {
		reg_pointer(&regs[BPF_REG_1], REG_MEM, 0);
		regs[BPF_REG_1].mem_b = p->memory_b;
		reg_set(&regs[BPF_REG_2], p->memory_b);
		return 0;
	}
	reg_pointer(&regs[BPF_REG_1], REG_CTX, 0);
	return 0;
}

static void forget_walk(struct verifier *v)
{
	while (v->pending) {
		struct pending *p = v->pending;

		v->pending = p->next;
		branch_ended(v, p->state->parent); /* frees those that are no longer listed */
		state_free(v, p->state);
		free(p);
	}
	v->n_pending = 0;
	if (v->cur)
		branch_ended(v, v->cur->parent);
	state_free(v, v->cur);
	v->cur = NULL;
	while (v->evicted) { /* of a walk that ended early */
		struct state *st = v->evicted;

		v->evicted = st->next;
		state_free(v, st);
	}
	for (uint32_t pc = 0; pc < v->n; pc++) {
		while (v->explored[pc]) {
			struct state *st = v->explored[pc];

			v->explored[pc] = st->next;
			state_free(v, st);
		}
	}
}

static int verify_function(struct verifier *v, uint32_t func)
{
	int err;

	v->cur = state_create(v);
	v->cur->branches = 1;
	v->cur->is_sleepable = v->p->flags & BPF_F_SLEEPABLE;
	v->cur->frames[0] = frame_create(v, func, 0);
	v->global = func && v->funcs.items[func].is_global ? func
	            : v->p->type == BPF_PROG_TYPE_EXT      ? func
	                                                   : NO_FUNC;
	v->pc = v->funcs.items[func].start;
	v->prev_pc = v->pc;
	v->cur->first_pc = v->pc;
	v->processed_at_state = v->processed;
	v->jumps_at_state = v->jumps;
	if (func)
		log_text(v, "Validating %s() func#%u...\n", v->funcs.items[func].name, func);
	err = set_entry(v, func);
	if (!err && v->opts->log == VM_LOG_STATE)
		log_state(v, v->cur, true);
	if (!err)
		err = walk(v);
	forget_walk(v);
	v->funcs.items[func].is_verified = true;
	return err;
}

/* The program, then each global function that something verified calls. */
static int verify_all(struct verifier *v)
{
	bool is_more = true;

	if (verify_function(v, 0))
		return -1;
	while (is_more) {
		is_more = false;
		for (uint32_t f = 1; f < v->funcs.n; f++) {
			struct function *fn = &v->funcs.items[f];

			if (!fn->is_global || fn->is_verified || !fn->is_called)
				continue;
			is_more = true;
			if (verify_function(v, f))
				return -1;
		}
	}
	return 0;
}

/* ---- the verdict -------------------------------------------------------------------------------
 */

static void hand_over_facts(struct verifier *v, struct vm_facts *ret)
{
	uint32_t *pcs = arena_array(v->a, uint32_t, v->funcs.n);
	uint32_t *stacks = arena_array(v->a, uint32_t, v->funcs.n);

	ret->insns = arena_array(v->a, struct vm_fact, v->n);
	ret->n = v->n;
	for (uint32_t pc = 0; pc < v->n; pc++)
		ret->insns[pc] = v->info[pc].fact;
	for (uint32_t f = 0; f < v->funcs.n; f++) {
		pcs[f] = v->funcs.items[f].start;
		stacks[f] = (v->funcs.items[f].stack_b + 7) & ~7u;
	}
	ret->func_pcs = pcs;
	ret->func_stack_b = stacks;
	ret->n_funcs = (uint32_t)v->funcs.n;
	ret->has_tail_call = v->has_tail_call;
}

static int check_kind(struct verifier *v)
{
	own_strbuf struct strbuf why = {0};

	if (v->p->type == BPF_PROG_TYPE_UNSPEC)
		return 0;
	if (kind_check_attach(v->p, &why))
		return refuse(v, WAY_NONE, "%s", sb_str(&why));
	if ((v->p->flags & BPF_F_SLEEPABLE) && !kind_may_sleep(v->p->type, v->p->attach_type))
		return refuse(v, WAY_SLEEP, "this kind of program cannot be sleepable");
	return 0;
}

static int run(struct verifier *v)
{
	own_strbuf struct strbuf why = {0};

	if (!v->n || v->n > BPF_MAX_INSNS)
		return refuse(v, WAY_NONE, "a program of %u instructions", v->n);
	if (!bpf_check_program(v->insns, v->n, &v->pc, &why))
		return refuse(v, WAY_NONE, "%s", sb_str(&why));
	v->info = arena_array(v->a, struct insn_info, v->n);
	v->explored = arena_array(v->a, struct state *, v->n);
	if (check_kind(v) || find_functions(v) || check_flow(v) || check_maps(v))
		return -1;
	find_live_registers(v);
	if (verify_all(v))
		return -1;
	return check_stack_depth(v);
}

static void verify_once(struct arena *a, const struct vm_program *p,
                        const struct vm_verify_options *opts, struct vm_verdict *ret)
{
	struct verifier v = {.a = a,
	                     .p = p,
	                     .opts = opts,
	                     .insns = p->insns,
	                     .n = p->n_insns,
	                     .verdict = ret,
	                     .global = NO_FUNC,
	                     .is_strict = (p->flags & BPF_F_STRICT_ALIGNMENT) &&
	                                  !(p->flags & BPF_F_ANY_ALIGNMENT)};

	*ret = (struct vm_verdict){0};
	ret->is_accepted = !run(&v);
	if (ret->is_accepted)
		hand_over_facts(&v, &ret->facts);
	if (opts->log != VM_LOG_NONE) {
		if (ret->reason) {
			const char *line = vm_describe_line(a, p, ret->pc);

			sb_addf(&v.log, "%u: refused: %s\n", ret->pc, ret->reason);
			if (line)
				sb_addf(&v.log, "  at %s\n", line);
			if (ret->way_out)
				sb_addf(&v.log, "  a way out: %s\n", ret->way_out);
		}
		sb_addf(&v.log, "processed %u insns, %u states at most\n", v.processed,
		        v.peak_states);
	}
	ret->log = arena_strndup(a, sb_str(&v.log), v.log.n);
	ret->processed = v.processed;
	ret->states = v.states;
	ret->peak_states = v.peak_states;
	sb_free(&v.log);
	while (v.spare) {
		struct state *st = v.spare;

		v.spare = st->next;
		free(st);
	}
}

void vm_verify(struct arena *a, const struct vm_program *p, const struct vm_verify_options *opts,
               struct vm_verdict *ret)
{
	struct vm_verify_options quiet = *opts;

	/* Writing down what is tried costs more than trying it: only for the refused. */
	if (opts->log == VM_LOG_ERROR) {
		quiet.log = VM_LOG_NONE;
		verify_once(a, p, &quiet, ret);
		if (ret->is_accepted)
			return;
	}
	verify_once(a, p, opts, ret);
}
