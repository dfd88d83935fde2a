/* Functions of numbers. */
#include <math.h>

#include "host/internal.h"

#define ONE_NUMBER(name, expression)                                                               \
	struct value host_fn_##name(struct host *h, const struct value *args, uint32_t n)          \
	{                                                                                          \
		struct value v = args[0];                                                          \
                                                                                                   \
		(void)h;                                                                           \
		(void)n;                                                                           \
		return expression;                                                                 \
	}

ONE_NUMBER(int, value_int(value_to_int(v)))
ONE_NUMBER(float, value_float(value_to_float(v)))
ONE_NUMBER(floor, v.kind == VALUE_FLOAT ? value_float(floor(v.f)) : value_keep(v))
ONE_NUMBER(round, v.kind == VALUE_FLOAT ? value_float(round(v.f)) : value_keep(v))
ONE_NUMBER(log2, value_float(value_to_float(v) > 0 ? log2(value_to_float(v)) : 0))
ONE_NUMBER(abs, v.kind == VALUE_FLOAT ? value_float(fabs(v.f))
                : value_to_int(v) < 0 ? value_int((int64_t)(0 - (uint64_t)value_to_int(v)))
                                      : value_keep(v))

/* Of the arguments, or of the one list. */
static struct value extreme(const struct value *args, uint32_t n, int sign)
{
	size_t count = n;
	struct value best = value_none();

	if (n == 1 && args[0].kind == VALUE_LIST) {
		count = args[0].list->n;
		args = args[0].list->items;
	}
	for (size_t i = 0; i < count; i++)
		if (!i || sign * value_compare(args[i], best) > 0)
			best = args[i];
	return value_keep(best);
}

struct value host_fn_min(struct host *h, const struct value *args, uint32_t n)
{
	(void)h;
	return extreme(args, n, -1);
}

struct value host_fn_max(struct host *h, const struct value *args, uint32_t n)
{
	(void)h;
	return extreme(args, n, 1);
}
