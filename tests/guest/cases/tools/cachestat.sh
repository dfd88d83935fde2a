# 400 pages of a block device's cache, read and then dropped.
insmod /lib/modules/configfs.ko 2>/dev/null
insmod /lib/modules/null_blk.ko nr_devices=1 gb=1 || exit 77
echo 'dd if=/dev/nullb0 of=/dev/null bs=4096 count=400 2>/dev/null; sleep 1.2
	echo 1 >/proc/sys/vm/drop_caches; sleep 1.2' >l.sh
skep -q -c 'sh l.sh' /tools/cachestat.bt >out
status=$?
cat out
rmmod null_blk
[ $status -eq 0 ] && awk '/^[0-9]/ { a += $2; r += $4 } END { exit !(a >= 100 && a < 2000 && r >= 100) }' out
