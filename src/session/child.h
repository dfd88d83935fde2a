/* The command of -c: started at once, so that its pid is known to the compiler, but held before
 * exec until the probes are attached. */
#ifndef SKEP_SESSION_CHILD_H
#define SKEP_SESSION_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct arena;
struct child;

/* Split `command` at single spaces, find word 0 by PATH, fork. Returns NULL and a line of text in
 * *ret_error (in `a`, like the child) if there is no such program. `dies_with_us`: should skep be
 * killed, the command gets a SIGTERM, as bpftrace's does; with the user engine, whose tracing it must
 * not be able to notice, it goes on. */
struct child *child_start(struct arena *a, const char *command, bool dies_with_us,
                          const char **ret_error);
/* The same for words as they are, NULL behind the last. */
struct child *child_start_words(struct arena *a, char **words, bool dies_with_us,
                                const char **ret_error);
pid_t child_pid(const struct child *c);
/* Let it exec. */
void child_release(struct child *c);
/* The same, but it is stopped for look() when its program and libraries are in place and none of its
 * code has run. Not called if it has ended before. */
void child_release_at_entry(struct child *c, void (*look)(void *arg, pid_t pid), void *arg);
/* Readable once an exec failed or, at its end, when it did not. -1 before the release. */
int child_exec_fd(const struct child *c);
/* After that: 0, or -errno of an exec that failed. */
int child_exec_result(struct child *c);
bool child_has_ended(struct child *c); /* does not wait, does not reap */
/* SIGTERM if it still runs, and reap it. Safe to call twice. */
void child_stop(struct child *c);

#endif
