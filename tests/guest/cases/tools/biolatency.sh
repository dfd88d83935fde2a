# A device that takes 20 ms for each of 25 requests.
insmod /lib/modules/configfs.ko 2>/dev/null
insmod /lib/modules/null_blk.ko nr_devices=1 gb=1 irqmode=2 completion_nsec=20000000 || exit 77
skep -q -c 'work direct /dev/nullb0 4096 25' /tools/biolatency.bt >out
status=$?
cat out
rmmod null_blk
[ $status -eq 0 ] && grep -qE '^@usecs\[[0-9]+, 0\]:$' out || exit 1
# All of them in 16 ms or more, none faster; an emulated machine may be late.
awk -F '[][)| ,]+' '/^\[/ { if ($2 == "16K" || $2 == "32K" || $2 == "64K" || $2 == "128K") slow += $4; else fast += $4 }
	END { exit !(slow == 25 && fast == 0) }' out
