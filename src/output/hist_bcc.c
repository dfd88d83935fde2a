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

/* Counts by slot, divided; the highest slot that is not empty, 0 if all are. */
static unsigned fill_slots(const struct type *t, const unsigned char *buckets, uint64_t div,
                           uint64_t slots[SLOTS])
{
	uint32_t n = image_hist_buckets(t);
	unsigned last = 0;

	for (uint32_t i = 1; i < n; i++) /* bucket 0 is below zero, where BCC counts nothing */
		slots[slot_of((uint64_t)hist_low(t, i))] += load_u64(buckets + 8 * (size_t)i);
	for (unsigned s = 1; s < SLOTS; s++) {
		slots[s] /= div;
		last = slots[s] ? s : last;
	}
	return last;
}

static uint64_t slot_low(unsigned s)
{
	return s == 1 ? 0 : 1ull << (s - 1);
}

static uint64_t slot_high(unsigned s)
{
	return s == 64 ? UINT64_MAX : (1ull << s) - 1;
}

static void add_log2(const struct type *t, const unsigned char *buckets, const char *label,
                     uint64_t div, struct strbuf *out)
{
	uint64_t slots[SLOTS] = {0}, most = 0;
	unsigned last = fill_slots(t, buckets, div, slots);

	if (!last)
		return;
	for (unsigned s = 1; s <= last; s++)
		most = slots[s] > most ? slots[s] : most;
	if (last < WIDE_FROM)
		sb_addf(out, "     %-19s : count     distribution\n", label);
	else
		sb_addf(out, "               %-29s : count     distribution\n", label);
	for (unsigned s = 1; s <= last; s++) {
		unsigned long long low = slot_low(s), high = slot_high(s), count = slots[s];

		if (last < WIDE_FROM)
			sb_addf(out, "%10llu -> %-10llu : %-8llu ", low, high, count);
		else
			sb_addf(out, "%20llu -> %-20llu : %-8llu ", low, high, count);
		add_bar(out, slots[s], most, last < WIDE_FROM ? 40 : 20);
	}
}

/* lhist(n, 0, most, 1): the bucket of the highest value that was there, 0 if none was. */
static uint32_t last_linear(const struct type *t, const unsigned char *buckets, uint64_t div)
{
	uint32_t n = image_hist_buckets(t), last = 0;

	n = n > LINEAR_MOST + 1 ? LINEAR_MOST + 1 : n;
	for (uint32_t i = 1; i < n; i++)
		last = load_u64(buckets + 8 * (size_t)i) / div ? i : last;
	return last;
}

static int64_t linear_low(const struct type *t, uint32_t bucket)
{
	return t->lhist_min + (int64_t)(bucket - 1) * t->lhist_step;
}

static void add_linear(const struct type *t, const unsigned char *buckets, const char *label,
                       uint64_t div, struct strbuf *out)
{
	uint32_t last = last_linear(t, buckets, div);
	uint64_t most = 0;

	if (!last)
		return;
	for (uint32_t i = 1; i <= last; i++) {
		uint64_t count = load_u64(buckets + 8 * (size_t)i) / div;

		most = count > most ? count : most;
	}
	sb_addf(out, "     %-13s : count     distribution\n", label);
	for (uint32_t i = 1; i <= last; i++) {
		uint64_t count = load_u64(buckets + 8 * (size_t)i) / div;

		sb_addf(out, "        %-10lld : %-8llu ", (long long)linear_low(t, i),
		        (unsigned long long)count);
		add_bar(out, count, most, 40);
	}
}

void output_hist_rows(const struct type *t, const void *bytes, uint64_t div,
                      void (*fn)(void *arg, const struct hist_row *row), void *arg)
{
	const unsigned char *buckets = bytes;

	t = type_strip(t);
	div = div ? div : 1;
	if (t->kind == TYPE_HIST) {
		uint64_t slots[SLOTS] = {0};
		unsigned last = fill_slots(t, buckets, div, slots);

		for (unsigned s = 1; s <= last; s++)
			fn(arg, &(struct hist_row){(int64_t)slot_low(s), slot_high(s), slots[s]});
	} else if (t->kind == TYPE_LHIST) {
		uint32_t last = last_linear(t, buckets, div);

		for (uint32_t i = 1; i <= last; i++) {
			int64_t low = linear_low(t, i);

			fn(arg, &(struct hist_row){low, (uint64_t)(low + t->lhist_step - 1),
			                           load_u64(buckets + 8 * (size_t)i) / div});
		}
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
