# One script for kernels that differ: what is there is asked, and taken.
# timeout: 120
cat >a.bt <<'END'
if (probe_exists("fentry:vfs_read")) {
	fentry:vfs_read /pid == cpid && args.count == 1/ { @f = count(); }
} else {
	fentry:no_such_function { }
}

if (probe_exists("kprobe:no_such_function") || probe_exists("kprobe:no_such_module:vfs_read") ||
	probe_exists("fentry:no_such_function") || probe_exists("kprobe:no_such_f*")) {
	kprobe:no_such_function { @k = count(); }
} else if (probe_exists("kprobe:vfs_rea*") && probe_exists("kretprobe:vfs_read")) {
	kprobe:vfs_read /pid == cpid && arg2 == 1/ { @k = count(); }
}

if (probe_exists("tracepoint:block:block_io_start")) { // 6.5
	tracepoint:block:block_io_start { @new = count(); }
} else {
	tracepoint:block:block_rq_issue { @old = count(); }
}

tracepoint:skb:kfree_skb
{
	if comptime (has_field(args, rx_sk)) { // 6.11
		@socket = args.rx_sk;
	} else {
		@place = args.location;
	}
}

end
{
	printf("fentry %d, kprobe %d\n", (int64)@f, (int64)@k);
	printf("inode %d\n", has_field(struct inode, i_ctime)); // until 6.5
	clear(@f); clear(@k);
}
END
skep -c 'dd if=/dev/zero of=/dev/null bs=1 count=20' a.bt >out 2>err || { cat out err; exit 1; }
skep -l a.bt >list || exit 1
cat out
grep -qx 'fentry 20, kprobe 20' out || exit 1
case $(uname -r) in
6.1.*) is_old=1 probe=tracepoint:block:block_rq_issue ;;
*) is_old=0 probe=tracepoint:block:block_io_start ;;
esac
grep -qx "inode $is_old" out || exit 1
printf 'fentry:vmlinux:vfs_read\nkprobe:vfs_read\n%s\ntracepoint:skb:kfree_skb\n' $probe |
	diff - list
