# Datagrams to a port where nobody listens.
skep -q -c 'work lost 7107 3' /tools/tcpdrop.bt >out || exit
cat out
[ "$(grep -cE '^[0-9:]{8} 0x0800 +SKB_DROP_REASON_NO_SOCKET$' out)" -eq 3 ] &&
	[ "$(grep -cE '^ +.*udp.*rcv.*\+[0-9]+$' out)" -ge 3 ]
