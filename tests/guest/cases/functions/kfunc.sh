# timeout: 60
# Functions of the kernel, called where it allows it: older kernels have fewer, and for fewer kinds
# of program. `if comptime` keeps a script that has them running where they are not.
# expect: the command is cat
# expect: cgroup of the root: 1
# expect: not for kprobes
text() { skep -q -c 'cat /etc/passwd' -e "$1" | grep -m 1 "$2"; }

text 'tracepoint:sched:sched_process_exec /pid == cpid/ {
	if comptime (kfunc_allowed("bpf_task_from_pid")) {
		$t = bpf_task_from_pid((int32)pid(init));
		if ($t) { printf("the command is %s\n", $t.comm); bpf_task_release($t); }
	} else {
		printf("the command is %s\n", comm);
	}
}' 'the command'
text 'tracepoint:syscalls:sys_enter_openat /pid == cpid/ {
	if comptime (kfunc_allowed("bpf_cgroup_from_id")) {
		$c = bpf_cgroup_from_id(1);
		if ($c) { printf("cgroup of the root: %d\n", $c.level + 1); bpf_cgroup_release($c); }
	} else {
		printf("cgroup of the root: 1\n");
	}
}' 'cgroup of'
text 'kprobe:vfs_open /pid == cpid/ {
	if comptime (kfunc_allowed("bpf_task_acquire")) {
		printf("for kprobes\n");
	} else {
		printf("not for kprobes\n");
	}
}' 'for kprobes'
# Nothing but what the kernel's own word says: called all the same, the call is refused.
skep --dry-run -e 'kprobe:vfs_read { $t = bpf_task_acquire(curtask); }' 2>&1 |
	grep -q "ERROR: \(bpf_task_acquire can not be used with \"kprobe\" probes\|Unknown function: 'bpf_task_acquire'\)$"
