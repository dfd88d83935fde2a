/* One value from the values of all CPUs: how each aggregation folds. Layouts: image/image.h. */
#include "output/output.h"

#include "output/internal.h"

static void store_u64(void *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void add_words(const char *value, uint32_t n_words, char *ret)
{
	for (uint32_t i = 0; i < n_words; i++)
		store_u64(ret + 8 * i, load_u64(ret + 8 * i) + load_u64(value + 8 * i));
}

/* Keep the better of two (value, is_set) pairs. A CPU that saw nothing has is_set 0. */
static void keep_extreme(const struct type *t, const char *value, char *ret)
{
	uint64_t candidate = load_u64(value), best = load_u64(ret);
	bool is_less = t->is_signed ? (int64_t)candidate < (int64_t)best : candidate < best;

	if (!load_u64(value + 8))
		return;
	if (!load_u64(ret + 8) || (is_less == (t->kind == TYPE_MIN) && candidate != best)) {
		store_u64(ret, candidate);
		store_u64(ret + 8, 1);
	}
}

void output_reduce(const struct type *t, const void *values, uint32_t n_values, uint32_t stride_b,
                   void *ret)
{
	uint32_t size_b;

	t = type_strip(t);
	size_b = image_value_size(t);
	if (!type_is_agg(t)) { /* per-CPU storage of a plain value: the first CPU's */
		memcpy(ret, values, size_b);
		return;
	}
	memset(ret, 0, size_b);
	for (uint32_t i = 0; i < n_values; i++) {
		const char *value = (const char *)values + (size_t)i * stride_b;

		if (t->kind == TYPE_TSERIES)
			tseries_merge(t, (const unsigned char *)value, ret);
		else if (t->kind == TYPE_MIN || t->kind == TYPE_MAX)
			keep_extreme(t, value, ret);
		else
			add_words(value, size_b / 8, ret);
	}
}
