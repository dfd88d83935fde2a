/* Running a begin or end program where the kernel can't do test runs of it (before v5.10): the
 * same code, loaded as a uprobe program, on a function of ours that is then called once. Only
 * this process has the breakpoint, and only while it is needed. */
#include "engine/kernel/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "base/file.h"
#include "engine/kernel/attach.h"
#include "engine/kernel/sys.h"

static __attribute__((noinline)) void trigger(void)
{
	__asm__ volatile("nop"); /* a function that is not empty is not left out */
}

/* The file that trigger() was loaded from, as seen from here, and its place in it. */
static int find_trigger(char path[512], uint64_t *ret_off_b)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long begin, end, off, at = (unsigned long)(uintptr_t)trigger;
	char line[1024];
	int err = -ENOENT;

	if (!maps)
		return -errno;
	while (err && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %511[^\n]", &begin, &end, &off, path) !=
		        4 ||
		    at < begin || at >= end)
			continue;
		*ret_off_b = at - begin + off;
		err = 0;
	}
	fclose(maps);
	return err;
}

int run_by_uprobe(struct engine *e, uint32_t program)
{
	char path[512];
	struct perf_event_attr attr = {.size = sizeof(attr), .sample_period = 1, .disabled = 1};
	uint64_t retprobe, off_b = 0;
	int unit = perf_unit_type("uprobe", &retprobe), err;
	own_fd int prog = -1;
	own_fd int event = -1;

	err = unit < 0 ? unit : find_trigger(path, &off_b);
	if (err)
		return err;
	prog = program_load_as(e, program, BPF_PROG_TYPE_KPROBE);
	if (prog < 0)
		return prog;
	attr.type = (uint32_t)unit;
	attr.config1 = sys_ptr(path);
	attr.config2 = off_b;
	event = sys_perf_event_open(&attr, getpid(), -1);
	if (event < 0)
		return event;
	if (ioctl(event, PERF_EVENT_IOC_SET_BPF, prog) < 0)
		return -errno;
	if (ioctl(event, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return -errno;
	trigger();
	return 0;
}
