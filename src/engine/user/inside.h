/* Inside of the tracer: what its files share. */
#ifndef SKEP_ENGINE_USER_INSIDE_H
#define SKEP_ENGINE_USER_INSIDE_H

#include <linux/seccomp.h>
#include <time.h>

#include "base/vec.h"
#include "engine/user/arch.h"
#include "engine/user/tracer.h"

struct keeper;
struct put_off {
	siginfo_t info;
	bool is_sent; /* again */
};

struct space; /* an address space: its breakpoints (breakpoint.c) */
struct sock_filter;

/* How a task is let go and what it is expected to show next. */
struct tracer_task {
	struct tracer *t;
	struct tracer_task *next; /* in its bucket */
	pid_t tid, tgid;
	struct space *space; /* shared by tasks that share memory; NULL without breakpoints */
	void *user;
	bool is_stopped;   /* in a ptrace stop: requests work */
	bool is_starting;  /* new: its first stop is the tracer's own */
	bool in_vfork;     /* until its child execs nothing stops it */
	bool is_listening; /* its job is stopped */
	bool is_early;     /* stopped before its maker's event was seen: held */
	int early_sig;     /* that stop's */
	bool is_held;      /* -c: in the read(2) before its exec */
	bool is_notifying; /* waits for the answer to a notification */
	bool wants_exit;   /* the call it is in is followed to its end */
	bool is_exit_told;
	int nr;                                   /* of the call it is in, or was last */
	uint64_t ip;                              /* behind that call's instruction */
	int made_by;                              /* is_starting: the call that made it, or -1 */
	uint64_t continued_ip, continued_args[6]; /* the notified call that was let go last */
	int continued_nr;
	struct put_off *put_off; /* a signal for later (notify.c), or NULL */
	uint32_t slot;           /* keeper's list, or KEEPER_NONE */

	/* registers, fetched when asked */
	bool has_regs, is_dirty;
	struct arch_regs regs;

	/* breakpoints */
	struct stepping *stepping; /* going over one (breakpoint.c) */
	struct shadow *shadow;     /* calls that will return */
	uint64_t returning;        /* while a return is told: where its function begins */
	int leave_sig;             /* being detached: delivered then */
	struct passed *passed; /* hits told whose instruction a signal came before (breakpoint.c) */

	/* proc.c */
	int comm_fd;
	bool has_ids;
	uint32_t uid, gid;
};

enum { TASK_BUCKETS = 1024, BITMAP_WORDS = TRACER_SYSCALLS / 64 };

/* Memory that is watched. */
struct watched {
	uint64_t address;
	uint32_t len_b, mode;
};

struct tracer {
	struct tracer_options opts;
	pid_t first; /* -c or -p */
	bool is_started, has_first_status;
	int first_status;
	uint64_t wants_enter[BITMAP_WORDS], wants_exit[BITMAP_WORDS];
	bool wants_any_enter, wants_any_exit;
	struct breakpoints *points; /* NULL: none */
	vec(struct watched) watches;
	vec(int) watch_fds;
	bool watches_user_only; /* what the kernel writes for the program is not told of */

	bool has_filter; /* seccomp: only what is wanted stops */
	bool all_calls;  /* no filter: everything stops, at entry and exit */
	int listener_fd; /* notifications, or -1 */
	size_t notif_b, response_b;
	void *notif, *response; /* of the sizes this kernel has (SECCOMP_GET_NOTIF_SIZES) */
	struct keeper *keeper;

	struct tracer_task *tasks[TASK_BUCKETS];
	size_t n_tasks, n_early;
	unsigned n_calls; /* callbacks in this poll */

	/* waiting (tracer.c) */
	int child_fd; /* signalfd of SIGCHLD */
	timer_t timer;
	bool has_timer, is_ticking;
	volatile sig_atomic_t ticks; /* by the signal handler */
	bool may_have_stops;         /* nobody has looked since SIGCHLD came */
	bool has_foreign;            /* a child that is not ours to reap hides others from P_ALL */
	unsigned until_scan;
	sigset_t old_mask;
	struct sigaction old_action, old_child_action;
};

static inline bool bit_get(const uint64_t *bits, int nr)
{
	return nr >= 0 && nr < TRACER_SYSCALLS && bits[nr / 64] >> nr % 64 & 1;
}
static inline void bit_set(uint64_t *bits, int nr)
{
	bits[nr / 64] |= 1ull << nr % 64;
}

/* Fills *e and returns err. */
int tracer_refuse(struct tracer_error *e, int err, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- follow.c ---- */

struct tracer_task *task_find(struct tracer *t, pid_t tid);
struct tracer_task *task_add(struct tracer *t, pid_t tid, pid_t tgid);
void task_remove(struct tracer_task *k);
/* wait(2) has `code`, (event << 8 | signal), to say of a stopped task. */
void task_stopped(struct tracer *t, pid_t tid, int code);
void task_ended(struct tracer *t, pid_t tid, int status);
void task_resume(struct tracer_task *k, int sig);
/* New ones whose maker died before it could tell. */
/* In the stop of one that has made another by fork(2) or its kin. */
void task_make_child(struct tracer_task *k, int event);
void task_adopt_early(struct tracer *t);
const struct arch_regs *task_regs(struct tracer_task *k);
/* For changing: written back when the task goes on. NULL if it is gone. */
struct arch_regs *task_regs_change(struct tracer_task *k);
/* Both are of follow.c's callers: notify.c sees calls too. */
void task_call_enters(struct tracer_task *k, int nr, const uint64_t args[6]);
void task_tell_exit(struct tracer_task *k, int status);

/* ---- seccomp.c ---- */

enum call_action { CALL_PASSES, CALL_STOPS, CALL_NOTIFIES, CALL_STOPS_IF_EXEC, CALL_STOPS_IF_FILE };
/* A filter that does actions[nr] for each number. Returns instructions (malloc'ed). */
struct sock_filter *filter_build(const uint8_t actions[TRACER_SYSCALLS], size_t *ret_n);
/* Put a filter for what `t` wants into its stopped child `k`. 0 or -errno. */
int filter_install(struct tracer_task *k);

/* ---- notify.c ---- */

/* Take over the child's listener. */
int notify_open(struct tracer *t, pid_t child, int child_fd);
/* Handle one notification. False if there was none. */
bool notify_handle(struct tracer *t);
/* `sig` is about to be delivered: see that a call which was not begun begins again. True: not now,
 * the task has gone on without it. May put the signal's own siginfo
 * back. With info NULL (detaching) nothing is put off. */
bool notify_interrupted(struct tracer_task *k, int sig, siginfo_t *info);
/* The task has been detached. */
void notify_leave(struct tracer_task *k);
void notify_close(struct tracer *t);

/* ---- attach.c ---- */

int attach_child(struct tracer *t, struct tracer_error *ret_error);
int attach_process(struct tracer *t, struct tracer_error *ret_error);
void detach_all(struct tracer *t);
long trace_options(const struct tracer *t); /* PTRACE_O_* */

/* ---- inject.c ---- */

/* Have the stopped task `k` do a system call now; registers and signal mask are as before after
 * it. `syscall_ip` is the address of a system call instruction in its memory. Returns what the call
 * returned, or -ESRCH when the task ended. */
int64_t inject_syscall(struct tracer_task *k, uint64_t syscall_ip, int nr, const uint64_t args[6]);
/* An address in the task's memory that has such an instruction; 0 if none is known. */
uint64_t inject_find_syscall(struct tracer_task *k);

/* ---- memory.c ---- */

/* 0, -ESRCH or -EFAULT. */
int memory_read(pid_t tid, uint64_t address, void *buf, size_t size_b);
int memory_write(pid_t tid, uint64_t address, const void *buf, size_t size_b); /* also code */
int memory_write_data(pid_t tid, uint64_t address, const void *buf,
                      size_t size_b); /* what the task itself may write */

/* ---- breakpoint.c ---- */

/* All of these are nothing to do when no breakpoints are wanted. */
void points_task_seized(struct tracer_task *k);
void points_task_made(struct tracer_task *k, struct tracer_task *child, bool shares_memory,
                      bool shares_stack);
void points_task_ends(struct tracer_task *k);
void points_exec(struct tracer_task *k);
/* A call that maps code has to be seen returning. */
bool points_follow_call(const struct tracer_task *k, int nr, const uint64_t args[6]);
void points_call_exits(struct tracer_task *k, int nr);
/* True: the signal was ours and the task has gone on. */
bool points_trap(struct tracer_task *k, int sig, const siginfo_t *info);
bool points_need_all_maps(const struct tracer *t); /* not of code only */
void points_remove(struct tracer *t);              /* from all memory */
/* Of a stopped task: it may have hit a breakpoint whose trap is still to come. */
bool points_is_trapped(struct tracer_task *k);
/* Before a detach: put the instruction pointer where the program's own would be. */
void points_task_leaves(struct tracer_task *k, bool is_trap);
void points_free(struct tracer *t);
/* Replace breakpoint bytes in what was read from `address` on by the program's own. */
void points_hide(const struct tracer_task *k, uint64_t address, void *buf, size_t size_b);

/* ---- watch.c ---- */

/* Can all of it be watched? */
int watch_try(struct tracer *t, struct tracer_error *ret_error);
/* A task that has inherited nothing: seized, or new to its program. */
void watch_task(struct tracer_task *k);
/* True: the signal was ours and the task has gone on. */
bool watch_trap(struct tracer_task *k, int sig, const siginfo_t *info);
bool watch_is_trapped(const struct tracer_task *k); /* is the signal that it stopped with ours? */
void watch_remove(struct tracer *t);
void watch_free(struct tracer *t);

/* ---- proc.c ---- */

bool proc_changes_ids(int nr); /* calls after which user and group ids are read again */

/* The number behind `key` in /proc/TID/status; false if there is none. */
bool proc_status_number(pid_t tid, const char *key, uint64_t *ret);
void proc_forget(struct tracer_task *k);

/* ---- keeper.c ---- */

enum { KEEPER_NONE = UINT32_MAX };
/* Start the keeper. listener_fd: -1 if the filter stops, or there is none. NULL with errno. */
struct keeper *keeper_start(int listener_fd, bool has_filter);
uint32_t keeper_add_task(struct keeper *kp, pid_t tid, pid_t tgid); /* its slot */
void keeper_note_received(struct keeper *kp, uint64_t id);          /* a notification */
void keeper_remove_task(struct keeper *kp, uint32_t slot);
void keeper_task_is_stopped(struct keeper *kp, uint32_t slot, bool is_stopped);
/* A breakpoint over `bytes` in the memory of `tid`. */
uint32_t keeper_add_break(struct keeper *kp, pid_t tid, uint64_t address, const uint8_t *bytes);
void keeper_remove_break(struct keeper *kp, uint32_t slot);
pid_t keeper_pid(const struct keeper *kp);
/* Let the keeper take over what is left (is_needed), or end it. */
void keeper_release(struct keeper *kp, bool is_needed);

#endif
