/* measure [-n RUNS] [-f TEXT] [-i] [-o FILE] [-T SECONDS] -- COMMAND...
 *
 * Runs a command and tells in one line of JSON what it cost. Small and static, so that starting
 * from here adds neither time nor memory to the figures: a fork of a Python would be ten megabytes.
 *
 *   -f TEXT   the time of the first output that holds TEXT is noted, then SIGINT is sent
 *   -i        SIGINT is sent when a line comes on standard input
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
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct result {
	uint64_t start, end, first, stop; /* ns; 0: did not happen */
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
	r->stop = clock_ns(CLOCK_MONOTONIC);
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

/* Until a line comes, then SIGINT; after that the pipes, which are empty, end with the loop below. */
static void wait_by_line(struct result *r, pid_t pid, int takes_line)
{
	struct pollfd in = {.fd = takes_line ? 0 : -1, .events = POLLIN};
	char line[256];

	if (poll(&in, 1, (int)(r->limit_ns / 1000000)) <= 0 || read(0, line, sizeof(line)) <= 0)
		kill(pid, SIGKILL);
	stop(r, pid);
}

static int run(struct result *r, char **command, const char *text, int takes_line, const char *file)
{
	posix_spawn_file_actions_t actions;
	int out[2], err[2];
	pid_t pid;

	*r = (struct result){.limit_ns = r->limit_ns};
	take(r, NULL, 0, NULL, 0);
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return -1;
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
	/* With a file the pipes end at once; then only the process's own end is waited for. */
	if (file) {
		wait_by_line(r, pid, takes_line);
		takes_line = 0;
	}
	for (int open_pipes = 2; open_pipes;) {
		static char chunk[65536];
		struct pollfd fds[3] = {{.fd = out[0], .events = POLLIN},
					{.fd = err[0], .events = POLLIN},
					{.fd = takes_line ? 0 : -1, .events = POLLIN}};
		int64_t left = (int64_t)(r->start + r->limit_ns - clock_ns(CLOCK_MONOTONIC));

		if (left <= 0 || !poll(fds, 3, (int)(left / 1000000) + 1)) {
			kill(pid, SIGKILL);
			r->limit_ns += 5000000000; /* to see it go */
			continue;
		}
		if (fds[2].revents) {
			if (read(0, chunk, sizeof(chunk)) <= 0)
				kill(pid, SIGKILL); /* whoever asked for this is gone */
			takes_line = 0;
			stop(r, pid);
		}
		for (int i = 0; i < 2; i++) {
			int *fd = i ? &err[0] : &out[0];
			ssize_t n;

			if (*fd < 0 || !fds[i].revents)
				continue;
			n = read(*fd, chunk, sizeof(chunk));
			if (n <= 0) {
				close(*fd);
				*fd = -1;
				open_pipes--;
			} else if (!i) {
				take(r, chunk, (size_t)n, text, pid);
			} else if (r->err_b < sizeof(r->err) - 1) {
				size_t room = sizeof(r->err) - 1 - r->err_b;
				size_t len = (size_t)n < room ? (size_t)n : room;

				memcpy(r->err + r->err_b, chunk, len);
				r->err_b += len;
			}
		}
	}
	while (wait4(pid, &r->status, 0, &r->usage) < 0 && errno == EINTR)
		;
	r->end = clock_ns(CLOCK_MONOTONIC);
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

	printf("{\"wall_ms\": %.4f, \"cpu_ms\": %.3f, \"rss_kb\": %ld, \"status\": %d, "
	       "\"lines\": %llu, \"bytes\": %llu",
	       (double)(r->end - r->start) / 1e6, (double)cpu_us / 1e3, r->usage.ru_maxrss,
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
	int runs = 1, takes_line = 0, c;
	uint64_t limit_ns;

	while ((c = getopt(argc, argv, "+n:f:io:T:")) != -1)
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
	limit_ns = r.limit_ns;
	for (int i = 0; i < runs; i++) {
		r.limit_ns = limit_ns;
		if (run(&r, argv + optind, text, takes_line, file)) {
			fprintf(stderr, "measure: %s: %s\n", argv[optind], strerror(errno));
			return 1;
		}
		print(&r);
	}
	return 0;
}
