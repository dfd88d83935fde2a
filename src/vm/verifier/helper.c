/* Calls of helpers: each argument against the contract in the helper table (bpf/helpers.def), then
 * what the call leaves behind. */
#include "vm/verifier/state.h"

#include <string.h>

#include "base/arena.h"
#include "bpf/helpers.h"
#include "types/btf.h"

enum { MAX_ERRNO = 4095, MAX_SIZE_ARG = 1 << 29, KPTR_XCHG = 194 };

/* ---- types of arguments ------------------------------------------------------------------------
 */

#define K(kind) (1u << REG_##kind)
enum {
	MEMORY = K(STACK) | K(PACKET) | K(PACKET_META) | K(MAP_KEY) | K(MAP_VALUE) | K(MEM) |
	         K(BUF) | K(TP_BUFFER),
	KEY_OR_VALUE = K(STACK) | K(PACKET) | K(PACKET_META) | K(MAP_KEY) | K(MAP_VALUE) | K(MEM),
	SOCKETS = K(SOCK_COMMON) | K(SOCKET) | K(TCP_SOCK) | K(XDP_SOCK),
};

static const struct {
	uint32_t kinds;
	const char *expected;
} accepted[] = {
    [ARG_MAP] = {K(MAP), "map_ptr"},
    [ARG_MAP_KEY] = {KEY_OR_VALUE, "fp, pkt, pkt_meta, map_key, map_value, mem"},
    [ARG_MAP_VALUE] = {KEY_OR_VALUE, "fp, pkt, pkt_meta, map_key, map_value, mem"},
    [ARG_MEM] = {MEMORY, "fp, pkt, pkt_meta, map_key, map_value, mem, ringbuf_mem, buf"},
    [ARG_SIZE] = {K(SCALAR), "scalar"},
    [ARG_SIZE_OR_ZERO] = {K(SCALAR), "scalar"},
    [ARG_ALLOC_SIZE] = {K(SCALAR), "scalar"},
    [ARG_CONTEXT] = {K(CTX), "ctx"},
    [ARG_SPIN_LOCK] = {K(MAP_VALUE) | K(BTF), "map_value, ptr_"},
    [ARG_SOCK_COMMON] = {SOCKETS, "sock_common, sock, tcp_sock, xdp_sock"},
    [ARG_SOCKET] = {K(SOCKET), "sock"},
    [ARG_BTF] = {K(BTF), "ptr_, trusted_ptr_, rcu_ptr_"},
    [ARG_BTF_SOCK_COMMON] = {SOCKETS | K(BTF), "sock_common, sock, tcp_sock, xdp_sock, ptr_"},
    [ARG_BTF_PERCPU] = {K(BTF), "percpu_ptr_"},
    [ARG_RINGBUF_MEM] = {K(MEM), "ringbuf_mem"},
    [ARG_CALLBACK] = {K(FUNC), "func"},
    [ARG_CALLBACK_CONTEXT] = {K(STACK), "fp"},
    [ARG_CONST_STRING] = {K(MAP_VALUE), "map_value"},
    [ARG_TIMER] = {K(MAP_VALUE), "map_value"},
    [ARG_KPTR] = {K(MAP_VALUE) | K(BTF), "map_value, ptr_"},
    [ARG_DYNPTR] = {K(STACK) | K(DYNPTR), "fp, dynptr_ptr"},
};

/* The type without typedefs and qualifiers; elements stand for arrays. */
static bool object_type(struct btf_file *btf, uint32_t *id, struct btf_record *ret)
{
	for (uint32_t depth = 0; depth < 32 && btf && btf_get(btf, *id, ret); depth++) {
		if (ret->kind == BTF_KIND_ARRAY)
			*id = ((const struct btf_array *)ret->extra)->type;
		else if (ret->kind == BTF_KIND_TYPEDEF || ret->kind == BTF_KIND_CONST ||
		         ret->kind == BTF_KIND_VOLATILE || ret->kind == BTF_KIND_RESTRICT ||
		         ret->kind == 18 /* TYPE_TAG */)
			*id = ret->size_or_type;
		else
			return ret->kind == BTF_KIND_STRUCT || ret->kind == BTF_KIND_UNION;
	}
	return false;
}

/* Is `id` (at `off_b` of it) a struct called `name`, or does one begin there? */
bool object_is(struct btf_file *btf, uint32_t id, int32_t off_b, const char *name)
{
	struct btf_record r, inner;

	for (uint32_t depth = 0; depth < 16 && object_type(btf, &id, &r); depth++) {
		const struct btf_member *m = r.extra;
		uint32_t next = 0;
		int32_t at_b = 0;

		if (!off_b && !strcmp(btf_string(btf, r.name_off), name))
			return true;
		/* The member that lies furthest back has the offset, if it is long enough: what
		 * comes before it ends there. Of a union the first is taken. */
		for (uint32_t k = 0; k < r.vlen; k++) {
			uint32_t bit = r.kflag ? BTF_MEMBER_BIT_OFFSET(m[k].offset) : m[k].offset;
			uint32_t type = m[k].type;

			if ((int32_t)(bit / 8) > off_b || (next && (int32_t)(bit / 8) <= at_b))
				continue;
			at_b = (int32_t)(bit / 8);
			next = object_type(btf, &type, &inner) ? type : 0;
		}
		if (!next || !btf_get(btf, next, &inner) || !inner.size_or_type)
			return false;
		id = next;
		off_b = (int32_t)((uint32_t)(off_b - at_b) % inner.size_or_type);
	}
	return false;
}

static int check_type(struct verifier *v, uint32_t regno, const struct helper_arg *arg)
{
	const struct reg *r = &cur_regs(v)[regno];
	const char *expected = accepted[arg->kind].expected;
	bool fits = accepted[arg->kind].kinds & (1u << r->kind);
	bool is_mem = arg->kind == ARG_MEM;

	if (!expected)
		return 0;
	/* Trusted objects may be read as memory. */
	if (is_mem && r->kind == REG_BTF && (r->flags & (REG_TRUSTED | REG_ALLOC)))
		fits = true;
	if (reg_may_be_null(r) && !(arg->flags & ARG_MAYBE_NULL))
		fits = false;
	if (arg->kind == ARG_RINGBUF_MEM && !(r->flags & REG_RINGBUF))
		fits = false;
	if (r->kind == REG_BTF && (r->flags & (REG_UNTRUSTED | REG_USER)))
		fits = false;
	/* What is given away may be per-CPU, too: bpf_kptr_xchg() compares types. */
	if (r->kind == REG_BTF && !(arg->flags & ARG_RELEASE) &&
	    !(r->flags & REG_PERCPU) != (arg->kind != ARG_BTF_PERCPU))
		fits = false;
	if (arg->kind == ARG_BTF_PERCPU && (r->flags & REG_ALLOC))
		fits = false;
	if (r->kind == REG_MEM && (r->flags & REG_RDONLY) && (arg->flags & ARG_WRITE))
		fits = false;
	if (arg->kind == ARG_SPIN_LOCK && r->kind == REG_BTF && !(r->flags & REG_ALLOC))
		fits = false;
	if (!fits)
		return refuse(v, reg_may_be_null(r) ? WAY_NULL : WAY_ARGUMENT,
		              "R%u type=%s expected=%s", regno, reg_kind_name(r), expected);
	if (r->kind != REG_BTF)
		return 0;
	if (((arg->kind == ARG_BTF && arg->btf) || arg->kind == ARG_BTF_SOCK_COMMON) &&
	    r->btf != v->p->kernel_btf)
		return refuse(v, WAY_ARGUMENT, "R%u is of a type of the program's own", regno);
	if (arg->kind == ARG_BTF && arg->btf && !object_is(r->btf, r->btf_id, r->off, arg->btf))
		return refuse(v, WAY_ARGUMENT, "R%u is of type %s but %s is expected", regno,
		              reg_kind_name(r), arg->btf);
	if (arg->kind == ARG_BTF_SOCK_COMMON &&
	    !object_is(r->btf, r->btf_id, r->off, "sock_common"))
		return refuse(v, WAY_ARGUMENT, "R%u is of type %s but sock_common is expected",
		              regno, reg_kind_name(r));
	return 0;
}

static int check_offset(struct verifier *v, uint32_t regno, const struct helper_arg *arg)
{
	const struct reg *r = &cur_regs(v)[regno];

	if ((arg->flags & ARG_RELEASE) && reg_is_pointer(r) && r->kind != REG_STACK && r->off)
		return refuse(
		    v, WAY_MODIFIED,
		    "R%u must have zero offset when passed to release func or trusted arg to "
		    "kfunc",
		    regno);
	switch (r->kind) {
	case REG_BTF:
		return check_pointer_const_off(v, r, regno, true);
	case REG_MEM:
		if (arg->kind != ARG_RINGBUF_MEM)
			return 0;
		return check_pointer_const_off(v, r, regno, false);
	case REG_STACK:
	case REG_PACKET:
	case REG_PACKET_META:
	case REG_MAP_KEY:
	case REG_MAP_VALUE:
	case REG_BUF:
	case REG_TP_BUFFER:
	case REG_SCALAR:
	case REG_NOT_INIT:
		return 0;
	default:
		return check_pointer_const_off(v, r, regno, false);
	}
}

/* ---- single kinds ------------------------------------------------------------------------------
 */

static int check_size_arg(struct verifier *v, uint32_t regno, const struct bpf_helper *h,
                          bool zero_ok)
{
	const struct reg *r = &cur_regs(v)[regno];
	const struct helper_arg *mem = &h->args[regno - 2];
	bool uninit = mem->flags & ARG_UNINIT;

	if (r->s.smin < 0)
		return refuse(v, WAY_SIZE,
		              "R%u min value is negative, either use unsigned or 'var &= const'. "
		              "It is %lld to %lld",
		              regno, (long long)r->s.smin, (long long)r->s.smax);
	if (!r->s.umin && !zero_ok)
		return refuse(v, WAY_SIZE, "R%u invalid zero-sized read: u64=[%llu,%llu]", regno,
		              (unsigned long long)r->s.umin, (unsigned long long)r->s.umax);
	if (r->s.umax >= MAX_SIZE_ARG)
		return refuse(v, WAY_SIZE,
		              "R%u unbounded memory access, use 'var &= const' or 'if (var < "
		              "const)': it is up "
		              "to %llu",
		              regno, (unsigned long long)r->s.umax);
	/* Of unknown size, the helper may leave part of it as it was. */
	if (check_helper_memory(v, regno - 1, (uint32_t)r->s.umax, mem->flags & ARG_WRITE,
	                        uninit && scalar_is_const(&r->s), h->flags & HELPER_PKT, h->name))
		return -1;
	mark_precise(v, regno);
	return 0;
}

static int check_const_string(struct verifier *v, uint32_t regno)
{
	const struct reg *r = &cur_regs(v)[regno];
	const struct vm_map_def *m = r->map;
	int64_t at;

	if (!(m->flags & BPF_F_RDONLY_PROG) || !m->is_frozen)
		return refuse(v, WAY_STRING, "R%u does not point to a readonly map'", regno);
	if (!scalar_is_const(&r->s))
		return refuse(v, WAY_STRING, "R%u is not a constant address'", regno);
	if (!m->init || m->type != BPF_MAP_TYPE_ARRAY)
		return refuse(v, WAY_STRING, "no direct value access support for this map type");
	at = (int64_t)r->s.bits.value + r->off;
	if (at < 0 || at >= m->value_size_b ||
	    !memchr((const char *)m->init + at, 0, m->value_size_b - (size_t)at))
		return refuse(v, WAY_STRING, "string is not zero-terminated");
	return 0;
}

/* Null instead of memory: then nothing may be asked of it. */
static bool is_skipped_null(const struct reg *r, const struct helper_arg *arg)
{
	return (arg->flags & ARG_MAYBE_NULL) && reg_is_null(r);
}

static bool has_const_key(struct verifier *v, const struct reg *key, uint32_t *ret)
{
	const struct frame *f;
	const struct slot *s;
	uint32_t byte, n = 0;
	int64_t at;

	if (key->kind == REG_MAP_VALUE && scalar_is_const(&key->s) && key->map->is_frozen &&
	    key->map->max_entries == 1 && key->map->init && (key->map->flags & BPF_F_RDONLY_PROG)) {
		at = (int64_t)key->s.bits.value + key->off;
		if (at < 0 || at + 4 > key->map->value_size_b)
			return false;
		memcpy(ret, (const char *)key->map->init + at, 4);
		return true;
	}
	if (key->kind != REG_STACK || !scalar_is_const(&key->s))
		return false;
	at = (int64_t)key->s.bits.value + key->off;
	f = v->cur->frames[key->frame];
	if (at >= 0 || at < -(int64_t)f->n_slots * 8)
		return false;
	s = &f->slots[(-at - 1) / 8];
	byte = 7 - (uint32_t)(-at - 1) % 8;
	while (byte + n < 8 && s->type[byte + n] == SLOT_ZERO)
		n++;
	if (n >= 4) {
		*ret = 0;
		return true;
	}
	/* A spill of a key's size, or the upper half of a larger one (get_constant_map_key()). */
	for (n = 0; byte + n < 8 && s->type[byte + n] == SLOT_SPILL;)
		n++;
	if (n != 4 || !slot_is_scalar_spill(s) || !reg_is_const(&s->reg) ||
	    s->reg.s.bits.value > UINT32_MAX)
		return false;
	*ret = (uint32_t)s->reg.s.bits.value >> (byte ? 31 : 0) >> (byte ? 1 : 0);
	return true;
}

static int check_arg(struct verifier *v, const struct bpf_helper *h, uint32_t k,
                     struct call_args *c)
{
	const struct helper_arg *arg = &h->args[k];
	uint32_t regno = k + 1;
	struct reg *r = &cur_regs(v)[regno];
	bool write = arg->flags & ARG_WRITE, uninit = arg->flags & ARG_UNINIT;
	bool may_be_packet = h->flags & HELPER_PKT;

	if (use_reg(v, regno))
		return -1;
	if (arg->kind == ARG_ANYTHING) {
		if (v->opts->is_unprivileged && reg_is_pointer(r))
			return refuse(v, WAY_LEAK, "R%u leaks addr into helper function", regno);
		return 0;
	}
	if (reg_is_packet(r) && !may_be_packet)
		return refuse(v, WAY_HELPER_PACKET, "helper access to the packet is not allowed");
	if (is_skipped_null(r, arg)) {
		takes_null(v, regno);
	} else {
		/* Sockets' maps take sockets where others take memory. */
		bool is_socket_value =
		    arg->kind == ARG_MAP_VALUE && c->map &&
		    (c->map->type == BPF_MAP_TYPE_SOCKMAP || c->map->type == BPF_MAP_TYPE_SOCKHASH);
		struct helper_arg as = *arg;

		if (is_socket_value)
			as.kind = ARG_BTF_SOCK_COMMON;
		if (check_type(v, regno, &as) || check_offset(v, regno, &as))
			return -1;
		if (is_socket_value)
			return 0;
	}
	if ((arg->flags & ARG_RELEASE) && arg->kind != ARG_DYNPTR) {
		if (!r->ref_id && !reg_is_null(r))
			return refuse(v, WAY_ACQUIRED,
			              "R%u must be referenced when passed to release function",
			              regno);
		c->release_arg = regno;
	}
	if (r->ref_id && arg->kind != ARG_DYNPTR) {
		if (c->ref_id)
			return refuse(v, WAY_NONE, "more than one arg with ref_obj_id R%u %u %u",
			              regno, r->ref_id, c->ref_id);
		c->ref_id = r->ref_id;
	}
	switch (arg->kind) {
	case ARG_MAP:
		if (c->map && (c->map_uid != r->map_uid || c->map != r->map))
			return refuse(v, WAY_NONE,
			              "map pointer in R1 map_uid=%u doesn't match map "
			              "pointer in R%u map_uid=%u",
			              c->map_uid, regno, r->map_uid);
		c->map = r->map;
		c->map_arg = regno;
		c->map_uid = r->map_uid;
		return 0;
	case ARG_MAP_KEY:
		if (!c->map)
			return refuse(v, WAY_NONE, "invalid map_ptr to access map->key");
		return check_helper_memory(v, regno, c->map->key_size_b, false, false,
		                           may_be_packet, "key");
	case ARG_MAP_VALUE:
		if (is_skipped_null(r, arg))
			return 0;
		if (!c->map)
			return refuse(v, WAY_NONE, "invalid map_ptr to access map->value");
		return check_helper_memory(v, regno, c->map->value_size_b, write, uninit,
		                           may_be_packet, "value");
	case ARG_MEM:
		if (!arg->size_b || is_skipped_null(r, arg))
			return 0;
		if ((arg->flags & ARG_ALIGNED) && r->kind == REG_STACK &&
		    check_alignment(v, r, 0, arg->size_b))
			return -1;
		return check_helper_memory(v, regno, arg->size_b, write, uninit, may_be_packet,
		                           h->name);
	case ARG_SIZE:
	case ARG_SIZE_OR_ZERO: {
		const struct helper_arg *mem = &h->args[k - 1];
		const struct reg *at = &cur_regs(v)[regno - 1];

		if (is_skipped_null(at, mem)) {
			/* With a null pointer the size has to be zero. */
			return check_size_arg(v, regno, h, true);
		}
		return check_size_arg(v, regno, h, arg->kind == ARG_SIZE_OR_ZERO);
	}
	case ARG_ALLOC_SIZE:
		if (!scalar_is_const(&r->s))
			return refuse(v, WAY_CONST, "R%u is not a known constant'", regno);
		c->alloc_size = r->s.bits.value;
		c->has_alloc_size = true;
		if (c->alloc_size > MAX_SIZE_ARG)
			return refuse(v, WAY_CONST, "R%u is too large a size", regno);
		mark_precise(v, regno);
		return 0;
	case ARG_BTF_PERCPU:
		if (!r->btf_id)
			return refuse(v, WAY_NONE, "Helper has invalid btf_id in R%u", regno);
		c->btf_arg = r;
		return 0;
	case ARG_BTF:
		c->btf_arg = r;
		return c->helper == KPTR_XCHG ? check_kptr_given(v, regno, c) : 0;
	case ARG_SPIN_LOCK:
		return process_spin_lock(v, regno, REF_LOCK, c->helper == BPF_FUNC_spin_lock);
	case ARG_TIMER:
		return process_timer(v, regno, c);
	case ARG_KPTR:
		return process_kptr(v, regno, c);
	case ARG_CALLBACK:
		c->func = r->func;
		return 0;
	case ARG_CONST_STRING:
		return check_const_string(v, regno);
	case ARG_DYNPTR:
		return process_dynptr_arg(v, regno, arg->flags, c);
	case ARG_RINGBUF_MEM:
		c->dynptr_id = r->id;
		return 0;
	default:
		return 0;
	}
}

/* ---- what a call leaves behind -----------------------------------------------------------------
 */

static bool is_array(const struct vm_map_def *m)
{
	return m->type == BPF_MAP_TYPE_ARRAY || m->type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static void record_facts(struct verifier *v, const struct call_args *c, bool has_key, uint32_t key)
{
	struct insn_info *info = &v->info[v->pc];
	uint32_t map = VM_NONE;

	for (uint32_t k = 0; c->map && k < v->p->n_maps; k++) {
		if (v->p->maps[k] == c->map && !c->map_uid)
			map = k;
	}
	if (!info->has_fact) {
		info->has_fact = true;
		info->fact.map = map;
		info->fact.has_key = has_key;
		info->fact.key = key;
		info->fact.callback = c->func != NO_FUNC ? v->funcs.items[c->func].start : VM_NONE;
		return;
	}
	if (info->fact.map != map)
		info->fact.map = VM_NONE;
	if (!has_key || !info->fact.has_key || info->fact.key != key)
		info->fact.has_key = false;
	if (c->func == NO_FUNC || info->fact.callback != v->funcs.items[c->func].start)
		info->fact.callback = VM_NONE;
}

static int set_callback_args(struct verifier *v, struct call_args *c, struct reg args[5])
{
	const struct reg *regs = cur_regs(v);

	for (uint32_t k = 0; k < 5; k++)
		reg_forget(&args[k]);
	switch (c->helper) {
	case BPF_FUNC_loop:
		reg_unknown(&args[0]);
		args[1] = regs[BPF_REG_3];
		return 0;
	case BPF_FUNC_for_each_map_elem:
	case BPF_FUNC_timer_set_callback:
		if (!c->map)
			return refuse(v, WAY_NONE, "a callback needs a map");
		reg_pointer(&args[0], REG_MAP, 0);
		reg_pointer(&args[1], REG_MAP_KEY, 0);
		reg_pointer(&args[2], REG_MAP_VALUE, 0);
		args[0].map = args[1].map = args[2].map = c->map;
		args[0].map_uid = args[2].map_uid = c->map_uid;
		args[2].id = ++v->ids;
		if (c->helper == BPF_FUNC_for_each_map_elem)
			args[3] = regs[BPF_REG_3];
		return 0;
	case BPF_FUNC_find_vma: {
		struct btf_file *b = v->p->kernel_btf;

		reg_pointer(&args[0], REG_BTF, REG_TRUSTED);
		args[0].btf = b;
		args[0].btf_id =
		    b ? btf_find(b, "task_struct", BTF_KIND_MASK(BTF_KIND_STRUCT), 0) : 0;
		reg_pointer(&args[1], REG_BTF, 0);
		args[1].btf = b;
		args[1].btf_id =
		    b ? btf_find(b, "vm_area_struct", BTF_KIND_MASK(BTF_KIND_STRUCT), 0) : 0;
		args[2] = regs[BPF_REG_4];
		return 0;
	}
	case BPF_FUNC_user_ringbuf_drain:
		reg_pointer(&args[0], REG_DYNPTR, 0);
		args[0].mem_b = DYNPTR_LOCAL;
		args[0].id = ++v->ids;
		args[1] = regs[BPF_REG_3];
		return 0;
	default:
		return refuse(v, WAY_NONE, "unknown callback of helper %u", c->helper);
	}
}

static int call_back(struct verifier *v, struct call_args *c)
{
	struct reg args[5];

	if (c->func == NO_FUNC)
		return 0;
	if (c->helper == BPF_FUNC_loop) {
		/* The number of rounds decides whether the callback is entered again. */
		mark_precise(v, BPF_REG_1);
		if (cur_frame(v)->callback_depth >= cur_regs(v)[BPF_REG_1].s.umax) {
			cur_frame(v)->callback_depth = 0;
			return 0;
		}
	}
	return set_callback_args(v, c, args) || begin_callback(v, c->helper, c->func, args) ? -1
	                                                                                    : 0;
}

/* Results that are sizes or error numbers. */
static void refine_result(struct verifier *v, uint32_t helper, const struct reg *size)
{
	struct reg *r0 = &cur_regs(v)[BPF_REG_0];

	switch (helper) {
	case BPF_FUNC_get_stack:
	case 141: /* get_task_stack */
	case BPF_FUNC_probe_read_str:
	case BPF_FUNC_probe_read_kernel_str:
	case BPF_FUNC_probe_read_user_str:
		if (size->kind == REG_SCALAR && size->s.umax <= INT32_MAX)
			r0->s = scalar_srange(-MAX_ERRNO, (int64_t)size->s.umax);
		break;
	case BPF_FUNC_get_smp_processor_id:
		r0->s = scalar_urange(0, 8191); /* as many as Linux can have */
		break;
	default:
		break;
	}
}

/* The type of a per-CPU variable: an object, or memory of some size. */
static int set_percpu_result(struct verifier *v, const struct reg *from, uint32_t flags)
{
	struct reg *r0 = &cur_regs(v)[BPF_REG_0];
	struct btf_record r;
	uint32_t id = from->btf_id;

	for (uint32_t depth = 0; depth < 32; depth++) {
		if (!btf_get(from->btf, id, &r))
			return refuse(v, WAY_NONE,
			              "unable to resolve the type of a per-CPU variable");
		if (r.kind != BTF_KIND_TYPEDEF && r.kind != BTF_KIND_CONST &&
		    r.kind != BTF_KIND_VOLATILE && r.kind != BTF_KIND_RESTRICT && r.kind != 18)
			break;
		id = r.size_or_type;
	}
	if (r.kind == BTF_KIND_STRUCT || r.kind == BTF_KIND_UNION) {
		struct reg object = *from;

		/* Of an object that the program allocated every CPU has one. */
		if (from->flags & REG_RCU)
			flags = REG_ALLOC | REG_RCU;
		reg_pointer(r0, REG_BTF, flags);
		r0->btf = object.btf;
		r0->btf_id = id;
	} else {
		uint32_t size_b = r.kind == BTF_KIND_PTR ? 8 : r.size_or_type;

		reg_pointer(r0, REG_MEM, flags | REG_RDONLY);
		r0->mem_b =
		    r.kind == BTF_KIND_INT || r.kind == BTF_KIND_PTR || r.kind == BTF_KIND_ENUM
		        ? size_b
		        : 0;
	}
	return 0;
}

static int set_result(struct verifier *v, const struct bpf_helper *h, struct call_args *c,
                      const struct reg *percpu, bool has_key, uint32_t key)
{
	struct reg *r0 = &cur_regs(v)[BPF_REG_0];
	const char *name = h->result_btf;

	switch (h->result) {
	case RET_INTEGER:
		reg_unknown(r0);
		return 0;
	case RET_VOID:
		reg_forget(r0);
		return 0;
	case RET_MAP_VALUE:
	case RET_MAP_VALUE_OR_NULL:
		if (!c->map)
			return refuse(v, WAY_NONE, "kernel subsystem misconfigured verifier");
		reg_pointer(r0, REG_MAP_VALUE, h->result == RET_MAP_VALUE ? 0 : REG_MAYBE_NULL);
		r0->map = c->map;
		r0->map_uid = c->map_uid;
		/* An array has every index below its size. */
		if (has_key && c->helper == BPF_FUNC_map_lookup_elem && is_array(c->map) &&
		    key < c->map->max_entries)
			r0->flags = 0;
		if (reg_may_be_null(r0) || field_find(map_fields(v, c->map), FIELD_SPIN_LOCK) ||
		    field_find(map_fields(v, c->map), FIELD_RES_SPIN_LOCK))
			r0->id = ++v->ids;
		return 0;
	case RET_SOCKET_OR_NULL:
		reg_pointer(r0, REG_SOCKET, REG_MAYBE_NULL);
		break;
	case RET_SOCK_COMMON_OR_NULL:
		reg_pointer(r0, REG_SOCK_COMMON, REG_MAYBE_NULL);
		break;
	case RET_TCP_SOCK_OR_NULL:
		reg_pointer(r0, REG_TCP_SOCK, REG_MAYBE_NULL);
		break;
	case RET_RINGBUF_MEM_OR_NULL:
		reg_pointer(r0, REG_MEM, REG_MAYBE_NULL | REG_RINGBUF);
		r0->mem_b = (uint32_t)c->alloc_size;
		break;
	case RET_DYNPTR_MEM_OR_NULL:
		reg_pointer(r0, REG_MEM, REG_MAYBE_NULL);
		r0->mem_b = (uint32_t)c->alloc_size;
		break;
	case RET_MEM_OR_BTF:
	case RET_MEM_OR_BTF_OR_NULL:
		if (set_percpu_result(v, percpu, h->result == RET_MEM_OR_BTF ? 0 : REG_MAYBE_NULL))
			return -1;
		break;
	case RET_BTF_OR_NULL:
	case RET_BTF:
	case RET_BTF_TRUSTED:
		reg_pointer(r0, REG_BTF,
		            h->result == RET_BTF           ? 0
		            : h->result == RET_BTF_TRUSTED ? REG_TRUSTED
		                                           : REG_MAYBE_NULL);
		if (c->helper == KPTR_XCHG) { /* kptr_xchg gives what the field pointed to */
			r0->btf = c->kptr.btf;
			r0->btf_id = c->kptr.btf_id;
			r0->flags = c->kptr.flags | REG_MAYBE_NULL;
			break;
		}
		r0->btf = v->p->kernel_btf;
		r0->btf_id = name && r0->btf
		                 ? btf_find(r0->btf, name, BTF_KIND_MASK(BTF_KIND_STRUCT), 0)
		                 : 0;
		if (!r0->btf_id)
			return refuse(v, WAY_NONE, "the kernel's BTF has no struct %s",
			              name ? name : "?");
		break;
	}
	if (reg_may_be_null(r0))
		r0->id = ++v->ids;
	return 0;
}

static bool casts_pointer(uint32_t helper) /* is_ptr_cast_function, dynptr_data */
{
	switch (helper) {
	case BPF_FUNC_tcp_sock:
	case BPF_FUNC_sk_fullsock:
	case 136: /* skc_to_tcp6_sock and its kin */
	case 137:
	case 138:
	case 139:
	case 140:
	case 178:
	case 193 + 3: /* skc_to_mptcp_sock */
		return true;
	default:
		return false;
	}
}

static int check_specials(struct verifier *v, struct call_args *c)
{
	const struct reg *regs = cur_regs(v);

	switch (c->helper) {
	case 197: /* dynptr_from_mem: of map values only */
		if (regs[BPF_REG_1].kind != REG_MAP_VALUE)
			return refuse(v, WAY_ARGUMENT,
			              "Unsupported reg type %s for bpf_dynptr_from_mem data",
			              reg_kind_name(&regs[BPF_REG_1]));
		return 0;
	case BPF_FUNC_tail_call:
		v->has_tail_call = true;
		return refs_check_exit(v, "tail_call");
	case BPF_FUNC_get_local_storage:
		if (!takes_null(v, BPF_REG_2))
			return refuse(v, WAY_NONE,
			              "get_local_storage() doesn't support non-zero flags");
		return 0;
	case 130: /* ringbuf_output and reserve: flags are checked when it runs */
		return 0;
	default:
		return 0;
	}
}

static bool may_call(struct verifier *v, const struct bpf_helper *h)
{
	own_strbuf struct strbuf why = {0};

	if (!kind_may_call(v->p, h->id, &why)) {
		refuse(v, WAY_HELPER, "%s", sb_str(&why));
		return false;
	}
	if ((h->flags & HELPER_GPL) && !v->p->is_gpl) {
		refuse(v, WAY_GPL,
		       "cannot call GPL-restricted function from non-GPL compatible program");
		return false;
	}
	if ((h->flags & HELPER_SLEEPS) && !in_sleepable(v)) {
		refuse(v, WAY_SLEEP, "helper call might sleep in a non-sleepable prog");
		return false;
	}
	if ((h->flags & HELPER_SLEEPS) && (v->cur->rcu || v->cur->preempt || v->cur->irq_id)) {
		refuse(v, WAY_UNLOCK, "sleepable helper %s#%u in %s region", h->name, h->id,
		       v->cur->rcu ? "rcu_read_lock" : "non-preemptible");
		return false;
	}
	return true;
}

int check_helper_call(struct verifier *v, const struct bpf_insn *i)
{
	const struct bpf_helper *h = kind_helper(v->p, (uint32_t)i->imm);
	struct call_args c = {.func = NO_FUNC, .helper = (uint32_t)i->imm};
	struct reg percpu = {0}, size = {0}, saved[6];
	bool has_key = false;
	uint32_t key = 0, released = 0;

	if (!h)
		return refuse(v, WAY_HELPER, "invalid func unknown#%d", i->imm);
	c.name = h->name;
	if (!may_call(v, h))
		return -1;
	memcpy(saved, cur_regs(v), sizeof(saved));
	for (uint32_t k = 0; k < 5 && h->args[k].kind != ARG_NONE; k++) {
		if (check_arg(v, h, k, &c))
			return -1;
	}
	if (c.map) {
		own_strbuf struct strbuf why = {0};

		if (!kind_may_pass_map(v->p, c.map->type, c.helper, &why))
			return refuse(v, WAY_MAP, "%s", sb_str(&why));
	}
	if (c.map && (c.map->flags & BPF_F_RDONLY_PROG) &&
	    (c.helper == BPF_FUNC_map_update_elem || c.helper == BPF_FUNC_map_delete_elem ||
	     c.helper == BPF_FUNC_map_push_elem || c.helper == BPF_FUNC_map_pop_elem))
		return refuse(v, WAY_RDONLY, "write into map forbidden");
	if (c.helper == BPF_FUNC_map_lookup_elem && c.map && is_array(c.map))
		has_key =
		    has_const_key(v, &cur_regs(v)[BPF_REG_2], &key) && key < c.map->max_entries;
	if (has_key && cur_regs(v)[BPF_REG_2].kind == REG_STACK) {
		const struct reg *at = &cur_regs(v)[BPF_REG_2];
		int64_t off = (int64_t)at->s.bits.value + at->off;

		mark_slot_precise(v, at->frame, (uint32_t)(-off - 1) / 8);
	}
	record_facts(v, &c, has_key, key);
	if (check_specials(v, &c))
		return -1;
	if (call_back(v, &c))
		return -1;
	if (c.btf_arg)
		percpu = *c.btf_arg;
	size =
	    cur_regs(v)[c.helper == BPF_FUNC_get_stack || c.helper == 141 ? BPF_REG_3 : BPF_REG_2];
	if (c.release_arg) {
		released = cur_regs(v)[c.release_arg].ref_id;
		if (released && ref_release(v, released))
			return refuse(v, WAY_ACQUIRED,
			              "func %s#%u reference has not been acquired before", h->name,
			              h->id);
	}
	clear_caller_saved(v);
	if (set_result(v, h, &c, &percpu, has_key, key))
		return -1;
	if (finish_dynptr(v, h, &c))
		return -1;
	struct reg *r0 = &cur_regs(v)[BPF_REG_0];

	refine_result(v, c.helper, &size);
	if (casts_pointer(c.helper)) {
		r0->ref_id = c.ref_id;
	} else if (h->flags & HELPER_ACQUIRES) {
		/* From a map of sockets only a look-up holds one. */
		r0->id = r0->ref_id = ref_acquire(v);
	} else if (c.helper == BPF_FUNC_map_lookup_elem && c.map &&
	           (c.map->type == BPF_MAP_TYPE_SOCKMAP || c.map->type == BPF_MAP_TYPE_SOCKHASH)) {
		r0->id = r0->ref_id = ref_acquire(v);
	}
	if (h->flags & HELPER_CHANGES_PKT)
		packet_forget(v);
	return 0;
}
