/* Is host code that came from outside what a compiler would have made? Operations may only refer to
 * those before them, so that running it ends where its loops do. */
#include "image/host.h"

#include <stddef.h>

static const char *check_op(const struct image_host *h, uint32_t number)
{
	const struct host_op *op = &h->ops.items[number];
	static const struct {
		uint8_t least, most;
	} kids[HOST_OP_N] = {
	    [HOST_SET_LOCAL] = {1, 1}, [HOST_GET] = {0, 255},   [HOST_SET] = {1, 255},
	    [HOST_UNARY] = {1, 1},     [HOST_BINARY] = {2, 2},  [HOST_AND] = {2, 2},
	    [HOST_OR] = {2, 2},        [HOST_COND] = {3, 3},    [HOST_LIST] = {0, 255},
	    [HOST_MEMBER] = {1, 1},    [HOST_INDEX] = {2, 2},   [HOST_CALL] = {0, 255},
	    [HOST_EMIT] = {0, 255},    [HOST_BLOCK] = {0, 255}, [HOST_IF] = {2, 3},
	    [HOST_WHILE] = {2, 2},     [HOST_FOR] = {2, 2},     [HOST_RANGE] = {3, 3},
	};

	if (op->kind >= HOST_OP_N)
		return "an unknown operation";
	if (op->kid > h->kids.n || op->n_kids > h->kids.n - op->kid)
		return "operands that are not there";
	if (op->n_kids < kids[op->kind].least ||
	    (kids[op->kind].most < 255 && op->n_kids > kids[op->kind].most))
		return "the wrong number of operands";
	for (uint32_t i = 0; i < op->n_kids; i++)
		if (h->kids.items[op->kid + i] >= number)
			return "an operand that is not before its operation";
	switch (op->kind) {
	case HOST_CONST:
		return op->imm < h->constants.n ? NULL : "an unknown constant";
	case HOST_LOCAL:
	case HOST_SET_LOCAL:
	case HOST_FOR:
	case HOST_RANGE:
		return op->slot < h->n_locals ? NULL : "an unknown local variable";
	case HOST_MAP:
	case HOST_TAKE:
	case HOST_GET:
	case HOST_SET:
		return op->imm < h->maps.n ? NULL : "an unknown map";
	case HOST_UNARY:
	case HOST_BINARY:
		return op->imm < HOST_OPERATOR_N ? NULL : "an unknown operator";
	case HOST_EMIT:
		return op->imm < h->tables.n && op->n_kids == h->tables.items[op->imm].fields.n
		           ? NULL
		           : "a row of another shape";
	case HOST_CALL:
		return op->imm < HOST_F_N ? NULL : "an unknown function";
	default:
		return NULL;
	}
}

const char *host_check(const struct image_host *h, uint32_t n_vars)
{
	enum { MOST_LOCALS = 1 << 16 };
	const char *wrong = h->n_locals > MOST_LOCALS ? "too many local variables" : NULL;

	vec_each (t, &h->tables) {
		if (!t->name || (t->where != UINT32_MAX && t->where >= h->ops.n) ||
		    (t->handler != UINT32_MAX && t->handler >= h->handlers.n))
			wrong = "a table of nothing";
		vec_each (c, &t->columns)
			if (!c->header || !c->key || c->value >= h->ops.n)
				wrong = "a column of nothing";
	}
	vec_each (b, &h->handlers)
		if (b->trigger >= HOST_TRIGGER_N || b->body >= h->ops.n ||
		    (b->trigger == HOST_ON_ROW && b->table >= h->tables.n))
			wrong = "a handler of nothing";
	vec_each (m, &h->maps)
		if (!m->name || (m->var != UINT32_MAX && m->var >= n_vars))
			wrong = "a map that is not there";
	vec_each (c, &h->constants)
		if (c->kind >= HOST_C_N || (c->kind == HOST_C_TEXT && !c->text))
			wrong = "a constant of no kind";
	for (uint32_t i = 0; i < h->ops.n && !wrong; i++)
		wrong = check_op(h, i);
	return wrong;
}
