/* Macro calls to what they stand for (spec 5.4).
 *
 * In: the parsed tree, u->macros. Out: the same tree with every macro call replaced by a copy of
 * the macro's body: a block, or its result alone if it has no statements.
 *
 * Three kinds of parameter. `$v` and `@m` are names: the body's uses get the caller's. A plain name
 * is a tree that is copied to each use. A variable that is no parameter is the macro's own: its
 * `binding` is a name no script can spell. Every copied node remembers its call (`origin`), for
 * messages; arguments keep the origin they came with.
 *
 * Arguments are expanded before they are copied, where they stand, so that a macro may be called
 * in the arguments of its own call without being recursive. */
#include "script/macro.h"

#include <string.h>

#include "base/arena.h"
#include "script/builtins.h"
#include "script/stages.h"
#include "script/stdlib.h"

enum {
	MOST_NODES = 1 << 20, /* of all copies */
	DEEPEST = 4000,       /* later stages recurse over the tree */
};

struct expander {
	struct unit *u;
	const struct origin *origin; /* of the node being walked */
	size_t n_nodes;
	uint32_t depth, n_expansions;
	bool is_stopped; /* beyond a limit */
};

/* One call being copied. */
struct copying {
	struct expander *x;
	const struct macro *macro;
	struct node *const *args; /* as many as the macro has parameters */
	const struct origin *origin;
	uint32_t number;
};

static void add_origin_contexts(struct diag *d, const struct origin *origin)
{
	for (; origin; origin = origin->outer)
		diag_context(d, origin->call, "expanded from");
}

/* ---- copying a body ------------------------------------------------------------------------- */

static struct node *find_argument(const struct copying *c, enum macro_param_kind kind,
                                  const char *name, size_t len_b)
{
	for (size_t i = 0; i < c->macro->params.n; i++) {
		const struct macro_param *param = &c->macro->params.items[i];

		if (param->kind == kind && strlen(param->name) == len_b &&
		    !memcmp(param->name, name, len_b))
			return c->args[i];
	}
	return NULL;
}

static struct node *argument(const struct copying *c, enum macro_param_kind kind, const char *name)
{
	return name ? find_argument(c, kind, name, strlen(name)) : NULL;
}

/* $v: the caller's variable, or one of the macro's own. */
static void bind_variable(const struct copying *c, struct node *n)
{
	const struct node *arg = argument(c, MACRO_VAR, n->name);

	if (arg) {
		n->name = arg->name;
		n->binding = arg->binding;
	} else {
		n->binding = arena_printf(c->x->u->a, "%s#%u", n->name, c->number);
	}
}

static bool is_word_byte(char ch)
{
	return ch == '_' || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
	       (ch >= '0' && ch <= '9');
}

/* A type's name that is a parameter: its argument takes its place, `*` and `[n]` stay. With a
 * value for an argument, `sizeof(e)` is about that value. */
static void bind_type(const struct copying *c, struct node *n)
{
	struct arena *a = c->x->u->a;
	const struct node *arg;
	size_t len_b = 0;

	while (is_word_byte(n->type_text[len_b]))
		len_b++;
	arg = len_b ? find_argument(c, MACRO_EXPR, n->type_text, len_b) : NULL;
	if (!arg)
		return;
	if (arg->kind == NODE_IDENT || (arg->kind == NODE_BUILTIN && n->kind == NODE_CAST)) {
		n->type_text = arena_printf(a, "%s%s", arg->name, n->type_text + len_b);
	} else if (arg->kind == NODE_TYPE || n->kind == NODE_CAST || n->kind == NODE_LET ||
	           n->type_text[len_b]) {
		struct node *of = node_clone(a, arg);

		if (arg->kind != NODE_TYPE) {
			of = node_new(a, NODE_TYPE, arg->at);
			of->args = arena_array(a, struct node *, 3);
			of->args[0] = node_clone(a, arg);
			of->n_args = 1;
		}
		n->type_of = of;
		n->type_text += len_b + (n->type_text[len_b] == ' ');
	} else {
		n->type_text = NULL;
		n->args[0] = node_clone(a, arg);
		n->n_args = 1;
	}
}

/* offsetof's path may begin with a parameter that names a member. */
static const char *member_path(struct arena *a, const struct node *n)
{
	const char *base;

	if (n->kind == NODE_IDENT || (n->kind == NODE_BUILTIN && !n->n_args))
		return n->name;
	if (n->kind != NODE_FIELD || !n->name)
		return NULL;
	base = member_path(a, n->args[0]);
	return base ? arena_printf(a, "%s.%s", base, n->name) : NULL;
}

static void bind_path(const struct copying *c, struct node *n)
{
	size_t len_b = strcspn(n->name, ".");
	const struct node *arg = find_argument(c, MACRO_EXPR, n->name, len_b);
	const char *path = arg ? member_path(c->x->u->a, arg) : NULL;

	if (path)
		n->name = arena_printf(c->x->u->a, "%s%s", path, n->name + len_b);
}

static struct node *copy_node(const struct copying *c, const struct node *n)
{
	struct arena *a = c->x->u->a;
	const struct node *arg;
	struct node *copy;

	if (!n || c->x->is_stopped)
		return NULL;
	if ((n->kind == NODE_IDENT || (n->kind == NODE_BUILTIN && !n->n_args)) &&
	    (arg = argument(c, MACRO_EXPR, n->name)) != NULL)
		return node_clone(a, arg);
	copy = arena_memdup(a, n, sizeof(*n));
	copy->origin = c->origin;
	copy->args = arena_array(a, struct node *, n->n_args < 3 ? 3 : n->n_args);
	for (uint32_t i = 0; i < n->n_args; i++)
		copy->args[i] = copy_node(c, n->args[i]);
	copy->type_of = copy_node(c, n->type_of);
	memset(&copy->stmts, 0, sizeof(copy->stmts));
	vec_reserve(a, &copy->stmts, n->stmts.n);
	for (size_t i = 0; i < n->stmts.n; i++)
		vec_push(a, &copy->stmts, copy_node(c, n->stmts.items[i]));
	switch (n->kind) {
	case NODE_VAR:
	case NODE_LET:
	case NODE_FOR_MAP:
	case NODE_FOR_RANGE:
		bind_variable(c, copy);
		break;
	case NODE_MAP:
		arg = argument(c, MACRO_MAP, n->name);
		if (arg)
			copy->name = arg->name;
		break;
	case NODE_OFFSETOF:
		bind_path(c, copy);
		break;
	default:
		break;
	}
	if (copy->type_text && !copy->type_of)
		bind_type(c, copy);
	return copy;
}

/* ---- which macro ---------------------------------------------------------------------------- */

/* How well the arguments fit: 0 not at all, else more for closer kinds. */
static unsigned fit(const struct macro *m, const struct node *call)
{
	unsigned score = 1;

	if (m->params.n != call->n_args)
		return 0;
	for (uint32_t i = 0; i < call->n_args; i++) {
		const struct node *arg = call->args[i];

		switch (m->params.items[i].kind) {
		case MACRO_VAR:
			if (arg->kind != NODE_VAR)
				return 0;
			score++;
			break;
		case MACRO_MAP:
			if (arg->kind != NODE_MAP || arg->n_args)
				return 0;
			score++;
			break;
		case MACRO_EXPR:
			break;
		}
	}
	return score;
}

struct choice {
	const struct macro *best;
	unsigned score;
	bool is_named; /* there are macros of this name */
};

static struct choice choose(const struct expander *x, const struct node *call, bool is_library)
{
	struct choice c = {0};

	const struct macro *m = unit_first_macro(x->u, call->name);

	for (; m; m = m->next) {
		unsigned score;

		if (m->is_library != is_library || strcmp(m->name, call->name))
			continue;
		c.is_named = true;
		score = fit(m, call);
		if (score > c.score) {
			c.best = m;
			c.score = score;
		}
	}
	return c;
}

static bool check_recursion(struct expander *x, const struct macro *m, const struct node *call)
{
	const struct origin *o = x->origin;
	const char *chain = m->name;

	while (o && o->macro != m)
		o = o->outer;
	if (!o)
		return true;
	for (o = x->origin; o; o = o->outer) {
		chain = arena_printf(x->u->a, "%s > %s", o->macro->name, chain);
		if (o->macro == m)
			break;
	}
	diag_error(x->u->diag, E_MACRO, call->at, "Recursive macro call detected. Call chain: %s",
	           chain);
	return false;
}

/* A script's own macros come before the library's, both before functions and builtins. */
static const struct macro *find_macro(struct expander *x, const struct node *call)
{
	struct choice mine = choose(x, call, false), library = {0};
	uint64_t number;

	if (mine.best)
		return mine.best;
	if (stdlib_load(x->u, call->name))
		library = choose(x, call, true);
	if (library.best)
		return library.best;
	if ((!mine.is_named && !library.is_named) || call->kind == NODE_IDENT ||
	    function_find(call->name) || builtin_find(call->name, &number))
		return NULL;
	diag_error(x->u->diag, E_MACRO, call->at,
	           "Call to %s() has arguments that do not match any definition.", call->name);
	add_origin_contexts(x->u->diag, x->origin);
	vec_each (m, &x->u->macros)
		if (!strcmp((*m)->name, call->name) && (*m)->is_library == !mine.is_named)
			diag_context(x->u->diag, (*m)->at, "This is a definition.");
	return NULL;
}

/* ---- walking -------------------------------------------------------------------------------- */

static void walk(struct expander *x, struct node **slot, bool is_statement);

static bool may_copy(struct expander *x, const struct node *call)
{
	if (x->is_stopped)
		return false;
	if (x->n_nodes <= MOST_NODES)
		return true;
	diag_error(x->u->diag, E_LIMIT, call->at, "macros make this script too large");
	x->is_stopped = true;
	return false;
}

/* The call at *slot becomes the macro's body. */
static void expand_call(struct expander *x, struct node **slot, const struct macro *m,
                        bool is_statement)
{
	struct node *call = *slot, *body;
	struct origin *origin = arena_new(x->u->a, struct origin);
	struct copying c = {x, m, call->args, origin, ++x->n_expansions};

	*origin = (struct origin){.call = call->at, .macro = m, .outer = call->origin};
	if (!may_copy(x, call) || !check_recursion(x, m, call))
		return;
	body = copy_node(&c, m->body);
	if (!body)
		return;
	if (is_statement)
		node_drop_result(x->u->a, body);
	body->at = call->at;
	body->origin = call->origin;
	*slot = !body->stmts.n && body->n_args ? body->args[0] : body;
	x->n_nodes++;
	walk(x, slot, is_statement);
}

static void walk_children(struct expander *x, struct node *n, bool is_statement)
{
	bool is_body = n->kind == NODE_BLOCK || n->kind == NODE_IF;

	for (uint32_t i = 0; i < n->n_args; i++)
		walk(x, &n->args[i], n->kind == NODE_EXPR || (is_statement && is_body && i));
	if (n->type_of)
		walk(x, &n->type_of, false);
	vec_each (s, &n->stmts)
		walk(x, s, true);
}

static bool is_call(const struct node *n)
{
	return n->kind == NODE_CALL || n->kind == NODE_IDENT || n->kind == NODE_BUILTIN;
}

/* `is_statement`: nobody wants the value. */
static void walk(struct expander *x, struct node **slot, bool is_statement)
{
	struct node *n = *slot;
	const struct origin *origin = x->origin;
	const struct macro *m;

	if (!n || x->is_stopped)
		return;
	x->n_nodes += n->origin != NULL;
	if (x->depth == DEEPEST) {
		diag_error(x->u->diag, E_LIMIT, n->at, "macros nest too deep here");
		x->is_stopped = true;
		return;
	}
	x->depth++;
	x->origin = n->origin;
	walk_children(x, n, is_statement);
	m = is_call(n) ? find_macro(x, n) : NULL;
	if (m)
		expand_call(x, slot, m, is_statement);
	x->origin = origin;
	x->depth--;
}

/* ---- definitions ---------------------------------------------------------------------------- */

/* Maps that a body uses have to be parameters. */
static void check_maps(struct unit *u, const struct macro *m, const struct node *n)
{
	bool is_param = false;

	if (!n)
		return;
	if (n->kind == NODE_MAP) {
		vec_each (param, &m->params)
			is_param |= param->kind == MACRO_MAP && !strcmp(param->name, n->name);
		if (!is_param) {
			diag_error(u->diag, E_MACRO, n->at,
			           "Unhygienic access to map: %s. Maps must be passed into the "
			           "macro as arguments.",
			           n->name);
			diag_hint(u->diag, "give %s a parameter %s", m->name, n->name);
		}
	}
	for (uint32_t i = 0; i < n->n_args; i++)
		check_maps(u, m, n->args[i]);
	vec_each (s, &n->stmts)
		check_maps(u, m, *s);
}

/* The gate of `import` as a statement; the config block was read since. */
static void check_imports(struct unit *u)
{
	enum { GATE_ENABLE, GATE_WARN };
	int gate = u->opts->config.unstable_import_statement;

	vec_each (at, &u->import_statements) {
		if (gate == GATE_WARN)
			diag_warn(u->diag, E_SUSPICIOUS, NO_SPAN,
			          "Script is using an unstable feature: import statement. To "
			          "prevent this warning you must explicitly enable it in the "
			          "config e.g. unstable_import_statement=enable");
		else if (gate != GATE_ENABLE)
			diag_error(u->diag, E_UNSUPPORTED, *at,
			           "import statement feature is not enabled by default. To "
			           "enable this unstable feature, set the config flag to enable. "
			           "unstable_import_statement=enable");
	}
}

bool script_macros(struct unit *u)
{
	size_t errors = diag_errors(u->diag);
	struct expander x = {.u = u};

	check_imports(u);
	for (size_t i = 0; i < u->macros.n; i++)
		check_maps(u, u->macros.items[i], u->macros.items[i]->body);
	vec_each (f, &u->fns)
		walk(&x, &(*f)->probe->body, true);
	vec_each (p, &u->probes) {
		walk(&x, &(*p)->predicate, false);
		walk(&x, &(*p)->body, true);
	}
	return diag_errors(u->diag) == errors;
}

bool macro_expand_in(struct unit *u, struct node **slot)
{
	size_t errors = diag_errors(u->diag);
	struct expander x = {.u = u};

	walk(&x, slot, false);
	return diag_errors(u->diag) == errors;
}

void macro_add_origin(struct diag *d, const struct origin *origin)
{
	add_origin_contexts(d, origin);
}
