/* The interpreter that checks: every access must lie in memory that the program has at that moment,
 * every register must have been set, calls and loops must end. What the verifier accepts must never
 * end in a fault here; the verifier's fuzzers hold it to that.
 *
 * It reads the instructions themselves, one switch and no preparation, so that it shares nothing
 * with the threaded code but their meaning (RFC 9669). Accesses are made by copying: a fault is
 * found before memory is touched. */
#include "vm/code.h"

#include <endian.h>
#include <string.h>

#include "base/vec.h"
#include "bpf/helpers.h"
#include "bpf/insn.h"
#include "vm/helpers.h"

enum {
	MAX_INSNS = 8 * 1024 * 1024,
	MAX_DEPTH = 8 * 34,
	RED_B = 64, /* between frames: nobody's */
	ROOM_B = MAX_DEPTH * (BPF_STACK_B / 8 + RED_B) + 34 * BPF_STACK_B,
	MAX_TAIL_CALLS = 33,
	MAX_MAY_GOTO = 8 * 1024 * 1024,
};

enum region_kind { FRAME, HELPER_MEMORY, RING_RESERVATION };

struct region {
	uintptr_t begin;
	uint64_t size_b;
	enum region_kind kind;
};

struct checked {
	struct vm_run *run;
	struct vm_code *c;
	vec(struct region) regions;
	vec(const struct vm_map *) maps; /* met in maps of maps */
	uint64_t insns;
	uint32_t depth;
	uint32_t room_at; /* free below it */
	uint32_t helper;  /* that is running: who calls back */
	const struct vm_map *helper_map;
	unsigned char room[ROOM_B] __attribute__((aligned(16)));
};

/* What a function sees. */
struct view {
	struct checked *k;
	uint64_t r[BPF_N_REGS];
	uint16_t known; /* registers that were set */
	uint32_t pc;
};

static bool run_function(struct checked *k, uint32_t pc, const uint64_t args[5], uint16_t known,
                         uint64_t *ret, bool *ret_is_known);

static bool fault(struct view *v, const char *text)
{
	if (!v->k->run->fault) {
		v->k->run->fault = text;
		v->k->run->fault_pc = v->pc;
	}
	return false;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static bool is_inside(uintptr_t begin, uint64_t size_b, uintptr_t at, uint64_t len_b)
{
	return at >= begin && at - begin <= size_b && len_b <= size_b - (at - begin);
}

static bool in_array(const struct vm_map *m, uintptr_t at, uint64_t len_b)
{
	uint64_t all_b = (uint64_t)m->def.max_entries * m->stride_b;
	uintptr_t begin = (uintptr_t)m->values;

	if (!m->values || m->cpu_stride_b || !is_inside(begin, all_b, at, len_b))
		return false;
	return (at - begin) % m->stride_b + len_b <= m->def.value_size_b;
}

static uintptr_t context_pointer(const struct vm_run *run, uint16_t off_b)
{
	uintptr_t ret;

	memcpy(&ret, (const unsigned char *)run->context + off_b, sizeof(ret));
	return ret;
}

static bool in_packet(const struct checked *k, uintptr_t at, uint64_t len_b)
{
	const struct vm_code *c = k->c;
	uintptr_t begin, end;

	if (!c->packet_off_b)
		return false;
	begin =
	    context_pointer(k->run, c->packet_meta_off_b ? c->packet_meta_off_b : c->packet_off_b);
	end = context_pointer(k->run, c->packet_end_off_b);
	return is_inside(begin, end - begin, at, len_b);
}

static bool may_reach(const struct checked *k, uint64_t at, uint64_t len_b)
{
	const struct vm_code *c = k->c;

	for (size_t i = k->regions.n; i-- > 0;)
		if (is_inside(k->regions.items[i].begin, k->regions.items[i].size_b, at, len_b))
			return true;
	if (is_inside((uintptr_t)k->run->context, k->run->context_b, at, len_b) ||
	    in_packet(k, at, len_b))
		return true;
	for (uint32_t m = 0; m < c->n_maps; m++)
		if (in_array(c->maps[m], at, len_b))
			return true;
	return false;
}

/* Frames remember their index, so regions that end stay in place until they are the last. */
static void end_region(struct checked *k, size_t index)
{
	k->regions.items[index].size_b = 0;
	while (k->regions.n && !vec_last(&k->regions).size_b)
		k->regions.n--;
}

static void add_region(struct checked *k, uintptr_t begin, uint64_t size_b, enum region_kind kind)
{
	vec_each (r, &k->regions)
		if (r->begin == begin && r->size_b == size_b && r->kind == kind)
			return;
	vec_push(NULL, &k->regions,
	         ((struct region){.begin = begin, .size_b = size_b, .kind = kind}));
}

static bool drop_reservation(struct checked *k, uintptr_t begin)
{
	vec_each (r, &k->regions)
		if (r->begin == begin && r->kind == RING_RESERVATION) {
			end_region(k, (size_t)(r - k->regions.items));
			return true;
		}
	return false;
}

static bool load(struct view *v, uint64_t at, uint32_t size_b, uint64_t *ret)
{
	if (!may_reach(v->k, at, size_b))
		return fault(v, "load out of bounds");
	*ret = 0;
#if BYTE_ORDER == LITTLE_ENDIAN
	memcpy(ret, vm_pointer(at), size_b);
#else
	memcpy((unsigned char *)ret + 8 - size_b, vm_pointer(at), size_b);
#endif
	return true;
}

static bool store(struct view *v, uint64_t at, uint32_t size_b, uint64_t value)
{
	if (!may_reach(v->k, at, size_b))
		return fault(v, "store out of bounds");
#if BYTE_ORDER == LITTLE_ENDIAN
	memcpy(vm_pointer(at), &value, size_b);
#else
	memcpy(vm_pointer(at), (unsigned char *)&value + 8 - size_b, size_b);
#endif
	return true;
}

static uint64_t extend(uint64_t value, uint32_t bits)
{
	return (uint64_t)((int64_t)(value << (64 - bits)) >> (64 - bits));
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

/* a OP b for 64 bits, or for 32 with both cut and the result to be cut. */
static uint64_t alu(uint8_t op, bool is_signed, bool is_32, uint64_t a, uint64_t b)
{
	uint64_t shift = b & (is_32 ? 31 : 63);

	if (is_32 && (is_signed || op == BPF_ARSH)) {
		a = extend(a, 32);
		if (op != BPF_ARSH)
			b = extend(b, 32);
	}
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_OR:
		return a | b;
	case BPF_AND:
		return a & b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << shift;
	case BPF_RSH:
		return a >> shift;
	case BPF_ARSH:
		return (uint64_t)((int64_t)a >> shift);
	case BPF_NEG:
		return -a;
	case BPF_DIV:
		if (!b)
			return 0;
		if (is_signed)
			return b == UINT64_MAX ? -a : (uint64_t)((int64_t)a / (int64_t)b);
		return a / b;
	case BPF_MOD:
		if (!b)
			return a;
		if (is_signed)
			return b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
		return a % b;
	default: /* BPF_MOV */
		return b;
	}
}

static uint64_t swap(const struct bpf_insn *i, uint64_t value)
{
	bool is_swap = BPF_CLASS(i->code) == BPF_ALU64 ||
	               (BPF_SRC(i->code) == BPF_TO_BE) == (BYTE_ORDER == LITTLE_ENDIAN);

	switch (i->imm) {
	case 16:
		return is_swap ? __builtin_bswap16((uint16_t)value) : (uint16_t)value;
	case 32:
		return is_swap ? __builtin_bswap32((uint32_t)value) : (uint32_t)value;
	default:
		return is_swap ? __builtin_bswap64(value) : value;
	}
}

static bool needs(struct view *v, uint32_t reg)
{
	return v->known & 1u << reg ? true : fault(v, "a register is used that was never set");
}

static void set(struct view *v, uint32_t reg, uint64_t value)
{
	v->r[reg] = value;
	v->known |= (uint16_t)(1u << reg);
}

static bool do_alu(struct view *v, const struct bpf_insn *i)
{
	uint8_t op = BPF_OP(i->code);
	bool is_32 = BPF_CLASS(i->code) == BPF_ALU;
	bool is_x = BPF_SRC(i->code) == BPF_X && op != BPF_NEG && op != BPF_END;
	uint64_t a, b;

	if ((is_x && !needs(v, i->src_reg)) || (op != BPF_MOV && !needs(v, i->dst_reg)))
		return false;
	a = v->r[i->dst_reg];
	b = is_x ? v->r[i->src_reg] : (uint64_t)(int64_t)i->imm;
	if (op == BPF_END) {
		set(v, i->dst_reg, swap(i, a));
		return true;
	}
	if (op == BPF_MOV && is_x && i->off)
		b = extend(b, (uint32_t)i->off);
	if (is_32) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	a = alu(op, (op == BPF_DIV || op == BPF_MOD) && i->off, is_32, a, b);
	set(v, i->dst_reg, is_32 ? (uint32_t)a : a);
	return true;
}

static bool holds(const struct bpf_insn *i, uint64_t a, uint64_t b)
{
	int64_t sa = (int64_t)a, sb = (int64_t)b;

	if (BPF_CLASS(i->code) == BPF_JMP32) {
		a = (uint32_t)a;
		b = (uint32_t)b;
		sa = (int32_t)a;
		sb = (int32_t)b;
	}
	switch (BPF_OP(i->code)) {
	case BPF_JEQ:
		return a == b;
	case BPF_JNE:
		return a != b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JLT:
		return a < b;
	case BPF_JLE:
		return a <= b;
	case BPF_JSGT:
		return sa > sb;
	case BPF_JSGE:
		return sa >= sb;
	case BPF_JSLT:
		return sa < sb;
	case BPF_JSLE:
		return sa <= sb;
	default: /* BPF_JSET */
		return a & b;
	}
}

/* ---- atomics --------------------------------------------------------------------------------- */

#define EXCHANGE(T)                                                                                \
	({                                                                                         \
		T *p_ = vm_pointer(at), old_ = (T)v->r[0], src_ = (T)v->r[i->src_reg];             \
		switch ((uint32_t)i->imm & ~(uint32_t)BPF_FETCH) {                                 \
		case BPF_ADD:                                                                      \
			old_ = __atomic_fetch_add(p_, src_, __ATOMIC_SEQ_CST);                     \
			break;                                                                     \
		case BPF_AND:                                                                      \
			old_ = __atomic_fetch_and(p_, src_, __ATOMIC_SEQ_CST);                     \
			break;                                                                     \
		case BPF_OR:                                                                       \
			old_ = __atomic_fetch_or(p_, src_, __ATOMIC_SEQ_CST);                      \
			break;                                                                     \
		case BPF_XOR:                                                                      \
			old_ = __atomic_fetch_xor(p_, src_, __ATOMIC_SEQ_CST);                     \
			break;                                                                     \
		case BPF_XCHG & ~BPF_FETCH:                                                        \
			old_ = __atomic_exchange_n(p_, src_, __ATOMIC_SEQ_CST);                    \
			break;                                                                     \
		default: /* BPF_CMPXCHG */                                                         \
			__atomic_compare_exchange_n(p_, &old_, src_, false, __ATOMIC_SEQ_CST,      \
			                            __ATOMIC_SEQ_CST);                             \
		}                                                                                  \
		(uint64_t) old_;                                                                   \
	})

static bool do_atomic(struct view *v, const struct bpf_insn *i)
{
	uint32_t size_b = bpf_size_bytes(i->code);
	bool is_load = i->imm == BPF_LOAD_ACQ;
	uint64_t at, old;

	if (!needs(v, i->src_reg) || (!is_load && !needs(v, i->dst_reg)) ||
	    (i->imm == BPF_CMPXCHG && !needs(v, 0)))
		return false;
	at = v->r[is_load ? i->src_reg : i->dst_reg] + (uint64_t)(int64_t)i->off;
	if (at % size_b)
		return fault(v, "an atomic operation that is not aligned");
	if (!may_reach(v->k, at, size_b))
		return fault(v, "atomic operation out of bounds");
	if (is_load) {
		load(v, at, size_b, &old);
		set(v, i->dst_reg, old);
		return true;
	}
	if (i->imm == BPF_STORE_REL)
		return store(v, at, size_b, v->r[i->src_reg]);
	old = size_b == 4 ? EXCHANGE(uint32_t) : EXCHANGE(uint64_t);
	if (i->imm == BPF_CMPXCHG)
		set(v, 0, old);
	else if (i->imm & BPF_FETCH)
		set(v, i->src_reg, old);
	return true;
}

/* ---- helpers --------------------------------------------------------------------------------- */

static bool is_map(const struct checked *k, uint64_t address)
{
	for (uint32_t m = 0; m < k->c->n_maps; m++)
		if ((uintptr_t)k->c->maps[m] == address)
			return true;
	vec_each (m, &k->maps)
		if ((uintptr_t)*m == address)
			return true;
	return false;
}

/* Bytes that argument `n` must have behind it. */
static uint64_t arg_bytes(const struct view *v, const struct bpf_helper *h, uint32_t n,
                          const struct vm_map *m)
{
	const struct helper_arg *a = &h->args[n];

	switch (a->kind) {
	case ARG_MAP_KEY:
		return m ? m->def.key_size_b : 0;
	case ARG_MAP_VALUE:
		return m ? m->def.value_size_b : 0;
	case ARG_MEM:
		if (a->size_b)
			return a->size_b;
		if (n < 4 &&
		    (h->args[n + 1].kind == ARG_SIZE || h->args[n + 1].kind == ARG_SIZE_OR_ZERO))
			return (uint32_t)v->r[n + 2];
		return 0;
	case ARG_SPIN_LOCK:
		return 4;
	case ARG_KPTR:
		return 8;
	case ARG_DYNPTR:
	case ARG_TIMER:
		return 16;
	case ARG_CONST_STRING:
		return 1;
	default:
		return 0;
	}
}

static bool check_args(struct view *v, const struct bpf_helper *h, const struct vm_map **ret_map)
{
	*ret_map = NULL;
	for (uint32_t n = 0; n < 5 && h->args[n].kind != ARG_NONE; n++) {
		uint64_t value = v->r[n + 1], bytes;

		if (!needs(v, n + 1))
			return false;
		if (h->args[n].kind == ARG_MAP) {
			if (!is_map(v->k, value))
				return fault(v, "a helper was handed what is no map");
			*ret_map = vm_pointer(value);
		}
		bytes = arg_bytes(v, h, n, *ret_map);
		if (!bytes || (!value && h->args[n].flags & ARG_MAYBE_NULL))
			continue;
		if (!may_reach(v->k, value, bytes))
			return fault(v, "a helper was handed memory out of bounds");
	}
	return true;
}

static uint64_t alloc_bytes(const struct bpf_helper *h, const uint64_t *args)
{
	for (uint32_t n = 0; n < 5; n++)
		if (h->args[n].kind == ARG_ALLOC_SIZE)
			return args[n + 1];
	return 0;
}

static void note_result(struct view *v, const struct bpf_helper *h, const uint64_t *args,
                        const struct vm_map *m, uint64_t ret)
{
	struct checked *k = v->k;
	enum region_kind kind = HELPER_MEMORY;

	if (!ret)
		return;
	switch (h->result) {
	case RET_MAP_VALUE:
	case RET_MAP_VALUE_OR_NULL:
		if (m && m->def.inner) {
			if (!is_map(k, ret))
				vec_push(NULL, &k->maps, vm_pointer(ret));
			return;
		}
		add_region(k, ret, m ? m->def.value_size_b : 0, kind);
		return;
	case RET_RINGBUF_MEM_OR_NULL:
		kind = RING_RESERVATION;
		/* fall through */
	case RET_DYNPTR_MEM_OR_NULL:
		add_region(k, ret, alloc_bytes(h, args), kind);
		return;
	default:
		return;
	}
}

static bool call_helper(struct view *v, const struct bpf_insn *i)
{
	struct checked *k = v->k;
	uint32_t id = (uint32_t)i->imm, outer_helper = k->helper;
	const struct vm_map *m, *outer_map = k->helper_map;
	const struct bpf_helper *h = bpf_helper_find(id);
	uint64_t args[6];

	if (!h || !check_args(v, h, &m))
		return h ? false : fault(v, "a helper that there is not");
	for (uint32_t n = 0; n < 5 && h->args[n].kind != ARG_NONE; n++)
		if (h->args[n].kind == ARG_RINGBUF_MEM && !drop_reservation(k, v->r[n + 1]))
			return fault(v, "a helper was handed what is no reservation");
	memcpy(args, v->r, sizeof(args));
	k->helper = id;
	k->helper_map = m;
	set(v, 0, vm_helpers[id](args[1], args[2], args[3], args[4], args[5], k->run));
	k->helper = outer_helper;
	k->helper_map = outer_map;
	if (k->run->fault)
		return false;
	note_result(v, h, args, m, v->r[0]);
	if (!(h->flags & HELPER_FASTCALL))
		v->known &= (uint16_t)~0x3eu; /* r1 to r5 */
	return true;
}

static uint64_t call_back(struct vm_run *run, uint64_t fn, uint64_t a1, uint64_t a2, uint64_t a3,
                          uint64_t a4, uint64_t a5)
{
	struct checked *k = run->call_state;
	uint64_t args[5] = {a1, a2, a3, a4, a5}, ret = 0;
	bool is_known;

	if (run->fault || fn >= k->c->n_insns)
		return 1;
	if (k->helper == BPF_FUNC_for_each_map_elem) {
		add_region(k, a2, k->helper_map->def.key_size_b, HELPER_MEMORY);
		add_region(k, a3, k->helper_map->def.value_size_b, HELPER_MEMORY);
	}
	/* Whoever loops stops when it is told to: a fault ends the loop. */
	return run_function(k, (uint32_t)fn, args, 0x3e, &ret, &is_known) ? ret : 1;
}

/* ---- functions ------------------------------------------------------------------------------- */

static bool do_memory(struct view *v, const struct bpf_insn *i)
{
	bool is_signed = BPF_MODE(i->code) == BPF_MEMSX;
	uint32_t size_b = bpf_size_bytes(i->code);
	uint64_t value, at;

	if (BPF_CLASS(i->code) == BPF_LDX) {
		if (!needs(v, i->src_reg))
			return false;
		at = v->r[i->src_reg] + (uint64_t)(int64_t)i->off;
		if (v->k->c->facts.insns[v->pc].is_probe_load)
			value = vm_probe_load(v->k->run, at, size_b);
		else if (!load(v, at, size_b, &value))
			return false;
		set(v, i->dst_reg, is_signed ? extend(value, size_b * 8) : value);
		return true;
	}
	if (BPF_CLASS(i->code) == BPF_STX && BPF_MODE(i->code) == BPF_ATOMIC)
		return do_atomic(v, i);
	if (!needs(v, i->dst_reg) || (BPF_CLASS(i->code) == BPF_STX && !needs(v, i->src_reg)))
		return false;
	value = BPF_CLASS(i->code) == BPF_STX ? v->r[i->src_reg] : (uint64_t)(int64_t)i->imm;
	return store(v, v->r[i->dst_reg] + (uint64_t)(int64_t)i->off, size_b, value);
}

/* BPF_LD: lddw and legacy loads. *ret_is_over: the function exits. */
static bool do_ld(struct view *v, const struct bpf_insn *i, bool *ret_is_over)
{
	uint64_t value;
	int32_t off_b = i->imm;

	if (BPF_MODE(i->code) == BPF_IMM) {
		set(v, i->dst_reg, (uint32_t)i[0].imm | (uint64_t)(uint32_t)i[1].imm << 32);
		v->pc++;
		return true;
	}
	if (!needs(v, 6))
		return false;
	if (v->r[6] != (uintptr_t)v->k->run->context)
		return fault(v, "r6 is not the context");
	if (BPF_MODE(i->code) == BPF_IND) {
		if (!needs(v, i->src_reg))
			return false;
		off_b = (int32_t)((uint32_t)off_b + (uint32_t)v->r[i->src_reg]);
	}
	value = vm_packet_load(v->k->run, v->r[6], off_b, bpf_size_bytes(i->code));
	*ret_is_over = value == VM_NO_PACKET;
	set(v, 0, *ret_is_over ? 0 : value);
	v->known &= (uint16_t)~0x3eu;
	return true;
}

static bool call_function(struct view *v, const struct bpf_insn *i)
{
	uint64_t ret;
	bool is_known;

	if (!run_function(v->k, (uint32_t)((int64_t)v->pc + 1 + i->imm), &v->r[1], v->known & 0x3e,
	                  &ret, &is_known))
		return false;
	v->r[0] = ret;
	v->known &= (uint16_t)~0x3fu;
	v->known |= is_known;
	return true;
}

/* True: `*ret` is what to run in place of this function. */
static struct vm_code *tail_target(struct view *v)
{
	struct vm_run *run = v->k->run;
	struct vm_code *target;

	if (v->k->depth > MAX_DEPTH - 8 || run->tail_calls >= MAX_TAIL_CALLS)
		return NULL;
	target = vm_map_program(vm_pointer(v->r[2]), (uint32_t)v->r[3]);
	if (target)
		run->tail_calls++;
	return target;
}

enum step { GO_ON, OVER, STOP, TAIL };

static enum step do_jump(struct view *v, const struct bpf_insn *i, uint32_t *may_goto,
                         struct vm_code **ret_tail)
{
	bool is_taken, is_x = BPF_SRC(i->code) == BPF_X;
	const struct vm_map *m;

	switch (BPF_OP(i->code)) {
	case BPF_EXIT:
		return OVER;
	case BPF_CALL:
		if (i->src_reg == BPF_PSEUDO_CALL)
			return call_function(v, i) ? GO_ON : STOP;
		if (i->imm != BPF_FUNC_tail_call)
			return call_helper(v, i) ? GO_ON : STOP;
		if (!check_args(v, bpf_helper_find(BPF_FUNC_tail_call), &m))
			return STOP;
		*ret_tail = tail_target(v);
		if (*ret_tail)
			return TAIL;
		v->known &= (uint16_t)~0x3eu;
		return GO_ON;
	case BPF_JA:
		v->pc += (uint32_t)(BPF_CLASS(i->code) == BPF_JMP32 ? i->imm : i->off);
		return GO_ON;
	case BPF_JCOND:
		if (*may_goto)
			(*may_goto)--;
		else
			v->pc += (uint32_t)(int32_t)i->off;
		return GO_ON;
	default:
		if (!needs(v, i->dst_reg) || (is_x && !needs(v, i->src_reg)))
			return STOP;
		is_taken =
		    holds(i, v->r[i->dst_reg], is_x ? v->r[i->src_reg] : (uint64_t)(int64_t)i->imm);
		v->pc += is_taken ? (uint32_t)(int32_t)i->off : 0;
		return GO_ON;
	}
}

/* Instructions until the function is over. */
static enum step run_insns(struct view *v, struct vm_code **ret_tail)
{
	struct checked *k = v->k;
	uint32_t may_goto = MAX_MAY_GOTO;
	enum step step = GO_ON;
	bool is_over = false;

	for (; step == GO_ON; v->pc++) {
		const struct bpf_insn *i = &k->c->insns[v->pc];

		if (v->pc >= k->c->n_insns)
			return fault(v, "the program runs out of its end"), STOP;
		if (!k->c->facts.insns[v->pc].is_reached)
			return fault(v, "the verifier has never been here"), STOP;
		if (k->insns++ == MAX_INSNS)
			return fault(v, "too many instructions"), STOP;
		switch (BPF_CLASS(i->code)) {
		case BPF_ALU:
		case BPF_ALU64:
			step = do_alu(v, i) ? GO_ON : STOP;
			break;
		case BPF_JMP:
		case BPF_JMP32:
			step = do_jump(v, i, &may_goto, ret_tail);
			break;
		case BPF_LD:
			step = do_ld(v, i, &is_over) ? GO_ON : STOP;
			if (is_over)
				step = OVER;
			break;
		default:
			step = do_memory(v, i) ? GO_ON : STOP;
			break;
		}
	}
	return step;
}

static bool run_function(struct checked *k, uint32_t pc, const uint64_t args[5], uint16_t known,
                         uint64_t *ret, bool *ret_is_known)
{
	struct view v = {.k = k, .pc = pc, .known = known | 1u << 10};
	uint32_t outer_room = k->room_at, frame_b = vm_code_stack_b(k->c, pc);
	struct vm_code *outer_code = k->c, *tail = NULL;
	size_t frame;
	enum step step;

	memcpy(&v.r[1], args, 5 * sizeof(*args));
	if (k->depth == MAX_DEPTH || k->room_at < frame_b + RED_B)
		return fault(&v, "calls are nested too deep");
	k->depth++;
	do {
		if (tail) {
			k->c = k->run->code = tail;
			frame_b = vm_code_stack_b(tail, 0);
			v.pc = 0;
			v.known = 1u << 1 | 1u << 10;
			v.r[2] = tail->type == BPF_PROG_TYPE_UNSPEC ? k->run->context_b : 0;
			v.known |= tail->type == BPF_PROG_TYPE_UNSPEC ? 1u << 2 : 0;
		}
		v.r[10] = (uintptr_t)(k->room + outer_room);
		k->room_at = outer_room - ((frame_b + 15) & ~15u) - RED_B;
		frame = k->regions.n;
		if (frame_b)
			vec_push(NULL, &k->regions,
			         ((struct region){.begin = v.r[10] - frame_b, .size_b = frame_b}));
		step = run_insns(&v, &tail);
		/* What helpers gave lives on, the frame does not. */
		if (frame_b)
			end_region(k, frame);
	} while (step == TAIL);
	k->depth--;
	k->room_at = outer_room;
	k->c = k->run->code = outer_code;
	*ret = v.r[0];
	*ret_is_known = v.known & 1;
	return step == OVER;
}

uint64_t vm_checked_run(struct vm_code *c, struct vm_run *run, uint64_t r2)
{
	struct checked k = {.run = run, .c = c, .room_at = ROOM_B};
	__typeof__(run->call) outer_call = run->call;
	void *outer_state = run->call_state;
	uint64_t args[5] = {(uintptr_t)run->context, r2, 0, 0, 0}, ret = 0;
	uint16_t known = c->type == BPF_PROG_TYPE_UNSPEC ? 1u << 1 | 1u << 2 : 1u << 1;
	struct view v = {.k = &k};
	bool is_known;

	run->call = call_back;
	run->call_state = &k;
	if (!run_function(&k, 0, args, known, &ret, &is_known))
		ret = 0;
	else if (!is_known)
		fault(&v, "r0 is not set at the end");
	run->call = outer_call;
	run->call_state = outer_state;
	vec_free(&k.regions);
	vec_free(&k.maps);
	return ret;
}
