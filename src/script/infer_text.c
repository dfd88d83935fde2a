/* Inference of calls that read, compare and make text (spec 7.1). */
#include <string.h>

#include "script/infer_rules.h"
#include "script/text_tables.h"

static const struct node *arg(const struct node *n, uint32_t i)
{
	return i < n->n_args ? n->args[i] : NULL;
}

static uint32_t max_strlen(const struct infer *x)
{
	return (uint32_t)x->config->max_strlen;
}

/* str(p [, n]): the parameter's own text, a literal as it is, or memory. */
const struct type *infer_result_str(struct infer *x, struct node *n)
{
	const struct node *from = n->args[0], *len = arg(n, 1);
	const struct type *t;
	uint64_t size_b = max_strlen(x);

	if (len && len->kind == NODE_INT && len->number < size_b)
		size_b = len->number ? len->number : 1;
	if ((from->is_param || from->kind == NODE_STRING) && from->string &&
	    (!len || len->kind == NODE_INT)) {
		uint32_t len_b = (uint32_t)strlen(from->string);

		if (len_b > size_b - 1)
			len_b = (uint32_t)size_b - 1;
		infer_set_string(x, n, from->string, len_b);
		return n->type;
	}
	t = from->type ? from->type : infer_value(x, &n->args[0]);
	if (cast_is_unknown(t))
		return t;
	if (t->kind == TYPE_STRING || t->kind == TYPE_ARRAY) {
		bool is_bytes = t->kind == TYPE_STRING || type_strip(t->elem)->size_b == 1;

		if (!is_bytes)
			return infer_error(x, E_ARG_KIND, from->at,
			                   "%s() expects an integer or a pointer type as first "
			                   "argument (%s provided)",
			                   n->name, infer_type_text(x, t));
		if (t->size_b && t->size_b < size_b)
			size_b = t->size_b;
	}
	return type_string(x->a, (uint32_t)size_b);
}

const struct type *infer_result_buf(struct infer *x, struct node *n)
{
	enum { LENGTH_B = 4 };
	const struct type *t = n->args[0]->type;
	uint64_t most_b = max_strlen(x) > LENGTH_B ? max_strlen(x) - LENGTH_B : 1, size_b = most_b;
	const struct node *len = arg(n, 1);

	if (len && len->kind == NODE_INT) {
		if (len->number > most_b)
			infer_warn(x, E_LIMIT, len->at,
			           "buf() length is too long and will be shortened to %llu bytes "
			           "(see max_strlen)",
			           (unsigned long long)most_b);
		size_b = len->number;
	} else if (!len && t->kind == TYPE_ARRAY) {
		size_b = t->size_b;
	} else if (!len) {
		return infer_error(x, E_ARG_COUNT, n->at,
		                   "buf() expects a length argument for non-array type %s",
		                   infer_type_text(x, t));
	}
	return type_buffer(x->a, (uint32_t)(size_b < most_b ? size_b : most_b));
}

/* ---- length, capacity, comparing ---------------------------------------------------------------
 */

static bool is_characters(const struct type *t)
{
	t = type_strip(t);
	return t->kind == TYPE_INT && t->size_b == 1;
}

bool infer_c_string(struct infer *x, struct node *n, uint32_t i)
{
	const struct type *t = infer_value(x, &n->args[i]);
	struct node *at = n->args[i], *call;

	if (cast_is_unknown(t))
		return false;
	if (t->kind == TYPE_STRING)
		return true;
	if (t->kind == TYPE_ARRAY && t->n_elems && is_characters(t->elem)) {
		infer_convert(x, &n->args[i], type_string(x->a, t->n_elems));
		return true;
	}
	if (t->kind != TYPE_PTR || !is_characters(t->elem)) {
		infer_error(x, E_ARG_KIND, at->at,
		            "%s() only supports string arguments (%s provided)", n->name,
		            cast_kind_word(t));
		return false;
	}
	call = node_new(x->a, NODE_CALL, at->at);
	call->name = "str";
	call->args = arena_array(x->a, struct node *, 1);
	call->args[0] = at;
	call->n_args = 1;
	n->args[i] = call;
	return !cast_is_unknown(infer_value(x, &n->args[i]));
}

const struct type *infer_result_strlen(struct infer *x, struct node *n)
{
	const struct node *s = n->args[0];

	(void)x;
	if (s->kind == NODE_STRING) {
		infer_set_int(n, strlen(s->string), type_int(8, false));
		return n->type;
	}
	return type_int(8, false);
}

/* How many bytes the type has room for, NUL included. Known now; its widest form at the end. */
const struct type *infer_result_strcap(struct infer *x, struct node *n)
{
	if (x->is_final)
		infer_set_int(n, type_strip(n->args[0]->type)->size_b, type_int(8, true));
	return type_int(8, true);
}

/* Bytes of text that an argument may hold: an array of characters may be full, without a NUL. */
static uint32_t most_text(const struct node *n)
{
	bool is_converted = n->kind == NODE_CAST && n->is_implicit;
	bool is_array = type_strip(is_converted ? n->args[0]->type : n->type)->kind == TYPE_ARRAY;

	return type_strip(n->type)->size_b - !is_array;
}

const struct type *infer_result_str_concat(struct infer *x, struct node *n)
{
	const struct node *left = n->args[0], *right = n->args[1];
	uint32_t size_b = most_text(left) + most_text(right) + 1;

	if (left->kind == NODE_STRING && right->kind == NODE_STRING) {
		const char *both = arena_printf(x->a, "%s%s", left->string, right->string);

		infer_set_string(x, n, both, (uint32_t)strlen(both));
		return n->type;
	}
	return type_string(x->a, size_b < max_strlen(x) ? size_b : max_strlen(x));
}

/* Of what has a size, no more is compared than that. */
const struct type *infer_result_memcmp(struct infer *x, struct node *n)
{
	uint64_t n_bytes = n->args[2]->number;

	for (uint32_t i = 0; i < 2; i++) {
		const struct type *t = n->args[i]->type;
		bool is_address = t->kind == TYPE_PTR || cast_is_number(t);
		uint32_t most_b = is_address ? max_strlen(x) : t->size_b;

		if (n_bytes > most_b)
			return infer_error(x, E_LIMIT, n->args[2]->at,
			                   "memcmp() cannot compare %llu bytes of %s (at most %u)",
			                   (unsigned long long)n_bytes, infer_type_text(x, t),
			                   most_b);
	}
	return type_int(4, true);
}

/* ---- texts by number ------------------------------------------------------------------------- */

const struct type *infer_result_strerror(struct infer *x, struct node *n)
{
	(void)n;
	return type_string(x->a, text_tables[TEXT_ERRORS].stride_b);
}

const struct type *infer_result_signal_name(struct infer *x, struct node *n)
{
	(void)n;
	return type_string(x->a, text_tables[TEXT_SIGNALS].stride_b);
}

const struct type *infer_result_syscall_name(struct infer *x, struct node *n)
{
	(void)n;
	return type_string(x->a, text_tables[TEXT_SYSCALLS].stride_b);
}

const struct type *infer_result_timestamp(struct infer *x, struct node *n)
{
	(void)x;
	(void)n;
	return type_simple(TYPE_TIMESTAMP);
}
