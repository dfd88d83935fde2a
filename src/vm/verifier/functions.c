/* Before the walk: where functions begin and end, what can follow what, which instructions close
 * loops. All of it from the instructions alone. */
#include "vm/verifier/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "bpf/check.h"
#include "bpf/helpers.h"
#include "types/btf.h"

enum { PSEUDO_FUNC = 4, JCOND = 0xe0 };
#define BPF_FUNC_LINKAGE_GLOBAL 1

bool insn_is_call(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_CALL);
}

bool insn_is_helper(const struct bpf_insn *i)
{
	return insn_is_call(i) && i->src_reg == 0;
}

bool insn_is_function_call(const struct bpf_insn *i)
{
	return insn_is_call(i) && i->src_reg == BPF_PSEUDO_CALL;
}

bool insn_is_kfunc(const struct bpf_insn *i)
{
	return insn_is_call(i) && i->src_reg == 2;
}

bool insn_is_may_goto(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | JCOND);
}

static bool is_jump(const struct bpf_insn *i)
{
	uint8_t class = BPF_CLASS(i->code), op = BPF_OP(i->code);

	return (class == BPF_JMP || class == BPF_JMP32) && op != BPF_CALL && op != BPF_EXIT;
}

uint32_t insn_target(const struct bpf_insn *i, uint32_t pc)
{
	if (!is_jump(i))
		return UINT32_MAX;
	if (i->code == (BPF_JMP32 | BPF_JA))
		return pc + 1 + (uint32_t)i->imm;
	return pc + 1 + (uint32_t)(int32_t)i->off;
}

uint32_t function_at(const struct verifier *v, uint32_t start)
{
	for (uint32_t i = 0; i < v->funcs.n; i++) {
		if (v->funcs.items[i].start == start)
			return i;
	}
	return NO_FUNC;
}

uint32_t function_of(const struct verifier *v, uint32_t pc)
{
	for (uint32_t i = (uint32_t)v->funcs.n; i-- > 0;) {
		if (v->funcs.items[i].start <= pc)
			return i;
	}
	return 0;
}

static int compare_functions(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static int add_function(struct verifier *v, uint32_t start)
{
	if (start >= v->n)
		return refuse(v, WAY_NONE, "call to invalid destination %u", start);
	if (function_at(v, start) != NO_FUNC)
		return 0;
	if (v->funcs.n >= 256)
		return refuse(v, WAY_SIMPLER, "too many subprograms");
	vec_push(v->a, &v->funcs, ((struct function){.start = start}));
	return 0;
}

/* Names and linkage from BTF, where there is any. */
static void describe_functions(struct verifier *v)
{
	struct btf_record r;

	for (uint32_t i = 0; i < v->p->n_funcs; i++) {
		const struct vm_func *f = &v->p->funcs[i];
		uint32_t n = function_at(v, f->pc);

		if (n == NO_FUNC)
			continue;
		v->funcs.items[n].name = f->name;
		v->funcs.items[n].btf_id = f->btf_id;
		if (f->btf_id && v->p->btf && btf_get(v->p->btf, f->btf_id, &r) &&
		    r.kind == BTF_KIND_FUNC)
			v->funcs.items[n].is_global = n > 0 && r.vlen == BPF_FUNC_LINKAGE_GLOBAL;
	}
	for (uint32_t i = 0; i < v->funcs.n; i++) {
		if (!v->funcs.items[i].name)
			v->funcs.items[i].name = i ? arena_printf(v->a, "func#%u", i) : v->p->name;
	}
}

/* "" if it calls none that is known. */
static const char *kfunc_name(const struct verifier *v, const struct bpf_insn *i)
{
	struct btf_record r;

	if (!insn_is_kfunc(i) || !v->p->kernel_btf || i->off ||
	    !btf_get(v->p->kernel_btf, (uint32_t)i->imm, &r) || r.kind != BTF_KIND_FUNC)
		return "";
	return btf_string(v->p->kernel_btf, r.name_off);
}

static uint32_t kfunc_flags_at(const struct verifier *v, const struct bpf_insn *i)
{
	own_strbuf struct strbuf why = {0};
	const char *name = kfunc_name(v, i);
	uint32_t flags = 0;

	return *name && kfunc_find(v->p, name, &flags, &why) ? flags : 0;
}

int find_functions(struct verifier *v)
{
	if (add_function(v, 0))
		return -1;
	for (uint32_t pc = 0; pc < v->n; pc++) {
		const struct bpf_insn *i = &v->insns[pc];

		v->pc = pc;
		if (insn_is_function_call(i) && add_function(v, pc + 1 + (uint32_t)i->imm))
			return -1;
		if (bpf_is_lddw(i)) {
			if (i->src_reg == PSEUDO_FUNC && add_function(v, pc + 1 + (uint32_t)i->imm))
				return -1;
			pc++;
		}
	}
	qsort(v->funcs.items, v->funcs.n, sizeof(*v->funcs.items), compare_functions);
	for (uint32_t i = 0; i < v->funcs.n; i++) {
		struct function *f = &v->funcs.items[i];

		f->end = i + 1 < v->funcs.n ? f[1].start : v->n;
		f->is_main = i == 0;
	}
	describe_functions(v);
	for (uint32_t i = 0; i < v->funcs.n; i++) {
		struct function *f = &v->funcs.items[i];
		uint32_t last = f->end - 1;

		for (uint32_t pc = f->start; pc < f->end; pc++) {
			const struct bpf_insn *x = &v->insns[pc];
			uint32_t to = insn_target(x, pc);
			const struct bpf_helper *h;

			v->pc = pc;
			if (to != UINT32_MAX && (to < f->start || to >= f->end))
				return refuse(v, WAY_NONE, "jump out of range from insn %u to %u",
				              pc, to);
			if (insn_is_helper(x)) {
				h = bpf_helper_find((uint32_t)x->imm);
				f->has_tail_call |= x->imm == BPF_FUNC_tail_call;
				f->changes_packet |= h && (h->flags & HELPER_CHANGES_PKT);
				f->might_sleep |= h && (h->flags & HELPER_SLEEPS);
			}
			f->might_sleep |= kfunc_flags_at(v, x) & KFUNC_SLEEPABLE ? 1 : 0;
			if (bpf_is_lddw(x)) {
				last = pc == f->end - 2 ? pc : last;
				pc++;
			}
		}
		v->pc = last;
		if (v->insns[last].code != (BPF_JMP | BPF_EXIT) &&
		    v->insns[last].code != (BPF_JMP | BPF_JA) &&
		    v->insns[last].code != (BPF_JMP32 | BPF_JA))
			return refuse(v, WAY_END, "last insn is not an exit or jmp");
	}
	/* A function changes packets, or tail calls, if one it calls does. */
	for (bool changed = true; changed;) {
		changed = false;
		for (uint32_t pc = 0; pc < v->n; pc++) {
			struct function *from, *to;
			uint32_t n;

			if (!insn_is_function_call(&v->insns[pc])) {
				pc += bpf_is_lddw(&v->insns[pc]);
				continue;
			}
			from = &v->funcs.items[function_of(v, pc)];
			n = function_at(v, pc + 1 + (uint32_t)v->insns[pc].imm);
			to = &v->funcs.items[n];
			if ((to->changes_packet && !from->changes_packet) ||
			    (to->might_sleep && !from->might_sleep)) {
				from->changes_packet |= to->changes_packet;
				from->might_sleep |= to->might_sleep;
				changed = true;
			}
		}
	}
	return 0;
}

/* ---- flow -------------------------------------------------------------------------------------
 * Depth first over the whole program: callers go on behind a call and into the function. */

enum { SEEN = 1, ON_PATH = 2 };

/* What can come after pc; at most three. */
static uint32_t successors(const struct verifier *v, uint32_t pc, uint32_t ret[3])
{
	const struct bpf_insn *i = &v->insns[pc];
	uint32_t n = 0, to = insn_target(i, pc);

	if (i->code == (BPF_JMP | BPF_EXIT))
		return 0;
	if (to != UINT32_MAX)
		ret[n++] = to;
	if (BPF_OP(i->code) == BPF_JA && to != UINT32_MAX)
		return n;
	if (bpf_is_lddw(i)) {
		ret[n++] = pc + 2;
		if (i->src_reg == PSEUDO_FUNC)
			ret[n++] = pc + 1 + (uint32_t)i->imm;
		return n;
	}
	ret[n++] = pc + 1;
	if (insn_is_function_call(i))
		ret[n++] = pc + 1 + (uint32_t)i->imm;
	return n;
}

static void mark_prune(struct verifier *v, uint32_t pc, bool is_jump_point)
{
	v->info[pc].is_prune_point = true;
	if (is_jump_point)
		v->info[pc].is_jump_point = true;
}

static bool calls_back(const struct verifier *v, const struct bpf_insn *i)
{
	if (insn_is_kfunc(i))
		return strstr(kfunc_name(v, i), "rbtree_add") != NULL;
	return insn_is_helper(i) &&
	       (i->imm == BPF_FUNC_for_each_map_elem || i->imm == BPF_FUNC_find_vma ||
	        i->imm == BPF_FUNC_loop || i->imm == BPF_FUNC_user_ringbuf_drain);
}

static void mark_points(struct verifier *v, uint32_t pc)
{
	const struct bpf_insn *i = &v->insns[pc];
	uint32_t to = insn_target(i, pc), next = pc + 1;
	bool is_kfunc_loop = kfunc_flags_at(v, i) & KFUNC_ITER_NEXT;

	if (bpf_is_lddw(i) && i->src_reg == PSEUDO_FUNC)
		mark_prune(v, pc + 1 + (uint32_t)i->imm, true);
	if (insn_is_call(i)) {
		if (insn_is_function_call(i)) {
			uint32_t f = pc + 1 + (uint32_t)i->imm;

			mark_prune(v, next, true);
			v->info[f].is_jump_point = true;
			mark_prune(v, pc, true);
		} else if (calls_back(v, i)) {
			v->info[pc].calls_callback = true;
			v->info[pc].is_checkpoint = true;
			mark_prune(v, pc, true);
			mark_prune(v, next, true);
		} else if (i->imm == BPF_FUNC_timer_set_callback && insn_is_helper(i)) {
			mark_prune(v, pc, true);
		} else if (is_kfunc_loop) {
			v->info[pc].is_checkpoint = true;
			mark_prune(v, pc, true);
			v->info[next].is_jump_point = true;
		}
		return;
	}
	if (to == UINT32_MAX)
		return;
	mark_prune(v, to, true);
	if (BPF_OP(i->code) == BPF_JA)
		return;
	mark_prune(v, pc, false);
	if (insn_is_may_goto(i)) {
		v->info[pc].is_checkpoint = true;
		mark_prune(v, next, false);
	}
	v->info[next].is_jump_point = true;
}

/* Is a loop around this instruction open: does it count by itself, or call what does? */
static bool closes_loops(const struct verifier *v, uint32_t pc)
{
	const struct bpf_insn *i = &v->insns[pc];

	if (v->info[pc].is_checkpoint)
		return true;
	return insn_is_function_call(i) &&
	       v->funcs.items[function_at(v, pc + 1 + (uint32_t)i->imm)].has_checkpoint;
}

/* Functions with such an instruction, in themselves or in what they call. */
static void find_checkpoints(struct verifier *v)
{
	for (bool changed = true; changed;) {
		changed = false;
		for (uint32_t f = 0; f < v->funcs.n; f++) {
			struct function *fn = &v->funcs.items[f];

			for (uint32_t pc = fn->start; pc < fn->end && !fn->has_checkpoint; pc++) {
				changed |= fn->has_checkpoint = closes_loops(v, pc);
				pc += bpf_is_lddw(&v->insns[pc]);
			}
		}
	}
}

/* Strongly connected parts of the flow (Tarjan, without recursion); those with an iterator's next,
 * a callback or a may_goto inside are loops whose end the verifier finds by convergence. */
static void find_open_loops(struct verifier *v)
{
	uint32_t *index = calloc(v->n, sizeof(*index)), *low = calloc(v->n, sizeof(*low));
	uint32_t *stack = calloc(v->n, sizeof(*stack)), *walk = calloc(v->n, sizeof(*walk));
	uint8_t *next = calloc(v->n, 1), *on = calloc(v->n, 1);
	uint32_t n_stack = 0, n_walk = 0, count = 0, to[3];

	find_checkpoints(v);
	if (!index || !low || !stack || !walk || !next || !on)
		abort();
	for (uint32_t start = 0; start < v->n; start++) {
		if (index[start] || !v->info[start].fact.is_reached)
			continue;
		walk[n_walk++] = start;
		while (n_walk) {
			uint32_t pc = walk[n_walk - 1], n;

			if (!index[pc]) {
				index[pc] = low[pc] = ++count;
				stack[n_stack++] = pc;
				on[pc] = 1;
			}
			n = successors(v, pc, to);
			if (next[pc] < n) {
				uint32_t t = to[next[pc]++];

				if (!index[t])
					walk[n_walk++] = t;
				else if (on[t] && index[t] < low[pc])
					low[pc] = index[t];
				continue;
			}
			n_walk--;
			if (n_walk && low[pc] < low[walk[n_walk - 1]])
				low[walk[n_walk - 1]] = low[pc];
			if (low[pc] != index[pc])
				continue;
			uint32_t first = n_stack;
			bool is_open = false;

			do {
				on[stack[--first]] = 0;
				is_open |= closes_loops(v, stack[first]);
			} while (stack[first] != pc);
			/* A single instruction is a loop only if it calls back. */
			if (n_stack - first == 1)
				is_open = v->info[pc].calls_callback;
			for (uint32_t k = first; k < n_stack; k++)
				v->info[stack[k]].is_in_open_loop = is_open;
			n_stack = first;
		}
	}
	free(index);
	free(low);
	free(stack);
	free(walk);
	free(next);
	free(on);
}

int check_flow(struct verifier *v)
{
	uint32_t *todo = malloc((v->n + 1) * sizeof(*todo) * 3), n = 0, to[3];

	if (!todo)
		abort();
	/* fact.is_reached serves as the mark here, and is set anew by the walk. */
	todo[n++] = 0;
	for (uint32_t i = 0; i < v->funcs.n; i++) {
		if (v->funcs.items[i].is_global)
			todo[n++] = v->funcs.items[i].start;
	}
	while (n) {
		uint32_t pc = todo[--n], k;

		if (v->info[pc].fact.is_reached)
			continue;
		v->info[pc].fact.is_reached = true;
		if (bpf_is_lddw(&v->insns[pc]))
			v->info[pc + 1].fact.is_reached = true;
		mark_points(v, pc);
		k = successors(v, pc, to);
		while (k--) {
			if (!v->info[to[k]].fact.is_reached)
				todo[n++] = to[k];
		}
	}
	free(todo);
	for (uint32_t pc = 0; pc < v->n; pc++) {
		v->pc = pc;
		if (!v->info[pc].fact.is_reached)
			return refuse(v, WAY_DEAD, "unreachable insn %u", pc);
	}
	find_open_loops(v);
	for (uint32_t pc = 0; pc < v->n; pc++)
		v->info[pc].fact = (struct vm_fact){.map = VM_NONE, .callback = VM_NONE};
	return 0;
}

/* ---- stacks of a chain of calls ----------------------------------------------------------------
 */

/* The deepest chain from function f on; `depth` frames and `above_b` bytes lead to it. */
static int walk_stack(struct verifier *v, uint32_t f, uint32_t depth, uint32_t above_b,
                      bool has_tail_call, uint32_t *budget)
{
	struct function *fn = &v->funcs.items[f];
	uint32_t own = (fn->stack_b ? fn->stack_b + 15 : 16) & ~15u;

	if (!(*budget)--)
		return refuse(v, WAY_SIMPLER, "the call graph is too complex");
	v->pc = fn->start;
	/* A tail call starts a program with a stack of its own on top of what is below it. */
	if (depth && above_b >= 256 && has_tail_call && fn->has_tail_call)
		return refuse(v, WAY_STACK,
		              "tail_calls are not allowed when call stack of previous frames is "
		              "%u bytes. Too large",
		              above_b);
	if (above_b + own > BPF_STACK_B)
		return refuse(v, WAY_STACK, "combined stack size of %u calls is %u. Too large",
		              depth + 1, above_b + own);
	for (uint32_t pc = fn->start; pc < fn->end; pc++) {
		const struct bpf_insn *i = &v->insns[pc];
		uint32_t to;
		bool is_reference = bpf_is_lddw(i) && i->src_reg == PSEUDO_FUNC;

		if (!is_reference && !insn_is_function_call(i)) {
			pc += bpf_is_lddw(i);
			continue;
		}
		to = function_at(v, pc + 1 + (uint32_t)i->imm);
		pc += is_reference;
		if (is_reference && v->funcs.items[to].is_async_callback)
			continue;
		v->pc = pc;
		if (depth + 1 >= MAX_FRAMES)
			return refuse(v, WAY_STACK, "the call stack of %u frames is too deep !",
			              depth + 2);
		if (walk_stack(v, to, depth + 1, above_b + own, has_tail_call || v->has_tail_call,
		               budget))
			return -1;
	}
	return 0;
}

int check_stack_depth(struct verifier *v)
{
	uint32_t budget = 100000;

	if (walk_stack(v, 0, 0, 0, v->has_tail_call, &budget))
		return -1;
	for (uint32_t i = 1; i < v->funcs.n; i++) {
		if ((v->funcs.items[i].is_async_callback || v->funcs.items[i].is_global) &&
		    walk_stack(v, i, 0, 0, v->has_tail_call, &budget))
			return -1;
	}
	return 0;
}
