/* floor HOW COMMAND...: the least that a tracer in user space can do. It counts the command's
 * getppid(2) calls and does nothing else:
 *
 *   ptrace   a seccomp filter stops the call (SECCOMP_RET_TRACE), the tracer reads number and
 *            arguments (PTRACE_GET_SYSCALL_INFO) and lets it go
 *   exits    as before, and stops once more when the call returns
 *   notify   the filter notifies (SECCOMP_RET_USER_NOTIF), the answer is to go on
 *   filter   the filter alone: what an untraced call pays
 *
 * The count goes to standard error. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1UL
#endif

static void fail(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int install(unsigned action, unsigned flags)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, action),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		fail("no_new_privs");
	fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (fd < 0)
		fail("seccomp");
	return fd;
}

static int follow_by_ptrace(pid_t child, int exits)
{
	struct __ptrace_syscall_info info;
	int status, count = 0, sig;

	if (waitpid(child, &status, 0) != child)
		fail("wait");
	if (ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD))
		fail("ptrace");
	ptrace(PTRACE_CONT, child, 0, 0);
	while (waitpid(child, &status, __WALL) == child && WIFSTOPPED(status)) {
		int stop = status >> 8, goes_on = PTRACE_CONT;

		sig = 0;
		if (stop == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
			ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info);
			count += info.seccomp.nr == SYS_getppid;
			goes_on = exits ? PTRACE_SYSCALL : PTRACE_CONT;
		} else if (stop == (SIGTRAP | 0x80)) {
			ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info);
		} else if (stop != SIGTRAP) {
			sig = WSTOPSIG(status);
		}
		ptrace(goes_on, child, 0, sig);
	}
	return count;
}

static int follow_by_notification(pid_t child, int child_fd)
{
	struct seccomp_notif_sizes sizes;
	struct seccomp_notif *n;
	struct seccomp_notif_resp *r;
	int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	int fd = (int)syscall(SYS_pidfd_getfd, pidfd, child_fd, 0), count = 0, status;

	if (fd < 0 || syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes))
		fail("listener");
	ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	n = calloc(1, sizes.seccomp_notif + sizeof(*n));
	r = calloc(1, sizes.seccomp_notif_resp + sizeof(*r));
	if (!n || !r)
		fail("memory");
	kill(child, SIGCONT);
	for (;;) {
		memset(n, 0, sizes.seccomp_notif);
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, n))
			break; /* ENOENT: nobody has the filter any more */
		count += n->data.nr == SYS_getppid;
		memset(r, 0, sizes.seccomp_notif_resp);
		r->id = n->id;
		r->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, r);
	}
	waitpid(child, &status, 0);
	return count;
}

int main(int argc, char **argv)
{
	int is_notify, pipes[2], fd = -1, count = 0, status;
	pid_t child;

	if (argc < 3) {
		fprintf(stderr, "usage: floor ptrace|exits|notify|filter COMMAND...\n");
		return 2;
	}
	is_notify = !strcmp(argv[1], "notify");
	if (pipe(pipes))
		fail("pipe");
	child = fork();
	if (child < 0)
		fail("fork");
	if (!child) {
		if (is_notify) {
			fd = install(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
			if (write(pipes[1], &fd, sizeof(fd)) != sizeof(fd))
				_exit(1);
			raise(SIGSTOP);
			close(fd); /* or it would wait for its own answers for ever */
		} else if (!strcmp(argv[1], "filter")) {
			install(SECCOMP_RET_ALLOW, 0);
		} else {
			ptrace(PTRACE_TRACEME, 0, 0, 0);
			raise(SIGSTOP);
			install(SECCOMP_RET_TRACE, 0);
		}
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (is_notify) {
		if (read(pipes[0], &fd, sizeof(fd)) != sizeof(fd) ||
		    waitpid(child, &status, WUNTRACED) != child)
			fail("child");
		count = follow_by_notification(child, fd);
	} else if (!strcmp(argv[1], "filter")) {
		waitpid(child, &status, 0);
	} else {
		count = follow_by_ptrace(child, !strcmp(argv[1], "exits"));
	}
	fprintf(stderr, "%d calls\n", count);
	return 0;
}
