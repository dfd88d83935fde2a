/* What programs see of the world: the traced thread that the event belongs to; for begin, end and
 * interval, which belong to nobody, skep itself. */
#include "engine/user/user.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/file.h"

enum { MAX_WALK_B = 8 << 20 /* from one frame to the next */ };

static uint64_t host_pid_tgid(void *arg)
{
	struct engine *e = arg;

	if (e->sampled_pid)
		return (uint64_t)e->sampled_pid << 32 | (uint32_t)e->sampled_tid;
	if (!e->task)
		return (uint64_t)getpid() << 32 | (uint32_t)syscall(SYS_gettid);
	return (uint64_t)tracer_tgid(e->task) << 32 | (uint32_t)tracer_tid(e->task);
}

static uint64_t host_uid_gid(void *arg)
{
	struct engine *e = arg;
	uint32_t uid = getuid(), gid = getgid();

	if (e->task)
		tracer_ids(e->task, &uid, &gid);
	return (uint64_t)gid << 32 | uid;
}

/* A sample's thread runs on meanwhile: its name now is the best there is. */
static void proc_comm(pid_t tid, char ret[16])
{
	char path[48];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/comm", tid);
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, ret, 15);
	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

static void host_comm(void *arg, char ret[16])
{
	struct engine *e = arg;

	memset(ret, 0, 16);
	if (e->sampled_pid)
		proc_comm(e->sampled_tid, ret);
	else if (e->task)
		tracer_comm(e->task, ret);
	else
		prctl(PR_GET_NAME, ret);
}

static int read_own(void *ret, uint32_t size_b, uint64_t address)
{
	struct iovec to = {ret, size_b}, from = {(void *)(uintptr_t)address, size_b};

	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)size_b)
		return 0;
	memset(ret, 0, size_b);
	return -EFAULT;
}

static int host_read_user(void *arg, void *ret, uint32_t size_b, uint64_t address)
{
	struct engine *e = arg;

	return e->task ? tracer_read(e->task, address, ret, size_b)
	               : read_own(ret, size_b, address);
}

static int64_t host_read_user_str(void *arg, char *ret, uint32_t size_b, uint64_t address)
{
	struct engine *e = arg;

	if (e->task)
		return tracer_read_str(e->task, address, ret, size_b);
	for (uint32_t n = 0; n < size_b; n++) {
		if (read_own(&ret[n], 1, address + n))
			return -EFAULT;
		if (!ret[n])
			return n + 1;
	}
	if (size_b)
		ret[size_b - 1] = '\0';
	return size_b;
}

static int host_write_user(void *arg, uint64_t address, const void *data, uint32_t size_b)
{
	struct engine *e = arg;

	return e->task ? tracer_write(e->task, address, data, size_b) : -EPERM;
}

/* What is kernel memory to a program is ours here: the event's record, which we made and whose
 * strings (__data_loc) are read as such, and the stack and the map values of the program itself.
 * And what stands for tasks (image.h). */
static int host_read_kernel(void *arg, void *ret, uint32_t size_b, uint64_t address)
{
	struct engine *e = arg;
	uint64_t begin = (uint64_t)(uintptr_t)e->run.context, end = begin + e->run.context_b;
	uint32_t there_b;

	if (address >= IMAGE_TASKS && address < IMAGE_TASKS_END)
		return user_task_read(address - IMAGE_TASKS, ret, size_b);
	if (address < begin || address >= end)
		return read_own(ret, size_b, address);
	memset(ret, 0, size_b);
	/* Strings are read in pieces that may be longer than the record: zeros follow it. */
	there_b = end - address < size_b ? (uint32_t)(end - address) : size_b;
	memcpy(ret, (const void *)(uintptr_t)address, there_b);
	return 0;
}

/* Is a uprobe at an instruction that a function begins with, push %rbp or endbr64? The frame
 * pointer is the caller's there, and the return address on top of the stack: the kernel since 6.12
 * puts it into the stack (arch/x86/events/core.c, is_uprobe_at_func_entry). */
static bool is_at_entry(struct engine *e, uint64_t ip)
{
#if defined(__x86_64__)
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	uint8_t insn[sizeof(endbr64)];

	return e->at && e->at->kind == ATTACH_UPROBE &&
	       !tracer_read(e->task, ip, insn, sizeof(insn)) &&
	       (insn[0] == 0x55 || !memcmp(insn, endbr64, sizeof(insn)));
#else
	(void)e;
	(void)ip;
	return false;
#endif
}

/* By frame pointers, as the kernel does it: the caller's is at the frame pointer, the return
 * address behind it. */
static int64_t host_user_stack(void *arg, uint64_t *ret, uint32_t max, bool unwound)
{
	struct engine *e = arg;
	const void *regs;
	uint64_t fp, pair[2];
	uint32_t n = 0;

	if (e->task && e->opts.seen)
		e->opts.seen(e->opts.process_arg, tracer_tgid(e->task));
	if (e->stack) {
		n = e->n_stack < max ? e->n_stack : max;
		memcpy(ret, e->stack, n * sizeof(*ret));
		return n;
	}
	if (unwound)
		return user_unwind(e, ret, max);
	regs = e->task ? tracer_regs(e->task) : NULL;
	if (!regs)
		return -EFAULT;
	if (max)
		ret[n++] = tracer_regs_ip(regs);
	if (n < max && is_at_entry(e, tracer_regs_ip(regs)) &&
	    !tracer_read(e->task, tracer_regs_sp(regs), pair, sizeof(pair[0])))
		ret[n++] = pair[0];
	fp = tracer_regs_fp(regs);
	while (n < max && fp && !(fp & 7) && !tracer_read(e->task, fp, pair, sizeof(pair))) {
		if (!pair[1])
			break;
		ret[n++] = pair[1];
		if (pair[0] <= fp || pair[0] - fp > MAX_WALK_B)
			break;
		fp = pair[0];
	}
	return n;
}

static uint64_t host_cookie(void *arg)
{
	struct engine *e = arg;

	return e->at ? e->at->cookie : 0;
}

static uint64_t host_func_ip(void *arg)
{
	struct engine *e = arg;
	const void *regs = e->task ? tracer_regs(e->task) : NULL;

	if (e->task && tracer_returning(e->task))
		return tracer_returning(e->task);
	return regs ? tracer_regs_ip(regs) : 0;
}

static int host_send_signal(void *arg, int sig, bool to_thread)
{
	struct engine *e = arg;
	pid_t tid, tgid;

	if (!e->task)
		return -EPERM;
	tid = tracer_tid(e->task);
	tgid = tracer_tgid(e->task);
	if (to_thread ? syscall(SYS_tgkill, tgid, tid, sig) : kill(tgid, sig))
		return -errno;
	return 0;
}

static int host_ns_pid_tgid(void *arg, uint64_t dev, uint64_t ino, uint32_t ret[2])
{
	uint64_t id = host_pid_tgid(arg);
	struct stat st;

	/* Our own namespace's numbers are what ptrace and /proc tell. */
	if (stat("/proc/self/ns/pid", &st))
		return -errno;
	if (st.st_ino != ino || st.st_dev != dev)
		return -EINVAL;
	ret[0] = (uint32_t)id;
	ret[1] = (uint32_t)(id >> 32);
	return 0;
}

static uint64_t host_cgroup_id(void *arg)
{
	struct engine *e = arg;

	if (e->task && !e->sampled_pid)
		return tracer_cgroup(e->task);
	return proc_cgroup(e->sampled_pid ? (pid_t)e->sampled_tid : getpid());
}

const struct vm_host user_host = {
    .pid_tgid = host_pid_tgid,
    .uid_gid = host_uid_gid,
    .comm = host_comm,
    .read_user = host_read_user,
    .read_user_str = host_read_user_str,
    .write_user = host_write_user,
    .read_kernel = host_read_kernel,
    .user_stack = host_user_stack,
    .cookie = host_cookie,
    .func_ip = host_func_ip,
    .send_signal = host_send_signal,
    .ns_pid_tgid = host_ns_pid_tgid,
    .cgroup_id = host_cgroup_id,
};
