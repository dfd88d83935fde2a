# skep is asked by a signal; the maps are not printed for it.
# timeout: 40
# expect: special self:signal:SIGUSR1
# expect: again
# expect: @n: 2
skep -e 'self:signal:SIGUSR1 {
	@n++;
	if (@n == 2) { printf("again\n"); exit(); } else { printf("%s %s\n", probetype, probe); }
}' 2>err >out & p=$!
wait-until 'grep Attached err'
kill -USR1 $p
wait-until 'grep special out'
kill -USR1 $p
wait $p
cat out
