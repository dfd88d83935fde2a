/* Histograms as BCC's tools draw them: rows from the lowest value, bars of asterisks, a label
 * above.
 *
 * A row of powers of two is a slot: 1 holds 0 and 1, s >= 2 holds 2^(s-1) to 2^s - 1. Above slot 32
 * numbers are wide and bars half as long. */
#include "output/output.h"

#include "output/internal.h"

enum { SLOTS = 65, WIDE_FROM = 33, LINEAR_MOST = 1024 };

static void add_bar(struct strbuf *out, uint64_t count, uint64_t most, unsigned width)
{
	unsigned n = (unsigned)((double)width * (double)count / (double)most);

	sb_addc(out, '|');
	sb_pad(out, '*', n);
	sb_pad(out, ' ', width - n);
	sb_adds(out, "|\n");
}

static unsigned slot_of(uint64_t low)
{
	return low < 2 ? 1 : 64 - (unsigned)__builtin_clzll(low);
}

/* The lower bound of a bucket of hist (spec 7.4); 2^k buckets share a power of two. */
static uint64_t low_of(const struct type *t, uint32_t bucket)
{
	unsigned k = t->hist_bits;
	uint32_t j = bucket - 1;

	if (j < 2u << k)
		return j;
	return (uint64_t)((1u << k) + (j & ((1u << k) - 1))) << ((j >> k) - 1);
}

static void add_log2(const struct type *t, const unsigned char *buckets, const char *label,
                     uint64_t div, struct strbuf *out)
{
	uint64_t slots[SLOTS] = {0}, most = 0;
	uint32_t n = image_hist_buckets(t);
	unsigned last = 0;

	for (uint32_t i = 1; i < n; i++) /* bucket 0 is below zero, where BCC counts nothing */
		slots[slot_of(low_of(t, i))] += load_u64(buckets + 8 * (size_t)i);
	for (unsigned s = 1; s < SLOTS; s++) {
		slots[s] /= div;
		last = slots[s] ? s : last;
		most = slots[s] > most ? slots[s] : most;
	}
	if (!last)
		return;
	if (last < WIDE_FROM)
		sb_addf(out, "     %-19s : count     distribution\n", label);
	else
		sb_addf(out, "               %-29s : count     distribution\n", label);
	for (unsigned s = 1; s <= last; s++) {
		uint64_t low = s == 1 ? 0 : 1ull << (s - 1);
		uint64_t high = s == 64 ? UINT64_MAX : (1ull << s) - 1;

		if (last < WIDE_FROM)
			sb_addf(out, "%10llu -> %-10llu : %-8llu ", (unsigned long long)low,
			        (unsigned long long)high, (unsigned long long)slots[s]);
		else
			sb_addf(out, "%20llu -> %-20llu : %-8llu ", (unsigned long long)low,
			        (unsigned long long)high, (unsigned long long)slots[s]);
		add_bar(out, slots[s], most, last < WIDE_FROM ? 40 : 20);
	}
}

/* lhist(n, 0, most, 1): a row for each value up to the highest. */
static void add_linear(const struct type *t, const unsigned char *buckets, const char *label,
                       uint64_t div, struct strbuf *out)
{
	uint32_t n = image_hist_buckets(t), last = 0;
	uint64_t most = 0;

	n = n > LINEAR_MOST + 1 ? LINEAR_MOST + 1 : n;
	for (uint32_t i = 1; i < n; i++) {
		uint64_t count = load_u64(buckets + 8 * (size_t)i) / div;

		last = count ? i : last;
		most = count > most ? count : most;
	}
	if (!last)
		return;
	sb_addf(out, "     %-13s : count     distribution\n", label);
	for (uint32_t i = 1; i <= last; i++) {
		uint64_t count = load_u64(buckets + 8 * (size_t)i) / div;

		sb_addf(out, "        %-10lld : %-8llu ",
		        (long long)(t->lhist_min + (int64_t)(i - 1) * t->lhist_step),
		        (unsigned long long)count);
		add_bar(out, count, most, 40);
	}
}

void output_hist_bcc(const struct type *t, const void *bytes, const char *label, uint64_t div,
                     struct strbuf *out)
{
	t = type_strip(t);
	div = div ? div : 1;
	if (t->kind == TYPE_HIST)
		add_log2(t, bytes, label, div, out);
	else if (t->kind == TYPE_LHIST)
		add_linear(t, bytes, label, div, out);
}
