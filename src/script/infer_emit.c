/* `emit table(field=value, ...)` in a probe: the fields that the table's columns or its host block
 * read, in the table's order; what nobody reads is not computed. */
#include <string.h>

#include "base/arena.h"
#include "script/infer_rules.h"

static const char *const nothing[] = {NULL};

/* Once per statement: arguments into the order of the table's fields. */
static bool bind_fields(struct infer *x, struct node *n)
{
	struct table *t = unit_find_table(x->u, n->name);
	struct node **args;
	bool is_good = true;
	uint32_t i = 0;

	if (!t) {
		infer_error(x, E_UNKNOWN_NAME, n->at, "There is no table named %s", n->name);
		return false;
	}
	args = arena_array(x->a, struct node *, t->fields.n + 1);
	vec_each (f, &t->fields) {
		args[i] = node_named(n, *f);
		if (!args[i]) {
			infer_error(x, E_ARG_COUNT, n->at, "Table %s needs the field %s", t->name,
			            *f);
			is_good = false;
		}
		i++;
	}
	if (!is_good)
		return false;
	t->is_emitted = true;
	n->table = t;
	n->args = args;
	n->n_args = i;
	n->names = i ? t->fields.items : nothing;
	return true;
}

/* format(): the record carries the arguments, user space makes the text of them. */
const struct type *infer_result_field_text(struct infer *x, struct node *n)
{
	if (x->field == n)
		return infer_result_format(x, n);
	infer_error(x, E_ARG_KIND, n->at, "format() is the value of a field of emit, and nothing else");
	infer_hint(x, "emit TABLE(text=format(\"%%d\", pid)), or printf()");
	return cast_unknown();
}

void infer_emit(struct infer *x, struct node *n)
{
	if (!n->table && !bind_fields(x, n))
		return;
	for (uint32_t i = 0; i < n->n_args; i++) {
		const struct type *t;

		x->field = n->args[i];
		t = infer_value(x, &n->args[i]);
		x->field = NULL;
		if (!cast_is_unknown(t) && t->kind == TYPE_NONE && !node_is_format(n->args[i]))
			infer_error(x, E_ARG_KIND, n->args[i]->at, "Field %s has no value",
			            n->table->fields.items[i]);
	}
}
