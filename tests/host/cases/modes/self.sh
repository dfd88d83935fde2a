# skep is asked by a signal; the maps are not printed for it.
# timeout: 40
# expect: special self:signal:SIGUSR1
# expect: again
# expect: @n: 2
skep -e 'self:signal:SIGUSR1 {
	@n++;
	if (@n == 2) { printf("again\n"); exit(); } else { printf("%s %s\n", probetype, probe); }
}' 2>err >out & p=$!
i=0
while ! grep -qs Attached err && [ $i -lt 200 ]; do sleep 0.1; i=$((i + 1)); done
kill -USR1 $p
i=0
while ! grep -qs special out && [ $i -lt 200 ]; do sleep 0.1; i=$((i + 1)); done
kill -USR1 $p
wait $p
cat out
