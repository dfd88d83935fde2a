/* The parser: trees of every construct, precedence of every pair of operators, and each message
 * with its place. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "script/builtins.h"
#include "script/parser.h"
#include "script/stages.h"

/* What a parse leaves. */
struct parsed {
	struct arena *a;
	struct unit u;
	struct script_options opts;
	struct strbuf text; /* diagnostics, or a tree, whatever was asked for last */
};

static const char *const params[] = {"7", "-8", "0x10u", "some text", "", "0b101", "1e6"};

static void parse(struct parsed *r, const char *text)
{
	*r = (struct parsed){.a = arena_create()};
	r->opts.params = params;
	r->opts.n_params = sizeof(params) / sizeof(params[0]);
	r->u.a = r->a;
	r->u.diag = diag_create(r->a);
	r->u.opts = &r->opts;
	r->u.source = diag_add_source(r->u.diag, "stdin", text, strlen(text));
	script_parse(&r->u);
}

static void done(struct parsed *r)
{
	sb_free(&r->text);
	arena_destroy(r->a);
}

/* ---- compact trees: (op a b), so that a test fits on its line ---- */

static void add_node(struct strbuf *out, const struct node *n);

static void add_args(struct strbuf *out, const struct node *n)
{
	for (size_t i = 0; i < n->stmts.n; i++) {
		sb_addc(out, ' ');
		add_node(out, n->stmts.items[i]);
	}
	if (n->kind == NODE_BLOCK && n->n_args)
		sb_adds(out, " =>");
	for (uint32_t i = 0; i < n->n_args; i++) {
		sb_addc(out, ' ');
		if (n->args[i])
			add_node(out, n->args[i]);
		else
			sb_addc(out, '-');
	}
	sb_addc(out, ')');
}

static const char *const heads[NODE_N] = {
    [NODE_CALL] = "call",         [NODE_UNARY] = "",        [NODE_BINARY] = "",
    [NODE_TERNARY] = "?",         [NODE_INDEX] = "[]",      [NODE_TUPLE] = "tuple",
    [NODE_CAST] = "cast",         [NODE_SIZEOF] = "sizeof", [NODE_OFFSETOF] = "offsetof",
    [NODE_BLOCK] = "block",       [NODE_IF] = "if",         [NODE_EXPR] = "expr",
    [NODE_LET] = "let",           [NODE_WHILE] = "while",   [NODE_FOR_MAP] = "formap",
    [NODE_FOR_RANGE] = "for",     [NODE_UNROLL] = "unroll", [NODE_BREAK] = "break",
    [NODE_CONTINUE] = "continue", [NODE_RETURN] = "return", [NODE_DISCARD] = "discard",
    [NODE_COMPTIME] = "comptime", [NODE_TYPE] = "type",     [NODE_TYPEINFO] = "typeinfo",
};

static void add_node(struct strbuf *out, const struct node *n)
{
	switch (n->kind) {
	case NODE_INT:
		if (n->type)
			sb_adds(out, n->number ? "true" : "false");
		else
			sb_addf(out, "%llu%s", (unsigned long long)n->number,
			        n->is_unsigned_literal ? "u" : "");
		return;
	case NODE_STRING:
		sb_addf(out, "'%s'", n->string);
		return;
	case NODE_BUILTIN:
		sb_addf(out, "!%s", n->name);
		return;
	case NODE_VAR:
	case NODE_IDENT:
		sb_adds(out, n->name);
		return;
	case NODE_MAP:
		sb_adds(out, n->name);
		if (n->n_args) {
			sb_addc(out, '[');
			add_node(out, n->args[0]);
			sb_addc(out, ']');
		}
		return;
	case NODE_INCDEC:
		sb_addf(out, "(%s%s", n->is_postfix ? "post" : "pre", op_text(n->op));
		break;
	case NODE_ASSIGN:
		sb_addf(out, "(%s=", op_text(n->op));
		break;
	case NODE_FIELD:
		if (n->name)
			sb_addf(out, "(.%s", n->name);
		else
			sb_addf(out, "(.%llu", (unsigned long long)n->number);
		break;
	default:
		sb_addf(out, "(%s", heads[n->kind]);
		if (n->op)
			sb_adds(out, op_text(n->op));
		if (n->name)
			sb_addf(out, " %s", n->name);
		if (n->type_text)
			sb_addf(out, " <%s>", n->type_text);
		for (uint32_t i = 0; n->names && i < n->n_args; i++)
			sb_addf(out, " %s", n->names[i]);
	}
	add_args(out, n);
}

/* The statements of `begin { TEXT }`, joined by "; "; diagnostics instead if there are any. */
static const char *stmts(struct parsed *r, const char *text)
{
	struct strbuf whole = {0};

	sb_addf(&whole, "begin { %s }", text);
	parse(r, "");
	text = arena_strdup(r->a, sb_str(&whole));
	sb_free(&whole);
	r->u = (struct unit){.a = r->a, .diag = diag_create(r->a), .opts = &r->opts};
	r->u.source = diag_add_source(r->u.diag, "stdin", text, strlen(text));
	if (!script_parse(&r->u)) {
		diag_render(r->u.diag, &(struct diag_style){.no_warnings = true}, &r->text);
		return sb_str(&r->text);
	}
	for (size_t i = 0; i < r->u.probes.items[0]->body->stmts.n; i++) {
		sb_adds(&r->text, i ? "; " : "");
		add_node(&r->text, r->u.probes.items[0]->body->stmts.items[i]);
	}
	return sb_str(&r->text);
}

struct pair {
	const char *text, *tree;
};

static void check_stmts(const struct pair *pairs)
{
	for (; pairs->text; pairs++) {
		struct parsed r;
		const char *got = stmts(&r, pairs->text);

		if (strcmp(got, pairs->tree))
			print_error("in: %s\n", pairs->text);
		assert_string_equal(got, pairs->tree);
		done(&r);
	}
}

/* The value of `_ = TEXT`. */
static void check_exprs(const struct pair *pairs)
{
	for (; pairs->text; pairs++) {
		char text[500], tree[500];
		const struct pair one[] = {{text, tree}, {NULL, NULL}};

		snprintf(text, sizeof(text), "_ = %s;", pairs->text);
		snprintf(tree, sizeof(tree), "(discard %s)", pairs->tree);
		check_stmts(one);
	}
}

/* ---- expressions ---- */

static const struct {
	const char *text;
	int level;
} operators[] = {
    {"||", 2}, {"&&", 3}, {"|", 4},  {"^", 5},  {"&", 6},  {"==", 7},
    {"!=", 7}, {"<", 8},  {">", 8},  {"<=", 8}, {">=", 8}, {"<<", 9},
    {">>", 9}, {"+", 10}, {"-", 10}, {"*", 11}, {"/", 11}, {"%", 11},
};

static void every_pair_of_operators_groups_by_level(void **state)
{
	const size_t n = sizeof(operators) / sizeof(operators[0]);

	(void)state;
	assert_int_equal(n, 18);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < n; j++) {
			const char *a = operators[i].text, *b = operators[j].text;
			bool is_left = operators[i].level >= operators[j].level;
			char text[64], tree[64];
			const struct pair one[] = {{text, tree}, {NULL, NULL}};

			snprintf(text, sizeof(text), "1 %s 2 %s 3", a, b);
			if (is_left)
				snprintf(tree, sizeof(tree), "(%s (%s 1 2) 3)", b, a);
			else
				snprintf(tree, sizeof(tree), "(%s 1 (%s 2 3))", a, b);
			check_exprs(one);
		}
	}
}

static void prefixes_and_postfixes(void **state)
{
	static const struct pair pairs[] = {
	    {"-1", "(- 1)"},
	    {"- -1", "(- (- 1))"},
	    {"!~-*$x", "(! (~ (- (* $x))))"},
	    {"&$x", "(& $x)"},
	    {"&@m", "(& @m)"},
	    {"-1 + 2", "(+ (- 1) 2)"},
	    {"$a++ + ++$b", "(+ (post++ $a) (pre++ $b))"},
	    {"@m[1]-- - --@", "(- (post-- @m[1]) (pre-- @))"},
	    {"*$p.x", "(* (.x $p))"},
	    {"$p->x.y[3].0", "(.0 ([] (.y (.x $p)) 3))"},
	    {"$x.0", "(.0 $x)"},
	    {"$x.0.1", "(.1 (.0 $x))"},
	    {"$t.10", "(.10 $t)"},
	    {"args->x", "(.x !args)"},
	    {"args.if", "(.if !args)"},
	    {"$x.config.let", "(.let (.config $x))"},
	    {"curtask.comm[0]", "([] (.comm !curtask) 0)"},
	    {"f(1).x", "(.x (call f 1))"},
	    {"comptime 1 + 2", "(+ (comptime 1) 2)"},
	    {"comptime (1 + 2)", "(comptime (+ 1 2))"},
	    {NULL, NULL},
	};

	(void)state;
	check_exprs(pairs);
}

static void ternaries_group_to_the_right(void **state)
{
	static const struct pair pairs[] = {
	    {"1 ? 2 : 3", "(? 1 2 3)"},
	    {"1 ? 2 : 3 ? 4 : 5", "(? 1 2 (? 3 4 5))"},
	    {"1 ? 2 ? 3 : 4 : 5", "(? 1 (? 2 3 4) 5)"},
	    {"1 || 2 ? 3 : 4", "(? (|| 1 2) 3 4)"},
	    {"$a ?: 1", "(? $a - 1)"},
	    {"$a ?: $b ?: 1", "(? $a - (? $b - 1))"},
	    {NULL, NULL},
	};

	(void)state;
	check_exprs(pairs);
}

static void literals(void **state)
{
	static const struct pair pairs[] = {
	    {"0", "0"},
	    {"1_000_000", "1000000"},
	    {"0xff", "255"},
	    {"0XFF", "255"},
	    {"0755", "493"},
	    {"1e6", "1000000"},
	    {"9e18", "9000000000000000000"},
	    {"1e6u", "1000000u"},
	    {"18446744073709551615", "18446744073709551615"},
	    {"0xffffffffffffffff", "18446744073709551615"},
	    {"4294967295u", "4294967295u"},
	    {"18446744073709551615ul", "18446744073709551615u"},
	    {"5ull", "5u"},
	    {"9223372036854775807l", "9223372036854775807"},
	    {"5ll", "5"},
	    {"1ns", "1"},
	    {"2us", "2000"},
	    {"5ms", "5000000"},
	    {"3s", "3000000000"},
	    {"2m", "120000000000"},
	    {"1h", "3600000000000"},
	    {"1d", "86400000000000"},
	    {"true", "true"},
	    {"false", "false"},
	    {"\"a\\n\\t\\r\\\"\\\\\"", "'a\n\t\r\"\\'"},
	    {"\"\\101\\x41\\X41\\7\"", "'AAA\a'"},
	    {"\"// no comment /* */\"", "'// no comment /* */'"},
	    {"\"$1 {\"", "'$1 {'"},
	    {NULL, NULL},
	};

	(void)state;
	check_exprs(pairs);
}

static void strings_hold_nul_bytes(void **state)
{
	struct parsed r;
	const struct node *n;

	(void)state;
	stmts(&r, "print(\"a\\0b\\x00\")");
	n = r.u.probes.items[0]->body->stmts.items[0]->args[0]->args[0];
	assert_int_equal(n->string_len_b, 4);
	assert_memory_equal(n->string, "a\0b\0", 5);
	done(&r);
}

static void tuples_records_and_parentheses(void **state)
{
	static const struct pair pairs[] = {
	    {"()", "(tuple)"},
	    {"(1)", "1"},
	    {"(1,)", "(tuple 1)"},
	    {"(1, \"a\", $x)", "(tuple 1 'a' $x)"},
	    {"(1, 2,)", "(tuple 1 2)"},
	    {"((1, 2), 3)", "(tuple (tuple 1 2) 3)"},
	    {"(a = 1, b = \"x\")", "(tuple a b 1 'x')"},
	    {"(a = (if = 1))", "(tuple a (tuple if 1))"},
	    {"(a == 1, 2)", "(tuple (== a 1) 2)"},
	    {"(1 + 2) * 3", "(* (+ 1 2) 3)"},
	    {NULL, NULL},
	};

	(void)state;
	check_exprs(pairs);
}

static void names_builtins_and_calls(void **state)
{
	static const struct pair pairs[] = {
	    {"pid", "!pid"},
	    {"pid()", "!pid"},
	    {"comm ()", "!comm"},
	    {"kstack", "!kstack"},
	    {"kstack()", "!kstack"},
	    {"kstack(perf, 3)", "(call kstack perf 3)"},
	    {"nsecs(boot)", "(call nsecs boot)"},
	    {"comm(1)", "(call comm 1)"},
	    {"count()", "(call count)"},
	    {"arg0", "!arg0"},
	    {"arg12", "!arg12"},
	    {"sarg3", "!sarg3"},
	    {"arg", "arg"},
	    {"arg01", "arg01"},
	    {"AF_INET", "AF_INET"},
	    {"f(1, (2, 3), @m)", "(call f 1 (tuple 2 3) @m)"},
	    {"@", "@"},
	    {"@[1]", "@[1]"},
	    {"@x[1, \"a\"]", "@x[(tuple 1 'a')]"},
	    {"@x[(1, 2)]", "@x[(tuple 1 2)]"},
	    {"@x[1].0", "(.0 @x[1])"},
	    {"@x[1][2]", "([] @x[1] 2)"},
	    {NULL, NULL},
	};
	struct parsed r;

	(void)state;
	check_exprs(pairs);
	stmts(&r, "print(arg12)");
	assert_int_equal(r.u.probes.items[0]->body->stmts.items[0]->args[0]->args[0]->number, 12);
	done(&r);
}

static void casts_and_what_only_looks_like_one(void **state)
{
	static const struct pair pairs[] = {
	    {"(struct x *)$p", "(cast <struct x *> $p)"},
	    {"((struct x *)$p)->a", "(.a (cast <struct x *> $p))"},
	    {"(struct x *)$p->a", "(cast <struct x *> (.a $p))"},
	    {"(union u)$p", "(cast <union u> $p)"},
	    {"(enum e)3", "(cast <enum e> 3)"},
	    {"(uint64)p", "(cast <uint64> p)"},
	    {"(int8[8])$n", "(cast <int8[8]> $n)"},
	    {"(int8[])$n", "(cast <int8[]> $n)"},
	    {"(string[64])$n", "(cast <string[64]> $n)"},
	    {"(uint8 * *)$n", "(cast <uint8 **> $n)"},
	    {"(x_t)y", "(cast <x_t> y)"},
	    {"(whatever)$y", "(cast <whatever> $y)"},
	    {"(whatever *)($y)", "(cast <whatever *> $y)"},
	    {"(whatever)($y)", "(cast <whatever> $y)"},
	    {"(unsigned long long)1", "(cast <unsigned long long> 1)"},
	    {"(const char *)1", "(cast <const char *> 1)"},
	    {"(int)-1", "(cast <int> (- 1))"},
	    {"(uint64)*$p", "(cast <uint64> (* $p))"},
	    {"(size_t)&$p", "(cast <size_t> (& $p))"},
	    {"-(int32)1 + 2", "(+ (- (cast <int32> 1)) 2)"},
	    {"(int64)(int32)$x", "(cast <int64> (cast <int32> $x))"},
	    {"(FOO) - 1", "(- FOO 1)"},
	    {"(FOO) * 2", "(* FOO 2)"},
	    {"(FOO * 2)", "(* FOO 2)"},
	    {"(FOO) & 2", "(& FOO 2)"},
	    {"(pid) - 1", "(- !pid 1)"},
	    {"(arg0) * 2", "(* !arg0 2)"},
	    {"(nsecs * 2)", "(* !nsecs 2)"},
	    {"(FOO)", "FOO"},
	    {"(FOO) == 1", "(== FOO 1)"},
	    {"sizeof(struct x)", "(sizeof <struct x>)"},
	    {"sizeof(struct x *)", "(sizeof <struct x *>)"},
	    {"sizeof(uint32)", "(sizeof <uint32>)"},
	    {"sizeof(int8[4])", "(sizeof <int8[4]>)"},
	    {"sizeof($x)", "(sizeof $x)"},
	    {"sizeof(comm)", "(sizeof !comm)"},
	    {"sizeof(1 + 2)", "(sizeof (+ 1 2))"},
	    {"offsetof(struct x, a)", "(offsetof a <struct x>)"},
	    {"offsetof(struct x, a.b.if)", "(offsetof a.b.if <struct x>)"},
	    {"offsetof(x_t, a)", "(offsetof a <x_t>)"},
	    {"offsetof($x, a.b)", "(offsetof a.b $x)"},
	    {NULL, NULL},
	};

	(void)state;
	check_exprs(pairs);
}

static void parameters_are_literals(void **state)
{
	struct parsed r;
	struct strbuf out = {0};

	(void)state;
	parse(&r, "begin { f($1, $2, $3, $4, $5, $6, $7, $8, $#) }");
	ast_print(&r.u, false, &out);
	assert_string_equal(sb_str(&out), "probe begin\n"
	                                  "  block\n"
	                                  "    expr\n"
	                                  "      call f\n"
	                                  "        int 7 param \"7\"\n"
	                                  "        unary -\n"
	                                  "          int 8 param \"-8\"\n"
	                                  "        int 16u param \"0x10u\"\n"
	                                  "        string \"some text\" param\n"
	                                  "        int 0 param \"\"\n"
	                                  "        int 5 param \"0b101\"\n"
	                                  "        string \"1e6\" param\n"
	                                  "        int 0 param \"\"\n"
	                                  "        int 7 param \"7\"\n");
	sb_reset(&out);
	diag_render(r.u.diag, &(struct diag_style){0}, &out);
	assert_string_equal(
	    sb_str(&out),
	    "stdin:1:27-29: WARNING: Positional parameter $5 is empty or not provided. \n"
	    "begin { f($1, $2, $3, $4, $5, $6, $7, $8, $#) }\n"
	    "                          ~~\n"
	    "stdin:1:39-41: WARNING: Positional parameter $8 is empty or not provided. \n"
	    "begin { f($1, $2, $3, $4, $5, $6, $7, $8, $#) }\n"
	    "                                      ~~\n");
	sb_free(&out);
	done(&r);
}

/* ---- statements ---- */

static void statements(void **state)
{
	static const struct pair pairs[] = {
	    {"", ""},
	    {";;", ""},
	    {"f()", "(expr (call f))"},
	    {"f(); g();", "(expr (call f)); (expr (call g))"},
	    {"let $a;", "(let $a)"},
	    {"let $a = 1", "(let $a 1)"},
	    {"let $a: uint8;", "(let $a <uint8>)"},
	    {"let $a : struct x * = 0;", "(let $a <struct x *> 0)"},
	    {"let $a: string[8] = \"x\";", "(let $a <string[8]> 'x')"},
	    {"$a = 1; @ = 2; @m[1, 2] = 3;", "(= $a 1); (= @ 2); (= @m[(tuple 1 2)] 3)"},
	    {"$a += 1; $a -= 1; $a *= 1; $a /= 1; $a %= 1;",
	     "(+= $a 1); (-= $a 1); (*= $a 1); (/= $a 1); (%= $a 1)"},
	    {"$a &= 1; $a |= 1; $a ^= 1; $a <<= 1; $a >>= 1",
	     "(&= $a 1); (|= $a 1); (^= $a 1); (<<= $a 1); (>>= $a 1)"},
	    {"args.x = 1", "(= (.x !args) 1)"},
	    {"*$p = 1", "(= (* $p) 1)"},
	    {"_ = f();", "(discard (call f))"},
	    {"break; continue; return; return 1;", "(break); (continue); (return); (return 1)"},
	    {"return", "(return)"},
	    {"while ($a < 3) { $a++ }", "(while (< $a 3) (block (expr (post++ $a))))"},
	    {"while $a { break }", "(while $a (block (break)))"},
	    {"unroll(3) { f(); }", "(unroll 3 (block (expr (call f))))"},
	    {"unroll $1 { f() }", "(unroll 7 (block (expr (call f))))"},
	    {"for ($kv : @m) { f($kv.0) }", "(formap $kv @m (block (expr (call f (.0 $kv)))))"},
	    {"for $kv : @m { }", "(formap $kv @m (block))"},
	    {"for ($i : 0..5) { }", "(for $i 0 5 (block))"},
	    {"for $i : $a..($b + 1) { }", "(for $i $a (+ $b 1) (block))"},
	    {"for $i : @a[1]..@b { }", "(for $i @a[1] @b (block))"},
	    {"{ f(); { g() } }", "(block (expr (call f)) (block (expr (call g))))"},
	    {"if (1) { f() } g()", "(if 1 (block (expr (call f)))); (expr (call g))"},
	    {"if $x { }", "(if $x (block))"},
	    {"if !$x { };", "(if (! $x) (block))"},
	    {"if (FOO) { }", "(if FOO (block))"},
	    {"if f(1) { }", "(if (call f 1) (block))"},
	    {"if ($x > 1) { f() } else { g() }",
	     "(if (> $x 1) (block (expr (call f))) (block (expr (call g))))"},
	    {"if 1 { } else if (2) { } else if 3 { } else { f() }",
	     "(if 1 (block) (if 2 (block) (if 3 (block) (block (expr (call f))))))"},
	    {"if comptime (1) { }", "(if (comptime 1) (block))"},
	    {NULL, NULL},
	};

	(void)state;
	check_stmts(pairs);
}

static void blocks_have_values_only_where_they_are_used(void **state)
{
	static const struct pair pairs[] = {
	    {"$x = { f(); 1 }", "(= $x (block (expr (call f)) => 1))"},
	    {"$x = { f(); 1; }", "(= $x (block (expr (call f)) (expr 1)))"},
	    {"$x = if ($y > 1) { \"a\" } else { \"b\" };",
	     "(= $x (if (> $y 1) (block => 'a') (block => 'b')))"},
	    {"$x = if 1 { 2 } else if 3 { 4 } else { 5 } + 1;",
	     "(= $x (+ (if 1 (block => 2) (if 3 (block => 4) (block => 5))) 1))"},
	    {"$x = { if 1 { 2 } else { 3 } }",
	     "(= $x (block => (if 1 (block => 2) (block => 3))))"},
	    {"$x = { if 1 { 2 } else { 3 } 4 }",
	     "(= $x (block (if 1 (block (expr 2)) (block (expr 3))) => 4))"},
	    {"$x = { if 1 { 2 } else { 3 }; }",
	     "(= $x (block (if 1 (block (expr 2)) (block (expr 3)))))"},
	    {"f({ 1 }, 2)", "(expr (call f (block => 1) 2))"},
	    {"{ { { 1 } } }", "(block (block (block (expr 1))))"},
	    {"while (1) { if 2 { 3 } }", "(while 1 (block (if 2 (block (expr 3)))))"},
	    {NULL, NULL},
	};

	(void)state;
	check_stmts(pairs);
}

/* ---- files ---- */

static const char *tree(struct parsed *r, const char *text)
{
	parse(r, text);
	ast_print(&r->u, false, &r->text);
	diag_render(r->u.diag, &(struct diag_style){0}, &r->text);
	return sb_str(&r->text);
}

static void check_trees(const struct pair *pairs)
{
	for (; pairs->text; pairs++) {
		struct parsed r;
		const char *got = tree(&r, pairs->text);

		if (strcmp(got, pairs->tree))
			print_error("in: %s\n", pairs->text);
		assert_string_equal(got, pairs->tree);
		done(&r);
	}
}

static void attach_points_are_raw_text(void **state)
{
	static const struct pair pairs[] = {
	    {"BEGIN{}", "probe BEGIN\n  block\n"},
	    {"begin /1/ {}", "probe begin\n  predicate\n    int 1\n  block\n"},
	    {"begin/1/{}", "probe begin\n  predicate\n    int 1\n  block\n"},
	    {"begin// x\n{}", "probe begin\n  block\n"},
	    {"k:a,k:b , k:c\n,\nk:d,{}", "probe k:a, k:b, k:c, k:d\n  block\n"},
	    {"uprobe:/bin//sh:f+0x10 /pid == 1/ {}",
	     "probe uprobe:/bin//sh:f+0x10\n  predicate\n    binary ==\n      builtin pid\n"
	     "      int 1\n  block\n"},
	    {"t*point:sched:*,*ware:* {}", "probe t*point:sched:*, *ware:*\n  block\n"},
	    {"u:/bin/sh:cpp:\"f(int, char **) {x:y}\" {}",
	     "probe u:/bin/sh:cpp:f(int, char **) {x:y}\n  block\n"},
	    {"u:\"/a \\\"b\\\" $1/c\":f {}", "probe u:/a \"b\" $1/c:f\n  block\n"},
	    {"kprobe:$4_$1,interval:$1:$# {}", "probe kprobe:some text_7, interval:7:7\n  block\n"},
	    {"name=kprobe:a {}", "probe name=kprobe:a\n  block\n"},
	    {"k:a /* c */ { } // d", "probe k:a\n  block\n"},
	    {"begin /$1 / 2 == 1/ {}",
	     "probe begin\n  predicate\n    binary ==\n      binary /\n"
	     "        int 7 param \"7\"\n        int 2\n      int 1\n  block\n"},
	    {"begin /(4 / {2}) / {}",
	     "probe begin\n  predicate\n    binary /\n      int 4\n      block\n"
	     "        result\n          int 2\n  block\n"},
	    {NULL, NULL},
	};
	struct parsed r;
	const struct attach_point *ap;

	(void)state;
	check_trees(pairs);
	parse(&r, "begin {} name=u:/bin/sh:cpp:\"a:b\" {}");
	ap = &r.u.probes.items[1]->points.items[0];
	assert_int_equal(ap->n_parts, 4);
	assert_string_equal(ap->parts[0], "u");
	assert_string_equal(ap->parts[1], "/bin/sh");
	assert_string_equal(ap->parts[3], "a:b");
	assert_string_equal(ap->text, "u:/bin/sh:cpp:a:b");
	assert_string_equal(ap->label, "name");
	assert_int_equal(ap->at.begin, 9);
	assert_int_equal(ap->at.end, 33);
	assert_int_equal(r.u.probes.items[1]->index, 1);
	done(&r);
}

static void sections_of_a_file(void **state)
{
	static const char text[] = "#!/usr/bin/env skep\n"
	                           "// words\n"
	                           "#include <linux/fs.h>\n"
	                           "#define A {\n"
	                           "struct foo { int a; struct { int b; } c; };\n"
	                           "enum e { X }\n"
	                           "struct bar { int b; } __attribute__((packed));\n"
	                           "struct forward;\n"
	                           "config = { max_strlen = 64; stack_mode=perf;\n"
	                           "  LICENSE = \"GPL v2\"; print_maps_on_exit = false }\n"
	                           "let @m = hash(100);\n"
	                           "begin { }\n"
	                           "let @n = percpulruhash(1_000);\n"
	                           "end { }\n";
	struct parsed r;
	const char *c;

	(void)state;
	assert_string_equal(tree(&r, text), "config max_strlen = 64\n"
	                                    "config stack_mode = perf\n"
	                                    "config LICENSE = \"GPL v2\"\n"
	                                    "config print_maps_on_exit = false\n"
	                                    "map @m = hash(100)\n"
	                                    "map @n = percpulruhash(1000)\n"
	                                    "probe begin\n"
	                                    "  block\n"
	                                    "probe end\n"
	                                    "  block\n");
	c = text + r.u.c_begin_b;
	assert_memory_equal(c, "#include", 8);
	assert_memory_equal(text + r.u.c_end_b, "\nconfig", 7);
	done(&r);
}

/* C has numbers, characters and words that are none of the language's. */
static void c_sections_are_not_read_as_script(void **state)
{
	static const char *const sections[] = {
	    "#define A 'x'",
	    "#define B 10UL",
	    "enum e { A = 'x', B = 10UL, C = 0b1, D = '}' }",
	    "struct s { char c[10UL]; } __attribute__((packed)) __attribute__((aligned(8)));",
	    "struct s { int a; /* } */ };",
	    "struct s { int a; // }\n }",
	    "struct s;",
	    "typedef struct { int a; } s_t;",
	    "typedef unsigned int u;",
	    "union u { struct { int a; }; struct { int b; } c; };",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		char text[300];
		struct parsed r;

		snprintf(text, sizeof(text), "%s\nbegin { }", sections[i]);
		assert_string_equal(tree(&r, text), "probe begin\n  block\n");
		assert_int_equal(r.u.c_begin_b, 0);
		assert_int_equal(r.u.c_end_b, strlen(sections[i]));
		done(&r);
	}
}

/* ---- mistakes ---- */

/* Each text with its whole rendering, so that places are tested with the words. */
static void mistakes_have_messages_and_places(void **state)
{
	static const struct pair pairs[] = {
	    {"", "stdin:1:1-2: ERROR: syntax: expected a probe\n\n~\n"},
	    {"config = {}", "stdin:1:12-13: ERROR: syntax: expected a probe\nconfig = {}\n"
	                    "           ~\n"},
	    {"config { } begin {}", "probe begin\n  block\n"
	                            "stdin:1:8-9: ERROR: syntax: expected '='\n"
	                            "config { } begin {}\n       ~\n"},
	    {"begin", "stdin:1:6-7: ERROR: syntax: expected '{'\nbegin\n     ~\n"
	              "HINT: a probe is an attach point, perhaps a /condition/, and a block: "
	              "begin { exit() }\n"},
	    {"begin {} }", "probe begin\n  block\n"
	                   "stdin:1:10-11: ERROR: syntax: expected a probe\n"
	                   "begin {} }\n         ~\n"},
	    {"k:a, /1/ {}", "stdin:1:6-7: ERROR: syntax: expected an attach point\n"
	                    "k:a, /1/ {}\n     ~\n"},
	    {"begin {} struct x { int a; };",
	     "probe begin\n  block\n"
	     "stdin:1:10-16: ERROR: syntax: C definitions must appear before probes and "
	     "functions\nbegin {} struct x { int a; };\n         ~~~~~~\n"},
	    {"struct x { int a;\nbegin {}",
	     "stdin:1:10-11: ERROR: syntax: this '{' is never closed\n"
	     "struct x { int a;\n         ~\n"},
	    {"begin {} config = {}",
	     "probe begin\n  block\n"
	     "stdin:1:10-16: ERROR: syntax: config must appear before probes and functions\n"
	     "begin {} config = {}\n         ~~~~~~\n"},
	    {"config = {} config = {} begin {}",
	     "probe begin\n  block\n"
	     "stdin:1:13-19: ERROR: syntax: duplicate config block\n"
	     "config = {} config = {} begin {}\n            ~~~~~~\n"},
	    {"begin {} import \"x\";",
	     "probe begin\n  block\n"
	     "stdin:1:10-16: ERROR: syntax: root imports must appear before probes and "
	     "functions\nbegin {} import \"x\";\n         ~~~~~~\n"},
	    {"import \"x.bt\"; begin {}",
     "probe begin\n  block\n"
     "stdin:1:8-14: ERROR: Cannot import \"x.bt\": No such file or directory\n"
     "import \"x.bt\"; begin {}\n       ~~~~~~\n"},
	    {"static int x; begin {}", "probe begin\n  block\n"
	                               "stdin:1:1-7: ERROR: syntax: 'static' cannot stand here\n"
	                               "static int x; begin {}\n~~~~~~\n"
	                               "HINT: put it into a header and #include that\n"},
	    {"let @m = tree(1); begin {}",
	     "probe begin\n  block\n"
	     "stdin:1:10-14: ERROR: Invalid bpf map type: tree\n"
	     "let @m = tree(1); begin {}\n         ~~~~\n"
	     "HINT: Valid map types: hash, lruhash, percpuhash, percpulruhash\n"},
	    {"let @m = hash(1); let @m = hash(2);",
	     "map @m = hash(1)\n"
	     "stdin:1:23-25: ERROR: Map @m was already declared\n"
	     "let @m = hash(1); let @m = hash(2);\n                      ~~\n"
	     "stdin:1:1-17: This is the initial declaration.\n"
	     "let @m = hash(1); let @m = hash(2);\n~~~~~~~~~~~~~~~~\n"},
	    {"k:$0 {}",
	     "stdin:1:3-5: ERROR: param $0 is out of integer range [1, 9223372036854775807]\n"
	     "k:$0 {}\n  ~~\n"},
	    {"k:\"a {}", "stdin:1:3-8: ERROR: syntax: unterminated string\nk:\"a {}\n  ~~~~~\n"},
	    {"begin { /* x }", "probe begin\n  block\n"
	                       "stdin:1:9-11: ERROR: syntax: unterminated comment\n"
	                       "begin { /* x }\n        ~~\n"
	                       "stdin:1:15-16: ERROR: syntax: expected '}'\n"
	                       "begin { /* x }\n              ~\n"
	                       "stdin:1:7-8: This is the '{' it closes.\n"
	                       "begin { /* x }\n      ~\n"},
	    {"begin {\n  f();\nkprobe:g { }",
	     "probe begin\n  block\n    expr\n      call f\nprobe kprobe:g\n  block\n"
	     "stdin:3:1-7: ERROR: syntax: expected '}'\nkprobe:g { }\n~~~~~~\n"
	     "stdin:1:7-8: This is the '{' it closes.\nbegin {\n      ~\n"},
	    {"begin /1 {}",
	     "stdin:1:10-11: ERROR: syntax: expected '/'\nbegin /1 {}\n         ~\n"},
	    {NULL, NULL},
	};

	(void)state;
	check_trees(pairs);
}

/* Only the first line of the first report, for `begin { TEXT }` (columns count from there). */
static void mistakes_in_statements(void **state)
{
	static const struct pair pairs[] = {
	    {"1 +", "13-14: ERROR: syntax: expected expression"},
	    {"f(1", "13-14: ERROR: syntax: expected ')'"},
	    {"f(1 2)", "13-14: ERROR: syntax: expected ')'"},
	    {"@x[1", "14-15: ERROR: syntax: expected ']'"},
	    {"@x[]", "12-13: ERROR: syntax: expected expression"},
	    {"$a = ", "15-16: ERROR: syntax: expected expression"},
	    {"$a = 1 $b = 2", "16-18: ERROR: syntax: expected ';'"},
	    {"$a = $b = 1", "17-18: ERROR: syntax: expected ';'"},
	    {"1 ? 2", "15-16: ERROR: syntax: expected ':'"},
	    {"1 = 2", "9-10: ERROR: syntax: only variables and maps can be assigned to"},
	    {"$a[0] = 2", "9-14: ERROR: syntax: only variables and maps can be assigned to"},
	    {"(a = 1, 2)", "17-18: ERROR: syntax: expected identifier"},
	    {"$x.", "13-14: ERROR: syntax: expected field name"},
	    {"$x.\"a\"", "12-15: ERROR: syntax: expected field name"},
	    {"print(1.5)", "15-18: ERROR: syntax: there are no floating-point numbers"},
	    {"1++", "10-12: ERROR: The ++ operator must be applied to a map or variable"},
	    {"--f()", "9-11: ERROR: The -- operator must be applied to a map or variable"},
	    {"(struct)1", "16-17: ERROR: syntax: expected identifier"},
	    {"(struct x *)", "22-23: ERROR: syntax: expected expression"},
	    {"sizeof 1", "16-17: ERROR: syntax: expected '('"},
	    {"offsetof(struct x)", "26-27: ERROR: syntax: expected ','"},
	    {"offsetof(struct x, 1)", "28-29: ERROR: syntax: expected field name"},
	    {"let $a: 3", "17-18: ERROR: syntax: expected type"},
	    {"let @a = 3", "13-15: ERROR: syntax: expected variable"},
	    
	    {"if $a > 1 { }", "15-16: ERROR: syntax: expected '{'"},
	    {"if ($a) f();", "17-18: ERROR: syntax: expected '{'"},
	    {"else { }", "9-13: ERROR: syntax: 'else' without 'if'"},
	    {"for $i : 5 { }", "20-21: ERROR: syntax: expected '..'"},
	    {"for $i : @m[1] { }",
	     "18-23: ERROR: syntax: a loop walks a whole map, not one of its values"},
	    {"for i : 0..5 { }", "13-14: ERROR: syntax: expected variable"},
	    {"for ($i : 0..5 { }", "24-25: ERROR: syntax: expected ')'"},
	    {"$0", "9-11: ERROR: param $0 is out of integer range [1, 9223372036854775807]"},
	    {"$9999999999999999999",
	     "9-29: ERROR: param $9999999999999999999 is out of integer range [1, "
	     "9223372036854775807]"},
	    {"print(\"a", "15-19: ERROR: syntax: unterminated string"},
	    {"print(\"a\\q\")", "17-19: ERROR: invalid escape character '\\q'"},
	    {"print(\"\\x\")", "16-18: ERROR: invalid escape character '\\x'"},
	    {"print(\"\\777\")", "16-20: ERROR: octal escape sequence out of range: '\\777'"},
	    {"1_", "9-11: ERROR: trailing underscore in integer literal"},
	    {"08", "9-11: ERROR: invalid digit '8' in octal literal: 08"},
	    {"0x", "9-11: ERROR: invalid integer: 0x"},
	    {"0b11", "9-13: ERROR: invalid integer suffix 'b11'"},
	    {"5x", "9-11: ERROR: invalid integer suffix 'x'"},
	    {"5U", "9-11: ERROR: invalid integer suffix 'U'"},
	    {"0x5s", "9-13: ERROR: invalid integer suffix 's'"},
	    {"12e4", "9-13: ERROR: coefficient part of scientific literal must be 1-9: 12e4"},
	    {"0e4", "9-12: ERROR: coefficient part of scientific literal must be 1-9: 0e4"},
	    {"1e04", "9-13: ERROR: exponent part of scientific literal must start with 1-9: 1e04"},
	    {"1e", "9-11: ERROR: invalid integer suffix 'e'"},
	    {"18446744073709551616", "9-29: ERROR: overflow error, maximum value is "
	                             "18446744073709551615: 18446744073709551616"},
	    {"4294967296u", "9-20: ERROR: overflow error, maximum value is 4294967295: "
	                    "4294967296u"},
	    {"9223372036854775808l", "9-29: ERROR: overflow error, maximum value is "
	                             "9223372036854775807: 9223372036854775808l"},
	    {"2e19", "9-13: ERROR: overflow error, maximum value is 18446744073709551615: 2e19"},
	    {"999999999999d", "9-22: ERROR: overflow error, maximum value is "
	                      "18446744073709551615: 999999999999d"},
	    {"'a'", "9-10: ERROR: syntax: unexpected character '''"},
	    {"$", "9-10: ERROR: syntax: unexpected character '$'"},
	    {"\xc3\xa4", "9-11: ERROR: syntax: unexpected byte 0xc3"},
	    {NULL, NULL},
	};

	(void)state;
	for (const struct pair *one = pairs; one->text; one++) {
		char text[200], want[300];
		struct strbuf out = {0};
		struct parsed r;

		snprintf(text, sizeof(text), "begin { %s }", one->text);
		snprintf(want, sizeof(want), "stdin:1:%s", one->tree);
		parse(&r, text);
		diag_render(r.u.diag, &(struct diag_style){.no_warnings = true}, &out);
		sb_str(&out);
		if (out.s)
			out.s[strcspn(out.s, "\n")] = '\0';
		if (strcmp(sb_str(&out), want))
			print_error("in: %s\n", text);
		assert_string_equal(sb_str(&out), want);
		sb_free(&out);
		done(&r);
	}
}

static void several_mistakes_are_reported_in_one_run(void **state)
{
	struct parsed r;

	(void)state;
	parse(&r, "begin { $a = ; $b = 08; if (x { f( } else { g() } h() }\n"
	          "kprobe:f / 1 + / { }\n"
	          "end { 1 +; @x[ = 2\n"
	          " @y = 2; }\n"
	          "interval:s:1 { exit() }\n");
	assert_int_equal(diag_errors(r.u.diag), 6);
	assert_string_equal(r.u.probes.items[r.u.probes.n - 1]->points.items[0].text,
	                    "interval:s:1");
	done(&r);
}

/* ---- limits ---- */

static char *repeat(struct arena *a, const char *front, const char *piece, size_t n,
                    const char *back)
{
	struct strbuf sb = {0};
	char *s;

	sb_adds(&sb, front);
	for (size_t i = 0; i < n; i++)
		sb_adds(&sb, piece);
	sb_adds(&sb, back);
	s = arena_strdup(a, sb_str(&sb));
	sb_free(&sb);
	return s;
}

static void nesting_is_bounded(void **state)
{
	static const char *const pieces[] = {
	    "(",
	    "{",
	    "-",
	    "!",
	    "f(",
	    "@x[",
	    "(1, ",
	    "1 ? ",
	    "1 ? 2 : ",
	    "1 ?: ",
	    "(int8)",
	    "if 1 {",
	    "while 1 {",
	    "for $i : 0..1 {",
	    "if {",
	    "sizeof(",
	    "++",
	    "comptime ",
	    "if 1 {} else ",
	    "(a = ",
	    "if (f({",
	    "- - (",
	    "{ f(",
	    "({ return (",
	    "$x[",
	};
	struct arena *a = arena_create();

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct parsed r;

		parse(&r, repeat(a, "begin { ", pieces[i], 100000, " }"));
		assert_true(diag_errors(r.u.diag) >= 1);
		assert_true(diag_errors(r.u.diag) <= LEXER_ERRORS_MAX);
		diag_render(r.u.diag, &(struct diag_style){0}, &r.text);
		if (!strstr(sb_str(&r.text), "nested deeper"))
			print_error("for: %s\n", pieces[i]);
		assert_non_null(strstr(sb_str(&r.text), "syntax: nested deeper than 256 levels"));
		done(&r);
	}
	arena_destroy(a);
}

static void chains_are_bounded(void **state)
{
	static const struct pair pieces[] = {
	    {"1 + ", "1"},
	    {"$x || ", "1"},
	    {"$x.a.", "a"},
	    {"", NULL},
	};
	struct arena *a = arena_create();

	(void)state;
	for (size_t i = 0; pieces[i].tree; i++) {
		struct parsed r;

		parse(&r, repeat(a, "begin { $y = ", pieces[i].text, 100000, "1 }"));
		assert_true(diag_errors(r.u.diag) >= 1);
		done(&r);
		/* what people write fits */
		parse(&r, repeat(a, "begin { $y = ", "$x == 1 || ", 500, "1 }"));
		assert_int_equal(diag_errors(r.u.diag), 0);
		done(&r);
	}
	arena_destroy(a);
}

static void many_mistakes_end_the_parse(void **state)
{
	static const char *const pieces[] = {
	    "begin { $a = ; }\n", "` ",  "\x01 ", "08 ", "\"\\q\" ", "\"a\n", "} ",
	    "kprobe:f { ",        "$0 ", "/ ",    "\" "};
	struct arena *a = arena_create();

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct parsed r;

		parse(&r, repeat(a, "begin { ", pieces[i], 50000, ""));
		assert_in_range(diag_errors(r.u.diag), 1, LEXER_ERRORS_MAX);
		done(&r);
		parse(&r, repeat(a, "", pieces[i], 50000, ""));
		assert_in_range(diag_errors(r.u.diag), 1, LEXER_ERRORS_MAX);
		done(&r);
	}
	arena_destroy(a);
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The best of three, as other work on the machine only ever adds. */
static double time_parse(size_t n_lines)
{
	static const char line[] =
	    "@x[pid, comm] = count(); if ($a > 1) { printf(\"%d\\n\", $a); }\n";
	struct arena *a = arena_create();
	const char *text = repeat(a, "begin {\n", line, n_lines, "}");
	double best = 1e9;

	for (int i = 0; i < 3; i++) {
		double begin = cpu_seconds(), took;
		struct parsed r;

		parse(&r, text);
		took = cpu_seconds() - begin;
		best = took < best ? took : best;
		assert_int_equal(diag_errors(r.u.diag), 0);
		assert_int_equal(r.u.probes.items[0]->body->stmts.n, 2 * n_lines);
		done(&r);
	}
	arena_destroy(a);
	return best;
}

/* Eight times the text takes about eight times as long; it would be 64 times if anything were
 * quadratic. */
static void time_grows_with_the_text(void **state)
{
	double small = time_parse(2000), large = time_parse(16000);

	(void)state;
	print_message("# 2000 lines: %.1f ms, 16000 lines: %.1f ms\n", small * 1e3, large * 1e3);
	assert_true(large < 24 * small);
}

static void clones_are_deep(void **state)
{
	struct strbuf one = {0}, two = {0};
	struct node *copy;
	struct parsed r;

	(void)state;
	parse(&r, "begin { if (@x[1, 2]) { let $a; return; } else { $b = { f(); 1 } } }");
	copy = node_clone(r.a, r.u.probes.items[0]->body);
	add_node(&one, copy);
	r.u.probes.items[0]->body->stmts.items[0]->args[0]->name = "@changed";
	add_node(&two, copy);
	assert_string_equal(sb_str(&one), sb_str(&two));
	sb_reset(&two);
	add_node(&two, r.u.probes.items[0]->body);
	assert_string_not_equal(sb_str(&one), sb_str(&two));
	sb_free(&one);
	sb_free(&two);
	done(&r);
}

static void tables_find_their_rows(void **state)
{
	uint64_t number = 99;

	(void)state;
	for (uint32_t i = 0; builtin_row(i); i++) {
		const struct builtin *b = builtin_row(i);

		assert_int_equal(b->id, i);
		if (b->id != B_arg && b->id != B_sarg)
			assert_ptr_equal(builtin_find(b->name, &number), b);
	}
	for (uint32_t i = 0; function_row(i); i++) {
		assert_int_equal(function_row(i)->id, i);
		assert_ptr_equal(function_find(function_row(i)->name), function_row(i));
	}
	assert_int_equal(builtin_find("arg7", &number)->id, B_arg);
	assert_int_equal(number, 7);
	assert_int_equal(builtin_find("sarg11", &number)->id, B_sarg);
	assert_int_equal(number, 11);
	assert_null(builtin_find("arg", &number));
	assert_null(builtin_find("argx", &number));
	assert_null(builtin_find("arg1000", &number));
	assert_null(builtin_find("", &number));
	assert_null(function_find("nonsense"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_pair_of_operators_groups_by_level),
	    cmocka_unit_test(prefixes_and_postfixes),
	    cmocka_unit_test(ternaries_group_to_the_right),
	    cmocka_unit_test(literals),
	    cmocka_unit_test(strings_hold_nul_bytes),
	    cmocka_unit_test(tuples_records_and_parentheses),
	    cmocka_unit_test(names_builtins_and_calls),
	    cmocka_unit_test(casts_and_what_only_looks_like_one),
	    cmocka_unit_test(parameters_are_literals),
	    cmocka_unit_test(statements),
	    cmocka_unit_test(blocks_have_values_only_where_they_are_used),
	    cmocka_unit_test(attach_points_are_raw_text),
	    cmocka_unit_test(sections_of_a_file),
	    cmocka_unit_test(c_sections_are_not_read_as_script),
	    cmocka_unit_test(mistakes_have_messages_and_places),
	    cmocka_unit_test(mistakes_in_statements),
	    cmocka_unit_test(several_mistakes_are_reported_in_one_run),
	    cmocka_unit_test(nesting_is_bounded),
	    cmocka_unit_test(chains_are_bounded),
	    cmocka_unit_test(many_mistakes_end_the_parse),
	    cmocka_unit_test(time_grows_with_the_text),
	    cmocka_unit_test(clones_are_deep),
	    cmocka_unit_test(tables_find_their_rows),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
