# timeout: 120
# Two that give the CPU away at every turn: hundreds of short stretches each.
run() { # OPTIONS...
	skep -q -c 'work pingpong 300' /tools/cpudist.bt "$@" >out || exit
	echo "== $*"
	cat out
}
run -P -e
sed -n 1p out | grep -qx 'Tracing on-CPU time... Hit Ctrl-C to end.' || exit 1
[ "$(grep -cE '^pid = [0-9]+ work$' out)" -eq 2 ] || exit 1
awk '/^pid = / { on = / work$/ } on && $2 == "->" { n += $5 } END { exit !(n >= 500 && n < 1400) }' out || exit 1
# The average is that of all, and the count that of the histograms.
awk '$2 == "->" { n += $5 } /^avg = / { gsub(/,/, ""); avg = $3; total = $6; count = $9 }
	END { exit !(n == count && n && avg == int(total / n)) }' out || exit 1
# Off the CPU: what sleeps 100 ms four times.
skep -q -c 'work sleep 100 4' /tools/cpudist.bt -OmL >out || exit
cat out
sed -n 1p out | grep -qx 'Tracing off-CPU time... Hit Ctrl-C to end.' && grep -q '^     msecs' out || exit 1
awk '/^tid = / { on = / work$/ } on && $2 == "->" && $1 >= 64 { n += $5 } END { exit n < 4 }' out || exit 1
run -LI --json
grep -qE '"val_type": "usecs", "tid": "0 swapper/[01]", ' out && grep -qE '"tid": "[0-9]+ work", ' out || exit 1
run -P
grep -q swapper out && exit 1
# One process, in two reports with their times.
work sleep 20 1000 &
skep -q /tools/cpudist.bt -p $! -T 1 2 >out || exit
cat out
kill $!
[ "$(grep -cE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9] *$' out)" -eq 2 ] && [ "$(grep -c '^     usecs' out)" -eq 2 ] || exit 1
awk '$2 == "->" { n += $5 } END { exit !(n > 2 && n < 150) }' out
