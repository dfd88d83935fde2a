/* Runs host code (image/host.h): rows and maps of programs to tables, lists and text, in user
 * space. Knows no engine; what it needs of a session comes through a table of functions. */
#ifndef SKEP_HOST_HOST_H
#define SKEP_HOST_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "image/image.h"
#include "output/output.h"

/* Called for each entry; `value` is reduced over CPUs. */
typedef void host_entry_fn(void *arg, const void *key, const void *value);

/* What a session does for host code. */
struct host_world {
	void *arg;
	/* Entries of image.vars[var], all of them; with is_taken they are gone afterwards, and what
	 * programs count meanwhile stays. */
	void (*read)(void *arg, uint32_t var, bool is_taken, host_entry_fn *fn, void *fn_arg);
	/* One entry of a keyed one; no call if there is none. */
	void (*find)(void *arg, uint32_t var, const void *key, host_entry_fn *fn, void *fn_arg);
	void (*clear)(void *arg, uint32_t var);
	void (*print_map)(void *arg, uint32_t var, uint32_t top, uint32_t div);
	void (*exit)(void *arg, int code);
};

struct host;

/* Borrows everything. NULL: the image has no host code. */
struct host *host_create(const struct image *img, struct output *out, struct symbols *syms,
                         const struct host_world *world);
void host_destroy(struct host *h);
/* Before the first event: headers, `host begin`; clocks start. */
void host_begin(struct host *h);
/* Milliseconds until host_tick() has something to do; INT_MAX: never. */
int host_wait_ms(const struct host *h);
void host_tick(struct host *h);
/* A record of EVENT_ROW. */
void host_row(struct host *h, const struct image_event *ev, const void *record);
/* Will something happen by itself: an interval, a report, a signal? */
bool host_waits(const struct host *h);
void host_signal(struct host *h, uint32_t number);
/* After the last event: the last report, `host end`. */
void host_end(struct host *h);

#endif
