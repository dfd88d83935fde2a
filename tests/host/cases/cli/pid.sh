# expect: nap
# expect: status 0
sh -c 'sleep 0.5; sleep 0.4' & p=$!
skep -q -p $p -e 'tracepoint:syscalls:sys_enter_wait4 { @nap = 1; } end { printf("nap\n"); clear(@nap); }'; echo "status $?"
