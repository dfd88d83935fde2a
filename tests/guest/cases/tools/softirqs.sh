skep -q -c 'work udp 7112 10 200' /tools/softirqs.bt >out || exit
cat out
# One or a few datagrams of the loopback at a time.
awk '/^@usecs/ { on = /net_rx/ } on && /^\[/ { sub(/^\[[^]]*[])] +/, ""); n += $1 }
	END { exit !(n >= 50 && n < 700) }' out
