/* argdist: how values are distributed, as counts of each or as a histogram.
 *
 *   spec = point "(" signature ")" [ ":" types ":" expressions [ ":" filter ] ] [ "#" label ]
 *
 * At a function's return, $entry(parameter) is what the parameter was, and $latency how long the
 * call took: then a second probe remembers both per thread, which a function that calls itself
 * confuses.
 *
 * A report names the specification or its label, then has a row of the table `counts` for each
 * value, or a histogram. The options top and cumulative, if the script has them, choose how many
 * rows, and whether reports begin anew. */
#include <string.h>

#include "base/arena.h"
#include "script/option.h"
#include "script/spec.h"

enum { VALUES_MAX = 8 };

struct value_at {
	uint32_t from, to; /* tokens */
	struct spec_param type;
	struct span type_at;
};

struct argdist {
	struct spec *s;
	bool is_hist;
	struct value_at values[VALUES_MAX];
	uint32_t n;           /* 0: all calls */
	uint32_t filter, end; /* tokens; filter == end: none */
	bool is_result;       /* nothing was said: what the function returns */
};

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_types(struct argdist *g, uint32_t from, uint32_t to, uint32_t *ret_n)
{
	struct spec *s = g->s;
	struct span at = spec_span(s, from, to);

	for (*ret_n = 0;; (*ret_n)++) {
		uint32_t comma = spec_find(s, from, to, ",");
		struct value_at *v = &g->values[*ret_n];

		if (*ret_n == VALUES_MAX)
			return spec_error(s, at.begin, at.end, "More than %d values", VALUES_MAX);
		v->type = (struct spec_param){0};
		if (!spec_read_type(s, from, comma, &v->type))
			return false;
		at = v->type_at = spec_span(s, from, comma);
		if (v->type.name)
			return spec_error(s, at.begin, at.end, "syntax: expected a type");
		if (v->type.is_real)
			return spec_error(s, at.begin, at.end,
			                  "Values with a fraction cannot be read");
		if (v->type.is_text && g->is_hist)
			return spec_error(s, at.begin, at.end, "There is no histogram of text");
		if (comma == to)
			break;
		from = comma + 1;
	}
	++*ret_n;
	return true;
}

static bool read_values(struct argdist *g, uint32_t from, uint32_t to, uint32_t n_types)
{
	struct spec *s = g->s;
	struct span at = spec_span(s, from, to);

	for (;;) {
		uint32_t comma = spec_find(s, from, to, ",");

		if (g->n < n_types) {
			g->values[g->n].from = from;
			g->values[g->n].to = comma;
		}
		g->n++;
		if (comma == to)
			break;
		from = comma + 1;
	}
	if (g->n != n_types)
		return spec_error(s, at.begin, at.end,
		                  "Types and expressions are not as many: %u and %u", n_types,
		                  g->n);
	if (g->is_hist && g->n > 1)
		return spec_error(s, at.begin, at.end, "A histogram is of one expression");
	return true;
}

/* What stands behind the signature. */
static bool read_rest(struct argdist *g)
{
	struct spec *s = g->s;
	uint32_t n_types, types_end, values_end;

	g->end = g->filter = (uint32_t)s->tokens.n;
	if (s->next == g->end) {
		g->is_result = s->kind == SPEC_RETURN;
		if (g->is_hist && !g->is_result)
			return spec_error(s, s->point_at.begin, s->point_at.end,
			                  "A histogram needs an expression");
		return true;
	}
	if (!spec_is(s, s->next, ":"))
		return spec_error(s, s->tokens.items[s->next].begin, s->tokens.items[s->next].end,
		                  "syntax: expected ':'");
	types_end = spec_find(s, s->next + 1, g->end, ":");
	if (!read_types(g, s->next + 1, types_end, &n_types))
		return false;
	if (types_end == g->end) {
		struct span at = spec_span(s, g->end, g->end);

		return spec_error(s, at.begin, at.end, "syntax: expected ':' and an expression");
	}
	values_end = spec_find(s, types_end + 1, g->end, ":");
	g->filter = values_end < g->end ? values_end + 1 : g->end;
	return read_values(g, types_end + 1, values_end, n_types);
}

/* ---- probes ---------------------------------------------------------------------------------- */

static bool add_value(struct argdist *g, struct value_at *v, struct spec_text *t)
{
	if (v->type.is_text)
		return spec_add_expr(t, g->s, v->from, v->to, SPEC_TEXT);
	spec_add_from(t, g->s, v->type_at.begin, v->type_at.end, "(%s)(", v->type.type);
	if (!spec_add_expr(t, g->s, v->from, v->to, SPEC_VALUE))
		return false;
	spec_add(t, ")");
	return true;
}

/* @counts_1[...] = count(); or @hist_1 = hist(...); */
static bool add_statement(struct argdist *g, struct spec_text *t)
{
	spec_add(t, "@%s_%u", g->is_hist ? "hist" : "counts", g->s->number);
	spec_add(t, g->is_hist ? " = hist(" : g->n || g->is_result ? "[" : " = count(");
	if (g->is_result)
		spec_add_from(t, g->s, g->s->point_at.begin, g->s->point_at.end, "(int64)retval");
	for (uint32_t i = 0; i < g->n; i++) {
		spec_add(t, i ? ", " : "");
		if (!add_value(g, &g->values[i], t))
			return false;
	}
	spec_add(t, g->is_hist || !(g->n || g->is_result) ? ");" : "] = count();");
	return true;
}

/* The probe that remembers, and is there only if something is to be remembered. */
static void add_entry(const struct argdist *g, struct spec_text *t)
{
	const struct spec *s = g->s;

	spec_add_point(t, s, true);
	spec_add(t, "\n/spec_is_wanted()/\n{\n\t@entry_%u[tid] = (nsecs, ", s->number);
	vec_each (r, &s->remembered) {
		const struct spec_param *p = &s->params.items[*r];

		spec_add(t, "%s(uint64)", r == s->remembered.items ? "" : ", ");
		spec_add_argument(t, s, (uint32_t)p->number + 1, s->point_at.begin,
		                  s->point_at.end);
	}
	spec_add(t, "%s);\n}\n", s->remembered.n ? "" : "0");
}

static bool add_probes(struct argdist *g, struct spec_text *t)
{
	struct spec *s = g->s;
	struct spec_text filter = {.a = t->a}, statement = {.a = t->a};
	bool is_good = true, has_filter = g->filter < g->end || spec_is(s, g->filter - 1, ":");

	if (s->next == g->end)
		has_filter = false;
	if (has_filter)
		is_good = spec_add_expr(&filter, s, g->filter, g->end, SPEC_VALUE);
	is_good = is_good && add_statement(g, &statement);
	if (is_good && s->wants_entry)
		add_entry(g, t);
	spec_add_point(t, s, false);
	spec_add(t, "\n/spec_is_wanted()");
	if (s->wants_entry)
		spec_add(t, " && has_key(@entry_%u, tid)", s->number);
	else if (has_filter)
		spec_add(t, " && (");
	if (!s->wants_entry)
		spec_add_text(t, &filter);
	spec_add(t, "%s/\n{\n", has_filter && !s->wants_entry ? ")" : "");
	if (s->wants_entry) {
		spec_add(t,
		         "\t$entry = @entry_%u[tid];\n\t$latency = (uint64)(nsecs - $entry.0);\n"
		         "\tdelete(@entry_%u, tid);\n",
		         s->number, s->number);
		if (has_filter) {
			spec_add(t, "\tif (");
			spec_add_text(t, &filter);
			spec_add(t, ") {\n\t");
		}
	}
	spec_add(t, "\t");
	spec_add_text(t, &statement);
	spec_add(t, has_filter && s->wants_entry ? "\n\t}\n}\n" : "\n}\n");
	sb_free(&filter.out);
	sb_free(&statement.out);
	return is_good;
}

/* ---- the report ------------------------------------------------------------------------------ */

static void add_label(const struct spec *s, struct spec_text *t)
{
	if (s->label < s->len_b)
		spec_add_literal(t, s->text + s->label + 1, s->len_b - s->label - 1);
	else
		spec_add_literal(t, s->text, s->len_b);
}

/* The text of an expression, as it is in the specification. */
static void add_expr_name(const struct argdist *g, uint32_t i, struct strbuf *out)
{
	struct span at;

	if (g->is_result) {
		sb_adds(out, "retval");
		return;
	}
	at = spec_span(g->s, g->values[i].from, g->values[i].to);
	sb_add(out, g->s->text + at.begin, at.end - at.begin);
}

/* format("fd = %s, size = %s", $e.0.0, $e.0.1) */
static void add_event(const struct argdist *g, struct spec_text *t)
{
	own_strbuf struct strbuf format = {0};
	uint32_t n = g->is_result ? 1 : g->n;

	for (uint32_t i = 0; i < n; i++) {
		own_strbuf struct strbuf name = {0};

		add_expr_name(g, i, &name);
		sb_adds(&format, i ? ", " : "");
		for (size_t k = 0; k < name.n; k++)
			sb_addf(&format, name.s[k] == '%' ? "%%%%" : "%c", name.s[k]);
		sb_adds(&format, " = %s");
	}
	spec_add(t, "format(");
	spec_add_literal(t, sb_str(&format), format.n);
	for (uint32_t i = 0; i < n; i++)
		spec_add(t, n > 1 ? ", $e.0.%u" : ", $e.0", i);
	spec_add(t, ")");
}

static void add_counts(const struct argdist *g, const char *map, struct spec_text *t)
{
	const struct option *top = unit_find_option(g->s->u, "top");
	bool is_limited = top && top->is_given;

	spec_add(t, "\tbanner(\"%%s\\n\", ");
	add_label(g->s, t);
	spec_add(t, ");\n\theader(counts);\n");
	if (!g->n && !g->is_result) {
		spec_add(t, "\t$n = %s;\n\tif ($n > 0) { emit counts(spec=", map);
		add_label(g->s, t);
		spec_add(t, ", count=$n, event=\"total calls\"); }\n");
		return;
	}
	spec_add(t, "\tfor ($e : %ssort(sort(%s), $it.1)", is_limited ? "last(" : "", map);
	if (is_limited)
		spec_add(t, ", %lld)", (long long)top->number);
	spec_add(t, ") {\n\t\temit counts(spec=");
	add_label(g->s, t);
	spec_add(t, ", count=$e.1, event=");
	add_event(g, t);
	spec_add(t, ");\n\t}\n");
}

static bool is_option_given(const struct argdist *g, const char *name)
{
	const struct option *o = unit_find_option(g->s->u, name);

	return o && o->is_given;
}

/* Which one it is, programs have to be told in each. */
static void add_hist(const struct argdist *g, const char *map, struct spec_text *t)
{
	own_strbuf struct strbuf name = {0};

	if (g->s->label == g->s->len_b) {
		spec_add(t, "\tbanner(\"%%s\\n\", ");
		add_label(g->s, t);
		spec_add(t, ");\n");
	}
	spec_add(t, "\tprint_hist(%s, ", map);
	if (g->s->label < g->s->len_b) {
		add_label(g->s, t);
	} else {
		add_expr_name(g, 0, &name);
		spec_add_literal(t, sb_str(&name), name.n);
	}
	if (is_option_given(g, "json") || is_option_given(g, "csv")) {
		spec_add(t, ", 1, \"spec\", ");
		add_label(g->s, t);
	}
	spec_add(t, ");\n");
}

bool spec_argdist(struct spec *s, bool is_hist, struct spec_text *probes, struct spec_text *report)
{
	struct argdist g = {.s = s, .is_hist = is_hist};
	const char *map = arena_printf(probes->a, "@%s_%u", is_hist ? "hist" : "counts", s->number);

	if (!read_rest(&g) || !add_probes(&g, probes))
		return false;
	if (!is_option_given(&g, "cumulative"))
		map = arena_printf(probes->a, "take(%s)", map);
	if (is_hist)
		add_hist(&g, map, report);
	else
		add_counts(&g, map, report);
	return true;
}
