# timeout: 120
tool=/tools/tcpaccept.bt
skep -q -c 'work tcp 7101 100 4' $tool >out || exit
cat out
grep -qxF 'PID     COMM         IP RADDR            RPORT LADDR            LPORT' out || exit 1
[ "$(grep -cE '^[0-9]+ +work +4  127\.0\.0\.1 +[0-9]{5} 127\.0\.0\.1 +7101 *$' out)" -eq 4 ] || exit 1

# Where from is known. IPv4 and a port only, with times.
echo 'work tcp 7111 1 1 4 7112; work tcp 7113 1 1; work tcp 7111 1 1 6' >l.sh
skep -q -c 'sh l.sh' $tool -Tt4 -P 7111,80 >out || exit
cat out
grep -qxF 'TIME     TIME(s)  PID     COMM         IP RADDR            RPORT LADDR            LPORT' out &&
	grep -qE '^[0-9]{2}:[0-9]{2}:[0-9]{2} 0\.000    [0-9]+ +work +4  127\.0\.0\.1 +7112  127\.0\.0\.1 +7111 ' out &&
	[ "$(wc -l <out)" -eq 2 ] || exit 1

# One process of two, and IPv6.
on-cue go work tcp 7114 1 2 6 & pid=$!
echo "work tcp 7115 1 1; work tcp 7115 1 1 6; cue go $pid" >l.sh
skep -q -c 'sh l.sh' $tool -6 --json >out || exit
cat out
[ "$(grep -c '"ip": 6, "raddr": "::1", "rport": [0-9]*, "laddr": "::1", "lport": 7114}' out)" -eq 2 ] &&
	[ "$(wc -l <out)" -eq 3 ] || exit 1
rm go
on-cue go nc -l -p 7116 & pid=$!
echo "work tcp 7115 1 1; touch go; wait-until 'netstat -ltn | grep -q :7116'; nc 127.0.0.1 7116 </dev/null; cue go $pid" >l.sh
skep -q -c 'sh l.sh' \
	$tool -p $pid >out || exit
cat out
[ "$(wc -l <out)" -eq 2 ] && grep -qE "^$pid +nc .* 7116" out
