/* The table as text, for a terminal or not, and as JSON. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "inspect/btf/out.h"
#include "inspect/names.h"
#include "inspect/source.h"
#include "inspect/top/top.h"

enum { NAME_COLUMNS_LEAST = 16, NAME_COLUMNS_MOST = 40 };

/* Columns of a text that has been made safe. */
static size_t columns_of(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

void add_line(struct strbuf *out, const char *text, int width)
{
	const char *end = text;

	for (int n = 0; *end; end++)
		if ((*end & 0xc0) != 0x80 && width && n++ == width)
			break;
	sb_add(out, text, (size_t)(end - text));
	sb_addc(out, '\n');
}

/* What would move a terminal's cursor becomes \xNN. */
static void add_safe(struct strbuf *out, const char *s)
{
	while (*s) {
		size_t b = shown_b((const unsigned char *)s);

		if (b)
			sb_add(out, s, b);
		else
			sb_addf(out, "\\x%02x", (unsigned char)*s);
		s += b ? b : 1;
	}
}

static void add_cell(struct strbuf *out, const char *s, size_t columns)
{
	own_strbuf struct strbuf text = {0};
	size_t n;

	add_safe(&text, s);
	n = columns_of(sb_str(&text));
	sb_adds(out, sb_str(&text));
	sb_pad(out, ' ', (n < columns ? columns - n : 0) + 2);
}

static double a_second(const struct top_table *t, uint64_t n)
{
	return t->ns ? 1e9 * (double)n / (double)t->ns : 0;
}

static double percent_of(const struct top_table *t)
{
	return stats_cpu_percent(&(struct prog_stats){.time_ns = t->time_ns}, t->ns);
}

void table_sum(const struct inspect *x, const struct top_table *t, int width, struct strbuf *out)
{
	own_strbuf struct strbuf line = {0};
	time_t at = (time_t)t->at_s;
	size_t n_ran = 0;
	char time[16];

	vec_each (r, &t->rows)
		n_ran += r->p.runs != 0;
	strftime(time, sizeof(time), "%T", localtime(&at));
	sb_addf(&line, "%s top  %s  %.2f%% CPU  %.1f runs/s  %zu ran of %zu loaded  %.1f s",
	        x->program, time, percent_of(t), a_second(t, t->runs), n_ran, t->all.n,
	        (double)t->ns / 1e9);
	add_line(out, sb_str(&line), width);
}

static const char *type_of(const struct top_row *r, char *number, size_t number_b)
{
	const char *type = prog_type_name(r->p.type);

	if (type)
		return type;
	snprintf(number, number_b, "type %u", r->p.type);
	return number;
}

static void add_row(const struct top_table *t, const struct top_row *r, size_t name_columns,
                    size_t type_columns, int width, struct strbuf *out)
{
	own_strbuf struct strbuf line = {0};
	char number[16];
	size_t end;

	sb_addf(&line, "%7.2f %11.1f %9llu %7u  ", stats_cpu_percent(&r->p, t->ns),
	        a_second(t, r->p.runs), (unsigned long long)stats_average_ns(&r->p), r->p.id);
	add_cell(&line, r->name, name_columns);
	add_cell(&line, type_of(r, number, sizeof(number)), type_columns);
	vec_each (h, &r->holders) {
		sb_adds(&line, h == r->holders.items ? "" : ", ");
		add_safe(&line, h->comm);
		sb_addf(&line, "(%d)", (int)h->pid);
	}
	for (end = line.n; end && line.s[end - 1] == ' ';)
		line.s[--end] = '\0';
	add_line(out, sb_str(&line), width);
}

/* The column by which rows are sorted is in brackets. */
static void add_heading(struct strbuf *out, const struct top_choice *c, size_t name_columns,
                        size_t type_columns, int width, bool is_terminal)
{
	static const char *const titles[SORT_N] = {"CPU%", "RUNS/S", "NS/RUN",
	                                           "ID",   "NAME",   "TYPE"};
	own_strbuf struct strbuf line = {0};
	char cells[SORT_N][16];

	for (int i = 0; i < SORT_N; i++)
		snprintf(cells[i], sizeof(cells[i]), (int)c->sort == i ? "[%s]" : "%s", titles[i]);
	sb_addf(&line, "%7s %11s %9s %7s  %-*s  %-*s  HOLDERS", cells[0], cells[1], cells[2],
	        cells[3], (int)name_columns, cells[4], (int)type_columns, cells[5]);
	if (is_terminal && (int)line.n < width)
		sb_pad(&line, ' ', (size_t)width - line.n);
	if (is_terminal)
		sb_adds(out, "\033[7m");
	add_line(out, sb_str(&line), width);
	if (is_terminal) {
		out->s[--out->n] = '\0';
		sb_adds(out, "\033[m\n");
	}
}

void table_lines(const struct top_table *t, const struct top_choice *c, int width, size_t first,
                 size_t n_most, bool is_terminal, struct strbuf *out)
{
	size_t name_columns = NAME_COLUMNS_LEAST, type_columns = 6, n = 0;

	vec_each (r, &t->rows) {
		own_strbuf struct strbuf name = {0};
		char number[16];

		add_safe(&name, r->name);
		n = columns_of(sb_str(&name));
		if (n > name_columns)
			name_columns = n;
		n = strlen(type_of(r, number, sizeof(number)));
		if (n > type_columns)
			type_columns = n;
	}
	if (name_columns > NAME_COLUMNS_MOST)
		name_columns = NAME_COLUMNS_MOST;
	add_heading(out, c, name_columns, type_columns, width, is_terminal);
	for (size_t i = first; i < t->rows.n && i - first < n_most; i++)
		add_row(t, &t->rows.items[i], name_columns, type_columns, width, out);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_rate(struct inspect *x, const char *name, double n)
{
	json_key(&x->json, name);
	json_hundredths(&x->json, n);
}

static void put_counts(struct inspect *x, const struct top_table *t, const struct prog_stats *p)
{
	struct json_writer *j = &x->json;

	json_member_uint(j, "run_cnt", p->runs);
	json_member_uint(j, "run_time_ns", p->time_ns);
	json_member_uint(j, "average_ns", stats_average_ns(p));
	put_rate(x, "runs_per_second", a_second(t, p->runs));
	put_rate(x, "cpu_percent", stats_cpu_percent(p, t->ns));
}

void table_json(struct inspect *x, const struct top_table *t)
{
	struct json_writer *j = &x->json;

	json_open(j, '{');
	json_member_uint(j, "time_ms", (uint64_t)(t->at_s * 1000));
	json_member_uint(j, "duration_ns", t->ns);
	json_member_uint(j, "loaded", t->all.n);
	put_counts(x, t, &(struct prog_stats){.runs = t->runs, .time_ns = t->time_ns});
	json_key(j, "programs");
	json_open(j, '[');
	vec_each (r, &t->rows) {
		json_open(j, '{');
		show_identity(x, r->p.id, prog_type_name(r->p.type), r->p.type, r->name);
		put_counts(x, t, &r->p);
		if (!source_session()) {
			json_key(j, "pids");
			json_open(j, '[');
			vec_each (h, &r->holders) {
				json_open(j, '{');
				json_member_uint(j, "pid", (uint64_t)h->pid);
				json_member_string(j, "comm", h->comm);
				json_close(j, '}');
			}
			json_close(j, ']');
		}
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}
