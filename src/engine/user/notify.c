/* Notifications: a task at a call that the filter notifies of waits in the kernel for an answer,
 * which is always "go on" (SECCOMP_USER_NOTIF_FLAG_CONTINUE, v5.5).
 *
 * Until its notification has been received a task's wait can be interrupted by a signal; from then
 * on only by death (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, v5.19). The call, though never begun,
 * then ends with -ERESTARTSYS, which a handler without SA_RESTART turns into an EINTR that the
 * program has no reason to expect. As its tracer we see such a signal before it is delivered, and:
 *
 *   - if this call has not been let go, make the code one that always restarts
 *   - if one just like it has, it may be that one which was interrupted, rightly, or the next. Then
 *     the signal is put off: the call begins again without it, is received, and the
 *     signal is sent once more, with its own siginfo, before it is let go. It comes as if a moment
 *     later. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/user/inside.h"

#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

int notify_open(struct tracer *t, pid_t child, int child_fd)
{
	struct seccomp_notif_sizes sizes = {0};
	own_fd int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	int fd = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, child_fd, 0);

	if (fd < 0)
		return -errno;
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes)) {
		int err = -errno;

		close(fd);
		return err;
	}
	/* Both run on one processor by turns: no wake-up of another (v6.6; older ones refuse). */
	ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	t->notif_b = sizes.seccomp_notif > sizeof(struct seccomp_notif)
	                 ? sizes.seccomp_notif
	                 : sizeof(struct seccomp_notif);
	t->response_b = sizes.seccomp_notif_resp > sizeof(struct seccomp_notif_resp)
	                    ? sizes.seccomp_notif_resp
	                    : sizeof(struct seccomp_notif_resp);
	t->notif = calloc(1, t->notif_b);
	t->response = calloc(1, t->response_b);
	t->listener_fd = fd;
	return 0;
}

void notify_close(struct tracer *t)
{
	if (t->listener_fd >= 0)
		close(t->listener_fd);
	t->listener_fd = -1;
	free(TAKE(t->notif));
	free(TAKE(t->response));
}

static bool was_continued(const struct tracer_task *k, int nr, uint64_t ip, const uint64_t args[6])
{
	return k->continued_nr == nr && k->continued_ip == ip &&
	       !memcmp(k->continued_args, args, sizeof(k->continued_args));
}

/* Calls that wait for something, so that what a signal interrupts is most likely the call itself,
 * which has been told of. */
static bool can_wait(int nr)
{
	static const int calls[] = {
	    SYS_read,
	    SYS_write,
	    SYS_readv,
	    SYS_writev,
	    SYS_openat,
	    SYS_connect,
	    SYS_accept,
	    SYS_accept4,
	    SYS_recvfrom,
	    SYS_recvmsg,
	    SYS_recvmmsg,
	    SYS_sendto,
	    SYS_sendmsg,
	    SYS_sendmmsg,
	    SYS_sendfile,
	    SYS_splice,
	    SYS_tee,
	    SYS_vmsplice,
	    SYS_wait4,
	    SYS_waitid,
	    SYS_futex,
	    SYS_flock,
	    SYS_fcntl,
	    SYS_ioctl,
	    SYS_semop,
	    SYS_semtimedop,
	    SYS_msgsnd,
	    SYS_msgrcv,
	    SYS_mq_timedsend,
	    SYS_mq_timedreceive,
	    SYS_ppoll,
	    SYS_pselect6,
	    SYS_epoll_pwait,
	    SYS_nanosleep,
	    SYS_clock_nanosleep,
	    SYS_rt_sigsuspend,
	    SYS_rt_sigtimedwait,
	    SYS_getrandom,
	    SYS_io_getevents,
	    SYS_io_uring_enter,
#ifdef SYS_open
	    SYS_open,
	    SYS_poll,
	    SYS_select,
	    SYS_epoll_wait,
	    SYS_pause,
#endif
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i] == nr)
			return true;
	return false;
}

static void send_again(struct tracer_task *k)
{
	struct put_off *p = k->put_off;

	p->is_sent = true;
	if (syscall(SYS_tgkill, k->tgid, k->tid, p->info.si_signo))
		free(TAKE(k->put_off));
}

bool notify_handle(struct tracer *t)
{
	struct seccomp_notif *n = t->notif;
	struct seccomp_notif_resp *r = t->response;
	struct tracer_task *k;
	uint64_t args[6];

	memset(n, 0, t->notif_b);
	if (ioctl(t->listener_fd, SECCOMP_IOCTL_NOTIF_RECV, n))
		return false; /* interrupted or dead in the meantime */
	if (t->keeper)
		keeper_note_received(t->keeper, n->id);
	k = task_find(t, (pid_t)n->pid);
	memcpy(args, n->data.args, sizeof(args));
	/* One that is unknown has lost its maker before that could tell; it is adopted when it
	 * stops. */
	if (k) {
		k->is_notifying = true;
		k->ip = n->data.instruction_pointer;
		if (!k->put_off || k->put_off->is_sent || !can_wait(n->data.nr))
			task_call_enters(k, n->data.nr, args);
		k->is_notifying = false;
	}
	/* Now, as later it could meet the next call before that is received. */
	if (k && k->put_off && !k->put_off->is_sent)
		send_again(k);
	memset(r, 0, t->response_b);
	r->id = n->id;
	r->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (!ioctl(t->listener_fd, SECCOMP_IOCTL_NOTIF_SEND, r) && k) {
		k->continued_nr = n->data.nr;
		k->continued_ip = n->data.instruction_pointer;
		memcpy(k->continued_args, args, sizeof(args));
	}
	return true;
}

bool notify_interrupted(struct tracer_task *k, int sig, siginfo_t *info)
{
	const struct arch_regs *r;
	uint64_t args[6];
	int nr;

	if (k->t->listener_fd < 0)
		return false;
	if (info && k->put_off && k->put_off->is_sent && sig == k->put_off->info.si_signo &&
	    info->si_code == SI_TKILL && info->si_pid == getpid()) {
		*info = k->put_off->info;
		free(TAKE(k->put_off));
		ptrace(PTRACE_SETSIGINFO, k->tid, NULL, info);
		return false;
	}
	r = task_regs(k);
	nr = r ? arch_nr(r) : -1;
	if (nr < 0 || !bit_get(k->t->wants_enter, nr) || !arch_is_interrupted(r))
		return false;
	arch_args(r, args);
	if (was_continued(k, nr, arch_ip(r), args) && !k->put_off) {
		if (!info)
			return false;
		k->put_off = calloc(1, sizeof(*k->put_off));
		if (!k->put_off)
			return false;
		k->put_off->info = *info;
		task_resume(k, 0);
		return true;
	}
	/* One that was put off and has not been received since has not begun. */
	if (!k->put_off || !k->put_off->is_sent)
		arch_force_restart(task_regs_change(k));
	return false;
}

void notify_leave(struct tracer_task *k)
{
	if (k->put_off && !k->put_off->is_sent)
		send_again(k);
	free(TAKE(k->put_off));
}
