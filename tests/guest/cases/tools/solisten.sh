# timeout: 120
tool=/tools/solisten.bt
echo "work tcp 7110 1 1; work tcp 7111 1 1 6; work resolve 127.0.0.1 1" >l.sh
skep -q -c 'sh l.sh' $tool >out || exit
cat out
grep -qxE 'PID     COMM         PROTO  BACKLOG  PORT  ADDR {35}' out || exit 1
grep -qE '^[0-9]+ +work         TCPv4  8        7110  127\.0\.0\.1 +$' out &&
	grep -qE '^[0-9]+ +work         TCPv6  8        7111  ::1 +$' out || exit 1

ns=$(readlink /proc/self/ns/net | tr -cd 0-9)
skep -q -c 'work tcp 7110 1 1' $tool --show-netns -n "$ns" >out || exit
cat out
grep -qE "^PID     COMM         NETNS        PROTO " out &&
	grep -qE "^[0-9]+ +work         $ns +TCPv4  8 " out || exit 1
echo "ip link set lo up; work tcp 7112 1 1" >l.sh
skep -q -c 'unshare -n sh l.sh' $tool -n "$ns" >out || exit
skep -q -c 'work tcp 7110 1 1' $tool --netns 1 >>out || exit
cat out
! grep work out || exit 1

on-cue go work tcp 7113 1 1 & pid=$!
echo "work tcp 7114 1 1; cue go $pid" >l.sh
skep -q -c 'sh l.sh' $tool --json -p $pid >out || exit
cat out
[ "$(cat out)" = "{\"pid\": $pid, \"comm\": \"work\", \"proto\": \"TCPv4\", \"backlog\": 8, \"port\": 7113, \"addr\": \"127.0.0.1\"}" ]
