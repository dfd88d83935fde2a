/* Inference of calls of imported functions: what they take is what the object's BTF says.
 *
 * They become sub-programs, as the script's own functions do, so the same holds: numbers and
 * pointers only, and no context. What a function reaches is looked at when somebody calls it. */
#include "script/object.h"

#include <string.h>

#include "script/infer_rules.h"
#include "types/types.h"

enum { MOST_ARGS = 5 };

/* ---- what may be called ---------------------------------------------------------------------- */

/* Struct types that stand for a program's context (UAPI linux/bpf.h, and what tracing has). */
static bool is_context(const struct type *t)
{
	static const char *const names[] = {
	    "pt_regs",       "user_pt_regs", "user_regs_struct",    "__sk_buff",
	    "xdp_md",        "sk_msg_md",    "bpf_perf_event_data", "bpf_raw_tracepoint_args",
	    "bpf_sock_addr", "bpf_sock_ops", "sk_reuseport_md",     "bpf_cgroup_dev_ctx",
	    "bpf_sysctl",    "bpf_sockopt",  "bpf_sk_lookup",       "bpf_nf_ctx",
	};

	t = type_strip(t);
	if (t->kind != TYPE_PTR)
		return false;
	t = type_strip(t->elem);
	if (t->kind != TYPE_STRUCT || !t->name)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(t->name, names[i]))
			return true;
	return !strncmp(t->name, "bpf_iter__", 10) || !strncmp(t->name, "trace_event_raw_", 16);
}

static bool fits_register(const struct type *t)
{
	t = type_strip(t);
	return (cast_is_number(t) && t->size_b <= 8) || t->kind == TYPE_PTR;
}

static const char *refuse_signature(struct infer *x, const struct object_fn *f)
{
	const struct type *p = f->proto, *result;

	if (!p)
		return "its BTF does not say what it takes";
	if (p->n_fields > MOST_ARGS)
		return arena_printf(x->a, "it takes %u arguments, and at most %d can be passed",
		                    p->n_fields, MOST_ARGS);
	for (uint32_t i = 0; i < p->n_fields; i++) {
		const struct type *t = p->fields[i].type;

		if (is_context(t))
			return arena_printf(
			    x->a,
			    "it wants a context ('%s' as argument %u), which no function gets",
			    type_name_dup(x->a, t), i + 1);
		if (t->kind == TYPE_NONE)
			return "it has a variable number of arguments";
		if (!fits_register(t))
			return arena_printf(
			    x->a,
			    "argument %u is of type '%s', and only numbers and pointers can be "
			    "passed",
			    i + 1, type_name_dup(x->a, t));
	}
	result = type_strip(p->elem);
	if (result->kind == TYPE_VOID || fits_register(result))
		return NULL;
	return arena_printf(x->a,
	                    "it returns a value of type '%s', and only numbers and pointers can be",
	                    type_name_dup(x->a, p->elem));
}

/* Kinds of maps that mean something by themselves: no files, devices, programs or rings behind
 * them, for which somebody would have to care. */
static bool is_plain_map(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE:
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
		return true;
	default:
		return false;
	}
}

static const char *refuse_map(struct infer *x, const struct vm_map_def *m)
{
	const char *special;

	if (!is_plain_map(m->type))
		return arena_printf(x->a,
		                    "map \"%s\" is of type %u, and scripts have arrays, hashes, "
		                    "tries, queues and stacks only",
		                    m->name, m->type);
	special = vm_map_special(m);
	if (special)
		return arena_printf(x->a,
		                    "map \"%s\" holds a %s, which the kernel finds by types that "
		                    "a script's maps have not",
		                    m->name, special);
	return NULL;
}

static const char *refuse_insn(struct infer *x, const struct object *o, const struct bpf_insn *i,
                               enum diag_code *code)
{
	bool is_lddw = i->code == (BPF_LD | BPF_IMM | BPF_DW);
	const char *no = NULL;

	if (is_lddw && (i->src_reg == BPF_PSEUDO_MAP_IDX || i->src_reg == BPF_PSEUDO_MAP_IDX_VALUE))
		return refuse_map(x, o->vm->maps[i->imm]);
	if (!x->u->opts->target.is_user_engine)
		return NULL;
	if (is_lddw && i->src_reg == BPF_PSEUDO_BTF_ID)
		no = "reads no kernel memory";
	if (i->code == (BPF_JMP | BPF_CALL) && i->src_reg == BPF_PSEUDO_KFUNC_CALL)
		no = "calls none of its functions";
	if (no)
		*code = E_NEEDS_KERNEL;
	return no;
}

/* Of the function and all that it calls. */
static const char *refuse_code(struct infer *x, const struct object *o, uint32_t func, bool *seen,
                               enum diag_code *code)
{
	const struct vm_object_func *f = &o->vm->funcs[func];
	const char *no = f->problem;

	if (seen[func])
		return NULL;
	seen[func] = true;
	for (uint32_t i = 0; i < f->n_insns && !no; i++) {
		no = refuse_insn(x, o, &f->insns[i], code);
		i += f->insns[i].code == (BPF_LD | BPF_IMM | BPF_DW);
	}
	for (uint32_t i = 0; i < f->n_refs && !no; i++)
		no = refuse_code(x, o, f->refs[i].func, seen, code);
	return no;
}

static const struct type *proto_of(struct infer *x, struct object_fn *f)
{
	if (!f->has_proto) {
		f->has_proto = true;
		f->proto = types_func_of(x->types, f->object->types, f->code->btf_id);
	}
	return f->proto;
}

static bool check(struct infer *x, struct object_fn *f, const struct node *n)
{
	struct object *o = f->object;

	if (!f->is_checked) {
		f->is_checked = true;
		f->refusal_code = E_UNSUPPORTED;
		proto_of(x, f);
		f->refusal = refuse_signature(x, f);
		if (!f->refusal)
			f->refusal =
			    refuse_code(x, o, (uint32_t)(f->code - o->vm->funcs),
			                arena_array(x->a, bool, o->vm->n_funcs), &f->refusal_code);
	}
	if (!f->refusal)
		return true;
	if (f->refusal_code == E_NEEDS_KERNEL) {
		infer_error(x, E_NEEDS_KERNEL, n->at,
		            "%s() of \"%s\" needs the kernel: the user engine %s", n->name, o->name,
		            f->refusal);
		infer_hint(x, "run as root, or with CAP_BPF and CAP_PERFMON");
	} else {
		infer_error(x, f->refusal_code, n->at, "%s() of \"%s\" cannot be called: %s",
		            n->name, o->name, f->refusal);
	}
	return false;
}

/* ---- names ----------------------------------------------------------------------------------- */

bool infer_find_object_fn(struct infer *x, struct node *n)
{
	struct object_fn *f = x->u->objects.n ? object_find_fn(x->u, n->name) : NULL;

	if (!f)
		return false;
	n->kind = NODE_OBJECT_CALL;
	n->object_fn = f;
	return true;
}

bool infer_object_has_other(struct infer *x, const struct node *n)
{
	const struct object_fn *f = object_find_other(x->u, n->name);

	if (!f)
		return false;
	if (f->code->is_global)
		infer_error(x, E_UNSUPPORTED, n->at,
		            "%s() of \"%s\" cannot be called: it is a program (section \"%s\") and "
		            "wants a context, which no function gets",
		            n->name, f->object->name, f->code->section);
	else
		infer_error(x, E_UNKNOWN_NAME, n->at,
		            "%s() of \"%s\" cannot be called: it is static", n->name,
		            f->object->name);
	return true;
}

void infer_guess_object_fn(struct infer *x, struct diag_guess *g)
{
	vec_each (o, &x->u->objects)
		for (uint32_t i = 0; (*o)->fns && i < (*o)->vm->n_funcs; i++)
			if ((*o)->vm->funcs[i].is_global && !object_is_program(&(*o)->vm->funcs[i]))
				diag_nearest(g, (*o)->vm->funcs[i].name);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* What a parameter is to the language: enums are but numbers, as in C. */
static const struct type *param_type(const struct type *t)
{
	const struct type *bare = type_strip(t);

	return bare->kind == TYPE_ENUM ? type_int(bare->size_b, bare->is_signed) : t;
}

/* Where characters are: a string goes as the address of its first. */
static bool is_text(const struct type *t)
{
	return t->kind == TYPE_STRING ||
	       (t->kind == TYPE_ARRAY && type_strip(t->elem)->size_b == 1);
}

/* As C has it: any pointer is a void *, 0 a null pointer, and text a pointer to its characters. */
static bool is_pointer_good(const struct node *a, const struct type *t, const struct type *to)
{
	to = type_strip(to);
	if (to->kind != TYPE_PTR)
		return false;
	if (a->kind == NODE_INT && !a->number)
		return true;
	to = type_strip(to->elem);
	if (t->kind == TYPE_STRING)
		return to->kind == TYPE_VOID || (to->kind == TYPE_INT && to->size_b == 1);
	if (t->kind != TYPE_PTR)
		return false;
	t = type_strip(t->elem);
	return t->kind == TYPE_VOID || to->kind == TYPE_VOID ||
	       (is_text(t) && to->kind == TYPE_INT && to->size_b == 1);
}

static void check_argument(struct infer *x, struct node *n, uint32_t i)
{
	const struct field *p = &n->object_fn->proto->fields[i];
	const struct type *t = infer_value(x, &n->args[i]), *to = param_type(p->type);

	if (cast_is_unknown(t) || is_pointer_good(n->args[i], type_strip(t), to))
		return;
	if (cast_is_implicit(t, to))
		infer_coerce(x, &n->args[i], to);
	else
		infer_error(x, E_ARG_KIND, n->args[i]->at,
		            "%s() expects '%s' for %s ('%s' provided)", n->name,
		            infer_type_text(x, p->type),
		            p->name ? p->name : arena_printf(x->a, "argument %u", i + 1),
		            infer_type_text(x, t));
}

const struct type *infer_object_call(struct infer *x, struct node *n)
{
	const struct type *t;

	if (!check(x, n->object_fn, n))
		return cast_unknown();
	if (!infer_check_count(x, n, n->object_fn->proto->n_fields, n->object_fn->proto->n_fields))
		return cast_unknown();
	for (uint32_t i = 0; i < n->n_args; i++)
		check_argument(x, n, i);
	t = type_strip(n->object_fn->proto->elem);
	if (t->kind == TYPE_VOID)
		return type_none();
	if (t->kind == TYPE_PTR && t->as == AS_NONE)
		return type_ptr(x->a, t->elem, AS_KERNEL);
	return t;
}
