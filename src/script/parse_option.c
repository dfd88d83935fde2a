/* The options block (option.h): declarations to struct option.
 *
 *   options = "options" "=" "{" { entry } "}" [ ";" ]
 *   entry   = IDENT "=" kind "(" spec "," help { "," literal } ")" ";"
 *           | "exclusive" "(" IDENT { "," IDENT } ")" ";"
 *           | "example" "(" STRING "," STRING ")" ";"
 *   spec    = "-x" | "--word" | "-x, --word", then a blank and VALUE unless it is a flag or count
 *           | VALUE | "[VALUE]": a positional, and one that may be left out
 *
 * A VALUE that ends in `...` takes more than one argument. */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "script/option.h"
#include "script/parser.h"

static const struct kind_row {
	const char *word;
	enum option_gives gives;
} kind_rows[OPTION_N] = {
#define OPTION_KIND(id, word, gives, doc) [OPTION_##id] = {word, gives},
#include "script/option_kinds.def"
#undef OPTION_KIND
};

const char *option_kind_word(enum option_kind kind)
{
	return kind_rows[kind].word;
}

enum option_gives option_gives(const struct option *o)
{
	return kind_rows[o->kind].gives;
}

const char *option_title(struct arena *a, const struct option *o)
{
	if (o->is_positional)
		return o->metavar;
	if (o->letter && o->word)
		return arena_printf(a, "-%c/--%s", o->letter, o->word);
	return o->word ? arena_printf(a, "--%s", o->word) : arena_printf(a, "-%c", o->letter);
}

static struct option *find(const struct option_block *b, const char *name)
{
	vec_each (o, &b->options)
		if (!strcmp((*o)->name, name))
			return *o;
	return NULL;
}

const struct option *unit_find_option(const struct unit *u, const char *name)
{
	return u->options ? find(u->options, name) : NULL;
}

/* Takes no value. */
static bool is_lone(const struct option *o)
{
	return o->kind == OPTION_FLAG || o->kind == OPTION_COUNT;
}

/* ---- specifications -------------------------------------------------------------------------- */

struct spec {
	struct parser *p;
	struct option *o;
	struct span at; /* of the string */
};

static bool wrong(struct parser *p, struct span at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static bool wrong(struct parser *p, struct span at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	lexer_error(&p->lx, E_PARAM, at.begin, at.end, "%s", arena_vprintf(p->u->a, fmt, ap));
	va_end(ap);
	return false;
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* "-x, --word": what is behind it, or NULL with a report. */
static const char *read_names(const struct spec *sp, const char *s)
{
	struct option *o = sp->o;
	size_t len_b = 0;

	if (s[1] != '-') {
		if (!isalnum((unsigned char)s[1]) || (s[2] && s[2] != ',' && s[2] != ' ')) {
			wrong(sp->p, sp->at, "an option with one dash is one letter or digit");
			return NULL;
		}
		o->letter = s[1];
		s += 2;
		if (*s != ',')
			return s;
		if (strncmp(s, ", --", 4) != 0) {
			wrong(sp->p, sp->at, "behind -%c, a long option is expected", o->letter);
			return NULL;
		}
		s += 2;
	}
	s += 2;
	while (is_word_char(s[len_b]))
		len_b++;
	if (!len_b || *s == '-' || (s[len_b] && s[len_b] != ' ')) {
		wrong(sp->p, sp->at,
		      "a long option is a word of letters, digits, - and _ behind two dashes");
		return NULL;
	}
	o->word = arena_strndup(sp->p->u->a, s, len_b);
	return s + len_b;
}

/* VALUE, without its dots. */
static bool read_metavar(const struct spec *sp, const char *s, size_t len_b)
{
	struct option *o = sp->o;

	if (len_b > 3 && !memcmp(s + len_b - 3, "...", 3)) {
		o->takes_rest = true;
		len_b -= 3;
	}
	for (size_t i = 0; i < len_b; i++)
		if (isspace((unsigned char)s[i]) || strchr("[]", s[i]) || s[i] == '\0')
			len_b = 0;
	if (!len_b)
		return wrong(sp->p, sp->at, "the name of a value is one word");
	o->metavar = arena_strndup(sp->p->u->a, s, len_b);
	return true;
}

/* VALUE or [VALUE], of a positional or an option */
static bool read_value(const struct spec *sp, const char *s)
{
	size_t len_b = strlen(s);

	if (*s != '[')
		return read_metavar(sp, s, len_b);
	sp->o->is_optional = true;
	if (s[len_b - 1] != ']')
		return wrong(sp->p, sp->at, "this '[' is never closed");
	return read_metavar(sp, s + 1, len_b - 2);
}

/* all|reads|writes */
static bool read_choices(const struct spec *sp)
{
	struct option *o = sp->o;
	const char *s = o->metavar;

	for (;; s++) {
		size_t len_b = strcspn(s, "|");
		const char *word = arena_strndup(sp->p->u->a, s, len_b);

		if (!len_b)
			return wrong(sp->p, sp->at, "a choice is between words: all|reads|writes");
		vec_each (other, &o->choices)
			if (!strcmp(*other, word))
				return wrong(sp->p, sp->at, "'%s' is there twice", word);
		vec_push(sp->p->u->a, &o->choices, word);
		s += len_b;
		if (!*s)
			return true;
	}
}

/* Does the specification fit the kind? */
static bool check_kind(const struct spec *sp)
{
	const struct option *o = sp->o;
	const char *word = option_kind_word(o->kind);
	bool is_list = option_gives(o) == GIVES_INTS || option_gives(o) == GIVES_TEXTS;

	if (is_lone(o) && o->is_positional)
		return wrong(sp->p, sp->at, "%s() is an option, such as \"-v, --verbose\"", word);
	if (is_lone(o) && o->metavar)
		return wrong(sp->p, sp->at, "%s() takes no value", word);
	if (!is_lone(o) && !o->metavar)
		return wrong(sp->p, sp->at,
		             "%s() takes a value, whose name stands behind the option: \"-p, --pid "
		             "PID\"",
		             word);
	if (o->kind == OPTION_COMMAND && !o->is_positional && o->is_optional)
		return wrong(sp->p, sp->at, "an option without its command would do nothing");
	if (o->takes_rest && !is_list)
		return wrong(sp->p, sp->at, "%s() takes one value", word);
	if (o->takes_rest && !o->is_positional && o->kind != OPTION_COMMAND &&
	    o->kind != OPTION_TEXTS)
		return wrong(sp->p, sp->at, "an option takes one value each time it is given");
	return o->kind != OPTION_CHOICE || read_choices(sp);
}

static void name_other(const struct spec *sp, const struct option *other)
{
	diag_context(sp->p->u->diag, other->at, "This is the other one.");
}

/* Is it one of its own, and can it be reached? */
static bool check_place(const struct spec *sp, const struct option_block *b)
{
	const struct option *o = sp->o;

	if (o->letter == 'h' || (o->word && !strcmp(o->word, "help")))
		return wrong(sp->p, sp->at, "-h and --help print the script's help");
	vec_each (slot, &b->options) {
		const struct option *other = *slot;

		if (o->letter && o->letter == other->letter)
			wrong(sp->p, sp->at, "option -%c is there twice", o->letter);
		else if (o->word && other->word && !strcmp(o->word, other->word))
			wrong(sp->p, sp->at, "option --%s is there twice", o->word);
		else if (o->is_positional && other->is_positional && other->takes_rest)
			wrong(sp->p, sp->at, "%s... takes all that is left: nothing can follow it",
			      other->metavar);
		else if (o->is_positional && !o->is_optional && other->is_positional &&
		         other->is_optional)
			wrong(sp->p, sp->at, "%s can be left out, so what follows has to be, too",
			      other->metavar);
		else
			continue;
		name_other(sp, other);
		return false;
	}
	return true;
}

static bool read_spec(const struct spec *sp, const char *s)
{
	bool is_option = s[0] == '-';

	if (is_option) {
		s = read_names(sp, s);
		if (!s || (*s && !read_value(sp, s + 1)))
			return false;
	} else if (!*s) {
		return wrong(sp->p, sp->at, "this says neither an option nor a positional");
	} else {
		sp->o->is_positional = true;
		if (!read_value(sp, s))
			return false;
	}
	return check_kind(sp);
}

/* ---- declarations ---------------------------------------------------------------------------- */

/* The token, which has to be a string. */
static const char *take_string(struct parser *p, struct span *ret_at)
{
	const char *s = p->tok.string;

	*ret_at = parser_token_span(p);
	if (p->tok.kind != TOK_STRING) {
		parser_error(p, "expected string");
		return NULL;
	}
	if (strlen(s) != p->tok.string_len_b) {
		wrong(p, *ret_at, "a zero byte cannot stand here");
		return NULL;
	}
	parser_advance(p);
	return s;
}

/* What may stand for a default: is it text, is it a number? */
static bool accepts_text(enum option_kind kind)
{
	return kind != OPTION_INT && kind != OPTION_PROCESS;
}

static bool accepts_number(enum option_kind kind)
{
	return kind != OPTION_TEXT && kind != OPTION_REGEX && kind != OPTION_CHOICE &&
	       kind != OPTION_TEXTS && kind != OPTION_EVENT;
}

/* literal = STRING | [ "-" ] INT; in its text form. */
static bool parse_default(struct parser *p, struct option *o)
{
	struct span at = parser_token_span(p);
	const char *text = NULL, *mistake;
	bool is_negative = false;
	struct option trial = *o;

	if (p->tok.kind == TOK_STRING && accepts_text(o->kind)) {
		text = take_string(p, &at);
		if (!text)
			return false;
	} else {
		bool may_be_number = accepts_number(o->kind);

		is_negative = may_be_number && parser_accept(p, TOK_SUB);
		if (p->tok.kind != TOK_INT || !may_be_number) {
			parser_error(p, "the default of %s() is %s", option_kind_word(o->kind),
			             !may_be_number          ? "a string"
			             : accepts_text(o->kind) ? "a number or a string"
			                                     : "a number");
			return false;
		}
		text = arena_printf(p->u->a, "%s%llu", is_negative ? "-" : "",
		                    (unsigned long long)p->tok.number);
		parser_advance(p);
		at.end = p->last_end_b;
	}
	if (!*text && accepts_number(o->kind))
		return true; /* none */
	if (o->is_positional && !o->is_optional)
		return wrong(p, at, "%s has to be given, so a default has no use: \"[%s]\"",
		             o->metavar, o->metavar);
	o->dflt = text;
	if (o->kind == OPTION_DECIMAL) /* its factor comes next */
		return true;
	mistake = option_take(p->u->a, &trial, text);
	return !mistake || wrong(p, at, "%s", mistake);
}

/* The factor of decimal(). */
static bool parse_scale(struct parser *p, struct option *o)
{
	enum { LARGEST = 1000000000 };
	struct span at = parser_token_span(p);
	struct option trial = *o;
	const char *mistake;

	if (p->tok.kind != TOK_INT || !p->tok.number || p->tok.number > LARGEST) {
		parser_error(p, "expected a factor from 1 to %d", LARGEST);
		return false;
	}
	o->scale = trial.scale = p->tok.number;
	parser_advance(p);
	mistake = o->dflt ? option_take(p->u->a, &trial, o->dflt) : NULL;
	return !mistake || wrong(p, at, "%s", mistake);
}

/* What stands behind the help text. */
static bool parse_more(struct parser *p, struct option *o)
{
	bool takes_none = is_lone(o) || o->kind == OPTION_COMMAND;

	if (o->kind == OPTION_DECIMAL && p->tok.kind == TOK_RPAREN) {
		if (parser_error(p, "decimal() needs a default and a factor"))
			diag_hint(p->u->diag,
			          "decimal(\"[MIN_MS]\", \"...\", \"10\", 1000000) makes "
			          "10 ms 10000000; \"\" is no default");
		return false;
	}
	if (p->tok.kind == TOK_RPAREN)
		return true;
	if (!parser_expect(p, TOK_COMMA))
		return false;
	if (takes_none) {
		parser_error(p, "%s() has no default", option_kind_word(o->kind));
		return false;
	}
	return parse_default(p, o) &&
	       (o->kind != OPTION_DECIMAL || (parser_expect(p, TOK_COMMA) && parse_scale(p, o)));
}

static bool find_kind(const struct parser *p, enum option_kind *ret)
{
	for (int k = 0; k < OPTION_N; k++)
		if (parser_token_is(p, kind_rows[k].word)) {
			*ret = (enum option_kind)k;
			return true;
		}
	return false;
}

static bool unknown_kind(struct parser *p)
{
	struct diag_guess g = {.word = parser_token_dup(p)};
	own_strbuf struct strbuf all = {0};

	if (!lexer_error(&p->lx, E_PARAM, p->tok.begin, p->tok.end, "Unknown kind of option: '%s'",
	                 g.word))
		return false;
	for (int k = 0; k < OPTION_N; k++) {
		diag_nearest(&g, kind_rows[k].word);
		sb_addf(&all, "%s%s", k ? ", " : "", kind_rows[k].word);
	}
	if (g.best)
		diag_hint(p->u->diag, "Did you mean '%s'?", g.best);
	else
		diag_hint(p->u->diag, "the kinds are %s", sb_str(&all));
	return false;
}

/* IDENT "=" kind "(" spec "," help { "," literal } ")" */
static bool parse_declaration(struct parser *p, struct option_block *b)
{
	struct option *o = arena_new(p->u->a, struct option), *other;
	struct spec sp = {.p = p, .o = o};
	struct span help_at;
	const char *text;

	o->name = parser_token_dup(p);
	o->at = parser_token_span(p);
	o->text = "";
	o->scale = 1;
	other = find(b, o->name);
	if (other) {
		lexer_error(&p->lx, E_REDEFINED, o->at.begin, o->at.end,
		            "Option '%s' was already declared", o->name);
		name_other(&sp, other);
		return false;
	}
	parser_advance(p);
	if (!parser_expect(p, TOK_SET))
		return false;
	if (!token_is_word(p->tok.kind)) {
		parser_error(p, "expected a kind of option");
		return false;
	}
	if (!find_kind(p, &o->kind))
		return unknown_kind(p);
	parser_advance(p);
	if (!parser_expect(p, TOK_LPAREN))
		return false;
	text = take_string(p, &sp.at);
	if (!text || !read_spec(&sp, text) || !check_place(&sp, b) || !parser_expect(p, TOK_COMMA))
		return false;
	o->help = take_string(p, &help_at);
	if (!o->help || !parse_more(p, o) || !parser_expect(p, TOK_RPAREN))
		return false;
	vec_push(p->u->a, &b->options, o);
	return true;
}

/* "exclusive" "(" IDENT { "," IDENT } ")" */
static bool parse_exclusive(struct parser *p, struct option_block *b)
{
	uint32_t begin = p->tok.begin;
	unsigned group = ++b->n_groups, n = 0;

	parser_advance(p);
	parser_advance(p); /* what told it from a declaration */
	do {
		struct span at = parser_token_span(p);
		const char *name = parser_token_dup(p);
		struct option *o = find(b, name);

		if (!token_is_word(p->tok.kind)) {
			parser_error(p, "expected identifier");
			return false;
		}
		if (!o)
			return wrong(p, at, "There is no option '%s' above", name);
		if (o->group)
			return wrong(p, at, "'%s' excludes others already", name);
		if (o->is_positional && !o->is_optional)
			return wrong(p, at, "'%s' has to be given", name);
		o->group = group;
		n++;
		parser_advance(p);
	} while (parser_accept(p, TOK_COMMA));
	if (!parser_expect(p, TOK_RPAREN))
		return false;
	return n > 1 || wrong(p, parser_span(p, begin), "exclusive() is about two or more options");
}

/* "example" "(" STRING "," STRING ")" */
static bool parse_example(struct parser *p, struct option_block *b)
{
	struct option_example e;
	struct span at;

	parser_advance(p);
	parser_advance(p);
	e.line = take_string(p, &at);
	if (!e.line || !parser_expect(p, TOK_COMMA))
		return false;
	e.what = take_string(p, &at);
	if (!e.what)
		return false;
	vec_push(p->u->a, &b->examples, e);
	return parser_expect(p, TOK_RPAREN);
}

static bool parse_entry(struct parser *p)
{
	struct option_block *b = p->u->options;

	if (!token_is_word(p->tok.kind)) {
		parser_error(p, "expected identifier");
		return false;
	}
	if (parser_peek(p).kind != TOK_LPAREN)
		return parse_declaration(p, b);
	if (parser_token_is(p, "exclusive"))
		return parse_exclusive(p, b);
	if (parser_token_is(p, "example"))
		return parse_example(p, b);
	parser_error(p, "expected NAME = KIND(...), exclusive(...) or example(...)");
	return false;
}

/* ---- the block ------------------------------------------------------------------------------- */

bool parse_is_options(const struct parser *p)
{
	struct lexer ahead = p->lx;
	struct token t;

	if (!parser_token_is(p, "options"))
		return false;
	lexer_next(&ahead, &t);
	if (t.kind != TOK_SET)
		return false;
	lexer_next(&ahead, &t);
	return t.kind == TOK_LBRACE;
}

bool parse_options(struct parser *p)
{
	struct option_block *b = arena_new(p->u->a, struct option_block);
	uint32_t begin = p->tok.begin;

	b->at = parser_token_span(p);
	p->u->options = b;
	parser_advance(p);
	parser_advance(p);
	parser_advance(p);
	if (!parser_entries(p, parse_entry))
		return false;
	b->at = parser_span(p, begin);
	parser_accept(p, TOK_SEMI);
	return true;
}
