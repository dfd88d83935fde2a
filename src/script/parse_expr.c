/* Expressions (spec 5.2): recursive descent for prefixes and postfixes, precedence climbing for
 * the 18 binary operators.
 *
 * Three places where one token does not decide:
 *   (x)y    a cast if what stands in the parentheses reads as a type and an operand follows;
 *           looked up by reading ahead on a copy of the parser
 *   / {     in a predicate, outside brackets, ends it instead of dividing
 *   name    a builtin, a call, or an identifier that inference has to explain */
#include "script/parser.h"

#include <string.h>

#include "base/arena.h"
#include "script/builtins.h"

struct binary_row {
	enum op op;
	unsigned level; /* spec 5.2: a higher one binds tighter; 0: no binary operator */
};

static const struct binary_row binary_rows[TOK_N] = {
    /* clang-format off */
	[TOK_LOR]   = {OP_LOR, 2},
	[TOK_LAND]  = {OP_LAND, 3},
	[TOK_OR]    = {OP_OR, 4},
	[TOK_XOR]   = {OP_XOR, 5},
	[TOK_AMP]   = {OP_AND, 6},
	[TOK_EQ]    = {OP_EQ, 7},  [TOK_NE]    = {OP_NE, 7},
	[TOK_LT]    = {OP_LT, 8},  [TOK_GT]    = {OP_GT, 8},
	[TOK_LE]    = {OP_LE, 8},  [TOK_GE]    = {OP_GE, 8},
	[TOK_SHL]   = {OP_SHL, 9}, [TOK_SHR]   = {OP_SHR, 9},
	[TOK_ADD]   = {OP_ADD, 10}, [TOK_SUB]  = {OP_SUB, 10},
	[TOK_STAR]  = {OP_MUL, 11}, [TOK_SLASH] = {OP_DIV, 11}, [TOK_MOD] = {OP_MOD, 11},
    /* clang-format on */
};

static const enum op prefix_ops[TOK_N] = {
    [TOK_SUB] = OP_NEG,  [TOK_BANG] = OP_NOT, [TOK_TILDE] = OP_BNOT, [TOK_STAR] = OP_DEREF,
    [TOK_AMP] = OP_ADDR, [TOK_INC] = OP_INC,  [TOK_DEC] = OP_DEC,
};

typedef vec(struct node *) node_list;

static void set_args(struct node *n, const node_list *list)
{
	n->args = list->items;
	n->n_args = (uint32_t)list->n;
}

/* One more operator in a chain, which makes the tree one higher without nesting. */
static bool lengthen_chain(struct parser *p)
{
	if (++p->chain <= PARSE_CHAIN_MAX)
		return true;
	parser_error(p, "more than %u operators in one statement", PARSE_CHAIN_MAX);
	return false;
}

/* A type that can be nothing else may stand as an argument: m(struct task_struct). */
static bool is_bare_type(const struct parser *p);
static struct node *parse_typeof(struct parser *p);
static struct node *parse_offsetof(struct parser *p, uint32_t begin);

/* An expression inside brackets, where a predicate's `/` is a division again. */
static struct node *parse_inner_expr(struct parser *p)
{
	bool slash_ends = p->slash_ends;
	struct node *n;

	p->slash_ends = false;
	n = parse_expr(p);
	p->slash_ends = slash_ends;
	return n;
}

/* list = expr { "," expr }, in front of a closing token that stays. */
static bool parse_list(struct parser *p, node_list *list)
{
	do {
		struct node *n;

		if (is_bare_type(p)) {
			uint32_t begin = p->tok.begin;

			n = parser_node(p, NODE_TYPE, begin, NULL, NULL, NULL);
			if (!parse_type(p, n))
				return false;
			n->at = parser_span(p, begin);
		} else {
			n = parse_inner_expr(p);
		}
		if (!n)
			return false;
		vec_push(p->u->a, list, n);
	} while (parser_accept(p, TOK_COMMA));
	return true;
}

/* ---- types ---- */

/* Words that cannot be anything but (a part of) a type's name. */
static const char *const c_words[] = {
    "unsigned", "signed", "long", "short", "int", "char", "const", "volatile", NULL,
};
static const char *const type_words[] = {
    "int8",   "int16",  "int32",  "int64",  "uint8",  "uint16", "uint32", "uint64", "bool",
    "string", "buffer", "inet",   "void",   "u8",     "u16",    "u32",    "u64",    "s8",
    "s16",    "s32",    "s64",    "__u8",   "__u16",  "__u32",  "__u64",  "__s8",   "__s16",
    "__s32",  "__s64",  "__be16", "__be32", "__be64", "__le16", "__le32", "__le64", NULL,
};
static const char *const tag_words[] = {"struct", "union", "enum", NULL};

static bool token_is_one_of(const struct parser *p, const char *const *words)
{
	uint32_t len_b = p->tok.end - p->tok.begin;

	if (p->tok.kind != TOK_IDENT)
		return false;
	for (; *words; words++)
		if (strlen(*words) == len_b && !memcmp(*words, p->lx.text + p->tok.begin, len_b))
			return true;
	return false;
}

static bool token_names_type(const struct parser *p)
{
	return token_is_one_of(p, c_words) || token_is_one_of(p, type_words) ||
	       (p->tok.end - p->tok.begin > 2 && !memcmp(p->lx.text + p->tok.end - 2, "_t", 2));
}

/* Is the current identifier a builtin or function of the language? */
static bool token_is_builtin(const struct parser *p)
{
	uint32_t len_b = p->tok.end - p->tok.begin;
	uint64_t number;
	char name[32];

	if (len_b >= sizeof(name))
		return false;
	memcpy(name, p->lx.text + p->tok.begin, len_b);
	name[len_b] = '\0';
	return builtin_find(name, &number) || function_find(name);
}

enum type_likeness {
	TYPE_UNLIKE,  /* does not read as a type */
	TYPE_LIKE,    /* does, but also as an expression: x, x[4] */
	TYPE_KNOWN,   /* a type's own words */
	TYPE_STARRED, /* x *, which is a type if that is all */
	TYPE_SURE,    /* can be nothing else: struct x */
};

/* `*`, `[n]` and words behind a type's name. */
static enum type_likeness skip_suffixes(struct parser *look, enum type_likeness likeness)
{
	for (;;) {
		if (look->tok.kind == TOK_STAR || token_is_one_of(look, c_words)) {
			if (likeness < TYPE_STARRED)
				likeness = TYPE_STARRED;
			parser_advance(look);
		} else if (look->tok.kind == TOK_LBRACK) {
			parser_advance(look);
			if (look->tok.kind == TOK_INT)
				parser_advance(look);
			if (look->tok.kind != TOK_RBRACK)
				return TYPE_UNLIKE;
			parser_advance(look);
		} else {
			return likeness;
		}
	}
}

/* typeof(...) and its suffixes: in parentheses of a cast it is a type, whatever follows. */
static enum type_likeness skip_typeof(struct parser *look)
{
	size_t depth = 0;

	parser_advance(look);
	do {
		depth += look->tok.kind == TOK_LPAREN;
		depth -= depth && look->tok.kind == TOK_RPAREN;
		parser_advance(look);
	} while (depth && look->tok.kind != TOK_EOF);
	skip_suffixes(look, TYPE_SURE);
	return TYPE_SURE;
}

/* Step over what reads as a type. */
static enum type_likeness skip_type(struct parser *look)
{
	enum type_likeness likeness = TYPE_LIKE;

	if (look->tok.kind == TOK_TYPEOF)
		return skip_typeof(look);
	if (look->tok.kind != TOK_IDENT)
		return TYPE_UNLIKE;
	if (token_is_one_of(look, tag_words)) {
		parser_advance(look);
		likeness = TYPE_SURE;
	} else if (token_is_one_of(look, c_words)) {
		while (token_is_one_of(look, c_words))
			parser_advance(look);
		likeness = TYPE_KNOWN;
	}
	if (likeness == TYPE_LIKE) {
		if (token_names_type(look))
			likeness = TYPE_KNOWN;
		else if (token_is_builtin(look))
			return TYPE_UNLIKE;
	}
	/* The word behind `const` is wanted, the one behind `unsigned int` is not there. */
	if (look->tok.kind == TOK_IDENT || (likeness == TYPE_SURE && token_is_word(look->tok.kind)))
		parser_advance(look);
	return skip_suffixes(look, likeness);
}

/* type   = ( tag IDENT | IDENT { IDENT } | typeof ) { suffix }
 * tag    = "struct" | "union" | "enum"
 * suffix = "*" | "const" | "[" [ INT ] "]" */
bool parse_type(struct parser *p, struct node *n)
{
	enum { SUFFIXES_MAX = 32 };
	uint32_t begin = p->tok.begin;
	own_strbuf struct strbuf text = {0};
	bool was_tag = false, had_name = false;
	unsigned n_suffixes = 0;

	if (p->tok.kind == TOK_TYPEOF) {
		n->type_of = parse_typeof(p);
		if (!n->type_of)
			return false;
	}
	while (p->tok.kind == TOK_IDENT || (was_tag && token_is_word(p->tok.kind))) {
		bool is_word = token_is_one_of(p, c_words);

		if ((had_name || n->type_of) && !is_word)
			break;
		if (text.n)
			sb_addc(&text, ' ');
		sb_add(&text, p->lx.text + p->tok.begin, p->tok.end - p->tok.begin);
		was_tag = !was_tag && token_is_one_of(p, tag_words);
		had_name = !was_tag && !is_word;
		parser_advance(p);
	}
	if ((!text.n && !n->type_of) || was_tag) {
		parser_error(p, "expected %s", was_tag ? "identifier" : "type");
		return false;
	}
	while (p->tok.kind == TOK_STAR || p->tok.kind == TOK_LBRACK ||
	       token_is_one_of(p, c_words)) {
		if (n_suffixes++ == SUFFIXES_MAX) {
			parser_error(p, "more than %u '*' or '[]' in a type", SUFFIXES_MAX);
			return false;
		}
		if (p->tok.kind != TOK_LBRACK && text.n && text.s[text.n - 1] != '*')
			sb_addc(&text, ' ');
		sb_add(&text, p->lx.text + p->tok.begin, p->tok.end - p->tok.begin);
		if (parser_accept(p, TOK_LBRACK)) {
			if (p->tok.kind == TOK_INT) {
				sb_addf(&text, "%llu", (unsigned long long)p->tok.number);
				parser_advance(p);
			}
			sb_addc(&text, ']');
			if (!parser_expect(p, TOK_RBRACK))
				return false;
		} else {
			parser_advance(p);
		}
	}
	n->type_at = parser_span(p, begin);
	n->type_text = arena_strndup(p->u->a, sb_str(&text), text.n);
	return true;
}

/* Can the token begin a cast's operand? After a name that need not be a type, the tokens that
 * would also continue an expression do not count. */
static bool starts_operand(enum token_kind kind, bool is_type)
{
	switch (kind) {
	case TOK_IDENT:
	case TOK_VAR:
	case TOK_MAP:
	case TOK_PARAM:
	case TOK_PARAM_COUNT:
	case TOK_INT:
	case TOK_STRING:
	case TOK_TRUE:
	case TOK_FALSE:
	case TOK_SIZEOF:
	case TOK_OFFSETOF:
	case TOK_COMPTIME:
	case TOK_TYPEINFO:
	case TOK_BANG:
	case TOK_TILDE:
	case TOK_LPAREN:
		return true;
	case TOK_SUB:
	case TOK_STAR:
	case TOK_AMP:
	case TOK_INC:
	case TOK_DEC:
		return is_type;
	default:
		return false;
	}
}

/* The token is `(`: does a cast begin here? */
static bool is_cast(const struct parser *p)
{
	struct parser look = *p;
	enum type_likeness likeness;

	parser_advance(&look);
	likeness = skip_type(&look);
	if (likeness == TYPE_UNLIKE || likeness == TYPE_SURE)
		return likeness == TYPE_SURE;
	if (look.tok.kind != TOK_RPAREN)
		return false;
	if (likeness == TYPE_STARRED)
		return true;
	parser_advance(&look);
	return starts_operand(look.tok.kind, likeness == TYPE_KNOWN);
}

/* Behind the `(` of sizeof or offsetof: a type up to `closing`, rather than an expression? */
static bool is_type_until(const struct parser *p, enum token_kind closing)
{
	struct parser look = *p;
	enum type_likeness likeness = skip_type(&look);

	return likeness == TYPE_SURE || (likeness != TYPE_UNLIKE && look.tok.kind == closing);
}

static bool is_bare_type(const struct parser *p)
{
	struct parser look = *p;

	if (!token_is_one_of(p, tag_words))
		return false;
	parser_advance(&look);
	return token_is_word(look.tok.kind);
}

/* type_or_expr up to `closing` as type_text, or as args[0]. */
static bool parse_type_or_expr(struct parser *p, struct node *n, enum token_kind closing)
{
	if (is_type_until(p, closing))
		return parse_type(p, n);
	n->args[0] = parse_inner_expr(p);
	n->n_args = n->args[0] ? 1 : 0;
	return n->args[0];
}

/* word = WORD "(" ( type | expr ) ")", the token being WORD: typeof, typeinfo, sizeof */
static struct node *parse_about(struct parser *p, enum node_kind kind)
{
	uint32_t begin = p->tok.begin;
	struct node *n = parser_node(p, kind, begin, NULL, NULL, NULL);

	n->type_at = NO_SPAN;
	parser_advance(p);
	if (!parser_expect(p, TOK_LPAREN) || !parse_type_or_expr(p, n, TOK_RPAREN) ||
	    !parser_expect(p, TOK_RPAREN))
		return NULL;
	n->at = parser_span(p, begin);
	return n;
}

/* typeof = "typeof" "(" ( type | expr ) ")" */
static struct node *parse_typeof(struct parser *p)
{
	struct node *n;

	if (!parser_enter(p))
		return NULL;
	n = parse_about(p, NODE_TYPE);
	parser_leave(p);
	return n;
}

/* ---- primaries ---- */

/* has_field = "has_field" "(" ( type | expr ) "," IDENT { "." IDENT } ")", the token being `(`: a
 * call whose argument is what offsetof would be. */
static struct node *parse_has_field(struct parser *p, uint32_t begin)
{
	struct node *n, *what = parse_offsetof(p, begin);
	uint64_t number;

	if (!what)
		return NULL;
	if (what->type_text && !what->type_of && builtin_find(what->type_text, &number)) {
		struct node *builtin = node_new(p->u->a, NODE_BUILTIN, what->type_at);

		builtin->name = what->type_text;
		builtin->builtin = builtin_find(what->type_text, &builtin->number);
		what->type_text = NULL;
		what->args[0] = builtin;
		what->n_args = 1;
	}
	n = parser_node(p, NODE_CALL, begin, what, NULL, NULL);
	n->name = "has_field";
	return n;
}

/* call = IDENT "(" [ list ] ")", begun at `begin`, the token being `(`. Builtins may carry empty
 * parentheses. */
static struct node *parse_call(struct parser *p, const char *name, uint32_t begin)
{
	const struct builtin *builtin;
	node_list args = {0};
	uint64_t number = 0;
	struct node *n;

	parser_advance(p);
	if (p->tok.kind != TOK_RPAREN && !parse_list(p, &args))
		return NULL;
	if (!parser_expect(p, TOK_RPAREN))
		return NULL;
	builtin = args.n ? NULL : builtin_find(name, &number);
	n = parser_node(p, builtin ? NODE_BUILTIN : NODE_CALL, begin, NULL, NULL, NULL);
	n->name = name;
	n->builtin = builtin;
	n->number = number;
	set_args(n, &args);
	return n;
}

/* name = IDENT | call */
static struct node *parse_name(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	const char *name = parser_token_dup(p);
	const struct builtin *builtin;
	uint64_t number = 0;
	struct node *n;

	parser_advance(p);
	if (p->tok.kind == TOK_LPAREN && !strcmp(name, "has_field"))
		return parse_has_field(p, begin);
	if (p->tok.kind == TOK_LPAREN)
		return parse_call(p, name, begin);
	builtin = builtin_find(name, &number);
	n = parser_node(p, builtin ? NODE_BUILTIN : NODE_IDENT, begin, NULL, NULL, NULL);
	n->name = name;
	n->builtin = builtin;
	n->number = number;
	return n;
}

/* map = MAP [ "[" list "]" ] */
static struct node *parse_map(struct parser *p)
{
	uint32_t begin = p->tok.begin, key_begin;
	const char *name = parser_token_dup(p);
	struct node *n, *key = NULL;
	node_list keys = {0};

	parser_advance(p);
	if (parser_accept(p, TOK_LBRACK)) {
		key_begin = p->tok.begin;
		if (!parse_list(p, &keys))
			return NULL;
		key = keys.items[0];
		if (keys.n > 1) {
			key = parser_node(p, NODE_TUPLE, key_begin, NULL, NULL, NULL);
			set_args(key, &keys);
		}
		if (!parser_expect(p, TOK_RBRACK))
			return NULL;
	}
	n = parser_node(p, NODE_MAP, begin, key, NULL, NULL);
	n->name = name;
	return n;
}

static void check_duplicate(struct parser *p, const char *const *names, size_t n)
{
	const char *name = parser_token_dup(p);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			lexer_error(&p->lx, E_REDEFINED, p->tok.begin, p->tok.end,
			            "Record field %s is there twice", name);
}

/* record = "(" IDENT "=" expr { "," IDENT "=" expr } [ "," ] ")", the token behind its `(`. */
static struct node *parse_record(struct parser *p, uint32_t begin)
{
	vec(const char *) names = {0};
	node_list values = {0};
	struct node *n;

	while (p->tok.kind != TOK_RPAREN) {
		if (!token_is_word(p->tok.kind)) {
			parser_error(p, "expected identifier");
			return NULL;
		}
		check_duplicate(p, names.items, names.n);
		vec_push(p->u->a, &names, parser_token_dup(p));
		parser_advance(p);
		if (!parser_expect(p, TOK_SET))
			return NULL;
		n = parse_inner_expr(p);
		if (!n)
			return NULL;
		vec_push(p->u->a, &values, n);
		if (!parser_accept(p, TOK_COMMA))
			break;
	}
	if (!parser_expect(p, TOK_RPAREN))
		return NULL;
	n = parser_node(p, NODE_TUPLE, begin, NULL, NULL, NULL);
	n->names = names.items;
	set_args(n, &values);
	return n;
}

/* paren = "(" ")" | "(" expr ")" | "(" expr "," [ list [ "," ] ] ")" | record */
static struct node *parse_paren(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	bool is_tuple = true;
	node_list elems = {0};
	struct node *n;

	parser_advance(p);
	if (token_is_word(p->tok.kind) && parser_peek(p).kind == TOK_SET)
		return parse_record(p, begin);
	while (p->tok.kind != TOK_RPAREN) {
		n = parse_inner_expr(p);
		if (!n)
			return NULL;
		vec_push(p->u->a, &elems, n);
		is_tuple = parser_accept(p, TOK_COMMA);
		if (!is_tuple)
			break;
	}
	if (!parser_expect(p, TOK_RPAREN))
		return NULL;
	if (elems.n == 1 && !is_tuple)
		return elems.items[0];
	n = parser_node(p, NODE_TUPLE, begin, NULL, NULL, NULL);
	set_args(n, &elems);
	return n;
}

/* offsetof = "offsetof" "(" ( type | expr ) "," IDENT { "." IDENT } ")", begun at `begin`, the
 * token being `(`. */
static struct node *parse_offsetof(struct parser *p, uint32_t begin)
{
	struct node *n = parser_node(p, NODE_OFFSETOF, begin, NULL, NULL, NULL);
	own_strbuf struct strbuf path = {0};

	n->type_at = NO_SPAN;
	if (!parser_expect(p, TOK_LPAREN) || !parse_type_or_expr(p, n, TOK_COMMA) ||
	    !parser_expect(p, TOK_COMMA))
		return NULL;
	do {
		if (!token_is_word(p->tok.kind)) {
			parser_error(p, "expected field name");
			return NULL;
		}
		if (path.n)
			sb_addc(&path, '.');
		sb_add(&path, p->lx.text + p->tok.begin, p->tok.end - p->tok.begin);
		parser_advance(p);
	} while (parser_accept(p, TOK_DOT));
	if (!parser_expect(p, TOK_RPAREN))
		return NULL;
	n->at = parser_span(p, begin);
	n->name = arena_strndup(p->u->a, sb_str(&path), path.n);
	return n;
}

/* 1e6, which in host blocks is what it is in C. */
static bool is_scientific(const struct parser *p)
{
	const char *text = p->lx.text + p->tok.begin;
	size_t len_b = p->tok.end - p->tok.begin;

	return p->tok.kind == TOK_INT && memchr(text, 'e', len_b) && !memchr(text, 'x', len_b) &&
	       !memchr(text, 'X', len_b);
}

static struct node *parse_literal(struct parser *p)
{
	struct token t = p->tok;
	struct node *n;

	if (t.kind == TOK_FLOAT || (p->is_host && is_scientific(p))) {
		const char *digits = parser_token_dup(p);

		if (!p->is_host) {
			if (parser_error(p, "there are no floating-point numbers"))
				diag_hint(p->u->diag, "they are for host blocks and tables");
			return NULL;
		}
		parser_advance(p);
		n = parser_node(p, NODE_FLOAT, t.begin, NULL, NULL, NULL);
		n->string = digits;
		return n;
	}
	parser_advance(p);
	n = parser_node(p, t.kind == TOK_STRING ? NODE_STRING : NODE_INT, t.begin, NULL, NULL,
	                NULL);
	n->number = t.number;
	n->is_unsigned_literal = t.is_unsigned;
	n->string = t.string;
	n->string_len_b = t.string_len_b;
	if (t.kind == TOK_TRUE || t.kind == TOK_FALSE) {
		n->number = t.kind == TOK_TRUE;
		n->type = type_bool();
	}
	return n;
}

static struct node *parse_param(struct parser *p)
{
	struct span at = parser_token_span(p);
	struct node *n =
	    p->tok.kind == TOK_PARAM ? params_node(p, p->tok.number, at) : params_count_node(p, at);

	if (n)
		parser_advance(p);
	return n;
}

static struct node *parse_variable(struct parser *p)
{
	const char *name = parser_token_dup(p);
	struct node *n;

	parser_advance(p);
	n = parser_node(p, NODE_VAR, p->last_end_b - (uint32_t)strlen(name), NULL, NULL, NULL);
	n->name = name;
	return n;
}

/* primary = INT | STRING | "true" | "false" | VAR | map | PARAM | "$#" | name | paren | sizeof
 *         | offsetof | block | if */
static struct node *parse_primary(struct parser *p)
{
	uint32_t begin = p->tok.begin;

	switch (p->tok.kind) {
	case TOK_INT:
	case TOK_FLOAT:
	case TOK_STRING:
	case TOK_TRUE:
	case TOK_FALSE:
		return parse_literal(p);
	case TOK_VAR:
		return parse_variable(p);
	case TOK_MAP:
		return parse_map(p);
	case TOK_PARAM:
	case TOK_PARAM_COUNT:
		return parse_param(p);
	case TOK_IDENT:
	case TOK_CONFIG:
		return parse_name(p);
	case TOK_LPAREN:
		return parse_paren(p);
	case TOK_SIZEOF:
		return parse_about(p, NODE_SIZEOF);
	case TOK_OFFSETOF:
		parser_advance(p);
		return parse_offsetof(p, begin);
	case TOK_LBRACE:
		return parse_block(p);
	case TOK_IF:
		return parse_if(p);
	case TOK_TYPEOF:
		return parse_typeof(p);
	case TOK_TYPEINFO:
		return parse_about(p, NODE_TYPEINFO);
	default:
		parser_error(p, "expected expression");
		return NULL;
	}
}

/* ---- operators ---- */

static struct node *new_incdec(struct parser *p, enum op op, bool is_postfix, struct span op_at,
                               uint32_t begin, struct node *of)
{
	struct node *n;

	if (of->kind != NODE_VAR && of->kind != NODE_MAP) {
		lexer_error(&p->lx, E_BAD_OPERAND, op_at.begin, op_at.end,
		            "The %s operator must be applied to a map or variable", op_text(op));
		return NULL;
	}
	n = parser_node(p, NODE_INCDEC, begin, of, NULL, NULL);
	n->op = op;
	n->is_postfix = is_postfix;
	return n;
}

/* member = ( "." | "->" ) ( IDENT | INT ), the token behind the dot. */
static struct node *parse_member(struct parser *p, struct node *of, uint32_t begin)
{
	struct token t = p->tok;
	const char *name = NULL;
	struct node *n;

	if (token_is_word(t.kind)) {
		name = parser_token_dup(p);
	} else if (t.kind != TOK_INT) {
		parser_error(p, "expected field name");
		return NULL;
	} else if (of->kind == NODE_INT && !of->is_param) {
		lexer_error(&p->lx, E_SYNTAX, begin, t.end,
		            "syntax: there are no floating-point numbers");
		return NULL;
	}
	parser_advance(p);
	n = parser_node(p, NODE_FIELD, begin, of, NULL, NULL);
	n->name = name;
	n->number = t.number;
	return n;
}

/* postfix = primary { member | "[" expr "]" | "++" | "--" } */
static struct node *parse_postfix(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	struct node *n = parse_primary(p);

	while (n) {
		struct span at = parser_token_span(p);

		if (p->tok.kind == TOK_INC || p->tok.kind == TOK_DEC) {
			enum op op = prefix_ops[p->tok.kind];

			parser_advance(p);
			n = new_incdec(p, op, true, at, begin, n);
		} else if (parser_accept(p, TOK_DOT) || parser_accept(p, TOK_ARROW)) {
			n = lengthen_chain(p) ? parse_member(p, n, begin) : NULL;
		} else if (parser_accept(p, TOK_LBRACK)) {
			struct node *index = lengthen_chain(p) ? parse_inner_expr(p) : NULL;

			if (!index || !parser_expect(p, TOK_RBRACK))
				return NULL;
			n = parser_node(p, NODE_INDEX, begin, n, index, NULL);
		} else {
			break;
		}
	}
	return n;
}

/* cast = "(" type ")" unary */
static struct node *parse_cast(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	struct node *n = parser_node(p, NODE_CAST, begin, NULL, NULL, NULL);

	parser_advance(p);
	if (!parse_type(p, n) || !parser_expect(p, TOK_RPAREN))
		return NULL;
	n->args[0] = parse_unary(p);
	n->n_args = 1;
	n->at = parser_span(p, begin);
	return n->args[0] ? n : NULL;
}

/* prefixed = ( "-" | "!" | "~" | "*" | "&" | "++" | "--" ) unary | "comptime" unary */
static struct node *parse_prefixed(struct parser *p)
{
	struct span op_at = parser_token_span(p);
	enum op op = prefix_ops[p->tok.kind];
	struct node *n, *of;

	parser_advance(p);
	of = parse_unary(p);
	if (!of)
		return NULL;
	if (!op)
		return parser_node(p, NODE_COMPTIME, op_at.begin, of, NULL, NULL);
	if (op == OP_INC || op == OP_DEC)
		return new_incdec(p, op, false, op_at, op_at.begin, of);
	n = parser_node(p, NODE_UNARY, op_at.begin, of, NULL, NULL);
	n->op = op;
	return n;
}

/* unary = prefixed | cast | postfix */
struct node *parse_unary(struct parser *p)
{
	bool is_prefixed = prefix_ops[p->tok.kind] || p->tok.kind == TOK_COMPTIME;
	struct node *n;

	if (!is_prefixed && !(p->tok.kind == TOK_LPAREN && is_cast(p)))
		return parse_postfix(p);
	if (!parser_enter(p))
		return NULL;
	n = is_prefixed ? parse_prefixed(p) : parse_cast(p);
	parser_leave(p);
	return n;
}

/* binary(level) = binary(level + 1) { OP(level) binary(level + 1) } */
static struct node *parse_binary(struct parser *p, unsigned level)
{
	uint32_t begin = p->tok.begin;
	struct node *n = parse_unary(p), *right;

	while (n) {
		const struct binary_row *row = &binary_rows[p->tok.kind];

		if (!row->level || row->level < level)
			break;
		if (p->tok.kind == TOK_SLASH && p->slash_ends && parser_peek(p).kind == TOK_LBRACE)
			break;
		if (!lengthen_chain(p))
			return NULL;
		parser_advance(p);
		right = parse_binary(p, row->level + 1);
		if (!right)
			return NULL;
		n = parser_node(p, NODE_BINARY, begin, n, right, NULL);
		n->op = row->op;
	}
	return n;
}

/* ternary = binary [ "?" [ expr ] ":" expr ] */
static struct node *parse_ternary(struct parser *p)
{
	uint32_t begin = p->tok.begin;
	struct node *condition = parse_binary(p, 1), *yes = NULL, *no, *n;

	if (!condition || !parser_accept(p, TOK_QUEST))
		return condition;
	if (p->tok.kind != TOK_COLON) {
		yes = parse_expr(p);
		if (!yes)
			return NULL;
	}
	if (!parser_expect(p, TOK_COLON))
		return NULL;
	no = parse_expr(p);
	if (!no)
		return NULL;
	n = parser_node(p, NODE_TERNARY, begin, condition, yes, no);
	return n;
}

/* expr = ternary */
struct node *parse_expr(struct parser *p)
{
	struct node *n;

	if (!parser_enter(p))
		return NULL;
	p->expressions++;
	n = parse_ternary(p);
	p->expressions--;
	parser_leave(p);
	return n;
}

bool parse_is_binary_operator(enum token_kind kind)
{
	return binary_rows[kind].level != 0;
}
