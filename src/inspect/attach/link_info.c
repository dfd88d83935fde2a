/* What a link attaches, by its kind: the fields behind its type and program. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inspect/attach/attach.h"
#include "inspect/names.h"
#include "symbols/symbols.h"

/* ---- asking ---------------------------------------------------------------------------------- */

static int ask(int fd, struct skep_link_info *i)
{
	uint32_t size_b = sizeof(*i);

	return bpf_obj_get_info_by_fd(fd, i, &size_b) ? -errno : 0;
}

/* Room for what the first answer said there is; texts without a length take a path's. Returns
 * false if there is nothing more to be asked. */
static bool make_room(struct inspect *x, struct skep_link_info *i)
{
#define ROOM(n_b) (uint64_t)(uintptr_t) memset(arena_alloc(x->a, n_b), 0, n_b)
	switch (i->type) {
	case BPF_LINK_TYPE_RAW_TRACEPOINT:
		i->raw_tracepoint.name_len_b = PATH_MAX;
		i->raw_tracepoint.name = ROOM(PATH_MAX);
		return true;
	case BPF_LINK_TYPE_ITER:
		i->iter.name_len_b = PATH_MAX;
		i->iter.name = ROOM(PATH_MAX);
		return true;
	case BPF_LINK_TYPE_KPROBE_MULTI:
		if (!i->kprobe_multi.n)
			return false;
		i->kprobe_multi.addresses = ROOM(8ull * i->kprobe_multi.n);
		i->kprobe_multi.cookies = ROOM(8ull * i->kprobe_multi.n);
		return true;
	case SKEP_LINK_UPROBE_MULTI:
		i->uprobe_multi.path_b = PATH_MAX;
		i->uprobe_multi.path = ROOM(PATH_MAX);
		if (i->uprobe_multi.n) {
			i->uprobe_multi.offsets = ROOM(8ull * i->uprobe_multi.n);
			i->uprobe_multi.counters = ROOM(8ull * i->uprobe_multi.n);
			i->uprobe_multi.cookies = ROOM(8ull * i->uprobe_multi.n);
		}
		return true;
	case BPF_LINK_TYPE_PERF_EVENT:
		switch (i->perf_event.kind) {
		case SKEP_EVENT_UPROBE:
		case SKEP_EVENT_URETPROBE:
			i->perf_event.uprobe.file_b = PATH_MAX;
			i->perf_event.uprobe.file = ROOM(PATH_MAX);
			return true;
		case SKEP_EVENT_KPROBE:
		case SKEP_EVENT_KRETPROBE:
			i->perf_event.kprobe.name_b = PATH_MAX;
			i->perf_event.kprobe.name = ROOM(PATH_MAX);
			return true;
		case SKEP_EVENT_TRACEPOINT:
			i->perf_event.tracepoint.name_b = PATH_MAX;
			i->perf_event.tracepoint.name = ROOM(PATH_MAX);
			return true;
		default:
			return false;
		}
	default:
		return false;
	}
#undef ROOM
}

int link_info(struct inspect *x, int fd, struct skep_link_info *ret)
{
	struct skep_link_info more;
	int err;

	memset(ret, 0, sizeof(*ret));
	err = ask(fd, ret);
	if (err)
		return err;
	more = *ret;
	if (make_room(x, &more) && !ask(fd, &more))
		*ret = more;
	return 0;
}

/* "" where the kernel did not say. */
static const char *text_at(uint64_t address)
{
	return address ? (const char *)(uintptr_t)address : "";
}

/* ---- symbols, read when the first address is there ------------------------------------------- */

static struct symbols *symbols;

void link_forget_symbols(void)
{
	if (symbols)
		symbols_destroy(symbols);
	symbols = NULL;
}

static void symbol_of(uint64_t address, struct symbol *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!symbols)
		symbols = symbols_create();
	if (!address || !symbols_kernel(symbols, address, ret) || !ret->name)
		ret->name = "";
}

/* ---- the kinds ------------------------------------------------------------------------------- */

static void begin_line(const struct inspect *x)
{
	if (!x->is_json)
		printf("\n\t");
}

static void put_cookie(struct inspect *x, uint64_t cookie)
{
	if (x->is_json || cookie)
		put_number(x, "cookie", cookie);
}

static void put_missed(struct inspect *x, uint64_t missed)
{
	if (x->is_json || missed)
		put_number(x, "missed", missed);
}

static void show_raw_tracepoint(struct inspect *x, const struct skep_link_info *i)
{
	const char *name = text_at(i->raw_tracepoint.name);

	if (x->is_json)
		json_member_string(&x->json, "tp_name", name);
	else
		printf("\n\ttp '%s'  ", name);
	put_cookie(x, i->raw_tracepoint.cookie);
}

static void show_tracing(struct inspect *x, const struct skep_link_info *i)
{
	struct bpf_prog_info prog;
	const char *type;

	prog_name_of_id(x, i->prog_id, &prog);
	type = prog_type_name(prog.type);
	begin_line(x);
	if (!type)
		put_number(x, "prog_type", prog.type);
	else if (x->is_json)
		json_member_string(&x->json, "prog_type", type);
	else
		printf("prog_type %s  ", type);
	put_attach_type(x, i->tracing.attach_type);
	if (x->is_json || i->tracing.target_obj_id || i->tracing.target_btf_id) {
		if (!x->is_json)
			printf("\n\t");
		put_number(x, "target_obj_id", i->tracing.target_obj_id);
		put_number(x, "target_btf_id", i->tracing.target_btf_id);
	}
	if (i->tracing.cookie)
		begin_line(x);
	put_cookie(x, i->tracing.cookie);
}

static void show_cgroup(struct inspect *x, const struct skep_link_info *i)
{
	begin_line(x);
	put_number(x, "cgroup_id", i->cgroup.cgroup_id);
	put_attach_type(x, i->cgroup.attach_type);
}

static void show_iter(struct inspect *x, const struct skep_link_info *i)
{
	static const char *const orders[] = {"unspec",           "self_only",    "descendants_pre",
	                                     "descendants_post", "ancestors_up", "children"};
	const char *name = text_at(i->iter.name), *order = "unknown";

	if (x->is_json)
		json_member_string(&x->json, "target_name", name);
	else
		printf("target_name %s  ", name);
	if (!strcmp(name, "bpf_map_elem") || !strcmp(name, "bpf_sk_storage_map"))
		put_number(x, "map_id", i->iter.map_id);
	if (!strcmp(name, "task") || !strcmp(name, "task_file") || !strcmp(name, "task_vma")) {
		if (i->iter.task.tid)
			put_number(x, "tid", i->iter.task.tid);
		else if (i->iter.task.pid)
			put_number(x, "pid", i->iter.task.pid);
	}
	if (strcmp(name, "cgroup") != 0)
		return;
	if (i->iter.cgroup.order < sizeof(orders) / sizeof(orders[0]))
		order = orders[i->iter.cgroup.order];
	put_number(x, "cgroup_id", i->iter.cgroup.id);
	if (x->is_json)
		json_member_string(&x->json, "order", order);
	else
		printf("order %s  ", order);
}

static void show_netns(struct inspect *x, const struct skep_link_info *i)
{
	begin_line(x);
	put_number(x, "netns_ino", i->netns.inode);
	put_attach_type(x, i->netns.attach_type);
}

static void show_xdp(struct inspect *x, const struct skep_link_info *i)
{
	begin_line(x);
	put_device(x, i->device.ifindex);
}

static void show_device(struct inspect *x, const struct skep_link_info *i)
{
	show_xdp(x, i);
	put_attach_type(x, i->device.attach_type);
}

static void show_sockmap(struct inspect *x, const struct skep_link_info *i)
{
	begin_line(x);
	put_number(x, "map_id", i->map.map_id);
	put_attach_type(x, i->map.attach_type);
}

/* enum nf_inet_hooks, nf_arp_hooks; families as in linux/netfilter.h. */
static const char *hook_name(uint32_t family, uint32_t hook)
{
	static const char *const inet[] = {"prerouting", "input", "forward", "output",
	                                   "postrouting"};
	static const char *const arp[] = {"input", "output", "forward"};

	if (family == 3)
		return hook < 3 ? arp[hook] : NULL;
	if (family == 5)
		return hook == 0 ? "ingress" : hook == 1 ? "egress" : NULL;
	return hook < 5 ? inet[hook] : NULL;
}

void show_netfilter(struct inspect *x, const struct skep_link_info *i)
{
	static const char *const families[] = {
	    [1] = "inet", [2] = "ip", [3] = "arp", [5] = "netdev", [7] = "bridge", [10] = "ip6"};
	const char *hook = hook_name(i->netfilter.family, i->netfilter.hook);
	const char *family = i->netfilter.family < sizeof(families) / sizeof(families[0])
	                         ? families[i->netfilter.family]
	                         : NULL;

	if (x->is_json) {
		json_member_uint(&x->json, "pf", i->netfilter.family);
		json_member_uint(&x->json, "hook", i->netfilter.hook);
		json_key(&x->json, "prio");
		json_int(&x->json, i->netfilter.priority);
		json_member_uint(&x->json, "flags", i->netfilter.flags);
		return;
	}
	if (family)
		printf("%s", family);
	else
		printf("pf %u", i->netfilter.family);
	if (hook)
		printf(" %s", hook);
	else
		printf(" hook %u", i->netfilter.hook);
	printf(" prio %d", i->netfilter.priority);
	if (i->netfilter.flags)
		printf(" flags 0x%x", i->netfilter.flags);
}

static void show_netfilter_line(struct inspect *x, const struct skep_link_info *i)
{
	begin_line(x);
	show_netfilter(x, i);
}

/* ---- many functions -------------------------------------------------------------------------- */

static void show_kprobe_multi(struct inspect *x, const struct skep_link_info *i)
{
	const uint64_t *addresses = (const uint64_t *)(uintptr_t)i->kprobe_multi.addresses;
	const uint64_t *cookies = (const uint64_t *)(uintptr_t)i->kprobe_multi.cookies;
	bool is_return = i->kprobe_multi.flags & SKEP_LINK_AT_RETURN, has_any = false;
	uint32_t n = addresses ? i->kprobe_multi.n : 0;

	if (x->is_json) {
		json_member_bool(&x->json, "retprobe", is_return);
		json_member_uint(&x->json, "func_cnt", i->kprobe_multi.n);
		put_missed(x, i->kprobe_multi.missed);
		json_key(&x->json, "funcs");
		json_open(&x->json, '[');
	} else if (i->kprobe_multi.n) { /* kernels before 6.6 do not tell */
		printf("\n\t%s  ", is_return ? "kretprobe.multi" : "kprobe.multi");
		put_number(x, "func_cnt", i->kprobe_multi.n);
		put_missed(x, i->kprobe_multi.missed);
	}
	for (uint32_t k = 0; k < n; k++) {
		struct symbol s;

		if (!addresses[k])
			continue; /* who may not see addresses gets zeros */
		symbol_of(addresses[k], &s);
		if (x->is_json) {
			json_open(&x->json, '{');
			json_member_uint(&x->json, "addr", addresses[k]);
			json_member_string(&x->json, "func", s.name);
			json_key(&x->json, "module");
			if (s.module)
				json_string(&x->json, s.module);
			else
				json_null(&x->json);
			json_member_uint(&x->json, "cookie", cookies[k]);
			json_close(&x->json, '}');
			continue;
		}
		if (!has_any)
			printf("\n\t%-16s %-16s %s", "addr", "cookie", "func [module]");
		has_any = true;
		printf("\n\t%016llx %-16llx %s", (unsigned long long)addresses[k],
		       (unsigned long long)cookies[k], s.name);
		if (s.module)
			printf(" [%s]", s.module);
	}
	if (x->is_json)
		json_close(&x->json, ']');
}

static void show_uprobe_multi(struct inspect *x, const struct skep_link_info *i)
{
	const uint64_t *offsets = (const uint64_t *)(uintptr_t)i->uprobe_multi.offsets;
	const uint64_t *counters = (const uint64_t *)(uintptr_t)i->uprobe_multi.counters;
	const uint64_t *cookies = (const uint64_t *)(uintptr_t)i->uprobe_multi.cookies;
	bool is_return = i->uprobe_multi.flags & SKEP_LINK_AT_RETURN;
	const char *path = text_at(i->uprobe_multi.path);
	uint32_t n = offsets ? i->uprobe_multi.n : 0;

	if (x->is_json) {
		json_member_bool(&x->json, "retprobe", is_return);
		json_member_string(&x->json, "path", path);
	} else if (!i->uprobe_multi.n) { /* 6.6 and 6.7 do not tell */
		return;
	} else {
		printf("\n\t%s  ", is_return ? "uretprobe.multi" : "uprobe.multi");
		if (*path)
			printf("path %s  ", plain_text(x, path));
	}
	put_number(x, "func_cnt", i->uprobe_multi.n);
	if (x->is_json || i->uprobe_multi.pid)
		put_number(x, "pid", i->uprobe_multi.pid);
	if (x->is_json) {
		json_key(&x->json, "funcs");
		json_open(&x->json, '[');
	} else {
		printf("\n\t%-16s   %-16s   %-16s", "offset", "ref_ctr_offset", "cookies");
	}
	for (uint32_t k = 0; k < n; k++) {
		if (x->is_json) {
			json_open(&x->json, '{');
			json_member_uint(&x->json, "offset", offsets[k]);
			json_member_uint(&x->json, "ref_ctr_offset", counters[k]);
			json_member_uint(&x->json, "cookie", cookies[k]);
			json_close(&x->json, '}');
			continue;
		}
		printf("\n\t0x%-16llx 0x%-16llx 0x%-16llx", (unsigned long long)offsets[k],
		       (unsigned long long)counters[k], (unsigned long long)cookies[k]);
	}
	if (x->is_json)
		json_close(&x->json, ']');
}

/* ---- perf events ----------------------------------------------------------------------------- */

static const char *const event_types[PERF_TYPE_MAX] = {
    [PERF_TYPE_HARDWARE] = "hardware",
    [PERF_TYPE_SOFTWARE] = "software",
    [PERF_TYPE_TRACEPOINT] = "tracepoint",
    [PERF_TYPE_HW_CACHE] = "hw-cache",
    [PERF_TYPE_RAW] = "raw",
    [PERF_TYPE_BREAKPOINT] = "breakpoint",
};

/* perf's names of the caches, and of what is done with them. */
static const char *cache_event(struct inspect *x, uint64_t config)
{
	static const char *const caches[] = {"L1-dcache", "L1-icache", "LLC", "dTLB",
	                                     "iTLB",      "branch",    "node"};
	static const char *const operations[] = {"load", "store", "prefetch"};
	uint64_t cache = config & 0xff, operation = config >> 8 & 0xff, result = config >> 16;

	if (cache > 6 || operation > 2 || result > 1)
		return NULL;
	return arena_printf(x->a, "%s-%s%s", caches[cache], operations[operation],
	                    result           ? "-misses"
	                    : operation == 2 ? "es"
	                                     : "s");
}

static const char *event_config_name(struct inspect *x, uint32_t type, uint64_t config)
{
	static const char *const hardware[] = {"cpu-cycles",
	                                       "instructions",
	                                       "cache-references",
	                                       "cache-misses",
	                                       "branch-instructions",
	                                       "branch-misses",
	                                       "bus-cycles",
	                                       "stalled-cycles-frontend",
	                                       "stalled-cycles-backend",
	                                       "ref-cycles"};
	static const char *const software[] = {
	    "cpu-clock",        "task-clock",   "page-faults",  "context-switches",
	    "cpu-migrations",   "minor-faults", "major-faults", "alignment-faults",
	    "emulation-faults", "dummy",        "bpf-output",   "cgroup-switches"};

	if (type == PERF_TYPE_HARDWARE && config < sizeof(hardware) / sizeof(hardware[0]))
		return hardware[config];
	if (type == PERF_TYPE_SOFTWARE && config < sizeof(software) / sizeof(software[0]))
		return software[config];
	return type == PERF_TYPE_HW_CACHE ? cache_event(x, config) : NULL;
}

static const char *event_type_name(uint32_t type)
{
	return type < PERF_TYPE_MAX ? event_types[type] : NULL;
}

const char *event_text(struct inspect *x, const struct skep_link_info *i)
{
	uint32_t type = i->perf_event.event.type;
	uint64_t config = i->perf_event.event.config;
	const char *name = event_type_name(type), *what = event_config_name(x, type, config);

	if (!name)
		name = arena_printf(x->a, "%u ", type);
	if (!what)
		what = arena_printf(x->a, "%llu", (unsigned long long)config);
	return arena_printf(x->a, "%s:%s", name, what);
}

static void show_event(struct inspect *x, const struct skep_link_info *i)
{
	uint32_t type = i->perf_event.event.type;
	uint64_t config = i->perf_event.event.config;
	const char *name = event_type_name(type), *what = event_config_name(x, type, config);

	if (!x->is_json) {
		printf("\n\tevent %s  ", event_text(x, i));
		put_cookie(x, i->perf_event.event.cookie);
		return;
	}
	if (name)
		json_member_string(&x->json, "event_type", name);
	else
		json_member_uint(&x->json, "event_type", type);
	if (what)
		json_member_string(&x->json, "event_config", what);
	else
		json_member_uint(&x->json, "event_config", config);
	put_cookie(x, i->perf_event.event.cookie);
}

static void show_kprobe(struct inspect *x, const struct skep_link_info *i)
{
	bool is_return = i->perf_event.kind == SKEP_EVENT_KRETPROBE;
	const char *name = text_at(i->perf_event.kprobe.name);
	uint64_t address = i->perf_event.kprobe.address;
	uint32_t off = i->perf_event.kprobe.off;
	struct symbol s;

	if (!*name) { /* attached by its address */
		symbol_of(address, &s);
		name = s.name;
	}
	if (x->is_json) {
		json_member_bool(&x->json, "retprobe", is_return);
		json_member_uint(&x->json, "addr", address);
		json_member_string(&x->json, "func", name);
		json_member_uint(&x->json, "offset", off);
	} else {
		printf("\n\t%s ", is_return ? "kretprobe" : "kprobe");
		if (address)
			printf("%llx ", (unsigned long long)address);
		printf("%s", name);
		if (off)
			printf("+0x%x", off);
		printf("  ");
	}
	put_missed(x, i->perf_event.kprobe.missed);
	put_cookie(x, i->perf_event.kprobe.cookie);
}

static void show_uprobe(struct inspect *x, const struct skep_link_info *i)
{
	bool is_return = i->perf_event.kind == SKEP_EVENT_URETPROBE;
	const char *file = text_at(i->perf_event.uprobe.file);
	uint64_t counter = i->perf_event.uprobe.counter;

	if (x->is_json) {
		json_member_bool(&x->json, "retprobe", is_return);
		json_member_string(&x->json, "file", file);
		json_member_uint(&x->json, "offset", i->perf_event.uprobe.off);
		put_cookie(x, i->perf_event.uprobe.cookie);
		json_member_uint(&x->json, "ref_ctr_offset", counter);
		return;
	}
	printf("\n\t%s %s+0x%x  ", is_return ? "uretprobe" : "uprobe", plain_text(x, file),
	       i->perf_event.uprobe.off);
	put_cookie(x, i->perf_event.uprobe.cookie);
	if (counter)
		printf("ref_ctr_offset 0x%llx  ", (unsigned long long)counter);
}

static void show_perf_event(struct inspect *x, const struct skep_link_info *i)
{
	const char *name;

	switch (i->perf_event.kind) {
	case SKEP_EVENT_KPROBE:
	case SKEP_EVENT_KRETPROBE:
		show_kprobe(x, i);
		break;
	case SKEP_EVENT_UPROBE:
	case SKEP_EVENT_URETPROBE:
		show_uprobe(x, i);
		break;
	case SKEP_EVENT_TRACEPOINT:
		name = text_at(i->perf_event.tracepoint.name);
		if (x->is_json)
			json_member_string(&x->json, "tracepoint", name);
		else
			printf("\n\ttracepoint %s  ", name);
		put_cookie(x, i->perf_event.tracepoint.cookie);
		break;
	case SKEP_EVENT_OTHER:
		show_event(x, i);
		break;
	default:
		break; /* kernels before 6.6 do not tell */
	}
}

static void (*const shown[])(struct inspect *x, const struct skep_link_info *i) = {
    [BPF_LINK_TYPE_RAW_TRACEPOINT] = show_raw_tracepoint,
    [BPF_LINK_TYPE_TRACING] = show_tracing,
    [BPF_LINK_TYPE_CGROUP] = show_cgroup,
    [BPF_LINK_TYPE_ITER] = show_iter,
    [BPF_LINK_TYPE_NETNS] = show_netns,
    [BPF_LINK_TYPE_XDP] = show_xdp,
    [BPF_LINK_TYPE_PERF_EVENT] = show_perf_event,
    [BPF_LINK_TYPE_KPROBE_MULTI] = show_kprobe_multi,
    [SKEP_LINK_NETFILTER] = show_netfilter_line,
    [SKEP_LINK_TCX] = show_device,
    [SKEP_LINK_UPROBE_MULTI] = show_uprobe_multi,
    [SKEP_LINK_NETKIT] = show_device,
    [SKEP_LINK_SOCKMAP] = show_sockmap,
};

void link_show_details(struct inspect *x, const struct skep_link_info *i)
{
	if (i->type < sizeof(shown) / sizeof(shown[0]) && shown[i->type])
		shown[i->type](x, i);
}
