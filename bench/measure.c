/* measure [-n RUNS] [-f TEXT] [-i] [-t] [-o FILE] [-T SECONDS] -- COMMAND...
 *
 * Runs a command and tells in one line of JSON what it cost. Small and static, so that starting
 * from here adds neither time nor memory to the figures: a fork of a Python would be ten megabytes.
 *
 *   -f TEXT   the time of the first output that holds TEXT is noted, then SIGINT is sent
 *   -i        SIGINT is sent when a line comes on standard input
 *   -t        output goes to a terminal, where C's printf() writes each line at once
 *   -o FILE   output and messages go there, unread, instead of pipes
 *   -T SECS   the command gets that long, then SIGKILL
 *
 * A line `stamp NS` in the output is a clock reading; the last one is passed on.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct result {
	uint64_t start, end, first, stop; /* ns; 0: did not happen */
	uint64_t told;                    /* when it was sent SIGINT last */
	uint64_t cpu_at_stop;             /* ns of CPU until then */
	unsigned long long stamp;
	uint64_t n_lines, n_bytes, limit_ns;
	char err[400];
	size_t err_b;
	int status;
	struct rusage usage;
};

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t))
		return 0;
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void stop(struct result *r, pid_t pid)
{
	clockid_t id;

	if (r->stop)
		return;
	if (!clock_getcpuclockid(pid, &id))
		r->cpu_at_stop = clock_ns(id);
	r->stop = r->told = clock_ns(CLOCK_MONOTONIC);
	kill(pid, SIGINT);
}

/* Output in chunks; a word may be cut by a chunk's end, so the last line is kept. */
static void take(struct result *r, const char *chunk, size_t n, const char *text, pid_t pid)
{
	static char tail[8192];
	static size_t tail_b;
	char *at;

	if (!chunk) {
		tail_b = 0;
		return;
	}
	r->n_bytes += n;
	for (size_t i = 0; i < n; i++)
		r->n_lines += chunk[i] == '\n';
	if (tail_b + n >= sizeof(tail))
		tail_b = 0;
	if (n >= sizeof(tail))
		return;
	memcpy(tail + tail_b, chunk, n);
	tail_b += n;
	tail[tail_b] = '\0';
	if (text && !r->first && strstr(tail, text)) {
		r->first = clock_ns(CLOCK_MONOTONIC);
		stop(r, pid);
	}
	for (at = tail; (at = strstr(at, "stamp ")); at += 6)
		sscanf(at, "stamp %llu", &r->stamp);
	at = memrchr(tail, '\n', tail_b);
	if (at) {
		tail_b -= (size_t)(at + 1 - tail);
		memmove(tail, at + 1, tail_b);
	}
}

/* bpftrace 0.17 notices a signal only while it waits in epoll_wait, tools of libbpf-tools while they
 * sleep; one that comes at another time is lost. So they get another as long as they go on waiting
 * there. */
static void insist(pid_t pid)
{
	char path[64], where[64] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, where, sizeof(where) - 1) > 0 &&
	    (strstr(where, "epoll") || strstr(where, "nanosleep")))
		kill(pid, SIGINT);
	if (fd >= 0)
		close(fd);
}

/* Both ends of a new terminal, closed by exec. */
static int open_terminal(int ret[2])
{
	ret[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ret[0] < 0 || grantpt(ret[0]) || unlockpt(ret[0]))
		return -1;
	ret[1] = open(ptsname(ret[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
	return ret[1] < 0 ? -1 : 0;
}

static int run(struct result *r, char **command, const char *text, int takes_line, const char *file,
               int has_terminal)
{
	posix_spawn_file_actions_t actions;
	struct pollfd fds[4] = {[0 ... 3] = {.fd = -1, .events = POLLIN}};
	int out[2], err[2];
	bool is_running;
	pid_t pid;

	*r = (struct result){.limit_ns = r->limit_ns};
	take(r, NULL, 0, NULL, 0);
	if ((has_terminal ? open_terminal(out) : pipe2(out, O_CLOEXEC)) || pipe2(err, O_CLOEXEC))
		return -1;
	if (!has_terminal)
		fcntl(out[0], F_SETPIPE_SZ, 1 << 20);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (file) {
		posix_spawn_file_actions_addopen(&actions, 1, file,
		                                 O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
		posix_spawn_file_actions_adddup2(&actions, 1, 2);
	} else {
		posix_spawn_file_actions_adddup2(&actions, out[1], 1);
		posix_spawn_file_actions_adddup2(&actions, err[1], 2);
	}
	r->start = clock_ns(CLOCK_MONOTONIC);
	errno = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
	if (errno)
		return -1;
	if (takes_line) {
		printf("pid %d\n", pid);
		fflush(stdout);
	}
	close(out[1]);
	close(err[1]);
	is_running = true;
	fds[0].fd = out[0];
	fds[1].fd = err[0];
	fds[2].fd = takes_line ? STDIN_FILENO : -1;
	fds[3].fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fds[3].fd < 0)
		return -1;
	while (is_running || fds[0].fd >= 0 || fds[1].fd >= 0) {
		static char chunk[65536];
		int n_ready = poll(fds, 4, is_running ? 300 : 50);
		uint64_t now = clock_ns(CLOCK_MONOTONIC);

		if (!n_ready && !is_running)
			break; /* somebody else holds the pipe */
		if (now > r->start + r->limit_ns && is_running) {
			kill(pid, SIGKILL);
		} else if (is_running && r->stop && now > r->told + 300000000) {
			r->told = now;
			insist(pid);
		}
		if (n_ready <= 0)
			continue;
		if (fds[2].revents) {
			if (read(STDIN_FILENO, chunk, sizeof(chunk)) <= 0)
				kill(pid, SIGKILL); /* whoever asked for this is gone */
			fds[2].fd = -1;
			stop(r, pid);
		}
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			n = read(fds[i].fd, chunk, sizeof(chunk));
			if (n <= 0) {
				close(fds[i].fd);
				fds[i].fd = -1;
			} else if (!i) {
				take(r, chunk, (size_t)n, text, pid);
			} else {
				size_t room = sizeof(r->err) - 1 - r->err_b;
				size_t len = (size_t)n < room ? (size_t)n : room;

				memcpy(r->err + r->err_b, chunk, len);
				r->err_b += len;
			}
		}
		if (fds[3].revents) {
			wait4(pid, &r->status, 0, &r->usage);
			r->end = clock_ns(CLOCK_MONOTONIC);
			is_running = false;
			close(fds[3].fd);
			fds[3].fd = -1;
		}
	}
	for (int i = 0; i < 2; i++)
		if (fds[i].fd >= 0)
			close(fds[i].fd);
	posix_spawn_file_actions_destroy(&actions);
	return 0;
}

static uint64_t us(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static void print(const struct result *r)
{
	uint64_t cpu_us = us(r->usage.ru_utime) + us(r->usage.ru_stime);

	printf("{\"wall_ms\": %.4f, \"cpu_ms\": %.3f, \"user_ms\": %.3f, \"rss_kb\": %ld, "
	       "\"status\": %d, "
	       "\"lines\": %llu, \"bytes\": %llu",
	       (double)(r->end - r->start) / 1e6, (double)cpu_us / 1e3,
	       (double)us(r->usage.ru_utime) / 1e3, r->usage.ru_maxrss,
	       WIFEXITED(r->status) ? WEXITSTATUS(r->status) : 128 + WTERMSIG(r->status),
	       (unsigned long long)r->n_lines, (unsigned long long)r->n_bytes);
	if (r->first)
		printf(", \"first_ms\": %.4f", (double)(r->first - r->start) / 1e6);
	if (r->stamp)
		printf(", \"attach_ms\": %.4f, \"detach_ms\": %.4f",
		       (double)(r->stamp - r->start) / 1e6, (double)(r->end - r->stamp) / 1e6);
	if (r->stop)
		printf(", \"stop_ms\": %.4f, \"stop_cpu_ms\": %.4f",
		       (double)(r->end - r->stop) / 1e6,
		       (double)cpu_us / 1e3 - (double)r->cpu_at_stop / 1e6);
	printf(", \"err\": \"");
	for (size_t i = 0; i < r->err_b; i++)
		if (r->err[i] == '"' || r->err[i] == '\\')
			printf("\\%c", r->err[i]);
		else if ((unsigned char)r->err[i] < 32)
			printf("\\n");
		else
			putchar(r->err[i]);
	printf("\"}\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct result r = {.limit_ns = 60000000000};
	const char *text = NULL, *file = NULL;
	int runs = 1, takes_line = 0, has_terminal = 0, c;

	while ((c = getopt(argc, argv, "+n:f:ito:T:")) != -1)
		switch (c) {
		case 'n':
			runs = atoi(optarg);
			break;
		case 'f':
			text = optarg;
			break;
		case 'i':
			takes_line = 1;
			break;
		case 't':
			has_terminal = 1;
			break;
		case 'o':
			file = optarg;
			break;
		case 'T':
			r.limit_ns = (uint64_t)atoi(optarg) * 1000000000;
			break;
		default:
			return 2;
		}
	if (optind >= argc)
		return 2;
	for (int i = 0; i < runs; i++) {
		if (run(&r, argv + optind, text, takes_line, file, has_terminal)) {
			fprintf(stderr, "measure: %s: %s\n", argv[optind], strerror(errno));
			return 1;
		}
		print(&r);
	}
	return 0;
}
