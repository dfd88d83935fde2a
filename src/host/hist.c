/* print_hist(): a histogram as text, JSON or CSV. */
#include <string.h>

#include "base/json.h"
#include "host/internal.h"

struct hist_rows {
	const char *section; /* CSV: the first cell and its comma, or "" */
	size_t n;
	struct strbuf *out;
};

static void add_json_row(void *arg, const struct hist_row *row)
{
	struct hist_rows *r = arg;

	sb_addf(r->out, "%s{\"interval-start\": %lld, \"interval-end\": %llu, \"count\": %llu}",
	        r->n++ ? ", " : "", (long long)row->low, (unsigned long long)row->high,
	        (unsigned long long)row->count);
}

static void add_csv_row(void *arg, const struct hist_row *row)
{
	struct hist_rows *r = arg;

	sb_addf(r->out, "%s%lld,%llu,%llu\n", r->section, (long long)row->low,
	        (unsigned long long)row->high, (unsigned long long)row->count);
}

/* With -f json it is one more kind of what the stream holds; --json of a tool is nothing else. */
static void add_json(struct host *h, const struct value *args, uint32_t n, uint64_t div,
                     const char *label, const char *name, struct strbuf *out)
{
	bool is_stream = h->code->rows == HOST_ROWS_TEXT;
	struct hist_rows r = {.out = out};

	sb_adds(out, is_stream ? "{\"type\": \"print_hist\", \"data\": " : "");
	sb_adds(out, "{\"ts\": \"");
	output_time_text(h->out, host_now_ns(), "%Y-%m-%d %H:%M:%S", false, out);
	sb_adds(out, "\", \"val_type\": ");
	json_add_string(out, label, strlen(label));
	if (n > 4) {
		sb_adds(out, ", ");
		json_add_string(out, name, strlen(name));
		sb_adds(out, ": ");
		host_json_value(h, args[4], -1, out);
	}
	sb_adds(out, ", \"data\": [");
	output_hist_rows(args[0].bytes->type, args[0].bytes->bytes, div, add_json_row, &r);
	sb_adds(out, is_stream ? "]}}\n" : "]}\n");
	if (!r.n)
		sb_reset(out);
}

static void add_csv(struct host *h, const struct value *args, uint32_t n, uint64_t div,
                    const char *name, struct strbuf *out)
{
	own_strbuf struct strbuf cell = {0}, section = {0};
	struct hist_rows r = {.out = out};

	if (n > 4) {
		host_text(h, args[4], &cell);
		host_csv_cell(&section, sb_str(&cell), cell.n);
		sb_addc(&section, ',');
	}
	if (!h->has_hist_header)
		sb_addf(out, "%s%slow,high,count\n", n > 4 ? name : "", n > 4 ? "," : "");
	h->has_hist_header = true;
	r.section = sb_str(&section);
	output_hist_rows(args[0].bytes->type, args[0].bytes->bytes, div, add_csv_row, &r);
}

static void add_text(struct host *h, const struct value *args, uint32_t n, uint64_t div,
                     const char *label, const char *name, struct strbuf *out)
{
	if (n > 4) {
		sb_addf(out, "\n%s = ", name);
		host_text(h, args[4], out);
		sb_addc(out, '\n');
	}
	output_hist_bcc(args[0].bytes->type, args[0].bytes->bytes, label, div, out);
}

struct value host_fn_print_hist(struct host *h, const struct value *args, uint32_t n)
{
	own_strbuf struct strbuf text = {0}, label = {0}, name = {0};
	int64_t given = n > 2 ? value_to_int(args[2]) : 1;
	uint64_t div = given > 0 ? (uint64_t)given : 1;

	if (args[0].kind != VALUE_TYPED)
		return value_none(); /* of a map that is empty */
	host_text(h, args[1], &label);
	if (n > 4)
		host_text(h, args[3], &name);
	if (host_rows_of(h) == HOST_ROWS_JSON)
		add_json(h, args, n, div, sb_str(&label), sb_str(&name), &text);
	else if (host_rows_of(h) == HOST_ROWS_CSV)
		add_csv(h, args, n, div, sb_str(&name), &text);
	else
		add_text(h, args, n, div, sb_str(&label), sb_str(&name), &text);
	output_write(h->out, sb_str(&text), text.n);
	return value_none();
}
