/* Positional parameters (spec 1.5): `$1`, `$#` to literals, while parsing.
 *
 * A parameter that is an integer as a whole is that literal, any other text a string literal. The
 * text as given stays in the node for str($1). */
#include "script/parser.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* A parameter's text, NULL if it is not there or empty. */
static const char *find_param(const struct unit *u, uint64_t number)
{
	const struct script_options *opts = u->opts;

	if (!opts || number > opts->n_params || !opts->params[number - 1][0])
		return NULL;
	return opts->params[number - 1];
}

/* What stands behind a script with an options block is read by that. */
static bool refuse_beside_options(struct parser *p, struct span at)
{
	if (!p->u->options)
		return false;
	if (lexer_error(&p->lx, E_PARAM, at.begin, at.end,
	                "%.*s cannot be used in a script with an options block",
	                (int)(at.end - at.begin > 64 ? 64 : at.end - at.begin),
	                p->lx.text + at.begin))
		diag_hint(p->u->diag,
		          "declare it there: NAME = text(\"[NAME]\", \"what it is\"); and "
		          "say opt.NAME");
	return true;
}

static bool check_number(struct parser *p, uint64_t number, struct span at)
{
	if (refuse_beside_options(p, at))
		return false;
	if (number >= 1 && number <= INT64_MAX)
		return true;
	lexer_error(&p->lx, E_PARAM, at.begin, at.end,
	            "param %.*s is out of integer range [1, 9223372036854775807]",
	            (int)(at.end - at.begin > 64 ? 64 : at.end - at.begin), p->lx.text + at.begin);
	return false;
}

static void warn_missing(struct parser *p, uint64_t number, struct span at)
{
	if (!parser_may_warn(p))
		return;
	/* The blank at the end belongs to the message. */
	diag_warn(p->u->diag, E_PARAM, at, "Positional parameter $%llu is empty or not provided. ",
	          (unsigned long long)number);
}

static struct node *new_literal(struct parser *p, enum node_kind kind, struct span at,
                                const char *text)
{
	struct node *n = node_new(p->u->a, kind, at);

	n->is_param = true;
	n->string = text;
	n->string_len_b = (uint32_t)strlen(text);
	return n;
}

struct node *params_node(struct parser *p, uint64_t number, struct span at)
{
	const char *text;
	struct node *n, *minus;

	if (!check_number(p, number, at))
		return NULL;
	text = find_param(p->u, number);
	if (!text) {
		warn_missing(p, number, at);
		return new_literal(p, NODE_INT, at, "");
	}
	n = new_literal(p, NODE_INT, at, text);
	text += *text == '-';
	if (lexer_parse_int(p->u->a, text, strlen(text), true, &n->number,
	                    &n->is_unsigned_literal)) {
		n->kind = NODE_STRING;
		return n;
	}
	if (text == n->string)
		return n;
	minus = new_literal(p, NODE_UNARY, at, n->string);
	minus->op = OP_NEG;
	minus->args = arena_array(p->u->a, struct node *, 1);
	minus->args[0] = n;
	minus->n_args = 1;
	return minus;
}

struct node *params_count_node(struct parser *p, struct span at)
{
	size_t count = p->u->opts ? p->u->opts->n_params : 0;
	struct node *n;

	if (refuse_beside_options(p, at))
		return NULL;
	n = new_literal(p, NODE_INT, at, arena_printf(p->u->a, "%zu", count));

	n->number = count;
	return n;
}

const char *params_text(struct parser *p, uint64_t number, struct span at)
{
	const char *text;

	if (!check_number(p, number, at))
		return NULL;
	text = find_param(p->u, number);
	if (!text)
		warn_missing(p, number, at);
	return text ? text : "";
}
