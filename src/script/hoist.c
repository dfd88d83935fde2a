/* Variables of old scripts. Until bpftrace 0.22 a variable belonged to the whole probe, wherever in
 * it the first assignment stood; today it belongs to the block around that. `--compat` brings the
 * old rule back by declaring at a probe's start what is first assigned in some inner block. */
#include <string.h>

#include "base/strmap.h"
#include "script/ast.h"
#include "script/stages.h"

struct hoist {
	struct unit *u;
	struct strmap declared; /* names that have a place already, by let, a loop or at the top */
	vec(struct node *) lets;
};

static void add_let(struct hoist *h, const struct node *var)
{
	struct node *let = node_new(h->u->a, NODE_LET, var->at);

	let->name = var->name;
	let->binding = var->binding;
	vec_push(h->u->a, &h->lets, let);
}

/* The name has its place from here on; `is_inner`: in a block whose end it has to outlive. */
static void take(struct hoist *h, const struct node *n, bool is_inner)
{
	const char *key = n->binding ? n->binding : n->name;

	if (strmap_get(&h->declared, key))
		return;
	strmap_put(&h->declared, key, (void *)n);
	if (is_inner)
		add_let(h, n);
}

/* In the order of the text, so that a declaration counts from where it stands. */
static void walk(struct hoist *h, const struct node *n, bool is_inner)
{
	if (!n)
		return;
	if (n->kind == NODE_LET || n->kind == NODE_FOR_MAP || n->kind == NODE_FOR_RANGE)
		take(h, n, false);
	for (uint32_t i = 0; i < n->n_args; i++)
		walk(h, n->args[i], is_inner);
	vec_each (stmt, &n->stmts)
		walk(h, *stmt, is_inner || n->kind == NODE_BLOCK);
	if (n->kind == NODE_ASSIGN && n->args[0]->kind == NODE_VAR)
		take(h, n->args[0], is_inner);
}

static void hoist(struct unit *u, struct probe *p)
{
	struct hoist h = {.u = u};
	struct node *top = p->body;

	if (!top)
		return;
	vec_each (stmt, &top->stmts)
		walk(&h, *stmt, false);
	for (uint32_t i = 0; i < top->n_args; i++)
		walk(&h, top->args[i], false);
	if (h.lets.n) {
		size_t n_own = top->stmts.n;

		for (size_t i = 0; i < h.lets.n; i++)
			vec_push(u->a, &top->stmts, h.lets.items[i]);
		memmove(top->stmts.items + h.lets.n, top->stmts.items,
		        n_own * sizeof(top->stmts.items[0]));
		memcpy(top->stmts.items, h.lets.items, h.lets.n * sizeof(top->stmts.items[0]));
	}
	strmap_free(&h.declared);
}

bool script_hoist(struct unit *u)
{
	if (u->opts->is_compat)
		vec_each (p, &u->probes)
			hoist(u, *p);
	return true;
}
