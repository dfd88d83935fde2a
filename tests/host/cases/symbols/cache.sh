# cache_user_symbols: with NONE nothing is remembered of a process that has ended.
# timeout: 60
set -e
script='tracepoint:syscalls:sys_enter_getpgid /args.pid == 12345/ { @[ustack] = count(); }'
for policy in PER_PID PER_PROGRAM; do
	BPFTRACE_CACHE_USER_SYMBOLS=$policy skep -q -e "$script" -c frames >out
	grep -q '^        outer+' out || { echo "$policy:"; cat out; exit 1; }
done
skep -q -e "config = { cache_user_symbols = NONE } $script" -c frames >out
grep -q '^        0x' out && ! grep -q 'outer+' out || { echo NONE:; cat out; exit 1; }
