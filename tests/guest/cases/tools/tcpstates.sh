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
grep -q '"rport": 7108, "oldstate": "CLOSE", "newstate": "SYN_SENT", "ms": 0.0*}' out || exit 1

# Without a journal it says so; with one each row is an entry.
skep -q tcpstates -Y 2>err && exit 1
grep -qx 'There is no journal: /run/systemd/journal/socket is missing' err || exit 1
mkdir -p /run/systemd/journal
trap 'rm -r /run/systemd' EXIT
work datagrams /run/systemd/journal/socket 4 >entries & pid=$!
wait-until '[ -S /run/systemd/journal/socket ]'
skep -q -c 'sh l.sh' tcpstates -Y -D 7107,7108 >out || exit
wait $pid || exit
cat out entries
[ "$(wc -l <out)" -eq 5 ] && [ "$(wc -l <entries)" -eq 48 ] && [ "$(grep -cx SYSLOG_IDENTIFIER=tcpstates entries)" -eq 4 ] || exit 1
sed -n '37,48p' entries >last
sed -n 37p entries | grep -qE '^MESSAGE=::1:[0-9]+ -> ::1:7108 SYN_SENT -> CLOSE$' &&
	grep -qx PRIORITY=6 last && grep -qx OBJECT_COMM=work last && grep -qE '^OBJECT_PID=[1-9][0-9]*$' last &&
	grep -qx OBJECT_IPV6_SOURCE_ADDRESS=::1 last && grep -qx OBJECT_IPV6_DESTINATION_ADDRESS=::1 last &&
	grep -qE '^OBJECT_TCP_SOURCE_PORT=[0-9]+$' last && grep -qx OBJECT_TCP_DESTINATION_PORT=7108 last &&
	grep -qx OBJECT_TCP_OLD_STATE=SYN_SENT last && grep -qx OBJECT_TCP_NEW_STATE=CLOSE last &&
	grep -qE '^OBJECT_TCP_SPAN_TIME=[0-9]+\.[0-9]{3}$' last && sed -n 1,12p entries | grep -qx OBJECT_IPV4_SOURCE_ADDRESS=127.0.0.1 || exit 1
# The other end is gone: a warning, not one for each.
skep -q -c 'sh l.sh' tcpstates -Y -D 7107,7108 >out 2>err || exit
[ "$(wc -l <out)" -eq 5 ] && [ "$(grep -cx 'The journal does not take entries' err)" -eq 1 ] || exit 1
# A value of two lines has its length in front.
rm /run/systemd/journal/socket
work datagrams /run/systemd/journal/socket 1 >entries & pid=$!
wait-until '[ -S /run/systemd/journal/socket ]'
skep -q -e 'host begin { printf("%d\n", journal((("MESSAGE", "one\ntwo"), ("X", 5)))); exit(); }' | grep -x 1 || exit
wait $pid
printf 'MESSAGE\n\007\0\0\0\0\0\0\0one\ntwo\nX=5\n' | cmp - entries
