/* `if` outside of probes: which branch is meant, and its probes and definitions put where it
 * stands.
 *
 * Runs between parsing and everything that looks something up, so that what stands in the other
 * branches need not exist here. A condition is inferred by itself, as if it stood in a probe that
 * knows nothing; each side of && and || on its own, and the second only if the first leaves it
 * open, so that has_field() can guard a sizeof(). */
#include <string.h>

#include "script/infer_internal.h"
#include "script/macro.h"
#include "script/stages.h"

struct chooser {
	struct infer x;
	vec(struct probe *) probes; /* in the order of the text */
};

/* The innermost part of n that is why it is no literal. */
static const struct node *unknown_part(const struct node *n)
{
	for (bool is_deeper = true; is_deeper;) {
		is_deeper = false;
		if (n->kind != NODE_BINARY && n->kind != NODE_UNARY && n->kind != NODE_TERNARY &&
		    n->kind != NODE_COMPTIME && !(n->kind == NODE_CAST && n->is_implicit))
			break;
		for (uint32_t i = 0; i < n->n_args && !is_deeper; i++)
			if (n->args[i] && n->args[i]->kind != NODE_INT &&
			    n->args[i]->kind != NODE_STRING) {
				n = n->args[i];
				is_deeper = true;
			}
	}
	return n;
}

/* A variable or map: nothing has a value before the script runs. */
static const struct node *variable_part(const struct node *n)
{
	const struct node *found = NULL;

	if (n->kind == NODE_VAR || n->kind == NODE_MAP)
		return n;
	for (uint32_t i = 0; i < n->n_args && !found; i++)
		if (n->args[i])
			found = variable_part(n->args[i]);
	return found;
}

static bool not_known(struct infer *x, const struct node *n)
{
	infer_error(x, E_ARG_KIND, n->at,
	            "This is not known when the script is compiled, and outside of probes 'if' "
	            "is decided then");
	if (n->kind == NODE_CALL && n->function && n->function->id == F_getopt)
		infer_hint(x, "with --aot, options get their values when the script is run");
	else
		infer_hint(x, "ask for what is known: literals, parameters, getopt(), "
		              "probe_exists(), has_field(), kfunc_exist(), config.NAME");
	return false;
}

/* The value of something without && || ! at its top. False: reported. */
static bool value_of(struct infer *x, struct node *n, bool *ret)
{
	size_t errors = diag_errors(x->d);
	const struct node *variable = variable_part(n);
	const struct type *t = variable ? NULL : infer_value(x, &n);

	if (variable)
		return not_known(x, variable);
	if (cast_is_unknown(t) || diag_errors(x->d) != errors)
		return false;
	if (n->kind == NODE_INT) {
		*ret = n->number != 0;
		return true;
	}
	if (n->kind != NODE_STRING)
		return not_known(x, unknown_part(n));
	infer_error(x, E_TYPE_MISMATCH, n->at, "Invalid condition in if(): %s",
	            infer_type_text(x, t));
	return false;
}

static bool decide(struct infer *x, struct node *n, bool *ret)
{
	if (n->kind == NODE_COMPTIME)
		return decide(x, n->args[0], ret);
	if (n->kind == NODE_UNARY && n->op == OP_NOT) {
		if (!decide(x, n->args[0], ret))
			return false;
		*ret = !*ret;
		return true;
	}
	if (n->kind != NODE_BINARY || (n->op != OP_LAND && n->op != OP_LOR))
		return value_of(x, n, ret);
	if (!decide(x, n->args[0], ret))
		return false;
	return *ret == (n->op == OP_LOR) || decide(x, n->args[1], ret);
}

/* The branch a choice means; NULL: none, or reported. */
static const struct branch *chosen(struct infer *x, const struct top_if *c)
{
	vec_each (b, &c->branches) {
		bool value;

		if (!b->condition)
			return b;
		if (!macro_expand_in(x->u, &b->condition) || !decide(x, b->condition, &value))
			return NULL;
		if (value)
			return b;
	}
	return NULL;
}

/* All that is left of a unit or a chosen branch. Bounded as the parser bounds nesting. */
static void flatten(struct chooser *c, const struct unit *b)
{
	size_t next = 0;

	for (size_t i = 0; i <= b->probes.n; i++) {
		for (; next < b->ifs.n && b->ifs.items[next].before == i; next++) {
			const struct branch *taken = chosen(&c->x, &b->ifs.items[next]);

			if (!taken)
				continue;
			unit_take_definitions(c->x.u, taken->unit);
			flatten(c, taken->unit);
		}
		if (i == b->probes.n)
			break;
		b->probes.items[i]->index = (uint32_t)c->probes.n;
		vec_push(c->x.a, &c->probes, b->probes.items[i]);
	}
}

/* Host blocks of branches came behind all others; those of one trigger run in the text's order. */
static void order_hosts(struct unit *u)
{
	for (size_t i = 1; i < u->hosts.n; i++) {
		struct host_block *h = u->hosts.items[i];
		size_t to = i;

		for (; to > 0; to--) {
			struct host_block *before = u->hosts.items[to - 1];

			if (before->at.source != h->at.source || before->at.begin < h->at.begin)
				break;
			u->hosts.items[to] = before;
		}
		u->hosts.items[to] = h;
	}
}

bool script_choose(struct unit *u)
{
	size_t errors = diag_errors(u->diag);
	struct probe nowhere = {.at = NO_SPAN, .kind = PROBE_BEGIN};
	struct probe_target begin = {.kind = PROBE_BEGIN, .name = "begin"};
	struct chooser c = {0};

	if (!u->ifs.n)
		return true;
	vec_push(u->a, &nowhere.targets, begin);
	infer_begin(&c.x, u);
	c.x.p = &nowhere;
	c.x.is_final = c.x.is_comptime = true;
	flatten(&c, u);
	infer_end(&c.x);
	order_hosts(u);
	u->asked.items = c.x.options.items;
	u->asked.n = c.x.options.n;
	u->asked.cap = c.x.options.cap;
	u->probes.items = c.probes.items;
	u->probes.n = c.probes.n;
	u->probes.cap = c.probes.cap;
	memset(&u->ifs, 0, sizeof(u->ifs));
	return diag_errors(u->diag) == errors;
}
