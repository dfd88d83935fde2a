/* A session: an image run by an engine from start to end, its events printed, its maps at the
 * end. Knows no language and no kernel. */
#ifndef SKEP_SESSION_SESSION_H
#define SKEP_SESSION_SESSION_H

#include <stdbool.h>

#include "engine/engine.h"
#include "output/output.h"

struct child;

struct session_options {
	struct output_options output;
	struct symbols *symbols; /* not owned; NULL: addresses stay numbers */
	struct child *child;  /* -c: held before exec, from child_start(); not owned. NULL: none */
	bool is_quiet;        /* no banner */
	bool shows_log;       /* the kernel verifier's log also of programs it takes */
	bool is_dry_run;      /* load, attach, leave */
	bool no_maps_on_exit; /* print_maps_on_exit = false */
	/* TEST, BENCH: run these probes instead of waiting for events */
	enum session_mode { SESSION_TRACE, SESSION_TEST, SESSION_BENCH } mode;
};

/* Run to the end. eopts->child is set from sopts->child; eopts->pid is watched as well. Messages
 * go to sopts->output.err. Returns the process's exit status (spec part 1.2): what exit() asked
 * for, 0, or 255 when the engine refuses. While it runs, SIGINT, SIGTERM, SIGHUP and SIGUSR1 are
 * its own; mask and dispositions are restored before it returns. */
int session_run(struct image *img, const struct engine_ops *ops, const struct engine_options *eopts,
                const struct session_options *sopts);

#endif
