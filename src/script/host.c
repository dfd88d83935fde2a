/* Host blocks and tables: tree to the image's host code.
 *
 * It comes before inference: which columns a table has and what its handlers read decides which
 * fields of a row programs have to make at all. A map that no probe uses lives in the host. */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "script/host_internal.h"
#include "script/option.h"
#include "script/stages.h"

void host_error(struct hosting *h, struct span at, enum diag_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diag_error(h->u->diag, code, at, "%s", arena_vprintf(h->a, fmt, ap));
	va_end(ap);
}

uint32_t host_op(struct hosting *h, enum host_op_kind kind, uint32_t imm, uint32_t slot,
                 struct span at, const uint32_t *kids, uint32_t n)
{
	struct host_op op = {.kind = kind,
	                     .imm = imm,
	                     .slot = slot,
	                     .kid = (uint32_t)h->out->kids.n,
	                     .n_kids = n,
	                     .at = at};

	for (uint32_t i = 0; i < n; i++) {
		if (kids[i] == NO_HOST_OP)
			return NO_HOST_OP;
	}
	for (uint32_t i = 0; i < n; i++)
		vec_push(h->a, &h->out->kids, kids[i]);
	vec_push(h->a, &h->out->ops, op);
	return (uint32_t)h->out->ops.n - 1;
}

uint32_t host_slot(struct hosting *h)
{
	return h->n_slots++;
}

void host_end_slots(struct hosting *h)
{
	if (h->n_slots > h->out->n_locals)
		h->out->n_locals = h->n_slots;
	h->locals.n = 0;
	h->n_slots = h->loops = 0;
}

/* ---- maps ------------------------------------------------------------------------------------ */

struct host_use *host_find_map(struct hosting *h, const char *name)
{
	vec_each (use, &h->uses)
		if (!strcmp(use->name, name))
			return use;
	return NULL;
}

static void note_uses(struct hosting *h, const struct node *n, bool in_probes)
{
	if (!n)
		return;
	if (n->kind == NODE_MAP) {
		struct host_use *use = host_find_map(h, n->name);

		if (!use) {
			use = vec_add(h->a, &h->uses);
			*use = (struct host_use){n->name, false, false, n->at, UINT32_MAX};
		}
		use->in_probes |= in_probes;
		use->is_keyed |= n->n_args > 0;
	}
	for (uint32_t i = 0; i < n->n_args; i++)
		note_uses(h, n->args[i], in_probes);
	vec_each (s, &n->stmts)
		note_uses(h, *s, in_probes);
}

static void note_items(struct hosting *h, const struct table_items *items)
{
	vec_each (it, items) {
		note_uses(h, it->value, false);
		note_items(h, &it->then);
		note_items(h, &it->otherwise);
	}
}

static void note_all(struct hosting *h)
{
	vec_each (p, &h->u->probes) {
		note_uses(h, (*p)->predicate, true);
		note_uses(h, (*p)->body, true);
	}
	vec_each (f, &h->u->fns)
		note_uses(h, (*f)->probe->body, true);
	vec_each (t, &h->u->tables) {
		note_uses(h, (*t)->where, false);
		note_items(h, &(*t)->columns);
	}
	vec_each (b, &h->u->hosts)
		note_uses(h, (*b)->body, false);
}

uint32_t host_map_number(struct hosting *h, struct host_use *use)
{
	if (use->number == UINT32_MAX) {
		/* the variable's number comes when maps have theirs: 0 stands for "one of programs"
		 */
		struct host_map m = {.name = use->name, .var = use->in_probes ? 0 : UINT32_MAX};

		use->number = (uint32_t)h->out->maps.n;
		vec_push(h->a, &h->out->maps, m);
	}
	return use->number;
}

/* ---- rows ------------------------------------------------------------------------------------ */

uint32_t host_field(struct hosting *h, const char *name)
{
	uint32_t i = 0;

	vec_each (f, &h->row->fields) {
		if (!strcmp(*f, name))
			return i;
		i++;
	}
	vec_push(h->a, &h->row->fields, name);
	return i;
}

/* The fields that a handler of rows may read: before anything is compiled that makes such rows. */
static void note_fields(struct hosting *h, const struct node *n)
{
	if (!n)
		return;
	if (n->kind == NODE_IDENT || n->kind == NODE_BUILTIN)
		host_field(h, n->name);
	if ((n->kind == NODE_CALL && !strcmp(n->name, "header")) ||
	    (n->kind == NODE_FIELD && n->args[0]->kind == NODE_IDENT &&
	     !strcmp(n->args[0]->name, "opt")))
		return; /* names of other things */
	for (uint32_t i = 0; i < n->n_args; i++)
		note_fields(h, n->args[i]);
	vec_each (s, &n->stmts)
		note_fields(h, *s);
}

/* ---- handlers -------------------------------------------------------------------------------- */

static const struct attach_point *point_of(const struct host_block *b)
{
	return &b->trigger->points.items[0];
}

static int64_t option_number(const struct hosting *h, const char *name, bool *ret_is_given)
{
	const struct option *o = unit_find_option(h->u, name);

	*ret_is_given = o && o->is_given;
	return o ? o->number : 0;
}

/* `report`: every so often, so many times, as the options say that all such tools have. */
static bool set_report(struct hosting *h, const struct host_block *b, struct host_handler *to)
{
	static const uint64_t second_ns = 1000000000;
	bool has_interval, has_count, has_duration;
	int64_t interval = option_number(h, "interval", &has_interval);
	int64_t count = option_number(h, "count", &has_count);
	int64_t duration = option_number(h, "duration", &has_duration);

	if (has_interval && interval <= 0) {
		host_error(h, b->at, E_PROBE_PARTS,
		           "Reports are a second apart at least (interval: %lld)",
		           (long long)interval);
		return false;
	}
	if (has_duration && !has_interval) {
		interval = duration;
		count = 1;
	} else if (has_duration && interval > 0 && duration > 0) {
		count = (duration + interval - 1) / interval;
	}
	/* What nobody waits for is no interval. */
	if (interval > 0 && interval < INT64_MAX / (int64_t)second_ns)
		to->period_ns = (uint64_t)interval * second_ns;
	to->times = count > 0 ? (uint64_t)count : UINT64_MAX;
	return true;
}

static bool set_signal(struct hosting *h, const struct host_block *b, struct host_handler *to)
{
	if (strcmp(point_of(b)->parts[1], "SIGUSR1") != 0) {
		host_error(h, b->at, E_PROBE_PARTS, "host signal: expects SIGUSR1");
		return false;
	}
	to->trigger = HOST_ON_SIGNAL;
	to->signal = SIGUSR1;
	return true;
}

static bool set_interval(struct hosting *h, const struct host_block *b, struct host_handler *to)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"hz", 0}};
	char *end;
	double n = strtod(point_of(b)->parts[2], &end);

	for (size_t i = 0; i < 4; i++) {
		double ns = units[i].ns > 0 ? n * units[i].ns : n > 0 ? 1e9 / n : 0;

		if (strcmp(point_of(b)->parts[1], units[i].unit) != 0)
			continue;
		if (*end || !point_of(b)->parts[2][0] || !(ns >= 1e6 && ns < 9e18)) {
			host_error(h, b->at, E_PROBE_PARTS,
			           "The interval of a host block is at least a millisecond");
			return false;
		}
		to->trigger = HOST_ON_INTERVAL;
		to->period_ns = (uint64_t)ns;
		return true;
	}
	host_error(h, b->at, E_PROBE_PARTS, "host interval: expects a unit of s, ms, us or hz");
	return false;
}

/* Sets h->row for rows. */
static bool set_trigger(struct hosting *h, const struct host_block *b, struct host_handler *to)
{
	const char *word = b->trigger->points.n ? point_of(b)->parts[0] : "";

	h->row = NULL;
	if (b->trigger->points.n != 1) {
		host_error(h, b->at, E_PROBE_PARTS, "A host block waits for one thing");
		return false;
	}
	if (point_of(b)->n_parts == 1 && !strcasecmp(word, "begin")) {
		to->trigger = HOST_ON_BEGIN;
	} else if (point_of(b)->n_parts == 1 && !strcasecmp(word, "end")) {
		to->trigger = HOST_ON_END;
	} else if (point_of(b)->n_parts == 1 && !strcmp(word, "report")) {
		to->trigger = HOST_ON_REPORT;
		return set_report(h, b, to);
	} else if (point_of(b)->n_parts == 3 && !strcmp(word, "interval")) {
		return set_interval(h, b, to);
	} else if (point_of(b)->n_parts == 2 && !strcmp(word, "signal")) {
		return set_signal(h, b, to);
	} else if (point_of(b)->n_parts == 1 && (h->row = unit_find_table(h->u, word))) {
		to->trigger = HOST_ON_ROW;
		to->table = h->row->id;
	} else {
		host_error(h, b->at, E_PROBE_TYPE,
		           "There is nothing named %s for a host block to wait for",
		           point_of(b)->text);
		diag_hint(h->u->diag,
		          "begin, end, interval:s:1, report, signal:SIGUSR1, or a table's name");
		return false;
	}
	return true;
}

static void compile_handler(struct hosting *h, const struct host_block *b)
{
	struct host_handler to = {.at = b->at};

	if (!set_trigger(h, b, &to))
		return;
	if (h->row && h->out->tables.items[h->row->id].handler != UINT32_MAX) {
		host_error(h, b->at, E_REDEFINED, "The rows of %s have a host block already",
		           h->row->name);
		return;
	}
	h->is_handler = h->row;
	to.body = host_block(h, b->body);
	host_end_slots(h);
	if (h->row)
		h->out->tables.items[h->row->id].handler = (uint32_t)h->out->handlers.n;
	vec_push(h->a, &h->out->handlers, to);
}

/* How rows are wanted, by the options that scripts with tables have (option_apply.c). */
static enum host_rows rows_of(const struct hosting *h)
{
	bool is_json, is_csv;

	option_number(h, "json", &is_json);
	option_number(h, "csv", &is_csv);
	return is_json ? HOST_ROWS_JSON : is_csv ? HOST_ROWS_CSV : HOST_ROWS_TEXT;
}

/* ---- all of it ------------------------------------------------------------------------------- */

bool script_host(struct unit *u, struct image *img)
{
	struct hosting h = {.u = u, .a = u->a};
	size_t errors = diag_errors(u->diag);

	if (!u->tables.n && !u->hosts.n)
		return true;
	h.out = arena_new(u->a, struct image_host);
	note_all(&h);
	vec_each (t, &u->tables) {
		struct host_table made = {
		    .name = (*t)->name, .where = UINT32_MAX, .handler = UINT32_MAX};

		vec_push(u->a, &h.out->tables, made);
	}
	vec_each (t, &u->tables)
		host_table(&h, *t);
	vec_each (b, &u->hosts) {
		h.row = (*b)->trigger->points.n ? unit_find_table(u, point_of(*b)->parts[0]) : NULL;
		if (h.row)
			note_fields(&h, (*b)->body);
	}
	vec_each (b, &u->hosts)
		compile_handler(&h, *b);
	h.out->rows = rows_of(&h);
	img->host = h.out;
	return diag_errors(u->diag) == errors;
}

/* After lowering, when maps and fields have their places. */
void script_host_finish(const struct unit *u, struct image *img)
{
	if (!img->host)
		return;
	vec_each (t, &u->tables) {
		struct host_table *to = &img->host->tables.items[(*t)->id];

		vec_each (f, &(*t)->fields)
			vec_push(img->a, &to->fields, *f);
		to->is_emitted_by_probes = (*t)->is_emitted;
	}
	vec_each (m, &img->host->maps) {
		uint32_t number = 0;

		if (m->var == UINT32_MAX)
			continue;
		m->var = UINT32_MAX; /* no program that is left uses it */
		vec_each (v, &img->vars) {
			if (!strcmp(v->name, m->name))
				m->var = number;
			number++;
		}
	}
}
