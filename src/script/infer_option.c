/* Values from outside the text, as literals: named parameters, `getopt("name" [, default [, "what
 * it is"]])` (spec 1.5), and the builtin `config` (spec 1.7).
 *
 * The default's kind is the option's: none or a bool make a bool, numbers stay signed or unsigned,
 * text has room for max_strlen bytes. What was given on the command line has to be read that way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "script/infer_internal.h"
#include "script/lexer.h"

/* ---- one option ------------------------------------------------------------------------------ */

/* Is it `--name` or `--name=value`? Then *ret_value is the value, NULL if there is none. */
static bool names_option(const char *operand, const char *name, const char **ret_value)
{
	size_t len_b = strlen(name);

	operand += 2; /* the dashes */
	if (strncmp(operand, name, len_b) || (operand[len_b] && operand[len_b] != '='))
		return false;
	*ret_value = operand[len_b] ? operand + len_b + 1 : NULL;
	return true;
}

/* What was given; the last one counts. */
static bool find_given(const struct script_options *opts, const char *name, const char **ret_value)
{
	bool is_given = false;

	for (size_t i = 0; i < opts->n_named; i++)
		is_given |= names_option(opts->named[i], name, ret_value);
	return is_given;
}

static const struct type *invalid(struct infer *x, const struct node *n, const char *what,
                                  const char *value)
{
	return infer_error(x, E_PARAM, n->at,
	                   "program command line option --%s invalid %s (value: %s)",
	                   n->args[0]->string, what, value ? value : "");
}

static bool read_bool(const char *value, uint64_t *ret)
{
	static const char *const words[] = {"0", "false", "off", "no", "1", "true", "on", "yes"};
	size_t i = value ? 0 : 5;

	while (i < 8 && value && strcasecmp(words[i], value) != 0)
		i++;
	*ret = i >= 4;
	return i < 8;
}

static bool read_int(struct arena *a, const char *value, bool is_signed, uint64_t *ret)
{
	bool is_negative = value && value[0] == '-', is_unsigned;
	const char *digits = value ? value + is_negative : "";
	uint64_t number, most = is_negative ? 1ull << 63 : INT64_MAX;

	if (lexer_parse_int(a, digits, strlen(digits), true, &number, &is_unsigned) ||
	    (is_negative && !is_signed) || (is_signed && number > most))
		return false;
	*ret = is_negative ? 0 - number : number;
	return true;
}

bool script_read_option(struct arena *a, enum type_kind kind, bool is_signed, const char *value,
                        uint64_t *ret)
{
	return kind == TYPE_BOOL ? read_bool(value, ret) : read_int(a, value, is_signed, ret);
}

static const struct type *take_number(struct infer *x, struct node *n, const char *value,
                                      const struct type *t)
{
	uint64_t number;

	if (!script_read_option(x->a, t->kind, cast_is_signed(t), value, &number))
		return invalid(x, n, t->kind == TYPE_BOOL ? "boolean" : "integer", value);
	infer_set_int(n, number, t);
	return n->type;
}

static const struct type *take_string(struct infer *x, struct node *n, const char *value)
{
	uint64_t room_b = x->config->max_strlen;
	size_t len_b = value ? strlen(value) : 0;

	if (!value)
		return infer_error(x, E_PARAM, n->at,
		                   "program command line option --%s requires a value",
		                   n->args[0]->string);
	infer_set_string(x, n, value, (uint32_t)(len_b < room_b ? len_b : room_b - 1));
	n->type = type_string(x->a, (uint32_t)room_b);
	return n->type;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool is_same_default(const struct node *a, const struct node *b)
{
	if (!a || !b) { /* none is false */
		const struct node *given = a ? a : b;

		return !given || (given->type->kind == TYPE_BOOL && !given->number);
	}
	if (a->kind != b->kind || a->type->kind != b->type->kind)
		return false;
	return a->kind == NODE_STRING
	           ? !strcmp(a->string, b->string)
	           : a->number == b->number && cast_is_signed(a->type) == cast_is_signed(b->type);
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* Among the options of the program, or NULL if it contradicts one of them. */
static bool note_option(struct infer *x, const struct node *n)
{
	struct infer_option o = {.name = n->args[0]->string,
	                         .dflt = n->n_args > 1 ? n->args[1] : NULL,
	                         .description = n->n_args > 2 ? n->args[2]->string : NULL,
	                         .at = n->at};

	vec_each (known, &x->options) {
		const char *what = NULL;

		if (strcmp(known->name, o.name) != 0)
			continue;
		if (!is_same_default(known->dflt, o.dflt))
			what = "default";
		else if (!is_same_text(known->description, o.description))
			what = "description";
		if (!what)
			return true;
		infer_error(x, E_PARAM, n->at, "option --%s has two different %ss", o.name, what);
		if (x->is_final)
			diag_context(x->d, known->at, "This is the other one.");
		return false;
	}
	vec_push(x->a, &x->options, o);
	return true;
}

static bool check_default(struct infer *x, struct node *n)
{
	const struct type *t;

	if (n->n_args < 2)
		return true;
	t = infer_value(x, &n->args[1]);
	if (cast_is_unknown(t))
		return false;
	if (n->args[1]->kind == NODE_STRING ||
	    (n->args[1]->kind == NODE_INT && (t->kind == TYPE_BOOL || t->kind == TYPE_INT)))
		return true;
	infer_error(x, E_ARG_KIND, n->args[1]->at,
	            "getopt() expects a bool, int or string literal (%s provided)",
	            cast_kind_word(t));
	return false;
}

const struct type *infer_result_getopt(struct infer *x, struct node *n)
{
	uint32_t room_b = (uint32_t)x->config->max_strlen;
	const struct node *dflt;
	const char *value = NULL;
	bool is_given;

	if (x->u->options) {
		infer_error(x, E_PARAM, n->at,
		            "getopt() cannot be used in a script with an options block");
		infer_hint(x, "declare it there and say opt.NAME");
		return cast_unknown();
	}
	if (!n->args[0]->string[0] || strpbrk(n->args[0]->string, "= "))
		return infer_error(x, E_PARAM, n->args[0]->at, "'%s' cannot be an option's name",
		                   n->args[0]->string);
	if (!check_default(x, n) || !note_option(x, n))
		return cast_unknown();
	dflt = n->n_args > 1 ? n->args[1] : NULL;
	if (x->u->opts->is_kept) /* the value comes when it is run */
		return dflt && dflt->kind == NODE_STRING ? type_string(x->a, room_b)
		       : dflt && dflt->type->kind == TYPE_INT
		           ? type_int(8, cast_is_signed(dflt->type) && (int64_t)dflt->number < 0)
		           : type_bool();
	is_given = find_given(x->u->opts, n->args[0]->string, &value);
	if (dflt && dflt->kind == NODE_STRING)
		return take_string(x, n, is_given ? value : dflt->string);
	if (dflt && dflt->type->kind == TYPE_INT) {
		bool is_signed = cast_is_signed(dflt->type) && (int64_t)dflt->number < 0;

		if (is_given)
			return take_number(x, n, value, type_int(8, is_signed));
		infer_set_int(n, dflt->number, type_int(8, is_signed));
		return n->type;
	}
	if (is_given)
		return take_number(x, n, value, type_bool());
	infer_set_int(n, dflt && dflt->number, type_bool());
	return n->type;
}

/* `-- --help`: the options that the program asked for. */
static void add_help(const struct infer *x, struct strbuf *out)
{
	sb_adds(out, x->options.n ? "expected program options:\n"
	                          : "no custom program options defined.\n");
	vec_each (o, &x->options)
		sb_addf(out, "--%s%s%s\n", o->name, o->description ? ": " : "",
		        o->description ? o->description : "");
}

static bool is_expected(const struct infer *x, const char *operand)
{
	const char *value;

	vec_each (o, &x->options)
		if (names_option(operand, o->name, &value))
			return true;
	return false;
}

void infer_check_options(struct infer *x)
{
	const struct script_options *opts = x->u->opts;
	own_strbuf struct strbuf unexpected = {0}, expected = {0};

	if (opts->is_kept) /* whoever runs it asks */
		return;
	for (size_t i = 0; i < opts->n_named; i++) {
		const char *given = opts->named[i];

		if (is_expected(x, given))
			continue;
		if (!strcmp(given, "--help") && opts->option_help) {
			sb_reset(opts->option_help);
			add_help(x, opts->option_help);
			return;
		}
		sb_addf(&unexpected, "%s%.*s", unexpected.n ? ", " : "", (int)strcspn(given, "="),
		        given);
	}
	if (!unexpected.n)
		return;
	vec_each (o, &x->options)
		sb_addf(&expected, ": --%s", o->name);
	diag_error(x->d, E_PARAM, NO_SPAN, "unexpected program command line options: %s",
	           sb_str(&unexpected));
	if (expected.n)
		diag_hint(x->d, "expected program options%s", sb_str(&expected));
	else
		diag_hint(x->d, "no custom program options defined.");
}

/* ---- config ---------------------------------------------------------------------------------- */

static void become_value(struct infer *x, struct node *n, const struct script_config_value *v)
{
	if (v->string)
		infer_set_string(x, n, v->string, (uint32_t)strlen(v->string));
	else
		infer_set_int(n, v->number, v->is_bool ? type_bool() : type_int(8, false));
}

bool infer_config_field(struct infer *x, struct node *n)
{
	struct script_config_value v;

	for (uint32_t i = 0; script_config_get(x->config, i, &v); i++)
		if (!strcmp(v.name, n->name)) {
			become_value(x, n, &v);
			return true;
		}
	return false;
}

/* All of it: a record of literals. */
const struct type *infer_config(struct infer *x, struct node *n)
{
	struct script_config_value v;
	const char **names;
	uint32_t n_values = 0;

	while (script_config_get(x->config, n_values, &v))
		n_values++;
	names = arena_array(x->a, const char *, n_values);
	n->args = arena_array(x->a, struct node *, n_values);
	for (uint32_t i = 0; script_config_get(x->config, i, &v); i++) {
		n->args[i] = node_new(x->a, NODE_INT, n->at);
		become_value(x, n->args[i], &v);
		names[i] = v.name;
	}
	n->kind = NODE_TUPLE;
	n->n_args = n_values;
	n->names = names;
	return infer_expr(x, n);
}
