/* profile and interval: programs run by the clock.
 *
 * Input: `profile:hz:99`, `interval:s:1`, `interval:250ms`, `profile:1000000` (nanoseconds).
 * Output: a period in nanoseconds, or a frequency for hz. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/wildcard.h"
#include "probe/provider.h"

enum { SHORTEST_NS = 1000 };

struct unit {
	const char *name;
	uint64_t ns; /* 0: a frequency */
};

/* What may stand as a part of its own, in listing order. */
static const struct unit units[] = {{"hz", 0}, {"ms", 1000000}, {"s", 1000000000}, {"us", 1000}};
/* What may stand behind the digits of a duration. */
static const struct unit suffixes[] = {
    {"", 1},
    {"ns", 1},
    {"us", 1000},
    {"ms", 1000000},
    {"s", 1000000000},
    {"m", 60 * 1000000000ull},
    {"h", 3600 * 1000000000ull},
    {"d", 24 * 3600 * 1000000000ull},
};

static bool bad_number(struct probe_context *cx, const struct attach_point *ap,
                       enum probe_kind kind)
{
	diag_error(cx->diag, E_PROBE_PARTS, ap->at, "%s frequency should be a positive integer",
	           probe_kind_name(kind));
	return false;
}

static bool bad_unit(struct probe_context *cx, const struct attach_point *ap, const char *unit)
{
	diag_error(cx->diag, E_PROBE_PARTS, ap->at, "%s is not an accepted unit of time", unit);
	diag_hint(cx->diag, "units are hz, s, ms and us");
	return false;
}

/* DIGITS[SUFFIX] */
static bool parse_duration(struct probe_context *cx, const struct attach_point *ap,
                           enum probe_kind kind, struct probe_target *t)
{
	const char *text = ap->parts[1];
	size_t digits = strspn(text, "0123456789_");
	uint64_t n = 0;

	if (!digits)
		return bad_number(cx, ap, kind);
	for (size_t i = 0; i < digits; i++)
		if (text[i] != '_' && (__builtin_mul_overflow(n, 10ull, &n) ||
		                       __builtin_add_overflow(n, (uint64_t)(text[i] - '0'), &n)))
			return bad_number(cx, ap, kind);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		if (strcmp(suffixes[i].name, text + digits))
			continue;
		if (!n || __builtin_mul_overflow(n, suffixes[i].ns, &t->period) ||
		    t->period > INT64_MAX)
			return bad_number(cx, ap, kind);
		return true;
	}
	return bad_unit(cx, ap, text + digits);
}

static bool expand_timer(struct probe_context *cx, const struct attach_point *ap,
                         enum probe_kind kind, probe_targets *out)
{
	struct probe_target t = {0}, *added;
	uint64_t n;

	if (ap->n_parts == 2) {
		if (!parse_duration(cx, ap, kind, &t))
			return false;
	} else {
		const struct unit *unit = NULL;

		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
			if (!strcmp(units[i].name, ap->parts[1]))
				unit = &units[i];
		if (!unit)
			return bad_unit(cx, ap, ap->parts[1]);
		if (!parse_number(ap->parts[2], &n) || !n)
			return bad_number(cx, ap, kind);
		t.is_frequency = !unit->ns;
		t.period = n;
		if (unit->ns &&
		    (__builtin_mul_overflow(n, unit->ns, &t.period) || t.period > INT64_MAX))
			return bad_number(cx, ap, kind);
	}
	if (!t.is_frequency && t.period < SHORTEST_NS) {
		diag_error(cx->diag, E_PROBE_PARTS, ap->at,
		           "%s period of %llu ns is too short (at least %d ns)",
		           probe_kind_name(kind), (unsigned long long)t.period, SHORTEST_NS);
		return false;
	}
	added = target_add(cx, out, kind);
	added->period = t.period;
	added->is_frequency = t.is_frequency;
	added->name =
	    arena_printf(cx->a, "%s:%s", probe_kind_name(kind), attach_point_rest(cx, ap));
	return true;
}

static void list_timers(struct listing *l)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!l->n_parts || wildcard_match(l->parts[0], units[i].name))
			sb_addf(l->out, "%s:%s:\n", probe_kind_name(l->kind), units[i].name);
}

const struct provider profile_provider = {
    .min_args = 1, .max_args = 2, .expand = expand_timer, .list = list_timers};
const struct provider interval_provider = {
    .min_args = 1, .max_args = 2, .expand = expand_timer, .list = list_timers};
