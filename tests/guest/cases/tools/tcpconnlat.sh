# timeout: 120
tool=/tools/tcpconnlat.bt
echo "work tcp 7120 1 2; work refused 7121 1 6" >l.sh
skep -q -c 'sh l.sh' $tool >out || exit
cat out
grep -qxF 'PID     COMM         IP SADDR            DADDR            DPORT LAT(ms)' out || exit 1
[ "$(grep -cE '^[0-9]+ +work +4  127\.0\.0\.1 +127\.0\.0\.1 +7120  [0-9]+\.[0-9]{2}$' out)" -eq 2 ] &&
	grep -qE '^[0-9]+ +work +6  ::1 +::1 +7121  [0-9]+\.[0-9]{2}$' out || exit 1

# Nobody answers behind a device that swallows everything: nc gives up after a second or more.
insmod /lib/modules/dummy.ko numdummies=1 || exit 77
ip link set dummy0 up
ip addr add 192.0.2.1/24 dev dummy0
arp -s 192.0.2.9 02:00:00:00:00:09
echo "nc -w 1 192.0.2.9 7123; work refused 7123 1 4 7124; work refused 7123 1 6" >l.sh
skep -q -c 'sh l.sh' $tool -tL4 >out </dev/null
skep -q -c 'sh l.sh' $tool 900 >slow </dev/null
skep -q -c 'sh l.sh' $tool 900.5 --json >json </dev/null
rmmod dummy
cat out slow json
grep -qxF 'TIME(s)  PID     COMM         IP SADDR            LPORT  DADDR            DPORT LAT(ms)' out &&
	grep -qE '^0\.000    [0-9]+ +nc +4  192\.0\.2\.1 +[0-9]{5}  192\.0\.2\.9 +7123  [0-9]{4,}\.[0-9]{2}$' out &&
	grep -qE ' work +4  127\.0\.0\.1 +7124   127\.0\.0\.1 +7123 ' out &&
	! grep ::1 out || exit 1
grep -q 192.0.2.9 slow && awk 'NR > 1 && $NF < 900' slow | grep . && exit 1
grep -q '"daddr": "192.0.2.9", "dport": 7123, "lat_ms": [0-9.]*}' json || exit 1

on-cue go work refused 7125 2 6 & pid=$!
echo "work refused 7125 1; work refused 7125 1 6; cue go $pid" >l.sh
skep -q -c 'sh l.sh' $tool -6 -p $pid >out || exit
cat out
[ "$(grep -cE "^$pid +work +6 " out)" -eq 2 ] && [ "$(wc -l <out)" -eq 3 ] || exit 1
# The script, and then what it is for.
skep -q -c 'work refused 7126 1' tcpconnlat -v >out || exit
n=$(wc -l </tools/tcpconnlat.bt)
head -n "$n" out | cmp - /tools/tcpconnlat.bt && sed -n "$((n + 1))p" out | grep -q '^PID .*LAT(ms)$' &&
	grep -q ' 7126 ' out
