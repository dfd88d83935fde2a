# timeout: 120
# Datagrams of 8 + 20 bytes around what is sent, and 14 of the device, over the loopback.
tool=/tools/netqtop.bt
echo 'work udp 7160 10 7; work udp 7160 1000 3; sleep 8' >l.sh
skep -q -c 'sh l.sh' $tool -n lo -i 4.5 >out || exit
cat out
grep -qE '^[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} [0-9]{4}$' out && grep -qx TX out && grep -qx RX out &&
	grep -qxF ' QueueID    avg_size   [0, 64)    [64, 512)  [512, 2K)  [2K, 16K)  [16K, 64K)' out || exit 1
grep -qE '^ 0          349        7          0          3          0          0 +$' out &&
	grep -qE '^ 0          335        7          0          3          0          0 +$' out &&
	[ "$(grep -cE '^ Total +(349|335) +7 +0 +3 ' out)" -eq 2 ] && grep -qxE -- '-{77}' out || exit 1
skep -q -c 'sh l.sh' $tool -n lo -i 4.5 -t >out || exit
cat out
grep -qE '16K, 64K\) BPS        PPS       $' out && grep -qE '^ 0 +349 +7 +0 +3 +0 +0 +[0-9.]+ +2\.22 +$' out &&
	grep -qxE -- '-{95}' out || exit 1
skep -q -c 'sh l.sh' $tool -n lo -i 4.5 --json >out || exit
cat out
grep -qE '^\{"direction": "TX", "queueid": "?0"?, "avg_size": 349' out || exit 1
skep -q $tool 2>err && exit 1
skep -q $tool -n nowhere 2>>err && exit 1
cat err
grep -qx 'netqtop: which device? Say -n IF' err && grep -qx 'netqtop: there is no device nowhere' err
