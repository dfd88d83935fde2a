/* The rows of an interval: which programs, by what they cost, and who holds them. */
#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/wildcard.h"
#include "inspect/info.h"
#include "inspect/names.h"
#include "inspect/source.h"
#include "inspect/top/top.h"

enum { NAMES_MOST = 1 << 14 };

const char *const sort_words[SORT_N] = {"cpu", "runs", "time", "id", "name", "type"};

/* ---- names ----------------------------------------------------------------------------------- */

static const char *ask_name(struct arena *a, const struct prog_stats *p)
{
	int fd = source_open_prog(p->id);
	const char *name = p->name;
	struct bpf_prog_info info;

	if (fd < 0)
		return name;
	if (!prog_info(fd, &info))
		name = prog_name(a, &info, fd);
	close(fd);
	return name;
}

static const char *whole_name(struct top_names *names, const struct prog_stats *p)
{
	struct known_name k = {.p = *p};

	if (strlen(p->name) < BPF_OBJ_NAME_LEN - 1)
		return p->name;
	vec_each (known, &names->known)
		if (known->p.id == p->id && known->p.type == p->type &&
		    !strcmp(known->p.name, p->name))
			return known->name;
	k.name = ask_name(names->a, p);
	if (k.name == p->name)
		return p->name; /* it has gone */
	vec_push(names->a, &names->known, k);
	return k.name;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool is_wanted(const struct top_row *r, const struct top_choice *c)
{
	bool is_held = !c->pid;

	if ((c->id && r->p.id != c->id) || (c->has_type && r->p.type != c->type) ||
	    (c->name && !wildcard_match(c->name, r->name)))
		return false;
	vec_each (h, &r->holders)
		is_held |= (uint32_t)h->pid == c->pid;
	return is_held;
}

static void add_row(struct inspect *x, struct top_table *t, const struct top_choice *c,
                    struct top_names *names, const struct prog_stats *p)
{
	struct top_row r = {.p = *p};

	r.name = arena_strdup(t->a, whole_name(names, p));
	vec_each (h, &x->holders) {
		bool is_known = false;

		if (h->kind != HELD_PROG || h->id != p->id)
			continue;
		vec_each (known, &r.holders)
			is_known |= known->pid == h->pid;
		if (!is_known)
			vec_push(t->a, &r.holders, *h);
	}
	if (!is_wanted(&r, c))
		return;
	t->runs += p->runs;
	t->time_ns += p->time_ns;
	vec_push(t->a, &t->rows, r);
}

static int by_id(const void *a, const void *b)
{
	const struct prog_stats *p = a, *q = b;

	return (p->id > q->id) - (p->id < q->id);
}

void table_choose(struct inspect *x, struct top_table *t, const struct top_choice *c,
                  struct top_names *names)
{
	t->rows.n = 0;
	t->runs = t->time_ns = 0;
	vec_each (p, &t->all)
		if (p->runs || c->shows_idle)
			add_row(x, t, c, names, p);
	table_sort(t, c->sort);
}

void table_fill(struct inspect *x, struct top_table *t, const struct top_choice *c,
                struct top_names *names, const struct stats_sample *before,
                const struct stats_sample *after)
{
	struct stats_change change;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	stats_between(t->a, before, after, &change);
	t->at_s = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	t->ns = change.ns;
	if (names->known.n > NAMES_MOST) {
		arena_reset(names->a);
		memset(&names->known, 0, sizeof(names->known));
	}
	if (change.progs.n)
		qsort(change.progs.items, change.progs.n, sizeof(struct prog_stats), by_id);
	vec_each (p, &after->progs) {
		struct prog_stats now_idle = *p;
		const struct prog_stats *ran =
		    change.progs.n
		        ? bsearch(p, change.progs.items, change.progs.n, sizeof(*p), by_id)
		        : NULL;

		now_idle.runs = now_idle.time_ns = 0;
		vec_push(t->a, &t->all, ran ? *ran : now_idle);
	}
	table_choose(x, t, c, names);
}

/* ---- their order ----------------------------------------------------------------------------- */

static enum sorted_by order; /* qsort() passes nothing on */

static const char *type_text(const struct top_row *r)
{
	const char *type = prog_type_name(r->p.type);

	return type ? type : "~"; /* what has no name comes last */
}

static int compare(const void *a, const void *b)
{
	const struct top_row *p = a, *q = b;
	uint64_t m = 0, n = 0;
	int texts;

	switch (order) {
	case SORT_CPU:
		m = p->p.time_ns, n = q->p.time_ns;
		break;
	case SORT_RUNS:
		m = p->p.runs, n = q->p.runs;
		break;
	case SORT_TIME:
		m = stats_average_ns(&p->p), n = stats_average_ns(&q->p);
		break;
	case SORT_NAME:
		texts = strcmp(p->name, q->name);
		if (texts)
			return texts;
		break;
	case SORT_TYPE:
		texts = strcmp(type_text(p), type_text(q));
		if (texts)
			return texts;
		break;
	default:
		break;
	}
	return m != n ? (m < n ? 1 : -1) : by_id(&p->p, &q->p);
}

void table_sort(struct top_table *t, enum sorted_by sort)
{
	order = sort;
	if (t->rows.n)
		qsort(t->rows.items, t->rows.n, sizeof(struct top_row), compare);
}
