/* Commands that run until somebody ends them: INT, HUP and TERM end them well. */
#ifndef SKEP_INSPECT_ENDING_H
#define SKEP_INSPECT_ENDING_H

#include <signal.h>

struct ending {
	int fd;
	sigset_t before;
	struct sigaction actions[3];
};

enum waited { WAITED_INPUT, WAITED_TIME, WAITED_END };

/* From here to ending_leave() these signals are noticed by ending_wait() only. 0 or -errno. */
int ending_watch(struct ending *e);
void ending_leave(struct ending *e);
/* Until there is input at `fd` (-1: none is expected), or `ms` have gone by (-1: for ever). */
enum waited ending_wait(const struct ending *e, int fd, int ms);

#endif
