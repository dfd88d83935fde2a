# A system call that fails though nothing is wrong, where the kernel was built for that.
mount -t debugfs none /sys/kernel/debug 2>/dev/null
list=/sys/kernel/debug/error_injection/list
skep -q --unsafe -c 'mkdir new' -e 'kprobe:__x64_sys_mkdir /pid == cpid/ { override(-13); }' >out 2>&1
if grep -q "verifier refused this: .*bpf_override_return" out; then
	[ -s "$list" ] || exit 0
elif ! grep -q 'Permission denied' out || [ -d new ]; then
	cat out
	exit 1
fi
# and a function that may not be made to
[ -s "$list" ] || exit 0
skep --unsafe -e 'kprobe:vfs_read { override(-1); }' 2>&1 |
	grep -q "ERROR: override() cannot change vfs_read: it is not in the kernel's error injection list"
