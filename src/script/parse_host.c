/* What runs in user space: tables, host blocks, and the statement that feeds a table.
 *
 *   table opens where len(path) > 0 {
 *           if (opt.time) { "TIME(s)":-14.9 glued = since_first(ts); }
 *           PID:-6;
 *           PATH;
 *   }
 *   host interval:s:1 { ... }
 *   kprobe:f { emit opens(ts=nsecs, pid, path=str(arg0)); }
 *
 * The words are ordinary names everywhere else. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "script/parser.h"

enum { WIDEST = 1000 };

static bool precedes_name(const struct parser *p, const char *word)
{
	return parser_token_is(p, word) && token_is_word(parser_peek(p).kind);
}

bool parse_is_host(const struct parser *p)
{
	return precedes_name(p, "host");
}

bool parse_is_table(const struct parser *p)
{
	return precedes_name(p, "table");
}

bool parse_is_emit(const struct parser *p)
{
	return precedes_name(p, "emit");
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* width = [ "-" ] ( INT | FLOAT | "." INT ); a fraction's digits are the precision. */
static bool parse_width(struct parser *p, struct table_item *it)
{
	const char *text;
	char *end;

	it->is_left = parser_accept(p, TOK_SUB);
	if (parser_accept(p, TOK_DOT)) {
		if (p->tok.kind != TOK_INT)
			goto wrong;
		it->precision = (int32_t)p->tok.number;
		parser_advance(p);
		return true;
	}
	if (p->tok.kind != TOK_INT && p->tok.kind != TOK_FLOAT)
		goto wrong;
	text = parser_token_dup(p);
	it->width = (uint32_t)strtoul(text, &end, 10);
	if (*end == '.')
		it->precision = (int32_t)strtol(end + 1, &end, 10);
	if (*end || it->width > WIDEST || it->precision > WIDEST)
		goto wrong;
	parser_advance(p);
	return true;
wrong:
	if (parser_error(p, "expected the width of a column"))
		diag_hint(p->u->diag,
		          "NAME:8 is right-justified, NAME:-8 left, NAME:8.2 has two decimals");
	return false;
}

const char *host_key_of_header(struct arena *a, const char *header)
{
	char *name = arena_strndup(a, header, strlen(header));
	size_t len = 0;

	for (const char *c = header; *c; c++) {
		if (isalnum((unsigned char)*c))
			name[len++] = (char)tolower((unsigned char)*c);
		else if (len && name[len - 1] != '_')
			name[len++] = '_';
	}
	while (len && name[len - 1] == '_')
		len--;
	name[len] = '\0';
	return name;
}

/* The field that a column shows if it does not say. */
static struct node *field_of_header(struct parser *p, const char *header, uint32_t begin)
{
	struct node *n = parser_node(p, NODE_IDENT, begin, NULL, NULL, NULL);

	n->name = host_key_of_header(p->u->a, header);
	return n;
}

/* column = ( IDENT | STRING ) [ ":" width ] { "hex" | "octal" | "glued" } [ "=" expr ] ";" */
static bool parse_column(struct parser *p, struct table_item *it)
{
	uint32_t begin = p->tok.begin;

	it->precision = -1;
	it->at = parser_token_span(p);
	if (p->tok.kind == TOK_STRING) {
		it->header = p->tok.string;
	} else if (token_is_word(p->tok.kind)) {
		it->header = parser_token_dup(p);
	} else {
		parser_error(p, "expected a column");
		return false;
	}
	parser_advance(p);
	if (parser_accept(p, TOK_COLON) && !parse_width(p, it))
		return false;
	for (;; parser_advance(p)) {
		if (parser_token_is(p, "hex"))
			it->is_hex = true;
		else if (parser_token_is(p, "octal"))
			it->is_octal = true;
		else if (parser_token_is(p, "glued"))
			it->is_glued = true;
		else
			break;
	}
	it->value =
	    parser_accept(p, TOK_SET) ? parse_expr(p) : field_of_header(p, it->header, begin);
	return it->value && parser_expect(p, TOK_SEMI);
}

static bool parse_columns(struct parser *p, struct table_items *items);

/* choice = "if" "(" expr ")" items [ "else" ( choice | items ) ] */
static bool parse_column_choice(struct parser *p, struct table_item *it)
{
	it->at = parser_token_span(p);
	parser_advance(p);
	if (!parser_expect(p, TOK_LPAREN))
		return false;
	it->value = parse_expr(p);
	if (!it->value || !parser_expect(p, TOK_RPAREN) || !parse_columns(p, &it->then))
		return false;
	if (!parser_accept(p, TOK_ELSE))
		return true;
	if (p->tok.kind == TOK_IF) {
		struct table_item other = {0};
		bool is_good = parser_enter(p) && parse_column_choice(p, &other);

		parser_leave(p);
		vec_push(p->u->a, &it->otherwise, other);
		return is_good;
	}
	return parse_columns(p, &it->otherwise);
}

/* items = "{" { column | choice } "}" */
static bool parse_columns(struct parser *p, struct table_items *items)
{
	if (!parser_expect(p, TOK_LBRACE) || !parser_enter(p))
		return false;
	while (p->tok.kind != TOK_RBRACE) {
		struct table_item it = {0};

		p->chain = 0;
		if (!(p->tok.kind == TOK_IF ? parse_column_choice(p, &it) : parse_column(p, &it)))
			return false;
		vec_push(p->u->a, items, it);
	}
	parser_leave(p);
	parser_advance(p);
	return true;
}

/* table = "table" IDENT [ "where" expr ] items */
bool parse_table(struct parser *p)
{
	struct table *t = arena_new(p->u->a, struct table);
	bool is_good = true;

	parser_advance(p);
	t->name = parser_token_dup(p);
	t->at = parser_token_span(p);
	parser_advance(p);
	p->is_host = true;
	if (parser_token_is(p, "where")) {
		parser_advance(p);
		t->where = parse_expr(p);
		is_good = t->where;
	}
	is_good = is_good && parse_columns(p, &t->columns);
	p->is_host = false;
	if (is_good)
		unit_add_table(p->u, t);
	return is_good;
}

/* ---- host blocks ----------------------------------------------------------------------------- */

/* host = "host" ap block */
bool parse_host(struct parser *p)
{
	struct host_block *h = arena_new(p->u->a, struct host_block);

	parser_advance(p);
	h->trigger = arena_new(p->u->a, struct probe);
	if (!parse_points(p, h->trigger))
		return false;
	h->at = h->trigger->points.items[0].at;
	p->is_host = true;
	h->body = parse_block(p);
	p->is_host = false;
	if (!h->body)
		return false;
	node_drop_result(p->u->a, h->body);
	vec_push(p->u->a, &p->u->hosts, h);
	return true;
}

/* ---- emit ------------------------------------------------------------------------------------ */

/* field = [ IDENT "=" ] expr: without a name, a builtin or variable has its own. */
static bool parse_field(struct parser *p, const char **ret_name, struct node **ret)
{
	bool is_named = token_is_word(p->tok.kind) && parser_peek(p).kind == TOK_SET;

	if (is_named) {
		*ret_name = parser_token_dup(p);
		parser_advance(p);
		parser_advance(p);
	}
	*ret = parse_expr(p);
	if (!*ret)
		return false;
	if (is_named)
		return true;
	switch ((*ret)->kind) {
	case NODE_BUILTIN:
	case NODE_IDENT:
		*ret_name = (*ret)->name;
		return true;
	case NODE_VAR:
		*ret_name = (*ret)->name + 1;
		return true;
	default:
		lexer_error(&p->lx, E_SYNTAX, (*ret)->at.begin, (*ret)->at.end,
		            "syntax: a field needs a name: name=value");
		return false;
	}
}

/* emit = "emit" IDENT "(" [ field { "," field } [ "," ] ] ")" */
struct node *parse_emit(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	vec(const char *) names = {0};
	vec(struct node *) values = {0};
	const char *table;
	struct node *n;

	parser_advance(p);
	table = parser_token_dup(p);
	parser_advance(p);
	if (!parser_expect(p, TOK_LPAREN))
		return NULL;
	while (p->tok.kind != TOK_RPAREN) {
		const char *name = NULL;
		struct node *value = NULL;

		if (!parse_field(p, &name, &value))
			return NULL;
		for (size_t i = 0; i < names.n; i++)
			if (!strcmp(names.items[i], name))
				diag_error(p->u->diag, E_REDEFINED, value->at,
				           "Field %s is given twice", name);
		vec_push(p->u->a, &names, name);
		vec_push(p->u->a, &values, value);
		if (!parser_accept(p, TOK_COMMA))
			break;
	}
	if (!parser_expect(p, TOK_RPAREN))
		return NULL;
	n = parser_node(p, NODE_EMIT, begin, NULL, NULL, NULL);
	n->name = table;
	n->args = values.items;
	n->n_args = (uint32_t)values.n;
	n->names = names.items;
	return n;
}
