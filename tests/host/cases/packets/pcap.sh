# requires: command -v unshare ip python3
# Packets of a network of our own, read back from the file: header, times, bytes, what is cut off.
cat > send.py <<'END'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
for i in range(3):
    s.sendto(b"hello %d" % i, s.getsockname())
s.sendto(b"x" * 9000, s.getsockname())
END
cat > check.py <<'END'
import struct, time
whole, tail = (open(n, "rb").read() for n in ("whole.pcap", "tail.pcap"))
def packets(data):
    magic, major, minor, zone, acc, snap, link = struct.unpack("<IHHiIII", data[:24])
    assert (magic, major, minor, zone, link) == (0xa1b2c3d4, 2, 4, 0, 101), data[:24]
    at = 24
    while at < len(data):
        sec, usec, there, length = struct.unpack("<IIII", data[at:at + 16])
        assert abs(sec - time.time()) < 600 and usec < 1000000, (sec, usec)
        yield length, data[at + 16:at + 16 + there]
        at += 16 + there
    assert at == len(data)
# those of one CPU are in order
all = sorted(packets(whole), key=lambda p: (p[0], p[1][28:]))
assert [p[28:] for _, p in all[:3]] == [b"hello 0", b"hello 1", b"hello 2"], all
assert all[3] == (9028, all[3][1]) and all[3][1][28:] == b"x" * 9000, len(all[3][1])
cut = sorted(packets(tail))
assert cut[:3] == [(7, b"hello"), (7, b"hello"), (7, b"hello")], cut
assert len(all) == len(cut) == 4
END
unshare -n sh -c 'ip link set lo up && skep -q -c "python3 send.py" -e "
rawtracepoint:netif_receive_skb /args.skb.dev.nd_net.net.ns.inum == \$1/ {
	\$skb = args.skb;
	@n = sum(skboutput(\"whole.pcap\", \$skb, \$skb.len, 0));
	@ = sum(skboutput(\"tail.pcap\", args.skb, 5, 28)); }" $(readlink /proc/self/ns/net | tr -dc 0-9)' >out 2>err || { cat err; exit 1; }
python3 check.py || { cat out err; exit 1; }
grep -qx '@n: 0' out && grep -qx '@: 0' out || { cat out; exit 1; }
