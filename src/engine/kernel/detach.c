/* Detaching, without waiting for the kernel's housekeeping.
 *
 * A program on a perf event of a tracepoint, kprobe or uprobe is off within microseconds of its
 * link's closing; but then the kernel waits until no CPU can still be inside it (tasks-trace RCU,
 * 30-75 ms, since v6.13 for the link already) and once more for the event itself, those under one
 * global lock: 350 events take 12 s to 26 s, in however many threads. Nothing the person asked for
 * depends on these waits, so they are left to an heir, a process that inherits the descriptors:
 *
 *   us                                      the heir
 *   close our links, then say "go"    ---->   close each link in a thread of its own, all at once
 *   take back the quick rest                  look (BPF_TASK_FD_QUERY) until no event has a program
 *   no program runs any more          <----   say "off"
 *   close our events, hang up         ---->   wait for the threads, end: that closes the events
 *
 * Each side closes in this order because only the last to close waits. The heir holds nothing else,
 * not even stdout, and lives no longer than the waits. Links that hold many probes (uprobe_multi)
 * are closed there too; whether they are off can't be asked, so "off" then comes when the threads
 * are through. Before v5.15 there are no links on events: then only closing the event takes the
 * program off, and we wait.
 *
 * Some stable kernels (seen: 6.1.192, 6.12.117) take programs off under a lock
 * that they hold while waiting. With hundreds of events the last ones then still run when our
 * patience ends; we go on all the same, as the heir is through with them sooner than we could be.
 */
#include "engine/kernel/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "engine/kernel/sys.h"

enum { MAX_CLOSERS = 512, STACK_B = 16 << 10, HEIR_PATIENCE_MS = 1000 };

/* What the heir knows; set up before it is born. */
struct estate {
	int *links, *events; /* n of each; events[i] is under links[i], or -1 */
	size_t n;
	int socket; /* to the tracer */
	size_t n_closers;
	size_t n_done; /* closers that have ended */
};

struct closer {
	struct estate *estate;
	size_t first; /* closes links first, first + n_closers, ... */
};

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* ---- the heir: only async-signal-safe calls, as it is forked from a process with threads ----- */

/* Closes every descriptor that is not in keep[0..n), which is sorted in place. */
static void close_all_but(int *keep, size_t n)
{
	unsigned int from = 0;

	qsort(keep, n, sizeof(*keep), by_number);
	for (size_t i = 0; i < n; i++) {
		if ((unsigned int)keep[i] > from)
			syscall(SYS_close_range, from, (unsigned int)keep[i] - 1, 0);
		from = (unsigned int)keep[i] + 1;
	}
	syscall(SYS_close_range, from, ~0u, 0);
}

static void close_links(const struct closer *c)
{
	for (size_t i = c->first; i < c->estate->n; i += c->estate->n_closers)
		close(c->estate->links[i]);
}

static int closer_main(void *arg)
{
	struct closer *c = arg;

	close_links(c);
	__atomic_add_fetch(&c->estate->n_done, 1, __ATOMIC_RELEASE);
	syscall(SYS_exit, 0);
	return 0;
}

/* Threads without a C library's idea of a thread: they make two system calls each. Returns how
 * many could be started. */
static size_t start_closers(struct estate *e)
{
	struct closer *closers = mmap(NULL, e->n_closers * sizeof(*closers), PROT_READ | PROT_WRITE,
	                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *stacks = mmap(NULL, e->n_closers * STACK_B, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t n;

	if (closers == MAP_FAILED || stacks == MAP_FAILED)
		return 0;
	for (n = 0; n < e->n_closers; n++) {
		closers[n] = (struct closer){e, n};
		if (clone(closer_main, stacks + (n + 1) * STACK_B,
		          CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		              CLONE_SYSVSEM,
		          &closers[n]) < 0)
			break;
	}
	return n;
}

static bool has_program(int event)
{
	union bpf_attr attr = {0};

	if (event < 0)
		return true; /* can't be asked */
	attr.task_fd_query.pid = (uint32_t)getpid();
	attr.task_fd_query.fd = (uint32_t)event;
	/* ENOENT: no program. EPERM (needs CAP_SYS_ADMIN): unknown, so take it for one. */
	return sys_bpf(BPF_TASK_FD_QUERY, &attr, sizeof(attr)) != -ENOENT;
}

static void heir_main(struct estate *e, int *keep)
{
	size_t n_keep = 0, n_started, off = 0;
	char word = 0;

	for (size_t i = 0; i < e->n; i++) {
		keep[n_keep++] = e->links[i];
		if (e->events[i] >= 0)
			keep[n_keep++] = e->events[i];
	}
	keep[n_keep++] = e->socket;
	close_all_but(keep, n_keep);
	prctl(PR_SET_NAME, "skep-detach");
	setsid();
	if (chdir("/"))
		_exit(1);
	/* A byte, or the end of a tracer that was killed: both mean go. */
	while (read(e->socket, &word, 1) < 0 && errno == EINTR)
		;
	e->n_closers = e->n < MAX_CLOSERS ? e->n : MAX_CLOSERS;
	n_started = start_closers(e);
	for (size_t i = n_started; i < e->n_closers; i++)
		close_links(&(struct closer){e, i});
	while (off < e->n && __atomic_load_n(&e->n_done, __ATOMIC_ACQUIRE) < n_started) {
		if (has_program(e->events[off]))
			usleep(100);
		else
			off++;
	}
	/* No signal if the tracer is gone. */
	send(e->socket, &word, 1, MSG_NOSIGNAL);
	while (read(e->socket, &word, 1) < 0 && errno == EINTR)
		;
	while (__atomic_load_n(&e->n_done, __ATOMIC_ACQUIRE) < n_started)
		usleep(5000);
	_exit(0);
}

/* ---- the tracer ------------------------------------------------------------------------------ */

static pid_t fork_quietly(void)
{
	/* No exit signal: a tracer that waits for its child must not meet ours. */
	return (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
}

/* Makes the heir, a grandchild so that nobody has to wait for it, with the other end of
 * *ret_socket. Returns 0 or -errno; then there is none. */
static int make_heir(struct estate *e, int *ret_socket)
{
	int *keep = calloc(2 * e->n + 1, sizeof(*keep)), ends[2], status, err = 0;
	pid_t child;

	if (!keep)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		free(keep);
		return -errno;
	}
	e->socket = ends[1];
	child = fork_quietly();
	if (child == 0) {
		pid_t heir = fork_quietly();

		if (heir == 0)
			heir_main(e, keep);
		_exit(heir < 0);
	}
	free(keep);
	close(ends[1]);
	if (child < 0)
		err = -EAGAIN;
	while (!err && waitpid(child, &status, __WCLONE) < 0)
		if (errno != EINTR)
			err = -errno;
	if (!err && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		err = -EAGAIN;
	if (err)
		close(ends[0]);
	else
		*ret_socket = ends[0];
	return err;
}

/* Hands what is slow to an heir. When there can't be one, everything is left as it is. */
static void leave_slow_ones(struct engine *e)
{
	struct estate estate = {.n = 0};
	struct pollfd off = {.fd = -1, .events = POLLIN};
	char word = 1;

	estate.links = calloc(2 * e->attached.n + 1, sizeof(int));
	if (!estate.links)
		return;
	estate.events = estate.links + e->attached.n;
	vec_each (at, &e->attached) {
		if (at->is_slow && at->link_fd >= 0) {
			estate.links[estate.n] = at->link_fd;
			estate.events[estate.n++] = at->perf_fd;
		}
	}
	if (estate.n && make_heir(&estate, &off.fd) == 0) {
		vec_each (at, &e->attached) {
			if (at->is_slow && at->link_fd >= 0) {
				close(at->link_fd);
				at->link_fd = -1;
			}
		}
		if (send(off.fd, &word, 1, MSG_NOSIGNAL) == 1)
			while (poll(&off, 1, HEIR_PATIENCE_MS) < 0 && errno == EINTR)
				;
		vec_each (at, &e->attached) {
			if (at->is_slow && at->perf_fd >= 0) {
				close(at->perf_fd);
				at->perf_fd = -1;
			}
		}
		close(off.fd);
	}
	free(estate.links);
}

int kernel_detach(struct engine *e)
{
	iterator_close(e);
	/* The quick ones first. */
	vec_each (at, &e->attached) {
		if (!at->is_slow && at->link_fd >= 0) {
			close(at->link_fd);
			at->link_fd = -1;
		}
	}
	leave_slow_ones(e); /* without an heir, we wait ourselves */
	vec_each (at, &e->attached) {
		if (at->link_fd >= 0)
			close(at->link_fd);
		if (at->perf_fd >= 0)
			close(at->perf_fd);
	}
	e->attached.n = 0;
	return 0;
}
