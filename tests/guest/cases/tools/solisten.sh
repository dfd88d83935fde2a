skep -q -c 'work tcp 7110 1 1' /tools/solisten.bt >out || exit
cat out
grep -qE '^[0-9]+ +work +TCPv4 8 +7110 +127\.0\.0\.1$' out
