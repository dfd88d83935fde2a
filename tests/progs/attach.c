/* Attaches a program that does nothing, in one of the ways there are, and pins the link:
 * `attach KIND PIN [ARGUMENT...]`. With `-` for PIN it is not pinned: says that it is there, and
 * keeps it until its standard input ends. By system calls, so that it has no opinion of what links
 * there are. */
#include <elf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* BPF_LINK_CREATE, as far as a kernel of 6.18 reads it. */
struct link_attr {
	uint32_t prog_fd, target, attach_type, flags;
	union {
		uint64_t cookie;
		struct {
			uint64_t info;
			uint32_t info_len;
		} iter;
		struct {
			uint32_t target_btf_id;
			uint64_t cookie;
		} tracing;
		struct {
			uint32_t flags, n;
			uint64_t names, addresses, cookies;
		} kprobe_multi;
		struct {
			uint32_t family, hook;
			int32_t priority;
			uint32_t flags;
		} netfilter;
		struct {
			uint64_t path, offsets, counters, cookies;
			uint32_t n, flags, pid;
		} uprobe_multi;
		uint8_t all[64];
	};
};

static char **args; /* behind PIN */

static int call(const char *what, int cmd, void *attr, size_t size_b)
{
	int ret = (int)syscall(SYS_bpf, cmd, attr, size_b);

	if (ret >= 0)
		return ret;
	perror(what);
	exit(1);
}

static const char *argument(int i, const char *otherwise)
{
	for (int k = 0; k <= i; k++)
		if (!args[k])
			return otherwise;
	return args[i];
}

static uint64_t number(int i, uint64_t otherwise)
{
	const char *word = argument(i, NULL);

	return word ? strtoull(word, NULL, 0) : otherwise;
}

static char log_text[65536];

/* Returns `ret` and does nothing else. */
static int load(uint32_t type, uint32_t attach_type, uint32_t btf_id, int target_fd, int ret)
{
	const struct bpf_insn code[] = {{.code = 0xb7, .imm = ret}, {.code = 0x95}};
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach_type;
	attr.attach_btf_id = btf_id;
	attr.attach_prog_fd = (uint32_t)target_fd;
	attr.insns = (uint64_t)(uintptr_t)code;
	attr.insn_cnt = 2;
	attr.license = (uint64_t)(uintptr_t) "GPL";
	attr.log_buf = (uint64_t)(uintptr_t)log_text;
	attr.log_size = sizeof(log_text);
	attr.log_level = 1;
	strcpy(attr.prog_name, "nothing");
	fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		return fd;
	perror("load");
	fputs(log_text, stderr);
	exit(1);
}

static int create(const char *what, struct link_attr *l, int prog, int target, uint32_t type)
{
	l->prog_fd = (uint32_t)prog;
	l->target = (uint32_t)target;
	l->attach_type = type;
	return call(what, BPF_LINK_CREATE, l, sizeof(*l));
}

static int opened(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd >= 0)
		return fd;
	perror(path);
	exit(1);
}

static uint64_t number_in(const char *path)
{
	FILE *f = fopen(path, "r");
	uint64_t n = 0;

	if (!f || fscanf(f, "%lu", &n) != 1) {
		perror(path);
		exit(1);
	}
	fclose(f);
	return n;
}

static int perf_event(uint32_t type, uint64_t config, uint64_t name, uint64_t offset)
{
	struct perf_event_attr attr = {.type = type,
	                               .size = sizeof(attr),
	                               .config = config,
	                               .sample_period = 1000000000,
	                               .config1 = name,
	                               .config2 = offset};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd >= 0)
		return fd;
	perror("perf_event_open");
	exit(1);
}

/* On a perf event: a link with a cookie, or (NULL) a program put on it, as was done before links.
 */
static int on_event(uint32_t prog_type, int event, const char *pin)
{
	int prog = load(prog_type, 0, 0, 0, 0);
	struct link_attr l = {.cookie = 77};

	if (strcmp(pin, "=") != 0)
		return create("perf_event", &l, prog, event, BPF_PERF_EVENT);
	if (ioctl(event, PERF_EVENT_IOC_SET_BPF, prog)) {
		perror("PERF_EVENT_IOC_SET_BPF");
		exit(1);
	}
	return event;
}

static uint64_t return_bit(const char *kind)
{
	return strstr(kind, "ret") ? 1 : 0;
}

/* A type of the kernel's BTF by its name, which is looked for as bytes: names are ids of nobody
 * else here. */
static uint32_t btf_id_of(const char *name, uint32_t want)
{
	static uint8_t bytes[32 << 20];
	int fd = opened("/sys/kernel/btf/vmlinux", O_RDONLY);
	size_t n = 0;
	ssize_t got;
	const uint32_t *t, *end;
	const char *names;
	uint32_t id = 1;

	while ((got = read(fd, bytes + n, sizeof(bytes) - n)) > 0)
		n += (size_t)got;
	close(fd);
	t = (const uint32_t *)(bytes + 24);
	end = (const uint32_t *)((const uint8_t *)t + *(const uint32_t *)(bytes + 12));
	names = (const char *)(bytes + 24) + *(const uint32_t *)(bytes + 16);
	for (; t < end; id++) {
		static const uint8_t fixed[20] = {[1] = 1, [3] = 3, [14] = 1, [17] = 1};
		static const uint8_t each[20] = {
		    [4] = 3, [5] = 3, [6] = 2, [13] = 2, [15] = 3, [19] = 3};
		uint32_t kind = t[1] >> 24 & 31, words = t[1] & 0xffff;

		if (kind == want && !strcmp(names + t[0], name))
			return id;
		t += 3 + fixed[kind] + words * each[kind];
	}
	fprintf(stderr, "no type %s\n", name);
	exit(1);
}

static int attach(const char *kind, const char *pin)
{
	struct link_attr l = {0};
	union bpf_attr attr;
	char path[256];

	if (!strcmp(kind, "raw_tracepoint") || !strcmp(kind, "raw_tracepoint_cookie")) {
		memset(&attr, 0, sizeof(attr));
		attr.raw_tracepoint.name = (uint64_t)(uintptr_t)argument(0, "sys_enter");
		attr.raw_tracepoint.prog_fd =
		    (uint32_t)load(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0, 0, 0);
		if (strstr(kind, "cookie")) {
			uint64_t cookie = number(1, 99);

			memcpy((uint8_t *)&attr + 16, &cookie, 8);
		}
		return call(kind, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
	}
	if (!strcmp(kind, "tracepoint")) {
		snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/id",
		         argument(0, "syscalls/sys_enter_getpid"));
		return on_event(BPF_PROG_TYPE_TRACEPOINT,
		                perf_event(PERF_TYPE_TRACEPOINT, number_in(path), 0, 0), pin);
	}
	if (!strcmp(kind, "kprobe") || !strcmp(kind, "kretprobe"))
		return on_event(
		    BPF_PROG_TYPE_KPROBE,
		    perf_event((uint32_t)number_in("/sys/bus/event_source/devices/kprobe/type"),
		               return_bit(kind), (uint64_t)(uintptr_t)argument(0, "do_nanosleep"),
		               number(1, 0)),
		    pin);
	if (!strcmp(kind, "uprobe") || !strcmp(kind, "uretprobe"))
		return on_event(
		    BPF_PROG_TYPE_KPROBE,
		    perf_event((uint32_t)number_in("/sys/bus/event_source/devices/uprobe/type"),
		               return_bit(kind) | number(2, 0) << 32,
		               (uint64_t)(uintptr_t)argument(0, "/bin/sh"), number(1, 0x40)),
		    pin);
	if (!strcmp(kind, "event"))
		return on_event(
		    BPF_PROG_TYPE_PERF_EVENT,
		    perf_event((uint32_t)number(0, PERF_TYPE_SOFTWARE), number(1, 0), 0, 0), pin);
	if (!strcmp(kind, "cgroup"))
		return create(kind, &l,
		              load(BPF_PROG_TYPE_CGROUP_SKB, (uint32_t)number(1, 0), 0, 0, 1),
		              opened(argument(0, "."), O_RDONLY), (uint32_t)number(1, 0));
	if (!strcmp(kind, "netns"))
		return create(kind, &l, load(BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, 0, 0, 1),
		              opened("/proc/self/ns/net", O_RDONLY), BPF_SK_LOOKUP);
	if (!strcmp(kind, "xdp"))
		return create(kind, &l, load(BPF_PROG_TYPE_XDP, BPF_XDP, 0, 0, 2),
		              (int)if_nametoindex(argument(0, "lo")), BPF_XDP);
	if (!strcmp(kind, "tcx"))
		return create(kind, &l,
		              load(BPF_PROG_TYPE_SCHED_CLS, (uint32_t)number(1, 46), 0, 0, 0),
		              (int)if_nametoindex(argument(0, "lo")), (uint32_t)number(1, 46));
	if (!strcmp(kind, "netfilter")) {
		l.netfilter.family = (uint32_t)number(0, 2);
		l.netfilter.hook = (uint32_t)number(1, 1);
		l.netfilter.priority = (int32_t)number(2, (uint64_t)-128);
		l.netfilter.flags = (uint32_t)number(3, 0);
		return create(kind, &l, load(32, 45, 0, 0, 1), 0, 45);
	}
	if (!strcmp(kind, "uprobe_multi")) {
		static const uint64_t offsets[] = {0x40, 0x80}, cookies[] = {7, 0x88};

		l.uprobe_multi.path = (uint64_t)(uintptr_t)argument(0, "/bin/sh");
		l.uprobe_multi.offsets = (uint64_t)(uintptr_t)offsets;
		l.uprobe_multi.cookies = (uint64_t)(uintptr_t)cookies;
		l.uprobe_multi.n = 2;
		l.uprobe_multi.flags = (uint32_t)number(1, 0);
		l.uprobe_multi.pid = (uint32_t)number(2, 0);
		return create(kind, &l, load(BPF_PROG_TYPE_KPROBE, 48, 0, 0, 0), 0, 48);
	}
	if (!strcmp(kind, "kprobe_multi")) {
		static const char *const names[] = {"do_nanosleep", "vfs_read"};
		static const uint64_t cookies[] = {3, 4};

		l.kprobe_multi.names = (uint64_t)(uintptr_t)names;
		l.kprobe_multi.cookies = (uint64_t)(uintptr_t)cookies;
		l.kprobe_multi.n = 2;
		l.kprobe_multi.flags = (uint32_t)number(0, 0);
		return create(kind, &l, load(BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, 0, 0, 0),
		              0, BPF_TRACE_KPROBE_MULTI);
	}
	if (!strcmp(kind, "tracing")) { /* fentry */
		l.tracing.cookie = number(1, 0);
		return create(kind, &l,
		              load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY,
		                   btf_id_of(argument(0, "do_nanosleep"), 12), 0, 0),
		              0, BPF_TRACE_FENTRY);
	}
	if (!strcmp(kind, "iter")) { /* map, with a pinned map; or task, with a thread */
		union bpf_iter_link_info info;
		const char *what = argument(0, "bpf_map");

		memset(&info, 0, sizeof(info));
		if (!strcmp(what, "bpf_map_elem")) {
			memset(&attr, 0, sizeof(attr));
			attr.pathname = (uint64_t)(uintptr_t)argument(1, "");
			info.map.map_fd = (uint32_t)call("map", BPF_OBJ_GET, &attr, sizeof(attr));
		} else if (!strcmp(what, "cgroup")) {
			info.cgroup.order = BPF_CGROUP_ITER_SELF_ONLY;
			info.cgroup.cgroup_fd = (uint32_t)opened(argument(1, "."), O_RDONLY);
		} else {
			info.task.tid = (uint32_t)number(1, 0);
			info.task.pid = (uint32_t)number(2, 0);
		}
		if (args[0] && args[1]) {
			l.iter.info = (uint64_t)(uintptr_t)&info;
			l.iter.info_len = sizeof(info);
		}
		snprintf(path, sizeof(path), "bpf_iter_%s", what);
		return create(
		    kind, &l,
		    load(BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, btf_id_of(path, 12), 0, 0), 0,
		    BPF_TRACE_ITER);
	}
	if (!strcmp(kind, "sockmap")) {
		int map;

		memset(&attr, 0, sizeof(attr));
		attr.pathname = (uint64_t)(uintptr_t)argument(0, "");
		map = call("map", BPF_OBJ_GET, &attr, sizeof(attr));
		return create(kind, &l, load(BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT, 0, 0, 1),
		              map, BPF_SK_MSG_VERDICT);
	}
	if (!strcmp(kind, "lsm_cgroup"))
		return create(kind, &l,
		              load(BPF_PROG_TYPE_LSM, BPF_LSM_CGROUP,
		                   btf_id_of("bpf_lsm_socket_bind", 12), 0, 1),
		              opened(argument(0, "."), O_RDONLY), BPF_LSM_CGROUP);
	fprintf(stderr, "attach: no kind %s\n", kind);
	exit(2);
}

int main(int argc, char **argv)
{
	union bpf_attr attr;
	int fd;

	if (argc < 3)
		return 2;
	args = argv + 3;
	fd = attach(argv[1], argv[2]);
	if (argv[2][0] == '/') {
		memset(&attr, 0, sizeof(attr));
		attr.pathname = (uint64_t)(uintptr_t)argv[2];
		attr.bpf_fd = (uint32_t)fd;
		call("pin", BPF_OBJ_PIN, &attr, sizeof(attr));
		return 0;
	}
	/* Which descriptor it is. */
	printf("%d\n", fd);
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
