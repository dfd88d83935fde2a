# timeout: 120
tool=/tools/tcpstates.bt
skep -q -c 'work tcp 7105 10 1' $tool >out || exit
cat out
grep -qxF 'SKADDR           C-PID C-COMM     LADDR           LPORT RADDR           RPORT OLDSTATE    -> NEWSTATE    MS' out || exit 1
# The client's way, in order.
awk '$7 == 7105 { s = s " " $8 $9 $10 } END { print s }' out |
	grep -q 'CLOSE->SYN_SENT.* SYN_SENT->ESTABLISHED.* ESTABLISHED->FIN_WAIT1' || exit 1
grep -qE '^[0-9a-f]{16} [0-9]+ +work +127\.0\.0\.1 +7105  0\.0\.0\.0 +0     CLOSE       -> LISTEN      0\.000$' out || exit 1

# What was listened on for half a second, with times.
echo "nc -l -p 7106 & wait-until 'netstat -ltn | grep -q :7106'; sleep 0.5; kill \$!; work refused 7107 1; work refused 7108 1 6" >l.sh
skep -q -c 'sh l.sh' $tool -Tt -L 7106,9 >out || exit
cat out
grep -qE '^TIME     TIME\(s\)   SKADDR ' out &&
	grep -qE '^[0-9:]{8} 0\.000000  [0-9a-f]{16} [0-9]+ +nc .* 7106 .* CLOSE +-> LISTEN +0\.000$' out &&
	awk '/LISTEN +-> CLOSE/ && $NF >= 500' out | grep . && [ "$(wc -l <out)" -eq 3 ] || exit 1
skep -q -c 'sh l.sh' $tool -6s -D 7107,7108 >out || exit
cat out
[ "$(head -n 1 out)" = SKADDR,C-PID,C-COMM,IP,LADDR,LPORT,RADDR,RPORT,OLDSTATE,NEWSTATE,MS ] &&
	[ "$(wc -l <out)" -eq 3 ] &&
	grep -qE ',work,6,::1,[0-9]+,::1,7108,SYN_SENT,CLOSE,[0-9.]+$' out || exit 1
skep -q -c 'sh l.sh' $tool -4w -D 7107,7108 >out || exit
cat out
[ "$(wc -l <out)" -eq 3 ] &&
	grep -qE ' work             4  127\.0\.0\.1 {31}0     127\.0\.0\.1 {31}7107  CLOSE       -> SYN_SENT' out || exit 1
skep -q -c 'sh l.sh' $tool --json -D 7108 >out || exit
cat out
grep -q '"rport": 7108, "oldstate": "CLOSE", "newstate": "SYN_SENT", "ms": 0.0*}' out
