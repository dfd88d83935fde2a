# The first Ctrl-C ends the run and prints the maps; USR1 is for self probes and prints nothing.
# expect: @x: 1
# expect: status 0
skep -q -e 'begin { @x = 1; } interval:s:60 { }' >out & p=$!
sleep 0.5; kill -USR1 $p; sleep 0.3; kill -INT $p; wait $p; s=$?
grep -c @x out | grep -qx 1 && cat out
echo "status $s"
