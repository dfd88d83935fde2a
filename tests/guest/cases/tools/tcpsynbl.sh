# work's sockets have room for eight.
skep -q -c 'work tcp 7108 10 5' /tools/tcpsynbl.bt >out || exit
cat out
grep -qx '@backlog\[8\]:' out && awk -F '[]] +' '/^\[/ { n += $2 + 0 } END { exit n != 5 }' out
