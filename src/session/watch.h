/* What a session waits for besides events: signals, the -c child, the -p process. All of it behind
 * one descriptor that an engine's poll can wait on. */
#ifndef SKEP_SESSION_WATCH_H
#define SKEP_SESSION_WATCH_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct child;

struct watch {
	int epoll_fd;
	int signal_fd;
	int pid_fd, child_fd; /* pidfds, -1: none, or a kernel before 5.3 (then asked each round) */
	int also_fd;          /* not owned, -1: none */
	pid_t pid;
	struct child *child;
	sigset_t old_mask;
	struct sigaction old_pipe;
	struct sigaction old_ending[3];
	bool is_finishing;
};

struct watch_news {
	bool is_asked_to_end;   /* SIGINT, SIGTERM, SIGHUP */
	bool is_asked_by_signal; /* SIGUSR1: self probes */
	bool has_process_ended; /* the child or the -p process */
	int exec_error;         /* of the child, -errno */
};

/* pid 0, child NULL: none. From here on the signals arrive only as news. Returns 0, or -errno
 * (-ESRCH: no process `pid`) with nothing changed. */
int watch_open(struct watch *w, pid_t pid, struct child *child);
void watch_also(struct watch *w,
                int fd); /* one more descriptor that ends a wait; its owner reads it */
void watch_child_released(struct watch *w); /* from now on its exec may fail */
/* What has happened since the last call; never waits. */
struct watch_news watch_read(struct watch *w);
/* The session is finishing, because of such a signal or not: one more SIGINT, SIGTERM or SIGHUP
 * ends the process at once. (The first is free if none has come yet.) */
void watch_finishing(struct watch *w, bool is_by_signal);
void watch_close(struct watch *w); /* restores mask and dispositions */

#endif
