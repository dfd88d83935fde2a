# The serial line's interrupts: something has to be written there.
echo 'i=0; while [ $i -lt 20 ]; do echo x >/dev/ttyS0; i=$((i + 1)); done; sleep 0.3' >l.sh
before=$(awk '/ttyS0/ { print $2 + $3 }' /proc/interrupts)
skep -q -c 'sh l.sh' /tools/hardirqs.bt >out || exit
after=$(awk '/ttyS0/ { print $2 + $3 }' /proc/interrupts)
cat out
echo "interrupts: from ${before:-0} to $after"
n=$(sed -n 's/^@count\[ttyS0\]: //p' out)
[ "$n" -gt 0 ] && [ "$n" -le $((after - ${before:-0})) ]
