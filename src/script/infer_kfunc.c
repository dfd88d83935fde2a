/* Inference of calls of kernel functions, and of questions about them: kfunc_exist("f"),
 * kfunc_allowed("f").
 *
 * A function counts as one that programs may call if the kernel's BTF tags it so ("bpf_kfunc",
 * since v6.10) or our verifier's table has it; whether this kind of program may is the kernel's to
 * say, and where it cannot be asked the table's. References, null pointers and locks are followed
 * by the verifiers, not here. */
#include "script/kfunc.h"

#include <string.h>

#include "script/infer_rules.h"
#include "vm/program.h"
#include "vm/verifier/context.h"

/* ---- parameters ------------------------------------------------------------------------------ */

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = name ? strlen(name) : 0, m = strlen(suffix);

	return n >= m && !strcmp(name + n - m, suffix);
}

static bool is_size(const struct type *proto, uint32_t i)
{
	return i < proto->n_fields &&
	       (ends_in(proto->fields[i].name, "__sz") || ends_in(proto->fields[i].name, "__szk"));
}

/* Structs that stand for something in a program: it makes them itself, on its stack or in a map. */
static bool is_made_by_programs(const char *name)
{
	static const char *const made[] = {
	    "bpf_dynptr",    "bpf_dynptr_kern",   "bpf_list_head", "bpf_list_node",
	    "bpf_rb_root",   "bpf_rb_node",       "bpf_wq",        "bpf_timer",
	    "bpf_spin_lock", "bpf_res_spin_lock", "bpf_task_work"};

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		if (!strcmp(name, made[i]))
			return true;
	return !strncmp(name, "bpf_iter_", 9);
}

enum kfunc_takes kfunc_takes(const struct type *proto, uint32_t i)
{
	const struct field *p = &proto->fields[i];
	const struct type *t = type_strip(p->type), *to;

	if (type_is_integer(t))
		return ends_in(p->name, "__k") || ends_in(p->name, "__szk") ||
		               ends_in(p->name, "buf_size")
		           ? TAKES_CONSTANT
		           : TAKES_NUMBER;
	if (t->kind != TYPE_PTR)
		return TAKES_OTHER;
	to = type_strip(t->elem);
	if (ends_in(p->name, "__str"))
		return TAKES_TEXT;
	if (ends_in(p->name, "__irq_flag") || ends_in(p->name, "__alloc") || to->kind == TYPE_FUNC)
		return TAKES_OTHER;
	if (ends_in(p->name, "__map"))
		return TAKES_MAP;
	if (is_size(proto, i + 1))
		return TAKES_MEMORY;
	if (to->kind != TYPE_STRUCT && to->kind != TYPE_UNION)
		return TAKES_ADDRESS;
	if (!to->name)
		return TAKES_ADDRESS;
	if (!strcmp(to->name, "bpf_map"))
		return TAKES_MAP;
	return is_made_by_programs(to->name) ? TAKES_OTHER : TAKES_OBJECT;
}

/* ---- which functions ------------------------------------------------------------------------- */

/* Its prototype, or NULL: no function of the kernel itself (those of modules are not looked for),
 * or none that programs may call. */
static const struct type *find(struct infer *x, const char *name, uint32_t *ret_id)
{
	const struct type *t = types_find_func(x->types, name, "vmlinux", ret_id, NULL, NULL);

	if (!t || (!kfunc_is_known(name) && !types_func_has_tag(x->types, *ret_id, "bpf_kfunc")))
		return NULL;
	return t;
}

/* The program that the probe becomes (script_lower). */
static struct vm_program program_of(const struct infer *x)
{
	struct vm_program p = {.type = BPF_PROG_TYPE_RAW_TRACEPOINT};
	bool is_dispatched = x->p->kind == PROBE_TRACEPOINT;

	switch (x->p->kind) {
	case PROBE_KPROBE:
	case PROBE_KRETPROBE:
	case PROBE_UPROBE:
	case PROBE_URETPROBE:
	case PROBE_USDT:
		p.type = BPF_PROG_TYPE_KPROBE;
		break;
	case PROBE_FENTRY:
	case PROBE_FEXIT:
	case PROBE_RAWTRACEPOINT:
	case PROBE_ITER:
		p.type = BPF_PROG_TYPE_TRACING;
		p.attach_type = x->p->kind == PROBE_ITER     ? BPF_TRACE_ITER
		                : x->p->kind == PROBE_FENTRY ? BPF_TRACE_FENTRY
		                : x->p->kind == PROBE_FEXIT  ? BPF_TRACE_FEXIT
		                                             : BPF_TRACE_RAW_TP;
		break;
	case PROBE_TRACEPOINT:
		vec_each (t, &x->p->targets)
			is_dispatched &= t->category && !strcmp(t->category, "syscalls");
		p.type = is_dispatched ? BPF_PROG_TYPE_TRACING : BPF_PROG_TYPE_TRACEPOINT;
		p.attach_type = is_dispatched ? BPF_TRACE_RAW_TP : 0;
		break;
	case PROBE_PROFILE:
	case PROBE_INTERVAL:
	case PROBE_SOFTWARE:
	case PROBE_HARDWARE:
	case PROBE_WATCHPOINT:
		p.type = BPF_PROG_TYPE_PERF_EVENT;
		break;
	default:
		break;
	}
	return p;
}

static bool is_allowed(const struct infer *x, const char *name, uint32_t id)
{
	const struct script_target *target = &x->u->opts->target;
	own_strbuf struct strbuf why = {0};
	struct vm_program p = program_of(x);
	uint32_t flags;
	int answer = target->may_call ? target->may_call(p.type, p.attach_type, id) : -1;

	return answer < 0 ? kfunc_find(&p, name, &flags, &why) : answer;
}

/* No program of our own machine can call the kernel. */
static const struct type *answer(struct infer *x, struct node *n, bool must_be_allowed)
{
	const char *name = n->args[0]->string;
	uint32_t id;
	bool is_so = !x->u->opts->target.is_user_engine && find(x, name, &id) &&
	             (!must_be_allowed || is_allowed(x, name, id));

	infer_set_int(n, is_so, type_bool());
	return n->type;
}

const struct type *infer_result_kfunc_exist(struct infer *x, struct node *n)
{
	return answer(x, n, false);
}

const struct type *infer_result_kfunc_allowed(struct infer *x, struct node *n)
{
	return answer(x, n, true);
}

/* ---- arguments ------------------------------------------------------------------------------- */

static bool only_supports(struct infer *x, const struct node *n, const struct node *a,
                          const char *what)
{
	const struct type *t = a->type;

	infer_error(x, E_ARG_KIND, a->at, "%s() only supports %s arguments (%s provided)", n->name,
	            what, t->kind == TYPE_PTR ? infer_type_text(x, t) : cast_kind_word(t));
	return false;
}

/* A struct begins with its first member: a struct sock is a struct sock_common, too. */
static bool is_or_begins_with(struct infer *x, const struct type *t, const char *name)
{
	enum { DEEPEST = 8 };

	for (unsigned depth = 0; depth < DEEPEST; depth++) {
		t = infer_complete(x, t);
		if (t->kind != TYPE_STRUCT && t->kind != TYPE_UNION)
			return false;
		if (t->name && !strcmp(t->name, name))
			return true;
		if (!t->n_fields || t->fields[0].off_b)
			return false;
		t = t->fields[0].type;
	}
	return false;
}

static bool check_object(struct infer *x, struct node *n, uint32_t i, const struct type *to)
{
	const struct node *a = n->args[i];
	const struct type *t = a->type;

	if (t->kind == TYPE_PTR && is_or_begins_with(x, t->elem, to->name))
		return true;
	if (a->kind == NODE_INT && !a->number) /* null */
		return true;
	return only_supports(x, n, a, arena_printf(x->a, "%s *", infer_type_text(x, to)));
}

static bool check_map(struct infer *x, struct node *n, uint32_t i)
{
	struct infer_map *im = infer_map_whole(x, n->args[i], n->name);

	if (!im)
		return false;
	if (im->has_shape && !im->m->is_keyed) {
		infer_error(x, E_MAP_USE, n->args[i]->at,
		            "call to %s expects a map with explicit keys (non-scalar map)",
		            n->name);
		return false;
	}
	im->has_shape = im->m->is_keyed = true;
	return true;
}

static bool check_literal(struct infer *x, const struct node *n, const struct node *a,
                          enum node_kind kind, const char *what)
{
	if (a->kind == kind)
		return true;
	infer_error(x, E_ARG_KIND, a->at, "%s() expects %s (%s provided)", n->name, what,
	            cast_kind_word(a->type));
	return false;
}

static bool check_argument(struct infer *x, struct node *n, uint32_t i)
{
	const struct field *p = &n->kernel_func->fields[i];
	enum kfunc_takes takes = kfunc_takes(n->kernel_func, i);
	const struct type *t;

	if (takes == TAKES_OTHER) {
		infer_error(x, E_UNSUPPORTED, n->args[i]->at,
		            "%s() takes a %s as argument %u, and scripts have no such values",
		            n->name, infer_type_text(x, p->type), i + 1);
		return false;
	}
	if (takes == TAKES_MAP)
		return check_map(x, n, i);
	t = infer_value(x, &n->args[i]);
	if (cast_is_unknown(t))
		return false;
	switch (takes) {
	case TAKES_NUMBER:
		return cast_is_number(t) || only_supports(x, n, n->args[i], "int");
	case TAKES_CONSTANT:
		return check_literal(x, n, n->args[i], NODE_INT, "an int literal");
	case TAKES_TEXT:
		return check_literal(x, n, n->args[i], NODE_STRING, "a string literal");
	case TAKES_OBJECT:
		return check_object(x, n, i, type_strip(type_strip(p->type)->elem));
	default: /* an address, or what has one */
		return t->kind == TYPE_PTR || cast_is_number(t) || t->kind == TYPE_STRING ||
		       t->kind == TYPE_ARRAY || t->kind == TYPE_STRUCT || t->kind == TYPE_UNION ||
		       only_supports(x, n, n->args[i], "pointer");
	}
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* What signal() and its kin are: they change what they look at. */
static bool is_unsafe(const char *name)
{
	static const char *const unsafe[] = {"crash_kexec", "bpf_send_signal_task",
	                                     "bpf_sock_destroy"};

	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
		if (!strcmp(name, unsafe[i]))
			return true;
	return ends_in(name, "_xattr") && !strstr(name, "_get_");
}

static bool check_call(struct infer *x, struct node *n, uint32_t id)
{
	enum { MOST_ARGS = 5 };
	uint32_t n_params = n->kernel_func->n_fields;
	bool ok = true;

	if (x->u->opts->target.is_user_engine) {
		infer_error(x, E_NEEDS_KERNEL, n->at,
		            "%s needs the kernel: the user engine calls none of its functions",
		            n->name);
		infer_hint(x, "run as root, or with CAP_BPF and CAP_PERFMON");
		return false;
	}
	if (n_params > MOST_ARGS) {
		infer_error(x, E_UNSUPPORTED, n->at, "%s() has %u arguments, programs can pass %d",
		            n->name, n_params, MOST_ARGS);
		return false;
	}
	if (!infer_check_count(x, n, n_params, n_params))
		return false;
	if (is_unsafe(n->name) && !x->u->opts->is_unsafe) {
		infer_error(x, E_UNSAFE, n->at,
		            "%s() is an unsafe function being used in safe mode", n->name);
		infer_hint(x, "use --unsafe to allow it");
		return false;
	}
	if (!is_allowed(x, n->name, id)) {
		infer_check_place(x, n, n->name, 0);
		infer_hint(x,
		           "if comptime (kfunc_allowed(\"%s\")) { ... } leaves it out where it may "
		           "not be called",
		           n->name);
		return false;
	}
	for (uint32_t i = 0; i < n->n_args; i++)
		ok &= check_argument(x, n, i);
	return ok;
}

const struct type *infer_kernel_call(struct infer *x, struct node *n)
{
	const struct type *t;

	if (!check_call(x, n, (uint32_t)n->number))
		return cast_unknown();
	t = type_strip(n->kernel_func->elem);
	if (t->kind == TYPE_VOID)
		return type_none();
	if (t->kind == TYPE_PTR)
		return type_ptr(x->a, t->elem, AS_KERNEL);
	if (type_is_integer(t))
		return t;
	return infer_error(x, E_UNSUPPORTED, n->at, "%s() returns a %s, which cannot be used",
	                   n->name, infer_type_text(x, t));
}

void infer_hint_kernel_call(struct infer *x, const struct node *n, struct diag_guess *g)
{
	for (uint32_t i = 0; kfunc_row(i); i++)
		diag_nearest(g, kfunc_row(i));
	if (kfunc_is_known(n->name))
		infer_hint(
		    x,
		    "other kernels have it: if comptime (kfunc_exist(\"%s\")) { ... } leaves "
		    "it out where it is not",
		    n->name);
	else if (types_kernel_has_func(x->types, n->name))
		infer_hint(x, "the kernel has such a function, but none that programs may call");
	else if (g->best)
		infer_hint(x, "Did you mean '%s'?", g->best);
}

bool infer_becomes_kernel_call(struct infer *x, struct node *n)
{
	/* Our own machine may have no BTF to look into; it refuses the call first of all. */
	static const struct type any = {.kind = TYPE_FUNC};
	uint32_t id = 0;

	n->kernel_func = find(x, n->name, &id);
	if (!n->kernel_func && x->u->opts->target.is_user_engine && kfunc_is_known(n->name))
		n->kernel_func = &any;
	if (!n->kernel_func)
		return false;
	n->kind = NODE_CALL_KERNEL;
	n->number = id;
	return true;
}
