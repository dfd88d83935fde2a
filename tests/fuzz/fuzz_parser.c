/* The tracing language's parser on any text.
 *
 * corpus: *.bt */
#include "fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "script/lexer.h"
#include "script/parser.h"
#include "script/stages.h"

/* Later stages recurse over the tree, so its height matters; a level of nesting makes a few nodes
 * at most (statement, if, block). */
#define HEIGHT_MAX (4 * PARSE_NESTING_MAX + PARSE_CHAIN_MAX)

static void check_tree(const struct unit *u, const struct node *n, size_t len_b, unsigned height)
{
	FUZZ_CHECK(height <= HEIGHT_MAX);
	FUZZ_CHECK(n->kind < NODE_N && n->kind != NODE_PARAM);
	FUZZ_CHECK(n->at.source == u->source);
	FUZZ_CHECK(n->at.begin <= n->at.end && n->at.end <= len_b);
	for (uint32_t i = 0; i < n->n_args; i++) {
		FUZZ_CHECK(n->args[i] || (n->kind == NODE_TERNARY && i == 1));
		if (n->args[i])
			check_tree(u, n->args[i], len_b, height + 1);
	}
	for (size_t i = 0; i < n->stmts.n; i++)
		check_tree(u, n->stmts.items[i], len_b, height + 1);
}

void fuzz_one(const char *data, size_t len_b)
{
	static const char *const params[] = {"1", "-2", "text", ""};
	struct arena *a = arena_create();
	struct diag *d = diag_create(a);
	static const char *const args[] = {"-a", "5", "--b=x", "7", "-vx", "0.5", "--", "-z"};
	struct script_options opts = {
	    .params = params, .n_params = 4, .args = args, .n_args = len_b % 9};
	struct unit u = {.a = a, .diag = d, .opts = &opts};
	const char *text = arena_strndup(a, data, len_b);
	struct strbuf out = {0};
	bool is_good;

	len_b = strlen(text);
	u.source = diag_add_source(d, "fuzz", text, len_b);
	is_good = script_parse(&u);
	FUZZ_CHECK(is_good == !diag_errors(d));
	FUZZ_CHECK(diag_errors(d) <= LEXER_ERRORS_MAX);
	FUZZ_CHECK(u.c_begin_b <= u.c_end_b && u.c_end_b <= len_b);
	vec_each (probe, &u.probes) {
		FUZZ_CHECK((*probe)->points.n && (*probe)->body);
		check_tree(&u, (*probe)->body, len_b, 0);
		if ((*probe)->predicate)
			check_tree(&u, (*probe)->predicate, len_b, 0);
		(*probe)->body = node_clone(a, (*probe)->body);
	}
	if (is_good)
		script_command_line(&u);
	ast_print(&u, false, &out);
	diag_render(d, &(struct diag_style){0}, &out);
	sb_free(&out);
	arena_destroy(a);
}
