/* `map watch`: what changes in a map from one interval to the next. The last state is kept, so
 * there is a limit to how many entries can be watched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "inspect/ending.h"
#include "inspect/map/data.h"
#include "inspect/map/entries.h"
#include "inspect/map/map.h"
#include "inspect/typed.h"

enum { ENTRIES_MOST = 1 << 16 };

/* The entries at a moment, by their keys. */
struct state {
	struct arena *a;
	unsigned char *entries; /* key and value, one behind the other */
	const unsigned char **order;
	size_t n, room;
	uint32_t key_b, value_b;
	bool is_full;
};

static int keep(void *arg, struct open_map *m, int err)
{
	size_t entry_b = (size_t)m->info.key_size + m->value_b;
	struct state *s = arg;

	if (err)
		return 0;
	if (s->n == ENTRIES_MOST) {
		s->is_full = true;
		return -1;
	}
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		unsigned char *more = arena_alloc(s->a, room * entry_b);

		if (s->n)
			memcpy(more, s->entries, s->n * entry_b);
		s->entries = more;
		s->room = room;
	}
	memcpy(s->entries + s->n * entry_b, m->key, m->info.key_size);
	memcpy(s->entries + s->n * entry_b + m->info.key_size, m->value, m->value_b);
	s->n++;
	return 0;
}

static int compare(const void *left, const void *right, void *key_b)
{
	return memcmp(*(const unsigned char *const *)left, *(const unsigned char *const *)right,
	              *(uint32_t *)key_b);
}

static int read_state(struct state *s, struct open_map *m)
{
	size_t entry_b;
	int status;

	arena_reset(s->a);
	s->entries = NULL;
	s->n = s->room = 0;
	s->key_b = m->info.key_size;
	s->value_b = m->value_b;
	entry_b = (size_t)s->key_b + s->value_b;
	status = map_each(m, keep, s);
	s->order = arena_array(s->a, const unsigned char *, s->n + 1);
	for (size_t i = 0; i < s->n; i++)
		s->order[i] = s->entries + i * entry_b;
	if (s->n)
		qsort_r(s->order, s->n, sizeof(*s->order), compare, &s->key_b);
	return status;
}

/* ---- what is said ---------------------------------------------------------------------------- */

/* Of one CPU after the other, where a map is per CPU. */
static void values(struct json_writer *j, const struct open_map *m, const unsigned char *value,
                   bool is_typed)
{
	if (m->is_per_cpu)
		json_open(j, '[');
	for (uint32_t cpu = 0; cpu < m->n_cpus; cpu++)
		if (is_typed)
			print_typed(j, m->btf, m->value_type, value + (size_t)cpu * m->stride_b,
			            true);
		else
			json_bytes(j, value + (size_t)cpu * m->stride_b, m->info.value_size);
	if (m->is_per_cpu)
		json_close(j, ']');
}

/* As bytes, or by their types. `old` NULL: it is not a change. */
static void members(struct json_writer *j, const struct open_map *m, const unsigned char *key,
                    const unsigned char *old, const unsigned char *value, bool is_typed)
{
	json_key(j, "key");
	if (is_typed && m->key_type)
		print_typed(j, m->btf, m->key_type, key, true);
	else
		json_bytes(j, key, m->info.key_size);
	if (old) {
		json_key(j, "old");
		values(j, m, old, is_typed);
	}
	json_key(j, "value");
	values(j, m, value, is_typed);
}

static void hex(const struct open_map *m, const unsigned char *value)
{
	for (uint32_t cpu = 0; cpu < m->n_cpus; cpu++) {
		if (cpu)
			printf(" | ");
		for (uint32_t i = 0; i < m->info.value_size; i++)
			printf("%s%02x", i ? " " : "", value[(size_t)cpu * m->stride_b + i]);
	}
}

/* `sign`: + it is new, - it is gone, ~ it has another value. */
static void tell(struct inspect *x, const struct open_map *m, char sign, const unsigned char *key,
                 const unsigned char *old, const unsigned char *value)
{
	static const char *const words[] = {"added", "removed", "changed"};
	struct json_writer own, *j = &own;

	if (!x->is_json && !m->btf) {
		printf("%c key:", sign);
		for (uint32_t i = 0; i < m->info.key_size; i++)
			printf(" %02x", key[i]);
		printf("  value: ");
		if (old) {
			hex(m, old);
			printf(" -> ");
		}
		hex(m, value);
		printf("\n");
		return;
	}
	if (!x->is_json)
		printf("%c ", sign);
	json_begin(j, stdout, x->is_json && x->is_pretty);
	json_open(j, '{');
	if (x->is_json) {
		json_member_string(j, "change", words[sign == '+' ? 0 : sign == '-' ? 1 : 2]);
		members(j, m, key, old, value, false);
		if (m->btf) {
			json_key(j, "formatted");
			json_open(j, '{');
			members(j, m, key, old, value, true);
			json_close(j, '}');
		}
	} else {
		members(j, m, key, old, value, true);
	}
	json_close(j, '}');
	json_end(j);
}

/* Both are in the order of their keys. */
static void tell_changes(struct inspect *x, const struct open_map *m, const struct state *before,
                         const struct state *after)
{
	size_t i = 0, k = 0;

	while (i < before->n || k < after->n) {
		const unsigned char *was = i < before->n ? before->order[i] : NULL;
		const unsigned char *is = k < after->n ? after->order[k] : NULL;
		int order = !was ? 1 : !is ? -1 : memcmp(was, is, before->key_b);

		if (order < 0)
			tell(x, m, '-', was, NULL, was + before->key_b);
		else if (order > 0)
			tell(x, m, '+', is, NULL, is + after->key_b);
		else if (memcmp(was + before->key_b, is + after->key_b, after->value_b) != 0)
			tell(x, m, '~', is, was + before->key_b, is + after->key_b);
		i += order <= 0;
		k += order >= 0;
	}
	fflush(stdout);
}

static int watch(struct inspect *x, struct open_map *m, double interval_s)
{
	struct state states[2] = {{.a = arena_create()}, {.a = arena_create()}};
	struct ending ending;
	int status = ending_watch(&ending);
	bool is_ended = false;

	for (unsigned n = 0; !status && !is_ended; n++) {
		status = read_state(&states[n & 1], m);
		if (n && !status)
			tell_changes(x, m, &states[~n & 1], &states[n & 1]);
		is_ended =
		    status || ending_wait(&ending, -1, (int)(interval_s * 1000)) == WAITED_END;
	}
	if (states[0].is_full || states[1].is_full)
		status = inspect_error(x, "more than %d entries are too many to be watched",
		                       ENTRIES_MOST);
	else if (status)
		status = inspect_error(x, "can't read the map: %s", strerror(-status));
	ending_leave(&ending);
	arena_destroy(states[0].a);
	arena_destroy(states[1].a);
	return status;
}

int map_watch(struct inspect *x, struct words *w)
{
	double interval_s = 1;
	struct open_map m;
	int status = 0;
	char *end;

	if (w->n < 2)
		return inspect_say_usage(x, &map_object);
	if (!map_open(x, w, true, &m))
		return -1;
	if (w->n) {
		const char *word = word_next(w);

		interval_s = strtod(word, &end);
		if (*end || end == word || !(interval_s >= 0.01 && interval_s <= 86400))
			status = inspect_error(x, "can't parse %s as seconds", word);
		else if (w->n)
			status = inspect_error(x, "expected no more arguments, got: %s", w->at[0]);
	}
	if (!status && !m.info.key_size)
		status = inspect_error(x, "a map without keys can't be watched");
	if (!status && x->is_json && x->json.depth)
		status =
		    inspect_error(x, "each change is a line of JSON of its own: not in a batch");
	if (!status) {
		status = watch(x, &m, interval_s);
		x->is_json = x->is_json && status; /* each change's line has ended */
	}
	map_close(&m);
	return status;
}
