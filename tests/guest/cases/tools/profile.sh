# timeout: 90
# A program whose stacks are known, one of them without frame pointers, and everybody with the idle CPUs.
chain burn 60000 &
burns=$!
barechain burn 60000 &
bare=$!
skep profile -p $burns -F 99 -ad 2 >text &
one=$!
skep profile -p $bare -fU --dwarf -F 99 2 >dwarf &
two=$!
wait $one || exit
wait $two || exit
kill $burns $bare
head -n 1 text | grep -qx "Sampling at 99 Hertz of PID \[$burns\] by user + kernel stack for 2 secs." || { cat text; exit 1; }
awk '/^    inner\+0x[0-9a-f]+ \[chain\]$/ { on = 1 } on && /^    outer/ { on = 2 } on == 2 && /^    -  *chain \(/ { n++ } /^$/ { on = 0 }
	END { exit !n }' text || { cat text; exit 1; }
grep -q ';main;run;outer;middle;inner [0-9]*$' dwarf || { cat dwarf; exit 1; }
skep profile -IfKa 1 >idle || exit
cat idle
grep -qE '^swapper/[01];.*_\[k\] [0-9]+$' idle
