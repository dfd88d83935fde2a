# Ctrl-C ends the run in order: end probes, then the maps.
# expect: end
# expect: @: 1
skep -e 'begin { @ = 1; } interval:s:100 { } end { printf("end\n"); }' 2>banner &
pid=$!
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	grep -q Attached banner && break
	sleep 0.2
done
kill -INT $pid
wait $pid
