/* Two machines that must agree: an evaluator of the IR, and an interpreter of the BPF made from
 * it. Both run against the same small world: a context, a one-value map reached by address, an
 * array map reached by look-up. The interpreter is as strict as the kernel's verifier about what
 * a program may touch: registers a call took away, stack never written, unaligned stack. */
#ifndef SKEP_TESTS_IR_RUN_H
#define SKEP_TESTS_IR_RUN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/insn.h"
#include "ir/ir.h"

enum {
	W_CTX_B = 256,
	W_VALUE_B = 64, /* the value of map 0, and of each entry of map 1 */
	W_ENTRIES = 4,
	W_MAX_STEPS = 2000000,
	W_MAX_FRAMES = 8,
};

struct world {
	_Alignas(8) uint8_t ctx[W_CTX_B];
	_Alignas(8) uint8_t value[W_VALUE_B];
	_Alignas(8) uint8_t entries[W_ENTRIES][W_VALUE_B];
	uint32_t n_calls; /* of ktime_get_ns, which gives the count */
	char error[200];  /* set when a machine stopped for a reason */
};

static const uint64_t w_map_handle = 0x7700000000000000ull;

static inline void w_fail(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (w->error[0])
		return;
	va_start(ap, fmt);
	vsnprintf(w->error, sizeof(w->error), fmt, ap);
	va_end(ap);
}

static inline bool w_in(const void *base, size_t size_b, uint64_t at, size_t len_b)
{
	uint64_t from = (uint64_t)(uintptr_t)base;

	return at >= from && len_b <= size_b && at - from <= size_b - len_b;
}

static inline bool w_in_maps(const struct world *w, uint64_t at, size_t len_b)
{
	return w_in(w->value, sizeof(w->value), at, len_b) ||
	       w_in(w->entries, sizeof(w->entries), at, len_b);
}

/* ---- helpers, the same for both
 * ------------------------------------------------------------------ */

static inline uint64_t w_call(struct world *w, uint32_t helper, const uint64_t a[5])
{
	uint32_t key;

	switch (helper) {
	case BPF_FUNC_map_lookup_elem:
		memcpy(&key, (void *)(uintptr_t)a[1], 4);
		if (a[0] != w_map_handle + 1)
			w_fail(w, "look-up in no map");
		return key < W_ENTRIES ? (uint64_t)(uintptr_t)w->entries[key] : 0;
	case BPF_FUNC_map_update_elem:
		memcpy(&key, (void *)(uintptr_t)a[1], 4);
		if (a[0] != w_map_handle + 1)
			w_fail(w, "update of no map");
		if (key >= W_ENTRIES)
			return (uint64_t)-7; /* E2BIG */
		memmove(w->entries[key], (void *)(uintptr_t)a[2], W_VALUE_B);
		return 0;
	case BPF_FUNC_ktime_get_ns:
		return ++w->n_calls;
	case BPF_FUNC_get_current_pid_tgid: /* pure */
		return 0x1234567800000001ull;
	case BPF_FUNC_probe_read:
	case BPF_FUNC_probe_read_kernel:
	case BPF_FUNC_probe_read_user:
		if (w_in_maps(w, a[2], a[1])) {
			memmove((void *)(uintptr_t)a[0], (void *)(uintptr_t)a[2], a[1]);
			return 0;
		}
		memset((void *)(uintptr_t)a[0], 0, a[1]);
		return (uint64_t)-14; /* EFAULT */
	default:
		w_fail(w, "unknown helper %u", helper);
		return 0;
	}
}

static inline uint64_t w_load(uint64_t at, unsigned width)
{
	uint64_t x = 0;

	memcpy(&x, (void *)(uintptr_t)at, width);
	return x;
}

static inline void w_store(uint64_t at, unsigned width, uint64_t x)
{
	memcpy((void *)(uintptr_t)at, &x, width);
}

static inline uint64_t w_extend(uint64_t x, unsigned width, bool is_signed)
{
	switch (width) {
	case 1:
		return is_signed ? (uint64_t)(int64_t)(int8_t)x : (uint8_t)x;
	case 2:
		return is_signed ? (uint64_t)(int64_t)(int16_t)x : (uint16_t)x;
	case 4:
		return is_signed ? (uint64_t)(int64_t)(int32_t)x : (uint32_t)x;
	default:
		return x;
	}
}

/* ---- the IR's evaluator
 * -------------------------------------------------------------------------- */

static inline uint64_t ev_arith(enum ir_op op, bool is_32, uint64_t x, uint64_t y)
{
	unsigned bits = is_32 ? 32 : 64;
	uint64_t r = 0;

	if (is_32) {
		x = (uint32_t)x;
		y = (uint32_t)y;
	}
	if (op == IR_ADD)
		r = x + y;
	else if (op == IR_SUB)
		r = x - y;
	else if (op == IR_MUL)
		r = x * y;
	else if (op == IR_UDIV)
		r = y ? x / y : 0;
	else if (op == IR_UMOD)
		r = y ? x % y : x;
	else if (op == IR_AND)
		r = x & y;
	else if (op == IR_OR)
		r = x | y;
	else if (op == IR_XOR)
		r = x ^ y;
	else if (op == IR_SHL)
		r = x << (y % bits);
	else if (op == IR_SHR)
		r = x >> (y % bits);
	else if (op == IR_SAR)
		r = is_32 ? (uint32_t)((int32_t)x >> (y % bits))
		          : (uint64_t)((int64_t)x >> (y % bits));
	return is_32 ? (uint32_t)r : r;
}

static inline bool ev_compare(enum ir_cond c, bool is_32, uint64_t x, uint64_t y)
{
	int64_t sx = is_32 ? (int32_t)x : (int64_t)x, sy = is_32 ? (int32_t)y : (int64_t)y;

	if (is_32) {
		x = (uint32_t)x;
		y = (uint32_t)y;
	}
	switch (c) {
	case COND_EQ:
		return x == y;
	case COND_NE:
		return x != y;
	case COND_ULT:
		return x < y;
	case COND_ULE:
		return x <= y;
	case COND_UGT:
		return x > y;
	case COND_UGE:
		return x >= y;
	case COND_SLT:
		return sx < sy;
	case COND_SLE:
		return sx <= sy;
	case COND_SGT:
		return sx > sy;
	case COND_SGE:
		return sx >= sy;
	default:
		return (x & y) != 0;
	}
}

static inline uint64_t ev_atomic(uint32_t operation, uint64_t at, unsigned width, uint64_t x)
{
	uint64_t old = w_load(at, width), fresh = x;

	switch (operation & ~(uint32_t)BPF_FETCH) {
	case BPF_ADD:
		fresh = old + x;
		break;
	case BPF_OR:
		fresh = old | x;
		break;
	case BPF_AND:
		fresh = old & x;
		break;
	case BPF_XOR:
		fresh = old ^ x;
		break;
	}
	w_store(at, width, fresh);
	return old;
}

/* Returns what the function returns; errors go to the world. */
static inline uint64_t ev_func(struct world *w, const struct ir_func *f, const uint64_t params[5],
                               uint32_t *steps)
{
	uint64_t *v = calloc(f->n_insts + 1, sizeof(*v)), result = 0;
	uint64_t *phis = calloc(f->n_insts + 1, sizeof(*phis));
	uint8_t **slots = calloc(f->slots.n + 1, sizeof(*slots));
	const struct ir_block *at = f->blocks.items[0], *from = NULL;

	for (size_t s = 0; s < f->slots.n; s++)
		slots[s] = calloc(1, f->slots.items[s].size_b + 8);
	while (at && !w->error[0]) {
		const struct ir_block *next = NULL;
		size_t n_phis = 0, which = 0;

		while (from && at->preds.items[which] != from)
			which++;
		for (; at->insts.items[n_phis]->op == IR_PHI; n_phis++)
			phis[n_phis] = v[at->insts.items[n_phis]->args[which]->id];
		for (size_t k = 0; k < n_phis; k++)
			v[at->insts.items[k]->id] = phis[k];
		for (size_t k = n_phis; k < at->insts.n; k++) {
			const struct ir_inst *i = at->insts.items[k];
			uint64_t a[5] = {0}, *r = &v[i->id];

			if (++*steps > W_MAX_STEPS) {
				w_fail(w, "too many steps");
				break;
			}
			for (uint32_t n = 0; n < i->n_args; n++)
				a[n] = v[i->args[n]->id];
			switch (i->op) {
			case IR_CONST:
				*r = (uint64_t)i->imm;
				break;
			case IR_PARAM:
				*r = params[i->ref];
				break;
			case IR_SLOT:
				*r = (uint64_t)(uintptr_t)slots[i->ref];
				break;
			case IR_MAP:
				*r = w_map_handle + i->ref;
				break;
			case IR_MAP_VALUE:
				*r = (uint64_t)(uintptr_t)w->value + (uint64_t)i->imm;
				break;
			case IR_NEG:
				*r = i->width == 4 ? (uint32_t)-a[0] : -a[0];
				break;
			case IR_EXT:
				*r = w_extend(a[0], i->width, i->is_signed);
				break;
			case IR_BSWAP:
				*r = i->width == 2   ? __builtin_bswap16((uint16_t)a[0])
				     : i->width == 4 ? __builtin_bswap32((uint32_t)a[0])
				                     : __builtin_bswap64(a[0]);
				break;
			case IR_VIEW:
				*r = a[0];
				break;
			case IR_CMP:
				*r = ev_compare(i->cond, i->width == 4, a[0], a[1]);
				break;
			case IR_LOAD:
				a[0] += (uint64_t)i->imm;
				if ((i->args[0]->ptr == PTR_KERNEL || i->args[0]->ptr == PTR_ANY) &&
				    !w_in_maps(w, a[0], i->width))
					*r = 0;
				else
					*r = w_extend(w_load(a[0], i->width), i->width,
					              i->is_signed);
				break;
			case IR_STORE:
				w_store(a[0] + (uint64_t)i->imm, i->width, a[1]);
				break;
			case IR_ATOMIC:
				*r = ev_atomic(i->ref, a[0] + (uint64_t)i->imm, i->width, a[1]);
				break;
			case IR_CMPXCHG:
				a[0] += (uint64_t)i->imm;
				*r = w_load(a[0], i->width);
				if (*r == w_extend(a[1], i->width, false))
					w_store(a[0], i->width, a[2]);
				break;
			case IR_COPY:
				memmove((void *)(uintptr_t)a[0], (void *)(uintptr_t)a[1],
				        (size_t)i->imm);
				break;
			case IR_ZERO:
				memset((void *)(uintptr_t)a[0], 0, (size_t)i->imm);
				break;
			case IR_READ:
				a[2] = a[1];
				a[1] = (uint64_t)i->imm;
				*r = w_call(w, BPF_FUNC_probe_read_kernel, a);
				break;
			case IR_CALL:
				*r = w_call(w, i->ref, a);
				break;
			case IR_CALL_FUNC:
				*r = ev_func(w, f->unit->funcs.items[i->ref], a, steps);
				break;
			case IR_JUMP:
				next = at->succ[0];
				break;
			case IR_BRANCH:
				next = at->succ[!ev_compare(i->cond, i->width == 4, a[0], a[1])];
				break;
			case IR_RET:
				result = a[0];
				break;
			default:
				*r = ev_arith(i->op, i->width == 4, a[0], a[1]);
				break;
			}
		}
		from = at;
		at = next;
	}
	for (size_t s = 0; s < f->slots.n; s++)
		free(slots[s]);
	free(slots);
	free(phis);
	free(v);
	return result;
}

/* ---- the BPF interpreter
 * --------------------------------------------------------------------------- */

struct vm_frame {
	uint64_t saved[4]; /* r6..r9 of the caller */
	uint16_t known;    /* which of them held something */
	size_t back;
	_Alignas(8) uint8_t stack[BPF_STACK_B];
	bool is_set[BPF_STACK_B];
};

struct vm {
	struct world *w;
	const struct ir_code *code;
	uint64_t r[11];
	uint16_t known; /* registers that hold something */
	struct vm_frame *frames;
	int depth;
};

static inline uint64_t vm_reg(struct vm *m, unsigned reg)
{
	if (!(m->known >> reg & 1))
		w_fail(m->w, "r%u is read and holds nothing", reg);
	return m->r[reg];
}

static inline void vm_set(struct vm *m, unsigned reg, uint64_t x)
{
	if (reg >= 10)
		w_fail(m->w, "r%u is written", reg);
	m->r[reg] = x;
	m->known |= (uint16_t)(1u << reg);
}

/* May the program touch these bytes? The stack has to be aligned, and written before read. */
static inline bool vm_access(struct vm *m, uint64_t at, size_t len_b, bool is_write)
{
	struct world *w = m->w;

	for (int d = 0; d <= m->depth; d++) {
		struct vm_frame *f = &m->frames[d];
		size_t off;

		if (!w_in(f->stack, BPF_STACK_B, at, len_b))
			continue;
		off = at - (uint64_t)(uintptr_t)f->stack;
		if (len_b <= 8 && off % len_b)
			w_fail(w, "unaligned stack access");
		for (size_t k = 0; k < len_b; k++) {
			if (is_write)
				f->is_set[off + k] = true;
			else if (!f->is_set[off + k])
				w_fail(w, "stack at %d was never written", (int)(off + k) - 512);
		}
		return true;
	}
	if (w_in_maps(w, at, len_b) || (!is_write && w_in(w->ctx, W_CTX_B, at, len_b)))
		return true;
	w_fail(w, "access out of bounds");
	return false;
}

/* The memory a helper reads or writes has to be there. */
static inline void vm_check_call(struct vm *m, uint32_t helper)
{
	switch (helper) {
	case BPF_FUNC_map_lookup_elem:
		vm_access(m, vm_reg(m, 2), 4, false);
		break;
	case BPF_FUNC_map_update_elem:
		vm_access(m, vm_reg(m, 2), 4, false);
		vm_access(m, vm_reg(m, 3), W_VALUE_B, false);
		vm_reg(m, 4);
		break;
	case BPF_FUNC_probe_read:
	case BPF_FUNC_probe_read_kernel:
	case BPF_FUNC_probe_read_user:
		vm_reg(m, 3);
		vm_access(m, vm_reg(m, 1), vm_reg(m, 2), true);
		break;
	default:
		break;
	}
}

static inline uint64_t vm_alu(struct vm *m, const struct bpf_insn *i)
{
	static const enum ir_op ops[16] = {
	    [BPF_ADD >> 4] = IR_ADD,  [BPF_SUB >> 4] = IR_SUB,  [BPF_MUL >> 4] = IR_MUL,
	    [BPF_DIV >> 4] = IR_UDIV, [BPF_MOD >> 4] = IR_UMOD, [BPF_AND >> 4] = IR_AND,
	    [BPF_OR >> 4] = IR_OR,    [BPF_XOR >> 4] = IR_XOR,  [BPF_LSH >> 4] = IR_SHL,
	    [BPF_RSH >> 4] = IR_SHR,  [BPF_ARSH >> 4] = IR_SAR};
	bool is_32 = BPF_CLASS(i->code) == BPF_ALU, is_imm = BPF_SRC(i->code) == BPF_K;
	unsigned op = BPF_OP(i->code);
	uint64_t y;

	if (op == BPF_END) {
		y = vm_reg(m, i->dst_reg);
		return i->imm == 16   ? __builtin_bswap16((uint16_t)y)
		       : i->imm == 32 ? __builtin_bswap32((uint32_t)y)
		                      : __builtin_bswap64(y);
	}
	if (op == BPF_NEG)
		return is_32 ? (uint32_t)-vm_reg(m, i->dst_reg) : -vm_reg(m, i->dst_reg);
	y = is_imm ? (uint64_t)(int64_t)i->imm : vm_reg(m, i->src_reg);
	if (op == BPF_MOV) {
		if (i->off)
			y = w_extend(y, (unsigned)i->off / 8, true);
		return is_32 ? (uint32_t)y : y;
	}
	if (is_imm && (op == BPF_DIV || op == BPF_MOD) && !i->imm)
		w_fail(m->w, "division by an immediate 0");
	if (is_imm && (op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH) &&
	    (i->imm < 0 || i->imm >= (is_32 ? 32 : 64)))
		w_fail(m->w, "shift by %d", i->imm);
	return ev_arith(ops[op >> 4], is_32, vm_reg(m, i->dst_reg), y);
}

static inline bool vm_jumps(struct vm *m, const struct bpf_insn *i)
{
	static const enum ir_cond conds[16] = {
	    [BPF_JEQ >> 4] = COND_EQ,   [BPF_JNE >> 4] = COND_NE,   [BPF_JLT >> 4] = COND_ULT,
	    [BPF_JLE >> 4] = COND_ULE,  [BPF_JGT >> 4] = COND_UGT,  [BPF_JGE >> 4] = COND_UGE,
	    [BPF_JSLT >> 4] = COND_SLT, [BPF_JSLE >> 4] = COND_SLE, [BPF_JSGT >> 4] = COND_SGT,
	    [BPF_JSGE >> 4] = COND_SGE, [BPF_JSET >> 4] = COND_SET};
	uint64_t y = BPF_SRC(i->code) == BPF_K ? (uint64_t)(int64_t)i->imm : vm_reg(m, i->src_reg);

	if (BPF_OP(i->code) == BPF_JA)
		return true;
	return ev_compare(conds[BPF_OP(i->code) >> 4], BPF_CLASS(i->code) == BPF_JMP32,
	                  vm_reg(m, i->dst_reg), y);
}

static inline void vm_memory(struct vm *m, const struct bpf_insn *i)
{
	unsigned width = bpf_size_bytes(i->code);
	uint64_t at, old;

	switch (BPF_CLASS(i->code)) {
	case BPF_LDX:
		at = vm_reg(m, i->src_reg) + (uint64_t)(int64_t)i->off;
		if (vm_access(m, at, width, false))
			vm_set(m, i->dst_reg,
			       w_extend(w_load(at, width), width, BPF_MODE(i->code) == BPF_MEMSX));
		return;
	case BPF_ST:
		at = vm_reg(m, i->dst_reg) + (uint64_t)(int64_t)i->off;
		if (vm_access(m, at, width, true))
			w_store(at, width, (uint64_t)(int64_t)i->imm);
		return;
	default:
		break;
	}
	at = vm_reg(m, i->dst_reg) + (uint64_t)(int64_t)i->off;
	if (BPF_MODE(i->code) == BPF_MEM) {
		if (vm_access(m, at, width, true))
			w_store(at, width, vm_reg(m, i->src_reg));
		return;
	}
	if (!vm_access(m, at, width, false))
		return;
	if (i->imm == BPF_CMPXCHG) {
		old = w_load(at, width);
		if (old == w_extend(vm_reg(m, 0), width, false))
			w_store(at, width, vm_reg(m, i->src_reg));
		vm_set(m, 0, old);
		return;
	}
	old = ev_atomic((uint32_t)i->imm, at, width, vm_reg(m, i->src_reg));
	if (i->imm & BPF_FETCH)
		vm_set(m, i->src_reg, old);
}

/* Fills a call's garbage in: whoever still uses r1..r5 is caught. */
static inline void vm_clobber(struct vm *m)
{
	for (unsigned r = 1; r <= 5; r++)
		m->r[r] = 0xdeadbeefdeadbeefull;
	m->known &= (uint16_t)~0x3e;
}

static inline const struct ir_reloc *vm_reloc(const struct vm *m, size_t pc)
{
	for (size_t k = 0; k < m->code->relocs.n; k++) {
		if (m->code->relocs.items[k].insn == pc)
			return &m->code->relocs.items[k];
	}
	return NULL;
}

static inline uint64_t vm_run(struct world *w, const struct ir_code *code)
{
	struct vm_frame *frames = calloc(W_MAX_FRAMES, sizeof(*frames));
	struct vm m = {.w = w, .code = code, .frames = frames, .known = 1u << 1 | 1u << 10};
	size_t pc = 0;
	uint64_t result = 0;

	m.r[1] = (uint64_t)(uintptr_t)w->ctx;
	m.r[10] = (uint64_t)(uintptr_t)frames[0].stack + BPF_STACK_B;
	memset(frames[0].stack, 0xa5, BPF_STACK_B);
	for (uint32_t steps = 0; !w->error[0]; steps++) {
		const struct bpf_insn *i = &code->insns.items[pc];
		const struct ir_reloc *reloc;

		if (steps > 4 * W_MAX_STEPS || pc >= code->insns.n) {
			w_fail(w, "ran away");
			break;
		}
		pc++;
		switch (BPF_CLASS(i->code)) {
		case BPF_ALU:
		case BPF_ALU64:
			vm_set(&m, i->dst_reg, vm_alu(&m, i));
			continue;
		case BPF_LD:
			reloc = vm_reloc(&m, pc - 1);
			if (!reloc)
				vm_set(&m, i->dst_reg,
				       (uint32_t)i->imm | (uint64_t)(uint32_t)i[1].imm << 32);
			else if (reloc->kind == RELOC_MAP)
				vm_set(&m, i->dst_reg, w_map_handle + reloc->map);
			else
				vm_set(&m, i->dst_reg,
				       (uint64_t)(uintptr_t)w->value + (uint32_t)i[1].imm);
			pc++;
			continue;
		case BPF_JMP:
		case BPF_JMP32:
			break;
		default:
			vm_memory(&m, i);
			continue;
		}
		if (BPF_OP(i->code) == BPF_EXIT) {
			result = vm_reg(&m, 0);
			if (!m.depth)
				break;
			for (int r = 0; r < 4; r++)
				m.r[6 + r] = frames[m.depth].saved[r];
			m.known = (uint16_t)((m.known & ~0x3c0) | frames[m.depth].known);
			pc = frames[m.depth].back;
			m.depth--;
			m.r[10] = (uint64_t)(uintptr_t)frames[m.depth].stack + BPF_STACK_B;
			vm_clobber(&m);
		} else if (BPF_OP(i->code) == BPF_CALL && i->src_reg == BPF_PSEUDO_CALL) {
			if (++m.depth == W_MAX_FRAMES) {
				w_fail(w, "too many frames");
				break;
			}
			for (int r = 0; r < 4; r++)
				frames[m.depth].saved[r] = m.r[6 + r];
			frames[m.depth].known = m.known & 0x3c0;
			frames[m.depth].back = pc;
			memset(frames[m.depth].is_set, 0, sizeof(frames[0].is_set));
			memset(frames[m.depth].stack, 0xa5, BPF_STACK_B);
			m.r[10] = (uint64_t)(uintptr_t)frames[m.depth].stack + BPF_STACK_B;
			m.known &= (uint16_t)~0x3c1;
			pc = (size_t)((int64_t)pc + i->imm);
		} else if (BPF_OP(i->code) == BPF_CALL) {
			vm_check_call(&m, (uint32_t)i->imm);
			if (w->error[0])
				break;
			vm_set(&m, 0, w_call(w, (uint32_t)i->imm, &m.r[1]));
			vm_clobber(&m);
		} else if (vm_jumps(&m, i)) {
			pc = (size_t)((int64_t)pc + i->off);
		}
	}
	if (w->error[0]) {
		size_t used = strlen(w->error);

		snprintf(w->error + used, sizeof(w->error) - used, " (at %zu)", pc - 1);
	}
	free(frames);
	return result;
}

#endif
