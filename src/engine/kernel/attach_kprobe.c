/* Kernel functions: one link for all of them where the kernel has kprobe_multi (v5.18), which
 * hangs programs on the function tracer and is quicker in every way; else a perf event for each.
 * Names make the kernel go through all of its symbols, and it refuses what is not there, and with
 * it the whole link. Of a name that it has twice (load_elf_binary, the native one and that of
 * 32-bit programs) links take the first without a word, perf events since 6.6 none. So where there
 * are many, or one is not clear, we have looked up their addresses: all of them. */
#include "engine/kernel/attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/kernel/sys.h"
#include "engine/kernel/uapi.h"

/* A perf event on a function, or without one on an address. Returns it or -errno. */
static int open_kprobe(bool is_return, const char *func, uint64_t address_or_offset)
{
	uint64_t retprobe = 0;
	int unit = perf_unit_type("kprobe", &retprobe);
	struct perf_event_attr attr = {
	    .type = (uint32_t)unit,
	    .size = sizeof(attr),
	    .config = is_return ? retprobe : 0,
	    .config1 = sys_ptr(func),     /* kprobe_func */
	    .config2 = address_or_offset, /* kprobe_addr, probe_offset */
	    .sample_period = 1,
	    .disabled = 1, /* as for tracepoints: the program runs all the same */
	};

	return unit < 0 ? unit : sys_perf_event_open(&attr, -1, 0);
}

bool kprobe_is_unclear(const char *func)
{
	/* No function is so long: the kernel looks the name up, and that is all. */
	int fd = open_kprobe(false, func, UINT32_MAX);

	if (fd >= 0)
		close(fd);
	return fd == -EADDRNOTAVAIL;
}

int attach_kprobe(struct attaching *x, const struct image_attach *at)
{
	const struct kernel_function *f =
	    x->functions ? x->functions + (at - x->prog->attaches.items) : NULL;
	bool is_return = at->kind == ATTACH_KRETPROBE;
	int err = -ENOENT, n_done = 0;

	if (!f || !f->n || (at->off_b && f->n > 1)) {
		int fd = open_kprobe(is_return, at->func, at->func ? at->off_b : at->address);

		return fd < 0 ? fd : attach_perf_event(x, at, fd, true);
	}
	for (size_t i = 0; i < f->n; i++) {
		int fd = open_kprobe(is_return, NULL, f->addresses[i] + at->off_b);

		err = fd < 0 ? fd : attach_perf_event(x, at, fd, true);
		n_done += !err;
	}
	return n_done ? 0 : err;
}

int attach_kprobe_multi(struct attaching *x, const struct image_attach *at, size_t n)
{
	const struct kernel_function *f =
	    x->functions ? x->functions + (at - x->prog->attaches.items) : NULL;
	bool by_address = f && f->n;
	size_t n_places = by_address ? 0 : n;
	const char **syms = calloc(n, sizeof(*syms));
	uint64_t *addresses, *cookies;
	union bpf_attr attr = {0};
	int fd = -ENOMEM;

	for (size_t i = 0; i < n && by_address; i++)
		n_places += f[i].n;
	addresses = calloc(n_places, sizeof(*addresses));
	cookies = calloc(n_places, sizeof(*cookies));
	if (syms && cookies && addresses) {
		for (size_t i = 0, to = 0; i < n; i++) {
			syms[i] = at[i].func;
			for (size_t k = 0; k < (by_address ? f[i].n : 1); k++, to++) {
				addresses[to] = by_address ? f[i].addresses[k] : 0;
				cookies[to] = at[i].cookie;
			}
		}
		attr.link_create.prog_fd = (uint32_t)x->prog_fd;
		attr.link_create.attach_type = x->prog->expected_attach_type
		                                   ? x->prog->expected_attach_type
		                                   : BPF_TRACE_KPROBE_MULTI;
		attr.link_create.kprobe_multi.cnt = (uint32_t)n_places;
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
