# A mutex held for 40 ms, eight times, while another thread wants it; a barrier that waits, too.
skep -q -c 'work lock 40 8' /tools/futexlat.bt >out || exit
cat out
us=$(sed -n 's/^@waited_us\[work\]: //p' out)
[ "$us" -ge 310000 ] && [ "$us" -lt 5000000 ]
