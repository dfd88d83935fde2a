# The first Ctrl-C ends the run and prints the maps; USR1 prints them on the way.
# expect: @x: 1
# expect: @x: 1
# expect: status 0
skep -q -e 'begin { @x = 1; } interval:s:60 { }' & p=$!
sleep 0.5; kill -USR1 $p; sleep 0.3; kill -INT $p; wait $p; echo "status $?"
