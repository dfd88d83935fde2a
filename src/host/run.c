/* The operations of host code, one by one. */
#include <stdlib.h>
#include <string.h>

#include "host/internal.h"

static struct value eval_kid(struct host *h, const struct host_op *op, uint32_t i)
{
	return host_eval(h, h->code->kids.items[op->kid + i]);
}

static bool kid_is_true(struct host *h, const struct host_op *op, uint32_t i)
{
	struct value v = eval_kid(h, op, i);
	bool is_true = value_is_true(v);

	value_drop(v);
	return is_true;
}

/* For its effects. */
static void run_kid(struct host *h, const struct host_op *op, uint32_t i)
{
	value_drop(eval_kid(h, op, i));
}

static struct value constant(const struct host_constant *c)
{
	switch (c->kind) {
	case HOST_C_INT:
		return value_int(c->number);
	case HOST_C_FLOAT:
		return value_float(c->real);
	case HOST_C_TEXT:
		return value_text_n(c->text, c->text_len_b);
	default:
		return value_none();
	}
}

/* ---- operators ------------------------------------------------------------------------------- */

static struct value compared(enum host_operator op, int order)
{
	switch (op) {
	case HOST_EQ:
		return value_int(order == 0);
	case HOST_NE:
		return value_int(order != 0);
	case HOST_LT:
		return value_int(order < 0);
	case HOST_LE:
		return value_int(order <= 0);
	case HOST_GT:
		return value_int(order > 0);
	default:
		return value_int(order >= 0);
	}
}

static struct value float_of(enum host_operator op, double x, double y)
{
	switch (op) {
	case HOST_ADD:
		return value_float(x + y);
	case HOST_SUB:
		return value_float(x - y);
	case HOST_MUL:
		return value_float(x * y);
	case HOST_DIV: /* a rate over no time, a share of nothing */
		return value_float(y != 0 ? x / y : 0);
	default:
		return value_none();
	}
}

static struct value int_of(enum host_operator op, int64_t x, int64_t y)
{
	uint64_t a = (uint64_t)x, b = (uint64_t)y;

	switch (op) {
	case HOST_ADD:
		return value_int((int64_t)(a + b));
	case HOST_SUB:
		return value_int((int64_t)(a - b));
	case HOST_MUL:
		return value_int((int64_t)(a * b));
	case HOST_DIV: /* as programs do: nothing divided by nothing is 0 */
		return value_int(!y ? 0 : y == -1 ? (int64_t)(0 - a) : x / y);
	case HOST_MOD:
		return value_int(!y ? x : y == -1 ? 0 : x % y);
	case HOST_BAND:
		return value_int(x & y);
	case HOST_BOR:
		return value_int(x | y);
	case HOST_XOR:
		return value_int(x ^ y);
	case HOST_SHL:
		return value_int(b < 64 ? (int64_t)(a << b) : 0);
	case HOST_SHR:
		return value_int(b < 64 ? (int64_t)(a >> b) : 0);
	default:
		return value_none();
	}
}

static struct value joined(struct host *h, struct value x, struct value y)
{
	own_strbuf struct strbuf text = {0};

	host_text(h, x, &text);
	host_text(h, y, &text);
	return value_text_n(sb_str(&text), text.n);
}

/* An address or symbol is compared with a text as it would be written. */
static int order_of(struct host *h, struct value x, struct value y)
{
	own_strbuf struct strbuf a = {0}, b = {0};

	if (!(x.kind == VALUE_TYPED && y.kind == VALUE_TEXT) &&
	    !(x.kind == VALUE_TEXT && y.kind == VALUE_TYPED))
		return value_compare(x, y);
	host_text(h, x, &a);
	host_text(h, y, &b);
	return strcmp(sb_str(&a), sb_str(&b));
}

static struct value binary(struct host *h, enum host_operator op, struct value x, struct value y)
{
	if (op >= HOST_EQ)
		return compared(op, order_of(h, x, y));
	if (op == HOST_ADD && (x.kind == VALUE_TEXT || y.kind == VALUE_TEXT))
		return joined(h, x, y);
	if ((x.kind == VALUE_FLOAT || y.kind == VALUE_FLOAT) && op >= HOST_ADD && op <= HOST_DIV)
		return float_of(op, value_to_float(x), value_to_float(y));
	return int_of(op, value_to_int(x), value_to_int(y));
}

static struct value unary(enum host_operator op, struct value x)
{
	switch (op) {
	case HOST_NOT:
		return value_int(!value_is_true(x));
	case HOST_NEG:
		return x.kind == VALUE_FLOAT ? value_float(-x.f)
		                             : int_of(HOST_SUB, 0, value_to_int(x));
	default:
		return value_int(~value_to_int(x));
	}
}

static struct value eval_binary(struct host *h, const struct host_op *op)
{
	struct value x = eval_kid(h, op, 0), y = eval_kid(h, op, 1);
	struct value ret = binary(h, (enum host_operator)op->imm, x, y);

	value_drop(x);
	value_drop(y);
	return ret;
}

static struct value eval_unary(struct host *h, const struct host_op *op)
{
	struct value x = eval_kid(h, op, 0), ret = unary((enum host_operator)op->imm, x);

	value_drop(x);
	return ret;
}

/* ---- places ---------------------------------------------------------------------------------- */

static struct value set_local(struct host *h, uint32_t slot, struct value v)
{
	value_drop(h->locals[slot]);
	h->locals[slot] = value_keep(v);
	return v;
}

static struct value element(struct value of, size_t i)
{
	return of.kind == VALUE_LIST && i < of.list->n ? value_keep(of.list->items[i])
	                                               : value_none();
}

static struct value eval_member(struct host *h, const struct host_op *op)
{
	struct value of = eval_kid(h, op, 0), ret = element(of, op->imm);

	value_drop(of);
	return ret;
}

/* Nothing where there is nothing; -1 is the last element of a list. */
static struct value eval_index(struct host *h, const struct host_op *op)
{
	struct value of = eval_kid(h, op, 0), key = eval_kid(h, op, 1), ret = value_none();

	if (of.kind == VALUE_MAP) {
		const struct value_entry *e = value_map_find(of.map, key);

		ret = e ? value_keep(e->value) : value_none();
	} else if (of.kind == VALUE_LIST) {
		int64_t i = value_to_int(key);

		ret = element(of, i < 0 ? of.list->n + (size_t)i : (size_t)i);
	}
	value_drop(of);
	value_drop(key);
	return ret;
}

static struct value *eval_kids(struct host *h, const struct host_op *op)
{
	struct value *v = malloc((op->n_kids + 1) * sizeof(*v));

	if (!v)
		abort();
	for (uint32_t i = 0; i < op->n_kids; i++)
		v[i] = eval_kid(h, op, i);
	return v;
}

static void drop_all(struct value *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		value_drop(v[i]);
	free(v);
}

static struct value eval_map_op(struct host *h, const struct host_op *op)
{
	struct value *keys = eval_kids(h, op), ret;

	if (op->kind == HOST_GET) {
		ret = host_get(h, op->imm, keys, op->n_kids);
	} else {
		ret = value_keep(keys[op->n_kids - 1]);
		host_set(h, op->imm, keys, op->n_kids - 1, value_keep(ret));
	}
	drop_all(keys, op->n_kids);
	return ret;
}

static struct value eval_emit(struct host *h, const struct host_op *op)
{
	struct value *fields = eval_kids(h, op);

	host_emit_row(h, op->imm, fields, op->n_kids);
	drop_all(fields, op->n_kids);
	return value_none();
}

static struct value eval_list(struct host *h, const struct host_op *op)
{
	struct value ret = value_new_list();

	for (uint32_t i = 0; i < op->n_kids; i++)
		value_list_add(ret.list, eval_kid(h, op, i));
	return ret;
}

/* ---- statements ------------------------------------------------------------------------------ */

/* After a round: does the loop go on? */
static bool goes_on(struct host *h)
{
	if (h->jump == JUMP_CONTINUE)
		h->jump = JUMP_NONE;
	if (h->jump == JUMP_BREAK) {
		h->jump = JUMP_NONE;
		return false;
	}
	return h->jump == JUMP_NONE && !h->is_ending;
}

static struct value eval_block(struct host *h, const struct host_op *op)
{
	struct value last = value_none();

	for (uint32_t i = 0; i < op->n_kids && h->jump == JUMP_NONE; i++) {
		value_drop(last);
		last = eval_kid(h, op, i);
	}
	return last;
}

static void eval_while(struct host *h, const struct host_op *op)
{
	while (kid_is_true(h, op, 0)) {
		run_kid(h, op, 1);
		if (!goes_on(h))
			break;
	}
}

/* A map's elements are lists of a key and a value. */
static struct value pair_of(const struct value_entry *e)
{
	struct value pair = value_new_list();

	value_list_add(pair.list, value_keep(e->key));
	value_list_add(pair.list, value_keep(e->value));
	return pair;
}

static void eval_for(struct host *h, const struct host_op *op)
{
	struct value over = eval_kid(h, op, 0);
	size_t n = over.kind == VALUE_LIST  ? over.list->n
	           : over.kind == VALUE_MAP ? over.map->n
	                                    : 0;

	for (size_t i = 0; i < n; i++) {
		struct value v = over.kind == VALUE_LIST ? value_keep(over.list->items[i])
		                                         : pair_of(&over.map->entries[i]);

		value_drop(set_local(h, op->slot, v));
		run_kid(h, op, 1);
		if (!goes_on(h))
			break;
	}
	value_drop(over);
}

static void eval_range(struct host *h, const struct host_op *op)
{
	struct value from = eval_kid(h, op, 0), to = eval_kid(h, op, 1);

	for (int64_t i = value_to_int(from), end = value_to_int(to); i < end; i++) {
		value_drop(set_local(h, op->slot, value_int(i)));
		run_kid(h, op, 2);
		if (!goes_on(h))
			break;
	}
	value_drop(from);
	value_drop(to);
}

static struct value jump(struct host *h, enum jump to)
{
	h->jump = to;
	return value_none();
}

struct value host_eval(struct host *h, uint32_t number)
{
	const struct host_op *op = &h->code->ops.items[number];

	switch (op->kind) {
	case HOST_CONST:
		return constant(&h->code->constants.items[op->imm]);
	case HOST_LOCAL:
		return value_keep(h->locals[op->slot]);
	case HOST_SET_LOCAL:
		return set_local(h, op->slot, eval_kid(h, op, 0));
	case HOST_FIELD:
		return op->imm < h->n_row ? value_keep(h->row[op->imm]) : value_none();
	case HOST_MAP:
	case HOST_TAKE:
		return host_whole(h, op->imm, op->kind == HOST_TAKE);
	case HOST_GET:
	case HOST_SET:
		return eval_map_op(h, op);
	case HOST_UNARY:
		return eval_unary(h, op);
	case HOST_BINARY:
		return eval_binary(h, op);
	case HOST_AND:
		return value_int(kid_is_true(h, op, 0) && kid_is_true(h, op, 1));
	case HOST_OR:
		return value_int(kid_is_true(h, op, 0) || kid_is_true(h, op, 1));
	case HOST_COND:
		return eval_kid(h, op, kid_is_true(h, op, 0) ? 1 : 2);
	case HOST_LIST:
		return eval_list(h, op);
	case HOST_MEMBER:
		return eval_member(h, op);
	case HOST_INDEX:
		return eval_index(h, op);
	case HOST_CALL:
		return host_call(h, op);
	case HOST_EMIT:
		return eval_emit(h, op);
	case HOST_BLOCK:
		return eval_block(h, op);
	case HOST_IF:
		if (kid_is_true(h, op, 0))
			run_kid(h, op, 1);
		else if (op->n_kids > 2)
			run_kid(h, op, 2);
		return value_none();
	case HOST_WHILE:
		eval_while(h, op);
		return value_none();
	case HOST_FOR:
		eval_for(h, op);
		return value_none();
	case HOST_RANGE:
		eval_range(h, op);
		return value_none();
	case HOST_BREAK:
		return jump(h, JUMP_BREAK);
	case HOST_CONTINUE:
		return jump(h, JUMP_CONTINUE);
	case HOST_RETURN:
		return jump(h, JUMP_RETURN);
	default:
		return value_none();
	}
}

struct value *host_enter(struct host *h)
{
	struct value *outer = h->locals;

	h->locals = h->code->n_locals ? calloc(h->code->n_locals, sizeof(*h->locals)) : NULL;
	if (!h->locals && h->code->n_locals)
		abort();
	return outer;
}

void host_leave(struct host *h, struct value *outer)
{
	for (uint32_t i = 0; h->locals && i < h->code->n_locals; i++)
		value_drop(h->locals[i]);
	free(h->locals);
	h->locals = outer;
}

void host_run(struct host *h, uint32_t body)
{
	struct value *outer = host_enter(h);
	enum jump outer_jump = h->jump;

	h->jump = JUMP_NONE;
	value_drop(host_eval(h, body));
	h->jump = outer_jump;
	host_leave(h, outer);
}
