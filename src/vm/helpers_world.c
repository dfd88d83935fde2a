/* Helpers that tell of the world: time, chance, CPU, and the task that runs (the host's, else the
 * thread that runs the program). */
#include "vm/helpers.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define HOST(run, member) ((run)->host && (run)->host->member)

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		return 0;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

VM_HELPER_FN(ktime_get_ns)
{
	return clock_ns(CLOCK_MONOTONIC);
}

VM_HELPER_FN(ktime_get_boot_ns)
{
	return clock_ns(CLOCK_BOOTTIME);
}

VM_HELPER_FN(ktime_get_coarse_ns)
{
	return clock_ns(CLOCK_MONOTONIC_COARSE);
}

VM_HELPER_FN(ktime_get_tai_ns)
{
	return clock_ns(CLOCK_TAI);
}

/* The coarse clock ticks with jiffies; they begin five minutes before they wrap (INITIAL_JIFFIES,
 * linux/jiffies.h). */
VM_HELPER_FN(jiffies64)
{
	struct timespec tick;
	uint64_t tick_ns;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || !tick.tv_nsec)
		tick.tv_nsec = 4000000;
	tick_ns = (uint64_t)tick.tv_nsec;
	return clock_ns(CLOCK_MONOTONIC_COARSE) / tick_ns + (uint32_t) -
	       (int32_t)(300 * (1000000000u / tick_ns));
}

/* splitmix64 */
VM_HELPER_FN(get_prandom_u32)
{
	uint64_t z;

	if (!run->random && getrandom(&run->random, sizeof(run->random), 0) < 0)
		run->random = clock_ns(CLOCK_MONOTONIC);
	z = run->random += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)(z >> 32);
}

VM_HELPER_FN(get_smp_processor_id)
{
	return run->cpu;
}

VM_HELPER_FN(get_numa_node_id)
{
	unsigned int node = 0;

	syscall(SYS_getcpu, NULL, &node, NULL);
	return node;
}

VM_HELPER_FN(get_current_pid_tgid)
{
	if (HOST(run, pid_tgid))
		return run->host->pid_tgid(run->host_arg);
	return (uint64_t)(uint32_t)getpid() << 32 | (uint32_t)gettid();
}

VM_HELPER_FN(get_current_uid_gid)
{
	if (HOST(run, uid_gid))
		return run->host->uid_gid(run->host_arg);
	return (uint64_t)(uint32_t)getgid() << 32 | (uint32_t)getuid();
}

VM_HELPER_FN(get_current_comm)
{
	char comm[16] = "";
	uint32_t size_b = (uint32_t)r2, n;

	if (HOST(run, comm))
		run->host->comm(run->host_arg, comm);
	else
		prctl(PR_GET_NAME, comm);
	comm[15] = 0;
	n = (uint32_t)strlen(comm);
	if (!size_b)
		return 0;
	if (n >= size_b)
		n = size_b - 1;
	memset(vm_pointer(r1), 0, size_b);
	memcpy(vm_pointer(r1), comm, n);
	return 0;
}

VM_HELPER_FN(get_current_cgroup_id)
{
	return HOST(run, cgroup_id) ? run->host->cgroup_id(run->host_arg) : VM_ERROR(EOPNOTSUPP);
}

static uint64_t send(struct vm_run *run, uint64_t sig, bool to_thread)
{
	/* _NSIG is 64, and 65 in glibc's count; the kernel's valid_signal() takes 0 to 64. */
	if ((uint32_t)sig > 64)
		return VM_ERROR(EINVAL);
	if (!HOST(run, send_signal))
		return VM_ERROR(EOPNOTSUPP);
	return (uint64_t)(int64_t)run->host->send_signal(run->host_arg, (int)sig, to_thread);
}

VM_HELPER_FN(send_signal)
{
	return send(run, r1, false);
}

VM_HELPER_FN(send_signal_thread)
{
	return send(run, r1, true);
}

/* struct bpf_pidns_info: pid (the thread's), tgid. */
VM_HELPER_FN(get_ns_current_pid_tgid)
{
	uint32_t ids[2] = {0, 0};
	struct stat ns;
	int err = -EINVAL;

	if (r4 != sizeof(ids))
		err = -EINVAL;
	else if (HOST(run, ns_pid_tgid))
		err = run->host->ns_pid_tgid(run->host_arg, r1, r2, ids);
	else if (!stat("/proc/self/ns/pid", &ns) && ns.st_dev == r1 && ns.st_ino == r2) {
		ids[0] = (uint32_t)gettid();
		ids[1] = (uint32_t)getpid();
		err = 0;
	}
	memset(vm_pointer(r3), 0, (uint32_t)r4);
	if (!err)
		memcpy(vm_pointer(r3), ids, sizeof(ids));
	return (uint64_t)(int64_t)err;
}

VM_HELPER_FN(get_func_ip)
{
	return HOST(run, func_ip) ? run->host->func_ip(run->host_arg) : 0;
}

VM_HELPER_FN(get_attach_cookie)
{
	return HOST(run, cookie) ? run->host->cookie(run->host_arg) : 0;
}
