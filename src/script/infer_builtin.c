/* Inference of builtin values: their types, and where they may stand (spec 3.4, 6). */
#include <string.h>

#include "probe/usdt_args.h"
#include "script/infer_internal.h"

/* ---- places --------------------------------------------------------------------------------- */

static const char *probe_word(const struct infer *x)
{
	return probe_kind_name(x->p->kind);
}

/* Available everywhere, but not without a probe. */
static bool is_of_probe(const char *name)
{
	return !strcmp(name, "kstack") || !strcmp(name, "ustack") || !strcmp(name, "probe") ||
	       !strcmp(name, "probetype");
}

bool infer_check_place(struct infer *x, struct node *n, const char *name, uint32_t where)
{
	bool is_tracepoint = x->p->kind == PROBE_TRACEPOINT;

	if (x->fn && (where != W_ALL || is_of_probe(name))) {
		infer_error(x, E_BUILTIN_PLACE, n->at, "%s can not be used in a function", n->name);
		infer_hint(x, "pass what the function needs of it as an argument");
		return false;
	}
	if (where & (1u << x->p->kind))
		return true;
	if (!strcmp(name, "retval"))
		infer_error(x, E_BUILTIN_PLACE, n->at,
		            "The retval builtin can only be used with 'kretprobe' and 'uretprobe' "
		            "and 'fentry' probes%s",
		            is_tracepoint ? " (try to use args.ret instead)" : "");
	else if (!strcmp(name, "args"))
		infer_error(x, E_BUILTIN_PLACE, n->at,
		            "The args builtin can only be used with tracepoint, rawtracepoint, "
		            "fentry/fexit, and uprobe probes (%s used here)",
		            probe_word(x));
	else if (n->kind == NODE_BUILTIN && n->builtin->id == B_arg)
		infer_error(x, E_BUILTIN_PLACE, n->at,
		            "The %s builtin can only be used with 'kprobes', 'uprobes' and 'usdt' "
		            "probes",
		            n->name);
	else if (!strcmp(name, "ctx") && is_tracepoint)
		infer_error(x, E_BUILTIN_PLACE, n->at, "Use args instead of ctx in tracepoint");
	else
		infer_error(x, E_BUILTIN_PLACE, n->at, "%s can not be used with \"%s\" probes",
		            name, probe_word(x));
	return false;
}

/* A body of `for` over a map runs as the kernel's callback: the probe's context is not there. */
static bool check_body(struct infer *x, struct node *n)
{
	static const bool needs_context[B_N] = {
	    [B_args] = true, [B_arg] = true, [B_sarg] = true, [B_retval] = true, [B_ctx] = true,
	};

	if (!x->map_body_level || !needs_context[n->builtin->id])
		return true;
	infer_error(x, E_BUILTIN_PLACE, n->at, "'%s' builtin is not allowed in a for-loop",
	            n->name);
	infer_hint(x, "assign it to a variable before the loop");
	return false;
}

/* ---- types that depend on the probe --------------------------------------------------------- */

const struct type *infer_args_type(struct infer *x)
{
	struct probe *p = x->p;

	if (!p->args_type && p->targets.n)
		p->args_type = probe_args_type(&x->cx, &p->targets.items[0]);
	return p->args_type;
}

static const struct type *type_of_args(struct infer *x, struct node *n)
{
	const struct type *t = infer_args_type(x);
	const char *why;

	if (x->p->targets.n && x->p->targets.items[0].prog_id)
		t = NULL; /* only what retval needs is known of a BPF program */
	if (!t) {
		infer_error(x, E_UNSUPPORTED, n->at, "The arguments of %s are not known here",
		            x->p->targets.n ? x->p->targets.items[0].name : probe_word(x));
		if (x->p->kind == PROBE_UPROBE && x->p->targets.n) {
			why = probe_missing_types(&x->cx, x->p->targets.items);
			infer_hint(x, "%s; arg0, arg1, ... work without",
			           why ? why : "debug information says nothing of this function");
		}
		return cast_unknown();
	}
	return type_ptr(x->a, t, AS_NONE);
}

static const struct type *type_of_retval(struct infer *x, struct node *n)
{
	const struct type *args, *t;
	const struct field *f;
	uint32_t off_b;

	(void)n;
	if (x->p->kind != PROBE_FEXIT)
		return type_int(8, false);
	args = infer_args_type(x);
	f = args ? type_find_field(args, "retval", &off_b) : NULL;
	if (!f)
		return infer_error(
		    x, E_UNSUPPORTED, n->at,
		    "The retval builtin is not available: the function returns void");
	t = infer_complete(x, f->type);
	if (t->kind == TYPE_VOID)
		return infer_error(
		    x, E_UNSUPPORTED, n->at,
		    "The retval builtin is not available: the function returns void");
	if (t->kind == TYPE_PTR && t->as == AS_NONE) {
		const struct type *to = type_strip(t->elem);
		bool is_object = to->kind == TYPE_STRUCT || to->kind == TYPE_UNION;

		return type_ptr(x->a, t->elem, is_object ? AS_BTF : AS_KERNEL);
	}
	return t;
}

static const struct type *struct_pointer(struct infer *x, const char *tag, enum addr_space as)
{
	const char *c_name = arena_printf(x->a, "struct %s", tag);
	const struct type *t = types_find(x->types, c_name);

	if (!t) {
		struct type *stub = arena_new(x->a, struct type);

		stub->kind = TYPE_STRUCT;
		stub->name = tag;
		stub->align_b = 1;
		stub->is_incomplete = true;
		t = stub;
	}
	return type_ptr(x->a, t, as);
}

static const struct type *type_of_curtask(struct infer *x, struct node *n)
{
	(void)n;
	return struct_pointer(x, "task_struct",
	                      x->u->opts->target.has_task_btf ? AS_BTF : AS_KERNEL);
}

static const struct type *type_of_ctx(struct infer *x, struct node *n)
{
	bool is_perf = x->p->kind == PROBE_PROFILE || x->p->kind == PROBE_INTERVAL ||
	               x->p->kind == PROBE_SOFTWARE || x->p->kind == PROBE_HARDWARE ||
	               x->p->kind == PROBE_WATCHPOINT;

	if (x->p->kind == PROBE_ITER)
		return type_of_args(x, n);
	return struct_pointer(x, is_perf ? "bpf_perf_event_data" : "pt_regs", AS_NONE);
}

static const struct type *type_of_func(struct infer *x, struct node *n)
{
	bool is_user = x->p->kind == PROBE_UPROBE || x->p->kind == PROBE_URETPROBE;

	(void)n;
	return type_simple(is_user ? TYPE_USYM : TYPE_KSYM);
}

static const struct type *type_of_probe(struct infer *x, struct node *n)
{
	size_t longest_b = 0;

	(void)n;
	x->p->uses_probe_name = true;
	vec_each (t, &x->p->targets)
		if (strlen(t->name) > longest_b)
			longest_b = strlen(t->name);
	return type_string(x->a, (uint32_t)longest_b + 1);
}

static const struct type *type_of_probetype(struct infer *x, struct node *n)
{
	const char *word = probe_kind_title(x->p->kind);

	infer_set_string(x, n, word, (uint32_t)strlen(word));
	return n->type;
}

static const struct type *type_of_str_length(struct infer *x, struct node *n)
{
	infer_set_int(n, x->config->max_strlen, type_int(8, false));
	return n->type;
}

static const struct type *type_of_has_cpid(struct infer *x, struct node *n)
{
	infer_set_int(n, x->u->opts->child_pid != 0, type_bool());
	return n->type;
}

/* Every place of the probe has to have it. */
static const struct type *type_of_usdt_arg(struct infer *x, struct node *n)
{
	vec_each (t, &x->p->targets) {
		uint32_t n_args = usdt_args_count(t->usdt_args);

		if (n->number >= n_args)
			return infer_error(x, E_BAD_INDEX, n->at,
			                   "%s has %u arguments, there is no %s", t->name, n_args,
			                   n->name);
	}
	return type_int(8, false);
}

/* Where a prototype is known, so is how many there are; a shared body may have several. */
static const struct type *type_of_arg(struct infer *x, struct node *n)
{
	const struct type *args = NULL;
	uint32_t n_args;

	if (x->p->kind == PROBE_USDT)
		return type_of_usdt_arg(x, n);
	if (x->p->targets.n == 1 && (x->p->kind == PROBE_FENTRY || x->p->kind == PROBE_FEXIT ||
	                             x->p->kind == PROBE_RAWTRACEPOINT))
		args = infer_args_type(x);
	if (!args)
		return type_int(8, false);
	n_args = args->n_fields;
	if (n_args && x->p->kind == PROBE_FEXIT && args->fields[n_args - 1].name &&
	    !strcmp(args->fields[n_args - 1].name, "retval"))
		n_args--;
	if (n->number >= n_args)
		return infer_error(x, E_BAD_INDEX, n->at, "%s has %u arguments, there is no %s",
		                   x->p->targets.items[0].name, n_args, n->name);
	return type_int(8, false);
}

static const struct type *type_of_comm(struct infer *x, struct node *n)
{
	(void)n;
	return type_string(x->a, 16);
}

static const struct type *type_of_stack(struct infer *x, struct node *n)
{
	bool is_unwound = n->builtin->id == B_dw_ustack;

	if (is_unwound && !infer_gate_dw_ustack(x, n))
		return cast_unknown();
	if (x->config->stack_mode == STACK_BUILD_ID && n->builtin->id != B_ustack)
		return infer_error(x, E_ARG_KIND, n->at, "build_id stack mode is only for ustack");
	if (x->config->stack_mode == STACK_BUILD_ID && infer_needs_kernel(x, n, "ustack(build_id)"))
		return cast_unknown();
	return type_stack(x->a, is_unwound || n->builtin->id == B_ustack,
	                  (enum stack_mode)x->config->stack_mode, 127);
}

static const struct type *type_of_cpid(struct infer *x, struct node *n)
{
	if (!x->u->opts->child_pid)
		infer_warn(x, E_SUSPICIOUS, n->at, "cpid is 0: there is no -c command");
	return type_int(4, false);
}

static const struct type *type_of_username(struct infer *x, struct node *n)
{
	(void)x;
	(void)n;
	return type_simple(TYPE_USERNAME);
}

/* ---- the table ------------------------------------------------------------------------------ */

/* Either the size of an unsigned integer, or how the type is found out. */
static const struct {
	uint8_t size_b;
	const struct type *(*type)(struct infer *x, struct node *n);
} rows[B_N] = {
    /* clang-format off */
	[B_args]      = {0, type_of_args},
	[B_cgroup]    = {8, NULL},
	[B_comm]      = {0, type_of_comm},
	[B_config]    = {0, infer_config},
	[B_cpid]      = {0, type_of_cpid},
	[B_cpu]       = {8, NULL},
	[B_ctx]       = {0, type_of_ctx},
	[B_curtask]   = {0, type_of_curtask},
	[B_default_str_length] = {0, type_of_str_length},
	[B_dw_ustack] = {0, type_of_stack},
	[B_elapsed]   = {8, NULL},
	[B_func]      = {0, type_of_func},
	[B_gid]       = {8, NULL},
	[B_has_cpid]  = {0, type_of_has_cpid},
	[B_jiffies]   = {8, NULL},
	[B_kstack]    = {0, type_of_stack},
	[B_leader_comm] = {0, type_of_comm},
	[B_leader_tid] = {4, NULL},
	[B_ncpus]     = {8, NULL},
	[B_nsecs]     = {8, NULL},
	[B_numaid]    = {4, NULL},
	[B_pcomm]     = {0, type_of_comm},
	[B_pid]       = {4, NULL},
	[B_ppid]      = {4, NULL},
	[B_probe]     = {0, type_of_probe},
	[B_probetype] = {0, type_of_probetype},
	[B_rand]      = {8, NULL},
	[B_retval]    = {0, type_of_retval},
	[B_tid]       = {4, NULL},
	[B_uid]       = {8, NULL},
	[B_usermode]  = {1, NULL},
	[B_username]  = {0, type_of_username},
	[B_ustack]    = {0, type_of_stack},
	[B_arg]       = {0, type_of_arg},
	[B_sarg]      = {8, NULL},
    /* clang-format on */
};

/* Kernel memory is out of reach of our own machine. */
bool infer_needs_kernel(struct infer *x, struct node *n, const char *name)
{
	static const struct {
		const char *name, *why;
	} kernel_only[] = {
	    {"curtask", "reads no kernel memory"},
	    {"kstack", "reads no kernel memory"},
	    {"ksym", "reads no kernel memory"},
	    {"kaddr", "reads no kernel memory"},
	    {"kptr", "reads no kernel memory"},
	    {"kstr", "reads no kernel memory"},
	    {"path", "reads no kernel memory"},
	    {"ustack(build_id)", "does not look into the files of its frames"},
	    {"percpu_kaddr", "reads no kernel memory"},
	    {"socket_cookie", "knows no sockets"},
	    {"in_cgroup", "knows no tree of cgroups"},
	    {"pinned_has", "has no maps of the kernel"},
	    {"override", "changes no function of the kernel"},
	    {"debugf", "has no trace pipe"},
	};

	for (size_t i = 0; i < sizeof(kernel_only) / sizeof(kernel_only[0]); i++) {
		if (!x->u->opts->target.is_user_engine || strcmp(name, kernel_only[i].name) != 0)
			continue;
		infer_error(x, E_NEEDS_KERNEL, n->at, "%s needs the kernel: the user engine %s",
		            name, kernel_only[i].why);
		infer_hint(x, "run as root, or with CAP_BPF and CAP_PERFMON");
		return true;
	}
	return false;
}

const struct type *infer_builtin(struct infer *x, struct node *n)
{
	if (!n->builtin)
		n->builtin = builtin_find(n->name, &n->number);
	if (!n->builtin)
		return infer_error(x, E_UNKNOWN_NAME, n->at, "Unknown identifier: '%s'", n->name);
	if (infer_needs_kernel(x, n, n->builtin->name))
		return cast_unknown();
	if (!infer_check_place(x, n, n->name ? n->name : n->builtin->name, n->builtin->where) ||
	    !check_body(x, n))
		return cast_unknown();
	if (rows[n->builtin->id].size_b)
		return type_int(rows[n->builtin->id].size_b, false);
	return rows[n->builtin->id].type(x, n);
}
