# A datagram of 1000 bytes with its headers, over the loopback.
skep -q -c 'work udp 7111 1000 6' /tools/netsize.bt >out || exit
cat out
grep -qx '@send_bytes\[lo\]:' out && grep -qx '@recv_bytes\[lo\]:' out || exit 1
[ "$(grep -cE '^\[1K, 2K\) +6 \|' out)" -eq 2 ]
