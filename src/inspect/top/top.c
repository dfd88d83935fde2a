/* `top`: its words, and the round of sample, table, wait. */
#include "inspect/top/top.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "inspect/info.h"
#include "inspect/names.h"
#include "inspect/source.h"

enum { TYPES_MOST = 256 };
#define INTERVAL_LEAST_S 0.01
#define INTERVAL_MOST_S 86400.0

/* ---- words ----------------------------------------------------------------------------------- */

static int parse_number(struct inspect *x, const char *word, const char *what, uint32_t *ret)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(word, &end, 10);
	if (word[0] < '0' || word[0] > '9' || *end || errno || n > UINT32_MAX || !n)
		return inspect_error(x, "can't parse %s as %s", word, what);
	*ret = (uint32_t)n;
	return 0;
}

static int parse_interval(struct inspect *x, const char *word, struct top_choice *c)
{
	char *end;

	c->interval_s = strtod(word, &end);
	/* Neither 0x10, inf nor nan. */
	if (word[strspn(word, "0123456789.")] || *end || end == word)
		return inspect_error(x, "can't parse %s as interval", word);
	if (c->interval_s < INTERVAL_LEAST_S || c->interval_s > INTERVAL_MOST_S)
		return inspect_error(x, "an interval is %g s to %g s, got: %s", INTERVAL_LEAST_S,
		                     INTERVAL_MOST_S, word);
	return 0;
}

static int parse_sort(struct inspect *x, const char *word, struct top_choice *c)
{
	for (int i = 0; i < SORT_N; i++)
		if (word_is(word, sort_words[i])) {
			c->sort = (enum sorted_by)i;
			return 0;
		}
	return inspect_error(
	    x, "expected 'cpu', 'runs', 'time', 'id', 'name' or 'type', got: '%s'?", word);
}

static int parse_type(struct inspect *x, const char *word, struct top_choice *c)
{
	for (uint32_t t = 0; t < TYPES_MOST; t++)
		if (prog_type_name(t) && !strcmp(word, prog_type_name(t))) {
			c->type = t;
			c->has_type = true;
			return 0;
		}
	return inspect_error(x, "unknown program type '%s'", word);
}

static int parse(struct inspect *x, struct words *w, struct top_choice *c)
{
	static const char *const known[] = {"interval", "count", "sort", "name",
	                                    "type",     "id",    "pid",  "all"};
	enum { INTERVAL, COUNT, SORT, NAME, TYPE, ID, PID, ALL, N };
	bool is_given[N] = {0};
	int status = 0;

	while (w->n && !status) {
		const char *word = w->at[0], *value = NULL;
		int i;

		for (i = 0; i < N && !word_is(word, known[i]); i++)
			;
		if (i == N)
			return inspect_error(x,
			                     "expected 'interval', 'count', 'sort', 'name', "
			                     "'type', 'id', 'pid' or 'all', got: '%s'?",
			                     word);
		if (is_given[i])
			return inspect_error(x, "%s already specified", known[i]);
		is_given[i] = true;
		word_next(w);
		if (i != ALL) {
			if (!words_need(x, w, 1))
				return -EINVAL;
			value = word_next(w);
		}
		switch (i) {
		case INTERVAL:
			status = parse_interval(x, value, c);
			break;
		case COUNT:
			status = parse_number(x, value, "count", &c->count);
			break;
		case SORT:
			status = parse_sort(x, value, c);
			break;
		case NAME:
			c->name = value;
			break;
		case TYPE:
			status = parse_type(x, value, c);
			break;
		case ID:
			status = parse_number(x, value, "ID", &c->id);
			break;
		case PID:
			status = parse_number(x, value, "PID", &c->pid);
			break;
		default:
			c->shows_idle = true;
		}
	}
	if (!status && c->pid && x->is_of_sessions)
		return inspect_error(x, "programs of a session are all its process's own: say "
		                        "with --pid which session is meant");
	return status;
}

/* ---- samples --------------------------------------------------------------------------------- */

struct top {
	struct inspect *x;
	struct top_choice c;
	struct top_names names;
	struct top_table table;
	struct stats_sample before;
	struct arena *of_before, *of_after; /* change places */
	uint64_t holders_at_ns, holders_took_ns;
	size_t view; /* the row that is shown first */
	struct ending e;
	struct screen *screen;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool is_same_set(const struct stats_sample *a, const struct stats_sample *b)
{
	if (a->progs.n != b->progs.n)
		return false;
	for (size_t i = 0; i < a->progs.n; i++)
		if (a->progs.items[i].id != b->progs.items[i].id)
			return false;
	return true;
}

/* Who holds a program's link holds the program. */
static void add_holders_of_links(struct inspect *x)
{
	size_t n = x->holders.n;

	for (size_t i = 0; i < n; i++) {
		struct holder h = x->holders.items[i];
		struct bpf_link_info info = {0};
		uint32_t size_b = sizeof(info);
		int fd;

		if (h.kind != HELD_LINK)
			continue;
		fd = bpf_link_get_fd_by_id(h.id);
		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &size_b)) {
			h.kind = HELD_PROG;
			h.id = info.prog_id;
			vec_push(x->a, &x->holders, h);
		}
		close(fd);
	}
}

/* All of /proc is read when programs came or went, else no more often than takes a twentieth of the
 * time. */
static void refresh_holders(struct top *t, const struct stats_sample *after)
{
	uint64_t at = now_ns();

	if (t->holders_at_ns && is_same_set(&t->before, after) &&
	    at - t->holders_at_ns < 20 * t->holders_took_ns)
		return;
	holders_read(t->x);
	if (!source_session())
		add_holders_of_links(t->x);
	t->holders_at_ns = now_ns();
	t->holders_took_ns = t->holders_at_ns - at;
}

/* The table of what was since the last sample. */
static void sample(struct top *t)
{
	struct arena *a = t->of_after;
	struct stats_sample after;

	arena_reset(a);
	stats_read(a, &after);
	refresh_holders(t, &after);
	t->table = (struct top_table){.a = a};
	table_fill(t->x, &t->table, &t->c, &t->names, &t->before, &after);
	t->before = after;
	t->of_after = t->of_before;
	t->of_before = a;
}

/* ---- without a terminal ---------------------------------------------------------------------- */

static void print_batch(struct top *t, bool is_first)
{
	own_strbuf struct strbuf text = {0};

	if (t->x->is_json) {
		table_json(t->x, &t->table);
		json_flush(&t->x->json);
		return;
	}
	if (!is_first)
		sb_addc(&text, '\n');
	table_sum(t->x, &t->table, 0, &text);
	table_lines(&t->table, &t->c, 0, 0, SIZE_MAX, false, &text);
	fwrite(sb_str(&text), 1, text.n, stdout);
	fflush(stdout);
}

static bool session_has_ended(void)
{
	uint32_t id;

	return source_session() && source_next_prog(0, &id) && errno != ENOENT;
}

static int say_ended(struct inspect *x)
{
	return inspect_error(x, "the session of process %d has ended", (int)source_session());
}

/* Milliseconds until then, rounded up. */
static int left_ms(uint64_t until_ns)
{
	uint64_t now = now_ns();

	return now < until_ns ? (int)((until_ns - now + 999999) / 1000000) : 0;
}

static int run_batches(struct top *t)
{
	uint64_t interval_ns = (uint64_t)(t->c.interval_s * 1e9), next = now_ns();
	bool is_nested = t->x->is_json && t->x->json.depth;
	int status = 0;

	if (is_nested)
		json_open(&t->x->json, '[');
	else if (t->x->is_json)
		json_lines(&t->x->json);
	for (uint32_t n = 0; !t->c.count || n < t->c.count; n++) {
		next += interval_ns;
		if (ending_wait(&t->e, -1, left_ms(next)) == WAITED_END)
			break;
		sample(t);
		if (session_has_ended()) {
			status = say_ended(t->x);
			break;
		}
		print_batch(t, !n);
		if (ferror(stdout))
			break;
		if (now_ns() > next + interval_ns)
			next = now_ns(); /* this machine can't keep up */
	}
	if (is_nested)
		json_close(&t->x->json, ']');
	return status;
}

/* ---- on a terminal --------------------------------------------------------------------------- */

enum { LINES_OF_HEAD = 3 };

static void show(struct top *t)
{
	own_strbuf struct strbuf text = {0};
	int columns, lines;
	size_t n;

	screen_size(t->screen, &columns, &lines);
	n = lines > LINES_OF_HEAD ? (size_t)(lines - LINES_OF_HEAD) : 1;
	if (t->view + n > t->table.rows.n)
		t->view = t->table.rows.n > n ? t->table.rows.n - n : 0;
	if (t->table.ns)
		table_sum(t->x, &t->table, columns, &text);
	else
		add_line(&text,
		         arena_printf(t->of_after, "%s top  counting runs ...", t->x->program),
		         columns);
	add_line(
	    &text,
	    "sort: c cpu  r runs  t time  i id  n name  y type   a all or those that ran   q quit",
	    columns);
	table_lines(&t->table, &t->c, columns, t->view, n, true, &text);
	screen_show(t->screen, &text);
}

/* False: to be ended. */
static bool on_key(struct top *t, int key)
{
	static const char sort_keys[SORT_N] = {'c', 'r', 't', 'i', 'n', 'y'};
	const char *sort = key > 0 && key < 0x80 ? memchr(sort_keys, key, SORT_N) : NULL;
	int columns, lines;

	screen_size(t->screen, &columns, &lines);
	lines = lines > LINES_OF_HEAD ? lines - LINES_OF_HEAD : 1;
	if (sort) {
		t->c.sort = (enum sorted_by)(sort - sort_keys);
		table_sort(&t->table, t->c.sort);
	}
	switch (key) {
	case 'q':
	case 'Q':
	case SCREEN_END:
		return false;
	case 'a':
		t->c.shows_idle = !t->c.shows_idle;
		table_choose(t->x, &t->table, &t->c, &t->names);
		break;
	case SCREEN_UP:
		t->view -= t->view > 0;
		break;
	case SCREEN_DOWN:
		t->view++;
		break;
	case SCREEN_PAGE_UP:
		t->view -= t->view < (size_t)lines ? t->view : (size_t)lines;
		break;
	case SCREEN_PAGE_DOWN:
		t->view += (size_t)lines;
		break;
	case SCREEN_HOME:
		t->view = 0;
		break;
	case SCREEN_LAST:
		t->view = t->table.rows.n;
		break;
	default:
		break;
	}
	if (key != SCREEN_NOTHING)
		show(t);
	return true;
}

/* What was shown last stays if nobody said when to stop but the words. */
static int run_screen(struct top *t)
{
	uint64_t interval_ns = (uint64_t)(t->c.interval_s * 1e9), next = now_ns() + interval_ns;
	uint32_t n = 0;
	bool has_ended = false;

	show(t);
	while (!has_ended && (!t->c.count || n < t->c.count)) {
		int key = screen_wait(t->screen, left_ms(next));

		if (!on_key(t, key))
			break;
		/* Pressed keys don't put it off. */
		if (now_ns() < next)
			continue;
		n++;
		sample(t);
		show(t);
		has_ended = session_has_ended();
		next += interval_ns;
		if (now_ns() > next)
			next = now_ns() + interval_ns;
	}
	screen_close(t->screen);
	if (has_ended)
		return say_ended(t->x);
	if (t->c.count && n == t->c.count)
		print_batch(t, true);
	return 0;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int watch(struct top *t)
{
	int err = ending_watch(&t->e), status;

	if (err)
		return inspect_error(t->x, "can't wait for signals: %s", strerror(-err));
	stats_read(t->of_before, &t->before);
	t->screen = t->x->is_json || t->x->is_batch ? NULL : screen_open(t->x->a, &t->e);
	status = t->screen ? run_screen(t) : run_batches(t);
	ending_leave(&t->e);
	return status;
}

static int top_run(struct inspect *x, struct words *w)
{
	own_arena struct arena *one = arena_create(), *other = arena_create();
	own_arena struct arena *of_names = arena_create();
	struct top t = {.x = x,
	                .c = {.interval_s = 1},
	                .names = {.a = of_names},
	                .of_before = one,
	                .of_after = other};
	int fd = -1, status = parse(x, w, &t.c);

	if (status)
		return status;
	if (x->is_of_sessions) {
		if (sessions_choose(x))
			return -1;
		return watch(&t);
	}
	fd = stats_enable();
	if (fd == -EPERM)
		return inspect_error(x, "only root may count runs of programs: %s", strerror(-fd));
	if (fd < 0)
		return inspect_error(x, "the kernel can't count runs of programs: %s",
		                     strerror(-fd));
	status = watch(&t);
	close(fd);
	return status;
}

static const struct command top_commands[] = {
    {NULL, top_run,
     "[interval SEC] [count N] [sort COLUMN] [all] [name GLOB]\n[type TYPE] [id N] [pid N]"},
};
const struct object top_object = {
    "top", top_commands,
    "       COLUMN := { cpu | runs | time | id | name | type }\n"
    "       TYPE is one that 'prog show' prints, GLOB a name in which * stands for anything\n"};
