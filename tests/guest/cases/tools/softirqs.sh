# timeout: 60
# One or a few datagrams of the loopback at a time.
run() { # OPTIONS...
	skep -q -c 'work udp 7112 10 200' /tools/softirqs.bt "$@" >out || exit
	echo "== $*"
	cat out
}
run -d
sed -n 1p out | grep -qx 'Tracing soft irq event time... Hit Ctrl-C to end.' || exit 1
awk '/^softirq = / { on = /net_rx/ } on && $2 == "->" { n += $5 } END { exit !(n >= 50 && n < 700) }' out || exit 1
grep -q '^     usecs' out || exit 1
run -CT
sed -n 3p out | grep -qE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9] *$' || exit 1
sed -n 4p out | grep -qx 'SOFTIRQ          TOTAL_count' || exit 1
awk '$1 == "net_rx" && $2 >= 50 && $2 < 700 { n++ } END { exit n != 1 }' out || exit 1
awk 'NR > 5 && $2 > last { exit 1 } { last = $2 }' out || exit 1
run
grep -qx 'SOFTIRQ          TOTAL_usecs' out && grep -qE '^net_rx +[1-9][0-9]*$' out || exit 1
run -N --json
grep -qE '^\{"softirq": "net_rx", "total_nsecs": [1-9][0-9]{4,}\}$' out || exit 1
# No CPU of this number; what does not go together.
run -c 99 1 1
[ "$(wc -l <out)" -eq 3 ] || exit 1
skep -q /tools/softirqs.bt -Cd 2>err && exit 1
grep -q 'option -C goes with neither -N nor -d' err
