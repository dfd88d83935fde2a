# timeout: 90
# Threads of the kernel and of programs, those that wait for the CPU, and one that sleeps, until ^C.
chain burn 60000 &
one=$!
chain burn 60000 &
two=$!
chain burn 60000 &
three=$!
skep offcputime -kf 2 >kernel &
all=$!
skep offcputime -u -f --state 0 2 >user &
all="$all $!"
skep offcputime >text &
text=$!
until grep -q Tracing text; do sleep 0.1; done
work sleep 30 10
kill -INT $text
for p in $all $text; do wait "$p" || exit; done
kill $one $two $three
head -n 1 text | grep -qx 'Tracing off-CPU time (us) of all threads by user + kernel stack... Hit Ctrl-C to end.' || exit 1
awk '/^    do_nanosleep/ { on = 1 } on && /^    -  *work / { on = 2 } on == 2 && /^        [0-9]+$/ { if ($1 >= 300000) n++; on = 0 }
	END { exit n != 1 }' text || { cat text; exit 1; }
grep -q '^    -  *swapper' text && exit 1
grep -qE '^(rcu_|kworker/|ksoftirqd)[^;]*;(ret_from_fork|kthread).*;schedule.*;__schedule [0-9]+$' kernel && ! grep -q '^chain' kernel || { cat kernel; exit 1; }
grep -q '^chain;.*schedule [0-9]*$' user && ! grep -q '^\(rcu_\|kworker\)' user || { cat user; exit 1; }
