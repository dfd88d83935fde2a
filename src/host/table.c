/* Tables: a header, and rows of the same columns; or the same rows as JSON or CSV. */
#include <string.h>

#include "base/json.h"
#include "host/internal.h"

enum { MOST_DEPTH = 16 };

enum host_rows host_rows_of(const struct host *h)
{
	if (h->code->rows == HOST_ROWS_TEXT && output_format_of(h->out) == OUTPUT_JSON)
		return HOST_ROWS_JSON;
	return h->code->rows;
}

/* ---- text ------------------------------------------------------------------------------------ */

static void add_cell(struct strbuf *out, const char *s, size_t n, const struct host_column *c,
                     bool is_last)
{
	if (!c->is_left && n < c->width)
		sb_pad(out, ' ', c->width - n);
	sb_add(out, s, n);
	if (c->is_left && n < c->width)
		sb_pad(out, ' ', c->width - n);
	if (!c->is_glued && !is_last)
		sb_addc(out, ' ');
}

/* Decimals are for numbers, where they are asked for; of text they are the most bytes. */
static void cell_text(struct host *h, struct value v, const struct host_column *c,
                      struct strbuf *out)
{
	if (value_is_number(v) && (c->is_hex || c->is_octal))
		sb_addf(out, c->is_hex ? "%llx" : "%llo", (unsigned long long)value_to_int(v));
	else if (value_is_number(v) && v.kind != VALUE_TYPED && c->precision >= 0)
		sb_addf(out, "%.*f", c->precision, value_to_float(v));
	else
		host_text(h, v, out);
	if (!value_is_number(v) && c->precision >= 0 && out->n > (size_t)c->precision) {
		out->n = (size_t)c->precision;
		out->s[out->n] = '\0';
	}
}

static void text_row(struct host *h, const struct host_table *t, struct strbuf *out)
{
	own_strbuf struct strbuf cell = {0};

	vec_each (c, &t->columns) {
		struct value v = host_eval(h, c->value);

		sb_reset(&cell);
		cell_text(h, v, c, &cell);
		add_cell(out, sb_str(&cell), cell.n, c, c == &vec_last(&t->columns));
		value_drop(v);
	}
	sb_addc(out, '\n');
}

/* `%Z` is the time zone. */
static void header_text(struct host *h, const struct host_column *c, struct strbuf *out)
{
	sb_reset(out);
	if (strstr(c->header, "%Z"))
		output_time_text(h->out, host_now_ns(), c->header, false, out);
	else
		sb_adds(out, c->header);
}

static void text_header(struct host *h, const struct host_table *t, struct strbuf *out)
{
	own_strbuf struct strbuf cell = {0};

	vec_each (c, &t->columns) {
		header_text(h, c, &cell);
		add_cell(out, sb_str(&cell), cell.n, c, c == &vec_last(&t->columns));
	}
	sb_addc(out, '\n');
}

/* ---- JSON ------------------------------------------------------------------------------------ */

void host_json_value(struct host *h, struct value v, int precision, struct strbuf *out)
{
	own_strbuf struct strbuf text = {0};

	switch (v.kind) {
	case VALUE_NONE:
		sb_adds(out, "null");
		return;
	case VALUE_INT:
	case VALUE_UINT:
		host_text(h, v, out);
		return;
	case VALUE_FLOAT:
		if (precision >= 0)
			sb_addf(out, "%.*f", precision, v.f);
		else
			sb_addf(out, "%.15g", v.f);
		return;
	case VALUE_LIST:
		sb_addc(out, '[');
		for (size_t i = 0; i < v.list->n; i++) {
			sb_adds(out, i ? ", " : "");
			host_json_value(h, v.list->items[i], precision, out);
		}
		sb_addc(out, ']');
		return;
	default:
		host_text(h, v, &text);
		json_add_string(out, sb_str(&text), text.n);
	}
}

/* With -f json rows are one more kind of what the stream holds; --json of a tool is rows only. */
static void json_row(struct host *h, const struct host_table *t, struct strbuf *out)
{
	bool is_stream = h->code->rows == HOST_ROWS_TEXT;

	if (is_stream)
		sb_addf(out, "{\"type\": \"row\", \"table\": \"%s\", \"data\": ", t->name);
	sb_addc(out, '{');
	vec_each (c, &t->columns) {
		struct value v = host_eval(h, c->value);

		sb_adds(out, c == t->columns.items ? "" : ", ");
		json_add_string(out, c->key, strlen(c->key));
		sb_adds(out, ": ");
		host_json_value(h, v, c->precision, out);
		value_drop(v);
	}
	sb_adds(out, is_stream ? "}}\n" : "}\n");
}

/* ---- CSV (RFC 4180, with LF) ----------------------------------------------------------------- */

void host_csv_cell(struct strbuf *out, const char *s, size_t n)
{
	if (!memchr(s, ',', n) && !memchr(s, '"', n) && !memchr(s, '\n', n)) {
		sb_add(out, s, n);
		return;
	}
	sb_addc(out, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"')
			sb_addc(out, '"');
		sb_addc(out, s[i]);
	}
	sb_addc(out, '"');
}

static void csv_row(struct host *h, const struct host_table *t, struct strbuf *out)
{
	own_strbuf struct strbuf cell = {0};

	vec_each (c, &t->columns) {
		struct value v = host_eval(h, c->value);

		sb_reset(&cell);
		cell_text(h, v, c, &cell);
		if (c != t->columns.items)
			sb_addc(out, ',');
		host_csv_cell(out, sb_str(&cell), cell.n);
		value_drop(v);
	}
	sb_addc(out, '\n');
}

static void csv_header(struct host *h, const struct host_table *t, struct strbuf *out)
{
	own_strbuf struct strbuf cell = {0};

	vec_each (c, &t->columns) {
		if (c != t->columns.items)
			sb_addc(out, ',');
		header_text(h, c, &cell);
		host_csv_cell(out, sb_str(&cell), cell.n);
	}
	sb_addc(out, '\n');
}

/* ---- emitting -------------------------------------------------------------------------------- */

/* Of CSV there is one header, however often one is asked for; of JSON none. */
void host_header(struct host *h, uint32_t table)
{
	const struct host_table *t = &h->code->tables.items[table];
	own_strbuf struct strbuf line = {0};

	switch (host_rows_of(h)) {
	case HOST_ROWS_TEXT:
		text_header(h, t, &line);
		break;
	case HOST_ROWS_CSV:
		if (!h->has_header[table])
			csv_header(h, t, &line);
		h->has_header[table] = true;
		break;
	default:
		return;
	}
	output_write(h->out, sb_str(&line), line.n);
}

void host_show_row(struct host *h)
{
	const struct host_table *t = &h->code->tables.items[h->row_table];
	struct value *outer = host_enter(h);
	own_strbuf struct strbuf line = {0};

	switch (host_rows_of(h)) {
	case HOST_ROWS_JSON:
		json_row(h, t, &line);
		break;
	case HOST_ROWS_CSV:
		csv_row(h, t, &line);
		break;
	default:
		text_row(h, t, &line);
	}
	host_leave(h, outer);
	output_write(h->out, sb_str(&line), line.n);
}

static bool row_counts(struct host *h, const struct host_table *t)
{
	struct value *outer;
	struct value v;
	bool counts;

	if (t->where == UINT32_MAX)
		return true;
	outer = host_enter(h);
	v = host_eval(h, t->where);
	counts = value_is_true(v);
	value_drop(v);
	host_leave(h, outer);
	return counts;
}

void host_emit_row(struct host *h, uint32_t table, const struct value *fields, uint32_t n)
{
	const struct host_table *t = &h->code->tables.items[table];
	const struct value *outer = h->row;
	uint32_t n_outer = h->n_row, outer_table = h->row_table;

	if (h->depth >= MOST_DEPTH)
		return; /* a handler that feeds its own table */
	h->depth++;
	h->row = fields;
	h->n_row = n;
	h->row_table = table;
	if (!row_counts(h, t))
		;
	else if (t->handler == UINT32_MAX)
		host_show_row(h);
	else
		host_run(h, h->code->handlers.items[t->handler].body);
	h->row = outer;
	h->n_row = n_outer;
	h->row_table = outer_table;
	h->depth--;
}
