/* What happened to which programs run, with which context.
 *
 * A tracepoint's context is the record that tracefs describes for it: for system calls and the few
 * scheduler and signal events that ptrace tells of too (probe/own_events.c has the same layouts). A
 * uprobe's context is the thread's registers. */
#include "engine/user/user.h"

#include <errno.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "unwind/unwind.h"
#include "probe/syscalls.h"

enum { CONTEXT_B = 512 };

/* ---- running --------------------------------------------------------------------------------- */

static uint64_t run_code(struct engine *e, struct hook h, void *context, uint32_t context_b)
{
	e->at = h.at;
	e->run.context = context;
	e->run.context_b = context_b;
	e->run.cpu = e->needs_cpu && e->task ? tracer_cpu(e->task) : 0;
	if (e->run.cpu >= e->n_cpus)
		e->run.cpu = 0;
	return vm_code_run(e->codes[h.program], &e->run, 0);
}

uint64_t user_run_uncounted(struct engine *e, struct hook h, void *context, uint32_t context_b)
{
	uint64_t result = run_code(e, h, context, context_b);

	user_make_room(e);
	return result;
}

uint64_t user_run(struct engine *e, struct hook h, void *context, uint32_t context_b)
{
	struct vm_served_counts *counts = &e->counts[h.program];
	uint64_t begin_ns = user_now_ns();
	uint64_t result = run_code(e, h, context, context_b);

	__atomic_store_n(&counts->run_ns, counts->run_ns + user_now_ns() - begin_ns,
	                 __ATOMIC_RELAXED);
	__atomic_store_n(&counts->n_runs, counts->n_runs + 1, __ATOMIC_RELAXED);
	user_make_room(e);
	return result;
}

static void run_hooks(struct engine *e, const hooks *list, struct tracer_task *k, void *context,
                      uint32_t context_b)
{
	vec_each (h, list) {
		e->task = k;
		user_run(e, *h, context, context_b);
	}
	e->task = NULL;
}

/* ---- system calls ---------------------------------------------------------------------------- */

/* Both records begin with the common fields; of these programs may read the pid only. */
struct enter_record {
	uint16_t type;
	uint8_t flags, preempt_count;
	int32_t pid;
	int64_t nr; /* syscalls: an int and padding; raw_syscalls: a long */
	uint64_t args[6];
};

struct exit_record {
	uint16_t type;
	uint8_t flags, preempt_count;
	int32_t pid;
	int64_t nr;
	int64_t ret;
};

static void on_enter(void *arg, struct tracer_task *k, int nr, const uint64_t args[6])
{
	struct engine *e = arg;
	struct enter_record record = {.pid = tracer_tid(k), .nr = nr};

	memcpy(record.args, args, sizeof(record.args));
	if (nr >= 0 && nr < TRACER_SYSCALLS)
		run_hooks(e, &e->enter[nr], k, &record, sizeof(record));
	run_hooks(e, &e->raw_enter, k, &record, sizeof(record));
}

static void on_exit(void *arg, struct tracer_task *k, int nr, int64_t ret)
{
	struct engine *e = arg;
	struct exit_record record = {.pid = tracer_tid(k), .nr = nr, .ret = ret};

	if (nr >= 0 && nr < TRACER_SYSCALLS)
		run_hooks(e, &e->exit[nr], k, &record, sizeof(record));
	run_hooks(e, &e->raw_exit, k, &record, sizeof(record));
}

/* ---- processes ------------------------------------------------------------------------------- */

static void on_fork(void *arg, struct tracer_task *k, struct tracer_task *child)
{
	struct engine *e = arg;
	struct {
		uint64_t common;
		char parent_comm[16];
		int32_t parent_pid;
		char child_comm[16];
		int32_t child_pid;
	} record = {.parent_pid = tracer_tid(k), .child_pid = tracer_tid(child)};

	user_sampler_add(e, tracer_tgid(child), tracer_tid(child));
	if (!e->fork.n)
		return;
	tracer_comm(k, record.parent_comm);
	memcpy(record.child_comm, record.parent_comm, sizeof(record.child_comm));
	run_hooks(e, &e->fork, k, &record, sizeof(record));
}

/* The name that execve(2) was given, as the kernel left it for the new program (AT_EXECFN). */
static size_t exec_filename(struct tracer_task *k, char *ret, size_t size_b)
{
	uint64_t auxv[64][2];
	char path[48];
	ssize_t n;
	int64_t len_b = -1;

	snprintf(path, sizeof(path), "/proc/%d/auxv", tracer_tgid(k));
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, auxv, sizeof(auxv));
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(auxv[0]); i++)
		if (auxv[i][0] == AT_EXECFN)
			len_b = tracer_read_str(k, auxv[i][1], ret, size_b);
	if (len_b > 0)
		return (size_t)len_b;
	snprintf(path, sizeof(path), "/proc/%d/exe", tracer_tgid(k));
	n = readlink(path, ret, size_b - 1);
	ret[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n + 1 : 1;
}

static void on_exec(void *arg, struct tracer_task *k, pid_t old_tid)
{
	struct engine *e = arg;
	struct {
		uint64_t common;
		uint32_t filename_loc; /* length << 16 | offset, as __data_loc has it */
		int32_t pid, old_pid;
		char filename[CONTEXT_B - 20];
	} record = {.pid = tracer_tid(k), .old_pid = old_tid ? old_tid : tracer_tid(k)};
	size_t len_b;

	if (e->unwinder)
		unwinder_forget(e->unwinder, tracer_tgid(k));
	if (!e->exec.n)
		return;
	len_b = exec_filename(k, record.filename, sizeof(record.filename));
	record.filename_loc = (uint32_t)len_b << 16 | 20;
	run_hooks(e, &e->exec, k, &record, sizeof(record));
}

/* As the scheduler counts: real time below 100, then 120 and the nice value. */
static int32_t priority(pid_t tid)
{
	struct sched_param param;
	int policy = sched_getscheduler(tid), nice;

	if (policy == SCHED_DEADLINE)
		return -1;
	if ((policy == SCHED_FIFO || policy == SCHED_RR) && !sched_getparam(tid, &param))
		return 99 - param.sched_priority;
	errno = 0;
	nice = getpriority(PRIO_PROCESS, (id_t)tid);
	return errno ? 120 : 120 + nice;
}

static void on_task_exit(void *arg, struct tracer_task *k, int status)
{
	struct engine *e = arg;
	struct {
		uint64_t common;
		char comm[16];
		int32_t pid, prio;
	} record = {.pid = tracer_tid(k)};

	(void)status;
	user_sampler_remove(e, tracer_tid(k));
	if (e->opts.leaving && tracer_tid(k) == tracer_tgid(k))
		e->opts.leaving(e->opts.process_arg, tracer_tgid(k));
	if (e->unwinder && tracer_tid(k) == tracer_tgid(k))
		unwinder_forget(e->unwinder, tracer_tgid(k));
	if (!e->task_exit.n)
		return;
	tracer_comm(k, record.comm);
	record.prio = priority(tracer_tid(k));
	run_hooks(e, &e->task_exit, k, &record, sizeof(record));
}

static void on_signal(void *arg, struct tracer_task *k, const siginfo_t *info)
{
	struct engine *e = arg;
	struct {
		uint64_t common;
		int32_t number, error_nr, code, pad;
		uint64_t handler, flags;
	} record = {.number = info->si_signo, .error_nr = info->si_errno, .code = info->si_code};

	run_hooks(e, &e->signal, k, &record, sizeof(record));
}

static void on_breakpoint(void *arg, struct tracer_task *k, uint32_t id, bool is_return)
{
	struct engine *e = arg;
	const void *regs = tracer_regs(k);
	unsigned char context[CONTEXT_B];
	size_t size_b = tracer_regs_size();

	(void)is_return;
	if (!regs || id >= e->breakpoints.n || size_b > sizeof(context))
		return;
	memcpy(context, regs, size_b);
	run_hooks(e, &e->breakpoints.items[id], k, context, (uint32_t)size_b);
}

/* The context as of a perf event: registers, period, address. */
static void on_watch(void *arg, struct tracer_task *k, uint32_t id)
{
	struct engine *e = arg;
	const void *regs = tracer_regs(k);
	size_t regs_b = tracer_regs_size();
	uint64_t context[CONTEXT_B / 8], *behind;

	if (!regs || id >= e->watches.n || regs_b + 16 > sizeof(context))
		return;
	memcpy(context, regs, regs_b);
	behind = context + regs_b / 8;
	behind[0] = 1;
	behind[1] = e->watches.items[id].items[0].at->address;
	run_hooks(e, &e->watches.items[id], k, context, (uint32_t)(regs_b + 16));
}

/* ---- the plan -------------------------------------------------------------------------------- */

static hooks *tracepoint_hooks(struct engine *e, const struct image_attach *at)
{
	static const char enter[] = "sys_enter_", exit[] = "sys_exit_";
	const char *func = at->func ? at->func : "", *category = at->category ? at->category : "";
	int nr;

	if (!strcmp(category, "syscalls")) {
		bool is_enter = !strncmp(func, enter, sizeof(enter) - 1);

		if (!is_enter && strncmp(func, exit, sizeof(exit) - 1) != 0)
			return NULL;
		nr = syscall_number(func + (is_enter ? sizeof(enter) : sizeof(exit)) - 1);
		if (nr < 0 || nr >= TRACER_SYSCALLS)
			return NULL;
		return is_enter ? &e->enter[nr] : &e->exit[nr];
	}
	if (!strcmp(category, "raw_syscalls"))
		return !strcmp(func, "sys_enter")  ? &e->raw_enter
		       : !strcmp(func, "sys_exit") ? &e->raw_exit
		                                   : NULL;
	if (!strcmp(category, "sched"))
		return !strcmp(func, "sched_process_exec")   ? &e->exec
		       : !strcmp(func, "sched_process_fork") ? &e->fork
		       : !strcmp(func, "sched_process_exit") ? &e->task_exit
		                                             : NULL;
	return !strcmp(category, "signal") && !strcmp(func, "signal_deliver") ? &e->signal : NULL;
}

static int refuse_kernel(struct engine *e, struct engine_error *ret, uint32_t program,
                         const struct image_attach *at, const char *what)
{
	const char *problem = feature_privilege_problem();
	int err = user_error(e, ret, -EOPNOTSUPP, program, "%s needs the kernel's BPF: %s",
	                     at->name, what);

	if (ret)
		ret->hint = problem ? problem : "use --engine=kernel";
	return err;
}

static int plan_one(struct engine *e, uint32_t program, const struct image_attach *at,
                    struct engine_error *ret)
{
	struct hook h = {.program = program, .at = at};
	hooks *list;

	switch (at->kind) {
	case ATTACH_BEGIN:
	case ATTACH_END:
	case ATTACH_SELF:
	case ATTACH_TEST:
	case ATTACH_BENCH:
		return 0;
	case ATTACH_TRACEPOINT:
		list = tracepoint_hooks(e, at);
		if (!list)
			return refuse_kernel(
			    e, ret, program, at,
			    "only system calls, sched_process_exec, fork and exit, "
			    "and signal_deliver are seen without it");
		vec_push(e->a, list, h);
		break;
	case ATTACH_INTERVAL:
		vec_push(e->a, &e->timers,
		         ((struct timer){.hook = h, .period_ns = user_period_ns(at)}));
		return 0;
	case ATTACH_UPROBE:
	case ATTACH_URETPROBE:
	case ATTACH_PROFILE:
	case ATTACH_PERF:
		break; /* when a process is there to have them */
	case ATTACH_WATCHPOINT:
		if ((int64_t)at->address < 0)
			return refuse_kernel(e, ret, program, at,
			                     "memory of the kernel can't be watched without it");
		break;
	case ATTACH_KPROBE:
	case ATTACH_KRETPROBE:
	case ATTACH_TRACING:
		return refuse_kernel(e, ret, program, at,
		                     "functions of the kernel can't be seen "
		                     "without it");
	default:
		return refuse_kernel(e, ret, program, at,
		                     "this event of the kernel can't be seen without it");
	}
	if (!e->opts.child && !e->opts.pid) {
		int err = user_error(e, ret, -EINVAL, program,
		                     "%s: without the kernel only a process of yours can be traced",
		                     at->name);

		if (ret)
			ret->hint = "name it: -c COMMAND or -p PID";
		return err;
	}
	return 0;
}

int user_events_plan(struct engine *e, struct engine_error *ret)
{
	int err = 0;

	e->enter = arena_array(e->a, hooks, TRACER_SYSCALLS);
	e->exit = arena_array(e->a, hooks, TRACER_SYSCALLS);
	for (uint32_t i = 0; i < e->img->programs.n; i++)
		vec_each (at, &e->img->programs.items[i].attaches) {
			err = plan_one(e, i, at, ret);
			if (err)
				return err;
		}
	return 0;
}

/* ---- the tracer ------------------------------------------------------------------------------ */

static void want_syscalls(struct engine *e)
{
	for (int nr = 0; nr < TRACER_SYSCALLS; nr++) {
		unsigned flags = 0;

		if (e->enter[nr].n || e->raw_enter.n)
			flags |= TRACER_ENTER;
		if (e->exit[nr].n || e->raw_exit.n)
			flags |= TRACER_EXIT;
		if (flags)
			tracer_want_syscall(e->tracer, nr, flags);
	}
}

static int add_breakpoints(struct engine *e, struct engine_error *ret)
{
	for (uint32_t i = 0; i < e->img->programs.n; i++) {
		vec_each (at, &e->img->programs.items[i].attaches) {
			unsigned flags =
			    at->kind == ATTACH_URETPROBE ? TRACER_AT_RETURN : TRACER_AT_ENTRY;
			struct tracer_error why;
			uint32_t id;
			int err;

			if (at->kind != ATTACH_UPROBE && at->kind != ATTACH_URETPROBE)
				continue;
			err = tracer_add_breakpoint(e->tracer, at->path, at->address, flags,
			                            at->ref_ctr_off_b, &id, &why);
			if (err) {
				user_error(e, ret, err, i, "%s: %s", at->name, why.text);
				if (ret && *why.hint)
					ret->hint = arena_strdup(e->img->a, why.hint);
				return err;
			}
			while (e->breakpoints.n <= id)
				vec_push(e->a, &e->breakpoints, ((hooks){0}));
			vec_push(e->a, &e->breakpoints.items[id],
			         ((struct hook){.program = i, .at = at}));
		}
	}
	return 0;
}

static void add_watches(struct engine *e)
{
	for (uint32_t i = 0; i < e->img->programs.n; i++) {
		vec_each (at, &e->img->programs.items[i].attaches) {
			uint32_t id;

			if (at->kind != ATTACH_WATCHPOINT ||
			    tracer_add_watch(e->tracer, at->address, (uint32_t)at->period,
			                     (uint32_t)at->perf_config, &id))
				continue;
			while (e->watches.n <= id)
				vec_push(e->a, &e->watches, ((hooks){0}));
			vec_push(e->a, &e->watches.items[id],
			         ((struct hook){.program = i, .at = at}));
		}
	}
}

int user_events_open(struct engine *e, struct engine_error *ret)
{
	bool walks_stacks = user_image_calls(e->img, BPF_FUNC_get_stack);
	struct tracer_options opts = {.child = e->opts.child,
	                              .pid = e->opts.child ? 0 : e->opts.pid,
	                              .needs_regs = walks_stacks,
	                              .events = {.syscall_enter = on_enter,
	                                         .syscall_exit = on_exit,
	                                         .fork = on_fork,
	                                         .exec = on_exec,
	                                         .exit = on_task_exit,
	                                         .signal = e->signal.n ? on_signal : NULL,
	                                         .breakpoint = on_breakpoint,
	                                         .watch = on_watch},
	                              .arg = e};
	struct tracer_error why;
	int err;

	if (!e->opts.child && !e->opts.pid)
		return 0;
	e->tracer = tracer_create(&opts);
	if (!e->tracer)
		return user_error(e, ret, -ENOMEM, UINT32_MAX, "Out of memory");
	want_syscalls(e);
	add_watches(e);
	err = add_breakpoints(e, ret);
	if (err)
		return err;
	err = user_sampler_open(e, ret);
	if (err)
		return err;
	err = tracer_start(e->tracer, &why);
	if (err) {
		user_error(e, ret, err, UINT32_MAX, "%s", why.text);
		if (ret && *why.hint)
			ret->hint = arena_strdup(e->img->a, why.hint);
	}
	return err;
}
