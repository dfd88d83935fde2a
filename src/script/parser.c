/* A whole file: the C section's bounds, config, map declarations, probes with their attach points
 * (spec 2.1, 2.3). In: u's source text. Out: u->config, u->maps (declared ones), u->probes.
 *
 * Attach points are not tokens but raw text, so between probes the parser goes back to where a
 * token began and reads bytes. */
#include "script/parser.h"
#include "script/option.h"

#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"

/* ---- moving and reporting ---- */

void parser_advance(struct parser *p)
{
	p->last_end_b = p->tok.end;
	lexer_next(&p->lx, &p->tok);
}

bool parser_accept(struct parser *p, enum token_kind kind)
{
	if (p->tok.kind != kind)
		return false;
	parser_advance(p);
	return true;
}

bool parser_expect(struct parser *p, enum token_kind kind)
{
	if (parser_accept(p, kind))
		return true;
	parser_error(p, "expected %s", token_text(kind));
	return false;
}

struct token parser_peek(const struct parser *p)
{
	struct lexer ahead = p->lx;
	struct token t;

	lexer_next(&ahead, &t);
	return t;
}

void parser_jump(struct parser *p, uint32_t off_b)
{
	p->lx.pos = p->tok.end = off_b;
	parser_advance(p);
}

/* E_SYNTAX at text[begin, end), `syntax: ` put in front. */
static bool error_at(struct parser *p, uint32_t begin, uint32_t end, const char *fmt, va_list ap)
{
	return lexer_error(&p->lx, E_SYNTAX, begin, end, "syntax: %s",
	                   arena_vprintf(p->u->a, fmt, ap));
}

bool parser_error(struct parser *p, const char *fmt, ...)
{
	bool is_reported;
	va_list ap;

	va_start(ap, fmt);
	is_reported = error_at(p, p->tok.begin, p->tok.end, fmt, ap);
	va_end(ap);
	return is_reported;
}

static void raw_error(struct parser *p, uint32_t begin, uint32_t end, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void raw_error(struct parser *p, uint32_t begin, uint32_t end, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_at(p, begin, end, fmt, ap);
	va_end(ap);
}

bool parser_may_warn(struct parser *p)
{
	enum { WARNINGS_MAX = 20 };

	return p->n_warnings++ < WARNINGS_MAX;
}

bool parser_enter(struct parser *p)
{
	if (p->nesting < PARSE_NESTING_MAX) {
		p->nesting++;
		return true;
	}
	/* Every level would report its missing bracket: this report is the last one. */
	parser_error(p, "nested deeper than %u levels", PARSE_NESTING_MAX);
	p->lx.is_lost = true;
	parser_advance(p);
	return false;
}

void parser_leave(struct parser *p)
{
	p->nesting--;
}

void parser_skip_block(struct parser *p)
{
	size_t depth = 0;

	do {
		if (p->tok.kind == TOK_LBRACE)
			depth++;
		else if (p->tok.kind == TOK_RBRACE)
			depth--;
		parser_advance(p);
	} while (depth && p->tok.kind != TOK_EOF);
}

struct span parser_span(const struct parser *p, uint32_t begin)
{
	return (struct span){p->lx.source, begin, p->last_end_b};
}

struct span parser_token_span(const struct parser *p)
{
	return (struct span){p->lx.source, p->tok.begin, p->tok.end};
}

const char *parser_token_dup(const struct parser *p)
{
	return arena_strndup(p->u->a, p->lx.text + p->tok.begin, p->tok.end - p->tok.begin);
}

struct node *parser_node(struct parser *p, enum node_kind kind, uint32_t begin, struct node *a,
                         struct node *b, struct node *c)
{
	struct node *n = node_new(p->u->a, kind, parser_span(p, begin));

	/* Three slots always, so that an argument left out can be looked at: NULL. */
	n->args = arena_array(p->u->a, struct node *, 3);
	n->args[0] = a;
	n->args[1] = b;
	n->args[2] = c;
	n->n_args = c ? 3 : b ? 2 : a ? 1 : 0;
	return n;
}

bool parser_token_is(const struct parser *p, const char *word)
{
	return token_is_word(p->tok.kind) && strlen(word) == p->tok.end - p->tok.begin &&
	       !memcmp(word, p->lx.text + p->tok.begin, strlen(word));
}

/* ---- the C section ---- */

static bool is_c_definition(const struct parser *p)
{
	return p->tok.kind == TOK_HASH || parser_token_is(p, "struct") ||
	       parser_token_is(p, "union") || parser_token_is(p, "enum") ||
	       parser_token_is(p, "typedef") || parser_token_is(p, "static");
}

/* Step over one piece of C: a comment, a string, a character, or else a byte. Its numbers and
 * characters are not the language's, so no tokens are read here. */
static void skip_c_piece(struct lexer *lx)
{
	uint32_t begin = lx->pos;
	char quote;

	lexer_skip_space(lx);
	if (lx->pos > begin || lx->pos >= lx->len_b)
		return;
	quote = lx->text[lx->pos++];
	if (quote != '"' && quote != '\'')
		return;
	while (lx->pos < lx->len_b && lx->text[lx->pos] != quote && lx->text[lx->pos] != '\n')
		lx->pos += lx->text[lx->pos] == '\\' && lx->pos + 1 < lx->len_b ? 2 : 1;
	lx->pos += lx->pos < lx->len_b;
}

/* Skip to behind the bracket that closes the next `open`, or to a `;` before that. False if it
 * was the `;`, or the text ended; within brackets that is reported. */
static bool skip_c_brackets(struct parser *p, char open, char close)
{
	struct lexer *lx = &p->lx;
	uint32_t first = 0;
	size_t depth = 0;

	while (lx->pos < lx->len_b) {
		uint32_t begin = lx->pos;
		char c = lx->text[begin];

		skip_c_piece(lx);
		if (c == ';' && !depth)
			return false;
		if (c == open && !depth++)
			first = begin;
		else if (c == close && depth && !--depth)
			return true;
	}
	if (depth)
		raw_error(p, first, first + 1, "this '%c' is never closed", open);
	return false;
}

static bool text_continues(const struct lexer *lx, const char *with)
{
	return lx->len_b - lx->pos >= strlen(with) &&
	       !memcmp(lx->text + lx->pos, with, strlen(with));
}

/* cdef = "#" rest of the line
 *      | ( "struct" | "union" | "enum" | "typedef" ) ... [ "{" ... "}" ] ... [ ";" ]
 * Only its end is looked for: types_declare() reads it. */
static void skip_c_definition(struct parser *p)
{
	struct lexer *lx = &p->lx;
	bool is_typedef = parser_token_is(p, "typedef");

	lx->pos = p->tok.begin;
	if (p->tok.kind == TOK_HASH) {
		const char *end = memchr(lx->text + lx->pos, '\n', lx->len_b - lx->pos);

		lx->pos = end ? (uint32_t)(end - lx->text) : lx->len_b;
	} else if (skip_c_brackets(p, '{', '}')) {
		uint32_t end;

		while (is_typedef && skip_c_brackets(p, '{', '}'))
			; /* to its `;` */
		end = lx->pos;
		while (!is_typedef) {
			lexer_skip_space(lx);
			if (!text_continues(lx, "__attribute__") || !skip_c_brackets(p, '(', ')'))
				break;
			end = lx->pos;
		}
		lx->pos = text_continues(lx, ";") && !is_typedef ? lx->pos + 1 : end;
	}
	parser_jump(p, lx->pos);
}

/* cdefs = { cdef } */
static void parse_c_section(struct parser *p)
{
	struct unit *u = p->u;
	size_t begin_b = p->tok.begin, end_b;

	while (is_c_definition(p)) {
		if (parser_token_is(p, "static")) {
			if (parser_error(p, "'static' cannot stand here"))
				diag_hint(u->diag, "put it into a header and #include that");
		}
		skip_c_definition(p);
	}
	end_b = p->last_end_b > begin_b ? p->last_end_b : begin_b;
	if (!p->import_depth) {
		u->c_begin_b = begin_b;
		u->c_end_b = end_b;
	} else if (end_b > begin_b) {
		vec_push(u->a, &u->c_texts, ((struct c_text){p->lx.source, begin_b, end_b}));
	}
}

/* ---- declarations ---- */

/* setting = IDENT "=" ( INT | STRING | IDENT | "true" | "false" | "opt" "." IDENT ) */
static bool parse_setting(struct parser *p)
{
	struct config_setting s = {.name = parser_token_dup(p)};
	uint32_t begin = p->tok.begin;

	if (!token_is_word(p->tok.kind)) {
		parser_error(p, "expected identifier");
		return false;
	}
	parser_advance(p);
	if (!parser_expect(p, TOK_SET))
		return false;
	s.is_string = p->tok.kind == TOK_STRING;
	if (s.is_string) {
		s.value = p->tok.string;
	} else if (p->tok.kind == TOK_INT) {
		s.value = arena_printf(p->u->a, "%llu", (unsigned long long)p->tok.number);
	} else if (parser_token_is(p, "opt") && parser_peek(p).kind == TOK_DOT) {
		parser_advance(p);
		parser_advance(p);
		s.option = parser_token_dup(p);
		if (!token_is_word(p->tok.kind)) {
			parser_error(p, "expected identifier");
			return false;
		}
	} else if (token_is_word(p->tok.kind)) {
		s.value = parser_token_dup(p);
	} else {
		parser_error(p, "expected a number, a string or a word");
		return false;
	}
	parser_advance(p);
	s.at = parser_span(p, begin);
	vec_push(p->u->a, &p->u->config, s);
	return true;
}

bool parser_entries(struct parser *p, bool (*entry)(struct parser *p))
{
	while (p->tok.kind != TOK_RBRACE && p->tok.kind != TOK_EOF) {
		bool is_good = entry(p);

		if (is_good && !parser_accept(p, TOK_SEMI) && p->tok.kind != TOK_RBRACE) {
			parser_error(p, "expected ';'");
			is_good = token_is_word(p->tok.kind);
		}
		while (!is_good && p->tok.kind != TOK_RBRACE && p->tok.kind != TOK_EOF)
			is_good = parser_accept(p, TOK_SEMI) || (parser_advance(p), false);
	}
	return parser_expect(p, TOK_RBRACE);
}

/* config = "config" "=" "{" [ setting { ";" setting } [ ";" ] ] "}" [ ";" ] */
static bool parse_config(struct parser *p)
{
	parser_advance(p);
	if (!parser_expect(p, TOK_SET) || !parser_expect(p, TOK_LBRACE))
		return false;
	if (!parser_entries(p, parse_setting))
		return false;
	parser_accept(p, TOK_SEMI);
	return true;
}

static const char *const map_kinds[] = {"hash", "lruhash", "percpuhash", "percpulruhash"};

static bool check_map_kind(struct parser *p)
{
	for (size_t i = 0; i < sizeof(map_kinds) / sizeof(map_kinds[0]); i++)
		if (parser_token_is(p, map_kinds[i]))
			return true;
	if (lexer_error(&p->lx, E_MAP_USE, p->tok.begin, p->tok.end, "Invalid bpf map type: %s",
	                parser_token_dup(p)))
		diag_hint(p->u->diag, "Valid map types: hash, lruhash, percpuhash, percpulruhash");
	return false;
}

/* entries = INT | "opt" "." IDENT */
static bool parse_entries(struct parser *p, struct map *m)
{
	uint32_t begin = p->tok.begin;

	m->declared_entries = p->tok.number;
	if (parser_token_is(p, "opt") && parser_peek(p).kind == TOK_DOT) {
		parser_advance(p);
		parser_advance(p);
		m->entries_option = parser_token_dup(p);
		if (!token_is_word(p->tok.kind)) {
			parser_error(p, "expected identifier");
			return false;
		}
		parser_advance(p);
		m->entries_at = parser_span(p, begin);
		return true;
	}
	if (p->tok.kind == TOK_INT && (p->tok.number < 1 || p->tok.number > UINT32_MAX))
		lexer_error(&p->lx, E_LIMIT, p->tok.begin, p->tok.end,
		            "a map has 1..%u entries (%llu provided)", UINT32_MAX,
		            (unsigned long long)p->tok.number);
	return parser_expect(p, TOK_INT);
}

/* mapdecl = "let" MAP "=" IDENT "(" entries ")" ";" */
static bool parse_map_declaration(struct parser *p)
{
	struct map *m = arena_new(p->u->a, struct map);
	uint32_t begin = p->tok.begin;

	parser_advance(p);
	if (p->tok.kind != TOK_MAP) {
		parser_error(p, "expected map");
		return false;
	}
	m->name = parser_token_dup(p);
	m->first_use = parser_token_span(p);
	parser_advance(p);
	if (!parser_expect(p, TOK_SET))
		return false;
	if (!token_is_word(p->tok.kind)) {
		parser_error(p, "expected map type");
		return false;
	}
	if (!check_map_kind(p))
		return false;
	m->declared_kind = parser_token_dup(p);
	parser_advance(p);
	if (!parser_expect(p, TOK_LPAREN))
		return false;
	if (!parse_entries(p, m) || !parser_expect(p, TOK_RPAREN))
		return false;
	m->declared_at = parser_span(p, begin);
	unit_add_map(p->u, m);
	return parser_expect(p, TOK_SEMI);
}

/* ---- attach points ---- */

/* One attach point's text while it is read. */
struct raw_point {
	struct strbuf part; /* the part being read */
	vec(const char *) parts;
	const char *label;
	bool is_bad, has_options;
};

static void end_part(struct parser *p, struct raw_point *raw)
{
	vec_push(p->u->a, &raw->parts, arena_strndup(p->u->a, sb_str(&raw->part), raw->part.n));
	sb_reset(&raw->part);
}

/* A quoted run; quotes go, what `\` protects stays without it. */
static void read_quoted(struct parser *p, struct raw_point *raw)
{
	struct lexer *lx = &p->lx;
	uint32_t begin = lx->pos++;

	while (lx->pos < lx->len_b && lx->text[lx->pos] != '"' && lx->text[lx->pos] != '\n') {
		if (lx->text[lx->pos] == '\\' && lx->pos + 1 < lx->len_b &&
		    lx->text[lx->pos + 1] != '\n')
			lx->pos++;
		sb_addc(&raw->part, lx->text[lx->pos++]);
	}
	if (lx->pos < lx->len_b && lx->text[lx->pos] == '"') {
		lx->pos++;
		return;
	}
	raw_error(p, begin, lx->pos, "unterminated string");
	raw->is_bad = true;
}

/* `$1` or `$#` in an attach point; its text is never split at `:`. */
static void read_param(struct parser *p, struct raw_point *raw)
{
	struct token t;
	const char *text;

	lexer_next(&p->lx, &t);
	if (t.kind == TOK_PARAM_COUNT && p->u->options) {
		raw->is_bad = !params_count_node(p, (struct span){p->lx.source, t.begin, t.end});
		return;
	}
	if (t.kind == TOK_PARAM_COUNT) {
		sb_addf(&raw->part, "%zu", p->u->opts ? p->u->opts->n_params : 0);
		return;
	}
	text = params_text(p, t.number, (struct span){p->lx.source, t.begin, t.end});
	if (text)
		sb_adds(&raw->part, text);
	else
		raw->is_bad = true;
}

static bool at_param(const struct lexer *lx)
{
	char next = lx->pos + 1 < lx->len_b ? lx->text[lx->pos + 1] : '\0';

	return lx->text[lx->pos] == '$' && (next == '#' || (next >= '0' && next <= '9'));
}

/* How long `{opt.NAME}` is here; 0: something else stands here. */
static uint32_t option_at(const struct lexer *lx)
{
	static const char begin[] = "{opt.";
	uint32_t end = lx->pos + (uint32_t)strlen(begin), first = end;

	if (!text_continues(lx, begin) || end >= lx->len_b || !lexer_is_ident_start(lx->text[end]))
		return 0;
	while (end < lx->len_b && (lexer_is_ident(lx->text[end]) || lx->text[end] == '.'))
		end++;
	return end > first && end < lx->len_b && lx->text[end] == '}' ? end + 1 - lx->pos : 0;
}

/* `{opt.NAME}` in an attach point: its value is put there once the command line has been read. */
static void read_option(struct parser *p, struct raw_point *raw, uint32_t len_b)
{
	struct lexer *lx = &p->lx;

	sb_addc(&raw->part, OPTION_MARK);
	sb_add(&raw->part, lx->text + lx->pos + strlen("{opt."), len_b - strlen("{opt.}"));
	sb_addc(&raw->part, OPTION_MARK);
	raw->has_options = true;
	lx->pos += len_b;
}

/* The `name=` in front of an attach point. */
static const char *read_label(struct parser *p)
{
	const struct lexer *lx = &p->lx;
	uint32_t end = lx->pos;
	const char *label;

	if (!lexer_is_ident_start(lx->text[end]))
		return NULL;
	while (end < lx->len_b && lexer_is_ident(lx->text[end]))
		end++;
	if (end >= lx->len_b || lx->text[end] != '=')
		return NULL;
	label = arena_strndup(p->u->a, lx->text + lx->pos, end - lx->pos);
	p->lx.pos = end + 1;
	return label;
}

/* A part as it was written, but for its quotes. */
static void add_part(struct strbuf *text, const char *part)
{
	bool is_inside = false;

	for (; *part; part++) {
		if (*part != OPTION_MARK)
			sb_addc(text, *part);
		else if ((is_inside = !is_inside))
			sb_adds(text, "{opt.");
		else
			sb_addc(text, '}');
	}
}

/* ap = [ IDENT "=" ] part { ":" part }
 * Raw text up to `{`, `,`, white space, or, as long as there was no `:`, a `/`. Leaves lx.pos
 * behind it. */
static bool read_attach_point(struct parser *p, struct attach_point *ret)
{
	struct lexer *lx = &p->lx;
	struct raw_point raw = {0};
	own_strbuf struct strbuf text = {0};
	uint32_t begin = lx->pos;

	raw.label = read_label(p);
	while (lx->pos < lx->len_b && !raw.is_bad) {
		char c = lx->text[lx->pos];
		uint32_t option_b = option_at(lx);

		if (option_b) {
			read_option(p, &raw, option_b);
			continue;
		}
		if (c == '{' || c == ',' || c == ' ' || (c >= '\t' && c <= '\r') ||
		    (c == '/' && !raw.parts.n))
			break;
		if (c == '"') {
			read_quoted(p, &raw);
		} else if (at_param(lx)) {
			read_param(p, &raw);
		} else {
			lx->pos++;
			if (c == ':')
				end_part(p, &raw);
			else
				sb_addc(&raw.part, c);
		}
	}
	end_part(p, &raw);
	sb_free(&raw.part);
	vec_each (part, &raw.parts) {
		if (text.n || part != raw.parts.items)
			sb_addc(&text, ':');
		add_part(&text, *part);
	}
	*ret = (struct attach_point){
	    .at = {lx->source, begin, lx->pos},
	    .label = raw.label,
	    .text = arena_strndup(p->u->a, sb_str(&text), text.n),
	    .parts = raw.parts.items,
	    .n_parts = (uint32_t)raw.parts.n,
	    .has_options = raw.has_options,
	};
	return !raw.is_bad;
}

/* points = ap { "," ap } [ "," ]; the token begins the first one and is read again as text. */
bool parse_points(struct parser *p, struct probe *probe)
{
	struct lexer *lx = &p->lx;
	bool is_good = true;

	lx->pos = p->tok.begin;
	for (;;) {
		struct attach_point ap;

		lexer_skip_space(lx);
		if (lx->pos >= lx->len_b ||
		    (strchr("{}();,/", lx->text[lx->pos]) && !option_at(lx))) {
			if (probe->points.n && lx->pos < lx->len_b && lx->text[lx->pos] == '{')
				break; /* behind a trailing comma */
			parser_jump(p, lx->pos);
			parser_error(p, probe->points.n ? "expected an attach point"
			                                : "expected a probe");
			return false;
		}
		is_good &= read_attach_point(p, &ap);
		vec_push(p->u->a, &probe->points, ap);
		lexer_skip_space(lx);
		if (lx->pos >= lx->len_b || lx->text[lx->pos] != ',')
			break;
		lx->pos++;
	}
	parser_jump(p, lx->pos);
	p->last_end_b = vec_last(&probe->points).at.end; /* without the white space behind */
	return is_good;
}

/* predicate = "/" expr "/" */
static bool parse_predicate(struct parser *p, struct probe *probe)
{
	p->chain = 0;
	p->slash_ends = true;
	parser_advance(p);
	probe->predicate = parse_expr(p);
	p->slash_ends = false;
	return probe->predicate && parser_expect(p, TOK_SLASH);
}

/* probe = points [ predicate ] block */
static bool parse_probe(struct parser *p)
{
	struct probe *probe = arena_new(p->u->a, struct probe);
	uint32_t begin = p->tok.begin;
	bool is_good = parse_points(p, probe);

	if (is_good && p->tok.kind == TOK_SLASH)
		is_good = parse_predicate(p, probe);
	if (is_good && p->tok.kind != TOK_LBRACE) {
		bool is_raw = !probe->predicate;

		if (parser_error(p, "expected '{'") && is_raw)
			diag_hint(p->u->diag, "a probe is an attach point, perhaps a /condition/, "
			                      "and a block: begin { exit() }");
		is_good = false;
	}
	if (!is_good)
		return false;
	probe->at = parser_span(p, begin);
	probe->body = parse_block(p);
	if (!probe->body)
		return false;
	node_drop_result(p->u->a, probe->body);
	probe->index = (uint32_t)p->u->probes.n;
	vec_push(p->u->a, &p->u->probes, probe);
	return true;
}

/* ---- the file ---- */

/* How many braces were opened since `begin` and not closed again. */
static int open_braces(const struct parser *p, uint32_t begin)
{
	struct lexer lx = p->lx;
	struct token t;
	int n = 0;

	lx.diag = diag_create(p->u->a); /* what is wrong there has been said */
	lx.pos = begin;
	for (lexer_next(&lx, &t); t.kind != TOK_EOF && t.begin < p->tok.begin; lexer_next(&lx, &t))
		n += (t.kind == TOK_LBRACE) - (t.kind == TOK_RBRACE);
	return n;
}

/* Behind a mistake between blocks: to behind the next block, or the `;` of a declaration. At
 * least one token is skipped if that is where the mistake is. */
static void skip_top_level(struct parser *p, uint32_t begin, bool to_semi)
{
	int depth = p->branch_depth ? open_braces(p, begin) : 0;

	if (p->tok.begin == begin && p->tok.kind == TOK_RBRACE) {
		parser_advance(p); /* one too many */
		return;
	}
	if (depth > 0) { /* inside of something that is no block, such as a table */
		for (; depth > 0 && p->tok.kind != TOK_EOF; parser_advance(p))
			depth += (p->tok.kind == TOK_LBRACE) - (p->tok.kind == TOK_RBRACE);
		return;
	}
	if (p->tok.begin == begin && p->tok.kind != TOK_LBRACE)
		parser_advance(p);
	while (p->tok.kind != TOK_EOF && p->tok.kind != TOK_LBRACE) {
		if (p->tok.kind == TOK_RBRACE && p->branch_depth)
			return;
		if (p->tok.kind == TOK_SEMI && to_semi) {
			parser_advance(p);
			return;
		}
		parser_advance(p);
	}
	if (p->tok.kind == TOK_LBRACE)
		parser_skip_block(p);
}

/* What is of the whole file cannot be of a branch. */
static void refuse_in_branch(struct parser *p, const char *what)
{
	if (p->branch_depth && parser_error(p, "%s cannot stand in a branch of 'if'", what))
		diag_hint(p->u->diag, "put it at the top of the file");
}

/* What begins with a word of its own; everything else is a probe. Out of order is a mistake that is
 * reported, but read all the same. */
static bool parse_item(struct parser *p)
{
	bool is_late = p->has_items;

	if (is_c_definition(p)) {
		parser_error(p, "C definitions must appear before probes and functions");
		skip_c_definition(p);
		return true;
	}
	if (parse_is_options(p)) {
		if (p->branch_depth)
			refuse_in_branch(p, "an options block");
		else if (p->u->options)
			parser_error(p, "duplicate options block");
		else if (is_late)
			parser_error(p, "options must appear before probes and functions");
		if (p->import_depth)
			parser_error(p, "options are not allowed in an imported file");
		return parse_options(p);
	}
	p->has_items |= p->tok.kind != TOK_CONFIG && p->tok.kind != TOK_IMPORT;
	switch (p->tok.kind) {
	case TOK_CONFIG:
		if (p->branch_depth)
			refuse_in_branch(p, "a config block");
		else if (p->has_config)
			parser_error(p, "duplicate config block");
		else if (is_late)
			parser_error(p, "config must appear before probes and functions");
		if (p->import_depth)
			parser_error(p, "config is not allowed in an imported file");
		p->has_config = true;
		return parse_config(p);
	case TOK_LET:
		return parse_map_declaration(p);
	case TOK_IMPORT:
		if (p->branch_depth)
			refuse_in_branch(p, "an import");
		else if (is_late)
			parser_error(p, "root imports must appear before probes and functions");
		return parse_root_import(p, is_late);
	case TOK_MACRO:
		return parse_macro(p);
	case TOK_FN:
		return parse_fn(p);
	case TOK_IF:
		return parse_choice(p);
	case TOK_ELSE:
		parser_error(p, "this 'else' belongs to no 'if'");
		return false;
	default:
		return parse_is_host(p)    ? parse_host(p)
		       : parse_is_table(p) ? parse_table(p)
		       : parse_is_specifications(p) ? parse_specifications(p)
		                                    : parse_probe(p);
	}
}

void parse_items(struct parser *p, enum token_kind end)
{
	unsigned nesting = p->nesting;

	while (p->tok.kind != TOK_EOF && p->tok.kind != end) {
		uint32_t begin = p->tok.begin;
		enum token_kind kind = p->tok.kind;

		p->nesting = nesting;
		p->chain = p->expressions = 0;
		p->slash_ends = false;
		if (!parse_item(p))
			skip_top_level(p, begin, kind == TOK_LET || kind == TOK_IMPORT);
	}
}

/* program = [ "#!" line ] cdefs items
 * items = { config | options | import | probe | macro | fn | mapdecl | choice } */
static void parse_program(struct parser *p)
{
	size_t errors = diag_errors(p->u->diag);

	if (p->lx.len_b >= 2 && !memcmp(p->lx.text, "#!", 2)) {
		const char *end = memchr(p->lx.text, '\n', p->lx.len_b);

		p->lx.pos = end ? (uint32_t)(end - p->lx.text) : p->lx.len_b;
	}
	parser_jump(p, p->lx.pos);
	parse_c_section(p);
	parse_items(p, TOK_EOF);
	if (!p->import_depth && !p->u->probes.n && !p->u->ifs.n && !p->u->hosts.n &&
	    !p->u->specifications.n &&
	    diag_errors(p->u->diag) == errors)
		parser_error(p, "expected a probe");
}

bool script_parse(struct unit *u)
{
	size_t errors = diag_errors(u->diag);
	struct parser p = {.u = u, .directory = import_directory(u)};
	const char *text = diag_source_text(u->diag, u->source);

	size_t len_b = strlen(text);

	unit_index_names(u);
	if (len_b >= UINT32_MAX) { /* spans are 32 bits wide */
		diag_error(u->diag, E_LIMIT, NO_SPAN, "the script is longer than 4 GiB");
		return false;
	}
	lexer_init(&p.lx, u->a, u->diag, u->source, text, (uint32_t)len_b);
	parse_program(&p);
	return diag_errors(u->diag) == errors;
}

bool parser_import(struct parser *p, uint32_t source, const char *directory)
{
	struct diag *d = p->u->diag;
	struct parser in = {.u = p->u, .directory = directory, .import_depth = p->import_depth + 1};
	size_t errors = diag_errors(d);

	lexer_init(&in.lx, p->u->a, d, source, diag_source_text(d, source),
	           (uint32_t)diag_source_len(d, source));
	parse_program(&in);
	return diag_errors(d) == errors;
}

bool parser_add(struct unit *u, uint32_t source)
{
	struct parser p = {.u = u};
	size_t errors = diag_errors(u->diag);

	lexer_init(&p.lx, u->a, u->diag, source, diag_source_text(u->diag, source),
	           (uint32_t)diag_source_len(u->diag, source));
	parser_jump(&p, 0);
	parse_items(&p, TOK_EOF);
	return diag_errors(u->diag) == errors;
}

bool script_parse_library(struct unit *u, const char *name, const char *text)
{
	size_t errors = diag_errors(u->diag), len_b = strlen(text);
	uint32_t source = diag_add_source(u->diag, name, text, len_b);
	struct parser p = {.u = u, .is_library = true};

	lexer_init(&p.lx, u->a, u->diag, source, text, (uint32_t)len_b);
	parser_jump(&p, 0);
	while (p.tok.kind == TOK_MACRO && parse_macro(&p))
		;
	if (p.tok.kind != TOK_EOF)
		parser_error(&p, "expected macro");
	return diag_errors(u->diag) == errors;
}
