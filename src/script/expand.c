/* Attach points to targets.
 *
 * In: probes as written, each with a list of attach points. Out: probes of one kind each, with the
 * targets that can share one program body. Most wildcards stay one probe, as the program is told
 * by a cookie which target fired; only where a value's type depends on the target (`args`, the
 * result of a fexit) does each target get a clone of the tree, since inference types it in place.
 * A predicate stays with its body. */
#include "script/stages.h"

#include "base/arena.h"
#include "script/builtins.h"

typedef vec(struct probe *) probe_vec;

struct expansion {
	struct unit *u;
	const struct script_config *config;
	struct probe_context cx;
	probe_vec probes; /* what comes out */
	size_t n_targets; /* in all of them */
};

/* Does the tree use this builtin anywhere? */
static bool uses_builtin(const struct node *n, enum builtin_id id)
{
	if (!n)
		return false;
	if (n->kind == NODE_BUILTIN && n->builtin && n->builtin->id == id)
		return true;
	if (uses_builtin(n->type_of, id))
		return true;
	for (uint32_t i = 0; i < n->n_args; i++)
		if (uses_builtin(n->args[i], id))
			return true;
	for (size_t i = 0; i < n->stmts.n; i++)
		if (uses_builtin(n->stmts.items[i], id))
			return true;
	return false;
}

static bool needs_clone_per_target(const struct probe *probe, enum probe_kind kind)
{
	bool by_args = W_ARGS & (1u << kind);

	return (by_args &&
	        (uses_builtin(probe->body, B_args) || uses_builtin(probe->predicate, B_args))) ||
	       (kind == PROBE_FEXIT &&
	        (uses_builtin(probe->body, B_retval) || uses_builtin(probe->predicate, B_retval)));
}

/* A copy of `probe` without targets. The first copy may have the tree itself. */
static struct probe *copy_probe(struct expansion *x, const struct probe *probe, bool *tree_is_used)
{
	struct probe *copy = arena_memdup(x->u->a, probe, sizeof(*probe));

	if (*tree_is_used) {
		copy->body = node_clone(x->u->a, probe->body);
		copy->predicate = node_clone(x->u->a, probe->predicate);
	}
	*tree_is_used = true;
	vec_push(x->u->a, &x->probes, copy);
	return copy;
}

static bool check_limits(struct expansion *x, const struct probe *probe)
{
	uint64_t max_probes = x->config->max_probes, max_programs = x->config->max_bpf_progs;

	if (x->n_targets > max_probes) {
		diag_error(x->u->diag, E_PROBE_LIMIT, probe->at,
		           "Can't attach to %zu probes because it exceeds the current limit of "
		           "%llu probes.",
		           x->n_targets, (unsigned long long)max_probes);
		diag_hint(x->u->diag, "raise it: config = { max_probes = %zu }", x->n_targets);
		return false;
	}
	if (x->probes.n > max_programs) {
		diag_error(x->u->diag, E_PROBE_LIMIT, probe->at,
		           "Your program is trying to generate more than %zu BPF programs, which "
		           "exceeds the current limit of %llu",
		           x->probes.n, (unsigned long long)max_programs);
		diag_hint(x->u->diag, "raise it: config = { max_bpf_progs = %zu }", x->probes.n);
		return false;
	}
	return true;
}

/* Would one more clone for each of `n` targets go beyond the limits? Asked before cloning, so that
 * `tracepoint:*:*` does not fill the memory first. */
static bool may_clone(struct expansion *x, const struct probe *probe, size_t n)
{
	size_t n_before = x->probes.n;
	bool is_good;

	x->probes.n += n;
	is_good = check_limits(x, probe);
	x->probes.n = n_before;
	return is_good;
}

static bool is_wanted(const struct script_options *o, const struct probe_target *t)
{
	if ((t->kind == PROBE_TEST && o->mode != SCRIPT_TEST) ||
	    (t->kind == PROBE_BENCH && o->mode != SCRIPT_BENCH))
		return false;
	return !o->probe_filter || !regexec(o->probe_filter, t->name, 0, NULL, 0);
}

/* Without those that this run is not about. */
static void drop_unwanted(const struct unit *u, probe_targets *targets)
{
	size_t n = 0;

	for (size_t i = 0; i < targets->n; i++)
		if (is_wanted(u->opts, &targets->items[i]))
			targets->items[n++] = targets->items[i];
	targets->n = n;
}

/* Share the targets out: one probe per kind, in the order in which the kinds turn up. */
static bool split(struct expansion *x, const struct probe *probe, const probe_targets *targets)
{
	struct probe *by_kind[PROBE_N] = {NULL};
	size_t n_by_kind[PROBE_N] = {0};
	bool tree_is_used = false;
	bool is_asked[PROBE_N] = {false}, is_alone[PROBE_N] = {false};

	vec_each (t, targets)
		n_by_kind[t->kind]++;
	vec_each (t, targets) {
		struct probe **home = &by_kind[t->kind];

		if (!is_asked[t->kind]) {
			is_asked[t->kind] = true;
			is_alone[t->kind] = needs_clone_per_target(probe, t->kind);
			if (is_alone[t->kind] && !may_clone(x, probe, n_by_kind[t->kind]))
				return false;
		}
		if (!*home || is_alone[t->kind]) {
			*home = copy_probe(x, probe, &tree_is_used);
			(*home)->kind = t->kind;
		}
		vec_push(x->u->a, &(*home)->targets, *t);
	}
	return check_limits(x, probe);
}

/* One that may be missing (missing_probes) is skipped. */
static bool check_engine(struct expansion *x, const struct attach_point *ap, bool *ret_skip)
{
	enum probe_kind kind = ap->n_parts ? probe_kind_find(ap->parts[0]) : PROBE_N;

	if (!x->cx.is_user_engine || !probe_kind_needs_kernel(kind))
		return true;
	*ret_skip = x->cx.missing != MISSING_ERROR;
	if (x->cx.missing == MISSING_WARN)
		diag_warn(x->u->diag, E_NEEDS_KERNEL, ap->at,
		          "%s needs the kernel's BPF. Skipping.", ap->text);
	if (*ret_skip)
		return true;
	diag_error(x->u->diag, E_NEEDS_KERNEL, ap->at, "%s needs the kernel's BPF", ap->text);
	diag_hint(x->u->diag, "run as root, or with CAP_BPF and CAP_PERFMON");
	return false;
}

static bool expand_probe(struct expansion *x, struct probe *probe)
{
	probe_targets targets = {0};
	bool is_good = true;

	vec_each (ap, &probe->points) {
		size_t first = targets.n;
		bool is_skipped = false;

		is_good &= check_engine(x, ap, &is_skipped) &&
		           (is_skipped || probe_expand(&x->cx, ap, &targets));
		for (size_t i = first; ap->label && i < targets.n; i++)
			targets.items[i].name = ap->label;
	}
	if (!is_good && !targets.n && diag_first_error(x->u->diag) == E_PROBE_NO_MATCH)
		diag_error(x->u->diag, E_PROBE_NO_MATCH, probe->at,
		           "Probe has no valid attach points. If this is expected, set the "
		           "'missing_probes' config variable to 'warn'.");
	drop_unwanted(x->u, &targets);
	x->n_targets += targets.n;
	return is_good && split(x, probe, &targets);
}

/* Reading it is the run: nothing else could happen in the meantime. */
static bool check_iterator(struct unit *u)
{
	vec_each (pp, &u->probes) {
		struct probe *p = *pp;
		bool is_iter = false;

		vec_each (ap, &p->points)
			is_iter |= ap->n_parts && probe_kind_find(ap->parts[0]) == PROBE_ITER;
		if (!is_iter)
			continue;
		if (p->points.n > 1)
			diag_error(u->diag, E_PROBE_PARTS, p->at,
			           "Only single iter attach point is allowed.");
		else if (u->probes.n > 1)
			diag_error(u->diag, E_PROBE_PARTS, p->at,
			           "An iter probe has to be the only probe of its program.");
		else
			continue;
		diag_hint(u->diag, "run one program for each iterator");
		return false;
	}
	return true;
}

bool script_expand(struct unit *u)
{
	const struct script_config *config = &u->opts->config;
	struct expansion x = {
	    .u = u,
	    .config = config,
	    .cx = {.a = u->a,
	           .types = u->types,
	           .diag = u->diag,
	           .traceable_functions = u->opts->traceable_functions,
	           .pid = u->opts->pid,
	           .symbols = u->symbols,
	           .has_child = u->opts->child_pid != 0,
	           .is_unsafe = u->opts->is_unsafe,
	           .is_user_engine = u->opts->target.is_user_engine,
	           .missing = (__typeof__(x.cx.missing))config->missing_probes,
	           .max_probes =
	               config->max_probes > UINT32_MAX ? UINT32_MAX : (uint32_t)config->max_probes},
	};
	bool is_good = check_iterator(u);

	if (!is_good)
		return false;
	vec_each (probe, &u->probes) {
		is_good &= expand_probe(&x, *probe);
		/* beyond a limit there is nothing more to learn */
		if (x.n_targets > config->max_probes || x.probes.n > config->max_bpf_progs)
			break;
	}
	u->probes.items = x.probes.items;
	u->probes.n = x.probes.n;
	u->probes.cap = x.probes.cap;
	return is_good;
}
