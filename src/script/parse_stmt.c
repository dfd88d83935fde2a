/* Statements and blocks (spec 5.1).
 *
 * Blocks and `if` are expressions as well as statements, and which one is known only behind them
 * (`$x = { f(); 1 }`, `{ f(); 1 }`). So both are parsed as expressions, with a result where the
 * last expression has no `;`, and whoever wants a statement drops that result.
 *
 * Recovery: a mistake inside a statement skips to behind its `;` or its `{...}`, or to the `}` of
 * the block it stands in. */
#include "script/parser.h"

#include <string.h>

#include "base/arena.h"

static const enum op assign_ops[TOK_N] = {
    [TOK_ADD_SET] = OP_ADD, [TOK_SUB_SET] = OP_SUB, [TOK_MUL_SET] = OP_MUL, [TOK_DIV_SET] = OP_DIV,
    [TOK_MOD_SET] = OP_MOD, [TOK_AND_SET] = OP_AND, [TOK_OR_SET] = OP_OR,   [TOK_XOR_SET] = OP_XOR,
    [TOK_SHL_SET] = OP_SHL, [TOK_SHR_SET] = OP_SHR,
};

static bool is_assignment(enum token_kind kind)
{
	return kind == TOK_SET || assign_ops[kind];
}

static void push_statement(struct parser *p, struct node *block, struct node *n)
{
	vec_push(p->u->a, &block->stmts, n);
}

static struct node *new_expr_statement(struct parser *p, struct node *value)
{
	struct node *n = parser_node(p, NODE_EXPR, value->at.begin, value, NULL, NULL);

	n->at = value->at;
	return n;
}

/* A probe's name at a line's beginning: here the `}` of this block was forgotten. */
static bool is_next_probe(const struct parser *p)
{
	return p->tok.kind == TOK_IDENT && p->tok.begin && p->lx.text[p->tok.begin - 1] == '\n' &&
	       p->tok.end < p->lx.len_b && p->lx.text[p->tok.end] == ':';
}

/* The end of a statement that wants a `;`: that, or the block's end. A statement on the next line
 * is taken as one, after a report. */
static bool parse_end(struct parser *p)
{
	bool is_on_next_line;

	if (parser_accept(p, TOK_SEMI) || p->tok.kind == TOK_RBRACE)
		return true;
	if (p->tok.kind == TOK_EOF || is_next_probe(p))
		return true; /* what is missing is the block's `}` */
	is_on_next_line = memchr(p->lx.text + p->last_end_b, '\n', p->tok.begin - p->last_end_b);
	parser_error(p, "expected ';'");
	return is_on_next_line;
}

/* condition = unary: in parentheses, or a bare one that binds as tight. */
struct node *parse_condition(struct parser *p)
{
	struct node *n;

	p->expressions++;
	n = parse_unary(p);
	p->expressions--;
	if (n && p->tok.kind != TOK_LBRACE) {
		bool is_operator = parse_is_binary_operator(p->tok.kind);

		if (parser_error(p, "expected '{'"))
			diag_hint(p->u->diag, is_operator ? "put the condition into parentheses"
			                                  : "a body needs braces");
		return NULL;
	}
	return n;
}

/* A block that is a body: a statement. */
static struct node *parse_body(struct parser *p)
{
	struct node *n = parse_block(p);

	node_drop_result(p->u->a, n);
	return n;
}

/* if = "if" condition block { "else" "if" condition block } [ "else" block ]
 * A loop, as chains are long in generated scripts; each link counts as a level of nesting, which
 * is what it is in the tree. */
struct node *parse_if(struct parser *p)
{
	struct node *first = NULL, **tail = &first, *condition, *then, *n;
	unsigned nesting = p->nesting;
	uint32_t begin;

	do {
		begin = p->tok.begin;
		if (!parser_enter(p))
			goto fail;
		parser_advance(p); /* if */
		condition = parse_condition(p);
		then = condition ? parse_block(p) : NULL;
		if (!then)
			goto fail;
		n = parser_node(p, NODE_IF, begin, condition, then, NULL);
		*tail = n;
		if (!parser_accept(p, TOK_ELSE))
			break;
		n->n_args = 3;
		tail = &n->args[2];
		if (p->tok.kind != TOK_IF) {
			*tail = parse_block(p);
			if (!*tail)
				goto fail;
		}
	} while (p->tok.kind == TOK_IF && !*tail);
	p->nesting = nesting;
	/* the span of each link reaches to the chain's end */
	for (n = first; n && n->kind == NODE_IF; n = n->args[2])
		n->at.end = p->last_end_b;
	return first;
fail:
	p->nesting = nesting;
	return NULL;
}

/* let = "let" VAR [ ":" type ] [ "=" expr ] */
static struct node *parse_let(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	struct node *n = node_new(p->u->a, NODE_LET, NO_SPAN), *value;

	n->args = arena_array(p->u->a, struct node *, 3);
	parser_advance(p);
	if (p->tok.kind != TOK_VAR) {
		bool is_map = p->tok.kind == TOK_MAP;

		if (parser_error(p, "expected variable") && is_map)
			diag_hint(p->u->diag, "maps are declared outside of probes");
		return NULL;
	}
	n->name = parser_token_dup(p);
	parser_advance(p);
	if (parser_accept(p, TOK_COLON) && !parse_type(p, n))
		return NULL;
	if (parser_accept(p, TOK_SET)) {
		value = parse_expr(p);
		if (!value)
			return NULL;
		n->args[0] = value;
		n->n_args = 1;
	}
	n->at = parser_span(p, begin);
	return n;
}

/* while = "while" condition block */
static struct node *parse_while(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	struct span at = parser_token_span(p);
	struct node *condition, *body;

	parser_advance(p);
	condition = parse_condition(p);
	body = condition ? parse_body(p) : NULL;
	if (!body)
		return NULL;
	if (!p->is_host && parser_may_warn(p)) {
		diag_warn(p->u->diag, E_DEPRECATED, at, "while loops are deprecated");
		diag_hint(p->u->diag, "use a for loop over a range: for $i : 0..10 { ... }");
	}
	return parser_node(p, NODE_WHILE, begin, condition, body, NULL);
}

/* unroll = "unroll" condition block */
static struct node *parse_unroll(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	struct node *count, *body;

	parser_advance(p);
	count = parse_condition(p);
	body = count ? parse_body(p) : NULL;
	return body ? parser_node(p, NODE_UNROLL, begin, count, body, NULL) : NULL;
}

/* An end of a range, or the map of a loop. */
static struct node *parse_bound(struct parser *p)
{
	struct node *n;

	p->expressions++;
	n = parse_unary(p);
	p->expressions--;
	return n;
}

/* for   = "for" ( "(" walk ")" | walk ) block
 * walk  = VAR ":" ( MAP | range )
 * range = unary ".." unary */
static struct node *parse_for(struct parser *p)
{
	struct node *from, *to = NULL, *body, *n;
	uint32_t begin = p->tok.begin;
	const char *name;
	bool has_parens;

	parser_advance(p);
	has_parens = parser_accept(p, TOK_LPAREN);
	if (p->tok.kind != TOK_VAR) {
		parser_error(p, "expected variable");
		return NULL;
	}
	name = parser_token_dup(p);
	parser_advance(p);
	if (!parser_expect(p, TOK_COLON))
		return NULL;
	from = parse_bound(p);
	if (!from)
		return NULL;
	if (parser_accept(p, TOK_RANGE)) {
		to = parse_bound(p);
		if (!to)
			return NULL;
	} else if (from->kind != NODE_MAP && !p->is_host) {
		if (parser_error(p, "expected '..'"))
			diag_hint(p->u->diag, "loops walk a map (@m) or a range (0..10)");
		return NULL;
	} else if (from->n_args && !p->is_host) {
		lexer_error(&p->lx, E_SYNTAX, from->at.begin, from->at.end,
		            "syntax: a loop walks a whole map, not one of its values");
		return NULL;
	}
	if (has_parens && !parser_expect(p, TOK_RPAREN))
		return NULL;
	body = parse_body(p);
	if (!body)
		return NULL;
	n = to ? parser_node(p, NODE_FOR_RANGE, begin, from, to, body)
	       : parser_node(p, p->is_host ? NODE_FOR_LIST : NODE_FOR_MAP, begin, from, body, NULL);
	n->name = name;
	return n;
}

/* jump = "break" | "continue" | "return" [ expr ] */
static struct node *parse_jump(struct parser *p)
{
	enum token_kind kind = p->tok.kind;
	uint32_t begin = p->tok.begin;
	struct node *value = NULL;

	if (p->no_jumps)
		lexer_error(&p->lx, E_JUMP, p->tok.begin, p->tok.end,
		            "'%s' statement is not allowed in a macro", parser_token_dup(p));
	parser_advance(p);
	if (kind == TOK_RETURN && p->tok.kind != TOK_SEMI && p->tok.kind != TOK_RBRACE) {
		value = parse_expr(p);
		if (!value)
			return NULL;
	}
	return parser_node(p,
	                   kind == TOK_BREAK      ? NODE_BREAK
	                   : kind == TOK_CONTINUE ? NODE_CONTINUE
	                                          : NODE_RETURN,
	                   begin, value, NULL, NULL);
}

/* assign  = ( VAR | map ) ASSIGN_OP expr, the token being ASSIGN_OP
 * discard = "_" "=" expr */
static struct node *parse_assign(struct parser *p, struct node *to)
{
	enum token_kind kind = p->tok.kind;
	struct node *n, *value;
	bool is_discard = to->kind == NODE_IDENT && !strcmp(to->name, "_") && kind == TOK_SET;
	bool is_target = to->kind == NODE_VAR || to->kind == NODE_MAP || to->kind == NODE_FIELD ||
	                 (to->kind == NODE_UNARY && to->op == OP_DEREF);

	if (!is_discard && !is_target) {
		lexer_error(&p->lx, E_SYNTAX, to->at.begin, to->at.end,
		            "syntax: only variables and maps can be assigned to");
		return NULL;
	}
	parser_advance(p);
	value = parse_expr(p);
	if (!value)
		return NULL;
	if (is_discard)
		return parser_node(p, NODE_DISCARD, to->at.begin, value, NULL, NULL);
	n = parser_node(p, NODE_ASSIGN, to->at.begin, to, value, NULL);
	n->op = assign_ops[kind];
	if (is_assignment(p->tok.kind)) {
		if (parser_error(p, "expected ';'"))
			diag_hint(p->u->diag, "an assignment is a statement and has no value");
		return NULL;
	}
	return n;
}

/* A statement that is a whole one by itself, with no `;`. */
static bool push_whole(struct parser *p, struct node *block, struct node *n)
{
	if (n)
		push_statement(p, block, n);
	return n;
}

static bool push_ended(struct parser *p, struct node *block, struct node *n)
{
	return push_whole(p, block, n) && parse_end(p);
}

/* stmt = let ";" | assign ";" | discard ";" | expr ";" | jump ";" | while | for | unroll
 *      | if | block | emit ";"
 * The last expression of a block, without its `;`, becomes the block's result. */
static bool parse_statement(struct parser *p, struct node *block)
{
	struct node *n;

	if (!p->expressions)
		p->chain = 0;
	switch (p->tok.kind) {
	case TOK_SEMI:
		parser_advance(p);
		return true;
	case TOK_LET:
		return push_ended(p, block, parse_let(p));
	case TOK_BREAK:
	case TOK_CONTINUE:
	case TOK_RETURN:
		return push_ended(p, block, parse_jump(p));
	case TOK_WHILE:
		return push_whole(p, block, parse_while(p));
	case TOK_FOR:
		return push_whole(p, block, parse_for(p));
	case TOK_UNROLL:
		return push_whole(p, block, parse_unroll(p));
	case TOK_IMPORT:
		return parse_import_statement(p) && parse_end(p);
	case TOK_ELSE:
		parser_error(p, "'else' without 'if'");
		return false;
	case TOK_IF:
	case TOK_LBRACE:
		n = p->tok.kind == TOK_IF ? parse_if(p) : parse_block(p);
		if (!n)
			return false;
		parser_accept(p, TOK_SEMI);
		break;
	default:
		if (parse_is_emit(p))
			return push_ended(p, block, parse_emit(p));
		n = parse_expr(p);
		if (!n)
			return false;
		if (is_assignment(p->tok.kind))
			return push_ended(p, block, parse_assign(p, n));
		if (p->tok.kind == TOK_RBRACE)
			break;
		push_statement(p, block, new_expr_statement(p, n));
		return parse_end(p);
	}
	if (p->tok.kind == TOK_RBRACE && p->lx.text[p->last_end_b - 1] != ';') {
		block->args[0] = n;
		block->n_args = 1;
	} else {
		node_drop_result(p->u->a, n);
		push_statement(p, block, n);
	}
	return true;
}

static void skip_statement(struct parser *p)
{
	for (;;) {
		switch (p->tok.kind) {
		case TOK_SEMI:
			parser_advance(p);
			return;
		case TOK_EOF:
		case TOK_RBRACE:
			return;
		case TOK_LBRACE:
			parser_skip_block(p);
			if (p->tok.kind != TOK_ELSE)
				return;
			break;
		default:
			parser_advance(p);
			if (is_next_probe(p))
				return;
		}
	}
}

/* block = "{" { stmt } [ expr ] "}" */
struct node *parse_block(struct parser *p)
{
	bool slash_ends = p->slash_ends;
	struct span brace = parser_token_span(p);
	struct node *n;

	if (!parser_expect(p, TOK_LBRACE) || !parser_enter(p))
		return NULL;
	p->slash_ends = false;
	n = parser_node(p, NODE_BLOCK, brace.begin, NULL, NULL, NULL);
	while (p->tok.kind != TOK_RBRACE && p->tok.kind != TOK_EOF && !is_next_probe(p))
		if (!parse_statement(p, n))
			skip_statement(p);
	p->slash_ends = slash_ends;
	parser_leave(p);
	if (!parser_accept(p, TOK_RBRACE)) {
		if (parser_error(p, "expected '}'"))
			diag_context(p->u->diag, brace, "This is the '{' it closes.");
		/* What was read is good; the reports keep the script from running. */
		if (p->tok.kind == TOK_EOF)
			p->lx.is_lost = true;
	}
	n->at = parser_span(p, brace.begin);
	return n;
}
