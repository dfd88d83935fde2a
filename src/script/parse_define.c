/* Definitions beside probes: macros, functions, imports (spec 5.4). */
#include "script/parser.h"

#include <string.h>

#include "base/arena.h"
#include "script/stdlib.h"

/* param = VAR | MAP | IDENT */
static bool parse_macro_param(struct parser *p, struct macro *m)
{
	struct macro_param param = {.kind = p->tok.kind == TOK_VAR   ? MACRO_VAR
	                                    : p->tok.kind == TOK_MAP ? MACRO_MAP
	                                                             : MACRO_EXPR,
	                            .name = parser_token_dup(p),
	                            .at = parser_token_span(p)};

	if (p->tok.kind != TOK_VAR && p->tok.kind != TOK_MAP && !token_is_word(p->tok.kind)) {
		parser_error(p, "expected a parameter: $variable, @map or name");
		return false;
	}
	vec_each (other, &m->params) {
		if (strcmp(other->name, param.name))
			continue;
		lexer_error(&p->lx, E_REDEFINED, p->tok.begin, p->tok.end,
		            "Macro parameter %s is there twice", param.name);
	}
	parser_advance(p);
	vec_push(p->u->a, &m->params, param);
	return true;
}

static bool is_same_signature(const struct macro *m, const struct macro *other)
{
	if (strcmp(m->name, other->name) || m->params.n != other->params.n ||
	    m->is_library != other->is_library)
		return false;
	for (size_t i = 0; i < m->params.n; i++)
		if (m->params.items[i].kind != other->params.items[i].kind)
			return false;
	return true;
}

static void check_redefinition(struct parser *p, const struct macro *m)
{
	const struct macro *other = p->u->macros_by_name[name_bucket(m->name)];

	for (; other; other = other->next) {
		if (!is_same_signature(m, other))
			continue;
		if (lexer_error(&p->lx, E_REDEFINED, m->at.begin, m->at.end,
		                "Redefinition of macro: %s", m->name))
			diag_context(p->u->diag, other->at, "This is the first definition.");
		return;
	}
}

/* macro = "macro" IDENT "(" [ param { "," param } [ "," ] ] ")" block */
bool parse_macro(struct parser *p)
{
	struct macro *m = arena_new(p->u->a, struct macro);

	m->is_library = p->is_library;
	parser_advance(p);
	if (!token_is_word(p->tok.kind)) {
		parser_error(p, "expected macro name");
		return false;
	}
	m->name = parser_token_dup(p);
	m->at = parser_token_span(p);
	parser_advance(p);
	if (!parser_expect(p, TOK_LPAREN))
		return false;
	while (p->tok.kind != TOK_RPAREN) {
		if (!parse_macro_param(p, m))
			return false;
		if (!parser_accept(p, TOK_COMMA))
			break;
	}
	if (!parser_expect(p, TOK_RPAREN))
		return false;
	check_redefinition(p, m);
	p->no_jumps = m->name;
	m->body = parse_block(p);
	p->no_jumps = NULL;
	if (m->body)
		unit_add_macro(p->u, m);
	return m->body;
}

/* param = VAR ":" type */
static bool parse_fn_param(struct parser *p, struct fn *f)
{
	uint32_t begin = p->tok.begin;
	struct node *n = node_new(p->u->a, NODE_LET, NO_SPAN);

	n->args = arena_array(p->u->a, struct node *, 3);
	n->name = parser_token_dup(p);
	if (f->params.n == FN_PARAMS_MAX)
		lexer_error(&p->lx, E_LIMIT, p->tok.begin, p->tok.end,
		            "a function takes at most %u parameters", FN_PARAMS_MAX);
	if (p->tok.kind != TOK_VAR) {
		parser_error(p, "expected variable");
		return false;
	}
	parser_advance(p);
	if (!parser_expect(p, TOK_COLON) || !parse_type(p, n))
		return false;
	n->at = parser_span(p, begin);
	vec_push(p->u->a, &f->params, n);
	return true;
}

/* fn = "fn" IDENT "(" [ param { "," param } [ "," ] ] ")" ":" type block */
bool parse_fn(struct parser *p)
{
	struct fn *f = arena_new(p->u->a, struct fn);
	const struct fn *other;
	uint32_t begin = p->tok.begin;

	parser_advance(p);
	if (!token_is_word(p->tok.kind)) {
		parser_error(p, "expected function name");
		return false;
	}
	f->name = parser_token_dup(p);
	f->at = parser_token_span(p);
	parser_advance(p);
	if (!parser_expect(p, TOK_LPAREN))
		return false;
	while (p->tok.kind != TOK_RPAREN) {
		if (!parse_fn_param(p, f))
			return false;
		if (!parser_accept(p, TOK_COMMA))
			break;
	}
	if (!parser_expect(p, TOK_RPAREN) || !parser_expect(p, TOK_COLON))
		return false;
	f->result = parser_node(p, NODE_TYPE, p->tok.begin, NULL, NULL, NULL);
	if (!parse_type(p, f->result))
		return false;
	f->result->at = f->result->type_at;
	f->probe = arena_new(p->u->a, struct probe);
	f->probe->kind = PROBE_BEGIN;
	f->probe->at = parser_span(p, begin);
	f->probe->body = parse_block(p);
	if (!f->probe->body)
		return false;
	node_drop_result(p->u->a, f->probe->body);
	other = unit_find_fn(p->u, f->name);
	if (other) {
		if (lexer_error(&p->lx, E_REDEFINED, f->at.begin, f->at.end,
		                "Redefinition of function: %s", f->name))
			diag_context(p->u->diag, other->at, "This is the first definition.");
		return true;
	}
	unit_add_fn(p->u, f);
	return true;
}

/* import = "import" STRING */
static const char *parse_import(struct parser *p, struct span *ret_at)
{
	const char *name;

	parser_advance(p);
	*ret_at = parser_token_span(p);
	if (p->tok.kind != TOK_STRING) {
		parser_error(p, "expected a string");
		return NULL;
	}
	name = p->tok.string;
	parser_advance(p);
	return name;
}

bool parse_root_import(struct parser *p, bool is_late)
{
	struct span at;
	const char *name = parse_import(p, &at);

	if (!name)
		return false;
	if (!is_late) /* already reported */
		import_root(p, name, at);
	parser_accept(p, TOK_SEMI);
	return true;
}

bool parse_import_statement(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	struct span at;
	const char *name = parse_import(p, &at);

	if (!name)
		return false;
	if (!p->u->is_alone && !stdlib_has_module(name))
		diag_error(p->u->diag, E_IMPORT, at,
		           "Cannot import \"%s\": the standard library has no such module", name);
	vec_push(p->u->a, &p->u->import_statements, parser_span(p, begin));
	return true;
}
