/* See ending.h. */
#include "inspect/ending.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int signals[3] = {SIGINT, SIGHUP, SIGTERM};

int ending_watch(struct ending *e)
{
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < 3; i++)
		sigaddset(&set, signals[i]);
	e->fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (e->fd < 0)
		return -errno;
	sigprocmask(SIG_BLOCK, &set, &e->before);
	/* A shell's background commands ignore INT; the kernel tells nobody of ignored ones. */
	for (int i = 0; i < 3; i++)
		sigaction(signals[i], &(struct sigaction){.sa_handler = SIG_DFL}, &e->actions[i]);
	return 0;
}

void ending_leave(struct ending *e)
{
	struct signalfd_siginfo info;

	while (ending_wait(e, -1, 0) == WAITED_END)
		if (read(e->fd, &info, sizeof(info)) < 0)
			break;
	for (int i = 0; i < 3; i++)
		sigaction(signals[i], &e->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &e->before, NULL);
	close(e->fd);
}

enum waited ending_wait(const struct ending *e, int fd, int ms)
{
	struct pollfd fds[2] = {{.fd = e->fd, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
	int n;

	do
		n = poll(fds, 2, ms);
	while (n < 0 && errno == EINTR);
	if (fds[0].revents)
		return WAITED_END;
	return n > 0 ? WAITED_INPUT : WAITED_TIME;
}
