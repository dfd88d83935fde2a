/* Inference of names: struct fields, array elements, bare identifiers, type names.
 *
 * `.` and `->` are one operator: a pointer to a struct is followed by itself. What a field access
 * leaves for lowering is the field and its offset from the outermost object, anonymous members
 * added up; whether memory lies in the kernel or in the process goes with the pointer types: a
 * pointer found in kernel memory points to kernel memory, unless its declaration says otherwise. */
#include <string.h>

#include "script/cast.h"
#include "script/infer_internal.h"

enum addr_space infer_default_space(const struct infer *x)
{
	switch (x->p->kind) {
	case PROBE_KPROBE:
	case PROBE_KRETPROBE:
	case PROBE_FENTRY:
	case PROBE_FEXIT:
	case PROBE_TRACEPOINT:
	case PROBE_RAWTRACEPOINT:
	case PROBE_ITER:
		return AS_KERNEL;
	case PROBE_UPROBE:
	case PROBE_URETPROBE:
	case PROBE_USDT:
		return AS_USER;
	default:
		return AS_NONE;
	}
}

/* What `args` points to is no kernel object itself, but its pointers are the traced function's. */
static enum addr_space args_space(const struct infer *x)
{
	switch (x->p->kind) {
	case PROBE_FENTRY:
	case PROBE_FEXIT:
	case PROBE_RAWTRACEPOINT:
		return AS_BTF;
	default:
		return infer_default_space(x);
	}
}

bool infer_is_args(const struct node *n)
{
	return n->kind == NODE_BUILTIN && n->builtin && n->builtin->id == B_args;
}

bool infer_is_hidden(const struct infer *x, const struct field *f)
{
	enum { OWN_B = 8 };

	return x->p->kind == PROBE_TRACEPOINT && f->off_b < OWN_B;
}

enum addr_space infer_space(struct infer *x, const struct node *n)
{
	for (;;) {
		const struct node *base;

		switch (n->kind) {
		case NODE_CAST:
			if (!n->is_implicit)
				return infer_default_space(x);
			n = n->args[0];
			continue;
		case NODE_FIELD:
		case NODE_INDEX:
		case NODE_UNARY:
			base = n->args[0];
			if (infer_is_args(base))
				return args_space(x);
			if (base->type->kind == TYPE_PTR)
				return base->type->as;
			n = base;
			continue;
		default:
			return infer_default_space(x);
		}
	}
}

const struct type *infer_complete(struct infer *x, const struct type *t)
{
	const struct type *whole;

	t = type_strip(t);
	if ((t->kind != TYPE_STRUCT && t->kind != TYPE_UNION) || !t->is_incomplete)
		return t;
	whole = types_complete(x->types, t);
	return whole ? whole : t;
}

/* A value of type t read from memory in `space`. */
static const struct type *loaded(struct infer *x, const struct type *t, enum addr_space space)
{
	t = infer_complete(x, t);
	if (t->kind != TYPE_PTR || t->as != AS_NONE)
		return t;
	if (space == AS_BTF) {
		const struct type *to = type_strip(t->elem);

		/* Only pointers to structs keep their type in the verifier's eyes. */
		if (to->kind != TYPE_STRUCT && to->kind != TYPE_UNION)
			space = AS_KERNEL;
	}
	return type_ptr(x->a, t->elem, space == AS_NONE ? infer_default_space(x) : space);
}

/* ---- fields --------------------------------------------------------------------------------- */

static void guess_field(struct diag_guess *g, const struct type *t, unsigned depth)
{
	enum { DEEPEST = 8 };

	for (uint32_t i = 0; i < t->n_fields && depth < DEEPEST; i++) {
		if (t->fields[i].name)
			diag_nearest(g, t->fields[i].name);
		else
			guess_field(g, type_strip(t->fields[i].type), depth + 1);
	}
}

static const struct type *no_field(struct infer *x, struct node *n, const struct type *t)
{
	struct diag_guess g = {.word = n->name};

	if (t->kind == TYPE_RECORD)
		infer_error(x, E_UNKNOWN_NAME, n->at, "Record does not contain a field named '%s'",
		            n->name);
	else if (infer_is_args(n->args[0]))
		infer_error(x, E_UNKNOWN_NAME, n->at, "args of %s has no field named '%s'",
		            x->p->targets.n ? x->p->targets.items[0].name : "", n->name);
	else
		infer_error(x, E_UNKNOWN_NAME, n->at,
		            "Struct/union of type '%s' does not contain a field named '%s'",
		            infer_type_text(x, t), n->name);
	if (!x->is_final)
		return cast_unknown();
	if (n->field) {
		n->field = NULL;
		infer_hint(
		    x, "the kernel keeps the start of its records to itself: use pid, tid, ...");
		return cast_unknown();
	}
	guess_field(&g, t, 0);
	if (g.best)
		infer_hint(x, "Did you mean '%s'?", g.best);
	return cast_unknown();
}

static const struct type *tuple_element(struct infer *x, struct node *n, const struct type *t,
                                        uint64_t number, bool is_negative)
{
	const struct type *elem;

	if (t->kind != TYPE_TUPLE)
		return infer_error(x, E_BAD_INDEX, n->at,
		                   "Can not access index '%llu' on expression of type '%s'",
		                   (unsigned long long)number, infer_type_text(x, t));
	if (is_negative || number >= t->n_fields)
		return infer_error(x, E_BAD_INDEX, n->at,
		                   "Invalid tuple index: %lld. Found %u elements in tuple.",
		                   (long long)number, t->n_fields);
	n->number = number;
	n->field = &t->fields[number];
	n->field_off_b = n->field->off_b;
	if (n->args[0]->kind == NODE_TUPLE && infer_take_element(x, n, n->args[0]->args[number]))
		return n->type;
	elem = cast_settled(n->field->type);
	if (elem->kind == TYPE_PTR && elem->as == AS_BTF)
		return type_ptr(x->a, elem->elem, AS_KERNEL); /* it has been in memory */
	return elem;
}

const struct type *infer_field(struct infer *x, struct node *n)
{
	const struct node *of = n->args[0];
	const struct type *base, *t;

	if (infer_is_option(x, n))
		return infer_option_value(x, n);
	if (n->name && of->kind == NODE_BUILTIN && of->builtin && of->builtin->id == B_config &&
	    infer_config_field(x, n))
		return infer_expr(x, n);
	base = t = infer_expr(x, n->args[0]);
	n->field = NULL;
	if (cast_is_unknown(base))
		return base;
	if (!n->name)
		return tuple_element(x, n, t, n->number, false);
	if (t->kind == TYPE_PTR)
		t = type_strip(t->elem);
	if (t->kind != TYPE_STRUCT && t->kind != TYPE_UNION && t->kind != TYPE_RECORD)
		return infer_error(x, E_BAD_OPERAND, n->at,
		                   "Can not access field '%s' on expression of type '%s'", n->name,
		                   infer_type_text(x, base));
	t = infer_complete(x, t);
	if (t->is_incomplete)
		return infer_error(x, E_UNKNOWN_NAME, n->at, "Unknown struct/union: '%s'",
		                   t->name ? t->name : "(anonymous)");
	n->field = type_find_field(t, n->name, &n->field_off_b);
	if (!n->field || (infer_is_args(of) && infer_is_hidden(x, n->field)))
		return no_field(x, n, t);
	if (t->kind == TYPE_RECORD) {
		const struct type *elem = cast_settled(n->field->type);

		if (n->args[0]->kind == NODE_TUPLE &&
		    infer_take_element(x, n, n->args[0]->args[n->field - t->fields]))
			return n->type;
		return elem->kind == TYPE_PTR && elem->as == AS_BTF
		           ? type_ptr(x->a, elem->elem, AS_KERNEL)
		           : elem;
	}
	t = loaded(x, n->field->type, infer_space(x, n));
	if (n->field->is_data_loc && t->kind == TYPE_ARRAY)
		t = type_ptr(x->a, t->elem, AS_KERNEL); /* the text stands in the record */
	return t;
}

/* ---- elements ------------------------------------------------------------------------------- */

static void become_field(struct node *n, uint64_t number)
{
	n->kind = NODE_FIELD;
	n->number = number;
	n->n_args = 1;
	n->name = NULL;
}

const struct type *infer_index(struct infer *x, struct node *n)
{
	const struct type *base = infer_expr(x, n->args[0]);
	const struct type *index = infer_value(x, &n->args[1]);
	const struct node *at = n->args[1];
	bool is_literal = at->kind == NODE_INT;
	bool is_negative = is_literal && cast_is_signed(at->type) && (int64_t)at->number < 0;
	const struct type *elem;

	if (cast_is_unknown(base))
		return base;
	if (base->kind == TYPE_TUPLE && is_literal) {
		uint64_t number = at->number;

		become_field(n, number);
		return tuple_element(x, n, base, number, is_negative);
	}
	if (infer_is_args(n->args[0]) ||
	    (base->kind != TYPE_PTR && base->kind != TYPE_ARRAY && base->kind != TYPE_STRING))
		return infer_error(x, E_BAD_INDEX, n->at,
		                   "The array index operator [] can only be used on arrays and "
		                   "pointers, found %s.",
		                   infer_is_args(n->args[0]) ? "record" : cast_kind_word(base));
	if (!cast_is_unknown(index) &&
	    (!cast_is_number(index) || is_negative ||
	     (cast_is_signed(index) && !cast_is_flexible(index) && !is_literal)))
		return infer_error(x, E_BAD_INDEX, n->args[1]->at,
		                   "The array index operator [] only accepts non-negative integer "
		                   "indices. Got: %s",
		                   infer_type_text(x, index));
	if (base->kind == TYPE_STRING) {
		if (is_literal && at->number >= base->size_b)
			return infer_error(x, E_BAD_INDEX, n->at,
			                   "the index %llu is out of bounds for array of size %u",
			                   (unsigned long long)at->number, base->size_b);
		return type_int(1, true);
	}
	elem = infer_complete(x, base->elem);
	if (elem->kind == TYPE_VOID)
		return infer_error(x, E_BAD_INDEX, n->at,
		                   "The array index operator [] cannot be used on a pointer to an "
		                   "unsized type (void *).");
	if (elem->is_incomplete)
		return infer_error(x, E_UNKNOWN_NAME, n->at, "Unknown struct/union: '%s'",
		                   elem->name ? elem->name : "(anonymous)");
	/* An array of no elements is a flexible one: nobody knows its bounds. */
	if (base->kind == TYPE_ARRAY && base->n_elems && is_literal && at->number >= base->n_elems)
		return infer_error(x, E_BAD_INDEX, n->at,
		                   "the index %llu is out of bounds for array of size %u",
		                   (unsigned long long)at->number, base->n_elems);
	return loaded(x, elem, infer_space(x, n) == AS_BTF ? AS_KERNEL : infer_space(x, n));
}

/* ---- bare identifiers ----------------------------------------------------------------------- */

const struct type *infer_ident(struct infer *x, struct node *n)
{
	const struct type *t;
	int64_t value;
	uint64_t number;
	struct diag_guess g = {.word = n->name};

	if (infer_define(x, n, n->name))
		return infer_expr(x, n);
	if (types_find_enumerator(x->types, n->name, &value, &t)) {
		infer_set_int(n, (uint64_t)value, type_strip(t));
		return infer_expr(x, n);
	}
	if (builtin_find(n->name, &number)) {
		n->kind = NODE_BUILTIN;
		n->number = number;
		return infer_expr(x, n);
	}
	infer_error(x, E_UNKNOWN_NAME, n->at, "Unknown identifier: '%s'", n->name);
	if (!strcmp(n->name, "opt")) {
		infer_hint(x, "opt.NAME is an option of the script: options = { NAME = ... }");
		return cast_unknown();
	}
	for (uint32_t i = 0; builtin_row(i); i++)
		diag_nearest(&g, builtin_row(i)->name);
	if (g.best)
		infer_hint(x, "Did you mean '%s'?", g.best);
	return cast_unknown();
}

/* ---- type names ----------------------------------------------------------------------------- */

const struct type *infer_type_name(struct infer *x, struct node *n)
{
	struct span at = n->type_at.source == n->at.source && n->type_at.end ? n->type_at : n->at;
	const struct type *t;
	const char *why;

	if (n->type_of)
		return infer_typeof(x, n->type_of, n->type_text);
	t = types_parse_name(x->types, n->type_text, strlen(n->type_text));
	if (!t) { /* old scripts leave `struct` out */
		const char *text = arena_printf(x->a, "struct %s", n->type_text);

		t = types_parse_name(x->types, text, strlen(text));
	}
	if (!t) {
		infer_error(x, E_UNKNOWN_NAME, at, "Cannot resolve unknown type \"%s\"",
		            n->type_text);
		why = x->p && x->p->targets.n ? probe_missing_types(&x->cx, x->p->targets.items)
		                              : NULL;
		if (why)
			infer_hint(x, "%s", why);
		return cast_unknown();
	}
	t = type_strip(t);
	if (t->kind == TYPE_STRING && !t->size_b)
		return type_string(x->a, (uint32_t)x->config->max_strlen);
	if (t->kind == TYPE_BUFFER && t->size_b <= 4)
		return type_buffer(
		    x->a, x->config->max_strlen > 4 ? (uint32_t)x->config->max_strlen - 4 : 1);
	return infer_complete(x, t);
}

/* sizeof(A), typeof(A) and the like: a word is taken for a type, and may be a constant. */
bool infer_word_is_value(struct infer *x, struct node *n)
{
	const char *word = n->type_text;
	struct node *value;

	if (!word || n->type_of ||
	    word[strspn(word, "abcdefghijklmnopqrstuvwxyz_0123456789"
	                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] ||
	    types_parse_name(x->types, word, strlen(word)))
		return false;
	value = node_new(x->a, NODE_IDENT, n->type_at);
	value->name = word;
	n->args = arena_array(x->a, struct node *, 3);
	n->args[0] = value;
	n->n_args = 1;
	n->type_text = NULL;
	return true;
}

/* Sizes are only final in the last pass; until then the node stays as it is. */
static const struct type *constant(struct infer *x, struct node *n, uint64_t value)
{
	if (x->is_final || x->is_trial)
		infer_set_int(n, value, type_int(8, false));
	return type_int(8, false);
}

const struct type *infer_sizeof(struct infer *x, struct node *n)
{
	const struct type *t;

	infer_word_is_value(x, n);
	t = n->type_text ? infer_type_name(x, n) : infer_expr(x, n->args[0]);
	if (!n->type_text && infer_is_args(n->args[0]) && t->kind == TYPE_PTR)
		t = type_strip(t->elem);

	if (cast_is_unknown(t))
		return x->is_final ? t : type_int(8, false);
	if (t->is_incomplete)
		return infer_error(x, E_UNKNOWN_NAME, n->at, "Unknown struct/union: '%s'",
		                   t->name ? t->name : "(anonymous)");
	return constant(x, n, t->size_b);
}

const struct type *infer_offsetof(struct infer *x, struct node *n)
{
	const struct type *t = n->type_text ? infer_type_name(x, n) : infer_expr(x, n->args[0]);
	const char *rest = n->name;
	uint64_t sum = 0;

	if (cast_is_unknown(t))
		return x->is_final ? t : type_int(8, false);
	if (t->kind == TYPE_PTR && !n->type_text)
		t = type_strip(t->elem);
	while (*rest) {
		size_t len_b = strcspn(rest, ".");
		const char *name = arena_strndup(x->a, rest, len_b);
		const struct field *f;
		uint32_t off_b = 0;

		t = infer_complete(x, t);
		f = t->kind == TYPE_STRUCT || t->kind == TYPE_UNION || t->kind == TYPE_RECORD
		        ? type_find_field(t, name, &off_b)
		        : NULL;
		if (!f)
			return infer_error(
			    x, E_UNKNOWN_NAME, n->at,
			    "Struct/union of type '%s' does not contain a field named '%s'",
			    infer_type_text(x, t), name);
		sum += off_b;
		t = type_strip(f->type);
		rest += len_b + (rest[len_b] == '.');
	}
	return constant(x, n, sum);
}
