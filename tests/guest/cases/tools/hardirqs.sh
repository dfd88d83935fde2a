# timeout: 60
# The serial line's interrupts: something has to be written there.
echo 'i=0; while [ $i -lt 20 ]; do echo x >/dev/ttyS0; i=$((i + 1)); done; sleep 0.3' >l.sh
of_ttyS0() {
	awk '/ttyS0/ { print $2 + $3 }' /proc/interrupts
}
run() { # OPTIONS...
	skep -q -c 'sh l.sh' /tools/hardirqs.bt "$@" >out || exit
	echo "== $*"
	cat out
}
before=$(of_ttyS0)
run -CT
after=$(of_ttyS0)
echo "interrupts: from ${before:-0} to $after"
sed -n 1p out | grep -qx 'Tracing hard irq events... Hit Ctrl-C to end.' || exit 1
sed -n 3p out | grep -qE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9] *$' || exit 1
sed -n 4p out | grep -qx 'HARDIRQ                    TOTAL_count' || exit 1
n=$(awk '$1 == "ttyS0" { print $2 }' out)
[ "$n" -gt 0 ] && [ "$n" -le $((after - ${before:-0})) ] || exit 1
run
grep -qx 'HARDIRQ                    TOTAL_usecs' out || exit 1
awk 'NR > 4 && $2 > last { exit 1 } { last = $2 }' out && grep -qE '^ttyS0 +[1-9][0-9]*$' out || exit 1
run -N --csv
sed -n 1p out | grep -qx 'HARDIRQ,TOTAL_nsecs' && grep -qE '^ttyS0,[1-9][0-9]{3,}$' out || exit 1
run -d
grep -qx 'hardirq = ttyS0' out && grep -q '^     usecs' out || exit 1
# No CPU of this number; one of the two; what does not go together.
run -c 99 1 1
[ "$(wc -l <out)" -eq 3 ] || exit 1
run -c 0 -C && cp out zero && run -c 1 -C
awk '$1 == "ttyS0" { n += $2 } END { exit !n }' zero out || exit 1
skep -q /tools/hardirqs.bt -C -d 2>err && exit 1
grep -q 'option -C goes with neither -N nor -d' err
