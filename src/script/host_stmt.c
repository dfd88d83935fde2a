/* Statements of host blocks. */
#include <string.h>

#include "base/arena.h"
#include "script/host_internal.h"

static uint32_t host_stmt(struct hosting *h, const struct node *n);

uint32_t host_block(struct hosting *h, const struct node *block)
{
	size_t scope = h->locals.n;
	uint32_t *kids = arena_array(h->a, uint32_t, block->stmts.n + block->n_args + 1), n = 0, op;

	if (block->kind != NODE_BLOCK)
		return host_stmt(h, block);
	vec_each (s, &block->stmts)
		kids[n++] = host_stmt(h, *s);
	if (block->n_args && block->args[0])
		kids[n++] = host_expr(h, block->args[0]);
	op = host_op(h, HOST_BLOCK, 0, 0, block->at, kids, n);
	h->locals.n = scope;
	return op;
}

static uint32_t declare(struct hosting *h, const char *name)
{
	struct host_local l = {name, host_slot(h)};

	vec_push(h->a, &h->locals, l);
	return l.slot;
}

static uint32_t set_local(struct hosting *h, const char *name, uint32_t value, struct span at)
{
	const struct host_local *l = host_find_local(h, name);
	uint32_t slot = l ? l->slot : declare(h, name);

	return host_op(h, HOST_SET_LOCAL, 0, slot, at, &value, 1);
}

static uint32_t host_assign(struct hosting *h, const struct node *n)
{
	const struct node *to = n->args[0];
	uint32_t value, old, *keys = NULL, n_keys = 0;

	if (to->kind != NODE_VAR && to->kind != NODE_MAP) {
		host_error(h, to->at, E_BAD_OPERAND, "Only variables and maps can be assigned to");
		return NO_HOST_OP;
	}
	if (to->kind == NODE_MAP)
		n_keys = host_keys(h, to, &keys);
	value = host_expr(h, n->args[1]);
	if (n->op != OP_NONE) {
		struct host_use *use = to->kind == NODE_MAP ? host_find_map(h, to->name) : NULL;
		uint32_t both[2];

		old = use ? host_op(h, HOST_GET, host_map_number(h, use), 0, to->at, keys, n_keys)
		          : host_expr(h, to);
		both[0] = old;
		both[1] = value;
		value = host_op(h, HOST_BINARY, host_operator_of(n->op), 0, n->at, both, 2);
	}
	return to->kind == NODE_VAR ? set_local(h, to->name, value, n->at)
	                            : host_assign_map(h, to, keys, n_keys, value, n->at);
}

static uint32_t host_if(struct hosting *h, const struct node *n)
{
	uint32_t kids[3] = {host_expr(h, n->args[0])};
	const struct host_constant *known = host_constant_of(h, kids[0]);
	uint32_t n_kids = 2;

	if (known) { /* what an option has switched off is not there */
		const struct node *rest = host_constant_is_true(known) ? n->args[1]
		                          : n->n_args > 2              ? n->args[2]
		                                                       : NULL;

		return rest ? host_block(h, rest) : host_op(h, HOST_BLOCK, 0, 0, n->at, NULL, 0);
	}
	kids[1] = host_block(h, n->args[1]);
	if (n->n_args > 2 && n->args[2])
		kids[n_kids++] = host_block(h, n->args[2]);
	return host_op(h, HOST_IF, 0, 0, n->at, kids, n_kids);
}

/* A loop's body with its variable; *ret_slot is where it is. */
static uint32_t loop_body(struct hosting *h, const char *name, const struct node *body,
                          uint32_t *ret_slot)
{
	size_t scope = h->locals.n;
	uint32_t op;

	*ret_slot = name ? declare(h, name) : 0;
	h->loops++;
	op = host_block(h, body);
	h->loops--;
	h->locals.n = scope;
	return op;
}

static uint32_t host_loop(struct hosting *h, const struct node *n)
{
	uint32_t kids[3], slot, n_kids = 0;

	kids[n_kids++] = host_expr(h, n->args[0]);
	if (n->kind == NODE_FOR_RANGE)
		kids[n_kids++] = host_expr(h, n->args[1]);
	kids[n_kids] = loop_body(h, n->name, n->args[n_kids], &slot);
	n_kids++;
	return host_op(h,
	               n->kind == NODE_WHILE       ? HOST_WHILE
	               : n->kind == NODE_FOR_RANGE ? HOST_RANGE
	                                           : HOST_FOR,
	               0, slot, n->at, kids, n_kids);
}

static uint32_t host_jump(struct hosting *h, const struct node *n)
{
	if (n->kind != NODE_RETURN && !h->loops)
		host_error(h, n->at, E_JUMP, "'%s' statement is not allowed outside of loops",
		           n->kind == NODE_BREAK ? "break" : "continue");
	if (n->kind == NODE_RETURN && n->n_args && n->args[0])
		host_error(h, n->args[0]->at, E_JUMP, "A host block returns no value");
	return host_op(h,
	               n->kind == NODE_BREAK      ? HOST_BREAK
	               : n->kind == NODE_CONTINUE ? HOST_CONTINUE
	                                          : HOST_RETURN,
	               0, 0, n->at, NULL, 0);
}

/* A row brings the fields that somebody reads; others are not computed. */
uint32_t host_emit(struct hosting *h, const struct node *n)
{
	struct table *t = unit_find_table(h->u, n->name);
	uint32_t *kids;

	if (!t) {
		host_error(h, n->at, E_UNKNOWN_NAME, "There is no table named %s", n->name);
		return NO_HOST_OP;
	}
	kids = arena_array(h->a, uint32_t, t->fields.n + 1);
	for (uint32_t i = 0; i < t->fields.n; i++) {
		const struct node *value = node_named(n, t->fields.items[i]);

		if (!value)
			host_error(h, n->at, E_ARG_COUNT, "Table %s needs the field %s", t->name,
			           t->fields.items[i]);
		kids[i] = value ? host_expr(h, value) : NO_HOST_OP;
	}
	return host_op(h, HOST_EMIT, t->id, 0, n->at, kids, (uint32_t)t->fields.n);
}

static uint32_t host_stmt(struct hosting *h, const struct node *n)
{
	switch (n->kind) {
	case NODE_EXPR:
	case NODE_DISCARD:
		return n->args[0]->kind == NODE_BLOCK ? host_block(h, n->args[0])
		       : n->args[0]->kind == NODE_IF  ? host_if(h, n->args[0])
		                                      : host_expr(h, n->args[0]);
	case NODE_LET: {
		uint32_t value =
		    n->n_args && n->args[0] ? host_expr(h, n->args[0]) : host_int(h, 0, n->at);

		return host_op(h, HOST_SET_LOCAL, 0, declare(h, n->name), n->at, &value, 1);
	}
	case NODE_ASSIGN:
		return host_assign(h, n);
	case NODE_BLOCK:
		return host_block(h, n);
	case NODE_IF:
		return host_if(h, n);
	case NODE_WHILE:
	case NODE_FOR_LIST:
	case NODE_FOR_RANGE:
		return host_loop(h, n);
	case NODE_BREAK:
	case NODE_CONTINUE:
	case NODE_RETURN:
		return host_jump(h, n);
	case NODE_EMIT:
		return host_emit(h, n);
	default:
		return host_expr(h, n);
	}
}
