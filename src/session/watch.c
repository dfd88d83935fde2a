/* Signals and processes as descriptors in one epoll set: nothing is handled asynchronously, so no
 * wake-up can fall between a check and a wait. */
#include "session/watch.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "session/child.h"

enum { N_ENDING = 3, ONE_REQUEST_NS = 300000000 };

static const int ending[N_ENDING] = {SIGINT, SIGTERM, SIGHUP};

static int open_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

static void add_fd(struct watch *w, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

/* SIGHUP stays ignored under nohup; an ignored SIGINT (a shell's background job) is ours all the
 * same, as it is for bpftrace. */
static void choose_signals(sigset_t *set)
{
	struct sigaction hup;

	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGUSR1);
	if (!sigaction(SIGHUP, NULL, &hup) && hup.sa_handler != SIG_IGN)
		sigaddset(set, SIGHUP);
}

int watch_open(struct watch *w, pid_t pid, struct child *child)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	*w = (struct watch){.pid = pid,
	                    .child = child,
	                    .pid_fd = -1,
	                    .child_fd = -1,
	                    .also_fd = -1,
	                    .signal_fd = -1,
	                    .epoll_fd = -1};
	if (pid) {
		w->pid_fd = open_pidfd(pid);
		if (w->pid_fd == -ESRCH)
			return -ESRCH;
	}
	if (child)
		w->child_fd = open_pidfd(child_pid(child));
	choose_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &w->old_mask);
	sigaction(SIGPIPE, &ignore, &w->old_pipe);
	w->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->signal_fd < 0 || w->epoll_fd < 0) {
		int err = -errno;

		watch_close(w);
		return err;
	}
	add_fd(w, w->signal_fd);
	if (w->pid_fd >= 0)
		add_fd(w, w->pid_fd);
	if (w->child_fd >= 0)
		add_fd(w, w->child_fd);
	return 0;
}

void watch_child_released(struct watch *w)
{
	if (w->child)
		add_fd(w, child_exec_fd(w->child));
}

void watch_also(struct watch *w, int fd)
{
	w->also_fd = fd;
	add_fd(w, fd);
}

static void read_signals(struct watch *w, struct watch_news *news)
{
	struct signalfd_siginfo info;

	while (read(w->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			news->is_asked_by_signal = true;
		else
			news->is_asked_to_end = true;
	}
}

struct watch_news watch_read(struct watch *w)
{
	struct watch_news news = {0};
	struct epoll_event ready[8];
	int n = epoll_wait(w->epoll_fd, ready, 8, 0);

	for (int i = 0; i < n; i++) {
		int fd = ready[i].data.fd;

		if (fd == w->signal_fd) {
			read_signals(w, &news);
		} else if (fd == w->pid_fd) {
			news.has_process_ended = true;
		} else if (fd == w->child_fd) {
			news.has_process_ended = true;
		} else if (fd != w->also_fd) { /* the exec pipe: once */
			news.exec_error = child_exec_result(w->child);
			epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		}
	}
	if (w->pid && w->pid_fd < 0 && kill(w->pid, 0) && errno == ESRCH)
		news.has_process_ended = true;
	if (w->child && w->child_fd < 0 && child_has_ended(w->child))
		news.has_process_ended = true;
	return news;
}

/* Signals have one handler for the whole process, so this cannot live in a context. */
static _Atomic int64_t first_signal_ns;

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* The same request may come twice: timeout(1) signals its child and then its whole group, so what
 * follows within a moment of the first is no second request. */
static void end_at_second(int sig)
{
	int64_t now = now_ns(), first = first_signal_ns;

	if (!first) {
		first_signal_ns = now;
	} else if (now - first > ONE_REQUEST_NS) {
		signal(sig, SIG_DFL);
		raise(sig); /* delivered when this handler returns */
	}
}

void watch_finishing(struct watch *w, bool is_by_signal)
{
	struct sigaction action = {.sa_handler = end_at_second, .sa_flags = SA_RESTART};
	sigset_t set;

	first_signal_ns = is_by_signal ? now_ns() : 0;
	choose_signals(&set);
	sigdelset(&set, SIGUSR1);
	for (size_t i = 0; i < N_ENDING; i++)
		if (sigismember(&set, ending[i]))
			sigaction(ending[i], &action, &w->old_ending[i]);
		else
			sigaction(ending[i], NULL, &w->old_ending[i]);
	w->is_finishing = true;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void watch_close(struct watch *w)
{
	struct watch_news late = {0};

	if (w->signal_fd >= 0)
		read_signals(w, &late); /* or a pending SIGUSR1 would end the process now */
	for (size_t i = 0; w->is_finishing && i < N_ENDING; i++)
		sigaction(ending[i], &w->old_ending[i], NULL);
	if (w->pid_fd >= 0)
		close(w->pid_fd);
	if (w->child_fd >= 0)
		close(w->child_fd);
	if (w->signal_fd >= 0)
		close(w->signal_fd);
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	sigaction(SIGPIPE, &w->old_pipe, NULL);
	sigprocmask(SIG_SETMASK, &w->old_mask, NULL);
}
