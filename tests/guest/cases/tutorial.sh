# The twelve lessons of bpftrace's one-liner tutorial, as a reader types them. Those that run until
# Ctrl-C get it after a moment of the work that they look at.
# timeout: 100
work() {
	for i in 1 2 3 4 5 6 7 8; do
		cat /etc/passwd /proc/version >/dev/null 2>&1
		dd if=/etc/passwd of=/dev/null 2>/dev/null
		sleep 0.1
	done
}
fail() {
	echo "lesson $1: $2"
	cat out err
	exit 1
}
# lesson NUMBER REGEX ARGS...: Ctrl-C when the work is done, REGEX must be on stdout
lesson() {
	number=$1 regex=$2
	shift 2
	__BPFTRACE_NOTIFY_PROBES_ATTACHED=1 skep "$@" >out 2>err &
	tracer=$!
	wait-until 'grep __BPFTRACE_NOTIFY out'
	work
	kill -INT $tracer 2>/dev/null
	wait $tracer || fail "$number" "exit status $?"
	grep -Eq "$regex" out || fail "$number" "nothing like $regex"
}

skep -l 'tracepoint:syscalls:sys_enter_*' >out 2>err
[ "$(wc -l <out)" -gt 200 ] && grep -q '^tracepoint:syscalls:sys_enter_openat$' out || fail 1 listing
lesson 2 '^hello world$' -e 'BEGIN { printf("hello world\n"); }'
lesson 3 '^cat /etc/passwd$' -e 'tracepoint:syscalls:sys_enter_openat { printf("%s %s\n", comm, str(args.filename)); }'
lesson 4 '^@\[cat\]: [0-9]+$' -e 'tracepoint:raw_syscalls:sys_enter { @[comm] = count(); }'
lesson 5 '^@bytes:$' -e "tracepoint:syscalls:sys_exit_read /pid == $$ || 1/ { @bytes = hist(args.ret); }"
lesson 6 '^\[0, 200\) +[0-9]+ \|' -e 'kretprobe:vfs_read { @bytes = lhist(retval, 0, 2000, 200); }'
lesson 7 '^@ns\[dd\]:$' -e 'kprobe:vfs_read { @start[tid] = nsecs; } kretprobe:vfs_read /@start[tid]/ { @ns[comm] = hist(nsecs - @start[tid]); delete(@start, tid); }'
lesson 8 '^@\[tracepoint:sched:sched_switch\]: [0-9]+$' -e 'tracepoint:sched:sched* { @[probe] = count(); } interval:s:5 { exit(); }'
lesson 9 '^ +[a-z_0-9.]+\+[0-9]+$' -e 'profile:hz:99 { @[kstack] = count(); }'
lesson 10 '^ +schedule\+[0-9]+$' -e 'tracepoint:sched:sched_switch { @[kstack] = count(); }'
lesson 11 '.*' -e 'tracepoint:block:block_rq_issue { @ = hist(args.bytes); }'
cat >path.bt <<'S'
#ifndef BPFTRACE_HAVE_BTF
#include <linux/path.h>
#include <linux/dcache.h>
#endif

kprobe:vfs_open
{
	printf("open path: %s\n", str(((struct path *)arg0)->dentry->d_name.name));
}
S
lesson 12 '^open path: passwd$' path.bt
echo "all twelve"
