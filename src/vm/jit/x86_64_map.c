/* Map lookups in place: arrays become an address, other kinds the direct call of their function
 * (map.h says where an array's values are). */
#include "vm/jit/x86_64.h"

#include <stddef.h>

static bool is_array(const struct vm_map *m)
{
	return (m->def.type == BPF_MAP_TYPE_ARRAY || m->def.type == BPF_MAP_TYPE_PERCPU_ARRAY) &&
	       m->values && m->def.key_size_b == 4;
}

static const struct vm_map *map_of(const struct vm_code *c, uint32_t pc)
{
	uint32_t map = c->facts.insns[pc].map;

	return map < c->n_maps ? c->maps[map] : NULL;
}

bool x86_is_inline_lookup(const struct vm_code *c, uint32_t pc, bool *ret_needs_run)
{
	const struct bpf_insn *i = &c->insns[pc];
	const struct vm_map *m;

	if (i->code != (BPF_JMP | BPF_CALL) || i->src_reg != 0 ||
	    i->imm != BPF_FUNC_map_lookup_elem)
		return false;
	m = map_of(c, pc);
	if (!m || !is_array(m))
		return false;
	*ret_needs_run = m->cpu_stride_b != 0;
	return true;
}

/* r0 += the running CPU's distance from CPU 0. r1 and r2 are dead. */
static void add_cpu(struct x86 *x, const struct vm_map *m, uint8_t reg)
{
	if (!m->cpu_stride_b)
		return;
	x86_load(x->j, 4, false, SCRATCH,
	         (struct x86_mem){RUN, NO_REG, 0, offsetof(struct vm_run, cpu)});
	if (m->cpu_stride_b <= INT32_MAX) {
		x86_rr(x->j, 0x69, true, SCRATCH, SCRATCH);
		jit_u32(x->j, m->cpu_stride_b);
	} else {
		x86_mov_imm(x->j, SCRATCH_2, m->cpu_stride_b, true);
		x86_rr(x->j, OP_0F | 0xaf, true, SCRATCH, SCRATCH_2);
	}
	x86_alu_rr(x->j, X_ADD, true, reg, SCRATCH);
}

/* The key into eax: from the register that was just stored there, if that is known. Frees rax and
 * rdi: whoever names them is computed before. */
static void load_key(struct x86 *x)
{
	struct x86_mem key = x86_address(x, 2, 0);

	if (x86_is_named(x, RAX) || x86_is_named(x, RDI)) {
		x86_free_home(x, 0);
		x86_free_home(x, 1);
		key = x86_address(x, 2, 0);
	}
	if (x->key_reg != NO_REG && key.base == RBP && key.index == NO_REG &&
	    key.disp == x->key_off)
		x86_mov(x->j, false, RAX, x->key_reg);
	else
		x86_load(x->j, 4, false, RAX, key);
	x86_define(x, 0);
	x86_define(x, 1);
}

/* r0 = the value's address; rax holds the index. Pending, if the rest of it is an address. */
static void pend_value(struct x86 *x, const struct vm_map *m)
{
	struct value v = {.kind = V_LEA, .m = {.base = RDI, .index = RAX}};
	uint32_t stride_b = m->stride_b, log = (uint32_t)__builtin_ctz(stride_b);

	if (stride_b & (stride_b - 1)) {
		x86_rr(x->j, 0x69, true, RAX, RAX);
		jit_u32(x->j, stride_b);
	} else if (log > 3) {
		x86_shift_imm(x->j, X_SHL, true, RAX, (uint8_t)log);
	} else {
		v.m.scale = (uint8_t)log;
	}
	x86_mov_imm(x->j, RDI, (uintptr_t)m->values, true);
	if (m->cpu_stride_b) {
		x86_lea(x->j, true, RAX, v.m);
		add_cpu(x, m, RAX);
		x->v[0].kind = V_HOME;
	} else {
		x86_pend(x, 0, &v);
	}
}

/* The test for null that mostly follows: 0, or the slot it jumps to with null (JEQ) or without. */
static const struct bpf_insn *null_test(const struct x86 *x)
{
	const struct bpf_insn *next = &x->insns[x->pc + 1];

	if (x->pc + 1 >= x->func->end || x->plan->slots[x->pc + 1].is_target ||
	    BPF_CLASS(next->code) != BPF_JMP || BPF_SRC(next->code) != BPF_K ||
	    next->dst_reg != 0 || next->imm != 0)
		return NULL;
	return BPF_OP(next->code) == BPF_JEQ || BPF_OP(next->code) == BPF_JNE ? next : NULL;
}

/* A known index: the address itself, never null. */
static void lookup_const(struct x86 *x, const struct vm_map *m, uint32_t key)
{
	uintptr_t address = (uintptr_t)m->values + (size_t)key * m->stride_b;

	if (m->cpu_stride_b) {
		x86_define(x, 0);
		x86_mov_imm(x->j, RAX, address, true);
		add_cpu(x, m, RAX);
	} else {
		x86_pend(x, 0, &(struct value){.kind = V_CONST, .imm = address});
	}
}

uint32_t x86_inline_lookup(struct x86 *x)
{
	const struct vm_map *m = map_of(x->j->vm, x->pc);
	const struct vm_fact *fact = &x->j->vm->facts.insns[x->pc];
	const struct bpf_insn *test = null_test(x);
	uint32_t null, done, target;

	if (fact->has_key && fact->key < m->def.max_entries) {
		lookup_const(x, m, fact->key);
		return 0;
	}
	if (!test) {
		null = jit_label(x->j);
		done = jit_label(x->j);
		load_key(x);
		x86_alu_imm(x->j, X_CMP, false, RAX, (int32_t)m->def.max_entries);
		x86_jcc(x->j, CC_AE, null);
		pend_value(x, m);
		x86_settle(x, 0);
		x86_jmp(x->j, done);
		jit_place(x->j, null);
		x86_mov_imm(x->j, RAX, 0, true);
		jit_place(x->j, done);
		return 0;
	}
	target = jit_jump_target(test, x->pc + 1);
	x86_settle_set(x, x->plan->slots[target].live_in & 0x3fe);
	load_key(x);
	x86_alu_imm(x->j, X_CMP, false, RAX, (int32_t)m->def.max_entries);
	if (BPF_OP(test->code) == BPF_JEQ && !(x->plan->slots[target].live_in & 1)) {
		x86_jcc(x->j, CC_AE, x86_thread(x, target));
		pend_value(x, m);
		return 1;
	}
	null = jit_label(x->j);
	x86_jcc(x->j, CC_AE, null);
	pend_value(x, m);
	if (BPF_OP(test->code) == BPF_JNE) {
		x86_settle(x, 0);
		x86_jmp(x->j, x86_thread(x, target));
		jit_place(x->j, null);
		x86_mov_imm(x->j, RAX, 0, true);
		return 1;
	}
	/* Null that is still looked at where the test leads. */
	x86_settle(x, 0);
	done = jit_label(x->j);
	x86_jmp(x->j, done);
	jit_place(x->j, null);
	x86_mov_imm(x->j, RAX, 0, true);
	x86_jmp(x->j, x86_thread(x, target));
	jit_place(x->j, done);
	return 1;
}

uint64_t x86_kind_lookup(const struct x86 *x)
{
	const struct bpf_insn *i = &x->insns[x->pc];
	const struct vm_map *m;

	if (i->src_reg != 0 || i->imm != BPF_FUNC_map_lookup_elem)
		return 0;
	m = map_of(x->j->vm, x->pc);
	return m && m->ops && m->ops->lookup ? (uintptr_t)m->ops->lookup : 0;
}
