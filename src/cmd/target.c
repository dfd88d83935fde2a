/* Feature probes to the compiler's target: the one place where engine and language meet before a
 * program is compiled. */
#include "cmd/target.h"

#include <string.h>
#include <sys/stat.h>

#include "base/cpus.h"
#include "engine/engine.h"

enum { PROC_PID_INIT_INO = 0xEFFFFFFC }; /* linux/proc_ns.h: the first pid namespace */

static const struct script_target of_our_day = {
    .has_ringbuf = true,
    .has_probe_read_split = true,
    .has_task_btf = true,
    .has_bpf_loop = true,
    .has_for_each_map = true,
    .has_lookup_percpu = true,
    .has_attach_cookie = true,
    .has_func_ip = true,
    .has_task_pt_regs = true,
    .has_mem_alloc = true,
    .has_ktime_boot = true,
    .has_ktime_tai = true,
    .has_sext = true,
    .has_atomics = true,
};

static bool has_kprobe_session(void)
{
	return feature_has(FEATURE_KPROBE_SESSION);
}

static bool has_uprobe_session(void)
{
	return feature_has(FEATURE_UPROBE_SESSION);
}

static bool may_attach(enum probe_kind kind)
{
	static const enum feature needs[PROBE_N] = {
	    [PROBE_KPROBE] = FEATURE_KPROBE,
	    [PROBE_KRETPROBE] = FEATURE_KPROBE,
	    [PROBE_FENTRY] = FEATURE_FENTRY,
	    [PROBE_FEXIT] = FEATURE_FENTRY,
	    [PROBE_RAWTRACEPOINT] = FEATURE_RAW_TRACEPOINT,
	    [PROBE_TRACEPOINT] = FEATURE_TRACEPOINT,
	    [PROBE_UPROBE] = FEATURE_UPROBE,
	    [PROBE_URETPROBE] = FEATURE_UPROBE,
	    [PROBE_USDT] = FEATURE_UPROBE,
	    [PROBE_ITER] = FEATURE_ITER,
	    [PROBE_HARDWARE] = FEATURE_PERF_HARDWARE,
	};

	return !needs[kind] || feature_has(needs[kind]);
}

void target_describe(struct script_target *t, struct types *types, bool may_ask,
                     bool is_user_engine)
{
	struct stat ns;

	*t = may_ask && !is_user_engine ? (struct script_target){0} : of_our_day;
	t->is_user_engine = is_user_engine;
	t->n_cpus = cpus_possible();
	t->has_btf = types_have_btf(types);
	/* ptrace speaks of processes in our own namespace: their numbers need no translation. */
	if (!is_user_engine && !stat("/proc/self/ns/pid", &ns) && ns.st_ino != PROC_PID_INIT_INO) {
		t->pidns_dev = ns.st_dev;
		t->pidns_ino = ns.st_ino;
	}
	if (!may_ask || is_user_engine)
		return;
	t->may_call = feature_kernel_call;
	t->may_attach = may_attach;
	t->has_ringbuf = feature_has(FEATURE_RINGBUF);
	t->has_probe_read_split = feature_has(FEATURE_PROBE_READ_KERNEL);
	t->has_task_btf = feature_has(FEATURE_GET_TASK_BTF);
	t->has_bpf_loop = feature_has(FEATURE_BPF_LOOP);
	t->has_for_each_map = feature_has(FEATURE_FOR_EACH_MAP_ELEM);
	t->has_lookup_percpu = feature_has(FEATURE_MAP_LOOKUP_PERCPU);
	t->has_attach_cookie = feature_has(FEATURE_ATTACH_COOKIE);
	t->has_func_ip = feature_has(FEATURE_GET_FUNC_IP);
	t->has_task_pt_regs = feature_has(FEATURE_TASK_PT_REGS);
	t->has_mem_alloc = feature_has(FEATURE_BPF_MEM_ALLOC);
	t->has_ktime_boot = feature_has(FEATURE_KTIME_BOOT);
	t->has_ktime_tai = feature_has(FEATURE_KTIME_TAI);
	t->has_sext = feature_has(FEATURE_CPU_V4);
	t->has_atomics = feature_has(FEATURE_ATOMIC_FETCH);
	t->has_kprobe_session = has_kprobe_session;
	t->has_uprobe_session = has_uprobe_session;
}
