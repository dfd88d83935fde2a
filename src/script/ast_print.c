/* The tree as text (-d ast, -d types): one node a line, two blanks of indent a level, so that it
 * reads well and compares well in tests.
 *
 *   probe kprobe:vfs_read
 *     predicate
 *       binary == : bool
 *         builtin pid : uint32
 *         int 1 : int8
 *     block
 *       ...
 */
#include "script/ast.h"

#include <string.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "script/option.h"

static const char *const kind_names[NODE_N] = {
    /* clang-format off */
	[NODE_INT] = "int", [NODE_STRING] = "string", [NODE_BUILTIN] = "builtin",
	[NODE_CALL] = "call", [NODE_CALL_KERNEL] = "callk", [NODE_FN_CALL] = "call", [NODE_OBJECT_CALL] = "call", [NODE_VAR] = "var", [NODE_MAP] = "map", [NODE_PARAM] = "param",
	[NODE_IDENT] = "ident", [NODE_UNARY] = "unary", [NODE_BINARY] = "binary",
	[NODE_INCDEC] = "incdec", [NODE_TERNARY] = "ternary", [NODE_FIELD] = "field",
	[NODE_INDEX] = "index", [NODE_TUPLE] = "tuple", [NODE_CAST] = "cast",
	[NODE_SIZEOF] = "sizeof", [NODE_OFFSETOF] = "offsetof", [NODE_BLOCK] = "block",
	[NODE_IF] = "if", [NODE_EXPR] = "expr", [NODE_LET] = "let", [NODE_ASSIGN] = "assign",
	[NODE_WHILE] = "while", [NODE_FOR_MAP] = "for", [NODE_FOR_RANGE] = "for",
	[NODE_UNROLL] = "unroll", [NODE_BREAK] = "break", [NODE_CONTINUE] = "continue",
	[NODE_RETURN] = "return", [NODE_DISCARD] = "discard", [NODE_TYPE] = "type",
	[NODE_TYPEINFO] = "typeinfo", [NODE_COMPTIME] = "comptime",
	[NODE_FLOAT] = "float", [NODE_FOR_LIST] = "for", [NODE_EMIT] = "emit",
    /* clang-format on */
};

struct printer {
	struct strbuf *out;
	bool with_types;
};

/* Quoted, with the language's own escapes. */
static void add_quoted(struct strbuf *out, const char *s, size_t len_b)
{
	sb_addc(out, '"');
	for (size_t i = 0; i < len_b; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			sb_addf(out, "\\%c", c);
		else if (c == '\n')
			sb_adds(out, "\\n");
		else if (c < ' ' || c == 0x7f)
			sb_addf(out, "\\x%02x", c);
		else
			sb_addc(out, (char)c);
	}
	sb_addc(out, '"');
}

/* What a line says behind the kind's name. */
static void add_details(const struct printer *pr, const struct node *n)
{
	struct strbuf *out = pr->out;

	switch (n->kind) {
	case NODE_INT:
		if (n->type && n->type->kind == TYPE_BOOL)
			sb_adds(out, n->number ? " true" : " false");
		else
			sb_addf(out, " %llu%s", (unsigned long long)n->number,
			        n->is_unsigned_literal ? "u" : "");
		if (n->is_param) {
			sb_adds(out, " param ");
			add_quoted(out, n->string, n->string_len_b);
		}
		return;
	case NODE_STRING:
		sb_addc(out, ' ');
		add_quoted(out, n->string, n->string_len_b);
		if (n->is_param)
			sb_adds(out, " param");
		return;
	case NODE_FLOAT:
		sb_addf(out, " %s", n->string);
		return;
	case NODE_UNARY:
	case NODE_BINARY:
		sb_addf(out, " %s", op_text(n->op));
		return;
	case NODE_ASSIGN:
		sb_addf(out, " %s=", op_text(n->op));
		return;
	case NODE_INCDEC:
		sb_addf(out, " %s%s", n->is_postfix ? "postfix " : "prefix ", op_text(n->op));
		return;
	case NODE_FIELD:
		if (n->name)
			sb_addf(out, " .%s", n->name);
		else
			sb_addf(out, " .%llu", (unsigned long long)n->number);
		return;
	case NODE_TERNARY:
		sb_adds(out, n->args[1] ? "" : " ?:");
		return;
	case NODE_EMIT:
		sb_addf(out, " %s", n->name);
		/* fall through */
	case NODE_TUPLE:
		for (uint32_t i = 0; n->names && i < n->n_args; i++)
			sb_addf(out, " .%s", n->names[i]);
		return;
	default:
		if (n->name)
			sb_addf(out, " %s", n->name);
		if (n->type_text)
			sb_addf(out, " <%s>", n->type_text);
		if (n->is_implicit)
			sb_adds(out, " implicit");
	}
}

static void print_node(const struct printer *pr, const struct node *n, unsigned level)
{
	sb_pad(pr->out, ' ', 2 * (size_t)level);
	sb_adds(pr->out, kind_names[n->kind]);
	add_details(pr, n);
	if (pr->with_types && n->type) {
		sb_adds(pr->out, " : ");
		type_name(n->type, pr->out);
	}
	sb_addc(pr->out, '\n');
	for (size_t i = 0; i < n->stmts.n; i++)
		print_node(pr, n->stmts.items[i], level + 1);
	if (n->kind == NODE_BLOCK && n->n_args) {
		sb_pad(pr->out, ' ', 2 * (size_t)(level + 1));
		sb_adds(pr->out, "result\n");
		print_node(pr, n->args[0], level + 2);
		return;
	}
	for (uint32_t i = 0; i < n->n_args; i++)
		if (n->args[i])
			print_node(pr, n->args[i], level + 1);
}

static void print_probe(const struct printer *pr, const struct probe *probe)
{
	sb_adds(pr->out, "probe");
	for (size_t i = 0; i < probe->points.n; i++) {
		const struct attach_point *ap = &probe->points.items[i];

		sb_addf(pr->out, "%s %s%s%s", i ? "," : "", ap->label ? ap->label : "",
		        ap->label ? "=" : "", ap->text);
	}
	sb_addc(pr->out, '\n');
	if (probe->targets.n)
		sb_addf(pr->out, "  targets %zu: %s%s\n", probe->targets.n,
		        probe->targets.items[0].name, probe->targets.n > 1 ? " ..." : "");
	if (probe->predicate) {
		sb_adds(pr->out, "  predicate\n");
		print_node(pr, probe->predicate, 2);
	}
	print_node(pr, probe->body, 1);
}

static void print_text(struct strbuf *out, const char *before, const char *text)
{
	if (!text)
		return;
	sb_adds(out, before);
	add_quoted(out, text, strlen(text));
}

static void print_option(struct strbuf *out, const struct option *o)
{
	sb_addf(out, "option %s = %s", o->name, option_kind_word(o->kind));
	if (o->letter)
		sb_addf(out, " -%c", o->letter);
	if (o->word)
		sb_addf(out, " --%s", o->word);
	if (o->metavar)
		sb_addf(out, o->is_optional ? " [%s%s]" : " %s%s", o->metavar,
		        o->takes_rest ? "..." : "");
	print_text(out, " ", o->help);
	print_text(out, " default ", o->dflt);
	if (o->kind == OPTION_DECIMAL)
		sb_addf(out, " times %llu", (unsigned long long)o->scale);
	if (o->group)
		sb_addf(out, " of group %u", o->group);
	sb_addc(out, '\n');
}

static void print_options(struct strbuf *out, const struct option_block *b)
{
	vec_each (o, &b->options)
		print_option(out, *o);
	vec_each (e, &b->examples) {
		print_text(out, "example ", e->line);
		print_text(out, " ", e->what);
		sb_addc(out, '\n');
	}
}

static void print_items(const struct printer *pr, const struct table_items *items, unsigned level)
{
	vec_each (it, items) {
		sb_pad(pr->out, ' ', 2 * (size_t)level);
		if (it->header) {
			sb_adds(pr->out, "column ");
			add_quoted(pr->out, it->header, __builtin_strlen(it->header));
			sb_addf(pr->out, " %s%u.%d%s%s%s\n", it->is_left ? "-" : "", it->width,
			        it->precision, it->is_hex ? " hex" : "",
			        it->is_octal ? " octal" : "", it->is_glued ? " glued" : "");
		} else {
			sb_adds(pr->out, "if\n");
		}
		print_node(pr, it->value, level + 1);
		print_items(pr, &it->then, level + 1);
		if (it->otherwise.n) {
			sb_pad(pr->out, ' ', 2 * (size_t)level);
			sb_adds(pr->out, "else\n");
			print_items(pr, &it->otherwise, level + 1);
		}
	}
}

static void print_host(const struct printer *pr, const struct unit *u)
{
	vec_each (t, &u->tables) {
		sb_addf(pr->out, "table %s\n", (*t)->name);
		if ((*t)->where)
			print_node(pr, (*t)->where, 1);
		print_items(pr, &(*t)->columns, 1);
	}
	vec_each (h, &u->hosts) {
		sb_addf(pr->out, "host %s\n", (*h)->trigger->points.items[0].text);
		print_node(pr, (*h)->body, 1);
	}
}

static void print_unit(const struct unit *u, bool with_types, struct strbuf *out);

/* A branch is a unit, a level further in. */
static void print_choice(const struct top_if *c, struct strbuf *out)
{
	struct printer pr = {.out = out};

	vec_each (b, &c->branches) {
		own_strbuf struct strbuf inside = {0};

		sb_adds(out, b == c->branches.items ? "if\n"
		             : b->condition         ? "else if\n"
		                                    : "else\n");
		if (b->condition)
			print_node(&pr, b->condition, 2);
		print_unit(b->unit, false, &inside);
		for (const char *line = sb_str(&inside); *line;) {
			size_t len_b = strcspn(line, "\n") + 1;

			sb_adds(out, "  ");
			sb_add(out, line, len_b);
			line += len_b;
		}
	}
}

static void print_unit(const struct unit *u, bool with_types, struct strbuf *out)
{
	struct printer pr = {.out = out, .with_types = with_types};
	size_t choice = 0;

	for (size_t i = 0; i < u->maps.n; i++) {
		const struct map *m = u->maps.items[i];

		sb_addf(out, "map %s", m->name);
		if (m->entries_option && !m->declared_entries)
			sb_addf(out, " = %s(opt.%s)", m->declared_kind, m->entries_option);
		else if (m->declared_kind)
			sb_addf(out, " = %s(%llu)", m->declared_kind,
			        (unsigned long long)m->declared_entries);
		if (with_types && m->key) {
			sb_adds(out, " key ");
			type_name(m->key, out);
		}
		if (with_types && m->value) {
			sb_adds(out, " value ");
			type_name(m->value, out);
		}
		sb_addc(out, '\n');
	}
	vec_each (m, &u->macros) {
		if ((*m)->is_library)
			continue;
		sb_addf(out, "macro %s\n", (*m)->name);
		vec_each (param, &(*m)->params)
			sb_addf(out, "  %s\n", param->name);
		print_node(&pr, (*m)->body, 1);
	}
	vec_each (f, &u->fns) {
		sb_addf(out, "fn %s\n", (*f)->name);
		vec_each (param, &(*f)->params)
			print_node(&pr, *param, 1);
		print_node(&pr, (*f)->probe->body, 1);
	}
	for (size_t i = 0; i <= u->probes.n; i++) {
		for (; choice < u->ifs.n && u->ifs.items[choice].before == i; choice++)
			print_choice(&u->ifs.items[choice], out);
		if (i < u->probes.n)
			print_probe(&pr, u->probes.items[i]);
	}
	print_host(&pr, u);
}

void ast_print(const struct unit *u, bool with_types, struct strbuf *out)
{
	if (u->options)
		print_options(out, u->options);
	vec_each (s, &u->config) {
		sb_addf(out, "config %s = ", s->name);
		if (!s->value)
			sb_addf(out, "opt.%s", s->option);
		else if (s->is_string)
			add_quoted(out, s->value, strlen(s->value));
		else
			sb_adds(out, s->value);
		sb_addc(out, '\n');
	}
	print_unit(u, with_types, out);
}
