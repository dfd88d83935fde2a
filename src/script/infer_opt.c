/* The script's options (option.h) in expressions: `opt.pid`, `given(opt.pid)` and
 * `contains(opt.ports, e)` become literals and comparisons with literals, at the first sight of
 * them, so that whatever hangs on an option that was not given folds away. */
#include <string.h>

#include "script/infer_rules.h"
#include "script/option.h"

bool infer_is_option(const struct infer *x, const struct node *n)
{
	return x->u->options && n->kind == NODE_FIELD && n->name &&
	       n->args[0]->kind == NODE_IDENT && !strcmp(n->args[0]->name, "opt");
}

/* What n names, opt.NAME; NULL with a report. */
static const struct option *find(struct infer *x, const struct node *n)
{
	const struct option *o = unit_find_option(x->u, n->name);
	struct diag_guess g = {.word = n->name};

	if (o)
		return o;
	infer_error(x, E_UNKNOWN_NAME, n->at, "There is no option '%s'", n->name);
	vec_each (other, &x->u->options->options)
		diag_nearest(&g, (*other)->name);
	if (g.best)
		infer_hint(x, "Did you mean '%s'?", g.best);
	return NULL;
}

const struct type *infer_option_value(struct infer *x, struct node *n)
{
	const struct option *o = find(x, n);

	if (!o)
		return cast_unknown();
	switch (option_gives(o)) {
	case GIVES_BOOL:
		infer_set_int(n, o->number != 0, type_bool());
		break;
	case GIVES_INT:
		infer_set_int(n, (uint64_t)o->number,
		              o->number < 0 ? cast_negative(o->number)
		                            : cast_literal((uint64_t)o->number, false));
		break;
	case GIVES_TEXT:
		infer_set_string(x, n, o->text, (uint32_t)strlen(o->text));
		break;
	case GIVES_INTS:
	case GIVES_TEXTS:
		infer_error(x, E_TYPE_MISMATCH, n->at, "opt.%s is a list, not a value", o->name);
		infer_hint(x, "given(opt.%s) and contains(opt.%s, e) look into it", o->name,
		           o->name);
		return cast_unknown();
	}
	return infer_expr(x, n);
}

/* The option that the call's first argument is. */
static const struct option *argument(struct infer *x, const struct node *n)
{
	if (infer_is_option(x, n->args[0]))
		return find(x, n->args[0]);
	infer_error(x, E_ARG_KIND, n->args[0]->at, "%s() is about an option: %s(opt.NAME%s)",
	            n->name, n->name, n->n_args > 1 ? ", e" : "");
	if (!x->u->options)
		infer_hint(x, "the script has no options block");
	return NULL;
}

const struct type *infer_result_given(struct infer *x, struct node *n)
{
	const struct option *o = argument(x, n);

	if (!o)
		return cast_unknown();
	infer_set_int(n, o->is_given, type_bool());
	return infer_expr(x, n);
}

/* ---- contains -------------------------------------------------------------------------------- */

static struct node *new_node(struct infer *x, enum node_kind kind, const struct node *like)
{
	struct node *n = node_new(x->a, kind, like->at);

	n->origin = like->origin;
	n->args = arena_array(x->a, struct node *, 3);
	return n;
}

static struct node *new_binary(struct infer *x, enum op op, const struct node *like,
                               struct node *left, struct node *right)
{
	struct node *n = new_node(x, NODE_BINARY, like);

	n->op = op;
	n->args[0] = left;
	n->args[1] = right;
	n->n_args = 2;
	return n;
}

/* Element i of the list. */
static struct node *new_element(struct infer *x, const struct option *o, size_t i,
                                const struct node *like)
{
	struct node *n = new_node(x, NODE_INT, like);

	if (option_gives(o) == GIVES_TEXTS)
		infer_set_string(x, n, o->texts.items[i], (uint32_t)strlen(o->texts.items[i]));
	else
		infer_set_int(n, (uint64_t)o->numbers.items[i],
		              o->numbers.items[i] < 0
		                  ? cast_negative(o->numbers.items[i])
		                  : cast_literal((uint64_t)o->numbers.items[i], false));
	return n;
}

/* `e == first || ... || e == last`, as a tree of little height. */
static struct node *any_of(struct infer *x, const struct option *o, size_t from, size_t to,
                           const struct node *e)
{
	size_t middle = from + (to - from) / 2;

	if (to - from == 1)
		return new_binary(x, OP_EQ, e, node_clone(x->a, e), new_element(x, o, from, e));
	return new_binary(x, OP_LOR, e, any_of(x, o, from, middle, e), any_of(x, o, middle, to, e));
}

/* Is it the same each time, and cheap? Else it is computed once. */
static bool is_simple(const struct node *n)
{
	return n->kind == NODE_VAR || n->kind == NODE_BUILTIN || n->kind == NODE_INT ||
	       n->kind == NODE_STRING || n->kind == NODE_IDENT ||
	       (n->kind == NODE_FIELD && is_simple(n->args[0]));
}

/* { let $element = e; ... } */
static struct node *let_element(struct infer *x, struct node *e, struct node **ret_variable)
{
	struct node *block = new_node(x, NODE_BLOCK, e), *let = new_node(x, NODE_LET, e);
	struct node *v = new_node(x, NODE_VAR, e);

	let->name = v->name = "$element";
	let->binding = v->binding = arena_printf(x->a, "$element#%p", (void *)block);
	let->args[0] = e;
	let->n_args = 1;
	vec_push(x->a, &block->stmts, let);
	*ret_variable = v;
	return block;
}

const struct type *infer_result_contains(struct infer *x, struct node *n)
{
	const struct option *o = argument(x, n);
	struct node *e = n->args[1], *becomes, *block = NULL;
	struct span at = n->at;
	size_t n_elements;

	if (!o)
		return cast_unknown();
	if (option_gives(o) != GIVES_INTS && option_gives(o) != GIVES_TEXTS)
		return infer_error(x, E_ARG_KIND, n->args[0]->at,
		                   "contains() looks into a list, and opt.%s is none", o->name);
	n_elements = option_gives(o) == GIVES_TEXTS ? o->texts.n : o->numbers.n;
	if (!n_elements) {
		infer_set_int(n, 0, type_bool());
		return infer_expr(x, n);
	}
	if (!is_simple(e))
		block = let_element(x, e, &e);
	becomes = any_of(x, o, 0, n_elements, e);
	if (block) {
		block->args[0] = becomes;
		block->n_args = 1;
		becomes = block;
	}
	*n = *becomes;
	n->at = at;
	return infer_expr(x, n);
}
