/* The two system calls everything here is made of. No library in between: a wrapper that probes
 * for memory accounting or renames errors would cost more than the call. */
#ifndef SKEP_ENGINE_KERNEL_SYS_H
#define SKEP_ENGINE_KERNEL_SYS_H

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Both return a descriptor (or 0) or -errno. */
static inline int sys_bpf(enum bpf_cmd cmd, void *attr, uint32_t size_b)
{
	long ret = syscall(__NR_bpf, cmd, attr, size_b);

	return ret < 0 ? -errno : (int)ret;
}

static inline int sys_perf_event_open(const struct perf_event_attr *attr, pid_t pid, int cpu)
{
	long ret = syscall(__NR_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return ret < 0 ? -errno : (int)ret;
}

static inline uint64_t sys_ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

#endif
