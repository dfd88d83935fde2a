/* Global functions: verified once, for all arguments that their BTF prototype allows; callers only
 * have to pass such arguments. */
#include "vm/verifier/state.h"

#include <string.h>

#include "base/arena.h"
#include "types/btf.h"

enum { KIND_DECL_TAG = 17 };

enum arg_kind { ARG_IS_SCALAR, ARG_IS_CTX, ARG_IS_MEM, ARG_IS_DYNPTR, ARG_IS_OBJECT, ARG_IS_ARENA };

struct prototype_arg {
	enum arg_kind kind;
	uint32_t mem_b;
	bool is_nonnull, is_trusted;
	uint32_t btf_id; /* OBJECT: in the kernel's BTF */
	const char *name;
};

/* Is there a declaration tag "arg:TEXT" on this parameter? */
static bool has_tag(struct btf_file *b, uint32_t func, uint32_t arg, const char *text)
{
	uint32_t end = btf_end(b);
	struct btf_record r;

	for (uint32_t id = btf_first(b); id < end; id++) {
		const struct btf_decl_tag *tag;

		if (!btf_get(b, id, &r) || r.kind != KIND_DECL_TAG || r.size_or_type != func)
			continue;
		tag = r.extra;
		if (tag->component_idx == (int)arg && !strcmp(btf_string(b, r.name_off), text))
			return true;
	}
	return false;
}

static uint32_t type_size(struct btf_file *b, uint32_t id)
{
	const struct btf_array *a;
	struct btf_record r;
	uint32_t n;

	if (!strip_modifiers(b, &id, &r))
		return 0;
	switch (r.kind) {
	case BTF_KIND_INT:
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_ENUM:
	case 19: /* ENUM64 */
	case 16: /* FLOAT */
		return r.size_or_type;
	case BTF_KIND_PTR:
		return 8;
	case BTF_KIND_ARRAY:
		a = r.extra;
		n = a->nelems;
		return n * type_size(b, a->type);
	default:
		return 0;
	}
}

/* Names that stand for the context of this kind of program. */
static bool names_context(const struct verifier *v, const char *name)
{
	const char *own = context_struct_name(v->p->type);

	if (own && !strcmp(name, own))
		return true;
	switch (v->p->type) {
	case BPF_PROG_TYPE_KPROBE:
		return !strcmp(name, "bpf_user_pt_regs_t") || !strcmp(name, "pt_regs");
	case BPF_PROG_TYPE_PERF_EVENT:
		return !strcmp(name, "bpf_perf_event_data") || !strcmp(name, "pt_regs");
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
		return !strcmp(name, "bpf_raw_tracepoint_args");
	default:
		return false;
	}
}

static bool points_to_context(struct verifier *v, struct btf_file *b, uint32_t pointee)
{
	struct btf_record r;

	for (uint32_t depth = 0; depth < 16 && btf_get(b, pointee, &r); depth++) {
		if (names_context(v, btf_string(b, r.name_off)))
			return true;
		if (r.kind != BTF_KIND_TYPEDEF && r.kind != BTF_KIND_CONST &&
		    r.kind != BTF_KIND_VOLATILE)
			return false;
		pointee = r.size_or_type;
	}
	return false;
}

static int describe_arg(struct verifier *v, uint32_t func_id, uint32_t n, uint32_t type,
                        struct prototype_arg *ret)
{
	struct btf_file *b = v->p->btf, *k = v->p->kernel_btf;
	struct btf_record r, to;
	uint32_t id = type, pointee;

	*ret = (struct prototype_arg){.kind = ARG_IS_SCALAR};
	if (!strip_modifiers(b, &id, &r))
		return refuse(v, WAY_NONE, "arg#%u has an invalid type", n);
	if (r.kind == BTF_KIND_INT || r.kind == BTF_KIND_ENUM || r.kind == 19)
		return 0;
	if (r.kind != BTF_KIND_PTR)
		return refuse(v, WAY_NONE, "Arg#%u type is not supported in %s() yet.", n,
		              v->funcs.items[v->global == NO_FUNC ? 0 : v->global].name);
	pointee = r.size_or_type;
	ret->is_nonnull = has_tag(b, func_id, n, "arg:nonnull");
	if (has_tag(b, func_id, n, "arg:ctx") || points_to_context(v, b, pointee)) {
		ret->kind = ARG_IS_CTX;
		return 0;
	}
	if (has_tag(b, func_id, n, "arg:arena")) {
		ret->kind = ARG_IS_ARENA;
		return 0;
	}
	if (!strip_modifiers(b, &pointee, &to))
		return refuse(v, WAY_NONE, "arg#%u points to an invalid type", n);
	if (to.kind == BTF_KIND_STRUCT && !strcmp(btf_string(b, to.name_off), "bpf_dynptr")) {
		ret->kind = ARG_IS_DYNPTR;
		return 0;
	}
	if (has_tag(b, func_id, n, "arg:trusted") || has_tag(b, func_id, n, "arg:untrusted")) {
		/* A flavour of the kernel's type is meant as that type. */
		const char *full = btf_string(b, to.name_off), *flavour = strstr(full, "___");
		const char *name =
		    flavour ? arena_strndup(v->a, full, (size_t)(flavour - full)) : full;

		ret->kind = ARG_IS_OBJECT;
		ret->is_trusted = has_tag(b, func_id, n, "arg:trusted");
		ret->is_nonnull |= !has_tag(b, func_id, n, "arg:nullable");
		ret->name = name;
		ret->btf_id = k ? btf_find(k, name, BTF_KIND_MASK(BTF_KIND_STRUCT), 0) : 0;
		if (!ret->btf_id)
			return refuse(v, WAY_NONE, "arg#%u: the kernel has no struct %s", n, name);
		return 0;
	}
	ret->kind = ARG_IS_MEM;
	ret->mem_b = type_size(b, pointee);
	if (!ret->mem_b)
		return refuse(v, WAY_NONE, "arg#%u reference type('%s') size cannot be determined",
		              n, btf_string(b, to.name_off));
	return 0;
}

/* Caller's registers hold what is asked for. */
static int check_passed(struct verifier *v, uint32_t n, const struct prototype_arg *arg)
{
	struct reg *r = &cur_regs(v)[n + 1];

	if (use_reg(v, n + 1))
		return -1;
	switch (arg->kind) {
	case ARG_IS_SCALAR:
		if (r->kind != REG_SCALAR)
			return refuse(v, WAY_ARGUMENT, "R%u is not a scalar", n + 1);
		return 0;
	case ARG_IS_CTX:
		if (r->kind != REG_CTX)
			return refuse(v, WAY_ARGUMENT, "arg#%u expects pointer to ctx", n);
		return check_pointer_const_off(v, r, n + 1, false);
	case ARG_IS_ARENA:
		if (r->kind != REG_ARENA && r->kind != REG_SCALAR)
			return refuse(v, WAY_ARGUMENT, "R%u is not a pointer to arena or scalar.",
			              n + 1);
		return 0;
	case ARG_IS_MEM:
		if (!arg->is_nonnull && takes_null(v, n + 1))
			return 0;
		if (arg->is_nonnull && (reg_may_be_null(r) || !reg_is_pointer(r)))
			return refuse(v, WAY_NULL, "arg#%u is expected to be non-NULL", n);
		/* What may be null here may be null there: it checks. */
		uint32_t flags = r->flags;
		struct reg before = *r;
		int err;

		r->flags &= ~(uint32_t)REG_MAYBE_NULL;
		err = check_helper_memory(v, n + 1, arg->mem_b, false, false, true, "argument") ||
		      check_helper_memory(v, n + 1, arg->mem_b, true, false, true, "argument");
		*r = before;
		r->flags = flags;
		return err ? -1 : 0;
	case ARG_IS_DYNPTR: {
		struct call_args c = {.func = NO_FUNC};

		return process_dynptr_arg(v, n + 1, 0, &c);
	}
	case ARG_IS_OBJECT:
		/* Untrusted ones are read by probing only: whatever is passed is fine. */
		if (!arg->is_trusted || (!arg->is_nonnull && takes_null(v, n + 1)))
			return 0;
		if (r->kind != REG_BTF || r->btf != v->p->kernel_btf ||
		    !object_is(r->btf, r->btf_id, r->off, arg->name) ||
		    (reg_may_be_null(r) && arg->is_nonnull) ||
		    (r->flags & ~(uint32_t)(REG_TRUSTED | REG_RCU | REG_MAYBE_NULL)))
			return refuse(v, WAY_ARGUMENT, "R%u type=%s does not fit arg#%u", n + 1,
			              reg_kind_name(r), n);
		return 0;
	}
	return 0;
}

static void set_arg(struct verifier *v, struct reg *r, const struct prototype_arg *arg)
{
	switch (arg->kind) {
	case ARG_IS_SCALAR:
		reg_unknown(r);
		return;
	case ARG_IS_CTX:
		reg_pointer(r, REG_CTX, 0);
		return;
	case ARG_IS_ARENA:
		reg_pointer(r, REG_ARENA, 0);
		return;
	case ARG_IS_MEM:
		reg_pointer(r, REG_MEM, arg->is_nonnull ? 0 : REG_MAYBE_NULL);
		r->mem_b = arg->mem_b;
		break;
	case ARG_IS_DYNPTR:
		reg_pointer(r, REG_DYNPTR, 0);
		r->mem_b = DYNPTR_LOCAL;
		r->id = ++v->ids;
		return;
	case ARG_IS_OBJECT:
		reg_pointer(r, REG_BTF,
		            (arg->is_trusted ? REG_TRUSTED : REG_UNTRUSTED) |
		                (arg->is_nonnull ? 0 : REG_MAYBE_NULL));
		r->btf = v->p->kernel_btf;
		r->btf_id = arg->btf_id;
		break;
	}
	if (reg_may_be_null(r))
		r->id = ++v->ids;
}

int global_function_args(struct verifier *v, uint32_t func, struct reg *regs, bool is_caller)
{
	struct function *f = &v->funcs.items[func];
	struct btf_file *b = v->p->btf;
	const struct btf_param *params;
	struct btf_record r, proto, ret;
	uint32_t id, ret_id;

	if (!b || !f->btf_id || !btf_get(b, f->btf_id, &r) || r.kind != BTF_KIND_FUNC ||
	    !btf_get(b, r.size_or_type, &proto) || proto.kind != BTF_KIND_FUNC_PROTO)
		return refuse(v, WAY_NONE, "function %s() has no BTF prototype", f->name);
	id = f->btf_id;
	if (proto.vlen > 5)
		return refuse(v, WAY_NONE, "Global function %s() with %u > 5 args. Buggy compiler.",
		              f->name, proto.vlen);
	ret_id = proto.size_or_type;
	if (!ret_id || !strip_modifiers(b, &ret_id, &ret) ||
	    (ret.kind != BTF_KIND_INT && ret.kind != BTF_KIND_ENUM && ret.kind != 19))
		return refuse(
		    v, WAY_NONE,
		    "Global function %s() doesn't return scalar. Only those are supported.",
		    f->name);
	params = proto.extra;
	for (uint32_t n = 0; n < proto.vlen; n++) {
		struct prototype_arg arg;

		if (describe_arg(v, id, n, params[n].type, &arg))
			return -1;
		if (is_caller && check_passed(v, n, &arg))
			return -1;
		if (!is_caller)
			set_arg(v, &regs[n + 1], &arg);
	}
	return 0;
}
