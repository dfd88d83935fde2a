/* `top`: which programs take time now, in a terminal as a table that is kept, elsewhere one table
 * after the other, in JSON an object for each interval. */
#include <bpf/bpf.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/wildcard.h"
#include "inspect/ending.h"
#include "inspect/info.h"
#include "inspect/internal.h"
#include "inspect/names.h"
#include "inspect/stats.h"
#include "inspect/top/screen.h"

enum sort_key { BY_CPU, BY_RUNS, BY_AVERAGE, BY_NAME, BY_TYPE, BY_ID };

static const struct {
	const char *word;
	char key;
} sort_keys[] = {
    [BY_CPU] = {"cpu", 'c'},   [BY_RUNS] = {"runs", 'r'}, [BY_AVERAGE] = {"average", 'a'},
    [BY_NAME] = {"name", 'n'}, [BY_TYPE] = {"type", 't'}, [BY_ID] = {"id", 'i'},
};
enum { SORT_N = sizeof(sort_keys) / sizeof(sort_keys[0]) };

struct top {
	struct inspect *x;
	enum sort_key sort;
	const char *name, *type; /* NULL: any */
	uint32_t id;             /* 0: any */
	long pid;                /* 0: any */
	double interval_s;
	uint64_t count; /* 0: until it is ended */
	struct screen screen;
};

struct row {
	const struct prog_stats *stats;
	const char *name, *type;
	double percent, runs_per_s;
	uint64_t average_ns;
};
typedef vec(struct row) row_list;

/* ---- words ----------------------------------------------------------------------------------- */

static int parse_number(struct inspect *x, const char *word, const char *what, uint64_t most,
                        uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(word, &end, 0);
	if (*end || end == word || *word == '-' || errno || !*ret || *ret > most)
		return inspect_error(x, "can't parse %s as %s", word, what);
	return 0;
}

static int parse_word(struct inspect *x, struct top *t, const char *word, const char *value)
{
	uint64_t n = 0;
	int status = 0;
	char *end;

	if (word_is(word, "sort")) {
		for (int i = 0; i < SORT_N; i++)
			if (word_is(value, sort_keys[i].word)) {
				t->sort = (enum sort_key)i;
				return 0;
			}
		return inspect_error(x,
		                     "expected 'cpu', 'runs', 'average', 'name', 'type' or 'id', "
		                     "got: '%s'?",
		                     value);
	}
	if (word_is(word, "name")) {
		t->name = value;
	} else if (word_is(word, "type")) {
		uint32_t type = 0;

		while (prog_type_name(type) && strcmp(prog_type_name(type), value) != 0)
			type++;
		if (!prog_type_name(type))
			return inspect_error(x, "unrecognized program type: %s", value);
		t->type = value;
	} else if (word_is(word, "id")) {
		status = parse_number(x, value, "ID", UINT32_MAX, &n);
		t->id = (uint32_t)n;
	} else if (word_is(word, "pid")) {
		status = parse_number(x, value, "PID", INT32_MAX, &n);
		t->pid = (long)n;
	} else if (word_is(word, "count")) {
		status = parse_number(x, value, "a count", UINT64_MAX, &t->count);
	} else if (word_is(word, "interval")) {
		t->interval_s = strtod(value, &end);
		if (*end || end == value || !(t->interval_s >= 0.01 && t->interval_s <= 86400))
			status = inspect_error(x, "can't parse %s as seconds", value);
	} else {
		status = inspect_error(x,
		                       "expected 'sort', 'name', 'type', 'id', 'pid', 'interval' "
		                       "or 'count', got: '%s'?",
		                       word);
	}
	return status;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool is_held_by(struct top *t, uint32_t id)
{
	vec_each (h, &t->x->holders)
		if (h->kind == HELD_PROG && h->id == id && h->pid == t->pid)
			return true;
	return false;
}

static const char *whole_name(struct arena *a, const struct prog_stats *p)
{
	int fd = bpf_prog_get_fd_by_id(p->id);
	const char *name = p->name;
	struct bpf_prog_info info;

	if (fd < 0)
		return name;
	if (!prog_info(fd, &info))
		name = prog_name(a, &info, fd);
	close(fd);
	return name;
}

static int compare_rows(const void *left, const void *right, void *arg)
{
	const struct row *l = left, *r = right;
	double d = 0;

	switch (*(enum sort_key *)arg) {
	case BY_CPU:
		d = r->percent - l->percent;
		break;
	case BY_RUNS:
		d = r->runs_per_s - l->runs_per_s;
		break;
	case BY_AVERAGE:
		d = (double)r->average_ns - (double)l->average_ns;
		break;
	case BY_NAME:
		d = strcmp(l->name, r->name);
		break;
	case BY_TYPE:
		d = strcmp(l->type, r->type);
		break;
	case BY_ID:
		break;
	}
	if (d != 0)
		return d < 0 ? -1 : 1;
	return l->stats->id < r->stats->id ? -1 : l->stats->id > r->stats->id;
}

static void make_rows(struct top *t, struct arena *a, const struct stats_change *change,
                      row_list *ret)
{
	double seconds = (double)change->ns / 1e9;

	vec_each (p, &change->progs) {
		struct row row = {.stats = p, .type = prog_type_name(p->type)};

		if (!row.type)
			row.type = arena_printf(a, "type %u", p->type);
		if ((t->id && t->id != p->id) || (t->type && strcmp(t->type, row.type) != 0) ||
		    (t->pid && !is_held_by(t, p->id)))
			continue;
		row.name = whole_name(a, p);
		if (t->name && !wildcard_match(t->name, row.name))
			continue;
		row.percent = stats_cpu_percent(p, change->ns);
		row.runs_per_s = seconds > 0 ? (double)p->runs / seconds : 0;
		row.average_ns = stats_average_ns(p);
		vec_push(a, ret, row);
	}
	if (ret->n)
		qsort_r(ret->items, ret->n, sizeof(*ret->items), compare_rows, &t->sort);
}

/* ---- forms ----------------------------------------------------------------------------------- */

static const char title_text[] = "      ID TYPE                   CPU%     RUNS/S     NS/RUN NAME"
                                 "                 HELD BY";

static const char *row_text(struct top *t, struct arena *a, const struct row *row)
{
	char *text = arena_printf(a, "%8u %-20s %6.2f %10.0f %10llu %-20s", row->stats->id,
	                          row->type, row->percent, row->runs_per_s,
	                          (unsigned long long)row->average_ns, plain_text(t->x, row->name));
	const char *separator = " ";

	vec_each (h, &t->x->holders)
		if (h->kind == HELD_PROG && h->id == row->stats->id) {
			text = arena_printf(a, "%s%s%s(%d)", text, separator,
			                    plain_text(t->x, h->comm), (int)h->pid);
			separator = ", ";
		}
	return text;
}

static void draw(struct top *t, struct arena *a, const row_list *rows)
{
	double percent = 0;
	int lines, columns;

	screen_size(&lines, &columns);
	vec_each (row, rows)
		percent += row->percent;
	screen_begin();
	screen_line(arena_printf(a,
	                         "%zu programs ran, %.2f%% of a CPU, by %s; keys: [c]pu [r]uns "
	                         "[a]verage [n]ame [t]ype [i]d [q]uit",
	                         rows->n, percent, sort_keys[t->sort].word),
	            columns, false);
	screen_line(title_text, columns, true);
	for (size_t i = 0; i < rows->n && (int)i < lines - 3; i++)
		screen_line(row_text(t, a, &rows->items[i]), columns, false);
	screen_end();
}

static void print_plain(struct top *t, struct arena *a, const row_list *rows)
{
	printf("%s\n", title_text);
	vec_each (row, rows)
		printf("%s\n", row_text(t, a, row));
	printf("\n");
	fflush(stdout);
}

static void print_json(struct top *t, const row_list *rows, uint64_t interval_ns)
{
	struct json_writer own, *j = &own;

	json_begin(j, stdout, t->x->is_pretty);
	json_open(j, '{');
	json_member_uint(j, "time", (uint64_t)time(NULL));
	json_member_uint(j, "interval_ns", interval_ns);
	json_key(j, "programs");
	json_open(j, '[');
	vec_each (row, rows) {
		json_open(j, '{');
		json_member_uint(j, "id", row->stats->id);
		json_member_string(j, "type", row->type);
		json_member_string(j, "name", row->name);
		json_key(j, "cpu_percent");
		json_hundredths(j, row->percent);
		json_key(j, "runs_per_second");
		json_hundredths(j, row->runs_per_s);
		json_member_uint(j, "ns_per_run", row->average_ns);
		json_member_uint(j, "run_cnt", row->stats->runs);
		json_member_uint(j, "run_time_ns", row->stats->time_ns);
		json_key(j, "pids");
		json_open(j, '[');
		vec_each (h, &t->x->holders) {
			if (h->kind != HELD_PROG || h->id != row->stats->id)
				continue;
			json_open(j, '{');
			json_key(j, "pid");
			json_int(j, h->pid);
			json_member_string(j, "comm", h->comm);
			json_close(j, '}');
		}
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
	json_end(j);
}

static void show(struct top *t, struct arena *a, const struct stats_change *change)
{
	row_list rows = {0};

	holders_read(t->x);
	make_rows(t, a, change, &rows);
	if (t->x->is_json)
		print_json(t, &rows, change->ns);
	else if (t->screen.is_on)
		draw(t, a, &rows);
	else
		print_plain(t, a, &rows);
}

/* ---- the loop -------------------------------------------------------------------------------- */

enum pressed { PRESSED_NOTHING, PRESSED_SORT, PRESSED_QUIT };

static enum pressed press(struct top *t)
{
	int key = screen_key();

	if (key < 0 || key == 'q')
		return PRESSED_QUIT;
	for (int i = 0; i < SORT_N; i++)
		if (key == sort_keys[i].key) {
			t->sort = (enum sort_key)i;
			return PRESSED_SORT;
		}
	return PRESSED_NOTHING;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the interval is over; what is shown is sorted anew when a key asks for it. False: it is the
 * end. */
static bool wait_interval(struct top *t, const struct ending *ending, struct arena *a,
                          const struct stats_change *shown)
{
	int64_t until = now_ms() + (int64_t)(t->interval_s * 1000);

	for (;;) {
		int64_t left = until - now_ms();

		switch (ending_wait(ending, t->screen.is_on ? STDIN_FILENO : -1,
		                    left > 0 ? (int)left : 0)) {
		case WAITED_END:
			return false;
		case WAITED_TIME:
			return true;
		case WAITED_INPUT:
			switch (press(t)) {
			case PRESSED_QUIT:
				return false;
			case PRESSED_SORT:
				show(t, a, shown);
				break;
			case PRESSED_NOTHING:
				break;
			}
		}
	}
}

static void watch(struct top *t, const struct ending *ending)
{
	struct arena *old = arena_create(), *new = arena_create(), *swap;
	struct stats_sample before = {0}, after;
	struct stats_change change = {0};

	stats_read(old, &before);
	if (t->screen.is_on)
		show(t, old, &change);
	for (uint64_t n = 0; (!t->count || n < t->count) && wait_interval(t, ending, old, &change);
	     n++) {
		arena_reset(new);
		memset(&after, 0, sizeof(after));
		memset(&change, 0, sizeof(change));
		stats_read(new, &after);
		stats_between(new, &before, &after, &change);
		show(t, new, &change);
		before = after;
		swap = old;
		old = new;
		new = swap;
	}
	arena_destroy(old);
	arena_destroy(new);
}

static int top(struct inspect *x, struct words *w)
{
	struct top t = {.x = x, .interval_s = 1};
	struct ending ending;
	int fd, status = 0;

	while (w->n && !status) {
		const char *word = word_next(w);

		if (!words_need(x, w, 1))
			return -1;
		status = parse_word(x, &t, word, word_next(w));
	}
	if (status)
		return status;
	if (x->is_json && x->json.depth)
		return inspect_error(x,
		                     "each interval is a line of JSON of its own: not in a batch");
	fd = stats_enable();
	if (fd < 0)
		return inspect_error(x, "can't count the runs of programs: %s", strerror(-fd));
	status = ending_watch(&ending);
	if (status) {
		close(fd);
		return inspect_error(x, "can't wait for signals: %s", strerror(-status));
	}
	if (!x->is_json)
		screen_enter(&t.screen);
	watch(&t, &ending);
	screen_leave(&t.screen);
	ending_leave(&ending);
	close(fd);
	x->is_json = false; /* each interval's line has ended */
	return 0;
}

static const struct command top_commands[] = {{NULL, top, NULL}};
const struct object top_object = {"top", top_commands, NULL};
