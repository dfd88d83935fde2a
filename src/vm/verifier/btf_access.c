/* Loads and stores through pointers to kernel structs. The struct's BTF is walked down to the
 * member at the offset, as btf_struct_walk() in kernel/bpf/btf.c does; what a pointer found there
 * is worth depends on how much the pointer it came from was trusted (check_ptr_to_btf_access()).
 *
 * Verifying a tracing program spends much of its time here, so members before the offset are passed
 * over without asking for their types. */
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "vm/verifier/tables.h"

enum { DEEPEST = 64 }; /* structs in structs; only hostile BTF has more */

enum found { FOUND_NONE, FOUND_SCALAR, FOUND_POINTER, FOUND_OPAQUE };

struct walk {
	struct btf_file *btf;
	uint32_t off_b, size_b;
	bool is_alloc; /* an object of the program's: no flexible arrays, no pointers */
	struct strbuf *why;
	/* Found: */
	bool is_in_union;   /* of several members */
	uint32_t pointee;   /* POINTER: the struct, qualifiers skipped */
	uint32_t tag_flags; /* REG_USER, REG_PERCPU, REG_RCU */
	const char *name;   /* of the member */
};

static const char *string_of(struct btf_file *btf, uint32_t id, uint32_t off)
{
	return btf_string(btf_owner(btf, id), off);
}

static bool is_struct(uint32_t kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION;
}

/* ---- types of members ------------------------------------------------------------------------ */

struct extent {
	uint32_t id; /* of the element, qualifiers skipped */
	struct btf_record type;
	uint64_t size_b; /* of all elements */
	uint64_t n;      /* elements; 1: no array */
};

/* Arrays of arrays become one. */
static bool extent_of(struct btf_file *btf, uint32_t id, struct extent *ret)
{
	uint64_t n = 1, size_b;

	for (int depth = 0; depth < DEEPEST; depth++) {
		struct btf_array a;

		if (!btf_skip(btf, id, &ret->id, &ret->type))
			return false;
		if (ret->type.kind != BTF_KIND_ARRAY) {
			size_b = ret->type.kind == BTF_KIND_PTR ? 8 : ret->type.size_or_type;
			if (ret->type.kind == BTF_KIND_FWD || ret->type.kind == BTF_KIND_FUNC_PROTO)
				return false;
			ret->n = n;
			ret->size_b = size_b * n;
			return true;
		}
		memcpy(&a, ret->type.extra, sizeof(a));
		n *= a.nelems;
		if (n > UINT32_MAX)
			return false;
		id = a.type;
	}
	return false;
}

static uint32_t member_bit(const struct btf_record *r, struct btf_member m)
{
	return r->kflag ? BTF_MEMBER_BIT_OFFSET(m.offset) : m.offset;
}

static uint32_t member_bits(const struct btf_record *r, struct btf_member m)
{
	return r->kflag ? BTF_MEMBER_BITFIELD_SIZE(m.offset) : 0;
}

/* ---- the walk -------------------------------------------------------------------------------- */

static enum found beyond(struct walk *w, const char *name)
{
	sb_addf(w->why, "access beyond struct %s at off %u size %u", name, w->off_b, w->size_b);
	return FOUND_NONE;
}

/* Behind the struct's end: allowed where its last member is an array of no declared length. On true
 * *ret_id is the element's struct and the offset counts from there, or *ret_id is 0 for integers.
 */
static bool enter_flexible_array(struct walk *w, const struct btf_record *r, uint32_t *ret_id)
{
	struct btf_record array, element;
	struct btf_member last;
	struct btf_array a;
	uint32_t id, off_b;

	if (w->is_alloc || !r->vlen)
		return false;
	last = btf_member_at(r, r->vlen - 1);
	if (!btf_skip(w->btf, last.type, &id, &array) || array.kind != BTF_KIND_ARRAY)
		return false;
	memcpy(&a, array.extra, sizeof(a));
	off_b = member_bit(r, last) / 8;
	if (a.nelems || w->off_b < off_b || !btf_skip(w->btf, a.type, ret_id, &element))
		return false;
	if (element.kind == BTF_KIND_INT) {
		*ret_id = 0;
		return true;
	}
	if (!is_struct(element.kind) || !element.size_or_type)
		return false;
	w->off_b = (w->off_b - off_b) % element.size_or_type;
	return true;
}

static uint32_t flags_of_tag(const char *tag)
{
	return !strcmp(tag, "user")     ? REG_USER
	       : !strcmp(tag, "percpu") ? REG_PERCPU
	       : !strcmp(tag, "rcu")    ? REG_RCU
	                                : 0;
}

/* What an object of the program's own has for the kernel only. */
static bool is_kernels_own(const char *struct_name)
{
	static const char *const names[] = {
	    "bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer",   "bpf_wq",       "bpf_list_head",
	    "bpf_list_node", "bpf_rb_root",       "bpf_rb_node", "bpf_refcount", "bpf_task_work"};

	for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++) {
		if (!strcmp(names[k], struct_name))
			return true;
	}
	return false;
}

static bool is_kptr_tag(const char *tag)
{
	return !strcmp(tag, "kptr") || !strcmp(tag, "kptr_untrusted") ||
	       !strcmp(tag, "percpu_kptr") || !strcmp(tag, "uptr");
}

static enum found pointer_member(struct walk *w, const struct extent *e, uint32_t at_b,
                                 const char *struct_name)
{
	uint32_t pointee = e->type.size_or_type, id;
	const char *tag = btf_pointer_tag(w->btf, pointee);
	struct btf_record r;

	if (w->size_b != 8 || w->off_b != at_b) {
		sb_addf(w->why,
		        "cannot access ptr member %s with moff %u in struct %s with off %u size %u",
		        w->name, at_b, struct_name, w->off_b, w->size_b);
		return FOUND_NONE;
	}
	if (w->is_alloc && is_kptr_tag(tag)) {
		sb_addf(w->why, "direct access to %s is disallowed", tag);
		return FOUND_NONE;
	}
	if (!btf_skip(w->btf, pointee, &id, &r) || !is_struct(r.kind))
		return FOUND_OPAQUE;
	if (w->is_alloc) /* the program itself put it there */
		return FOUND_SCALAR;
	w->pointee = id;
	w->tag_flags = flags_of_tag(tag);
	return FOUND_POINTER;
}

/* Members before this one end before the offset: their successors begin at or before it. */
static uint32_t first_candidate(const struct walk *w, const struct btf_record *r)
{
	uint32_t low = 0, high = r->vlen;

	if (r->kind == BTF_KIND_UNION || r->vlen < 8)
		return 0;
	/* The first member that begins behind the offset, members being sorted. */
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (member_bit(r, btf_member_at(r, mid)) / 8 <= w->off_b)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return 0;
	/* Back over all that begin where its predecessor does: bitfields, empty structs. */
	high = member_bit(r, btf_member_at(r, --low)) / 8;
	while (low && member_bit(r, btf_member_at(r, low - 1)) / 8 == high)
		low--;
	return low;
}

/* One struct. On *ret_id != 0 the walk goes on in that struct. */
static enum found walk_struct(struct walk *w, uint32_t struct_id, uint32_t *ret_id)
{
	struct btf_record r;
	const char *name;

	*ret_id = 0;
	if (!btf_skip(w->btf, struct_id, &struct_id, &r) || !is_struct(r.kind)) {
		sb_addf(w->why, "Type is not a struct");
		return FOUND_NONE;
	}
	name = string_of(w->btf, struct_id, r.name_off);
	if (w->is_alloc && is_kernels_own(name)) {
		sb_addf(w->why, "direct access to %s is disallowed", name);
		return FOUND_NONE;
	}
	if (r.kind == BTF_KIND_UNION && r.vlen != 1)
		w->is_in_union = true;
	if ((uint64_t)w->off_b + w->size_b > r.size_or_type) {
		if (!enter_flexible_array(w, &r, ret_id))
			return beyond(w, name);
		return *ret_id ? FOUND_NONE : FOUND_SCALAR;
	}
	for (uint32_t k = first_candidate(w, &r); k < r.vlen; k++) {
		struct btf_member m = btf_member_at(&r, k);
		uint32_t at_b = member_bit(&r, m) / 8, bits = member_bits(&r, m);
		struct extent e;

		if (w->off_b + w->size_b <= at_b)
			break;
		if (bits) {
			uint32_t end_b = (member_bit(&r, m) + bits + 7) / 8;

			/* All of the bitfield, or nothing of it. */
			if (w->off_b <= at_b && end_b <= w->off_b + w->size_b)
				return FOUND_SCALAR;
			continue;
		}
		if (w->off_b < at_b)
			break; /* in a hole */
		w->name = string_of(w->btf, struct_id, m.name_off);
		if (!extent_of(w->btf, m.type, &e)) {
			sb_addf(w->why, "field %s doesn't have size", w->name);
			return FOUND_NONE;
		}
		if (w->off_b >= at_b + e.size_b)
			continue;
		uint64_t end_b = at_b + e.size_b; /* of all elements */

		if (e.n > 1)
			at_b += (w->off_b - at_b) / (e.size_b / e.n) * (e.size_b / e.n);
		if (is_struct(e.type.kind)) {
			w->off_b -= at_b;
			*ret_id = e.id;
			return FOUND_NONE;
		}
		if (e.type.kind == BTF_KIND_PTR)
			return pointer_member(w, &e, at_b, name);
		/* Integers and arrays of them may be read in any pieces. */
		if (w->off_b + w->size_b > end_b && !w->is_in_union) {
			sb_addf(w->why,
			        "access beyond the end of member %s (mend:%u) in struct %s with "
			        "off %u size %u",
			        w->name, (uint32_t)end_b, name, w->off_b, w->size_b);
			return FOUND_NONE;
		}
		return FOUND_SCALAR;
	}
	sb_addf(w->why, "struct %s doesn't have field at offset %u", name, w->off_b);
	return FOUND_NONE;
}

static enum found walk_all(struct walk *w, uint32_t struct_id)
{
	for (int depth = 0; depth < DEEPEST; depth++) {
		enum found f = walk_struct(w, struct_id, &struct_id);

		if (!struct_id)
			return f;
	}
	sb_adds(w->why, "structs are nested too deep");
	return FOUND_NONE;
}

/* ---- trust ----------------------------------------------------------------------------------- */

enum trust { TRUST_RCU, TRUST_RCU_OR_NULL, TRUST_FULL, TRUST_FULL_OR_NULL };

/* Members whose objects live as long as the struct's, though no type says so: the structs named
 * *__safe_rcu, *__safe_trusted ... in the kernel's BTF (BTF_TYPE_SAFE_* in kernel/bpf/verifier.c).
 */
static const struct {
	const char *type, *member;
	enum trust trust;
} safe_members[] = {
    {"task_struct", "cpus_ptr", TRUST_RCU},
    {"task_struct", "cgroups", TRUST_RCU},
    {"task_struct", "real_parent", TRUST_RCU},
    {"task_struct", "group_leader", TRUST_RCU},
    {"cgroup", "kn", TRUST_RCU},
    {"css_set", "dfl_cgrp", TRUST_RCU},
    {"cgroup_subsys_state", "cgroup", TRUST_RCU},
    {"mm_struct", "exe_file", TRUST_RCU_OR_NULL},
    {"sk_buff", "sk", TRUST_RCU_OR_NULL},
    {"request_sock", "sk", TRUST_RCU_OR_NULL},
    {"bpf_iter_meta", "seq", TRUST_FULL},
    {"bpf_iter__task", "meta", TRUST_FULL},
    {"bpf_iter__task", "task", TRUST_FULL},
    {"linux_binprm", "file", TRUST_FULL},
    {"file", "f_inode", TRUST_FULL},
    {"dentry", "d_inode", TRUST_FULL_OR_NULL},
    {"socket", "sk", TRUST_FULL_OR_NULL},
};

static bool is_safe_member(const char *type, const char *member, enum trust *ret)
{
	for (size_t k = 0; k < sizeof(safe_members) / sizeof(*safe_members); k++) {
		if (strcmp(safe_members[k].member, member) || strcmp(safe_members[k].type, type))
			continue;
		*ret = safe_members[k].trust;
		return true;
	}
	return false;
}

/* Flags of a pointer read through one with `flags`. */
static uint32_t trust_of(const struct vm_program *p, const char *type, const struct walk *w,
                         uint32_t flags)
{
	bool is_in_rcu = (flags & REG_IN_RCU) || !(p->flags & BPF_F_SLEEPABLE);
	uint32_t found = w->tag_flags | (w->is_in_union ? REG_UNTRUSTED : 0);
	enum trust t;
	bool is_safe;

	if (flags & REG_UNTRUSTED)
		return REG_UNTRUSTED;
	/* Pointers of the old kind, which helpers take and kfuncs don't, give the same. */
	if (!(flags & (REG_TRUSTED | REG_RCU)))
		return found & (REG_USER | REG_PERCPU | REG_UNTRUSTED);
	is_safe = is_safe_member(type, w->name, &t);
	if (is_safe && t == TRUST_FULL)
		return found | REG_TRUSTED;
	if (is_safe && t == TRUST_FULL_OR_NULL)
		return found | REG_TRUSTED | REG_MAYBE_NULL;
	if (!is_in_rcu)
		return REG_UNTRUSTED;
	if (is_safe && t == TRUST_RCU)
		return found | REG_RCU;
	if (is_safe)
		return (found & ~REG_UNTRUSTED) | REG_RCU | REG_MAYBE_NULL;
	if (found & REG_RCU)
		return found | REG_MAYBE_NULL;
	return found & (REG_USER | REG_PERCPU | REG_UNTRUSTED);
}

/* ---- writes ---------------------------------------------------------------------------------- */

enum { ANYWHERE, AT_START };

/* What programs may change in the kernel's structs: members (paths from the struct), for struct_ops
 * programs of `ops`, or (NULL) for tc and xdp programs. From the btf_struct_access functions of
 * net/ipv4/bpf_tcp_ca.c, kernel/sched/ext.c, net/sched/bpf_qdisc.c, drivers/hid/bpf,
 * net/netfilter/nf_conntrack_bpf.c, net/bpf/bpf_dummy_struct_ops.c. */
static const struct writable {
	const char *ops, *type, *path;
	uint8_t where;
	uint8_t less_b; /* the last bytes are not to be written: a string's end */
	uint8_t skip_b; /* nor the first */
} writables[] = {
    {NULL, "nf_conn", "mark", AT_START, 0},
    {NULL, "nf_conn___init", "ct.mark", AT_START, 0},
    {"tcp_congestion_ops", "tcp_sock", "inet_conn.icsk_inet.sk.sk_pacing_rate", AT_START, 0},
    {"tcp_congestion_ops", "tcp_sock", "inet_conn.icsk_inet.sk.sk_pacing_status", AT_START, 0},
    {"tcp_congestion_ops", "tcp_sock", "inet_conn.icsk_ca_priv", ANYWHERE, 0},
    {"tcp_congestion_ops", "tcp_sock", "inet_conn.icsk_ack.pending", AT_START, 0},
    {"tcp_congestion_ops", "tcp_sock", "snd_cwnd", AT_START, 0},
    {"tcp_congestion_ops", "tcp_sock", "snd_cwnd_cnt", AT_START, 0},
    {"tcp_congestion_ops", "tcp_sock", "snd_cwnd_stamp", AT_START, 0},
    {"tcp_congestion_ops", "tcp_sock", "snd_ssthresh", AT_START, 0},
    {"tcp_congestion_ops", "tcp_sock", "ecn_flags", AT_START, 0},
    {"tcp_congestion_ops", "tcp_sock", "app_limited", AT_START, 0},
    {"sched_ext_ops", "task_struct", "scx.slice", ANYWHERE, 0},
    {"sched_ext_ops", "task_struct", "scx.dsq_vtime", ANYWHERE, 0},
    {"sched_ext_ops", "task_struct", "scx.disallow", ANYWHERE, 0},
    {"hid_bpf_ops", "hid_bpf_ctx", "retval", ANYWHERE, 0},
    {"hid_bpf_ops", "hid_device", "name", ANYWHERE, 1},
    {"hid_bpf_ops", "hid_device", "uniq", ANYWHERE, 1},
    {"hid_bpf_ops", "hid_device", "phys", ANYWHERE, 1},
    {"Qdisc_ops", "sk_buff", "tstamp", AT_START, 0},
    {"Qdisc_ops", "sk_buff", "cb", ANYWHERE, 20, 8}, /* struct qdisc_skb_cb's data */
    {"Qdisc_ops", "Qdisc", "limit", AT_START, 0},
    {"Qdisc_ops", "Qdisc", "q.qlen", AT_START, 0},
    {"Qdisc_ops", "Qdisc", "qstats", ANYWHERE, 0},
    {"bpf_dummy_ops", "bpf_dummy_ops_state", "val", ANYWHERE, 0},
};

/* A member by name, also inside of members without one. `budget` is for hostile BTF, where structs
 * of many members without names contain each other. */
static bool member_find(struct btf_file *btf, uint32_t id, const char *name, size_t len,
                        uint32_t *budget, uint32_t *ret_off_b, struct extent *ret)
{
	struct btf_record r;

	if (!*budget || !btf_skip(btf, id, &id, &r) || !is_struct(r.kind))
		return false;
	(*budget)--;
	for (uint32_t k = 0; k < r.vlen; k++) {
		struct btf_member m = btf_member_at(&r, k);
		const char *has = string_of(btf, id, m.name_off);
		uint32_t at_b = member_bit(&r, m) / 8;

		if (!*has && member_find(btf, m.type, name, len, budget, ret_off_b, ret)) {
			*ret_off_b += at_b;
			return true;
		}
		if (strncmp(has, name, len) || has[len])
			continue;
		*ret_off_b = at_b;
		return extent_of(btf, m.type, ret);
	}
	return false;
}

static bool path_find(struct btf_file *btf, uint32_t id, const char *path, uint32_t *ret_off_b,
                      uint64_t *ret_size_b)
{
	uint32_t budget = 256;
	struct extent e;

	*ret_off_b = 0;
	for (;;) {
		size_t len = strcspn(path, ".");
		uint32_t at_b;

		if (!member_find(btf, id, path, len, &budget, &at_b, &e))
			return false;
		*ret_off_b += at_b;
		*ret_size_b = e.size_b;
		if (!path[len])
			return true;
		path += len + 1;
		id = e.id;
	}
}

/* Whose rules hold. False: this program writes to no kernel struct. */
static bool writer_of(const struct vm_program *p, const char **ret_ops)
{
	struct attach_target t;

	*ret_ops = NULL;
	switch (p->type) {
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_XDP:
		return true;
	case BPF_PROG_TYPE_STRUCT_OPS:
		if (!attach_target_find(p, &t, NULL))
			return false;
		*ret_ops = t.struct_name;
		return true;
	default:
		return false;
	}
}

static bool may_write(const struct vm_program *p, struct btf_file *btf, uint32_t id,
                      const char *type, uint32_t off_b, uint32_t size_b, struct strbuf *why)
{
	bool has_fields = false;
	const char *ops;

	if (!writer_of(p, &ops)) {
		sb_adds(why, "only read is supported");
		return false;
	}
	for (size_t k = 0; k < sizeof(writables) / sizeof(*writables); k++) {
		const struct writable *f = &writables[k];
		uint32_t at_b;
		uint64_t field_b;

		if (strcmp(f->type, type) || !f->ops != !ops || (ops && strcmp(f->ops, ops)))
			continue;
		has_fields = true;
		if (!path_find(btf, id, f->path, &at_b, &field_b) || off_b < at_b + f->skip_b ||
		    off_b + (uint64_t)size_b > at_b + field_b - f->less_b)
			continue;
		if (f->where == ANYWHERE || off_b == at_b)
			return true;
	}
	if (has_fields)
		sb_addf(why, "no write support to %s at off %u", type, off_b);
	else
		sb_adds(why, "only read is supported");
	return false;
}

/* ---- all of it ------------------------------------------------------------------------------- */

bool btf_field_access(const struct vm_program *p, struct btf_file *btf, uint32_t struct_id,
                      uint32_t ptr_flags, int32_t off_b, uint32_t size_b, bool is_write,
                      struct context_access *ret, struct strbuf *why)
{
	struct context_access a = {.kind = REG_SCALAR, .range = scalar_unknown};
	struct walk w = {.btf = btf, .off_b = (uint32_t)off_b, .size_b = size_b, .why = why};
	struct btf_record r;
	const char *type;

	if (!btf_skip(btf, struct_id, &struct_id, &r)) {
		sb_adds(why, "pointer to a type that BTF does not know");
		return false;
	}
	w.name = "";
	w.is_alloc = ptr_flags & REG_ALLOC;
	type = string_of(btf, struct_id, r.name_off);
	if (!w.is_alloc && !p->is_gpl) {
		sb_addf(why, "Cannot access kernel 'struct %s' from non-GPL compatible program",
		        type);
		return false;
	}
	if (off_b < 0) {
		sb_addf(why, "ptr_%s invalid negative access: off=%d", type, off_b);
		return false;
	}
	if (ptr_flags & (REG_USER | REG_PERCPU)) {
		sb_addf(why, "ptr_%s access %s memory: off=%d", type,
		        ptr_flags & REG_USER ? "user" : "percpu", off_b);
		return false;
	}
	if (is_write && (ptr_flags & REG_UNTRUSTED)) {
		sb_adds(why, "only read is supported");
		return false;
	}
	if (is_write && !w.is_alloc) {
		if (!may_write(p, btf, struct_id, type, (uint32_t)off_b, size_b, why))
			return false;
		*ret = a;
		return true;
	}
	switch (walk_all(&w, struct_id)) {
	case FOUND_NONE:
		return false;
	case FOUND_SCALAR:
		break;
	case FOUND_OPAQUE:
		/* Whatever is behind it, it can be read as any other that nobody vouches for. */
		a.kind = REG_MEM;
		a.flags = REG_RDONLY | REG_UNTRUSTED;
		break;
	case FOUND_POINTER:
		a.kind = REG_BTF;
		a.btf = btf_owner(btf, w.pointee);
		a.btf_id = w.pointee;
		a.flags = trust_of(p, type, &w, ptr_flags);
		break;
	}
	*ret = a;
	return true;
}
