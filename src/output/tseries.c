/* Time series (spec part 9.5): a ring of intervals as a graph that runs down the page, and as JSON.
 *
 * The ring's layout is in image/image.h. Intervals are counted on the boot clock; a row shows when
 * its interval began by the wall clock. A place of the ring that was not written for a whole round
 * holds an interval of a round before: it is left out. */
#include "output/output.h"

#include <stdio.h>
#include <time.h>

#include "output/internal.h"

enum { GRAPH_WIDTH = 53, INNER_WIDTH = GRAPH_WIDTH - 2, LOW_WIDTH = 21, NS_PER_S = 1000000000 };

typedef __int128 number;

/* The intervals that count: first <= k <= last. */
struct range {
	uint64_t first, last;
	number min, max;
};

static const unsigned char *place_of(const struct type *t, const unsigned char *bytes, uint64_t k)
{
	return bytes + (size_t)(k % t->tseries_n) * image_interval_size(t);
}

/* Has interval k a value? */
static bool find_value(const struct type *t, const unsigned char *bytes, uint64_t k, number *ret)
{
	const unsigned char *at = place_of(t, bytes, k);
	uint64_t value = load_u64(at + 8);

	if (load_u64(at) != k + 1)
		return false;
	if (t->tseries_agg == TYPE_AVG) {
		uint64_t n = load_u64(at + 16);

		n = n ? n : 1;
		*ret = t->is_signed ? (number)((int64_t)value / (int64_t)n) : (number)(value / n);
	} else {
		*ret = t->is_signed ? (number)(int64_t)value : (number)value;
	}
	return true;
}

/* Returns false if there are none. */
static bool find_range(const struct type *t, const unsigned char *bytes, struct range *ret)
{
	uint64_t newest = 0;
	bool is_any = false;

	for (uint32_t i = 0; i < t->tseries_n; i++) {
		uint64_t mark = load_u64(bytes + (size_t)i * image_interval_size(t));

		if (mark > newest)
			newest = mark;
	}
	if (!newest)
		return false;
	ret->last = newest - 1;
	for (uint64_t k = newest > t->tseries_n ? newest - t->tseries_n : 0; k <= ret->last; k++) {
		number v;

		if (!find_value(t, bytes, k, &v))
			continue;
		if (!is_any || v < ret->min)
			ret->min = v;
		if (!is_any || v > ret->max)
			ret->max = v;
		if (!is_any)
			ret->first = k;
		is_any = true;
	}
	return true;
}

bool tseries_is_empty(const struct type *t, const unsigned char *bytes)
{
	struct range r;

	return !find_range(t, bytes, &r);
}

/* ---- several CPUs ---------------------------------------------------------------------------- */

static void store_u64(unsigned char *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void merge_interval(const struct type *t, const unsigned char *from, unsigned char *to)
{
	uint64_t mine = load_u64(from + 8), known = load_u64(to + 8);
	bool is_less = t->is_signed ? (int64_t)mine < (int64_t)known : mine < known;

	switch (t->tseries_agg) {
	case TYPE_AVG:
		store_u64(to + 16, load_u64(to + 16) + load_u64(from + 16));
		/* fall through */
	case TYPE_SUM:
		store_u64(to + 8, known + mine);
		break;
	case TYPE_MIN:
	case TYPE_MAX:
		if (is_less == (t->tseries_agg == TYPE_MIN))
			store_u64(to + 8, mine);
		break;
	default: /* the last value of all CPUs */
		if (load_u64(from + 16) > load_u64(to + 16))
			memcpy(to + 8, from + 8, 16);
	}
}

void tseries_merge(const struct type *t, const unsigned char *bytes, unsigned char *ret)
{
	uint32_t size_b = image_interval_size(t);

	for (uint32_t i = 0; i < t->tseries_n; i++, bytes += size_b, ret += size_b) {
		uint64_t mine = load_u64(bytes), known = load_u64(ret);

		if (mine > known)
			memcpy(ret, bytes, size_b);
		else if (mine && mine == known)
			merge_interval(t, bytes, ret);
	}
}

/* ---- text ------------------------------------------------------------------------------------ */

static void add_number(struct strbuf *out, number v, int width, bool is_left)
{
	char text[32];

	/* a widened bound may be -1 or 2^64 */
	if (v < 0)
		snprintf(text, sizeof(text), "%lld", (long long)v);
	else if (v >> 64)
		snprintf(text, sizeof(text), "18446744073709551616");
	else
		snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	sb_addf(out, is_left ? "%-*s" : "%*s", width, text);
}

/* How a row's time is written: digits behind the second. */
static unsigned fraction_digits(const struct type *t)
{
	if (t->tseries_interval_ns >= NS_PER_S)
		return 0;
	return t->tseries_interval_ns >= 1000000 ? 3 : t->tseries_interval_ns >= 1000 ? 6 : 9;
}

static void add_time(struct output *o, const struct type *t, uint64_t k, struct strbuf *out)
{
	static const uint32_t units[] = {[3] = 1000000, [6] = 1000, [9] = 1};
	int64_t wall_ns = time_wall_ns(o, k * t->tseries_interval_ns);
	time_t seconds = wall_ns / NS_PER_S;
	unsigned digits = fraction_digits(t);
	struct tm tm = {0};

	localtime_r(&seconds, &tm);
	sb_addf(out, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (digits)
		sb_addf(out, ".%0*u", (int)digits, (uint32_t)(wall_ns % NS_PER_S) / units[digits]);
}

static void add_bounds(const struct range *r, unsigned indent, struct strbuf *out)
{
	sb_pad(out, ' ', indent);
	add_number(out, r->min, LOW_WIDTH, true);
	add_number(out, r->max, GRAPH_WIDTH - LOW_WIDTH, false);
	sb_addc(out, '\n');
}

static void add_frame(struct strbuf *out, char end)
{
	sb_addc(out, end);
	sb_pad(out, '_', INNER_WIDTH);
	sb_addc(out, end);
	sb_addc(out, '\n');
}

static unsigned column_of(const struct range *r, number v)
{
	return (unsigned)((GRAPH_WIDTH - 1) * (v - r->min) / (r->max - r->min));
}

static void add_row(const struct type *t, const unsigned char *bytes, const struct range *r,
                    uint64_t k, struct strbuf *out)
{
	char columns[GRAPH_WIDTH + 1];
	number v;
	bool is_there = find_value(t, bytes, k, &v);

	memset(columns, ' ', GRAPH_WIDTH);
	columns[0] = columns[GRAPH_WIDTH - 1] = '|';
	columns[GRAPH_WIDTH] = '\0';
	if (r->min < 0 && r->max > 0)
		columns[column_of(r, 0)] = '.';
	if (is_there)
		columns[column_of(r, v)] = '*';
	sb_addf(out, " %s ", columns);
	if (is_there)
		add_number(out, v, 0, true);
	else
		sb_addc(out, '-');
	sb_addc(out, '\n');
}

void tseries_text(struct output *o, const struct type *t, const unsigned char *bytes,
                  struct strbuf *out)
{
	/* the micro sign is two bytes and one column */
	static const char *const heads[] = {
	    "hh:mm:ss", [3] = "hh:mm:ss.ms", [6] = "hh:mm:ss.μs", [9] = "hh:mm:ss.ns"};
	enum { WHOLE_SECONDS = 8, WITH_UNIT = 11 };
	unsigned digits = fraction_digits(t),
	         time_width = WHOLE_SECONDS + (digits ? digits + 1 : 0);
	struct range r;

	if (!find_range(t, bytes, &r)) {
		sb_adds(out, "<no data>\n");
		return;
	}
	if (r.min == r.max) {
		r.min--;
		r.max++;
	}
	add_bounds(&r, time_width + 1, out);
	sb_adds(out, heads[digits]);
	sb_pad(out, ' ', time_width + 1 - (digits ? WITH_UNIT : WHOLE_SECONDS));
	add_frame(out, '|');
	for (uint64_t k = r.first; k <= r.last; k++) {
		add_time(o, t, k, out);
		add_row(t, bytes, &r, k, out);
	}
	sb_pad(out, ' ', time_width + 1);
	add_frame(out, 'v');
	add_bounds(&r, time_width + 1, out);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

void tseries_json(struct output *o, const struct type *t, const unsigned char *bytes,
                  struct strbuf *out)
{
	struct range r;
	bool is_any = find_range(t, bytes, &r), is_first = true;

	sb_addc(out, '[');
	for (uint64_t k = r.first; is_any && k <= r.last; k++) {
		int64_t wall_ns = time_wall_ns(o, k * t->tseries_interval_ns);
		time_t seconds = wall_ns / NS_PER_S;
		struct tm tm = {0};
		char text[32];
		number v;

		if (!find_value(t, bytes, k, &v))
			continue;
		gmtime_r(&seconds, &tm);
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
		sb_addf(out, "%s{\"interval_start\":\"%s.%09u\",\"value\":", is_first ? "" : ",",
		        text, (uint32_t)(wall_ns % NS_PER_S));
		add_number(out, v, 0, true);
		sb_addc(out, '}');
		is_first = false;
	}
	sb_addc(out, ']');
}
