skep -q -c 'work sync 2' /tools/syncsnoop.bt >out || exit
skep -q -c 'work write file 100 3 1' /tools/syncsnoop.bt >>out || exit
cat out
[ "$(grep -cE '^[0-9:]{8}\.[0-9]{3} [0-9]+ +work +tracepoint:syscalls:sys_enter_sync$' out)" -eq 2 ] &&
	[ "$(grep -cE '^[0-9:]{8}\.[0-9]{3} [0-9]+ +work +tracepoint:syscalls:sys_enter_fsync$' out)" -eq 3 ]
