skep -q -c 'work udp 7115 10 33' /tools/stackcount.bt udp_sendmsg >out || exit
cat out
awk '/udp_sendmsg\+/ { on = 1 } on && /^, work\]: / { if ($3 == 33) n++; on = 0 } END { exit n != 1 }' out &&
	grep -qE 'sys_sendto\+[0-9]+$' out
