/* Places in user code, by file and offset: one link for many in one file where the kernel has
 * uprobe_multi (v6.6), else a perf event for each. With -p breakpoints are only put into that
 * process; both ways then cover all of its threads. */
#include "engine/kernel/attach.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/kernel/sys.h"
#include "engine/kernel/uapi.h"

int attach_uprobe(struct attaching *x, const struct image_attach *at)
{
	uint64_t retprobe = 0;
	int unit = perf_unit_type("uprobe", &retprobe), fd;
	pid_t pid = x->e->opts.pid ? x->e->opts.pid : -1;
	struct perf_event_attr attr = {
	    .type = (uint32_t)unit,
	    .size = sizeof(attr),
	    .config = at->kind == ATTACH_URETPROBE ? retprobe : 0,
	    .config1 = sys_ptr(at->path),
	    .config2 = at->address,
	    .sample_period = 1,
	    .disabled = 1,
	};

	if (unit < 0)
		return unit;
	if (at->ref_ctr_off_b) {
		/* the upper half of config (v4.20): what lies further on cannot be named */
		if (!perf_unit_has("uprobe", "format/ref_ctr_offset", "config:32-63") ||
		    at->ref_ctr_off_b > UINT32_MAX)
			return -EOPNOTSUPP;
		attr.config |= at->ref_ctr_off_b << 32;
	}
	fd = sys_perf_event_open(&attr, pid, pid > 0 ? -1 : 0);
	return fd < 0 ? fd : attach_perf_event(x, at, fd, true);
}

int attach_uprobe_multi(struct attaching *x, const struct image_attach *at, size_t n)
{
	uint64_t *offsets = calloc(n, sizeof(*offsets)), *cookies = calloc(n, sizeof(*cookies));
	uint64_t *ref_ctrs = calloc(n, sizeof(*ref_ctrs));
	struct skep_link_uprobe_multi attr = {
	    .prog_fd = (uint32_t)x->prog_fd,
	    .attach_type = x->prog->expected_attach_type ? x->prog->expected_attach_type
	                                                 : SKEP_TRACE_UPROBE_MULTI,
	    .path = sys_ptr(at->path),
	    .offsets = sys_ptr(offsets),
	    .cookies = x->prog->uses_cookie ? sys_ptr(cookies) : 0,
	    .cnt = (uint32_t)n,
	    .flags = at->kind == ATTACH_URETPROBE ? SKEP_MULTI_RETURN : 0,
	    .pid = (uint32_t)x->e->opts.pid,
	};
	int fd = -ENOMEM;

	if (offsets && cookies && ref_ctrs) {
		for (size_t i = 0; i < n; i++) {
			offsets[i] = at[i].address;
			cookies[i] = at[i].cookie;
			ref_ctrs[i] = at[i].ref_ctr_off_b;
			if (ref_ctrs[i])
				attr.ref_ctr_offsets = sys_ptr(ref_ctrs);
		}
		fd = sys_bpf(BPF_LINK_CREATE, &attr, sizeof(attr));
	}
	free(offsets);
	free(cookies);
	free(ref_ctrs);
	if (fd >= 0)
		attach_add(x->e, (struct attached){.link_fd = fd, .perf_fd = -1, .is_slow = true});
	return fd < 0 ? fd : 0;
}
