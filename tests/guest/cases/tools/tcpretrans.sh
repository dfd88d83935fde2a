# timeout: 120
# An end that receives nothing any more: what the other sends is probed for, then sent again.
tool=/tools/tcpretrans.bt
skep -q -c 'work vanish 7106 1000 3 4 7107' $tool >out || exit
cat out
grep -qxF 'Tracing retransmits ... Hit Ctrl-C to end' out &&
	grep -qxF 'TIME     PID     IP LADDR:LPORT          T> RADDR:RPORT          STATE' out &&
	[ "$(grep -cE '^[0-9:]{8} [0-9]+ +4  127\.0\.0\.1:7107       R> 127\.0\.0\.1:7106       ESTABLISHED$' out)" -ge 3 ] &&
	! grep 'L>' out || exit 1

# It is the same segment each time, and what probes see ends behind its 1000 bytes.
skep -q -c 'work vanish 7106 1000 3 4 7107' $tool -ls4 >out || exit
cat out
grep -qE ' T> RADDR:RPORT          STATE        SEQ$' out || exit 1
grep 7107 out | awk '$5 == "R>" { if (n && $NF != seq) bad = 1; n++; seq = $NF }
	$5 == "L>" { probes++; end = $NF }
	END { exit bad || n < 3 || !probes || (end - seq) % 4294967296 != 1000 }' || exit 1

echo 'work vanish 7106 10 2 4 7107; work vanish 7108 10 5 6 7109' >l.sh
skep -q -c 'sh l.sh' $tool -6 >out || exit
cat out
grep -qE ' 6  ::1:7109 +R> ::1:7108 +ESTABLISHED$' out && ! grep 7107 out || exit 1
skep -q -c 'sh l.sh' $tool -c >out || exit
cat out
sed 1d out | head -n 2 >head
printf '\n%-25s %-25s %-10s\n' LADDR:LPORT RADDR:RPORT RETRANSMITS | cmp - head || exit 1
[ "$(sed -n '4,5p' out | grep -cE '^\[(127\.0\.0\.1|::1)\]#710[79] +<-> \[(127\.0\.0\.1|::1)\]#710[68] +[0-9]+$')" -eq 2 ] &&
	tail -n 1 out | grep -qE '^\[::1\]#7109 +<-> \[::1\]#7108 ' || exit 1
skep -q -c 'sh l.sh' $tool -c --json >out || exit
cat out
grep -qE '^\{"laddr_lport": "\[::1\]#7109", "raddr_rport": "\[::1\]#7108", "retransmits": [5-9]\}$' out
