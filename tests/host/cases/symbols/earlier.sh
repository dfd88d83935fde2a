# A process that was there before, and ends before its stack is shown, has names: its first stack
# makes skep look at it.
# timeout: 60
set -e
frames hold ready go end &
pid=$!
i=0
while [ ! -e ready ] && [ $i -lt 2000 ]; do sleep 0.01; i=$((i + 1)); done
cat >command <<SCRIPT
echo >go
i=0
# the process may end when skep holds its file
while ! ls -l /proc/\$PPID/fd 2>/dev/null | grep -q 'frames' && [ \$i -lt 2000 ]; do sleep 0.01; i=\$((i + 1)); done
echo >end
while [ -e /proc/$pid/exe ] && [ \$i -lt 4000 ]; do sleep 0.01; i=\$((i + 1)); done
SCRIPT
skep -q -e 'tracepoint:syscalls:sys_enter_getpgid /args.pid == 12345/ { @[ustack(perf)] = count(); }' \
	-c "sh command" >out
wait
grep -qE ' outer\+[0-9]+ \(/.*/frames\)' out && grep -qE ' main\+[0-9]+ \(/.*/frames\)' out ||
	{ cat out; exit 1; }
