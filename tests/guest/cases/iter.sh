# Every kind of iterator that this kernel lists can be walked, and a pinned one read by others.
# timeout: 60
# expect: walked
# expect-re: ^Program pinned to /sys/fs/bpf/tasks$
# expect: kthreadd|    2|true
# expect-re: ^sh [1-9][0-9]* 1$
for kind in $(skep -l 'iter:*'); do
	case $kind in
	*:bpf_map_elem | *:bpf_sk_storage_map | *:sockmap) skep -e "$kind { }" 2>/dev/null && exit 1 ;;
	*) skep -q -e "$kind { @n = count(); }" >out 2>err || { echo "$kind"; cat err; exit 1; } ;;
	esac
done
skep -q -e 'iter:task { @[ctx.task.comm] = count(); }' | grep -qx '@\[kthreadd\]: 1' && echo walked
mount -t bpf bpf /sys/fs/bpf 2>/dev/null
skep -e 'iter:task:tasks { printf("%s|%5d|%s\n", ctx.task.comm, ctx.task.pid, ctx.task.pid == 2); }' || exit 1
cat /sys/fs/bpf/tasks
rm /sys/fs/bpf/tasks
skep -q -p $$ -e 'iter:task { printf("%s %d %d\n", ctx.task.comm, ctx.task.pid, ctx.task.tgid == '$$'); }'
