/* What the session's files share, and nobody else sees. */
#ifndef SKEP_SESSION_INTERNAL_H
#define SKEP_SESSION_INTERNAL_H

#include "host/host.h"
#include "session/session.h"
#include "session/watch.h"

struct session {
	struct image *img;
	const struct engine_ops *ops;
	struct engine *engine;
	const struct session_options *opts;
	struct output_options output; /* what `out` was made with */
	struct output *out;
	struct watch watch;
	int exit_code;
	bool has_exited;      /* an exit event was seen: drop what follows */
	bool is_dropping;     /* between it and the detach */
	bool is_by_signal;    /* asked to end from outside */
	bool can_fire;        /* something besides begin and end is attached */
	bool names_processes; /* their addresses, that is */
	pid_t noted;          /* whose maps are looked at now and then, or 0 */
	struct host *host;    /* what runs in user space, or NULL */
	unsigned char **taken; /* by var: scalars as host code has taken them, or NULL */
	uint64_t lost;        /* reported so far */
	int64_t lost_at_ms;   /* when the engine was asked last */
};

/* Handle everything that is in the ring now. */
void session_drain(struct session *s);

void session_complain(const struct session *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void session_print_map(struct session *s, uint32_t var, uint32_t top, uint32_t div);

/* ---- hosting.c ---- */
void session_host_open(struct session *s);
void session_host_close(struct session *s);
/* The programs' own clear() of a scalar. */
void session_forget_taken(struct session *s, uint32_t var);

/* trial.c: the tests or benchmarks of the image, one after the other. Both return the exit status.
 */
int trials_test(struct session *s);
int trials_bench(struct session *s);

#endif
