/* Calls of kernel functions: arguments by the function's BTF prototype, the suffixes of its
 * parameters' names (Documentation/bpf/kfuncs.rst) and the flags it was registered with. */
#include "vm/verifier/state.h"

#include <string.h>

#include "bpf/helpers.h"
#include "types/btf.h"

enum { KIND_DECL_TAG = 17, MAX_ERRNO = 4095 };

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n >= m && !strcmp(name + n - m, suffix);
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++) {
		if (!strcmp(name, *names))
			return true;
	}
	return false;
}

static const char *param_name(const struct kfunc *k, uint32_t n)
{
	return btf_string(k->btf, k->params[n].name_off);
}

/* ---- arguments ---------------------------------------------------------------------------------
 */

static int check_scalar(struct verifier *v, struct kfunc *k, uint32_t n)
{
	struct reg *r = &cur_regs(v)[n + 1];
	const char *name = param_name(k, n);

	if (r->kind != REG_SCALAR)
		return refuse(v, WAY_ARGUMENT, "R%u is not a scalar", n + 1);
	if (!ends_in(name, "__k") && !ends_in(name, "__szk") && strcmp(name, "rdonly_buf_size") &&
	    strcmp(name, "rdwr_buf_size"))
		return 0;
	if (!scalar_is_const(&r->s))
		return refuse(v, WAY_CONST, "R%u must be a known constant", n + 1);
	mark_precise(v, n + 1);
	if (ends_in(name, "__k")) {
		k->constant = r->s.bits.value;
		k->has_constant = true;
	} else {
		k->slice_b = r->s.bits.value;
		k->has_slice = true;
	}
	return 0;
}

static bool next_is_size(const struct kfunc *k, uint32_t n)
{
	return n + 1 < k->n_params &&
	       (ends_in(param_name(k, n + 1), "__sz") || ends_in(param_name(k, n + 1), "__szk"));
}

/* Memory whose size the next argument gives. */
static int check_sized(struct verifier *v, struct kfunc *k, uint32_t n)
{
	const struct reg *size;
	bool may_be_null =
	    ends_in(param_name(k, n), "__opt") || ends_in(param_name(k, n), "__nullable");

	if (use_reg(v, n + 2))
		return -1;
	size = &cur_regs(v)[n + 2];
	if (size->kind != REG_SCALAR)
		return refuse(v, WAY_ARGUMENT, "R%u is not a scalar", n + 2);
	if (may_be_null && takes_null(v, n + 1))
		return 0;
	if (size->s.smin < 0)
		return refuse(v, WAY_SIZE,
		              "R%u min value is negative, either use unsigned or 'var &= const'",
		              n + 2);
	if (size->s.umax >= 1u << 29)
		return refuse(v, WAY_SIZE, "R%u unbounded memory access", n + 2);
	if (check_helper_memory(v, n + 1, (uint32_t)size->s.umax, false, false, true, k->name) ||
	    check_helper_memory(v, n + 1, (uint32_t)size->s.umax, true, false, true, k->name))
		return refuse(v, WAY_SIZE,
		              "arg#%u arg#%u memory, len pair leads to invalid memory "
		              "access",
		              n, n + 1);
	mark_precise(v, n + 2);
	return 0;
}

static bool is_trusted(const struct verifier *v, const struct reg *r)
{
	if (r->ref_id)
		return true;
	if (r->kind != REG_BTF)
		return r->kind == REG_SOCKET || r->kind == REG_SOCK_COMMON ||
		       r->kind == REG_TCP_SOCK;
	if (r->flags & (REG_UNTRUSTED | REG_NON_OWN))
		return false;
	(void)v;
	return r->flags & (REG_TRUSTED | REG_ALLOC);
}

/* What UAPI's view of a context stands for: functions that name the one take the other. */
static const char *behind_view(const char *name)
{
	return !strcmp(name, "__sk_buff") ? "sk_buff" : !strcmp(name, "xdp_md") ? "xdp_buff" : name;
}

static int check_object(struct verifier *v, struct kfunc *k, uint32_t n, uint32_t struct_id,
                        const char *name)
{
	struct reg *r = &cur_regs(v)[n + 1];
	bool is_sock =
	    r->kind == REG_SOCKET || r->kind == REG_SOCK_COMMON || r->kind == REG_TCP_SOCK;

	(void)struct_id;
	if (r->kind != REG_BTF && !is_sock)
		return refuse(v, WAY_ARGUMENT,
		              "arg#%u pointer type STRUCT %s must point to scalar, or struct with "
		              "scalar",
		              n, name);
	if (r->ref_id && r->kind == REG_BTF) {
		k->args.ref_id = r->ref_id;
	}
	if (k->flags & KFUNC_RELEASE && !r->ref_id)
		return refuse(v, WAY_ACQUIRED, "%s expects refcounted PTR_TO_BTF_ID in R%u",
		              k->name, n + 1);
	if ((k->flags & (KFUNC_TRUSTED_ARGS | KFUNC_RELEASE)) && !is_trusted(v, r))
		return refuse(v, WAY_ARGUMENT, "R%u must be referenced or trusted", n + 1);
	if ((k->flags & KFUNC_RCU) && !is_trusted(v, r) && !(r->flags & REG_RCU))
		return refuse(v, WAY_ARGUMENT, "R%u must be a rcu pointer", n + 1);
	if (!scalar_is_const(&r->s) || r->s.bits.value || r->off < 0)
		return refuse(v, WAY_MODIFIED, "R%u must have a fixed offset", n + 1);
	if ((k->flags & KFUNC_RELEASE) && r->off)
		return refuse(
		    v, WAY_MODIFIED,
		    "R%u must have zero offset when passed to release func or trusted arg "
		    "to kfunc",
		    n + 1);
	/* A tcp_sock begins with a sock, and that with a sock_common. */
	if (is_sock && (!strcmp(name, "sock_common") ||
	                (!strcmp(name, "sock") && r->kind != REG_SOCK_COMMON) ||
	                (!strcmp(name, "tcp_sock") && r->kind == REG_TCP_SOCK)))
		return 0;
	/* The program may have a type of its own by that name. */
	if (r->btf != k->btf) {
		return refuse(v, WAY_ARGUMENT,
		              "kernel function %s args#%u expected pointer to STRUCT %s of the "
		              "kernel, but R%u has another",
		              k->name, n, name, n + 1);
	}
	if (!object_is(r->btf, r->btf_id, r->off, name) &&
	    !object_is(r->btf, r->btf_id, r->off, behind_view(name))) {
		struct btf_record have;

		return refuse(
		    v, WAY_ARGUMENT,
		    "kernel function %s args#%u expected pointer to STRUCT %s but R%u has a "
		    "pointer to %s",
		    k->name, n, name, n + 1,
		    r->btf && btf_get(r->btf, r->btf_id, &have) ? btf_string(r->btf, have.name_off)
		                                                : "something else");
	}
	k->object = *r;
	return 0;
}

static bool is_scalar_struct(struct btf_file *b, uint32_t id, uint32_t depth)
{
	const struct btf_member *m;
	struct btf_record r, e;

	if (depth > 4 || !strip_modifiers(b, &id, &r))
		return false;
	if (r.kind == BTF_KIND_INT || r.kind == BTF_KIND_ENUM || r.kind == 19)
		return true;
	if (r.kind == BTF_KIND_ARRAY) {
		const struct btf_array *a = r.extra;

		return is_scalar_struct(b, a->type, depth + 1);
	}
	if (r.kind != BTF_KIND_STRUCT && r.kind != BTF_KIND_UNION)
		return false;
	m = r.extra;
	for (uint32_t k = 0; k < r.vlen; k++) {
		uint32_t type = m[k].type;

		if (!strip_modifiers(b, &type, &e) || !is_scalar_struct(b, type, depth + 1))
			return false;
	}
	return true;
}

static bool is_context(const struct verifier *v, const char *name)
{
	const char *own = context_struct_name(v->p->type);

	if (own && !strcmp(own, name))
		return true;
	/* Kernel functions take the kernel's own structs for a context. */
	switch (v->p->type) {
	case BPF_PROG_TYPE_XDP:
		return !strcmp(name, "xdp_md") || !strcmp(name, "xdp_buff");
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_SOCKET_FILTER:
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_SK_SKB:
	case BPF_PROG_TYPE_LWT_IN:
	case BPF_PROG_TYPE_LWT_OUT:
	case BPF_PROG_TYPE_LWT_XMIT:
		return !strcmp(name, "__sk_buff") || !strcmp(name, "sk_buff");
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
		return !strcmp(name, "bpf_sock_addr_kern");
	case BPF_PROG_TYPE_SOCK_OPS:
		return !strcmp(name, "bpf_sock_ops_kern");
	default:
		return false;
	}
}

static int check_const_text(struct verifier *v, uint32_t regno)
{
	const struct reg *r = &cur_regs(v)[regno];
	int64_t at = (int64_t)r->s.bits.value + r->off;

	if (r->kind != REG_MAP_VALUE)
		return refuse(v, WAY_STRING, "arg#%u doesn't point to a const string", regno - 1);
	if (!(r->map->flags & BPF_F_RDONLY_PROG) || !r->map->is_frozen)
		return refuse(v, WAY_STRING, "R%u does not point to a readonly map'", regno);
	if (!scalar_is_const(&r->s) || at < 0 || at >= r->map->value_size_b || !r->map->init ||
	    !memchr((const char *)r->map->init + at, 0, r->map->value_size_b - (size_t)at))
		return refuse(v, WAY_STRING, "string is not zero-terminated");
	return 0;
}

static int check_dynptr(struct verifier *v, struct kfunc *k, uint32_t n)
{
	static const char *const makers[] = {"bpf_dynptr_from_skb", "bpf_dynptr_from_xdp",
	                                     "bpf_dynptr_from_skb_meta", "bpf_dynptr_from_file",
	                                     NULL};
	bool is_new = ends_in(param_name(k, n), "__uninit") ||
	              (is_one_of(k->name, makers) && n + 1 == k->n_params);

	return process_dynptr_arg(v, n + 1, is_new ? ARG_UNINIT : 0, &k->args);
}

static int check_owned(struct verifier *v, struct kfunc *k, uint32_t n, bool is_refcounted)
{
	struct reg *r = &cur_regs(v)[n + 1];

	if (r->kind != REG_BTF || !(r->flags & REG_ALLOC) || reg_may_be_null(r))
		return refuse(v, WAY_ARGUMENT, "arg#%u expected pointer to allocated object", n);
	if (!is_refcounted && !!(r->flags & REG_PERCPU) != (strstr(k->name, "percpu") != NULL))
		return refuse(v, WAY_ARGUMENT, "arg#%u expected for %s()", n,
		              r->flags & REG_PERCPU ? "bpf_percpu_obj_drop_impl"
		                                    : "bpf_obj_drop_impl");
	if (is_refcounted) {
		if (!field_find(type_fields(v, r->btf, r->btf_id), FIELD_REFCOUNT))
			return refuse(v, WAY_FIELDS,
			              "arg#%u doesn't point to a type with bpf_refcount field", n);
		if (r->off)
			return refuse(v, WAY_MODIFIED, "arg#%u must have zero offset", n);
	} else {
		if (!r->ref_id)
			return refuse(v, WAY_ACQUIRED, "allocated object must be referenced");
		if (r->off || !scalar_is_const(&r->s) || r->s.bits.value)
			return refuse(v, WAY_MODIFIED,
			              "R%u must have zero offset when passed to release func or "
			              "trusted arg to kfunc",
			              n + 1);
		k->args.ref_id = r->ref_id;
	}
	k->object = *r;
	return 0;
}

static int check_pointer(struct verifier *v, struct kfunc *k, uint32_t n, uint32_t pointee)
{
	struct reg *r = &cur_regs(v)[n + 1];
	const char *name = param_name(k, n), *type;
	bool may_be_null = ends_in(name, "__nullable") || ends_in(name, "__opt");
	struct btf_record to;
	uint32_t id = pointee;

	if (!id || !strip_modifiers(k->btf, &id, &to))
		to = (struct btf_record){.kind = BTF_KIND_UNKN};
	type = to.kind == BTF_KIND_STRUCT || to.kind == BTF_KIND_UNION || to.kind == BTF_KIND_FWD
	           ? btf_string(k->btf, to.name_off)
	           : "";
	if (may_be_null && takes_null(v, n + 1))
		return 0;
	if (reg_may_be_null(r) && !may_be_null)
		return refuse(v, WAY_NULL, "Possibly NULL pointer passed to trusted arg%u", n);
	if (!strcmp(k->name, "bpf_cast_to_kern_ctx") && r->kind != REG_CTX)
		return refuse(v, WAY_ARGUMENT, "arg#%u expected pointer to ctx, but got %s", n,
		              reg_kind_name(r));
	if ((is_context(v, type) || !strcmp(k->name, "bpf_cast_to_kern_ctx")) && r->kind == REG_CTX)
		return check_pointer_const_off(v, r, n + 1, false);
	if (ends_in(name, "__alloc"))
		return check_owned(v, k, n, false);
	if (ends_in(name, "__refcounted_kptr"))
		return check_owned(v, k, n, true);
	if (ends_in(name, "__str"))
		return check_const_text(v, n + 1);
	if (ends_in(name, "__irq_flag"))
		return process_irq_arg(v, n + 1, k);
	if (ends_in(name, "__map") || !strcmp(type, "bpf_map")) {
		if (r->kind != REG_MAP)
			return refuse(v, WAY_ARGUMENT, "pointer in R%u isn't map pointer", n + 1);
		if (k->args.map && (k->args.map != r->map || k->args.map_uid != r->map_uid) &&
		    (field_find(map_fields(v, r->map), FIELD_WORKQUEUE) ||
		     field_find(map_fields(v, r->map), FIELD_TASK_WORK)))
			return refuse(v, WAY_ARGUMENT,
			              "workqueue pointer in R1 map_uid=%u doesn't match map "
			              "pointer in R%u map_uid=%u",
			              k->args.map_uid, n + 1, r->map_uid);
		k->args.map = r->map;
		k->args.map_uid = r->map_uid;
		return 0;
	}
	if (to.kind == BTF_KIND_FUNC_PROTO) {
		if (r->kind != REG_FUNC)
			return refuse(v, WAY_ARGUMENT, "arg%u expected pointer to func", n);
		k->args.func = r->func;
		return 0;
	}
	if (n == 0 && (k->flags & (KFUNC_ITER_NEW | KFUNC_ITER_NEXT | KFUNC_ITER_DESTROY)))
		return process_iter_arg(v, n + 1, k, id);
	if (!strcmp(type, "bpf_dynptr") || !strcmp(type, "bpf_dynptr_kern"))
		return check_dynptr(v, k, n);
	if (!strcmp(type, "bpf_list_head"))
		return process_collection_arg(v, n + 1, k, false);
	if (!strcmp(type, "bpf_rb_root"))
		return process_collection_arg(v, n + 1, k, true);
	if (!strcmp(type, "bpf_list_node"))
		return process_node_arg(v, n + 1, k, false);
	if (!strcmp(type, "bpf_rb_node"))
		return process_node_arg(v, n + 1, k, true);
	if (!strcmp(type, "bpf_wq") || !strcmp(type, "bpf_timer") ||
	    !strcmp(type, "bpf_task_work")) {
		if (r->kind != REG_MAP_VALUE)
			return refuse(v, WAY_ARGUMENT, "arg#%u doesn't point to a map value", n);
		return process_map_field(v, n + 1,
		                         !strcmp(type, "bpf_wq")      ? FIELD_WORKQUEUE
		                         : !strcmp(type, "bpf_timer") ? FIELD_TIMER
		                                                      : FIELD_TASK_WORK,
		                         &k->args);
	}
	if (!strcmp(type, "bpf_res_spin_lock")) {
		if (r->kind != REG_MAP_VALUE && !(r->kind == REG_BTF && (r->flags & REG_ALLOC)))
			return refuse(v, WAY_ARGUMENT,
			              "arg#%u doesn't point to map value or allocated object", n);
		return process_spin_lock(v, n + 1,
		                         strstr(k->name, "_irq") ? REF_RES_LOCK_IRQ : REF_RES_LOCK,
		                         !strstr(k->name, "unlock"));
	}
	if (r->kind == REG_BTF || r->kind == REG_SOCKET || r->kind == REG_SOCK_COMMON ||
	    r->kind == REG_TCP_SOCK) {
		if (to.kind == BTF_KIND_STRUCT || to.kind == BTF_KIND_UNION ||
		    to.kind == BTF_KIND_FWD)
			return check_object(v, k, n, id, type);
		if (to.kind == BTF_KIND_UNKN && r->kind == REG_BTF)
			return 0; /* void *: any object */
	}
	if (k->flags & KFUNC_TRUSTED_ARGS && reg_is_null(r))
		return refuse(v, WAY_NULL, "Possibly NULL pointer passed to trusted arg%u", n);
	if (next_is_size(k, n))
		return check_sized(v, k, n);
	if (to.kind == BTF_KIND_STRUCT && !is_scalar_struct(k->btf, id, 0))
		return refuse(v, reg_is_null(r) ? WAY_NULL : WAY_ARGUMENT,
		              "arg#%u pointer type STRUCT %s must point to scalar, or struct with "
		              "scalar",
		              n, type);
	if (to.kind == BTF_KIND_UNKN || to.kind == BTF_KIND_FWD)
		return refuse(v, WAY_ARGUMENT, "arg#%u: R%u type=%s is not what %s expects", n,
		              n + 1, reg_kind_name(r), k->name);
	uint32_t size_b = to.kind == BTF_KIND_PTR ? 8 : to.size_or_type;

	if (check_helper_memory(v, n + 1, size_b, false, false, true, k->name) ||
	    check_helper_memory(v, n + 1, size_b, true, false, true, k->name))
		return -1;
	return 0;
}

static int check_args(struct verifier *v, struct kfunc *k)
{
	for (uint32_t n = 0; n < k->n_params && n < 5; n++) {
		struct btf_record r;
		uint32_t type = k->params[n].type;

		if (ends_in(param_name(k, n), "__ign") || ends_in(param_name(k, n), "__prog") ||
		    ends_in(param_name(k, n), "__aux"))
			continue;
		if (use_reg(v, n + 1))
			return -1;
		if (!strip_modifiers(k->btf, &type, &r))
			return refuse(v, WAY_KFUNC, "arg#%u of %s has an invalid type", n, k->name);
		if (r.kind == BTF_KIND_PTR ? check_pointer(v, k, n, r.size_or_type)
		                           : check_scalar(v, k, n))
			return -1;
	}
	return 0;
}

/* ---- sections ----------------------------------------------------------------------------------
 */

/* Iterators that were begun in the RCU section which ends here are of no use any more. */
static void void_rcu_iterators(struct state *st)
{
	for (uint32_t f = 0; f <= st->frame; f++) {
		for (uint32_t n = 0; n < st->frames[f]->n_slots; n++) {
			struct slot *s = &st->frames[f]->slots[n];

			if (s->type[0] == SLOT_ITER && s->is_rdonly)
				s->iter = ITER_INVALID;
		}
	}
}

/* 1: it was one of them. */
static int check_section(struct verifier *v, const struct kfunc *k)
{
	struct state *st = v->cur;

	if (!strcmp(k->name, "bpf_rcu_read_lock")) {
		if (st->rcu) /* may be nested since v7.0 */
			return refuse(v, WAY_UNLOCK,
			              "nested rcu read lock (kernel function bpf_rcu_read_lock)");
		st->rcu++;
	} else if (!strcmp(k->name, "bpf_rcu_read_unlock")) {
		if (!st->rcu)
			return refuse(v, WAY_UNLOCK,
			              "unmatched rcu read unlock (kernel function "
			              "bpf_rcu_read_unlock)");
		if (!--st->rcu) {
			each_reg(st, r, {
				if (r->flags & REG_RCU) {
					r->flags &= ~(uint32_t)(REG_RCU | REG_MAYBE_NULL);
					r->flags |= REG_UNTRUSTED;
				}
			});
			void_rcu_iterators(st);
		}
	} else if (!strcmp(k->name, "bpf_preempt_disable")) {
		st->preempt++;
	} else if (!strcmp(k->name, "bpf_preempt_enable")) {
		if (!st->preempt)
			return refuse(v, WAY_UNLOCK,
			              "unmatched attempt to enable preemption (kernel "
			              "function bpf_preempt_enable)");
		st->preempt--;
	} else {
		return 0;
	}
	return 1;
}

/* ---- results -----------------------------------------------------------------------------------
 */

static int result_allocated(struct verifier *v, struct kfunc *k, bool is_percpu)
{
	struct reg *r0 = &cur_regs(v)[BPF_REG_0];
	struct btf_record r;
	uint32_t id = (uint32_t)k->constant;

	if (!k->has_constant || !v->p->btf || !btf_get(v->p->btf, id, &r) ||
	    r.kind != BTF_KIND_STRUCT)
		return refuse(v, WAY_KFUNC,
		              "bpf_obj_new/bpf_percpu_obj_new type ID argument must be "
		              "of a struct");
	if (type_fields(v, v->p->btf, id)->problem)
		return refuse(v, WAY_FIELDS, "%s", type_fields(v, v->p->btf, id)->problem);
	reg_pointer(r0, REG_BTF, REG_ALLOC | REG_MAYBE_NULL | (is_percpu ? REG_PERCPU : 0));
	r0->btf = v->p->btf;
	r0->btf_id = id;
	return 1;
}

/* Functions whose result depends on the call. 1: done. */
static int special_result(struct verifier *v, struct kfunc *k)
{
	struct reg *r0 = &cur_regs(v)[BPF_REG_0];
	struct btf_record r;

	if (!strcmp(k->name, "bpf_obj_new_impl") || !strcmp(k->name, "bpf_obj_new"))
		return result_allocated(v, k, false);
	if (!strcmp(k->name, "bpf_percpu_obj_new_impl") || !strcmp(k->name, "bpf_percpu_obj_new"))
		return result_allocated(v, k, true);
	if (!strncmp(k->name, "bpf_refcount_acquire", 20)) {
		reg_pointer(r0, REG_BTF, REG_ALLOC | (k->object.ref_id ? 0 : REG_MAYBE_NULL));
		r0->btf = k->object.btf;
		r0->btf_id = k->object.btf_id;
		return 1;
	}
	if (k->collection && (k->flags & KFUNC_RET_NULL)) {
		bool is_owned = k->flags & KFUNC_ACQUIRE;

		reg_pointer(r0, REG_BTF, REG_ALLOC | REG_MAYBE_NULL | (is_owned ? 0 : REG_NON_OWN));
		r0->btf = k->collection->btf;
		r0->btf_id = k->collection->btf_id;
		r0->off = (int32_t)k->collection->node_off_b;
		return 1;
	}
	if (!strcmp(k->name, "bpf_rdonly_cast")) {
		reg_pointer(r0, REG_BTF, REG_UNTRUSTED);
		r0->btf = k->btf;
		r0->btf_id = (uint32_t)k->constant;
		if (!k->constant) {
			reg_pointer(r0, REG_MEM, REG_RDONLY | REG_UNTRUSTED);
			return 1;
		}
		if (!k->has_constant || !btf_get(k->btf, r0->btf_id, &r) ||
		    r.kind != BTF_KIND_STRUCT)
			return refuse(
			    v, WAY_KFUNC,
			    "kfunc bpf_rdonly_cast type ID argument must be of a struct or "
			    "void");
		return 1;
	}
	if (!strcmp(k->name, "bpf_cast_to_kern_ctx")) {
		static const struct {
			uint32_t type;
			const char *name;
		} rows[] = {{BPF_PROG_TYPE_XDP, "xdp_buff"},
		            {BPF_PROG_TYPE_SCHED_CLS, "sk_buff"},
		            {BPF_PROG_TYPE_SCHED_ACT, "sk_buff"},
		            {BPF_PROG_TYPE_SOCKET_FILTER, "sk_buff"},
		            {BPF_PROG_TYPE_CGROUP_SKB, "sk_buff"},
		            {BPF_PROG_TYPE_SK_SKB, "sk_buff"},
		            {BPF_PROG_TYPE_PERF_EVENT, "bpf_perf_event_data_kern"},
		            {BPF_PROG_TYPE_SOCK_OPS, "bpf_sock_ops_kern"},
		            {BPF_PROG_TYPE_CGROUP_SOCK_ADDR, "bpf_sock_addr_kern"}};

		for (size_t n = 0; n < sizeof(rows) / sizeof(*rows); n++) {
			if (rows[n].type != v->p->type)
				continue;
			reg_pointer(r0, REG_BTF, REG_TRUSTED);
			r0->btf = k->btf;
			r0->btf_id =
			    btf_find(k->btf, rows[n].name, BTF_KIND_MASK(BTF_KIND_STRUCT), 0);
			return 1;
		}
		return refuse(v, WAY_KFUNC, "this kind of program has no kernel context");
	}
	if (!strcmp(k->name, "bpf_dynptr_slice") || !strcmp(k->name, "bpf_dynptr_slice_rdwr")) {
		bool is_rdwr = ends_in(k->name, "rdwr");
		bool is_packet =
		    k->args.dynptr_type == DYNPTR_SKB || k->args.dynptr_type == DYNPTR_XDP;

		if (!k->has_slice)
			return refuse(v, WAY_CONST, "mem_size not set for %s", k->name);
		if (is_rdwr &&
		    (k->args.dynptr_is_rdonly || (is_packet && !kind_may_write_packet(v->p))))
			return refuse(v, WAY_RDONLY,
			              "the prog does not allow writes to packet data");
		reg_pointer(r0, REG_MEM,
		            REG_MAYBE_NULL | (is_rdwr ? 0 : REG_RDONLY) |
		                (is_packet ? REG_DYNPTR_SLICE : 0));
		r0->mem_b = (uint32_t)k->slice_b;
		r0->dynptr_id = k->args.dynptr_id;
		r0->ref_id = 0;
		return 1;
	}
	return 0;
}

static int set_result(struct verifier *v, struct kfunc *k)
{
	struct reg *r0 = &cur_regs(v)[BPF_REG_0];
	struct btf_record r, to;
	uint32_t id = k->result, pointee;
	int done = special_result(v, k);

	if (done < 0)
		return -1;
	if (!done) {
		if (!id) {
			reg_forget(r0);
			return 0;
		}
		if (!strip_modifiers(k->btf, &id, &r))
			return refuse(v, WAY_KFUNC, "%s returns an invalid type", k->name);
		if (r.kind != BTF_KIND_PTR) {
			reg_unknown(r0);
			if (r.size_or_type < 8) /* the ABI promises no more than the type's bytes */
				r0->s = scalar_unknown;
			return 0;
		}
		pointee = r.size_or_type;
		if (!strip_modifiers(k->btf, &pointee, &to) &&
		    !k->has_slice) { /* void *: a number */
			reg_unknown(r0);
			return 0;
		}
		if (pointee && (to.kind == BTF_KIND_STRUCT || to.kind == BTF_KIND_UNION)) {
			uint32_t flags = REG_TRUSTED;

			if (k->flags & KFUNC_ITER_NEXT) {
				bool is_rcu =
				    v->cur->frames[k->iter_frame]->slots[k->iter_slot].is_rdonly;

				flags = is_rcu ? REG_RCU : REG_TRUSTED;
			} else if (k->flags & KFUNC_RCU_PROTECTED) {
				flags = REG_RCU;
			} else if (!(k->flags & KFUNC_ACQUIRE)) {
				flags = 0;
			}
			reg_pointer(r0, REG_BTF, flags);
			r0->btf = k->btf;
			r0->btf_id = pointee;
		} else {
			uint32_t size_b = k->has_slice ? (uint32_t)k->slice_b
			                  : pointee
			                      ? (to.kind == BTF_KIND_PTR ? 8 : to.size_or_type)
			                      : 0;

			if (!size_b)
				return refuse(
				    v, WAY_KFUNC,
				    "kernel function %s returns a pointer of unknown size",
				    k->name);
			reg_pointer(r0, REG_MEM, 0);
			r0->mem_b = size_b;
			if (!k->has_slice ||
			    strcmp(param_name(k, k->n_params - 1), "rdwr_buf_size"))
				r0->flags |= REG_RDONLY;
			if (k->args.ref_id)
				r0->ref_id = k->args.ref_id;
		}
		if (k->flags & KFUNC_RET_NULL)
			r0->flags |= REG_MAYBE_NULL;
	}
	if (k->flags & KFUNC_ACQUIRE)
		r0->id = r0->ref_id = ref_acquire(v);
	else if ((reg_may_be_null(r0) || (r0->flags & REG_ALLOC)) && !r0->id)
		r0->id = ++v->ids;
	return 0;
}

/* ---- the call ----------------------------------------------------------------------------------
 */

static int describe(struct verifier *v, const struct bpf_insn *i, struct kfunc *k)
{
	own_strbuf struct strbuf why = {0};
	struct btf_record f, proto;

	k->btf = v->p->kernel_btf;
	k->btf_id = (uint32_t)i->imm;
	k->args.func = NO_FUNC;
	if (!i->imm)
		return refuse(v, WAY_KFUNC,
		              "invalid kernel function call not eliminated in verifier "
		              "pass: the kernel has no such function");
	if (!k->btf)
		return refuse(v, WAY_KFUNC,
		              "calling kernel function is not supported without the "
		              "kernel's types");
	if (i->off)
		return refuse(v, WAY_KFUNC, "kernel functions of modules are not followed");
	if (!btf_get(k->btf, k->btf_id, &f) || f.kind != BTF_KIND_FUNC ||
	    !btf_get(k->btf, f.size_or_type, &proto) || proto.kind != BTF_KIND_FUNC_PROTO)
		return refuse(v, WAY_KFUNC, "kernel btf_id %u is not a function", k->btf_id);
	k->name = btf_string(k->btf, f.name_off);
	k->params = proto.extra;
	k->n_params = proto.vlen;
	k->result = proto.size_or_type;
	if (!v->p->is_gpl)
		return refuse(v, WAY_GPL,
		              "cannot call kernel function from non-GPL compatible program");
	if (!kfunc_find(v->p, k->name, &k->flags, &why))
		return refuse(v, WAY_KFUNC, "%s",
		              why.n ? sb_str(&why) : "calling this kernel function is not allowed");
	return 0;
}

static int check_place(struct verifier *v, const struct kfunc *k)
{
	static const char *const under_lock[] = {"bpf_list_push_front_impl",
	                                         "bpf_list_push_back_impl",
	                                         "bpf_list_pop_front",
	                                         "bpf_list_pop_back",
	                                         "bpf_list_front",
	                                         "bpf_list_back",
	                                         "bpf_rbtree_add_impl",
	                                         "bpf_rbtree_remove",
	                                         "bpf_rbtree_first",
	                                         "bpf_rbtree_root",
	                                         "bpf_rbtree_left",
	                                         "bpf_rbtree_right",
	                                         "bpf_refcount_acquire_impl",
	                                         "bpf_iter_num_new",
	                                         "bpf_iter_num_next",
	                                         "bpf_iter_num_destroy",
	                                         "bpf_res_spin_lock",
	                                         "bpf_res_spin_unlock",
	                                         "bpf_res_spin_lock_irqsave",
	                                         "bpf_res_spin_unlock_irqrestore",
	                                         NULL};

	if (is_in_lock(v) && !is_one_of(k->name, under_lock))
		return refuse(v, WAY_UNLOCK, "function calls are not allowed while holding a lock");
	if ((k->flags & KFUNC_RCU_PROTECTED) && !in_rcu(v))
		return refuse(v, WAY_UNLOCK, "expected an RCU CS when using %s", k->name);
	if ((k->flags & KFUNC_SLEEPABLE) && !in_sleepable(v))
		return refuse(v, WAY_SLEEP, "program must be sleepable to call sleepable kfunc %s",
		              k->name);
	if ((k->flags & KFUNC_SLEEPABLE) && (v->cur->rcu || v->cur->preempt || v->cur->irq_id))
		return refuse(v, WAY_UNLOCK, "kernel func %s is sleepable within %s region",
		              k->name, v->cur->rcu ? "rcu_read_lock" : "non-preemptible");
	return 0;
}

static bool makes_dynptr(const struct kfunc *k)
{
	return k->args.dynptr_regno != 0;
}

static int make_dynptr_of(struct verifier *v, const struct kfunc *k, const struct reg *at)
{
	enum dynptr_type type = DYNPTR_LOCAL;
	struct reg saved = cur_regs(v)[BPF_REG_1];
	uint32_t ref_id = 0;
	bool is_rdonly = false;
	int err;

	if (!strcmp(k->name, "bpf_dynptr_clone")) {
		type = (enum dynptr_type)k->args.dynptr_type;
		ref_id = k->args.dynptr_ref;
		is_rdonly = k->args.dynptr_is_rdonly;
	} else if (strstr(k->name, "_from_xdp")) {
		type = DYNPTR_XDP;
		is_rdonly = !kind_may_write_packet(v->p);
	} else if (strstr(k->name, "_from_skb_meta")) {
		type = DYNPTR_SKB_META;
	} else if (strstr(k->name, "_from_skb")) {
		type = DYNPTR_SKB;
		is_rdonly = !kind_may_write_packet(v->p);
	} else if (strstr(k->name, "_from_file")) {
		type = DYNPTR_FILE;
		ref_id = ref_acquire(v);
	}
	cur_regs(v)[BPF_REG_1] = *at;
	err = dynptr_create(v, BPF_REG_1, type, ref_id, is_rdonly);
	cur_regs(v)[BPF_REG_1] = saved;
	return err;
}

static int call_back(struct verifier *v, struct kfunc *k)
{
	struct reg args[5];

	if (k->args.func == NO_FUNC)
		return 0;
	for (uint32_t n = 0; n < 5; n++)
		reg_forget(&args[n]);
	if (strstr(k->name, "rbtree_add") && k->collection) {
		/* less(a, b): two borrowed nodes. */
		for (uint32_t n = 0; n < 2; n++) {
			reg_pointer(&args[n], REG_BTF, REG_ALLOC | REG_NON_OWN);
			args[n].btf = k->collection->btf;
			args[n].btf_id = k->collection->btf_id;
			args[n].off = (int32_t)k->collection->node_off_b;
			args[n].id = ++v->ids;
		}
		return begin_callback(v, 0, k->args.func, args);
	}
	if (k->args.map) { /* a work queue's or task work's: later, with map, key and value */
		reg_pointer(&args[0], REG_MAP, 0);
		reg_pointer(&args[1], REG_MAP_KEY, 0);
		reg_pointer(&args[2], REG_MAP_VALUE, 0);
		args[0].map = args[1].map = args[2].map = k->args.map;
		args[2].id = ++v->ids;
		if (begin_callback(v, BPF_FUNC_timer_set_callback, k->args.func, args))
			return -1;
		v->pending->state->is_sleepable = true; /* unlike timers' */
		return 0;
	}
	return refuse(v, WAY_KFUNC, "the callback of %s is not followed", k->name);
}

/* A lock that may fail: on another path it was not taken. */
static int fail_to_lock(struct verifier *v)
{
	struct state *failed = push_path(v, v->pc + 1, v->pc);
	struct reg *regs;

	if (!failed)
		return -1;
	regs = failed->frames[failed->frame]->regs;
	for (uint32_t n = BPF_REG_0; n <= BPF_REG_5; n++)
		reg_forget(&regs[n]);
	reg_unknown(&regs[BPF_REG_0]);
	regs[BPF_REG_0].s = scalar_srange(-MAX_ERRNO, -1);
	return 0;
}

/* Has the program a function of its own that is called when something is thrown? */
static bool has_catcher(const struct verifier *v)
{
	struct btf_file *b = v->p->btf;
	uint32_t end = b ? btf_end(b) : 0;
	struct btf_record r;

	for (uint32_t id = b ? btf_first(b) : 0; id < end; id++) {
		if (btf_get(b, id, &r) && r.kind == KIND_DECL_TAG &&
		    r.size_or_type == v->funcs.items[0].btf_id &&
		    !strncmp(btf_string(b, r.name_off), "exception_callback:", 19))
			return true;
	}
	return false;
}

/* The program ends here, in whatever function it is, and returns what is thrown. 1: it may. */
static int check_throw(struct verifier *v, struct kfunc *k)
{
	for (uint32_t f = 0; f <= v->cur->frame; f++) {
		if (v->cur->frames[f]->is_callback)
			return refuse(v, WAY_KFUNC,
			              "bpf_throw kfunc (insn %u) cannot be called from callback "
			              "subprog %u",
			              v->pc, v->cur->frames[f]->func);
	}
	if (has_catcher(v))
		return refuse(v, WAY_KFUNC,
		              "exceptions with a callback of the program's own are not followed");
	if (check_args(v, k) || check_return(v, BPF_REG_1) || refs_check_exit(v, "bpf_throw"))
		return -1;
	return 1;
}

int check_kfunc_call(struct verifier *v, const struct bpf_insn *i)
{
	struct kfunc k = {0};
	struct reg dynptr_at;
	bool is_lock;
	int section;

	if (describe(v, i, &k) || check_place(v, &k))
		return -1;
	is_lock = !strncmp(k.name, "bpf_res_spin_lock", 17);
	if (is_lock && fail_to_lock(v))
		return -1;
	if (!strcmp(k.name, "bpf_throw"))
		return check_throw(v, &k);
	section = check_section(v, &k);
	if (section < 0)
		return -1;
	if (!section && check_args(v, &k))
		return -1;
	dynptr_at = k.args.dynptr_reg;
	if (call_back(v, &k))
		return -1;
	if (k.given_id)
		lend_given(v, k.given_id);
	else if ((k.flags & KFUNC_RELEASE) && (!k.args.ref_id || ref_release(v, k.args.ref_id)))
		return refuse(v, WAY_ACQUIRED, "kfunc %s reference has not been acquired before",
		              k.name);
	clear_caller_saved(v);
	if (makes_dynptr(&k) && make_dynptr_of(v, &k, &dynptr_at))
		return -1;
	if (set_result(v, &k))
		return -1;
	if (is_lock)
		reg_set(&cur_regs(v)[BPF_REG_0], 0);
	return k.flags & KFUNC_ITER_NEXT ? iter_went_on(v, &k) : 0;
}
