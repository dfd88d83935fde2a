# timeout: 120
# Two connections of 64 KiB each way; the client's end and the server's.
tool=/tools/tcplife.bt
skep -q -c 'work tcp 7104 65536 2' $tool >out || exit
cat out
grep -qxF 'PID   COMM       LADDR           LPORT RADDR           RPORT TX_KB RX_KB MS' out || exit 1
[ "$(awk '$2 == "work" && $6 == 7104 && $7 == 64 && $8 == 64 && $9 > 0' out | wc -l)" -eq 2 ] || exit 1
[ "$(awk '$2 == "work" && $4 == 7104 && $7 == 64 && $8 == 64' out | wc -l)" -eq 2 ] || exit 1

# Times, wide, by port and version.
echo "work tcp 7105 4096 1; work tcp 7106 4096 1 6; work tcp 7107 4096 1 6" >l.sh
skep -q -c 'sh l.sh' $tool -Ttw6 -L 7106,9 >out || exit
cat out
grep -qxF 'TIME     TIME(s)   PID   COMM             IP LADDR                                   LPORT RADDR                                   RPORT  TX_KB  RX_KB MS' out &&
	grep -qE '^[0-9:]{8} 0\.000000  [0-9]+ +work +6  ::1 {36} 7106  ::1 {36} [0-9]+      4      4 [0-9]+\.[0-9]{2}$' out &&
	[ "$(wc -l <out)" -eq 2 ] || exit 1
skep -q -c 'sh l.sh' $tool -4s -D 7105,7106 >out || exit
cat out
[ "$(head -n 1 out)" = PID,COMM,IP,LADDR,LPORT,RADDR,RPORT,TX_KB,RX_KB,MS ] &&
	grep -qE '^[0-9]+,work,4,127\.0\.0\.1,[0-9]+,127\.0\.0\.1,7105,4,4,[0-9.]+$' out &&
	[ "$(wc -l <out)" -eq 2 ] || exit 1
skep -q -c 'sh l.sh' $tool --json -D 7107 >out || exit
cat out
grep -qE '"raddr": "::1", "rport": 7107, "tx_kb": 4, "rx_kb": 4, "ms": [0-9.]+}$' out || exit 1

on-cue go work tcp 7108 8192 1 & pid=$!
echo "work tcp 7109 1 1; cue go $pid" >l.sh
skep -q -c 'sh l.sh' $tool -p $pid >out || exit
cat out
grep -qE "^$pid +work .* 7108      8     8 " out && [ "$(wc -l <out)" -eq 2 ]
