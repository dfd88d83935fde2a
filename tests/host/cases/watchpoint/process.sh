# A process that runs already; it goes on unharmed when the tracer has gone.
# expect: done 20
# expect: status 0
mkfifo go
watched wait <go & p=$!
exec 3>go
skep -q -p $p -e 'watchpoint:0x10000000:8:w {
	$v = *(int64 *)uptr(0x10000000);
	if ($v == 20) { printf("done %d\n", $v); exit(); }
}
interval:100ms { if (!@told) { @told = 1; system("echo > go"); } }
end { clear(@told); }' --unsafe
exec 3>&-
wait $p; echo "status $?"
