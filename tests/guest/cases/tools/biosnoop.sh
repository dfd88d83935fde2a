insmod /lib/modules/configfs.ko 2>/dev/null
insmod /lib/modules/null_blk.ko nr_devices=1 gb=1 irqmode=2 completion_nsec=5000000 || exit 77
skep -q -c 'work direct /dev/nullb0 8192 6' /tools/biosnoop.bt >out
status=$?
cat out
rmmod null_blk
# Six reads of 8192 bytes, one behind the other: sectors 0, 16, ... 80; each 5 ms or more.
[ $status -eq 0 ] && awk '$2 == "work" && $5 ~ /^R/ && $7 == 8192 && $8 >= 5 { s = s " " $6; n++ }
	END { exit !(n == 6 && s == " 0 16 32 48 64 80") }' out
