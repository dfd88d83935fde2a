/* The preprocessor of a script's C section.
 *
 * Input: C text. Output: tokens, with object-like macros replaced, and the macros themselves for
 * the language to use as constants. Conditions and includes work as in C; macros with parameters
 * are skipped, as nothing in a declaration needs them and the language doesn't know them.
 *
 * Text is read from a stack: the script, a file it includes, a macro's replacement. The trick is
 * that a macro is replaced by pushing its text like a file; it is off limits while it is there. */
#include "types/cpp.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum {
	DEEPEST = 100, /* includes and macros inside of each other */
	/* A script's headers have some 10,000 of either. */
	MOST_TOKENS = 2000000,
	MOST_MACROS = 2000000,
};

struct text {
	const char *p, *end;
	const char *dir;   /* of the file, for its own #include "x"; NULL: none */
	const char *macro; /* whose replacement this is, or NULL */
	bool is_script, is_system;
	bool at_line_start;
	size_t n_conds; /* open when it was entered */
	/* Within the script, text stands for itself; elsewhere for the line that brought it in. */
	struct span at;
	const char *script_text;
};

enum cond { COND_ON, COND_OFF, COND_DONE /* a branch before it was taken */ };

struct cpp {
	struct types *ts;
	struct diag *d;
	uint32_t source;
	const struct c_options *opts;
	vec(struct text) stack;
	vec(enum cond) conds;
	c_tokens *out;
	unsigned n_macros; /* replaced so far */
	bool is_full;
};

static struct text *top(struct cpp *c)
{
	return &vec_last(&c->stack);
}

/* ---- characters to tokens
 * -------------------------------------------------------------------------- */

/* Blanks, comments and spliced lines; not the end of a line. */
static void skip_blanks(struct text *t)
{
	while (t->p < t->end) {
		if (*t->p == ' ' || *t->p == '\t' || *t->p == '\r' || *t->p == '\f' ||
		    *t->p == '\v') {
			t->p++;
		} else if (*t->p == '\\' && t->end - t->p > 1 && t->p[1] == '\n') {
			t->p += 2;
		} else if (t->end - t->p > 1 && t->p[0] == '/' && t->p[1] == '*') {
			const char *close = memmem(t->p + 2, (size_t)(t->end - t->p) - 2, "*/", 2);

			t->p = close ? close + 2 : t->end;
		} else if (t->end - t->p > 1 && t->p[0] == '/' && t->p[1] == '/') {
			while (t->p < t->end && *t->p != '\n')
				t->p++;
		} else {
			break;
		}
	}
}

static bool is_name_char(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_' || ch == '$';
}

static size_t quoted_length(const struct text *t)
{
	char quote = *t->p;
	size_t left = (size_t)(t->end - t->p), n = 1;

	while (n < left && t->p[n] != quote && t->p[n] != '\n')
		n += t->p[n] == '\\' && n + 1 < left ? 2 : 1;
	return n < left && t->p[n] == quote ? n + 1 : n;
}

static size_t punct_length(const struct text *t)
{
	static const char *const longer[] = {
	    "...", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "##"};

	for (size_t i = 0; i < sizeof(longer) / sizeof(longer[0]); i++) {
		size_t n = strlen(longer[i]);

		if ((size_t)(t->end - t->p) >= n && !memcmp(t->p, longer[i], n))
			return n;
	}
	return 1;
}

static struct span token_span(const struct text *t, const char *begin, size_t n)
{
	struct span at = t->at;

	if (t->is_script) {
		at.begin = (uint32_t)(begin - t->script_text);
		at.end = at.begin + (uint32_t)n;
	}
	return at;
}

/* The next token of this text's line; C_END at its end (the newline is left). */
static struct c_token lex(struct text *t)
{
	struct c_token tok = {.is_system = t->is_system};
	size_t left, n = 0;

	skip_blanks(t);
	left = (size_t)(t->end - t->p);
	tok.s = t->p;
	if (!left || *t->p == '\n') {
		tok.kind = C_END;
	} else if (isdigit((unsigned char)*t->p) ||
	           (*t->p == '.' && left > 1 && isdigit((unsigned char)t->p[1]))) {
		tok.kind = C_NUMBER;
		while (n < left && (is_name_char(t->p[n]) || t->p[n] == '.'))
			n++;
	} else if (is_name_char(*t->p)) {
		tok.kind = C_NAME;
		while (n < left && is_name_char(t->p[n]))
			n++;
	} else if (*t->p == '"' || *t->p == '\'') {
		tok.kind = *t->p == '"' ? C_STRING : C_CHAR;
		n = quoted_length(t);
	} else {
		tok.kind = C_PUNCT;
		n = punct_length(t);
	}
	tok.n = (uint32_t)n;
	tok.at = token_span(t, t->p, n);
	t->p += n;
	return tok;
}

/* ---- macros
 * ----------------------------------------------------------------------------------------- */

static const char *find_macro(struct cpp *c, const struct c_token *name)
{
	const char *text = strmap_getn(&c->ts->defines, name->s, name->n);

	if (!text)
		return NULL;
	vec_each (t, &c->stack)
		if (t->macro && strlen(t->macro) == name->n && !memcmp(t->macro, name->s, name->n))
			return NULL;
	return text;
}

static bool push_macro(struct cpp *c, const struct c_token *name, const char *text)
{
	struct text *from = top(c), t;

	if (c->stack.n >= DEEPEST)
		return false;
	if (++c->n_macros > MOST_MACROS) {
		c->is_full = true;
		return false;
	}
	t = (struct text){.p = text,
	                  .end = text + strlen(text),
	                  .macro = arena_strndup(c->ts->a, name->s, name->n),
	                  .is_system = from->is_system,
	                  .n_conds = c->conds.n,
	                  .at = name->at};
	vec_push(c->ts->a, &c->stack, t);
	return true;
}

static void define(struct cpp *c, const char *name, size_t name_b, const char *text)
{
	strmap_putn(&c->ts->defines, arena_strndup(c->ts->a, name, name_b), name_b, (void *)text);
}

/* The rest of the line as a macro's replacement: tokens joined by single blanks where the text had
 * any, comments gone. */
static const char *rest_of_line(struct cpp *c, struct text *t)
{
	own_strbuf struct strbuf sb = {0};
	const char *last_end = NULL;

	for (;;) {
		struct c_token tok = lex(t);

		if (tok.kind == C_END)
			break;
		if (last_end && tok.s != last_end)
			sb_addc(&sb, ' ');
		sb_add(&sb, tok.s, tok.n);
		last_end = tok.s + tok.n;
	}
	return arena_strndup(c->ts->a, sb_str(&sb), sb.n);
}

static void directive_define(struct cpp *c, struct text *t)
{
	struct c_token name = lex(t);

	if (name.kind != C_NAME) {
		if (!t->is_system)
			diag_error(c->d, E_SYNTAX, name.at, "macro name must be an identifier");
		return;
	}
	/* With parameters: unknown from here on, whatever it was. */
	if (t->p < t->end && *t->p == '(')
		define(c, name.s, name.n, NULL);
	else
		define(c, name.s, name.n, rest_of_line(c, t));
}

/* ---- conditions
 * --------------------------------------------------------------------------------------- */

static bool is_on(const struct cpp *c)
{
	for (size_t i = 0; i < c->conds.n; i++)
		if (c->conds.items[i] != COND_ON)
			return false;
	return true;
}

static bool unknown_is_zero(void *arg, const struct c_token *name, int64_t *ret)
{
	(void)arg;
	(void)name;
	*ret = 0;
	return true;
}

static void push_token(struct cpp *c, c_tokens *out, struct c_token tok)
{
	if (out->n >= MOST_TOKENS)
		c->is_full = true;
	else
		vec_push(c->ts->a, out, tok);
}

/* One line's tokens with macros replaced, but for what stands behind `defined`. */
static void expand_line(struct cpp *c, c_tokens *out)
{
	size_t bottom = c->stack.n;

	for (;;) {
		struct text *t = top(c);
		struct c_token tok = lex(t);
		const char *text;

		if (tok.kind == C_END && c->stack.n > bottom) {
			c->stack.n--;
			continue;
		}
		if (tok.kind == C_END || c->is_full)
			break;
		if (c_is(&tok, "defined")) {
			struct c_token name = lex(t);
			bool has_paren = c_is(&name, "(");

			if (has_paren)
				name = lex(t);
			if (has_paren)
				lex(t);
			tok.kind = C_NUMBER;
			tok.s = strmap_getn(&c->ts->defines, name.s, name.n) ? "1" : "0";
			tok.n = 1;
		} else if (tok.kind == C_NAME && (text = find_macro(c, &tok)) &&
		           push_macro(c, &tok, text)) {
			continue;
		}
		push_token(c, out, tok);
	}
	c->stack.n = bottom;
	push_token(c, out, (struct c_token){.kind = C_END});
}

static bool evaluate_if(struct cpp *c, struct text *t)
{
	static const struct c_names names = {.value = unknown_is_zero};
	struct c_token at = {.at = t->at};
	bool is_system = t->is_system;
	c_tokens line = {0};
	size_t pos = 0;
	int64_t value;

	expand_line(c, &line);
	if (line.n)
		at = line.items[0];
	if (line.n && c_const_expr(&line, &pos, &names, &value) && line.items[pos].kind == C_END)
		return value;
	if (!is_system)
		diag_error(c->d, E_SYNTAX, at.at, "malformed #if expression");
	return false;
}

static void directive_else(struct cpp *c, struct text *t, const char *word, struct span at)
{
	enum cond *last;

	if (c->conds.n <= t->n_conds) {
		if (!t->is_system)
			diag_error(c->d, E_SYNTAX, at, "#%s without #if", word);
		return;
	}
	last = &vec_last(&c->conds);
	if (!strcmp(word, "endif")) {
		c->conds.n--;
	} else if (*last == COND_ON) {
		*last = COND_DONE;
	} else if (*last == COND_OFF) {
		bool take = true;

		if (!strcmp(word, "elif")) {
			c->conds
			    .n--; /* its condition is that of the line, not of the branch before */
			take = is_on(c) && evaluate_if(c, t);
			c->conds.n++;
			last = &vec_last(&c->conds);
		}
		*last = take ? COND_ON : COND_OFF;
	}
}

/* ---- includes
 * ------------------------------------------------------------------------------------------- */

static const char *directory_of(struct cpp *c, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_strndup(c->ts->a, path, (size_t)(slash - path)) : ".";
}

static bool push_file(struct cpp *c, const char *dir, const char *name, bool is_system,
                      struct span at)
{
	const char *path = dir ? arena_printf(c->ts->a, "%s/%s", dir, name) : name;
	size_t len_b;
	char *text;

	if (c->stack.n >= DEEPEST || file_read(c->ts->a, path, &text, &len_b))
		return false;
	vec_push(c->ts->a, &c->stack,
	         ((struct text){.p = text,
	                        .end = text + len_b,
	                        .dir = directory_of(c, path),
	                        .is_system = is_system,
	                        .at_line_start = true,
	                        .n_conds = c->conds.n,
	                        .at = at}));
	return true;
}

static bool push_from_list(struct cpp *c, const char *list, const char *name, struct span at)
{
	for (const char *p = list; p && *p;) {
		size_t n = strcspn(p, ":");

		if (n && push_file(c, arena_strndup(c->ts->a, p, n), name, false, at))
			return true;
		p += n + (p[n] == ':');
	}
	return false;
}

static void define_constant(void *arg, const char *name, unsigned long long value)
{
	struct cpp *c = arg;

	if (!strmap_get(&c->ts->defines, name))
		define(c, name, strlen(name), arena_printf(c->ts->a, "%#llx", value));
}

/* In a kernel's tree that the person names: its source, and where it was built. Without one BTF has
 * what is asked for, and no header that stands somewhere may say otherwise. */
static bool push_from_kernel(struct cpp *c, const char *name, struct span at)
{
#if defined(__x86_64__)
#define ARCH "arch/x86/include"
#else
#define ARCH "arch/arm64/include"
#endif
	static const char *const dirs[] = {ARCH,           ARCH "/generated",
					   "include",      ARCH "/uapi",
					   "include/uapi", ARCH "/generated/uapi",
					   "include/generated/uapi"};
	const char *trees[] = {getenv("BPFTRACE_KERNEL_SOURCE"), getenv("BPFTRACE_KERNEL_BUILD")};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		for (size_t k = 0; k < sizeof(trees) / sizeof(*trees); k++)
			if (trees[k] && *trees[k] &&
			    push_file(c, arena_printf(c->ts->a, "%s/%s", trees[k], dirs[i]), name,
				      true, at))
				return true;
	return false;
}

static void directive_include(struct cpp *c, struct text *t, struct span at)
{
	static const char *const system_dirs[] = {
		"/usr/local/include",
		"/usr/include",
#if defined(__x86_64__)
		"/usr/include/x86_64-linux-gnu"
#elif defined(__aarch64__)
		"/usr/include/aarch64-linux-gnu"
#else
		"/usr/include/linux"
#endif
	};
	bool is_quoted, is_system = t->is_system;
	const char *name, *own_dir = t->dir, *close;

	skip_blanks(t);
	if (t->p >= t->end || (*t->p != '"' && *t->p != '<')) {
		if (!is_system)
			diag_error(c->d, E_SYNTAX, at, "expected \"FILENAME\" or <FILENAME>");
		return;
	}
	is_quoted = *t->p == '"';
	close = memchr(t->p + 1, is_quoted ? '"' : '>', (size_t)(t->end - t->p) - 1);
	if (!close || memchr(t->p, '\n', (size_t)(close - t->p))) {
		if (!is_system)
			diag_error(c->d, E_SYNTAX, at, "expected \"FILENAME\" or <FILENAME>");
		return;
	}
	name = arena_strndup(c->ts->a, t->p + 1, (size_t)(close - t->p) - 1);
	t->p = close + 1;
	while (t->p < t->end && *t->p != '\n')
		t->p++;
	if (name[0] == '/') {
		if (push_file(c, NULL, name, is_system, at))
			return;
	} else {
		if (is_quoted && push_file(c, own_dir ? own_dir : ".", name, is_system, at))
			return;
		for (size_t i = 0; i < c->opts->n_include_dirs; i++)
			if (push_file(c, c->opts->include_dirs[i], name, is_system, at))
				return;
		if (push_from_list(c, getenv("CPATH"), name, at) ||
		    push_from_list(c, getenv("C_INCLUDE_PATH"), name, at) ||
		    push_from_kernel(c, name, at))
			return;
	}
	if (cpp_is_kernel_header(name))
		cpp_each_constant(define_constant, c);
	for (size_t i = 0; i < sizeof(system_dirs) / sizeof(system_dirs[0]); i++)
		if (push_file(c, system_dirs[i], name, true, at))
			return;
	if (is_system || (cpp_is_kernel_header(name) && types_have_btf(c->ts)))
		return;
	/* No development files here: BTF has most of their types, we the constants. */
	if (cpp_is_libc_header(name) && types_have_btf(c->ts)) {
		cpp_each_constant(define_constant, c);
		return;
	}
	diag_error(c->d, E_UNKNOWN_NAME, at, "'%s' file not found", name);
	diag_hint(c->d, "add its directory with -I");
}

/* ---- lines
 * --------------------------------------------------------------------------------------------------
 */

/* Directives that say nothing about declarations. */
static bool is_passed_over(const struct c_token *word)
{
	static const char *const words[] = {"pragma", "warning", "line", "ident", NULL};

	for (const char *const *w = words; *w; w++)
		if (c_is(word, *w))
			return true;
	return false;
}

/* The line behind a `#`. */
static void directive(struct cpp *c)
{
	struct text *t = top(c);
	struct c_token word = lex(t);
	size_t depth = c->stack.n;
	bool on = is_on(c);

	if (c_is(&word, "if") || c_is(&word, "ifdef") || c_is(&word, "ifndef")) {
		enum cond cond = COND_DONE; /* inside of what is off, no branch is ever taken */

		if (on && word.n == 2) {
			cond = evaluate_if(c, t) ? COND_ON : COND_OFF;
			t = top(c);
		} else if (on) {
			struct c_token name = lex(t);
			bool is_defined = strmap_getn(&c->ts->defines, name.s, name.n) != NULL;

			cond = is_defined == (word.n == 5) ? COND_ON : COND_OFF;
		}
		vec_push(c->ts->a, &c->conds, cond);
	} else if (c_is(&word, "elif") || c_is(&word, "else") || c_is(&word, "endif")) {
		directive_else(c, t, arena_strndup(c->ts->a, word.s, word.n), word.at);
		t = top(c);
	} else if (!on || word.kind == C_END) {
		;
	} else if (c_is(&word, "define")) {
		directive_define(c, t);
	} else if (c_is(&word, "undef")) {
		struct c_token name = lex(t);

		if (name.kind == C_NAME)
			define(c, name.s, name.n, NULL);
	} else if (c_is(&word, "include")) {
		struct span at = word.at;

		if (t->is_script) { /* the whole line but its # */
			const char *nl = memchr(t->p, '\n', (size_t)(t->end - t->p));

			at.end = (uint32_t)((nl ? nl : t->end) - t->script_text);
		}
		directive_include(c, t, at);
		t = &c->stack.items[depth - 1]; /* the new file is on top of the line's */
	} else if (c_is(&word, "error") && !t->is_system) {
		struct span at = word.at;

		diag_error(c->d, E_SYNTAX, at, "%s", rest_of_line(c, t));
	} else if (word.kind == C_NAME && !t->is_system && !is_passed_over(&word)) {
		diag_error(c->d, E_SYNTAX, word.at, "invalid preprocessing directive");
	}
	/* the rest of any line */
	while (lex(t).kind != C_END)
		;
}

static void leave_text(struct cpp *c)
{
	struct text *t = top(c);

	if (c->conds.n > t->n_conds) {
		if (!t->is_system)
			diag_error(c->d, E_SYNTAX, t->at, "unterminated conditional directive");
		c->conds.n = t->n_conds;
	}
	c->stack.n--;
}

static void predefine(struct cpp *c)
{
	static const char *const rows[][2] = {
		{"__linux__", "1"},
		{"__LP64__", "1"},
		{"__CHAR_BIT__", "8"},
		{"__STDC__", "1"},
		{"__user", ""},
		{"__kernel", ""},
		{"__iomem", ""},
		{"__rcu", ""},
		{"__percpu", ""},
		{"__force", ""},
		{"__bitwise", ""},
		{"__randomize_layout", ""},
		{"__must_hold", ""},
		{"__extension__", ""},
		{"__packed", "__attribute__((packed))"},
#if defined(__x86_64__)
		{"__x86_64__", "1"},
#elif defined(__aarch64__)
		{"__aarch64__", "1"},
#endif
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		define(c, rows[i][0], strlen(rows[i][0]), rows[i][1]);
	if (types_have_btf(c->ts))
		define(c, "BPFTRACE_HAVE_BTF", strlen("BPFTRACE_HAVE_BTF"), "1");
}

void cpp_run(struct types *ts, struct diag *d, uint32_t source, size_t begin_b, size_t end_b,
             const struct c_options *opts, c_tokens *out)
{
	static const struct c_options none;
	struct cpp c = {
	    .ts = ts, .d = d, .source = source, .opts = opts ? opts : &none, .out = out};
	const char *text = diag_source_text(d, source);

	predefine(&c);
	vec_push(ts->a, &c.stack,
	         ((struct text){.p = text + begin_b,
	                        .end = text + end_b,
	                        .is_script = true,
	                        .at_line_start = true,
	                        .at = {source, (uint32_t)begin_b, (uint32_t)begin_b},
	                        .script_text = text}));
	while (c.stack.n && !c.is_full) {
		struct text *t = top(&c);
		struct c_token tok = lex(t);
		bool was_start = t->at_line_start;
		const char *macro;

		if (tok.kind == C_END) {
			if (t->p >= t->end) {
				leave_text(&c);
			} else {
				t->p++;
				t->at_line_start = true;
			}
			continue;
		}
		t->at_line_start = false;
		if (was_start && c_is(&tok, "#"))
			directive(&c);
		else if (!is_on(&c))
			;
		else if (tok.kind == C_NAME && (macro = find_macro(&c, &tok)) &&
		         push_macro(&c, &tok, macro))
			;
		else
			push_token(&c, out, tok);
	}
	if (c.is_full)
		diag_error(d, E_LIMIT, (struct span){source, (uint32_t)begin_b, (uint32_t)end_b},
		           "the C declarations are too long");
	vec_push(
	    ts->a, out,
	    ((struct c_token){.kind = C_END, .at = {source, (uint32_t)end_b, (uint32_t)end_b}}));
}
