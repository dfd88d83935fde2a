# Probes on one event run in the order of the script, whatever their attach points look like, and
# whether they look at its arguments or not.
# timeout: 150
# expect: done
cat >same <<'END'
1
2
3
END
bad=0
run='dd if=/dev/zero of=/dev/null bs=1 count=1'
# order PREDICATE ATTACH-POINT...: of three probes
order() {
	skep -q -o out -c "$run" -e "$2 $1 { printf(\"1\n\"); $5 } $3 $1 { printf(\"2\n\"); $6 } $4 $1 { printf(\"3\n\"); $7 }" 2>err
	grep '^[123]$' out >got
	cmp -s got same || { echo "$2, $3, $4:"; cat got err; bad=1; }
}
all_order() { order "$1" "$2" "$2" "$2"; }
order '/comm == "dd" && arg2 == 1/' kprobe:vfs_read 'kprobe:vfs_rea*' kprobe:vfs_read
all_order '/comm == "dd" && retval == 1/' kretprobe:vfs_read
all_order '/comm == "dd" && args.count == 1/' fentry:vfs_read
all_order '/comm == "dd" && args.count == 1/' fexit:vfs_read
all_order '/comm == "dd" && args.count == 1/' tracepoint:syscalls:sys_enter_read
all_order '' rawtracepoint:sched_process_exec
order '' tracepoint:sched:sched_process_exec 'tracepoint:sched:*process_exec' tracepoint:sched:sched_process_exec \
	'@a = args.pid;' '' '@a = args.pid;'
run=target
target=$(command -v target)
order '' "uprobe:$target:main" "uprobe:$target:mai*" "uprobe:$target:*ain"
all_order '' "uretprobe:$target:main"
[ $bad = 0 ] && echo done
