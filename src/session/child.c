/* The command of -c (spec part 1.4).
 *
 * The child waits in read() on one pipe until the parent writes a byte; if the parent dies first
 * the read ends and so does the child. A second pipe, closed by a successful exec, brings back the
 * error of a failed one. The parent never blocks on it: a debugger (the user engine) may have
 * stopped the child inside execve. */
#include "session/child.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/vec.h"

enum { PATIENCE_MS = 1000 };

struct child {
	pid_t pid;
	int hold_fd; /* write end: eight bytes let it go */
	int exec_fd; /* read end: errno of a failed exec, or end of file */
	bool is_released, is_reaped;
};

/* `a  b` has an empty word in the middle; a blank at the end starts none. */
static char **split(struct arena *a, const char *command)
{
	vec(char *) words = {0};

	while (*command) {
		size_t n = strcspn(command, " ");

		vec_push(a, &words, arena_strndup(a, command, n));
		command += n + (command[n] == ' ');
	}
	vec_push(a, &words, NULL);
	return words.items;
}

/* Executable files that `pattern` (a path, perhaps with wildcards) names; the first in *ret. */
static size_t match_executables(struct arena *a, const char *pattern, const char **ret)
{
	size_t n = 0;
	glob_t found;

	if (!strpbrk(pattern, "*?[")) {
		if (access(pattern, X_OK))
			return 0;
		*ret = pattern;
		return 1;
	}
	if (glob(pattern, 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (!access(found.gl_pathv[i], X_OK) && !n++)
			*ret = arena_strdup(a, found.gl_pathv[i]);
	globfree(&found);
	return n;
}

static const char *find_program(struct arena *a, const char *word, const char **ret_error)
{
	const char *dirs = getenv("PATH"), *path = NULL;
	size_t n = 0;

	if (strchr(word, '/')) {
		n = match_executables(a, word, &path);
	} else if (*word) {
		dirs = dirs ? dirs : "/usr/local/bin:/usr/bin:/bin";
		while (!n && *dirs) {
			size_t len = strcspn(dirs, ":");

			if (len)
				n = match_executables(
				    a, arena_printf(a, "%.*s/%s", (int)len, dirs, word), &path);
			dirs += len + (dirs[len] == ':');
		}
	}
	if (n == 1)
		return path;
	if (n == 0)
		*ret_error = arena_printf(
		    a, "Failed to fork child: Path '%s' does not exist or is not executable", word);
	else
		*ret_error = arena_printf(a,
		                          "Failed to fork child: Path '%s' must refer to a unique "
		                          "binary but matched %zu binaries",
		                          word, n);
	return NULL;
}

/* The system call itself: libc keeps its wrapper away from the two signals it uses (32, 33), which
 * may have come to us ignored all the same. */
static void reset_signal(int sig)
{
	struct {
		void (*handler)(int);
		unsigned long flags, restorer, mask;
	} dfl = {.handler = SIG_DFL};

	syscall(SYS_rt_sigaction, sig, &dfl, NULL, sizeof(dfl.mask));
}

/* In the child, after fork. */
static _Noreturn void run_child(const char *path, char **argv, pid_t parent, bool dies_with_parent,
                                int wait_fd, int error_fd)
{
	sigset_t none;
	ssize_t n;
	uint64_t go; /* eight bytes, as the peer's eventfd: this read is the first a script sees */
	int err;

	for (int sig = 1; sig < NSIG; sig++)
		reset_signal(sig);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* should the tracer be killed, it cannot say SIGTERM itself */
	if (dies_with_parent)
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(255);
	do
		n = read(wait_fd, &go, sizeof(go));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(go))
		_exit(255);
	execv(path, argv);
	err = errno;
	if (write(error_fd, &err, sizeof(err)) < 0)
		_exit(255);
	_exit(255);
}

struct child *child_start(struct arena *a, const char *command, bool dies_with_us,
                          const char **ret_error)
{
	return child_start_words(a, split(a, command), dies_with_us, ret_error);
}

struct child *child_start_words(struct arena *a, char **argv, bool dies_with_us,
                                const char **ret_error)
{
	const char *path = find_program(a, argv[0] ? argv[0] : "", ret_error);
	int hold[2] = {-1, -1}, result[2] = {-1, -1};
	pid_t parent = getpid();
	struct child *c;

	if (!path)
		return NULL;
	if (pipe2(hold, O_CLOEXEC) || pipe2(result, O_CLOEXEC))
		goto fail;
	c = arena_new(a, struct child);
	c->pid = fork();
	if (c->pid < 0)
		goto fail;
	if (c->pid == 0) {
		close(hold[1]); /* or the child would keep itself waiting */
		run_child(path, argv, parent, dies_with_us, hold[0], result[1]);
	}
	close(hold[0]);
	close(result[1]);
	c->hold_fd = hold[1];
	c->exec_fd = result[0];
	fcntl(c->exec_fd, F_SETFL, O_NONBLOCK);
	return c;
fail:
	*ret_error = arena_printf(a, "Failed to fork child: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		if (hold[i] >= 0)
			close(hold[i]);
		if (result[i] >= 0)
			close(result[i]);
	}
	return NULL;
}

pid_t child_pid(const struct child *c)
{
	return c->pid;
}

static void close_hold(struct child *c)
{
	if (c->hold_fd >= 0)
		close(c->hold_fd);
	c->hold_fd = -1;
}

void child_release(struct child *c)
{
	uint64_t go = 1;
	ssize_t n;

	if (c->hold_fd < 0)
		return;
	do
		n = write(c->hold_fd, &go, sizeof(go));
	while (n < 0 && errno == EINTR);
	c->is_released = true;
	close_hold(c);
}

int child_exec_fd(const struct child *c)
{
	return c->is_released ? c->exec_fd : -1;
}

int child_exec_result(struct child *c)
{
	int err = 0;

	if (read(c->exec_fd, &err, sizeof(err)) != sizeof(err))
		return 0;
	return -err;
}

bool child_has_ended(struct child *c)
{
	siginfo_t info = {0};

	if (c->is_reaped)
		return true;
	/* ECHILD: an engine that traces it has reaped it already */
	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT))
		return errno == ECHILD;
	return info.si_pid == c->pid;
}

void child_stop(struct child *c)
{
	if (c->is_reaped)
		return;
	if (!child_has_ended(c)) {
		kill(c->pid, SIGTERM);
		kill(c->pid, SIGCONT); /* a stopped one would not hear */
		for (int waited_ms = 0; waited_ms < PATIENCE_MS && !child_has_ended(c); waited_ms++)
			usleep(1000);
	}
	close_hold(c);
	waitpid(c->pid, NULL, WNOHANG); /* one that refuses to end is left to init */
	c->is_reaped = true;
	close(c->exec_fd);
	c->exec_fd = -1;
}
