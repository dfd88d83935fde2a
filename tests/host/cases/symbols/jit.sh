# Code made at run time has the names of /tmp/perf-PID.map, also when the process has ended. With
# lazy_symbolication off they are read while it runs: the file may be gone then.
# timeout: 60
set -e
cat >command <<'SCRIPT'
frames jit &
pid=$!
wait
cp /tmp/perf-$pid.map map
rm /tmp/perf-$pid.map
SCRIPT
for engine in kernel user; do
	skep -q --engine "$engine" -e 'tracepoint:syscalls:sys_enter_getpgid
		/args.pid == 12345/ { @[ustack(perf)] = count(); printf("pid %d\n", pid); }' \
		-c "frames jit" >out
	rm -f "/tmp/perf-$(sed -n 's/^pid //p' out).map"
	grep -qE '^	[0-9a-f]+ made here\+[0-9]+ \(\[unknown\]\)' out || { echo "$engine:"; cat out; exit 1; }
done
skep -q --engine user -e 'config = { lazy_symbolication = false }
	tracepoint:syscalls:sys_enter_getpgid /args.pid == 12345/ { @[ustack] = count(); }' \
	-c "sh command" >out
grep -q 'made here' map
grep -q '^        made here+' out || { cat out; exit 1; }
skep -q --engine user -e 'tracepoint:syscalls:sys_enter_getpgid
	/args.pid == 12345/ { @[ustack] = count(); }' -c "sh command" >out
! grep -q '^        made here+' out
