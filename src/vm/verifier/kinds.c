/* Kinds of program: kinds.def and hooks.def, asked. Which helpers and maps a program may use, what
 * it may return, what it may be attached to. */
#include <errno.h>
#include <string.h>

#include "base/strbuf.h"
#include "bpf/helpers.h"
#include "vm/verifier/tables.h"

/* Sets of helpers: their numbers, and each as a bit. */
enum {
#define HELPERS(set, ...) SET_##set,
#define KIND(...)
#define LIMIT(...)
#define ATTACH_TYPES(...)
#define RETURNS(...)
#define MAP_HELPERS(...)
#define HELPER_MAPS(...)
#include "vm/verifier/kinds.def"
#undef HELPERS
	N_SETS
};
_Static_assert(N_SETS < 64, "a set of sets is one word");

enum {
#define HELPERS(set, ...) set = 1ull << SET_##set,
#include "vm/verifier/kinds.def"
#undef HELPERS
};

/* Helpers' numbers, 0 at the end. All fit a byte as long as the kernel adds kfuncs instead. */
#define H(name) H_##name,
#define HELPERS(set, ...) static const uint8_t helpers_##set[] = {__VA_ARGS__ 0};
#include "vm/verifier/kinds.def"
#undef HELPERS

static const uint8_t *const sets[] = {
#define HELPERS(set, ...) helpers_##set,
#include "vm/verifier/kinds.def"
#undef HELPERS
};
#define HELPERS(...)
#undef KIND

static const struct kind kinds[SKEP_PROG_TYPE_N] = {
#define KIND(number, name, shape, layout, view, packet, helpers)                                   \
	[number] = {#name, SHAPE_##shape, LAYOUT_##layout, VIEW_##view, PACKET_##packet, helpers},
#include "vm/verifier/kinds.def"
#undef KIND
};
#define KIND(...)

const struct kind *kind_find(uint32_t type)
{
	return type < SKEP_PROG_TYPE_N && kinds[type].name ? &kinds[type] : NULL;
}

uint32_t kind_attach_type(const struct vm_program *p)
{
	/* bpf_prog_load_fixup_attach_type() */
	if (!p->attach_type && p->type == BPF_PROG_TYPE_CGROUP_SOCK)
		return BPF_CGROUP_INET_SOCK_CREATE;
	if (!p->attach_type && p->type == BPF_PROG_TYPE_SK_REUSEPORT)
		return BPF_SK_REUSEPORT_SELECT;
	return p->attach_type;
}

static uint64_t set_of(uint32_t bit)
{
	return bit < 64 ? 1ull << bit : 0;
}

#define A(attach_type) (1ull << (attach_type))

/* ---- hooks ----------------------------------------------------------------------------------- */

#define OFF HOOK_OFF
#define SLEEPS HOOK_SLEEPS
#define UNTRUSTED HOOK_UNTRUSTED
#define BOOL HOOK_BOOL
#define SOCKOPT HOOK_SOCKOPT
#define D_PATH FUNCTION_D_PATH
#define NO_ATTACH FUNCTION_NO_ATTACH
#define NO_EXIT FUNCTION_NO_EXIT
struct hook {
	const char *name;
	uint32_t flags;
};
static const struct hook hooks[] = {
#define HOOK(name, flags) {#name, flags},
#define FUNCTION(...)
#include "vm/verifier/hooks.def"
#undef HOOK
#undef FUNCTION
};
static const struct hook functions[] = {
#define HOOK(...)
#define FUNCTION(name, flags) {#name, flags},
#include "vm/verifier/hooks.def"
#undef HOOK
#undef FUNCTION
};
static const char hook_prefix[] = "bpf_lsm_";

static uint32_t flags_of(const struct hook *rows, size_t n, const char *name)
{
	for (size_t k = 0; k < n; k++) {
		if (!strcmp(rows[k].name, name))
			return rows[k].flags;
	}
	return 0;
}

/* "" where it is not attached to anything that BTF knows. */
static const char *attach_name(const struct vm_program *p)
{
	struct btf_record r;

	if (!p->attach_btf || !btf_get(p->attach_btf, p->attach_btf_id, &r))
		return "";
	return btf_string(btf_owner(p->attach_btf, p->attach_btf_id), r.name_off);
}

uint32_t kind_hook_flags(const struct vm_program *p)
{
	const char *name = attach_name(p);
	size_t len = sizeof(hook_prefix) - 1;

	if (p->type != BPF_PROG_TYPE_LSM)
		return flags_of(functions, sizeof(functions) / sizeof(*functions), name);
	if (strncmp(name, hook_prefix, len))
		return HOOK_OFF;
	return flags_of(hooks, sizeof(hooks) / sizeof(*hooks), name + len);
}

/* ---- helpers --------------------------------------------------------------------------------- */

static bool is_listed(const uint8_t *ids, uint32_t helper)
{
	while (*ids && *ids != helper)
		ids++;
	return *ids != 0;
}

static uint64_t struct_ops_sets(const struct vm_program *p)
{
	const char *name = attach_name(p);

	if (!strcmp(name, "bpf_dummy_ops")) /* has no get_func_proto at all */
		return 0;
	return !strcmp(name, "tcp_congestion_ops") ? base | tcp_ca : base;
}

static bool kind_has(const struct vm_program *p, uint32_t helper)
{
	const struct kind *k = kind_find(p->type);
	uint64_t had = k ? k->helpers : 0;

	if (p->type == BPF_PROG_TYPE_STRUCT_OPS)
		had = struct_ops_sets(p);
	else if (k && !(had & lirc))
		had |= base;
	for (uint32_t set = 0; set < N_SETS; set++) {
		if ((had >> set & 1) && is_listed(sets[set], helper))
			return true;
	}
	return false;
}

static const struct {
	uint8_t helper;
	uint64_t types, attach_types;
} limits[] = {
#undef LIMIT
#define LIMIT(helper, types, attach_types) {H_##helper, types, attach_types},
#include "vm/verifier/kinds.def"
#undef LIMIT
#define LIMIT(...)
};

static bool is_within_limits(const struct vm_program *p, uint32_t helper)
{
	uint64_t attach = set_of(kind_attach_type(p)), type = set_of(p->type);

	for (size_t k = 0; k < sizeof(limits) / sizeof(*limits); k++) {
		if (limits[k].helper == helper && (limits[k].types & type) &&
		    !(limits[k].attach_types & attach))
			return false;
	}
	return true;
}

/* bpf_iter_get_func_proto() */
static bool iterates_sockets(const struct vm_program *p)
{
	const char *name = attach_name(p);

	return !strcmp(name, "bpf_iter_tcp") || !strcmp(name, "bpf_iter_unix");
}

/* The last member of tcp_congestion_ops that runs may not start anything new. */
static bool is_release_member(const struct vm_program *p)
{
	struct attach_target t;

	return attach_target_find(p, &t, NULL) && !strcmp(t.name, "release");
}

/* What depends on the function that the program is attached to. */
static bool may_call_there(const struct vm_program *p, uint32_t helper)
{
	bool is_lsm = p->type == BPF_PROG_TYPE_LSM;
	uint32_t attach = kind_attach_type(p);

	switch (helper) {
	case H_get_func_ip: /* check_get_func_ip() in kernel/bpf/verifier.c */
		return p->type == BPF_PROG_TYPE_KPROBE ||
		       (p->type == BPF_PROG_TYPE_TRACING && attach != BPF_TRACE_RAW_TP &&
		        attach != BPF_TRACE_ITER);
	case H_ima_inode_hash:
	case H_ima_file_hash:
		return kind_hook_flags(p) & HOOK_SLEEPS;
	case H_d_path:
		if (p->type == BPF_PROG_TYPE_TRACING && attach == BPF_TRACE_ITER)
			return true;
		return kind_hook_flags(p) & (is_lsm ? HOOK_SLEEPS : FUNCTION_D_PATH);
	case H_setsockopt:
	case H_getsockopt:
		if (is_lsm)
			return kind_hook_flags(p) & HOOK_SOCKOPT;
		if (p->type == BPF_PROG_TYPE_TRACING)
			return iterates_sockets(p);
		return p->type != BPF_PROG_TYPE_STRUCT_OPS || !is_release_member(p);
	case H_sk_storage_get:
	case H_sk_storage_delete:
		return p->type != BPF_PROG_TYPE_TRACING ||
		       strncmp(attach_name(p), "bpf_sk_storage", strlen("bpf_sk_storage")) != 0;
	default:
		return true;
	}
}

/* GPL-only elsewhere: these kinds have functions of their own behind the number. */
static bool is_free_there(const struct vm_program *p, uint32_t helper)
{
	switch (kind_attach_type(p)) {
	case BPF_TRACE_KPROBE_MULTI:
	case SKEP_TRACE_UPROBE_MULTI:
	case SKEP_TRACE_KPROBE_SESSION:
	case SKEP_TRACE_UPROBE_SESSION:
		return helper == H_get_func_ip && p->type == BPF_PROG_TYPE_KPROBE;
	default:
		return helper == H_get_stackid && p->type == BPF_PROG_TYPE_PERF_EVENT;
	}
}

/* The machine's own kind has no context, and nothing else is kept from it. */
static bool needs_context(const struct bpf_helper *h)
{
	for (int k = 0; k < 5; k++) {
		if (h->args[k].kind == ARG_CONTEXT)
			return true;
	}
	return false;
}

static bool is_object_kind(uint32_t type)
{
	return type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_LSM ||
	       type == BPF_PROG_TYPE_SYSCALL;
}

static bool is_skb_kind(uint32_t type)
{
	return type == BPF_PROG_TYPE_SCHED_CLS || type == BPF_PROG_TYPE_SCHED_ACT ||
	       type == BPF_PROG_TYPE_LWT_IN || type == BPF_PROG_TYPE_LWT_OUT ||
	       type == BPF_PROG_TYPE_LWT_XMIT || type == BPF_PROG_TYPE_LWT_SEG6LOCAL;
}

static enum helper_variant variant_of(uint32_t type, uint32_t helper)
{
	switch (helper) {
	case H_get_cgroup_classid:
		return is_skb_kind(type) ? VARIANT_USUAL : VARIANT_CURRENT;
	case H_get_socket_cookie:
		return is_object_kind(type) || type == BPF_PROG_TYPE_SK_REUSEPORT ? VARIANT_OBJECT
		                                                                  : VARIANT_USUAL;
	case H_xdp_get_buff_len:
		return is_object_kind(type) ? VARIANT_OBJECT : VARIANT_USUAL;
	case H_setsockopt:
	case H_getsockopt:
		return is_object_kind(type) || type == BPF_PROG_TYPE_STRUCT_OPS ||
		               type == BPF_PROG_TYPE_CGROUP_SOCKOPT
		           ? VARIANT_OBJECT
		           : VARIANT_USUAL;
	case H_sk_storage_get:
	case H_sk_storage_delete:
		if (type == BPF_PROG_TYPE_CGROUP_SOCK)
			return VARIANT_CONTEXT;
		return type == BPF_PROG_TYPE_TRACING ? VARIANT_OBJECT : VARIANT_USUAL;
	case H_sk_assign:
		return type == BPF_PROG_TYPE_SK_LOOKUP ? VARIANT_SK_LOOKUP : VARIANT_USUAL;
	default:
		return VARIANT_USUAL;
	}
}

const struct bpf_helper *kind_helper(const struct vm_program *p, uint32_t helper)
{
	enum helper_variant v = variant_of(p->type, helper);

	return bpf_helper_variant(
	    helper, p->type == BPF_PROG_TYPE_UNSPEC && v == VARIANT_OBJECT ? VARIANT_USUAL : v);
}

/* Which kinds may, for the reader of a refusal. */
static void add_kinds_that_may(uint32_t helper, struct strbuf *why)
{
	struct vm_program p = {0};
	uint32_t n = 0;

	for (p.type = 1; p.type < SKEP_PROG_TYPE_N; p.type++) {
		if (!kind_find(p.type) || !kind_has(&p, helper))
			continue;
		if (n++ < 4)
			sb_addf(why, "%s%s", n > 1 ? ", " : "; it is for ", kinds[p.type].name);
	}
	if (n > 4)
		sb_addf(why, " and %u more", n - 4);
}

bool kind_may_call(const struct vm_program *p, uint32_t helper, struct strbuf *why)
{
	const struct bpf_helper *h = kind_helper(p, helper);
	const struct kind *k = kind_find(p->type);

	if (!h) {
		sb_addf(why, "invalid func unknown#%u", helper);
		return false;
	}
	if (p->type == BPF_PROG_TYPE_UNSPEC) {
		if (!needs_context(h))
			return true;
		sb_addf(why, "bpf_%s#%u needs a context, and this program has none", h->name,
		        helper);
		return false;
	}
	if (!kind_has(p, helper) || !is_within_limits(p, helper)) {
		sb_addf(why, "program of this type cannot use helper bpf_%s#%u", h->name, helper);
		if (k && !kind_has(p, helper))
			add_kinds_that_may(helper, why);
		else if (k)
			sb_addf(why, "; %s programs may with other attach types", k->name);
		return false;
	}
	if ((h->flags & HELPER_GPL) && !p->is_gpl && !is_free_there(p, helper)) {
		sb_addf(why,
		        "cannot call GPL-restricted function bpf_%s from non-GPL compatible "
		        "program",
		        h->name);
		return false;
	}
	if (!may_call_there(p, helper)) {
		sb_addf(why, "helper call bpf_%s is not allowed in %s", h->name,
		        *attach_name(p) ? attach_name(p) : k->name);
		return false;
	}
	if ((h->flags & HELPER_SLEEPS) && !(p->flags & BPF_F_SLEEPABLE)) {
		sb_addf(why, "helper call bpf_%s might sleep in a non-sleepable prog", h->name);
		return false;
	}
	return true;
}

/* ---- maps ------------------------------------------------------------------------------------ */

/* What takes maps of this type only; NULL: whatever takes maps. */
static const uint8_t *helpers_for_map(uint32_t map_type)
{
#undef MAP_HELPERS
#define MAP_HELPERS(type, ...)                                                                     \
	case type: {                                                                               \
		static const uint8_t ids[] = {__VA_ARGS__ 0};                                      \
		return ids;                                                                        \
	}
	switch (map_type) {
#include "vm/verifier/kinds.def"
	default:
		return NULL;
	}
#undef MAP_HELPERS
#define MAP_HELPERS(...)
}

static const uint8_t *maps_for_helper(uint32_t helper)
{
#undef HELPER_MAPS
#define HELPER_MAPS(helper, ...)                                                                   \
	case H_##helper: {                                                                         \
		static const uint8_t types[] = {__VA_ARGS__ 0};                                    \
		return types;                                                                      \
	}
	switch (helper) {
#include "vm/verifier/kinds.def"
	default:
		return NULL;
	}
#undef HELPER_MAPS
#define HELPER_MAPS(...)
}

bool map_fits_helper(uint32_t map_type, uint32_t helper)
{
	const uint8_t *ids = helpers_for_map(map_type), *types = maps_for_helper(helper);

	return (!ids || is_listed(ids, helper)) && (!types || is_listed(types, map_type));
}

/* may_update_sockmap(): where nobody holds the lock of a socket. */
static bool may_update_sockmap(const struct vm_program *p, uint32_t helper)
{
	switch (p->type) {
	case BPF_PROG_TYPE_TRACING:
		return kind_attach_type(p) == BPF_TRACE_ITER;
	case BPF_PROG_TYPE_SOCK_OPS:
		return helper == H_map_delete_elem;
	case BPF_PROG_TYPE_UNSPEC:
	case BPF_PROG_TYPE_SOCKET_FILTER:
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_XDP:
	case BPF_PROG_TYPE_SK_REUSEPORT:
	case BPF_PROG_TYPE_FLOW_DISSECTOR:
	case BPF_PROG_TYPE_SK_LOOKUP:
		return true;
	default:
		return false;
	}
}

bool kind_may_pass_map(const struct vm_program *p, uint32_t map_type, uint32_t helper,
                       struct strbuf *why)
{
	bool is_sockmap = map_type == BPF_MAP_TYPE_SOCKMAP || map_type == BPF_MAP_TYPE_SOCKHASH;
	bool changes = helper == H_map_update_elem || helper == H_map_delete_elem;

	if (is_sockmap && changes && !may_update_sockmap(p, helper)) {
		sb_adds(why, "cannot update sockmap in this context");
		return false;
	}
	if (!map_fits_helper(map_type, helper)) {
		sb_addf(why, "cannot pass map_type %u into func bpf_%s#%u", map_type,
		        bpf_helper_name(helper), helper);
		return false;
	}
	return true;
}

enum { FIELD_LOCK = 1, FIELD_GRAPH = 2, FIELD_TIMER = 4, FIELD_WORK = 8 };
enum { DEEPEST = 8, MOST_FIELDS = 1 << 16 };

static uint32_t special_field(const char *name)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} rows[] = {
	    {"bpf_spin_lock", FIELD_LOCK},  {"bpf_res_spin_lock", FIELD_LOCK},
	    {"bpf_list_head", FIELD_GRAPH}, {"bpf_rb_root", FIELD_GRAPH},
	    {"bpf_timer", FIELD_TIMER},     {"bpf_wq", FIELD_WORK},
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
		if (!strcmp(rows[k].name, name))
			return rows[k].bit;
	}
	return 0;
}

/* Which special fields a map's value has, also inside of structs and arrays. `budget` is for
 * hostile BTF, where a few structs of many members each may contain each other all the way down. */
static uint32_t special_fields(struct btf_file *btf, uint32_t id, unsigned depth, uint32_t *budget)
{
	struct btf_record r;
	struct btf_array a;
	uint32_t found = 0;

	if (depth > DEEPEST || !*budget || !btf_skip(btf, id, &id, &r))
		return 0;
	(*budget)--;
	if (r.kind == BTF_KIND_ARRAY) {
		memcpy(&a, r.extra, sizeof(a));
		return special_fields(btf, a.type, depth + 1, budget);
	}
	if (r.kind != BTF_KIND_STRUCT)
		return 0;
	found = special_field(btf_string(btf_owner(btf, id), r.name_off));
	for (uint32_t k = 0; k < r.vlen; k++)
		found |= special_fields(btf, btf_member_at(&r, k).type, depth + 1, budget);
	return found;
}

static bool is_probe_kind(uint32_t type)
{
	return type == BPF_PROG_TYPE_KPROBE || type == BPF_PROG_TYPE_TRACEPOINT ||
	       type == BPF_PROG_TYPE_PERF_EVENT || type == BPF_PROG_TYPE_RAW_TRACEPOINT ||
	       type == BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE;
}

static bool is_map_for_sleepers(uint32_t map_type)
{
	switch (map_type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_RINGBUF:
	case MAP_USER_RINGBUF:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case MAP_CGRP_STORAGE:
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case MAP_ARENA:
	case MAP_INSN_ARRAY:
		return true;
	default:
		return false;
	}
}

bool kind_may_use_map(const struct vm_program *p, const struct vm_map_def *m, struct strbuf *why)
{
	uint32_t budget = MOST_FIELDS;
	uint32_t fields =
	    m->btf && m->value_type ? special_fields(m->btf, m->value_type, 0, &budget) : 0;

	if (m->type == BPF_MAP_TYPE_STRUCT_OPS) {
		sb_adds(why, "bpf_struct_ops map cannot be used in prog");
		return false;
	}
	if ((fields & FIELD_GRAPH) && is_probe_kind(p->type)) {
		sb_adds(why, "tracing progs cannot use bpf_{list_head,rb_root} yet");
		return false;
	}
	if ((fields & FIELD_LOCK) && p->type == BPF_PROG_TYPE_SOCKET_FILTER) {
		sb_adds(why, "socket filter progs cannot use bpf_spin_lock yet");
		return false;
	}
	if ((fields & FIELD_LOCK) && is_probe_kind(p->type)) {
		sb_adds(why, "tracing progs cannot use bpf_spin_lock yet");
		return false;
	}
	if ((fields & (FIELD_TIMER | FIELD_WORK)) && is_probe_kind(p->type)) {
		sb_addf(why, "tracing progs cannot use %s yet",
		        fields & FIELD_TIMER ? "bpf_timer" : "bpf_wq");
		return false;
	}
	if ((p->flags & BPF_F_SLEEPABLE) && !is_map_for_sleepers(m->type)) {
		sb_adds(why, "Sleepable programs can only use array, hash, ringbuf and local "
		             "storage maps");
		return false;
	}
	return true;
}

/* ---- results, packets, attaching ------------------------------------------------------------- */

static const struct {
	uint32_t type;
	uint64_t attach_types;
	int64_t min, max;
} returns[] = {
#undef RETURNS
#define RETURNS(type, attach_types, min, max) {BPF_PROG_TYPE_##type, attach_types, min, max},
#include "vm/verifier/kinds.def"
#undef RETURNS
#define RETURNS(...)
};

/* LSM hooks: an errno or 0, a truth value, or nothing at all. */
static bool lsm_return_range(const struct vm_program *p, int64_t *ret_min, int64_t *ret_max,
                             bool *ret_is_32)
{
	struct attach_target t;
	bool has_result = attach_target_find(p, &t, NULL) && t.proto.size_or_type;

	*ret_is_32 = false;
	if (kind_attach_type(p) == BPF_LSM_CGROUP) {
		*ret_min = has_result ? 0 : 1;
		*ret_max = 1;
		return true;
	}
	if (!has_result)
		return false;
	*ret_is_32 = true;
	*ret_min = kind_hook_flags(p) & HOOK_BOOL ? 0 : -4095; /* MAX_ERRNO */
	*ret_max = kind_hook_flags(p) & HOOK_BOOL ? 1 : 0;
	return true;
}

bool kind_return_range(const struct vm_program *p, int64_t *ret_min, int64_t *ret_max,
                       bool *ret_is_32)
{
	uint64_t attach = set_of(kind_attach_type(p));

	if (p->type == BPF_PROG_TYPE_LSM)
		return lsm_return_range(p, ret_min, ret_max, ret_is_32);
	for (size_t k = 0; k < sizeof(returns) / sizeof(*returns); k++) {
		if (returns[k].type != p->type || !(returns[k].attach_types & attach))
			continue;
		*ret_min = returns[k].min;
		*ret_max = returns[k].max;
		*ret_is_32 = false;
		return true;
	}
	return false;
}

bool kind_may_read_packet(const struct vm_program *p)
{
	const struct kind *k = kind_find(p->type);

	return k && k->packet != PACKET_NO;
}

bool kind_may_write_packet(const struct vm_program *p)
{
	const struct kind *k = kind_find(p->type);

	return k && k->packet == PACKET_WRITE;
}

bool kind_may_sleep(uint32_t type, uint32_t attach_type)
{
	switch (type) {
	case BPF_PROG_TYPE_TRACING:
		return attach_type == BPF_TRACE_FENTRY || attach_type == BPF_TRACE_FEXIT ||
		       attach_type == BPF_MODIFY_RETURN || attach_type == BPF_TRACE_ITER;
	case BPF_PROG_TYPE_LSM:
		return attach_type != BPF_LSM_CGROUP;
	case BPF_PROG_TYPE_KPROBE: /* uprobes only, which is found out on attaching */
	case BPF_PROG_TYPE_STRUCT_OPS:
	case BPF_PROG_TYPE_SYSCALL:
		return true;
	default:
		return false;
	}
}

static const struct {
	uint32_t type;
	uint64_t attach_types;
} attach_types[] = {
#undef ATTACH_TYPES
#define ATTACH_TYPES(type, attach_types) {BPF_PROG_TYPE_##type, attach_types},
#include "vm/verifier/kinds.def"
#undef ATTACH_TYPES
};

static bool has_attach_type(const struct vm_program *p)
{
	for (size_t k = 0; k < sizeof(attach_types) / sizeof(*attach_types); k++) {
		if (attach_types[k].type == p->type)
			return attach_types[k].attach_types & set_of(kind_attach_type(p));
	}
	return true;
}

/* bpf_lsm_verify_prog(), check_struct_ops_btf_id() and the lists of check_attach_btf_id() */
static int check_target(const struct vm_program *p, struct strbuf *why)
{
	uint32_t attach = kind_attach_type(p), flags = kind_hook_flags(p);
	struct attach_target t;

	if (!attach_target_find(p, &t, why))
		return -EINVAL;
	if (p->type != BPF_PROG_TYPE_TRACING && !p->is_gpl) {
		sb_adds(why, p->type == BPF_PROG_TYPE_LSM
		                 ? "LSM programs must have a GPL compatible license"
		                 : "struct ops programs must have a GPL compatible license");
		return -EINVAL;
	}
	if (flags & HOOK_OFF) {
		sb_addf(why, "attach_btf_id %u points to wrong type name %s", p->attach_btf_id,
		        t.name);
		return -EINVAL;
	}
	if (flags & FUNCTION_NO_ATTACH) {
		sb_addf(why, "%s may not be traced: the tracing itself uses it", t.name);
		return -EINVAL;
	}
	if ((flags & FUNCTION_NO_EXIT) &&
	    (attach == BPF_TRACE_FEXIT || attach == BPF_MODIFY_RETURN)) {
		sb_adds(why, "Attaching fexit/fmod_ret to __noreturn functions is rejected.");
		return -EINVAL;
	}
	if (p->type == BPF_PROG_TYPE_LSM && (p->flags & BPF_F_SLEEPABLE) &&
	    !(flags & HOOK_SLEEPS)) {
		sb_addf(why, "%s is not sleepable", t.name);
		return -EINVAL;
	}
	return 0;
}

int kind_check_attach(const struct vm_program *p, struct strbuf *why)
{
	const struct kind *k = kind_find(p->type);

	if (p->type == BPF_PROG_TYPE_UNSPEC)
		return 0;
	if (!k) {
		sb_addf(why, "no kind of program has the number %u", p->type);
		return -EINVAL;
	}
	if (!has_attach_type(p)) {
		sb_addf(why, "%s programs have no attach type %u", k->name, p->attach_type);
		return -EINVAL;
	}
	if (p->type == BPF_PROG_TYPE_SYSCALL && !(p->flags & BPF_F_SLEEPABLE)) {
		sb_adds(why, "Syscall programs can only be sleepable");
		return -EINVAL;
	}
	if ((p->flags & BPF_F_SLEEPABLE) && !kind_may_sleep(p->type, kind_attach_type(p))) {
		sb_adds(why, "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops "
		             "programs can be sleepable");
		return -EINVAL;
	}
	return k->shape == SHAPE_BTF ? check_target(p, why) : 0;
}
