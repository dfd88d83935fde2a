/* Expressions of host blocks. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "script/host_internal.h"
#include "script/option.h"
#include "types/types.h"

enum { EACH = 1 };

static const struct function_row {
	const char *name;
	uint32_t least, most, flags;
} functions[] = {
#define FUNCTION(name, least, most, flags, text) {#name, least, most, flags},
#include "image/host_functions.def"
#undef FUNCTION
};

/* ---- constants ------------------------------------------------------------------------------- */

uint32_t host_constant(struct hosting *h, struct host_constant c, struct span at)
{
	vec_push(h->a, &h->out->constants, c);
	return host_op(h, HOST_CONST, (uint32_t)h->out->constants.n - 1, 0, at, NULL, 0);
}

uint32_t host_int(struct hosting *h, int64_t number, struct span at)
{
	return host_constant(h, (struct host_constant){.kind = HOST_C_INT, .number = number}, at);
}

static uint32_t host_text(struct hosting *h, const char *text, struct span at)
{
	return host_constant(h,
	                     (struct host_constant){.kind = HOST_C_TEXT,
	                                            .text = text,
	                                            .text_len_b = (uint32_t)strlen(text)},
	                     at);
}

const struct host_constant *host_constant_of(const struct hosting *h, uint32_t op)
{
	const struct host_op *o = op != NO_HOST_OP ? &h->out->ops.items[op] : NULL;

	return o && o->kind == HOST_CONST ? &h->out->constants.items[o->imm] : NULL;
}

/* ---- options --------------------------------------------------------------------------------- */

/* The option of `opt.x`, or NULL. */
static const struct option *option_of(struct hosting *h, const struct node *n)
{
	const struct option *o;

	if (n->kind != NODE_FIELD || !n->name || n->args[0]->kind != NODE_IDENT ||
	    strcmp(n->args[0]->name, "opt") != 0)
		return NULL;
	o = unit_find_option(h->u, n->name);
	if (!o)
		host_error(h, n->at, E_UNKNOWN_NAME, "There is no option named %s", n->name);
	return o;
}

static uint32_t host_option(struct hosting *h, const struct option *o, struct span at)
{
	uint32_t n = (uint32_t)(o->numbers.n + o->texts.n), i = 0;
	uint32_t *kids = arena_array(h->a, uint32_t, n + 1);

	switch (option_gives(o)) {
	case GIVES_INTS:
		vec_each (number, &o->numbers)
			kids[i++] = host_int(h, *number, at);
		return host_op(h, HOST_LIST, 0, 0, at, kids, i);
	case GIVES_TEXTS:
		vec_each (text, &o->texts)
			kids[i++] = host_text(h, *text, at);
		return host_op(h, HOST_LIST, 0, 0, at, kids, i);
	case GIVES_TEXT:
		return host_text(h, o->text ? o->text : "", at);
	case GIVES_BOOL:
	case GIVES_INT:
		break;
	}
	return host_int(h, o->number, at);
}

static uint32_t host_given(struct hosting *h, const struct node *n)
{
	const struct option *o = n->n_args == 1 ? option_of(h, n->args[0]) : NULL;

	if (!o)
		host_error(h, n->at, E_ARG_KIND, "given() takes an option: given(opt.x)");
	return host_int(h, o && o->is_given, n->at);
}

/* ---- names ----------------------------------------------------------------------------------- */

const struct host_local *host_find_local(const struct hosting *h, const char *name)
{
	for (size_t i = h->locals.n; i > 0; i--)
		if (!strcmp(h->locals.items[i - 1].name, name))
			return &h->locals.items[i - 1];
	return NULL;
}

static uint32_t host_variable(struct hosting *h, const struct node *n)
{
	const struct host_local *l = host_find_local(h, n->name);

	if (l)
		return host_op(h, HOST_LOCAL, 0, l->slot, n->at, NULL, 0);
	host_error(h, n->at, E_UNKNOWN_NAME, "Undefined or undeclared variable: %s", n->name);
	return NO_HOST_OP;
}

/* Constants of the kernel and of headers are written in capitals, fields are not. */
static bool is_constant(struct hosting *h, const struct node *n, int64_t *ret)
{
	const char *text = types_find_define(h->u->types, n->name);
	const struct type *t;
	char *end;

	for (const char *c = n->name; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			return false;
	/* plain numbers, and names of them; what is more than that is for probes */
	for (unsigned depth = 0; text && depth < 16; depth++) {
		text += strspn(text, " \t");
		*ret = (int64_t)strtoull(text, &end, 0);
		if (end != text && !end[strspn(end, " \tuUlL")])
			return true;
		text = types_find_define(h->u->types, text);
	}
	return types_find_enumerator(h->u->types, n->name, ret, &t);
}

static uint32_t host_name(struct hosting *h, const struct node *n)
{
	int64_t number;

	if (n->kind == NODE_IDENT && is_constant(h, n, &number))
		return host_int(h, number, n->at);
	if (h->row)
		return host_op(h, HOST_FIELD, host_field(h, n->name), 0, n->at, NULL, 0);
	host_error(
	    h, n->at, E_UNKNOWN_NAME,
	    "%s is known where a probe fires, or as a field of a table's row; here is neither",
	    n->name);
	return NO_HOST_OP;
}

/* ---- maps ------------------------------------------------------------------------------------ */

uint32_t host_keys(struct hosting *h, const struct node *map, uint32_t **ret)
{
	const struct node *key = map->n_args ? map->args[0] : NULL;
	uint32_t n = !key ? 0 : key->kind == NODE_TUPLE && !key->names ? key->n_args : 1;

	*ret = arena_array(h->a, uint32_t, n + 1);
	for (uint32_t i = 0; i < n; i++)
		(*ret)[i] =
		    host_expr(h, key->kind == NODE_TUPLE && !key->names ? key->args[i] : key);
	return n;
}

static uint32_t host_map(struct hosting *h, const struct node *n)
{
	struct host_use *use = host_find_map(h, n->name);
	uint32_t *keys, n_keys = host_keys(h, n, &keys);

	if (!n_keys && use->is_keyed)
		return host_op(h, HOST_MAP, host_map_number(h, use), 0, n->at, NULL, 0);
	return host_op(h, HOST_GET, host_map_number(h, use), 0, n->at, keys, n_keys);
}

uint32_t host_assign_map(struct hosting *h, const struct node *map, const uint32_t *keys,
                         uint32_t n_keys, uint32_t value, struct span at)
{
	struct host_use *use = host_find_map(h, map->name);
	uint32_t *kids = arena_array(h->a, uint32_t, n_keys + 1);

	if (use->in_probes) {
		host_error(h, map->at, E_MAP_USE,
		           "%s is written by probes: host blocks can read it", map->name);
		return NO_HOST_OP;
	}
	if (!n_keys && use->is_keyed) {
		host_error(h, map->at, E_MAP_USE, "%s has keys elsewhere", map->name);
		return NO_HOST_OP;
	}
	memcpy(kids, keys, n_keys * sizeof(*kids));
	kids[n_keys] = value;
	return host_op(h, HOST_SET, host_map_number(h, use), 0, at, kids, n_keys + 1);
}

/* x++ and its kin: the old value is kept where it is the expression's. */
static uint32_t host_incdec(struct hosting *h, const struct node *n)
{
	const struct node *of = n->args[0];
	struct host_use *use = of->kind == NODE_MAP ? host_find_map(h, of->name) : NULL;
	uint32_t *keys = NULL, n_keys = use ? host_keys(h, of, &keys) : 0;
	uint32_t slot = host_slot(h), old, kids[3], both[2], set;

	old = use ? host_op(h, HOST_GET, host_map_number(h, use), 0, of->at, keys, n_keys)
	          : host_expr(h, of);
	both[0] = old;
	both[1] = host_int(h, 0, n->at); /* what was never set counts from 0 */
	both[0] = host_op(h, HOST_BINARY, HOST_ADD, 0, n->at, both, 2);
	kids[0] = host_op(h, HOST_SET_LOCAL, 0, slot, n->at, both, 1);
	both[0] = host_op(h, HOST_LOCAL, 0, slot, n->at, NULL, 0);
	both[1] = host_int(h, 1, n->at);
	set = host_op(h, HOST_BINARY, n->op == OP_INC ? HOST_ADD : HOST_SUB, 0, n->at, both, 2);
	if (use)
		kids[1] = host_assign_map(h, of, keys, n_keys, set, n->at);
	else
		kids[1] =
		    host_op(h, HOST_SET_LOCAL, 0,
		            old != NO_HOST_OP ? h->out->ops.items[old].slot : 0, n->at, &set, 1);
	if (!n->is_postfix)
		return host_op(h, HOST_BLOCK, 0, 0, n->at, kids, 2);
	kids[2] = host_op(h, HOST_LOCAL, 0, slot, n->at, NULL, 0);
	return host_op(h, HOST_BLOCK, 0, 0, n->at, kids, 3);
}

/* ---- operators ------------------------------------------------------------------------------- */

static uint32_t host_fold_op(struct hosting *h, enum host_op_kind kind, enum host_operator op,
                             struct span at, const uint32_t *kids, uint32_t n)
{
	const struct host_constant *x = host_constant_of(h, kids[0]);
	const struct host_constant *y = n > 1 ? host_constant_of(h, kids[1]) : NULL;
	struct host_constant folded;

	if (x && (y || n == 1) && host_fold(op, x, y, &folded))
		return host_constant(h, folded, at);
	return host_op(h, kind, op, 0, at, kids, n);
}

static uint32_t host_unary(struct hosting *h, const struct node *n)
{
	uint32_t kid = host_expr(h, n->args[0]);

	switch (n->op) {
	case OP_NEG:
		return host_fold_op(h, HOST_UNARY, HOST_NEG, n->at, &kid, 1);
	case OP_NOT:
		return host_fold_op(h, HOST_UNARY, HOST_NOT, n->at, &kid, 1);
	case OP_BNOT:
		return host_op(h, HOST_UNARY, HOST_BNOT, 0, n->at, &kid, 1);
	default:
		host_error(
		    h, n->at, E_BAD_OPERAND,
		    "The %s operator needs a process's or the kernel's memory, which is out of "
		    "reach here",
		    op_text(n->op));
		return NO_HOST_OP;
	}
}

/* && and ||: a side that is known decides, or is left out. */
static uint32_t host_logic(struct hosting *h, const struct node *n)
{
	bool is_and = n->op == OP_LAND;
	uint32_t kids[2] = {host_expr(h, n->args[0])};
	const struct host_constant *x = host_constant_of(h, kids[0]), *y;

	if (x && host_constant_is_true(x) != is_and)
		return host_int(h, !is_and, n->at);
	kids[1] = host_expr(h, n->args[1]);
	y = host_constant_of(h, kids[1]);
	if (x && y)
		return host_int(h, host_constant_is_true(y), n->at);
	return host_op(h, is_and ? HOST_AND : HOST_OR, 0, 0, n->at, kids, 2);
}

enum host_operator host_operator_of(enum op op)
{
	static const enum host_operator operators[OP_N] = {
	    [OP_ADD] = HOST_ADD, [OP_SUB] = HOST_SUB,  [OP_MUL] = HOST_MUL, [OP_DIV] = HOST_DIV,
	    [OP_MOD] = HOST_MOD, [OP_AND] = HOST_BAND, [OP_OR] = HOST_BOR,  [OP_XOR] = HOST_XOR,
	    [OP_SHL] = HOST_SHL, [OP_SHR] = HOST_SHR,  [OP_EQ] = HOST_EQ,   [OP_NE] = HOST_NE,
	    [OP_LT] = HOST_LT,   [OP_LE] = HOST_LE,    [OP_GT] = HOST_GT,   [OP_GE] = HOST_GE,
	};

	return operators[op];
}

static uint32_t host_binary(struct hosting *h, const struct node *n)
{
	uint32_t kids[2];

	if (n->op == OP_LAND || n->op == OP_LOR)
		return host_logic(h, n);
	kids[0] = host_expr(h, n->args[0]);
	kids[1] = host_expr(h, n->args[1]);
	return host_fold_op(h, HOST_BINARY, host_operator_of(n->op), n->at, kids, 2);
}

static uint32_t host_ternary(struct hosting *h, const struct node *n)
{
	uint32_t kids[3] = {host_expr(h, n->args[0])};
	const struct host_constant *known = host_constant_of(h, kids[0]);

	if (!n->args[1]) { /* a ?: b */
		uint32_t slot = host_slot(h);

		kids[0] = host_op(h, HOST_SET_LOCAL, 0, slot, n->at, kids, 1);
		kids[1] = host_op(h, HOST_LOCAL, 0, slot, n->at, NULL, 0);
	} else if (known) {
		return host_expr(h, n->args[host_constant_is_true(known) ? 1 : 2]);
	} else {
		kids[1] = host_expr(h, n->args[1]);
	}
	kids[2] = host_expr(h, n->args[2]);
	return host_op(h, HOST_COND, 0, 0, n->at, kids, 3);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* Functions of a map itself rather than of what it holds. */
static uint32_t host_map_call(struct hosting *h, const struct node *n, enum host_function f)
{
	const struct node *map = n->args[0];
	struct host_use *use;
	uint32_t kids[2], n_kids = 0;

	if (map->kind != NODE_MAP || map->n_args) {
		host_error(h, map->at, E_ARG_KIND, "%s() takes a map", n->name);
		return NO_HOST_OP;
	}
	use = host_find_map(h, map->name);
	if (f == HOST_F_take)
		return host_op(h, HOST_TAKE, host_map_number(h, use), 0, n->at, NULL, 0);
	if (f == HOST_F_delete && use->in_probes) {
		host_error(h, map->at, E_MAP_USE,
		           "%s is written by probes: host blocks can read it", map->name);
		return NO_HOST_OP;
	}
	for (uint32_t i = 1; i < n->n_args; i++)
		kids[n_kids++] = host_expr(h, n->args[i]);
	return host_op(h, HOST_CALL, f, host_map_number(h, use), n->at, kids, n_kids);
}

static uint32_t host_header(struct hosting *h, const struct node *n)
{
	const struct table *t =
	    n->args[0]->kind == NODE_IDENT ? unit_find_table(h->u, n->args[0]->name) : NULL;

	if (!t) {
		host_error(h, n->args[0]->at, E_ARG_KIND, "header() takes a table's name");
		return NO_HOST_OP;
	}
	return host_op(h, HOST_CALL, HOST_F_header, t->id, n->at, NULL, 0);
}

/* sort(x, key) and its kin. */
static uint32_t host_each(struct hosting *h, const struct node *n, enum host_function f)
{
	size_t scope = h->locals.n;
	uint32_t kids[2] = {host_expr(h, n->args[0])};
	struct host_local it = {"$it", host_slot(h)};

	if (n->n_args == 1)
		return host_op(h, HOST_CALL, f, 0, n->at, kids, 1);
	vec_push(h->a, &h->locals, it);
	kids[1] = host_expr(h, n->args[1]);
	h->locals.n = scope;
	return host_op(h, HOST_CALL, f, it.slot, n->at, kids, 2);
}

static bool is_of_map(enum host_function f, const struct node *n)
{
	switch (f) {
	case HOST_F_take:
	case HOST_F_clear:
	case HOST_F_delete:
		return true;
	case HOST_F_has:
	case HOST_F_print:
		return n->args[0]->kind == NODE_MAP && !n->args[0]->n_args;
	default:
		return false;
	}
}

static uint32_t host_script(struct hosting *h, const struct node *n)
{
	const struct diag *d = h->u->diag;

	return host_text(h,
	                 arena_strndup(h->a, diag_source_text(d, h->u->source),
	                               diag_source_len(d, h->u->source)),
	                 n->at);
}

static uint32_t host_function_call(struct hosting *h, const struct node *n, enum host_function f)
{
	uint32_t *kids;

	if (is_of_map(f, n))
		return host_map_call(h, n, f);
	if (f == HOST_F_header)
		return host_header(h, n);
	if (f == HOST_F_script)
		return host_script(h, n);
	if (f == HOST_F_row && !h->is_handler) {
		host_error(h, n->at, E_BUILTIN_PLACE,
		           "row() is for the host block of a table's rows");
		return NO_HOST_OP;
	}
	if (functions[f].flags & EACH)
		return host_each(h, n, f);
	kids = arena_array(h->a, uint32_t, n->n_args + 1);
	for (uint32_t i = 0; i < n->n_args; i++)
		kids[i] = host_expr(h, n->args[i]);
	return host_op(h, HOST_CALL, f, UINT32_MAX, n->at, kids, n->n_args);
}

static uint32_t host_call(struct hosting *h, const struct node *n)
{
	struct diag_guess guess = {.word = n->name};

	if (!strcmp(n->name, "given"))
		return host_given(h, n);
	for (uint32_t f = 0; f < HOST_F_N; f++) {
		const struct function_row *row = &functions[f];

		diag_nearest(&guess, row->name);
		if (strcmp(row->name, n->name) != 0)
			continue;
		if (n->n_args >= row->least && n->n_args <= row->most)
			return host_function_call(h, n, (enum host_function)f);
		if (row->least == row->most)
			host_error(h, n->at, E_ARG_COUNT,
			           "%s() takes %u argument%s in host blocks (%u given)", n->name,
			           row->most, row->most == 1 ? "" : "s", n->n_args);
		else
			host_error(h, n->at, E_ARG_COUNT,
			           "%s() takes %u to %u arguments in host blocks (%u given)",
			           n->name, row->least, row->most, n->n_args);
		return NO_HOST_OP;
	}
	host_error(h, n->at, E_UNKNOWN_NAME, "There is no function %s() in host blocks", n->name);
	if (guess.best)
		diag_hint(h->u->diag, "did you mean %s()?", guess.best);
	return NO_HOST_OP;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static uint32_t host_list(struct hosting *h, const struct node *n)
{
	uint32_t *kids = arena_array(h->a, uint32_t, n->n_args + 1);

	for (uint32_t i = 0; i < n->n_args; i++)
		kids[i] = host_expr(h, n->args[i]);
	return host_op(h, HOST_LIST, 0, 0, n->at, kids, n->n_args);
}

static uint32_t host_member(struct hosting *h, const struct node *n)
{
	const struct option *o = option_of(h, n);
	uint32_t kid;

	if (o)
		return host_option(h, o, n->at);
	if (n->args[0]->kind == NODE_IDENT && !strcmp(n->args[0]->name, "opt"))
		return NO_HOST_OP; /* reported */
	if (n->name) {
		host_error(h, n->at, E_UNKNOWN_NAME, "Lists have elements .0, .1 ..., not .%s",
		           n->name);
		return NO_HOST_OP;
	}
	kid = host_expr(h, n->args[0]);
	return host_op(h, HOST_MEMBER, (uint32_t)n->number, 0, n->at, &kid, 1);
}

uint32_t host_expr(struct hosting *h, const struct node *n)
{
	switch (n->kind) {
	case NODE_INT:
		return host_int(h, (int64_t)n->number, n->at);
	case NODE_FLOAT:
		return host_constant(
		    h,
		    (struct host_constant){.kind = HOST_C_FLOAT, .real = strtod(n->string, NULL)},
		    n->at);
	case NODE_STRING:
		return host_constant(h,
		                     (struct host_constant){.kind = HOST_C_TEXT,
		                                            .text = n->string,
		                                            .text_len_b = n->string_len_b},
		                     n->at);
	case NODE_VAR:
		return host_variable(h, n);
	case NODE_BUILTIN:
	case NODE_IDENT:
		return host_name(h, n);
	case NODE_MAP:
		return host_map(h, n);
	case NODE_UNARY:
		return host_unary(h, n);
	case NODE_BINARY:
		return host_binary(h, n);
	case NODE_INCDEC:
		return host_incdec(h, n);
	case NODE_TERNARY:
		return host_ternary(h, n);
	case NODE_TUPLE:
		return host_list(h, n);
	case NODE_FIELD:
		return host_member(h, n);
	case NODE_INDEX: {
		uint32_t kids[2] = {host_expr(h, n->args[0]), host_expr(h, n->args[1])};

		return host_op(h, HOST_INDEX, 0, 0, n->at, kids, 2);
	}
	case NODE_CALL:
		return host_call(h, n);
	case NODE_BLOCK:
	case NODE_IF:
		return host_block(h, n);
	default:
		host_error(h, n->at, E_SYNTAX, "This is for probes, not for host blocks");
		return NO_HOST_OP;
	}
}
