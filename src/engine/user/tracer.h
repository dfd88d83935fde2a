/* The tracer: follows processes without any privilege, by ptrace(2), seccomp filters and
 * breakpoints, and says what they do. It knows nothing of BPF; the user engine runs programs from
 * its callbacks.
 *
 *   tracer_create - want_syscall, add_breakpoint ... - start - poll ... - detach - destroy
 *
 * Everything happens in the thread that called tracer_start (ptrace belongs to a thread), inside
 * tracer_poll: a traced thread stops, its callback runs, it goes on. While a callback runs, its
 * thread stands still and its memory and registers can be read; other threads of the same process
 * may run. Nothing is lost: an event waits in the kernel until it has been handled.
 *
 * How system calls are noticed:
 *   -c   A seccomp filter, put into the held child before its exec and inherited by all that come
 *        from it, lets every other call pass at full speed. If only entries are wanted the filter
 *        notifies (SECCOMP_RET_USER_NOTIF: one stop a call, cheaper than a ptrace stop); if exits,
 *        registers or breakpoints are wanted it stops (SECCOMP_RET_TRACE). Without CAP_SYS_ADMIN a
 *        filter demands no_new_privs: setuid programs and file capabilities then give nothing, as
 *        is so under any unprivileged tracer. The filter outlives the tracer; a small process
 *        of ours, the keeper, stays as long as filtered processes live and lets their calls pass
 *        when the tracer has gone, whether it detached or was killed (keeper.c says where that
 *        has gaps).
 *   -p   From outside no filter can be installed: every call of that process stops twice. So it is
 *        where seccomp filters are refused.
 * 32-bit system calls pass unseen, as with the kernel's tracepoints.
 *
 * The traced processes' exit status, signals and output stay what they would be. What they can see
 * if they look: TracerPid, Seccomp and NoNewPrivs in /proc/self/status; ptrace(2) and a seccomp
 * listener of their own are refused to them (EPERM, EBUSY).
 */
#ifndef SKEP_ENGINE_USER_TRACER_H
#define SKEP_ENGINE_USER_TRACER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tracer;
struct tracer_task; /* one traced thread */

enum {
	TRACER_SYSCALLS = 1024, /* numbers from 0 up to this can be asked for */
};

enum tracer_syscall_flags {
	TRACER_ENTER = 1 << 0,
	TRACER_EXIT = 1 << 1,
};

enum tracer_breakpoint_flags {
	TRACER_AT_ENTRY = 1 << 0, /* when the instruction at the offset is about to run */
	TRACER_AT_RETURN =
	    1 << 1, /* the offset is a function's first instruction: when it returns */
};

/* What happened; each may be NULL. `arg` is options.arg. In all of them `k` stands still. Threads
 * see their events in order; between threads the order is that of their arrival. */
struct tracer_events {
	/* `args` as the kernel sees them. A call that a signal interrupted and that is begun again
	 * is seen again, as it is by the kernel's tracepoints. */
	void (*syscall_enter)(void *arg, struct tracer_task *k, int nr, const uint64_t args[6]);
	/* `ret` may be one of the kernel's inner restart codes (-512 .. -516), as in sys_exit. A
	 * new process or thread also returns from the call that made it, with 0. */
	void (*syscall_exit)(void *arg, struct tracer_task *k, int nr, int64_t ret);
	/* Before either runs on. `child` may be a thread of the same process. */
	void (*fork)(void *arg, struct tracer_task *k, struct tracer_task *child);
	/* The new program is loaded and has not run. old_tid differs from the tid when a thread
	 * other than the first has called exec; the others are gone. */
	void (*exec)(void *arg, struct tracer_task *k, pid_t old_tid);
	/* About to end, its memory is still there; the status is wait(2)'s. */
	void (*exit)(void *arg, struct tracer_task *k, int status);
	/* Before the signal is delivered, ignored (by the program), or kills. Not for SIGKILL. */
	void (*signal)(void *arg, struct tracer_task *k, const siginfo_t *info);
	/* The breakpoint with this id. At an entry the registers are those before the instruction
	 * and the instruction pointer is its address; at a return they are the caller's. */
	void (*breakpoint)(void *arg, struct tracer_task *k, uint32_t id, bool is_return);
	/* Watched memory was accessed: the instruction has done it (is about to run, where code is
	 * watched). */
	void (*watch)(void *arg, struct tracer_task *k, uint32_t id);
	/* The file mappings of the process have changed, for symbol tables: at exec and, while
	 * there are breakpoints, when code is mapped. */
	void (*mapped)(void *arg, struct tracer_task *k);
};

struct tracer_options {
	pid_t child; /* -c: our own child, held in a read(2) before its exec; or 0 */
	pid_t pid;   /* -p: a running process, all its threads and what comes from them; or 0 */
	/* tracer_regs() is asked for in syscall_enter (stacks, reg()): such calls have to stop. */
	bool needs_regs;
	bool no_seccomp; /* for tests: stop at every system call */
	struct tracer_events events;
	void *arg;
};

/* Why something was refused, for the person. */
struct tracer_error {
	int err;        /* -errno */
	char text[240]; /* one line: what was tried, why not */
	char hint[240]; /* what would help, or empty */
};

struct tracer *tracer_create(const struct tracer_options *opts);
/* Before tracer_start. `flags`: TRACER_ENTER | TRACER_EXIT. -EINVAL for a number out of range. */
int tracer_want_syscall(struct tracer *t, int nr, unsigned flags);
/* Before tracer_start. `offset` is in the file `path` (as uprobes have it); every process that maps
 * the file's executable bytes gets the breakpoint, at once or when it maps it. `semaphore`: the
 * file offset of a 16-bit USDT semaphore that is counted up while the breakpoint is there, or 0.
 * Several on one place are separate ids. *ret_id counts from 0. Errors: the file cannot be read or
 * is not ELF of this machine, the offset is not in executable bytes, or the instruction there
 * cannot be probed. */
int tracer_add_breakpoint(struct tracer *t, const char *path, uint64_t offset, unsigned flags,
                          uint64_t semaphore, uint32_t *ret_id, struct tracer_error *ret_error);
/* Before tracer_start: tell of accesses to memory. `mode`: 1 read, 2 write, 4 execute, as
 * perf_event_open(2) has them. The same place twice is one id. */
int tracer_add_watch(struct tracer *t, uint64_t address, uint32_t len_b, uint32_t mode,
                     uint32_t *ret_id);
/* Attach. The held child stays held (child_release lets it go, tracer_poll has to run then).
 * Returns 0 or -errno with the reason in *ret_error and nothing attached. */
int tracer_start(struct tracer *t, struct tracer_error *ret_error);
/* Handle what is there, or wait for it: up to timeout_ms (-1: for ever, 0: not at all) or until
 * `extra_fd` (or -1) is readable or a signal arrives. Handles a bounded number of events before it
 * looks at the clock and extra_fd again, and returns after at most a few milliseconds of handling
 * so that the caller can do its own work. Returns how many callbacks ran, -ECHILD once nothing is
 * traced any more, or -EINTR. */
int tracer_poll(struct tracer *t, int timeout_ms, int extra_fd);
/* Let everything go, breakpoints removed, nobody stopped. Safe to call twice. */
void tracer_detach(struct tracer *t);
void tracer_destroy(struct tracer *t); /* detaches first; NULL is fine */

size_t tracer_task_count(const struct tracer *t);
bool tracer_uses_seccomp(const struct tracer *t);      /* else every call stops twice */
bool tracer_uses_notification(const struct tracer *t); /* entries without a ptrace stop */
/* End an option-c child's life as the tracer saw it: wait(2)'s status of the first process, once
 * it has ended (the tracer reaps it). */
bool tracer_child_status(const struct tracer *t, int *ret_status);

/* ---- a task; valid inside its callback ------------------------------------------------------- */

pid_t tracer_tid(const struct tracer_task *k);
pid_t tracer_tgid(const struct tracer_task *k);
/* Something of the caller's, kept with the task; NULL at first. `exit` is the place to free it. */
void **tracer_user(struct tracer_task *k);

/* The registers, laid out as the kernel's struct pt_regs for user space (x86-64: UAPI asm/ptrace.h;
 * arm64: struct user_pt_regs). NULL when the task is gone or (with notifications, see needs_regs)
 * has none to show. Valid until the callback returns. */
const void *tracer_regs(struct tracer_task *k);
size_t tracer_regs_size(void);
/* At a function's return: where the function begins; 0 at any other event. */
uint64_t tracer_returning(const struct tracer_task *k);
uint64_t tracer_regs_ip(const void *regs);
uint64_t tracer_regs_sp(const void *regs);
uint64_t tracer_regs_fp(const void *regs);
uint64_t tracer_regs_ret(const void *regs);
uint64_t tracer_regs_arg(const void *regs, unsigned n); /* of a function, from 0; on x86-64 0..5 */

/* Memory of the task. read: all of it or -EFAULT, as bpf_probe_read_user does (the buffer is then
 * zeroed); breakpoints are not seen, the bytes are the program's own. str: up to size_b bytes with
 * the NUL, truncated strings end with a NUL too; returns the length with it or -EFAULT, as
 * bpf_probe_read_user_str. */
int tracer_read(struct tracer_task *k, uint64_t address, void *buf, size_t size_b);
int tracer_read_str(struct tracer_task *k, uint64_t address, char *buf, size_t size_b);
int tracer_write(struct tracer_task *k, uint64_t address, const void *buf, size_t size_b);

/* From /proc, as the kernel's helpers have them. uid and gid are kept until a call or an exec can
 * have changed them; the others are read when asked, as others may change them at any time. */
void tracer_comm(struct tracer_task *k, char ret[16]);                        /* zero-padded */
void tracer_ids(struct tracer_task *k, uint32_t *ret_uid, uint32_t *ret_gid); /* real ones */
pid_t tracer_ppid(struct tracer_task *k);
uint64_t tracer_cgroup(struct tracer_task *k);        /* 0: not known (cgroup v2 is not mounted) */
uint64_t proc_cgroup(pid_t tid);                      /* of any thread */
uint32_t tracer_cpu(struct tracer_task *k);           /* where it ran last */
uint64_t tracer_start_time_ns(struct tracer_task *k); /* of the process, since boot */

#endif
