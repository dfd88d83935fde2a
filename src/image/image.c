/* Sizes of values as maps hold them. */
#include "image/image.h"

uint32_t image_hist_buckets(const struct type *t)
{
	if (t->kind == TYPE_HIST)
		return ((65 - t->hist_bits) << t->hist_bits) + 1;
	/* below min, the steps, max and above */
	return (uint32_t)((t->lhist_max - t->lhist_min + t->lhist_step - 1) / t->lhist_step) + 2;
}

uint32_t image_interval_size(const struct type *t)
{
	bool has_third = t->tseries_agg == TYPE_NONE || t->tseries_agg == TYPE_AVG;

	return has_third ? 24 : 16;
}

const char image_missing_hint[] =
    "a function can ask first: behind bpf_core_field_exists() and its kin it is not reached";

uint32_t image_frame_size(enum stack_mode mode)
{
	return mode == STACK_BUILD_ID ? (uint32_t)sizeof(struct bpf_stack_build_id) : 8;
}

uint32_t image_stack_size(const struct type *t)
{
	return (uint32_t)sizeof(struct image_stack) +
	       t->stack_depth * image_frame_size(t->stack_mode);
}

uint32_t image_value_size(const struct type *t)
{
	switch (t->kind) {
	case TYPE_COUNT:
	case TYPE_SUM:
		return 8;
	case TYPE_MIN:
	case TYPE_MAX:
	case TYPE_AVG:
	case TYPE_STATS:
		return 16;
	case TYPE_HIST:
	case TYPE_LHIST:
		return 8 * image_hist_buckets(t);
	case TYPE_TSERIES:
		return t->tseries_n * image_interval_size(t);
	default:
		return t->size_b;
	}
}
