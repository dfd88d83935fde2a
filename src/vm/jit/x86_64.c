/* The x86-64 target: functions and their frames, calls, memory, and the loop over the instructions.
 * Registers and pending values are explained in x86_64.h.
 *
 * A frame, from high addresses: return address, callee-saved registers in use, the caller's rbp,
 * then (rbp points there, it is r10) the BPF stack and the counter of may_goto. Functions that call
 * nothing leave their stack in the red zone below rsp. */
#include "vm/jit/x86_64.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"

enum {
	RED_ZONE_B = 128,
	JUMP_ALIGN_B = 16,
	FUNCTION_ALIGN_B = 16,
	WINDOW_B = 32,
	MAX_ALIGNED_B = 128
};

/* ---- frames -----------------------------------------------------------------------------------
 */

static void plan_frame(struct x86 *x)
{
	const struct jit_func *f = x->func;
	uint32_t pushed_b;

	x->n_saved = 0;
	if (f == &x->plan->funcs[0] && x->needs_run)
		x->saved[x->n_saved++] = RUN;
	for (uint8_t r = 6; r < 10; r++)
		if (f->writes >> r & 1)
			x->saved[x->n_saved++] = x86_home[r];
	x->has_rbp = f->uses_frame || f->has_may_goto;
	x->frame_b = x->has_rbp ? (f->stack_b + 7u) & ~7u : 0;
	if (f->has_may_goto) {
		x->frame_b += 8;
		x->counter_off = x->frame_b;
	}
	pushed_b = 8 * (1 + x->n_saved + x->has_rbp);
	if (f->has_calls && x->calls_c)
		x->frame_b += -(pushed_b + x->frame_b) & 15;
	else if (!f->has_calls && x->frame_b <= RED_ZONE_B)
		x->frame_b = 0;
}

static void prologue(struct x86 *x)
{
	for (uint32_t k = 0; k < x->n_saved; k++)
		x86_push(x->j, x->saved[k]);
	if (x->has_rbp) {
		x86_push(x->j, RBP);
		x86_mov(x->j, true, RBP, RSP);
	}
	if (x->frame_b)
		x86_alu_imm(x->j, X_SUB, true, RSP, (int32_t)x->frame_b);
	if (x->func == &x->plan->funcs[0] && x->needs_run)
		x86_mov(x->j, true, RUN, RDX);
	if (x->func->has_may_goto)
		x86_store_imm(x->j, 8, (struct x86_mem){RBP, NO_REG, 0, -(int32_t)x->counter_off},
		              JIT_MAY_GOTO_MAX);
}

/* All but the return. Leaves rax, rdx, rsi and rdi alone. */
static void epilogue(struct x86 *x)
{
	if (x->has_rbp) {
		if (x->frame_b)
			x86_byte(x->j, 0xc9); /* leave */
		else
			x86_pop(x->j, RBP);
	} else if (x->frame_b) {
		x86_alu_imm(x->j, X_ADD, true, RSP, (int32_t)x->frame_b);
	}
	for (uint32_t k = x->n_saved; k-- > 0;)
		x86_pop(x->j, x->saved[k]);
}

/* What the lddw of a function loads: a vm_helper_fn, whose sixth argument is the run. */
static void callback_stub(struct x86 *x, uint32_t func)
{
	jit_place(x->j, x->stub_labels[func]);
	x86_push(x->j, RUN);
	x86_mov(x->j, true, RUN, R9);
	x86_call_label(x->j, x->func_labels[func]);
	x86_pop(x->j, RUN);
	x86_ret(x->j);
}

/* ---- jumps ------------------------------------------------------------------------------------
 */

uint32_t x86_thread(const struct x86 *x, uint32_t pc)
{
	for (int hops = 0; hops < 8; hops++) {
		const struct bpf_insn *i = &x->insns[pc];

		if (i->code != (BPF_JMP | BPF_JA) && i->code != (BPF_JMP32 | BPF_JA))
			break;
		pc = jit_jump_target(i, pc);
	}
	return pc;
}

void x86_goto(struct x86 *x, uint32_t pc)
{
	uint32_t next = x->pc + 1;

	x86_settle_set(x, x->plan->slots[pc].live_in);
	pc = x86_thread(x, pc);
	while (next < x->func->end && !x->plan->slots[next].is_code)
		next++;
	if (pc != next)
		x86_jmp(x->j, pc);
}

static void may_goto(struct x86 *x, uint32_t target)
{
	struct x86_mem counter = {RBP, NO_REG, 0, -(int32_t)x->counter_off};

	x86_settle_set(x, x->plan->slots[target].live_in);
	x86_alu_mem_imm(x->j, X_CMP, 4, counter, 0);
	x86_jcc(x->j, CC_E, target);
	x86_alu_mem_imm(x->j, X_SUB, 4, counter, 1);
}

/* ---- calls ------------------------------------------------------------------------------------
 */

/* Arguments go home, and so does what names registers that the callee may change. */
static void prepare_call(struct x86 *x, uint16_t reads)
{
	static const uint8_t changed[] = {RAX, RDI, RSI, RDX, RCX, R8};

	x86_settle_loads(x);
	for (size_t k = 0; k < sizeof(changed); k++)
		while (x86_is_named(x, changed[k]))
			for (uint8_t r = 0; r < 10; r++)
				if (x86_names(x, r, changed[k]))
					x86_settle(x, r);
	x86_settle_set(x, reads & 0x3ff);
	for (uint8_t r = 0; r < 6; r++)
		x->v[r].kind = V_HOME;
	x->key_reg = NO_REG;
}

static void exit_function(struct x86 *x)
{
	epilogue(x);
	x86_ret(x->j);
}

/* r1 context, r2 the array, r3 the index. */
static void tail_call(struct x86 *x)
{
	uint32_t fails = jit_label(x->j);

	prepare_call(x, jit_reads(&x->insns[x->pc]));
	x86_push(x->j, RDI);
	x86_push(x->j, RDI); /* keeps rsp a multiple of 16 */
	x86_mov(x->j, true, RDI, RUN);
	x86_call(x->j, (uintptr_t)jit_tail_call);
	x86_pop(x->j, RDI);
	x86_pop(x->j, RDI);
	x86_test(x->j, true, RAX, RAX);
	x86_jcc(x->j, CC_E, fails);
	x86_mov(x->j, true, RSI, RDX);
	x86_mov(x->j, true, RDX, RUN);
	epilogue(x);
	x86_byte(x->j, 0xff); /* jmp rax */
	x86_byte(x->j, 0xe0);
	jit_place(x->j, fails);
}

static uint32_t function_at(const struct x86 *x, uint32_t pc)
{
	return x->plan->slots[pc].func;
}

static uint32_t call(struct x86 *x, const struct bpf_insn *i)
{
	uint64_t lookup;
	bool needs_run;

	if (x86_is_inline_lookup(x->j->vm, x->pc, &needs_run))
		return x86_inline_lookup(x);
	if (i->src_reg == BPF_PSEUDO_CALL) {
		uint32_t label = x->func_labels[function_at(x, x->pc + 1 + (uint32_t)i->imm)];

		prepare_call(x, jit_reads(i));
		/* Its result is ours, nobody has a pointer into our frame, and r12 stays: a jump.
		 */
		if (x->insns[x86_thread(x, x->pc + 1)].code == (BPF_JMP | BPF_EXIT) &&
		    !x->func->uses_frame && x->func != &x->plan->funcs[0]) {
			epilogue(x);
			x86_jmp(x->j, label);
			x->is_left = true;
			return 0;
		}
		x86_call_label(x->j, label);
		return 0;
	}
	if (i->imm == BPF_FUNC_tail_call) {
		tail_call(x);
		return 0;
	}
	lookup = x86_kind_lookup(x);
	prepare_call(x, jit_reads(i));
	if (lookup) {
		x86_load(x->j, 4, false, RDX,
		         (struct x86_mem){RUN, NO_REG, 0, offsetof(struct vm_run, cpu)});
		x86_call(x->j, lookup);
	} else {
		x86_mov(x->j, true, R9, RUN);
		x86_call(x->j, (uintptr_t)vm_helper((uint32_t)i->imm));
	}
	return 0;
}

/* ---- memory -----------------------------------------------------------------------------------
 */

/* BPF_LD_ABS, BPF_LD_IND: a function that is not helped ends with 0. */
static void packet_load(struct x86 *x, const struct bpf_insn *i)
{
	uint32_t loaded = jit_label(x->j);

	prepare_call(x, jit_reads(i));
	if (BPF_MODE(i->code) == BPF_IND) {
		x86_mov(x->j, false, RDX, x86_home[i->src_reg]);
		if (i->imm)
			x86_alu_imm(x->j, X_ADD, false, RDX, i->imm);
	} else {
		x86_mov_imm(x->j, RDX, (uint32_t)i->imm, true);
	}
	x86_mov(x->j, true, RDI, RUN);
	x86_mov(x->j, true, RSI, x86_home[6]);
	x86_mov_imm(x->j, RCX, bpf_size_bytes(i->code), true);
	x86_call(x->j, (uintptr_t)vm_packet_load);
	x86_alu_imm(x->j, X_CMP, true, RAX, -1); /* VM_NO_PACKET */
	x86_jcc(x->j, CC_NE, loaded);
	x86_mov_imm(x->j, RAX, 0, true);
	exit_function(x);
	jit_place(x->j, loaded);
}

/* A call that no BPF register notices. */
static void probe_load(struct x86 *x, const struct bpf_insn *i)
{
	uint8_t width_b = bpf_size_bytes(i->code), n = 0, saved[6], dst = i->dst_reg;
	struct x86_mem m;

	x86_settle_set(x, 0x3ff & (x->live | jit_reads(i)));
	m = x86_address(x, i->src_reg, i->off);
	x86_lea(x->j, true, SCRATCH, m);
	for (uint8_t r = 0; r < 6; r++)
		if (r != dst && x86_is_live(x, r))
			saved[n++] = x86_home[r];
	for (uint8_t k = 0; k < n; k++)
		x86_push(x->j, saved[k]);
	if (n & 1)
		x86_push(x->j, RAX);
	x86_mov(x->j, true, RDI, RUN);
	x86_mov(x->j, true, RSI, SCRATCH);
	x86_mov_imm(x->j, RDX, width_b, true);
	x86_call(x->j, (uintptr_t)vm_probe_load);
	x86_mov(x->j, true, SCRATCH, RAX);
	if (n & 1)
		x86_pop(x->j, RAX);
	for (uint8_t k = n; k-- > 0;)
		x86_pop(x->j, saved[k]);
	if (BPF_MODE(i->code) == BPF_MEMSX)
		x86_extend(x->j, width_b, true, x86_define(x, dst), SCRATCH);
	else
		x86_mov(x->j, true, x86_define(x, dst), SCRATCH);
}

static void load(struct x86 *x, const struct bpf_insn *i)
{
	struct value v = {.kind = V_LOAD,
	                  .width_b = bpf_size_bytes(i->code),
	                  .is_signed = BPF_MODE(i->code) == BPF_MEMSX};

	if (x->j->vm->facts.insns[x->pc].is_probe_load) {
		probe_load(x, i);
		return;
	}
	if (i->dst_reg != i->src_reg)
		x86_separate(x, i->src_reg);
	v.m = x86_address(x, i->src_reg, i->off);
	x86_pend(x, i->dst_reg, &v);
}

static void load_imm64(struct x86 *x, const struct bpf_insn *i)
{
	struct value v = {.kind = V_CONST, .imm = jit_lddw_value(i)};

	if (i->src_reg == BPF_PSEUDO_FUNC)
		x86_lea_label(x->j, x86_define(x, i->dst_reg),
		              x->stub_labels[function_at(x, (uint32_t)i->imm)]);
	else if (x->j->blinds)
		x86_const(x, x86_define(x, i->dst_reg), v.imm);
	else
		x86_pend(x, i->dst_reg, &v);
}

static void store(struct x86 *x, const struct bpf_insn *i)
{
	uint8_t width_b = bpf_size_bytes(i->code), reg, key = NO_REG;
	bool is_imm = BPF_CLASS(i->code) == BPF_ST;
	int32_t imm = i->imm;

	x86_settle_loads(x);
	if (!is_imm && i->src_reg != i->dst_reg)
		is_imm = x86_imm32(x, i->src_reg, width_b < 8, &imm);
	if (is_imm && x->j->blinds) {
		x86_const(x, SCRATCH, width_b < 8 ? (uint32_t)imm : (uint64_t)(int64_t)imm);
		x86_store(x->j, width_b, x86_address(x, i->dst_reg, i->off), SCRATCH);
	} else if (is_imm) {
		x86_store_imm(x->j, width_b, x86_address(x, i->dst_reg, i->off), imm);
	} else {
		struct x86_mem m =
		    x86_address_two(x, i->dst_reg, i->off, i->src_reg, width_b == 8, &reg);

		x86_store(x->j, width_b, m, reg);
		if (i->dst_reg == 10 && width_b >= 4)
			key = reg;
	}
	x->key_reg = key;
	x->key_off = i->off;
}

/* ---- atomics ----------------------------------------------------------------------------------
 */

/* and, or, xor that return what was there: a loop around cmpxchg. The address goes to SCRATCH, the
 * operand to SCRATCH_3, rax waits in SCRATCH_2; src's own home holds the new value. */
static void fetch_loop(struct x86 *x, const struct bpf_insn *i, enum x86_alu op, bool w)
{
	uint32_t again = jit_label(x->j);
	uint8_t home, fresh;

	x86_settle(x, i->src_reg);
	x86_settle(x, i->dst_reg);
	home = x86_modify(x, i->src_reg);
	fresh = home == RAX ? (uint8_t)SCRATCH_2 : home;
	x86_lea(x->j, true, SCRATCH, x86_address(x, i->dst_reg, i->off));
	x86_mov(x->j, w, SCRATCH_3, home);
	if (home != RAX)
		x86_mov(x->j, true, SCRATCH_2, RAX);
	x86_load(x->j, w ? 8 : 4, false, RAX, (struct x86_mem){SCRATCH, NO_REG, 0, 0});
	jit_place(x->j, again);
	x86_mov(x->j, w, fresh, RAX);
	x86_alu_rr(x->j, op, w, fresh, SCRATCH_3);
	x86_rm(x->j, OP_LOCK | OP_0F | 0xb1, w, fresh, (struct x86_mem){SCRATCH, NO_REG, 0, 0});
	x86_jcc(x->j, CC_NE, again);
	if (home != RAX) {
		x86_mov(x->j, w, home, RAX);
		x86_mov(x->j, true, RAX, SCRATCH_2);
	}
}

static void compare_exchange(struct x86 *x, const struct bpf_insn *i, bool w)
{
	struct x86_mem m;

	x86_settle_set(x, 0x3ff & jit_reads(i));
	x86_modify(x, 0);
	m = x86_address(x, i->dst_reg, i->off);
	x86_rm(x->j, OP_LOCK | OP_0F | 0xb1, w, x86_home[i->src_reg], m);
	if (!w) /* on success rax is not written */
		x86_mov(x->j, false, RAX, RAX);
}

static void ordered(struct x86 *x, const struct bpf_insn *i)
{
	uint8_t width_b = bpf_size_bytes(i->code), reg;
	struct x86_mem m;

	/* x86 keeps loads, and stores, in order: ordinary moves are enough. */
	if (i->imm == JIT_LOAD_ACQ) {
		m = x86_address(x, i->src_reg, i->off);
		x86_load(x->j, width_b, false, x86_define(x, i->dst_reg), m);
	} else {
		m = x86_address_two(x, i->dst_reg, i->off, i->src_reg, width_b == 8, &reg);
		x86_store(x->j, width_b, m, reg);
	}
}

static void atomic(struct x86 *x, const struct bpf_insn *i)
{
	bool w = BPF_SIZE(i->code) == BPF_DW;
	struct x86_mem m;
	uint8_t reg;

	x86_settle_loads(x);
	x->key_reg = NO_REG;
	switch (i->imm) {
	case JIT_LOAD_ACQ:
	case JIT_STORE_REL:
		ordered(x, i);
		return;
	case BPF_CMPXCHG:
		compare_exchange(x, i, w);
		return;
	case BPF_ADD:
	case BPF_OR:
	case BPF_AND:
	case BPF_XOR:
		m = x86_address_two(x, i->dst_reg, i->off, i->src_reg, w, &reg);
		x86_rm(x->j,
		       OP_LOCK | (i->imm == BPF_ADD   ? 0x01
		                  : i->imm == BPF_OR  ? 0x09
		                  : i->imm == BPF_AND ? 0x21
		                                      : 0x31),
		       w, reg, m);
		return;
	case BPF_ADD | BPF_FETCH:
	case BPF_XCHG:
		x86_settle(x, i->dst_reg);
		reg = x86_modify(x, i->src_reg);
		m = x86_address(x, i->dst_reg, i->off);
		x86_rm(x->j, i->imm == BPF_XCHG ? 0x87 : OP_LOCK | OP_0F | 0xc1, w, reg, m);
		return;
	default:
		fetch_loop(x, i,
		           i->imm == (BPF_OR | BPF_FETCH)    ? X_OR
		           : i->imm == (BPF_AND | BPF_FETCH) ? X_AND
		                                             : X_XOR,
		           w);
	}
}

/* ---- instructions -----------------------------------------------------------------------------
 */

/* Only writes a register that nobody reads. */
static bool is_useless(const struct x86 *x, const struct bpf_insn *i)
{
	uint8_t class = BPF_CLASS(i->code);

	return (class == BPF_ALU || class == BPF_ALU64 || class == BPF_LDX || bpf_is_lddw(i)) &&
	       !x86_is_live(x, i->dst_reg);
}

/* Returns slots done beyond this one. */
static uint32_t jump(struct x86 *x, const struct bpf_insn *i)
{
	switch (BPF_OP(i->code)) {
	case BPF_JA:
		x86_goto(x, jit_jump_target(i, x->pc));
		return 0;
	case BPF_CALL:
		return call(x, i);
	case BPF_EXIT:
		x86_settle(x, 0);
		exit_function(x);
		return 0;
	case JIT_JCOND:
		may_goto(x, jit_jump_target(i, x->pc));
		return 0;
	default:
		return x86_branch(x, i);
	}
}

static uint32_t instruction(struct x86 *x, const struct bpf_insn *i)
{
	if (is_useless(x, i))
		return bpf_is_lddw(i);
	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
		if (bpf_is_lddw(i)) {
			load_imm64(x, i);
			return 1;
		}
		packet_load(x, i);
		return 0;
	case BPF_LDX:
		load(x, i);
		return 0;
	case BPF_ST:
		store(x, i);
		return 0;
	case BPF_STX:
		if (BPF_MODE(i->code) == BPF_ATOMIC)
			atomic(x, i);
		else
			store(x, i);
		return 0;
	case BPF_ALU:
	case BPF_ALU64:
		x86_alu(x, i);
		return 0;
	default:
		return jump(x, i);
	}
}

/* Everything may be different from here on: another way leads here, or none from above. */
static void forget(struct x86 *x)
{
	memset(x->v, 0, sizeof(x->v));
	x->key_reg = NO_REG;
	x->flags_at = UINT32_MAX;
}

static bool falls_through(const struct bpf_insn *i)
{
	return i->code != (BPF_JMP | BPF_JA) && i->code != (BPF_JMP32 | BPF_JA) &&
	       i->code != (BPF_JMP | BPF_EXIT);
}

static void drop_dead(struct x86 *x)
{
	for (uint8_t r = 0; r < 10; r++)
		if (!x86_is_live(x, r))
			x->v[r].kind = V_HOME;
}

/* CPUs keep decoded instructions by windows of 32 bytes: a short loop that spans one more than it
 * must takes half as long again. Its length is that of the last pass. */
static void align_loop(struct x86 *x, uint32_t pc)
{
	uint32_t end = x->plan->slots[pc].loop_end + 1, length_b, first, last;

	if (x->j->pass == 0 || end >= x->plan->n)
		return;
	length_b = x->j->labels.items[end] - x->j->labels.items[pc];
	if (length_b == 0 || length_b > MAX_ALIGNED_B)
		return;
	first = jit_here(x->j) / WINDOW_B;
	last = (jit_here(x->j) + length_b - 1) / WINDOW_B;
	if (last - first > (length_b - 1) / WINDOW_B)
		x86_align(x->j, WINDOW_B);
}

static void body(struct x86 *x)
{
	const struct jit_func *f = x->func;
	bool falls = true;

	forget(x);
	for (uint32_t pc = f->pc; pc < f->end; pc++) {
		const struct jit_slot *s = &x->plan->slots[pc];
		uint32_t more;

		if (!s->is_code) {
			jit_slot_begin(x->j, pc);
			continue;
		}
		x->pc = pc;
		x->live = s->live_out;
		if (s->is_target) {
			x86_settle_set(x, s->live_in);
			forget(x);
			if (s->is_loop_head)
				align_loop(x, pc);
			else if (!falls) /* what is skipped is never executed */
				x86_align(x->j, JUMP_ALIGN_B);
		}
		jit_slot_begin(x->j, pc);
		more = instruction(x, &x->insns[pc]);
		falls = falls_through(&x->insns[pc]) && !x->is_left;
		x->is_left = false;
		if (!falls) {
			forget(x);
			continue;
		}
		for (; more > 0; more--) {
			jit_slot_begin(x->j, ++pc);
			if (x->plan->slots[pc].is_code && falls_through(&x->insns[pc]))
				x->live = x->plan->slots[pc].live_out;
		}
		drop_dead(x);
	}
}

/* What the program's calls need: the run in r12, an aligned stack. */
static void plan_calls(struct x86 *x)
{
	const struct jit *j = x->j;

	for (uint32_t pc = 0; pc < j->vm->n_insns; pc++) {
		const struct bpf_insn *i = &j->vm->insns[pc];
		bool needs = true;

		if (!j->plan->slots[pc].is_code)
			continue;
		if (j->vm->facts.insns[pc].is_probe_load ||
		    (BPF_CLASS(i->code) == BPF_LD && !bpf_is_lddw(i)) ||
		    (i->code == (BPF_JMP | BPF_CALL) && i->src_reg == 0 &&
		     !x86_is_inline_lookup(j->vm, pc, &needs)))
			x->needs_run = x->calls_c = true;
		else if (i->code == (BPF_JMP | BPF_CALL) && i->src_reg == 0)
			x->needs_run |= needs;
	}
}

static void emit(struct jit *j)
{
	struct x86 x = {.j = j, .insns = j->vm->insns, .plan = j->plan};
	uint32_t n = j->plan->n_funcs;

	plan_calls(&x);
	x.func_labels = arena_array(j->a, uint32_t, n);
	x.stub_labels = arena_array(j->a, uint32_t, n);
	for (uint32_t k = 0; k < n; k++) {
		x.func_labels[k] = jit_label(j);
		x.stub_labels[k] = jit_label(j);
	}
	for (uint32_t k = 0; k < n && !j->is_too_large; k++) {
		x.func = &j->plan->funcs[k];
		plan_frame(&x);
		if (x.func->is_callback)
			callback_stub(&x, k);
		x86_align(j, FUNCTION_ALIGN_B);
		jit_place(j, x.func_labels[k]);
		prologue(&x);
		body(&x);
		x86_divide_cold(&x);
	}
}

static uint32_t features(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("bmi2") ? X86_BMI2 : 0;
#else
	return 0;
#endif
}

const struct jit_target jit_x86_64 = {
    .name = "x86_64",
    .max_slot_b = 128,
    .features = features,
    .emit = emit,
    .reaches = x86_reaches,
    .patch = x86_patch,
};
