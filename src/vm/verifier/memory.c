/* Accesses: is what the pointer points to big enough, may it be read or written, and what comes
 * out of it. */
#include "vm/verifier/state.h"

#include <string.h>

#include "types/btf.h"

enum { FLOW_KEYS_B = 56, MAX_TP_BUFFER_B = 32768, LOAD_ACQUIRE = 0x100, STORE_RELEASE = 0x110 };

/* ---- bounds ------------------------------------------------------------------------------------
 */

int check_region(struct verifier *v, const struct reg *r, uint32_t regno, int64_t off,
                 uint32_t size_b, uint32_t mem_b, bool zero_ok)
{
	if (off >= 0 && (size_b || zero_ok) && (uint64_t)off + size_b <= mem_b)
		return 0;
	return refuse(v, WAY_BOUND, "invalid access to %s, %s=%u off=%lld size=%u%s%s (R%u)%s",
	              r->kind == REG_MAP_KEY     ? "map key"
	              : r->kind == REG_MAP_VALUE ? "map value"
	                                         : "memory",
	              r->kind == REG_MAP_KEY     ? "key_size"
	              : r->kind == REG_MAP_VALUE ? "value_size"
	                                         : "mem_size",
	              mem_b, (long long)off, size_b, r->map ? " map=" : "",
	              r->map && r->map->name ? r->map->name : "", regno,
	              describe_range(v, r, r->off, size_b));
}

int check_bounds(struct verifier *v, const struct reg *r, uint32_t regno, int32_t off,
                 uint32_t size_b, uint32_t mem_b, bool zero_ok, const char *what)
{
	int64_t min = r->s.smin, at = min + off;

	(void)what;
	if (min < 0 && (min == INT64_MIN || at != (int32_t)at || at < 0))
		return refuse(v, WAY_UNSIGNED,
		              "R%u min value is negative, either use unsigned index or do a if "
		              "(index >=0) check. It is %lld to %lld",
		              regno, (long long)min, (long long)r->s.smax);
	if (check_region(v, r, regno, at, size_b, mem_b, zero_ok))
		return -1;
	if (r->s.umax >= MAX_VAR_OFF)
		return refuse(
		    v, WAY_BOUND,
		    "R%u unbounded memory access, make sure to bounds check any such access: it "
		    "is up to %llu",
		    regno, (unsigned long long)r->s.umax);
	return check_region(v, r, regno, (int64_t)r->s.umax + off, size_b, mem_b, zero_ok);
}

int check_alignment(struct verifier *v, const struct reg *r, int32_t off, uint32_t size_b)
{
	bool is_strict = v->is_strict || r->kind == REG_STACK;
	struct tnum at;

	if (!is_strict || size_b <= 1)
		return 0;
	/* Network headers begin two bytes off, so that addresses in them are aligned. */
	at = tnum_add(r->s.bits,
	              tnum_const((uint64_t)(int64_t)((reg_is_packet(r) ? 2 : 0) + r->off + off)));
	if (!tnum_is_aligned(at, size_b))
		return refuse(v, WAY_ALIGN, "misaligned %saccess off %d+%d size %u",
		              r->kind == REG_STACK       ? "stack "
		              : reg_is_packet(r)         ? "packet "
		              : r->kind == REG_MAP_VALUE ? "value "
		                                         : "",
		              r->off, off, size_b);
	return 0;
}

int check_pointer_const_off(struct verifier *v, const struct reg *r, uint32_t regno, bool fixed_ok)
{
	if (r->off < 0)
		return refuse(v, WAY_NONE, "negative offset %s ptr R%u off=%d disallowed",
		              reg_kind_name(r), regno, r->off);
	if (!fixed_ok && r->off)
		return refuse(v, WAY_MODIFIED,
		              "dereference of modified %s ptr R%u off=%d disallowed",
		              reg_kind_name(r), regno, r->off);
	if (!scalar_is_const(&r->s) || r->s.bits.value)
		return refuse(v, WAY_MODIFIED, "variable %s access disallowed (R%u)",
		              reg_kind_name(r), regno);
	return 0;
}

/* ---- kinds of memory ---------------------------------------------------------------------------
 */

static int forbid_pointer(struct verifier *v, bool is_write, int value, const char *where)
{
	if (is_write && value >= 0 && v->opts->is_unprivileged &&
	    reg_is_pointer(&cur_regs(v)[value]))
		return refuse(v, WAY_LEAK, "R%d leaks addr into %s", value, where);
	return 0;
}

static bool map_is_constant(const struct vm_map_def *m)
{
	return m->is_frozen && m->init && m->type == BPF_MAP_TYPE_ARRAY && m->max_entries == 1 &&
	       (m->flags & BPF_F_RDONLY_PROG);
}

static int access_map_value(struct verifier *v, const struct reg *r, uint32_t regno, int32_t off,
                            uint32_t size_b, bool is_write, int value, bool is_signed,
                            bool is_atomic)
{
	const struct vm_map_def *m = r->map;
	struct reg *regs = cur_regs(v);
	uint64_t constant = 0;

	if (forbid_pointer(v, is_write, value, "map"))
		return -1;
	if (is_write && (m->flags & BPF_F_RDONLY_PROG))
		return refuse(v, WAY_RDONLY,
		              "write into map forbidden, value_size=%u off=%lld size=%u",
		              m->value_size_b, (long long)r->s.smin + off, size_b);
	if (!is_write && (m->flags & BPF_F_WRONLY_PROG))
		return refuse(v, WAY_RDONLY,
		              "read from map forbidden, value_size=%u off=%lld size=%u",
		              m->value_size_b, (long long)r->s.smin + off, size_b);
	if (check_bounds(v, r, regno, off, size_b, m->value_size_b, false, "map value"))
		return -1;
	if (map_fields(v, m)->n) {
		int done = check_fields_access(v, r, regno, off, size_b, is_write, value, is_atomic,
		                               false);

		if (done)
			return done < 0 ? -1 : 0;
	}
	if (is_write || value < 0)
		return 0;
	if (scalar_is_const(&r->s) && map_is_constant(m)) {
		const char *at = (const char *)m->init + (int64_t)r->s.bits.value + off;

		memcpy(&constant, at, size_b); /* little-endian */
		if (is_signed && size_b < 8)
			constant = (uint64_t)((int64_t)(constant << (64 - size_b * 8)) >>
			                      (64 - size_b * 8));
		reg_set(&regs[value], constant);
		return 1;
	}
	reg_unknown(&regs[value]);
	return 0;
}

static int access_context(struct verifier *v, const struct reg *r, uint32_t regno, int32_t off,
                          uint32_t size_b, bool is_write, int value)
{
	own_strbuf struct strbuf why = {0};
	struct context_access c = {.kind = REG_SCALAR, .range = scalar_unknown};
	struct insn_info *info = &v->info[v->pc];
	struct reg *dst;

	if (forbid_pointer(v, is_write, value, "ctx"))
		return -1;
	if (check_pointer_const_off(v, r, regno, false))
		return -1;
	if (!context_access(v->p, off, size_b, is_write, &c, &why))
		return refuse(v, WAY_CONTEXT, "%s", sb_str(&why));
	if (c.run_off_b)
		info->fact.context_off_b = (int16_t)c.run_off_b;
	if (is_write || value < 0)
		return 0;
	dst = &cur_regs(v)[value];
	if (c.kind == REG_SCALAR) {
		reg_unknown(dst);
		dst->s = c.range;
		return 0;
	}
	reg_pointer(dst, c.kind, c.flags);
	dst->btf_id = c.btf_id;
	dst->btf = c.btf;
	dst->mem_b = c.mem_b;
	if (c.is_acquired)
		dst->ref_id = dst->id = ref_acquire(v);
	else if (c.flags & REG_MAYBE_NULL)
		dst->id = ++v->ids;
	return 2; /* a pointer, whatever size the load has */
}

static int access_socket(struct verifier *v, const struct reg *r, uint32_t regno, int32_t off,
                         uint32_t size_b, bool is_write, int value)
{
	own_strbuf struct strbuf why = {0};
	struct context_access c = {.kind = REG_SCALAR, .range = scalar_unknown};

	if (is_write)
		return refuse(v, WAY_RDONLY, "R%u cannot write into %s", regno, reg_kind_name(r));
	if (r->s.smin < 0)
		return refuse(v, WAY_UNSIGNED,
		              "R%u min value is negative, either use unsigned index "
		              "or do a if (index >=0) check.",
		              regno);
	if (!scalar_is_const(&r->s))
		return refuse(v, WAY_CONTEXT, "R%u invalid %s access off=%d size=%u", regno,
		              reg_kind_name(r), off, size_b);
	if (!socket_access(r->kind, off + (int32_t)r->s.bits.value, size_b, &c, &why))
		return refuse(v, WAY_CONTEXT, "R%u %s", regno, sb_str(&why));
	v->info[v->pc].fact.is_probe_load = true;
	if (value >= 0) {
		reg_unknown(&cur_regs(v)[value]);
		cur_regs(v)[value].s = c.range;
	}
	return 0;
}

static int access_object(struct verifier *v, const struct reg *r, uint32_t regno, int32_t off,
                         uint32_t size_b, bool is_write, int value)
{
	own_strbuf struct strbuf why = {0};
	struct context_access c = {.kind = REG_SCALAR, .range = scalar_unknown};
	struct reg from = *r, *dst;
	uint32_t flags = r->flags;

	if (!v->p->is_gpl && !(flags & REG_ALLOC))
		return refuse(v, WAY_GPL,
		              "Cannot access kernel 'struct' from non-GPL compatible program");
	if (from.off < 0)
		return refuse(v, WAY_NONE, "R%u is ptr_ invalid negative access: off=%d", regno,
		              off);
	if (!scalar_is_const(&r->s) || r->s.bits.value)
		return refuse(v, WAY_BOUND, "R%u is ptr_ invalid variable offset: off=%d", regno,
		              off);
	if (flags & REG_USER)
		return refuse(v, WAY_USER, "R%u is ptr_ access user memory: off=%d", regno, off);
	if (flags & REG_PERCPU)
		return refuse(v, WAY_PERCPU, "R%u is ptr_ access percpu memory: off=%d", regno,
		              off);
	if ((flags & REG_ALLOC) && from.btf == v->p->btf) {
		int done =
		    check_fields_access(v, r, regno, off, size_b, is_write, value, false, false);

		if (done)
			return done < 0 ? -1 : 0;
	}
	if (!(flags & REG_ALLOC) && is_write && (flags & (REG_UNTRUSTED | REG_RCU)))
		return refuse(v, WAY_RDONLY, "only read is supported");
	if (from.ref_id)
		flags |= REG_TRUSTED;
	if (in_rcu(v))
		flags |= REG_IN_RCU;
	if (!btf_field_access(v->p, from.btf, from.btf_id, flags, off, size_b, is_write, &c, &why))
		return refuse(v, WAY_FIELD, "%s", sb_str(&why));
	if (!(flags & REG_ALLOC))
		v->info[v->pc].fact.is_probe_load = true;
	if (is_write || value < 0)
		return 0;
	dst = &cur_regs(v)[value];
	if (c.kind == REG_SCALAR) {
		reg_unknown(dst);
		dst->s = c.range;
		return 0;
	}
	reg_pointer(dst, c.kind, c.flags);
	/* RCU and trust hold only where the program is within an RCU section. */
	if ((dst->flags & REG_RCU) && !in_rcu(v)) {
		dst->flags &= ~(uint32_t)(REG_RCU | REG_MAYBE_NULL);
		dst->flags |= REG_UNTRUSTED;
	}
	dst->btf_id = c.btf_id;
	dst->btf = c.btf;
	dst->mem_b = c.mem_b;
	if (dst->flags & REG_MAYBE_NULL)
		dst->id = ++v->ids;
	return 2;
}

/* The kernel's own struct of a map: fields may be read (check_ptr_to_map_access()). */
static int access_map(struct verifier *v, const struct reg *r, uint32_t regno, int32_t off,
                      uint32_t size_b, bool is_write, int value)
{
	struct btf_file *b = v->p->kernel_btf;
	struct reg as = *r;

	if (!b)
		return refuse(v, WAY_POINTER, "R%u invalid mem access 'map_ptr'", regno);
	if (v->opts->is_unprivileged)
		return refuse(v, WAY_LEAK, "'struct bpf_map' access is allowed only to privileged");
	if (off < 0)
		return refuse(v, WAY_NONE, "R%u is bpf_map invalid negative access: off=%d", regno,
		              off);
	if (is_write)
		return refuse(v, WAY_RDONLY, "only read from bpf_map is supported");
	as.kind = REG_BTF;
	as.flags = 0;
	as.btf = b;
	as.btf_id = btf_find(b, "bpf_map", BTF_KIND_MASK(BTF_KIND_STRUCT), 0);
	if (!as.btf_id)
		return refuse(v, WAY_POINTER, "R%u invalid mem access 'map_ptr'", regno);
	return access_object(v, &as, regno, off, size_b, is_write, value);
}

static int access_memory(struct verifier *v, const struct reg *r, uint32_t regno, int32_t off,
                         uint32_t size_b, bool is_write, int value)
{
	if (is_write && (r->flags & REG_RDONLY))
		return refuse(v, WAY_RDONLY, "R%u cannot write into %s", regno, reg_kind_name(r));
	if (forbid_pointer(v, is_write, value, "mem"))
		return -1;
	/* What a kernel object's pointer shows: readable by probing, whatever its size. */
	if (!(r->flags & REG_UNTRUSTED) &&
	    check_bounds(v, r, regno, off, size_b, r->mem_b, false, "memory"))
		return -1;
	if (r->flags & REG_UNTRUSTED) {
		if (is_write)
			return refuse(v, WAY_RDONLY, "R%u cannot write into %s", regno,
			              reg_kind_name(r));
		v->info[v->pc].fact.is_probe_load = true;
	}
	if (!is_write && value >= 0)
		reg_unknown(&cur_regs(v)[value]);
	return 0;
}

static int access_buffer(struct verifier *v, const struct reg *r, uint32_t regno, int32_t off,
                         uint32_t size_b, bool is_write, int value)
{
	if (off < 0)
		return refuse(v, WAY_BOUND, "R%u invalid %s buffer access: off=%d, size=%u", regno,
		              r->kind == REG_TP_BUFFER  ? "tracepoint"
		              : (r->flags & REG_RDONLY) ? "rdonly"
		                                        : "rdwr",
		              off, size_b);
	if (!scalar_is_const(&r->s) || r->s.bits.value)
		return refuse(v, WAY_BOUND, "R%u invalid variable buffer offset: off=%d", regno,
		              off);
	if (is_write && (r->flags & REG_RDONLY))
		return refuse(v, WAY_RDONLY, "R%u cannot write into %s", regno, reg_kind_name(r));
	if (!r->mem_b) /* how much is there depends on what the program is attached to */
		v->info[v->pc].fact.is_probe_load = true;
	if (r->mem_b && (uint32_t)off + size_b > r->mem_b)
		return refuse(v, WAY_BOUND, "R%u invalid buffer access: off=%d, size=%u", regno,
		              off, size_b);
	if (!is_write && value >= 0)
		reg_unknown(&cur_regs(v)[value]);
	return 0;
}

static bool may_mix(enum reg_kind kind)
{
	return kind != REG_CTX && kind != REG_SOCKET && kind != REG_SOCK_COMMON &&
	       kind != REG_TCP_SOCK && kind != REG_XDP_SOCK && kind != REG_BTF && kind != REG_ARENA;
}

/* One instruction is made into one piece of code: it cannot treat a context one time and a map's
 * value the next. */
static int check_same_kind(struct verifier *v, const struct reg *r)
{
	struct insn_info *info = &v->info[v->pc];
	enum reg_kind kind = r->kind;

	if (info->access == REG_NOT_INIT)
		info->access = kind;
	else if (info->access != kind && (!may_mix(kind) || !may_mix(info->access)))
		return refuse(v, WAY_NONE, "same insn cannot be used with different pointers");
	return 0;
}

int check_access(struct verifier *v, uint32_t regno, int32_t insn_off, uint32_t size_b,
                 bool is_write, int value, bool is_signed, bool is_atomic)
{
	const struct reg *r = &cur_regs(v)[regno], from = *r;
	int32_t off = insn_off + from.off;
	int done;

	r = &from;
	if (!reg_is_pointer(r) || reg_may_be_null(r))
		return refuse(v, reg_is_pointer(r) ? WAY_NULL : WAY_POINTER,
		              "R%u invalid mem access '%s'", regno, reg_kind_name(r));
	if (is_atomic && size_b > 1 && r->kind != REG_STACK) {
		struct tnum at = tnum_add(r->s.bits, tnum_const((uint64_t)(int64_t)off));

		if (!tnum_is_aligned(at, size_b))
			return refuse(v, WAY_ALIGN, "misaligned access off %d size %u", off,
			              size_b);
	} else if (check_alignment(v, r, insn_off, size_b)) {
		return -1;
	}
	switch (r->kind) {
	case REG_MAP_KEY:
		if (is_write)
			return refuse(v, WAY_RDONLY, "write to change key R%u not allowed", regno);
		done = check_bounds(v, r, regno, off, size_b, r->map->key_size_b, false, "key");
		if (!done && value >= 0)
			reg_unknown(&cur_regs(v)[value]);
		break;
	case REG_MAP_VALUE:
		done = access_map_value(v, r, regno, off, size_b, is_write, value, is_signed,
		                        is_atomic);
		break;
	case REG_CTX:
		done = access_context(v, r, regno, off, size_b, is_write, value);
		break;
	case REG_STACK:
		done = is_write ? stack_write(v, r, regno, off, size_b, value,
		                              is_atomic ? NULL : &v->insns[v->pc])
		                : stack_read(v, r, regno, off, size_b, value);
		if (!done && !is_write && value >= 0 && reg_is_pointer(&cur_regs(v)[value]))
			done = 2;
		break;
	case REG_PACKET:
	case REG_PACKET_META:
		if (is_write && !kind_may_write_packet(v->p))
			return refuse(v, WAY_RDONLY, "cannot write into packet");
		if (forbid_pointer(v, is_write, value, "packet"))
			return -1;
		done = packet_access(v, r, regno, off, size_b, false);
		if (!done && !is_write && value >= 0)
			reg_unknown(&cur_regs(v)[value]);
		break;
	case REG_FLOW_KEYS:
		if (forbid_pointer(v, is_write, value, "flow keys"))
			return -1;
		if (off < 0 || (uint32_t)off + size_b > FLOW_KEYS_B || !scalar_is_const(&r->s))
			return refuse(v, WAY_BOUND, "invalid access to flow keys off=%d size=%u",
			              off, size_b);
		v->info[v->pc].fact.is_probe_load = true;
		done = 0;
		if (!is_write && value >= 0)
			reg_unknown(&cur_regs(v)[value]);
		break;
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
		done = access_socket(v, r, regno, off, size_b, is_write, value);
		break;
	case REG_BTF:
		done = access_object(v, r, regno, off, size_b, is_write, value);
		break;
	case REG_MAP:
		done = access_map(v, r, regno, off, size_b, is_write, value);
		break;
	case REG_MEM:
		done = access_memory(v, r, regno, off, size_b, is_write, value);
		break;
	case REG_TP_BUFFER:
	case REG_BUF:
		done = access_buffer(v, r, regno, off, size_b, is_write, value);
		break;
	case REG_ARENA:
		if (is_write || value < 0)
			return 0;
		reg_unknown(&cur_regs(v)[value]);
		done = 0;
		break;
	default:
		return refuse(v, WAY_POINTER, "R%u invalid mem access '%s'", regno,
		              reg_kind_name(r));
	}
	if (done < 0)
		return -1;
	if (is_signed && value >= 0 && reg_is_pointer(&cur_regs(v)[value]))
		return refuse(v, WAY_CONTEXT,
		              "a pointer at offset %d cannot be loaded with its sign", insn_off);
	if (!done && !is_write && value >= 0 && cur_regs(v)[value].kind == REG_SCALAR &&
	    size_b < 8) {
		struct reg *dst = &cur_regs(v)[value];

		if (is_signed)
			scalar_sext(&dst->s, (uint8_t)(size_b * 8), false);
		else
			scalar_truncate(&dst->s, (uint8_t)size_b);
		if (is_signed) {
			dst->id = 0;
			dst->is_added = dst->is_added32 = false;
		}
	}
	return 0;
}

/* ---- instructions ------------------------------------------------------------------------------
 */

static int check_atomic(struct verifier *v, const struct bpf_insn *i)
{
	uint32_t size_b = bpf_size_bytes(i->code), base = i->dst_reg;
	bool is_load = i->imm == LOAD_ACQUIRE, is_store = i->imm == STORE_RELEASE;
	int loaded = -1;

	if (use_reg(v, i->src_reg) || (!is_load && use_reg(v, i->dst_reg)))
		return -1;
	if (is_load)
		base = i->src_reg;
	if (i->imm == BPF_CMPXCHG && use_reg(v, BPF_REG_0))
		return -1;
	if (!is_load && v->opts->is_unprivileged && reg_is_pointer(&cur_regs(v)[i->src_reg]))
		return refuse(v, WAY_LEAK, "R%u leaks addr into mem", i->src_reg);
	switch (cur_regs(v)[base].kind) {
	case REG_CTX:
	case REG_PACKET:
	case REG_PACKET_META:
	case REG_FLOW_KEYS:
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
		return refuse(v, WAY_NONE, "BPF_ATOMIC %s R%u %s is not allowed",
		              is_load ? "loads from" : "stores into", base,
		              reg_kind_name(&cur_regs(v)[base]));
	default:
		break;
	}
	if (is_load || is_store) {
		const struct reg at = cur_regs(v)[base]; /* the load may be into this register */

		if (is_load && define_reg(v, i->dst_reg))
			return -1;
		if (check_access(v, base, i->off, size_b, is_store,
		                 is_load ? i->dst_reg : i->src_reg, false, true))
			return -1;
		return check_same_kind(v, &at);
	}
	if (i->imm & BPF_FETCH)
		loaded = i->imm == BPF_CMPXCHG ? BPF_REG_0 : i->src_reg;
	struct reg pointer = cur_regs(v)[base];

	if (loaded >= 0 && define_reg(v, (uint32_t)loaded))
		return -1;
	if (check_same_kind(v, &pointer) ||
	    check_access(v, base, i->off, size_b, false, -1, false, true) ||
	    check_access(v, base, i->off, size_b, true, -1, false, true))
		return -1;
	/* What is written is not followed: the number read back may be any. */
	if (loaded >= 0) {
		reg_unknown(&cur_regs(v)[loaded]);
		if (size_b < 8)
			scalar_truncate(&cur_regs(v)[loaded].s, (uint8_t)size_b);
	}
	return 0;
}

int check_load_store(struct verifier *v, const struct bpf_insn *i)
{
	uint8_t class = BPF_CLASS(i->code), mode = BPF_MODE(i->code);
	uint32_t size_b = bpf_size_bytes(i->code);
	struct reg base;

	if (class == BPF_LDX) {
		if (use_reg(v, i->src_reg) || define_reg(v, i->dst_reg))
			return -1;
		base = cur_regs(v)[i->src_reg];
		if (check_same_kind(v, &base))
			return -1;
		return check_access(v, i->src_reg, i->off, size_b, false, i->dst_reg,
		                    mode == BPF_MEMSX, false);
	}
	if (class == BPF_STX && mode == BPF_ATOMIC)
		return check_atomic(v, i);
	if (use_reg(v, i->dst_reg) || (class == BPF_STX && use_reg(v, i->src_reg)))
		return -1;
	base = cur_regs(v)[i->dst_reg];
	if (check_same_kind(v, &base))
		return -1;
	return check_access(v, i->dst_reg, i->off, size_b, true, class == BPF_STX ? i->src_reg : -1,
	                    false, false);
}

int check_packet_load(struct verifier *v, const struct bpf_insn *i)
{
	uint32_t type = v->p->type;

	if (type != BPF_PROG_TYPE_SOCKET_FILTER && type != BPF_PROG_TYPE_SCHED_CLS &&
	    type != BPF_PROG_TYPE_SCHED_ACT)
		return refuse(v, WAY_NONE,
		              "BPF_LD_[ABS|IND] instructions not allowed for this program type");
	if (use_reg(v, BPF_REG_6))
		return -1;
	if (refs_check_exit(v, "BPF_LD_[ABS|IND]"))
		return -1;
	if (cur_regs(v)[BPF_REG_6].kind != REG_CTX)
		return refuse(v, WAY_NONE, "at the time of BPF_LD_ABS|IND R6 != pointer to skb");
	if (BPF_MODE(i->code) == BPF_IND && use_reg(v, i->src_reg))
		return -1;
	if (check_pointer_const_off(v, &cur_regs(v)[BPF_REG_6], BPF_REG_6, false))
		return -1;
	/* Out of the packet, the program ends with 0: that must be allowed where we are. */
	if (v->cur->frame && v->p->btf == NULL)
		return refuse(v, WAY_NONE,
		              "LD_ABS is only allowed in functions that return 'int'.");
	if (clear_caller_saved(v))
		return -1;
	reg_unknown(&cur_regs(v)[BPF_REG_0]);
	scalar_truncate(&cur_regs(v)[BPF_REG_0].s, 4);
	return 0;
}

int check_helper_memory(struct verifier *v, uint32_t regno, uint32_t size_b, bool is_write,
                        bool may_be_uninit, bool may_be_packet, const char *what)
{
	const struct reg r = cur_regs(v)[regno];
	int32_t off = r.off;

	switch (r.kind) {
	case REG_STACK:
		return stack_range(v, regno, off, size_b, is_write, may_be_uninit, true);
	case REG_PACKET:
	case REG_PACKET_META:
		if (!may_be_packet || !kind_may_read_packet(v->p))
			return refuse(v, WAY_HELPER_PACKET,
			              "helper access to the packet is not allowed");
		if (is_write && !kind_may_write_packet(v->p))
			return refuse(v, WAY_RDONLY, "cannot write into packet");
		return packet_access(v, &r, regno, off, size_b, true);
	case REG_MAP_KEY:
		if (is_write)
			return refuse(v, WAY_RDONLY, "R%u cannot write into %s", regno,
			              reg_kind_name(&r));
		return check_bounds(v, &r, regno, off, size_b, r.map->key_size_b, true, what);
	case REG_MAP_VALUE:
		if (is_write && (r.map->flags & BPF_F_RDONLY_PROG))
			return refuse(v, WAY_RDONLY,
			              "write into map forbidden, value_size=%u off=%d "
			              "size=%u",
			              r.map->value_size_b, off, size_b);
		if (!is_write && (r.map->flags & BPF_F_WRONLY_PROG))
			return refuse(v, WAY_RDONLY,
			              "read from map forbidden, value_size=%u off=%d "
			              "size=%u",
			              r.map->value_size_b, off, size_b);
		if (check_bounds(v, &r, regno, off, size_b, r.map->value_size_b, true, what))
			return -1;
		if (map_fields(v, r.map)->n &&
		    check_fields_access(v, &r, regno, off, size_b, is_write, -1, false, true) < 0)
			return -1;
		return 0;
	case REG_MEM:
		if (is_write && (r.flags & REG_RDONLY))
			return refuse(v, WAY_RDONLY, "R%u cannot write into %s", regno,
			              reg_kind_name(&r));
		if (r.flags & REG_UNTRUSTED)
			return refuse(v, WAY_POINTER, "R%u type=%s expected=mem", regno,
			              reg_kind_name(&r));
		return check_bounds(v, &r, regno, off, size_b, r.mem_b, true, what);
	case REG_TP_BUFFER:
	case REG_BUF:
		return access_buffer(v, &r, regno, off, size_b, is_write, -1) < 0 ? -1 : 0;
	case REG_BTF:
		if (access_object(v, &r, regno, off, size_b, is_write, -1) < 0)
			return -1;
		return 0;
	case REG_CTX:
		/* Kernel functions' memory only: helpers' types leave contexts out. */
		if (v->p->type != BPF_PROG_TYPE_SYSCALL)
			break;
		if (check_pointer_const_off(v, &r, regno, false))
			return -1;
		return check_bounds(v, &r, regno, off, size_b, UINT16_MAX, true, what);
	case REG_SCALAR:
		/* Null and no bytes of it. */
		if (!size_b && takes_null(v, regno))
			return 0;
		break;
	default:
		break;
	}
	return refuse(v, WAY_POINTER, "R%u type=%s expected=fp, pkt, map_key, map_value, mem, buf",
	              regno, reg_kind_name(&r));
}
