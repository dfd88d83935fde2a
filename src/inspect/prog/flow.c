/* See flow.h. A block begins where a function does, where a jump leads, and behind jumps and exits.
 */
#include "inspect/prog/flow.h"

#include <linux/bpf.h>
#include <string.h>

#include "base/arena.h"
#include "bpf/insn.h"
#include "inspect/prog/loaded.h"

enum { BEGINS_FUNCTION = 1, BEGINS_BLOCK = 2, IS_SECOND_HALF = 4 };

static size_t slots(const struct bpf_insn *i)
{
	return bpf_is_lddw(i) ? 2 : 1;
}

static bool is_exit(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_EXIT);
}

static bool is_indirect(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_JA | BPF_X);
}

static bool is_goto(const struct bpf_insn *i)
{
	return BPF_OP(i->code) == BPF_JA && bpf_is_jump(i);
}

static int64_t function_named(const struct loaded *l, uint32_t pc)
{
	const struct bpf_insn *i = &l->insns[pc];

	return bpf_is_lddw(i) ? bpf_target(i, pc) : loaded_call_target(l, pc);
}

static void mark(const struct loaded *l, uint8_t *marks)
{
	marks[0] = BEGINS_FUNCTION;
	for (uint32_t i = 0; i < l->n_funcs; i++)
		if (l->funcs[i].insn_off < l->n_insns)
			marks[l->funcs[i].insn_off] |= BEGINS_FUNCTION;
	for (uint32_t pc = 0; pc < l->n_insns; pc += slots(&l->insns[pc])) {
		const struct bpf_insn *i = &l->insns[pc];
		int64_t to = -1;

		if (bpf_is_lddw(i))
			marks[pc + 1] |= IS_SECOND_HALF;
		if (bpf_names_func(i)) {
			to = function_named(l, pc);
			if (to >= 0 && to < l->n_insns)
				marks[to] |= BEGINS_FUNCTION;
			continue;
		}
		if (bpf_is_jump(i) && !is_indirect(i))
			to = bpf_target(i, pc);
		if (to >= 0 && to < l->n_insns)
			marks[to] |= BEGINS_BLOCK;
		if (bpf_is_jump(i) || is_indirect(i) || is_exit(i))
			marks[pc + 1] |= BEGINS_BLOCK;
	}
}

static bool begins(const uint8_t *marks, uint32_t pc, uint8_t what)
{
	return marks[pc] & what && !(marks[pc] & IS_SECOND_HALF);
}

static int32_t block_at(const struct flow_function *f, int64_t pc)
{
	uint32_t lo = 0, hi = f->n_blocks;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (f->blocks[mid].begin < pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < f->n_blocks && f->blocks[lo].begin == pc ? (int32_t)lo : -1;
}

static void link_blocks(const struct loaded *l, struct flow_function *f)
{
	for (uint32_t n = 0; n < f->n_blocks; n++) {
		struct block *b = &f->blocks[n];
		uint32_t pc = b->begin, last = pc;

		for (; pc < b->end; pc += slots(&l->insns[pc]))
			last = pc;
		b->next = b->target = -1;
		b->is_exit = is_exit(&l->insns[last]);
		b->is_indirect = is_indirect(&l->insns[last]);
		if (b->is_exit || b->is_indirect)
			continue;
		if (bpf_is_jump(&l->insns[last]))
			b->target = block_at(f, bpf_target(&l->insns[last], last));
		if (!is_goto(&l->insns[last]) && n + 1 < f->n_blocks)
			b->next = (int32_t)n + 1;
		if (b->target == b->next)
			b->target = -1;
	}
}

static void find_blocks(struct arena *a, const struct loaded *l, const uint8_t *marks,
                        struct flow_function *f)
{
	uint32_t n = 0;

	for (uint32_t pc = f->begin; pc < f->end; pc++)
		n += pc == f->begin || begins(marks, pc, BEGINS_BLOCK);
	f->blocks = arena_array(a, struct block, n);
	for (uint32_t pc = f->begin; pc < f->end; pc++) {
		if (pc != f->begin && !begins(marks, pc, BEGINS_BLOCK))
			continue;
		if (f->n_blocks)
			f->blocks[f->n_blocks - 1].end = pc;
		f->blocks[f->n_blocks++] = (struct block){.begin = pc, .end = f->end};
	}
	link_blocks(l, f);
}

void flow_of(struct arena *a, const struct loaded *l, struct flow *ret)
{
	uint8_t *marks = arena_array(a, uint8_t, l->n_insns + 2);
	uint32_t n = 0;

	*ret = (struct flow){0};
	if (!l->n_insns)
		return;
	memset(marks, 0, l->n_insns + 2);
	mark(l, marks);
	for (uint32_t pc = 0; pc < l->n_insns; pc++)
		n += begins(marks, pc, BEGINS_FUNCTION);
	ret->functions = arena_array(a, struct flow_function, n + 1);
	for (uint32_t pc = 0; pc < l->n_insns; pc++) {
		if (!begins(marks, pc, BEGINS_FUNCTION))
			continue;
		if (ret->n_functions)
			ret->functions[ret->n_functions - 1].end = pc;
		ret->functions[ret->n_functions++] =
		    (struct flow_function){.begin = pc, .end = l->n_insns};
	}
	for (uint32_t i = 0; i < ret->n_functions; i++)
		find_blocks(a, l, marks, &ret->functions[i]);
}
