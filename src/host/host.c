/* When host code runs: begin, rows, intervals, reports, signals, end. */
#include "host/host.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "host/internal.h"

enum { NS_PER_MS = 1000000 };

uint64_t host_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void *zeros(size_t n, size_t size_b)
{
	void *p = calloc(n + 1, size_b);

	if (!p)
		abort();
	return p;
}

struct host *host_create(const struct image *img, struct output *out, struct symbols *syms,
                         const struct host_world *world)
{
	struct host *h;

	if (!img->host)
		return NULL;
	h = zeros(1, sizeof(*h));
	h->img = img;
	h->code = img->host;
	h->out = out;
	h->syms = syms;
	h->world = *world;
	h->maps = zeros(h->code->maps.n, sizeof(*h->maps));
	h->next_ns = zeros(h->code->handlers.n, sizeof(*h->next_ns));
	h->has_header = zeros(h->code->tables.n, sizeof(*h->has_header));
	h->start_ns = host_now_ns();
	return h;
}

void host_destroy(struct host *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->code->maps.n; i++)
		value_drop(h->maps[i]);
	host_forget_pattern(h);
	free(h->maps);
	free(h->next_ns);
	free(h->has_header);
	free(h);
}

static void run_all(struct host *h, enum host_trigger trigger)
{
	vec_each (b, &h->code->handlers)
		if (b->trigger == trigger && !h->is_ending)
			host_run(h, b->body);
}

static bool is_timed(const struct host_handler *b)
{
	return (b->trigger == HOST_ON_INTERVAL || b->trigger == HOST_ON_REPORT) && b->period_ns;
}

void host_begin(struct host *h)
{
	uint32_t i = 0;
	uint64_t now;

	run_all(h, HOST_ON_BEGIN);
	/* A table that host code fills says itself when its header is due. */
	vec_each (t, &h->code->tables) {
		if (t->is_emitted_by_probes && t->handler == UINT32_MAX)
			host_header(h, i);
		i++;
	}
	now = host_now_ns();
	for (i = 0; i < h->code->handlers.n; i++)
		h->next_ns[i] = now + h->code->handlers.items[i].period_ns;
}

int host_wait_ms(const struct host *h)
{
	uint64_t now = host_now_ns(), least = UINT64_MAX;

	for (uint32_t i = 0; i < h->code->handlers.n; i++)
		if (is_timed(&h->code->handlers.items[i]) && h->next_ns[i] < least)
			least = h->next_ns[i];
	if (least == UINT64_MAX)
		return INT_MAX;
	if (least <= now)
		return 0;
	least = (least - now + NS_PER_MS - 1) / NS_PER_MS;
	return least < INT_MAX ? (int)least : INT_MAX;
}

static void report(struct host *h, const struct host_handler *b)
{
	host_run(h, b->body);
	if (++h->n_reports < b->times)
		return;
	h->has_reported = true;
	h->is_ending = true;
	h->world.exit(h->world.arg, 0);
}

void host_tick(struct host *h)
{
	uint64_t now = host_now_ns();

	for (uint32_t i = 0; i < h->code->handlers.n && !h->is_ending; i++) {
		const struct host_handler *b = &h->code->handlers.items[i];

		if (!is_timed(b) || h->next_ns[i] > now)
			continue;
		/* what was missed is not made up for */
		h->next_ns[i] += ((now - h->next_ns[i]) / b->period_ns + 1) * b->period_ns;
		if (b->trigger == HOST_ON_REPORT)
			report(h, b);
		else
			host_run(h, b->body);
	}
}

bool host_waits(const struct host *h)
{
	vec_each (b, &h->code->handlers)
		if (is_timed(b) || b->trigger == HOST_ON_SIGNAL)
			return true;
	return false;
}

void host_signal(struct host *h, uint32_t number)
{
	vec_each (b, &h->code->handlers)
		if (b->trigger == HOST_ON_SIGNAL && b->signal == number && !h->is_ending)
			host_run(h, b->body);
}

/* A field that is format(): its text. */
static struct value written(struct host *h, const struct image_cell *c,
                            const struct image_field *fields, const void *record)
{
	own_strbuf struct strbuf text = {0};

	output_format(h->out, c->format, fields, c->n_fields, record, &text);
	return value_text_n(sb_str(&text), text.n);
}

void host_row(struct host *h, const struct image_event *ev, const void *record)
{
	struct value *fields;
	uint32_t next = 0;

	if (h->is_ending)
		return;
	fields = zeros(ev->n_cells, sizeof(*fields));
	for (uint32_t i = 0; i < ev->n_cells; i++) {
		const struct image_cell *c = &ev->cells[i];

		fields[i] = c->format
		                ? written(h, c, &ev->fields[next], record)
		                : host_convert(ev->fields[next].type,
		                               image_field_at(&ev->fields[next], record));
		next += c->n_fields;
	}
	host_emit_row(h, ev->table, fields, ev->n_cells);
	for (uint32_t i = 0; i < ev->n_cells; i++)
		value_drop(fields[i]);
	free(fields);
}

void host_end(struct host *h)
{
	h->is_ending = false; /* exit() ends the waiting, not the end */
	if (!h->has_reported)
		run_all(h, HOST_ON_REPORT);
	h->is_ending = false;
	run_all(h, HOST_ON_END);
}
