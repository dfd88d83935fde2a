/* `top`: what programs cost, a table that is made anew at intervals. */
#ifndef SKEP_INSPECT_TOP_TOP_H
#define SKEP_INSPECT_TOP_TOP_H

#include "base/strbuf.h"
#include "inspect/ending.h"
#include "inspect/internal.h"
#include "inspect/stats.h"

enum sorted_by { SORT_CPU, SORT_RUNS, SORT_TIME, SORT_ID, SORT_NAME, SORT_TYPE, SORT_N };

struct top_row {
	struct prog_stats p; /* of the interval */
	const char *name;    /* whole */
	vec(struct holder) holders;
};

/* What the words ask for; keys change some of it. */
struct top_choice {
	double interval_s;
	uint32_t count; /* 0: no end */
	enum sorted_by sort;
	bool shows_idle;
	/* 0, NULL: any */
	const char *name, *type_word;
	uint32_t type, id, pid;
	bool has_type;
};

/* An interval's. Its rows' texts are its arena's. */
struct top_table {
	struct arena *a;
	uint64_t ns;
	double at_s; /* since 1970, its end */
	vec(struct prog_stats) all;
	vec(struct top_row) rows; /* of those that were asked for */
	uint64_t runs, time_ns;   /* of all rows */
};

/* ---- rows.c ---- */
/* A program's whole name, asked for once, as long as there are not too many. */
struct known_name {
	struct prog_stats p;
	const char *name;
};
struct top_names {
	struct arena *a;
	vec(struct known_name) known;
};
extern const char *const sort_words[SORT_N];
/* From `x->holders`, as they are known. */
void table_fill(struct inspect *x, struct top_table *t, const struct top_choice *c,
                struct top_names *names, const struct stats_sample *before,
                const struct stats_sample *after);
/* The rows once more, after `c` has changed. */
void table_choose(struct inspect *x, struct top_table *t, const struct top_choice *c,
                  struct top_names *names);
void table_sort(struct top_table *t, enum sorted_by sort);

/* ---- text.c ---- */
/* Lines of `width` columns at most (0: as long as they are), from `first` on, `n_most` rows. Those
 * of the head are marked for a terminal, if it is one. */
void table_sum(const struct inspect *x, const struct top_table *t, int width, struct strbuf *out);
void table_lines(const struct top_table *t, const struct top_choice *c, int width, size_t first,
                 size_t n_most, bool is_terminal, struct strbuf *out);
/* `text` cut to `width` columns, a line. */
void add_line(struct strbuf *out, const char *text, int width);
void table_json(struct inspect *x, const struct top_table *t);

/* ---- screen.c ---- */
enum screen_event {
	SCREEN_TIME = 0x100, /* none within the time; below it: a key */
	SCREEN_UP,
	SCREEN_DOWN,
	SCREEN_PAGE_UP,
	SCREEN_PAGE_DOWN,
	SCREEN_HOME,
	SCREEN_LAST,
	SCREEN_CHANGED, /* its size, or it has been somebody else's meanwhile */
	SCREEN_END,     /* somebody wants us to end */
	SCREEN_NOTHING,
};
struct screen;
/* NULL: standard output is no terminal that can. From here to screen_close() the terminal is ours;
 * `e` is being watched. */
struct screen *screen_open(struct arena *a, const struct ending *e);
void screen_close(struct screen *s);
void screen_size(const struct screen *s, int *ret_columns, int *ret_lines);
/* Lines that end with \n replace what is shown. */
void screen_show(struct screen *s, const struct strbuf *lines);
int screen_wait(struct screen *s, int ms); /* a key, or enum screen_event */

#endif
