# timeout: 120
# Segments to ports where nobody listens, and datagrams, which are none.
tool=/tools/tcpdrop.bt
echo 'work lost 7107 3; work refused 7108 2 4 7109; work refused 7110 1 6' >l.sh
skep -q -c 'sh l.sh' $tool >out || exit
cat out
grep -qxF 'TIME     PID     IP SADDR:SPORT          > DADDR:DPORT          STATE (FLAGS)        REASON (CODE)' out || exit 1
[ "$(grep -cE '^[0-9:]{8} [0-9]+ +4  127\.0\.0\.1:7109       > 127\.0\.0\.1:7108       .* \(SYN\) +NO_SOCKET \([0-9]+\)$' out)" -eq 2 ] &&
	grep -qE '^[0-9:]{8} [0-9]+ +6  ::1:[0-9]+ +> ::1:7110 .* \(SYN\) +NO_SOCKET ' out &&
	! grep 7107 out || exit 1
# Where, without the frames of the program itself.
grep -qE '^	tcp_v4_rcv\+0x[0-9a-f]+$' out && grep -qx '' out && ! grep bpf out || exit 1

# By version, by namespace.
skep -q -c 'sh l.sh' $tool -4 >out && skep -q -c 'sh l.sh' $tool -6 >out6 || exit
grep -q 7108 out && ! grep 7110 out && grep -q 7110 out6 && ! grep 7108 out6 || exit 1
ns=$(readlink /proc/self/ns/net | tr -cd 0-9)
skep -q -c 'sh l.sh' $tool --netns-id "$ns" >out && skep -q -c 'sh l.sh' $tool --netns-id 1 >none || exit
grep -q 7108 out && ! grep 7108 none || exit 1
unshare -n sleep 100 & other=$!
wait-until "[ \"\$(readlink /proc/$other/ns/net)\" != \"$(readlink /proc/self/ns/net)\" ]"
skep -q -c 'sh l.sh' $tool --pid-netns $$ --json >out && skep -q -c 'sh l.sh' $tool --pid-netns $other >none || exit
kill $other
cat out
grep -qE '"saddr_sport": "127.0.0.1:7109", "daddr_dport": "127.0.0.1:7108", "state_flags": ".*\(SYN\)", "reason_code": "NO_SOCKET \([0-9]+\)"}$' out &&
	! grep 7108 none
