/* The user side of the engine, as its own files see it: the image's programs on our own machine
 * (src/vm), its events from the tracer below (tracer.h), timers and perf events of our own. One
 * thread does it all, inside poll().
 *
 *   programs.c  code, maps        events.c  what happened -> which programs, with what context
 *   host.c      what helpers see  clock.c   interval, profile      sample.c  perf events of tasks
 *   vars.c      what the person's variables hold */
#ifndef SKEP_ENGINE_USER_USER_H
#define SKEP_ENGINE_USER_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/vec.h"
#include "engine/engine.h"
#include "engine/user/tracer.h"
#include "vm/code.h"
#include "vm/map.h"
#include "vm/session/serve.h"

struct btf_file;
struct sampler;
struct unwinder;

/* One program at one place. */
struct hook {
	uint32_t program;
	const struct image_attach *at;
};
typedef vec(struct hook) hooks; /* in the engine's arena */

/* An interval or profile probe. */
struct timer {
	struct hook hook;
	uint64_t period_ns, next_ns; /* CLOCK_MONOTONIC */
	bool looks_at_tasks;         /* a profile without perf events */
};

struct engine {
	const struct image *img;
	struct engine_options opts;
	struct arena *a;
	uint32_t n_cpus;

	struct vm_map **maps;   /* per image map, NULL: not used */
	struct vm_code **codes; /* per program */
	struct vm_map *ring, *lost_map;
	struct vm_served_counts *counts; /* per program */
	struct vm_server *server;        /* for who inspects the session; NULL: none */
	/* Who reads the ring, while somebody polls. */
	engine_event_fn *reader;
	void *reader_arg;
	struct btf_file *kernel_btf;
	struct unwinder *unwinder; /* made when a program asks for the first such stack */

	/* Where programs hang. */
	hooks *enter, *exit; /* by number, TRACER_SYSCALLS of each */
	hooks raw_enter, raw_exit;
	hooks exec, fork, task_exit, signal;
	vec(hooks) breakpoints; /* by the tracer's id */
	vec(hooks) watches;     /* likewise */
	vec(struct timer) timers;
	int timer_fd, wait_fd; /* timerfd; epoll of it and the session's */
	int watched_fd;        /* the session's descriptor in wait_fd, or -1 */

	struct tracer *tracer; /* NULL: no process is followed */
	struct sampler *sampler;
	bool is_attached, is_over;
	bool needs_cpu; /* a program asks for the CPU */

	/* The run that is on. */
	struct vm_run run;
	struct tracer_task *task; /* NULL: our own thread's (begin, interval) */
	const struct image_attach *at;
	const uint64_t *stack; /* a sample's frames, instead of walking */
	uint32_t n_stack;
	uint64_t sampled_lost;          /* of samplers that are closed */
	pid_t sampled_pid, sampled_tid; /* whose sample it is, 0: nobody's */
	uint64_t started_ns;
};

/* engine.c */
int user_error(struct engine *e, struct engine_error *ret, int err, uint32_t program,
               const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Half of the ring is full: have it read now. Events are made by the thread that reads them, so
 * none has to be lost. */
void user_make_room(struct engine *e);

/* programs.c: maps and code, all verified. 0, or -errno with the reason in *ret. */
int user_programs_create(struct engine *e, struct engine_error *ret);
void user_programs_destroy(struct engine *e);
/* Lets others look at them while they run (vm/session). */
void user_programs_serve(struct engine *e);
bool user_image_calls(const struct image *img, uint32_t helper);

/* events.c: which programs go where; refuses what only a kernel has. */
int user_events_plan(struct engine *e, struct engine_error *ret);
int user_events_open(struct engine *e, struct engine_error *ret);
/* Run one program with this context; what it returns. */
uint64_t user_run(struct engine *e, struct hook h, void *context, uint32_t context_b);
/* The same of a run that is measured itself, which reading the clock would lengthen. */
uint64_t user_run_uncounted(struct engine *e, struct hook h, void *context, uint32_t context_b);

/* task.c: size_b bytes at `at` of the array of all threads' struct image_task. 0, or -errno. */
int user_task_read(uint64_t at, void *ret, uint32_t size_b);

/* unwind.c: the frames of the task that the run is for; their number or -errno. */
int64_t user_unwind(struct engine *e, uint64_t *ret, uint32_t max);

/* host.c */
extern const struct vm_host user_host;

/* clock.c */
int user_clock_open(struct engine *e);
void user_clock_close(struct engine *e);
void user_clock_run(struct engine *e); /* what is due */
uint64_t user_now_ns(void);
uint64_t user_period_ns(const struct image_attach *at);

/* sample.c: software and hardware events of the traced tasks, profile with their stacks. */
int user_sampler_open(struct engine *e, struct engine_error *ret);
void user_sampler_add(struct engine *e, pid_t pid, pid_t tid);
void user_sampler_look(struct engine *e, struct hook h); /* once for each running task */
uint64_t user_sampler_lost(const struct engine *e);
void user_sampler_remove(struct engine *e, pid_t tid);
int user_sampler_read(struct engine *e);
void user_sampler_close(struct engine *e);

/* vars.c */
int user_var_read(struct engine *e, uint32_t var, engine_entry_fn *fn, void *arg);
int user_var_find(struct engine *e, uint32_t var, const void *key, engine_entry_fn *fn, void *arg);
int user_var_take(struct engine *e, uint32_t var, engine_entry_fn *fn, void *arg);
int user_var_clear(struct engine *e, uint32_t var);
int user_var_zero(struct engine *e, uint32_t var);
int user_stack_read(struct engine *e, uint64_t id, uint32_t size_b, struct image_stack *ret);
uint64_t user_lost(struct engine *e);

#endif
