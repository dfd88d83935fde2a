/* follow: runs a command, or watches a process, under the user engine's tracer and writes down what
 * it is told. For tests/user/run and bench/user.
 *
 *   follow [--enter LIST] [--exit LIST] [--all-calls] [--regs] [--events] [--log FILE]
 *          [--break FILE:OFFSET[:return]]... [--for MS] [-p PID | COMMAND [ARG...]]
 *
 * LIST: numbers with commas, or `all`. Ends as the command does: with its exit status, or by its
 * signal. The log has a line an event and, at the end, counts. */
#include <errno.h>
#include <getopt.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/user/tracer.h"

struct follow {
	FILE *log;
	bool is_verbose;
	unsigned long enters, exits, forks, execs, ends, signals, hits, returns;
};

static void on_enter(void *arg, struct tracer_task *k, int nr, const uint64_t args[6])
{
	struct follow *f = arg;

	f->enters++;
	if (f->is_verbose)
		fprintf(f->log, "enter %d %d %#" PRIx64 "\n", tracer_tid(k), nr, args[0]);
}

static void on_exit_call(void *arg, struct tracer_task *k, int nr, int64_t ret)
{
	struct follow *f = arg;

	f->exits++;
	if (f->is_verbose)
		fprintf(f->log, "leave %d %d %" PRId64 "\n", tracer_tid(k), nr, ret);
}

static void on_fork(void *arg, struct tracer_task *k, struct tracer_task *child)
{
	struct follow *f = arg;

	f->forks++;
	if (f->is_verbose)
		fprintf(f->log, "fork %d %d %s\n", tracer_tid(k), tracer_tid(child),
		        tracer_tgid(child) == tracer_tgid(k) ? "thread" : "process");
}

static void on_exec(void *arg, struct tracer_task *k, pid_t old_tid)
{
	struct follow *f = arg;
	char comm[16];

	f->execs++;
	tracer_comm(k, comm);
	if (f->is_verbose)
		fprintf(f->log, "exec %d %.16s%s\n", tracer_tid(k), comm,
		        old_tid == tracer_tid(k) ? "" : " by a thread");
}

static void on_end(void *arg, struct tracer_task *k, int status)
{
	struct follow *f = arg;

	f->ends++;
	if (f->is_verbose)
		fprintf(f->log, "exit %d %#x\n", tracer_tid(k), (unsigned)status);
}

static void on_signal(void *arg, struct tracer_task *k, const siginfo_t *info)
{
	struct follow *f = arg;

	f->signals++;
	if (f->is_verbose)
		fprintf(f->log, "signal %d %d code %d\n", tracer_tid(k), info->si_signo,
		        info->si_code);
}

static void on_breakpoint(void *arg, struct tracer_task *k, uint32_t id, bool is_return)
{
	struct follow *f = arg;
	const void *regs = tracer_regs(k);

	f->hits += !is_return;
	f->returns += is_return;
	if (f->is_verbose && is_return)
		fprintf(f->log, "return %d %u %" PRId64 "\n", tracer_tid(k), id,
		        (int64_t)tracer_regs_ret(regs));
	else if (f->is_verbose)
		fprintf(f->log, "hit %d %u %" PRId64 " %" PRId64 "\n", tracer_tid(k), id,
		        (int64_t)tracer_regs_arg(regs, 0), (int64_t)tracer_regs_arg(regs, 1));
}

static void want(struct tracer *t, const char *list, unsigned flag)
{
	bool is_all = !strcmp(list, "all");

	for (int nr = 0; is_all && nr < 512; nr++)
		tracer_want_syscall(t, nr, flag);
	for (const char *at = list; !is_all && at; at = strchr(at, ',')) {
		at += *at == ',';
		if (tracer_want_syscall(t, atoi(at), flag)) {
			fprintf(stderr, "follow: no such call: %s\n", at);
			exit(2);
		}
	}
}

static void breakpoint(struct tracer *t, char *place)
{
	struct tracer_error e;
	char *offset = strchr(place, ':'), *kind, *semaphore = NULL;
	unsigned flags = TRACER_AT_ENTRY;
	uint32_t id;

	if (!offset) {
		fprintf(stderr, "follow: FILE:OFFSET expected: %s\n", place);
		exit(2);
	}
	*offset++ = 0;
	kind = strchr(offset, ':');
	if (kind && !strncmp(kind, ":return", 7))
		flags = TRACER_AT_RETURN;
	else if (kind && !strncmp(kind, ":both", 5))
		flags |= TRACER_AT_RETURN;
	else if (kind)
		semaphore = kind + 1;
	if (tracer_add_breakpoint(t, place, strtoull(offset, NULL, 0), flags,
	                          semaphore ? strtoull(semaphore, NULL, 0) : 0, &id, &e)) {
		fprintf(stderr, "follow: %s\n%s\n", e.text, e.hint);
		exit(2);
	}
}

/* The held child: as session/child.c makes it. */
static pid_t start(char **argv, int *ret_hold)
{
	int fds[2];
	pid_t pid;
	uint64_t go;

	if (pipe2(fds, O_CLOEXEC))
		exit(2);
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		if (read(fds[0], &go, sizeof(go)) != sizeof(go))
			_exit(255);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(fds[0]);
	*ret_hold = fds[1];
	return pid;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* End as it did. */
static int end_as(int status)
{
	struct rlimit none = {0, 0};

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	setrlimit(RLIMIT_CORE, &none);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"enter", required_argument, NULL, 'e'},
	                                        {"exit", required_argument, NULL, 'x'},
	                                        {"all-calls", no_argument, NULL, 'a'},
	                                        {"regs", no_argument, NULL, 'r'},
	                                        {"events", no_argument, NULL, 'v'},
	                                        {"log", required_argument, NULL, 'l'},
	                                        {"break", required_argument, NULL, 'b'},
	                                        {"for", required_argument, NULL, 'f'},
	                                        {NULL, 0, NULL, 0}};
	struct follow f = {.log = stderr};
	struct tracer_options o = {.arg = &f,
	                           .events = {on_enter, on_exit_call, on_fork, on_exec, on_end,
	                                      on_signal, on_breakpoint, NULL}};
	const char *enter = NULL, *leave = NULL, *log = NULL;
	char *places[64];
	int n_places = 0, hold = -1, status = 0, c, got = 0;
	int64_t end = 0;
	struct tracer_error e;
	struct tracer *t;
	uint64_t go = 1;

	while ((c = getopt_long(argc, argv, "+p:", options, NULL)) != -1) {
		switch (c) {
		case 'e':
			enter = optarg;
			break;
		case 'x':
			leave = optarg;
			break;
		case 'a':
			o.no_seccomp = true;
			break;
		case 'r':
			o.needs_regs = true;
			break;
		case 'v':
			f.is_verbose = true;
			break;
		case 'l':
			log = optarg;
			break;
		case 'b':
			if (n_places < 64)
				places[n_places++] = optarg;
			break;
		case 'f':
			end = now_ms() + atoi(optarg);
			break;
		case 'p':
			o.pid = atoi(optarg);
			break;
		default:
			return 2;
		}
	}
	if (log && !(f.log = fopen(log, "we"))) {
		perror(log);
		return 2;
	}
	if (!o.pid && optind == argc)
		return 2;
	if (!o.pid)
		o.child = start(argv + optind, &hold);
	t = tracer_create(&o);
	if (enter)
		want(t, enter, TRACER_ENTER);
	if (leave)
		want(t, leave, TRACER_EXIT);
	for (int i = 0; i < n_places; i++)
		breakpoint(t, places[i]);
	if (tracer_start(t, &e)) {
		fprintf(stderr, "follow: %s\n", e.text);
		if (*e.hint)
			fprintf(stderr, "follow: %s\n", e.hint);
		return 2;
	}
	fprintf(f.log, "mode %s\n",
	        tracer_uses_notification(t) ? "notify"
	        : tracer_uses_seccomp(t)    ? "stop"
	                                    : "all");
	fflush(f.log);
	if (hold >= 0 && write(hold, &go, sizeof(go)) != sizeof(go))
		return 2;
	if (hold >= 0)
		close(hold);
	while (got != -ECHILD && (!end || now_ms() < end))
		got = tracer_poll(t, end ? (int)(end - now_ms()) : 1000, -1);
	tracer_detach(t);
	fprintf(f.log,
	        "enters %lu exits %lu forks %lu execs %lu ends %lu signals %lu hits %lu "
	        "returns %lu\n",
	        f.enters, f.exits, f.forks, f.execs, f.ends, f.signals, f.hits, f.returns);
	fclose(f.log);
	if (!tracer_child_status(t, &status)) {
		tracer_destroy(t);
		return 0;
	}
	tracer_destroy(t);
	return end_as(status);
}
