insmod /lib/modules/configfs.ko 2>/dev/null
insmod /lib/modules/null_blk.ko nr_devices=1 gb=1 || exit 77
echo 'work direct /dev/nullb0 4096 12; work direct /dev/nullb0 65536 7' >l.sh
skep -q -c 'sh l.sh' /tools/bitesize.bt >out
status=$?
cat out
rmmod null_blk
[ $status -eq 0 ] && grep -qE '^\[4K, 8K\) +12 \|' out && grep -qE '^\[64K, 128K\) +7 \|' out
