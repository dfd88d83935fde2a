/* Types of aggregations (spec 7.4): what `@m = f(...)` keeps. Numbers that shape a map are
 * literals, so they are part of the type. */
#include <string.h>

#include "script/infer_internal.h"

const struct type *infer_result_agg(struct infer *x, struct node *n)
{
	static const enum type_kind kinds[F_N] = {
	    [F_count] = TYPE_COUNT, [F_sum] = TYPE_SUM, [F_avg] = TYPE_AVG,
	    [F_min] = TYPE_MIN,     [F_max] = TYPE_MAX, [F_stats] = TYPE_STATS,
	};
	bool is_signed = n->n_args && cast_is_signed(n->args[0]->type);

	return type_agg(x->a, kinds[n->function->id], is_signed);
}

const struct type *infer_result_hist(struct infer *x, struct node *n)
{
	enum { MOST_BITS = 5 };
	uint64_t bits = n->n_args > 1 ? n->args[1]->number : 0;

	if (bits > MOST_BITS)
		return infer_error(x, E_LIMIT, n->args[1]->at, "hist: bits %llu must be 0..%d",
		                   (unsigned long long)bits, MOST_BITS);
	return type_hist(x->a, (uint32_t)bits);
}

const struct type *infer_result_lhist(struct infer *x, struct node *n)
{
	enum { MOST_BUCKETS = 1000 };
	uint64_t min = n->args[1]->number, max = n->args[2]->number, step = n->args[3]->number;
	uint64_t n_buckets;

	if (!step)
		return infer_error(x, E_LIMIT, n->at, "lhist() step must be >= 1 (0 provided)");
	if (min >= max)
		return infer_error(x, E_LIMIT, n->at,
		                   "lhist() min must be less than max (provided min %llu and max "
		                   "%llu)",
		                   (unsigned long long)min, (unsigned long long)max);
	n_buckets = (max - min) / step;
	if (n_buckets > MOST_BUCKETS)
		return infer_error(x, E_LIMIT, n->at,
		                   "lhist() too many buckets, must be <= %d (would need %llu)",
		                   MOST_BUCKETS, (unsigned long long)n_buckets);
	if (max > INT64_MAX || step > INT64_MAX)
		return infer_error(x, E_LIMIT, n->at, "lhist() bounds must fit an int64");
	return type_lhist(x->a, (int64_t)min, (int64_t)max, (int64_t)step);
}

/* What one map may hold, in the per-CPU value it lies in. */
static bool check_tseries(struct infer *x, struct node *n, const struct type *t)
{
	enum { MOST_INTERVALS = 1000000, MOST_B = 32768 };
	uint64_t count = n->args[2]->number;

	if (!n->args[1]->number)
		infer_error(x, E_LIMIT, n->args[1]->at,
		            "tseries() interval_ns must be >= 1 (0 provided)");
	else if (!count || count > MOST_INTERVALS)
		infer_error(x, E_LIMIT, n->args[2]->at,
		            "tseries() num_intervals must be 1..%d (%llu provided)", MOST_INTERVALS,
		            (unsigned long long)count);
	else if (count > MOST_B / image_interval_size(t)) {
		infer_error(x, E_LIMIT, n->args[2]->at,
		            "%llu intervals do not fit a map value (at most %u)",
		            (unsigned long long)count, MOST_B / image_interval_size(t));
		infer_hint(x, "longer intervals cover the same time");
	} else {
		return true;
	}
	return false;
}

const struct type *infer_result_tseries(struct infer *x, struct node *n)
{
	static const struct {
		const char *name;
		enum type_kind kind;
	} kinds[] = {
	    {"avg", TYPE_AVG},
	    {"max", TYPE_MAX},
	    {"min", TYPE_MIN},
	    {"sum", TYPE_SUM},
	};
	enum type_kind kind = TYPE_NONE;
	const struct type *t;

	for (size_t i = 0; n->n_args > 3 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, n->args[3]->string))
			kind = kinds[i].kind;
	if (n->n_args > 3 && kind == TYPE_NONE) {
		infer_error(x, E_ARG_KIND, n->args[3]->at,
		            "Invalid tseries aggregation function: %s", n->args[3]->string);
		infer_hint(x, "one of avg, max, min, sum");
		return cast_unknown();
	}
	if (!infer_gate(x, n->at, "tseries", x->config->unstable_tseries, "unstable_tseries"))
		return cast_unknown();
	t = type_tseries(x->a, n->args[1]->number, (uint32_t)n->args[2]->number, kind,
	                 cast_is_signed(n->args[0]->type));
	return check_tseries(x, n, t) ? t : cast_unknown();
}
