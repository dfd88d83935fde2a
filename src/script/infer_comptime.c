/* What the language knows of types and constants while compiling (spec 4.6, 5.4, 7.1): typeof(),
 * typeinfo(), comptime, is_str() and its kin, fail().
 *
 * Types are not final before the last pass, so nothing may be replaced by what is known of it
 * earlier. Until then a copy of the expression is inferred as if the types were final (`is_trial`:
 * sizes and tests fold, nothing is reported), and thrown away. */
#include <string.h>

#include "script/infer_internal.h"
#include "script/option.h"

struct node *infer_trial(struct infer *x, const struct node *n, bool is_comptime)
{
	struct node *copy = node_clone(x->a, n);
	bool is_final = x->is_final, was_trial = x->is_trial, was_comptime = x->is_comptime;

	x->is_final = false;
	x->is_trial = true;
	x->is_comptime = is_comptime;
	infer_expr(x, copy);
	x->is_final = is_final;
	x->is_trial = was_trial;
	x->is_comptime = was_comptime;
	return copy;
}

/* ---- typeof --------------------------------------------------------------------------------- */

/* `*` and `[n]` behind typeof(...). */
static const struct type *with_suffixes(struct infer *x, const struct type *t, const char *text)
{
	while (*text) {
		if (*text == '*') {
			t = type_ptr(x->a, t, AS_NONE);
		} else if (*text == '[') {
			uint32_t n = 0;

			for (text++; *text >= '0' && *text <= '9'; text++)
				n = n * 10 + (uint32_t)(*text - '0');
			t = type_array(x->a, t, n);
		}
		text++; /* also blanks and words such as const */
	}
	return t;
}

/* Of the type or value in the parentheses of n, a TYPE, TYPEINFO or what is made like it. */
static const struct type *type_about(struct infer *x, struct node *n)
{
	const struct type *t;

	infer_word_is_value(x, n);
	if (n->type_text)
		return infer_type_name(x, n);
	t = infer_trial(x, n->args[0], false)->type;
	if (cast_is_unknown(t) && x->is_final)
		return infer_expr(x, n->args[0]); /* says why */
	return cast_settled(t);
}

const struct type *infer_typeof(struct infer *x, struct node *n, const char *suffixes)
{
	const struct type *t;

	if (n->kind != NODE_TYPE)
		return infer_error(x, E_TYPE_MISMATCH, n->at, "This is no type");
	t = type_about(x, n);
	return cast_is_unknown(t) ? t : with_suffixes(x, t, suffixes);
}

/* ---- typeinfo ------------------------------------------------------------------------------- */

static struct node *new_string(struct infer *x, const struct node *n, const char *text)
{
	struct node *s = node_new(x->a, NODE_STRING, n->at);

	infer_set_string(x, s, text, (uint32_t)strlen(text));
	s->kind = NODE_STRING;
	return s;
}

const struct type *infer_typeinfo(struct infer *x, struct node *n)
{
	static const char *const names[] = {"btf_id", "base_type", "full_type"};
	const struct type *t, *elems[3];
	struct node *args[3];

	if (!infer_gate(x, n->at, "typeinfo", x->config->unstable_typeinfo, "unstable_typeinfo"))
		return cast_unknown();
	t = type_about(x, n);
	if (cast_is_unknown(t))
		return t;
	args[0] = node_new(x->a, NODE_INT, n->at);
	infer_set_int(args[0], t->btf_id, type_int(4, false));
	args[1] = new_string(x, n, cast_kind_word(t));
	args[2] = new_string(x, n, type_name_dup(x->a, t));
	for (int i = 0; i < 3; i++)
		elems[i] = args[i]->type;
	if (x->is_final || x->is_trial) {
		n->kind = NODE_TUPLE;
		n->names = names;
		n->args = arena_memdup(x->a, args, sizeof(args));
		n->n_args = 3;
	}
	return type_tuple(x->a, elems, names, 3);
}

/* ---- comptime ------------------------------------------------------------------------------- */

static bool is_literal(const struct node *n)
{
	if (n->kind == NODE_TUPLE) {
		for (uint32_t i = 0; i < n->n_args; i++)
			if (!is_literal(n->args[i]))
				return false;
		return true;
	}
	return n->kind == NODE_INT || n->kind == NODE_STRING;
}

const struct type *infer_comptime(struct infer *x, struct node *n)
{
	struct node *value;
	bool was_comptime = x->is_comptime;
	struct span at = n->at;

	if (!x->is_final) {
		value = infer_trial(x, n->args[0], true);
		if (x->is_trial && is_literal(value)) {
			*n = *value;
			n->at = at;
		}
		return value->type;
	}
	x->is_comptime = true;
	infer_expr(x, n->args[0]);
	x->is_comptime = was_comptime;
	value = n->args[0];
	if (cast_is_unknown(value->type))
		return value->type;
	if (!is_literal(value))
		return infer_error(x, E_ARG_KIND, n->at, "Unable to evaluate at compile time.");
	*n = *value;
	n->at = at;
	return n->type;
}

bool infer_comptime_condition(struct infer *x, struct node *n, bool *ret_value)
{
	const struct node *value = n;

	if (x->is_final)
		infer_expr(x, n);
	else
		value = infer_trial(x, n->args[0], true);
	if (cast_is_unknown(value->type))
		return false;
	if (value->kind == NODE_INT) {
		*ret_value = value->number != 0;
		return true;
	}
	infer_error(x, E_TYPE_MISMATCH, n->at, "Invalid condition in if(): %s",
	            infer_type_text(x, value->type));
	return false;
}

bool infer_take_element(struct infer *x, struct node *n, const struct node *elem)
{
	struct span at = n->at;

	if (!x->is_comptime || !is_literal(elem))
		return false;
	*n = *elem;
	n->at = at;
	return true;
}

/* ---- questions about types ------------------------------------------------------------------ */

static bool is_of_kind(const struct type *t, const struct node *value, enum function_id id)
{
	switch (id) {
	case F_is_array:
		return t->kind == TYPE_ARRAY;
	case F_is_integer:
		return t->kind == TYPE_INT;
	case F_is_unsigned_integer:
		return t->kind == TYPE_INT && !t->is_signed;
	case F_is_literal:
		return is_literal(value);
	case F_is_ptr:
		return t->kind == TYPE_PTR;
	default:
		return t->kind == TYPE_STRING;
	}
}

const struct type *infer_type_test(struct infer *x, struct node *n)
{
	struct node *value;
	const struct type *t;

	if (n->args[0]->kind == NODE_TYPE) {
		value = n->args[0];
		t = infer_typeof(x, value, "");
	} else {
		value = infer_trial(x, n->args[0], false);
		t = value->type;
		if (cast_is_unknown(t) && x->is_final)
			infer_expr(x, n->args[0]); /* says why */
	}
	if (cast_is_unknown(t))
		return x->is_final ? t : type_bool();
	if (x->is_final || x->is_trial)
		infer_set_int(n, is_of_kind(cast_settled(t), value, n->function->id), type_bool());
	return type_bool();
}

/* ---- questions about this machine ------------------------------------------------------------ */

/* Of the type or value that the OFFSETOF n is about; unknown if there is none of that name. */
static const struct type *type_of_owner(struct infer *x, struct node *n)
{
	bool was_final = x->is_final;
	const struct type *t;

	if (!n->type_text)
		return infer_expr(x, n->args[0]);
	x->is_final = n->type_of && was_final; /* not to know a name is the answer */
	t = infer_type_name(x, n);
	x->is_final = was_final;
	return t;
}

static bool has_fields(struct infer *x, const struct type *t, const struct node *n)
{
	bool is_args = !n->type_text && infer_is_args(n->args[0]);

	for (const char *rest = n->name; *rest;) {
		size_t len_b = strcspn(rest, ".");
		const struct field *f = NULL;
		uint32_t off_b;

		t = infer_complete(x, t);
		if (t->kind == TYPE_STRUCT || t->kind == TYPE_UNION || t->kind == TYPE_RECORD)
			f = type_find_field(t, arena_strndup(x->a, rest, len_b), &off_b);
		if (!f || (is_args && infer_is_hidden(x, f)))
			return false;
		t = type_strip(f->type);
		is_args = false;
		rest += len_b + (rest[len_b] == '.');
	}
	return true;
}

const struct type *infer_has_field(struct infer *x, struct node *n)
{
	struct node *what = n->args[0];
	const struct type *t = type_of_owner(x, what);
	bool is_known = !cast_is_unknown(t);

	if (!is_known && (!what->type_text || what->type_of))
		return x->is_final ? t : type_bool();
	if (is_known) {
		t = type_strip(cast_settled(t));
		t = t->kind == TYPE_PTR ? type_strip(t->elem) : t;
	}
	if (x->is_final || x->is_trial)
		infer_set_int(n, is_known && has_fields(x, t, what), type_bool());
	return type_bool();
}

/* How long `{opt.NAME}` is here; 0: something else stands here. */
static size_t option_at(const char *s)
{
	size_t name_b = !strncmp(s, "{opt.", 5) ? strcspn(s + 5, "}:\"") : 0;

	return name_b && s[5 + name_b] == '}' ? name_b + 6 : 0;
}

/* `type:part:part`, as between probes; what stands in quotes is not split. */
static struct attach_point split_point(struct infer *x, const struct node *n)
{
	struct attach_point ap = {.at = n->at, .text = n->string};
	own_strbuf struct strbuf part = {0};
	vec(const char *) parts = {0};
	bool is_quoted = false;

	for (const char *s = n->string;; s++) {
		size_t option_b = option_at(s);

		if (option_b) {
			sb_addf(&part, "%c%.*s%c", OPTION_MARK, (int)option_b - 6, s + 5,
			        OPTION_MARK);
			ap.has_options = true;
			s += option_b - 1;
		} else if (*s == '"') {
			is_quoted = !is_quoted;
		} else if (*s && (*s != ':' || is_quoted)) {
			sb_addc(&part, *s);
		} else {
			vec_push(x->a, &parts, arena_strndup(x->a, sb_str(&part), part.n));
			sb_reset(&part);
			if (!*s)
				break;
		}
	}
	ap.parts = parts.items;
	ap.n_parts = (uint32_t)parts.n;
	return ap;
}

const struct type *infer_probe_exists(struct infer *x, struct node *n)
{
	bool (*may_attach)(enum probe_kind kind) = x->u->opts->target.may_attach;
	struct attach_point ap = split_point(x, n->args[0]);
	struct diag *d = x->u->diag;
	struct probe_context cx = x->cx;
	point_list points = {0};
	bool exists = false, is_good;

	x->u->diag = cx.diag = x->is_final ? d : diag_create(x->a); /* said once */
	cx.max_probes = 0;
	is_good = option_add_points(x->u, &ap, &points);
	vec_each (point, &points) {
		probe_targets targets = {0};

		is_good &= probe_find(&cx, point, &targets);
		vec_each (t, &targets)
			exists |= (!may_attach || may_attach(t->kind)) &&
			          (t->kind != PROBE_HARDWARE || probe_can_count(t));
	}
	x->u->diag = d;
	x->cx.cache = cx.cache;
	if (!is_good)
		return cast_unknown();
	infer_set_int(n, exists, type_bool());
	return n->type;
}

/* What stands in the format, filled with literals: %s and %d are all there is. */
static const char *fill_format(struct infer *x, const struct node *n)
{
	const char *f = n->args[0]->string;
	own_strbuf struct strbuf text = {0};
	uint32_t next = 1;

	for (; *f; f++) {
		const struct node *a = next < n->n_args ? n->args[next] : NULL;

		if (f[0] != '%' || (f[1] != '%' && !a)) {
			sb_addc(&text, *f);
			continue;
		}
		while (f[1] && !strchr("diuxps%", f[1]))
			f++;
		if (f[1])
			f++;
		if (*f == '%') {
			sb_addc(&text, '%');
			continue;
		}
		next++;
		if (a->kind == NODE_STRING)
			sb_adds(&text, a->string);
		else if (cast_is_signed(a->type))
			sb_addf(&text, "%lld", (long long)a->number);
		else
			sb_addf(&text, "%llu", (unsigned long long)a->number);
	}
	return arena_strndup(x->a, sb_str(&text), text.n);
}

const struct type *infer_fail(struct infer *x, struct node *n)
{
	if (!x->is_final)
		return type_none();
	for (uint32_t i = 1; i < n->n_args; i++)
		if (!is_literal(n->args[i]))
			return infer_error(x, E_ARG_KIND, n->args[i]->at,
			                   "fail() expects literals (%s provided)",
			                   cast_kind_word(n->args[i]->type));
	return infer_error(x, E_ASSERTION, n->at, "%s", fill_format(x, n));
}
