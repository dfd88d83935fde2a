# CAP_SETUID is 7.
skep -q -c 'work setuid 65534' /tools/capable.bt >out || exit
cat out
grep -qE '^[0-9:]{8} 0 +[0-9]+ +work +7$' out
