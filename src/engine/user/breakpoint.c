/* Breakpoints in files. Not there yet: none can be added, so there is nothing to do. */
#include <errno.h>

#include "engine/user/inside.h"

int tracer_add_breakpoint(struct tracer *t, const char *path, uint64_t offset, unsigned flags,
                          uint64_t semaphore, uint32_t *ret_id, struct tracer_error *ret_error)
{
	(void)t, (void)flags, (void)semaphore, (void)ret_id;
	return refuse(ret_error, -EOPNOTSUPP, NULL, "No breakpoints yet: %s+%#lx", path,
	              (unsigned long)offset);
}

void points_task_made(struct tracer_task *k, struct tracer_task *child, bool shares_memory)
{
	(void)k, (void)child, (void)shares_memory;
}
void points_task_begins(struct tracer_task *k)
{
	(void)k;
}
void points_task_ends(struct tracer_task *k)
{
	(void)k;
}
void points_exec(struct tracer_task *k)
{
	(void)k;
}
bool points_follow_call(const struct tracer_task *k, int nr, const uint64_t args[6])
{
	(void)k, (void)nr, (void)args;
	return false;
}
void points_call_exits(struct tracer_task *k, int nr)
{
	(void)k, (void)nr;
}
bool points_trap(struct tracer_task *k, int sig, const siginfo_t *info)
{
	(void)k, (void)sig, (void)info;
	return false;
}
bool points_detach_trap(struct tracer_task *k, int sig)
{
	(void)k, (void)sig;
	return false;
}
void points_remove(struct tracer *t)
{
	(void)t;
}
void points_free(struct tracer *t)
{
	(void)t;
}
void points_hide(const struct tracer_task *k, uint64_t address, void *buf, size_t size_b)
{
	(void)k, (void)address, (void)buf, (void)size_b;
}
