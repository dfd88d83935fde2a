/* Tables: which columns there are, decided by options, and what each shows. */
#include "script/host_internal.h"

static void add_columns(struct hosting *h, const struct table_items *items, struct host_table *to)
{
	vec_each (it, items) {
		uint32_t value = host_expr(h, it->value);
		const struct host_constant *known;
		struct host_column c = {.header = it->header,
		                        .key = it->header ? host_key_of_header(h->a, it->header)
		                                          : NULL,
		                        .width = it->width,
		                        .precision = it->precision,
		                        .is_left = it->is_left,
		                        .is_hex = it->is_hex,
		                        .is_octal = it->is_octal,
		                        .is_glued = it->is_glued,
		                        .value = value};

		if (value == NO_HOST_OP)
			continue;
		if (it->header) {
			vec_push(h->a, &to->columns, c);
			continue;
		}
		known = host_constant_of(h, value);
		if (!known)
			host_error(h, it->value->at, E_TYPE_MISMATCH,
			           "Which columns there are has to be known when it is compiled");
		else
			add_columns(h, host_constant_is_true(known) ? &it->then : &it->otherwise,
			            to);
	}
}

void host_table(struct hosting *h, struct table *t)
{
	/* by number: the vector stays where it is, but the compiler of operations does not know */
	struct host_table *to = &h->out->tables.items[t->id];
	size_t errors = diag_errors(h->u->diag);

	h->row = t;
	h->is_handler = false;
	if (t->where)
		to->where = host_expr(h, t->where);
	add_columns(h, &t->columns, to);
	if (!to->columns.n && diag_errors(h->u->diag) == errors)
		host_error(h, t->at, E_SYNTAX, "Table %s has no columns", t->name);
	host_end_slots(h);
}
