/* The readers of what processes say of themselves, /proc/PID/maps and /tmp/perf-PID.map, line by
 * line on any text, and the answers about what the second one holds.
 *
 * corpus: *.procmaps */
#include "fuzz.h"

#include <string.h>

#include "symbols/symbols_priv.h"

static void check_map(char *line)
{
	struct maps_line l;

	if (!maps_parse_line(line, &l))
		return;
	FUZZ_CHECK(l.end > l.start);
	FUZZ_CHECK(l.path >= line && strlen(l.path) < 1u << 20);
	FUZZ_CHECK(!l.is_deleted || l.path[0] == '/');
}

static void check_extents(struct extents *e, uint64_t address)
{
	const struct extent *inner = extents_find(e, address);
	const struct extent *latest = extents_find_latest(e, address);
	const struct extent *best_inner = NULL, *best_latest = NULL;

	vec_each (x, &e->list) {
		if (address < x->start || address >= x->end)
			continue;
		if (!best_inner || x->start > best_inner->start ||
		    (x->start == best_inner->start && x->age > best_inner->age))
			best_inner = x;
		if (!best_latest || x->age > best_latest->age)
			best_latest = x;
	}
	FUZZ_CHECK(inner == best_inner);
	FUZZ_CHECK(latest == best_latest);
}

void fuzz_one(const char *data, size_t len_b)
{
	char *text = strndup(data, len_b), *again = text ? strdup(text) : NULL;
	struct extents all = {0};
	char *save = NULL;

	if (!again)
		abort();
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		check_map(line);
	for (char *line = strtok_r(again, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct perf_map_line l;

		if (perf_map_parse_line(line, &l) && all.list.n < 300) {
			FUZZ_CHECK(l.end > l.start && *l.name);
			extents_add(&all, l.start, l.end, l.name);
		}
	}
	extents_finish(&all);
	vec_each (x, &all.list) {
		check_extents(&all, x->start);
		check_extents(&all, x->start - 1);
		check_extents(&all, x->end);
		check_extents(&all, x->end - 1);
	}
	extents_free(&all);
	free(text);
	free(again);
}
