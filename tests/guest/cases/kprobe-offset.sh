# An offset has to be at an instruction. The first one after the patchable call at
# the entry is 5 bytes in, or 9 if the kernel has landing pads for indirect calls.
# What lies inside an instruction has to be refused.
attached=
for offset in 5 9; do
	if skep -c 'dd if=/dev/zero of=/dev/null bs=1 count=50' \
		-e "kprobe:vfs_read+$offset /pid == cpid && arg2 == 1/ { @[probe] = count(); }" >out 2>err
	then
		cat out
		grep -qxF "@[kprobe:vfs_read+$offset]: 50" out || exit 1
		attached=$offset
	else
		cat err
		grep -q "vfs_read+$offset" err || exit 1
	fi
done
[ -n "$attached" ] || exit 1
# Inside of an instruction: said before the kernel is asked, if its code can be read.
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
for offset in 1 2 3; do
	skep --dry-run -e "kprobe:vfs_read+$offset { }" >out 2>&1 && continue
	grep -q "Could not add kprobe into middle of instruction: vfs_read+$offset" out && found=1
done
[ ! -r /proc/kcore ] || [ "$found" = 1 ] || { cat out; exit 1; }
