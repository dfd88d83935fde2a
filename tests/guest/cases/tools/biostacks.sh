insmod /lib/modules/configfs.ko 2>/dev/null
insmod /lib/modules/null_blk.ko nr_devices=1 gb=1 || exit 77
skep -q -c 'work direct /dev/nullb0 4096 9' /tools/biostacks.bt >out
status=$?
cat out
rmmod null_blk
# Direct reads by pread(): one stack, nine requests below it.
[ $status -eq 0 ] && grep -qE '(blkdev_direct_IO|blkdev_read_iter).*\+[0-9]+$' out &&
	awk -F '[)] +' '/^\[/ { n += $2 + 0 } END { exit n != 9 }' out
