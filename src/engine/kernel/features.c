/* What this kernel and this user are allowed: asked by trying, never by version number, since
 * distributions move features between versions and policies take them away.
 *
 * Nothing is tried before somebody asks, and nothing twice. The answers are the one piece of
 * process-wide state here: they are facts about the kernel, the same for every session. */
#include "engine/kernel/features.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/kernel/attach.h"
#include "engine/kernel/sys.h"
#include "engine/kernel/uapi.h"
#include "base/file.h"

#define INSN(c, d, s, o, i)                                                                        \
	((struct bpf_insn){.code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i)})
#define MOV_IMM(d, i) INSN(BPF_ALU64 | BPF_MOV | BPF_K, (d), 0, 0, (i))
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* ---- small programs and maps ----------------------------------------------------------------- */

static int load(uint32_t type, uint32_t expected, const struct bpf_insn *code, uint32_t n,
                char *log, uint32_t log_b)
{
	union bpf_attr attr = {
	    .prog_type = type,
	    .expected_attach_type = expected,
	    .insns = sys_ptr(code),
	    .insn_cnt = n,
	    .license = sys_ptr("GPL"),
	    .log_level = log ? 1 : 0,
	    .log_buf = sys_ptr(log),
	    .log_size = log_b,
	};

	return sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int load_trivial(uint32_t type, uint32_t expected)
{
	const struct bpf_insn code[] = {MOV_IMM(0, 0), EXIT()};

	return load(type, expected, code, 2, NULL, 0);
}

static bool loads(uint32_t type, const struct bpf_insn *code, uint32_t n)
{
	own_fd int fd = load(type, 0, code, n, NULL, 0);

	return fd >= 0;
}

static int make_map(uint32_t type, uint32_t flags)
{
	bool is_ring = type == BPF_MAP_TYPE_RINGBUF, is_stack = type == BPF_MAP_TYPE_STACK_TRACE;
	union bpf_attr attr = {
	    .map_type = type,
	    .key_size = is_ring ? 0 : 4,
	    .value_size = is_ring    ? 0
	                  : is_stack ? 8
	                             : 4,
	    .max_entries = is_ring ? (uint32_t)sysconf(_SC_PAGESIZE) : 1,
	    .map_flags = flags,
	};

	return sys_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
}

/* ---- the probes ------------------------------------------------------------------------------ */

/* A call that can't be right: only a kernel that knows the helper gets as far as saying what is
 * wrong with its arguments. */
static bool helper(uint32_t number)
{
	const struct bpf_insn code[] = {INSN(BPF_JMP | BPF_CALL, 0, 0, 0, (int32_t)number),
	                                MOV_IMM(0, 0), EXIT()};
	char log[4096] = "";
	own_fd int fd = load(BPF_PROG_TYPE_KPROBE, 0, code, 3, log, sizeof(log));

	if (fd >= 0)
		return true;
	return fd != -EPERM && *log && !strstr(log, "invalid func ") &&
	       !strstr(log, "unknown func ") && !strstr(log, "cannot use helper");
}

static bool map_type(uint32_t type)
{
	own_fd int fd = make_map(type, 0);

	return fd >= 0;
}

static bool map_batch(uint32_t unused)
{
	own_fd int fd = make_map(BPF_MAP_TYPE_HASH, 0);
	uint32_t key, value, position;
	union bpf_attr attr = {0};

	(void)unused;
	attr.batch.out_batch = sys_ptr(&position);
	attr.batch.keys = sys_ptr(&key);
	attr.batch.values = sys_ptr(&value);
	attr.batch.count = 1;
	attr.batch.map_fd = (uint32_t)fd;
	return fd >= 0 && sys_bpf(BPF_MAP_LOOKUP_BATCH, &attr, sizeof(attr)) == -ENOENT;
}

/* Programs that may interrupt the allocator were only allowed preallocated maps. */
static bool mem_alloc(uint32_t unused)
{
	own_fd int map = make_map(BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC);
	const struct bpf_insn code[] = {
	    INSN(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map),
	    INSN(0, 0, 0, 0, 0),
	    MOV_IMM(0, 0),
	    EXIT(),
	};

	(void)unused;
	return map >= 0 && loads(BPF_PROG_TYPE_PERF_EVENT, code, 4);
}

static bool cpu_v4(uint32_t unused)
{
	const struct bpf_insn code[] = {
	    MOV_IMM(1, 0),
	    INSN(BPF_ALU64 | BPF_MOV | BPF_X, 0, 1, 8, 0), /* r0 = (s8)r1 */
	    EXIT(),
	};

	(void)unused;
	return loads(BPF_PROG_TYPE_KPROBE, code, 3);
}

static bool atomic_fetch(uint32_t unused)
{
	const struct bpf_insn code[] = {
	    MOV_IMM(1, 0),
	    INSN(BPF_STX | BPF_MEM | BPF_DW, 10, 1, -8, 0),
	    INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 10, 1, -8, BPF_ADD | BPF_FETCH),
	    MOV_IMM(0, 0),
	    EXIT(),
	};

	(void)unused;
	return loads(BPF_PROG_TYPE_KPROBE, code, 5);
}

/* The links below are asked for with an argument that is refused only after the kernel has
 * understood the kind of link. */
static bool perf_link(uint32_t unused)
{
	own_fd int prog = load_trivial(BPF_PROG_TYPE_KPROBE, 0);
	union bpf_attr attr = {0};

	(void)unused;
	attr.link_create.prog_fd = (uint32_t)prog;
	attr.link_create.target_fd = UINT32_MAX;
	attr.link_create.attach_type = BPF_PERF_EVENT;
	return prog >= 0 && sys_bpf(BPF_LINK_CREATE, &attr, sizeof(attr)) == -EBADF;
}

static bool kprobe_multi(uint32_t attach_type)
{
	own_fd int prog = load_trivial(BPF_PROG_TYPE_KPROBE, attach_type);
	union bpf_attr attr = {0};

	attr.link_create.prog_fd = (uint32_t)prog;
	attr.link_create.attach_type = attach_type;
	attr.link_create.kprobe_multi.cnt = 1;
	attr.link_create.kprobe_multi.addrs = 1; /* not a pointer: EFAULT */
	return prog >= 0 && sys_bpf(BPF_LINK_CREATE, &attr, sizeof(attr)) == -EFAULT;
}

/* Up to v6.9 `pid` meant one thread. Since then -1 is refused before the path is looked at; "/"
 * is no regular file (EBADF). */
static int uprobe_multi_try(uint32_t attach_type, uint32_t pid)
{
	own_fd int prog = load_trivial(BPF_PROG_TYPE_KPROBE, attach_type);
	uint64_t offset = 0;
	struct skep_link_uprobe_multi attr = {
	    .prog_fd = (uint32_t)prog,
	    .attach_type = attach_type,
	    .path = sys_ptr("/"),
	    .offsets = sys_ptr(&offset),
	    .cnt = 1,
	    .pid = pid,
	};

	return prog < 0 ? prog : sys_bpf(BPF_LINK_CREATE, &attr, sizeof(attr));
}

static bool uprobe_multi(uint32_t attach_type)
{
	return uprobe_multi_try(attach_type, 0) == -EBADF;
}

bool feature_uprobe_multi_pid(void)
{
	return uprobe_multi_try(SKEP_TRACE_UPROBE_MULTI, UINT32_MAX) == -EINVAL;
}

static bool program_type(uint32_t type)
{
	own_fd int fd = load_trivial(type, 0);

	return fd >= 0;
}

static bool perf_event(uint32_t type)
{
	struct perf_event_attr attr = {
	    .type = type,
	    .size = sizeof(attr),
	    .config =
	        type == PERF_TYPE_HARDWARE ? PERF_COUNT_HW_CPU_CYCLES : PERF_COUNT_SW_CPU_CLOCK,
	    .sample_period = 1000000,
	    .disabled = 1,
	};
	int *cpus = NULL;
	own_fd int fd = -1;

	cpus_online(&cpus);
	fd = sys_perf_event_open(&attr, -1, cpus[0]);
	free(cpus);
	return fd >= 0;
}

enum { UNIT_KPROBE, UNIT_UPROBE };

static bool perf_unit(uint32_t unit)
{
	uint64_t retprobe;

	return perf_unit_type(unit == UNIT_KPROBE ? "kprobe" : "uprobe", &retprobe) >= 0;
}

static bool tracefs(uint32_t unused)
{
	(void)unused;
	return access("/sys/kernel/tracing/events", R_OK | X_OK) == 0 ||
	       access("/sys/kernel/debug/tracing/events", R_OK | X_OK) == 0;
}

static bool btf(uint32_t unused)
{
	(void)unused;
	return access("/sys/kernel/btf/vmlinux", R_OK) == 0;
}

static bool module_btf(uint32_t unused)
{
	DIR *dir = opendir("/sys/kernel/btf");
	bool found = false;

	(void)unused;
	for (struct dirent *entry; dir && !found && (entry = readdir(dir));)
		found = entry->d_name[0] != '.' && strcmp(entry->d_name, "vmlinux") != 0;
	if (dir)
		closedir(dir);
	return found;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
	bool (*probe)(uint32_t arg);
	uint32_t arg;
} probes[FEATURE_N] = {
	[FEATURE_MAP_HASH] = {map_type, BPF_MAP_TYPE_HASH},
	[FEATURE_MAP_PERCPU_HASH] = {map_type, BPF_MAP_TYPE_PERCPU_HASH},
	[FEATURE_MAP_LRU_HASH] = {map_type, BPF_MAP_TYPE_LRU_HASH},
	[FEATURE_MAP_ARRAY] = {map_type, BPF_MAP_TYPE_ARRAY},
	[FEATURE_MAP_PERCPU_ARRAY] = {map_type, BPF_MAP_TYPE_PERCPU_ARRAY},
	[FEATURE_MAP_STACK_TRACE] = {map_type, BPF_MAP_TYPE_STACK_TRACE},
	[FEATURE_MAP_PERF_EVENT_ARRAY] = {map_type, BPF_MAP_TYPE_PERF_EVENT_ARRAY},
	[FEATURE_RINGBUF] = {map_type, BPF_MAP_TYPE_RINGBUF},
	[FEATURE_BTF] = {btf, 0},
	[FEATURE_MODULE_BTF] = {module_btf, 0},
	[FEATURE_MAP_BATCH] = {map_batch, 0},
	[FEATURE_KPROBE_MULTI] = {kprobe_multi, BPF_TRACE_KPROBE_MULTI},
	[FEATURE_UPROBE_MULTI] = {uprobe_multi, SKEP_TRACE_UPROBE_MULTI},
	[FEATURE_KPROBE_SESSION] = {kprobe_multi, SKEP_TRACE_KPROBE_SESSION},
	[FEATURE_UPROBE_SESSION] = {uprobe_multi, SKEP_TRACE_UPROBE_SESSION},
	[FEATURE_PERF_LINK] = {perf_link, 0},
	[FEATURE_ATTACH_COOKIE] = {helper, BPF_FUNC_get_attach_cookie},
	[FEATURE_BPF_LOOP] = {helper, BPF_FUNC_loop},
	[FEATURE_FOR_EACH_MAP_ELEM] = {helper, BPF_FUNC_for_each_map_elem},
	[FEATURE_MAP_LOOKUP_PERCPU] = {helper, BPF_FUNC_map_lookup_percpu_elem},
	[FEATURE_PROBE_READ] = {helper, BPF_FUNC_probe_read},
	[FEATURE_PROBE_READ_KERNEL] = {helper, BPF_FUNC_probe_read_kernel},
	[FEATURE_PROBE_READ_USER_STR] = {helper, BPF_FUNC_probe_read_user_str},
	[FEATURE_GET_CGROUP_ID] = {helper, BPF_FUNC_get_current_cgroup_id},
	[FEATURE_GET_NS_PID_TGID] = {helper, BPF_FUNC_get_ns_current_pid_tgid},
	[FEATURE_KTIME_BOOT] = {helper, BPF_FUNC_ktime_get_boot_ns},
	[FEATURE_KTIME_TAI] = {helper, BPF_FUNC_ktime_get_tai_ns},
	[FEATURE_GET_TASK_BTF] = {helper, BPF_FUNC_get_current_task_btf},
	[FEATURE_TASK_PT_REGS] = {helper, BPF_FUNC_task_pt_regs},
	[FEATURE_GET_FUNC_IP] = {helper, BPF_FUNC_get_func_ip},
	[FEATURE_SEND_SIGNAL] = {helper, BPF_FUNC_send_signal},
	[FEATURE_STRNCMP] = {helper, BPF_FUNC_strncmp},
	[FEATURE_JIFFIES64] = {helper, BPF_FUNC_jiffies64},
	[FEATURE_GET_STACK] = {helper, BPF_FUNC_get_stack},
	[FEATURE_KPROBE] = {perf_unit, UNIT_KPROBE},
	[FEATURE_TRACEPOINT] = {tracefs, 0},
	[FEATURE_RAW_TRACEPOINT] = {program_type, BPF_PROG_TYPE_RAW_TRACEPOINT},
	[FEATURE_BTF_RAW_TRACEPOINT] = {feature_btf_raw_tracepoint, 0},
	[FEATURE_FENTRY] = {feature_fentry, 0},
	[FEATURE_ITER] = {feature_iter, 0},
	[FEATURE_UPROBE] = {perf_unit, UNIT_UPROBE},
	[FEATURE_PERF_SOFTWARE] = {perf_event, PERF_TYPE_SOFTWARE},
	[FEATURE_PERF_HARDWARE] = {perf_event, PERF_TYPE_HARDWARE},
	[FEATURE_BPF_MEM_ALLOC] = {mem_alloc, 0},
	[FEATURE_CPU_V4] = {cpu_v4, 0},
	[FEATURE_ATOMIC_FETCH] = {atomic_fetch, 0},
};

static const char *const names[] = {
#define FEATURE(id, name, section, doc) [FEATURE_##id] = name,
#include "engine/features.def"
#undef FEATURE
};
/* clang-format on */

bool feature_has(enum feature f)
{
	static signed char answers[FEATURE_N]; /* 0: not asked yet */
	signed char answer = __atomic_load_n(&answers[f], __ATOMIC_RELAXED);

	if (!answer) {
		answer = probes[f].probe(probes[f].arg) ? 1 : -1;
		__atomic_store_n(&answers[f], answer, __ATOMIC_RELAXED);
	}
	return answer > 0;
}

const char *feature_name(enum feature f)
{
	return names[f];
}
