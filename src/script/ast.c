/* Making and copying nodes of the tree. */
#include "script/ast.h"

#include <string.h>

#include "base/arena.h"

static const char *const op_texts[OP_N] = {
    /* clang-format off */
	[OP_NONE] = "",
	[OP_LOR] = "||", [OP_LAND] = "&&", [OP_OR] = "|", [OP_XOR] = "^", [OP_AND] = "&",
	[OP_EQ] = "==", [OP_NE] = "!=", [OP_LT] = "<", [OP_GT] = ">", [OP_LE] = "<=",
	[OP_GE] = ">=", [OP_SHL] = "<<", [OP_SHR] = ">>", [OP_ADD] = "+", [OP_SUB] = "-",
	[OP_MUL] = "*", [OP_DIV] = "/", [OP_MOD] = "%",
	[OP_NEG] = "-", [OP_NOT] = "!", [OP_BNOT] = "~", [OP_DEREF] = "*", [OP_ADDR] = "&",
	[OP_INC] = "++", [OP_DEC] = "--",
    /* clang-format on */
};

const char *op_text(enum op op)
{
	return op_texts[op];
}

struct node *node_new(struct arena *a, enum node_kind kind, struct span at)
{
	struct node *n = arena_new(a, struct node);

	n->kind = kind;
	n->at = at;
	return n;
}

/* Recursion is bounded: the parser limits how high a tree can get. Names, strings and types are
 * shared with the original, nodes are not. */
struct node *node_clone(struct arena *a, const struct node *n)
{
	struct node *copy;

	if (!n)
		return NULL;
	copy = arena_memdup(a, n, sizeof(*n));
	if (n->args) {
		/* at least the three that kinds with optional arguments may look at */
		copy->args = arena_array(a, struct node *, n->n_args < 3 ? 3 : n->n_args);
		for (uint32_t i = 0; i < n->n_args; i++)
			copy->args[i] = node_clone(a, n->args[i]);
	}
	copy->type_of = node_clone(a, n->type_of);
	copy->stmts.items = NULL;
	copy->stmts.n = copy->stmts.cap = 0;
	vec_reserve(a, &copy->stmts, n->stmts.n);
	for (size_t i = 0; i < n->stmts.n; i++)
		vec_push(a, &copy->stmts, node_clone(a, n->stmts.items[i]));
	return copy;
}

void node_drop_result(struct arena *a, struct node *n)
{
	while (n && n->kind == NODE_IF) {
		node_drop_result(a, n->args[1]);
		n = n->args[2];
	}
	if (n && n->kind == NODE_BLOCK && n->n_args) {
		struct node *result = n->args[0];

		n->args[0] = NULL;
		n->n_args = 0;
		if (result->kind == NODE_IF || result->kind == NODE_BLOCK) {
			node_drop_result(a, result);
		} else {
			struct node *statement = node_new(a, NODE_EXPR, result->at);

			statement->args = arena_array(a, struct node *, 3);
			statement->args[0] = result;
			statement->n_args = 1;
			statement->origin = result->origin;
			result = statement;
		}
		vec_push(a, &n->stmts, result);
	}
}

bool node_is_format(const struct node *n)
{
	return n->kind == NODE_CALL && !strcmp(n->name, "format");
}

struct node *node_named(const struct node *n, const char *name)
{
	for (uint32_t i = 0; i < n->n_args; i++)
		if (!strcmp(n->names[i], name))
			return n->args[i];
	return NULL;
}
