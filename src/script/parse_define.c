/* What stands beside probes: macros, functions, imports (spec 5.4), and `if` around all of these.
 */
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
	unit_add_fn(p->u, f);
	return true;
}

/* branch = "{" items "}" */
static bool parse_branch(struct parser *p, struct branch *b)
{
	struct unit *outer = p->u;
	struct span brace = parser_token_span(p);

	if (!parser_expect(p, TOK_LBRACE) || !parser_enter(p))
		return false;
	b->unit = p->u = unit_new_branch(outer);
	p->branch_depth++;
	parse_items(p, TOK_RBRACE);
	p->branch_depth--;
	p->u = outer;
	if (!parser_accept(p, TOK_RBRACE)) {
		if (parser_error(p, "expected '}'"))
			diag_context(p->u->diag, brace, "This is the '{' it closes.");
		p->lx.is_lost = true;
	}
	b->at = parser_span(p, brace.begin);
	return true;
}

/* The condition behind `if`. One with a mistake is stepped over, to read the branches all the same;
 * false: there are none. */
static bool parse_choice_condition(struct parser *p, struct branch *b)
{
	parser_advance(p);
	b->condition = parse_condition(p);
	if (b->condition)
		return true;
	while (p->tok.kind != TOK_LBRACE && p->tok.kind != TOK_RBRACE && p->tok.kind != TOK_EOF)
		parser_advance(p);
	b->condition = parser_node(p, NODE_INT, p->tok.begin, NULL, NULL, NULL);
	return p->tok.kind == TOK_LBRACE;
}

/* choice = "if" condition branch { "else" "if" condition branch } [ "else" branch ] */
bool parse_choice(struct parser *p)
{
	struct top_if c = {.before = p->u->probes.n};
	uint32_t begin = p->tok.begin;
	unsigned nesting = p->nesting;
	struct branch b;

	do {
		b = (struct branch){0};
		p->chain = 0;
		p->nesting = nesting;
		if (p->tok.kind == TOK_IF && !parse_choice_condition(p, &b))
			return false;
		if (!parse_branch(p, &b))
			return false;
		vec_push(p->u->a, &c.branches, b);
	} while (b.condition && parser_accept(p, TOK_ELSE));
	p->nesting = nesting;
	c.at = parser_span(p, begin);
	vec_push(p->u->a, &p->u->ifs, c);
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

bool parse_is_specifications(const struct parser *p)
{
	return parser_token_is(p, "specifications") && token_is_word(parser_peek(p).kind);
}

/* specifications = "specifications" IDENT "(" "opt" "." IDENT { "," "opt" "." IDENT } ")" ";" */
bool parse_specifications(struct parser *p)
{
	struct specifications s = {0};
	uint32_t begin = p->tok.begin;

	if (p->branch_depth || p->import_depth) {
		parser_error(p, "'specifications' cannot stand in %s",
		             p->branch_depth ? "an 'if'" : "an imported file");
		return false;
	}
	parser_advance(p);
	s.language = parser_token_dup(p);
	s.language_at = parser_token_span(p);
	parser_advance(p);
	if (!parser_expect(p, TOK_LPAREN))
		return false;
	do {
		uint32_t option = p->tok.begin;

		if (!parser_token_is(p, "opt")) {
			parser_error(p, "expected opt.NAME");
			return false;
		}
		parser_advance(p);
		if (!parser_expect(p, TOK_DOT))
			return false;
		if (!token_is_word(p->tok.kind)) {
			parser_error(p, "expected identifier");
			return false;
		}
		vec_push(p->u->a, &s.options, parser_token_dup(p));
		parser_advance(p);
		vec_push(p->u->a, &s.options_at, parser_span(p, option));
	} while (parser_accept(p, TOK_COMMA));
	if (!parser_expect(p, TOK_RPAREN))
		return false;
	s.at = parser_span(p, begin);
	vec_push(p->u->a, &p->u->specifications, s);
	return parser_expect(p, TOK_SEMI);
}
