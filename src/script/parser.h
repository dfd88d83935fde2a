/* What the parser's files share: parser.c (a file's order, probes, declarations), parse_stmt.c,
 * parse_expr.c and params.c. Recursive descent, one token ahead.
 *
 * Contract of every parse_*(): the current token is the first of its production; on success it is
 * the first behind it. On a mistake it is reported and NULL (false) comes back with the token at
 * the trouble; callers pass that up to the nearest statement or probe, which skips to where the
 * next one begins. */
#ifndef SKEP_SCRIPT_PARSER_H
#define SKEP_SCRIPT_PARSER_H

#include "script/ast.h"
#include "script/lexer.h"
#include "script/stages.h"

/* How deep brackets, blocks and prefix operators may nest, and how many binary and postfix
 * operators one statement may have: together they bound the height of the tree, so that every
 * later stage may recurse over it. */
#define PARSE_NESTING_MAX 256
#define PARSE_CHAIN_MAX 1024

struct parser {
	struct unit *u;
	struct lexer lx;
	struct token tok;    /* current token */
	uint32_t last_end_b; /* end of the token before it */
	unsigned nesting;
	unsigned chain;       /* operators in the statement so far */
	unsigned expressions; /* how many expressions we are inside of */
	bool slash_ends;      /* in a predicate, outside brackets: `/` before `{` ends it */
	unsigned n_warnings;  /* see parser_may_warn() */
	const char *directory; /* that imports are relative to: "" or with a `/` at its end */
	unsigned import_depth; /* 0: the script itself */
	bool has_config;
	unsigned branch_depth; /* branches of `if` around, outside of probes */
	bool has_items;        /* probes, macros and the like: what has to stand before is late */
	bool is_host;         /* in a host block or a table: what is read runs in user space */
	bool is_library;      /* the text is one of stdlib/ */
	const char *no_jumps; /* inside a macro: its name; nothing there may jump out */
};

/* ---- parser.c: moving, reporting ---- */

void parser_advance(struct parser *p);
/* Step over the token if it is of this kind. */
bool parser_accept(struct parser *p, enum token_kind kind);
/* The same, but reports `expected ...` if it is not. */
bool parser_expect(struct parser *p, enum token_kind kind);
/* What follows the current token. */
struct token parser_peek(const struct parser *p);
/* Continue at byte off_b of the text. */
void parser_jump(struct parser *p, uint32_t off_b);
/* E_SYNTAX at the current token, `syntax: ` put in front. False if nothing was reported because
 * the lexer is lost (then a hint would go to another report). */
bool parser_error(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A script can say something doubtful thousands of times, but nobody reads that many warnings, and
 * the sink compares each with all: false once there were enough. Counts the question. */
bool parser_may_warn(struct parser *p);
/* Enter one level of nesting; false with a report if that is one too many. */
bool parser_enter(struct parser *p);
void parser_leave(struct parser *p);
/* entry { ";" entry } [ ";" ] "}", behind the `{`; what follows a mistake is read from the next `;` on. */
bool parser_entries(struct parser *p, bool (*entry)(struct parser *p));
/* Skip a balanced {...}, the token being its `{`. */
void parser_skip_block(struct parser *p);

struct span parser_span(const struct parser *p, uint32_t begin); /* from begin to the last token */
struct span parser_token_span(const struct parser *p);
const char *parser_token_dup(const struct parser *p); /* the token's text, in the arena */
bool parser_token_is(const struct parser *p, const char *word);
/* A node from `begin` to the last token with up to three arguments; NULL ends them early. */
struct node *parser_node(struct parser *p, enum node_kind kind, uint32_t begin, struct node *a,
                         struct node *b, struct node *c);

/* ---- parse_expr.c ---- */

struct node *parse_expr(struct parser *p);
struct node *parse_unary(struct parser *p);
bool parse_is_binary_operator(enum token_kind kind);
/* A type = as in a cast, or typeof(...). Fills in type_at, type_text (one normal spelling) and
 * type_of of `n`. */
bool parse_type(struct parser *p, struct node *n);

/* ---- parse_stmt.c ---- */

struct node *parse_block(struct parser *p);
struct node *parse_if(struct parser *p);
/* In parentheses or a bare one; a `{` stands behind it. */
struct node *parse_condition(struct parser *p);

/* What may stand outside of probes, up to a token of this kind or the end. Goes on behind
 * mistakes. */
void parse_items(struct parser *p, enum token_kind end);
/* Parse an imported script into p's unit. */
bool parser_import(struct parser *p, uint32_t source, const char *directory);
/* Probes and definitions that were made while compiling, into the unit. */
bool parser_add(struct unit *u, uint32_t source);

/* ---- import.c ---- */
/* That the script's imports are relative to; the script itself counts as imported. */
const char *import_directory(struct unit *u);
/* `import "name"` at the top of a file. */
bool import_root(struct parser *p, const char *name, struct span at);

/* ---- parse_define.c ---- */
/* Both are at their word. */
bool parse_root_import(struct parser *p, bool is_late);
bool parse_import_statement(struct parser *p);

bool parse_macro(struct parser *p);
bool parse_choice(struct parser *p); /* at its `if` */
bool parse_fn(struct parser *p);
bool parse_is_specifications(const struct parser *p);
bool parse_specifications(struct parser *p);

/* ---- parse_option.c ---- */

/* Does an options block begin here? */
bool parse_is_options(const struct parser *p);
bool parse_options(struct parser *p);

/* The attach points of a probe, up to its predicate or block. */
bool parse_points(struct parser *p, struct probe *probe);

/* ---- parse_host.c ---- */
/* Is the token the first of `host`, `table` or `emit` and what follows them? */
bool parse_is_host(const struct parser *p);
bool parse_is_table(const struct parser *p);
bool parse_is_emit(const struct parser *p);
bool parse_host(struct parser *p);
bool parse_table(struct parser *p);
struct node *parse_emit(struct parser *p);

/* ---- params.c ---- */

/* `$number` or `$#` at `at`: an INT, a STRING, or for a negative integer a UNARY minus on one; all
 * of them is_param with the text in `string`. NULL with a report for numbers out of range. */
struct node *params_node(struct parser *p, uint64_t number, struct span at);
struct node *params_count_node(struct parser *p, struct span at);
/* The text of `$number` for an attach point; "" with the usual warning if there is none, NULL
 * with a report for numbers out of range. */
const char *params_text(struct parser *p, uint64_t number, struct span at);

#endif
