/* Notifications: a task at a call that the filter notifies of waits in the kernel for an answer,
 * which is always "go on" (SECCOMP_USER_NOTIF_FLAG_CONTINUE, v5.5).
 *
 * Until its notification has been received a task's wait can be interrupted by a signal, and the
 * call, though never begun, then ends with -ERESTARTSYS, which a handler without SA_RESTART turns
 * into EINTR. As its tracer we see that signal before it is delivered and make the code one that
 * always restarts. Once received, only death interrupts (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
 * v5.19). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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

bool notify_handle(struct tracer *t)
{
	struct seccomp_notif *n = t->notif;
	struct seccomp_notif_resp *r = t->response;
	struct tracer_task *k;
	uint64_t args[6];

	memset(n, 0, t->notif_b);
	if (ioctl(t->listener_fd, SECCOMP_IOCTL_NOTIF_RECV, n))
		return false; /* interrupted or dead in the meantime */
	k = task_find(t, (pid_t)n->pid);
	memcpy(args, n->data.args, sizeof(args));
	/* One that is unknown has lost its maker before that could tell; it is adopted when it
	 * stops. */
	if (k) {
		k->is_notifying = true;
		k->ip = n->data.instruction_pointer;
		task_call_enters(k, n->data.nr, args);
		k->is_notifying = false;
	}
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

void notify_interrupted(struct tracer_task *k)
{
	struct arch_regs *change;
	const struct arch_regs *r;
	uint64_t args[6];
	int nr;

	if (k->t->listener_fd < 0)
		return;
	r = task_regs(k);
	nr = r ? arch_nr(r) : -1;
	if (nr < 0 || !bit_get(k->t->wants_enter, nr))
		return;
	arch_args(r, args);
	/* Let go already: what interrupted it is the call's own affair. */
	if (was_continued(k, nr, arch_ip(r), args))
		return;
	change = task_regs_change(k);
	k->is_dirty = change && arch_force_restart(change);
}
