/* `map hist`: counts in a map, drawn.
 *
 * There are two shapes. A map of numbers is one histogram: the key says which bucket, the value how
 * many. A map whose values have an array of numbers is one histogram for each entry, named by its
 * key, and the array's index says which bucket. Values of several CPUs are added up. */
#include <bpf/btf.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "inspect/map/data.h"
#include "inspect/map/entries.h"
#include "inspect/map/map.h"
#include "inspect/names.h"
#include "inspect/typed.h"

enum {
	BUCKETS_MOST = 1 << 16,
	POWERS = 64,    /* as many buckets hold every number of 64 bits */
	GAP_MOST = 256, /* so long a row of buckets is drawn with the empty ones in it */
	BAR = 40,
};

/* What a bucket holds: one number; those from 2^N on, 0 too in the first; what has the key. */
enum scale { SCALE_CHOSEN_BY_MAP, SCALE_LINEAR, SCALE_POWERS, SCALE_KEYS };

struct bucket {
	uint64_t number;
	const char *label; /* of SCALE_KEYS */
	uint64_t count;
};

struct histogram {
	const char *title; /* NULL: the map is the histogram */
	vec(struct bucket) buckets;
};

/* Where a value's numbers are. */
struct numbers {
	uint32_t off_b, size_b, n;
	bool is_array;
};

struct drawing {
	struct inspect *x;
	enum scale scale;
	struct numbers in;
	struct histogram whole;
	vec(struct histogram) each;
	bool is_too_large;
};

/* ---- the shape ------------------------------------------------------------------------------- */

static const struct btf_type *plain_type(const struct btf *btf, uint32_t id)
{
	return btf__type_by_id(btf, (uint32_t)btf__resolve_type(btf, id));
}

static bool is_size(int64_t size_b)
{
	return size_b == 1 || size_b == 2 || size_b == 4 || size_b == 8;
}

/* A number, or an array of them. */
static bool numbers_of_type(const struct btf *btf, uint32_t id, uint32_t off_b, struct numbers *ret)
{
	const struct btf_type *t = plain_type(btf, id), *element;

	if (t && btf_is_int(t) && is_size(t->size)) {
		*ret = (struct numbers){.off_b = off_b, .size_b = t->size, .n = 1};
		return true;
	}
	if (!t || !btf_is_array(t))
		return false;
	element = plain_type(btf, btf_array(t)->type);
	if (!element || !btf_is_int(element) || !is_size(element->size))
		return false;
	*ret = (struct numbers){
	    .off_b = off_b, .size_b = element->size, .n = btf_array(t)->nelems, .is_array = true};
	return true;
}

/* The member of that name; without one the first array of numbers, which bytes rarely are, or the
 * only member. */
static bool numbers_of_struct(const struct btf *btf, const struct btf_type *t, const char *name,
                              struct numbers *ret)
{
	const struct btf_member *m = btf_members(t);

	for (uint32_t i = 0; i < btf_vlen(t); i++) {
		if (btf_member_bitfield_size(t, i) ||
		    !numbers_of_type(btf, m[i].type, btf_member_bit_offset(t, i) / 8, ret))
			continue;
		if (name ? !strcmp(btf__name_by_offset(btf, m[i].name_off), name)
		         : (ret->is_array && ret->size_b > 1) || btf_vlen(t) == 1)
			return true;
	}
	return false;
}

static int find_numbers(struct drawing *d, const struct open_map *m, const char *member)
{
	const struct btf_type *t = m->btf ? plain_type(m->btf, m->value_type) : NULL;
	bool is_found = false;

	if (t && btf_is_composite(t))
		is_found = numbers_of_struct(m->btf, t, member, &d->in);
	else if (member)
		return inspect_error(d->x, "values have no members that are known here");
	else if (t)
		is_found = numbers_of_type(m->btf, m->value_type, 0, &d->in);
	else if (is_size(m->info.value_size))
		is_found = true, d->in = (struct numbers){.size_b = m->info.value_size, .n = 1};
	if (!is_found && member)
		return inspect_error(d->x, "no member '%s' is a number or an array of numbers",
		                     member);
	if (!is_found)
		return inspect_error(d->x,
		                     t ? "values hold no number that is found by itself: say "
		                         "'member NAME'"
		                       : "values are no numbers, and their type is not known");
	if ((uint64_t)d->in.off_b + (uint64_t)d->in.size_b * d->in.n > m->info.value_size)
		return inspect_error(d->x, "the type of values is larger than they are");
	if (d->in.n > BUCKETS_MOST)
		d->is_too_large = true;
	return 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static uint64_t number_at(const unsigned char *at, uint32_t size_b)
{
	uint64_t n = 0;

	memcpy(&n, at, size_b);
	return n;
}

static uint64_t count_of(const struct drawing *d, const struct open_map *m, uint32_t i)
{
	uint64_t sum = 0;

	for (uint32_t cpu = 0; cpu < m->n_cpus; cpu++)
		sum += number_at(m->value + (size_t)cpu * m->stride_b + d->in.off_b +
		                     (size_t)i * d->in.size_b,
		                 d->in.size_b);
	return sum;
}

/* By its type, as text or as a number, or its bytes. */
static const char *key_text(struct drawing *d, const struct open_map *m)
{
	own_strbuf struct strbuf s = {0};
	uint32_t size_b = m->info.key_size, len_b = 0;

	if (m->btf && m->key_type) {
		struct json_writer j;
		char *text = NULL;
		size_t text_b = 0;
		FILE *to = open_memstream(&text, &text_b);
		const char *label;

		if (!to)
			return "?";
		json_begin(&j, to, false);
		print_typed(&j, m->btf, m->key_type, m->key, true);
		json_end(&j);
		fclose(to);
		text_b = strcspn(text, "\n");
		label = *text == '"' && text_b > 1 ? arena_strndup(d->x->a, text + 1, text_b - 2)
		                                   : arena_strndup(d->x->a, text, text_b);
		free(text);
		return label;
	}
	if (is_size(size_b))
		return arena_printf(d->x->a, "%llu", (unsigned long long)number_at(m->key, size_b));
	while (len_b < size_b && isprint(m->key[len_b]))
		len_b++;
	if (len_b && len_b < size_b && !m->key[len_b])
		return arena_strndup(d->x->a, (const char *)m->key, len_b);
	for (uint32_t i = 0; i < size_b; i++)
		sb_addf(&s, "%s%02x", i ? " " : "", m->key[i]);
	return arena_strdup(d->x->a, sb_str(&s));
}

static int add(void *arg, struct open_map *m, int err)
{
	struct drawing *d = arg;
	struct histogram h = {0};

	if (err || d->is_too_large)
		return 0;
	if (d->in.is_array) {
		h.title = key_text(d, m);
		for (uint32_t i = 0; i < d->in.n; i++) {
			struct bucket b = {.number = i, .count = count_of(d, m, i)};

			if (b.count)
				vec_push(d->x->a, &h.buckets, b);
		}
		if (h.buckets.n)
			vec_push(d->x->a, &d->each, h);
		d->is_too_large = d->each.n > BUCKETS_MOST;
	} else {
		struct bucket b = {.count = count_of(d, m, 0)};

		if (d->scale == SCALE_KEYS)
			b.label = key_text(d, m);
		else
			b.number = number_at(m->key, m->info.key_size);
		if (b.count)
			vec_push(d->x->a, &d->whole.buckets, b);
		d->is_too_large = d->whole.buckets.n > BUCKETS_MOST;
	}
	return 0;
}

static int by_number(const void *left, const void *right)
{
	const struct bucket *a = left, *b = right;

	return (a->number > b->number) - (a->number < b->number);
}

static int by_count(const void *left, const void *right)
{
	const struct bucket *a = left, *b = right;

	return a->count != b->count ? (a->count < b->count) - (a->count > b->count)
	                            : strcmp(a->label, b->label);
}

/* ---- drawing --------------------------------------------------------------------------------- */

static void bounds(uint64_t power, uint64_t *ret_low, uint64_t *ret_high)
{
	*ret_low = power ? 1ull << power : 0;
	*ret_high = power >= POWERS - 1 ? UINT64_MAX : (2ull << power) - 1;
}

static void draw_bucket(struct drawing *d, const struct bucket *b, uint64_t most)
{
	unsigned width = most ? (unsigned)((double)b->count / (double)most * BAR + 0.5) : 0;
	static const char stars[BAR + 1] = "****************************************";
	char label[48];

	if (d->scale == SCALE_POWERS) {
		uint64_t low, high;

		bounds(b->number, &low, &high);
		snprintf(label, sizeof(label), "%llu -> %llu", (unsigned long long)low,
		         (unsigned long long)high);
	} else {
		snprintf(label, sizeof(label), "%llu", (unsigned long long)b->number);
	}
	printf("%23s : %-10llu |%-*.*s|\n", b->label ? plain_text(d->x, b->label) : label,
	       (unsigned long long)b->count, BAR, (int)width, stars);
}

static void draw(struct drawing *d, const struct histogram *h)
{
	uint64_t most = 0, next;

	vec_each (b, &h->buckets)
		most = b->count > most ? b->count : most;
	if (h->title)
		printf("\n%s\n", plain_text(d->x, h->title));
	printf("%23s : %-10s distribution\n", d->scale == SCALE_KEYS ? "key" : "value", "count");
	/* From 0 on, as people know these; other numbers from the first that is there. */
	next = d->scale == SCALE_POWERS ? 0 : h->buckets.items[0].number;
	vec_each (b, &h->buckets) {
		struct bucket empty = {.number = next};

		for (; d->scale != SCALE_KEYS && empty.number < b->number &&
		       b->number - next <= GAP_MOST;
		     empty.number++)
			draw_bucket(d, &empty, most);
		draw_bucket(d, b, most);
		next = b->number + 1;
	}
}

static void write_json(struct drawing *d, const struct histogram *h)
{
	struct json_writer *j = &d->x->json;

	json_open(j, '{');
	if (h->title)
		json_member_string(j, "key", h->title);
	json_key(j, "buckets");
	json_open(j, '[');
	vec_each (b, &h->buckets) {
		uint64_t low = b->number, high = b->number;

		if (d->scale == SCALE_POWERS)
			bounds(b->number, &low, &high);
		json_open(j, '{');
		if (b->label) {
			json_member_string(j, "key", b->label);
		} else {
			json_member_uint(j, "low", low);
			json_member_uint(j, "high", high);
		}
		json_member_uint(j, "count", b->count);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static int show(struct drawing *d, struct histogram *h)
{
	if (d->scale == SCALE_POWERS)
		vec_each (b, &h->buckets)
			if (b->number >= POWERS)
				return inspect_error(
				    d->x,
				    "bucket %llu: there are no such powers of two; "
				    "say 'linear'",
				    (unsigned long long)b->number);
	if (d->x->is_json)
		write_json(d, h);
	else if (h->buckets.n)
		draw(d, h);
	return 0;
}

static int hist(struct drawing *d, struct open_map *m, const char *member)
{
	bool is_array =
	    m->info.type == BPF_MAP_TYPE_ARRAY || m->info.type == BPF_MAP_TYPE_PERCPU_ARRAY;
	int status;

	if (!m->info.key_size || m->is_of_maps || m->is_of_progs)
		return inspect_error(d->x, "%s maps hold no counts", map_type_name(m->info.type));
	status = find_numbers(d, m, member);
	if (status)
		return status;
	if (d->scale == SCALE_CHOSEN_BY_MAP)
		d->scale = d->in.is_array ? d->in.n <= POWERS ? SCALE_POWERS : SCALE_LINEAR
		           : !is_array    ? SCALE_KEYS
		           : m->info.max_entries <= POWERS ? SCALE_POWERS
		                                           : SCALE_LINEAR;
	if (!d->in.is_array && d->scale != SCALE_KEYS && !is_size(m->info.key_size))
		return inspect_error(d->x, "keys are no numbers of buckets");
	status = map_each(m, add, d);
	if (status)
		return inspect_error(d->x, "can't read the map: %s", strerror(-status));
	if (d->is_too_large)
		return inspect_error(d->x, "more than %d buckets are too many to be drawn",
		                     BUCKETS_MOST);
	if (d->whole.buckets.n)
		qsort(d->whole.buckets.items, d->whole.buckets.n, sizeof(struct bucket),
		      d->scale == SCALE_KEYS ? by_count : by_number);
	if (d->x->is_json)
		json_open(&d->x->json, '[');
	if (!d->in.is_array)
		status = show(d, &d->whole);
	vec_each (h, &d->each)
		if (!status)
			status = show(d, h);
	if (d->x->is_json)
		json_close(&d->x->json, ']');
	else if (!status && !d->whole.buckets.n && !d->each.n)
		printf("All counts are 0\n");
	return status;
}

int map_hist(struct inspect *x, struct words *w)
{
	struct drawing d = {.x = x};
	const char *member = NULL;
	struct open_map m;
	int status = 0;

	if (w->n < 2)
		return inspect_say_usage(x, &map_object);
	if (!map_open(x, w, true, &m))
		return -1;
	while (w->n && !status) {
		const char *word = word_next(w);

		if (word_is(word, "log2"))
			d.scale = SCALE_POWERS;
		else if (word_is(word, "linear"))
			d.scale = SCALE_LINEAR;
		else if (word_is(word, "keys"))
			d.scale = SCALE_KEYS;
		else if (!word_is(word, "member"))
			status = inspect_error(
			    x, "expected 'log2', 'linear', 'keys' or 'member', got: '%s'?", word);
		else if (!words_need(x, w, 1))
			status = -1;
		else
			member = word_next(w);
	}
	if (!status)
		status = hist(&d, &m, member);
	map_close(&m);
	return status;
}
