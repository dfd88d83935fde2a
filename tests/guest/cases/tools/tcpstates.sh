skep -q -c 'work tcp 7105 10 1' /tools/tcpstates.bt >out || exit
cat out
# The client's way, in order.
awk '$5 == 7105 { s = s " " $6 ">" $8 } END { print s }' out |
	grep -q 'CLOSE>SYN_SENT.* SYN_SENT>ESTABLISHED.* ESTABLISHED>FIN_WAIT1' || exit 1
grep -qE ' 7105 +0 +CLOSE +-> LISTEN ' out
