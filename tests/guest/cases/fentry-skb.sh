# Packets seen at the entry of a function.
ip link set lo up || exit 77
skep -q -c "$(command -v ping) -c 2 -s 40 127.0.0.1" -e '
fentry:ip_rcv { if (skboutput("p.pcap", args.skb, args.skb.len, 0) == 0) { @n = count(); @b = sum(args.skb.len + 16); } }' \
	>out 2>err || { cat out err; exit 1; }
grep -qx '@n: 4' out && grep -qx '@b: 336' out || { cat out err; exit 1; }
# the header, then 4 packets of 68 bytes behind 16 bytes each
[ "$(wc -c <p.pcap)" = 360 ] || { wc -c p.pcap; exit 1; }
