/* arm64: whatever leaves the function: helpers, functions, tail calls, and loads that C makes. */
#include "vm/jit/arm64.h"

#include <stddef.h>

#include "bpf/insn.h"
#include "vm/map.h"

#define R1_TO_R5 0x3eu

/* Calls C. Its arguments are in place; the result goes from x0 wherever the caller wants it. */
static void call_c(struct arm64 *g, uintptr_t function)
{
	int64_t distance = (int64_t)(function - (g->j->base + jit_here(g->j)));

	if (a64_reaches(A64_IMM26, distance)) {
		put(g, a64_jump_to(a64_bl(), A64_IMM26, distance));
		return;
	}
	arm64_const(g, true, X16, function);
	put(g, a64_blr(X16));
}

static void result_to_r0(struct arm64 *g, uint32_t pc)
{
	if (g->j->plan->slots[pc].live_out & 1)
		put(g, a64_mov(true, X7, X0));
}

/* ---- what need not be called ------------------------------------------------------------------
 */

static bool is_array(const struct vm_map *m)
{
	return m->values &&
	       (m->def.type == BPF_MAP_TYPE_ARRAY || m->def.type == BPF_MAP_TYPE_PERCPU_ARRAY);
}

/* x7 += this CPU's part */
static void add_cpu(struct arm64 *g, const struct vm_map *m)
{
	if (!m->cpu_stride_b)
		return;
	put(g, a64_mem(A64_LOAD, 2, X9, g->run, offsetof(struct vm_run, cpu)));
	arm64_const(g, false, X10, m->cpu_stride_b);
	put(g, a64_umaddl(X7, X9, X10, X7));
}

/* r0 = the element at *r2, or 0: no jump, for whether it is there is known only late. */
static void array_lookup(struct arm64 *g, uint32_t pc)
{
	const struct vm_fact *fact = &g->j->vm->facts.insns[pc];
	const struct vm_map *m = g->j->vm->maps[fact->map];
	uint64_t values = (uintptr_t)m->values;

	if (fact->has_key) {
		arm64_const(g, true, X7, values + (uint64_t)fact->key * m->stride_b);
		add_cpu(g, m);
		return;
	}
	put(g, a64_mem(A64_LOAD, 2, X0, X1, 0));
	arm64_const(g, false, X9, m->def.max_entries);
	put(g, a64_op3(A64_SUBS, false, ZR, X0, X9));
	arm64_const(g, false, X10, m->stride_b);
	arm64_const(g, true, X7, values);
	put(g, a64_umaddl(X7, X0, X10, X7));
	add_cpu(g, m);
	put(g, a64_csel(true, X7, X7, ZR, CC_LO));
}

static bool is_inline(const struct arm64 *g, uint32_t pc)
{
	const struct bpf_insn *i = insn_at(g, pc);
	uint32_t map = g->j->vm->facts.insns[pc].map;

	if (i->src_reg != 0)
		return false;
	if (i->imm == BPF_FUNC_map_lookup_elem)
		return map < g->j->vm->n_maps && is_array(g->j->vm->maps[map]);
	return i->imm == BPF_FUNC_get_smp_processor_id;
}

static void call_inline(struct arm64 *g, uint32_t pc)
{
	if (insn_at(g, pc)->imm == BPF_FUNC_map_lookup_elem)
		array_lookup(g, pc);
	else
		put(g, a64_mem(A64_LOAD, 2, X7, g->run, offsetof(struct vm_run, cpu)));
}

bool arm64_leaves(const struct arm64 *g, uint32_t pc)
{
	const struct bpf_insn *i = insn_at(g, pc);

	if (!g->j->plan->slots[pc].is_code)
		return false;
	if (i->code == (BPF_JMP | BPF_CALL))
		return !is_inline(g, pc);
	return (BPF_CLASS(i->code) == BPF_LD && !bpf_is_lddw(i)) ||
	       g->j->vm->facts.insns[pc].is_probe_load;
}

/* ---- calls ------------------------------------------------------------------------------------
 */

/* r2, the map, is the second argument already. jit_tail_call() returns in x0, x1 where to go and
 * with what r2; 0: on behind. */
static void tail_call(struct arm64 *g)
{
	uint32_t behind = jit_label(g->j);

	put(g, a64_mov(true, X0, g->run));
	put(g, a64_mov(false, X2, reg(BPF_REG_3)));
	call_c(g, (uintptr_t)jit_tail_call);
	arm64_jump_if(g, a64_cbz(true, false, X0), SITE_COND, behind);
	put(g, a64_mov(true, X16, X0));
	put(g, a64_mem(A64_LOAD, 3, X0, g->run, offsetof(struct vm_run, context)));
	put(g, a64_mov(true, X2, g->run));
	arm64_leave(g);
	put(g, a64_br(X16));
	jit_place(g->j, behind);
}

/* A function that made a tail call returns here with another code's name in the run. */
static void restore_code(struct arm64 *g)
{
	if (!g->j->vm->facts.has_tail_call)
		return;
	arm64_const(g, true, X9, (uintptr_t)g->j->vm);
	put(g, a64_mem(A64_STORE, 3, X9, g->run, offsetof(struct vm_run, code)));
}

void arm64_call(struct arm64 *g, uint32_t pc)
{
	const struct bpf_insn *i = insn_at(g, pc);

	if (i->src_reg == BPF_PSEUDO_CALL) {
		uint32_t target = pc + 1 + (uint32_t)i->imm;

		put(g, a64_mov(true, X5, g->run));
		jit_site(g->j, g->func_labels[g->j->plan->slots[target].func], SITE_B);
		put(g, a64_bl());
		result_to_r0(g, pc);
		restore_code(g);
	} else if (i->imm == BPF_FUNC_tail_call) {
		tail_call(g);
	} else if (is_inline(g, pc)) {
		call_inline(g, pc);
	} else {
		put(g, a64_mov(true, X5, g->run));
		call_c(g, (uintptr_t)vm_helper((uint32_t)i->imm));
		result_to_r0(g, pc);
	}
}

/* ---- loads that C makes -----------------------------------------------------------------------
 */

/* r0 = part of the packet; without it, the function ends with 0. r1 to r5 are lost (RFC 9669,
 * section 5.5), so nothing has to be kept. */
void arm64_packet_load(struct arm64 *g, const struct bpf_insn *i)
{
	if (BPF_MODE(i->code) == BPF_IND) {
		arm64_program_const(g, false, X9, (uint32_t)i->imm);
		put(g, a64_op3(A64_ADD, false, X2, reg(i->src_reg), X9));
	} else {
		arm64_program_const(g, false, X2, (uint32_t)i->imm);
	}
	put(g, a64_mov(true, X0, g->run));
	put(g, a64_mov(true, X1, reg(BPF_REG_6)));
	arm64_const(g, false, X3, bpf_size_bytes(i->code));
	call_c(g, (uintptr_t)vm_packet_load);
	put(g, a64_op_imm(A64_ADDS_IMM, true, ZR, X0, 1)); /* VM_NO_PACKET is -1 */
	put(g, a64_csel(true, X7, ZR, X0, CC_EQ));
	arm64_jump_if(g, a64_b_cond(CC_EQ), SITE_COND, g->epilogue);
}

/* To the program this is a load like any other: what lives in registers that C may write has to
 * be put aside. */
void arm64_probe_load(struct arm64 *g, uint32_t pc)
{
	const struct bpf_insn *i = insn_at(g, pc);
	uint16_t live = g->j->plan->slots[pc].live_out & ~(1u << i->dst_reg) & (R1_TO_R5 | 1);
	unsigned bytes = bpf_size_bytes(i->code), rd = reg(i->dst_reg), n = 0;
	uint8_t kept[6];

	for (unsigned r = 0; r < 6; r++)
		if (live >> r & 1)
			kept[n++] = (uint8_t)reg(r);
	if (n % 2)
		kept[n++] = ZR;
	for (unsigned k = 0; k < n; k += 2)
		put(g, a64_pair(A64_STP_PRE, kept[k], kept[k + 1], SP, -16));
	arm64_add_const(g, X1, reg(i->src_reg), i->off);
	put(g, a64_mov(true, X0, g->run));
	arm64_const(g, false, X2, bytes);
	call_c(g, (uintptr_t)vm_probe_load);
	put(g, a64_mov(true, X9, X0));
	for (unsigned k = n; k > 0; k -= 2)
		put(g, a64_pair(A64_LDP_POST, kept[k - 2], kept[k - 1], SP, 16));
	if (BPF_MODE(i->code) == BPF_MEMSX)
		put(g, a64_sbfm(true, rd, X9, 0, bytes * 8 - 1));
	else
		put(g, a64_mov(true, rd, X9));
}
