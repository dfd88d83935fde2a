# The first Ctrl-C ends the run and prints the maps; USR1 is for self probes and prints nothing.
# expect: @x: 1
# expect: status 0
skep -q -o out -e 'begin { @x = 1; } interval:ms:10 { printf("tick\n"); }' & p=$!
wait-until 'grep tick out'; kill -USR1 $p; n=$(wc -l <out)
wait-until "[ \$(wc -l <out) -gt $((n + 5)) ]"; kill -INT $p; wait $p; s=$?
grep -c @x out | grep -qx 1 && grep -v tick out
echo "status $s"
