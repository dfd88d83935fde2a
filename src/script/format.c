/* --fmt: a script in its usual layout.
 *
 *   if around probes   `if (...) {` and `} else {` on a line, what they hold a tab further in
 *   attach points      one a line, the predicate on the next, `{` on its own
 *   blocks             a tab for each level, a statement a line, `} else {`
 *   operators          blanks around those of two operands, none behind those of one
 *   line breaks        inside a statement those of the text stay, a tab further in
 *   empty lines        one between probes; elsewhere at most one, where the text has any
 *   comments, C        as they are
 *
 * It works on the text's tokens, as comments are no part of the tree. What tokens do not say comes
 * from the tree: where attach points (raw text) and type names stand. Nothing is added or left out
 * but white space, and at the end the result is parsed and its tree compared. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "script/format.h"

enum kind {
	NOTHING, /* before the first */
	RAW,     /* #! line, C section */
	COMMENT_LINE,
	COMMENT_BLOCK,
	POINT,
	TYPE,
	WORD, /* names, variables, maps, numbers, strings, keywords */
	OP,   /* and every other single character */
};

struct piece {
	const char *s;
	size_t n;
	enum kind kind;
	unsigned newlines; /* before it, at most 2 */
};

/* Text that is one piece. */
struct fixed {
	uint32_t begin, end;
	enum kind kind;
};

struct formatter {
	const struct unit *u;
	const char *text;
	size_t len_b;
	vec(struct fixed) fixed; /* by place */
	vec(struct piece) pieces;
	struct strbuf *out;
	/* where the layout is */
	int indent, parens;
	vec(int) outer_parens;  /* of the blocks around */
	vec(uint32_t) branches; /* where blocks with probes in them begin */
	int branch_depth;       /* how many of those are open */
	struct piece prev;      /* the last one that is no comment */
	bool prev_is_unary, prev_is_cast, is_line_start, is_new_statement, wants_line;
	bool in_header, in_predicate, begins_predicate, ends_item;
	bool is_behind_import; /* at the top; its `;` may be missing */
	vec(bool) casts;       /* of the open parentheses: is it a cast? */
};

static bool is(const struct piece *p, const char *s)
{
	return (p->kind == OP || p->kind == WORD) && strlen(s) == p->n && !memcmp(p->s, s, p->n);
}

static bool is_one_of(const struct piece *p, const char *const *list)
{
	for (; *list; list++)
		if (is(p, *list))
			return true;
	return false;
}

static bool is_comment(const struct piece *p)
{
	return p->kind == COMMENT_LINE || p->kind == COMMENT_BLOCK;
}

/* ---- text to pieces -------------------------------------------------------------------------- */

static void add_fixed(struct formatter *f, struct span at, enum kind kind)
{
	if (at.source == f->u->source && at.end > at.begin && at.end <= f->len_b)
		vec_push(f->u->a, &f->fixed, ((struct fixed){at.begin, at.end, kind}));
}

static void find_types(struct formatter *f, const struct node *n)
{
	if (!n)
		return;
	if (n->type_text && !n->type_of)
		add_fixed(f, n->type_at, TYPE);
	find_types(f, n->type_of);
	for (uint32_t i = 0; i < n->n_args; i++)
		find_types(f, n->args[i]);
	vec_each (s, &n->stmts)
		find_types(f, *s);
}

static int by_place(const void *a, const void *b)
{
	const struct fixed *x = a, *y = b;

	return x->begin < y->begin ? -1 : x->begin > y->begin;
}

static int by_offset(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Does a block begin at this piece that has probes in it? */
static bool begins_branch(const struct formatter *f, const struct piece *p)
{
	uint32_t at = (uint32_t)(p->s - f->text);

	return f->branches.n &&
	       bsearch(&at, f->branches.items, f->branches.n, sizeof(at), by_offset);
}

/* Outside of probes and definitions, perhaps in a branch? */
static bool is_outside(const struct formatter *f)
{
	return f->indent == f->branch_depth;
}

static void find_in_unit(struct formatter *f, const struct unit *u)
{
	vec_each (p, &u->probes) {
		vec_each (ap, &(*p)->points)
			add_fixed(f, ap->at, POINT);
		find_types(f, (*p)->predicate);
		find_types(f, (*p)->body);
	}
	vec_each (h, &u->hosts) /* stays behind its word */
		add_fixed(f, (*h)->at, TYPE);
	vec_each (m, &u->macros)
		find_types(f, (*m)->body);
	vec_each (fn, &u->fns) {
		vec_each (param, &(*fn)->params)
			find_types(f, *param);
		find_types(f, (*fn)->result);
		find_types(f, (*fn)->probe->body);
	}
	vec_each (c, &u->ifs)
		vec_each (b, &c->branches) {
			find_types(f, b->condition);
			vec_push(u->a, &f->branches, b->at.begin);
			find_in_unit(f, b->unit);
		}
}

static void find_fixed(struct formatter *f)
{
	const struct unit *u = f->u;

	add_fixed(f, (struct span){u->source, (uint32_t)u->c_begin_b, (uint32_t)u->c_end_b}, RAW);
	find_in_unit(f, u);
	if (f->branches.n)
		qsort(f->branches.items, f->branches.n, sizeof(*f->branches.items), by_offset);
	if (f->fixed.n)
		qsort(f->fixed.items, f->fixed.n, sizeof(*f->fixed.items), by_place);
}

static size_t operator_at(const char *s)
{
	static const char *const longer[] = {
	    "<<=", ">>=", "->", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&",
	    "||",  "+=",  "-=", "*=", "/=", "%=", "&=", "|=", "^=", "..", "?:", NULL};

	for (const char *const *o = longer; *o; o++)
		if (!strncmp(s, *o, strlen(*o)))
			return strlen(*o);
	return 1;
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static size_t string_end(const char *s)
{
	size_t n = 1;

	while (s[n] && s[n] != '"')
		n += s[n] == '\\' && s[n + 1] ? 2 : 1;
	return s[n] ? n + 1 : n;
}

/* One piece from `s` on, its length and kind. The text ends in a NUL. */
static struct piece next_piece(const char *s)
{
	struct piece p = {.s = s, .kind = WORD};

	if (!strncmp(s, "//", 2)) {
		p.kind = COMMENT_LINE;
		p.n = strcspn(s, "\n");
	} else if (!strncmp(s, "/*", 2)) {
		const char *end = strstr(s + 2, "*/");

		p.kind = COMMENT_BLOCK;
		p.n = end ? (size_t)(end + 2 - s) : strlen(s);
	} else if (*s == '"') {
		p.n = string_end(s);
	} else if (is_name(*s) || *s == '$' || *s == '@') {
		p.n = 1 + (*s == '$' && s[1] == '#');
		while (is_name(s[p.n]))
			p.n++;
	} else {
		p.kind = OP;
		p.n = operator_at(s);
	}
	return p;
}

static void trim(struct piece *p)
{
	while (p->n && isspace((unsigned char)p->s[p->n - 1]))
		p->n--;
}

static void split(struct formatter *f)
{
	size_t pos = 0, next = 0;
	unsigned newlines = 0;

	if (!strncmp(f->text, "#!", 2)) {
		struct piece p = {.s = f->text, .n = strcspn(f->text, "\n"), .kind = RAW};

		pos = p.n;
		trim(&p);
		vec_push(f->u->a, &f->pieces, p);
	}
	while (pos < f->len_b) {
		struct piece p;

		if (isspace((unsigned char)f->text[pos])) {
			newlines += f->text[pos++] == '\n';
			continue;
		}
		while (next < f->fixed.n && f->fixed.items[next].begin < pos)
			next++;
		if (next < f->fixed.n && f->fixed.items[next].begin == pos)
			p = (struct piece){.s = f->text + pos,
			                   .n = f->fixed.items[next].end - pos,
			                   .kind = f->fixed.items[next].kind};
		else
			p = next_piece(f->text + pos);
		pos += p.n;
		if (p.kind == RAW || is_comment(&p))
			trim(&p);
		p.newlines = newlines > 2 ? 2 : newlines;
		newlines = 0;
		if (p.n)
			vec_push(f->u->a, &f->pieces, p);
	}
}

/* ---- pieces to text -------------------------------------------------------------------------- */

/* Words behind which an expression begins. */
static const char *const openers[] = {"return", "if",     "else",     "while", "for",
                                      "let",    "unroll", "comptime", NULL};
/* Words that keep away from their parenthesis. */
static const char *const spaced[] = {"return", "if", "else", "while", "for", "comptime", NULL};

/* Could `-` behind this have an operand on its left? */
static bool ends_operand(const struct formatter *f)
{
	const struct piece *p = &f->prev;

	if (p->kind == WORD)
		return !is_one_of(p, openers);
	return p->kind == TYPE || is(p, "]") || (is(p, ")") && !f->prev_is_cast) || is(p, "++") ||
	       is(p, "--");
}

static bool is_sign(const struct piece *p)
{
	static const char *const signs[] = {"-", "*", "&", "!", "~", "++", "--", NULL};

	return is_one_of(p, signs);
}

static bool needs_blank(const struct formatter *f, const struct piece *p)
{
	static const char *const tight_before[] = {";", ",", ")", "]", ".", "->", "..", NULL};
	static const char *const tight_behind[] = {"(", "[", ".", "->", "..", NULL};
	const struct piece *prev = &f->prev;

	if (is_one_of(p, tight_before) || is_one_of(prev, tight_behind) || f->prev_is_cast)
		return false;
	if (f->prev_is_unary) /* `- -x` is not `--x` */
		return p->kind == OP && prev->s[prev->n - 1] == p->s[0];
	if (is(p, "++") || is(p, "--"))
		return !ends_operand(f);
	if (is(p, "("))
		return !(prev->kind == WORD && !is_one_of(prev, spaced)) && !is(prev, ")") &&
		       !is(prev, "]");
	if (is(p, "["))
		return !(prev->kind == WORD && !is_one_of(prev, openers)) && !is(prev, ")") &&
		       !is(prev, "]");
	return true;
}

static void put_lines(struct formatter *f, unsigned n)
{
	if (!f->out->n)
		return;
	while (n--)
		sb_addc(f->out, '\n');
	f->is_line_start = true;
}

static void put(struct formatter *f, const struct piece *p, int indent)
{
	for (int i = 0; f->is_line_start && i < indent; i++)
		sb_addc(f->out, '\t');
	sb_add(f->out, p->s, p->n);
	f->is_line_start = false;
}

static void put_comment(struct formatter *f, const struct piece *p)
{
	bool is_own_line = p->newlines || !f->out->n;

	if (is_own_line) {
		unsigned n = p->newlines > 1 || f->ends_item ? 2 : 1;

		if (is(&f->prev, "{") && f->is_new_statement)
			n = 1;
		put_lines(f, n);
		f->ends_item = false;
	} else if (!f->is_line_start && !is(&f->prev, "(")) {
		sb_addc(f->out, ' ');
	}
	put(f, p, f->indent + (f->is_new_statement || f->in_header ? 0 : 1));
	f->wants_line = p->kind == COMMENT_LINE || (is_own_line && f->is_new_statement);
}

/* How many line breaks stand before this piece: 0 is the same line. */
static unsigned lines_before(const struct formatter *f, const struct piece *p)
{
	const struct piece *prev = &f->prev;
	unsigned kept = p->newlines > 1 ? 2 : 1;

	if (prev->kind == NOTHING)
		return f->wants_line ? kept : 0;
	if (f->ends_item && is(p, ";") && !f->wants_line)
		return 0;
	if (is(p, "}") && prev->kind != RAW)
		return 1;
	if (f->ends_item && is(p, "else"))
		return f->wants_line;
	if (f->ends_item || prev->kind == RAW || p->kind == RAW)
		return f->ends_item ? 2 : kept;
	if (f->is_behind_import && is(p, ";"))
		return 0;
	if (is_outside(f) && (is(prev, ";") || f->is_behind_import) && !f->wants_line &&
	    !f->in_header && (p->kind == POINT || is(p, "macro") || is(p, "fn") || is(p, "if")))
		return 2; /* a definition behind lines of import or let */
	if (f->is_new_statement) {
		static const char *const glued[] = {"else", ";", ")", ",", "]", NULL};

		if (is(prev, "}") && is_one_of(p, glued) && !f->wants_line)
			return 0;
		return is(prev, "{") && !f->wants_line ? 1 : kept;
	}
	if (f->in_header) {
		if (p->kind == POINT || f->begins_predicate)
			return 1;
		if (is(p, "{") && !f->parens)
			return 1;
	}
	if (is(p, "{"))
		return f->wants_line;
	return p->newlines || f->wants_line;
}

static bool begins_type(const struct formatter *f, const struct piece *p)
{
	return p < f->pieces.items + f->pieces.n && (p->kind == TYPE || is(p, "typeof"));
}

static void put_piece(struct formatter *f, const struct piece *p)
{
	unsigned n;
	int indent = f->indent;
	bool is_unary = is_sign(p) && !ends_operand(f);
	bool ends_predicate = false;

	f->begins_predicate = false;
	if (f->in_header && !f->parens && is(p, "/")) {
		if (!f->in_predicate && (f->prev.kind == POINT || is(&f->prev, ",")))
			f->begins_predicate = f->in_predicate = true;
		else if (f->in_predicate && p + 1 < f->pieces.items + f->pieces.n) {
			const struct piece *q = p + 1, *end = f->pieces.items + f->pieces.n;

			while (q < end && is_comment(q))
				q++;
			ends_predicate = q < end && is(q, "{");
		}
	}
	if (is(p, "}") && f->outer_parens.n) {
		f->branch_depth -= f->indent == f->branch_depth;
		f->indent--;
		f->parens = f->outer_parens.items[--f->outer_parens.n];
		indent = f->indent;
	}
	n = lines_before(f, p);
	if (!f->is_new_statement && !f->in_header && !is(p, "}") && !is(p, ")") && !is(p, "]"))
		indent++;
	if (n) {
		put_lines(f, n);
	} else if (f->prev.kind != NOTHING && !f->is_line_start && !ends_predicate &&
	           !(f->in_predicate && is(&f->prev, "/") && f->prev_is_unary) &&
	           needs_blank(f, p)) {
		if (!(is(p, ":") && begins_type(f, p + 1)))
			sb_addc(f->out, ' ');
	}
	put(f, p, indent);

	f->wants_line = f->ends_item = false;
	f->is_behind_import = !f->indent && is(&f->prev, "import");
	f->is_new_statement = false;
	f->prev_is_cast = false;
	if (p->kind == POINT)
		f->in_header = true;
	if (is(p, "("))
		vec_push(f->u->a, &f->casts,
		         (!(f->prev.kind == WORD && !is_one_of(&f->prev, openers)) &&
		          begins_type(f, p + 1)));
	if (is(p, "(") || is(p, "["))
		f->parens++;
	if ((is(p, ")") || is(p, "]")) && f->parens)
		f->parens--;
	if (is(p, ")") && f->casts.n)
		f->prev_is_cast = f->casts.items[--f->casts.n];
	f->prev_is_unary = is_unary || f->begins_predicate;
	if (is(p, "{")) {
		vec_push(f->u->a, &f->outer_parens, f->parens);
		f->parens = 0;
		f->branch_depth += is_outside(f) && begins_branch(f, p);
		f->indent++;
		f->is_new_statement = true;
		f->in_header = f->in_predicate = false;
	} else if (is(p, ";")) {
		f->is_new_statement = !f->parens;
		f->ends_item = is_outside(f) && is(&f->prev, "}");
	} else if (is(p, "}")) {
		f->is_new_statement = !f->parens;
		f->ends_item = is_outside(f);
	} else if (p->kind == RAW || (!f->indent && is(&f->prev, "import"))) {
		f->is_new_statement = true;
	} else if (is_outside(f) && (is(p, "macro") || is(p, "fn")) && !f->in_header) {
		f->in_header = true; /* its block begins like a probe's */
	}
	f->prev = *p;
}

static bool layout(struct formatter *f)
{
	f->is_line_start = f->is_new_statement = true;
	for (size_t i = 0; i < f->pieces.n; i++) {
		const struct piece *p = &f->pieces.items[i];

		if (is_comment(p))
			put_comment(f, p);
		else
			put_piece(f, p);
	}
	if (f->out->n)
		sb_addc(f->out, '\n');
	return true;
}

bool format_unit(const struct unit *u, const char *text, size_t len_b, struct strbuf *out)
{
	struct formatter f = {.u = u, .text = text, .len_b = len_b, .out = out};

	find_fixed(&f);
	split(&f);
	return layout(&f);
}
