# Ctrl-C ends the run in order: end probes, then the maps.
# expect: end
# expect: @: 1
skep -e 'begin { @ = 1; } interval:s:100 { } end { printf("end\n"); }' 2>banner &
pid=$!
wait-until 'grep Attached banner'
kill -INT $pid
wait $pid
