/* Kernel functions: one link for all of them where the kernel has kprobe_multi (v5.18), which
 * hangs programs on the function tracer and is quicker in every way; else a perf event for each.
 * Names make the kernel go through all of its symbols, and it refuses what is not there or (since
 * 6.1) there twice, and with it the whole link. So where there are many, we have looked up their
 * addresses. */
#include "engine/kernel/attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/kernel/sys.h"
#include "engine/kernel/uapi.h"

int attach_kprobe(struct attaching *x, const struct image_attach *at)
{
	uint64_t retprobe = 0, address = at->func ? 0 : at->address;
	int unit = perf_unit_type("kprobe", &retprobe), fd;
	struct perf_event_attr attr = {
	    .type = (uint32_t)unit,
	    .size = sizeof(attr),
	    .config = at->kind == ATTACH_KRETPROBE ? retprobe : 0,
	    .sample_period = 1,
	    .disabled = 1, /* as for tracepoints: the program runs all the same */
	};

	if (unit < 0)
		return unit;
	if (x->functions && !at->off_b && at->func)
		address = x->functions[at - x->prog->attaches.items].address;
	attr.config1 = address ? 0 : sys_ptr(at->func); /* kprobe_func */
	attr.config2 = address ? address : at->off_b;
	fd = sys_perf_event_open(&attr, -1, 0);
	return fd < 0 ? fd : attach_perf_event(x, at, fd, true);
}

int attach_kprobe_multi(struct attaching *x, const struct image_attach *at, size_t n)
{
	const struct kernel_function *f =
	    x->functions ? x->functions + (at - x->prog->attaches.items) : NULL;
	bool by_address = f && f->address;
	const char **syms = calloc(n, sizeof(*syms));
	uint64_t *addresses = calloc(n, sizeof(*addresses));
	uint64_t *cookies = calloc(n, sizeof(*cookies));
	union bpf_attr attr = {0};
	int fd = -ENOMEM;

	if (syms && cookies && addresses) {
		for (size_t i = 0; i < n; i++) {
			syms[i] = at[i].func;
			addresses[i] = by_address ? f[i].address : 0;
			cookies[i] = at[i].cookie;
		}
		attr.link_create.prog_fd = (uint32_t)x->prog_fd;
		attr.link_create.attach_type = x->prog->expected_attach_type
		                                   ? x->prog->expected_attach_type
		                                   : BPF_TRACE_KPROBE_MULTI;
		attr.link_create.kprobe_multi.cnt = (uint32_t)n;
		if (by_address)
			attr.link_create.kprobe_multi.addrs = sys_ptr(addresses);
		else
			attr.link_create.kprobe_multi.syms = sys_ptr(syms);
		attr.link_create.kprobe_multi.cookies = x->prog->uses_cookie ? sys_ptr(cookies) : 0;
		if (at->kind == ATTACH_KRETPROBE)
			attr.link_create.kprobe_multi.flags = SKEP_MULTI_RETURN;
		fd = sys_bpf(BPF_LINK_CREATE, &attr, sizeof(attr));
	}
	free(syms);
	free(addresses);
	free(cookies);
	if (fd >= 0)
		attach_add(x->e, (struct attached){.link_fd = fd, .perf_fd = -1, .is_slow = true});
	return fd < 0 ? fd : 0;
}
