/* Histograms: rows of text and JSON for hist (powers of two, each cut into 2^k sub-buckets) and
 * lhist (equal steps). Bucket numbering: spec part 7.4.
 *
 * A row's label and its JSON bounds come from the same two numbers, low and high, so both forms
 * are one walk from the first to the last non-empty bucket. The bounds of a hist reach 2^64, hence
 * the wide integer. */
#include "output/output.h"

#include <stdio.h>

#include "output/internal.h"

enum { BAR_WIDTH = 52 };

struct row {
	bool has_low, has_high; /* the outermost rows are open */
	bound low, high;        /* low <= n < high */
};

bound hist_low(const struct type *t, uint32_t bucket)
{
	unsigned k = t->hist_bits;
	uint32_t j = bucket - 1;

	if (j < 2u << k)
		return j;
	return (bound)((1u << k) + (j & ((1u << k) - 1))) << ((j >> k) - 1);
}

static struct row row_of(const struct type *t, uint32_t bucket)
{
	uint32_t last = image_hist_buckets(t) - 1;
	bound low;

	if (t->kind == TYPE_HIST) {
		if (bucket == 0)
			return (struct row){.has_high = true, .high = 0};
		return (struct row){true, true, hist_low(t, bucket), hist_low(t, bucket + 1)};
	}
	if (bucket == 0)
		return (struct row){.has_high = true, .high = t->lhist_min};
	if (bucket == last)
		return (struct row){.has_low = true, .low = t->lhist_max};
	low = t->lhist_min + (bound)(bucket - 1) * t->lhist_step;
	/* the last step may be cut short by max */
	return (struct row){true, true, low,
	                    low + t->lhist_step < t->lhist_max ? low + t->lhist_step
	                                                       : t->lhist_max};
}

/* `buf` holds at least 24 bytes. */
static const char *label_bound(const struct type *t, bound v, char *buf)
{
	static const char suffixes[] = "\0KMGTPE";
	int log = -(int)t->hist_bits, step;

	if (t->kind == TYPE_LHIST) {
		if (t->lhist_step % 1024 == 0 && v != 0 && v % (1024 * 1024) == 0)
			sprintf(buf, "%lldM", (long long)(v / (1024 * 1024)));
		else if (t->lhist_step % 1024 == 0 && v != 0 && v % 1024 == 0)
			sprintf(buf, "%lldK", (long long)(v / 1024));
		else
			sprintf(buf, "%lld", (long long)v);
		return buf;
	}
	for (bound rest = v; rest > 1; rest >>= 1)
		log++;
	step = log > 0 ? log / 10 : 0;
	sprintf(buf, "%lld%.1s", (long long)(v >> (10 * step)), &suffixes[step]);
	return buf;
}

static void label_row(const struct type *t, const struct row *r, bool is_compat, char *label,
                      size_t size_b)
{
	char low[24], high[24];

	if (!r->has_low)
		snprintf(label, size_b, "(..., %s)", label_bound(t, r->high, high));
	else if (!r->has_high)
		snprintf(label, size_b, "[%s, ...)", label_bound(t, r->low, low));
	else if (r->high - r->low == 1 && !(is_compat && t->kind == TYPE_LHIST))
		snprintf(label, size_b, "[%s]", label_bound(t, r->low, low));
	else
		snprintf(label, size_b, "[%s, %s)", label_bound(t, r->low, low),
		         label_bound(t, r->high, high));
}

/* The buckets to show, and the largest count in them. Returns false if all are empty. */
static bool find_range(const struct type *t, const unsigned char *buckets, uint32_t div,
                       uint32_t *ret_first, uint32_t *ret_last, uint64_t *ret_max)
{
	uint32_t n = image_hist_buckets(t);
	bool is_any = false;

	*ret_max = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t count = load_u64(buckets + 8 * (size_t)i);

		if (!count)
			continue;
		if (!is_any)
			*ret_first = i;
		*ret_last = i;
		is_any = true;
		if (count / div > *ret_max)
			*ret_max = count / div;
	}
	return is_any;
}

void hist_text(const struct output *o, const struct type *t, const void *bytes, uint32_t div,
               struct strbuf *out)
{
	uint32_t first, last;
	uint64_t max;

	if (!div)
		div = 1;
	if (!find_range(t, bytes, div, &first, &last, &max))
		return;
	for (uint32_t i = first; i <= last; i++) {
		uint64_t count = load_u64((const char *)bytes + 8 * (size_t)i) / div;
		struct row r = row_of(t, i);
		char label[64];
		size_t begin;
		int bar = max ? (int)(BAR_WIDTH * ((float)count / (float)max)) : 0;

		label_row(t, &r, o->opts.is_compat, label, sizeof(label));
		sb_addf(out, "%-16s%8llu |", label, (unsigned long long)count);
		begin = out->n;
		sb_pad(out, '@', (size_t)bar);
		sb_pad(out, ' ', BAR_WIDTH - (out->n - begin));
		sb_add(out, "|\n", 2);
	}
}

static void json_bound(struct strbuf *out, const char *key, bound v)
{
	sb_addf(out, "\"%s\": ", key);
	if (v < 0)
		text_add_i64(out, (int64_t)v);
	else
		text_add_u64(out, (uint64_t)v);
	sb_adds(out, ", ");
}

void hist_json(const struct output *o, const struct type *t, const void *bytes, uint32_t div,
               struct strbuf *out)
{
	uint32_t first, last;
	uint64_t max;

	(void)o;
	if (!div)
		div = 1;
	sb_addc(out, '[');
	if (find_range(t, bytes, div, &first, &last, &max)) {
		for (uint32_t i = first; i <= last; i++) {
			struct row r = row_of(t, i);

			sb_adds(out, i > first ? ",{" : "{");
			if (r.has_low)
				json_bound(out, "min", r.low);
			if (r.has_high)
				json_bound(out, "max", r.high - 1);
			sb_adds(out, "\"count\": ");
			text_add_u64(out, load_u64((const char *)bytes + 8 * (size_t)i) / div);
			sb_addc(out, '}');
		}
	}
	sb_addc(out, ']');
}

uint64_t hist_total(const struct type *t, const void *bytes)
{
	uint32_t n = image_hist_buckets(t);
	uint64_t total = 0;

	for (uint32_t i = 0; i < n; i++)
		total += load_u64((const char *)bytes + 8 * (size_t)i);
	return total;
}
