/* What is known about a program's instructions before code is made from them. Input: a vm_code
 * whose program the verifier accepted; output: a struct jit_plan.
 *
 * Both analyses sweep over the slots until nothing changes: compilers emit code nearly in order of
 * execution, so that two or three sweeps suffice, and the order of slots needs no graph. */
#include "vm/jit/jit.h"

#include <assert.h>
#include <linux/bpf.h>

#include "base/arena.h"
#include "bpf/insn.h"

#define R(n) ((uint16_t)(1u << (n)))
#define ARGUMENTS (R(1) | R(2) | R(3) | R(4) | R(5))

/* ---- instructions ---------------------------------------------------------------------------- */

static bool is_atomic(const struct bpf_insn *i)
{
	return BPF_CLASS(i->code) == BPF_STX && BPF_MODE(i->code) == BPF_ATOMIC;
}

static uint16_t call_reads(const struct bpf_insn *i)
{
	if (i->src_reg != 0)
		return ARGUMENTS;
	switch (i->imm) {
	case BPF_FUNC_map_lookup_elem:
	case BPF_FUNC_map_delete_elem:
		return R(1) | R(2);
	case BPF_FUNC_tail_call:
		return R(1) | R(2) | R(3);
	case BPF_FUNC_map_update_elem:
		return R(1) | R(2) | R(3) | R(4);
	case BPF_FUNC_ktime_get_ns:
	case BPF_FUNC_get_prandom_u32:
	case BPF_FUNC_get_smp_processor_id:
		return 0;
	default:
		return ARGUMENTS;
	}
}

static uint16_t jmp_reads(const struct bpf_insn *i)
{
	switch (BPF_OP(i->code)) {
	case BPF_JA:
	case JIT_JCOND:
		return 0;
	case BPF_CALL:
		return call_reads(i);
	case BPF_EXIT:
		return R(0);
	default:
		return R(i->dst_reg) | (BPF_SRC(i->code) == BPF_X ? R(i->src_reg) : 0);
	}
}

static uint16_t alu_reads(const struct bpf_insn *i)
{
	switch (BPF_OP(i->code)) {
	case BPF_NEG:
	case BPF_END:
		return R(i->dst_reg);
	case BPF_MOV:
		return BPF_SRC(i->code) == BPF_X ? R(i->src_reg) : 0;
	default:
		return R(i->dst_reg) | (BPF_SRC(i->code) == BPF_X ? R(i->src_reg) : 0);
	}
}

uint16_t jit_reads(const struct bpf_insn *i)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		if (BPF_MODE(i->code) == BPF_ABS)
			return R(6);
		return BPF_MODE(i->code) == BPF_IND ? R(6) | R(i->src_reg) : 0;
	case BPF_LDX:
		return R(i->src_reg);
	case BPF_ST:
		return R(i->dst_reg);
	case BPF_STX:
		if (is_atomic(i) && i->imm == JIT_LOAD_ACQ)
			return R(i->src_reg);
		return R(i->dst_reg) | R(i->src_reg) |
		       (is_atomic(i) && i->imm == BPF_CMPXCHG ? R(0) : 0);
	case BPF_ALU:
	case BPF_ALU64:
		return alu_reads(i);
	default:
		return jmp_reads(i);
	}
}

uint16_t jit_writes(const struct bpf_insn *i)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		return BPF_MODE(i->code) == BPF_IMM ? R(i->dst_reg) : R(0) | ARGUMENTS;
	case BPF_LDX:
	case BPF_ALU:
	case BPF_ALU64:
		return R(i->dst_reg);
	case BPF_ST:
		return 0;
	case BPF_STX:
		if (!is_atomic(i))
			return 0;
		if (i->imm == JIT_LOAD_ACQ)
			return R(i->dst_reg);
		if (i->imm == BPF_CMPXCHG)
			return R(0);
		return i->imm & BPF_FETCH ? R(i->src_reg) : 0;
	default:
		return BPF_CLASS(i->code) == BPF_JMP && BPF_OP(i->code) == BPF_CALL
		           ? R(0) | ARGUMENTS
		           : 0;
	}
}

uint32_t jit_jump_target(const struct bpf_insn *i, uint32_t pc)
{
	if (BPF_CLASS(i->code) != BPF_JMP && BPF_CLASS(i->code) != BPF_JMP32)
		return VM_NONE;
	switch (BPF_OP(i->code)) {
	case BPF_CALL:
	case BPF_EXIT:
		return VM_NONE;
	case BPF_JA:
		return pc + 1 + (uint32_t)(BPF_CLASS(i->code) == BPF_JMP ? i->off : i->imm);
	default:
		return pc + 1 + (uint32_t)i->off;
	}
}

uint64_t jit_lddw_value(const struct bpf_insn *i)
{
	return (uint32_t)i[0].imm | (uint64_t)(uint32_t)i[1].imm << 32;
}

static bool falls_through(const struct bpf_insn *i)
{
	if (BPF_CLASS(i->code) == BPF_JMP)
		return BPF_OP(i->code) != BPF_JA && BPF_OP(i->code) != BPF_EXIT;
	return i->code != (BPF_JMP32 | BPF_JA);
}

static bool is_call(const struct bpf_insn *i)
{
	return i->code == (BPF_JMP | BPF_CALL);
}

/* ---- functions and blocks ---------------------------------------------------------------------
 */

static void find_functions(struct arena *a, struct jit_plan *p, const struct vm_code *c)
{
	p->n_funcs = c->facts.n_funcs ? c->facts.n_funcs : 1;
	p->funcs = arena_array(a, struct jit_func, p->n_funcs);
	for (uint32_t k = 0; k < p->n_funcs; k++) {
		struct jit_func *f = &p->funcs[k];

		f->pc = c->facts.n_funcs ? c->facts.func_pcs[k] : 0;
		f->end = k + 1 < p->n_funcs ? c->facts.func_pcs[k + 1] : c->n_insns;
		f->stack_b = c->facts.n_funcs ? c->facts.func_stack_b[k] : BPF_STACK_B;
		for (uint32_t pc = f->pc; pc < f->end; pc++)
			p->slots[pc].func = (uint16_t)k;
		p->slots[f->pc].is_target = true;
	}
}

static struct jit_func *function_at(struct jit_plan *p, uint32_t pc)
{
	for (uint32_t k = 0; k < p->n_funcs; k++)
		if (p->funcs[k].pc == pc)
			return &p->funcs[k];
	return NULL;
}

/* What one instruction asks of its function's frame. */
static void note_needs(struct jit_plan *p, struct jit_func *f, const struct vm_code *c, uint32_t pc)
{
	const struct bpf_insn *i = &c->insns[pc];
	bool calls = is_call(i) || (BPF_CLASS(i->code) == BPF_LD && !bpf_is_lddw(i)) ||
	             c->facts.insns[pc].is_probe_load;

	f->writes |= jit_writes(i);
	f->uses_frame |= (jit_reads(i) & R(10)) != 0;
	f->has_calls |= calls;
	p->uses_run |= calls;
	f->has_tail_call |= is_call(i) && i->src_reg == 0 && i->imm == BPF_FUNC_tail_call;
	if (BPF_CLASS(i->code) == BPF_JMP && BPF_OP(i->code) == JIT_JCOND)
		f->has_may_goto = true;
	if (bpf_is_lddw(i) && i->src_reg == BPF_PSEUDO_FUNC) {
		struct jit_func *callee = function_at(p, (uint32_t)i->imm);

		assert(callee);
		callee->is_callback = true;
	}
}

static void find_blocks(struct jit_plan *p, const struct vm_code *c)
{
	for (uint32_t pc = 0; pc < p->n; pc++) {
		const struct bpf_insn *i = &c->insns[pc];
		uint32_t target;

		p->slots[pc].is_code = c->facts.insns[pc].is_reached;
		if (!p->slots[pc].is_code)
			continue;
		note_needs(p, &p->funcs[p->slots[pc].func], c, pc);
		target = jit_jump_target(i, pc);
		if (target != VM_NONE) {
			assert(target < p->n);
			p->slots[target].is_target = true;
			if (target <= pc) {
				p->slots[target].is_loop_head = true;
				p->slots[target].loop_end = pc;
			}
		}
		pc += bpf_is_lddw(i);
	}
}

/* ---- liveness ---------------------------------------------------------------------------------
 */

static void find_live(struct jit_plan *p, const struct vm_code *c)
{
	bool changes = true;

	while (changes) {
		changes = false;
		for (uint32_t pc = p->n; pc-- > 0;) {
			const struct bpf_insn *i = &c->insns[pc];
			struct jit_slot *s = &p->slots[pc];
			uint32_t target = jit_jump_target(i, pc), next = pc + 1 + bpf_is_lddw(i);
			uint16_t out = 0, in;

			if (!s->is_code)
				continue;
			if (target != VM_NONE)
				out |= p->slots[target].live_in;
			if (falls_through(i) && next < p->n)
				out |= p->slots[next].live_in;
			in = (uint16_t)((out & ~jit_writes(i)) | jit_reads(i));
			/* What is read inside a loop is live at its end, which lies behind: the
			 * next sweep carries it there. */
			changes |= in != s->live_in && target <= pc;
			changes |= in != s->live_in && s->is_loop_head;
			s->live_out = out;
			s->live_in = in;
		}
	}
}

/* ---- zero upper halves ------------------------------------------------------------------------
 */

static bool alu64_is_zext(const struct bpf_insn *i, uint16_t in)
{
	bool dst = in & R(i->dst_reg), is_imm = BPF_SRC(i->code) == BPF_K;
	bool src = is_imm ? i->imm >= 0 : (in & R(i->src_reg)) != 0;

	switch (BPF_OP(i->code)) {
	case BPF_MOV:
		return i->off ? false : src;
	case BPF_AND:
		return dst || src;
	case BPF_OR:
	case BPF_XOR:
		return dst && src;
	case BPF_RSH:
		return dst || (is_imm && i->imm >= 32);
	case BPF_ARSH: /* a zero upper half has a zero sign */
		return dst;
	case BPF_DIV:
		return dst && i->off == 0;
	case BPF_MOD: /* a divisor of 0 leaves dst */
		return i->off == 0 && (dst || (is_imm && i->imm > 0));
	case BPF_END:
		return i->imm < 64;
	default:
		return false;
	}
}

/* Whether the register that `i` writes has a zero upper half. */
static bool gives_zext(const struct bpf_insn *i, uint16_t in, bool is_probe)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_ALU:
		/* To the CPU's own order and 64 bits: not an instruction of 32 bits. */
		return BPF_OP(i->code) != BPF_END || i->imm < 64;
	case BPF_ALU64:
		return alu64_is_zext(i, in);
	case BPF_LDX:
		return BPF_MODE(i->code) == BPF_MEM && BPF_SIZE(i->code) != BPF_DW && !is_probe;
	case BPF_LD:
		return bpf_is_lddw(i) && i->src_reg == 0 && i[1].imm == 0;
	case BPF_STX:
		return BPF_SIZE(i->code) != BPF_DW;
	default:
		return false;
	}
}

static bool merge_zext(struct jit_slot *s, uint16_t set)
{
	uint16_t was = s->zext_in;

	s->zext_in &= set;
	return was != s->zext_in;
}

static void find_zext(struct jit_plan *p, const struct vm_code *c)
{
	bool changes = true;

	for (uint32_t pc = 0; pc < p->n; pc++)
		p->slots[pc].zext_in = 0x7ff;
	for (uint32_t k = 0; k < p->n_funcs; k++)
		p->slots[p->funcs[k].pc].zext_in = 0;
	while (changes) {
		changes = false;
		for (uint32_t pc = 0; pc < p->n; pc++) {
			const struct bpf_insn *i = &c->insns[pc];
			const struct jit_slot *s = &p->slots[pc];
			uint32_t target = jit_jump_target(i, pc), next = pc + 1 + bpf_is_lddw(i);
			uint16_t out = s->zext_in, writes = jit_writes(i);

			if (!s->is_code)
				continue;
			if (gives_zext(i, s->zext_in, c->facts.insns[pc].is_probe_load))
				out |= writes;
			else
				out &= (uint16_t)~writes;
			if (target != VM_NONE)
				changes |= merge_zext(&p->slots[target], out) && target <= pc;
			if (falls_through(i) && next < p->n)
				merge_zext(&p->slots[next], out);
		}
	}
}

struct jit_plan *jit_plan_make(struct arena *a, const struct vm_code *c)
{
	struct jit_plan *p = arena_new(a, struct jit_plan);

	p->n = c->n_insns;
	p->slots = arena_array(a, struct jit_slot, c->n_insns);
	find_functions(a, p, c);
	find_blocks(p, c);
	find_live(p, c);
	find_zext(p, c);
	return p;
}
