# timeout: 60
# Sleeps: twelve times 20 ms are at least 2^24 ns each. Others may sleep meanwhile.
run() { # OPTIONS...
	skep -q -c 'work sleep 20 12' /tools/funclatency.bt "$@" >out || exit
	echo "== $*"
	cat out
}
# How many were at least so long, by the histogram under a heading (or the only one).
at_least() { # LOW [HEADING]
	awk -v low="$1" -v of="$2" '
		/^Function = / { is = substr($0, 12) == of }
		/->/ && (is || of == "") && $1 >= low { n += $5 }
		END { print n + 0 }' out
}
run hrtimer_nanosleep
sed -n 1p out | grep -qx 'Tracing 1 functions for "hrtimer_nanosleep"... Hit Ctrl-C to end.' || exit 1
grep -qx '     nsecs               : count     distribution' out && [ "$(at_least 16777216)" -ge 12 ] || exit 1
grep -qE '^avg = [0-9]{8,} nsecs, total: [0-9]{9,} nsecs, count: [0-9]{2,}$' out || exit 1
[ "$(sed -n '$p' out)" = Detaching... ] || exit 1
run -u -T hrtimer_nanosleep
sed -n 3p out | grep -qE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9] *$' && [ "$(at_least 16384)" -ge 12 ] || exit 1
run -m hrtimer_nanosleep
grep -q '^     msecs ' out && [ "$(at_least 16)" -ge 12 ] || exit 1
# One calls the other. Each has a histogram of its own; timed from the last call, one gets both returns;
# with two levels each its own, with one level the outer one's alone.
run -F -l 2 -r '^(hrtimer|do)_nanosleep$'
sed -n 1p out | grep -q '^Tracing 2 functions' && [ "$(at_least 16777216 do_nanosleep)" -ge 12 ] &&
	[ "$(at_least 16777216 hrtimer_nanosleep)" -ge 12 ] || exit 1
run -F -l 1 -r '^(hrtimer|do)_nanosleep$'
[ "$(at_least 16777216 hrtimer_nanosleep)" -ge 12 ] && ! grep -q 'Function = do_nanosleep' out || exit 1
# A program's functions: of each process, unless one is asked for.
skep -q -c 'work burn 30' /tools/funclatency.bt -v work:do_burn >out || exit
cat out
grep -qE '^Function = work:do_burn \[[0-9]+\]$' out && grep -q '^// funclatency: ' out || exit 1
work sleep 20 12 &
skep -q /tools/funclatency.bt -p $! -i 1 -d 2 'hrtimer_nano*' >mine && skep -q /tools/funclatency.bt -p 1 -d 1 'hrtimer_nano*' >other || exit
wait
cat mine other
[ "$(grep -c '^Tracing' mine)" -eq 1 ] && ! grep -q nsecs other || exit 1
skep -q /tools/funclatency.bt t:sched:sched_switch 2>&1 | grep -q "is no function, which would return"
skep -q /tools/funclatency.bt -u -m x 2>&1 | grep -q 'exclude each other'
