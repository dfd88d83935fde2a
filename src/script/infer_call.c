/* Inference of calls: one row of rules[] per function, what its arguments must be and what it
 * returns (spec 7). Counts of arguments, places and kinds (unsafe, ...) come from functions.def.
 *
 * An argument's kind is a letter:
 *   i  an integer (aggregations are reduced)      p  an integer or a pointer
 *   s  text: a string or an array of characters   m  bytes: pointer, integer, array or struct
 *   S  a string literal                           N  an integer literal, not negative
 *   t  what str() reads: an address or text       a  any value
 *   c  text, or a pointer to characters
 *   T  a pointer to a struct task_struct
 *   -  walked by the function itself (maps, bare words)
 * Behind the last letter, the last one goes on. */
#include <string.h>
#include <sys/stat.h>

#include "output/output.h"
#include "script/infer_rules.h"
#include "symbols/symbols.h"

struct rule {
	const char *args;
	/* The result's type once all arguments have one; NULL: none. */
	const struct type *(*result)(struct infer *x, struct node *n);
};

/* ---- what several need ---------------------------------------------------------------------- */

static const struct type *result_u64(struct infer *x, struct node *n)
{
	(void)x;
	(void)n;
	return type_int(8, false);
}

static const struct type *result_bool(struct infer *x, struct node *n)
{
	(void)x;
	(void)n;
	return type_bool();
}

static const struct type *result_s64(struct infer *x, struct node *n)
{
	(void)x;
	(void)n;
	return type_int(8, true);
}

static const struct type *result_inet(struct infer *x, struct node *n)
{
	(void)x;
	(void)n;
	return type_simple(TYPE_INET);
}

/* ---- formats -------------------------------------------------------------------------------- */

const struct type *infer_result_format(struct infer *x, struct node *n)
{
	uint32_t n_types = n->n_args - 1;
	const struct type **types = arena_array(x->a, const struct type *, n_types + 1);
	const char *mistake;

	if (!x->is_final)
		return type_none();
	for (uint32_t i = 0; i < n_types; i++)
		types[i] = n->args[i + 1]->type;
	mistake = output_check_format(x->a, n->args[0]->string, types, n_types);
	if (mistake)
		infer_error(x, E_FORMAT, n->at, "%s", mistake);
	return type_none();
}

/* print(@m [, top [, div]]) of a whole map, print(value) of anything else. */
static const struct type *result_print(struct infer *x, struct node *n)
{
	struct node *what = n->args[0];
	const struct type *t;
	bool is_map = what->kind == NODE_MAP && !what->n_args;

	if (is_map) {
		infer_map_whole(x, what, "print");
		t = what->type;
	} else {
		t = infer_value(x, &n->args[0]);
		what = n->args[0];
	}
	for (uint32_t i = 1; i < n->n_args; i++) {
		infer_value(x, &n->args[i]);
		if (!is_map)
			return infer_error(x, E_ARG_COUNT, n->at,
			                   "Only maps can be printed with top and div arguments");
		if (n->args[i]->kind != NODE_INT)
			return infer_error(x, E_ARG_KIND, n->args[i]->at,
			                   "print() expects an int literal (%s provided)",
			                   cast_kind_word(n->args[i]->type));
		if (cast_is_signed(n->args[i]->type) && (int64_t)n->args[i]->number < 0)
			return infer_error(x, E_ARG_KIND, n->args[i]->at,
			                   "print() expects a non-negative int literal");
	}
	if (cast_is_unknown(t))
		return type_none(); /* reported where it stands */
	if (t->kind == TYPE_NONE || t->kind == TYPE_VOID)
		return infer_error(x, E_ARG_KIND, what->at, "Unable to print %s",
		                   infer_type_text(x, t));
	return type_none();
}

/* ---- maps ----------------------------------------------------------------------------------- */

static const struct type *keyed_map(struct infer *x, struct node *n, struct infer_map **ret)
{
	struct infer_map *im = infer_map_whole(x, n->args[0], n->name);

	*ret = im;
	if (!im)
		return cast_unknown();
	if (im->has_shape && !im->m->is_keyed)
		return infer_error(x, E_MAP_USE, n->args[0]->at,
		                   "call to %s expects a map with explicit keys (non-scalar map)",
		                   n->name);
	im->has_shape = im->m->is_keyed = true;
	return type_bool();
}

static const struct type *result_has_key(struct infer *x, struct node *n)
{
	struct infer_map *im;
	const struct type *t = keyed_map(x, n, &im);

	if (im)
		infer_map_key(x, im, &n->args[1], n->args[1]->at);
	return t;
}

/* find(@m, k, $v): $v becomes the value, if there is one. */
static const struct type *result_find(struct infer *x, struct node *n)
{
	struct node *to = n->args[2];
	struct infer_map *im;
	const struct type *t = result_has_key(x, n), *value;
	struct infer_var *v;

	if (!to || to->kind != NODE_VAR)
		return infer_error(x, E_ARG_KIND, to->at,
		                   "find() expects a variable as its third argument");
	v = scope_find(x, to);
	if (!v)
		v = scope_declare(x, to);
	to->var = &v->v;
	v->is_assigned = v->is_ever_assigned = true;
	im = n->args[0]->kind == NODE_MAP ? infer_map_named(x, n->args[0]) : NULL;
	if (!im || cast_is_unknown(im->m->value))
		return t;
	value = im->m->value;
	if (type_is_castable_agg(value))
		value = cast_agg_result(value);
	if (type_is_agg(value))
		return infer_error(x, E_MAP_USE, n->args[0]->at,
		                   "Map value '%s' cannot be assigned from a map to a scratch "
		                   "variable.",
		                   infer_type_text(x, value));
	if (value->kind == TYPE_PTR && value->as == AS_BTF) /* it comes back as a plain number */
		value = type_ptr(x->a, value->elem, AS_KERNEL);
	if (!scope_join(x, v, value))
		return infer_error(x, E_TYPE_MISMATCH, to->at,
		                   "Type mismatch for %s: trying to assign value of type '%s' when "
		                   "variable already has a type '%s'",
		                   to->name, infer_type_text(x, value),
		                   infer_type_text(x, scope_type(v)));
	to->type = cast_settled(scope_type(v));
	return t;
}

/* is_scalar(@m): what the uses of the map have made it, all over the script. */
static const struct type *result_is_scalar(struct infer *x, struct node *n)
{
	struct infer_map *im = infer_map_whole(x, n->args[0], n->name);

	if (im && x->is_final)
		infer_set_int(n, !im->m->is_keyed, type_bool());
	return type_bool();
}

/* delete(@m, k), delete(@m[k]), delete(@scalar) */
static const struct type *result_delete(struct infer *x, struct node *n)
{
	struct node *what = n->args[0];

	if (n->n_args > 1 && n->args[1]->kind == NODE_MAP && what->kind == NODE_MAP && what->n_args)
		return infer_error(x, E_ARG_KIND, n->at,
		                   "delete() expects a map and a key, or one map element");
	if (n->n_args > 1)
		return result_has_key(x, n);
	if (what->kind != NODE_MAP) {
		infer_expr(x, what);
		return infer_error(x, E_ARG_KIND, what->at,
		                   "delete() expects a map to be provided");
	}
	infer_map_read(x, what);
	return type_bool();
}

static const struct type *result_whole_map(struct infer *x, struct node *n)
{
	infer_map_whole(x, n->args[0], n->name);
	return type_none();
}

static const struct type *result_len(struct infer *x, struct node *n)
{
	struct node *what = n->args[0];
	const struct type *t;

	if (what->kind == NODE_MAP && !what->n_args) {
		struct infer_map *im = infer_map_named(x, what);
		bool is_stack =
		    im->m->value->kind == TYPE_KSTACK || im->m->value->kind == TYPE_USTACK;

		if (!(im->has_shape && !im->m->is_keyed && is_stack)) {
			keyed_map(x, n, &im);
			return type_int(8, true);
		}
	}
	t = infer_expr(x, what);
	if (!cast_is_unknown(t) && t->kind != TYPE_KSTACK && t->kind != TYPE_USTACK)
		return infer_error(x, E_ARG_KIND, what->at,
		                   "len() expects a map or stack to be provided");
	return type_int(8, true);
}

/* ---- addresses, names ----------------------------------------------------------------------- */

static const struct type *result_bswap(struct infer *x, struct node *n)
{
	const struct type *t = n->args[0]->type;

	(void)x;
	return type_int(t->size_b ? t->size_b : 8, false);
}

static const struct type *result_space(struct infer *x, struct node *n)
{
	const struct type *t = n->args[0]->type;
	enum addr_space as = n->function->id == F_kptr ? AS_KERNEL : AS_USER;

	return type_ptr(x->a, t->kind == TYPE_PTR ? t->elem : type_void(), as);
}

static const struct type *result_sym(struct infer *x, struct node *n)
{
	(void)x;
	return type_simple(n->function->id == F_ksym ? TYPE_KSYM : TYPE_USYM);
}

/* Bytes that are at hand, as many as they are. */
static bool has_size(const struct type *t)
{
	return t->kind == TYPE_ARRAY || t->kind == TYPE_STRUCT || t->kind == TYPE_UNION;
}

static const struct type *result_ntop(struct infer *x, struct node *n)
{
	enum { IPV4_B = 4, IPV6_B = 16 };
	const struct node *address = n->args[n->n_args - 1];
	const struct type *t = address->type;

	if (n->n_args > 1 && !cast_is_number(n->args[0]->type))
		return infer_error(x, E_ARG_KIND, n->args[0]->at,
		                   "ntop() only supports int arguments (%s provided)",
		                   cast_kind_word(n->args[0]->type));
	if (t->kind == TYPE_STRING)
		return infer_error(x, E_ARG_KIND, address->at,
		                   "ntop() only supports int, pointer or array arguments (string "
		                   "provided)");
	if (has_size(t) && t->size_b != IPV4_B && t->size_b != IPV6_B)
		return infer_error(x, E_ARG_KIND, address->at,
		                   "ntop() argument must be 4 or 16 bytes in size");
	return result_inet(x, n);
}

static const struct type *result_macaddr(struct infer *x, struct node *n)
{
	enum { MAC_B = 6 };
	const struct type *t = n->args[0]->type;

	if (t->kind == TYPE_STRING)
		return infer_error(x, E_ARG_KIND, n->args[0]->at,
		                   "macaddr() only supports int, pointer or array arguments "
		                   "(string provided)");
	if (has_size(t) && t->size_b != MAC_B)
		return infer_error(x, E_ARG_KIND, n->args[0]->at,
		                   "macaddr() argument must be 6 bytes in size");
	return type_simple(TYPE_MAC);
}

static const struct type *result_pton(struct infer *x, struct node *n)
{
	enum { IPV4_B = 4, IPV6_B = 16 };
	bool is_v6 = strchr(n->args[0]->string, ':');

	return type_array(x->a, type_int(1, false), is_v6 ? IPV6_B : IPV4_B);
}

/* A pointer as wide as the symbol of the traced program, if its table tells. */
static const struct type *result_uaddr(struct infer *x, struct node *n)
{
	const char *path = x->p->targets.n ? x->p->targets.items[0].path : NULL;
	struct elf_symbol symbol = {0};
	uint32_t size_b = 8;

	if (path) {
		if (symbols_elf_find(x->u->symbols, path, n->args[0]->string, &symbol) &&
		    (symbol.size_b == 1 || symbol.size_b == 2 || symbol.size_b == 4))
			size_b = (uint32_t)symbol.size_b;
	}
	return type_ptr(x->a, type_int(size_b, false), AS_USER);
}

/* What a compiled script cannot keep: it is true until the next boot. */
static bool check_is_lasting(struct infer *x, const struct node *n)
{
	if (!x->u->opts->is_kept)
		return true;
	infer_error(x, E_UNSUPPORTED, n->at,
	            "%s() cannot be used with --aot: its value changes with each boot", n->name);
	return false;
}

static const struct type *result_kaddr(struct infer *x, struct node *n)
{
	return check_is_lasting(x, n) ? type_int(8, false) : cast_unknown();
}

/* cgroupid("path"), inode("path"): the number is known now, and does not depend on anything. */
static const struct type *file_number(struct infer *x, struct node *n, const char *what)
{
	struct stat st;

	if (!check_is_lasting(x, n))
		return cast_unknown();
	if (stat(n->args[0]->string, &st))
		return infer_error(x, E_UNKNOWN_NAME, n->args[0]->at,
		                   "Failed to look up %s of '%s'", what, n->args[0]->string);
	infer_set_int(n, st.st_ino, type_int(8, false));
	return n->type;
}

static const struct type *result_cgroupid(struct infer *x, struct node *n)
{
	return file_number(x, n, "cgroup id");
}

static const struct type *result_inode(struct infer *x, struct node *n)
{
	return file_number(x, n, "inode number");
}

static const struct type *result_cgroup_path(struct infer *x, struct node *n)
{
	(void)x;
	(void)n;
	return type_simple(TYPE_CGROUP_PATH);
}

/* exit([code]): the body of a for is a function of its own, the probe can't be left from there. */
static const struct type *result_exit(struct infer *x, struct node *n)
{
	if (x->fn)
		infer_error(x, E_JUMP, n->at, "exit() is not allowed in a function");
	if (x->body_level)
		infer_error(x, E_JUMP, n->at, "exit() is not allowed inside a for loop");
	return type_none();
}

static const struct type *result_signal(struct infer *x, struct node *n)
{
	enum { LAST_SIGNAL = 64 };
	const struct node *what = n->args[0];
	const struct type *t = what->type;

	if (what->kind == NODE_INT && (what->number < 1 || what->number > LAST_SIGNAL))
		return infer_error(x, E_ARG_KIND, what->at, "signal %lld is not in range [1, %d]",
		                   (long long)what->number, LAST_SIGNAL);
	if (what->kind != NODE_STRING && !cast_is_number(t))
		return infer_error(x, E_ARG_KIND, what->at,
		                   "%s() only accepts string literals or integers (%s provided)",
		                   n->name, cast_kind_word(t));
	return type_none();
}

static const struct type *result_skboutput(struct infer *x, struct node *n)
{
	const struct node *skb = n->args[1];
	const struct type *to = skb->type->kind == TYPE_PTR ? type_strip(skb->type->elem) : NULL;

	if (!to || to->kind != TYPE_STRUCT || !to->name || strcmp(to->name, "sk_buff") != 0)
		return infer_error(x, E_ARG_KIND, skb->at,
		                   "skboutput() only supports struct sk_buff * arguments (%s "
		                   "provided)",
		                   infer_type_text(x, skb->type));
	return type_int(4, false);
}

/* ---- bare words ----------------------------------------------------------------------------- */

/* A word of a list, given as an identifier (or as a builtin of the same name); -1: none of them. */
static int word_index(const struct node *n, const char *const *words)
{
	if ((n->kind != NODE_IDENT && n->kind != NODE_BUILTIN) || !n->name)
		return -1;
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], n->name))
			return i;
	return -1;
}

static const struct type *result_nsecs(struct infer *x, struct node *n)
{
	static const char *const clocks[] = {"boot", "monotonic", "tai", "sw_tai", NULL};

	if (n->n_args && word_index(n->args[0], clocks) < 0)
		return infer_error(x, E_ARG_KIND, n->args[0]->at, "Invalid timestamp mode: %s",
		                   n->args[0]->name ? n->args[0]->name : "not a name");
	return type_int(8, false);
}

static const struct type *result_pid(struct infer *x, struct node *n)
{
	static const char *const spaces[] = {"curr_ns", "init", NULL};

	if (n->n_args && word_index(n->args[0], spaces) < 0)
		return infer_error(x, E_ARG_KIND, n->args[0]->at,
		                   "Invalid PID namespace mode: %s (expects: curr_ns or init)",
		                   n->args[0]->name ? n->args[0]->name : "not a name");
	return type_int(4, false);
}

/* kstack([mode,] [limit]) */
static const struct type *result_stack(struct infer *x, struct node *n)
{
	static const char *const modes[] = {"bpftrace", "perf", "raw", "build_id", NULL};
	enum { DEFAULT_DEPTH = 127, MOST_DEPTH = 1024 };
	bool is_unwound = n->function->id == F_dw_ustack;
	bool is_user = is_unwound || n->function->id == F_ustack;
	int mode = x->config->stack_mode;
	uint64_t depth = DEFAULT_DEPTH;

	for (uint32_t i = 0; i < n->n_args; i++) {
		struct node *a = n->args[i];

		if (!i && (n->n_args == 2 || word_index(a, modes) >= 0 || a->kind == NODE_IDENT)) {
			mode = word_index(a, modes);
			if (mode < 0 && a->kind == NODE_IDENT && n->n_args == 1) {
				const struct type *t = infer_expr(x, a); /* a constant's name? */

				if (a->kind != NODE_INT && cast_is_unknown(t))
					infer_hint(
					    x, "the modes are bpftrace, perf, raw and build_id");
				if (a->kind != NODE_INT)
					return cast_unknown();
				mode = x->config->stack_mode;
				depth = a->number;
			}
			if (mode < 0 && n->n_args == 2 && word_index(n->args[1], modes) >= 0)
				return infer_error(x, E_ARG_KIND, n->at,
				                   "%s() takes the mode first, then the limit",
				                   n->name);
			if (mode < 0)
				return infer_error(x, E_ARG_KIND, a->at, "Invalid stack mode: %s",
				                   a->name ? a->name : "not a name");
			continue;
		}
		infer_value(x, &n->args[i]);
		a = n->args[i];
		if (a->kind != NODE_INT)
			return infer_error(x, E_ARG_KIND, a->at,
			                   "%s() expects an int literal (%s provided)", n->name,
			                   cast_kind_word(a->type));
		depth = a->number;
	}
	if (is_unwound && !infer_gate_dw_ustack(x, n))
		return cast_unknown();
	if (mode == STACK_BUILD_ID && (!is_user || is_unwound))
		return infer_error(x, E_ARG_KIND, n->at, "build_id stack mode is only for ustack");
	if (mode == STACK_BUILD_ID && infer_needs_kernel(x, n, "ustack(build_id)"))
		return cast_unknown();
	if (depth < 1 || depth > MOST_DEPTH)
		return infer_error(x, E_LIMIT, n->at, "%s() limit must be 1..%d (%lld provided)",
		                   n->name, MOST_DEPTH, (long long)depth);
	return type_stack(x->a, is_user, (enum stack_mode)mode, (uint32_t)depth);
}

/* ---- the table ------------------------------------------------------------------------------ */

static const struct rule rules[F_N] = {
    /* clang-format off */
	[F_avg]         = {"i", infer_result_agg},
	[F_bswap]       = {"i", result_bswap},
	[F_buf]         = {"mi", infer_result_buf},
	[F_cat]         = {"Sa", infer_result_format},
	[F_cgroup_path] = {"iS", result_cgroup_path},
	[F_cgroupid]    = {"S", result_cgroupid},
	[F_inode]       = {"S", result_inode},
	[F_clear]       = {"-", result_whole_map},
	[F_comm]        = {"i", infer_result_comm},
	[F_contains]    = {"-", infer_result_contains},
	[F_count]       = {"", infer_result_agg},
	[F_debugf]      = {"Sa", infer_result_debugf},
	[F_delete]      = {"-", result_delete},
	[F_errorf]      = {"Sa", infer_result_format},
	[F_exit]        = {"i", result_exit},
	[F_fail]        = {"Sa", infer_fail},
	[F_find]        = {"-", result_find},
	[F_format]      = {"Sa", infer_result_field_text},
	[F_getopt]      = {"S-S", infer_result_getopt},
	[F_given]       = {"-", infer_result_given},
	[F_has_field]   = {"-", infer_has_field},
	[F_has_key]     = {"-", result_has_key},
	[F_hist]        = {"iN", infer_result_hist},
	[F_in_cgroup]   = {"S", infer_result_in_cgroup},
	[F_is_array]    = {"-", infer_type_test},
	[F_is_integer]  = {"-", infer_type_test},
	[F_is_literal]  = {"-", infer_type_test},
	[F_is_ptr]      = {"-", infer_type_test},
	[F_is_scalar]   = {"-", result_is_scalar},
	[F_is_str]      = {"-", infer_type_test},
	[F_is_unsigned_integer] = {"-", infer_type_test},
	[F_join]        = {"pS", NULL},
	[F_kfunc_allowed] = {"S", infer_result_kfunc_allowed},
	[F_kfunc_exist] = {"S", infer_result_kfunc_exist},
	[F_kaddr]       = {"S", result_kaddr},
	[F_kptr]        = {"p", result_space},
	[F_dw_ustack]   = {"-", result_stack},
	[F_kstack]      = {"-", result_stack},
	[F_ksym]        = {"p", result_sym},
	[F_kstr]        = {"ti", infer_result_str},
	[F_leader_comm] = {"T", infer_result_comm},
	[F_leader_tid]  = {"T", infer_result_task_id},
	[F_len]         = {"-", result_len},
	[F_lhist]       = {"iNNN", infer_result_lhist},
	[F_macaddr]     = {"m", result_macaddr},
	[F_max]         = {"i", infer_result_agg},
	[F_memcmp]      = {"mmN", infer_result_memcmp},
	[F_min]         = {"i", infer_result_agg},
	[F_nsecs]       = {"-", result_nsecs},
	[F_ntop]        = {"mm", result_ntop},
	[F_override]    = {"i", infer_result_override},
	[F_path]        = {"aN", infer_result_path},
	[F_pcomm]       = {"T", infer_result_comm},
	[F_percpu_kaddr] = {"Si", infer_result_percpu_kaddr},
	[F_pid]         = {"-", result_pid},
	[F_ppid]        = {"T", infer_result_task_id},
	[F_pinned_has]  = {"Si", infer_result_pinned_has},
	[F_print]       = {"-", result_print},
	[F_printf]      = {"Sa", infer_result_format},
	[F_probe_exists] = {"S", infer_probe_exists},
	[F_pton]        = {"S", result_pton},
	[F_reg]         = {"S", result_u64},
	[F_signal]      = {"a", result_signal},
	[F_signal_name] = {"i", infer_result_signal_name},
	[F_signal_thread] = {"a", result_signal},
	[F_skboutput]   = {"Saii", result_skboutput},
	[F_socket_cookie] = {"a", infer_result_socket_cookie},
	[F_stats]       = {"i", infer_result_agg},
	[F_str]         = {"ti", infer_result_str},
	[F_str_concat]  = {"cc", infer_result_str_concat},
	[F_strcap]      = {"c", infer_result_strcap},
	[F_strcontains] = {"cc", result_bool},
	[F_strerror]    = {"i", infer_result_strerror},
	[F_strftime]    = {"Si", infer_result_timestamp},
	[F_strlen]      = {"c", infer_result_strlen},
	[F_strncmp]     = {"ccN", result_u64},
	[F_strstr]      = {"cc", result_s64},
	[F_sum]         = {"i", infer_result_agg},
	[F_syscall_name] = {"i", infer_result_syscall_name},
	[F_system]      = {"Sa", infer_result_format},
	[F_tid]         = {"-", result_pid},
	[F_time]        = {"S", NULL},
	[F_tseries]     = {"iNNS", infer_result_tseries},
	[F_uaddr]       = {"S", result_uaddr},
	[F_uptr]        = {"p", result_space},
	[F_ustack]      = {"-", result_stack},
	[F_usym]        = {"p", result_sym},
	[F_unwatch]     = {"p", NULL},
	[F_warnf]       = {"Sa", infer_result_format},
	[F_write_user]  = {"pmN", infer_result_write_user},
	[F_zero]        = {"-", result_whole_map},
    /* clang-format on */
};

/* ---- arguments ------------------------------------------------------------------------------ */

static bool only_supports(struct infer *x, const struct node *n, const struct node *a,
                          const char *what)
{
	infer_error(x, E_ARG_KIND, a->at, "%s() only supports %s arguments (%s provided)", n->name,
	            what, cast_kind_word(a->type));
	return false;
}

static bool expects(struct infer *x, const struct node *n, const struct node *a, const char *what)
{
	infer_error(x, E_ARG_KIND, a->at, "%s() expects %s (%s provided)", n->name, what,
	            cast_kind_word(a->type));
	return false;
}

/* The letters below; false: reported, or not known yet. */
static bool check_int(struct infer *x, struct node *n, uint32_t i)
{
	const struct type *t = infer_value(x, &n->args[i]);

	if (cast_is_unknown(t))
		return false;
	return cast_is_number(t) || only_supports(x, n, n->args[i], "int");
}

static bool check_address(struct infer *x, struct node *n, uint32_t i)
{
	const struct type *t = infer_expr(x, n->args[i]);

	if (type_is_castable_agg(t))
		t = infer_decay(x, &n->args[i]);
	if (cast_is_unknown(t))
		return false;
	return cast_is_number(t) || t->kind == TYPE_PTR || t->kind == TYPE_KSYM ||
	       only_supports(x, n, n->args[i], "int or pointer");
}

/* A parameter's text from an offset on, `$1 + 2`, number or not. */
static bool is_param_tail(const struct node *n)
{
	const struct node *from = n->kind == NODE_BINARY && n->op == OP_ADD ? n->args[0] : NULL;

	return from && from->is_param && from->string && n->args[1]->kind == NODE_INT;
}

static void take_param_tail(struct infer *x, struct node *n)
{
	const char *text = n->args[0]->string;
	uint64_t skip_b = n->args[1]->number;
	size_t len_b = strlen(text);

	text += skip_b < len_b ? skip_b : len_b;
	infer_set_string(x, n, text, (uint32_t)strlen(text));
}

/* What str() takes: an address, or text that is at hand. */
static bool check_readable(struct infer *x, struct node *n, uint32_t i)
{
	const struct type *t;

	if (is_param_tail(n->args[i]))
		take_param_tail(x, n->args[i]);
	/* A parameter may be longer than a literal: str() cuts it. */
	if (n->args[i]->kind == NODE_STRING)
		return true;
	t = infer_expr(x, n->args[i]);
	if (type_is_castable_agg(t))
		t = infer_decay(x, &n->args[i]);
	if (cast_is_unknown(t))
		return false;
	if (cast_is_number(t) || t->kind == TYPE_PTR || t->kind == TYPE_ARRAY ||
	    t->kind == TYPE_STRING)
		return true;
	infer_error(x, E_ARG_KIND, n->args[i]->at,
	            "%s() expects an integer or a pointer type as first argument (%s provided)",
	            n->name, cast_kind_word(t));
	return false;
}

static bool check_bytes(struct infer *x, struct node *n, uint32_t i)
{
	const struct type *t = infer_expr(x, n->args[i]);

	if (type_is_castable_agg(t))
		t = infer_decay(x, &n->args[i]);
	if (cast_is_unknown(t))
		return false;
	return cast_is_number(t) || t->kind == TYPE_PTR || t->kind == TYPE_ARRAY ||
	       t->kind == TYPE_STRUCT || t->kind == TYPE_UNION || t->kind == TYPE_STRING ||
	       only_supports(x, n, n->args[i], "int, pointer or array");
}

static bool check_text(struct infer *x, struct node *n, uint32_t i)
{
	const struct type *t = infer_value(x, &n->args[i]);

	if (cast_is_unknown(t))
		return false;
	if (t->kind == TYPE_ARRAY && t->n_elems && type_strip(t->elem)->kind == TYPE_INT &&
	    type_strip(t->elem)->size_b == 1) {
		infer_convert(x, &n->args[i], type_string(x->a, t->n_elems));
		return true;
	}
	return t->kind == TYPE_STRING || only_supports(x, n, n->args[i], "string");
}

static bool check_string_literal(struct infer *x, struct node *n, uint32_t i)
{
	struct node *a = n->args[i];

	/* Not walked if it is one: formats and paths may be longer than other strings. */
	if (a->kind == NODE_STRING) {
		if (!a->type)
			a->type = type_string(x->a, a->string_len_b + 1);
		return true;
	}
	if (cast_is_unknown(infer_expr(x, a)))
		return false;
	a = n->args[i];
	return a->kind == NODE_STRING || expects(x, n, a, "a string literal");
}

static bool check_int_literal(struct infer *x, struct node *n, uint32_t i)
{
	const struct type *t = infer_value(x, &n->args[i]);
	const struct node *a = n->args[i];

	if (cast_is_unknown(t))
		return false;
	if (a->kind != NODE_INT)
		return expects(x, n, a, "an int literal");
	if (cast_is_signed(t) && (int64_t)a->number < 0) {
		infer_error(x, E_ARG_KIND, a->at,
		            "%s() expects a non-negative int literal (%lld provided)", n->name,
		            (long long)a->number);
		return false;
	}
	return true;
}

static bool check_any(struct infer *x, struct node *n, uint32_t i)
{
	return !cast_is_unknown(infer_value(x, &n->args[i]));
}

static const struct {
	char letter;
	bool (*check)(struct infer *x, struct node *n, uint32_t i);
} kinds[] = {
    {'i', check_int},   {'p', check_address},        {'t', check_readable},
    {'m', check_bytes}, {'s', check_text},           {'c', infer_c_string},
    {'T', infer_task},  {'S', check_string_literal}, {'N', check_int_literal},
    {'a', check_any},
};

static bool check_argument(struct infer *x, struct node *n, uint32_t i, char letter)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		if (kinds[k].letter == letter)
			return kinds[k].check(x, n, i);
	return true; /* '-': walked by the function itself */
}

static bool check_arguments(struct infer *x, struct node *n, const struct rule *rule)
{
	size_t n_letters = strlen(rule->args);
	bool ok = true;

	for (uint32_t i = 0; i < n->n_args; i++) {
		size_t at = i < n_letters ? i : n_letters ? n_letters - 1 : 0;

		ok &= check_argument(x, n, i, n_letters ? rule->args[at] : 'a');
	}
	return ok;
}

/* ---- counts, places ------------------------------------------------------------------------- */

const char *infer_count_text(struct infer *x, uint32_t n)
{
	return n == 1 ? "one argument" : arena_printf(x->a, "%u arguments", n);
}

bool infer_check_count(struct infer *x, const struct node *n, uint32_t fewest, uint32_t most)
{
	if (n->n_args >= fewest && n->n_args <= most)
		return true;
	if (!most)
		infer_error(x, E_ARG_COUNT, n->at, "%s() requires no arguments (%u provided)",
		            n->name, n->n_args);
	else if (fewest == most)
		infer_error(x, E_ARG_COUNT, n->at, "%s() requires %s (%u provided)", n->name,
		            infer_count_text(x, fewest), n->n_args);
	else if (n->n_args < fewest)
		infer_error(x, E_ARG_COUNT, n->at, "%s() requires at least %s (%u provided)",
		            n->name, infer_count_text(x, fewest), n->n_args);
	else
		infer_error(x, E_ARG_COUNT, n->at, "%s() takes up to %s (%u provided)", n->name,
		            infer_count_text(x, most), n->n_args);
	return false;
}

static bool check_unsafe(struct infer *x, struct node *n)
{
	if (!(n->function->kind & KIND_U) || x->u->opts->is_unsafe)
		return true;
	if (n->function->id == F_override)
		infer_error(x, E_UNSAFE, n->at,
		            "override() is unsafe. To use you need the --unsafe flag");
	else
		infer_error(x, E_UNSAFE, n->at,
		            "%s() is an unsafe function being used in safe mode", n->name);
	infer_hint(x, "use --unsafe to allow it");
	return false;
}

static const struct type *unknown_function(struct infer *x, struct node *n)
{
	struct diag_guess g = {.word = n->name};
	uint64_t number;

	if (infer_becomes_kernel_call(x, n))
		return infer_expr(x, n);
	for (uint32_t i = 0; i < n->n_args; i++)
		if (n->args[i]->kind != NODE_MAP || n->args[i]->n_args)
			infer_value(x, &n->args[i]);
	if (builtin_find(n->name, &number))
		return infer_error(x, E_ARG_COUNT, n->at,
		                   "%s() requires no arguments (%u provided)", n->name, n->n_args);
	if (infer_object_has_other(x, n))
		return cast_unknown();
	infer_error(x, E_UNKNOWN_NAME, n->at, "Unknown function: '%s'", n->name);
	infer_guess_object_fn(x, &g);
	for (uint32_t i = 0; function_row(i); i++)
		diag_nearest(&g, function_row(i)->name);
	infer_hint_kernel_call(x, n, &g);
	return cast_unknown();
}

/* The call as such, wherever it stands. */
static const struct type *call(struct infer *x, struct node *n)
{
	const struct rule *rule;
	uint64_t number;

	if (!n->n_args && builtin_find(n->name, &number)) {
		n->kind = NODE_BUILTIN;
		return infer_expr(x, n);
	}
	if (!n->function)
		n->function = function_find(n->name);
	if (!n->function)
		return unknown_function(x, n);
	rule = &rules[n->function->id];
	if (infer_needs_kernel(x, n, n->function->name))
		return cast_unknown();
	if (!infer_check_count(x, n, n->function->fewest_args, n->function->most_args) ||
	    !check_unsafe(x, n) || !infer_check_place(x, n, n->name, n->function->where))
		return cast_unknown();
	if (!check_arguments(x, n, rule)) {
		/* Emissions have no type to wait for. */
		return x->is_final || !(n->function->kind & KIND_A) ? cast_unknown() : type_none();
	}
	return rule->result ? rule->result(x, n) : type_none();
}

const struct type *infer_call(struct infer *x, struct node *n)
{
	const struct type *t = call(x, n);

	if (n->kind == NODE_CALL && n->function && n->function->kind & KIND_G &&
	    !cast_is_unknown(t))
		return infer_error(x, E_MAP_USE, n->at, "%s() must be assigned directly to a map",
		                   n->name);
	return t;
}

const struct type *infer_aggregation(struct infer *x, struct node *n)
{
	const struct type *t;

	if (n->kind != NODE_CALL)
		return NULL;
	if (!n->function)
		n->function = function_find(n->name);
	if (!n->function || !(n->function->kind & KIND_G))
		return NULL;
	n->is_statement_value_used = true;
	t = call(x, n);
	n->type = t;
	return t;
}
