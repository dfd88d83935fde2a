# timeout: 120
tool=/tools/tcpconnect.bt
skep -q -c 'work tcp 7102 100 3' $tool >out || exit
cat out
grep -qxF 'Tracing connect ... Hit Ctrl-C to end' out || exit 1
grep -qxF 'PID     COMM         IP SADDR            DADDR            DPORT ' out || exit 1
[ "$(grep -cE '^[0-9]+ +work +4  127\.0\.0\.1 +127\.0\.0\.1 +7102 *$' out)" -eq 3 ] || exit 1

# One process, one user, some ports; the local port is one that is asked for.
sh -c 'wait-until "[ -e go ]"; work refused 7103 1 4 7109; work refused 7104 1 4 7110' &
echo "work refused 7103 1 6; cue go $!" >l.sh
skep -q -c 'sh l.sh' $tool -tUL4 -u root -P 7103,9 >out || exit
cat out
grep -qxF 'TIME(s)  UID   PID     COMM         IP SADDR            LPORT  DADDR            DPORT ' out &&
	grep -qE '^0\.000    0     [0-9]+ +work +4  127\.0\.0\.1        7109   127\.0\.0\.1        7103  $' out &&
	[ "$(grep -c 127.0.0.1 out)" -eq 1 ] || exit 1
rm go
on-cue go work refused 7103 2 6 & pid=$!
echo "work refused 7103 1; work refused 7103 1 6; cue go $pid" >l.sh
skep -q -c 'sh l.sh' $tool -6 -p $pid >out || exit
cat out
[ "$(grep -cE "^$pid +work +6  ::1 +::1 +7103" out)" -eq 2 ] && [ "$(grep -c ::1 out)" -eq 2 ] || exit 1
skep -q -c 'work refused 7103 1' $tool -u 12345 >out || exit
! grep 7103 out || exit 1

# Counts: IPv4 first, the most frequent first. As data, too.
echo "work refused 7103 2; work refused 7104 3; work refused 7105 4 6" >l.sh
skep -q -c 'sh l.sh' $tool -c >out || exit
cat out
sed 1d out >counts
cat >want <<'END'

LADDR                     RADDR                     RPORT                CONNECTS  
127.0.0.1                 127.0.0.1                 7104                 3         
127.0.0.1                 127.0.0.1                 7103                 2         
::1                       ::1                       7105                 4         
END
cmp counts want || exit 1
skep -q -c 'sh l.sh' $tool -c --json >out || exit
cat out
[ "$(wc -l <out)" -eq 3 ] &&
	grep -qxF '{"laddr": "::1", "raddr": "::1", "rport": 7105, "connects": 4}' out || exit 1
skep -q -c 'work refused 7103 1' $tool --csv >out || exit
cat out
[ "$(head -n 1 out)" = PID,COMM,IP,SADDR,DADDR,DPORT ] &&
	grep -qE '^[0-9]+,work,4,127\.0\.0\.1,127\.0\.0\.1,7103$' out

# Names: one just looked up, one some time before; nobody's; this machine's. The server answers in 127/8.
ip -6 addr add fd00::5/128 dev lo 2>/dev/null
echo 'work refused 7103 1; dns one.example.org 127.0.0.9 0 7111; dns two.example 127.0.0.10 150 7112; dns six.example fd00::5 0 7113
	work refused 7103 1 6' >l.sh
skep -q -c 'sh l.sh' $tool -d >out || exit
cat out
grep -q ' DPORT  QUERY$' out && grep -qE ' 127\.0\.0\.9 +7111   one\.example\.org$' out &&
	grep -qE ' 127\.0\.0\.10 +7112   two\.example \([0-9]{3,}\.[0-9]{3}ms\)$' out &&
	grep -qE ' fd00::5 +7113   six\.example$' out && [ "$(grep -c ' localhost$' out)" -eq 2 ] || exit 1
skep -q $tool -c -d 2>&1 | grep -q 'exclude each other'
